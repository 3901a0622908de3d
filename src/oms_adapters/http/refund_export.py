"""Refund documents as a table for people (导出退款单): CSV in UTF-8 with a BOM, row after row, whatever their number.

It holds what the list shows: no personal data. Cells that a spreadsheet would reckon with are made harmless.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import datetime
from io import StringIO
from typing import Any, Final

from oms_app.actor import Actor
from oms_app.queries.aftersales import AftersalesFilter, AftersalesQueries, OrderFacts
from oms_app.queries.rows import Position
from oms_domain.apportionment.units import count
from oms_domain.kernel.money import Money
from oms_domain.kernel.time import CHINA
from oms_domain.refunds.refund_order import RefundOrder

PAGE: Final = 200
BOM: Final = "\ufeff"
FORMULA: Final = frozenset("=+-@\t\r\n＝＋－＠")
COLUMNS: Final = (
    "number",
    "shop",
    "order_number",
    "platform_order_no",
    "platform_refund_no",
    "source",
    "after_shipment",
    "state",
    "platform_state",
    "document_state",
    "currency",
    "amount",
    "asked",
    "moved",
    "compensations",
    "goods",
    "tags",
    "internal_reason",
    "paid_by",
    "paid_because",
    "differences",
    "asked_at",
    "finished_at",
)


def refund_csv(
    queries: AftersalesQueries, actor: Actor, wanted: AftersalesFilter, *, most: int | None = None
) -> Iterator[bytes]:
    """Yield the file: its head, then a piece for each page of the list, newest first. ``most``: rows; None: all."""
    yield _lines([COLUMNS], bom=True)
    for page in _pages(queries, actor, wanted, most):
        orders = queries.order_facts(actor, {refund.order_id for refund in page})
        yield _lines(_row(refund, orders.get(refund.order_id, OrderFacts())) for refund in page)


def _pages(
    queries: AftersalesQueries, actor: Actor, wanted: AftersalesFilter, most: int | None
) -> Iterator[tuple[RefundOrder, ...]]:
    after, left = None, most
    while left is None or left > 0:
        page = queries.refunds(actor, wanted, after=after, limit=PAGE if left is None else min(left, PAGE))
        if not page:
            return
        yield page
        left = None if left is None else left - len(page)
        after = Position(page[-1].created_at, page[-1].id)


def _row(refund: RefundOrder, order: OrderFacts) -> Iterator[str]:
    given = sum((each.amount for each in refund.compensations), Money(0, refund.amount.currency))
    found: dict[str, Any] = {
        "shop": order.shop,
        "order_number": order.number,
        "currency": refund.amount.currency,
        "compensations": given,
        "goods": "; ".join(_goods(refund, order)),
        "tags": "; ".join(refund.tags),
        "differences": "; ".join(f"{each.what}: {each.theirs} / {each.ours}" for each in refund.differences),
    }
    return (cell(found[name] if name in found else getattr(refund, name)) for name in COLUMNS)


def _goods(refund: RefundOrder, order: OrderFacts) -> Iterator[str]:
    taken: dict[Any, int] = {}
    for each in refund.taken:
        taken[each.line_id] = taken.get(each.line_id, 0) + each.fen
    for want in refund.wants:
        amount = Money(taken.get(want.line_id, 0), refund.amount.currency)
        yield f"{order.skus.get(want.line_id, want.line_id)} ×{count(want.units)} {amount}"


def cell(value: Any) -> str:
    """Return what stands in a cell: an amount with two digits, a time in China's, a text that is no formula.

    >>> cell(Money(188_00)), cell("=1+1"), cell(None), cell(True)
    ('188.00', "'=1+1", '', 'true')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Money):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(CHINA).isoformat(sep=" ", timespec="seconds")
    text = str(value)
    return f"'{text}" if text[:1] in FORMULA and text else text


def _lines(rows: Iterable[Iterable[str]], *, bom: bool = False) -> bytes:
    out = StringIO()
    csv.writer(out).writerows(rows)
    return ((BOM if bom else "") + out.getvalue()).encode()
