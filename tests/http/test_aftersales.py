"""Aftersales over HTTP: a claim from the ask to the money, lists with their filters, batches, terms and figures."""

import csv
import json
from io import StringIO
from uuid import UUID

import pytest
from tests.http.world import PAYLOADS, ROOT, Caller, numbered

from oms_app.actor import Permission
from oms_app.case_following import BookArrival, CaseFollowing
from oms_app.refunds import BookEffects
from oms_domain.kernel.identity import RefundId, ReturnOrderId


@pytest.fixture
def order(world, api):
    """An order that was paid and allocated, with the ids of its lines."""
    api.post("/stock/receipts", {"sku": "SPU4-U", "warehouse": "MAIN", "quantity": 50})
    (taken,) = api.take_in(numbered(1))
    found = api.get(f"/orders/{taken['order_id']}").json()
    return taken["order_id"], [(line["id"], line["quantity"]) for line in found["lines"]]


def opened(api, order, **changes):
    order_id, lines = order
    body = {
        "order_id": order_id,
        "kind": "refund_before_shipment",
        "lines": [{"line_id": line_id, "units": units} for line_id, units in lines],
        "reason": "不想要了",
    }
    return api.post("/aftersales/cases", body | changes)


def follow(world, refund_id):
    world.services["refunds"].book_effects(BookEffects(refund_id=RefundId(UUID(refund_id)), by=ROOT))


def arrive(world, return_id):
    cases = world.services["cases"]
    following = CaseFollowing(
        begin=cases.begin, now=cases.now, new_id=cases.new_id, numbering=cases.numbering, pause=cases.pause
    )
    following.book_arrival(BookArrival(return_id=ReturnOrderId(UUID(return_id)), by=ROOT))


def test_a_claim_is_opened_approved_and_paid_by_hand(world, api, order):
    answer = opened(api, order)
    assert answer.status_code == 201, answer.text
    done = answer.json()
    case_id, refund_id = done["id"], done["facts"]["refund_id"]
    assert done["state"] == "awaiting_review"

    approved = api.post(f"/aftersales/cases/{case_id}/approval", headers={"If-Match": f'"{done["version"]}"'})
    assert (approved.status_code, approved.json()["state"]) == (200, "awaiting_refund")
    paid = api.post(f"/aftersales/refunds/{refund_id}/payment", {"reason": "转账"})
    assert paid.json()["state"] == "succeeded"
    follow(world, refund_id)

    shown = api.get(f"/aftersales/cases/{case_id}").json()
    assert (shown["case"]["state"], shown["case"]["refunded"]["fen"]) == (
        "succeeded",
        paid.json()["facts"]["amount_fen"],
    )
    assert shown["log"][0]["what"] == "aftersales.case_opened"
    assert api.get(f"/orders/{order[0]}").json()["state"] == "cancelled"
    detail = api.get(f"/aftersales/refunds/{refund_id}").json()
    assert "refunds.succeeded" in [entry["what"] for entry in detail["log"]]
    assert [(each["type"], each["id"], each["state"]) for each in detail["related"]] == [
        ("sales_order", order[0], "cancelled"),
        ("case", case_id, "succeeded"),
    ]


def test_the_same_key_answers_the_same_and_a_stale_version_is_refused(api, order):
    first = opened(api, order, asked_fen=100)
    case_id = first.json()["id"]

    once = [api.post(f"/aftersales/cases/{case_id}/rejection", {"reason": "x"}, once="k") for _ in range(2)]
    assert once[0].content == once[1].content
    stale = api.post(f"/aftersales/cases/{case_id}/approval", headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "http.version_is_not")
    assert api.post(f"/aftersales/cases/{case_id}/approval").status_code == 409


def test_what_cannot_be_asked_is_said_with_its_code(api, order):
    line_id = order[1][0][0]

    assert opened(api, order, kind="return_and_refund").json()["code"] == "aftersales.kind_not_now"
    assert opened(api, order, lines=[]).json()["code"] == "aftersales.no_such_units"
    assert (
        opened(api, order, lines=[{"line_id": line_id, "runs": [[0, 999]]}]).json()["code"]
        == "aftersales.no_such_units"
    )
    assert opened(api, order, asked_fen=0).status_code == 422
    assert opened(api, order, asked_fen=-1).status_code == 422
    assert opened(api, order, reason="a\0").json()["code"] == "text.invalid"
    first = opened(api, order)
    assert first.status_code == 201
    assert opened(api, order).status_code in (409, 422)


