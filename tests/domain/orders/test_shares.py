"""What a platform order says of each live order that has some of it."""

from datetime import timedelta

import pytest
from attrs import evolve

from oms_domain.channels.standard import LineRefund, PlatformState, Region
from oms_domain.kernel.identity import LineId, OrderId, PlatformOrderId
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.shares import paid_shares, shares_of, whole
from oms_domain.orders.states import OrderState
from oms_domain.testing.builders import (
    LINE,
    NOW,
    ORDER,
    OTHER_LINE,
    PLATFORM_ORDER,
    a_platform_order,
    a_sales_order,
    a_standard_line,
    a_standard_order,
    an_id,
    an_order_line,
)

P, S = PlatformState, OrderState
OTHER = PlatformOrderId(an_id(99))


def halves(**changes):
    """Return the scarves and the hat of the one order as orders of their own."""
    order = a_sales_order()
    scarves, hat = order.lines
    freight = [Money(line.part.freight[-1]) for line in (scarves, hat)]
    return tuple(
        evolve(
            order,
            id=OrderId(an_id(40 + n)),
            lines=(evolve(line, id=LineId(an_id(50 + n)), from_line=line.id),),
            freight=freight[n],
            payable=line.payable + freight[n],
            paid=line.payable + freight[n],
            origins=(ORDER,),
            **changes,
        )
        for n, line in enumerate((scarves, hat))
    )


def known(state=P.TO_SHIP, scarves=None, hat=None, **changes):
    """Return the platform order, its lines in states of their own where they are named."""
    lines = tuple(
        evolve(line, **own or {}) for line, own in zip(a_standard_order(state=state).lines, (scarves, hat), strict=True)
    )
    # Its own lines have no order discount; ours have none either.
    return a_platform_order(standard=a_standard_order(state=state, lines=lines, **changes))


def shares(platform_order, *holders, others=None):
    found = shares_of(platform_order, holders, others or {})
    return [found[order.id] for order in holders]


def told(platform_order, *holders, others=None):
    return [share.standard.state for share in shares(platform_order, *holders, others=others)]


def test_an_order_alone_has_all_of_it():
    order, platform_order = a_sales_order(), a_platform_order()

    (share,) = shares(platform_order, order)

    assert share == whole(order, platform_order.standard)
    assert (share.is_whole, share.lines_differ, share.payable_differs) == (True, False, False)


def test_each_part_is_told_of_its_own_lines_and_money():
    scarves, hat = halves()

    one, other = shares(known(), scarves, hat)

    assert ([line.line_no for line in one.standard.lines], [line.line_no for line in other.standard.lines]) == (
        ["1001"],
        ["1002"],
    )
    assert [share.standard.payable for share in (one, other)] == [scarves.payable, hat.payable]
    assert [share.standard.paid for share in (one, other)] == [scarves.payable, hat.payable]
    assert not any(share.is_whole or share.lines_differ or share.payable_differs for share in (one, other))


@pytest.mark.parametrize("state", [P.UNPAID, P.PAID_ON_HOLD, P.CLOSED_UNPAID, P.CLOSED_REFUNDED])
def test_some_states_are_those_of_every_part(state):
    assert told(known(state), *halves()) == [state, state]


def test_a_part_stands_where_its_lines_stand():
    assert told(known(hat={"state": P.CLOSED_REFUNDED}), *halves()) == [P.TO_SHIP, P.CLOSED_REFUNDED]
    assert told(known(P.PARTLY_SHIPPED, {"state": P.SHIPPED}, {"state": P.TO_SHIP}), *halves()) == [
        P.SHIPPED,
        P.TO_SHIP,
    ]


def test_a_line_that_is_not_told_of_stands_where_the_order_stands():
    scarves, hat = halves()
    gone = a_platform_order(standard=a_standard_order(lines=a_standard_order().lines[:1]))

    one, other = shares(gone, scarves, hat)

    assert (other.standard.state, other.theirs, one.lines_differ, other.lines_differ) == (P.TO_SHIP, {}, True, True)


def test_units_that_left_from_one_order_have_not_left_from_the_other():
    line = a_sales_order(freight=Money(0)).lines[0]
    first, second = (
        evolve(order, lines=order.lines, state=state, paid=order.payable)
        for order, state in zip(_cut(line), (S.SHIPPED, S.AWAITING_CS_REVIEW), strict=True)
    )
    platform_order = a_platform_order(
        standard=a_standard_order(state=P.SHIPPED, lines=(a_standard_line(state=P.SHIPPED),), freight=Money(0))
    )

    assert told(platform_order, first, second) == [P.SHIPPED, P.TO_SHIP]
    assert told(platform_order, evolve(first, external=True), second) == [P.SHIPPED, P.SHIPPED]


