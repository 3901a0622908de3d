"""A platform's ask becomes a case and is followed: facts are taken over, our word is not undone, the rest differs."""

from datetime import timedelta
from itertools import permutations

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from oms_domain.aftersales import events as e
from oms_domain.aftersales.case import BY_PLATFORM
from oms_domain.aftersales.intake import AGREES_AGAIN, begin, follow, kind_of, trouble_of, units_of
from oms_domain.aftersales.platform_aftersales import AlreadyACase, compare
from oms_domain.aftersales.states import CaseKind, CaseMove, CaseState
from oms_domain.aftersales.values import CaseLine, Closing, Difference
from oms_domain.channels.aftersales import AskKind, AskState, PlatformDecision
from oms_domain.channels.standard import OrderKind
from oms_domain.kernel.identity import SkuCode
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.intake import Freshness
from oms_domain.orders.lines import FromBundle
from oms_domain.orders.platform_order import NEVER, Conversion, Trouble
from oms_domain.orders.states import OrderState
from oms_domain.testing.aftersales import (
    ASK,
    CASE,
    KEFU,
    NEXT_CASE,
    REFUND_NO,
    a_case,
    a_granted_case,
    a_platform_aftersales,
    a_standard_ask,
)
from oms_domain.testing.builders import LINE, NOW, OTHER_LINE, RAW, SCARF, SHOP, a_sales_order, an_order_line

A, S, M, K, P = AskState, CaseState, CaseMove, CaseKind, PlatformDecision
LATER = NOW + timedelta(hours=1)
SHIPPED = a_sales_order(state=OrderState.SHIPPED)
PARCEL = {"carrier": "中通快递", "tracking_no": "75000000000001"}


def begun(ask, order=SHIPPED, taken=(), **facts):
    return begin(
        ask,
        order,
        case_id=CASE,
        number="A20261123-000001",
        shop_id=SHOP,
        lines=units_of(ask, order, owed=lambda _: (), taken=lambda _: taken),
        at=NOW,
        **facts,
    )


def asked(state, minutes=0, **changes):
    return a_standard_ask(state=state, modified_at=NOW + timedelta(minutes=minutes), **changes)


@pytest.mark.parametrize("state", [A.AWAITING_RETURN, A.AWAITING_RECEIPT, A.AWAITING_RESHIPMENT])
@pytest.mark.parametrize("kind", [AskKind.RETURN, AskKind.EXCHANGE, AskKind.REPAIR, AskKind.REISSUE])
def test_what_a_rule_refuses_waits_for_a_person_whatever_was_agreed_to_there(kind, state):
    change = begun(asked(state, kind=kind), objection=lambda case: f"{case.kind}: no")

    assert (change.state.state, change.state.approved_by) == (S.AWAITING_REVIEW, "")
    assert [each.ours for each in change.state.differences] == [f"{change.state.kind}: no"]
    assert begun(asked(A.AWAITING_RETURN, kind=AskKind.RETURN)).state.differences == ()


def in_part(**line):
    return a_sales_order(state=OrderState.PARTIALLY_SHIPPED, lines=(an_order_line(**line),))


# --- conversion ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask_kind", "order", "kind"),
    [
        (AskKind.REFUND, SHIPPED, K.REFUND_ONLY),
        (AskKind.REFUND, a_sales_order(), K.REFUND_BEFORE_SHIPMENT),
        (AskKind.REFUND, a_sales_order(kind=OrderKind.VIRTUAL), K.VIRTUAL_REFUND),
        (AskKind.REFUND, in_part(shipped=0), K.REFUND_BEFORE_SHIPMENT),
        (AskKind.REFUND, in_part(shipped=1), K.REFUND_ONLY),
        (AskKind.REFUND, in_part(platform_line_no="another"), K.REFUND_ONLY),
        (AskKind.RETURN, in_part(shipped=0), K.RETURN_AND_REFUND),
        (AskKind.RETURN, SHIPPED, K.RETURN_AND_REFUND),
        (AskKind.EXCHANGE, SHIPPED, K.EXCHANGE),
        (AskKind.REPAIR, SHIPPED, K.REPAIR),
        (AskKind.REISSUE, SHIPPED, K.REISSUE),
        (AskKind.OTHER, SHIPPED, None),
    ],
)
def test_what_is_asked_and_where_the_order_stands_make_the_kind(ask_kind, order, kind):
    assert kind_of(a_standard_ask(kind=ask_kind), order) is kind