def test_lists_hold_what_their_filters_say(api, order):
    done = opened(api, order).json()
    refund_id = done["facts"]["refund_id"]

    def numbers(path, **query):
        answer = api.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return len(answer.json()["items"])

    cases, refunds = "/aftersales/cases", "/aftersales/refunds"
    assert numbers(cases, state="awaiting_review", kind="refund_before_shipment", order_id=order[0]) == 1
    assert numbers(cases, state="closed,succeeded") == 0
    assert numbers(cases, differs="true") == 0
    assert numbers(refunds, after_shipment="false", platform_state="pending") == 1
    assert numbers(refunds, after_shipment="true") == 0
    assert numbers(refunds, document_state="pending_review") == 0  # the list before shipment has no such state
    assert numbers(refunds, tag="急") == 0
    rows = api.post("/aftersales/refunds/tags", {"ids": [refund_id], "tags": ["急"]}).json()["rows"]
    assert [row["outcome"] for row in rows] == ["done"]
    assert numbers(refunds, tag="急", source="manual", shop="tb-1") == 1
    assert api.get(cases, params={"number": "a\0"}).status_code == 422


def test_many_are_decided_at_once_each_with_its_own_answer(api, order):
    case_id = opened(api, order).json()["id"]
    absent = "019b7ca9-8f2e-7e6a-8000-000000000001"

    rows = api.post("/aftersales/cases/rejections", {"ids": [case_id, absent], "reason": "已发货"}).json()["rows"]

    assert [(row["outcome"], row["code"]) for row in rows] == [("done", ""), ("refused", "aftersales.not_found")]
    assert rows[0]["document"]["state"] == "closed"


def test_of_a_return_that_came_short_what_came_is_refunded(world, api):
    several = (PAYLOADS / "taobao_trade_fullinfo.json").read_text(encoding="utf-8")
    (taken,) = api.take_in(json.loads(several.replace("WAIT_SELLER_SEND_GOODS", "WAIT_BUYER_CONFIRM_GOODS")))
    lines = [(line["id"], line["quantity"]) for line in api.get(f"/orders/{taken['order_id']}").json()["lines"]]
    case = opened(api, (taken["order_id"], lines), kind="return_and_refund").json()
    assert case["state"] == "awaiting_review", case
    done = api.post(f"/aftersales/cases/{case['id']}/approval").json()
    line_id = next(line_id for line_id, units in lines if units > 1)
    came = {"receipt": "R-1", "lines": [{"line_id": line_id, "good": 1}]}
    goods = api.post(f"/aftersales/returns/{done['facts']['return_id']}/receipts", came).json()
    assert goods["state"] == "received_short"
    shown = api.get(f"/aftersales/returns/{goods['id']}").json()["return_order"]["lines"]
    assert [(row["expected"] - row["good"], row["over"]) for row in shown] == [(row["missing"], 0) for row in shown]
    assert sum(row["missing"] for row in shown) == sum(units for _, units in lines) - 1
    assert api.get(f"/aftersales/cases/{case['id']}/received").json()["code"] == "aftersales.not_in_dispute"
    arrive(world, goods["id"])

    shown = api.get(f"/aftersales/cases/{case['id']}/received").json()
    accepted = api.post(f"/aftersales/cases/{case['id']}/received-acceptance", {"refuse_missing": "少寄"})

    assert [(row["line_id"], row["runs"]) for row in shown["received"]] == [(line_id, [[0, 1]])]
    assert sum(row["runs"][0][1] - row["runs"][0][0] for row in shown["missing"]) == sum(n for _, n in lines) - 1
    assert (accepted.status_code, accepted.json()["state"]) == (200, "awaiting_refund")
    refund = api.get(f"/aftersales/refunds/{accepted.json()['facts']['refund_id']}").json()["refund"]
    assert refund["amount"]["fen"] == shown["proposal"]["amount_fen"] > 0
    states = {row["state"] for row in api.get("/aftersales/cases").json()["items"]}
    assert states == {"awaiting_refund", "closed"}


def test_what_may_go_back_is_explained(api, order):
    order_id, lines = order
    answer = api.post("/aftersales/refunds/refundable", {"order_id": order_id}, once=None)

    proposal = answer.json()["proposal"]
    assert proposal["refundable_fen"] == proposal["amount_fen"] > 0
    assert {row["line_id"] for row in proposal["taken"]} <= {line_id for line_id, _ in lines}


