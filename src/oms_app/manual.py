"""Use cases of orders that a person puts in (手工订单): seen first if one likes, then made; and a presale's balance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Final

from attrs import evolve, field, frozen

from oms_app.actor import Actor, Permission
from oms_app.address_doubts import address_doubts
from oms_app.address_edits import LONGEST
from oms_app.editing import UnknownGoods
from oms_app.inventory import known_warehouse
from oms_app.numbering import Numbering, NumberPool
from oms_app.orders import OrderAnswer, OrderCommand, answer_of
from oms_app.pasted import divisions_named, read_pasted
from oms_app.ports.transaction import Begin, Clock, NewId, OrderNotFound, Transaction
from oms_app.ports.vault import IndexField, Sealed, Sealer
from oms_app.queries.rows import OrderFilter, Queries
from oms_app.timers import set_timers
from oms_app.transactions import Pause, check_version, one_transaction, record
from oms_domain.addresses.bundled import bundled_divisions
from oms_domain.addresses.complete import address_gaps
from oms_domain.addresses.pieces import PieceKind
from oms_domain.addresses.shapes import has_house_number
from oms_domain.catalog.bundle import Bundle
from oms_domain.catalog.matching import KnownGoods, Sold, match
from oms_domain.catalog.sku import Sku, SkuKind
from oms_domain.channels.standard import Buyer, OrderKind, Platform, PlatformState, Receiver, Region, StandardLine
from oms_domain.fulfilment.carriers import fits, require_fit
from oms_domain.fulfilment.sourcing.records import UnknownCarrier
from oms_domain.kernel.change import Change
from oms_domain.kernel.errors import Invalid, Refused
from oms_domain.kernel.identity import CarrierCode, LineId, OrderId, ShopId, SkuCode, VaultId, WarehouseCode
from oms_domain.kernel.money import Money, total
from oms_domain.kernel.phones import check_dialled
from oms_domain.kernel.quantity import Quantity
from oms_domain.kernel.text import checked_text, mask_digits
from oms_domain.orders.balance import balance_due, pay_balance
from oms_domain.orders.lines import OrderLine
from oms_domain.orders.manual import CannotWaitForPayment, Goods, Wanted, manual_order, require
from oms_domain.orders.marks import Business, DeliveryMode
from oms_domain.orders.placement import policy_of
from oms_domain.orders.sales_order import PartyRef, SalesOrder
from oms_domain.orders.states import OrderState
from oms_domain.shops.shop import Shop

NOTHING: Final = Money(0)
MOST_LINES: Final = 1_000
NOT_CANCELLED: Final = tuple(state for state in OrderState if state is not OrderState.CANCELLED)


@frozen(kw_only=True)
class LineWanted:
    """Units of a SKU or bundle. ``unit_price`` None: what the catalogue says, of a bundle what its parts cost."""

    code: SkuCode
    units: Quantity
    unit_price: Money | None = None


@frozen(kw_only=True)
class CreateOrder:
    """Put an order in. What is empty and must not be is told all at once.

    ``original``: the order that a reissue (补发) is for; of that it takes number, buyer, and whatever of receiver and
    region is not given. A reissue costs nothing, so no price, freight or discount is named. ``deposit``: what
    is paid of a presale; None: all of it. ``paid``: False, it
    waits for its payment. ``pasted``: one text that says who gets it and where, as far as ``receiver``
    and ``region`` do not.
    """

    permission: ClassVar[Permission] = Permission.ORDERS_WRITE
    shop_id: ShopId | None
    platform_order_no: str = ""
    kind: OrderKind | None = None
    business: Business | None = None
    delivery: DeliveryMode = DeliveryMode.COURIER
    cash_on_delivery: bool = False
    warehouse: WarehouseCode | None = None
    carrier: CarrierCode | None = None
    freight: Money = NOTHING
    discount: Money = NOTHING
    coupon: Money = NOTHING
    deposit: Money | None = None
    placed_at: datetime | None = None
    paid: bool = True
    group_until: datetime | None = None  # of a group that does not stand yet
    paid_at: datetime | None = None
    note: str = ""
    pasted: str = field(default="", repr=False)
    receiver: Receiver = field(default=Receiver(), repr=False)
    region: Region = Region()
    lines: tuple[LineWanted, ...] = ()
    gifts: tuple[LineWanted, ...] = ()
    original: OrderId | None = None
    by: Actor


@frozen(kw_only=True)
class PayBalance(OrderCommand):
    """Book the second payment of a presale (尾款)."""

    paid: Money
    coupon: Money = NOTHING


@frozen(kw_only=True)
class OrderNoTaken(Refused):
    """The shop has an order of this platform order number already."""

    code: ClassVar[str] = "orders.order_no_taken"
    value: str
    number: str


@frozen(kw_only=True)
class CostsNothing(Invalid):
    """A reissue costs nothing: no price, freight or discount is named."""

    code: ClassVar[str] = "orders.costs_nothing"


@frozen(kw_only=True)
class ManualLine:
    """A line of the order, with what is placed on it."""

    sku: SkuCode
    title: str
    quantity: int
    payable: Money
    is_gift: bool
    bundle: SkuCode | None


@frozen(kw_only=True)
class ManualAnswer:
    """What was made, or would be. ``doubts``: what of the address a person should look at."""

    order: OrderAnswer
    lines: tuple[ManualLine, ...]
    freight: Money
    payable: Money
    paid: Money
    balance_due: Money
    receiver: str
    doubts: tuple[str, ...]
    region: Region = Region()


@frozen(kw_only=True)
class ManualOrderService:
    """Use cases of manual orders."""

    begin: Begin
    now: Clock
    new_id: NewId
    numbering: Numbering
    pause: Pause
    sealer: Sealer
    queries: Queries

    def preview(self, command: CreateOrder) -> ManualAnswer:
        """Return what the order would be; nothing is stored. Raises as ``create`` does."""
        self._check_number(command)
        with self.begin(command) as tx:
            made, doubts, _ = self._made(tx, command, "")
        return _answer(made, doubts)

    def create(self, command: CreateOrder) -> ManualAnswer:
        """Make the order; it is allocated and reviewed like any other.

        Raises:
            AddressDoubtful, FieldsMissing, InvalidPhone, InTheFuture, PaidBeforePlaced, OrderNoTaken, UnknownGoods,
            UnknownWarehouse, UnknownCarrier, CarrierDoesNotFit, ReductionTooHigh, DepositOutOfBounds, OrderNotFound
            (the original): why it cannot be.
        """
        numbers = self.numbering.pool(1, "S")
        answer = self._create(command, numbers)
        self.numbering.give_back(numbers)
        return answer

    @one_transaction
    def pay_balance(self, command: PayBalance) -> OrderAnswer:
        """Raises ``NoBalanceDue``, ``BalanceDiffers``, ``CouponUsedOnDeposit``, ``CouponAboveBalance``."""
        with self.begin(command) as tx:
            if done := tx.recall(OrderAnswer):
                return done
            order = tx.orders.get(command.order_id)
            check_version(order, command.expected_version)
            change = pay_balance(order, command.paid, coupon=command.coupon, at=self.now())
            record(tx, tx.orders, change)
            answer = answer_of(change)
            tx.remember(answer)
            tx.commit()
        return answer

    @one_transaction
    def _create(self, command: CreateOrder, numbers: NumberPool) -> ManualAnswer:
        numbers.start()
        with self.begin(command) as tx:
            if done := tx.recall(ManualAnswer):
                return done
            self._check_number(command)
            made, doubts, sealed = self._made(tx, command, numbers.next("S"))
            for row in sealed:
                tx.vault.put(row)
            record(tx, tx.orders, made)
            if _has_own_number(command):
                tx.orders.claim_number(made.state, instead_of=_gone(tx, made.state))
            set_timers(tx, made)
            answer = _answer(made, doubts)
            tx.remember(answer)
            tx.commit()
        return answer

    def _check_number(self, command: CreateOrder) -> None:
        """Raises ``OrderNoTaken``: what a person types twice would be sent twice, unless the first was cancelled."""
        if not _has_own_number(command):
            return
        wanted = OrderFilter(shop_id=command.shop_id, platform_order_no=command.platform_order_no, states=NOT_CANCELLED)
        for row in self.queries.orders(command.by, wanted, after=None, limit=1, now=self.now()):
            raise OrderNoTaken(value=command.platform_order_no, number=row.number)

    def _made(
        self, tx: Transaction, command: CreateOrder, number: str
    ) -> tuple[Change[SalesOrder], tuple[str, ...], tuple[Sealed, ...]]:
        command, doubts = _recognised(command)
        original, at = _original(tx, command), self.now()
        if not command.paid and command.paid_at is not None:
            raise CannotWaitForPayment(why="paid_at")
        require(_required(command, original))
        for name in ("mobile", "phone"):
            check_dialled(getattr(command.receiver, name), field=f"receiver.{name}")
        assert command.shop_id is not None
        assert command.kind is not None
        assert command.business is not None
        if command.kind is OrderKind.REISSUE:
            _check_free(command)
        shop = tx.shops.get(command.shop_id)
        sealed = self._sealed(command, shop.id, original)
        region = original.region if original and command.region == Region() else command.region
        wanted = Wanted(
            shop_id=shop.id,
            platform=Platform(shop.platform),
            platform_order_no=original.platform_order_no if original else command.platform_order_no,
            kind=command.kind,
            business=command.business,
            delivery=command.delivery,
            cash_on_delivery=command.cash_on_delivery,
            warehouse=_warehouse(tx, command),
            carrier=_carrier(tx, command, shop),
            lines=_goods(tx, command),
            freight=command.freight,
            discount=command.discount,
            coupon=command.coupon,
            deposit=command.deposit,
            receiver=_ref(sealed, 0) or _party(original, "receiver"),
            buyer=_ref(sealed, 1) or _party(original, "buyer"),
            buyer_id=original.buyer_id if original else "",
            region=region,
            note=mask_digits(command.note),
            placed_at=command.placed_at or min(command.paid_at or at, at),
            paid_at=command.paid_at or at,
            unpaid=not command.paid,
            group_until=command.group_until,
            original=original.id if original else None,
        )
        parts = sum(len(line.sold.parts) for line in wanted.lines)
        made = manual_order(
            wanted,
            id=OrderId(self.new_id()),
            number=number,
            line_ids=[LineId(self.new_id()) for _ in range(parts)],
            policy=policy_of(shop.policy),
            at=at,
        )
        return made, (*doubts, *_doubts(command, region)), sealed

    def _sealed(self, command: CreateOrder, shop_id: ShopId, original: SalesOrder | None) -> tuple[Sealed, ...]:
        """Seal who gets it, and the buyer by the same name; of a reissue to the same receiver there is nothing new."""
        if original is not None and command.receiver == Receiver():
            return ()
        receiver = self.sealer.seal_receiver(command.receiver, shop_id=shop_id, id=VaultId(self.new_id()))
        if original is not None:
            return (receiver,)
        buyer = Buyer(nick=command.receiver.name)
        return receiver, self.sealer.seal_buyer(buyer, shop_id=shop_id, id=VaultId(self.new_id()))


def _gone(tx: Transaction, order: SalesOrder) -> OrderId | None:
    """Return the cancelled order that has the number of a new one, None if none has it.

    Raises:
        OrderNoTaken: one that was not cancelled has it.
    """
    id = tx.orders.number_holder(order.shop_id, order.platform_order_no)
    if id is None:
        return None
    holder = tx.orders.get(id)
    if holder.state is not OrderState.CANCELLED:
        raise OrderNoTaken(value=order.platform_order_no, number=holder.number)
    return id


def _has_own_number(command: CreateOrder) -> bool:
    """Whether it brings a number that no other order of its shop may have; a reissue has its original's."""
    return bool(command.shop_id and command.platform_order_no) and command.kind is not OrderKind.REISSUE


