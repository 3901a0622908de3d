"""Use cases of refund orders: reviewed by people, paid by whoever pays, booked once however often it is told.

The refund's own id is stored before anybody outside is asked, and goes with every ask. What is answered, and what the
platform tells by itself, may come in any order, twice or never: each is booked on that id.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar, Final

from attrs import evolve, frozen

from oms_app.actor import Actor, Permission
from oms_app.allocation import attempt_of
from oms_app.case_flow import LETTERS, CaseFlow, put_refund
from oms_app.case_grants import role_of
from oms_app.claims import check_goes_on, check_no_case
from oms_app.numbering import Numbering, NumberPool
from oms_app.orders import give_back
from oms_app.orders import save as save_order
from oms_app.ports.transaction import Begin, Clock, NewId, Transaction
from oms_app.transactions import Pause, check_version, one_transaction, record
from oms_domain.aftersales.case import AftersalesCase
from oms_domain.aftersales.claimed import common
from oms_domain.aftersales.sending import STILL_HERE
from oms_domain.aftersales.states import GIVES_MONEY_BACK, CaseKind
from oms_domain.aftersales.terms import REFUND, AftersalesTerms
from oms_domain.apportionment.units import count
from oms_domain.kernel.change import Change
from oms_domain.kernel.errors import Refused
from oms_domain.kernel.identity import CaseId, OrderId, RefundId
from oms_domain.kernel.money import Money
from oms_domain.orders.flags import FlagKind
from oms_domain.orders.lines import OrderLine
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import BEFORE_WAREHOUSE, OrderMove, OrderState
from oms_domain.refunds.closing import order_ends_by
from oms_domain.refunds.compensation import Compensation, CompensationKind, CompensationLimit, Payout
from oms_domain.refunds.ledger import RefundLedger
from oms_domain.refunds.placing import RefundUnits
from oms_domain.refunds.proposal import AboveRoleLimit, Proposal, changed, freight_rule, propose_goods_first
from oms_domain.refunds.refund_order import OVER, RefundOrder, check_held, refund_of
from oms_domain.refunds.refundable import refunded_units
from oms_domain.refunds.states import MAY_BE_MOVING, RefundSource, RefundState

REFUNDED: Final = "refunded"
PART_REFUNDED: Final = "part_refunded"
BY_REFUND: Final = "refund"


@frozen(kw_only=True)
class HasCase(Refused):
    """The refund belongs to an aftersales case: what is decided is decided there."""

    code: ClassVar[str] = "refunds.has_case"
    case_id: CaseId


@frozen(kw_only=True)
class NobodyPays(Refused):
    """The refund has no number at a platform that pays: it is paid by hand."""

    code: ClassVar[str] = "refunds.nobody_pays"
    refund_id: RefundId


@frozen(kw_only=True)
class StillHere(Refused):
    """Units have not left: a case asks for their money, so that what is refunded is stopped first."""

    code: ClassVar[str] = "refunds.still_here"
    state: OrderState


@frozen(kw_only=True)
class RefundUnitsCommand:
    """What may go back of units of an order (现可退)."""

    permission: ClassVar[Permission] = Permission.AFTERSALES_READ
    order_id: OrderId
    units: tuple[RefundUnits, ...] = ()  # none: everything
    with_freight: bool = False
    amount: Money | None = None
    by: Actor


@frozen(kw_only=True)
class CreateRefund:
    """Make a refund by hand, without a case (手工创建退款)."""

    permission: ClassVar[Permission] = Permission.AFTERSALES_WRITE
    order_id: OrderId
    units: tuple[RefundUnits, ...]
    amount: Money | None = None
    with_freight: bool = False
    reason: str
    by: Actor


@frozen(kw_only=True)
class RefundCommand:
    """An ask about one refund order."""

    permission: ClassVar[Permission] = Permission.AFTERSALES_WRITE
    refund_id: RefundId
    by: Actor
    reason: str = ""
    expected_version: int | None = None


@frozen(kw_only=True)
class ApproveRefund(RefundCommand):
    """Let a refund without a case be paid (审核)."""


@frozen(kw_only=True)
class CloseRefund(RefundCommand):
    """Give a refund without a case up (关闭)."""


@frozen(kw_only=True)
class SendRefund(RefundCommand):
    """Have whoever pays asked, for the first time or again (发起退款)."""


@frozen(kw_only=True)
class PayByHand(RefundCommand):
    """Book that the money was given back by hand (手工退款). ``not_by_platform``: why the platform will not pay it."""

    paid_at: datetime | None = None
    not_by_platform: str = ""


@frozen(kw_only=True)
class TagRefund(RefundCommand):
    """Add tags (打标签)."""

    tags: tuple[str, ...]


@frozen(kw_only=True)
class UntagRefund(RefundCommand):
    """Take tags away (去标签)."""

    tags: tuple[str, ...]


@frozen(kw_only=True)
class ExplainRefund(RefundCommand):
    """Save why it was refunded, for ourselves (内部原因)."""


@frozen(kw_only=True)
class SettleRefundDifference(RefundCommand):
    """A discrepancy is dealt with (差异已处理)."""

    what: str


@frozen(kw_only=True)
class Compensate(RefundCommand):
    """Give something beside the refund (补偿)."""

    kind: CompensationKind
    amount: Money


@frozen(kw_only=True)
class PayCompensation(RefundCommand):
    """Book that a compensation is with the buyer (补偿已发). ``line``: which one, counted from 1."""

    line: int
    how: Payout


@frozen(kw_only=True)
class BookPaid(RefundCommand):
    """Whoever pays says that the money is with the buyer."""

    amount: Money
    paid_at: datetime


@frozen(kw_only=True)
class BookNotPaid(RefundCommand):
    """Whoever pays says no: nothing has moved. ``reason`` is their own word."""


@frozen(kw_only=True)
class BookDoubt(RefundCommand):
    """No answer came, or none that says what happened."""


@frozen(kw_only=True)
class BookEffects(RefundCommand):
    """The money is with the buyer, or will not move: let its case and its order follow."""


@frozen(kw_only=True)
class RefundAnswer:
    """What became of a refund order."""

    id: RefundId
    number: str
    state: RefundState
    amount: Money
    order_id: OrderId
    case_id: CaseId | None
    version: int


Step = Callable[[Transaction, RefundOrder], Change[RefundOrder]]


@frozen(kw_only=True)
class RefundService:
    """Use cases of refunds."""

    begin: Begin
    now: Clock
    new_id: NewId
    numbering: Numbering
    pause: Pause

    def refundable(self, command: RefundUnitsCommand) -> Proposal:
        """Return what may go back now, and why not more.

        Raises:
            OthersGoOn: it was split, merged or replaced.
            NothingToRefund, UnknownLine.
        """
        with self.begin(command) as tx:
            order = tx.orders.get(command.order_id)
            check_goes_on(tx, order)
            return self._proposal(tx, order, command.units, command.with_freight, command.amount)

    def create(self, command: CreateRefund) -> RefundAnswer:
        """Make a refund without a case.

        Raises:
            OthersGoOn: the order was split, merged or replaced.
            UnitsHaveClaims: cases are open for the units.
            StillHere, NothingToRefund, AboveRefundable, AboveRoleLimit.
        """
        numbers = self.numbering.pool(1, LETTERS["refund"])
        answer = self._create(command, numbers)
        self.numbering.give_back(numbers)
        return answer

    @one_transaction
    def approve(self, command: ApproveRefund) -> RefundAnswer:
        """Raises ``HasCase``, ``AboveRoleLimit``; ``OthersGoOn``, ``UnitsHaveClaims`` as ``create``."""

        def step(tx: Transaction, refund: RefundOrder) -> Change[RefundOrder]:
            _check_still_to_decide(tx, _alone(refund))
            _check_limit(refund.amount, tx.aftersales_terms.of(refund.shop_id), command.by)
            return _alone(refund).approve(by=command.by.id, at=self.now())

        return self._act(command, step)

    @one_transaction
    def close(self, command: CloseRefund) -> RefundAnswer:
        """Raises ``HasCase``, ``MayBeMoving``."""
        return self._act(
            command, lambda tx, refund: _alone(refund).close(command.reason, by=command.by.id, at=self.now())
        )

    @one_transaction
    def send(self, command: SendRefund) -> RefundAnswer:
        """Raises ``NobodyPays``, ``NotHeld``: its money is another's by now."""

        def step(tx: Transaction, refund: RefundOrder) -> Change[RefundOrder]:
            if not refund.platform_refund_no:
                raise NobodyPays(refund_id=refund.id)
            if refund.state is RefundState.APPROVED:
                check_held(tx.refund_ledgers.of(tx.orders.get(refund.order_id)), refund)
            return refund.send(at=self.now())

        return self._act(command, step)

    @one_transaction
    def pay_by_hand(self, command: PayByHand) -> RefundAnswer:
        """Book what was approved, once. What goes beyond what was paid is never ours to decide.

        Raises:
            MayBeMoving: it was sent and its answer is not there.
            MoveNotAllowed: it is not approved, or over.
            PlatformPays: it has a number at a platform that pays, and nobody says why it will not.
            NotHeld: its money is another's by now.
            OthersGoOn, UnitsHaveClaims, AboveRoleLimit.
        """

        def step(tx: Transaction, refund: RefundOrder) -> Change[RefundOrder]:
            at = self.now()
            paid = refund.pay_by_hand(
                platform_pays=_platform_pays(tx, refund),
                not_by_platform=command.not_by_platform,
                reason=command.reason,
                paid_at=command.paid_at or at,
                by=command.by.id,
                at=at,
            )
            _check_still_to_decide(tx, refund)
            _check_limit(refund.amount, tx.aftersales_terms.of(refund.shop_id), command.by)
            check_held(tx.refund_ledgers.of(tx.orders.get(refund.order_id)), refund)
            return paid

        return self._act(command, step)

    @one_transaction
    def tag(self, command: TagRefund) -> RefundAnswer:
        return self._act(command, lambda tx, refund: refund.tag(*command.tags, at=self.now()))

    @one_transaction
    def untag(self, command: UntagRefund) -> RefundAnswer:
        return self._act(command, lambda tx, refund: refund.untag(*command.tags, at=self.now()))

    @one_transaction
    def explain(self, command: ExplainRefund) -> RefundAnswer:
        return self._act(command, lambda tx, refund: refund.explain_internally(command.reason, at=self.now()))

    @one_transaction
    def settle_difference(self, command: SettleRefundDifference) -> RefundAnswer:
        return self._act(command, lambda tx, refund: refund.settle_difference(command.what, at=self.now()))

    @one_transaction
    def pay_compensation(self, command: PayCompensation) -> RefundAnswer:
        """Raises ``NoSuchCompensation``, ``CompensationSettled``."""

        def step(tx: Transaction, refund: RefundOrder) -> Change[RefundOrder]:
            by, reason = command.by.id, command.reason
            return refund.pay_compensation(command.line, command.how, reason=reason, by=by, at=self.now())

        return self._act(command, step)

    @one_transaction
    def compensate(self, command: Compensate) -> RefundAnswer:
        """Raises ``CompensationNotAllowed``, ``CompensationAboveLimit``."""

        def step(tx: Transaction, refund: RefundOrder) -> Change[RefundOrder]:
            terms = tx.aftersales_terms.of(refund.shop_id)
            given = Compensation(
                refund_id=refund.id,
                kind=command.kind,
                amount=command.amount,
                reason=command.reason,
                by=command.by.id,
                role=role_of(command.by),
                at=self.now(),
            )
            before = (each for other in tx.refunds.of_order(refund.order_id) for each in other.compensations)
            return refund.compensate(given, given=before, limits=_limits(terms, given.role), at=self.now())

        return self._act(command, step)

    @one_transaction
    def book_paid(self, command: BookPaid) -> RefundAnswer:
        """Told twice, or after the platform's own message, it happens once."""
        return self._act(
            command,
            lambda tx, refund: refund.succeed(command.amount, moved_at=command.paid_at, at=self.now()),
        )

    @one_transaction
    def book_not_paid(self, command: BookNotPaid) -> RefundAnswer:
        return self._act(
            command,
            lambda tx, refund: (
                refund.fail(command.reason, at=self.now()) if refund.state in MAY_BE_MOVING else Change(refund)
            ),
        )

    @one_transaction
    def book_doubt(self, command: BookDoubt) -> RefundAnswer:
        return self._act(
            command,
            lambda tx, refund: (
                refund.doubt(command.reason, at=self.now()) if refund.state is RefundState.IN_FLIGHT else Change(refund)
            ),
        )

    def to_send(self, command: RefundCommand) -> RefundOrder | None:
        """Return the refund that whoever pays is to be asked for, None if that is not (or no longer) due."""
        with self.begin(command) as tx:
            refund = tx.refunds.get(command.refund_id)
        return refund if refund.state in MAY_BE_MOVING else None

    def book_effects(self, command: BookEffects) -> None:
        """Let the refund's case go on, and its order: whole, it ends; before shipment, its lines are closed.

        Safe to repeat: what has followed already stays as it is.
        """
        self.numbering.run(lambda numbers: self._book_effects(command, numbers), *LETTERS.values(), first=0)

    # -----------------------------------------------------------------------------------------------------------------

    @one_transaction
    def _create(self, command: CreateRefund, numbers: NumberPool) -> RefundAnswer:
        numbers.start()
        with self.begin(command) as tx:
            if done := tx.recall(RefundAnswer):
                return done
            at, order = self.now(), tx.orders.get(command.order_id)
            terms = tx.aftersales_terms.of(order.shop_id)
            check_goes_on(tx, order)
            tx.refund_ledgers.of(order)  # first: who writes to it meanwhile is in the way of this
            check_no_case(tx, order, command.units)
            _check_left(order, command.units)
            proposal = self._proposal(tx, order, command.units, command.with_freight, None)
            if command.amount is not None and command.amount != proposal.amount:
                limit = terms.most(role_of(command.by), REFUND)
                proposal = changed(proposal, command.amount, limit=limit, reason=command.reason)
            _check_limit(proposal.amount, terms, command.by)
            refund = refund_of(
                proposal,
                asked_at=at,
                at=at,
                id=RefundId(self.new_id()),
                number=numbers.next(LETTERS["refund"]),
                shop_id=order.shop_id,
                order_id=order.id,
                platform_order_no=order.platform_order_no,
                source=RefundSource.MANUAL,
                after_shipment=order.state is not OrderState.CANCELLED,
            )
            change = refund.explain_internally(command.reason, at=at).state.proposed(at=at)
            put_refund(tx, order, change, since=None, at=at)
            answer = answer_of(change.state, changed=True)
            tx.remember(answer)
            tx.commit()
        return answer

    def _proposal(
        self, tx: Transaction, order: SalesOrder, units: tuple[RefundUnits, ...], freight: bool, amount: Money | None
    ) -> Proposal:
        ledger = tx.refund_ledgers.of(order)
        terms = tx.aftersales_terms.of(order.shop_id)
        rule = freight_rule(order.state, goes_back_after=terms.freight_after_shipment, operator_says=freight)
        wants = units or tuple(RefundUnits(line_id=line.line_id, units=((0, line.units),)) for line in ledger.lines)
        return propose_goods_first(ledger, wants, freight=rule, asked_fen=amount.fen if amount else None)

    def _act(self, command: RefundCommand, step: Step) -> RefundAnswer:
        with self.begin(command) as tx:
            if done := tx.recall(RefundAnswer):
                return done
            refund = tx.refunds.get(command.refund_id)
            check_version(refund, command.expected_version)
            change = step(tx, refund)
            put_refund(tx, tx.orders.get(refund.order_id), change, since=refund, at=self.now())
            answer = answer_of(change.state, changed=change.state != refund)
            tx.remember(answer)
            tx.commit()
        return answer

    @one_transaction
    def _book_effects(self, command: BookEffects, numbers: NumberPool) -> None:
        numbers.start()
        with self.begin(command) as tx:
            at = self.now()
            refund = tx.refunds.get(command.refund_id)
            case = tx.cases.get(refund.case_id) if refund.case_id else None
            flow = CaseFlow(tx=tx, numbers=numbers, new_id=self.new_id, at=at, by=command.by.id)
            if case is not None and refund.state is RefundState.SUCCEEDED and refund.moved is not None:
                change = case.refund_succeeded(refund.moved, at=at)
                for over in (each for each in refund.differences if each.what in OVER):
                    change = change.then(change.state.differs(over.what, theirs=over.theirs, ours=over.ours, at=at))
                flow.settle(change, before=case)
            elif case is not None and refund.failure and case.refund_id == refund.id and case.waits_for_money:
                flow.settle(case.refund_failed(refund.failure, at=at), before=case)
            if refund.state is RefundState.SUCCEEDED:
                order = tx.orders.get(refund.order_id)
                follow_refund(tx, order, tx.refund_ledgers.of(order), case, at=at)
            tx.commit()


