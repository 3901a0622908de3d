"""Reading what callers send: strictly, with the path of whatever is wrong."""

from __future__ import annotations

import json
import re
from typing import Any, Final, NoReturn, TypeVar

import msgspec
from litestar import Request
from litestar.datastructures import State

from oms_adapters.http.refusals import FieldInvalid, Malformed, UnknownField, UnsupportedMediaType
from oms_app.actor import Actor
from oms_domain.kernel.errors import OmsError
from oms_domain.kernel.text import checked_text

B = TypeVar("B")

_UNKNOWN: Final = re.compile(r"unknown field `(?P<field>.*?)`", re.DOTALL)
_MISSING: Final = re.compile(r"missing required field `(?P<field>.*?)`", re.DOTALL)
_PATH: Final = re.compile(r" - at `(?:key in )?\$\.?(?P<path>.*?)`$", re.DOTALL)


class Body(msgspec.Struct, forbid_unknown_fields=True):
    """What a caller sends us. Closed: a field that nobody reads is refused."""


class OmsRequest(Request[Actor, Any, State]):
    """A request whose JSON is read by us, so that numbers stay exact and every fault has its place."""

    async def json(self) -> Any:
        """Return the body as the handler's ``data`` wants it."""
        wanted = self.route_handler.parsed_data_field
        raw = await self.body()
        check_media_type(self)
        return read_body(raw, wanted.annotation if wanted is not None else Any)


def check_media_type(request: Request[Any, Any, Any]) -> None:
    """Raises ``UnsupportedMediaType``, also for a compressed body. No media type at all is taken for JSON."""
    if request.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise UnsupportedMediaType
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in ("", "application/json"):
        raise UnsupportedMediaType


def read_body(raw: bytes, kind: type[B]) -> B:
    """Read a body of ours.

    Raises:
        Malformed: no UTF-8, no JSON, a name twice in an object, nesting too deep.
        UnknownField, FieldInvalid: read, but not what was asked for; ``field`` is its path.
    """
    return as_body(read_json(raw), kind)


def as_body(plain: Any, kind: type[B]) -> B:
    """Take what was read for a body of ours, or for a part of one. Raises ``UnknownField``, ``FieldInvalid``."""
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        raise _refusal(str(error)) from None
    except (UnicodeError, RecursionError):  # a lone surrogate where no text of ours is expected
        raise FieldInvalid(field="", why="surrogate") from None


def read_json(raw: bytes) -> Any:
    """Read JSON by the letter. Raises ``Malformed``."""
    try:
        return json.loads(raw.decode("utf-8"), parse_constant=_no_constant, object_pairs_hook=_no_name_twice)
    except UnicodeDecodeError:
        raise Malformed(why="not_utf8") from None
    except RecursionError:
        raise Malformed(why="too_deep") from None
    except _NameTwice:
        raise Malformed(why="duplicate_name") from None
    except ValueError:  # also an int of thousands of digits
        raise Malformed(why="not_json") from None


def texts_of(values: list[str] | None, *, field: str, longest: int) -> tuple[str, ...]:
    """Return the checked texts of a parameter given several times, or once with commas."""
    parts = [part for value in values or () for part in value.split(",")]
    return tuple(checked_text(part, field=field, longest=longest) for part in parts if part)


def _refusal(message: str) -> OmsError:
    """Read msgspec's words: they are the only place where the path stands."""
    found = _PATH.search(message)
    path = found["path"] if found else ""
    words = message[: found.start()] if found else message
    if unknown := _UNKNOWN.search(words):
        return UnknownField(field=_joined(path, unknown["field"]))
    if missing := _MISSING.search(words):
        return FieldInvalid(field=_joined(path, missing["field"]), why="missing")
    return FieldInvalid(field=path, why=words)


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


class _NameTwice(ValueError):
    pass


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _no_name_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _NameTwice
    return found
