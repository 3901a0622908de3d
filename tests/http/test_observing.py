"""Request ids, headers, and a log that knows no personal data."""

import json
import logging
import threading

import pytest
import structlog
from litestar.testing import TestClient
from tests.http.routes import ABSENT
from tests.http.world import Caller, World, numbered, serving

from oms_adapters.http.app import HttpOptions, create_app

CANARY = {
    "receiver_name": "金丝雀",
    "receiver_mobile": "10000007777",
    "receiver_address": "金丝雀路七号",
    "buyer_message": "电话 10000007777 金丝雀",
    "buyer_nick": "金丝雀昵称",
}
PERSONAL = ("金丝雀", "10000007777", "路七号")


def test_a_request_goes_by_the_id_that_it_came_with(api, world):
    answer = api.get("/orders", headers={"X-Request-Id": "ticket-7.A_b"})

    assert answer.headers["x-request-id"] == "ticket-7.A_b"
    assert world.log.lines[-1]["request_id"] == "ticket-7.A_b"


@pytest.mark.parametrize("sent", [None, "", "a b", "x" * 101, "a\tb", "é", '"', "a/b", "\x7f"])
def test_otherwise_it_gets_one(api, sent):
    headers = {"X-Request-Id": sent.encode("latin-1")} if sent is not None else {}
    given = [api.get("/orders", headers=headers).headers["x-request-id"] for _ in range(2)]

    assert len(set(given)) == 2
    assert all(len(each) == 32 for each in given)


@pytest.mark.parametrize(
    "path", ["/orders", f"/orders/{ABSENT}", "/nowhere", "/orders?limit=0", "/health", "/schema/x"]
)
def test_every_answer_has_its_headers(api, path):
    headers = api.get(path).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["x-request-id"]
    assert "server" not in headers


def test_each_request_is_one_line(api, world):
    world.log.lines.clear()
    api.get("/orders?platform_order_no=SECRET-NO")
    api.get("/nowhere/SECRET-PATH")
    api.post("/shops/tb-1/platform-orders", numbered(1, **CANARY))
    api.client.get("/api/v1/orders")

    lines = world.log.lines

    assert [(line["event"], line["method"], line["path"], line["status"], line["shop"]) for line in lines] == [
        ("request", "GET", "/api/v1/orders", 200, ""),
        ("request", "GET", "(none)", 404, ""),
        ("request", "POST", "/api/v1/shops/{shop}/platform-orders", 201, "tb-1"),
        ("request", "GET", "/api/v1/orders", 401, ""),
    ]
    assert all(set(line) == set(lines[0]) for line in lines)
    assert all(line["duration_ms"] >= 0 for line in lines)
    assert [line["client"][:4] for line in lines] == ["key:", "", "key:", ""]
    assert "SECRET" not in str(lines)


def test_the_log_is_json_and_no_value_makes_a_second_line(capsys):
    logger = structlog.wrap_logger(
        structlog.PrintLogger(),
        processors=[structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.BoundLogger,  # whatever another test has configured
    )
    world = World()
    world.add_shop()
    provided = {name: (lambda value=value: value) for name, value in world.services.items()}

    with TestClient(create_app(provided, options=HttpOptions(log=logger))) as client:
        Caller(client, world.key()).post("/shops/tb-1%0a%22/platform-orders", [], headers={"X-Request-Id": "a"})
        Caller(client, world.key()).get("/orders")

    lines = capsys.readouterr().out.splitlines()

    assert [json.loads(line)["event"] for line in lines] == ["request", "request"]


def test_personal_data_are_in_no_log_no_list_and_no_problem(world, api, caplog):
    caplog.set_level(logging.DEBUG)
    world.log.lines.clear()
    texts = [api.post("/shops/tb-1/platform-orders", [numbered(n, **CANARY) for n in range(20)]).text]
    spoilt = (
        {"payment": "10000007777金丝雀"},
        {"receiver_name": "金丝雀" * 100},
        {"status": "金丝雀"},
        {"orders": {"order": ["金丝雀"]}},
        {"modified": "10000007777"},
    )
    for change in spoilt:
        texts.append(api.post("/shops/tb-1/platform-orders", numbered(99, **CANARY | change)).text)
    rows = api.get("/orders?limit=200").json()["items"]
    texts.append(api.post("/orders/search", {"phone": "10000007777"}, once=None).text)
    texts += [api.get(f"/orders/{row['id']}").text for row in rows]
    texts += [api.get("/orders").text, api.get("/platform-orders").text]
    answered = [text for text in texts if any(each in text.replace("金**", "") for each in PERSONAL[1:])]

    assert len(rows) == 20
    assert [line for line in world.log.lines if line["event"] != "request"] == []
    assert not [each for each in PERSONAL if each in str(world.log.lines) + caplog.text]
    assert answered == []


def test_a_bug_in_the_middle_of_personal_data_logs_no_body(world):
    class Broken:
        def digest(self, *args):
            raise RuntimeError("broken")

    world.overrides["sealer"] = Broken()
    with serving(world) as client:
        answer = Caller(client, world.key()).post("/orders/search", {"phone": "10000007777"}, once=None)

    assert answer.status_code == 500
    assert "10000007777" not in answer.text + str(world.log.lines)


def test_threads_are_bounded(world, client):
    for _ in range(5):
        Caller(client, world.key()).get("/orders")

    assert len([thread for thread in threading.enumerate() if thread.name.startswith("http")]) <= 2


def test_all_that_is_needed_must_be_provided(world):
    with pytest.raises(TypeError, match="desk"):
        create_app({}, options=HttpOptions())
