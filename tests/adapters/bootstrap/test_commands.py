"""The ``oms`` command: what it does, what it says, and with which code it ends."""

import json

import click
import pytest
from tests.adapters.bootstrap.conftest import PAYLOADS, numbered, trade

from oms_adapters.bootstrap.commands import oms as command


def every_command(group=command, words=()):
    yield words
    for name, child in sorted(getattr(group, "commands", {}).items()):
        yield from every_command(child, (*words, name))


def payload(name):
    return str(PAYLOADS / f"taobao_trade_{name}.json")


# --- help ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", tuple(every_command()), ids=" ".join)
def test_every_command_explains_itself_without_touching_anything(bare, words):
    done = bare.run(*words, "--help")

    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"Usage: {' '.join(('oms', *words))} ")
    assert list(bare.folder.iterdir()) == []


@pytest.mark.parametrize("words", tuple(every_command()), ids=" ".join)
def test_every_command_and_option_has_a_line_of_help_or_explains_itself(words):
    found = command
    for word in words:
        found = found.commands[word]

    assert found.help or found.short_help
    if words and not isinstance(found, click.Group):
        names = {option for parameter in found.params for option in parameter.opts}
        assert words[0] in ("serve", "demo", "worker") or words == ("refunds", "export") or "--json" in names


@pytest.mark.parametrize(
    "words", [("no-such-command",), ("orders", "no-such-command"), ("orders", "list", "--nothing")]
)
def test_what_is_asked_wrongly_ends_with_two(bare, words):
    done = bare.run(*words)

    assert done.code == 2
    assert "No such" in done.err


# --- the installation ------------------------------------------------------------------------------------------------


def test_migrating_makes_the_file_and_its_keys_once(bare):
    (first,) = bare.rows("migrate")
    keys = (bare.folder / "data" / "oms-keys.json").read_bytes()
    (second,) = bare.rows("migrate")

    assert first == {"from": "nothing", "to": first["to"], "done": True}
    assert second == {"from": first["to"], "to": first["to"], "done": True}
    assert (bare.folder / "data" / "oms-keys.json").read_bytes() == keys


def test_a_dry_run_says_what_would_be_done_and_does_nothing(bare):
    assert bare.rows("migrate", "--dry-run") == [{"from": "nothing", "to": "head", "done": False}]
    assert list(bare.folder.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [
        ("orders", "list"),
        ("shops", "list"),
        ("stock", "list"),
        ("platform-orders", "list"),
        ("api-keys", "list"),
        ("doctor",),
        ("drain",),
        ("serve",),
        ("worker",),
        ("ingest", payload("single"), "--platform", "taobao", "--shop", "tb"),
    ],
    ids=" ".join,
)
def test_without_a_schema_a_command_says_how_to_make_it(bare, words):
    done = bare.run(*words)

    assert (done.code, done.out) == (1, "")
    assert "store.schema_behind" in done.err
    assert "run `oms migrate`" in done.err
    assert list(bare.folder.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [("migrate",), ("migrate", "--dry-run"), ("doctor",), ("orders", "list"), ("serve",), ("worker",), ("demo",)],
    ids=" ".join,
)
def test_a_program_that_is_older_than_the_database_says_that_it_must_be_updated(oms, words):
    oms.sql("UPDATE alembic_version SET version_num = '9999'")
    before = oms.sql("SELECT name FROM sqlite_master ORDER BY name")

    done = oms.run(*words)

    assert (done.code, done.out) == (1, "")
    assert "store.schema_ahead" in done.err
    assert "9999" in done.err
    assert "oms migrate" not in done.err
    assert oms.sql("SELECT name FROM sqlite_master ORDER BY name") == before
    assert oms.sql("SELECT version_num FROM alembic_version") == [("9999",)]


def test_a_key_file_is_made_once_and_never_overwritten(bare):
    (made,) = bare.rows("keys", "init")
    keys = (bare.folder / made["keys_file"]).read_bytes()

    done = bare.run("keys", "init")

    assert done.code == 1
    assert "never overwritten" in done.err
    assert (bare.folder / made["keys_file"]).read_bytes() == keys


