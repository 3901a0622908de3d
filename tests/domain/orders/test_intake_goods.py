"""Orders whose goods the catalogue has named: what must be found out, and how bundles follow their platform order."""

from datetime import timedelta

from attrs import evolve

from oms_domain.catalog.matching import Sold, SoldPart
from oms_domain.channels.standard import LineRefund, PlatformState
from oms_domain.kernel.identity import SkuCode
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders import events as e
from oms_domain.orders.flags import FlagKind
from oms_domain.orders.intake import begin, follow
from oms_domain.orders.states import OrderState
from oms_domain.orders.sub_orders import lines_to_match, lost_lines
from oms_domain.testing.builders import (
    HAT,
    LINE_IDS,
    NOW,
    ORDER,
    SCARF,
    a_platform_order,
    a_sales_order,
    a_standard_line,
    a_standard_order,
)

P, S = PlatformState, OrderState
LATER = NOW + timedelta(hours=1)
SET = SkuCode("SET")


def a_set_line(**changes):
    """One set at 100.00 a piece."""
    return a_standard_line(
        **{"sku": SET, "quantity": Quantity(1), "unit_price": Money(10000), "line_discount": Money(0)} | changes
    )


def a_plain_line(**changes):
    return a_standard_line(line_no="1002", sku=HAT, quantity=Quantity(1), line_discount=Money(0), **changes)


def parts(*each, bundle=None):
    return Sold(
        parts=tuple(
            SoldPart(sku=sku, title=sku, spec="", quantity=Quantity(units), list_price=Money(price))
            for sku, units, price in each
        ),
        bundle=bundle,
    )


SOLD = {"1001": parts((SCARF, 2, 9900), (HAT, 1, 5000), bundle=SET), "1002": parts((HAT, 1, 5000))}


def begun(state=P.TO_SHIP):
    """A set of two scarves and a hat, and a hat besides."""
    standard = a_standard_order(lines=(a_set_line(state=state), a_plain_line(state=state)), state=state)
    order = begin(
        a_platform_order(standard=standard), order_id=ORDER, number="S1", sold=SOLD, line_ids=LINE_IDS, at=NOW
    )
    return order.state, standard


def following(order, standard, **more):
    return follow(order, a_platform_order(standard=standard), at=LATER, **more)


def differences(change):
    return [event.what for event in change.events if isinstance(event, e.OrderDiffers)]


def test_an_order_has_a_line_for_each_part_of_a_bundle_and_for_each_sku():
    order, _ = begun()

    assert [(line.platform_line_no, line.sku, line.quantity) for line in order.lines] == [
        ("1001", SCARF, 2),
        ("1001", HAT, 1),
        ("1002", HAT, 1),
    ]
    assert [line.id for line in order.lines] == list(LINE_IDS[:3])
    assert order.payable == Money(10000 + 9900 + 800)


def test_of_an_order_to_be_made_all_lines_that_count_must_be_known():
    gone = a_plain_line(state=P.CLOSED_UNPAID)

    assert lines_to_match(None, a_standard_order(lines=(a_set_line(), gone))) == (a_set_line(),)


def test_of_an_unpaid_order_only_other_goods_must_be_found_out():
    order, standard = begun(P.UNPAID)
    other = evolve(standard, lines=(evolve(standard.lines[0], sku=SkuCode("NEW")), standard.lines[1]))

    assert lines_to_match(order, standard) == ()
    assert lines_to_match(order, other) == (other.lines[0],)


def test_a_paid_order_keeps_what_it_was_made_of():
    order, standard = begun()

    assert lines_to_match(order, evolve(standard, lines=(a_set_line(sku=SkuCode("NEW")),))) == ()


def test_the_same_again_changes_nothing():
    for state in (P.UNPAID, P.TO_SHIP):
        order, standard = begun(state)

        assert following(order, standard).events == ()


def test_an_unpaid_bundle_is_priced_anew_on_the_lines_that_are_there():
    order, standard = begun(P.UNPAID)
    cheaper = evolve(standard, lines=(a_set_line(unit_price=Money(4960), quantity=Quantity(3), state=P.UNPAID),))
    cheaper = evolve(cheaper, payable=Money(3 * 4960 + 800))

    change = following(order, cheaper)

    assert differences(change) == []
    assert [(line.id, line.sku, line.quantity, line.payable) for line in change.state.lines] == [
        (LINE_IDS[0], SCARF, 6, Money(11880)),
        (LINE_IDS[1], HAT, 3, Money(3000)),
    ]


def test_other_goods_of_an_unpaid_line_take_its_place():
    order, standard = begun(P.UNPAID)
    other = evolve(standard, lines=(standard.lines[0], evolve(standard.lines[1], sku=SkuCode("THEIRS"))))

    change = following(order, other, sold={"1002": parts((SkuCode("BAG"), 1, 1))})

    assert differences(change) == []
    assert [(line.sku, line.goods_code) for line in change.state.lines][2] == (SkuCode("BAG"), "THEIRS")
    assert change.state.lines[2].id == LINE_IDS[2]


def test_a_bundle_in_the_place_of_a_sku_is_for_a_person():
    order, standard = begun(P.UNPAID)
    other = evolve(standard, lines=(standard.lines[0], evolve(standard.lines[1], sku=SET)))

    change = following(order, other, sold={"1002": SOLD["1001"]})

    assert differences(change) == ["lines"]
    assert change.state.lines == order.lines
    assert [flag.kind for flag in change.state.flags] == [FlagKind.INTERCEPTED]


def test_another_number_of_a_paid_bundle_is_for_a_person():
    order, standard = begun()
    more = evolve(standard.lines[0], quantity=Quantity(2), unit_price=Money(5000))

    change = following(order, evolve(standard, lines=(more, standard.lines[1])))

    assert differences(change) == ["lines"]


def test_a_refunded_bundle_closes_all_of_its_parts():
    order, standard = begun()
    refunded = evolve(standard.lines[0], state=P.CLOSED_REFUNDED, refund=LineRefund.SUCCEEDED)

    change = following(order, evolve(standard, lines=(refunded, standard.lines[1])))

    assert [line.is_closed for line in change.state.lines] == [True, True, False]
    assert lost_lines(order, change.state) == tuple(LINE_IDS[:2])
    assert change.state.contents == ((LINE_IDS[2], HAT, 1),)


def test_a_bundle_that_left_without_us_left_with_all_of_its_parts():
    order, standard = begun()
    external = evolve(order, state=S.SHIPPED, external=True)
    sent = evolve(standard.lines[0], state=P.SHIPPED)

    change = following(external, evolve(standard, state=P.PARTLY_SHIPPED, lines=(sent, standard.lines[1])))

    assert [line.shipped for line in change.state.lines] == [2, 1, 0]


def test_what_was_sold_under_the_code_of_its_sku_needs_no_name_of_its_own():
    assert a_sales_order().lines[0].goods_code == SCARF
