"""What we decide never gives back more than was paid; what a platform pays beyond that is stored, shown and found.

Each test is a way in which more went back once.
"""

import pytest
from attrs import evolve
from tests.app.claims import Claims
from tests.app.test_merging import merge, standard
from tests.app.world import ROOT

from oms_app.actor import Actor, Once, Permission
from oms_app.case_commands import AskedLine, NoteReplacementSent, OweDifference
from oms_app.catalog import PutSku
from oms_app.claims import OthersGoOn, UnitsHaveClaims
from oms_app.order_moves import UnreviewOrder
from oms_app.orders import CancelOrder
from oms_app.ports.channels import PlatformRefused
from oms_app.ports.wms import Counted, Grade, ReturnReceived
from oms_app.queries.aftersales import AftersalesFilter
from oms_app.refunds import (
    ApproveRefund,
    CloseRefund,
    CreateRefund,
    PayByHand,
    RefundUnitsCommand,
    SendRefund,
    SettleRefundDifference,
)
from oms_domain.aftersales.opening import NoSuchUnits
from oms_domain.aftersales.states import CaseKind as K
from oms_domain.aftersales.tickets import TicketKind, TicketState
from oms_domain.catalog.sku import SkuFacts
from oms_domain.channels.aftersales import AskKind, AskState
from oms_domain.kernel.errors import MoveNotAllowed
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.states import OrderState as S
from oms_domain.refunds.ledger import NotHeld
from oms_domain.refunds.placing import RefundUnits
from oms_domain.refunds.proposal import AboveRefundable
from oms_domain.refunds.refund_order import OVER, PlatformPays, RefundDifference
from oms_domain.refunds.states import RefundState as R
from oms_domain.testing.builders import HAT, SCARF


@pytest.fixture
def claims(world):
    return Claims(world)


def units_of(claims, *counts):
    """So many units of each line in turn, the first ones; none: everything."""
    return tuple(
        RefundUnits(line_id=line.id, units=((0, count),))
        for line, count in zip(claims.order.lines, counts, strict=False)
        if count
    )


def create(claims, *counts, order_id=None, **changes):
    facts = {"order_id": order_id or claims.order_id, "units": units_of(claims, *counts), "reason": "补偿", "by": ROOT}
    answer = claims.world.refunds.create(CreateRefund(**facts | changes))
    claims.world.settle()
    return answer


def approve(claims, refund):
    return claims.world.refunds.approve(ApproveRefund(refund_id=refund.id, by=ROOT))


def pay(claims, refund, **changes):
    answer = claims.world.refunds.pay_by_hand(PayByHand(**{"refund_id": refund.id, "by": ROOT} | changes))
    claims.world.settle()
    return answer


def findings(claims):
    return [(each.invariant, each.seen) for each in claims.world.store.doctor.findings(lambda name, count: None)]


def refused_by_the_platform(claims):
    """An ask for a scarf that we granted and the platform would not pay once."""
    claims.shipped()
    ask = claims.an_ask(kind=AskKind.REFUND, returns_goods=False)
    case_id = claims.hears(ask).case_id
    claims.world.platform.trouble = [PlatformRefused(reason="later")]
    claims.approve(case_id)
    assert (claims.refund.state, claims.refund.failure) == (R.APPROVED, "later")
    return ask


# --- paying by hand is a decision, not a fact ------------------------------------------------------------------------


def test_a_refund_that_was_closed_is_not_paid_by_hand(claims):
    claims.shipped()
    closed = create(claims)
    claims.world.refunds.close(CloseRefund(refund_id=closed.id, reason="重复", by=ROOT))
    paid = create(claims)
    approve(claims, paid)
    pay(claims, paid)

    with pytest.raises(MoveNotAllowed):
        pay(claims, closed)

    assert claims.given_back() == paid.amount
    assert {refund.state for refund in claims.refunds} == {R.CLOSED, R.SUCCEEDED}


def test_a_refund_of_a_case_that_was_rejected_is_not_paid_by_hand(claims):
    claims.shipped()
    claims.reject(claims.open(K.REFUND_ONLY, 1))

    with pytest.raises(MoveNotAllowed):
        pay(claims, claims.refund)

    assert (claims.refund.state, claims.given_back()) == (R.CLOSED, Money(0))


