"""Lists of orders: one statement for each combination of filters, built once; keyset pages by row values."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa
from attrs import frozen

from oms_adapters.db.orders import sales_order
from oms_adapters.db.types import Id, Instant
from oms_adapters.db.vault import pii_vault
from oms_app.actor import Actor
from oms_app.queries.rows import COUNT_CAP, LAG_S, MergeCandidates, MergePlace, OrderFilter, OrderRow, Position
from oms_domain.kernel.identity import ShopId
from oms_domain.kernel.money import Money
from oms_domain.orders.marks import OrderSource
from oms_domain.orders.states import OrderState
from oms_domain.split_merge.merging import ALIKE

_o = sales_order.c
_COLUMNS: Final = (
    _o.id,
    _o.number,
    _o.shop_id,
    _o.platform,
    _o.platform_order_no,
    _o.state,
    _o.flags,
    _o.payable,
    _o.paid,
    _o.currency,
    _o.receiver_mask,
    _o.units,
    _o.created_at,
    _o.updated_at,
    _o.version,
)  # in the order in which ``order_row`` unpacks them
_STATES: Final = {str(state): state for state in OrderState}
_PHONE: Final = sa.select(pii_vault.c.id).where(
    sa.or_(*(pii_vault.c[name] == sa.bindparam("phone") for name in ("phone_index", "phone2_index", "phone4_index")))
)


@frozen
class _Shape:
    """Which filters a list has. Their values are parameters."""

    scope: int | None  # shops that the actor sees, None: all
    states: int
    shop: bool
    platform_order_no: bool
    number: bool
    flagged: bool | None
    phone: bool
    updated: bool
    after: bool


def page(
    actor: Actor, wanted: OrderFilter, *, after: Position | None, limit: int, now: datetime
) -> tuple[Any, dict[str, Any]]:
    """Return the statement of a page and its parameters."""
    values = _values(actor, wanted) | {"limit": limit}
    if wanted.updated_after is not None:
        values |= {"updated_after": wanted.updated_after, "late": now - timedelta(seconds=LAG_S)}
    if after is not None:
        values |= {"after_at": after.at, "after_id": after.id}
    return _page(_shape(actor, wanted, after)), values


def count(actor: Actor, wanted: OrderFilter) -> tuple[Any, dict[str, Any]]:
    """Return the statement that counts a list, to ``COUNT_CAP + 1``, and its parameters."""
    return _count(_shape(actor, wanted, None)), _values(actor, wanted)


def ids(actor: Actor, wanted: OrderFilter) -> tuple[Any, dict[str, Any]]:
    """Return the statement of the ids of a list, and its parameters."""
    return _ids(_shape(actor, wanted, None)), _values(actor, wanted)


def order_row(row: Any) -> OrderRow:
    """Unpacked, not by name: a page has a thousand values."""
    (
        id_,
        number,
        shop_id,
        platform,
        platform_order_no,
        state,
        flags,
        payable,
        paid,
        currency,
        receiver_mask,
        units,
        created_at,
        updated_at,
        version,
    ) = row
    return OrderRow(
        id=id_,
        number=number,
        shop_id=shop_id,
        platform=platform,
        platform_order_no=platform_order_no,
        state=_STATES[state],
        flags=tuple(flag["kind"] for flag in flags),
        payable=Money(payable, currency),
        paid=Money(paid, currency),
        receiver_mask=receiver_mask,
        units=units,
        created_at=created_at,
        updated_at=updated_at,
        version=version,
    )


_other = sales_order.alias("other")
_COLUMN_OF: Final = {"buyer_id": "platform_buyer_id", "receiver": "receiver_digest"}
_ALIKE: Final = tuple(_COLUMN_OF.get(name, name) for name in ALIKE)
"""What orders that are merged have alike, as it stands in the table."""


def merge_candidates(actor: Actor, shop_id: ShopId | None, after: MergePlace | None, limit: int) -> sa.Select[Any]:
    """Return the statement of orders that may be merged, group by group; one more than ``limit``, if there is."""
    state = str(OrderState.AWAITING_CS_REVIEW)
    plain = sa.select(pii_vault.c.id).where(pii_vault.c.plain_index.is_not(None))
    alike = [_other.c[name].is_not_distinct_from(_o[name]) for name in _ALIKE]
    another = sa.exists().where(*alike, _other.c.state == state, _other.c.flag_count == 0, _other.c.id != _o.id)
    statement = sa.select(*_COLUMNS, *(_o[name].label(f"alike_{name}") for name in _ALIKE)).where(
        _o.state == state,
        _o.flag_count == 0,
        sa.or_(_o.platform_buyer_id != "", _o.source != str(OrderSource.PLATFORM)),
        _o.receiver_digest != "",
        _o.receiver_id.in_(plain),
        another,
    )
    if actor.shops is not None:
        statement = statement.where(_o.shop_id.in_(sorted(actor.shops, key=lambda id: id.bytes)))
    if shop_id is not None:
        statement = statement.where(_o.shop_id == shop_id)
    if after is not None:
        place = sa.tuple_(sa.literal(after[0], Id), sa.literal(after[1], sa.String))
        statement = statement.where(sa.tuple_(_o.shop_id, _o.receiver_digest) > place)
    return statement.order_by(_o.shop_id, _o.receiver_digest, _o.placed_at, _o.id).limit(limit + 1)


def merge_groups(rows: Sequence[Any], limit: int) -> MergeCandidates:
    """Return a page of the orders of ``merge_candidates`` in their groups."""
    width, groups, next_ = len(_COLUMNS), dict[str, list[OrderRow]](), None
    places = [(ShopId(row.alike_shop_id), str(row.alike_receiver_digest)) for row in rows]
    if len(rows) > limit:
        whole = [place for place in places if place != places[-1]] or places[:limit]
        rows, next_ = rows[: len(whole)], whole[-1]
    for row in rows:
        groups.setdefault(repr(tuple(row)[width:]), []).append(order_row(tuple(row)[:width]))
    return MergeCandidates(groups=tuple(tuple(group) for group in groups.values() if len(group) > 1), next=next_)


def _shape(actor: Actor, wanted: OrderFilter, after: Position | None) -> _Shape:
    return _Shape(
        scope=None if actor.shops is None else len(actor.shops),
        states=len(wanted.states),
        shop=wanted.shop_id is not None,
        platform_order_no=bool(wanted.platform_order_no),
        number=bool(wanted.number),
        flagged=wanted.flagged,
        phone=bool(wanted.phone_digest),
        updated=wanted.updated_after is not None,
        after=after is not None,
    )


def _values(actor: Actor, wanted: OrderFilter) -> dict[str, Any]:
    seen = sorted(actor.shops or (), key=lambda shop_id: shop_id.bytes)
    return {
        **{f"seen{at}": shop_id for at, shop_id in enumerate(seen)},
        **{f"state{at}": str(state) for at, state in enumerate(wanted.states)},
        "shop": wanted.shop_id,
        "platform_order_no": wanted.platform_order_no,
        "number": wanted.number,
        "phone": wanted.phone_digest,
    }


def _conditions(shape: _Shape) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if shape.scope is not None:
        found.append(_o.shop_id.in_([sa.bindparam(f"seen{at}", type_=Id) for at in range(shape.scope)]))
    if shape.states == 1:
        found.append(_o.state == sa.bindparam("state0"))
    elif shape.states:
        found.append(_o.state.in_([sa.bindparam(f"state{at}", type_=sa.String) for at in range(shape.states)]))
    if shape.shop:
        found.append(_o.shop_id == sa.bindparam("shop"))
    if shape.platform_order_no:
        found.append(_o.platform_order_no == sa.bindparam("platform_order_no"))
    if shape.number:
        found.append(_o.number == sa.bindparam("number"))
    if shape.flagged is not None:
        found.append(
            _o.flag_count > sa.literal_column("0") if shape.flagged else _o.flag_count == sa.literal_column("0")
        )
    if shape.phone:
        found.append(_o.receiver_id.in_(_PHONE))
    return found


@lru_cache(maxsize=512)
def _page(shape: _Shape) -> sa.Select[Any]:
    statement = sa.select(*_COLUMNS).where(*_conditions(shape)).limit(sa.bindparam("limit"))
    at = _o.updated_at if shape.updated else _o.created_at
    place = sa.tuple_(at, _o.id)
    after = sa.tuple_(sa.bindparam("after_at", type_=Instant), sa.bindparam("after_id", type_=Id))
    if shape.updated:
        statement = statement.where(at > sa.bindparam("updated_after"), at <= sa.bindparam("late"))
        statement = statement.order_by(at, _o.id)
        return statement.where(place > after) if shape.after else statement
    statement = statement.order_by(at.desc(), _o.id.desc())
    return statement.where(place < after) if shape.after else statement


@lru_cache(maxsize=512)
def _count(shape: _Shape) -> sa.Select[Any]:
    some = sa.select(_o.id).where(*_conditions(shape)).limit(sa.literal_column(str(COUNT_CAP + 1))).subquery()
    return sa.select(sa.func.count().label("found")).select_from(some)


@lru_cache(maxsize=512)
def _ids(shape: _Shape) -> sa.Select[Any]:
    return sa.select(_o.id).where(*_conditions(shape))
