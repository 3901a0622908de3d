"""Use cases of editing an order in review (批量修改): seen first if one likes, then done, with its stock in one go."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import Any, ClassVar, Final

from attrs import evolve, frozen

from oms_app.address_edits import PURPOSE, AddressWanted, put_address
from oms_app.allocation import Allocation
from oms_app.claims import check_no_claims
from oms_app.inventory import known_warehouse
from oms_app.numbering import MoreNumbers, Numbering, NumberPool
from oms_app.orders import OrderAnswer, OrderCommand, answer_of
from oms_app.ports.transaction import Begin, Clock, NewId, Transaction
from oms_app.ports.vault import Sealer
from oms_app.splitting import NotOnOrder, Wanted
from oms_app.timers import set_timers
from oms_app.transactions import Pause, check_version, one_transaction, record
from oms_domain.catalog.sku import Sku, SkuKind
from oms_domain.channels.standard import Region
from oms_domain.fulfilment.carriers import fits, require_fit
from oms_domain.fulfilment.sourcing.records import UnknownCarrier
from oms_domain.inventory.stock import Handover
from oms_domain.kernel.change import Change
from oms_domain.kernel.errors import Invalid, Refused
from oms_domain.kernel.identity import CarrierCode, LineId, OrderId, SkuCode, WarehouseCode
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.kernel.time import CHINA
from oms_domain.orders.asks import Ask
from oms_domain.orders.editing import (
    AddedGift,
    OrderEdit,
    Replacement,
    edited,
    moves_stock,
    refund_due,
    surplus,
    told,
)
from oms_domain.orders.events import OrderBackordered, OrderEdited, OrderLostStock
from oms_domain.orders.flags import FlagKind, NotInTheFuture
from oms_domain.orders.lines import OrderLine
from oms_domain.orders.moves import check
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import OrderState

NEVER: Final = date.min
SHIP_ON: Final = "ship_on"
"""Why an order waits for its date."""
MOST_PARTS: Final = 100


@frozen(kw_only=True)
class Replace:
    """Another SKU for a line, or for every line of a SKU."""

    line_id: LineId | None = None
    sku: SkuCode | None = None
    by: SkuCode


@frozen(kw_only=True)
class EditOrder(OrderCommand):
    """Change an order while it awaits review, or so that it need not wait for stock. None and empty: it stays.

    ``quantities``: units that are to be left of a line, or of a SKU; 0 drops it. ``carrier`` empty: none any more.
    ``clear_carrier``: let go of a carrier that does not fit the warehouse named (继续将清除物流数据). ``ship_on``: not
    to be released before; ``NEVER``: whenever it is ready.
    """

    note: str | None = None
    mark: int | None = None
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    ship_on: date | None = None
    warehouse: WarehouseCode | None = None
    carrier: CarrierCode | None = None
    clear_carrier: bool = False
    address: AddressWanted | None = None
    replacements: tuple[Replace, ...] = ()
    quantities: tuple[Wanted, ...] = ()
    add_gifts: tuple[tuple[SkuCode, int], ...] = ()
    remove_gifts: tuple[SkuCode, ...] = ()


@frozen(kw_only=True)
class CarrierWouldBeCleared(Refused):
    """The order's carrier does not serve the warehouse (仓库与物流不匹配): going on clears it; say so."""

    code: ClassVar[str] = "orders.carrier_would_be_cleared"
    warehouse: WarehouseCode
    carrier: CarrierCode


@frozen(kw_only=True)
class StillShort(Refused):
    """It waits for stock, and would go on waiting: ``missing`` says for what."""

    code: ClassVar[str] = "orders.still_short"
    missing: tuple[str, ...]


@frozen(kw_only=True)
class UnknownTag(Invalid):
    """The shop has no such tag."""

    code: ClassVar[str] = "orders.unknown_tag"
    field: str = "add_tags"
    value: str


@frozen(kw_only=True)
class UnknownGoods(Invalid):
    """The catalogue has no such SKU, or it was deleted, or it is not of the ``kind`` that is wanted here."""

    code: ClassVar[str] = "orders.unknown_goods"
    value: str
    kind: str


@frozen(kw_only=True)
class Holding:
    """Units that an order holds in a warehouse."""

    sku: SkuCode
    warehouse: WarehouseCode
    units: int


