"""What people keep for sourcing, as versioned documents: carriers, how each warehouse ships, named strategies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Final, NewType
from uuid import UUID

import attrs
from attrs import evolve, field, frozen

from oms_domain.fulfilment.carriers.carrier import Carrier, Contract
from oms_domain.fulfilment.carriers.regions import Regions, division
from oms_domain.fulfilment.promise.promise import WorkingHours
from oms_domain.fulfilment.sourcing.demand import Holding, InvalidPlaces, SourcePlace, set_of_shops
from oms_domain.fulfilment.sourcing.distance import Point
from oms_domain.fulfilment.sourcing.form import LONGEST_NAME
from oms_domain.fulfilment.sourcing.strategy import Strategy
from oms_domain.inventory.warehouses import Warehouse
from oms_domain.kernel.change import Change, Event
from oms_domain.kernel.errors import Invalid, NotFound, Refused
from oms_domain.kernel.identity import CarrierCode, ShopId, SkuCode, WarehouseCode
from oms_domain.kernel.text import checked_text

CarrierId = NewType("CarrierId", UUID)
ShippingId = NewType("ShippingId", UUID)
StrategyId = NewType("StrategyId", UUID)

LONGEST_CARRIER_NAME: Final = 100
MOST_SHOPS: Final = 1_000

_CODE: Final = re.compile(r"[A-Za-z0-9_\-]{1,32}", re.ASCII)


@frozen(kw_only=True)
class InvalidCarrierCode(Invalid):
    """A carrier's code is 1 to 32 characters of A–Z, a–z, 0–9, ``-`` and ``_``."""

    code: ClassVar[str] = "carriers.invalid_code"
    value: str


@frozen(kw_only=True)
class CarrierNotFound(NotFound):
    """No such carrier."""

    code: ClassVar[str] = "carriers.not_found"
    carrier: str


@frozen(kw_only=True)
class CarrierCodeTaken(Refused):
    """There is a carrier with this code already."""

    code: ClassVar[str] = "carriers.code_taken"
    value: str


@frozen(kw_only=True)
class UnknownCarrier(Invalid):
    """The field names a carrier that there is not."""

    code: ClassVar[str] = "carriers.unknown_carrier"
    value: str


@frozen(kw_only=True)
class StrategyNotFound(NotFound):
    """No strategy has this name."""

    code: ClassVar[str] = "sourcing.strategy_not_found"
    strategy: str


@frozen(kw_only=True)
class StrategyNameTaken(Refused):
    """There is a strategy with this name already."""

    code: ClassVar[str] = "sourcing.strategy_name_taken"
    value: str


@frozen(kw_only=True)
class UnknownStrategy(Invalid):
    """The field names a strategy that there is not."""

    code: ClassVar[str] = "sourcing.unknown_strategy"
    value: str


@frozen(kw_only=True)
class CarrierPut(Event):
    """A carrier is as it is said to be from now on. ``what`` lists what is different; of a new one what is said."""

    type: ClassVar[str] = "fulfilment.carrier_put"
    carrier_id: CarrierId
    carrier: CarrierCode
    what: tuple[str, ...]

    @property
    def stream(self) -> UUID:
        return self.carrier_id


@frozen(kw_only=True)
class ShippingPut(Event):
    """A warehouse ships otherwise from now on. ``what`` lists what is different."""

    type: ClassVar[str] = "fulfilment.shipping_put"
    shipping_id: ShippingId
    warehouse: WarehouseCode
    what: tuple[str, ...]

    @property
    def stream(self) -> UUID:
        return self.shipping_id


@frozen(kw_only=True)
class StrategyPut(Event):
    """A sourcing strategy is another from now on. ``what`` lists what is different."""

    type: ClassVar[str] = "fulfilment.strategy_put"
    strategy_id: StrategyId
    strategy: str
    what: tuple[str, ...]

    @property
    def stream(self) -> UUID:
        return self.strategy_id


def carrier_code(text: str, *, field: str = "carrier") -> CarrierCode:
    """Check a raw carrier code.

    Raises:
        InvalidCarrierCode
    """
    if not isinstance(text, str) or not _CODE.fullmatch(text):
        raise InvalidCarrierCode(field=field, value=str(text)[:40])
    return CarrierCode(text)


