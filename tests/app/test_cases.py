"""Cases from the ask to the end: what follows for refund, goods, stock and order, whichever kind it is."""

from datetime import timedelta

import pytest
from tests.app.claims import Claims
from tests.app.world import ROOT

from oms_app.actor import Actor, Once, Permission
from oms_app.aftersales_terms import SetTerms, TermsService
from oms_app.case_commands import (
    AcceptGoods,
    ApproveCase,
    AskedLine,
    ChangeKind,
    NoteDifferencePaid,
    NoteParcel,
    NoteReplacementSent,
    NoteRevoked,
    OpenCase,
    OweDifference,
    WithdrawCase,
)
from oms_app.case_flow import shown_number
from oms_app.catalog import PutSku
from oms_app.ports.transaction import VersionIsNot
from oms_app.ports.wms import Counted, Grade, ReturnReceived
from oms_domain.aftersales.opening import KindNotNow, NoSuchUnits, UnitsInAnotherCase, WindowClosed
from oms_domain.aftersales.refusals import ReplacementNotSent
from oms_domain.aftersales.returns import ReturnState
from oms_domain.aftersales.states import CaseKind as K
from oms_domain.aftersales.states import CaseState as C
from oms_domain.aftersales.values import Sent
from oms_domain.catalog.sku import SkuFacts
from oms_domain.channels.standard import OrderKind
from oms_domain.kernel.errors import Denied, MoveNotAllowed
from oms_domain.kernel.money import Money
from oms_domain.orders.flags import FlagKind
from oms_domain.orders.states import OrderState as S
from oms_domain.refunds.proposal import AboveRefundable
from oms_domain.refunds.states import RefundState as R
from oms_domain.testing.builders import HAT, SCARF, a_standard_order


@pytest.fixture
def claims(world):
    return Claims(world)


def a_report(number, counted, report_id="r-1", final=True, at=None):
    return ReturnReceived(
        report_id=report_id,
        number=number,
        counted=tuple(Counted(sku=sku, units=units, grade=grade) for sku, units, grade in counted),
        final=final,
        at=at,
    )


def pays_by_hand(claims, refund=None):
    from oms_app.refunds import PayByHand

    refund = refund or claims.refund
    claims.world.refunds.pay_by_hand(PayByHand(refund_id=refund.id, by=ROOT))
    claims.world.settle()


# --- before shipment -------------------------------------------------------------------------------------------------


def test_everything_asked_back_before_the_warehouse_has_it_cancels_the_order(claims):
    case_id = claims.open(K.REFUND_BEFORE_SHIPMENT, 2, 1)
    assert (claims.case().state, claims.refund.state) == (C.AWAITING_REVIEW, R.PROPOSED)
    assert [flag.kind for flag in claims.order.flags] == [FlagKind.IN_AFTERSALES]

    claims.approve(case_id)
    assert (claims.case().state, claims.refund.state) == (C.AWAITING_REFUND, R.APPROVED)
    assert claims.refund.amount == Money(23_600)  # with the freight, since nobody has carried anything

    pays_by_hand(claims)
    assert (claims.case().state, claims.case().refunded) == (C.SUCCEEDED, Money(23_600))
    assert claims.order.state is S.CANCELLED
    assert claims.world.units(SCARF) == (100, 0)
    assert claims.given_back() == Money(23_600)


def test_a_line_asked_back_before_shipment_never_leaves_and_the_rest_does(claims):
    case_id = claims.open(K.REFUND_BEFORE_SHIPMENT, 0, 1)
    claims.approve(case_id)
    pays_by_hand(claims)

    scarves, hat = claims.order.lines
    assert (hat.is_closed, scarves.is_closed, claims.order.state) == (True, False, S.AWAITING_CS_REVIEW)
    assert claims.order.flags == ()
    assert (claims.world.units(SCARF), claims.world.units(HAT)) == ((100, 2), (100, 0))
    sent = claims.at_the_warehouse()
    assert [(sku, units) for _, sku, units in sent.lines] == [(SCARF, 2)]


def test_of_a_line_the_units_that_went_back_never_leave_and_the_others_do(claims):
    case_id = claims.open(K.REFUND_BEFORE_SHIPMENT, 1)
    claims.approve(case_id)
    pays_by_hand(claims)

    scarves = claims.order.lines[0]
    assert (scarves.called_off, scarves.to_ship, claims.order.flags) == (1, 1, ())
    assert claims.world.units(SCARF) == (100, 1)
    sent = claims.at_the_warehouse()
    assert [(sku, units) for _, sku, units in sent.lines] == [(SCARF, 1), (HAT, 1)]
    assert list(claims.world.store.doctor.findings(lambda name, count: None)) == []


