"""Another kind instead of the one that was asked for: a linked case goes on, with the goods where they are."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from attrs import evolve

from oms_app.case_flow import CASE_CLOSED, GOODS_ON_THE_WAY, LETTERS, CaseFlow, is_under_way
from oms_app.case_opening import addresses_of, ask_of, check_replacements
from oms_app.transactions import record
from oms_domain.aftersales.case import BY_PLATFORM, AftersalesCase
from oms_domain.aftersales.custody import SHELVED, GoodsOnTheShelf, custody, goes_over, shelved
from oms_domain.aftersales.intake import against_rules
from oms_domain.aftersales.opening import CLAIM_RULES, linked, objection, refusal_of
from oms_domain.aftersales.returns import ReturnOrder
from oms_domain.aftersales.states import CaseKind
from oms_domain.kernel.identity import CaseId, LineId, SkuCode


def change_kind(
    flow: CaseFlow, case: AftersalesCase, to: CaseKind, *, replacements: dict[LineId, SkuCode], by: str = ""
) -> AftersalesCase:
    """Close a case for a linked one of another kind, in one transaction; return the new one.

    What refuses a claim that is opened refuses a change, too; the window is that of the first ask.

    Raises:
        GoodsOnTheShelf, KindNotNow, UnitsNotShippedAlike, UnitsInAnotherCase, WindowClosed: unless the platform says
            so, which is a fact: then a person is told, and says whether it is granted.
    """
    next_id = CaseId(flow.new_id())
    goods = flow.tx.returns.get(case.return_id) if case.return_id else None
    on_the_shelf = shelved(case, to, goods)
    if on_the_shelf and by != BY_PLATFORM:
        raise GoodsOnTheShelf(case_id=case.id)
    facts = _addresses(flow, case, to)
    if goods is not None and goes_over(case, to, goods):
        facts |= custody(case, goods)
    new = linked(case, to, id=next_id, number=flow.numbers.next(LETTERS["case"]), at=flow.at, **facts)
    lines = tuple(evolve(line, replacement=replacements.get(line.line_id)) for line in new.lines)
    check_replacements(flow.tx, lines)
    ask = ask_of(flow.tx, new, flow.tx.orders.get(case.order_id), at=_first_asked_at(flow, case))
    if by != BY_PLATFORM and (refusal := refusal_of(ask, by=CLAIM_RULES)) is not None:
        raise refusal
    under_way = is_under_way(flow.refund(case))
    closed = case.change_kind(to, next_id=next_id, by=by or flow.by, money_under_way=under_way, at=flow.at)
    flow.settle(closed, before=case)
    opened = against_rules(evolve(new, lines=lines).opened(at=flow.at), objection(ask), flow.at)
    if on_the_shelf and goods is not None:
        opened = opened.then(opened.state.differs(SHELVED, theirs=str(to), ours=goods.number, at=flow.at))
    after = flow.settle(opened, before=None)
    if goods is not None:
        _moved_on(flow, case, goods, next_id if after.return_id == goods.id else None)
    return after


def _first_asked_at(flow: CaseFlow, case: AftersalesCase) -> datetime:
    """Return when the buyer first came with it, under whatever kind."""
    while case.linked_to is not None:
        case = flow.tx.cases.get(case.linked_to)
    return case.opened_at


def _moved_on(flow: CaseFlow, case: AftersalesCase, goods: ReturnOrder, to: CaseId | None) -> None:
    """Give the goods to the case that goes on, or ask for them no more."""
    if to is not None:
        repaired = case.kind is CaseKind.REPAIR
        record(flow.tx, flow.tx.returns, goods.hand_over(to, were_the_buyers=repaired, at=flow.at))
    elif goods.state in GOODS_ON_THE_WAY:
        record(flow.tx, flow.tx.returns, goods.call_off(CASE_CLOSED, at=flow.at))


def _addresses(flow: CaseFlow, case: AftersalesCase, to: CaseKind) -> dict[str, Any]:
    """Return the addresses that a case of this kind needs, and the other has not."""
    order = flow.tx.orders.get(case.order_id)
    usual = addresses_of(to, order, flow.tx.aftersales_terms.of(case.shop_id))
    had = ("return_",) * (case.return_to is not None) + ("send_",) * (case.send_to is not None)
    return {name: value for name, value in usual.items() if not name.startswith(had)}