def test_keys_that_were_lost_are_not_replaced_by_new_ones(oms):
    keys = oms.folder / "data" / "oms-keys.json"
    keys.unlink()

    for words in (("migrate",), ("ingest", payload("single"), "--platform", "taobao", "--shop", "tb"), ("serve",)):
        done = oms.run(*words)
        assert done.code == 1
        assert "keys.bad_file" in done.err

    assert not keys.exists()


def test_a_key_file_that_others_may_read_is_refused(oms):
    (oms.folder / "data" / "oms-keys.json").chmod(0o644)

    done = oms.run("serve")

    assert done.code == 1
    assert "chmod 600" in done.err


# --- ingest ----------------------------------------------------------------------------------------------------------

ORDERS = {"fullinfo": ("548.00", "548.00", 6), "single": ("143.00", "143.00", 1), "presale": ("148.00", "50.00", 1)}


@pytest.mark.parametrize("name", ORDERS)
def test_a_recorded_payload_becomes_an_order_with_its_amounts(oms, name):
    payable, _, units = ORDERS[name]

    (taken,) = oms.ingest(payload(name))
    (order,) = oms.rows("orders", "list")

    number = json.loads((PAYLOADS / f"taobao_trade_{name}.json").read_text("utf-8"))
    assert taken["outcome"] == "created"
    assert taken["order_no"] == number["trade_fullinfo_get_response"]["trade"]["tid_str"]
    assert taken["payable"] == payable
    assert (order["id"], order["number"]) == (taken["order_id"], taken["number"])
    assert (order["payable"], order["units"], order["shop"]) == (payable, units, "tb")
    assert oms.rows("doctor") == []


def test_the_same_again_adds_nothing(oms):
    paths = [payload(name) for name in ORDERS]
    first = oms.ingest(*paths)
    before = oms.rows("orders", "list")

    again = oms.ingest(*paths, *paths)

    assert [row["outcome"] for row in first] == ["created"] * 3
    assert [row["outcome"] for row in again] == ["unchanged"] * 6
    assert [row["number"] for row in again] == [row["number"] for row in first] * 2
    assert oms.rows("orders", "list") == before


def test_one_fen_off_is_an_exception_that_names_both_sums(oms):
    path = oms.write("off.json", trade(payment="143.01"))

    (taken,) = oms.ingest(path, code=1)

    assert (taken["outcome"], taken["number"]) == ("exception", "")
    assert "amounts_do_not_fit" in taken["why"]
    assert "says 143.01" in taken["why"]
    assert "adds up to 143.00" in taken["why"]
    (listed,) = oms.rows("platform-orders", "list", "--conversion", "exception")
    assert (listed["order_no"], listed["why"]) == (taken["order_no"], taken["why"])
    assert oms.rows("orders", "list") == []
    assert oms.rows("doctor") == []


def test_an_exception_becomes_an_order_once_the_platform_has_mended_it(oms):
    oms.ingest(oms.write("off.json", trade(payment="143.01")), code=1)
    (exception,) = oms.rows("platform-orders", "list")

    (tried,) = oms.rows("platform-orders", "convert", exception["id"], code=1)
    (mended,) = oms.ingest(oms.write("mended.json", trade(modified="2026-01-02 11:00:00")))

    assert tried["outcome"] == "exception"
    assert (mended["outcome"], mended["payable"]) == ("updated", "143.00")
    assert [row["conversion"] for row in oms.rows("platform-orders", "list")] == ["converted"]


@pytest.mark.parametrize(
    "content", [b"", b"no json", b"{", b"\xff\xfe", b"[1,", b"null", b'"text"', b"{}", b"[" * 9999]
)
def test_a_file_that_cannot_be_read_is_a_refused_row(oms, content):
    rows = oms.ingest(oms.write("bad.json", content), payload("single"), code=1)

    assert [(row["file"], row["outcome"]) for row in rows] == [
        ("bad.json", "refused"),
        ("taobao_trade_single.json", "created"),
    ]
    assert rows[0]["why"]


def test_the_platforms_own_errors_are_refused_one_by_one(oms):
    rows = oms.ingest(str(PAYLOADS / "taobao_errors.json"), code=1)

    assert [row["outcome"] for row in rows] == ["refused"] * 5
    assert oms.rows("platform-orders", "list") == []


def test_an_array_is_taken_in_element_by_element(oms):
    path = oms.write("many.json", [numbered(1), {"nothing": 1}, numbered(2), numbered(1)])

    rows = oms.ingest(path, code=1)

    assert [row["outcome"] for row in rows] == ["created", "refused", "created", "unchanged"]
    assert len(oms.rows("orders", "list")) == 2


