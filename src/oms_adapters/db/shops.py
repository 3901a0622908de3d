"""Shops: table, mapping, store."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from attrs import frozen

from oms_adapters.db.codec import decode, encode
from oms_adapters.db.types import Id, Json, blob, code, document_columns, table, text
from oms_adapters.db.work import Saved, Work
from oms_app.actor import Actor
from oms_app.journal import Head
from oms_domain.kernel.identity import ShopId
from oms_domain.shops.shop import Authorisation, Shop, ShopNotFound, ShopPolicy

shop = table(
    "shop",
    sa.Column("id", Id, primary_key=True),
    sa.Column("code", text(32), nullable=False, unique=True),
    sa.Column("name", text(100), nullable=False),
    sa.Column("platform", text(40), nullable=False),
    sa.Column("authorisation", code(), nullable=False),
    sa.Column("policy", Json, nullable=False),
    *document_columns(),
)

shop_account = table(
    "shop_account",
    sa.Column("shop_id", Id, sa.ForeignKey("shop.id"), primary_key=True),
    sa.Column("sealed", blob(), nullable=False),
)

_BY_ID = sa.select(shop).where(shop.c.id == sa.bindparam("id"))
_BY_CODE = sa.select(shop).where(shop.c.code == sa.bindparam("code"))
_ALL = sa.select(shop).order_by(shop.c.code)
_ACCOUNT = sa.select(shop_account.c.sealed).where(shop_account.c.shop_id == sa.bindparam("shop_id"))


def shop_of(row: Any) -> Shop:
    return Shop(
        id=ShopId(row.id),
        code=row.code,
        name=row.name,
        platform=row.platform,
        authorisation=Authorisation(row.authorisation),
        policy=decode(row.policy, ShopPolicy),
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
    )


def row_of(state: Shop) -> dict[str, Any]:
    return {
        "id": state.id,
        "code": state.code,
        "name": state.name,
        "platform": state.platform,
        "authorisation": state.authorisation,
        "policy": encode(state.policy),
        "created_at": state.created_at,
        "updated_at": state.updated_at,
    }


@frozen
class ShopStore:
    """``oms_app.ports.transaction.Shops`` on a database."""

    work: Work
    actor: Actor

    def get(self, shop_id: ShopId) -> Shop:
        if (saved := self.work.saved(shop_id)) is not None:
            return saved  # type: ignore[no-any-return]
        rows = self.work.rows(_BY_ID, {"id": shop_id}) if self.actor.sees(shop_id) else []
        if not rows:
            raise ShopNotFound(shop=str(shop_id))
        return self._loaded(rows[0])

    def by_code(self, code: str) -> Shop:
        rows = self.work.rows(_BY_CODE, {"code": code})
        if not rows or not self.actor.sees(rows[0].id):
            raise ShopNotFound(shop=code)
        return self._loaded(rows[0])

    def all(self) -> tuple[Shop, ...]:
        return tuple(self._loaded(row) for row in self.work.rows(_ALL) if self.actor.sees(row.id))

    def save(self, shop_: Shop) -> None:
        if not self.actor.sees(shop_.id):
            raise ShopNotFound(shop=str(shop_.id))
        self.work.journal.saved("shop", shop_.id, shop_.id, shop_)
        self.work.save(Saved(shop, shop_, row_of, (), self.work.loaded.get(shop_.id)))

    def account(self, shop_id: ShopId) -> bytes | None:
        rows = self.work.rows(_ACCOUNT, {"shop_id": shop_id}) if self.actor.sees(shop_id) else []
        return bytes(rows[0].sealed) if rows else None

    def save_account(self, shop_id: ShopId, sealed: bytes) -> None:
        if not self.actor.sees(shop_id):
            raise ShopNotFound(shop=str(shop_id))
        if self.account(shop_id) is None:
            self.work.add(shop_account, {"shop_id": shop_id, "sealed": sealed})
        else:
            change = shop_account.update().where(shop_account.c.shop_id == shop_id).values(sealed=sealed)
            self.work.last.append((("shop_account", shop_id.hex), lambda connection: connection.execute(change)))

    def _loaded(self, row: Any) -> Shop:
        found = shop_of(row)
        self.work.loaded.setdefault(found.id, found)
        self.work.tables["shop"] = shop
        self.work.journal.loaded("shop", found.id, found.id, found, Head(row.log_seq, row.log_hash))
        return found
