"""Shops, stock, work lists."""

from uuid import UUID

from tests.http.routes import ABSENT
from tests.http.world import Caller, numbered

from oms_app.actor import Permission

POLICY = {
    "warehouse": "EAST",
    "auto_review": True,
    "auto_review_up_to": {"fen": 50000, "currency": "CNY"},
    "business_review": True,
    "auto_release": False,
    "catalogue": "open",
    "apportionment_rule": "ascending_rest",
    "apportionment_quantum": 100,
    "apportionment_order": [],
    "gift_value": "shared",
    "sign_by_carrier": False,
    "cancelled_as_closed": False,
    "unpaid_minutes": None,
    "complete_days": 10,
    "split_triggers": ["parcel_size"],
    "split_units": 20,
    "auto_merge": True,
}


SOURCED = {"strategy": "", "carriers": [], "carriers_allowed": []}
PARTED = {
    "auto_split": False,
    "split_triggers": ["seller", "delivery"],
    "split_weight_g": None,
    "split_volume_cm3": None,
    "split_customs_fen": 500_000,
    "split_lines": None,
    "split_units": None,
    "tags": [],
    "auto_merge": False,
    "merge_window_min": 15,
    "merge_weight_g": None,
}
APPORTIONED = (
    SOURCED
    | PARTED
    | {
        "apportionment_rule": "largest_remainder",
        "apportionment_quantum": 1,
        "apportionment_order": [],
        "gift_value": "free",
    }
)


def test_a_shop_is_taken_on_with_its_policy(api):
    api.post("/warehouses", {"code": POLICY["warehouse"], "name": "样例仓"})

    answer = api.post("/shops", {"code": "tb-2", "name": "样例二店", "platform": "taobao", "policy": POLICY})
    shop = answer.json()

    assert answer.status_code == 201
    up_to = {"auto_review_up_to": {"fen": 50000, "currency": "CNY", "text": "500.00"}}
    assert shop["policy"] == APPORTIONED | POLICY | up_to
    assert (shop["authorisation"], shop["version"]) == ("none", 1)
    assert [each["code"] for each in api.get("/shops").json()["items"]] == ["tb-1", "tb-2"]
    assert api.get("/shops").json()["items"][1] == shop


def test_how_a_shop_works_is_changed_for_who_has_read_it(api):
    api.post("/warehouses", {"code": POLICY["warehouse"], "name": "样例仓"})

    changed = api.post("/shops/tb-1/policy", POLICY, headers={"If-Match": '"1"'})

    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    assert changed.json()["policy"]["warehouse"] == POLICY["warehouse"]
    assert api.get("/shops").json()["items"] == [changed.json()]
    assert api.post("/shops/tb-1/policy", POLICY, headers={"If-Match": '"1"'}).status_code == 412
    assert api.post("/shops/tb-1/policy", POLICY).status_code == 428
    unknown = api.post("/shops/tb-1/policy", {"strategy": "x"}, headers={"If-Match": "*"})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "sourcing.unknown_strategy")
    assert api.post("/shops/tb-9/policy", POLICY, headers={"If-Match": "*"}).status_code == 404


def test_everything_automatic_is_off_by_default(api):
    shop = api.post("/shops", {"code": "tb-2", "name": "样例", "platform": "taobao"}).json()

    assert shop["policy"] == APPORTIONED | {
        "warehouse": "MAIN",
        "auto_review": False,
        "auto_review_up_to": None,
        "business_review": False,
        "auto_release": False,
        "catalogue": "strict",
        "apportionment_rule": "largest_remainder",
        "apportionment_quantum": 1,
        "apportionment_order": [],
        "gift_value": "free",
        "sign_by_carrier": False,
        "cancelled_as_closed": False,
        "unpaid_minutes": None,
        "complete_days": 10,
    }


def test_a_code_is_taken_once(api):
    answer = api.post("/shops", {"code": "tb-1", "name": "样例", "platform": "taobao"})

    assert (answer.status_code, answer.json()["code"]) == (409, "shops.code_taken")


def test_a_receipt_is_booked_and_listed(api):
    answer = api.post("/stock/receipts", {"sku": "A", "warehouse": "MAIN", "quantity": 10**6, "reason": "期初"})

    assert answer.status_code == 201
    receipt = {"sku": "A", "warehouse": "MAIN", "quantity": 10**6, "number": answer.json()["number"]}
    assert answer.json() == {"id": answer.json()["id"], **receipt}
    nothing = dict.fromkeys(("reserved", "defective", "safety", "locked", "in_transit", "buckets"), 0)
    assert api.get("/stock").json()["items"] == [
        {"sku": "A", "warehouse": "MAIN", "on_hand": 10**6, "available": 10**6, **nothing}
    ]


