"""The refund order (退款单): money on its way back to the buyer, from the proposal to the fact."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar, Final

from attrs import evolve, field, frozen

from oms_domain.kernel.change import Change, Event
from oms_domain.kernel.errors import Refused
from oms_domain.kernel.identity import CaseId, OrderId, RefundId, ShopId
from oms_domain.kernel.money import Money
from oms_domain.kernel.states import next_state
from oms_domain.kernel.text import checked_text, mask_digits
from oms_domain.refunds import events as e
from oms_domain.refunds.compensation import (
    Compensation,
    CompensationLimit,
    CompensationSettled,
    NoSuchCompensation,
    Payout,
    compensate,
)
from oms_domain.refunds.ledger import EntryKind, NotHeld, RefundLedger, Taken
from oms_domain.refunds.placing import RefundUnits, settled
from oms_domain.refunds.proposal import Proposal
from oms_domain.refunds.states import (
    HOLDS_MONEY,
    MAY_BE_MOVING,
    PLATFORM_RANK,
    REFUND_TABLE,
    DocumentState,
    PlatformRefundState,
    RefundMove,
    RefundSource,
    RefundState,
)

S, M = RefundState, RefundMove

BY_PLATFORM: Final = "platform"
BY_SYSTEM: Final = "system"
PAID_TWICE: Final = "paid_twice"
"""The discrepancy of a refund that was paid by hand, and by its platform too."""
EXCESS: Final = "excess"
"""The discrepancy of a refund of which more was given back than there was."""
OVER: Final = frozenset({EXCESS, PAID_TWICE})
"""Discrepancies of money beyond what was paid, which a person sees to."""
PAID_OTHERWISE: Final = "paid_otherwise"
"""The discrepancy of a refund whose units' money has gone back otherwise, so that it is of less or of nothing."""
LONGEST_REASON: Final = 500
LONGEST_TAG: Final = 40
MOST_TAGS: Final = 20


@frozen(kw_only=True)
class MayBeMoving(Refused):
    """It was sent and its answer is not there: it can be neither changed nor closed before that."""

    code: ClassVar[str] = "refunds.may_be_moving"
    refund_id: RefundId


@frozen(kw_only=True)
class PlatformPays(Refused):
    """The platform pays it: by hand it is paid only where an operator says, with the reason, that it will not."""

    code: ClassVar[str] = "refunds.platform_pays"
    refund_id: RefundId
    platform_refund_no: str


@frozen(kw_only=True)
class TooManyTags(Refused):
    """A document has at most 20 tags."""

    code: ClassVar[str] = "refunds.too_many_tags"
    most: int


@frozen(kw_only=True)
class PlatformFact:
    """What a platform says about a refund, at its own time."""

    state: PlatformRefundState
    amount: Money
    modified_at: datetime

    @property
    def order_key(self) -> tuple[datetime, int]:
        return (self.modified_at, PLATFORM_RANK[self.state])


@frozen(kw_only=True)
class RefundDifference:
    """A discrepancy that a person has not dealt with: what the payer says, and what we have."""

    what: str  # amount, succeeded_after_close, closed_after_success, paid_twice, excess, paid_otherwise
    theirs: str
    ours: str


