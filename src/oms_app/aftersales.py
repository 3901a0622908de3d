"""Use cases of aftersales cases. Each public method is one transaction, after the numbers that it may need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Final, TypeVar

from attrs import evolve, frozen

from oms_app.actor import Actor, Permission
from oms_app.case_flow import LETTERS, CaseFlow, is_under_way
from oms_app.case_stops import stop_for, stop_is_decided
from oms_app.numbering import Numbering, NumberPool
from oms_app.ports.transaction import Begin, Clock, NewId, Transaction
from oms_app.transactions import Pause, check_version, one_transaction
from oms_domain.aftersales.case import AftersalesCase
from oms_domain.aftersales.claimed import common, free_units, taken_units, union
from oms_domain.aftersales.opening import Ask, NoSuchUnits, checked, linked, with_override
from oms_domain.aftersales.policy import AftersalesPolicy
from oms_domain.aftersales.states import ASKS_GOODS_BACK, GIVES_MONEY_BACK, SENDS_GOODS, CaseKind, CaseState
from oms_domain.aftersales.terms import REFUND
from oms_domain.aftersales.values import AskedBy, CaseLine, Responsibility
from oms_domain.apportionment.units import Runs, count
from oms_domain.kernel.change import Change
from oms_domain.kernel.errors import Refused
from oms_domain.kernel.identity import CaseId, EvidenceId, LineId, OrderId, RefundId, ReturnOrderId, SkuCode, VaultId
from oms_domain.kernel.money import Money
from oms_domain.kernel.text import checked_text, mask_digits
from oms_domain.orders.lines import OrderLine
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import OrderState
from oms_domain.refunds.proposal import AboveRoleLimit, Proposal, changed
from oms_domain.refunds.refundable import refunded_units

LONGEST_DESCRIPTION: Final = 2000
AGENT, OVERSEER = "agent", "admin"
"""The roles that limits are set for: who may do everything is an overseer, anybody else an agent."""


@frozen(kw_only=True)
class PlatformAmountFixed(Refused):
    """The platform moves exactly what was asked there: approve that amount, or reject the ask."""

    code: ClassVar[str] = "aftersales.platform_amount_fixed"
    asked: Money
    amount: Money


@frozen(kw_only=True)
class AskedLine:
    """Units of a line that are asked for: how many (then the first that are free), or which ones."""

    line_id: LineId
    units: int = 0
    runs: Runs = ()
    replacement: SkuCode | None = None


@frozen(kw_only=True)
class OpenCase:
    """Open a case for a buyer (新建售后)."""

    permission: ClassVar[Permission] = Permission.AFTERSALES_WRITE
    order_id: OrderId
    kind: CaseKind
    lines: tuple[AskedLine, ...] | None  # None: everything that is free
    reason: str
    description: str = ""
    evidence: tuple[EvidenceId, ...] = ()
    asked: Money | None = None
    send_to: VaultId | None = None
    override: str = ""  # why, although the window has closed
    by: Actor


@frozen(kw_only=True)
class CaseCommand:
    """An ask about one case. ``expected_version``: refuse if it has changed since the caller read it."""

    permission: ClassVar[Permission] = Permission.AFTERSALES_WRITE
    case_id: CaseId
    by: Actor
    reason: str = ""
    expected_version: int | None = None


@frozen(kw_only=True)
class ApproveCase(CaseCommand):
    """Grant it (审核通过). ``refund``: another amount than the rule's, with a reason; ``with_freight``: freight too."""

    refund: Money | None = None
    with_freight: bool = False


@frozen(kw_only=True)
class RejectCase(CaseCommand):
    """Refuse it with a reason (审核拒绝), or what came back."""


@frozen(kw_only=True)
class WithdrawCase(CaseCommand):
    """The buyer thinks better of it (买家撤销)."""


@frozen(kw_only=True)
class ChangeKind(CaseCommand):
    """Close it, and open a linked case of another kind (变更类型)."""

    to: CaseKind
    replacements: tuple[tuple[LineId, SkuCode], ...] = ()


@frozen(kw_only=True)
class NoteParcel(CaseCommand):
    """Note how the goods come back (登记退货物流)."""

    carrier: str
    tracking_no: str


@frozen(kw_only=True)
class AcceptGoods(CaseCommand):
    """Accept what came although it is in dispute (接受退货). ``difference``: what the new goods cost more."""

    difference: Money | None = None


