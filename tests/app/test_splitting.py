"""Splitting an order, and what the platform says of it afterwards: each part follows what it has."""

import pytest
from attrs import evolve
from tests.app.claims import Claims
from tests.app.world import ROOT, later

from oms_app.actor import Actor, Once, Permission
from oms_app.catalog import PutSku
from oms_app.claims import HasClaims
from oms_app.merging import MergeOrders
from oms_app.orders import ApproveOrder, CancelOrder, PassInterception
from oms_app.ports.transaction import VersionIsNot
from oms_app.splitting import NotOnOrder, SplitOrder, Wanted
from oms_domain.aftersales.states import CaseKind
from oms_domain.catalog.sku import SkuFacts
from oms_domain.channels.standard import LineRefund, PlatformState, Region
from oms_domain.kernel.errors import Denied, MoveNotAllowed
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.flags import FlagKind
from oms_domain.orders.states import OrderState as S
from oms_domain.split_merge.plan import CannotSplit, InvalidSplitRules
from oms_domain.testing.builders import HAT, SCARF, a_standard_line, a_standard_order

P = PlatformState


@pytest.fixture
def shop(world):
    shop = world.a_shop()
    world.receive(SCARF, HAT)
    return shop


@pytest.fixture
def order_id(world, shop):
    return world.an_order(shop, a_standard_order())


def states(world, ids):
    return [world.state(id) for id in ids]


def newer(world, standard, *changed, **changes):
    """Return a newer version; ``changed``: what is different of each line."""
    world.clock.forward(minutes=1)
    version = later(standard, world.clock, **changes)
    if not changed:
        return version
    return evolve(version, lines=tuple(evolve(line, **of) for line, of in zip(version.lines, changed, strict=True)))


# --- plan and split --------------------------------------------------------------------------------------------------


def test_a_split_can_be_seen_before_it_is_done(world, order_id):
    ask = SplitOrder(order_id=order_id, parts=((Wanted(sku=SCARF, units=1),),), by=ROOT)

    seen = world.splits.preview(ask)

    assert [[(line.sku, line.units) for line in part.lines] for part in seen.parts] == [
        [(SCARF, 1)],
        [(SCARF, 1), (HAT, 1)],
    ]
    assert [part.payable for part in seen.parts] == [Money(9730), Money(13_870)]
    assert world.state(order_id) is S.AWAITING_CS_REVIEW
    done = world.splits.split(evolve(ask, expected_version=seen.version))
    assert [part.payable for part in done.parts] == [part.payable for part in seen.parts]


def test_parts_hold_what_the_order_held(world, order_id):
    one, other = world.split(order_id, {SCARF: 1})

    assert (world.state(order_id), world.state(one), world.state(other)) == (S.SPLIT, *[S.AWAITING_CS_REVIEW] * 2)
    assert (world.units(SCARF), world.units(HAT)) == ((100, 2), (100, 1))
    world.give(CancelOrder, one, reason="买家不要了")
    assert (world.units(SCARF), world.units(HAT)) == ((100, 1), (100, 1))


def test_parts_go_on_by_themselves(world):
    shop = world.a_shop(auto_review=False)
    world.receive(SCARF, HAT)
    order_id = world.an_order(shop, a_standard_order())
    one, other = world.split(order_id, {HAT: 1})

    sent = world.at_warehouse(one)

    assert [(sku, units) for _, sku, units in sent.lines] == [(HAT, 1)]
    assert states(world, [one, other]) == [S.IN_WAREHOUSE, S.AWAITING_CS_REVIEW]


def test_what_can_be_had_of_a_short_order_is_tried_at_once(world):
    shop = world.a_shop()
    world.receive(HAT)
    order_id = world.an_order(shop, a_standard_order())
    assert world.state(order_id) is S.BACKORDERED

    one, other = world.split(order_id, {HAT: 1})

    assert states(world, [one, other]) == [S.AWAITING_CS_REVIEW, S.BACKORDERED]
    world.receive(SCARF)
    assert world.state(other) is S.AWAITING_CS_REVIEW


