"""TOP's signatures: pure functions, with the comparison in constant time.

Source: TOP SDK, ``TaobaoUtils.signTopRequest``; the message channel signs its handshake by the md5 form.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from enum import StrEnum


class SignMethod(StrEnum):
    """How a call is signed; the value is the one of the ``sign_method`` parameter."""

    MD5 = "md5"
    HMAC = "hmac"  # HMAC-MD5
    HMAC_SHA256 = "hmac-sha256"


def sign(params: Mapping[str, str], secret: str, method: SignMethod, *, body: str = "") -> str:
    """Return the signature of a call, in capital hex digits.

    ``k1v1k2v2…`` over the parameters in the byte order of their names, then the raw ``body`` of calls that have one.
    ``sign`` itself and parameters with an empty name or value are left out.

    >>> sign({"b": "2", "a": "1", "empty": "", "sign": "?"}, "secret", SignMethod.MD5) == sign(
    ...     {"a": "1", "b": "2"}, "secret", SignMethod.MD5
    ... )
    True
    """
    named = sorted((name.encode(), value.encode()) for name, value in params.items() if name and value)
    message = b"".join(name + value for name, value in named if name != b"sign") + body.encode()
    key = secret.encode()
    if method is SignMethod.MD5:
        return hashlib.md5(key + message + key, usedforsecurity=False).hexdigest().upper()
    return hmac.new(key, message, "md5" if method is SignMethod.HMAC else "sha256").hexdigest().upper()


def is_signed(params: Mapping[str, str], secret: str, method: SignMethod, *, body: str = "") -> bool:
    """Return whether ``params["sign"]`` is the signature of the others; compared in constant time."""
    expected = sign(params, secret, method, body=body)
    return hmac.compare_digest(expected.encode(), params.get("sign", "").encode())
