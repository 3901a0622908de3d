"""Examples of the events of aftersales, returns, tickets and refunds."""

from __future__ import annotations

from typing import Any, Final

from oms_domain.aftersales import events as a
from oms_domain.aftersales import returns as r
from oms_domain.aftersales import tickets as t
from oms_domain.aftersales.states import CaseKind, CaseState
from oms_domain.aftersales.terms import TermsChanged
from oms_domain.channels.standard import Platform
from oms_domain.kernel.change import Event
from oms_domain.kernel.identity import EvidenceId
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.refunds import events as m
from oms_domain.refunds.states import RefundState
from oms_domain.testing.aftersales import (
    AGENT,
    ASK,
    CASE,
    KEFU,
    NEXT_CASE,
    OTHER_AGENT,
    REFUND,
    REFUND_NO,
    RETURN,
    TICKET,
)
from oms_domain.testing.builders import HAT, LINE, MAIN, NOW, ORDER, OTHER_LINE, SCARF, SHOP, an_id

K, C, R, T, F = CaseKind, CaseState, r.ReturnState, t.TicketState, RefundState


def _ask(kind: type[a.AskEvent], /, **facts: Any) -> Event:
    return kind(
        platform_aftersales_id=ASK,
        shop_id=SHOP,
        platform=Platform.TAOBAO,
        refund_no=REFUND_NO,
        modified_at=NOW.replace(hour=1, microsecond=123456),
        at=NOW,
        **facts,
    )


def _case(event: type[a.CaseEvent], state: CaseState, /, kind: CaseKind = K.RETURN_AND_REFUND, **facts: Any) -> Event:
    return event(case_id=CASE, order_id=ORDER, kind=kind, state=state, at=NOW, **facts)


def _return(kind: type[r.ReturnEvent], state: r.ReturnState, /, **facts: Any) -> Event:
    return kind(return_id=RETURN, case_id=CASE, state=state, at=NOW, **facts)


def _ticket(event: type[t.TicketEvent], state: t.TicketState, /, **facts: Any) -> Event:
    return event(ticket_id=TICKET, state=state, at=NOW, **facts)


def _refund(kind: type[m.RefundEvent], state: RefundState, /, **facts: Any) -> Event:
    return kind(refund_id=REFUND, order_id=ORDER, case_id=CASE, state=state, at=NOW, **facts)


_TENDERS: Final = (("card", 666), ("", 2_334))