def test_of_a_unit_that_gave_back_a_part_only_a_person_says_whether_it_leaves(claims):
    case_id = claims.open(K.REFUND_BEFORE_SHIPMENT, 1)
    claims.approve(case_id, refund=Money(1_000), reason="协商")
    pays_by_hand(claims)

    assert claims.order.lines[0].to_ship == 2
    assert [(flag.kind, flag.reason) for flag in claims.order.flags] == [(FlagKind.INTERCEPTED, "part_refunded")]


# --- with the warehouse ----------------------------------------------------------------------------------------------


def test_what_the_warehouse_has_is_stopped_before_the_money_goes(claims):
    claims.at_the_warehouse()
    case_id = claims.open(K.REFUND_BEFORE_SHIPMENT, 2, 1)
    claims.approve(case_id)

    assert [stop.number for stop in claims.world.warehouse.stopped] == [claims.world.warehouse.sent[0].number]
    assert (claims.order.state, claims.case().state, claims.refund.state) == (
        S.CANCELLED,
        C.AWAITING_REFUND,
        R.APPROVED,
    )
    assert claims.world.units(SCARF) == (100, 0)
    pays_by_hand(claims)
    assert (claims.case().state, claims.given_back()) == (C.SUCCEEDED, Money(23_600))


def test_what_has_left_is_not_refunded_and_the_buyer_may_send_it_back(claims):
    sent = claims.at_the_warehouse()
    case_id = claims.open(K.REFUND_BEFORE_SHIPMENT, 2, 1)
    claims.world.warehouse.ships(sent, claims.world.clock())
    claims.approve(case_id)

    assert (claims.case().state, claims.refund.state) == (C.CLOSED, R.CLOSED)
    assert claims.case().closing.how == "cannot_stop"
    claims.world.watch_warehouse()
    claims.world.settle()
    assert claims.order.state is S.SHIPPED
    claims.open(K.RETURN_AND_REFUND, 2, 1)


def test_a_part_of_what_the_warehouse_has_is_taken_back_and_the_rest_goes_out_anew(claims):
    first = claims.at_the_warehouse()
    case_id = claims.open(K.REFUND_BEFORE_SHIPMENT, 0, 1)
    claims.approve(case_id)

    case = claims.case()
    new = claims.world.order(case.order_id)
    assert (case.state, claims.order.state, new.state) == (C.AWAITING_REFUND, S.CANCELLED, S.AWAITING_CS_REVIEW)
    refund = claims.world.store.aftersales_queries.refund(ROOT, case.refund_id).document
    assert (refund.order_id, refund.state) == (new.id, R.APPROVED)
    pays_by_hand(claims, refund)
    assert claims.case().state is C.SUCCEEDED
    again = claims.world.at_warehouse(new.id)
    assert (again.number != first.number, [(sku, units) for _, sku, units in again.lines]) == (True, [(SCARF, 2)])
    assert list(claims.world.store.doctor.findings(lambda name, count: None)) == []


def test_an_order_in_aftersales_is_not_released(claims):
    claims.open(K.REFUND_BEFORE_SHIPMENT, 0, 1)

    with pytest.raises(Exception) as refusal:  # noqa: PT011
        claims.at_the_warehouse()

    assert refusal.value.code == "orders.flagged"


# --- after shipment --------------------------------------------------------------------------------------------------


def test_money_only_after_shipment_keeps_the_freight_and_the_last_refund_closes_the_order(claims):
    claims.shipped()
    first = claims.open(K.REFUND_ONLY, 1)
    claims.approve(first)
    pays_by_hand(claims)
    assert (claims.case(first).refunded, claims.order.state) == (Money(9_400), S.SIGNED)

    rest = claims.open(K.REFUND_ONLY, 1, 1)
    claims.approve(rest)
    pays_by_hand(claims, claims.refunds[-1])

    assert claims.order.state is S.CLOSED
    assert claims.given_back() == Money(22_800)  # everything but the freight
    assert claims.order.flags == ()


