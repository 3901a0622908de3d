"""Small closed forms of plain values (from JSON), as people write them down in files.

Unknown fields are refused, so that a slip of the pen is no silent default. Each form says what its refusal is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from typing import Any, Final, Protocol, TypeVar

from oms_domain.kernel.errors import Invalid
from oms_domain.kernel.money import parse_money

T = TypeVar("T")

MOST_ENTRIES: Final = 10_000
LARGEST_NUMBER: Final = 10**6


class Refusal(Protocol):
    """What a form answers: ``field`` is the path in it, ``why`` what is wrong there."""

    def __call__(self, *, field: str, why: str) -> Invalid: ...


class Fields:
    """The fields of one object of a form, taken out one by one, each by its kind.

    >>> from oms_domain.kernel.errors import InvalidText
    >>> Fields("line.", {"units": 2}, {"units"}, InvalidText).number("units", 1)
    2
    >>> Fields("", {"unit": 2}, {"units"}, InvalidText)
    Traceback (most recent call last):
    oms_domain.kernel.errors.InvalidText: text.invalid (field=unit, why=is unknown; there are units)
    """

    def __init__(self, path: str, values: Any, known: Collection[str], refusal: Refusal) -> None:
        self.path = path
        self.refusal = refusal
        if not isinstance(values, Mapping):
            raise refusal(field=path.rstrip(".") or "(file)", why="must be an object")
        for name in values:
            if name not in known:
                raise refusal(field=f"{path}{name}"[:200], why=f"is unknown; there are {', '.join(sorted(known))}")
        self.values = values

    def has(self, name: str) -> bool:
        """Whether it is written there at all."""
        return name in self.values

    def wrong(self, name: str, why: str) -> Invalid:
        """Return the refusal of one field."""
        return self.refusal(field=f"{self.path}{name}", why=why)

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text; without a default it must be there and not empty."""
        value = self.values.get(name, default)
        if not isinstance(value, str) or (default is None and not value):
            raise self.wrong(name, "must be a text" if name in self.values else "is missing")
        return value

    def texts(self, name: str) -> tuple[str, ...] | None:
        """Return a list of texts, None if there is none."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self.wrong(name, "must be a list of texts")
        return tuple(value)

    def number(self, name: str, default: int | None, *, least: int = 1, most: int = LARGEST_NUMBER) -> int:
        """Return a whole number within the limits; without a default it must be there."""
        value = self.values.get(name, default)
        if type(value) is not int or not least <= value <= most:
            raise self.wrong(name, f"must be a whole number from {least:,} to {most:,}")
        return value

    def truth(self, name: str, default: bool) -> bool:
        """Return true or false."""
        value = self.values.get(name, default)
        if type(value) is not bool:
            raise self.wrong(name, "must be true or false")
        return value

    def fen(self, name: str, currency: str, default: str | None = None) -> int:
        """Return an amount, which is written as a text in the currency's main unit, in minor units."""
        if default is None and name not in self.values:
            raise self.wrong(name, "is missing")
        return self.amount(self.values.get(name, default), currency, name)

    def amount(self, value: Any, currency: str, name: str) -> int:
        """Read one amount, not negative, that stands at ``name``."""
        if not isinstance(value, str):
            raise self.wrong(name, 'must be a text, such as "19.99"')
        fen = parse_money(value, currency, field=f"{self.path}{name}").fen
        if fen < 0:
            raise self.wrong(name, "must not be negative")
        return fen

    def word(self, name: str, words: type[StrEnum], default: Any = None) -> Any:
        """Return a member of ``words``."""
        value = self.values.get(name, default)
        try:
            return words(value)
        except ValueError:
            raise self.wrong(name, f"must be one of {', '.join(words)}") from None

    def table(self, name: str, of: str) -> Mapping[str, Any]:
        """Return an object whose names are free; ``of`` says what it holds."""
        value = self.values.get(name, {})
        if not isinstance(value, Mapping):
            raise self.wrong(name, f"must be an object of {of}")
        return value

    def inner(self, name: str, known: Collection[str]) -> Fields:
        """Return the object at ``name``."""
        return Fields(f"{self.path}{name}.", self.values.get(name), known, self.refusal)

    def each(self, name: str, known: Collection[str], read: Callable[[Fields], T]) -> tuple[T, ...]:
        """Read a list of objects."""
        return tuple(
            read(Fields(f"{self.path}{name}[{at}].", one, known, self.refusal))
            for at, one in enumerate(self.listed(name))
        )

    def listed(self, name: str) -> list[Any]:
        """Return a list as it is written."""
        value = self.values.get(name, [])
        if not isinstance(value, list) or len(value) > MOST_ENTRIES:
            raise self.wrong(name, f"must be a list of at most {MOST_ENTRIES:,}")
        return value
