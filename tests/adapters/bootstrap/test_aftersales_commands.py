"""``oms cases``, ``oms refunds``, ``oms returns``, ``oms tickets``, ``oms aftersales``: as a person would work."""

import pytest
from tests.adapters.bootstrap.conftest import PAYLOADS


@pytest.fixture
def order(allocated):
    """The number of an order that waits for its review, and the SKU of its line."""
    (row,) = allocated.rows("orders", "list")
    (shown,) = allocated.rows("orders", "show", row["number"])
    return row["number"], shown["lines"][0]["sku"]


def test_a_claim_goes_from_the_ask_to_the_money(allocated, order):
    number, _ = order
    (opened,) = allocated.rows("cases", "open", number, "--kind", "refund_before_shipment", "--reason", "不想要了")
    allocated.rows("drain")
    (approved,) = allocated.rows("cases", "approve", opened["number"])
    assert approved["state"] == "awaiting_refund"
    (refund,) = allocated.rows("refunds", "list", "--not-after-shipment")
    allocated.rows("drain")

    (paid,) = allocated.rows("refunds", "pay", refund["number"], "--reason", "转账")
    allocated.rows("drain")

    (shown,) = allocated.rows("cases", "show", opened["number"])
    assert (paid["state"], shown["case"]["state"]) == ("succeeded", "succeeded")
    assert allocated.rows("orders", "list")[0]["state"] == "cancelled"
    assert allocated.rows("doctor") == []
    (ticket,) = allocated.rows("tickets", "list")
    assert ticket["state"] == "done"
    assert opened["number"] in allocated.run("cases", "list").out
    assert "aftersales.case_refunded" in allocated.run("cases", "show", opened["number"]).out


def test_what_a_cancelled_order_owes_is_shown_with_the_order_and_paid(allocated):
    (order,) = allocated.rows("orders", "list")
    number = order["number"]
    allocated.run("orders", "cancel", number, "--reason", "不要了")
    allocated.run("drain")

    (shown,) = allocated.rows("orders", "show", number)
    (case,), (refund,) = shown["cases"], shown["refunds"]
    assert (case["asked_by"], case["reason"], case["state"]) == ("system", "order_cancelled", "awaiting_refund")
    assert (refund["state"], refund["amount"]) == ("approved", order["paid"])
    told = allocated.run("orders", "show", number).out
    assert case["number"] in told
    assert refund["number"] in told
    (detail,) = allocated.rows("refunds", "show", refund["number"])
    assert [(each["type"], each["number"]) for each in detail["related"]] == [
        ("sales_order", number),
        ("case", case["number"]),
    ]
    allocated.run("refunds", "pay", refund["number"], "--reason", "转账")
    allocated.run("drain")
    (shown,) = allocated.rows("orders", "show", number)
    assert [each["state"] for each in (*shown["cases"], *shown["refunds"])] == ["succeeded", "succeeded"]


def test_what_may_go_back_is_explained_in_lines_for_people(allocated, order):
    number, sku = order

    told = allocated.run("refunds", "refundable", number, "--line", f"{sku}=1").out
    (row,) = allocated.rows("refunds", "refundable", number)

    assert "refundable now" in told
    assert row["refundable_fen"] == row["amount_fen"] > 0


