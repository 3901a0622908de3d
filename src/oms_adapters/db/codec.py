"""Values ↔ what JSON holds: events, standard orders, answers. Amounts as whole numbers, ids and times as text."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone, tzinfo
from typing import Any, Final
from uuid import UUID

import cattrs
from attrs import evolve

from oms_domain.kernel.change import Event
from oms_domain.kernel.money import Money
from oms_domain.kernel.time import zone_minutes
from oms_domain.orders.rules.form import read_rule, write_rule
from oms_domain.orders.rules.rule import Rule


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(unstruct_collection_overrides={tuple: list, frozenset: sorted})
    converter.register_unstructure_hook(UUID, str)
    converter.register_structure_hook(UUID, lambda value, _: UUID(value))
    converter.register_unstructure_hook(date, date.isoformat)
    converter.register_structure_hook(date, lambda value, _: date.fromisoformat(value))
    converter.register_unstructure_hook(datetime, datetime.isoformat)
    converter.register_structure_hook(datetime, lambda value, _: datetime.fromisoformat(value))
    converter.register_unstructure_hook(time, time.isoformat)
    converter.register_structure_hook(time, lambda value, _: time.fromisoformat(value))
    converter.register_unstructure_hook(tzinfo, zone_minutes)
    converter.register_structure_hook(tzinfo, lambda value, _: timezone(timedelta(minutes=value)))
    converter.register_unstructure_hook(Money, lambda money: {"fen": money.fen, "currency": money.currency})
    converter.register_structure_hook(Money, lambda value, _: Money(value["fen"], value["currency"]))
    converter.register_unstructure_hook(Rule, lambda rule: write_rule(rule) | {"version": rule.version})
    converter.register_structure_hook(Rule, _rule)
    return converter


def _rule(value: Any, _: Any) -> Rule:
    form = dict(value)
    version = form.pop("version")
    return evolve(read_rule(form), version=version)


CONVERTER: Final = _converter()


def encode(value: Any) -> Any:
    """Return what JSON can hold of a value."""
    return CONVERTER.unstructure(value)


def decode(value: Any, kind: Any) -> Any:
    """The inverse of ``encode``."""
    return CONVERTER.structure(value, kind)


def event_classes() -> dict[tuple[str, int], type[Event]]:
    """Return every event class by (type, version)."""
    found: dict[tuple[str, int], type[Event]] = {}
    open_ = list(Event.__subclasses__())
    while open_:
        kind = open_.pop()
        open_ += kind.__subclasses__()
        if "type" in vars(kind):
            found[(kind.type, kind.version)] = kind
    return found


_EVENTS: dict[tuple[str, int], type[Event]] = {}


def decode_event(type_: str, version: int, data: Any) -> Event:
    """Return the event of an outbox row."""
    if (type_, version) not in _EVENTS:
        _EVENTS.update(event_classes())
    event: Event = decode(data, _EVENTS[(type_, version)])
    return event


__all__ = ["decode", "decode_event", "encode", "event_classes"]
