"""Facts about refund orders, as they are published. Names and fields never change within a version."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from attrs import frozen

from oms_domain.kernel.change import Event
from oms_domain.kernel.identity import CaseId, OrderId, RefundId
from oms_domain.kernel.money import Money
from oms_domain.refunds.states import RefundState


@frozen(kw_only=True)
class RefundEvent(Event):
    """A fact about a refund order. ``state`` is the one that it led to."""

    refund_id: RefundId
    order_id: OrderId
    case_id: CaseId | None
    state: RefundState

    @property
    def stream(self) -> UUID:
        return self.refund_id


@frozen(kw_only=True)
class RefundProposed(RefundEvent):
    """Money is to go back; the ledger holds it. ``by_tender``: minor units back to each, cash is the empty name."""

    type: ClassVar[str] = "refunds.proposed"
    number: str
    source: str
    amount: Money
    asked: Money | None
    by_tender: tuple[tuple[str, int], ...]


@frozen(kw_only=True)
class RefundReproposed(RefundEvent):
    """It is of another amount or other units now."""

    type: ClassVar[str] = "refunds.reproposed"
    amount: Money
    by_tender: tuple[tuple[str, int], ...]
    reason: str


@frozen(kw_only=True)
class RefundApproved(RefundEvent):
    """It may be sent. ``by`` is the operator, or the policy."""

    type: ClassVar[str] = "refunds.approved"
    by: str


@frozen(kw_only=True)
class RefundSent(RefundEvent):
    """Whoever pays must be asked, under the refund's own id. ``attempt`` counts from 1."""

    type: ClassVar[str] = "refunds.sent"
    amount: Money
    attempt: int


@frozen(kw_only=True)
class RefundInDoubt(RefundEvent):
    """No answer came, or none that says what happened: it must be asked for."""

    type: ClassVar[str] = "refunds.in_doubt"
    reason: str


@frozen(kw_only=True)
class RefundFailed(RefundEvent):
    """Nothing has moved; it may be sent again."""

    type: ClassVar[str] = "refunds.failed"
    reason: str


@frozen(kw_only=True)
class RefundSucceeded(RefundEvent):
    """The money is with the buyer. ``by``: an operator who paid by hand; empty: the payer said so."""

    type: ClassVar[str] = "refunds.succeeded"
    amount: Money
    by: str = ""


@frozen(kw_only=True)
class RefundClosed(RefundEvent):
    """Nothing will move; the ledger lets it go."""

    type: ClassVar[str] = "refunds.closed"
    reason: str
    by: str


@frozen(kw_only=True)
class RefundReopened(RefundEvent):
    """It is asked for again under the same number, and reviewed anew; the ledger holds what it is of then."""

    type: ClassVar[str] = "refunds.reopened"


@frozen(kw_only=True)
class RefundRevised(RefundEvent):
    """Facts beside the state changed: ``what`` names them."""

    type: ClassVar[str] = "refunds.revised"
    what: tuple[str, ...]


@frozen(kw_only=True)
class CompensationGiven(RefundEvent):
    """Something was given beside the refund (补偿): whoever pays it out must."""

    type: ClassVar[str] = "refunds.compensation_given"
    kind: str
    amount: Money
    reason: str
    by: str


@frozen(kw_only=True)
class CompensationPaid(RefundEvent):
    """What was given beside the refund is with the buyer. ``line``: which one, counted from 1."""

    type: ClassVar[str] = "refunds.compensation_paid"
    line: int
    kind: str
    amount: Money
    how: str
    by: str


@frozen(kw_only=True)
class RefundAmbiguous(RefundEvent):
    """Two messages, equal in modified time and state, differ in amount: it must be fetched again."""

    type: ClassVar[str] = "refunds.ambiguous"


@frozen(kw_only=True)
class RefundDiffers(RefundEvent):
    """The payer's word does not fit ours: for a person, with both sides."""

    type: ClassVar[str] = "refunds.differs"
    what: str
    theirs: str
    ours: str
