"""Refusals on the command line: in the reader's language, with code and fields, and with what to do next."""

import json
import re
import shlex

import click
import pytest
from tests.adapters.bootstrap.conftest import PAYLOADS, trade
from tests.refusals import every_refusal

import oms_adapters
import oms_app
import oms_domain
from oms_adapters.bootstrap.commands import oms as command
from oms_adapters.bootstrap.refusals import next_of, text_of
from oms_adapters.texts.catalogue import LANGUAGES, catalogue
from oms_domain.kernel.errors import OmsError

SINGLE = str(PAYLOADS / "taobao_trade_single.json")


@pytest.fixture
def language(monkeypatch):
    return lambda code: monkeypatch.setenv("OMS_LANGUAGE", code)


# --- one refusal -----------------------------------------------------------------------------------------------------


def test_without_a_setting_people_read_chinese(oms, monkeypatch):
    monkeypatch.delenv("OMS_LANGUAGE")

    done = oms.run("ingest", SINGLE, "--platform", "taobao", "--shop", "nowhere")

    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines() == [
        "错误：店铺 nowhere 不存在",
        "  shops.not_found (shop=nowhere)",
        "  → 用 `oms shops list` 查看店铺；新增：`oms shops add CODE --name NAME --platform taobao`",
    ]


def test_english_is_a_setting_away(oms, language):
    language("en")

    done = oms.run("ingest", SINGLE, "--platform", "taobao", "--shop", "nowhere")

    assert done.err.splitlines()[:2] == ["Error: There is no shop nowhere", "  shops.not_found (shop=nowhere)"]


def test_the_settings_file_may_choose_the_language_too(bare, monkeypatch):
    monkeypatch.delenv("OMS_LANGUAGE")
    monkeypatch.setenv("OMS_SETTINGS", bare.write("oms.toml", b'[oms]\nlanguage = "en"\n'))

    assert bare.run("orders", "list").err.startswith("Error: The database's schema is at ")


def test_a_language_that_is_not_spoken_is_refused_in_chinese(bare, language):
    language("fr")

    done = bare.run("orders", "list")

    assert done.code == 1
    assert done.err.splitlines()[:2] == [
        "错误：OMS_LANGUAGE：must be one of zh, en",
        "  settings.bad (setting=OMS_LANGUAGE, why=must be one of zh, en)",
    ]


def test_another_bad_setting_is_told_in_the_language_all_the_same(bare, language, monkeypatch):
    language("zh")
    monkeypatch.setenv("OMS_HTTP_PORT", "0")

    assert bare.run("orders", "list").err.startswith("错误：OMS_HTTP_PORT：")


def test_words_inside_a_refusal_are_in_the_language_too(allocated, language):
    language("zh")
    (order,) = allocated.rows("orders", "list")

    (row,) = allocated.rows("orders", "release", order["number"], code=1)

    assert row["why"].startswith("“待客审”状态下不能“下发”；可以：")
    assert row["code"] == "states.move_not_allowed"
    assert (row["fields"]["state"], row["fields"]["move"]) == ("awaiting_cs_review", "release")


def test_scripts_read_a_refusal_as_one_object_on_standard_error(oms):
    done = oms.run("orders", "show", "S20200101-000001", "--json")

    assert (done.code, done.out) == (1, "")
    (line,) = done.err.splitlines()
    assert json.loads(line) == {
        "code": "orders.number_unknown",
        "fields": {"number": "S20200101-000001"},
        "why": "There is no order with the number S20200101-000001",
        "next": "see `oms orders list`",
    }


def test_a_refused_payload_has_its_code_and_field(oms):
    (row,) = oms.ingest(oms.write("no-number.json", trade(tid=None, tid_str=None)), code=1)

    assert (row["outcome"], row["code"]) == ("refused", "channels.unreadable_payload")
    assert row["fields"]["field"].endswith("tid")
    assert row["why"].startswith("Field ")


