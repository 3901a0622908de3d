"""``oms cases``, ``oms refunds``, ``oms returns``, ``oms tickets``: lists, one of them, and what can be done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final
from uuid import UUID

import click
import msgspec
from attrs import frozen

from oms_adapters.bootstrap.container import Container
from oms_adapters.bootstrap.output import json_option, show
from oms_adapters.bootstrap.refusals import DocumentNumberUnknown, LineInvalid, refusal_row
from oms_adapters.bootstrap.session import language, operator, ready, refusals_shown, shop_named
from oms_adapters.http.cases import CaseDetailView, CaseView
from oms_adapters.http.order_views import LogView
from oms_adapters.http.refund_orders import RefundDetailView, RefundView, related_to
from oms_adapters.http.return_orders import ReturnDetailView, ReturnView
from oms_adapters.http.tickets import TicketDetailView, TicketView
from oms_adapters.http.views import plain
from oms_app import case_commands as c
from oms_app import refunds as m
from oms_app import tickets as t
from oms_app.queries.aftersales import AftersalesFilter
from oms_app.queries.rows import LARGEST_PAGE, Position
from oms_app.returns import ReceiveReturn
from oms_domain.aftersales.returns import Inspected
from oms_domain.aftersales.states import CaseKind
from oms_domain.aftersales.tickets import Agent, TicketKind
from oms_domain.aftersales.values import Responsibility
from oms_domain.apportionment.units import Runs, as_runs
from oms_domain.kernel.errors import OmsError
from oms_domain.kernel.identity import LineId, SkuCode
from oms_domain.kernel.money import Money, parse_money
from oms_domain.kernel.text import checked_text
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.refunds.compensation import CompensationKind, Payout
from oms_domain.refunds.placing import RefundUnits


@frozen(kw_only=True)
class Kind:
    """A kind of document as the command line knows it."""

    group: click.Group
    one: str  # the query of one of them, and the command's field of its id
    many: str  # the query of the list, and the container's name of the service
    service: str
    view: Callable[[Any], Any]
    detail: Callable[[Container, Any, list[LogView]], Any]
    columns: tuple[str, ...]

    def id_of(self, container: Container, text: str) -> UUID:
        """Return the document that a person names by id or number. Raises ``DocumentNumberUnknown``."""
        try:
            return UUID(text)
        except ValueError:
            number = checked_text(text, field="number", longest=64)
        listed = getattr(container.aftersales_queries(), self.many)
        found = listed(operator(), AftersalesFilter(number=number), after=None, limit=1)
        if not found:
            raise DocumentNumberUnknown(number=text)
        return UUID(str(found[0].id))


@click.group()
def cases() -> None:
    """Aftersales cases (售后单)."""


@click.group()
def refunds() -> None:
    """Refund orders (退款单)."""


@click.group()
def returns() -> None:
    """Return orders (退货单)."""


@click.group()
def tickets() -> None:
    """Service tickets (服务单)."""


CASES = Kind(
    group=cases,
    one="case",
    many="cases",
    service="cases",
    view=CaseView.of,
    detail=lambda _, case, log: CaseDetailView(case=CaseView.of(case), log=log),
    columns=("number", "kind", "state", "reason", "refund", "in_dispute", "opened_at"),
)
REFUNDS = Kind(
    group=refunds,
    one="refund",
    many="refunds",
    service="refunds",
    view=RefundView.of,
    detail=lambda container, refund, log: RefundDetailView(
        refund=RefundView.of(refund),
        log=log,
        related=related_to(refund, operator(), container.queries(), container.aftersales_queries()),
    ),
    columns=("number", "state", "platform_state", "document_state", "amount", "platform_refund_no", "tags"),
)
RETURNS = Kind(
    group=returns,
    one="return_order",
    many="returns",
    service="returns",
    view=ReturnView.of,
    detail=lambda _, goods, log: ReturnDetailView(return_order=ReturnView.of(goods), log=log),
    columns=("number", "state", "warehouse", "carrier", "tracking_no", "in_dispute", "created_at"),
)
TICKETS = Kind(
    group=tickets,
    one="ticket",
    many="tickets",
    service="tickets",
    view=TicketView.of,
    detail=lambda _, ticket, log: TicketDetailView(ticket=TicketView.of(ticket), log=log),
    columns=("number", "kind", "state", "subject", "assignee", "level", "opened_at"),
)


def plain_row(view: Any) -> dict[str, Any]:
    """Return a view as JSON holds it."""
    found: dict[str, Any] = msgspec.to_builtins(view, enc_hook=plain)
    return found


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row for people: an amount as its text, nothing nested."""
    amounts = {name: value["text"] for name, value in row.items() if isinstance(value, dict) and "text" in value}
    return {name: value for name, value in row.items() if not isinstance(value, dict)} | amounts