@frozen(kw_only=True)
class NoteRevoked(CaseCommand):
    """The right is taken back: the course closed, the code void (权益已收回)."""


@frozen(kw_only=True)
class NoteNotRevoked(CaseCommand):
    """The right has been used (权益已使用)."""


@frozen(kw_only=True)
class NoteStopped(CaseCommand):
    """The warehouse will not ship it (拦截成功)."""


@frozen(kw_only=True)
class NoteNotStopped(CaseCommand):
    """It has left (拦截失败)."""


@frozen(kw_only=True)
class NoteDifferencePaid(CaseCommand):
    """The buyer has paid what the new goods cost more (已补差价)."""


@frozen(kw_only=True)
class NoteReplacementSent(CaseCommand):
    """New or repaired goods have left (已发出). ``owed``: what the new goods of an exchange cost less."""

    owed: Money | None = None


@frozen(kw_only=True)
class SetResponsibility(CaseCommand):
    """Say who is to blame (责任判定)."""

    responsibility: Responsibility


@frozen(kw_only=True)
class SettleDifference(CaseCommand):
    """A discrepancy is dealt with (差异已处理)."""

    what: str


@frozen(kw_only=True)
class NoteDifference(CaseCommand):
    """Somebody outside says otherwise, or would not do what was asked: for a person."""

    what: str
    theirs: str


@frozen(kw_only=True)
class TimeOutCase(CaseCommand):
    """Close it if its time is up, and its state closes by that."""


@frozen(kw_only=True)
class BookArrival:
    """Goods of a return order have come and were looked at: let its case go on."""

    permission: ClassVar[Permission] = Permission.AFTERSALES_WRITE
    return_id: ReturnOrderId
    by: Actor


@frozen(kw_only=True)
class BookReplacementLeft:
    """An order has left: if it sends goods for a case, that goes on."""

    permission: ClassVar[Permission] = Permission.AFTERSALES_WRITE
    order_id: OrderId
    by: Actor


@frozen(kw_only=True)
class AskStop:
    """A case waits for its goods not to leave: ask who has them (拦截)."""

    permission: ClassVar[Permission] = Permission.AFTERSALES_WRITE
    case_id: CaseId
    by: Actor


@frozen(kw_only=True)
class BookStop:
    """An order has been stopped, taken back, replaced, or has left: let its cases go on. ``refused``: who would not."""

    permission: ClassVar[Permission] = Permission.AFTERSALES_WRITE
    order_id: OrderId
    refused: str = ""
    by: Actor


@frozen(kw_only=True)
class CaseAnswer:
    """What became of a case."""

    id: CaseId
    number: str
    kind: CaseKind
    state: CaseState
    order_id: OrderId
    refund_id: RefundId | None
    return_id: ReturnOrderId | None
    replacement_id: OrderId | None
    version: int
    linked_id: CaseId | None = None


C = TypeVar("C")
A = TypeVar("A")
Step = Callable[[CaseFlow, AftersalesCase], "tuple[Change[AftersalesCase], Proposal | None]"]


