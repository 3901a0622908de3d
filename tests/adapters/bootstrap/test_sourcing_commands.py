"""``oms carriers``, ``oms strategies``, ``oms warehouses shipping``, ``oms source``: as a person would use them."""

import json

import pytest
from tests.adapters.bootstrap.conftest import PAYLOADS

ZTO = {
    "code": "ZTO",
    "name": "中通",
    "refuses": ["battery"],
    "tariff": {"rates": [{"first_fen": 800}]},
    "transit": [{"days": 2}],
}
SHIPS = {"division": "310115", "regions": {"served": [""], "but_not": ["54"]}, "contracts": [{"carrier": "ZTO"}]}
NEAR = {"name": "near", "chain": [{"rule": "nearest"}, [{"rule": "cheapest_freight"}, {"rule": "lowest_promise"}]]}


@pytest.fixture
def network(oms):
    """A carrier, two warehouses that ship with it, and a shop that goes by a strategy."""
    oms.rows("carriers", "put", oms.write("zto.json", ZTO))
    oms.rows("warehouses", "add", "EAST", "--name", "东仓", "--kind", "fdc")
    for code in ("MAIN", "EAST"):
        oms.rows("warehouses", "shipping", code, "--put", oms.write("ships.json", SHIPS))
    oms.rows("strategies", "put", oms.write("near.json", NEAR))
    oms.rows("shops", "policy", "tb", "--strategy", "near", "--carrier", "ZTO", "--catalogue", "open")
    return oms


def test_what_is_put_is_listed_and_shown_as_it_can_be_put_again(network):
    (carrier,) = network.rows("carriers", "list")
    assert (carrier["code"], carrier["refuses"], carrier["version"]) == ("ZTO", ["battery"], 1)
    (shipping,) = network.rows("warehouses", "shipping", "EAST")
    assert (shipping["division"], shipping["contracts"][0]["carrier"]) == ("310115", "ZTO")
    (strategy,) = network.rows("strategies", "list")
    assert (strategy["name"], strategy["chain"]) == ("near", NEAR["chain"])

    for group, key in (("carriers", "ZTO"), ("strategies", "near")):
        again = network.run(group, "show", key).out
        (same,) = network.rows(group, "put", network.write("again.json", again.encode()))
        assert same["version"] == 1
    table = network.run("warehouses", "shipping", "EAST").out
    assert "everywhere, not 54" in table
    assert "cheapest_freight + lowest_promise" in network.run("strategies", "list").out
    assert "everywhere" in network.run("carriers", "list").out
    assert network.rows("shops", "list")[0]["strategy"] == "near"


def test_an_order_says_where_it_ships_from_and_what_another_strategy_would_do(network):
    network.rows("stock", "receive", "SPU4-U", "5", "--warehouse", "EAST")
    network.ingest(str(PAYLOADS / "taobao_trade_single.json"))
    network.run("drain")
    (order,) = network.rows("orders", "list")
    assert order["state"] == "awaiting_cs_review"

    (answer,) = network.rows("source", order["number"])
    shown = network.run("source", order["number"]).out
    other = network.write("other.json", NEAR | {"name": "other"})
    (trial,) = network.rows("source", order["number"], "--strategy", other)

    assert [(each["place"], each["standing"]) for each in answer["found"]["candidates"]] == [
        ("EAST", "chosen"),
        ("MAIN", "no_stock"),
    ]
    assert f"{order['number']}  " in shown
    assert "strategy near version 1" in shown
    assert "EAST" in shown
    assert (trial["before"], trial["after"], trial["sums"]["changed"]) == ("near", "other", 0)
    assert "0 of 1 orders change" in network.run("source", order["number"], "--strategy", other).out
    head = network.rows("orders", "show", order["number"])[0]
    assert (head["warehouse"], head["carrier"]) == ("EAST", "ZTO")


def test_a_policy_lets_go_of_strategy_and_carriers(network):
    network.rows("shops", "policy", "tb", "--allow-carrier", "ZTO")

    (shop,) = network.rows(
        "shops", "policy", "tb", "--strategy", "none", "--carrier", "none", "--allow-carrier", "none"
    )

    assert shop["strategy"] == ""


@pytest.mark.parametrize(
    ("words", "content", "code"),
    [
        (("carriers", "put"), {"code": "Z T"}, "carriers.invalid_code"),
        (("carriers", "put"), {"code": "SF", "price": 1}, "http.unknown_field"),
        (("carriers", "put"), b"{", "http.malformed"),
        (("strategies", "put"), {"chain": [{"rule": "nearby"}]}, "sourcing.invalid_form"),
        (("strategies", "put"), {"chain": [{"rule": "nearest"}]}, "text.invalid"),
        (("warehouses", "shipping", "MAIN", "--put"), {"contracts": [{"carrier": "SF"}]}, "carriers.unknown_carrier"),
        (("warehouses", "shipping", "W9", "--put"), {}, "inventory.warehouse_not_found"),
    ],
)
def test_a_file_that_cannot_be_is_refused_with_its_code(oms, words, content, code):
    refused = oms.run(*words, oms.write("file.json", content), "--json")

    assert (refused.code, refused.out, json.loads(refused.err)["code"]) == (1, "", code)


def test_an_order_that_was_never_sourced_says_so(oms):
    oms.ingest(str(PAYLOADS / "taobao_trade_single.json"))
    (order,) = oms.rows("orders", "list")

    refused = oms.run("source", order["number"], "--json")

    assert (refused.code, json.loads(refused.err)["code"]) == (1, "sourcing.not_sourced")
