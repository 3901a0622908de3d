"""The case that is asked for: by hand for a buyer, or in the place of one of another kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from oms_app.case_addresses import stored
from oms_app.case_commands import AskedLine, OpenCase
from oms_app.case_flow import LETTERS, CaseFlow
from oms_app.claims import check_goes_on, check_no_refund
from oms_app.editing import UnknownGoods
from oms_app.ports.transaction import Transaction
from oms_domain.aftersales.case import AftersalesCase, check_addresses
from oms_domain.aftersales.claimed import common, free_units, taken_units, union
from oms_domain.aftersales.evidence import check_known
from oms_domain.aftersales.opening import Ask, NoSuchUnits, checked, with_override
from oms_domain.aftersales.policy import AftersalesPolicy
from oms_domain.aftersales.states import ASKS_GOODS_BACK, GIVES_MONEY_BACK, SENDS_GOODS, CaseKind
from oms_domain.aftersales.terms import AftersalesTerms
from oms_domain.aftersales.values import AskedBy, CaseLine
from oms_domain.apportionment.units import Runs, count
from oms_domain.catalog.sku import SkuKind
from oms_domain.kernel.identity import CaseId, LineId, SkuCode
from oms_domain.kernel.text import checked_text, mask_digits
from oms_domain.orders.lines import OrderLine
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import OrderState
from oms_domain.refunds.refundable import refunded_units

LONGEST_DESCRIPTION: Final = 2000


def asked_case(flow: CaseFlow, command: OpenCase, order: SalesOrder) -> AftersalesCase:
    """Return the case that a person opens, checked by the shop's policy. Raises what ``opening.checked`` does.

    Raises:
        OthersGoOn: the order was split, merged or replaced.
        UnitsHaveClaims: refunds without a case hold the money of units that new goods are asked for.
        EvidenceUnknown: it names a file that the order does not have.
        UnknownGoods: what is to be sent instead is no goods of the catalogue.
    """
    tx = flow.tx
    check_goes_on(tx, order)
    terms = tx.aftersales_terms.of(order.shop_id)
    open_cases = tuple(case for case in tx.cases.of_order(order.id) if case.is_open)
    ledger = tx.refund_ledgers.of(order)

    check_addresses(command.kind, named := stored(tx, send_to=command.send_to, return_to=command.return_to))

    def free(line: OrderLine, wanted: int) -> Runs:
        refunded = refunded_units(ledger, line.id)
        taken = union((*taken_units(open_cases, line.id), *refunded))
        return _free(line, command.kind, order, taken, refunded, wanted)

    def everything() -> Iterator[CaseLine]:
        for line in order.lines:
            if runs := free(line, 0):
                yield CaseLine(line_id=line.id, sku=line.sku, units=runs)

    def placed(asked: AskedLine) -> CaseLine:
        line = next((each for each in order.lines if each.id == asked.line_id), None)
        sku = line.sku if line else SkuCode("")
        if line is not None and common(asked.runs, refunded := refunded_units(ledger, line.id)):
            left = free_units(int(line.quantity), refunded, int(line.quantity))
            raise NoSuchUnits(line_id=line.id, quantity=count(left))
        runs = asked.runs or (free(line, asked.units) if line and asked.units else ())
        return CaseLine(line_id=asked.line_id, sku=sku, units=runs, replacement=asked.replacement)

    case = AftersalesCase(
        id=CaseId(flow.new_id()),
        number=flow.numbers.next(LETTERS["case"]),
        shop_id=order.shop_id,
        order_id=order.id,
        kind=command.kind,
        lines=tuple(everything() if command.lines is None else map(placed, command.lines)),
        reason=checked_text(command.reason, field="reason", longest=500),
        description=mask_digits(checked_text(command.description, field="description", longest=LONGEST_DESCRIPTION)),
        evidence=check_known(command.evidence, tx.evidence.of_order(order.id)) if command.evidence else (),
        asked_by=AskedBy.CUSTOMER_SERVICE,
        asked=command.asked if command.kind in GIVES_MONEY_BACK else None,
        **addresses_of(command.kind, order, terms) | named,
        opened_at=flow.at,
        updated_at=flow.at,
    )
    check_replacements(tx, case.lines)
    if command.override:
        case = with_override(case, command.override)
    check_no_refund(tx, case)
    return checked(ask_of(tx, case, order, at=flow.at))


def check_replacements(tx: Transaction, lines: Iterable[CaseLine]) -> None:
    """Check that what is to be sent instead is goods of the catalogue. Raises ``UnknownGoods``."""
    wanted = {line.replacement for line in lines if line.replacement is not None}
    known = tx.skus.by_code(wanted) if wanted else {}
    for code in sorted(wanted):
        sku = known.get(code)
        if sku is None or sku.is_deleted or sku.kind is SkuKind.VIRTUAL:
            raise UnknownGoods(field="replacement", value=code, kind=SkuKind.GOODS)


def addresses_of(kind: CaseKind, order: SalesOrder, terms: AftersalesTerms) -> dict[str, Any]:
    """Return the addresses that a case of this kind has where nobody names others."""
    ours = terms.return_to is not None
    back: dict[str, Any] = {
        "return_to": terms.return_to if ours else order.receiver.vault_id,
        "return_mask": terms.return_mask if ours else order.receiver.mask,
    }
    out: dict[str, Any] = {"send_to": order.receiver.vault_id, "send_mask": order.receiver.mask}
    return (back if kind in ASKS_GOODS_BACK else {}) | (out if kind in SENDS_GOODS else {})


def ask_of(tx: Transaction, case: AftersalesCase, order: SalesOrder, *, at: datetime) -> Ask:
    """Return everything that decides whether a case may stand. ``at``: when it was asked for."""
    terms = tx.aftersales_terms.of(order.shop_id)
    open_cases = tuple(each for each in tx.cases.of_order(order.id) if each.is_open)
    has_ended = order.state in (OrderState.SIGNED, OrderState.COMPLETED)
    ended_at = (order.ended_at or order.updated_at) if has_ended else None  # of before it was kept: the last change
    policy: AftersalesPolicy = terms.policy(_categories(tx, case) if terms.window_by_category else {})
    return Ask(case=case, order=order, policy=policy, open_cases=open_cases, ended_at=ended_at, at=at)


def _free(line: OrderLine, kind: CaseKind, order: SalesOrder, taken: Runs, refunded: Runs, wanted: int) -> Runs:
    """Return the first units that may be asked for: of an order that left in part, those that have or have not.

    Never fewer than ``wanted`` (0: all): where so many are not free, the line's first; the rules say what is wrong.

    Raises:
        NoSuchUnits: some of them gave their money back.
    """
    quantity = int(line.quantity)
    if order.state is OrderState.PARTIALLY_SHIPPED:
        if kind is CaseKind.REFUND_BEFORE_SHIPMENT:
            taken = union((*taken, (0, line.shipped))) if line.shipped else taken
        else:
            quantity = line.shipped
    inside = tuple((first, min(stop, quantity)) for first, stop in taken if first < quantity)
    found = free_units(quantity, inside, wanted or quantity)
    if not wanted or count(found) == wanted:
        return found
    if common(((0, wanted),), refunded):
        raise NoSuchUnits(line_id=line.id, quantity=count(found))
    return ((0, wanted),)


def _categories(tx: Transaction, case: AftersalesCase) -> dict[LineId, str]:
    """Return the category of each line's SKU, as the catalogue has it now."""
    skus = tx.skus.by_code({line.sku for line in case.lines})
    return {line.line_id: skus[line.sku].category for line in case.lines if line.sku in skus}
