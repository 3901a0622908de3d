"""What sourcing goes by and what it answered, on every store."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone

import pytest
from attrs import evolve
from tests.contracts.rows import ROOT, a_stored_order, change_order, load_order, of

from oms_app.ports.sourcing import KeptSourcing
from oms_app.ports.transaction import Contended, StaleVersion
from oms_domain.fulfilment.carriers import Carrier, Contract, GoodsMark, Limits, Rate, Regions, Tariff, Transit
from oms_domain.fulfilment.promise import WorkingCalendar, WorkingHours
from oms_domain.fulfilment.sourcing import (
    Plan,
    RegionList,
    RuleName,
    Shortage,
    SourcingRule,
    SplitPolicy,
    Strategy,
    source,
)
from oms_domain.fulfilment.sourcing.records import (
    CarrierId,
    CarrierRecord,
    ShippingId,
    ShippingRecord,
    ShippingTerms,
    StrategyId,
    StrategyRecord,
)
from oms_domain.kernel.identity import CarrierCode, ShopId, WarehouseCode
from oms_domain.testing.builders import MAIN, NOW, SHOP, an_id
from oms_domain.testing.sourcing import a_carrier, a_demand, a_line, a_place, a_strategy

TARIFF = Tariff(
    rates=(Rate(first_fen=800, next_fen=200), Rate(destination="54", origin="31", first_fen=2500, next_g=500)),
    divisor=6000,
)
ZTO = Carrier(
    code=CarrierCode("ZTO"),
    name="中通",
    regions=Regions(but_not=("54", "65")),
    limits=Limits(weight_g=30_000),
    refuses=frozenset({GoodsMark.LIQUID, GoodsMark.BATTERY}),
    tariff=TARIFF,
    transit=(Transit(days=3), Transit(origin="31", destination="33", days=1)),
    delivers=WorkingCalendar(weekly=(1, 2, 3, 4, 5, 6), closed=(date(2026, 10, 1),)),
)
TERMS = ShippingTerms(
    division="310115",
    regions=Regions(served=("31", "33")),
    shops=frozenset({SHOP, ShopId(an_id(90))}),
    hours=WorkingHours(
        cut_off=time(15, 30),
        handling_days=1,
        calendar=WorkingCalendar(opened=(date(2026, 10, 10),)),
        zone=timezone(timedelta(hours=-5)),
    ),
    contracts=(Contract(carrier=ZTO.code, tariff=TARIFF, limits=Limits(volume_cm3=90)), Contract(carrier="SF")),
)
STRATEGY = Strategy(
    name="near",
    chain=(
        (SourcingRule(name=RuleName.TIERS, tiers=("fdc", "rdc")),),
        (SourcingRule(name=RuleName.NEAREST, weight=3), SourcingRule(name=RuleName.CHEAPEST_FREIGHT)),
        (
            SourcingRule(
                name=RuleName.REGION_PRIORITY, regions=(RegionList(region="33", places=(MAIN, WarehouseCode("EAST"))),)
            ),
        ),
    ),
    split=SplitPolicy.NEVER,
    most_nodes=7,
)
TIMES = {"created_at": NOW, "updated_at": NOW}
RECORDS = {
    "carriers": (CarrierRecord(id=CarrierId(an_id(80)), terms=ZTO, **TIMES), evolve(ZTO, active=False)),
    "shipping": (
        ShippingRecord(id=ShippingId(an_id(81)), warehouse=MAIN, terms=TERMS, **TIMES),
        evolve(TERMS, contracts=()),
    ),
    "strategies": (
        StrategyRecord(id=StrategyId(an_id(82)), terms=STRATEGY, **TIMES),
        evolve(STRATEGY, split=SplitPolicy.WHEN_BETTER),
    ),
}
KEYS = {"carriers": "ZTO", "shipping": MAIN, "strategies": "near"}
each_kind = pytest.mark.parametrize("kind", RECORDS)


def put(backend, kind, record, terms=None):
    """Store a record as it is said to be; return it as it is read again."""
    with backend.open(ROOT) as tx:
        records = getattr(tx, kind)
        records.find(KEYS[kind])  # a document is read before it is changed
        change = record.put(terms or record.terms, at=NOW)
        records.save(change.state)
        tx.publish(change.events)
        tx.commit()
    return found(backend, kind)


def found(backend, kind):
    with backend.open(ROOT) as tx:
        return getattr(tx, kind).find(KEYS[kind])


@each_kind
def test_a_record_comes_back_as_it_was_stored(backend, kind):
    record, _ = RECORDS[kind]
    assert found(backend, kind) is None

    stored = put(backend, kind, record)

    assert stored == evolve(record, version=1)
    with backend.open(ROOT) as tx:
        assert getattr(tx, kind).all() == (stored,)
        assert getattr(tx, kind).find(KEYS[kind].swapcase()) is None


@each_kind
def test_a_changed_record_is_read_as_it_is_now(backend, kind):
    record, other = RECORDS[kind]
    stored = put(backend, kind, record)

    assert put(backend, kind, stored, other) == evolve(record, terms=other, version=2)


@each_kind
def test_a_stale_record_and_a_second_one_under_its_key_are_refused(backend, kind):
    record, other = RECORDS[kind]
    stored = put(backend, kind, record)
    put(backend, kind, stored, other)

    with pytest.raises(StaleVersion):
        put(backend, kind, evolve(stored, terms=other), record.terms)
    with pytest.raises(Contended):
        put(backend, kind, evolve(record, id=an_id(99)))


def test_records_are_listed_by_their_key(backend):
    for number, code in enumerate(("YTO", "SF", "ZTO")):
        record = CarrierRecord(id=CarrierId(an_id(70 + number)), terms=evolve(ZTO, code=CarrierCode(code)), **TIMES)
        put(backend, "carriers", record)

    with backend.open(ROOT) as tx:
        assert [record.terms.code for record in tx.carriers.all()] == ["SF", "YTO", "ZTO"]


# --- what was answered -----------------------------------------------------------------------------------------------

LINES = (a_line(1, "SCARF", 2), a_line(2, "HAT"))
PLACES = (
    a_place("SH1", stock={"SCARF": 1}),
    a_place("BJ1", stock={"SCARF": 9, "HAT": 2}),
    a_place("GZ1", active=False),
)
PLAN = source(a_demand(*LINES), PLACES, (a_carrier(),), a_strategy("fewest_parcels", "nearest"), at=NOW)
SHORT = source(a_demand(*LINES), PLACES[:1], (a_carrier(),), a_strategy("nearest"), at=NOW)


def a_kept(order, answer, **changes):
    facts = {
        "order_id": order.id,
        "at": datetime.fromisoformat("2026-11-26T02:00:00.000005+00:00"),
        "strategy": "near",
        "strategy_version": 3,
        "holdings": (("BJ1", (("HAT", 2), ("SCARF", 9))), ("GZ1", ())),
        "found": answer,
    }
    return KeptSourcing(**facts | changes)


def keep(backend, *rows):
    with backend.open(ROOT) as tx:
        for row in rows:
            tx.sourcings.keep(row)
        tx.commit()


def kept(backend, *orders, by=ROOT):
    with backend.open(by) as tx:
        return tx.sourcings.of([order.id for order in orders])


def test_there_is_an_example_of_both_answers():
    assert isinstance(PLAN, Plan)
    assert isinstance(SHORT, Shortage)


def test_an_answer_comes_back_as_it_was_kept_and_the_newest_stands(backend):
    order, other = a_stored_order(backend), a_stored_order(backend)
    assert kept(backend, order, other) == {}
    assert kept(backend) == {}

    keep(backend, a_kept(order, SHORT), a_kept(other, PLAN))
    assert kept(backend, order, other) == {order.id: a_kept(order, SHORT), other.id: a_kept(other, PLAN)}

    keep(backend, a_kept(order, SHORT), a_kept(order, PLAN, strategy_version=4))
    assert kept(backend, order) == {order.id: a_kept(order, PLAN, strategy_version=4)}


def test_an_answer_is_seen_by_those_who_see_the_order(backend):
    order = a_stored_order(backend)
    keep(backend, a_kept(order, PLAN))

    assert set(kept(backend, order, by=of(order.shop_id))) == {order.id}
    assert kept(backend, order, by=of(ShopId(an_id(7)))) == {}


def test_what_is_not_committed_is_not_kept(backend):
    order = a_stored_order(backend)
    with backend.open(ROOT) as tx:
        tx.sourcings.keep(a_kept(order, PLAN))
        assert tx.sourcings.of([order.id]) == {order.id: a_kept(order, PLAN)}

    assert kept(backend, order) == {}


def test_an_orders_planned_carrier_comes_back_as_it_was_stored(backend):
    order = a_stored_order(backend)

    change_order(backend, order, carrier=CarrierCode("ZTO"), planned_ship_at=NOW, planned_arrival_on=date(2026, 12, 1))

    again = load_order(backend, order)
    assert (again.carrier, again.planned_ship_at, again.planned_arrival_on) == ("ZTO", NOW, date(2026, 12, 1))