def _pages(container: Container, kind: Kind, wanted: AftersalesFilter, limit: int) -> Iterator[dict[str, Any]]:
    after, left = None, limit
    while left > 0:
        ask = getattr(container.aftersales_queries(), kind.many)
        page = ask(operator(), wanted, after=after, limit=min(left, LARGEST_PAGE))
        yield from (plain_row(kind.view(each)) for each in page)
        if len(page) < LARGEST_PAGE:
            return
        left -= len(page)
        last = page[-1]
        after = Position(getattr(last, "created_at", None) or last.opened_at, last.id)


def filter_option(name: str) -> Callable[[Any], Any]:
    flag = name.replace("_", "-")
    if name in ("after_shipment", "differs"):
        return click.option(f"--{flag}/--not-{flag}", name, default=None)
    return click.option(f"--{flag}", name)


def _lists(kind: Kind, *options: str) -> None:
    """Add ``list`` with its filters, and ``show``."""

    @kind.group.command("list", help="List them, newest first.")
    @click.option("--state", "states", multiple=True, help="Only those in this state; several times.")
    @click.option("--shop", "shop_code", help="Only those of this shop.")
    @click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
    @json_option
    @refusals_shown
    def listed(states: tuple[str, ...], shop_code: str | None, limit: int, as_json: bool, **given: Any) -> None:
        container = ready()
        named = {name: value for name, value in given.items() if value is not None}
        if shop_code:
            named["shop_id"] = shop_named(container, shop_code).id
        rows = _pages(container, kind, AftersalesFilter(states=states, **named), limit)
        show(rows if as_json else map(_shown, rows), list(kind.columns), as_json=as_json)

    for name in options:
        listed = filter_option(name)(listed)

    @kind.group.command("show", help="Show one, by number or id, with its log.")
    @click.argument("document")
    @json_option
    @refusals_shown
    def shown(document: str, as_json: bool) -> None:
        container = ready()
        id_ = kind.id_of(container, document)
        found = getattr(container.aftersales_queries(), kind.one)(operator(), id_)
        log = [LogView.of(entry) for entry in found.log]
        if as_json:
            show([plain_row(kind.detail(container, found.document, log))], [], as_json=True)
            return
        head = _shown(plain_row(kind.view(found.document)))
        facts = [{"field": name, "value": value} for name, value in head.items()]
        show(facts, ["field", "value"], as_json=False, title=found.document.number)
        entries = [{"seq": e.seq, "at": e.at.isoformat(), "who": e.who, "what": e.what, "why": e.why} for e in log]
        show(entries, ["seq", "at", "who", "what", "why"], as_json=False, title="Log")


