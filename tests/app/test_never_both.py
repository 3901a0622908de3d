"""Never both sent and refunded, nor paid twice: what a claim gives up stays here, and no word moves money twice."""

import pytest
from tests.app.claims import Claims
from tests.app.test_asks import money_only
from tests.app.test_cases import a_report
from tests.app.test_merging import merge, standard
from tests.app.world import ROOT

from oms_app.actor import Actor, Permission
from oms_app.aftersales_terms import SetTerms, TermsService
from oms_app.case_commands import ApproveCase, ChangeKind, NoteReplacementSent, OweDifference, WithdrawCase
from oms_app.editing import Wanted
from oms_app.order_moves import UnreviewOrder
from oms_app.ports.channels import RetryLater
from oms_app.ports.transaction import Begin
from oms_app.ports.wms import (
    DocumentNumber,
    FellShort,
    Grade,
    Parcel,
    ParcelLeft,
    ParcelsLeft,
    Stop,
    StopAnswer,
)
from oms_app.refunds import CreateRefund, PayByHand, StillHere
from oms_app.stopping import ConfirmStop
from oms_domain.aftersales.states import CaseKind as K
from oms_domain.aftersales.states import CaseState as C
from oms_domain.aftersales.terms import RoleLimit
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.states import OrderState as S
from oms_domain.refunds.placing import RefundUnits
from oms_domain.refunds.proposal import AboveRoleLimit
from oms_domain.refunds.refund_order import MayBeMoving
from oms_domain.refunds.states import RefundState as R
from oms_domain.testing.builders import HAT, SCARF

AGENT = Actor(id="agent", permissions=frozenset({Permission.AFTERSALES_WRITE, Permission.AFTERSALES_READ}))


@pytest.fixture
def claims(world):
    return Claims(world)


def in_exchange(claims):
    """An exchange whose goods are back and whose new ones are to be sent."""
    case_id = claims.shipped().open(K.EXCHANGE, 1)
    claims.approve(case_id)
    claims.world.is_told(a_report(claims.goods.number, [(SCARF, 1, Grade.GOOD)], at=claims.world.clock()))
    assert claims.case(case_id).state is C.AWAITING_EXCHANGE_SHIPMENT
    return case_id, claims.case(case_id).replacement_id


def in_two(claims):
    """A reissue of a scarf and a hat that two orders send."""
    case_id = claims.open(K.REISSUE, 1, 1)
    claims.approve(case_id)
    assert len(claims.world.split(claims.case(case_id).replacement_id, {SCARF: 1})) == 2
    return case_id


def findings(world):
    return list(world.store.doctor.findings(lambda name, count: None))


BACK = ("unclaimed_goods", f"{SCARF} × 1", "closed")
"""The buyer's goods came, and the claim for them is withdrawn."""


# --- what was called off at its warehouse and may leave all the same --------------------------------------------------


@pytest.fixture
def not_stopped(claims):
    """An order that its warehouse was short of and would not stop, with a claim that was granted since."""
    world = claims.world
    facts = {"number": DocumentNumber(claims.at_the_warehouse().number), "at": world.clock()}
    world.warehouse.stops = StopAnswer(outcome=Stop.NOT_STOPPED, reason="已出库")
    world.is_told(FellShort(report_id="1", missing=((SCARF, 1),), reason="系统报缺", **facts))
    claims.approve(claims.open(K.REFUND_BEFORE_SHIPMENT, 2, 1))
    return claims, facts


def test_nothing_is_refunded_while_nobody_knows_whether_it_leaves(not_stopped):
    claims, _ = not_stopped
    assert (claims.case().state, [each.state for each in claims.refunds]) == (C.AWAITING_STOP, [R.PROPOSED])

    claims.world.give(ConfirmStop, claims.order_id, reason="仓库来电")

    assert (claims.case().state, claims.refund.state) == (C.AWAITING_REFUND, R.APPROVED)


def test_what_leaves_all_the_same_is_not_refunded_before(not_stopped):
    claims, facts = not_stopped
    parcel = Parcel(carrier="ZTO", tracking_no="T1", contents=((SCARF, 2), (HAT, 1)))

    claims.world.is_told(ParcelsLeft(report_id="2", parcels=(parcel,), **facts))

    assert claims.order.state is S.SHIPPED
    assert (claims.case().state, claims.refund.state) == (C.CLOSED, R.CLOSED)


