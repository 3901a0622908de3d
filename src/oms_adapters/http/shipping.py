"""How a warehouse ships: whither, for whom, when, with which carriers."""

from __future__ import annotations

from datetime import datetime, time, timedelta, timezone
from typing import Annotated, Final

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, JSONBody

from oms_adapters.http.auth import needs
from oms_adapters.http.bodies import Body
from oms_adapters.http.carriers import CalendarBody, LimitsBody, RegionsBody, TariffBody
from oms_adapters.http.idempotency import IfMatch, version_of_edit
from oms_adapters.http.refusals import FieldInvalid
from oms_adapters.http.shops import KnownShops
from oms_adapters.http.views import Given, View
from oms_app.actor import Actor
from oms_app.shops import ListShops, ShopService
from oms_app.sourcing import PutShipping, ReadSourcing, SourcingService
from oms_domain.fulfilment.carriers import Contract
from oms_domain.fulfilment.promise import WorkingHours
from oms_domain.fulfilment.sourcing.records import ShippingRecord, ShippingTerms, carrier_code
from oms_domain.inventory.stock import WarehouseNotFound, warehouse_code
from oms_domain.kernel.errors import Invalid
from oms_domain.kernel.identity import ShopId, WarehouseCode
from oms_domain.kernel.time import zone_minutes

MOST_OFFSET: Final = 18 * 60
TimeOfDay = Annotated[str, msgspec.Meta(max_length=15, description="hours and minutes, such as 16:00")]


class HoursBody(Body):
    """When it works off what comes in (截单, 处理天数), in its own time: minutes ahead of UTC, 480 in China."""

    cut_off: TimeOfDay = "16:00"
    handling_days: int = 0
    ships_at: TimeOfDay = "20:00"
    calendar: CalendarBody = msgspec.field(default_factory=CalendarBody)
    offset_minutes: Annotated[int, msgspec.Meta(ge=-MOST_OFFSET, le=MOST_OFFSET)] = 480

    @classmethod
    def of(cls, hours: WorkingHours) -> HoursBody:
        return cls(
            cut_off=hours.cut_off.isoformat("auto" if hours.cut_off.second else "minutes"),
            handling_days=hours.handling_days,
            ships_at=hours.ships_at.isoformat("auto" if hours.ships_at.second else "minutes"),
            calendar=CalendarBody.of(hours.calendar),
            offset_minutes=zone_minutes(hours.zone),
        )

    def hours(self) -> WorkingHours:
        return WorkingHours(
            cut_off=_time(self.cut_off, "hours.cut_off"),
            handling_days=self.handling_days,
            ships_at=_time(self.ships_at, "hours.ships_at"),
            calendar=self.calendar.calendar(),
            zone=timezone(timedelta(minutes=self.offset_minutes)),
        )


class ContractBody(Body):
    """A contract with a carrier (物流合同). Left out: the carrier's list prices, and its limits."""

    carrier: str
    tariff: TariffBody | None = None
    limits: LimitsBody | None = None

    @classmethod
    def of(cls, contract: Contract) -> ContractBody:
        return cls(
            carrier=contract.carrier,
            tariff=TariffBody.of(contract.tariff) if contract.tariff is not None else None,
            limits=LimitsBody.of(contract.limits) if contract.limits is not None else None,
        )

    def contract(self) -> Contract:
        return Contract(
            carrier=carrier_code(self.carrier, field="contracts.carrier"),
            tariff=self.tariff.tariff() if self.tariff is not None else None,
            limits=self.limits.limits() if self.limits is not None else None,
        )


class ShippingBody(Body):
    """How a warehouse ships, whole. ``shops``: codes of those whose orders it ships; empty: every shop's."""

    division: Annotated[str, msgspec.Meta(description="code of the division where it stands, such as 310115")] = ""
    regions: RegionsBody = msgspec.field(default_factory=RegionsBody)
    shops: list[str] = []  # noqa: RUF012  (copied by msgspec)
    hours: HoursBody = msgspec.field(default_factory=HoursBody)
    contracts: list[ContractBody] = []  # noqa: RUF012

    def terms(self, shops: frozenset[ShopId]) -> ShippingTerms:
        return ShippingTerms(
            division=self.division,
            regions=self.regions.regions(),
            shops=shops,
            hours=self.hours.hours(),
            contracts=tuple(each.contract() for each in self.contracts),
        )


class ShippingView(View):
    """How a warehouse ships; version 0 where nobody has said it. A shop that the key does not see has no code here."""

    warehouse: str
    division: str
    regions: RegionsBody
    shops: list[str]
    hours: HoursBody
    contracts: list[ContractBody]
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, record: ShippingRecord, codes: dict[ShopId, str]) -> ShippingView:
        terms = record.terms
        return cls(
            warehouse=record.warehouse,
            division=terms.division,
            regions=RegionsBody.of(terms.regions),
            shops=sorted(codes[shop] for shop in terms.shops if shop in codes),
            hours=HoursBody.of(terms.hours),
            contracts=[ContractBody.of(each) for each in terms.contracts],
            updated_at=record.updated_at,
            version=record.version,
        )


def _time(text: str, field: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise FieldInvalid(field=field, why="must be hours and minutes, such as 16:00") from None


class ShippingController(Controller):
    """How warehouses ship."""

    path = "/warehouses"
    tags = ("Sourcing",)

    @get("/{code:str}/shipping", operation_id="getShipping", opt=needs(ReadSourcing.permission), sync_to_thread=True)
    def shipping(
        self, code: FromPath[str], actor: Given[Actor], sourcing: Given[SourcingService], shops: Given[ShopService]
    ) -> Response[ShippingView]:
        """Show how a warehouse ships; its ETag is what a change sends as ``If-Match``."""
        record = sourcing.shipping(ReadSourcing(by=actor), _known(code))
        return _answer(record, actor, shops)

    @post(
        "/{code:str}/shipping",
        operation_id="putShipping",
        opt=needs(PutShipping.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )
    def put(
        self,
        code: FromPath[str],
        data: JSONBody[ShippingBody],
        actor: Given[Actor],
        sourcing: Given[SourcingService],
        shops: Given[ShopService],
        known_shops: Given[KnownShops],
        if_match: IfMatch = None,
    ) -> Response[ShippingView]:
        """Say how a warehouse ships (发货设置); the version that was read goes into ``If-Match``."""
        command = PutShipping(
            warehouse=_known(code),
            terms=data.terms(frozenset(known_shops.of(shop, actor).id for shop in data.shops)),
            expected_version=version_of_edit(if_match),
            by=actor,
        )
        return _answer(sourcing.put_shipping(command), actor, shops)


def _known(code: str) -> WarehouseCode:
    try:
        return warehouse_code(code)
    except Invalid:
        raise WarehouseNotFound(warehouse=code[:40]) from None


def _answer(record: ShippingRecord, actor: Actor, shops: ShopService) -> Response[ShippingView]:
    view = ShippingView.of(record, shop_codes(record.terms, actor, shops))
    return Response(content=view, headers={"ETag": f'"{view.version}"'})


def shop_codes(terms: ShippingTerms, actor: Actor, shops: ShopService) -> dict[ShopId, str]:
    """Return the codes of the shops of a warehouse; none are asked for where it serves every shop."""
    if not terms.shops or not actor.may(ListShops.permission):
        return {}
    return {shop.id: shop.code for shop in shops.all(ListShops(by=actor))}
