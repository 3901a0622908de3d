"""Splitting an order: its parts are orders, and every unit and amount of it is in one of them."""

from itertools import count

import pytest
from attrs import evolve
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from oms_domain.apportionment.units import joined
from oms_domain.channels.standard import OrderKind
from oms_domain.inventory.stock import Handover
from oms_domain.kernel.errors import MoveNotAllowed
from oms_domain.kernel.identity import LineId, OrderId
from oms_domain.kernel.money import Money, total
from oms_domain.orders import events as e
from oms_domain.orders.cutting import Dealt, misdealt
from oms_domain.orders.flags import EarlierMayShip, Flag, FlagKind
from oms_domain.orders.states import ORDER_TABLE, OrderMove, OrderState
from oms_domain.split_merge.plan import CannotSplit, Delivery, PlannedPart, Reason, SplitPlan, Trigger
from oms_domain.split_merge.splitting import NewOrder, PlanDoesNotFit, lines_needed, split
from oms_domain.testing import strategies
from oms_domain.testing.builders import LINE, NOW, ORDER, OTHER_LINE, a_sales_order, an_id, an_order_line

S = OrderState
SPLITTABLE = [state for state, row in ORDER_TABLE.items() if OrderMove.SPLIT in row]
AMOUNTS = ("payable", "paid", "freight", "services", "cod_fee")
LINE_AMOUNTS = ("goods", "line_discount", "order_discount", "payable")


def a_plan(*parts, trigger=Trigger.BY_HAND):
    numbered = enumerate(parts, 1)
    return SplitPlan(
        parts=tuple(
            PlannedPart(contents=tuple(part.items()), reasons=(Reason(trigger=trigger, of=f"{n}/{len(parts)}"),))
            for n, part in numbered
        ),
        least=len(parts),
    )


def new_orders(plan, first=1):
    return [NewOrder(id=OrderId(an_id(1000 + n)), number=f"S{n}") for n in range(first, first + len(plan.parts))]


def do(order, plan):
    line_ids = (LineId(an_id(n)) for n in count(2000))
    return split(order, plan, new=new_orders(plan), line_ids=line_ids, at=NOW)


APART = a_plan({LINE: 1}, {LINE: 1, OTHER_LINE: 1})


# --- an example ------------------------------------------------------------------------------------------------------


def test_parts_are_orders_with_what_their_units_carry():
    order = a_sales_order()  # 2 scarves 99.00 − 10.00 for both, a hat at 50.00 − 10.00, freight 8.00

    made = do(order, APART)

    one, other = (change.state for change in made.children)
    assert [(line.sku, line.quantity, line.payable.fen) for line in one.lines] == [("SCARF-RED", 1, 9400)]
    assert [(line.sku, line.quantity, line.payable.fen) for line in other.lines] == [
        ("SCARF-RED", 1, 9400),
        ("HAT-M", 1, 4000),
    ]
    assert (one.payable, other.payable) == (Money(9730), Money(13_870))
    assert [line.part.runs for line in (*one.lines, *other.lines)] == [((0, 1),), ((1, 2),), ((0, 1),)]
    assert [line.from_line for line in (*one.lines, *other.lines)] == [LINE, LINE, OTHER_LINE]


def test_both_sides_know_each_other_and_why():
    order = a_sales_order()

    made = do(order, APART)

    one, other = made.children
    assert made.parent.state == evolve(order, state=S.SPLIT, heirs=(one.state.id, other.state.id))
    assert made.parent.events == (
        e.OrderSplit(order_id=ORDER, state=S.SPLIT, children=made.parent.state.heirs, at=NOW),
    )
    assert (one.state.origins, one.state.split_reasons) == ((ORDER,), ("by_hand 1/2",))
    assert one.events == (
        e.OrderSplitOff(
            order_id=one.state.id,
            state=S.AWAITING_CS_REVIEW,
            number="S1",
            parent=ORDER,
            platform_order_id=order.platform_order_id,
            payable=Money(9730),
            paid=Money(9730),
            reasons=("by_hand 1/2",),
            at=NOW,
        ),
    )


def test_what_the_parent_holds_the_children_hold():
    made = do(a_sales_order(), APART)

    one, other = (change.state for change in made.children)
    assert made.handovers == (
        Handover(order_id=ORDER, line_id=LINE, to_order=one.id, to_line=one.lines[0].id, units=1),
        Handover(order_id=ORDER, line_id=LINE, to_order=other.id, to_line=other.lines[0].id, units=1),
        Handover(order_id=ORDER, line_id=OTHER_LINE, to_order=other.id, to_line=other.lines[1].id, units=1),
    )


def test_who_bought_it_and_when_is_the_same_for_all():
    flag = Flag(kind=FlagKind.HELD, reason="等补款", by="kefu", at=NOW)
    order = a_sales_order(flags=(flag,), buyer_remark="急", placed_at=NOW)

    for change in do(order, APART).children:
        for name in ("receiver", "buyer", "region", "shop_id", "platform_order_no", "placed_at", "paid_at", "flags"):
            assert getattr(change.state, name) == getattr(order, name), name