def test_a_refund_by_hand_has_no_case_and_is_paid_within_the_role_limit(world, api, order):
    here, of_it = order
    too_soon = {"order_id": here, "units": [{"line_id": of_it[0][0], "runs": [[0, 1]]}], "reason": "少发"}
    assert api.post("/aftersales/refunds", too_soon).json()["code"] == "refunds.still_here"
    (taken,) = api.take_in(numbered(2, status="WAIT_BUYER_CONFIRM_GOODS"))
    order_id = taken["order_id"]
    lines = [(line["id"], line["quantity"]) for line in api.get(f"/orders/{order_id}").json()["lines"]]
    agent = type(api)(api.client, world.key(Permission.AFTERSALES_WRITE, Permission.AFTERSALES_READ))
    terms = {"role_limits": [{"role": "agent", "what": "refund", "most_fen": 100}]}
    assert api.post("/aftersales/terms/tb-1", terms).json()["version"] == 1
    body = {"order_id": order_id, "units": [{"line_id": lines[0][0], "runs": [[0, 1]]}], "reason": "少发"}

    assert agent.post("/aftersales/refunds", body).json()["code"] == "refunds.above_role_limit"
    made = agent.post("/aftersales/refunds", body | {"amount_fen": 90})
    assert made.status_code == 201, made.text
    refund_id = made.json()["id"]
    assert agent.post(f"/aftersales/refunds/{refund_id}/sending").json()["code"] == "refunds.nobody_pays"
    assert agent.post(f"/aftersales/refunds/{refund_id}/approval").json()["state"] == "approved"
    assert agent.post(f"/aftersales/refunds/{refund_id}/payment").json()["state"] == "succeeded"


def test_compensation_is_a_line_of_its_own_within_the_role_limit(api, order):
    refund_id = opened(api, order).json()["facts"]["refund_id"]
    path = f"/aftersales/refunds/{refund_id}/compensations"
    body = {"kind": "freight_subsidy", "amount_fen": 800, "reason": "寄回运费"}

    assert api.post(path, body).json()["code"] == "refunds.compensation_not_allowed"
    limits = [{"role": "admin", "what": "freight_subsidy", "most_fen": 1_000}]
    api.post("/aftersales/terms/tb-1", {"role_limits": limits})
    assert api.post(path, body).status_code == 200
    assert api.post(path, body).json()["code"] == "refunds.compensation_above_limit"

    (given,) = api.get(f"/aftersales/refunds/{refund_id}").json()["refund"]["compensations"]
    assert (given["kind"], given["amount"]["fen"], given["line"], given["state"]) == (
        "freight_subsidy",
        800,
        1,
        "given",
    )

    path = f"/aftersales/refunds/{refund_id}/compensation-payments"
    assert api.post(path, {"line": 2, "how": "by_hand"}).json()["code"] == "refunds.compensation_not_found"
    assert api.post(path, {"line": 1, "how": "by_hand", "reason": "银行转账"}).status_code == 200
    assert api.post(path, {"line": 1, "how": "coupon"}).json()["code"] == "refunds.compensation_settled"
    (row,) = api.get("/aftersales/refunds").json()["items"]
    (paid,) = row["compensations"]
    assert (paid["state"], paid["paid_how"], paid["paid_because"]) == ("paid", "by_hand", "银行转账")
    assert paid["paid_at"]


def test_tickets_are_assigned_answered_by_template_and_finished(api):
    terms = {
        "templates": [{"code": "sorry", "title": "致歉", "text": "非常抱歉"}],
        "desks": [{"agent": "kefu-1"}, {"agent": "kefu-2"}],
        "assignment": "round_robin",
        "return_address": {"name": "售后部", "mobile": "10000000009", "street": "示例路9号"},
    }
    changed = api.post("/aftersales/terms/tb-1", terms)
    assert changed.status_code == 200, changed.text
    assert "示例路9号" not in changed.text
    body = {"shop": "tb-1", "kind": "inquiry", "subject": "物流"}

    first, second = (api.post("/aftersales/tickets", body).json() for _ in range(2))
    assert [first["facts"]["assignee"], second["facts"]["assignee"]] == ["kefu-1", "kefu-2"]
    path = f"/aftersales/tickets/{first['id']}"
    assert api.post(f"{path}/answers", {"template": "sorry"}).json()["state"] == "answered"
    assert api.post(f"{path}/answers", {"template": "none"}).status_code == 404
    assert api.post(f"{path}/customer-messages").json()["state"] == "open"
    assert api.post(f"{path}/finishing").json()["state"] == "done"
    shown = api.get(path).json()["ticket"]
    assert [note["text"] for note in shown["notes"]] == ["非常抱歉"]
    assert len(api.get("/aftersales/tickets", params={"assignee": "kefu-2"}).json()["items"]) == 1

    figures = api.get("/aftersales/metrics").json()
    assert figures["first_response"]["tickets"] == 1
    assert [row["agent"] for row in figures["workload"]] == ["kefu-1", "kefu-2"]


