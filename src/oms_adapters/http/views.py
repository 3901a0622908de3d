"""What answers share: views are pure functions of what a use case or a query returned."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Any, TypeAlias, TypeVar
from uuid import UUID

import msgspec
from litestar.di import Dependency
from litestar.params import SkipValidationMarker

from oms_domain.kernel.money import Money, print_money

T = TypeVar("T")

Given: TypeAlias = Annotated[T, Dependency(kind="named"), SkipValidationMarker()]
"""A dependency, by its name. It is what bootstrap says it is: no check at each request, ports are protocols."""

LONGEST_ECHO = 200
"""Characters of a caller's own value that an answer repeats."""


class View(msgspec.Struct):
    """What we answer. Fields are only ever added."""


class MoneyView(View):
    """An exact amount: minor units, currency, and the text for people."""

    fen: int
    currency: str
    text: str

    @classmethod
    def of(cls, money: Money) -> MoneyView:
        return cls(fen=money.fen, currency=money.currency, text=print_money(money))

    @classmethod
    def maybe(cls, money: Money | None) -> MoneyView | None:
        return cls.of(money) if money is not None else None


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it, for facts of any kind."""
    match value:
        case None | bool() | int():
            return value
        case Enum():
            return plain(value.value)
        case str():
            return value[:LONGEST_ECHO].encode("utf-8", "backslashreplace").decode()
        case Money():
            return msgspec.to_builtins(MoneyView.of(value))
        case UUID():
            return str(value)
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case Mapping():
            return {str(key): plain(each) for key, each in value.items()}
        case tuple() | list():
            return [plain(each) for each in value]
        case frozenset() | set():
            return sorted(plain(each) for each in value)
        case _:
            return plain(str(value))