def test_goods_come_back_are_looked_at_and_then_the_money_goes(claims):
    claims.shipped()
    case_id = claims.open(K.RETURN_AND_REFUND, 2, 1)
    claims.approve(case_id)
    assert claims.case().state is C.AWAITING_BUYER_RETURN
    assert claims.goods.state is ReturnState.ASKED_BACK
    assert claims.world.warehouse.expected[claims.goods.number].lines == ((SCARF, 2), (HAT, 1))
    claims.do("note_parcel", NoteParcel, case_id, carrier="SF", tracking_no="SF-1")
    assert (claims.case().state, claims.goods.tracking_no) == (C.AWAITING_WAREHOUSE_RECEIPT, "SF-1")
    before = claims.world.units(SCARF), claims.world.units(HAT)

    report = a_report(claims.goods.number, [(SCARF, 2, Grade.GOOD), (HAT, 1, Grade.DEFECTIVE)], at=claims.world.clock())
    assert claims.world.is_told(report, report) == [True, False]

    assert (claims.case().state, claims.refund.state) == (C.AWAITING_REFUND, R.APPROVED)
    (scarves, _), (hats, _) = before
    assert (claims.world.units(SCARF), claims.world.units(HAT)) == ((scarves + 2, 0), (hats, 0))
    level = next(each for each in claims.world.store.queries.stock(ROOT, after=None, limit=10) if each.sku == HAT)
    assert level.defective == 1
    pays_by_hand(claims)
    assert (claims.case().state, claims.order.state) == (C.SUCCEEDED, S.CLOSED)


def test_wrong_or_missing_goods_are_in_dispute_until_a_person_says(claims):
    claims.shipped()
    case_id = claims.open(K.RETURN_AND_REFUND, 2)
    claims.approve(case_id)
    report = a_report(claims.goods.number, [(SCARF, 1, Grade.GOOD), ("OTHER", 1, Grade.GOOD)], at=claims.world.clock())
    claims.world.is_told(report)

    assert (claims.case().state, claims.case().in_dispute) == (C.AWAITING_WAREHOUSE_RECEIPT, "wrong, short")
    assert claims.refund.state is R.PROPOSED

    claims.do("accept_goods", AcceptGoods, case_id)
    assert (claims.case().state, claims.refund.state) == (C.AWAITING_REFUND, R.APPROVED)


def test_what_came_wrong_may_be_refused_and_holds_no_money_any_more(claims):
    claims.shipped()
    case_id = claims.open(K.RETURN_AND_REFUND, 2)
    claims.approve(case_id)
    claims.world.is_told(a_report(claims.goods.number, [("OTHER", 2, Grade.GOOD)], at=claims.world.clock()))

    claims.reject(case_id)

    assert (claims.case().state, claims.refund.state, claims.given_back()) == (C.CLOSED, R.CLOSED, Money(0))
    claims.open(K.REFUND_ONLY, 2)  # the units are free again


def test_goods_that_come_in_two_parcels_are_waited_for(claims):
    claims.shipped()
    case_id = claims.open(K.RETURN_AND_REFUND, 2)
    claims.approve(case_id)
    number, at = claims.goods.number, claims.world.clock()

    claims.world.is_told(a_report(number, [(SCARF, 1, Grade.GOOD)], final=False, at=at))
    assert (claims.case().state, claims.goods.state) == (C.AWAITING_BUYER_RETURN, ReturnState.PARTLY_RECEIVED)
    claims.world.is_told(a_report(number, [(SCARF, 1, Grade.GOOD)], report_id="r-2", final=False, at=at))

    assert claims.case().state is C.AWAITING_REFUND
    assert claims.world.units(SCARF) == (100, 0)


def test_an_exchange_sends_new_goods_at_no_charge_when_the_old_ones_are_back(claims):
    claims.world.catalog.put_sku(PutSku(code="SCARF-L", facts=SkuFacts(title="样例围巾 L"), by=ROOT))
    claims.world.receive("SCARF-L")
    claims.shipped()
    line = claims.order.lines[0]
    asked = AskedLine(line_id=line.id, units=1, replacement="SCARF-L")
    answer = claims.world.cases.open(
        OpenCase(order_id=claims.order_id, kind=K.EXCHANGE, lines=(asked,), reason="尺寸", by=ROOT)
    )
    claims.approve(answer.id)
    claims.world.is_told(a_report(claims.goods.number, [(SCARF, 1, Grade.GOOD)], at=claims.world.clock()))

    case = claims.case()
    assert case.state is C.AWAITING_EXCHANGE_SHIPMENT
    new = claims.world.order(case.replacement_id)
    assert (new.kind, new.payable, new.state) == (OrderKind.REISSUE, Money(0), S.AWAITING_CS_REVIEW)
    assert [(each.sku, each.quantity) for each in new.lines] == [("SCARF-L", 1)]
    sent = claims.world.at_warehouse(new.id)
    claims.world.warehouse.ships(sent, claims.world.clock(), tracking_no="SF0000000000002")
    claims.world.wait(seconds=5)
    assert claims.case().state is C.SUCCEEDED
    assert claims.refunds == ()
    assert len(claims.world.platform.notices) == 1  # of the first parcel alone


