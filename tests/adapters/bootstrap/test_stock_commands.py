"""``oms stock``, ``oms warehouses``, ``oms doctor --repair``: as a person would work with them."""

import pytest

LEVEL = ("on_hand", "reserved", "available", "defective", "safety", "locked", "in_transit")


def levels(oms):
    return {(row["sku"], row["warehouse"]): tuple(row[name] for name in LEVEL) for row in oms.rows("stock", "list")}


def test_documents_are_posted_and_listed(oms):
    (booked,) = oms.rows("stock", "post", "return_receipt", "HAT-M=5", "HAT-M=2:defective", "--reference", "R-1")
    (again,) = oms.rows("stock", "post", "return_receipt", "HAT-M=5", "HAT-M=2:defective", "--reference", "R-1")
    oms.rows("stock", "post", "lock", "HAT-M=1", "--reason", "质检")
    oms.rows("stock", "post", "safety", "HAT-M=2")
    oms.rows("stock", "post", "damage", "HAT-M=1", "--reason", "破损")

    assert again == booked
    assert (booked["number"][0], booked["state"]) == ("B", "posted")
    assert levels(oms) == {("HAT-M", "MAIN"): (4, 0, 1, 3, 2, 1, 0)}
    assert [row["kind"] for row in oms.rows("stock", "documents")] == ["damage", "safety", "lock", "return_receipt"]
    assert [row["number"] for row in oms.rows("stock", "documents", "--kind", "return_receipt")] == [booked["number"]]
    entry = oms.rows("stock", "ledger", "--sku", "HAT-M", "--limit", "1")[0]
    assert (entry["kind"], entry["changes"]) == ("damage", "on_hand-1 defective+1")
    assert oms.rows("doctor") == []


def test_a_transfer_goes_its_way(oms):
    oms.rows("warehouses", "add", "EAST", "--name", "东仓", "--kind", "fdc", "--city", "样例市")
    oms.rows("stock", "receive", "HAT-M", "5")
    (sent,) = oms.rows("stock", "transfer", "send", "MAIN", "EAST", "HAT-M=4")

    (came,) = oms.rows("stock", "transfer", "receive", sent["number"], "HAT-M=3", "--receipt", "A")
    (closed,) = oms.rows("stock", "transfer", "close", sent["number"], "--found", "--reason", "未装车")

    assert (sent["state"], came["state"], closed["state"]) == ("sent", "partly_received", "closed")
    assert levels(oms)["HAT-M", "EAST"][0] == 3
    assert levels(oms)["HAT-M", "MAIN"][0] == 2


def test_a_stocktake_is_counted_and_applied(oms):
    oms.rows("stock", "receive", "HAT-M", "5")
    (begun,) = oms.rows("stock", "count", "begin", "--reason", "月盘")
    (line,) = oms.rows("stock", "count", "enter", begun["number"], "HAT-M=3")
    (applied,) = oms.rows("stock", "count", "apply", begun["number"])

    assert (line["booked"], line["difference"], line["state"]) == (5, -2, "counting")
    assert applied["state"] == "applied"
    assert levels(oms)["HAT-M", "MAIN"][0] == 3
    assert oms.rows("stock", "differences") == []
    (other,) = oms.rows("stock", "count", "begin")
    assert oms.rows("stock", "count", "cancel", other["number"])[0]["state"] == "cancelled"


def test_a_hot_row_is_parted(oms):
    oms.rows("stock", "receive", "HAT-M", "5")

    assert oms.rows("stock", "buckets", "HAT-M", "4")[0]["buckets"] == 4
    assert levels(oms)["HAT-M", "MAIN"][0] == 5


def test_warehouses_are_edited_field_by_field(oms):
    oms.rows("warehouses", "add", "EAST", "--name", "东仓", "--latitude-e6", "22543096", "--longitude-e6", "114057865")
    oms.rows("warehouses", "edit", "EAST", "--name", "东二仓", "--not-active")

    east, main = oms.rows("warehouses", "list")
    assert (east["name"], east["active"], east["latitude_e6"], east["version"]) == ("东二仓", False, 22543096, 2)
    assert main["code"] == "MAIN"


@pytest.mark.parametrize(
    "words",
    [
        ("stock", "post", "return_receipt", "HAT-M"),
        ("stock", "post", "return_receipt", "HAT-M=x"),
        ("stock", "post", "return_receipt", "HAT-M=1:bad"),
        ("stock", "post", "return_receipt", "HAT-M=1", "--warehouse", "NONE"),
        ("stock", "post", "lock", "HAT-M=1", "--reason", "x"),
        ("stock", "post", "adjustment", "HAT-M=1"),
        ("stock", "count", "apply", "K20260101-000001"),
        ("stock", "buckets", "HAT-M", "4"),
        ("stock", "settle", "019b7ca9-8f2e-7e6a-8000-000000000001"),
        ("stock", "receive", "HAT-M", "1", "--warehouse", "NONE"),
        ("warehouses", "edit", "NONE", "--name", "x"),
        ("warehouses", "add", "MAIN", "--name", "x"),
        ("doctor", "--repair"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line_or_two(oms, words):
    done = oms.run(*words)

    assert done.code != 0
    assert "Traceback" not in done.out + done.err
    assert levels(oms) == {}


def test_drift_is_shown_and_repaired_only_when_asked(oms):
    oms.rows("stock", "receive", "HAT-M", "5")
    oms.sql("UPDATE stock_level SET on_hand = 9, reserved = 1")

    found = oms.run("doctor", "--json")
    assert found.code == 1
    assert levels(oms)["HAT-M", "MAIN"][:2] == (9, 1)

    repaired = oms.run("doctor", "--repair", "--reason", "误改")
    assert repaired.code == 0
    assert "1 rows repaired" in repaired.out
    assert levels(oms)["HAT-M", "MAIN"][:2] == (5, 0)
    assert oms.rows("stock", "ledger")[0]["kind"] == "repair"
    assert oms.rows("doctor") == []
