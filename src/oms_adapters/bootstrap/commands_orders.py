"""``oms ingest``, ``oms orders``, ``oms platform-orders``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import click
from attrs import frozen
from rich.progress import Progress

from oms_adapters.bootstrap.clock import system_now
from oms_adapters.bootstrap.container import Container
from oms_adapters.bootstrap.output import console, json_option, show
from oms_adapters.bootstrap.session import operator, ready, refusals_shown
from oms_app.intake import CHUNK, IntakeAnswer, Outcome, TakeIn, convert_again
from oms_app.orders import (
    AllocateOrder,
    ApproveOrder,
    CancelOrder,
    CompleteOrder,
    HoldOrder,
    OrderAnswer,
    OrderCommand,
    PassInterception,
    ReleaseOrder,
    SignOrder,
    UnholdOrder,
    WriteBackAgain,
)
from oms_app.queries.rows import LARGEST_PAGE, OrderFilter, Position
from oms_app.shops import FindShop, ListShops
from oms_domain.channels.standard import Platform, UnreadablePayload
from oms_domain.kernel.errors import NotFound, OmsError
from oms_domain.kernel.identity import OrderId, PlatformOrderId, ShopId
from oms_domain.orders.platform_order import Conversion, Trouble
from oms_domain.orders.states import OrderState
from oms_domain.shops.shop import Shop

LARGEST_FILE = 50 * 1024 * 1024


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--platform", type=click.Choice([m.value for m in Platform]), required=True, help="Whose payloads they are."
)
@click.option("--shop", "shop_code", required=True, help="Code of the shop that they belong to.")
@json_option
@click.pass_context
@refusals_shown
def ingest(ctx: click.Context, files: tuple[Path, ...], platform: str, shop_code: str, as_json: bool) -> None:
    """Take in raw payload files: each one payload, a JSON array of them, or one a line (.jsonl).

    Twice the same adds nothing. Exit 1 if any payload was refused or became an exception.
    """
    container = ready()
    shop = container.shops().find(FindShop(code=shop_code, by=operator()))
    if shop.platform != platform:
        raise click.UsageError(f"shop {shop_code} is on {shop.platform}, not on {platform}")
    payloads = [(path.name, raw) for path in files for raw in _payloads(path)]
    rows = []
    with Progress(transient=True, disable=as_json or not console().is_terminal, console=console()) as progress:
        bar = progress.add_task("ingest", total=len(payloads))
        for start in range(0, len(payloads), CHUNK):
            chunk = payloads[start : start + CHUNK]
            rows += _take_in(container, shop, Platform(platform), chunk)
            progress.advance(bar, len(chunk))
    show(rows, ["file", "outcome", "order_no", "number", "state", "payable", "why"], as_json=as_json)
    if not as_json:
        console().print(_summary(rows))
    ctx.exit(1 if any(row["outcome"] in (Outcome.REFUSED, Outcome.EXCEPTION) for row in rows) else 0)


def _payloads(path: Path) -> Iterator[bytes]:
    if path.stat().st_size > LARGEST_FILE:
        raise click.UsageError(f"{path.name} is larger than 50 MB; split it")
    raw = path.read_bytes()
    if path.suffix == ".jsonl":
        yield from (line for line in raw.splitlines() if line.strip())
        return
    if raw.lstrip()[:1] != b"[":
        yield raw
        return
    try:
        parts = json.loads(raw, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        yield raw  # the translation says what is wrong with it
        return
    yield from _elements(raw.decode(), len(parts))


def _elements(text: str, count: int) -> Iterator[bytes]:
    """Yield each element of a JSON array as it is written, so that no number is read and printed again."""
    decoder, at = json.JSONDecoder(), text.index("[") + 1
    for _ in range(count):
        while text[at] in " \t\r\n,":
            at += 1
        _, end = decoder.raw_decode(text, at)
        yield text[at:end].encode()
        at = end


def _take_in(
    container: Container, shop: Shop, platform: Platform, chunk: Sequence[tuple[str, bytes]]
) -> list[dict[str, Any]]:
    translate, preparation = container.gateways().translator(platform), container.preparation()
    rows: list[dict[str, Any]] = [{} for _ in chunk]
    arrivals, places = [], []
    for place, (name, raw) in enumerate(chunk):
        try:
            arrivals.append(preparation.prepare(raw, translate, shop_id=shop.id))
            places.append(place)
        except UnreadablePayload as error:
            rows[place] = {
                "file": name,
                "outcome": str(Outcome.REFUSED),
                "order_no": error.order_no,
                "why": f"{error.field}: {error.why}",
            }
    command = TakeIn(shop_id=shop.id, platform=platform, arrivals=tuple(arrivals), by=operator())
    for place, answer in zip(places, container.intake().take_in(command), strict=True):
        rows[place] = _answer_row(chunk[place][0], answer)
    return rows


def _answer_row(name: str, answer: IntakeAnswer) -> dict[str, Any]:
    return {
        "file": name,
        "outcome": str(answer.outcome),
        "order_no": answer.order_no,
        "order_id": str(answer.order_id) if answer.order_id else None,
        "number": answer.number,
        "state": str(answer.state or ""),
        "payable": str(answer.payable) if answer.payable else "",
        "why": trouble_text(answer.trouble) or answer.code,
    }


def trouble_text(trouble: Trouble | None) -> str:
    """Return why a platform order could not be converted, with both sums of each rule that does not hold."""
    if trouble is None:
        return ""
    sums = (
        f"{m.rule}{' line ' + m.line_no if m.line_no else ''}: says {m.stated}, adds up to {m.computed}"
        for m in trouble.mismatches
    )
    return f"{trouble.reason} " + ("; ".join(sums) or f"{trouble.field} {trouble.why}".strip())


def _summary(rows: Sequence[dict[str, Any]]) -> str:
    counts = {outcome: sum(row["outcome"] == outcome for row in rows) for outcome in Outcome}
    return ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)


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
    shop_id = container.shops().find(FindShop(code=shop_code, by=operator())).id if shop_code else None
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
@json_option
@refusals_shown
def show_order(order: str, as_json: bool) -> None:
    """Show one order, by number or id: lines, amounts, parcels, log."""
    container = ready()
    detail = container.queries().order(operator(), order_id_of(container, order))
    found = detail.order
    head = {
        "id": str(found.id),
        "number": found.number,
        "platform_order_no": found.platform_order_no,
        "state": str(found.state),
        "flags": [f"{flag.kind}: {flag.reason}" for flag in found.flags],
        "freight": str(found.freight),
        "payable": str(found.payable),
        "paid": str(found.paid),
        "receiver": found.receiver.mask,
        "region": " ".join(part for part in (found.region.province, found.region.city, found.region.district) if part),
        "remark": found.buyer_remark,
        "version": found.version,
    }
    lines = [
        {
            "line": line.platform_line_no,
            "sku": line.sku,
            "title": line.title,
            "quantity": line.quantity,
            "goods": str(line.goods),
            "line_discount": str(line.line_discount),
            "order_discount": str(line.order_discount),
            "payable": str(line.payable),
            "shipped": line.shipped,
        }
        for line in found.lines
    ]
    parcels = [
        {
            "carrier": p.carrier,
            "tracking_no": p.tracking_no,
            "write_back": str(p.write_back),
            "why": p.write_back_reason,
        }
        for p in (detail.fulfilment.packages if detail.fulfilment else ())
    ]
    log = [
        {
            "seq": entry.seq,
            "at": entry.at.isoformat(timespec="seconds"),
            "who": entry.actor,
            "what": entry.kind,
            "changes": json.dumps(entry.changes, ensure_ascii=False),
            "why": entry.reason,
        }
        for entry in detail.log
    ]
    if as_json:
        show([head | {"lines": lines, "packages": parcels, "log": log}], [], as_json=True)
        return
    facts = [{"field": name, "value": value} for name, value in head.items()]
    show(facts, ["field", "value"], as_json=False, title=found.number)
    columns = ["line", "sku", "title", "quantity", "goods", "line_discount", "order_discount", "payable", "shipped"]
    show(lines, columns, as_json=False, title="Lines")
    if parcels:
        show(parcels, ["carrier", "tracking_no", "write_back", "why"], as_json=False, title="Parcels")
    show(log, ["seq", "at", "who", "what", "changes", "why"], as_json=False, title="Log")


@frozen(kw_only=True)
class OrderNumberUnknown(NotFound):
    """No order has this number, or it is not the caller's."""

    code: ClassVar[str] = "orders.number_unknown"
    number: str


