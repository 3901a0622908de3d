"""The sales order (销售订单): what we work on, from payment to completion."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar, Final

from attrs import evolve, field, frozen

from oms_domain.apportionment.units import LinePart
from oms_domain.apportionment.waterfall import Reduction
from oms_domain.channels.standard import LineRefund, OrderKind, Platform, Region
from oms_domain.kernel.change import Change
from oms_domain.kernel.errors import Invalid, MoveNotAllowed, Refused
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
from oms_domain.kernel.text import checked_text, mask_digits
from oms_domain.orders import events as e
from oms_domain.orders.placement import PlacedLine, misplaced
from oms_domain.orders.states import BEFORE_WAREHOUSE, ENTRIES, ORDER_TABLE
from oms_domain.orders.states import OrderMove as M
from oms_domain.orders.states import OrderState as S

LONGEST_REASON: Final = 500


class FlagKind(StrEnum):
    """What stands beside the state and keeps an order from the warehouse."""

    HELD = "held"  # 挂起: a person wants it to wait
    INTERCEPTED = "intercepted"  # 拦截: a rule, the platform or the warehouse wants a person to look
    IN_AFTERSALES = "in_aftersales"  # 售后中: the buyer asks for money back on a line


@frozen(kw_only=True)
class Flag:
    """A mark with its reason and author. Flags stack; one of a kind and reason is enough, or one of a rule.

    ``rule``: the rule by id and version that has set it.
    """

    kind: FlagKind
    reason: str
    by: str
    at: datetime
    rule: tuple[str, int] | None = None


@frozen(kw_only=True)
class FromBundle:
    """That a line is a part of a bundle (组合商品) which the platform sold as one."""

    code: SkuCode
    quantity: Quantity  # bundles that the platform sold
    list_price_fen: int  # of one unit of the part then: the bundle's amounts are shared by it
    whole: int  # units of this part in all of those bundles; a line of an order that was split has fewer


@frozen(kw_only=True)
class OrderLine:
    """Units of one SKU with the amounts placed on them.

    ``unit_price × quantity + adjustment − line_discount − order_discount = payable``, to the fen. ``part`` places
    the same amounts discount by discount, with the tenders and the freight, unit by unit: its units are numbered as
    those of the platform's line, so that a part of a line still knows which ones it has. Lines that a bundle was taken
    apart into share its sub-order number, and its amounts; each numbers its own units.

    ``from_line`` is the line of the order that this one was split off or merged from, whose units it has.
    ``platform_order_id`` and ``platform_order_no`` stand on lines of merged orders alone, where they are not the
    order's own.
    """

    id: LineId
    platform_line_no: str
    sku: SkuCode
    title: str
    spec: str = ""
    quantity: Quantity
    unit_price: Money
    adjustment: Money
    line_discount: Money
    order_discount: Money
    payable: Money
    part: LinePart
    refund: LineRefund = LineRefund.NONE
    is_gift: bool = False
    is_closed: bool = False  # refunded before shipment: never ship it
    shipped: int = 0  # units that have left
    sold_as: str = ""  # the platform's own code of the goods, where it is not the SKU's
    bundle: FromBundle | None = None
    from_line: LineId | None = None
    platform_order_id: PlatformOrderId | None = None
    platform_order_no: str = ""

    @property
    def goods(self) -> Money:
        """Price of all units, with the seller's own change of price."""
        return self.unit_price * self.quantity + self.adjustment

    @property
    def placed(self) -> PlacedLine:
        """Its amounts beside what is placed on it."""
        return PlacedLine(self.platform_line_no, self.part, self.quantity, self.goods.fen, self.payable.fen)

    @property
    def goods_code(self) -> str:
        """What the platform calls the goods."""
        return self.sold_as or self.sku

    @property
    def to_ship(self) -> int:
        """Units still to leave."""
        return 0 if self.is_closed else self.quantity - self.shipped


Source = tuple[PlatformOrderId | None, str]
"""A platform order: its id, and its number at the platform."""


@frozen(kw_only=True)
class PartyRef:
    """A handle into the vault with its mask. ``digest`` tells equal data apart from changed, nothing else."""

    vault_id: VaultId
    mask: str = ""
    digest: str = ""


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
class OrderFlaggedNow(Refused):
    """A flag keeps the order from moving towards the warehouse. Lift it first."""

    code: ClassVar[str] = "orders.flagged"
    flags: tuple[str, ...]
    reasons: tuple[str, ...]


