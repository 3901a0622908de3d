"""The fulfilment order: given to the warehouse, shipped in parcels, written back to the platform."""

from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from oms_domain.fulfilment.fulfilment_order import (
    FULFILMENT_ENDS,
    FULFILMENT_TABLE,
    FulfilmentAccepted,
    FulfilmentCancelled,
    FulfilmentLine,
    FulfilmentMade,
    FulfilmentMove,
    FulfilmentRefused,
    FulfilmentReleased,
    FulfilmentState,
    FulfilmentTakenLate,
    PackageShipped,
    PackageWrittenBack,
    WriteBack,
    WriteBackRefused,
)
from oms_domain.kernel.change import Change
from oms_domain.kernel.errors import MoveNotAllowed
from oms_domain.kernel.identity import PackageId
from oms_domain.kernel.quantity import Quantity
from oms_domain.kernel.states import check_table
from oms_domain.testing.builders import (
    FULFILMENT,
    LINE,
    MAIN,
    NOW,
    ORDER,
    PACKAGE,
    SCARF,
    a_fulfilment_order,
    a_package,
    an_id,
)
from oms_domain.testing.strategies import fulfilment_orders

F, M = FulfilmentState, FulfilmentMove
LATER = NOW + timedelta(hours=1)
REST = (FulfilmentLine(line_id=LINE, sku=SCARF, quantity=Quantity(1)),)

COMMANDS = {
    M.RELEASE: lambda order: order.release(REST, at=LATER),
    M.REFUSE: lambda order: order.refuse("地址超区", at=LATER),
    M.SHIP_PART: lambda order: order.ship(a_package(), last=False, at=LATER),
    M.SHIP: lambda order: order.ship(a_package(), last=True, at=LATER),
    M.HAND_OVER: lambda order: order.hand_over(at=LATER),
    M.CANCEL_REST: lambda order: order.cancel_rest("缺货", at=LATER),
    M.CANCEL: lambda order: order.cancel("买家取消", at=LATER),
    M.SHIP_LATE: lambda order: order.ship_late((a_package(),), at=LATER),
}


def facts(state):
    return {"fulfilment_id": FULFILMENT, "order_id": ORDER, "state": state, "at": LATER}


def test_the_table_is_sound():
    assert check_table(FULFILMENT_TABLE, entries={F.APPROVED}, ends=FULFILMENT_ENDS, moves=M) == ()


@pytest.mark.parametrize("state", F)
@pytest.mark.parametrize("move", M)
def test_a_command_leads_where_the_table_says_or_is_refused(state, move):
    order = a_fulfilment_order(state=state)

    if move in FULFILMENT_TABLE[state]:
        change = COMMANDS[move](order)
        assert change.state.state is FULFILMENT_TABLE[state][move]
        assert [event.state for event in change.events] == [change.state.state]
        assert change.state.updated_at == LATER
    else:
        with pytest.raises(MoveNotAllowed) as refusal:
            COMMANDS[move](order)
        assert refusal.value.fields() == {"state": state, "move": move, "allowed": tuple(FULFILMENT_TABLE[state])}


def test_a_new_one_is_announced_with_number_and_warehouse():
    change = a_fulfilment_order().made(at=LATER)

    made = FulfilmentMade(number="F20261123-000001", warehouse=MAIN, **facts(F.APPROVED))
    assert change == Change(a_fulfilment_order(), (made,))
    assert made.stream == FULFILMENT


def test_it_is_released_with_what_is_to_ship_now():
    change = a_fulfilment_order(accepted=True).release(REST, at=LATER)

    assert change.state == a_fulfilment_order(state=F.PICKING, lines=REST, updated_at=LATER)
    assert change.events == (FulfilmentReleased(**facts(F.PICKING)),)


def test_the_warehouse_takes_it_once():
    accepted = a_fulfilment_order(state=F.PICKING).accept(at=LATER)

    assert accepted.state == a_fulfilment_order(state=F.PICKING, accepted=True, updated_at=LATER)
    assert accepted.events == (FulfilmentAccepted(**facts(F.PICKING)),)
    assert accepted.state.accept(at=LATER) == Change(accepted.state)


def test_taken_when_it_was_called_off_it_must_be_asked_to_stop():
    taken = a_fulfilment_order(state=F.CANCELLED).accept(at=LATER)

    assert taken.state == a_fulfilment_order(state=F.CANCELLED, accepted=True, updated_at=LATER)
    assert taken.events == (FulfilmentTakenLate(**facts(F.CANCELLED)),)
    assert taken.state.accept(at=LATER) == Change(taken.state)


@pytest.mark.parametrize("state", [F.APPROVED, F.SHIPPED])
def test_an_acceptance_that_comes_when_it_is_not_with_the_warehouse_changes_nothing(state):
    assert a_fulfilment_order(state=state).accept(at=LATER) == Change(a_fulfilment_order(state=state))


def test_what_ships_although_it_was_called_off_has_all_its_parcels_at_once():
    parcels = (a_package(), a_package(id=PackageId(an_id(99)), tracking_no="T2"))

    left = a_fulfilment_order(state=F.CANCELLED).ship_late(parcels, at=LATER)

    assert (left.state.state, left.state.accepted, left.state.packages) == (F.SHIPPED, True, parcels)
    assert [event.tracking_no for event in left.events] == [parcel.tracking_no for parcel in parcels]


