"""A clock, an account, and recorded messages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.servers import FakeClock

from oms_adapters.wms.qimen.account import QimenAccount

PAYLOADS = Path(__file__).parents[3] / "payloads" / "qimen"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def account() -> QimenAccount:
    return QimenAccount(
        warehouse="WH-A",
        app_key="12345678",
        secret="testsecret",
        customer_id="C001",
        owner_code="OWNER1",
        base_url="https://wms.example.invalid/qimen",
    )


@pytest.fixture
def recorded() -> Callable[[str], bytes]:
    """Return a recorded message by its name."""
    return lambda name: (PAYLOADS / f"qimen_{name}.xml").read_bytes()
