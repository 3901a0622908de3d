"""Orders to source, places and carriers, by numbers that the caller picks: from Hypothesis, or from a seed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time
from typing import Any, Final
from uuid import UUID

from attrs import evolve, frozen

from oms_domain.fulfilment.carriers import (
    Carrier,
    Contract,
    GoodsMark,
    Limits,
    Rate,
    Regions,
    Tariff,
    Transit,
    Wishes,
)
from oms_domain.fulfilment.carriers.choose import CarrierRule
from oms_domain.fulfilment.promise import WorkingCalendar, WorkingHours
from oms_domain.fulfilment.sourcing import (
    Demand,
    DemandLine,
    Destination,
    Holding,
    Point,
    RegionList,
    RuleName,
    SourcePlace,
    SourcingRule,
    SplitPolicy,
    Strategy,
)
from oms_domain.kernel.identity import CarrierCode, LineId, ShopId, SkuCode, WarehouseCode

Pick = Callable[[int, int], int]
"""Gives a whole number from the first to the second, both included."""

SHOP: Final = ShopId(UUID(int=7))
OTHER_SHOP: Final = ShopId(UUID(int=8))
AT: Final = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
"""A Thursday, 10:00 in Shanghai."""
HANGZHOU: Final = Destination(division="330106", point=Point(30_274_000, 120_155_000))
TIERS: Final = ("fdc", "rdc", "store")
SETTLED: Final = Tariff(rates=(Rate(first_fen=800, next_fen=200),), divisor=6000)


@frozen(kw_only=True)
class Case:
    """Everything that ``source`` is asked with."""

    demand: Demand
    places: tuple[SourcePlace, ...]
    carriers: tuple[Carrier, ...]
    strategy: Strategy


def line_id(number: int) -> LineId:
    """Return the id of a line by its number."""
    return LineId(UUID(int=number))


def a_line(number: int = 1, sku: str = "SCARF", quantity: int = 1, **changes: Any) -> DemandLine:
    """One line of the order; half a kilogram each unless said otherwise."""
    given: dict[str, Any] = {"weight_g": 500, "volume_cm3": 1000, **changes}
    return DemandLine(id=line_id(number), sku=SkuCode(sku), quantity=quantity, **given)


def a_demand(*lines: DemandLine, **changes: Any) -> Demand:
    """An order of the shop to Hangzhou."""
    given: dict[str, Any] = {"destination": HANGZHOU, "shop": SHOP, **changes}
    return Demand(lines=lines or (a_line(),), **given)


def a_place(code: str = "SH1", carriers: str = "ZTO", **changes: Any) -> SourcePlace:
    """A forward centre in Shanghai with contracts; ``stock``: units by SKU."""
    stock: dict[str, int] = changes.pop("stock", {"SCARF": 10})
    given: dict[str, Any] = {
        "tier": "fdc",
        "division": "310115",
        "point": Point(31_230_000, 121_473_000),
        "contracts": tuple(Contract(carrier=CarrierCode(each)) for each in carriers.split()),
        "holdings": tuple(Holding(sku=SkuCode(sku), units=units) for sku, units in stock.items()),
        **changes,
    }
    return SourcePlace(code=WarehouseCode(code), **given)


def a_carrier(code: str = "ZTO", *, days: int = 2, **changes: Any) -> Carrier:
    """A carrier that goes everywhere in two days, at 8.00 for the first kilogram and 2.00 for each further one."""
    given: dict[str, Any] = {"tariff": SETTLED, "transit": (Transit(days=days),), **changes}
    return Carrier(code=CarrierCode(code), **given)


def a_strategy(*names: str | tuple[tuple[str, int], ...], **changes: Any) -> Strategy:
    """A chain by names of rules; a tuple of (name, weight) is one stage."""
    chain = tuple(
        tuple(a_rule(name, weight) for name, weight in (((each, 1),) if isinstance(each, str) else each))
        for each in names or ("fewest_parcels",)
    )
    return Strategy(chain=chain, **changes)


def a_rule(name: str, weight: int = 1) -> SourcingRule:
    """A rule by its name, with tiers and regions where it needs them."""
    wanted = RuleName(name)
    regions = (
        RegionList(region="", places=(WarehouseCode("W1"), WarehouseCode("W0"))),
        RegionList(region="33", places=(WarehouseCode("W2"), WarehouseCode("W0"), WarehouseCode("W3"))),
    )
    return SourcingRule(
        name=wanted,
        weight=weight,
        tiers=TIERS[:2] if wanted is RuleName.TIERS else (),
        regions=regions if wanted is RuleName.REGION_PRIORITY else (),
    )


# --- any order --------------------------------------------------------------------------------------------------------


def any_case(pick: Pick, *, lines: int, places: int, most_units: int = 2, **strategy: Any) -> Case:
    """Return an order of up to so many lines and places, as odd as it may be; lines share SKUs now and then."""
    skus = max(pick(1, lines), 1)
    carriers = tuple(_carrier(pick, number) for number in range(pick(1, 3)))
    return Case(
        demand=a_demand(
            *(_line(pick, number, skus, most_units) for number in range(lines)),
            destination=Destination(division="330106", point=_point(pick) if pick(0, 3) else None),
            place=WarehouseCode(f"W{pick(0, places)}") if not pick(0, 14) else None,
            wishes=Wishes(
                priority=tuple(CarrierCode(f"C{pick(0, 2)}") for _ in range(pick(0, 1))),
                allowed=None if pick(0, 9) else frozenset({CarrierCode("C0"), CarrierCode("C1")}),
            ),
        ),
        places=tuple(_place(pick, number, skus, len(carriers), most_units) for number in range(places)),
        carriers=carriers,
        strategy=any_strategy(pick, **strategy),
    )


def any_strategy(pick: Pick, **changes: Any) -> Strategy:
    """Return a chain of some rules in any order, some of them together in a stage."""
    names = list(RuleName)
    chain: list[tuple[SourcingRule, ...]] = []
    for _ in range(pick(1, 4)):
        stage = [a_rule(names.pop(pick(0, len(names) - 1)), pick(1, 3)) for _ in range(1 if pick(0, 2) else 2)]
        chain.append(tuple(stage))
    by = list(CarrierRule)
    given: dict[str, Any] = {
        "split": (*SplitPolicy, SplitPolicy.WHEN_BETTER, SplitPolicy.WHEN_BETTER)[pick(0, 4)],
        "split_lines": bool(pick(0, 1)),
        "most_places": pick(1, 4) if not pick(0, 2) else 4,
        "carriers": tuple(by.pop(pick(0, len(by) - 1)) for _ in range(pick(0, 3))),
        **changes,
    }
    return Strategy(chain=tuple(chain), **given)


def _line(pick: Pick, number: int, skus: int, most_units: int) -> DemandLine:
    marks = frozenset({list(GoodsMark)[pick(0, 2)]}) if not pick(0, 3) else frozenset()
    return a_line(
        number + 1,
        f"S{pick(0, skus - 1)}",
        pick(1, most_units),
        weight_g=pick(0, 15) * 100,
        volume_cm3=pick(0, 5) * 1000,
        marks=marks,
    )


def _point(pick: Pick) -> Point:
    return Point(pick(22, 40) * 1_000_000, pick(100, 122) * 1_000_000)


def _place(pick: Pick, number: int, skus: int, carriers: int, most_units: int) -> SourcePlace:
    place = a_place(
        f"W{number}",
        " ".join(f"C{at}" for at in range(carriers) if pick(0, 5)),
        stock={f"S{sku}": pick(1, 3 * most_units) if pick(0, 2) else 0 for sku in range(skus)},
        tier=TIERS[pick(0, 2)],
        division=("310115", "440106", "")[pick(0, 2)],
        point=_point(pick) if pick(0, 5) else None,
        active=bool(pick(0, 19)),
        shops=frozenset({(SHOP, OTHER_SHOP)[not pick(0, 4)]} if not pick(0, 2) else ()),
        regions=Regions() if pick(0, 14) else Regions(but_not=("3301",)),
        hours=WorkingHours(
            cut_off=time(pick(8, 20)),
            handling_days=pick(1, 2),
            calendar=WorkingCalendar(weekly=(1, 2, 3, 4, 5) if pick(0, 1) else (4, 7)),
        ),
    )
    return place if pick(0, 3) else evolve(place, contracts=tuple(map(_dear, place.contracts)))


def _dear(contract: Contract) -> Contract:
    rates = (Rate(first_fen=500, next_fen=700, first_g=700, next_g=400), Rate(destination="33", first_fen=1500))
    return evolve(contract, tariff=Tariff(rates=rates, divisor=5000))


def _carrier(pick: Pick, number: int) -> Carrier:
    rate = Rate(
        first_fen=pick(0, 12) * 100, first_g=pick(1, 4) * 500, next_fen=pick(0, 6) * 100, next_g=pick(1, 3) * 300
    )
    near = (Rate(destination="33", first_fen=pick(3, 9) * 100, next_fen=100),)
    return a_carrier(
        f"C{number}",
        tariff=Tariff(rates=(rate, *near) if pick(0, 1) else (rate,), divisor=(0, 6000)[pick(0, 1)]),
        transit=(Transit(days=pick(1, 5)), Transit(origin="31", destination="33", days=pick(0, 3))),
        limits=Limits(
            weight_g=pick(5, 30) * 100 if not pick(0, 2) else None,
            volume_cm3=pick(2, 12) * 1000 if not pick(0, 3) else None,
        ),
        refuses=frozenset({list(GoodsMark)[pick(0, 2)]}) if not pick(0, 3) else frozenset(),
        active=bool(pick(0, 19)),
    )
