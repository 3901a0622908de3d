"""What is owed for units that never leave: all of a cancelled order, what was lowered or called off of another."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.states import OrderState as S
from oms_domain.refunds.ledger import CASH, Charge
from oms_domain.refunds.opening import ledger_of_order
from oms_domain.refunds.owed import owed, without
from oms_domain.refunds.placing import RefundUnits, place, rooms
from oms_domain.refunds.proposal import FreightRule
from oms_domain.testing.aftersales import OTHER_REFUND, REFUND, a_ledger
from oms_domain.testing.builders import HAT, LINE, NOW, OTHER_LINE, a_sales_order, an_id, an_order_line


def nothing(_):
    return ()


def owes(order, ledger=None, **facts):
    wanted = {"asked": nothing, "kept_back": nothing, "settled": ()} | facts
    return owed(order, ledger or ledger_of_order(order), **wanted)


def units(proposal):
    return [(want.line_id, want.units) for want in proposal.now.wants]


def a_lowered_order(**facts):
    """Return two scarves, and a hat that was dropped."""
    return _closing(a_sales_order(**facts), OTHER_LINE)


def _closing(order, line_id):
    return evolve(order, lines=tuple(evolve(line, is_closed=line.id == line_id) for line in order.lines))


def with_refund(ledger, line_id, runs, fen=None, *, freight=False, refund=REFUND):
    wants = [RefundUnits(line_id=line_id, units=runs)]
    taken = place(rooms(ledger, wants, with_freight=freight), fen)
    return ledger.hold(refund, taken, at=NOW).moved(refund, taken, at=NOW)


def test_a_cancelled_order_owes_everything_with_its_freight():
    found = owes(a_sales_order(state=S.CANCELLED))

    assert (found.amount, found.freight) == (Money(23_600), FreightRule.BEFORE_SHIPMENT)
    assert units(found) == [(LINE, ((0, 2),)), (OTHER_LINE, ((0, 1),))]


def test_tenders_get_back_what_they_paid():
    order = a_sales_order(state=S.CANCELLED, lines=(an_order_line(quantity=Quantity(3)), *a_sales_order().lines[1:]))

    found = owes(order, a_ledger())

    assert found.by_tender == (("card", 2_100), (CASH, 12_700))


def test_an_order_that_goes_on_owes_what_was_dropped_of_it_and_keeps_the_freight():
    found = owes(a_lowered_order())

    assert (found.amount, found.freight, units(found)) == (Money(4000), FreightRule.KEPT, [(OTHER_LINE, ((0, 1),))])
    assert owes(a_sales_order()) is None


@pytest.mark.parametrize(
    "order",
    [
        a_sales_order(state=S.CANCELLED, paid=Money(0), paid_at=None),
        a_sales_order(state=S.CANCELLED, heirs=(an_id(90),)),
        a_sales_order(state=S.CANCELLED, cash_on_delivery=True),
    ],
)
def test_what_was_not_paid_or_goes_on_elsewhere_is_not_owed(order):
    assert owes(order) is None


def test_what_is_asked_for_or_settled_by_the_platform_is_not_owed_again():
    order = a_sales_order(state=S.CANCELLED)

    assert units(owes(order, asked=lambda id: ((0, 1),) if id == LINE else ())) == [
        (LINE, ((1, 2),)),
        (OTHER_LINE, ((0, 1),)),
    ]
    assert units(owes(order, settled=(LINE,))) == [(OTHER_LINE, ((0, 1),))]
    assert owes(order, settled=(LINE, OTHER_LINE)) is None


def test_what_went_back_in_part_owes_the_rest():
    order = a_sales_order(state=S.CANCELLED)
    ledger = with_refund(ledger_of_order(order), LINE, ((0, 2),), 5_000)

    assert owes(order, ledger).amount == Money(23_600 - 5_000)


def test_freight_alone_is_not_owed_once_all_goods_went_back():
    order = a_sales_order(state=S.CANCELLED)
    ledger = with_refund(ledger_of_order(order), LINE, ((0, 2),))

    assert owes(order, ledger).amount == Money(23_600 - 18_800)
    assert owes(order, with_refund(ledger, OTHER_LINE, ((0, 1),), refund=OTHER_REFUND)) is None


def test_of_a_rest_the_last_units_are_owed_but_those_that_were_kept_back_before():
    def order(called_off):
        scarves = an_order_line(quantity=Quantity(5), shipped=1, called_off=called_off)
        return a_sales_order(state=S.SHIPPED, lines=(scarves,))

    assert units(owes(order(4))) == [(LINE, ((1, 5),))]
    before = with_refund(ledger_of_order(order(2)), LINE, ((0, 2),))
    assert owes(order(2), before, kept_back=lambda _: ((0, 2),)) is None
    assert units(owes(order(4), before, kept_back=lambda _: ((0, 2),))) == [(LINE, ((3, 5),))]
    gap = with_refund(ledger_of_order(order(3)), LINE, ((3, 4),))
    assert units(owes(order(3), gap)) == [(LINE, ((1, 3), (4, 5)))]


def test_what_came_back_or_was_lost_owes_its_goods_and_by_policy_its_freight():
    order = a_sales_order(state=S.CLOSED)

    assert owes(order).amount == Money(22_800)
    assert owes(order, freight_goes_back_after=True).amount == Money(23_600)


@pytest.mark.parametrize(("paid", "due"), [(5_000, None), (19_600, None), (20_000, 400), (23_600, 4_000)])
def test_of_a_presale_only_what_came_in_beyond_the_rest_is_owed(paid, due):
    found = owes(a_lowered_order(paid=Money(paid)))

    assert (found.amount.fen if found else None) == due


def test_a_gift_is_never_owed():
    gift = an_order_line(id=OTHER_LINE, sku=HAT, unit_price=Money(0), line_discount=Money(0), is_gift=True)
    order = a_sales_order(lines=(a_sales_order().lines[0], gift))

    assert owes(_closing(order, OTHER_LINE)) is None
    assert units(owes(evolve(order, state=S.CANCELLED))) == [(LINE, ((0, 2),))]


runs = st.lists(st.integers(0, 20), unique=True, max_size=8).map(
    lambda edges: tuple(zip(*[iter(sorted(edges))] * 2, strict=False))
)


@given(ours=runs, theirs=runs)
def test_units_without_others_are_those_that_are_in_no_other(ours, theirs):
    def numbers(found):
        return {number for first, stop in found for number in range(first, stop)}

    assert numbers(without(ours, theirs)) == numbers(ours) - numbers(theirs)


@given(refunds=st.lists(st.tuples(st.booleans(), st.integers(1, 9_000), st.booleans()), max_size=3))
def test_what_is_owed_and_what_went_back_are_what_was_paid(refunds):
    order = a_sales_order(state=S.CANCELLED)
    ledger = ledger_of_order(order)
    for at, (scarves, fen, freight) in enumerate(refunds):
        wants = [
            RefundUnits(line_id=LINE, units=((0, 2),)) if scarves else RefundUnits(line_id=OTHER_LINE, units=((0, 1),))
        ]
        there = rooms(ledger, wants, with_freight=freight)
        fits = min(fen, sum(room.fen for room in there))
        ledger = ledger.moved(type(REFUND)(int=at + 1), place(there, fits), at=NOW) if fits else ledger

    found = owes(order, ledger)

    left = {Charge.GOODS: 0, Charge.FREIGHT: 0}
    for line in ledger.lines:
        for charge in Charge:
            left[charge] += sum(each * (b - a) for a, b, each in ledger.left(line.line_id, charge, CASH))
    assert (found.amount.fen if found else 0) == (sum(left.values()) if left[Charge.GOODS] else 0)
