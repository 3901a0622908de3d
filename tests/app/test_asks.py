"""A platform's asks become cases, and what either side says reaches the other: once, in any order, or never."""

from datetime import timedelta
from functools import partial
from itertools import permutations
from random import Random

import pytest
from attrs import evolve
from tests.app.claims import Claims
from tests.app.world import ROOT, World

from oms_app.asks import AskOutcome, ConvertAsk, PullAsks
from oms_app.case_grants import PlatformAmountFixed
from oms_app.ports.channels import AuthorisationExpired, PlatformRefused, RetryLater
from oms_app.ports.wms import Counted, ReturnReceived
from oms_app.processes.asks import PULL_AFTERSALES
from oms_app.refunds import PayByHand
from oms_domain.aftersales.states import CaseKind as K
from oms_domain.aftersales.states import CaseState as C
from oms_domain.channels.aftersales import AskKind, AskState, PlatformDecision
from oms_domain.channels.standard import PlatformState
from oms_domain.kernel.errors import MoveNotAllowed
from oms_domain.kernel.money import Money
from oms_domain.orders.states import OrderState as S
from oms_domain.refunds.refund_order import OVER, PlatformPays
from oms_domain.refunds.states import RefundState as R
from oms_domain.testing.builders import a_standard_order

A = AskState
MINUTE = timedelta(minutes=1)


@pytest.fixture
def claims(world):
    return Claims(world)


def money_only(claims, **changes):
    return claims.an_ask(**{"kind": AskKind.REFUND, "returns_goods": False} | changes)


# --- the whole way ---------------------------------------------------------------------------------------------------


def test_an_ask_for_money_is_approved_here_and_paid_there(claims):
    claims.shipped()
    answer = claims.hears(money_only(claims))
    assert (answer.outcome, claims.case().kind, claims.case().state) == (
        AskOutcome.CREATED,
        K.REFUND_ONLY,
        C.AWAITING_REVIEW,
    )

    claims.approve(answer.case_id)

    assert claims.world.platform.paid == [(answer.refund_no, Money(9_400))]
    assert (claims.case().state, claims.refund.state, claims.given_back()) == (C.SUCCEEDED, R.SUCCEEDED, Money(9_400))
    told = claims.world.platform.asks[answer.refund_no]
    assert claims.hears(told).outcome is AskOutcome.UPDATED  # the platform's own message comes afterwards
    assert (claims.given_back(), claims.differences()) == (Money(9_400), [])
    assert claims.refund.finished_at == told.modified_at


def test_a_return_is_agreed_to_waited_for_looked_at_and_paid(claims):
    claims.shipped()
    answer = claims.hears(claims.an_ask())
    claims.approve(answer.case_id)
    assert claims.world.platform.told == [("agree_return", answer.refund_no, "")]
    assert claims.case().state is C.AWAITING_BUYER_RETURN

    there = claims.world.platform.asks[answer.refund_no]
    claims.hears_again(there, state=A.AWAITING_RECEIPT, carrier="SF", tracking_no="SF-9")
    assert (claims.case().state, claims.goods.tracking_no) == (C.AWAITING_WAREHOUSE_RECEIPT, "SF-9")
    line = claims.goods.lines[0]
    counted = (Counted(sku=line.sku, units=1),)
    claims.world.is_told(
        ReturnReceived(report_id="r", number=claims.goods.number, counted=counted, at=claims.world.clock())
    )

    assert claims.world.platform.paid == [(answer.refund_no, Money(9_400))]
    assert (claims.case().state, claims.order.state) == (C.SUCCEEDED, S.SIGNED)


def test_a_refusal_is_told_with_its_reason(claims):
    claims.shipped()
    answer = claims.hears(money_only(claims))

    claims.reject(answer.case_id, "已超期")

    assert claims.world.platform.told == [("refuse", answer.refund_no, "已超期")]
    assert (claims.case().state, claims.refund.state) == (C.CLOSED, R.CLOSED)
    claims.hears(claims.world.platform.asks[answer.refund_no])
    assert (claims.case().state, claims.differences()) == (C.CLOSED, [])


