"""``oms rules`` and ``oms blacklist``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import click

from oms_adapters.bootstrap.clock import system_now
from oms_adapters.bootstrap.commands_orders import order_id_of
from oms_adapters.bootstrap.output import console, json_line, json_option, show
from oms_adapters.bootstrap.session import language, operator, ready, refusals_shown, shop_named
from oms_app.blacklist import AddToBlacklist, ReadBlacklist, TakeOffBlacklist
from oms_app.review_rules import (
    MOST_TRIED,
    PutRule,
    PutTemplate,
    ReadRules,
    RemoveRule,
    SwitchRule,
    TryRules,
)
from oms_domain.channels.standard import Region
from oms_domain.conditions.printing import Language, print_condition
from oms_domain.kernel.text import checked_text
from oms_domain.kernel.time import CHINA
from oms_domain.orders.rules.blacklist import BlacklistEntry, BlacklistEntryId, BlacklistEntryNotFound
from oms_domain.orders.rules.fields import ORDER_FIELDS
from oms_domain.orders.rules.form import read_rule, write_rule
from oms_domain.orders.rules.rule import InvalidRule, Rule
from oms_domain.orders.rules.rule_set import RuleNotFound
from oms_domain.orders.rules.templates import TEMPLATES, Sort, UnknownParameter
from oms_domain.orders.rules.trial import print_trial, write_trial

COLUMNS: Final = ["id", "version", "kind", "priority", "enabled", "name", "condition", "action"]
ENTRIES: Final = ["id", "kind", "who", "division", "reason", "created_at"]
LONGEST: Final = 512


@click.group()
def rules() -> None:
    """Rules of review and interception (审单与拦截规则)."""


@rules.command("list")
@click.argument("shop")
@json_option
@refusals_shown
def list_rules(shop: str, as_json: bool) -> None:
    """List the rules of a shop."""
    container = ready()
    found = container.review_rules().all(ReadRules(shop_id=shop_named(container, shop).id, by=operator()))
    show([_row(rule, as_json=as_json) for rule in found.rules], COLUMNS, as_json=as_json)


@rules.command("show")
@click.argument("shop")
@click.argument("rule")
@click.option("--version", "wanted", type=click.IntRange(1), help="As it was in this version. Default: as it is.")
@json_option
@refusals_shown
def show_rule(shop: str, rule: str, wanted: int | None, as_json: bool) -> None:
    """Show a rule as `oms rules put` takes it; with --json in one line."""
    container = ready()
    command = ReadRules(shop_id=shop_named(container, shop).id, by=operator())
    if wanted is None:
        found = container.review_rules().one(command, rule)
    else:
        kept = [each.rule for each in container.review_rules().versions(command, rule) if each.rule.version == wanted]
        if not kept:
            raise RuleNotFound(rule_id=f"{rule[:64]}@{wanted}")
        (found,) = kept
    click.echo(json_line(write_rule(found)) if as_json else json.dumps(write_rule(found), ensure_ascii=False, indent=2))


@rules.command("history")
@click.argument("shop")
@click.argument("rule")
@json_option
@refusals_shown
def show_history(shop: str, rule: str, as_json: bool) -> None:
    """List every version of a rule, newest first; also of one that was removed."""
    container = ready()
    command = ReadRules(shop_id=shop_named(container, shop).id, by=operator())
    rows = [
        _row(kept.rule, as_json=as_json) | {"at": kept.at.isoformat(timespec="seconds"), "by": kept.by}
        for kept in container.review_rules().versions(command, rule)
    ]
    show(rows, ["version", "at", "by", "enabled", "priority", "condition", "action"], as_json=as_json)


@rules.command("put")
@click.argument("shop")
@click.argument("file", type=click.File(encoding="utf-8"))
@json_option
@refusals_shown
def put_rules(shop: str, file: Any, as_json: bool) -> None:
    """Add the rules of a JSON file (one, or a list), or change those that are there. `-`: standard input."""
    container, forms = ready(), _forms(file.read())
    shop_id, made = shop_named(container, shop).id, _rules(forms)
    answers = [container.review_rules().put(PutRule(shop_id=shop_id, rule=rule, by=operator())) for rule in made]
    rows = [_row(answer.rule, as_json=as_json) | {"outcome": str(answer.put)} for answer in answers]
    show(rows, ["id", "outcome", "version", "name", "condition"], as_json=as_json)


@rules.command("templates")
@json_option
@refusals_shown
def list_templates(as_json: bool) -> None:
    """List the templates with what can be set of each."""
    chinese = language() == "zh"
    rows = [
        {
            "template": template.name,
            "name": template.zh if chinese else template.en,
            "parameters": [
                f"{each.name} ({each.zh if chinese else each.en}): {_default(each.default)}"
                for each in template.parameters
            ],
        }
        for template in TEMPLATES.values()
    ]
    show(rows, ["template", "name", "parameters"], as_json=as_json)


@rules.command("template")
@click.argument("shop")
@click.argument("name")
@click.option("--set", "given", multiple=True, metavar="NAME=VALUE", help="A parameter; a list with commas.")
@json_option
@refusals_shown
def put_template(shop: str, name: str, given: tuple[str, ...], as_json: bool) -> None:
    """Put the rules of a template, filled in."""
    container = ready()
    command = PutTemplate(
        shop_id=shop_named(container, shop).id, template=name, parameters=_parameters(name, given), by=operator()
    )
    rows = [
        _row(answer.rule, as_json=as_json) | {"outcome": str(answer.put)}
        for answer in container.review_rules().put_template(command).rows
    ]
    show(rows, ["id", "outcome", "version", "name", "condition"], as_json=as_json)


@rules.command("remove")
@click.argument("shop")
@click.argument("rule", nargs=-1, required=True)
@json_option
@refusals_shown
def remove_rules(shop: str, rule: tuple[str, ...], as_json: bool) -> None:
    """Take rules out; their versions can still be read."""
    container = ready()
    shop_id = shop_named(container, shop).id
    gone = [
        container.review_rules().remove(RemoveRule(shop_id=shop_id, rule_id=each, by=operator())).rule for each in rule
    ]
    show([_row(each, as_json=as_json) for each in gone], COLUMNS, as_json=as_json)


def _switch(name: str, enabled: bool, what: str) -> None:
    @rules.command(name, help=what)
    @click.argument("shop")
    @click.argument("rule", nargs=-1, required=True)
    @json_option
    @refusals_shown
    def switch(shop: str, rule: tuple[str, ...], as_json: bool) -> None:
        container = ready()
        shop_id = shop_named(container, shop).id
        commands = [SwitchRule(shop_id=shop_id, rule_id=each, enabled=enabled, by=operator()) for each in rule]
        done = [container.review_rules().switch(command).rule for command in commands]
        show([_row(each, as_json=as_json) for each in done], COLUMNS, as_json=as_json)


_switch("enable", True, "Ask rules from now on (启用).")
_switch("disable", False, "Ask rules no more (停用).")


@rules.command("try")
@click.argument("shop")
@click.argument("file", type=click.File(encoding="utf-8"), required=False)
@click.option("--since", help="Orders from here on: a day, an instant, or `7d`, `24h` ago.")
@click.option("--until", help="… and before this.")
@click.option("--order", "named", multiple=True, help="This order alone, with what was in the way of every rule.")
@click.option("--most", default=MOST_TRIED, show_default=True, type=click.IntRange(1, MOST_TRIED))
@click.option("--rows", default=100, show_default=True, type=click.IntRange(0, 1_000), help="Orders to list.")
@json_option
@refusals_shown
def try_rules(
    shop: str,
    file: Any,
    since: str | None,
    until: str | None,
    named: tuple[str, ...],
    most: int,
    rows: int,
    as_json: bool,
) -> None:
    """Ask rules about orders of the past (试算): those of a file, or the shop's own. Changes nothing."""
    container = ready()
    command = TryRules(
        shop_id=shop_named(container, shop).id,
        rules=_rules(_forms(file.read())) if file else None,
        since=_instant(since, "since") if since else None,
        until=_instant(until, "until") if until else None,
        order_ids=tuple(order_id_of(container, text) for text in named),
        most=most,
        most_rows=rows,
        by=operator(),
    )
    trial = container.review_rules().try_out(command)
    if as_json:
        click.echo(json_line(write_trial(trial)))
    else:
        console().print(print_trial(trial, _language()), markup=False, highlight=False, soft_wrap=True)


