"""What waits for a person: ``oms platform-orders`` (exceptions), ``oms discrepancies``, ``oms jobs``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NoReturn
from uuid import UUID

import click

from oms_adapters.bootstrap.clock import system_now
from oms_adapters.bootstrap.commands_ingest import answer_row, trouble_text
from oms_adapters.bootstrap.output import json_option, show
from oms_adapters.bootstrap.refusals import refusal_row
from oms_adapters.bootstrap.session import language, operator, ready, refusals_shown
from oms_app.conversion import Outcome
from oms_app.discrepancies import SettleDifference
from oms_app.intake import convert_again
from oms_app.jobs import CallOffJob, RedriveJob, RedriveParked
from oms_app.ports.differences import Difference
from oms_app.queries.rows import LARGEST_PAGE, JobStanding, Position, Queries
from oms_domain.kernel.errors import OmsError
from oms_domain.kernel.identity import PlatformOrderId
from oms_domain.orders.platform_order import Conversion

MOST = 10_000
"""Rows that one list shows."""


@click.group("platform-orders")
def platform_orders() -> None:
    """Platform orders (平台订单)."""


@platform_orders.command("list")
@click.option("--conversion", type=click.Choice([m.value for m in Conversion]))
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, MOST))
@json_option
@refusals_shown
def list_platform_orders(conversion: str | None, limit: int, as_json: bool) -> None:
    """List platform orders, newest first; exceptions with --conversion exception, each with its reason."""
    wanted = Conversion(conversion) if conversion else None
    columns = ["id", "number", "order_no", "conversion", "why", "modified_at"]
    show(_platform_order_rows(ready().queries(), wanted, limit), columns, as_json=as_json)


def _platform_order_rows(queries: Queries, wanted: Conversion | None, limit: int) -> Iterator[dict[str, Any]]:
    after, left = None, limit
    while left > 0:
        page = queries.platform_orders(operator(), conversion=wanted, after=after, limit=min(left, LARGEST_PAGE))
        for row in page:
            trouble = queries.platform_order(operator(), row.id).trouble if row.reason else None
            yield {
                "id": str(row.id),
                "number": row.number,
                "order_no": row.order_no,
                "conversion": str(row.conversion),
                "why": trouble_text(trouble),
                "modified_at": row.modified_at.isoformat(timespec="seconds"),
            }
        if len(page) < LARGEST_PAGE:
            return
        left -= len(page)
        after = Position(page[-1].created_at, page[-1].id)


@platform_orders.command("convert")
@click.argument("platform_order_id", type=click.UUID)
@json_option
@click.pass_context
@refusals_shown
def convert(ctx: click.Context, platform_order_id: UUID, as_json: bool) -> None:
    """Try an exception again (单据转换)."""
    container = ready()
    answer = convert_again(
        container.intake(),
        container.preparation(),
        container.gateways(),
        platform_order_id=PlatformOrderId(platform_order_id),
        by=operator(),
    )
    row = answer_row("", answer)
    show([row], ["outcome", "order_no", "number", "state", "payable", "code", "why"], as_json=as_json)
    ctx.exit(1 if row["outcome"] == Outcome.EXCEPTION else 0)


@click.group()
def discrepancies() -> None:
    """Discrepancies (差异): what the platform or the warehouse states and our state table refuses."""


@discrepancies.command("list")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, MOST))
@json_option
@refusals_shown
def list_discrepancies(limit: int, as_json: bool) -> None:
    """List what differs, oldest first: the order, where we stood, what they state, and what differs."""
    queries = ready().queries()
    found = queries.differences(operator(), limit=limit)
    numbers = queries.order_numbers(operator(), {each.order_id for each in found})
    rows = (_difference_row(each, numbers.get(each.order_id, "")) for each in found)
    show(rows, ["id", "order", "ours", "theirs", "what", "at"], as_json=as_json)


@discrepancies.command("settle")
@click.argument("difference", nargs=-1, required=True, type=click.UUID)
@click.option("--reason", required=True, help="what was done about it; kept in the order's log")
@json_option
@click.pass_context
@refusals_shown
def settle_discrepancies(ctx: click.Context, difference: tuple[UUID, ...], reason: str, as_json: bool) -> None:
    """Take discrepancies off the list, once somebody has seen to them (核销差异). Each with its own answer."""
    service = ready().discrepancies()

    def settle(difference_id: UUID) -> None:
        service.settle(SettleDifference(difference_id=difference_id, reason=reason, by=operator()))

    _each(ctx, "discrepancy", difference, settle, as_json=as_json)


def _difference_row(found: Difference, number: str) -> dict[str, Any]:
    return {
        "id": str(found.id),
        "order": number,
        "order_id": str(found.order_id),
        "ours": found.ours,
        "theirs": found.theirs,
        "what": found.what,
        "at": found.at.isoformat(timespec="seconds"),
    }


@click.group()
def jobs() -> None:
    """Background work (后台任务)."""


@jobs.command("list")
@click.option("--state", type=click.Choice([m.value for m in JobStanding]), help="Only what stands so.")
@click.option("--handler", default="", help="Only the work of this handler.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, MOST))
@json_option
@refusals_shown
def list_jobs(state: str | None, handler: str, limit: int, as_json: bool) -> None:
    """List the work that is not done, what wakes next first; KEY is what it is about."""
    standing, queries = JobStanding(state) if state else None, ready().queries()
    found = queries.open_jobs(operator(), standing=standing, handler=handler, limit=limit, now=system_now())
    rows = [
        {
            "id": str(row.id),
            "handler": row.handler,
            "key": row.key,
            "state": str(row.standing),
            "wakes_at": row.wakes_at.isoformat(timespec="seconds"),
            "tries": row.tries,
            "why": row.error,
        }
        for row in found
    ]
    show(rows, ["id", "handler", "key", "state", "wakes_at", "tries", "why"], as_json=as_json)


@jobs.command("parked")
@click.option("--handler", default="", help="Only of this kind of work.")
@click.option("--warehouse", default="", help="Only about what this warehouse ships.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, MOST))
@json_option
@refusals_shown
def list_parked_jobs(handler: str, warehouse: str, limit: int, as_json: bool) -> None:
    """List work that was given up for now, oldest first, with the reason."""
    found = ready().queries().parked_jobs(operator(), limit=limit, handler=handler, warehouse=warehouse)
    rows = [
        {
            "id": str(row.id),
            "handler": row.handler,
            "key": row.key,
            "tries": row.tries,
            "why": row.error,
            "created_at": row.created_at.isoformat(timespec="seconds"),
        }
        for row in found
    ]
    show(rows, ["id", "handler", "tries", "why", "created_at"], as_json=as_json)


@jobs.command("redrive")
@click.argument("job", nargs=-1, type=click.UUID)
@click.option("--all", "every", is_flag=True, help="All that is parked.")
@click.option("--handler", default="", help="All of this kind of work.")
@click.option("--warehouse", default="", help="All about what this warehouse ships.")
@json_option
@click.pass_context
@refusals_shown
def redrive(
    ctx: click.Context, job: tuple[UUID, ...], every: bool, handler: str, warehouse: str, as_json: bool
) -> None:
    """Make parked work due again (重新执行): a running server, or `oms drain`, does it.

    Name jobs, each with its own answer, or say which of all.
    """
    many = every or bool(handler) or bool(warehouse)
    if many == bool(job):
        raise click.UsageError("Name jobs, or say which of all with --all, --handler, --warehouse.")
    service = ready().job_service()
    if many:
        command = RedriveParked(handler=handler, warehouse=warehouse, by=operator())
        show([{"redriven": service.redrive_parked(command).count}], ["redriven"], as_json=as_json)
        return

    def again(job_id: UUID) -> None:
        service.redrive(RedriveJob(job_id=job_id, by=operator()))

    _each(ctx, "job", job, again, as_json=as_json)


def _each(
    ctx: click.Context, name: str, ids: Iterable[UUID], act: Callable[[UUID], None], *, as_json: bool
) -> NoReturn:
    """Do it for each, show each one's answer, and end; a failure of any is the command's."""
    rows: list[dict[str, Any]] = []
    for id_ in ids:
        try:
            act(id_)
            rows.append({name: str(id_), "outcome": "done"})
        except OmsError as refusal:
            rows.append({name: str(id_), "outcome": "refused"} | refusal_row(refusal, language()))
    show(rows, [name, "outcome", "code", "why"], as_json=as_json)
    ctx.exit(1 if any(row["outcome"] == "refused" for row in rows) else 0)


@jobs.command("timers")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, MOST))
@json_option
@refusals_shown
def list_timers(limit: int, as_json: bool) -> None:
    """List what becomes due by itself (定时任务), the next one first; KEY is what it is about."""
    rows = [
        {
            "id": str(row.id),
            "handler": row.handler,
            "key": row.key,
            "due_at": row.due_at.isoformat(timespec="seconds"),
            "tries": row.tries,
            "why": row.error,
        }
        for row in ready().queries().timers(operator(), limit=limit)
    ]
    show(rows, ["id", "handler", "key", "due_at", "why"], as_json=as_json)


@jobs.command("cancel")
@click.argument("job", nargs=-1, required=True, type=click.UUID)
@json_option
@click.pass_context
@refusals_shown
def cancel_job(ctx: click.Context, job: tuple[UUID, ...], as_json: bool) -> None:
    """Drop timers, or parked work (取消任务). Each with its own answer."""
    service = ready().job_service()

    def drop(job_id: UUID) -> None:
        service.call_off(CallOffJob(job_id=job_id, by=operator()))

    _each(ctx, "job", job, drop, as_json=as_json)
