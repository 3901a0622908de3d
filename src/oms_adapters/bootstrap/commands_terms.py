"""``oms aftersales reasons`` and ``oms aftersales templates``: a shop's lists, one entry at a time."""

from __future__ import annotations

from typing import Any

import click

from oms_adapters.bootstrap.commands_claims import CASE_KINDS, plain_row
from oms_adapters.bootstrap.output import json_option, show
from oms_adapters.bootstrap.session import operator, ready, refusals_shown, shop_named
from oms_adapters.http.aftersales_terms import TermsView
from oms_app.aftersales_terms import PutReason, PutTemplate, ReadTerms, RetireReason, RetireTemplate
from oms_domain.aftersales.policy import CaseReason
from oms_domain.aftersales.states import CaseKind
from oms_domain.aftersales.terms import AftersalesTerms, ReplyTemplate

REASONS, TEMPLATES = ["code", "title", "kinds", "needs_evidence", "is_retired"], ["code", "title", "text", "is_retired"]


def _show(terms: AftersalesTerms, name: str, columns: list[str], as_json: bool) -> None:
    rows: list[dict[str, Any]] = plain_row(TermsView.of(terms))[name]
    show(rows, columns, as_json=as_json)


@click.group("reasons")
def reasons() -> None:
    """The managed list of reasons of a shop (售后原因)."""


@reasons.command("list")
@click.argument("shop")
@json_option
@refusals_shown
def list_reasons(shop: str, as_json: bool) -> None:
    """List the reasons, retired ones too."""
    container = ready()
    command = ReadTerms(shop_id=shop_named(container, shop).id, by=operator())
    _show(container.aftersales_terms().read(command), "reasons", REASONS, as_json)


@reasons.command("put")
@click.argument("shop")
@click.argument("code")
@click.option("--title", required=True)
@click.option("--kind", "kinds", multiple=True, type=click.Choice(CASE_KINDS), help="Several times; none: for all.")
@click.option("--needs-evidence", is_flag=True, help="A claim with it needs at least one file.")
@json_option
@refusals_shown
def put_reason(shop: str, code: str, title: str, kinds: tuple[str, ...], needs_evidence: bool, as_json: bool) -> None:
    """Put a reason on the list, or in the place of the one with its code; the others stay."""
    container = ready()
    chosen: Any = frozenset(map(CaseKind, kinds)) or frozenset(CaseKind)
    reason = CaseReason(code=code, title=title, kinds=chosen, needs_evidence=needs_evidence)
    command = PutReason(shop_id=shop_named(container, shop).id, reason=reason, by=operator())
    _show(container.aftersales_terms().put_reason(command), "reasons", REASONS, as_json)


@reasons.command("retire")
@click.argument("shop")
@click.argument("code")
@json_option
@refusals_shown
def retire_reason(shop: str, code: str, as_json: bool) -> None:
    """Offer a reason no longer; old cases still show it."""
    container = ready()
    command = RetireReason(shop_id=shop_named(container, shop).id, code=code, by=operator())
    _show(container.aftersales_terms().retire_reason(command), "reasons", REASONS, as_json)


@click.group("templates")
def templates() -> None:
    """Prepared answers to customers (回复模板)."""


@templates.command("list")
@click.argument("shop")
@json_option
@refusals_shown
def list_templates(shop: str, as_json: bool) -> None:
    """List the templates, retired ones too."""
    container = ready()
    command = ReadTerms(shop_id=shop_named(container, shop).id, by=operator())
    _show(container.aftersales_terms().read(command), "templates", TEMPLATES, as_json)


@templates.command("put")
@click.argument("shop")
@click.argument("code")
@click.option("--title", required=True)
@click.option("--text", required=True, help="What the customer reads.")
@json_option
@refusals_shown
def put_template(shop: str, code: str, title: str, text: str, as_json: bool) -> None:
    """Put a template in place; the others stay."""
    container = ready()
    template = ReplyTemplate(code=code, title=title, text=text)
    command = PutTemplate(shop_id=shop_named(container, shop).id, template=template, by=operator())
    _show(container.aftersales_terms().put_template(command), "templates", TEMPLATES, as_json)


@templates.command("retire")
@click.argument("shop")
@click.argument("code")
@json_option
@refusals_shown
def retire_template(shop: str, code: str, as_json: bool) -> None:
    """Offer and send a template no longer."""
    container = ready()
    command = RetireTemplate(shop_id=shop_named(container, shop).id, code=code, by=operator())
    _show(container.aftersales_terms().retire_template(command), "templates", TEMPLATES, as_json)
