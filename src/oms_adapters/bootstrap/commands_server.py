"""``oms serve``, ``oms demo``, ``oms worker``, ``oms drain``."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable

import click
import uvicorn
from attrs import evolve

from oms_adapters.bootstrap.clock import system_now
from oms_adapters.bootstrap.container import Container
from oms_adapters.bootstrap.demo import SHOP, fresh_key, running_demo
from oms_adapters.bootstrap.output import console, json_option, show
from oms_adapters.bootstrap.refusals import PortTaken
from oms_adapters.bootstrap.session import ensure_embedded_files, made, ready, refusals_shown
from oms_adapters.bootstrap.settings import Settings
from oms_adapters.bootstrap.worker import Workers
from oms_app.processes.shipping import POLL_WAREHOUSE
from oms_app.processes.tickets import WATCH_LIMITS
from oms_app.processes.warehouses import WATCH_SILENCE

PULL_EVERY_S = 2


@click.command()
@json_option
@refusals_shown
def serve(as_json: bool) -> None:
    """Serve the HTTP API, with background work in this process (OMS_WORKER_IN_PROCESS)."""
    container = ready(quiet=False)
    container.ring()  # a missing or open key file stops the start, not the first request
    _check_port(container.settings())
    if as_json:
        show([{"url": _url(container.settings())}], ["url"], as_json=True)
    _serve(container)


@click.command()
@json_option
@refusals_shown
def demo(as_json: bool) -> None:
    """Serve with a simulated Taobao shop whose orders come in by themselves. A second start keeps the data."""
    settings: Settings = made(quiet=True).settings()
    # The simulated platform has no call limit: look often, so that something is to be seen at once.
    hasty = min(settings.worker.pull_every_s, PULL_EVERY_S)
    container = Container(
        settings=evolve(settings, business="simulated", worker=evolve(settings.worker, pull_every_s=hasty))
    )
    _check_port(settings)
    ensure_embedded_files(settings)
    container.database().migrate()
    container.database().check_safety()
    with running_demo(container) as running:
        key = fresh_key(container)
        if as_json:
            show([{"url": _url(settings), "key": key}], ["url", "key"], as_json=True)
        else:
            _welcome(settings, key)
        _serve(container, running.step)


@click.command()
@json_option
@refusals_shown
def worker(as_json: bool) -> None:
    """Do background work in this process until it is stopped; any number of them may run beside the servers."""
    container = ready(quiet=False)
    container.ring()
    if as_json:
        show([{"threads": container.settings().worker.threads}], ["threads"], as_json=True)
    over = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: over.set())
    _watch_warehouses(container)
    workers = Workers(container.runner(), container.settings().worker.threads)
    workers.start()
    over.wait()
    workers.stop()
    _close(container)


@click.command()
@json_option
@refusals_shown
def drain(as_json: bool) -> None:
    """Do the background work that is due now (allocation, write-back …) and end. For use without a server."""
    container = ready()
    _watch_warehouses(container)
    steps = container.runner().drain()
    counts = container.jobs().counts(now=system_now())
    row = {"steps": steps, "outbox": counts.outbox, "ready": counts.ready, "parked": counts.parked}
    show([row], list(row), as_json=as_json)


def _serve(container: Container, every_step: Callable[[], object] | None = None) -> None:
    from oms_adapters.bootstrap.asgi import build_app  # here, so that the other commands start without the server

    settings: Settings = container.settings()
    signal.signal(signal.SIGTERM, _leave)
    workers = None
    if settings.worker.in_process:
        _watch_warehouses(container)
        workers = Workers(container.runner(), settings.worker.threads, every_step)
        container.database().on_publish(workers.wake)
        workers.start()
    try:
        uvicorn.run(
            build_app(container),
            host=settings.http.host,
            port=settings.http.port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
        )
    finally:
        if workers is not None:
            workers.stop()
        _close(container)


def _watch_warehouses(container: Container) -> None:
    """Have warehouses' reports fetched, and those noticed that do not come."""
    for handler in (POLL_WAREHOUSE, WATCH_SILENCE, WATCH_LIMITS):
        container.jobs().ensure(handler, "all", due_at=system_now())


def _close(container: Container) -> None:
    container.wms().close()
    container.http().close()
    container.database().close()


def _leave(*_: object) -> None:
    """End by way of the ``finally``: the server raises the signal again when it is done, and that would be the end."""
    raise SystemExit(0)


def _check_port(settings: Settings) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.http.host, settings.http.port))
        except OSError as error:
            raise PortTaken(address=f"{settings.http.host}:{settings.http.port}") from error


def _url(settings: Settings) -> str:
    return f"http://{settings.http.host}:{settings.http.port}"


def _welcome(settings: Settings, key: str) -> None:
    url = _url(settings)
    lines = [
        "",
        f"[bold]oms is running[/bold] on {url} — orders of a simulated Taobao shop come in every few seconds.",
        "",
        f"  API docs   {url}/docs",
        f"  API key    {key}   (of this start only)",
        "",
        "Try, in another terminal in this folder:",
        "",
        "  .venv/bin/oms orders list                              orders, newest first",
        "  .venv/bin/oms orders list --state awaiting_cs_review   those that a person must review",
        "  .venv/bin/oms orders show NUMBER                       lines, amounts, parcels, log",
        "  .venv/bin/oms source NUMBER                            where it ships from, and why",
        "  .venv/bin/oms orders approve NUMBER                    pass the review; it is shipped by itself",
        "  .venv/bin/oms doctor                                   check every invariant",
        "",
        f"  curl -H 'Authorization: Bearer {key}' '{url}/api/v1/orders?limit=5'",
        "",
        f"Shop: {SHOP}. Data: {settings.sqlite_path or 'database server'}. Ctrl-C stops; the next start goes on.",
        "",
    ]
    for line in lines:
        console().print(line, soft_wrap=True, highlight=False)
