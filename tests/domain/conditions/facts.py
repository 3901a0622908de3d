"""A small catalogue with a field of every kind, and facts for it: what the tests of the engine are about."""

from datetime import datetime

from attrs import frozen
from hypothesis import strategies as st

from oms_domain.conditions.fields import Catalogue, Field, FieldKind
from oms_domain.testing.builders import NOW
from oms_domain.testing.conditions import VALUES


@frozen(kw_only=True)
class Row:
    sku: str | None = "SCARF-RED"
    units: int | None = 2
    is_gift: bool | None = False


@frozen(kw_only=True)
class Facts:
    remark: str | None = ""
    payable_fen: int | None = 50000
    orders: int | None = 1
    paid_at: datetime | None = NOW
    tags: tuple[str, ...] | None = ()
    is_new: bool | None = True
    street: str | None = "示例路1号"
    rows: tuple[Row, ...] = (Row(),)


CATALOGUE: Catalogue[Facts, Row] = Catalogue(
    fields=(
        Field(name="remark", kind=FieldKind.TEXT, read=lambda f: f.remark, zh="买家留言", en="remark"),
        Field(name="payable_fen", kind=FieldKind.AMOUNT, read=lambda f: f.payable_fen, zh="应付金额", en="payable"),
        Field(name="orders", kind=FieldKind.INTEGER, read=lambda f: f.orders, zh="订单数", en="orders"),
        Field(name="paid_at", kind=FieldKind.INSTANT, read=lambda f: f.paid_at, zh="付款时间", en="paid at"),
        Field(name="tags", kind=FieldKind.CODES, read=lambda f: f.tags, zh="标签", en="tags"),
        Field(name="is_new", kind=FieldKind.BOOLEAN, read=lambda f: f.is_new, zh="首单", en="first order"),
        Field(
            name="street",
            kind=FieldKind.TEXT,
            read=lambda f: f.street,
            zh="街道地址",
            en="street",
            mask=lambda text: text[:1] + "***",
        ),
    ),
    line_fields=(
        Field(name="sku", kind=FieldKind.TEXT, read=lambda r: r.sku, zh="商家编码", en="SKU"),
        Field(name="units", kind=FieldKind.INTEGER, read=lambda r: r.units, zh="件数", en="units"),
        Field(name="is_gift", kind=FieldKind.BOOLEAN, read=lambda r: r.is_gift, zh="赠品", en="gift"),
    ),
    lines=lambda facts: facts.rows,
)


def known_or_not(kind):
    one = VALUES[kind]
    some = st.lists(one, max_size=3).map("".join if kind is FieldKind.TEXT else tuple)
    return st.none() | (some if kind in (FieldKind.TEXT, FieldKind.CODES) else one)


def drawn(cls, fields, **more):
    return st.builds(cls, **{one.name: known_or_not(one.kind) for one in fields}, **more)


rows = drawn(Row, CATALOGUE.line_fields)
facts = drawn(Facts, CATALOGUE.fields, rows=st.lists(rows, max_size=4).map(tuple))
