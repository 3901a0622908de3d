"""Values as JSON could hold them: for the changes in the operation log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, tzinfo
from enum import Enum
from typing import Any
from uuid import UUID

import attrs

from oms_domain.kernel.money import Money
from oms_domain.kernel.time import zone_minutes


def plain(value: Any) -> Any:
    """Return ``value`` in dicts, lists, texts and numbers. Bytes are never put in a log.

    >>> plain((Money(5), UUID(int=1)))
    [{'fen': 5, 'currency': 'CNY'}, '00000000-0000-0000-0000-000000000001']
    """
    match value:
        case Enum():
            return value.value
        case None | bool() | int() | str():
            return value
        case Money():
            return {"fen": value.fen, "currency": value.currency}
        case UUID():
            return str(value)
        case datetime() | date() | time():
            return value.isoformat()
        case tzinfo():
            return zone_minutes(value)
        case Mapping():
            return {str(plain(key)): plain(item) for key, item in value.items()}
        case tuple() | list() | frozenset():
            return [plain(item) for item in value]
        case _ if attrs.has(type(value)):
            return {a.name: plain(getattr(value, a.name)) for a in attrs.fields(type(value))}
    raise TypeError(type(value).__name__)
