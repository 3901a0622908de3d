"""Shops: the list, taking one on, and finding the one that a path names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

import msgspec
from attrs import define, evolve, field
from litestar import Controller, Response, get, post
from litestar.params import FromPath, JSONBody

from oms_adapters.http.auth import needs
from oms_adapters.http.bodies import Body
from oms_adapters.http.idempotency import IfMatch, version_of_edit
from oms_adapters.http.paging import Page
from oms_adapters.http.views import Given, MoneyView, View
from oms_app.actor import Actor, Permission
from oms_app.shops import AddShop, ChangePolicy, FindShop, ListShops, ShopService
from oms_domain.channels.standard import Platform
from oms_domain.fulfilment.sourcing.records import carrier_code
from oms_domain.kernel.errors import Invalid
from oms_domain.kernel.identity import ShopId, WarehouseCode
from oms_domain.kernel.money import LARGEST_FEN, Money
from oms_domain.kernel.text import checked_text
from oms_domain.shops.shop import (
    MOST_COMPLETE_DAYS,
    MOST_UNPAID_MINUTES,
    CataloguePolicy,
    Shop,
    ShopNotFound,
    ShopPolicy,
    shop_code,
    shop_name,
)

LARGEST_CODE: Final = 64
LARGEST_QUANTUM: Final = 10**6
LARGEST_LIMIT: Final = 10**9
MOST_MINUTES: Final = 1440
MOST_TAGS: Final = 200
LONGEST_TAG: Final = 40


class MoneyBody(Body):
    """An amount in minor units."""

    fen: Annotated[int, msgspec.Meta(ge=0, le=LARGEST_FEN)]
    currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")] = "CNY"

    def money(self) -> Money:
        return Money(self.fen, self.currency)


class PolicyBody(Body):
    """How the shop works. Everything automatic is off unless it is said."""

    warehouse: Annotated[str, msgspec.Meta(min_length=1, max_length=LARGEST_CODE)] = "MAIN"
    auto_review: bool = False
    auto_review_up_to: MoneyBody | None = None
    business_review: bool = False
    auto_release: bool = False
    catalogue: Annotated[
        CataloguePolicy, msgspec.Meta(description="what becomes of a merchant's code that the catalogue does not have")
    ] = CataloguePolicy.STRICT
    apportionment_rule: Annotated[str, msgspec.Meta(description="how amounts are shared that nobody placed")] = (
        "largest_remainder"
    )
    apportionment_quantum: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_QUANTUM)] = 1
    apportionment_order: list[str] = []  # noqa: RUF012  (copied by msgspec)
    gift_value: str = "free"
    sign_by_carrier: bool = False
    cancelled_as_closed: Annotated[bool, msgspec.Meta(description="buyers see what was cancelled as closed")] = False
    unpaid_minutes: (
        Annotated[
            int,
            msgspec.Meta(
                ge=0,
                le=MOST_UNPAID_MINUTES,
                description="an unpaid order is cancelled after so long; 0: never; null: 30 where we took it ourselves",
            ),
        ]
        | None
    ) = None
    complete_days: Annotated[
        int, msgspec.Meta(ge=1, le=MOST_COMPLETE_DAYS, description="a signed order is settled after so many days")
    ] = 10
    strategy: Annotated[
        str,
        msgspec.Meta(max_length=LARGEST_CODE, description="that says where its orders ship from; empty: `warehouse`"),
    ] = ""
    carriers: Annotated[list[str], msgspec.Meta(description="that it prefers, the first most")] = []  # noqa: RUF012
    carriers_allowed: Annotated[list[str], msgspec.Meta(description="by its platform; empty: all")] = []  # noqa: RUF012

    auto_split: bool = False
    split_triggers: Annotated[list[str], msgspec.Meta(description="by what orders are taken apart")] = msgspec.field(
        default_factory=lambda: list(ShopPolicy().split_triggers)
    )
    split_weight_g: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_LIMIT)] | None = None
    split_volume_cm3: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_LIMIT)] | None = None
    split_customs_fen: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_LIMIT)] | None = 500_000
    split_lines: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_LIMIT)] | None = None
    split_units: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_LIMIT)] | None = None
    tags: Annotated[list[str], msgspec.Meta(description="that its orders may have", max_length=MOST_TAGS)] = []  # noqa: RUF012
    auto_merge: bool = False
    merge_window_min: Annotated[int, msgspec.Meta(ge=0, le=MOST_MINUTES, description="minutes from payment")] = 15
    merge_weight_g: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_LIMIT)] | None = None

    def policy(self) -> ShopPolicy:
        return ShopPolicy(
            warehouse=WarehouseCode(
                checked_text(self.warehouse, field="policy.warehouse", longest=LARGEST_CODE, allow_empty=False)
            ),
            auto_review=self.auto_review,
            auto_review_up_to=self.auto_review_up_to.money() if self.auto_review_up_to else None,
            business_review=self.business_review,
            auto_release=self.auto_release,
            catalogue=self.catalogue,
            apportionment_rule=self.apportionment_rule,
            apportionment_quantum=self.apportionment_quantum,
            apportionment_order=tuple(self.apportionment_order),
            gift_value=self.gift_value,
            sign_by_carrier=self.sign_by_carrier,
            cancelled_as_closed=self.cancelled_as_closed,
            unpaid_minutes=self.unpaid_minutes,
            complete_days=self.complete_days,
            strategy=checked_text(self.strategy, field="policy.strategy", longest=LARGEST_CODE),
            carriers=tuple(carrier_code(code, field="policy.carriers") for code in self.carriers),
            carriers_allowed=tuple(
                carrier_code(code, field="policy.carriers_allowed") for code in self.carriers_allowed
            ),
            auto_split=self.auto_split,
            split_triggers=tuple(self.split_triggers),
            split_weight_g=self.split_weight_g,
            split_volume_cm3=self.split_volume_cm3,
            split_customs_fen=self.split_customs_fen,
            split_lines=self.split_lines,
            split_units=self.split_units,
            tags=tuple(
                checked_text(tag, field="policy.tags", longest=LONGEST_TAG, allow_empty=False) for tag in self.tags
            ),
            auto_merge=self.auto_merge,
            merge_window_min=self.merge_window_min,
            merge_weight_g=self.merge_weight_g,
        )


def _tag(text: str) -> str:
    return checked_text(text, field="policy.tags", longest=LONGEST_TAG, allow_empty=False)


class ShopBody(Body):
    """A shop to take on. Its account at the platform is given to it apart from this."""

    code: Annotated[str, msgspec.Meta(description="1 to 32 of a–z, 0–9 and ``-``: its name in addresses")]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    platform: Platform
    policy: PolicyBody = msgspec.field(default_factory=PolicyBody)


class PolicyView(View):
    """How the shop works."""

    warehouse: str
    auto_review: bool
    auto_review_up_to: MoneyView | None
    business_review: bool
    auto_release: bool
    catalogue: str
    apportionment_rule: str
    apportionment_quantum: int
    apportionment_order: list[str]
    gift_value: str
    sign_by_carrier: bool
    cancelled_as_closed: bool
    unpaid_minutes: int | None
    complete_days: int
    strategy: str
    carriers: list[str]
    carriers_allowed: list[str]
    auto_split: bool
    split_triggers: list[str]
    split_weight_g: int | None
    split_volume_cm3: int | None
    split_customs_fen: int | None
    split_lines: int | None
    split_units: int | None
    tags: list[str]
    auto_merge: bool
    merge_window_min: int
    merge_weight_g: int | None

    @classmethod
    def of(cls, policy: ShopPolicy) -> PolicyView:
        return cls(
            warehouse=policy.warehouse,
            auto_review=policy.auto_review,
            auto_review_up_to=MoneyView.maybe(policy.auto_review_up_to),
            business_review=policy.business_review,
            auto_release=policy.auto_release,
            catalogue=policy.catalogue,
            apportionment_rule=policy.apportionment_rule,
            apportionment_quantum=policy.apportionment_quantum,
            apportionment_order=list(policy.apportionment_order),
            gift_value=policy.gift_value,
            sign_by_carrier=policy.sign_by_carrier,
            cancelled_as_closed=policy.cancelled_as_closed,
            unpaid_minutes=policy.unpaid_minutes,
            complete_days=policy.complete_days,
            strategy=policy.strategy,
            carriers=list(policy.carriers),
            carriers_allowed=list(policy.carriers_allowed),
            auto_split=policy.auto_split,
            split_triggers=list(policy.split_triggers),
            split_weight_g=policy.split_weight_g,
            split_volume_cm3=policy.split_volume_cm3,
            split_customs_fen=policy.split_customs_fen,
            split_lines=policy.split_lines,
            split_units=policy.split_units,
            tags=list(policy.tags),
            auto_merge=policy.auto_merge,
            merge_window_min=policy.merge_window_min,
            merge_weight_g=policy.merge_weight_g,
        )


class ShopView(View):
    """A shop."""

    id: UUID
    code: str
    name: str
    platform: str
    authorisation: str
    policy: PolicyView
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, shop: Shop) -> ShopView:
        return cls(
            id=shop.id,
            code=shop.code,
            name=shop.name,
            platform=shop.platform,
            authorisation=shop.authorisation,
            policy=PolicyView.of(shop.policy),
            created_at=shop.created_at,
            updated_at=shop.updated_at,
            version=shop.version,
        )


@define
class KnownShops:
    """Shops by code, asked for once: what a shop is called and on which platform it is never changes."""

    shops: Callable[[], ShopService]
    _known: dict[str, tuple[ShopId, Platform]] = field(factory=dict)

    def of(self, code: str, actor: Actor) -> KnownShop:
        """Raises ``ShopNotFound``, for another's shop as for one that is not there."""
        if code not in self._known:
            self._known[code] = self._asked(code, actor)
        shop_id, platform = self._known[code]
        if not actor.sees(shop_id):
            raise ShopNotFound(shop=code)
        return KnownShop(shop_id, platform)

    def _asked(self, code: str, actor: Actor) -> tuple[ShopId, Platform]:
        try:
            shop_code(code)
        except Invalid:
            raise ShopNotFound(shop=code) from None
        # To name a shop is not to read its orders: whoever may send orders may name the shop they are for.
        by = evolve(actor, permissions=actor.permissions | {FindShop.permission}, once=None)
        shop = self.shops().find(FindShop(code=code, by=by))
        return shop.id, Platform(shop.platform)