def _original(tx: Transaction, command: CreateOrder) -> SalesOrder | None:
    if command.original is None or command.kind is not OrderKind.REISSUE:
        return None
    order = tx.orders.get(command.original)
    if order.shop_id != command.shop_id:
        raise OrderNotFound(order_id=order.id)
    return order


def _required(command: CreateOrder, original: SalesOrder | None) -> dict[str, object]:
    """Return what must be filled in: of a reissue the order that it is for, and no receiver if it goes there too."""
    found: dict[str, object] = {"shop": command.shop_id, "kind": command.kind, "business": command.business}
    if command.kind is OrderKind.REISSUE:
        found["original"] = original
    else:
        found["platform_order_no"] = command.platform_order_no
    if original is None or command.receiver != Receiver() or command.region != Region():
        receiver, region = command.receiver, command.region
        gaps = address_gaps(region.province, region.city, region.district, "", bundled_divisions())
        found |= {
            "receiver.name": receiver.name,
            "receiver.mobile": receiver.mobile or receiver.phone,
            "receiver.province": PieceKind.PROVINCE not in gaps,
            "receiver.city": PieceKind.CITY not in gaps,
            "receiver.district": PieceKind.DISTRICT not in gaps,
            "receiver.street": receiver.street,
        }
    return found | {"lines": command.lines or (command.gifts if command.kind is OrderKind.REISSUE else ())}


