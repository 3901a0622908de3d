"""Refusals as problems: one status for each kind, texts in both languages, nothing of our insides."""

import importlib
import pkgutil
import sqlite3
from typing import Any

import attrs
import pytest
from attrs import frozen
from tests.http.routes import ABSENT
from tests.http.world import Caller, World, numbered, serving

import oms_adapters.carriers
import oms_adapters.http
import oms_adapters.wms
import oms_app
import oms_domain
from oms_adapters.http import refusals as r
from oms_adapters.http.languages import language_of
from oms_adapters.http.problems import STATUS, Told, codes, status_of
from oms_adapters.http.views import plain
from oms_adapters.texts.catalogue import LANGUAGES, catalogue, detail, title
from oms_app.access import NotAuthenticated
from oms_app.actor import KeyReused, Permission
from oms_app.journal import UnpublishedChange
from oms_app.ports import channels
from oms_app.ports.transaction import (
    Contended,
    Duplicate,
    JobNotParked,
    LeaseLost,
    OrderNotFound,
    PlatformOrderNotFound,
    StaleVersion,
    StockMoved,
    StoreRefusedData,
    StoreUnavailable,
    VersionIsNot,
)
from oms_app.ports.vault import SealBroken, VaultRowGone
from oms_domain.aftersales.returns import ReturnMove, ReturnState
from oms_domain.aftersales.states import CaseKind, CaseMove, CaseState
from oms_domain.aftersales.tickets import TicketMove, TicketState
from oms_domain.channels.capabilities import Capability, CapabilityMissing
from oms_domain.channels.standard import UnreadablePayload
from oms_domain.fulfilment.fulfilment_order import FulfilmentMove
from oms_domain.inventory.stock import StockBelowReserved
from oms_domain.inventory.stocktakes import StocktakeMove, StocktakeState
from oms_domain.inventory.transfers import TransferMove, TransferState
from oms_domain.kernel.errors import Denied, InvalidAmount, InvalidText, MoveNotAllowed, OmsError
from oms_domain.kernel.money import Money
from oms_domain.orders.asks import Ask
from oms_domain.orders.buyer import BuyerState, StepKind
from oms_domain.orders.flags import FlagKind, NotFlagged, OrderFlaggedNow
from oms_domain.orders.moves import CancelNeedsWarehouse
from oms_domain.orders.platform_order import AlreadyConverted
from oms_domain.orders.sales_order import AmountsDoNotAddUp
from oms_domain.orders.states import OrderMove, OrderState
from oms_domain.refunds.compensation import CompensationKind
from oms_domain.refunds.refundable import WhyNot
from oms_domain.refunds.states import RefundMove, RefundState
from oms_domain.shops.shop import InvalidShopCode, ShopCodeTaken, ShopNotFound
from oms_domain.split_merge.merging import IN_THE_WAY
from oms_domain.testing.builders import ORDER, SHOP

SECRETS = ("SELECT", "Traceback", "/srv", "site-packages", ".py", "oms_domain", "10000000001", "sqlite", "psycopg")

