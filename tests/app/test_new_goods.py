"""New goods for a case: sent by an order of ours or by hand, or called off after all."""

import pytest
from tests.app.claims import Claims
from tests.app.test_never_both import findings, in_exchange, in_two
from tests.app.world import ROOT

from oms_app.address_edits import AddressWanted
from oms_app.case_addresses import return_address, sending_address
from oms_app.case_commands import ChangeKind, NoteReplacementSent, OweDifference, ReaddressCase, TimeOutCase
from oms_app.orders import CancelOrder
from oms_domain.aftersales.refusals import AddressNotNeeded, AddressSettled, RefundNotPositive, ReplacementNotSent
from oms_domain.aftersales.sending import UNSENT
from oms_domain.aftersales.states import CaseKind as K
from oms_domain.aftersales.states import CaseState as C
from oms_domain.kernel.errors import MoveNotAllowed
from oms_domain.kernel.money import Money
from oms_domain.orders.manual import FieldsMissing
from oms_domain.orders.states import OrderState as S
from oms_domain.testing.builders import SCARF

BY_HAND = {"carrier": "SF", "tracking_no": "SF-9"}


@pytest.fixture
def claims(world):
    return Claims(world)


def cancelled(claims, order_id, reason="缺货"):
    claims.world.give(CancelOrder, order_id, reason=reason)
    claims.world.settle()


# --- to another address ----------------------------------------------------------------------------------------------

ELSEWHERE = "测试员 13000000001 浙江省杭州市西湖区示例路8号"


def sealed(claims, text=ELSEWHERE, make=sending_address):
    world = claims.world
    return make(AddressWanted(text=text), shop_id=claims.shop.id, sealer=world.sealer, new_id=world.new_id)


def test_new_goods_go_to_another_address_with_its_region(claims):
    case_id = claims.shipped().open(K.REISSUE, send_to=sealed(claims))
    claims.approve(case_id)

    case = claims.case(case_id)
    new = claims.world.order(case.replacement_id)
    with claims.world.open(ROOT) as tx:
        receiver = claims.world.sealer.open_receiver(tx.vault.get(new.receiver.vault_id))
    assert (new.region.city, new.region.district) == ("杭州市", "西湖区")
    assert (receiver.name, receiver.mobile, receiver.street) == ("测试员", "13000000001", "示例路8号")
    assert (case.send_to, case.send_mask) == (new.receiver.vault_id, new.receiver.mask)
    assert "测试员" not in case.send_mask
    assert claims.order.receiver.vault_id != case.send_to


def test_goods_come_back_to_another_address_and_the_usual_ones_are_shown_as_masks(claims):
    claims.shipped()
    case_id = claims.open(K.EXCHANGE)
    usual = claims.case(case_id)
    assert (usual.send_mask, usual.send_region) == (claims.order.receiver.mask, None)

    there = sealed(claims, make=return_address)
    claims.do("readdress", ReaddressCase, case_id, return_to=there, send_to=sealed(claims))
    claims.approve(case_id)

    case = claims.case(case_id)
    assert (case.return_to, case.return_mask) == (there.sealed.id, there.sealed.mask)
    assert claims.goods.return_to == there.sealed.id
    assert claims.world.sealer.open_receiver(there.sealed).street == "浙江省杭州市西湖区示例路8号"
    with pytest.raises(AddressSettled):
        claims.do("readdress", ReaddressCase, case_id, return_to=sealed(claims, make=return_address))


def test_an_address_that_is_not_needed_or_not_whole_is_refused_and_not_stored(claims):
    claims.shipped()
    rows = len(claims.world.store.tables.vault)
    with pytest.raises(AddressNotNeeded):
        claims.open(K.REFUND_ONLY, send_to=sealed(claims))
    with pytest.raises(FieldsMissing) as refusal:
        sealed(claims, "测试员 13000000001 浙江省杭州市示例路8号")
    assert refusal.value.missing == ("send_to.district",)
    assert len(claims.world.store.tables.vault) == rows


# --- called off ------------------------------------------------------------------------------------------------------


def test_a_case_whose_new_goods_are_called_off_is_reviewed_again_and_sends_anew(claims):
    case_id, first = in_exchange(claims)

    cancelled(claims, first)

    case = claims.case(case_id)
    assert (case.state, case.approved_by, case.is_open) == (C.AWAITING_REVIEW, "", True)
    (ticket,) = [each for each in claims.tickets if each.case_id == case_id]
    assert (ticket.state, ticket.due) == ("open", case.due)
    claims.approve(case_id)
    second = claims.case(case_id).replacement_id
    assert (claims.case(case_id).state, second != first, claims.world.state(second)) == (
        C.AWAITING_EXCHANGE_SHIPMENT,
        True,
        S.AWAITING_CS_REVIEW,
    )
    claims.world.warehouse.ships(claims.world.at_warehouse(second), claims.world.clock(), tracking_no="SF-2")
    claims.world.wait(seconds=5)
    assert (claims.case(case_id).state, findings(claims.world)) == (C.SUCCEEDED, [])


def test_or_it_becomes_a_refund(claims):
    case_id, new = in_exchange(claims)
    cancelled(claims, new)

    next_id = claims.do("change_kind", ChangeKind, case_id, to=K.RETURN_AND_REFUND).linked_id
    claims.approve(next_id)

    assert (claims.case(next_id).state, claims.refund.amount) == (C.AWAITING_REFUND, Money(9_400))