@frozen(kw_only=True)
class CaseService:
    """Use cases of cases."""

    begin: Begin
    now: Clock
    new_id: NewId
    numbering: Numbering
    pause: Pause

    def open(self, command: OpenCase) -> CaseAnswer:
        """Raises what ``opening.checked`` does; ``NothingToRefund`` where nothing may go back."""
        return self._numbered(self._open, command)

    def approve(self, command: ApproveCase) -> CaseAnswer:
        """Raises ``RefundAboveCap``, ``AboveRefundable``, ``AboveRoleLimit``, ``PlatformAmountFixed``."""

        def step(flow: CaseFlow, case: AftersalesCase) -> tuple[Change[AftersalesCase], Proposal | None]:
            if case.kind not in GIVES_MONEY_BACK:
                return case.approve(by=command.by.id, at=flow.at), None
            proposal = _granted(flow, case, command)
            granted = case.approve(proposal.amount, cap=proposal.refundable, by=command.by.id, at=flow.at)
            return granted, proposal

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
        """Return what became of the old case; ``linked_id`` is the new one."""
        return self._numbered(self._change_kind, command)

    def note_parcel(self, command: NoteParcel) -> CaseAnswer:
        return self._do(command, lambda case, at: case.buyer_sends(command.carrier, command.tracking_no, at=at))

    def accept_goods(self, command: AcceptGoods) -> CaseAnswer:
        return self._do(
            command, lambda case, at: case.accept_goods(difference=command.difference, by=command.by.id, at=at)
        )

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
        """Raises ``AboveRoleLimit``."""

        def step(flow: CaseFlow, case: AftersalesCase) -> tuple[Change[AftersalesCase], Proposal | None]:
            limit = flow.tx.aftersales_terms.of(case.shop_id).most(role_of(command.by), REFUND)
            if command.owed is not None and limit is not None and command.owed > limit:
                raise AboveRoleLimit(amount=command.owed, limit=limit)
            sent = case.replacement_id or case.order_id
            return _plain(case.ship_replacement(sent, owed=command.owed, by=command.by.id, at=flow.at))

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

    def book_arrival(self, command: BookArrival) -> CaseAnswer | None:
        """Let the case of a return order go on once all has come; None where that changes nothing."""
        return self._numbered(self._book_arrival, command)

    def book_replacement_left(self, command: BookReplacementLeft) -> CaseAnswer | None:
        """None if the order sends nothing for a case, or more is to come."""
        return self._numbered(self._book_replacement_left, command)

    def ask_stop(self, command: AskStop) -> CaseAnswer | None:
        """Have whoever has the goods of a case asked to stop; None where nothing waits for that any more."""
        return self._numbered(self._ask_stop, command)

    def book_stop(self, command: BookStop) -> int:
        """Let the cases that wait for a stop go on by where their order stands now; return how many did."""
        return self._numbered(self._book_stop, command)

    # -----------------------------------------------------------------------------------------------------------------

    def _do(self, command: CaseCommand, step: Callable[[AftersalesCase, Any], Change[AftersalesCase]]) -> CaseAnswer:
        return self._act(command, lambda flow, case: _plain(step(case, flow.at)))

    def _act(self, command: CaseCommand, step: Step) -> CaseAnswer:
        return self._numbered(lambda given, numbers: self._acted(given, numbers, step), command)

    def _numbered(self, act: Callable[[C, NumberPool], A], command: C) -> A:
        numbers = self.numbering.pool(2, *LETTERS.values())  # its own short transaction, so before the other one
        answer = act(command, numbers)
        self.numbering.give_back(numbers)
        return answer

    @one_transaction
    def _acted(self, command: CaseCommand, numbers: NumberPool, step: Step) -> CaseAnswer:
        numbers.start()
        with self.begin(command) as tx:
            if done := tx.recall(CaseAnswer):
                return done
            case = tx.cases.get(command.case_id)
            check_version(case, command.expected_version)
            flow = self._flow(tx, numbers, command.by)
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
            flow = self._flow(tx, numbers, command.by)
            order = tx.orders.get(command.order_id)
            case = self._asked(flow, command, order)
            if case.kind in GIVES_MONEY_BACK:
                flow.proposed(case, order, asked=case.asked)  # a person is told at once that nothing may go back
            answer = answer_of(flow.settle(case.opened(at=flow.at), before=None), None)
            tx.remember(answer)
            tx.commit()
        return answer

    def _asked(self, flow: CaseFlow, command: OpenCase, order: SalesOrder) -> AftersalesCase:
        tx = flow.tx
        terms = tx.aftersales_terms.of(order.shop_id)
        open_cases = tuple(case for case in tx.cases.of_order(order.id) if case.is_open)
        ledger = tx.refund_ledgers.of(order)

        def free(line: OrderLine, wanted: int) -> Runs:
            refunded = refunded_units(ledger, line.id)
            taken = union((*taken_units(open_cases, line.id), *refunded))
            return _free(line, command.kind, order, taken, refunded, wanted)

        def everything() -> Iterator[CaseLine]:
            for line in order.lines:
                if runs := free(line, 0):
                    yield CaseLine(line_id=line.id, sku=line.sku, units=runs)

        def placed(asked: AskedLine) -> CaseLine:
            line = next((each for each in order.lines if each.id == asked.line_id), None)
            sku = line.sku if line else SkuCode("")
            runs = asked.runs or (free(line, asked.units) if line and asked.units else ())
            return CaseLine(line_id=asked.line_id, sku=sku, units=runs, replacement=asked.replacement)

        case = AftersalesCase(
            id=CaseId(self.new_id()),
            number=flow.numbers.next(LETTERS["case"]),
            shop_id=order.shop_id,
            order_id=order.id,
            kind=command.kind,
            lines=tuple(everything() if command.lines is None else map(placed, command.lines)),
            reason=checked_text(command.reason, field="reason", longest=500),
            description=mask_digits(
                checked_text(command.description, field="description", longest=LONGEST_DESCRIPTION)
            ),
            evidence=command.evidence,
            asked_by=AskedBy.CUSTOMER_SERVICE,
            asked=command.asked if command.kind in GIVES_MONEY_BACK else None,
            return_to=(terms.return_to or order.receiver.vault_id) if command.kind in ASKS_GOODS_BACK else None,
            send_to=(command.send_to or order.receiver.vault_id) if command.kind in SENDS_GOODS else None,
            opened_at=flow.at,
            updated_at=flow.at,
        )
        if command.override:
            case = with_override(case, command.override)
        ended_at = order.updated_at if order.state in (OrderState.SIGNED, OrderState.COMPLETED) else None
        policy: AftersalesPolicy = terms.policy()
        return checked(Ask(case=case, order=order, policy=policy, open_cases=open_cases, ended_at=ended_at, at=flow.at))

    @one_transaction
    def _change_kind(self, command: ChangeKind, numbers: NumberPool) -> CaseAnswer:
        numbers.start()
        with self.begin(command) as tx:
            if done := tx.recall(CaseAnswer):
                return done
            case = tx.cases.get(command.case_id)
            check_version(case, command.expected_version)
            flow = self._flow(tx, numbers, command.by)
            new = change_kind(flow, case, command.to, replacements=dict(command.replacements))
            answer = evolve(answer_of(tx.cases.get(case.id), case), linked_id=new.id)
            tx.remember(answer)
            tx.commit()
        return answer

    @one_transaction
    def _book_arrival(self, command: BookArrival, numbers: NumberPool) -> CaseAnswer | None:
        numbers.start()
        with self.begin(command) as tx:
            goods = tx.returns.get(command.return_id)
            case = tx.cases.get(goods.case_id)
            change = _arrived(case, goods.in_dispute, self.now()) if goods.is_complete else Change(case)
            if change.events:
                self._flow(tx, numbers, command.by).settle(change, before=case)
            tx.commit()
        return answer_of(change.state, case) if change.events else None

    @one_transaction
    def _book_replacement_left(self, command: BookReplacementLeft, numbers: NumberPool) -> CaseAnswer | None:
        numbers.start()
        with self.begin(command) as tx:
            case = tx.cases.by_replacement(command.order_id)
            sent = tx.orders.get(command.order_id).state is not OrderState.PARTIALLY_SHIPPED
            if case is None or case.state is not CaseState.AWAITING_EXCHANGE_SHIPMENT or not sent:
                tx.commit()  # the job that asked is done
                return None
            change = case.ship_replacement(command.order_id, at=self.now())
            after = self._flow(tx, numbers, command.by).settle(change, before=case)
            tx.commit()
        return answer_of(after, case)

    @one_transaction
    def _ask_stop(self, command: AskStop, numbers: NumberPool) -> CaseAnswer | None:
        numbers.start()
        with self.begin(command) as tx:
            case = tx.cases.get(command.case_id)
            if case.state is not CaseState.AWAITING_STOP:
                tx.commit()  # the job that asked is done
                return None
            after = stop_for(self._flow(tx, numbers, command.by), case)
            tx.commit()
        return answer_of(after, case)

    @one_transaction
    def _book_stop(self, command: BookStop, numbers: NumberPool) -> int:
        numbers.start()
        with self.begin(command) as tx:
            open_ = [case for case in tx.cases.of_order(command.order_id) if case.is_open]
            flow = self._flow(tx, numbers, command.by)
            _sends_heir(flow, command.order_id)
            done = sum(stop_is_decided(flow, case, refused=command.refused) for case in open_)
            tx.commit()
        return done

    def _flow(self, tx: Transaction, numbers: NumberPool, by: Actor) -> CaseFlow:
        return CaseFlow(tx=tx, numbers=numbers, new_id=self.new_id, at=self.now(), by=by.id)