def test_an_empty_array_is_nothing(oms):
    assert oms.ingest(oms.write("none.json", [])) == []


def test_lines_are_taken_in_one_by_one(oms):
    lines = [json.dumps(numbered(n), ensure_ascii=False).encode() for n in range(3)]
    path = oms.write("many.jsonl", b"\n".join([lines[0], b"", b"no json", lines[1], lines[2], b""]))

    rows = oms.ingest(path, code=1)

    assert [row["outcome"] for row in rows] == ["created", "refused", "created", "created"]


def test_a_byte_order_mark_is_no_part_of_what_a_file_holds(oms):
    path = oms.write("marked.json", b"\xef\xbb\xbf" + json.dumps(numbered(1)).encode())

    assert [row["outcome"] for row in oms.ingest(path)] == ["created"]


def test_more_than_a_chunk_is_taken_in(oms):
    path = oms.write("many.json", [numbered(n) for n in range(501)])

    rows = oms.ingest(path)

    assert [row["outcome"] for row in rows] == ["created"] * 501
    assert len({row["number"] for row in rows}) == 501
    assert len(oms.rows("orders", "list", "--limit", "1000")) == 501


def test_amounts_in_an_array_are_read_as_they_are_written(oms):
    text = json.dumps([numbered(1)]).replace('"143.00"', "143.00")
    path = oms.write("numbers.json", text.encode())

    (row,) = oms.ingest(path)

    assert row["payable"] == "143.00"


def test_an_unknown_shop_is_said_with_what_to_do(oms):
    done = oms.run("ingest", payload("single"), "--platform", "taobao", "--shop", "nowhere")

    assert (done.code, done.out) == (1, "")
    assert "shops.not_found (shop=nowhere)" in done.err
    assert "see `oms shops list`" in done.err


def test_people_see_a_table_and_the_counts(oms):
    done = oms.run("ingest", payload("single"), payload("single"), "--platform", "taobao", "--shop", "tb")

    assert done.code == 0
    assert "9100000000000000020" in done.out
    assert "1 created, 1 unchanged" in done.out


# --- orders ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def order(allocated):
    """An order that waits for its review."""
    (found,) = allocated.rows("orders", "list")
    return found


def test_what_the_buyer_sees_is_shown(oms, order):
    (seen,) = oms.rows("orders", "track", order["number"])

    assert (seen["number"], seen["state"], seen["heirs"]) == (order["number"], "to_ship", [])
    assert [step["step"] for step in seen["steps"]] == ["placed", "paid", "preparing"]
    assert "preparing" in oms.run("orders", "track", order["number"]).out


def test_an_order_is_shown_by_its_number_and_by_its_id(oms, order):
    (by_number,), (by_id,) = oms.rows("orders", "show", order["number"]), oms.rows("orders", "show", order["id"])

    assert by_number == by_id
    assert (by_number["number"], by_number["state"]) == (order["number"], "awaiting_cs_review")
    assert by_number["payable"] == "143.00"
    assert [entry["what"] for entry in by_number["log"]][:1] == ["orders.order_created"]
    for shown in (oms.run("orders", "show", order["number"]), oms.run("orders", "show", order["id"])):
        assert shown.code == 0
        assert order["number"] in shown.out


@pytest.mark.parametrize("what", ["S20200101-000001", "nothing", "00000000-0000-7000-8000-000000000000"])
def test_an_order_that_is_not_there_is_said(oms, what):
    done = oms.run("orders", "show", what)

    assert (done.code, done.out) == (1, "")
    assert "see `oms orders list`" in done.err
    assert what in done.err


def test_orders_are_listed_by_state_shop_and_flag(oms, order):
    listed = [
        [row["number"] for row in oms.rows("orders", "list", *words)]
        for words in (
            ("--state", "awaiting_cs_review"),
            ("--state", "shipped"),
            ("--state", "shipped", "--state", "awaiting_cs_review"),
            ("--shop", "tb"),
            ("--flagged",),
            ("--not-flagged",),
        )
    ]

    assert listed == [[order["number"]], [], [order["number"]], [order["number"]], [], [order["number"]]]