def test_refused_by_the_warehouse_it_may_be_released_again():
    change = a_fulfilment_order(state=F.PICKING, accepted=True).refuse("地址超区", at=LATER)

    assert change.state == a_fulfilment_order(updated_at=LATER)
    assert change.events == (FulfilmentRefused(reason="地址超区", **facts(F.APPROVED)),)
    assert change.state.release(REST, at=LATER).state.state is F.PICKING


def test_a_parcel_is_kept_and_must_be_told_to_the_platform():
    change = a_fulfilment_order(state=F.PICKING).ship(a_package(), last=True, at=LATER)

    assert change.state == a_fulfilment_order(state=F.SHIPPED, accepted=True, packages=(a_package(),), updated_at=LATER)
    shipped = PackageShipped(package_id=PACKAGE, carrier="SF", tracking_no="SF0000000000001", **facts(F.SHIPPED))
    assert change.events == (shipped,)
    assert change.state.packages[0].write_back is WriteBack.PENDING


def test_parcels_are_known_by_their_tracking_number():
    order = a_fulfilment_order(packages=(a_package(),))

    assert order.has_parcel("SF0000000000001")
    assert not order.has_parcel("SF0000000000002")


@pytest.mark.parametrize("move", [M.REFUSE, M.CANCEL])
def test_once_a_parcel_has_left_it_is_neither_refused_nor_cancelled(move):
    order = a_fulfilment_order(state=F.PICKING, packages=(a_package(),))

    with pytest.raises(MoveNotAllowed) as refusal:
        COMMANDS[move](order)

    assert refusal.value.fields() == {"state": F.PICKING, "move": move, "allowed": (M.SHIP_PART, M.SHIP)}


def test_it_can_be_cancelled_while_nothing_has_left():
    change = a_fulfilment_order().cancel("买家取消", at=LATER)

    assert change.state == a_fulfilment_order(state=F.CANCELLED, updated_at=LATER)
    assert change.events == (FulfilmentCancelled(reason="买家取消", **facts(F.CANCELLED)),)


def test_the_platform_knows_of_one_parcel_while_another_waits():
    other = a_package(id=PackageId(an_id(55)), tracking_no="SF0000000000002")
    order = a_fulfilment_order(state=F.SHIPPED, packages=(a_package(), other))

    change = order.written_back(PACKAGE, at=LATER)

    assert change.state == evolve(order, packages=(a_package(write_back=WriteBack.DONE), other), updated_at=LATER)
    assert change.events == (PackageWrittenBack(package_id=PACKAGE, **facts(F.SHIPPED)),)
    assert change.state.written_back(PACKAGE, at=LATER) == Change(change.state)


def test_a_parcel_that_the_platform_refuses_can_be_written_back_later():
    order = a_fulfilment_order(state=F.SHIPPED, packages=(a_package(),))

    refused = order.write_back_refused(PACKAGE, "CD06", at=LATER)
    done = refused.state.written_back(PACKAGE, at=LATER)

    marked = a_package(write_back=WriteBack.REFUSED, write_back_reason="CD06")
    assert refused.state == evolve(order, packages=(marked,), updated_at=LATER)
    assert refused.events == (WriteBackRefused(package_id=PACKAGE, reason="CD06", **facts(F.SHIPPED)),)
    assert done.state.packages == (a_package(write_back=WriteBack.DONE),)


def test_a_refusal_after_the_platform_has_taken_the_parcel_changes_nothing():
    order = a_fulfilment_order(state=F.SHIPPED, packages=(a_package(write_back=WriteBack.DONE),))

    assert order.write_back_refused(PACKAGE, "CD06", at=LATER) == Change(order)


def test_a_write_back_of_a_parcel_that_is_not_ours_changes_nothing():
    order = a_fulfilment_order(state=F.SHIPPED, packages=(a_package(),))

    assert order.written_back(PackageId(an_id(56)), at=LATER) == Change(order)


@given(fulfilment_orders(), st.lists(st.sampled_from(M), max_size=8))
def test_no_sequence_of_commands_loses_a_parcel_or_leaves_an_end(order, moves):
    for move in moves:
        before = order
        try:
            order = COMMANDS[move](order).state
        except MoveNotAllowed:
            assert move not in FULFILMENT_TABLE[order.state] or order.packages
        assert order.packages[: len(before.packages)] == before.packages
        assert before.state not in FULFILMENT_ENDS or order == before


def test_what_the_platform_refused_is_told_again_parcel_by_parcel():
    refused = a_package(write_back=WriteBack.REFUSED, write_back_reason="运单号无效")
    done = a_package(id=PackageId(an_id(60)), tracking_no="SF0000000000009", write_back=WriteBack.DONE)
    fulfilment = a_fulfilment_order(state=F.SHIPPED, packages=(refused, done))

    again = fulfilment.write_back_again(at=NOW)

    pending = evolve(refused, write_back=WriteBack.PENDING, write_back_reason="")
    assert again.state.packages == (pending, done)
    assert [(type(event), event.package_id) for event in again.events] == [(PackageShipped, refused.id)]


def test_where_the_platform_refused_nothing_there_is_nothing_to_tell_again():
    fulfilment = a_fulfilment_order(state=F.SHIPPED, packages=(a_package(write_back=WriteBack.DONE),))

    assert fulfilment.write_back_again(at=NOW) == Change(fulfilment)
