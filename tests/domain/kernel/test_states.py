"""A state machine is one table: it answers where a move leads, says what is wrong with itself, and draws itself."""

from enum import StrEnum

import pytest

from oms_domain.kernel.errors import MoveNotAllowed
from oms_domain.kernel.states import check_table, mermaid, next_state


class Light(StrEnum):
    RED = "red"
    GREEN = "green"
    OFF = "off"


class Press(StrEnum):
    GO = "go"
    STOP = "stop"
    BREAK = "break"


SOUND = {
    Light.RED: {Press.GO: Light.GREEN, Press.BREAK: Light.OFF},
    Light.GREEN: {Press.STOP: Light.RED},
    Light.OFF: {},
}


def faults(table, *, entries=(Light.RED,), ends=(Light.OFF,)):
    return check_table(table, entries=entries, ends=ends, moves=Press)


def test_a_move_of_the_table_leads_where_the_table_says():
    assert next_state(SOUND, Light.RED, Press.GO) is Light.GREEN


def test_a_move_that_the_table_lacks_is_refused_with_those_it_has():
    with pytest.raises(MoveNotAllowed) as refusal:
        next_state(SOUND, Light.RED, Press.STOP)

    assert refusal.value.fields() == {"state": Light.RED, "move": Press.STOP, "allowed": (Press.GO, Press.BREAK)}


def test_a_sound_table_has_no_findings():
    assert faults(SOUND) == ()


def test_a_state_without_a_row_is_found():
    table = {state: row for state, row in SOUND.items() if state is not Light.OFF}

    assert "off: not in the table" in faults(table)


def test_a_state_that_nothing_leads_to_is_found():
    table = SOUND | {Light.RED: {Press.BREAK: Light.OFF}, Light.GREEN: {Press.STOP: Light.RED, Press.GO: Light.RED}}

    assert faults(table) == ("green: cannot be reached",)


def test_a_dead_end_that_is_no_declared_end_is_found():
    assert faults(SOUND, ends=()) == ("off: no way out, but not declared an end",)


def test_a_declared_end_with_a_way_out_is_found():
    assert faults(SOUND, ends=(Light.OFF, Light.GREEN)) == ("green: declared an end, but has moves",)


def test_a_state_that_leads_to_no_end_is_found():
    table = SOUND | {Light.GREEN: {Press.STOP: Light.GREEN}}

    assert faults(table) == ("green: no end can be reached",)


def test_a_move_that_no_state_has_is_found():
    table = SOUND | {Light.GREEN: {Press.GO: Light.RED}}

    assert faults(table) == ("stop: a move that no state has",)


def test_a_table_draws_itself_with_moves_between_two_states_on_one_arrow():
    table = SOUND | {Light.GREEN: {Press.STOP: Light.RED, Press.BREAK: Light.RED}}

    assert mermaid(table, entries={Light.RED}, ends={Light.OFF}) == "\n".join(
        [
            "stateDiagram-v2",
            "    [*] --> red",
            "    red --> green : go",
            "    red --> off : break",
            "    green --> red : stop, break",
            "    off --> [*]",
        ]
    )
