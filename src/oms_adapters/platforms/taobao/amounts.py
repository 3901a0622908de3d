"""The platform's amount identities, to the fen. They are named T1 to T8 in every mismatch.

Sources: TOP documentation of taobao.trade.fullinfo.get for T1, T3, T4, T5 and T8; T2, T6 and T7 after ShopeX OMS and
recorded trades.

- T1  line: total_fee = price × num + adjust_fee − discount_fee
- T2  line: divide_order_fee = total_fee − part_mjz_discount; never contains freight
- T3  line of several: payment = total_fee
- T4  the only line: payment = trade.payment
- T5  trade: total_fee = Σ price × num
- T6  trade: discount_fee = Σ part_mjz_discount
- T7  trade: payment = Σ divide_order_fee + post_fee + buyer_cod_fee + services
- T8  trade of several lines: adjust_fee = 0
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from attrs import field, frozen

from oms_adapters.platforms.taobao.payload import ZERO
from oms_adapters.platforms.taobao.states import CLOSED_STATES
from oms_domain.channels.standard import AmountMismatch, LineRefund, PlatformState
from oms_domain.kernel.money import Money, total
from oms_domain.kernel.quantity import Quantity


@frozen(kw_only=True)
class LineAmounts:
    """What a sub-order states. None is a field that the payload lacks (``divide_order_fee`` before payment)."""

    line_no: str
    price: Money
    num: Quantity
    total_fee: Money
    discount_fee: Money
    adjust_fee: Money  # signed
    part_mjz_discount: Money
    shopping_gold_bonus: Money = ZERO
    divide_order_fee: Money | None
    payment: Money | None
    state: PlatformState
    refund: LineRefund

    @property
    def payable(self) -> Money:
        """What the line carries of the order. Never negative: where it would be, T2 tells."""
        if self.divide_order_fee is not None:
            return self.divide_order_fee
        return max(self.total_fee - self.part_mjz_discount, ZERO)

    @property
    def order_discount(self) -> Money:
        """The line's share of the order's discounts.

        The bonus of a shopping-gold card (购物金权益金) lowers ``divide_order_fee`` of some trades, and is then in no
        discount field; it counts only where it closes the gap exactly.
        """
        with_bonus = self.part_mjz_discount + self.shopping_gold_bonus
        return with_bonus if self.total_fee - with_bonus == self.payable else self.part_mjz_discount

    @property
    def is_settled(self) -> bool:
        """After a refund ``payment`` is 0 while the other amounts keep what was paid: nothing to check it against."""
        return self.refund is LineRefund.SUCCEEDED or self.state in CLOSED_STATES


@frozen(kw_only=True)
class TradeAmounts:
    """What a trade states."""

    payment: Money
    total_fee: Money
    discount_fee: Money
    adjust_fee: Money
    post_fee: Money
    buyer_cod_fee: Money
    services: Money
    state: PlatformState
    lines: tuple[LineAmounts, ...] = field()

    @property
    def counted(self) -> tuple[LineAmounts, ...]:
        """Without the sub-orders that were closed before payment, where the trade itself was paid."""
        if self.state is PlatformState.CLOSED_UNPAID:
            return self.lines
        return tuple(line for line in self.lines if line.state is not PlatformState.CLOSED_UNPAID)


def mismatches(trade: TradeAmounts) -> tuple[AmountMismatch, ...]:
    """Return every identity that does not hold, the lines' first."""
    found = [(rule, line.line_no, *sums) for line in trade.lines for rule, sums in _of_line(trade, line)]
    found += [(rule, "", *sums) for rule, sums in _of_trade(trade)]
    return tuple(
        AmountMismatch(rule=rule, line_no=line_no, stated=stated, computed=computed)
        for rule, line_no, stated, computed in found
        if stated != computed
    )


Sums = tuple[Money, Money]  # stated, computed


def _of_line(trade: TradeAmounts, line: LineAmounts) -> Iterator[tuple[str, Sums]]:
    yield "T1", (line.total_fee, line.price * line.num + line.adjust_fee - line.discount_fee)
    yield "T2", (line.payable, line.total_fee - line.order_discount)
    if line.payment is None or line.is_settled:
        return
    if len(trade.lines) > 1:
        yield "T3", (line.payment, line.total_fee)
    elif trade.services == ZERO:  # no source says whether the only line's payment contains services
        yield "T4", (line.payment, trade.payment)


def _of_trade(trade: TradeAmounts) -> Iterator[tuple[str, Sums]]:
    for rule, sums in TRADE_RULES:
        yield rule, sums(trade)


def _goods(trade: TradeAmounts) -> Sums:
    return trade.total_fee, total(line.price * line.num for line in trade.counted)


def _order_discounts(trade: TradeAmounts) -> Sums:
    return trade.discount_fee, total(line.part_mjz_discount for line in trade.counted)


def _payment(trade: TradeAmounts) -> Sums:
    lines = total(line.payable for line in trade.counted)
    return trade.payment, lines + trade.post_fee + trade.buyer_cod_fee + trade.services


def _adjustment(trade: TradeAmounts) -> Sums:
    # The trade's adjustment repeats the only line's, and is 0 for several: only the lines' counts.
    return trade.adjust_fee, ZERO if len(trade.lines) > 1 else trade.adjust_fee


TRADE_RULES: Final[tuple[tuple[str, Callable[[TradeAmounts], Sums]], ...]] = (
    ("T5", _goods),
    ("T6", _order_discounts),
    ("T7", _payment),
    ("T8", _adjustment),
)
