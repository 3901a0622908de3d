"""The blacklist of a shop (黑名单): whom its orders are not simply sent to. Nobody stands in it by plain text."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final, NewType
from uuid import UUID

from attrs import evolve, field, frozen

from oms_domain.kernel.change import Change, Event
from oms_domain.kernel.errors import Invalid, NotFound
from oms_domain.kernel.identity import ShopId
from oms_domain.kernel.text import checked_text, mask_digits

BlacklistEntryId = NewType("BlacklistEntryId", UUID)

LONGEST_REASON: Final = 200


class BlacklistKind(StrEnum):
    """What an entry is about (黑名单类型)."""

    PHONE = "phone"
    ADDRESS = "address"
    BUYER = "buyer"  # by the platform's id of the buyer


@frozen(kw_only=True)
class BlacklistEntryNotFound(NotFound):
    """The shop's blacklist has no such entry."""

    code: ClassVar[str] = "rules.blacklist_entry_not_found"
    entry_id: UUID


@frozen(kw_only=True)
class CannotBeListed(Invalid):
    """Orders cannot be found by it: it is too short, or masked by the platform."""

    code: ClassVar[str] = "rules.cannot_be_listed"


@frozen(kw_only=True)
class BlacklistEvent(Event):
    """A fact about an entry of a shop's blacklist."""

    entry_id: BlacklistEntryId
    shop_id: ShopId
    kind: BlacklistKind

    @property
    def stream(self) -> UUID:
        return self.entry_id


@frozen(kw_only=True)
class Blacklisted(BlacklistEvent):
    """Somebody was put on the blacklist, or put there again."""

    type: ClassVar[str] = "rules.blacklisted"
    reason: str


@frozen(kw_only=True)
class TakenOffBlacklist(BlacklistEvent):
    type: ClassVar[str] = "rules.taken_off_blacklist"
    reason: str


@frozen(kw_only=True)
class BlacklistEntry:
    """A telephone number, address or buyer. ``digest`` is its keyed blind index, ``mask`` what may be shown of it.

    An address counts within ``division`` alone, where one is told: streets of one name are many.
    """

    id: BlacklistEntryId
    shop_id: ShopId
    kind: BlacklistKind
    digest: str = field(repr=False)
    division: str = ""
    mask: str = ""
    reason: str = ""
    is_listed: bool = True
    created_at: datetime
    updated_at: datetime
    version: int = field(default=0)  # counted by the store

    def added(self, *, at: datetime) -> Change[BlacklistEntry]:
        """Return the new entry with the fact that it was added."""
        return Change(self, (self._listed(at),))

    def added_again(self, reason: str, *, at: datetime) -> Change[BlacklistEntry]:
        """List it again, or for another reason; if it stands there for this reason already, nothing."""
        if self.is_listed and reason == self.reason:
            return Change(self)
        again = evolve(self, is_listed=True, reason=reason, updated_at=at)
        return Change(again, (again._listed(at),))

    def removed(self, reason: str, *, at: datetime) -> Change[BlacklistEntry]:
        """Take it off; if it is off already, nothing."""
        if not self.is_listed:
            return Change(self)
        gone = evolve(self, is_listed=False, updated_at=at)
        event = TakenOffBlacklist(entry_id=self.id, shop_id=self.shop_id, kind=self.kind, reason=reason, at=at)
        return Change(gone, (event,))

    def _listed(self, at: datetime) -> Blacklisted:
        return Blacklisted(entry_id=self.id, shop_id=self.shop_id, kind=self.kind, reason=self.reason, at=at)


def listing_reason(text: str, *, field: str = "reason") -> str:
    """Return why somebody is listed, checked; what looks like a telephone number does not go into the log."""
    return mask_digits(checked_text(text, field=field, longest=LONGEST_REASON))
