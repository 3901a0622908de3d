"""``oms stock``, ``oms warehouses``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import click
from attrs import evolve

from oms_adapters.bootstrap.container import Container
from oms_adapters.bootstrap.output import json_option, show
from oms_adapters.bootstrap.session import operator, ready, refusals_shown
from oms_app.inventory import PartStock, PostStock, ReceiveStock, SettleDifference
from oms_app.ports.stock import StockDocument
from oms_app.queries.rows import LARGEST_PAGE
from oms_app.stock_documents import (
    ApplyStocktake,
    BeginStocktake,
    CancelStocktake,
    CloseTransfer,
    CountStock,
    ReceiveTransfer,
    SendTransfer,
)
from oms_app.warehouses import AddWarehouse, ChangeWarehouse
from oms_domain.inventory.documents import DocumentKind, Units
from oms_domain.inventory.postings import RULES, Posting
from oms_domain.inventory.stock import Quality, StockLevel, WarehouseNotFound, warehouse_code
from oms_domain.inventory.stocktakes import Stocktake
from oms_domain.inventory.transfers import Transfer
from oms_domain.inventory.warehouses import Place, Warehouse, WarehouseKind
from oms_domain.kernel.codes import sku_code
from oms_domain.kernel.identity import StockDocumentId, WarehouseCode
from oms_domain.kernel.quantity import quantity

LEVEL = ["sku", "warehouse", "on_hand", "reserved", "available", "defective", "safety", "locked", "in_transit"]
DOCUMENT = ["number", "kind", "state", "warehouse", "lines", "reason", "id"]
WAREHOUSE = ["code", "name", "kind", "province", "city", "district", "active", "version"]

reason_option = click.option("--reason", default="", help="Why; kept in the log.")
reference_option = click.option("--reference", default="", help="Your own number: the same again books nothing.")
lines_argument = click.argument("lines", nargs=-1, required=True, metavar="SKU=UNITS…")


@click.group()
def stock() -> None:
    """Stock (库存)."""


@stock.command("list")
@json_option
@refusals_shown
def list_stock(as_json: bool) -> None:
    """List quantities by SKU and warehouse."""
    show(_levels(ready()), LEVEL, as_json=as_json)


@stock.command("receive")
@click.argument("sku")
@click.argument("units", type=int)
@click.option("--warehouse", default="MAIN", show_default=True)
@reason_option
@reference_option
@json_option
@refusals_shown
def receive_stock(sku: str, units: int, warehouse: str, reason: str, reference: str, as_json: bool) -> None:
    """Book units that came in (采购入库)."""
    command = ReceiveStock(
        sku=sku_code(sku),
        warehouse=warehouse_code(warehouse),
        quantity=quantity(units),
        reason=reason,
        reference=reference,
        by=operator(),
    )
    answer = ready().stock().receive(command)
    row = {
        "sku": answer.sku,
        "warehouse": answer.warehouse,
        "quantity": answer.quantity,
        "number": answer.number,
        "receipt": str(answer.id),
    }
    show([row], list(row), as_json=as_json)


@stock.command("post")
@click.argument("kind", type=click.Choice([kind.value for kind in RULES]))
@lines_argument
@click.option("--warehouse", default="MAIN", show_default=True)
@reason_option
@reference_option
@json_option
@refusals_shown
def post(kind: str, lines: tuple[str, ...], warehouse: str, reason: str, reference: str, as_json: bool) -> None:
    """Book a stock document at once, all of its lines or none.

    A line is SKU=UNITS, or SKU=UNITS:defective. An adjustment below 0 needs `--` before the lines' options end, such
    as `oms stock post adjustment HAT-M=-2 --reason …`. `safety` sets safety stock to the units.
    """
    command = PostStock(
        kind=DocumentKind(kind),
        warehouse=warehouse_code(warehouse),
        lines=_units(lines),
        reason=reason,
        reference=reference,
        by=operator(),
    )
    show([_document(ready().stock().post(command))], DOCUMENT, as_json=as_json)


@stock.command("buckets")
@click.argument("sku")
@click.argument("buckets", type=int)
@click.option("--warehouse", default="MAIN", show_default=True)
@json_option
@refusals_shown
def buckets(sku: str, buckets: int, warehouse: str, as_json: bool) -> None:
    """Let the sellable units of a hot SKU lie in 2 to 64 parts (热点分桶), or with 0 in one."""
    command = PartStock(sku=sku_code(sku), warehouse=warehouse_code(warehouse), buckets=buckets, by=operator())
    show([_level(ready().stock().part(command))], [*LEVEL, "buckets"], as_json=as_json)


@stock.command("ledger")
@click.option("--sku", help="Only this SKU.")
@click.option("--warehouse", help="Only this warehouse.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, LARGEST_PAGE))
@json_option
@refusals_shown
def ledger(sku: str | None, warehouse: str | None, limit: int, as_json: bool) -> None:
    """List what changed stock (库存流水), newest first."""
    found = (
        ready()
        .queries()
        .stock_ledger(
            operator(),
            sku=sku_code(sku) if sku is not None else None,
            warehouse=warehouse_code(warehouse) if warehouse is not None else None,
            after=None,
            limit=limit,
        )
    )
    rows = [
        {
            "at": row.at.isoformat(timespec="seconds"),
            "sku": row.movement.sku,
            "warehouse": row.movement.warehouse,
            "kind": str(row.movement.kind),
            "changes": " ".join(f"{name}{units:+d}" for name, units in row.movement.changes.items()),
            "document": str(row.document_id),
            "who": row.actor,
        }
        for row in found
    ]
    show(rows, ["at", "sku", "warehouse", "kind", "changes", "document", "who"], as_json=as_json)


@stock.command("documents")
@click.option("--kind", type=click.Choice([kind.value for kind in DocumentKind]))
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, LARGEST_PAGE))
@json_option
@refusals_shown
def documents(kind: str | None, limit: int, as_json: bool) -> None:
    """List stock documents, newest first."""
    wanted = DocumentKind(kind) if kind else None
    found = ready().queries().stock_documents(operator(), kind=wanted, after=None, limit=limit)
    show([_document(document) for document in found], DOCUMENT, as_json=as_json)


@stock.command("differences")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, LARGEST_PAGE))
@json_option
@refusals_shown
def differences(limit: int, as_json: bool) -> None:
    """List open differences (差异挂账): units that are gone while released orders hold them, oldest first."""
    rows = [
        {
            "id": str(row.id),
            "number": row.number,
            "sku": row.sku,
            "warehouse": row.warehouse,
            "units": row.units,
            "at": row.at.isoformat(timespec="seconds"),
        }
        for row in ready().queries().stock_differences(operator(), limit=limit)
    ]
    show(rows, ["id", "number", "sku", "warehouse", "units", "at"], as_json=as_json)


@stock.command("settle")
@click.argument("difference", type=click.UUID)
@click.option("--found", is_flag=True, help="The units have turned up again.")
@reason_option
@json_option
@refusals_shown
def settle(difference: UUID, found: bool, reason: str, as_json: bool) -> None:
    """Write an open difference off as far as orders let it."""
    command = SettleDifference(difference_id=difference, found=found, reason=reason, by=operator())
    left = ready().stock().settle(command)
    show(
        [{"sku": left.sku, "warehouse": left.warehouse, "left": left.units}],
        ["sku", "warehouse", "left"],
        as_json=as_json,
    )


@stock.group("transfer")
def transfer() -> None:
    """Units on their way from one warehouse to another (调拨)."""


@transfer.command("send")
@click.argument("warehouse")
@click.argument("to")
@lines_argument
@reason_option
@reference_option
@json_option
@refusals_shown
def send(warehouse: str, to: str, lines: tuple[str, ...], reason: str, reference: str, as_json: bool) -> None:
    """Send units from WAREHOUSE to TO."""
    command = SendTransfer(
        warehouse=warehouse_code(warehouse),
        to=warehouse_code(to, field="to"),
        lines=_units(lines),
        reason=reason,
        reference=reference,
        by=operator(),
    )
    show([_document(ready().transfers().send(command))], DOCUMENT, as_json=as_json)


@transfer.command("receive")
@click.argument("number")
@lines_argument
@click.option("--receipt", default="", help="Your own number of this receipt: the same again books nothing.")
@json_option
@refusals_shown
def receive_transfer(number: str, lines: tuple[str, ...], receipt: str, as_json: bool) -> None:
    """Book what came in of a transfer."""
    container = ready()
    command = ReceiveTransfer(
        document_id=_document_id(container, number), lines=_units(lines), receipt=receipt, by=operator()
    )
    show([_document(container.transfers().receive(command))], DOCUMENT, as_json=as_json)


@transfer.command("close")
@click.argument("number")
@click.option("--found", is_flag=True, help="What did not come lies where it was sent from.")
@click.option("--reason", required=True, help="Why; kept in the log.")
@json_option
@refusals_shown
def close_transfer(number: str, found: bool, reason: str, as_json: bool) -> None:
    """End a transfer with a difference (差异结案)."""
    container = ready()
    command = CloseTransfer(document_id=_document_id(container, number), found=found, reason=reason, by=operator())
    show([_document(container.transfers().close(command))], DOCUMENT, as_json=as_json)


@stock.group("count")
def count() -> None:
    """Stocktakes (盘点)."""


@count.command("begin")
@click.option("--warehouse", default="MAIN", show_default=True)
@reason_option
@reference_option
@json_option
@refusals_shown
def begin_count(warehouse: str, reason: str, reference: str, as_json: bool) -> None:
    """Begin to count in a warehouse."""
    command = BeginStocktake(warehouse=warehouse_code(warehouse), reason=reason, reference=reference, by=operator())
    show([_document(ready().stocktakes().begin_counting(command))], DOCUMENT, as_json=as_json)


@count.command("enter")
@click.argument("number")
@lines_argument
@json_option
@refusals_shown
def enter_count(number: str, lines: tuple[str, ...], as_json: bool) -> None:
    """Enter what was counted; the differences are shown."""
    container = ready()
    command = CountStock(document_id=_document_id(container, number), lines=_units(lines), by=operator())
    show(_counts(container.stocktakes().count(command)), COUNTS, as_json=as_json)


@count.command("apply")
@click.argument("number")
@json_option
@refusals_shown
def apply_count(number: str, as_json: bool) -> None:
    """Book the differences (差异过账)."""
    container = ready()
    command = ApplyStocktake(document_id=_document_id(container, number), by=operator())
    show(_counts(container.stocktakes().apply(command)), COUNTS, as_json=as_json)


@count.command("cancel")
@click.argument("number")
@reason_option
@json_option
@refusals_shown
def cancel_count(number: str, reason: str, as_json: bool) -> None:
    """Give a stocktake up (作废)."""
    container = ready()
    command = CancelStocktake(document_id=_document_id(container, number), reason=reason, by=operator())
    show([_document(container.stocktakes().cancel(command))], DOCUMENT, as_json=as_json)


COUNTS = ["number", "state", "sku", "quality", "counted", "booked", "difference"]


@click.group()
def warehouses() -> None:
    """Warehouses (仓库)."""


@warehouses.command("list")
@json_option
@refusals_shown
def list_warehouses(as_json: bool) -> None:
    """List the warehouses."""
    show([_warehouse(each) for each in ready().queries().warehouses()], WAREHOUSE, as_json=as_json)


def _place_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for name, kind, told in reversed(
        (
            ("--province", str, "Province, name or code."),
            ("--city", str, "City, name or code."),
            ("--district", str, "District, name or code."),
            ("--latitude-e6", int, "Latitude in millionths of a degree."),
            ("--longitude-e6", int, "Longitude in millionths of a degree."),
        )
    ):
        command = click.option(name, type=kind, help=told)(command)
    return command


@warehouses.command("add")
@click.argument("code")
@click.option("--name", required=True, help="What people call it.")
@click.option("--kind", type=click.Choice([kind.value for kind in WarehouseKind]), default="rdc", show_default=True)
@_place_options
@json_option
@refusals_shown
def add_warehouse(code: str, name: str, kind: str, as_json: bool, **place: Any) -> None:
    """Add a warehouse."""
    command = AddWarehouse(
        code=warehouse_code(code, field="code"),
        name=name,
        kind=WarehouseKind(kind),
        place=Place(**_given(place)),
        by=operator(),
    )
    show([_warehouse(ready().warehouses().add(command))], WAREHOUSE, as_json=as_json)


@warehouses.command("edit")
@click.argument("code")
@click.option("--name", help="What people call it.")
@click.option("--kind", type=click.Choice([kind.value for kind in WarehouseKind]))
@click.option("--active/--not-active", default=None, help="Whether new orders may be sent to it.")
@_place_options
@json_option
@refusals_shown
def edit_warehouse(
    code: str, name: str | None, kind: str | None, active: bool | None, as_json: bool, **place: Any
) -> None:
    """Say how a warehouse is now; what is not named stays."""
    container = ready()
    found = _known_warehouse(container, warehouse_code(code, field="code"))
    command = ChangeWarehouse(
        code=found.code,
        name=found.name if name is None else name,
        kind=WarehouseKind(kind) if kind else found.kind,
        place=evolve(found.place, **_given(place)),
        active=found.active if active is None else active,
        expected_version=found.version,
        by=operator(),
    )
    show([_warehouse(container.warehouses().change(command))], WAREHOUSE, as_json=as_json)


def _known_warehouse(container: Container, code: WarehouseCode) -> Warehouse:
    known: tuple[Warehouse, ...] = container.queries().warehouses()
    found = next((each for each in known if each.code == code), None)
    if found is None:
        raise WarehouseNotFound(warehouse=code)
    return found


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _units(lines: tuple[str, ...]) -> tuple[Units, ...]:
    return tuple(_line(text) for text in lines)


def _line(text: str) -> Units:
    sku, _, rest = text.rpartition("=")
    number, _, quality = rest.partition(":")
    try:
        return Units(sku=sku_code(sku), units=int(number), quality=Quality(quality or Quality.GOOD))
    except ValueError as error:
        raise click.UsageError(f"{text}: a line is SKU=UNITS or SKU=UNITS:defective") from error


def _document_id(container: Container, text: str) -> StockDocumentId:
    try:
        return StockDocumentId(UUID(text))
    except ValueError:
        found: StockDocumentId | None = container.queries().stock_document_id(operator(), text)
    if found is None:
        raise click.UsageError(f"there is no stock document {text}; see `oms stock documents`")
    return found


def _document(document: StockDocument) -> dict[str, Any]:
    return {
        "id": str(document.id),
        "number": document.number,
        "kind": str(document.kind),
        "state": "posted" if isinstance(document, Posting) else str(document.state),
        "warehouse": document.warehouse,
        "lines": _lines(document),
        "reason": document.reason,
        "reference": document.reference,
    }


def _lines(document: StockDocument) -> list[str]:
    match document:
        case Transfer():
            return [f"{line.sku}={line.sent} ({line.rest} on the way)" for line in document.lines]
        case Stocktake():
            return [f"{each.sku}={each.counted} ({each.difference:+d})" for each in document.counts]
        case Posting():
            return [
                f"{line.sku}={line.units}{'' if line.quality is Quality.GOOD else f':{line.quality}'}"
                for line in document.lines
            ]


def _counts(stocktake: Stocktake) -> list[dict[str, Any]]:
    return [
        {
            "number": stocktake.number,
            "state": str(stocktake.state),
            "sku": each.sku,
            "quality": str(each.quality),
            "counted": each.counted,
            "booked": each.booked,
            "difference": each.difference,
        }
        for each in stocktake.counts
    ]


def _level(level: StockLevel) -> dict[str, Any]:
    return {name: getattr(level, name) for name in (*LEVEL, "buckets")}


def _levels(container: Container) -> Iterator[dict[str, Any]]:
    after = None
    while page := container.queries().stock(operator(), after=after, limit=LARGEST_PAGE):
        yield from map(_level, page)
        after = (page[-1].sku, page[-1].warehouse)


def _warehouse(warehouse: Warehouse) -> dict[str, Any]:
    place = warehouse.place
    return {
        "code": warehouse.code,
        "name": warehouse.name,
        "kind": str(warehouse.kind),
        "province": place.province,
        "city": place.city,
        "district": place.district,
        "latitude_e6": place.latitude_e6,
        "longitude_e6": place.longitude_e6,
        "active": warehouse.active,
        "version": warehouse.version,
    }