def follow_money(tx: Transaction, case: AftersalesCase, *, at: datetime) -> None:
    """Let a case's order follow its money, if that has moved: where that is heard of, so that nothing leaves after."""
    refund = tx.refunds.get(case.refund_id) if case.refund_id else None
    if refund is not None and refund.state is RefundState.SUCCEEDED:
        order = tx.orders.get(refund.order_id)
        follow_refund(tx, order, tx.refund_ledgers.of(order), case, at=at)


def follow_refund(
    tx: Transaction, order: SalesOrder, ledger: RefundLedger, case: AftersalesCase | None, *, at: datetime
) -> None:
    """Let an order follow what went back: everything, and it ends; before shipment, and those units never leave."""
    match order_ends_by(ledger, order.state):
        case OrderMove.REFUND_ALL:
            save_order(tx, order.close(reason=REFUNDED, at=at))
        case OrderMove.CANCEL:
            give_back(tx, order, reason=REFUNDED, now=lambda: at)
            save_order(tx, order.cancel(reason=REFUNDED, refunded=True, at=at))
        case _ if case is not None and case.kind is not CaseKind.VIRTUAL_REFUND and order.state in BEFORE_WAREHOUSE:
            _keep_back(tx, order, ledger, case, at)


def _keep_back(tx: Transaction, order: SalesOrder, ledger: RefundLedger, case: AftersalesCase, at: datetime) -> None:
    """Take units that gave everything back out of what is to leave, and set free what is held for them.

    Of a unit that gave back a part only, a person says whether it leaves.
    """
    refunded = {line.id: refunded_units(ledger, line.id) for line in order.lines}
    lines = tuple(_kept_back(line, count(refunded[line.id])) for line in order.lines)
    change = order.revise(lines=lines, at=at)
    hold_less(tx, order, change.state)
    leaving = {line.id for line in order.lines if not line.is_closed}
    part = any(
        count(common(each.units, refunded.get(each.line_id, ()))) < count(each.units)
        for each in case.lines
        if each.line_id in leaving
    )
    if part:
        change = change.then(change.state.flag(FlagKind.INTERCEPTED, reason=PART_REFUNDED, by=BY_REFUND, at=at))
    record(tx, tx.orders, change, since=order)