def test_what_needs_no_warehouse_is_an_order_of_virtual_goods():
    plan = a_plan({LINE: 2}, {OTHER_LINE: 1})
    of = (Delivery.OWN, Delivery.VIRTUAL)
    parts = tuple(
        evolve(part, reasons=(Reason(trigger=Trigger.DELIVERY, of=each),))
        for part, each in zip(plan.parts, of, strict=True)
    )

    made = do(a_sales_order(), evolve(plan, parts=parts))

    assert [child.state.kind for child in made.children] == [OrderKind.NORMAL, OrderKind.VIRTUAL]


def test_a_closed_line_stays_with_the_first_part():
    order = a_sales_order()
    order = evolve(order, lines=(order.lines[0], evolve(order.lines[1], is_closed=True)))

    made = do(order, a_plan({LINE: 1}, {LINE: 1}))

    assert [[line.sku for line in change.state.lines] for change in made.children] == [
        ["SCARF-RED", "HAT-M"],
        ["SCARF-RED"],
    ]
    assert [each.units for each in made.handovers] == [1, 1]


def test_a_line_that_nobody_cuts_keeps_the_units_that_were_called_off():
    order = a_sales_order(lines=(an_order_line(quantity=3, called_off=1), an_order_line(id=OTHER_LINE)))

    one, two = (change.state for change in do(order, a_plan({OTHER_LINE: 2}, {LINE: 2})).children)

    assert [(line.from_line, line.quantity, line.called_off) for line in one.lines] == [(OTHER_LINE, 2, 0)]
    assert [(line.from_line, line.quantity, line.called_off) for line in two.lines] == [(LINE, 3, 1)]
    check_conserved(order, [one, two])


def test_units_that_were_called_off_stay_with_the_first_part():
    order = a_sales_order(lines=(an_order_line(quantity=3, called_off=1), an_order_line(id=OTHER_LINE)))

    one, other = (change.state for change in do(order, a_plan({LINE: 1}, {LINE: 1, OTHER_LINE: 2})).children)

    assert [(line.quantity, line.called_off, line.to_ship) for line in (*one.lines, *other.lines)] == [
        (2, 1, 1),
        (1, 0, 1),
        (2, 0, 2),
    ]
    assert one.lines[0].given_up == order.lines[0].given_up
    check_conserved(order, [one, other])


def test_lines_of_two_platform_orders_go_to_two_orders_each_of_its_own():
    other = {"platform_order_id": an_id(99), "platform_order_no": "91-B"}
    order = a_sales_order(lines=(an_order_line(), an_order_line(id=OTHER_LINE, platform_line_no="7", **other)))

    one, two = (change.state for change in do(order, a_plan({LINE: 2}, {OTHER_LINE: 2})).children)

    assert [(each.platform_order_id, each.platform_order_no) for each in (one, two)] == [
        (order.platform_order_id, order.platform_order_no),
        (an_id(99), "91-B"),
    ]
    assert two.lines[0].platform_order_id is None
    assert order.sources == (*one.sources, *two.sources)


def test_a_deposit_goes_by_what_each_part_costs():
    order = a_sales_order(paid=Money(100))

    assert [change.state.paid for change in do(order, APART).children] == [Money(41), Money(59)]


def test_what_costs_nothing_can_be_split():
    free = an_order_line(unit_price=Money(0), line_discount=Money(0))
    order = a_sales_order(lines=(free,), freight=Money(0))

    assert [change.state.payable for change in do(order, a_plan({LINE: 1}, {LINE: 1})).children] == [Money(0)] * 2


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", S)
def test_an_order_is_split_in_these_states_alone(state):
    order = a_sales_order(state=state)
    if state in SPLITTABLE:
        assert {change.state.state for change in do(order, APART).children} == {state}
    else:
        with pytest.raises(MoveNotAllowed):
            do(order, APART)


@pytest.mark.parametrize(
    ("plan", "line_id", "to_ship", "planned"),
    [
        (a_plan({LINE: 1}, {OTHER_LINE: 1}), LINE, 2, 1),
        (a_plan({LINE: 2}, {LINE: 1, OTHER_LINE: 1}), LINE, 2, 3),
        (a_plan({LINE: 2}, {OTHER_LINE: 1, an_id(77): 4}), an_id(77), 0, 4),
    ],
)
def test_a_plan_must_hold_each_unit_once(plan, line_id, to_ship, planned):
    with pytest.raises(PlanDoesNotFit) as refusal:
        do(a_sales_order(), plan)

    found = refusal.value
    assert (found.line_id, found.to_ship, found.planned) == (line_id, to_ship, planned)


def test_one_part_is_no_split():
    with pytest.raises(CannotSplit):
        do(a_sales_order(), a_plan({LINE: 2, OTHER_LINE: 1}))


# --- laws ------------------------------------------------------------------------------------------------------------


