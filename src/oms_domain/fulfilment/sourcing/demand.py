"""What has to be sourced (需求), and the places that it may come from (候选仓)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import tzinfo
from typing import Any, ClassVar, Final

from attrs import field, frozen

from oms_domain.catalog.sku import GoodsMark, goods_marks
from oms_domain.fulfilment.carriers.carrier import Contract
from oms_domain.fulfilment.carriers.choose import Wishes
from oms_domain.fulfilment.carriers.packing import CarriedGoods
from oms_domain.fulfilment.carriers.regions import Regions, division
from oms_domain.fulfilment.promise.promise import WorkingHours
from oms_domain.fulfilment.sourcing.distance import Point
from oms_domain.kernel.errors import Invalid
from oms_domain.kernel.identity import LineId, ShopId, SkuCode, WarehouseCode
from oms_domain.kernel.quantity import LARGEST_QUANTITY
from oms_domain.kernel.time import CHINA

MOST_LINES: Final = 1_000
MOST_PLACES: Final = 1_000
LARGEST_UNIT: Final = 10**8


@frozen(kw_only=True)
class InvalidDemand(Invalid):
    """What cannot be sourced because it is no demand: ``why`` says what is wrong with ``field``."""

    code: ClassVar[str] = "sourcing.invalid_demand"
    why: str


@frozen(kw_only=True)
class InvalidPlaces(Invalid):
    """Candidates that contradict each other: ``why`` says how."""

    code: ClassVar[str] = "sourcing.invalid_places"
    why: str


def _within(least: int, most: int, refusal: type[InvalidDemand | InvalidPlaces]) -> Any:
    def check(_value: Any, attribute: Any, number: int) -> None:
        if type(number) is not int or not least <= number <= most:
            raise refusal(field=attribute.name, why=f"must be a whole number from {least:,} to {most:,}")

    return check


@frozen(kw_only=True)
class DemandLine:
    """Units of one order line. Weight and volume are those of one unit; one SKU may stand on several lines."""

    id: LineId
    sku: SkuCode
    quantity: int = field(validator=_within(1, LARGEST_QUANTITY, InvalidDemand))
    weight_g: int = field(default=0, validator=_within(0, LARGEST_UNIT, InvalidDemand))
    volume_cm3: int = field(default=0, validator=_within(0, LARGEST_UNIT, InvalidDemand))
    marks: frozenset[GoodsMark] = field(default=frozenset(), converter=goods_marks)

    def goods(self, units: int) -> CarriedGoods:
        """Return some of its units as a carrier sees them."""
        return CarriedGoods(units=units, weight_g=self.weight_g, volume_cm3=self.volume_cm3, marks=self.marks)


def _a_division(_value: Any, attribute: Any, code: str) -> None:
    division(code, field=attribute.name)


@frozen(kw_only=True)
class Destination:
    """Where it goes: the smallest division that is known, and the point if it is."""

    division: str = field(validator=_a_division)
    point: Point | None = None


@frozen(kw_only=True)
class Demand:
    """Everything about an order that sourcing looks at.

    Args:
        place: chosen by hand (手动指定仓). Binding, unless the strategy has the rule ``manual``, which prefers it.
        wishes: carriers that the shop prefers and the platform allows.
        zone: the shop's; days until arrival are counted from the day that it is there.
    """

    lines: tuple[DemandLine, ...]
    destination: Destination
    shop: ShopId
    place: WarehouseCode | None = None
    wishes: Wishes = Wishes()
    zone: tzinfo = CHINA

    def __attrs_post_init__(self) -> None:
        if not 1 <= len(self.lines) <= MOST_LINES:
            raise InvalidDemand(field="lines", why=f"there must be 1 to {MOST_LINES:,}")
        if len({line.id for line in self.lines}) < len(self.lines):
            raise InvalidDemand(field="lines", why="two have the same id")

    @property
    def by_sku(self) -> dict[SkuCode, int]:
        """Units by SKU, in their order."""
        sums: dict[SkuCode, int] = {}
        for line in sorted(self.lines, key=lambda line: line.sku):
            sums[line.sku] = sums.get(line.sku, 0) + line.quantity
        return sums


@frozen(kw_only=True)
class Holding:
    """Units of a SKU that a place may still promise (可售)."""

    sku: SkuCode
    units: int = field(validator=_within(0, 10**12, InvalidPlaces))


def set_of_shops(ids: Iterable[ShopId]) -> frozenset[ShopId]:
    """Return the shops, each once."""
    return frozenset(ids)


@frozen(kw_only=True)
class SourcePlace:
    """A warehouse or store that ships.

    Args:
        tier: what kind of place it is, in the merchant's own words, such as ``fdc``, ``rdc``, ``store``.
        regions: where it ships to.
        shops: whose orders it ships; empty: every shop's. One that names shops is these shops' own (自有仓).
        division: where it stands; tariffs and transit days begin there.
        contracts: the carriers that it can ship with.
    """

    code: WarehouseCode
    tier: str = ""
    active: bool = True
    regions: Regions = Regions()
    shops: frozenset[ShopId] = field(default=frozenset(), converter=set_of_shops)
    division: str = field(default="", validator=_a_division)
    point: Point | None = None
    holdings: tuple[Holding, ...] = ()
    contracts: tuple[Contract, ...] = ()
    hours: WorkingHours = WorkingHours()

    def __attrs_post_init__(self) -> None:
        if len({each.sku for each in self.holdings}) < len(self.holdings):
            raise InvalidPlaces(field="holdings", why=f"{self.code} holds one SKU twice")
        if len({each.carrier for each in self.contracts}) < len(self.contracts):
            raise InvalidPlaces(field="contracts", why=f"{self.code} has two contracts with one carrier")

    @property
    def stock(self) -> dict[SkuCode, int]:
        """Units by SKU."""
        return {each.sku: each.units for each in self.holdings}


def checked_places(places: tuple[SourcePlace, ...]) -> tuple[SourcePlace, ...]:
    """Return the places by code, so that nothing depends on the order in which they come.

    Raises:
        InvalidPlaces: two have one code, or there are too many.
    """
    if len(places) > MOST_PLACES:
        raise InvalidPlaces(field="places", why=f"there are more than {MOST_PLACES:,}")
    if len({place.code for place in places}) < len(places):
        raise InvalidPlaces(field="places", why="two have the same code")
    return tuple(sorted(places, key=lambda place: place.code))
