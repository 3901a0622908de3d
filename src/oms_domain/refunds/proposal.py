"""A proposed refund (退款建议): by rule, explained, and what an operator may make of it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, ClassVar, Final

from attrs import evolve, frozen

from oms_domain.apportionment.units import Runs
from oms_domain.kernel.errors import Invalid, Refused
from oms_domain.kernel.money import Money, print_money
from oms_domain.kernel.text import checked_text, mask_digits
from oms_domain.orders.states import OrderState
from oms_domain.refunds.ledger import RefundLedger, Taken
from oms_domain.refunds.placing import PartialOrder, RefundUnits, place
from oms_domain.refunds.refundable import NotMore, RefundableNow, WhyNot, refundable_now

LONGEST_REASON: Final = 500


class FreightRule(StrEnum):
    """Why freight goes back, or does not."""

    BEFORE_SHIPMENT = "before_shipment"  # nobody has carried anything
    BY_POLICY = "by_policy"
    BY_OPERATOR = "by_operator"
    KEPT = "kept"

    @property
    def goes_back(self) -> bool:
        return self is not FreightRule.KEPT


@frozen(kw_only=True)
class NothingToRefund(Refused):
    """Of these units nothing may go back now; ``why`` lists what is in the way."""

    code: ClassVar[str] = "refunds.nothing_to_refund"
    why: tuple[WhyNot, ...]


@frozen(kw_only=True)
class AboveRefundable(Refused):
    """More is asked for than the units may still give back."""

    code: ClassVar[str] = "refunds.above_refundable"
    amount: Money
    refundable: Money


@frozen(kw_only=True)
class AboveRoleLimit(Refused):
    """The operator's role may not refund so much: somebody with a higher limit must."""

    code: ClassVar[str] = "refunds.above_role_limit"
    amount: Money
    limit: Money


@frozen(kw_only=True)
class AmountNotPositive(Invalid):
    """A refund is of more than 0."""

    code: ClassVar[str] = "refunds.invalid_amount"
    field: str = "amount"
    value: str


@frozen(kw_only=True)
class Proposal:
    """What is to go back, to what, and why not more.

    Attributes:
        taken: the amount, placed on units and tenders: what the ledger is to hold.
        asked_fen: what the platform or the buyer asks for; None where nobody named an amount.
        changed_because: why an operator made it another amount than the rule's; empty: it is the rule's.
    """

    now: RefundableNow
    freight: FreightRule
    taken: tuple[Taken, ...]
    currency: str
    asked_fen: int | None = None
    changed_because: str = ""

    @property
    def amount(self) -> Money:
        return Money(sum(each.fen for each in self.taken), self.currency)

    @property
    def refundable(self) -> Money:
        """What the rule finds that these units may give back."""
        return Money(self.now.fen, self.currency)

    @property
    def difference_fen(self) -> int:
        """What is asked for less what the rule finds: above 0 where more is asked. 0 where nobody named an amount."""
        return 0 if self.asked_fen is None else self.asked_fen - self.now.fen

    @property
    def by_tender(self) -> tuple[tuple[str, int], ...]:
        """What goes back to each tender; cash is the empty name."""
        found: dict[str, int] = {}
        for each in self.taken:
            found[each.tender] = found.get(each.tender, 0) + each.fen
        return tuple(found.items())


def freight_rule(state: OrderState, *, goes_back_after: bool = False, operator_says: bool = False) -> FreightRule:
    """Say whether freight goes back: before shipment yes, afterwards by the shop's policy or an operator only."""
    if state in _BEFORE:
        return FreightRule.BEFORE_SHIPMENT
    if goes_back_after:
        return FreightRule.BY_POLICY
    return FreightRule.BY_OPERATOR if operator_says else FreightRule.KEPT


_BEFORE: Final = frozenset(
    {
        OrderState.AWAITING_ALLOCATION,
        OrderState.BACKORDERED,
        OrderState.AWAITING_CS_REVIEW,
        OrderState.AWAITING_BUSINESS_REVIEW,
        OrderState.AWAITING_RELEASE,
        OrderState.IN_WAREHOUSE,
        OrderState.CANCELLED,  # its refund comes after the cancellation
    }
)


def propose(
    ledger: RefundLedger,
    wants: Sequence[RefundUnits],
    *,
    freight: FreightRule,
    asked_fen: int | None = None,
    order: PartialOrder = PartialOrder.IN_PROPORTION,
) -> Proposal:
    """Propose a refund for units: everything that they may give back, or what is asked for where that is less.

    Where more is asked for, no more than the rule finds is proposed, and the difference is shown.

    Raises:
        NothingToRefund, UnknownLine, AmountNotPositive.
    """
    if asked_fen is not None and asked_fen <= 0:
        raise AmountNotPositive(value=str(asked_fen))
    now = refundable_now(ledger, wants, with_freight=freight.goes_back)
    if not now.fen:
        raise NothingToRefund(why=tuple(row.why for row in now.not_more))
    amount = now.fen if asked_fen is None else min(asked_fen, now.fen)
    return Proposal(
        now=now,
        freight=freight,
        taken=place(now.rooms, amount, order),
        currency=ledger.currency,
        asked_fen=asked_fen,
    )