@pytest.mark.parametrize(
    ("words", "code", "field"),
    [
        (("orders", "show", "\udcff"), "text.invalid", "order"),
        (("orders", "show", "S" * 65), "text.invalid", "order"),
        (("orders", "list", "--shop", "\udcff"), "shops.invalid_code", "shop"),
        (("shops", "policy", "\udcff", "--auto-review"), "shops.invalid_code", "code"),
        (("shops", "policy", "tb", "--warehouse", ""), "inventory.invalid_warehouse", "warehouse"),
        (("shops", "add", "tb-2", "--name", "\udcff", "--platform", "taobao"), "text.invalid", "name"),
        (("stock", "receive", "HAT-M", "1", "--warehouse", "a b"), "inventory.invalid_warehouse", "warehouse"),
        (("stock", "receive", "HAT-M", "1", "--reason", "\udcff"), "text.invalid", "reason"),
        (("stock", "receive", "\udcff", "1"), "inventory.invalid_sku", "sku"),
        (("api-keys", "add", "\udcff", "--scope", "admin"), "text.invalid", "name"),
        (("api-keys", "revoke", "\udcff"), "text.invalid", "prefix"),
    ],
)
def test_what_cannot_be_is_refused_with_its_code_and_field(oms, words, code, field):
    done = oms.run(*words, "--json")

    refusal = json.loads(done.err)
    assert (done.code, done.out) == (1, "")
    assert (refusal["code"], refusal["fields"]["field"]) == (code, field)
    assert oms.run(*words).code == 1


def test_bytes_that_are_no_text_are_a_refused_row_like_any_other(oms):
    (row,) = oms.rows("orders", "unhold", "\udcff", code=1)

    assert (row["order"], row["code"]) == ("\udcff", "text.invalid")
    assert "\\udcff" in oms.run("orders", "unhold", "\udcff").out


# --- every refusal ---------------------------------------------------------------------------------------------------


def test_every_refusal_has_a_text_in_both_languages():
    ours = {kind.code for kind in every_refusal(oms_domain, oms_app, oms_adapters)}

    for language in LANGUAGES:
        texts = catalogue(language)
        assert ours - set(texts["problems"]) - set(texts["command"]) == set()
        assert set(texts["command"]) - ours == set()
        assert set(texts["command"]) & set(texts["problems"]) == set()


def test_every_refusal_says_what_to_do_next_in_both_languages():
    kinds = list(every_refusal(oms_domain, oms_app, oms_adapters))
    codes = {kind.code for kind in kinds} | {OmsError.code}

    assert len(kinds) > 50
    for language in LANGUAGES:
        assert set(catalogue(language)["next"]) - codes == set()
        assert [kind.code for kind in kinds if not next_of(kind.__new__(kind), language)] == []


def test_the_commands_that_are_named_are_there():
    named = {
        text
        for language in LANGUAGES
        for step in catalogue(language)["next"].values()
        for text in re.findall(r"`oms ([^`]+)`", step)
    }

    assert len(named) > 10
    assert [text for text in named if not is_command(shlex.split(text))] == []
    assert not is_command(["orders", "no-such-command"])
    assert not is_command(["shops", "add", "CODE", "--no-such-option"])


def is_command(words):
    found = command
    while isinstance(found, click.Group):
        found = found.commands.get(words[0]) if words else None
        words = words[1:]
    options = {option for parameter in found.params for option in parameter.opts} if found else set()
    return found is not None and {word for word in words if word.startswith("--")} <= options


def test_the_facts_in_a_text_are_facts_of_its_refusal():
    class Planted(OmsError):
        code = "shops.not_found"

    assert text_of(Planted(), "en") == "There is no shop ?"  # what the next line would find
    for kind in every_refusal(oms_domain, oms_app, oms_adapters):
        facts = {name: name for name in kind.__init__.__annotations__ if name != "return"}
        for language in LANGUAGES:
            texts = {**catalogue(language)["problems"], **catalogue(language)["command"]}[kind.code]
            assert set(re.findall(r"{(\w+)}", texts.get("detail", ""))) <= set(facts), kind
