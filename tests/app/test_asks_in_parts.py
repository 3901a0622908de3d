"""A platform's ask whose units lie in several orders: a case in each, amounts to the fen, and one answer for all."""

import pytest
from attrs import evolve
from tests.app.claims import ALL, Claims
from tests.app.test_asks import money_only
from tests.app.test_never_both import findings
from tests.app.world import ROOT, World

from oms_app.orders import ApproveOrder, ReleaseOrder
from oms_app.ports.channels import AskChanged, PlatformRefused, RetryLater
from oms_domain.aftersales.states import CaseKind as K
from oms_domain.aftersales.states import CaseState as C
from oms_domain.channels.aftersales import AskKind, AskState
from oms_domain.kernel.errors import Refused
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.states import OrderState as S
from oms_domain.refunds.ledger import EntryKind
from oms_domain.testing.builders import HAT, SCARF, a_standard_line, a_standard_order


@pytest.fixture
def claims(world):
    return Claims(world)


def two_scarves(claims, fen=18_800, **changes):
    ask = money_only(claims, refund=Money(fen), **changes)
    return evolve(ask, lines=(evolve(ask.lines[0], quantity=Quantity(2)),))


def in_two(claims):
    """Split it: a scarf for itself, the other one with the hat."""
    return claims.world.split(claims.order_id, {SCARF: 1})


def cases(claims):
    found = claims.world.store.aftersales_queries.cases(ROOT, ALL, after=None, limit=10)
    return sorted(found, key=lambda case: case.id)


def given_back(claims, part):
    with claims.world.open(ROOT) as tx:
        ledger = tx.refund_ledgers.of(claims.world.order(part))
    return sum(each.fen + each.excess_fen for each in ledger.standing.values() if each.kind is EntryKind.DONE)


@pytest.mark.parametrize("fen", [18_800, 18_799, 18_801, 5_001])
def test_it_becomes_a_case_in_each_order_and_their_amounts_add_up(claims, fen):
    parts = in_two(claims)

    answer = claims.hears(two_scarves(claims, fen))

    lead, other = cases(claims)
    assert (answer.reason, answer.case_id) == ("", lead.id)
    assert [lead.order_id, other.order_id] == parts
    assert (other.linked_to, other.platform_refund_no) == (lead.id, lead.platform_refund_no)
    assert {each.kind for each in (lead, other)} == {K.REFUND_BEFORE_SHIPMENT}
    assert lead.asked + other.asked == Money(fen)
    assert abs(lead.asked.fen - other.asked.fen) <= 1
    assert [claims.differences(each.id) for each in (lead, other)] == [[], []]


def test_an_ask_for_less_than_a_fen_each_is_taken_in_with_nothing_for_one_of_them(claims):
    in_two(claims)

    answer = claims.hears(two_scarves(claims, 1))

    assert answer.reason == ""
    assert sorted(each.asked.fen for each in cases(claims)) == [0, 1]
    assert sorted(refund.amount.fen for refund in claims.refunds) == [0, 1]


@pytest.mark.parametrize("told_before", [True, False])
def test_its_success_is_in_each_ledger_and_what_is_not_shipped_never_leaves(claims, told_before):
    world, parts = claims.world, in_two(claims)
    ask = two_scarves(claims)
    if told_before:
        claims.hears(ask)

    claims.hears(evolve(ask, modified_at=ask.modified_at.replace(minute=59), state=AskState.SUCCEEDED))

    assert {case.state for case in cases(claims)} == {C.SUCCEEDED}
    assert [given_back(claims, part) for part in parts] == [9_400, 9_400]
    for part in parts:
        try:
            world.give(ApproveOrder, part)
            world.give(ReleaseOrder, part)
        except Refused:
            pass
    assert [(sku, units) for sent in world.warehouse.sent for _, sku, units in sent.lines] in ([], [(HAT, 1)])
    assert findings(world) == []


def test_what_the_warehouse_has_is_stopped_in_each_order(claims):
    world, parts = claims.world, in_two(claims)
    for part in parts:
        world.at_warehouse(part)
    ask = two_scarves(claims)
    claims.hears(ask)

    claims.hears_again(ask, state=AskState.SUCCEEDED)

    assert len(world.warehouse.stopped) == 2
    assert [given_back(claims, each) for each in (parts[0], *world.order(parts[1]).heirs)] == [9_400, 9_400]
    assert findings(world) == []


def test_the_hat_and_a_scarf_in_two_orders_are_asked_for_by_what_each_paid(claims):
    in_two(claims)
    lines = two_scarves(claims).lines
    hat = evolve(lines[0], line_no=claims.standard.lines[-1].line_no, quantity=Quantity(1))

    claims.hears(money_only(claims, lines=(*lines, hat), refund=Money(22_800)))

    assert [case.asked for case in cases(claims)] == [Money(9_400), Money(13_400)]


def test_a_newer_amount_is_shared_anew(claims):
    in_two(claims)
    ask = two_scarves(claims)
    claims.hears(ask)

    claims.hears_again(ask, refund=Money(10_001))

    assert sum(case.asked.fen for case in cases(claims)) == 10_001
    assert sum(refund.amount.fen for refund in claims.refunds) == 10_001


