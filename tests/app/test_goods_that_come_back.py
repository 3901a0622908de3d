"""Goods that come back otherwise than asked: short, wrong, late, or for a claim that is another by now."""

import pytest
from attrs import evolve
from tests.app.claims import ALL, Claims
from tests.app.world import ROOT

from oms_app.actor import Actor, Permission
from oms_app.aftersales_terms import SetTerms, TermsService
from oms_app.case_commands import (
    AcceptGoods,
    AcceptReceived,
    AskedLine,
    ChangeKind,
    NoteParcel,
    PreviewReceived,
    SettleDifference,
    WithdrawCase,
)
from oms_app.case_grants import PlatformAmountFixed
from oms_app.catalog import PutSku
from oms_app.editing import UnknownGoods
from oms_app.ports.transaction import Begin
from oms_app.ports.wms import Counted, Grade, ReturnReceived
from oms_app.refunds import PayByHand
from oms_domain.aftersales.arriving import UNCLAIMED
from oms_domain.aftersales.custody import SHELVED, GoodsOnTheShelf
from oms_domain.aftersales.parting import NothingCame, NothingMissing
from oms_domain.aftersales.refusals import NotInDispute
from oms_domain.aftersales.returns import ReturnState
from oms_domain.aftersales.states import CaseKind as K
from oms_domain.aftersales.states import CaseState as C
from oms_domain.aftersales.terms import RoleLimit
from oms_domain.catalog.sku import SkuFacts, SkuKind
from oms_domain.channels.aftersales import AskKind, AskState
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.states import OrderState as S
from oms_domain.refunds.proposal import AboveRefundable, AboveRoleLimit
from oms_domain.refunds.states import RefundState as R
from oms_domain.testing.builders import HAT, SCARF


@pytest.fixture
def claims(world):
    return Claims(world).shipped()


def comes(claims, *counted, report_id="r-1", number=None, final=True):
    """Let the warehouse report what it counted: SKU and units, good ones."""
    rows = tuple(Counted(sku=sku, units=units, grade=Grade.GOOD) for sku, units in counted)
    number, at = number or claims.goods.number, claims.world.clock()
    return claims.world.is_told(ReturnReceived(report_id=report_id, number=number, counted=rows, final=final, at=at))


def asked_back(claims, *units, kind=K.RETURN_AND_REFUND, **granted):
    case_id = claims.open(kind, *units)
    claims.approve(case_id, **granted)
    return case_id


def pays(claims, refund):
    claims.world.refunds.pay_by_hand(PayByHand(refund_id=refund.id, by=ROOT))
    claims.world.settle()


def cases(claims):
    """Every case, oldest first."""
    return tuple(reversed(claims.world.store.aftersales_queries.cases(ROOT, ALL, after=None, limit=20)))


# --- short -----------------------------------------------------------------------------------------------------------


def test_what_came_is_refunded_and_what_is_missing_may_be_asked_for_again(claims):
    case_id = asked_back(claims, 2, 1)
    comes(claims, (SCARF, 1), (HAT, 1))
    assert (claims.case().in_dispute, claims.goods.state) == ("short", ReturnState.RECEIVED_SHORT)
    assert [(line.expected, line.right) for line in claims.goods.lines] == [(2, 1), (1, 1)]

    claims.do("accept_received", AcceptReceived, case_id)

    case, refund = claims.case(), claims.refund
    assert (case.state, case.in_dispute, [line.units for line in case.lines]) == (
        C.AWAITING_REFUND,
        "",
        [((0, 1),), ((0, 1),)],
    )
    assert (refund.state, refund.amount, case.refund) == (R.APPROVED, Money(13_400), Money(13_400))  # 94.00 + 40.00
    assert [(want.line_id, want.units) for want in refund.wants] == [(line.line_id, line.units) for line in case.lines]
    pays(claims, refund)
    again = claims.open(K.REFUND_ONLY, 1)  # the unit that is missing: free again
    claims.approve(again)
    pays(claims, claims.refunds[-1])
    with claims.world.open(ROOT) as tx:
        ledger = tx.refund_ledgers.of(claims.order)
    assert all(ledger.is_refunded(line.line_id) for line in ledger.lines)
    assert (claims.given_back(), claims.order.state) == (Money(22_800), S.CLOSED)
    assert list(claims.world.store.doctor.findings(lambda name, count: None)) == []


