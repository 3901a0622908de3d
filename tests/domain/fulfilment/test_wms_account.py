"""A warehouse's account holds what its kind needs, or is refused with the field."""

from datetime import timedelta

import pytest
from attrs import evolve

from oms_domain.fulfilment.wms_account import (
    InvalidWmsAccount,
    Sender,
    WarehouseConnected,
    WmsAccount,
    WmsAccountId,
    WmsKind,
    WmsTerms,
)
from oms_domain.kernel.errors import InvalidText
from oms_domain.testing.builders import MAIN, NOW, an_id

LATER = NOW + timedelta(hours=1)

TERMS = WmsTerms(kind=WmsKind.QIMEN, base_url="https://wms.example.invalid:8443/q", app_key="1", customer_id="C")
ACCOUNT = WmsAccount(id=WmsAccountId(an_id(1)), warehouse=MAIN, terms=TERMS, created_at=NOW, updated_at=NOW)


def test_connecting_tells_the_kind_and_no_secret():
    change = ACCOUNT.connected(TERMS, with_secret=True, at=LATER)

    assert change.state == evolve(ACCOUNT, has_secret=True, updated_at=LATER)
    assert change.events == (WarehouseConnected(account_id=ACCOUNT.id, warehouse=MAIN, kind=WmsKind.QIMEN, at=LATER),)
    assert change.events[0].stream == ACCOUNT.id


def test_a_secret_that_is_there_stays_where_none_is_given():
    known = ACCOUNT.connected(TERMS, with_secret=True, at=NOW).state

    assert known.connected(TERMS, with_secret=False, at=LATER).state.has_secret


def test_a_simulated_warehouse_needs_nothing():
    assert not ACCOUNT.connected(WmsTerms(kind=WmsKind.SIMULATED), with_secret=False, at=NOW).state.has_secret


@pytest.mark.parametrize(
    ("changes", "field", "why"),
    [
        ({"base_url": ""}, "base_url", "not_http"),
        ({"base_url": "file:///etc/passwd"}, "base_url", "not_http"),
        ({"base_url": "https://a@b.example.invalid"}, "base_url", "not_http"),
        ({"base_url": "https://wms.example.invalid/" + "a" * 280}, "base_url", "not_http"),
        ({"app_key": " "}, "app_key", "missing"),
        ({"customer_id": ""}, "customer_id", "missing"),
    ],
)
def test_what_qimen_needs_must_be_there(changes, field, why):
    with pytest.raises(InvalidWmsAccount) as refused:
        ACCOUNT.connected(evolve(TERMS, **changes), with_secret=True, at=NOW)

    assert (refused.value.field, refused.value.why) == (field, why)


def test_qimen_needs_a_secret():
    with pytest.raises(InvalidWmsAccount) as refused:
        ACCOUNT.connected(TERMS, with_secret=False, at=NOW)

    assert refused.value.field == "secret"


@pytest.mark.parametrize(
    "changes", [{"app_key": "a\0"}, {"owner_code": "x" * 101}, {"sender": Sender(street="x" * 201)}]
)
def test_what_no_store_can_hold_is_refused(changes):
    with pytest.raises(InvalidText):
        ACCOUNT.connected(evolve(TERMS, **changes), with_secret=True, at=NOW)
