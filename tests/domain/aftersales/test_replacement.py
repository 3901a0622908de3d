"""The order that sends new goods for a case: of 0 amount, the same goods or what stands in for them."""

from attrs import evolve

from oms_domain.aftersales.replacement import replacement_order
from oms_domain.aftersales.states import CaseKind
from oms_domain.aftersales.values import CaseLine
from oms_domain.channels.standard import OrderKind, Region
from oms_domain.kernel.identity import LineId, OrderId, SkuCode
from oms_domain.kernel.money import Money
from oms_domain.orders.states import OrderState
from oms_domain.testing.aftersales import a_case
from oms_domain.testing.builders import HAT, LINE, NOW, OTHER_LINE, SCARF, a_sales_order, an_id, an_order_line


def made(*lines, **of_case):
    order = a_sales_order(
        state=OrderState.SIGNED, lines=(an_order_line(), an_order_line(id=OTHER_LINE, sku=HAT, title="帽子"))
    )
    case = a_case(kind=CaseKind.EXCHANGE, lines=lines, **of_case)
    return order, replacement_order(
        case,
        order,
        id=OrderId(an_id(90)),
        number="S-9",
        line_ids=[LineId(an_id(91 + at)) for at in range(len(lines))],
        receiver=order.receiver,
        at=NOW,
    )


def test_it_costs_nothing_goes_to_the_receiver_and_is_worked_on_like_any_other():
    order, change = made(CaseLine(line_id=LINE, sku=SCARF, units=((0, 1), (2, 3))))
    new = change.state

    assert (new.kind, new.state, new.payable, new.paid) == (
        OrderKind.REISSUE,
        OrderState.AWAITING_ALLOCATION,
        Money(0),
        Money(0),
    )
    assert (new.receiver, new.region, new.platform_order_id) == (order.receiver, order.region, None)
    assert [(line.sku, line.quantity, line.title, line.is_gift) for line in new.lines] == [
        (SCARF, 2, order.lines[0].title, True)
    ]
    assert [event.type for event in change.events] == ["orders.order_created"]


def test_another_address_has_its_own_region():
    region = Region(province="浙江省", city="杭州市", district="西湖区")

    _, change = made(CaseLine(line_id=LINE, sku=SCARF, units=((0, 1),)), send_region=region)

    assert change.state.region == region


def test_another_sku_stands_in_for_what_came_back():
    _, change = made(
        CaseLine(line_id=LINE, sku=SCARF, units=((0, 1),), replacement=SkuCode("SCARF-L")),
        CaseLine(line_id=OTHER_LINE, sku=HAT, units=((0, 1),)),
    )

    assert [(line.sku, line.title, line.spec) for line in change.state.lines] == [
        ("SCARF-L", "SCARF-L", ""),
        (HAT, "帽子", "颜色:红"),
    ]
    assert evolve(change.state, version=1).lines == change.state.lines
