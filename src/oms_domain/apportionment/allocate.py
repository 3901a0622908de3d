"""One amount over weighted shares, to the last minor unit."""

from __future__ import annotations

from collections.abc import Sequence
from functools import wraps
from typing import Any, Final, Literal, NoReturn

from oms_domain.apportionment.errors import (
    CapsTooSmall,
    InvalidCap,
    InvalidQuantum,
    InvalidRule,
    InvalidTotal,
    InvalidWeight,
    NegativeWeight,
    NothingToShareOver,
    RuleBroken,
)
from oms_domain.apportionment.rules import LARGEST_REMAINDER, AllocationRule, Rule
from oms_domain.kernel.errors import CurrencyMismatch
from oms_domain.kernel.money import Money

ZeroWeights = Literal["error", "equal"]

_INT: Final = {int}


def allocate(
    total: int,
    weights: Sequence[int],
    rule: AllocationRule = LARGEST_REMAINDER,
    *,
    quantum: int = 1,
    caps: Sequence[int] | None = None,
    zero_weights: ZeroWeights = "error",
) -> tuple[int, ...]:
    """Share ``total`` over lines in proportion to their ``weights``, so that the shares add up to it exactly.

    Args:
        total: minor units, of any size; a negative one gives the mirror image of the positive one.
        weights: one for each line, not negative, of any size. A line of weight 0 takes nothing.
        rule: one of the family (``Rule``), or a plain function ``(total, weights, quantum) -> shares``.
        quantum: the smallest amount that is handed out; of a total that is no multiple the last piece is smaller.
        caps: the most that each line may take, by magnitude. What a share is above its cap is shared again over the
            lines with room; so caps that the rule keeps by itself change nothing. They come before the quantum.
        zero_weights: what to do when every weight is 0: refuse, or share equally.

    Returns:
        A share for each line; where the rule keeps the rest ``apart``, it is one more, last.

    Raises:
        InvalidTotal, InvalidWeight, NegativeWeight, InvalidQuantum, InvalidCap, InvalidRule: what is not a whole
            number, is negative, or is none of these words. bool, float and Decimal are no whole numbers here.
        NothingToShareOver: every weight is 0 and the total is not.
        CapsTooSmall: the lines that have a weight cannot take it all; it names the shortfall.
        RuleBroken: a function of the caller's own gave no shares, or shares that do not add up.

    >>> allocate(100, (1, 1, 1)), allocate(-100, (1, 1, 1)), allocate(100, (1, 1, 1), quantum=10)
    ((34, 33, 33), (-34, -33, -33), (40, 30, 30))
    >>> allocate(100, (3, 1), caps=(50, 80)), allocate(0, ()), allocate(5, (0, 0), zero_weights="equal")
    ((50, 50), (), (3, 2))
    >>> allocate(100, (3, 1), caps=(50, 20))
    Traceback (most recent call last):
    oms_domain.apportionment.errors.CapsTooSmall: apportionment.caps_too_small (total=100, room=70, shortfall=30)
    """
    if type(total) is not int:
        raise InvalidTotal(value=repr(total)[:40])
    if zero_weights != "error" and zero_weights != "equal":
        raise InvalidRule(field="zero_weights", value=repr(zero_weights)[:40])
    kind = type(weights)
    if kind is not tuple and kind is not list and not isinstance(weights, Sequence):
        raise InvalidWeight(field="weights", value=repr(weights)[:40])
    if weights:
        if {*map(type, weights)} != _INT or min(weights) < 0:
            _refuse_weights(weights)
        if total and not any(weights):
            if zero_weights == "error":
                raise NothingToShareOver(total=total, lines=len(weights))
            weights = (1,) * len(weights)
    elif total:
        raise NothingToShareOver(total=total, lines=0)
    if type(quantum) is not int or quantum < 1:
        raise InvalidQuantum(value=repr(quantum)[:40])
    if caps is not None:
        _check_caps(caps, weights, abs(total))
    if rule.__class__ is not Rule and not callable(rule):
        raise InvalidRule(field="rule", value=repr(rule)[:40])
    if total >= 0:
        return shares(total, weights, rule, quantum, caps)
    return tuple([-share for share in shares(-total, weights, rule, quantum, caps)])


def shares(
    total: int, weights: Sequence[int], rule: AllocationRule, quantum: int = 1, caps: Sequence[int] | None = None
) -> tuple[int, ...]:
    """``allocate`` without its checks, for those who have made them: total not negative, weights and caps sound.

    >>> shares(10, (1, 2), LARGEST_REMAINDER)
    (3, 7)
    """
    if rule.__class__ is not Rule:
        rule = _held(rule)
    found = rule(total, weights, quantum)
    if caps is None:
        return found  # type: ignore[return-value]
    for share, cap in zip(found, caps, strict=False):
        if share > cap:
            return _capped(total, weights, rule, quantum, caps, found)
    return found  # type: ignore[return-value]