def test_what_accepting_gives_back_is_shown_before(claims):
    case_id = asked_back(claims, 2, 1)
    with pytest.raises(NotInDispute):
        claims.world.cases.received(PreviewReceived(case_id=case_id, by=ROOT))
    comes(claims, (SCARF, 1))

    found = claims.world.cases.received(PreviewReceived(case_id=case_id, by=ROOT))

    assert [(line.sku, line.units) for line in found.parted.kept] == [(SCARF, ((0, 1),))]
    assert [(line.sku, line.units) for line in found.parted.missing] == [(SCARF, ((1, 2),)), (HAT, ((0, 1),))]
    assert (found.proposal.amount, found.proposal.by_tender) == (Money(9_400), (("", 9_400),))
    with_freight = claims.world.cases.received(PreviewReceived(case_id=case_id, with_freight=True, by=ROOT))
    assert with_freight.proposal.amount > Money(9_400)
    assert claims.refund.amount == Money(22_800)  # nothing has happened


def test_missing_units_are_refused_in_a_case_of_their_own_that_says_why(claims):
    case_id = asked_back(claims, 2)
    comes(claims, (SCARF, 1))

    claims.do("accept_received", AcceptReceived, case_id, refuse_missing="少寄一条")

    kept, refused = cases(claims)
    assert (kept.id, kept.state) == (case_id, C.AWAITING_REFUND)
    assert (refused.state, refused.linked_to, refused.kind) == (C.CLOSED, case_id, K.RETURN_AND_REFUND)
    assert (refused.closing.how, refused.closing.reason) == ("reject", "少寄一条")
    assert [line.units for line in refused.lines] == [((1, 2),)]
    assert [ticket for ticket in claims.tickets if ticket.case_id == refused.id and ticket.state == "open"] == []
    claims.open(K.REFUND_ONLY, 1)  # whoever thinks otherwise may ask again


def test_no_more_is_given_back_for_what_came_than_was_granted_for_all(claims):
    case_id = asked_back(claims, 2, refund=Money(5_000), reason="磨损")
    comes(claims, (SCARF, 1))

    claims.do("accept_received", AcceptReceived, case_id)

    assert claims.refund.amount == Money(5_000)


def test_an_operator_may_give_another_amount_for_what_came_within_it(claims):
    case_id = asked_back(claims, 2)
    comes(claims, (SCARF, 1))

    with pytest.raises(AboveRefundable):
        claims.do("accept_received", AcceptReceived, case_id, refund=Money(9_401), reason="协商")
    claims.do("accept_received", AcceptReceived, case_id, refund=Money(9_000), reason="磨损")

    assert (claims.refund.amount, claims.refund.changed_because) == (Money(9_000), "磨损")


def test_accepting_what_came_is_within_the_role_limit(claims):
    case_id = asked_back(claims, 2)
    comes(claims, (SCARF, 1))
    world, limit = claims.world, RoleLimit(role="agent", what="refund", most=Money(9_399))
    terms = TermsService(begin=Begin(world.open), now=world.clock, pause=world.pauses.append)
    terms.change(SetTerms(shop_id=claims.shop.id, facts={"role_limits": (limit,)}, by=ROOT))
    agent = Actor(id="kefu", permissions=frozenset({Permission.AFTERSALES_WRITE}))

    with pytest.raises(AboveRoleLimit):
        claims.do("accept_received", AcceptReceived, case_id, by=agent)


def test_of_what_came_wrong_or_not_at_all_nothing_can_be_accepted_in_part(claims):
    case_id = asked_back(claims, 2)
    comes(claims, ("OTHER", 2))
    assert claims.case().in_dispute == "wrong, short"

    with pytest.raises(NothingCame):
        claims.do("accept_received", AcceptReceived, case_id)

    assert claims.case().state is C.AWAITING_WAREHOUSE_RECEIPT


