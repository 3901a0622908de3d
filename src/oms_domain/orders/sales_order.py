"""The sales order (销售订单): what we work on, from payment to completion."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar, Final

from attrs import evolve, field, frozen

from oms_domain.apportionment.waterfall import Reduction
from oms_domain.channels.standard import OrderKind, Platform, Region
from oms_domain.kernel.change import Change
from oms_domain.kernel.errors import Invalid, Refused
from oms_domain.kernel.identity import (
    CarrierCode,
    FulfilmentOrderId,
    LineId,
    OrderId,
    PackageId,
    PlatformOrderId,
    ShopId,
    SkuCode,
    VaultId,
    WarehouseCode,
)
from oms_domain.kernel.money import Money, total
from oms_domain.kernel.quantity import Quantity
from oms_domain.kernel.states import next_state
from oms_domain.orders import events as e
from oms_domain.orders.asks import Ask
from oms_domain.orders.flags import (
    EXPIRED,
    EXPLAINED,
    LONGEST_REASON,
    PENDING,
    Flag,
    FlagKind,
    NotFlagged,
    NotInTheFuture,
    checked_reason,
    is_set,
)
from oms_domain.orders.lines import OrderLine
from oms_domain.orders.marks import Business, DeliveryMode, OrderSource
from oms_domain.orders.moves import CancelNeedsWarehouse, check, check_not_pending
from oms_domain.orders.placement import misplaced
from oms_domain.orders.states import ENTRIES, ORDER_TABLE
from oms_domain.orders.states import OrderMove as M
from oms_domain.orders.states import OrderState as S

LEFT: Final = "left"
SIGNED: Final = "signed"
"""Why a stop that was asked came to nothing."""
UNEXPLAINED: Final = "warehouse_refused"
"""Why an order is intercepted that the warehouse would not take, and did not say why."""

_NOWHERE: Final = {"warehouse": None, "carrier": None, "planned_ship_at": None, "planned_arrival_on": None}
_ASKED_BY: Final = {FlagKind.HELD: Ask.HOLD, FlagKind.NOT_BEFORE: Ask.WAIT}


Source = tuple[PlatformOrderId | None, str]
"""A platform order: its id, and its number at the platform."""


@frozen(kw_only=True)
class PartyRef:
    """A handle into the vault with its mask. ``digest`` tells equal data apart from changed, nothing else."""

    vault_id: VaultId
    mask: str = ""
    digest: str = ""


@frozen(kw_only=True)
class AddressAtPlatform:
    """Where the platform sends it, of an order for which a person has said otherwise."""

    digest: str
    region: Region


@frozen(kw_only=True)
class AmountsDoNotAddUp(Invalid):
    """Amounts of an order that must be equal are not; ``field`` is the one that was computed.

    ``payable``: Σ line payable + freight + services + cash-on-delivery fee. ``lines``: what is placed on a line, by
    step, against its amounts. ``freight``: what is placed on lines, after coupons.
    """

    code: ClassVar[str] = "orders.amounts_do_not_add_up"
    field: str = "payable"
    stated: Money
    computed: Money


@frozen(kw_only=True)
class ShipsMoreThanOrdered(Refused):
    """A parcel names a line that is not the order's, or more units than are still to leave."""

    code: ClassVar[str] = "orders.ships_more_than_ordered"
    line_id: LineId
    to_ship: int
    quantity: int


