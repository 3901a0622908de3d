"""The doctor finds every damage that is planted, says where it is, and ends with one."""

import pytest


@pytest.fixture
def sound(allocated):
    """An installation with an order that has its stock, and nothing wrong."""
    return allocated


def findings(oms):
    return sorted((row["invariant"], row["seen"]) for row in oms.rows("doctor", code=1))


def test_nothing_is_found_where_nothing_is_wrong(sound):
    done = sound.run("doctor")

    assert done.code == 0
    assert sound.rows("doctor") == []
    for invariant in ("I1", "I4", "I5", "I6", "I7", "I8", "I11", "I12"):
        assert invariant in done.out


def test_an_amount_that_was_changed_is_found(sound):
    sound.sql("UPDATE sales_order_line SET payable = payable + 1")

    assert findings(sound) == [
        ("I1", "is 13501, 13500 is placed"),
        ("I1", "payable 13501, its amounts give 13500"),
        ("I1", "payable 14300, lines add up to 14301"),
    ]


def test_units_on_hand_that_no_receipt_explains_are_found(sound):
    sound.sql("UPDATE stock_level SET on_hand = on_hand + 1")

    assert findings(sound) == [("I4", "on_hand 11, should be 10")]


def test_reserved_units_that_nobody_holds_are_found(sound):
    sound.sql("UPDATE stock_level SET reserved = reserved + 1")

    assert findings(sound) == [("I5", "reserved 2, should be 1")]


def test_more_reserved_than_there_is_is_found(sound):
    sound.sql("UPDATE stock_level SET on_hand = 0, reserved = 1")

    assert ("I4", "on_hand 0, should be 10") in findings(sound)


def test_an_order_that_lost_its_units_is_found(sound):
    sound.sql("DELETE FROM reservation")

    found = findings(sound)
    assert ("I5", "reserved 1, should be 0") in found
    assert any("should hold 1, holds 0" in seen for _, seen in found)


def test_an_order_that_was_deleted_is_found(sound):
    sound.sql("DELETE FROM sales_order")

    assert ("I7", "converted, but no sales order and no reason") in findings(sound)


def test_two_orders_of_one_platform_order_are_found(sound):
    columns = [row[1] for row in sound.sql("PRAGMA table_info(sales_order)")]
    values = [{"id": "randomblob(16)", "number": "'S-other'"}.get(column, column) for column in columns]
    sound.sql(f"INSERT INTO sales_order ({', '.join(columns)}) SELECT {', '.join(values)} FROM sales_order")

    assert ("I6", "2 sales orders") in findings(sound)


def test_an_exception_without_a_reason_is_found(sound):
    sound.sql("UPDATE platform_order SET conversion = 'exception', trouble = NULL")

    assert ("I7", "exception, but no sales order and no reason") in findings(sound)


def test_a_state_that_there_is_not_is_found(sound):
    sound.sql("UPDATE sales_order SET state = 'lost'")

    assert ("I8", "state lost") in findings(sound)


def test_an_event_that_is_gone_is_found(sound):
    sound.sql("DELETE FROM event WHERE type = 'orders.order_created'")

    assert findings(sound) == [("I11", "its event is nowhere")]


@pytest.mark.parametrize(
    "edit",
    [
        "actor = 'somebody else'",
        "at = '2026-01-01 00:00:00.000000'",
        'changes = \'{"state":["a","b"]}\'',
        "reason = 'as agreed'",
        "kind = 'orders.order_signed'",
        "hash = CASE substr(hash, 1, 1) WHEN 'f' THEN 'e' ELSE 'f' END || substr(hash, 2)",
        "prev_hash = ''",
    ],
    ids=lambda edit: edit.split()[0],
)
def test_a_log_entry_that_was_altered_is_found(sound, edit):
    sound.sql(f"UPDATE operation_log SET {edit} WHERE document = 'sales_order' AND seq = 2")

    assert "I12" in {invariant for invariant, _ in findings(sound)}


@pytest.mark.parametrize("seq", [1, 2], ids=["first", "last"])
def test_a_log_entry_that_was_removed_is_found(sound, seq):
    sound.sql("DELETE FROM operation_log WHERE document = 'sales_order' AND seq = ?", seq)

    assert "I12" in {invariant for invariant, _ in findings(sound)}


def test_a_log_that_was_removed_whole_is_found(sound):
    sound.sql("DELETE FROM operation_log WHERE document = 'sales_order'")

    assert findings(sound) == [("I12", "all 2 entries of its log are gone")]


def test_log_entries_that_changed_places_are_found(sound):
    for before, after in ((1, -1), (2, 1), (-1, 2)):
        sound.sql("UPDATE operation_log SET seq = ? WHERE document = 'sales_order' AND seq = ?", after, before)

    assert "I12" in {invariant for invariant, _ in findings(sound)}


def test_people_see_what_was_found_and_where(sound):
    (order,) = sound.rows("orders", "list")
    sound.sql("UPDATE sales_order SET payable = payable - 1")

    done = sound.run("doctor")

    assert done.code == 1
    assert "✗ I1 amounts: 1 found" in done.out
    assert "✓ I12 log: nothing found" in done.out
    assert order["number"] in done.out
    assert "payable 14299, lines add up to 14300" in done.out


def test_the_doctor_changes_nothing(sound):
    sound.sql("UPDATE stock_level SET reserved = reserved + 1")
    before = sound.rows("stock", "list")

    assert findings(sound) == findings(sound)

    assert sound.rows("stock", "list") == before
