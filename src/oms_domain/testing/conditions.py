"""Hypothesis strategies for conditions over any catalogue."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from oms_domain.conditions.fields import Catalogue, Field, FieldKind
from oms_domain.conditions.operators import OPERATORS, Op, Shape
from oms_domain.conditions.tree import MOST_MINUTES, AllLines, AllOf, AnyLine, AnyOf, Check, Condition, CountLines, Not

_WORDS: Final = st.sampled_from(["加急", "样例", "SF", "sf", "a", "1", "SCARF-RED", "44"]) | st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Z")), min_size=1, max_size=5
)
_NUMBERS: Final = st.integers(-3, 12) | st.integers(-(10**12), 10**12)
VALUES: Final[dict[FieldKind, SearchStrategy[Any]]] = {
    FieldKind.TEXT: _WORDS,
    FieldKind.CODES: _WORDS,
    FieldKind.AMOUNT: _NUMBERS,
    FieldKind.INTEGER: _NUMBERS,
    FieldKind.INSTANT: st.datetimes(datetime(2026, 11, 22), datetime(2026, 11, 24), timezones=st.just(UTC)),  # noqa: DTZ001 - made aware here
    FieldKind.BOOLEAN: st.booleans(),
}
"""What a test of a field of each kind is compared with."""


@st.composite
def checks(draw: st.DrawFn, field: Field[Any]) -> Check:
    """Any test that fits the field."""
    op = draw(st.sampled_from(sorted(OPERATORS[field.kind])))
    return Check(field.name, op, draw(_operands(field.kind, op)))


def _operands(kind: FieldKind, op: Op) -> SearchStrategy[Any]:
    match OPERATORS[kind][op].shape:
        case Shape.NOTHING:
            return st.none()
        case Shape.ONE:
            return VALUES[kind]
        case Shape.MANY:
            return st.lists(VALUES[kind], min_size=1, max_size=4).map(tuple)
        case Shape.PAIR:
            return st.tuples(VALUES[kind], VALUES[kind]).map(lambda pair: tuple(sorted(pair)))
        case Shape.MINUTES:
            return st.integers(0, 3000) | st.just(MOST_MINUTES)


def conditions(catalogue: Catalogue[Any, Any], *, most: int = 12) -> SearchStrategy[Condition]:
    """Any condition over the catalogue of at most ``most`` tests, with groups in groups, and lines where it has any."""
    leaves: SearchStrategy[Condition] = st.sampled_from(catalogue.fields).flatmap(checks)
    if catalogue.line_fields:
        of_line = line_conditions(catalogue)
        leaves |= st.one_of(of_line.map(AnyLine), of_line.map(AllLines), _counts(of_line))
    return st.recursive(leaves, _joined, max_leaves=most)


def line_conditions(catalogue: Catalogue[Any, Any]) -> SearchStrategy[Condition]:
    """Any condition that may stand inside one about lines."""
    return st.recursive(st.sampled_from(catalogue.line_fields).flatmap(checks), _joined, max_leaves=4)


def _joined(parts: SearchStrategy[Any]) -> SearchStrategy[Any]:
    several = st.lists(parts, min_size=1, max_size=3).map(tuple)
    return several.map(AllOf) | several.map(AnyOf) | parts.map(Not)


@st.composite
def _counts(draw: st.DrawFn, of_line: SearchStrategy[Any]) -> CountLines:
    at_least = draw(st.integers(0, 3))
    at_most = draw(st.none() | st.integers(at_least, 4))
    return CountLines(draw(of_line), at_least, at_most)
