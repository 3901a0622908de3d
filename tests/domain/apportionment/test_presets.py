"""Each preset gives what its system's formula gives, worked out here anew from that formula, wherever it is sound."""

from decimal import ROUND_DOWN, ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_domain.apportionment import presets as p
from oms_domain.apportionment import shares

ONE = Decimal(1)


def exact(total, weights):
    with localcontext(prec=60):
        return [Decimal(total) * weight / sum(weights) for weight in weights]


def last_takes_what_remains(rounding):
    def formula(total, weights):
        found = [int(share.quantize(ONE, rounding)) for share in exact(total, weights)[:-1]]
        return [*found, total - sum(found)]

    return formula


def sylius(total, weights):
    found = [int(share.quantize(ONE, ROUND_HALF_DOWN)) for share in exact(total, weights)]
    missing = total - sum(found)
    for at in range(abs(missing)):
        found[at] += 1 if missing >= 0 else -1
    return found


def ruby_money(total, weights):
    found, left, parts = [], total, list(weights)
    while parts:
        whole, part = sum(parts), parts.pop()
        share = int(Fraction(left * part, whole))
        found.insert(0, share)
        left -= share
    return found


def one_each(order):
    def formula(total, weights):
        found = [total * weight // sum(weights) for weight in weights]
        places = [at for at, weight in enumerate(weights) if weight]
        for at in order(places, total, weights)[: total - sum(found)]:
            found[at] += 1
        return found

    return formula


def by_error(places, total, weights):
    return sorted(places, key=lambda at: -(total * weights[at] % sum(weights)))


def magento(total, weights):
    found, delta = [], Fraction(0)
    for weight in weights:
        price = Fraction(total * weight, sum(weights)) + delta
        rounded = (price + Fraction(1, 2)).__floor__()
        found.append(rounded)
        delta = price - rounded
    return found


def erpnext_15(total, weights):
    found, running = [], Fraction(0)
    for weight in weights:
        running += Fraction(total * weight, sum(weights))
        found.append(round(running) - sum(found))
    return found


def jingdong(total, weights):
    rows = sorted(range(len(weights)), key=weights.__getitem__)
    found = dict.fromkeys(rows, 0)
    for at in rows[:-1]:
        found[at] = int(exact(total, weights)[at].quantize(ONE, ROUND_HALF_UP))
    found[rows[-1]] = total - sum(found.values())
    return [found[at] for at in range(len(weights))]


FORMULAS = {
    "sylius": sylius,
    "saleor": last_takes_what_remains(ROUND_HALF_EVEN),
    "solidus": ruby_money,
    "ruby_money": ruby_money,
    "vendure": one_each(by_error),
    "django_oscar": last_takes_what_remains(ROUND_DOWN),
    "moneyphp": one_each(by_error),
    "moneyphp_3": one_each(lambda places, *_: places),
    "dinero": one_each(lambda places, *_: places),
    "brick_money": one_each(lambda places, *_: places),
    "shopify_money": one_each(lambda places, *_: places),
    "shopify_money_reverse": one_each(lambda places, *_: places[::-1]),
    "shopify_money_nearest": one_each(by_error),
    "noda_money": last_takes_what_remains(ROUND_HALF_EVEN),
    "magento": magento,
    "erpnext": last_takes_what_remains(ROUND_HALF_EVEN),
    "erpnext_15": erpnext_15,
    "jingdong": jingdong,
}


def test_every_preset_has_its_formula_here():
    assert FORMULAS.keys() == p.PRESETS.keys()
    assert p.PRESETS.items() <= p.NAMED.items()


@pytest.mark.parametrize("name", FORMULAS)
@given(total=st.integers(0, 2_000), weights=st.lists(st.integers(1, 500), min_size=1, max_size=6))
def test_a_preset_gives_what_its_system_gives(name, total, weights):
    theirs = FORMULAS[name](total, weights)

    if min(theirs) >= 0:  # where theirs owes a line something, ours does not follow
        assert list(shares(total, weights, p.PRESETS[name])) == theirs


@pytest.mark.parametrize(
    ("name", "total", "weights", "expected"),
    [
        ("sylius", 300, (4300, 1400, 2300), (162, 52, 86)),  # the example of its own tests
        ("solidus", 100, (1, 1, 1), (34, 33, 33)),
        ("django_oscar", 100, (1, 1, 1), (33, 33, 34)),
        ("magento", 100, (1, 1, 1), (33, 34, 33)),
        ("shopify_money_reverse", 100, (1, 1, 1), (33, 33, 34)),
        ("jingdong", 4000, (8000, 1500), (3368, 632)),
    ],
)
def test_worked_examples(name, total, weights, expected):
    assert shares(total, weights, p.PRESETS[name]) == expected


@pytest.mark.parametrize("name", ["saleor", "noda_money", "erpnext", "jingdong"])
def test_where_theirs_owes_a_line_something_ours_stops_at_nothing(name):
    weights = (1, 1, 1, 1, 1, 1) if name == "jingdong" else (3, 3, 3, 3, 1)
    total = 3

    assert min(FORMULAS[name](total, weights)) < 0
    assert min(shares(total, weights, p.PRESETS[name])) >= 0
