"""Stock is what came in less what left; nothing is held twice, and never more than there is."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from tests.contracts.rows import (
    ROOT,
    a_line,
    a_new_shop,
    a_stored_order,
    an_order,
    level,
    receive,
    received,
    reservations,
    reserve,
    store,
    transact,
    units,
)

from oms_app.ports.transaction import StockMoved
from oms_domain.inventory.movements import adds
from oms_domain.inventory.stock import Handover, LedgerKind, Quality, StockBelowReserved, StockLevel
from oms_domain.kernel.identity import SkuCode, WarehouseCode
from oms_domain.kernel.quantity import Quantity
from oms_domain.testing.builders import MAIN

OTHER = WarehouseCode("OTHER")


def an_order_for(backend, **wanted):
    """Return a stored order with one line for each SKU: ``an_order_for(backend, A=2)``."""
    lines = tuple(a_line(backend, sku=SkuCode(sku), quantity=Quantity(n)) for sku, n in wanted.items())
    return a_stored_order(backend, lines=lines)


def consume(backend, order, lines):
    transact(backend, lambda tx: tx.stock.consume(order.id, lines, document=backend.new_id()))


def release(backend, order, lines=None):
    transact(backend, lambda tx: tx.stock.release(order.id, lines))


def adjust(backend, sku, by):
    entry = adds(SkuCode(sku), MAIN, by, LedgerKind.ADJUST, Quality.GOOD)
    transact(backend, lambda tx: tx.stock.move((entry,), document=backend.new_id()))


# --- levels ----------------------------------------------------------------------------------------------------------


def test_what_never_came_in_is_missing(backend):
    receive(backend, "A", 3)

    with backend.open(ROOT) as tx:
        levels = tx.stock.levels(MAIN, [SkuCode("A"), SkuCode("B")])

    assert levels == {"A": StockLevel(sku=SkuCode("A"), warehouse=MAIN, on_hand=3, reserved=0)}


def test_warehouses_are_counted_apart(backend):
    receive(backend, "A", 3)
    receive(backend, "A", 5, OTHER)

    assert (units(backend, "A"), units(backend, "A", OTHER)) == ((3, 0), (5, 0))


def test_what_every_warehouse_has_is_read_at_once(backend):
    receive(backend, "A", 3)
    receive(backend, "B", 2, OTHER)
    receive(backend, "A", 5, OTHER)
    receive(backend, "C", 9)
    transact(backend, lambda tx: tx.stock.part(SkuCode("A"), OTHER, 2))

    with backend.open(ROOT) as tx:
        found = tx.stock.everywhere([SkuCode("A"), SkuCode("B"), SkuCode("a")])
        assert tx.stock.everywhere([]) == {}

    assert {place: {sku: level.available for sku, level in stock.items()} for place, stock in found.items()} == {
        MAIN: {"A": 3},
        OTHER: {"A": 5, "B": 2},
    }


def test_what_was_read_of_every_warehouse_can_be_held(backend):
    receive(backend, "A", 8, OTHER)
    transact(backend, lambda tx: tx.stock.part(SkuCode("A"), OTHER, 4))
    order = an_order_for(backend, A=7)

    with backend.open(ROOT) as tx:
        assert tx.stock.everywhere([SkuCode("A")])[OTHER]["A"].buckets == 4
        tx.stock.reserve(order.id, reservations(order, OTHER))
        tx.commit()

    assert units(backend, "A", OTHER) == (8, 7)


def test_skus_that_look_alike_are_different(backend):
    for n, sku in enumerate(("a1", "A1", "Á1", "Ａ1"), start=1):
        receive(backend, sku, n)

    assert [units(backend, sku)[0] for sku in ("a1", "A1", "Á1", "Ａ1")] == [1, 2, 3, 4]


def test_receipts_add_up(backend):
    for n in (1, 10**6, 7):
        receive(backend, "A", n)

    assert units(backend, "A") == (10**6 + 8, 0)


# --- reserve ---------------------------------------------------------------------------------------------------------


def test_units_are_held_to_the_last(backend):
    receive(backend, "A", 3)

    reserve(backend, an_order_for(backend, A=3))

    assert units(backend, "A") == (3, 3)


def test_one_unit_too_many_is_refused(backend):
    receive(backend, "A", 3)
    order = an_order_for(backend, A=4)

    with pytest.raises(StockMoved):
        reserve(backend, order)

    assert units(backend, "A") == (3, 0)


def test_an_order_is_held_whole_or_not_at_all(backend):
    receive(backend, "A", 5)
    receive(backend, "B", 1)
    order = an_order_for(backend, A=1, B=2)

    with pytest.raises(StockMoved):
        reserve(backend, order)

    assert (units(backend, "A"), units(backend, "B")) == ((5, 0), (1, 0))


def test_what_is_not_known_cannot_be_held(backend):
    order = an_order_for(backend, A=1)

    with pytest.raises(StockMoved):
        reserve(backend, order)


def test_lines_of_one_sku_are_added_up(backend):
    receive(backend, "A", 3)
    shop = store(backend, a_new_shop(backend))
    lines = tuple(a_line(backend, sku=SkuCode("A"), quantity=Quantity(2)) for _ in range(2))
    order = store(backend, an_order(backend, shop, lines=lines))

    with pytest.raises(StockMoved):
        reserve(backend, order)
    receive(backend, "A", 1)
    reserve(backend, order)

    assert units(backend, "A") == (4, 4)


def test_reserving_again_changes_nothing(backend):
    receive(backend, "A", 5)
    order = an_order_for(backend, A=2)
    reserve(backend, order)

    reserve(backend, order)

    assert units(backend, "A") == (5, 2)


def test_what_was_given_back_can_be_held_anew(backend):
    receive(backend, "A", 5)
    order = an_order_for(backend, A=2)
    reserve(backend, order)
    release(backend, order)

    reserve(backend, order)

    assert units(backend, "A") == (5, 2)


# --- hand over -------------------------------------------------------------------------------------------------------


def hand_over(backend, order, *rows):
    """Hand over units of an order's first line to lines of other orders: (order, line, units)."""
    handovers = [
        Handover(order_id=order.id, line_id=order.lines[0].id, to_order=to.id, to_line=to.lines[at].id, units=units)
        for to, at, units in rows
    ]
    transact(backend, lambda tx: tx.stock.hand_over(handovers))