@define
class KnownShop:
    """What a path's shop code stands for."""

    id: ShopId
    platform: Platform


class ShopsController(Controller):
    """Shops."""

    path = "/shops"
    tags = ("Shops",)

    @get("/", operation_id="listShops", opt=needs(ListShops.permission), sync_to_thread=True)
    def list_shops(self, actor: Given[Actor], shops: Given[ShopService]) -> Page[ShopView]:
        """List the shops that the key sees."""
        return Page(items=[ShopView.of(shop) for shop in shops.all(ListShops(by=actor))])

    @post("/", operation_id="addShop", opt=needs(Permission.ADMIN, changes=True), sync_to_thread=True)
    def add(self, data: JSONBody[ShopBody], actor: Given[Actor], shops: Given[ShopService]) -> ShopView:
        """Take a shop on (新增店铺)."""
        command = AddShop(
            code=shop_code(data.code),
            name=shop_name(data.name),
            platform=data.platform,
            policy=data.policy.policy(),
            by=actor,
        )
        return ShopView.of(shops.add(command))

    @post(
        "/{code:str}/policy",
        operation_id="changeShopPolicy",
        opt=needs(ChangePolicy.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )
    def change_policy(
        self,
        code: FromPath[str],
        data: JSONBody[PolicyBody],
        actor: Given[Actor],
        shops: Given[ShopService],
        known_shops: Given[KnownShops],
        if_match: IfMatch = None,
    ) -> Response[ShopView]:
        """Say how a shop works, whole; the version that was read goes into ``If-Match``."""
        command = ChangePolicy(
            shop_id=known_shops.of(code, actor).id,
            policy=data.policy(),
            expected_version=version_of_edit(if_match),
            by=actor,
        )
        view = ShopView.of(shops.change_policy(command))
        return Response(content=view, headers={"ETag": f'"{view.version}"'})