STATUSES: list[tuple[OmsError, int]] = [
    (r.Malformed(why="not_json"), 400),
    (r.BadRequest(), 400),
    (r.IdempotencyKeyMissing(), 400),
    (r.IdempotencyKeyInvalid(), 400),
    (NotAuthenticated(), 401),
    (Denied(permission="admin"), 403),
    (OrderNotFound(order_id=ORDER), 404),
    (PlatformOrderNotFound(platform_order_id=ORDER), 404),
    (ShopNotFound(shop="x"), 404),
    (VaultRowGone(vault_id=ORDER), 404),
    (r.NoSuchRoute(), 404),
    (r.NoSuchProblem(), 404),
    (JobNotParked(), 404),
    (r.MethodNotAllowed(), 405),
    (MoveNotAllowed(state="shipped", move="cancel", allowed=("sign",)), 409),
    (OrderFlaggedNow(flags=("held",), reasons=("x",)), 409),
    (NotFlagged(kind="held"), 409),
    (CancelNeedsWarehouse(state="in_warehouse"), 409),
    (StockBelowReserved(sku="A", warehouse="MAIN"), 409),
    (AlreadyConverted(order_id=ORDER), 409),
    (ShopCodeTaken(value="x"), 409),
    (CapabilityMissing(platform="taobao", capability=Capability.DOWNLOAD_BILLS), 409),
    (channels.NotConnected(shop_id=SHOP), 409),
    (channels.AuthorisationExpired(reason="x"), 409),
    (channels.PlatformRefused(reason="x"), 409),
    (VersionIsNot(expected=1, current=2), 412),
    (r.IfMatchMissing(), 428),
    (r.BodyTooLarge(), 413),
    (r.UnsupportedMediaType(), 415),
    (InvalidText(field="reason", why="nul"), 422),
    (InvalidAmount(field="payment", value="x"), 422),
    (InvalidShopCode(field="code", value="x"), 422),
    (UnreadablePayload(field="orders[0].payment", why="amount"), 422),
    (AmountsDoNotAddUp(stated=Money(1), computed=Money(2)), 422),
    (r.FieldInvalid(field="a", why="missing"), 422),
    (r.UnknownField(field="a"), 422),
    (r.TooManyRows(field="ids", most=100), 422),
    (r.CursorInvalid(), 422),
    (KeyReused(key="k"), 422),
    (StoreRefusedData(why="22021 SELECT /srv"), 422),
    (Contended(what="SELECT"), 503),
    (StaleVersion(), 503),
    (Duplicate(), 503),
    (StockMoved(), 503),
    (LeaseLost(job_id=ORDER), 503),
    (StoreUnavailable(why="SQLITE_FULL at /srv/oms.db"), 503),
    (channels.RetryLater(reason="x", after_s=7), 503),
    (channels.RateLimited(reason="x", after_s=7), 503),
    (r.NotReady(), 503),
    (SealBroken(vault_id=ORDER), 500),
    (UnpublishedChange(document_id=ORDER), 500),
    (r.Failure(), 500),
]


@frozen
class Refusing:
    """Queries that refuse everything in one way."""

    refusal: Exception

    def order(self, *args: Any) -> Any:
        raise self.refusal


@pytest.fixture(scope="module")
def world_of_trouble():
    world = World()
    world.add_shop()
    with serving(world) as client:
        yield world, Caller(client, world.key())


def load(package) -> None:
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)


# --- status and body -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("refusal", "status"), STATUSES, ids=lambda v: getattr(v, "code", ""))
def test_each_refusal_has_its_status_and_shows_nothing_else(world_of_trouble, refusal, status):
    world, api = world_of_trouble
    world.overrides["queries"] = Refusing(refusal)

    answer = api.get(f"/orders/{ORDER}", headers={"X-Request-Id": "req-1"})
    problem = answer.json()

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(problem) == {"type", "title", "status", "detail", "code", "request_id", "errors", "fields"}
    assert problem["type"] == f"/problems/{refusal.code}"
    assert (problem["code"], problem["status"], problem["request_id"]) == (refusal.code, status, "req-1")
    assert problem["title"]
    assert problem["detail"]
    assert "{" not in problem["detail"]
    assert not [secret for secret in SECRETS if secret in answer.text]
    assert (status == 503) == ("retry-after" in answer.headers)
    assert (status == 401) == ("www-authenticate" in answer.headers)


def test_the_time_to_wait_is_told(world_of_trouble):
    world, api = world_of_trouble
    waits = {}
    for refusal in (Contended(), StoreUnavailable(why=""), channels.RateLimited(reason="", after_s=7)):
        world.overrides["queries"] = Refusing(refusal)
        waits[type(refusal)] = api.get(f"/orders/{ORDER}").headers["retry-after"]

    assert waits == {Contended: "1", StoreUnavailable: "5", channels.RateLimited: "7"}


