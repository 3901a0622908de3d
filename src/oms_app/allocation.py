"""Where an order ships from (分仓): found by the shop's strategy, and held there, all of it or none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from attrs import evolve, field, frozen

from oms_app.claims import check_not_cut, cut_by, take_along
from oms_app.numbering import MoreNumbers, NumberPool
from oms_app.ports.sourcing import KeptSourcing
from oms_app.ports.transaction import NewId, Transaction
from oms_app.timers import set_timers
from oms_app.transactions import record
from oms_domain.addresses.bundled import bundled_divisions
from oms_domain.catalog.sku import Sku, SkuKind
from oms_domain.channels.standard import Region
from oms_domain.fulfilment.carriers import Carrier, Wishes
from oms_domain.fulfilment.sourcing import (
    DEFAULT_STRATEGY,
    Demand,
    DemandLine,
    Destination,
    PlanPart,
    Shortage,
    SourcePlace,
    SplitPolicy,
    Strategy,
    source,
)
from oms_domain.fulfilment.sourcing.demand import LARGEST_UNIT, MOST_LINES
from oms_domain.fulfilment.sourcing.records import ShippingTerms, UnknownStrategy, place_of
from oms_domain.fulfilment.sourcing.seats import seat_of
from oms_domain.inventory.stock import Reservation, StockLevel, Want, wanted_by_sku
from oms_domain.kernel.change import Change
from oms_domain.kernel.identity import CarrierCode, LineId, OrderId, SkuCode, WarehouseCode
from oms_domain.kernel.quantity import Quantity
from oms_domain.kernel.states import next_state
from oms_domain.orders.balance import balance_due
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import ORDER_TABLE, OrderMove, OrderState
from oms_domain.shops.shop import ShopPolicy
from oms_domain.split_merge.plan import Delivery, PlannedPart, Reason, SplitPlan, Trigger
from oms_domain.split_merge.splitting import NewOrder, lines_needed, split

Missing = tuple[tuple[str, int], ...]
"""SKU and units that are not to be had."""
Stock = Mapping[WarehouseCode, Mapping[SkuCode, int]]
"""Units by warehouse and SKU."""


@frozen(kw_only=True)
class Lot:
    """What ships from one warehouse: units by line, with the carrier and what can be promised if they are planned."""

    warehouse: WarehouseCode
    lines: tuple[tuple[LineId, int], ...]
    carrier: CarrierCode | None = None
    ship_at: datetime | None = None
    arrival_on: date | None = None


@frozen(kw_only=True)
class Found:
    """Where an order ships from: one lot, or several that become orders of their own; none: what is missing."""

    lots: tuple[Lot, ...] = ()
    missing: Missing = ()


@frozen(kw_only=True)
class Allocation:
    """Allocates within a transaction. ``numbers``: of kind ``S``, for the parts of an order from several places."""

    tx: Transaction
    numbers: NumberPool
    new_id: NewId
    at: datetime

    def allocate(self, order: SalesOrder) -> Change[SalesOrder]:
        """Hold all units of an order where its shop's strategy finds them; or have it wait for stock.

        What comes from several places becomes an order for each of them, which are stored; the change is of the one
        that ends. An order that waits already and is still short stays as it is.

        Raises:
            MoveNotAllowed: it is not to be allocated, or no longer.
            MoreNumbers
        """
        waits = order.state is OrderState.BACKORDERED
        begun = order.restock(at=self.at) if waits else Change(order)
        next_state(ORDER_TABLE, begun.state.state, OrderMove.ALLOCATE)  # before anything is looked for
        virtual = self._virtual_lines(order)
        if virtual and len(virtual) == len(order.contents) and not balance_due(order).fen:
            return begun.then(begun.state.pass_on(at=self.at))
        if virtual and len(virtual) < len(order.contents):
            return self._apart(order, virtual)
        found = find(self.tx, order, at=self.at)
        if not found.lots:
            return Change(order) if waits else order.fall_short(found.missing, at=self.at)
        held = self._split if len(found.lots) > 1 else self._held
        return begun.then(held(begun.state, *found.lots))

    def again(
        self, order: SalesOrder, *, warehouse: WarehouseCode | None = None, carrier: CarrierCode | None = None
    ) -> Change[SalesOrder]:
        """Find anew where an order in review ships from, after it was changed: what it held goes back, in one step.

        Ask before anything else is done to its stock in this transaction.

        Args:
            order: as it is to be from now on.
            warehouse, carrier: chosen by hand, None: whichever is found.

        Returns:
            The order in review, with what it holds now; or waiting for stock; or split, as of ``allocate``.
        """
        held = self.tx.stock.held_by(order.id)
        self.tx.stock.release(order.id)
        if order.is_virtual:
            return Change(order)
        asked = evolve(order, warehouse=warehouse, carrier=carrier)
        found = find(self.tx, asked, at=self.at, besides=held)
        if not found.lots:
            lost = order.lose_stock(found.missing, at=self.at)
            return Change(evolve(lost.state, warehouse=warehouse, carrier=carrier), lost.events)
        hold = self._split if len(found.lots) > 1 else self._held
        return hold(order, *found.lots)

    def _virtual_lines(self, order: SalesOrder) -> frozenset[LineId]:
        """Return the lines that need no stock: all of a virtual order, of any other those of virtual SKUs."""
        if order.is_virtual:
            return frozenset(line_id for line_id, _, _ in order.contents)
        skus = self.tx.skus.by_code({sku for _, sku, _ in order.contents})
        kinds = {code: sku.kind for code, sku in skus.items()}
        return frozenset(line_id for line_id, sku, _ in order.contents if kinds.get(sku) is SkuKind.VIRTUAL)

    def _apart(self, order: SalesOrder, virtual: frozenset[LineId]) -> Change[SalesOrder]:
        """Cut virtual goods from those that are shipped (虚实拆单); each part is allocated by itself."""
        groups = {delivery: list[tuple[LineId, int]]() for delivery in (Delivery.OWN, Delivery.VIRTUAL)}
        for line_id, _, units in order.contents:
            groups[Delivery.VIRTUAL if line_id in virtual else Delivery.OWN].append((line_id, int(units)))
        plan = SplitPlan(
            parts=tuple(
                PlannedPart(contents=tuple(lines), reasons=(Reason(trigger=Trigger.DELIVERY, of=delivery),))
                for delivery, lines in groups.items()
            ),
            least=len(groups),
        )
        check_not_cut(self.tx, order, [part.contents for part in plan.parts])
        if self.numbers.left("S") < len(groups):
            raise MoreNumbers(len(groups))
        made = split(
            order,
            plan,
            new=[NewOrder(id=OrderId(self.new_id()), number=self.numbers.next("S")) for _ in plan.parts],
            line_ids=[LineId(self.new_id()) for _ in range(lines_needed(order, plan))],
            at=self.at,
        )
        for child in made.children:
            record(self.tx, self.tx.orders, child)
            set_timers(self.tx, child)
        take_along(self.tx, order, [child.state for child in made.children], at=self.at)
        return made.parent

    def _held(self, order: SalesOrder, lot: Lot) -> Change[SalesOrder]:
        """Hold the units."""
        held = reservations(order, lot.warehouse, lot.lines)
        self.tx.stock.reserve(order.id, held, attempt=attempt_of(order))
        in_review = order.state is OrderState.AWAITING_CS_REVIEW
        take = order.reallocate if in_review else order.allocate
        return take(lot.warehouse, carrier=lot.carrier, ship_at=lot.ship_at, arrival_on=lot.arrival_on, at=self.at)

    def _split(self, order: SalesOrder, *lots: Lot) -> Change[SalesOrder]:
        """Cut the order by warehouse (按仓拆单), and hold the units of each part there."""
        check_not_cut(self.tx, order, [lot.lines for lot in lots])
        if self.numbers.left("S") < len(lots):
            raise MoreNumbers(len(lots))
        plan = SplitPlan(
            parts=tuple(
                PlannedPart(contents=lot.lines, reasons=(Reason(trigger=Trigger.WAREHOUSE, of=lot.warehouse),))
                for lot in lots
            ),
            least=len(lots),
        )
        made = split(
            order,
            plan,
            new=[NewOrder(id=OrderId(self.new_id()), number=self.numbers.next("S")) for _ in lots],
            line_ids=[LineId(self.new_id()) for _ in range(lines_needed(order, plan))],
            at=self.at,
        )
        for child, lot in zip(made.children, lots, strict=True):
            own = tuple((line, int(units)) for line, _, units in child.state.contents)
            begun = child.then(self._held(child.state, evolve(lot, lines=own)))
            record(self.tx, self.tx.orders, begun)
            set_timers(self.tx, begun)
        take_along(self.tx, order, [child.state for child in made.children], at=self.at)
        return made.parent


def attempt_of(order: SalesOrder) -> int:
    """Return which try it is to hold units for an order as it stands: one that was made before does nothing.

    It is the version that the order is stored as afterwards, so that those which are new already (version 0) count too.
    """
    return order.version + 1


def find(tx: Transaction, order: SalesOrder, *, at: datetime, besides: Iterable[Reservation] = ()) -> Found:
    """Return where an order would ship from, or what is missing. What sourcing answers is kept.

    What a claim is counted by is not cut: such an order ships from one place or waits.

    ``besides``: what is held and counts as free.
    """
    policy, own = tx.shops.get(order.shop_id).policy, _by_place(besides)
    if not policy.strategy or not 0 < len(order.contents) <= MOST_LINES:
        return _from_one(tx, order, order.warehouse or policy.warehouse, own)
    asked = Asking(tx, own).ask(order, policy, at=at)
    if not isinstance(asked.found, Shortage) and cut_by(tx, order, [_lot(part).lines for part in asked.found.parts]):
        asked = Asking(tx, own, whole=True).ask(order, policy, at=at)
    tx.sourcings.keep(asked)
    if isinstance(asked.found, Shortage):
        return Found(missing=_missing(asked.found))
    return Found(lots=tuple(map(_lot, asked.found.parts)))


@frozen
class Asking:
    """Asks sourcing about orders, with what is kept for it at this moment; each table is read once.

    ``own``: units that are held and count as free. ``whole``: nothing is cut, whatever the strategy says.
    """

    tx: Transaction
    own: Stock = field(factory=dict)
    whole: bool = False

    def ask(self, order: SalesOrder, policy: ShopPolicy, *, at: datetime) -> KeptSourcing:
        """Return the answer for an order by its shop's strategy."""
        strategy, version = self.strategy_of(policy)
        if self.whole:
            strategy = evolve(strategy, split=SplitPolicy.NEVER)
        demand = self.demand_of(order, policy)
        places = self.places(list(demand.by_sku))
        found = source(demand, places, self.carriers(), strategy, at=at)
        return KeptSourcing(
            order_id=order.id,
            at=at,
            strategy=strategy.name,
            strategy_version=version,
            holdings=tuple(
                (place.code, tuple((each.sku, each.units) for each in place.holdings))
                for place in places
                if place.holdings
            ),
            found=found,
        )

    def strategy_of(self, policy: ShopPolicy) -> tuple[Strategy, int]:
        """Return a shop's strategy and its version. Raises ``UnknownStrategy``."""
        record = self.tx.strategies.find(policy.strategy)
        if record is not None:
            return record.terms, record.version
        if policy.strategy != DEFAULT_STRATEGY.name:
            raise UnknownStrategy(field="policy.strategy", value=policy.strategy)
        return DEFAULT_STRATEGY, 0

    def carriers(self) -> list[Carrier]:
        """Return all carriers."""
        return [record.terms for record in self.tx.carriers.all()]

    def demand_of(self, order: SalesOrder, policy: ShopPolicy) -> Demand:
        """Return what an order asks for. A warehouse or carrier that it has already was chosen by hand."""
        demand = self._demand(order, order.contents, policy)
        carriers = frozenset((order.carrier,)) if order.carrier else demand.wishes.allowed
        return evolve(demand, place=order.warehouse, wishes=evolve(demand.wishes, allowed=carriers))

    def demand_again(self, order: SalesOrder, policy: ShopPolicy) -> Demand:
        """Return what a past order asked for, all that has left included, as if nothing had been chosen for it."""
        asked = [line for line in order.lines if line.shipped or not line.is_closed] or order.lines
        return self._demand(order, [(line.id, line.sku, line.quantity) for line in asked], policy)

    def _demand(
        self, order: SalesOrder, contents: Sequence[tuple[LineId, SkuCode, Quantity]], policy: ShopPolicy
    ) -> Demand:
        skus = self.tx.skus.by_code({sku for _, sku, _ in contents})
        allowed = frozenset(policy.carriers_allowed) if policy.carriers_allowed else None
        return Demand(
            lines=tuple(_line(line, sku, units, skus.get(sku)) for line, sku, units in contents),
            destination=destination_of(order.region),
            shop=order.shop_id,
            wishes=Wishes(priority=policy.carriers, allowed=allowed),
        )

    def places(self, skus: Sequence[SkuCode]) -> tuple[SourcePlace, ...]:
        """Return all warehouses with what they may promise of these SKUs now."""
        return self.places_with(self._available(skus))

    def places_besides(self, order: SalesOrder) -> tuple[SourcePlace, ...]:
        """Return all warehouses with what they could promise if an order held nothing."""
        own = _by_place(self.tx.stock.held_by(order.id))
        return evolve(self, own=own).places(list({line.sku for line in order.lines}))

    def _available(self, skus: Sequence[SkuCode]) -> Stock:
        return {
            warehouse: {
                sku: units
                for sku, level in levels.items()
                if (units := _available_with(level, self.own.get(warehouse, {}).get(sku, 0)))
            }
            for warehouse, levels in self.tx.stock.everywhere(skus).items()
        }

    def places_with(self, stock: Stock) -> tuple[SourcePlace, ...]:
        """Return all warehouses with this stock."""
        terms = {record.warehouse: record.terms for record in self.tx.shipping.all()}
        return tuple(
            place_of(each, terms.get(each.code, ShippingTerms()), stock.get(each.code, {}))
            for each in self.tx.warehouses.all()
        )


