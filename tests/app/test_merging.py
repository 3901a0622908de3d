"""Merging orders by hand and by itself, taking them apart again, and what the platforms hear and say of it."""

import pytest
from attrs import evolve
from tests.app.test_splitting import newer, states
from tests.app.world import ROOT

from oms_adapters.memory.documents import MemoryVault
from oms_app.actor import Actor, Once, Permission
from oms_app.catalog import PutSku
from oms_app.merging import MergeOrders, MergeSiblings, UnmergeOrder
from oms_app.order_moves import UnreviewOrder
from oms_app.orders import ApproveOrder, HoldOrder, PassInterception
from oms_app.ports.transaction import OrderNotFound, VersionIsNot
from oms_domain.catalog.sku import SkuFacts
from oms_domain.channels.standard import LineRefund, PlatformState, Receiver, Region
from oms_domain.fulfilment.fulfilment_order import FulfilmentState
from oms_domain.kernel.errors import MoveNotAllowed
from oms_domain.kernel.identity import OrderId
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.flags import FlagKind
from oms_domain.orders.moves import NotMerged, moves_of
from oms_domain.orders.states import OrderState as S
from oms_domain.split_merge.merging import CannotMerge, MergeTooHeavy, TooFewToMerge
from oms_domain.testing.builders import HAT, NOW, SCARF, a_standard_line, a_standard_order, an_id

P = PlatformState
MASKED = Receiver(name="测**", mobile="1**********", street="虚构路**号")
REFUNDED = {"state": P.CLOSED_REFUNDED, "refund": LineRefund.SUCCEEDED}


@pytest.fixture
def shop(world):
    shop = world.a_shop()
    world.receive(SCARF, HAT)
    return shop


def standard(no="A", **changes):
    """Return what a buyer ordered: a scarf and a hat, with sub-order numbers of their own."""
    lines = tuple(
        evolve(line, line_no=f"{no}{at}", quantity=Quantity(1), payable=line.unit_price - line.line_discount)
        for at, line in enumerate(a_standard_order().lines)
    )
    return a_standard_order(**{"order_no": no, "buyer_id": "buyer-1", "lines": lines} | changes)


def merge(world, *ids, **more):
    merged = world.merges.merge(MergeOrders(order_ids=ids, **{"by": ROOT} | more))
    world.settle()
    return merged.order.id


def unmerge(world, order_id, **more):
    answer = world.merges.unmerge(UnmergeOrder(order_id=order_id, **{"by": ROOT} | more))
    world.settle()
    return [part.order.id for part in answer.parts]


@pytest.fixture
def two(world, shop):
    return world.an_order(shop, standard("A")), world.an_order(shop, standard("B"))


# --- by hand ---------------------------------------------------------------------------------------------------------


def test_two_orders_become_one_with_the_stock_of_both(world, two):
    seen = world.merges.preview(MergeOrders(order_ids=two, by=ROOT))
    assert states(world, two) == [S.AWAITING_CS_REVIEW] * 2

    merged = merge(world, *two)

    order = world.order(merged)
    assert (order.state, order.origins, order.payable) == (S.AWAITING_CS_REVIEW, two, seen.payable)
    assert states(world, two) == [S.MERGED] * 2
    assert (world.units(SCARF), world.units(HAT)) == ((100, 2), (100, 2))
    assert world.facts(merged)[:1] == ["order_joined"]


def test_one_parcel_is_told_to_both_platform_orders(world, two):
    merged = merge(world, *two)
    world.watch_warehouse()

    sent = world.at_warehouse(merged)
    world.warehouse.ships(sent, world.clock())
    world.wait(minutes=1)

    assert sent.papers is not None
    assert (sent.papers.order_no, [line.order_no for line in sent.papers.lines]) == ("A", ["", "", "B", "B"])
    assert [(n.order_no, [(line.line_no, line.quantity) for line in n.lines]) for n in world.platform.notices] == [
        ("A", [("A0", 1), ("A1", 1)]),
        ("B", [("B0", 1), ("B1", 1)]),
    ]
    assert (world.units(SCARF), world.units(HAT)) == ((98, 0), (98, 0))


