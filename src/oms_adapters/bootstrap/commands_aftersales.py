"""What begins in aftersales, and ``oms aftersales``: platforms' documents, a shop's terms, the figures."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from oms_adapters.bootstrap.clock import system_now
from oms_adapters.bootstrap.commands_claims import (
    CASE_KINDS,
    CASES,
    REFUND_FILTERS,
    TICKET_KINDS,
    amount_option,
    asked_lines,
    cases,
    filter_option,
    plain_row,
    refund_units,
    refunds,
    tickets,
)
from oms_adapters.bootstrap.commands_evidence import FILE, content_of
from oms_adapters.bootstrap.commands_hours import calendar, due_dates, limits
from oms_adapters.bootstrap.commands_orders import order_id_of
from oms_adapters.bootstrap.commands_terms import reasons, templates
from oms_adapters.bootstrap.container import Container
from oms_adapters.bootstrap.output import json_line, json_option, printable, show
from oms_adapters.bootstrap.refusals import LineInvalid
from oms_adapters.bootstrap.session import operator, ready, refusals_shown, shop_named
from oms_adapters.http.aftersales_terms import FiguresView, TermsView, sorted_windows
from oms_adapters.http.cases import ReceivedView
from oms_adapters.http.refund_export import refund_csv
from oms_adapters.http.return_orders import AskView
from oms_app.address_edits import AddressWanted
from oms_app.aftersales_terms import ReadTerms, SetTerms, figures
from oms_app.asks import ConvertAsk, FetchAsk, PullAsks
from oms_app.case_addresses import return_address, sending_address
from oms_app.case_commands import OpenCase, PreviewReceived, ReaddressCase
from oms_app.evidence import KeepEvidence
from oms_app.queries.aftersales import AftersalesFilter, Period
from oms_app.refunds import CreateRefund, RefundUnitsCommand
from oms_app.tickets import OpenTicket
from oms_domain.aftersales.assignment import Desk
from oms_domain.aftersales.policy import CaseReason
from oms_domain.aftersales.states import CaseKind
from oms_domain.aftersales.terms import Assignment, ReplyTemplate, RoleLimit
from oms_domain.aftersales.tickets import Agent, TicketKind
from oms_domain.apportionment.units import count
from oms_domain.kernel.identity import CaseId, PlatformAftersalesId, ShopId
from oms_domain.kernel.money import Money, parse_money
from oms_domain.kernel.text import checked_text
from oms_domain.refunds.proposal import as_json as proposal_json
from oms_domain.refunds.proposal import as_text

ANSWER = ["number", "state"]


def _show_answer(answer: Any, as_json: bool) -> None:
    show([{"id": str(answer.id), "number": answer.number, "state": str(answer.state)}], ANSWER, as_json=as_json)


@cases.command("open")
@click.argument("order")
@click.option("--kind", type=click.Choice(CASE_KINDS), required=True)
@click.option("--line", "lines", multiple=True, help="SKU=UNITS, of an exchange SKU=UNITS>NEW_SKU; none: everything.")
@click.option("--reason", required=True)
@click.option("--description", default="")
@amount_option("asked", "What the buyer asks for.")
@click.option("--override", default="", help="Why it is opened although the window has closed.")
@click.option("--evidence", "files", multiple=True, type=FILE, help="A photo, film or PDF; several times.")
@click.option("--send-to", help="Where the new goods go: an address in one piece. Left out: where the order went.")
@click.option("--return-to", help="Where the goods come back to. Left out: the shop's usual address.")
@json_option
@refusals_shown
def open_case(
    order: str,
    kind: str,
    lines: tuple[str, ...],
    reason: str,
    description: str,
    asked: Money | None,
    override: str,
    files: tuple[Path, ...],
    send_to: str | None,
    return_to: str | None,
    as_json: bool,
) -> None:
    """Open a case for a buyer (新建售后)."""
    container = ready()
    found = container.queries().order(operator(), order_id_of(container, order)).order
    kept = [
        container.evidence().keep(
            KeepEvidence(order_id=found.id, name=path.name, content=content_of(path), by=operator())
        )
        for path in files
    ]
    command = OpenCase(
        order_id=found.id,
        kind=CaseKind(kind),
        lines=asked_lines(found, lines),
        reason=reason,
        description=description,
        evidence=tuple(file.id for file in kept),
        asked=asked,
        override=override,
        **_places(container, found.shop_id, send_to, return_to),
        by=operator(),
    )
    _show_answer(container.cases().open(command), as_json)


@cases.command("readdress")
@click.argument("case")
@click.option("--send-to", help="Where the new goods go: an address in one piece.")
@click.option("--return-to", help="Where the goods come back to.")
@json_option
@refusals_shown
def readdress(case: str, send_to: str | None, return_to: str | None, as_json: bool) -> None:
    """Name another address, before the case is granted (变更地址)."""
    container = ready()
    case_id = CaseId(CASES.id_of(container, case))
    shop_id = container.aftersales_queries().case(operator(), case_id).document.shop_id
    places = _places(container, shop_id, send_to, return_to)
    _show_answer(container.cases().readdress(ReaddressCase(case_id=case_id, **places, by=operator())), as_json)


def _places(container: Container, shop_id: ShopId, send_to: str | None, return_to: str | None) -> dict[str, Any]:
    tools: Any = {"shop_id": shop_id, "sealer": container.sealer(), "new_id": container.new_id()}
    return {
        "send_to": sending_address(AddressWanted(text=send_to), **tools) if send_to else None,
        "return_to": return_address(AddressWanted(text=return_to), **tools) if return_to else None,
    }


@cases.command("received")
@click.argument("case")
@click.option("--with-freight", is_flag=True)
@json_option
@refusals_shown
def received(case: str, with_freight: bool, as_json: bool) -> None:
    """Say what came, what is missing, and what accepting what came would give back (收货退款试算)."""
    container = ready()
    asked = PreviewReceived(case_id=CaseId(CASES.id_of(container, case)), with_freight=with_freight, by=operator())
    found = container.cases().received(asked)
    if as_json:
        click.echo(json_line(plain_row(ReceivedView.of(found))))
        return
    rows = [
        {"sku": line.sku, "units": count(line.units), "goods": goods}
        for goods, lines in (("received", found.parted.kept), ("missing", found.parted.missing))
        for line in lines
    ]
    show(rows, ["sku", "units", "goods"], as_json=False)
    if found.proposal is not None:
        click.echo(printable(as_text(found.proposal)))


def _refund_filters(command: Any) -> Any:
    for name in reversed(REFUND_FILTERS):
        command = filter_option(name)(command)
    return command


@refunds.command("export")
@click.option("--state", "states", multiple=True, help="Only those in this state; several times.")
@click.option("--shop", "shop_code", help="Only those of this shop.")
@_refund_filters
@click.option("--to", type=click.Path(path_type=Path), help="Where it is written; left out: to the output.")
@refusals_shown
def export_refunds(states: tuple[str, ...], shop_code: str | None, to: Path | None, **given: Any) -> None:
    """Write refund orders as a table (导出退款单): CSV with the filters of `list`, newest first, all of them."""
    container = ready()
    named = {name: value for name, value in given.items() if value is not None}
    if shop_code:
        named["shop_id"] = shop_named(container, shop_code).id
    pieces = refund_csv(container.aftersales_queries(), operator(), AftersalesFilter(states=states, **named))
    if to is None:
        for piece in pieces:
            click.echo(piece, nl=False)
        return
    try:
        with to.open("xb") as file:
            file.writelines(pieces)
    except OSError as error:
        raise click.FileError(str(to), hint=error.strerror or "") from None


@refunds.command("refundable")
@click.argument("order")
@click.option("--line", "lines", multiple=True, help="SKU=UNITS; none: everything.")
@click.option("--with-freight", is_flag=True)
@amount_option("amount", "What is asked for.")
@json_option
@refusals_shown
def refundable(order: str, lines: tuple[str, ...], with_freight: bool, amount: Money | None, as_json: bool) -> None:
    """Say what may go back now, to what, and why not more (现可退)."""
    container = ready()
    found = container.queries().order(operator(), order_id_of(container, order)).order
    command = RefundUnitsCommand(
        order_id=found.id, units=refund_units(found, lines), with_freight=with_freight, amount=amount, by=operator()
    )
    proposal = container.refunds().refundable(command)
    click.echo(json_line(proposal_json(proposal)) if as_json else printable(as_text(proposal)))


@refunds.command("create")
@click.argument("order")
@click.option("--line", "lines", multiple=True, required=True, help="SKU=UNITS; several times.")
@amount_option("amount", "Less than may go back.")
@click.option("--with-freight", is_flag=True)
@click.option("--reason", required=True)
@json_option
@refusals_shown
def create_refund(
    order: str, lines: tuple[str, ...], amount: Money | None, with_freight: bool, reason: str, as_json: bool
) -> None:
    """Make a refund by hand, without a case (手工创建退款)."""
    container = ready()
    found = container.queries().order(operator(), order_id_of(container, order)).order
    command = CreateRefund(
        order_id=found.id,
        units=refund_units(found, lines),
        amount=amount,
        with_freight=with_freight,
        reason=reason,
        by=operator(),
    )
    _show_answer(container.refunds().create(command), as_json)


@tickets.command("open")
@click.argument("shop")
@click.option("--kind", type=click.Choice(TICKET_KINDS), default="inquiry", show_default=True)
@click.option("--subject", required=True)
@json_option
@refusals_shown
def open_ticket(shop: str, kind: str, subject: str, as_json: bool) -> None:
    """Open a ticket (新建服务单)."""
    container = ready()
    shop_id = shop_named(container, shop).id
    command = OpenTicket(shop_id=shop_id, kind=TicketKind(kind), subject=subject, by=operator())
    _show_answer(container.tickets().open(command), as_json)


@click.group("aftersales")
def aftersales() -> None:
    """Platforms' aftersales documents, shops' terms, figures (售后)."""


aftersales.add_command(reasons)
aftersales.add_command(templates)
aftersales.add_command(calendar)
aftersales.add_command(limits)
aftersales.add_command(due_dates)


@aftersales.command("pull")
@click.argument("shop")
@json_option
@refusals_shown
def pull(shop: str, as_json: bool) -> None:
    """Take in what changed at the platform since the last time."""
    container = ready()
    shop_id = shop_named(container, shop).id
    taken = container.ask_pulls().pull(PullAsks(shop_id=shop_id, by=operator()))
    show([{"shop": shop, "taken": taken}], ["shop", "taken"], as_json=as_json)


@aftersales.command("fetch")
@click.argument("shop")
@click.argument("refund_no")
@json_option
@refusals_shown
def fetch(shop: str, refund_no: str, as_json: bool) -> None:
    """Take in one of the platform's documents as it is there now."""
    container = ready()
    command = FetchAsk(shop_id=shop_named(container, shop).id, refund_no=refund_no, by=operator())
    _show_ask(container.ask_pulls().fetch(command), as_json)