@pytest.mark.parametrize(
    ("changes", "order", "trouble"),
    [
        ({}, SHIPPED, None),
        ({}, None, Trouble(reason="no_order", field="order_no", why="9100000000000000001")),
        ({"kind": AskKind.OTHER}, SHIPPED, Trouble(reason="unknown_kind", field="kind", why="other")),
        (
            {"lines": (evolve(a_standard_ask().lines[0], line_no="77"),)},
            SHIPPED,
            Trouble(reason="no_such_line", field="line_no", why="77"),
        ),
        (
            {"lines": (evolve(a_standard_ask().lines[0], quantity=Quantity(3)),)},
            SHIPPED,
            Trouble(reason="more_than_ordered", field="quantity", why="1001"),
        ),
    ],
)
def test_an_ask_that_cannot_become_a_case_says_why(changes, order, trouble):
    assert trouble_of(a_standard_ask(**changes), order) == trouble


def test_an_ask_becomes_a_case_on_the_first_units_that_are_free():
    change = begun(asked(A.AWAITING_SELLER), taken=((0, 1),), return_to=a_case().return_to)

    assert change.state == a_case(
        lines=(CaseLine(line_id=LINE, sku=SCARF, units=((1, 2),)),),
        reason="尺寸不合适",
        asked=Money(9400),
        platform_refund_no=REFUND_NO,
    )
    assert [type(event) for event in change.events] == [e.CaseOpened]


def test_an_ask_for_units_that_are_all_taken_lies_on_the_first_of_all():
    assert begun(asked(A.AWAITING_SELLER), taken=((0, 2),)).state.lines[0].units == ((0, 1),)


def a_cut_order():
    """Return five scarves of one sub-order, two of them given up as a line of their own."""
    lines = (
        an_order_line(quantity=Quantity(3)),
        an_order_line(id=OTHER_LINE, quantity=Quantity(2), is_closed=True),
    )
    return a_sales_order(lines=lines)


@pytest.mark.parametrize(
    ("units", "owed", "taken", "placed"),
    [
        (1, (), (), {LINE: ((0, 1),)}),
        (1, ((0, 2),), (), {OTHER_LINE: ((0, 1),)}),
        (1, ((0, 1), (1, 2)), (), {OTHER_LINE: ((0, 1),)}),
        (2, ((0, 2),), (), {OTHER_LINE: ((0, 2),)}),
        (4, ((0, 2),), (), {LINE: ((0, 2),), OTHER_LINE: ((0, 2),)}),
        (5, (), (), {LINE: ((0, 3),), OTHER_LINE: ((0, 2),)}),
        (4, ((1, 2),), (), {LINE: ((0, 3),), OTHER_LINE: ((1, 2),)}),
        (3, (), ((0, 1),), {LINE: ((1, 3),), OTHER_LINE: ((1, 2),)}),
        (2, ((0, 2),), ((0, 3),), {OTHER_LINE: ((0, 2),)}),
        (4, ((0, 2),), ((0, 3),), {LINE: ((0, 3),), OTHER_LINE: ((0, 1),)}),
    ],
)
def test_an_ask_is_for_what_is_owed_before_what_is_free_of_all_lines_of_its_sub_order(units, owed, taken, placed):
    """``owed`` is of the line that was cut off, ``taken`` of both."""
    ask = a_standard_ask()
    ask = evolve(ask, lines=(evolve(ask.lines[0], quantity=Quantity(units)),))

    found = units_of(ask, a_cut_order(), owed=lambda id: owed if id == OTHER_LINE else (), taken=lambda _: taken)

    assert trouble_of(ask, a_cut_order()) is None
    assert {line.line_id: line.units for line in found} == placed


