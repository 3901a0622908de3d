"""What is owed is asked for by itself: once for each unit that was paid for and never leaves, whoever asks first."""

import pytest
from attrs import evolve
from tests.app.claims import Claims
from tests.app.test_claims_in_the_way import findings, pays
from tests.app.test_merging import merge, standard, unmerge
from tests.app.world import ROOT, later

from oms_app.aftersales_terms import SetTerms, TermsService
from oms_app.case_commands import RejectCase, WithdrawCase
from oms_app.editing import Wanted
from oms_app.order_moves import CancelRest, LoseOrder, UnreviewOrder
from oms_app.orders import CancelOrder
from oms_app.owing import AskOwed
from oms_app.ports.transaction import Begin
from oms_app.ports.wms import ParcelLeft
from oms_app.refunds import PayByHand
from oms_domain.aftersales.states import CaseKind as K
from oms_domain.aftersales.states import CaseState as C
from oms_domain.aftersales.terms import RoleLimit
from oms_domain.aftersales.values import AskedBy
from oms_domain.channels.aftersales import AskKind
from oms_domain.channels.aftersales import AskState as A
from oms_domain.channels.standard import PlatformState
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.states import OrderState as S
from oms_domain.refunds.states import RefundSource
from oms_domain.refunds.states import RefundState as R
from oms_domain.testing.builders import HAT, SCARF, a_presale, a_standard_order


@pytest.fixture
def claims(world):
    return Claims(world)


def cancel(claims):
    claims.world.give(CancelOrder, claims.order_id, reason="不要了")


def fewer(claims, sku=SCARF, units=1):
    return claims.world.edit(claims.order_id, quantities=(Wanted(sku=sku, units=units),))


def a_scarf_left(claims):
    """Let one of the two scarves leave, and not the hat."""
    world, sent = claims.world, claims.at_the_warehouse()
    parcel = ParcelLeft(
        report_id="r1",
        fulfilment_id=sent.fulfilment_id,
        carrier="SF",
        tracking_no="SF1",
        contents=((claims.order.lines[0].id, Quantity(1)),),
        at=world.clock(),
    )
    world.warehouse.waiting.append(parcel)
    world.watch_warehouse()
    world.settle()
    assert claims.order.state is S.PARTIALLY_SHIPPED


def told_again(claims):
    """Tell once more, and of every end, that something may be owed."""
    for reason in ("order_cancelled", "case_ended"):
        claims.world.owing.ask(AskOwed(order_id=claims.order_id, reason=reason, by=ROOT))
    claims.world.settle()


def shown(claims):
    return [(str(each.amount), each.state) for each in claims.refunds]


# --- by itself -------------------------------------------------------------------------------------------------------


def test_a_cancelled_order_gives_everything_back_in_one_document(claims):
    cancel(claims)

    case, refund = claims.case(), claims.refund
    assert (case.kind, case.state, case.asked_by) == (K.REFUND_BEFORE_SHIPMENT, C.AWAITING_REFUND, AskedBy.SYSTEM)
    assert (case.reason, case.approved_by, case.secured) == ("order_cancelled", "system", True)
    assert (refund.amount, refund.state, refund.source) == (Money(23_600), R.APPROVED, RefundSource.MANUAL)
    assert (refund.case_id, refund.after_shipment, refund.by_tender) == (case.id, False, (("", 23_600),))
    told_again(claims)
    assert len(claims.refunds) == 1
    pays(claims)
    told_again(claims)
    assert (claims.case().state, claims.given_back()) == (C.SUCCEEDED, Money(23_600))
    assert findings(claims.world) == []


def test_services_that_were_paid_besides_are_shown_to_a_person(world):
    claims = Claims(world, a_standard_order(services=Money(500)))

    cancel(claims)

    assert claims.refund.amount == Money(23_600)
    assert claims.differences() == [("paid_besides", "5.00", "0.00")]


