"""Examples of aftersales and refunds with fixed ids and times, and ways to refund an order (extra ``testing``)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from attrs import evolve
from hypothesis import strategies as st

from oms_domain.aftersales.case import AftersalesCase
from oms_domain.aftersales.opening import Ask
from oms_domain.aftersales.platform_aftersales import PlatformAftersales
from oms_domain.aftersales.policy import AftersalesPolicy
from oms_domain.aftersales.returns import ReturnLine, ReturnOrder
from oms_domain.aftersales.states import ASKS_GOODS_BACK, GIVES_MONEY_BACK, SENDS_GOODS, CaseKind, CaseState
from oms_domain.aftersales.tickets import Agent, Ticket, TicketKind
from oms_domain.aftersales.values import CaseLine
from oms_domain.apportionment.units import Runs, as_runs
from oms_domain.channels.aftersales import AskKind, AskState, StandardAftersales, StandardAskLine
from oms_domain.channels.standard import Platform, PlatformState
from oms_domain.kernel.identity import CaseId, LineId, PlatformAftersalesId, RefundId, ReturnOrderId, TicketId, VaultId
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.states import OrderState
from oms_domain.refunds.ledger import LedgerLine, LedgerStep, RefundLedger
from oms_domain.refunds.placing import RefundUnits
from oms_domain.refunds.proposal import FreightRule, propose
from oms_domain.refunds.refund_order import RefundOrder, refund_of
from oms_domain.testing.builders import (
    HAT,
    LINE,
    MAIN,
    NOW,
    ORDER,
    OTHER_LINE,
    RAW,
    SCARF,
    SHOP,
    a_sales_order,
    an_id,
)

ASK: Final = PlatformAftersalesId(an_id(30))
CASE, NEXT_CASE = CaseId(an_id(31)), CaseId(an_id(32))
RETURN: Final = ReturnOrderId(an_id(33))
REFUND, OTHER_REFUND = RefundId(an_id(34)), RefundId(an_id(35))
TICKET: Final = TicketId(an_id(36))
RETURN_TO, SEND_TO = VaultId(an_id(37)), VaultId(an_id(38))
KEFU: Final = "kefu-1"
AGENT, OTHER_AGENT = Agent("kefu-1"), Agent("kefu-2")
REFUND_NO: Final = "9200000000000000001"


def a_case(**changes: Any) -> AftersalesCase:
    """Return a claim for the first of two scarves, return and refund unless ``kind`` is given, awaiting review.

    It has the addresses that its kind needs; what it is asked to give back is 89.00 where money goes back.
    """
    kind = changes.get("kind", CaseKind.RETURN_AND_REFUND)
    facts: dict[str, Any] = {
        "id": CASE,
        "number": "A20261123-000001",
        "shop_id": SHOP,
        "order_id": ORDER,
        "kind": kind,
        "lines": (CaseLine(line_id=LINE, sku=SCARF, units=((0, 1),)),),
        "reason": "size",
        "asked": Money(8900) if kind in GIVES_MONEY_BACK else None,
        "return_to": RETURN_TO if kind in ASKS_GOODS_BACK else None,
        "send_to": SEND_TO if kind in SENDS_GOODS else None,
        "opened_at": NOW,
        "updated_at": NOW,
    }
    return AftersalesCase(**facts | changes)


def a_granted_case(state: CaseState, **changes: Any) -> AftersalesCase:
    """Return a claim that customer service has granted, in a later state."""
    kind = changes.get("kind", CaseKind.RETURN_AND_REFUND)
    refund = Money(8900) if kind in GIVES_MONEY_BACK else None
    return a_case(**{"state": state, "refund": refund, "approved_by": KEFU} | changes)


def an_ask(**changes: Any) -> Ask:
    """Return what decides whether ``a_case`` may be opened: its order is signed since an hour ago."""
    case = changes.get("case", a_case())
    facts: dict[str, Any] = {
        "case": case,
        "order": a_sales_order(state=OrderState.SIGNED),
        "policy": AftersalesPolicy(),
        "open_cases": (),
        "ended_at": NOW - timedelta(hours=1),
        "at": NOW,
    }
    return Ask(**facts | changes)


def a_standard_ask(**changes: Any) -> StandardAftersales:
    """Return the platform's ask for one of two scarves, goods and money, awaiting the seller."""
    facts: dict[str, Any] = {
        "platform": Platform.TAOBAO,
        "refund_no": REFUND_NO,
        "order_no": "9100000000000000001",
        "kind": AskKind.RETURN,
        "state": AskState.AWAITING_SELLER,
        "lines": (
            StandardAskLine(
                line_no="1001",
                sku=SCARF,
                title="样例围巾",
                quantity=Quantity(1),
                unit_price=Money(9900),
                payable=Money(18800),
            ),
        ),
        "refund": Money(9400),
        "kept": Money(9400),
        "returns_goods": True,
        "order_state": PlatformState.SHIPPED,
        "reason": "尺寸不合适",
        "created_at": NOW - timedelta(hours=2),
        "modified_at": NOW - timedelta(hours=2),
        "version": "1",
    }
    return StandardAftersales(**facts | changes)


