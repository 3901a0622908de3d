"""What conditions are about: each user of the engine declares its fields once, with kind, reader and name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, Generic, TypeAlias, TypeVar

from attrs import field, frozen

from oms_domain.conditions.errors import FactOutOfPlace, UnknownFact

Whole = TypeVar("Whole")
Line = TypeVar("Line")
Subject_contra = TypeVar("Subject_contra", contravariant=True)


class FieldKind(StrEnum):
    """What a field holds, which settles the tests that fit it."""

    TEXT = "text"
    AMOUNT = "amount"  # minor units (fen)
    INTEGER = "integer"
    INSTANT = "instant"  # aware UTC
    CODES = "codes"  # a set of texts: SKUs, tags, regions
    BOOLEAN = "boolean"


Value: TypeAlias = str | int | bool | datetime | tuple[str, ...] | None
"""What a field holds, by its kind. ``None``: not known, for every kind."""

HIDDEN: Final = "***"


def hide(_text: str) -> str:
    """The mask that keeps nothing."""
    return HIDDEN


@frozen(kw_only=True)
class Field(Generic[Subject_contra]):
    """A fact that conditions may test (条件字段).

    ``mask`` stands on personal fields: what was seen leaves the engine only through it.
    """

    name: str
    kind: FieldKind
    read: Callable[[Subject_contra], Value]
    zh: str
    en: str
    mask: Callable[[str], str] | None = None


def _by_name(fields: Sequence[Field[Whole]]) -> Mapping[str, Field[Whole]]:
    names = {one.name: one for one in fields}
    assert len(names) == len(fields), "two fields of one name"
    return names


def _no_lines(_whole: object) -> tuple[()]:
    return ()


@frozen(kw_only=True)
class Catalogue(Generic[Whole, Line]):
    """The fields that there are (条件字段表): of the whole, and of each of its lines."""

    fields: tuple[Field[Whole], ...]
    line_fields: tuple[Field[Line], ...] = ()
    lines: Callable[[Whole], Sequence[Line]] = _no_lines
    _fields: Mapping[str, Field[Whole]] = field(init=False, eq=False, repr=False)
    _line_fields: Mapping[str, Field[Line]] = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_fields", _by_name(self.fields))
        object.__setattr__(self, "_line_fields", _by_name(self.line_fields))

    def whole_field(self, name: str, *, path: str = "field") -> Field[Whole]:
        """Return a field of the whole. Raises UnknownFact; FactOutOfPlace if it is a line's."""
        if name in self._fields:
            return self._fields[name]
        raise self._missing(name, path, elsewhere=name in self._line_fields)

    def line_field(self, name: str, *, path: str = "field") -> Field[Line]:
        """Return a field of a line. Raises UnknownFact; FactOutOfPlace if it is the whole's."""
        if name in self._line_fields:
            return self._line_fields[name]
        raise self._missing(name, path, elsewhere=name in self._fields)

    def kind_of(self, name: str, *, of_line: bool, path: str = "field") -> FieldKind:
        """Return what a field holds. Raises as ``whole_field`` and ``line_field`` do."""
        if of_line:
            return self.line_field(name, path=path).kind
        return self.whole_field(name, path=path).kind

    @staticmethod
    def _missing(name: str, path: str, *, elsewhere: bool) -> FactOutOfPlace | UnknownFact:
        return FactOutOfPlace(field=path, name=name) if elsewhere else UnknownFact(field=path, name=name[:40])