def test_a_refund_that_nobody_approved_is_not_paid_by_hand(claims):
    claims.shipped()
    proposed = create(claims, 1)

    with pytest.raises(MoveNotAllowed):
        pay(claims, proposed)

    assert claims.given_back() == Money(0)


def test_a_refund_is_paid_once_and_told_again_under_its_own_key_only(claims):
    claims.shipped()
    refund = create(claims, 1)
    approve(claims, refund)

    def keyed(key):
        once = Once(client="desk", key=key, digest="x")
        return Actor(id="kefu", permissions=frozenset(Permission), once=once)

    first = pay(claims, refund, by=keyed("a"))
    again = pay(claims, refund, by=keyed("a"))
    with pytest.raises(MoveNotAllowed) as refusal:
        pay(claims, refund, by=keyed("b"))

    assert again == first
    assert refusal.value.state is R.SUCCEEDED
    assert claims.given_back() == refund.amount


def test_a_refund_whose_money_is_anothers_by_now_is_neither_paid_by_hand_nor_sent(claims):
    refused_by_the_platform(claims)
    refund = claims.refund
    with claims.world.open(ROOT) as tx:
        ledger = tx.refund_ledgers.of(claims.order)
        tx.refund_ledgers.save(ledger.release(refund.id, at=claims.world.clock()))
        tx.commit()

    with pytest.raises(NotHeld):
        pay(claims, refund, not_by_platform="通道关闭")
    with pytest.raises(NotHeld):
        claims.world.refunds.send(SendRefund(refund_id=refund.id, by=ROOT))

    assert (claims.refund.state, claims.given_back()) == (R.APPROVED, Money(0))


def test_a_refund_that_the_platform_pays_is_not_paid_by_hand_but_where_somebody_says_why(claims):
    refused_by_the_platform(claims)

    with pytest.raises(PlatformPays):
        pay(claims, claims.refund)
    assert claims.given_back() == Money(0)
    pay(claims, claims.refund, not_by_platform="平台已关闭退款通道", reason="银行转账")

    refund = claims.refund
    assert (refund.state, refund.paid_because, refund.not_by_platform) == (
        R.SUCCEEDED,
        "银行转账",
        "平台已关闭退款通道",
    )
    with pytest.raises(MoveNotAllowed):
        claims.world.refunds.send(SendRefund(refund_id=refund.id, by=ROOT))


def test_what_the_platform_pays_although_it_was_paid_by_hand_is_excess(claims):
    ask = refused_by_the_platform(claims)
    pay(claims, claims.refund, not_by_platform="平台已关闭退款通道")

    claims.hears_again(ask, state=AskState.SUCCEEDED)

    refund = claims.refund
    assert (refund.moved, refund.paid_besides) == (Money(9_400), Money(9_400))
    assert RefundDifference(what="paid_twice", theirs="94.00", ours="94.00") in refund.differences
    assert claims.given_back() == Money(18_800)
    is_shown(claims, "paid_twice", 9_400)


# --- our document and the platform's message -------------------------------------------------------------------------


def is_shown(claims, what, fen):
    """Excess is on the list of what differs, has a ticket, and is found by the doctor until a person has seen to it."""
    world, queries = claims.world, claims.world.store.aftersales_queries
    (refund,) = queries.refunds(ROOT, AftersalesFilter(differs=True), after=None, limit=10)
    assert [each.what for each in refund.differences if each.what in OVER] == [what]
    tickets = [each for each in claims.tickets if each.case_id == refund.case_id and each.subject.startswith(what)]
    assert [(each.kind, each.state) for each in tickets] == [(TicketKind.DISCREPANCY, TicketState.OPEN)]
    assert findings(claims) == [("I2", f"{fen} more went back than was paid")]

    world.refunds.settle_difference(SettleRefundDifference(refund_id=refund.id, what=what, by=ROOT))

    assert findings(claims) == []


