"""Use cases of a shop's blacklist (黑名单). What is listed comes as plain text, and only its blind index is stored."""

from __future__ import annotations

from typing import ClassVar

from attrs import evolve, field, frozen

from oms_app.actor import Actor, Permission
from oms_app.ports.transaction import Begin, Clock, NewId, Transaction
from oms_app.ports.vault import IndexField
from oms_app.surroundings import Lookout, division_codes
from oms_app.transactions import Pause, one_transaction, record
from oms_domain.addresses.bundled import bundled_divisions
from oms_domain.addresses.divisions import STAND_INS, Division
from oms_domain.channels.standard import Region
from oms_domain.kernel.errors import Invalid
from oms_domain.kernel.identity import OrderId, ShopId
from oms_domain.kernel.phones import check_dialled
from oms_domain.kernel.text import mask_phone, mask_street
from oms_domain.orders.rules.blacklist import (
    BlacklistEntry,
    BlacklistEntryId,
    BlacklistEntryNotFound,
    BlacklistKind,
    CannotBeListed,
    listing_reason,
)
from oms_domain.shops.shop import Shop

LONGEST_ID = 512


@frozen(kw_only=True)
class AddToBlacklist:
    """List whatever is named: telephone number, street with its region, the platform's buyer, or all of an order's."""

    permission: ClassVar[Permission] = Permission.ORDERS_WRITE
    shop_id: ShopId
    phone: str = field(default="", repr=False)
    street: str = field(default="", repr=False)
    region: Region = Region()
    buyer_id: str = field(default="", repr=False)
    order_id: OrderId | None = None
    reason: str = ""
    by: Actor


@frozen(kw_only=True)
class TakeOffBlacklist:
    """Take an entry off."""

    permission: ClassVar[Permission] = Permission.ORDERS_WRITE
    shop_id: ShopId
    entry_id: BlacklistEntryId
    reason: str = ""
    by: Actor


@frozen(kw_only=True)
class ReadBlacklist:
    """Read the blacklist of a shop."""

    permission: ClassVar[Permission] = Permission.ORDERS_READ
    shop_id: ShopId
    by: Actor


@frozen(kw_only=True)
class NothingToList(Invalid):
    """Neither a telephone number, nor a street, nor a buyer was named, and the order has none to go by."""

    code: ClassVar[str] = "rules.nothing_to_list"


@frozen(kw_only=True)
class UnknownDivision(Invalid):
    """Nobody knows the division there, or it may be one of several: the street would count in too wide a place."""

    code: ClassVar[str] = "rules.unknown_division"
    value: str


@frozen(kw_only=True)
class BlacklistAnswer:
    """The entries that stand now."""

    entries: tuple[BlacklistEntry, ...]


@frozen
class _Who:
    """Somebody to be listed."""

    kind: BlacklistKind
    digest: str
    mask: str
    division: str = ""


