"""The vault: personal data sealed, with masks and blind indexes beside it; and who opened it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from attrs import frozen

from oms_adapters.db.types import Id, Instant, blob, code, table, text
from oms_adapters.db.work import Work
from oms_app.actor import Actor
from oms_app.ports.transaction import Clock, NewId
from oms_app.ports.vault import IndexField, Sealed, VaultKind, VaultRowGone
from oms_domain.kernel.identity import OrderId, ShopId, VaultId

FIELDS = tuple(name for name in IndexField if name is not IndexField.BUYER)
"""By what a row is found: a buyer's id stands on the order itself, and in no row."""

pii_vault = table(
    "pii_vault",
    sa.Column("id", Id, primary_key=True),
    sa.Column("kind", code(), nullable=False),
    sa.Column("shop_id", Id, sa.ForeignKey("shop.id"), nullable=False),
    sa.Column("key_id", code(), nullable=False),
    sa.Column("sealed", blob(), nullable=False),
    sa.Column("mask", text(1000), nullable=False),
    *(sa.Column(f"{name}_index", code(), nullable=True) for name in FIELDS),
    sa.Column("has_door", sa.Boolean, nullable=True),
    sa.Column("created_at", Instant, nullable=False),
)
for _name in set(FIELDS) - {IndexField.PLAIN}:  # nothing is looked for by it
    _column = pii_vault.c[f"{_name}_index"]
    sa.Index(
        f"ix_pii_vault_{_name}",
        _column,
        sqlite_where=_column.is_not(None),
        postgresql_where=_column.is_not(None),
    )

pii_access = table(
    "pii_access",
    sa.Column("id", Id, primary_key=True),
    sa.Column("vault_id", Id, nullable=False, index=True),
    sa.Column("order_id", Id, nullable=True),
    sa.Column("actor", text(100), nullable=False),
    sa.Column("purpose", text(200), nullable=False),
    sa.Column("request_id", text(100), nullable=False),
    sa.Column("at", Instant, nullable=False, index=True),
)

_BY_ID = sa.select(pii_vault).where(pii_vault.c.id == sa.bindparam("id"))
_BY_IDS = sa.select(pii_vault).where(pii_vault.c.id.in_(sa.bindparam("ids", expanding=True)))


def row_of(sealed: Sealed, at: datetime) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": sealed.id,
        "kind": sealed.kind,
        "shop_id": sealed.shop_id,
        "key_id": sealed.key_id,
        "sealed": sealed.blob,
        "mask": sealed.mask[:1000],
        "has_door": sealed.has_door,
        "created_at": at,
    }
    digests = dict(sealed.indexes)
    return row | {f"{name}_index": digests.get(name) or None for name in FIELDS}


def sealed_of(row: Any) -> Sealed:
    digests = ((name, getattr(row, f"{name}_index")) for name in FIELDS)
    return Sealed(
        id=VaultId(row.id),
        kind=VaultKind(row.kind),
        shop_id=ShopId(row.shop_id),
        key_id=row.key_id,
        blob=bytes(row.sealed),
        mask=row.mask,
        indexes=tuple((name, digest) for name, digest in digests if digest),
        has_door=None if row.has_door is None else bool(row.has_door),
    )


@frozen
class VaultStore:
    """``oms_app.ports.vault.Vault`` on a database."""

    work: Work
    actor: Actor
    now: Clock
    new_id: NewId

    def put(self, sealed: Sealed) -> None:
        if not self.actor.sees(sealed.shop_id):
            raise VaultRowGone(vault_id=sealed.id)
        self.work.add(pii_vault, row_of(sealed, self.now()))

    def get(self, vault_id: VaultId) -> Sealed:
        rows = self.work.rows(_BY_ID, {"id": vault_id})
        if not rows or not self.actor.sees(rows[0].shop_id):
            raise VaultRowGone(vault_id=vault_id)
        return sealed_of(rows[0])

    def get_many(self, vault_ids: Collection[VaultId]) -> Mapping[VaultId, Sealed]:
        rows = self.work.rows(_BY_IDS, {"ids": sorted(set(vault_ids))}) if vault_ids else ()
        return {sealed.id: sealed for sealed in map(sealed_of, rows) if self.actor.sees(sealed.shop_id)}

    def log_opening(self, vault_id: VaultId, *, order_id: OrderId | None, purpose: str) -> None:
        self.get(vault_id)  # what is not the actor's cannot be opened either
        self.work.add(
            pii_access,
            {
                "id": self.new_id(),
                "vault_id": vault_id,
                "order_id": order_id,
                "actor": self.actor.id,
                "purpose": purpose,
                "request_id": self.actor.request_id,
                "at": self.now(),
            },
        )