@frozen(kw_only=True)
class EditAnswer:
    """What an edit makes of an order, or would make: its money and its stock.

    ``missing``: SKU and units that are not to be had. ``parts``: orders that it was split into, because no warehouse
    has all of it.
    """

    order: OrderAnswer
    what: tuple[str, ...]
    refund_due: Money
    payable: Money
    receiver: str
    doubts: tuple[str, ...]
    warehouse: WarehouseCode | None
    carrier: CarrierCode | None
    held: tuple[Holding, ...]
    holds: tuple[Holding, ...]
    missing: tuple[tuple[str, int], ...]
    parts: tuple[OrderId, ...]
    region: Region = Region()


@frozen(kw_only=True)
class EditService:
    """Use cases of editing."""

    begin: Begin
    now: Clock
    new_id: NewId
    numbering: Numbering
    sealer: Sealer
    pause: Pause

    def preview(self, command: EditOrder) -> EditAnswer:
        """Return what the edit would make; nothing is changed. Raises what ``edit`` raises."""
        if command.address is not None:
            self._log_opening(command)  # what follows opens it and leaves nothing behind
        numbers = NumberPool(self.now().date(), {"S": list(range(MOST_PARTS))})  # of documents that nobody keeps
        with self.begin(command) as tx:
            return self._done(tx, command, numbers)

    def edit(self, command: EditOrder) -> EditAnswer:
        """Change an order. What it held is given back and held anew in the same transaction, where that is due.

        Raises:
            MoveNotAllowed, VersionIsNot: it does not await review, or is not as it was read.
            Invalid: what is wrong with the edit, by field.
            CarrierDoesNotFit, CarrierWouldBeCleared, NothingLeft, StillShort: why it cannot be.
        """
        parts = 0
        while True:
            numbers = self.numbering.pool(parts, "S")  # its own short transaction, so before the other one
            try:
                return self._edit(command, numbers)
            except MoreNumbers as more:
                parts = more.count
            finally:
                self.numbering.give_back(numbers)

    @one_transaction
    def _log_opening(self, command: EditOrder) -> None:
        with self.begin(command) as tx:
            order = tx.orders.get(command.order_id)
            tx.vault.log_opening(order.receiver.vault_id, order_id=order.id, purpose=PURPOSE)
            tx.commit()

    @one_transaction
    def _edit(self, command: EditOrder, numbers: NumberPool) -> EditAnswer:
        numbers.start()
        with self.begin(command) as tx:
            if done := tx.recall(EditAnswer):
                return done
            answer = self._done(tx, command, numbers)
            tx.remember(answer)
            tx.commit()
        return answer

    def _done(self, tx: Transaction, command: EditOrder, numbers: NumberPool) -> EditAnswer:
        order, at = tx.orders.get(command.order_id), self.now()
        check_version(order, command.expected_version)
        check(order, Ask.EDIT)
        _check_tags(tx, order, command.add_tags)
        if command.quantities or command.remove_gifts:
            check_no_claims(tx, order)
        receiver, region, doubts = None, None, tuple[str, ...]()
        if command.address is not None:
            found = put_address(tx, order, command.address, sealer=self.sealer, new_id=self.new_id)
            doubts = found.doubts
            if (found.receiver, found.region) != (order.receiver, order.region):
                receiver, region = found.receiver, found.region
        edit = OrderEdit(
            note=command.note,
            mark=command.mark,
            add_tags=command.add_tags,
            remove_tags=command.remove_tags,
            carrier=_known_carrier(tx, command.carrier),
            receiver=receiver,
            region=region,
            **_goods(tx, order, command),
        )
        needed = len(edit.quantities) + len(edit.gifts)
        after = edited(order, edit, line_ids=[LineId(self.new_id()) for _ in range(needed)], at=at)
        change = told(order, after, reason=command.reason, at=at)
        if order.state is OrderState.BACKORDERED:
            change = Change(after, (*order.restock(at=at).events, *change.events))
        change = _dated(change, command, at)
        change = change.then(self._placed(tx, order, change.state, command, numbers, at))
        record(tx, tx.orders, change, since=order)
        set_timers(tx, change)
        return _answer(order, change, doubts)

    def _placed(
        self,
        tx: Transaction,
        order: SalesOrder,
        after: SalesOrder,
        command: EditOrder,
        numbers: NumberPool,
        at: datetime,
    ) -> Change[SalesOrder]:
        """Find anew where an edited order ships from, if that may be elsewhere now; else give back what is too much."""
        if command.warehouse is not None:
            known_warehouse(tx, command.warehouse, field="warehouse")
        waited = order.state is OrderState.BACKORDERED
        if not waited and not moves_stock(order, after) and command.warehouse in (None, order.warehouse):
            _check_fit(tx, after.warehouse, command.carrier)
            _give_back(tx, surplus(order, after))
            return Change(after)
        by_strategy = bool(tx.shops.get(order.shop_id).policy.strategy)
        warehouse = command.warehouse or (None if by_strategy else order.warehouse)
        carrier = command.carrier or (None if by_strategy else after.carrier)
        if warehouse is not None and carrier:
            carrier = _fitting(tx, warehouse, carrier, command)
        allocation = Allocation(tx=tx, numbers=numbers, new_id=self.new_id, at=at)
        if waited:
            return _no_more_waiting(allocation.allocate(evolve(after, warehouse=warehouse, carrier=carrier or None)))
        return allocation.again(after, warehouse=warehouse, carrier=carrier or None)


