"""The platform's aftersales document (平台售后单): an ask in standard form, as it came, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from attrs import evolve, field, frozen

from oms_domain.aftersales import events as e
from oms_domain.channels.aftersales import StandardAftersales
from oms_domain.channels.standard import Platform
from oms_domain.kernel.change import Change
from oms_domain.kernel.errors import Refused
from oms_domain.kernel.identity import CaseId, PlatformAftersalesId, ShopId, VaultId
from oms_domain.orders.intake import Freshness
from oms_domain.orders.platform_order import NEVER, Conversion, Trouble


@frozen(kw_only=True)
class AlreadyACase(Refused):
    """An ask of the platform becomes one case; it goes to another only when that one is linked to the first."""

    code: ClassVar[str] = "platform_aftersales.already_converted"
    case_id: CaseId


@frozen(kw_only=True)
class PlatformAftersales:
    """One ask of one platform shop. The newest version by (modified, state rank) stands; older ones change nothing.

    ``standard`` is None while the payload cannot be read; the raw payload is in the vault in any case.
    """

    id: PlatformAftersalesId
    number: str
    shop_id: ShopId
    platform: Platform
    refund_no: str
    order_no: str
    standard: StandardAftersales | None
    raw: VaultId
    conversion: Conversion = Conversion.PENDING
    trouble: Trouble | None = None
    case_id: CaseId | None = None
    created_at: datetime
    updated_at: datetime
    version: int = field(default=0)

    @property
    def modified_at(self) -> datetime:
        """The platform's own time of the stored version."""
        return self.standard.modified_at if self.standard else NEVER

    def heard(self, standard: StandardAftersales, *, raw: VaultId, at: datetime) -> Change[PlatformAftersales]:
        """Take a message in: a newer one takes the place of the stored one, an older or equal one changes nothing.

        Equal in time and state but different in content: it must be fetched again, and whose answer it is wins.
        """
        match compare(self, standard):
            case Freshness.NEWER:
                return self.updated(standard, raw=raw, at=at)
            case Freshness.AMBIGUOUS:
                return Change(self, (e.AskAmbiguous(at=at, **self._facts()),))
            case _:
                return Change(self)

    def updated(self, standard: StandardAftersales, *, raw: VaultId, at: datetime) -> Change[PlatformAftersales]:
        """Put a version in place of the stored one, whatever its time: it was fetched just now."""
        newer = evolve(
            self,
            standard=standard,
            raw=raw,
            conversion=Conversion.CONVERTED if self.case_id else Conversion.PENDING,
            trouble=None,
            updated_at=at,
        )
        return Change(newer, (e.AskUpdated(at=at, **newer._facts()),))

    def converted(
        self, case_id: CaseId, *, instead_of: CaseId | None = None, at: datetime
    ) -> Change[PlatformAftersales]:
        """Note the case that it became. ``instead_of``: the case that closed because its kind changed.

        Raises:
            AlreadyACase: it has a case, and not that one.
        """
        if self.case_id is not None and self.case_id != instead_of:
            raise AlreadyACase(case_id=self.case_id)
        done = evolve(self, conversion=Conversion.CONVERTED, trouble=None, case_id=case_id, updated_at=at)
        return Change(done, (e.AskConverted(case_id=case_id, at=at, **self._facts()),))

    def failed(self, trouble: Trouble, *, at: datetime) -> Change[PlatformAftersales]:
        """Put it on the work list of exceptions. What has a case already keeps it."""
        kept = evolve(self, conversion=Conversion.EXCEPTION, trouble=trouble, updated_at=at)
        return Change(kept, (e.AskNotConverted(reason=trouble.reason, at=at, **self._facts()),))

    def received(self, *, at: datetime) -> Change[PlatformAftersales]:
        """Return the new document with the fact that it was seen for the first time."""
        return Change(self, (e.AskReceived(at=at, **self._facts()),))

    def _facts(self) -> e.AskFacts:
        return {
            "platform_aftersales_id": self.id,
            "shop_id": self.shop_id,
            "platform": self.platform,
            "refund_no": self.refund_no,
            "modified_at": self.modified_at,
        }


def compare(stored: PlatformAftersales, standard: StandardAftersales) -> Freshness:
    """Order two versions by the platform's (modified, state rank), never by when they reached us."""
    if stored.standard is None or standard.order_key > stored.standard.order_key:
        return Freshness.NEWER
    if standard.order_key < stored.standard.order_key:
        return Freshness.OLDER
    return Freshness.SAME if standard == stored.standard else Freshness.AMBIGUOUS
