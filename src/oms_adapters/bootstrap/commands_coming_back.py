"""``oms orders receive-return`` and ``oms orders lose``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import click

from oms_adapters.bootstrap.commands_orders import order_id_of
from oms_adapters.bootstrap.container import Container
from oms_adapters.bootstrap.output import json_option, show
from oms_adapters.bootstrap.refusals import PartInvalid, refusal_row
from oms_adapters.bootstrap.session import language, operator, ready, refusals_shown
from oms_app.order_moves import LoseOrder, ReceiveReturn
from oms_domain.inventory.stock import warehouse_code
from oms_domain.kernel.codes import sku_code
from oms_domain.kernel.errors import OmsError
from oms_domain.orders.coming_back import Inspected

COLUMNS = [
    "order",
    "outcome",
    "state",
    "warehouse",
    "good",
    "defective",
    "claimed",
    "claimed_value",
    "refund_due",
    "code",
    "why",
]


@click.command("receive-return")
@click.argument("order", nargs=-1, required=True)
@click.option(
    "--came",
    multiple=True,
    metavar="SKU=GOOD[+DEFECTIVE]",
    help="What came, as it was inspected; what is not named has not. Without it: everything, all of it good.",
)
@click.option("--warehouse", help="Where it came; without it: where it had left from.")
@click.option("--reason", default="", help="Why; kept in the log.")
@click.option("--dry-run", is_flag=True, help="Only say what it would book.")
@json_option
@click.pass_context
@refusals_shown
def receive_return(
    ctx: click.Context,
    /,
    order: tuple[str, ...],
    came: tuple[str, ...],
    warehouse: str | None,
    reason: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """What came back is with us, and goes to stock (退回入库)."""
    facts: dict[str, Any] = {
        "came": tuple(map(_inspected, came)) if came else None,
        "warehouse": warehouse_code(warehouse) if warehouse else None,
    }

    def asked(text: str, container: Container) -> ReceiveReturn:
        return ReceiveReturn(order_id=order_id_of(container, text), by=operator(), reason=reason, **facts)

    _each(ctx, order, asked, dry_run, as_json)


@click.command("lose")
@click.argument("order", nargs=-1, required=True)
@click.option("--reason", default="", help="Why; kept in the log.")
@click.option("--dry-run", is_flag=True, help="Only say what would be claimed.")
@json_option
@click.pass_context
@refusals_shown
def lose_order(ctx: click.Context, /, order: tuple[str, ...], reason: str, dry_run: bool, as_json: bool) -> None:
    """The carrier has lost it (丢件): no stock moves, and what is to be claimed stands on the work list."""

    def asked(text: str, container: Container) -> LoseOrder:
        return LoseOrder(order_id=order_id_of(container, text), by=operator(), reason=reason)

    _each(ctx, order, asked, dry_run, as_json)


def _each(
    ctx: click.Context,
    orders: Iterable[str],
    asked: Callable[[str, Container], ReceiveReturn | LoseOrder],
    dry_run: bool,
    as_json: bool,
) -> None:
    """Give each order its command, and show its own answer."""
    container, rows, failed = ready(), [], False
    for text in orders:
        try:
            command = asked(text, container)
            row = _planned(container, command)
            if not dry_run:
                answer = container.desk().give(command)
                row |= {"outcome": "done", "state": str(answer.state)}
            rows.append(row)
        except OmsError as refusal:
            failed = True
            rows.append({"order": text, "outcome": "refused"} | refusal_row(refusal, language()))
    show(rows, COLUMNS, as_json=as_json)
    ctx.exit(1 if failed else 0)


def _planned(container: Container, command: ReceiveReturn | LoseOrder) -> dict[str, Any]:
    moves = container.moves()
    plan = moves.plan_return(command) if isinstance(command, ReceiveReturn) else moves.plan_loss(command)
    return {
        "order": plan.number,
        "outcome": "planned",
        "warehouse": plan.warehouse or "",
        "good": [f"{sku} ×{units}" for _, sku, units in plan.good],
        "defective": [f"{sku} ×{units}" for _, sku, units in plan.defective],
        "claimed": [f"{sku} ×{units}" for _, sku, units in plan.claimed],
        "claimed_value": str(plan.claimed_value),
        "refund_due": str(plan.refund_due),
    }


def _inspected(text: str) -> Inspected:
    """Read ``SKU=GOOD[+DEFECTIVE]``. Raises ``PartInvalid``."""
    sku, _, counts = text.rpartition("=")
    good, plus, defective = counts.partition("+")
    if not sku or not good.isdecimal() or not (defective.isdecimal() if plus else True):
        raise PartInvalid(field="came", value=text[:100])
    return Inspected(sku=sku_code(sku, field="came"), good=int(good), defective=int(defective or 0))
