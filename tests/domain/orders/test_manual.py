"""Orders that a person puts in: amounts to the fen, whatever is missing told at once."""

from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from oms_domain.apportionment.policy import ApportionmentPolicy
from oms_domain.catalog.matching import Sold, SoldPart
from oms_domain.channels.standard import DiscountKind, OrderKind, Platform
from oms_domain.kernel.errors import InvalidAmount
from oms_domain.kernel.identity import SkuCode
from oms_domain.kernel.money import LARGEST_FEN, Money, total
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.events import OrderCreated
from oms_domain.orders.flags import GROUP_OPEN, NotInTheFuture
from oms_domain.orders.manual import (
    CannotWaitForPayment,
    DepositOutOfBounds,
    FieldsMissing,
    Goods,
    NoGroup,
    ReductionTooHigh,
    Wanted,
    manual_order,
    require,
)
from oms_domain.orders.marks import Business, DeliveryMode, OrderSource
from oms_domain.orders.payment import CLOCKS_DIFFER, InTheFuture, PaidBeforePlaced
from oms_domain.orders.states import OrderState as S
from oms_domain.testing.builders import BUYER, NOW, ORDER, RECEIVER, REGION, SHOP, an_id

POLICY = ApportionmentPolicy()


def goods(code="CUP", units=2, price=1_000, **changes):
    part = SoldPart(sku=SkuCode(code), title="杯", spec="", quantity=Quantity(units), list_price=Money(price))
    sold = Sold(parts=(part,), is_gift=changes.pop("is_gift", False))
    return Goods(code=SkuCode(code), title="杯", units=Quantity(units), unit_price=Money(price), sold=sold)


def wanted(*lines, **changes):
    facts = {
        "shop_id": SHOP,
        "platform": Platform.TAOBAO,
        "platform_order_no": "M-1",
        "kind": OrderKind.NORMAL,
        "business": Business.RETAIL,
        "delivery": DeliveryMode.COURIER,
        "cash_on_delivery": False,
        "warehouse": None,
        "carrier": None,
        "lines": lines or (goods(), goods("TIN", 1, 3_000)),
        "freight": Money(800),
        "discount": Money(0),
        "coupon": Money(0),
        "deposit": None,
        "receiver": RECEIVER,
        "buyer": BUYER,
        "region": REGION,
        "note": "",
        "placed_at": NOW,
        "paid_at": NOW,
    }
    return Wanted(**facts | changes)


def made(*lines, policy=POLICY, **changes):
    order = wanted(*lines, **changes)
    ids = [an_id(200 + n) for n in range(sum(len(line.sold.parts) for line in order.lines))]
    return manual_order(order, id=ORDER, number="S1", line_ids=ids, policy=policy, at=NOW)


def test_a_manual_order_is_paid_and_begins_like_any_other():
    change = made(note="急")

    order = change.state
    assert (order.source, order.platform_order_id, order.state) == (OrderSource.MANUAL, None, S.AWAITING_ALLOCATION)
    assert (order.payable, order.paid, order.freight, order.note) == (Money(5_800), Money(5_800), Money(800), "急")
    assert [(line.sku, line.payable, line.is_gift) for line in order.lines] == [
        ("CUP", Money(2_000), False),
        ("TIN", Money(3_000), False),
    ]
    assert change.events == (
        OrderCreated(
            order_id=ORDER,
            state=S.AWAITING_ALLOCATION,
            number="S1",
            platform_order_id=None,
            payable=Money(5_800),
            paid=Money(5_800),
            at=NOW,
        ),
    )


def test_discount_and_coupon_are_placed_by_the_waterfall_and_gifts_carry_nothing():
    lines = (goods(), goods("TIN", 1, 3_000), goods("CARD", 1, 0, is_gift=True))

    state = made(*lines, discount=Money(500), coupon=Money(1)).state

    assert [line.payable.fen for line in state.lines] == [1_800, 2_699, 0]
    assert state.lines[-1].is_gift
    assert {step.kind: step.amount_fen for step in state.steps} == {DiscountKind.OTHER: 500, DiscountKind.COUPON: 1}
    assert state.payable == Money(4_499 + 800)


@settings(max_examples=40)
@given(
    prices=st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 50)), min_size=1, max_size=5),
    freight=st.integers(0, 10**5),
    data=st.data(),
)
def test_whatever_is_put_in_adds_up_to_the_fen(prices, freight, data):
    lines = [goods(f"SKU-{at}", units, price) for at, (price, units) in enumerate(prices)]
    worth = sum(price * units for price, units in prices)
    discount = data.draw(st.integers(0, worth))
    coupon = data.draw(st.integers(0, worth - discount))

    order = made(*lines, freight=Money(freight), discount=Money(discount), coupon=Money(coupon)).state

    assert order.payable == Money(worth - discount - coupon + freight)
    assert total(line.payable for line in order.lines) + order.freight == order.payable


