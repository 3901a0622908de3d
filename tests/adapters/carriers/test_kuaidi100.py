"""Kuaidi100's push: verified over the form's value, then read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest
from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st
from tests.servers import FakeClock

from oms_adapters.carriers.kuaidi100 import STATES, Kuaidi100Callbacks, UnreadablePush, parse_push, progress_of, sign
from oms_app.ports.transaction import Contended
from oms_app.tracking import BookTraces
from oms_domain.fulfilment.tracking import ParcelProgress, Trace
from oms_domain.kernel.errors import Invalid

RECORDED = json.loads((Path(__file__).parents[2] / "payloads/kuaidi100/kuaidi100_push.json").read_text("utf-8"))
PARAM, SALT = RECORDED["form"]["param"], RECORDED["salt"]


@define
class Booked:
    """Keeps what is booked; ``trouble`` is raised instead."""

    commands: list[BookTraces] = field(factory=list)
    trouble: Exception | None = None

    def __call__(self, command: BookTraces) -> int:
        if self.trouble:
            raise self.trouble
        self.commands.append(command)
        return 1


@pytest.fixture
def booked():
    return Booked()


@pytest.fixture
def callbacks(booked):
    return Kuaidi100Callbacks(salt=SALT, book=booked, now=FakeClock())


def form(param=PARAM, signature=None):
    return urlencode({"param": param, "sign": sign(param, SALT) if signature is None else signature}).encode()


def pushed(**last):
    return json.dumps({"status": "polling", "lastResult": {"nu": "T1", "data": []} | last})


def test_the_worked_signatures_come_out():
    assert sign('{"status":"polling"}', "salt123") == "D3E37349DAA1504C5808621A3D636F88"
    assert sign(PARAM, SALT) == RECORDED["form"]["sign"]


def test_the_recorded_push_is_read_oldest_first(callbacks, booked):
    status, answer = callbacks.answer(form())

    assert (status, json.loads(answer)) == (200, RECORDED["reply_success"])
    (command,) = booked.commands
    assert command.tracking_no == "75000000000001"
    assert (command.company, command.carriers) == ("zhongtong", ("ZTO",))
    assert "YTO" in command.others
    assert "ZTO" not in command.others
    assert command.traces == (
        Trace(
            at=datetime(2026, 1, 3, 10, tzinfo=UTC),
            progress=ParcelProgress.PICKED_UP,
            text="【广州市】样例网点已揽收",
            place="广东,广州市",
        ),
        Trace(
            at=datetime(2026, 1, 4, 13, tzinfo=UTC),
            progress=ParcelProgress.IN_TRANSIT,
            text="【东莞市】已发往深圳",
            place="广东,东莞市",
        ),
        Trace(
            at=datetime(2026, 1, 5, 1, 10, tzinfo=UTC),
            progress=ParcelProgress.OUT_FOR_DELIVERY,
            text="【深圳市】样例派件员正在派件",
            place="广东,深圳市",
        ),
    )


@pytest.mark.parametrize("signature", ["", "0" * 32, RECORDED["form"]["sign"].lower(), RECORDED["form"]["sign"][1:]])
def test_a_wrong_signature_is_refused(signature, callbacks, booked):
    status, answer = callbacks.answer(form(signature=signature))

    assert (status, json.loads(answer)["result"]) == (401, False)
    assert booked.commands == []


@given(place=st.integers(0, len(PARAM) - 1))
def test_a_changed_character_breaks_the_signature(place):
    changed = PARAM[:place] + ("0" if PARAM[place] != "0" else "1") + PARAM[place + 1 :]

    assert sign(changed, SALT) != RECORDED["form"]["sign"]


def test_without_a_salt_nothing_is_signed(booked):
    callbacks = Kuaidi100Callbacks(salt="", book=booked, now=FakeClock())

    assert callbacks.answer(urlencode({"param": PARAM, "sign": sign(PARAM, "")}).encode())[0] == 401
    assert booked.commands == []


@pytest.mark.parametrize(
    ("param", "field"),
    [
        ("{", "param"),
        ("[]", "param"),
        ("[" * 100_000, "param"),
        ('{"lastResult": 5}', "lastResult"),
        ("{}", "lastResult.nu"),
        (pushed(nu=""), "lastResult.nu"),
        (pushed(nu="1" * 65), "lastResult.nu"),
        (pushed(nu=True), "lastResult.nu"),
        (pushed(data={}), "lastResult.data"),
        (pushed(data=[5]), "lastResult.data[0]"),
        (pushed(data=[{"context": "x"}]), "lastResult.data[0].time"),
        (pushed(data=[{"ftime": "yesterday"}]), "lastResult.data[0].time"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(param, field, callbacks, booked):
    with pytest.raises(Invalid) as refused:
        parse_push(param)

    assert refused.value.field == field
    assert callbacks.answer(form(param))[0] == 400
    assert booked.commands == []


def test_a_number_may_come_as_one_and_a_state_may_be_told_for_the_newest_alone():
    push = parse_push(pushed(nu=75, state="3", data=[{"time": "2026-01-05 09:10:00"}, {"time": "2026-01-04 09:10:00"}]))

    assert push.number == "75"
    assert [trace.progress for trace in push.traces] == [ParcelProgress.IN_TRANSIT, ParcelProgress.SIGNED]


@pytest.mark.parametrize(("com", "company"), [("unheard-of", "unheard-of"), ("", ""), (None, "")])
def test_a_company_that_nobody_knows_is_told_as_such(com, company):
    command = parse_push(pushed(com=com)).command

    assert (command.company, command.carriers, command.others) == (company, (), ())


@pytest.mark.parametrize("code", STATES)
def test_every_documented_state_has_its_progress_also_with_how(code):
    assert progress_of(code) is STATES[code]
    assert progress_of(f"{code}01") is STATES[code]


def test_what_is_not_known_is_on_its_way():
    assert progress_of("77") is progress_of("") is ParcelProgress.IN_TRANSIT


def test_a_push_without_news_is_thanked_for(callbacks, booked):
    assert callbacks.answer(form(pushed()))[0] == 200
    assert booked.commands == []


def test_what_could_not_be_booked_is_to_be_sent_again(callbacks, booked):
    booked.trouble = Contended(what="x")

    assert callbacks.answer(form())[0] == 503


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 401),
        (b"\xff", 400),
        (b"&".join(b"a=%d" % number for number in range(50)), 400),
        (b"param=" + b"x" * (1024 * 1024), 413),
    ],
)
def test_what_is_no_form_is_refused(body, status, callbacks):
    assert callbacks.answer(body)[0] == status


def test_an_unreadable_push_names_its_reason():
    with pytest.raises(UnreadablePush) as refused:
        parse_push("{")

    assert refused.value.why == "not_json"
