"""A shop's account at a platform, as the use cases see it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Protocol

from attrs import frozen

from oms_domain.channels.aftersales import AskTranslation
from oms_domain.channels.capabilities import Capability
from oms_domain.channels.standard import Platform, Translation
from oms_domain.kernel.errors import OmsError, Refused
from oms_domain.kernel.identity import RefundId, ShopId
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity


@frozen(kw_only=True)
class OrderRef:
    """What a platform's list tells of an order: enough to know whether it must be fetched."""

    order_no: str
    modified_at: datetime


@frozen(kw_only=True)
class ShippedLine:
    """Units of one platform sub-order in a parcel."""

    line_no: str
    quantity: Quantity


@frozen(kw_only=True)
class ShipmentNotice:
    """A parcel that has left, as it is written back (回写发货).

    ``lines`` is empty when the parcel holds the whole platform order.
    """

    order_no: str
    carrier: str  # our carrier code; the adapter maps it
    tracking_no: str
    lines: tuple[ShippedLine, ...] = ()


@frozen(kw_only=True)
class AskRef:
    """What a platform's list tells of an aftersales ask."""

    refund_no: str
    modified_at: datetime


@frozen(kw_only=True)
class AskReply:
    """What the platform is told about an ask. ``version``, ``phase`` are sent back as they came.

    ``refund_id`` is our own: an ask to pay goes with it, and paid twice for one id is paid once.
    """

    refund_no: str
    order_no: str
    amount: Money
    version: str = ""
    phase: str = ""
    reason: str = ""
    refund_id: RefundId | None = None


class ChannelGateway(Protocol):
    """One shop's account at one platform. Every method but ``translate`` calls out: never while a transaction is open.

    Calls raise ``RetryLater``, ``RateLimited``, ``AuthorisationExpired`` or ``PlatformRefused``, and nothing else.
    """

    @property
    def platform(self) -> Platform: ...

    @property
    def capabilities(self) -> frozenset[Capability]: ...

    def changed_orders(self, since: datetime, until: datetime) -> Iterable[tuple[OrderRef, ...]]:
        """Yield the orders modified in ``[since, until]`` page by page, so that none is missed while others move.

        An order may come twice. The window may have any length; the adapter cuts it to the platform's limit.
        """

    def fetch_order(self, order_no: str) -> bytes:
        """Return the order's raw payload as it is now."""

    def translate(self, raw: bytes) -> Translation:
        """Read a raw payload: pure. Raises ``UnreadablePayload``."""

    def write_shipment(self, notice: ShipmentNotice) -> None:
        """Tell the platform that a parcel has left. Told twice, it happens once."""

    def changed_asks(self, since: datetime, until: datetime) -> Iterable[tuple[AskRef, ...]]:
        """Yield the aftersales asks modified in ``[since, until]``, as ``changed_orders`` does orders."""

    def fetch_ask(self, refund_no: str) -> bytes:
        """Return the ask's raw payload as it is now. Raises ``OrderGone``."""

    def translate_ask(self, raw: bytes) -> AskTranslation:
        """Read a raw payload of an ask: pure. Raises ``UnreadablePayload``."""

    def agree_refund(self, reply: AskReply) -> None:
        """Have the money paid: of goods that came back this confirms their receipt. Told twice, it is paid once.

        Raises ``AskChanged`` besides: the ask is another one by now, nothing was paid.
        """

    def agree_return(self, reply: AskReply) -> None:
        """Agree that the goods are sent back. Told twice, it happens once. Raises ``AskChanged`` besides."""

    def refuse_ask(self, reply: AskReply) -> None:
        """Refuse an ask with a reason. Told twice, it happens once. Raises ``AskChanged`` besides."""


class Gateways(Protocol):
    """All shops' accounts."""

    def of(self, shop_id: ShopId) -> ChannelGateway:
        """Raises ``ShopNotFound``; ``NotConnected`` if the shop has no account to call with."""

    def translator(self, platform: Platform) -> Translator:
        """Return the platform's pure translation, for payloads that came another way."""


class Translator(Protocol):
    """Payload → standard form, pure."""

    def __call__(self, raw: bytes) -> Translation: ...


@frozen(kw_only=True)
class ChannelError(OmsError):
    """An outside call did not do what was asked. ``reason`` is the other side's own code."""

    code: ClassVar[str] = "channels.error"
    reason: str


@frozen(kw_only=True)
class RetryLater(ChannelError):
    """The other side is unwell; the same call may succeed later. It may have been applied."""

    code: ClassVar[str] = "channels.retry_later"
    after_s: int = 1


@frozen(kw_only=True)
class Unreachable(RetryLater):
    """The other side could not be reached: nothing was sent, so it was not applied. The call may succeed later."""

    code: ClassVar[str] = "channels.unreachable"


@frozen(kw_only=True)
class RateLimited(ChannelError):
    """Too many calls: nothing before ``after_s`` seconds."""

    code: ClassVar[str] = "channels.rate_limited"
    after_s: int = 1


@frozen(kw_only=True)
class AuthorisationExpired(ChannelError):
    """The shop must be authorised anew by a person; calling on is pointless."""

    code: ClassVar[str] = "channels.authorisation_expired"


@frozen(kw_only=True)
class PlatformRefused(ChannelError):
    """A refusal that stays: parked with its reason, for a person."""

    code: ClassVar[str] = "channels.refused"


@frozen(kw_only=True)
class AskChanged(ChannelError):
    """The ask has changed at the platform since it was read: read it again, and decide again."""

    code: ClassVar[str] = "channels.ask_changed"


@frozen(kw_only=True)
class OrderGone(PlatformRefused):
    """The platform lists an order and says that it does not exist."""

    code: ClassVar[str] = "channels.order_gone"


@frozen(kw_only=True)
class NotConnected(Refused):
    """The shop has no account at its platform: orders come by file or API only."""

    code: ClassVar[str] = "channels.not_connected"
    shop_id: ShopId
