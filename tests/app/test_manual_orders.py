"""Orders that a person puts in, end to end: seen, made, allocated, intercepted, shipped, and never told a platform."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve
from tests.app.world import ROOT

from oms_app.catalog import PutBundle, PutSku
from oms_app.editing import UnknownGoods
from oms_app.manual import CostsNothing, CreateOrder, LineWanted, OrderNoTaken, PayBalance
from oms_app.orders import CancelOrder, ReleaseOrder
from oms_app.pasted import AddressDoubtful
from oms_app.personal import RevealPersonalData
from oms_app.ports.transaction import OrderNotFound
from oms_app.review_rules import PutTemplate
from oms_app.sourcing import PutCarrier, PutShipping
from oms_domain.catalog.bundle import BundleFacts, BundlePart
from oms_domain.catalog.sku import SkuFacts, SkuKind
from oms_domain.channels.standard import OrderKind, Receiver, Region
from oms_domain.fulfilment.carriers import Carrier, CarrierDoesNotFit, Contract
from oms_domain.fulfilment.sourcing.records import ShippingTerms, UnknownCarrier
from oms_domain.inventory.warehouses import UnknownWarehouse
from oms_domain.kernel.identity import CarrierCode, SkuCode, WarehouseCode
from oms_domain.kernel.money import Money
from oms_domain.kernel.phones import InvalidPhone
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.balance import BalanceDue
from oms_domain.orders.manual import FieldsMissing
from oms_domain.orders.marks import Business, OrderSource
from oms_domain.orders.payment import PaidBeforePlaced
from oms_domain.orders.states import OrderState as S
from oms_domain.testing.builders import MAIN

HOME = Region(province="广东省", city="深圳市", district="南山区")
WHO = Receiver(name="测试员", mobile="10000000001", street="虚构路1号")


@pytest.fixture
def shop(world):
    shop = world.a_shop()
    for code, kind, price in (("CUP", SkuKind.GOODS, 1_000), ("TIN", SkuKind.GOODS, 3_000), ("CARD", SkuKind.GIFT, 0)):
        facts = SkuFacts(title=f"样例{code}", kind=kind, list_price=Money(price))
        world.catalog.put_sku(PutSku(code=code, facts=facts, by=ROOT))
    parts = (BundlePart(sku=SkuCode("CUP"), quantity=Quantity(2)), BundlePart(sku=SkuCode("TIN"), quantity=Quantity(1)))
    world.catalog.put_bundle(PutBundle(code="BOX", facts=BundleFacts(title="礼盒", parts=parts), by=ROOT))
    world.receive("CUP", "TIN", "CARD")
    return shop


def line(code, units=1, price=None):
    return LineWanted(code=SkuCode(code), units=Quantity(units), unit_price=None if price is None else Money(price))


BOX_AND_CUP = (line("BOX", 1, 4_500), line("CUP", 1))


def wanted(shop, *lines, **changes):
    facts = {
        "shop_id": shop.id,
        "platform_order_no": "M-1",
        "kind": OrderKind.NORMAL,
        "business": Business.RETAIL,
        "receiver": WHO,
        "region": HOME,
        "lines": lines or (line("CUP", 2), line("TIN")),
        "by": ROOT,
    }
    return CreateOrder(**facts | changes)


def create(world, command):
    answer = world.manual.create(command)
    world.settle()
    return answer


def test_an_order_that_is_put_in_goes_the_way_of_any_other_and_no_platform_hears_of_it(world, shop):
    world.watch_warehouse()
    answer = create(
        world,
        wanted(
            shop, line("BOX", 1, 4_500), line("CUP", 1), freight=Money(800), coupon=Money(500), gifts=(line("CARD"),)
        ),
    )

    assert (answer.payable, answer.paid, answer.balance_due) == (Money(5_800), Money(5_800), Money(0))
    assert [(each.sku, each.quantity, each.bundle, each.is_gift) for each in answer.lines] == [
        ("CUP", 2, "BOX", False),
        ("TIN", 1, "BOX", False),
        ("CUP", 1, None, False),
        ("CARD", 1, None, True),
    ]
    order = world.order(answer.order.id)
    assert (order.state, order.source, order.receiver.mask) == (
        S.AWAITING_CS_REVIEW,
        OrderSource.MANUAL,
        answer.receiver,
    )
    assert world.units("CUP") == (100, 3)
    sent = world.at_warehouse(order.id)
    assert sent.receiver == WHO
    world.warehouse.ships(sent, world.clock())
    world.wait(seconds=1)
    assert world.state(order.id) is S.SHIPPED
    assert (world.platform.notices, world.parked()) == ([], [])


def test_a_preview_says_the_same_and_stores_nothing(world, shop):
    command = wanted(shop, freight=Money(800))

    seen = world.manual.preview(command)
    made = create(world, command)

    assert (seen.lines, seen.payable, seen.receiver, seen.order.number) == (made.lines, made.payable, made.receiver, "")
    assert len(world.store.tables.orders) == 1
    assert len(world.store.tables.vault) == 2


def test_whatever_is_missing_is_told_at_once(world, shop):
    def missing(command):
        with pytest.raises(FieldsMissing) as refused:
            world.manual.preview(command)
        return refused.value.missing

    assert missing(CreateOrder(shop_id=None, by=ROOT)) == (
        "shop",
        "kind",
        "business",
        "platform_order_no",
        "receiver.name",
        "receiver.mobile",
        "receiver.province",
        "receiver.city",
        "receiver.district",
        "receiver.street",
        "lines",
    )
    assert missing(wanted(shop, region=Region(province="湖北省", city="仙桃市"), receiver=evolve(WHO, street=" "))) == (
        "receiver.street",
    )
    assert missing(wanted(shop, kind=OrderKind.REISSUE, receiver=Receiver(), region=Region())) == (
        "original",
        "receiver.name",
        "receiver.mobile",
        "receiver.province",
        "receiver.city",
        "receiver.district",
        "receiver.street",
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"lines": (line("NONE"),)}, "lines[0].code"),
        ({"lines": (line("CUP"), line("CARD"))}, "lines[1].code"),
        ({"gifts": (line("CUP"),)}, "gifts[0].code"),
        ({"gifts": (line("BOX"),)}, "gifts[0].code"),
        ({"lines": (line("BOX", 10**6),)}, "lines[0].code"),
    ],
)
def test_goods_are_of_the_catalogue_and_gifts_are_gifts(world, shop, changes, field):
    with pytest.raises(UnknownGoods) as refused:
        world.manual.preview(wanted(shop, **changes))
    assert refused.value.field == field


def test_what_is_shipped_is_no_virtual_order(world, shop):
    with pytest.raises(UnknownGoods) as refused:
        world.manual.preview(wanted(shop, kind=OrderKind.VIRTUAL))
    assert (refused.value.field, refused.value.kind) == ("lines[0].code", "virtual")


def test_a_number_that_the_shop_has_is_refused(world, shop):
    first = create(world, wanted(shop))

    with pytest.raises(OrderNoTaken) as refused:
        world.manual.create(wanted(shop))
    assert refused.value.number == first.order.number
    create(world, wanted(world.a_shop("tb-2")))


def test_a_cancelled_order_leaves_its_number_to_another(world, shop):
    first = create(world, wanted(shop))
    world.give(CancelOrder, first.order.id, reason="填错了")

    second = create(world, wanted(shop))

    with pytest.raises(OrderNoTaken) as refused:
        world.manual.create(wanted(shop))
    assert refused.value.number == second.order.number


@pytest.mark.parametrize("number", ["abc", "1234", "100****0001", "1" * 41])
@pytest.mark.parametrize("name", ["mobile", "phone"])
def test_nobody_can_dial_what_is_no_number(world, shop, number, name):
    with pytest.raises(InvalidPhone) as refused:
        world.manual.preview(wanted(shop, receiver=evolve(WHO, **{name: number})))
    assert refused.value.field == f"receiver.{name}"


def test_an_order_was_placed_when_it_was_paid_at_the_latest(world, shop):
    paid = world.clock() - timedelta(days=1)

    order = world.order(create(world, wanted(shop, paid_at=paid)).order.id)

    assert (order.placed_at, order.paid_at) == (paid, paid)
    with pytest.raises(PaidBeforePlaced):
        world.manual.preview(wanted(shop, platform_order_no="M-9", paid_at=paid, placed_at=paid + timedelta(minutes=6)))


def test_warehouse_and_carrier_must_be_there_and_fit(world, shop):
    zto = CarrierCode("ZTO")
    with pytest.raises(UnknownCarrier):
        world.manual.preview(wanted(shop, carrier=zto))
    with pytest.raises(UnknownWarehouse):
        world.manual.preview(wanted(shop, warehouse=WarehouseCode("NONE")))
    for code in (zto, CarrierCode("SF")):
        world.sourcing.put_carrier(PutCarrier(terms=Carrier(code=code, name=code), by=ROOT))
    assert world.manual.preview(wanted(shop, carrier=zto)).payable == Money(5_000)
    terms = ShippingTerms(contracts=(Contract(carrier=CarrierCode("SF")),))
    world.sourcing.put_shipping(PutShipping(warehouse=MAIN, terms=terms, by=ROOT))
    with pytest.raises(CarrierDoesNotFit):
        world.manual.preview(wanted(shop, carrier=zto))
    answer = create(world, wanted(shop, carrier=CarrierCode("SF"), warehouse=MAIN))
    assert (world.order(answer.order.id).carrier, world.order(answer.order.id).warehouse) == ("SF", MAIN)


def test_a_street_without_a_house_number_is_taken_with_a_doubt(world, shop):
    assert world.manual.preview(wanted(shop, receiver=evolve(WHO, street="虚构路"))).doubts == ("no_house_number",)
    assert world.manual.preview(wanted(shop)).doubts == ()


@pytest.mark.parametrize(
    ("region", "doubts"),
    [
        (("火星省", "火星市", "火星区"), ("unknown_province", "unknown_city", "unknown_district")),
        (("广东省", "北京市", "朝阳区"), ("elsewhere_city", "elsewhere_district")),
        (("湖北省", "省直辖县级行政区划", "仙桃市"), ()),
    ],
)
def test_divisions_that_are_not_there_are_told(world, shop, region, doubts):
    province, city, district = region
    there = Region(province=province, city=city, district=district)

    assert world.manual.preview(wanted(shop, region=there)).doubts == doubts


PASTED = "新收件人 13000000002 广东省深圳市宝安区虚构路8号"


def test_a_pasted_text_says_who_gets_it_and_where(world, shop):
    answer = create(world, wanted(shop, receiver=Receiver(), region=Region(), pasted=PASTED))

    order = world.order(answer.order.id)
    opened = world.personal.reveal(RevealPersonalData(order_id=order.id, purpose="核对", by=ROOT)).receiver
    assert (opened.name, opened.mobile, opened.street) == ("新收件人", "13000000002", "虚构路8号")
    assert order.region == answer.region == Region(province="广东省", city="深圳市", district="宝安区")
    assert "13000000002" not in str(answer)


def test_what_is_said_apart_from_a_pasted_text_goes_before_it(world, shop):
    named = Region(province="广东省", city="深圳市", district="南山区")

    answer = create(world, wanted(shop, receiver=Receiver(name="另一人"), region=named, pasted=PASTED))

    order = world.order(answer.order.id)
    opened = world.personal.reveal(RevealPersonalData(order_id=order.id, purpose="核对", by=ROOT)).receiver
    assert (opened.name, opened.mobile, order.region) == ("另一人", "13000000002", named)


@pytest.mark.parametrize("text", ["你好", "测试员 13000000001 鼓楼区示例路1号"])
def test_a_pasted_text_that_leaves_the_place_open_makes_no_order(world, shop, text):
    with pytest.raises(AddressDoubtful) as refusal:
        world.manual.preview(wanted(shop, receiver=Receiver(), region=Region(), pasted=text))

    assert refusal.value.field == "receiver.text"
    named = wanted(shop, receiver=evolve(WHO, street=""), region=HOME, pasted=f"{text} 示例路1号")
    assert world.manual.preview(named).region == HOME


def test_a_reissue_sends_goods_for_nothing_where_the_first_order_went(world, shop):
    first = world.order(create(world, wanted(shop)).order.id)
    again = wanted(shop, line("TIN"), kind=OrderKind.REISSUE, original=first.id, receiver=Receiver(), region=Region())

    order = world.order(create(world, again).order.id)

    assert (order.payable, order.original_id, order.receiver) == (Money(0), first.id, first.receiver)
    assert (order.platform_order_no, order.region) == (first.platform_order_no, HOME)
    for name in ("freight", "discount", "coupon"):
        with pytest.raises(CostsNothing) as refusal:
            world.manual.preview(evolve(again, **{name: Money(100)}))
        assert refusal.value.field == name
    with pytest.raises(CostsNothing) as refusal:
        world.manual.preview(evolve(again, lines=(line("TIN"), line("TIN", 1, 1))))
    assert refusal.value.field == "lines[1].unit_price"
    elsewhere = world.order(
        create(world, evolve(again, receiver=evolve(WHO, street="虚构路2号"), region=HOME)).order.id
    )
    assert elsewhere.receiver != first.receiver
    other = world.a_shop("tb-2")
    with pytest.raises(OrderNotFound):
        world.manual.create(evolve(again, shop_id=other.id))


def test_a_presale_waits_for_its_balance_and_leaves_by_itself_once_it_is_paid(world):
    shop = world.a_shop("tb-3", auto_review=True, auto_release=True)
    world.catalog.put_sku(PutSku(code="CUP", facts=SkuFacts(title="杯", list_price=Money(1_000)), by=ROOT))
    world.receive("CUP")
    answer = create(world, wanted(shop, line("CUP", 2), kind=OrderKind.PRESALE, deposit=Money(500)))
    world.wait(seconds=2)  # paid just now is no age yet
    assert (answer.balance_due, world.state(answer.order.id)) == (Money(1_500), S.AWAITING_RELEASE)
    with pytest.raises(BalanceDue):
        world.give(ReleaseOrder, answer.order.id)

    world.manual.pay_balance(PayBalance(order_id=answer.order.id, paid=Money(1_400), coupon=Money(100), by=ROOT))
    world.settle()

    order = world.order(answer.order.id)
    assert (order.state, order.payable, order.paid) == (S.IN_WAREHOUSE, Money(1_900), Money(1_900))
    assert world.facts(order.id).count("balance_paid") == 1


def test_rules_are_asked_about_a_manual_order(world, shop):
    template = PutTemplate(shop_id=shop.id, template="amount-too-high", parameters={"limit_fen": 1}, by=ROOT)
    world.rules.put_template(template)

    answer = create(world, wanted(shop))

    assert [flag.rule for flag in world.order(answer.order.id).flags] == [("amount-too-high", 1)]