def test_it_comes_apart_again_until_it_is_released(world, two):
    merged = merge(world, *two)
    world.give(ApproveOrder, merged)

    back = unmerge(world, merged)

    assert (world.state(merged), states(world, back)) == (S.SPLIT, [S.AWAITING_CS_REVIEW] * 2)
    assert [world.order(id).platform_order_no for id in back] == ["A", "B"]
    assert states(world, two) == [S.MERGED] * 2
    assert world.units(SCARF) == (100, 2)
    assert world.detail(merged).log[-1].kind == "orders.order_split"


def test_the_fulfilment_order_is_called_off_when_it_comes_apart(world, two):
    merged = merge(world, *two)
    world.give(ApproveOrder, merged)
    fulfilment = world.order(merged).fulfilment_id

    unmerge(world, merged)

    with world.open(ROOT) as tx:
        assert tx.fulfilments.get(fulfilment).state is FulfilmentState.CANCELLED


def test_a_released_order_does_not_come_apart(world, two):
    merged = merge(world, *two)
    world.at_warehouse(merged)

    with pytest.raises(MoveNotAllowed):
        unmerge(world, merged)


def test_what_took_a_merged_orders_place_comes_apart_too(world, two):
    merged = merge(world, *two)
    world.at_warehouse(merged)
    world.give(UnreviewOrder, merged, reason="改地址")
    (second,) = world.order(merged).heirs
    world.at_warehouse(second)
    world.give(UnreviewOrder, second, reason="再改")
    (third,) = world.order(second).heirs
    assert "unmerge" in {str(ask) for ask in moves_of(world.order(third)).open}

    back = unmerge(world, third)

    assert [world.order(id).platform_order_no for id in back] == ["A", "B"]
    assert [world.order(id).payable for id in back] == [world.order(id).payable for id in two]
    assert world.units(SCARF) == (100, 2)


def test_a_part_of_a_merged_order_does_not_come_apart_by_its_sources(world, two):
    merged = merge(world, *two)
    part, _ = world.split(merged, {SCARF: 2})

    with pytest.raises(NotMerged):
        unmerge(world, part)


def test_a_merge_of_merged_orders_comes_apart_to_the_inner_sources(world, shop, two):
    inner = merge(world, *two)
    outer = merge(world, inner, world.an_order(shop, standard("C")))

    first, last = unmerge(world, outer)
    assert "unmerge" in {str(ask) for ask in moves_of(world.order(first)).open}
    assert "unmerge" not in {str(ask) for ask in moves_of(world.order(last)).open}
    back = unmerge(world, first)

    orders = [world.order(id) for id in back]
    assert [order.platform_order_no for order in orders] == ["A", "B"]
    assert [order.payable for order in orders] == [world.order(id).payable for id in two]
    assert [[line.platform_line_no for line in order.lines] for order in orders] == [["A0", "A1"], ["B0", "B1"]]
    assert (world.state(first), world.units(SCARF)[1]) == (S.SPLIT, 3)
    with pytest.raises(NotMerged):
        unmerge(world, last)


def test_three_merges_on_one_another_come_apart_one_by_one(world, shop, two):
    inner = merge(world, *two)
    middle = merge(world, inner, world.an_order(shop, standard("C")))
    outer = merge(world, middle, world.an_order(shop, standard("D")))

    of_middle, _ = unmerge(world, outer)
    of_inner, _ = unmerge(world, of_middle)

    assert [world.order(id).platform_order_no for id in unmerge(world, of_inner)] == ["A", "B"]


def test_a_part_of_what_came_out_of_a_merge_does_not_come_apart_by_its_sources(world, shop, two):
    outer = merge(world, merge(world, *two), world.an_order(shop, standard("C")))
    first, _ = unmerge(world, outer)
    world.split(first, {SCARF: 1})
    part = world.order(first).heirs[1]

    assert "unmerge" not in {str(ask) for ask in moves_of(world.order(part)).open}
    with pytest.raises(NotMerged):
        unmerge(world, part)