AFTERSALES: Final[tuple[Event, ...]] = (
    _ask(a.AskReceived),
    _ask(a.AskUpdated),
    _ask(a.AskConverted, case_id=CASE),
    _ask(a.AskNotConverted, reason="no_order"),
    _ask(a.AskAmbiguous),
    TermsChanged(terms_id=an_id(60), shop_id=SHOP, what=("reasons", "window_days"), at=NOW),
    _case(
        a.CaseOpened,
        C.AWAITING_REVIEW,
        number="A20261123-000001",
        reason="size",
        asked_by="buyer",
        asked=Money(8_900),
        units=((LINE, SCARF, ((0, 1), (2, 3))), (OTHER_LINE, HAT, ((0, 1),))),
        linked_to=NEXT_CASE,
        override="老客户",
    ),
    _case(a.CaseApproved, C.AWAITING_BUYER_RETURN, refund=Money(8_900), by=KEFU),
    _case(a.CaseClosed, C.CLOSED, how="reject", reason="不符合条件", by=KEFU),
    _case(a.CaseKindChanged, C.CLOSED, kind=K.EXCHANGE, to=K.RETURN_AND_REFUND, next_id=NEXT_CASE),
    _case(a.CaseAskedAgain, C.AWAITING_REVIEW, asked=Money(8_000)),
    _case(a.GoodsStopped, C.AWAITING_REFUND, kind=K.REFUND_BEFORE_SHIPMENT),
    _case(a.RightRevoked, C.AWAITING_REFUND, kind=K.VIRTUAL_REFUND),
    _case(a.BuyerSentGoods, C.AWAITING_WAREHOUSE_RECEIPT, carrier="中通快递", tracking_no="75000000000001"),
    _case(a.CaseDisputed, C.AWAITING_WAREHOUSE_RECEIPT, reason="wrong, short"),
    _case(
        a.GoodsPartlyAccepted,
        C.AWAITING_WAREHOUSE_RECEIPT,
        units=((LINE, SCARF, ((0, 1), (2, 3))),),
        missing=((LINE, SCARF, ((4, 5),)), (OTHER_LINE, HAT, ((0, 1),))),
        refund=Money(8_900),
        refused_as=NEXT_CASE,
        by=KEFU,
    ),
    _case(a.GoodsAccepted, C.AWAITING_REFUND, by=KEFU),
    _case(a.DifferencePaid, C.AWAITING_EXCHANGE_SHIPMENT, kind=K.EXCHANGE),
    _case(a.ReplacementShipped, C.SUCCEEDED, kind=K.EXCHANGE),
    _case(
        a.ReplacementCalledOff,
        C.AWAITING_REVIEW,
        kind=K.EXCHANGE,
        replacement_id=ORDER,
        reason="缺货",
    ),
    _case(a.DifferenceOwed, C.AWAITING_EXCHANGE_SHIPMENT, kind=K.EXCHANGE, amount=Money(1_400), by=KEFU),
    _case(a.CaseRefunded, C.SUCCEEDED, amount=Money(8_900)),
    _case(a.CaseRefundFailed, C.AWAITING_REFUND, reason="余额不足"),
    _case(a.PlatformDecided, C.AWAITING_REFUND, decision="for_buyer", previous=C.AWAITING_BUYER_RETURN),
    _case(a.ResponsibilitySet, C.AWAITING_REVIEW, responsibility="carrier", reason="外箱破损"),
    _case(a.EvidenceAdded, C.AWAITING_REVIEW, evidence_id=EvidenceId(an_id(71)), by=KEFU),
    _case(a.CaseRevised, C.AWAITING_REVIEW, what=("carrier", "tracking_no")),
    _case(a.CaseDiffers, C.SUCCEEDED, what="refund", theirs="94.00", ours="89.00"),
    _case(a.CaseDifferenceSettled, C.SUCCEEDED, what="refund", reason="已核对"),
    _return(
        r.ReturnAsked,
        R.ASKED_BACK,
        number="R20261123-000001",
        warehouse=MAIN,
        lines=((LINE, SCARF, Quantity(2)), (OTHER_LINE, HAT, Quantity(1))),
    ),
    _return(r.ReturnSent, R.SENT, carrier="中通快递", tracking_no="75000000000001"),
    _return(
        r.GoodsReceived,
        R.RECEIVED,
        warehouse=MAIN,
        receipt="RC-1",
        good=((LINE, SCARF, 1),),
        defective=((LINE, SCARF, 1),),
        wrong=((OTHER_LINE, HAT, 1),),
        in_dispute="wrong, short",
    ),
    _return(
        r.ReturnHandedOver,
        R.RECEIVED,
        warehouse=MAIN,
        from_case=NEXT_CASE,
        good=((LINE, SCARF, 1),),
        defective=((OTHER_LINE, HAT, 1),),
    ),
    _return(r.ReturnCalledOff, R.CALLED_OFF, reason="买家撤销"),
    _ticket(t.TicketOpened, T.OPEN, number="K20261123-000001", kind=t.TicketKind.CASE, shop_id=SHOP, case_id=CASE),
    _ticket(t.TicketAssigned, T.OPEN, to=AGENT, how="by_load", previous=OTHER_AGENT),
    _ticket(t.TicketAnswered, T.ANSWERED, by=AGENT, is_first=True),
    _ticket(t.TicketNoted, T.OPEN, by=AGENT),
    _ticket(t.CustomerWrote, T.OPEN),
    _ticket(t.TicketEscalated, T.OPEN, level=2),
    _ticket(t.TicketDueChanged, T.OPEN, due_at=NOW),
    _ticket(t.TicketFinished, T.DONE, by=AGENT),
    _ticket(t.TicketReopened, T.OPEN, reason="未解决"),
    _refund(
        m.CompensationGiven,
        F.APPROVED,
        kind="freight_subsidy",
        amount=Money(1_000),
        reason="质量问题",
        by=KEFU,
    ),
    _refund(
        m.CompensationPaid,
        F.APPROVED,
        line=1,
        kind="freight_subsidy",
        amount=Money(1_000),
        how="by_hand",
        by=AGENT,
    ),
    _refund(
        m.RefundProposed,
        F.PROPOSED,
        number="B20261123-000001",
        source="platform",
        amount=Money(3_000),
        asked=Money(3_333),
        by_tender=_TENDERS,
    ),
    _refund(m.RefundReproposed, F.PROPOSED, amount=Money(3_000), by_tender=_TENDERS, reason="协商"),
    _refund(m.RefundApproved, F.APPROVED, by=KEFU),
    _refund(m.RefundSent, F.IN_FLIGHT, amount=Money(3_000), attempt=1),
    _refund(m.RefundInDoubt, F.IN_DOUBT, reason="timeout"),
    _refund(m.RefundFailed, F.APPROVED, reason="余额不足"),
    _refund(m.RefundSucceeded, F.SUCCEEDED, amount=Money(3_000), by=KEFU),
    _refund(m.RefundClosed, F.CLOSED, reason="买家撤销", by=KEFU),
    _refund(m.RefundReopened, F.PROPOSED),
    _refund(m.RefundRevised, F.PROPOSED, what=("tags",)),
    _refund(m.RefundAmbiguous, F.PROPOSED),
    _refund(m.RefundDiffers, F.SUCCEEDED, what="amount", theirs="29.99", ours="30.00"),
)