def test_a_refund_by_hand_is_tagged_closed_and_found(allocated, order, tmp_path):
    here, sku = order
    told = allocated.run("refunds", "create", here, "--line", f"{sku}=1", "--reason", "少发")
    assert "refunds.still_here" in told.err
    left = (PAYLOADS / "taobao_trade_single.json").read_text(encoding="utf-8")
    left = left.replace("9100000000000000020", "9100000000000000021")
    path = tmp_path / "left.json"
    path.write_text(left.replace("WAIT_SELLER_SEND_GOODS", "WAIT_BUYER_CONFIRM_GOODS"), encoding="utf-8")
    allocated.ingest(str(path))
    number = next(row["number"] for row in allocated.rows("orders", "list") if row["number"] != here)
    (made,) = allocated.rows("refunds", "create", number, "--line", f"{sku}=1", "--amount", "1.00", "--reason", "少发")
    allocated.rows("refunds", "tag", made["number"], "--tag", "急")

    (found,) = allocated.rows("refunds", "list", "--tag", "急", "--source", "manual")
    assert (found["number"], found["amount"]["fen"]) == (made["number"], 100)
    allocated.rows("refunds", "untag", made["number"], "--tag", "急")
    allocated.rows("refunds", "explain", made["number"], "--reason", "内部")
    (closed,) = allocated.rows("refunds", "close", made["number"], "--reason", "误建")
    assert closed["state"] == "closed"
    assert allocated.rows("refunds", "list", "--tag", "急") == []
    terms = ("aftersales", "terms", "tb", "--limit", "agent:goodwill=9.00", "--limit", "admin:goodwill=9.00")
    allocated.rows(*terms)
    gift = ("--kind", "goodwill", "--amount", "2.00", "--reason", "致歉")
    allocated.rows("refunds", "compensate", made["number"], *gift)
    allocated.rows("refunds", "pay-compensation", made["number"], "--how", "by_hand", "--reason", "红包")
    (shown,) = allocated.rows("refunds", "show", made["number"])
    (given,) = shown["refund"]["compensations"]
    assert (given["state"], given["paid_how"], given["paid_because"]) == ("paid", "by_hand", "红包")
    assert allocated.run("refunds", "pay-compensation", made["number"], "--how", "coupon").code == 1
    to = tmp_path / "refunds.csv"
    assert allocated.run("refunds", "export", "--after-shipment", "--state", "closed", "--to", str(to)).code == 0
    text = to.read_bytes().decode("utf-8-sig")
    assert (text.count(made["number"]), text.count("\n")) == (1, 2)
    assert allocated.run("refunds", "export", "--to", str(to)).code == 1  # it is there already
    assert allocated.run("refunds", "export", "--not-after-shipment", "--shop", "tb").out.count(made["number"]) == 0
    assert allocated.run("refunds", "export").out.count(made["number"]) == 1


def test_of_a_return_that_came_short_what_came_is_accepted(allocated, order, tmp_path):
    left = (PAYLOADS / "taobao_trade_fullinfo.json").read_text(encoding="utf-8")
    path = tmp_path / "left.json"
    path.write_text(left.replace("WAIT_SELLER_SEND_GOODS", "WAIT_BUYER_CONFIRM_GOODS"), encoding="utf-8")
    allocated.ingest(str(path))
    number = next(row["number"] for row in allocated.rows("orders", "list") if row["number"] != order[0])
    (case,) = allocated.rows("cases", "open", number, "--kind", "return_and_refund", "--reason", "尺寸")
    allocated.rows("cases", "approve", case["number"])
    (goods,) = allocated.rows("returns", "list")
    assert allocated.run("cases", "received", case["number"]).code == 1
    line = goods["lines"][0]
    allocated.rows("returns", "receive", goods["number"], "--receipt", "1", "--line", f"{line['line_id']}=1/0/0")
    allocated.rows("drain")

    (shown,) = allocated.rows("cases", "received", case["number"])
    told = allocated.run("cases", "received", case["number"]).out
    (done,) = allocated.rows("cases", "accept-received", case["number"], "--refuse-missing", "少寄")

    assert shown["received"][0]["runs"] == [[0, 1]]
    assert "missing" in told
    assert "refundable now" in told
    assert done["state"] == "awaiting_refund"
    (refund,) = allocated.rows("refunds", "list", "--after-shipment")
    assert refund["amount"]["fen"] == shown["proposal"]["amount_fen"]


def test_new_goods_go_and_goods_come_back_to_other_addresses(allocated, order, tmp_path):
    left = (PAYLOADS / "taobao_trade_fullinfo.json").read_text(encoding="utf-8")
    path = tmp_path / "left.json"
    path.write_text(left.replace("WAIT_SELLER_SEND_GOODS", "WAIT_BUYER_CONFIRM_GOODS"), encoding="utf-8")
    allocated.ingest(str(path))
    number = next(row["number"] for row in allocated.rows("orders", "list") if row["number"] != order[0])
    there = "测试员 13000000001 浙江省杭州市西湖区示例路8号"
    (case,) = allocated.rows(
        "cases", "open", number, "--kind", "exchange", "--reason", "尺寸", "--send-to", there, "--return-to", there
    )
    (shown,) = allocated.rows("cases", "show", case["number"])
    first = shown["case"]
    assert first["send_region"] == "浙江省 杭州市 西湖区"
    assert first["send_mask"]
    assert first["return_mask"]
    assert "13000000001" not in str(shown)
    assert "测试员" not in str(shown)

    allocated.rows("cases", "readdress", case["number"], "--send-to", there.replace("西湖区", "上城区"))
    (shown,) = allocated.rows("cases", "show", case["number"])
    assert (shown["case"]["send_region"], shown["case"]["return_mask"]) == (
        "浙江省 杭州市 上城区",
        first["return_mask"],
    )
    allocated.rows("cases", "approve", case["number"])
    told = allocated.run("cases", "readdress", case["number"], "--return-to", there, "--json")
    assert "aftersales.address_settled" in told.err
    told = allocated.run("cases", "readdress", case["number"], "--send-to", "测试员 13000000001", "--json")
    assert "orders.fields_missing" in told.err


