"""From what a platform sold to order lines: a bundle's amounts are shared over its parts, to the fen."""

from itertools import pairwise

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from oms_domain.apportionment.parts import net_freight_of, net_of
from oms_domain.apportionment.units import LinePart
from oms_domain.catalog.matching import Sold, SoldPart
from oms_domain.channels.standard import DiscountKind, Funder, LineRefund, PlatformState, StandardDiscount
from oms_domain.kernel.identity import LineId, SkuCode
from oms_domain.kernel.money import Money, total
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.intake import trouble_of
from oms_domain.orders.lines import FromBundle
from oms_domain.orders.placement import place
from oms_domain.orders.selling import lines_of, sold_again
from oms_domain.orders.sub_orders import live_lines
from oms_domain.testing.builders import HAT, SCARF, a_standard_line, a_standard_order, an_id
from oms_domain.testing.strategies import standard_orders

SET = SkuCode("SET")
IDS = [LineId(an_id(100 + n)) for n in range(9)]


def a_part(sku, units, price):
    return SoldPart(sku=SkuCode(sku), title=f"样例 {sku}", spec="", quantity=Quantity(units), list_price=Money(price))


def a_set(*parts):
    return Sold(parts=tuple(a_part(*each) for each in parts), bundle=SET)


def sold_in(standard, sold, at=0):
    """The order lines of one line of an order, with its placed amounts."""
    lines = live_lines(standard)
    placement = place(standard, lines)
    return lines_of(lines[at], sold, placement.parts[at], placement.steps, IDS[: len(sold.parts)]), placement, lines[at]


@st.composite
def sets(draw, quantity):
    parts = draw(st.lists(st.tuples(st.integers(1, 9), st.sampled_from([0, 1, 7, 990, 12345])), min_size=1, max_size=5))
    return a_set(*((f"S{n}", each * quantity, price) for n, (each, price) in enumerate(parts)))


AMOUNTS = ("goods", "line_discount", "order_discount", "payable")


@given(standard_orders(), st.data())
def test_every_amount_of_a_bundle_is_on_its_parts_and_none_is_negative(standard, data):
    if trouble_of(standard) is not None or not live_lines(standard):
        return
    at = data.draw(st.integers(0, len(live_lines(standard)) - 1))
    sold = data.draw(sets(quantity=min(live_lines(standard)[at].quantity, 1000)))

    lines, placement, line = sold_in(standard, sold, at)

    stated = {name: getattr(line, name) for name in AMOUNTS[1:]}
    stated["goods"] = line.unit_price * line.quantity + line.adjustment
    for name in AMOUNTS:
        assert total(getattr(each, name) for each in lines) == stated[name]
        assert all(getattr(each, name) >= Money(0) for each in lines)
    placed = placement.parts[at]
    assert tuple(map(sum, zip(*(each.part.goods for each in lines), strict=True))) == placed.goods
    assert tuple(map(sum, zip(*(each.part.freight for each in lines), strict=True))) == placed.freight
    for each in lines:
        assert all(before >= after >= 0 for before, after in pairwise((*each.part.goods, 0)))
        assert all(before >= after >= 0 for before, after in pairwise((*each.part.freight, 0)))
        assert each.goods.fen == each.part.goods[0]
        assert each.payable.fen == net_of(placement.steps, each.part)
        assert net_freight_of(placement.steps, each.part) >= 0
        assert each.goods - each.line_discount - each.order_discount == each.payable


@given(standard_orders(), st.data())
def test_a_part_without_a_list_price_costs_nothing_beside_one_that_has_one(standard, data):
    if trouble_of(standard) is not None or not live_lines(standard):
        return
    units = data.draw(st.integers(1, 50))

    (dear, free), _, line = sold_in(standard, a_set(("A", units, 500), ("B", units, 0)))

    assert (free.goods, free.payable, set(free.part.goods), set(free.part.freight)) == (Money(0), Money(0), {0}, {0})
    assert dear.payable == line.payable


def a_line():
    """Two sets at 100.00, 5.00 off by hand, 10.00 off the line and 5.01 off the order: 179.99."""
    return a_standard_line(
        sku=SET,
        quantity=Quantity(2),
        unit_price=Money(10000),
        adjustment=Money(-500),
        line_discount=Money(1000),
        order_discount=Money(501),
    )