@frozen(kw_only=True)
class RefundOrder:
    """Money that goes back to the buyer (退款单).

    ``id`` is made and stored before anybody outside is asked, and goes with every ask: an answer and the platform's
    message find it by that, in any order, twice, or never.
    """

    id: RefundId
    number: str
    shop_id: ShopId
    order_id: OrderId
    case_id: CaseId | None = None
    platform_order_no: str = ""
    platform_refund_no: str = ""
    source: RefundSource = RefundSource.PLATFORM
    after_shipment: bool
    state: RefundState = RefundState.PROPOSED
    amount: Money
    wants: tuple[RefundUnits, ...]
    taken: tuple[Taken, ...]  # the amount by unit and tender, as the ledger holds it
    asked: Money | None = None
    changed_because: str = ""
    heard: PlatformFact | None = None  # the platform's newest word
    attempts: int = 0
    failure: str = ""
    moved: Money | None = None
    paid_by: str = ""  # the operator who paid it by hand
    paid_because: str = ""
    not_by_platform: str = ""  # why it was paid by hand although the platform pays
    excess_fen: int = 0  # of what moved, beyond what was paid: as the ledger has it
    paid_besides: Money | None = None  # by the platform, although it was paid by hand: nothing but excess
    closed_because: str = ""
    closed_by: str = ""
    differences: tuple[RefundDifference, ...] = ()
    compensations: tuple[Compensation, ...] = ()  # given beside it, never hidden in it
    tags: tuple[str, ...] = ()
    internal_reason: str = ""
    asked_at: datetime
    finished_at: datetime | None = None
    created_at: datetime
    updated_at: datetime
    version: int = field(default=0)

    @property
    def platform_state(self) -> PlatformRefundState:
        """Where it stands at the platform; one made by hand follows our own state."""
        if self.heard is not None:
            return self.heard.state
        ours = {S.SUCCEEDED: PlatformRefundState.SUCCEEDED, S.CLOSED: PlatformRefundState.CLOSED}
        return ours.get(self.state, PlatformRefundState.PENDING)

    @property
    def document_state(self) -> DocumentState | None:
        """Whether somebody here has dealt with it; the list before shipment has no such state."""
        if not self.after_shipment:
            return None
        return DocumentState.PENDING_REVIEW if self.state is S.PROPOSED else DocumentState.PROCESSED

    @property
    def by_tender(self) -> tuple[tuple[str, int], ...]:
        found: dict[str, int] = {}
        for each in self.taken:
            found[each.tender] = found.get(each.tender, 0) + each.fen
        return tuple(found.items())

    def proposed(self, *, at: datetime) -> Change[RefundOrder]:
        """Return the new document with the fact that it was made."""
        return self._told(
            e.RefundProposed,
            self,
            at,
            number=self.number,
            source=self.source,
            amount=self.amount,
            asked=self.asked,
            by_tender=self.by_tender,
        )

    # --- ours to say -------------------------------------------------------------------------------------------------

    def repropose(self, proposal: Proposal, *, at: datetime) -> Change[RefundOrder]:
        """Make it of another amount or other units, while nobody has approved it."""
        next_state(REFUND_TABLE, self.state, M.APPROVE)
        changed = evolve(
            self,
            amount=proposal.amount,
            wants=proposal.now.wants,
            taken=proposal.taken,
            changed_because=proposal.changed_because,
            updated_at=at,
        )
        facts = {"amount": changed.amount, "by_tender": changed.by_tender, "reason": changed.changed_because}
        return self._told(e.RefundReproposed, changed, at, **facts)

    def approve(self, *, by: str, at: datetime) -> Change[RefundOrder]:
        """Let it be sent."""
        return self._told(e.RefundApproved, self._moved(M.APPROVE, at), at, by=by)

    def ask_again(self, *, at: datetime) -> Change[RefundOrder]:
        """Review it anew, since what is asked has changed before it was sent."""
        if self.state is S.CLOSED:
            next_state(REFUND_TABLE, self.state, M.APPROVE)  # what was given up is not ours to open again
        return self._told(e.RefundReopened, self._moved(M.REOPEN, at, failure=""), at)

    def send(self, *, at: datetime) -> Change[RefundOrder]:
        """Have whoever pays asked, for the first time or again: always under this refund's own id."""
        sent = self._moved(M.SEND, at, attempts=self.attempts + 1, failure="")
        return self._told(e.RefundSent, sent, at, amount=self.amount, attempt=sent.attempts)

    def doubt(self, reason: str, *, at: datetime) -> Change[RefundOrder]:
        """No answer came, or none that says what happened. It is asked for, never guessed.

        Where the platform's message has said it meanwhile, there is no doubt and nothing changes.
        """
        if self.state in (S.SUCCEEDED, S.CLOSED):
            return Change(self)
        doubted = self._moved(M.DOUBT, at, failure=_reason(reason))
        return self._told(e.RefundInDoubt, doubted, at, reason=doubted.failure)

    def fail(self, reason: str, *, at: datetime) -> Change[RefundOrder]:
        """The payer says no: nothing has moved. Said twice, or after it moved or was closed, it changes nothing."""
        because = _reason(reason)
        told = self.state is S.APPROVED and self.failure == because != ""
        if told or self.state in (S.SUCCEEDED, S.CLOSED):
            return Change(self)
        failed = self._moved(M.FAIL, at, failure=because)
        return self._told(e.RefundFailed, failed, at, reason=failed.failure)

    def close(self, reason: str, *, by: str, at: datetime) -> Change[RefundOrder]:
        """Give it up.

        Raises:
            MayBeMoving: it was sent and its answer is not there.
        """
        if self.state in MAY_BE_MOVING:
            raise MayBeMoving(refund_id=self.id)
        because = _reason(reason)
        closed = self._moved(M.CLOSE, at, closed_because=because, closed_by=by, finished_at=at)
        return self._told(e.RefundClosed, closed, at, reason=because, by=by)

    def give_way(self, taken: tuple[Taken, ...], paid: Money, *, at: datetime) -> Change[RefundOrder]:
        """Be of what is left, since money of its units has gone back otherwise; of nothing, it is closed.

        What a platform asks for stays of its amount and is held no more: only a fact moves it, or the platform
        asks for less.

        Args:
            paid: what has moved otherwise.
        """
        next_state(REFUND_TABLE, self.state, M.CLOSE)
        if taken == self.taken:
            return Change(self)
        left = Money(sum(each.fen for each in taken), self.amount.currency)
        asked_there = bool(self.platform_refund_no)
        lower = evolve(
            self,
            amount=self.amount if asked_there else left,
            taken=taken,
            changed_because=PAID_OTHERWISE,
            updated_at=at,
        )
        facts = {"amount": lower.amount, "by_tender": lower.by_tender, "reason": PAID_OTHERWISE}
        change = self._told(e.RefundReproposed, lower, at, **facts)
        change = change.then(lower._differs(PAID_OTHERWISE, str(paid), str(self.amount), at))
        if left.fen or asked_there:
            return change
        return change.then(change.state.close(PAID_OTHERWISE, by=BY_SYSTEM, at=at))

    def pay_by_hand(
        self,
        *,
        platform_pays: bool,
        not_by_platform: str = "",
        reason: str = "",
        paid_at: datetime,
        by: str,
        at: datetime,
    ) -> Change[RefundOrder]:
        """Book that an operator has given the money back: what was approved, once.

        What the platform pays of it afterwards is excess.

        Args:
            platform_pays: it has a number at a platform that pays.
            not_by_platform: why the platform will not.

        Raises:
            MayBeMoving: it was sent and its answer is not there.
            MoveNotAllowed: it is not approved, or over.
            PlatformPays: and nobody says why it will not.
        """
        if self.state in MAY_BE_MOVING:
            raise MayBeMoving(refund_id=self.id)
        next_state(REFUND_TABLE, self.state, M.PAY)
        if platform_pays and not (because := _reason(not_by_platform)):
            raise PlatformPays(refund_id=self.id, platform_refund_no=self.platform_refund_no)
        paid = self._moved(
            M.PAY,
            at,
            moved=self.amount,
            finished_at=paid_at,
            failure="",
            paid_by=by,
            paid_because=_reason(reason),
            not_by_platform=because if platform_pays else "",
        )
        return self._told(e.RefundSucceeded, paid, at, amount=self.amount, by=by)

    # --- facts -------------------------------------------------------------------------------------------------------

    def succeed(self, amount: Money, *, moved_at: datetime, at: datetime) -> Change[RefundOrder]:
        """The money is with the buyer: a fact in every state, told by the answer, the message, or both, in any order.

        Another amount than ours, or money that moved after we had closed, is kept as a discrepancy. Where it was paid
        by hand before, the buyer has it twice.

        Args:
            moved_at: when it moved, by who paid.
        """
        if self.paid_by:
            return self._paid_twice(amount, at)
        if self.state is S.SUCCEEDED:
            same = self.moved == amount
            return Change(self) if same else self._differs("amount", str(amount), str(self.moved), at)
        late = self.state is S.CLOSED and self.closed_by != BY_PLATFORM
        done = self._moved(
            M.SUCCEED, at, moved=amount, finished_at=moved_at, failure="", closed_because="", closed_by=""
        )
        change = self._told(e.RefundSucceeded, done, at, amount=amount)
        if late:
            change = change.then(done._differs("succeeded_after_close", str(amount), self.closed_because, at))
        if amount != self.amount:
            change = change.then(change.state._differs("amount", str(amount), str(self.amount), at))
        return change

    def exceeds(self, excess_fen: int, *, at: datetime) -> Change[RefundOrder]:
        """Show how much of what moved is beyond what was paid. Shown already, nothing happens."""
        if excess_fen == self.excess_fen:
            return Change(self)
        known = evolve(self, excess_fen=excess_fen, updated_at=at)
        if any(each.what == PAID_TWICE for each in self.differences):
            return self._told(e.RefundRevised, known, at, what=("excess_fen",))
        moved = self.moved or self.amount
        return known._differs(EXCESS, str(moved), str(moved - Money(excess_fen, moved.currency)), at)

    def hear(self, fact: PlatformFact, *, at: datetime) -> Change[RefundOrder]:
        """Take the platform's word in, by its own time: an older one changes nothing, nor does the same again.

        Equal in time and state but of another amount: it must be fetched again.
        """
        if self.heard is not None and fact.order_key <= self.heard.order_key:
            ambiguous = fact.order_key == self.heard.order_key and fact != self.heard
            return self._told(e.RefundAmbiguous, self, at) if ambiguous else Change(self)
        # The answer to our own ask may have come first; what it said stands until the platform says otherwise.
        change = self._revise(at, heard=fact, asked=fact.amount)
        match fact.state:
            case PlatformRefundState.SUCCEEDED:
                done = change.state.succeed(fact.amount, moved_at=fact.modified_at, at=at)
                return change.then(done).then(done.state._dated(fact.modified_at, at))
            case PlatformRefundState.CLOSED:
                return change.then(change.state._closed_at_platform(at))
            case _:
                return change.then(change.state._pending_at_platform(at))

    def goes_on_with(
        self, order_id: OrderId, wants: tuple[RefundUnits, ...], taken: tuple[Taken, ...], *, at: datetime
    ) -> Change[RefundOrder]:
        """Follow its units to the order that has them now. Where the money is does not change by that."""
        return self._revise(at, order_id=order_id, wants=wants, taken=taken)

    def asked_at_platform(self, refund_no: str, *, at: datetime) -> Change[RefundOrder]:
        """Take the number that the platform has given it."""
        return self._revise(at, platform_refund_no=refund_no)

    # --- beside the state --------------------------------------------------------------------------------------------

    def compensate(
        self,
        compensation: Compensation,
        *,
        given: Iterable[Compensation],
        limits: Iterable[CompensationLimit],
        at: datetime,
    ) -> Change[RefundOrder]:
        """Give something beside the refund, in a line of its own.

        Args:
            given: what the whole order was given before.

        Raises:
            AmountNotPositive, CompensationNotAllowed, CompensationAboveLimit, InvalidText, CurrencyMismatch.
        """
        checked = compensate(compensation, given=given, limits=limits)
        kept = evolve(self, compensations=(*self.compensations, checked), updated_at=at)
        facts = {"kind": checked.kind, "amount": checked.amount, "reason": checked.reason, "by": checked.by}
        return self._told(e.CompensationGiven, kept, at, **facts)

    def pay_compensation(self, line: int, how: Payout, *, reason: str, by: str, at: datetime) -> Change[RefundOrder]:
        """Book that what was given beside it is with the buyer, once. ``line``: which one, counted from 1.

        Raises:
            NoSuchCompensation, CompensationSettled, InvalidText.
        """
        if not 1 <= line <= len(self.compensations):
            raise NoSuchCompensation(line=line)
        given = self.compensations[line - 1]
        if given.standing != "given":
            raise CompensationSettled(line=line)
        paid = evolve(given, paid_at=at, paid_by=by, paid_how=how, paid_because=_reason(reason))
        lines = (*self.compensations[: line - 1], paid, *self.compensations[line:])
        facts = {"line": line, "kind": given.kind, "amount": given.amount, "how": how, "by": by}
        return self._told(e.CompensationPaid, evolve(self, compensations=lines, updated_at=at), at, **facts)

    def tag(self, *tags: str, at: datetime) -> Change[RefundOrder]:
        """Add tags of the managed list. Raises ``TooManyTags``, ``InvalidText``."""
        new = (checked_text(tag, field="tags", longest=LONGEST_TAG, allow_empty=False) for tag in tags)
        tags = tuple(dict.fromkeys((*self.tags, *new)))
        if len(tags) > MOST_TAGS:
            raise TooManyTags(most=MOST_TAGS)
        return self._revise(at, tags=tags)

    def untag(self, *tags: str, at: datetime) -> Change[RefundOrder]:
        """Take tags away; one that is not there is no matter."""
        return self._revise(at, tags=tuple(tag for tag in self.tags if tag not in tags))

    def explain_internally(self, reason: str, *, at: datetime) -> Change[RefundOrder]:
        """Save why it was refunded, for ourselves (内部原因)."""
        return self._revise(at, internal_reason=_reason(reason))

    def settle_difference(self, what: str, *, at: datetime) -> Change[RefundOrder]:
        """A person has dealt with a discrepancy; one that is not there is no matter."""
        return self._revise(at, differences=tuple(each for each in self.differences if each.what != what))

    # -----------------------------------------------------------------------------------------------------------------

    def _closed_at_platform(self, at: datetime) -> Change[RefundOrder]:
        """The platform says that nothing has moved and nothing will."""
        if self.state is S.SUCCEEDED and self.paid_by and self.paid_besides is None:
            return Change(self)  # it was not the platform that paid
        if self.state is S.SUCCEEDED:
            return self._differs("closed_after_success", str(PlatformRefundState.CLOSED), str(self.moved), at)
        if self.state is S.CLOSED:
            return Change(self)
        change = self.fail("closed at the platform", at=at) if self.state in MAY_BE_MOVING else Change(self)
        return change.then(change.state.close("closed at the platform", by=BY_PLATFORM, at=at))

    def _paid_twice(self, amount: Money, at: datetime) -> Change[RefundOrder]:
        if self.paid_besides == amount:
            return Change(self)
        if self.paid_besides is not None:
            return self._differs("amount", str(amount), str(self.paid_besides), at)
        return evolve(self, paid_besides=amount)._differs(PAID_TWICE, str(amount), str(self.moved), at)

    def _pending_at_platform(self, at: datetime) -> Change[RefundOrder]:
        if self.state is not S.CLOSED or self.closed_by != BY_PLATFORM:
            return Change(self)
        again = self._moved(M.REOPEN, at, closed_because="", closed_by="", finished_at=None, failure="")
        return self._told(e.RefundReopened, again, at)

    def _dated(self, finished_at: datetime, at: datetime) -> Change[RefundOrder]:
        """The platform's own time of the payment is the one that counts, whichever word came first."""
        return self._revise(at, finished_at=finished_at)

    def _differs(self, what: str, theirs: str, ours: str, at: datetime) -> Change[RefundOrder]:
        found = RefundDifference(what=what, theirs=theirs, ours=ours)
        if found in self.differences:
            return Change(self)
        others = tuple(each for each in self.differences if each.what != what)
        kept = evolve(self, differences=(*others, found), updated_at=at)
        return self._told(e.RefundDiffers, kept, at, what=what, theirs=theirs, ours=ours)

    def _revise(self, at: datetime, **facts: Any) -> Change[RefundOrder]:
        changed = tuple(sorted(name for name, value in facts.items() if getattr(self, name) != value))
        if not changed:
            return Change(self)
        return self._told(e.RefundRevised, evolve(self, **facts, updated_at=at), at, what=changed)

    def _moved(self, move: RefundMove, at: datetime, **changes: Any) -> RefundOrder:
        return evolve(self, state=next_state(REFUND_TABLE, self.state, move), updated_at=at, **changes)

    def _told(
        self, kind: type[e.RefundEvent], after: RefundOrder, at: datetime, /, **facts: Any
    ) -> Change[RefundOrder]:
        event: Event = kind(
            refund_id=self.id, order_id=self.order_id, case_id=self.case_id, state=after.state, at=at, **facts
        )
        return Change(after, (event,))


