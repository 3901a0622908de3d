"""How a shop apportions (分摊策略): one value."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, ClassVar, Final

from attrs import field, frozen

from oms_domain.apportionment.rules import LARGEST_REMAINDER, AllocationRule
from oms_domain.channels.standard import DiscountKind, TenderKind
from oms_domain.kernel.errors import Invalid

FREIGHT: Final = "freight"
"""The place of the freight (运费) in the order of the steps."""

Kind = DiscountKind | TenderKind | str

DEFAULT_ORDER: Final[tuple[Kind, ...]] = (
    DiscountKind.FULL_REDUCTION,
    DiscountKind.GIFT,
    DiscountKind.PRICE_PROTECTION,
    FREIGHT,
    DiscountKind.FREIGHT_COUPON,
    DiscountKind.COUPON,
    TenderKind.GIFT_CARD,
    TenderKind.BALANCE,
    TenderKind.POINTS,
    DiscountKind.OTHER,
)
"""Discounts on one line come before all of these."""


class GiftValue(StrEnum):
    """What a gift is worth when amounts are placed (赠品分摊)."""

    FREE = "free"  # nothing: it is refunded and booked at 0
    SHARED = "shared"  # a part of the price of the goods that earned it, by list prices


@frozen(kw_only=True)
class InvalidPolicy(Invalid):
    """A policy that cannot be followed: ``why`` says what is wrong with ``field``."""

    code: ClassVar[str] = "apportionment.invalid_policy"
    why: str


def _in_order(kinds: Iterable[Kind]) -> tuple[Kind, ...]:
    return tuple(kinds)


def _an_order(_policy: Any, _field: Any, order: tuple[Kind, ...]) -> None:
    words, known = [str(kind) for kind in order], [str(kind) for kind in DEFAULT_ORDER]
    for word in (*words, *known):
        if words.count(word) != 1 or word not in known:
            what = f"{word[:40]} stands there {words.count(word)} times" if word in known else f"{word[:40]} is none"
            raise InvalidPolicy(field="order", why=f"must hold each of {', '.join(known)} once; {what}")
    freight = words.index(FREIGHT)
    for kind in (*TenderKind, DiscountKind.FREIGHT_COUPON):
        if words.index(kind) < freight:
            raise InvalidPolicy(field="order", why=f"{kind} pays or reduces freight, so it comes after it")


def _a_rule(_policy: Any, _field: Any, rule: Any) -> None:
    if not callable(rule) or isinstance(rule, type):  # called, a class would make an object and share nothing
        raise InvalidPolicy(field="rule", why="must be one of the family, or a function of the same form")


def _a_quantum(_policy: Any, _field: Any, quantum: Any) -> None:
    if type(quantum) is not int or quantum < 1:
        raise InvalidPolicy(field="quantum", why="must be a whole number of at least 1")


@frozen(kw_only=True)
class ApportionmentPolicy:
    """In which order discounts and tenders are applied, by which rule, in which smallest piece.

    >>> ApportionmentPolicy(quantum=100).order[0]
    <DiscountKind.FULL_REDUCTION: 'full_reduction'>
    """

    order: tuple[Kind, ...] = field(default=DEFAULT_ORDER, converter=_in_order, validator=_an_order)
    rule: AllocationRule = field(default=LARGEST_REMAINDER, validator=_a_rule)
    quantum: int = field(default=1, validator=_a_quantum)
    gifts: GiftValue = field(default=GiftValue.FREE, converter=GiftValue)
