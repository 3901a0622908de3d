"""Who may call what: every route is shut unless it says what it needs, and another's shop does not exist."""

import re

import pytest
from litestar.testing import TestClient
from tests.http.routes import CALLS, GUARDED, filled, handlers
from tests.http.world import Caller, World, numbered, payload, serving

from oms_adapters.http.auth import CHANGES, PERMISSION
from oms_app.actor import EVERYTHING, Permission

each_call = pytest.mark.parametrize("call", CALLS, ids=lambda call: call.operation)
each_guarded_call = pytest.mark.parametrize("call", GUARDED, ids=lambda call: call.operation)

FORGED = (
    None,
    "",
    "Bearer",
    "Bearer ",
    "Basic b21zOm9tcw==",
    "Bearer oms_000000000000_x",
    "Bearer oms__",
    "Bearer x",
    "Bearer " + "x" * 10_000,
    "Bearer oms_\x00_x",
    "Bearer ömß",
    "oms_a_b",
)


@pytest.fixture(scope="module")
def shops_of_two():
    """A world with an order and an exception in shop tb-1, a key for it, and one for tb-2 only."""
    world = World()
    world.add_shop("tb-1")
    other = world.add_shop("tb-2")
    with serving(world) as client:
        owner = Caller(client, world.key())
        taken = owner.post("/shops/tb-1/platform-orders", numbered(1, receiver_mobile="10000000001")).json()
        owner.post("/shops/tb-1/platform-orders", numbered(2, payment="1.00"))
        owner.post("/stock/receipts", {"sku": "SPU4-U", "warehouse": "MAIN", "quantity": 5})
        ids = {name: taken[name] for name in ("order_id", "platform_order_id")}
        yield world, client, ids, Caller(client, world.key(shops=frozenset({other.id})))


def call_of(caller: Caller, call, ids=None, **kwargs):
    path, body = filled(call.path, ids or {}), filled(call.body, ids or {})
    if call.method == "GET":
        return caller.get(path, **kwargs)
    return caller.post(path, body, method=call.method, **kwargs)


def test_every_route_is_known_here_and_says_what_it_needs(world):
    found = {
        handler.operation_id: (handler.opt.get(PERMISSION, "undeclared"), handler.opt.get(CHANGES))
        for handler in handlers(world.app())
        if handler.operation_id
    }
    rest = [
        route_handler.fn.__qualname__
        for route_handler in handlers(world.app())
        if not route_handler.operation_id and route_handler.opt.get(PERMISSION, "undeclared") is not None
    ]

    assert found == {call.operation: (call.permission, call.changes) for call in CALLS}
    assert rest == []  # without a name only what anybody may see: the page and the schema


def test_a_post_changes_something_or_says_that_it_does_not(world):
    undecided = [
        handler.operation_id
        for handler in handlers(world.app())
        if "POST" in handler.http_methods and not isinstance(handler.opt.get(CHANGES), bool)
    ]
    reading = {call.operation for call in CALLS if call.method == "POST" and not call.changes}

    assert undecided == []
    plans = {
        "planSplitOfOrder",
        "planMergeOfOrders",
        "planEditOfOrder",
        "planOrder",
        "explainRefundable",
        "previewDueDates",
        "tryRules",
    }
    plans |= {"recogniseAddress", "planReturnReceiptOfOrder", "planLossOfOrder"}
    assert reading == {"searchOrders", "openPersonalData", "tryStrategy", "takeQimen", "takeKuaidi100"} | plans


def test_a_route_that_declares_nothing_is_shut(world):
    app = world.app()
    handler = next(each for each in handlers(app) if each.operation_id == "listOrders")
    handler.opt.pop(PERMISSION)
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = Caller(client, world.key()).get("/orders")

    assert (answer.status_code, answer.json()["code"]) == (403, "auth.denied")


@each_guarded_call
def test_nothing_is_answered_without_a_key(shops_of_two, call):
    world, client, ids, _ = shops_of_two
    before = world.stored()

    answer = call_of(Caller(client, ""), call, ids)

    assert (answer.status_code, answer.json()["code"]) == (401, "auth.not_authenticated")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert world.stored() == before


def test_no_key_a_wrong_one_and_a_revoked_one_answer_alike(world, client):
    revoked = world.key()
    world.store.keys.revoke(world.store.keys.all()[-1].id, at=world.now)
    almost = world.key()[:-1] + "!"
    bodies = set()
    for text in (*FORGED, f"Bearer {revoked}", f"Bearer {almost}"):
        headers = {"X-Request-Id": "same"} | ({"Authorization": text.encode("latin-1")} if text is not None else {})
        answer = client.get("/api/v1/orders", headers=headers)
        assert answer.status_code == 401
        bodies.add(answer.content)

    assert len(bodies) == 1