def _kept_back(line: OrderLine, refunded: int) -> OrderLine:
    if line.is_closed or not refunded:
        return line
    if refunded >= line.quantity:
        return evolve(line, is_closed=True)
    return evolve(line, called_off=max(line.called_off, min(refunded, line.quantity - line.shipped)))


def hold_less(tx: Transaction, before: SalesOrder, after: SalesOrder) -> None:
    """Hold for an order only what it still ships, where it holds anything: in one step, so nobody comes between."""
    held = tx.stock.held_by(before.id)
    if not held or before.contents == after.contents:
        return
    tx.stock.release(before.id)
    left = {line_id: units for line_id, _, units in after.contents}
    kept = [evolve(each, quantity=left[each.line_id]) for each in held if each.line_id in left]
    if kept:
        tx.stock.reserve(before.id, kept, attempt=attempt_of(before))


def answer_of(refund: RefundOrder, *, changed: bool) -> RefundAnswer:
    return RefundAnswer(
        id=refund.id,
        number=refund.number,
        state=refund.state,
        amount=refund.amount,
        order_id=refund.order_id,
        case_id=refund.case_id,
        version=refund.version + changed,
    )


def _platform_pays(tx: Transaction, refund: RefundOrder) -> bool:
    """Whether it has a number at a platform that pays; what new goods cost less is paid by hand."""
    if not refund.platform_refund_no:
        return False
    return refund.case_id is None or tx.cases.get(refund.case_id).kind in GIVES_MONEY_BACK