def test_before_shipment_money_is_given_back_and_the_order_is_cancelled(world):
    claims = Claims(world)
    for at, line in enumerate(claims.standard.lines):
        refund = (Money(18_800), Money(4_000))[at]
        ask = claims.an_ask(kind=AskKind.REFUND, returns_goods=False, refund_no=f"92{at}", refund=refund)
        asked = evolve(ask.lines[0], line_no=line.line_no, quantity=line.quantity, sku=line.sku)
        answer = claims.hears(evolve(ask, lines=(asked,)))
        assert (
            claims.world.store.aftersales_queries.case(ROOT, answer.case_id).document.kind is K.REFUND_BEFORE_SHIPMENT
        )
        claims.approve(answer.case_id)

    assert claims.order.state is S.CANCELLED
    assert claims.given_back() == Money(22_800)


# --- pulled, merged, kept --------------------------------------------------------------------------------------------


def test_asks_are_pulled_with_an_overlap_and_each_is_taken_in_once(claims):
    claims.shipped()
    claims.world.store.jobs.ensure(PULL_AFTERSALES, str(claims.shop.id), due_at=claims.world.clock())
    claims.world.platform.asks_for(money_only(claims))

    claims.world.wait(minutes=1)
    claims.world.wait(minutes=5)

    assert claims.case().state is C.AWAITING_REVIEW
    assert len(claims.world.store.aftersales_queries.asks(ROOT, evolve_nothing(), after=None, limit=10)) == 1


def evolve_nothing():
    from oms_app.queries.aftersales import AftersalesFilter

    return AftersalesFilter()


def test_a_failure_on_the_way_leaves_the_cursor(claims):
    claims.shipped()
    claims.world.platform.asks_for(money_only(claims))
    pull = PullAsks(shop_id=claims.shop.id, by=ROOT)
    claims.world.platform.trouble = []

    claims.world.platform.trouble.append(RetryLater(reason="x"))
    with pytest.raises(RetryLater):
        claims.world.ask_pulls.pull(pull)
    with claims.world.open(ROOT) as tx:
        assert tx.cursors.get(claims.shop.id, "aftersales") is None

    assert claims.world.ask_pulls.pull(pull) == 1


def test_an_ask_about_an_order_that_is_not_there_waits_for_it(world):
    claims = Claims(world)
    claims.shipped()
    other = a_standard_order(order_no="9100000000000000099", state=PlatformState.SHIPPED)
    ask = money_only(claims, order_no=other.order_no)
    answer = claims.hears(ask)
    assert (answer.outcome, answer.reason, answer.case_id) == (AskOutcome.EXCEPTION, "no_order", None)

    world.an_order(claims.shop, other)
    world.store.jobs.ensure(PULL_AFTERSALES, str(claims.shop.id), due_at=world.clock())
    world.settle()

    assert claims.case().platform_refund_no == ask.refund_no


def test_what_cannot_be_read_is_kept_for_a_person_and_mended_by_the_next_version(claims):
    claims.shipped()
    raw = b"not an ask"
    world = claims.world
    pulls, gateway = world.ask_pulls, world.platform
    answer = pulls.push(claims.shop.id, gateway, raw, "92001", ROOT)
    assert (answer.outcome, answer.reason) == (AskOutcome.EXCEPTION, "unreadable")
    assert pulls.push(claims.shop.id, gateway, raw, "92001", ROOT).outcome is AskOutcome.EXCEPTION

    assert claims.hears(money_only(claims, refund_no="92001")).outcome is AskOutcome.UPDATED
    assert claims.case().state is C.AWAITING_REVIEW
    converted = world.asks.convert(ConvertAsk(platform_aftersales_id=answer.id, by=ROOT))
    assert converted.case_id == claims.case().id  # it has its case already


