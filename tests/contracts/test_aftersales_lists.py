"""Lists of aftersales: alike in every store, each filter by itself, page by page, only of the actor's shops."""

from datetime import timedelta

import pytest
from attrs import evolve
from tests.contracts.rows import ROOT, a_new_shop, a_stored_order, of, store, transact
from tests.contracts.test_aftersales_stores import a_new_refund, ledger_of, put, some_documents

from oms_adapters.http.refund_export import cell, refund_csv
from oms_app.ports.aftersales import AskNotFound, CaseNotFound, RefundNotFound, ReturnNotFound, TicketNotFound
from oms_app.queries.aftersales import AftersalesFilter, Period
from oms_app.queries.rows import Position
from oms_app.transactions import record
from oms_domain.aftersales.limits import NO_LIMIT, Due
from oms_domain.kernel.change import Change
from oms_domain.kernel.identity import OrderId
from oms_domain.orders.events import OrderSplit
from oms_domain.orders.states import OrderState
from oms_domain.refunds.placing import RefundUnits
from oms_domain.refunds.refund_order import booked

ALL = AftersalesFilter()
ONES = {
    "cases": "case",
    "refunds": "refund",
    "returns": "return_order",
    "platform_asks": "ask",
    "tickets": "ticket",
}
MANY = {"platform_asks": "asks"}


@pytest.fixture
def stored(backend):
    """One document of each kind, in one shop."""
    order = a_stored_order(backend)
    found = {name: put(backend, name, document) for name, document in some_documents(backend, order).items()}
    return order, found


def test_of_a_documents_order_its_number_shop_and_skus_are_shown_to_who_may_see_it(backend, stored):
    order, _ = stored
    stranger = of(store(backend, a_new_shop(backend)).id)

    facts = backend.aftersales_queries.order_facts(of(order.shop_id), {order.id, OrderId(backend.new_id())})

    assert set(facts) == {order.id}
    assert facts[order.id].number == order.number
    assert facts[order.id].shop
    assert dict(facts[order.id].skus) == {line.id: line.sku for line in order.lines}
    assert backend.aftersales_queries.order_facts(stranger, {order.id}) == {}


def test_an_export_goes_on_page_after_page_and_stops(backend, monkeypatch):
    order = a_stored_order(backend)
    ledger = ledger_of(backend, order)
    made = [put(backend, "refunds", a_new_refund(backend, order, ledger)) for _ in range(3)]
    monkeypatch.setattr("oms_adapters.http.refund_export.PAGE", 2)

    def rows(**more):
        return (
            b"".join(refund_csv(backend.aftersales_queries, of(order.shop_id), ALL, **more)).decode().splitlines()[1:]
        )

    assert sorted(row.partition(",")[0] for row in rows()) == sorted(refund.number for refund in made)
    assert len(rows(most=1)) == 1
    assert len(rows(most=2)) == 2


@pytest.mark.parametrize("first", list("=+-@\t＝＋－＠"))
def test_no_cell_is_a_formula(first):
    assert cell(f"{first}1+1") == f"'{first}1+1"
    assert cell("1+1") == "1+1"


def listed(backend, name, wanted=ALL, by=ROOT, **more):
    ask = getattr(backend.aftersales_queries, MANY.get(name, name))
    return ask(by, wanted, **{"after": None, "limit": 10} | more)


def test_each_is_listed_and_shown_with_its_log_to_who_may_see_it(backend, stored):
    order, found = stored
    stranger = of(store(backend, a_new_shop(backend)).id)

    for name, document in found.items():
        one = getattr(backend.aftersales_queries, ONES[name])
        assert listed(backend, name) == (document,)
        assert listed(backend, name, by=of(order.shop_id)) == (document,)
        assert listed(backend, name, by=stranger) == ()
        shown = one(ROOT, document.id)
        assert (shown.document, [entry.seq for entry in shown.log]) == (document, [1])
        with pytest.raises((CaseNotFound, RefundNotFound, ReturnNotFound, AskNotFound, TicketNotFound)):
            one(stranger, document.id)
        with pytest.raises((CaseNotFound, RefundNotFound, ReturnNotFound, AskNotFound, TicketNotFound)):
            one(ROOT, backend.new_id())


FITS = {
    "cases": (
        {"states": ("awaiting_buyer_return", "closed")},
        {"kind": "return_and_refund"},
        {"platform_refund_no": "92001"},
        {"differs": True},
    ),
    "refunds": (
        {"states": ("proposed",)},
        {"after_shipment": True},
        {"platform_state": "pending"},
        {"document_state": "pending_review"},
        {"source": "platform"},
        {"tag": "急"},
        {"differs": False},
    ),
    "returns": ({"states": ("asked_back",)},),
    "platform_asks": ({"conversion": "pending"}, {"order_no": "o-1"}),
    "tickets": ({"states": ("open",)}, {"kind": "case"}, {"assignee": "kefu-1"}),
}
FITS_NOT = {
    "cases": (
        {"states": ("closed",)},
        {"kind": "exchange"},
        {"platform_refund_no": "none"},
        {"differs": False},
        {"number": "none"},
    ),
    "refunds": (
        {"states": ("closed",)},
        {"after_shipment": False},
        {"platform_state": "closed"},
        {"document_state": "processed"},
        {"source": "manual"},
        {"tag": "%"},
        {"differs": True},
        {"platform_order_no": "none"},
    ),
    "returns": ({"states": ("sent",)}, {"tracking_no": "none"}),
    "platform_asks": ({"conversion": "exception"}, {"refund_no": "none"}),
    "tickets": ({"states": ("done",)}, {"kind": "complaint"}, {"assignee": "kefu-2"}),
}


