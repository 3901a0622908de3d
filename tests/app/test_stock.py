"""Stock documents through the use cases: what a count takes away from whom, what it sets free for whom, and when."""

import pytest
from attrs import evolve
from tests.app.world import ROOT, World

from oms_app.actor import Actor, Once, Permission, system
from oms_app.inventory import PartStock, PostStock, ReceiveStock, RepairStock, SettleDifference
from oms_app.orders import ApproveOrder, CancelOrder, ReleaseOrder
from oms_app.shops import AddShop, ChangePolicy
from oms_app.stock_documents import (
    ApplyStocktake,
    BeginStocktake,
    CancelStocktake,
    CloseTransfer,
    CountStock,
    ReceiveTransfer,
    SendTransfer,
)
from oms_app.warehouses import AddWarehouse, ChangeWarehouse
from oms_domain.channels.standard import Platform, PlatformState
from oms_domain.inventory.differences import StillHeld
from oms_domain.inventory.documents import DocumentKind, ReferenceUsed, StockDocumentNotFound, Units
from oms_domain.inventory.movements import NotThatMany
from oms_domain.inventory.postings import GoodUnitsOnly
from oms_domain.inventory.stock import NoStockThere, Quality, StockBelowReserved
from oms_domain.inventory.transfers import SameWarehouse, TransferState
from oms_domain.inventory.warehouses import Place, UnknownWarehouse, WarehouseCodeTaken, WarehouseKind
from oms_domain.kernel.errors import Denied
from oms_domain.kernel.identity import ShopId, WarehouseCode
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.states import OrderState
from oms_domain.shops.shop import ShopPolicy
from oms_domain.testing.builders import HAT, MAIN, SCARF, a_standard_line, a_standard_order, an_id

EAST = WarehouseCode("EAST")
S = OrderState


@pytest.fixture
def world():
    world = World()
    world.warehouses.add(AddWarehouse(code=EAST, name="东仓", by=ROOT))
    return world


def scarves(number, quantity=2, sku=SCARF):
    """Return a platform's order of scarves."""
    line = a_standard_line(sku=sku, quantity=Quantity(quantity), state=PlatformState.TO_SHIP)
    return a_standard_order(order_no=f"910000000000000000{number}", lines=(line,), state=PlatformState.TO_SHIP)


def units(number, sku=SCARF, quality=Quality.GOOD):
    return Units(sku=sku, units=number, quality=quality)


def post(world, kind, *lines, reason="样例", **more):
    posted = world.stock.post(PostStock(kind=kind, warehouse=MAIN, lines=lines, reason=reason, **{"by": ROOT} | more))
    world.settle()
    return posted


def count(world, *lines):
    """Count scarves, apply the differences, and let follow what follows."""
    begun = world.stocktakes.begin_counting(BeginStocktake(warehouse=MAIN, by=ROOT))
    world.stocktakes.count(CountStock(document_id=begun.id, lines=lines, by=ROOT))
    applied = world.stocktakes.apply(ApplyStocktake(document_id=begun.id, by=ROOT))
    world.settle()
    return applied


def level(world, sku=SCARF, warehouse=MAIN):
    return world.store.tables.levels.get((sku, warehouse))


def sound(world):
    return list(world.store.doctor.findings(lambda name, found: None)) == []


# --- who gives up ----------------------------------------------------------------------------------------------------


def test_a_count_takes_free_units_first_and_then_those_of_the_newest_orders(world):
    shop = world.a_shop()
    world.receive(SCARF, units=9)
    orders = []
    for n in (1, 2, 3, 4):
        orders.append(world.an_order(shop, scarves(n)))
        world.wait(minutes=1)

    count(world, units(5))  # four are gone: one nobody holds, and three of the newest two orders

    assert [world.state(order) for order in orders] == [S.AWAITING_CS_REVIEW] * 2 + [S.BACKORDERED] * 2
    assert world.units(SCARF) == (5, 4)
    assert world.order(orders[3]).warehouse is None
    assert sound(world)


