"""``oms mappings``; and files of rows, each with its own answer."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import click

from oms_adapters.bootstrap.container import Container
from oms_adapters.bootstrap.output import json_option, show
from oms_adapters.bootstrap.refusals import refusal_row
from oms_adapters.bootstrap.session import language, operator, ready, refusals_shown, shop_named
from oms_app.queries.rows import LARGEST_PAGE
from oms_app.shops import ListShops
from oms_app.sku_mappings import ChangeMapping, MapSku, RemoveMapping
from oms_domain.catalog.mapping import SkuMapping
from oms_domain.kernel.errors import OmsError
from oms_domain.kernel.identity import MappingId, ShopId

Row = dict[str, Any]

REFUSED: Final = "refused"
MAPPING_COLUMNS: Final = ["id", "shop", "platform_sku_id", "merchant_code", "target", "version"]
UNMAPPED_COLUMNS: Final = ["shop", "platform_sku_id", "merchant_code", "title", "spec", "why", "orders"]


@click.group()
def mappings() -> None:
    """What platforms' SKUs are of ours (平台 SKU 对应)."""


@mappings.command("list")
@click.option("--shop", "shop_code")
@json_option
@refusals_shown
def list_mappings(shop_code: str | None, as_json: bool) -> None:
    """List the mappings that stand, oldest first."""
    container = ready()
    shop_id, codes = _shop_id(container, shop_code), _shop_codes(container)

    def pages() -> Iterator[SkuMapping]:
        after = None
        while page := container.catalog_queries().mappings(
            operator(), shop_id=shop_id, after=after, limit=LARGEST_PAGE
        ):
            yield from page
            after = page[-1].id

    show((_mapping_row(mapping, codes) for mapping in pages()), MAPPING_COLUMNS, as_json=as_json)


@mappings.command("unmapped")
@click.option("--shop", "shop_code")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, LARGEST_PAGE))
@json_option
@refusals_shown
def list_unmapped(shop_code: str | None, limit: int, as_json: bool) -> None:
    """List the platforms' SKUs that orders wait for, what most wait for first."""
    container = ready()
    found = container.catalog_queries().unmapped(operator(), shop_id=_shop_id(container, shop_code), limit=limit)
    codes = _shop_codes(container)
    rows = [
        {
            "shop": codes.get(row.shop_id, ""),
            "platform_sku_id": row.platform_sku_id,
            "merchant_code": row.merchant_code,
            "title": row.title,
            "spec": row.spec,
            "why": row.why,
            "orders": row.orders,
            "waiting_since": row.waiting_since.isoformat(timespec="seconds"),
        }
        for row in found
    ]
    show(rows, UNMAPPED_COLUMNS, as_json=as_json)


@mappings.command("add")
@click.option("--shop", "shop_code", help="The shop, by its code.")
@click.option("--platform-sku", "platform_sku_id", default="", help="The SKU's id at the platform.")
@click.option("--merchant-code", default="", help="The merchant's code at the platform.")
@click.option("--to", "target", help="Our SKU or bundle that it is.")
@click.option("--file", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="CSV: see below.")
@json_option
@click.pass_context
@refusals_shown
def add_mapping(
    ctx: click.Context,
    shop_code: str | None,
    platform_sku_id: str,
    merchant_code: str,
    target: str | None,
    file: Path | None,
    as_json: bool,
) -> None:
    """Say what a platform's SKU is, or say it of all in a CSV file: each row with its own answer.

    The file has a heading with `shop`, `target` and `platform_sku_id`, `merchant_code` or both. Orders that wait are
    converted by themselves.
    """
    container = ready()
    if file is not None:

        def put(row: Row) -> str:
            shop_id = shop_named(container, row.pop("shop", "")).id
            facts: Row = {"target": ""} | row
            container.sku_mappings().map(MapSku(shop_id=shop_id, by=operator(), **facts))
            return "mapped"

        put_rows(ctx, file, put, {"shop", "target", "platform_sku_id", "merchant_code"}, as_json)
        return
    if shop_code is None or target is None:
        raise click.UsageError("give --shop and --to, or a --file")
    command = MapSku(
        shop_id=shop_named(container, shop_code).id,
        platform_sku_id=platform_sku_id,
        merchant_code=merchant_code,
        target=target,
        by=operator(),
    )
    row = _mapping_row(container.sku_mappings().map(command), _shop_codes(container))
    show([row], MAPPING_COLUMNS, as_json=as_json)


@mappings.command("change")
@click.argument("mapping_id", type=click.UUID)
@click.option("--to", "target", required=True, help="Our SKU or bundle that it is.")
@json_option
@refusals_shown
def change_mapping(mapping_id: Any, target: str, as_json: bool) -> None:
    """Let a mapping stand for something else; orders that are there keep what they have."""
    container = ready()
    command = ChangeMapping(mapping_id=MappingId(mapping_id), target=target, by=operator())
    row = _mapping_row(container.sku_mappings().change(command), _shop_codes(container))
    show([row], MAPPING_COLUMNS, as_json=as_json)


@mappings.command("remove")
@click.argument("mapping_id", type=click.UUID)
@json_option
@refusals_shown
def remove_mapping(mapping_id: Any, as_json: bool) -> None:
    """Let a mapping stand no longer."""
    container = ready()
    command = RemoveMapping(mapping_id=MappingId(mapping_id), by=operator())
    row = _mapping_row(container.sku_mappings().remove(command), _shop_codes(container))
    show([row], [*MAPPING_COLUMNS, "is_deleted"], as_json=as_json)


def put_rows(ctx: click.Context, file: Path, put: Callable[[Row], str], known: set[str], as_json: bool) -> None:
    """Put each row of a CSV file (UTF-8); exit 1 if one was refused."""
    try:
        rows = _rows(file, put, known)
    except (UnicodeDecodeError, csv.Error) as error:
        raise click.UsageError(f"{file.name} is no CSV in UTF-8: {error}") from error
    show(rows, ["row", "key", "outcome", "why"], as_json=as_json)
    ctx.exit(1 if any(row["outcome"] == REFUSED for row in rows) else 0)


def _rows(file: Path, put: Callable[[Row], str], known: set[str]) -> list[Row]:
    rows: list[Row] = []
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        if strange := set(reader.fieldnames or ()) - known:
            raise click.UsageError(f"{file.name} has columns that nobody reads: {', '.join(sorted(strange))}")
        for number, row in enumerate(reader, 1):
            told = {name: value for name, value in row.items() if name and isinstance(value, str)}
            key = told.get("code") or told.get("platform_sku_id") or told.get("merchant_code") or ""
            try:
                rows.append({"row": number, "key": key, "outcome": put(told), "why": ""})
            except OmsError as refusal:
                rows.append({"row": number, "key": key, "outcome": REFUSED} | refusal_row(refusal, language()))
    return rows


def _shop_codes(container: Container) -> dict[ShopId, str]:
    return {shop.id: shop.code for shop in container.shops().all(ListShops(by=operator()))}


def _shop_id(container: Container, code: str | None) -> ShopId | None:
    return shop_named(container, code).id if code is not None else None


def _mapping_row(mapping: SkuMapping, shops: dict[ShopId, str]) -> Row:
    return {
        "id": str(mapping.id),
        "shop": shops.get(mapping.shop_id, ""),
        "platform_sku_id": mapping.platform_sku_id,
        "merchant_code": mapping.merchant_code,
        "target": mapping.target,
        "is_deleted": mapping.is_deleted,
        "version": mapping.version,
    }
