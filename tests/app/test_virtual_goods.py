"""Virtual goods (a course, a code, a right): no stock, no warehouse, no carrier; and apart from what is shipped."""

import pytest
from attrs import evolve
from tests.app.claims import Claims
from tests.app.test_manual_orders import wanted as manual
from tests.app.world import ROOT, later

from oms_adapters.business.by_hand import NOT_CONNECTED, BusinessByHand
from oms_adapters.business.simulated import NOBODY, TAKEN_BACK, SimulatedBusiness
from oms_adapters.memory.platform import RECEIVER
from oms_app.catalog import PutSku
from oms_app.editing import Replace, UnknownGoods
from oms_app.manual import LineWanted, PayBalance
from oms_app.order_moves import HandOverOrder, UnreviewOrder
from oms_app.orders import ApproveOrder, CancelOrder, HoldOrder, PassInterception, PlaceAnew, ReleaseOrder, UnholdOrder
from oms_app.ports.business import BusinessAnswer, Right, RightsToGive, RightsToTakeBack
from oms_app.ports.channels import RetryLater
from oms_app.rights import GIVEN_ALL_THE_SAME, BookGiven, BookNotGiven, ReadTakingBack
from oms_app.splitting import SplitOrder
from oms_domain.aftersales.states import CaseKind as K
from oms_domain.aftersales.states import CaseState as C
from oms_domain.catalog.sku import SkuFacts, SkuKind
from oms_domain.channels.standard import OrderKind, PlatformState, Receiver
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.balance import balance_due
from oms_domain.orders.delivering import NOT_GIVEN
from oms_domain.orders.moves import HANDING_OVER, BeingGiven, NeedsAWarehouse, NotForAWarehouse
from oms_domain.orders.states import OrderState as S
from oms_domain.refunds.states import RefundState as R
from oms_domain.testing.builders import HAT, MAIN, SCARF, a_standard_order, an_id


def broken(world):
    return list(world.store.doctor.findings(lambda name, count: None))


def is_virtual(world, *codes):
    for code in codes:
        world.catalog.put_sku(PutSku(code=code, facts=SkuFacts(title="样例课程", kind=SkuKind.VIRTUAL), by=ROOT))
    world.settle()


@pytest.fixture
def shop(world):
    return world.a_shop()


def test_a_virtual_order_goes_on_without_stock_warehouse_or_carrier(world, shop):
    order_id = world.an_order(shop, a_standard_order(kind=OrderKind.VIRTUAL))

    order = world.order(order_id)
    assert (order.state, order.warehouse, order.carrier) == (S.AWAITING_CS_REVIEW, None, None)
    world.orders.place_anew(PlaceAnew(order_id=order_id, by=ROOT))
    world.give(ApproveOrder, order_id)
    assert (world.state(order_id), world.order(order_id).fulfilment_id) == (S.AWAITING_RELEASE, None)
    with pytest.raises(NotForAWarehouse):
        world.give(ReleaseOrder, order_id)
    world.give(UnreviewOrder, order_id)
    world.give(ApproveOrder, order_id)
    assert broken(world) == []

    world.give(HandOverOrder, order_id)

    assert (world.state(order_id), world.all_units(), world.warehouse.sent) == (S.SIGNED, {}, [])
    assert broken(world) == []


def test_stock_that_is_there_is_left_alone_and_it_is_cancelled_at_once(world, shop):
    world.receive(SCARF, HAT)
    order_id = world.an_order(shop, a_standard_order(kind=OrderKind.VIRTUAL))
    assert (world.units(SCARF), world.units(HAT)) == ((100, 0), (100, 0))
    world.give(ApproveOrder, order_id)

    world.give(CancelOrder, order_id)

    assert (world.state(order_id), broken(world)) == (S.CANCELLED, [])


def test_an_order_of_virtual_skus_alone_is_a_virtual_one(world, shop):
    is_virtual(world, SCARF, HAT)

    order_id = world.an_order(shop, a_standard_order())

    order = world.order(order_id)
    assert (order.state, order.kind, order.warehouse) == (S.AWAITING_CS_REVIEW, OrderKind.VIRTUAL, None)


def test_virtual_and_physical_lines_are_split_whatever_the_shop_splits_by_itself(world, shop):
    world.receive(SCARF)
    is_virtual(world, HAT)

    parent = world.order(world.an_order(shop, a_standard_order()))

    goods, right = (world.order(id) for id in parent.heirs)
    assert (parent.state, world.units(SCARF)) == (S.SPLIT, (100, 2))
    assert [(part.kind, part.warehouse, part.state) for part in (goods, right)] == [
        (OrderKind.NORMAL, MAIN, S.AWAITING_CS_REVIEW),
        (OrderKind.VIRTUAL, None, S.AWAITING_CS_REVIEW),
    ]
    assert [[line.sku for line in part.lines] for part in (goods, right)] == [[SCARF], [HAT]]
    assert [part.split_reasons for part in (goods, right)] == [("delivery own",), ("delivery virtual",)]
    assert goods.payable + right.payable == parent.payable
    assert broken(world) == []
    world.give(ApproveOrder, goods.id)
    with pytest.raises(NeedsAWarehouse):
        world.give(HandOverOrder, goods.id)


