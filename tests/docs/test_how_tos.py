"""What the how-to pages say to type works as it stands there: the ``oms`` commands, and the calls of ``curl``."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import click
import httpx2
import pytest
from attrs import define, field
from click.testing import CliRunner
from litestar.testing import TestClient
from tests.http.test_splits import two_lines

from oms_adapters.bootstrap import session
from oms_adapters.bootstrap.asgi import build_app
from oms_adapters.bootstrap.commands import oms
from oms_adapters.bootstrap.container import Container

ROOT = Path(__file__).parents[2]
HOW_TO = ROOT / "docs" / "how-to"
PAYLOADS = ROOT / "tests" / "payloads" / "taobao"
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)

APPROVABLE = 2
"""Version of an order that was allocated: the first part of its ETag, which a move may name alone."""

NOT_HERE = {"createdb", "mariadb"}
"""Programs of a database server: its tests make the database in their own way."""

SERVES = ["oms", "serve"]
"""Goes on until it is stopped; the server's own tests start it."""


def commands(page: str) -> list[list[str]]:
    """Return what a page says to type, word by word."""
    lines: list[str] = []
    for block in BLOCK.findall((HOW_TO / page).read_text(encoding="utf-8")):
        for line in block.replace("\\\n", " ").splitlines():
            if line.startswith("$ "):
                lines.append(line.removeprefix("$ "))
    return [shlex.split(line) for line in lines]


@define
class Reader:
    """Somebody who types what a page says, and puts the own names in where the page cannot know them."""

    environment: pytest.MonkeyPatch
    own: dict[str, str] = field(factory=dict)
    made: list[Container] = field(factory=list)
    typed: int = 0

    def reads(self, page: str) -> None:
        for words in commands(page):
            if words[0] not in NOT_HERE and words != SERVES:
                self.types([self.filled(word) for word in words])
                self.typed += 1

    def types(self, words: list[str]) -> None:
        match words:
            case ["export", *settings]:
                for setting in settings:
                    name, _, value = setting.partition("=")
                    self.environment.setenv(name, self.own.get(name, value))
            case ["oms", *arguments]:
                self.runs(*arguments)
            case ["curl", *arguments]:
                self.calls(arguments)
            case _:
                raise AssertionError(f"nobody can type this: {shlex.join(words)}")

    def runs(self, *arguments: str) -> list[dict[str, Any]]:
        done = CliRunner().invoke(oms, arguments, input="secret\nsession\n")
        assert done.exit_code == 0, (arguments, done.output)
        if arguments[:2] == ("api-keys", "add"):
            (key,) = re.findall(r"oms_\w{12}_[\w\-]+", "".join(done.output.split()))
            self.own["KEY"] = key
        return [json.loads(line) for line in done.output.splitlines()] if "--json" in arguments else []

    def calls(self, arguments: list[str]) -> None:
        @click.command()
        @click.option("-X", "method")
        @click.option("-H", "headers", multiple=True)
        @click.option("-d", "--data-binary", "body")
        @click.argument("url")
        def curl(method: str | None, headers: tuple[str, ...], body: str | None, url: str) -> httpx2.Response:
            content = (ROOT / body[1:]).read_bytes() if body and body.startswith("@") else (body or "").encode()
            named = dict(header.split(": ", 1) for header in headers)
            with TestClient(build_app(self.made[-1])) as client:
                way = method or ("POST" if body else "GET")
                return client.request(way, url.removeprefix("http://127.0.0.1:8000"), headers=named, content=content)

        answer: httpx2.Response = curl.main(arguments, standalone_mode=False)
        assert answer.status_code < 300, (arguments, answer.text)
        rows = answer.json().get("rows", []) if answer.content else []
        assert [row for row in rows if row["outcome"] != "done"] == [], rows

    def filled(self, word: str) -> str:
        word = word.replace("$KEY", self.own.get("KEY", "")).replace('"3-1.7"', f'"{APPROVABLE}"')
        return re.sub(r"\bID(-\d)?\b", lambda found: self.own.get(found[0], found[0]), word)


