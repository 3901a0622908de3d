"""Orders that are called off, or back, while a warehouse in any mood has them: never both shipped and refunded.

What really left is asked of the warehouse, which knows it before it tells; what is refunded, of the facts that told so.
"""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from functools import partial

import pytest
from tests.adapters.wms.qimen.test_moods import Trial, in_turn
from tests.app.world import later

from oms_adapters.wms.qimen.fake_warehouse import MOODS
from oms_app.order_moves import CancelRest, ReceiveReturn, UnreviewOrder
from oms_app.orders import CancelOrder
from oms_app.ports.wms import Stop, StopAnswer
from oms_app.processes.stopping import StopProcess
from oms_app.stopping import ConfirmStop
from oms_domain.channels.standard import PlatformState
from oms_domain.kernel.errors import Refused
from oms_domain.kernel.money import Money, total
from oms_domain.orders.flags import FlagKind
from oms_domain.orders.states import OrderState as S
from oms_domain.testing.builders import HAT, SCARF, a_standard_order

OVER = {S.SHIPPED, S.CANCELLED, S.CLOSED}
MOMENTS = tuple(timedelta(minutes=minutes) for minutes in (0, 5, 15, 25, 35, 120))
"""From before the warehouse has begun to long after it has shipped."""


def run(count, seed=1):
    """Let orders go to the warehouse, have most of them called off or back at some moment, and wait for what comes."""
    trial, chance = Trial(in_turn), random.Random(seed)
    trial.orders = trial.begin(count)
    trial.asked = {}
    plans = {order_id: (chance.choice(MOMENTS), chance.choice(ASKS)) for order_id in trial.orders}
    begun = trial.world.clock()
    for moment in MOMENTS:
        trial.go_on(for_=begun + moment - trial.world.clock(), step=timedelta(minutes=5))
        for order_id, (when, ask) in plans.items():
            if when == moment:
                ask(trial, order_id)
    trial.go_on(for_=timedelta(hours=3))
    trial.go_on(for_=timedelta(days=7), step=timedelta(hours=6))
    see_to_the_rest(trial)
    return trial


def given(kind, trial, order_id):
    try:
        trial.world.give(kind, order_id, reason="买家改主意")
        trial.asked[order_id] = kind.__name__
    except Refused as refusal:
        trial.asked[order_id] = refusal.code


def closed_at_the_platform(trial, order_id):
    order = trial.world.order(order_id)
    standard = a_standard_order(order_no=order.platform_order_no)
    trial.world.clock.forward(seconds=1)
    (shop,) = trial.world.store.tables.shops.values()
    trial.world.take_in(shop, later(standard, trial.world.clock, state=PlatformState.CLOSED_REFUNDED))
    trial.asked[order_id] = "platform"


def nothing(trial, order_id):
    pass


ASKS = (
    *(partial(given, kind) for kind in (CancelOrder, CancelOrder, CancelOrder, UnreviewOrder)),
    closed_at_the_platform,
    nothing,
)


def see_to_the_rest(trial):
    """Do what a person does with what has come to rest before somebody's eyes: cancel it, or take it back in."""
    for order in tuple(trial.world.store.tables.orders.values()):
        if trial.world.order(order.id).flagged(FlagKind.EARLIER_MAY_SHIP):
            if left_for_good(trial, order.id):
                continue  # it has left, and stands on the list until the warehouse tells
            trial.world.give(ConfirmStop, order.id, reason="仓库来电")
        for kind in (ReceiveReturn, CancelRest, CancelOrder):
            state = trial.world.state(order.id)
            at_rest = state in {S.AWAITING_CS_REVIEW, S.AWAITING_RELEASE}
            if (kind is CancelOrder and at_rest) or (kind is not CancelOrder and state is AT_REST[kind]):
                trial.world.give(kind, order.id, reason="收尾")
    trial.go_on(for_=timedelta(hours=2))


AT_REST = {ReceiveReturn: S.RETURNING, CancelRest: S.PARTIALLY_SHIPPED}


def live(trial):
    return [order for order in trial.world.store.tables.orders.values() if not order.heirs]


def refunds(trial):
    """Return what was told to be due, by order."""
    due = {}
    for envelope in trial.world.store.tables.archive:
        if amount := getattr(envelope.event, "refund_due", None):
            due[envelope.stream] = due.get(envelope.stream, Money(0)) + amount
    return due


def left_for_good(trial, order_id):
    """Whether the warehouse has let any of an order leave, whatever it has told."""
    numbers = [f.number for f in trial.world.store.tables.fulfilments.values() if f.order_id == order_id]
    return any(trial.fake.has_left(number) and number not in trial.fake.stopped for number in numbers)


def both_shipped_and_refunded(trial):
    """Return orders of which goods left, and that are cancelled; or that got back more than what did not leave."""
    due, wrong = refunds(trial), []
    for order in live(trial):
        kept = total(line.carried(0, line.shipped) for line in order.lines) if order.state is S.SHIPPED else Money(0)
        too_much = due.get(order.id, Money(0)) > order.paid - kept
        if (order.state is S.CANCELLED and left_for_good(trial, order.id)) or too_much:
            wrong.append(order.number)
    return wrong


def stuck(trial):
    """Return orders that are neither over nor before a person's eyes."""
    parked = {row.envelope.stream for row in trial.world.store.tables.jobs.values() if row.state == "parked"}
    return [
        order.number
        for order in live(trial)
        if order.state not in OVER and not trial.reasons(order.id) and order.id not in parked
    ]


def check(trial):
    assert both_shipped_and_refunded(trial) == []
    assert stuck(trial) == []
    assert Counter(trial.asked.values())["CancelOrder"] > 0
    assert set(map(trial.mood_of, map(trial.world.order, trial.orders))) == set(MOODS)
    shipped, held = Counter(), Counter()
    for order in live(trial):
        came_back = "order_returned" in trial.world.facts(order.id)
        for line in order.lines:
            shipped[line.sku] += 0 if came_back else line.shipped
            held[line.sku] += line.to_ship if order.state not in {S.CANCELLED, S.CLOSED} else 0
    for sku in (SCARF, HAT):
        assert trial.world.units(sku) == (10 * len(trial.orders) - shipped[sku], held[sku])


def test_nothing_is_shipped_after_a_confirmed_cancel_nor_shipped_and_refunded_and_none_is_stuck():
    check(run(170))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(3))
def test_a_thousand_orders(seed):
    check(run(1_000, seed))


def test_control_a_warehouse_that_says_nothing_taken_for_one_that_has_stopped_ships_what_is_refunded(monkeypatch):
    honest = StopProcess._of_warehouse

    def hopeful(self, to_stop):
        answer = honest(self, to_stop)
        return answer if answer.outcome is Stop.NOT_STOPPED else StopAnswer(outcome=Stop.STOPPED)

    monkeypatch.setattr(StopProcess, "_of_warehouse", hopeful)

    assert both_shipped_and_refunded(run(85)) != []


def test_control_an_order_without_a_flag_or_an_entry_on_a_list_is_found():
    trial = Trial(in_turn)
    trial.orders = trial.begin(1)
    trial.world.store.tables.jobs.clear()

    assert stuck(trial) == [trial.world.order(trial.orders[0]).number]
