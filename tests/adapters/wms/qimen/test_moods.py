"""Orders against a warehouse in all its moods: each ends, or waits on a work list with a reason.

``Trial`` is built to be gone on with: give it cancellations, and ask the same of more orders.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import httpx2
import pytest
from attrs import define, field
from tests.app.world import World

from oms_adapters.wms.qimen.account import QimenAccount
from oms_adapters.wms.qimen.client import QimenClient
from oms_adapters.wms.qimen.fake_warehouse import (
    APP_KEY,
    CUSTOMER,
    MOODS,
    SECRET,
    FakeQimen,
    Mood,
    Shipping,
    Stopping,
    Taking,
    Telling,
)
from oms_adapters.wms.qimen.fake_wire import reply_to
from oms_adapters.wms.qimen.inbound import QimenCallbacks
from oms_adapters.wms.qimen.warehouse import QimenWarehouse
from oms_domain.kernel.identity import OrderId
from oms_domain.orders.flags import FlagKind
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import OrderState as S
from oms_domain.orders.stopping import CLOSED_SHORT, SILENT
from oms_domain.testing.builders import HAT, MAIN, SCARF, a_standard_order

ACCOUNT = QimenAccount(warehouse=MAIN, app_key=APP_KEY, secret=SECRET, customer_id=CUSTOMER)
SHIPPED = {Shipping.WHOLE, Shipping.PARCELS, Shipping.PARTS}


@define(slots=False)
class Trial:
    """A world whose warehouse speaks Qimen, without a network: what is called is answered in place."""

    mood: Callable[[str], Mood]
    world: World = field(factory=World)
    fake: FakeQimen = field(init=False)
    callbacks: QimenCallbacks = field(init=False)
    answers: Counter[int] = field(factory=Counter)

    def __attrs_post_init__(self) -> None:
        world = self.world
        self.fake = FakeQimen(world.clock, mood=lambda number: self.mood(number), warehouse=MAIN)
        http = httpx2.Client(transport=httpx2.MockTransport(self._called))
        world.wms = QimenWarehouse(client=QimenClient(account=ACCOUNT, http=http, now=world.clock))
        world.wire()
        self.callbacks = QimenCallbacks(
            accounts=lambda app_key, customer_id: [ACCOUNT],
            take=lambda command: world.reports.take(command),
            now=world.clock,
        )
        world.watch_silence()

    def _called(self, request: httpx2.Request) -> httpx2.Response:
        status, media_type, body = reply_to(self.fake, request.url.params.multi_items(), request.content)
        return httpx2.Response(status, content=body, headers={"Content-Type": media_type})

    def pushed(self, params, body) -> tuple[int, bytes]:
        answer = self.callbacks.answer(params, body)
        self.answers[answer[0]] += 1
        return answer

    def begin(self, count: int) -> list[OrderId]:
        """Take orders in that go to the warehouse by themselves."""
        shop = self.world.a_shop(auto_review=True, auto_release=True)
        self.world.receive(SCARF, HAT, units=10 * count)
        orders = [a_standard_order(order_no=str(number)) for number in range(count)]
        return [answer.order_id for answer in self.world.take_in(shop, *orders)]

    def go_on(self, *, for_: timedelta, step: timedelta = timedelta(minutes=10)) -> None:
        """Let time pass: the warehouse reports, and what follows follows."""
        until = self.world.clock() + for_
        while self.world.clock() < until:
            self.world.wait(seconds=step.total_seconds())
            self.fake.push(self.pushed)
            self.world.settle()

    def mood_of(self, order: SalesOrder) -> Mood:
        return self.mood(self.number_of(order))

    def number_of(self, order: SalesOrder) -> str:
        sent = [f for f in self.world.store.tables.fulfilments.values() if f.order_id == order.id]
        return sent[0].number

    def reasons(self, order_id: OrderId) -> set[str]:
        """Return why an order is before a person's eyes."""
        order = self.world.order(order_id)
        return {flag.reason for flag in order.flags} | {
            what for id, _, _, what in self.world.differences() if id == order_id
        }


def in_turn(number: str) -> Mood:
    """Give the moods out one after the other, by the order's number."""
    return MOODS[int(number.rpartition("-")[2]) % len(MOODS)]


@pytest.fixture(scope="module")
def trial() -> Trial:
    trial = Trial(in_turn)
    trial.orders = trial.begin(200)
    trial.go_on(for_=timedelta(hours=3))
    trial.go_on(for_=timedelta(days=7), step=timedelta(hours=6))
    return trial


