"""What can be done to sales orders: each command as a sub-resource of one order, and for many at once."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, TypeAlias
from uuid import UUID

import msgspec
from litestar import Controller
from litestar.di import Provide

from oms_adapters.http.batches import MOST_ROWS
from oms_adapters.http.bodies import Body
from oms_adapters.http.coming_back import CameBackBody, receipt_facts
from oms_adapters.http.doings import Desk, Doing, ReasonBody, Text, put_on
from oms_adapters.http.order_views import OrderAnswerView
from oms_adapters.http.paging import instant
from oms_adapters.http.views import Given, View
from oms_app import order_moves as moves
from oms_app import orders
from oms_app.desk import OrderDesk
from oms_app.orders import OrderCommand
from oms_app.ports.batches import MOST_ORDERS
from oms_app.stopping import ConfirmStop, RefuseStop
from oms_domain.orders.flags import LONGEST_REASON, checked_reason

Ids: TypeAlias = Annotated[
    list[UUID],
    msgspec.Meta(max_length=MOST_ORDERS, description=f"more than {MOST_ROWS} are worked on in the background"),
]
Needed: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_REASON)]


class HoldBody(Body, kw_only=True):
    """Why it waits, which must be said, and until when: then it goes on by itself."""

    reason: Needed
    until: datetime | None = None


class UntilBody(Body, kw_only=True):
    """Why it is done, and the time that it is about; without one it need not wait any more."""

    reason: Text = ""
    until: datetime | None = None


class ReasonForMany(ReasonBody, kw_only=True):
    """Which orders, at most 100,000, and why."""

    ids: Ids


class HoldForMany(HoldBody, kw_only=True):
    """Which orders, at most 100,000, why, and until when."""

    ids: Ids


class UntilForMany(UntilBody, kw_only=True):
    """Which orders, at most 100,000, why, and the time that it is about; without one they need not wait any more."""

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


def _facts(body: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {"reason": checked_reason(body.reason, needed=isinstance(body, HoldBody))}
    facts |= receipt_facts(body)
    return facts | ({"until": instant(body.until, field="until")} if hasattr(body, "until") else {})


def _move(
    path: str,
    many: str,
    name: str,
    command: type[OrderCommand],
    summary: str,
    body: type[Body] = ReasonBody,
    many_body: type[Body] = ReasonForMany,
) -> Doing:
    return Doing(
        path=path,
        operation=f"{name}Order",
        summary=summary,
        command=command,
        method="give",
        body=body,
        facts=_facts,
        many=many,
        many_operation=f"{name}Orders",
        many_body=many_body,
    )


DOINGS: Final = (
    _move("approval", "approvals", "approve", orders.ApproveOrder, "Pass the review (客审/商审)"),
    _move("rejection", "rejections", "reject", moves.RejectOrder, "Send back to customer service's review (驳回)"),
    _move("unreview", "unreviews", "unreview", moves.UnreviewOrder, "Take back to change it (反审核)"),
    _move("hold", "holds", "hold", orders.HoldOrder, "Keep from the warehouse (挂起)", HoldBody, HoldForMany),
    _move("group-standing", "group-standings", "standGroupOf", moves.StandGroup, "Its group stands (成团)"),
    _move("unhold", "unholds", "unhold", orders.UnholdOrder, "Let go on (解挂)"),
    _move(
        "wait", "waits", "wait", moves.WaitUntil, "Let it not leave before a time (预约发货)", UntilBody, UntilForMany
    ),
    _move(
        "interception-pass",
        "interception-passes",
        "passInterceptionOf",
        orders.PassInterception,
        "Let an intercepted order go on (拦截放行)",
    ),
    _move("release", "releases", "release", orders.ReleaseOrder, "Give to the warehouse (下发)"),
    _move("handover", "handovers", "handOver", moves.HandOverOrder, "The buyer has it without a parcel (当面交付)"),
    _move("cancellation", "cancellations", "cancel", orders.CancelOrder, "Call off, or ask to stop (取消)"),
    _move("rest-cancellation", "rest-cancellations", "cancelRestOf", moves.CancelRest, "Call off the rest (取消剩余)"),
    _move("stop-confirmation", "stop-confirmations", "confirmStopOf", ConfirmStop, "They have stopped (确认已截单)"),
    _move("stop-refusal", "stop-refusals", "refuseStopOf", RefuseStop, "They have not stopped (截单失败)"),
    _move("allocation", "allocations", "allocate", orders.AllocateOrder, "Reserve stock (分仓)"),
    _move("write-back", "write-backs", "writeBackAgain", orders.WriteBackAgain, "Tell the platform anew (重新回写)"),
    _move("signature", "signatures", "sign", orders.SignOrder, "Note that the buyer has it (签收)"),
    _move("completion", "completions", "complete", orders.CompleteOrder, "Settle (交易成功)"),
    _move(
        "delivery-refusal", "delivery-refusals", "refuseDeliveryOf", moves.RefuseDelivery, "The buyer refused it (拒收)"
    ),
    _move("redelivery", "redeliveries", "deliverAgain", moves.DeliverAgain, "It is brought once more (再投)"),
    _move(
        "return-receipt",
        "return-receipts",
        "receiveReturnOf",
        moves.ReceiveReturn,
        "It is back with us, and goes to stock (退回入库)",
        CameBackBody,
    ),
    _move("loss", "losses", "lose", moves.LoseOrder, "The carrier has lost it (丢件)"),
)


def _service(desk: Given[OrderDesk]) -> OrderDesk:
    return desk


class OrderCommandsController(Controller):
    """What can be done to orders: one route per row of ``DOINGS``, and one for many."""

    path = "/orders"
    tags = ("Order commands",)
    dependencies = {"service": Provide(_service, sync_to_thread=False)}  # noqa: RUF012


DESK: Final = Desk(
    key="order_id",
    param="order_id",
    view=OrderAnswerView.of,
    answer=OrderAnswerView,
    row=RowView,
    rows=RowsView,
    shown="order",
    in_background=True,
)
put_on(OrderCommandsController, DESK, DOINGS)
