"""Sales orders and their lines: tables, mapping, store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from attrs import frozen
from sqlalchemy.engine import Connection

from oms_adapters.db.amounts import part_of, part_row, step_of, step_row
from oms_adapters.db.codec import decode, encode
from oms_adapters.db.platform_orders import party_of, party_row
from oms_adapters.db.shops import ShopStore
from oms_adapters.db.types import Id, Instant, Json, code, document_columns, long_text, table, text
from oms_adapters.db.work import Saved, Work
from oms_app.actor import Actor
from oms_app.journal import Head
from oms_app.ports.transaction import Duplicate, OrderNotFound
from oms_domain.channels.standard import LineRefund, OrderKind, Platform, Region
from oms_domain.kernel.identity import (
    CarrierCode,
    FulfilmentOrderId,
    LineId,
    OrderId,
    PlatformOrderId,
    ShopId,
    SkuCode,
    WarehouseCode,
)
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.flags import Flag
from oms_domain.orders.lines import FromBundle, OrderLine
from oms_domain.orders.marks import Business, DeliveryMode, OrderSource
from oms_domain.orders.sales_order import AddressAtPlatform, SalesOrder
from oms_domain.orders.states import OrderState

own_number = table(
    "own_number",
    sa.Column("shop_id", Id, sa.ForeignKey("shop.id"), primary_key=True),
    sa.Column("order_no", text(64), primary_key=True),
    sa.Column("order_id", Id, nullable=False),
)
"""Order numbers of orders that were put in by hand: what is typed twice must not be sent twice."""

sales_order = table(
    "sales_order",
    sa.Column("id", Id, primary_key=True),
    sa.Column("number", text(40), nullable=False, unique=True),
    sa.Column("shop_id", Id, sa.ForeignKey("shop.id"), nullable=False),
    sa.Column("platform", code(), nullable=False),
    sa.Column("platform_order_id", Id, sa.ForeignKey("platform_order.id"), nullable=True),
    sa.Column("platform_order_no", text(64), nullable=False, index=True),
    sa.Column("kind", code(), nullable=False),
    sa.Column("source", code(), nullable=False),
    sa.Column("business", code(), nullable=False),
    sa.Column("delivery", code(), nullable=False),
    sa.Column("original_id", Id, nullable=True),
    sa.Column("cash_on_delivery", sa.Boolean, nullable=False),
    sa.Column("external", sa.Boolean, nullable=False),
    sa.Column("state", code(), nullable=False),
    sa.Column("currency", code(), nullable=False),
    sa.Column("freight", sa.BigInteger, nullable=False),
    sa.Column("services", sa.BigInteger, nullable=False),
    sa.Column("cod_fee", sa.BigInteger, nullable=False),
    sa.Column("payable", sa.BigInteger, nullable=False),
    sa.Column("paid", sa.BigInteger, nullable=False),
    sa.Column("receiver_id", Id, nullable=False),
    sa.Column("receiver_mask", text(1000), nullable=False),
    sa.Column("receiver_digest", code(), nullable=False),
    sa.Column("buyer_id", Id, nullable=False),
    sa.Column("buyer_mask", text(1000), nullable=False),
    sa.Column("buyer_digest", code(), nullable=False),
    sa.Column("platform_buyer_id", text(512), nullable=False),
    sa.Column("buyer_handle", text(512), nullable=False),
    sa.Column("region", Json, nullable=False),
    sa.Column("buyer_remark", long_text(), nullable=False),
    sa.Column("seller_remark", long_text(), nullable=False),
    sa.Column("seller_flag", sa.Integer, nullable=False),
    sa.Column("steps", Json, nullable=False),
    sa.Column("flags", Json, nullable=False),
    sa.Column("flag_count", sa.Integer, nullable=False),
    sa.Column("passed_rules", Json, nullable=False),
    sa.Column("progress", text(100), nullable=False),
    sa.Column("warehouse", text(32), nullable=True),
    sa.Column("fulfilment_id", Id, nullable=True),
    sa.Column("units", sa.Integer, nullable=False),
    sa.Column("placed_at", Instant, nullable=False),
    sa.Column("paid_at", Instant, nullable=True),
    sa.Column("promised_ship_at", Instant, nullable=True),
    sa.Column("note", long_text(), nullable=True),
    sa.Column("mark", sa.Integer, nullable=True),
    sa.Column("tags", Json, nullable=True),
    sa.Column("addresses_at_platform", Json, nullable=True),
    sa.Column("origins", Json, nullable=True),
    sa.Column("heirs", Json, nullable=True),
    sa.Column("split_reasons", Json, nullable=True),
    sa.Column("carrier", text(32), nullable=True),
    sa.Column("planned_ship_at", Instant, nullable=True),
    sa.Column("planned_arrival_on", sa.Date, nullable=True),
    sa.Column("ended_at", Instant, nullable=True),
    *document_columns(),
    sa.CheckConstraint("version > 0", name="version"),
    sa.Index("ix_sales_order_shop_state", "shop_id", "state", "created_at", "id"),
    sa.Index("ix_sales_order_shop", "shop_id", "created_at", "id"),
    sa.Index("ix_sales_order_state", "state", "created_at", "id"),
    sa.Index("ix_sales_order_created", "created_at", "id"),
    sa.Index("ix_sales_order_updated", "updated_at", "id"),
    sa.Index("ix_sales_order_receiver", "receiver_id"),
    sa.Index("ix_sales_order_buyer", "shop_id", "platform_buyer_id"),
    sa.Index("ix_sales_order_siblings", "receiver_digest", "state"),
)

sales_order_line = table(
    "sales_order_line",
    sa.Column("id", Id, primary_key=True),
    sa.Column("order_id", Id, sa.ForeignKey("sales_order.id"), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("platform_line_no", text(64), nullable=False),
    sa.Column("sku", text(64), nullable=False, index=True),
    sa.Column("title", long_text(), nullable=False),
    sa.Column("spec", long_text(), nullable=False),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.Column("unit_price", sa.BigInteger, nullable=False),
    sa.Column("adjustment", sa.BigInteger, nullable=False),
    sa.Column("line_discount", sa.BigInteger, nullable=False),
    sa.Column("order_discount", sa.BigInteger, nullable=False),
    sa.Column("payable", sa.BigInteger, nullable=False),
    sa.Column("part", Json, nullable=False),
    sa.Column("refund", code(), nullable=False),
    sa.Column("is_gift", sa.Boolean, nullable=False),
    sa.Column("is_closed", sa.Boolean, nullable=False),
    sa.Column("shipped", sa.Integer, nullable=False),
    sa.Column("called_off", sa.Integer, nullable=False),
    sa.Column("sold_as", text(64), nullable=False),
    sa.Column("bundle", text(64), nullable=True),
    sa.Column("bundle_quantity", sa.Integer, nullable=True),
    sa.Column("bundle_list_price", sa.BigInteger, nullable=True),
    sa.Column("bundle_whole", sa.Integer, nullable=True),
    sa.Column("from_line", Id, nullable=True, index=True),
    sa.Column("platform_order_id", Id, nullable=True),
    sa.Column("platform_order_no", text(64), nullable=True),
    sa.Index("ix_sales_order_line_order", "order_id", "position"),
    sa.CheckConstraint("shipped >= 0 AND shipped <= quantity", name="shipped"),
)

_BY_ID = sa.select(sales_order).where(sales_order.c.id == sa.bindparam("id"))
_BY_IDS = sa.select(sales_order).where(sales_order.c.id.in_(sa.bindparam("ids", expanding=True)))
_LINES = (
    sa.select(sales_order_line)
    .where(sales_order_line.c.order_id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(sales_order_line.c.order_id, sales_order_line.c.position)
)
_LINES_OF_ONE = (
    sa.select(sales_order_line)
    .where(sales_order_line.c.order_id == sa.bindparam("id"))
    .order_by(sales_order_line.c.position)
)
_WAITING = (
    sa.select(sales_order.c.id, sales_order.c.shop_id)
    .where(
        sales_order.c.state == OrderState.BACKORDERED,
        sales_order.c.shop_id.in_(sa.bindparam("shop_ids", expanding=True)),
        sa.or_(
            sales_order.c.shop_id.in_(sa.bindparam("by_strategy", expanding=True)),
            sales_order.c.warehouse == sa.bindparam("warehouse"),
            sa.and_(
                sales_order.c.warehouse.is_(None),
                sales_order.c.shop_id.in_(sa.bindparam("from_there", expanding=True)),
            ),
        ),
        sa.exists().where(
            sales_order_line.c.order_id == sales_order.c.id, sales_order_line.c.sku == sa.bindparam("sku")
        ),
    )
    .order_by(sales_order.c.created_at, sales_order.c.id)
    .limit(sa.bindparam("most"))
)
_last, _after = sales_order.alias("last"), sa.bindparam("after", type_=sales_order.c.id.type)
_LAST_AT = sa.select(_last.c.created_at).where(_last.c.id == _after).scalar_subquery()
_WAITING_BEHIND = _WAITING.where(
    sa.or_(
        sales_order.c.created_at > _LAST_AT,
        sa.and_(sales_order.c.created_at == _LAST_AT, sales_order.c.id > _after),
    )
)

_HOLDER = sa.select(own_number.c.order_id).where(
    own_number.c.shop_id == sa.bindparam("shop_id"), own_number.c.order_no == sa.bindparam("order_no")
)
_SIBLINGS = (
    sa.select(sales_order.c.id)
    .where(
        sales_order.c.receiver_digest == sa.bindparam("receiver_digest"),
        sales_order.c.state == OrderState.AWAITING_CS_REVIEW,
        sales_order.c.shop_id == sa.bindparam("shop_id"),
        sales_order.c.platform_buyer_id == sa.bindparam("buyer_id"),
        sales_order.c.id != sa.bindparam("id"),
    )
    .order_by(sales_order.c.placed_at, sales_order.c.id)
    .limit(sa.bindparam("most"))
)


def line_of(row: Any, currency: str) -> OrderLine:
    return OrderLine(
        id=LineId(row.id),
        platform_line_no=row.platform_line_no,
        sku=SkuCode(row.sku),
        title=row.title,
        spec=row.spec,
        quantity=Quantity(row.quantity),
        unit_price=Money(row.unit_price, currency),
        adjustment=Money(row.adjustment, currency),
        line_discount=Money(row.line_discount, currency),
        order_discount=Money(row.order_discount, currency),
        payable=Money(row.payable, currency),
        part=part_of(row.part),
        refund=LineRefund(row.refund),
        is_gift=bool(row.is_gift),
        is_closed=bool(row.is_closed),
        shipped=row.shipped,
        called_off=row.called_off,
        sold_as=row.sold_as,
        bundle=_bundle_of(row) if row.bundle is not None else None,
        from_line=LineId(row.from_line) if row.from_line else None,
        platform_order_id=PlatformOrderId(row.platform_order_id) if row.platform_order_id else None,
        platform_order_no=row.platform_order_no or "",
    )


def _bundle_of(row: Any) -> FromBundle:
    return FromBundle(
        code=SkuCode(row.bundle),
        quantity=Quantity(row.bundle_quantity),
        list_price_fen=row.bundle_list_price,
        whole=row.bundle_whole or row.quantity,  # written before orders were split: the whole line is here
    )


def line_row(line: OrderLine, order_id: OrderId, position: int) -> dict[str, Any]:
    return {
        "id": line.id,
        "order_id": order_id,
        "position": position,
        "platform_line_no": line.platform_line_no,
        "sku": line.sku,
        "title": line.title,
        "spec": line.spec,
        "quantity": line.quantity,
        "unit_price": line.unit_price.fen,
        "adjustment": line.adjustment.fen,
        "line_discount": line.line_discount.fen,
        "order_discount": line.order_discount.fen,
        "payable": line.payable.fen,
        "part": part_row(line.part),
        "refund": line.refund,
        "is_gift": line.is_gift,
        "is_closed": line.is_closed,
        "shipped": line.shipped,
        "called_off": line.called_off,
        "sold_as": line.sold_as,
        "bundle": line.bundle.code if line.bundle else None,
        "bundle_quantity": line.bundle.quantity if line.bundle else None,
        "bundle_list_price": line.bundle.list_price_fen if line.bundle else None,
        "bundle_whole": line.bundle.whole if line.bundle else None,
        "from_line": line.from_line,
        "platform_order_id": line.platform_order_id,
        "platform_order_no": line.platform_order_no or None,
    }


def order_of(row: Any, lines: Sequence[Any]) -> SalesOrder:
    currency = row.currency
    return SalesOrder(
        id=OrderId(row.id),
        number=row.number,
        shop_id=ShopId(row.shop_id),
        platform=Platform(row.platform),
        platform_order_id=PlatformOrderId(row.platform_order_id) if row.platform_order_id else None,
        platform_order_no=row.platform_order_no,
        kind=OrderKind(row.kind),
        source=OrderSource(row.source),
        business=Business(row.business),
        delivery=DeliveryMode(row.delivery),
        original_id=OrderId(row.original_id) if row.original_id else None,
        cash_on_delivery=bool(row.cash_on_delivery),
        external=bool(row.external),
        state=OrderState(row.state),
        lines=tuple(line_of(line, currency) for line in lines),
        steps=tuple(map(step_of, row.steps)),
        freight=Money(row.freight, currency),
        services=Money(row.services, currency),
        cod_fee=Money(row.cod_fee, currency),
        payable=Money(row.payable, currency),
        paid=Money(row.paid, currency),
        receiver=party_of(row, "receiver"),
        buyer=party_of(row, "buyer"),
        buyer_id=row.platform_buyer_id,
        buyer_handle=row.buyer_handle,
        region=decode(row.region, Region),
        buyer_remark=row.buyer_remark,
        seller_remark=row.seller_remark,
        seller_flag=row.seller_flag,
        flags=decode(row.flags, tuple[Flag, ...]) if row.flags else (),
        passed_rules=tuple((rule, version) for rule, version in row.passed_rules),
        progress=row.progress,
        warehouse=WarehouseCode(row.warehouse) if row.warehouse is not None else None,
        fulfilment_id=FulfilmentOrderId(row.fulfilment_id) if row.fulfilment_id else None,
        placed_at=row.placed_at,
        paid_at=row.paid_at,
        promised_ship_at=row.promised_ship_at,
        note=row.note or "",
        mark=row.mark or 0,
        tags=tuple(row.tags or ()),
        addresses_at_platform=decode(row.addresses_at_platform, tuple[AddressAtPlatform, ...])
        if row.addresses_at_platform
        else (),
        origins=_ids_of(row.origins),
        heirs=_ids_of(row.heirs),
        split_reasons=tuple(row.split_reasons or ()),
        carrier=CarrierCode(row.carrier) if row.carrier is not None else None,
        planned_ship_at=row.planned_ship_at,
        planned_arrival_on=row.planned_arrival_on,
        ended_at=row.ended_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
    )


def _ids_of(texts: Sequence[str] | None) -> tuple[OrderId, ...]:
    return tuple(OrderId(UUID(text)) for text in texts or ())


def row_of(state: SalesOrder) -> dict[str, Any]:
    return {
        "id": state.id,
        "number": state.number,
        "shop_id": state.shop_id,
        "platform": state.platform,
        "platform_order_id": state.platform_order_id,
        "platform_order_no": state.platform_order_no,
        "kind": state.kind,
        "source": state.source,
        "business": state.business,
        "delivery": state.delivery,
        "original_id": state.original_id,
        "cash_on_delivery": state.cash_on_delivery,
        "external": state.external,
        "state": state.state,
        "currency": state.payable.currency,
        "freight": state.freight.fen,
        "services": state.services.fen,
        "cod_fee": state.cod_fee.fen,
        "payable": state.payable.fen,
        "paid": state.paid.fen,
        **party_row(state.receiver, "receiver"),
        **party_row(state.buyer, "buyer"),
        "platform_buyer_id": state.buyer_id,
        "buyer_handle": state.buyer_handle,
        "region": encode(state.region),
        "buyer_remark": state.buyer_remark,
        "seller_remark": state.seller_remark,
        "seller_flag": state.seller_flag,
        "steps": list(map(step_row, state.steps)),
        "flags": encode(state.flags),
        "flag_count": len(state.flags),
        "passed_rules": encode(state.passed_rules),
        "progress": state.progress,
        "warehouse": state.warehouse,
        "fulfilment_id": state.fulfilment_id,
        "units": sum(line.quantity for line in state.lines),
        "placed_at": state.placed_at,
        "paid_at": state.paid_at,
        "promised_ship_at": state.promised_ship_at,
        "note": state.note or None,
        "mark": state.mark or None,
        "tags": list(state.tags) or None,
        "addresses_at_platform": encode(state.addresses_at_platform) if state.addresses_at_platform else None,
        "origins": list(map(str, state.origins)) or None,
        "heirs": list(map(str, state.heirs)) or None,
        "split_reasons": list(state.split_reasons) or None,
        "carrier": state.carrier,
        "planned_ship_at": state.planned_ship_at,
        "planned_arrival_on": state.planned_arrival_on,
        "ended_at": state.ended_at,
        "created_at": state.created_at,
        "updated_at": state.updated_at,
    }


def changed_lines(before: SalesOrder | None, after: SalesOrder) -> list[dict[str, Any]]:
    """Return the rows of new, changed and gone lines (an unpaid order may lose some)."""
    old = {line.id: (line, place) for place, line in enumerate(before.lines)} if before else {}
    rows = [
        line_row(line, after.id, place) | {"is_new": line.id not in old}
        for place, line in enumerate(after.lines)
        if old.get(line.id) != (line, place)
    ]
    kept = {line.id for line in after.lines}
    return rows + [{"id": id, "is_new": False, "is_gone": True} for id in old if id not in kept]


@frozen
class SalesOrderStore:
    """``oms_app.ports.transaction.SalesOrders`` on a database."""

    work: Work
    actor: Actor

    def get(self, order_id: OrderId) -> SalesOrder:
        if (saved := self.work.saved(order_id)) is not None:
            return saved  # type: ignore[no-any-return]
        rows = self.work.rows(_BY_ID, {"id": order_id})
        if not rows or not self.actor.sees(rows[0].shop_id):
            raise OrderNotFound(order_id=order_id)
        return self._loaded(rows[0], self.work.rows(_LINES_OF_ONE, {"id": order_id}))

    def get_many(self, order_ids: Sequence[OrderId]) -> dict[OrderId, SalesOrder]:
        if not order_ids:
            return {}
        ids = {"ids": list(order_ids)}
        lines: dict[Any, list[Any]] = {}
        for line in self.work.rows(_LINES, ids):
            lines.setdefault(line.order_id, []).append(line)
        found = [
            self._loaded(row, lines.get(row.id, []))
            for row in self.work.rows(_BY_IDS, ids)
            if self.actor.sees(row.shop_id)
        ]
        # New ones have no row yet.
        saved = {id: order for id in order_ids if (order := self.work.saved(id)) is not None}
        return {order.id: order for order in found} | saved

    def waiting_for(
        self, sku: SkuCode, warehouse: WarehouseCode, limit: int, *, after: OrderId | None = None
    ) -> tuple[OrderId, ...]:
        shops = ShopStore(self.work, self.actor).all()
        if not shops:
            return ()
        asked = {
            "sku": sku,
            "warehouse": warehouse,
            "shop_ids": [shop.id for shop in shops],
            "by_strategy": [shop.id for shop in shops if shop.policy.strategy],
            "from_there": [shop.id for shop in shops if shop.policy.warehouse == warehouse],
            "most": limit,
        }
        rows = self.work.rows(_WAITING_BEHIND, {**asked, "after": after}) if after else self.work.rows(_WAITING, asked)
        return tuple(OrderId(row.id) for row in rows)

    def siblings(self, order: SalesOrder, limit: int) -> tuple[OrderId, ...]:
        same = {"shop_id": order.shop_id, "receiver_digest": order.receiver.digest, "buyer_id": order.buyer_id}
        if not all(same.values()):
            return ()
        rows = self.work.rows(_SIBLINGS, {**same, "id": order.id, "most": limit})
        return tuple(OrderId(row.id) for row in rows)

    def number_holder(self, shop_id: ShopId, order_no: str) -> OrderId | None:
        rows = self.work.rows(_HOLDER, {"shop_id": shop_id, "order_no": order_no})
        return OrderId(rows[0].order_id) if rows else None

    def claim_number(self, order: SalesOrder, *, instead_of: OrderId | None = None) -> None:
        row = {"shop_id": order.shop_id, "order_no": order.platform_order_no, "order_id": order.id}
        if instead_of is None:
            self.work.add(own_number, row)
            return
        c = own_number.c
        held = (c.shop_id == order.shop_id, c.order_no == order.platform_order_no, c.order_id == instead_of)
        taken_over = own_number.update().where(*held).values(order_id=order.id)

        def send(connection: Connection) -> None:
            if connection.execute(taken_over).rowcount != 1:
                raise Duplicate(what=own_number.name)

        self.work.last.append(((own_number.name, order.platform_order_no), send))

    def save(self, order: SalesOrder) -> None:
        if not self.actor.sees(order.shop_id):
            raise OrderNotFound(order_id=order.id)
        self.work.journal.saved("sales_order", order.id, order.shop_id, order)
        parts = ((sales_order_line, changed_lines),)
        self.work.save(Saved(sales_order, order, row_of, parts, self.work.loaded.get(order.id)))

    def _loaded(self, row: Any, lines: Sequence[Any]) -> SalesOrder:
        found = order_of(row, lines)
        self.work.loaded.setdefault(found.id, found)
        self.work.tables["sales_order"] = sales_order
        head = Head(row.log_seq, row.log_hash)
        self.work.journal.loaded("sales_order", found.id, found.shop_id, found, head)
        return found
