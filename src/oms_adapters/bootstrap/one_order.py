"""One order as the command line shows it: head, lines, parcels, log."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from attrs import frozen

from oms_adapters.bootstrap.output import show
from oms_adapters.texts.catalogue import detail as detail_text
from oms_app.address_doubts import address_doubts
from oms_app.journal import LogEntry
from oms_app.queries.rows import OrderDetail
from oms_domain.aftersales.case import AftersalesCase
from oms_domain.channels.standard import Region
from oms_domain.fulfilment.fulfilment_order import Package
from oms_domain.fulfilment.sending import Sending
from oms_domain.kernel.errors import Refused
from oms_domain.orders.asks import Ask
from oms_domain.orders.flags import Flag
from oms_domain.orders.lines import OrderLine
from oms_domain.orders.moves import moves_of
from oms_domain.orders.rules.logged import print_decision
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.refunds.refund_order import RefundOrder

LINES = ["line", "sku", "title", "quantity", "goods", "line_discount", "order_discount", "payable", "shipped"]
PARCELS = ["carrier", "tracking_no", "write_back", "why"]
CASES = ["number", "kind", "state", "asked_by", "reason"]
REFUNDS = ["number", "state", "amount", "moved", "platform_refund_no"]
LOG = ["seq", "at", "who", "what", "changes", "why"]


@frozen(kw_only=True)
class Claims:
    """What is asked back of an order, oldest first."""

    cases: Sequence[AftersalesCase] = ()
    refunds: Sequence[RefundOrder] = ()


def print_order(detail: OrderDetail, claims: Claims, language: str, *, why_not: bool = False, as_json: bool) -> None:
    """Print all there is to show of an order: as one object of codes, or as a table for each part."""
    cases, refunds = [_case(case) for case in claims.cases], [_refund(refund) for refund in claims.refunds]
    head = _head(detail.order) | {"waits_for_warehouse": _waits(detail.waits)}
    lines = [_line(line) for line in detail.order.lines]
    parcels = [_parcel(package) for package in (detail.fulfilment.packages if detail.fulfilment else ())]
    log = [_entry(entry) for entry in detail.log]
    moves = moves_of(detail.order)
    closed = [_closed(ask, refusal, language) for ask, refusal in moves.closed]
    if as_json:
        asks = {"moves": [str(ask) for ask in moves.open], "closed_moves": closed}
        parts = {"lines": lines, "packages": parcels, "cases": cases, "refunds": refunds, "log": log}
        show([head | parts | asks], [], as_json=True)
        return
    may = {"moves": ", ".join(map(str, moves.open))}
    facts = [{"field": name, "value": value} for name, value in (head | may).items()]
    show(facts, ["field", "value"], as_json=False, title=detail.order.number)
    show(lines, LINES, as_json=False, title="Lines")
    if parcels:
        show(parcels, PARCELS, as_json=False, title="Parcels")
    if cases:
        show(cases, CASES, as_json=False, title="Cases")
    if refunds:
        show(refunds, REFUNDS, as_json=False, title="Refunds")
    if why_not:
        show(closed, ["move", "code", "why"], as_json=False, title="Not possible now")
    show((_told(entry, language) for entry in log), LOG, as_json=False, title="Log")


def _closed(ask: Ask, refusal: Refused, language: str) -> dict[str, Any]:
    return {"move": str(ask), "code": refusal.code, "why": detail_text(refusal.code, refusal.fields(), language)}


def _head(order: SalesOrder) -> dict[str, Any]:
    return {
        "id": str(order.id),
        "number": order.number,
        "platform_order_no": order.platform_order_no,
        "kind": str(order.kind),
        "source": str(order.source),
        "state": str(order.state),
        "flags": [_flag(flag) for flag in order.flags],
        "origins": [str(id) for id in order.origins],
        "heirs": [str(id) for id in order.heirs],
        "freight": str(order.freight),
        "payable": str(order.payable),
        "paid": str(order.paid),
        "receiver": order.receiver.mask,
        "region": region_text(order.region),
        "address_doubts": list(address_doubts(order.region)) if order.region != Region() else [],
        "remark": order.buyer_remark,
        "warehouse": order.warehouse or "",
        "carrier": order.carrier or "",
        "arrives_on": order.planned_arrival_on.isoformat() if order.planned_arrival_on else "",
        "note": order.note,
        "mark": order.mark,
        "tags": list(order.tags),
        "came_from": list(map(str, order.origins)),
        "went_into": list(map(str, order.heirs)),
        "split_by": list(order.split_reasons),
        "version": order.version,
    }


def _waits(sending: Sending | None) -> str:
    if sending is None or sending.waits_since is None:
        return ""
    then = f"next try {sending.next_at.isoformat(timespec='seconds')}" if sending.next_at else "not tried again"
    return f"{sending.reason}, since {sending.waits_since.isoformat(timespec='seconds')}, {then}"


def region_text(region: Region) -> str:
    return " ".join(part for part in (region.province, region.city, region.district, region.town) if part)


def _flag(flag: Flag) -> str:
    until = f" (until {flag.until.isoformat(timespec='minutes')})" if flag.until else ""
    return f"{flag.kind}: {flag.reason}{until}"


def _line(line: OrderLine) -> dict[str, Any]:
    return {
        "line": line.platform_line_no,
        "sku": line.sku,
        "bundle": line.bundle.code if line.bundle else "",
        "title": line.title,
        "quantity": line.quantity,
        "goods": str(line.goods),
        "line_discount": str(line.line_discount),
        "order_discount": str(line.order_discount),
        "payable": str(line.payable),
        "shipped": line.shipped,
    }


def _parcel(package: Package) -> dict[str, Any]:
    return {
        "carrier": package.carrier,
        "tracking_no": package.tracking_no,
        "write_back": str(package.write_back),
        "why": package.write_back_reason,
    }


def _case(case: AftersalesCase) -> dict[str, Any]:
    return {
        "number": case.number,
        "kind": str(case.kind),
        "state": str(case.state),
        "asked_by": str(case.asked_by),
        "reason": case.reason,
    }


def _refund(refund: RefundOrder) -> dict[str, Any]:
    return {
        "number": refund.number,
        "state": str(refund.state),
        "amount": str(refund.amount),
        "moved": str(refund.moved or ""),
        "platform_refund_no": refund.platform_refund_no,
    }


def _told(entry: dict[str, Any], language: str) -> dict[str, Any]:
    """Say in words what rules have decided; what a person wrote stays."""
    if "decision" in entry:
        return entry | {"why": print_decision(entry["decision"], "en" if language == "en" else "zh")}
    return entry


def _entry(entry: LogEntry) -> dict[str, Any]:
    changes = dict(entry.changes)
    _, decision = changes.pop("decision", (None, None))
    row = {
        "seq": entry.seq,
        "at": entry.at.isoformat(timespec="seconds"),
        "who": entry.actor,
        "what": entry.kind,
        "changes": json.dumps(changes, ensure_ascii=False),
        "why": entry.reason,
    }
    return row | ({"decision": decision} if decision else {})
