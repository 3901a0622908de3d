"""Who acts, on whose shops, with which rights, and on account of what."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, Final, Protocol
from uuid import UUID

from attrs import evolve, frozen

from oms_domain.kernel.errors import Denied, Refused
from oms_domain.kernel.identity import EventId, ShopId


class Permission(StrEnum):
    """What a caller may do; none is implied by another but all by ``admin``."""

    ORDERS_READ = "orders:read"
    ORDERS_WRITE = "orders:write"
    STOCK_READ = "stock:read"
    STOCK_WRITE = "stock:write"
    AFTERSALES_READ = "aftersales:read"
    AFTERSALES_WRITE = "aftersales:write"
    PII_READ = "pii:read"
    ADMIN = "admin"


EVERYTHING: Final = frozenset(Permission)


@frozen(kw_only=True)
class Once:
    """A caller's promise that equal keys mean the same ask: the effect then happens once."""

    client: str
    key: str
    digest: str  # of method, path and body

    def row(self, row: str) -> Once:
        """The promise for one row of a batch."""
        return evolve(self, key=f"{self.key}#{row}")


@frozen(kw_only=True)
class JobClaim:
    """The right to finish a job, valid while ``token`` is the newest given out for it."""

    job_id: UUID
    token: int


@frozen(kw_only=True)
class Actor:
    """Who acts. ``shops`` None means every shop; otherwise what is not listed does not exist for the actor."""

    id: str
    shops: frozenset[ShopId] | None = None
    permissions: frozenset[Permission] = frozenset()
    request_id: str = ""
    cause: EventId | None = None
    once: Once | None = None
    job: JobClaim | None = None
    role: str = ""  # by the merchant's name for it
    agent: str = ""  # the name by which people know who it is: a key's name, a login

    @property
    def name(self) -> str:
        """Who works on tickets (坐席): a name that outlives a key."""
        return self.agent or self.id

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions or Permission.ADMIN in self.permissions

    def must(self, permission: Permission) -> None:
        """Raises ``Denied``."""
        if not self.may(permission):
            raise Denied(permission=permission)

    def sees(self, shop_id: ShopId) -> bool:
        return self.shops is None or shop_id in self.shops


def system(name: str, *, cause: EventId | None = None, job: JobClaim | None = None) -> Actor:
    """Return the named system actor: policies and background work."""
    return Actor(id=f"system:{name}", permissions=EVERYTHING, cause=cause, job=job)


class Command(Protocol):
    """An ask. The permission stands on its class, once, for HTTP, console and CLI alike."""

    permission: ClassVar[Permission]

    @property
    def by(self) -> Actor: ...


@frozen(kw_only=True)
class KeyReused(Refused):
    """The idempotency key was used for another ask."""

    code: ClassVar[str] = "http.idempotency_key_reused"
    key: str