def test_a_part_can_be_split_again(world, order_id):
    _, other = world.split(order_id, {HAT: 1})

    smaller = world.split(other, {SCARF: 1})

    assert states(world, [other, *smaller]) == [S.SPLIT, S.AWAITING_CS_REVIEW, S.AWAITING_CS_REVIEW]
    assert [world.order(id).lines[0].part.runs for id in smaller] == [((0, 1),), ((1, 2),)]


def test_by_line_as_well_as_by_sku(world, order_id):
    line = world.order(order_id).lines[1]

    answer = world.splits.split(SplitOrder(order_id=order_id, parts=((Wanted(line_id=line.id, units=1),),), by=ROOT))

    assert [[line.sku for line in part.lines] for part in answer.parts] == [[HAT], [SCARF]]


def test_units_of_a_sku_are_taken_from_its_lines_in_turn(world, shop):
    lines = tuple(a_standard_line(line_no=no) for no in ("1", "2"))
    order_id = world.an_order(shop, a_standard_order(lines=lines))

    answer = world.splits.split(SplitOrder(order_id=order_id, parts=((Wanted(sku=SCARF, units=3),),), by=ROOT))

    assert [[line.units for line in part.lines] for part in answer.parts] == [[2, 1], [1]]


# --- refusals --------------------------------------------------------------------------------------------------------


def test_more_than_there_is_cannot_be_split_off(world, order_id):
    for parts in ([{SCARF: 3}], [{SCARF: 2}, {SCARF: 1}], [{"BAG": 1}], [{HAT: 0}]):
        with pytest.raises(NotOnOrder):
            world.split(order_id, *parts)
    with pytest.raises(CannotSplit):
        world.split(order_id, {SCARF: 2, HAT: 1})


def test_a_stale_plan_is_not_applied(world, order_id):
    seen = world.order(order_id).version
    world.split(order_id, {HAT: 1})

    with pytest.raises(VersionIsNot):
        world.split(order_id, {HAT: 1}, expected_version=seen)
    with pytest.raises(MoveNotAllowed):
        world.split(order_id, {HAT: 1})


def test_asked_twice_it_is_split_once(world, order_id):
    once = Actor(id="k", permissions=frozenset(Permission), once=Once(client="k", key="1", digest="d"))

    first = world.split(order_id, {HAT: 1}, by=once)

    assert world.split(order_id, {HAT: 1}, by=once) == first


def test_who_may_only_read_may_not_split(world, order_id):
    with pytest.raises(Denied):
        world.split(order_id, {HAT: 1}, by=Actor(id="k", permissions=frozenset({Permission.ORDERS_READ})))


# --- the platform ----------------------------------------------------------------------------------------------------


def test_one_payment_pays_all_parts(world, shop):
    unpaid = a_standard_order(state=P.UNPAID)
    order_id = world.an_order(shop, unpaid)
    parts = world.split(order_id, {HAT: 1})
    assert states(world, parts) == [S.AWAITING_PAYMENT] * 2
    paid = a_standard_order()

    world.take_in(shop, newer(world, paid))

    assert states(world, parts) == [S.AWAITING_CS_REVIEW] * 2
    assert sum(world.order(id).paid.fen for id in parts) == paid.payable.fen
    assert world.units(SCARF) == (100, 2)
    assert world.state(order_id) is S.SPLIT


def test_a_refunded_sub_order_ends_the_part_that_has_it(world, shop, order_id):
    hat, scarves = world.split(order_id, {HAT: 1})
    refunded = {"state": P.CLOSED_REFUNDED, "refund": LineRefund.SUCCEEDED}

    world.take_in(shop, newer(world, a_standard_order(), {}, refunded))

    assert states(world, [hat, scarves]) == [S.CANCELLED, S.AWAITING_CS_REVIEW]
    assert (world.units(HAT), world.units(SCARF)) == ((100, 0), (100, 2))
    assert world.differences() == []


def test_a_refunded_sub_order_is_closed_in_every_part(world, shop, order_id):
    one, other = world.split(order_id, {SCARF: 1})
    refunded = {"state": P.CLOSED_REFUNDED, "refund": LineRefund.SUCCEEDED}

    world.take_in(shop, newer(world, a_standard_order(), refunded, {}))

    assert states(world, [one, other]) == [S.CANCELLED, S.AWAITING_CS_REVIEW]
    assert [line.is_closed for line in world.order(other).lines] == [True, False]
    assert (world.units(SCARF), world.units(HAT)) == ((100, 0), (100, 1))


