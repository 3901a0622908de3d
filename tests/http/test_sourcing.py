"""Sourcing over HTTP: what it goes by, what it answered for an order, and what it would answer."""

import pytest
from tests.http.world import numbered

ZTO = {
    "code": "ZTO",
    "name": "中通",
    "regions": {"served": [""], "but_not": ["54"]},
    "limits": {"weight_g": 30000, "volume_cm3": None},
    "refuses": ["battery", "liquid"],
    "tariff": {
        "rates": [
            {"first_fen": 800, "first_g": 1000, "next_fen": 200, "next_g": 500, "destination": "44", "origin": "31"}
        ],
        "divisor": 6000,
    },
    "transit": [{"days": 2, "destination": "", "origin": ""}],
    "delivers": {"weekly": [1, 2, 3, 4, 5, 6], "closed": ["2026-10-01"], "opened": []},
}
SHIPS = {
    "division": "310115",
    "regions": {"served": ["31", "44"], "but_not": []},
    "shops": ["tb-1"],
    "hours": {
        "cut_off": "15:30",
        "handling_days": 1,
        "ships_at": "20:00",
        "calendar": {"weekly": [1, 2, 3, 4, 5, 6, 7], "closed": [], "opened": []},
        "offset_minutes": 480,
    },
    "contracts": [{"carrier": "ZTO", "tariff": None, "limits": {"weight_g": 5000, "volume_cm3": None}}],
}
NEAR = {"name": "near", "chain": [{"rule": "nearest"}, {"rule": "cheapest_freight"}]}
ORIGIN = {"tariff": ZTO["tariff"] | {"rates": [ZTO["tariff"]["rates"][0] | {"origin": ""}]}}


def kept(view):
    """Return of a view what was said, without what the store adds."""
    return {name: value for name, value in view.items() if name in ZTO or name in SHIPS}


# --- carriers, shipping, strategies -----------------------------------------------------------------------------------


def test_a_carrier_is_added_read_and_changed(api):
    added = api.post("/carriers", ZTO)
    read = api.get("/carriers/ZTO")

    assert added.status_code == 201
    assert kept(added.json()) == ZTO
    assert added.json() == read.json() == api.get("/carriers").json()["items"][0]
    assert (read.headers["ETag"], read.json()["version"]) == ('"1"', 1)
    assert api.post("/carriers", ZTO).json()["code"] == "carriers.code_taken"

    rest = {name: value for name, value in ZTO.items() if name != "code"}
    changed = api.post("/carriers/ZTO", rest | {"active": False}, headers={"If-Match": read.headers["ETag"]})

    assert changed.status_code == 200
    assert (changed.headers["ETag"], changed.json()["active"]) == ('"2"', False)
    stale = api.post("/carriers/ZTO", rest, headers={"If-Match": '"1"'})
    assert (stale.status_code, api.post("/carriers/ZTO", rest).status_code) == (412, 428)


@pytest.mark.parametrize("path", ["/carriers/SF", "/carriers/%20", "/warehouses/W9/shipping", "/sourcing/strategies/x"])
def test_what_is_not_there_is_not_found(path, quiet):
    assert quiet.get(path).status_code == 404
    body = NEAR | {"name": "x"} if "strategies" in path else {}
    assert quiet.post(path, body, headers={"If-Match": "*"}).status_code == 404


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"code": "Z T"}, "carriers.invalid_code", "code"),
        ({"transit": [{"days": -1}]}, "carriers.invalid_tariff", "days"),
        ({"transit": [{"days": 1}, {"days": 2}]}, "carriers.invalid_tariff", "transit"),
        ({"regions": {"served": ["x y"]}}, "carriers.invalid_division", "served"),
        ({"refuses": ["gold"]}, "http.field_invalid", "refuses[0]"),
        ({"tariff": {"rates": [{}]}}, "http.field_invalid", "tariff.rates[0].first_fen"),
        ({"limits": {"weight_g": 0}}, "carriers.invalid_tariff", "weight_g"),
        ({"delivers": {"weekly": []}}, "promise.invalid_calendar", "weekly"),
        ({"price": 1}, "http.unknown_field", "price"),
    ],
)
def test_a_carrier_that_cannot_be_is_refused_with_the_field(changes, code, field, quiet):
    answer = quiet.post("/carriers", ZTO | changes)

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["errors"][0]["field"] == field


