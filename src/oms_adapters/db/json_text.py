"""JSON as it is stored: compact text, letters as they are. msgspec takes a fifth of the standard library's time."""

from __future__ import annotations

from typing import Any, Final

import msgspec


def encode(value: Any) -> str:
    """Return what ``cattrs`` has made plain, as text. Raises ``UnicodeEncodeError`` for a lone surrogate."""
    return _ENCODE(value).decode()


def _plain(value: Any) -> Any:
    """Kinds of text and of numbers that are none of their own."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value)
    raise TypeError(f"no JSON: {type(value).__name__}")


_ENCODE: Final = msgspec.json.Encoder(enc_hook=_plain).encode
decode: Final = msgspec.json.Decoder().decode
"""Return what a stored text holds."""