@frozen(kw_only=True)
class BlacklistService:
    """Use cases of blacklists."""

    begin: Begin
    now: Clock
    new_id: NewId
    pause: Pause
    lookout: Lookout

    @one_transaction
    def add(self, command: AddToBlacklist) -> BlacklistAnswer:
        """List somebody; who is listed already stays, with the newer reason.

        Raises:
            ShopNotFound, OrderNotFound, NothingToList, CannotBeListed, InvalidPhone, UnknownDivision, InvalidText.
        """
        reason = listing_reason(command.reason)
        with self.begin(command) as tx:
            if done := tx.recall(BlacklistAnswer):
                return done
            shop = tx.shops.get(command.shop_id)
            who = (*self._named(command, shop), *self._of_order(tx, command, shop))
            if not who:
                raise NothingToList(field="phone")
            answer = BlacklistAnswer(entries=tuple(self._listed(tx, shop.id, each, reason) for each in who))
            tx.remember(answer)
            tx.commit()
        return answer

    @one_transaction
    def take_off(self, command: TakeOffBlacklist) -> BlacklistEntry:
        """Raises ``BlacklistEntryNotFound``."""
        with self.begin(command) as tx:
            if done := tx.recall(BlacklistEntry):
                return done
            entry = tx.blacklist.get(command.entry_id)
            if entry.shop_id != command.shop_id:
                raise BlacklistEntryNotFound(entry_id=entry.id)
            change = entry.removed(listing_reason(command.reason), at=self.now())
            record(tx, tx.blacklist, change)
            answer = evolve(change.state, version=entry.version + len(change.events))
            tx.remember(answer)
            tx.commit()
        return answer

    def page(self, command: ReadBlacklist, *, after: BlacklistEntryId | None, limit: int) -> tuple[BlacklistEntry, ...]:
        """Return who is listed, by id. Raises ``ShopNotFound``."""
        with self.begin(command) as tx:
            tx.shops.get(command.shop_id)
            return tx.blacklist.page(command.shop_id, after=after, limit=limit)

    def _named(self, command: AddToBlacklist, shop: Shop) -> tuple[_Who, ...]:
        sealer, named = self.lookout.sealer, []
        if command.phone:
            digest = sealer.digest(IndexField.PHONE, command.phone)
            named.append(_who(BlacklistKind.PHONE, digest, mask_phone(command.phone), "phone"))
            check_dialled(command.phone, field="phone")
        if command.street:
            digest = sealer.digest(IndexField.ADDRESS, command.street)
            who = _who(BlacklistKind.ADDRESS, digest, mask_street(command.street), "street")
            named.append(evolve(who, division=_named_division(command.region)))
        if command.buyer_id:
            digest = self.lookout.buyer_digest(shop.platform, command.buyer_id)
            named.append(_who(BlacklistKind.BUYER, digest, _tail(command.buyer_id), "buyer_id"))
        return tuple(named)

    def _of_order(self, tx: Transaction, command: AddToBlacklist, shop: Shop) -> tuple[_Who, ...]:
        """Whatever of an order can be found again. Nothing personal is opened."""
        if command.order_id is None:
            return ()
        order = tx.orders.get(command.order_id)
        if order.shop_id != shop.id:
            raise NothingToList(field="order")
        receiver, mask, codes = tx.vault.get(order.receiver.vault_id), order.receiver.mask, division_codes(order.region)
        street = receiver.digest(IndexField.ADDRESS) if codes else ""  # else it would be listed all over the country
        found = (
            *(_Who(BlacklistKind.PHONE, digest, mask) for digest in receiver.phones),
            _Who(BlacklistKind.ADDRESS, street, mask, codes[-1] if codes else ""),
            _Who(BlacklistKind.BUYER, self.lookout.buyer_digest(shop.platform, order.buyer_id), _tail(order.buyer_id)),
        )
        return tuple(who for who in found if who.digest)

    def _listed(self, tx: Transaction, shop_id: ShopId, who: _Who, reason: str) -> BlacklistEntry:
        at = self.now()
        known = tx.blacklist.find(shop_id, who.kind, who.digest, who.division)
        if known is not None:
            change = known.added_again(reason, at=at)
        else:
            change = BlacklistEntry(
                id=BlacklistEntryId(self.new_id()),
                shop_id=shop_id,
                kind=who.kind,
                digest=who.digest,
                division=who.division,
                mask=who.mask,
                reason=reason,
                created_at=at,
                updated_at=at,
            ).added(at=at)
        record(tx, tx.blacklist, change)
        return evolve(change.state, version=change.state.version + len(change.events))


def _who(kind: BlacklistKind, digest: str, mask: str, name: str) -> _Who:
    """Raises ``CannotBeListed``."""
    if not digest:
        raise CannotBeListed(field=name)
    return _Who(kind, digest, mask)


def _named_division(region: Region) -> str:
    """Return the code of the smallest division named: within it the street counts. Raises ``UnknownDivision``."""
    named, divisions, found = list[str](), bundled_divisions(), ""
    for part in ("province", "city", "district"):
        name = getattr(region, part).strip()
        if not name:
            continue
        named.append(name)
        path = divisions.find(*named)
        if name not in STAND_INS and not (path and path[-1] in _bearers(name)):
            raise UnknownDivision(field=f"address.{part}", value=name)
        found = path[-1].code if path else ""
    return found


def _bearers(name: str) -> set[Division]:
    return {each.division for each in bundled_divisions().by_name.get(name, ())}


def _tail(buyer_id: str) -> str:
    return f"***{buyer_id[-4:]}" if len(buyer_id) > 8 else "***"
