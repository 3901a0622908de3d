"""Rules, blacklists and decisions over HTTP."""

import json
from uuid import UUID

import pytest
from tests.http.routes import ABSENT
from tests.http.world import numbered

from oms_app.actor import system
from oms_app.judging import Judge
from oms_app.orders import JudgeOrder

RULES = "/shops/tb-1/rules"
BLACKLIST = "/shops/tb-1/blacklist"
CONDITION = {"field": "payable_fen", "op": "at_least", "value": 100}
RULE = {
    "id": "dear",
    "name": "金额过高",
    "kind": "interception",
    "action": "intercept",
    "reason": "请核实",
    "condition": CONDITION,
}


def put(api, **changes):
    answer = api.post(RULES, {"rule": RULE | changes})
    assert answer.status_code == 201, answer.text
    return answer


def test_a_rule_is_added_read_changed_switched_and_removed(api):
    added = put(api)
    assert added.headers["etag"] == '"1"'
    assert added.json() == {
        **RULE,
        "version": 1,
        "priority": 100,
        "active_from": None,
        "active_to": None,
        "enabled": True,
        "words": {"zh": "应付金额 ≥ 1.00", "en": "amount payable ≥ 1.00"},
    }
    assert api.get(f"{RULES}/dear").json() == added.json()

    changed = api.post(f"{RULES}/dear", {"rule": RULE | {"priority": 1}}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"], changed.json()["priority"]) == (200, '"2"', 1)
    off = api.post(f"{RULES}/dear/disabling")
    assert (off.status_code, off.json()["enabled"], off.json()["version"]) == (200, False, 3)
    assert api.post(f"{RULES}/dear/enabling").json()["version"] == 4
    assert api.post(f"{RULES}/dear/enabling").json()["version"] == 4
    gone = api.post(f"{RULES}/dear/removal")
    assert (gone.status_code, gone.json()["version"]) == (200, 4)

    assert api.get(RULES).json() == {"version": 5, "items": []}
    assert api.get(f"{RULES}/dear").status_code == 404
    kept = api.get(f"{RULES}/dear/versions").json()["items"]
    assert [(row["rule"]["version"], row["rule"]["enabled"]) for row in kept] == [
        (4, True),
        (3, False),
        (2, True),
        (1, True),
    ]
    assert kept[0]["by"].startswith("key:")


def test_an_edit_names_the_version_that_was_read(api):
    put(api)

    def change(**headers):
        return api.post(f"{RULES}/dear", {"rule": RULE | {"priority": 1}}, headers=headers)

    assert change().status_code == 428
    assert change(**{"If-Match": '"7"'}).status_code == 412
    assert change(**{"If-Match": "*"}).status_code == 200
    other = api.post(f"{RULES}/other", {"rule": RULE}, headers={"If-Match": "*"})
    assert (other.status_code, other.json()["errors"][0]["field"]) == (422, "rule.id")
    again = api.post(RULES, {"rule": RULE})
    assert (again.status_code, again.json()["code"]) == (409, "rules.id_taken")
    assert api.post(f"{RULES}/dear/removal", headers={"If-Match": '"1"'}).status_code == 412


def test_a_batch_puts_what_it_can_and_answers_row_by_row(api):
    put(api)
    rows = [{"rule": RULE | {"priority": 2}}, {"rule": RULE | {"id": "new"}}, {"rule": RULE | {"id": "No"}}, {}]

    answer = api.post(f"{RULES}/batch", {"rows": rows}, once="batch-1")

    assert [(row["outcome"], row["code"]) for row in answer.json()["rows"]] == [
        ("changed", ""),
        ("added", ""),
        ("refused", "rules.invalid"),
        ("refused", "http.field_invalid"),
    ]
    assert api.post(f"{RULES}/batch", {"rows": rows}, once="batch-1").content == answer.content


def test_templates_are_listed_and_filled(api):
    templates = {each["name"]: each for each in api.get("/rule-templates").json()["items"]}
    assert templates["same-address"]["parameters"][0] == {
        "name": "orders",
        "sort": "whole",
        "default": 5,
        "words": {"zh": "此前订单数达到", "en": "orders before from"},
    }

    filled = api.post(f"{RULES}/templates/auto-review", {"parameters": {"paid_minutes": 5}}, once="fill")

    assert [rule["id"] for rule in filled.json()["items"]] == ["auto-review-wait", "auto-review"]
    again = api.post(f"{RULES}/templates/auto-review", {"parameters": {"paid_minutes": 5}}, once="fill")
    assert again.content == filled.content
    for name, parameters, code in (
        ("nonsense", {}, "rules.unknown_template"),
        ("keywords", {}, "rules.invalid"),
        ("keywords", {"word": ["x"]}, "rules.unknown_parameter"),
    ):
        refused = api.post(f"{RULES}/templates/{name}", {"parameters": parameters})
        assert (refused.status_code, refused.json()["code"]) == (422, code)


HUGE = {"condition": CONDITION | {"value": 10**9}}
DEEP = {"not": CONDITION}
for _ in range(60):
    DEEP = {"not": DEEP}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": "Upper"}, "rule.id"),
        ({"id": 1}, "rule.id"),
        ({"name": ""}, "rule.name"),
        ({"name": "a\0"}, "rule.name"),
        ({"kind": "x"}, "rule.kind"),
        ({"action": "pass"}, "rule.action"),
        ({"priority": -1}, "rule.priority"),
        ({"priority": 1.0}, "rule.priority"),
        ({"enabled": "yes"}, "rule.enabled"),
        ({"active_from": "tomorrow"}, "rule.active_from"),
        ({"version": 3}, "rule.version"),
        ({"condition": None}, "rule.condition"),
        ({"condition": {"all": []}}, "rule.condition.all"),
        ({"condition": CONDITION | {"value": "x" * 300}}, "rule.condition.value"),
        ({"condition": CONDITION | {"value": 10**400}}, "rule.condition.value"),
        ({"condition": CONDITION | {"field": "\ud800"}}, "rule.condition.field"),
        ({"condition": DEEP}, "rule.condition" + ".not" * 10),
    ],
)
def test_a_slip_in_a_rule_is_refused_with_its_place(quiet, changes, field):
    answer = quiet.post(RULES, json.dumps({"rule": RULE | changes}).encode())

    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == field