def order_id_of(container: Container, text: str) -> OrderId:
    try:
        return OrderId(UUID(text))
    except ValueError:
        found: OrderId | None = container.queries().order_id_by_number(operator(), text)
    if found is None:
        raise OrderNumberUnknown(number=text)
    return found


def _act(
    name: str, what: str, kind: type[OrderCommand], use: Callable[[Container], Callable[[Any], OrderAnswer]]
) -> None:
    """Add ``oms orders NAME ORDER…``: each order with its own answer."""

    @orders.command(name, help=what)
    @click.argument("order", nargs=-1, required=True)
    @click.option("--reason", default="", help="Why; kept in the log.")
    @json_option
    @click.pass_context
    @refusals_shown
    def act(ctx: click.Context, order: tuple[str, ...], reason: str, as_json: bool) -> None:
        container, rows, failed = ready(), [], False
        for text in order:
            try:
                order_id = order_id_of(container, text)
                answer = use(container)(kind(order_id=order_id, by=operator(), reason=reason))
                rows.append({"order": answer.number, "outcome": "done", "state": str(answer.state), "why": ""})
            except OmsError as refusal:
                failed = True
                rows.append({"order": text, "outcome": "refused", "state": "", "why": str(refusal)})
        show(rows, ["order", "outcome", "state", "why"], as_json=as_json)
        ctx.exit(1 if failed else 0)