@click.group()
def blacklist() -> None:
    """Blacklists of shops (黑名单): stored as keyed digests, shown as masks."""


@blacklist.command("list")
@click.argument("shop")
@click.option("--limit", default=1_000, show_default=True, type=click.IntRange(1, 100_000))
@json_option
@refusals_shown
def list_blacklist(shop: str, limit: int, as_json: bool) -> None:
    """List who is on it, oldest first."""
    container = ready()
    command = ReadBlacklist(shop_id=shop_named(container, shop).id, by=operator())
    entries = container.blacklist().page(command, after=None, limit=limit)
    show([_entry(each) for each in entries], ENTRIES, as_json=as_json)


@blacklist.command("add")
@click.argument("shop")
@click.option("--phone", default="")
@click.option("--street", default="", help="With its house number.")
@click.option("--province", default="", help="Where the street is; without it counts anywhere.")
@click.option("--city", default="")
@click.option("--district", default="")
@click.option("--buyer-id", default="", help="The platform's id of the buyer.")
@click.option("--order", "order", help="All that this order can be told by: its number or id.")
@click.option("--reason", default="")
@json_option
@refusals_shown
def add_to_blacklist(
    shop: str,
    phone: str,
    street: str,
    province: str,
    city: str,
    district: str,
    buyer_id: str,
    order: str | None,
    reason: str,
    as_json: bool,
) -> None:
    """List a telephone number, address or buyer."""
    container = ready()
    command = AddToBlacklist(
        shop_id=shop_named(container, shop).id,
        phone=checked_text(phone, field="phone", longest=LONGEST),
        street=checked_text(street, field="street", longest=LONGEST),
        region=Region(province=province, city=city, district=district),
        buyer_id=checked_text(buyer_id, field="buyer_id", longest=LONGEST),
        order_id=order_id_of(container, order) if order else None,
        reason=reason,
        by=operator(),
    )
    show([_entry(each) for each in container.blacklist().add(command).entries], ENTRIES, as_json=as_json)


