"""The actor of a request, with its promise that equal keys mean the same ask; and the version it expects."""

from __future__ import annotations

import hashlib
import re
from typing import Annotated, Any, Final, TypeAlias
from urllib.parse import parse_qsl

from attrs import evolve
from litestar import Request
from litestar.params import HeaderParameter
from litestar.typing import FieldDefinition

from oms_adapters.http.auth import CHANGES
from oms_adapters.http.observing import request_id_of
from oms_adapters.http.refusals import (
    IdempotencyKeyInvalid,
    IdempotencyKeyMissing,
    IfMatchInvalid,
    IfMatchMissing,
    ParameterInvalid,
    UnknownParameter,
    WeakETag,
)
from oms_adapters.http.views import plain
from oms_app.actor import Actor, Once

IfMatch: TypeAlias = Annotated[
    str | None, HeaderParameter(name="If-Match", description="the ETag that came with it: refuse if it has changed")
]

_KEY: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,198}[\x21-\x7e])?", re.ASCII)
_ETAG: Final = re.compile(r'"(\d{1,9})(?:[.-][0-9.-]{1,40})?"', re.ASCII)


async def acting(request: Request[Actor, Any, Any]) -> Actor:
    """Return who acts in this request.

    Raises:
        IdempotencyKeyMissing, IdempotencyKeyInvalid: what changes something is asked under a key.
        UnknownParameter: nobody would read it.
    """
    check_parameters(request)
    actor = evolve(request.user, request_id=request_id_of(request.scope))
    if not request.route_handler.opt.get(CHANGES):
        return actor
    key = request.headers.get("idempotency-key")
    if not key:
        raise IdempotencyKeyMissing
    if not _KEY.fullmatch(key):
        raise IdempotencyKeyInvalid
    digest = hashlib.sha256(f"{request.method}\n{request.scope['path']}\n".encode("utf-8", "surrogateescape"))
    digest.update(await request.body())
    return evolve(actor, once=Once(client=actor.id, key=key, digest=digest.hexdigest()))


def check_parameters(request: Request[Any, Any, Any]) -> None:
    """Raises ``UnknownParameter``; ``ParameterInvalid`` if one of which there is one comes twice, or is no UTF-8."""
    if not request.scope["query_string"]:
        return
    text = request.scope["query_string"].decode("latin-1")
    for name, value in parse_qsl(text, keep_blank_values=True, errors="surrogateescape"):
        if any("\udc80" <= letter <= "\udcff" for letter in name + value):
            raise ParameterInvalid(field=plain(name), why="not_utf8")
    fields = request.route_handler.parsed_fn_signature.parameters.values()
    known = {
        parameter_name(field): field
        for field in fields
        if not field.is_di_field and parameter_name(field) not in request.path_params
    }
    for name in request.query_params:
        if name not in known:
            raise UnknownParameter(field=name)
        if len(request.query_params.getall(name)) > 1 and not _is_list(known[name]):
            raise ParameterInvalid(field=name, why="repeated")


def _is_list(field: FieldDefinition) -> bool:
    return any(each.is_non_string_collection for each in (field, *field.inner_types))


def parameter_name(field: FieldDefinition) -> str:
    """Return what a caller writes for a parameter."""
    return getattr(field.kwarg_definition, "name", None) or field.name


def version_of_edit(if_match: str | None) -> int | None:
    """As ``expected_version``, for an edit, where the header must be there. Raises ``IfMatchMissing`` besides."""
    if if_match is None:
        raise IfMatchMissing
    return expected_version(if_match)


def expected_version(if_match: str | None) -> int | None:
    """Return the version that ``If-Match`` names, None where any will do.

    Raises:
        IfMatchInvalid: it is no ETag of ours.
        WeakETag: it never matches.

    >>> expected_version('"7"'), expected_version('"7-1.3"'), expected_version("*"), expected_version(None)
    (7, 7, None, None)
    """
    if if_match is None or if_match.strip() == "*":
        return None
    text = if_match.strip()
    if text.startswith("W/") and _ETAG.fullmatch(text[2:]):
        raise WeakETag
    found = _ETAG.fullmatch(text)
    if found is None:
        raise IfMatchInvalid
    return int(found[1])
