"""Editing an order in review: its stock in the same go, its address sealed, its money told, and stale pages refused."""

from datetime import date

import pytest
from attrs import evolve
from tests.app.test_splitting import newer
from tests.app.world import ROOT

from oms_app.actor import Actor, Once, Permission
from oms_app.address_edits import AddressWanted, DivisionElsewhere
from oms_app.catalog import PutSku
from oms_app.editing import (
    NEVER,
    CarrierWouldBeCleared,
    EditOrder,
    Holding,
    Replace,
    StillShort,
    UnknownGoods,
    UnknownTag,
)
from oms_app.inventory import ReceiveStock
from oms_app.orders import ApproveOrder, CancelOrder, PlaceAnew
from oms_app.pasted import AddressDoubtful
from oms_app.personal import RevealPersonalData
from oms_app.ports.transaction import VersionIsNot
from oms_app.sourcing import PutCarrier, PutShipping
from oms_app.splitting import NotOnOrder, Wanted
from oms_app.warehouses import AddWarehouse
from oms_domain.catalog.sku import SkuFacts, SkuKind
from oms_domain.channels.standard import PlatformState, Region
from oms_domain.fulfilment.carriers import Carrier, CarrierDoesNotFit, Contract, Rate, Tariff, Transit
from oms_domain.fulfilment.sourcing.records import ShippingTerms, UnknownCarrier
from oms_domain.inventory.warehouses import UnknownWarehouse
from oms_domain.kernel.errors import MoveNotAllowed
from oms_domain.kernel.identity import CarrierCode, SkuCode, WarehouseCode
from oms_domain.kernel.money import Money
from oms_domain.kernel.phones import InvalidPhone
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.editing import NoSuchLine, NothingLeft
from oms_domain.orders.flags import NotFlagged, NotInTheFuture
from oms_domain.orders.manual import FieldsMissing
from oms_domain.orders.states import OrderState as S
from oms_domain.testing.builders import HAT, MAIN, SCARF, a_standard_order, an_id

BAG, CARD, NEVER_IN = SkuCode("BAG"), SkuCode("CARD"), SkuCode("NEVER-IN")
BACK = Replace(sku=NEVER_IN, by=SCARF)
EAST = WarehouseCode("EAST")
SF, YTO = CarrierCode("SF"), CarrierCode("YTO")
PASTED = "新收件人 13000000002 广东省深圳市宝安区虚构路8号"


@pytest.fixture
def shop(world):
    shop = world.a_shop(tags=("VIP", "大件"))
    for code, kind in ((BAG, SkuKind.GOODS), (CARD, SkuKind.GIFT), (NEVER_IN, SkuKind.GOODS)):
        world.catalog.put_sku(PutSku(code=code, facts=SkuFacts(title=f"样例 {code}", kind=kind), by=ROOT))
    world.receive(SCARF, HAT, BAG, CARD)
    return shop


@pytest.fixture
def order_id(world, shop):
    return world.an_order(shop, a_standard_order())


@pytest.fixture
def east(world):
    """A second warehouse that has scarves and hats, and works with one carrier only."""
    world.warehouses.add(AddWarehouse(code=EAST, name="东仓", by=ROOT))
    for sku in (SCARF, HAT):
        world.stock.receive(ReceiveStock(sku=sku, warehouse=EAST, quantity=Quantity(10), reason="采购", by=ROOT))
    tariff, transit = Tariff(rates=(Rate(first_fen=800),)), (Transit(days=2),)
    for code in (SF, YTO):
        terms = Carrier(code=code, name=code, tariff=tariff, transit=transit)
        world.sourcing.put_carrier(PutCarrier(terms=terms, by=ROOT))
    terms = ShippingTerms(contracts=(Contract(carrier=SF),))
    world.sourcing.put_shipping(PutShipping(warehouse=EAST, terms=terms, by=ROOT))
    world.settle()