def change_kind(
    flow: CaseFlow, case: AftersalesCase, to: CaseKind, *, replacements: dict[LineId, SkuCode], by: str = ""
) -> AftersalesCase:
    """Close a case for a linked one of another kind, in one transaction; return the new one."""
    order = flow.tx.orders.get(case.order_id)
    next_id = CaseId(flow.new_id())
    addresses: dict[str, Any] = {}
    if to in ASKS_GOODS_BACK and case.return_to is None:
        addresses["return_to"] = flow.tx.aftersales_terms.of(case.shop_id).return_to or order.receiver.vault_id
    if to in SENDS_GOODS and case.send_to is None:
        addresses["send_to"] = order.receiver.vault_id
    new = linked(case, to, id=next_id, number=flow.numbers.next(LETTERS["case"]), at=flow.at, **addresses)
    lines = tuple(evolve(line, replacement=replacements.get(line.line_id)) for line in new.lines)
    under_way = is_under_way(flow.refund(case))
    closed = case.change_kind(to, next_id=next_id, by=by or flow.by, money_under_way=under_way, at=flow.at)
    flow.settle(closed, before=case)
    return flow.settle(evolve(new, lines=lines).opened(at=flow.at), before=None)


def role_of(actor: Actor) -> str:
    """Return the role that limits are looked up by."""
    return OVERSEER if actor.may(Permission.ADMIN) else AGENT