def test_where_more_came_than_was_asked_back_nothing_is_missing(claims):
    case_id = asked_back(claims, 1)
    comes(claims, (SCARF, 2))
    assert claims.case().in_dispute == "over"

    with pytest.raises(NothingMissing):
        claims.do("accept_received", AcceptReceived, case_id)


def test_what_a_platform_pays_it_pays_as_it_was_asked_there(claims):
    ask = claims.an_ask(refund=Money(18_800))
    claims.hears(evolve(ask, lines=(evolve(ask.lines[0], quantity=Quantity(2)),)))
    case_id = claims.case().id
    claims.approve(case_id)
    comes(claims, (SCARF, 1))

    with pytest.raises(PlatformAmountFixed) as refused:
        claims.do("accept_received", AcceptReceived, case_id)

    assert (refused.value.asked, refused.value.amount) == (Money(18_800), Money(9_400))


def test_an_exchange_sends_new_goods_for_what_came_only(claims):
    case_id = asked_back(claims, 2, kind=K.EXCHANGE)
    comes(claims, (SCARF, 1))

    claims.do("accept_received", AcceptReceived, case_id)

    case = claims.case()
    assert case.state is C.AWAITING_EXCHANGE_SHIPMENT
    assert [(line.sku, line.quantity) for line in claims.world.order(case.replacement_id).lines] == [(SCARF, 1)]


# --- late ------------------------------------------------------------------------------------------------------------


def test_what_was_missing_and_comes_before_anybody_decided_ends_the_dispute(claims):
    asked_back(claims, 2)
    comes(claims, (SCARF, 1))
    assert claims.case().in_dispute == "short"

    comes(claims, (SCARF, 1), report_id="r-2")

    assert (claims.goods.state, claims.case().in_dispute) == (ReturnState.RECEIVED, "")
    assert (claims.case().state, claims.refund.amount) == (C.AWAITING_REFUND, Money(18_800))
    assert claims.world.units(SCARF) == (100, 0)


def test_what_comes_late_may_still_be_wrong(claims):
    asked_back(claims, 2)
    comes(claims, (SCARF, 1))

    comes(claims, ("OTHER", 1), report_id="r-2")

    assert (claims.goods.state, claims.case().in_dispute) == (ReturnState.RECEIVED_SHORT, "wrong, short")


def test_what_was_missing_and_comes_after_it_was_left_out_is_on_the_shelf_and_on_a_list(claims):
    case_id = asked_back(claims, 2)
    comes(claims, (SCARF, 1))
    claims.do("accept_received", AcceptReceived, case_id)
    pays(claims, claims.refund)
    assert claims.world.units(SCARF) == (99, 0)

    comes(claims, (SCARF, 1), report_id="r-2")

    assert claims.world.units(SCARF) == (100, 0)
    assert claims.differences(case_id) == [(UNCLAIMED, f"{SCARF} × 1", "succeeded")]
    assert [ticket.kind for ticket in claims.tickets if ticket.state == "open"] == ["discrepancy"]
    claims.do("settle_difference", SettleDifference, case_id, what=UNCLAIMED, reason="已联系买家")
    assert [ticket for ticket in claims.tickets if ticket.state == "open"] == []
    assert (claims.case().state, claims.given_back()) == (C.SUCCEEDED, Money(9_400))


def test_goods_that_come_for_a_case_that_was_refused_are_on_a_list(claims):
    case_id = asked_back(claims, 2)
    comes(claims, (SCARF, 1))
    claims.reject(case_id)

    comes(claims, (SCARF, 1), report_id="r-2")

    assert claims.differences(case_id) == [(UNCLAIMED, f"{SCARF} × 2", "closed")]


@pytest.mark.parametrize("kind", [K.RETURN_AND_REFUND, K.EXCHANGE, K.REPAIR])
def test_goods_that_are_here_when_the_claim_is_withdrawn_are_on_a_list(claims, kind):
    case_id = asked_back(claims, 1, kind=kind)
    comes(claims, (SCARF, 1))

    claims.do("withdraw", WithdrawCase, case_id)

    assert (UNCLAIMED, f"{SCARF} × 1", "closed") in claims.differences(case_id)
    assert [ticket.kind for ticket in claims.tickets if ticket.state == "open"] == ["discrepancy"]