def reserved(world, *skus, warehouse=MAIN):
    with world.open(ROOT) as tx:
        levels = tx.stock.levels(warehouse, skus)
    return [levels[sku].reserved if sku in levels else 0 for sku in skus]


# --- what is said of it ----------------------------------------------------------------------------------------------


def test_remark_mark_and_tags(world, order_id):
    answer = world.edit(order_id, note="送贺卡", mark=2, add_tags=("VIP",))

    order = world.order(order_id)
    assert (order.note, order.mark, order.tags) == ("送贺卡", 2, ("VIP",))
    assert answer.what == ("mark", "note", "tags")
    assert world.detail(order_id).log[-1].changes["note"] == ["", "送贺卡"]
    assert world.edit(order_id, remove_tags=("VIP",)).what == ("tags",)


def test_an_order_waits_for_its_date(world):
    shop = world.a_shop(auto_release=True)
    world.receive(SCARF, HAT)
    order_id = world.an_order(shop, a_standard_order())
    assert world.edit(order_id, ship_on=date(2026, 11, 25)).order.flags == ("not_before",)  # it is the 23rd, 10 o'clock
    world.give(ApproveOrder, order_id)

    world.wait(hours=37)
    assert world.state(order_id) is S.AWAITING_RELEASE
    world.wait(hours=1)

    assert world.state(order_id) is S.IN_WAREHOUSE


def test_a_date_can_be_taken_back_and_is_not_over(world, order_id):
    world.edit(order_id, ship_on=date(2026, 11, 25))
    assert world.edit(order_id, ship_on=NEVER).what == ("flags",)

    with pytest.raises(NotInTheFuture) as over:
        world.edit(order_id, ship_on=date(2026, 11, 23))
    assert over.value.field == "ship_on"
    with pytest.raises(NotFlagged):
        world.edit(order_id, ship_on=NEVER)


def test_nothing_different_changes_nothing(world, order_id):
    before = world.order(order_id)

    answer = world.edit(order_id, note="")

    assert (answer.what, answer.order.version, world.order(order_id)) == ((), before.version, before)


def test_a_tag_is_one_that_the_shop_has(world, order_id):
    with pytest.raises(UnknownTag):
        world.edit(order_id, add_tags=("急",))


# --- goods and stock -------------------------------------------------------------------------------------------------


def test_another_sku_is_held_in_the_same_go(world, order_id):
    seen = world.edits.preview(EditOrder(order_id=order_id, replacements=(Replace(sku=SCARF, by=BAG),), by=ROOT))
    assert reserved(world, SCARF, HAT, BAG) == [2, 1, 0]

    answer = world.edit(order_id, replacements=(Replace(sku=SCARF, by=BAG),))

    assert answer == seen
    assert (answer.held, answer.holds) == (
        (Holding(sku=HAT, warehouse=MAIN, units=1), Holding(sku=SCARF, warehouse=MAIN, units=2)),
        (Holding(sku=BAG, warehouse=MAIN, units=2), Holding(sku=HAT, warehouse=MAIN, units=1)),
    )
    assert reserved(world, SCARF, HAT, BAG) == [0, 1, 2]
    assert world.order(order_id).lines[0].title == "样例 BAG"
    assert world.order(order_id).payable == Money(23_600)


def test_what_is_not_to_be_had_waits(world, order_id):
    answer = world.edit(order_id, add_gifts=((CARD, 101),))

    assert (answer.order.state, answer.missing, answer.holds) == (S.BACKORDERED, ((CARD, 1),), ())
    assert reserved(world, SCARF, HAT, CARD) == [0, 0, 0]
    world.receive(CARD, units=1)
    assert (world.state(order_id), reserved(world, CARD)) == (S.AWAITING_CS_REVIEW, [101])