def test_a_mixed_order_that_waits_for_stock_gives_its_virtual_goods_all_the_same(world, shop):
    is_virtual(world, HAT)

    parent = world.order(world.an_order(shop, a_standard_order()))

    states = {world.order(id).kind: world.state(id) for id in parent.heirs}
    assert states == {OrderKind.NORMAL: S.BACKORDERED, OrderKind.VIRTUAL: S.AWAITING_CS_REVIEW}


def test_the_plan_of_a_split_tells_virtual_lines_apart(world):
    shop = world.a_shop(split_triggers=("delivery",))
    world.receive(SCARF, HAT)
    order_id = world.an_order(shop, a_standard_order())
    is_virtual(world, HAT)
    plan = world.splits.preview(SplitOrder(order_id=order_id, by=ROOT))

    assert [part.reasons for part in plan.parts] == [("delivery own",), ("delivery virtual",)]


def test_a_presale_of_virtual_goods_waits_until_its_balance_is_paid(world, shop):
    is_virtual(world, "COURSE")
    order_id = a_presale(world, shop, "COURSE")
    assert world.state(order_id) is S.BACKORDERED

    due = balance_due(world.order(order_id))
    world.manual.pay_balance(PayBalance(order_id=order_id, paid=due, by=ROOT))
    world.settle()

    assert (world.state(order_id), world.order(order_id).kind) == (S.AWAITING_CS_REVIEW, OrderKind.VIRTUAL)


def a_presale(world, shop, code):
    line = LineWanted(code=code, units=Quantity(1), unit_price=Money(10_000))
    wanted = manual(shop, line, kind=OrderKind.PRESALE, deposit=Money(1_000))
    answer = world.manual.create(wanted)
    world.settle()
    return answer.order.id


def test_goods_do_not_take_the_place_of_virtual_ones(world, shop):
    world.catalog.put_sku(PutSku(code="MUG", facts=SkuFacts(title="样例杯"), by=ROOT))
    order_id = world.an_order(shop, a_standard_order(kind=OrderKind.VIRTUAL))

    with pytest.raises(UnknownGoods):
        world.edit(order_id, replacements=(Replace(sku=HAT, by="MUG"),))
    is_virtual(world, "COURSE")
    world.edit(order_id, replacements=(Replace(sku=HAT, by="COURSE"),))

    assert [line.sku for line in world.order(order_id).lines] == [SCARF, "COURSE"]
    assert world.state(order_id) is S.AWAITING_CS_REVIEW
    assert world.order(order_id).warehouse is None


# --- given and taken back by a business system -----------------------------------------------------------------------


class Watched(SimulatedBusiness):
    """Looks up at each call, and may give no answer, or none but no."""

    def __init__(self, watch):
        super().__init__()
        self.watch, self.calls, self.refuses, self.is_silent = watch, [], "", False

    def give(self, wanted):
        return self._answer("give", wanted, super().give)

    def take_back(self, wanted):
        return self._answer("take_back", wanted, super().take_back)

    def _answer(self, name, wanted, do):
        self.watch.call("business")
        self.calls.append((name, wanted))
        if self.is_silent:
            raise RetryLater(reason="no answer")
        return BusinessAnswer(done=False, reason=self.refuses) if self.refuses else do(wanted)


@pytest.fixture
def business(world):
    world.business = Watched(world.watch)
    world.wire()
    return world.business


def course(world, **changes):
    """Return an order of virtual goods that is reviewed by itself."""
    shop = world.a_shop(auto_review=True)
    return world.an_order(shop, a_standard_order(kind=OrderKind.VIRTUAL, **changes))


def test_after_review_its_goods_are_given_once_and_it_is_signed(world, business):
    order_id = course(world)

    ((name, wanted),) = business.calls
    assert (name, wanted.order_id, [(right.sku, right.units) for right in wanted.rights]) == (
        "give",
        order_id,
        [(SCARF, 2), (HAT, 1)],
    )
    assert wanted.buyer == RECEIVER
    assert (world.state(order_id), world.order(order_id).progress) == (S.SIGNED, "")
    assert broken(world) == []


def test_without_an_answer_it_is_asked_again_under_the_same_key_and_nobody_calls_it_off(world, business):
    business.is_silent = True
    order_id = course(world)
    assert (world.state(order_id), world.order(order_id).progress) == (S.AWAITING_RELEASE, HANDING_OVER)
    for kind in (CancelOrder, UnreviewOrder):
        with pytest.raises(BeingGiven):
            world.give(kind, order_id)

    business.is_silent = False
    world.wait(minutes=10)

    assert {wanted.order_id for _, wanted in business.calls} == {order_id}
    assert (len(business.calls) > 1, world.state(order_id)) == (True, S.SIGNED)