def test_an_order_goes_to_the_warehouse_and_out_by_commands(oms, order):
    number = order["number"]

    done = [oms.rows("orders", act, number, "--reason", "看看")[0] for act in ("hold", "unhold", "approve", "release")]

    assert [row["outcome"] for row in done] == ["done"] * 4
    assert [row["state"] for row in done][-2:] == ["awaiting_release", "in_warehouse"]
    assert oms.rows("drain")[0]["parked"] == 0
    assert oms.rows("doctor") == []


def test_work_is_made_due_again_by_name_or_all_of_it(oms, order):
    assert oms.rows("jobs", "redrive", "--handler", "shipping.send", "--warehouse", "MAIN") == [{"redriven": 0}]
    for words in ((), (order["id"], "--all")):
        done = oms.run("jobs", "redrive", *words)
        assert (done.code, "--all" in done.err) == (2, True)


def test_each_row_has_its_own_answer_and_one_refusal_ends_with_one(oms, order):
    rows = oms.rows("orders", "approve", order["number"], "S20200101-000001", order["id"], code=1)

    assert [(row["order"], row["outcome"]) for row in rows] == [
        (order["number"], "done"),
        ("S20200101-000001", "refused"),
        (order["id"], "refused"),
    ]
    assert (rows[1]["code"], rows[1]["fields"]) == ("orders.number_unknown", {"number": "S20200101-000001"})
    assert rows[2]["code"] == "states.move_not_allowed"
    assert rows[2]["why"].startswith("What is awaiting release cannot be approved; it can: ")
    assert oms.rows("orders", "list")[0]["state"] == "awaiting_release"


def test_a_reason_stands_in_the_log_with_who_did_it(oms, order):
    oms.rows("orders", "hold", order["number"], "--reason", "等补款")

    (shown,) = oms.rows("orders", "show", order["number"])

    assert shown["flags"] == ["held: 等补款"]
    assert shown["log"][-1]["why"] == "等补款"
    assert shown["log"][-1]["who"].startswith("cli:")


@pytest.mark.parametrize(
    ("language", "why"), [("zh", "应付金额 ≤ 100.00（实为"), ("en", "amount payable ≤ 100.00 (it is")]
)
def test_the_log_says_why_an_order_waits_for_a_person(oms, monkeypatch, language, why):
    oms.rows("shops", "policy", "tb", "--auto-review", "--auto-review-up-to", "100")
    oms.rows("stock", "receive", "SPU4-U", "10")
    oms.ingest(payload("single"))
    oms.rows("drain")
    (order,) = oms.rows("orders", "list")
    (shown,) = oms.rows("orders", "show", order["number"])
    monkeypatch.setenv("OMS_LANGUAGE", language)

    left = shown["log"][-1]
    assert (left["what"], left["decision"]["outcome"]) == ("orders.order_judged", "waits")
    assert "".join(why.split()) in "".join(oms.run("orders", "show", order["number"]).out.replace("│", "").split())


def test_the_platforms_markup_is_shown_as_it_is(oms):
    oms.ingest(oms.write("markup.json", trade(buyer_message="[bold red]请[/] :warning: [/nothing]")))
    (order,) = oms.rows("orders", "list")

    done = oms.run("orders", "show", order["number"])

    assert done.code == 0
    assert "[bold red]请[/] :warning: [/nothing]" in done.out


# --- stock, shops, keys ----------------------------------------------------------------------------------------------


def test_stock_is_received_and_listed(oms):
    (received,) = oms.rows("stock", "receive", "HAT-M", "5", "--reason", "采购")
    oms.rows("warehouses", "add", "EAST", "--name", "东仓")
    oms.rows("stock", "receive", "HAT-M", "2", "--warehouse", "EAST")

    assert (received["sku"], received["warehouse"], received["quantity"]) == ("HAT-M", "MAIN", 5)
    nothing = dict.fromkeys(("reserved", "defective", "safety", "locked", "in_transit", "buckets"), 0)
    assert oms.rows("stock", "list") == [
        {"sku": "HAT-M", "warehouse": "EAST", "on_hand": 2, "available": 2, **nothing},
        {"sku": "HAT-M", "warehouse": "MAIN", "on_hand": 5, "available": 5, **nothing},
    ]


