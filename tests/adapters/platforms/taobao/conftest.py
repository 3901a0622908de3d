"""A clock that tests move, the recorded payloads, and a shop at a fake Taobao over loopback HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from attrs import define, frozen

from oms_adapters.platforms.taobao.account import TaobaoAccount
from oms_adapters.platforms.taobao.fake_platform import APP_KEY, APP_SECRET, SESSION, FakeTaobao
from oms_adapters.platforms.taobao.fake_trades import Item
from oms_adapters.platforms.taobao.gateway import TaobaoGateway
from oms_adapters.platforms.taobao.simulator import serve

PAYLOADS = Path(__file__).parents[3] / "payloads" / "taobao"


@define
class Hands:
    """A clock whose hands the test moves."""

    at: datetime = datetime(2026, 1, 2, 2, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def move(self, **by: int) -> None:
        self.at += timedelta(**by)


@frozen
class Shop:
    """A shop at a fake platform: what stands behind, and our gateway to it."""

    platform: FakeTaobao
    gateway: TaobaoGateway
    clock: Hands
    pauses: list[float]
    before_call: list[Callable[[], None]]  # run before every request


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def load() -> Callable[[str], Any]:
    return lambda name: json.loads((PAYLOADS / f"{name}.json").read_bytes())


@pytest.fixture
def item() -> Item:
    return Item(
        code="SPU1-RED-M", title="【样例】双面围巾", price_fen=199_00, num_iid=600000000001, sku_id="5000000000001"
    )


@pytest.fixture
def shop(clock: Hands) -> Iterator[Shop]:
    platform, pauses, before_call = FakeTaobao(clock), [], []
    hooks = {"request": [lambda _request: [act() for act in before_call]]}
    with serve(platform) as url, httpx2.Client(event_hooks=hooks) as http:
        account = TaobaoAccount(app_key=APP_KEY, app_secret=APP_SECRET, session=SESSION, base_url=url)
        gateway = TaobaoGateway(account=account, http=http, now=clock, sleep=pauses.append)
        yield Shop(platform, gateway, clock, pauses, before_call)
