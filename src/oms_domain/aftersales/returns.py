"""The return order (退货单): custody of the goods, from the buyer to the shelf. It knows nothing of money."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Final
from uuid import UUID

from attrs import evolve, field, frozen

from oms_domain.kernel.change import Change, Event
from oms_domain.kernel.errors import Invalid
from oms_domain.kernel.identity import CaseId, LineId, OrderId, ReturnOrderId, ShopId, SkuCode, VaultId, WarehouseCode
from oms_domain.kernel.quantity import Quantity
from oms_domain.kernel.states import next_state


class ReturnState(StrEnum):
    """Where the goods are."""

    ASKED_BACK = "asked_back"  # 待客户寄回
    SENT = "sent"  # 客户已寄出
    PARTLY_RECEIVED = "partly_received"  # 部分收货
    RECEIVED_SHORT = "received_short"  # 短少收货: the warehouse waits for no more
    RECEIVED = "received"  # 已收货
    CALLED_OFF = "called_off"  # 已取消


class ReturnMove(StrEnum):
    """What can happen to goods that are to come back."""

    BUYER_SENDS = "buyer_sends"
    RECEIVE_PART = "receive_part"
    RECEIVE_SHORT = "receive_short"  # all that comes, and units are missing
    RECEIVE = "receive"
    CALL_OFF = "call_off"


S, M = ReturnState, ReturnMove

_ARRIVES: Final = {
    M.RECEIVE_PART: S.PARTLY_RECEIVED,
    M.RECEIVE_SHORT: S.RECEIVED_SHORT,
    M.RECEIVE: S.RECEIVED,
}

RETURN_TABLE: Final[Mapping[ReturnState, Mapping[ReturnMove, ReturnState]]] = {
    # A parcel may arrive that nobody told us of; the buyer may correct the number.
    S.ASKED_BACK: {M.BUYER_SENDS: S.SENT, **_ARRIVES, M.CALL_OFF: S.CALLED_OFF},
    S.SENT: {M.BUYER_SENDS: S.SENT, **_ARRIVES, M.CALL_OFF: S.CALLED_OFF},
    S.PARTLY_RECEIVED: {M.BUYER_SENDS: S.PARTLY_RECEIVED, **_ARRIVES},
    # What was missing may come yet, whatever was decided meanwhile.
    S.RECEIVED_SHORT: {**_ARRIVES, M.RECEIVE_PART: S.RECEIVED_SHORT},
    S.RECEIVED: {},
    # Called off, and the parcel comes all the same: goods in our hands are a fact.
    S.CALLED_OFF: _ARRIVES,
}
RETURN_ENTRIES: Final = frozenset({S.ASKED_BACK})
RETURN_ENDS: Final = frozenset({S.RECEIVED})


@frozen(kw_only=True)
class Inspected:
    """Units of a line that the warehouse has looked at. ``wrong`` are other goods than the line's."""

    line_id: LineId
    good: int = 0
    defective: int = 0
    wrong: int = 0


@frozen(kw_only=True)
class ReturnLine:
    """Units of one order line that are to come back, and what has come."""

    line_id: LineId
    sku: SkuCode
    expected: Quantity
    good: int = 0
    defective: int = 0
    wrong: int = 0

    @property
    def right(self) -> int:
        """Units of the right goods that have come."""
        return self.good + self.defective

    @property
    def short(self) -> int:
        """Units that have not come."""
        return max(self.expected - self.right, 0)

    @property
    def over(self) -> int:
        """Units that came and were not asked back."""
        return max(self.right - self.expected, 0)


@frozen(kw_only=True)
class InvalidReceipt(Invalid):
    """A receipt names a line that is not the return's, one twice, a number below 0, or nothing at all."""

    code: ClassVar[str] = "aftersales.invalid_receipt"
    field: str = "lines"
    why: str


