"""An order on which a claim or a refund rests stays the order that it is; what takes its place takes its claims."""

import pytest
from attrs import evolve
from tests.app.claims import Claims
from tests.app.test_merging import merge, standard, unmerge
from tests.app.world import ROOT

from oms_app.case_commands import ApproveCase
from oms_app.claims import HasClaims
from oms_app.merging import MergeOrders, MergeSiblings
from oms_app.order_moves import UnreviewOrder
from oms_app.orders import CancelOrder
from oms_app.refunds import PayByHand, RefundUnitsCommand
from oms_app.splitting import SplitOrder, Wanted
from oms_app.stopping import BookStopped
from oms_domain.aftersales.states import CaseKind as K
from oms_domain.aftersales.states import CaseState as C
from oms_domain.channels.aftersales import AskKind, AskState
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.flags import FlagKind
from oms_domain.orders.states import OrderState as S
from oms_domain.refunds.states import RefundState as R
from oms_domain.testing.builders import HAT, SCARF, a_standard_line, a_standard_order


@pytest.fixture
def claims(world):
    return Claims(world)


def pays(claims):
    refund = claims.refunds[-1]
    claims.world.refunds.pay_by_hand(PayByHand(refund_id=refund.id, by=ROOT))
    claims.world.settle()


def findings(world):
    return list(world.store.doctor.findings(lambda name, count: None))


# --- splitting -------------------------------------------------------------------------------------------------------


def test_an_order_with_an_open_claim_is_not_split(claims):
    case_id = claims.open(K.REFUND_BEFORE_SHIPMENT, 1)
    wanted = ((Wanted(sku=SCARF, units=1),),)

    with pytest.raises(HasClaims) as refusal:
        claims.world.split(claims.order_id, {SCARF: 1})
    with pytest.raises(HasClaims):
        claims.world.splits.preview(SplitOrder(order_id=claims.order_id, parts=wanted, by=ROOT))

    assert (refusal.value.number, refusal.value.cases) == (claims.order.number, (claims.case().number,))
    claims.reject(case_id)
    assert len(claims.world.split(claims.order_id, {SCARF: 1})) == 2


def test_units_of_a_line_of_which_money_went_back_stay_together(world):
    claims = Claims(world, a_standard_order(lines=(a_standard_line(quantity=Quantity(3)),)))
    claims.approve(claims.open(K.REFUND_BEFORE_SHIPMENT, 1))
    pays(claims)

    with pytest.raises(HasClaims) as refusal:
        claims.world.split(claims.order_id, {SCARF: 1})

    assert (refusal.value.cases, refusal.value.refunds) == ((), (claims.refund.number,))
    assert claims.order.state is S.AWAITING_CS_REVIEW


def test_what_was_refunded_goes_along_whole_where_nobody_cuts_it(claims):
    claims.approve(claims.open(K.REFUND_BEFORE_SHIPMENT, 1))
    pays(claims)

    one, two = claims.world.split(claims.order_id, {HAT: 1})

    there = claims.refunds[-1].order_id
    assert there == two
    assert [claims.world.order(id).contents[0][1] for id in (one, two)] == [HAT, SCARF]
    with claims.world.open(ROOT) as tx:
        ledger = tx.refund_ledgers.of(claims.world.order(two))
    assert sum(entry.fen for entry in ledger.standing.values()) == claims.refunds[-1].amount.fen
    assert findings(claims.world) == []


def test_units_of_an_order_with_a_claim_are_not_edited_away(claims):
    case_id = claims.open(K.REFUND_BEFORE_SHIPMENT, 1)
    fewer = (Wanted(sku=SCARF, units=1),)

    with pytest.raises(HasClaims):
        claims.world.edit(claims.order_id, quantities=fewer)
    claims.world.edit(claims.order_id, note="样例")

    claims.reject(case_id)
    claims.world.edit(claims.order_id, quantities=fewer)
    assert sum(line.to_ship for line in claims.order.lines if line.sku == SCARF) == 1


def for_scarves(claims, units, fen):
    ask = claims.an_ask(kind=AskKind.REFUND, returns_goods=False, refund=Money(fen))
    return evolve(ask, lines=(evolve(ask.lines[0], quantity=Quantity(units)),))


def closed_and_split(claims, units, fen):
    """Refuse what the platform asks for, and split the order; return the ask and the parts."""
    ask = for_scarves(claims, units, fen)
    claims.hears(ask)
    claims.reject(claims.case().id)
    return ask, claims.world.split(claims.order_id, {SCARF: 1})


