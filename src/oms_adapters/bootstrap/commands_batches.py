"""``oms batches``: commands for many orders, worked on in the background."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TextIO
from uuid import UUID

import attrs
import click

from oms_adapters.bootstrap.commands_orders import UNTIL, order_id_of
from oms_adapters.bootstrap.container import Container
from oms_adapters.bootstrap.output import json_option, show
from oms_adapters.bootstrap.session import language, operator, ready, refusals_shown
from oms_adapters.texts.catalogue import detail
from oms_app.batches import COMMANDS, CancelBatch, StartBatch
from oms_app.ports.batches import BLOCK, Batch, BatchId, BatchRow, BatchState
from oms_app.queries.rows import LARGEST_PAGE
from oms_domain.kernel.identity import OrderId
from oms_domain.kernel.time import CHINA

COLUMNS = ["id", "command", "state", "total", "done", "refused", "by", "created_at"]
LOOK_EVERY_S = 1.0
ORDERS_FILE: Final = click.File("r", encoding="utf-8")
BATCH: Final = "Instead, in the background: the orders that FILE names, one a line, `-` for standard input."


@click.group()
def batches() -> None:
    """Commands for many orders (批量任务)."""


@batches.command("start")
@click.argument("command", type=click.Choice(sorted(COMMANDS.keys() - {"edit", "pay", "pay_balance"})))
@click.argument("file", type=ORDERS_FILE)
@click.option("--reason", default="", help="Why; kept in the log of each order.")
@click.option("--until", type=UNTIL, help="Of wait and hold: until when, China's time; of wait without: not any more.")
@json_option
@refusals_shown
def start_batch(command: str, file: TextIO, reason: str, until: datetime | None, as_json: bool) -> None:
    """Give a command to many orders: FILE has a number or an id on each line, `-` reads from standard input."""
    kind = COMMANDS[command]
    if until is not None and "until" not in attrs.fields_dict(kind):
        raise click.UsageError(f"{command} takes no --until.")
    container, at = ready(), until.replace(tzinfo=CHINA).astimezone(UTC) if until else None
    ids = ids_in(container, file)
    start = StartBatch(command=kind, order_ids=ids, reason=reason, until=at, by=operator())
    show_begun(container.batches().start(start), as_json=as_json)


@batches.command("list")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, LARGEST_PAGE))
@json_option
@refusals_shown
def list_batches(limit: int, as_json: bool) -> None:
    """List batches, newest first."""
    found = ready().queries().batches(operator(), after=None, limit=limit)
    show([_row(batch) for batch in found], COLUMNS, as_json=as_json)


@batches.command("show")
@click.argument("batch", type=click.UUID)
@click.option("--refused", is_flag=True, help="Only the orders that were refused.")
@click.option("--wait", is_flag=True, help="Show how it goes on until it is over.")
@json_option
@refusals_shown
def show_batch(batch: UUID, refused: bool, wait: bool, as_json: bool) -> None:
    """Show how far a batch is, and what became of each order."""
    container = ready()
    found = _watched(container, BatchId(batch)) if wait else container.queries().batch(operator(), BatchId(batch))
    rows = [_answer(row) for row in _rows(container, found, refused)]
    if as_json:
        show([_row(found) | {"rows": rows}], [], as_json=True)
        return
    show([_row(found)], COLUMNS, as_json=False)
    show(rows, ["position", "order", "outcome", "state", "code", "why"], as_json=False, title="Orders")


@batches.command("cancel")
@click.argument("batch", type=click.UUID)
@json_option
@refusals_shown
def cancel_batch(batch: UUID, as_json: bool) -> None:
    """Leave the orders that were not begun as they are (取消批量任务)."""
    cancelled = ready().batches().cancel(CancelBatch(batch_id=BatchId(batch), by=operator()))
    show([_row(cancelled)], COLUMNS, as_json=as_json)


def ids_in(container: Container, file: TextIO) -> list[OrderId]:
    """Return the orders of a file with a number or an id on each line. Raises as ``order_id_of``."""
    return [order_id_of(container, line.strip()) for line in file if line.strip()]


def check_named(orders: Sequence[str], file: TextIO | None, only_plan: bool) -> None:
    """Check that orders are named in one way; what nobody waits for is not planned either. Raises ``UsageError``."""
    if bool(orders) == (file is not None):
        raise click.UsageError("Name orders, or a file with --batch.")
    if file is not None and only_plan:
        raise click.UsageError("--plan is not for --batch.")


def show_begun(batch: Batch, *, as_json: bool) -> None:
    show([_row(batch)], COLUMNS, as_json=as_json)


def _watched(container: Container, batch_id: BatchId) -> Batch:
    """Draw a bar until the batch is over; it goes to where errors go, so that the answer can be read by programs."""
    found: Batch = container.queries().batch(operator(), batch_id)
    with click.progressbar(length=found.total, label=found.command, file=sys.stderr) as bar:
        while True:
            bar.update(found.done + found.refused - bar.pos)
            if found.state is not BatchState.RUNNING:
                return found
            time.sleep(LOOK_EVERY_S)
            found = container.queries().batch(operator(), batch_id)


def _rows(container: Container, batch: Batch, refused: bool) -> Iterator[BatchRow]:
    first = 0
    while page := container.queries().batch_rows(operator(), batch.id, first=first, limit=BLOCK, refused=refused):
        yield from page
        first = page[-1].position + 1


def _row(batch: Batch) -> dict[str, Any]:
    return {
        "id": str(batch.id),
        "command": batch.command,
        "state": str(batch.state),
        "total": batch.total,
        "done": batch.done,
        "refused": batch.refused,
        "by": batch.actor,
        "created_at": batch.created_at.isoformat(timespec="seconds"),
    }


def _answer(row: BatchRow) -> dict[str, Any]:
    answer = row.answer
    return {
        "position": row.position,
        "order": answer.number if answer and answer.number else str(row.order_id),
        "outcome": answer.outcome if answer else "open",
        "state": answer.state if answer else "",
        "code": answer.code if answer else "",
        "why": detail(answer.code, answer.fields, language()) if answer and answer.code else "",
    }
