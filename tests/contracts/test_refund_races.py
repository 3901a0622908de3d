"""32 at once want money back of one order: never more goes back than was paid, of no unit and no tender.

The store's two guards stand beside their control: each alone is enough, and without both more goes back than was paid.
"""

from contextlib import suppress
from itertools import count

import pytest
import sqlalchemy as sa
from attrs import evolve
from tests.adapters.db.stored import StoredWorld
from tests.app.claims import Claims
from tests.app.purse import Purse, moved_fen
from tests.contracts.rows import ROOT, a_line, a_stored_order, transact
from tests.contracts.test_races import at_once
from tests.contracts.test_stock_races import KINDS

from oms_adapters.db.refunds import LedgerStore, _Open, entry_of, entry_row, refund_cap, refund_entry
from oms_app.ports.transaction import Contended
from oms_app.refunds import ApproveRefund, CreateRefund, PayByHand
from oms_domain.channels.aftersales import AskKind, AskState
from oms_domain.channels.standard import StandardTender, TenderKind
from oms_domain.kernel.errors import OmsError
from oms_domain.kernel.identity import RefundId
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.refunds.layers import lowest, total
from oms_domain.refunds.ledger import CASH, Charge, NothingLeft
from oms_domain.refunds.placing import RefundUnits, place, rooms
from oms_domain.testing.builders import a_standard_order

THREADS = 32
UNITS = 8
TRIES = 60


@pytest.fixture(params=KINDS)
def backend(request, stores):
    return stores(request.param)


def an_order_of_eight(backend):
    """Return a signed order of eight scarves at 10.01 in one line, and one hat."""
    lines = (
        a_line(backend, quantity=Quantity(UNITS), unit_price=Money(1001), line_discount=Money(5)),
        a_line(backend, quantity=Quantity(1), unit_price=Money(300), line_discount=Money(0)),
    )
    return a_stored_order(backend, lines=lines)


def some_room(ledger, line_id, unit):
    """Return half of what a unit may still give back, or what little is left of it."""
    found = rooms(ledger, [RefundUnits(line_id=line_id, units=((unit, unit + 1),))], with_freight=False)
    left = sum(room.fen for room in found)
    return place(found, min(left, 501)) if left else ()


def test_never_more_goes_back_than_was_paid(backend):
    order = an_order_of_eight(backend)
    line_id = order.lines[0].id

    def refund(n, barrier):
        barrier.wait()
        for _ in range(TRIES):
            with suppress(Contended):
                return transact(backend, lambda tx: hold(tx, n))
        return "gave up"

    def hold(tx, n):
        ledger = tx.refund_ledgers.of(order)
        taken = some_room(ledger, line_id, n % UNITS)
        if not taken:
            return 0
        ledger = ledger.hold(id := RefundId(backend.new_id()), taken, at=backend.clock.now)
        tx.refund_ledgers.save(ledger.moved(id, taken, at=backend.clock.now) if n % 2 else ledger)
        return sum(each.fen for each in taken)

    answers = at_once(THREADS, refund)

    with backend.open(ROOT) as tx:
        ledger = tx.refund_ledgers.of(order)
    assert sum(answers) == order.lines[0].payable.fen == sum(entry.fen for entry in ledger.standing.values())
    assert ledger.left(line_id, Charge.GOODS, CASH) == ()
    assert lowest(ledger.left(line_id, Charge.GOODS, CASH)) == 0
    with backend.engine.connect() as connection:
        caps = connection.execute(sa.select(refund_cap).where(refund_cap.c.line_id == line_id)).all()
    assert [(row.paid_fen, row.gone_fen) for row in caps if row.charge == "goods"] == [(8003, 8003)]
    with pytest.raises(NothingLeft):
        ledger.hold(RefundId(backend.new_id()), some_room_of_paid(ledger, line_id), at=backend.clock.now)


def some_room_of_paid(ledger, line_id):
    from oms_domain.refunds.ledger import Taken

    return (Taken(line_id=line_id, charge=Charge.GOODS, tender=CASH, layer=((0, 1, 1),)),)


# --- the guards are what keeps it so ---------------------------------------------------------------------------------


def without(monkeypatch, guards):
    """Take guards of the ledger's store away: an entry's place in its order, what a line may give back, or both."""
    if "place" in guards:
        places, row = count(1_000), entry_row
        monkeypatch.setattr(
            "oms_adapters.db.refunds.entry_row", lambda order_id, seq, entry: row(order_id, next(places), entry)
        )
    if "cap" in guards:
        monkeypatch.setattr(LedgerStore, "_send", lambda self, open_, connection: None)


