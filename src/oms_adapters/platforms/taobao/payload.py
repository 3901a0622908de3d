"""JSON of the platform → exact values. Whole numbers stay int, decimals stay text, nothing is ever a float.

Every trouble is an ``UnreadablePayload`` with the path of the field and a short reason, never with the value: that
could be personal.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final, NoReturn, TypeVar

from attrs import field, frozen

from oms_domain.channels.standard import UnreadablePayload
from oms_domain.kernel.errors import InvalidAmount, InvalidQuantity, InvalidText, InvalidTime
from oms_domain.kernel.money import Money, parse_money
from oms_domain.kernel.quantity import Quantity, quantity
from oms_domain.kernel.text import checked_text
from oms_domain.kernel.time import parse_china_time

LARGEST_PAYLOAD_BYTES: Final = 8 * 1024 * 1024
ZERO: Final = Money(0)

_NUMBER: Final = re.compile(r"[0-9]{1,32}")
_YEARS: Final = range(2000, 2100)  # what any store and screen can carry; the platform itself is from 2003

V = TypeVar("V")


def unreadable(field: str, why: str) -> UnreadablePayload:
    return UnreadablePayload(field=field, why=why)


def parse_object(raw: bytes) -> dict[str, object]:
    """Read one JSON object.

    Refused: more than ``LARGEST_PAYLOAD_BYTES``, no UTF-8, no JSON, NaN and Infinity, a name twice in one object
    (which of the two would count?), nesting too deep to read.

    Raises:
        UnreadablePayload: field ``payload``.

    >>> parse_object(b'{"num": 9100000000000000010, "fee": 12.30}')
    {'num': 9100000000000000010, 'fee': '12.30'}
    """
    if len(raw) > LARGEST_PAYLOAD_BYTES:
        raise unreadable("payload", "too_large")
    try:
        value = json.loads(
            raw.decode("utf-8"), parse_float=str, parse_constant=_no_constant, object_pairs_hook=_no_name_twice
        )
    except RecursionError:
        raise unreadable("payload", "too_deep") from None
    except _NameTwice:
        raise unreadable("payload", "duplicate_name") from None
    except ValueError:  # no UTF-8, no JSON, an int of thousands of digits
        raise unreadable("payload", "not_json") from None
    if not isinstance(value, dict):
        raise unreadable("payload", "not_an_object")
    return value


class _NameTwice(ValueError):
    pass


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _no_name_twice(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _NameTwice
    return found


@frozen
class Fields:
    """One JSON object with its path, read field by field. ``null``, a missing field and an empty text are alike.

    Every method raises ``UnreadablePayload`` for a value that is not what it reads.
    """

    values: Mapping[str, object] = field(repr=False)  # may hold personal data
    path: str = ""

    def at(self, name: str) -> str:
        """Return the path of a field, such as ``orders[0].payment``."""
        return f"{self.path}.{name}" if self.path else name

    def has(self, name: str) -> bool:
        return self.values.get(name) not in (None, "")

    def require(self, *names: str) -> None:
        for name in names:
            if not self.has(name):
                raise unreadable(self.at(name), "missing")

    def text(self, name: str, *, longest: int) -> str:
        """Read a text; ids that the platform sends as whole numbers are texts, too."""
        if not self.has(name):
            return ""
        value = self.values[name]
        text = str(value) if type(value) is int else value
        if not isinstance(text, str):
            raise unreadable(self.at(name), "not_a_text")
        try:
            return checked_text(text, field=self.at(name), longest=longest)
        except InvalidText as trouble:
            raise unreadable(trouble.field, trouble.why) from None

    def number(self, name: str) -> str:
        """Read an order number of 1 to 32 ASCII digits, by its text twin (``tid_str``) where there is one.

        A number of 19 digits may have passed a float on its way to us; its text has not.
        """
        twin = f"{name}_str"
        used = twin if self.has(twin) else name
        self.require(used)
        text = self.text(used, longest=32)
        if not _NUMBER.fullmatch(text):
            raise unreadable(self.at(used), "not_a_number")
        return text

    def money(self, name: str, *, signed: bool = False) -> Money:
        """Read an amount in yuan; missing is 0."""
        return self.stated_money(name, signed=signed) or ZERO

    def stated_money(self, name: str, *, signed: bool = False) -> Money | None:
        """Read an amount in yuan, or None where the payload has none.

        A whole JSON number is refused: the platform's whole numbers are fen (``coupon_fee``), its yuan are texts.
        """
        if not self.has(name):
            return None
        value = self.values[name]
        if not isinstance(value, str):
            raise unreadable(self.at(name), "amount")
        try:
            amount = parse_money(value, field=self.at(name))
        except InvalidAmount:
            raise unreadable(self.at(name), "amount") from None
        if amount < ZERO and not signed:
            raise unreadable(self.at(name), "negative")
        return amount

    def quantity(self, name: str) -> Quantity:
        self.require(name)
        try:
            return quantity(self.values[name], field=self.at(name))
        except InvalidQuantity:
            raise unreadable(self.at(name), "quantity") from None

    def time(self, name: str) -> datetime | None:
        """Read Chinese time as UTC, or None where the payload has none."""
        if not self.has(name):
            return None
        value = self.values[name]
        if not isinstance(value, str) or not value.isascii():  # strptime would read full-width digits
            raise unreadable(self.at(name), "time")
        try:
            at = parse_china_time(value, field=self.at(name))
        except InvalidTime:
            raise unreadable(self.at(name), "time") from None
        if at.year not in _YEARS:
            raise unreadable(self.at(name), "time")
        return at

    def required_time(self, name: str) -> datetime:
        at = self.time(name)
        if at is None:
            raise unreadable(self.at(name), "missing")
        return at

    def whole(self, name: str, *, most: int) -> int:
        """Read a whole number from 0 to ``most``; missing is 0."""
        value = self.values.get(name)
        if value is None:
            return 0
        if type(value) is not int or not 0 <= value <= most:
            raise unreadable(self.at(name), "out_of_range")
        return value

    def flag(self, name: str) -> bool:
        """Read a boolean; missing is false."""
        value = self.values.get(name)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise unreadable(self.at(name), "not_a_boolean")
        return value

    def mapped(self, name: str, table: Mapping[str, V]) -> V:
        """Read a code of the platform by our table. What the table lacks is never guessed: ``unmapped``."""
        self.require(name)
        value = self.values[name]
        if not isinstance(value, str) or value not in table:
            raise unreadable(self.at(name), "unmapped")
        return table[value]

    def objects(self, name: str, inner: str) -> tuple[Fields, ...]:
        """Read a list of objects, wrapped (``{"orders": {"order": […]}}``) or simplified (``{"orders": […]}``)."""
        value = self.values.get(name)
        if isinstance(value, dict):
            value = value.get(inner)
        if value is None:
            return ()
        if not isinstance(value, list):
            raise unreadable(self.at(name), "not_a_list")
        return tuple(self._object(f"{name}[{index}]", item) for index, item in enumerate(value))

    def child(self, name: str) -> Fields:
        """Read an object that must be there."""
        self.require(name)
        return self._object(name, self.values[name])

    def _object(self, name: str, value: object) -> Fields:
        if not isinstance(value, dict):
            raise unreadable(self.at(name), "not_an_object")
        return Fields(value, self.at(name))