def _no_more_waiting(change: Change[SalesOrder]) -> Change[SalesOrder]:
    """Raises ``StillShort``."""
    for event in change.events:
        if isinstance(event, OrderBackordered):
            raise StillShort(missing=tuple(f"{sku} {units}" for sku, units in event.missing))
    return change


def _dated(change: Change[SalesOrder], command: EditOrder, at: datetime) -> Change[SalesOrder]:
    """Have the order wait for its date (预计发货日期), or wait no more. Raises ``NotInTheFuture``."""
    if command.ship_on is None:
        return change
    order = change.state
    if command.ship_on == NEVER:
        return change.then(order.unflag(FlagKind.NOT_BEFORE, reason=command.reason or SHIP_ON, at=at))
    until = datetime.combine(command.ship_on, time(), tzinfo=CHINA).astimezone(UTC)
    if until <= at:
        raise NotInTheFuture(field="ship_on", until=until)
    flag = order.flag(FlagKind.NOT_BEFORE, reason=SHIP_ON, by=command.by.id, until=until, at=at)
    return change.then(flag)


def _give_back(tx: Transaction, gone: tuple[Handover, ...]) -> None:
    """Give back units of lines that have become fewer."""
    for each in gone:
        if each.line_id != each.to_line:
            tx.stock.hand_over([each])
        tx.stock.release(each.order_id, [each.to_line])


def _fitting(tx: Transaction, warehouse: WarehouseCode, carrier: CarrierCode, command: EditOrder) -> CarrierCode | None:
    """Raises ``CarrierDoesNotFit`` of a carrier that the edit names, ``CarrierWouldBeCleared`` of the order's own."""
    if command.carrier:
        _check_fit(tx, warehouse, carrier)
    if _fits(tx, warehouse, carrier):
        return carrier
    if not command.clear_carrier:
        raise CarrierWouldBeCleared(warehouse=warehouse, carrier=carrier)
    return None


def _check_fit(tx: Transaction, warehouse: WarehouseCode | None, carrier: CarrierCode | None) -> None:
    """Check that a warehouse works with a carrier; one of which nobody has said with whom works with all."""
    if warehouse is not None and carrier and not _fits(tx, warehouse, carrier):
        require_fit(warehouse, (), carrier)


def _fits(tx: Transaction, warehouse: WarehouseCode, carrier: CarrierCode) -> bool:
    record = tx.shipping.find(warehouse)
    return record is None or not record.terms.contracts or fits(record.terms.contracts, carrier)


def _known_carrier(tx: Transaction, carrier: CarrierCode | None) -> CarrierCode | None:
    if carrier and tx.carriers.find(carrier) is None:
        raise UnknownCarrier(field="carrier", value=carrier)
    return carrier


def _check_tags(tx: Transaction, order: SalesOrder, tags: Iterable[str]) -> None:
    known = tx.shops.get(order.shop_id).policy.tags
    for tag in tags:
        if tag not in known:
            raise UnknownTag(value=tag)


