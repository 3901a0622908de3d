"""``oms skus``, ``oms bundles``, ``oms mappings``, as a person uses them."""

import json

import pytest
from tests.adapters.bootstrap.conftest import trade

SKU = ("--title", "样例围巾", "--spec", "红/M", "--weight-g", "250", "--volume-cm3", "1800", "--list-price", "199")


def codes(rows):
    return [row["code"] for row in rows]


@pytest.fixture
def strict(oms):
    """The installation, whose shop lets wait what is not in the catalogue."""
    oms.rows("shops", "policy", "tb", "--catalogue", "strict")
    return oms


def test_a_sku_is_added_shown_edited_deleted_and_restored(oms):
    (added,) = oms.rows("skus", "add", "SCARF", *SKU, "--floor-price", "99.00")
    (edited,) = oms.rows("skus", "edit", "SCARF", "--title", "新名", "--kind", "goods")
    (gone,) = oms.rows("skus", "delete", "SCARF")
    listed = [codes(oms.rows("skus", "list", *more)) for more in ((), ("--deleted",))]
    (shown,) = oms.rows("skus", "show", "SCARF")
    (back,) = oms.rows("skus", "restore", "SCARF")

    facts = {"title": "样例围巾", "spec": "红/M", "weight_g": 250, "volume_cm3": 1800, "purchase_cost": None}
    assert added | facts | {"list_price": "199.00", "floor_price": "99.00", "version": 1} == added
    assert (edited["title"], edited["weight_g"], edited["version"]) == ("新名", 250, 2)
    assert (gone["is_deleted"], listed, shown, back["is_deleted"]) == (True, [[], ["SCARF"]], gone, False)


def test_marks_are_told_and_taken_back(oms):
    (added,) = oms.rows("skus", "add", "OIL-1", "--title", "精油", "--marks", "liquid, fragile")
    (edited,) = oms.rows("skus", "edit", "OIL-1", "--marks", "none")
    refused = oms.run("skus", "edit", "OIL-1", "--marks", "gold", "--json")

    assert (added["marks"], edited["marks"]) == (["fragile", "liquid"], [])
    assert (refused.code, json.loads(refused.err)["code"]) == (1, "catalog.invalid_mark")


def test_what_is_listed_for_people_is_a_table(oms):
    oms.run("skus", "add", "SCARF", *SKU)

    assert "│ SCARF │ 样例围巾 │ 红/M │ goods │ 199.00" in oms.run("skus", "list").out
    assert "│ list_price    │ 199.00" in oms.run("skus", "show", "SCARF").out


def test_a_file_is_put_in_place_row_by_row(oms):
    oms.rows("skus", "add", "HAT", "--title", "旧名")
    heading = "code,title,list_price,weight_g,kind"
    lines = ("SCARF,围巾,199.00,250,", "HAT,帽子,,,", "X,,,,", "Y,样例,1.234,,", "Z,样例,,abc,", "W,样例,,,toy")
    rows = "\n".join((heading, *lines))
    file = oms.write("skus.csv", ("\ufeff" + rows).encode())

    answers = oms.rows("skus", "add", "--file", file, code=1)

    assert [(row["key"], row["outcome"], row.get("code", "")) for row in answers] == [
        ("SCARF", "added", ""),
        ("HAT", "changed", ""),
        ("X", "refused", "text.invalid"),
        ("Y", "refused", "money.invalid"),
        ("Z", "refused", "catalog.invalid_measure"),
        ("W", "refused", "catalog.invalid_kind"),
    ]
    assert codes(oms.rows("skus", "list")) == ["HAT", "SCARF"]


@pytest.mark.parametrize("content", [b"code,titel\nA,B\n", b"code,title\n\xff,x\n"])
def test_a_file_that_cannot_be_read_is_refused_whole(oms, content):
    done = oms.run("skus", "add", "--file", oms.write("skus.csv", content))

    assert (done.code, oms.rows("skus", "list")) == (2, [])


def test_a_code_or_a_file_is_asked_for(oms):
    assert oms.run("skus", "add").code == 2
    assert oms.run("mappings", "add", "--shop", "tb").code == 2


