"""Placing amounts (分摊落位): each discount, tender and the freight of a platform's order, by line.

The platform's own amounts by line win. What it named as discounts tells where they come from; what it took off
without a name is a step of its own, and what it named but did not take off is kept with nothing placed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Final

from attrs import evolve, frozen

from oms_domain.apportionment.allocate import shares
from oms_domain.apportionment.parts import net_freight_of, net_of
from oms_domain.apportionment.policy import ApportionmentPolicy, GiftValue, InvalidPolicy
from oms_domain.apportionment.presets import NAMED
from oms_domain.apportionment.units import LinePart
from oms_domain.apportionment.waterfall import (
    Discount,
    FreightCharge,
    PricedLine,
    PricedOrder,
    Reduction,
    Tender,
    apportion,
    without_a_rest,
)
from oms_domain.channels.standard import DiscountKind, StandardDiscount, StandardLine, StandardOrder, TenderKind
from oms_domain.kernel.money import Money
from oms_domain.shops.shop import ShopPolicy

BY_DEFAULT: Final = ApportionmentPolicy()


@frozen(kw_only=True)
class Placement:
    """What took something off an order, in the order of the running nets, and what each of its lines carries."""

    steps: tuple[Reduction, ...]
    parts: tuple[LinePart, ...]


@frozen
class PlacedLine:
    """A line's amounts as they stand beside what is placed on it, in minor units."""

    key: str
    part: LinePart
    units: int
    goods_fen: int
    payable_fen: int


def misplaced(
    steps: Sequence[Reduction], lines: Sequence[PlacedLine], freight_fen: int
) -> Iterator[tuple[str, int, int]]:
    """Yield where what is placed is not what stands there: the line's key (empty: the freight), stated, placed."""
    freight = 0
    for line in lines:
        part = line.part
        net = net_of(steps, part)
        if net != line.payable_fen:
            yield line.key, line.payable_fen, net
        elif part.goods[0] != line.goods_fen:
            yield line.key, line.goods_fen, part.goods[0]
        elif part.units != line.units:
            yield line.key, line.units, part.units
        freight += net_freight_of(steps, part)
    if lines and freight != freight_fen:
        yield "", freight_fen, freight


def policy_of(policy: ShopPolicy) -> ApportionmentPolicy:
    """Return the shop's way of apportioning (分摊策略).

    Raises:
        InvalidPolicy: a rule without a name of ours, an order that is none, a quantum below 1.

    >>> policy_of(ShopPolicy(apportionment_rule="sylius", apportionment_quantum=100)).quantum
    100
    """
    if policy.apportionment_rule not in NAMED:
        raise InvalidPolicy(field="apportionment_rule", why=f"must be one of {', '.join(NAMED)}")
    rule = NAMED[policy.apportionment_rule]
    known = {str(kind): kind for kind in BY_DEFAULT.order}
    order = tuple(known.get(word, word) for word in policy.apportionment_order) or BY_DEFAULT.order
    try:
        return ApportionmentPolicy(
            rule=rule, quantum=policy.apportionment_quantum, order=order, gifts=GiftValue(policy.gift_value)
        )
    except InvalidPolicy as refused:
        raise InvalidPolicy(field=f"apportionment_{refused.field}", why=refused.why) from None
    except ValueError:
        raise InvalidPolicy(field="gift_value", why=f"must be one of {', '.join(GiftValue)}") from None


def place(
    standard: StandardOrder, lines: Sequence[StandardLine], policy: ApportionmentPolicy = BY_DEFAULT
) -> Placement:
    """Place the amounts of an order free of trouble on ``lines``, the ones that count in its sums.

    Line net = payable and Σ net freight = freight, to the fen; freight is shared by the policy's rule.
    """
    if not lines:  # all were closed: what is left of the order is its freight
        return Placement(steps=(), parts=())
    named = _Named(standard.order_no, lines, policy)
    off_lines: dict[str, int] = {}
    for line in lines:
        own = [discount for discount in standard.discounts if discount.line_no == line.line_no]
        off_lines |= named.take(own, {line.line_no: line.line_discount.fen})
    named.add_nameless(off_lines, DiscountKind.LINE)
    of_the_order = [discount for discount in standard.discounts if discount.line_no is None]
    off_goods = [discount for discount in of_the_order if discount.kind is not DiscountKind.FREIGHT_COUPON]
    left = named.take(off_goods, {line.line_no: line.order_discount.fen for line in lines})
    named.add_nameless(left, DiscountKind.OTHER)
    off_freight = sum(named.off_freight(discount) for discount in of_the_order if discount not in off_goods)
    tenders = tuple(
        Tender(
            id=named.new_id(),
            kind=tender.kind,
            amount_fen=tender.amount.fen,
            name=tender.name,
            funder=tender.funder,
            placed=tuple(_told(tender.shares, {line.line_no: tender.amount.fen for line in lines}).items()),
        )
        for tender in standard.tenders
    )
    result = apportion(
        PricedOrder(
            lines=tuple(
                PricedLine(
                    key=line.line_no,
                    units=line.quantity,
                    goods_fen=(line.unit_price * line.quantity + line.adjustment).fen,
                )
                for line in lines
            ),
            discounts=tuple(named.discounts),
            tenders=tenders,
            freight_fen=standard.freight.fen + off_freight,  # which states it after coupons
            currency=standard.payable.currency,
        ),
        _discounts_first(policy),
    )
    steps = (placed.step for placed in result.steps if not isinstance(placed.step, FreightCharge))
    return Placement(steps=tuple(named.kept(step) for step in steps), parts=result.parts())


