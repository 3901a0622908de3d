"""Explain: lines × steps with sums, aligned whatever the titles are, and the same numbers in every form."""

from xml.etree import ElementTree

import pytest
from attrs import evolve
from hypothesis import given

from oms_domain.apportionment.explain import (
    as_json,
    explain,
    explain_part,
    explain_parts,
    explain_units,
    markdown,
    svg,
    text,
)
from oms_domain.apportionment.explain.picture import _shortened
from oms_domain.apportionment.explain.table import MOST_SINGLE_UNITS
from oms_domain.apportionment.parts import whole_order
from oms_domain.apportionment.policy import ApportionmentPolicy
from oms_domain.apportionment.units import whole_line
from oms_domain.apportionment.waterfall import Discount, Finding, PricedLine, PricedOrder, Tender, apportion
from oms_domain.channels.standard import Funder
from oms_domain.kernel.columns import LONGEST_CELL, width
from oms_domain.testing.waterfalls import orders

ORDER = PricedOrder(
    lines=(
        PricedLine(key="coat", units=2, goods_fen=20_000, title="样例羽绒服"),
        PricedLine(key="hat", units=1, goods_fen=5_000, title="Sample hat"),
        PricedLine(key="pin", units=1, goods_fen=0, list_fen=5_000, earned_by=("coat",)),
    ),
    discounts=(
        Discount(id="full", kind="full_reduction", amount_fen=3_000, name="满200减30", funder=Funder.PLATFORM),
        Discount(id="hats", kind="coupon", amount_fen=9_999, lines=("hat",), placed=(("hat", 4_450),)),
        Discount(id="ship", kind="freight_coupon", amount_fen=500, name="运费券"),
        Discount(id="none", kind="other", amount_fen=0),
    ),
    tenders=(Tender(id="card", kind="gift_card", amount_fen=1_000, name="礼品卡"),),
    freight_fen=1_200,
)
RESULT = apportion(ORDER, ApportionmentPolicy(gifts="shared"))


def test_the_whole_table_to_the_fen():
    assert text(explain(RESULT)).splitlines() == [
        "line        units   goods  gift value  满200减30  coupon  other     net  freight  运费券  礼品卡    cash",
        "样例羽绒服      2  200.00      -40.00     -19.20    0.00   0.00  140.80     7.68   -3.20   -8.00  137.28",
        "Sample hat      1   50.00        0.00      -6.00  -44.00   0.00    0.00     2.40   -1.00    0.00    1.40",
        "pin             1    0.00       40.00      -4.80    0.00   0.00   35.20     1.92   -0.80   -2.00   34.32",
        "sum             4  250.00        0.00     -30.00  -44.00   0.00  176.00    12.00   -5.00  -10.00  173.00",
        "not used of coupon: 55.99",
        "coupon: the platform placed 44.50 on line hat, of which it owes 44.00",
        "coupon: of 99.99 only 44.50 finds a line that owes it",
    ]


@given(order=orders())
def test_rows_and_columns_add_up_in_every_order(order):
    found = explain(apportion(order, ApportionmentPolicy(gifts="shared")))

    parts = [column.sort not in ("net", "cash") for column in found.columns]
    for row in (*[row.amounts for row in found.rows], found.sums):
        assert sum(fen for fen, counts in zip(row, parts, strict=True) if counts) == row[-1]
    assert found.sums[-1] == sum(row.amounts[-1] for row in found.rows)


@given(order=orders(lines=2))
def test_the_units_of_a_line_add_up_to_its_row(order):
    result = apportion(order)
    whole = {row.key: row for row in explain(result).rows}

    for line in order.lines:
        units = explain_units(result, line.key)
        assert units.sums[-1] == whole[line.key].amounts[-1]
        assert sum(row.units for row in units.rows) == line.units


def test_of_many_units_those_that_carry_the_same_stand_in_one_row():
    many = PricedOrder(
        lines=(PricedLine(key="a", units=1_000_000, goods_fen=1_000_000_007),),
        discounts=(Discount(id="c", kind="coupon", amount_fen=10),),
    )

    found = explain_units(apportion(many), "a")

    assert [(row.title, row.units, row.amounts[-1]) for row in found.rows] == [
        ("a #1–7", 7, 7_000),
        ("a #8–999997", 999_990, 999_990_000),
        ("a #999998–1000000", 3, 2_997),
    ]


