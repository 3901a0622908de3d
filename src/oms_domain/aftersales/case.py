"""The aftersales case (售后单): a buyer's claim on units of one order, from the ask to its end."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from attrs import evolve, field, frozen

from oms_domain.aftersales import events as e
from oms_domain.aftersales.evidence import MOST_EVIDENCE, TooMuchEvidence
from oms_domain.aftersales.limits import NO_LIMIT, Due
from oms_domain.aftersales.refusals import (
    AddressNotNeeded,
    AddressSettled,
    AgainstTheRules,
    CaseInDispute,
    MoneyUnderWay,
    NoSuchDifference,
    NotInDispute,
    NotOverdue,
    RefundAboveCap,
    RefundNotPositive,
    SameKind,
)
from oms_domain.aftersales.states import ASKS_GOODS_BACK, CASE_TABLES, GIVES_MONEY_BACK, OPEN, SENDS_GOODS
from oms_domain.aftersales.states import CaseKind as K
from oms_domain.aftersales.states import CaseMove as M
from oms_domain.aftersales.states import CaseState as S
from oms_domain.aftersales.surprises import surprises
from oms_domain.aftersales.values import (
    AGAINST_RULES,
    BY_ORDER,
    AskedBy,
    CaseLine,
    Closing,
    Difference,
    Parted,
    Responsibility,
    Sent,
)
from oms_domain.apportionment.units import Runs
from oms_domain.channels.standard import Region
from oms_domain.kernel.change import Change, Event
from oms_domain.kernel.errors import MoveNotAllowed
from oms_domain.kernel.identity import (
    CaseId,
    EvidenceId,
    LineId,
    OrderId,
    RefundId,
    ReturnOrderId,
    ShopId,
    SkuCode,
    VaultId,
)
from oms_domain.kernel.money import Money
from oms_domain.kernel.states import next_state
from oms_domain.kernel.text import checked_text, mask_digits

BY_PLATFORM: Final = "platform"
BY_SYSTEM: Final = "system"
LONGEST_REASON: Final = 500
LONGEST_DESCRIPTION: Final = 2000


@frozen(kw_only=True)
class AftersalesCase:
    """A buyer's claim on units of one order (售后单). A unit is in at most one open case."""

    id: CaseId
    number: str
    shop_id: ShopId
    order_id: OrderId
    kind: K
    state: S = S.AWAITING_REVIEW
    lines: tuple[CaseLine, ...]
    reason: str  # of the managed list
    description: str = ""
    evidence: tuple[EvidenceId, ...] = ()
    asked_by: AskedBy = AskedBy.BUYER
    asked: Money | None = None  # None: no amount was named
    refund: Money | None = None  # what was granted
    approved_by: str = ""  # an operator, or the platform
    refunded: Money | None = None  # what has moved
    responsibility: Responsibility | None = None
    platform_refund_no: str = ""
    return_to: VaultId | None = None  # where the goods go
    return_mask: str = ""
    send_to: VaultId | None = None  # where the new goods go
    send_mask: str = ""
    send_region: Region | None = None  # None: where the order went
    carrier: str = ""  # with which the goods come back
    tracking_no: str = ""
    return_id: ReturnOrderId | None = None
    refund_id: RefundId | None = None
    replacement_id: OrderId | None = None  # the order that sends the new goods
    sent: Sent = BY_ORDER  # how new or repaired goods went, where a person sent them
    owed: Money | None = None  # what the new goods of an exchange cost less
    linked_to: CaseId | None = None  # the case that this one goes on for
    override: str = ""
    in_dispute: str = ""  # why
    secured: bool = False  # nothing leaves, the goods are back, the right is taken back: the money may go
    differences: tuple[Difference, ...] = ()
    closing: Closing | None = None
    due: Due = NO_LIMIT  # of the state that it is in
    opened_at: datetime
    updated_at: datetime
    version: int = field(default=0)  # counted by the store, which refuses a stale one

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def waits_for_money(self) -> bool:
        return self.state is S.AWAITING_REFUND

    @property
    def claims_goods(self) -> bool:
        """Whether goods of it that come are accounted for: it is open, or ended with what was asked."""
        return self.state is not S.CLOSED

    @property
    def rule_against(self) -> str:
        """Which of our rules refuses it, where nobody has set that aside; empty: none."""
        return next((each.ours for each in self.differences if each.what == AGAINST_RULES), "")

    @property
    def units(self) -> tuple[tuple[LineId, SkuCode, Runs], ...]:
        return tuple((line.line_id, line.sku, line.units) for line in self.lines)

    def opened(self, *, at: datetime) -> Change[AftersalesCase]:
        """Return the new case with the fact that it was opened. Whether it may be is ``policy``'s answer."""
        return self._told(
            e.CaseOpened,
            self,
            at,
            number=self.number,
            reason=self.reason,
            asked_by=self.asked_by,
            asked=self.asked,
            units=self.units,
            linked_to=self.linked_to,
            override=self.override,
        )

    # --- review ------------------------------------------------------------------------------------------------------

    def approve(
        self, refund: Money | None = None, *, cap: Money | None = None, by: str, at: datetime
    ) -> Change[AftersalesCase]:
        """Grant what is asked, for an amount where money goes back.

        Args:
            refund: more than 0 for the kinds that give money back; None for any other.
            cap: what the units may still give back, other open cases counted.

        Raises:
            AgainstTheRules: a discrepancy says which rule refuses it, and nobody has settled that.
            RefundNotPositive, RefundAboveCap.
        """
        state = self._after(M.APPROVE)
        self.check_rules()
        self._checked_refund(refund, cap)
        case = self._moved(state, at, refund=refund, approved_by=by, closing=None)
        return self._told(e.CaseApproved, case, at, refund=refund, by=by)

    def check_rules(self) -> None:
        """Raises ``AgainstTheRules``."""
        if rule := self.rule_against:
            raise AgainstTheRules(case_id=self.id, rule=rule)

    def reject(self, reason: str, *, by: str, money_under_way: bool = False, at: datetime) -> Change[AftersalesCase]:
        """Refuse what is asked, with a reason that the buyer is shown."""
        return self._closed(M.REJECT, reason, by, money_under_way, at)

    def withdraw(
        self, *, reason: str = "", by: str = "buyer", money_under_way: bool = False, at: datetime
    ) -> Change[AftersalesCase]:
        """The buyer thinks better of it."""
        return self._closed(M.WITHDRAW, reason, by, money_under_way, at)

    def time_out(self, *, at: datetime) -> Change[AftersalesCase]:
        """End it because its time is up, in the states in which somebody was to act first.

        Raises:
            NotOverdue: its due time is not past, or it has none.
        """
        self._after(M.TIME_OUT)
        if not self.due.is_over(at):
            raise NotOverdue(case_id=self.id, due_at=self.due.at)
        return self._closed(M.TIME_OUT, f"no step in {self.state}", BY_SYSTEM, False, at)

    def change_kind(
        self, to: K, *, next_id: CaseId, by: str, money_under_way: bool = False, at: datetime
    ) -> Change[AftersalesCase]:
        """Close it for another kind. ``policy.linked`` makes the case that goes on, in the same transaction.

        Raises:
            SameKind, MoneyUnderWay.
        """
        state = self._after(M.CHANGE_KIND)
        if to is self.kind:
            raise SameKind(kind=to)
        self._no_money_under_way(money_under_way)
        closing = Closing(how=M.CHANGE_KIND, reason=str(to), by=by)
        return self._told(e.CaseKindChanged, self._moved(state, at, closing=closing), at, to=to, next_id=next_id)

    def ask_again(self, asked: Money | None, *, at: datetime) -> Change[AftersalesCase]:
        """Review it anew, since what is asked has changed. What was granted before is void."""
        state = self._after(M.ASK_AGAIN)
        case = self._moved(state, at, asked=asked, refund=None, approved_by="", closing=None, in_dispute="")
        if self.state is S.CLOSED:  # what came then may have gone back to the buyer: the goods are asked back anew
            case = evolve(case, return_id=None, secured=False)
        case = case.wait_until(NO_LIMIT)  # also where it was in review: the time for that begins anew
        return self._told(e.CaseAskedAgain, case, at, asked=asked)

    # --- before the money: goods stopped, right taken back, goods returned -------------------------------------------

    def stopped(self, *, at: datetime) -> Change[AftersalesCase]:
        """Nothing leaves any more: stopped by the warehouse, or never released."""
        return self._told(e.GoodsStopped, self._moved(self._after(M.STOP), at, secured=True), at)

    def cannot_stop(self, reason: str, *, at: datetime) -> Change[AftersalesCase]:
        """It has left: the claim is refused with the warehouse's reason, or goes on as another kind."""
        return self._closed(M.CANNOT_STOP, reason, "warehouse", False, at)

    def revoked(self, *, at: datetime) -> Change[AftersalesCase]:
        """The course is closed, the code void: the money may go back."""
        return self._told(e.RightRevoked, self._moved(self._after(M.REVOKE), at, secured=True), at)

    def cannot_revoke(self, reason: str, *, at: datetime) -> Change[AftersalesCase]:
        """The right has been used: the claim is refused with the business system's reason."""
        return self._closed(M.CANNOT_REVOKE, reason, "business_system", False, at)

    def buyer_sends(self, carrier: str, tracking_no: str, *, at: datetime) -> Change[AftersalesCase]:
        """Note how the goods come back."""
        case = self._moved(self._after(M.BUYER_SENDS), at, carrier=carrier, tracking_no=tracking_no)
        return self._told(e.BuyerSentGoods, case, at, carrier=carrier, tracking_no=tracking_no)

    def receive(self, *, difference: Money | None = None, at: datetime) -> Change[AftersalesCase]:
        """The goods are back as they should be.

        Args:
            difference: what the new goods of an exchange cost more (or less, below 0); None or 0: nothing.

        Raises:
            CaseInDispute: what came is in dispute; ``accept_goods`` or ``reject`` ends that.
        """
        state = self._after(M.RECEIVE)
        if self.in_dispute:
            raise CaseInDispute(case_id=self.id)
        return self._received(state, difference, "", at)

    def dispute(self, reason: str, *, at: datetime) -> Change[AftersalesCase]:
        """Wrong or missing goods came: an operator accepts or refuses."""
        case = self._moved(self._after(M.DISPUTE), at, in_dispute=_reason(reason, allow_empty=False))
        return self._told(e.CaseDisputed, case, at, reason=case.in_dispute)

    def accept_goods(self, *, difference: Money | None = None, by: str, at: datetime) -> Change[AftersalesCase]:
        """Accept what came although it is in dispute. ``by`` the system: what was missing has come.

        Raises:
            NotInDispute.
        """
        state = self._after(M.RECEIVE)
        if not self.in_dispute:
            raise NotInDispute(case_id=self.id)
        return self._received(state, difference, by, at)

    def accept_received(
        self,
        parted: Parted,
        refund: Money | None = None,
        *,
        cap: Money | None = None,
        difference: Money | None = None,
        refused_as: CaseId | None = None,
        by: str,
        at: datetime,
    ) -> Change[AftersalesCase]:
        """Accept the units that came although it is in dispute; the missing ones leave the case.

        Args:
            refund, cap: as for ``approve``, of the units that came.
            refused_as: the case in which the missing units are refused; None: nothing is said about them.

        Raises:
            NotInDispute, RefundNotPositive, RefundAboveCap.
        """
        if not (self._after(M.RECEIVE) and self.in_dispute):
            raise NotInDispute(case_id=self.id)
        self._checked_refund(refund, cap)
        granted = evolve(self, refund=refund, approved_by=by) if refund else self
        case = evolve(granted, lines=parted.kept, updated_at=at)
        told = self._told(
            e.GoodsPartlyAccepted,
            case,
            at,
            units=case.units,
            missing=tuple((line.line_id, line.sku, line.units) for line in parted.missing),
            refund=refund,
            refused_as=refused_as,
            by=by,
        )
        return told.then(case.accept_goods(difference=difference, by=by, at=at))

    # --- exchange ----------------------------------------------------------------------------------------------------

    def pay_difference(self, *, at: datetime) -> Change[AftersalesCase]:
        """The buyer has paid what the new goods cost more."""
        return self._told(e.DifferencePaid, self._moved(self._after(M.PAY_DIFFERENCE), at), at)

    def owe(self, amount: Money, *, by: str, at: datetime) -> Change[AftersalesCase]:
        """Note what the new goods of an exchange cost less, before they leave.

        Raises:
            RefundNotPositive: it is not more than 0, or no exchange.
            MoveNotAllowed: they have left.
        """
        if self.kind is not K.EXCHANGE or amount.fen <= 0:
            raise RefundNotPositive(value=str(amount))
        if not self.is_open or self.state is S.AWAITING_REFUND:
            raise MoveNotAllowed(state=self.state, move=M.SHIP_OWING, allowed=tuple(CASE_TABLES[self.kind][self.state]))
        return self._told(e.DifferenceOwed, evolve(self, owed=amount, updated_at=at), at, amount=amount, by=by)

    def ship_replacement(
        self, sent: Sent = BY_ORDER, *, owed: Money | None = None, by: str = BY_SYSTEM, at: datetime
    ) -> Change[AftersalesCase]:
        """New, forgotten or repaired goods have left.

        Args:
            sent: how, where a person sent them.
            owed: what the new goods of an exchange cost less, more than 0: it is refunded now; None: as ``owe`` said.
        """
        owed = owed or self.owed
        state = self._after(M.SHIP_OWING if owed else M.SHIP_EXCHANGE)
        granted_by = self.approved_by if by == BY_SYSTEM and self.approved_by else by
        grant: dict[str, Any] = {"refund": owed, "approved_by": granted_by} if owed else {}
        case = self._moved(state, at, sent=sent, **grant)
        return self._told(e.ReplacementShipped, case, at, carrier=sent.carrier, tracking_no=sent.tracking_no)

    def replacement_called_off(self, reason: str, *, at: datetime) -> Change[AftersalesCase]:
        """The order that was to send new goods is cancelled: a person says how it goes on."""
        case = self._moved(self._after(M.REPLACEMENT_OFF), at, approved_by="")
        facts = {"replacement_id": self.replacement_id, "reason": _reason(reason)}
        return self._told(e.ReplacementCalledOff, case, at, **facts)

    # --- money -------------------------------------------------------------------------------------------------------

    def refund_failed(self, reason: str, *, at: datetime) -> Change[AftersalesCase]:
        """The money did not move; the case waits on, with the reason."""
        case = self._moved(self._after(M.REFUND_FAILS), at)
        return self._told(e.CaseRefundFailed, case, at, reason=_reason(reason))

    def refund_succeeded(self, amount: Money, *, at: datetime) -> Change[AftersalesCase]:
        """The money is with the buyer: a fact, in whatever state we are.

        Where we were not waiting for it, or another amount moved than was granted, a discrepancy stays for a person.
        Told twice, it happens once.
        """
        if self.state is S.SUCCEEDED and self.refunded == amount:
            return Change(self)
        if self.state is S.SUCCEEDED and self.refunded is not None:
            return self.differs("refund", theirs=str(amount), ours=str(self.refunded), at=at)
        closing = self.closing if self.closing is not None and self.closing.by != BY_PLATFORM else None
        found = surprises(
            amount,
            self.kind,
            approved=self._granted_by_us,
            refund=self.refund,
            secured=self.secured,
            closed_by_us=closing,
        )
        # An exchange may have ended without money, and the platform pays all the same: it stays where it is.
        state = self.state if self.state is S.SUCCEEDED else self._after(M.REFUND_SUCCEEDS)
        grant = {} if self._granted_by_us else {"refund": amount, "approved_by": BY_PLATFORM}
        case = self._moved(state, at, refunded=amount, closing=None, in_dispute="", **grant)
        change = self._told(e.CaseRefunded, case, at, amount=amount)
        for each in found:
            change = change.then(change.state.differs(each.what, theirs=each.theirs, ours=each.ours, at=at))
        return change

    # --- the platform decides ----------------------------------------------------------------------------------------

    def platform_orders_refund(self, *, at: datetime) -> Change[AftersalesCase]:
        """Follow the platform's decision for the buyer. It overrides what we were waiting for."""
        state = self._after(M.PLATFORM_ORDERS_REFUND)
        grant = {} if self._granted_by_us else {"refund": self.asked, "approved_by": BY_PLATFORM}
        case = self._moved(state, at, closing=None, in_dispute="", **grant)
        return self._told(e.PlatformDecided, case, at, decision="for_buyer", previous=self.state)

    def platform_dismisses(self, *, at: datetime) -> Change[AftersalesCase]:
        """Follow the platform's decision for us."""
        closing = Closing(how=M.PLATFORM_DISMISSES, reason="", by=BY_PLATFORM)
        case = self._moved(self._after(M.PLATFORM_DISMISSES), at, closing=closing, in_dispute="", **self._void)
        return self._told(e.PlatformDecided, case, at, decision="for_seller", previous=self.state)

    def closed_at_platform(self, how: M, *, at: datetime) -> Change[AftersalesCase]:
        """Follow the platform, where the buyer withdrew it or the seller refused it (``how``)."""
        closing = Closing(how=how, reason="", by=BY_PLATFORM)
        case = self._moved(self._after(M.WITHDRAW), at, closing=closing, in_dispute="", **self._void)
        return self._told(e.CaseClosed, case, at, how=how, reason="", by=BY_PLATFORM)

    # --- beside the state --------------------------------------------------------------------------------------------

    def blame(self, responsibility: Responsibility, *, reason: str, at: datetime) -> Change[AftersalesCase]:
        """Set who is responsible. The same again changes nothing."""
        if responsibility is self.responsibility:
            return Change(self)
        case = evolve(self, responsibility=responsibility, updated_at=at)
        return self._told(e.ResponsibilitySet, case, at, responsibility=responsibility, reason=_reason(reason))

    def add_evidence(self, evidence_id: EvidenceId, *, by: str, at: datetime) -> Change[AftersalesCase]:
        """Put a file to it, in any state: what is settled may be argued again. One that it names already stays.

        Raises:
            TooMuchEvidence.
        """
        if evidence_id in self.evidence:
            return Change(self)
        if len(self.evidence) >= MOST_EVIDENCE:
            raise TooMuchEvidence(most=MOST_EVIDENCE)
        case = evolve(self, evidence=(*self.evidence, evidence_id), updated_at=at)
        return self._told(e.EvidenceAdded, case, at, evidence_id=evidence_id, by=by)

    def readdress(self, *, at: datetime, **places: Any) -> Change[AftersalesCase]:
        """Name another address for the goods that come back, or for the new ones, as long as nobody was told the old.

        Args:
            places: ``return_to`` and ``return_mask``; ``send_to``, ``send_mask`` and ``send_region``.

        Raises:
            AddressNotNeeded: goods of its kind do not go there.
            AddressSettled: it is granted, or goods are asked for or sent already.
        """
        check_addresses(self.kind, places)
        told = ("return_to" in places and self.return_id) or ("send_to" in places and self.replacement_id)
        if self.state is not S.AWAITING_REVIEW or told:
            raise AddressSettled(case_id=self.id)
        return self.revise(at=at, **places)

    def revise(self, *, at: datetime, **facts: Any) -> Change[AftersalesCase]:
        """Take over facts that are the buyer's or the platform's to say."""
        changed = tuple(sorted(name for name, value in facts.items() if getattr(self, name) != value))
        if not changed:
            return Change(self)
        return self._told(e.CaseRevised, evolve(self, **facts, updated_at=at), at, what=changed)

    def differs(self, what: str, *, theirs: str, ours: str, at: datetime) -> Change[AftersalesCase]:
        """Keep a discrepancy for a person. A newer one of the same sort takes its place; the same again is one."""
        found = Difference(what=what, theirs=theirs, ours=ours)
        if found in self.differences:
            return Change(self)
        others = tuple(each for each in self.differences if each.what != what)
        case = evolve(self, differences=(*others, found), updated_at=at)
        return self._told(e.CaseDiffers, case, at, what=what, theirs=theirs, ours=ours)

    def settle_difference(self, what: str, *, reason: str, at: datetime) -> Change[AftersalesCase]:
        """A person has dealt with a discrepancy; that a claim is against the rules asks for a reason.

        Raises:
            NoSuchDifference.
        """
        left = tuple(each for each in self.differences if each.what != what)
        if left == self.differences:
            raise NoSuchDifference(what=what)
        said = _reason(reason, allow_empty=what != AGAINST_RULES)
        case = evolve(self, differences=left, updated_at=at)
        return self._told(e.CaseDifferenceSettled, case, at, what=what, reason=said)

    def wait_until(self, due: Due) -> AftersalesCase:
        """Return it with the due time of its state: reckoned by ``limits``, stored with the move that led there."""
        return evolve(self, due=due)

    # -----------------------------------------------------------------------------------------------------------------

    @property
    def _granted_by_us(self) -> bool:
        return self.approved_by not in ("", BY_PLATFORM)

    @property
    def _void(self) -> dict[str, Any]:
        """What the platform granted is void when the platform closes it; what we granted is kept to be seen."""
        return {} if self._granted_by_us else {"refund": None, "approved_by": ""}

    def _after(self, move: M) -> S:
        return next_state(CASE_TABLES[self.kind], self.state, move)

    def _received(self, state: S, difference: Money | None, by: str, at: datetime) -> Change[AftersalesCase]:
        if self.kind is K.EXCHANGE and difference is not None and difference.fen > 0:
            state = self._after(M.RECEIVE_UNPAID)
        return self._told(e.GoodsAccepted, self._moved(state, at, in_dispute="", secured=True), at, by=by)

    def _checked_refund(self, refund: Money | None, cap: Money | None) -> None:
        gives = self.kind in GIVES_MONEY_BACK
        if gives != (refund is not None) or (refund is not None and refund.fen <= 0):
            raise RefundNotPositive(value=str(refund))
        if refund is not None and (cap is None or refund > cap):
            raise RefundAboveCap(case_id=self.id, refund=refund, cap=cap or Money(0, refund.currency))

    def _closed(self, how: M, reason: str, by: str, money_under_way: bool, at: datetime) -> Change[AftersalesCase]:
        state = self._after(how)
        self._no_money_under_way(money_under_way)
        closing = Closing(how=how, reason=_reason(reason, allow_empty=how is M.WITHDRAW), by=by)
        case = self._moved(state, at, closing=closing, in_dispute="")
        return self._told(e.CaseClosed, case, at, how=how, reason=closing.reason, by=by)

    def _no_money_under_way(self, under_way: bool) -> None:
        if under_way:
            raise MoneyUnderWay(case_id=self.id)

    def _moved(self, state: S, at: datetime, **changes: Any) -> AftersalesCase:
        due = self.due if state is self.state else NO_LIMIT
        return evolve(self, state=state, due=due, updated_at=at, **changes)

    def _told(
        self, kind: type[e.CaseEvent], case: AftersalesCase, at: datetime, **facts: Any
    ) -> Change[AftersalesCase]:
        event: Event = kind(case_id=self.id, order_id=self.order_id, kind=self.kind, state=case.state, at=at, **facts)
        return Change(case, (event,))


def check_addresses(kind: K, named: Collection[str]) -> None:
    """Raises ``AddressNotNeeded`` for an address that a claim of this kind has no goods for."""
    for name, kinds in (("return_to", ASKS_GOODS_BACK), ("send_to", SENDS_GOODS)):
        if name in named and kind not in kinds:
            raise AddressNotNeeded(field=name, kind=kind)


def _reason(text: str, *, allow_empty: bool = True) -> str:
    """Check a reason; a phone number that somebody put into it does not go into the log."""
    return mask_digits(checked_text(text, field="reason", longest=LONGEST_REASON, allow_empty=allow_empty))
