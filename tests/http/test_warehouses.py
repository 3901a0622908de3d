"""Warehouses over HTTP: their accounts, their pushes, and where parcels are."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlencode

import pytest
from tests.http.world import ACCOUNTS, API, SALT

from oms_adapters.carriers.kuaidi100 import sign as sign_push
from oms_adapters.wms.qimen.messages import signed_params

PAYLOADS = Path(__file__).parents[1] / "payloads"
QIMEN = {
    "kind": "qimen",
    "base_url": "https://wms.example.invalid/qimen",
    "app_key": "app-1",
    "customer_id": "C001",
    "secret": "testsecret",
    "sender": {"company": "样例商贸有限公司", "province": "广东省"},
}
LACK = (
    b"<request><warehouseCode>MAIN</warehouseCode><deliveryOrderCode>F20261123-000001</deliveryOrderCode>"
    b"<outBizCode>L 1</outBizCode><items><item><itemCode>A</itemCode><lackQty>1</lackQty></item></items></request>"
)


def signed(world, body, method="itemlack.report"):
    (account,) = ACCOUNTS
    return signed_params(
        method,
        app_key=account.app_key,
        customer_id=account.customer_id,
        secret=account.secret,
        body=body,
        at=world.clock(),
    )


@pytest.fixture
def push(world, client):
    """Return a function that pushes as a warehouse does: signed, without a key."""
    return lambda body, **changes: client.post(
        f"{API}/wms/qimen",
        params={**signed(world, body), **changes},
        content=body,
        headers={"Content-Type": "text/xml"},
    )


def test_an_account_is_set_and_listed_and_its_secret_never_shown(api):
    answer = api.post("/wms/accounts/MAIN", QIMEN)
    listed = api.get("/wms/accounts")

    assert answer.status_code == 200
    assert answer.json() == listed.json()["items"][0]
    assert answer.json()["has_secret"] is True
    assert answer.json()["warehouse"] == "MAIN"
    assert "testsecret" not in answer.text + listed.text


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"base_url": "ftp://wms.example.invalid"}, "wms.invalid_account", "base_url"),
        ({"base_url": "https://user:pass@wms.example.invalid/"}, "wms.invalid_account", "base_url"),
        ({"app_key": ""}, "wms.invalid_account", "app_key"),
        ({"customer_id": " "}, "wms.invalid_account", "customer_id"),
        ({"secret": ""}, "wms.invalid_account", "secret"),
        ({"kind": "paper"}, "http.field_invalid", "kind"),
        ({"password": "x"}, "http.unknown_field", "password"),
    ],
)
def test_an_account_that_lacks_something_is_refused_with_the_field(changes, code, field, api):
    answer = api.post("/wms/accounts/MAIN", QIMEN | changes)

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["errors"][0]["field"] == field


def test_a_push_is_answered_in_xml_and_kept_once(push, api):
    first, again = push(LACK), push(LACK)

    assert [answer.status_code for answer in (first, again)] == [200, 200]
    assert first.headers["content-type"].startswith("text/xml")
    assert b"<flag>success</flag>" in first.content
    (report,) = api.get("/wms/reports").json()["items"]
    assert (report["kind"], report["report_id"], report["state"]) == ("fell_short", "L 1", "received")
    assert report["content"]["missing"] == [["A", 1]]


def test_a_forged_push_is_not_kept(push, api):
    answer = push(LACK, customerId="C002")

    assert answer.status_code == 401
    assert b"<code>INVALID_SIGNATURE</code>" in answer.content
    assert api.get("/wms/reports").json()["items"] == []


def test_a_push_that_is_too_large_is_refused_in_xml(push):
    answer = push(b"<r>" + b" " * (1024 * 1024) + b"</r>")

    assert answer.status_code == 413
    assert b"<flag>failure</flag>" in answer.content


def test_a_report_that_names_no_document_of_ours_is_shown_and_can_be_booked_again(push, api):
    push(LACK)
    (report,) = api.get("/wms/reports").json()["items"]

    booked = api.post(f"/wms/reports/{report['id']}/booking")

    assert booked.json() == {"id": report["id"], "state": "unplaced", "reason": "fulfilment.number_unknown"}
    assert api.get("/wms/reports?state=unplaced").json()["items"][0]["id"] == report["id"]
    assert api.get("/wms/reports?state=booked").json()["items"] == []


def test_a_carriers_push_is_taken_by_its_signature(client):
    recorded = json.loads((PAYLOADS / "kuaidi100" / "kuaidi100_push.json").read_text("utf-8"))
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    taken = client.post(f"{API}/tracking/kuaidi100", content=urlencode(recorded["form"]), headers=form)
    forged = client.post(
        f"{API}/tracking/kuaidi100", content=urlencode(recorded["form"] | {"sign": "0" * 32}), headers=form
    )

    assert recorded["salt"] == SALT
    assert (taken.status_code, taken.json()) == (200, recorded["reply_success"])
    assert (forged.status_code, forged.json()["result"]) == (401, False)
    assert sign_push(recorded["form"]["param"], SALT) == recorded["form"]["sign"]


def test_what_a_warehouse_has_is_asked_and_booked_as_its_count_when_somebody_says_so(api, world):
    world.warehouse.stock["A"] = 7
    row = {"sku": "A", "ours_good": 0, "theirs_good": 7, "ours_defective": 0, "theirs_defective": 0, "differs": True}

    assert api.get("/wms/levels/MAIN?sku=A").json() == {"rows": [row], "booked": ""}
    counted = api.post("/wms/levels/MAIN/count", {"skus": ["A"]}).json()

    assert (counted["rows"], bool(counted["booked"])) == ([row], True)
    assert api.get("/wms/levels/MAIN?sku=A").json()["rows"] == [row | {"ours_good": 7, "differs": False}]
    assert api.get("/wms/levels/NOWHERE").json()["code"] == "inventory.unknown_warehouse"