def test_what_the_platform_pays_after_a_split_is_booked_where_its_units_are(claims):
    ask, (scarf, rest) = closed_and_split(claims, 1, 9400)

    claims.hears_again(ask, state=AskState.SUCCEEDED)

    assert (claims.case().order_id, claims.refund.order_id, claims.refund.state) == (scarf, scarf, R.SUCCEEDED)
    assert [each.what for each in claims.case().differences] == ["refunded_after_close", "refunded_before_stop"]
    assert claims.world.state(scarf) is S.CANCELLED  # all that its goods paid has gone back
    claims.world.give(CancelOrder, rest, reason="x")
    claims.world.settle()
    for refund in claims.refunds[1:]:
        claims.world.refunds.pay_by_hand(PayByHand(refund_id=refund.id, by=ROOT))
    claims.world.settle()
    freight = claims.world.refunds.refundable(RefundUnitsCommand(order_id=scarf, by=ROOT)).amount
    assert sum(refund.moved.fen for refund in claims.refunds) + freight.fen == 23_600
    assert findings(claims.world) == []


def test_what_the_platform_pays_for_units_of_several_orders_is_booked_on_one_and_shown(claims):
    ask, parts = closed_and_split(claims, 2, 18_800)

    claims.hears_again(ask, state=AskState.SUCCEEDED)

    assert claims.case().order_id in parts
    assert ("cut_since", "2", "1") in claims.differences()
    (excess,) = findings(claims.world)  # the other order has not heard of it
    assert (excess.where, excess.seen) == (claims.refund.number, "9070 more went back than was paid")
    assert ("excess", "188.00", "97.30") in claims.differences()


# --- merging ---------------------------------------------------------------------------------------------------------


def two_of_each(no):
    lines = tuple(evolve(line, line_no=f"{no}{at}") for at, line in enumerate(a_standard_order().lines))
    return standard(no, lines=lines)


def test_orders_of_which_money_went_back_are_not_merged(world):
    claims = Claims(world, two_of_each("A"))
    other = world.an_order(claims.shop, standard("B"))
    claims.approve(claims.open(K.REFUND_BEFORE_SHIPMENT, 1))
    pays(claims)
    two = MergeOrders(order_ids=(claims.order_id, other), by=ROOT)

    for act in (world.merges.merge, world.merges.preview):
        with pytest.raises(HasClaims):
            act(two)


def test_by_itself_only_what_nothing_rests_on_is_merged(world):
    claims = Claims(world, two_of_each("A"), auto_merge=True, merge_window_min=0)
    claims.approve(claims.open(K.REFUND_BEFORE_SHIPMENT, 1))
    pays(claims)

    other = world.an_order(claims.shop, standard("B"))

    assert world.merges.merge_siblings(MergeSiblings(order_id=other, by=ROOT)) is None
    assert (claims.order.state, world.state(other)) == (S.AWAITING_CS_REVIEW, S.AWAITING_CS_REVIEW)


def test_a_merged_order_with_a_claim_is_not_taken_apart(world):
    claims = Claims(world, standard("A"))
    other = world.an_order(claims.shop, standard("B"))
    claims.order_id = merge(world, claims.order_id, other)
    case_id = claims.open(K.REFUND_BEFORE_SHIPMENT, 1)

    with pytest.raises(HasClaims):
        unmerge(world, claims.order_id)

    claims.reject(case_id)
    assert len(unmerge(world, claims.order_id)) == 2


# --- at the warehouse ------------------------------------------------------------------------------------------------


def test_what_takes_the_place_of_an_order_takes_every_open_claim_of_it(claims):
    world = claims.world
    claims.at_the_warehouse()
    hat = claims.open(K.REFUND_BEFORE_SHIPMENT, 0, 1)
    scarf = claims.open(K.REFUND_BEFORE_SHIPMENT, 1)

    claims.approve(hat)

    first, second = claims.case(hat), claims.case(scarf)
    assert first.order_id == second.order_id != claims.order_id
    assert (first.state, second.state) == (C.AWAITING_REFUND, C.AWAITING_REVIEW)
    new = world.order(first.order_id)
    assert [flag.kind for flag in new.flags] == [FlagKind.IN_AFTERSALES] * 2
    claims.approve(scarf)
    for refund in (each for each in claims.refunds if each.order_id == new.id):
        world.refunds.pay_by_hand(PayByHand(refund_id=refund.id, by=ROOT))
        world.settle()
    assert {claims.case(each).state for each in (hat, scarf)} == {C.SUCCEEDED}
    assert [line.to_ship for line in world.order(new.id).lines] == [1, 0]
    assert world.order(new.id).flags == ()
    assert findings(world) == []