def test_only_a_merged_order_comes_apart_by_its_sources(world, two):
    with pytest.raises(NotMerged):
        unmerge(world, two[0])


def test_a_stale_page_does_not_take_it_apart(world, two):
    merged = merge(world, *two)
    world.give(HoldOrder, merged, reason="看看")

    with pytest.raises(VersionIsNot):
        unmerge(world, merged, expected_version=1)


def test_asked_twice_it_is_done_once(world, two):
    def once(key):
        return Actor(id="k", permissions=frozenset(Permission), once=Once(client="k", key=key, digest="d"))

    merged = merge(world, *two, by=once("1"))
    assert merge(world, *two, by=once("1")) == merged
    assert unmerge(world, merged, by=once("2")) == unmerge(world, merged, by=once("2"))


@pytest.mark.parametrize(
    ("other", "what"),
    [
        ({"buyer_id": "buyer-2"}, "buyer_id"),
        ({"region": Region(province="广东省", city="深圳市", district="宝安区")}, "region"),
    ],
)
def test_another_buyer_or_place_is_not_merged(world, shop, other, what):
    one, two = world.an_order(shop, standard("A")), world.an_order(shop, standard("B", **other))

    with pytest.raises(CannotMerge) as refusal:
        merge(world, one, two)

    assert refusal.value.what == what


def test_who_gets_them_is_read_once_for_all(world, two, monkeypatch):
    read, get_many = [], MemoryVault.get_many
    monkeypatch.setattr(MemoryVault, "get_many", lambda vault, ids: read.append(len(ids)) or get_many(vault, ids))

    merge(world, *two)

    assert read == [2]


def test_what_the_platform_masks_is_nobody_to_be_sure_of(world, shop):
    ids = []
    for no in "AB":
        payload = world.platform.sells(standard(no), receiver=MASKED)
        arrival = world.preparation.prepare(payload, world.platform.translate, shop_id=shop.id)
        ids.append(_taken(world, shop, arrival))
    assert world.order(ids[0]).receiver.digest == world.order(ids[1]).receiver.digest

    with pytest.raises(CannotMerge) as refusal:
        merge(world, *ids)

    assert refusal.value.what == "receiver_masked"


def _taken(world, shop, arrival):
    from oms_app.intake import TakeIn
    from oms_domain.channels.standard import Platform

    command = TakeIn(shop_id=shop.id, platform=Platform.TAOBAO, arrivals=(arrival,), by=ROOT)
    (answer,) = world.intake.take_in(command)
    world.settle()
    return answer.order_id


def test_what_is_not_there_or_alone_is_not_merged(world, two):
    for ids in ((), two[:1], (two[0], two[0])):
        with pytest.raises(TooFewToMerge):
            merge(world, *ids)
    with pytest.raises(OrderNotFound):
        merge(world, two[0], OrderId(an_id(1)))


# --- by itself -------------------------------------------------------------------------------------------------------


def merging_shop(world, **policy):
    shop = world.a_shop(auto_merge=True, **policy)
    world.receive(SCARF, HAT)
    return shop


def test_what_waits_together_is_merged_when_the_window_is_over(world):
    shop = merging_shop(world)  # paid 6 minutes ago: 9 are left
    ids = [world.an_order(shop, standard(no)) for no in "ABC"]
    other = world.an_order(shop, standard("D", buyer_id="buyer-2"))
    world.wait(minutes=8)
    assert set(states(world, ids)) == {S.AWAITING_CS_REVIEW}

    world.wait(minutes=2)

    assert states(world, ids) == [S.MERGED] * 3
    (merged,) = {world.order(id).heirs for id in ids}
    assert world.order(merged[0]).origins == tuple(ids)
    assert world.state(other) is S.AWAITING_CS_REVIEW


def weigh(world, grams):
    for sku in (SCARF, HAT):
        world.catalog.put_sku(PutSku(code=sku, facts=SkuFacts(title="样例", weight_g=grams), by=ROOT))