TAGS = ("VIP", 'x"VIP', "VIP客户", ",", "a,", "50%", "50x", "a_b", "axb", "c\\", "样例 VIP", '["VIP"]', "'; --")


def test_a_refund_is_found_by_each_of_its_tags_in_full_and_by_nothing_else(backend):
    order = a_stored_order(backend)
    ledger, tagged = ledger_of(backend, order), {}
    for tag in TAGS:
        refund = a_new_refund(backend, order, ledger, tags=(tag, "b"))
        tagged[tag] = put(backend, "refunds", refund)

    for tag in TAGS:
        assert listed(backend, "refunds", AftersalesFilter(tag=tag)) == (tagged[tag],), tag
    for tag in ("vip", "50_", "a%b", "%", "_", '"', 'VIP" ', "客户", "B"):
        assert listed(backend, "refunds", AftersalesFilter(tag=tag)) == (), tag
    assert len(listed(backend, "refunds", AftersalesFilter(tag="b"), limit=50)) == len(TAGS)


def test_a_filter_holds_what_it_says(backend, stored):
    order, found = stored

    for name, document in found.items():
        named = ({"shop_id": order.shop_id}, {"number": document.number})
        for facts in (*FITS[name], *named):
            assert listed(backend, name, AftersalesFilter(**facts)) == (document,), facts
        for facts in (*FITS_NOT[name], {"shop_id": backend.new_id()}):
            assert listed(backend, name, AftersalesFilter(**facts)) == (), facts


def test_what_is_due_is_found_by_then(backend, stored):
    _, found = stored
    now = backend.clock.now
    due = put(
        backend,
        "tickets",
        evolve(found["tickets"], id=backend.new_id(), number="N-due", version=0, due=Due(at=now, warn_at=now)),
    )

    assert found["tickets"].due == NO_LIMIT
    assert listed(backend, "tickets", AftersalesFilter(due_by=now)) == (due,)
    assert listed(backend, "tickets", AftersalesFilter(due_by=now - timedelta(seconds=1))) == ()


def test_pages_follow_each_other_newest_first(backend, stored):
    _, found = stored
    newer = put(backend, "tickets", evolve(found["tickets"], id=backend.new_id(), number="N-2", version=0))

    (first,) = listed(backend, "tickets", limit=1)
    (second,) = listed(backend, "tickets", limit=1, after=Position(first.opened_at, first.id))

    assert (first, second) == (newer, found["tickets"])
    assert listed(backend, "tickets", after=Position(second.opened_at, second.id)) == ()


def test_figures_are_made_of_what_happened_in_the_period(backend, stored):
    order, found = stored
    now = backend.clock.now
    refund, line = found["refunds"], order.lines[0]
    assert refund.wants == (RefundUnits(line_id=line.id, units=((0, 1),)),)

    def move(tx):
        ledger = booked(tx.refund_ledgers.of(order), refund, at=now)
        tx.refund_ledgers.save(ledger.moved(refund.id, refund.taken, at=now))

    transact(backend, move)
    opened = found["cases"].opened_at
    period = Period(start=opened, stop=opened + timedelta(days=1))
    before = Period(start=opened - timedelta(days=2), stop=opened - timedelta(days=1))
    paid = Period(start=order.paid_at, stop=order.paid_at + timedelta(seconds=1), shop_id=order.shop_id)

    queries = backend.aftersales_queries
    assert queries.reasons_of(ROOT, period) == ("size",)
    assert queries.reasons_of(ROOT, before) == ()
    assert [ticket.id for ticket in queries.tickets_of(ROOT, before)] == [found["tickets"].id]  # it is not done
    rows = {row.sku: (row.sold, row.refunded) for row in queries.sold_in(ROOT, paid)}
    assert rows == {line.sku: (2, 1), order.lines[1].sku: (1, 0)}
    assert queries.sold_in(ROOT, before) == ()
    assert queries.sold_in(of(backend.new_id()), paid) == ()
    assert ledger_of(backend, order).is_refunded(line.id) is False


def test_what_goes_on_as_other_orders_is_sold_once(backend, stored):
    order, _ = stored
    paid = Period(start=order.paid_at, stop=order.paid_at + timedelta(seconds=1), shop_id=order.shop_id)
    queries = backend.aftersales_queries
    assert sum(row.sold for row in queries.sold_in(ROOT, paid)) == 3

    def split(tx):
        parent = evolve(tx.orders.get(order.id), state=OrderState.SPLIT, heirs=(OrderId(backend.new_id()),))
        fact = OrderSplit(order_id=order.id, state=parent.state, children=parent.heirs, at=backend.clock.now)
        record(tx, tx.orders, Change(parent, (fact,)))

    transact(backend, split)

    assert queries.sold_in(ROOT, paid) == ()
