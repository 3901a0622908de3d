"""The API described: complete, closed, and readable without the internet."""

import os
import re
from pathlib import Path

import pytest
from tests.http.routes import CALLS, handlers
from tests.http.world import API

from oms_adapters.http.auth import CHANGES
from oms_adapters.http.docs import FILES, FILES_SENT


@pytest.fixture(scope="module")
def schema(quiet):
    answer = quiet.client.get("/schema/openapi.json")
    assert answer.status_code == 200
    return answer.json()


def operations(schema) -> dict[str, dict]:
    return {operation["operationId"]: operation for path in schema["paths"].values() for operation in path.values()}


PUSHED = {"takeQimen", "takeKuaidi100"}
"""What others push to us in a form of theirs, signed: no part of our API."""

DESCRIBED = [call for call in CALLS if call.operation not in PUSHED]


def test_every_route_is_described(schema):
    assert set(operations(schema)) == {call.operation for call in DESCRIBED}
    assert {path for path in schema["paths"] if not path.startswith(API)} == {"/health", "/ready", "/problems/{code}"}


def test_bodies_are_closed(schema, world):
    bodies = [
        operation["requestBody"]["content"]["application/json"]["schema"]
        for name, operation in operations(schema).items()
        if "requestBody" in operation and name not in ("takeIn", *FILES_SENT)
    ]
    named = {name for body in bodies for name in re.findall(r"#/components/schemas/(\w+)", str(body))}

    assert named >= {"ReasonBody", "ReasonForMany", "Search", "ShopBody", "ReceiptBody", "Purpose", "Nothing"}
    assert all(schema["components"]["schemas"][name]["additionalProperties"] is False for name in named)
    assert schema["components"]["schemas"]["PolicyBody"]["additionalProperties"] is False
    assert schema["components"]["schemas"]["MoneyBody"]["additionalProperties"] is False
    routes = {handler.operation_id for handler in handlers(world.app()) if handler.operation_id}
    assert routes - PUSHED == set(operations(schema))


def test_a_key_is_asked_for_wherever_something_changes(schema, world):
    changing = {handler.operation_id for handler in handlers(world.app()) if handler.opt.get(CHANGES)}
    asked = {
        name
        for name, operation in operations(schema).items()
        if any(parameter["name"] == "Idempotency-Key" for parameter in operation.get("parameters", ()))
    }

    assert asked == changing


def test_refusals_and_permissions_are_described(schema):
    for call in DESCRIBED:
        operation = operations(schema)[call.operation]
        assert operation["responses"]["default"]["content"]["application/problem+json"]
        assert "400" not in operation["responses"]
        assert operation["security"] == ([{"key": []}] if call.permission else [])
        assert (f"Needs `{call.permission}`." in operation["description"]) == bool(call.permission)
        assert operation["summary"]
    assert set(schema["components"]["schemas"]["Problem"]["properties"]) >= {"type", "code", "errors", "request_id"}


def test_references_lead_somewhere(schema):
    missing = {
        name
        for name in re.findall(r"#/components/schemas/([^'\"]+)", str(schema))
        if name not in schema["components"]["schemas"]
    }

    assert missing == set()


def test_pages_are_named_after_what_they_hold(schema):
    assert {name for name in schema["components"]["schemas"] if name.startswith("Page")} == {
        "PageOfAsk",
        "PageOfBatch",
        "PageOfBatchRow",
        "PageOfBundle",
        "PageOfCarrier",
        "PageOfCase",
        "PageOfDifference",
        "PageOfLedger",
        "PageOfLevel",
        "PageOfMapping",
        "PageOfOrderRow",
        "PageOfOpenJob",
        "PageOfParkedJob",
        "PageOfPlatformOrderRow",
        "PageOfEntry",
        "PageOfKeptRule",
        "PageOfRule",
        "PageOfTemplate",
        "PageOfRefund",
        "PageOfReturn",
        "PageOfShop",
        "PageOfSku",
        "PageOfStockDifference",
        "PageOfStockDocument",
        "PageOfStrategy",
        "PageOfTicket",
        "PageOfTrace",
        "PageOfWarehouse",
        "PageOfWmsAccount",
        "PageOfWmsReport",
        "PageOfUnmapped",
        "PageOfTimer",
        "PageOfWaitingOrder",
    }


def test_rows_that_were_put_are_named_after_what_they_hold(schema):
    assert {name for name in schema["components"]["schemas"] if name.startswith("PutRow")} == {
        f"{many}Of{what}"
        for many in ("PutRow", "PutRows")
        for what in (
            "Bundle",
            "Edit",
            "Mapping",
            "Sku",
            "Split",
            "Rule",
            "Entries",
            "NewOrder",
            "Merged",
            "OrderAnswer",
        )
    }


def test_bounds_are_described(schema):
    receipt = schema["components"]["schemas"]["ReceiptBody"]["properties"]

    assert (receipt["quantity"]["minimum"], receipt["quantity"]["maximum"]) == (1, 10**6)
    assert (receipt["sku"]["minLength"], receipt["sku"]["maxLength"]) == (1, 64)


def test_the_page_needs_nothing_from_outside(quiet):
    page = quiet.client.get("/docs")
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=|javascript:|https?://", page.text)
    assert "script-src" not in page.headers["content-security-policy"]  # so default-src 'self' holds for scripts
    assert page.headers["content-security-policy"].startswith("default-src 'self';")
    for path in loaded:
        if path.startswith("/"):
            assert quiet.client.get(path).status_code == 200, path
    assert {path.rpartition("/")[2] for path in loaded if path.startswith("/docs")} < set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_the_page(quiet, name):
    answer = quiet.client.get(f"/docs/{name}")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == f"{FILES[name]}; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert len(answer.content) > 10


@pytest.mark.parametrize(
    "path", ["/docs/x.js", "/docs/docs.html", "/docs/%2e%2e/app.py", "/docs/../app.py", "/schema/x"]
)
def test_no_other_file_is_served(quiet, path):
    answer = quiet.client.get(path)

    assert answer.status_code == 404
    assert "import" not in answer.text


# --- the page in docs/ -----------------------------------------------------------------------------------------------

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "http.md"
ROUTES = re.compile(r"(<!-- routes -->\n).*?(<!-- end -->)", re.DOTALL)


def routes(schema) -> str:
    """Return the table of all routes."""
    permissions = {call.operation: call.permission for call in CALLS}
    lines = ["| route | does | needs |", "|---|---|---|"]
    for path, methods in sorted(schema["paths"].items()):
        for method, operation in sorted(methods.items()):
            needs = permissions[operation["operationId"]]
            lines.append(f"| `{method.upper()} {path}` | {operation['summary']} | {f'`{needs}`' if needs else ''} |")
    return "\n".join(lines)


def test_the_reference_has_every_route(schema):
    """``OMS_WRITE_DOCS=1`` writes the table anew."""
    text = PAGE.read_text("utf-8")
    wanted = ROUTES.sub(lambda found: f"{found[1]}{routes(schema)}\n{found[2]}", text)
    if os.environ.get("OMS_WRITE_DOCS"):
        PAGE.write_text(wanted, "utf-8")

    assert text == wanted