def test_an_ask_for_more_than_all_lines_of_its_sub_order_have_is_none():
    ask = a_standard_ask()
    ask = evolve(ask, lines=(evolve(ask.lines[0], quantity=Quantity(6)),))

    assert trouble_of(ask, a_cut_order()) == Trouble(reason="more_than_ordered", field="quantity", why="1001")


def test_the_last_part_of_a_bundle_stands_for_it():
    of = FromBundle(code=SkuCode("SET"), quantity=Quantity(1), list_price_fen=1, whole=1)
    lines = tuple(an_order_line(id=id, bundle=of, quantity=Quantity(1)) for id in (LINE, OTHER_LINE))

    (found,) = units_of(a_standard_ask(), a_sales_order(lines=lines), owed=lambda _: (), taken=lambda _: ())

    assert found.line_id == OTHER_LINE


@pytest.mark.parametrize(
    ("ask", "state"),
    [
        (asked(A.AWAITING_SELLER), S.AWAITING_REVIEW),
        (asked(A.AWAITING_RETURN), S.AWAITING_BUYER_RETURN),
        (asked(A.AWAITING_RECEIPT, **PARCEL), S.AWAITING_WAREHOUSE_RECEIPT),
        (asked(A.REFUSED), S.CLOSED),
        (asked(A.CLOSED), S.CLOSED),
        (asked(A.SUCCEEDED), S.SUCCEEDED),
        (asked(A.AWAITING_SELLER, decision=P.FOR_BUYER), S.AWAITING_REFUND),
        (asked(A.AWAITING_RETURN, decision=P.FOR_SELLER), S.CLOSED),
        (asked(A.AWAITING_SELLER, decision=P.ASKED), S.AWAITING_REVIEW),
        (asked(A.AWAITING_SELLER, kind=AskKind.REISSUE, refund=Money(0)), S.AWAITING_REVIEW),
        (asked(A.AWAITING_RESHIPMENT, kind=AskKind.REISSUE, refund=Money(0)), S.AWAITING_EXCHANGE_SHIPMENT),
        (asked(A.AWAITING_RESHIPMENT, kind=AskKind.EXCHANGE, refund=Money(0)), S.AWAITING_WAREHOUSE_RECEIPT),
    ],
)
def test_a_case_begins_where_the_platform_is(ask, state):
    assert begun(ask).state.state is state


def test_the_buyers_parcel_is_taken_over():
    case = begun(asked(A.AWAITING_RECEIPT, **PARCEL)).state

    assert (case.carrier, case.tracking_no) == ("中通快递", "75000000000001")


def test_an_exchange_that_ended_at_the_platform_and_not_with_us_is_a_discrepancy():
    case = begun(asked(A.SUCCEEDED, kind=AskKind.EXCHANGE, refund=Money(0))).state

    assert case.state is S.AWAITING_WAREHOUSE_RECEIPT
    assert case.differences == (Difference(what="state", theirs="succeeded", ours="awaiting_warehouse_receipt"),)


def test_an_ask_for_nothing_that_was_agreed_to_stays_in_review_with_a_discrepancy():
    case = begun(asked(A.AWAITING_RETURN, refund=Money(0))).state

    assert (case.state, case.differences[0].what) == (S.AWAITING_REVIEW, "refund")


# --- following, where we have spoken ---------------------------------------------------------------------------------


def test_what_the_platform_has_not_heard_from_us_does_not_undo_it():
    ours = a_granted_case(S.AWAITING_BUYER_RETURN, asked=Money(9400))

    change = follow(ours, asked(A.AWAITING_SELLER, 5), at=LATER)

    assert change.state.state is S.AWAITING_BUYER_RETURN
    assert change.state.differences == ()


def test_what_the_buyer_asks_anew_is_reviewed_anew_whatever_we_said():
    for ours in (a_granted_case(S.AWAITING_BUYER_RETURN), a_case().reject("x", by=KEFU, at=NOW).state):
        change = follow(ours, asked(A.AWAITING_SELLER, 5, refund=Money(5000)), at=LATER)

        assert (change.state.state, change.state.asked) == (S.AWAITING_REVIEW, Money(5000))
        assert (change.state.refund, change.state.approved_by, change.state.closing) == (None, "", None)