def test_two_versions_of_one_second_are_fetched_again(claims):
    claims.shipped()
    ask = money_only(claims)
    claims.hears(ask)
    raw = claims.world.platform.asks_for(evolve(ask, refund=Money(5_000), kept=Money(13_800)))

    claims.hears_raw(claims.world.platform.ask_payloads[raw], raw)

    assert claims.case().asked == Money(5_000)  # whose answer it is wins
    assert claims.refund.amount == Money(5_000)


def test_an_older_message_changes_nothing(claims):
    claims.shipped()
    ask = money_only(claims)
    claims.hears(ask)
    claims.hears_again(ask, state=A.CLOSED)

    assert claims.hears(ask).outcome is AskOutcome.UNCHANGED
    assert (claims.case().state, claims.refund.state) == (C.CLOSED, R.CLOSED)


def test_the_buyer_changes_money_into_goods_and_a_linked_case_goes_on(claims):
    claims.shipped()
    first = claims.hears(money_only(claims))

    second = claims.hears_again(claims.world.platform.asks[first.refund_no], kind=AskKind.RETURN, returns_goods=True)

    old, new = claims.case(first.case_id), claims.case(second.case_id)
    assert (old.state, new.kind, new.linked_to) == (C.CLOSED, K.RETURN_AND_REFUND, old.id)
    assert [refund.state for refund in claims.refunds] == [R.CLOSED, R.PROPOSED]


def test_the_platform_decides_for_the_buyer_and_we_follow(claims):
    claims.shipped()
    answer = claims.hears(money_only(claims))
    claims.reject(answer.case_id)
    there = claims.world.platform.asks[answer.refund_no]

    claims.hears_again(there, decision=PlatformDecision.FOR_BUYER)
    assert (claims.case().state, claims.case().approved_by) == (C.AWAITING_REFUND, "platform")
    assert claims.world.platform.paid == []  # it pays by itself
    claims.hears_again(claims.world.platform.asks[answer.refund_no], state=A.SUCCEEDED)

    assert (claims.case().state, claims.given_back()) == (C.SUCCEEDED, Money(9_400))


def test_money_that_the_platform_gave_although_we_refused_is_a_fact_and_a_discrepancy(claims):
    claims.shipped()
    answer = claims.hears(money_only(claims))
    claims.reject(answer.case_id)

    claims.hears_again(claims.world.platform.asks[answer.refund_no], state=A.SUCCEEDED)

    assert (claims.case().state, claims.given_back()) == (C.SUCCEEDED, Money(9_400))
    assert ("refunded_after_close", "94.00", "reject") in claims.differences()
    assert [ticket.kind for ticket in claims.tickets if ticket.state == "open"] == ["discrepancy"]


def test_money_moved_before_the_goods_were_back_is_shown(claims):
    claims.shipped()
    answer = claims.hears(claims.an_ask())

    claims.hears_again(claims.world.platform.asks[answer.refund_no], state=A.SUCCEEDED)

    assert claims.case().state is C.SUCCEEDED
    assert [what for what, _, _ in claims.differences()] == ["refunded_before_receipt"]


def test_the_platform_moves_what_was_asked_so_no_other_amount_is_granted(claims):
    claims.shipped()
    answer = claims.hears(money_only(claims))

    with pytest.raises(PlatformAmountFixed):
        claims.approve(answer.case_id, refund=Money(5_000), reason="协商")


# --- calls that go wrong ---------------------------------------------------------------------------------------------


def test_an_ask_that_changed_meanwhile_is_read_again_and_decided_again(claims):
    claims.shipped()
    answer = claims.hears(money_only(claims))
    there = claims.world.platform.asks[answer.refund_no]
    claims.world.platform.asks_for(
        evolve(there, version="2", refund=Money(5_000), modified_at=there.modified_at + MINUTE)
    )

    claims.approve(answer.case_id)

    assert claims.world.platform.paid == []
    assert (claims.case().state, claims.case().asked) == (C.AWAITING_REVIEW, Money(5_000))
    claims.approve(answer.case_id)
    assert claims.world.platform.paid == [(answer.refund_no, Money(5_000))]
    assert claims.case().state is C.SUCCEEDED


