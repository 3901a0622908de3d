"""A warehouse that speaks Qimen, behind the port's words. It pushes its reports: there are none to fetch."""

from __future__ import annotations

from attrs import frozen

from oms_adapters.wms.qimen.client import QimenClient
from oms_adapters.wms.qimen.deliveries import DeliveryOrder, delivery_of, print_delivery, print_stop
from oms_adapters.wms.qimen.entries import print_entry, print_return
from oms_adapters.wms.qimen.errors import is_not_known, is_there_already
from oms_adapters.wms.qimen.stock import parse_levels, print_query
from oms_adapters.wms.qimen.xml import Node
from oms_app.ports.channels import PlatformRefused, RetryLater
from oms_app.ports.wms import (
    EntryNotice,
    ReturnNotice,
    ShipOrder,
    Stop,
    StopAnswer,
    StopOrder,
    WarehouseLevel,
    WmsAnswer,
    WmsReport,
)
from oms_domain.kernel.errors import Invalid
from oms_domain.kernel.identity import SkuCode, WarehouseCode


@frozen(kw_only=True)
class QimenWarehouse:
    """Implements ``oms_app.ports.wms.Wms`` for one account."""

    client: QimenClient

    def send(self, order: ShipOrder) -> WmsAnswer:
        return self._ask("deliveryorder.create", print_delivery(self._delivery(order)))

    def stop(self, order: StopOrder) -> StopAnswer:
        try:
            self.client.call("order.cancel", print_stop(order, self.client.account))
        except PlatformRefused as refused:
            outcome = Stop.NOT_KNOWN if is_not_known(refused) else Stop.NOT_STOPPED
            return StopAnswer(outcome=outcome, reason=refused.reason)
        except RetryLater as later:
            return StopAnswer(outcome=Stop.NO_ANSWER, reason=later.reason)
        return StopAnswer(outcome=Stop.STOPPED)

    def levels(self, warehouse: WarehouseCode, skus: tuple[SkuCode, ...]) -> tuple[WarehouseLevel, ...]:
        """Raises ``PlatformRefused`` besides: nothing can be said instead."""
        reply = self.client.call("inventory.query", print_query(skus, self.client.account))
        try:
            return parse_levels(reply)
        except Invalid as unreadable:
            raise RetryLater(reason=unreadable.code) from None

    def expect_return(self, notice: ReturnNotice) -> WmsAnswer:
        return self._ask("returnorder.create", print_return(notice, self.client.account))

    def expect_entry(self, notice: EntryNotice) -> WmsAnswer:
        return self._ask("entryorder.create", print_entry(notice, self.client.account))

    def reports(self, limit: int) -> tuple[WmsReport, ...]:
        return ()

    def confirm(self, report_ids: tuple[str, ...]) -> None:
        """Nothing: what is pushed is answered at once."""

    def _delivery(self, order: ShipOrder) -> DeliveryOrder:
        return delivery_of(order, self.client.account, at=self.client.now())

    def _ask(self, method: str, message: Node) -> WmsAnswer:
        try:
            self.client.call(method, message)
        except PlatformRefused as refused:
            # Asked again after an answer that did not arrive, it says that it has the document: then it does.
            if not is_there_already(refused):
                return WmsAnswer(accepted=False, reason=refused.reason)
        return WmsAnswer(accepted=True)