def test_the_buyers_parcel_moves_what_we_granted_on():
    ours = a_granted_case(S.AWAITING_BUYER_RETURN, asked=Money(9400))

    change = follow(ours, asked(A.AWAITING_RECEIPT, 5, **PARCEL), at=LATER)

    assert (change.state.state, change.state.approved_by) == (S.AWAITING_WAREHOUSE_RECEIPT, KEFU)
    assert isinstance(change.events[-1], e.BuyerSentGoods)


def test_goods_that_our_warehouse_has_are_not_sent_back_to_the_buyer():
    ours = a_granted_case(S.AWAITING_REFUND, asked=Money(9400), secured=True)

    assert follow(ours, asked(A.AWAITING_RECEIPT, 5, **PARCEL), at=LATER).state.state is S.AWAITING_REFUND


def test_what_we_closed_and_the_platform_goes_on_with_is_a_discrepancy():
    ours = a_case(asked=Money(9400)).reject("x", by=KEFU, at=NOW).state

    change = follow(ours, asked(A.AWAITING_RETURN, 5), at=LATER)

    assert change.state.state is S.CLOSED
    assert change.state.differences == (Difference(what="state", theirs="awaiting_return", ours="closed"),)


def test_a_refusal_at_the_platform_agrees_with_ours_and_differs_from_what_we_granted():
    rejected = a_case(asked=Money(9400)).reject("x", by=KEFU, at=NOW).state
    granted = a_granted_case(S.AWAITING_BUYER_RETURN, asked=Money(9400))

    assert follow(rejected, asked(A.REFUSED, 5), at=LATER).state.differences == ()
    assert follow(granted, asked(A.REFUSED, 5), at=LATER).state.differences == (
        Difference(what="state", theirs="refused", ours="awaiting_buyer_return"),
    )


def test_a_refund_success_for_a_case_that_we_closed_reopens_it_as_succeeded_with_a_discrepancy():
    ours = a_case(kind=K.REFUND_ONLY, asked=Money(9400)).reject("x", by=KEFU, at=NOW).state

    case = follow(ours, asked(A.SUCCEEDED, 5, kind=AskKind.REFUND), at=LATER).state

    assert (case.state, case.refunded) == (S.SUCCEEDED, Money(9400))
    assert case.differences == (Difference(what="refunded_after_close", theirs="94.00", ours="reject"),)


def test_another_amount_than_we_granted_is_shown():
    ours = a_granted_case(S.AWAITING_REFUND, asked=Money(9400), secured=True)

    case = follow(ours, asked(A.SUCCEEDED, 5), at=LATER).state

    assert case.differences == (Difference(what="refund", theirs="94.00", ours="89.00"),)


def test_the_platforms_decision_overrides_what_we_closed():
    ours = a_case(asked=Money(9400)).reject("x", by=KEFU, at=NOW).state

    change = follow(ours, asked(A.REFUSED, 5, decision=P.FOR_BUYER), at=LATER)

    assert change.state.state is S.AWAITING_REFUND
    assert isinstance(change.events[-1], e.PlatformDecided)
    assert follow(change.state, asked(A.REFUSED, 6, decision=P.FOR_BUYER), at=LATER).events == ()


def test_before_shipment_even_the_platforms_decision_waits_for_the_stop():
    ours = a_case(kind=K.REFUND_BEFORE_SHIPMENT, asked=Money(9400))

    case = follow(ours, asked(A.AWAITING_SELLER, 5, kind=AskKind.REFUND, decision=P.FOR_BUYER), at=LATER).state

    assert case.state is S.AWAITING_STOP


def test_another_kind_is_for_who_changes_the_case_and_settled_by_itself_when_it_agrees_again():
    case = begun(asked(A.AWAITING_SELLER)).state

    differs = follow(case, asked(A.AWAITING_SELLER, 5, kind=AskKind.EXCHANGE), at=LATER).state
    agrees = follow(differs, asked(A.AWAITING_SELLER, 6), at=LATER)

    assert differs.differences == (Difference(what="kind", theirs="exchange", ours="return_and_refund"),)
    assert agrees.state.differences == ()
    assert agrees.events[0].reason == AGREES_AGAIN