def test_only_its_version_changed_and_the_money_goes_at_the_second_try(claims):
    claims.shipped()
    answer = claims.hears(money_only(claims))
    there = claims.world.platform.asks[answer.refund_no]
    claims.world.platform.asks_for(evolve(there, version="2", modified_at=there.modified_at + MINUTE))

    claims.approve(answer.case_id)

    assert claims.world.platform.paid == [(answer.refund_no, Money(9_400))]
    assert (claims.case().state, claims.refund.attempts) == (C.SUCCEEDED, 2)


def test_a_payer_that_says_no_leaves_the_case_waiting_with_the_reason(claims):
    claims.shipped()
    answer = claims.hears(money_only(claims))
    claims.world.platform.lost = []
    claims.world.platform.trouble.append(PlatformRefused(reason="balance_too_low"))

    claims.approve(answer.case_id)

    assert (claims.refund.state, claims.refund.failure) == (R.APPROVED, "balance_too_low")
    assert claims.case().state is C.AWAITING_REFUND
    assert "aftersales.case_refund_failed" in log_of(claims, answer.case_id)


def log_of(claims, case_id):
    return [entry.kind for entry in claims.world.store.aftersales_queries.case(ROOT, case_id).log]


def test_a_shop_that_must_be_authorised_anew_has_its_refund_parked(claims):
    claims.shipped()
    answer = claims.hears(money_only(claims))
    claims.world.platform.trouble.append(AuthorisationExpired(reason="expired"))

    claims.approve(answer.case_id)

    assert claims.refund.state is R.APPROVED
    assert [handler for handler, _ in claims.world.parked()] == ["refunds.pay"]


def test_what_the_platform_will_not_hear_is_a_discrepancy(claims):
    claims.shipped()
    answer = claims.hears(claims.an_ask())
    claims.world.platform.trouble.append(PlatformRefused(reason="cannot_refuse"))

    claims.approve(answer.case_id)

    assert ("platform_refused", "cannot_refuse", "awaiting_buyer_return") in claims.differences()


def test_a_warehouse_that_will_not_take_the_goods_is_a_discrepancy(claims):
    claims.shipped()
    answer = claims.hears(claims.an_ask())
    claims.world.warehouse.refuses = "no_such_sku"

    claims.approve(answer.case_id)

    assert ("warehouse_refused", "no_such_sku", "awaiting_buyer_return") in claims.differences()


# --- exactly one effect ----------------------------------------------------------------------------------------------


class Crash(Exception):
    """The process ends here: nothing of the open transaction is stored."""


FAULTS = (
    "answer lost",
    "message inside the call",
    "message inside the call, answer lost",
    "crash before the answer is stored",
    "message twice",
    "message before our approval",
    "refused first",
    "version changed",
    "refused, so paid by hand",
    "refused, so paid by hand, and by the platform",
    "nothing",
)


