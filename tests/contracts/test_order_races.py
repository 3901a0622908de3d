"""Two who want different things of one order at once: one gets it, the other hears why not. Each with its control."""

from collections import Counter

import pytest
import sqlalchemy as sa
from attrs import evolve
from tests.contracts.rows import ROOT, a_line, a_new_shop, an_order, load_order, receive, store, transact, units
from tests.contracts.sealed import a_sealed_row
from tests.contracts.test_races import at_once, no_pause, services

from oms_app.fulfilment import FulfilmentService, ReadShipment, Shipment, Waits
from oms_app.numbering import Numbering
from oms_app.order_moves import ExpireOrder, OrderMoveService, ReceiveReturn, UnreviewOrder
from oms_app.orders import AllocateOrder, ApproveOrder, CancelOrder, ReleaseOrder
from oms_app.paying import PaymentService, PayOrder
from oms_app.ports.transaction import Begin
from oms_app.stopping import BookStopped, BookStopRefused, StopService
from oms_domain.kernel.errors import MoveNotAllowed
from oms_domain.kernel.money import Money
from oms_domain.orders.sales_order import PartyRef
from oms_domain.orders.states import OrderState as S
from oms_domain.testing.builders import MAIN

ROUNDS = 4


@pytest.fixture
def orders(backend):
    return services(backend)[0]


@pytest.fixture
def reviewed(backend, orders):
    """Return how to make an order of five units that waits for customer service's review."""
    shop = store(backend, a_new_shop(backend))
    receive(backend, "A", 100)

    def make():
        new = an_order(backend, shop, state=S.AWAITING_ALLOCATION, lines=(a_line(backend, sku="A", quantity=5),))
        store(backend, new)
        orders.allocate(AllocateOrder(order_id=new.id, by=ROOT))
        return new

    return make


def moves_on(backend):
    return OrderMoveService(
        begin=Begin(backend.open),
        now=backend.clock,
        new_id=backend.new_id,
        numbering=Numbering(backend.numbers, backend.clock),
        pause=no_pause,
    )


def outcomes(results):
    return Counter(type(each) if isinstance(each, Exception) else str(each.state) for each in results)


def both(*asks):
    """Let two use cases begin at the same moment, each with its command."""

    def act(n, barrier):
        use_case, command = asks[n]
        barrier.wait()
        return use_case(command)

    return at_once(2, act)


def test_of_two_reviewers_one_passes_it(backend, orders, reviewed):
    for _ in range(ROUNDS):
        order = reviewed()

        results = both(*[(orders.approve, ApproveOrder(order_id=order.id, by=ROOT))] * 2)

        assert outcomes(results) == {"awaiting_release": 1, MoveNotAllowed: 1}
        assert load_order(backend, order).version == 3
        assert fulfilments_of(backend, order) == 1


def test_control_two_reviewers_who_look_first_and_write_afterwards_both_pass_it(backend, reviewed):
    order = reviewed()

    def review(n, barrier):
        state = read_state(backend, order)
        barrier.wait()
        if state == S.AWAITING_CS_REVIEW:
            write_state(backend, order, S.AWAITING_RELEASE)
        return state == S.AWAITING_CS_REVIEW

    assert at_once(2, review) == [True, True]


def test_of_review_and_cancel_the_order_has_what_its_state_says(backend, orders, reviewed):
    for _ in range(ROUNDS):
        order = reviewed()

        results = both(
            (orders.approve, ApproveOrder(order_id=order.id, by=ROOT)),
            (orders.cancel, CancelOrder(order_id=order.id, by=ROOT)),
        )

        # Reviewed first, it is cancelled all the same; cancelled first, it is not reviewed.
        assert outcomes(results) in (
            {"awaiting_release": 1, "cancelled": 1},
            {MoveNotAllowed: 1, "cancelled": 1},
        )
        assert load_order(backend, order).state is S.CANCELLED
        assert units(backend, "A") == (100, 0)


def test_control_a_reviewer_who_looks_first_and_writes_afterwards_passes_what_is_cancelled(backend, orders, reviewed):
    order = reviewed()

    def act(n, barrier):
        if n == 0:
            state = read_state(backend, order)
            barrier.wait()
            barrier.wait()
            if state == S.AWAITING_CS_REVIEW:
                write_state(backend, order, S.AWAITING_RELEASE)
            return None
        barrier.wait()
        answer = orders.cancel(CancelOrder(order_id=order.id, by=ROOT))
        barrier.wait()
        return answer

    at_once(2, act)

    assert read_state(backend, order) == S.AWAITING_RELEASE  # to be shipped …
    assert units(backend, "A") == (100, 0)  # … of units that nobody holds


