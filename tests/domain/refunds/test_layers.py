"""Layers give each unit its amount in a few runs: the same as counting unit by unit, at a cost that does not grow."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_domain.apportionment.units import as_runs, of_units, whole_line
from oms_domain.refunds.layers import layer_of, lowest, minus, paid_layers, plus, spread, total, within

UNITS = 9


def each(layer, units=UNITS):
    """A layer unit by unit: what the closed form stands for."""
    return [next((amount for first, stop, amount in layer if first <= at < stop), 0) for at in range(units)]


def layer_from(amounts):
    return plus(*(((at, at + 1, amount),) for at, amount in enumerate(amounts) if amount))


unit_amounts = st.lists(st.integers(0, 6), min_size=UNITS, max_size=UNITS)
runs = st.lists(st.integers(0, UNITS - 1), unique=True).map(as_runs)


@given(net=st.integers(0, 200), less=st.integers(0, 200), units=st.integers(1, UNITS))
def test_each_unit_has_the_difference_of_its_running_nets(net, less, units):
    net, less = max(net, less), min(net, less)

    layer = layer_of(net, less, units)

    expected = [of_units(net, units, at, at + 1) - of_units(less, units, at, at + 1) for at in range(units)]
    assert each(layer, units) == expected
    assert len(layer) <= 3
    assert total(layer) == net - less


@given(ours=unit_amounts, theirs=unit_amounts)
def test_layers_add_and_subtract_unit_by_unit(ours, theirs):
    a, b = layer_from(ours), layer_from(theirs)

    assert each(plus(a, b)) == [x + y for x, y in zip(ours, theirs, strict=True)]
    assert each(minus(a, b)) == [x - y for x, y in zip(ours, theirs, strict=True)]
    assert lowest(minus(a, b)) == min(0, *(x - y for x, y in zip(ours, theirs, strict=True)))
    assert minus(plus(a, b), b) == a


@given(amounts=unit_amounts, some=runs)
def test_some_units_have_what_they_have(amounts, some):
    numbers = {at for first, stop in some for at in range(first, stop)}

    part = within(layer_from(amounts), some)

    assert each(part) == [amount if at in numbers else 0 for at, amount in enumerate(amounts)]
    assert total(layer_from(amounts), some) == total(part)


@given(room=unit_amounts, data=st.data())
def test_an_amount_is_handed_out_as_evenly_as_room_allows(room, data):
    amount = data.draw(st.integers(0, sum(room)))

    found = each(spread(amount, layer_from(room)))

    assert sum(found) == amount
    assert all(0 <= share <= most for share, most in zip(found, room, strict=True))
    # Whoever has less than another by more than one has no room for more.
    assert all(share == most or share >= max(found) - 1 for share, most in zip(found, room, strict=True))


def test_two_units_share_an_odd_fen_first_unit_first():
    assert spread(5, ((0, 2, 4),)) == ((0, 1, 3), (1, 2, 2))


def test_what_was_paid_for_each_unit_by_each_step():
    goods, freight = paid_layers(whole_line("a", 3, (1000, 900, 500), (100, 100, 40)))

    assert [each(layer, 3) for layer in goods] == [[34, 33, 33], [133, 133, 134], [167, 167, 166]]
    assert [total(layer) for layer in freight] == [0, 60, 40]


def test_a_million_units_cost_no_more_than_three():
    begun = time.process_time()

    layer = layer_of(10**15 + 7, 10**14 + 3, 10**6)
    taken = spread(10**13 + 1, layer)
    left = minus(layer, taken)

    assert time.process_time() - begun < 1  # a loop over units would take many
    assert total(taken) == 10**13 + 1
    assert total(left) == total(layer) - total(taken)
    assert lowest(left) == 0


def test_a_line_without_units_has_nothing():
    assert layer_of(0, 0, 0) == ()


def test_more_than_there_is_room_for_is_a_bug():
    with pytest.raises(AssertionError):
        spread(3, ((0, 1, 2),))