def a_scenario(claims, random, number):
    """Let one refund go through one fault, with what else may happen; return its number."""
    world, platform = claims.world, claims.world.platform
    fault = random.choice(FAULTS)
    ask = money_only(claims, refund_no=f"93{number:09d}", refund=Money(random.randint(1, 4_700)))
    answer = claims.hears(ask)
    there = platform.asks[ask.refund_no]
    platform.lost, platform.during, platform.trouble = [], [], []
    crash = []

    def message():
        claims.hears(platform.asks[ask.refund_no], settle=False)

    if fault == "message before our approval":
        platform.paid.append((ask.refund_no, ask.refund))
        claims.hears(evolve(there, state=A.SUCCEEDED, modified_at=there.modified_at + MINUTE))
    if "inside the call" in fault:
        platform.during = [message] * random.randint(1, 2)
    if "lost" in fault:
        platform.lost = [RetryLater(reason="timeout")] * random.randint(1, 3)
    if fault.startswith("refused"):
        platform.trouble = [PlatformRefused(reason="later")]
    if fault == "version changed":
        platform.asks_for(evolve(there, version="2", modified_at=there.modified_at + MINUTE))
    if fault.startswith("crash"):
        crash.append(random.randint(1, 3))
    real = world.open

    def opened(actor):
        tx = real(actor)
        return Dying(tx, crash) if crash and platform.paid[-1:] == [(ask.refund_no, ask.refund)] else tx

    world.open = opened
    try:
        case = claims.case(answer.case_id)
        if case.is_open:
            claims.approve(answer.case_id)
        for _ in range(4):
            world.wait(minutes=5)
    finally:
        world.open = real
    if fault == "refused first":
        from oms_app.refunds import SendRefund

        refund_id = claims.case(answer.case_id).refund_id
        world.refunds.send(SendRefund(refund_id=refund_id, by=ROOT))
        world.settle()
    if "by hand" in fault:
        pays_by_hand(claims, claims.case(answer.case_id).refund_id)
    if "by the platform" in fault:
        platform.paid.append((ask.refund_no, ask.refund))
        platform.asks_for(evolve(there, state=A.SUCCEEDED, modified_at=there.modified_at + MINUTE))
        claims.hears(platform.asks[ask.refund_no])
    for _ in range(random.randint(0, 2)):  # and its own message: never, once, twice
        claims.hears(platform.asks[ask.refund_no])
    return ask, answer


def pays_by_hand(claims, refund_id):
    """Pay by hand what the platform would not, once; it is refused without a reason, and again."""
    pays = partial(PayByHand, refund_id=refund_id, by=ROOT)
    with pytest.raises(PlatformPays):
        claims.world.refunds.pay_by_hand(pays())
    claims.world.refunds.pay_by_hand(pays(not_by_platform="x"))
    with pytest.raises(MoveNotAllowed):
        claims.world.refunds.pay_by_hand(pays(not_by_platform="x"))
    claims.world.settle()


class Dying:
    """A transaction that dies at its commit, as often as ``left`` says."""

    def __init__(self, opened, left):
        self.opened, self.left = opened, left

    def __enter__(self):
        tx = self.opened.__enter__()
        if self.left and self.left[0] > 0:
            self.left[0] -= 1

            def commit():
                raise Crash

            tx = _Wrapped(tx, commit)
        return tx

    def __exit__(self, *error):
        return self.opened.__exit__(*error)


class _Wrapped:
    def __init__(self, tx, commit):
        self._tx, self.commit = tx, commit

    def __getattr__(self, name):
        return getattr(self._tx, name)


def check_scenario(claims, ask, answer):
    """Exactly one effect, whatever was told how often: paid once, booked once, one case that ended well.

    What the platform pays although it was paid by hand is excess, and shown on both.
    """
    world = claims.world
    case = claims.case(answer.case_id)
    refund = world.store.aftersales_queries.refund(ROOT, case.refund_id)
    there = [amount for refund_no, amount in world.platform.paid if refund_no == ask.refund_no]
    by_hand = [ask.refund] if refund.document.paid_by else []
    assert len(there) <= 1
    assert {*there, *by_hand} == {ask.refund}
    assert refund.document.excess_fen == (ask.refund.fen if there and by_hand else 0)
    for document in (refund.document, case):
        assert [each.what for each in document.differences if each.what in OVER] == (
            ["paid_twice"] if there and by_hand else []
        )
    assert (case.state, case.refunded, refund.document.state) == (C.SUCCEEDED, ask.refund, R.SUCCEEDED)
    assert [entry.kind for entry in refund.log].count("refunds.succeeded") == 1
    with world.open(ROOT) as tx:
        entries = tx.refund_ledgers.of(claims.order).entries
    done = [entry.fen for entry in entries if entry.refund_id == refund.document.id and entry.kind == "done"]
    assert done == [ask.refund.fen] * len([*there, *by_hand])


