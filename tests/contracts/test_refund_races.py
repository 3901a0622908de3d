"""32 at once want money back of one order: never more goes back than was paid, of no unit and no tender.

The guard stands beside its control: with what was read trusted, and nothing that the store itself would refuse, more
is given back than was paid.
"""

from contextlib import suppress
from threading import Barrier

import pytest
import sqlalchemy as sa
from tests.contracts.rows import ROOT, a_line, a_stored_order, transact
from tests.contracts.test_races import at_once
from tests.contracts.test_stock_races import KINDS

from oms_adapters.db.refunds import refund_cap, refund_entry
from oms_app.ports.transaction import Contended
from oms_domain.kernel.identity import RefundId
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.refunds.layers import lowest
from oms_domain.refunds.ledger import CASH, Charge, NothingLeft
from oms_domain.refunds.placing import RefundUnits, place, rooms

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


def test_control_with_the_guards_off_more_goes_back_than_was_paid(backend):
    """Everybody reads before anybody writes, and the entries have no place of their own: all of them are taken."""
    order = an_order_of_eight(backend)
    line_id = order.lines[0].id
    all_have_read = Barrier(THREADS, timeout=30)

    def refund(n, _):
        with backend.engine.connect() as connection:
            ledger = ledger_on(connection, order)
        taken = some_room(ledger, line_id, n % UNITS)
        all_have_read.wait()
        with backend.engine.begin() as connection:
            row = {
                "order_id": order.id,
                "seq": 1_000 + n,  # instead of the next place
                "refund_id": backend.new_id(),
                "kind": "held",
                "taken": [],
                "excess_fen": sum(each.fen for each in taken),
                "at": backend.clock.now,
            }
            connection.execute(refund_entry.insert(), row)
        return sum(each.fen for each in taken)

    answers = at_once(THREADS, refund)

    assert sum(answers) == THREADS * 501 > order.lines[0].payable.fen


def ledger_on(connection, order):
    from oms_domain.refunds.opening import ledger_of_order

    assert not connection.execute(sa.select(refund_entry.c.seq).where(refund_entry.c.order_id == order.id)).all()
    return ledger_of_order(order)


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
