"""How long one order takes from submit to stored, reserved and in the outbox, alone on the machine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median

from tests.bench.sample import ACTOR, fresh, payloads
from tests.bench.timing import percentile

from oms_adapters.bootstrap.clock import system_now
from oms_app.orders import AllocateOrder
from oms_domain.orders.states import OrderState

ORDERS = 300


def figures(name: str, url: str) -> Iterator[str]:
    """Print-ready lines: submit (payload bytes → stored, in the outbox), and submit with the reservation."""
    bench = fresh(url, stock_units=1_000_000)
    submits, wholes = [], []
    for raw in payloads(ORDERS + 50):
        begun = time.perf_counter()
        answer = bench.take(tuple(bench.arrivals([raw])))[0]
        submits.append(time.perf_counter() - begun)
        if answer.state is OrderState.AWAITING_ALLOCATION:
            bench.orders.allocate(AllocateOrder(order_id=answer.order_id, by=ACTOR))
            wholes.append(time.perf_counter() - begun)
    submits, wholes = submits[50:], wholes[20:]
    for what, budget, found in (("submit", 100, submits), ("submit and reserve", 300, wholes)):
        yield (
            f"{name}: {what}: p50 {median(found) * 1000:.1f} ms, p99 {percentile(found, 0.99) * 1000:.1f} ms "
            f"of {len(found)} orders (a large platform's budget: {budget} ms)"
        )
    relayed = bench.database.jobs.relay({}, now=system_now(), limit=10_000)
    yield f"{name}: {relayed} events were in the outbox"