def _cut(line):
    """Return the two units of a line as two orders."""
    whole_order = a_sales_order(lines=(line,), freight=Money(0))
    parts = [line.part.cut(((n, n + 1),))[0] for n in range(2)]
    for n, part in enumerate(parts):
        amounts = {"unit_price": line.unit_price, "quantity": Quantity(1), "line_discount": Money(500)}
        piece = an_order_line(id=LineId(an_id(60 + n)), from_line=line.id, part=part, **amounts)
        yield evolve(
            whole_order,
            id=OrderId(an_id(40 + n)),
            lines=(piece,),
            payable=piece.payable,
            paid=piece.payable,
            origins=(ORDER,),
        )


def test_other_goods_and_prices_are_told_to_live_orders_alone():
    scarves, hat = halves()
    more = known(scarves={"quantity": Quantity(3), "adjustment": Money(-9900)})
    dearer = known(freight=Money(900))

    assert [share.lines_differ for share in shares(more, scarves, evolve(hat, state=S.CANCELLED))] == [True, False]
    assert [share.payable_differs for share in shares(dearer, scarves, evolve(hat, state=S.CANCELLED))] == [True, False]


def merged():
    """Return an order of two platform orders, a line of each, and what the second one is at the platform."""
    own, foreign = {"platform_order_id": OTHER, "platform_order_no": "91-B"}, a_standard_line(line_no="7")
    order = a_sales_order(
        lines=(an_order_line(), an_order_line(id=OTHER_LINE, platform_line_no="7", **own)),
        origins=(ORDER, OrderId(OTHER)),
    )
    standard = a_standard_order(
        order_no="91-B", lines=(foreign,), buyer_remark="乙", promised_ship_at=NOW, seller_flag=2
    )
    return order, a_platform_order(id=OTHER, standard=standard)


def one_line(state=P.TO_SHIP, order_state=None, **changes):
    lines = (a_standard_line(state=state),)
    return a_platform_order(standard=a_standard_order(state=order_state or state, lines=lines, **changes))


@pytest.mark.parametrize(
    ("first", "second", "state"),
    [
        (P.TO_SHIP, P.TO_SHIP, P.TO_SHIP),
        (P.SHIPPED, P.TO_SHIP, P.PARTLY_SHIPPED),
        (P.FINISHED, P.SHIPPED, P.SHIPPED),
        (P.PAID_ON_HOLD, P.TO_SHIP, P.PAID_ON_HOLD),
        (P.CLOSED_REFUNDED, P.TO_SHIP, P.TO_SHIP),
        (P.CLOSED_REFUNDED, P.CLOSED_REFUNDED, P.CLOSED_REFUNDED),
    ],
)
def test_a_merged_order_stands_where_all_its_lines_stand(first, second, state):
    order, other = merged()
    lines = (evolve(other.standard.lines[0], state=second),)
    other = evolve(other, standard=evolve(other.standard, state=second, lines=lines))

    assert told(one_line(first), order, others={OTHER: other}) == [state]


def test_a_merged_order_is_told_of_all_that_is_in_it():
    order, other = merged()
    later = NOW + timedelta(days=1)

    (share,) = shares(one_line(buyer_remark="甲", promised_ship_at=later), order, others={OTHER: other})

    standard = share.standard
    assert (standard.buyer_remark, standard.promised_ship_at, standard.seller_flag) == ("甲 | 乙", NOW, 2)
    assert set(share.theirs) == {LINE, OTHER_LINE}
    assert not share.refund_asked
    moved = one_line(region=Region(province="湖南省"))
    assert shares(moved, order, others={OTHER: other})[0].standard.region == Region(province="湖南省")


def test_a_refund_that_is_asked_for_is_told_to_who_has_the_line():
    asked = known(scarves={"refund": LineRefund.OPEN})

    assert [share.refund_asked for share in shares(asked, *halves())] == [True, False]
    assert whole(a_sales_order(), asked.standard).refund_asked


def test_a_deposit_is_shared_by_what_each_part_costs():
    scarves, hat = halves()

    found = shares(known(paid=Money(100)), scarves, hat)

    assert [share.standard.paid.fen for share in found] == list(
        paid_shares(100, [scarves.payable.fen, hat.payable.fen])
    )
    assert sum(share.standard.paid.fen for share in found) == 100
    assert paid_shares(7, [0, 0]) == (7, 0)


def test_lines_that_are_ours_alone_are_told_of_by_nobody():
    scarves, hat = halves()
    line = scarves.lines[0]
    nets = (0,) * len(line.part.goods)
    nothing = {"unit_price": Money(0), "adjustment": Money(0), "line_discount": Money(0), "payable": Money(0)}
    part = evolve(line.part, key="gift", goods=nets, freight=nets)
    gift = evolve(line, id=LineId(an_id(77)), platform_line_no="", part=part, **nothing)

    found = shares(known(), evolve(scarves, lines=(*scarves.lines, gift)), hat)

    assert [len(share.theirs) for share in found] == [1, 1]
    assert not found[0].lines_differ
    assert scarves.platform_order_id == PLATFORM_ORDER