def test_every_order_ends_or_is_shown_to_a_person_with_a_reason(trial):
    stuck = [
        order_id
        for order_id in trial.orders
        if trial.world.state(order_id) is not S.SHIPPED and not trial.reasons(order_id)
    ]

    assert stuck == []
    assert {trial.mood_of(trial.world.order(order_id)) for order_id in trial.orders} == set(MOODS)


def test_each_mood_comes_to_its_own_end(trial):
    ends = {
        Shipping.WHOLE: (S.SHIPPED, set()),
        Shipping.PARCELS: (S.SHIPPED, set()),
        Shipping.PARTS: (S.SHIPPED, set()),
        Shipping.CLOSES_SHORT: (S.PARTIALLY_SHIPPED, {CLOSED_SHORT}),
        Shipping.LACKS: (S.AWAITING_CS_REVIEW, {"系统报缺"}),
        Shipping.DROPS: (S.AWAITING_RELEASE, {"包材不足"}),
        Shipping.NEVER: (S.IN_WAREHOUSE, {SILENT}),
    }
    refused = (S.AWAITING_RELEASE, {"FAILURE: 地址超区，无法配送"})

    for order_id in trial.orders:
        order = trial.world.order(order_id)
        mood = trial.mood_of(order)
        wanted = refused if mood.taking is Taking.REFUSES else ends[mood.shipping]
        may_ship = {flag.reason for flag in order.flags if flag.kind is FlagKind.EARLIER_MAY_SHIP}
        assert (order.state, {flag.reason for flag in order.flags} - may_ship) == wanted, mood
        lacks = mood.taking is Taking.TAKES and mood.shipping is Shipping.LACKS
        assert bool(may_ship) == (lacks and mood.stopping is not Stopping.STOPS), mood


def test_what_has_left_is_what_the_parcels_hold_however_often_and_in_which_order_it_was_told(trial):
    whole = {SCARF: 2, HAT: 1}

    for order_id in trial.orders:
        detail = trial.world.detail(order_id)
        lines = {line.id: line.sku for line in detail.order.lines}
        left = Counter()
        for package in detail.fulfilment.packages if detail.fulfilment else ():
            for line_id, units in package.contents:
                left[lines[line_id]] += units
        mood = trial.mood_of(detail.order)
        if mood.taking is Taking.TAKES and mood.shipping in SHIPPED:
            assert left == whole, mood
        elif mood.shipping is Shipping.CLOSES_SHORT and mood.taking is Taking.TAKES:
            assert left.total() == 2, mood
        else:
            assert left.total() == 0, mood
        assert {line.sku: line.shipped for line in detail.order.lines} == {sku: left[sku] for sku in whole}


def test_stock_is_what_came_in_less_what_left_and_only_what_may_still_leave_is_held(trial):
    shipped = Counter()
    held = Counter()
    for order_id in trial.orders:
        for line in trial.world.order(order_id).lines:
            shipped[line.sku] += line.shipped
            held[line.sku] += line.quantity - line.shipped

    assert trial.world.units(SCARF) == (2_000 - shipped[SCARF], held[SCARF])
    assert trial.world.units(HAT) == (2_000 - shipped[HAT], held[HAT])


def test_what_is_short_is_called_off_or_shown_where_the_warehouse_goes_on_or_says_nothing(trial):
    parked = {error for handler, error in trial.world.parked() if handler == "shipping.stop_short"}
    by_stopping: dict[Stopping, set[bool]] = {}
    for order_id in trial.orders:
        order = trial.world.order(order_id)
        mood = trial.mood_of(order)
        if mood.shipping is Shipping.LACKS and mood.taking is Taking.TAKES:
            shown = "fulfilment.not_stopped" in trial.reasons(order_id)
            by_stopping.setdefault(mood.stopping, set()).add(shown)

    assert by_stopping == {Stopping.STOPS: {False}, Stopping.GOES_ON: {True}, Stopping.SILENT: {False}}
    assert parked == {"channels.retry_later (reason=http_504, after_s=240)"}


def test_every_push_was_taken_and_each_report_was_booked_once(trial):
    assert trial.fake.pushes == []
    assert set(trial.answers) == {200}
    assert set(trial.world.kept()) == {("booked", "")}
    assert trial.answers.total() > len(trial.world.kept())  # some came twice


def test_a_push_that_found_nobody_comes_again_until_it_is_taken():
    trial = Trial(lambda number: Mood(telling=Telling.ONCE))
    (order_id,) = trial.begin(1)
    trial.world.wait(hours=1)

    trial.fake.push(lambda params, body: (503, b""))
    assert trial.world.kept() == []
    trial.fake.push(trial.pushed)
    trial.world.settle()

    assert trial.world.state(order_id) is S.SHIPPED