def test_a_reviewed_order_that_gives_up_loses_its_fulfilment_order_too(world):
    shop = world.a_shop()
    world.receive(SCARF, units=2)
    order = world.an_order(shop, scarves(1))
    world.give(ApproveOrder, order)
    fulfilment = world.detail(order).fulfilment

    post(world, DocumentKind.DAMAGE, units(1))

    assert world.state(order) is S.BACKORDERED
    assert world.order(order).fulfilment_id is None
    assert world.store.tables.fulfilments[fulfilment.id].state == "cancelled"
    assert (level(world).on_hand, level(world).defective, level(world).reserved) == (1, 1, 0)
    world.receive(SCARF, units=1)
    assert world.state(order) is S.AWAITING_CS_REVIEW
    assert sound(world)


def test_what_released_orders_hold_stays_open_until_it_can_be_written_off(world):
    shop = world.a_shop()
    world.receive(SCARF, units=4)
    released, waiting = world.an_order(shop, scarves(1)), world.an_order(shop, scarves(2))
    world.at_warehouse(released)

    applied = count(world, units(1))

    assert [world.state(order) for order in (released, waiting)] == [S.IN_WAREHOUSE, S.BACKORDERED]
    (difference,) = world.store.queries.stock_differences(ROOT, limit=5)
    assert (difference.number, difference.sku, difference.units) == (applied.number, SCARF, 1)
    assert (level(world).on_hand, level(world).reserved, level(world).locked) == (2, 2, 1)
    with pytest.raises(StillHeld):
        world.stock.settle(SettleDifference(difference_id=difference.id, by=ROOT))

    world.receive(SCARF, units=2)  # one of the two takes the place of the one that is gone
    assert world.store.queries.stock_differences(ROOT, limit=5) == ()
    assert (level(world).on_hand, level(world).reserved, level(world).locked) == (3, 2, 0)
    assert world.state(waiting) is S.BACKORDERED
    world.receive(SCARF, units=1)
    assert world.state(waiting) is S.AWAITING_CS_REVIEW
    assert sound(world)


@pytest.fixture
def one_is_gone(world):
    """Return a world where a released order holds two units, of which one is gone."""
    world.receive(SCARF, units=2)
    world.at_warehouse(world.an_order(world.a_shop(), scarves(1)))
    count(world, units(1))
    assert (level(world).on_hand, level(world).reserved, level(world).locked) == (2, 2, 1)
    return world


def test_units_of_an_open_difference_are_not_set_free_by_unlocking(one_is_gone):
    world = one_is_gone

    with pytest.raises(NotThatMany) as refused:
        post(world, DocumentKind.UNLOCK, units(1))

    assert (refused.value.column, refused.value.there) == ("locked", 0)
    world.receive(SCARF, units=1)  # takes the place of the one that is gone, and is not for sale
    assert (level(world).on_hand, level(world).reserved, level(world).locked) == (2, 2, 0)
    assert sound(world)


def test_units_of_an_open_difference_are_not_missed_again_by_the_next_count(one_is_gone):
    world = one_is_gone

    again = count(world, units(1))

    assert again.differences == ()
    assert (level(world).on_hand, level(world).locked) == (2, 1)
    count(world, units(2))  # it has turned up: what is gone is written off, what was found is booked
    assert (level(world).on_hand, level(world).reserved, level(world).locked) == (2, 2, 0)
    assert world.store.queries.stock_differences(ROOT, limit=5) == ()
    assert sound(world)


def test_no_more_units_are_damaged_than_are_there(one_is_gone):
    world = one_is_gone

    with pytest.raises(NotThatMany) as refused:
        post(world, DocumentKind.DAMAGE, units(2))

    assert (refused.value.column, refused.value.there) == ("on_hand", 1)
    assert (level(world).on_hand, level(world).defective, level(world).locked) == (2, 0, 1)
    with pytest.raises(NotThatMany):
        post(world, DocumentKind.DAMAGE, units(1, HAT))  # it never came in
    post(world, DocumentKind.DAMAGE, units(1))
    assert (level(world).defective, level(world).locked) == (1, 2)
    assert sound(world)