def test_an_edit_that_made_it_wait_is_taken_back(world, order_id):
    before = world.order(order_id)
    world.edit(order_id, replacements=(Replace(sku=SCARF, by=NEVER_IN),))
    assert world.state(order_id) is S.BACKORDERED

    seen = world.edits.preview(EditOrder(order_id=order_id, replacements=(BACK,), by=ROOT))
    answer = world.edit(order_id, replacements=(BACK,))

    order = world.order(order_id)
    assert answer == seen
    assert (order.state, order.warehouse, reserved(world, SCARF, HAT)) == (S.AWAITING_CS_REVIEW, MAIN, [2, 1])
    assert [line.sku for line in order.lines] == [line.sku for line in before.lines]
    assert world.facts(order_id)[-3:] == ["order_restocked", "order_edited", "order_allocated"]


def test_what_waits_is_edited_only_so_that_it_waits_no_more(world, order_id):
    world.edit(order_id, replacements=(Replace(sku=SCARF, by=NEVER_IN),))
    waiting = world.order(order_id)

    with pytest.raises(StillShort) as refusal:
        world.edit(order_id, note="晚", quantities=(Wanted(sku=HAT, units=0),))

    assert (refusal.value.missing, world.order(order_id)) == ((f"{NEVER_IN} 2",), waiting)
    answer = world.edit(order_id, quantities=(Wanted(sku=NEVER_IN, units=0),), note="退一半")
    assert (answer.order.state, answer.refund_due, reserved(world, HAT)) == (S.AWAITING_CS_REVIEW, Money(18_800), [1])


def test_what_waits_ships_from_where_an_edit_says(world, order_id, east):
    world.edit(order_id, add_gifts=((CARD, 101),))

    answer = world.edit(order_id, remove_gifts=(CARD,), warehouse=EAST, carrier=SF)

    assert (answer.order.state, answer.warehouse, answer.carrier) == (S.AWAITING_CS_REVIEW, EAST, SF)
    with pytest.raises(MoveNotAllowed):
        world.orders.place_anew(PlaceAnew(order_id=backordered(world, order_id), by=ROOT))


def backordered(world, order_id):
    world.edit(order_id, add_gifts=((CARD, 101),))
    return order_id


def test_fewer_units_are_given_back_with_their_money(world, order_id):
    answer = world.edit(order_id, quantities=(Wanted(sku=SCARF, units=1),))

    assert (answer.refund_due, answer.what) == (Money(9400), ("lines",))
    assert reserved(world, SCARF, HAT) == [1, 1]
    assert world.edit(order_id, quantities=(Wanted(sku=HAT, units=0),)).refund_due == Money(4000)
    assert reserved(world, SCARF, HAT) == [1, 0]
    world.give(CancelOrder, order_id, reason="不要了")
    assert reserved(world, SCARF) == [0]


def test_its_own_units_count_when_it_is_held_anew(world):
    shop = world.a_shop()
    world.receive(SCARF, units=2)
    world.receive(HAT, units=1)
    order_id = world.an_order(shop, a_standard_order())
    region = {"province": "广东省", "city": "深圳市", "district": "宝安区"}

    answer = world.edit(order_id, address=AddressWanted(**region))

    assert (answer.missing, reserved(world, SCARF, HAT)) == ((), [2, 1])


def test_gifts_come_and_go(world, order_id):
    world.edit(order_id, add_gifts=((CARD, 2),))
    assert reserved(world, CARD) == [2]

    answer = world.edit(order_id, remove_gifts=(CARD,))

    assert (reserved(world, CARD), answer.refund_due) == ([0], Money(0))
    with pytest.raises(NotOnOrder):
        world.edit(order_id, remove_gifts=(CARD,))


def test_a_part_of_a_split_order_can_be_edited_and_split_again(world, order_id):
    scarf, rest = world.split(order_id, {SCARF: 1})
    world.edit(rest, add_gifts=((CARD, 1),), quantities=(Wanted(sku=SCARF, units=0),))

    parts = world.split(rest, {CARD: 1})

    assert reserved(world, SCARF, HAT, CARD) == [1, 1, 1]
    assert [world.state(id) for id in (scarf, *parts)] == [S.AWAITING_CS_REVIEW] * 3
    assert list(world.store.doctor.findings(lambda name, n: None)) == []