def test_a_field_that_is_wrong_is_listed(world_of_trouble):
    world, api = world_of_trouble
    world.overrides["queries"] = Refusing(InvalidText(field="reason", why="nul"))

    problem = api.get(f"/orders/{ORDER}", headers={"Accept-Language": "en"}).json()

    assert problem["errors"] == [{"field": "reason", "code": "text.invalid", "detail": "Field reason: nul"}]
    assert problem["fields"] == {"field": "reason", "why": "nul"}


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("SELECT * FROM pii WHERE phone = '10000000001' at /srv/oms.py"),
        sqlite3.OperationalError("no such table: sales_order SELECT"),
        KeyError("10000000001"),
        UnicodeDecodeError("utf-8", b"10000000001", 0, 1, "x"),
        RecursionError("/srv"),
        MemoryError("/srv"),
        AssertionError("10000000001"),
        TimeoutError("psycopg"),
        ZeroDivisionError("Traceback"),
        ValueError("\ud800"),
        *(Exception(f"SELECT {n} FROM /srv 10000000001") for n in range(40)),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_bug_shows_nothing_but_the_requests_id(world_of_trouble, error):
    world, api = world_of_trouble
    world.overrides["queries"] = Refusing(error)
    world.log.lines.clear()

    answer = api.get(f"/orders/{ORDER}", headers={"X-Request-Id": "req-2"})

    assert (answer.status_code, answer.json()["code"], answer.json()["request_id"]) == (500, "http.failure", "req-2")
    assert not [secret for secret in SECRETS if secret in answer.text]
    assert [line["event"] for line in world.log.lines] == ["failure", "request"]
    assert str(world.log.lines[0]["exc_info"]) == str(error)


def test_a_refusal_that_is_a_bug_is_logged_with_its_facts(world_of_trouble):
    world, api = world_of_trouble
    world.overrides["queries"] = Refusing(SealBroken(vault_id=ORDER))
    world.log.lines.clear()

    api.get(f"/orders/{ORDER}")

    assert world.log.lines[0]["event"] == "refused"
    assert str(ORDER) in world.log.lines[0]["refusal"]


def test_every_class_of_refusal_has_a_status():
    assert {status_of(kind) for kind in STATUS} <= {400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 428, 500, 503}
    assert status_of(OmsError) == 500


def test_a_text_with_a_lone_surrogate_can_be_answered_with():
    told = Told.of(InvalidText(field="\ud800" + "x" * 1000, why="surrogate"))

    assert told.fields["field"].startswith("\\ud800xxx")
    assert len(told.fields["field"]) < 300


def test_every_kind_of_fact_can_be_shown():
    facts = {
        "a": (Money(150), ORDER, FlagKind.HELD),
        "b": frozenset({"y", "x"}),
        "c": attrs.asdict(Denied(permission="x"))["permission"],
        "d": None,
        "e": 1.5,
    }

    assert plain(facts) == {
        "a": [{"fen": 150, "currency": "CNY", "text": "1.50"}, str(ORDER), "held"],
        "b": ["x", "y"],
        "c": "x",
        "d": None,
        "e": "1.5",
    }


# --- texts -----------------------------------------------------------------------------------------------------------


def test_every_code_has_its_texts_in_both_languages():
    packages = (oms_domain, oms_app, oms_adapters.http, oms_adapters.wms, oms_adapters.carriers)
    for package in packages:
        load(package)
    names = tuple(package.__name__ for package in packages)
    ours = {kind.code for kind in all_kinds() if kind.__module__.startswith(names)}

    missing = {language: sorted(ours - set(catalogue(language)["problems"])) for language in LANGUAGES}
    extra = {language: sorted(set(catalogue(language)["problems"]) - ours) for language in LANGUAGES}

    assert missing == {"zh": [], "en": []}
    assert extra == {"zh": [], "en": []}


def all_kinds() -> list[type[OmsError]]:
    found, kinds = [], [OmsError]
    while kinds:
        kind = kinds.pop()
        found.append(kind)
        kinds += kind.__subclasses__()
    return found


@pytest.mark.parametrize(
    ("section", "kinds"),
    [
        ("states", (OrderState, TransferState, StocktakeState)),
        ("moves", (FulfilmentMove, OrderMove, Ask, TransferMove, StocktakeMove)),
        ("permissions", (Permission,)),
        ("flags", (FlagKind,)),
        ("case_kinds", (CaseKind,)),
        ("case_states", (CaseState,)),
        ("case_moves", (CaseMove,)),
        ("return_states", (ReturnState,)),
        ("return_moves", (ReturnMove,)),
        ("refund_states", (RefundState,)),
        ("refund_moves", (RefundMove,)),
        ("ticket_states", (TicketState,)),
        ("ticket_moves", (TicketMove,)),
        ("compensation_kinds", (CompensationKind,)),
        ("why_not", (WhyNot,)),
        ("merge_obstacles", (IN_THE_WAY,)),
        ("buyer_states", (BuyerState,)),
    ],
)
def test_every_word_has_its_texts_in_both_languages(section, kinds):
    for language in LANGUAGES:
        assert set(catalogue(language)[section]) == {str(member) for kind in kinds for member in kind}