def test_units_that_turn_up_again_are_for_sale(world):
    shop = world.a_shop()
    world.receive(SCARF, units=2)
    world.at_warehouse(world.an_order(shop, scarves(1)))
    post(world, DocumentKind.DAMAGE, units(1))
    (difference,) = world.store.queries.stock_differences(ROOT, limit=5)

    settled = world.stock.settle(SettleDifference(difference_id=difference.id, found=True, by=ROOT))

    assert (settled.units, level(world).locked) == (0, 0)


def test_an_order_that_gave_up_for_one_sku_gives_its_others_back(world):
    shop = world.a_shop()
    world.receive(SCARF, HAT, units=3)
    both = world.an_order(shop, a_standard_order(order_no="9100000000000000001", state=PlatformState.TO_SHIP))
    hats = world.an_order(shop, scarves(2, quantity=3, sku=HAT))
    assert [world.state(order) for order in (both, hats)] == [S.AWAITING_CS_REVIEW, S.BACKORDERED]

    count(world, units(0), units(3, HAT))

    assert [world.state(order) for order in (both, hats)] == [S.BACKORDERED, S.AWAITING_CS_REVIEW]
    assert (world.units(SCARF), world.units(HAT)) == ((0, 0), (3, 3))
    assert sound(world)


def test_two_skus_of_one_order_that_are_gone_are_given_up_once(world):
    shop = world.a_shop()
    world.receive(SCARF, HAT, units=2)
    both = world.an_order(shop, a_standard_order(order_no="9100000000000000001", state=PlatformState.TO_SHIP))

    count(world, units(0), units(0, HAT))

    assert world.facts(both).count("order_lost_stock") == 1
    assert (world.units(SCARF), world.units(HAT)) == ((0, 0), (0, 0))
    assert sound(world)


# --- whom it wakes ---------------------------------------------------------------------------------------------------


def waiting(world, quantity=2):
    """Return an order that waits: four scarves are there, and none is for sale."""
    shop = world.a_shop()
    world.receive(SCARF, units=4)
    post(world, DocumentKind.LOCK, units(4))
    order = world.an_order(shop, scarves(1, quantity))
    assert world.state(order) is S.BACKORDERED
    return order


def by_transfer(world):
    world.stock.post(PostStock(kind=DocumentKind.PURCHASE_RECEIPT, warehouse=EAST, lines=(units(5),), by=ROOT))
    sent = world.transfers.send(SendTransfer(warehouse=EAST, to=MAIN, lines=(units(5),), by=ROOT))
    world.settle()
    world.transfers.receive(ReceiveTransfer(document_id=sent.id, lines=(units(2),), by=ROOT))


@pytest.mark.parametrize(
    "free",
    [
        lambda w: post(w, DocumentKind.UNLOCK, units(2)),
        lambda w: post(w, DocumentKind.RETURN_RECEIPT, units(2)),
        lambda w: post(w, DocumentKind.PRODUCTION_RECEIPT, units(2)),
        lambda w: post(w, DocumentKind.ADJUSTMENT, units(2)),
        lambda w: post(w, DocumentKind.OTHER, units(2)),
        lambda w: count(w, units(6)),
        by_transfer,
    ],
    ids=["unlock", "return", "production", "adjustment", "other", "stocktake", "transfer"],
)
def test_whatever_sets_units_free_wakes_those_who_wait(world, free):
    order = waiting(world)

    free(world)
    world.settle()

    assert world.state(order) is S.AWAITING_CS_REVIEW
    assert sound(world)


