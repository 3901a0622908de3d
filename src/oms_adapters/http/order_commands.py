"""What can be done to sales orders: each command as a sub-resource of one order, some of them for many at once."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, TypeAlias
from uuid import UUID

import msgspec
from attrs import evolve, frozen
from litestar import Controller, Request, Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, HeaderParameter, JSONBody

from oms_adapters.http.auth import needs
from oms_adapters.http.batch_jobs import WORKED_ON, BatchView, taken
from oms_adapters.http.batches import MOST_ROWS
from oms_adapters.http.bodies import Body
from oms_adapters.http.idempotency import expected_version
from oms_adapters.http.languages import language_of
from oms_adapters.http.order_views import OrderAnswerView
from oms_adapters.http.paging import instant
from oms_adapters.http.problems import Told
from oms_adapters.http.refusals import NoRows
from oms_adapters.http.views import Given, View
from oms_app import order_moves as moves
from oms_app import orders
from oms_app.actor import Actor
from oms_app.batches import BatchService, StartBatch
from oms_app.desk import OrderDesk
from oms_app.orders import OrderCommand
from oms_app.ports.batches import MOST_ORDERS
from oms_app.stopping import ConfirmStop, RefuseStop
from oms_domain.kernel.errors import OmsError
from oms_domain.kernel.identity import OrderId
from oms_domain.orders.flags import LONGEST_REASON, checked_reason

IfMatch: TypeAlias = Annotated[
    str | None, HeaderParameter(name="If-Match", description="the order's ETag: refuse if it has changed since")
]


Ids: TypeAlias = Annotated[
    list[UUID],
    msgspec.Meta(max_length=MOST_ORDERS, description=f"more than {MOST_ROWS} are worked on in the background"),
]


class Reason(Body):
    """Why it is done; kept in the operation log."""

    reason: Annotated[str, msgspec.Meta(max_length=LONGEST_REASON)] = ""


class ReasonUntil(Reason):
    """Why it is done, and until when it stands: then it ends by itself."""

    until: datetime | None = None


class HoldBody(ReasonUntil, kw_only=True):
    """Why it waits, which must be said, and until when: then it goes on by itself."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_REASON)]


class Until(Reason, kw_only=True):
    """Why it is done, and the time that it is about."""

    until: datetime


class ReasonForMany(Reason, kw_only=True):
    """Which orders, at most 100,000, and why."""

    ids: Ids


class HoldForMany(HoldBody, kw_only=True):
    """Which orders, at most 100,000, why, and until when."""

    ids: Ids


class UntilForMany(Until, kw_only=True):
    """Which orders, at most 100,000, why, and the time that it is about."""

    ids: Ids


class RowView(View):
    """What became of one order of a batch. ``outcome``: done, or refused with code, facts and text."""

    id: UUID
    outcome: str
    order: OrderAnswerView | None = None
    code: str = ""
    fields: dict[str, Any] = {}  # noqa: RUF012  (copied by msgspec)
    text: str = ""


class RowsView(View):
    """One answer per id, in the order of the ids."""

    rows: list[RowView]


@frozen
class Doing:
    """A command as a resource: its path on one order, and on many."""

    path: str
    many: str
    name: str
    command: type[OrderCommand]
    summary: str
    body: type[Reason] = Reason
    body_for_many: type[Reason] = ReasonForMany

    def ask(self, order_id: UUID, data: Reason | None, expected: int | None, by: Actor) -> OrderCommand:
        """Return the command that a request gives."""
        until = {"until": instant(data.until, field="until")} if isinstance(data, ReasonUntil | Until) else {}
        return self.command(
            order_id=OrderId(order_id),
            reason=checked_reason(data.reason if data else "", needed=isinstance(data, HoldBody)),
            expected_version=expected,
            by=by,
            **until,
        )


