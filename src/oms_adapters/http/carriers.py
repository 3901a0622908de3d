"""Carriers: the list, adding one, and saying what one does now."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, JSONBody

from oms_adapters.http.auth import needs
from oms_adapters.http.bodies import Body
from oms_adapters.http.idempotency import IfMatch, version_of_edit
from oms_adapters.http.paging import Page
from oms_adapters.http.views import Given, View
from oms_app.actor import Actor
from oms_app.sourcing import PutCarrier, ReadSourcing, SourcingService
from oms_domain.catalog.sku import GoodsMark, goods_marks
from oms_domain.fulfilment.carriers import Carrier, Limits, Rate, Regions, Tariff, Transit
from oms_domain.fulfilment.promise import WorkingCalendar
from oms_domain.fulfilment.promise.calendar import EVERY_DAY
from oms_domain.fulfilment.sourcing.records import LONGEST_CARRIER_NAME, CarrierNotFound, CarrierRecord, carrier_code
from oms_domain.kernel.errors import Invalid
from oms_domain.kernel.identity import CarrierCode

# Lists and objects as defaults are copied by msgspec for each body.


class RegionsBody(Body):
    """Where somebody delivers, by beginnings of division codes; of two that match, the longer one decides."""

    served: list[str] = msgspec.field(default_factory=lambda: [""])
    but_not: list[str] = []  # noqa: RUF012

    @classmethod
    def of(cls, regions: Regions) -> RegionsBody:
        return cls(served=list(regions.served), but_not=list(regions.but_not))

    def regions(self) -> Regions:
        return Regions(served=tuple(self.served), but_not=tuple(self.but_not))


class LimitsBody(Body):
    """What one parcel may weigh and measure; left out: no limit."""

    weight_g: int | None = None
    volume_cm3: int | None = None

    @classmethod
    def of(cls, limits: Limits) -> LimitsBody:
        return cls(weight_g=limits.weight_g, volume_cm3=limits.volume_cm3)

    def limits(self) -> Limits:
        return Limits(weight_g=self.weight_g, volume_cm3=self.volume_cm3)


class RateBody(Body):
    """What a parcel costs between two divisions (首重, 续重); an empty division is everywhere."""

    first_fen: int
    first_g: int = 1000
    next_fen: int = 0
    next_g: int = 1000
    destination: str = ""
    origin: str = ""

    @classmethod
    def of(cls, rate: Rate) -> RateBody:
        return cls(
            first_fen=rate.first_fen,
            first_g=rate.first_g,
            next_fen=rate.next_fen,
            next_g=rate.next_g,
            destination=rate.destination,
            origin=rate.origin,
        )

    def rate(self) -> Rate:
        return Rate(**msgspec.structs.asdict(self))


class TariffBody(Body):
    """Rates, and how many cm³ count as one kilogram (抛重系数); 0: volume costs nothing."""

    rates: list[RateBody] = []  # noqa: RUF012
    divisor: int = 0

    @classmethod
    def of(cls, tariff: Tariff) -> TariffBody:
        return cls(rates=[RateBody.of(rate) for rate in tariff.rates], divisor=tariff.divisor)

    def tariff(self) -> Tariff:
        return Tariff(rates=tuple(rate.rate() for rate in self.rates), divisor=self.divisor)


class TransitBody(Body):
    """Days under way between two divisions (时效)."""

    days: int
    destination: str = ""
    origin: str = ""

    @classmethod
    def of(cls, transit: Transit) -> TransitBody:
        return cls(days=transit.days, destination=transit.destination, origin=transit.origin)

    def transit(self) -> Transit:
        return Transit(days=self.days, destination=self.destination, origin=self.origin)


class CalendarBody(Body):
    """Working days: weekdays from 1 Monday to 7 Sunday, days off (节假日) and worked (调休上班) against them."""

    weekly: list[int] = msgspec.field(default_factory=lambda: list(EVERY_DAY))
    closed: list[date] = []  # noqa: RUF012
    opened: list[date] = []  # noqa: RUF012

    @classmethod
    def of(cls, calendar: WorkingCalendar) -> CalendarBody:
        return cls(weekly=list(calendar.weekly), closed=list(calendar.closed), opened=list(calendar.opened))

    def calendar(self) -> WorkingCalendar:
        return WorkingCalendar(weekly=tuple(self.weekly), closed=tuple(self.closed), opened=tuple(self.opened))


class CarrierBody(Body):
    """What a carrier does now, whole. Without days under way it is not used, for nothing could be promised."""

    name: Annotated[str, msgspec.Meta(max_length=LONGEST_CARRIER_NAME)] = ""
    active: bool = True
    regions: RegionsBody = msgspec.field(default_factory=RegionsBody)
    limits: LimitsBody = msgspec.field(default_factory=LimitsBody)
    refuses: list[GoodsMark] = []  # noqa: RUF012
    tariff: TariffBody = msgspec.field(default_factory=TariffBody)
    transit: list[TransitBody] = []  # noqa: RUF012
    delivers: CalendarBody = msgspec.field(default_factory=CalendarBody)

    def carrier(self, code: CarrierCode) -> Carrier:
        return Carrier(
            code=code,
            name=self.name,
            active=self.active,
            regions=self.regions.regions(),
            limits=self.limits.limits(),
            refuses=goods_marks(self.refuses),
            tariff=self.tariff.tariff(),
            transit=tuple(each.transit() for each in self.transit),
            delivers=self.delivers.calendar(),
        )


class NewCarrierBody(CarrierBody, kw_only=True):
    """A carrier to add."""

    code: Annotated[str, msgspec.Meta(description="1 to 32 of A–Z, a–z, 0–9, ``-`` and ``_``; it never changes")]

    def new(self) -> Carrier:
        return self.carrier(carrier_code(self.code, field="code"))


class CarrierView(View):
    """A carrier as it is kept."""

    id: UUID
    code: str
    name: str
    active: bool
    regions: RegionsBody
    limits: LimitsBody
    refuses: list[str]
    tariff: TariffBody
    transit: list[TransitBody]
    delivers: CalendarBody
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, record: CarrierRecord) -> CarrierView:
        terms = record.terms
        return cls(
            id=record.id,
            code=terms.code,
            name=terms.name,
            active=terms.active,
            regions=RegionsBody.of(terms.regions),
            limits=LimitsBody.of(terms.limits),
            refuses=sorted(terms.refuses),
            tariff=TariffBody.of(terms.tariff),
            transit=[TransitBody.of(each) for each in terms.transit],
            delivers=CalendarBody.of(terms.delivers),
            created_at=record.created_at,
            updated_at=record.updated_at,
            version=record.version,
        )


def known_carrier(code: str) -> CarrierCode:
    """Return the carrier code of a path. Raises ``CarrierNotFound``."""
    try:
        return carrier_code(code)
    except Invalid:
        raise CarrierNotFound(carrier=code[:40]) from None


class CarriersController(Controller):
    """Carriers."""

    path = "/carriers"
    tags = ("Sourcing",)

    @get("/", operation_id="listCarriers", opt=needs(ReadSourcing.permission), sync_to_thread=True)
    def list_carriers(self, actor: Given[Actor], sourcing: Given[SourcingService]) -> Page[CarrierView]:
        """List the carriers, by code."""
        return Page(items=[CarrierView.of(each) for each in sourcing.carriers(ReadSourcing(by=actor))])

    @get("/{code:str}", operation_id="getCarrier", opt=needs(ReadSourcing.permission), sync_to_thread=True)
    def get_carrier(
        self, code: FromPath[str], actor: Given[Actor], sourcing: Given[SourcingService]
    ) -> Response[CarrierView]:
        """Get one carrier; its ETag is what a change sends as ``If-Match``."""
        view = CarrierView.of(sourcing.carrier(ReadSourcing(by=actor), known_carrier(code)))
        return Response(content=view, headers={"ETag": f'"{view.version}"'})

    @post("/", operation_id="addCarrier", opt=needs(PutCarrier.permission, changes=True), sync_to_thread=True)
    def add(self, data: JSONBody[NewCarrierBody], actor: Given[Actor], sourcing: Given[SourcingService]) -> CarrierView:
        """Add a carrier (新增物流公司)."""
        return CarrierView.of(sourcing.put_carrier(PutCarrier(terms=data.new(), is_new=True, by=actor)))

    @post(
        "/{code:str}",
        operation_id="changeCarrier",
        opt=needs(PutCarrier.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )
    def change(
        self,
        code: FromPath[str],
        data: JSONBody[CarrierBody],
        actor: Given[Actor],
        sourcing: Given[SourcingService],
        if_match: IfMatch = None,
    ) -> Response[CarrierView]:
        """Say what a carrier does now; the version that was read goes into ``If-Match``."""
        command = PutCarrier(
            terms=data.carrier(known_carrier(code)),
            is_new=False,
            expected_version=version_of_edit(if_match),
            by=actor,
        )
        view = CarrierView.of(sourcing.put_carrier(command))
        return Response(content=view, headers={"ETag": f'"{view.version}"'})