def test_a_claim_that_is_granted_while_its_order_is_taken_back_is_refunded_once(claims):
    """The warehouse has stopped it, and nobody has yet told the case of the order that took its place."""
    world = claims.world
    claims.at_the_warehouse()
    case_id = claims.open(K.REFUND_BEFORE_SHIPMENT, 1)
    world.desk.give(UnreviewOrder(order_id=claims.order_id, by=ROOT))

    world.cases.approve(ApproveCase(case_id=case_id, by=ROOT))
    world.settle()

    (new,) = claims.order.heirs
    assert [(each.state, each.order_id) for each in claims.refunds] == [(R.CLOSED, claims.order_id), (R.APPROVED, new)]
    assert claims.case(case_id).order_id == new
    pays(claims)
    assert [line.to_ship for line in world.order(new).lines] == [1, 1]
    assert findings(world) == []


def test_a_claim_on_an_order_that_was_replaced_is_not_taken_for_stopped(claims):
    """Its goods leave with the order that took its place: it is granted there."""
    world = claims.world
    claims.at_the_warehouse()
    case_id = claims.open(K.REFUND_BEFORE_SHIPMENT, 1)
    world.desk.give(UnreviewOrder(order_id=claims.order_id, by=ROOT))
    fulfilment_id = claims.order.fulfilment_id
    world.stops.book_stopped(BookStopped(order_id=claims.order_id, fulfilment_id=fulfilment_id, by=ROOT))

    answer = world.cases.approve(ApproveCase(case_id=case_id, by=ROOT))

    assert answer.state is C.AWAITING_STOP
    world.settle()
    assert (claims.case(case_id).state, claims.case(case_id).order_id) == (C.AWAITING_REFUND, claims.order.heirs[0])
    assert [each.state for each in claims.refunds] == [R.CLOSED, R.APPROVED]


def test_an_order_taken_back_by_hand_takes_its_claim_along(claims):
    claims.at_the_warehouse()
    case_id = claims.open(K.REFUND_BEFORE_SHIPMENT, 0, 1)

    claims.world.give(UnreviewOrder, claims.order_id)

    new = claims.world.order(claims.order.heirs[0])
    assert (claims.case(case_id).order_id, claims.case(case_id).state) == (new.id, C.AWAITING_REVIEW)
    assert [flag.kind for flag in new.flags] == [FlagKind.IN_AFTERSALES]
    claims.reject(case_id)
    assert claims.world.order(new.id).flags == ()


def test_what_takes_the_place_of_an_order_takes_what_was_refunded_of_it(claims):
    """So a part of what is left can be stopped: what takes its place has the rest, and the same ledger."""
    claims.approve(claims.open(K.REFUND_BEFORE_SHIPMENT, 1))
    pays(claims)
    before = claims.given_back()
    claims.at_the_warehouse()

    case_id = claims.open(K.REFUND_BEFORE_SHIPMENT, 0, 1)
    claims.approve(case_id)

    new = claims.order.heirs[0]
    assert (claims.case(case_id).state, claims.case(case_id).order_id) == (C.AWAITING_REFUND, new)
    assert claims.differences(case_id) == []
    assert claims.refunds[0].order_id == new
    claims.order_id = new
    assert claims.given_back() == before
    pays(claims)
    assert [line.to_ship for line in claims.order.lines] == [1, 0]
    claims.world.give(CancelOrder, new, reason="x")
    pays(claims)
    assert claims.given_back() == Money(23_600)
    assert findings(claims.world) == []


def test_an_order_is_taken_back_by_hand_after_a_refund(claims):
    claims.approve(claims.open(K.REFUND_BEFORE_SHIPMENT, 1))
    pays(claims)
    claims.at_the_warehouse()

    claims.world.give(UnreviewOrder, claims.order_id)

    (new,) = claims.order.heirs
    assert (claims.refund.order_id, claims.case().order_id, claims.case().state) == (new, new, C.SUCCEEDED)
    assert findings(claims.world) == []


def test_all_that_is_left_can_still_be_stopped(claims):
    claims.approve(claims.open(K.REFUND_BEFORE_SHIPMENT, 1))
    pays(claims)
    claims.at_the_warehouse()

    rest = claims.open(K.REFUND_BEFORE_SHIPMENT, 1, 1)
    claims.approve(rest)
    pays(claims)

    assert (claims.case(rest).state, claims.order.state) == (C.SUCCEEDED, S.CANCELLED)
    assert claims.given_back() == Money(23_600)
    assert findings(claims.world) == []
