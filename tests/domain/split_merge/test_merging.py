"""Merging orders and taking them apart again: amounts add, and each line still knows its platform order."""

from datetime import timedelta
from itertools import count

import pytest
from attrs import evolve
from hypothesis import given, settings
from tests.domain.split_merge.test_splitting import AMOUNTS, check_conserved, new_orders, orders_with_plans, steps_of

from oms_domain.channels.standard import OrderKind
from oms_domain.inventory.stock import Handover
from oms_domain.kernel.errors import MoveNotAllowed
from oms_domain.kernel.identity import CarrierCode, LineId, OrderId, PlatformOrderId, WarehouseCode
from oms_domain.kernel.money import Money, total
from oms_domain.orders import events as e
from oms_domain.orders.flags import Flag, FlagKind
from oms_domain.orders.marks import DeliveryMode, OrderSource
from oms_domain.orders.moves import NotMerged
from oms_domain.orders.sales_order import PartyRef
from oms_domain.orders.states import ORDER_TABLE, OrderMove, OrderState
from oms_domain.shops.shop import ShopPolicy
from oms_domain.split_merge.merging import (
    CannotMerge,
    MergeTooHeavy,
    MergeTooLarge,
    TooFewToMerge,
    check_weight,
    may_be_merged,
    merge,
    unmerge,
    window_ends,
)
from oms_domain.split_merge.splitting import NewOrder, split
from oms_domain.testing.builders import NOW, ORDER, SHOP, a_sales_order, an_id, an_order_line

S = OrderState
OTHER = PlatformOrderId(an_id(99))
MERGEABLE = [state for state, row in ORDER_TABLE.items() if OrderMove.MERGE in row]
UNMERGEABLE = [state for state, row in ORDER_TABLE.items() if OrderMove.UNMERGE in row]


def an_order(**changes):
    return a_sales_order(**{"buyer_id": "buyer-1"} | changes)


def another(**changes):
    """Return a later order of the same buyer, of another platform order."""
    facts = {
        "id": OrderId(an_id(31)),
        "number": "S20261123-000002",
        "platform_order_id": OTHER,
        "platform_order_no": "91-B",
        "lines": (an_order_line(id=LineId(an_id(32)), platform_line_no="2001"),),
        "freight": Money(300),
        "placed_at": NOW + timedelta(minutes=5),
    }
    return an_order(**facts | changes)


def do(*orders):
    line_ids = (LineId(an_id(n)) for n in count(7000))
    return merge(orders, new=NewOrder(id=OrderId(an_id(500)), number="SM"), line_ids=line_ids, at=NOW)


def undo(order, sources, through=()):
    new = [NewOrder(id=OrderId(an_id(600 + n)), number=f"SU{n}") for n in range(len(sources))]
    line_ids = (LineId(an_id(n)) for n in count(8000))
    return unmerge(order, sources, through=through, new=new, line_ids=line_ids, at=NOW)


def without(order):
    """Return an order's facts but those of its identity and descent."""
    return evolve(
        order, id=ORDER, number="", state=S.AWAITING_CS_REVIEW, origins=(), heirs=(), split_reasons=(), updated_at=NOW
    )


# --- merging ---------------------------------------------------------------------------------------------------------


def test_a_merged_order_has_all_lines_and_amounts():
    one, other = an_order(), another()

    made = do(other, one)  # the older one is first, however they are named

    merged = made.merged.state
    assert [(line.platform_line_no, merged.source_of(line)[1]) for line in merged.lines] == [
        ("1001", one.platform_order_no),
        ("1002", one.platform_order_no),
        ("2001", "91-B"),
    ]
    assert (merged.payable, merged.paid, merged.freight) == (Money(42_700), Money(42_700), Money(1100))
    assert (merged.state, merged.origins, merged.warehouse) == (S.AWAITING_CS_REVIEW, (one.id, other.id), one.warehouse)
    assert merged.sources == ((one.platform_order_id, one.platform_order_no), (OTHER, "91-B"))
    assert made.merged.events == (
        e.OrderJoined(
            order_id=merged.id,
            state=S.AWAITING_CS_REVIEW,
            number="SM",
            sources=(one.id, other.id),
            payable=Money(42_700),
            paid=Money(42_700),
            at=NOW,
        ),
    )


def test_the_sources_end_and_hand_over_what_they_hold():
    one, other = an_order(), another()

    made = do(one, other)

    merged = made.merged.state
    assert [change.state for change in made.sources] == [
        evolve(order, state=S.MERGED, heirs=(merged.id,)) for order in (one, other)
    ]
    assert made.sources[1].events == (e.OrderMerged(order_id=other.id, state=S.MERGED, into=merged.id, at=NOW),)
    assert made.handovers[2] == Handover(
        order_id=other.id, line_id=other.lines[0].id, to_order=merged.id, to_line=merged.lines[2].id, units=2
    )


