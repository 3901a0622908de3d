"""A shop on a platform, with its policies."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final
from uuid import UUID

from attrs import evolve, field, frozen

from oms_domain.kernel.change import Change, Event
from oms_domain.kernel.errors import Invalid, NotFound, Refused
from oms_domain.kernel.identity import CarrierCode, ShopId, WarehouseCode
from oms_domain.kernel.money import Money
from oms_domain.kernel.text import checked_text

UNPAID_MINUTES: Final = 30
MOST_UNPAID_MINUTES: Final = 60 * 24 * 60
MOST_COMPLETE_DAYS: Final = 365
_CODE: Final = re.compile(r"[a-z0-9][a-z0-9\-]{0,31}", re.ASCII)


class Authorisation(StrEnum):
    """Whether we may call the platform for the shop (授权状态)."""

    NONE = "none"  # orders come by file or API only
    VALID = "valid"
    EXPIRED = "expired"


class CataloguePolicy(StrEnum):
    """What becomes of a merchant's code at the platform that our catalogue does not have."""

    OPEN = "open"  # it is taken for a SKU of its own, and put into the catalogue
    STRICT = "strict"  # the order waits until a person has said what it is


@frozen(kw_only=True)
class ShopPolicy:
    """How the shop works (店铺策略). Everything automatic is off by default."""

    warehouse: WarehouseCode = WarehouseCode("MAIN")
    auto_review: bool = False
    auto_review_up_to: Money | None = None  # None: no limit
    business_review: bool = False
    auto_release: bool = False
    # How amounts that the platform left open are shared (分摊策略): oms_domain.orders.placement.policy_of reads it.
    apportionment_rule: str = "largest_remainder"
    apportionment_quantum: int = 1
    apportionment_order: tuple[str, ...] = ()  # the kinds of discounts and tenders; empty: the usual order
    gift_value: str = "free"
    catalogue: CataloguePolicy = CataloguePolicy.OPEN  # as shops worked before there was one; new ones are strict
    sign_by_carrier: bool = False  # the carrier's word that every parcel was signed for signs the order
    cancelled_as_closed: bool = False  # buyers see what was cancelled as closed (交易关闭)
    # After how long an order is cancelled that nobody pays (超时未付款). None: 30 minutes where we took it ourselves,
    # and as long as the platform lets it where it is the platform's; 0: never.
    unpaid_minutes: int | None = None
    complete_days: int = 10  # after so many days a signed order is settled (自动确认收货)
    strategy: str = ""  # that says where its orders ship from (寻源策略); empty: from ``warehouse`` alone
    carriers: tuple[CarrierCode, ...] = ()  # that it prefers, the first most
    carriers_allowed: tuple[CarrierCode, ...] = ()  # by its platform; empty: all
    # What is split before it is allocated (拆单策略): oms_domain.split_merge.plan.rules_of reads it. None: no limit.
    auto_split: bool = False
    split_triggers: tuple[str, ...] = ("seller", "delivery")
    split_weight_g: int | None = None
    split_volume_cm3: int | None = None
    split_customs_fen: int | None = 500_000
    split_lines: int | None = None
    split_units: int | None = None
    tags: tuple[str, ...] = ()  # that its orders may have (标签)
    auto_merge: bool = False  # orders of one buyer to one address, once the oldest has waited for the window
    merge_window_min: int = 15  # minutes from payment (合单窗口)
    merge_weight_g: int | None = None  # that a merged order may have by its catalogue (合单重量上限); None: any

    def unpaid_minutes_of(self, *, of_platform: bool) -> int:
        """Return how many minutes an order may stay unpaid, 0: without end."""
        if self.unpaid_minutes is not None:
            return self.unpaid_minutes
        return 0 if of_platform else UNPAID_MINUTES


@frozen(kw_only=True)
class InvalidShopCode(Invalid):
    """1 to 32 characters of a–z, 0–9 and ``-``, not beginning with ``-``."""

    code: ClassVar[str] = "shops.invalid_code"
    value: str


@frozen(kw_only=True)
class ShopNotFound(NotFound):
    """No such shop, or it is not the caller's."""

    code: ClassVar[str] = "shops.not_found"
    shop: str


@frozen(kw_only=True)
class ShopCodeTaken(Refused):
    """Another shop has this code."""

    code: ClassVar[str] = "shops.code_taken"
    value: str


@frozen(kw_only=True)
class ShopEvent(Event):
    """A fact about a shop."""

    shop_id: ShopId

    @property
    def stream(self) -> UUID:
        return self.shop_id


@frozen(kw_only=True)
class ShopAdded(ShopEvent):
    type: ClassVar[str] = "shops.shop_added"
    shop: str
    platform: str


@frozen(kw_only=True)
class ShopPolicyChanged(ShopEvent):
    type: ClassVar[str] = "shops.policy_changed"


@frozen(kw_only=True)
class AuthorisationChanged(ShopEvent):
    type: ClassVar[str] = "shops.authorisation_changed"
    authorisation: Authorisation


@frozen(kw_only=True)
class Shop:
    """A shop (店铺). ``code`` is what people and URLs call it."""

    id: ShopId
    code: str
    name: str
    platform: str
    authorisation: Authorisation = Authorisation.NONE
    policy: ShopPolicy = ShopPolicy()
    created_at: datetime
    updated_at: datetime
    version: int = field(default=0)

    def added(self, *, at: datetime) -> Change[Shop]:
        """Return the new shop with the fact that it was added."""
        return Change(self, (ShopAdded(shop_id=self.id, shop=self.code, platform=self.platform, at=at),))

    def authorised(self, authorisation: Authorisation, *, at: datetime) -> Change[Shop]:
        """Note that the platform lets us in, or no longer."""
        if authorisation is self.authorisation:
            return Change(self)
        event = AuthorisationChanged(shop_id=self.id, authorisation=authorisation, at=at)
        return Change(evolve(self, authorisation=authorisation, updated_at=at), (event,))

    def with_policy(self, policy: ShopPolicy, *, at: datetime) -> Change[Shop]:
        """Work by another policy from now on."""
        if policy == self.policy:
            return Change(self)
        return Change(evolve(self, policy=policy, updated_at=at), (ShopPolicyChanged(shop_id=self.id, at=at),))


def shop_code(text: str, *, field: str = "code") -> str:
    """Check a raw shop code.

    >>> shop_code("tb-1")
    'tb-1'
    """
    if not _CODE.fullmatch(text):
        raise InvalidShopCode(field=field, value=text[:40])
    return text


def shop_name(text: str, *, field: str = "name") -> str:
    """Check a raw shop name: 1 to 100 characters."""
    return checked_text(text, field=field, longest=100, allow_empty=False)
