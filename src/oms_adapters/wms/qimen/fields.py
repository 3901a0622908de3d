"""Typed reading and writing of a message's elements; whatever does not fit is named by its path."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar, Final, TypeAlias

from attrs import field, frozen

from oms_adapters.wms.qimen.xml import Node
from oms_domain.kernel.codes import sku_code
from oms_domain.kernel.errors import Invalid
from oms_domain.kernel.identity import SkuCode
from oms_domain.kernel.money import Money, print_money
from oms_domain.kernel.quantity import LARGEST_QUANTITY, Quantity, quantity
from oms_domain.kernel.text import checked_text, storable
from oms_domain.kernel.time import parse_china_time, print_china_time

LONGEST_CODE: Final = 64
LONGEST_REPORT_ID: Final = 150
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,9}(?:\.0{1,6})?", re.ASCII)
_DECIMAL: Final = re.compile(r"([0-9]{1,7})(?:\.([0-9]{1,6}))?", re.ASCII)

Written: TypeAlias = "str | int | bool | Money | datetime | Node | tuple[Node, ...] | None"


@frozen(kw_only=True)
class UnreadableMessage(Invalid):
    """A message of a warehouse lacks what it must have, or holds what cannot be read; ``why`` says which."""

    code: ClassVar[str] = "wms.unreadable_message"
    why: str


@frozen
class Reader:
    """Reads an element's fields."""

    node: Node
    path: str = field(default="")

    def has(self, name: str) -> bool:
        """Whether there is such an element with something in it."""
        found = self.node.first(name)
        return found is not None and bool(found.text.strip() or found.children)

    def child(self, name: str) -> Reader:
        """Raises ``UnreadableMessage`` if there is none."""
        found = self.node.first(name)
        if found is None:
            raise UnreadableMessage(field=self._at(name), why="missing")
        return Reader(found, self._at(name))

    def rows(self, group: str, name: str) -> Iterator[Reader]:
        """Yield the elements of a list; none where the list is missing."""
        found = self.node.first(group)
        for place, row in enumerate(found.all(name) if found else ()):
            yield Reader(row, f"{self._at(group)}.{name}[{place}]")

    def text(self, name: str, *, longest: int = 500) -> str:
        """Return a text for people, cut and cleaned; empty if there is none."""
        found = self.node.first(name)
        return storable(found.text.strip(), longest=longest) if found else ""

    def code(self, name: str, *, longest: int = LONGEST_CODE) -> str:
        """Return a code, which must be there and is never cut. Raises ``InvalidText``, ``UnreadableMessage``."""
        if not self.has(name):
            raise UnreadableMessage(field=self._at(name), why="missing")
        return self.code_or_none(name, longest=longest)

    def code_or_none(self, name: str, *, longest: int = LONGEST_CODE) -> str:
        """Return a code, empty if there is none. Raises ``InvalidText``."""
        found = self.node.first(name)
        return checked_text(found.text.strip(), field=self._at(name), longest=longest) if found else ""

    def report_id(self, name: str = "outBizCode") -> str:
        """Return the key that makes a report one: as it is (it may hold blanks), a digest of it where it is long."""
        found = self.node.first(name)
        text = found.text if found else ""
        if not text.strip():
            return ""
        if len(text) <= LONGEST_REPORT_ID and text.isprintable():
            return text
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def sku(self, name: str = "itemCode") -> SkuCode:
        """Raises ``InvalidSku``, ``UnreadableMessage``."""
        return sku_code(self.code(name), field=self._at(name))

    def whole(self, name: str, default: int | None = None) -> int:
        """Return a whole number of units, up to a million either way; ``3.0`` is one. Raises ``UnreadableMessage``."""
        if not self.has(name):
            if default is None:
                raise UnreadableMessage(field=self._at(name), why="missing")
            return default
        text = self.text(name, longest=30)
        number = int(text.partition(".")[0]) if _WHOLE.fullmatch(text) else LARGEST_QUANTITY + 1
        if abs(number) > LARGEST_QUANTITY:
            raise UnreadableMessage(field=self._at(name), why="not_whole")
        return number

    def units(self, name: str) -> Quantity:
        """Raises ``InvalidQuantity`` below 1, ``UnreadableMessage``."""
        return quantity(self.whole(name), field=self._at(name))

    def grams(self, name: str) -> int:
        """Return a weight in kilograms as grams, rounded down; 0 where there is none that can be read."""
        found = _DECIMAL.fullmatch(self.text(name, longest=30))
        return int(found[1]) * 1000 + int((found[2] or "").ljust(3, "0")[:3]) if found else 0

    def time(self, name: str, default: datetime) -> datetime:
        """Return an instant. Raises ``InvalidTime`` if there is one that cannot be read."""
        return parse_china_time(self.text(name), field=self._at(name)) if self.has(name) else default

    def _at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


def element(name: str, /, **fields: Written) -> Node:
    """Return an element with fields in the order given; None is left out."""
    return Node(name, "", tuple(node for key, value in fields.items() for node in _written(key, value)))


def group(name: str, rows: Iterator[Node] | tuple[Node, ...]) -> Node | None:
    """Return a list's element, None for an empty one."""
    found = tuple(rows)
    return Node(name, "", found) if found else None


def _written(name: str, value: Written) -> tuple[Node, ...]:
    match value:
        case None:
            return ()
        case Node():
            return (value,)
        case tuple():
            return value
        case bool():
            return (Node(name, "Y" if value else "N"),)
        case Money():
            return (Node(name, print_money(value)),)
        case datetime():
            return (Node(name, print_china_time(value)),)
    return (Node(name, str(value)),)
