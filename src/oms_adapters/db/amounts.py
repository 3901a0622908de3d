"""Placed amounts of an order and its lines ↔ what JSON holds. By hand: each order that is stored or read has them."""

from __future__ import annotations

from typing import Any, Final

from oms_domain.apportionment.units import LinePart
from oms_domain.apportionment.waterfall import Discount, Reduction, Tender
from oms_domain.channels.standard import DiscountKind, Funder, TenderKind

DISCOUNT: Final = "discount"
TENDER: Final = "tender"


def step_row(step: Reduction) -> dict[str, Any]:
    return {
        "id": step.id,
        "sort": DISCOUNT if isinstance(step, Discount) else TENDER,
        "kind": step.kind.value,
        "amount_fen": step.amount_fen,
        "name": step.name,
        "funder": step.funder.value,
    }


def step_of(row: dict[str, Any]) -> Reduction:
    facts = {name: row[name] for name in ("id", "amount_fen", "name")} | {"funder": Funder(row["funder"])}
    if row["sort"] == DISCOUNT:
        return Discount(kind=DiscountKind(row["kind"]), **facts)
    return Tender(kind=TenderKind(row["kind"]), **facts)


def part_row(part: LinePart) -> dict[str, Any]:
    return {"key": part.key, "runs": part.runs, "goods": part.goods, "freight": part.freight}


def part_of(row: dict[str, Any]) -> LinePart:
    return LinePart(
        key=row["key"],
        runs=tuple((first, stop) for first, stop in row["runs"]),
        goods=tuple(row["goods"]),
        freight=tuple(row["freight"]),
    )
