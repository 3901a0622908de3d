"""``oms apportion``: the worked example from a file, in every form, and what is wrong with a file."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from oms_adapters.bootstrap.commands import oms
from oms_domain.kernel.money import parse_money

DOCS = Path(__file__).parents[3] / "docs"
EXAMPLE = DOCS / "reference" / "example-order.json"


def run(*words, given=None):
    done = CliRunner().invoke(oms, ["apportion", *map(str, words)], input=given)
    return done.exit_code, done.output


def changed(**changes):
    return json.dumps(json.loads(EXAMPLE.read_text(encoding="utf-8")) | changes)


def test_the_page_shows_what_the_command_prints():
    page = (DOCS / "reference" / "apportion-file.md").read_text(encoding="utf-8")

    for words in (["docs/reference/example-order.json"], ["docs/reference/example-order.json", "--units", "book"]):
        code, out = run(EXAMPLE, *words[1:])
        assert code == 0
        assert f"$ oms apportion {' '.join(words)}\n{out}" in page


def test_in_whole_yuan_it_is_the_other_half_of_the_worked_example():
    code, out = run("-", "--json", given=changed(policy={"quantum": 100, "rule": "jingdong"}))

    found = json.loads(out)
    assert code == 0
    assert [row["amounts_fen"][-1] for row in found["rows"]] == [3300, 600]
    assert found["sums_fen"][-1] == 3900
    assert {column["id"]: column["funder"] for column in found["columns"]}["c1"] == "shop"


def test_a_file_with_a_byte_order_mark_is_read():
    assert run("-", given="\ufeff" + EXAMPLE.read_text(encoding="utf-8")) == run(EXAMPLE)


def test_as_markdown_and_as_a_picture():
    assert "| 样例U盘 | 1 | 80.00 |" in run(EXAMPLE, "--as", "markdown")[1]
    picture = ElementTree.fromstring(run(EXAMPLE, "--as", "svg")[1])
    assert picture.tag.endswith("svg")
    assert {"80.00 goods", "− 33.68 礼品卡", "− 13.47 余额", "= 32.85 cash"} <= {text.text for text in picture.iter()}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ("nonsense", "(file)"),
        ("[]", "(file)"),
        ("[" * 100_000, "(file)"),
        (changed(freigth="1.00"), "freigth"),
        (changed(freight=1.0), "freight"),
        (changed(freight="1.001"), "freight"),
        (changed(freight="-1.00"), "freight"),
        (changed(currency="XXX"), "currency"),
        (changed(currency=1), "currency"),
        (changed(lines=[]), "lines"),
        ("{}", "lines"),
        ('{"freight": "1.00", "freight": "2.00"}', "freight"),
        (changed(lines=[{"key": "a", "price": "1.00", "earned_by": ["a"]}]), "lines[0].earned_by"),
        (changed(discounts=[{"id": "d", "kind": "coupon"}]), "discounts[0].amount"),
        (changed(discounts=[{"id": "d", "kind": ["coupon"], "amount": "1"}]), "discounts[0].kind"),
        (changed(discounts=[{"id": "card", "kind": "coupon", "amount": "1"}]), "tenders[0].id"),
        (changed(lines=[{"key": "a", "price": "1.00", "amount": "1.00"}]), "lines[0].price"),
        (changed(lines=[{"key": "a", "price": "1.00", "units": 0}]), "lines[0].units"),
        (changed(lines=[{"price": "1.00"}]), "lines[0].key"),
        (changed(lines={}), "lines"),
        (changed(lines=["a"]), "lines[0]"),
        (changed(discounts=[{"id": "d", "kind": "best", "amount": "1.00"}]), "discounts[0].kind"),
        (changed(discounts=[{"id": "d", "kind": "coupon", "amount": "1.00", "lines": "usb"}]), "discounts[0].lines"),
        (changed(discounts=[{"id": "d", "kind": "coupon", "amount": "1.00", "lines": ["x"]}]), "discounts[0].lines"),
        (changed(discounts=[{"id": "d", "kind": "coupon", "amount": "1", "placed": []}]), "discounts[0].placed"),
        (
            changed(discounts=[{"id": "d", "kind": "coupon", "amount": "1", "placed": {"usb": 1}}]),
            "discounts[0].placed.usb",
        ),
        (changed(policy=[]), "policy"),
        (changed(policy={"rule": "best"}), "policy.rule"),
        (changed(policy={"rule": {"rest": "mine"}}), "policy.rule.rest"),
        (changed(policy={"order": ["coupon"]}), "policy.order"),
        (changed(policy={"quantum": 0}), "policy.quantum"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_place(given, field):
    code, out = run("-", given=given)

    assert code == 1
    assert f"field={field}" in " ".join(out.split()).replace(" ", "") or field in out


def test_every_way_to_write_a_policy():
    words = {"rounding": "half_up", "rest": "last_takes_rest", "order": "ascending"}

    named = run("-", given=changed(policy={"rule": "jingdong", "gifts": "shared"}))
    written = run("-", given=changed(policy={"rule": words, "gifts": "shared"}))

    assert named == written
    assert named[0] == 0


# --- stored orders ---------------------------------------------------------------------------------------------------


def test_a_stored_order_is_explained_by_number(allocated):
    (order,) = allocated.rows("orders", "list")
    (shown,) = allocated.rows("orders", "show", order["number"])

    (found,) = allocated.rows("explain", order["number"])
    by_unit = allocated.run("explain", order["number"], "--units", shown["lines"][0]["line"])

    assert found["sums_fen"][-1] == round_trip(shown["payable"])
    assert by_unit.code == 0
    assert "#1" in by_unit.out
    assert allocated.run("explain", order["number"], "--as", "svg").out.startswith("<svg")


def test_an_order_or_a_line_that_is_not_there_is_refused(allocated):
    (order,) = allocated.rows("orders", "list")

    assert "orders.number_unknown" in allocated.run("explain", "S20000101-000001").err
    assert "apportionment.invalid_order" in allocated.run("explain", order["number"], "--units", "nowhere").err


def round_trip(yuan):
    return parse_money(yuan).fen