def test_lower_safety_stock_wakes_and_defective_units_do_not(world):
    shop = world.a_shop()
    world.receive(SCARF, units=4)
    post(world, DocumentKind.SAFETY, units(3))
    order = world.an_order(shop, scarves(1))

    post(world, DocumentKind.RETURN_RECEIPT, units(9, quality=Quality.DEFECTIVE))
    assert world.state(order) is S.BACKORDERED
    post(world, DocumentKind.SAFETY, units(2))
    assert world.state(order) is S.AWAITING_CS_REVIEW


def test_a_transfer_that_did_not_arrive_wakes_those_at_its_start(world):
    shop = world.a_shop()
    world.receive(SCARF, units=2)
    sent = world.transfers.send(SendTransfer(warehouse=MAIN, to=EAST, lines=(units(2),), by=ROOT))
    order = world.an_order(shop, scarves(1))
    assert (level(world, warehouse=EAST).in_transit, world.state(order)) == (2, S.BACKORDERED)

    closed = world.transfers.close(CloseTransfer(document_id=sent.id, found=True, reason="未装车", by=ROOT))
    world.settle()

    assert (closed.state, world.state(order)) == (TransferState.CLOSED, S.AWAITING_CS_REVIEW)
    assert level(world, warehouse=EAST).in_transit == 0


def test_a_line_that_is_refunded_gives_way_to_those_who_wait(world):
    shop = world.a_shop()
    world.receive(SCARF, HAT, units=2)
    both = a_standard_order(order_no="9100000000000000001", state=PlatformState.TO_SHIP)
    world.an_order(shop, both)
    order = world.an_order(shop, scarves(2))
    assert world.state(order) is S.BACKORDERED

    scarf, hat = both.lines
    gone = evolve(scarf, state=PlatformState.CLOSED_REFUNDED)
    world.clock.forward(minutes=1)
    world.take_in(shop, evolve(both, lines=(gone, hat), modified_at=world.clock()))

    assert world.state(order) is S.AWAITING_CS_REVIEW
    assert sound(world)


def test_a_cancelled_order_gives_way_to_the_oldest(world):
    shop = world.a_shop()
    world.receive(SCARF, units=2)
    first, second, third = (world.an_order(shop, scarves(n)) for n in (1, 2, 3))

    world.give(CancelOrder, first)

    assert [world.state(order) for order in (second, third)] == [S.AWAITING_CS_REVIEW, S.BACKORDERED]


# --- repeats and refusals --------------------------------------------------------------------------------------------


def test_a_document_is_booked_once_under_its_reference(world):
    first = post(world, DocumentKind.RETURN_RECEIPT, units(2), reference="R-1")

    again = post(world, DocumentKind.RETURN_RECEIPT, units(2), reference="R-1")
    other_kind = post(world, DocumentKind.PRODUCTION_RECEIPT, units(2), reference="R-1")

    assert (again, other_kind.number[0], world.units(SCARF)) == (first, "M", (4, 0))
    with pytest.raises(ReferenceUsed) as refusal:
        post(world, DocumentKind.RETURN_RECEIPT, units(3), reference="R-1")
    assert refusal.value.number == first.number


def test_a_transfer_and_its_receipts_are_booked_once(world):
    world.receive(SCARF, units=5)
    send = SendTransfer(warehouse=MAIN, to=EAST, lines=(units(4),), reference="T-1", by=ROOT)
    sent = world.transfers.send(send)
    assert world.transfers.send(send).id == sent.id
    came = ReceiveTransfer(document_id=sent.id, lines=(units(1),), receipt="A", by=ROOT)
    world.transfers.receive(came)
    world.transfers.receive(came)

    assert world.units(SCARF) == (1, 0)
    assert (level(world, warehouse=EAST).on_hand, level(world, warehouse=EAST).in_transit) == (1, 3)


def test_an_applied_stocktake_is_applied_once(world):
    world.receive(SCARF, units=5)
    applied = count(world, units(3))

    again = world.stocktakes.apply(ApplyStocktake(document_id=applied.id, by=ROOT))

    assert (again, world.units(SCARF)) == (applied, (3, 0))


