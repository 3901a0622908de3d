"""A warehouse's account at its WMS (仓库对接): over what it is spoken with. Its secret is sealed, and stands apart."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final, NewType
from uuid import UUID

from attrs import evolve, field, frozen

from oms_domain.kernel.change import Change, Event
from oms_domain.kernel.errors import Invalid, NotFound
from oms_domain.kernel.identity import WarehouseCode
from oms_domain.kernel.text import checked_text

WmsAccountId = NewType("WmsAccountId", UUID)

LONGEST_URL: Final = 300
LONGEST_KEY: Final = 100
LONGEST_STREET: Final = 200
_URL: Final = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]{1,200}(?:/[!-~]{0,250})?", re.ASCII)


class WmsKind(StrEnum):
    """How a warehouse is spoken with (对接方式)."""

    SIMULATED = "simulated"  # plays a warehouse in our own process
    QIMEN = "qimen"


@frozen(kw_only=True)
class InvalidWmsAccount(Invalid):
    """A warehouse's account lacks what its kind needs, or its address is no http(s) URL; ``why`` says which."""

    code: ClassVar[str] = "wms.invalid_account"
    why: str


@frozen(kw_only=True)
class WmsAccountNotFound(NotFound):
    """The warehouse has no account: it is the simulated one."""

    code: ClassVar[str] = "wms.account_not_found"
    warehouse: str


@frozen(kw_only=True)
class WarehouseConnected(Event):
    """A warehouse was given its account, or another one. Never its secret."""

    type: ClassVar[str] = "fulfilment.warehouse_connected"
    account_id: WmsAccountId
    warehouse: WarehouseCode
    kind: WmsKind

    @property
    def stream(self) -> UUID:
        return self.account_id


@frozen(kw_only=True)
class Sender:
    """Who stands as the sender on parcels: a business, and its place."""

    company: str = ""
    name: str = ""
    phone: str = ""
    province: str = ""
    city: str = ""
    district: str = ""
    street: str = ""


@frozen(kw_only=True)
class WmsTerms:
    """What a warehouse's account says.

    ``base_url`` is the whole address that is called; ``customer_id`` and ``owner_code`` are what the warehouse calls us
    and the owner of the goods. ``reuses_numbers``: whether it takes an order number again that it has cancelled.
    """

    kind: WmsKind
    base_url: str = ""
    app_key: str = ""
    customer_id: str = ""
    owner_code: str = ""
    carrier: str = "OTHER"
    sender: Sender = Sender()
    reuses_numbers: bool = False


@frozen(kw_only=True)
class WmsAccount:
    """A warehouse's account. ``has_secret``: whether a sealed secret is kept for it."""

    id: WmsAccountId
    warehouse: WarehouseCode
    terms: WmsTerms
    has_secret: bool = False
    created_at: datetime
    updated_at: datetime
    version: int = field(default=0)

    def connected(self, terms: WmsTerms, *, with_secret: bool, at: datetime) -> Change[WmsAccount]:
        """Take these terms from now on; a secret that is not given anew stays.

        Raises:
            InvalidWmsAccount: Qimen needs an address, an app key, a customer id and a secret.
        """
        has_secret = with_secret or self.has_secret
        check_terms(terms, has_secret=has_secret)
        account = evolve(self, terms=terms, has_secret=has_secret, updated_at=at)
        event = WarehouseConnected(account_id=self.id, warehouse=self.warehouse, kind=terms.kind, at=at)
        return Change(account, (event,))


def check_terms(terms: WmsTerms, *, has_secret: bool) -> None:
    """Raises ``InvalidWmsAccount``, ``InvalidText``."""
    for name in ("app_key", "customer_id", "owner_code", "carrier"):
        checked_text(getattr(terms, name), field=name, longest=LONGEST_KEY)
    for name in ("company", "name", "phone", "province", "city", "district", "street"):
        checked_text(getattr(terms.sender, name), field=f"sender.{name}", longest=LONGEST_STREET)
    if terms.kind is WmsKind.SIMULATED:
        return
    if not _URL.fullmatch(terms.base_url) or len(terms.base_url) > LONGEST_URL:
        raise InvalidWmsAccount(field="base_url", why="not_http")
    for name in ("app_key", "customer_id"):
        if not getattr(terms, name).strip():
            raise InvalidWmsAccount(field=name, why="missing")
    if not has_secret:
        raise InvalidWmsAccount(field="secret", why="missing")