def test_of_release_and_taking_it_back_one_comes_first(backend, orders, reviewed):
    moves = moves_on(backend)
    for _ in range(ROUNDS):
        order = reviewed()
        orders.approve(ApproveOrder(order_id=order.id, by=ROOT))

        both(
            (orders.release, ReleaseOrder(order_id=order.id, by=ROOT)),
            (moves.unreview, UnreviewOrder(order_id=order.id, by=ROOT)),
        )

        found = load_order(backend, order)
        asked = found.pending is not None
        assert (found.state, asked) in ((S.AWAITING_CS_REVIEW, False), (S.IN_WAREHOUSE, True))


def test_of_two_answers_of_a_warehouse_one_counts(backend, orders, reviewed):
    stops = StopService(
        begin=Begin(backend.open),
        now=backend.clock,
        new_id=backend.new_id,
        numbering=Numbering(backend.numbers, backend.clock),
        pause=no_pause,
    )
    held = 0
    for _ in range(ROUNDS):
        order = reviewed()
        for act, kind in ((orders.approve, ApproveOrder), (orders.release, ReleaseOrder), (orders.cancel, CancelOrder)):
            act(kind(order_id=order.id, by=ROOT))
        about = {"order_id": order.id, "fulfilment_id": load_order(backend, order).fulfilment_id, "by": ROOT}

        results = both(
            (stops.book_stopped, BookStopped(**about)),
            (stops.book_refused, BookStopRefused(**about, reason="已出库")),
        )

        found = load_order(backend, order)
        held += 5 if found.state is S.IN_WAREHOUSE else 0
        assert results == [None, None]
        assert (found.pending, found.state in (S.CANCELLED, S.IN_WAREHOUSE)) == (None, True)
        assert units(backend, "A") == (100, held)


@pytest.fixture
def released(orders, backend):
    """Return how to make an order that is released and not yet sent, which somebody wants to cancel."""

    shop = store(backend, a_new_shop(backend))
    receive(backend, "A", 100)
    receiver = a_sealed_row(backend, shop)
    transact(backend, lambda tx: tx.vault.put(receiver))

    def make():
        line = a_line(backend, sku="A", quantity=5)
        order = an_order(
            backend, shop, state=S.AWAITING_ALLOCATION, lines=(line,), receiver=PartyRef(vault_id=receiver.id)
        )
        store(backend, order)
        steps = (orders.allocate, AllocateOrder), (orders.approve, ApproveOrder), (orders.release, ReleaseOrder)
        for act, kind in steps:
            act(kind(order_id=order.id, by=ROOT))
        return load_order(backend, order)

    return make


def test_of_sending_and_cancelling_one_comes_first(backend, orders, released):
    shared = {"begin": Begin(backend.open), "now": backend.clock, "new_id": backend.new_id, "pause": no_pause}
    fulfilment = FulfilmentService(**shared)
    stops = StopService(**shared, numbering=Numbering(backend.numbers, backend.clock))
    for _ in range(ROUNDS):
        order = released()
        about = {"fulfilment_id": order.fulfilment_id, "by": ROOT}

        def cancel(command, order=order):
            orders.cancel(CancelOrder(order_id=order.id, by=ROOT))
            return stops.settle_unsent(command)

        sent, stopped = both(
            (fulfilment.to_send, ReadShipment(**about)), (cancel, BookStopped(order_id=order.id, **about))
        )

        found = load_order(backend, order)
        assert isinstance(sent, Shipment | Waits | None), sent
        assert stopped is not isinstance(sent, Shipment)
        assert found.state is (S.CANCELLED if stopped else S.IN_WAREHOUSE)
        assert stopped or found.pending is not None  # the warehouse is asked


def test_control_a_worker_who_looks_first_and_sends_afterwards_sends_what_is_cancelled(backend, orders, released):
    order = released()
    shared = {"begin": Begin(backend.open), "now": backend.clock, "new_id": backend.new_id, "pause": no_pause}
    stops = StopService(**shared, numbering=Numbering(backend.numbers, backend.clock))

    def act(n, barrier):
        if n == 0:
            waits = load_order(backend, order).pending is not None
            barrier.wait()
            barrier.wait()
            return "sent" if not waits else "waits"
        barrier.wait()
        orders.cancel(CancelOrder(order_id=order.id, by=ROOT))
        about = BookStopped(order_id=order.id, fulfilment_id=order.fulfilment_id, by=ROOT)
        stopped = stops.settle_unsent(about)
        barrier.wait()
        return stopped

    assert at_once(2, act) == ["sent", True]
    assert load_order(backend, order).state is S.CANCELLED


