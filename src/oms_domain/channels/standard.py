"""The standard order: one form for the orders of every platform. Facts only, no personal data.

Personal data travel beside it (``PersonalData``) until the edge has sealed them.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final

from attrs import field, frozen

from oms_domain.kernel.errors import Invalid
from oms_domain.kernel.identity import SkuCode
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity


class Platform(StrEnum):
    """A sales platform (平台) that we speak with."""

    TAOBAO = "taobao"


class PlatformState(StrEnum):
    """Where an order stands at the platform, in words common to all."""

    UNPAID = "unpaid"
    PAID_ON_HOLD = "paid_on_hold"  # paid, shipping forbidden for now (group buy, risk review)
    TO_SHIP = "to_ship"
    PARTLY_SHIPPED = "partly_shipped"
    SHIPPED = "shipped"
    SIGNED = "signed"
    FINISHED = "finished"
    CLOSED_UNPAID = "closed_unpaid"
    CLOSED_REFUNDED = "closed_refunded"


STATE_RANK: Final = {state: rank for rank, state in enumerate(PlatformState)}
"""Of two messages with one modified time the one further along is newer."""


LEFT: Final = frozenset({PlatformState.SHIPPED, PlatformState.SIGNED, PlatformState.FINISHED})
"""Where a line stands once the goods have left."""


class DiscountKind(StrEnum):
    """What kind of reduction it is (the words of the waterfall)."""

    LINE = "line"  # 单品优惠
    FULL_REDUCTION = "full_reduction"  # 满减
    GIFT = "gift"  # 买赠
    PRICE_PROTECTION = "price_protection"  # 价保
    FREIGHT_COUPON = "freight_coupon"  # 运费券: off the freight, never off goods
    COUPON = "coupon"  # 优惠券
    OTHER = "other"


class TenderKind(StrEnum):
    """With what an order is paid besides cash: it reduces what is still to be paid, not what the goods cost."""

    GIFT_CARD = "gift_card"  # 礼品卡
    BALANCE = "balance"  # 余额
    POINTS = "points"  # 积分


class Funder(StrEnum):
    """Who pays for a discount (出资方)."""

    SHOP = "shop"
    PLATFORM = "platform"
    INFLUENCER = "influencer"
    PAYMENT_CHANNEL = "payment_channel"
    UNKNOWN = "unknown"  # the platform's order does not say; its bill will


class LineRefund(StrEnum):
    """Whether the buyer has asked for money back on a line, at the platform."""

    NONE = "none"
    OPEN = "open"
    REFUSED = "refused"
    CLOSED = "closed"
    SUCCEEDED = "succeeded"


@frozen(kw_only=True)
class StandardDiscount:
    """A named discount of the platform. ``shares`` are its parts by line, where the platform told them."""

    name: str
    kind: DiscountKind
    funder: Funder = Funder.UNKNOWN
    line_no: str | None = None  # None: the whole order
    amount: Money
    shares: tuple[tuple[str, Money], ...] = ()


@frozen(kw_only=True)
class StandardTender:
    """What pays for a part of the order besides cash. ``shares``: its parts by line, where the platform told them."""

    name: str
    kind: TenderKind
    funder: Funder = Funder.UNKNOWN
    amount: Money
    shares: tuple[tuple[str, Money], ...] = ()


@frozen(kw_only=True)
class StandardLine:
    """A sub-order of the platform, with the amounts that the platform placed on it.

    ``unit_price × quantity + adjustment − line_discount − order_discount = payable``; freight is not in it.
    """

    line_no: str
    item_id: str = ""
    platform_sku_id: str = ""
    sku: SkuCode | None = None
    title: str
    spec: str = ""
    picture: str = ""
    quantity: Quantity
    unit_price: Money
    adjustment: Money = Money(0)  # signed: the seller changed the price by hand
    line_discount: Money = Money(0)
    order_discount: Money = Money(0)  # this line's share of the order's discounts
    payable: Money
    state: PlatformState
    refund: LineRefund = LineRefund.NONE
    is_gift: bool = False
    carrier: str = ""
    tracking_no: str = ""


@frozen(kw_only=True)
class Region:
    """Administrative division of the receiver, as the platform names it. Plain, because rules need it."""

    country: str = ""
    province: str = ""
    city: str = ""
    district: str = ""
    town: str = ""


class OrderKind(StrEnum):
    """Apart from its state, what sort of order it is (订单类型)."""

    NORMAL = "normal"
    PRESALE = "presale"  # 定金/尾款
    VIRTUAL = "virtual"  # nothing to ship
    GROUP_BUY = "group_buy"  # 拼团: sent once enough have joined
    REISSUE = "reissue"  # 补发/换货: new goods of an aftersales case, of 0 amount; the platform knows nothing of it


@frozen(kw_only=True)
class StandardOrder:
    """A platform's order in the standard form. All times are UTC, all amounts of one currency.

    ``Σ line payable + freight + services + cod_fee = payable``. ``paid`` is what the buyer has paid so far
    (a presale's deposit), 0 while unpaid.
    """

    platform: Platform
    order_no: str
    state: PlatformState
    kind: OrderKind = OrderKind.NORMAL
    cash_on_delivery: bool = False
    created_at: datetime
    modified_at: datetime
    paid_at: datetime | None = None
    shipped_at: datetime | None = None
    ended_at: datetime | None = None
    buyer_id: str = ""  # the platform's opaque id
    buyer_handle: str = ""  # OAID and the like: opaque, never compared
    region: Region = Region()
    lines: tuple[StandardLine, ...]
    discounts: tuple[StandardDiscount, ...] = ()
    tenders: tuple[StandardTender, ...] = ()  # of what is payable: the rest is cash
    freight: Money = Money(0)
    services: Money = Money(0)  # insurance, installation: in the total, not goods
    cod_fee: Money = Money(0)
    payable: Money
    paid: Money
    buyer_remark: str = ""  # runs of digits masked
    seller_remark: str = ""  # runs of digits masked
    seller_flag: int = 0
    placed_with: str = ""  # app, PC, mini program …, in the platform's words
    promised_ship_at: datetime | None = None

    @property
    def order_key(self) -> tuple[datetime, int]:
        """What orders two messages about this order: (modified, state rank)."""
        return (self.modified_at, STATE_RANK[self.state])


@frozen(kw_only=True)
class Receiver:
    """Plain personal data of who gets the parcel. Lives only between the edge and the vault."""

    name: str = field(default="", repr=False)
    mobile: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    street: str = field(default="", repr=False)
    zip: str = field(default="", repr=False)


@frozen(kw_only=True)
class Buyer:
    """Plain personal data of who ordered, with the remarks as they were written."""

    nick: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    buyer_remark: str = field(default="", repr=False)
    seller_remark: str = field(default="", repr=False)


@frozen(kw_only=True)
class PersonalData:
    """What an order holds of persons, and its raw payload, on the way to the vault."""

    receiver: Receiver = Receiver()
    buyer: Buyer = Buyer()
    raw: bytes = field(default=b"", repr=False)


@frozen(kw_only=True)
class AmountMismatch:
    """An identity of the platform's amounts that does not hold: both sums, by the rule's name.

    ``line_no`` is empty where the rule is the whole order's.
    """

    rule: str
    line_no: str = ""
    stated: Money  # what the payload says
    computed: Money  # what its other amounts add up to


@frozen(kw_only=True)
class Translation:
    """A payload in standard form. With mismatches it is kept as an exception, never dropped."""

    order: StandardOrder
    personal: PersonalData
    mismatches: tuple[AmountMismatch, ...] = ()


@frozen(kw_only=True)
class UnreadablePayload(Invalid):
    """A payload lacks what an order must have, or holds what no store can carry. ``field`` is its path.

    ``order_no`` is filled in where at least that could be read.
    """

    code: ClassVar[str] = "channels.unreadable_payload"
    why: str
    order_no: str = ""
