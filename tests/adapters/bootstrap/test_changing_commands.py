"""``oms orders edit``, ``split``, ``merge``: each order with its own answer, and parts that can be read."""

import json

import pytest
from tests.http.test_splits import two_lines


@pytest.fixture
def numbers(oms):
    """Return the numbers of two orders of one buyer that await review, each of two single units of a SKU."""
    oms.rows("shops", "policy", "tb", "--tag", "VIP")
    oms.rows("stock", "receive", "SPU4-U", "10")
    oms.ingest(*(oms.write(f"{number}.json", two_lines(number)) for number in (71, 72)))
    oms.run("drain")
    return sorted(row["number"] for row in oms.rows("orders", "list"))


def test_an_edit_is_seen_and_then_done(oms, numbers):
    edit = ("orders", "edit", numbers[0], "--quantity", "SPU4-U=1", "--tag", "VIP", "--note", "好")

    (seen,) = oms.rows(*edit, "--plan")
    (done,) = oms.rows(*edit)

    assert seen == done
    assert (done["what"], done["refund_due"], done["holds"]) == (["lines", "note", "tags"], "135.00", ["SPU4-U=1@MAIN"])
    (shown,) = oms.rows("orders", "show", numbers[0])
    assert (shown["note"], shown["tags"]) == ("好", ["VIP"])


def test_a_pasted_address_is_checked_before_it_is_gone_by(oms, numbers):
    text = "新收件人 13000000002 广东省深圳市宝安区虚构路8号"

    (plan,) = oms.rows("orders", "edit", numbers[0], "--address", text, "--plan")
    (parts,) = oms.rows("addresses", "recognise", text)
    (done,) = oms.rows("orders", "edit", numbers[0], "--address", text)

    assert plan["recognised"] == parts
    assert (parts["name"], parts["district"], parts["street"], parts["doubts"]) == (
        "新收件人",
        "宝安区",
        "虚构路8号",
        [],
    )
    assert (plan["region"], done["region"], "recognised" in done) == ("广东省 深圳市 宝安区", plan["region"], False)
    assert "宝安区" in oms.run("addresses", "recognise", text).out


def test_each_order_answers_for_itself(oms, numbers):
    rows = oms.rows("orders", "edit", *numbers, "S20200101-000009", "--mark", "3", code=1)

    assert [row["outcome"] for row in rows] == ["done", "done", "refused"]


def test_an_edit_of_a_version_that_is_over_is_refused(oms, numbers):
    (first,) = oms.rows("orders", "edit", numbers[0], "--note", "一", "--plan")
    oms.rows("orders", "edit", numbers[0], "--note", "二")

    (stale,) = oms.rows("orders", "edit", numbers[0], "--note", "一", "--version", str(first["of_version"]), code=1)
    (fresh,) = oms.rows("orders", "edit", numbers[0], "--note", "三", "--version", str(first["of_version"] + 1))

    assert (stale["outcome"], stale["code"], fresh["outcome"]) == ("refused", "http.version_is_not", "done")
    assert oms.run("orders", "edit", *numbers, "--note", "四", "--version", "1").code == 2


def test_a_batch_of_edits_goes_over_nothing_that_was_done_since_it_began(oms, numbers):
    path = oms.write("orders.txt", "\n".join(numbers).encode())
    (batch,) = oms.rows("orders", "edit", "--batch", path, "--note", "一")
    oms.rows("orders", "edit", numbers[0], "--note", "二")

    oms.rows("drain")

    (over,) = oms.rows("batches", "show", batch["id"])
    assert [(row["outcome"], row["code"]) for row in over["rows"]] == [("refused", "http.version_is_not"), ("done", "")]
    assert [oms.rows("orders", "show", number)[0]["note"] for number in numbers] == ["二", "一"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--quantity", "SPU4-U"), "orders.invalid_part"),
        (("--replace", "SPU4-U"), "orders.invalid_part"),
        (("--ship-on", "2020-13-45"), "orders.invalid_date"),
        (("--gift", "SPU4-U"), "orders.unknown_goods"),
        (("--no-gift", "SPU4-U"), "split_merge.not_on_order"),
        (("--carrier", "NOBODY"), "carriers.unknown_carrier"),
        (("--tag", "急"), "orders.unknown_tag"),
    ],
)
def test_what_makes_no_sense_is_refused(oms, numbers, words, code):
    done = oms.run("orders", "edit", numbers[0], *words, "--json")

    assert done.code == 1
    assert code in done.out + done.err


def test_a_carrier_a_date_and_an_address(oms, numbers):
    address = ("--address", "新收件人 13000000002 广东省深圳市宝安区虚构路8号", "--zip", "518000")

    (done,) = oms.rows("orders", "edit", numbers[0], "--ship-on", "2036-12-01", "--carrier", "none", *address)
    (again,) = oms.rows("orders", "edit", numbers[0], "--ship-on", "none")

    assert (done["what"], again["what"]) == (["flags", "receiver", "region"], ["flags"])
    assert "13000000002" not in str(done)


def test_parts_are_planned_made_and_merged_again(oms, numbers):
    (one, rest) = oms.rows("orders", "split", numbers[0], "--part", "SPU4-U=1", "--plan")
    assert (one["order"], one["contents"], one["payable"], rest["payable"]) == ("", ["SPU4-U=1"], "139.00", "139.00")

    parts = oms.rows("orders", "split", numbers[0], "--part", "SPU4-U=1")
    (merged,) = oms.rows("orders", "merge", *(part["order"] for part in parts))

    assert merged["payable"] == "278.00"
    assert [part["order"] != "" for part in oms.rows("orders", "unmerge", merged["order"])] == [True, True]
    assert oms.rows("doctor") == []


