"""``oms orders``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from typing import Any
from uuid import UUID

import attrs
import click

from oms_adapters.bootstrap.clock import system_now
from oms_adapters.bootstrap.container import Container
from oms_adapters.bootstrap.one_order import Claims, print_order
from oms_adapters.bootstrap.output import json_option, show
from oms_adapters.bootstrap.refusals import OrderNumberUnknown, refusal_row
from oms_adapters.bootstrap.session import language, operator, ready, refusals_shown, shop_named
from oms_adapters.texts.tracking import buyer_text, step_text
from oms_app.buyer import ReadBuyerView
from oms_app.order_moves import (
    CancelRest,
    DeliverAgain,
    HandOverOrder,
    RefuseDelivery,
    RejectOrder,
    StandGroup,
    UnreviewOrder,
    WaitUntil,
)
from oms_app.orders import (
    AllocateOrder,
    ApproveOrder,
    CancelOrder,
    CompleteOrder,
    HoldOrder,
    OrderCommand,
    PassInterception,
    ReleaseOrder,
    SignOrder,
    UnholdOrder,
    WriteBackAgain,
)
from oms_app.queries.aftersales import AftersalesFilter
from oms_app.queries.rows import LARGEST_PAGE, OrderFilter, Position
from oms_app.shops import ListShops
from oms_app.stopping import ConfirmStop, RefuseStop
from oms_domain.kernel.errors import OmsError
from oms_domain.kernel.identity import OrderId, ShopId
from oms_domain.kernel.text import checked_text
from oms_domain.kernel.time import CHINA
from oms_domain.orders.states import OrderState

LONGEST_NUMBER = 64


@click.group()
def orders() -> None:
    """Sales orders (销售订单)."""


@orders.command("list")
@click.option("--state", "states", multiple=True, type=click.Choice([m.value for m in OrderState]))
@click.option("--shop", "shop_code")
@click.option("--flagged/--not-flagged", default=None)
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@json_option
@refusals_shown
def list_orders(
    states: tuple[str, ...], shop_code: str | None, flagged: bool | None, limit: int, as_json: bool
) -> None:
    """List orders, newest first."""
    container = ready()
    shops = {shop.id: shop.code for shop in container.shops().all(ListShops(by=operator()))}
    shop_id = shop_named(container, shop_code).id if shop_code else None
    wanted = OrderFilter(states=tuple(OrderState(state) for state in states), shop_id=shop_id, flagged=flagged)
    columns = ["number", "shop", "platform_order_no", "state", "flags", "payable", "units", "receiver", "created_at"]
    show(_pages(container, wanted, limit, shops), columns, as_json=as_json)


def _pages(container: Container, wanted: OrderFilter, limit: int, shops: dict[ShopId, str]) -> Iterator[dict[str, Any]]:
    after, left = None, limit
    while left > 0:
        page = container.queries().orders(
            operator(), wanted, after=after, limit=min(left, LARGEST_PAGE), now=system_now()
        )
        for row in page:
            yield {
                "id": str(row.id),
                "number": row.number,
                "shop": shops.get(row.shop_id, ""),
                "platform_order_no": row.platform_order_no,
                "state": str(row.state),
                "flags": list(row.flags),
                "payable": str(row.payable),
                "paid": str(row.paid),
                "units": row.units,
                "receiver": row.receiver_mask,
                "created_at": row.created_at.isoformat(timespec="seconds"),
                "version": row.version,
            }
        if len(page) < LARGEST_PAGE:
            return
        left -= len(page)
        after = Position(page[-1].created_at, page[-1].id)


@orders.command("show")
@click.argument("order")
@click.option("--why-not", is_flag=True, help="say of the other moves why they are not possible now")
@json_option
@refusals_shown
def show_order(order: str, why_not: bool, as_json: bool) -> None:
    """Show one order, by number or id: lines, amounts, parcels, claims, log, and what may be done to it."""
    container = ready()
    detail = container.queries().order(operator(), order_id_of(container, order))
    print_order(detail, _claims(container, detail.order.id), language(), why_not=why_not, as_json=as_json)


def _claims(container: Container, order_id: OrderId) -> Claims:
    queries, wanted = container.aftersales_queries(), AftersalesFilter(order_id=order_id)
    cases = queries.cases(operator(), wanted, after=None, limit=LARGEST_PAGE)
    refunds = queries.refunds(operator(), wanted, after=None, limit=LARGEST_PAGE)
    return Claims(cases=cases[::-1], refunds=refunds[::-1])


@orders.command("track")
@click.argument("order")
@json_option
@refusals_shown
def track_order(order: str, as_json: bool) -> None:
    """Show what the buyer sees: where the order stands, and each step on its way (订单跟踪)."""
    container = ready()
    command = ReadBuyerView(order_id=order_id_of(container, order), by=operator())
    seen = container.buyer_views().of(command)
    steps = [
        {
            "at": step.at.isoformat(timespec="seconds"),
            "step": str(step.kind),
            "text": step_text(step, language()),
            "tracking_no": step.tracking_no,
            "place": step.place,
        }
        for step in seen.steps
    ]
    if as_json:
        head = {"number": seen.number, "state": seen.state, "in_aftersales": seen.in_aftersales}
        show([head | {"heirs": list(map(str, seen.heirs)), "steps": steps}], [], as_json=True)
        return
    title = " ".join(part for part in (seen.number, buyer_text(seen.state, language())) if part)
    show(steps, ["at", "step", "text", "tracking_no", "place"], as_json=False, title=title)


def order_id_of(container: Container, text: str) -> OrderId:
    """Return the order that a person names by id or number. Raises ``InvalidText``, ``OrderNumberUnknown``."""
    try:
        return OrderId(UUID(text))
    except ValueError:
        number = checked_text(text, field="order", longest=LONGEST_NUMBER)
        found: OrderId | None = container.queries().order_id_by_number(operator(), number)
    if found is None:
        raise OrderNumberUnknown(number=text)
    return found


UNTIL = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"])


def _act(name: str, what: str, kind: type[OrderCommand]) -> None:
    """Add ``oms orders NAME ORDER…``: each order with its own answer."""

    fields = attrs.fields_dict(kind)

    @click.argument("order", nargs=-1, required=True)
    @click.option("--reason", **_told(fields["reason"]), help="Why; kept in the log.")
    @json_option
    @click.pass_context
    @refusals_shown
    def act(ctx: click.Context, /, order: tuple[str, ...], reason: str, as_json: bool, **more: Any) -> None:
        container, rows, failed = ready(), [], False
        until = {name: at.replace(tzinfo=CHINA).astimezone(UTC) if at else None for name, at in more.items()}
        for text in order:
            try:
                order_id = order_id_of(container, text)
                answer = container.desk().give(kind(order_id=order_id, by=operator(), reason=reason, **until))
                rows.append({"order": answer.number, "outcome": "done", "state": str(answer.state)})
            except OmsError as refusal:
                failed = True
                rows.append({"order": text, "outcome": "refused"} | refusal_row(refusal, language()))
        show(rows, ["order", "outcome", "state", "code", "why"], as_json=as_json)
        ctx.exit(1 if failed else 0)

    if "until" in fields:
        act = click.option("--until", type=UNTIL, **_told(fields["until"]), help="Until when, China's time.")(act)
    orders.command(name, help=what)(act)


def _told(fact: attrs.Attribute[Any]) -> dict[str, Any]:
    """Return whether an option must be given, and what it is if it need not."""
    return {"required": True} if fact.default is attrs.NOTHING else {"default": fact.default}


_act("allocate", "Reserve stock (分仓), also again after a shortage.", AllocateOrder)
_act("approve", "Pass the review (客审/商审).", ApproveOrder)
_act("reject", "Send back from business review to customer service's (驳回).", RejectOrder)
_act("unreview", "Take back to change it (反审核); a warehouse that has it is asked to stop.", UnreviewOrder)
_act("hold", "Keep from the warehouse (挂起), until it is let go or a time has come.", HoldOrder)
_act("unhold", "Let go on (解挂).", UnholdOrder)
_act(
    "wait",
    "Let it not leave before --until (预约发货), to be reviewed meanwhile; without it, take that back.",
    WaitUntil,
)
_act("group-stands", "Enough have joined its group (成团): it may leave.", StandGroup)
_act("pass", "Let an intercepted order go on (拦截放行).", PassInterception)
_act("release", "Give to the warehouse (下发).", ReleaseOrder)
_act("hand-over", "The buyer has it without a parcel (当面交付): virtual goods, or at a counter.", HandOverOrder)
_act("cancel", "Call off (取消); whoever has the goods is asked to stop.", CancelOrder)
_act("cancel-rest", "Call off what has not left (取消剩余).", CancelRest)
_act("confirm-stop", "Whoever was asked to stop has (确认已截单).", ConfirmStop)
_act("refuse-stop", "Whoever was asked to stop has not (截单失败).", RefuseStop)
_act("write-back", "Tell the platform anew (重新回写).", WriteBackAgain)
_act("sign", "The buyer has it (签收).", SignOrder)
_act("complete", "Settled (交易成功).", CompleteOrder)
_act("refuse-delivery", "The buyer would not take it (拒收).", RefuseDelivery)
_act("deliver-again", "The carrier brings it once more (再投).", DeliverAgain)