def test_what_would_be_too_heavy_together_is_not_merged(world):
    shop = world.a_shop(merge_weight_g=1_999)
    world.receive(SCARF, HAT)
    weigh(world, 500)
    ids = [world.an_order(shop, standard(no)) for no in "AB"]

    for act in (world.merges.preview, world.merges.merge):
        with pytest.raises(MergeTooHeavy) as refusal:
            act(MergeOrders(order_ids=tuple(ids), by=ROOT))

    assert (refusal.value.weight_g, states(world, ids)) == (2_000, [S.AWAITING_CS_REVIEW] * 2)
    weigh(world, 499)
    assert world.state(merge(world, *ids)) is S.AWAITING_CS_REVIEW


def test_by_itself_only_so_many_are_merged_as_are_not_too_heavy(world):
    shop = merging_shop(world, merge_weight_g=2_000)
    weigh(world, 500)
    ids = [world.an_order(shop, standard(no)) for no in "ABC"]

    world.wait(minutes=10)

    assert sorted(states(world, ids)) == sorted([S.MERGED, S.MERGED, S.AWAITING_CS_REVIEW])


def test_a_review_by_itself_waits_until_orders_are_merged(world):
    shop = merging_shop(world, auto_review=True)
    ids = [world.an_order(shop, standard(no)) for no in "AB"]
    assert set(states(world, ids)) == {S.AWAITING_CS_REVIEW}

    world.wait(minutes=10)

    assert states(world, ids) == [S.MERGED] * 2
    assert world.state(world.order(ids[0]).heirs[0]) is S.AWAITING_RELEASE


def test_an_order_alone_is_reviewed_when_its_window_is_over(world):
    shop = merging_shop(world, auto_review=True, merge_window_min=30)
    order_id = world.an_order(shop, standard())
    world.wait(minutes=20)
    assert world.state(order_id) is S.AWAITING_CS_REVIEW

    world.wait(minutes=10)

    assert world.state(order_id) is S.AWAITING_RELEASE


def test_parts_of_a_split_order_stay_apart(world):
    shop = merging_shop(world)
    order_id = world.an_order(shop, standard())
    parts = world.split(order_id, {HAT: 1})

    world.wait(minutes=30)

    assert states(world, parts) == [S.AWAITING_CS_REVIEW] * 2
    assert merge(world, *parts)  # by hand they may


def test_nothing_is_merged_where_the_shop_does_not_want_it(world, two):
    world.wait(minutes=60)

    assert states(world, two) == [S.AWAITING_CS_REVIEW] * 2
    assert world.merges.merge_siblings(MergeSiblings(order_id=two[0], by=ROOT)) is None


def test_a_held_order_is_left_out(world):
    shop = merging_shop(world)
    ids = [world.an_order(shop, standard(no)) for no in "ABC"]
    world.give(HoldOrder, ids[1], reason="等补款")

    world.wait(minutes=20)

    assert states(world, ids) == [S.MERGED, S.AWAITING_CS_REVIEW, S.MERGED]


# --- the platforms ---------------------------------------------------------------------------------------------------


def test_each_platform_order_moves_its_own_lines(world, shop, two):
    merged = merge(world, *two)

    world.take_in(shop, newer(world, standard("B"), {}, REFUNDED))

    order = world.order(merged)
    assert [(line.platform_line_no, line.is_closed) for line in order.lines] == [
        ("A0", False),
        ("A1", False),
        ("B0", False),
        ("B1", True),
    ]
    assert (order.state, world.units(HAT), world.differences()) == (S.AWAITING_CS_REVIEW, (100, 1), [])


def test_one_closed_at_the_platform_leaves_the_other_to_ship(world, shop, two):
    merged = merge(world, *two)

    world.take_in(shop, newer(world, standard("A"), state=P.CLOSED_REFUNDED))

    assert (world.state(merged), world.units(SCARF), world.units(HAT)) == (S.AWAITING_CS_REVIEW, (100, 1), (100, 1))
    world.take_in(shop, newer(world, standard("B"), state=P.CLOSED_REFUNDED))
    assert (world.state(merged), world.units(SCARF)) == (S.CANCELLED, (100, 0))
    assert world.differences() == []


