"""Refused deliveries that come back (拒收退回入库), and parcels that a carrier lost: what is booked, and once."""

import pytest
from attrs import evolve
from tests.app.claims import Claims
from tests.app.world import ROOT

from oms_app.coming_back import CLAIM, planned_return, receive
from oms_app.inventory import UnknownWarehouse
from oms_app.order_moves import LoseOrder, ReceiveReturn, RefuseDelivery
from oms_domain.aftersales.states import CaseKind as K
from oms_domain.aftersales.states import CaseState as C
from oms_domain.inventory.documents import DocumentKind
from oms_domain.kernel.errors import MoveNotAllowed
from oms_domain.kernel.identity import WarehouseCode
from oms_domain.orders.coming_back import Inspected, MoreCameThanLeft
from oms_domain.orders.states import OrderState as S
from oms_domain.testing.builders import HAT, MAIN, SCARF


@pytest.fixture
def claims(world):
    """Two scarves and a hat have left, of a hundred each."""
    found = Claims(world).shipped(signed=False)
    assert stock(world) == {SCARF: (98, 0), HAT: (99, 0)}
    return found


def stock(world):
    """Return good and defective units by SKU."""
    levels = world.store.queries.stock(ROOT, after=None, limit=100)
    return {level.sku: (level.on_hand, level.defective) for level in levels}


def documents(world):
    found = world.store.queries.stock_documents(ROOT, kind=DocumentKind.RETURN_RECEIPT, after=None, limit=10)
    return [
        (each.warehouse, each.reason, sorted((u.sku, str(u.quality), u.units) for u in each.lines)) for each in found
    ]


def broken(world):
    return list(world.store.doctor.findings(lambda name, count: None))


def claimed(world):
    return [(theirs, what) for _, _, theirs, what in world.differences() if what == CLAIM]


def test_what_the_buyer_refused_is_on_the_shelf_again_and_its_document_names_the_order(world, claims):
    world.give(RefuseDelivery, claims.order_id, reason="拒收")
    assert stock(world) == {SCARF: (98, 0), HAT: (99, 0)}  # under way: no stock moves
    assert claims.refunds == ()

    answer = world.give(ReceiveReturn, claims.order_id)

    assert (answer.state, stock(world)) == (S.CLOSED, {SCARF: (100, 0), HAT: (100, 0)})
    assert documents(world) == [(MAIN, claims.order.number, [(HAT, "good", 1), (SCARF, "good", 2)])]
    rows = world.store.queries.stock_ledger(ROOT, sku=SCARF, warehouse=MAIN, after=None, limit=1)
    (document,) = world.store.queries.stock_documents(ROOT, kind=DocumentKind.RETURN_RECEIPT, after=None, limit=10)
    assert [(row.document_id, row.movement.on_hand) for row in rows] == [(document.id, 2)]
    assert document.reference == str(claims.order_id)
    assert claims.case().state is C.AWAITING_REVIEW  # the refund follows
    assert broken(world) == []


def test_it_comes_back_once(world, claims):
    world.give(RefuseDelivery, claims.order_id)
    world.give(ReceiveReturn, claims.order_id)

    with pytest.raises(MoveNotAllowed):
        world.give(ReceiveReturn, claims.order_id)

    assert stock(world) == {SCARF: (100, 0), HAT: (100, 0)}
    assert len(documents(world)) == 1


def test_defective_units_go_to_their_own_stock_and_what_did_not_come_is_claimed_from_the_carrier(world, claims):
    world.give(RefuseDelivery, claims.order_id)

    world.give(ReceiveReturn, claims.order_id, came=(Inspected(sku=SCARF, good=1, defective=1),))

    assert stock(world) == {SCARF: (99, 1), HAT: (99, 0)}
    assert documents(world) == [(MAIN, claims.order.number, [(SCARF, "defective", 1), (SCARF, "good", 1)])]
    assert claimed(world) == [(f"40.00: 1 × {HAT}", CLAIM)]
    assert broken(world) == []


def test_it_may_come_to_another_warehouse(world, claims):
    world.give(RefuseDelivery, claims.order_id)
    elsewhere = WarehouseCode("NOWHERE")

    with pytest.raises(UnknownWarehouse):
        world.give(ReceiveReturn, claims.order_id, warehouse=elsewhere)
    with pytest.raises(MoreCameThanLeft):
        world.give(ReceiveReturn, claims.order_id, came=(Inspected(sku=SCARF, good=3),))

    assert (world.state(claims.order_id), documents(world)) == (S.RETURNING, [])


def test_what_would_be_booked_is_shown_before_and_books_nothing(world, claims):
    with pytest.raises(MoveNotAllowed):
        world.moves.plan_return(ReceiveReturn(order_id=claims.order_id, by=ROOT))
    loss = world.moves.plan_loss(LoseOrder(order_id=claims.order_id, by=ROOT))
    world.give(RefuseDelivery, claims.order_id)
    command = ReceiveReturn(order_id=claims.order_id, came=(Inspected(sku=HAT, good=1),), by=ROOT)

    plan = world.moves.plan_return(command)

    scarf, hat = claims.order.lines
    assert (plan.warehouse, plan.good, plan.claimed) == (MAIN, ((hat.id, HAT, 1),), ((scarf.id, SCARF, 2),))
    assert plan.claimed_value == scarf.payable
    assert (loss.good, loss.claimed) == ((), ((scarf.id, SCARF, 2), (hat.id, HAT, 1)))
    assert (world.state(claims.order_id), stock(world)) == (S.RETURNING, {SCARF: (98, 0), HAT: (99, 0)})


def test_a_loss_books_nothing_and_shows_what_is_claimed(world, claims):
    world.give(LoseOrder, claims.order_id, reason="丢件")

    assert (world.state(claims.order_id), stock(world)) == (S.CLOSED, {SCARF: (98, 0), HAT: (99, 0)})
    assert documents(world) == []
    assert claimed(world) == [(f"228.00: 2 × {SCARF}, 1 × {HAT}", CLAIM)]
    assert broken(world) == []


def test_goods_that_a_claim_asks_back_are_booked_by_its_return_order_alone(world, claims):
    case_id = claims.open(K.RETURN_AND_REFUND, 1)
    claims.approve(case_id)
    world.give(RefuseDelivery, claims.order_id)

    world.give(ReceiveReturn, claims.order_id)

    assert claims.goods.lines[0].expected == 1
    assert stock(world) == {SCARF: (99, 0), HAT: (100, 0)}  # the third unit is booked when its return order is


def test_what_left_without_us_was_never_in_our_stock(world, claims):
    with world.open(ROOT) as tx:
        order = tx.orders.get(claims.order_id)
        returning = evolve(order, state=S.RETURNING, warehouse=None, external=True)
        plan = planned_return(tx, returning, None, None)
        change = receive(tx, returning, plan, document_id=world.new_id(), number="B1", at=world.clock())

    (event,) = change.events
    assert (event.warehouse, event.document_id, documents(world)) == ("", None, [])