def test_what_is_wrong_is_said_with_its_code(allocated, order):
    number, sku = order

    assert allocated.run("cases", "show", "A-none", "--json").code == 1
    (row,) = allocated.rows("cases", "approve", "A-none", code=1)
    assert row["code"] == "aftersales.number_unknown"
    told = allocated.run("cases", "open", number, "--kind", "exchange", "--line", f"{sku}=x", "--reason", "a", "--json")
    assert "aftersales.invalid_line" in told.err
    told = allocated.run("cases", "open", number, "--kind", "exchange", "--reason", "a", "--json")
    assert "aftersales.kind_not_now" in told.err
    assert allocated.run("cases", "approve", "x", "--refund", "1e3").code == 2
    assert allocated.run("returns", "receive", "x", "--receipt", "1", "--line", "x").code == 2
    assert allocated.run("aftersales", "terms", "tb", "--limit", "agent").code == 1
    assert allocated.run("aftersales", "terms", "tb", "--limit", "agent=1").code == 1


def test_terms_and_tickets(oms):
    (terms,) = oms.rows(
        *("aftersales", "terms", "tb", "--window-days", "15", "--assignment", "by_load", "--reason", "size=尺寸"),
        *("--limit", "agent:refund=50.00", "--template", "sorry=抱歉"),
    )
    assert (terms["window_days"], terms["role_limits"][0]["most"]["fen"], terms["version"]) == (15, 5_000, 1)
    (opened,) = oms.rows("tickets", "open", "tb", "--subject", "物流")
    oms.rows("tickets", "assign", opened["number"], "--to", "kefu-1")
    oms.rows("tickets", "answer", opened["number"], "--template", "sorry")
    oms.rows("tickets", "note", opened["number"], "--text", "等客户")
    oms.rows("tickets", "customer-writes", opened["number"])
    (done,) = oms.rows("tickets", "finish", opened["number"])

    assert done["state"] == "done"
    assert [row["number"] for row in oms.rows("tickets", "list", "--assignee", "kefu-1")] == [opened["number"]]
    (figures,) = oms.rows("aftersales", "metrics")
    assert figures["workload"] == [{"agent": "kefu-1", "in_hand": 0, "finished": 1}]
    assert "workload" in oms.run("aftersales", "metrics", "--shop", "tb").out
    assert oms.rows("aftersales", "documents") == []
    assert oms.run("aftersales", "pull", "tb", "--json").code == 1  # it is not connected
    assert oms.rows("returns", "list") == []


def test_evidence_is_sent_with_the_claim_added_listed_and_fetched(allocated, order, tmp_path):
    number, _ = order
    photo, note = b"\xff\xd8\xff\xe0" + bytes(range(256)), b"%PDF-1.7\n"
    files = {"破损.jpg": photo, "note.pdf": note, "bad.jpg": b"<html>"}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    paths = {name: str(tmp_path / name) for name in files}

    ask = ("--kind", "refund_before_shipment", "--reason", "破损", "--evidence", paths["破损.jpg"])
    (opened,) = allocated.rows("cases", "open", number, *ask)
    (added,) = allocated.rows("cases", "evidence", "add", opened["number"], paths["note.pdf"])
    (again,) = allocated.rows("cases", "evidence", "add", opened["number"], paths["note.pdf"])
    listed = allocated.rows("cases", "evidence", "list", opened["number"])

    assert again == added
    assert [(row["name"], row["media_type"]) for row in listed] == [
        ("破损.jpg", "image/jpeg"),
        ("note.pdf", "application/pdf"),
    ]
    assert (
        "aftersales.evidence_not_taken"
        in allocated.run("cases", "evidence", "add", opened["number"], paths["bad.jpg"], "--json").err
    )
    to = str(tmp_path / "got.jpg")
    (got,) = allocated.rows("cases", "evidence", "get", listed[0]["id"], "--to", to)
    assert got == {"file": to, "media_type": "image/jpeg"}
    assert (tmp_path / "got.jpg").read_bytes() == photo
    assert allocated.run("cases", "evidence", "get", listed[0]["id"], "--to", to).code == 1  # it is there already
    assert [row for (row,) in allocated.sql("SELECT purpose FROM pii_access")] == ["evidence", "evidence"]
    assert allocated.rows("doctor") == []


