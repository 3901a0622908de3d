"""``oms wms``: accounts whose secrets are never shown, and what warehouses have pushed."""

from __future__ import annotations

ASK = ("wms", "connect", "EAST", "--kind", "qimen", "--app-key", "1", "--customer-id", "C", "--owner-code", "O")


def test_a_warehouse_is_connected_and_its_secret_asked_for_and_never_shown(oms):
    connected = oms.run(*ASK, "--json", input="s3cret\n")
    listed = oms.run("wms", "accounts", "--json")

    (row,) = listed.rows
    assert (connected.code, row["warehouse"], row["kind"], row["has_secret"]) == (0, "EAST", "qimen", True)
    assert "s3cret" not in connected.out + connected.err + listed.out
    assert b"s3cret" not in oms.database.read_bytes()


def test_what_is_not_asked_for_again_stays(oms):
    oms.run(*ASK, input="s3cret\n")

    (row,) = oms.rows(*ASK, "--keep-secret", "--reuses-numbers", "--sender-company", "样例商贸有限公司")

    assert (row["has_secret"], row["reuses_numbers"]) == (True, True)


def test_an_account_without_what_it_needs_is_refused_with_what_to_do(oms):
    done = oms.run("wms", "connect", "EAST", "--kind", "qimen", "--app-key", "1", input="s3cret\n")

    assert done.code == 1
    assert "customer_id" in done.err
    assert "connect-a-warehouse" in done.err


def test_there_are_no_reports_yet_and_one_that_is_not_there_cannot_be_booked(oms):
    assert oms.rows("wms", "reports") == []
    assert oms.rows("wms", "reports", "--state", "refused") == []
    assert oms.rows("wms", "waiting", "--warehouse", "EAST") == []

    done = oms.run("wms", "book", "019b7ca9-8f2e-7e6a-8000-000000000001")

    assert done.code == 1
    assert "wms.report_not_found" in done.err


def test_the_simulated_warehouse_knows_no_stock_of_its_own(oms):
    oms.run("stock", "receive", "A", "5")

    (row,) = oms.rows("wms", "levels", "MAIN")
    assert row == {
        "sku": "A",
        "ours_good": 5,
        "theirs_good": "not known",
        "ours_defective": 0,
        "theirs_defective": "not known",
        "booked": "",
    }
    assert oms.rows("wms", "levels", "MAIN", "A", "--apply") == [row]
