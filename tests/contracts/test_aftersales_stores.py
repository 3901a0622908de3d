"""What is stored of aftersales comes back equal, in scope, at the right version; the ledger only grows."""

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contracts.rows import NUMBERS, ROOT, a_new_shop, a_stored_order, of, store, transact

from oms_app.ports.aftersales import (
    AskNotFound,
    CaseNotFound,
    RefundNotFound,
    ReturnNotFound,
    ReturnNumberUnknown,
    TicketNotFound,
)
from oms_app.ports.transaction import Contended, Duplicate, OrderNotFound
from oms_domain.aftersales.assignment import Desk
from oms_domain.aftersales.limits import Due
from oms_domain.aftersales.policy import CaseReason
from oms_domain.aftersales.states import CaseKind, CaseState
from oms_domain.aftersales.terms import Assignment, ReplyTemplate, RoleLimit
from oms_domain.aftersales.tickets import Agent
from oms_domain.aftersales.values import CaseLine, Difference
from oms_domain.kernel.identity import CaseId, RefundId, ReturnOrderId, TicketId
from oms_domain.kernel.money import Money
from oms_domain.refunds.ledger import NothingLeft
from oms_domain.refunds.placing import RefundUnits, settled
from oms_domain.refunds.proposal import FreightRule, propose
from oms_domain.refunds.refund_order import PlatformFact, booked, refund_of
from oms_domain.refunds.states import PlatformRefundState
from oms_domain.testing.aftersales import a_case, a_platform_aftersales, a_return, a_ticket

NOTHING = ("cases", "refunds", "returns", "platform_asks", "tickets")


def a_new_case(backend, order, **changes):
    line = order.lines[0]
    facts = {
        "id": CaseId(backend.new_id()),
        "number": f"A20261123-{next(NUMBERS):06d}",
        "shop_id": order.shop_id,
        "order_id": order.id,
        "lines": (CaseLine(line_id=line.id, sku=line.sku, units=((0, 1),)),),
    }
    return a_case(**facts | changes)


def a_new_refund(backend, order, ledger, **changes):
    line = order.lines[0]
    proposal = propose(ledger, [RefundUnits(line_id=line.id, units=((0, 1),))], freight=FreightRule.KEPT)
    facts = {
        "id": RefundId(backend.new_id()),
        "number": f"E20261123-{next(NUMBERS):06d}",
        "shop_id": order.shop_id,
        "order_id": order.id,
        "after_shipment": True,
    }
    return refund_of(proposal, asked_at=backend.clock.now, at=backend.clock.now, **facts | changes)


def put(backend, collection, document, by=ROOT):
    """Save a document with what tells of it, and return it as it is stored."""
    event = tells(document, backend.clock.now)

    def act(tx):
        getattr(tx, collection).save(document)
        tx.publish(event)

    transact(backend, act, by)
    return evolve(document, version=document.version + 1)


def tells(document, at):
    for name in ("opened", "proposed", "asked", "received"):
        if callable(getattr(document, name, None)):
            return getattr(document, name)(at=at).events
    raise TypeError(type(document).__name__)


def read(backend, collection, id, by=ROOT):
    with backend.open(by) as tx:
        return getattr(tx, collection).get(id)


def ledger_of(backend, order):
    with backend.open(ROOT) as tx:
        return tx.refund_ledgers.of(order)


def some_documents(backend, order):
    case = a_new_case(
        backend,
        order,
        differences=(Difference(what="refund", theirs="1.00", ours="2.00"),),
        due=Due(at=backend.clock.now, warn_at=backend.clock.now),
        state=CaseState.AWAITING_BUYER_RETURN,
        platform_refund_no="92001",
    )
    refund = a_new_refund(backend, order, ledger_of(backend, order), case_id=case.id, tags=("急",))
    fact = PlatformFact(state=PlatformRefundState.PENDING, amount=Money(3_000), modified_at=backend.clock.now)
    refund = refund.hear(fact, at=backend.clock.now).state
    number = next(NUMBERS)
    goods = a_return(
        id=ReturnOrderId(backend.new_id()),
        number=f"R{number}",
        case_id=case.id,
        order_id=order.id,
        shop_id=order.shop_id,
    )
    ask = a_platform_aftersales(
        id=backend.new_id(), number=f"W{number}", shop_id=order.shop_id, refund_no=str(number), order_no="o-1"
    )
    ticket = a_ticket(
        id=TicketId(backend.new_id()),
        number=f"N{number}",
        shop_id=order.shop_id,
        case_id=case.id,
        order_id=order.id,
        assignee=Agent("kefu-1"),
    )
    return {"cases": case, "refunds": refund, "returns": goods, "platform_asks": ask, "tickets": ticket}


