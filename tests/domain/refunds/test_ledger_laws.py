"""Laws of the ledger: whatever is refunded in whatever order, no unit and no tender gives back more than it paid."""

import time
from itertools import permutations

from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from oms_domain.apportionment.units import of_units
from oms_domain.kernel.identity import RefundId
from oms_domain.refunds.layers import Layer, lowest, minus, total
from oms_domain.refunds.ledger import CASH, Charge, EntryKind, NothingLeft, RefundLedger
from oms_domain.refunds.placing import PartialOrder, RefundUnits, place, rooms, settled
from oms_domain.refunds.refundable import refundable_now
from oms_domain.testing.aftersales import LINE_NUMBERS, a_ledger, ledgers, some_wants
from oms_domain.testing.builders import NOW, an_id


def refund_id(n: int) -> RefundId:
    return RefundId(an_id(100 + n))


def components(ledger: RefundLedger):
    return [(line.line_id, charge, tender) for line in ledger.lines for charge in Charge for tender in ledger.tenders]


def is_within_what_was_paid(ledger: RefundLedger) -> bool:
    """No unit gave back more to a tender than that paid for it, and no cash more than came in."""
    return ledger.cash_left_fen >= 0 and all(
        lowest(minus(ledger.paid(*each), ledger.gone(*each))) == 0 for each in components(ledger)
    )


def everything(ledger: RefundLedger) -> tuple[RefundUnits, ...]:
    return tuple(RefundUnits(line_id=line.line_id, units=((0, line.units),)) for line in ledger.lines)


def given_back(ledger: RefundLedger, tender: str) -> int:
    return sum(each.fen for entry in ledger.standing.values() for each in entry.taken if each.tender == tender)


def paid(ledger: RefundLedger, tender: str) -> int:
    return sum(total(ledger.paid(line, charge, each)) for line, charge, each in components(ledger) if each == tender)


def refunded(draw, ledger: RefundLedger, number: int) -> RefundLedger:
    """Refund some units, in part or whole, with freight or without."""
    wants = draw(some_wants(ledger))
    found = rooms(ledger, wants, with_freight=draw(st.booleans()))
    room = sum(each.fen for each in found)
    if not room:
        return ledger
    amount = draw(st.integers(1, room) | st.just(room))
    return ledger.hold(refund_id(number), place(found, amount, draw(st.sampled_from(PartialOrder))), at=NOW)


@settings(max_examples=150, deadline=None)
@given(ledger=ledgers(), data=st.data())
def test_partial_refunds_of_any_units_in_any_order_then_the_rest_end_at_exactly_nothing(ledger, data):
    paid_in_all = sum(paid(ledger, tender) for tender in ledger.tenders)
    for number in range(data.draw(st.integers(0, 6))):
        ledger = refunded(data.draw, ledger, number)
        assert is_within_what_was_paid(ledger)

    rest = rooms(ledger, everything(ledger), with_freight=True)
    done = ledger.hold(refund_id(99), place(rest), at=NOW) if rest else ledger

    assert rooms(done, everything(done), with_freight=True) == ()
    assert [given_back(done, tender) for tender in done.tenders] == [paid(done, tender) for tender in done.tenders]
    assert sum(entry.fen for entry in done.standing.values()) == paid_in_all


@settings(max_examples=150, deadline=None)
@given(ledger=ledgers(), data=st.data())
def test_facts_of_any_amount_for_any_units_never_pass_what_was_paid(ledger, data):
    told = 0
    for number in range(data.draw(st.integers(1, 5))):
        if data.draw(st.booleans()):
            ledger = refunded(data.draw, ledger, number)
        amount = data.draw(st.integers(0, 3_000_000))
        told += amount
        ledger = settled(ledger, refund_id(number), data.draw(some_wants(ledger)), amount, at=NOW)
        assert is_within_what_was_paid(ledger)

    assert all(entry.kind is EntryKind.DONE for entry in ledger.standing.values())
    assert sum(entry.fen + entry.excess_fen for entry in ledger.standing.values()) == told


@settings(max_examples=150, deadline=None)
@given(ledger=ledgers(), data=st.data())
def test_every_fen_of_the_cost_is_in_one_row(ledger, data):
    for number in range(data.draw(st.integers(0, 3))):
        ledger = refunded(data.draw, ledger, number)
    wants = data.draw(some_wants(ledger))

    now = refundable_now(ledger, wants, with_freight=data.draw(st.booleans()))

    lines = {line.line_id: line for line in ledger.lines}
    cost = sum(
        of_units(nets[0], lines[want.line_id].units, first, stop)
        for want in wants
        for nets in (lines[want.line_id].goods, lines[want.line_id].freight)
        for first, stop in want.units
    )
    assert now.cost_fen == cost == now.fen + sum(row.fen for row in now.not_more)
    assert all(row.fen > 0 for row in now.not_more)


