"""What went back of a purchase, counted from the refunds alone: no ledger is asked whether the ledger is right."""

from __future__ import annotations

from tests.app.claims import Claims
from tests.app.world import ROOT

from oms_app.refunds import ApproveRefund, PayByHand, SettleRefundDifference
from oms_domain.kernel.errors import OmsError
from oms_domain.refunds.refund_order import OVER, RefundOrder
from oms_domain.refunds.states import RefundState


def moved_fen(refunds: tuple[RefundOrder, ...]) -> int:
    """Return what buyers have got, by whoever paid, as often as it was paid."""
    return sum(money.fen for each in refunds for money in (each.moved, each.paid_besides) if money is not None)


class Purse:
    """Holds that nothing which we decide gives back more than was paid: only a platform may, by its own word."""

    def __init__(self, claims: Claims) -> None:
        self.claims, self.paid_fen, self.over_fen = claims, claims.order.paid.fen, 0
        self.platform_spoke = False

    def check(self) -> None:
        """After each step: what is beyond what was paid has grown only if the platform spoke; and it is shown."""
        refunds = self.claims.refunds
        over = max(moved_fen(refunds) - self.paid_fen, 0)
        assert over <= self.over_fen or self.platform_spoke, f"{over} beyond {self.paid_fen}, by us"
        self.over_fen, self.platform_spoke = over, False
        shown = sum(each.excess_fen for each in refunds if any(one.what in OVER for one in each.differences))
        assert over <= shown

    def pay_what_is_granted(self, settle: bool = True) -> None:
        """Grant what was made by hand, and pay everything by hand that may be."""
        world = self.claims.world
        for refund in self.claims.refunds:
            if refund.case_id is None and refund.state is RefundState.PROPOSED:
                _unless_refused(lambda id=refund.id: world.refunds.approve(ApproveRefund(refund_id=id, by=ROOT)))
        for refund in self.claims.refunds:
            if refund.state is RefundState.APPROVED:
                paid = PayByHand(refund_id=refund.id, not_by_platform="x", by=ROOT)
                _unless_refused(lambda paid=paid: world.refunds.pay_by_hand(paid))
                if settle:
                    world.settle()
        self.check()

    def doctor_finds_what_a_person_has_not_seen_to(self) -> None:
        """The doctor finds each refund with excess, and nothing once a person has seen to them."""
        world = self.claims.world
        exceeding = {each.number for each in self.claims.refunds if each.excess_fen}
        assert {each.where for each in world.store.doctor.findings(lambda name, count: None)} == exceeding
        for refund in self.claims.refunds:
            for each in refund.differences:
                if each.what in OVER:
                    seen = SettleRefundDifference(refund_id=refund.id, what=each.what, by=ROOT)
                    world.refunds.settle_difference(seen)
        assert list(world.store.doctor.findings(lambda name, count: None)) == []


def _unless_refused(act) -> None:
    try:
        act()
    except OmsError:
        return