def test_one_ask_under_one_key_is_answered_alike(world):
    by = evolve(ROOT, once=Once(client="c", key="k", digest="d"))

    first, again = (post(world, DocumentKind.RETURN_RECEIPT, units(2), by=by) for _ in range(2))

    assert (again.id, world.units(SCARF)) == (first.id, (2, 0))


def test_what_moves_between_count_and_booking_is_not_undone(world):
    world.receive(SCARF, units=5)
    begun = world.stocktakes.begin_counting(BeginStocktake(warehouse=MAIN, by=ROOT))
    world.stocktakes.count(CountStock(document_id=begun.id, lines=(units(4),), by=ROOT))
    world.receive(SCARF, units=10)

    world.stocktakes.apply(ApplyStocktake(document_id=begun.id, by=ROOT))

    assert world.units(SCARF) == (14, 0)


def test_a_cancelled_stocktake_books_nothing(world):
    world.receive(SCARF, units=5)
    begun = world.stocktakes.begin_counting(BeginStocktake(warehouse=MAIN, by=ROOT))
    world.stocktakes.count(CountStock(document_id=begun.id, lines=(units(0),), by=ROOT))

    world.stocktakes.cancel(CancelStocktake(document_id=begun.id, by=ROOT))

    assert world.units(SCARF) == (5, 0)


