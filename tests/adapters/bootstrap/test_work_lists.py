"""What waits for a person, on the command line: exceptions, discrepancies, parked work."""

import pytest
from tests.adapters.bootstrap.conftest import numbered, trade

REVIEW = "orders.auto_review"
UNKNOWN = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
def parked(allocated):
    """An installation where the automatic review of an order was given up, and its id."""
    allocated.sql("UPDATE job SET state = 'parked', error = 'channels.refused (reason=x)' WHERE handler = ?", REVIEW)
    return allocated


def test_parked_work_is_listed_with_its_reason(parked):
    (row,) = parked.rows("jobs", "parked")

    assert (row["handler"], row["why"]) == (REVIEW, "channels.refused (reason=x)")
    assert row["created_at"].endswith("+00:00")
    assert "channels.refused" in parked.run("jobs", "parked").out


def test_work_that_is_not_parked_is_not_listed(allocated):
    assert allocated.rows("jobs", "parked") == []


def test_parked_work_is_made_due_again_and_done(parked):
    (row,) = parked.rows("jobs", "parked")

    (answer,) = parked.rows("jobs", "redrive", row["id"])
    (drained,) = parked.rows("drain")

    assert answer == {"job": row["id"], "outcome": "done"}
    assert parked.rows("jobs", "parked") == []
    assert (drained["ready"], drained["parked"]) == (0, 0)


def test_each_job_has_its_own_answer_and_one_refusal_ends_with_one(parked):
    (row,) = parked.rows("jobs", "parked")

    rows = parked.rows("jobs", "redrive", UNKNOWN, row["id"], row["id"], code=1)

    assert [(each["outcome"], each.get("code")) for each in rows] == [
        ("refused", "jobs.not_parked"),
        ("done", None),
        ("refused", "jobs.not_parked"),
    ]


@pytest.mark.parametrize(
    "words", [("jobs", "redrive"), ("jobs", "redrive", "no-id"), ("jobs", "parked", "--limit", "0")]
)
def test_what_is_no_job_is_asked_wrongly(parked, words):
    assert parked.run(*words).code == 2


def test_what_differs_is_listed_with_both_states(allocated):
    (order,) = allocated.rows("orders", "list")
    allocated.rows("orders", "cancel", order["number"])
    still_open = trade(seller_flag=1, modified="2026-01-02 12:00:00")
    allocated.ingest(allocated.write("open.json", still_open))

    (row,) = allocated.rows("discrepancies", "list")

    assert (row["order"], row["order_id"]) == (order["number"], order["id"])
    assert (row["ours"], row["theirs"], row["what"]) == ("cancelled", "to_ship", "state")
    assert order["number"] in allocated.run("discrepancies", "list").out

    settle = ("discrepancies", "settle", row["id"], "--reason", "已联系平台")
    assert allocated.rows(*settle) == [{"discrepancy": row["id"], "outcome": "done"}]
    assert allocated.rows("discrepancies", "list") == []
    assert "已联系平台" in allocated.run("orders", "show", order["number"]).out
    (again,) = allocated.rows(*settle, code=1)
    assert (again["outcome"], again["code"]) == ("refused", "discrepancies.not_listed")


def test_where_nothing_differs_nothing_is_listed(allocated):
    assert allocated.rows("discrepancies", "list") == []


def test_exceptions_are_listed_with_their_reason_past_one_page(oms):
    many = [numbered(n, payment="143.01") for n in range(203)]
    oms.ingest(oms.write("many.json", many), code=1)

    rows = oms.rows("platform-orders", "list", "--conversion", "exception", "--limit", "202")

    assert len({row["order_no"] for row in rows}) == 202
    assert all("T7: says 143.01, adds up to 143.00" in row["why"] for row in rows)
    assert len(oms.rows("platform-orders", "list", "--limit", "1000")) == 203