@pytest.mark.parametrize(
    ("edit", "refusal"),
    [
        ({"replacements": (Replace(sku=SCARF, by=SkuCode("NEVER")),)}, UnknownGoods),
        ({"replacements": (Replace(sku=SCARF, by=CARD),)}, UnknownGoods),
        ({"add_gifts": ((BAG, 1),)}, UnknownGoods),
        ({"replacements": (Replace(sku=BAG, by=SCARF),)}, NotOnOrder),
        ({"remove_gifts": (SCARF,)}, NotOnOrder),
        ({"quantities": (Wanted(line_id=an_id(99), units=1),)}, NoSuchLine),
        ({"replacements": (Replace(line_id=an_id(99), by=BAG),)}, NoSuchLine),
        ({"quantities": (Wanted(sku=SCARF, units=0), Wanted(sku=HAT, units=0))}, NothingLeft),
        ({"warehouse": WarehouseCode("NOWHERE")}, UnknownWarehouse),
        ({"carrier": CarrierCode("NOBODY")}, UnknownCarrier),
    ],
)
def test_what_makes_no_sense_is_refused(world, order_id, edit, refusal):
    with pytest.raises(refusal):
        world.edit(order_id, **edit)

    assert reserved(world, SCARF, HAT) == [2, 1]


def test_quantities_of_a_sku_on_two_lines(world, shop, order_id):
    world.edit(order_id, replacements=(Replace(sku=HAT, by=SCARF),))

    answer = world.edit(order_id, quantities=(Wanted(sku=SCARF, units=2),))

    assert [(line.quantity, line.is_closed) for line in world.order(order_id).lines] == [(2, False), (1, True)]
    assert answer.refund_due == Money(4000)


# --- warehouse and carrier -------------------------------------------------------------------------------------------


def test_another_warehouse_holds_it_from_now_on(world, order_id, east):
    answer = world.edit(order_id, warehouse=EAST)

    assert (answer.warehouse, world.order(order_id).warehouse) == (EAST, EAST)
    assert (reserved(world, SCARF, HAT), reserved(world, SCARF, HAT, warehouse=EAST)) == ([0, 0], [2, 1])


def test_a_warehouse_that_has_too_little_makes_it_wait_there(world, shop, east):
    standard = a_standard_order()
    many = evolve(standard.lines[0], quantity=Quantity(11), payable=Money(107_900))
    order_id = world.an_order(shop, a_standard_order(lines=(many,)))

    answer = world.edit(order_id, warehouse=EAST)

    assert (answer.order.state, answer.missing, answer.warehouse) == (S.BACKORDERED, ((SCARF, 1),), EAST)


def test_a_carrier_must_fit_the_warehouse(world, order_id, east):
    assert world.edit(order_id, carrier=YTO).carrier == YTO  # of MAIN nobody has said with whom it works
    with pytest.raises(CarrierDoesNotFit):
        world.edit(order_id, warehouse=EAST, carrier=YTO)
    with pytest.raises(CarrierWouldBeCleared):
        world.edit(order_id, warehouse=EAST)
    assert world.order(order_id).warehouse == MAIN

    assert world.edit(order_id, warehouse=EAST, clear_carrier=True).carrier is None
    assert world.edit(order_id, carrier=SF).carrier == SF
    with pytest.raises(CarrierDoesNotFit):
        world.edit(order_id, carrier=YTO)
    assert world.edit(order_id, carrier=CarrierCode("")).carrier is None


