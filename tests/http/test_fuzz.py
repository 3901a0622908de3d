"""Whatever is sent, wherever: never a 5xx, and what is refused has stored nothing."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.http.routes import ABSENT, CALLS, filled
from tests.http.world import Caller, World, numbered, payload, serving

from oms_domain.kernel.identity import uuid7
from oms_domain.testing.builders import NOW

TRADE = payload()["trade_fullinfo_get_response"]["trade"]
PUSHED = {"takeQimen", "takeKuaidi100"}  # they answer in the form of those who push; their own tests feed them anything
CODES = [call for call in CALLS if call.method == "POST" and call.operation not in PUSHED]

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["\ud800", "\0", "１２", "-0", "1e5", "99999999999.99", "2026-02-30 00:00:00", "NaN", ABSENT])
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def fuzzed():
    world = World()
    world.add_shop()
    with serving(world) as client:
        yield world, Caller(client, world.key())


def written(value: Any) -> bytes:
    return json.dumps(value).encode()


def fits(answer: Any) -> None:
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        problem = answer.json()
        assert problem["code"] in problem["type"]
        assert problem["detail"]


@settings(suppress_health_check=list(HealthCheck))
@given(
    changes=st.dictionaries(st.sampled_from(sorted(TRADE)), values, max_size=3),
    line=st.dictionaries(st.sampled_from(sorted(TRADE["orders"]["order"][0])), values, max_size=2),
    alone=st.booleans(),
)
def test_a_payload_with_anything_in_it(fuzzed, changes, line, alone):
    world, api = fuzzed
    world.store.tables.answers.clear()
    trade = numbered(len(world.store.tables.orders), **changes)
    orders = trade["trade_fullinfo_get_response"]["trade"].get("orders")
    if isinstance(orders, dict) and isinstance(orders.get("order"), list) and isinstance(orders["order"][0], dict):
        orders["order"][0] |= line
    before = world.stored()

    answer = api.post("/shops/tb-1/platform-orders", written(trade if alone else [trade]))

    fits(answer)
    stored = world.stored() != before
    outcome = answer.json().get("outcome") if alone else answer.json().get("rows", [{}])[0].get("outcome")
    assert stored or outcome in (None, "refused", "unchanged")
    assert not stored or outcome in ("created", "exception", "updated", "unchanged")


@settings(suppress_health_check=list(HealthCheck))
@given(body=st.binary(max_size=60) | values.map(lambda value: json.dumps(value).encode()))
def test_a_body_of_anything_for_the_intake(fuzzed, body):
    _, api = fuzzed

    fits(api.post("/shops/tb-1/platform-orders", body))


@settings(suppress_health_check=list(HealthCheck))
@given(call=st.sampled_from(CODES), data=st.data())
def test_a_body_of_anything_for_every_command(fuzzed, call, data):
    _, api = fuzzed
    names = sorted(call.body) if isinstance(call.body, dict) else []
    fields = st.dictionaries(st.sampled_from([*names, "x"]), values, max_size=3)
    body = data.draw(fields.map(lambda found: {**(call.body or {}), **found}) if names else values)

    answer = api.post(filled(call.path, {"order_id": ABSENT, "platform_order_id": ABSENT}), written(body))

    fits(answer)


@settings(suppress_health_check=list(HealthCheck))
@given(
    path=st.sampled_from(["/orders", "/platform-orders", "/stock", "/discrepancies", "/jobs/parked"]),
    query=st.dictionaries(
        st.sampled_from(
            ["state", "shop", "flagged", "number", "platform_order_no", "updated_after", "cursor", "limit", "total"]
        )
        | st.text(max_size=4),
        st.text(max_size=30)
        | st.sampled_from(
            ["' OR 1=1 --", "1; DROP TABLE sales_order", "%", "_", "\0", "2026-01-01T00:00:00Z", "0", "201"]
        ),
        max_size=3,
    ),
)
def test_a_query_of_anything(fuzzed, path, query):
    _, api = fuzzed

    fits(api.get(path, params=query))


@settings(suppress_health_check=list(HealthCheck))
@given(
    id=st.text(st.characters(exclude_characters="/?#"), max_size=40) | st.uuids(version=None).map(str),
    headers=st.dictionaries(
        st.sampled_from(["If-Match", "If-None-Match", "Accept-Language", "X-Request-Id", "Idempotency-Key", "Accept"]),
        st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=40).map(str.strip),
        max_size=3,
    ),
)
def test_paths_and_headers_of_anything(fuzzed, id, headers):
    _, api = fuzzed
    encoded = {name: value.encode("latin-1") for name, value in headers.items()}

    fits(api.get(f"/orders/{id}" if id.isascii() and id.isprintable() else "/orders/%00", headers=encoded))
    fits(api.post(f"/orders/{uuid7(NOW, 1)}/hold", {"reason": id[:5]}, once=None, headers=encoded))


@pytest.mark.long
@pytest.mark.filterwarnings("default")
@pytest.mark.timeout(1200)
def test_the_description_is_kept_for_whatever_schemathesis_makes_of_it():
    import schemathesis  # here: it takes a second to import, and only this run needs it

    world = World()
    world.add_shop()
    key = world.key()
    with serving(world) as client:
        owner = Caller(client, key)
        owner.take_in(*(numbered(n) for n in range(3)))
        schema = schemathesis.openapi.from_asgi("/schema/openapi.json", world.app())
        skipped = {"unsupported_method", "positive_data_acceptance", "missing_required_header"}
        checks = [
            check
            for check in schemathesis.checks.load_all_checks() or schemathesis.checks.CHECKS.get_all()
            if check.__name__ not in skipped
        ]
        for result in schema.get_all_operations():
            operation = result.ok()
            found: list[str] = []

            @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)
            @given(case=operation.as_strategy(), number=st.integers(0, 10**9))
            def run(case: Any, number: int) -> None:
                case.headers = {**(case.headers or {}), "Authorization": f"Bearer {key}"}
                if "Idempotency-Key" in case.headers:
                    case.headers["Idempotency-Key"] = f"s-{number}"
                case.call_and_validate(checks=checks)

            try:
                run()
            except Exception as failure:
                found.append(f"{operation.label}: {failure}")
            assert found == [], found[0][:3000]
        statuses = {line["status"] for line in world.log.lines if line["event"] == "request"}
        assert statuses >= {200, 201, 404, 422}