def test_an_exchange_for_cheaper_goods_refunds_the_difference(claims):
    claims.shipped()
    case_id = claims.open(K.EXCHANGE, 1)
    claims.approve(case_id)
    claims.world.is_told(a_report(claims.goods.number, [(SCARF, 1, Grade.GOOD)], at=claims.world.clock()))

    claims.do("owe_difference", OweDifference, case_id, amount=Money(1_400))
    assert claims.refunds == ()
    new = claims.world.at_warehouse(claims.case().replacement_id)
    claims.world.warehouse.ships(new, claims.world.clock(), tracking_no="SF0000000000002")
    claims.world.wait(seconds=5)

    assert (claims.case().state, claims.refund.amount) == (C.AWAITING_REFUND, Money(1_400))
    pays_by_hand(claims)
    assert (claims.case().state, claims.order.state) == (C.SUCCEEDED, S.SIGNED)


def test_an_exchange_for_dearer_goods_waits_for_the_difference(claims):
    claims.shipped()
    case_id = claims.open(K.EXCHANGE, 2)
    claims.approve(case_id)
    claims.world.is_told(a_report(claims.goods.number, [(SCARF, 1, Grade.GOOD)], at=claims.world.clock()))
    claims.do("accept_goods", AcceptGoods, case_id, difference=Money(500))
    assert claims.case().state is C.AWAITING_DIFFERENCE

    claims.do("note_difference_paid", NoteDifferencePaid, case_id)

    assert claims.case().state is C.AWAITING_EXCHANGE_SHIPMENT
    assert claims.case().replacement_id is not None


def test_a_reissue_makes_its_order_when_it_is_approved(claims):
    claims.shipped()
    case_id = claims.open(K.REISSUE, 0, 1)
    claims.approve(case_id)

    new = claims.world.order(claims.case().replacement_id)
    assert [(each.sku, each.is_gift, each.payable) for each in new.lines] == [(HAT, True, Money(0))]
    assert new.receiver == claims.order.receiver


def test_a_repair_goes_back_by_hand_and_touches_no_stock(claims):
    claims.shipped()
    case_id = claims.open(K.REPAIR, 1)
    claims.approve(case_id)
    before = claims.world.units(SCARF)
    claims.world.is_told(a_report(claims.goods.number, [(SCARF, 1, Grade.DEFECTIVE)], at=claims.world.clock()))
    assert (claims.case().state, claims.world.units(SCARF)) == (C.AWAITING_EXCHANGE_SHIPMENT, before)

    with pytest.raises(ReplacementNotSent):
        claims.do("note_replacement_sent", NoteReplacementSent, case_id)
    claims.do("note_replacement_sent", NoteReplacementSent, case_id, carrier="SF", tracking_no="SF-9")

    assert claims.case().state is C.SUCCEEDED
    assert (claims.case().sent, claims.case().replacement_id) == (Sent(carrier="SF", tracking_no="SF-9"), None)


def test_of_a_virtual_order_the_right_is_taken_back_before_the_money_goes(world):
    claims = Claims(world, a_standard_order(kind=OrderKind.VIRTUAL))
    case_id = claims.open(K.VIRTUAL_REFUND, 2, 1)
    claims.approve(case_id)
    assert (claims.case().state, claims.refund.state) == (C.AWAITING_REVOCATION, R.PROPOSED)

    claims.do("note_revoked", NoteRevoked, case_id)

    assert (claims.case().state, claims.refund.state) == (C.AWAITING_REFUND, R.APPROVED)


# --- what may be asked, and what an operator may do ------------------------------------------------------------------


def test_which_kind_may_be_asked_is_said_by_where_the_order_stands(claims):
    with pytest.raises(KindNotNow):
        claims.open(K.RETURN_AND_REFUND)
    claims.shipped()
    with pytest.raises(KindNotNow):
        claims.open(K.REFUND_BEFORE_SHIPMENT)