@pytest.fixture
def unpaid(backend):
    """Return how to make an order that waits for its payment."""
    shop = store(backend, a_new_shop(backend))
    none = {"state": S.AWAITING_PAYMENT, "paid": Money(0), "paid_at": None}
    return lambda: store(backend, an_order(backend, shop, **none))


def test_of_payment_and_expiry_one_comes_first(backend, unpaid):
    payments = PaymentService(begin=Begin(backend.open), now=backend.clock, pause=no_pause)
    moves = moves_on(backend)
    for _ in range(ROUNDS):
        order = unpaid()

        results = both(
            (payments.pay, PayOrder(order_id=order.id, paid=order.payable, by=ROOT)),
            (moves.expire, ExpireOrder(order_id=order.id, by=ROOT)),
        )

        found = load_order(backend, order)
        assert outcomes(results) in (
            {"awaiting_allocation": 1, MoveNotAllowed: 1},
            {"cancelled": 1, MoveNotAllowed: 1},
        )
        assert (found.state, found.paid) in ((S.AWAITING_ALLOCATION, order.payable), (S.CANCELLED, Money(0)))


def test_control_a_timer_that_looks_first_and_writes_afterwards_cancels_what_is_paid(backend, unpaid):
    payments = PaymentService(begin=Begin(backend.open), now=backend.clock, pause=no_pause)
    order = unpaid()

    def act(n, barrier):
        if n == 0:
            state = read_state(backend, order)
            barrier.wait()
            barrier.wait()
            if state == S.AWAITING_PAYMENT:
                write_state(backend, order, S.CANCELLED)
            return None
        barrier.wait()
        answer = payments.pay(PayOrder(order_id=order.id, paid=order.payable, by=ROOT))
        barrier.wait()
        return answer

    at_once(2, act)

    found = load_order(backend, order)
    assert (found.state, found.paid) == (S.CANCELLED, order.payable)


@pytest.fixture
def returning(backend):
    """Return how to make an order of five units that its buyer has refused."""
    shop = store(backend, a_new_shop(backend))
    receive(backend, "A", 100)

    def make():
        line = a_line(backend, sku="A", quantity=5, shipped=5)
        return store(backend, an_order(backend, shop, state=S.RETURNING, warehouse=MAIN, lines=(line,)))

    return make


def test_what_came_back_is_booked_once_although_two_say_so(backend, returning):
    moves = moves_on(backend)
    for n in range(1, ROUNDS + 1):
        order = returning()

        results = both(*[(moves.receive_return, ReceiveReturn(order_id=order.id, by=ROOT))] * 2)

        assert outcomes(results) == {"closed": 1, MoveNotAllowed: 1}
        assert units(backend, "A") == (100 + 5 * n, 0)
    assert [each for each in findings(backend) if "stock" in each.invariant or "ledger" in each.invariant] == []


def test_control_two_who_look_first_and_book_afterwards_both_book_it(backend, returning):
    order = returning()

    def book(n, barrier):
        state = read_state(backend, order)
        barrier.wait()
        if state == S.RETURNING:
            receive(backend, "A", 5)

    at_once(2, book)

    assert units(backend, "A") == (110, 0)


def findings(backend):
    return list(backend.store.doctor.findings(lambda name, count: None))


def fulfilments_of(backend, order):
    if backend.engine is None:
        return sum(each.order_id == order.id for each in backend.store.tables.fulfilments.values())
    with backend.engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT order_id FROM fulfilment_order")).all()
    return sum(bytes_of(row.order_id) == order.id.bytes for row in rows)


def bytes_of(value):
    return value.bytes if hasattr(value, "bytes") else bytes(value)


def read_state(backend, order):
    if backend.engine is None:
        return backend.store.tables.orders[order.id].state
    with backend.engine.connect() as connection:
        return connection.execute(sa.text("SELECT state FROM sales_order")).scalar_one()


def write_state(backend, order, state):
    if backend.engine is None:
        orders = backend.store.tables.orders
        orders[order.id] = evolve(orders[order.id], state=state)
        return
    with backend.engine.begin() as connection:
        connection.execute(sa.text("UPDATE sales_order SET state = :state"), {"state": str(state)})
