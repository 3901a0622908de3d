"""Fulfilment orders and their parcels: tables, mapping, store."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import sqlalchemy as sa
from attrs import frozen

from oms_adapters.db.codec import decode, encode
from oms_adapters.db.types import Id, Instant, Json, code, document_columns, table, text
from oms_adapters.db.work import Saved, Work
from oms_app.actor import Actor
from oms_app.journal import Head
from oms_app.ports.transaction import FulfilmentNotFound, NumberUnknown
from oms_domain.fulfilment.fulfilment_order import (
    FulfilmentLine,
    FulfilmentOrder,
    FulfilmentState,
    Package,
    WriteBack,
)
from oms_domain.kernel.identity import FulfilmentOrderId, LineId, OrderId, PackageId, ShopId, WarehouseCode
from oms_domain.kernel.quantity import Quantity

MOST_FOUND: Final = 20
"""Fulfilment orders that one tracking number is looked up in."""

fulfilment_order = table(
    "fulfilment_order",
    sa.Column("id", Id, primary_key=True),
    sa.Column("number", text(40), nullable=False, unique=True),
    sa.Column("order_id", Id, sa.ForeignKey("sales_order.id"), nullable=False, index=True),
    sa.Column("shop_id", Id, sa.ForeignKey("shop.id"), nullable=False),
    sa.Column("warehouse", text(32), nullable=False),
    sa.Column("state", code(), nullable=False, index=True),
    sa.Column("accepted", sa.Boolean, nullable=False),
    sa.Column("lines", Json, nullable=False),
    *document_columns(),
)

package = table(
    "package",
    sa.Column("id", Id, primary_key=True),
    sa.Column("fulfilment_id", Id, sa.ForeignKey("fulfilment_order.id"), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("carrier", text(40), nullable=False),
    sa.Column("tracking_no", text(64), nullable=False, index=True),
    sa.Column("contents", Json, nullable=False),
    sa.Column("shipped_at", Instant, nullable=False),
    sa.Column("write_back", code(), nullable=False, index=True),
    sa.Column("write_back_reason", text(500), nullable=False),
    sa.UniqueConstraint("fulfilment_id", "tracking_no"),
)

_BY_ID = sa.select(fulfilment_order).where(fulfilment_order.c.id == sa.bindparam("id"))
_BY_NUMBER = sa.select(fulfilment_order.c.id).where(fulfilment_order.c.number == sa.bindparam("number"))
_BY_TRACKING_NO = (
    sa.select(package.c.fulfilment_id)
    .where(package.c.tracking_no == sa.bindparam("tracking_no"))
    .order_by(package.c.fulfilment_id)
    .distinct()
    .limit(MOST_FOUND)
)
_PACKAGES = sa.select(package).where(package.c.fulfilment_id == sa.bindparam("id")).order_by(package.c.position)


def package_of(row: Any) -> Package:
    return Package(
        id=PackageId(row.id),
        carrier=row.carrier,
        tracking_no=row.tracking_no,
        contents=decode(row.contents, tuple[tuple[LineId, Quantity], ...]),
        shipped_at=row.shipped_at,
        write_back=WriteBack(row.write_back),
        write_back_reason=row.write_back_reason,
    )


def fulfilment_of(row: Any, packages: Sequence[Any]) -> FulfilmentOrder:
    return FulfilmentOrder(
        id=FulfilmentOrderId(row.id),
        number=row.number,
        order_id=OrderId(row.order_id),
        shop_id=ShopId(row.shop_id),
        warehouse=WarehouseCode(row.warehouse),
        state=FulfilmentState(row.state),
        accepted=bool(row.accepted),
        lines=decode(row.lines, tuple[FulfilmentLine, ...]),
        packages=tuple(package_of(row) for row in packages),
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
    )


def row_of(state: FulfilmentOrder) -> dict[str, Any]:
    return {
        "id": state.id,
        "number": state.number,
        "order_id": state.order_id,
        "shop_id": state.shop_id,
        "warehouse": state.warehouse,
        "state": state.state,
        "accepted": state.accepted,
        "lines": encode(state.lines),
        "created_at": state.created_at,
        "updated_at": state.updated_at,
    }


def changed_packages(before: FulfilmentOrder | None, after: FulfilmentOrder) -> list[dict[str, Any]]:
    old = {parcel.id: parcel for parcel in before.packages} if before else {}
    return [
        {
            "id": parcel.id,
            "fulfilment_id": after.id,
            "position": place,
            "carrier": parcel.carrier,
            "tracking_no": parcel.tracking_no,
            "contents": encode(parcel.contents),
            "shipped_at": parcel.shipped_at,
            "write_back": parcel.write_back,
            "write_back_reason": parcel.write_back_reason[:500],
            "is_new": parcel.id not in old,
        }
        for place, parcel in enumerate(after.packages)
        if old.get(parcel.id) != parcel
    ]


@frozen
class FulfilmentStore:
    """``oms_app.ports.transaction.FulfilmentOrders`` on a database."""

    work: Work
    actor: Actor

    def get(self, fulfilment_id: FulfilmentOrderId) -> FulfilmentOrder:
        if (saved := self.work.saved(fulfilment_id)) is not None:
            return saved  # type: ignore[no-any-return]
        rows = self.work.rows(_BY_ID, {"id": fulfilment_id})
        if not rows or not self.actor.sees(rows[0].shop_id):
            raise FulfilmentNotFound(fulfilment_id=fulfilment_id)
        row = rows[0]
        found = fulfilment_of(row, self.work.rows(_PACKAGES, {"id": fulfilment_id}))
        self.work.loaded.setdefault(found.id, found)
        self.work.tables["fulfilment_order"] = fulfilment_order
        head = Head(row.log_seq, row.log_hash)
        self.work.journal.loaded("fulfilment_order", found.id, found.shop_id, found, head)
        return found

    def by_number(self, number: str) -> FulfilmentOrder:
        rows = self.work.rows(_BY_NUMBER, {"number": number})
        try:
            return self.get(FulfilmentOrderId(rows[0].id))
        except (IndexError, FulfilmentNotFound):
            raise NumberUnknown(number=number) from None

    def by_tracking_no(self, tracking_no: str) -> tuple[FulfilmentOrder, ...]:
        rows = self.work.rows(_BY_TRACKING_NO, {"tracking_no": tracking_no})
        found = []
        for row in rows:
            with suppress(FulfilmentNotFound):  # another shop's
                found.append(self.get(FulfilmentOrderId(row.fulfilment_id)))
        return tuple(found)

    def save(self, fulfilment: FulfilmentOrder) -> None:
        if not self.actor.sees(fulfilment.shop_id):
            raise FulfilmentNotFound(fulfilment_id=fulfilment.id)
        self.work.journal.saved("fulfilment_order", fulfilment.id, fulfilment.shop_id, fulfilment)
        parts = ((package, changed_packages),)
        before = self.work.loaded.get(fulfilment.id)
        self.work.save(Saved(fulfilment_order, fulfilment, row_of, parts, before))
