"""Of the units of a case some are here, some are missing, and what comes beyond them is nobody's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_domain.aftersales import events as e
from oms_domain.aftersales.arriving import UNCLAIMED, arrived, here_already
from oms_domain.aftersales.custody import custody, goes_over
from oms_domain.aftersales.parting import NothingCame, NothingMissing, parted, unclaimed
from oms_domain.aftersales.refusals import NotInDispute, RefundAboveCap
from oms_domain.aftersales.returns import ReturnHandedOver, ReturnLine, ReturnState
from oms_domain.aftersales.states import RETURN_AND_REFUND, CaseKind, CaseState
from oms_domain.aftersales.values import CaseLine, Parted
from oms_domain.apportionment.units import as_runs, count
from oms_domain.kernel.errors import MoveNotAllowed
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.testing.aftersales import CASE, KEFU, NEXT_CASE, RETURN, a_case, a_granted_case, a_return
from oms_domain.testing.builders import HAT, LINE, MAIN, NOW, ORDER, OTHER_LINE, SCARF

S, K, R = CaseState, CaseKind, ReturnState
TWO = (
    CaseLine(line_id=LINE, sku=SCARF, units=((0, 1), (3, 4))),
    CaseLine(line_id=OTHER_LINE, sku=HAT, units=((0, 1),)),
)


def came(scarves, hats=0, **changes):
    lines = (
        ReturnLine(line_id=LINE, sku=SCARF, expected=Quantity(2), good=scarves),
        ReturnLine(line_id=OTHER_LINE, sku=HAT, expected=Quantity(1), defective=hats),
    )
    return a_return(**{"lines": lines, "state": R.RECEIVED_SHORT} | changes)


def in_dispute(**changes):
    facts = {"lines": TWO, "in_dispute": "short"} | changes
    return a_granted_case(facts.pop("state", S.AWAITING_WAREHOUSE_RECEIPT), **facts)


def test_the_first_units_of_a_line_are_those_that_came():
    assert parted(in_dispute(), came(1)) == Parted(
        kept=(CaseLine(line_id=LINE, sku=SCARF, units=((0, 1),)),),
        missing=(
            CaseLine(line_id=LINE, sku=SCARF, units=((3, 4),)),
            CaseLine(line_id=OTHER_LINE, sku=HAT, units=((0, 1),)),
        ),
    )


def test_where_none_or_all_came_there_is_nothing_to_part():
    with pytest.raises(NothingCame):
        parted(in_dispute(), came(0))
    with pytest.raises(NothingMissing):
        parted(in_dispute(), came(3, 1))


@given(numbers=st.sets(st.integers(0, 9), min_size=2), here=st.integers(1, 8))
def test_what_is_kept_and_what_is_missing_make_up_the_line(numbers, here):
    units = as_runs(numbers)
    case = in_dispute(lines=(CaseLine(line_id=LINE, sku=SCARF, units=units),))
    if here >= len(numbers):
        with pytest.raises(NothingMissing):
            parted(case, came(here))
        return
    found = parted(case, came(here))

    (kept,), (missing,) = found.kept, found.missing
    assert count(kept.units) == here
    assert as_runs(n for a, b in (*kept.units, *missing.units) for n in range(a, b)) == units


def test_what_came_is_accepted_for_its_own_amount_and_the_missing_units_leave():
    case = in_dispute()
    found = parted(case, came(1, 1))

    change = case.accept_received(found, Money(4_000), cap=Money(4_000), refused_as=NEXT_CASE, by=KEFU, at=NOW)

    after = change.state
    assert (after.state, after.lines, after.refund, after.in_dispute) == (
        S.AWAITING_REFUND,
        found.kept,
        Money(4_000),
        "",
    )
    facts = {"case_id": CASE, "order_id": ORDER, "kind": K.RETURN_AND_REFUND, "at": NOW, "by": KEFU}
    assert change.events == (
        e.GoodsPartlyAccepted(
            state=S.AWAITING_WAREHOUSE_RECEIPT,
            units=((LINE, SCARF, ((0, 1),)), (OTHER_LINE, HAT, ((0, 1),))),
            missing=((LINE, SCARF, ((3, 4),)),),
            refund=Money(4_000),
            refused_as=NEXT_CASE,
            **facts,
        ),
        e.GoodsAccepted(state=S.AWAITING_REFUND, **facts),
    )


def test_a_kind_without_money_keeps_what_was_granted():
    case = in_dispute(kind=K.EXCHANGE, refund=None)

    dearer = case.accept_received(parted(case, came(1)), difference=Money(5), by="other", at=NOW).state

    assert (dearer.state, dearer.refund, dearer.approved_by) == (S.AWAITING_DIFFERENCE, None, KEFU)


def test_what_came_is_accepted_in_a_dispute_only_and_within_what_it_may_give_back():
    case = in_dispute()
    found = parted(case, came(1))

    with pytest.raises(RefundAboveCap):
        case.accept_received(found, Money(2), cap=Money(1), by=KEFU, at=NOW)
    with pytest.raises(NotInDispute):
        in_dispute(in_dispute="").accept_received(found, Money(1), cap=Money(1), by=KEFU, at=NOW)


@pytest.mark.parametrize("state", sorted(RETURN_AND_REFUND.keys() - {S.AWAITING_WAREHOUSE_RECEIPT}))
def test_nowhere_else_are_goods_accepted(state):
    case = in_dispute(state=state)

    with pytest.raises(MoveNotAllowed):
        case.accept_received(parted(case, came(1)), Money(1), cap=Money(1), by=KEFU, at=NOW)


# --- arriving --------------------------------------------------------------------------------------------------------


def test_goods_in_order_let_the_case_go_on_also_where_nobody_told_of_the_parcel():
    case = a_granted_case(S.AWAITING_BUYER_RETURN, lines=TWO)

    change = arrived(case, came(2, 1, state=R.RECEIVED), at=NOW)

    assert [type(event) for event in change.events] == [e.BuyerSentGoods, e.GoodsAccepted]
    assert change.state.state is S.AWAITING_REFUND


def test_until_all_is_there_a_case_waits():
    assert arrived(in_dispute(in_dispute=""), came(1, state=R.PARTLY_RECEIVED), at=NOW).events == ()


def test_what_is_wrong_is_disputed_once_and_ends_with_what_was_missing():
    case = in_dispute(in_dispute="")
    short = arrived(case, came(1), at=NOW)
    assert (short.state.in_dispute, len(short.events)) == ("short", 1)
    assert arrived(short.state, came(1), at=NOW).events == ()

    whole = arrived(short.state, came(2, 1, state=R.RECEIVED), at=NOW)

    assert (whole.state.state, whole.state.in_dispute) == (S.AWAITING_REFUND, "")
    assert whole.events[0].by == "system"


def test_what_was_accepted_before_is_not_disputed_again():
    assert arrived(in_dispute(in_dispute="", secured=True), came(1), at=NOW).state.state is S.AWAITING_REFUND


def test_what_nobody_claims_is_a_discrepancy():
    kept = (CaseLine(line_id=LINE, sku=SCARF, units=((0, 1),)),)
    paid = a_case(state=S.SUCCEEDED, lines=kept)
    assert unclaimed(paid, came(1)) == ()
    assert arrived(paid, came(1), at=NOW).events == ()
    assert unclaimed(paid, came(2, 1)) == ((LINE, SCARF, 1), (OTHER_LINE, HAT, 1))
    told = arrived(paid, came(2, 1), at=NOW).state.differences
    assert [(each.what, each.theirs, each.ours) for each in told] == [
        (UNCLAIMED, f"{SCARF} × 1, {HAT} × 1", "succeeded")
    ]

    assert unclaimed(a_case(state=S.CLOSED, lines=kept), came(1)) == ((LINE, SCARF, 1),)


@pytest.mark.parametrize(
    ("goods", "state"),
    [
        (came(2, 1, state=R.RECEIVED), S.AWAITING_REFUND),
        (came(1), S.AWAITING_WAREHOUSE_RECEIPT),
        (came(0, state=R.SENT, carrier="SF", tracking_no="1"), S.AWAITING_WAREHOUSE_RECEIPT),
        (came(1, state=R.PARTLY_RECEIVED, tracking_no="1"), S.AWAITING_WAREHOUSE_RECEIPT),
        (came(1, state=R.PARTLY_RECEIVED), S.AWAITING_BUYER_RETURN),
        (came(0, state=R.ASKED_BACK), S.AWAITING_BUYER_RETURN),
        (came(0, state=R.CALLED_OFF, tracking_no="1"), S.AWAITING_BUYER_RETURN),
    ],
)
def test_goods_that_an_earlier_claim_brought_are_not_waited_for(goods, state):
    assert here_already(a_granted_case(S.AWAITING_BUYER_RETURN, lines=TWO), goods, at=NOW).state.state is state


# --- custody ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "to", "goods", "over"),
    [
        (K.EXCHANGE, K.RETURN_AND_REFUND, came(1), True),
        (K.EXCHANGE, K.REPAIR, came(0, state=R.SENT), True),
        (K.EXCHANGE, K.REPAIR, came(1), False),
        (K.REPAIR, K.EXCHANGE, came(1), True),
        (K.EXCHANGE, K.REFUND_ONLY, came(1), False),
        (K.EXCHANGE, K.RETURN_AND_REFUND, came(0, state=R.CALLED_OFF), False),
        (K.EXCHANGE, K.RETURN_AND_REFUND, None, False),
    ],
)
def test_goods_go_over_to_a_case_of_another_kind_that_asks_for_them(kind, to, goods, over):
    assert goes_over(a_case(kind=kind), to, goods) is over


def test_goods_that_were_accepted_are_not_judged_again_as_long_as_no_more_come():
    held = {"return_id": RETURN, "carrier": "", "tracking_no": ""}

    assert custody(a_case(secured=True), came(1)) == {**held, "secured": True}
    assert custody(a_case(secured=True), came(1, state=R.PARTLY_RECEIVED)) == {**held, "secured": False}
    assert custody(a_case(), came(1)) == {**held, "secured": False}


@pytest.mark.parametrize(
    ("repaired", "good", "defective"), [(False, (), ()), (True, ((LINE, SCARF, 1),), ((OTHER_LINE, HAT, 1),))]
)
def test_what_came_to_be_repaired_is_ours_when_it_is_handed_over(repaired, good, defective):
    change = came(1, 1).hand_over(NEXT_CASE, were_the_buyers=repaired, at=NOW)

    assert (change.state.case_id, change.state.state) == (NEXT_CASE, R.RECEIVED_SHORT)
    assert change.events == (
        ReturnHandedOver(
            return_id=RETURN,
            case_id=NEXT_CASE,
            state=R.RECEIVED_SHORT,
            at=NOW,
            warehouse=MAIN,
            from_case=CASE,
            good=good,
            defective=defective,
        ),
    )


def test_a_return_knows_whether_anything_is_here():
    assert (came(0).has_come, came(1).has_come) == (False, True)