def allocate_money(
    total: Money,
    weights: Sequence[Money] | Sequence[int],
    rule: AllocationRule = LARGEST_REMAINDER,
    *,
    quantum: int = 1,
    caps: Sequence[Money] | None = None,
    zero_weights: ZeroWeights = "error",
) -> tuple[Money, ...]:
    """``allocate`` on amounts. Weights are amounts or plain numbers; ``quantum`` is in minor units.

    Raises:
        CurrencyMismatch: an amount of another currency than the total's.
        InvalidTotal: the total is no amount.

    >>> [str(share) for share in allocate_money(Money(1000), (Money(9900), Money(4900)))]
    ['6.69', '3.31']
    """
    if not isinstance(total, Money):
        raise InvalidTotal(value=repr(total)[:40])
    plain = [_fen(weight, total.currency) for weight in weights]
    limits = None if caps is None else [_fen(cap, total.currency) for cap in caps]
    found = allocate(total.fen, plain, rule, quantum=quantum, caps=limits, zero_weights=zero_weights)
    return tuple([Money(share, total.currency) for share in found])


def _fen(amount: Money | int, currency: str) -> int:
    if not isinstance(amount, Money):
        return amount
    if amount.currency != currency:
        raise CurrencyMismatch(left=currency, right=amount.currency)
    return amount.fen


def _capped(
    total: int,
    weights: Sequence[int],
    rule: AllocationRule,
    quantum: int,
    caps: Sequence[int],
    found: Sequence[int],
) -> tuple[int, ...]:
    """Cut shares at their caps and share the overflow over those with room.

    Each round fills at least one line, so there are no more rounds than lines; only a caller's own rule that hands
    something to a line of weight 0 could go round for ever, and is refused.
    """
    taken, rest = [0] * len(weights), 0
    while True:
        overflow = 0
        for place, cap in enumerate(caps):
            share = taken[place] + found[place]
            taken[place] = min(share, cap)
            overflow += share - taken[place]
        rest += sum(found[len(caps) :])
        if not overflow:
            return (*taken, rest) if len(found) > len(caps) else tuple(taken)
        with_room = [weight if taken[place] < caps[place] else 0 for place, weight in enumerate(weights)]
        if not any(with_room):  # only with the rest kept apart: more was handed out than the total
            return (*taken, rest + overflow)
        found = rule(overflow, with_room, quantum)
        if any(share and not weight for share, weight in zip(found, with_room, strict=False)):
            raise _broken(rule, "a line of weight 0 takes something", overflow, found)


def _held(rule: AllocationRule) -> AllocationRule:
    """Hold a caller's own function to what any caller of ours relies on."""

    @wraps(rule)
    def holding(total: int, weights: Sequence[int], quantum: int, /) -> Sequence[int]:
        if not total:
            return (0,) * len(weights)
        found = rule(total, weights, quantum)
        why = _what_is_wrong(found, total, len(weights))
        if why:
            raise _broken(rule, why, total, found)
        return tuple(found)

    return holding


def _broken(rule: AllocationRule, why: str, total: int, found: object) -> RuleBroken:
    name = getattr(rule, "__name__", repr(rule))[:80]
    return RuleBroken(rule=name, why=why, total=total, shares=repr(found)[:200])


def _what_is_wrong(found: Any, total: int, lines: int) -> str:
    if not isinstance(found, Sequence) or isinstance(found, str | bytes):
        return "no sequence"
    if len(found) != lines:
        return "not a share for each weight"
    if not {*map(type, found)} <= _INT:
        return "not whole numbers"
    if found and min(found) < 0:
        return "a share is negative"
    return "" if sum(found) == total else "the shares do not add up to the total"


def _refuse_weights(weights: Sequence[int]) -> NoReturn:
    """Name the first weight that is none: the caller has seen that there is one."""
    place = next(place for place, weight in enumerate(weights) if type(weight) is not int or weight < 0)
    if type(weights[place]) is not int:
        raise InvalidWeight(field=f"weights[{place}]", value=repr(weights[place])[:40])
    raise NegativeWeight(field=f"weights[{place}]", value=weights[place])


def _check_caps(caps: Sequence[int], weights: Sequence[int], total: int) -> None:
    if not isinstance(caps, Sequence):
        raise InvalidCap(field="caps", value=repr(caps)[:40])
    if len(caps) != len(weights):
        raise InvalidCap(field="caps", value=f"{len(caps)} for {len(weights)} weights")
    for place, cap in enumerate(caps):
        if type(cap) is not int or cap < 0:
            raise InvalidCap(field=f"caps[{place}]", value=repr(cap)[:40])
    room = sum(cap for cap, weight in zip(caps, weights, strict=True) if weight)
    if room < total:
        raise CapsTooSmall(total=total, room=room, shortfall=total - room)
