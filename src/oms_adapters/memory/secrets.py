"""Sealing and hashing in memory, for tests and demos: no key is kept, so that nothing opens after a restart."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Any, TypeVar

from attrs import define, evolve, field

from oms_app.indexing import Terms, alike, buyer_terms, has_door, normal_form, receiver_mask, receiver_terms
from oms_app.ports.vault import IndexField, SealBroken, Sealed, VaultKind
from oms_domain.channels.standard import Buyer, Receiver
from oms_domain.kernel.identity import ShopId, VaultId
from oms_domain.kernel.text import mask_name

Plain = TypeVar("Plain")


def _key() -> bytes:
    return secrets.token_bytes(32)


@define
class MemorySealer:
    """``oms_app.ports.vault.Sealer``. What it seals it keeps; a row carries a ticket for it, bound to the row."""

    _kept: dict[bytes, tuple[tuple[VaultKind, ShopId, VaultId], Any]] = field(factory=dict, init=False, repr=False)
    _salt: bytes = field(factory=_key, init=False, repr=False)

    def seal_receiver(self, receiver: Receiver, *, shop_id: ShopId, id: VaultId) -> Sealed:
        terms = receiver_terms(receiver, shop_id)
        sealed = self._seal(VaultKind.RECEIVER, receiver, shop_id, id, receiver_mask(receiver), terms)
        return evolve(sealed, has_door=has_door(receiver))

    def seal_buyer(self, buyer: Buyer, *, shop_id: ShopId, id: VaultId) -> Sealed:
        return self._seal(VaultKind.BUYER, buyer, shop_id, id, mask_name(buyer.nick), buyer_terms(buyer))

    def seal_raw(self, raw: bytes, *, shop_id: ShopId, id: VaultId) -> Sealed:
        return self._seal(VaultKind.RAW, raw, shop_id, id, "", ())

    def open_receiver(self, sealed: Sealed) -> Receiver:
        return self._open(sealed, Receiver)

    def open_buyer(self, sealed: Sealed) -> Buyer:
        return self._open(sealed, Buyer)

    def open_raw(self, sealed: Sealed) -> bytes:
        return self._open(sealed, bytes)

    def digest(self, field: IndexField, value: str) -> str:
        normal = normal_form(field, value)
        if not normal:
            return ""
        return hmac.digest(self._salt + alike(field).encode(), normal.encode("utf-8", "surrogatepass"), "sha256")[
            :16
        ].hex()

    def _seal(self, kind: VaultKind, plain: Any, shop_id: ShopId, id: VaultId, mask: str, terms: Terms) -> Sealed:
        ticket = secrets.token_bytes(16)
        self._kept[ticket] = ((kind, shop_id, id), plain)
        indexes = tuple((name, self.digest(name, value)) for name, value in terms)
        return Sealed(id=id, kind=kind, shop_id=shop_id, key_id="memory", blob=ticket, mask=mask, indexes=indexes)

    def _open(self, sealed: Sealed, kind: type[Plain]) -> Plain:
        place, plain = self._kept.get(sealed.blob, (None, None))
        if place != (sealed.kind, sealed.shop_id, sealed.id) or not isinstance(plain, kind):
            raise SealBroken(vault_id=sealed.id)
        return plain


@define
class MemoryHasher:
    """``oms_app.access.SecretHasher`` under a key that is made anew at each start."""

    _salt: bytes = field(factory=_key, init=False, repr=False)

    def new_secret(self) -> str:
        return secrets.token_urlsafe(32)

    def hash(self, secret: str) -> str:
        return hashlib.blake2b(secret.encode("utf-8", "replace"), key=self._salt).hexdigest()

    def matches(self, secret: str, secret_hash: str) -> bool:
        return hmac.compare_digest(self.hash(secret).encode(), secret_hash.encode("utf-8", "replace"))