def _check_free(command: CreateOrder) -> None:
    """Raises ``CostsNothing``."""
    named = {name: getattr(command, name) for name in ("freight", "discount", "coupon")}
    named |= {f"lines[{at}].unit_price": line.unit_price for at, line in enumerate(command.lines)}
    for field_, amount in named.items():
        if amount is not None and amount.fen:
            raise CostsNothing(field=field_)


def _recognised(command: CreateOrder) -> tuple[CreateOrder, tuple[str, ...]]:
    """Return the command with what its pasted text says beside its fields. Raises ``AddressDoubtful``."""
    if not command.pasted:
        return command, ()
    found = read_pasted(command.pasted, named=command.region != Region(), field="receiver.text")
    receiver = evolve(
        command.receiver,
        **{
            name: checked_text(value, field=f"receiver.{name}", longest=LONGEST[name])
            for name, value in found.said.items()
            if not getattr(command.receiver, name)
        },
    )
    named = {name: getattr(command.region, name) or None for name in ("province", "city", "district", "town")}
    region = evolve(found.region or command.region, country=command.region.country, **divisions_named(**named))
    return evolve(command, receiver=receiver, region=region), found.doubts


def _doubts(command: CreateOrder, region: Region) -> tuple[str, ...]:
    typed = command.receiver != Receiver()
    no_door = ("no_house_number",) if typed and not has_house_number(command.receiver.street) else ()
    return (*no_door, *address_doubts(region))