@st.composite
def orders_with_plans(draw, order=None):
    if order is None:
        order = draw(strategies.sales_orders(state=draw(st.sampled_from(SPLITTABLE)), origins=(), heirs=(), flags=()))
        order = evolve(order, lines=tuple(evolve(line, shipped=0) for line in order.lines))
    left = {line.id: line.to_ship for line in order.lines if line.to_ship}
    assume(sum(left.values()) > 1)
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        part = {id: units for id, most in left.items() if (units := draw(st.integers(0, min(most, 10**6))))}
        if part:
            parts.append(part)
            left = {id: most - part.get(id, 0) for id, most in left.items()}
    rest = {id: units for id, units in left.items() if units}
    parts += [rest] if rest else []
    assume(len(parts) > 1)
    return order, a_plan(*parts)


def steps_of(*orders):
    """Return what each step takes of orders in all, goods and freight apart; of what takes nothing there is none."""
    taken = {}
    for order in orders:
        for at, step in enumerate(order.steps):
            goods, freight = taken.get(step.id, (0, 0))
            goods += sum(line.part.taken[at] for line in order.lines)
            freight += sum(line.part.freight_taken[at] for line in order.lines)
            taken[step.id] = (goods, freight)
    return {id: amounts for id, amounts in taken.items() if any(amounts)}


def check_conserved(order, children):
    for name in AMOUNTS:
        assert total(getattr(child, name) for child in children) == getattr(order, name), name
    for name in LINE_AMOUNTS:
        ours = total(getattr(line, name) for line in order.lines)
        assert total(getattr(line, name) for child in children for line in child.lines) == ours, name
    assert steps_of(*children) == steps_of(order)
    for line in order.lines:
        heirs = [each for child in children for each in child.lines if each.from_line == line.id]
        assert joined(run for each in heirs for run in each.part.runs) == line.part.runs
        assert sum(each.to_ship for each in heirs) == line.to_ship
        assert misdealt(dealt(line), map(dealt, heirs)) is None


def dealt(line):
    return Dealt.of(line.part, line.payable.fen)


@given(case=orders_with_plans())
@settings(max_examples=15)
def test_every_unit_and_amount_is_in_one_part(case):
    order, plan = case

    check_conserved(order, [change.state for change in do(order, plan).children])


@given(data=st.data())
@settings(max_examples=15)
def test_parts_of_parts_add_up_as_well(data):
    order, plan = data.draw(orders_with_plans())
    first, *others = (change.state for change in do(order, plan).children)
    assume(sum(line.to_ship for line in first.lines) > 1)

    _, again = data.draw(orders_with_plans(order=first))
    line_ids = (LineId(an_id(n)) for n in count(5000))
    smaller = split(first, again, new=new_orders(again, 50), line_ids=line_ids, at=NOW)

    leaves = [*(change.state for change in smaller.children), *others]
    for name in AMOUNTS:
        assert total(getattr(leaf, name) for leaf in leaves) == getattr(order, name), name


def test_control_amounts_that_are_rounded_by_themselves_do_not_add_up():
    line = an_order_line(quantity=3, unit_price=Money(0), adjustment=Money(100), line_discount=Money(0))
    order = a_sales_order(lines=(line,), freight=Money(0))
    plan = a_plan({LINE: 1}, {LINE: 1}, {LINE: 1})

    assert [change.state.payable.fen for change in do(order, plan).children] == [34, 33, 33]
    assert sum(round(100 * part.units / 3) for part in plan.parts) == 99


def test_as_many_lines_as_are_needed_are_asked_for():
    assert lines_needed(a_sales_order(), APART) >= sum(len(c.state.lines) for c in do(a_sales_order(), APART).children)


# --- what the doctor looks at ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heirs", "seen"),
    [
        ([((0, 1),), ((0, 1),), ((1, 2),)], "units are in two of them"),
        ([((0, 1),)], "units are in none of them, or were not its own"),
        ([], "units are in none of them, or were not its own"),
        ([((0, 1),), ((1, 2),)], None),
    ],
)
def test_units_that_are_in_two_or_in_none_are_seen(heirs, seen):
    whole = Dealt(((0, 2),), 20, 20, 2)

    assert misdealt(whole, [Dealt(runs, 10, 10, 1) for runs in heirs]) == seen


def test_an_amount_that_is_lost_is_seen():
    whole = Dealt(((0, 2),), 20, 20, 2)

    assert misdealt(whole, [Dealt(((0, 2),), 19, 20, 2)]) == "payable is 20, theirs add up to 19"
    assert misdealt(whole, [Dealt(((0, 2),), 20, 20, 1)]) == "freight is 2, theirs add up to 1"


def test_what_was_called_off_and_may_leave_all_the_same_keeps_an_order_whole():
    flag = Flag(kind=FlagKind.EARLIER_MAY_SHIP, reason="F20261123-000001", by="warehouse", at=NOW)

    with pytest.raises(EarlierMayShip) as refused:
        do(a_sales_order(flags=(flag,)), APART)
    assert refused.value.number == "F20261123-000001"
