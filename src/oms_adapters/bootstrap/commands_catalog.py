"""``oms skus``, ``oms bundles``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

import click
from attrs import evolve

from oms_adapters.bootstrap.commands_mappings import Row, put_rows
from oms_adapters.bootstrap.container import Container
from oms_adapters.bootstrap.output import json_option, show
from oms_adapters.bootstrap.session import operator, ready, refusals_shown
from oms_app.catalog import (
    ChangeBundle,
    ChangeSku,
    DeleteBundle,
    DeleteSku,
    PutBundle,
    PutSku,
    RestoreBundle,
    RestoreSku,
)
from oms_app.queries.catalog import CatalogFilter, bundle_stock
from oms_app.queries.rows import LARGEST_PAGE
from oms_domain.catalog.bundle import Bundle, BundleFacts, BundleNotFound, BundlePart
from oms_domain.catalog.sku import GoodsMark, Sku, SkuFacts, SkuKind, SkuNotFound, goods_marks, sku_kind
from oms_domain.kernel.codes import sku_code
from oms_domain.kernel.identity import SkuCode
from oms_domain.kernel.money import Money, parse_money
from oms_domain.kernel.quantity import quantity

Item = TypeVar("Item", Sku, Bundle)

SKU_COLUMNS: Final = ["code", "title", "spec", "kind", "list_price", "floor_price", "weight_g", "volume_cm3", "version"]
BUNDLE_COLUMNS: Final = ["code", "title", "parts", "version"]
PRICES: Final = ("list_price", "floor_price", "purchase_cost")
NUMBERS: Final = ("weight_g", "volume_cm3")
NO_MARKS: Final = "none"


def _sku_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what a SKU is."""
    for option in (
        click.option("--title", help="What people call it."),
        click.option("--spec", help="Colour, size …"),
        click.option("--kind", type=click.Choice([m.value for m in SkuKind]), help="Gifts are never sold."),
        click.option("--weight-g", type=int, help="Of one unit with its packing, in grams."),
        click.option("--volume-cm3", type=int, help="Of one unit with its packing."),
        click.option("--list-price", metavar="YUAN"),
        click.option("--floor-price", metavar="YUAN", help="Never sell below it."),
        click.option("--purchase-cost", metavar="YUAN"),
        click.option("--tax-category"),
        click.option("--category", help="What you call goods alike, for rules by category."),
        click.option("--marks", metavar="MARK,…", help=f"Any of {', '.join(GoodsMark)}; or none."),
    ):
        command = option(command)
    return command


@click.group()
def skus() -> None:
    """SKUs and gifts of the catalogue (商品)."""


@skus.command("list")
@click.option("--kind", type=click.Choice([m.value for m in SkuKind]))
@click.option("--deleted", is_flag=True, help="Deleted ones instead.")
@json_option
@refusals_shown
def list_skus(kind: str | None, deleted: bool, as_json: bool) -> None:
    """List SKUs by code."""
    wanted = CatalogFilter(kind=SkuKind(kind) if kind else None, is_deleted=deleted)
    show((_sku_row(sku) for sku in _all(ready().catalog_queries().skus, wanted)), SKU_COLUMNS, as_json=as_json)


@skus.command("show")
@click.argument("code")
@json_option
@refusals_shown
def show_sku(code: str, as_json: bool) -> None:
    """Show one SKU, also a deleted one."""
    _show_one(_sku_row(_sku(ready(), code)), as_json)


@skus.command("add")
@click.argument("code", required=False)
@click.option("--file", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="CSV: see below.")
@_sku_options
@json_option
@click.pass_context
@refusals_shown
def add_sku(ctx: click.Context, /, code: str | None, file: Path | None, as_json: bool, **facts: Any) -> None:
    """Add a SKU, or put all of a CSV file in place: each row with its own answer.

    The file has a heading with `code`, `title` and any of the options' names (`list_price`, `weight_g` …). A code that
    is there already is changed to what its row says; without --file it is refused.
    """
    if (code is None) == (file is None):
        raise click.UsageError("give a CODE or a --file")
    container = ready()
    if file is None:
        command = PutSku(code=str(code), facts=_sku_facts(facts), only_new=True, by=operator())
        show([_sku_row(container.catalog().put_sku(command).sku)], SKU_COLUMNS, as_json=as_json)
        return

    def put(row: Row) -> str:
        command = PutSku(code=row.pop("code", ""), facts=_sku_facts(row), by=operator())
        return str(container.catalog().put_sku(command).kept)

    put_rows(
        ctx,
        file,
        put,
        {"code", "title", "spec", "kind", "tax_category", "category", "marks", *PRICES, *NUMBERS},
        as_json,
    )


