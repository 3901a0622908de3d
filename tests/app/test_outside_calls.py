"""No outside call while a transaction is open: every test with a ``world`` holds it; here it is shown to find one."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from attrs import evolve
from tests.app.outside import CalledFromWithin
from tests.app.world import ROOT

from oms_app.channels import PullOrders
from oms_app.orders import ApproveOrder, ReleaseOrder
from oms_app.ports.channels import ShipmentNotice
from oms_app.shops import ListShops
from oms_domain.testing.builders import HAT, NOW, SCARF, a_standard_order

OPEN = ListShops(by=ROOT)
NOTICE = ShipmentNotice(order_no="1", carrier="SF", tracking_no="SF1", lines=())


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda world: world.platform.fetch_order("1"), "platform"),
        (lambda world: list(world.platform.changed_orders(NOW, NOW)), "platform"),
        (lambda world: world.platform.write_shipment(NOTICE), "platform"),
        (lambda world: world.warehouse.reports(1), "warehouse"),
        (lambda world: world.warehouse.confirm(()), "warehouse"),
    ],
)
def test_a_call_from_within_a_transaction_is_found(world, call, name):
    world.platform.sells(a_standard_order(order_no="1"))

    with pytest.raises(CalledFromWithin) as found, world.orders.begin(OPEN):
        call(world)
    call(world)

    assert str(found.value) == f"{name}, while system:tests has a transaction open"


def test_a_page_that_is_asked_for_while_the_one_before_is_stored_is_found(world):
    for n in range(60):
        world.platform.sells(a_standard_order(order_no=str(n), modified_at=NOW))
    pages = iter(world.platform.changed_orders(NOW, NOW))
    next(pages)

    with pytest.raises(CalledFromWithin), world.orders.begin(OPEN):
        next(pages)


def test_a_process_that_calls_from_within_is_found_and_not_tried_again(world):
    def send(job):
        with world.open(ROOT) as tx:
            fulfilment = tx.fulfilments.get(job.envelope.event.fulfilment_id)
            world.warehouse.reports(len(fulfilment.lines))

    world.open = world.watch.over(world.open)
    replace(world, "shipping.send", send)
    shop = world.a_shop()
    world.receive(SCARF, HAT)
    order_id = world.an_order(shop, a_standard_order())
    world.give(ApproveOrder, order_id)

    with pytest.raises(CalledFromWithin):
        world.give(ReleaseOrder, order_id)


def replace(world, name, run):
    handlers = dict(world.runner.handlers)
    handlers[name] = evolve(handlers[name], run=run)
    world.runner = evolve(world.runner, handlers=handlers)


def test_another_threads_transaction_is_none_of_ours(world):
    with world.orders.begin(OPEN), ThreadPoolExecutor(1) as pool:
        assert pool.submit(world.warehouse.reports, 1).result() == ()


def test_the_whole_way_of_an_order_calls_outside_and_never_from_within(world):
    shop = world.a_shop(auto_review=True, auto_release=True)
    world.receive(SCARF, HAT)
    world.watch_warehouse()
    world.platform.sells(a_standard_order())
    world.pulls.pull(PullOrders(shop_id=shop.id, by=ROOT))
    world.settle()

    world.warehouse.ships(world.warehouse.sent[-1], world.clock())
    world.wait(seconds=1)

    assert (len(world.platform.fetched), len(world.warehouse.sent), len(world.platform.notices)) == (1, 1, 1)
