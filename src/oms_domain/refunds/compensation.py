"""Compensation (补偿): what is given beside what was paid, in lines of its own, with limits by role. Never in goods."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final

from attrs import frozen

from oms_domain.kernel.errors import NotFound, Refused
from oms_domain.kernel.identity import RefundId
from oms_domain.kernel.money import Money, total
from oms_domain.kernel.text import checked_text, mask_digits
from oms_domain.refunds.proposal import AmountNotPositive

LONGEST_REASON: Final = 500


class CompensationKind(StrEnum):
    """What is given."""

    FREIGHT_SUBSIDY = "freight_subsidy"  # 运费补贴: what the buyer paid to send the goods back
    COUPON = "coupon"  # 补偿优惠券
    GOODWILL = "goodwill"  # 补偿款: money for trouble


class Payout(StrEnum):
    """How it reached the buyer."""

    BY_HAND = "by_hand"  # money
    COUPON = "coupon"


@frozen(kw_only=True)
class NoSuchCompensation(NotFound):
    """The refund has no such line of compensation."""

    code: ClassVar[str] = "refunds.compensation_not_found"
    line: int


@frozen(kw_only=True)
class CompensationSettled(Refused):
    """It was paid already, or never goes out."""

    code: ClassVar[str] = "refunds.compensation_settled"
    line: int


@frozen(kw_only=True)
class CompensationAboveLimit(Refused):
    """With what was given before, the order would have more of this kind than the role may give."""

    code: ClassVar[str] = "refunds.compensation_above_limit"
    kind: CompensationKind
    amount: Money
    given: Money
    limit: Money


@frozen(kw_only=True)
class CompensationNotAllowed(Refused):
    """The role may not give this kind at all."""

    code: ClassVar[str] = "refunds.compensation_not_allowed"
    kind: CompensationKind
    role: str


@frozen(kw_only=True)
class Compensation:
    """Something given beside what was paid, of one refund of an order. ``is_void``: it never went out."""

    refund_id: RefundId
    kind: CompensationKind
    amount: Money
    reason: str
    by: str
    role: str
    at: datetime
    is_void: bool = False
    paid_at: datetime | None = None
    paid_by: str = ""
    paid_how: Payout | None = None
    paid_because: str = ""

    @property
    def standing(self) -> str:
        """``given``: somebody must pay it out yet; ``paid``; ``void``."""
        return "void" if self.is_void else "given" if self.paid_at is None else "paid"


@frozen(kw_only=True)
class CompensationLimit:
    """The most of one kind that a role may bring an order to."""

    role: str
    kind: CompensationKind
    most: Money


def compensate(
    compensation: Compensation, *, given: Iterable[Compensation], limits: Iterable[CompensationLimit]
) -> Compensation:
    """Return the compensation with its reason checked, if the role may give it.

    The limit counts what the whole order was given of the kind, by whomever: two small gifts are one large one.

    Raises:
        AmountNotPositive, CompensationNotAllowed, CompensationAboveLimit, InvalidText, CurrencyMismatch.
    """
    reason = checked_text(compensation.reason, field="reason", longest=LONGEST_REASON, allow_empty=False)
    kind, amount = compensation.kind, compensation.amount
    if amount <= Money(0, amount.currency):
        raise AmountNotPositive(value=str(amount))
    limit = next((each for each in limits if (each.role, each.kind) == (compensation.role, kind)), None)
    if limit is None:
        raise CompensationNotAllowed(kind=kind, role=compensation.role)
    before = total((each.amount for each in given if each.kind is kind and not each.is_void), amount.currency)
    if before + amount > limit.most:
        raise CompensationAboveLimit(kind=kind, amount=amount, given=before, limit=limit.most)
    return Compensation(
        refund_id=compensation.refund_id,
        kind=kind,
        amount=amount,
        reason=mask_digits(reason),
        by=compensation.by,
        role=compensation.role,
        at=compensation.at,
    )