def test_work_that_never_gets_an_answer_is_parked_for_a_person_who_may_say_that_it_was_given(world, business):
    business.is_silent = True
    order_id = course(world)

    world.wait(days=2)
    for _ in range(20):
        world.wait(hours=1)

    assert [handler for handler, _ in world.parked()] == ["virtual.give"]
    world.give(HandOverOrder, order_id)
    assert world.state(order_id) is S.SIGNED


@pytest.mark.parametrize(("theirs", "ours"), [("课程已满", "课程已满"), (" ", NOT_GIVEN)])
def test_what_the_system_would_not_give_is_shown_to_a_person_who_lets_it_be_tried_again(world, business, theirs, ours):
    business.refuses = theirs
    order_id = course(world)
    assert [(str(flag.kind), flag.reason) for flag in world.order(order_id).flags] == [("intercepted", ours)]
    assert (world.state(order_id), world.order(order_id).progress) == (S.AWAITING_RELEASE, "")

    business.refuses = ""
    world.give(PassInterception, order_id)

    assert world.state(order_id) is S.SIGNED


def test_what_is_given_although_its_platform_has_cancelled_it_is_a_discrepancy(world, business):
    standard = a_standard_order(kind=OrderKind.VIRTUAL)
    shop = world.a_shop(auto_review=True)
    business.is_silent = True
    order_id = world.an_order(shop, standard)
    world.take_in(shop, later(standard, world.clock, state=PlatformState.CLOSED_REFUNDED))
    assert world.state(order_id) is S.CANCELLED

    world.rights.book_given(BookGiven(order_id=order_id, by=ROOT))
    world.rights.book_not_given(BookNotGiven(order_id=order_id, reason="x", by=ROOT))

    assert GIVEN_ALL_THE_SAME in {what for _, _, _, what in world.differences()}
    assert world.state(order_id) is S.CANCELLED


def test_an_order_that_is_held_is_not_given_until_it_goes_on(world, business):
    shop = world.a_shop()
    order_id = world.an_order(shop, a_standard_order(kind=OrderKind.VIRTUAL))
    world.give(HoldOrder, order_id, reason="等买家")
    assert business.calls == []

    world.give(UnholdOrder, order_id)
    world.give(ApproveOrder, order_id)

    assert world.state(order_id) is S.SIGNED


def test_before_the_money_goes_the_right_is_taken_back_there(world, business):
    claims = Claims(world, a_standard_order(kind=OrderKind.VIRTUAL), auto_review=True)
    case_id = claims.open(K.VIRTUAL_REFUND, 2, 1)

    claims.approve(case_id)

    name, wanted = business.calls[-1]
    assert (name, wanted.case_id, wanted.order_id) == ("take_back", case_id, claims.order_id)
    assert [(right.sku, right.units) for right in wanted.rights] == [(SCARF, 2), (HAT, 1)]
    assert (claims.case().state, claims.refund.state) == (C.AWAITING_REFUND, R.APPROVED)


def test_a_right_that_was_used_is_not_paid_back(world, business):
    claims = Claims(world, a_standard_order(kind=OrderKind.VIRTUAL), auto_review=True)
    case_id = claims.open(K.VIRTUAL_REFUND, 2, 1)
    business.refuses = "已学完"

    claims.approve(case_id)

    assert (claims.case().state, claims.case().closing.reason) == (C.CLOSED, "已学完")
    assert world.rights.to_take_back(ReadTakingBack(case_id=case_id, by=ROOT)) is None


def test_what_was_taken_back_before_it_was_given_is_not_given_any_more(tmp_path):
    simulated = SimulatedBusiness(tmp_path / "business.db")
    right = Right(line_id=an_id(1), sku=SCARF, title="样例课程", units=1)
    facts = {"order_id": an_id(2), "shop_id": an_id(3), "rights": (right,)}
    wanted = RightsToGive(number="S1", platform_order_no="1", buyer=RECEIVER, **facts)

    simulated.take_back(RightsToTakeBack(case_id=an_id(4), reason="x", **facts))
    refused = simulated.give(wanted)
    nobody = simulated.give(evolve(wanted, buyer=Receiver()))
    simulated.close()
    again = SimulatedBusiness(tmp_path / "business.db")

    assert (refused.reason, nobody.reason) == (TAKEN_BACK, NOBODY)
    assert again.give(wanted) == refused
    assert again.give(evolve(wanted, order_id=an_id(9))) == again.give(evolve(wanted, order_id=an_id(9)))
    assert (again.is_given(an_id(9)), again.is_given(an_id(2))) == (True, False)


def test_where_no_system_is_connected_a_person_gives_it():
    by_hand = BusinessByHand()

    assert not by_hand.serves(an_id(3))
    assert by_hand.give(None) == by_hand.take_back(None) == NOT_CONNECTED
