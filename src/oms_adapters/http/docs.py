"""The description of the API (OpenAPI 3.1), and a page to read and try it that needs no internet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec
from litestar import Controller, Litestar, Request, Response, Router, get
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme, Tag

from oms_adapters.http.auth import CHANGES, PERMISSION, PUBLIC
from oms_adapters.http.bodies import Body
from oms_adapters.http.problems import Problem

FILES: Final = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "docs.js": "text/javascript",
    "docs.css": "text/css",
    "swagger-ui.LICENSE.txt": "text/plain",
}
PAGE_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; "
        "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
    ),
    "Cache-Control": "public, max-age=3600",
}
"""Scripts only from files of ours. Swagger UI sets styles on its elements, so those are let through."""

DESCRIPTION: Final = """\
Every `POST` that changes something is asked under an `Idempotency-Key`: asked again with the same body, it answers the
same and does nothing. Refusals are `application/problem+json` with a stable `code`; what a code means stands at
`/problems/{code}`. Lists are pages; `next_cursor` leads on.
"""
IDEMPOTENCY_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "1 to 200 printable ASCII characters, one per ask; kept for a repeat",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]([ -~]*[!-~])?$"},
}
TAGS: Final = ("Orders", "Order commands", "Platform orders", "Shops", "Stock", "Stock documents")
PAYLOAD: Final = {"type": "object", "description": "an order as the platform sends it"}
_GENERIC: Final = re.compile(rb"(Page|PutRows?)_[\w.]+\.(\w+?)View_")
RAW_BODIES: Final = {
    "takeIn": {"oneOf": [PAYLOAD, {"type": "array", "items": PAYLOAD, "minItems": 1, "maxItems": 500}]}
}
"""JSON that is taken as bytes, by operation."""
FILES_SENT: Final = frozenset({"keepEvidence", "addCaseEvidence"})
"""Operations whose body is a file."""


def openapi_config(version: str) -> OpenAPIConfig:
    return OpenAPIConfig(
        title="OMS",
        version=version,
        description=DESCRIPTION,
        openapi_router=Router("/schema", route_handlers=[], opt=PUBLIC, include_in_schema=False),
        render_plugins=[_Rendered(path="/openapi.json")],
        use_handler_docstrings=True,
        components=Components(
            security_schemes={"key": SecurityScheme(type="http", scheme="bearer", description="an API key, `oms_…`")}
        ),
        tags=[
            Tag(name=name)
            for name in ("Orders", "Order commands", "Platform orders", "Shops", "Stock", "Stock documents")
        ],
    )


class _Rendered(JsonRenderPlugin):
    """The schema with what the framework cannot know of it."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return msgspec.json.encode(described(request.app))


def described(app: Litestar) -> dict[str, Any]:
    """Return the schema of the app's routes, closed bodies, problems, keys and permissions told."""
    text = msgspec.json.encode(app.openapi_schema.to_schema())
    schema: dict[str, Any] = msgspec.json.decode(_GENERIC.sub(rb"\1Of\2", text))
    components = schema.setdefault("components", {}).setdefault("schemas", {})
    _, problem = msgspec.json.schema_components([Problem], ref_template="#/components/schemas/{name}")
    components.update(problem)
    for name in _closed(Body):
        if name in components:
            components[name]["additionalProperties"] = False
    handlers = {handler.operation_id: handler for handler in _handlers(app)}
    for path in schema["paths"].values():
        for operation in path.values():
            _describe(operation, handlers[operation["operationId"]])
    return schema


def _describe(operation: dict[str, Any], handler: HTTPRouteHandler) -> None:
    refused = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    operation["responses"].pop("400", None)
    operation["responses"]["default"] = {"description": "Refused; `code` says why", "content": refused}
    permission = handler.opt.get(PERMISSION)
    summary, _, rest = operation.pop("description", handler.summary or "").partition("\n")
    operation["summary"] = handler.summary or summary.rstrip(".")
    needs = f"Needs `{permission}`." if permission else ""
    operation["description"] = "\n\n".join(part for part in (rest.strip(), needs) if part)
    operation["security"] = [{"key": []}] if permission else []
    if handler.opt.get(CHANGES):
        operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
    if handler.operation_id in RAW_BODIES:
        content = {"application/json": {"schema": RAW_BODIES[handler.operation_id]}}
        operation["requestBody"] = {"required": True, "content": content}
        operation["responses"]["201"] = {**operation["responses"]["200"], "description": "New: one order was taken in"}
    if handler.operation_id in FILES_SENT:
        file = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
        operation["requestBody"] = {"required": True, "content": file}


def _handlers(app: Litestar) -> Iterator[HTTPRouteHandler]:
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if isinstance(handler, HTTPRouteHandler):
                yield handler


def _closed(kind: type[Any]) -> Iterator[str]:
    for each in kind.__subclasses__():
        yield each.__name__
        yield from _closed(each)


@cache
def _file(name: str) -> bytes:
    return files(__package__).joinpath("static", name).read_bytes()


class DocsController(Controller):
    """The page."""

    path = "/docs"
    include_in_schema = False

    @get("/", opt=PUBLIC, sync_to_thread=False)
    def page(self) -> Response[bytes]:
        return Response(content=_file("docs.html"), media_type="text/html", headers=PAGE_HEADERS)

    @get([f"/{name}" for name in FILES], opt=PUBLIC, sync_to_thread=False)
    def file(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        name = request.scope["path"].rpartition("/")[2]
        return Response(content=_file(name), media_type=FILES[name], headers=PAGE_HEADERS)
