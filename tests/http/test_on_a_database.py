"""The same answers over a database as over dicts: lists, pages, search, and what must be refused."""

from datetime import timedelta

from tests.http.world import numbered, on_sqlite

PHONE = {"receiver_name": "测试员", "receiver_mobile": "10000000001"}


def test_reads_on_a_database(tmp_path):
    with on_sqlite(tmp_path) as (world, api):
        taken = api.take_in(*(numbered(n, **PHONE) for n in range(5)), numbered(5, payment="1.00"))
        for sku in ("B", "A", "SPU4-U"):
            api.post("/stock/receipts", {"sku": sku, "warehouse": "MAIN", "quantity": 1})
        api.post("/orders/allocations", {"ids": [row["order_id"] for row in taken[:2]]})
        since = (world.now - timedelta(hours=1)).isoformat()
        world.now += timedelta(minutes=1)

        def walked(path: str) -> list[dict]:
            rows, cursor = [], ""
            while cursor is not None:
                page = api.get(f"{path}limit=2" + (f"&cursor={cursor}" if cursor else "")).json()
                rows, cursor = rows + page["items"], page["next_cursor"]
            return rows

        newest = [row["platform_order_no"][-1] for row in walked("/orders?")]
        updated = [
            row["platform_order_no"][-1] for row in walked(f"/orders?updated_after={since.replace('+', '%2B')}&")
        ]
        stock = [(row["sku"], row["available"]) for row in walked("/stock?")]
        platform = [row["conversion"] for row in walked("/platform-orders?")]
        found = api.post("/orders/search", {"phone": "0001", "shop": "tb-1"}, once=None).json()["items"]
        counts = api.get("/orders/counts").json()
        total = api.get("/orders?total=true&state=awaiting_cs_review,backordered").json()["total"]
        shown = api.get(f"/orders/{taken[0]['order_id']}").json()

    assert newest == ["4", "3", "2", "1", "0"]
    assert sorted(updated) == ["0", "1", "2", "3", "4"]
    assert set(updated[-2:]) == {"0", "1"}
    assert stock == [("A", 1), ("B", 1), ("SPU4-U", 0)]
    assert sorted(platform) == ["converted"] * 5 + ["exception"]
    assert len(found) == 5
    assert (counts["awaiting_cs_review"]["count"], counts["backordered"]["count"]) == (1, 1)
    assert total == {"count": 2, "capped": False}
    assert [entry["what"] for entry in shown["log"]] == ["orders.order_created", "orders.order_allocated"]
    assert shown["log"][1]["changes"][0] == {
        "field": "state",
        "before": "awaiting_allocation",
        "after": "awaiting_cs_review",
    }


def test_refusals_on_a_database(tmp_path):
    asks = [
        ("/stock/receipts", {"sku": "a\0", "warehouse": "M", "quantity": 1}),
        ("/stock/receipts", {"sku": "a", "warehouse": "M", "quantity": 2**63}),
        ("/shops", {"code": "tb-1", "name": "x", "platform": "taobao"}),
        ("/orders/holds", {"ids": []}),
        ("/shops/tb-1/platform-orders", {"tid": 2**70}),
    ]
    with on_sqlite(tmp_path) as (world, api):
        posted = [api.post(path, body) for path, body in asks]
        queries = [
            "updated_after=1970-01-01T00:00:00Z",
            "updated_after=2199-12-31T23:59:59Z",
            "updated_after=0001-01-01T00:00:00%2B23:00",
            "number=%ed%a0%80",
            "number=%27%20OR%201%3D1",
            "platform_order_no=" + "9" * 64,
        ]
        listed = [api.get(f"/orders?{query}") for query in queries]
        failures = [line for line in world.log.lines if line["event"] == "failure"]

    assert [answer.status_code for answer in posted] == [422, 422, 409, 422, 422]
    assert [answer.status_code for answer in listed] == [200, 200, 422, 422, 200, 200]
    assert all(answer.json()["items"] == [] for answer in listed if answer.status_code == 200)
    assert failures == []