def answer_of(case: AftersalesCase, before: AftersalesCase | None) -> CaseAnswer:
    """Return the answer about a case that this transaction stores."""
    return CaseAnswer(
        id=case.id,
        number=case.number,
        kind=case.kind,
        state=case.state,
        order_id=case.order_id,
        refund_id=case.refund_id,
        return_id=case.return_id,
        replacement_id=case.replacement_id,
        version=case.version + (before is None or case != before),
    )


def _sends_heir(flow: CaseFlow, order_id: OrderId) -> None:
    """Let a case wait for the order that took the place of the one that was to send its goods."""
    case = flow.tx.cases.by_replacement(order_id)
    if case is None or case.state is not CaseState.AWAITING_EXCHANGE_SHIPMENT:
        return
    order = flow.tx.orders.get(order_id)
    if order.state is OrderState.CANCELLED and order.heirs:
        flow.settle(case.revise(replacement_id=order.heirs[0], at=flow.at), before=case)


def _plain(change: Change[AftersalesCase]) -> tuple[Change[AftersalesCase], None]:
    return change, None


def _granted(flow: CaseFlow, case: AftersalesCase, command: ApproveCase) -> Proposal:
    """Return the refund that is granted: by rule, or as the operator changes it within cap and role limit."""
    order = flow.tx.orders.get(case.order_id)
    proposal = flow.proposed(case, order, asked=case.asked, operator_says=command.with_freight)
    limit = flow.tx.aftersales_terms.of(case.shop_id).most(role_of(command.by), REFUND)
    if command.refund is not None and command.refund != proposal.amount:
        proposal = changed(proposal, command.refund, limit=limit, reason=command.reason)
    if limit is not None and proposal.amount > limit:
        raise AboveRoleLimit(amount=proposal.amount, limit=limit)
    if case.platform_refund_no and case.asked is not None and proposal.amount != case.asked:
        raise PlatformAmountFixed(asked=case.asked, amount=proposal.amount)
    return proposal


def _free(line: OrderLine, kind: CaseKind, order: SalesOrder, taken: Runs, refunded: Runs, wanted: int) -> Runs:
    """Return the first units that may be asked for: of an order that left in part, those that have or have not.

    Never fewer than ``wanted`` (0: all): where so many are not free, the line's first; the rules say what is wrong.

    Raises:
        NoSuchUnits: some of them gave their money back.
    """
    quantity = int(line.quantity)
    if order.state is OrderState.PARTIALLY_SHIPPED:
        if kind is CaseKind.REFUND_BEFORE_SHIPMENT:
            taken = union((*taken, (0, line.shipped))) if line.shipped else taken
        else:
            quantity = line.shipped
    inside = tuple((first, min(stop, quantity)) for first, stop in taken if first < quantity)
    found = free_units(quantity, inside, wanted or quantity)
    if not wanted or count(found) == wanted:
        return found
    if common(((0, wanted),), refunded):
        raise NoSuchUnits(line_id=line.id, quantity=count(found))
    return ((0, wanted),)


def _arrived(case: AftersalesCase, in_dispute: str, at: Any) -> Change[AftersalesCase]:
    """Let a case go on whose goods have come; one that does not wait for them (any more) stays as it is."""
    change = Change(case)
    if case.state is CaseState.AWAITING_BUYER_RETURN:  # the parcel came before anybody told of it
        change = case.buyer_sends(case.carrier, case.tracking_no, at=at)
    if change.state.state is not CaseState.AWAITING_WAREHOUSE_RECEIPT or change.state.in_dispute:
        return Change(case)
    return change.then(change.state.dispute(in_dispute, at=at) if in_dispute else change.state.receive(at=at))