def exported(api, **params):
    answer = api.get("/aftersales/refunds/export", params=params)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"))))


def test_refunds_are_exported_as_a_table_with_the_lists_filters(world, api, client, order):
    done = opened(api, order).json()
    api.post(f"/aftersales/cases/{done['id']}/approval")
    refund = f"/aftersales/refunds/{done['facts']['refund_id']}"
    api.post(f"{refund}/internal-reason", {"reason": "=HYPERLINK(1)"})
    api.post(f"{refund}/payment", {"reason": "转账"})
    shown = api.get(refund).json()["refund"]
    assert (shown["paid_because"], shown["paid_by"][:4], shown["not_by_platform"]) == ("转账", "key:", "")

    (row,) = exported(api)

    number = api.get(f"/orders/{order[0]}").json()["number"]
    assert (row["number"], row["shop"], row["order_number"]) == (shown["number"], "tb-1", number)
    assert (row["amount"], row["moved"], row["asked"]) == (shown["amount"]["text"], shown["moved"]["text"], "")
    assert row["amount"].rpartition(".")[2].isdecimal()
    assert row["goods"] == f"SPU4-U ×{order[1][0][1]} {row['amount']}"
    assert (row["internal_reason"], row["paid_because"], row["state"]) == ("'=HYPERLINK(1)", "转账", "succeeded")
    assert exported(api, after_shipment=True) == exported(api, state="closed") == exported(api, tag="x") == []
    assert exported(api, after_shipment=False, shop="tb-1", state="succeeded") == [row]
    stranger = Caller(client, world.key(shops=frozenset({world.add_shop("tb-9").id})))
    assert exported(stranger) == []
    assert api.get("/aftersales/refunds/export", params={"shop": "none"}).status_code == 404


def test_other_addresses_are_sealed_and_shown_as_masks(world, api):
    left = json.loads(json.dumps(numbered(2)).replace("WAIT_SELLER_SEND_GOODS", "WAIT_BUYER_CONFIRM_GOODS"))
    (taken,) = api.take_in(left)
    lines = api.get(f"/orders/{taken['order_id']}").json()["lines"]
    order = taken["order_id"], [(line["id"], 1) for line in lines]
    there = {"name": "测试员", "mobile": "13000000001", "province": "浙江省", "city": "杭州市", "district": "西湖区"}
    there["street"] = "示例路8号"
    answer = opened(
        api, order, kind="exchange", send_to=there, return_to={"text": "样例员 13000000002 浙江省杭州市上城区示例路9号"}
    )
    assert answer.status_code == 201, answer.text
    path = f"/aftersales/cases/{answer.json()['id']}"
    shown = api.get(path)
    case = shown.json()["case"]
    assert case["send_region"] == "浙江省 杭州市 西湖区"
    assert case["send_mask"] != case["return_mask"]
    for plain in ("测试员", "样例员", "13000000001", "示例路"):
        assert plain not in shown.text

    moved = api.post(f"{path}/addresses", {"send_to": there | {"district": "上城区"}}, headers={"If-Match": '"1"'})
    assert (moved.status_code, moved.json()["version"]) == (200, 2)
    assert api.get(path).json()["case"]["send_region"] == "浙江省 杭州市 上城区"
    assert api.post(f"{path}/addresses", {"send_to": there}, headers={"If-Match": '"1"'}).status_code == 412
    lacking = api.post(f"{path}/addresses", {"return_to": there | {"street": ""}})
    assert (lacking.status_code, lacking.json()["code"]) == (422, "orders.fields_missing")
    refund = opened(api, order, kind="refund_only", send_to=there)
    assert (refund.status_code, refund.json()["code"]) == (422, "aftersales.address_not_needed")


def test_how_many_and_which_units_are_not_asked_for_at_once(api, order):
    (line_id, _), *_ = order[1]

    answer = opened(api, order, lines=[{"line_id": line_id, "units": 1, "runs": [[0, 1]]}])

    assert (answer.status_code, answer.json()["code"]) == (422, "http.field_invalid")
    assert "units_or_runs" in answer.text


