"""What happens by itself when the other side refuses, is unwell, or disagrees."""

from datetime import timedelta

import pytest
from tests.app.world import ROOT

from oms_adapters.memory.platform import BUYER, RECEIVER
from oms_app.channels import ORDERS, OVERLAP
from oms_app.orders import ApproveOrder, PassInterception, ReleaseOrder, WriteBackAgain
from oms_app.personal import RevealPersonalData
from oms_app.ports.channels import AuthorisationExpired, PlatformRefused, RateLimited, RetryLater
from oms_app.ports.jobs import JobCounts
from oms_app.runner import MOST_TRIES
from oms_app.shops import FindShop
from oms_domain.fulfilment.fulfilment_order import FulfilmentState, NothingToWriteBack, WriteBack
from oms_domain.kernel.errors import InvalidText
from oms_domain.orders.flags import FlagKind
from oms_domain.orders.platform_order import Conversion
from oms_domain.orders.states import OrderState as S
from oms_domain.shops.shop import Authorisation
from oms_domain.testing.builders import HAT, SCARF, a_standard_order


@pytest.fixture
def shop(world):
    shop = world.a_shop()
    world.receive(SCARF, HAT)
    return shop


@pytest.fixture
def order_id(world, shop):
    return world.an_order(shop, a_standard_order())


def ship(world, order_id):
    """Bring an order to the warehouse and let its parcel leave."""
    world.warehouse.ships(world.at_warehouse(order_id), world.clock())
    world.watch_warehouse()
    world.settle()


def parcel(world, order_id):
    (package,) = world.detail(order_id).fulfilment.packages
    return package


# --- the warehouse ---------------------------------------------------------------------------------------------------


def test_what_the_warehouse_refuses_comes_back_for_a_person(world, order_id):
    world.warehouse.refuses = "地址超区"

    world.at_warehouse(order_id)

    assert world.state(order_id) is S.AWAITING_RELEASE
    assert [(flag.kind, flag.reason) for flag in world.order(order_id).flags] == [(FlagKind.INTERCEPTED, "地址超区")]
    assert world.units(SCARF) == (100, 2)
    assert world.detail(order_id).fulfilment.state is FulfilmentState.APPROVED


def test_a_refused_order_can_be_released_again_under_the_same_number(world, order_id):
    world.warehouse.refuses = "地址超区"
    world.at_warehouse(order_id)
    world.warehouse.refuses = ""
    world.give(PassInterception, order_id, reason="已改址")

    world.give(ReleaseOrder, order_id)

    assert world.state(order_id) is S.IN_WAREHOUSE
    assert len({sent.number for sent in world.warehouse.sent}) == 1


def test_a_warehouse_that_is_unwell_is_asked_again(world, order_id):
    world.warehouse.trouble = [RetryLater(reason="503", after_s=7)]

    world.give(ApproveOrder, order_id)
    world.give(ReleaseOrder, order_id)
    assert world.warehouse.sent == []
    world.wait(seconds=6)
    assert world.warehouse.sent == []
    world.wait(seconds=1)

    assert len(world.warehouse.sent) == 1
    assert world.order(order_id).progress == "accepted"


def test_a_parcel_that_our_table_refuses_is_a_discrepancy(world, shop):
    order_id = world.an_order(shop, a_standard_order())
    sent = world.at_warehouse(order_id)
    world.watch_warehouse()
    world.warehouse.ships(sent, world.clock())
    world.wait(seconds=1)
    before = world.order(order_id)

    world.warehouse.ships(sent, world.clock(), tracking_no="SF0000000000002")
    world.wait(seconds=1)

    assert world.differences() == [(order_id, "shipped", "parcel_left", "orders.ships_more_than_ordered")]
    assert world.order(order_id) == before
    assert world.units(SCARF) == (98, 0)
    assert world.warehouse.waiting == []


# --- the platform ----------------------------------------------------------------------------------------------------


def test_a_platform_that_is_unwell_hears_of_the_parcel_later(world, order_id):
    world.platform.trouble = [RetryLater(reason="isp.busy", after_s=5), RateLimited(reason="limit", after_s=60)]

    ship(world, order_id)
    assert world.platform.notices == []
    world.wait(seconds=5)
    assert world.platform.notices == []
    world.wait(seconds=60)

    assert len(world.platform.notices) == 1
    assert parcel(world, order_id).write_back is WriteBack.DONE
    assert [how for handler, how in world.ended if handler == "shipping.write_back"] == ["retry", "retry", "done"]


