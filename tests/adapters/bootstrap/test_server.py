"""``oms serve`` refuses what cannot work before it starts, and ends cleanly when it is told to."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from threading import Event
from time import monotonic

import httpx2
import pytest

START_S, STOP_S = 60, 15
OMS = [sys.executable, "-W", "error", "-c", "from oms_adapters.bootstrap.cli import main; main()"]


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def taken(port) -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", port))
        server.listen()
        yield port


def start(oms, port, *words):
    environment = os.environ | {"OMS_HTTP_PORT": str(port)}
    return subprocess.Popen(
        [*OMS, *words],
        cwd=oms.folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ready(process, port):
    """Wait until the server answers that it is ready."""
    until = monotonic() + START_S
    while monotonic() < until and process.poll() is None:
        try:
            if httpx2.get(f"http://127.0.0.1:{port}/ready", timeout=2).status_code == 200:
                return True
        except httpx2.HTTPError:
            Event().wait(0.05)
    return False


def end(process, how):
    """Tell the process to end; return its code and what it wrote."""
    process.send_signal(how)
    try:
        out, err = process.communicate(timeout=STOP_S)
    finally:
        process.kill()
    return process.returncode, out, err


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=lambda how: how.name)
def test_the_server_ends_when_it_is_told_to_and_starts_again(oms, port, how):
    for _ in range(2):
        process = start(oms, port, "serve")
        assert ready(process, port), process.communicate(timeout=STOP_S)

        code, out, err = end(process, how)

        assert (code, out) == (0, "")
        assert "Traceback" not in err
    assert oms.rows("doctor") == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=lambda how: how.name)
def test_the_demo_ends_when_it_is_told_to_and_goes_on_with_its_orders(bare, port, how):
    counts = []
    for _ in range(2):
        process = start(bare, port, "demo")
        assert ready(process, port), process.communicate(timeout=STOP_S)

        code, out, err = end(process, how)

        assert code == 0, err
        assert f"http://127.0.0.1:{port}/docs" in out
        counts.append(len(bare.rows("orders", "list", "--limit", "1000")))
    assert counts == sorted(counts)
    assert bare.rows("doctor") == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=lambda how: how.name)
def test_a_worker_ends_when_it_is_told_to_and_has_done_its_work(oms, port, how):
    oms.rows("stock", "receive", "HAT-M", "1")
    process = start(oms, port, "worker")
    until = monotonic() + START_S
    while outbox(oms) and monotonic() < until:
        Event().wait(0.05)

    code, out, err = end(process, how)

    assert (code, out) == (0, "")
    assert "Traceback" not in err
    assert outbox(oms) == 0


def outbox(oms):
    ((count,),) = oms.sql("SELECT count(*) FROM outbox")
    return count


@pytest.mark.parametrize("words", [("serve",), ("demo",)])
def test_a_port_that_is_taken_is_said_before_anything_is_done(oms, taken, monkeypatch, words):
    monkeypatch.setenv("OMS_HTTP_PORT", str(taken))
    before = sorted(path.name for path in oms.database.parent.iterdir())

    done = oms.run(*words)

    assert (done.code, done.out) == (1, "")
    assert f"127.0.0.1:{taken} is taken" in done.err
    assert "set OMS_HTTP_PORT to another port" in done.err
    assert sorted(path.name for path in oms.database.parent.iterdir()) == before


def test_a_schema_that_is_missing_is_said_before_the_server_starts(bare):
    done = bare.run("serve")

    assert done.code == 1
    assert "run `oms migrate`" in done.err


def test_a_key_file_that_is_missing_stops_the_start(oms):
    (oms.folder / "data" / "oms-keys.json").unlink()

    done = oms.run("serve")

    assert done.code == 1
    assert "keys.bad_file" in done.err