def scenarios(count, seed):
    """Two refunds of one order, then a new world."""
    random = Random(seed)
    claims = None
    for number in range(count):
        if number % 2 == 0:
            world = World()
            claims = Claims(world)
            claims.shipped()
        ask, answer = a_scenario(claims, random, number)
        check_scenario(claims, ask, answer)


def test_answers_twice_before_the_response_or_never_and_crashes_have_one_effect():
    scenarios(1_000, seed=20261123)


@pytest.mark.long
def test_one_hundred_thousand_scenarios_have_one_effect_each():
    scenarios(100_000, seed=1)


def test_control_a_payer_that_does_not_know_its_refund_again_pays_twice(claims):
    """What the refund's own number and the merge by it are for: without them the repeat is a second payment."""
    claims.shipped()
    answer = claims.hears(money_only(claims))
    platform = claims.world.platform
    platform.lost = [RetryLater(reason="timeout")]
    forgetful = platform.agree_refund

    def pays_again(reply):
        platform.asks[reply.refund_no] = evolve(platform.asks[reply.refund_no], state=A.AWAITING_SELLER)
        forgetful(reply)

    type(platform).agree_refund, kept = lambda self, reply: pays_again(reply), type(platform).agree_refund
    try:
        claims.approve(answer.case_id)
        claims.world.wait(minutes=5)
    finally:
        type(platform).agree_refund = kept

    assert len(platform.paid) == 2


# --- every order of arrival ------------------------------------------------------------------------------------------


def seven_messages(claims):
    """One return at the platform: asked, agreed, changed, agreed, sent, corrected, paid."""
    ask = claims.an_ask()
    steps = (
        {},
        {"state": A.AWAITING_RETURN},
        {"state": A.AWAITING_SELLER, "refund": Money(9_000), "kept": Money(9_800)},
        {"state": A.AWAITING_RETURN, "refund": Money(9_000), "kept": Money(9_800)},
        {"state": A.AWAITING_RECEIPT, "refund": Money(9_000), "kept": Money(9_800), "tracking_no": "1"},
        {"state": A.AWAITING_RECEIPT, "refund": Money(9_000), "kept": Money(9_800), "tracking_no": "2"},
        {"state": A.SUCCEEDED, "refund": Money(9_000), "kept": Money(9_800), "tracking_no": "2"},
    )
    return [
        evolve(ask, version=str(at), modified_at=ask.modified_at + at * MINUTE, **step) for at, step in enumerate(steps)
    ]


def outcome_of(claims, messages):
    for message in messages:
        claims.hears(message, settle=False)
    case, refund = claims.case(), claims.refund
    return (
        (case.state, case.asked, case.refunded, case.refund, case.tracking_no, case.differences, case.lines),
        (refund.state, refund.moved, refund.asked, refund.heard, refund.finished_at, refund.differences),
        claims.given_back(),
    )


def orders_of_arrival(some):
    world = World()
    first = Claims(world)
    first.shipped()
    kept = snapshot(world.store.tables)
    outcomes = set()
    messages = seven_messages(first)
    for order in some:
        restore(world.store.tables, kept)
        outcomes.add(outcome_of(first, [messages[at] for at in order]))
    return outcomes


def snapshot(tables):
    return {name: value.copy() for name, value in columns(tables)}


def restore(tables, kept):
    for name, value in columns(tables):
        value.clear()
        (value.update if hasattr(value, "update") else value.extend)(kept[name])


def columns(tables):
    import attrs

    for attribute in attrs.fields(type(tables)):
        value = getattr(tables, attribute.name)
        if hasattr(value, "clear"):
            yield attribute.name, value


def test_some_orders_of_arrival_of_seven_messages_end_in_one_result():
    """All 5,040 are run at the level of the domain; here a tenth of a tenth, with the ledger and the stores."""
    every = list(permutations(range(7)))

    assert len(orders_of_arrival(every[::31])) == 1


@pytest.mark.long
def test_all_orders_of_arrival_of_seven_messages_end_in_one_result():
    assert len(orders_of_arrival(permutations(range(7)))) == 1
