"""More orders than are answered at once: a batch that is worked on, with its progress and an answer for each."""

from uuid import UUID

import pytest
from tests.http.test_splits import ONE, an_order
from tests.http.world import numbered

from oms_app.ports.batches import BatchId, BatchState

MANY = 120


@pytest.fixture
def ids(api):
    api.post("/stock/receipts", {"sku": "SPU4-U", "warehouse": "MAIN", "quantity": 500})
    rows = []
    for first in range(0, MANY, 60):
        rows += api.take_in(*(numbered(n) for n in range(first, first + 60)))
    return [row["order_id"] for row in rows]


def work(world, batch_id):
    """Do what a worker would."""
    world.services["batches"].work(BatchId(UUID(batch_id)))


def test_a_long_list_is_taken_and_worked_on(api, world, ids):
    taken = api.post("/orders/allocations", {"ids": ids, "reason": "开工"}, once="k")
    again = api.post("/orders/allocations", {"ids": ids, "reason": "开工"}, once="k")
    batch = taken.json()

    assert (taken.status_code, taken.headers["location"]) == (202, f"/api/v1/batches/{batch['id']}")
    assert again.json() == batch
    assert (batch["command"], batch["state"], batch["total"], batch["done"]) == ("allocate", "running", MANY, 0)
    work(world, batch["id"])
    over = api.get(f"/batches/{batch['id']}").json()
    assert (over["state"], over["done"], over["refused"]) == (BatchState.DONE, MANY, 0)
    assert [row["id"] for row in api.get("/batches").json()["items"]] == [batch["id"]]


def test_each_order_has_its_answer_in_pages(api, world, ids):
    api.post(f"/orders/{ids[3]}/allocation")
    batch = api.post("/orders/allocations", {"ids": ids}).json()
    work(world, batch["id"])

    first = api.get(f"/batches/{batch['id']}/rows?limit=100").json()
    last = api.get(f"/batches/{batch['id']}/rows?limit=100&cursor={first['next_cursor']}").json()
    (refused,) = api.get(f"/batches/{batch['id']}/rows?refused=true", headers={"Accept-Language": "en"}).json()["items"]

    assert [row["order_id"] for row in (*first["items"], *last["items"])] == ids
    assert (first["items"][0]["outcome"], first["items"][0]["state"]) == ("done", "awaiting_cs_review")
    assert last["next_cursor"] is None
    assert (refused["position"], refused["code"]) == (3, "states.move_not_allowed")
    assert refused["text"]


def test_it_is_called_off_once(api, world, ids):
    batch = api.post("/orders/allocations", {"ids": ids}).json()

    cancelled = api.post(f"/batches/{batch['id']}/cancellation")
    again = api.post(f"/batches/{batch['id']}/cancellation")
    work(world, batch["id"])

    assert cancelled.json()["state"] == "cancelled"
    assert (again.status_code, again.json()["code"]) == (409, "batches.is_over")
    assert {row["outcome"] for row in api.get(f"/batches/{batch['id']}/rows").json()["items"]} == {"open"}


def test_a_long_list_of_edits_is_taken_and_worked_on(api, world, ids):
    edits = [{"id": id, "note": f"第{n}单", "version": "*"} for n, id in enumerate(ids)]
    edits.append({"id": ids[0], "note": "晚", "version": 1})
    api.post("/orders/allocations", {"ids": ids[:60]})
    api.post("/orders/allocations", {"ids": ids[60:]})

    taken = api.post("/orders/edits", {"rows": edits}, once="k")
    again = api.post("/orders/edits", {"rows": edits}, once="k")
    batch = taken.json()
    work(world, batch["id"])

    assert (taken.status_code, taken.headers["location"]) == (202, f"/api/v1/batches/{batch['id']}")
    assert again.json() == batch
    over = api.get(f"/batches/{batch['id']}").json()
    assert (over["command"], over["state"], over["done"], over["refused"]) == ("edit", BatchState.DONE, MANY, 1)
    assert [api.get(f"/orders/{ids[n]}").json()["note"] for n in (0, 119)] == ["第0单", "第119单"]
    (refused,) = api.get(f"/batches/{batch['id']}/rows?refused=true").json()["items"]
    assert (refused["position"], refused["code"]) == (MANY, "http.version_is_not")


def test_a_long_list_of_splits_is_taken_and_worked_on(api, world, ids):
    two = an_order(api, 541)["id"]

    batch = api.post("/orders/splits", {"rows": [{"id": id, **ONE} for id in (*ids, two)]}).json()
    work(world, batch["id"])

    over = api.get(f"/batches/{batch['id']}").json()
    assert (over["command"], over["done"], over["refused"]) == (
        "split",
        1,
        MANY,
    )  # of a single unit there is nothing to split
    assert len(api.get(f"/orders/{two}").json()["heirs"]) == 2


@pytest.mark.parametrize("path", ["edits", "splits"])
@pytest.mark.parametrize(("row", "field"), [({"nonsense": 1}, "nonsense"), ({"id": 3}, "id"), (7, "")])
def test_a_long_list_with_a_row_that_cannot_be_read_is_not_begun(api, ids, path, row, field):
    rows = [{"id": id} | ({"version": "*"} if path == "edits" else {}) for id in ids]
    rows[110] = rows[110] | row if isinstance(row, dict) else row

    answer = api.post(f"/orders/{path}", {"rows": rows})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == f"rows[110].{field}".rstrip(".")
    assert api.get("/batches").json()["items"] == []


def test_what_cannot_be_done_to_any_is_told_at_once(api, ids):
    no_zone = api.post("/orders/waits", {"ids": ids, "until": "2030-01-01T00:00:00"})
    too_long = api.post("/orders/waits", {"ids": ids, "reason": "x" * 501})

    assert [answer.status_code for answer in (no_zone, too_long)] == [422, 422]
    assert api.get("/batches").json()["items"] == []


def test_long_lists_of_unmerges_and_balances_are_taken_and_worked_on(api, world, ids):
    unmerges = api.post("/orders/unmerges", {"ids": ids})
    rows = [{"id": id, "paid": {"fen": 100}} for id in ids]
    balances = api.post("/orders/balances", {"rows": rows})
    for taken in (unmerges, balances):
        work(world, taken.json()["id"])

    over = [api.get(f"/batches/{taken.json()['id']}").json() for taken in (unmerges, balances)]
    assert [(batch["command"], batch["state"], batch["refused"]) for batch in over] == [
        ("unmerge", "done", MANY),
        ("pay_balance", "done", MANY),
    ]
    codes = [api.get(f"/batches/{batch['id']}/rows?limit=1").json()["items"][0]["code"] for batch in over]
    assert codes == ["split_merge.not_merged", "orders.no_balance_due"]
