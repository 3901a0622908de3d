"""kill -9 of the server while orders come in: nothing that was acknowledged is lost, nothing is doubled."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import httpx2
import pytest

from oms_adapters.bootstrap.clock import new_id, system_now
from oms_adapters.db.database import Database
from oms_adapters.platforms.taobao.scenario import make_trades
from oms_app.actor import system
from oms_app.queries.rows import OrderFilter, Position

KILLS = 10
START = datetime(2026, 1, 2, 2, 0, tzinfo=UTC)
CLIENTS = 3
PATH = "/api/v1/shops/tb/platform-orders"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Installation:
    """An embedded installation in a folder of its own, used as a person would: by the command."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("OMS_")}
        self.environment = inherited | {"OMS_HTTP_PORT": str(self.port)}
        self.run("migrate")
        self.run("shops", "add", "tb", "--name", "样例", "--platform", "taobao", "--catalogue", "open")
        self.key = self.run("api-keys", "add", "test", "--scope", "admin")["key"]

    def run(self, *words: str) -> Any:
        command = [sys.executable, "-c", "from oms_adapters.bootstrap.cli import main; main()", *words, "--json"]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=True, timeout=60
        )
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return lines[0] if len(lines) == 1 else lines

    def start(self) -> subprocess.Popen[bytes]:
        """Start the server and wait until it is ready."""
        process = subprocess.Popen(
            [sys.executable, "-c", "from oms_adapters.bootstrap.cli import main; main()", "serve"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if httpx2.get(f"http://127.0.0.1:{self.port}/ready", timeout=2).status_code == 200:
                    return process
            except httpx2.HTTPError:
                threading.Event().wait(0.05)
        process.kill()
        pytest.fail("the server did not become ready within 60 s")


@contextmanager
def clients(installation: Installation, sent: list[bytes], acked: dict[int, str]) -> Iterator[None]:
    """Send each payload under a key of its own, again and again until it is acknowledged."""
    over, places, lock = threading.Event(), iter(range(len(sent))), threading.Lock()

    def work() -> None:
        with httpx2.Client(base_url=f"http://127.0.0.1:{installation.port}", timeout=10) as http:
            while not over.is_set():
                with lock:
                    place = next(places, None)
                if place is None:
                    return
                headers = {"Authorization": f"Bearer {installation.key}", "Idempotency-Key": f"payload-{place}"}
                while not over.is_set():
                    try:
                        answer = http.post(PATH, content=sent[place], headers=headers)
                    except httpx2.HTTPError:
                        over.wait(0.05)  # the server is away: the same again under the same key
                        continue
                    assert answer.status_code in (200, 201), answer.text
                    acked[place] = answer.json()["order_no"]
                    break

    threads = [threading.Thread(target=work) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for thread in threads:
            thread.join(60)
        over.set()


@pytest.mark.timeout(600)  # eleven starts of a server
def test_ten_kills_at_random_points_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    trades = make_trades(20261123, 900, START)
    sent = [json.dumps(trade, ensure_ascii=False).encode() for trade in trades]
    random, acked = Random(20261123), {}  # type: ignore[var-annotated]
    server = installation.start()

    with clients(installation, sent, acked):
        for _ in range(KILLS):
            threading.Event().wait(random.uniform(0.05, 0.6))
            server.send_signal(signal.SIGKILL)
            server.wait(10)
            assert len(acked) < len(sent), "the kill came too late to hit anything"
            server = installation.start()
    server.terminate()
    server.wait(15)

    assert len(acked) == len(sent)
    stored = read_everything(tmp_path / "data" / "oms.db")
    assert sorted(stored) == sorted(acked.values())  # each once: none lost, none doubled
    assert installation.run("doctor") == []


def read_everything(path: Path) -> list[str]:
    """Return the platform's number of every sales order."""
    database = Database.connect(f"sqlite:///{path}", now=system_now, new_id=new_id)
    found: list[str] = []
    after = None
    while page := database.queries.orders(system("test"), OrderFilter(), after=after, limit=200, now=system_now()):
        found += [row.platform_order_no for row in page]
        after = Position(page[-1].created_at, page[-1].id)
    database.close()
    return found
