"""What can be done to sales orders: each command as a sub-resource of one order, some of them for many at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final, TypeAlias
from uuid import UUID

import msgspec
from attrs import evolve, frozen
from litestar import Controller, Request, Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, HeaderParameter, JSONBody

from oms_adapters.http.auth import needs
from oms_adapters.http.bodies import Body
from oms_adapters.http.idempotency import expected_version
from oms_adapters.http.languages import language_of
from oms_adapters.http.order_views import OrderAnswerView
from oms_adapters.http.problems import Told
from oms_adapters.http.refusals import NoRows, TooManyRows
from oms_adapters.http.views import Given, View
from oms_app import orders as use_cases
from oms_app.actor import Actor
from oms_app.orders import OrderAnswer, OrderCommand, OrderService
from oms_domain.kernel.errors import OmsError
from oms_domain.kernel.identity import OrderId
from oms_domain.kernel.text import checked_text
from oms_domain.orders.flags import LONGEST_REASON

MOST_ROWS: Final = 100
IfMatch: TypeAlias = Annotated[
    str | None, HeaderParameter(name="If-Match", description="the order's ETag: refuse if it has changed since")
]


class Reason(Body):
    """Why it is done; kept in the operation log."""

    reason: Annotated[str, msgspec.Meta(max_length=LONGEST_REASON)] = ""


class ReasonForMany(Body):
    """Which orders, at most 100, and why."""

    ids: list[UUID]
    reason: Annotated[str, msgspec.Meta(max_length=LONGEST_REASON)] = ""


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
    """A command as a resource: its path on one order, and on many if there is one."""

    path: str
    many: str
    name: str
    command: type[OrderCommand]
    use_case: Callable[[OrderService, Any], OrderAnswer]
    summary: str

    def __call__(
        self, orders: OrderService, order_id: UUID, reason: str, expected: int | None, by: Actor
    ) -> OrderAnswerView:
        command = self.command(
            order_id=OrderId(order_id),
            reason=checked_text(reason, field="reason", longest=LONGEST_REASON),
            expected_version=expected,
            by=by,
        )
        return OrderAnswerView.of(self.use_case(orders, command))


_S = OrderService
DOINGS: Final = (
    Doing("approval", "approvals", "approve", use_cases.ApproveOrder, _S.approve, "Pass the review (客审/商审)"),
    Doing("hold", "holds", "hold", use_cases.HoldOrder, _S.hold, "Keep from the warehouse (挂起)"),
    Doing("unhold", "unholds", "unhold", use_cases.UnholdOrder, _S.unhold, "Let go on (解挂)"),
    Doing(
        "interception-pass",
        "",
        "passInterceptionOf",
        use_cases.PassInterception,
        _S.pass_interception,
        "Let an intercepted order go on (拦截放行)",
    ),
    Doing("release", "releases", "release", use_cases.ReleaseOrder, _S.release, "Give to the warehouse (下发)"),
    Doing("cancellation", "cancellations", "cancel", use_cases.CancelOrder, _S.cancel, "Call off (取消)"),
    Doing("allocation", "allocations", "allocate", use_cases.AllocateOrder, _S.allocate, "Reserve stock (分仓)"),
    Doing(
        "write-back",
        "",
        "writeBackAgain",
        use_cases.WriteBackAgain,
        _S.write_back_again,
        "Tell the platform anew (重新回写)",
    ),
    Doing("signature", "", "sign", use_cases.SignOrder, _S.sign, "Note that the buyer has it (签收)"),
    Doing("completion", "", "complete", use_cases.CompleteOrder, _S.complete, "Settle (交易成功)"),
)


def _singly(doing: Doing) -> HTTPRouteHandler:
    @post(
        f"/{{order_id:uuid}}/{doing.path}",
        operation_id=f"{doing.name}Order",
        summary=doing.summary,
        opt=needs(doing.command.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )
    def one(
        self: Controller,
        order_id: FromPath[UUID],
        actor: Given[Actor],
        orders: Given[OrderService],
        data: JSONBody[Reason | None] = None,
        if_match: IfMatch = None,
    ) -> Response[OrderAnswerView]:
        view = doing(orders, order_id, data.reason if data else "", expected_version(if_match), actor)
        return Response(content=view, headers={"ETag": f'"{view.version}"'})

    return one


def _for_many(doing: Doing) -> HTTPRouteHandler:
    @post(
        f"/{doing.many}",
        operation_id=f"{doing.name}Orders",
        summary=f"{doing.summary}, up to {MOST_ROWS} at once",
        opt=needs(doing.command.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )
    def many(
        self: Controller,
        request: Request[Any, Any, Any],
        data: JSONBody[ReasonForMany],
        actor: Given[Actor],
        orders: Given[OrderService],
    ) -> RowsView:
        if not data.ids:
            raise NoRows(field="ids")
        if len(data.ids) > MOST_ROWS:
            raise TooManyRows(field="ids", most=MOST_ROWS)
        checked_text(data.reason, field="reason", longest=LONGEST_REASON)
        language = language_of(request.headers.get("accept-language", ""))
        return RowsView(rows=[_row(doing, orders, order_id, data.reason, actor, language) for order_id in data.ids])

    return many


def _row(doing: Doing, orders: OrderService, order_id: UUID, reason: str, actor: Actor, language: str) -> RowView:
    """Do it to one order of a batch: in a transaction of its own, remembered under a key of its own."""
    by = evolve(actor, once=actor.once.row(str(order_id)) if actor.once else None)
    try:
        return RowView(id=order_id, outcome="done", order=doing(orders, order_id, reason, None, by))
    except OmsError as refusal:
        told = Told.of(refusal)
        return RowView(id=order_id, outcome="refused", code=told.code, fields=told.fields, text=told.text(language))


class OrderCommandsController(Controller):
    """What can be done to orders: one route per row of ``DOINGS``, and one for many where there is one."""

    path = "/orders"
    tags = ("Order commands",)


for _doing in DOINGS:
    setattr(OrderCommandsController, f"{_doing.name}_one", _singly(_doing))
    if _doing.many:
        setattr(OrderCommandsController, f"{_doing.name}_many", _for_many(_doing))
