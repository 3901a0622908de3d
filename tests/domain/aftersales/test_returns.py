"""Custody of goods: asked back, sent, received in one or many reports, each once; what is wrong is told at the end."""

from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from oms_domain.aftersales.returns import (
    RETURN_TABLE,
    GoodsReceived,
    Inspected,
    InvalidReceipt,
    ReturnAsked,
    ReturnCalledOff,
    ReturnMove,
    ReturnSent,
    ReturnState,
)
from oms_domain.kernel.errors import MoveNotAllowed
from oms_domain.testing.aftersales import CASE, RETURN, a_return
from oms_domain.testing.builders import HAT, LINE, MAIN, NOW, OTHER_LINE, SCARF

S, M = ReturnState, ReturnMove
LATER = NOW + timedelta(hours=1)
FACTS = {"return_id": RETURN, "case_id": CASE, "at": LATER}
ALL = (Inspected(line_id=LINE, good=2), Inspected(line_id=OTHER_LINE, good=1))

COMMANDS = {
    M.BUYER_SENDS: lambda goods: goods.buyer_sends("SF", "SF0000000000001", at=LATER),
    M.RECEIVE_PART: lambda goods: goods.receive("r1", (Inspected(line_id=LINE, good=1),), last=False, at=LATER),
    M.RECEIVE_SHORT: lambda goods: goods.receive("r1", (Inspected(line_id=LINE, good=1),), last=True, at=LATER),
    M.RECEIVE: lambda goods: goods.receive("r1", ALL, last=True, at=LATER),
    M.CALL_OFF: lambda goods: goods.call_off("买家撤销", at=LATER),
}


@pytest.mark.parametrize("move", M)
@pytest.mark.parametrize("state", S)
def test_a_command_moves_as_the_table_says_or_is_refused(state, move):
    goods = a_return(state=state)

    if move not in RETURN_TABLE[state]:
        with pytest.raises(MoveNotAllowed):
            COMMANDS[move](goods)
        return
    change = COMMANDS[move](goods)
    assert change.state.state is RETURN_TABLE[state][move]
    assert len(change.events) == 1
    assert change.events[0].state is RETURN_TABLE[state][move]


def test_asking_back_tells_the_warehouse_what_to_expect():
    assert a_return().asked(at=LATER).events == (
        ReturnAsked(
            number="R20261123-000001",
            warehouse=MAIN,
            lines=((LINE, SCARF, 2), (OTHER_LINE, HAT, 1)),
            state=S.ASKED_BACK,
            **FACTS,
        ),
    )


def test_the_buyer_may_correct_the_number_and_the_same_again_changes_nothing():
    sent = a_return().buyer_sends("SF", "1", at=LATER)

    assert sent.events == (ReturnSent(carrier="SF", tracking_no="1", state=S.SENT, **FACTS),)
    assert sent.state.buyer_sends("SF", "1", at=LATER).events == ()
    assert sent.state.buyer_sends("ZTO", "2", at=LATER).state.tracking_no == "2"


def test_good_goods_go_to_stock_and_defective_ones_apart():
    change = a_return().receive(
        "r1",
        (Inspected(line_id=LINE, good=1, defective=1), Inspected(line_id=OTHER_LINE, good=1)),
        last=True,
        at=LATER,
    )

    assert change.events == (
        GoodsReceived(
            warehouse=MAIN,
            receipt="r1",
            good=((LINE, SCARF, 1), (OTHER_LINE, HAT, 1)),
            defective=((LINE, SCARF, 1),),
            wrong=(),
            state=S.RECEIVED,
            **FACTS,
        ),
    )
    assert change.state.in_dispute == ""


def test_a_report_that_comes_twice_has_one_effect():
    once = a_return().receive("r1", (Inspected(line_id=LINE, good=1),), last=False, at=LATER).state

    assert once.receive("r1", (Inspected(line_id=LINE, good=1),), last=False, at=LATER).events == ()
    assert once.receive("r2", (Inspected(line_id=LINE, good=1),), last=False, at=LATER).state.lines[0].good == 2


def test_it_is_complete_when_every_unit_is_there_whatever_the_report_says():
    assert a_return().receive("r1", ALL, last=False, at=LATER).state.state is S.RECEIVED


@pytest.mark.parametrize(
    ("inspected", "dispute"),
    [
        (ALL, ""),
        ((), "short"),
        ((Inspected(line_id=LINE, good=2),), "short"),
        ((Inspected(line_id=LINE, good=1, wrong=1), Inspected(line_id=OTHER_LINE, good=1)), "wrong, short"),
        ((Inspected(line_id=LINE, good=3), Inspected(line_id=OTHER_LINE, good=1)), "over"),
        ((Inspected(line_id=LINE, defective=2), Inspected(line_id=OTHER_LINE, defective=1)), ""),
    ],
    ids=["all good", "nothing came", "a line short", "wrong goods", "more than asked", "all defective"],
)
def test_what_is_wrong_is_told_once_it_is_all(inspected, dispute):
    change = a_return().receive("r1", inspected, last=True, at=LATER)

    assert change.state.in_dispute == dispute
    assert change.events[0].in_dispute == dispute


def test_while_more_is_to_come_nothing_is_in_dispute():
    assert a_return().receive("r1", (Inspected(line_id=LINE, wrong=1),), last=False, at=LATER).state.in_dispute == ""


@pytest.mark.parametrize(
    ("inspected", "why"),
    [
        ((Inspected(line_id=LINE),), "units"),
        ((Inspected(line_id=LINE, good=-1, defective=2),), "units"),
        ((Inspected(line_id=LINE, good=1), Inspected(line_id=LINE, good=1)), "line_twice"),
        ((Inspected(line_id=RETURN, good=1),), "no_such_line"),
    ],
)
def test_a_report_that_makes_no_sense_is_refused(inspected, why):
    with pytest.raises(InvalidReceipt) as refused:
        a_return().receive("r1", inspected, last=True, at=LATER)

    assert refused.value.why == why


def test_goods_that_come_although_called_off_are_in_our_hands():
    off = a_return().call_off("买家撤销", at=LATER)

    assert off.events == (ReturnCalledOff(reason="买家撤销", state=S.CALLED_OFF, **FACTS),)
    assert off.state.receive("r1", ALL, last=True, at=LATER).state == evolve(
        off.state,
        state=S.RECEIVED,
        receipts=("r1",),
        lines=(evolve(off.state.lines[0], good=2), evolve(off.state.lines[1], good=1)),
    )


@given(reports=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)).filter(any), max_size=4))
def test_reports_add_up_whatever_came_in_which_of_them(reports):
    goods = a_return()
    for number, (good, defective, wrong) in enumerate(reports):
        if goods.state is S.RECEIVED:
            break
        report = Inspected(line_id=LINE, good=good, defective=defective, wrong=wrong)
        goods = goods.receive(str(number), (report,), last=False, at=LATER).state

    taken = reports[: len(goods.receipts)]
    line = goods.lines[0]
    assert (line.good, line.defective, line.wrong) == tuple(map(sum, zip(*taken, strict=True))) or not taken
    assert line.short * line.over == 0
    assert line.expected == line.right + line.short - line.over
