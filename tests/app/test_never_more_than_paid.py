"""What we decide never gives back more than was paid; what a platform pays beyond that is stored, shown and found.

Each test is a way in which more went back once.
"""

import pytest
from tests.app.claims import Claims
from tests.app.world import ROOT

from oms_app.actor import Actor, Once, Permission
from oms_app.ports.channels import PlatformRefused
from oms_app.refunds import ApproveRefund, CloseRefund, CreateRefund, PayByHand, SendRefund
from oms_domain.aftersales.states import CaseKind as K
from oms_domain.channels.aftersales import AskKind, AskState
from oms_domain.kernel.errors import MoveNotAllowed
from oms_domain.kernel.money import Money
from oms_domain.refunds.ledger import NotHeld
from oms_domain.refunds.placing import RefundUnits
from oms_domain.refunds.refund_order import PlatformPays, RefundDifference
from oms_domain.refunds.states import RefundState as R


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
