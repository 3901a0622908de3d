"""``oms orders split``, ``merge``, ``unmerge``, ``merge-candidates``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TextIO

import click

from oms_adapters.bootstrap.commands_batches import BATCH, ORDERS_FILE, check_named, ids_in, show_begun
from oms_adapters.bootstrap.commands_orders import order_id_of
from oms_adapters.bootstrap.container import Container
from oms_adapters.bootstrap.output import json_option, show
from oms_adapters.bootstrap.refusals import PartInvalid, refusal_row
from oms_adapters.bootstrap.session import language, operator, ready, refusals_shown, shop_named
from oms_app.batches import StartEach
from oms_app.merging import Merged, MergeOrders, UnmergeOrder
from oms_app.queries.rows import LARGEST_PAGE, OrderRow
from oms_app.splitting import SplitAnswer, SplitOrder, Wanted
from oms_domain.kernel.errors import OmsError
from oms_domain.kernel.identity import SkuCode
from oms_domain.kernel.text import checked_text

LONGEST_SKU = 64
GROUPS: Final = (
    "Instead: the orders of each line of FILE, with blanks between, `-` for standard input; each its answer."
)
PARTS = ["part", "order", "state", "contents", "payable", "paid", "why"]


@click.command("split")
@click.argument("order", required=False)
@click.option("--batch", "file", type=ORDERS_FILE, metavar="FILE", help=BATCH)
@click.option("--part", "parts", multiple=True, metavar="SKU=UNITS,…", help="What goes into one part; may be repeated.")
@click.option("--plan", "only_plan", is_flag=True, help="Show what it would make, and change nothing.")
@json_option
@refusals_shown
def split_order(order: str | None, file: TextIO | None, parts: tuple[str, ...], only_plan: bool, as_json: bool) -> None:
    """Take an order apart (拆单): into these parts and one more with what they leave; without, by the shop's rules."""
    check_named((order,) if order else (), file, only_plan)
    container = ready()
    wanted = tuple(part_of(part) for part in parts)
    if order is None:
        assert file is not None
        many = [SplitOrder(order_id=id, parts=wanted, by=operator()) for id in ids_in(container, file)]
        show_begun(container.batches().start_each(StartEach(commands=many, by=operator())), as_json=as_json)
        return
    command = SplitOrder(order_id=order_id_of(container, order), parts=wanted, by=operator())
    splits = container.splits()
    _show_parts(splits.preview(command) if only_plan else splits.split(command), as_json)


@click.command("merge")
@click.argument("order", nargs=-1)
@click.option("--groups", "file", type=ORDERS_FILE, metavar="FILE", help=GROUPS)
@click.option("--plan", "only_plan", is_flag=True, help="Show what it would make, and change nothing.")
@json_option
@click.pass_context
@refusals_shown
def merge_orders(
    ctx: click.Context, /, order: tuple[str, ...], file: TextIO | None, only_plan: bool, as_json: bool
) -> None:
    """Put orders of one buyer to one address together (合单)."""
    if bool(order) == (file is not None):
        raise click.UsageError("Name orders, or a file with --groups.")
    container = ready()
    if file is not None:
        rows = [_group(container, line.split(), only_plan) for line in file if line.strip()]
        show(rows, ["group", "outcome", *MERGED, "code", "why"], as_json=as_json)
        ctx.exit(1 if any(row["outcome"] == "refused" for row in rows) else 0)
    command = MergeOrders(order_ids=tuple(order_id_of(container, text) for text in order), by=operator())
    merges = container.merges()
    show([_merged(merges.preview(command) if only_plan else merges.merge(command))], MERGED, as_json=as_json)


def _group(container: Container, names: Sequence[str], only_plan: bool) -> dict[str, Any]:
    """Merge the orders of one line, and say what became of it."""
    merges, named = container.merges(), {"group": list(names)}
    try:
        command = MergeOrders(order_ids=tuple(order_id_of(container, name) for name in names), by=operator())
        done = merges.preview(command) if only_plan else merges.merge(command)
    except OmsError as refusal:
        return named | {"outcome": "refused"} | refusal_row(refusal, language())
    return named | {"outcome": "done"} | _merged(done)


