"""``oms stock``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from oms_adapters.bootstrap.container import Container
from oms_adapters.bootstrap.output import json_option, show
from oms_adapters.bootstrap.session import operator, ready, refusals_shown
from oms_app.inventory import ReceiveStock
from oms_app.queries.rows import LARGEST_PAGE
from oms_domain.inventory.stock import sku_code, warehouse_code
from oms_domain.kernel.quantity import quantity
from oms_domain.kernel.text import checked_text

LONGEST_REASON = 500


@click.group()
def stock() -> None:
    """Stock (库存)."""


@stock.command("list")
@json_option
@refusals_shown
def list_stock(as_json: bool) -> None:
    """List quantities by SKU and warehouse."""
    show(_levels(ready()), ["sku", "warehouse", "on_hand", "reserved", "available"], as_json=as_json)


@stock.command("receive")
@click.argument("sku")
@click.argument("units", type=int)
@click.option("--warehouse", default="MAIN", show_default=True)
@click.option("--reason", default="")
@json_option
@refusals_shown
def receive_stock(sku: str, units: int, warehouse: str, reason: str, as_json: bool) -> None:
    """Book units that came in (入库)."""
    command = ReceiveStock(
        sku=sku_code(sku),
        warehouse=warehouse_code(warehouse),
        quantity=quantity(units),
        reason=checked_text(reason, field="reason", longest=LONGEST_REASON),
        by=operator(),
    )
    answer = ready().stock().receive(command)
    row = {"sku": answer.sku, "warehouse": answer.warehouse, "quantity": answer.quantity, "receipt": str(answer.id)}
    show([row], ["sku", "warehouse", "quantity", "receipt"], as_json=as_json)


def _levels(container: Container) -> Iterator[dict[str, Any]]:
    after = None
    while page := container.queries().stock(operator(), after=after, limit=LARGEST_PAGE):
        for level in page:
            yield {
                "sku": level.sku,
                "warehouse": level.warehouse,
                "on_hand": level.on_hand,
                "reserved": level.reserved,
                "available": level.available,
            }
        after = (page[-1].sku, page[-1].warehouse)
