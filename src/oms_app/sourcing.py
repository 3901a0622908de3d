"""Use cases of sourcing: what it goes by, what it answered, and what it would answer by another strategy."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import ClassVar, Final, TypedDict, TypeVar

from attrs import evolve, frozen

from oms_app.actor import Actor, Command, Permission
from oms_app.allocation import Asking
from oms_app.ports.sourcing import KeptSourcing
from oms_app.ports.transaction import Begin, Clock, NewId, OrderNotFound, Transaction
from oms_app.transactions import Documents, Pause, check_version, one_transaction, record
from oms_domain.fulfilment.carriers import Carrier, require_fit
from oms_domain.fulfilment.sourcing import (
    DEFAULT_STRATEGY,
    PastOrder,
    SourcingTrial,
    SplitPolicy,
    Standing,
    Strategy,
    try_out,
)
from oms_domain.fulfilment.sourcing.records import (
    CarrierCodeTaken,
    CarrierId,
    CarrierNotFound,
    CarrierRecord,
    ShippingId,
    ShippingRecord,
    ShippingTerms,
    StrategyId,
    StrategyNameTaken,
    StrategyNotFound,
    StrategyRecord,
    UnknownCarrier,
    UnknownStrategy,
    unknown_carriers,
)
from oms_domain.kernel.change import Change
from oms_domain.kernel.errors import Denied, NotFound, Refused
from oms_domain.kernel.identity import CarrierCode, OrderId, SkuCode, WarehouseCode
from oms_domain.orders.sales_order import SalesOrder

R = TypeVar("R", CarrierRecord, ShippingRecord, StrategyRecord)

MOST_TRIED: Final = 100
MOST_TRIED_NODES: Final = MOST_TRIED * DEFAULT_STRATEGY.most_nodes
"""Partial plans that one trial may look at by its own strategy, orders × ``most_nodes``: any reader may ask."""
BY_ONE_WAREHOUSE: Final = evolve(DEFAULT_STRATEGY, name="one warehouse", split=SplitPolicy.NEVER)
"""What a shop without a strategy goes by, of its one warehouse."""


class Refusals(TypedDict):
    """Why a record cannot be put: there is one already, or there is none."""

    taken: Refused
    absent: NotFound


@frozen(kw_only=True)
class PutCarrier:
    """Say how a carrier is from now on (物流公司).

    ``is_new``: whether it must be one that there is not yet, or one that there is; None: either.
    ``expected_version``: refuse if it has changed since the caller read it.
    """

    permission: ClassVar[Permission] = Permission.STOCK_WRITE
    terms: Carrier
    is_new: bool | None = None
    expected_version: int | None = None
    by: Actor


@frozen(kw_only=True)
class PutShipping:
    """Say how a warehouse ships from now on (发货设置). ``expected_version``: as read, 0 where nobody has said it."""

    permission: ClassVar[Permission] = Permission.STOCK_WRITE
    warehouse: WarehouseCode
    terms: ShippingTerms
    expected_version: int | None = None
    by: Actor


@frozen(kw_only=True)
class PutStrategy:
    """Say what a named strategy is from now on (寻源策略). ``is_new``, ``expected_version``: as of ``PutCarrier``."""

    permission: ClassVar[Permission] = Permission.STOCK_WRITE
    terms: Strategy
    is_new: bool | None = None
    expected_version: int | None = None
    by: Actor


@frozen(kw_only=True)
class ReadSourcing:
    """Read what sourcing goes by."""

    permission: ClassVar[Permission] = Permission.STOCK_READ
    by: Actor


@frozen(kw_only=True)
class ReadOrderSourcing:
    """Read what sourcing answered for an order."""

    permission: ClassVar[Permission] = Permission.ORDERS_READ
    order_id: OrderId
    by: Actor


@frozen(kw_only=True)
class TryStrategy:
    """Source past orders by another strategy (试算). Changes nothing."""

    permission: ClassVar[Permission] = Permission.ORDERS_READ
    order_ids: tuple[OrderId, ...]
    strategy: Strategy
    by: Actor


@frozen(kw_only=True)
class NotSourced(NotFound):
    """Sourcing was never asked about the order: its shop has no strategy, or it was not to be allocated yet."""

    code: ClassVar[str] = "sourcing.not_sourced"
    number: str


@frozen(kw_only=True)
class NothingToTry(Refused):
    """No order was named, or more than can be tried at once."""

    code: ClassVar[str] = "sourcing.nothing_to_try"
    most: int


@frozen(kw_only=True)
class TooMuchToTry(Refused):
    """So many orders with so high a bound (``most_nodes``) would keep the server for minutes."""

    code: ClassVar[str] = "sourcing.too_much_to_try"
    orders: int
    most_nodes: int
    most: int


@frozen(kw_only=True)
class OrderSourcing:
    """An order with what sourcing answered for it the last time. ``asked``: itself, or the one that it is a part of."""

    order: SalesOrder
    asked: SalesOrder
    kept: KeptSourcing


@frozen(kw_only=True)
class SourcingService:
    """Use cases of sourcing."""

    begin: Begin
    now: Clock
    new_id: NewId
    pause: Pause

    @one_transaction
    def put_carrier(self, command: PutCarrier) -> CarrierRecord:
        """Raises ``CarrierCodeTaken``, ``CarrierNotFound``, ``VersionIsNot``, ``InvalidCarrierCode``."""
        code, at = command.terms.code, self.now()
        with _begun(self.begin, command) as tx:
            if done := tx.recall(CarrierRecord):
                return done
            new = CarrierRecord(id=CarrierId(self.new_id()), terms=command.terms, created_at=at, updated_at=at)
            refusals: Refusals = {"taken": CarrierCodeTaken(value=code), "absent": CarrierNotFound(carrier=code)}
            before = _settled(tx.carriers.find(code), new, command.is_new, **refusals)
            return _stored(tx, tx.carriers, before, before.put(command.terms, at=at), command.expected_version)

    @one_transaction
    def put_shipping(self, command: PutShipping) -> ShippingRecord:
        """Raises ``WarehouseNotFound``, ``UnknownCarrier``, ``ShopNotFound``, ``VersionIsNot``."""
        at = self.now()
        with _begun(self.begin, command) as tx:
            if done := tx.recall(ShippingRecord):
                return done
            warehouse = tx.warehouses.by_code(command.warehouse).code
            kept = [each.terms.code for each in tx.carriers.all()]
            for code in unknown_carriers(command.terms, kept):
                raise UnknownCarrier(field="contracts", value=code)
            for shop_id in sorted(command.terms.shops):
                tx.shops.get(shop_id)
            blank = ShippingRecord(id=ShippingId(self.new_id()), warehouse=warehouse, created_at=at, updated_at=at)
            before = tx.shipping.find(warehouse) or blank
            return _stored(tx, tx.shipping, before, before.put(command.terms, at=at), command.expected_version)

    @one_transaction
    def put_strategy(self, command: PutStrategy) -> StrategyRecord:
        """Raises ``StrategyNameTaken``, ``StrategyNotFound``, ``VersionIsNot``, ``InvalidText`` (its name)."""
        name, at = command.terms.name, self.now()
        with _begun(self.begin, command) as tx:
            if done := tx.recall(StrategyRecord):
                return done
            new = StrategyRecord(id=StrategyId(self.new_id()), terms=command.terms, created_at=at, updated_at=at)
            refusals: Refusals = {"taken": StrategyNameTaken(value=name), "absent": StrategyNotFound(strategy=name)}
            before = _settled(tx.strategies.find(name), new, command.is_new, **refusals)
            return _stored(tx, tx.strategies, before, before.put(command.terms, at=at), command.expected_version)

    def carriers(self, command: ReadSourcing) -> tuple[CarrierRecord, ...]:
        with self.begin(command) as tx:
            return tx.carriers.all()

    def carrier(self, command: ReadSourcing, code: CarrierCode) -> CarrierRecord:
        """Raises ``CarrierNotFound``."""
        with self.begin(command) as tx:
            record = tx.carriers.find(code)
        if record is None:
            raise CarrierNotFound(carrier=code)
        return record

    def shipping(self, command: ReadSourcing, warehouse: WarehouseCode) -> ShippingRecord:
        """Return how a warehouse ships; version 0 where nobody has said it. Raises ``WarehouseNotFound``."""
        with self.begin(command) as tx:
            known = tx.warehouses.by_code(warehouse)
            at, record = known.created_at, tx.shipping.find(warehouse)
        return record or ShippingRecord(id=ShippingId(known.id), warehouse=known.code, created_at=at, updated_at=at)

    def strategies(self, command: ReadSourcing) -> tuple[StrategyRecord, ...]:
        with self.begin(command) as tx:
            return tx.strategies.all()

    def strategy(self, command: ReadSourcing, name: str) -> StrategyRecord:
        """Raises ``StrategyNotFound``."""
        with self.begin(command) as tx:
            record = tx.strategies.find(name)
        if record is None:
            raise StrategyNotFound(strategy=name)
        return record

    def of_order(self, command: ReadOrderSourcing) -> OrderSourcing:
        """Raises ``OrderNotFound``, ``NotSourced``."""
        with self.begin(command) as tx:
            order = tx.orders.get(command.order_id)
            wanted = (order.id, *order.origins)
            kept = tx.sourcings.of(wanted)
            sourced = next((kept[id] for id in wanted if id in kept), None)
            if sourced is None:
                raise NotSourced(number=order.number)
            asked = order if sourced.order_id == order.id else tx.orders.get(sourced.order_id)
        return OrderSourcing(order=order, asked=asked, kept=_as_seen_by(command.by, sourced))

    def try_out(self, command: TryStrategy) -> SourcingTrial:
        """Source each order by its shop's strategy and by the other one, each by itself.

        With what warehouses could promise when it was sourced; an order that never was, with what they could promise
        besides what it holds. Carriers, contracts and hours are those of today; the time is that of then.

        Raises:
            NothingToTry, TooMuchToTry, OrderNotFound.
        """
        wanted = tuple(dict.fromkeys(command.order_ids))
        if not 0 < len(wanted) <= MOST_TRIED:
            raise NothingToTry(most=MOST_TRIED)
        if len(wanted) * command.strategy.most_nodes > MOST_TRIED_NODES:
            raise TooMuchToTry(
                orders=len(wanted), most_nodes=command.strategy.most_nodes, most=MOST_TRIED_NODES // len(wanted)
            )
        with self.begin(command) as tx:
            orders = tx.orders.get_many(wanted)
            for order_id in wanted:
                if order_id not in orders:
                    raise OrderNotFound(order_id=order_id)
            return _tried(tx, [orders[order_id] for order_id in wanted], command.strategy)


def known_strategy(tx: Transaction, name: str, *, field: str) -> None:
    """Check that a strategy can be named: the built-in one, none, or one that is kept. Raises ``UnknownStrategy``."""
    if name not in ("", DEFAULT_STRATEGY.name) and tx.strategies.find(name) is None:
        raise UnknownStrategy(field=field, value=name)


def check_fit(tx: Transaction, warehouse: WarehouseCode, carrier: CarrierCode) -> None:
    """Check that a warehouse has a contract with a carrier (仓库与物流匹配). Raises ``CarrierDoesNotFit``."""
    record = tx.shipping.find(warehouse)
    require_fit(warehouse, record.terms.contracts if record else (), carrier)


def _begun(begin: Begin, command: Command) -> AbstractContextManager[Transaction]:
    """Begin for an actor who sees every shop: what sourcing goes by serves them all."""
    if command.by.shops is not None:
        raise Denied(permission=command.permission)
    return begin(command)


def _as_seen_by(actor: Actor, kept: KeptSourcing) -> KeptSourcing:
    """Leave out the warehouses of other shops, with their stock, for an actor of some shops only."""
    if actor.shops is None:
        return kept
    seen = tuple(each for each in kept.found.verdicts if each.standing is not Standing.SHOP_NOT_SERVED)
    places = {each.place for each in seen}
    holdings = tuple((place, stock) for place, stock in kept.holdings if place in places)
    return evolve(kept, found=evolve(kept.found, verdicts=seen), holdings=holdings)


def _settled(known: R | None, new: R, is_new: bool | None, *, taken: Refused, absent: NotFound) -> R:
    """Return the record to change: the one that there is, or a new one."""
    if known is None and is_new is False:
        raise absent
    if known is not None and is_new:
        raise taken
    return known or new


def _stored(tx: Transaction, records: Documents[R], before: R, change: Change[R], expected: int | None) -> R:
    check_version(before, expected)
    record(tx, records, change)
    stored = evolve(change.state, version=before.version + len(change.events))
    tx.remember(stored)
    tx.commit()
    return stored


def _tried(tx: Transaction, orders: Sequence[SalesOrder], after: Strategy) -> SourcingTrial:
    asking, kept = Asking(tx), tx.sourcings.of([order.id for order in orders])
    past, names = [], dict[str, None]()
    for order in orders:
        policy = tx.shops.get(order.shop_id).policy
        before = asking.strategy_of(policy)[0] if policy.strategy else BY_ONE_WAREHOUSE
        names[before.name] = None
        known = kept.get(order.id)
        past.append(
            PastOrder(
                number=order.number,
                demand=asking.demand_again(order, policy),
                places=asking.places_with(_holdings(known)) if known else asking.places_besides(order),
                at=known.at if known else order.paid_at or order.created_at,
                before=before,
                only=None if policy.strategy else policy.warehouse,
            )
        )
    trial = try_out(past, asking.carriers(), before=BY_ONE_WAREHOUSE, after=after)
    return evolve(trial, before=", ".join(names))


def _holdings(kept: KeptSourcing) -> dict[WarehouseCode, dict[SkuCode, int]]:
    return {warehouse: dict(stock) for warehouse, stock in kept.holdings}