# --- new goods -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "command", "facts", "shown"),
    [("withdraw", WithdrawCase, {}, [BACK]), ("change_kind", ChangeKind, {"to": K.REFUND_ONLY}, [])],
)
def test_new_goods_of_an_exchange_that_is_given_up_do_not_leave(claims, name, command, facts, shown):
    case_id, new_id = in_exchange(claims)
    held = claims.world.units(SCARF)[1]

    claims.do(name, command, case_id, **facts)

    assert (claims.case(case_id).state, claims.world.state(new_id)) == (C.CLOSED, S.CANCELLED)
    assert claims.world.units(SCARF)[1] == held - 1
    assert claims.differences(case_id) == shown
    assert findings(claims.world) == []


def test_new_goods_that_the_warehouse_has_are_stopped_and_a_person_sees_to_it(claims):
    case_id, new_id = in_exchange(claims)
    claims.world.at_warehouse(new_id)

    claims.do("withdraw", WithdrawCase, case_id)

    assert claims.world.state(new_id) is S.CANCELLED
    assert claims.differences(case_id) == [("replacement", "in_warehouse", "closed"), BACK]
    assert findings(claims.world) == []


def test_new_goods_that_are_taken_back_and_sent_by_another_order_end_the_case_all_the_same(claims):
    world, (case_id, new_id) = claims.world, in_exchange(claims)
    world.at_warehouse(new_id)
    world.give(UnreviewOrder, new_id)
    (heir,) = world.order(new_id).heirs

    world.warehouse.ships(world.at_warehouse(heir), world.clock(), tracking_no="SF0000000000002")
    world.wait(seconds=5)

    assert (world.state(heir), claims.case(case_id).state) == (S.SHIPPED, C.SUCCEEDED)
    assert findings(world) == []


def test_new_goods_that_are_sent_by_two_orders_end_the_case_with_the_last_and_are_called_off_together(claims):
    world = claims.shipped().world
    first = in_two(claims)
    claims.do("withdraw", WithdrawCase, first)
    second = in_two(claims)
    parts = [world.order(claims.case(each).replacement_id).heirs for each in (first, second)]
    assert {world.state(part) for part in parts[0]} == {S.CANCELLED}

    states = []
    for number, part in enumerate(parts[1]):
        world.warehouse.ships(world.at_warehouse(part), world.clock(), tracking_no=f"SF000000000001{number}")
        world.wait(seconds=5)
        states.append(claims.case(second).state)

    assert states == [C.AWAITING_EXCHANGE_SHIPMENT, C.SUCCEEDED]
    assert findings(world) == []


def test_what_is_merged_with_new_goods_is_not_called_off_with_them(world):
    claims = Claims(world, standard("A")).shipped()
    given_up, other = claims.open(K.REISSUE, 1), claims.open(K.REISSUE, 0, 1)
    for case_id in (given_up, other):
        claims.approve(case_id)
    both = merge(world, *(claims.case(each).replacement_id for each in (given_up, other)))

    claims.do("withdraw", WithdrawCase, given_up)

    assert world.state(both) is S.AWAITING_CS_REVIEW
    assert claims.differences(given_up) == [("replacement", "awaiting_cs_review", "closed")]
    world.warehouse.ships(world.at_warehouse(both), world.clock(), tracking_no="SF0000000000002")
    world.wait(seconds=5)
    assert [claims.case(each).state for each in (given_up, other)] == [C.CLOSED, C.SUCCEEDED]


def test_a_reissue_that_is_given_up_does_not_leave(claims):
    case_id = claims.shipped().open(K.REISSUE, 1)
    claims.approve(case_id)
    new_id = claims.case(case_id).replacement_id

    claims.do("withdraw", WithdrawCase, case_id)

    assert claims.world.state(new_id) is S.CANCELLED


