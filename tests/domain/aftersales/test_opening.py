"""Which claim may be opened when: order state × kind, window, units in one open case, reasons, evidence, addresses."""

from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from oms_domain.aftersales.claimed import common, first_numbers, free_units, lie_on, taken_units, union
from oms_domain.aftersales.limits import Due, TimeLimit
from oms_domain.aftersales.opening import (
    AddressMissing,
    EvidenceMissing,
    KindNotNow,
    NoSuchUnits,
    UnitsInAnotherCase,
    UnitsNotShippedAlike,
    UnknownReason,
    WindowClosed,
    checked,
    linked,
    objection,
    refusal_of,
    with_override,
)
from oms_domain.aftersales.policy import (
    DEFAULT_LIMITS,
    MAY_ASK,
    VIRTUAL_STATES,
    AftersalesPolicy,
    CaseReason,
    StateLimit,
    kinds_of,
)
from oms_domain.aftersales.states import ASKS_GOODS_BACK, OPEN, SENDS_GOODS, CaseKind, CaseState
from oms_domain.aftersales.values import AskedBy, CaseLine
from oms_domain.apportionment.units import as_runs, count
from oms_domain.channels.standard import OrderKind, Region
from oms_domain.kernel.calendar import WEEKDAYS_9_TO_6
from oms_domain.kernel.errors import InvalidText
from oms_domain.kernel.identity import EvidenceId
from oms_domain.kernel.money import Money
from oms_domain.orders.states import OrderState
from oms_domain.testing.aftersales import CASE, NEXT_CASE, RETURN_TO, a_case, an_ask
from oms_domain.testing.builders import HAT, LINE, NOW, OTHER_LINE, SCARF, a_sales_order, an_id, an_order_line

S, K = OrderState, CaseKind
BEFORE = {
    S.AWAITING_ALLOCATION,
    S.BACKORDERED,
    S.AWAITING_CS_REVIEW,
    S.AWAITING_BUSINESS_REVIEW,
    S.AWAITING_RELEASE,
    S.IN_WAREHOUSE,
}
AFTER = {S.SHIPPED, S.SIGNED, S.COMPLETED}
OVER = {S.AWAITING_PAYMENT, S.CANCELLED, S.CLOSED, S.SPLIT, S.MERGED}


def told(ask):
    """The refusal as its kind and facts, None where there is none."""
    found = refusal_of(ask)
    return None if found is None else (type(found), found.fields())


def is_refused(refusal, /, **facts):
    return refusal, facts


def lines(*units, line_id=LINE, sku=SCARF):
    return (CaseLine(line_id=line_id, sku=sku, units=as_runs(units)),)


# --- order state × kind ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [kind for kind in K if kind is not K.VIRTUAL_REFUND])
@pytest.mark.parametrize("state", S)
def test_a_kind_may_be_asked_for_where_the_order_stands(state, kind):
    before = kind is K.REFUND_BEFORE_SHIPMENT
    allowed = (
        (state in BEFORE and before)
        or (state in AFTER and not before)
        or state is S.PARTIALLY_SHIPPED
        or (state is S.RETURNING and kind is K.REFUND_ONLY)
    )

    assert (kind in kinds_of(a_sales_order(state=state))) == allowed
    assert {each for each, kinds in MAY_ASK.items() if not kinds} == OVER


def test_a_virtual_order_has_a_kind_of_its_own_once_paid():
    for state in S:
        kinds = kinds_of(a_sales_order(state=state, kind=OrderKind.VIRTUAL))
        assert kinds == ({K.VIRTUAL_REFUND} if state in VIRTUAL_STATES else set())


def test_a_kind_that_cannot_be_asked_for_now_is_refused_with_those_that_can():
    ask = an_ask(order=a_sales_order(state=S.AWAITING_CS_REVIEW), ended_at=None)

    assert told(ask) == is_refused(
        KindNotNow, kind=K.RETURN_AND_REFUND, order_state=S.AWAITING_CS_REVIEW, allowed=(K.REFUND_BEFORE_SHIPMENT,)
    )
    with pytest.raises(KindNotNow):
        checked(ask)