def test_by_a_strategy_it_is_sourced_anew(world, east):
    shop = world.a_shop("tb-2", strategy="default")
    order_id = world.an_order(shop, a_standard_order())
    before = world.order(order_id)
    assert (before.warehouse, before.carrier, before.state) == (EAST, SF, S.AWAITING_CS_REVIEW)
    for sku in (SCARF, HAT):
        world.an_order(shop, a_standard_order(order_no=sku))

    answer = world.edit(order_id, address=AddressWanted(text=PASTED))

    assert (answer.warehouse, answer.carrier, world.state(order_id)) == (EAST, SF, S.AWAITING_CS_REVIEW)
    assert reserved(world, SCARF, HAT, warehouse=EAST) == [6, 3]
    assert world.order(order_id).planned_ship_at == before.planned_ship_at


# --- the address -----------------------------------------------------------------------------------------------------


def revealed(world, order_id):
    command = RevealPersonalData(order_id=order_id, purpose="核对", by=ROOT)
    return world.personal.reveal(command).receiver


def test_a_pasted_address_is_recognised_and_sealed(world, order_id):
    old = world.order(order_id).receiver

    answer = world.edit(order_id, address=AddressWanted(text=PASTED))

    order, receiver = world.order(order_id), revealed(world, order_id)
    assert (receiver.name, receiver.mobile, receiver.street) == ("新收件人", "13000000002", "虚构路8号")
    assert order.region == Region(province="广东省", city="深圳市", district="宝安区")
    assert (answer.receiver, answer.what) == (order.receiver.mask, ("receiver", "region"))
    assert "新收件人" not in str(world.detail(order_id).log[-1].changes)
    assert order.receiver.vault_id != old.vault_id
    assert [each.purpose for each in world.store.tables.openings] == ["edit", "核对", "核对"]


def test_looking_at_what_an_edit_would_make_is_logged_as_an_opening(world, order_id):
    command = EditOrder(order_id=order_id, address=AddressWanted(text=PASTED), by=ROOT)

    seen = world.edits.preview(command)

    assert [each.purpose for each in world.store.tables.openings] == ["edit"]
    assert (seen.what, world.order(order_id).receiver.mask == seen.receiver) == (("receiver", "region"), False)


def test_the_number_before_does_not_stay_beside_a_pasted_one(world, order_id):
    world.edit(order_id, address=AddressWanted(mobile="13000000009", zip="518000"))
    world.edit(order_id, address=AddressWanted(text="新收件人 0755-80000001 广东省深圳市宝安区虚构路8号"))

    receiver = revealed(world, order_id)
    assert (receiver.mobile, receiver.phone, receiver.zip) == ("", "0755-80000001", "")


def test_fields_of_an_address_one_by_one(world, order_id):
    before = revealed(world, order_id)

    world.edit(order_id, address=AddressWanted(name="新名", city="广州市", district="天河区"))

    order = world.order(order_id)
    assert revealed(world, order_id) == evolve(before, name="新名")
    assert order.region == Region(province="广东省", city="广州市", district="天河区")
    assert world.edit(order_id, address=AddressWanted(name="新名")).what == ()


@pytest.mark.parametrize(
    ("wanted", "missing"),
    [
        ({"name": " "}, ("address.name",)),
        ({"mobile": "", "phone": ""}, ("address.mobile",)),
        ({"name": "", "street": ""}, ("address.name", "address.street")),
    ],
)
def test_an_edit_takes_nothing_away_that_the_carrier_goes_by(world, order_id, wanted, missing):
    with pytest.raises(FieldsMissing) as refused:
        world.edit(order_id, address=AddressWanted(**wanted))

    assert refused.value.missing == missing


def test_a_telephone_number_is_one_that_can_be_dialled(world, order_id):
    with pytest.raises(InvalidPhone) as refused:
        world.edit(order_id, address=AddressWanted(mobile="abc"))
    assert refused.value.field == "address.mobile"
    world.edit(order_id, address=AddressWanted(mobile="", phone="+852 0000 0000"))
    assert revealed(world, order_id).phone == "+852 0000 0000"