@pytest.mark.parametrize("rule", [None, 1, "x", [], {}])
def test_what_is_no_rule_is_refused(quiet, rule):
    assert quiet.post(RULES, {"rule": rule}).status_code == 422
    assert quiet.post(f"{RULES}/trials", {"since": "2026-11-01T00:00:00Z", "rules": [rule]}).status_code == 422


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"phone": "1", "colour": 1}, 422),
        ({"phone": "100****0001"}, 422),
        ({"phone": "\0"}, 422),
        ({"address": {"street": "路"}}, 422),
        ({"address": {"street": ""}}, 422),
        ({"buyer_id": "x" * 600}, 422),
        ({"phone": "10000000001", "reason": "x" * 201}, 422),
        ({"order_id": ABSENT}, 404),
        ({"order_id": "x"}, 422),
    ],
)
def test_whom_no_order_could_be_told_by_is_refused(quiet, body, status):
    answer = quiet.post(BLACKLIST, body)

    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    "changes",
    [
        {"since": "yesterday"},
        {"since": None},
        {"ids": ["x"]},
        {"since": "2026-11-01"},
        {"most": 0},
        {"rows": 1001},
        {"rules": [RULE] * 201},
    ],
)
def test_a_trial_that_cannot_be_made_is_refused(quiet, changes):
    answer = quiet.post(f"{RULES}/trials", {"since": "2026-11-01T00:00:00Z"} | changes)

    assert answer.status_code == 422, answer.text


