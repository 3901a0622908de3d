"""HTTP create, get and list against a bare handler on the raw driver, eight connections each (P1, P2, P13)."""

from __future__ import annotations

import http.client
import json
import os
import pickle
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import sqlalchemy as sa
from tests.bench.sample import ACTOR, TABLES, Bench, by_order, fresh, payloads, written_rows
from tests.bench.timing import percentile

from oms_adapters.bootstrap.clock import new_id, system_now
from oms_adapters.crypto.keys import KeyRing
from oms_adapters.crypto.secrets import KeyedHasher
from oms_app.access import AccessService, MakeKey
from oms_app.actor import Permission
from oms_app.queries.rows import OrderFilter

CREATES = 400
READS = 600
CONNECTIONS = 8
ROUNDS = 3
ALL = (*TABLES, "idempotency")


def figures(name: str, url: str, folder: Path) -> Iterator[str]:
    """Print-ready lines of one database."""
    bench = fresh(url)
    keys = folder / f"{name}-keys.json"
    ring = KeyRing.generate()
    ring.store(keys)
    access = AccessService(keys=bench.database.keys, hasher=KeyedHasher(ring), now=system_now, new_id=new_id)
    key = access.make(MakeKey(name="bench", permissions=frozenset(Permission), shops=None, by=ACTOR))
    sent = payloads(CREATES)
    plain = url.replace("+psycopg", "") if name == "PostgreSQL" else url
    ours_at, bare_at = _free_port(), _free_port()

    settings = {"OMS_KEYS_FILE": str(keys), "OMS_HTTP_THREADS": "2"}
    with _server(["ours", url, str(ours_at)], ours_at, settings):
        _creates([ours_at], sent, key)  # warm, and makes the rows that the bare one writes
        share_file = folder / f"{name}-rows.pickle"
        share_file.write_bytes(pickle.dumps(_shares(bench, sent) * (ROUNDS + 1)))
        with _server(["bare", plain, str(bare_at), str(share_file)], bare_at, {}):
            create: dict[str, list[list[float]]] = {"ours": [], "bare": []}
            speeds: dict[str, list[float]] = {"ours": [], "bare": []}
            for number in range(ROUNDS + 1):
                for who, port in (("bare", bare_at), ("ours", ours_at)):
                    _wipe(bench)
                    begun = time.perf_counter()
                    latencies = _creates([port], sent, key)
                    if number:
                        speeds[who].append(CREATES / (time.perf_counter() - begun))
                        create[who].append(latencies)
            ratio = median(a / b for a, b in zip(speeds["ours"], speeds["bare"], strict=True))
            yield (
                f"{name}: HTTP create {median(speeds['ours']):,.0f}/s, bare {median(speeds['bare']):,.0f}/s; "
                f"speed {ratio:.2f} of it (P1 ≥ 0.50); {_spread(create['ours'])}"
            )
            second = _free_port()
            with _server(["ours", url, str(second)], second, settings):
                two = []
                for _ in range(ROUNDS + 1):
                    _wipe(bench)
                    two.append(_creates([ours_at, second], sent, key))
                yield f"{name}: HTTP create, two workers: {_spread(two[1:])} (P13 ≤ 4)"
                _wipe(bench)
                _creates([ours_at], sent, key)
            ids = _order_ids(bench)
            for what, goal, paths in (
                ("get", 0.45, [f"/api/v1/orders/{ids[at % len(ids)]}" for at in range(READS)]),
                ("list", 0.55, ["/api/v1/orders?limit=50"] * (READS // 4)),
            ):
                reads: dict[str, list[float]] = {"ours": [], "bare": []}
                for number in range(ROUNDS + 1):
                    for who, port in (("bare", bare_at), ("ours", ours_at)):
                        begun = time.perf_counter()
                        _drive([port], [("GET", path, b"", {"Authorization": f"Bearer {key}"}) for path in paths])
                        if number:
                            reads[who].append(len(paths) / (time.perf_counter() - begun))
                ratio = median(a / b for a, b in zip(reads["ours"], reads["bare"], strict=True))
                yield (
                    f"{name}: HTTP {what} {median(reads['ours']):,.0f}/s, bare {median(reads['bare']):,.0f}/s; "
                    f"speed {ratio:.2f} of it (P2 ≥ {goal})"
                )


def _spread(rounds: list[list[float]]) -> str:
    every = [one for latencies in rounds for one in latencies]
    p50, p99 = median(every), percentile(every, 0.99)
    return f"p50 {p50 * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms, p99/p50 {p99 / p50:.1f}"


def _creates(ports: list[int], sent: list[bytes], key: str) -> list[float]:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    path = "/api/v1/shops/bench/platform-orders"
    return _drive(ports, [("POST", path, raw, headers | {"Idempotency-Key": f"k{at}"}) for at, raw in enumerate(sent)])


def _drive(ports: list[int], requests: list[tuple[str, str, bytes, dict[str, str]]]) -> list[float]:
    """Send everything over a few kept-alive connections, dealt out to the ports; return each one's seconds."""
    latencies: list[float] = []
    places, lock = iter(requests), threading.Lock()

    def work(port: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            with lock:
                request = next(places, None)
            if request is None:
                connection.close()
                return
            method, path, body, headers = request
            begun = time.perf_counter()
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            text = answer.read()
            latencies.append(time.perf_counter() - begun)
            if answer.status >= 300:
                raise RuntimeError(text[:300])

    threads = [threading.Thread(target=work, args=(ports[at % len(ports)],)) for at in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(latencies) != len(requests):
        raise RuntimeError("not every request was answered")
    return latencies


def _shares(bench: Bench, sent: list[bytes]) -> list[dict[str, list[tuple[Any, ...]]]]:
    """Return the rows of each order, its idempotency row with it."""
    rows = written_rows(bench, ALL)
    keyed = {row[1]: row for row in rows.pop("idempotency")}
    place = {json.loads(raw)["tid_str"]: at for at, raw in enumerate(sent)}
    shares = by_order(rows, len(sent))
    for share in shares:
        order_no = next(value for value in share["platform_order"][0] if value in place)
        share["idempotency"] = [keyed[f"k{place[order_no]}"]]
    return shares


def _order_ids(bench: Bench) -> list[str]:
    page = bench.database.queries.orders(ACTOR, OrderFilter(), after=None, limit=200, now=system_now())
    return [str(row.id) for row in page]


def _wipe(bench: Bench) -> None:
    with bench.database.engines.write.begin() as connection:
        for name in ("idempotency", "reservation", *reversed(TABLES)):
            connection.execute(sa.text(f"DELETE FROM {name}"))


@contextmanager
def _server(words: list[str], port: int, environment: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.server", *words], env=os.environ | environment, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(15)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
