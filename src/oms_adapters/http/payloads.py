"""Cutting a body into the payloads that it holds, byte for byte: what they say is for the platform's adapter."""

from __future__ import annotations

import json
import re
from typing import Final, NoReturn

import msgspec

from oms_adapters.http.refusals import Malformed, NoRows, TooManyRows

_BLANK: Final = re.compile(r"[ \t\r\n]*")


def split(body: bytes, *, most: int) -> tuple[list[bytes], bool]:
    """Return the payloads of a body as they came, and whether it was a single one.

    Raises:
        Malformed: no JSON, or neither an object nor a list.
        NoRows, TooManyRows: an empty list, or one of more than ``most``.

    >>> split(b'[{"fee": 12.30}, {}]', most=500)
    ([b'{"fee": 12.30}', b'{}'], False)
    >>> split(b'{"fee": 12.30}', most=500)
    ([b'{"fee": 12.30}'], True)
    """
    text = _text(body)
    start = _BLANK.match(text).end()  # type: ignore[union-attr]
    alone = text.startswith("{", start)
    if not alone and not text.startswith("[", start):
        _whole(text, start)
        raise Malformed(why="not_an_object")
    payloads = _quickly(body, alone)
    if payloads is None:
        payloads = [_whole(text, start)] if alone else _carefully(text, start + 1)
    if not payloads:
        raise NoRows(field="")
    if len(payloads) > most:
        raise TooManyRows(field="", most=most)
    return payloads, alone


def _quickly(body: bytes, alone: bool) -> list[bytes] | None:
    """Cut in one go; None if there is something in it that deserves a closer look."""
    try:
        if alone:
            return [bytes(msgspec.json.decode(body, type=msgspec.Raw))]
        return [bytes(raw) for raw in msgspec.json.decode(body, type=list[msgspec.Raw])]
    except RecursionError:
        raise Malformed(why="too_deep") from None
    except msgspec.DecodeError:
        return None


def _carefully(text: str, at: int) -> list[bytes]:
    """Cut a list by the letter of JSON, which allows a lone surrogate: it spoils its own row, not the others'."""
    payloads: list[bytes] = []
    end = at = _skip(text, at)
    while not text.startswith("]", end):
        end = _end(text, at)
        payloads.append(text[at:end].encode())
        end = at = _skip(text, end)
        if text.startswith(",", at):
            at = _skip(text, at + 1)
        elif not text.startswith("]", at):
            raise Malformed(why="not_json")
    if _skip(text, end + 1) != len(text):
        raise Malformed(why="not_json")
    return payloads


def _whole(text: str, at: int) -> bytes:
    end = _end(text, at)
    if _skip(text, end) != len(text):
        raise Malformed(why="not_json")
    return text[at:end].encode()


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed(why="not_utf8") from None


def _skip(text: str, at: int) -> int:
    return _BLANK.match(text, at).end()  # type: ignore[union-attr]


def _end(text: str, at: int) -> int:
    """Return where the JSON value that begins here ends."""
    try:
        return _DECODER.raw_decode(text, at)[1]
    except RecursionError:
        raise Malformed(why="too_deep") from None
    except ValueError:
        raise Malformed(why="not_json") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


_DECODER: Final = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_no_constant)