def test_waits_grow_from_try_to_try(world, order_id):
    world.platform.trouble = [RuntimeError("broken pipe")] * 5
    waits = []

    ship(world, order_id)
    began = world.clock()
    while world.platform.trouble:
        left = len(world.platform.trouble)
        while len(world.platform.trouble) == left:
            world.wait(seconds=1)
        waits.append((world.clock() - began).total_seconds())
        began = world.clock()

    assert waits == sorted(waits)
    assert waits[-1] > waits[0]


def test_work_that_fails_too_often_is_parked_with_its_reason(world, order_id):
    world.platform.trouble = [RetryLater(reason="isp.busy")] * MOST_TRIES

    ship(world, order_id)
    for _ in range(MOST_TRIES):
        world.wait(minutes=10)

    assert world.parked() == [("shipping.write_back", "channels.retry_later (reason=isp.busy, after_s=1)")]
    assert world.platform.trouble == []
    (row,) = world.store.queries.parked_jobs(ROOT, limit=10)
    assert row.tries == MOST_TRIES
    assert world.store.jobs.redrive(row.id, now=world.clock())
    world.settle()
    assert len(world.platform.notices) == 1


def test_an_error_that_is_not_ours_is_stored_by_its_kind_only(world, order_id):
    world.platform.trouble = [RuntimeError("phone 10000000001")] * MOST_TRIES

    ship(world, order_id)
    for _ in range(MOST_TRIES):
        world.wait(minutes=10)

    assert world.parked() == [("shipping.write_back", "RuntimeError")]


def test_a_parcel_that_the_platform_refuses_waits_for_a_person(world, order_id):
    world.platform.trouble = [PlatformRefused(reason="isv.logistics-offline-service-error:B60")]

    ship(world, order_id)

    assert parcel(world, order_id).write_back is WriteBack.REFUSED
    assert parcel(world, order_id).write_back_reason == "isv.logistics-offline-service-error:B60"
    assert world.parked() == []
    assert world.state(order_id) is S.SHIPPED


# --- pulling ---------------------------------------------------------------------------------------------------------


def cursor(world, shop):
    with world.open(ROOT) as tx:
        return tx.cursors.get(shop.id, ORDERS)


def test_a_parcel_that_the_platform_refused_can_be_told_again(world, order_id):
    world.platform.trouble = [PlatformRefused(reason="isv.logistics-offline-service-error:B60")]
    ship(world, order_id)

    world.orders.write_back_again(WriteBackAgain(order_id=order_id, by=ROOT))
    world.settle()

    assert parcel(world, order_id).write_back is WriteBack.DONE
    assert len(world.platform.notices) == 1
    with pytest.raises(NothingToWriteBack):
        world.orders.write_back_again(WriteBackAgain(order_id=order_id, by=ROOT))


def test_a_pull_takes_in_what_changed_and_moves_its_cursor(world, shop):
    world.platform.sells(a_standard_order(order_no="1"))
    world.platform.sells(a_standard_order(order_no="2"))

    world.watch_platform(shop)
    world.settle()

    assert {order.platform_order_no for order in world.store.tables.orders.values()} == {"1", "2"}
    assert cursor(world, shop) == world.clock()


def test_the_next_pull_begins_a_little_earlier_and_fetches_nothing_twice(world, shop):
    world.platform.sells(a_standard_order(modified_at=world.clock() - timedelta(minutes=5)))
    world.watch_platform(shop)
    world.settle()
    read_to = cursor(world, shop)

    world.wait(seconds=30)

    assert world.platform.windows[-1] == (read_to - OVERLAP, world.clock())
    assert len(world.platform.fetched) == 1


def test_a_pull_that_fails_on_its_way_comes_again_from_the_same_place(world, shop):
    world.platform.sells(a_standard_order())
    world.watch_platform(shop)
    world.settle()
    before = cursor(world, shop)
    world.platform.trouble = [RetryLater(reason="isp.busy")]

    world.wait(seconds=30)
    assert cursor(world, shop) == before
    world.wait(seconds=30)

    assert cursor(world, shop) == world.clock()