def _ref(sealed: Sequence[Sealed], at: int) -> PartyRef | None:
    if at >= len(sealed):
        return None
    row = sealed[at]
    return PartyRef(vault_id=row.id, mask=row.mask, digest=row.digest(IndexField.WHOLE))


def _party(original: SalesOrder | None, name: str) -> PartyRef:
    assert original is not None
    party: PartyRef = getattr(original, name)
    return party


def _warehouse(tx: Transaction, command: CreateOrder) -> WarehouseCode | None:
    if command.warehouse is not None:
        known_warehouse(tx, command.warehouse, field="warehouse")
    return command.warehouse


def _carrier(tx: Transaction, command: CreateOrder, shop: Shop) -> CarrierCode | None:
    """Raises ``UnknownCarrier``, ``CarrierDoesNotFit`` (仓库与物流不匹配)."""
    carrier = command.carrier
    if carrier is None:
        return None
    if tx.carriers.find(carrier) is None:
        raise UnknownCarrier(field="carrier", value=carrier)
    warehouse = command.warehouse or (None if shop.policy.strategy else shop.policy.warehouse)
    record = tx.shipping.find(warehouse) if warehouse else None
    if warehouse and record is not None and record.terms.contracts and not fits(record.terms.contracts, carrier):
        require_fit(warehouse, record.terms.contracts, carrier)
    return carrier