DOINGS: Final = (
    Doing("approval", "approvals", "approve", orders.ApproveOrder, "Pass the review (客审/商审)"),
    Doing("rejection", "rejections", "reject", moves.RejectOrder, "Send back to customer service's review (驳回)"),
    Doing("unreview", "unreviews", "unreview", moves.UnreviewOrder, "Take back to change it (反审核)"),
    Doing("hold", "holds", "hold", orders.HoldOrder, "Keep from the warehouse (挂起)", HoldBody, HoldForMany),
    Doing("unhold", "unholds", "unhold", orders.UnholdOrder, "Let go on (解挂)"),
    Doing("wait", "waits", "wait", moves.WaitUntil, "Let it not leave before a time (预约发货)", Until, UntilForMany),
    Doing(
        "interception-pass",
        "interception-passes",
        "passInterceptionOf",
        orders.PassInterception,
        "Let an intercepted order go on (拦截放行)",
    ),
    Doing("release", "releases", "release", orders.ReleaseOrder, "Give to the warehouse (下发)"),
    Doing("handover", "handovers", "handOver", moves.HandOverOrder, "The buyer has it without a parcel (当面交付)"),
    Doing("cancellation", "cancellations", "cancel", orders.CancelOrder, "Call off, or ask to stop (取消)"),
    Doing("rest-cancellation", "rest-cancellations", "cancelRestOf", moves.CancelRest, "Call off the rest (取消剩余)"),
    Doing("stop-confirmation", "stop-confirmations", "confirmStopOf", ConfirmStop, "They have stopped (确认已截单)"),
    Doing("stop-refusal", "stop-refusals", "refuseStopOf", RefuseStop, "They have not stopped (截单失败)"),
    Doing("allocation", "allocations", "allocate", orders.AllocateOrder, "Reserve stock (分仓)"),
    Doing("write-back", "write-backs", "writeBackAgain", orders.WriteBackAgain, "Tell the platform anew (重新回写)"),
    Doing("signature", "signatures", "sign", orders.SignOrder, "Note that the buyer has it (签收)"),
    Doing("completion", "completions", "complete", orders.CompleteOrder, "Settle (交易成功)"),
    Doing(
        "delivery-refusal", "delivery-refusals", "refuseDeliveryOf", moves.RefuseDelivery, "The buyer refused it (拒收)"
    ),
    Doing("redelivery", "redeliveries", "deliverAgain", moves.DeliverAgain, "It is brought once more (再投)"),
    Doing("return-receipt", "return-receipts", "receiveReturnOf", moves.ReceiveReturn, "It is back with us (退回入库)"),
    Doing("loss", "losses", "lose", moves.LoseOrder, "The carrier has lost it (丢件)"),
)


_JSON: Any = JSONBody
"""The parameter's type is made for each command, which a type checker cannot follow."""


def _singly(doing: Doing) -> HTTPRouteHandler:
    def one(
        self: Controller,
        order_id: FromPath[UUID],
        actor: Given[Actor],
        desk: Given[OrderDesk],
        data: Any,
        if_match: IfMatch = None,
    ) -> Response[OrderAnswerView]:
        answer = desk.give(doing.ask(order_id, data, expected_version(if_match), actor))
        view = OrderAnswerView.of(answer)
        return Response(content=view, headers={"ETag": f'"{view.version}"'})

    body: Any = doing.body
    if not any(field.required for field in msgspec.structs.fields(doing.body)):  # nothing need be said
        body, one.__defaults__ = doing.body | None, (None, None)
    one.__annotations__["data"] = _JSON[body]
    return post(
        f"/{{order_id:uuid}}/{doing.path}",
        operation_id=f"{doing.name}Order",
        summary=doing.summary,
        opt=needs(doing.command.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )(one)


def _for_many(doing: Doing) -> HTTPRouteHandler:
    def many(
        self: Controller,
        request: Request[Any, Any, Any],
        data: Any,
        actor: Given[Actor],
        desk: Given[OrderDesk],
        batches: Given[BatchService],
    ) -> Response[RowsView | BatchView]:
        if not data.ids:
            raise NoRows(field="ids")
        asked: Any = doing.ask(data.ids[0], data, None, actor)  # what is wrong with the ask itself is told once
        if len(data.ids) > MOST_ROWS:
            ids = [OrderId(order_id) for order_id in data.ids]
            until = getattr(asked, "until", None)
            batch = batches.start(
                StartBatch(command=doing.command, order_ids=ids, reason=asked.reason, until=until, by=actor)
            )
            return taken(batch)
        language = language_of(request.headers.get("accept-language", ""))
        rows = [_row(doing, desk, order_id, data, actor, language) for order_id in data.ids]
        return Response(content=RowsView(rows=rows))

    body: Any = doing.body_for_many
    many.__annotations__["data"] = _JSON[body]
    return post(
        f"/{doing.many}",
        operation_id=f"{doing.name}Orders",
        summary=f"{doing.summary}: up to {MOST_ROWS} at once, more in the background",
        responses=WORKED_ON,
        opt=needs(doing.command.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )(many)


def _row(doing: Doing, desk: OrderDesk, order_id: UUID, data: Reason, actor: Actor, language: str) -> RowView:
    """Do it to one order of a batch: in a transaction of its own, remembered under a key of its own."""
    by = evolve(actor, once=actor.once.row(str(order_id)) if actor.once else None)
    try:
        answer = desk.give(doing.ask(order_id, data, None, by))
        return RowView(id=order_id, outcome="done", order=OrderAnswerView.of(answer))
    except OmsError as refusal:
        told = Told.of(refusal)
        return RowView(id=order_id, outcome="refused", code=told.code, fields=told.fields, text=told.text(language))


class OrderCommandsController(Controller):
    """What can be done to orders: one route per row of ``DOINGS``, and one for many where there is one."""

    path = "/orders"
    tags = ("Order commands",)


for _doing in DOINGS:
    setattr(OrderCommandsController, f"{_doing.name}_one", _singly(_doing))
    setattr(OrderCommandsController, f"{_doing.name}_many", _for_many(_doing))
