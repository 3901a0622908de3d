"""Secrets of API keys: random, stored as a keyed hash, compared in constant time; and signatures of list cursors."""

from __future__ import annotations

import base64
import hmac
import secrets

from attrs import frozen

from oms_adapters.crypto.keys import KeyRing, Purpose


@frozen
class KeyedHasher:
    """HMAC-SHA-256 under the ring's access key: fast, which is right for secrets of 256 random bits."""

    ring: KeyRing

    def new_secret(self) -> str:
        return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=")

    def hash(self, secret: str) -> str:
        key_id, key = self.ring.writing(Purpose.ACCESS)
        return f"{key_id}:{hmac.digest(key, secret.encode('utf-8', 'replace'), 'sha256').hex()}"

    def matches(self, secret: str, secret_hash: str) -> bool:
        key_id, _, expected = secret_hash.partition(":")
        key = self.ring.reading(Purpose.ACCESS, key_id) or b"no such key"
        found = hmac.digest(key, secret.encode("utf-8", "replace"), "sha256").hex()
        return hmac.compare_digest(found.encode(), expected.encode())


@frozen
class CursorSigner:
    """Signs the position of a list, so that nobody makes one up."""

    ring: KeyRing

    def sign(self, position: bytes) -> str:
        """Return URL-safe text."""
        _, key = self.ring.writing(Purpose.CURSOR)
        return base64.urlsafe_b64encode(hmac.digest(key, position, "sha256")[:12] + position).decode().rstrip("=")

    def open(self, text: str) -> bytes | None:
        """Return the position, None if it was not signed by us."""
        try:
            blob = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except ValueError:
            return None
        for key in self.ring.keys[Purpose.CURSOR].values():
            if hmac.compare_digest(hmac.digest(key, blob[12:], "sha256")[:12], blob[:12]):
                return blob[12:]
        return None