def test_a_unit_is_in_one_open_case_and_free_again_when_that_ends(claims):
    claims.shipped()
    line = claims.order.lines[1]
    case_id = claims.open(K.REFUND_ONLY, 0, 1)
    which = (AskedLine(line_id=line.id, runs=((0, 1),)),)

    with pytest.raises(UnitsInAnotherCase):
        claims.open(K.REFUND_ONLY, lines=which)
    claims.do("withdraw", WithdrawCase, case_id)

    assert claims.refund.state is R.CLOSED
    claims.open(K.REFUND_ONLY, lines=which)


def test_more_than_is_free_is_refused_and_never_made_less(claims):
    claims.shipped()
    claims.approve(claims.open(K.REFUND_ONLY, 1))
    pays_by_hand(claims)

    for units in (2, 3):
        with pytest.raises(NoSuchUnits):
            claims.open(K.REFUND_ONLY, units)
    other = claims.open(K.REISSUE, 0, 1)
    with pytest.raises(UnitsInAnotherCase):
        claims.open(K.REFUND_ONLY, 1, 1)
    rest = claims.open(K.REFUND_ONLY, lines=None)

    assert [line.units for line in claims.case(rest).lines] == [((1, 2),)]
    assert claims.case(other).is_open
    with pytest.raises(NoSuchUnits):
        claims.open(K.REFUND_ONLY, lines=None)


def test_after_the_window_only_an_operator_with_a_reason(claims):
    claims.shipped()
    claims.world.clock.forward(days=8)

    with pytest.raises(WindowClosed):
        claims.open(K.REFUND_ONLY)
    claims.open(K.REFUND_ONLY, override="老客户")


def test_what_happens_to_an_order_later_does_not_open_its_window_again(claims):
    claims.shipped()
    claims.world.clock.forward(days=6)
    first = claims.open(K.REFUND_ONLY, 1)
    claims.world.cases.withdraw(WithdrawCase(case_id=first, by=ROOT))
    claims.world.settle()

    claims.world.clock.forward(days=2)

    with pytest.raises(WindowClosed):
        claims.open(K.REFUND_ONLY, 1)


def test_goods_of_a_category_have_its_window(claims):
    world = claims.world
    for code, category in ((SCARF, "服饰"), (HAT, "帽子")):
        world.catalog.put_sku(PutSku(code=code, facts=SkuFacts(title="样例", category=category), by=ROOT))
    terms = TermsService(begin=world.cases.begin, now=world.clock, pause=lambda attempt: None)
    facts = {"window_days": 7, "window_by_category": (("服饰", 15),)}
    terms.change(SetTerms(shop_id=claims.shop.id, facts=facts, by=ROOT))
    claims.shipped()

    world.clock.forward(days=8)
    with pytest.raises(WindowClosed) as refused:
        claims.open(K.REFUND_ONLY, 0, 1)  # hats have the shop's seven days
    assert refused.value.days == 7
    with pytest.raises(WindowClosed):
        claims.open(K.REFUND_ONLY, 1, 1)  # the shortest window of its lines
    claims.open(K.REFUND_ONLY, 1)

    world.clock.forward(days=7)
    with pytest.raises(WindowClosed) as refused:
        claims.open(K.REFUND_ONLY, 1)
    assert refused.value.days == 15


def test_what_went_back_cannot_be_asked_for_again(claims):
    claims.shipped()
    claims.approve(claims.open(K.REFUND_ONLY, 0, 1))
    pays_by_hand(claims)

    with pytest.raises(NoSuchUnits):
        claims.open(K.REFUND_ONLY, lines=(AskedLine(line_id=claims.order.lines[1].id, runs=((0, 1),)),))


def test_an_operator_changes_the_amount_with_a_reason_within_what_is_left(claims):
    claims.shipped()
    case_id = claims.open(K.REFUND_ONLY, 1)

    with pytest.raises(AboveRefundable):
        claims.approve(case_id, refund=Money(9_401), reason="多退")
    claims.approve(case_id, refund=Money(5_000), reason="协商")

    assert (claims.refund.amount, claims.refund.changed_because) == (Money(5_000), "协商")
    assert claims.case().refund == Money(5_000)


def test_freight_goes_back_after_shipment_where_an_operator_says_so(claims):
    claims.shipped()
    case_id = claims.open(K.REFUND_ONLY, 2, 1)

    claims.approve(case_id, with_freight=True)

    assert claims.refund.amount == Money(23_600)


