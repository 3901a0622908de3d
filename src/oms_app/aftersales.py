"""Use cases of cases, for people. Each public method is one transaction, after the numbers that it may need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import evolve, frozen

from oms_app.case_addresses import stored
from oms_app.case_changing import change_kind
from oms_app.case_commands import (
    AcceptGoods,
    AcceptReceived,
    ApproveCase,
    CaseAnswer,
    CaseCommand,
    ChangeKind,
    NoteDifference,
    NoteDifferencePaid,
    NoteNotRevoked,
    NoteNotStopped,
    NoteParcel,
    NoteReplacementSent,
    NoteRevoked,
    NoteStopped,
    OpenCase,
    OweDifference,
    PreviewReceived,
    ReaddressCase,
    RejectCase,
    SetResponsibility,
    SettleDifference,
    TimeOutCase,
    WithdrawCase,
    answer_of,
)
from oms_app.case_flow import CaseFlow, is_under_way
from oms_app.case_goods import replacements
from oms_app.case_grants import Received, accept_received, check_difference, granted, received
from oms_app.case_opening import asked_case
from oms_app.case_work import CaseWork
from oms_app.numbering import NumberPool
from oms_app.transactions import check_version, one_transaction
from oms_domain.aftersales.case import AftersalesCase
from oms_domain.aftersales.refusals import NotInDispute, ReplacementNotSent
from oms_domain.aftersales.sending import all_left
from oms_domain.aftersales.states import GIVES_MONEY_BACK
from oms_domain.aftersales.values import Sent
from oms_domain.kernel.change import Change
from oms_domain.refunds.proposal import Proposal

Step = Callable[[CaseFlow, AftersalesCase], "tuple[Change[AftersalesCase], Proposal | None]"]


@frozen(kw_only=True)
class CaseService(CaseWork):
    """Use cases of cases."""

    def open(self, command: OpenCase) -> CaseAnswer:
        """Raises what ``opening.checked`` does; ``NothingToRefund`` where nothing may go back."""
        return self.numbered(self._open, command)

    def approve(self, command: ApproveCase) -> CaseAnswer:
        """Raises ``RefundAboveCap``, ``AboveRefundable``, ``AboveRoleLimit``, ``PlatformAmountFixed``."""

        def step(flow: CaseFlow, case: AftersalesCase) -> tuple[Change[AftersalesCase], Proposal | None]:
            if case.kind not in GIVES_MONEY_BACK:
                return case.approve(by=command.by.id, at=flow.at), None
            proposal = granted(flow, case, command)
            change = case.approve(proposal.amount, cap=proposal.refundable, by=command.by.id, at=flow.at)
            return change, proposal

        return self._act(command, step)

    def reject(self, command: RejectCase) -> CaseAnswer:
        return self._act(
            command,
            lambda flow, case: _plain(
                case.reject(
                    command.reason, by=command.by.id, money_under_way=is_under_way(flow.refund(case)), at=flow.at
                )
            ),
        )

    def withdraw(self, command: WithdrawCase) -> CaseAnswer:
        return self._act(
            command,
            lambda flow, case: _plain(
                case.withdraw(
                    reason=command.reason,
                    by=command.by.id,
                    money_under_way=is_under_way(flow.refund(case)),
                    at=flow.at,
                )
            ),
        )

    def change_kind(self, command: ChangeKind) -> CaseAnswer:
        """Return what became of the old case; ``linked_id`` is the new one. Raises ``GoodsOnTheShelf``."""
        return self.numbered(self._change_kind, command)

    def readdress(self, command: ReaddressCase) -> CaseAnswer:
        """Raises ``AddressNotNeeded``, ``AddressSettled``."""

        def step(flow: CaseFlow, case: AftersalesCase) -> tuple[Change[AftersalesCase], None]:
            places = stored(flow.tx, send_to=command.send_to, return_to=command.return_to)
            return case.readdress(at=flow.at, **places), None

        return self._act(command, step)

    def note_parcel(self, command: NoteParcel) -> CaseAnswer:
        return self._do(command, lambda case, at: case.buyer_sends(command.carrier, command.tracking_no, at=at))

    def accept_goods(self, command: AcceptGoods) -> CaseAnswer:
        return self._do(
            command, lambda case, at: case.accept_goods(difference=command.difference, by=command.by.id, at=at)
        )

    def accept_received(self, command: AcceptReceived) -> CaseAnswer:
        """Raises what ``approve`` does; ``NotInDispute``, ``NothingCame``, ``NothingMissing``."""
        return self._act(command, lambda flow, case: accept_received(flow, case, command))

    def received(self, command: PreviewReceived) -> Received:
        """Return what ``accept_received`` would give back by rule. Raises ``NothingCame``, ``NothingMissing``."""
        with self.begin(command) as tx:
            case = tx.cases.get(command.case_id)
            if not case.in_dispute:
                raise NotInDispute(case_id=case.id)
            flow = self.flow(tx, self.numbering.pool(0), command.by)
            return received(flow, case, with_freight=command.with_freight)

    def note_revoked(self, command: NoteRevoked) -> CaseAnswer:
        return self._do(command, lambda case, at: case.revoked(at=at))

    def note_not_revoked(self, command: NoteNotRevoked) -> CaseAnswer:
        return self._do(command, lambda case, at: case.cannot_revoke(command.reason, at=at))

    def note_stopped(self, command: NoteStopped) -> CaseAnswer:
        return self._do(command, lambda case, at: case.stopped(at=at))

    def note_not_stopped(self, command: NoteNotStopped) -> CaseAnswer:
        return self._do(command, lambda case, at: case.cannot_stop(command.reason, at=at))

    def note_difference_paid(self, command: NoteDifferencePaid) -> CaseAnswer:
        return self._do(command, lambda case, at: case.pay_difference(at=at))

    def note_replacement_sent(self, command: NoteReplacementSent) -> CaseAnswer:
        """Note that new goods have left.

        Raises:
            ReplacementNotSent: neither has its order left, nor did a person send them.
            AboveRefundable, AboveRoleLimit.
        """

        def step(flow: CaseFlow, case: AftersalesCase) -> tuple[Change[AftersalesCase], Proposal | None]:
            if command.owed is not None:
                check_difference(flow, case, command.owed, by=command.by)
            sent = Sent(carrier=command.carrier, tracking_no=command.tracking_no)
            change = case.ship_replacement(sent, owed=command.owed, by=command.by.id, at=flow.at)
            if not (sent.by_hand and sent.carrier) and not all_left(replacements(flow.tx, case)):
                raise ReplacementNotSent(case_id=case.id)
            return _plain(change)

        return self._act(command, step)

    def owe_difference(self, command: OweDifference) -> CaseAnswer:
        """Raises ``AboveRefundable``: the new goods cost something; ``AboveRoleLimit``, ``RefundNotPositive``."""

        def step(flow: CaseFlow, case: AftersalesCase) -> tuple[Change[AftersalesCase], Proposal | None]:
            owing = case.owe(command.amount, by=command.by.id, at=flow.at)
            check_difference(flow, case, command.amount, by=command.by)
            return _plain(owing)

        return self._act(command, step)

    def set_responsibility(self, command: SetResponsibility) -> CaseAnswer:
        return self._do(command, lambda case, at: case.blame(command.responsibility, reason=command.reason, at=at))

    def settle_difference(self, command: SettleDifference) -> CaseAnswer:
        return self._do(command, lambda case, at: case.settle_difference(command.what, reason=command.reason, at=at))

    def note_difference(self, command: NoteDifference) -> CaseAnswer:
        return self._do(
            command,
            lambda case, at: case.differs(command.what, theirs=command.theirs[:100], ours=str(case.state), at=at),
        )

    def time_out(self, command: TimeOutCase) -> CaseAnswer:
        """Close what is overdue and closes by that; what only climbs is left as it is. Raises ``NotOverdue``."""

        def step(flow: CaseFlow, case: AftersalesCase) -> tuple[Change[AftersalesCase], Proposal | None]:
            policy = flow.tx.aftersales_terms.of(case.shop_id).policy()
            return _plain(case.time_out(at=flow.at) if policy.closes_on_time_out(case) else Change(case))

        return self._act(command, step)

    # -----------------------------------------------------------------------------------------------------------------

    def _do(self, command: CaseCommand, step: Callable[[AftersalesCase, Any], Change[AftersalesCase]]) -> CaseAnswer:
        return self._act(command, lambda flow, case: _plain(step(case, flow.at)))

    def _act(self, command: CaseCommand, step: Step) -> CaseAnswer:
        return self.numbered(lambda given, numbers: self._acted(given, numbers, step), command)

    @one_transaction
    def _acted(self, command: CaseCommand, numbers: NumberPool, step: Step) -> CaseAnswer:
        numbers.start()
        with self.begin(command) as tx:
            if done := tx.recall(CaseAnswer):
                return done
            case = tx.cases.get(command.case_id)
            check_version(case, command.expected_version)
            flow = self.flow(tx, numbers, command.by)
            change, proposal = step(flow, case)
            answer = answer_of(flow.settle(change, before=case, proposal=proposal), case)
            tx.remember(answer)
            tx.commit()
        return answer

    @one_transaction
    def _open(self, command: OpenCase, numbers: NumberPool) -> CaseAnswer:
        numbers.start()
        with self.begin(command) as tx:
            if done := tx.recall(CaseAnswer):
                return done
            flow = self.flow(tx, numbers, command.by)
            order = tx.orders.get(command.order_id)
            case = asked_case(flow, command, order)
            if case.kind in GIVES_MONEY_BACK:
                flow.proposed(case, order, asked=case.asked)  # a person is told at once that nothing may go back
            answer = answer_of(flow.settle(case.opened(at=flow.at), before=None), None)
            tx.remember(answer)
            tx.commit()
        return answer

    @one_transaction
    def _change_kind(self, command: ChangeKind, numbers: NumberPool) -> CaseAnswer:
        numbers.start()
        with self.begin(command) as tx:
            if done := tx.recall(CaseAnswer):
                return done
            case = tx.cases.get(command.case_id)
            check_version(case, command.expected_version)
            flow = self.flow(tx, numbers, command.by)
            new = change_kind(flow, case, command.to, replacements=dict(command.replacements))
            answer = evolve(answer_of(tx.cases.get(case.id), case), linked_id=new.id)
            tx.remember(answer)
            tx.commit()
        return answer


def _plain(change: Change[AftersalesCase]) -> tuple[Change[AftersalesCase], None]:
    return change, None
