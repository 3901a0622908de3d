"""``oms orders`` beyond review: what may be done and why the rest may not, timers, batches."""

import pytest


@pytest.fixture
def number(allocated):
    """The number of an order that waits for its review."""
    (order,) = allocated.rows("orders", "list")
    return order["number"]


def moves(oms, number):
    (shown,) = oms.rows("orders", "show", number)
    return shown["moves"], {each["move"]: each["why"] for each in shown["closed_moves"]}


def test_an_order_shows_what_may_be_done_and_why_the_rest_may_not(allocated, number):
    allocated.rows("orders", "hold", number, "--reason", "等买家", "--until", "2099-01-01 12:00")

    is_open, closed = moves(allocated, number)
    page = allocated.run("orders", "show", number, "--why-not").out
    (shown,) = allocated.rows("orders", "show", number)

    assert "unhold" in is_open
    assert closed["approve"] == "The order is flagged: held; lift that first"
    assert "Not possible now" in page
    assert shown["flags"] == ["held: 等买家 (until 2099-01-01T04:00+00:00)"]


def test_a_reviewed_order_is_taken_back_and_one_with_the_warehouse_waits_for_its_answer(allocated, number):
    allocated.rows("orders", "approve", number)
    (back,) = allocated.rows("orders", "unreview", number, "--reason", "改地址")
    allocated.rows("orders", "approve", number)
    allocated.rows("orders", "release", number)
    allocated.rows("orders", "cancel", number)

    (confirmed,) = allocated.rows("orders", "confirm-stop", number, "--reason", "仓库来电")

    assert (back["state"], confirmed["state"]) == ("awaiting_cs_review", "cancelled")


def test_a_timer_is_listed_and_dropped(allocated, number):
    allocated.rows("orders", "wait", number, "--until", "2099-01-01")
    (timer,) = allocated.rows("jobs", "timers")
    (listed,) = allocated.rows("jobs", "list", "--state", "waiting", "--handler", "orders.lift_flags")
    assert listed["id"] == timer["id"]
    (in_use,) = allocated.rows("jobs", "cancel", timer["id"], code=1)
    assert in_use["code"] == "jobs.ends_a_flag"
    allocated.rows("orders", "wait", number)

    (dropped,) = allocated.rows("jobs", "cancel", timer["id"])
    (again,) = allocated.rows("jobs", "cancel", timer["id"], code=1)

    assert (timer["handler"], timer["due_at"]) == ("orders.lift_flags", "2098-12-31T16:00:00+00:00")
    assert (dropped["outcome"], again["code"]) == ("done", "jobs.not_open")
    assert allocated.rows("jobs", "timers") == []


def test_a_time_that_is_over_is_refused_and_so_is_none_where_one_is_needed(allocated, number):
    (over,) = allocated.rows("orders", "hold", number, "--reason", "等买家", "--until", "2020-01-01", code=1)

    assert over["code"] == "orders.not_in_the_future"
    assert allocated.run("orders", "wait", number).code != 0


def test_nobody_holds_an_order_without_saying_why(allocated, number):
    (blank,) = allocated.rows("orders", "hold", number, "--reason", " ", code=1)

    assert (blank["code"], blank["fields"]) == ("text.invalid", {"field": "reason", "why": "empty"})
    assert allocated.run("orders", "hold", number).code != 0
    assert allocated.rows("orders", "list", "--flagged") == []


@pytest.mark.parametrize("command", ["edit", "split"])
def test_orders_are_named_in_one_way(allocated, number, command):
    path = allocated.write("orders.txt", number.encode())

    for words in ((), (number, "--batch", path), ("--batch", path, "--plan")):
        assert allocated.run("orders", command, *words).code == 2
    assert allocated.rows("batches", "list") == []


def test_a_batch_of_holds_needs_its_reason(allocated, number):
    path = allocated.write("orders.txt", number.encode())

    assert allocated.run("batches", "start", "hold", path).code == 1
    assert allocated.rows("batches", "list") == []


def test_a_batch_is_begun_from_a_file_and_called_off(allocated, number):
    path = allocated.write("orders.txt", f"{number}\n\n".encode())
    (batch,) = allocated.rows("batches", "start", "approve", path)

    (cancelled,) = allocated.rows("batches", "cancel", batch["id"])
    (shown,) = allocated.rows("batches", "show", batch["id"])
    page = allocated.run("batches", "show", batch["id"]).out

    assert (batch["state"], cancelled["state"], shown["total"]) == ("running", "cancelled", 1)
    assert [row["outcome"] for row in shown["rows"]] == ["open"]
    assert "approve" in page
    assert moves(allocated, number)[0].count("approve") == 1


def test_a_batch_of_an_order_that_there_is_not_is_not_begun(allocated):
    path = allocated.write("orders.txt", b"S20200101-000001\n")

    assert allocated.run("batches", "start", "approve", path).code != 0
    assert allocated.rows("batches", "list") == []