def test_who_has_a_ticket_hands_it_over_by_the_name_of_the_key(world, api, client):
    may = (Permission.AFTERSALES_READ, Permission.AFTERSALES_WRITE)
    first, again, second = (Caller(client, world.key(*may, name=f"kefu-{n}")) for n in (1, 1, 2))
    api.post("/aftersales/terms/tb-1", {"desks": [{"agent": "kefu-1"}, {"agent": "kefu-2"}]})
    ticket = first.post("/aftersales/tickets", {"shop": "tb-1", "kind": "inquiry", "subject": "物流"}).json()
    path = f"/aftersales/tickets/{ticket['id']}"
    unknown = first.post(f"{path}/assignment", {"to": "kefu-3"})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "tickets.agent_unknown")
    assert first.post(f"{path}/assignment", {"to": "kefu-1"}).json()["facts"]["assignee"] == "kefu-1"

    passed = {"to": "kefu-2", "note": "客户等回电"}
    assert second.post(f"{path}/hand-over", passed).json()["code"] == "tickets.not_assigned_to"
    assert again.post(f"{path}/hand-over", passed | {"to": "kefu-3"}).json()["code"] == "tickets.agent_unknown"
    assert again.post(f"{path}/hand-over", passed).json()["facts"]["assignee"] == "kefu-2"  # the key was made anew
    second.post(f"{path}/answers", {"text": "您好"})
    second.post(f"{path}/finishing")

    shown = api.get(path).json()
    assert [(note["by"], note["text"]) for note in shown["ticket"]["notes"]] == [
        ("kefu-1", "客户等回电"),
        ("kefu-2", "您好"),
    ]
    assert shown["log"][-1]["who"].startswith("key:")  # which key it was


def test_figures_count_what_was_sold_and_what_went_back(world, api, order):
    done = opened(api, order).json()
    api.post(f"/aftersales/cases/{done['id']}/approval")
    api.post(f"/aftersales/refunds/{done['facts']['refund_id']}/payment")

    figures = api.get("/aftersales/metrics", params={"start": "2020-01-01T00:00:00Z", "shop": "tb-1"}).json()

    assert {row["refunded_over_sold"] for row in figures["refund_rate_by_sku"]} == {"1/1"}
    assert figures["reasons"] == [{"name": "不想要了", "count": 1}]


# --- evidence --------------------------------------------------------------------------------------------------------

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 8
PDF = b"%PDF-1.7\n"


def sent(api, path, content, name="", **kwargs):
    headers = {"Content-Type": "image/png"}  # what it claims to be is not believed
    return api.post(f"{path}?name={name}" if name else path, content, headers=headers, **kwargs)


def test_evidence_is_sent_before_a_case_is_opened_and_named_by_it(api, order):
    kept = sent(api, f"/orders/{order[0]}/evidence", JPEG, "%E7%A0%B4%E6%8D%9F.png")
    assert kept.status_code == 201, kept.text
    file = kept.json()
    assert (file["name"], file["media_type"], file["size_bytes"]) == ("破损.png", "image/jpeg", 2_052)

    case = opened(api, order, evidence=[file["id"], file["id"]]).json()

    shown = api.get(f"/aftersales/cases/{case['id']}").json()
    assert shown["case"]["evidence"] == [file["id"]]
    assert api.get(f"/aftersales/cases/{case['id']}/evidence").json() == {"items": [file]}


def test_a_reason_that_needs_evidence_takes_a_file_that_was_sent(api, order):
    reasons = [{"code": "broken", "title": "破损", "needs_evidence": True}]
    assert api.post("/aftersales/terms/tb-1", {"reasons": reasons}).status_code == 200

    assert opened(api, order, reason="broken").json()["code"] == "aftersales.evidence_missing"
    unknown = opened(api, order, reason="broken", evidence=[order[0]])
    assert (unknown.status_code, unknown.json()["code"]) == (422, "aftersales.evidence_unknown")
    assert unknown.json()["errors"][0]["field"] == "evidence"
    file = sent(api, f"/orders/{order[0]}/evidence", JPEG).json()
    assert opened(api, order, reason="broken", evidence=[file["id"]]).status_code == 201


def test_a_file_of_another_order_is_not_named(world, api, order):
    (taken,) = api.take_in(numbered(2))
    file = sent(api, f"/orders/{taken['order_id']}/evidence", JPEG).json()

    assert opened(api, order, evidence=[file["id"]]).json()["code"] == "aftersales.evidence_unknown"