def _check_still_to_decide(tx: Transaction, refund: RefundOrder) -> None:
    """Raises ``OthersGoOn``; ``UnitsHaveClaims``: since it was made, cases were opened for the units."""
    order = tx.orders.get(refund.order_id)
    check_goes_on(tx, order)
    if refund.case_id is None:
        check_no_case(tx, order, refund.wants)


def _alone(refund: RefundOrder) -> RefundOrder:
    if refund.case_id is not None:
        raise HasCase(case_id=refund.case_id)
    return refund


def _check_left(order: SalesOrder, units: tuple[RefundUnits, ...]) -> None:
    """Raises ``StillHere`` if any of the units (none: all) could leave after their money went back."""
    if order.state not in STILL_HERE:
        return
    part = order.state is OrderState.PARTIALLY_SHIPPED
    gone = {line.id: line.quantity if line.is_closed else line.shipped if part else 0 for line in order.lines}
    runs = [(gone.get(want.line_id, 0), run) for want in units for run in want.units]
    if not runs or any(stop > left for left, (_, stop) in runs):
        raise StillHere(state=order.state)


def _check_limit(amount: Money, terms: AftersalesTerms, by: Actor) -> None:
    limit = terms.most(role_of(by), REFUND)
    if limit is not None and amount > limit:
        raise AboveRoleLimit(amount=amount, limit=limit)


def _limits(terms: AftersalesTerms, role: str) -> tuple[CompensationLimit, ...]:
    """Return what a role may give of each kind; what is not there it may not give."""
    found = ((kind, terms.most(role, str(kind))) for kind in CompensationKind)
    return tuple(CompensationLimit(role=role, kind=kind, most=most) for kind, most in found if most is not None)