def test_what_is_not_here_when_the_claim_is_withdrawn_is_nobodys_business(claims):
    case_id = asked_back(claims, 1)

    claims.do("withdraw", WithdrawCase, case_id)

    assert claims.differences(case_id) == []


@pytest.mark.parametrize("code", ["NO-SUCH", "SCARF-RED ", "COURSE-1"])
def test_only_goods_of_the_catalogue_are_sent_instead(claims, code):
    claims.world.catalog.put_sku(PutSku(code="COURSE-1", facts=SkuFacts(title="课程", kind=SkuKind.VIRTUAL), by=ROOT))
    line = claims.order.lines[0]

    with pytest.raises(UnknownGoods):
        claims.open(K.EXCHANGE, lines=(AskedLine(line_id=line.id, units=1, replacement=code),))
    case_id = claims.open(K.RETURN_AND_REFUND, 1)
    with pytest.raises(UnknownGoods):
        changed(claims, case_id, K.EXCHANGE, replacements=((line.id, code),))

    next_id = changed(claims, case_id, K.EXCHANGE, replacements=((line.id, HAT),))
    assert claims.case(next_id).lines[0].replacement == HAT


def test_goods_whose_money_went_before_by_the_platforms_word_are_no_surprise(claims):
    ask = claims.an_ask()
    claims.hears(ask)
    claims.approve(claims.case().id)
    claims.hears_again(ask, state=AskState.SUCCEEDED)
    assert claims.case().state is C.SUCCEEDED

    comes(claims, (SCARF, 1))

    assert UNCLAIMED not in [what for what, _, _ in claims.differences()]


# --- another kind ----------------------------------------------------------------------------------------------------


def changed(claims, case_id, to, **facts):
    """Return the linked case that goes on."""
    return claims.do("change_kind", ChangeKind, case_id, to=to, **facts).linked_id


@pytest.mark.parametrize(
    ("kind", "to", "state"),
    [
        (K.EXCHANGE, K.RETURN_AND_REFUND, C.AWAITING_REFUND),
        (K.RETURN_AND_REFUND, K.EXCHANGE, C.AWAITING_EXCHANGE_SHIPMENT),
        (K.REPAIR, K.EXCHANGE, C.AWAITING_EXCHANGE_SHIPMENT),
        (K.REPAIR, K.RETURN_AND_REFUND, C.AWAITING_REFUND),
    ],
)
def test_goods_that_are_here_are_the_next_cases_and_are_not_waited_for_again(claims, kind, to, state):
    first = asked_back(claims, 1, kind=kind)
    comes(claims, (SCARF, 1))

    next_id = changed(claims, first, to)
    assert (claims.case(next_id).state, claims.goods.case_id) == (C.AWAITING_REVIEW, next_id)
    claims.approve(next_id)

    assert (claims.case(next_id).state, claims.case(next_id).return_id) == (state, claims.goods.id)
    assert claims.world.units(SCARF) == (99, 0 if state is C.AWAITING_REFUND else 1)  # 98 were left
    assert list(claims.world.store.doctor.findings(lambda name, count: None)) == []


def test_the_new_goods_of_an_exchange_that_becomes_a_refund_do_not_leave(claims):
    first = asked_back(claims, 1, kind=K.EXCHANGE)
    comes(claims, (SCARF, 1))
    new = claims.case().replacement_id

    next_id = changed(claims, first, K.RETURN_AND_REFUND)
    claims.approve(next_id)
    pays(claims, claims.refund)

    assert (claims.world.state(new), claims.case(next_id).state) == (S.CANCELLED, C.SUCCEEDED)
    assert (claims.differences(next_id), claims.given_back()) == ([], Money(9_400))  # after receipt, as it should be