@pytest.mark.parametrize("units", [MOST_SINGLE_UNITS, MOST_SINGLE_UNITS + 1])
def test_up_to_fifty_units_stand_alone(units):
    few = apportion(PricedOrder(lines=(PricedLine(key="a", units=units, goods_fen=units * 3),)))

    found = explain_units(few, "a")

    alone = [f"a #{number}" for number in range(1, units + 1)]
    assert [row.title for row in found.rows] == (alone if units == MOST_SINGLE_UNITS else [f"a #1–{units}"])
    assert [row.key for row in found.rows][:1] == ["a/0"]


def test_units_that_are_left_of_a_line_keep_their_numbers():
    _, rest = whole_line("a", 100, (250,)).cut(((10, 20), (40, 41)))

    found = explain_part((), rest)

    assert [(row.title, row.units, row.amounts[-1]) for row in found.rows] == [
        ("a #1–10", 10, 30),
        ("a #21–40", 20, 60),
        ("a #42–50", 9, 27),
        ("a #51–100", 50, 100),
    ]
    _, few = whole_line("a", 4, (250,)).cut(((1, 2),))
    assert [row.title for row in explain_part((), few).rows] == ["a #1", "a #3", "a #4"]


def test_parts_of_an_order_are_explained_with_nothing_but_what_is_stored_of_them():
    whole = whole_order(RESULT)

    found = explain_parts(whole.steps, whole.lines, titles={"pin": "赠品"})

    assert [row.title for row in found.rows] == ["coat", "hat", "赠品"]
    assert found.sums[-1] == explain(RESULT).sums[-1]
    assert "gift_value" not in [column.id for column in found.columns]


FAMILY = "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL} 家"
ODD = [
    "样例\n围巾\t红",
    "\x1b[31mred",
    "\u202eabc",
    "e\u0301\u0301",
    FAMILY,
    "\ufeff",
    "",
    "|*_`<b>[a](b)\\",
    "长" * 60,
]


@pytest.mark.parametrize("title", ODD)
def test_the_table_stays_aligned_and_harmless_with_odd_titles(title):
    lines = (evolve(ORDER.lines[0], title=title), *ORDER.lines[1:])
    result = apportion(evolve(ORDER, lines=lines), ApportionmentPolicy(gifts="shared"))

    lines = text(explain(result)).splitlines()[:5]

    assert len({width(line) for line in lines}) == 1
    assert all(line.isprintable() for line in lines)
    assert len(lines[1]) > 20


def test_a_title_that_is_too_long_ends_in_dots_and_none_at_all_is_the_key():
    long, nameless = evolve(ORDER.lines[0], title="x" * 41), evolve(ORDER.lines[1], title="\ufeff")

    found = text(explain(apportion(evolve(ORDER, lines=(long, nameless, ORDER.lines[2])))))

    assert f"\n{'x' * (LONGEST_CELL - 1)}…  " in found
    assert "\nhat   " in found


def test_width_counts_columns_of_a_terminal():
    assert [width(each) for each in ("ab", "围巾", "e\u0301", "ａ", "\u200d", "")] == [2, 4, 1, 2, 0, 0]
    assert [_shortened("围巾帽子", columns) for columns in (8, 7, 5, 3)] == ["围巾帽子", "围巾帽…", "围巾…", "围…"]


