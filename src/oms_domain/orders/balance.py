"""The second payment of a presale (尾款): what is due, and that it must be in before the order leaves."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from attrs import evolve, frozen

from oms_domain.apportionment.allocate import shares
from oms_domain.apportionment.order import Discount
from oms_domain.apportionment.rules import LARGEST_REMAINDER
from oms_domain.channels.standard import DiscountKind, OrderKind
from oms_domain.kernel.change import Change
from oms_domain.kernel.errors import MoveNotAllowed, Refused
from oms_domain.kernel.money import Money, total
from oms_domain.orders import events as e
from oms_domain.orders.asks import STATES_OF, Ask, allowed_in

if TYPE_CHECKING:
    from oms_domain.orders.lines import OrderLine
    from oms_domain.orders.sales_order import SalesOrder


@frozen(kw_only=True)
class BalanceDue(Refused):
    """The balance of a presale is still to be paid: it does not leave before."""

    code: ClassVar[str] = "orders.balance_due"
    due: Money


@frozen(kw_only=True)
class NoBalanceDue(Refused):
    """It is no presale whose balance is still to be paid."""

    code: ClassVar[str] = "orders.no_balance_due"


@frozen(kw_only=True)
class BalanceDiffers(Refused):
    """The balance is paid at once: what was paid is not what is due."""

    code: ClassVar[str] = "orders.balance_differs"
    due: Money
    paid: Money


@frozen(kw_only=True)
class CouponUsedOnDeposit(Refused):
    """A coupon was used on the deposit: none can be used on the balance."""

    code: ClassVar[str] = "orders.coupon_used_on_deposit"


@frozen(kw_only=True)
class CouponAboveBalance(Refused):
    """The coupon is worth more than what is due."""

    code: ClassVar[str] = "orders.coupon_above_balance"
    due: Money
    coupon: Money


def balance_due(order: SalesOrder) -> Money:
    """Return what is still to be paid of a presale; of any other order nothing."""
    nothing = Money(0, order.payable.currency)
    if order.kind is not OrderKind.PRESALE or order.cash_on_delivery:
        return nothing
    given_up = total((line.given_up for line in order.lines), order.payable.currency)
    return max(order.payable - given_up - order.paid, nothing)


def pay_balance(order: SalesOrder, paid: Money, *, coupon: Money | None = None, at: datetime) -> Change[SalesOrder]:
    """Book the balance; a coupon that is used on it is placed on the lines, by what each still costs.

    Raises:
        NoBalanceDue, BalanceDiffers, CouponUsedOnDeposit, CouponAboveBalance: why it cannot be.
        MoveNotAllowed: the deposit is not paid, or the order has left or ended.
    """
    if order.state not in STATES_OF[Ask.PAY_BALANCE]:
        raise MoveNotAllowed(state=order.state, move=Ask.PAY_BALANCE, allowed=allowed_in(order.state))
    due = balance_due(order)
    if not due.fen:
        raise NoBalanceDue
    used = coupon or Money(0, due.currency)
    if used.fen:
        if any(step.kind is DiscountKind.COUPON for step in order.steps):
            raise CouponUsedOnDeposit
        if used > due:
            raise CouponAboveBalance(due=due, coupon=used)
    if paid + used != due:
        raise BalanceDiffers(due=due - used, paid=paid)
    cheaper = _less_coupon(order, used) if used.fen else order
    settled = evolve(cheaper, paid=order.paid + paid, updated_at=at)
    event = e.OrderBalancePaid(order_id=order.id, state=order.state, paid=paid, coupon=used, at=at)
    return Change(settled, (event,))


def _less_coupon(order: SalesOrder, coupon: Money) -> SalesOrder:
    left = [0 if line.is_closed else line.part.goods[-1] for line in order.lines]
    off = shares(coupon.fen, left, LARGEST_REMAINDER, caps=left)
    step = Discount(id=f"{order.number}/balance", kind=DiscountKind.COUPON, amount_fen=coupon.fen)
    return evolve(
        order,
        lines=tuple(_less(line, fen) for line, fen in zip(order.lines, off, strict=True)),
        steps=(*order.steps, step),
        payable=order.payable - coupon,
    )


def _less(line: OrderLine, fen: int) -> OrderLine:
    part, off = line.part, Money(fen, line.payable.currency)
    return evolve(
        line,
        order_discount=line.order_discount + off,
        payable=line.payable - off,
        part=evolve(part, goods=(*part.goods, part.goods[-1] - fen), freight=(*part.freight, part.freight[-1])),
    )
