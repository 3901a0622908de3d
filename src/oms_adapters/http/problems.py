"""Refusals → ``application/problem+json``: one table of status codes, one form of body."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, TypeAlias

import msgspec
from attrs import frozen
from litestar import Controller, Request, Response, get
from litestar.exceptions import HTTPException, ValidationException
from litestar.params import FromPath

from oms_adapters.http import refusals as r
from oms_adapters.http.auth import PUBLIC
from oms_adapters.http.idempotency import parameter_name
from oms_adapters.http.languages import language_of
from oms_adapters.http.observing import request_id_of
from oms_adapters.http.views import View, plain
from oms_adapters.texts.catalogue import LANGUAGES, catalogue, detail, title
from oms_app.access import NotAuthenticated
from oms_app.actor import KeyReused
from oms_app.ports import channels
from oms_app.ports.transaction import Contended, LeaseLost, StoreRefusedData, StoreUnavailable, VersionIsNot
from oms_domain.kernel.errors import Denied, Invalid, NotFound, OmsError, Refused

AnyRequest: TypeAlias = Request[Any, Any, Any]

STATUS: Final[Mapping[type[OmsError], int]] = {
    r.Malformed: 400,
    r.BadRequest: 400,
    r.IdempotencyKeyMissing: 400,
    r.IdempotencyKeyInvalid: 400,
    NotAuthenticated: 401,
    Denied: 403,
    NotFound: 404,
    r.NoSuchRoute: 404,
    r.MethodNotAllowed: 405,
    Refused: 409,
    channels.AuthorisationExpired: 409,
    channels.PlatformRefused: 409,
    VersionIsNot: 412,
    r.WeakETag: 412,
    r.BodyTooLarge: 413,
    r.UnsupportedMediaType: 415,
    r.IfMatchMissing: 428,
    r.VersionMissing: 428,
    Invalid: 422,
    KeyReused: 422,
    StoreRefusedData: 422,
    Contended: 503,
    LeaseLost: 503,
    StoreUnavailable: 503,
    channels.RetryLater: 503,
    channels.RateLimited: 503,
    r.NotReady: 503,
    OmsError: 500,
}
"""The nearest class above a refusal decides. What is not told here is a bug."""

RETRY_AFTER_S: Final[Mapping[type[OmsError], int]] = {Contended: 1, LeaseLost: 1, StoreUnavailable: 5, r.NotReady: 5}

SPEAKS: Final = (Invalid, NotFound, Refused, Denied, r.Malformed)
"""Kinds whose facts are the caller's business. The others' are for the log."""

_LITESTAR: Final[Mapping[int, Callable[[], OmsError]]] = {
    400: r.BadRequest,
    401: NotAuthenticated,
    404: r.NoSuchRoute,
    405: r.MethodNotAllowed,
    413: r.BodyTooLarge,
    415: r.UnsupportedMediaType,
}


class FieldProblem(View):
    """What is wrong with one field."""

    field: str
    code: str
    detail: str


class Problem(View):
    """Why a request was refused (RFC 9457). ``type`` and ``code`` never change."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[FieldProblem] = []  # noqa: RUF012  (copied by msgspec)
    fields: dict[str, Any] = {}  # noqa: RUF012


class ProblemTexts(View):
    """What a code means."""

    code: str
    status: int
    title: dict[str, str]


@frozen
class Told:
    """A refusal as the edge shows it, whole or for one row of a batch."""

    code: str
    status: int
    fields: dict[str, Any]

    @classmethod
    def of(cls, refusal: OmsError) -> Told:
        speaks = isinstance(refusal, SPEAKS) and not isinstance(refusal, r.Failure)
        return cls(refusal.code, status_of(type(refusal)), plain(refusal.fields()) if speaks else {})

    def text(self, language: str) -> str:
        return detail(self.code, self.fields, language)


def status_of(kind: type[OmsError]) -> int:
    """Return the status of a kind of refusal: its own, or that of the nearest class above it."""
    return next(STATUS[each] for each in kind.__mro__ if each in STATUS)


