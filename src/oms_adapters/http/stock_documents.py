"""Transfers and stocktakes: stock documents that are worked on in steps."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, post
from litestar.params import FromPath, JSONBody

from oms_adapters.http.auth import needs
from oms_adapters.http.bodies import Body
from oms_adapters.http.stock_views import Code, Lines, Reason, Reference, StockDocumentView, units_of
from oms_adapters.http.views import Given
from oms_app.actor import Actor, Permission
from oms_app.stock_documents import (
    ApplyStocktake,
    BeginStocktake,
    CancelStocktake,
    CloseTransfer,
    CountStock,
    ReceiveTransfer,
    SendTransfer,
    StocktakeService,
    TransferService,
)
from oms_domain.inventory.documents import LONGEST_REASON
from oms_domain.inventory.stock import warehouse_code
from oms_domain.kernel.identity import StockDocumentId

_CHANGES = needs(Permission.STOCK_WRITE, changes=True)


class TransferBody(Body):
    """Good units that leave one warehouse for another (调拨)."""

    warehouse: Code
    to: Code
    lines: Lines
    reason: Reason = ""
    reference: Reference = ""


class TransferReceiptBody(Body):
    """Units of a transfer that came in. ``receipt`` is your own number: asked again, nothing is booked twice."""

    lines: Lines
    receipt: Reference = ""


class ClosingBody(Body):
    """The rest never comes. ``found``: it lies where it was sent from; else it is lost."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_REASON)]
    found: bool = False


class StocktakeBody(Body):
    """A count to begin (盘点)."""

    warehouse: Code
    reason: Reason = ""
    reference: Reference = ""


class CountsBody(Body):
    """What was counted; counted again, the last count stands."""

    lines: Lines


class CancellationBody(Body):
    """Why a stocktake is given up."""

    reason: Reason = ""


class TransfersController(Controller):
    """Transfers."""

    path = "/stock/transfers"
    tags = ("Stock documents",)

    @post("/", operation_id="sendTransfer", opt=_CHANGES, sync_to_thread=True)
    def send(
        self, data: JSONBody[TransferBody], actor: Given[Actor], transfers: Given[TransferService]
    ) -> StockDocumentView:
        """Send units to another warehouse; until they come in they are on their way (in transit)."""
        command = SendTransfer(
            warehouse=warehouse_code(data.warehouse),
            to=warehouse_code(data.to, field="to"),
            lines=units_of(data.lines),
            reason=data.reason,
            reference=data.reference,
            by=actor,
        )
        return StockDocumentView.of(transfers.send(command))

    @post(
        "/{document_id:uuid}/receipts",
        operation_id="receiveTransfer",
        opt=_CHANGES,
        status_code=200,
        sync_to_thread=True,
    )
    def receive(
        self,
        document_id: FromPath[UUID],
        data: JSONBody[TransferReceiptBody],
        actor: Given[Actor],
        transfers: Given[TransferService],
    ) -> StockDocumentView:
        """Book what came in, all of it or a part."""
        command = ReceiveTransfer(
            document_id=StockDocumentId(document_id), lines=units_of(data.lines), receipt=data.receipt, by=actor
        )
        return StockDocumentView.of(transfers.receive(command))

    @post(
        "/{document_id:uuid}/closing", operation_id="closeTransfer", opt=_CHANGES, status_code=200, sync_to_thread=True
    )
    def close(
        self,
        document_id: FromPath[UUID],
        data: JSONBody[ClosingBody],
        actor: Given[Actor],
        transfers: Given[TransferService],
    ) -> StockDocumentView:
        """End a transfer with a difference (差异结案)."""
        command = CloseTransfer(
            document_id=StockDocumentId(document_id), found=data.found, reason=data.reason, by=actor
        )
        return StockDocumentView.of(transfers.close(command))


class StocktakesController(Controller):
    """Stocktakes."""

    path = "/stock/stocktakes"
    tags = ("Stock documents",)

    @post("/", operation_id="beginStocktake", opt=_CHANGES, sync_to_thread=True)
    def begin(
        self, data: JSONBody[StocktakeBody], actor: Given[Actor], stocktakes: Given[StocktakeService]
    ) -> StockDocumentView:
        """Begin to count."""
        command = BeginStocktake(
            warehouse=warehouse_code(data.warehouse), reason=data.reason, reference=data.reference, by=actor
        )
        return StockDocumentView.of(stocktakes.begin_counting(command))

    @post("/{document_id:uuid}/counts", operation_id="countStock", opt=_CHANGES, status_code=200, sync_to_thread=True)
    def count(
        self,
        document_id: FromPath[UUID],
        data: JSONBody[CountsBody],
        actor: Given[Actor],
        stocktakes: Given[StocktakeService],
    ) -> StockDocumentView:
        """Enter what was counted; the answer shows the differences."""
        command = CountStock(document_id=StockDocumentId(document_id), lines=units_of(data.lines), by=actor)
        return StockDocumentView.of(stocktakes.count(command))

    @post(
        "/{document_id:uuid}/application",
        operation_id="applyStocktake",
        opt=_CHANGES,
        status_code=200,
        sync_to_thread=True,
    )
    def apply(
        self, document_id: FromPath[UUID], actor: Given[Actor], stocktakes: Given[StocktakeService]
    ) -> StockDocumentView:
        """Book the differences (差异过账); unreleased orders may lose what they hold."""
        return StockDocumentView.of(
            stocktakes.apply(ApplyStocktake(document_id=StockDocumentId(document_id), by=actor))
        )

    @post(
        "/{document_id:uuid}/cancellation",
        operation_id="cancelStocktake",
        opt=_CHANGES,
        status_code=200,
        sync_to_thread=True,
    )
    def cancel(
        self,
        document_id: FromPath[UUID],
        data: JSONBody[CancellationBody],
        actor: Given[Actor],
        stocktakes: Given[StocktakeService],
    ) -> StockDocumentView:
        """Give a stocktake up (作废)."""
        command = CancelStocktake(document_id=StockDocumentId(document_id), reason=data.reason, by=actor)
        return StockDocumentView.of(stocktakes.cancel(command))
