"""Conditions as JSON, both ways: a closed form of plain values. ``docs/reference/rules.md`` describes it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any, Final, assert_never

from oms_domain.conditions.errors import (
    ConditionTooDeep,
    ConditionTooLarge,
    EmptyGroup,
    InvalidOperand,
    LinesWithinLines,
    MalformedCondition,
    OpDoesNotFit,
    UnknownKey,
)
from oms_domain.conditions.fields import Catalogue, FieldKind
from oms_domain.conditions.operators import OPERATORS, Op, Operand, Shape
from oms_domain.conditions.tree import (
    LONGEST_OPERAND,
    MOST_CHARACTERS,
    MOST_DEPTH,
    MOST_MINUTES,
    MOST_NODES,
    MOST_OPERANDS,
    AllLines,
    AllOf,
    AnyLine,
    AnyOf,
    Check,
    Condition,
    CountLines,
    Not,
)
from oms_domain.kernel.errors import InvalidTime
from oms_domain.kernel.text import checked_text
from oms_domain.kernel.time import utc

LARGEST_NUMBER: Final = 10**15
MOST_LINES: Final = 10**6
_YEARS: Final = (1970, 2200)

_SORTS: Final = ("field", "all", "any", "not", "any_line", "all_lines", "count_lines")


def read_condition(data: Any, catalogue: Catalogue[Any, Any], *, path: str = "condition") -> Condition:
    """Read a condition and check it against the fields that there are.

    Raises:
        MalformedCondition, UnknownKey, UnknownFact, FactOutOfPlace, OpDoesNotFit, InvalidOperand, InvalidText,
        EmptyGroup, LinesWithinLines, ConditionTooDeep, ConditionTooLarge: ``field`` is the path of what is wrong, below
            ``path``.
    """
    return _Reader(catalogue).read(data, path, 1, of_line=False)


def write_condition(condition: Condition) -> dict[str, Any]:
    """Return the form of a condition: the inverse of ``read_condition``.

    >>> write_condition(Not(Check("payable_fen", Op.AT_LEAST, 50000)))
    {'not': {'field': 'payable_fen', 'op': 'at_least', 'value': 50000}}
    """
    match condition:
        case Check(field=name, op=op, value=None):
            return {"field": name, "op": str(op)}
        case Check(field=name, op=op, value=value):
            return {"field": name, "op": str(op), "value": write_operand(value)}
        case AllOf(of=parts):
            return {"all": [write_condition(part) for part in parts]}
        case AnyOf(of=parts):
            return {"any": [write_condition(part) for part in parts]}
        case Not(of=part):
            return {"not": write_condition(part)}
        case AnyLine(of=part):
            return {"any_line": write_condition(part)}
        case AllLines(of=part):
            return {"all_lines": write_condition(part)}
        case CountLines(of=part, at_least=at_least, at_most=at_most):
            bounds = {"at_least": at_least} | ({} if at_most is None else {"at_most": at_most})
            return {"count_lines": {"of": write_condition(part), **bounds}}
        case _:
            assert_never(condition)


def write_operand(value: Any) -> Any:
    """Return an operand, or what was seen, as JSON has it: instants as ISO texts, tuples as lists."""
    if isinstance(value, tuple):
        return [write_operand(one) for one in value]
    return value.isoformat() if isinstance(value, datetime) else value


def checked(condition: Condition, catalogue: Catalogue[Any, Any], *, path: str = "condition") -> Condition:
    """Return a condition that was made in code, checked as one that was read. Raises as ``read_condition`` does."""
    return read_condition(write_condition(condition), catalogue, path=path)


class _Reader:
    """Reads one condition, and counts what it has read so far."""

    def __init__(self, catalogue: Catalogue[Any, Any]) -> None:
        self.catalogue = catalogue
        self.nodes = 0
        self.characters = 0

    def read(self, data: Any, path: str, depth: int, *, of_line: bool) -> Condition:
        self._count(path, depth)
        sort = _sort_of(data, path)
        inner, below = data[sort], f"{path}.{sort}"
        if sort == "field":
            return self._check(data, path, of_line=of_line)
        _closed(data, (sort,), path)
        match sort:
            case "all":
                return AllOf(self._group(inner, below, depth, of_line=of_line))
            case "any":
                return AnyOf(self._group(inner, below, depth, of_line=of_line))
            case "not":
                return Not(self.read(inner, below, depth + 1, of_line=of_line))
        if of_line:
            raise LinesWithinLines(field=below)
        match sort:
            case "any_line":
                return AnyLine(self.read(inner, below, depth + 1, of_line=True))
            case "all_lines":
                return AllLines(self.read(inner, below, depth + 1, of_line=True))
        return self._count_lines(inner, below, depth)

    def _count(self, path: str, depth: int) -> None:
        self.nodes += 1
        if depth > MOST_DEPTH:
            raise ConditionTooDeep(field=path, most=MOST_DEPTH)
        if self.nodes > MOST_NODES:
            raise ConditionTooLarge(field=path, what="tests", most=MOST_NODES)

    def _group(self, data: Any, path: str, depth: int, *, of_line: bool) -> tuple[Condition, ...]:
        if not isinstance(data, list):
            raise MalformedCondition(field=path, why="not_a_list")
        if not data:
            raise EmptyGroup(field=path)
        return tuple(self.read(one, f"{path}[{at}]", depth + 1, of_line=of_line) for at, one in enumerate(data))

    def _count_lines(self, data: Any, path: str, depth: int) -> CountLines:
        if not isinstance(data, Mapping) or "of" not in data:
            raise MalformedCondition(field=path, why="no_of")
        _closed(data, ("of", "at_least", "at_most"), path)
        if "at_least" not in data and "at_most" not in data:
            raise InvalidOperand(field=path, why="no_bounds")
        at_least = _whole(data.get("at_least", 0), f"{path}.at_least", 0, MOST_LINES)
        at_most = None
        if "at_most" in data:
            at_most = _whole(data["at_most"], f"{path}.at_most", at_least, MOST_LINES)
        return CountLines(self.read(data["of"], f"{path}.of", depth + 1, of_line=True), at_least, at_most)

    def _check(self, data: Mapping[str, Any], path: str, *, of_line: bool) -> Check:
        _closed(data, ("field", "op", "value"), path)
        name, word = data["field"], data.get("op")
        if not isinstance(name, str) or not isinstance(word, str):
            raise MalformedCondition(field=path, why="field_or_op_not_a_text")
        kind = self.catalogue.kind_of(name, of_line=of_line, path=f"{path}.field")
        operators = OPERATORS[kind]
        if word not in operators:
            allowed = tuple(str(op) for op in operators)
            raise OpDoesNotFit(field=f"{path}.op", op=word[:40], kind=str(kind), allowed=allowed)
        op = Op(word)
        return Check(name, op, self._operand(data, f"{path}.value", kind, operators[op].shape))

    def _operand(self, data: Mapping[str, Any], path: str, kind: FieldKind, shape: Shape) -> Operand:
        value = data.get("value")
        match shape:
            case Shape.NOTHING:
                if "value" in data:
                    raise InvalidOperand(field=path, why="nothing_to_compare_with")
                return None
            case Shape.ONE:
                one: Operand = self._one(value, path, kind)
                return one
            case Shape.MINUTES:
                return _whole(value, path, 0, MOST_MINUTES)
            case Shape.MANY:
                return self._many(value, path, kind, 1, MOST_OPERANDS)
            case Shape.PAIR:
                pair = self._many(value, path, kind, 2, 2)
                if pair[0] > pair[1]:
                    raise InvalidOperand(field=path, why="low_above_high")
                return pair
            case _:
                assert_never(shape)

    def _many(self, value: Any, path: str, kind: FieldKind, least: int, most: int) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise InvalidOperand(field=path, why="not_a_list")
        if not least <= len(value) <= most:
            raise InvalidOperand(field=path, why="wrong_number_of_values")
        return tuple(self._one(one, f"{path}[{at}]", kind) for at, one in enumerate(value))

    def _one(self, value: Any, path: str, kind: FieldKind) -> Any:
        if kind in (FieldKind.TEXT, FieldKind.CODES):
            return self._text(value, path)
        return _SCALARS[kind](value, path)

    def _text(self, value: Any, path: str) -> str:
        if not isinstance(value, str):
            raise InvalidOperand(field=path, why="not_a_text")
        self.characters += len(value)
        if self.characters > MOST_CHARACTERS:
            raise ConditionTooLarge(field=path, what="characters", most=MOST_CHARACTERS)
        return checked_text(value, field=path, longest=LONGEST_OPERAND, allow_empty=False)


def _sort_of(data: Any, path: str) -> str:
    if not isinstance(data, Mapping):
        raise MalformedCondition(field=path, why="not_an_object")
    found = [sort for sort in _SORTS if sort in data]
    if len(found) == 1:
        return found[0]
    if not found and data:
        raise UnknownKey(field=f"{path}.{str(next(iter(data)))[:40]}", known=_SORTS)
    raise MalformedCondition(field=path, why="several_sorts" if found else "empty")


def _closed(data: Mapping[str, Any], known: Collection[str], path: str) -> None:
    for name in data:
        if name not in known:
            raise UnknownKey(field=f"{path}.{str(name)[:40]}", known=tuple(known))


def _whole(value: Any, path: str, least: int, most: int) -> int:
    if type(value) is not int:
        raise InvalidOperand(field=path, why="not_a_whole_number")
    if not least <= value <= most:
        raise InvalidOperand(field=path, why="out_of_bounds")
    return value


def _number(value: Any, path: str) -> int:
    return _whole(value, path, -LARGEST_NUMBER, LARGEST_NUMBER)


def _truth(value: Any, path: str) -> bool:
    if type(value) is not bool:
        raise InvalidOperand(field=path, why="not_true_or_false")
    return value


def _instant(value: Any, path: str) -> datetime:
    if not isinstance(value, str):
        raise InvalidOperand(field=path, why="not_an_instant")
    try:
        at = utc(datetime.fromisoformat(value[:40]), field=path)
    except (ValueError, OverflowError, InvalidTime):
        raise InvalidOperand(field=path, why="not_an_instant") from None
    if not _YEARS[0] <= at.year <= _YEARS[1]:
        raise InvalidOperand(field=path, why="out_of_bounds")
    return at


_SCALARS: Final[Mapping[FieldKind, Callable[[Any, str], Any]]] = {
    FieldKind.AMOUNT: _number,
    FieldKind.INTEGER: _number,
    FieldKind.INSTANT: _instant,
    FieldKind.BOOLEAN: _truth,
}
