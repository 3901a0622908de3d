"""What aftersales and refunds are made of goes through JSON and comes back equal: so they can be stored as they are."""

import json
from datetime import date

import pytest

from oms_adapters.db.codec import decode, encode
from oms_domain.aftersales.policy import AftersalesPolicy, CaseReason
from oms_domain.aftersales.states import CaseKind, CaseMove, CaseState
from oms_domain.aftersales.tickets import Agent, Note
from oms_domain.aftersales.values import Closing, Difference
from oms_domain.kernel.calendar import WEEKDAYS_9_TO_6, BusinessCalendar
from oms_domain.kernel.money import Money
from oms_domain.refunds.placing import settled
from oms_domain.refunds.refund_order import PlatformFact, booked
from oms_domain.refunds.states import PlatformRefundState
from oms_domain.testing.aftersales import (
    REFUND,
    a_case,
    a_ledger,
    a_platform_aftersales,
    a_refund,
    a_return,
    a_ticket,
)
from oms_domain.testing.builders import NOW

FACT = PlatformFact(state=PlatformRefundState.SUCCEEDED, amount=Money(2_999), modified_at=NOW)
HOLIDAY = BusinessCalendar(week=WEEKDAYS_9_TO_6.week, exceptions=((date(2026, 10, 1), ()),))
HELD = booked(a_ledger(), a_refund(), at=NOW)

WHOLE = (
    a_case(
        state=CaseState.CLOSED,
        closing=Closing(how=CaseMove.REJECT, reason="x", by="kefu-1"),
        differences=(Difference(what="refund", theirs="1.00", ours="2.00"),),
        due=AftersalesPolicy().due_of(a_case(), since=NOW),
    ),
    a_platform_aftersales(),
    a_return().receive("r1", (), last=True, at=NOW).state,
    a_ticket(assignee=Agent("kefu-1"), notes=(Note(at=NOW, by="kefu-1", text="x"),)),
    a_refund().hear(FACT, at=NOW).state,
    settled(HELD, REFUND, a_refund().wants, 99_999, at=NOW),
    AftersalesPolicy(
        reasons=(CaseReason(code="size", title="尺寸", kinds={CaseKind.EXCHANGE}, needs_evidence=True),),
        calendar=HOLIDAY,
    ),
)


@pytest.mark.parametrize("value", WHOLE, ids=lambda value: type(value).__name__)
def test_it_comes_back_from_json_as_it_was(value):
    assert decode(json.loads(json.dumps(encode(value))), type(value)) == value