@click.command("unmerge")
@click.argument("order", nargs=-1, required=True)
@json_option
@click.pass_context
@refusals_shown
def unmerge_order(ctx: click.Context, /, order: tuple[str, ...], as_json: bool) -> None:
    """Take merged orders apart by their sources (取消合单), until they are released; each with its own answer."""
    container, rows = ready(), list[dict[str, Any]]()
    for name in order:
        try:
            command = UnmergeOrder(order_id=order_id_of(container, name), by=operator())
            parts = _parts(container.merges().unmerge(command))
            rows += [{"of": name, "outcome": "done"} | part for part in parts]
        except OmsError as refusal:
            rows.append({"of": name, "outcome": "refused"} | refusal_row(refusal, language()))
    show(rows, ["of", "outcome", *PARTS, "code"], as_json=as_json)
    ctx.exit(1 if any(row["outcome"] == "refused" for row in rows) else 0)


@click.command("merge-candidates")
@click.option("--shop", "shop_code")
@json_option
@refusals_shown
def merge_candidates(shop_code: str | None, as_json: bool) -> None:
    """List orders that may be merged, group by group."""
    container = ready()
    shop_id = shop_named(container, shop_code).id if shop_code else None
    groups, after = list[tuple[OrderRow, ...]](), None
    while True:
        page = container.queries().merge_candidates(operator(), shop_id=shop_id, after=after, limit=LARGEST_PAGE)
        groups += page.groups
        if (after := page.next) is None:
            break
    rows = [
        {
            "group": at,
            "id": str(row.id),
            "number": row.number,
            "platform_order_no": row.platform_order_no,
            "receiver": row.receiver_mask,
            "payable": str(row.payable),
            "units": row.units,
        }
        for at, group in enumerate(groups, 1)
        for row in group
    ]
    show(rows, ["group", "number", "platform_order_no", "receiver", "payable", "units"], as_json=as_json)


SPLITTING: Final = (split_order, merge_orders, unmerge_order, merge_candidates)
"""What is added to ``oms orders``."""

MERGED = ["order", "sources", "lines", "freight", "payable", "paid"]


def _merged(merged: Merged) -> dict[str, Any]:
    return {
        "id": str(merged.order.id),
        "order": merged.order.number,
        "sources": [source.number for source in merged.sources],
        "lines": merged.lines,
        "freight": str(merged.freight),
        "payable": str(merged.payable),
        "paid": str(merged.paid),
    }


def _show_parts(answer: SplitAnswer, as_json: bool) -> None:
    show(_parts(answer), PARTS, as_json=as_json, title=answer.number)


def _parts(answer: SplitAnswer) -> list[dict[str, Any]]:
    return [
        {
            "part": at,
            "id": str(part.order.id) if part.order else "",
            "order": part.order.number if part.order else "",
            "state": str(part.order.state) if part.order else "",
            "contents": [f"{line.sku}={line.units}" for line in part.lines],
            "payable": str(part.payable),
            "paid": str(part.paid),
            "why": list(part.reasons),
        }
        for at, part in enumerate(answer.parts, 1)
    ]


def part_of(text: str, *, least: int = 1, field: str = "part") -> tuple[Wanted, ...]:
    """Read what goes into a part: ``SCARF=2,HAT=1``. Raises ``PartInvalid``."""
    found = []
    for word in text.split(","):
        sku, equals, units = word.rpartition("=")
        if not equals or not (units.isascii() and units.isdigit()) or len(units) > 7 or int(units) < least:
            raise PartInvalid(field=field, value=text[:100])
        code = checked_text(sku.strip(), field=field, longest=LONGEST_SKU, allow_empty=False)
        found.append(Wanted(sku=SkuCode(code), units=int(units)))
    return tuple(found)
