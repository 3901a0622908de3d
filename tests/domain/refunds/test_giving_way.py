"""What has moved comes before what is only held: refunds that hold the same give way, no more than they must."""

from attrs import evolve

from oms_domain.kernel.identity import RefundId
from oms_domain.kernel.money import Money
from oms_domain.refunds import events as e
from oms_domain.refunds.giving_way import in_the_way, released, still_there
from oms_domain.refunds.ledger import CASH, Charge, Taken
from oms_domain.refunds.placing import RefundUnits, place, rooms
from oms_domain.refunds.refund_order import PAID_OTHERWISE, RefundDifference, booked
from oms_domain.refunds.states import RefundState as S
from oms_domain.testing.aftersales import KEFU, OTHER_REFUND, REFUND, a_ledger, a_refund
from oms_domain.testing.builders import LINE, NOW, OTHER_LINE, an_id

FIRST = (RefundUnits(line_id=LINE, units=((0, 1),)),)
OTHER = (RefundUnits(line_id=OTHER_LINE, units=((0, 1),)),)
THIRD = RefundId(an_id(903))


def a_holder(id, wants, fen=None, **changes):
    """A granted refund of units, with the ledger that holds it."""
    taken = place(rooms(a_ledger(), wants, with_freight=False), fen)
    amount = Money(sum(each.fen for each in taken))
    facts = {"id": id, "state": S.APPROVED, "wants": wants, "taken": taken, "amount": amount, "platform_refund_no": ""}
    return a_refund(**facts | changes)


def held(*refunds):
    ledger = a_ledger()
    for refund in refunds:
        ledger = booked(ledger, refund, at=NOW)
    return ledger


def a_told(wants=FIRST):
    return a_refund(id=REFUND, wants=wants, taken=())


def test_what_holds_the_units_gives_way_and_what_holds_others_does_not():
    near, far = a_holder(OTHER_REFUND, FIRST), a_holder(THIRD, OTHER)

    assert in_the_way(held(near, far), a_told(), near.amount.fen, (near, far), at=NOW) == (near,)


def test_nothing_gives_way_where_the_units_have_enough_beside_it():
    part = a_holder(OTHER_REFUND, FIRST, 1_000)

    assert in_the_way(held(part), a_told(), 2_000, (part,), at=NOW) == ()


def test_nothing_gives_way_to_what_was_held_for_itself_or_where_nobody_holds_anything():
    own, far = a_holder(REFUND, FIRST), a_holder(THIRD, OTHER)
    let_go = evolve(a_holder(OTHER_REFUND, FIRST), taken=())

    assert in_the_way(held(own, far), own, own.amount.fen, (far,), at=NOW) == ()
    assert in_the_way(held(let_go), a_told(), 9_999, (let_go, a_holder(THIRD, OTHER)), at=NOW) == ()


def test_all_give_way_before_there_is_excess():
    near, far = a_holder(OTHER_REFUND, FIRST), a_holder(THIRD, OTHER)
    everything = sum(room.fen for room in rooms(a_ledger(), _all(), with_freight=True))

    assert in_the_way(held(near, far), a_told(), everything, (near, far), at=NOW) == (near, far)


def _all():
    return [RefundUnits(line_id=line.line_id, units=((0, line.units),)) for line in a_ledger().lines]


def test_what_is_still_there_is_no_more_than_units_tender_and_cash_have():
    holder = a_holder(OTHER_REFUND, FIRST)
    part = place(rooms(a_ledger(), FIRST, with_freight=False), 1_000)

    ledger = a_ledger().moved(REFUND, part, at=NOW)

    left = still_there(ledger, holder.taken)
    assert sum(each.fen for each in left) == holder.amount.fen - 1_000
    assert ledger.hold(OTHER_REFUND, left, at=NOW)
    assert still_there(a_ledger(), holder.taken) == holder.taken
    assert still_there(a_ledger().moved(REFUND, holder.taken, at=NOW), holder.taken) == ()


def test_where_less_cash_came_in_no_more_of_it_is_still_there():
    cash = Taken(line_id=LINE, charge=Charge.GOODS, tender=CASH, layer=((0, 1, 100),))

    (left,) = still_there(evolve(a_ledger(), collected_fen=30), (cash,))

    assert left.layer == ((0, 1, 30),)


def test_what_is_let_go_is_held_no_more():
    near, far = a_holder(OTHER_REFUND, FIRST), a_holder(THIRD, OTHER)

    assert set(released(held(near, far), (near,), at=NOW).standing) == {THIRD}


def test_a_refund_that_gives_way_is_of_less_and_says_so():
    refund = a_holder(OTHER_REFUND, FIRST)
    left = place(rooms(a_ledger(), FIRST, with_freight=False), 1_000)

    change = refund.give_way(left, Money(2_000), at=NOW)

    assert (change.state.state, change.state.amount, change.state.taken) == (S.APPROVED, Money(1_000), left)
    assert change.state.differences == (RefundDifference(what=PAID_OTHERWISE, theirs="20.00", ours=str(refund.amount)),)
    assert [type(event) for event in change.events] == [e.RefundReproposed, e.RefundDiffers]
    assert change.state.give_way(left, Money(2_000), at=NOW).events == ()


def test_a_refund_of_which_nothing_is_left_is_closed_but_what_a_platform_asks_for_waits_for_its_word():
    ours = a_holder(OTHER_REFUND, FIRST).give_way((), Money(9_400), at=NOW).state
    theirs = a_holder(OTHER_REFUND, FIRST, platform_refund_no="97001").give_way((), Money(9_400), at=NOW).state

    assert (ours.state, ours.closed_because, ours.amount) == (S.CLOSED, PAID_OTHERWISE, Money(0))
    assert (theirs.state, theirs.taken) == (S.APPROVED, ())
    assert theirs.amount == a_holder(OTHER_REFUND, FIRST).amount


def test_excess_is_shown_once_and_beside_what_was_paid_twice_not_again():
    done = a_refund(state=S.IN_FLIGHT).succeed(Money(3_000), moved_at=NOW, at=NOW).state

    shown = done.exceeds(1_000, at=NOW)

    assert shown.state.differences == (RefundDifference(what="excess", theirs="30.00", ours="20.00"),)
    assert shown.state.exceeds(1_000, at=NOW).events == ()
    by_hand = a_refund(state=S.APPROVED).pay_by_hand(platform_pays=False, paid_at=NOW, by=KEFU, at=NOW).state
    twice = by_hand.succeed(Money(3_000), moved_at=NOW, at=NOW).state
    again = twice.exceeds(3_000, at=NOW)
    assert [each.what for each in again.state.differences] == ["paid_twice"]
    assert again.events == (
        e.RefundRevised(
            refund_id=REFUND,
            order_id=twice.order_id,
            case_id=twice.case_id,
            state=S.SUCCEEDED,
            at=NOW,
            what=("excess_fen",),
        ),
    )
