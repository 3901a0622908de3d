"""Qimen's signature, alike in both directions: over the URL's parameters and the body as it is on the wire.

Source: TOP SDK, ``SpiUtils``; the body is hashed before anybody parses it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping


def sign(params: Mapping[str, str], secret: str, body: bytes) -> str:
    """Return the signature of a message, in capital hex digits.

    MD5 over secret, ``k1v1k2v2…`` in the byte order of the names, body and secret. ``sign`` itself and parameters with
    an empty name or value are left out: a sender drops them, so that none must be sent.
    """
    named = sorted((name.encode(), value.encode()) for name, value in params.items() if name and value)
    message = b"".join(name + value for name, value in named if name != b"sign") + body
    key = secret.encode()
    return hashlib.md5(key + message + key, usedforsecurity=False).hexdigest().upper()


def is_signed(params: Mapping[str, str], secret: str, body: bytes) -> bool:
    """Return whether ``params["sign"]`` is the signature of the rest; compared in constant time."""
    return hmac.compare_digest(sign(params, secret, body).encode(), params.get("sign", "").encode())