def test_each_lowering_gives_back_what_it_told_and_the_order_goes_on(claims):
    assert fewer(claims).refund_due == Money(9400)
    assert fewer(claims, HAT, 0).refund_due == Money(4000)

    assert shown(claims) == [("94.00", R.APPROVED), ("40.00", R.APPROVED)]
    assert claims.order.flags == ()
    pays(claims)
    assert (claims.order.state, claims.order.flags) == (S.AWAITING_CS_REVIEW, ())
    cancel(claims)
    assert shown(claims) == [("94.00", R.CLOSED), ("40.00", R.SUCCEEDED), ("196.00", R.APPROVED)]
    told_again(claims)
    assert len(claims.refunds) == 3
    assert findings(claims.world) == []


def test_what_was_refunded_before_is_not_refunded_again(claims):
    claims.approve(claims.open(K.REFUND_BEFORE_SHIPMENT, 1))
    pays(claims)
    before = claims.given_back()

    cancel(claims)

    assert claims.refunds[-1].amount == Money(23_600) - before
    pays(claims)
    assert claims.given_back() == Money(23_600)
    assert findings(claims.world) == []


def test_what_the_platform_has_closed_is_asked_for_by_nobody(claims):
    newer = later(claims.standard, claims.world.clock, state=PlatformState.CLOSED_REFUNDED)
    claims.world.take_in(claims.shop, newer)

    told_again(claims)

    assert (claims.order.state, claims.refunds) == (S.CANCELLED, ())


def test_what_the_platform_closes_after_we_cancelled_is_not_paid_by_hand_too(claims):
    cancel(claims)

    newer = later(claims.standard, claims.world.clock, state=PlatformState.CLOSED_REFUNDED)
    claims.world.take_in(claims.shop, newer)

    assert (claims.refund.state, claims.refund.closed_because, claims.case().state) == (
        R.CLOSED,
        "closed at the platform",
        C.CLOSED,
    )
    told_again(claims)
    assert len(claims.refunds) == 1
    claims.hears(a_refund_of_all(claims, state=A.SUCCEEDED))
    assert claims.given_back() == Money(23_600)
    assert findings(claims.world) == []


def test_of_a_line_that_the_platform_closes_nothing_is_paid_by_hand_too(claims):
    fewer(claims, HAT, 0)
    scarves, hat = claims.standard.lines
    lines = (scarves, evolve(hat, state=PlatformState.CLOSED_REFUNDED))

    claims.world.take_in(claims.shop, evolve(later(claims.standard, claims.world.clock), lines=lines))

    assert shown(claims) == [("40.00", R.CLOSED)]
    assert claims.order.state is S.AWAITING_CS_REVIEW


def test_an_unpaid_order_owes_nothing(world):
    claims = Claims(world, a_standard_order(state=PlatformState.UNPAID))

    cancel(claims)

    assert (claims.order.state, claims.refunds) == (S.CANCELLED, ())


def test_what_the_warehouse_has_stopped_is_given_back(claims):
    claims.at_the_warehouse()

    cancel(claims)

    assert (claims.order.state, shown(claims)) == (S.CANCELLED, [("236.00", R.APPROVED)])


def test_the_rest_that_will_not_leave_is_given_back_without_freight(claims):
    world = claims.world
    a_scarf_left(claims)

    world.give(CancelRest, claims.order_id, reason="缺货")
    world.wait(seconds=60)

    assert claims.order.state is S.SHIPPED
    assert (shown(claims), claims.case().state) == ([("134.00", R.APPROVED)], C.AWAITING_REFUND)
    assert {line.sku: line.units for line in claims.case().lines} == {SCARF: ((1, 2),), HAT: ((0, 1),)}
    told_again(claims)
    pays(claims)
    told_again(claims)
    assert len(claims.refunds) == 1
    assert findings(world) == []


def test_what_a_person_has_refused_is_not_asked_for_again(claims):
    cancel(claims)

    claims.do("withdraw", WithdrawCase, claims.case().id, reason="另行退款")
    told_again(claims)

    assert shown(claims) == [("236.00", R.CLOSED)]


# --- and the platform -------------------------------------------------------------------------------------------------


