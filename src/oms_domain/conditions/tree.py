"""The tree: a test of one field, and what joins tests. Values only; ``judge`` evaluates them."""

from __future__ import annotations

from typing import Final, TypeAlias

from attrs import frozen

from oms_domain.conditions.operators import Op, Operand

MOST_DEPTH: Final = 10
"""Levels of nesting, the test itself counted."""
MOST_NODES: Final = 200
"""Tests and groups of one condition."""
MOST_OPERANDS: Final = 1_000
"""Values that one test compares with."""
MOST_CHARACTERS: Final = 20_000
"""Characters of all texts that the tests of one condition compare with."""
LONGEST_OPERAND: Final = 100
MOST_MINUTES: Final = 5_256_000
"""Ten years: the longest that ``WITHIN_MINUTES`` and ``OLDER_THAN_MINUTES`` look back."""


@frozen
class Check:
    """A test of one field (条件)."""

    field: str
    op: Op
    value: Operand = None


@frozen
class AllOf:
    """All of them hold (且)."""

    of: tuple[Condition, ...]


@frozen
class AnyOf:
    """At least one of them holds (或)."""

    of: tuple[Condition, ...]


@frozen
class Not:
    """It does not hold (非)."""

    of: Condition


@frozen
class AnyLine:
    """It holds for at least one line (任一行)."""

    of: Condition


@frozen
class AllLines:
    """It holds for every line (每一行); without lines it holds."""

    of: Condition


@frozen
class CountLines:
    """The number of lines for which it holds is within bounds (行数); ``at_most`` None: no upper bound."""

    of: Condition
    at_least: int = 0
    at_most: int | None = None


Condition: TypeAlias = Check | AllOf | AnyOf | Not | AnyLine | AllLines | CountLines