def test_a_closed_order_ends_all_its_parts(world, shop, order_id):
    parts = world.split(order_id, {SCARF: 1})

    world.take_in(shop, newer(world, a_standard_order(), state=P.CLOSED_REFUNDED))

    assert states(world, parts) == [S.CANCELLED] * 2
    assert world.units(SCARF) == (100, 0)


def test_a_refund_that_is_asked_for_marks_the_part_that_has_the_line(world, shop, order_id):
    hat, scarves = world.split(order_id, {HAT: 1})

    world.take_in(shop, newer(world, a_standard_order(), {"refund": LineRefund.OPEN}, {}))

    assert [world.order(id).flagged(FlagKind.IN_AFTERSALES) for id in (hat, scarves)] == [False, True]


def test_another_address_is_that_of_every_part(world, shop, order_id):
    parts = world.split(order_id, {HAT: 1})
    region = Region(province="广东省", city="深圳市", district="宝安区")

    world.take_in(shop, newer(world, a_standard_order(), region=region, seller_remark="改地址"))

    assert [world.order(id).region for id in parts] == [region] * 2
    assert [world.order(id).seller_remark for id in parts] == ["改地址"] * 2


def test_other_goods_stop_every_part(world, shop, order_id):
    parts = world.split(order_id, {HAT: 1})

    world.take_in(shop, newer(world, a_standard_order(), {"quantity": Quantity(3), "adjustment": Money(-9900)}, {}))

    assert {row[0] for row in world.differences()} == set(parts)
    assert all(world.order(id).flagged(FlagKind.INTERCEPTED) for id in parts)


def test_what_left_from_one_part_has_not_left_from_the_other(world, shop, order_id):
    one, other = world.split(order_id, {SCARF: 1})
    sent = world.at_warehouse(one)
    world.watch_warehouse()
    world.warehouse.ships(sent, world.clock())
    world.wait(minutes=1)
    assert [
        (notice.order_no, [(line.line_no, line.quantity) for line in notice.lines]) for notice in world.platform.notices
    ] == [(a_standard_order().order_no, [("1001", 1)])]

    # The platform shows the sub-order as shipped now, of which one unit is still here.
    world.take_in(shop, newer(world, a_standard_order(), {"state": P.SHIPPED}, {}, state=P.TO_SHIP))

    assert states(world, [one, other]) == [S.SHIPPED, S.AWAITING_CS_REVIEW]
    assert world.differences() == []
    world.take_in(
        shop, newer(world, a_standard_order(), {"state": P.SHIPPED}, {"state": P.TO_SHIP}, state=P.PARTLY_SHIPPED)
    )
    assert states(world, [one, other]) == [S.SHIPPED, S.AWAITING_CS_REVIEW]
    assert world.differences() == []


def test_what_somebody_else_shipped_ends_the_part_that_has_it(world, shop, order_id):
    hat, scarves = world.split(order_id, {HAT: 1})

    gone = newer(world, a_standard_order(), {"state": P.TO_SHIP}, {"state": P.SHIPPED}, state=P.PARTLY_SHIPPED)
    world.take_in(shop, gone)

    assert states(world, [hat, scarves]) == [S.SHIPPED, S.AWAITING_CS_REVIEW]
    assert world.order(hat).external
    assert (world.units(HAT), world.units(SCARF)) == ((99, 0), (100, 2))


def test_signed_and_finished_are_those_of_every_part(world, shop, order_id):
    parts = world.split(order_id, {HAT: 1})
    world.watch_warehouse()
    for part in parts:
        world.warehouse.ships(world.at_warehouse(part), world.clock())
    world.wait(minutes=1)

    world.take_in(shop, newer(world, a_standard_order(), state=P.FINISHED))

    assert states(world, parts) == [S.COMPLETED] * 2
    assert world.differences() == []


def test_an_unreadable_version_stops_every_part(world, shop, order_id):
    parts = world.split(order_id, {HAT: 1})
    world.clock.forward(minutes=1)
    wrong = newer(world, a_standard_order(), payable=Money(1))

    world.take_in(shop, wrong)

    assert all(world.order(id).flagged(FlagKind.INTERCEPTED) for id in parts)
    for part in parts:
        world.give(PassInterception, part, reason="核对")
        world.give(ApproveOrder, part)