@aftersales.command("documents")
@click.option("--conversion", help="exception: those that wait for a person.")
@click.option("--shop", "shop_code")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 200))
@json_option
@refusals_shown
def documents(conversion: str | None, shop_code: str | None, limit: int, as_json: bool) -> None:
    """List platforms' refunds and returns, newest first."""
    container = ready()
    shop_id = shop_named(container, shop_code).id if shop_code else None
    wanted = AftersalesFilter(conversion=conversion or "", shop_id=shop_id)
    found = container.aftersales_queries().asks(operator(), wanted, after=None, limit=limit)
    columns = ["number", "refund_no", "order_no", "kind", "state", "conversion", "trouble"]
    show([plain_row(AskView.of(ask)) for ask in found], columns, as_json=as_json)


@aftersales.command("convert")
@click.argument("document_id", type=click.UUID)
@json_option
@refusals_shown
def convert(document_id: UUID, as_json: bool) -> None:
    """Try to make the case of a platform's document again (重新转单)."""
    command = ConvertAsk(platform_aftersales_id=PlatformAftersalesId(document_id), by=operator())
    _show_ask(ready().asks().convert(command), as_json)


@aftersales.command("terms")
@click.argument("shop")
@click.option("--window-days", type=click.IntRange(0, 366))
@click.option("--window", "windows", multiple=True, help="CATEGORY=DAYS; several times: the whole list.")
@click.option("--no-windows", is_flag=True, help="No category has a window of its own any more.")
@click.option("--freight-after-shipment/--no-freight-after-shipment", default=None)
@click.option("--assignment", type=click.Choice([m.value for m in Assignment]))
@click.option("--desk", "desks", multiple=True, help="An agent who takes tickets; several times: the whole list.")
@click.option("--reason", "reasons", multiple=True, help="CODE=TITLE; several times: the whole list.")
@click.option("--limit", "limits", multiple=True, help="ROLE:WHAT=AMOUNT; several times: the whole list.")
@click.option("--template", "templates", multiple=True, help="CODE=TEXT; several times: the whole list.")
@json_option
@refusals_shown
def terms(
    shop: str,
    window_days: int | None,
    windows: tuple[str, ...],
    no_windows: bool,
    freight_after_shipment: bool | None,
    assignment: str | None,
    desks: tuple[str, ...],
    reasons: tuple[str, ...],
    limits: tuple[str, ...],
    templates: tuple[str, ...],
    as_json: bool,
) -> None:
    """Show how a shop takes claims, or change what is named (售后设置)."""
    container = ready()
    shop_id = shop_named(container, shop).id
    service = container.aftersales_terms()
    terms = service.read(ReadTerms(shop_id=shop_id, by=operator()))
    seated = {desk.agent: desk for desk in terms.desks}  # who is named again keeps what is set of the desk
    agents = [Agent(checked_text(each, field="desk", longest=40, allow_empty=False)) for each in desks]
    named: dict[str, Any] = {
        "desks": tuple(seated.get(each, Desk(agent=each)) for each in dict.fromkeys(agents)) or None,
        "window_days": window_days,
        "window_by_category": sorted_windows(dict(map(_window, windows))) if windows or no_windows else None,
        "freight_after_shipment": freight_after_shipment,
        "assignment": Assignment(assignment) if assignment else None,
        "reasons": tuple(CaseReason(code=code, title=title) for code, title in map(_pair, reasons)) or None,
        "role_limits": tuple(map(_role_limit, limits)) or None,
        "templates": tuple(ReplyTemplate(code=code, title=code, text=text) for code, text in map(_pair, templates))
        or None,
    }
    facts = {name: value for name, value in named.items() if value is not None}
    if facts:
        service.change(SetTerms(shop_id=shop_id, facts=facts, by=operator()))
    row = plain_row(TermsView.of(service.read(ReadTerms(shop_id=shop_id, by=operator()))))
    columns = ["window_days", "window_by_category", "freight_after_shipment", "assignment", "version"]
    show([row], columns, as_json=as_json)


