"""How the amounts of an order came about, from what is stored with it."""

from __future__ import annotations

from attrs import evolve

from oms_domain.apportionment.explain.table import Explanation, explain_part, explain_parts
from oms_domain.apportionment.waterfall import CannotApportion
from oms_domain.orders.sales_order import SalesOrder


def explain_order(order: SalesOrder) -> Explanation:
    """Return the order's lines × steps. A line that was closed keeps its amounts: they went back, by a refund.

    What a platform named as a discount and did not take off is shown as not used.
    """
    found = explain_parts(
        order.steps,
        [line.part for line in order.lines],
        titles={line.part.key: line.title for line in order.lines},
        currency=order.payable.currency,
    )
    kept = (("services", order.services.fen), ("cod_fee", order.cod_fee.fen))
    return evolve(found, kept=tuple((name, fen) for name, fen in kept if fen), unused=_unused(order))


def explain_line(order: SalesOrder, line_no: str) -> Explanation:
    """Return the single units of one line, which is named by its platform number or by its id.

    Raises:
        CannotApportion: there is no such line.
    """
    lines = [line for line in order.lines if line_no in (line.platform_line_no, line.part.key, str(line.id))]
    if not lines:
        raise CannotApportion(field="line", why=f"there is no line {line_no}"[:200])
    return explain_part(order.steps, lines[0].part, currency=order.payable.currency)


def _unused(order: SalesOrder) -> tuple[tuple[str, int], ...]:
    found = []
    for at, step in enumerate(order.steps):
        used = sum(line.part.taken[at] + line.part.freight_taken[at] for line in order.lines)
        if used < step.amount_fen:
            found.append((step.id, step.amount_fen - used))
    return tuple(found)