def test_the_scheme_of_a_key_is_read_in_any_case(world, client):
    answer = client.get("/api/v1/orders", headers={"Authorization": f"bEARER {world.key()}"})

    assert answer.status_code == 200


@each_guarded_call
def test_every_other_permission_together_does_not_help(shops_of_two, call):
    world, client, ids, _ = shops_of_two
    before = world.stored()
    caller = Caller(client, world.key(*(EVERYTHING - {call.permission, Permission.ADMIN})))

    answer = call_of(caller, call, ids)

    assert (answer.status_code, answer.json()["code"]) == (403, "auth.denied")
    assert answer.json()["fields"] == {"permission": call.permission}
    assert world.stored() == before


@each_guarded_call
def test_the_one_permission_is_enough(call):
    world = World()
    world.add_shop()
    with serving(world) as client:
        taken = Caller(client, world.key()).post("/shops/tb-1/platform-orders", numbered(1)).json()
        ids = {name: taken[name] for name in ("order_id", "platform_order_id")}
        answer = call_of(Caller(client, world.key(call.permission)), call, ids)

    assert answer.status_code not in (401, 403)
    assert answer.status_code < 500


@pytest.mark.parametrize("call", [call for call in GUARDED if call.scoped is not None], ids=lambda c: c.operation)
def test_another_shops_documents_do_not_exist(shops_of_two, call):
    world, _, ids, stranger = shops_of_two
    before = world.stored()

    answer = call_of(stranger, call, ids)

    assert answer.status_code == call.scoped
    assert foreign(answer.text, ids) == set(), answer.text
    assert world.stored() == before


def foreign(text: str, ids: dict[str, str]) -> set[str]:
    """Return what of shop tb-1 an answer shows; ids that the caller named may come back."""
    shown = set(re.findall(r"9100000000000\d{6}|S\d{8}-\d{6}|P\d{8}-\d{6}|测\*\*|SPU4-U|143\.00", text))
    counted = {f"count {number}" for number in re.findall(r'"count":([1-9]\d*)', text)}
    return shown | counted


def test_a_batch_over_another_shops_orders_finds_none(shops_of_two):
    _, _, ids, stranger = shops_of_two

    (row,) = stranger.post("/orders/cancellations", {"ids": [ids["order_id"]]}).json()["rows"]

    assert (row["outcome"], row["code"], row["order"]) == ("refused", "orders.not_found", None)


def test_lists_hold_only_the_keys_own_shops(shops_of_two):
    _, _, _, stranger = shops_of_two
    stranger.post("/shops/tb-2/platform-orders", payload())

    assert [shop["code"] for shop in stranger.get("/shops").json()["items"]] == ["tb-2"]
    assert len(stranger.get("/orders").json()["items"]) == 1
    assert stranger.get("/orders?shop=tb-1").status_code == 404
    assert stranger.get("/orders?platform_order_no=9100000000000100001").json()["items"] == []


def test_a_shop_that_another_key_named_stays_hidden(shops_of_two):
    world, client, _, stranger = shops_of_two
    Caller(client, world.key()).get("/orders?shop=tb-1")

    hidden = stranger.get("/orders?shop=tb-1").json()
    absent = stranger.get("/orders?shop=tb-7").json()

    assert hidden | {"request_id": "", "detail": "", "fields": {}} == absent | {
        "request_id": "",
        "detail": "",
        "fields": {},
    }


def test_one_clients_key_is_not_anothers(world, client):
    first, second = Caller(client, world.key()), Caller(client, world.key())

    a = first.post("/stock/receipts", {"sku": "A", "warehouse": "MAIN", "quantity": 1}, once="k")
    b = second.post("/stock/receipts", {"sku": "A", "warehouse": "MAIN", "quantity": 2}, once="k")

    assert (a.status_code, b.status_code) == (201, 201)


def test_what_anybody_may_call_tells_nothing(client):
    assert client.get("/health").json() == {"status": "ok", "version": "test"}
    assert client.get("/ready").json() == {"status": "ready", "version": "test"}


def test_a_server_that_cannot_work_says_so(world, client):
    world.is_alive = False

    answer = client.get("/ready")

    assert (answer.status_code, answer.json()["code"]) == (503, "http.not_ready")
    assert answer.headers["retry-after"] == "5"
    assert client.get("/health").status_code == 200
