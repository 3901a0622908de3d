"""What a command answers: a new state with its events, or a refusal with the fact in the way."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_domain.kernel.change import Change, Event
from oms_domain.kernel.errors import Denied, InvalidQuantity, MoveNotAllowed, OmsError, Refused
from oms_domain.kernel.quantity import LARGEST_QUANTITY, quantity
from oms_domain.testing.builders import NOW


def test_a_change_without_events_changed_nothing_worth_telling():
    assert Change("state") == Change("state", ())


def test_the_steps_of_a_change_tell_which_events_led_to_which_state():
    first, second = Event(at=NOW), Event(at=NOW + timedelta(hours=1))

    both = Change("new", (first,)).then(Change("newer", (second,)))
    longer = both.then(Change("newest", (first, second)))

    assert Change("state").steps == ()
    assert both.steps == (("new", (first,)), ("newer", (second,)))
    assert longer.steps == (*both.steps, ("newest", (first, second)))
    assert both.then(Change("newer")).steps == both.steps
    assert Change("state").then(both).steps == both.steps


def test_every_kind_of_event_says_which_document_it_is_about():
    with pytest.raises(NotImplementedError):
        _ = Event(at=NOW).stream


def test_a_refusal_reads_as_its_code_and_facts():
    refusal = MoveNotAllowed(state="shipped", move="cancel", allowed=("sign",))

    assert refusal.fields() == {"state": "shipped", "move": "cancel", "allowed": ("sign",)}
    assert str(refusal) == "states.move_not_allowed (state=shipped, move=cancel, allowed=[sign])"
    assert str(Refused()) == "oms.refused"


def test_a_refusal_is_caught_by_its_kind():
    with pytest.raises(OmsError):
        raise Denied(permission="orders:write")


@given(st.integers(1, LARGEST_QUANTITY))
def test_a_whole_number_of_units_is_a_quantity(units):
    assert quantity(units) == units


@pytest.mark.parametrize("value", [0, -1, LARGEST_QUANTITY + 1, 2**63, 1.0, True, "1", None, "x" * 60])
def test_anything_else_is_no_quantity(value):
    with pytest.raises(InvalidQuantity) as refusal:
        quantity(value, field="num")

    assert refusal.value.fields() == {"field": "num", "value": str(value)[:40]}
