"""Payments that a person books (手工收款), of one order and of many."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, post
from litestar.params import FromPath, JSONBody

from oms_adapters.http.auth import needs
from oms_adapters.http.batch_jobs import WORKED_ON, BatchView, taken
from oms_adapters.http.batches import MOST_ROWS, PutRows, Rows, all_rows, each
from oms_adapters.http.bodies import as_body
from oms_adapters.http.doings import ReasonBody
from oms_adapters.http.idempotency import IfMatch, expected_version
from oms_adapters.http.order_views import OrderAnswerView
from oms_adapters.http.paging import instant
from oms_adapters.http.shops import MoneyBody
from oms_adapters.http.views import Given
from oms_app.actor import Actor
from oms_app.batches import BatchService, StartEach
from oms_app.desk import OrderDesk
from oms_app.paying import PayOrder
from oms_domain.kernel.identity import OrderId
from oms_domain.kernel.text import checked_line
from oms_domain.orders.flags import checked_reason
from oms_domain.orders.payment import LONGEST_REFERENCE


class OrderPaymentBody(ReasonBody, kw_only=True):
    """What was paid: all of what is due, also of the parts that an unpaid order was split into.

    ``reference``: the number that the payment has with whoever took it. ``paid_at``: null, now.
    """

    paid: MoneyBody
    paid_at: datetime | None = None
    reference: Annotated[str, msgspec.Meta(max_length=LONGEST_REFERENCE)] = ""

    def command(self, order_id: UUID, by: Actor, expected: int | None) -> PayOrder:
        return PayOrder(
            order_id=OrderId(order_id),
            paid=self.paid.money(),
            paid_at=instant(self.paid_at, field="paid_at"),
            reference=checked_line(self.reference, field="reference", longest=LONGEST_REFERENCE),
            reason=checked_reason(self.reason),
            expected_version=expected,
            by=by,
        )


class OrderPaymentRow(OrderPaymentBody, kw_only=True):
    """A payment of a batch."""

    id: UUID


class PaymentsController(Controller):
    """Payments by hand."""

    path = "/orders"
    tags = ("Order commands",)

    @post(
        "/{order_id:uuid}/payment",
        operation_id="payOrder",
        summary="Book its payment (手工收款)",
        opt=needs(PayOrder.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )
    def pay(
        self,
        order_id: FromPath[UUID],
        data: JSONBody[OrderPaymentBody],
        actor: Given[Actor],
        desk: Given[OrderDesk],
        if_match: IfMatch = None,
    ) -> Response[OrderAnswerView]:
        view = OrderAnswerView.of(desk.give(data.command(order_id, actor, expected_version(if_match))))
        return Response(content=view, headers={"ETag": f'"{view.version}"'})

    @post(
        "/payments",
        operation_id="payOrders",
        summary=f"Book payments: up to {MOST_ROWS} at once, more in the background",
        responses=WORKED_ON,
        opt=needs(PayOrder.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )
    def pay_many(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[Rows],
        actor: Given[Actor],
        desk: Given[OrderDesk],
        batches: Given[BatchService],
    ) -> Response[PutRows[OrderAnswerView] | BatchView]:
        """Book payments, each row as it would be sent alone. Of more than 100 every row must be readable."""
        if len(data.rows) > MOST_ROWS:

            def read(plain: Any) -> PayOrder:
                row = as_body(plain, OrderPaymentRow)
                return row.command(row.id, actor, None)

            return taken(batches.start_each(StartEach(commands=all_rows(data, read), by=actor)))

        def put(row: OrderPaymentRow, by: Actor) -> tuple[str, OrderAnswerView]:
            return "done", OrderAnswerView.of(desk.give(row.command(row.id, by, None)))

        return Response(content=each(data, OrderPaymentRow, put, request=request, actor=actor))
