"""Commands of a batch that are not the same for all its orders, as they are kept until they are given."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import attrs

from oms_app.address_edits import AddressWanted
from oms_app.editing import Replace
from oms_app.orders import OrderCommand
from oms_app.splitting import Wanted
from oms_domain.kernel.identity import LineId
from oms_domain.kernel.money import Money

NOT_KEPT: Final = frozenset({"order_id", "by"})
"""Stands with the batch."""


def write_commands(commands: Sequence[OrderCommand]) -> bytes:
    """Return what the commands say beside whose they are and of which order: with personal data, to be sealed."""
    return json.dumps([_facts(command, NOT_KEPT) for command in commands], ensure_ascii=False).encode()


def read_commands(kept: bytes) -> list[dict[str, Any]]:
    """Return what commands say, each by the names of its fields: the inverse of ``write_commands``."""
    return [{name: _READ.get(name, _same)(value) for name, value in facts.items()} for facts in json.loads(kept)]


def _facts(value: Any, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    named = ((fact, getattr(value, fact.name)) for fact in attrs.fields(type(value)) if fact.name not in without)
    return {fact.name: _plain(said) for fact, said in named if said != fact.default}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    return _facts(value) if attrs.has(type(value)) else value


def _same(value: Any) -> Any:
    return tuple(map(_same, value)) if isinstance(value, list) else value


def _of_line(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {**facts} | ({"line_id": LineId(UUID(facts["line_id"]))} if "line_id" in facts else {})


def _wanted(found: Sequence[Mapping[str, Any]]) -> tuple[Wanted, ...]:
    return tuple(Wanted(**_of_line(facts)) for facts in found)


_READ: Final[Mapping[str, Callable[[Any], Any]]] = {
    "ship_on": date.fromisoformat,
    "paid": lambda found: Money(**found),
    "paid_at": datetime.fromisoformat,
    "address": lambda found: AddressWanted(**found),
    "replacements": lambda found: tuple(Replace(**_of_line(facts)) for facts in found),
    "quantities": _wanted,
    "coupon": lambda found: Money(**found),
    "parts": lambda found: tuple(map(_wanted, found)),
}