@settings(max_examples=100, deadline=None)
@given(ledger=ledgers(), data=st.data())
def test_what_is_let_go_is_there_again_whatever_came_between(ledger, data):
    before = refunded(data.draw, ledger, 0)
    between = refunded(data.draw, before, 1)
    ids = list(between.standing)

    let_go = between
    for id_ in data.draw(st.permutations(ids)):
        let_go = let_go.release(id_, at=NOW)
        assert is_within_what_was_paid(let_go)

    assert rooms(let_go, everything(ledger), with_freight=True) == rooms(ledger, everything(ledger), with_freight=True)
    assert let_go.entries[: len(between.entries)] == between.entries


def whole_units(ledger: RefundLedger, order) -> RefundLedger:
    for number, unit in enumerate(order):
        found = rooms(ledger, (RefundUnits(line_id=LINE_NUMBERS[0], units=((unit, unit + 1),)),), with_freight=False)
        ledger = ledger.hold(refund_id(number), place(found), at=NOW) if found else ledger
    return ledger


@settings(max_examples=30, deadline=None)
@given(ledger=ledgers(lines=1, units=4))
def test_each_unit_gives_back_the_same_in_whatever_order_units_come_back(ledger):
    units = range(ledger.lines[0].units)

    def by_unit(order) -> list[Layer]:
        done = whole_units(ledger, order)
        return [done.gone(LINE_NUMBERS[0], Charge.GOODS, tender) for tender in done.tenders]

    assert all(by_unit(order) == by_unit(units) for order in permutations(units))


# --- several people at once ------------------------------------------------------------------------------------------


class Store:
    """One ledger, as a database keeps it: a stale version is refused, unless the guard is off."""

    def __init__(self, ledger: RefundLedger, *, guarded: bool) -> None:
        self.ledger, self.version, self.guarded = ledger, 0, guarded

    def save(self, ledger: RefundLedger, read: int) -> bool:
        if self.guarded and read != self.version:
            return False
        kept = {entry.refund_id for entry in self.ledger.entries}
        new = tuple(entry for entry in ledger.entries if entry.refund_id not in kept)
        # The rows of others stay, as they do in a table that is only added to.
        self.ledger = RefundLedger(
            order_id=ledger.order_id,
            steps=ledger.steps,
            lines=ledger.lines,
            collected_fen=ledger.collected_fen,
            entries=(*self.ledger.entries, *new),
        )
        self.version += 1
        return True


def run(store: Store, schedule: list[int], wants: tuple[RefundUnits, ...]) -> None:
    """Let each person read, then decide and write, in the order of the schedule; who was too late tries again."""
    read: dict[int, tuple[RefundLedger, int]] = {}
    open_ = list(schedule)
    while open_:
        person = open_.pop(0)
        if person not in read:
            read[person] = (store.ledger, store.version)
            continue
        ledger, version = read.pop(person)
        found = rooms(ledger, wants, with_freight=True)
        if found and not store.save(ledger.hold(refund_id(person), place(found), at=NOW), version):
            open_ += [person, person]


@settings(max_examples=100, deadline=None)
@given(ledger=ledgers(), data=st.data())
def test_under_any_interleaving_the_buyer_gets_back_what_was_paid_at_most(ledger, data):
    schedule = data.draw(st.permutations([person for person in range(4) for _ in range(2)]))
    store = Store(ledger, guarded=True)

    run(store, schedule, data.draw(some_wants(ledger)))

    assert is_within_what_was_paid(store.ledger)


def test_without_the_guard_the_same_people_refund_twice():
    """The control: this is what the law above would have to catch."""
    wants = (RefundUnits(line_id=a_ledger().lines[0].line_id, units=((0, 1),)),)
    guarded, open_ = Store(a_ledger(), guarded=True), Store(a_ledger(), guarded=False)

    for store in (guarded, open_):
        run(store, [0, 1, 0, 1], wants)

    assert is_within_what_was_paid(guarded.ledger)
    assert not is_within_what_was_paid(open_.ledger)


@settings(max_examples=60, deadline=None)
@given(ledger=ledgers(), data=st.data())
def test_the_ledger_refuses_whatever_passes_what_was_paid(ledger, data):
    """Amounts placed against an older ledger fit the newer one, or are refused: never half."""
    older = ledger
    newer = refunded(data.draw, ledger, 0)
    wants = data.draw(some_wants(ledger))
    placed = place(rooms(older, wants, with_freight=True))

    try:
        both = newer.hold(refund_id(1), placed, at=NOW)
    except NothingLeft:
        both = newer
    assert is_within_what_was_paid(both)
    assert both is newer or both.standing[refund_id(1)].taken == placed


def test_a_line_of_a_million_units_is_refunded_at_once():
    scarves = evolve(a_ledger().lines[0], units=10**6, goods=(10**12 + 7, 10**12 - 5, 10**11 + 3))
    ledger = a_ledger(lines=(scarves,), collected_fen=10**13)
    begun = time.process_time()

    for number in range(20):
        units = ((number * 1_000, number * 40_000 + 1_001),)
        found = rooms(ledger, (RefundUnits(line_id=scarves.line_id, units=units),), with_freight=True)
        if found:
            ledger = ledger.hold(refund_id(number), place(found, sum(room.fen for room in found) // 3), at=NOW)

    assert time.process_time() - begun < 2
    assert is_within_what_was_paid(ledger)
    assert given_back(ledger, CASH) > 0