def _act(
    kind: Kind,
    name: str,
    what: str,
    command: Any,
    *options: Callable[[Any], Any],
    reason: bool = True,
    method: str = "",
) -> None:
    """Add ``oms GROUP NAME DOCUMENT…``: each with its own answer."""

    @click.argument("document", nargs=-1, required=True)
    @json_option
    @click.pass_context
    @refusals_shown
    def act(ctx: click.Context, /, document: tuple[str, ...], as_json: bool, **given: Any) -> None:
        container, rows, failed = ready(), list[dict[str, Any]](), False
        facts = {key: value for key, value in given.items() if value is not None}
        use = getattr(getattr(container, kind.service)(), method or name.replace("-", "_"))
        key = {"return_order": "return_id"}.get(kind.one, f"{kind.one}_id")
        for text in document:
            try:
                answer = use(command(**{key: kind.id_of(container, text)}, by=operator(), **facts))
                rows.append({"document": answer.number, "outcome": "done", "state": str(answer.state)})
            except OmsError as refusal:
                failed = True
                rows.append({"document": text, "outcome": "refused"} | refusal_row(refusal, language()))
        show(rows, ["document", "outcome", "state", "code", "why"], as_json=as_json)
        ctx.exit(1 if failed else 0)

    for option in options:
        act = option(act)
    if reason:
        act = click.option("--reason", default="", help="Why; kept in the log.")(act)
    kind.group.command(name, help=what)(act)


def amount_option(name: str, what: str, *, field: str = "", required: bool = False) -> Callable[[Any], Any]:
    """An amount as people write it: 12.34."""

    def read(ctx: click.Context, param: click.Parameter, value: str | None) -> Money | None:
        del ctx, param
        return parse_money(value, field=name) if value is not None else None

    names = (f"--{name}", field) if field else (f"--{name}",)
    return click.option(*names, callback=_lazy(read), required=required, help=what, metavar="AMOUNT")


def _lazy(read: Callable[[click.Context, click.Parameter, str | None], Any]) -> Callable[..., Any]:
    """Let a refusal of ours be told as one of click's, where the value is read."""

    def told(ctx: click.Context, param: click.Parameter, value: str | None) -> Any:
        try:
            return read(ctx, param, value)
        except OmsError as refusal:
            raise click.BadParameter(str(refusal), ctx=ctx, param=param) from None

    return told


def asked_lines(order: SalesOrder, lines: tuple[str, ...]) -> tuple[c.AskedLine, ...] | None:
    """Return what ``SKU=UNITS`` or ``SKU=UNITS>REPLACEMENT`` names; None where nothing is named: everything."""
    if not lines:
        return None
    found = []
    for text in lines:
        sku, _, rest = text.partition("=")
        units, _, replacement = rest.partition(">")
        line = next((each for each in order.lines if each.sku == sku), None)
        if line is None or not units.isascii() or not units.isdecimal() or len(units) > 7:
            raise LineInvalid(field="line", value=text[:100])
        new = SkuCode(checked_text(replacement, field="line", longest=64)) if replacement else None
        found.append(c.AskedLine(line_id=line.id, units=int(units), replacement=new))
    return tuple(found)


def refund_units(order: SalesOrder, lines: tuple[str, ...]) -> tuple[RefundUnits, ...]:
    """Return the first units of each line that ``SKU=UNITS`` names."""

    def first(units: int) -> Runs:
        return ((0, units),) if units else as_runs(())

    asked = asked_lines(order, lines) or ()
    return tuple(RefundUnits(line_id=each.line_id, units=first(each.units)) for each in asked)


def inspected_option() -> Callable[[Any], Any]:
    """``LINE_ID=GOOD/DEFECTIVE/WRONG``."""

    def read(ctx: click.Context, param: click.Parameter, value: Any) -> tuple[Inspected, ...]:
        del ctx, param
        found = []
        for text in value:
            line, _, counts = text.partition("=")
            parts = counts.split("/")
            if len(parts) != 3 or not all(part.isascii() and part.isdecimal() and len(part) < 8 for part in parts):
                raise LineInvalid(field="line", value=text[:100])
            good, defective, wrong = map(int, parts)
            try:
                line_id = LineId(UUID(line))
            except ValueError:
                raise LineInvalid(field="line", value=text[:100]) from None
            found.append(Inspected(line_id=line_id, good=good, defective=defective, wrong=wrong))
        return tuple(found)

    what = "LINE_ID=GOOD/DEFECTIVE/WRONG units; several times."
    return click.option("--line", "inspected", multiple=True, callback=_lazy(read), help=what)