def _goods(tx: Transaction, command: CreateOrder) -> tuple[Goods, ...]:
    """Find what the lines are of our catalogue. Raises ``UnknownGoods``."""
    codes = {line.code for line in (*command.lines, *command.gifts)}
    skus, bundles = tx.skus.by_code(codes), tx.bundles.by_code(codes)
    skus |= tx.skus.by_code({part.sku for bundle in bundles.values() for part in bundle.parts} - skus.keys())
    known = KnownGoods(skus=skus, bundles=bundles, mappings={})
    free = command.kind is OrderKind.REISSUE
    kind = SkuKind.VIRTUAL if command.kind is OrderKind.VIRTUAL else SkuKind.GOODS
    goods = [
        _sold(line, known, field=f"lines[{at}].code", free=free, kind=kind) for at, line in enumerate(command.lines)
    ]
    gifts = [
        _sold(line, known, field=f"gifts[{at}].code", free=True, kind=SkuKind.GIFT)
        for at, line in enumerate(command.gifts)
    ]
    return (*goods, *gifts)


_SOLD_AS: Final = {
    SkuKind.GOODS: (SkuKind.GOODS, SkuKind.VIRTUAL),
    SkuKind.VIRTUAL: (SkuKind.VIRTUAL,),  # what is shipped does not leave without stock because an order says so
    SkuKind.GIFT: (SkuKind.GIFT,),
}


def _sold(line: LineWanted, known: KnownGoods, *, field: str, free: bool, kind: SkuKind) -> Goods:
    sku, bundle = known.skus.get(line.code), known.bundles.get(line.code)
    found = sku if sku is not None else bundle if kind is SkuKind.GOODS else None
    if found is None or found.is_deleted or (sku is not None and sku.kind not in _SOLD_AS[kind]):
        raise UnknownGoods(field=field, value=line.code, kind=kind)
    price = NOTHING if free else line.unit_price if line.unit_price is not None else _list_price(found, known.skus)
    told = StandardLine(
        line_no="1",
        sku=line.code,
        title=found.title,
        spec=found.spec,
        quantity=line.units,
        unit_price=price,
        payable=price * line.units,
        state=PlatformState.TO_SHIP,
        is_gift=free,
    )
    sold = match(told, known)
    if not isinstance(sold, Sold):  # a part of the bundle may not be sold any more, or there are too many units
        raise UnknownGoods(field=field, value=line.code, kind=kind)
    return Goods(code=line.code, title=found.title, units=line.units, unit_price=price, sold=sold)


def _list_price(found: Sku | Bundle, skus: Mapping[SkuCode, Sku]) -> Money:
    if isinstance(found, Sku):
        return found.list_price
    return total(skus[part.sku].list_price * part.quantity for part in found.parts if part.sku in skus)


def _answer(made: Change[SalesOrder], doubts: tuple[str, ...]) -> ManualAnswer:
    order = made.state
    return ManualAnswer(
        order=answer_of(made),
        lines=tuple(map(_line, order.lines)),
        freight=order.freight,
        payable=order.payable,
        paid=order.paid,
        balance_due=balance_due(order),
        receiver=order.receiver.mask,
        doubts=doubts,
        region=order.region,
    )


def _line(line: OrderLine) -> ManualLine:
    return ManualLine(
        sku=line.sku,
        title=line.title,
        quantity=line.quantity,
        payable=line.payable,
        is_gift=line.is_gift,
        bundle=line.bundle.code if line.bundle else None,
    )
