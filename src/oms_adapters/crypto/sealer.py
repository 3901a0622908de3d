"""AES-256-GCM sealing. The row's id, kind and shop are bound in, so that a blob moved to another row does not open."""

from __future__ import annotations

import hmac
import json
import secrets
import zlib
from typing import Final
from uuid import UUID

import attrs
from attrs import define, field
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from oms_adapters.crypto.keys import KeyRing, Purpose
from oms_app.indexing import alike, buyer_terms, has_door, normal_form, receiver_mask, receiver_terms
from oms_app.ports.vault import IndexField, SealBroken, Sealed, VaultKind
from oms_domain.channels.standard import Buyer, Receiver
from oms_domain.kernel.identity import ShopId, VaultId
from oms_domain.kernel.text import mask_name

NONCE: Final = 12
LARGEST_RAW: Final = 64 * 1024 * 1024  # more than any edge lets in


@define
class AesSealer:
    """Seals and opens the vault's rows."""

    ring: KeyRing
    _ciphers: dict[str, AESGCM] = field(factory=dict, init=False)
    _index_keys: dict[IndexField, bytes] = field(init=False)

    def __attrs_post_init__(self) -> None:
        _, key = self.ring.writing(Purpose.INDEX)
        self._index_keys = {name: hmac.digest(key, alike(name).encode(), "sha256") for name in IndexField}

    def seal_receiver(self, receiver: Receiver, *, shop_id: ShopId, id: VaultId) -> Sealed:
        indexes = tuple((name, self.digest(name, value)) for name, value in receiver_terms(receiver, shop_id))
        plain = _packed(attrs.astuple(receiver))
        sealed = self._seal(VaultKind.RECEIVER, plain, shop_id, id, receiver_mask(receiver), indexes)
        return attrs.evolve(sealed, has_door=has_door(receiver))

    def seal_buyer(self, buyer: Buyer, *, shop_id: ShopId, id: VaultId) -> Sealed:
        indexes = tuple((name, self.digest(name, value)) for name, value in buyer_terms(buyer))
        plain = _packed(attrs.astuple(buyer))
        return self._seal(VaultKind.BUYER, plain, shop_id, id, mask_name(buyer.nick), indexes)

    def seal_raw(self, raw: bytes, *, shop_id: ShopId, id: VaultId) -> Sealed:
        return self._seal(VaultKind.RAW, zlib.compress(raw, 1), shop_id, id, "", ())

    def open_receiver(self, sealed: Sealed) -> Receiver:
        return Receiver(**_unpacked(Receiver, self._open(sealed)))

    def open_buyer(self, sealed: Sealed) -> Buyer:
        return Buyer(**_unpacked(Buyer, self._open(sealed)))

    def open_raw(self, sealed: Sealed) -> bytes:
        return zlib.decompressobj().decompress(self._open(sealed), LARGEST_RAW)

    def digest(self, field: IndexField, value: str) -> str:
        """Return the blind index, 128 bits in hex; of a value that the platform has masked, nothing to search by."""
        normal = normal_form(field, value)
        if not normal:
            return ""
        return hmac.digest(self._index_keys[field], normal.encode("utf-8", "surrogatepass"), "sha256")[:16].hex()

    def seal_account(self, plain: bytes, shop_id: ShopId) -> bytes:
        """Seal a shop's account at its platform: key id, nonce and ciphertext in one blob."""
        key_id, cipher = self._writing()
        nonce = secrets.token_bytes(NONCE)
        return key_id.encode() + b"\0" + nonce + cipher.encrypt(nonce, plain, _account_aad(shop_id))

    def open_account(self, blob: bytes, shop_id: ShopId) -> bytes:
        """Raises ``SealBroken``."""
        key_id, _, rest = blob.partition(b"\0")
        return self._decrypt(key_id.decode("ascii", "replace"), rest, _account_aad(shop_id), VaultId(shop_id))

    def seal_secret(self, plain: bytes, owner: UUID) -> bytes:
        """Seal a secret of ``owner``: key id, nonce and ciphertext in one blob."""
        key_id, cipher = self._writing()
        nonce = secrets.token_bytes(NONCE)
        return key_id.encode() + b"\0" + nonce + cipher.encrypt(nonce, plain, _secret_aad(owner))

    def open_secret(self, sealed: bytes, owner: UUID) -> bytes:
        """Raises ``SealBroken``."""
        key_id, _, rest = sealed.partition(b"\0")
        return self._decrypt(key_id.decode("ascii", "replace"), rest, _secret_aad(owner), VaultId(owner))

    def _seal(
        self,
        kind: VaultKind,
        plain: bytes,
        shop_id: ShopId,
        id: VaultId,
        mask: str,
        indexes: tuple[tuple[IndexField, str], ...],
    ) -> Sealed:
        key_id, cipher = self._writing()
        nonce = secrets.token_bytes(NONCE)
        blob = nonce + cipher.encrypt(nonce, plain, _aad(kind, shop_id, id))
        return Sealed(id=id, kind=kind, shop_id=shop_id, key_id=key_id, blob=blob, mask=mask, indexes=indexes)

    def _open(self, sealed: Sealed) -> bytes:
        return self._decrypt(sealed.key_id, sealed.blob, _aad(sealed.kind, sealed.shop_id, sealed.id), sealed.id)

    def _decrypt(self, key_id: str, blob: bytes, aad: bytes, id: VaultId) -> bytes:
        key = self.ring.reading(Purpose.VAULT, key_id)
        if key is None:
            raise SealBroken(vault_id=id)
        try:
            return self._cipher(key_id, key).decrypt(blob[:NONCE], blob[NONCE:], aad)
        except (InvalidTag, ValueError) as error:
            raise SealBroken(vault_id=id) from error

    def _writing(self) -> tuple[str, AESGCM]:
        key_id, key = self.ring.writing(Purpose.VAULT)
        return key_id, self._cipher(key_id, key)

    def _cipher(self, key_id: str, key: bytes) -> AESGCM:
        if key_id not in self._ciphers:
            self._ciphers[key_id] = AESGCM(key)
        return self._ciphers[key_id]


def _aad(kind: VaultKind, shop_id: ShopId, id: VaultId) -> bytes:
    return b"pii_vault/blob/" + kind.encode() + b"/" + shop_id.bytes + id.bytes


def _account_aad(shop_id: ShopId) -> bytes:
    return b"shop/account/" + shop_id.bytes


def _secret_aad(owner: UUID) -> bytes:
    return b"secret/" + owner.bytes


def _packed(fields: tuple[str, ...]) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode()


def _unpacked(kind: type, plain: bytes) -> dict[str, str]:
    names = [attribute.name for attribute in attrs.fields(kind)]
    return dict(zip(names, json.loads(plain), strict=False))
