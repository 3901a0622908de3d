"""Carriers: where they go, what they take and cost, who is chosen, and who comes next."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_domain.fulfilment.carriers import (
    CarriedGoods,
    Carrier,
    CarrierDoesNotFit,
    CarrierRule,
    Choice,
    Contract,
    GoodsMark,
    InvalidDivision,
    InvalidRegions,
    InvalidTariff,
    Limits,
    NoOffer,
    Rate,
    Regions,
    Tariff,
    Transit,
    Wishes,
    choose,
    division,
    fits,
    lanes_between,
    pack,
    require_fit,
)
from oms_domain.fulfilment.carriers.packing import MOST_PARCELS
from oms_domain.fulfilment.promise import Departure, WorkingCalendar
from oms_domain.testing.sourcing import a_carrier

LEFT = Departure(ship_at=datetime(2026, 11, 27, 12, tzinfo=UTC), ship_on=date(2026, 11, 27))  # a Friday
SHIRT = CarriedGoods(units=2, weight_g=400, volume_cm3=900)
SOAP = CarriedGoods(units=1, weight_g=400, marks=frozenset({GoodsMark.LIQUID}))


def ask(*carriers, goods=(SHIRT,), contracts=None, by=(CarrierRule.PRIORITY, CarrierRule.CHEAPEST), **wishes):
    contracts = [Contract(carrier=each.code) for each in carriers] if contracts is None else contracts
    lanes, lost = lanes_between(
        carriers, contracts, origin="310115", destination="330106", wishes=Wishes(**wishes), left=LEFT
    )
    return choose(lanes, goods, by=by, lost=lost)


def order(choice):
    return [offer.carrier for offer in choice.offers]


def reasons(choice):
    return {loss.carrier: loss.why for loss in choice.losses}


@pytest.mark.parametrize(
    ("carrier", "why"),
    [
        (a_carrier(active=False), NoOffer.NOT_ACTIVE),
        (a_carrier(regions=Regions(served=("11",))), NoOffer.REGION_NOT_SERVED),
        (a_carrier(tariff=Tariff(rates=(Rate(destination="11", first_fen=1),))), NoOffer.NO_RATE),
        (a_carrier(transit=(Transit(destination="3302", days=1),)), NoOffer.NO_TRANSIT_DAYS),
        (a_carrier(refuses={GoodsMark.LIQUID}), NoOffer.GOODS_REFUSED),
        (a_carrier(limits=Limits(weight_g=399)), NoOffer.UNIT_TOO_LARGE),
        (a_carrier(limits=Limits(volume_cm3=899)), NoOffer.UNIT_TOO_LARGE),
        (a_carrier(), None),
    ],
)
def test_a_carrier_that_takes_nothing_says_why_and_the_next_one_is_chosen(carrier, why):
    found = ask(carrier, a_carrier("ZZ"), goods=(SHIRT, SOAP))

    assert reasons(found) == ({carrier.code: why} if why else {})
    assert found.best.carrier == ("ZZ" if why else "ZTO")


def test_without_a_contract_or_the_platforms_leave_a_carrier_is_out():
    sf, zto, yto = a_carrier("SF"), a_carrier("ZTO"), a_carrier("YTO")

    found = ask(sf, zto, yto, contracts=[Contract(carrier="SF"), Contract(carrier="YTO")], allowed=frozenset({"SF"}))

    assert order(found) == ["SF"]
    assert reasons(found) == {"YTO": NoOffer.NOT_ALLOWED, "ZTO": NoOffer.NO_CONTRACT}


def test_a_contract_with_a_carrier_that_there_is_not_makes_no_offer():
    found = ask(contracts=[Contract(carrier="GONE")])

    assert (found.best, reasons(found)) == (None, {"GONE": NoOffer.NOT_ACTIVE})


def test_offers_come_by_each_rule_in_turn_and_at_last_by_code():
    cheap = a_carrier("D", tariff=Tariff(rates=(Rate(first_fen=100),)), days=5)
    carriers = (a_carrier("C", days=3), a_carrier("B", days=1), a_carrier("A", days=3), cheap)

    assert order(ask(*carriers, priority=("C",))) == ["C", "D", "A", "B"]
    assert order(ask(*carriers, by=(CarrierRule.FASTEST, CarrierRule.CHEAPEST))) == ["B", "A", "C", "D"]
    assert order(ask(*carriers, by=())) == ["A", "B", "C", "D"]


def test_the_next_carrier_is_the_fallback_until_there_is_none():
    found = ask(a_carrier("A"), a_carrier("B"))

    assert found.after("A").carrier == "B"
    assert found.after("B") is None
    assert found.after("UNKNOWN").carrier == "A"
    assert Choice(offers=(), losses=()).after("A") is None


def test_an_offer_holds_parcels_freight_and_promise():
    carrier = a_carrier(limits=Limits(weight_g=500), days=2, delivers=WorkingCalendar(weekly=(1, 2, 3, 4, 5)))

    offer = ask(carrier).best

    assert [parcel.weight_g for parcel in offer.parcels] == [400, 400]
    assert offer.cost_fen == 1600
    assert offer.promise.arrive_on == date(2026, 12, 1)  # Tuesday, the second working day after Friday


def test_a_contracts_own_tariff_goes_before_the_list_prices():
    agreed = Contract(carrier="ZTO", tariff=Tariff(rates=(Rate(first_fen=350),)))

    assert ask(a_carrier(), contracts=[agreed]).best.cost_fen == 350


def test_volume_may_weigh_more_than_the_goods_do():
    feathers = CarriedGoods(units=1, weight_g=100, volume_cm3=12_001)

    assert ask(a_carrier(), goods=(feathers,)).best.cost_fen == 800 + 2 * 200  # 2,001 g at 6,000 cm³ the kilogram


def test_of_two_regions_that_match_the_smaller_one_decides():
    rates = (Rate(first_fen=1), Rate(destination="33", first_fen=2), Rate(destination="33", origin="31", first_fen=3))

    assert ask(a_carrier(tariff=Tariff(rates=rates))).best.cost_fen == 3


def test_more_parcels_than_a_carrier_handles_at_once_are_no_offer():
    one_each = a_carrier(limits=Limits(weight_g=400))

    full = ask(one_each, goods=(CarriedGoods(units=MOST_PARCELS, weight_g=400),))
    over = ask(one_each, goods=(CarriedGoods(units=MOST_PARCELS + 1, weight_g=400),))

    assert (len(full.best.parcels), reasons(over)) == (50, {"ZTO": NoOffer.TOO_MANY_PARCELS})


goods_lists = st.lists(
    st.builds(CarriedGoods, units=st.integers(1, 6), weight_g=st.integers(0, 30), volume_cm3=st.integers(0, 30)),
    min_size=1,
)


@given(goods=goods_lists, weight=st.integers(1, 60), volume=st.integers(1, 60))
def test_packing_loses_nothing_and_keeps_the_limits(goods, weight, volume):
    parcels = pack(goods, Limits(weight_g=weight, volume_cm3=volume))

    if parcels is None:
        needs = sum(each.units for each in goods)
        assert needs > MOST_PARCELS or any(each.weight_g > weight or each.volume_cm3 > volume for each in goods)
    else:
        assert all(parcel.weight_g <= weight and parcel.volume_cm3 <= volume for parcel in parcels)
        assert sum(parcel.weight_g for parcel in parcels) == sum(each.units * each.weight_g for each in goods)
        assert sum(parcel.volume_cm3 for parcel in parcels) == sum(each.units * each.volume_cm3 for each in goods)


def test_the_longer_of_two_beginnings_decides_whether_a_region_is_served():
    regions = Regions(served=("", "6501"), but_not=("65", "81"))

    assert [regions.serve(code) for code in ("330106", "650102", "654000", "65", "")] == [
        True,
        True,
        False,
        False,
        True,
    ]
    assert not Regions(served=("3301",)).serve("33")


def test_a_carrier_fits_a_warehouse_that_has_a_contract_with_it():
    contracts = (Contract(carrier="SF"),)

    assert fits(contracts, "SF")
    require_fit("SH1", contracts, "SF")
    with pytest.raises(CarrierDoesNotFit) as refused:
        require_fit("SH1", contracts, "ZTO")
    assert refused.value.fields() == {"warehouse": "SH1", "carrier": "ZTO"}


@pytest.mark.parametrize(
    ("build", "refusal", "field"),
    [
        (lambda: division("33-1", field="to"), InvalidDivision, "to"),
        (lambda: division(330106), InvalidDivision, "division"),
        (lambda: Regions(served=("x",)), InvalidDivision, "served"),
        (lambda: Regions(served=("33",), but_not=("33",)), InvalidRegions, "but_not"),
        (lambda: Rate(first_fen=-1), InvalidTariff, "first_fen"),
        (lambda: Rate(first_fen=1, first_g=0), InvalidTariff, "first_g"),
        (lambda: Rate(first_fen=1, next_g=0), InvalidTariff, "next_g"),
        (lambda: Rate(first_fen=True), InvalidTariff, "first_fen"),
        (lambda: Rate(first_fen=1, destination="杭州"), InvalidDivision, "destination"),
        (lambda: Transit(days=366), InvalidTariff, "days"),
        (lambda: Tariff(rates=(), divisor=-1), InvalidTariff, "divisor"),
        (lambda: Tariff(rates=(Rate(first_fen=1), Rate(first_fen=2))), InvalidTariff, "rates"),
        (lambda: Tariff(rates=tuple(Rate(first_fen=1) for _ in range(10_001))), InvalidTariff, "rates"),
        (lambda: Carrier(code="A", transit=(Transit(days=1), Transit(days=2))), InvalidTariff, "transit"),
        (lambda: Limits(weight_g=0), InvalidTariff, "weight_g"),
        (lambda: Limits(volume_cm3=0), InvalidTariff, "volume_cm3"),
    ],
)
def test_what_cannot_be_followed_is_refused_with_its_field(build, refusal, field):
    with pytest.raises(refusal) as refused:
        build()

    assert refused.value.field == field
