"""The fields of an order that rules may test: the catalogue of review and interception."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from oms_domain.conditions.fields import Catalogue, Field, FieldKind, Value, hide
from oms_domain.conditions.fields import FieldKind as K
from oms_domain.orders.rules.facts import LineFacts, OrderFacts

_Read = Callable[[OrderFacts], Value]
_ReadLine = Callable[[LineFacts], Value]

_ORDER: Final[tuple[tuple[str, FieldKind, _Read, str, str], ...]] = (
    ("kind", K.TEXT, lambda o: o.kind, "订单类型", "order type"),
    ("platform", K.TEXT, lambda o: o.platform, "平台", "platform"),
    ("cash_on_delivery", K.BOOLEAN, lambda o: o.cash_on_delivery, "货到付款", "cash on delivery"),
    ("payable_fen", K.AMOUNT, lambda o: o.payable_fen, "应付金额", "amount payable"),
    ("paid_fen", K.AMOUNT, lambda o: o.paid_fen, "实付金额", "amount paid"),
    ("goods_fen", K.AMOUNT, lambda o: o.goods_fen, "商品金额", "amount of goods"),
    ("discount_fen", K.AMOUNT, lambda o: o.discount_fen, "优惠金额", "discount"),
    ("freight_fen", K.AMOUNT, lambda o: o.freight_fen, "运费", "freight"),
    ("margin_bp", K.INTEGER, lambda o: o.margin_bp, "订单毛利率（万分之）", "margin of the order (basis points)"),
    ("units", K.INTEGER, lambda o: o.units, "总件数", "units"),
    ("line_count", K.INTEGER, lambda o: len(o.lines), "行数", "lines"),
    ("skus", K.CODES, lambda o: o.skus, "商家编码", "SKUs"),
    ("buyer_remark", K.TEXT, lambda o: o.buyer_remark, "买家留言", "buyer's remark"),
    ("seller_remark", K.TEXT, lambda o: o.seller_remark, "卖家备注", "seller's remark"),
    ("seller_flag", K.INTEGER, lambda o: o.seller_flag, "插旗", "seller's flag"),
    ("flags", K.CODES, lambda o: o.flags, "标记", "flags"),
    ("tags", K.CODES, lambda o: o.around.tags, "标签", "tags"),
    ("province", K.TEXT, lambda o: o.province, "省", "province"),
    ("city", K.TEXT, lambda o: o.city, "市", "city"),
    ("district", K.TEXT, lambda o: o.district, "区县", "district"),
    ("town", K.TEXT, lambda o: o.town, "街道乡镇", "town"),
    ("region_codes", K.CODES, lambda o: o.around.region_codes, "地区编码", "region codes"),
    ("address_complete", K.BOOLEAN, lambda o: o.around.address_complete, "地址完整", "address complete"),
    ("placed_at", K.INSTANT, lambda o: o.placed_at, "下单时间", "placed at"),
    ("paid_at", K.INSTANT, lambda o: o.paid_at, "付款时间", "paid at"),
    ("confirmed_at", K.INSTANT, lambda o: o.confirmed_at, "付款时间（货到付款为下单时间）", "paid (or placed) at"),
    ("promised_ship_at", K.INSTANT, lambda o: o.promised_ship_at, "承诺发货时间", "promised to ship at"),
    ("merge_window_open", K.BOOLEAN, lambda o: o.around.merge_window_open, "在合单等待期内", "merge window open"),
    ("phone_blacklisted", K.BOOLEAN, lambda o: o.around.phone_blacklisted, "电话在黑名单", "phone on the blacklist"),
    (
        "address_blacklisted",
        K.BOOLEAN,
        lambda o: o.around.address_blacklisted,
        "地址在黑名单",
        "address on the blacklist",
    ),
    ("buyer_blacklisted", K.BOOLEAN, lambda o: o.around.buyer_blacklisted, "买家在黑名单", "buyer on the blacklist"),
    ("buyer_orders", K.INTEGER, lambda o: o.around.buyer_orders, "买家此前订单数", "buyer's orders before"),
    (
        "same_address_orders_1h",
        K.INTEGER,
        lambda o: o.around.same_address_orders_1h,
        "1 小时内同地址订单数",
        "orders to the address within 1 hour",
    ),
    (
        "same_address_orders_24h",
        K.INTEGER,
        lambda o: o.around.same_address_orders_24h,
        "24 小时内同地址订单数",
        "orders to the address within 24 hours",
    ),
    (
        "same_address_orders_7d",
        K.INTEGER,
        lambda o: o.around.same_address_orders_7d,
        "7 天内同地址订单数",
        "orders to the address within 7 days",
    ),
)
_PERSONAL: Final[tuple[tuple[str, FieldKind, _Read, str, str], ...]] = (
    ("buyer_id", K.TEXT, lambda o: o.buyer_id, "买家标识", "buyer's id"),
)
_LINE: Final[tuple[tuple[str, FieldKind, _ReadLine, str, str], ...]] = (
    ("sku", K.TEXT, lambda line: line.sku, "商家编码", "SKU"),
    ("title", K.TEXT, lambda line: line.title, "商品名称", "title"),
    ("spec", K.TEXT, lambda line: line.spec, "规格", "specification"),
    ("units", K.INTEGER, lambda line: line.units, "件数", "units"),
    ("net_fen", K.AMOUNT, lambda line: line.net_fen, "优惠后金额", "net amount"),
    ("floor_fen", K.AMOUNT, lambda line: line.floor_fen, "单件底价", "floor price of one unit"),
    ("below_floor", K.BOOLEAN, lambda line: line.below_floor, "低于底价", "below the floor price"),
    ("margin_bp", K.INTEGER, lambda line: line.margin_bp, "毛利率（万分之）", "margin (basis points)"),
    ("is_gift", K.BOOLEAN, lambda line: line.is_gift, "赠品", "gift"),
    ("is_mapped", K.BOOLEAN, lambda line: line.is_mapped, "商品已匹配", "SKU known"),
    ("categories", K.CODES, lambda line: line.categories, "类目", "categories"),
)

ORDER_FIELDS: Final[Catalogue[OrderFacts, LineFacts]] = Catalogue(
    fields=(
        *(Field(name=name, kind=kind, read=read, zh=zh, en=en) for name, kind, read, zh, en in _ORDER),
        *(Field(name=name, kind=kind, read=read, zh=zh, en=en, mask=hide) for name, kind, read, zh, en in _PERSONAL),
    ),
    line_fields=tuple(Field(name=name, kind=kind, read=read, zh=zh, en=en) for name, kind, read, zh, en in _LINE),
    lines=lambda order: order.lines,
)
"""Fields of orders and of their lines (审单条件字段)."""