def test_what_the_platform_pays_is_not_paid_again_by_a_return_that_we_granted(claims):
    claims.shipped()
    ours = claims.open(K.RETURN_AND_REFUND, 2)
    claims.approve(ours)
    assert claims.refund.amount == Money(18_800)

    ask = claims.an_ask(kind=AskKind.REFUND, returns_goods=False)
    claims.hears(ask)
    claims.hears_again(ask, state=AskState.SUCCEEDED)

    refund = next(each for each in claims.refunds if each.case_id == ours)
    assert (refund.amount, claims.case(ours).refund) == (Money(9_400), Money(9_400))
    assert claims.differences(ours) == [("paid_otherwise", "94.00", "188.00")]
    goods = claims.goods
    counted = (Counted(sku=SCARF, units=Quantity(2), grade=Grade.GOOD),)
    report = ReturnReceived(report_id="r-1", number=goods.number, counted=counted, at=claims.world.clock())
    claims.world.is_told(report, report)
    pay(claims, refund)
    assert claims.given_back() == Money(18_800)
    assert findings(claims) == []


def test_what_the_platform_pays_by_parts_leaves_nothing_owed_of_a_cancelled_order(claims):
    claims.world.give(CancelOrder, claims.order_id, reason="缺货")
    claims.world.settle()
    assert claims.refund.amount == Money(23_600)

    scarves = claims.an_ask(refund=Money(18_800), kind=AskKind.REFUND, returns_goods=False)
    scarves = evolve(scarves, lines=(evolve(scarves.lines[0], quantity=Quantity(2)),))
    hat = claims.an_ask(refund_no="97-2", refund=Money(4_800), kind=AskKind.REFUND, returns_goods=False)
    hat = evolve(hat, lines=(evolve(hat.lines[0], line_no="1002", sku=HAT, quantity=Quantity(1)),))
    for ask in (scarves, hat):  # the last sub-order has the freight of all
        claims.hears(ask)
        claims.hears_again(ask, state=AskState.SUCCEEDED)

    assert claims.given_back() == Money(23_600)
    assert not [refund for refund in claims.refunds if refund.state is not R.SUCCEEDED and refund.state is not R.CLOSED]
    cases = claims.world.store.aftersales_queries.cases(ROOT, AftersalesFilter(), after=None, limit=10)
    assert not [case for case in cases if case.is_open]
    assert findings(claims) == []


def test_what_the_platform_pays_of_an_order_that_was_paid_back_by_hand_is_excess(claims):
    claims.world.give(CancelOrder, claims.order_id, reason="缺货")
    claims.world.settle()
    pay(claims, claims.refund)

    ask = claims.an_ask(kind=AskKind.REFUND, returns_goods=False)
    claims.hears(ask)
    claims.hears_again(ask, state=AskState.SUCCEEDED)

    assert claims.given_back() == Money(33_000)
    is_shown(claims, "excess", 9_400)


def test_a_refund_by_hand_gives_way_to_what_the_platform_has_paid_for_its_units(claims):
    claims.shipped()
    refund = create(claims, 2, 1)
    approve(claims, refund)

    everything = claims.an_ask(refund=Money(22_800), kind=AskKind.REFUND, returns_goods=False)
    hat = evolve(everything.lines[0], line_no="1002", sku=HAT, quantity=Quantity(1))
    lines = (evolve(everything.lines[0], quantity=Quantity(2)), hat)
    claims.hears(evolve(everything, lines=lines, state=AskState.SUCCEEDED))

    ours = next(each for each in claims.refunds if each.case_id is None)
    assert (ours.state, ours.closed_because) == (R.CLOSED, "paid_otherwise")
    (ticket,) = [each for each in claims.tickets if each.subject.startswith("paid_otherwise")]
    assert (ticket.kind, ticket.order_id) == (TicketKind.DISCREPANCY, claims.order_id)
    assert claims.given_back() == Money(22_800)
    assert findings(claims) == []


# --- an order that others go on for ----------------------------------------------------------------------------------


def is_left_to(claims, heirs):
    """Nothing may go back of an order, nor be claimed, and the refusals name who has its units now."""
    world = claims.world
    numbers = {world.order(heir).number for heir in heirs}
    everything = RefundUnitsCommand(order_id=claims.order_id, by=ROOT)
    for refused in (
        lambda: world.refunds.refundable(everything),
        lambda: create(claims, with_freight=True),
        lambda: claims.open(K.REFUND_BEFORE_SHIPMENT, 1),
    ):
        with pytest.raises(OthersGoOn) as refusal:
            refused()
        assert set(refusal.value.orders) == numbers
    assert claims.refunds == ()


