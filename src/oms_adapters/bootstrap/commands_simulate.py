"""``oms simulate``: the other side, to try things with: a warehouse that speaks Qimen."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import click
import httpx2

from oms_adapters.bootstrap.clock import system_now
from oms_adapters.bootstrap.output import json_option, show
from oms_adapters.bootstrap.session import refusals_shown
from oms_adapters.wms.qimen.fake_warehouse import (
    APP_KEY,
    CUSTOMER,
    SECRET,
    FakeQimen,
    Mood,
    Post,
    Shipping,
    Stopping,
    Taking,
    Telling,
    moods_by_seed,
)
from oms_adapters.wms.qimen.simulator import posting_to, serve
from oms_domain.inventory.stock import warehouse_code
from oms_domain.kernel.codes import sku_code

PORT: Final = 8090
PUSH_TO: Final = "http://127.0.0.1:8000/api/v1/wms/qimen"
PUSH_EVERY_S: Final = 1.0


@click.group()
def simulate() -> None:
    """Play the other side (模拟): a warehouse that speaks Qimen, on this machine only."""


@simulate.command("warehouse")
@click.argument("warehouse")
@click.option("--port", default=PORT, show_default=True, type=click.IntRange(0, 65_535), help="0 takes a free one.")
@click.option("--push-to", default=PUSH_TO, show_default=True, help="Where it reports to.")
@click.option("--app-key", default=APP_KEY, show_default=True)
@click.option("--customer-id", default=CUSTOMER, show_default=True)
@click.option("--secret", default=SECRET, show_default=True, help="Of this simulation; no real one.")
@click.option("--pace-s", default=5.0, show_default=True, type=click.FloatRange(0), help="Between two of its steps.")
@click.option("--late-s", default=60.0, show_default=True, type=click.FloatRange(0), help="How late, where it is late.")
@click.option("--taking", default=Taking.TAKES.value, show_default=True, type=click.Choice([m.value for m in Taking]))
@click.option(
    "--shipping", default=Shipping.WHOLE.value, show_default=True, type=click.Choice([m.value for m in Shipping])
)
@click.option("--telling", default=Telling.ONCE.value, show_default=True, type=click.Choice([m.value for m in Telling]))
@click.option(
    "--stopping", default=Stopping.STOPS.value, show_default=True, type=click.Choice([m.value for m in Stopping])
)
@click.option("--seed", type=int, help="Each order in a mood of its own, by this number, instead of those four.")
@click.option("--stock", multiple=True, metavar="SKU=UNITS", help="What it says that it has, when it is asked.")
@click.option("--for-s", type=click.FloatRange(0), help="End by itself after so long; else Ctrl-C ends it.")
@json_option
@refusals_shown
def simulate_warehouse(
    warehouse: str,
    port: int,
    push_to: str,
    app_key: str,
    customer_id: str,
    secret: str,
    pace_s: float,
    late_s: float,
    seed: int | None,
    stock: tuple[str, ...],
    for_s: float | None,
    as_json: bool,
    **mood: Any,
) -> None:
    """Serve a warehouse that takes orders and pushes its reports by itself. What it has is gone when it ends."""
    same = Mood(
        taking=Taking(mood["taking"]),
        shipping=Shipping(mood["shipping"]),
        telling=Telling(mood["telling"]),
        stopping=Stopping(mood["stopping"]),
    )
    fake = FakeQimen(
        system_now,
        mood=(lambda number: same) if seed is None else moods_by_seed(seed),
        pace=timedelta(seconds=pace_s),
        late_by=timedelta(seconds=late_s),
        app_key=app_key,
        secret=secret,
        customer_id=customer_id,
        warehouse=warehouse_code(warehouse),
        stock={sku_code(sku): units for sku, units in map(_counted, stock)},
    )
    ended = threading.Event()
    if for_s is not None:
        timer = threading.Timer(for_s, ended.set)
        timer.daemon = True
        timer.start()

    def told(url: str) -> None:
        row = {"url": url, "warehouse": fake.warehouse, "app_key": app_key, "customer_id": customer_id}
        show([row | {"pushes_to": push_to}], [*row, "pushes_to"], as_json=as_json)

    try:
        with httpx2.Client() as http:
            play(fake, posting_to(http, push_to), port=port, told=told, ended=ended)
    except KeyboardInterrupt:
        return


def play(
    warehouse: FakeQimen,
    post: Post,
    *,
    port: int,
    told: Callable[[str], None],
    ended: threading.Event,
    every_s: float = PUSH_EVERY_S,
) -> None:
    """Serve a warehouse and push what it has to report, until it is ended.

    Args:
        told: hears the address as soon as it is served.
    """
    with serve(warehouse, port=port) as url:
        told(url)
        while not ended.wait(every_s):
            warehouse.push(post)


def _counted(text: str) -> tuple[str, int]:
    sku, _, units = text.rpartition("=")
    if not sku or not units.isdecimal():
        raise click.BadParameter(f"{text!r} is not SKU=UNITS", param_hint="--stock")
    return sku, int(units)