_act("allocate", "Reserve stock (分仓), also again after a shortage.", AllocateOrder, lambda c: c.orders().allocate)
_act("approve", "Pass the review (客审/商审).", ApproveOrder, lambda c: c.orders().approve)
_act("hold", "Keep from the warehouse (挂起).", HoldOrder, lambda c: c.orders().hold)
_act("unhold", "Let go on (解挂).", UnholdOrder, lambda c: c.orders().unhold)
_act("pass", "Let an intercepted order go on (拦截放行).", PassInterception, lambda c: c.orders().pass_interception)
_act("release", "Give to the warehouse (下发).", ReleaseOrder, lambda c: c.orders().release)
_act("cancel", "Call off (取消).", CancelOrder, lambda c: c.orders().cancel)
_act("write-back", "Tell the platform anew (重新回写).", WriteBackAgain, lambda c: c.orders().write_back_again)
_act("sign", "The buyer has it (签收).", SignOrder, lambda c: c.orders().sign)
_act("complete", "Settled (交易成功).", CompleteOrder, lambda c: c.orders().complete)


@click.group("platform-orders")
def platform_orders() -> None:
    """Platform orders (平台订单)."""


@platform_orders.command("list")
@click.option("--conversion", type=click.Choice([m.value for m in Conversion]))
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, LARGEST_PAGE))
@json_option
@refusals_shown
def list_platform_orders(conversion: str | None, limit: int, as_json: bool) -> None:
    """List platform orders, newest first; exceptions with --conversion exception."""
    container = ready()
    wanted = Conversion(conversion) if conversion else None
    found = container.queries().platform_orders(operator(), conversion=wanted, after=None, limit=limit)
    rows = [
        {
            "id": str(row.id),
            "number": row.number,
            "order_no": row.order_no,
            "conversion": str(row.conversion),
            "why": trouble_text(container.queries().platform_order(operator(), row.id).trouble) if row.reason else "",
            "modified_at": row.modified_at.isoformat(timespec="seconds"),
        }
        for row in found
    ]
    show(rows, ["id", "number", "order_no", "conversion", "why", "modified_at"], as_json=as_json)


@platform_orders.command("convert")
@click.argument("platform_order_id", type=click.UUID)
@json_option
@click.pass_context
@refusals_shown
def convert(ctx: click.Context, platform_order_id: UUID, as_json: bool) -> None:
    """Try an exception again (单据转换)."""
    container = ready()
    answer = convert_again(
        container.intake(),
        container.preparation(),
        container.gateways(),
        platform_order_id=PlatformOrderId(platform_order_id),
        by=operator(),
    )
    row = _answer_row("", answer)
    show([row], ["outcome", "order_no", "number", "state", "payable", "why"], as_json=as_json)
    ctx.exit(1 if row["outcome"] == Outcome.EXCEPTION else 0)