def a_refund_of_all(claims, **changes):
    """Ask at the platform for both scarves and the hat."""
    ask = claims.an_ask(**{"refund": Money(23_600), "returns_goods": False, "kind": AskKind.REFUND} | changes)
    scarves, hat = (evolve(ask.lines[0], line_no=no, quantity=Quantity(n)) for no, n in (("1001", 2), ("1002", 1)))
    return evolve(ask, lines=(scarves, hat))


def for_a_scarf(claims, **changes):
    return claims.an_ask(**{"refund": Money(9400), "returns_goods": False, "kind": AskKind.REFUND} | changes)


def limited(claims, fen):
    """Set what an agent may refund at most."""
    world, limit = claims.world, RoleLimit(role="agent", what="refund", most=Money(fen))
    terms = TermsService(begin=Begin(world.open), now=world.clock, pause=world.pauses.append)
    terms.change(SetTerms(shop_id=claims.shop.id, facts={"role_limits": (limit,)}, by=ROOT))


def test_above_what_an_agent_may_refund_a_person_grants_what_the_platform_asks_for(claims):
    limited(claims, 23_599)
    cancel(claims)

    claims.hears(a_refund_of_all(claims))

    assert (claims.case().state, claims.refund.state) == (C.AWAITING_REVIEW, R.PROPOSED)
    claims.approve(claims.case().id)
    assert claims.given_back() == Money(23_600)


def test_the_platforms_ask_for_what_is_owed_joins_its_case_and_is_granted(claims):
    cancel(claims)
    ours = claims.refund

    ask = a_refund_of_all(claims)
    claims.hears(ask)

    case, refund = claims.case(), claims.refund
    assert (case.platform_refund_no, refund.platform_refund_no, refund.id) == (ask.refund_no, ask.refund_no, ours.id)
    assert (case.state, refund.amount, refund.asked) == (C.SUCCEEDED, Money(23_600), Money(23_600))
    claims.hears_again(ask, state=A.SUCCEEDED)
    told_again(claims)
    assert (claims.case().state, claims.refund.state, claims.differences()) == (C.SUCCEEDED, R.SUCCEEDED, [])
    assert claims.given_back() == Money(23_600)
    assert findings(claims.world) == []


def test_an_ask_that_came_before_the_cancellation_is_the_only_one(claims):
    ask = a_refund_of_all(claims)
    claims.hears(ask)

    cancel(claims)

    assert len(claims.refunds) == 1
    assert claims.differences() == []
    claims.hears_again(ask, state=A.SUCCEEDED)
    told_again(claims)
    assert (claims.given_back(), len(claims.refunds)) == (Money(23_600), 1)
    assert findings(claims.world) == []


def test_what_the_platform_has_paid_at_once_is_paid_once(claims):
    cancel(claims)

    claims.hears(a_refund_of_all(claims, state=A.SUCCEEDED))

    assert (claims.refund.state, claims.given_back(), claims.differences()) == (R.SUCCEEDED, Money(23_600), [])


def test_of_a_part_that_the_platform_asks_for_the_rest_is_owed_on(claims):
    cancel(claims)

    claims.hears(for_a_scarf(claims))

    told_again(claims)
    left = [each for each in shown(claims) if each[1] is not R.CLOSED]
    assert left == [("94.00", R.SUCCEEDED), ("142.00", R.APPROVED)]
    pays(claims)
    told_again(claims)
    assert claims.given_back() == Money(23_600)
    assert findings(claims.world) == []


def test_an_ask_for_more_than_is_owed_waits_for_a_person(claims):
    fewer(claims, HAT, 0)

    claims.hears(a_refund_of_all(claims))

    assert shown(claims) == [("40.00", R.CLOSED), ("236.00", R.PROPOSED)]
    case = claims.case(claims.refunds[-1].case_id)
    assert (case.state, case.asked_by) == (C.AWAITING_REVIEW, AskedBy.BUYER)
    claims.do("reject", RejectCase, case.id, reason="x")
    assert shown(claims)[2:] == [("40.00", R.APPROVED)]
    assert findings(claims.world) == []