def test_an_intercepted_order_shows_flag_and_decision_in_both_languages(world, api):
    put(api)
    order_id = api.take_in(numbered(1))[0]["order_id"]
    api.post("/stock/receipts", {"sku": "SPU4-U", "warehouse": "MAIN", "quantity": 5})
    api.post(f"/orders/{order_id}/allocation")
    judge(world, order_id)

    shown = api.get(f"/orders/{order_id}").json()

    assert [(flag["kind"], flag["reason"], flag["rule"]) for flag in shown["flags"]] == [
        ("intercepted", "请核实", "dear@1")
    ]
    (line,) = [line for line in shown["log"] if line["decision"]]
    assert (line["what"], line["why"]) == ("orders.order_judged", "dear@1")
    assert [change["field"] for change in line["changes"]] == ["flags"]
    (answer,) = line["decision"]["matched"]
    assert (answer["rule_id"], answer["rule_version"], answer["findings"][0]["op"]) == ("dear", 1, "at_least")
    paid = shown["payable"]["text"]
    assert answer["words"] == {
        "zh": [f"应付金额 ≥ 1.00（实为 {paid}）"],
        "en": [f"amount payable ≥ 1.00 (it is {paid})"],
    }
    passed = api.post(f"/orders/{order_id}/interception-pass", {"reason": "已核实"})
    assert (passed.status_code, passed.json()["flags"]) == (200, [])


def judge(world, order_id):
    """What the background work does once the order is allocated."""
    rules = world.services["review_rules"]
    with world.store.open(system("tests")) as tx:
        order = tx.orders.get(UUID(order_id))
        judgement = Judge(lookout=rules.lookout).judge(tx, order, at=world.clock())
    world.services["desk"].orders.judge(JudgeOrder(order_id=order.id, decision=judgement.decision, by=system("tests")))


def test_rules_are_tried_on_past_orders(api):
    orders = [row["order_id"] for row in api.take_in(numbered(1), numbered(2))]
    rules = [RULE | {"condition": {"field": "payable_fen", "op": "at_least", "value": 1}}, RULE | {"id": "other"}]

    trial = api.post(f"{RULES}/trials", {"since": "2026-11-01T00:00:00Z", "rules": rules, "rows": 1}, once=None).json()

    assert (trial["orders"], trial["caught"], trial["by_rule"]) == (2, 2, {"dear": 2, "other": 2})
    assert (len(trial["rows"]), trial["left_off"]) == (1, 1)
    assert trial["rows"][0]["matched"][0]["words"]["zh"][0].startswith("应付金额 ≥ 0.01")
    assert [api.get(f"/orders/{order_id}").json()["flags"] for order_id in orders] == [[], []]
    one = api.post(f"{RULES}/trials", {"ids": orders[:1], "rules": [RULE | {"id": "huge", **HUGE}]}, once=None).json()
    assert [(row["matched"], row["missed"][0]["rule_id"]) for row in one["rows"]] == [([], "huge")]
    assert api.post(f"{RULES}/trials", {"ids": [ABSENT]}, once=None).status_code == 404


def test_a_blacklist_takes_plain_data_in_and_gives_none_out(api):
    answer = api.post(
        BLACKLIST,
        {
            "phone": "10000000001",
            "address": {"street": "虚构路1号", "city": "深圳市"},
            "buyer_id": "AAHBuyer0001",
            "reason": "恶意拍单",
        },
    )

    assert answer.status_code == 200, answer.text
    entries = answer.json()["items"]
    assert [(each["kind"], each["mask"], each["division"]) for each in entries] == [
        ("phone", "*******0001", ""),
        ("address", "虚构***", "4403"),
        ("buyer", "***0001", ""),
    ]
    assert not any(plain in answer.text for plain in ("10000000001", "虚构路", "AAHBuyer", "digest"))
    first = api.get(f"{BLACKLIST}?limit=2").json()
    rest = api.get(f"{BLACKLIST}?limit=2&cursor={first['next_cursor']}").json()
    assert [each["id"] for each in first["items"] + rest["items"]] == [each["id"] for each in entries]

    off = api.post(f"{BLACKLIST}/{entries[0]['id']}/removal", {"reason": "误加"})
    assert off.status_code == 200
    assert api.post(f"{BLACKLIST}/{ABSENT}/removal").status_code == 404
    many = api.post(f"{BLACKLIST}/batch", {"rows": [{"phone": "10000000002"}, {"phone": "x"}]}).json()
    assert [(row["outcome"], row["code"]) for row in many["rows"]] == [
        ("listed", ""),
        ("refused", "rules.cannot_be_listed"),
    ]
    assert len(api.get(BLACKLIST).json()["items"]) == 3
