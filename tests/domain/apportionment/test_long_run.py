"""Random splits, merges and refunds of random orders, one after the other, with every identity checked after each.

``make long`` runs ten million of them; ``OMS_LONG_STEPS`` asks for another number. Everything follows from the seed: a
failure names the order, and ``follow(SEED, NUMBER)`` runs it again.
"""

from __future__ import annotations

import os
import random
import sys
import time
from operator import add, sub

import pytest

from oms_domain.apportionment import Rest, family
from oms_domain.apportionment.parts import merge, refund, split, whole_order
from oms_domain.apportionment.policy import ApportionmentPolicy
from oms_domain.apportionment.waterfall import Discount, PricedLine, PricedOrder, Tender, apportion
from oms_domain.channels.standard import DiscountKind, TenderKind
from oms_domain.testing.waterfalls import IDENTITIES

SEED = 20261123
RULES = [rule for rule in family() if rule.rest is not Rest.APART]
DISCOUNTS, TENDERS = list(DiscountKind), list(TenderKind)


def an_order(rng):
    """One to four lines, up to four discounts, up to two tenders, freight for every second."""
    keys = "abcd"[: rng.randint(1, 4)]
    most = rng.choice((9, 999, 999_999))
    lines = tuple(
        PricedLine(
            key=key,
            units=rng.choice((1, 2, 3, 7, 60, 10**6)),
            goods_fen=rng.randint(0, most),
            list_fen=rng.randint(0, most),
        )
        for key in keys
    )

    def step(cls, id_, kinds):
        scope = tuple(key for key in keys if rng.random() < 0.7) if rng.random() < 0.3 else None
        return cls(id=id_, kind=rng.choice(kinds), amount_fen=rng.randint(0, most), lines=scope)

    return PricedOrder(
        lines=lines,
        discounts=tuple(step(Discount, f"d{at}", DISCOUNTS) for at in range(rng.randint(0, 4))),
        tenders=tuple(step(Tender, f"t{at}", TENDERS) for at in range(rng.randint(0, 2))),
        freight_fen=rng.randint(0, most) if rng.random() < 0.5 else 0,
    )


def some_units(rng, line):
    """A few runs of what is there of a line: one unit at least."""
    first = rng.randrange(line.units)
    stop = rng.randint(first + 1, line.units)
    upper, lower = line.first(stop), line.first(first)
    return _without(upper, lower[-1][1] if lower else 0)


def _without(runs, first):
    return tuple((max(start, first), stop) for start, stop in runs if stop > first)


def follow(seed, number):
    """Apportion one order and take it apart and put it together again; return how many steps that were."""
    rng = random.Random(f"{seed}/{number}")
    policy = ApportionmentPolicy(rule=rng.choice(RULES), quantum=rng.choice((1, 1, 1, 5, 100)))
    result = apportion(an_order(rng), policy)
    whole = whole_order(result)
    assert sum(result.cash) == whole.cash
    assert min((*result.nets, *result.net_freight, *result.cash)) >= 0
    parts, gone, given = [whole], [], {}
    steps = 0
    while parts and steps < 25:
        rng.choice((split_one, split_one, merge_some, refund_some))(rng, parts, gone, given)
        steps += 1
    together = merge([*parts, *gone], order=[line.key for line in whole.lines])
    assert together == whole
    assert sum(given.values()) == paid_for(whole, gone)
    return steps


def split_one(rng, parts, gone, given):
    part = parts.pop(rng.randrange(len(parts)))
    chosen = [line for line in part.lines if rng.random() < 0.6] or [rng.choice(part.lines)]
    pieces = split(part, [{line.key: some_units(rng, line) for line in chosen}])
    assert columns(pieces) == columns([part])
    assert_sound(pieces)
    parts += pieces


def merge_some(rng, parts, gone, given):
    rng.shuffle(parts)
    some = [parts.pop() for _ in range(rng.randint(1, len(parts)))]
    merged = merge(some)
    assert columns([merged]) == columns(some)
    assert_sound([merged])
    parts.append(merged)


def refund_some(rng, parts, gone, given):
    part = parts.pop(rng.randrange(len(parts)))
    line = rng.choice(part.lines)
    units = some_units(rng, line)
    back, rest = refund(part.steps, line, units, with_freight=True)
    assert back.cash >= 0
    assert all(amount > 0 for _, amount in back.tenders)
    given["cash"] = given.get("cash", 0) + back.cash
    for id_, amount in back.tenders:
        given[id_] = given.get(id_, 0) + amount
    pieces = split(part, [{line.key: units}])
    assert columns(pieces) == columns([part])
    assert [left for piece in pieces[1:] for left in piece.lines if left.key == line.key] == [rest] * bool(rest.units)
    gone.append(pieces[0])
    parts += pieces[1:]


def columns(parts):
    """What parts carry in all: units, and the sum of every running net, of goods and of freight, by line."""
    found = {}
    for part in parts:
        for line in part.lines:
            row = (line.units, *line.goods, *line.freight)
            found[line.key] = tuple(map(add, found[line.key], row)) if line.key in found else row
    return found


def assert_sound(parts):
    """No step takes less than nothing of a part, and nothing is owed below 0."""
    for part in parts:
        for line in part.lines:
            for chain in (line.goods, line.freight):
                assert chain[-1] >= 0
                assert min(map(sub, chain, chain[1:]), default=0) >= 0


def paid_for(whole, gone):
    """What cash and tenders paid for units that are gone."""
    tender_at = [at for at, step in enumerate(whole.steps) if isinstance(step, Tender)]
    return sum(
        line.cash + sum(line.taken[at] + line.freight_taken[at] for at in tender_at)
        for part in gone
        for line in part.lines
    )


def run(steps_wanted, seed, tell=lambda done, seconds: None):
    """Follow order after order until so many steps are done; return (steps, orders)."""
    done = number = 0
    begun = time.monotonic()
    while done < steps_wanted:
        try:
            done += follow(seed, number)
        except Exception as error:
            raise AssertionError(f"order {number} of seed {seed}: {type(error).__name__} {error}") from error
        number += 1
        if number % 2_000 == 0:
            tell(done, time.monotonic() - begun)
    return done, number


def test_two_thousand_random_splits_merges_and_refunds_keep_every_identity():
    done, number = run(2_000, SEED)

    assert done >= 2_000
    assert number < 400


def test_what_is_followed_is_sound_from_the_start():
    for number in range(30):
        result = apportion(an_order(random.Random(number)))
        small = all(line.units < 100 for line in result.order.lines)
        assert not small or [identity.breach(result) for identity in IDENTITIES] == [""] * len(IDENTITIES)


@pytest.mark.long
@pytest.mark.timeout(0)
def test_ten_million_random_splits_merges_and_refunds_keep_every_identity(capsys):
    wanted = int(os.environ.get("OMS_LONG_STEPS", 10_000_000))

    def tell(done, seconds):
        with capsys.disabled():
            sys.stderr.write(f"\r{done:,} of {wanted:,} steps, {int(done / seconds):,}/s ")
            sys.stderr.flush()

    done, number = run(wanted, SEED, tell)

    assert done >= wanted
    tell(done, 1)
    with capsys.disabled():
        sys.stderr.write(f"\n{done:,} splits, merges and refunds of {number:,} orders: every identity held\n")
