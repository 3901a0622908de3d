"""Orders keep what each discount, tender and the freight placed on their lines.

Revision: 0002. Orders that are there get their line's two sums as discounts without a name, and their freight shared
by what the lines cost.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op

from oms_adapters.db.migrating import add_column
from oms_adapters.db.types import Json

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

CHUNK = 500


def upgrade() -> None:
    add_column("sales_order", "steps", Json, filled_with="[]")
    add_column("sales_order_line", "part", Json, filled_with="{}")
    bind = op.get_bind()
    for orders in iter(lambda: _without_parts(bind), []):
        for order_id, lines in orders:
            _place(bind, order_id, lines)


def _without_parts(bind: sa.Connection) -> list[tuple[Any, list[Any]]]:
    """Return some orders whose lines have no parts yet. What was done is done, if this breaks half way."""
    found = bind.execute(
        sa.text(
            "SELECT o.id AS order_id, o.platform_order_no AS order_no, o.freight, l.id, l.platform_line_no AS line_no, "
            "l.quantity, l.unit_price, l.adjustment, l.line_discount, l.order_discount, l.payable "
            "FROM sales_order o JOIN sales_order_line l ON l.order_id = o.id "
            "WHERE o.id IN (SELECT id FROM (SELECT DISTINCT order_id AS id FROM sales_order_line "
            f"WHERE part = '{{}}' LIMIT {CHUNK}) few) ORDER BY o.id, l.position"
        )
    ).all()
    return [(order_id, list(lines)) for order_id, lines in groupby(found, key=lambda row: row.order_id)]


def _place(bind: sa.Connection, order_id: Any, lines: Sequence[Any]) -> None:
    discounted = [name for name in ("line_discount", "order_discount") if any(getattr(row, name) for row in lines)]
    kinds = {"line_discount": "line", "order_discount": "other"}
    steps = [
        {
            "id": f"{lines[0].order_no}/{number}",
            "sort": "discount",
            "kind": kinds[name],
            "amount_fen": sum(getattr(row, name) for row in lines),
            "name": "",
            "funder": "unknown",
        }
        for number, name in enumerate(discounted, 1)
    ]
    for row, freight in zip(lines, _freight(lines), strict=True):
        goods = [row.unit_price * row.quantity + row.adjustment]
        for name in discounted:
            goods.append(goods[-1] - getattr(row, name))
        part = {"key": row.line_no, "runs": [[0, row.quantity]], "goods": goods, "freight": [freight] * len(goods)}
        bind.execute(
            sa.text("UPDATE sales_order_line SET part = :part WHERE id = :id"), {"part": _json(part), "id": row.id}
        )
    bind.execute(
        sa.text("UPDATE sales_order SET steps = :steps WHERE id = :id"), {"steps": _json(steps), "id": order_id}
    )


def _freight(lines: Sequence[Any]) -> Iterator[int]:
    """Share the freight by what the lines cost, the differences of the rounded running sums."""
    columns = [[row.payable for row in lines], [row.quantity for row in lines]]
    weights = next(column for column in columns if any(column))
    total, running, reached = lines[0].freight, 0, 0
    for weight in weights:
        running += weight
        so_far = (2 * total * running + sum(weights)) // (2 * sum(weights))
        yield so_far - reached
        reached = so_far


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
