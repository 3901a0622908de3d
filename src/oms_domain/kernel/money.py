"""Exact amounts in minor units. No float, no division: sharing an amount is apportionment's work."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

import attrs
from attrs import frozen

from oms_domain.kernel.errors import CurrencyMismatch, InvalidAmount

LARGEST_FEN: Final = 10**12
"""Largest magnitude that the edges accept (10 billion yuan); the type itself is exact at any size."""

_DIGITS_AFTER_POINT: Final = {"CNY": 2, "HKD": 2, "TWD": 2, "USD": 2, "EUR": 2, "GBP": 2, "JPY": 0, "KRW": 0, "KWD": 3}
"""Minor-unit digits, ISO 4217."""

_TEXT: Final = re.compile(r"(-?)([0-9]{1,30})(?:\.([0-9]{1,3}))?", re.ASCII)


def _exact_int(_money: object, _field: object, value: Any) -> None:
    if type(value) is not int:  # bool is an int to isinstance, and no amount
        raise InvalidAmount(field="fen", value=repr(value))


def _known(_money: object, _field: object, value: Any) -> None:
    if value not in _DIGITS_AFTER_POINT:
        raise InvalidAmount(field="currency", value=repr(value))


@frozen
class Money:
    """An exact amount in minor units (分) of one currency. May be negative: a correction is.

    >>> Money(1999) + Money(1)
    Money(fen=2000, currency='CNY')
    >>> Money(150) * 3, -Money(5) < Money(0)
    (Money(fen=450, currency='CNY'), True)
    """

    fen: int = attrs.field(validator=_exact_int)
    currency: str = attrs.field(default="CNY", validator=_known)

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.fen + other.fen, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.fen - other.fen, self.currency)

    def __mul__(self, times: int) -> Money:
        return Money(self.fen * times, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.fen, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.fen < other.fen

    def __le__(self, other: Money) -> bool:
        self._same(other)
        return self.fen <= other.fen

    def __gt__(self, other: Money) -> bool:
        return other < self

    def __ge__(self, other: Money) -> bool:
        return other <= self

    def __str__(self) -> str:
        return print_money(self)

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(left=self.currency, right=other.currency)


def total(amounts: Iterable[Money], currency: str = "CNY") -> Money:
    """Return the sum; of nothing, 0 of ``currency``.

    >>> total([Money(1), Money(2)]).fen, total([]).fen
    (3, 0)
    """
    return sum(amounts, Money(0, currency))


def parse_money(text: str, currency: str = "CNY", *, field: str = "amount") -> Money:
    """Read a plain decimal text exactly, such as ``"12.34"``, ``"-0.5"`` or ``"7"``.

    Refused rather than rounded: more digits than the currency has, an exponent, NaN, a sign ``+``, separators,
    full-width digits, anything above ``LARGEST_FEN``.

    Raises:
        InvalidAmount: the text is no exact amount; ``field`` is passed on.

    >>> parse_money("19.99").fen, parse_money("-0.5").fen, parse_money("300", "JPY").fen
    (1999, -50, 300)
    >>> parse_money("1e3")
    Traceback (most recent call last):
    oms_domain.kernel.errors.InvalidAmount: money.invalid (field=amount, value=1e3)
    """
    match = _TEXT.fullmatch(text) if isinstance(text, str) else None
    places = _DIGITS_AFTER_POINT.get(currency)
    if match is None or places is None or len(match[3] or "") > places:
        raise InvalidAmount(field=field, value=str(text)[:40])
    fen = int(match[2] + (match[3] or "").ljust(places, "0"))
    if fen > LARGEST_FEN:
        raise InvalidAmount(field=field, value=text[:40])
    return Money(-fen if match[1] else fen, currency)


def print_money(amount: Money) -> str:
    """Return the plain decimal text with all the currency's digits: the inverse of ``parse_money``.

    >>> print_money(Money(-5)), print_money(Money(120000)), print_money(Money(300, "JPY"))
    ('-0.05', '1200.00', '300')
    """
    places = _DIGITS_AFTER_POINT[amount.currency]
    sign, digits = ("-" if amount.fen < 0 else ""), str(abs(amount.fen)).rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else sign + digits
