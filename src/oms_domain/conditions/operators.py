"""The tests that there are, by kind of field: one table. None searches by pattern, so none can blow up."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import Enum, StrEnum, auto
from functools import lru_cache
from typing import Any, Final, TypeAlias

from attrs import frozen

from oms_domain.conditions.fields import FieldKind as K
from oms_domain.conditions.fields import Value


class Op(StrEnum):
    """How a field is tested (条件算子)."""

    EQUALS = "equals"
    IN = "in"  # is one of
    CONTAINS_ANY = "contains_any"
    CONTAINS_ALL = "contains_all"
    ONLY_IN = "only_in"  # nothing besides
    MATCHES_WORDS = "matches_words"  # every word stands in it, Latin words and numbers whole
    STARTS_WITH = "starts_with"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    BETWEEN = "between"  # both ends included
    WITHIN_MINUTES = "within_minutes"  # in the past, no longer ago
    OLDER_THAN_MINUTES = "older_than_minutes"  # in the past, longer ago
    IS_EMPTY = "is_empty"  # not known counts as empty


class Shape(Enum):
    """What a test is compared with."""

    NOTHING = auto()
    ONE = auto()  # a value of the field's kind; of codes, a text
    MANY = auto()  # a list of texts, or of values of the field's kind
    PAIR = auto()  # low and high
    MINUTES = auto()


Operand: TypeAlias = str | int | bool | datetime | tuple[str, ...] | tuple[int, ...] | tuple[datetime, ...] | None
Test: TypeAlias = Callable[[Any, Any, datetime], bool]


@frozen
class Operator:
    """A test with what it compares with. ``test`` is asked about known values only."""

    shape: Shape
    test: Test


def fold(text: str) -> str:
    """Return the text as tests compare it: full-width as half-width, capitals as small letters.

    >>> fold("ＳＦ Express（加急）")
    'sf express(加急)'
    """
    return unicodedata.normalize("NFKC", text).casefold()


@lru_cache(maxsize=2048)
def _folded(operands: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(fold, operands))


def has_word(text: str, word: str) -> bool:
    """Whether ``word`` stands in ``text``, not as a part of a longer Latin word or number. Both are folded.

    >>> has_word("发sf,别发sfx", "sf"), has_word("发sfx", "sf"), has_word("12号楼", "2"), has_word("请加急发", "加急")
    (True, False, False, True)
    """
    start = text.find(word)
    while start >= 0:
        if not _joined(text, start) and not _joined(text, start + len(word)):
            return True
        start = text.find(word, start + 1)
    return False


def _joined(text: str, at: int) -> bool:
    """Whether the characters before and after a place belong to one Latin word or number."""
    return 0 < at < len(text) and _latin(text[at - 1]) and _latin(text[at])


def _latin(char: str) -> bool:
    return char.isalnum() and char < "\u0250"


def _text_in(seen: str, operands: tuple[str, ...], _at: datetime) -> bool:
    return fold(seen).strip() in _folded(operands)


def _text_contains_any(seen: str, operands: tuple[str, ...], _at: datetime) -> bool:
    text = fold(seen)
    return any(part in text for part in _folded(operands))


def _text_contains_all(seen: str, operands: tuple[str, ...], _at: datetime) -> bool:
    text = fold(seen)
    return all(part in text for part in _folded(operands))


def _text_has_words(seen: str, operands: tuple[str, ...], _at: datetime) -> bool:
    text = fold(seen)
    return all(has_word(text, word) for word in _folded(operands))


def _text_starts(seen: str, operands: tuple[str, ...], _at: datetime) -> bool:
    return fold(seen).lstrip().startswith(_folded(operands))


def _between(seen: Any, operand: tuple[Any, Any], _at: datetime) -> bool:
    return bool(operand[0] <= seen <= operand[1])


def _within(seen: datetime, minutes: int, at: datetime) -> bool:
    return timedelta(0) <= at - seen <= timedelta(minutes=minutes)


_EMPTY: Final = Operator(Shape.NOTHING, lambda seen, _operand, _at: not seen)
_EQUALS: Final = Operator(Shape.ONE, lambda seen, operand, _at: bool(seen == operand))
_ORDERED: Final = {
    Op.EQUALS: _EQUALS,
    Op.AT_LEAST: Operator(Shape.ONE, lambda seen, operand, _at: bool(seen >= operand)),
    Op.AT_MOST: Operator(Shape.ONE, lambda seen, operand, _at: bool(seen <= operand)),
    Op.BETWEEN: Operator(Shape.PAIR, _between),
}
_UNKNOWN: Final = Operator(Shape.NOTHING, lambda _seen, _operand, _at: False)  # a known number is not empty
_NUMBER: Final = _ORDERED | {
    Op.IN: Operator(Shape.MANY, lambda seen, operand, _at: seen in operand),
    Op.IS_EMPTY: _UNKNOWN,
}

OPERATORS: Final[Mapping[K, Mapping[Op, Operator]]] = {
    K.TEXT: {
        Op.EQUALS: Operator(Shape.ONE, lambda seen, operand, at: _text_in(seen, (operand,), at)),
        Op.IN: Operator(Shape.MANY, _text_in),
        Op.CONTAINS_ANY: Operator(Shape.MANY, _text_contains_any),
        Op.CONTAINS_ALL: Operator(Shape.MANY, _text_contains_all),
        Op.MATCHES_WORDS: Operator(Shape.MANY, _text_has_words),
        Op.STARTS_WITH: Operator(Shape.MANY, _text_starts),
        Op.IS_EMPTY: Operator(Shape.NOTHING, lambda seen, _operand, _at: not seen.strip()),
    },
    K.AMOUNT: _NUMBER,
    K.INTEGER: _NUMBER,
    K.INSTANT: {
        Op.AT_LEAST: _ORDERED[Op.AT_LEAST],
        Op.AT_MOST: _ORDERED[Op.AT_MOST],
        Op.BETWEEN: _ORDERED[Op.BETWEEN],
        Op.WITHIN_MINUTES: Operator(Shape.MINUTES, _within),
        Op.OLDER_THAN_MINUTES: Operator(
            Shape.MINUTES, lambda seen, minutes, at: at - seen > timedelta(minutes=minutes)
        ),
        Op.IS_EMPTY: _UNKNOWN,
    },
    K.CODES: {
        Op.CONTAINS_ANY: Operator(Shape.MANY, lambda seen, operand, _at: not set(operand).isdisjoint(seen)),
        Op.CONTAINS_ALL: Operator(Shape.MANY, lambda seen, operand, _at: set(operand) <= set(seen)),
        Op.ONLY_IN: Operator(Shape.MANY, lambda seen, operand, _at: set(operand) >= set(seen)),
        Op.IS_EMPTY: _EMPTY,
    },
    K.BOOLEAN: {Op.EQUALS: _EQUALS, Op.IS_EMPTY: _UNKNOWN},
}

_TELLS_HITS: Final = frozenset({Op.IN, Op.CONTAINS_ANY, Op.STARTS_WITH})


def passes(kind: K, op: Op, seen: Value, operand: Operand, at: datetime) -> bool:
    """Whether what was seen passes the test. What is not known passes none but ``IS_EMPTY``."""
    if seen is None:
        return op is Op.IS_EMPTY
    return OPERATORS[kind][op].test(seen, operand, at)


def hits(kind: K, op: Op, seen: Value, operand: Operand, at: datetime) -> tuple[str, ...]:
    """Return which of several texts made a test pass, where one of them would do."""
    if op not in _TELLS_HITS or not isinstance(operand, tuple) or kind not in (K.TEXT, K.CODES):
        return ()
    return tuple(str(one) for one in operand if passes(kind, op, seen, (str(one),), at))