def test_what_new_goods_cost_less_is_within_the_role_limit(claims):
    world, limit = claims.world, RoleLimit(role="agent", what="refund", most=Money(1_000))
    terms = TermsService(begin=Begin(world.open), now=world.clock, pause=world.pauses.append)
    terms.change(SetTerms(shop_id=claims.shop.id, facts={"role_limits": (limit,)}, by=ROOT))
    case_id, _ = in_exchange(claims)

    sent = {"carrier": "SF", "tracking_no": "SF-9", "by": AGENT}
    with pytest.raises(AboveRoleLimit):
        claims.do("note_replacement_sent", NoteReplacementSent, case_id, owed=Money(1_001), **sent)
    with pytest.raises(AboveRoleLimit):
        claims.do("owe_difference", OweDifference, case_id, amount=Money(1_001), by=AGENT)

    claims.do("note_replacement_sent", NoteReplacementSent, case_id, owed=Money(1_000), **sent)
    assert claims.refund.amount == Money(1_000)


# --- by hand ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("released", [False, True])
def test_what_has_not_left_is_not_refunded_without_a_case(claims, released):
    if released:
        claims.at_the_warehouse()
    hat = RefundUnits(line_id=claims.order.lines[1].id, units=((0, 1),))

    for units in ((), (hat,)):
        with pytest.raises(StillHere):
            claims.world.refunds.create(CreateRefund(order_id=claims.order_id, units=units, reason="x", by=ROOT))

    assert claims.refunds == ()


def test_of_an_order_that_goes_on_what_was_dropped_is_refunded_by_hand(claims):
    """Where a person has given up what was asked for by itself, and thinks better of it."""
    world = claims.world
    world.edit(claims.order_id, quantities=(Wanted(sku=SCARF, units=1),))
    claims.do("withdraw", WithdrawCase, claims.case().id)
    left, dropped = (line.id for line in claims.order.lines if line.sku == SCARF)

    def create(line_id):
        units = (RefundUnits(line_id=line_id, units=((0, 1),)),)
        return world.refunds.create(CreateRefund(order_id=claims.order_id, units=units, reason="x", by=ROOT))

    with pytest.raises(StillHere):
        create(left)
    assert create(dropped).state is R.PROPOSED


def test_of_a_part_shipment_what_left_is_refunded_by_hand_and_the_rest_is_not(claims):
    world, sent = claims.world, claims.at_the_warehouse()
    scarves = claims.order.lines[0].id
    world.warehouse.waiting.append(
        ParcelLeft(
            report_id="1",
            fulfilment_id=sent.fulfilment_id,
            carrier="SF",
            tracking_no="SF0000000000001",
            contents=((scarves, Quantity(1)),),
            at=world.clock(),
        )
    )
    world.watch_warehouse()
    world.settle()
    assert claims.order.state is S.PARTIALLY_SHIPPED

    def create(*runs):
        units = tuple(RefundUnits(line_id=scarves, units=(run,)) for run in runs)
        return world.refunds.create(CreateRefund(order_id=claims.order_id, units=units, reason="x", by=ROOT))

    for runs in ((), ((0, 2),), ((1, 2),)):
        with pytest.raises(StillHere):
            create(*runs)
    assert create((0, 1)).state is R.PROPOSED


def test_while_nobody_knows_whether_the_platform_paid_nobody_pays_by_hand(claims):
    claims.shipped()
    answer = claims.hears(money_only(claims))
    claims.world.platform.lost = [RetryLater(reason="timeout")]
    claims.world.cases.approve(ApproveCase(case_id=answer.case_id, by=ROOT))
    claims.world.settle()
    assert claims.refund.state is R.IN_DOUBT

    with pytest.raises(MayBeMoving):
        claims.world.refunds.pay_by_hand(PayByHand(refund_id=claims.refund.id, by=ROOT))

    claims.world.wait(minutes=5)
    assert (claims.refund.state, len(claims.world.platform.paid)) == (R.SUCCEEDED, 1)
    assert claims.given_back() == Money(9_400)


# --- numbers ---------------------------------------------------------------------------------------------------------


def test_of_an_order_that_is_taken_back_every_open_case_goes_on(claims):
    """Each of them begins a refund of its own, with a number of its own: however many there are."""
    world = claims.world
    claims.at_the_warehouse()
    ids = [claims.open(K.REFUND_BEFORE_SHIPMENT, *units) for units in ((1,), (1,), (0, 1))]

    world.give(UnreviewOrder, claims.order_id)
    world.settle()

    (heir,) = world.order(claims.order_id).heirs
    assert [claims.case(each).order_id for each in ids] == [heir] * 3
    assert len({claims.case(each).refund_id for each in ids}) == 3
    numbers = [refund.number for refund in claims.refunds]
    assert len(set(numbers)) == len(numbers) == 6
