"""What an operator grants: by rule, or changed within cap and role limit."""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from oms_app.actor import Actor, Permission
from oms_app.case_commands import ApproveCase
from oms_app.case_flow import CaseFlow
from oms_domain.aftersales.case import AftersalesCase
from oms_domain.aftersales.terms import REFUND
from oms_domain.kernel.errors import Refused
from oms_domain.kernel.money import Money
from oms_domain.refunds.proposal import AboveRoleLimit, Proposal, changed

AGENT, OVERSEER = "agent", "admin"
"""The roles that limits are set for: who may do everything is an overseer, anybody else an agent."""


@frozen(kw_only=True)
class PlatformAmountFixed(Refused):
    """The platform moves exactly what was asked there: approve that amount, or reject the ask."""

    code: ClassVar[str] = "aftersales.platform_amount_fixed"
    asked: Money
    amount: Money


def role_of(actor: Actor) -> str:
    """Return the role that limits are looked up by."""
    return OVERSEER if actor.may(Permission.ADMIN) else AGENT


def granted(flow: CaseFlow, case: AftersalesCase, command: ApproveCase) -> Proposal:
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