def test_windows_by_category_are_the_whole_list(oms):
    windows = ("--window", "食品=0", "--window", "服饰=30")
    (row,) = oms.rows("aftersales", "terms", "tb", *windows)
    assert row["window_by_category"] == {"服饰": 30, "食品": 0}
    (row,) = oms.rows("aftersales", "terms", "tb", "--window", "食品=1")
    assert (row["window_by_category"], row["version"]) == ({"食品": 1}, 2)
    assert "aftersales.invalid_line" in oms.run("aftersales", "terms", "tb", "--window", "食品=x", "--json").err
    assert "aftersales.invalid_line" in oms.run("aftersales", "terms", "tb", "--window", "食品", "--json").err
    (row,) = oms.rows("aftersales", "terms", "tb", "--no-windows")
    assert row["window_by_category"] == {}
    oms.run("skus", "add", "CAKE", "--title", "样例", "--category", "食品")
    assert oms.rows("skus", "show", "CAKE")[0]["category"] == "食品"


def test_a_ticket_is_handed_over_in_the_names_of_the_shops_agents(oms):
    oms.rows("aftersales", "terms", "tb", "--desk", "kefu-1", "--desk", "kefu-2")
    (opened,) = oms.rows("tickets", "open", "tb", "--subject", "物流")
    number = opened["number"]
    assert "tickets.agent_unknown" in oms.run("tickets", "assign", number, "--to", "kefu-9", "--json").out
    oms.rows("tickets", "assign", number, "--to", "kefu-1")
    over = ("tickets", "hand-over", number, "--to", "kefu-2", "--note", "客户等回电")
    assert "tickets.not_assigned_to" in oms.run(*over, "--json").out  # a login is no agent of the shop
    assert "tickets.agent_unknown" in oms.run(*over, "--as", "kefu-9", "--json").out
    assert "tickets.agent_unknown" in oms.run("tickets", "note", number, "--text", "x", "--as", "x", "--json").out

    oms.rows("tickets", "note", number, "--text", "已催", "--as", "kefu-2")
    oms.rows("tickets", "answer", number, "--text", "您好", "--as", "kefu-1")
    oms.rows(*over, "--as", "kefu-1")
    oms.rows("tickets", "finish", number, "--as", "kefu-2")

    (shown,) = oms.rows("tickets", "show", number)
    assert [(note["by"], note["text"]) for note in shown["ticket"]["notes"]] == [
        ("kefu-2", "已催"),
        ("kefu-1", "您好"),
        ("kefu-1", "客户等回电"),
    ]
    assert (shown["ticket"]["assignee"], shown["ticket"]["state"]) == ("kefu-2", "done")