@frozen(kw_only=True)
class CarrierRecord:
    """A carrier (物流公司) as it is kept; its code never changes."""

    id: CarrierId
    terms: Carrier
    created_at: datetime
    updated_at: datetime
    version: int = field(default=0)

    def put(self, terms: Carrier, *, at: datetime) -> Change[CarrierRecord]:
        """Let ``terms`` stand from now on. Equal to what stands: nothing happens."""
        carrier_code(terms.code, field="code")
        checked_text(terms.name, field="name", longest=LONGEST_CARRIER_NAME)
        what = _what(self.version, self.terms, terms)
        if not what:
            return Change(self)
        event = CarrierPut(carrier_id=self.id, carrier=terms.code, what=what, at=at)
        return Change(evolve(self, terms=terms, updated_at=at), (event,))


def _a_division(_terms: Any, attribute: Any, code: str) -> None:
    division(code, field=attribute.name)


@frozen(kw_only=True)
class ShippingTerms:
    """How a warehouse ships (发货设置).

    Args:
        division: the code of the division where it stands; tariffs and transit days begin there.
        regions: where it ships to.
        shops: whose orders it ships; empty: every shop's.
        hours: cut-off, handling and calendar.
        contracts: the carriers that it can ship with.
    """

    division: str = field(default="", validator=_a_division)
    regions: Regions = Regions()
    shops: frozenset[ShopId] = field(default=frozenset(), converter=set_of_shops)
    hours: WorkingHours = WorkingHours()
    contracts: tuple[Contract, ...] = ()

    def __attrs_post_init__(self) -> None:
        if len({each.carrier for each in self.contracts}) < len(self.contracts):
            raise InvalidPlaces(field="contracts", why="there are two with one carrier")
        if len(self.shops) > MOST_SHOPS:
            raise InvalidPlaces(field="shops", why=f"there are more than {MOST_SHOPS:,}")


@frozen(kw_only=True)
class ShippingRecord:
    """How one warehouse ships, as it is kept."""

    id: ShippingId
    warehouse: WarehouseCode
    terms: ShippingTerms = ShippingTerms()
    created_at: datetime
    updated_at: datetime
    version: int = field(default=0)

    def put(self, terms: ShippingTerms, *, at: datetime) -> Change[ShippingRecord]:
        """Let ``terms`` stand from now on. Equal to what stands: nothing happens."""
        what = _what(self.version, self.terms, terms)
        if not what:
            return Change(self)
        event = ShippingPut(shipping_id=self.id, warehouse=self.warehouse, what=what, at=at)
        return Change(evolve(self, terms=terms, updated_at=at), (event,))


@frozen(kw_only=True)
class StrategyRecord:
    """A named strategy, as it is kept; its name never changes. A plan names the version that it was made by."""

    id: StrategyId
    terms: Strategy
    created_at: datetime
    updated_at: datetime
    version: int = field(default=0)

    def put(self, terms: Strategy, *, at: datetime) -> Change[StrategyRecord]:
        """Let ``terms`` stand from now on. Equal to what stands: nothing happens."""
        checked_text(terms.name, field="name", longest=LONGEST_NAME, allow_empty=False)
        what = _what(self.version, self.terms, terms)
        if not what:
            return Change(self)
        event = StrategyPut(strategy_id=self.id, strategy=terms.name, what=what, at=at)
        return Change(evolve(self, terms=terms, updated_at=at), (event,))


def _what(version: int, before: Any, after: Any) -> tuple[str, ...]:
    """Return the fields that differ; of what was never stored all that are said."""
    names = [attribute.name for attribute in attrs.fields(type(after))]
    return tuple(name for name in names if not version or getattr(before, name) != getattr(after, name))


def place_of(warehouse: Warehouse, terms: ShippingTerms, stock: Mapping[SkuCode, int]) -> SourcePlace:
    """Return a warehouse as sourcing sees it: its kind is its tier, ``stock`` what it may still promise."""
    lat, lon = warehouse.place.latitude_e6, warehouse.place.longitude_e6
    return SourcePlace(
        code=warehouse.code,
        tier=warehouse.kind,
        active=warehouse.active,
        regions=terms.regions,
        shops=terms.shops,
        division=terms.division,
        point=Point(lat, lon) if lat is not None and lon is not None else None,
        holdings=tuple(Holding(sku=sku, units=units) for sku, units in sorted(stock.items())),
        contracts=terms.contracts,
        hours=terms.hours,
    )


def unknown_carriers(terms: ShippingTerms, known: Iterable[CarrierCode]) -> tuple[CarrierCode, ...]:
    """Return the carriers of contracts that nobody keeps."""
    return tuple(sorted({each.carrier for each in terms.contracts} - set(known)))
