"""Batches that are worked on in the background: how far they are, what became of each order, and calling them off."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, QueryParameter

from oms_adapters.http.auth import needs
from oms_adapters.http.languages import language_of
from oms_adapters.http.paging import DEFAULT_PAGE, Cursor, Limit, Page, Pages, Signer, by_time
from oms_adapters.http.views import Given, View
from oms_adapters.texts.catalogue import detail
from oms_app.actor import Actor, Permission
from oms_app.batches import BatchService, CancelBatch
from oms_app.ports.batches import Batch, BatchId, BatchRow
from oms_app.queries.rows import Queries

READ = needs(Permission.ORDERS_READ)


class BatchView(View):
    """A command for many orders. ``done`` and ``refused`` are counted as it goes on; together they come to ``total``.

    ``state``: running, done or cancelled.
    """

    id: UUID
    command: str
    reason: str
    until: datetime | None
    by: str
    state: str
    total: int
    done: int
    refused: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, batch: Batch) -> BatchView:
        return cls(
            id=batch.id,
            command=batch.command,
            reason=batch.reason,
            until=batch.until,
            by=batch.actor,
            state=batch.state,
            total=batch.total,
            done=batch.done,
            refused=batch.refused,
            created_at=batch.created_at,
            updated_at=batch.updated_at,
        )


WORKED_ON: Final = {202: ResponseSpec(BatchView, description="more than 100: a batch that is worked on")}
"""What a command for many is answered by, beside the answer for each."""


def taken(batch: Batch) -> Response[Any]:
    """Tell of a batch that was begun where it is to be found."""
    return Response(content=BatchView.of(batch), status_code=202, headers={"Location": f"/api/v1/batches/{batch.id}"})


class BatchRowView(View):
    """What became of one order: done with its number and state, refused with code, facts and text, or open still."""

    position: int
    order_id: UUID
    outcome: str
    number: str
    state: str
    code: str
    fields: dict[str, Any]
    text: str

    @classmethod
    def of(cls, row: BatchRow, language: str) -> BatchRowView:
        answer = row.answer
        fields = dict(answer.fields) if answer else {}
        return cls(
            position=row.position,
            order_id=row.order_id,
            outcome=answer.outcome if answer else "open",
            number=answer.number if answer else "",
            state=answer.state if answer else "",
            code=answer.code if answer else "",
            fields=fields,
            text=detail(answer.code, fields, language) if answer and answer.code else "",
        )


class BatchesController(Controller):
    """Batches of orders."""

    path = "/batches"
    tags = ("Batches",)

    @get("/", operation_id="listBatches", opt=READ, sync_to_thread=True)
    def batches(
        self,
        actor: Given[Actor],
        queries: Given[Queries],
        signer: Given[Signer],
        cursor: Cursor = None,
        limit: Limit = DEFAULT_PAGE,
    ) -> Page[BatchView]:
        """List batches, newest first: one's own, and with a key for all shops everybody's."""
        pages = Pages(signer, ("batches", actor.id))
        rows = queries.batches(actor, after=pages.position(cursor), limit=limit + 1)
        return pages.page(rows, limit, BatchView.of, lambda batch: by_time(batch.created_at, batch.id))

    @get("/{batch_id:uuid}", operation_id="getBatch", opt=READ, sync_to_thread=True)
    def batch(self, batch_id: FromPath[UUID], actor: Given[Actor], queries: Given[Queries]) -> BatchView:
        """Tell how far a batch is."""
        return BatchView.of(queries.batch(actor, BatchId(batch_id)))

    @get("/{batch_id:uuid}/rows", operation_id="listBatchRows", opt=READ, sync_to_thread=True)
    def rows(
        self,
        request: Request[Any, Any, Any],
        batch_id: FromPath[UUID],
        actor: Given[Actor],
        queries: Given[Queries],
        signer: Given[Signer],
        refused: Annotated[bool, QueryParameter(description="only those that were refused")] = False,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_PAGE,
    ) -> Page[BatchRowView]:
        """List what became of each order, in the order in which they were named."""
        language = language_of(request.headers.get("accept-language", ""))
        pages = Pages(signer, ("batch_rows", str(batch_id), refused))
        after = pages.after(cursor)
        first = int(after[0]) + 1 if after else 0
        rows = queries.batch_rows(actor, BatchId(batch_id), first=first, limit=limit + 1, refused=refused)
        return pages.page(
            rows, limit, lambda row: BatchRowView.of(row, language), lambda row: (str(row.position), str(row.order_id))
        )

    @post(
        "/{batch_id:uuid}/cancellation",
        operation_id="cancelBatch",
        opt=needs(CancelBatch.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )
    def cancel(self, batch_id: FromPath[UUID], actor: Given[Actor], batches: Given[BatchService]) -> BatchView:
        """Leave the orders that were not begun as they are (取消批量任务)."""
        return BatchView.of(batches.cancel(CancelBatch(batch_id=BatchId(batch_id), by=actor)))