def test_units_that_an_edit_gave_up_are_the_ones_that_the_platform_asks_for(claims):
    fewer(claims)

    claims.hears(for_a_scarf(claims))

    assert (len(claims.refunds), claims.case().state, claims.order.flags) == (1, C.SUCCEEDED, ())
    assert claims.case().lines[0].line_id == next(line.id for line in claims.order.lines if line.is_closed)


def test_what_the_buyer_withdraws_at_the_platform_is_owed_all_the_same(claims):
    cancel(claims)
    ask = a_refund_of_all(claims, refund=Money(23_000))
    limited(claims, 10_000)
    claims.hears(ask)
    assert shown(claims) == [("230.00", R.PROPOSED)]

    claims.hears_again(ask, state=A.CLOSED)

    assert shown(claims) == [("230.00", R.CLOSED), ("236.00", R.APPROVED)]


def test_another_amount_than_is_owed_is_a_persons_to_judge(claims):
    cancel(claims)

    claims.hears(a_refund_of_all(claims, refund=Money(24_000)))

    assert (claims.case().state, claims.refund.state) == (C.AWAITING_REVIEW, R.PROPOSED)


def test_what_is_left_of_a_claim_for_less_is_shown_and_asked_for_when_it_ends(claims):
    ask = a_refund_of_all(claims, refund=Money(20_000))
    claims.hears(ask)

    cancel(claims)

    assert claims.differences() == [("more_is_owed", "236.00", "200.00")]
    claims.hears_again(ask, state=A.SUCCEEDED)
    assert [amount for amount, _ in shown(claims)] == ["200.00", "36.00"]
    pays(claims)
    assert claims.given_back() == Money(23_600)
    assert findings(claims.world) == []


# --- along with the goods ---------------------------------------------------------------------------------------------


def test_what_an_edited_order_is_split_into_takes_what_is_owed_along(claims):
    fewer(claims)
    cut = next(line.id for line in claims.order.lines if line.is_closed)

    parts = claims.world.split(claims.order_id, {SCARF: 1})

    case, refund = claims.case(), claims.refund
    heir = next(id for id in parts if any(line.from_line == cut for line in claims.world.order(id).lines))
    assert (case.order_id, refund.order_id, refund.wants[0].line_id) == (heir, heir, case.lines[0].line_id)
    assert refund.taken[0].line_id == case.lines[0].line_id
    told_again(claims)
    assert len(claims.refunds) == 1
    pays(claims)
    for part in parts:
        claims.world.give(CancelOrder, part, reason="x")
    for each in claims.refunds[1:]:
        claims.world.refunds.pay_by_hand(PayByHand(refund_id=each.id, by=ROOT))
    claims.world.settle()
    assert [str(each.amount) for each in claims.refunds] == ["94.00", "100.60", "41.40"]
    assert sum(each.amount.fen for each in claims.refunds) == 23_600
    assert findings(claims.world) == []


def test_orders_are_merged_with_what_is_owed_and_taken_apart_again(world):
    claims = Claims(world, standard("A"))
    other = world.an_order(claims.shop, standard("B"))
    fewer(claims, HAT, 0)
    paid = claims.refund.id

    both = merge(world, claims.order_id, other)
    assert (claims.refund.id, claims.refund.order_id, claims.case().order_id) == (paid, both, both)
    parts = unmerge(world, both)
    pays(claims)

    assert claims.refund.order_id in parts
    assert (claims.case().state, claims.refund.state) == (C.SUCCEEDED, R.SUCCEEDED)
    assert findings(world) == []


def test_an_order_that_was_lowered_is_taken_back_from_the_warehouse_with_its_refund(claims):
    world = claims.world
    fewer(claims)
    pays(claims)
    claims.at_the_warehouse()

    world.give(UnreviewOrder, claims.order_id)

    (heir,) = claims.order.heirs
    assert (claims.refund.order_id, claims.case().order_id, claims.refund.state) == (heir, heir, R.SUCCEEDED)
    claims.order_id = heir
    cancel(claims)
    assert [str(each.amount) for each in claims.refunds] == ["94.00", "142.00"]
    pays(claims)
    assert findings(world) == []