def test_what_is_stored_comes_back_equal_and_only_to_who_may_see_it(backend):
    order = a_stored_order(backend)
    stranger = of(store(backend, a_new_shop(backend)).id)

    for collection, document in some_documents(backend, order).items():
        stored = put(backend, collection, document)

        assert read(backend, collection, document.id) == stored
        with pytest.raises((CaseNotFound, RefundNotFound, ReturnNotFound, AskNotFound, TicketNotFound)):
            read(backend, collection, document.id, by=stranger)
        with pytest.raises((CaseNotFound, RefundNotFound, ReturnNotFound, AskNotFound, TicketNotFound)):
            put(backend, collection, evolve(document, version=1), by=stranger)


def test_a_stale_version_is_refused(backend):
    order = a_stored_order(backend)

    for collection, document in some_documents(backend, order).items():
        put(backend, collection, document)
        with pytest.raises(Contended):
            put(backend, collection, document)  # version 0 again


def test_documents_are_found_by_what_people_and_platforms_call_them(backend):
    order = a_stored_order(backend)
    documents = some_documents(backend, order)
    case = evolve(documents["cases"], replacement_id=order.id)
    stored = {name: put(backend, name, document) for name, document in {**documents, "cases": case}.items()}
    asked, goods = documents["platform_asks"], documents["returns"]

    with backend.open(ROOT) as tx:
        assert tx.cases.of_order(order.id) == (stored["cases"],)
        assert tx.cases.by_replacement(order.id) == stored["cases"]
        assert tx.cases.by_replacement(backend.new_id()) is None
        assert tx.refunds.of_order(order.id) == (stored["refunds"],)
        assert tx.returns.by_number(goods.number) == stored["returns"]
        assert tx.platform_asks.by_refund_no(order.shop_id, asked.refund_no) == stored["platform_asks"]
        assert tx.platform_asks.by_refund_no(order.shop_id, "none") is None
        assert tx.tickets.of_case(case.id) == (stored["tickets"],)
        assert tx.tickets.unfinished(order.shop_id) == (stored["tickets"],)
        with pytest.raises(ReturnNumberUnknown):
            tx.returns.by_number("R-none")


def test_a_transaction_sees_what_it_has_saved_itself(backend):
    order = a_stored_order(backend)
    case = a_new_case(backend, order)
    stored = put(backend, "cases", case)

    with backend.open(ROOT) as tx:
        closed = tx.cases.get(case.id).reject("no", by="kefu-1", at=backend.clock.now).state
        tx.cases.save(closed)
        other = a_new_case(backend, order)
        tx.cases.save(other)

        assert tx.cases.of_order(order.id) == (closed, other)
    assert read(backend, "cases", case.id) == stored  # it was not committed


def test_one_platform_document_stands_for_a_refund_number(backend):
    order = a_stored_order(backend)
    ask = some_documents(backend, order)["platform_asks"]
    put(backend, "platform_asks", ask)

    with pytest.raises(Duplicate):
        put(backend, "platform_asks", evolve(ask, id=backend.new_id(), number="W-other"))