def on_refusal(request: AnyRequest, refusal: OmsError) -> Response[Any]:
    """Answer a refusal; one that is a bug is logged."""
    if status_of(type(refusal)) >= 500:
        # Its facts may tell of our insides, and are for the log alone.
        request.app.state.log.error("refused", request_id=request_id_of(request.scope), refusal=str(refusal))
    return answer(request, [refusal])


def on_http_exception(request: AnyRequest, error: HTTPException) -> Response[Any]:
    """Answer what Litestar refuses in the words of our table."""
    if isinstance(error, ValidationException):
        return answer(request, _of_validation(request, error))
    if error.status_code not in _LITESTAR:
        return on_failure(request, error)
    return answer(request, [_LITESTAR[error.status_code]()], dict(error.headers or {}))


def on_failure(request: AnyRequest, error: Exception) -> Response[Any]:
    """Answer a bug with the request's id and nothing else; the log has the rest."""
    request.app.state.log.error("failure", request_id=request_id_of(request.scope), exc_info=error)
    return answer(request, [r.Failure()])


def answer(request: AnyRequest, found: list[OmsError], headers: dict[str, str] | None = None) -> Response[Any]:
    """Return the problem; the first refusal gives its name, each one with a field is listed."""
    first, language = found[0], language_of(request.headers.get("accept-language", ""))
    told = Told.of(first)
    problem = Problem(
        type=f"/problems/{told.code}",
        title=title(told.code, language),
        status=told.status,
        detail=told.text(language),
        code=told.code,
        errors=[_field_problem(each, language) for each in found if isinstance(each, Invalid)],
        fields=told.fields,
        request_id=request_id_of(request.scope),
    )
    return Response(
        content=msgspec.json.encode(problem),
        status_code=told.status,
        media_type="application/problem+json",
        headers={**(headers or {}), **_headers_of(first), "Content-Language": language, "Vary": "Accept-Language"},
    )


def _field_problem(refusal: Invalid, language: str) -> FieldProblem:
    told = Told.of(refusal)
    return FieldProblem(field=str(told.fields["field"]), code=told.code, detail=told.text(language))


def _headers_of(refusal: OmsError) -> dict[str, str]:
    if isinstance(refusal, NotAuthenticated):
        return {"WWW-Authenticate": "Bearer"}
    if isinstance(refusal, channels.RetryLater | channels.RateLimited):
        return {"Retry-After": str(refusal.after_s)}
    seconds = next((RETRY_AFTER_S[each] for each in type(refusal).__mro__ if each in RETRY_AFTER_S), 0)
    return {"Retry-After": str(seconds)} if seconds else {}


def _of_validation(request: AnyRequest, error: ValidationException) -> list[OmsError]:
    """Litestar lists what is wrong with parameters, by our names for them; of a body it only says if there is none."""
    found: list[OmsError] = []
    callers = {
        field.name: parameter_name(field) for field in request.route_handler.parsed_fn_signature.parameters.values()
    }
    faults = error.extra if isinstance(error.extra, list) else []
    for fault in faults:
        name, why = str(fault.get("key", "")), str(fault.get("message", ""))
        if name != "data":
            found.append(r.ParameterInvalid(field=callers.get(name, name), why=why))
    return found or [r.FieldInvalid(field="", why="missing")]


@cache
def codes() -> Mapping[str, int]:
    """Return every published code with its status."""
    found: dict[str, int] = {}
    kinds: list[type[OmsError]] = [OmsError]
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        found.setdefault(kind.code, status_of(kind))
    return found


class ProblemsController(Controller):
    """What the codes mean, for people who follow a problem's ``type``."""

    path = "/problems"
    tags = ("Problems",)

    @get("/{code:str}", operation_id="explainProblem", opt=PUBLIC, sync_to_thread=False)
    def explain(self, code: FromPath[str]) -> ProblemTexts:
        """Explain a problem's code."""
        if code not in codes() or code not in catalogue(LANGUAGES[0])["problems"]:
            raise r.NoSuchProblem
        return ProblemTexts(
            code=code, status=codes()[code], title={language: title(code, language) for language in LANGUAGES}
        )


HANDLERS: Final[Mapping[Any, Any]] = {
    OmsError: on_refusal,
    HTTPException: on_http_exception,
    Exception: on_failure,
}