@frozen(kw_only=True)
class ReturnEvent(Event):
    """A fact about a return order."""

    return_id: ReturnOrderId
    case_id: CaseId
    state: ReturnState

    @property
    def stream(self) -> UUID:
        return self.return_id


@frozen(kw_only=True)
class ReturnAsked(ReturnEvent):
    """Goods are asked back; the warehouse must know. ``lines``: line, SKU, units."""

    type: ClassVar[str] = "returns.asked"
    number: str
    warehouse: WarehouseCode
    lines: tuple[tuple[LineId, SkuCode, Quantity], ...]


@frozen(kw_only=True)
class ReturnSent(ReturnEvent):
    """The buyer has sent the goods, or corrected how."""

    type: ClassVar[str] = "returns.sent"
    carrier: str
    tracking_no: str


@frozen(kw_only=True)
class GoodsReceived(ReturnEvent):
    """Goods came and were looked at: ``good`` go back to stock, ``defective`` to defective stock. Line, SKU, units.

    ``receipt``: the warehouse's own number of the report, by which it has one effect.
    """

    type: ClassVar[str] = "returns.goods_received"
    warehouse: WarehouseCode
    receipt: str
    good: tuple[tuple[LineId, SkuCode, int], ...]
    defective: tuple[tuple[LineId, SkuCode, int], ...]
    wrong: tuple[tuple[LineId, SkuCode, int], ...]
    in_dispute: str = ""


@frozen(kw_only=True)
class ReturnHandedOver(ReturnEvent):
    """The goods are another case's by now, since the buyer asks for another kind. ``case_id`` is the new one.

    ``good``, ``defective``: units that came to be repaired and were the buyer's: from now on they are ours.
    """

    type: ClassVar[str] = "returns.handed_over"
    warehouse: WarehouseCode
    from_case: CaseId
    good: tuple[tuple[LineId, SkuCode, int], ...] = ()
    defective: tuple[tuple[LineId, SkuCode, int], ...] = ()


@frozen(kw_only=True)
class ReturnCalledOff(ReturnEvent):
    """Nothing need come back any more."""

    type: ClassVar[str] = "returns.called_off"
    reason: str


