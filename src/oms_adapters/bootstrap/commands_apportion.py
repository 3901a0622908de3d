"""``oms apportion`` and ``oms explain``: the amounts of an order from a file, or of a stored one, explained."""

from __future__ import annotations

import json
from typing import Any, Final

import click

from oms_adapters.bootstrap.commands_orders import order_id_of
from oms_adapters.bootstrap.session import operator, ready, refusals_shown
from oms_domain.apportionment.explain import as_json, explain, explain_units, markdown, svg, text
from oms_domain.apportionment.explain.table import Explanation
from oms_domain.apportionment.form import InvalidForm, read_form
from oms_domain.apportionment.waterfall import apportion as apportioned
from oms_domain.orders.explained import explain_line, explain_order

LARGEST_FILE: Final = 8 * 1024 * 1024
WAYS: Final = {
    "text": text,
    "markdown": markdown,
    "json": lambda found: json.dumps(as_json(found), ensure_ascii=False),
    "svg": svg,
}


@click.command()
@click.argument("file", type=click.File("rb"))
@click.option("--as", "way", type=click.Choice(list(WAYS)), default="text", show_default=True, help="How to show it.")
@click.option("--units", default="", metavar="LINE", help="Show the single units of this line instead.")
@click.option("--json", "wants_json", is_flag=True, help="The same as --as json.")
@refusals_shown
def apportion(file: Any, way: str, units: str, wants_json: bool) -> None:
    """Place the discounts, tenders and freight of an order in FILE, and explain each fen. Needs no database.

    FILE is JSON, described in docs/reference/apportion-file.md; - reads standard input.
    """
    order, policy = read_form(_read(file))
    result = apportioned(order, policy)
    found: Explanation = explain_units(result, units) if units else explain(result)
    click.echo(WAYS["json" if wants_json else way](found))


@click.command("explain")
@click.argument("order")
@click.option("--as", "way", type=click.Choice(list(WAYS)), default="text", show_default=True, help="How to show it.")
@click.option("--units", default="", metavar="LINE", help="Show the single units of this line instead.")
@click.option("--json", "wants_json", is_flag=True, help="The same as --as json.")
@refusals_shown
def explain_stored(order: str, way: str, units: str, wants_json: bool) -> None:
    """Explain each fen of a stored ORDER, by number or id: lines × discounts, freight and tenders."""
    container = ready()
    found = container.queries().order(operator(), order_id_of(container, order)).order
    shown = explain_line(found, units) if units else explain_order(found)
    click.echo(WAYS["json" if wants_json else way](shown))


def _read(file: Any) -> Any:
    content = file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise InvalidForm(field="(file)", why=f"is larger than {LARGEST_FILE:,} bytes")
    try:
        return json.loads(content.decode("utf-8-sig"), object_pairs_hook=_each_once)
    except (ValueError, RecursionError) as error:
        raise InvalidForm(field="(file)", why=f"is no JSON: {error}"[:200]) from error


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise InvalidForm(field=next(name for name in names if names.count(name) > 1)[:200], why="stands there twice")
    return found