def test_remarks_are_kept_and_the_earliest_promise_holds():
    soon = NOW + timedelta(hours=1)
    one = an_order(buyer_remark="急", seller_flag=0)
    other = another(buyer_remark="要发票", seller_flag=3, promised_ship_at=soon)

    merged = do(one, other).merged.state

    assert (merged.buyer_remark, merged.seller_flag, merged.promised_ship_at) == ("急 | 要发票", 3, soon)


def test_an_order_of_no_platform_is_told_by_its_own_number():
    ours = another(platform_order_id=None, platform_order_no="")

    merged = do(an_order(), ours).merged.state
    back = undo(merged, [an_order(), ours]).children[1].state

    assert merged.sources[1] == (None, "S20261123-000002")
    assert (back.platform_order_id, back.platform_order_no) == (None, "")


HELD = Flag(kind=FlagKind.HELD, reason="等补款", by="kefu", at=NOW)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"shop_id": an_id(88)}, "shop_id"),
        ({"kind": OrderKind.VIRTUAL}, "kind"),
        ({"cash_on_delivery": True}, "cash_on_delivery"),
        ({"warehouse": WarehouseCode("EAST")}, "warehouse"),
        ({"carrier": CarrierCode("SF")}, "carrier"),
        ({"region": evolve(an_order().region, district="宝安区")}, "region"),
        ({"buyer_id": "buyer-2"}, "buyer_id"),
        ({"receiver": PartyRef(vault_id=an_id(7), mask="测** *******0001", digest="receiver-2")}, "receiver"),
        ({"flags": (HELD,)}, "held"),
        ({"flags": (evolve(HELD, kind=FlagKind.IN_AFTERSALES),)}, "in_aftersales"),
        ({"delivery": DeliveryMode.PICKUP}, "delivery"),
    ],
)
def test_orders_that_are_not_alike_are_not_merged(changes, what):
    with pytest.raises(CannotMerge) as refusal:
        do(an_order(), another(**changes))

    assert (refusal.value.number, refusal.value.what) == ("S20261123-000002", what)


def test_nobody_is_told_by_a_handle_or_by_nothing():
    handle = {"buyer_id": "", "buyer_handle": "OAID-1"}
    nobody = PartyRef(vault_id=an_id(7))

    with pytest.raises(CannotMerge) as no_buyer:
        do(an_order(**handle), another(**handle))
    with pytest.raises(CannotMerge) as no_receiver:
        do(an_order(receiver=nobody), another(receiver=nobody))

    assert (no_buyer.value.what, no_receiver.value.what) == ("buyer_unknown", "receiver_unknown")


def test_orders_put_in_by_hand_are_told_by_who_gets_them():
    ours = {"source": OrderSource.MANUAL, "buyer_id": "", "platform_order_id": None}
    elsewhere = PartyRef(vault_id=an_id(7), mask="测** *******0001", digest="receiver-2")

    assert do(an_order(**ours), another(**ours)).merged.state.buyer_id == ""
    with pytest.raises(CannotMerge) as refusal:
        do(an_order(**ours), another(**ours, receiver=elsewhere))
    assert refusal.value.what == "receiver"


def test_a_flagged_order_is_not_merged_even_if_it_is_the_oldest():
    with pytest.raises(CannotMerge):
        do(an_order(flags=(HELD,)), another())


@pytest.mark.parametrize("state", S)
def test_orders_are_merged_in_these_states_alone(state):
    if state in MERGEABLE:
        assert do(an_order(), another(state=state)).merged.state.state is S.AWAITING_CS_REVIEW
    else:
        with pytest.raises(MoveNotAllowed):
            do(an_order(), another(state=state))


def test_one_order_or_one_named_twice_is_no_merge():
    for orders in ([], [an_order()], [an_order(), an_order()]):
        with pytest.raises(TooFewToMerge):
            do(*orders)


def test_a_merged_order_has_at_most_500_lines():
    line = an_order_line()
    many = tuple(
        evolve(line, id=LineId(an_id(10_000 + n)), platform_line_no=str(n), part=evolve(line.part, key=str(n)))
        for n in range(499)
    )
    large = an_order(lines=many)

    assert len(do(large, another()).merged.state.lines) == 500
    with pytest.raises(MergeTooLarge) as refusal:
        do(large, another(lines=(many[0], many[1])))
    assert refusal.value.lines == 501


def test_an_order_may_be_merged_by_itself_once_its_window_is_over():
    policy, order = ShopPolicy(auto_merge=True, merge_window_min=10), an_order(paid_at=NOW)

    assert window_ends(order, policy) == NOW + timedelta(minutes=10)
    assert window_ends(evolve(order, paid_at=None), policy) == order.placed_at + timedelta(minutes=10)
    assert may_be_merged(order, policy)
    for other in (
        evolve(order, flags=(HELD,)),
        evolve(order, split_reasons=("by_hand 1/2",)),
        an_order(state=S.SHIPPED),
    ):
        assert not may_be_merged(other, policy)
    assert not may_be_merged(order, ShopPolicy())