def test_a_refund_only_ask_stays_what_it_was_when_the_order_ships_meanwhile():
    before = begun(asked(A.AWAITING_SELLER, kind=AskKind.REFUND), a_sales_order()).state

    assert before.kind is K.REFUND_BEFORE_SHIPMENT
    assert follow(before, asked(A.AWAITING_SELLER, 5, kind=AskKind.REFUND), at=LATER).state.differences == ()


def test_a_case_that_ended_well_with_us_may_be_open_at_the_platform_but_not_closed():
    done = a_case(kind=K.EXCHANGE, state=S.SUCCEEDED, asked=None)
    exchange = {"kind": AskKind.EXCHANGE, "refund": Money(0)}

    assert follow(done, asked(A.AWAITING_BUYER, 5, **exchange), at=LATER).state.differences == ()
    assert follow(done, asked(A.SUCCEEDED, 5, **exchange), at=LATER).state.differences == ()
    assert follow(done, asked(A.CLOSED, 5, **exchange), at=LATER).state.differences[0].what == "state"


def test_a_case_whose_money_went_and_that_the_platform_shows_open_differs():
    done = a_granted_case(S.SUCCEEDED, asked=Money(9400), refunded=Money(9400))

    assert follow(done, asked(A.AWAITING_RECEIPT, 5), at=LATER).state.differences[0].what == "state"


def test_a_step_forward_at_the_platform_is_no_new_ask():
    case = begun(asked(A.AWAITING_RETURN)).state

    events = follow(case, asked(A.AWAITING_RECEIPT, 5, **PARCEL), at=LATER).events

    assert [type(event) for event in events] == [e.CaseRevised, e.BuyerSentGoods]


# --- in any order ----------------------------------------------------------------------------------------------------

LIFE = (
    asked(A.AWAITING_SELLER, 0),
    asked(A.REFUSED, 1),
    asked(A.AWAITING_SELLER, 2, refund=Money(9000), description="包装破损"),
    asked(A.AWAITING_RETURN, 3, refund=Money(9000)),
    asked(A.AWAITING_RECEIPT, 4, refund=Money(9000), **PARCEL),
    asked(A.CLOSED, 5, refund=Money(9000), **PARCEL),
    asked(A.SUCCEEDED, 5, refund=Money(9000), **PARCEL),
)
"""Seven messages of one ask: refused, asked anew, agreed to, sent back, and closed and paid within one second."""


def arrived(messages):
    """What the document and the case are after the messages came in this order."""
    document, case = a_platform_aftersales(standard=None), None
    for message in messages:
        change = document.heard(message, raw=RAW, at=NOW)
        document = change.state
        if any(isinstance(event, e.AskUpdated) for event in change.events):
            done = begun(message) if case is None else follow(case, message, at=NOW)
            case = done.state
    return document, case


def test_all_5040_orders_of_arrival_of_seven_messages_end_in_one_result():
    results = {arrived(order) for order in permutations(LIFE)}

    ((document, case),) = results
    assert document.standard == LIFE[-1]
    assert (case.state, case.refunded, case.closing) == (S.SUCCEEDED, Money(9000), None)
    assert case.differences == (Difference(what="refunded_before_receipt", theirs="90.00", ours="not_approved"),)


@st.composite
def lives(draw):
    """Any messages of one ask of any kind; what was paid stays paid."""
    kind = draw(st.sampled_from([kind for kind in AskKind if kind is not AskKind.OTHER]))
    money = kind in (AskKind.REFUND, AskKind.RETURN)
    messages = []
    for minutes in range(draw(st.integers(1, 5))):
        ask = asked(
            draw(st.sampled_from([state for state in AskState if state is not A.SUCCEEDED])),
            minutes,
            kind=kind,
            refund=Money(draw(st.sampled_from([9000, 9400]))) if money else Money(0),
            decision=draw(st.sampled_from(PlatformDecision)),
            **draw(st.sampled_from([PARCEL, {}])),
        )
        messages.append(ask)
    if draw(st.booleans()):
        messages.append(evolve(messages[-1], state=A.SUCCEEDED, modified_at=NOW + timedelta(minutes=9)))
    return messages