@frozen(kw_only=True)
class NothingToShip(Refused):
    """Every line was refunded: there is nothing to send; the platform will close the order."""

    code: ClassVar[str] = "orders.nothing_to_ship"


@frozen(kw_only=True)
class NotFlagged(Refused):
    """There is no such flag to lift."""

    code: ClassVar[str] = "orders.not_flagged"
    kind: str


@frozen(kw_only=True)
class CancelNeedsWarehouse(Refused):
    """The warehouse works on it: it must be asked to stop before the order can be cancelled."""

    code: ClassVar[str] = "orders.cancel_needs_warehouse"
    state: str


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
        state = next_state(ORDER_TABLE, self.state, M.ALLOCATE)
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
        gone = {"warehouse": None, "carrier": None, "planned_ship_at": None, "planned_arrival_on": None}
        order = self._moved(state, at, fulfilment_id=None, **gone)
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
            fulfilment_id: of the fulfilment order that the last review brings about.
            rule: the policy that decided, empty for a person.
        """
        to_business = self.state is S.AWAITING_CS_REVIEW and business_review
        state = next_state(ORDER_TABLE, self.state, M.APPROVE_TO_BUSINESS if to_business else M.APPROVE)
        self._unflagged()
        order = self._moved(state, at, fulfilment_id=fulfilment_id if state is S.AWAITING_RELEASE else None)
        return Change(order, (e.OrderApproved(order_id=self.id, state=state, rule=rule, at=at),))

    def flag(self, kind: FlagKind, *, reason: str, by: str, at: datetime) -> Change[SalesOrder]:
        """Set a flag (挂起, 拦截 …). Setting the same again changes nothing."""
        flag = Flag(kind=kind, reason=_reason(reason), by=by, at=at)
        if self.state not in BEFORE_WAREHOUSE and kind is FlagKind.HELD:
            raise MoveNotAllowed(state=self.state, move="hold", allowed=tuple(ORDER_TABLE[self.state]))
        if self._has(flag):
            return Change(self)
        order = self._moved(self.state, at, flags=(*self.flags, flag))
        event = e.OrderFlagged(order_id=self.id, state=self.state, kind=kind, reason=flag.reason, at=at)
        return Change(order, (event,))

    def unflag(self, kind: FlagKind, *, reason: str, only: str | None = None, at: datetime) -> Change[SalesOrder]:
        """Lift the flags of a kind (解挂), or of them only the one that was set for the reason ``only``.

        Raises:
            NotFlagged: there is none.
        """
        left = tuple(f for f in self.flags if f.kind is not kind or (only is not None and f.reason != only))
        if left == self.flags:
            raise NotFlagged(kind=kind)
        order = self._moved(self.state, at, flags=left)
        event = e.OrderUnflagged(order_id=self.id, state=self.state, kind=kind, reason=_reason(reason), at=at)
        return Change(order, (event,))

    def release(self, *, at: datetime) -> Change[SalesOrder]:
        """Give it to the warehouse (下发)."""
        state = next_state(ORDER_TABLE, self.state, M.RELEASE)
        self._unflagged()
        order = self._moved(state, at, progress="sent")
        assert self.fulfilment_id is not None  # made by the approval that led here
        event = e.OrderReleased(order_id=self.id, state=state, fulfilment_id=self.fulfilment_id, at=at)
        return Change(order, (event,))

    def refused_by_warehouse(self, reason: str, *, at: datetime) -> Change[SalesOrder]:
        """The warehouse would not take it: back to where it was released from, and a person looks."""
        state = next_state(ORDER_TABLE, self.state, M.WMS_REFUSE)
        flag = Flag(kind=FlagKind.INTERCEPTED, reason=reason[:LONGEST_REASON], by="warehouse", at=at)
        order = self._moved(state, at, progress="", flags=self.flags if self._has(flag) else (*self.flags, flag))
        event = e.OrderRefusedByWarehouse(order_id=self.id, state=state, reason=flag.reason, at=at)
        return Change(order, (event,))

    def short_in_warehouse(
        self, reason: str, missing: tuple[tuple[SkuCode, Quantity], ...] = (), *, at: datetime
    ) -> Change[SalesOrder]:
        """The warehouse has too little to ship it (缺货回告): back to review, and a person looks.

        Args:
            missing: SKU and units that the warehouse lacks, as far as it says.
        """
        state = next_state(ORDER_TABLE, self.state, M.WMS_SHORT)
        assert self.fulfilment_id is not None  # or it would not be there
        flag = Flag(kind=FlagKind.INTERCEPTED, reason=reason[:LONGEST_REASON], by="warehouse", at=at)
        flags = self.flags if self._has(flag) else (*self.flags, flag)
        event = e.OrderShort(
            order_id=self.id,
            state=state,
            fulfilment_id=self.fulfilment_id,
            reason=flag.reason,
            missing=tuple((str(sku), int(units)) for sku, units in missing),
            at=at,
        )
        return Change(self._moved(state, at, progress="", flags=flags, fulfilment_id=None), (event,))

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
        return Change(order, (shipped,))

    def ship_outside(self, *, at: datetime) -> Change[SalesOrder]:
        """Follow the platform, which shows it shipped although we did not do it."""
        state = next_state(ORDER_TABLE, self.state, M.SHIP_OUTSIDE)
        lines = tuple(line if line.is_closed else evolve(line, shipped=line.quantity) for line in self.lines)
        order = self._moved(state, at, external=True, lines=lines)
        event = e.OrderShippedOutside(order_id=self.id, state=state, previous=self.state, at=at)
        return Change(order, (event,))

    def sign(self, *, at: datetime) -> Change[SalesOrder]:
        """The buyer has it (签收); cash on delivery is booked now."""
        state = next_state(ORDER_TABLE, self.state, M.SIGN)
        due = self.payable - total((line.payable for line in self.lines if line.is_closed), self.payable.currency)
        cash = {"paid": due, "paid_at": self.paid_at or at} if self.cash_on_delivery else {}
        return Change(self._moved(state, at, **cash), (e.OrderSigned(order_id=self.id, state=state, at=at),))

    def complete(self, *, at: datetime) -> Change[SalesOrder]:
        """The buyer confirmed, or the days are over (交易成功)."""
        state = next_state(ORDER_TABLE, self.state, M.COMPLETE)
        return Change(self._moved(state, at), (e.OrderCompleted(order_id=self.id, state=state, at=at),))

    def close(self, *, reason: str, at: datetime) -> Change[SalesOrder]:
        """Every line was refunded after shipment (交易关闭)."""
        state = next_state(ORDER_TABLE, self.state, M.REFUND_ALL)
        event = e.OrderClosed(order_id=self.id, state=state, reason=_reason(reason), at=at)
        return Change(self._moved(state, at), (event,))

    # --- cancellation, and what the platform says ------------------------------------------------------------

    def cancel(self, *, reason: str, refunded: bool = False, at: datetime) -> Change[SalesOrder]:
        """Call it off, while nobody outside works on it.

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
            reason=_reason(reason),
            refund_due=Money(0, self.paid.currency) if refunded else self._refundable,
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

    @property
    def _refundable(self) -> Money:
        """What was paid, less what went back with the lines that were closed."""
        gone = total((line.payable for line in self.lines if line.is_closed), self.paid.currency)
        return max(self.paid - gone, Money(0, self.paid.currency))

    def _has(self, flag: Flag) -> bool:
        return any(old.kind is flag.kind and old.reason == flag.reason for old in self.flags)

    def _unflagged(self) -> None:
        if not self.contents:
            raise NothingToShip
        if self.flags:
            kinds = tuple(sorted({str(flag.kind) for flag in self.flags}))
            raise OrderFlaggedNow(flags=kinds, reasons=tuple(flag.reason for flag in self.flags))

    def _moved(self, state: S, at: datetime, **changes: Any) -> SalesOrder:
        return evolve(self, state=state, updated_at=at, **changes)


def may_begin_in(state: S) -> bool:
    """Whether an order may be born in ``state``."""
    return state in ENTRIES


def _reason(text: str) -> str:
    """Check a reason; a phone number that somebody put into it does not go into the log."""
    return mask_digits(checked_text(text, field="reason", longest=LONGEST_REASON))
