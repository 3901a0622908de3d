"""Editing an order in review: what changes, what stays, and that no unit and no fen is lost."""

from itertools import count

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from oms_domain.apportionment.units import joined
from oms_domain.channels.standard import Region
from oms_domain.inventory.stock import Handover
from oms_domain.kernel.change import Change
from oms_domain.kernel.errors import MoveNotAllowed
from oms_domain.kernel.identity import CarrierCode, LineId, VaultId
from oms_domain.kernel.money import Money, total
from oms_domain.kernel.text import InvalidText
from oms_domain.orders import events as e
from oms_domain.orders.editing import (
    AddedGift,
    InvalidMark,
    MoreUnitsAsked,
    NoSuchLine,
    NothingLeft,
    OrderEdit,
    Replacement,
    TooManyTags,
    edited,
    moves_stock,
    refund_due,
    surplus,
    told,
)
from oms_domain.orders.intake import follow
from oms_domain.orders.sales_order import AddressAtPlatform, PartyRef
from oms_domain.orders.states import ORDER_TABLE, OrderMove, OrderState
from oms_domain.testing import strategies
from oms_domain.testing.builders import (
    HAT,
    LINE,
    NOW,
    ORDER,
    OTHER_LINE,
    RECEIVER,
    REGION,
    SCARF,
    a_platform_order,
    a_sales_order,
    a_standard_order,
    an_id,
)

S = OrderState
BAG, CARD = "BAG", "CARD"
ELSEWHERE = Region(province="广东省", city="深圳市", district="宝安区")
OTHER_RECEIVER = PartyRef(vault_id=VaultId(an_id(9)), mask="新** *******0002", digest="receiver-2")


def do(order=None, **edit):
    order = order or a_sales_order()
    return edited(order, OrderEdit(**edit), line_ids=(LineId(an_id(n)) for n in count(3000)), at=NOW)


def differences(order):
    """Return what differs from the platform order that it was made of."""
    events = follow(order, a_platform_order(), at=NOW).events
    return [event.what for event in events if isinstance(event, e.OrderDiffers)]


def rows(order):
    return [(line.sku, line.quantity, line.is_closed) for line in order.lines]


# --- what is said of an order ----------------------------------------------------------------------------------------


def test_what_is_not_named_stays():
    order = a_sales_order(note="旧", mark=2, tags=("VIP",))

    assert do(order) == order
    assert told(order, do(order), at=NOW) == Change(order)


def test_remark_mark_and_tags():
    order = a_sales_order(tags=("VIP", "急"))

    after = do(order, note="电话 13000000001 联系", mark=3, add_tags=("大件",), remove_tags=("急",))

    assert (after.note, after.mark, after.tags) == ("电话 *********** 联系", 3, ("VIP", "大件"))
    fact = e.OrderEdited(order_id=ORDER, state=order.state, what=("mark", "note", "tags"), refund_due=Money(0), at=NOW)
    assert told(order, after, at=NOW) == Change(after, (fact,))


def test_a_carrier_takes_the_promise_of_another_along():
    order = a_sales_order(carrier=CarrierCode("SF"), planned_ship_at=NOW)

    assert do(order, carrier=CarrierCode("SF")).planned_ship_at == NOW
    after = do(order, carrier=CarrierCode("YTO"))
    assert (after.carrier, after.planned_ship_at) == ("YTO", None)
    assert do(order, carrier=CarrierCode("")).carrier is None


@pytest.mark.parametrize(
    ("edit", "refusal"),
    [
        ({"note": "x" * 501}, InvalidText),
        ({"mark": 10}, InvalidMark),
        ({"mark": -1}, InvalidMark),
        ({"add_tags": tuple(map(str, range(21)))}, TooManyTags),
        ({"quantities": ((LineId(an_id(99)), 1),)}, NoSuchLine),
        ({"quantities": ((LINE, 3),)}, MoreUnitsAsked),
        ({"quantities": ((LINE, -1),)}, MoreUnitsAsked),
        ({"quantities": ((LINE, 0), (OTHER_LINE, 0))}, NothingLeft),
        ({"replacements": (Replacement(line_id=LineId(an_id(99)), sku=BAG, title="包"),)}, NoSuchLine),
    ],
)
def test_what_makes_no_sense_is_refused(edit, refusal):
    with pytest.raises(refusal):
        do(**edit)


@pytest.mark.parametrize("state", S)
def test_an_order_is_edited_in_review_alone(state):
    order = a_sales_order(state=state)
    if OrderMove.EDIT in ORDER_TABLE[state]:
        assert do(order, note="好").state is state
    elif state is S.BACKORDERED:  # restocked: to be allocated, or not edited
        assert do(order, note="好").state is S.AWAITING_ALLOCATION
    else:
        with pytest.raises(MoveNotAllowed):
            do(order, note="好")


# --- where it goes ---------------------------------------------------------------------------------------------------


def test_another_address_stands_until_the_platform_has_news():
    order = a_sales_order()

    after = do(order, receiver=OTHER_RECEIVER, region=ELSEWHERE)

    assert (after.receiver, after.region) == (OTHER_RECEIVER, ELSEWHERE)
    assert after.addresses_at_platform == (AddressAtPlatform(digest=RECEIVER.digest, region=REGION),)
    again = do(after, receiver=RECEIVER, region=ELSEWHERE)
    assert again.addresses_at_platform == after.addresses_at_platform
    same = follow(after, a_platform_order(), at=NOW).state
    assert (same.receiver, same.region) == (OTHER_RECEIVER, ELSEWHERE)
    moved = a_platform_order(standard=a_standard_order(region=Region(province="湖南省")))
    news = follow(after, moved, at=NOW).state
    assert (news.receiver, news.region, news.addresses_at_platform) == (RECEIVER, Region(province="湖南省"), ())