def test_a_bundle_becomes_its_parts():
    parts = tuple(
        SoldPart(sku=SkuCode(sku), title="", spec="", quantity=Quantity(units), list_price=Money(price))
        for sku, units, price in (("CUP", 4, 1_000), ("TIN", 2, 3_000))
    )
    box = evolve(goods("BOX", 2, 4_500), sold=Sold(parts=parts, bundle=SkuCode("BOX")))

    order = made(box, freight=Money(0)).state

    assert [(line.sku, line.quantity, line.payable, line.bundle.code) for line in order.lines] == [
        ("CUP", 4, Money(3_600), "BOX"),
        ("TIN", 2, Money(5_400), "BOX"),
    ]


def test_cash_on_delivery_and_deposits_leave_something_to_pay():
    cash = made(cash_on_delivery=True).state
    deposit = made(kind=OrderKind.PRESALE, deposit=Money(1_000)).state
    whole = made(kind=OrderKind.PRESALE).state

    assert (cash.paid, cash.paid_at) == (Money(0), None)
    assert (deposit.paid, deposit.paid_at, whole.paid) == (Money(1_000), NOW, whole.payable)


@pytest.mark.parametrize(
    "changes",
    [
        {"deposit": Money(1_000)},
        {"kind": OrderKind.PRESALE, "deposit": Money(0)},
        {"kind": OrderKind.PRESALE, "deposit": Money(5_800)},
        {"kind": OrderKind.PRESALE, "deposit": Money(1), "cash_on_delivery": True},
    ],
)
def test_a_deposit_that_cannot_be_is_refused(changes):
    with pytest.raises(DepositOutOfBounds):
        made(**changes)


def test_more_off_than_the_goods_cost_is_refused_and_sums_that_no_store_holds():
    with pytest.raises(ReductionTooHigh):
        made(discount=Money(4_000), coupon=Money(1_001))
    with pytest.raises(InvalidAmount):
        made(goods("CUP", 10**6, LARGEST_FEN))


@pytest.mark.parametrize("field", ["placed_at", "paid_at"])
def test_what_has_not_happened_yet_is_refused_but_for_a_clock_that_is_ahead(field):
    assert made(**{field: NOW + CLOCKS_DIFFER}).state.payable == Money(5_800)
    with pytest.raises(InTheFuture) as refused:
        made(**{field: NOW + CLOCKS_DIFFER + timedelta(seconds=1)})
    assert refused.value.field == field


def test_what_was_paid_before_it_was_placed_is_refused():
    with pytest.raises(PaidBeforePlaced) as refused:
        made(placed_at=NOW, paid_at=NOW - CLOCKS_DIFFER - timedelta(seconds=1))
    assert refused.value.field == "paid_at"


def test_a_reissue_costs_nothing_and_names_its_order():
    order = made(goods("CUP", 1, 0, is_gift=True), freight=Money(0), kind=OrderKind.REISSUE, original=an_id(5)).state

    assert (order.payable, order.paid, order.original_id) == (Money(0), Money(0), an_id(5))


def test_everything_that_is_missing_is_told_at_once():
    require({"shop": "tb-1", "lines": (1,)})
    with pytest.raises(FieldsMissing) as refused:
        require({"shop": None, "kind": "normal", "receiver.name": " ", "receiver.city": False, "lines": ()})

    assert refused.value.missing == ("shop", "receiver.name", "receiver.city", "lines")
    assert refused.value.field == "shop"


def test_one_that_is_not_paid_yet_waits_for_its_payment():
    order = made(unpaid=True).state

    assert (order.state, order.paid, order.paid_at) == (S.AWAITING_PAYMENT, Money(0), None)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"cash_on_delivery": True}, "cash_on_delivery"),
        ({"kind": OrderKind.PRESALE, "deposit": Money(100)}, "deposit"),
        ({"discount": Money(5_000), "freight": Money(0)}, "nothing_to_pay"),
    ],
)
def test_what_is_paid_otherwise_or_costs_nothing_does_not_wait_for_a_payment(changes, why):
    with pytest.raises(CannotWaitForPayment) as refusal:
        made(unpaid=True, **changes)

    assert refusal.value.fields() == {"field": "paid", "why": why}


def test_one_of_a_group_waits_until_that_stands():
    until = NOW + timedelta(days=1)

    order = made(kind=OrderKind.GROUP_BUY, group_until=until).state

    assert [(flag.reason, flag.until) for flag in order.flags] == [(GROUP_OPEN, until)]
    with pytest.raises(NoGroup):
        made(group_until=until)
    with pytest.raises(NotInTheFuture):
        made(kind=OrderKind.GROUP_BUY, group_until=NOW - timedelta(days=1))