def _agent(ctx: click.Context, param: click.Parameter, value: str | None) -> Agent | None:
    del ctx, param
    return Agent(value) if value is not None else None


def _as() -> Callable[[Any], Any]:
    what = "In the name of this agent of the shop; left out: your login."
    return click.option("--as", "acting", callback=_agent, metavar="AGENT", help=what)


def _responsibility(ctx: click.Context, param: click.Parameter, value: str) -> Responsibility:
    del ctx, param
    return Responsibility(value)


def _case_kind(ctx: click.Context, param: click.Parameter, value: str) -> CaseKind:
    del ctx, param
    return CaseKind(value)


def _compensation(ctx: click.Context, param: click.Parameter, value: str) -> CompensationKind:
    del ctx, param
    return CompensationKind(value)


def _payout(ctx: click.Context, param: click.Parameter, value: str) -> Payout:
    del ctx, param
    return Payout(value)


def choice(name: str, values: Any, callback: Any) -> Callable[[Any], Any]:
    return click.option(f"--{name}", type=click.Choice([m.value for m in values]), required=True, callback=callback)


REFUND_FILTERS: Final = (
    "after_shipment",
    "platform_state",
    "document_state",
    "source",
    "tag",
    "number",
    "platform_order_no",
    "platform_refund_no",
    "differs",
)
_lists(CASES, "kind", "number", "platform_refund_no", "differs")
_lists(REFUNDS, *REFUND_FILTERS)
_lists(RETURNS, "number", "tracking_no")
_lists(TICKETS, "kind", "assignee", "number")

_act(
    CASES,
    "approve",
    "Grant what is asked (审核通过).",
    c.ApproveCase,
    amount_option("refund", "Another amount than the rule's; needs --reason."),
    click.option("--with-freight", is_flag=True, help="The freight too."),
)
_act(CASES, "reject", "Refuse it with a reason (审核拒绝).", c.RejectCase)
_act(CASES, "withdraw", "The buyer thinks better of it (买家撤销).", c.WithdrawCase)
_act(
    CASES,
    "change-kind",
    "Go on as another kind, in a linked case (变更类型).",
    c.ChangeKind,
    choice("to", CaseKind, _case_kind),
)
_act(
    CASES,
    "parcel",
    "Note how the goods come back (登记退货物流).",
    c.NoteParcel,
    click.option("--carrier", required=True),
    click.option("--tracking-no", required=True),
    method="note_parcel",
)
_act(
    CASES,
    "accept-goods",
    "Accept what came although it is in dispute (接受退货).",
    c.AcceptGoods,
    amount_option("difference", "What the new goods cost more."),
)
_act(
    CASES,
    "accept-received",
    "Accept the units that came, the missing ones leave the case (只接受已收到的).",
    c.AcceptReceived,
    amount_option("refund", "Another amount than the rule's; needs --reason."),
    click.option("--with-freight", is_flag=True, help="The freight too."),
    amount_option("difference", "What the new goods cost more."),
    click.option("--refuse-missing", default="", help="Why the missing units are refused; none: they are free again."),
)
_act(CASES, "revoked", "The right is taken back (权益已收回).", c.NoteRevoked, method="note_revoked")
_act(CASES, "not-revoked", "The right has been used (权益已使用).", c.NoteNotRevoked, method="note_not_revoked")
_act(CASES, "not-stopped", "The goods have left (拦截失败).", c.NoteNotStopped, method="note_not_stopped")
_act(
    CASES,
    "difference-paid",
    "The buyer has paid what new goods cost more (已补差价).",
    c.NoteDifferencePaid,
    method="note_difference_paid",
)
_act(
    CASES,
    "sent",
    "New or repaired goods have left by hand (已发出).",
    c.NoteReplacementSent,
    click.option("--carrier", default="", help="With whom a person sent them."),
    click.option("--tracking-no", default=""),
    amount_option("owed", "What the new goods cost less; it is refunded."),
    method="note_replacement_sent",
)
_act(
    CASES,
    "owe",
    "New goods cost less: give it back when they leave (应退差价).",
    c.OweDifference,
    amount_option("amount", "What they cost less.", required=True),
    method="owe_difference",
)
_act(
    CASES,
    "blame",
    "Say who is to blame (责任判定).",
    c.SetResponsibility,
    choice("responsibility", Responsibility, _responsibility),
    method="set_responsibility",
)
_act(
    CASES,
    "settle",
    "A discrepancy is dealt with (差异已处理).",
    c.SettleDifference,
    click.option("--what", required=True),
    method="settle_difference",
)