def held_after_all_have_read(backend, order, monkeypatch):
    """Let 32 hold a whole unit each, of eight, who read the ledger before anybody wrote; return what it says then."""
    goods, other = (line.id for line in order.lines)
    transact(backend, lambda tx: held(tx, order, other, 0, backend))
    seen = transact(backend, lambda tx: tx.refund_ledgers.of(order))

    def of(self, order):
        self._open[order.id] = _Open(len(seen.entries), seen, seen)
        return seen

    monkeypatch.setattr(LedgerStore, "of", of)

    def hold(n, barrier):
        barrier.wait()
        with suppress(Contended):
            transact(backend, lambda tx: held(tx, order, goods, n % UNITS, backend))

    assert set(at_once(THREADS, hold)) == {None}
    with backend.engine.connect() as connection:
        rows = connection.execute(sa.select(refund_entry).where(refund_entry.c.order_id == order.id)).all()
    return sum(entry.fen for entry in map(entry_of, rows)) - seen.entries[0].fen


def held(tx, order, line_id, unit, backend):
    ledger = tx.refund_ledgers.of(order)
    found = rooms(ledger, [RefundUnits(line_id=line_id, units=((unit, unit + 1),))], with_freight=False)
    if found:
        tx.refund_ledgers.save(ledger.hold(RefundId(backend.new_id()), place(found), at=backend.clock.now))


@pytest.mark.parametrize("guards", [(), ("place",), ("cap",)], ids=["both", "cap alone", "place alone"])
def test_either_guard_alone_lets_nobody_have_more_than_was_paid(backend, monkeypatch, guards):
    order = an_order_of_eight(backend)
    without(monkeypatch, guards)

    assert 0 < held_after_all_have_read(backend, order, monkeypatch) <= order.lines[0].payable.fen


def test_control_with_the_guards_off_more_goes_back_than_was_paid(backend, monkeypatch):
    order = an_order_of_eight(backend)
    without(monkeypatch, ("place", "cap"))

    assert held_after_all_have_read(backend, order, monkeypatch) == 4 * order.lines[0].payable.fen


def test_the_columns_alone_refuse_what_is_above_what_was_paid(backend):
    """The last guard, should somebody write past all others: the database itself."""
    order = an_order_of_eight(backend)
    line_id = order.lines[0].id

    def hold(tx):
        ledger = tx.refund_ledgers.of(order)
        tx.refund_ledgers.save(
            ledger.hold(RefundId(backend.new_id()), some_room(ledger, line_id, 0), at=order.placed_at)
        )

    transact(backend, hold)

    with pytest.raises(sa.exc.DBAPIError), backend.engine.begin() as connection:
        connection.execute(refund_cap.update().values(gone_fen=refund_cap.c.paid_fen + 1))


# --- the use cases ---------------------------------------------------------------------------------------------------


def test_refunds_by_hand_and_a_platforms_word_at_once_give_back_no_more_than_was_paid(backend):
    """32 make, grant and pay refunds by hand, or tell that the platform has paid: of an order partly paid by gift card.

    What only the platform does beyond is on its own refunds, and shown.
    """
    world = StoredWorld(backend.store, backend.clock, backend.new_id)
    card = StandardTender(name="card", kind=TenderKind.GIFT_CARD, amount=Money(5_000))
    claims = Claims(world, a_standard_order(tenders=(card,), paid=Money(18_600))).shipped()
    order = claims.order
    scarves = order.lines[0].id

    def by_hand(n):
        wants = (RefundUnits(line_id=scarves, units=((n % 2, n % 2 + 1),)),)
        made = tried(lambda: world.refunds.create(CreateRefund(order_id=order.id, units=wants, reason="x", by=ROOT)))
        for act in (
            lambda: world.refunds.approve(ApproveRefund(refund_id=made.id, by=ROOT)),
            lambda: world.refunds.pay_by_hand(PayByHand(refund_id=made.id, by=ROOT)),
        ):
            tried(act)

    def tells(n):
        ask = claims.an_ask(refund_no=f"97{n:03}", kind=AskKind.REFUND, returns_goods=False, refund=Money(9_400))
        tried(lambda: claims.hears(evolve(ask, state=AskState.SUCCEEDED), settle=False))

    def both(n, barrier):
        barrier.wait()
        with suppress(OmsError):
            tells(n) if n % 16 == 0 else by_hand(n)

    assert set(at_once(THREADS, both)) == {None}
    world.settle()

    with world.open(ROOT) as tx:
        ledger = tx.refund_ledgers.of(order)
    for tender in ledger.tenders:
        paid = sum(total(ledger.paid(line.line_id, c, tender)) for line in ledger.lines for c in Charge)
        gone = sum(total(ledger.gone(line.line_id, c, tender)) for line in ledger.lines for c in Charge)
        assert gone <= paid
    refunds = claims.refunds
    assert sum(refund.moved.fen for refund in refunds if refund.moved and refund.case_id) == 18_800
    by_us = [refund for refund in refunds if refund.paid_by]
    assert all(refund.excess_fen == 0 for refund in by_us)
    assert moved_fen(refunds) - ledger.excess_fen <= order.paid.fen + card.amount.fen
    Purse(claims).doctor_finds_what_a_person_has_not_seen_to()


def tried(act):
    """Do it as often as somebody else was first."""
    for _ in range(TRIES):
        with suppress(Contended):
            return act()
    raise AssertionError("gave up")
