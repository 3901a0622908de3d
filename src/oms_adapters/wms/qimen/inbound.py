"""What warehouses push: checked before it is read, kept, and answered in their own form.

The order of the checks is the point: signature over the bytes as they came, then time, then XML, then what it says.
Until the signature is right, the answer does not tell what was wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from attrs import field, frozen

from oms_adapters.wms.qimen.account import QimenAccount
from oms_adapters.wms.qimen.entries import parse_entry_confirm, parse_return_confirm
from oms_adapters.wms.qimen.fields import Reader
from oms_adapters.wms.qimen.messages import answer, method_of, refusal
from oms_adapters.wms.qimen.reports import parse_confirm, parse_lack, parse_process
from oms_adapters.wms.qimen.signing import is_signed
from oms_adapters.wms.qimen.stock import parse_differences
from oms_adapters.wms.qimen.xml import LARGEST_BYTES, Node, UnreadableXml, read_xml, write_xml
from oms_app.actor import system
from oms_app.ports.wms import NumberedReport
from oms_app.reports import TakeReport
from oms_domain.kernel.errors import Invalid, InvalidTime, OmsError
from oms_domain.kernel.identity import WarehouseCode
from oms_domain.kernel.time import parse_china_time

WINDOW: Final = timedelta(minutes=10)
"""How far a message's time may lie from ours, either way."""
NOBODY: Final = QimenAccount(warehouse="", app_key="", secret="no such account", customer_id="")
MOST_PARAMS: Final = 50

Reply = tuple[int, bytes]
"""HTTP status and body. The flag in the body says the same; a sender that only looks at the status is told too."""

PARSERS: Final[dict[str, Callable[..., NumberedReport]]] = {
    "deliveryorder.confirm": parse_confirm,
    "stockout.confirm": parse_confirm,
    "orderprocess.report": parse_process,
    "itemlack.report": parse_lack,
    "inventory.report": parse_differences,
    "returnorder.confirm": parse_return_confirm,
    "entryorder.confirm": parse_entry_confirm,
}
_HEADS: Final = ("deliveryOrder", "returnOrder", "entryOrder", "order")


@frozen(kw_only=True)
class QimenCallbacks:
    """Takes messages. ``accounts`` are those of all warehouses that speak Qimen; ``take`` keeps a report."""

    accounts: Callable[[str, str], Sequence[QimenAccount]] = field(repr=False)
    take: Callable[[TakeReport], object]
    now: Callable[[], datetime]

    def answer(self, query: Sequence[tuple[str, str]], body: bytes) -> Reply:
        """Answer a message: its URL's parameters in their order, and its body as it was on the wire."""
        params = dict(query)
        if len(params) != len(query) or len(query) > MOST_PARAMS:
            return _no(400, "INVALID_PARAMS", "a parameter stands twice")
        if len(body) > LARGEST_BYTES:
            return _no(413, "INVALID_REQUEST_CONTENT", "too_large")
        signed = self._signed(params, body)
        if not signed:
            return _no(401, "INVALID_SIGNATURE", "signature is wrong, or nobody is known by these parameters")
        if not self._is_fresh(params):
            return _no(401, "INVALID_TIMESTAMP", "timestamp is not within ten minutes of ours")
        parse = PARSERS.get(method_of(params))
        if parse is None:
            return _no(400, "INVALID_METHOD", "not a message that is taken here")
        try:
            message = read_xml(body)
            warehouse = _warehouse(message, signed)
            if warehouse is None:
                return _no(400, "INVALID_PARAMS", "warehouseCode is not one of this account")
            report = parse(message, at=self.now())
        except UnreadableXml as unreadable:
            return _no(400, "INVALID_REQUEST_CONTENT", unreadable.why)
        except Invalid as invalid:
            return _no(400, "INVALID_REQUEST_CONTENT", f"{invalid.field}: {invalid.code}")
        return self._kept(warehouse, report)

    def _kept(self, warehouse: WarehouseCode, report: NumberedReport) -> Reply:
        try:
            self.take(TakeReport(warehouse=warehouse, report=report, by=system("qimen")))
        except OmsError:  # somebody else was first too often, or the store is away: nothing is kept
            return _no(503, "SYSTEM_BUSY", "send it again")
        return 200, write_xml(answer())

    def _signed(self, params: dict[str, str], body: bytes) -> list[QimenAccount]:
        """Return the accounts whose signature this is. An unknown caller costs as much as a wrong signature."""
        found = self.accounts(params.get("app_key", ""), params.get("customerId", ""))
        try:
            return [each for each in found or [NOBODY] if is_signed(params, each.secret, body) and each is not NOBODY]
        except UnicodeEncodeError:  # a lone surrogate in a parameter
            return []

    def _is_fresh(self, params: dict[str, str]) -> bool:
        try:
            sent = parse_china_time(params.get("timestamp", ""), field="timestamp")
        except InvalidTime:
            return False
        return abs(self.now() - sent) <= WINDOW


def _warehouse(message: Node, signed: Sequence[QimenAccount]) -> WarehouseCode | None:
    """Return which of the caller's warehouses speaks; a caller with one need not say so."""
    request = Reader(message)
    head = next((request.child(name) for name in _HEADS if request.has(name)), request)
    code = head.code_or_none("warehouseCode") or request.code_or_none("warehouseCode")
    ours = {account.warehouse for account in signed}
    if not code and len(ours) == 1:
        return WarehouseCode(ours.pop())
    return WarehouseCode(code) if code in ours else None


def _no(status: int, code: str, message: str) -> Reply:
    return status, write_xml(refusal(code, message))