# --- taking apart ----------------------------------------------------------------------------------------------------


def test_a_merged_order_is_its_sources_again():
    one, other = an_order(services=Money(70), buyer_remark="急"), another(cod_fee=Money(20))
    merged = do(one, other).merged.state

    made = undo(merged, [one, other])

    back = [change.state for change in made.children]
    assert [each.payable for each in back] == [one.payable, other.payable]
    for source, again in zip((one, other), back, strict=True):
        assert [line.part for line in again.lines] == [line.part for line in source.lines]
        assert without(again) == evolve(without(source), lines=again.lines)
        assert again.origins == (merged.id,)
    assert made.parent.state.heirs == tuple(each.id for each in back)
    assert back[0].split_reasons == ("source S20261123-000001",)
    assert [each.units for each in made.handovers] == [2, 1, 2]
    check_conserved(merged, back)


def test_a_line_that_was_added_since_goes_with_the_first():
    merged = do(an_order(), another()).merged.state
    free = an_order_line(id=LineId(an_id(77)), unit_price=Money(0), line_discount=Money(0), platform_line_no="")
    nets = (0,) * (len(merged.steps) + 1)
    gift = evolve(free, part=evolve(free.part, goods=nets, freight=nets))

    made = undo(evolve(merged, lines=(*merged.lines, gift)), [an_order(), another()])

    assert [len(change.state.lines) for change in made.children] == [3, 1]


@pytest.mark.parametrize("state", S)
def test_a_merged_order_is_taken_apart_until_its_release(state):
    merged = evolve(do(an_order(), another()).merged.state, state=state)
    if state in UNMERGEABLE:
        assert {change.state.state for change in undo(merged, [an_order(), another()]).children} == {
            S.AWAITING_CS_REVIEW
        }
    else:
        with pytest.raises(MoveNotAllowed):
            undo(merged, [an_order(), another()])


def test_what_took_its_place_is_taken_apart_as_it_would_have_been():
    merged = do(an_order(), another()).merged.state
    lines = tuple(evolve(line, id=LineId(an_id(900 + n)), from_line=line.id) for n, line in enumerate(merged.lines))
    second = evolve(merged, id=OrderId(an_id(501)), lines=lines, origins=(merged.id,))

    parts = [child.state for child in undo(second, [an_order(), another()], through=[merged]).children]

    assert [(part.platform_order_no, part.payable) for part in parts] == [
        (order.platform_order_no, order.payable) for order in (an_order(), another())
    ]
    assert [len(part.lines) for part in parts] == [len(order.lines) for order in (an_order(), another())]


def test_what_was_not_merged_cannot_be_taken_apart_so():
    for origins in ((), (OrderId(an_id(1)),)):
        with pytest.raises(NotMerged):
            undo(an_order(origins=origins), [])


# --- laws ------------------------------------------------------------------------------------------------------------


@given(case=orders_with_plans())
@settings(max_examples=15)
def test_parts_that_are_merged_are_the_order_again(case):
    order, plan = case
    order = evolve(order, state=S.AWAITING_CS_REVIEW, flags=(), buyer_id="buyer-1", shop_id=SHOP)
    order = evolve(order, receiver=evolve(order.receiver, digest="receiver-1"))
    line_ids = (LineId(an_id(n)) for n in count(2000))
    parts = [change.state for change in split(order, plan, new=new_orders(plan), line_ids=line_ids, at=NOW).children]

    merged = do(*parts).merged.state

    for name in (*AMOUNTS, "steps"):
        assert getattr(merged, name) == getattr(order, name), name
    assert steps_of(merged) == steps_of(order)
    check_conserved(merged, [change.state for change in undo(merged, sorted(parts, key=_age)).children])


def _age(order):
    return (order.placed_at, order.id)


def test_control_merging_only_what_is_payable_loses_the_freight():
    one, other = an_order(), another()

    assert total(line.payable for order in (one, other) for line in order.lines) != do(one, other).merged.state.payable


def test_orders_together_weigh_what_the_catalogue_says_of_what_is_to_be_shipped():
    orders = [an_order(), an_order(id=OrderId(an_id(77)))]
    sku = orders[0].lines[0].sku
    units = sum(int(count) for order in orders for _, of, count in order.contents if of == sku)

    check_weight(orders, {sku: 300}, units * 300)
    check_weight(orders, {}, 1)
    check_weight(orders, {sku: 300}, None)
    with pytest.raises(MergeTooHeavy) as refusal:
        check_weight(orders, {sku: 300}, units * 300 - 1)

    assert refusal.value.fields() == {"weight_g": units * 300, "most_g": units * 300 - 1}