def test_a_claim_that_may_be_opened_is():
    assert checked(an_ask()) == a_case()


@pytest.mark.parametrize(
    ("kind", "unit", "refused"),
    [
        (K.REFUND_BEFORE_SHIPMENT, 1, False),
        (K.REFUND_BEFORE_SHIPMENT, 0, True),
        (K.RETURN_AND_REFUND, 0, False),
        (K.RETURN_AND_REFUND, 1, True),
    ],
)
def test_of_a_partly_shipped_line_what_left_is_returned_and_what_did_not_is_stopped(kind, unit, refused):
    ask = an_ask(
        case=a_case(kind=kind, lines=lines(unit)), order=a_sales_order(state=S.PARTIALLY_SHIPPED), ended_at=None
    )

    expected = is_refused(UnitsNotShippedAlike, kind=kind, line_id=LINE, shipped=1) if refused else None
    assert told(ask) == expected


# --- the window ------------------------------------------------------------------------------------------------------


def test_the_window_closes_on_the_day_and_not_a_moment_before():
    ended = NOW - timedelta(days=7)

    assert refusal_of(an_ask(ended_at=ended + timedelta(microseconds=1))) is None
    assert told(an_ask(ended_at=ended)) == is_refused(WindowClosed, closed_at=NOW, days=7)


def test_the_window_is_that_of_the_lines_category_and_of_several_the_shortest():
    policy = AftersalesPolicy(window_days=7, window_by_line=((LINE, 15),))
    ended = NOW - timedelta(days=10)
    both = (*lines(0), *lines(0, line_id=OTHER_LINE, sku=HAT))

    assert refusal_of(an_ask(policy=policy, ended_at=ended)) is None
    assert told(an_ask(policy=policy, ended_at=ended, case=a_case(lines=both))) == is_refused(
        WindowClosed, closed_at=NOW - timedelta(days=3), days=7
    )


def test_an_operator_opens_it_later_with_a_reason_but_sets_nothing_else_aside():
    late = with_override(a_case(), "老客户")

    assert checked(an_ask(case=late, ended_at=NOW - timedelta(days=99))).override == "老客户"
    other = a_case(id=NEXT_CASE)
    assert isinstance(refusal_of(an_ask(case=late, open_cases=(other,))), UnitsInAnotherCase)
    with pytest.raises(InvalidText):
        with_override(a_case(), " ")


# --- units -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        (),
        lines(2),
        lines(0, line_id=an_id(99)),
        lines(0) * 2,
        (CaseLine(line_id=LINE, sku=SCARF, units=()),),
        (CaseLine(line_id=LINE, sku=SCARF, units=((1, 2), (0, 1))),),
        (CaseLine(line_id=LINE, sku=SCARF, units=((0, 1), (1, 2))),),
        (CaseLine(line_id=LINE, sku=SCARF, units=((-1, 1),)),),
    ],
    ids=["no line", "past the line", "foreign line", "line twice", "no units", "order", "touching", "below 0"],
)
def test_units_that_are_not_there_are_refused(wrong):
    assert isinstance(refusal_of(an_ask(case=a_case(lines=wrong))), NoSuchUnits)


def test_a_unit_is_in_at_most_one_open_case():
    other = a_case(id=NEXT_CASE, lines=lines(0, 1))

    assert told(an_ask(open_cases=(other,))) == is_refused(
        UnitsInAnotherCase, line_id=LINE, units=(0,), case_id=NEXT_CASE
    )
    assert refusal_of(an_ask(case=a_case(lines=lines(1)), open_cases=(a_case(id=NEXT_CASE),))) is None


@pytest.mark.parametrize("state", CaseState)
def test_a_case_that_is_over_has_no_units(state):
    other = a_case(id=NEXT_CASE, state=state)

    assert (refusal_of(an_ask(open_cases=(other,))) is None) == (state not in OPEN)


def test_a_case_is_not_in_its_own_way_nor_is_the_one_it_goes_on_for():
    assert refusal_of(an_ask(open_cases=(a_case(),))) is None
    assert refusal_of(an_ask(case=a_case(linked_to=NEXT_CASE), open_cases=(a_case(id=NEXT_CASE),))) is None