def test_another_address_of_one_stops_both(world, shop, two):
    merged = merge(world, *two)
    region = Region(province="广东省", city="深圳市", district="宝安区")

    world.take_in(shop, newer(world, standard("B"), region=region))

    assert world.order(merged).flagged(FlagKind.INTERCEPTED)
    assert [row[3] for row in world.differences()] == ["receiver"]


def test_remarks_of_both_are_kept(world, shop, two):
    merged = merge(world, *two)

    world.take_in(shop, newer(world, standard("A"), seller_remark="送贺卡"))
    world.take_in(shop, newer(world, standard("B"), seller_remark="加急"))

    assert world.order(merged).seller_remark == "送贺卡 | 加急"


def test_both_in_one_chunk_are_followed(world, shop, two):
    merged = merge(world, *two)
    world.clock.forward(minutes=1)

    world.take_in(
        shop,
        newer(world, standard("A"), {"refund": LineRefund.OPEN}, {}, seller_remark="甲"),
        newer(world, standard("B"), {}, REFUNDED, seller_remark="乙"),
    )

    order = world.order(merged)
    assert (order.seller_remark, order.flagged(FlagKind.IN_AFTERSALES)) == ("甲 | 乙", True)
    assert [line.is_closed for line in order.lines] == [False, False, False, True]


def test_one_that_is_shipped_outside_stops_the_other(world, shop, two):
    merged = merge(world, *two)

    world.take_in(shop, newer(world, standard("A"), state=P.SHIPPED))

    assert world.state(merged) is S.AWAITING_CS_REVIEW
    assert world.order(merged).flagged(FlagKind.INTERCEPTED)
    assert [row[3] for row in world.differences()] == ["state"]
    world.give(PassInterception, merged, reason="核对")
    back = unmerge(world, merged)
    world.take_in(shop, newer(world, standard("A"), state=P.SHIPPED, seller_remark="已发"))
    assert states(world, back) == [S.SHIPPED, S.AWAITING_CS_REVIEW]


def test_it_is_finished_when_both_are(world, shop, two):
    merged = merge(world, *two)
    world.watch_warehouse()
    world.warehouse.ships(world.at_warehouse(merged), world.clock())
    world.wait(minutes=1)

    world.take_in(shop, newer(world, standard("A"), state=P.FINISHED))
    assert world.state(merged) is S.SHIPPED
    world.take_in(shop, newer(world, standard("B"), state=P.FINISHED))

    assert (world.state(merged), world.differences()) == (S.COMPLETED, [])


def test_a_hold_of_one_holds_both(world, shop, two):
    merged = merge(world, *two)

    world.take_in(shop, newer(world, standard("B"), state=P.PAID_ON_HOLD))
    assert world.order(merged).flagged(FlagKind.INTERCEPTED)
    world.take_in(shop, newer(world, standard("B")))

    assert not world.order(merged).flags


def test_lines_that_are_split_off_a_merged_order_are_followed_there(world, shop, two):
    merged = merge(world, *two)
    hats, scarves = world.split(merged, {HAT: 2})

    world.take_in(shop, newer(world, standard("B"), {}, REFUNDED))

    assert [line.is_closed for line in world.order(hats).lines] == [False, True]
    assert (states(world, [hats, scarves]), world.differences()) == ([S.AWAITING_CS_REVIEW] * 2, [])
    assert (world.units(HAT), world.units(SCARF)) == ((100, 1), (100, 2))


def test_a_line_of_a_single_platform_order_is_its_own(world, shop, two):
    merged = merge(world, *two)
    order = world.order(merged)
    wanted = {line.platform_line_no: line for line in order.lines}

    assert [order.source_of(wanted[no])[1] for no in ("A0", "B1")] == ["A", "B"]
    assert order.placed_at == a_standard_order().created_at
    assert order.placed_at < NOW
    assert a_standard_line().line_no not in wanted
