"""Whatever order a platform's messages come in, and however often, what is stored ends as the platform has it."""

from __future__ import annotations

import json
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from tests.servers import Backend, Stores

from oms_adapters.crypto.keys import KeyRing
from oms_adapters.crypto.sealer import AesSealer
from oms_adapters.platforms.taobao.fake_moves import NotPossible
from oms_adapters.platforms.taobao.fake_platform import FakeTaobao
from oms_adapters.platforms.taobao.scenario import _basket
from oms_adapters.platforms.taobao.translate import translate
from oms_app.actor import system
from oms_app.arrivals import Preparation
from oms_app.conversion import Outcome
from oms_app.intake import IntakeService, TakeIn
from oms_app.numbering import Numbering
from oms_app.ports.transaction import Begin
from oms_app.shops import AddShop, ShopService
from oms_domain.channels.standard import Platform, PlatformState
from oms_domain.orders.states import OrderState

SEED = 20261123
ACTOR = system("test")
P, S = PlatformState, OrderState

WHERE_IT_MAY_STAND = {
    P.UNPAID: {S.AWAITING_PAYMENT, S.AWAITING_ALLOCATION},  # the latter: cash on delivery
    P.PAID_ON_HOLD: {S.AWAITING_ALLOCATION},
    P.TO_SHIP: {S.AWAITING_ALLOCATION},
    P.SHIPPED: {S.SHIPPED},
    P.FINISHED: {S.COMPLETED},
    P.CLOSED_UNPAID: {S.CANCELLED},
    P.CLOSED_REFUNDED: {S.CANCELLED, S.CLOSED},  # the latter: first seen when it was over
}


def live_a_life(platform: FakeTaobao, clock: Any, tid: str, random: Random) -> list[dict[str, Any]]:
    """Let a trade go some steps of its way; return its state at the platform after each."""
    versions = [platform.trade(tid)]
    oid = versions[0]["orders"]["order"][0]["oid_str"]
    for _ in range(random.randrange(7)):
        clock.forward(seconds=random.randint(1, 90))
        move = random.choice(
            (
                lambda: platform.pay(tid),
                lambda: platform.pay(tid),
                lambda: platform.ship(tid, company="YTO", out_sid=f"YT{tid[-12:]}"),
                lambda: platform.confirm(tid),
                lambda: platform.change_memo(tid, "已联系 100-0000-0001", flag=random.randrange(6)),
                lambda: platform.ask_refund(tid, oid),
                lambda: platform.withdraw_refund(tid, oid),
                lambda: platform.close(tid),
            )
        )
        try:
            move()
        except NotPossible:
            continue
        versions.append(platform.trade(tid))
    return versions


