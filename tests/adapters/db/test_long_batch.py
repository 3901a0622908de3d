"""Five thousand orders reviewed by one request, on a database: every one answered, memory bounded, progress visible."""

import ctypes
import gc
import sys
import time
from pathlib import Path

import pytest
from tests.adapters.db.stored import StoredWorld
from tests.app.world import ROOT

from oms_app.batches import StartBatch
from oms_app.intake import TakeIn
from oms_app.orders import AllocateOrder, ApproveOrder
from oms_app.ports.batches import BatchState
from oms_domain.channels.standard import Platform
from oms_domain.testing.builders import HAT, SCARF, a_standard_order

ORDERS = 5_000
CHUNK = 500
MOST_GROWTH_KB = 60 * 1024


def peak_kb(*, anew=False):
    """Return the most memory that this process has had, ``anew``: from now on. What came before is not counted then."""
    if anew:
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)  # or what follows is served from what the past has left
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    (peak,) = (line for line in Path("/proc/self/status").read_text("utf-8").splitlines() if line.startswith("VmHWM:"))
    return int(peak.split()[1])


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read from Linux")
@pytest.mark.long
@pytest.mark.timeout(900)
def test_five_thousand_orders_are_reviewed_by_one_request(backend, capsys):
    world = StoredWorld(backend.store, backend.clock, backend.new_id)
    ids = taken_in(world)
    worked_on(world, AllocateOrder, ids)
    before, begun = peak_kb(anew=True), time.perf_counter()

    batch, seen = worked_on(world, ApproveOrder, ids)

    seconds, growth_kb = time.perf_counter() - begun, peak_kb() - before
    with capsys.disabled():
        sys.stdout.write(f"\n{backend.name}: {ORDERS} orders in {seconds:.1f} s, memory grew by {growth_kb} KiB\n")
    assert (batch.state, batch.done, batch.refused) == (BatchState.DONE, ORDERS, 0)
    assert seen == sorted(set(seen))
    assert len(seen) >= 2
    assert growth_kb < MOST_GROWTH_KB
    rows = world.store.queries.batch_rows(ROOT, batch.id, first=ORDERS - 1, limit=10, refused=False)
    assert [(row.position, row.answer.state) for row in rows] == [(ORDERS - 1, "awaiting_release")]


def worked_on(world, kind, ids):
    """Give a command to all; return the batch as it ends, and how far it was seen to be on the way."""
    batch, seen = world.batches.start(StartBatch(command=kind, order_ids=ids, by=ROOT)), []
    while world.batches.work(batch.id) is not None:
        seen.append(world.store.queries.batch(ROOT, batch.id).done)
    return world.store.queries.batch(ROOT, batch.id), seen


def taken_in(world):
    shop = world.a_shop()
    world.receive(SCARF, HAT, units=4 * ORDERS)
    ids = []
    for first in range(0, ORDERS, CHUNK):
        arrivals = tuple(
            world.preparation.prepare(
                world.platform.sells(a_standard_order(order_no=str(number))), world.platform.translate, shop_id=shop.id
            )
            for number in range(first, first + CHUNK)
        )
        answers = world.intake.take_in(TakeIn(shop_id=shop.id, platform=Platform.TAOBAO, arrivals=arrivals, by=ROOT))
        ids += [answer.order_id for answer in answers]
    return tuple(ids)