@frozen(kw_only=True)
class ReturnOrder:
    """Goods that are to come back (退货单). Expected and received units by line, with the buyer's parcel."""

    id: ReturnOrderId
    number: str
    case_id: CaseId
    order_id: OrderId
    shop_id: ShopId
    warehouse: WarehouseCode
    state: ReturnState = ReturnState.ASKED_BACK
    lines: tuple[ReturnLine, ...]
    return_to: VaultId | None = None
    carrier: str = ""
    tracking_no: str = ""
    receipts: tuple[str, ...] = ()  # of the warehouse's reports that were taken in
    created_at: datetime
    updated_at: datetime
    version: int = field(default=0)

    @property
    def is_complete(self) -> bool:
        """Whether nothing more is to come, as far as anybody knows."""
        return self.state in (S.RECEIVED, S.RECEIVED_SHORT)

    @property
    def has_come(self) -> bool:
        """Whether any unit is here."""
        return any(line.right or line.wrong for line in self.lines)

    @property
    def in_dispute(self) -> str:
        """What is wrong with what came, once it is all: wrong, short, both, or over; empty: as it should be."""
        if not self.is_complete:
            return ""
        found = {
            "wrong": any(line.wrong for line in self.lines),
            "short": any(line.short for line in self.lines),
            "over": any(line.over for line in self.lines),
        }
        return ", ".join(name for name, is_so in found.items() if is_so)

    def asked(self, *, at: datetime) -> Change[ReturnOrder]:
        """Return the new document with the fact that goods are asked back."""
        lines = tuple((line.line_id, line.sku, line.expected) for line in self.lines)
        return self._told(ReturnAsked, self, at, number=self.number, warehouse=self.warehouse, lines=lines)

    def buyer_sends(self, carrier: str, tracking_no: str, *, at: datetime) -> Change[ReturnOrder]:
        """Note the buyer's parcel. The same again changes nothing; another number takes the place of the first."""
        state = next_state(RETURN_TABLE, self.state, M.BUYER_SENDS)
        if (carrier, tracking_no) == (self.carrier, self.tracking_no) and state is self.state:
            return Change(self)
        sent = evolve(self, state=state, carrier=carrier, tracking_no=tracking_no, updated_at=at)
        return self._told(ReturnSent, sent, at, carrier=carrier, tracking_no=tracking_no)

    def receive(
        self, receipt: str, inspected: tuple[Inspected, ...], *, last: bool, at: datetime
    ) -> Change[ReturnOrder]:
        """Book a report of the warehouse: what came, and how it is. A report that comes twice has one effect.

        More than was asked back is booked all the same: it is in our hands.

        Args:
            receipt: the warehouse's own number of the report.
            last: nothing more is to come; also true where every unit is there.

        Raises:
            InvalidReceipt.
        """
        if receipt in self.receipts:
            return Change(self)
        lines = self._with(inspected)
        missing = M.RECEIVE_SHORT if last else M.RECEIVE_PART
        move = missing if any(line.short for line in lines) else M.RECEIVE
        state = next_state(RETURN_TABLE, self.state, move)
        got = evolve(self, state=state, lines=lines, receipts=(*self.receipts, receipt), updated_at=at)
        skus = {line.line_id: line.sku for line in lines}

        def counted(what: str) -> tuple[tuple[LineId, SkuCode, int], ...]:
            rows = ((each.line_id, skus[each.line_id], getattr(each, what)) for each in inspected)
            return tuple(row for row in rows if row[2])

        return self._told(
            GoodsReceived,
            got,
            at,
            warehouse=self.warehouse,
            receipt=receipt,
            good=counted("good"),
            defective=counted("defective"),
            wrong=counted("wrong"),
            in_dispute=got.in_dispute,
        )

    def call_off(self, reason: str, *, at: datetime) -> Change[ReturnOrder]:
        """Nothing need come back. Refused once something has come."""
        state = next_state(RETURN_TABLE, self.state, M.CALL_OFF)
        return self._told(ReturnCalledOff, evolve(self, state=state, updated_at=at), at, reason=reason)

    def hand_over(self, case_id: CaseId, *, were_the_buyers: bool, at: datetime) -> Change[ReturnOrder]:
        """Let another case have the goods, wherever they are. ``were_the_buyers``: they came to be repaired."""
        here = self.lines if were_the_buyers else ()
        return evolve(self, case_id=case_id, updated_at=at)._told(
            ReturnHandedOver,
            evolve(self, case_id=case_id, updated_at=at),
            at,
            warehouse=self.warehouse,
            from_case=self.case_id,
            good=tuple((line.line_id, line.sku, line.good) for line in here if line.good),
            defective=tuple((line.line_id, line.sku, line.defective) for line in here if line.defective),
        )

    def _with(self, inspected: tuple[Inspected, ...]) -> tuple[ReturnLine, ...]:
        found = {line.line_id: line for line in self.lines}
        seen: set[LineId] = set()
        for each in inspected:
            numbers = (each.good, each.defective, each.wrong)
            if each.line_id not in found or each.line_id in seen:
                raise InvalidReceipt(why="no_such_line" if each.line_id not in found else "line_twice")
            if min(numbers) < 0 or not any(numbers):
                raise InvalidReceipt(why="units")
            seen.add(each.line_id)
            line = found[each.line_id]
            found[each.line_id] = evolve(
                line,
                good=line.good + each.good,
                defective=line.defective + each.defective,
                wrong=line.wrong + each.wrong,
            )
        return tuple(found.values())

    def _told(self, kind: type[ReturnEvent], after: ReturnOrder, at: datetime, **facts: Any) -> Change[ReturnOrder]:
        return Change(after, (kind(return_id=self.id, case_id=self.case_id, state=after.state, at=at, **facts),))