def test_markdown_titles_stay_in_their_cells():
    odd = evolve(ORDER, lines=(evolve(ORDER.lines[0], title="a|b *c* <i>\\"), *ORDER.lines[1:]))

    lines = markdown(explain(apportion(odd))).splitlines()

    assert lines[1] == "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    assert lines[2].startswith("| a\\|b \\*c\\* \\<i\\>\\\\ | 2 | 200.00 |")
    assert lines[6:8] == ["", "- not used of coupon: 55.99"]
    assert markdown(explain(apportion(PricedOrder(lines=ORDER.lines[:1])))).splitlines() == [
        "| line | units | goods | cash |",
        "| --- | ---: | ---: | ---: |",
        "| 样例羽绒服 | 2 | 200.00 | 200.00 |",
        "| sum | 2 | 200.00 | 200.00 |",
    ]
    assert markdown(explain(apportion(PricedOrder(lines=(evolve(ORDER.lines[0], title="X`_]>[Y"),))))).splitlines()[
        2
    ] == ("| X\\`\\_\\]\\>\\[Y | 2 | 200.00 | 200.00 |")


def test_json_has_the_amounts_in_minor_units_and_what_each_column_is():
    line = PricedLine(key="a", units=2, goods_fen=100, title="围巾")
    off = Discount(id="c", kind="coupon", amount_fen=150, name="券", funder=Funder.PLATFORM, placed=(("a", 110),))
    found = explain(apportion(PricedOrder(lines=(line,), discounts=(off,))))

    assert as_json(evolve(found, kept=(("services", 5),))) == {
        "currency": "CNY",
        "columns": [
            {"id": "goods", "title": "goods", "sort": "amount", "kind": "", "funder": ""},
            {"id": "c", "title": "券", "sort": "discount", "kind": "coupon", "funder": "platform"},
            {"id": "net", "title": "net", "sort": "net", "kind": "", "funder": ""},
            {"id": "cash", "title": "cash", "sort": "cash", "kind": "", "funder": ""},
        ],
        "rows": [{"key": "a", "title": "围巾", "units": 2, "amounts_fen": [100, -100, 0, 0]}],
        "sums_fen": [100, -100, 0, 0],
        "kept": [{"name": "services", "fen": 5}],
        "unused": [{"id": "c", "fen": 50}],
        "findings": [
            {"what": "placed_above_owed", "step": "c", "line": "a", "stated_fen": 110, "ours_fen": 100},
            {"what": "not_placed", "step": "c", "line": "", "stated_fen": 150, "ours_fen": 110},
        ],
    }
    assert text(evolve(found, kept=(("services", 5),))).splitlines()[-4] == "services, on no line: 0.05"


def test_every_disagreement_is_a_sentence():
    line = PricedLine(key="a", units=1, goods_fen=1_000, stated_fen=400)
    above = Discount(id="c", kind="coupon", amount_fen=500, placed=(("a", 600),))

    found = text(explain(apportion(PricedOrder(lines=(line,), discounts=(above,)))))

    assert found.splitlines()[-1] == "coupon: the platform placed 6.00 in all, the amount is 5.00"
    other = text(explain(apportion(PricedOrder(lines=(evolve(line, stated_fen=1),)))))
    assert other.splitlines()[-1] == "line a: after all discounts the platform says 0.01, ours is 10.00"


def test_amounts_are_written_as_their_currency_is():
    order = PricedOrder(lines=(PricedLine(key="a", units=2, goods_fen=150),), currency="JPY")
    result = apportion(order)

    assert explain(result).currency == "JPY"
    assert text(explain(result)).splitlines()[-1].split() == ["sum", "2", "150", "150"]
    assert explain_units(result, "a").currency == "JPY"
    assert explain_part((), whole_line("a", 2, (150,)), currency="JPY").currency == "JPY"
    assert explain_part((), whole_line("a", 2, (150,))).currency == "CNY"


def test_a_step_without_a_column_is_called_by_its_id():
    found = evolve(explain(apportion(PricedOrder(lines=ORDER.lines[:1]))), unused=(("gone", 5),))
    finding = Finding(what="not_placed", step="lost", line="", stated_fen=3, ours_fen=2)

    assert text(found).splitlines()[-1] == "not used of gone: 0.05"
    assert text(evolve(found, unused=(), findings=(finding,))).splitlines()[-1].startswith("lost: of 0.03 only 0.02")