def test_two_claims_for_a_unit_each_are_for_one_in_each_order(claims):
    parts = in_two(claims)
    first, second = (money_only(claims, refund_no=number) for number in ("9200000000000000001", "9200000000000000002"))

    for ask in (first, second):
        claims.hears(ask)
        claims.hears_again(ask, state=AskState.SUCCEEDED)

    assert sorted(case.order_id for case in cases(claims)) == sorted(parts)
    assert [given_back(claims, part) for part in parts] == [9_400, 9_400]
    assert findings(claims.world) == []


def test_of_orders_that_have_enough_only_what_is_free_is_asked_for():
    five = a_standard_line(quantity=Quantity(5), line_discount=Money(2_500))
    claims = Claims(World(), a_standard_order(lines=(five,)))
    one, two = claims.world.split(claims.order_id, {SCARF: 2})
    ask = two_scarves(claims)
    of_one = evolve(ask, lines=(evolve(ask.lines[0], quantity=Quantity(1)),), refund=Money(9_400))

    for number, each in enumerate((of_one, ask, ask)):
        claims.hears(evolve(each, refund_no=f"920000000000000000{number}"))

    asked = [(case.order_id, case.asked, claims.differences(case.id)) for case in cases(claims)]
    assert asked == [
        (one, Money(9_400), []),
        (two, Money(18_800), []),
        (one, Money(9_400), []),
        (two, Money(9_400), []),
    ]


def test_more_than_all_orders_have_is_still_an_exception(claims):
    in_two(claims)
    ask = two_scarves(claims)

    answer = claims.hears(evolve(ask, lines=(evolve(ask.lines[0], quantity=Quantity(3)),)))

    assert (answer.reason, cases(claims)) == ("more_than_ordered", [])


# --- one answer for all ----------------------------------------------------------------------------------------------


def shipped_in_two(claims):
    """Both orders have left and come."""
    world, parts = claims.world, in_two(claims)
    for at, part in enumerate(parts):
        world.warehouse.ships(world.at_warehouse(part), world.clock(), tracking_no=f"SF000000000000{at}")
        world.watch_warehouse()
        world.settle()
        world.wait(seconds=5)
    assert {world.state(part) for part in parts} == {S.SHIPPED}


def test_the_platform_is_asked_for_the_money_once_when_every_case_is_granted(claims):
    shipped_in_two(claims)
    answer = claims.hears(two_scarves(claims))
    lead, other = cases(claims)

    claims.approve(lead.id)
    assert claims.world.platform.paid == []
    claims.approve(other.id)

    assert claims.world.platform.paid == [(answer.refund_no, Money(18_800))]
    assert [refund.moved for refund in claims.refunds] == [Money(9_400), Money(9_400)]
    assert {case.state for case in cases(claims)} == {C.SUCCEEDED}
    claims.hears(claims.world.platform.asks[answer.refund_no])  # its own message comes afterwards
    assert [given_back(claims, case.order_id) for case in cases(claims)] == [9_400, 9_400]
    assert findings(claims.world) == []


@pytest.mark.parametrize("trouble", [RetryLater(reason="busy"), AskChanged(reason="changed")])
def test_without_an_answer_or_with_a_newer_version_it_is_asked_again_for_all(claims, trouble):
    shipped_in_two(claims)
    answer = claims.hears(two_scarves(claims))
    lead, other = cases(claims)
    claims.approve(lead.id)
    claims.world.platform.trouble.append(trouble)

    claims.approve(other.id)
    claims.world.wait(hours=1)

    assert claims.world.platform.paid == [(answer.refund_no, Money(18_800))]
    assert [refund.moved for refund in claims.refunds] == [Money(9_400), Money(9_400)]


def test_what_the_payer_refuses_leaves_every_case_waiting_with_the_reason(claims):
    shipped_in_two(claims)
    claims.hears(two_scarves(claims))
    claims.world.platform.trouble.append(PlatformRefused(reason="no money"))

    for case in cases(claims):
        claims.approve(case.id)

    assert {(case.state, claims.world.platform.paid == []) for case in cases(claims)} == {(C.AWAITING_REFUND, True)}
    assert [refund.failure for refund in claims.refunds] == ["no money", "no money"]


def test_while_one_case_is_refused_nobody_is_asked_to_pay_for_the_other(claims):
    shipped_in_two(claims)
    claims.hears(two_scarves(claims))
    lead, other = cases(claims)

    claims.approve(lead.id)
    claims.reject(other.id)
    claims.world.wait(hours=1)

    assert claims.world.platform.paid == []
    assert [name for name, _, _ in claims.world.platform.told] == ["refuse"]


def test_a_refusal_is_told_once(claims):
    shipped_in_two(claims)
    answer = claims.hears(two_scarves(claims))

    for case in cases(claims):
        claims.reject(case.id, "不符合")

    assert claims.world.platform.told == [("refuse", answer.refund_no, "不符合")]


def test_a_return_is_agreed_to_once_when_every_case_is_granted(claims):
    shipped_in_two(claims)
    answer = claims.hears(two_scarves(claims, kind=AskKind.RETURN, returns_goods=True))
    lead, other = cases(claims)

    claims.approve(other.id)
    assert claims.world.platform.told == []
    claims.world.clock.forward(minutes=1)
    claims.approve(lead.id)

    assert claims.world.platform.told == [("agree_return", answer.refund_no, "")]