def refund_of(proposal: Proposal, *, asked_at: datetime, at: datetime, **facts: Any) -> RefundOrder:
    """Return the refund order of a proposal. ``facts``: id, number, shop, order, and what it comes from."""
    return RefundOrder(
        amount=proposal.amount,
        wants=proposal.now.wants,
        taken=proposal.taken,
        asked=None if proposal.asked_fen is None else Money(proposal.asked_fen, proposal.currency),
        changed_because=proposal.changed_because,
        asked_at=asked_at,
        created_at=at,
        updated_at=at,
        **facts,
    )


def booked(ledger: RefundLedger, refund: RefundOrder, *, at: datetime) -> RefundLedger:
    """Return the ledger as a refund order wants it: held, moved or let go. Stored in one transaction with the order.

    Safe to repeat: what stands already is not booked again.

    Raises:
        NothingLeft, HeldOtherwise: what it holds is not there; it must be proposed anew (``repropose``).
    """
    if refund.state is S.SUCCEEDED and refund.moved is not None:
        ledger = settled(ledger, refund.id, refund.wants, refund.moved.fen, at=at)
        besides = refund.paid_besides
        return ledger if besides is None else ledger.moved_besides(refund.id, besides.fen, at=at)
    if refund.state in HOLDS_MONEY:
        held = ledger.standing.get(refund.id)
        if held is not None and held.taken != refund.taken:
            ledger = ledger.release(refund.id, at=at)
        return ledger.hold(refund.id, refund.taken, at=at)
    return ledger.release(refund.id, at=at) if refund.id in ledger.standing else ledger


def check_held(ledger: RefundLedger, refund: RefundOrder) -> None:
    """Check that the whole amount of a refund is held for it: before anybody pays it, or is asked to.

    Raises:
        NotHeld: what it is of is another's by now, or less is left of it.
    """
    entry = ledger.standing.get(refund.id)
    if entry is None or entry.kind is not EntryKind.HELD or entry.fen != refund.amount.fen:
        raise NotHeld(refund_id=refund.id)


def _reason(text: str) -> str:
    """Check a reason; a phone number that somebody put into it does not go into the log."""
    return mask_digits(checked_text(text, field="reason", longest=LONGEST_REASON))