def test_goods_on_the_way_come_for_the_next_case(claims):
    first = asked_back(claims, 1, kind=K.EXCHANGE)
    claims.do("note_parcel", NoteParcel, first, carrier="SF", tracking_no="SF-1")

    next_id = changed(claims, first, K.RETURN_AND_REFUND)
    claims.approve(next_id)

    assert (claims.case(next_id).state, claims.case(next_id).tracking_no) == (C.AWAITING_WAREHOUSE_RECEIPT, "SF-1")
    comes(claims, (SCARF, 1))
    assert claims.case(next_id).state is C.AWAITING_REFUND


def test_goods_that_come_while_the_next_case_is_in_review_are_its_own(claims):
    next_id = changed(claims, asked_back(claims, 2, kind=K.EXCHANGE), K.RETURN_AND_REFUND)
    comes(claims, (SCARF, 1))
    assert (claims.case(next_id).state, claims.differences(next_id)) == (C.AWAITING_REVIEW, [])

    claims.approve(next_id)

    assert (claims.case(next_id).state, claims.case(next_id).in_dispute) == (C.AWAITING_WAREHOUSE_RECEIPT, "short")


def test_what_was_accepted_in_part_is_not_disputed_again(claims):
    first = asked_back(claims, 2, kind=K.EXCHANGE)
    comes(claims, (SCARF, 1))
    claims.do("accept_received", AcceptReceived, first)

    next_id = changed(claims, first, K.RETURN_AND_REFUND)
    claims.approve(next_id)

    assert (claims.case(next_id).state, claims.refund.amount) == (C.AWAITING_REFUND, Money(9_400))


def test_where_nothing_need_come_back_any_more_the_goods_are_called_off(claims):
    first = asked_back(claims, 1)

    next_id = changed(claims, first, K.REFUND_ONLY)

    assert (claims.goods.state, claims.goods.case_id) == (ReturnState.CALLED_OFF, first)
    assert claims.case(next_id).return_id is None


def test_what_is_in_our_stock_is_not_repaired_any_more(claims):
    first = asked_back(claims, 1)
    comes(claims, (SCARF, 1))

    with pytest.raises(GoodsOnTheShelf):
        changed(claims, first, K.REPAIR)

    assert claims.case().state is C.AWAITING_REFUND


def test_where_the_platform_says_repair_all_the_same_a_person_is_told(claims):
    ask = claims.an_ask()
    claims.hears(ask)
    claims.approve(claims.case().id)
    number = claims.goods.number
    comes(claims, (SCARF, 1), ("OTHER", 1))

    claims.hears_again(ask, kind=AskKind.REPAIR)

    _, case = cases(claims)
    assert (case.kind, case.return_id, claims.goods.case_id == case.id) == (K.REPAIR, None, False)
    assert claims.differences(case.id) == [(SHELVED, "repair", number)]


def test_goods_that_came_are_not_waited_for_when_the_buyer_asks_for_another_amount(claims):
    ask = claims.an_ask()
    claims.hears(ask)
    claims.approve(claims.case().id)
    comes(claims, (SCARF, 1), ("OTHER", 1))
    claims.hears_again(ask, refund=Money(9_000), state=AskState.AWAITING_SELLER)
    assert claims.case().state is C.AWAITING_REVIEW

    claims.approve(claims.case().id)

    assert (claims.case().state, claims.case().in_dispute) == (C.AWAITING_WAREHOUSE_RECEIPT, "wrong")
    claims.do("accept_goods", AcceptGoods, claims.case().id)
    assert claims.refund.amount == Money(9_000)


def test_of_a_case_that_was_closed_the_goods_are_asked_back_anew(claims):
    """They may have been sent back to the buyer meanwhile: never both sent back and refunded."""
    ask = claims.an_ask()
    claims.hears(ask)
    claims.approve(claims.case().id)
    comes(claims, ("OTHER", 1))
    claims.reject(claims.case().id)
    claims.hears_again(ask, refund=Money(9_000), state=AskState.AWAITING_SELLER)
    case_id = claims.case().id

    claims.approve(case_id)

    second, first = claims.world.store.aftersales_queries.returns(ROOT, ALL, after=None, limit=10)
    assert (claims.case().state, claims.case().return_id) == (C.AWAITING_BUYER_RETURN, second.id)
    assert (first.state, second.state) == (ReturnState.RECEIVED_SHORT, ReturnState.ASKED_BACK)