def _goods(tx: Transaction, order: SalesOrder, command: EditOrder) -> dict[str, Any]:
    """Return what an edit says of goods, by line and with what the catalogue says of them."""
    codes = {replace.by for replace in command.replacements} | {sku for sku, _ in command.add_gifts}
    skus = tx.skus.by_code(codes)
    gone = tuple((line.id, 0) for sku in command.remove_gifts for line in _gifts(order, sku))
    return {
        "replacements": tuple(
            Replacement(line_id=line.id, sku=new.code, title=new.title, spec=new.spec)
            for at, replace in enumerate(command.replacements)
            for line in _lines(order, replace.line_id, replace.sku, field=f"replacements[{at}]")
            for new in [_sku(skus, replace.by, _kind_of(order, line), "replacements")]
        ),
        "quantities": (*_quantities(order, command.quantities), *gone),
        "gifts": tuple(
            AddedGift(sku=gift.code, title=gift.title, spec=gift.spec, units=Quantity(units))
            for sku, units in command.add_gifts
            for gift in [_sku(skus, sku, SkuKind.GIFT, "add_gifts")]
        ),
    }


def _kind_of(order: SalesOrder, line: OrderLine) -> SkuKind:
    """Return what may take the place of a line: virtual goods that of virtual ones alone."""
    if line.is_gift:
        return SkuKind.GIFT
    return SkuKind.VIRTUAL if order.is_virtual else SkuKind.GOODS


def _sku(skus: dict[SkuCode, Sku], code: SkuCode, kind: SkuKind, field: str) -> Sku:
    sku = skus.get(code)
    if sku is None or sku.is_deleted or sku.kind is not kind:
        raise UnknownGoods(field=field, value=code, kind=kind)
    return sku


def _lines(order: SalesOrder, line_id: LineId | None, sku: SkuCode | None, *, field: str) -> list[OrderLine]:
    """Return the lines with something to ship that are meant."""
    if line_id is not None:
        return [line for line in order.lines if line.id == line_id] or [_no_line(order, line_id)]
    assert sku is not None
    found = [line for line in order.lines if line.sku == sku and line.to_ship]
    if not found:
        raise NotOnOrder(field=field, sku=sku, to_ship=0)
    return found


def _no_line(order: SalesOrder, line_id: LineId) -> OrderLine:
    """Let the domain refuse a line that is not there, in its words."""
    return evolve(order.lines[0], id=line_id)


def _quantities(order: SalesOrder, wanted: Iterable[Wanted]) -> list[tuple[LineId, int]]:
    """Return by line how many units are to be left; of a SKU on several lines the first keep theirs."""
    found = []
    for at, each in enumerate(wanted):
        lines, left = _lines(order, each.line_id, each.sku, field=f"quantities[{at}]"), each.units
        for place, line in enumerate(lines, 1):
            keeps = left if place == len(lines) else min(left, line.to_ship)
            found.append((line.id, keeps))
            left -= keeps
    return found


def _gifts(order: SalesOrder, sku: SkuCode) -> list[OrderLine]:
    gifts = [line for line in order.lines if line.sku == sku and line.is_gift and line.to_ship]
    if not gifts:
        raise NotOnOrder(field="remove_gifts", sku=sku, to_ship=0)
    return gifts


def _answer(order: SalesOrder, change: Change[SalesOrder], doubts: tuple[str, ...]) -> EditAnswer:
    after = change.state
    what = {name for event in change.events if isinstance(event, OrderEdited) for name in event.what}
    what |= {name for name in ("warehouse", "carrier", "flags") if getattr(order, name) != getattr(after, name)}
    missing = next((event.missing for event in change.events if isinstance(event, OrderLostStock)), ())
    return EditAnswer(
        order=answer_of(change),
        what=tuple(sorted(what)),
        refund_due=refund_due(order, after),
        payable=after.payable,
        receiver=after.receiver.mask,
        doubts=doubts,
        warehouse=after.warehouse,
        carrier=after.carrier,
        held=_holdings(order),
        holds=_holdings(after),
        missing=missing,
        parts=after.heirs,
        region=after.region,
    )


def _holdings(order: SalesOrder) -> tuple[Holding, ...]:
    """Return what an order in review holds, by SKU."""
    if order.state is not OrderState.AWAITING_CS_REVIEW or order.warehouse is None:
        return ()
    units: dict[SkuCode, int] = {}
    for _, sku, count in order.contents:
        units[sku] = units.get(sku, 0) + count
    return tuple(Holding(sku=sku, warehouse=order.warehouse, units=count) for sku, count in sorted(units.items()))