def test_evidence_is_put_to_a_case_once_and_downloaded_as_what_it_is(world, api, order):
    case_id = opened(api, order).json()["id"]
    path = f"/aftersales/cases/{case_id}/evidence"

    first = sent(api, path, JPEG, "photo%0D%0A.exe").json()
    again = sent(api, path, JPEG, "other.jpg").json()
    film = sent(api, path, PDF, "%E8%AF%B4%E6%98%8E.pdf").json()

    assert again == first
    assert [each["id"] for each in api.get(path).json()["items"]] == [first["id"], film["id"]]
    log = api.get(f"/aftersales/cases/{case_id}").json()["log"]
    assert [entry["what"] for entry in log].count("aftersales.evidence_added") == 2

    before = len(world.store.tables.openings)
    answer = api.get(f"/aftersales/evidence/{first['id']}")
    assert (answer.status_code, answer.content) == (200, JPEG)
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-security-policy"] == "sandbox"
    disposition = answer.headers["content-disposition"]
    assert disposition == (f"attachment; filename=\"evidence-{first['id']}.jpg\"; filename*=UTF-8''photo%20.exe.jpg")
    (opening,) = world.store.tables.openings[before:]
    assert (str(opening.vault_id), str(opening.order_id), opening.purpose) == (first["id"], order[0], "evidence")
    assert opening.actor.startswith("key:")
    name = api.get(f"/aftersales/evidence/{film['id']}").headers["content-disposition"].rpartition("''")[2]
    assert name == "%E8%AF%B4%E6%98%8E.pdf"


def test_a_file_that_cannot_be_taken_is_refused_with_its_own_code(world, api, order):
    case_id = opened(api, order).json()["id"]
    path = f"/aftersales/cases/{case_id}/evidence"
    before = world.stored()

    def refused(content, name="photo.jpg"):
        answer = sent(api, path, content, name)
        return answer.status_code, answer.json()["code"]

    assert refused(b"") == (422, "aftersales.evidence_empty")
    assert refused(b"<svg/>") == (422, "aftersales.evidence_not_taken")
    form = b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + JPEG
    assert refused(form) == (422, "aftersales.evidence_not_taken")
    assert refused(JPEG + bytes(8 * 1024 * 1024)) == (422, "aftersales.evidence_too_large")
    assert refused(JPEG + bytes(16 * 1024 * 1024)) == (413, "http.body_too_large")
    assert refused(JPEG, "x" * 121) == (422, "text.invalid")
    assert world.stored() == before

    largest = sent(api, path, JPEG + bytes(8 * 1024 * 1024 - len(JPEG)))
    assert (largest.status_code, largest.json()["size_bytes"]) == (201, 8 * 1024 * 1024)


def test_a_case_takes_twenty_files_and_no_more(api, order):
    case_id = opened(api, order).json()["id"]
    path = f"/aftersales/cases/{case_id}/evidence"
    for number in range(20):
        assert sent(api, path, PDF + bytes([number])).status_code == 201

    full = sent(api, path, PDF + b"x")
    assert (full.status_code, full.json()["code"], full.json()["fields"]["most"]) == (
        409,
        "aftersales.too_much_evidence",
        20,
    )
    assert sent(api, path, PDF + bytes([7])).status_code == 201  # one that it has


def test_the_same_key_sends_a_file_once(world, api, order):
    case_id = opened(api, order).json()["id"]
    path = f"/aftersales/cases/{case_id}/evidence"

    answers = [sent(api, path, JPEG, once="file-1") for _ in range(2)]

    assert answers[0].content == answers[1].content
    other = sent(api, path, PDF, once="file-1")
    assert (other.status_code, other.json()["code"]) == (422, "http.idempotency_key_reused")


def test_evidence_is_for_who_has_the_right_and_the_shop(world, api, client, order):
    case_id = opened(api, order).json()["id"]
    file = sent(api, f"/aftersales/cases/{case_id}/evidence", JPEG).json()
    other = world.add_shop("tb-2")
    reader = Caller(client, world.key(Permission.AFTERSALES_READ))
    stranger = Caller(client, world.key(shops=frozenset({other.id})))
    seller = Caller(client, world.key(Permission.ORDERS_READ, Permission.ORDERS_WRITE))

    assert reader.get(f"/aftersales/evidence/{file['id']}").status_code == 200
    assert sent(reader, f"/aftersales/cases/{case_id}/evidence", PDF).status_code == 403
    assert seller.get(f"/aftersales/evidence/{file['id']}").status_code == 403
    assert stranger.get(f"/aftersales/evidence/{file['id']}").json()["code"] == "aftersales.evidence_not_found"
    assert stranger.get(f"/aftersales/cases/{case_id}/evidence").status_code == 404
    assert sent(stranger, f"/aftersales/cases/{case_id}/evidence", PDF).status_code == 404
    assert sent(stranger, f"/orders/{order[0]}/evidence", PDF).status_code == 404


