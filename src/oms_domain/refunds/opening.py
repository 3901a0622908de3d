"""The ledger of an order, from what was placed on its lines."""

from __future__ import annotations

from collections.abc import Iterable

from oms_domain.apportionment.waterfall import Apportionment, FreightCharge, Reduction, Tender
from oms_domain.kernel.identity import LineId, OrderId
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.refunds.ledger import LedgerLine, LedgerStep, RefundLedger


def ledger_of_order(order: SalesOrder) -> RefundLedger:
    """Return the ledger of an order, from what each discount, tender and the freight placed on its lines.

    Units are numbered within the line, from 0: also those of a part that was split from a longer one, whose units the
    platform numbers otherwise. Services and the fee of cash on delivery are paid for work that was done: they are not
    in the ledger.
    """
    lines = tuple(
        LedgerLine(line_id=line.id, units=line.part.units, goods=line.part.goods, freight=line.part.freight)
        for line in order.lines
    )
    placed_fen = sum(line.goods[-1] + line.freight[-1] for line in lines)
    return RefundLedger(
        order_id=order.id,
        currency=order.payable.currency,
        steps=_steps(order.steps),
        lines=lines,
        collected_fen=min(placed_fen, order.paid.fen),
    )


def ledger_of(order_id: OrderId, result: Apportionment, line_ids: dict[str, LineId]) -> RefundLedger:
    """Return the ledger of an order that was apportioned here, paid in full.

    Args:
        line_ids: our id of each line, by its key.
    """
    steps = [placed.step for placed in result.steps if not isinstance(placed.step, FreightCharge)]
    lines = tuple(
        LedgerLine(line_id=line_ids[part.key], units=part.units, goods=part.goods, freight=part.freight)
        for part in result.parts()
    )
    return RefundLedger(
        order_id=order_id,
        currency=result.order.currency,
        steps=_steps(steps),
        lines=lines,
        collected_fen=sum(line.goods[-1] + line.freight[-1] for line in lines),
    )


def _steps(steps: Iterable[Reduction]) -> tuple[LedgerStep, ...]:
    return tuple(
        LedgerStep(
            id=step.id, name=step.name or str(step.kind), funder=str(step.funder), is_tender=isinstance(step, Tender)
        )
        for step in steps
    )