runs = st.lists(st.integers(0, 9), unique=True).map(as_runs)


@given(ours=runs, theirs=runs)
def test_units_in_both_and_units_in_either(ours, theirs):
    def numbers(some):
        return {number for first, stop in some for number in range(first, stop)}

    assert numbers(common(ours, theirs)) == numbers(ours) & numbers(theirs)
    assert numbers(union([*ours, *theirs])) == numbers(ours) | numbers(theirs)
    assert first_numbers(ours, 3) == tuple(sorted(numbers(ours)))[:3]


@given(quantity=st.integers(1, 10), taken=runs, wanted=st.integers(0, 12))
def test_the_first_free_units_are_found(quantity, taken, wanted):
    taken = common(taken, ((0, quantity),))
    free = sorted(set(range(quantity)) - {number for first, stop in taken for number in range(first, stop)})

    found = free_units(quantity, taken, wanted)

    assert found == as_runs(free[:wanted])
    assert not found or lie_on(found, quantity)


def test_units_of_a_million_are_found_at_once():
    taken = taken_units([a_case(lines=(CaseLine(line_id=LINE, sku=SCARF, units=((0, 999_998),)),))], LINE)

    assert free_units(10**6, taken, 5) == ((999_998, 10**6),)
    assert count(taken) == 999_998
    assert taken_units([a_case()], OTHER_LINE) == ()


# --- reasons, evidence, addresses ------------------------------------------------------------------------------------

SIZE = CaseReason(code="size", title="尺寸不合适", kinds={K.RETURN_AND_REFUND, K.EXCHANGE})
BROKEN = CaseReason(code="broken", title="破损", needs_evidence=True)
OLD = CaseReason(code="old", title="旧原因", is_retired=True)
POLICY = AftersalesPolicy(reasons=(SIZE, BROKEN, OLD))


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"reason": "size"}, None),
        ({"reason": "else"}, UnknownReason),
        ({"reason": "old"}, UnknownReason),
        ({"reason": "size", "kind": K.REPAIR}, UnknownReason),
        ({"reason": "broken", "asked_by": AskedBy.CUSTOMER_SERVICE}, EvidenceMissing),
        ({"reason": "broken", "evidence": (EvidenceId(an_id(70)),), "asked_by": AskedBy.CUSTOMER_SERVICE}, None),
        ({"reason": "broken"}, None),  # the buyer's pictures are at the platform
        ({"reason": "size", "evidence": tuple(EvidenceId(an_id(n)) for n in range(70, 91))}, EvidenceMissing),
    ],
)
def test_the_reason_is_on_the_list_for_this_kind_and_has_its_evidence(changes, refusal):
    found = refusal_of(an_ask(case=a_case(**changes), policy=POLICY))

    assert (type(found) if found else None) is refusal


@pytest.mark.parametrize("kind", CaseKind)
def test_goods_that_travel_have_an_address_to_go_to(kind):
    order = a_sales_order(state=S.SIGNED)
    without_return, without_send = (
        told(an_ask(case=a_case(**{"kind": kind, name: None}), order=order)) for name in ("return_to", "send_to")
    )

    missing = {name: is_refused(AddressMissing, field=name, kind=kind) for name in ("return_to", "send_to")}
    assert (without_return == missing["return_to"]) == (kind in ASKS_GOODS_BACK)
    assert (without_send == missing["send_to"]) == (kind in SENDS_GOODS)


# --- a change of kind ------------------------------------------------------------------------------------------------


def test_the_case_that_goes_on_has_the_same_units_and_number_at_the_platform():
    closed = a_case(platform_refund_no="9200000000000000001", evidence=(EvidenceId(an_id(70)),))

    case = linked(closed, K.REFUND_ONLY, id=NEXT_CASE, number="A20261123-000002", at=NOW)

    assert case == evolve(
        closed, id=NEXT_CASE, number="A20261123-000002", kind=K.REFUND_ONLY, linked_to=CASE, return_to=None
    )