def test_every_tracking_step_has_its_texts_in_both_languages():
    for language in LANGUAGES:  # one more: in preparation, with the day that it is expected on
        assert set(catalogue(language)["tracking_steps"]) == {str(each) for each in StepKind} | {"expected"}


def test_the_facts_in_a_text_are_facts_of_its_refusal():
    class Asked(dict):
        def __missing__(self, name):
            self[name] = ""
            return ""

    fields = {}
    for kind in all_kinds():
        if attrs.has(kind):
            fields.setdefault(kind.code, set()).update(attribute.name for attribute in attrs.fields(kind))
    for language in LANGUAGES:
        for code, texts in catalogue(language)["problems"].items():
            asked = Asked()
            texts.get("detail", "").format_map(asked)
            assert set(asked) <= fields[code], (language, code)


def test_what_is_in_the_way_of_a_merge_is_told_in_words():
    facts = {"number": "S1", "what": "buyer_id"}

    assert detail("split_merge.cannot_merge", facts, "zh") == "订单 S1 不能与其他订单合并：买家不同"
    assert detail("split_merge.cannot_merge", facts, "en").endswith("with the others: it is another buyer's")


def test_the_two_languages_are_not_the_same():
    assert title("orders.flagged", "zh") != title("orders.flagged", "en")
    assert detail("orders.flagged", {"flags": ["held"]}, "zh") == "订单有标记：挂起；请先解除"
    facts = {"state": "shipped", "move": "cancel", "allowed": ["sign", "lose"]}
    assert detail("states.move_not_allowed", facts, "zh") == "“已发货”状态下不能“取消”；可以：签收、丢件"
    told = "What is shipped cannot be cancelled; it can: be signed for, be lost"
    assert detail("states.move_not_allowed", facts, "en") == told


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "zh"),
        ("en", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("fr, de;q=0.5", "zh"),
        ("en;q=0.1, zh;q=0.2", "zh"),
        ("en;q=x", "zh"),
        ("en;q=nan", "zh"),
        (";;;,,,=", "zh"),
        ("en" * 10_000, "zh"),
    ],
)
def test_the_language_is_the_callers_choice(header, language):
    assert language_of(header) == language


def test_a_problem_is_told_in_the_language_asked_for(quiet):
    zh, en = quiet.get(f"/orders/{ABSENT}"), quiet.get(f"/orders/{ABSENT}", headers={"Accept-Language": "en"})

    assert (zh.json()["title"], en.json()["title"]) == ("订单不存在", "No such order")
    assert (zh.headers["content-language"], en.headers["content-language"]) == ("zh", "en")


# --- codes explained -------------------------------------------------------------------------------------------------


def test_a_code_is_explained_to_anybody(quiet):
    answer = quiet.client.get("/problems/orders.flagged")

    assert answer.json() == {
        "code": "orders.flagged",
        "status": 409,
        "title": {"zh": "订单被标记", "en": "The order is flagged"},
    }
    assert all(quiet.client.get(f"/problems/{code}").status_code == 200 for code in catalogue("zh")["problems"])


@pytest.mark.parametrize("code", ["nothing", "orders", "keys.bad_file", "%00", "x" * 500])
def test_what_is_no_code_of_the_interface_is_not_found(quiet, code):
    answer = quiet.client.get(f"/problems/{code}")

    assert (answer.status_code, answer.json()["code"]) == (404, "http.no_such_problem")


def test_the_type_of_a_problem_leads_to_its_explanation(api):
    taken = api.post("/shops/tb-1/platform-orders", numbered(1)).json()
    problem = api.post(f"/orders/{taken['order_id']}/signature").json()

    assert problem["code"] == "states.move_not_allowed"
    assert api.client.get(problem["type"]).json()["code"] == problem["code"]
    assert codes()[problem["code"]] == problem["status"] == 409