@aftersales.command("metrics")
@click.option("--days", type=click.IntRange(1, 366), default=30, show_default=True)
@click.option("--shop", "shop_code")
@json_option
@refusals_shown
def metrics(days: int, shop_code: str | None, as_json: bool) -> None:
    """Show the figures of the last days: queue, times, workload, reasons, refund rates."""
    container, now = ready(), system_now()
    shop_id = shop_named(container, shop_code).id if shop_code else None
    period = Period(start=now - timedelta(days=days), stop=now, shop_id=shop_id)
    found = plain_row(FiguresView.of(figures(container.aftersales_queries(), operator(), period, now=now)))
    if as_json:
        show([found], [], as_json=True)
        return
    for name, rows in found.items():
        table = rows if isinstance(rows, list) else [rows]
        if table:
            show(table, list(table[0]), as_json=False, title=name)


def _show_ask(answer: Any, as_json: bool) -> None:
    row = {"refund_no": answer.refund_no, "outcome": str(answer.outcome), "case_id": str(answer.case_id or "")}
    show([row | {"reason": answer.reason}], ["refund_no", "outcome", "case_id", "reason"], as_json=as_json)


def _pair(text: str, field: str = "reason") -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise LineInvalid(field=field, value=text[:100])
    return name, value


def _window(text: str) -> tuple[str, int]:
    category, days = _pair(text, "window")
    if not days.isascii() or not days.isdecimal() or len(days) > 3:
        raise LineInvalid(field="window", value=text[:100])
    return category, int(days)


def _role_limit(text: str) -> RoleLimit:
    who, amount = _pair(text)
    role, sign, what = who.partition(":")
    if not sign:
        raise LineInvalid(field="limit", value=text[:100])
    return RoleLimit(role=role, what=what, most=parse_money(amount, field="limit"))