@skus.command("edit")
@click.argument("code")
@_sku_options
@json_option
@refusals_shown
def edit_sku(code: str, as_json: bool, **facts: Any) -> None:
    """Change a SKU; what is not named stays."""
    container = ready()
    sku = _sku(container, code)
    changed = evolve(sku.facts, **_read(facts))
    command = ChangeSku(sku_id=sku.id, facts=changed, expected_version=sku.version, by=operator())
    show([_sku_row(container.catalog().change_sku(command).sku)], SKU_COLUMNS, as_json=as_json)


@skus.command("delete")
@click.argument("code")
@json_option
@refusals_shown
def delete_sku(code: str, as_json: bool) -> None:
    """Take a SKU out of the catalogue; its code stays taken."""
    container = ready()
    command = DeleteSku(sku_id=_sku(container, code).id, by=operator())
    show([_sku_row(container.catalog().delete_sku(command).sku)], [*SKU_COLUMNS, "is_deleted"], as_json=as_json)


@skus.command("restore")
@click.argument("code")
@json_option
@refusals_shown
def restore_sku(code: str, as_json: bool) -> None:
    """Put a deleted SKU back."""
    container = ready()
    command = RestoreSku(sku_id=_sku(container, code).id, by=operator())
    show([_sku_row(container.catalog().restore_sku(command).sku)], SKU_COLUMNS, as_json=as_json)


@click.group()
def bundles() -> None:
    """Bundles of the catalogue (组合商品)."""


_parts_option = click.option("--part", "parts", multiple=True, metavar="SKU=UNITS", help="What is in one bundle.")


@bundles.command("list")
@click.option("--deleted", is_flag=True, help="Deleted ones instead.")
@json_option
@refusals_shown
def list_bundles(deleted: bool, as_json: bool) -> None:
    """List bundles by code."""
    found = _all(ready().catalog_queries().bundles, CatalogFilter(is_deleted=deleted))
    show(map(_bundle_row, found), BUNDLE_COLUMNS, as_json=as_json)


@bundles.command("show")
@click.argument("code")
@json_option
@refusals_shown
def show_bundle(code: str, as_json: bool) -> None:
    """Show one bundle, with how many of it each warehouse could ship."""
    container = ready()
    bundle = _bundle(container, code)
    levels = container.catalog_queries().levels(operator(), [part.sku for part in bundle.parts])
    available = [f"{warehouse}: {units}" for warehouse, units in bundle_stock(bundle, levels)]
    _show_one(_bundle_row(bundle) | {"available": available}, as_json)


@bundles.command("add")
@click.argument("code")
@click.option("--title", required=True, help="What people call it.")
@click.option("--spec", default="")
@_parts_option
@json_option
@refusals_shown
def add_bundle(code: str, title: str, spec: str, parts: tuple[str, ...], as_json: bool) -> None:
    """Add a bundle."""
    facts = BundleFacts(title=title, spec=spec, parts=_parts(parts))
    command = PutBundle(code=code, facts=facts, only_new=True, by=operator())
    show([_bundle_row(ready().catalog().put_bundle(command).bundle)], BUNDLE_COLUMNS, as_json=as_json)


@bundles.command("edit")
@click.argument("code")
@click.option("--title")
@click.option("--spec")
@_parts_option
@json_option
@refusals_shown
def edit_bundle(code: str, title: str | None, spec: str | None, parts: tuple[str, ...], as_json: bool) -> None:
    """Change a bundle for orders to come; what is not named stays. Parts are named all or not at all."""
    container = ready()
    bundle = _bundle(container, code)
    named = {"title": title, "spec": spec, "parts": _parts(parts) if parts else None}
    changes: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
    facts = evolve(bundle.facts, **changes)
    command = ChangeBundle(bundle_id=bundle.id, facts=facts, expected_version=bundle.version, by=operator())
    show([_bundle_row(container.catalog().change_bundle(command).bundle)], BUNDLE_COLUMNS, as_json=as_json)


@bundles.command("delete")
@click.argument("code")
@json_option
@refusals_shown
def delete_bundle(code: str, as_json: bool) -> None:
    """Take a bundle out of the catalogue; its code stays taken."""
    container = ready()
    command = DeleteBundle(bundle_id=_bundle(container, code).id, by=operator())
    row = _bundle_row(container.catalog().delete_bundle(command).bundle)
    show([row], [*BUNDLE_COLUMNS, "is_deleted"], as_json=as_json)


