"""Rewrites the generated parts of the docs: ``make docs``, or ``.venv/bin/python docs/generate.py``.

A part stands between ``<!-- generated: name -->`` and ``<!-- end -->``; everything around it is written by hand.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import partial
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import attrs
import click
import sqlalchemy as sa

import oms_adapters
import oms_app
import oms_domain
from oms_adapters.bootstrap import settings
from oms_adapters.bootstrap.commands import oms
from oms_adapters.db.types import metadata
from oms_adapters.http.problems import status_of
from oms_domain.aftersales.returns import RETURN_ENDS, RETURN_ENTRIES, RETURN_TABLE
from oms_domain.aftersales.states import CASE_ENDS, CASE_ENTRIES, CASE_TABLES
from oms_domain.aftersales.tickets import SETTLED_TICKETS, TICKET_ENTRIES, TICKET_TABLE
from oms_domain.apportionment import Rule, family, presets
from oms_domain.apportionment.presets import NAMED
from oms_domain.conditions.fields import Field, FieldKind
from oms_domain.conditions.operators import OPERATORS
from oms_domain.fulfilment.fulfilment_order import FULFILMENT_ENDS, FULFILMENT_TABLE, FulfilmentState
from oms_domain.inventory.stocktakes import STOCKTAKE_ENDS, STOCKTAKE_ENTRIES, STOCKTAKE_TABLE
from oms_domain.inventory.transfers import TRANSFER_ENDS, TRANSFER_ENTRIES, TRANSFER_TABLE
from oms_domain.kernel.change import Event
from oms_domain.kernel.errors import Denied, Invalid, NotFound, OmsError, Refused
from oms_domain.kernel.states import mermaid
from oms_domain.orders.rules.fields import ORDER_FIELDS
from oms_domain.orders.rules.templates import TEMPLATES
from oms_domain.orders.states import ENDS, ENTRIES, ORDER_TABLE
from oms_domain.refunds.states import REFUND_ENDS, REFUND_ENTRIES, REFUND_TABLE
from oms_domain.testing.counterexamples import HOLDS_WITH_CAPS, bounds, read
from oms_domain.testing.laws import LAWS, Law

DOCS: Final = Path(__file__).parent
PAGES: Final = (
    *(
        DOCS / "reference" / f"{name}.md"
        for name in ("states", "settings", "cli", "errors", "events", "tables", "rules")
    ),
    DOCS / "explanation" / "apportionment.md",
    *sorted((DOCS / "explanation" / "aftersales").glob("*.md")),
)

FULFILMENT_ENTRIES: Final = frozenset({FulfilmentState.APPROVED})

Table = Mapping[Any, Mapping[Any, Any]]  # any state × any move

_PART: Final = re.compile(r"(<!-- generated: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_WORD: Final = re.compile(r"^\| ([^|]+) \| `([A-Z]\w+(?:\.\w+)?)` \|", re.MULTILINE)


def words() -> dict[str, str]:
    """Return the Chinese of every class and member, such as ``OrderState.SHIPPED``, from the glossary."""
    glossary = (DOCS / "glossary.md").read_text(encoding="utf-8")
    return {code: chinese for chinese, code in _WORD.findall(glossary)}


def diagram(table: Table, entries: Collection[StrEnum], ends: Collection[StrEnum]) -> str:
    """Return the table as a picture."""
    return f"```mermaid\n{mermaid(table, entries=entries, ends=ends)}\n```"


def rows(table: Table) -> str:
    """Return a row for each state: what it is called, and how it is left."""
    chinese = words()

    def called(member: StrEnum) -> str:
        return chinese[f"{type(member).__name__}.{member.name}"]

    lines = ["| state | 中文 | leaves by |", "|---|---|---|"]
    for state, row in table.items():
        ways = (f"`{move}` {called(move)} → {called(target)}" for move, target in row.items())
        lines.append(f"| `{state}` | {called(state)} | {'; '.join(ways) or 'end'} |")
    return "\n".join(lines)


# --- settings and commands --------------------------------------------------------------------------------------------

MEANINGS: Final = {
    "OMS_DATABASE_URL": "Where everything is stored: `sqlite:///file`, `postgresql://…` or `mysql://…`.",
    "OMS_DATABASE_POOL": "Connections kept open, each for reads and for transactions.",
    "OMS_DATABASE_UNSAFE": "Start although the database may lose commits. For tests only.",
    "OMS_HTTP_HOST": "Address that the server listens on.",
    "OMS_HTTP_PORT": "Port that the server listens on.",
    "OMS_HTTP_THREADS": "Requests worked on at one time; more wait. As many as database connections is right.",
    "OMS_HTTP_BODY_LIMIT": "Largest request body in bytes.",
    "OMS_HTTP_KEY_KEEP_S": "Seconds for which an API key that was read is not read again: so long may a key that was "
    "revoked still work. 0: it is read at every request.",
    "OMS_WORKER_IN_PROCESS": "Whether the server does the background work too. Off: another one must.",
    "OMS_WORKER_THREADS": "Threads for background work.",
    "OMS_WORKER_PULL_EVERY_S": "Seconds between two looks at a connected shop's orders.",
    "OMS_BUSINESS": "Who gives virtual goods: `by_hand`, a person who says so; `simulated`, a system of the demo.",
    "OMS_WORKER_WAREHOUSE_SILENT_H": "Hours after which an order that its warehouse says nothing of is intercepted.",
    "OMS_TRACKING_KUAIDI100_SALT": "What Kuaidi100 signs its pushes with. Empty: none is taken.",
    "OMS_KEYS_FILE": "Key file. Empty: `oms-keys.json` beside an embedded SQLite file; a server's must be named.",
    "OMS_DATA_DIR": "Folder of the simulators' files.",
    "OMS_LOG_LEVEL": "Least level that is logged.",
    "OMS_LANGUAGE": "Language of refusals on the command line: Chinese or English. Over HTTP each caller asks for one.",
}


def setting_rows() -> str:
    """Return a row for each setting. One without a sentence above breaks here."""
    lines = ["| variable | default | may be | what for |", "|---|---|---|---|"]
    for name, default, _ in settings.names():
        least_most = settings.BOUNDS.get(name)
        bounds = f"{least_most[0]} to {least_most[1]}" if least_most else ", ".join(settings.CHOICES.get(name, ()))
        lines.append(f"| `{name}` | {f'`{default}`' if default != '' else ''} | {bounds} | {MEANINGS[name]} |")
    return "\n".join(lines)


def command_pages() -> str:
    """Return a section for each command."""
    return "\n\n".join(_command("oms", command) for command in [oms.commands[name] for name in sorted(oms.commands)])


def _command(parent: str, command: click.Command) -> str:
    context = click.Context(command, info_name=f"{parent} {command.name}")
    name = str(context.info_name)
    if isinstance(command, click.Group):
        parts = [f"## {name}\n\n{_prose(command.help)}"]
        return "\n\n".join(parts + [_command(name, command.commands[each]) for each in sorted(command.commands)])
    title = "###" if parent.count(" ") else "##"
    pieces = " ".join(command.collect_usage_pieces(context))
    text = f"{title} {name}\n\n`{name} {pieces}`\n\n{_prose(command.help)}"
    options = [_option(each) for each in command.params if isinstance(each, click.Option) and each.name != "as_json"]
    return "\n".join([f"{text}\n", "| option | default | |", "|---|---|---|", *options]) if options else text


def _option(option: click.Option) -> str:
    names = " / ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    kind = option.type
    choices = ", ".join(f"`{choice}`" for choice in kind.choices) if isinstance(kind, click.Choice) else ""
    remarks = [option.help or "", f"One of {choices}." if choices else ""]
    remarks += ["May be given several times." if option.multiple else "", "Required." if option.required else ""]
    default = f"`{option.default}`" if option.show_default else ""
    return f"| {names} | {default} | {_cell(' '.join(each for each in remarks if each))} |"


# --- what is published: refusals, events, tables ----------------------------------------------------------------------

KINDS: Final = (Invalid, Refused, NotFound, Denied)


def error_rows() -> str:
    """Return a row for each code, by code."""
    lines = ["| code | HTTP | kind | what is in the way |", "|---|---|---|---|"]
    for cls in sorted(_classes(OmsError, "code"), key=lambda cls: cls.code):
        kind = next((kind.__name__ for kind in KINDS if issubclass(cls, kind)), "")
        lines.append(f"| `{cls.code}` | {status_of(cls)} | {kind} | {_told(cls)} |")
    return "\n".join(lines)


def event_sections() -> str:
    """Return a section for each event type, by type."""
    chinese = words()
    parts = []
    for cls in sorted(_classes(Event, "type"), key=lambda cls: cls.type):
        text = f"### {cls.type}\n\nVersion {cls.version}, `{cls.__name__}`, {chinese[cls.__name__]}. {_told(cls)}"
        fields = [f"| `{field.name}` | `{_annotation(cls, field.name)}` |" for field in attrs.fields(cls)]
        parts.append("\n".join([f"{text.strip()}\n", "| field | type |", "|---|---|", *fields]))
    return "\n\n".join(parts)


TABLES: Final = {
    "aftersales_case": "What buyers ask back of an order, from the ask to its end.",
    "aftersales_terms": "How each shop takes claims, where it has set anything of its own.",
    "api_key": "Keys that programs call with: prefix, keyed hash of the secret, rights, shops.",
    "batch": "Commands for many orders: who gave them, and how far they are.",
    "batch_block": "The orders of a batch, a hundred in a row, with what became of each.",
    "bundle_part": "Which units of which SKUs are in one bundle.",
    "catalog_item": "SKUs and bundles, deleted ones too: they share one list of codes.",
    "channel_cursor": "How far a shop's orders have been read at its platform.",
    "difference": "Discrepancies: what the platform or the warehouse states and our state table refuses.",
    "document_counter": "The last document number given out, by kind and day.",
    "evidence_file": "Files that show what a buyer claims; their bytes are rows of `pii_vault`, in pieces of 1 MiB.",
    "event": "Archive of published events, append-only.",
    "fulfilment_order": "What one warehouse ships for one sales order.",
    "idempotency": "What was answered under a caller's key.",
    "job": "Background work: one row for each event and handler, and for what comes of itself.",
    "operation_log": "Who did what, when, from what to what; chained by hash for each document.",
    "outbox": "Published events that are not yet turned into jobs.",
    "package_trace": "What carriers told of parcels, each thing once.",
    "early_push": "What carriers told of numbers that nobody knew yet, for some days: until a parcel of it leaves.",
    "carrier": "Carriers, with where they deliver, limits, tariff and days under way.",
    "warehouse_shipping": "How each warehouse ships: where it stands, whither, for whom, when, with which carriers.",
    "sourcing_strategy": "Named sourcing strategies; an order's plan names the version that it was made by.",
    "rule_set": "The rules of review and interception of each shop.",
    "rule_version": "Every version of every rule, with who put it: what a decision in a log was made by.",
    "blacklist_entry": "Who is on a shop's blacklist, by keyed digest and mask.",
    "order_sourcing": "What sourcing answered for an order the last time, and what warehouses could promise then.",
    "wms_account": "Over what a warehouse is spoken with.",
    "sending": "How far sending to the warehouses has come: what may be there, and what waits for its warehouse.",
    "wms_report": "What warehouses have pushed, each once, and what became of it.",
    "wms_secret": "A warehouse's secret, sealed.",
    "package": "Parcels that have left, and whether the platform knows of them.",
    "pii_access": "Who opened which sealed row, for which purpose.",
    "pii_vault": "Sealed personal data and raw payloads, with masks and blind indexes.",
    "platform_aftersales": "A platform's refunds and returns in standard form, as they came.",
    "platform_order": "A channel's order in standard form, as it came.",
    "refund_cap": "What each order line paid with each tender, and what of it is gone or held: the last guard.",
    "refund_entry": "The refund ledger: money held, moved and let go, unit by unit; only ever added to.",
    "refund_order": "Money on its way back to the buyer.",
    "reservation": "Units of an order line that are held in a warehouse.",
    "return_order": "Goods that are to come back, and what has come.",
    "own_number": "order numbers of orders put in by hand: what is typed twice is not sent twice",
    "role": "Roles that the merchant names, for limits of what somebody may give.",
    "sales_order": "The order that we work on.",
    "sales_order_line": "Its lines with the amounts placed on them.",
    "ticket_turn": "Whose turn it was last to get a ticket, by shop.",
    "shop": "Shops with their policies.",
    "shop_account": "A shop's account at its platform, sealed.",
    "sku_mapping": "Which SKU or bundle of ours a shop's platform SKU is, as somebody said.",
    "stock_difference": "Units that are gone while released orders hold them: open while `units` is above 0.",
    "stock_document": "Receipts, returns, transfers, stocktakes and whatever else books stock.",
    "stock_ledger": "Every change of every quantity of stock; only ever added to.",
    "stock_level": "Quantities by SKU and warehouse; of a hot SKU in several buckets, which add up.",
    "ticket": "What people have to look after, with its time limit.",
    "unmapped_sku": "Goods of platform orders that wait until somebody has said what they are of ours.",
    "warehouse": "Places that stock lies in.",
}


def table_sections() -> str:
    """Return a section for each table. One without a sentence above breaks here."""
    return "\n\n".join(_table(table) for table in sorted(_tables(), key=lambda table: table.name))


def _tables() -> Iterator[sa.Table]:
    for _ in _modules(oms_adapters.db):
        pass  # a table is known when its module is imported
    yield from metadata.tables.values()


def _table(table: sa.Table) -> str:
    lines = [f"### {table.name}\n\n{TABLES[table.name]}\n", "| column | type | null | |", "|---|---|---|---|"]
    for column in table.columns:
        key = ["primary key"] if column.primary_key else []
        key += [f"→ `{foreign.target_fullname}`" for foreign in column.foreign_keys]
        lines.append(
            f"| `{column.name}` | {_type(column.type)} | {'yes' if column.nullable else ''} | {', '.join(key)} |"
        )
    rules = [f"index ({', '.join(index.columns.keys())})" for index in table.indexes]
    for rule in table.constraints:
        if isinstance(rule, sa.UniqueConstraint):
            rules.append(f"unique ({', '.join(rule.columns.keys())})")
        if isinstance(rule, sa.CheckConstraint):
            rules.append(f"check `{rule.sqltext}`")
    return "\n".join([*lines, "", *(f"- {rule}" for rule in sorted(rules))]).strip()


def _type(kind: sa.types.TypeEngine[Any]) -> str:
    length = getattr(kind, "length", None)
    name = type(kind).__name__.lower()
    return f"{name}({length})" if length and isinstance(kind, sa.String) else name


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        yield importlib.import_module(found.name)


def _classes(root: type[Any], named: str) -> Iterator[type[Any]]:
    """Yield the classes below ``root`` that our packages define and that say ``named`` themselves."""
    for package in (oms_domain, oms_app, oms_adapters):
        for module in _modules(package):
            for cls in vars(module).values():
                is_ours = inspect.isclass(cls) and issubclass(cls, root) and cls.__module__ == module.__name__
                if is_ours and named in vars(cls):
                    yield cls


def _annotation(cls: type[Any], name: str) -> str:
    """Return a field's type as it is written; attrs' own record of it changes once somebody has resolved it."""
    return str(next(found for base in cls.__mro__ if (found := vars(base).get("__annotations__", {}).get(name))))


def _told(cls: type[Any]) -> str:
    return _cell(_prose((cls.__doc__ or "").partition("\n\n")[0]))


def _prose(text: str | None) -> str:
    return " ".join((text or "").split())


def _cell(text: str) -> str:
    return text.replace("``", "`").replace("|", "\\|")


def counterexample_rows() -> str:
    """Return a row for each named rule and law that it does not keep, with the smallest basket that shows it."""
    lines = [
        "| rule | breaks law | sharing | over | quantum | caps | gives | because |",
        "|---|---|---|---|---|---|---|---|",
    ]
    known = read()
    for name, rule in list(NAMED.items())[:4]:
        for one in sorted(known, key=lambda one: one.with_caps):
            basket = one.basket
            if one.rule != rule or basket is None or (one.with_caps and one.law.promised_for(rule) is False):
                continue
            rows = (basket.weights, basket.caps or (), basket.run(rule))
            over, caps, gives = (", ".join(map(str, each)) for each in rows)
            cells = (f"`{name}`", f"{one.law.number} {one.law.name}", basket.total, over, basket.quantum, caps, gives)
            lines.append(f"| {' | '.join(map(str, (*cells, one.why)))} |")
    return "\n".join(lines)


def family_rows() -> str:
    """Return a row for each rule of the family, with a mark for each law, without caps and with them."""
    known = {(one.rule, one.law.number, one.with_caps): one for one in read()}
    capped = [law for law in LAWS if law not in HOLDS_WITH_CAPS]
    heads = [*(str(law.number) for law in LAWS), *(f"{law.number} with caps" for law in capped)]
    lines = [f"| rule | {' | '.join(heads)} |", f"|---|{':---:|' * len(heads)}"]

    def mark(rule: Rule, law: Law, with_caps: bool) -> str:
        one = known.get((rule, law.number, with_caps))
        return "✓" if one is None else "✗" if one.basket else "–"

    for rule in family():
        marks = [mark(rule, law, False) for law in LAWS] + [mark(rule, law, True) for law in capped]
        lines.append(f"| {rule} | {' | '.join(marks)} |")
    found = bounds()
    lines.append(
        f"\nTried were all baskets of up to {found['lines']} lines, totals and weights up to {found['most']}, quanta "
        f"{', '.join(map(str, found['quanta']))}; with caps up to {found['capped_lines']} lines, and up to "
        f"{found['most_capped']}. Where none of these breaks a law, wider ones were tried: {found['wider_lines']} "
        f"lines, totals and weights up to {found['wider_most']}; with caps weights up to {found['wider_capped_most']}."
    )
    return "\n".join(lines)


def preset_rows() -> str:
    """Return a row for each preset: its words in the family, and the formula that its docstring gives."""
    lines = ["| preset | order | rounding | rest | what its system does |", "|---|---|---|---|---|"]
    body = ast.parse(inspect.getsource(presets)).body
    for assigned, text in pairwise(body):
        match assigned, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(said))):
                rule = getattr(presets, name)
                if isinstance(rule, Rule):
                    words = f"{rule.order} | {rule.rounding} | {rule.rest}"
                    lines.append(f"| `{name.lower()}` | {words} | {_cell(_prose(said))} |")
    return "\n".join(lines)


# --- rules ------------------------------------------------------------------------------------------------------------


def rule_fields(fields: Sequence[Field[Any]]) -> str:
    """Return a row for each field that rules may test."""
    lines = ["| field | 中文 | what it is | kind |", "|---|---|---|---|"]
    for field in fields:
        personal = ", personal: shown masked" if field.mask else ""
        lines.append(f"| `{field.name}` | {field.zh} | {field.en}{personal} | {field.kind} |")
    return "\n".join(lines)


def rule_tests() -> str:
    """Return a row for each kind of field with its tests."""
    lines = ["| kind | tests |", "|---|---|"]
    lines += [f"| {kind} | {', '.join(f'`{op}`' for op in OPERATORS[kind])} |" for kind in FieldKind]
    return "\n".join(lines)


def rule_templates() -> str:
    """Return a row for each template, with the condition that it makes of its defaults."""
    lines = ["| template | 中文 | parameters (default) |", "|---|---|---|"]
    for template in TEMPLATES.values():
        each = (f"`{one.name}` {one.zh} ({_default(one.default)})" for one in template.parameters)
        lines.append(f"| `{template.name}` | {template.zh} | {'; '.join(each)} |")
    return "\n".join(lines)


def _default(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return "required" if value is None else f"{value:,}"


MACHINES: Final[Mapping[str, tuple[Table, Collection[StrEnum], Collection[StrEnum]]]] = {
    "return": (RETURN_TABLE, RETURN_ENTRIES, RETURN_ENDS),
    "refund": (REFUND_TABLE, REFUND_ENTRIES, REFUND_ENDS),
    "ticket": (TICKET_TABLE, TICKET_ENTRIES, SETTLED_TICKETS),
    **{kind.replace("_", "-"): (table, CASE_ENTRIES, CASE_ENDS) for kind, table in CASE_TABLES.items()},
}
"""Machines of aftersales by the name of their parts."""


def machine_parts() -> dict[str, Callable[[], str]]:
    """Return the picture and the rows of each machine of aftersales."""
    found: dict[str, Callable[[], str]] = {}
    for name, (table, entries, ends) in MACHINES.items():
        found[f"{name}-diagram"] = partial(diagram, table, entries, ends)
        found[f"{name}-states"] = partial(rows, table)
    return found


PARTS: Final[Mapping[str, Callable[[], str]]] = {
    "order-diagram": lambda: diagram(ORDER_TABLE, ENTRIES, ENDS),
    "order-states": lambda: rows(ORDER_TABLE),
    "fulfilment-diagram": lambda: diagram(FULFILMENT_TABLE, FULFILMENT_ENTRIES, FULFILMENT_ENDS),
    "fulfilment-states": lambda: rows(FULFILMENT_TABLE),
    "transfer-diagram": lambda: diagram(TRANSFER_TABLE, TRANSFER_ENTRIES, TRANSFER_ENDS),
    "transfer-states": lambda: rows(TRANSFER_TABLE),
    "stocktake-diagram": lambda: diagram(STOCKTAKE_TABLE, STOCKTAKE_ENTRIES, STOCKTAKE_ENDS),
    "stocktake-states": lambda: rows(STOCKTAKE_TABLE),
    "settings": setting_rows,
    "commands": command_pages,
    "errors": error_rows,
    "events": event_sections,
    "tables": table_sections,
    "rule-fields": lambda: rule_fields(ORDER_FIELDS.fields),
    "rule-line-fields": lambda: rule_fields(ORDER_FIELDS.line_fields),
    "rule-tests": rule_tests,
    "rule-templates": rule_templates,
    "counterexamples": counterexample_rows,
    "family": family_rows,
    "presets": preset_rows,
    **machine_parts(),
}


def rewritten(page: str) -> str:
    """Return a page with its generated parts made anew."""
    return _PART.sub(lambda part: f"{part[1]}\n{PARTS[part[2]]()}\n\n{part[3]}", page)


def main() -> None:
    """Rewrite all pages in place."""
    for page in PAGES:
        page.write_text(rewritten(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