def test_working_hours_are_set_and_counted_where_a_limit_says_so(oms):
    calendar = ("aftersales", "calendar", "set", "tb")
    (row,) = oms.rows(
        *calendar, "--hours", "mon-fri=09:00-12:00,13:00-18:00", "--hours", "sun=", "--closed", "2026-11-30"
    )
    assert row["week"] == [["09:00-12:00", "13:00-18:00"]] * 5 + [[], []]
    (row,) = oms.rows(*calendar, "--works", "2026-11-28=09:00-18:00", "--closed", "2026-12-01..2026-12-02")
    assert row["exceptions"] == {
        "2026-11-28": ["09:00-18:00"],
        "2026-11-30": [],
        "2026-12-01": [],
        "2026-12-02": [],
    }
    (row,) = oms.rows(*calendar, "--usual", "2026-12-01..2026-12-02")
    assert list(row["exceptions"]) == ["2026-11-28", "2026-11-30"]
    assert "2026-11-28" in oms.run("aftersales", "calendar", "show", "tb").out

    put = ("aftersales", "limits", "put", "tb")
    oms.rows(*put, "awaiting_review", "--minutes", "480", "--working-hours", "--kind", "exchange", "--closes")
    rows = oms.rows(*put, "complaint", "--minutes", "120", "--working-hours", "--levels", "1")
    assert rows == oms.rows("aftersales", "limits", "list", "tb")
    assert [(each["what"], each["kinds"], each["working_hours"], each["closes"]) for each in (rows[0], rows[-1])] == [
        ("awaiting_review", ["exchange"], True, True),
        ("complaint", [], True, False),
    ]
    rows = oms.rows("aftersales", "due-dates", "tb", "--since", "2026-11-27T17:00:00+08:00")
    due = {(row["what"], tuple(row["kinds"])): row["due_at"] for row in rows}
    assert due["awaiting_review", ("exchange",)] == "2026-11-28T08:00:00Z"
    assert due["complaint", ()] == "2026-11-28T02:00:00Z"
    assert due["inquiry", ()] == "2026-11-28T09:00:00Z"
    assert len(oms.rows("aftersales", "due-dates", "tb")) == len(rows)
    (row,) = oms.rows(*calendar, "--always", "--offset-minutes", "540")
    assert (row["week"], row["offset_minutes"]) == ([["00:00-24:00"]] * 7, 540)
    assert oms.rows("aftersales", "calendar", "show", "tb") == [row]


@pytest.mark.parametrize(
    "wrong",
    [
        *(("--hours", each) for each in ("mon", "mun=09:00-18:00", "mon-fri=9-18", "mon=18:00-09:00")),
        *(("--closed", each) for each in ("2026-02-30", "2026-10-07..2026-10-01", "2026-01-01..2036-01-01")),
    ],
    ids=str,
)
def test_hours_and_days_that_cannot_be_are_refused(oms, wrong):
    assert oms.run("aftersales", "calendar", "set", "tb", *wrong).code == 1
    assert oms.run("aftersales", "due-dates", "tb", "--since", "tomorrow").code == 1
    assert oms.run("aftersales", "due-dates", "tb", "--since", "2026-11-27T17:00:00").code == 1


def test_roles_are_named_given_to_keys_and_retired(oms):
    (role,) = oms.rows("roles", "put", "senior", "--title", "资深客服")
    assert role == {"code": "senior", "title": "资深客服", "is_retired": False}
    oms.rows("api-keys", "add", "kefu", "--scope", "aftersales:write", "--role", "senior")
    assert [row["role"] for row in oms.rows("api-keys", "list") if row["name"] == "kefu"] == ["senior"]
    told = oms.run("api-keys", "add", "x", "--scope", "aftersales:write", "--role", "senoir", "--json")
    assert (told.code, "access.role_unknown" in told.err) == (1, True)
    oms.rows("roles", "retire", "senior")
    assert [(row["code"], row["is_retired"]) for row in oms.rows("roles", "list")] == [
        ("agent", False),
        ("admin", False),
        ("senior", True),
    ]


def test_reasons_and_templates_are_managed_one_at_a_time(oms):
    oms.rows("aftersales", "reasons", "put", "tb", "size", "--title", "尺寸")
    broken = ("broken", "--title", "破损", "--kind", "refund_only", "--needs-evidence")
    oms.rows("aftersales", "reasons", "put", "tb", *broken)
    oms.rows("aftersales", "reasons", "retire", "tb", "size")
    rows = oms.rows("aftersales", "reasons", "list", "tb")
    assert [(row["code"], row["needs_evidence"], row["is_retired"]) for row in rows] == [
        ("size", False, True),
        ("broken", True, False),
    ]
    assert rows[1]["kinds"] == ["refund_only"]
    oms.rows("aftersales", "templates", "put", "tb", "sorry", "--title", "致歉", "--text", "抱歉")
    (row,) = oms.rows("aftersales", "templates", "retire", "tb", "sorry")
    assert oms.rows("aftersales", "templates", "list", "tb") == [row]
    assert row == {"code": "sorry", "title": "致歉", "text": "抱歉", "is_retired": True}
    assert "aftersales.unknown_reason" in oms.run("aftersales", "reasons", "retire", "tb", "none", "--json").err
