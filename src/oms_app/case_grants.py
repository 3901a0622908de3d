"""What an operator grants: by rule, or changed within cap and role limit; of all that is asked, or of what came."""

from __future__ import annotations

from typing import ClassVar

from attrs import evolve, frozen

from oms_app.actor import Actor, Permission
from oms_app.case_commands import AcceptReceived, ApproveCase
from oms_app.case_flow import LETTERS, CaseFlow, wants_of, without
from oms_domain.aftersales.case import AftersalesCase
from oms_domain.aftersales.opening import linked
from oms_domain.aftersales.parting import parted
from oms_domain.aftersales.states import GIVES_MONEY_BACK
from oms_domain.aftersales.terms import AGENT, OVERSEER, REFUND
from oms_domain.aftersales.values import CaseLine, Parted
from oms_domain.apportionment.units import count
from oms_domain.kernel.change import Change
from oms_domain.kernel.errors import Refused
from oms_domain.kernel.identity import CaseId
from oms_domain.kernel.money import Money
from oms_domain.refunds.placing import rooms
from oms_domain.refunds.proposal import AboveRefundable, AboveRoleLimit, Proposal, changed


@frozen(kw_only=True)
class PlatformAmountFixed(Refused):
    """The platform moves exactly what was asked there: approve that amount, or reject the ask."""

    code: ClassVar[str] = "aftersales.platform_amount_fixed"
    asked: Money
    amount: Money


@frozen(kw_only=True)
class Received:
    """What came of a case, what is missing, and what the units that came give back. None: the kind gives none."""

    parted: Parted
    proposal: Proposal | None


def role_of(actor: Actor) -> str:
    """Return the role that limits are looked up by."""
    return actor.role or (OVERSEER if actor.may(Permission.ADMIN) else AGENT)


def granted(flow: CaseFlow, case: AftersalesCase, command: ApproveCase) -> Proposal:
    """Return the refund that is granted: by rule, or as the operator changes it within cap and role limit."""
    case.check_rules()  # before what may go back: that is nothing, where another claim has the units
    order = flow.tx.orders.get(case.order_id)
    proposal = flow.proposed(case, order, asked=case.asked, operator_says=command.with_freight)
    return _within(flow, case, proposal, command)


def received(flow: CaseFlow, case: AftersalesCase, *, with_freight: bool) -> Received:
    """Return what came, and what it gives back by rule: never more than was granted for all.

    Raises:
        NothingCame, NothingMissing, NothingToRefund.
    """
    assert case.return_id is not None  # what is in dispute has come of it
    found = parted(case, flow.tx.returns.get(case.return_id))
    if case.kind not in GIVES_MONEY_BACK:
        return Received(parted=found, proposal=None)
    order, kept = flow.tx.orders.get(case.order_id), evolve(case, lines=found.kept)
    proposal = flow.proposed(kept, order, asked=case.asked, operator_says=with_freight)
    if case.refund is not None and proposal.amount > case.refund:
        proposal = flow.proposed(kept, order, asked=case.refund, operator_says=with_freight)
    return Received(parted=found, proposal=proposal)


def accept_received(
    flow: CaseFlow, case: AftersalesCase, command: AcceptReceived
) -> tuple[Change[AftersalesCase], Proposal | None]:
    """Accept what came of a case; where the missing units are refused, a closed case of their own says why."""
    case.accept_goods(by=command.by.id, at=flow.at)  # refused first where it is not in dispute
    found = received(flow, case, with_freight=command.with_freight)
    proposal = found.proposal and _within(flow, case, found.proposal, command)
    refused_as = CaseId(flow.new_id()) if command.refuse_missing else None
    change = case.accept_received(
        found.parted,
        proposal.amount if proposal else command.refund,
        cap=proposal.refundable if proposal else None,
        difference=command.difference,
        refused_as=refused_as,
        by=command.by.id,
        at=flow.at,
    )
    if refused_as is not None:
        _refuse(flow, case, found.parted.missing, refused_as, command.refuse_missing)
    return change, proposal


def check_limit(flow: CaseFlow, case: AftersalesCase, amount: Money, *, by: Actor) -> None:
    """Raises ``AboveRoleLimit``."""
    limit = _limit(flow, case, by)
    if limit is not None and amount > limit:
        raise AboveRoleLimit(amount=amount, limit=limit)


def check_difference(flow: CaseFlow, case: AftersalesCase, amount: Money, *, by: Actor) -> None:
    """Check what new goods cost less: below what their units may give back, since they cost something.

    That is their floor price where the catalogue has one; what they are sold for it does not know.

    Raises:
        AboveRefundable, AboveRoleLimit.
    """
    check_limit(flow, case, amount, by=by)
    order = flow.tx.orders.get(case.order_id)
    ledger = without(flow.tx.refund_ledgers.of(order), flow.refund(case), flow.at)
    left = sum(room.fen for room in rooms(ledger, wants_of(case), with_freight=False))
    new = {line.line_id: line.replacement or line.sku for line in case.lines}
    skus = flow.tx.skus.by_code(set(new.values()))
    floors = {code: sku.floor_price.fen for code, sku in skus.items() if sku.floor_price is not None}
    cost = sum(count(line.units) * max(floors.get(new[line.line_id], 0), 1) for line in case.lines)
    most = Money(max(left - cost, 0), amount.currency)
    if amount > most:
        raise AboveRefundable(amount=amount, refundable=most)


def _limit(flow: CaseFlow, case: AftersalesCase, by: Actor) -> Money | None:
    return flow.tx.aftersales_terms.of(case.shop_id).most(role_of(by), REFUND)


def _refuse(flow: CaseFlow, case: AftersalesCase, missing: tuple[CaseLine, ...], id: CaseId, reason: str) -> None:
    """Store the case in which missing units are refused. It is ours alone: the platform's number stays where it is."""
    number = flow.numbers.next(LETTERS["case"])
    own = linked(case, case.kind, id=id, number=number, at=flow.at, lines=missing, platform_refund_no="", asked=None)
    opened = own.opened(at=flow.at)
    flow.settle(opened.then(opened.state.reject(reason, by=flow.by, at=flow.at)), before=None)


def _within(
    flow: CaseFlow, case: AftersalesCase, proposal: Proposal, command: ApproveCase | AcceptReceived
) -> Proposal:
    limit = _limit(flow, case, command.by)
    if command.refund is not None and command.refund != proposal.amount:
        proposal = changed(proposal, command.refund, limit=limit, reason=command.reason)
    if limit is not None and proposal.amount > limit:
        raise AboveRoleLimit(amount=proposal.amount, limit=limit)
    if case.platform_refund_no and case.asked is not None and proposal.amount != case.asked:
        raise PlatformAmountFixed(asked=case.asked, amount=proposal.amount)
    return proposal