def test_addresses_go_over_to_the_case_that_goes_on():
    region = Region(province="浙江省", city="杭州市")
    exchange = a_case(kind=K.EXCHANGE, return_mask="售*", send_mask="张*", send_region=region, asked=None)

    reissue = linked(exchange, K.REISSUE, id=NEXT_CASE, number="A20261123-000002", at=NOW)
    back = linked(exchange, K.RETURN_AND_REFUND, id=NEXT_CASE, number="A20261123-000002", at=NOW)

    assert (reissue.send_to, reissue.send_mask, reissue.send_region) == (exchange.send_to, "张*", region)
    assert (reissue.return_to, reissue.return_mask) == (None, "")
    assert (back.return_to, back.return_mask, back.send_to, back.send_region) == (RETURN_TO, "售*", None, None)


def test_an_exchange_that_becomes_a_return_drops_the_new_goods():
    exchange = a_case(kind=K.EXCHANGE, lines=(evolve(a_case().lines[0], replacement=HAT),), asked=None)

    case = linked(exchange, K.RETURN_AND_REFUND, id=NEXT_CASE, number="A20261123-000002", at=NOW, asked=Money(8900))

    assert case == a_case(id=NEXT_CASE, number="A20261123-000002", linked_to=CASE, return_to=RETURN_TO)


# --- a claim that is there already -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (an_ask(), ""),
        (an_ask(case=a_case(reason="no such reason", return_to=None), policy=POLICY), ""),
        (an_ask(order=a_sales_order(state=S.IN_WAREHOUSE)), "aftersales.kind_not_now: in_warehouse"),
        (
            an_ask(case=a_case(lines=lines(1)), order=a_sales_order(state=S.PARTIALLY_SHIPPED)),
            f"aftersales.units_not_shipped_alike: {SCARF}",
        ),
        (
            an_ask(open_cases=(a_case(id=an_id(70), lines=lines(1)), a_case(id=NEXT_CASE, number="A-2"))),
            "aftersales.units_in_another_case: A-2",
        ),
        (
            an_ask(ended_at=NOW - timedelta(days=9)),
            f"aftersales.window_closed: {(NOW - timedelta(days=2)).isoformat()}",
        ),
    ],
)
def test_what_speaks_against_a_claim_that_is_there_is_said_in_words_for_a_person(ask, said):
    assert objection(ask) == said


# --- due times -------------------------------------------------------------------------------------------------------


def test_every_open_state_has_a_limit_by_default():
    assert {each.state for each in DEFAULT_LIMITS} == OPEN


def test_a_case_is_due_by_the_limit_of_its_state_on_the_shops_calendar():
    policy = AftersalesPolicy(
        limits=(
            StateLimit(state=CaseState.AWAITING_REVIEW, kinds={K.EXCHANGE}, limit=TimeLimit(minutes=540)),
            StateLimit(state=CaseState.AWAITING_REVIEW, limit=TimeLimit(minutes=540, working_hours=True), closes=True),
        ),
        calendar=WEEKDAYS_9_TO_6,
    )

    # NOW is Monday ten o'clock in China: nine working hours end on Tuesday at ten, nine others at seven today.
    assert policy.due_of(a_case(), since=NOW).at == NOW + timedelta(days=1)
    assert policy.due_of(a_case(kind=K.EXCHANGE), since=NOW).at == NOW + timedelta(hours=9)
    assert policy.due_of(a_case(state=CaseState.CLOSED), since=NOW) == Due()
    assert policy.closes_on_time_out(a_case())
    assert not policy.closes_on_time_out(a_case(kind=K.EXCHANGE))
    assert not policy.closes_on_time_out(a_case(state=CaseState.CLOSED))


def test_the_order_of_a_claim_may_have_any_number_of_lines():
    order = a_sales_order(state=S.SIGNED, lines=(an_order_line(quantity=10**6, shipped=10**6),), freight=Money(0))
    whole = a_case(lines=(CaseLine(line_id=LINE, sku=SCARF, units=((0, 10**6),)),))

    assert refusal_of(an_ask(case=whole, order=order)) is None
