"""API keys: who may call, on which shops, with which rights. Only a keyed hash of a secret is stored."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar, Final, Protocol
from uuid import UUID

from attrs import field, frozen

from oms_app.actor import Actor, Permission
from oms_app.ports.transaction import Clock, NewId
from oms_domain.kernel.errors import OmsError
from oms_domain.kernel.identity import ShopId
from oms_domain.kernel.text import checked_text

PREFIX: Final = "oms"


@frozen(kw_only=True)
class ApiKey:
    """A key as it is stored. ``shops`` None: every shop."""

    id: UUID
    prefix: str  # shown in logs; finds the row
    secret_hash: str
    name: str
    permissions: frozenset[Permission]
    shops: frozenset[ShopId] | None
    created_at: datetime
    revoked_at: datetime | None = None


@frozen(kw_only=True)
class NotAuthenticated(OmsError):
    """No key, an unknown one, or a revoked one: all three answer alike."""

    code: ClassVar[str] = "auth.not_authenticated"


class ApiKeys(Protocol):
    """All API keys. Each call is a short transaction of its own."""

    def add(self, key: ApiKey) -> None: ...

    def by_prefix(self, prefix: str) -> ApiKey | None: ...

    def all(self) -> tuple[ApiKey, ...]: ...

    def revoke(self, key_id: UUID, *, at: datetime) -> bool:
        """False if there is none such."""


class SecretHasher(Protocol):
    """Keyed hash of secrets, and their making."""

    def new_secret(self) -> str: ...

    def hash(self, secret: str) -> str: ...

    def matches(self, secret: str, secret_hash: str) -> bool:
        """In constant time."""


@frozen(kw_only=True)
class MakeKey:
    """Make an API key. The answer is the only time its secret is seen."""

    permission: ClassVar[Permission] = Permission.ADMIN
    name: str
    permissions: frozenset[Permission]
    shops: frozenset[ShopId] | None
    by: Actor


@frozen
class _Seen:
    """A key that was good when it was read."""

    at: datetime
    secret_hash: str
    actor: Actor


@frozen(kw_only=True)
class AccessService:
    """Use cases of access.

    ``keep``: how long a key that was read counts without being read again. So long may a key live on that another
    process revokes; 0 reads it at every request.
    """

    keys: ApiKeys
    hasher: SecretHasher
    now: Clock
    new_id: NewId
    keep: timedelta = timedelta(0)
    _seen: dict[str, _Seen] = field(factory=dict, init=False, repr=False)  # by prefix: no more than there are keys

    def make(self, command: MakeKey) -> str:
        """Return the new key's text, ``oms_<prefix>_<secret>``; it cannot be read again."""
        command.by.must(command.permission)
        key_id = self.new_id()
        prefix, secret = key_id.hex[-12:], self.hasher.new_secret()
        self.keys.add(
            ApiKey(
                id=key_id,
                prefix=prefix,
                secret_hash=self.hasher.hash(secret),
                name=checked_text(command.name, field="name", longest=100, allow_empty=False),
                permissions=command.permissions,
                shops=command.shops,
                created_at=self.now(),
            )
        )
        return f"{PREFIX}_{prefix}_{secret}"

    def recognise(self, text: str) -> Actor | None:
        """Return the actor of a key that was read within ``keep``, without asking the store; None: it must be asked."""
        parts = text.split("_", 2)
        seen = self._seen.get(parts[1]) if len(parts) == 3 and parts[0] == PREFIX else None
        if seen is None or not timedelta(0) <= self.now() - seen.at < self.keep:
            return None
        return seen.actor if self.hasher.matches(parts[2], seen.secret_hash) else None

    def authenticate(self, text: str) -> Actor:
        """Return the actor of a key, as the store has it now. Raises ``NotAuthenticated``."""
        parts = text.split("_", 2)
        key = self.keys.by_prefix(parts[1]) if len(parts) == 3 and parts[0] == PREFIX else None
        known_hash = key.secret_hash if key else self.hasher.hash("nobody's")
        fits = self.hasher.matches(parts[-1], known_hash)  # reckoned in any case: no telling from the time it takes
        if key is None or not fits or key.revoked_at is not None:
            raise NotAuthenticated
        actor = Actor(id=f"key:{key.prefix}", shops=key.shops, permissions=key.permissions)
        if self.keep:
            self._seen[key.prefix] = _Seen(self.now(), key.secret_hash, actor)
        return actor
