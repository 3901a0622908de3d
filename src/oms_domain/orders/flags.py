"""Flags: what stands beside an order's state, and which commands each of them keeps from being given."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final

from attrs import frozen

from oms_domain.kernel.errors import Invalid, Refused
from oms_domain.kernel.text import checked_text, mask_digits
from oms_domain.orders.asks import TOWARDS_WAREHOUSE, Ask

LONGEST_REASON: Final = 500
BY_PLATFORM: Final = "platform"
"""The author of flags that the platform's word sets, and of cancellations that it refunds itself."""
EXPIRED: Final = "expired"
"""Why a flag is lifted whose time is over."""


GROUP_OPEN: Final = "group_open"
"""Why an order of a group (拼团) is held: the group does not stand yet. ``until``: then it has failed."""
GROUP_FAILED: Final = "group_failed"
"""Why it is cancelled then."""


class FlagKind(StrEnum):
    """What stands beside the state."""

    HELD = "held"  # 挂起: a person wants it to wait
    INTERCEPTED = "intercepted"  # 拦截: a rule, the platform or the warehouse wants a person to look
    IN_AFTERSALES = "in_aftersales"  # 售后中: the buyer asks for money back on a line
    NOT_BEFORE = "not_before"  # 预约发货: it may be reviewed, and leaves at its time
    CANCEL_PENDING = "cancel_pending"  # 取消待定: whoever has the goods was asked to stop, and has not answered
    UNREVIEW_PENDING = "unreview_pending"  # 反审核待定: likewise, to be changed and sent again
    EARLIER_MAY_SHIP = "earlier_may_ship"  # 前单未截: what was called off at the warehouse may leave all the same


PENDING: Final = frozenset({FlagKind.CANCEL_PENDING, FlagKind.UNREVIEW_PENDING})
"""Set while nobody knows whether the goods leave: nothing may rest on either answer."""

EXPLAINED: Final = frozenset({FlagKind.HELD, FlagKind.INTERCEPTED})
"""Set only with a reason: whoever finds the order waiting must be able to see what for."""

BLOCKS: Final[Mapping[FlagKind, frozenset[Ask]]] = {
    FlagKind.HELD: TOWARDS_WAREHOUSE | {Ask.MERGE},
    FlagKind.INTERCEPTED: TOWARDS_WAREHOUSE | {Ask.MERGE},
    FlagKind.IN_AFTERSALES: TOWARDS_WAREHOUSE | {Ask.MERGE},
    FlagKind.NOT_BEFORE: frozenset({Ask.RELEASE, Ask.HAND_OVER, Ask.MERGE}),
    FlagKind.CANCEL_PENDING: frozenset({Ask.CANCEL, Ask.CANCEL_REST, Ask.UNREVIEW, Ask.HAND_OVER}),
    FlagKind.UNREVIEW_PENDING: frozenset({Ask.UNREVIEW, Ask.HAND_OVER}),
    FlagKind.EARLIER_MAY_SHIP: frozenset({Ask.RELEASE, Ask.CANCEL, Ask.EDIT, Ask.SPLIT, Ask.MERGE, Ask.UNMERGE}),
}
"""The commands that are refused while a flag of the kind stands."""


@frozen(kw_only=True)
class Flag:
    """A mark with its reason and author. Flags stack; one of a kind and reason is enough, or one of a rule.

    ``until``: when it is lifted by itself, None: a person (or who has set it) lifts it.
    ``rule``: the rule by id and version that has set it.
    """

    kind: FlagKind
    reason: str
    by: str
    at: datetime
    until: datetime | None = None
    rule: tuple[str, int] | None = None

    @property
    def is_of_group(self) -> bool:
        """Whether it waits for others to join: it is not lifted by itself, nor with what a person holds it for."""
        return self.kind is FlagKind.HELD and self.reason == GROUP_OPEN

    def is_over(self, at: datetime) -> bool:
        return self.until is not None and self.until <= at and not self.is_of_group


@frozen(kw_only=True)
class OrderFlaggedNow(Refused):
    """A flag is in the way. Lift it first, or wait for what it waits for."""

    code: ClassVar[str] = "orders.flagged"
    flags: tuple[str, ...]
    reasons: tuple[str, ...]


@frozen(kw_only=True)
class EarlierMayShip(Refused):
    """An earlier fulfilment order of it was called off, and may leave all the same: nobody has stopped it."""

    code: ClassVar[str] = "orders.earlier_may_ship"
    number: str


@frozen(kw_only=True)
class NotFlagged(Refused):
    """There is no such flag to lift."""

    code: ClassVar[str] = "orders.not_flagged"
    kind: str


@frozen(kw_only=True)
class NotInTheFuture(Invalid):
    """A flag cannot be set until a time that is over."""

    code: ClassVar[str] = "orders.not_in_the_future"
    field: str = "until"
    until: datetime


def blocking(flags: tuple[Flag, ...], ask: Ask) -> OrderFlaggedNow | EarlierMayShip | None:
    """Return the refusal of a command that flags are in the way of, None if none is."""
    found = [flag for flag in flags if ask in BLOCKS[flag.kind]]
    if not found:
        return None
    earlier = next((flag for flag in found if flag.kind is FlagKind.EARLIER_MAY_SHIP), None)
    if earlier is not None:
        return EarlierMayShip(number=earlier.reason)
    kinds = tuple(sorted({str(flag.kind) for flag in found}))
    return OrderFlaggedNow(flags=kinds, reasons=tuple(flag.reason for flag in found))


def is_set(flags: tuple[Flag, ...], kind: FlagKind, reason: str) -> bool:
    """Whether a flag of this kind and reason stands."""
    return any(flag.kind is kind and flag.reason == reason for flag in flags)


def checked_reason(text: str, *, needed: bool = False) -> str:
    """Check a reason; a phone number that somebody put into it does not go into the log.

    Raises:
        InvalidText: as ``checked_text``, also a blank one that is ``needed``.
    """
    return mask_digits(checked_text(text, field="reason", longest=LONGEST_REASON, allow_empty=not needed))