# --- by the shop's rules ---------------------------------------------------------------------------------------------


def test_an_order_is_split_by_the_shops_rules_before_it_is_allocated(world):
    shop = world.a_shop(auto_split=True, split_triggers=("parcel_size",), split_units=2)
    world.receive(SCARF, HAT)

    order_id = world.an_order(shop, a_standard_order())

    parts = world.order(order_id).heirs
    assert states(world, [order_id, *parts]) == [S.SPLIT, S.AWAITING_CS_REVIEW, S.AWAITING_CS_REVIEW]
    assert [world.order(id).split_reasons for id in parts] == [("parcel_size 1/2",), ("parcel_size 2/2",)]
    assert world.units(SCARF) == (100, 2)


def test_what_is_not_to_be_had_is_split_off(world):
    shop = world.a_shop(split_triggers=("presale",))
    world.receive(SCARF, units=1)
    order_id = world.an_order(shop, a_standard_order())

    seen = world.splits.preview(SplitOrder(order_id=order_id, by=ROOT))

    assert [(part.reasons, [(line.sku, line.units) for line in part.lines]) for part in seen.parts] == [
        (("presale in_stock",), [(SCARF, 1)]),
        (("presale out_of_stock",), [(SCARF, 1), (HAT, 1)]),
    ]


def test_weights_of_the_catalogue_count(world):
    shop = world.a_shop(split_triggers=("weight",), split_weight_g=500)
    world.receive(SCARF, HAT)
    weights = {SCARF: 300, HAT: 200}
    for sku, weight in weights.items():
        world.catalog.put_sku(PutSku(code=sku, facts=SkuFacts(title=sku, weight_g=weight), by=ROOT))
    order_id = world.an_order(shop, a_standard_order())

    answer = world.splits.split(SplitOrder(order_id=order_id, by=ROOT))

    assert [sorted((line.sku, line.units) for line in part.lines) for part in answer.parts] == [
        [(HAT, 1), (SCARF, 1)],
        [(SCARF, 1)],
    ]


def test_goods_that_must_not_travel_together_are_told_apart_by_their_marks(world):
    shop = world.a_shop(split_triggers=("category",))
    world.receive(SCARF, HAT)
    for sku, marks in ((SCARF, ["liquid"]), (HAT, [])):
        world.catalog.put_sku(PutSku(code=sku, facts=SkuFacts(title=sku, marks=marks), by=ROOT))
    order_id = world.an_order(shop, a_standard_order())

    answer = world.splits.split(SplitOrder(order_id=order_id, by=ROOT))

    assert [(part.reasons, [line.sku for line in part.lines]) for part in answer.parts] == [
        (("category liquid",), [SCARF]),
        (("category",), [HAT]),
    ]


def test_what_no_rule_tells_apart_is_not_split(world, order_id):
    with pytest.raises(CannotSplit):
        world.splits.split(SplitOrder(order_id=order_id, by=ROOT))


def test_a_shop_has_rules_that_make_sense(world):
    for policy in ({"split_triggers": ("by_hand",)}, {"split_units": 0}):
        with pytest.raises(InvalidSplitRules):
            world.a_shop("tb-9", **policy)


# --- claims ----------------------------------------------------------------------------------------------------------


def test_what_claims_are_counted_by_stays_together(world):
    claims = Claims(world)
    claims.open(kind=CaseKind.REFUND_BEFORE_SHIPMENT)
    order_id, other = claims.order_id, world.an_order(claims.shop, a_standard_order(order_no="2"))

    for act in (
        lambda: world.split(order_id, {HAT: 1}),
        lambda: world.splits.preview(SplitOrder(order_id=order_id, parts=((Wanted(sku=HAT, units=1),),), by=ROOT)),
        lambda: world.merges.merge(MergeOrders(order_ids=(order_id, other), by=ROOT)),
        lambda: world.edit(order_id, quantities=(Wanted(sku=HAT, units=0),)),
    ):
        with pytest.raises(HasClaims):
            act()

    assert world.edit(order_id, note="等退款").what == ("note",)