def held(backend, order):
    with backend.open(ROOT) as tx:
        return tx.stock.places(order.id)


def test_what_is_handed_over_is_held_by_others(backend):
    receive(backend, "A", 5)
    order, one, other = an_order_for(backend, A=3), an_order_for(backend, A=1), an_order_for(backend, A=2)
    reserve(backend, order)

    hand_over(backend, order, (one, 0, 1), (other, 0, 2))

    assert units(backend, "A") == (5, 3)
    release(backend, order)  # it holds nothing any more
    assert units(backend, "A") == (5, 3)
    consume(backend, one, None)
    assert units(backend, "A") == (4, 2)
    release(backend, other)
    assert units(backend, "A") == (4, 0)
    assert held(backend, order) == held(backend, other) == ((SkuCode("A"), MAIN),)


def test_what_stays_is_held_as_before(backend):
    receive(backend, "A", 5)
    order, one = an_order_for(backend, A=3), an_order_for(backend, A=1)
    reserve(backend, order)

    hand_over(backend, order, (one, 0, 1))
    release(backend, order)

    assert units(backend, "A") == (5, 1)


def test_what_is_not_held_is_not_handed_over(backend):
    receive(backend, "A", 5)
    order, one, other = an_order_for(backend, A=1), an_order_for(backend, A=2), an_order_for(backend, A=1)

    hand_over(backend, order, (one, 0, 1))
    reserve(backend, order)
    hand_over(backend, order, (other, 0, 4))

    assert units(backend, "A") == (5, 1)
    release(backend, one)
    assert units(backend, "A") == (5, 1)
    release(backend, other)
    assert units(backend, "A") == (5, 0)


def test_what_was_handed_over_can_be_released_at_once(backend):
    receive(backend, "A", 5)
    order, one = an_order_for(backend, A=3), an_order_for(backend, A=3)
    reserve(backend, order)
    handover = Handover(order_id=order.id, line_id=order.lines[0].id, to_order=one.id, to_line=one.lines[0].id, units=3)

    def act(tx):
        tx.stock.hand_over([handover])
        tx.stock.release(one.id)

    transact(backend, act)

    assert units(backend, "A") == (5, 0)


