"""Why a command on a case cannot be done: each its own refusal."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from attrs import frozen

from oms_domain.aftersales.states import CaseKind
from oms_domain.kernel.errors import Invalid, Refused
from oms_domain.kernel.identity import CaseId
from oms_domain.kernel.money import Money


@frozen(kw_only=True)
class RefundAboveCap(Refused):
    """More is granted than the units may still give back."""

    code: ClassVar[str] = "aftersales.refund_above_cap"
    case_id: CaseId
    refund: Money
    cap: Money


@frozen(kw_only=True)
class RefundNotPositive(Invalid):
    """A kind that gives money back is granted for more than 0, any other for no amount at all."""

    code: ClassVar[str] = "aftersales.invalid_refund"
    field: str = "refund"
    value: str


@frozen(kw_only=True)
class AgainstTheRules(Refused):
    """A rule refuses what is claimed. Who grants it all the same settles that discrepancy first, with a reason."""

    code: ClassVar[str] = "aftersales.against_the_rules"
    case_id: CaseId
    rule: str


@frozen(kw_only=True)
class MoneyUnderWay(Refused):
    """A refund was sent and its answer is not there: until then the case can be neither closed nor changed."""

    code: ClassVar[str] = "aftersales.money_under_way"
    case_id: CaseId


@frozen(kw_only=True)
class CaseInDispute(Refused):
    """The goods that came are in dispute: an operator accepts or refuses them."""

    code: ClassVar[str] = "aftersales.in_dispute"
    case_id: CaseId


@frozen(kw_only=True)
class NotInDispute(Refused):
    """There is nothing to accept or refuse: the goods are not in dispute."""

    code: ClassVar[str] = "aftersales.not_in_dispute"
    case_id: CaseId


@frozen(kw_only=True)
class ReplacementNotSent(Refused):
    """New goods have not left: their order says so when they do. Who sent them by hand names carrier and number."""

    code: ClassVar[str] = "aftersales.replacement_not_sent"
    case_id: CaseId


@frozen(kw_only=True)
class NotOverdue(Refused):
    """Its time is not up."""

    code: ClassVar[str] = "aftersales.not_overdue"
    case_id: CaseId
    due_at: datetime | None


@frozen(kw_only=True)
class SameKind(Refused):
    """A case is changed to another kind, not to its own."""

    code: ClassVar[str] = "aftersales.same_kind"
    kind: CaseKind


@frozen(kw_only=True)
class NoSuchDifference(Refused):
    """The case has no such open discrepancy."""

    code: ClassVar[str] = "aftersales.no_such_difference"
    what: str


@frozen(kw_only=True)
class AddressNotNeeded(Invalid):
    """No goods go there: of a refund nothing is sent, of a reissue nothing comes back."""

    code: ClassVar[str] = "aftersales.address_not_needed"
    kind: CaseKind


@frozen(kw_only=True)
class AddressSettled(Refused):
    """The claim is granted: the buyer, the platform or the warehouse has been told where the goods go."""

    code: ClassVar[str] = "aftersales.address_settled"
    case_id: CaseId