@pytest.mark.parametrize(
    ("sku", "units", "why"),
    [
        ("HAT-M", "0", "quantity.invalid"),
        ("HAT-M", "1000001", "quantity.invalid"),
        (" HAT-M", "1", "inventory.invalid_sku"),
        ("", "1", "inventory.invalid_sku"),
        ("x" * 65, "1", "inventory.invalid_sku"),
    ],
)
def test_a_quantity_or_a_sku_that_cannot_be_is_said(oms, sku, units, why):
    done = oms.run("stock", "receive", sku, units)

    assert (done.code, done.out) == (1, "")
    assert why in done.err
    assert oms.rows("stock", "list") == []


@pytest.mark.parametrize("units", ["many", "1.5", "", "1e3"])
def test_units_that_are_no_number_are_asked_wrongly(oms, units):
    done = oms.run("stock", "receive", "HAT-M", units)

    assert done.code == 2
    assert "is not a valid integer" in done.err


def test_a_shop_is_added_once(oms):
    done = oms.run("shops", "add", "tb", "--name", "另一家", "--platform", "taobao")

    assert done.code == 1
    assert "shops.code_taken" in done.err
    assert [(shop["code"], shop["name"]) for shop in oms.rows("shops", "list")] == [("tb", "样例旗舰店")]


def test_a_shops_policy_is_what_was_asked_for(migrated):
    migrated.rows("warehouses", "add", "EAST", "--name", "东仓")
    words = ("--warehouse", "EAST", "--auto-review", "--auto-review-up-to", "1000.00", "--auto-release")
    (added,) = migrated.rows("shops", "add", "tb", "--name", "样例", "--platform", "taobao", *words)
    (changed,) = migrated.rows("shops", "policy", "tb", "--no-auto-release")

    names = ("warehouse", "auto_review", "auto_release")
    assert [added[name] for name in names] == ["EAST", True, True]
    assert [changed[name] for name in names] == ["EAST", True, False]


def test_an_api_key_is_shown_once_and_can_be_revoked(oms):
    (made,) = oms.rows("api-keys", "add", "erp", "--scope", "orders:read", "--shop", "tb")
    (listed,) = oms.rows("api-keys", "list")
    (revoked,) = oms.rows("api-keys", "revoke", listed["prefix"])
    (after,) = oms.rows("api-keys", "list")

    secret = made["key"].split("_", 2)[2]
    assert made["key"].startswith(f"oms_{listed['prefix']}_")
    assert secret not in json.dumps(listed)
    assert (listed["scopes"], listed["shops"], listed["revoked_at"]) == (["orders:read"], 1, None)
    assert revoked == {"prefix": listed["prefix"], "revoked": True}
    assert after["revoked_at"] is not None
    assert oms.run("api-keys", "revoke", listed["prefix"]).code == 1
    assert secret.encode() not in oms.database.read_bytes()


def test_a_shops_account_is_asked_for_and_kept_sealed(oms):
    done = oms.run("shops", "connect", "tb", "--app-key", "12345678", "--json", input="app-secret\nsession-secret\n")

    assert done.code == 0
    assert oms.rows("shops", "list")[0]["authorisation"] == "valid"
    assert "app-secret" not in done.out
    stored = b"".join(path.read_bytes() for path in oms.database.parent.iterdir())
    for secret in (b"app-secret", b"session-secret"):
        assert secret not in stored


# --- rows for scripts ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("orders", "list"),
        ("orders", "show", "NUMBER"),
        ("orders", "hold", "NUMBER", "--reason", "等补款"),
        ("orders", "approve", "NUMBER", "NUMBER"),
        ("platform-orders", "list"),
        ("shops", "list"),
        ("shops", "policy", "tb", "--auto-review"),
        ("stock", "list"),
        ("stock", "receive", "HAT-M", "1"),
        ("api-keys", "add", "erp", "--scope", "admin"),
        ("drain",),
        ("migrate",),
    ],
    ids=" ".join,
)
def test_json_is_one_object_a_line_and_nothing_else(oms, order, words):
    done = oms.run(*(order["number"] if word == "NUMBER" else word for word in words), "--json")

    assert done.err == ""
    assert done.rows
    assert all(isinstance(row, dict) for row in done.rows)


def test_a_list_with_nothing_in_it_is_no_line(migrated):
    for words in (("orders", "list"), ("platform-orders", "list"), ("shops", "list"), ("stock", "list"), ("doctor",)):
        assert migrated.run(*words, "--json").out == ""
