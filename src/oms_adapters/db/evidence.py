"""Files of evidence: what is known of them. Their bytes are rows of the vault, one for each piece."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from attrs import frozen

from oms_adapters.db.types import Id, Instant, Json, code, table, text
from oms_adapters.db.work import Work
from oms_app.actor import Actor
from oms_app.ports.aftersales import EvidenceNotFound
from oms_domain.aftersales.evidence import EvidenceFile, MediaType
from oms_domain.kernel.identity import EvidenceId, OrderId, ShopId, VaultId

evidence_file = table(
    "evidence_file",
    sa.Column("id", Id, primary_key=True),
    sa.Column("shop_id", Id, sa.ForeignKey("shop.id"), nullable=False),
    sa.Column("order_id", Id, sa.ForeignKey("sales_order.id"), nullable=False),
    sa.Column("digest", text(64), nullable=False),
    sa.Column("name", text(120), nullable=False),
    sa.Column("media_type", code(), nullable=False),
    sa.Column("size_bytes", sa.Integer, nullable=False),
    sa.Column("pieces", Json, nullable=False),
    sa.Column("actor", text(100), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.UniqueConstraint("order_id", "digest"),
)

_BY_ID = sa.select(evidence_file).where(evidence_file.c.id == sa.bindparam("id"))
_OF_ORDER = (
    sa.select(evidence_file).where(evidence_file.c.order_id == sa.bindparam("order_id")).order_by(evidence_file.c.id)
)


@frozen
class EvidenceStore:
    """``oms_app.ports.aftersales.EvidenceFiles`` on a database."""

    work: Work
    actor: Actor

    def get(self, evidence_id: EvidenceId) -> EvidenceFile:
        found = self._seen(_BY_ID, {"id": evidence_id})
        if not found:
            raise EvidenceNotFound(evidence_id=evidence_id)
        return found[0]

    def of_order(self, order_id: OrderId) -> tuple[EvidenceFile, ...]:
        return self._seen(_OF_ORDER, {"order_id": order_id})

    def add(self, file: EvidenceFile) -> None:
        if not self.actor.sees(file.shop_id):
            raise EvidenceNotFound(evidence_id=file.id)
        row = {
            "id": file.id,
            "shop_id": file.shop_id,
            "order_id": file.order_id,
            "digest": file.digest,
            "name": file.name,
            "media_type": file.media_type,
            "size_bytes": file.size_bytes,
            "pieces": list(map(str, file.pieces)),
            "actor": file.by,
            "created_at": file.at,
        }
        self.work.add(evidence_file, row)

    def _seen(self, statement: sa.Select[Any], values: dict[str, Any]) -> tuple[EvidenceFile, ...]:
        rows = self.work.rows(statement, values)
        return tuple(_file_of(row) for row in rows if self.actor.sees(ShopId(row.shop_id)))


def _file_of(row: Any) -> EvidenceFile:
    return EvidenceFile(
        id=EvidenceId(row.id),
        shop_id=ShopId(row.shop_id),
        order_id=OrderId(row.order_id),
        name=row.name,
        media_type=MediaType(row.media_type),
        size_bytes=row.size_bytes,
        digest=row.digest,
        pieces=tuple(VaultId(UUID(piece)) for piece in row.pieces),
        by=row.actor,
        at=row.created_at,
    )