def test_a_worked_example():
    # List prices: a scarf 99.00, twice in a set; a hat 50.00. So 396.00 : 100.00, 195.00 = 155.69 + 39.31.
    standard = a_standard_order(
        lines=(a_line(),),
        freight=Money(800),
        discounts=(
            StandardDiscount(name="满减", kind=DiscountKind.FULL_REDUCTION, funder=Funder.SHOP, amount=Money(501)),
        ),
    )

    (scarves, hats), placement, _ = sold_in(standard, a_set((SCARF, 4, 9900), (HAT, 2, 5000)))

    assert [str(step.kind) for step in placement.steps] == ["line", "full_reduction"]
    assert scarves.part == LinePart(
        key="1001/SCARF-RED", runs=((0, 4),), goods=(15569, 14770, 14370), freight=(639, 639, 639)
    )
    assert hats.part == LinePart(key="1001/HAT-M", runs=((0, 2),), goods=(3931, 3730, 3629), freight=(161, 161, 161))
    assert (scarves.unit_price, scarves.adjustment) == (Money(3992), Money(-399))
    assert (hats.unit_price, hats.adjustment) == (Money(2016), Money(-101))
    assert (scarves.line_discount, scarves.order_discount, scarves.payable) == (Money(798), Money(401), Money(14370))
    assert (hats.line_discount, hats.order_discount, hats.payable) == (Money(202), Money(100), Money(3629))
    assert scarves.bundle == FromBundle(code=SET, quantity=Quantity(2), list_price_fen=9900, whole=scarves.quantity)
    assert (scarves.platform_line_no, scarves.sku, scarves.title) == ("1001", SCARF, "样例 SCARF-RED")
    assert [scarves.id, hats.id] == IDS[:2]
    assert scarves.goods_code == hats.goods_code == "SET"


def test_parts_without_any_list_price_share_by_their_units():
    (two, one), _, _ = sold_in(a_standard_order(lines=(a_line(),)), a_set((SCARF, 4, 0), (HAT, 2, 0)))

    assert (two.goods, one.goods) == (Money(13000), Money(6500))


def test_parts_are_refunded_closed_and_shipped_with_their_sub_order():
    line = evolve(a_line(), state=PlatformState.SHIPPED, refund=LineRefund.REFUSED, is_gift=True)
    sold = evolve(a_set((SCARF, 4, 1), (HAT, 2, 1)), is_gift=True)

    lines, _, _ = sold_in(a_standard_order(lines=(line,), state=PlatformState.SHIPPED), sold)

    assert [(each.shipped, each.refund, each.is_gift, each.is_closed) for each in lines] == [
        (4, LineRefund.REFUSED, True, False),
        (2, LineRefund.REFUSED, True, False),
    ]


def test_a_mapped_line_remembers_what_the_platform_calls_it():
    standard = a_standard_order(lines=(a_standard_line(sku=SkuCode("THEIRS")),))
    sold = Sold(parts=(a_part(SCARF, 2, 9900),))

    (line,), _, _ = sold_in(standard, sold)

    assert (line.sku, line.sold_as, line.goods_code, line.bundle) == (SCARF, "THEIRS", "THEIRS", None)


def test_more_of_a_bundle_is_more_of_each_part():
    standard = a_standard_order(lines=(a_line(),))
    sold = a_set((SCARF, 4, 9900), (HAT, 2, 5000))
    lines, _, line = sold_in(standard, sold)

    assert sold_again(lines, line) == sold
    assert sold_again(lines, evolve(line, quantity=Quantity(5))) == a_set((SCARF, 10, 9900), (HAT, 5, 5000))
    assert sold_again(lines, evolve(line, quantity=Quantity(500_001))) is None


def test_more_of_a_sku_is_more_of_it():
    standard = a_standard_order()
    sold = Sold(parts=(a_part(SCARF, 2, 9900),))
    lines, _, line = sold_in(standard, sold)

    (part,) = sold_again(lines, evolve(line, quantity=Quantity(7))).parts

    assert (part.sku, part.quantity) == (SCARF, 7)
