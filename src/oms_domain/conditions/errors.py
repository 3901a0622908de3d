"""Why a condition is none. ``field`` is the path of what is wrong, such as ``condition.all[1].value``."""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from oms_domain.kernel.errors import Invalid


@frozen(kw_only=True)
class MalformedCondition(Invalid):
    """Not an object with exactly one of ``field``, ``all``, ``any``, ``not`` and those about lines, or badly filled."""

    code: ClassVar[str] = "conditions.malformed"
    why: str


@frozen(kw_only=True)
class UnknownKey(Invalid):
    """The form is closed: it has no such key here. ``known`` lists what it has."""

    code: ClassVar[str] = "conditions.unknown_key"
    known: tuple[str, ...]


@frozen(kw_only=True)
class UnknownFact(Invalid):
    """The catalogue has no such field."""

    code: ClassVar[str] = "conditions.unknown_fact"
    name: str


@frozen(kw_only=True)
class OpDoesNotFit(Invalid):
    """There is no such test, or not for this kind of field. ``allowed`` lists those that there are."""

    code: ClassVar[str] = "conditions.op_does_not_fit"
    op: str
    kind: str
    allowed: tuple[str, ...]


@frozen(kw_only=True)
class InvalidOperand(Invalid):
    """What a field is compared with is missing, of another kind or out of bounds."""

    code: ClassVar[str] = "conditions.invalid_operand"
    why: str


@frozen(kw_only=True)
class EmptyGroup(Invalid):
    """A group without conditions would always hold, or never: a slip that would hit every order."""

    code: ClassVar[str] = "conditions.empty_group"


@frozen(kw_only=True)
class ConditionTooDeep(Invalid):
    """Groups within groups past the limit."""

    code: ClassVar[str] = "conditions.too_deep"
    most: int


@frozen(kw_only=True)
class ConditionTooLarge(Invalid):
    """More tests, or more to compare with, than the limit allows. ``what`` is ``tests`` or ``characters``."""

    code: ClassVar[str] = "conditions.too_large"
    what: str
    most: int


@frozen(kw_only=True)
class FactOutOfPlace(Invalid):
    """A field of a line stands outside the conditions about lines, or a field of the whole inside one."""

    code: ClassVar[str] = "conditions.fact_out_of_place"
    name: str


@frozen(kw_only=True)
class LinesWithinLines(Invalid):
    """Lines have no lines: a condition about lines cannot stand inside another."""

    code: ClassVar[str] = "conditions.lines_within_lines"