@settings(max_examples=400, deadline=None)
@given(messages=lives(), data=st.data())
def test_whatever_the_platform_says_in_whatever_order_and_however_often_its_newest_word_stands(messages, data):
    arrival = data.draw(st.permutations(messages + data.draw(st.lists(st.sampled_from(messages), max_size=3))))

    document, case = arrived(arrival)

    newest_document, newest_case = arrived(messages[-1:])
    assert document == newest_document
    assert case == newest_case


# --- the document ----------------------------------------------------------------------------------------------------


def test_a_message_is_newer_older_the_same_or_ambiguous():
    stored = a_platform_aftersales(standard=asked(A.AWAITING_RETURN, 5))

    assert compare(a_platform_aftersales(standard=None), asked(A.AWAITING_SELLER)) is Freshness.NEWER
    assert compare(stored, asked(A.AWAITING_SELLER, 6)) is Freshness.NEWER
    assert compare(stored, asked(A.AWAITING_RECEIPT, 5)) is Freshness.NEWER
    assert compare(stored, asked(A.AWAITING_SELLER, 5)) is Freshness.OLDER
    assert compare(stored, asked(A.SUCCEEDED, 4)) is Freshness.OLDER
    assert compare(stored, asked(A.AWAITING_RETURN, 5)) is Freshness.SAME
    assert compare(stored, asked(A.AWAITING_RETURN, 5, refund=Money(1))) is Freshness.AMBIGUOUS


def test_an_ambiguous_message_is_fetched_again_and_that_answer_wins():
    stored = a_platform_aftersales(standard=asked(A.AWAITING_RETURN, 5))
    other = asked(A.AWAITING_RETURN, 5, refund=Money(1))

    change = stored.heard(other, raw=RAW, at=NOW)

    assert change.state == stored
    assert [type(event) for event in change.events] == [e.AskAmbiguous]
    assert stored.updated(other, raw=RAW, at=LATER).state.standard == other


def test_an_ask_becomes_one_case_and_goes_to_another_only_when_its_kind_changed():
    document = a_platform_aftersales().converted(CASE, at=NOW).state

    assert (document.conversion, document.case_id) == (Conversion.CONVERTED, CASE)
    with pytest.raises(AlreadyACase):
        document.converted(NEXT_CASE, at=LATER)
    assert document.converted(NEXT_CASE, instead_of=CASE, at=LATER).state.case_id == NEXT_CASE


def test_an_ask_in_trouble_waits_with_its_reason_and_a_newer_version_is_tried_again():
    trouble = Trouble(reason="no_order", field="order_no", why="1")

    failed = a_platform_aftersales().failed(trouble, at=NOW)

    assert (failed.state.conversion, failed.state.trouble) == (Conversion.EXCEPTION, trouble)
    assert failed.events[0].reason == "no_order"
    newer = failed.state.heard(asked(A.AWAITING_SELLER, 5), raw=RAW, at=LATER).state
    assert (newer.conversion, newer.trouble) == (Conversion.PENDING, None)


def test_a_document_tells_that_it_was_seen_and_by_which_time_of_the_platform():
    (event,) = a_platform_aftersales().received(at=NOW).events

    assert (event.stream, event.modified_at) == (ASK, a_standard_ask().modified_at)
    assert a_platform_aftersales(standard=None).modified_at == NEVER


def test_closings_by_the_platform_follow_its_newest_word():
    case = begun(asked(A.REFUSED, 0)).state

    closed = follow(case, asked(A.CLOSED, 5), at=LATER)

    assert case.closing == Closing(how=M.REJECT, reason="", by=BY_PLATFORM)
    assert closed.state.closing == Closing(how=M.WITHDRAW, reason="", by=BY_PLATFORM)