@pytest.mark.parametrize(
    ("act", "refusal"),
    [
        (
            lambda w: w.stock.post(
                PostStock(kind=DocumentKind.RETURN_RECEIPT, warehouse=WarehouseCode("NONE"), lines=(units(1),), by=ROOT)
            ),
            UnknownWarehouse,
        ),
        (lambda w: w.transfers.send(SendTransfer(warehouse=MAIN, to=MAIN, lines=(units(1),), by=ROOT)), SameWarehouse),
        (
            lambda w: w.transfers.send(
                SendTransfer(warehouse=MAIN, to=EAST, lines=(units(1), units(1, quality=Quality.DEFECTIVE)), by=ROOT)
            ),
            GoodUnitsOnly,
        ),
        (
            lambda w: w.transfers.send(
                SendTransfer(warehouse=MAIN, to=WarehouseCode("NONE"), lines=(units(1),), by=ROOT)
            ),
            UnknownWarehouse,
        ),
        (lambda w: post(w, DocumentKind.PURCHASE_RETURN, units(1)), StockBelowReserved),
        (lambda w: w.stock.part(PartStock(sku=SCARF, warehouse=MAIN, buckets=4, by=ROOT)), NoStockThere),
        (
            lambda w: w.stocktakes.begin_counting(BeginStocktake(warehouse=WarehouseCode("NONE"), by=ROOT)),
            UnknownWarehouse,
        ),
        (lambda w: w.stocktakes.apply(ApplyStocktake(document_id=an_id(9), by=ROOT)), StockDocumentNotFound),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_booked(world, act, refusal):
    with pytest.raises(refusal):
        act(world)
    assert world.store.tables.ledger == []


def test_a_step_of_another_kind_of_document_is_not_found(world):
    posted = post(world, DocumentKind.RETURN_RECEIPT, units(1))

    with pytest.raises(StockDocumentNotFound):
        world.transfers.receive(ReceiveTransfer(document_id=posted.id, lines=(units(1),), by=ROOT))


def test_whoever_does_not_see_every_shop_does_not_work_on_stock(world):
    scoped = Actor(id="x", shops=frozenset({ShopId(an_id(1))}), permissions=frozenset(Permission))

    with pytest.raises(Denied):
        post(world, DocumentKind.RETURN_RECEIPT, units(1), by=scoped)
    with pytest.raises(Denied):
        world.warehouses.add(AddWarehouse(code=WarehouseCode("W"), name="x", by=scoped))
    with pytest.raises(Denied):
        post(world, DocumentKind.RETURN_RECEIPT, units(1), by=Actor(id="x", permissions=frozenset()))


# --- warehouses, buckets, repairs ------------------------------------------------------------------------------------


def test_a_warehouse_is_added_once_and_edited(world):
    with pytest.raises(WarehouseCodeTaken):
        world.warehouses.add(AddWarehouse(code=EAST, name="x", by=ROOT))

    changed = world.warehouses.change(
        ChangeWarehouse(
            code=EAST, name="东二仓", kind=WarehouseKind.FDC, place=Place(city="苏州"), active=False, by=ROOT
        )
    )

    assert changed == world.store.queries.warehouses()[0]
    assert (changed.name, changed.kind, changed.active, changed.version) == ("东二仓", "fdc", False, 2)


def test_a_shop_works_from_a_warehouse_that_there_is(world):
    nowhere = ShopPolicy(warehouse=WarehouseCode("NONE"))
    with pytest.raises(UnknownWarehouse) as refusal:
        world.shops.add(AddShop(code="tb-2", name="x", platform=Platform.TAOBAO, policy=nowhere, by=ROOT))
    assert refusal.value.field == "policy.warehouse"
    shop = world.a_shop()
    with pytest.raises(UnknownWarehouse):
        world.shops.change_policy(ChangePolicy(shop_id=shop.id, policy=nowhere, by=ROOT))


def test_a_hot_row_is_told_with_its_buckets(world):
    world.receive(SCARF, units=10)

    parted = world.stock.part(PartStock(sku=SCARF, warehouse=MAIN, buckets=4, by=ROOT))

    assert (parted.buckets, parted.on_hand) == (4, 10)
    assert level(world) == parted


def test_a_repair_puts_rows_right_and_says_so(world):
    shop = world.a_shop()
    world.receive(SCARF, units=5)
    order = world.an_order(shop, scarves(1))
    world.store.tables.levels[SCARF, MAIN] = evolve(level(world), on_hand=9, reserved=1)
    world.store.tables.orders[order] = evolve(world.order(order), state=S.BACKORDERED)

    done = world.stock.repair(RepairStock(reason="校正", by=system("doctor")))

    assert (done.lines_released, len(done.rows), done.to_be_counted) == (1, 1, ())
    assert sound(world)
    (entry,) = (entry for entry in world.store.tables.ledger if entry.movement.kind == "repair")
    assert entry.actor == "system:doctor"
    (log,) = world.store.tables.log[entry.document]
    assert (log.kind, log.reason) == ("inventory.stock_repaired", "校正")
    assert world.stock.repair(RepairStock(reason="校正", by=ROOT)).rows == ()


def test_what_only_a_count_can_tell_is_left_alone(world):
    shop = world.a_shop()
    world.receive(SCARF, units=2)
    world.an_order(shop, scarves(1))
    world.store.tables.ledger.pop(0)

    done = world.stock.repair(RepairStock(reason="校正", by=ROOT))

    assert (done.rows, done.to_be_counted) == ((), ((SCARF, MAIN),))


def test_a_receipt_has_a_number_and_may_have_a_reference(world):
    receive = ReceiveStock(sku=SCARF, warehouse=MAIN, quantity=Quantity(3), reference="PO-1", by=ROOT)

    first, again = world.stock.receive(receive), world.stock.receive(receive)

    assert first == again
    assert first.number.startswith("I2026")
    assert world.units(SCARF) == (3, 0)


def test_a_released_order_cannot_be_made_to_give_up(world):
    shop = world.a_shop()
    world.receive(SCARF, units=2)
    order = world.an_order(shop, scarves(1))
    world.give(ApproveOrder, order)
    world.give(ReleaseOrder, order)

    count(world, units(0))

    assert (world.state(order), world.units(SCARF)) == (S.IN_WAREHOUSE, (2, 2))
    assert sound(world)
