"""Virtual goods (a course, a code, a right): no stock, no warehouse, no carrier; and apart from what is shipped."""

import pytest
from tests.app.test_manual_orders import wanted as manual
from tests.app.world import ROOT

from oms_app.catalog import PutSku
from oms_app.editing import Replace, UnknownGoods
from oms_app.manual import LineWanted, PayBalance
from oms_app.order_moves import HandOverOrder, UnreviewOrder
from oms_app.orders import ApproveOrder, CancelOrder, PlaceAnew, ReleaseOrder
from oms_app.splitting import SplitOrder
from oms_domain.catalog.sku import SkuFacts, SkuKind
from oms_domain.channels.standard import OrderKind
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.balance import balance_due
from oms_domain.orders.moves import NeedsAWarehouse, NotForAWarehouse
from oms_domain.orders.states import OrderState as S
from oms_domain.testing.builders import HAT, MAIN, SCARF, a_standard_order


def broken(world):
    return list(world.store.doctor.findings(lambda name, count: None))


def is_virtual(world, *codes):
    for code in codes:
        world.catalog.put_sku(PutSku(code=code, facts=SkuFacts(title="样例课程", kind=SkuKind.VIRTUAL), by=ROOT))
    world.settle()


@pytest.fixture
def shop(world):
    return world.a_shop()


def test_a_virtual_order_goes_on_without_stock_warehouse_or_carrier(world, shop):
    order_id = world.an_order(shop, a_standard_order(kind=OrderKind.VIRTUAL))

    order = world.order(order_id)
    assert (order.state, order.warehouse, order.carrier) == (S.AWAITING_CS_REVIEW, None, None)
    world.orders.place_anew(PlaceAnew(order_id=order_id, by=ROOT))
    world.give(ApproveOrder, order_id)
    assert (world.state(order_id), world.order(order_id).fulfilment_id) == (S.AWAITING_RELEASE, None)
    with pytest.raises(NotForAWarehouse):
        world.give(ReleaseOrder, order_id)
    world.give(UnreviewOrder, order_id)
    world.give(ApproveOrder, order_id)
    assert broken(world) == []

    world.give(HandOverOrder, order_id)

    assert (world.state(order_id), world.all_units(), world.warehouse.sent) == (S.SIGNED, {}, [])
    assert broken(world) == []


def test_stock_that_is_there_is_left_alone_and_it_is_cancelled_at_once(world, shop):
    world.receive(SCARF, HAT)
    order_id = world.an_order(shop, a_standard_order(kind=OrderKind.VIRTUAL))
    assert (world.units(SCARF), world.units(HAT)) == ((100, 0), (100, 0))
    world.give(ApproveOrder, order_id)

    world.give(CancelOrder, order_id)

    assert (world.state(order_id), broken(world)) == (S.CANCELLED, [])


def test_an_order_of_virtual_skus_alone_is_a_virtual_one(world, shop):
    is_virtual(world, SCARF, HAT)

    order_id = world.an_order(shop, a_standard_order())

    order = world.order(order_id)
    assert (order.state, order.kind, order.warehouse) == (S.AWAITING_CS_REVIEW, OrderKind.VIRTUAL, None)


def test_virtual_and_physical_lines_are_split_whatever_the_shop_splits_by_itself(world, shop):
    world.receive(SCARF)
    is_virtual(world, HAT)

    parent = world.order(world.an_order(shop, a_standard_order()))

    goods, right = (world.order(id) for id in parent.heirs)
    assert (parent.state, world.units(SCARF)) == (S.SPLIT, (100, 2))
    assert [(part.kind, part.warehouse, part.state) for part in (goods, right)] == [
        (OrderKind.NORMAL, MAIN, S.AWAITING_CS_REVIEW),
        (OrderKind.VIRTUAL, None, S.AWAITING_CS_REVIEW),
    ]
    assert [[line.sku for line in part.lines] for part in (goods, right)] == [[SCARF], [HAT]]
    assert [part.split_reasons for part in (goods, right)] == [("delivery own",), ("delivery virtual",)]
    assert goods.payable + right.payable == parent.payable
    assert broken(world) == []
    world.give(ApproveOrder, goods.id)
    with pytest.raises(NeedsAWarehouse):
        world.give(HandOverOrder, goods.id)


def test_a_mixed_order_that_waits_for_stock_gives_its_virtual_goods_all_the_same(world, shop):
    is_virtual(world, HAT)

    parent = world.order(world.an_order(shop, a_standard_order()))

    states = {world.order(id).kind: world.state(id) for id in parent.heirs}
    assert states == {OrderKind.NORMAL: S.BACKORDERED, OrderKind.VIRTUAL: S.AWAITING_CS_REVIEW}


def test_the_plan_of_a_split_tells_virtual_lines_apart(world):
    shop = world.a_shop(split_triggers=("delivery",))
    world.receive(SCARF, HAT)
    order_id = world.an_order(shop, a_standard_order())
    is_virtual(world, HAT)
    plan = world.splits.preview(SplitOrder(order_id=order_id, by=ROOT))

    assert [part.reasons for part in plan.parts] == [("delivery own",), ("delivery virtual",)]


def test_a_presale_of_virtual_goods_waits_until_its_balance_is_paid(world, shop):
    is_virtual(world, "COURSE")
    order_id = a_presale(world, shop, "COURSE")
    assert world.state(order_id) is S.BACKORDERED

    due = balance_due(world.order(order_id))
    world.manual.pay_balance(PayBalance(order_id=order_id, paid=due, by=ROOT))
    world.settle()

    assert (world.state(order_id), world.order(order_id).kind) == (S.AWAITING_CS_REVIEW, OrderKind.VIRTUAL)


def a_presale(world, shop, code):
    line = LineWanted(code=code, units=Quantity(1), unit_price=Money(10_000))
    wanted = manual(shop, line, kind=OrderKind.PRESALE, deposit=Money(1_000))
    answer = world.manual.create(wanted)
    world.settle()
    return answer.order.id


def test_goods_do_not_take_the_place_of_virtual_ones(world, shop):
    world.catalog.put_sku(PutSku(code="MUG", facts=SkuFacts(title="样例杯"), by=ROOT))
    order_id = world.an_order(shop, a_standard_order(kind=OrderKind.VIRTUAL))

    with pytest.raises(UnknownGoods):
        world.edit(order_id, replacements=(Replace(sku=HAT, by="MUG"),))
    is_virtual(world, "COURSE")
    world.edit(order_id, replacements=(Replace(sku=HAT, by="COURSE"),))

    assert [line.sku for line in world.order(order_id).lines] == [SCARF, "COURSE"]
    assert world.state(order_id) is S.AWAITING_CS_REVIEW
    assert world.order(order_id).warehouse is None
