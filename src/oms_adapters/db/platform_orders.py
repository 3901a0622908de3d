"""Platform orders: table, mapping, store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid5

import sqlalchemy as sa
from attrs import frozen

from oms_adapters.db.codec import decode, encode
from oms_adapters.db.types import Id, Instant, Json, code, document_columns, long_text, table, text
from oms_adapters.db.work import Saved, Work
from oms_app.actor import Actor
from oms_app.journal import Head
from oms_app.ports.transaction import PlatformOrderNotFound, UnmappedGoods
from oms_domain.catalog.matching import UnmappedSku
from oms_domain.channels.standard import Platform, StandardOrder
from oms_domain.kernel.identity import OrderId, PlatformOrderId, ShopId, VaultId
from oms_domain.orders.platform_order import Conversion, PlatformOrder, Trouble
from oms_domain.orders.sales_order import PartyRef

platform_order = table(
    "platform_order",
    sa.Column("id", Id, primary_key=True),
    sa.Column("number", text(40), nullable=False, unique=True),
    sa.Column("shop_id", Id, sa.ForeignKey("shop.id"), nullable=False),
    sa.Column("platform", code(), nullable=False),
    sa.Column("order_no", text(64), nullable=False),
    sa.Column("standard", Json, nullable=True),
    sa.Column("modified_at", Instant, nullable=False),
    sa.Column("receiver_id", Id, nullable=False),
    sa.Column("receiver_mask", text(1000), nullable=False),
    sa.Column("receiver_digest", code(), nullable=False),
    sa.Column("buyer_id", Id, nullable=False),
    sa.Column("buyer_mask", text(1000), nullable=False),
    sa.Column("buyer_digest", code(), nullable=False),
    sa.Column("raw_id", Id, nullable=False),
    sa.Column("conversion", code(), nullable=False),
    sa.Column("trouble", Json, nullable=True),
    sa.Column("order_id", Id, nullable=True),
    *document_columns(),
    sa.UniqueConstraint("shop_id", "order_no"),
    sa.Index("ix_platform_order_created", "created_at", "id"),
    sa.Index("ix_platform_order_conversion", "conversion", "created_at", "id"),
)

unmapped_sku = table(
    "unmapped_sku",
    sa.Column("id", Id, primary_key=True),
    sa.Column("platform_order_id", Id, sa.ForeignKey("platform_order.id"), nullable=False, index=True),
    sa.Column("shop_id", Id, nullable=False),
    sa.Column("line_no", text(64), nullable=False),
    sa.Column("platform_sku_id", text(64), nullable=False),
    sa.Column("merchant_code", text(64), nullable=False),
    sa.Column("title", long_text(), nullable=False),
    sa.Column("spec", long_text(), nullable=False),
    sa.Column("why", code(), nullable=False),
    sa.Index("ix_unmapped_sku_goods", "shop_id", "platform_sku_id", "merchant_code"),
    sa.Index("ix_unmapped_sku_code", "merchant_code", "platform_order_id"),
)

_BY_ID = sa.select(platform_order).where(platform_order.c.id == sa.bindparam("id"))
_BY_NO = sa.select(platform_order).where(
    platform_order.c.shop_id == sa.bindparam("shop_id"),
    platform_order.c.order_no.in_(sa.bindparam("order_nos", expanding=True)),
)

_BY_ONE_NO = sa.select(platform_order).where(
    platform_order.c.shop_id == sa.bindparam("shop_id"), platform_order.c.order_no == sa.bindparam("order_no")
)

_BY_IDS = sa.select(platform_order).where(platform_order.c.id.in_(sa.bindparam("ids", expanding=True)))


def party_of(row: Any, who: str) -> PartyRef:
    """Read a handle with its mask; ``who`` is ``receiver`` or ``buyer``."""
    vault_id, mask, digest = (getattr(row, f"{who}_{name}") for name in ("id", "mask", "digest"))
    return PartyRef(vault_id=VaultId(vault_id), mask=mask, digest=digest)


def party_row(ref: PartyRef, who: str) -> dict[str, Any]:
    return {f"{who}_id": ref.vault_id, f"{who}_mask": ref.mask, f"{who}_digest": ref.digest}


def platform_order_of(row: Any) -> PlatformOrder:
    return PlatformOrder(
        id=PlatformOrderId(row.id),
        number=row.number,
        shop_id=ShopId(row.shop_id),
        platform=Platform(row.platform),
        order_no=row.order_no,
        standard=decode(row.standard, StandardOrder) if row.standard is not None else None,
        receiver=party_of(row, "receiver"),
        buyer=party_of(row, "buyer"),
        raw=VaultId(row.raw_id),
        conversion=Conversion(row.conversion),
        trouble=decode(row.trouble, Trouble) if row.trouble is not None else None,
        order_id=OrderId(row.order_id) if row.order_id else None,
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
    )


def row_of(state: PlatformOrder) -> dict[str, Any]:
    return {
        "id": state.id,
        "number": state.number,
        "shop_id": state.shop_id,
        "platform": state.platform,
        "order_no": state.order_no,
        "standard": encode(state.standard) if state.standard else None,
        "modified_at": state.modified_at,
        **party_row(state.receiver, "receiver"),
        **party_row(state.buyer, "buyer"),
        "raw_id": state.raw,
        "conversion": state.conversion,
        "trouble": encode(state.trouble) if state.trouble else None,
        "order_id": state.order_id,
        "created_at": state.created_at,
        "updated_at": state.updated_at,
    }


def unmapped_rows(before: PlatformOrder | None, after: PlatformOrder) -> list[dict[str, Any]]:
    """Return the rows of new, changed and gone unmapped goods. A row is named after its order and line."""

    def wanted(state: PlatformOrder | None) -> dict[UUID, UnmappedSku]:
        unmapped = state.trouble.unmapped if state and state.trouble else ()
        return {uuid5(after.id, each.line_no): each for each in unmapped}

    old, new = wanted(before), wanted(after)
    rows: list[dict[str, Any]] = []
    for id, each in new.items():
        if old.get(id) == each:
            continue
        values = {name: getattr(each, name) for name in _OF_THE_PLATFORM}
        is_new = {"shop_id": after.shop_id} if id not in old else {}  # an order keeps its shop
        rows.append({"id": id, "platform_order_id": after.id, **values, **is_new, "is_new": id not in old})
    return rows + [{"id": id, "is_new": False, "is_gone": True} for id in old if id not in new]


_OF_THE_PLATFORM = ("line_no", "platform_sku_id", "merchant_code", "title", "spec", "why")


@frozen
class PlatformOrderStore:
    """``oms_app.ports.transaction.PlatformOrders`` on a database."""

    work: Work
    actor: Actor

    def get(self, platform_order_id: PlatformOrderId) -> PlatformOrder:
        if (saved := self.work.saved(platform_order_id)) is not None:
            return saved  # type: ignore[no-any-return]
        rows = self.work.rows(_BY_ID, {"id": platform_order_id})
        if not rows or not self.actor.sees(rows[0].shop_id):
            raise PlatformOrderNotFound(platform_order_id=platform_order_id)
        return self._loaded(rows[0])

    def by_order_no(self, shop_id: ShopId, order_nos: Sequence[str]) -> dict[str, PlatformOrder]:
        if not order_nos or not self.actor.sees(shop_id):
            return {}
        if len(order_nos) == 1:
            rows = self.work.rows(_BY_ONE_NO, {"shop_id": shop_id, "order_no": order_nos[0]})
        else:
            rows = self.work.rows(_BY_NO, {"shop_id": shop_id, "order_nos": sorted(set(order_nos))})
        return {row.order_no: self._loaded(row) for row in rows}

    def get_many(self, ids: Sequence[PlatformOrderId]) -> dict[PlatformOrderId, PlatformOrder]:
        if not ids:
            return {}
        rows = self.work.rows(_BY_IDS, {"ids": list(ids)})
        found = {PlatformOrderId(row.id): self._loaded(row) for row in rows if self.actor.sees(row.shop_id)}
        return found | {id: saved for id in ids if (saved := self.work.saved(id)) is not None}

    def waiting_for(
        self, wanted: UnmappedGoods, *, after: PlatformOrderId | None, limit: int
    ) -> tuple[PlatformOrderId, ...]:
        c = unmapped_sku.c
        named = {"platform_sku_id": wanted.platform_sku_id, "merchant_code": wanted.merchant_code}
        conditions = [c[name] == value for name, value in named.items() if value]
        if wanted.shop_id is not None:
            conditions.append(c.shop_id == wanted.shop_id)
        if self.actor.shops is not None:
            conditions.append(c.shop_id.in_(sorted(self.actor.shops, key=lambda shop_id: shop_id.bytes)))
        if after is not None:
            conditions.append(c.platform_order_id > after)
        statement = sa.select(c.platform_order_id).distinct().where(*conditions).order_by(c.platform_order_id)
        rows = self.work.rows(statement.limit(limit))
        return tuple(PlatformOrderId(row.platform_order_id) for row in rows)

    def save(self, platform_order_: PlatformOrder) -> None:
        state = platform_order_
        if not self.actor.sees(state.shop_id):
            raise PlatformOrderNotFound(platform_order_id=state.id)
        self.work.journal.saved("platform_order", state.id, state.shop_id, state)
        parts = ((unmapped_sku, unmapped_rows),)
        self.work.save(Saved(platform_order, state, row_of, parts, self.work.loaded.get(state.id)))

    def _loaded(self, row: Any) -> PlatformOrder:
        found = platform_order_of(row)
        self.work.loaded.setdefault(found.id, found)
        self.work.tables["platform_order"] = platform_order
        head = Head(row.log_seq, row.log_hash)
        self.work.journal.loaded("platform_order", found.id, found.shop_id, found, head)
        return found