@bundles.command("restore")
@click.argument("code")
@json_option
@refusals_shown
def restore_bundle(code: str, as_json: bool) -> None:
    """Put a deleted bundle back."""
    container = ready()
    command = RestoreBundle(bundle_id=_bundle(container, code).id, by=operator())
    show([_bundle_row(container.catalog().restore_bundle(command).bundle)], BUNDLE_COLUMNS, as_json=as_json)


def _all(pages: Callable[..., tuple[Item, ...]], wanted: CatalogFilter) -> Iterator[Item]:
    after: SkuCode | None = None
    while page := pages(wanted, after=after, limit=LARGEST_PAGE):
        yield from page
        after = page[-1].code


def _sku(container: Container, text: str) -> Sku:
    """Raises ``SkuNotFound``."""
    code, queries = sku_code(text, field="code"), container.catalog_queries()
    for is_deleted in (False, True):
        found: tuple[Sku, ...] = queries.skus(CatalogFilter(code=code, is_deleted=is_deleted), after=None, limit=1)
        if found:
            return found[0]
    raise SkuNotFound(sku=code)


def _bundle(container: Container, text: str) -> Bundle:
    """Raises ``BundleNotFound``."""
    code, queries = sku_code(text, field="code"), container.catalog_queries()
    for is_deleted in (False, True):
        wanted = CatalogFilter(code=code, is_deleted=is_deleted)
        found: tuple[Bundle, ...] = queries.bundles(wanted, after=None, limit=1)
        if found:
            return found[0]
    raise BundleNotFound(bundle=code)


def _sku_facts(facts: Row) -> SkuFacts:
    """Raises what ``SkuFacts`` refuses; a title that nobody told is an empty one."""
    told: Row = {"title": ""} | _read(facts)
    return SkuFacts(**told)


def _read(facts: Row) -> Row:
    """Read what was told: texts of a file as those of options."""
    told = {name: value for name, value in facts.items() if value not in (None, "")}
    for name in PRICES:
        if name in told:
            told[name] = parse_money(told[name], field=name)
    for name in NUMBERS:
        if isinstance(told.get(name), str):
            told[name] = int(told[name]) if told[name].isascii() and told[name].isdigit() else told[name]
    if "kind" in told:
        told["kind"] = sku_kind(told["kind"])
    if "marks" in told:
        told["marks"] = goods_marks(each.strip() for each in told["marks"].split(",") if each.strip() != NO_MARKS)
    return told


def _parts(parts: tuple[str, ...]) -> tuple[BundlePart, ...]:
    found = []
    for place, text in enumerate(parts):
        code, _, units = text.rpartition("=")
        if not code or not (units.isascii() and units.isdigit()):
            raise click.UsageError(f"--part is SKU=UNITS, not {text!r}")
        part = BundlePart(
            sku=sku_code(code, field=f"parts[{place}].sku"),
            quantity=quantity(int(units), field=f"parts[{place}].quantity"),
        )
        found.append(part)
    return tuple(found)


def _show_one(row: Row, as_json: bool) -> None:
    if as_json:
        show([row], [], as_json=True)
        return
    facts = [{"field": name, "value": value} for name, value in row.items()]
    show(facts, ["field", "value"], as_json=False, title=str(row["code"]))


def _sku_row(sku: Sku) -> Row:
    return {
        "id": str(sku.id),
        "code": sku.code,
        "title": sku.title,
        "spec": sku.spec,
        "kind": str(sku.kind),
        "weight_g": sku.weight_g,
        "volume_cm3": sku.volume_cm3,
        "list_price": str(sku.list_price),
        "floor_price": _price(sku.floor_price),
        "purchase_cost": _price(sku.purchase_cost),
        "tax_category": sku.tax_category,
        "category": sku.category,
        "marks": sorted(sku.marks),
        "is_deleted": sku.is_deleted,
        "version": sku.version,
    }


def _price(money: Money | None) -> str | None:
    return None if money is None else str(money)


def _bundle_row(bundle: Bundle) -> Row:
    return {
        "id": str(bundle.id),
        "code": bundle.code,
        "title": bundle.title,
        "spec": bundle.spec,
        "parts": [f"{part.sku}={part.quantity}" for part in bundle.parts],
        "is_deleted": bundle.is_deleted,
        "version": bundle.version,
    }