@pytest.fixture
def reader(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("OMS_") and not name.startswith("OMS_TEST_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    reader = Reader(monkeypatch)

    def remembered(**settings):
        reader.made.append(Container(**settings))
        return reader.made[-1]

    monkeypatch.setattr(session, "Container", remembered)
    yield reader
    for container in reader.made:
        container.database().close()
        container.http().close()
        if (tmp_path / "data" / "simulated-warehouse.db").exists():
            container.wms().close()


@pytest.fixture
def ready(reader):
    """A reader with an installation."""
    reader.runs("migrate")
    return reader


def reviewable_orders(reader: Reader, count: int = 1) -> list[str]:
    """Have a shop whose orders have their stock and wait for their review; return their ids."""
    recorded = (PAYLOADS / "taobao_trade_single.json").read_text(encoding="utf-8")
    for n in range(count):
        path = Path(f"{n}.json")
        path.write_text(recorded.replace("9100000000000000020", f"91000000000000001{n:02d}"), encoding="utf-8")
        reader.runs("ingest", str(path), "--platform", "taobao", "--shop", "tb-1")
    orders = reader.runs("orders", "list", "--json")
    for line in reader.runs("orders", "show", orders[0]["number"], "--json")[0]["lines"]:
        reader.runs("stock", "receive", line["sku"], "10")
    reader.runs("drain")
    return [order["id"] for order in orders]


def test_a_shop_is_connected_as_the_page_says(ready):
    ready.reads("connect-a-shop.md")

    (shop,) = ready.runs("shops", "list", "--json")
    assert (shop["code"], shop["authorisation"], shop["auto_release"]) == ("tb-1", "valid", True)


def test_a_warehouse_is_connected_as_the_page_says(ready):
    ready.reads("connect-a-warehouse.md")

    (account,) = ready.runs("wms", "accounts", "--json")
    assert (account["warehouse"], account["kind"], account["has_secret"]) == ("EAST", "qimen", True)


def test_orders_ship_from_where_the_page_says(ready, tmp_path):
    shutil.copytree(HOW_TO / "sourcing", tmp_path / "docs" / "how-to" / "sourcing")
    ready.runs("shops", "add", "tb-1", "--name", "样例", "--platform", "taobao", "--catalogue", "open")
    pages = iter(commands("where-an-order-ships-from.md"))
    for words in pages:
        if words[1] == "source":
            break
        ready.types(words)
    reviewable_orders(ready)
    (order,) = ready.runs("orders", "list", "--json")

    for asked in (words, *pages):
        ready.types([order["number"] if word.startswith("S20261123") else word for word in asked])

    (answer,) = ready.runs("source", order["number"], "--json")
    assert answer["strategy"] == "near first"
    assert [(each["place"], each["standing"]) for each in answer["found"]["candidates"]] == [
        ("EAST", "no_stock"),
        ("MAIN", "chosen"),
    ]


def test_the_work_lists_are_worked_off_as_the_page_says(ready):
    ready.runs("shops", "add", "tb-1", "--name", "样例", "--platform", "taobao", "--catalogue", "open")
    reviewable_orders(ready)
    with ready.made[-1].database().engines.write.begin() as connection:
        connection.exec_driver_sql("UPDATE job SET state = 'parked'")
    ready.own["ID"] = ready.runs("jobs", "parked", "--json")[0]["id"]

    ready.reads("exceptions-and-discrepancies.md")

    assert ready.own["ID"] not in {row["id"] for row in ready.runs("jobs", "parked", "--json")}


def test_the_api_is_called_as_the_page_says(ready):
    ready.runs("shops", "add", "tb-1", "--name", "样例", "--platform", "taobao", "--catalogue", "open")
    ids = reviewable_orders(ready, 3)
    ready.own |= dict(zip(("ID", "ID-1", "ID-2"), ids, strict=True))

    ready.reads("api.md")

    states = {row["id"]: row["state"] for row in ready.runs("orders", "list", "--json")}
    assert len(states) == 4
    assert {states[order_id] for order_id in ids} == {"awaiting_release"}


def test_personal_data_are_opened_as_the_page_says(ready):
    ready.runs("shops", "add", "tb-1", "--name", "样例", "--platform", "taobao", "--catalogue", "open")
    ready.own["ID"], *_ = reviewable_orders(ready)
    ready.runs("api-keys", "add", "crm", "--scope", "pii:read")

    ready.reads("personal-data.md")


@pytest.mark.parametrize(("kind", "page"), [("postgres", "run-on-postgresql.md"), ("mariadb", "run-on-mariadb.md")])
def test_it_runs_on_a_server_as_the_page_says(reader, fresh_url, tmp_path, kind, page):
    reader.own = {"OMS_DATABASE_URL": fresh_url(kind), "OMS_KEYS_FILE": str(tmp_path / "keys.json")}
    reader.environment.setenv("OMS_DATABASE_UNSAFE", "1")  # the tests' servers need not survive a power cut

    reader.reads(page)

    assert reader.runs("doctor", "--json") == []
    assert reader.typed == 4


def test_a_catalogue_is_kept_as_the_page_says(ready):
    ready.runs("shops", "add", "tb-1", "--name", "样例", "--platform", "taobao")
    skus = [f"{code},样例" for code in ("GLOVE-BLK-L", "MUG-BLU-U", "TEA-NEW")]
    Path("skus.csv").write_text("\n".join(["code,title", *skus]), encoding="utf-8")
    Path("mappings.csv").write_text("shop,target,merchant_code\ntb-1,TEA-NEW,TEA-GREEN", encoding="utf-8")

    ready.reads("skus-bundles-and-mapping.md")

    assert len(ready.runs("skus", "list", "--json")) == 4
    assert len(ready.runs("mappings", "list", "--json")) == 3


def test_orders_are_put_in_as_the_page_says(ready):
    ready.runs("shops", "add", "tb-1", "--name", "样例", "--platform", "taobao")
    for sku in ("CUP", "TIN"):
        ready.runs("skus", "add", sku, "--title", "样例", "--list-price", "20")
    ready.runs("skus", "add", "CARD", "--title", "贺卡", "--kind", "gift")
    ready.runs("bundles", "add", "BOX", "--title", "礼盒", "--part", "CUP=1", "--part", "TIN=1")
    (form,) = re.findall(r"```json\n(.*?)```", (HOW_TO / "manual-orders.md").read_text(encoding="utf-8"), re.DOTALL)
    Path("order.json").write_text(form, encoding="utf-8")
    presale = json.loads(form) | {"kind": "presale", "platform_order_no": "TEL-2", "deposit": {"fen": 5_100}}
    Path("presale.json").write_text(json.dumps(presale), encoding="utf-8")
    (made,) = ready.runs("orders", "create", "presale.json", "--json")
    ready.own["NUMBER"] = made["order"]
    assert (made["payable"], made["balance_due"]) == ("81.00", "30.00")

    for words in commands("manual-orders.md"):
        ready.types([ready.own.get(word, word) for word in words])

    shown = {row["platform_order_no"]: row for row in ready.runs("orders", "list", "--json")}
    assert (shown["TEL-1"]["paid"], shown["TEL-2"]["paid"]) == ("81.00", "81.00")
    assert ready.runs("doctor", "--json") == []


def test_rules_are_kept_and_tried_as_the_page_says(ready):
    ready.runs("shops", "add", "tb-1", "--name", "样例", "--platform", "taobao", "--catalogue", "open")
    ready.own["ID"], *_ = reviewable_orders(ready)
    (entry,) = ready.runs("blacklist", "add", "tb-1", "--buyer-id", "buyer-1", "--json")
    ready.own["ID-1"] = entry["id"]
    rule = {"field": "payable_fen", "op": "at_least", "value": 1}
    about = {"id": "all", "name": "样例", "kind": "interception", "action": "intercept"}
    Path("rules.json").write_text(json.dumps([about | {"condition": rule}]), encoding="utf-8")

    ready.reads("review-rules.md")

    assert {row["id"] for row in ready.runs("rules", "list", "tb-1", "--json")} == {
        "amount-too-high",
        "blacklist",
        "all",
    }
    (trial,) = ready.runs("rules", "try", "tb-1", "--since", "1d", "--json")
    assert (trial["orders"], trial["caught"]) == (1, 1)
    assert ready.runs("doctor", "--json") == []


def test_orders_are_reviewed_taken_back_and_cancelled_as_the_page_says(ready):
    ready.runs("shops", "add", "tb-1", "--name", "样例", "--platform", "taobao", "--catalogue", "open")
    ready.own |= dict(zip(("ID", "ID-1", "ID-2"), reviewable_orders(ready, 3), strict=False))

    ready.reads("review-and-cancel.md")

    states = {row["id"]: row["state"] for row in ready.runs("orders", "list", "--json")}
    assert (states[ready.own["ID-1"]], states[ready.own["ID-2"]]) == ("awaiting_cs_review", "cancelled")
    (shown,) = ready.runs("orders", "show", ready.own["ID"], "--json")
    assert "approve" in shown["moves"]
    assert {each["move"] for each in shown["closed_moves"]} > {"release", "sign"}


def test_thousands_of_orders_are_worked_on_as_the_page_says(ready):
    ready.runs("shops", "add", "tb-1", "--name", "样例", "--platform", "taobao", "--catalogue", "open")
    ids = reviewable_orders(ready, 2)
    Path("orders.txt").write_text("\n".join([*ids, ""]), encoding="utf-8")

    for words in commands("batches.md"):
        ready.types([ready.filled(word) for word in words])
        ready.own["ID"] = ready.runs("batches", "list", "--json")[0]["id"]

    (batch,) = ready.runs("batches", "show", ready.own["ID"], "--json")
    assert (batch["state"], batch["done"], len(batch["rows"])) == ("done", 2, 2)
    assert {row["outcome"] for row in batch["rows"]} == {"done"}


def test_orders_are_changed_as_the_page_says(ready):
    ready.runs("shops", "add", "tb-1", "--name", "样例", "--platform", "taobao", "--catalogue", "open")
    for sku in ("SPU4-U", "SPU5-U", "CARD"):
        ready.runs("stock", "receive", sku, "10")
    ready.runs("skus", "add", "SPU5-U", "--title", "样例")
    ready.runs("skus", "add", "CARD", "--title", "贺卡", "--kind", "gift")
    for number in (61, 62, 63):
        path = Path(f"{number}.json")
        path.write_text(json.dumps(two_lines(number)), encoding="utf-8")
        ready.runs("ingest", str(path), "--platform", "taobao", "--shop", "tb-1")
    ready.runs("drain")
    numbers = sorted(row["number"] for row in ready.runs("orders", "list", "--json"))
    ready.own |= dict(zip(("NUMBER", "NUMBER-1", "NUMBER-2"), numbers, strict=True))
    Path("orders.txt").write_text("\n".join([*numbers, ""]), encoding="utf-8")

    for words in commands("change-orders.md"):
        if "MERGED" in words:
            ready.own["MERGED"] = max(row["number"] for row in ready.runs("orders", "list", "--json"))
        ready.types([ready.own.get(word, word) for word in words])

    states = [row["state"] for row in ready.runs("orders", "list", "--json")]
    assert sorted(states) == ["awaiting_cs_review"] * 4 + ["merged"] * 2 + ["split"] * 2
    (batch,) = ready.runs("batches", "list", "--json")
    assert (batch["command"], batch["state"], batch["done"]) == ("edit", "done", 3)
    assert ready.runs("doctor", "--json") == []


def test_every_page_with_something_to_type_is_read_here():
    with_commands = {path.name for path in HOW_TO.glob("*.md") if commands(path.name)}

    assert with_commands == {
        "api.md",
        "batches.md",
        "change-orders.md",
        "connect-a-shop.md",
        "connect-a-warehouse.md",
        "exceptions-and-discrepancies.md",
        "manual-orders.md",
        "personal-data.md",
        "review-rules.md",
        "review-and-cancel.md",
        "run-on-mariadb.md",
        "run-on-postgresql.md",
        "skus-bundles-and-mapping.md",
        "take-claims.md",
        "where-an-order-ships-from.md",
    }


def test_what_does_not_work_is_noticed(ready):
    with pytest.raises(AssertionError):
        ready.types(["oms", "orders", "show", "S20200101-000001"])
    with pytest.raises(AssertionError):
        ready.types(["curl", "http://127.0.0.1:8000/api/v1/orders"])
    with pytest.raises(AssertionError):
        ready.types(["rm", "x"])


def test_claims_are_taken_as_the_page_says(ready):
    ready.runs("shops", "add", "tb-1", "--name", "样例", "--platform", "taobao", "--catalogue", "open")
    reviewable_orders(ready)
    lists = {"S": "orders", "A": "cases", "E": "refunds", "N": "tickets"}

    def numbered(word: str) -> str:
        """Put the newest number of a kind in the place of the page's."""
        found = re.fullmatch(r"([SAEN])2026[0-9]{4}-[0-9]{6}", word)
        return ready.runs(lists[found[1]], "list", "--json")[0]["number"] if found else word

    for words in commands("take-claims.md"):
        ready.types([numbered(word) for word in words])

    assert [row["state"] for row in ready.runs("cases", "list", "--json")] == ["succeeded"]
    assert [row["state"] for row in ready.runs("orders", "list", "--json")] == ["cancelled"]
    assert {row["state"] for row in ready.runs("tickets", "list", "--json")} == {"done"}
    assert ready.runs("doctor", "--json") == []
