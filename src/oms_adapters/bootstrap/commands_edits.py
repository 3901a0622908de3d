"""``oms orders edit``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TextIO

import click

from oms_adapters.bootstrap.commands_addresses import recognised_parts
from oms_adapters.bootstrap.commands_batches import BATCH, ORDERS_FILE, check_named, ids_in, show_begun
from oms_adapters.bootstrap.commands_orders import order_id_of
from oms_adapters.bootstrap.commands_splits import part_of
from oms_adapters.bootstrap.container import Container
from oms_adapters.bootstrap.one_order import region_text
from oms_adapters.bootstrap.output import json_option, show
from oms_adapters.bootstrap.refusals import DateInvalid, PartInvalid, refusal_row
from oms_adapters.bootstrap.session import language, operator, ready, refusals_shown
from oms_app.address_edits import AddressWanted
from oms_app.batches import StartEach
from oms_app.editing import NEVER, EditAnswer, EditOrder, Holding, Replace
from oms_app.queries.rows import LARGEST_PAGE
from oms_app.splitting import Wanted
from oms_domain.inventory.stock import warehouse_code
from oms_domain.kernel.codes import sku_code
from oms_domain.kernel.errors import OmsError
from oms_domain.kernel.identity import CarrierCode, OrderId, SkuCode

NONE: Final = "none"
COLUMNS: Final = [
    "order",
    "of_version",
    "outcome",
    "state",
    "what",
    "refund_due",
    "held",
    "holds",
    "missing",
    "region",
    "recognised",
    "doubts",
    "code",
    "why",
]
FIELDS: Final = ("name", "mobile", "phone", "street", "zip", "province", "city", "district", "town")


def _address_options(command: Any) -> Any:
    for name in reversed(FIELDS):
        command = click.option(f"--{name}", help=f"Of the address: {name}.")(command)
    return command


@click.command("edit")
@click.argument("order", nargs=-1)
@click.option("--batch", "file", type=ORDERS_FILE, metavar="FILE", help=BATCH)
@click.option("--note", help="Our own remark (内部备注), at most 500 characters.")
@click.option("--mark", type=click.IntRange(0, 9), help="Our own mark; 0: none.")
@click.option("--tag", "add_tags", multiple=True, help="Add a tag that the shop has.")
@click.option("--untag", "remove_tags", multiple=True, help="Remove a tag.")
@click.option("--ship-on", metavar="DATE", help="Not to be released before; `none`: no date any more.")
@click.option("--warehouse", help="Ship from there.")
@click.option("--carrier", help="Ship with it; `none`: whatever fits.")
@click.option("--clear-carrier", is_flag=True, help="Let go of a carrier that does not fit the warehouse named.")
@click.option("--replace", "replacements", multiple=True, metavar="SKU=SKU", help="Another SKU; the amounts stay.")
@click.option("--quantity", "quantities", multiple=True, metavar="SKU=UNITS", help="Units to be left; 0 drops it.")
@click.option("--gift", "gifts", multiple=True, metavar="SKU=UNITS", help="Add a gift.")
@click.option("--no-gift", "remove_gifts", multiple=True, metavar="SKU", help="Remove a gift.")
@click.option("--address", "text", default="", help="A pasted address, in one piece and any order.")
@_address_options
@click.option(
    "--version",
    "of_version",
    type=click.IntRange(min=1),
    help="Of one order: refuse if it has changed since. By default: since the command began.",
)
@click.option("--reason", default="", help="Why; kept in the log.")
@click.option("--plan", "only_plan", is_flag=True, help="Show what it would make, and change nothing.")
@json_option
@click.pass_context
@refusals_shown
def edit_orders(
    ctx: click.Context,
    /,
    order: tuple[str, ...],
    file: TextIO | None,
    of_version: int | None,
    only_plan: bool,
    as_json: bool,
    **edit: Any,
) -> None:
    """Change orders while they await review (批量修改), each with its own answer."""
    check_named(order, file, only_plan)
    if of_version is not None and len(order) != 1:
        raise click.UsageError("--version is of one order.")
    container, rows, failed = ready(), [], False
    facts = _facts(**edit)
    if file is not None:
        edits = _edits(container, ids_in(container, file), None, facts)
        show_begun(container.batches().start_each(StartEach(commands=edits, by=operator())), as_json=as_json)
        return
    for text in order:
        try:
            (command,) = _edits(container, [order_id_of(container, text)], of_version, facts)
            answer = _act(container, only_plan)(command)
            row = {"order": text, "of_version": command.expected_version} | _row(answer)
            pasted = edit["text"] if only_plan else ""
            rows.append(row | ({"recognised": recognised_parts(pasted)} if pasted else {}))
        except OmsError as refusal:
            failed = True
            rows.append({"order": text, "outcome": "refused"} | refusal_row(refusal, language()))
    show(rows, COLUMNS, as_json=as_json)
    ctx.exit(1 if failed else 0)


def _edits(
    container: Container, order_ids: Sequence[OrderId], of_version: int | None, facts: Mapping[str, Any]
) -> list[EditOrder]:
    """Return the edit of each order as it stands now, or of the version that is named."""
    by, versions = operator(), dict[OrderId, int]()
    for at in range(0, len(order_ids), LARGEST_PAGE):
        versions |= container.queries().order_versions(by, order_ids[at : at + LARGEST_PAGE])
    return [EditOrder(order_id=id, expected_version=of_version or versions.get(id), by=by, **facts) for id in order_ids]


def _act(container: Container, only_plan: bool) -> Any:
    edits = container.edits()
    return edits.preview if only_plan else edits.edit


def _facts(
    *,
    ship_on: str | None,
    warehouse: str | None,
    carrier: str | None,
    replacements: tuple[str, ...],
    quantities: tuple[str, ...],
    gifts: tuple[str, ...],
    remove_gifts: tuple[str, ...],
    text: str,
    **more: Any,
) -> dict[str, Any]:
    address = {name: more.pop(name) for name in FIELDS}
    named = text or any(value is not None for value in address.values())
    return {
        **more,
        "ship_on": _date(ship_on),
        "warehouse": warehouse_code(warehouse) if warehouse is not None else None,
        "carrier": None if carrier is None else CarrierCode("" if carrier == NONE else carrier),
        "replacements": tuple(map(_replace, replacements)),
        "quantities": tuple(_wanted(text, least=0) for text in quantities),
        "add_gifts": tuple((gift.sku, gift.units) for gift in map(_gift, gifts)),
        "remove_gifts": tuple(sku_code(sku, field="no-gift") for sku in remove_gifts),
        "address": AddressWanted(text=text, **address) if named else None,
    }


def _date(text: str | None) -> Any:
    if text is None:
        return None
    if text == NONE:
        return NEVER
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a date of our calendar has no zone
    except ValueError:
        raise DateInvalid(field="ship-on", value=text[:40]) from None


def _replace(text: str) -> Replace:
    old, equals, new = text.rpartition("=")
    if not equals:
        raise PartInvalid(field="replace", value=text[:100])
    return Replace(sku=SkuCode(sku_code(old, field="replace")), by=sku_code(new, field="replace"))


def _wanted(text: str, *, least: int) -> Wanted:
    (wanted,) = part_of(text, least=least, field="quantity")
    return wanted


def _gift(text: str) -> Wanted:
    return _wanted(text if "=" in text else f"{text}=1", least=1)


def _row(answer: EditAnswer) -> dict[str, Any]:
    return {
        "outcome": "done",
        "state": str(answer.order.state),
        "what": list(answer.what),
        "refund_due": str(answer.refund_due),
        "held": _holdings(answer.held),
        "holds": _holdings(answer.holds),
        "missing": [f"{sku}={units}" for sku, units in answer.missing],
        "receiver": answer.receiver,
        "region": region_text(answer.region),
        "doubts": list(answer.doubts),
    }


def _holdings(holdings: tuple[Holding, ...]) -> list[str]:
    return [f"{each.sku}={each.units}@{each.warehouse}" for each in holdings]
