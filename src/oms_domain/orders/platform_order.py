"""The platform order (平台订单): a channel's order in standard form, as it came, and what became of it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final

from attrs import evolve, field, frozen

from oms_domain.catalog.matching import UnmappedSku
from oms_domain.channels.standard import AmountMismatch, Platform, StandardOrder
from oms_domain.kernel.change import Change
from oms_domain.kernel.errors import Refused
from oms_domain.kernel.identity import OrderId, PlatformOrderId, ShopId, VaultId
from oms_domain.orders import events as e
from oms_domain.orders.sales_order import PartyRef

UNMAPPED_SKU: Final = "unmapped_sku"
NEVER: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


class Conversion(StrEnum):
    """Whether it has become a sales order (转单状态)."""

    PENDING = "pending"
    CONVERTED = "converted"
    EXCEPTION = "exception"


@frozen(kw_only=True)
class AlreadyConverted(Refused):
    """A platform order becomes one sales order, once."""

    code: ClassVar[str] = "platform_orders.already_converted"
    order_id: OrderId


@frozen(kw_only=True)
class Trouble:
    """Why it could not be converted.

    ``field`` and ``why`` say where a payload cannot be read, or which line is the first that is not mapped;
    ``mismatches`` are the sums that do not fit, ``unmapped`` all the goods that nobody has mapped.
    """

    reason: str  # amounts_do_not_fit, unreadable, unmapped_sku
    field: str = ""
    why: str = ""
    mismatches: tuple[AmountMismatch, ...] = ()
    unmapped: tuple[UnmappedSku, ...] = ()


def unmapped_trouble(unmapped: tuple[UnmappedSku, ...]) -> Trouble:
    """Return the trouble with goods of which we do not know what they are of ours: at least one."""
    first = unmapped[0]
    return Trouble(reason=UNMAPPED_SKU, field=f"line {first.line_no}", why=first.title, unmapped=unmapped)


@frozen(kw_only=True)
class PlatformOrder:
    """One order of one platform shop. The newest version by (modified, state rank) stands; older ones change nothing.

    ``standard`` is None while the payload cannot be read; the raw payload is in the vault in any case.
    """

    id: PlatformOrderId
    number: str
    shop_id: ShopId
    platform: Platform
    order_no: str
    standard: StandardOrder | None
    receiver: PartyRef
    buyer: PartyRef
    raw: VaultId
    conversion: Conversion = Conversion.PENDING
    trouble: Trouble | None = None
    order_id: OrderId | None = None
    created_at: datetime
    updated_at: datetime
    version: int = field(default=0)

    @property
    def modified_at(self) -> datetime:
        """The platform's own time of the stored version."""
        return self.standard.modified_at if self.standard else NEVER

    def converted(self, order_id: OrderId, *, at: datetime) -> Change[PlatformOrder]:
        """Note the sales order that it became."""
        if self.order_id is not None:
            raise AlreadyConverted(order_id=self.order_id)
        done = evolve(self, conversion=Conversion.CONVERTED, trouble=None, order_id=order_id, updated_at=at)
        return Change(done, (e.PlatformOrderConverted(order_id=order_id, at=at, **self._facts()),))

    def failed(self, trouble: Trouble, *, at: datetime) -> Change[PlatformOrder]:
        """Put it on the work list of exceptions. What has a sales order already keeps it."""
        kept = evolve(self, conversion=Conversion.EXCEPTION, trouble=trouble, updated_at=at)
        event = e.ConversionFailed(
            reason=trouble.reason, mismatches=trouble.mismatches, unmapped=trouble.unmapped, at=at, **self._facts()
        )
        return Change(kept, (event,))

    def updated(
        self, standard: StandardOrder, *, receiver: PartyRef, buyer: PartyRef, raw: VaultId, at: datetime
    ) -> Change[PlatformOrder]:
        """Put a newer version in place of the stored one. Whether it is newer is ``intake.compare``'s answer."""
        newer = evolve(
            self,
            standard=standard,
            receiver=receiver,
            buyer=buyer,
            raw=raw,
            conversion=Conversion.CONVERTED if self.order_id else Conversion.PENDING,
            trouble=None,
            updated_at=at,
        )
        return Change(newer, (e.PlatformOrderUpdated(at=at, **newer._facts()),))

    def mended(self, *, at: datetime) -> Change[PlatformOrder]:
        """Note that its order can be followed again, though it has not changed itself."""
        mended = evolve(self, conversion=Conversion.CONVERTED, trouble=None, updated_at=at)
        return Change(mended, (e.PlatformOrderUpdated(at=at, **self._facts()),))

    def received(self, *, at: datetime) -> e.PlatformOrderReceived:
        """Return the fact that it was seen for the first time."""
        return e.PlatformOrderReceived(at=at, **self._facts())

    def ambiguous(self, *, at: datetime) -> e.PlatformOrderAmbiguous:
        """Return the fact that it must be fetched again."""
        return e.PlatformOrderAmbiguous(at=at, **self._facts())

    def _facts(self) -> e.PlatformOrderFacts:
        return {
            "platform_order_id": self.id,
            "shop_id": self.shop_id,
            "platform": self.platform,
            "order_no": self.order_no,
            "modified_at": self.modified_at,
        }