_act(REFUNDS, "approve", "Let a refund without a case be paid (审核).", m.ApproveRefund)
_act(REFUNDS, "close", "Give a refund without a case up (关闭).", m.CloseRefund)
_act(REFUNDS, "send", "Have the platform asked to pay, also again (发起退款).", m.SendRefund)
_act(
    REFUNDS,
    "pay",
    "Book that it was paid by hand (手工退款).",
    m.PayByHand,
    click.option("--instead-of-platform", "not_by_platform", help="Why the platform, which pays it, will not."),
    method="pay_by_hand",
)
_act(
    REFUNDS,
    "tag",
    "Add tags (打标签).",
    m.TagRefund,
    click.option("--tag", "tags", multiple=True, required=True),
)
_act(
    REFUNDS,
    "untag",
    "Take tags away (去标签).",
    m.UntagRefund,
    click.option("--tag", "tags", multiple=True, required=True),
)
_act(REFUNDS, "explain", "Save why, for ourselves (内部原因).", m.ExplainRefund)
_act(
    REFUNDS,
    "compensate",
    "Give something beside it, within the role's limit (补偿).",
    m.Compensate,
    choice("kind", CompensationKind, _compensation),
    amount_option("amount", "What is given.", required=True),
)
_act(
    REFUNDS,
    "pay-compensation",
    "Book that a compensation is with the buyer (补偿已发).",
    m.PayCompensation,
    click.option("--line", type=click.IntRange(1, 10_000), default=1, show_default=True, help="Which one, as shown."),
    choice("how", Payout, _payout),
    method="pay_compensation",
)
_act(
    REFUNDS,
    "settle",
    "A discrepancy is dealt with (差异已处理).",
    m.SettleRefundDifference,
    click.option("--what", required=True),
    method="settle_difference",
)

_act(
    RETURNS,
    "receive",
    "Book what has come back and how it is (退货收货).",
    ReceiveReturn,
    click.option("--receipt", required=True, help="Your own number of it: once."),
    inspected_option(),
    click.option("--last/--more-to-come", default=True),
    reason=False,
)

_act(
    TICKETS,
    "assign",
    "Give it to somebody, or to whom the shop's way of assignment finds (分配).",
    t.AssignTicket,
    click.option("--to", callback=_agent),
    reason=False,
)
_act(
    TICKETS,
    "hand-over",
    "Pass on what one has, with a note (转交).",
    t.HandOver,
    click.option("--to", callback=_agent, required=True),
    click.option("--note", required=True),
    _as(),
    reason=False,
)
_act(
    TICKETS,
    "answer",
    "Answer the customer (回复).",
    t.AnswerTicket,
    click.option("--text", default=""),
    click.option("--template", default="", help="The shop's own words instead."),
    _as(),
    reason=False,
)
_act(TICKETS, "note", "Write a note (备注).", t.NoteTicket, click.option("--text", required=True), _as(), reason=False)
_act(TICKETS, "customer-writes", "The customer wrote (客户来信).", t.CustomerWrites, reason=False)
_act(TICKETS, "escalate", "Let it climb as far as its time says (升级).", t.EscalateTicket, reason=False)
_act(TICKETS, "finish", "Nothing is left to do (完结).", t.FinishTicket, _as(), reason=False)
_act(TICKETS, "reopen", "Something is left to do after all (重开).", t.ReopenTicket)

TICKET_KINDS = [m.value for m in TicketKind]
CASE_KINDS = [m.value for m in CaseKind]
