"""What people keep for sourcing, and a warehouse as sourcing sees it."""

import pytest
from attrs import evolve

from oms_domain.fulfilment.carriers import Contract, Limits, Regions
from oms_domain.fulfilment.sourcing import InvalidPlaces, Plan, Point, source
from oms_domain.fulfilment.sourcing.records import (
    MOST_SHOPS,
    CarrierId,
    CarrierPut,
    CarrierRecord,
    InvalidCarrierCode,
    ShippingId,
    ShippingPut,
    ShippingRecord,
    ShippingTerms,
    StrategyId,
    StrategyPut,
    StrategyRecord,
    carrier_code,
    place_of,
    unknown_carriers,
)
from oms_domain.fulfilment.sourcing.seats import SEATS, seat_of
from oms_domain.inventory.warehouses import Place, Warehouse, WarehouseKind
from oms_domain.kernel.errors import InvalidText
from oms_domain.kernel.identity import CarrierCode, ShopId, WarehouseId
from oms_domain.kernel.time import CHINA, zone_minutes
from oms_domain.testing.builders import MAIN, NOW, SHOP, an_id
from oms_domain.testing.sourcing import a_carrier, a_demand, a_line, a_place, a_strategy

LATER = NOW.replace(hour=23)
TIMES = {"created_at": NOW, "updated_at": NOW}
CARRIER = CarrierRecord(id=CarrierId(an_id(80)), terms=a_carrier(), **TIMES)
SHIPPING = ShippingRecord(id=ShippingId(an_id(81)), warehouse=MAIN, **TIMES)
STRATEGY = StrategyRecord(id=StrategyId(an_id(82)), terms=a_strategy(name="near"), **TIMES)
KNOWN = (
    (
        CARRIER,
        evolve(CARRIER.terms, active=False),
        CarrierPut(carrier_id=CARRIER.id, carrier="ZTO", what=("active",), at=LATER),
    ),
    (
        SHIPPING,
        ShippingTerms(division="31"),
        ShippingPut(shipping_id=SHIPPING.id, warehouse=MAIN, what=("division",), at=LATER),
    ),
    (
        STRATEGY,
        evolve(STRATEGY.terms, most_places=2),
        StrategyPut(strategy_id=STRATEGY.id, strategy="near", what=("most_places",), at=LATER),
    ),
)


@pytest.mark.parametrize(("record", "terms", "event"), KNOWN)
def test_a_record_tells_what_is_different_now(record, terms, event):
    stored = evolve(record, version=1)

    change = stored.put(terms, at=LATER)

    assert change.state == evolve(stored, terms=terms, updated_at=LATER)
    assert change.events == (event,)
    assert event.stream == record.id
    assert stored.put(stored.terms, at=LATER).events == ()


@pytest.mark.parametrize(("record", "terms", "event"), KNOWN)
def test_of_a_new_record_all_is_told_that_is_said(record, terms, event):
    (first,) = record.put(record.terms, at=LATER).events

    assert set(first.what) > set(event.what)


@pytest.mark.parametrize("text", ["", "Z T", "x" * 33, "中通", 5])
def test_a_carriers_code_is_short_and_plain(text):
    with pytest.raises(InvalidCarrierCode):
        carrier_code(text)
    with pytest.raises(InvalidCarrierCode):
        CARRIER.put(a_carrier(text), at=NOW)


def test_names_are_texts_of_some_length():
    with pytest.raises(InvalidText):
        CARRIER.put(a_carrier(name="x" * 101), at=NOW)
    with pytest.raises(InvalidText):
        STRATEGY.put(a_strategy(name=""), at=NOW)


def test_a_warehouse_has_one_contract_with_a_carrier_and_not_too_many_shops():
    zto = Contract(carrier=CarrierCode("ZTO"))
    with pytest.raises(InvalidPlaces):
        ShippingTerms(contracts=(zto, evolve(zto, limits=Limits(weight_g=1))))
    with pytest.raises(InvalidPlaces):
        ShippingTerms(shops=frozenset(ShopId(an_id(number)) for number in range(MOST_SHOPS + 1)))


def test_contracts_with_carriers_that_nobody_keeps_are_told():
    terms = ShippingTerms(contracts=(Contract(carrier="YTO"), Contract(carrier="SF"), Contract(carrier="ZTO")))

    assert unknown_carriers(terms, ["SF"]) == ("YTO", "ZTO")


def test_a_warehouse_is_a_place_whose_kind_is_its_tier():
    warehouse = Warehouse(
        id=WarehouseId(an_id(1)), code=MAIN, name="主仓", kind=WarehouseKind.FDC, active=False, **TIMES
    )
    terms = ShippingTerms(
        division="310115", regions=Regions(served=("31",)), shops=frozenset({SHOP}), contracts=(Contract(carrier="SF"),)
    )

    place = place_of(warehouse, terms, {"SCARF": 3, "HAT": 0})

    assert place == evolve(
        a_place(MAIN, "SF", stock={"HAT": 0, "SCARF": 3}),
        active=False,
        regions=Regions(served=("31",)),
        shops=frozenset({SHOP}),
        point=None,
    )
    located = evolve(warehouse, place=Place(latitude_e6=1, longitude_e6=-2))
    assert place_of(located, terms, {}).point == Point(1, -2)


def test_the_limits_of_a_contract_stand_in_the_place_of_the_carriers():
    carrier = a_carrier(limits=Limits(weight_g=10_000))
    agreed = a_place(contracts=(Contract(carrier=carrier.code, limits=Limits(weight_g=500)),))

    def parcels(place):
        plan = source(a_demand(a_line(quantity=3)), (place,), (carrier,), a_strategy(), at=NOW)
        assert isinstance(plan, Plan)
        return plan.parcels

    assert (parcels(a_place()), parcels(agreed)) == (1, 3)


def test_the_seat_of_a_province_stands_for_all_of_it():
    assert seat_of("330106") == seat_of("33") == Point(30_270_000, 120_160_000)
    assert seat_of("99") is seat_of("") is None
    assert len(SEATS) == len(set(SEATS.values())) == 34


def test_a_zone_of_a_fixed_offset_has_its_minutes():
    assert zone_minutes(CHINA) == 480
