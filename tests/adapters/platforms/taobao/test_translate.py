"""Recorded trades in standard form, whole values compared."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime

import pytest
from attrs import evolve

from oms_adapters.platforms.taobao.translate import translate
from oms_domain.channels.standard import (
    Buyer,
    DiscountKind,
    Funder,
    LineRefund,
    OrderKind,
    PersonalData,
    Platform,
    PlatformState,
    Receiver,
    Region,
    StandardDiscount,
    StandardLine,
    StandardOrder,
)
from oms_domain.kernel.money import Money

SHENZHEN = Region(province="广东省", city="深圳市", district="南山区", town="虚构街道")

SCARF = StandardLine(
    line_no="9100000000000000011",
    item_id="600000000001",
    platform_sku_id="5000000000001",
    sku="SPU1-RED-M",
    title="【样例】双面围巾",
    spec="颜色分类:样例色;尺码:均码",
    picture="https://img.example.invalid/a.jpg",
    quantity=2,
    unit_price=Money(199_00),
    line_discount=Money(40_00),
    order_discount=Money(46_34),
    payable=Money(311_66),
    state=PlatformState.TO_SHIP,
)
GLOVES = evolve(
    SCARF,
    line_no="9100000000000000012",
    item_id="600000000002",
    platform_sku_id="5000000000002",
    sku="SPU2-BLK-L",
    title="【样例】保暖手套",
    quantity=3,
    unit_price=Money(89_90),
    adjustment=Money(-9_70),
    line_discount=Money(0),
    order_discount=Money(33_66),
    payable=Money(226_34),
)
BAG = evolve(
    SCARF,
    line_no="9100000000000000013",
    item_id="600000000003",
    platform_sku_id="5000000000003",
    sku="GIFT1-U",
    title="【赠品】样例帆布袋",
    quantity=1,
    unit_price=Money(59_00),
    line_discount=Money(59_00),
    order_discount=Money(0),
    payable=Money(0),
    is_gift=True,
)
ORDER = StandardOrder(
    platform=Platform.TAOBAO,
    order_no="9100000000000000010",
    state=PlatformState.TO_SHIP,
    created_at=datetime(2026, 1, 2, 2, 0, 0, tzinfo=UTC),
    modified_at=datetime(2026, 1, 2, 2, 1, 31, tzinfo=UTC),
    paid_at=datetime(2026, 1, 2, 2, 1, 30, tzinfo=UTC),
    buyer_id="AAExample_OpenUid_0001",
    buyer_handle="1ExampleOaid_0001_notreal",
    region=SHENZHEN,
    lines=(SCARF, GLOVES, BAG),
    discounts=(
        StandardDiscount(name="限时折扣", kind=DiscountKind.LINE, line_no="9100000000000000011", amount=Money(40_00)),
        StandardDiscount(name="买赠", kind=DiscountKind.GIFT, line_no="9100000000000000013", amount=Money(59_00)),
        StandardDiscount(
            name="店铺满减",
            kind=DiscountKind.FULL_REDUCTION,
            funder=Funder.SHOP,
            amount=Money(50_00),
            shares=(("9100000000000000011", Money(28_96)), ("9100000000000000012", Money(21_04))),
        ),
        StandardDiscount(
            name="跨店满减",
            kind=DiscountKind.OTHER,
            amount=Money(30_00),
            shares=(("9100000000000000011", Money(17_38)), ("9100000000000000012", Money(12_62))),
        ),
    ),
    freight=Money(10_00),
    payable=Money(548_00),
    paid=Money(548_00),
    buyer_remark="请用样例包装",
    placed_with="WAP,WAP",
)
RECEIVER = Receiver(name="测**", mobile="*******0001", street="示**路**号***大厦*座***", zip="000000")

ONLY_LINE = evolve(
    SCARF,
    line_no="9100000000000000020",
    item_id="600000000004",
    platform_sku_id="5000000000004",
    sku="SPU4-U",
    title="【样例】单品",
    quantity=1,
    unit_price=Money(160_00),
    line_discount=Money(20_00),
    order_discount=Money(5_00),
    payable=Money(135_00),
)


def as_bytes(payload):
    return json.dumps(payload, ensure_ascii=False).encode()


@pytest.fixture
def trade(load):
    return load("taobao_trade_fullinfo")["trade_fullinfo_get_response"]["trade"]


@pytest.fixture
def presale(load):
    return load("taobao_trade_presale")["trade_fullinfo_get_response"]["trade"]


def test_a_paid_trade_of_three_sub_orders(load):
    raw = as_bytes(load("taobao_trade_fullinfo"))

    translation = translate(raw)

    assert translation.order == ORDER
    assert translation.personal == PersonalData(
        receiver=RECEIVER, buyer=Buyer(nick="测**", buyer_remark="请用样例包装"), raw=raw
    )
    assert translation.mismatches == ()


def test_a_trade_of_one_sub_order_tells_the_lines_discounts_from_the_orders_by_their_sums(load):
    translation = translate(as_bytes(load("taobao_trade_single")))

    assert translation.order == evolve(
        ORDER,
        order_no="9100000000000000020",
        lines=(ONLY_LINE,),
        discounts=(
            StandardDiscount(
                name="限时折扣", kind=DiscountKind.LINE, line_no="9100000000000000020", amount=Money(20_00)
            ),
            StandardDiscount(name="店铺优惠券", kind=DiscountKind.COUPON, funder=Funder.SHOP, amount=Money(5_00)),
        ),
        freight=Money(8_00),
        payable=Money(143_00),
        paid=Money(143_00),
        buyer_remark="",
    )
    assert translation.mismatches == ()


def test_a_presale_is_unpaid_until_its_balance_is_paid(load):
    translation = translate(as_bytes(load("taobao_trade_presale")))

    line = evolve(
        ONLY_LINE,
        line_no="9100000000000000030",
        order_discount=Money(0),
        payable=Money(140_00),
        state=PlatformState.UNPAID,
    )
    assert translation.order == evolve(
        ORDER,
        order_no="9100000000000000030",
        state=PlatformState.UNPAID,
        kind=OrderKind.PRESALE,
        paid_at=None,
        lines=(line,),
        discounts=(),
        freight=Money(8_00),
        payable=Money(148_00),
        paid=Money(50_00),
        buyer_remark="",
    )
    assert translation.mismatches == ()


@pytest.mark.parametrize(
    ("step", "status", "state", "paid"),
    [
        ("FRONT_NOPAID_FINAL_NOPAID", "WAIT_BUYER_PAY", PlatformState.UNPAID, 0),
        ("FRONT_PAID_FINAL_NOPAID", "WAIT_BUYER_PAY", PlatformState.UNPAID, 50_00),
        ("FRONT_PAID_FINAL_NOPAID", "WAIT_SELLER_SEND_GOODS", PlatformState.UNPAID, 50_00),
        ("FRONT_PAID_FINAL_PAID", "WAIT_SELLER_SEND_GOODS", PlatformState.TO_SHIP, 148_00),
        ("FRONT_PAID_FRONT_FORFEITED", "TRADE_CLOSED_BY_TAOBAO", PlatformState.CLOSED_UNPAID, 50_00),
    ],
)
def test_how_far_a_presale_is_paid(presale, step, status, state, paid):
    presale |= {"step_trade_status": step, "status": status}
    presale["orders"]["order"][0]["status"] = status

    order = translate(as_bytes(presale)).order

    assert (order.state, order.lines[0].state, order.paid) == (state, state, Money(paid))


@pytest.mark.parametrize(
    ("status", "state", "paid"),
    [
        ("TRADE_NO_CREATE_PAY", PlatformState.UNPAID, 0),
        ("WAIT_BUYER_PAY", PlatformState.UNPAID, 0),
        ("PAY_PENDING", PlatformState.UNPAID, 0),
        ("WAIT_PRE_AUTH_CONFIRM", PlatformState.UNPAID, 0),
        ("PAID_FORBID_CONSIGN", PlatformState.PAID_ON_HOLD, 548_00),
        ("WAIT_SELLER_SEND_GOODS", PlatformState.TO_SHIP, 548_00),
        ("SELLER_CONSIGNED_PART", PlatformState.PARTLY_SHIPPED, 548_00),
        ("WAIT_BUYER_CONFIRM_GOODS", PlatformState.SHIPPED, 548_00),
        ("TRADE_BUYER_SIGNED", PlatformState.SIGNED, 548_00),
        ("TRADE_FINISHED", PlatformState.FINISHED, 548_00),
        ("TRADE_CLOSED", PlatformState.CLOSED_REFUNDED, 548_00),
        ("TRADE_CLOSED_BY_TAOBAO", PlatformState.CLOSED_UNPAID, 0),
    ],
)
def test_every_state_of_the_platform_has_one_of_ours(trade, status, state, paid):
    trade["status"] = status

    order = translate(as_bytes(trade)).order

    assert (order.state, order.paid) == (state, Money(paid))
    assert (order.paid_at is not None) == (paid > 0)


@pytest.mark.parametrize(
    ("status", "state", "paid"),
    [
        ("WAIT_SELLER_SEND_GOODS", PlatformState.TO_SHIP, 0),
        ("WAIT_BUYER_CONFIRM_GOODS", PlatformState.SHIPPED, 0),
        ("TRADE_BUYER_SIGNED", PlatformState.SIGNED, 548_00),
        ("TRADE_FINISHED", PlatformState.FINISHED, 548_00),
    ],
)
def test_cash_on_delivery_is_paid_when_the_parcel_is_signed_for(trade, status, state, paid):
    trade |= {"type": "cod", "status": status}

    order = translate(as_bytes(trade)).order

    assert (order.cash_on_delivery, order.state, order.paid) == (True, state, Money(paid))


@pytest.mark.parametrize("sort", [{"type": "auto_delivery"}, {"shipping_type": "virtual"}])
def test_what_nobody_ships_is_virtual(trade, sort):
    assert translate(as_bytes(trade | sort)).order.kind is OrderKind.VIRTUAL


@pytest.mark.parametrize(
    ("refund_status", "refund"),
    [
        ("NO_REFUND", LineRefund.NONE),
        ("WAIT_SELLER_AGREE", LineRefund.OPEN),
        ("WAIT_BUYER_RETURN_GOODS", LineRefund.OPEN),
        ("WAIT_SELLER_CONFIRM_GOODS", LineRefund.OPEN),
        ("SELLER_REFUSE_BUYER", LineRefund.REFUSED),
        ("CLOSED", LineRefund.CLOSED),
        ("SUCCESS", LineRefund.SUCCEEDED),
    ],
)
def test_every_refund_state_of_the_platform_has_one_of_ours(trade, refund_status, refund):
    trade["orders"]["order"][1]["refund_status"] = refund_status

    assert [line.refund for line in translate(as_bytes(trade)).order.lines] == [
        LineRefund.NONE,
        refund,
        LineRefund.NONE,
    ]


def test_the_bare_trade_and_simplified_lists_read_the_same(trade, load):
    enveloped = translate(as_bytes(load("taobao_trade_fullinfo"))).order
    simplified = copy.deepcopy(trade) | {
        "orders": trade["orders"]["order"],
        "promotion_details": trade["promotion_details"]["promotion_detail"],
    }

    assert translate(as_bytes(trade)).order == enveloped
    assert translate(as_bytes(simplified)).order == enveloped


def test_numbers_are_read_from_their_text_twin_because_a_number_may_have_been_rounded(trade):
    trade["tid"] = 9100000000000000000
    trade["orders"]["order"][0]["oid"] = 9100000000000000000

    order = translate(as_bytes(trade)).order

    assert (order.order_no, order.lines[0].line_no) == ("9100000000000000010", "9100000000000000011")


def test_remarks_are_masked_in_the_order_and_kept_as_written_for_the_vault(trade):
    trade |= {"buyer_message": "打 10000000001", "seller_memo": "回电 100-0000-0002", "seller_flag": 3}

    translation = translate(as_bytes(trade))

    order = translation.order
    assert (order.buyer_remark, order.seller_remark, order.seller_flag) == ("打 ***********", "回电 *************", 3)
    assert translation.personal.buyer == Buyer(
        nick="测**", buyer_remark="打 10000000001", seller_remark="回电 100-0000-0002"
    )


def test_personal_data_do_not_show(load):
    assert "测" not in repr(translate(as_bytes(load("taobao_trade_fullinfo"))).personal)


@pytest.mark.parametrize(
    ("codes", "sku"),
    [
        ({"outer_sku_id": "A-1", "outer_iid": "A"}, "A-1"),
        ({"outer_sku_id": "", "outer_iid": "A"}, "A"),
        ({"outer_sku_id": None, "outer_iid": " "}, None),
    ],
)
def test_the_merchants_code_is_the_skus_else_the_items_else_none(trade, codes, sku):
    trade["orders"]["order"][0] |= codes

    assert translate(as_bytes(trade)).order.lines[0].sku == sku


def test_a_county_under_its_province_is_its_own_city(trade):
    trade |= {"receiver_state": "河南省", "receiver_city": "", "receiver_district": "济源市"}

    assert translate(as_bytes(trade)).order.region == Region(
        province="河南省", city="济源市", district="济源市", town="虚构街道"
    )


def test_shipments_and_times_are_read(trade):
    trade |= {"consign_time": "2026-01-03 10:00:00", "end_time": "2026-01-09 08:00:00"}
    trade["orders"]["order"][0] |= {"logistics_company": "圆通速递", "invoice_no": "YT0001"}
    trade["orders"]["order"][1]["delivery_time"] = "2026-01-04 10:01:30"
    trade["orders"]["order"][2]["delivery_time"] = "付款后48小时内"

    order = translate(as_bytes(trade)).order

    assert order.shipped_at == datetime(2026, 1, 3, 2, tzinfo=UTC)
    assert order.ended_at == datetime(2026, 1, 9, 0, tzinfo=UTC)
    assert order.promised_ship_at == datetime(2026, 1, 4, 2, 1, 30, tzinfo=UTC)
    assert [(line.carrier, line.tracking_no) for line in order.lines] == [("圆通速递", "YT0001"), ("", ""), ("", "")]


@pytest.mark.parametrize(
    "broken",
    [
        {"promotion_name": "\x00"},
        {"discount_fee": "1e5"},
        {"discount_fee": "-1.00"},
        {"id": None, "discount_fee": ""},
        {"promotion_id": ["x"]},
    ],
)
def test_a_promotion_that_cannot_be_read_is_left_out_and_stops_nothing(trade, broken):
    trade["promotion_details"]["promotion_detail"][3] |= broken

    translation = translate(as_bytes(trade))

    assert (translation.order.discounts, translation.mismatches) == (ORDER.discounts[:3], ())


@pytest.mark.parametrize(
    "shares",
    ["", "9100000000000000011|30.00,x", "1|30.00", "9100000000000000011|30.01", "9100000000000000011|-1.00"],
)
def test_shares_that_do_not_fit_the_discount_are_none(trade, shares):
    trade["promotion_details"]["promotion_detail"][3]["kd_child_discount_fee"] = shares

    assert translate(as_bytes(trade)).order.discounts[3] == evolve(ORDER.discounts[3], shares=())


def test_promotions_of_an_only_line_that_fit_no_split_are_the_orders(load):
    payload = load("taobao_trade_single")
    details = payload["trade_fullinfo_get_response"]["trade"]["promotion_details"]["promotion_detail"]
    details[0]["discount_fee"] = "19.00"

    assert [discount.line_no for discount in translate(as_bytes(payload)).order.discounts] == [None, None]


def test_of_two_promotions_alike_the_coupon_is_the_orders(load):
    payload = load("taobao_trade_single")
    trade = payload["trade_fullinfo_get_response"]["trade"]
    line, (sale, coupon) = trade["orders"]["order"][0], trade["promotion_details"]["promotion_detail"]
    line |= {"discount_fee": "5.00", "total_fee": "155.00", "divide_order_fee": "150.00", "payment": "158.00"}
    trade |= {"payment": "158.00"}
    sale["discount_fee"] = "5.00"
    trade["promotion_details"]["promotion_detail"] = [coupon, sale]

    translation = translate(as_bytes(payload))

    assert [(d.kind, d.line_no) for d in translation.order.discounts] == [
        (DiscountKind.COUPON, None),
        (DiscountKind.LINE, "9100000000000000020"),
    ]
    assert translation.mismatches == ()