# --- under way --------------------------------------------------------------------------------------------------------


def test_of_a_lost_parcel_the_goods_are_owed_and_a_person_grants_them(claims):
    claims.shipped(signed=False)
    claims.world.give(LoseOrder, claims.order_id, reason="丢件")

    case, refund = claims.case(), claims.refund
    assert (case.kind, case.state, case.reason) == (K.REFUND_ONLY, C.AWAITING_REVIEW, "order_lost")
    assert (refund.amount, refund.after_shipment, refund.state) == (Money(22_800), True, R.PROPOSED)
    told_again(claims)
    assert len(claims.refunds) == 1
    claims.approve(case.id, with_freight=True)
    pays(claims)
    assert (claims.given_back(), claims.case().state) == (Money(23_600), C.SUCCEEDED)
    assert findings(claims.world) == []


def test_of_a_lost_parcel_that_the_platform_refunds_nothing_is_paid_by_hand_too(claims):
    claims.shipped(signed=False)
    claims.world.give(LoseOrder, claims.order_id, reason="丢件")

    newer = later(claims.standard, claims.world.clock, state=PlatformState.CLOSED_REFUNDED)
    claims.world.take_in(claims.shop, newer)

    assert shown(claims) == [("228.00", R.CLOSED)]


def test_what_was_sent_anew_for_a_lost_parcel_is_not_owed(claims):
    world = claims.shipped(signed=False).world
    case_id = claims.open(K.REISSUE, 2)
    claims.approve(case_id)
    world.give(LoseOrder, claims.order_id, reason="丢件")
    new_id = claims.case(case_id).replacement_id

    world.warehouse.ships(world.at_warehouse(new_id), world.clock(), tracking_no="SF0000000000002")
    world.wait(seconds=5)

    assert claims.case(case_id).state is C.SUCCEEDED
    told_again(claims)
    assert shown(claims) == [("40.00", R.PROPOSED)]


def test_what_was_claimed_before_the_parcel_was_lost_is_asked_for_there(claims):
    claims.shipped(signed=False)
    case_id = claims.open(K.REFUND_ONLY, 2, 1)

    claims.world.give(LoseOrder, claims.order_id, reason="丢件")

    assert [each.case_id for each in claims.refunds] == [case_id]
    claims.reject(case_id)
    assert shown(claims) == [("228.00", R.CLOSED), ("228.00", R.PROPOSED)]


def test_cash_on_delivery_gives_back_what_was_paid_before(world):
    claims = Claims(world, a_standard_order(cash_on_delivery=True, state=PlatformState.TO_SHIP))

    cancel(claims)

    assert (claims.order.state, claims.refunds) == (S.CANCELLED, ())


def test_of_a_presale_with_its_balance_open_the_deposit_is_given_back(world):
    claims = Claims(world, a_presale())
    deposit = claims.order.paid
    assert Money(0) < deposit < claims.order.payable

    cancel(claims)

    assert claims.refund.amount == deposit
    pays(claims)
    assert claims.given_back() == deposit
    assert findings(world) == []


def test_a_part_of_the_rest_waits_for_a_person_who_calls_all_of_it_off(claims):
    world = claims.world
    a_scarf_left(claims)
    case_id = claims.open(K.REFUND_BEFORE_SHIPMENT, 0, 1)
    claims.approve(case_id)
    assert claims.differences(case_id) == [("stop", "part_of_the_rest", "awaiting_stop")]

    world.give(CancelRest, claims.order_id, reason="缺货")
    world.wait(seconds=60)

    assert claims.case(case_id).state is C.AWAITING_REFUND
    assert shown(claims) == [("40.00", R.APPROVED), ("94.00", R.APPROVED)]
    told_again(claims)
    for refund in claims.refunds:
        world.refunds.pay_by_hand(PayByHand(refund_id=refund.id, by=ROOT))
        world.settle()
    told_again(claims)
    assert (claims.given_back(), len(claims.refunds)) == (Money(13_400), 2)
    assert findings(world) == []