def a_platform_aftersales(**changes: Any) -> PlatformAftersales:
    """Return the document of ``a_standard_ask``, not converted yet."""
    facts: dict[str, Any] = {
        "id": ASK,
        "number": "T20261123-000001",
        "shop_id": SHOP,
        "platform": Platform.TAOBAO,
        "refund_no": REFUND_NO,
        "order_no": "9100000000000000001",
        "standard": a_standard_ask(),
        "raw": RAW,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return PlatformAftersales(**facts | changes)


def a_return(**changes: Any) -> ReturnOrder:
    """Return two scarves and a hat that are asked back."""
    facts: dict[str, Any] = {
        "id": RETURN,
        "number": "R20261123-000001",
        "case_id": CASE,
        "order_id": ORDER,
        "shop_id": SHOP,
        "warehouse": MAIN,
        "lines": (
            ReturnLine(line_id=LINE, sku=SCARF, expected=Quantity(2)),
            ReturnLine(line_id=OTHER_LINE, sku=HAT, expected=Quantity(1)),
        ),
        "return_to": RETURN_TO,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return ReturnOrder(**facts | changes)


def a_ticket(**changes: Any) -> Ticket:
    """Return a ticket about ``a_case`` that nobody has yet."""
    facts: dict[str, Any] = {
        "id": TICKET,
        "number": "K20261123-000001",
        "shop_id": SHOP,
        "kind": TicketKind.CASE,
        "subject": "退货待审核",
        "case_id": CASE,
        "order_id": ORDER,
        "opened_at": NOW,
        "updated_at": NOW,
    }
    return Ticket(**facts | changes)


def a_ledger(**changes: Any) -> RefundLedger:
    """Return three scarves at 100.00 less a 10.00 coupon, 20.00 of them by gift card, and a hat at 50.00; freight 8.00.

    The scarves' freight is 6.00, 1.00 of it by gift card; the hat's is 2.00, in cash.
    """
    facts: dict[str, Any] = {
        "order_id": ORDER,
        "steps": (
            LedgerStep(id="coupon", name="优惠券", funder="shop"),
            LedgerStep(id="card", name="礼品卡", is_tender=True),
        ),
        "lines": (
            LedgerLine(line_id=LINE, units=3, goods=(10_000, 9_000, 7_000), freight=(600, 600, 500)),
            LedgerLine(line_id=OTHER_LINE, units=1, goods=(5_000, 5_000, 5_000), freight=(200, 200, 200)),
        ),
        "collected_fen": 12_700,
    }
    return RefundLedger(**facts | changes)


def a_refund(**changes: Any) -> RefundOrder:
    """Return the refund order of the first scarf of ``a_ledger``: 30.00, its freight kept."""
    proposal = propose(a_ledger(), [RefundUnits(line_id=LINE, units=((0, 1),))], freight=FreightRule.KEPT)
    facts: dict[str, Any] = {
        "id": REFUND,
        "number": "B20261123-000001",
        "shop_id": SHOP,
        "order_id": ORDER,
        "case_id": CASE,
        "platform_order_no": "9100000000000000001",
        "platform_refund_no": REFUND_NO,
        "after_shipment": True,
    }
    built = {name: changes.pop(name) for name in list(changes) if name in _OF_THE_PROPOSAL}
    refund = refund_of(proposal, asked_at=NOW, at=NOW, **facts | changes)
    return evolve(refund, **built)


_OF_THE_PROPOSAL: Final = frozenset(
    {"amount", "wants", "taken", "asked", "changed_because", "asked_at", "created_at", "updated_at"}
)


# --- ways to refund an order -----------------------------------------------------------------------------------------


@st.composite
def ledgers(draw: st.DrawFn, *, lines: int = 3, units: int = 12, fen: int = 10**6) -> RefundLedger:
    """Any order that was paid in full: discounts, tenders, freight, lines that cost nothing."""
    steps = tuple(
        LedgerStep(id=f"s{at}", funder=draw(st.sampled_from(["shop", "platform"])), is_tender=is_tender)
        for at, is_tender in enumerate(sorted(draw(st.lists(st.booleans(), max_size=4))))
    )

    def nets(most: int) -> tuple[int, ...]:
        cuts = st.lists(st.integers(0, most), min_size=len(steps) + 1, max_size=len(steps) + 1)
        return tuple(sorted(draw(cuts), reverse=True))

    found = tuple(
        LedgerLine(
            line_id=LINE_NUMBERS[at], units=draw(st.integers(1, units)), goods=nets(fen), freight=nets(fen // 100)
        )
        for at in range(draw(st.integers(1, lines)))
    )
    return RefundLedger(
        order_id=ORDER,
        steps=steps,
        lines=found,
        collected_fen=sum(line.goods[-1] + line.freight[-1] for line in found),
    )


LINE_NUMBERS: Final = tuple(LineId(an_id(40 + at)) for at in range(20))


@st.composite
def some_units(draw: st.DrawFn, units: int) -> Runs:
    """At least one of a line's units."""
    return as_runs(draw(st.lists(st.integers(0, units - 1), min_size=1, max_size=units, unique=True)))


@st.composite
def some_wants(draw: st.DrawFn, ledger: RefundLedger) -> tuple[RefundUnits, ...]:
    """Units of at least one line of an order."""
    lines = draw(st.lists(st.sampled_from(ledger.lines), min_size=1, unique=True))
    return tuple(RefundUnits(line_id=line.line_id, units=draw(some_units(line.units))) for line in lines)