def test_why_the_new_goods_were_called_off_stands_in_the_log(claims):
    case_id = claims.shipped().open(K.REISSUE, 1)
    claims.approve(case_id)
    new = claims.case(case_id).replacement_id

    cancelled(claims, new, "停产")

    (told,) = [
        entry
        for entry in claims.world.store.aftersales_queries.case(ROOT, case_id).log
        if entry.kind == "aftersales.replacement_called_off"
    ]
    assert "停产" in str(told)
    assert claims.case(case_id).state is C.AWAITING_REVIEW


def test_goods_that_are_here_keep_a_case_from_closing_by_time(claims):
    case_id, new = in_exchange(claims)
    cancelled(claims, new)

    claims.world.clock.forward(days=60)
    claims.do("time_out", TimeOutCase, case_id)

    assert claims.case(case_id).state is C.AWAITING_REVIEW


def test_of_two_orders_one_called_off_and_one_that_left_end_the_case_with_a_discrepancy(claims):
    world = claims.shipped().world
    case_id = in_two(claims)
    scarf, hat = world.order(claims.case(case_id).replacement_id).heirs
    cancelled(claims, hat)
    assert claims.case(case_id).state is C.AWAITING_EXCHANGE_SHIPMENT

    world.warehouse.ships(world.at_warehouse(scarf), world.clock(), tracking_no="SF-2")
    world.wait(seconds=5)

    assert claims.case(case_id).state is C.SUCCEEDED
    sku = world.order(hat).lines[0].sku
    assert claims.differences(case_id) == [(UNSENT, f"{sku} × 1", "succeeded")]


def test_it_is_the_same_where_the_one_that_left_was_first(claims):
    world = claims.shipped().world
    case_id = in_two(claims)
    first, second = world.order(claims.case(case_id).replacement_id).heirs
    world.warehouse.ships(world.at_warehouse(first), world.clock(), tracking_no="SF-2")
    world.wait(seconds=5)

    cancelled(claims, second)

    assert (claims.case(case_id).state, [what for what, _, _ in claims.differences(case_id)]) == (
        C.SUCCEEDED,
        [UNSENT],
    )


# --- sent ------------------------------------------------------------------------------------------------------------


def test_new_goods_have_not_left_because_somebody_says_so(claims):
    case_id, new = in_exchange(claims)

    for facts in ({}, {"carrier": "SF"}, {"tracking_no": "SF-9"}, {"owed": Money(100)}):
        with pytest.raises(ReplacementNotSent):
            claims.do("note_replacement_sent", NoteReplacementSent, case_id, **facts)
    claims.world.at_warehouse(new)
    with pytest.raises(ReplacementNotSent):
        claims.do("note_replacement_sent", NoteReplacementSent, case_id)

    assert claims.case(case_id).state is C.AWAITING_EXCHANGE_SHIPMENT


def test_what_a_person_sent_ends_the_case_and_its_order_does_not_leave_as_well(claims):
    case_id, new = in_exchange(claims)
    held = claims.world.units(SCARF)[1]

    claims.do("note_replacement_sent", NoteReplacementSent, case_id, **BY_HAND)

    case = claims.case(case_id)
    assert (case.state, case.sent.tracking_no, claims.world.state(new)) == (C.SUCCEEDED, "SF-9", S.CANCELLED)
    assert (claims.world.units(SCARF)[1], claims.differences(case_id)) == (held - 1, [])
    assert findings(claims.world) == []


def test_what_a_person_sent_although_the_warehouse_has_it_is_stopped_there_and_told(claims):
    case_id, new = in_exchange(claims)
    claims.world.at_warehouse(new)

    claims.do("note_replacement_sent", NoteReplacementSent, case_id, **BY_HAND)

    assert (claims.case(case_id).state, claims.world.state(new)) == (C.SUCCEEDED, S.CANCELLED)
    assert claims.differences(case_id) == [("replacement", "in_warehouse", "succeeded")]


# --- what they cost less ---------------------------------------------------------------------------------------------


def test_what_new_goods_cost_less_goes_back_also_when_a_person_sends_them(claims):
    case_id, _ = in_exchange(claims)
    claims.do("owe_difference", OweDifference, case_id, amount=Money(500))

    claims.do("note_replacement_sent", NoteReplacementSent, case_id, **BY_HAND)

    assert (claims.case(case_id).state, claims.refund.amount) == (C.AWAITING_REFUND, Money(500))


def test_only_an_exchange_that_has_not_left_owes_something(claims):
    case_id, _ = in_exchange(claims)
    with pytest.raises(RefundNotPositive):
        claims.do("owe_difference", OweDifference, case_id, amount=Money(0))
    claims.do("note_replacement_sent", NoteReplacementSent, case_id, **BY_HAND)
    with pytest.raises(MoveNotAllowed):
        claims.do("owe_difference", OweDifference, case_id, amount=Money(500))
    other = claims.open(K.REISSUE, 0, 1)

    with pytest.raises(RefundNotPositive):
        claims.do("owe_difference", OweDifference, other, amount=Money(500))
