"""Why an apportionment cannot be done: each its own refusal."""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from oms_domain.kernel.errors import Invalid, OmsError, Refused


@frozen(kw_only=True)
class InvalidTotal(Invalid):
    """The amount to share is no whole number of minor units: an int, no bool, no float, no Decimal."""

    code: ClassVar[str] = "apportionment.invalid_total"
    field: str = "total"
    value: str


@frozen(kw_only=True)
class InvalidWeight(Invalid):
    """A weight is no whole number. ``field`` names its place, from 0: ``weights[2]``."""

    code: ClassVar[str] = "apportionment.invalid_weight"
    value: str


@frozen(kw_only=True)
class NegativeWeight(Invalid):
    """A weight is below 0. ``field`` names its place."""

    code: ClassVar[str] = "apportionment.negative_weight"
    value: int


@frozen(kw_only=True)
class InvalidQuantum(Invalid):
    """The smallest amount that is handed out is no whole number of at least 1."""

    code: ClassVar[str] = "apportionment.invalid_quantum"
    field: str = "quantum"
    value: str


@frozen(kw_only=True)
class InvalidCap(Invalid):
    """A cap is no whole number of at least 0, or there is not one for each weight. ``field`` names its place."""

    code: ClassVar[str] = "apportionment.invalid_cap"
    value: str


@frozen(kw_only=True)
class InvalidRule(Invalid):
    """No rule of the family, or an answer to ``zero_weights`` that there is not."""

    code: ClassVar[str] = "apportionment.invalid_rule"
    value: str


@frozen(kw_only=True)
class NothingToShareOver(Refused):
    """Every weight is 0, or there is none, and the total is not: nobody can be given it."""

    code: ClassVar[str] = "apportionment.nothing_to_share_over"
    total: int
    lines: int


@frozen(kw_only=True)
class CapsTooSmall(Refused):
    """The lines that may take something cannot take it all: ``shortfall`` would be left."""

    code: ClassVar[str] = "apportionment.caps_too_small"
    total: int
    room: int
    shortfall: int


@frozen(kw_only=True)
class RuleBroken(OmsError):
    """A caller's own rule gave an answer that is none: ``why`` says what is wrong with it."""

    code: ClassVar[str] = "apportionment.rule_broken"
    rule: str
    why: str
    total: int
    shares: str