# --- goods -----------------------------------------------------------------------------------------------------------


def test_another_sku_keeps_the_lines_amounts():
    order = a_sales_order()

    after = do(order, replacements=(Replacement(line_id=LINE, sku=BAG, title="包", spec="黑"),))

    line = after.lines[0]
    assert (line.sku, line.title, line.spec, line.goods_code) == (BAG, "包", "黑", SCARF)
    assert (line.payable, line.part) == (order.lines[0].payable, order.lines[0].part)
    back = do(after, replacements=(Replacement(line_id=LINE, sku=SCARF, title="样例围巾", spec="颜色:红"),))
    assert (back.lines, back.lines[0].sold_as) == (order.lines, "")


def test_units_that_leave_stay_as_a_closed_line():
    order = a_sales_order()  # 2 scarves for 188.00, a hat for 40.00

    after = do(order, quantities=((LINE, 1),))

    assert rows(after) == [(SCARF, 1, False), (SCARF, 1, True), (HAT, 1, False)]
    assert (after.payable, refund_due(order, after)) == (order.payable, Money(9400))
    assert told(order, after, at=NOW).events[0].refund_due == Money(9400)
    assert surplus(order, after) == (
        Handover(order_id=ORDER, line_id=LINE, to_order=ORDER, to_line=after.lines[1].id, units=1),
    )
    assert not moves_stock(order, after)


def test_units_that_were_called_off_before_are_not_given_back_again():
    order = a_sales_order()
    order = evolve(order, lines=(evolve(order.lines[0], called_off=1), order.lines[1]))

    after = do(order, quantities=((OTHER_LINE, 0),))

    assert refund_due(order, after) == Money(4000)
    assert after.lines[0].to_ship == 1


def test_a_line_is_dropped_whole():
    order = a_sales_order()

    after = do(order, quantities=((LINE, 2), (OTHER_LINE, 0)))

    assert rows(after) == [(SCARF, 2, False), (HAT, 1, True)]
    assert [(each.line_id, each.to_line) for each in surplus(order, after)] == [(OTHER_LINE, OTHER_LINE)]
    with pytest.raises(NoSuchLine):
        do(after, quantities=((OTHER_LINE, 0),))


def test_what_was_not_paid_is_not_given_back():
    order = a_sales_order(paid=Money(1000))

    assert refund_due(order, do(order, quantities=((LINE, 1),))) == Money(0)
    unpaid = a_sales_order(cash_on_delivery=True)
    assert refund_due(unpaid, do(unpaid, quantities=((LINE, 1),))) == Money(0)


def test_what_left_before_is_not_given_back_again():
    order = a_sales_order()
    once = do(order, quantities=((LINE, 1),))

    twice = do(once, quantities=((OTHER_LINE, 0),))

    assert refund_due(once, twice) == Money(4000)
    assert twice.cancel(reason="不要了", at=NOW).events[0].refund_due == order.paid - Money(9400 + 4000)


def test_a_gift_costs_nothing_and_moves_stock():
    order = a_sales_order()

    after = do(order, gifts=(AddedGift(sku=CARD, title="贺卡", units=2),))

    gift = after.lines[-1]
    assert (gift.sku, gift.quantity, gift.payable, gift.is_gift, gift.platform_line_no) == (CARD, 2, Money(0), True, "")
    assert (after.payable, moves_stock(order, after)) == (order.payable, True)
    assert not [
        event for event in follow(after, a_platform_order(), at=NOW).events if isinstance(event, e.OrderDiffers)
    ]


def test_what_the_platform_sold_stays_known():
    order = do(quantities=((LINE, 1),), replacements=(Replacement(line_id=LINE, sku=BAG, title="包"),))

    assert not [
        event for event in follow(order, a_platform_order(), at=NOW).events if isinstance(event, e.OrderDiffers)
    ]


def test_moving_and_replacing_move_stock_and_less_does_not():
    order = a_sales_order()

    assert moves_stock(order, do(receiver=RECEIVER, region=ELSEWHERE))
    assert moves_stock(order, do(replacements=(Replacement(line_id=LINE, sku=BAG, title="包"),)))
    assert not moves_stock(order, do(note="好", quantities=((OTHER_LINE, 0),)))
    assert moves_stock(do(quantities=((LINE, 1),)), order)


# --- law -------------------------------------------------------------------------------------------------------------


@given(order=strategies.sales_orders(state=S.AWAITING_CS_REVIEW, flags=()), data=st.data())
@settings(max_examples=25)
def test_every_unit_and_amount_stays_on_the_order(order, data):
    order = evolve(order, lines=tuple(evolve(line, shipped=0) for line in order.lines))
    left = {line.id: data.draw(st.integers(0, line.to_ship)) for line in order.lines if line.to_ship}
    if not any(left.values()):
        return

    after = do(order, quantities=tuple(left.items()))

    for name in ("payable", "goods", "line_discount", "order_discount"):
        assert total(getattr(line, name) for line in after.lines) == total(getattr(line, name) for line in order.lines)
    for key in {line.part.key for line in order.lines}:
        units = [run for line in after.lines if line.part.key == key for run in line.part.runs]
        assert joined(units) == joined(run for line in order.lines if line.part.key == key for run in line.part.runs)
    assert {line.id: line.to_ship for line in after.lines if line.to_ship} == {id: n for id, n in left.items() if n}
    assert sum(each.units for each in surplus(order, after)) == sum(line.to_ship for line in order.lines) - sum(
        left.values()
    )