@pytest.mark.postgres
def test_units_that_went_meanwhile_are_not_handed_over(stores):
    backend = stores("postgres")
    receive(backend, "A", 5)
    order, one = an_order_for(backend, A=3), an_order_for(backend, A=3)
    reserve(backend, order)
    handover = Handover(order_id=order.id, line_id=order.lines[0].id, to_order=one.id, to_line=one.lines[0].id, units=3)

    def act(tx):
        tx.stock.hand_over([handover])
        consume(backend, order, [(order.lines[0].id, 1)])

    with pytest.raises(StockMoved):
        transact(backend, act)

    assert units(backend, "A") == (4, 2)


# --- release ---------------------------------------------------------------------------------------------------------


def test_released_units_are_free_once(backend):
    receive(backend, "A", 5)
    order, other = an_order_for(backend, A=2), an_order_for(backend, A=1)
    reserve(backend, order)
    reserve(backend, other)

    for _ in range(2):
        release(backend, order)

    assert units(backend, "A") == (5, 1)


def test_some_lines_can_be_released(backend):
    receive(backend, "A", 5)
    receive(backend, "B", 5)
    order = an_order_for(backend, A=2, B=3)
    reserve(backend, order)

    release(backend, order, [order.lines[1].id])

    assert (units(backend, "A"), units(backend, "B")) == ((5, 2), (5, 0))


def test_lines_and_then_the_rest_can_be_released_in_one_transaction(backend):
    receive(backend, "A", 5)
    receive(backend, "B", 5)
    order = an_order_for(backend, A=2, B=3)
    reserve(backend, order)

    def part_then_all(tx):
        tx.stock.release(order.id, [order.lines[0].id])
        tx.stock.release(order.id)

    transact(backend, part_then_all)

    assert (units(backend, "A"), units(backend, "B")) == ((5, 0), (5, 0))


def test_releasing_nothing_is_nothing(backend):
    receive(backend, "A", 5)
    order = an_order_for(backend, A=2)
    release(backend, order)
    reserve(backend, order)

    release(backend, order, [])
    release(backend, order, [backend.new_id()])

    assert units(backend, "A") == (5, 2)


# --- consume ---------------------------------------------------------------------------------------------------------


def test_units_that_left_are_neither_held_nor_there(backend):
    receive(backend, "A", 5)
    receive(backend, "B", 5)
    order = an_order_for(backend, A=2, B=3)
    reserve(backend, order)

    consume(backend, order, [(order.lines[0].id, 2), (order.lines[1].id, 1)])

    assert (units(backend, "A"), units(backend, "B")) == ((3, 0), (4, 2))


def test_the_rest_can_leave_later(backend):
    receive(backend, "A", 5)
    order = an_order_for(backend, A=3)
    reserve(backend, order)

    consume(backend, order, [(order.lines[0].id, 1)])
    consume(backend, order, [(order.lines[0].id, 2)])

    assert units(backend, "A") == (2, 0)


def test_no_more_leaves_than_is_held(backend):
    receive(backend, "A", 5)
    order = an_order_for(backend, A=2)
    reserve(backend, order)

    consume(backend, order, [(order.lines[0].id, 4)])
    consume(backend, order, [(order.lines[0].id, 4)])

    assert units(backend, "A") == (3, 0)


def test_everything_that_is_held_can_leave_at_once(backend):
    receive(backend, "A", 5)
    receive(backend, "B", 5)
    order = an_order_for(backend, A=2, B=3)
    reserve(backend, order)

    for _ in range(2):
        consume(backend, order, None)

    assert (units(backend, "A"), units(backend, "B")) == ((3, 0), (2, 0))


def test_what_is_left_of_a_partly_shipped_order_can_be_released(backend):
    receive(backend, "A", 5)
    order = an_order_for(backend, A=3)
    reserve(backend, order)
    consume(backend, order, [(order.lines[0].id, 1)])

    release(backend, order)

    assert units(backend, "A") == (4, 0)


# --- change ----------------------------------------------------------------------------------------------------------


def test_stock_can_be_taken_down_to_what_is_held(backend):
    receive(backend, "A", 5)
    reserve(backend, an_order_for(backend, A=2))

    adjust(backend, "A", -3)

    assert units(backend, "A") == (2, 2)