def test_candidates_are_listed_and_a_plan_changes_nothing(oms, numbers):
    rows = oms.rows("orders", "merge-candidates", "--shop", "tb")
    assert [(row["group"], row["number"]) for row in rows] == [(1, numbers[0]), (1, numbers[1])]

    (plan,) = oms.rows("orders", "merge", *numbers, "--plan")

    assert (plan["sources"], plan["payable"]) == (numbers, "556.00")
    assert len(oms.rows("orders", "merge-candidates")) == 2


@pytest.mark.parametrize("part", ["SPU4-U", "SPU4-U=0", "=1", "SPU4-U=x", "SPU4-U=99999999"])
def test_a_part_is_named_by_sku_and_units(oms, numbers, part):
    done = oms.run("orders", "split", numbers[0], "--part", part, "--json")

    assert done.code != 0


def test_a_shop_says_how_it_splits_and_merges(oms):
    words = ("--auto-split", "--split-by", "weight", "--split-weight-g", "900", "--auto-merge", "--merge-window", "10")

    oms.rows("shops", "policy", "tb", *words)
    oms.rows("shops", "policy", "tb", "--no-auto-merge", "--tag", "none")

    ((policy,),) = oms.sql("SELECT policy FROM shop")
    assert '"auto_split":true' in policy.replace(" ", "")
    assert '"auto_merge":true' not in policy.replace(" ", "")


def test_edits_and_splits_of_the_orders_of_a_file_are_done_in_the_background(oms, numbers):
    path = oms.write("orders.txt", "\n\n".join(numbers).encode())
    (edit,) = oms.rows("orders", "edit", "--batch", path, "--note", "样例", "--street", "样例新路 8 号")
    oms.rows("drain")
    (note,) = [shown["note"] for shown in oms.rows("orders", "show", numbers[1])]
    (split,) = oms.rows("orders", "split", "--batch", path, "--part", "SPU4-U=1")
    oms.rows("drain")

    assert (edit["command"], edit["state"], note) == ("edit", "running", "样例")
    (answered,) = oms.rows("batches", "show", split["id"])
    assert [(row["outcome"], row["state"]) for row in answered["rows"]] == [("done", "split")] * 2


def test_groups_of_a_file_are_merged_and_taken_apart_again(oms, numbers):
    path = oms.write("groups.txt", f"{' '.join(numbers)}\n\n{numbers[0]}\n".encode())

    merged, refused = oms.rows("orders", "merge", "--groups", path, code=1)
    apart = oms.rows("orders", "unmerge", merged["order"], numbers[0], code=1)

    assert (merged["outcome"], merged["sources"], refused["code"]) == ("done", numbers, "split_merge.too_few_to_merge")
    assert [(row["of"], row["outcome"]) for row in apart] == [
        (merged["order"], "done"),
        (merged["order"], "done"),
        (numbers[0], "refused"),
    ]
    assert oms.run("orders", "merge").code == 2


def test_orders_of_a_file_wait_until_a_time_and_no_more(oms, numbers):
    path = oms.write("orders.txt", "\n".join(numbers).encode())

    oms.rows("batches", "start", "wait", path, "--until", "2036-12-01", "--reason", "预约")
    oms.rows("drain")
    waiting = [oms.rows("orders", "show", number)[0]["flags"] for number in numbers]
    oms.rows("batches", "start", "wait", path)
    oms.rows("drain")

    assert [flags[0].startswith("not_before") for flags in waiting] == [True, True]
    assert [oms.rows("orders", "show", number)[0]["flags"] for number in numbers] == [[], []]
    assert oms.run("batches", "start", "approve", path, "--until", "2036-12-01").code == 2


def test_balances_of_a_file_are_booked_in_the_background(oms, numbers):
    path = oms.write("paid.txt", f"{numbers[0]} 30.00\n{numbers[1]} 30.00 5.00\n".encode())

    (batch,) = oms.rows("orders", "pay-balance", "--batch", path)
    oms.rows("drain")

    (over,) = oms.rows("batches", "show", batch["id"])
    assert [(row["outcome"], row["code"]) for row in over["rows"]] == [("refused", "orders.no_balance_due")] * 2
    assert oms.run("orders", "pay-balance", numbers[0]).code == 2


def test_the_limits_of_what_is_split_and_merged_are_set_and_lifted(oms):
    def policy():
        ((text,),) = oms.sql("SELECT policy FROM shop")
        found = json.loads(text)
        names = ("split_volume_cm3", "split_customs_fen", "split_lines", "split_units", "merge_weight_g")
        return [found[name] for name in names]

    words = ("--split-volume-cm3", "9000", "--split-customs", "800.00", "--split-lines", "20", "--split-units", "50")
    oms.rows("shops", "policy", "tb", *words, "--merge-weight-g", "20000")
    assert policy() == [9000, 80_000, 20, 50, 20_000]

    none = (
        "--split-volume-cm3",
        "none",
        "--split-customs",
        "none",
        "--split-lines",
        "none",
        "--merge-weight-g",
        "none",
    )
    oms.rows("shops", "policy", "tb", *none)

    assert policy() == [None, None, None, 50, None]
    assert oms.run("shops", "policy", "tb", "--split-lines", "0").code == 2
