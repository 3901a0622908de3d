"""``oms orders create``, ``oms orders pay`` and ``oms orders pay-balance``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final, TextIO

import click

from oms_adapters.bootstrap.commands_addresses import recognised_parts
from oms_adapters.bootstrap.commands_batches import ORDERS_FILE, show_begun
from oms_adapters.bootstrap.commands_orders import UNTIL, order_id_of
from oms_adapters.bootstrap.container import Container
from oms_adapters.bootstrap.one_order import region_text
from oms_adapters.bootstrap.output import json_option, show
from oms_adapters.bootstrap.refusals import refusal_row
from oms_adapters.bootstrap.session import language, operator, ready, refusals_shown, shop_named
from oms_adapters.http.bodies import as_body, read_json
from oms_adapters.http.manual_orders import NewOrderBody
from oms_app.batches import StartEach
from oms_app.manual import ManualAnswer, PayBalance
from oms_app.paying import PayOrder
from oms_domain.kernel.errors import OmsError
from oms_domain.kernel.money import Money, parse_money
from oms_domain.kernel.time import CHINA

BALANCES: Final = "Instead, in the background: the orders of FILE, one a line with what was paid, and a coupon if any."
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
@click.argument("order", required=False)
@click.argument("amount", metavar="YUAN", required=False)
@click.option("--coupon", metavar="YUAN", help="What a coupon took off it.")
@click.option("--batch", "file", type=ORDERS_FILE, metavar="FILE", help=BALANCES)
@json_option
@refusals_shown
def pay_balance(order: str | None, amount: str | None, coupon: str | None, file: TextIO | None, as_json: bool) -> None:
    """Book the second payment of a presale (尾款)."""
    if (file is None and amount is None) or (file is not None and order is not None):
        raise click.UsageError("Name an order and what was paid, or a file with --batch.")
    container = ready()
    if file is not None:
        many = [_balance(container, *line.split()[:3]) for line in file if line.strip()]
        show_begun(container.batches().start_each(StartEach(commands=many, by=operator())), as_json=as_json)
        return
    assert order is not None
    command = _balance(container, order, amount or "", coupon or "")
    answer = container.manual_orders().pay_balance(command)
    row = {"order": answer.number, "outcome": "done", "state": str(answer.state)}
    show([row], ["order", "outcome", "state"], as_json=as_json)


def _balance(container: Container, order: str, amount: str = "", coupon: str = "") -> PayBalance:
    return PayBalance(
        order_id=order_id_of(container, order),
        paid=parse_money(amount, field="amount"),
        coupon=parse_money(coupon, field="coupon") if coupon else Money(0),
        by=operator(),
    )


@click.command("pay")
@click.argument("payments", nargs=-1, metavar="ORDER=YUAN…")
@click.option(
    "--batch", "file", type=click.File("r", encoding="utf-8"), help="More of them, one a line. `-`: standard input."
)
@click.option("--at", "paid_at", type=UNTIL, help="When it was paid, China's time; without it: now.")
@click.option("--reference", default="", help="The number that the payment has with whoever took it.")
@click.option("--reason", default="", help="Why; kept in the log.")
@json_option
@click.pass_context
@refusals_shown
def pay_orders(
    ctx: click.Context,
    /,
    payments: tuple[str, ...],
    file: Any,
    paid_at: datetime | None,
    reference: str,
    reason: str,
    as_json: bool,
) -> None:
    """Book the payment of orders that wait for it (手工收款), each with its own answer.

    All of what is due; parts of an order that was split before it was paid are paid together.
    """
    named = [*payments, *(line.strip() for line in file or () if line.strip())]
    if not named:
        raise click.UsageError("name at least one ORDER=YUAN")
    at = paid_at.replace(tzinfo=CHINA).astimezone(UTC) if paid_at else None
    container, rows, failed = ready(), [], False
    for text in named:
        order, _, amount = text.rpartition("=")
        try:
            command = PayOrder(
                order_id=order_id_of(container, order),
                paid=parse_money(amount, field="amount"),
                paid_at=at,
                reference=reference,
                reason=reason,
                by=operator(),
            )
            answer = container.desk().give(command)
            rows.append({"order": answer.number, "outcome": "done", "state": str(answer.state)})
        except OmsError as refusal:
            failed = True
            rows.append({"order": order, "outcome": "refused"} | refusal_row(refusal, language()))
    show(rows, ["order", "outcome", "state", "code", "why"], as_json=as_json)
    ctx.exit(1 if failed else 0)


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