def test_stock_cannot_be_taken_below_what_is_held(backend):
    receive(backend, "A", 5)
    reserve(backend, an_order_for(backend, A=2))

    with pytest.raises(StockBelowReserved) as refusal:
        adjust(backend, "A", -4)

    assert (refusal.value.sku, refusal.value.warehouse) == ("A", MAIN)
    assert units(backend, "A") == (5, 2)


def test_what_never_came_in_cannot_be_taken(backend):
    with pytest.raises(StockBelowReserved):
        adjust(backend, "A", -1)

    assert level(backend, "A") is None


# --- any sequence ----------------------------------------------------------------------------------------------------

SKUS = ("A", "B")
few = st.integers(1, 4)
sku = st.sampled_from(SKUS)
which = st.integers(0, 2)


class AgainstAModel(RuleBasedStateMachine):
    """Any sequence of steps against counters that are easy to believe."""

    backend = None

    def __init__(self):
        super().__init__()
        self.backend.wipe()
        wanted = ({"A": 1, "B": 2}, {"A": 3}, {"A": 2, "B": 2})
        self.orders = [an_order_for(self.backend, **lines) for lines in wanted]
        self.on_hand = dict.fromkeys(SKUS, 0)
        self.held = {line.id: 0 for order in self.orders for line in order.lines}
        self.sku = {line.id: line.sku for order in self.orders for line in order.lines}

    def reserved(self, sku):
        return sum(held for line, held in self.held.items() if self.sku[line] == sku)

    @rule(sku=sku, units=few)
    def receive(self, sku, units):
        receive(self.backend, sku, units)
        self.on_hand[sku] += units

    @rule(which=which)
    def reserve(self, which):
        order = self.orders[which]
        if any(self.held[line.id] for line in order.lines):
            reserve(self.backend, order)
        elif all(self.on_hand[line.sku] - self.reserved(line.sku) >= line.quantity for line in order.lines):
            reserve(self.backend, order)
            self.held |= {line.id: line.quantity for line in order.lines}
        else:
            with pytest.raises(StockMoved):
                reserve(self.backend, order)

    @rule(which=which, first_only=st.booleans())
    def release(self, which, first_only):
        order = self.orders[which]
        lines = [line.id for line in order.lines[: 1 if first_only else None]]
        release(self.backend, order, lines if first_only else None)
        self.held |= dict.fromkeys(lines, 0)

    @rule(which=which, units=few, everything=st.booleans())
    def consume(self, which, units, everything):
        order = self.orders[which]
        lines = [line.id for line in order.lines]
        consume(self.backend, order, None if everything else [(lines[0], units)])
        for line in lines if everything else lines[:1]:
            gone = self.held[line] if everything else min(self.held[line], units)
            self.held[line] -= gone
            self.on_hand[self.sku[line]] -= gone

    @rule(sku=sku, units=few)
    def take_away(self, sku, units):
        if self.on_hand[sku] - self.reserved(sku) >= units:
            adjust(self.backend, sku, -units)
            self.on_hand[sku] -= units
        else:
            with pytest.raises(StockBelowReserved):
                adjust(self.backend, sku, -units)

    @invariant()
    def levels_are_what_the_model_says(self):
        assert [units(self.backend, sku) for sku in SKUS] == [(self.on_hand[sku], self.reserved(sku)) for sku in SKUS]


def test_any_sequence_of_steps_keeps_the_counts(backend):
    machine = type("Machine", (AgainstAModel,), {"backend": backend})
    bounds = settings(max_examples=15, stateful_step_count=15, suppress_health_check=list(HealthCheck))

    run_state_machine_as_test(machine, settings=bounds)


def test_steps_of_several_orders_in_one_transaction_add_up(backend):
    receive(backend, "A", 5)
    orders = [an_order_for(backend, A=2) for _ in range(2)]

    def both(tx):
        for order in orders:
            tx.stock.reserve(order.id, reservations(order))

    transact(backend, both)

    assert units(backend, "A") == (5, 4)


def test_several_receipts_of_a_new_sku_in_one_transaction_add_up(backend):
    def twice(tx):
        for n in (1, 2):
            tx.stock.move((received("A", n),), document=backend.new_id())

    transact(backend, twice)

    assert units(backend, "A") == (3, 0)
