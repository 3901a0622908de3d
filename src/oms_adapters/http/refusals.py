"""What the interface itself refuses, before any use case is asked."""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from oms_domain.kernel.errors import Invalid, NotFound, OmsError


@frozen(kw_only=True)
class Malformed(OmsError):
    """The body cannot be read at all. ``why``: not_utf8, not_json, too_deep, duplicate_name, not_an_object …"""

    code: ClassVar[str] = "http.malformed"
    why: str


@frozen(kw_only=True)
class BadRequest(OmsError):
    """The request itself is broken, such as its host or its length."""

    code: ClassVar[str] = "http.bad_request"


@frozen(kw_only=True)
class UnsupportedMediaType(OmsError):
    """Bodies are JSON."""

    code: ClassVar[str] = "http.unsupported_media_type"


@frozen(kw_only=True)
class BodyTooLarge(OmsError):
    """More bytes than are taken in at once."""

    code: ClassVar[str] = "http.body_too_large"


@frozen(kw_only=True)
class NoSuchRoute(OmsError):
    """Nothing answers at this path."""

    code: ClassVar[str] = "http.no_such_route"


@frozen(kw_only=True)
class MethodNotAllowed(OmsError):
    """The path is there, but not for this method."""

    code: ClassVar[str] = "http.method_not_allowed"


@frozen(kw_only=True)
class FieldInvalid(Invalid):
    """A field of the body does not have its type or its limits. ``why`` says what was expected."""

    code: ClassVar[str] = "http.field_invalid"
    why: str


@frozen(kw_only=True)
class UnknownField(Invalid):
    """The body has a field that nobody reads: a misspelt one, or one that is not the caller's to set."""

    code: ClassVar[str] = "http.unknown_field"


@frozen(kw_only=True)
class ParameterInvalid(Invalid):
    """A parameter of the path or the query does not have its type or its limits."""

    code: ClassVar[str] = "http.parameter_invalid"
    why: str


@frozen(kw_only=True)
class UnknownParameter(Invalid):
    """The query has a parameter that nobody reads, so that a misspelt filter does not list everything."""

    code: ClassVar[str] = "http.unknown_parameter"


@frozen(kw_only=True)
class TooManyRows(Invalid):
    """More rows than are answered at once."""

    code: ClassVar[str] = "http.too_many_rows"
    most: int


@frozen(kw_only=True)
class NoRows(Invalid):
    """A batch of nothing."""

    code: ClassVar[str] = "http.no_rows"


@frozen(kw_only=True)
class CursorInvalid(Invalid):
    """The cursor was not given out by us, or for another list."""

    code: ClassVar[str] = "http.cursor_invalid"
    field: str = "cursor"


@frozen(kw_only=True)
class NotSearchable(Invalid):
    """Neither a whole phone number nor its last four digits with a shop."""

    code: ClassVar[str] = "http.not_searchable"


@frozen(kw_only=True)
class IfMatchInvalid(Invalid):
    """``If-Match`` holds one ETag as it was given out, or ``*``."""

    code: ClassVar[str] = "http.if_match_invalid"
    field: str = "If-Match"


@frozen(kw_only=True)
class WeakETag(OmsError):
    """``If-Match`` holds a weak ETag, which by RFC 9110 never matches."""

    code: ClassVar[str] = "http.weak_etag"


@frozen(kw_only=True)
class IfMatchMissing(OmsError):
    """An edit says which version it is of, so that nobody overwrites what he has not seen."""

    code: ClassVar[str] = "http.if_match_missing"


@frozen(kw_only=True)
class VersionMissing(Invalid):
    """A row of edits says which version it is of, or ``*`` that it goes over whatever was done since."""

    code: ClassVar[str] = "http.version_missing"
    field: str = "version"


@frozen(kw_only=True)
class IdempotencyKeyMissing(OmsError):
    """What changes something is asked under a key, so that it can be asked again."""

    code: ClassVar[str] = "http.idempotency_key_missing"


@frozen(kw_only=True)
class IdempotencyKeyInvalid(OmsError):
    """A key is 1 to 200 printable ASCII characters."""

    code: ClassVar[str] = "http.idempotency_key_invalid"


@frozen(kw_only=True)
class NoSuchProblem(NotFound):
    """No problem has this code."""

    code: ClassVar[str] = "http.no_such_problem"


@frozen(kw_only=True)
class NotReady(OmsError):
    """The server runs, but its database does not answer or is not up to date."""

    code: ClassVar[str] = "http.not_ready"


@frozen(kw_only=True)
class Failure(OmsError):
    """A bug of ours; the log has the rest, under the request's id."""

    code: ClassVar[str] = "http.failure"