def test_stock_is_walked_page_by_page(api):
    api.post("/warehouses", {"code": "EAST", "name": "东仓"})
    places = [("A", "EAST"), ("A", "MAIN"), ("B", "MAIN"), ("Ü", "MAIN")]
    for sku, warehouse in reversed(places):
        api.post("/stock/receipts", {"sku": sku, "warehouse": warehouse, "quantity": 1})

    first = api.get("/stock?limit=3").json()
    second = api.get("/stock", params={"limit": 3, "cursor": first["next_cursor"]}).json()

    assert [(row["sku"], row["warehouse"]) for row in first["items"] + second["items"]] == places
    assert second["next_cursor"] is None


def test_a_difference_stands_on_its_list(api, world):
    taken = api.post("/shops/tb-1/platform-orders", numbered(1)).json()
    api.post(f"/orders/{taken['order_id']}/cancellation", {"reason": "x"})
    api.post("/shops/tb-1/platform-orders", numbered(1, modified="2026-01-03 10:00:00", seller_flag=1))

    (row,) = api.get("/discrepancies").json()["items"]

    assert (row["order_id"], row["ours"], row["theirs"], row["what"]) == (
        taken["order_id"],
        "cancelled",
        "to_ship",
        "state",
    )

    settled = api.post(f"/discrepancies/{row['id']}/settlement", {"reason": "已联系平台 13800000000"})
    assert (settled.status_code, settled.json()) == (200, {"id": row["id"]})
    assert api.get("/discrepancies").json()["items"] == []
    assert "13800000000" not in api.get(f"/orders/{taken['order_id']}").text
    again = api.post(f"/discrepancies/{row['id']}/settlement", {"reason": "x"})
    assert (again.status_code, again.json()["code"]) == (404, "discrepancies.not_listed")
    nothing = api.post(f"/discrepancies/{row['id']}/settlement", {"reason": ""})
    assert (nothing.status_code, nothing.json()["errors"][0]["field"]) == (422, "reason")


def parked(world) -> str:
    world.store.jobs.ensure("test.handler", "key", due_at=world.now)
    (job,) = world.store.jobs.claim(now=world.clock(), lease_until=world.clock(), limit=1)
    world.store.jobs.fail(job.claim, error="平台拒绝", retry_at=None, now=world.clock())
    return str(job.claim.job_id)


def test_parked_work_is_listed_and_made_due_again(api, world):
    job_id = parked(world)

    (row,) = api.get("/jobs/parked").json()["items"]
    answer = api.post(f"/jobs/{job_id}/redrive")

    assert (row["id"], row["handler"], row["error"], row["tries"]) == (job_id, "test.handler", "平台拒绝", 1)
    assert (answer.status_code, answer.json()) == (200, {"id": job_id, "state": "ready"})
    assert api.get("/jobs/parked").json()["items"] == []
    assert UUID(job_id) in world.store.tables.jobs


def test_all_parked_work_of_a_kind_is_made_due_again_at_once(api, world):
    parked(world)

    assert api.get("/jobs/parked?handler=another").json()["items"] == []
    assert api.post("/jobs/redrives", {"handler": "another"}).json() == {"count": 0}
    assert api.post("/jobs/redrives", {"handler": "test.handler"}).json() == {"count": 1}
    assert api.get("/jobs/parked").json()["items"] == []


def test_made_due_again_twice_under_one_key_it_is_answered_alike(api, world):
    job_id = parked(world)

    first = api.post(f"/jobs/{job_id}/redrive", once="one")
    again = api.post(f"/jobs/{job_id}/redrive", once="one")
    other = api.post(f"/jobs/{job_id}/redrive", once="another")

    assert (first.status_code, first.content) == (200, again.content)
    assert (other.status_code, other.json()["code"]) == (404, "jobs.not_parked")


def test_work_that_is_not_parked_is_not_found(api):
    answer = api.post(f"/jobs/{ABSENT}/redrive")

    assert (answer.status_code, answer.json()["code"]) == (404, "jobs.not_parked")


def test_a_key_for_orders_sees_no_jobs(world, client):
    caller = Caller(client, world.key(Permission.ORDERS_READ, Permission.ORDERS_WRITE))

    assert caller.get("/jobs/parked").status_code == 403