def test_a_shop_has_the_usual_terms_until_it_sets_some(backend):
    shop = store(backend, a_new_shop(backend))
    with backend.open(ROOT) as tx:
        usual = tx.aftersales_terms.of(shop.id)
        assert (usual.version, usual.window_days) == (0, 7)

    def change(tx):
        done = tx.aftersales_terms.of(shop.id).changed(
            window_days=15,
            reasons=(CaseReason(code="size", title="尺寸", kinds={CaseKind.EXCHANGE}),),
            role_limits=(RoleLimit(role="agent", what="refund", most=Money(50_00)),),
            assignment=Assignment.BY_LOAD,
            desks=(Desk(agent=Agent("kefu-1"), shops={shop.id}),),
            templates=(ReplyTemplate(code="sorry", title="致歉", text="抱歉"),),
            at=backend.clock.now,
        )
        tx.aftersales_terms.save(done.state)
        tx.publish(done.events)
        return done.state

    set_ = transact(backend, change)

    with backend.open(ROOT) as tx:
        assert tx.aftersales_terms.of(shop.id) == evolve(set_, version=1)
    with pytest.raises(Contended):
        transact(backend, lambda tx: (tx.aftersales_terms.save(set_), tx.publish(set_changed(set_, backend))))


def set_changed(terms, backend):
    return terms.changed(window_days=terms.window_days + 1, at=backend.clock.now).events


# --- the ledger ------------------------------------------------------------------------------------------------------


def test_the_ledger_keeps_its_entries_in_their_order(backend):
    order = a_stored_order(backend)
    refund = a_new_refund(backend, order, ledger_of(backend, order))
    at = backend.clock.now

    def hold(tx):
        tx.refund_ledgers.save(booked(tx.refund_ledgers.of(order), refund, at=at))

    def move(tx):
        ledger = settled(tx.refund_ledgers.of(order), refund.id, refund.wants, refund.amount.fen, at=at)
        tx.refund_ledgers.save(ledger)
        assert tx.refund_ledgers.of(order).entries == ledger.entries  # also before it is committed

    transact(backend, hold)
    held = ledger_of(backend, order)
    transact(backend, move)
    moved = ledger_of(backend, order)

    assert [entry.kind for entry in held.entries] == ["held"]
    assert [entry.kind for entry in moved.entries] == ["held", "done"]
    assert moved.entries[: len(held.entries)] == held.entries
    with pytest.raises(OrderNotFound), backend.open(of(store(backend, a_new_shop(backend)).id)) as tx:
        tx.refund_ledgers.of(order)


def test_of_two_who_read_one_ledger_only_the_first_adds_to_it(backend):
    order = a_stored_order(backend)
    stale = ledger_of(backend, order)
    first, second = (a_new_refund(backend, order, stale) for _ in range(2))
    transact(
        backend, lambda tx: tx.refund_ledgers.save(booked(tx.refund_ledgers.of(order), first, at=backend.clock.now))
    )

    if backend.name != "memory":  # there what was read travels with the ledger
        with pytest.raises(Contended):
            transact(backend, lambda tx: stale_write(tx, backend, order, stale, second))
    with pytest.raises(NothingLeft):
        booked(ledger_of(backend, order), second, at=backend.clock.now)


def stale_write(tx, backend, order, stale, refund):
    """Add to a ledger as it was before somebody else added to it."""
    tx.refund_ledgers.of(order)
    tx.refund_ledgers._open[order.id].read = 0
    tx.refund_ledgers._open[order.id].first = tx.refund_ledgers._open[order.id].last = stale
    tx.refund_ledgers.save(booked(stale, refund, at=backend.clock.now))


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_any_refunds_stored_one_after_the_other_leave_what_the_ledger_says(data, stores):
    """Round trip: stored after each refund, the ledger says what it says where nothing is stored between."""
    backend = stores("memory")
    order = a_stored_order(backend)
    kept = ledger_of(backend, order)
    everything = [RefundUnits(line_id=line.line_id, units=kept.whole(line.line_id)) for line in kept.lines]

    for _ in range(data.draw(st.integers(1, 6))):
        room = kept.cash_left_fen
        fen, at = data.draw(st.integers(1, max(room, 1))), backend.clock.now
        id = RefundId(backend.new_id())
        kept = settled(kept, id, everything, fen, at=at)
        transact(
            backend,
            lambda tx, id=id, fen=fen, at=at: tx.refund_ledgers.save(
                settled(tx.refund_ledgers.of(order), id, everything, fen, at=at)
            ),
        )

    assert ledger_of(backend, order).entries == kept.entries