def test_every_column_says_what_it_is():
    assert [(column.id, column.sort) for column in explain(RESULT).columns] == [
        ("goods", "amount"),
        ("gift_value", "gift"),
        ("full", "discount"),
        ("hats", "discount"),
        ("none", "discount"),
        ("net", "net"),
        ("freight", "charge"),
        ("ship", "discount"),
        ("card", "tender"),
        ("cash", "cash"),
    ]
    assert explain_parts((), ()).currency == "CNY"


def test_markdown_without_notes_ends_with_its_table():
    assert markdown(explain(apportion(PricedOrder(lines=ORDER.lines[:1])))).endswith(" |")


def test_the_row_of_sums_is_called_so_and_nothing_else():
    row = markdown(explain(RESULT)).splitlines()[5]

    assert row.split(" | ")[0] == "| sum"


# --- the picture ---------------------------------------------------------------------------------------------------


def drawn(explanation):
    picture = ElementTree.fromstring(svg(explanation))
    name = "{http://www.w3.org/2000/svg}"
    bars = [rect for rect in picture.iter(f"{name}rect") if rect.get("height") == "26"]
    return picture, bars, [element.text for element in picture.iter() if (element.text or "").strip()]


def test_the_picture_names_every_term_of_every_sum_in_the_colour_of_its_step():
    picture, bars, said = drawn(explain(RESULT))

    assert said[0] == "CNY 173.00 in cash over 3 lines"
    for term in ("200.00 goods", "− 40.00 gift value", "− 19.20 满200减30", "+ 7.68 freight", "= 137.28 cash"):
        assert term in said
    assert {"样例羽绒服 × 2", "Sample hat × 1", "pin × 1", "sum", "goods + freight"} <= set(said)
    assert said[-3:] == [
        "not used of coupon: 55.99",
        "coupon: the platform placed 44.50 on line hat, of which it owes 44.00",
        "coupon: of 99.99 only 44.50 finds a line that owes it",
    ]
    fills = {element.text: element.get("fill") for element in picture.iter() if element.text}
    legend = {bar[0].text.split(" ", 1)[1]: bar.get("fill") for bar in bars}
    assert fills["− 19.20 满200减30"] == legend["满200减30"]
    assert len(set(legend.values())) == len(legend)


def test_the_pieces_of_each_bar_follow_each_other_and_the_longest_bar_fills_the_room():
    _, bars, _ = drawn(explain(RESULT))
    rows = {}
    for bar in bars:
        rows.setdefault(bar.get("y"), []).append((float(bar.get("x")), float(bar.get("width"))))

    for pieces in rows.values():
        x = 210.0
        for start, wide in pieces:
            assert start == pytest.approx(x, abs=0.011)
            x += wide
        assert x <= 844.01
    assert max(sum(wide for _, wide in pieces) for pieces in rows.values()) == pytest.approx(634, abs=0.1)


def test_one_line_has_no_sum_and_nothing_at_all_has_no_bar():
    _, _, said = drawn(explain(apportion(PricedOrder(lines=ORDER.lines[:1]))))
    assert (said[0], "sum" in said) == ("CNY 200.00 in cash over 1 line", False)
    free = PricedOrder(lines=(PricedLine(key="a", units=1, goods_fen=0), PricedLine(key="b", units=1, goods_fen=0)))

    _, bars, said = drawn(explain(apportion(free)))

    assert (bars, said[0], said[-1]) == ([], "CNY 0.00 in cash over 2 lines", "0.00")


def test_more_steps_than_colours_or_than_fit_in_a_line_are_all_there():
    many = PricedOrder(
        lines=(PricedLine(key="a", units=1, goods_fen=100_000),),
        discounts=tuple(
            Discount(id=f"d{at}", kind="coupon", amount_fen=1_000 + at, name=f"a coupon with a long name {at}")
            for at in range(12)
        ),
    )

    picture, bars, said = drawn(explain(apportion(many)))

    assert len(bars) == 13
    assert sum(text.startswith("− 10.") for text in said) == 12
    ends = [text for text in said if text.startswith("= ")]
    assert ends == ["= 879.34 cash"]
    height = int(picture.get("height"))
    assert all(float(each.get("y", 0)) < height for each in picture.iter())