def test_the_kind_changes_by_closing_the_case_for_a_linked_one(claims):
    claims.shipped()
    old = claims.open(K.EXCHANGE, 1)

    answer = claims.do("change_kind", ChangeKind, old, to=K.REFUND_ONLY)

    new = claims.case(answer.linked_id)
    assert (claims.case(old).state, new.linked_to, new.kind) == (C.CLOSED, old, K.REFUND_ONLY)
    assert claims.refund.case_id == new.id
    assert [flag.reason for flag in claims.order.flags] == [shown_number(new)]


def test_time_closes_what_waits_for_the_buyer_and_only_shows_what_waits_for_us(claims):
    claims.shipped()
    waits_for_buyer = claims.open(K.RETURN_AND_REFUND, 1)
    claims.approve(waits_for_buyer)
    waits_for_us = claims.open(K.REFUND_ONLY, 0, 1)
    from oms_app.processes.tickets import WATCH_LIMITS

    claims.world.store.jobs.ensure(WATCH_LIMITS, "all", due_at=claims.world.clock())
    claims.world.wait(days=8)

    assert (claims.case(waits_for_buyer).state, claims.case(waits_for_us).state) == (C.CLOSED, C.AWAITING_REVIEW)
    assert claims.goods.state is ReturnState.CALLED_OFF
    levels = {ticket.case_id: ticket.level for ticket in claims.tickets}
    assert levels[waits_for_us] == 2


def test_a_stale_read_is_refused_and_the_same_key_acts_once(claims):
    claims.shipped()
    case_id = claims.open(K.REFUND_ONLY, 1)
    once = Once(client="c", key="k", digest="d")
    by = Actor(id="kefu-1", permissions=frozenset({Permission.AFTERSALES_WRITE}), once=once)

    with pytest.raises(VersionIsNot):
        claims.approve(case_id, expected_version=7)
    first = claims.world.cases.approve(ApproveCase(case_id=case_id, by=by))

    assert claims.world.cases.approve(ApproveCase(case_id=case_id, by=by)) == first
    with pytest.raises(MoveNotAllowed):
        claims.approve(case_id)
    with pytest.raises(Denied):
        claims.approve(case_id, by=Actor(id="reader", permissions=frozenset({Permission.AFTERSALES_READ})))


def test_every_case_has_a_ticket_until_it_ends(claims):
    claims.shipped()
    case_id = claims.open(K.REFUND_ONLY, 1)
    (ticket,) = claims.tickets
    assert (ticket.case_id, ticket.state, ticket.due) == (case_id, "open", claims.case().due)

    claims.reject(case_id)

    (ticket,) = claims.tickets
    assert ticket.state == "done"


def test_a_ticket_is_due_when_its_case_is(claims):
    claims.shipped()
    case_id = claims.open(K.RETURN_AND_REFUND, 1)
    for step in (lambda: None, lambda: claims.approve(case_id)):
        step()
        (ticket,) = claims.tickets
        assert ticket.due == claims.case(case_id).due
    claims.world.clock.forward(days=3)  # past the time of the review, not of the buyer's parcel
    claims.world.wait(minutes=2)
    (ticket,) = claims.tickets
    assert (ticket.level, claims.case(case_id).state) == (0, C.AWAITING_BUYER_RETURN)


def test_the_platforms_own_time_wins_where_it_is_sooner_and_moves_with_its_word(claims):
    claims.shipped()
    now = claims.world.clock()
    ask = claims.an_ask(due_at=now + timedelta(hours=20))
    claims.hears(ask)

    def due():
        (ticket,) = claims.tickets
        return ticket.due.at

    ours = claims.case().due.at
    assert ours - now >= timedelta(hours=48)
    assert due() == now + timedelta(hours=20)

    claims.hears_again(ask, due_at=now + timedelta(hours=30), modified_at=now + timedelta(hours=1))
    assert due() == now + timedelta(hours=30)  # the platform gave more time
    claims.hears_again(ask, due_at=now + timedelta(hours=300), modified_at=now + timedelta(hours=2))
    assert due() == ours  # never later than our own
    claims.hears_again(ask, due_at=None, modified_at=now + timedelta(hours=3))
    assert due() == ours
    claims.hears_again(ask, due_at=now + timedelta(hours=10), modified_at=now + timedelta(hours=4))
    assert due() == now + timedelta(hours=10)

    claims.approve(claims.case().id)
    (ticket,) = claims.tickets
    assert ticket.due == claims.case().due  # it was the time for our word, which is given
