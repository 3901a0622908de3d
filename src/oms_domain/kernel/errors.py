"""Refusals: what was asked cannot be done, and which fact is in the way.

A refusal carries a published ``code`` (it never changes) and plain fields. Texts for people are made at the edge
from both, in the reader's language.
"""

from __future__ import annotations

from typing import Any, ClassVar

import attrs
from attrs import frozen


@frozen(kw_only=True)
class OmsError(Exception):
    """Root of all refusals. Only its kinds below are raised."""

    code: ClassVar[str] = "oms.error"

    def fields(self) -> dict[str, Any]:
        """Return the facts of the refusal by name.

        >>> InvalidText(field="reason", why="nul").fields()
        {'field': 'reason', 'why': 'nul'}
        """
        return {a.name: getattr(self, a.name) for a in attrs.fields(type(self))}

    def __str__(self) -> str:
        facts = ", ".join(f"{name}={_plain(value)}" for name, value in self.fields().items())
        return f"{self.code} ({facts})" if facts else self.code


def _plain(value: Any) -> str:
    return f"[{', '.join(map(_plain, value))}]" if isinstance(value, tuple) else str(value)


@frozen(kw_only=True)
class Invalid(OmsError):
    """A value breaks a rule that does not depend on any state. ``field`` says which value, as the caller knows it."""

    code: ClassVar[str] = "oms.invalid"
    field: str


@frozen(kw_only=True)
class Refused(OmsError):
    """The state of what is there is in the way; the same call may succeed later."""

    code: ClassVar[str] = "oms.refused"


@frozen(kw_only=True)
class NotFound(OmsError):
    """There is none, or it is not the caller's: both answer alike, so that nobody can probe for foreign documents."""

    code: ClassVar[str] = "oms.not_found"


@frozen(kw_only=True)
class Denied(OmsError):
    """The caller may not do this at all."""

    code: ClassVar[str] = "auth.denied"
    permission: str


@frozen(kw_only=True)
class InvalidText(Invalid):
    """A text holds what no store or screen can carry (``why``: nul, surrogate, control) or is too long or empty."""

    code: ClassVar[str] = "text.invalid"
    why: str


@frozen(kw_only=True)
class InvalidAmount(Invalid):
    """Not an exact amount of the currency, or outside what an order may carry."""

    code: ClassVar[str] = "money.invalid"
    value: str


@frozen(kw_only=True)
class CurrencyMismatch(Invalid):
    """Amounts of two currencies never meet in one sum."""

    code: ClassVar[str] = "money.currency_mismatch"
    field: str = "currency"
    left: str
    right: str


@frozen(kw_only=True)
class InvalidQuantity(Invalid):
    """Not a whole number of units within the limits."""

    code: ClassVar[str] = "quantity.invalid"
    value: str


@frozen(kw_only=True)
class InvalidTime(Invalid):
    """An instant without a zone, or one that cannot be read."""

    code: ClassVar[str] = "time.invalid"
    value: str


@frozen(kw_only=True)
class MoveNotAllowed(Refused):
    """The state table has no such move from this state. ``allowed`` lists what it has."""

    code: ClassVar[str] = "states.move_not_allowed"
    state: str
    move: str
    allowed: tuple[str, ...]
