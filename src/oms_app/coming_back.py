"""What comes back of an order that the buyer did not take, and what a carrier has lost, within a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from attrs import frozen

from oms_app.inventory import known_warehouse
from oms_app.ports.transaction import Transaction
from oms_app.transactions import record
from oms_domain.aftersales.returns import ReturnState
from oms_domain.inventory.documents import DocumentKind, Units
from oms_domain.inventory.movements import no_stock
from oms_domain.inventory.postings import Posting
from oms_domain.inventory.stock import Quality
from oms_domain.kernel.change import Change
from oms_domain.kernel.identity import LineId, OrderId, SkuCode, StockDocumentId, WarehouseCode
from oms_domain.kernel.money import Money
from oms_domain.kernel.text import storable
from oms_domain.orders.asks import Ask
from oms_domain.orders.coming_back import Arrived, Inspected, arrived, left_us, worth
from oms_domain.orders.delivering import lose, receive_return
from oms_domain.orders.moves import check
from oms_domain.orders.sales_order import SalesOrder

CLAIM: Final = "carriers.claim"
"""Units that a carrier had and neither brought nor brought back: a discrepancy for a person, who claims them there."""
LONGEST_WORD: Final = 100


@frozen(kw_only=True)
class ComingBack:
    """What a receipt or a loss would book.

    ``elsewhere``: units that return orders book. ``claimed``: what the carrier owes, with what was to be paid for it.
    """

    order_id: OrderId
    number: str
    warehouse: WarehouseCode | None
    good: tuple[tuple[LineId, SkuCode, int], ...]
    defective: tuple[tuple[LineId, SkuCode, int], ...]
    claimed: tuple[tuple[LineId, SkuCode, int], ...]
    elsewhere: tuple[tuple[LineId, int], ...]
    claimed_value: Money
    refund_due: Money


def planned_return(
    tx: Transaction, order: SalesOrder, inspected: Sequence[Inspected] | None, warehouse: WarehouseCode | None
) -> ComingBack:
    """Return what a receipt would book. Raises ``MoveNotAllowed``, ``MoreCameThanLeft``, ``UnknownWarehouse``."""
    check(order, Ask.RECEIVE_RETURN)
    elsewhere = booked_by_returns(tx, order)
    came = arrived(order, inspected, elsewhere=elsewhere)
    return _plan(order, came, _place(tx, order, warehouse), elsewhere)


def planned_loss(order: SalesOrder) -> ComingBack:
    """Return what a loss would claim. Raises ``MoveNotAllowed``."""
    check(order, Ask.LOSE)
    return _plan(order, Arrived(missing=left_us(order)), None, {})


def receive(
    tx: Transaction,
    order: SalesOrder,
    plan: ComingBack,
    *,
    document_id: StockDocumentId,
    number: str,
    at: datetime,
) -> Change[SalesOrder]:
    """Book what has come back, with its stock; what has not is claimed from the carrier.

    What left without us never was in our stock: without a warehouse nothing is booked.
    """
    came = Arrived(good=plan.good, defective=plan.defective, missing=plan.claimed)
    lines = _to_stock(came) if plan.warehouse else ()
    if plan.warehouse and lines:
        posting = Posting(
            id=document_id,
            number=number,
            kind=DocumentKind.RETURN_RECEIPT,
            warehouse=plan.warehouse,
            lines=lines,
            reason=order.number,
            reference=str(order.id),
            created_at=at,
            updated_at=at,
        )
        entries = tuple(posting.entry(line, no_stock(line.sku, plan.warehouse)) for line in lines)
        record(tx, tx.stock_documents, posting.booked(entries, at=at))
        tx.stock.move(entries, document=posting.id)
    _claim(tx, order, plan, at)
    return receive_return(order, came=came, warehouse=plan.warehouse, document_id=document_id if lines else None, at=at)


def lost(tx: Transaction, order: SalesOrder, *, reason: str, at: datetime) -> Change[SalesOrder]:
    """Follow a loss: no stock moves, and what the carrier owes stands on the work list."""
    change = lose(order, reason=reason, at=at)
    _claim(tx, order, _plan(order, Arrived(missing=left_us(order)), None, {}), at)
    return change


def booked_by_returns(tx: Transaction, order: SalesOrder) -> dict[LineId, int]:
    """Return units by line that return orders of the order's claims have booked, or wait for."""
    units = dict[LineId, int]()
    for case in tx.cases.of_order(order.id):
        goods = tx.returns.get(case.return_id) if case.return_id else None
        for line in goods.lines if goods else ():
            called_off = goods is not None and goods.state is ReturnState.CALLED_OFF
            theirs = line.right if called_off else max(line.right, line.expected)
            units[line.line_id] = units.get(line.line_id, 0) + theirs
    return units


def _place(tx: Transaction, order: SalesOrder, warehouse: WarehouseCode | None) -> WarehouseCode | None:
    if warehouse is not None:
        known_warehouse(tx, warehouse)
    return warehouse or order.warehouse


def _plan(
    order: SalesOrder, came: Arrived, warehouse: WarehouseCode | None, elsewhere: dict[LineId, int]
) -> ComingBack:
    return ComingBack(
        order_id=order.id,
        number=order.number,
        warehouse=warehouse,
        good=came.good,
        defective=came.defective,
        claimed=came.missing,
        elsewhere=tuple(elsewhere.items()),
        claimed_value=worth(order, came.missing),
        refund_due=order.refundable,
    )


def _claim(tx: Transaction, order: SalesOrder, plan: ComingBack, at: datetime) -> None:
    if not plan.claimed:
        return
    words = ", ".join(f"{units} × {sku}" for _, sku, units in plan.claimed)
    theirs = storable(f"{plan.claimed_value}: {words}", longest=LONGEST_WORD)
    told = order.differs(theirs=theirs, what=CLAIM, at=at)
    tx.publish((told,))
    tx.report_difference(told, order.shop_id)


def _to_stock(came: Arrived) -> tuple[Units, ...]:
    """Return what goes on shelves, each SKU and quality once."""
    sums: dict[tuple[SkuCode, Quality], int] = {}
    for quality, rows in ((Quality.GOOD, came.good), (Quality.DEFECTIVE, came.defective)):
        for _, sku, units in rows:
            sums[(sku, quality)] = sums.get((sku, quality), 0) + units
    return tuple(Units(sku=sku, quality=quality, units=units) for (sku, quality), units in sums.items())