def test_how_a_warehouse_ships_is_said_and_read(api):
    blank = api.get("/warehouses/MAIN/shipping")
    api.post("/carriers", ZTO)

    said = api.post("/warehouses/MAIN/shipping", SHIPS, headers={"If-Match": blank.headers["ETag"]})

    assert (blank.headers["ETag"], blank.json()["contracts"]) == ('"0"', [])
    assert said.status_code == 200
    assert kept(said.json()) == SHIPS
    assert api.get("/warehouses/MAIN/shipping").json() == said.json()
    assert api.post("/warehouses/MAIN/shipping", SHIPS, headers={"If-Match": '"0"'}).status_code == 412


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"contracts": [{"carrier": "SF"}]}, 422, "carriers.unknown_carrier"),
        ({"contracts": [], "shops": ["tb-9"]}, 404, "shops.not_found"),
        ({"contracts": [], "hours": {"cut_off": "late"}}, 422, "http.field_invalid"),
        ({"contracts": [], "hours": {"cut_off": "16:00", "ships_at": "10:00"}}, 422, "promise.invalid_hours"),
        ({"contracts": [{"carrier": "SF"}, {"carrier": "SF"}]}, 422, "sourcing.invalid_places"),
    ],
)
def test_shipping_that_cannot_be_is_refused(changes, status, code, quiet):
    answer = quiet.post("/warehouses/MAIN/shipping", SHIPS | changes, headers={"If-Match": "*"})

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_strategy_is_added_read_and_changed(api):
    added = api.post("/sourcing/strategies", NEAR)
    assert added.status_code == 201
    assert added.json()["strategy"]["chain"] == NEAR["chain"]
    assert api.get("/sourcing/strategies").json()["items"] == [api.get("/sourcing/strategies/near").json()]
    assert api.post("/sourcing/strategies", NEAR).json()["code"] == "sourcing.strategy_name_taken"

    nameless = {"chain": [{"rule": "fewest_parcels"}]}
    changed = api.post("/sourcing/strategies/near", nameless, headers={"If-Match": '"1"'})

    assert (changed.status_code, changed.json()["name"], changed.json()["version"]) == (200, "near", 2)
    other = api.post("/sourcing/strategies/near", NEAR | {"name": "far"}, headers={"If-Match": "*"})
    assert (other.status_code, other.json()["errors"][0]["field"]) == (422, "name")
    assert api.post("/sourcing/strategies", nameless).status_code == 422


def test_a_slip_of_the_pen_in_a_strategy_is_refused_with_its_path(quiet):
    answer = quiet.post("/sourcing/strategies", {"name": "x", "chain": [{"rule": "nearby"}]})

    assert (answer.status_code, answer.json()["code"]) == (422, "sourcing.invalid_form")
    assert answer.json()["errors"][0]["field"] == "chain[0].rule"


# --- an order's ------------------------------------------------------------------------------------------------------


@pytest.fixture
def sourced(api):
    """Return an order of a shop that has a strategy, allocated."""
    api.post("/carriers", ZTO | ORIGIN)
    api.post("/warehouses/MAIN/shipping", SHIPS | {"shops": []}, headers={"If-Match": "*"})
    api.post("/sourcing/strategies", NEAR)
    policy = {"strategy": "near", "carriers": ["ZTO"], "catalogue": "open"}
    api.post("/shops", {"code": "tb-2", "name": "样例二店", "platform": "taobao", "policy": policy})
    api.post("/stock/receipts", {"sku": "SPU4-U", "warehouse": "MAIN", "quantity": 5})
    order_id = api.post("/shops/tb-2/platform-orders", numbered(7)).json()["order_id"]
    assert api.post(f"/orders/{order_id}/allocation", {}).json()["state"] == "awaiting_cs_review"
    return order_id


def test_an_order_shows_its_carrier_and_promise_and_why_it_ships_from_there(api, sourced):
    order = api.get(f"/orders/{sourced}").json()
    answer = api.get(f"/orders/{sourced}/sourcing").json()
    shown = api.get(f"/orders/{sourced}/sourcing?as=text")

    assert (order["warehouse"], order["carrier"]) == ("MAIN", "ZTO")
    assert order["planned_arrival_on"] == answer["found"]["arrive_on"]
    assert (answer["number"], answer["strategy"], answer["strategy_version"]) == (order["number"], "near", 1)
    assert answer["holdings"] == {"MAIN": {"SPU4-U": 5}}
    assert [(each["place"], each["standing"]) for each in answer["found"]["candidates"]] == [("MAIN", "chosen")]
    assert shown.headers["Content-Type"].startswith("text/plain")
    assert "no better plan exists" in shown.text


def test_an_order_of_a_shop_without_a_strategy_was_never_sourced(api, order_id):
    answer = api.get(f"/orders/{order_id}/sourcing")

    assert (answer.status_code, answer.json()["code"]) == (404, "sourcing.not_sourced")


def test_past_orders_are_tried_by_another_strategy(api, sourced):
    ask = {"ids": [sourced], "strategy": NEAR | {"name": "other", "split": "when_better"}}

    trial = api.post("/sourcing/trials", ask)
    shown = api.post("/sourcing/trials?as=text", ask)

    assert trial.status_code == 200
    assert (trial.json()["before"], trial.json()["after"]) == ("near", "other")
    assert [(row["before"]["places"], row["changed"]) for row in trial.json()["orders"]] == [(["MAIN"], False)]
    assert trial.json()["sums"]["parcels"] == {"before": 1, "after": 1}
    assert "near | other: 0 of 1 orders change" in shown.text
    none = api.post("/sourcing/trials", ask | {"ids": []})
    assert (none.status_code, none.json()["code"]) == (409, "sourcing.nothing_to_try")
