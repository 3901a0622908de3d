"""Document counters and API keys: small rows in short transactions of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from attrs import frozen

from oms_adapters.db.codec import decode, encode
from oms_adapters.db.engine import Engines
from oms_adapters.db.errors import translated
from oms_adapters.db.jobs import writing
from oms_adapters.db.journal import document_counter
from oms_adapters.db.types import Id, Instant, Json, code, table, text
from oms_app.access import ApiKey, Role
from oms_app.actor import Permission
from oms_app.ports.transaction import Contended, Duplicate
from oms_domain.kernel.identity import ShopId

TRIES = 20

_RAISE = (
    document_counter.update()
    .where(document_counter.c.kind == sa.bindparam("key_kind"), document_counter.c.day == sa.bindparam("key_day"))
    .values(last=document_counter.c.last + sa.bindparam("count", type_=sa.BigInteger))
)
_LAST = sa.select(document_counter.c.last).where(
    document_counter.c.kind == sa.bindparam("key_kind"), document_counter.c.day == sa.bindparam("key_day")
)

api_key = table(
    "api_key",
    sa.Column("id", Id, primary_key=True),
    sa.Column("prefix", code(), nullable=False, unique=True),
    sa.Column("secret_hash", text(200), nullable=False),
    sa.Column("name", text(100), nullable=False),
    sa.Column("permissions", Json, nullable=False),
    sa.Column("shops", Json, nullable=True),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("revoked_at", Instant, nullable=True),
    sa.Column("role", text(40), nullable=False),
)

role = table(
    "role",
    sa.Column("code", code(), primary_key=True),
    sa.Column("title", text(100), nullable=False),
    sa.Column("is_retired", sa.Boolean, nullable=False),
    sa.Column("actor", text(100), nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
)


@frozen
class NumberStore:
    """``oms_app.ports.numbers.Numbers`` on a database."""

    engines: Engines
    pause: Callable[[int], None]

    def take(self, kind: str, day: date, count: int) -> Sequence[int]:
        for attempt in range(2, TRIES):
            try:
                return self._take(kind, day, count)
            except (Contended, Duplicate):
                self.pause(attempt)
        return self._take(kind, day, count)

    def _take(self, kind: str, day: date, count: int) -> Sequence[int]:
        key = {"key_kind": kind, "key_day": day}
        with writing(self.engines) as connection:
            if connection.execute(_RAISE, key | {"count": count}).rowcount == 0:
                connection.execute(document_counter.insert(), {"kind": kind, "day": day, "last": count})
                return range(1, count + 1)
            last = int(connection.execute(_LAST, key).scalar_one())
        return range(last - count + 1, last + 1)


@frozen
class ApiKeyStore:
    """``oms_app.access.ApiKeys`` on a database."""

    engines: Engines

    def add(self, key: ApiKey) -> None:
        row = {
            "id": key.id,
            "prefix": key.prefix,
            "secret_hash": key.secret_hash,
            "name": key.name,
            "permissions": sorted(key.permissions),
            "shops": None if key.shops is None else encode(key.shops),
            "created_at": key.created_at,
            "revoked_at": key.revoked_at,
            "role": key.role,
        }
        with writing(self.engines) as connection:
            connection.execute(api_key.insert(), row)

    def by_prefix(self, prefix: str) -> ApiKey | None:
        with translated(), self.engines.read.connect() as connection:
            row = connection.execute(sa.select(api_key).where(api_key.c.prefix == prefix)).first()
        return key_of(row) if row else None

    def all(self) -> tuple[ApiKey, ...]:
        with translated(), self.engines.read.connect() as connection:
            return tuple(key_of(row) for row in connection.execute(sa.select(api_key).order_by(api_key.c.id)))

    def revoke(self, key_id: UUID, *, at: datetime) -> bool:
        gone = api_key.update().where(api_key.c.id == key_id, api_key.c.revoked_at.is_(None)).values(revoked_at=at)
        with writing(self.engines) as connection:
            return connection.execute(gone).rowcount == 1

    def roles(self) -> tuple[Role, ...]:
        with translated(), self.engines.read.connect() as connection:
            rows = connection.execute(sa.select(role).order_by(role.c.code))
            return tuple(Role(code=row.code, title=row.title, is_retired=bool(row.is_retired)) for row in rows)

    def put_role(self, put: Role, *, by: str, at: datetime) -> None:
        facts = {"title": put.title, "is_retired": put.is_retired, "actor": by, "updated_at": at}
        change = role.update().where(role.c.code == put.code).values(**facts)
        add = role.insert().values(code=put.code, **facts)
        with suppress(Duplicate), writing(self.engines) as connection:
            if not connection.execute(change).rowcount:
                connection.execute(add)
            return
        with writing(self.engines) as connection:  # somebody named it just before: it is changed then
            connection.execute(change)


def key_of(row: Any) -> ApiKey:
    return ApiKey(
        id=row.id,
        prefix=row.prefix,
        secret_hash=row.secret_hash,
        name=row.name,
        permissions=frozenset(Permission(name) for name in row.permissions),
        shops=None if row.shops is None else decode(row.shops, frozenset[ShopId]),
        created_at=row.created_at,
        revoked_at=row.revoked_at,
        role=row.role,
    )