def test_what_is_refused_says_what_to_do_next(oms):
    oms.rows("skus", "add", "SCARF", *SKU)

    assert "oms skus show CODE" in oms.run("skus", "add", "SCARF", *SKU).err
    assert "oms skus list" in oms.run("skus", "show", "NONE").err
    assert "oms bundles list" in oms.run("bundles", "show", "NONE").err


def test_a_bundle_is_made_of_parts(oms):
    for code in ("SCARF", "HAT"):
        oms.rows("skus", "add", code, "--title", code)
    for sku, units in (("SCARF", "7"), ("HAT", "5")):
        oms.rows("stock", "receive", sku, units)
    (added,) = oms.rows("bundles", "add", "SET", "--title", "套装", "--part", "SCARF=2", "--part", "HAT=1")
    (shown,) = oms.rows("bundles", "show", "SET")
    (edited,) = oms.rows("bundles", "edit", "SET", "--part", "HAT=3")
    (gone,) = oms.rows("bundles", "delete", "SET")
    (back,) = oms.rows("bundles", "restore", "SET")

    assert (added["parts"], shown["available"]) == (["SCARF=2", "HAT=1"], ["MAIN: 3"])
    assert (edited["parts"], edited["title"]) == (["HAT=3"], "套装")
    assert (gone["is_deleted"], codes(oms.rows("bundles", "list")), back["version"]) == (True, ["SET"], 4)


@pytest.mark.parametrize("part", ["SCARF", "SCARF=", "=1", "SCARF=x", "SCARF=-1"])
def test_a_part_is_a_sku_and_its_units(oms, part):
    assert oms.run("bundles", "add", "SET", "--title", "套装", "--part", part).code == 2


def test_what_waits_is_mapped_and_converted_by_itself(strict):
    strict.ingest(strict.write("trade.json", trade()), code=1)
    (waiting,) = strict.rows("mappings", "unmapped")
    (exception,) = strict.rows("platform-orders", "list", "--conversion", "exception")
    strict.rows("skus", "add", "SCARF", *SKU)

    (mapping,) = strict.rows(
        "mappings", "add", "--shop", "tb", "--merchant-code", waiting["merchant_code"], "--to", "SCARF"
    )
    strict.run("drain")

    assert (waiting["shop"], waiting["orders"], waiting["why"]) == ("tb", 1, "unknown")
    assert "unmapped_sku" in exception["why"]
    assert strict.rows("mappings", "unmapped", "--shop", "tb") == []
    assert strict.rows("mappings", "list") == [mapping]
    (order,) = strict.rows("orders", "list")
    (shown,) = strict.rows("orders", "show", order["number"])
    assert [line["sku"] for line in shown["lines"]] == ["SCARF"]


def test_mappings_are_changed_removed_and_read_from_a_file(oms):
    for code in ("SCARF", "HAT"):
        oms.rows("skus", "add", code, "--title", code)
    (mapping,) = oms.rows("mappings", "add", "--shop", "tb", "--platform-sku", "5001", "--to", "SCARF")
    (changed,) = oms.rows("mappings", "change", mapping["id"], "--to", "HAT")
    (removed,) = oms.rows("mappings", "remove", mapping["id"])
    rows = b"shop,platform_sku_id,merchant_code,target\ntb,1,,SCARF\ntb,,A,HAT\nnone,2,,HAT\ntb,3,,NONE\ntb,,,HAT\n"
    answers = oms.rows("mappings", "add", "--file", oms.write("m.csv", rows), code=1)

    assert (changed["target"], removed["is_deleted"]) == ("HAT", True)
    assert [(row["outcome"], row.get("code", "")) for row in answers] == [
        ("mapped", ""),
        ("mapped", ""),
        ("refused", "shops.not_found"),
        ("refused", "catalog.unknown_target"),
        ("refused", "catalog.mapping_without_key"),
    ]
    assert [row["target"] for row in oms.rows("mappings", "list", "--shop", "tb")] == ["SCARF", "HAT"]