def test_what_a_pasted_address_leaves_open_is_told_or_refused(world, order_id):
    with pytest.raises(AddressDoubtful) as refusal:
        world.edit(order_id, address=AddressWanted(text="测试员 13000000001 鼓楼区示例路1号"))
    assert refusal.value.doubts == ("ambiguous_region",)

    named = AddressWanted(
        text="测试员 13000000001 鼓楼区示例路1号", province="江苏省", city="南京市", district="鼓楼区"
    )
    assert "ambiguous_region" in world.edit(order_id, address=named).doubts
    assert world.order(order_id).region.city == "南京市"
    with pytest.raises(AddressDoubtful):
        world.edit(order_id, address=AddressWanted(text="测* 130****0001 广东省深圳市南山区示例路1号"))


@pytest.mark.parametrize("text", ["你好", "虚构路8号", "新收件人"])
def test_a_text_that_says_neither_where_nor_how_to_call_is_no_address(world, order_id, text):
    before = world.order(order_id)

    with pytest.raises(AddressDoubtful) as refusal:
        world.edit(order_id, address=AddressWanted(text=text))

    assert "incomplete" in refusal.value.doubts
    assert world.order(order_id) == before
    named = AddressWanted(text=text, province="广东省", city="深圳市", district="宝安区")
    assert world.edit(order_id, address=named).order.id == order_id


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"city": "北京市"}, "address.city"),
        ({"province": "北京市", "city": "深圳市"}, "address.city"),
        ({"district": "朝阳区"}, "address.district"),
        ({"text": PASTED, "district": "朝阳区"}, "address.district"),
    ],
)
def test_a_division_is_not_put_under_one_that_it_does_not_lie_in(world, order_id, wanted, field):
    with pytest.raises(DivisionElsewhere) as refusal:
        world.edit(order_id, address=AddressWanted(**wanted))

    assert refusal.value.field == field
    together = AddressWanted(province="北京市", city="北京市", district="朝阳区")
    assert world.edit(order_id, address=together).doubts == ()


def test_a_division_that_nobody_knows_is_told(world, order_id):
    assert world.edit(order_id, address=AddressWanted(city="火星市", district="火星区")).doubts == (
        "unknown_city",
        "unknown_district",
    )


def test_the_platforms_old_address_does_not_come_back(world, shop, order_id):
    world.edit(order_id, address=AddressWanted(text=PASTED))
    ours = world.order(order_id).receiver

    world.take_in(shop, newer(world, a_standard_order(), seller_remark="催发"))

    assert (world.order(order_id).receiver, world.order(order_id).seller_remark) == (ours, "催发")


# --- when, and by whom -----------------------------------------------------------------------------------------------


def test_a_stale_page_is_refused(world, order_id):
    world.edit(order_id, note="一")

    with pytest.raises(VersionIsNot):
        world.edit(order_id, note="二", expected_version=2)


def test_an_order_past_review_is_not_edited(world, order_id):
    world.at_warehouse(order_id)

    with pytest.raises(MoveNotAllowed):
        world.edit(order_id, note="晚了")


def test_asked_twice_it_is_done_once(world, order_id):
    once = Actor(id="k", permissions=frozenset(Permission), once=Once(client="k", key="1", digest="d"))

    first = world.edit(order_id, quantities=(Wanted(sku=SCARF, units=1),), by=once)

    assert world.edit(order_id, quantities=(Wanted(sku=SCARF, units=1),), by=once) == first
    assert PlatformState.TO_SHIP is a_standard_order().state


def test_units_that_are_given_back_go_to_who_waits(world, order_id, shop):
    world.edit(order_id, add_gifts=((CARD, 100),))
    waiting = world.an_order(shop, a_standard_order(order_no="2"))
    assert world.edit(waiting, add_gifts=((CARD, 1),)).order.state is S.BACKORDERED

    world.edit(order_id, remove_gifts=(CARD,))

    assert world.state(waiting) is S.AWAITING_CS_REVIEW
