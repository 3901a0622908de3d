"""Personal data at rest: sealed rows, and who may open them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import ClassVar, Protocol
from uuid import UUID

from attrs import field, frozen

from oms_domain.channels.standard import Buyer, Receiver
from oms_domain.kernel.errors import NotFound, OmsError
from oms_domain.kernel.identity import OrderId, ShopId, VaultId


class VaultKind(StrEnum):
    """What a sealed row holds."""

    RECEIVER = "receiver"
    BUYER = "buyer"
    RAW = "raw"  # a platform's payload as it came


class IndexField(StrEnum):
    """By what a sealed row can be found, without being opened. Each has a key of its own."""

    PHONE = "phone"  # whole
    PHONE2 = "phone2"  # the other number of somebody who has two: compared with ``PHONE``
    PHONE4 = "phone4"  # last four digits
    NAME = "name"
    WHOLE = "whole"  # the whole normalised content: equal data, equal digest
    ADDRESS = "address"  # the street alone, whoever lives there
    BUYER = "buyer"  # platform and its id of a buyer: of no sealed row, for blacklists
    PLAIN = "plain"  # as WHOLE, where nothing of it is masked: then equal data are the same person's


@frozen(kw_only=True)
class Sealed:
    """One immutable, encrypted version of personal data. ``mask`` is what may be shown.

    ``has_door``: whether a receiver's street tells the house, or a platform has hidden it; None: of no receiver.
    """

    id: VaultId
    kind: VaultKind
    shop_id: ShopId
    key_id: str
    blob: bytes = field(repr=False)
    mask: str
    indexes: tuple[tuple[IndexField, str], ...] = ()
    has_door: bool | None = None

    def digest(self, field: IndexField) -> str:
        return dict(self.indexes).get(field, "")

    @property
    def phones(self) -> tuple[str, ...]:
        """The digests of all telephone numbers that are known whole."""
        both = (self.digest(IndexField.PHONE), self.digest(IndexField.PHONE2))
        return tuple(digest for digest in both if digest)


@frozen(kw_only=True)
class SealBroken(OmsError):
    """A row does not open with its key: it was altered, moved to another row, or the key is not in the ring."""

    code: ClassVar[str] = "vault.seal_broken"
    vault_id: VaultId


@frozen(kw_only=True)
class VaultRowGone(NotFound):
    """Purged, or never there."""

    code: ClassVar[str] = "vault.row_gone"
    vault_id: VaultId


class Sealer(Protocol):
    """Encrypts and opens personal data; pure but for randomness."""

    def seal_receiver(self, receiver: Receiver, *, shop_id: ShopId, id: VaultId) -> Sealed: ...

    def seal_buyer(self, buyer: Buyer, *, shop_id: ShopId, id: VaultId) -> Sealed: ...

    def seal_raw(self, raw: bytes, *, shop_id: ShopId, id: VaultId) -> Sealed: ...

    def open_receiver(self, sealed: Sealed) -> Receiver:
        """Raises ``SealBroken``."""

    def open_buyer(self, sealed: Sealed) -> Buyer:
        """Raises ``SealBroken``."""

    def open_raw(self, sealed: Sealed) -> bytes:
        """Raises ``SealBroken``."""

    def digest(self, field: IndexField, value: str) -> str:
        """Return the blind index of a value to search for; empty if it cannot be searched by."""


class SecretSealer(Protocol):
    """Encrypts and opens secrets that somebody else gave us; bound to what they are of."""

    def seal_secret(self, plain: bytes, owner: UUID) -> bytes: ...

    def open_secret(self, sealed: bytes, owner: UUID) -> bytes:
        """Raises ``SealBroken``."""


class Vault(Protocol):
    """The sealed rows of this transaction's shops."""

    def put(self, sealed: Sealed) -> None: ...

    def get(self, vault_id: VaultId) -> Sealed:
        """Raises ``VaultRowGone``, also for another shop's."""

    def get_many(self, vault_ids: Collection[VaultId]) -> Mapping[VaultId, Sealed]:
        """Return those that are there and are this transaction's, in one go."""

    def log_opening(self, vault_id: VaultId, *, order_id: OrderId | None, purpose: str) -> None:
        """Write who opens it and why, in this transaction."""