def deliveries(backend: Backend, count: int) -> tuple[FakeTaobao, list[dict[str, Any]]]:
    """Return every version of ``count`` trades, 10 % of them twice, 10 % out of order."""
    random, platform = Random(SEED), FakeTaobao(backend.clock)
    sent: list[dict[str, Any]] = []
    for _ in range(count):
        backend.clock.forward(seconds=1)
        sent += live_a_life(platform, backend.clock, platform.place(**_basket(random)), random)
    sent += random.sample(sent, len(sent) // 10)
    for place in random.sample(range(len(sent)), len(sent) // 10):
        elsewhere = random.randrange(len(sent))
        sent[place], sent[elsewhere] = sent[elsewhere], sent[place]
    return platform, sent


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_thousand_trades_delivered_twice_and_out_of_order_end_as_the_platform_has_them(
    kind: str, stores: Stores
) -> None:
    backend = stores(kind)
    platform, sent = deliveries(backend, 1_000)
    begin = Begin(backend.open)
    shared: dict[str, Any] = {"begin": begin, "now": backend.clock, "new_id": backend.new_id, "pause": lambda _: None}
    shop = ShopService(**shared).add(AddShop(code="tb", name="样例", platform=Platform.TAOBAO, by=ACTOR))
    preparation = Preparation(sealer=AesSealer(KeyRing.generate()), new_id=backend.new_id)
    intake = IntakeService(numbering=Numbering(backend.numbers, backend.clock), **shared)

    outcomes = []
    for start in range(0, len(sent), 200):
        backend.clock.forward(seconds=1)
        chunk = tuple(
            preparation.prepare(json.dumps(trade).encode(), translate, shop_id=shop.id)
            for trade in sent[start : start + 200]
        )
        answers = intake.take_in(TakeIn(shop_id=shop.id, platform=Platform.TAOBAO, arrivals=chunk, by=ACTOR))
        outcomes += [answer.outcome for answer in answers]

    assert outcomes.count(Outcome.CREATED) == 1_000
    assert outcomes.count(Outcome.UNCHANGED) >= len(sent) // 20  # the repeats, and what came after something newer
    assert set(outcomes) == {Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED}
    with backend.open(ACTOR) as tx:
        wanted = {trade["tid_str"]: translate(json.dumps(trade).encode()).order for trade in platform.trades()}
        stored = tx.platform_orders.by_order_no(shop.id, list(wanted))
        orders = tx.orders.get_many([found.order_id for found in stored.values()])
    assert {no: found.standard for no, found in stored.items()} == wanted
    strange = [
        (order.number, theirs.state, order.state)
        for no, theirs in wanted.items()
        if (order := orders[stored[no].order_id]).state not in WHERE_IT_MAY_STAND[theirs.state]
        and (order.cash_on_delivery, theirs.state, order.state) != (True, P.UNPAID, S.AWAITING_ALLOCATION)
    ]
    assert strange == []
    assert [o.payable for o in orders.values()] == [wanted[o.platform_order_no].payable for o in orders.values()]
    assert len(orders) == 1_000
    if backend.engine is not None:
        assert list(backend.store.doctor.findings(lambda name, count: None)) == []


def test_the_same_seconds_twin_is_fetched_again_instead_of_guessed(stores: Stores) -> None:
    backend = stores("memory")
    platform = FakeTaobao(backend.clock)
    tid = platform.place(**_basket(Random(1)))
    first = platform.trade(tid)
    platform.change_memo(tid, "同一秒的第二版")
    second = platform.trade(tid)
    assert first["modified"] == second["modified"]
    shared: dict[str, Any] = {
        "begin": Begin(backend.open),
        "now": backend.clock,
        "new_id": backend.new_id,
        "pause": lambda _: None,
    }
    shop = ShopService(**shared).add(AddShop(code="tb", name="样例", platform=Platform.TAOBAO, by=ACTOR))
    preparation = Preparation(sealer=AesSealer(KeyRing.generate()), new_id=backend.new_id)
    intake = IntakeService(numbering=Numbering(backend.numbers, backend.clock), **shared)

    def deliver(trade: dict[str, Any], *, fetched: bool) -> Outcome:
        arrival = preparation.prepare(json.dumps(trade).encode(), translate, shop_id=shop.id, fetched=fetched)
        take = TakeIn(shop_id=shop.id, platform=Platform.TAOBAO, arrivals=(arrival,), by=ACTOR)
        return intake.take_in(take)[0].outcome

    pushed = [deliver(first, fetched=False), deliver(second, fetched=False)]
    backend.clock.now += timedelta(seconds=1)
    fetched = deliver(second, fetched=True)

    assert pushed == [Outcome.CREATED, Outcome.UNCHANGED]
    assert fetched is Outcome.UPDATED
    backend.jobs.relay({"platform_orders.ambiguous": ["orders.fetch_again"]}, now=backend.clock(), limit=100)
    asked = backend.jobs.claim(now=backend.clock(), lease_until=backend.clock() + timedelta(seconds=60), limit=10)
    assert [job.handler for job in asked] == ["orders.fetch_again"]