@blacklist.command("remove")
@click.argument("shop")
@click.argument("entry", nargs=-1, required=True)
@click.option("--reason", default="", help="Why; kept in the log.")
@json_option
@refusals_shown
def take_off_blacklist(shop: str, entry: tuple[str, ...], reason: str, as_json: bool) -> None:
    """Take entries off, by their ids."""
    container = ready()
    shop_id = shop_named(container, shop).id
    commands = [
        TakeOffBlacklist(shop_id=shop_id, entry_id=_entry_id(each), reason=reason, by=operator()) for each in entry
    ]
    show([_entry(container.blacklist().take_off(each)) for each in commands], ENTRIES, as_json=as_json)


def _row(rule: Rule, *, as_json: bool) -> dict[str, Any]:
    words = print_condition(rule.condition, ORDER_FIELDS, _language())
    form = write_rule(rule) | {"version": rule.version}
    return form | {"words": words} if as_json else form | {"condition": words}


def _language() -> Language:
    return "en" if language() == "en" else "zh"


def _entry(entry: BlacklistEntry) -> dict[str, Any]:
    return {
        "id": str(entry.id),
        "kind": str(entry.kind),
        "who": entry.mask,
        "division": entry.division,
        "reason": entry.reason,
        "created_at": entry.created_at.isoformat(timespec="seconds"),
    }


def _entry_id(text: str) -> BlacklistEntryId:
    """Raises ``BlacklistEntryNotFound``."""
    try:
        return BlacklistEntryId(UUID(text))
    except ValueError:
        raise BlacklistEntryNotFound(entry_id=UUID(int=0)) from None


def _forms(text: str) -> list[Any]:
    """Return the forms in a JSON text. Raises ``InvalidRule``."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidRule(field="file", why="not_json") from None
    return found if isinstance(found, list) else [found]


def _rules(forms: list[Any]) -> tuple[Rule, ...]:
    return tuple(read_rule(form, path=f"rules[{at}]") for at, form in enumerate(forms))


def _parameters(template: str, given: tuple[str, ...]) -> Mapping[str, Any]:
    """Read NAME=VALUE by what the template says of the parameter; what it does not know it refuses itself."""
    found: dict[str, Any] = {}
    known = TEMPLATES.get(template)
    sorts = {each.name: each.sort for each in known.parameters} if known else {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise UnknownParameter(field=f"parameters.{name[:40]}", known=tuple(sorts))
        if sorts.get(name) is Sort.TEXTS:
            found[name] = [part for part in value.split(",") if part]
        else:
            found[name] = int(value) if value.lstrip("-").isdigit() and value.isascii() else value
    return found


def _default(value: Any) -> str:
    if value is None:
        return "required"
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _instant(text: str, name: str) -> datetime:
    """Read a day or time of China's clock, an instant with a zone, or how long ago (``7d``, ``24h``).

    Raises ``InvalidRule``.
    """
    unit = {"d": timedelta(days=1), "h": timedelta(hours=1)}.get(text[-1:])
    try:
        if unit is not None and text[:-1].isascii() and text[:-1].isdigit():
            return system_now() - int(text[:-1]) * unit
        read = datetime.fromisoformat(text)
        return (read if read.tzinfo else read.replace(tzinfo=CHINA)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidRule(field=name, why="not_an_instant") from None