@cache
def _discounts_first(policy: ApportionmentPolicy) -> ApportionmentPolicy:
    """A platform's discounts are facts, and what pays comes after them, whatever the policy says of others."""
    return evolve(policy, order=sorted(policy.order, key=lambda kind: isinstance(kind, TenderKind)))


class _Named:
    """Fits the discounts that a platform named to what it took off, line by line."""

    def __init__(self, order_no: str, lines: Sequence[StandardLine], policy: ApportionmentPolicy) -> None:
        self.order_no, self.count = order_no, 0
        self.line_nos = [line.line_no for line in lines]
        self.rule = without_a_rest(policy.rule)
        self.quantum = policy.quantum
        self.discounts: list[Discount] = []
        self.stated: dict[str, int] = {}

    def new_id(self) -> str:
        """A step's id is unique among all orders, so that merged ones keep theirs."""
        self.count += 1
        return f"{self.order_no}/{self.count}"

    def take(self, named: Iterable[StandardDiscount], taken: dict[str, int]) -> dict[str, int]:
        """Divide what was taken off lines among named discounts; return what none of them names."""
        left = dict(taken)
        for discount in sorted(named, key=lambda discount: not discount.shares):  # the told ones are facts
            if discount.amount.fen > 0:
                self._add(discount, self._fitted(discount, left))
        return left

    def add_nameless(self, left: dict[str, int], kind: DiscountKind) -> None:
        """What was taken off and nobody named is a step by itself."""
        if any(left.values()):
            id_ = self.new_id()
            self.discounts.append(_placed(id_, kind, left))
            self.stated[id_] = sum(left.values())

    def off_freight(self, coupon: StandardDiscount) -> int:
        """Note a coupon on the freight, and return what it takes off."""
        amount = max(coupon.amount.fen, 0)
        self.discounts.append(
            Discount(id=self.new_id(), kind=coupon.kind, amount_fen=amount, name=coupon.name, funder=coupon.funder)
        )
        return amount

    def _fitted(self, discount: StandardDiscount, left: dict[str, int]) -> dict[str, int]:
        told = _told(discount.shares, left)
        if not told and discount.amount.fen <= sum(left.values()):
            over = list(left.values())
            row = shares(discount.amount.fen, over, self.rule, self.quantum, over)
            told = dict(zip(left, row, strict=True))
        if any(share > left[line_no] for line_no, share in told.items()):
            return {}
        for line_no, share in told.items():
            left[line_no] -= share
        return told

    def _add(self, discount: StandardDiscount, placed: dict[str, int]) -> None:
        id_ = self.new_id()
        # A freight coupon on a line's goods is a discount like others.
        kind = DiscountKind.OTHER if discount.kind is DiscountKind.FREIGHT_COUPON else discount.kind
        self.discounts.append(evolve(_placed(id_, kind, placed), name=discount.name, funder=discount.funder))
        self.stated[id_] = discount.amount.fen

    def kept(self, step: Reduction) -> Reduction:
        """Return a step as an order keeps it: with what was stated of it; its placements are on the lines."""
        return evolve(step, amount_fen=self.stated.get(step.id, step.amount_fen), lines=None, placed=())


def _told(told: Iterable[tuple[str, Money]], most: Mapping[str, int]) -> dict[str, int]:
    """Return what the platform placed by line; nothing where it names a line that is not there, or an odd amount."""
    found: dict[str, int] = {}
    for line_no, share in told:
        found[line_no] = found.get(line_no, 0) + share.fen
    return found if all(key in most and share >= 0 for key, share in found.items()) else {}


def _placed(id_: str, kind: DiscountKind, by_line: dict[str, int]) -> Discount:
    placed = tuple((line_no, share) for line_no, share in by_line.items() if share)
    return Discount(id=id_, kind=kind, amount_fen=sum(by_line.values()), placed=placed)