def propose_goods_first(
    ledger: RefundLedger, wants: Sequence[RefundUnits], *, freight: FreightRule, asked_fen: int | None
) -> Proposal:
    """Propose as ``propose`` does; an amount that the goods alone cover is theirs, whatever the rule says of freight.

    So lines whose goods are asked back to the fen are refunded whole, and not a part of them and some freight.

    Raises:
        NothingToRefund, UnknownLine, AmountNotPositive.
    """
    if freight.goes_back and asked_fen is not None:
        goods = refundable_now(ledger, wants, with_freight=False).fen
        if 0 < asked_fen <= goods:
            freight = FreightRule.KEPT
    return propose(ledger, wants, freight=freight, asked_fen=asked_fen)


def changed(
    proposal: Proposal,
    amount: Money,
    *,
    limit: Money | None,
    reason: str,
    order: PartialOrder = PartialOrder.IN_PROPORTION,
) -> Proposal:
    """Return the proposal as an operator changes it, within what the rule finds and what their role may refund.

    Args:
        limit: the most that the role may refund at once; None: any amount.
        reason: 1 to 500 characters, kept with the refund.

    Raises:
        AmountNotPositive, AboveRefundable, AboveRoleLimit, InvalidText, CurrencyMismatch.
    """
    because = mask_digits(checked_text(reason, field="reason", longest=LONGEST_REASON, allow_empty=False))
    if amount <= Money(0, proposal.currency):
        raise AmountNotPositive(value=str(amount))
    if amount > proposal.refundable:
        raise AboveRefundable(amount=amount, refundable=proposal.refundable)
    if limit is not None and amount > limit:
        raise AboveRoleLimit(amount=amount, limit=limit)
    return evolve(proposal, taken=place(proposal.now.rooms, amount.fen, order), changed_because=because)


# --- for people and for machines -------------------------------------------------------------------------------------


def as_text(proposal: Proposal) -> str:
    """Return the proposal in lines for people; a page in ``docs/explanation/aftersales`` shows one."""
    rows = [("cost", proposal.now.cost_fen), *_rows(proposal), ("refundable now", proposal.now.fen)]
    if proposal.asked_fen is not None:
        rows.append(("asked for", proposal.asked_fen))
        if proposal.difference_fen:
            rows.append(("difference", proposal.difference_fen))
    rows.append((f"proposed (freight: {proposal.freight})", proposal.amount.fen))
    rows += [(f"  to {tender or 'cash'}", fen) for tender, fen in proposal.by_tender]
    width = max(len(name) for name, _ in rows)
    amounts = [print_money(Money(fen, proposal.currency)) for _, fen in rows]
    wide = max(map(len, amounts))
    lines = [f"{name.ljust(width)}  {text.rjust(wide)}" for (name, _), text in zip(rows, amounts, strict=True)]
    return "\n".join([*lines, f"because: {proposal.changed_because}"] if proposal.changed_because else lines)


def as_json(proposal: Proposal) -> dict[str, Any]:
    """Return what JSON can hold: amounts in minor units, units as half-open runs."""
    return {
        "currency": proposal.currency,
        "cost_fen": proposal.now.cost_fen,
        "refundable_fen": proposal.now.fen,
        "amount_fen": proposal.amount.fen,
        "asked_fen": proposal.asked_fen,
        "difference_fen": proposal.difference_fen,
        "freight": str(proposal.freight),
        "changed_because": proposal.changed_because,
        "units": [{"line_id": str(want.line_id), "runs": _listed(want.units)} for want in proposal.now.wants],
        "by_tender": [{"tender": tender or "cash", "fen": fen} for tender, fen in proposal.by_tender],
        "by_funder": [{"funder": funder, "fen": fen} for funder, fen in proposal.now.by_funder],
        "not_more": [
            {
                "why": str(row.why),
                "fen": row.fen,
                "refund_id": None if row.refund_id is None else str(row.refund_id),
                "step": row.step,
                "funder": row.funder,
            }
            for row in proposal.now.not_more
        ],
        "taken": [
            {
                "line_id": str(each.line_id),
                "charge": str(each.charge),
                "tender": each.tender or "cash",
                "fen": each.fen,
                "by_unit": [list(run) for run in each.layer],
            }
            for each in proposal.taken
        ],
    }


def _rows(proposal: Proposal) -> list[tuple[str, int]]:
    def named(row: NotMore) -> str:
        because = str(row.refund_id or " ".join(filter(None, (row.step, row.funder))))
        return f"- {row.why} {because}".rstrip()

    return [(named(row), -row.fen) for row in proposal.now.not_more]


def _listed(units: Runs) -> list[list[int]]:
    return [[first, stop] for first, stop in units]