def test_a_pull_goes_on_for_ever_however_often_it_fails(world, shop):
    world.platform.trouble = [RetryLater(reason="isp.busy")] * (MOST_TRIES + 5)
    world.watch_platform(shop)

    for _ in range(MOST_TRIES + 6):
        world.wait(minutes=10)

    assert world.parked() == []
    assert cursor(world, shop) is not None


def test_a_shop_that_is_authorised_no_more_is_left_alone_and_says_so(world, shop):
    world.platform.trouble = [AuthorisationExpired(reason="isv.session-expired")]
    world.watch_platform(shop)

    world.settle()
    world.wait(hours=1)

    assert world.platform.windows == []
    found = world.shops.find(FindShop(code=shop.code, by=ROOT))
    assert found.authorisation is Authorisation.EXPIRED
    assert world.parked() == [("channels.pull_orders", "channels.authorisation_expired (reason=isv.session-expired)")]


def test_an_order_that_the_platform_lists_and_does_not_give_holds_up_no_other(world, shop):
    for order_no in ("1", "2"):
        world.platform.sells(a_standard_order(order_no=order_no))
    world.platform.withheld = {"1"}

    world.watch_platform(shop)
    world.settle()

    assert {order.platform_order_no for order in world.store.tables.orders.values()} == {"2"}
    assert cursor(world, shop) == world.clock()


def test_a_known_order_that_cannot_be_read_any_more_keeps_its_last_version_and_is_shown(world, shop):
    world.platform.sells(a_standard_order(order_no="1"))
    world.watch_platform(shop)
    world.settle()
    world.wait(seconds=30)
    world.platform.sells(a_standard_order(order_no="1", modified_at=world.clock()))
    world.platform.breaks("1")

    world.wait(seconds=30)

    (row,) = world.store.queries.platform_orders(ROOT, conversion=None, after=None, limit=10)
    assert (row.conversion, row.reason, row.order_id is not None) == (Conversion.EXCEPTION, "unreadable", True)
    (order,) = world.store.tables.orders.values()
    assert order.platform_order_no == "1"


def test_a_payload_that_cannot_be_read_does_not_stop_the_pull(world, shop):
    for order_no in ("1", "2"):
        world.platform.sells(a_standard_order(order_no=order_no))
    world.platform.breaks("1")

    world.watch_platform(shop)
    world.settle()

    rows = world.store.queries.platform_orders(ROOT, conversion=None, after=None, limit=10)
    assert {row.order_no: (row.conversion, row.reason) for row in rows} == {
        "1": (Conversion.EXCEPTION, "unreadable"),
        "2": (Conversion.CONVERTED, ""),
    }
    assert cursor(world, shop) == world.clock()


# --- personal data ---------------------------------------------------------------------------------------------------


def test_revealing_is_logged_with_its_purpose(world, order_id):
    revealed = world.personal.reveal(RevealPersonalData(order_id=order_id, purpose="核对地址", by=ROOT))

    order = world.order(order_id)
    assert (revealed.receiver, revealed.buyer) == (RECEIVER, BUYER)
    assert [(o.vault_id, o.order_id, o.purpose, o.actor, o.at) for o in world.store.tables.openings] == [
        (ref.vault_id, order_id, "核对地址", ROOT.id, world.clock()) for ref in (order.receiver, order.buyer)
    ]
    assert RECEIVER.mobile not in repr(revealed)


def test_nothing_is_revealed_without_a_purpose(world, order_id):
    with pytest.raises(InvalidText):
        world.personal.reveal(RevealPersonalData(order_id=order_id, purpose=" ", by=ROOT))

    assert world.store.tables.openings == []


def test_the_warehouse_gets_the_receiver_and_that_is_logged(world, order_id):
    world.at_warehouse(order_id)

    (opening,) = world.store.tables.openings
    assert (opening.vault_id, opening.purpose) == (world.order(order_id).receiver.vault_id, "release")
    assert opening.actor == "system:release"


def test_when_everything_is_done_nothing_is_left_to_do(world, order_id):
    ship(world, order_id)

    assert world.store.jobs.counts(now=world.clock()) == JobCounts(outbox=0, ready=0, leased=0, parked=0)
    assert {how for _, how in world.ended} == {"done"}
