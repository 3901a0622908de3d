"""API keys: who may call, on which shops, with which rights. Only a keyed hash of a secret is stored."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import ClassVar, Final, Protocol
from uuid import UUID

from attrs import evolve, field, frozen

from oms_app.actor import Actor, Permission
from oms_app.ports.transaction import Clock, NewId
from oms_domain.aftersales.terms import AGENT, OVERSEER
from oms_domain.kernel.errors import Denied, Invalid, OmsError, Refused
from oms_domain.kernel.identity import ShopId
from oms_domain.kernel.text import checked_text

PREFIX: Final = "oms"


@frozen(kw_only=True)
class Role:
    """What somebody is in aftersales (角色), named by the merchant: shops' terms set limits by it."""

    code: str
    title: str
    is_retired: bool = False  # who has it keeps it; nobody new gets it


BUILT_IN: Final = (Role(code=AGENT, title="客服"), Role(code=OVERSEER, title="管理员"))
"""What a key without a role is: ``admin`` with the right to everything, else ``agent``."""

_CODE: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}", re.ASCII)


@frozen(kw_only=True)
class RoleInvalid(Invalid):
    """A role's code is 1 to 40 of a-z, 0-9, ``_`` and ``-``."""

    code: ClassVar[str] = "access.role_invalid"
    field: str = "role"
    value: str


@frozen(kw_only=True)
class RoleUnknown(Invalid):
    """There is no such role, or it is retired."""

    code: ClassVar[str] = "access.role_unknown"
    field: str = "role"
    value: str


@frozen(kw_only=True)
class RoleBuiltIn(Refused):
    """``agent`` and ``admin`` are always there, and stay what they are."""

    code: ClassVar[str] = "access.role_built_in"
    role: str


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
    role: str = ""  # empty: by its rights


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

    def roles(self) -> tuple[Role, ...]:
        """Return the merchant's own roles, by code."""

    def put_role(self, role: Role, *, by: str, at: datetime) -> None:
        """Put a role in the place of the one with its code, or beside the others."""


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
    role: str = ""
    by: Actor


@frozen(kw_only=True)
class ReadRoles:
    """List the roles."""

    permission: ClassVar[Permission] = Permission.AFTERSALES_READ
    by: Actor


@frozen(kw_only=True)
class PutRole:
    """Name a role, or name it otherwise (设置角色). A retired one is offered again."""

    permission: ClassVar[Permission] = Permission.ADMIN
    code: str
    title: str
    by: Actor


@frozen(kw_only=True)
class RetireRole:
    """Give a role to nobody any more (停用角色). Who has it keeps it."""

    permission: ClassVar[Permission] = Permission.ADMIN
    code: str
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
        """Return the new key's text, ``oms_<prefix>_<secret>``; it cannot be read again. Raises ``RoleUnknown``."""
        command.by.must(command.permission)
        if command.role and not any(each.code == command.role and not each.is_retired for each in self._roles()):
            raise RoleUnknown(value=command.role[:40])
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
                role=command.role,
            )
        )
        return f"{PREFIX}_{prefix}_{secret}"

    def roles(self, command: ReadRoles) -> tuple[Role, ...]:
        """Return all roles, the built-in ones first."""
        command.by.must(command.permission)
        return self._roles()

    def put_role(self, command: PutRole) -> Role:
        """Raises ``RoleInvalid``, ``RoleBuiltIn``."""
        code = self._own(command)
        title = checked_text(command.title, field="title", longest=100, allow_empty=False)
        return self._put(Role(code=code, title=title), command.by)

    def retire_role(self, command: RetireRole) -> Role:
        """Raises ``RoleUnknown``, ``RoleBuiltIn``."""
        code = self._own(command)
        role = next((each for each in self.keys.roles() if each.code == code), None)
        if role is None:
            raise RoleUnknown(value=code)
        return self._put(evolve(role, is_retired=True), command.by)

    def _roles(self) -> tuple[Role, ...]:
        return (*BUILT_IN, *self.keys.roles())

    def _own(self, command: PutRole | RetireRole) -> str:
        """Return the code of a role that is the merchant's to change. They are of all shops: so must the actor be."""
        command.by.must(command.permission)
        if command.by.shops is not None:
            raise Denied(permission=command.permission)
        if not _CODE.fullmatch(command.code):
            raise RoleInvalid(value=command.code[:40])
        if command.code in (AGENT, OVERSEER):
            raise RoleBuiltIn(role=command.code)
        return command.code

    def _put(self, role: Role, by: Actor) -> Role:
        self.keys.put_role(role, by=by.id, at=self.now())
        return role

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
        actor = Actor(
            id=f"key:{key.prefix}", shops=key.shops, permissions=key.permissions, role=key.role, agent=key.name
        )
        if self.keep:
            self._seen[key.prefix] = _Seen(self.now(), key.secret_hash, actor)
        return actor