def test_the_parent_of_a_split_gives_nothing_back(claims):
    claims.world.split(claims.order_id, {SCARF: 1})

    is_left_to(claims, claims.order.heirs)


def test_the_source_of_a_merge_gives_nothing_back(world):
    claims = Claims(world, standard("A"))
    merged = merge(world, claims.order_id, world.an_order(claims.shop, standard("B")))

    is_left_to(claims, [merged])


def test_an_order_that_was_replaced_gives_nothing_back(claims):
    world = claims.world
    claims.at_the_warehouse()
    world.give(UnreviewOrder, claims.order_id)
    world.settle()
    world.watch_warehouse()
    world.wait(seconds=10)
    assert claims.order.state is S.CANCELLED

    is_left_to(claims, claims.order.heirs)


# --- a refund without a case beside cases ----------------------------------------------------------------------------


def test_a_refund_by_hand_takes_nothing_that_a_case_is_open_for(claims):
    claims.shipped()
    claims.approve(claims.open(K.EXCHANGE, 1))

    with pytest.raises(UnitsHaveClaims) as refusal:
        create(claims, 2)
    with pytest.raises(UnitsHaveClaims):
        create(claims)

    assert refusal.value.cases == (claims.case().number,)
    assert create(claims, 0, 1).amount == Money(4_000)


def test_a_refund_by_hand_is_not_granted_for_units_that_a_case_was_opened_for_since(claims):
    claims.shipped()
    refund, approved = create(claims, 1), create(claims, 0, 1)
    approve(claims, approved)
    ask = claims.an_ask(kind=AskKind.RETURN, refund=Money(9_400))
    claims.hears(ask)
    hat = evolve(claims.an_ask(refund_no="97-2", refund=Money(4_000)).lines[0], line_no="1002", sku=HAT)
    claims.hears(evolve(claims.an_ask(refund_no="97-2", refund=Money(4_000)), lines=(hat,)))

    with pytest.raises(UnitsHaveClaims):
        approve(claims, refund)
    with pytest.raises(UnitsHaveClaims):
        pay(claims, approved)


def test_new_goods_are_not_asked_for_where_the_money_is_on_its_way(claims):
    claims.shipped()
    refund = create(claims, 1)

    with pytest.raises(UnitsHaveClaims) as refusal:
        claims.open(K.REISSUE, 0, 0, lines=(AskedLine(line_id=claims.order.lines[0].id, runs=((0, 1),)),))

    assert refusal.value.refunds == (refund.number,)
    claims.open(K.REISSUE, 0, 0, lines=(AskedLine(line_id=claims.order.lines[0].id, runs=((1, 2),)),))


def test_units_that_gave_their_money_back_are_not_asked_for_again_by_their_numbers(claims):
    claims.shipped()
    refund = create(claims, 1)
    approve(claims, refund)
    pay(claims, refund)
    line = claims.order.lines[0]

    with pytest.raises(NoSuchUnits) as refusal:
        claims.open(K.REISSUE, lines=(AskedLine(line_id=line.id, runs=((0, 1),)),))

    assert refusal.value.quantity == 1
    claims.open(K.REISSUE, lines=(AskedLine(line_id=line.id, runs=((1, 2),)),))


@pytest.mark.parametrize(("floor", "most"), [(None, 9_399), (Money(9_000), 400)])
def test_what_new_goods_cost_less_is_less_than_their_units_paid(claims, floor, most):
    claims.shipped()
    if floor is not None:
        sku = PutSku(code=SCARF, facts=SkuFacts(title="围巾", list_price=Money(10_000), floor_price=floor), by=ROOT)
        claims.world.catalog.put_sku(sku)
    case_id = claims.open(K.EXCHANGE, 1)
    claims.approve(case_id)

    for amount in (Money(most + 1), Money(1_000_000_000)):
        with pytest.raises(AboveRefundable) as refusal:
            claims.do("owe_difference", OweDifference, case_id, amount=amount)
        with pytest.raises(AboveRefundable):
            claims.do("note_replacement_sent", NoteReplacementSent, case_id, owed=amount, carrier="SF", tracking_no="1")

    assert refusal.value.refundable == Money(most)
    claims.do("owe_difference", OweDifference, case_id, amount=Money(most))