def destination_of(region: Region) -> Destination:
    """Return where an order goes, as far as its division is known; its point is the seat of the province."""
    path = bundled_divisions().find(region.province, region.city, region.district)
    division = path[-1].code if path else ""
    return Destination(division=division, point=seat_of(division))


def _line(line: LineId, code: SkuCode, units: int, sku: Sku | None) -> DemandLine:
    """Return units of an order line with what the catalogue says of them; what it does not tell weighs nothing."""
    if sku is None:
        return DemandLine(id=line, sku=code, quantity=units)
    return DemandLine(
        id=line,
        sku=code,
        quantity=units,
        weight_g=sku.weight_g or 0,
        volume_cm3=min(sku.volume_cm3 or 0, LARGEST_UNIT),
        marks=sku.marks,
    )


def _by_place(held: Iterable[Reservation]) -> Stock:
    sums: dict[WarehouseCode, dict[SkuCode, int]] = {}
    for each in held:
        there = sums.setdefault(each.warehouse, {})
        there[each.sku] = there.get(each.sku, 0) + each.quantity
    return sums


def _available_with(level: StockLevel, own: int) -> int:
    """Return what could still be reserved if ``own`` of the reserved units were not."""
    return evolve(level, reserved=level.reserved - own).available


def _from_one(tx: Transaction, order: SalesOrder, warehouse: WarehouseCode, own: Stock) -> Found:
    """Look in one warehouse alone, and plan no carrier: a shop without a strategy."""
    wanted = wanted_by_sku(tuple(Want(line_id=i, sku=sku, quantity=units) for i, sku, units in order.contents))
    levels = tx.stock.levels(warehouse, [sku for sku, _ in wanted])
    mine = own.get(warehouse, {})
    there = {sku: _available_with(levels[sku], mine.get(sku, 0)) if sku in levels else 0 for sku, _ in wanted}
    missing = tuple((str(sku), units - there[sku]) for sku, units in wanted if there[sku] < units)
    lines = tuple((line, int(units)) for line, _, units in order.contents)
    if missing:
        return Found(missing=missing)
    return Found(lots=(Lot(warehouse=warehouse, lines=lines, carrier=order.carrier),))


def _lot(part: PlanPart) -> Lot:
    return Lot(
        warehouse=part.place,
        lines=part.lines,
        carrier=part.carrier,
        ship_at=part.promise.ship_at,
        arrival_on=part.promise.arrive_on,
    )


def _missing(shortage: Shortage) -> Missing:
    """Return by SKU what is short; what is there, but cannot be had, is short whole."""
    units: dict[str, int] = {}
    for each in shortage.missing:
        units[each.sku] = max(units.get(each.sku, 0), each.short or each.wanted)
    return tuple(sorted(units.items()))


def reservations(
    order: SalesOrder, warehouse: WarehouseCode, lines: Iterable[tuple[LineId, int]]
) -> tuple[Reservation, ...]:
    """Return what holds units of lines of an order in a warehouse."""
    skus = {line: sku for line, sku, _ in order.contents}
    return tuple(
        Reservation(order_id=order.id, line_id=line, sku=skus[line], warehouse=warehouse, quantity=Quantity(units))
        for line, units in lines
    )