# --- terms -----------------------------------------------------------------------------------------------------------


def test_windows_by_category_are_set_shown_and_taken_away(api):
    path = "/aftersales/terms/tb-1"

    first = api.post(path, {"window_days": 15, "window_by_category": {"食品": 0, "服饰": 30}})
    assert (first.status_code, first.json()["window_by_category"]) == (200, {"服饰": 30, "食品": 0})
    same = api.post(path, {"window_by_category": {"服饰": 30, "食品": 0}})
    assert same.json()["version"] == first.json()["version"] == 1
    shown = api.get(path)
    assert (shown.json()["window_by_category"], shown.headers["etag"]) == ({"服饰": 30, "食品": 0}, '"1"')
    assert api.post(path, {"window_by_category": {"食品": 367}}).status_code == 422
    assert api.post(path, {"window_by_category": {"": 7}}).status_code == 422
    gone = api.post(path, {"window_by_category": {}}, headers={"If-Match": '"1"'})
    assert (gone.json()["window_by_category"], gone.json()["window_days"], gone.json()["version"]) == ({}, 15, 2)


WEEKDAYS = {"week": [["09:00-12:00", "13:00-18:00"]] * 5 + [[], []]}
FRIDAY = "2026-11-27T17:00:00+08:00"


def test_limits_that_count_working_hours_go_by_the_shops_calendar(world, api, order):
    path = "/aftersales/terms/tb-1"
    limit = {"state": "awaiting_review", "limit": {"minutes": 480, "working_hours": True}}
    days = {"2026-11-30": [], "2026-11-28": ["09:00-18:00"]}  # a holiday, and the Saturday that makes up for it
    meant = {"calendar": WEEKDAYS | {"exceptions": days}, "limits": [limit]}
    preview = api.post(f"{path}/due-dates", {"since": FRIDAY} | meant)
    assert preview.status_code == 200, preview.text
    due = {row["what"]: row for row in preview.json()["dates"]}
    assert (due["awaiting_review"]["working_hours"], due["awaiting_review"]["due_at"]) == (True, "2026-11-28T08:00:00Z")
    assert due["inquiry"]["due_at"] == "2026-11-28T09:00:00Z"  # a day, round the clock
    assert api.get(path).json()["version"] == 0  # nothing was stored

    stored = api.post(path, meant).json()
    shown = {"week": WEEKDAYS["week"], "exceptions": dict(sorted(days.items())), "offset_minutes": 480}
    assert (stored["calendar"], stored["limits"][0]["working_hours"]) == (shown, True)
    assert api.get(path).json()["calendar"] == shown
    case = api.get(f"/aftersales/cases/{opened(api, order).json()['id']}").json()["case"]
    now = api.post(f"{path}/due-dates", {"since": case["opened_at"]}).json()["dates"][0]
    assert case["due"]["at"] == now["due_at"]
    always = {"since": case["opened_at"], "calendar": {"week": [["00:00-24:00"]] * 7}}
    assert api.post(f"{path}/due-dates", always).json()["dates"][0]["due_at"] < now["due_at"]
    assert api.post(f"{path}/due-dates", {}).json()["dates"][0]["due_at"] >= now["due_at"]


@pytest.mark.parametrize(
    ("calendar", "code"),
    [
        ({"week": [[]] * 7}, "calendar.invalid"),
        ({"week": [["18:00-09:00"]] * 7}, "calendar.invalid"),
        ({"week": [["09:00-24:01"]] * 7}, "http.field_invalid"),
        ({"week": [["9-18"]] * 7}, "http.field_invalid"),
        ({"week": [["09:00-18:00"]] * 6}, "http.field_invalid"),
        (WEEKDAYS | {"exceptions": {"2026-02-30": []}}, "http.field_invalid"),
        (WEEKDAYS | {"offset_minutes": 5000}, "calendar.invalid"),
    ],
)
def test_a_calendar_that_cannot_be_is_refused(api, calendar, code):
    for path, body in (("/aftersales/terms/tb-1", {}), ("/aftersales/terms/tb-1/due-dates", {"since": FRIDAY})):
        answer = api.post(path, body | {"calendar": calendar})
        assert (answer.status_code, answer.json()["code"]) == (422, code)


# --- roles -----------------------------------------------------------------------------------------------------------


