"""Two who change one order at once: exactly one of them does, and no unit is in two orders or held twice."""

from collections import Counter

import pytest
from attrs import evolve
from tests.contracts.rows import ROOT, a_line, a_new_shop, an_order, receive, reservations, store, transact, units
from tests.contracts.sealed import a_sealed_row
from tests.contracts.test_races import at_once, no_pause

from oms_app.merging import MergeOrders, MergeService, UnmergeOrder
from oms_app.numbering import Numbering
from oms_app.orders import ApproveOrder, OrderService, ReleaseOrder
from oms_app.ports.transaction import Begin
from oms_app.ports.vault import IndexField
from oms_app.splitting import SplitOrder, SplitService, Wanted
from oms_app.transactions import record
from oms_domain.kernel.errors import MoveNotAllowed
from oms_domain.kernel.identity import LineId, OrderId, SkuCode
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.sales_order import PartyRef
from oms_domain.orders.states import OrderState as S
from oms_domain.split_merge.plan import SplitLine, by_hand
from oms_domain.split_merge.splitting import NewOrder, split

ROUNDS = 4


def services(backend):
    begin = Begin(backend.open)
    shared = {"begin": begin, "now": backend.clock, "new_id": backend.new_id, "pause": no_pause}
    shared["numbering"] = Numbering(backend.numbers, backend.clock)
    return OrderService(**shared), SplitService(**shared), MergeService(**shared)


def orders_in_review(backend, count):
    """Store orders of one buyer to one address, four units of A each, held."""
    shop = store(backend, a_new_shop(backend))
    sealed = a_sealed_row(backend, shop, indexes=((IndexField.WHOLE, "w" * 32), (IndexField.PLAIN, "p" * 32)))
    transact(backend, lambda tx: tx.vault.put(sealed))
    receiver = PartyRef(vault_id=sealed.id, digest="w" * 32)
    receive(backend, "A", 4 * count)
    found = []
    for _ in range(count):
        line = a_line(backend, sku=SkuCode("A"), quantity=Quantity(4))
        order = store(backend, an_order(backend, shop, lines=(line,), receiver=receiver, buyer_id="buyer-1"))
        transact(backend, lambda tx, order=order: tx.stock.reserve(order.id, reservations(order)))
        found.append(order)
    return found


def states(backend, *ids):
    with backend.open(ROOT) as tx:
        return [tx.orders.get(id).state for id in ids]


def wrong(backend):
    """Return what the doctor says of units in two orders, or held by none that is due."""
    findings = backend.store.doctor.findings(lambda name, count: None)
    return {finding.invariant for finding in findings} & {"I4", "I5", "I6"}


def outcome(results):
    return Counter("refused" if isinstance(result, MoveNotAllowed) else "done" for result in results)


def one(count):
    return (Wanted(sku=SkuCode("A"), units=count),)


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_of_two_splits_of_an_order_one_is_done(backend, round_):
    (order,) = orders_in_review(backend, 1)
    _, splits, _ = services(backend)

    def act(n, barrier):
        barrier.wait()
        return splits.split(SplitOrder(order_id=order.id, parts=(one(n + 1),), by=ROOT))

    results = at_once(2, act)

    assert outcome(results) == {"done": 1, "refused": 1}, results
    assert (wrong(backend), units(backend, "A")) == (set(), (4, 4))


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_an_order_is_released_or_merged_and_never_both(backend, round_):
    order, other = orders_in_review(backend, 2)
    orders, _, merges = services(backend)

    def act(n, barrier):
        barrier.wait()
        if n:
            return merges.merge(MergeOrders(order_ids=(order.id, other.id), by=ROOT))
        orders.approve(ApproveOrder(order_id=order.id, by=ROOT))
        return orders.release(ReleaseOrder(order_id=order.id, by=ROOT))

    results = at_once(2, act)

    assert outcome(results) == {"done": 1, "refused": 1}, results
    assert states(backend, order.id, other.id) in (
        [S.IN_WAREHOUSE, S.AWAITING_CS_REVIEW],
        [S.MERGED, S.MERGED],
    )
    assert (wrong(backend), units(backend, "A")) == (set(), (8, 8))


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_merged_order_is_released_or_taken_apart_and_never_both(backend, round_):
    sources = orders_in_review(backend, 2)
    orders, _, merges = services(backend)
    merged = merges.merge(MergeOrders(order_ids=tuple(each.id for each in sources), by=ROOT)).order
    orders.approve(ApproveOrder(order_id=merged.id, by=ROOT))

    def act(n, barrier):
        barrier.wait()
        if n:
            return merges.unmerge(UnmergeOrder(order_id=merged.id, by=ROOT))
        return orders.release(ReleaseOrder(order_id=merged.id, by=ROOT))

    results = at_once(2, act)

    assert outcome(results) == {"done": 1, "refused": 1}, results
    assert states(backend, merged.id) in ([S.IN_WAREHOUSE], [S.SPLIT])
    assert (wrong(backend), units(backend, "A")) == (set(), (8, 8))


def test_control_a_split_that_does_not_end_its_order_puts_units_into_two(backend):
    (order,) = orders_in_review(backend, 1)
    transact(backend, lambda tx: tx.stock.release(order.id))
    waiting = evolve(order, state=S.AWAITING_ALLOCATION)

    def made(n):
        (line,) = waiting.lines
        plan = by_hand_of(line, n + 1)
        new = [NewOrder(id=OrderId(backend.new_id()), number=f"SX{n}{at}") for at in range(2)]
        line_ids = [LineId(backend.new_id()) for _ in range(4)]
        return split(waiting, plan, new=new, line_ids=line_ids, at=backend.clock.now)

    def act(n, barrier):
        parts = made(n).children
        barrier.wait()
        transact(backend, lambda tx: [record(tx, tx.orders, part) for part in parts])

    results = at_once(2, act)

    assert results == [None, None]  # nothing stops the second
    assert "I6" in wrong(backend)


def by_hand_of(line, count):
    return by_hand([SplitLine(line_id=line.id, sku=line.sku, units=line.quantity)], [[(line.id, count)]])