@frozen(kw_only=True)
class SalesOrder:
    """An order as we hold it. A command returns the changed order and its events, or refuses.

    ``origins``: what it came from, the parent of a split or the sources of a merge. ``heirs``: what goes on for it, the
    children of a split, or the order that it was merged into. An order without heirs is a live document: each unit of a
    platform order is in exactly one.
    """

    id: OrderId
    number: str
    shop_id: ShopId
    platform: Platform
    platform_order_id: PlatformOrderId | None
    platform_order_no: str
    kind: OrderKind = OrderKind.NORMAL
    source: OrderSource = OrderSource.PLATFORM
    business: Business = Business.RETAIL
    delivery: DeliveryMode = DeliveryMode.COURIER
    original_id: OrderId | None = None  # that a reissue which a person has put in is for
    cash_on_delivery: bool = False
    external: bool = False  # first seen when it had left without us: holds no stock
    state: S
    lines: tuple[OrderLine, ...]
    steps: tuple[Reduction, ...] = ()  # what took something off, in the order of the lines' running nets
    freight: Money  # after coupons
    services: Money = Money(0)
    cod_fee: Money = Money(0)
    payable: Money
    paid: Money
    receiver: PartyRef
    buyer: PartyRef
    buyer_id: str = ""
    buyer_handle: str = ""
    region: Region
    buyer_remark: str = ""
    seller_remark: str = ""
    seller_flag: int = 0
    flags: tuple[Flag, ...] = ()
    passed_rules: tuple[tuple[str, int], ...] = ()  # of interception, by id and version: a person let it pass them
    progress: str = ""
    warehouse: WarehouseCode | None = None
    carrier: CarrierCode | None = None  # that is to bring it; what it left with stands on its parcels
    fulfilment_id: FulfilmentOrderId | None = None
    placed_at: datetime
    paid_at: datetime | None = None
    promised_ship_at: datetime | None = None
    ended_at: datetime | None = None  # when the buyer had it, or confirmed it since: the days for claims begin then
    note: str = ""  # internal remark (内部备注), runs of digits masked
    mark: int = 0  # our own colour (标记), 0: none
    tags: tuple[str, ...] = ()  # of those that its shop has
    addresses_at_platform: tuple[AddressAtPlatform, ...] = ()  # that a person's word stands in the place of
    origins: tuple[OrderId, ...] = ()
    heirs: tuple[OrderId, ...] = ()
    split_reasons: tuple[str, ...] = ()  # what told it from its siblings, each a trigger and its word
    planned_ship_at: datetime | None = None  # when its carrier has it by the warehouse's hours
    planned_arrival_on: date | None = None  # by the carrier's days under way
    created_at: datetime
    updated_at: datetime
    version: int = field(default=0)  # counted by the store, which refuses a stale one

    def __attrs_post_init__(self) -> None:
        computed = total((line.payable for line in self.lines), self.payable.currency)
        computed += self.freight + self.services + self.cod_fee
        if computed != self.payable:
            raise AmountsDoNotAddUp(stated=self.payable, computed=computed)
        self._check_placements()

    def _check_placements(self) -> None:
        lines = [line.placed for line in self.lines]
        for key, stated, placed in misplaced(self.steps, lines, self.freight.fen):
            currency = self.payable.currency
            raise AmountsDoNotAddUp(
                field="lines" if key else "freight", stated=Money(stated, currency), computed=Money(placed, currency)
            )

    @property
    def contents(self) -> tuple[tuple[LineId, SkuCode, Quantity], ...]:
        """What is still to leave: line, SKU, units."""
        return tuple((line.id, line.sku, Quantity(line.to_ship)) for line in self.lines if line.to_ship)

    def source_of(self, line: OrderLine) -> Source:
        """Return the platform order that a line of it belongs to."""
        if line.platform_order_id is None and not line.platform_order_no:
            return self.platform_order_id, self.platform_order_no
        return line.platform_order_id, line.platform_order_no

    @property
    def sources(self) -> tuple[Source, ...]:
        """The platform orders that its lines are of: several in a merged order, its own first."""
        own = (self.platform_order_id, self.platform_order_no)
        return tuple(dict.fromkeys((own, *map(self.source_of, self.lines))))

    def flagged(self, kind: FlagKind) -> bool:
        return any(flag.kind is kind for flag in self.flags)

    @property
    def is_virtual(self) -> bool:
        """Whether there is nothing to ship: it needs no stock, warehouse or carrier, and is handed over."""
        return self.kind is OrderKind.VIRTUAL

    @property
    def pending(self) -> Flag | None:
        """The flag of a stop that was asked and not answered."""
        return next((flag for flag in self.flags if flag.kind in PENDING), None)

    @property
    def refundable(self) -> Money:
        """What was paid, less what went back, or will, with what was given up.

        Where only a part is paid, what is given up is first off what is still owed.
        """
        gone = total((line.given_up for line in self.lines), self.paid.currency)
        return max(min(self.paid, max(self.paid, self.payable) - gone), Money(0, self.paid.currency))

    # --- payment ---------------------------------------------------------------------------------------------

    def pay(self, paid: Money, *, paid_at: datetime, at: datetime) -> Change[SalesOrder]:
        """Book the buyer's payment; the order may now be allocated."""
        state = next_state(ORDER_TABLE, self.state, M.PAY)
        order = self._moved(state, at, paid=paid, paid_at=paid_at)
        return Change(order, (e.OrderPaid(order_id=self.id, state=state, paid=paid, at=at),))

    # --- allocation ------------------------------------------------------------------------------------------

    def allocate(
        self,
        warehouse: WarehouseCode,
        *,
        carrier: CarrierCode | None = None,
        ship_at: datetime | None = None,
        arrival_on: date | None = None,
        at: datetime,
    ) -> Change[SalesOrder]:
        """Take the warehouse in which every unit is reserved.

        Args:
            carrier: that is to bring it, None if none is planned.
            ship_at, arrival_on: what can be promised with it.
        """
        return self._allocated(M.ALLOCATE, warehouse, carrier, ship_at, arrival_on, at)

    def pass_on(self, *, at: datetime) -> Change[SalesOrder]:
        """Let virtual goods go on without stock: nothing lies in a warehouse, and nobody brings it."""
        state = next_state(ORDER_TABLE, self.state, M.ALLOCATE)
        event = e.OrderAllocated(order_id=self.id, state=state, warehouse=WarehouseCode(""), at=at)
        return Change(evolve(self._moved(state, at, **_NOWHERE), kind=OrderKind.VIRTUAL), (event,))

    def reallocate(
        self,
        warehouse: WarehouseCode,
        *,
        carrier: CarrierCode | None = None,
        ship_at: datetime | None = None,
        arrival_on: date | None = None,
        at: datetime,
    ) -> Change[SalesOrder]:
        """As ``allocate``, of an order that awaits its review and was changed: it may ship from elsewhere now."""
        return self._allocated(M.EDIT, warehouse, carrier, ship_at, arrival_on, at)

    def _allocated(
        self,
        move: M,
        warehouse: WarehouseCode,
        carrier: CarrierCode | None,
        ship_at: datetime | None,
        arrival_on: date | None,
        at: datetime,
    ) -> Change[SalesOrder]:
        state = next_state(ORDER_TABLE, self.state, move)
        planned = {"carrier": carrier, "planned_ship_at": ship_at, "planned_arrival_on": arrival_on}
        event = e.OrderAllocated(
            order_id=self.id, state=state, warehouse=warehouse, carrier=carrier or "", arrival_on=arrival_on, at=at
        )
        return Change(self._moved(state, at, warehouse=warehouse, **planned), (event,))

    def fall_short(self, missing: tuple[tuple[str, int], ...], *, at: datetime) -> Change[SalesOrder]:
        """Wait for stock: ``missing`` lists SKU and units that are not to be had."""
        state = next_state(ORDER_TABLE, self.state, M.SHORTAGE)
        order = self._moved(state, at)
        return Change(order, (e.OrderBackordered(order_id=self.id, state=state, missing=missing, at=at),))

    def lose_stock(self, missing: tuple[tuple[str, int], ...], *, at: datetime) -> Change[SalesOrder]:
        """Wait for stock again: units that were reserved for it are gone (``missing``: SKU and units)."""
        state = next_state(ORDER_TABLE, self.state, M.LOSE_STOCK)
        order = self._moved(state, at, fulfilment_id=None, **_NOWHERE)
        return Change(order, (e.OrderLostStock(order_id=self.id, state=state, missing=missing, at=at),))

    def restock(self, *, at: datetime) -> Change[SalesOrder]:
        """Try allocation again."""
        state = next_state(ORDER_TABLE, self.state, M.RESTOCK)
        return Change(self._moved(state, at), (e.OrderRestocked(order_id=self.id, state=state, at=at),))

    # --- review, hold, release -------------------------------------------------------------------------------

    def approve(
        self, *, business_review: bool, fulfilment_id: FulfilmentOrderId, rule: str = "", at: datetime
    ) -> Change[SalesOrder]:
        """Pass the review that the order waits for (客审 or 商审).

        Args:
            business_review: whether the shop has a business review after customer service's.
            fulfilment_id: of the fulfilment order that the last review brings about, unless its goods are virtual.
            rule: the policy that decided, empty for a person.
        """
        check(self, Ask.APPROVE)
        to_business = self.state is S.AWAITING_CS_REVIEW and business_review
        state = next_state(ORDER_TABLE, self.state, M.APPROVE_TO_BUSINESS if to_business else M.APPROVE)
        ships = state is S.AWAITING_RELEASE and not self.is_virtual
        order = self._moved(state, at, fulfilment_id=fulfilment_id if ships else None)
        return Change(order, (e.OrderApproved(order_id=self.id, state=state, rule=rule, at=at),))

    def flag(
        self, kind: FlagKind, *, reason: str, by: str, until: datetime | None = None, at: datetime
    ) -> Change[SalesOrder]:
        """Set a flag (挂起, 拦截 …). The same again changes nothing, but how long it stands.

        There is one time that it may not leave before: a new one takes the place of the old one.

        Args:
            until: when it is lifted by itself.

        Raises:
            NotInTheFuture: ``until`` is over.
            InvalidText: one of ``EXPLAINED`` has no reason.
        """
        if until is not None and until <= at:
            raise NotInTheFuture(until=until)
        if kind in _ASKED_BY:
            check(self, _ASKED_BY[kind])
        why = checked_reason(reason, needed=kind in EXPLAINED)
        flag = Flag(kind=kind, reason=why, by=by, at=at, until=until)
        left = tuple(old for old in self.flags if not _gives_way(old, flag))
        if left == self.flags and is_set(self.flags, kind, flag.reason):
            return Change(self)
        order = self._moved(self.state, at, flags=(*left, flag))
        event = e.OrderFlagged(order_id=self.id, state=self.state, kind=kind, reason=flag.reason, at=at)
        return Change(order, (event,))

    def unflag(self, kind: FlagKind, *, reason: str, only: str | None = None, at: datetime) -> Change[SalesOrder]:
        """Lift the flags of a kind (解挂), or of them only the one that was set for the reason ``only``.

        Raises:
            NotFlagged: there is none.
        """
        left = tuple(flag for flag in self.flags if flag.kind is not kind or _stays(flag, only))
        if left == self.flags:
            raise NotFlagged(kind=kind)
        order = self._moved(self.state, at, flags=left)
        event = e.OrderUnflagged(order_id=self.id, state=self.state, kind=kind, reason=checked_reason(reason), at=at)
        return Change(order, (event,))

    def lift_expired(self, *, at: datetime) -> Change[SalesOrder]:
        """Lift the flags whose time is over; none: nothing."""
        change = Change(self)
        for flag in self.flags:
            if flag.is_over(at):
                change = change.then(change.state.unflag(flag.kind, reason=EXPIRED, only=flag.reason, at=at))
        return change

    def release(self, *, at: datetime) -> Change[SalesOrder]:
        """Give it to the warehouse (下发)."""
        check(self, Ask.RELEASE)
        state = next_state(ORDER_TABLE, self.state, M.RELEASE)
        order = self._moved(state, at, progress="sent")
        assert self.fulfilment_id is not None  # made by the approval that led here
        event = e.OrderReleased(order_id=self.id, state=state, fulfilment_id=self.fulfilment_id, at=at)
        return Change(order, (event,))

    def refused_by_warehouse(self, reason: str, *, at: datetime) -> Change[SalesOrder]:
        """The warehouse would not take it: back to where it was released from, and a person looks.

        Raises:
            StopPending: it was asked to stop, which it has done so: ``stopping.stopped``.
        """
        state = next_state(ORDER_TABLE, self.state, M.WMS_REFUSE)
        check_not_pending(self)
        why = reason[:LONGEST_REASON] if reason.strip() else UNEXPLAINED
        flag = Flag(kind=FlagKind.INTERCEPTED, reason=why, by="warehouse", at=at)
        order = self._moved(state, at, progress="", flags=self._with(flag))
        event = e.OrderRefusedByWarehouse(order_id=self.id, state=state, reason=flag.reason, at=at)
        return Change(order, (event,))

    def short_in_warehouse(
        self, reason: str, missing: tuple[tuple[SkuCode, Quantity], ...] = (), *, number: str, at: datetime
    ) -> Change[SalesOrder]:
        """The warehouse has too little to ship it (缺货回告): back to review, and a person looks.

        It may find the goods all the same: nothing is released anew until it has stopped.

        Args:
            number: of the fulfilment order that is called off there.
            missing: SKU and units that the warehouse lacks, as far as it says.

        Raises:
            StopPending: it was asked to stop. It may find the goods: its answer to that decides.
        """
        state = next_state(ORDER_TABLE, self.state, M.WMS_SHORT)
        check_not_pending(self)
        assert self.fulfilment_id is not None  # or it would not be there
        flag = Flag(kind=FlagKind.INTERCEPTED, reason=reason[:LONGEST_REASON], by="warehouse", at=at)
        earlier = _earlier(number, at)
        event = e.OrderShort(
            order_id=self.id,
            state=state,
            fulfilment_id=self.fulfilment_id,
            reason=flag.reason,
            missing=tuple((str(sku), int(units)) for sku, units in missing),
            at=at,
        )
        return Change(
            self._moved(state, at, progress="", flags=(*self._with(flag), earlier), fulfilment_id=None), (event,)
        )

    def kept_back(self, number: str, *, at: datetime) -> Change[SalesOrder]:
        """Let nothing be released of it: a fulfilment order of this number was called off, and may leave."""
        order = self._moved(self.state, at, flags=self._with(_earlier(number, at)))
        kind = FlagKind.EARLIER_MAY_SHIP
        event = e.OrderFlagged(order_id=self.id, state=self.state, kind=kind, reason=number, at=at)
        return Change(order, (event,))

    def progressed(self, progress: str, *, at: datetime) -> Change[SalesOrder]:
        """Keep a milestone of the warehouse's work."""
        if self.progress == progress:
            return Change(self)
        order = self._moved(self.state, at, progress=progress)
        return Change(order, (e.OrderProgressed(order_id=self.id, state=self.state, progress=progress, at=at),))

    # --- shipment and after ----------------------------------------------------------------------------------

    def ship(
        self,
        package_id: PackageId,
        contents: tuple[tuple[LineId, Quantity], ...],
        *,
        carrier: str,
        tracking_no: str,
        at: datetime,
    ) -> Change[SalesOrder]:
        """Book a parcel that has left.

        Raises:
            ShipsMoreThanOrdered: more units of a line than are still to leave, or a foreign line.
        """
        lines = {line.id: line for line in self.lines}
        for line_id, units in contents:
            line = lines.get(line_id)
            if line is None or units > line.to_ship:
                raise ShipsMoreThanOrdered(line_id=line_id, to_ship=line.to_ship if line else 0, quantity=units)
            lines[line_id] = evolve(line, shipped=line.shipped + units)
        rest = any(line.to_ship for line in lines.values())
        state = next_state(ORDER_TABLE, self.state, M.SHIP_PART if rest else M.SHIP)
        order = self._moved(state, at, lines=tuple(lines.values()), progress="" if not rest else self.progress)
        shipped = e.OrderShipped(
            order_id=self.id,
            state=state,
            package_id=package_id,
            carrier=carrier,
            tracking_no=tracking_no,
            contents=contents,
            at=at,
        )
        return self._goes_on(Change(order, (shipped,)), LEFT, at)

    def not_stopped(self, why: str, *, at: datetime) -> Change[SalesOrder]:
        """Whoever was asked to stop it has not: the order goes on, and ``why`` is told.

        Raises:
            NoStopAsked.
        """
        check(self, Ask.REFUSE_STOP)
        flags = tuple(flag for flag in self.flags if flag.kind not in PENDING)
        event = e.OrderStopRefused(order_id=self.id, state=self.state, reason=checked_reason(why), at=at)
        return Change(self._moved(self.state, at, flags=flags), (event,))

    def ship_outside(self, *, at: datetime) -> Change[SalesOrder]:
        """Follow the platform, which shows it shipped although we did not do it."""
        state = next_state(ORDER_TABLE, self.state, M.SHIP_OUTSIDE)
        lines = tuple(line if line.is_closed else evolve(line, shipped=line.quantity) for line in self.lines)
        order = self._moved(state, at, external=True, lines=lines)
        event = e.OrderShippedOutside(order_id=self.id, state=state, previous=self.state, at=at)
        return Change(order, (event,))

    def sign(self, *, at: datetime) -> Change[SalesOrder]:
        """The buyer has it (签收); cash on delivery is booked now."""
        goes_on = self._goes_on(Change(self), SIGNED, at)
        signed = goes_on.state.settled(M.SIGN, at=at)
        return goes_on.then(Change(signed, (e.OrderSigned(order_id=self.id, state=signed.state, at=at),)))

    def settled(self, move: M, *, at: datetime, **changes: Any) -> SalesOrder:
        """Return it where ``move`` leads, with the buyer: cash on delivery is paid then."""
        due = self.payable - total((line.given_up for line in self.lines), self.payable.currency)
        cash = {"paid": due, "paid_at": self.paid_at or at} if self.cash_on_delivery else {}
        return self._moved(next_state(ORDER_TABLE, self.state, move), at, ended_at=at, **cash, **changes)

    def complete(self, *, at: datetime) -> Change[SalesOrder]:
        """The buyer confirmed, or the days are over (交易成功)."""
        state = next_state(ORDER_TABLE, self.state, M.COMPLETE)
        done = self._moved(state, at, ended_at=at)
        return Change(done, (e.OrderCompleted(order_id=self.id, state=state, at=at),))

    def close(self, *, reason: str, at: datetime) -> Change[SalesOrder]:
        """Every line was refunded after shipment (交易关闭)."""
        state = next_state(ORDER_TABLE, self.state, M.REFUND_ALL)
        event = e.OrderClosed(order_id=self.id, state=state, reason=checked_reason(reason), at=at)
        flags = tuple(flag for flag in self.flags if flag.kind not in PENDING)
        return Change(self._moved(state, at, flags=flags), (event,))

    # --- cancellation, and what the platform says ------------------------------------------------------------

    def cancel(self, *, reason: str, refunded: bool = False, at: datetime) -> Change[SalesOrder]:
        """Call it off, while nobody outside works on it; ``stopping.call_off`` asks those who do.

        Args:
            refunded: the platform has given the money back already, or settles it itself.

        Raises:
            CancelNeedsWarehouse: it is with the warehouse.
        """
        if self.state is S.IN_WAREHOUSE:
            raise CancelNeedsWarehouse(state=self.state)
        state = next_state(ORDER_TABLE, self.state, M.CANCEL)
        event = e.OrderCancelled(
            order_id=self.id,
            state=state,
            previous=self.state,
            reason=checked_reason(reason),
            refund_due=Money(0, self.paid.currency) if refunded else self.refundable,
            at=at,
        )
        return Change(self._moved(state, at, flags=()), (event,))

    def revise(self, *, at: datetime, **facts: Any) -> Change[SalesOrder]:
        """Take over facts that the platform changed and that are its to say (remarks, receiver, amounts unpaid)."""
        changed = tuple(sorted(name for name, value in facts.items() if getattr(self, name) != value))
        if not changed:
            return Change(self)
        order = evolve(self, **facts, updated_at=at)
        return Change(order, (e.OrderRevised(order_id=self.id, state=self.state, what=changed, at=at),))

    def differs(self, *, theirs: str, what: str, at: datetime) -> e.OrderDiffers:
        """Return the fact that somebody else's word does not fit our table; the order itself stays as it is."""
        return e.OrderDiffers(order_id=self.id, state=self.state, theirs=theirs, what=what, at=at)

    def _goes_on(self, change: Change[SalesOrder], why: str, at: datetime) -> Change[SalesOrder]:
        """Add to ``change`` that a stop which was asked has come to nothing."""
        return change.then(change.state.not_stopped(why, at=at)) if change.state.pending else change

    def _with(self, flag: Flag) -> tuple[Flag, ...]:
        return self.flags if is_set(self.flags, flag.kind, flag.reason) else (*self.flags, flag)

    def _moved(self, state: S, at: datetime, **changes: Any) -> SalesOrder:
        return evolve(self, state=state, updated_at=at, **changes)


def _earlier(number: str, at: datetime) -> Flag:
    return Flag(kind=FlagKind.EARLIER_MAY_SHIP, reason=number, by="warehouse", at=at)


def may_begin_in(state: S) -> bool:
    """Whether an order may be born in ``state``."""
    return state in ENTRIES


def _stays(flag: Flag, only: str | None) -> bool:
    """Whether a flag is left where those of its kind are lifted: one of a group is lifted by its own reason alone."""
    return flag.is_of_group if only is None else flag.reason != only


def _gives_way(old: Flag, new: Flag) -> bool:
    """Whether a flag ends by another that is set."""
    if old.kind is not new.kind or (old.reason, old.until) == (new.reason, new.until):
        return False
    return old.reason == new.reason or old.kind is FlagKind.NOT_BEFORE
