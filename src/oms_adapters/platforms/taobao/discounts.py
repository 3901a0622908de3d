"""The platform's named discounts (``promotion_details``). They describe: the amounts that count stand on the lines.

So nothing here is a reason to refuse a payload: a promotion that cannot be read is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, combinations
from typing import Final

from attrs import evolve, frozen

from oms_adapters.platforms.taobao.amounts import LineAmounts
from oms_adapters.platforms.taobao.payload import ZERO, Fields
from oms_domain.channels.standard import DiscountKind, Funder, StandardDiscount, UnreadablePayload
from oms_domain.kernel.errors import InvalidAmount
from oms_domain.kernel.money import Money, parse_money, total

LONGEST_NAME: Final = 200
_MOST_TO_TRY: Final = 12  # 4,096 subsets; more promotions on one line stay the order's


@frozen(kw_only=True)
class _Promotion:
    discount: StandardDiscount  # of the whole order, until it is placed
    owner: str  # an order or sub-order number
    is_gift: bool

    @property
    def looks_like_the_orders(self) -> bool:
        return self.discount.kind in (DiscountKind.FULL_REDUCTION, DiscountKind.COUPON)

    def on_line(self, line_no: str) -> StandardDiscount:
        kind = DiscountKind.GIFT if self.is_gift else DiscountKind.LINE
        return evolve(self.discount, kind=kind, line_no=line_no, shares=())


def discounts_of(trade: Fields, lines: Sequence[LineAmounts]) -> tuple[StandardDiscount, ...]:
    """Return the discounts with the line or the shares that the platform placed them on, in its order.

    A trade of one line has one number for both, so there the amounts decide: those promotions are the line's that
    add up to its ``discount_fee`` while the others add up to ``part_mjz_discount``.
    """
    line_nos = {line.line_no for line in lines}
    promotions = [found for item in _items(trade) if (found := _promotion(item, line_nos)) is not None]
    if len(lines) == 1:
        chosen = _subset(promotions, lines[0])
        return tuple(p.on_line(lines[0].line_no) if i in chosen else p.discount for i, p in enumerate(promotions))
    return tuple(p.on_line(p.owner) if p.owner in line_nos else p.discount for p in promotions)


def _items(trade: Fields) -> tuple[Fields, ...]:
    wrapped = trade.values.get("promotion_details")
    listed = wrapped.get("promotion_detail") if isinstance(wrapped, dict) else wrapped
    return tuple(Fields(item) for item in listed if isinstance(item, dict)) if isinstance(listed, list) else ()


def _promotion(item: Fields, line_nos: set[str]) -> _Promotion | None:
    try:
        amount = item.stated_money("discount_fee")  # empty for free freight and limited-time prices
        if amount is None:
            return None
        name = item.text("promotion_name", longest=LONGEST_NAME)
        activity = item.text("promotion_id", longest=LONGEST_NAME)
        owner = item.text("id", longest=32)
        is_gift = bool(item.text("gift_item_id", longest=64))
        shares = _shares(item.text("kd_child_discount_fee", longest=10_000), amount, line_nos)
    except UnreadablePayload:
        return None
    kind = _kind(activity, name)
    funder = Funder.UNKNOWN if kind is DiscountKind.OTHER else Funder.SHOP
    discount = StandardDiscount(name=name, kind=kind, funder=funder, amount=amount, shares=shares)
    return _Promotion(discount=discount, owner=owner, is_gift=is_gift)


def _kind(activity: str, name: str) -> DiscountKind:
    if activity.startswith("mjs"):  # 满就送, the shop's own full reduction
        return DiscountKind.FULL_REDUCTION
    if "oupon" in activity or "券" in name:
        return DiscountKind.COUPON
    return DiscountKind.OTHER


def _shares(text: str, amount: Money, line_nos: set[str]) -> tuple[tuple[str, Money], ...]:
    """Read ``oid|yuan,oid|yuan``. Shares that name a foreign line or do not add up to the discount are none."""
    try:
        pairs = [piece.split("|") for piece in text.split(",") if piece]
        shares = tuple((line_no, parse_money(yuan)) for line_no, yuan in pairs)
    except (ValueError, InvalidAmount):
        return ()
    sound = all(line_no in line_nos and share >= ZERO for line_no, share in shares)
    return shares if sound and total(share for _, share in shares) == amount else ()


def _subset(promotions: Sequence[_Promotion], line: LineAmounts) -> frozenset[int]:
    """Return which promotions are the line's: the exact subset with the fewest that look like the order's."""
    everything = total(p.discount.amount for p in promotions)
    if len(promotions) > _MOST_TO_TRY or everything != line.discount_fee + line.part_mjz_discount:
        return frozenset()
    exact = [
        indexes
        for indexes in _subsets(len(promotions))
        if total(promotions[i].discount.amount for i in indexes) == line.discount_fee
    ]
    return frozenset(min(exact, key=lambda found: sum(promotions[i].looks_like_the_orders for i in found), default=()))


def _subsets(count: int) -> Iterable[tuple[int, ...]]:
    return chain.from_iterable(combinations(range(count), size) for size in range(count + 1))