def test_each_role_gives_as_much_as_the_terms_let_it(world, api, client, order):
    assert api.post("/aftersales/roles/senior", {"title": "资深客服"}).json() == {
        "code": "senior",
        "title": "资深客服",
        "is_retired": False,
    }
    limits = [
        {"role": "agent", "what": "refund", "most_fen": 100},
        {"role": "agent", "what": "coupon", "most_fen": 50},
        {"role": "senior", "what": "refund", "most_fen": 200},
    ]
    assert api.post("/aftersales/terms/tb-1", {"role_limits": limits}).status_code == 200
    may = (Permission.AFTERSALES_READ, Permission.AFTERSALES_WRITE)
    agent, senior = (Caller(client, world.key(*may, role=role)) for role in ("", "senior"))
    case = opened(api, order, asked_fen=150).json()
    path = f"/aftersales/cases/{case['id']}/approval"

    refused = agent.post(path)
    assert (refused.status_code, refused.json()["code"]) == (409, "refunds.above_role_limit")
    assert senior.post(path, {"refund_fen": 201, "reason": "x"}).json()["code"] == "refunds.above_role_limit"
    assert senior.post(path).json()["state"] == "awaiting_refund"

    gift = f"/aftersales/refunds/{case['facts']['refund_id']}/compensations"
    body = {"kind": "coupon", "reason": "补偿"}
    above = senior.post(gift, body | {"amount_fen": 51})  # nothing is set for it: as much as an agent
    assert above.json()["code"] == "refunds.compensation_above_limit"
    assert senior.post(gift, body | {"amount_fen": 50}).status_code == 200


def test_roles_are_listed_retired_and_only_for_who_oversees_all_shops(world, api, client):
    other = world.add_shop("tb-2")
    scoped = Caller(client, world.key(shops=frozenset({other.id})))
    api.post("/aftersales/roles/lead", {"title": "组长"})

    assert api.post("/aftersales/roles/lead/retirement").json()["is_retired"] is True
    assert [role["code"] for role in scoped.get("/aftersales/roles").json()["items"]] == ["agent", "admin", "lead"]
    assert scoped.post("/aftersales/roles/x", {"title": "x"}).status_code == 403
    assert api.post("/aftersales/roles/none/retirement").json()["code"] == "access.role_unknown"
    assert api.post("/aftersales/roles/agent", {"title": "x"}).json()["code"] == "access.role_built_in"
    assert api.post("/aftersales/roles/A", {"title": "x"}).json()["code"] == "access.role_invalid"


# --- reasons and templates, one at a time ----------------------------------------------------------------------------


def test_reasons_are_put_used_and_retired_one_at_a_time(api, order):
    path = "/aftersales/terms/tb-1/reasons"
    assert api.post(path, {"code": "size", "title": "尺寸"}).status_code == 200
    both = api.post(path, {"code": "late", "title": "发货慢", "kinds": ["refund_before_shipment"]}).json()
    assert [row["code"] for row in both["reasons"]] == ["size", "late"]

    assert opened(api, order, reason="other").json()["code"] == "aftersales.unknown_reason"
    assert opened(api, order, reason="late").status_code == 201
    retired = api.post(f"{path}/late/retirement").json()
    assert [(row["code"], row["is_retired"]) for row in retired["reasons"]] == [("size", False), ("late", True)]
    assert opened(api, order, reason="late").json()["code"] == "aftersales.unknown_reason"
    assert api.post(f"{path}/none/retirement").json()["code"] == "aftersales.unknown_reason"
    assert api.get("/aftersales/terms/tb-1").json()["reasons"] == retired["reasons"]


def test_a_reply_template_is_put_sent_and_not_sent_once_it_is_retired(api):
    path = "/aftersales/terms/tb-1/templates"
    api.post(path, {"code": "sorry", "title": "致歉", "text": "抱歉"})
    api.post(path, {"code": "sorry", "title": "致歉", "text": "非常抱歉"})
    ticket = api.post("/aftersales/tickets", {"shop": "tb-1", "kind": "inquiry", "subject": "物流"}).json()
    answers = f"/aftersales/tickets/{ticket['id']}/answers"

    assert api.post(answers, {"template": "sorry"}).status_code == 200
    api.post(f"{path}/sorry/retirement")

    assert api.post(answers, {"template": "sorry"}).json()["code"] == "tickets.template_unknown"
    notes = api.get(f"/aftersales/tickets/{ticket['id']}").json()["ticket"]["notes"]
    assert [note["text"] for note in notes] == ["非常抱歉"]
    assert api.post(f"{path}/none/retirement").status_code == 404
