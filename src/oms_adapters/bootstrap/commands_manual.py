"""``oms orders create`` and ``oms orders pay-balance``."""

from __future__ import annotations

from typing import Any

import click

from oms_adapters.bootstrap.commands_addresses import recognised_parts
from oms_adapters.bootstrap.commands_orders import order_id_of
from oms_adapters.bootstrap.one_order import region_text
from oms_adapters.bootstrap.output import json_option, show
from oms_adapters.bootstrap.session import operator, ready, refusals_shown, shop_named
from oms_adapters.http.bodies import as_body, read_json
from oms_adapters.http.manual_orders import NewOrderBody
from oms_app.manual import ManualAnswer, PayBalance
from oms_domain.kernel.money import Money, parse_money

COLUMNS = [
    "order",
    "outcome",
    "state",
    "payable",
    "paid",
    "balance_due",
    "receiver",
    "region",
    "recognised",
    "lines",
    "doubts",
]


@click.command("create")
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Only say what it would be.")
@json_option
@refusals_shown
def create_order(file: Any, dry_run: bool, as_json: bool) -> None:
    """Put an order in (手工订单) from a JSON file, as `POST /orders` takes it. `-`: standard input."""
    body, container = as_body(read_json(file.read()), NewOrderBody), ready()
    command = body.command(shop_named(container, body.shop).id if body.shop else None, operator())
    service = container.manual_orders()
    answer = service.preview(command) if dry_run else service.create(command)
    row = _row(answer, "planned" if dry_run else "created")
    if dry_run and body.receiver.text:
        row["recognised"] = recognised_parts(body.receiver.text)
    show([row], COLUMNS, as_json=as_json)


@click.command("pay-balance")
@click.argument("order")
@click.argument("amount", metavar="YUAN")
@click.option("--coupon", metavar="YUAN", help="What a coupon took off it.")
@json_option
@refusals_shown
def pay_balance(order: str, amount: str, coupon: str | None, as_json: bool) -> None:
    """Book the second payment of a presale (尾款)."""
    container = ready()
    command = PayBalance(
        order_id=order_id_of(container, order),
        paid=parse_money(amount, field="amount"),
        coupon=parse_money(coupon, field="coupon") if coupon else Money(0),
        by=operator(),
    )
    answer = container.manual_orders().pay_balance(command)
    row = {"order": answer.number, "outcome": "done", "state": str(answer.state)}
    show([row], ["order", "outcome", "state"], as_json=as_json)


def _row(answer: ManualAnswer, outcome: str) -> dict[str, Any]:
    return {
        "id": str(answer.order.id),
        "order": answer.order.number,
        "outcome": outcome,
        "state": str(answer.order.state),
        "payable": str(answer.payable),
        "paid": str(answer.paid),
        "balance_due": str(answer.balance_due),
        "receiver": answer.receiver,
        "region": region_text(answer.region),
        "lines": [f"{line.sku} ×{line.quantity} {line.payable}" for line in answer.lines],
        "doubts": list(answer.doubts),
    }
