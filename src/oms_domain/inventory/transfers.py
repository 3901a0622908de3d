"""Transfers (调拨): units leave one warehouse, are on their way, and come into another, all at once or in parts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final

from attrs import evolve, field, frozen

from oms_domain.inventory.documents import (
    DocumentKind,
    SkuNotOnDocument,
    StockDocumentEvent,
    Units,
    check_units,
    freed_by,
)
from oms_domain.inventory.movements import Movement
from oms_domain.inventory.stock import LedgerKind, Quality
from oms_domain.kernel.change import Change
from oms_domain.kernel.errors import Invalid, Refused
from oms_domain.kernel.identity import SkuCode, StockDocumentId, WarehouseCode
from oms_domain.kernel.quantity import LARGEST_QUANTITY
from oms_domain.kernel.states import next_state


class TransferState(StrEnum):
    """Where a transfer stands."""

    SENT = "sent"  # 在途
    PARTLY_RECEIVED = "partly_received"  # 部分到货
    RECEIVED = "received"  # 已到齐
    CLOSED = "closed"  # 已结案, with units that never came


class TransferMove(StrEnum):
    """What can happen to a transfer."""

    RECEIVE_PART = "receive_part"  # 部分收货
    RECEIVE_ALL = "receive_all"  # 收齐
    CLOSE = "close"  # 差异结案


S, M = TransferState, TransferMove

TRANSFER_TABLE: Final[Mapping[TransferState, Mapping[TransferMove, TransferState]]] = {
    S.SENT: {M.RECEIVE_PART: S.PARTLY_RECEIVED, M.RECEIVE_ALL: S.RECEIVED, M.CLOSE: S.CLOSED},
    S.PARTLY_RECEIVED: {M.RECEIVE_PART: S.PARTLY_RECEIVED, M.RECEIVE_ALL: S.RECEIVED, M.CLOSE: S.CLOSED},
    S.RECEIVED: {},
    S.CLOSED: {},
}
TRANSFER_ENTRIES: Final = frozenset({S.SENT})
TRANSFER_ENDS: Final = frozenset({S.RECEIVED, S.CLOSED})


@frozen(kw_only=True)
class SameWarehouse(Invalid):
    """A transfer goes from one warehouse to another."""

    code: ClassVar[str] = "inventory.same_warehouse"


@frozen(kw_only=True)
class MoreThanOnTheWay(Refused):
    """More units came in than are still on their way: book the rest as an adjustment, with its reason."""

    code: ClassVar[str] = "inventory.more_than_on_the_way"
    sku: SkuCode
    on_the_way: int
    units: int


@frozen(kw_only=True)
class TransferSent(StockDocumentEvent):
    """Units have left ``warehouse`` for ``to``."""

    type: ClassVar[str] = "inventory.transfer_sent"
    to: WarehouseCode
    lines: tuple[Units, ...]


@frozen(kw_only=True)
class TransferReceived(StockDocumentEvent):
    """Units have come into ``warehouse``; ``rest``: still on their way."""

    type: ClassVar[str] = "inventory.transfer_received"
    state: TransferState
    lines: tuple[Units, ...]
    rest: int


@frozen(kw_only=True)
class TransferClosed(StockDocumentEvent):
    """The rest never came: it is gone, or (``found``) still lies in ``warehouse``, which it was sent from."""

    type: ClassVar[str] = "inventory.transfer_closed"
    missing: tuple[tuple[SkuCode, int], ...]
    found: bool
    reason: str


@frozen(kw_only=True)
class TransferLine:
    """Units of one SKU that were sent, and what has come of them."""

    sku: SkuCode
    sent: int
    good: int = 0
    defective: int = 0

    @property
    def rest(self) -> int:
        return self.sent - self.good - self.defective


@frozen(kw_only=True)
class Transfer:
    """Good units on their way from ``warehouse`` to ``to``. ``receipts``: the references of what has come so far."""

    id: StockDocumentId
    number: str
    kind: DocumentKind = DocumentKind.TRANSFER
    warehouse: WarehouseCode
    to: WarehouseCode
    state: TransferState = S.SENT
    lines: tuple[TransferLine, ...]
    reason: str = ""
    reference: str = ""
    receipts: tuple[str, ...] = ()
    created_at: datetime
    updated_at: datetime
    version: int = field(default=0)

    @property
    def contents(self) -> tuple[object, ...]:
        """What a repeat under the same reference must have as well."""
        return self.warehouse, self.to, tuple((line.sku, line.sent) for line in self.lines)

    @property
    def rest(self) -> int:
        """Units still on their way."""
        return sum(line.rest for line in self.lines)

    def sent(self, *, at: datetime) -> tuple[Change[Transfer], tuple[Movement, ...]]:
        """Return the facts of its leaving, and the entries: out of the one, expected in the other."""
        lines = tuple(Units(sku=line.sku, units=line.sent) for line in self.lines)
        event = TransferSent(
            document_id=self.id, number=self.number, warehouse=self.warehouse, to=self.to, lines=lines, at=at
        )
        out = LedgerKind.TRANSFER_OUT
        movements = [
            entry
            for line in self.lines
            for entry in (
                Movement(sku=line.sku, warehouse=self.warehouse, kind=out, on_hand=-line.sent),
                Movement(sku=line.sku, warehouse=self.to, kind=out, in_transit=line.sent),
            )
        ]
        return Change(self, (event,)), tuple(movements)

    def receive(
        self, lines: tuple[Units, ...], *, receipt: str = "", at: datetime
    ) -> tuple[Change[Transfer], tuple[Movement, ...]]:
        """Book units that came in. A receipt that was booked before changes nothing.

        Raises:
            SkuNotOnDocument, MoreThanOnTheWay: the lines do not fit what was sent.
            MoveNotAllowed: nothing is on its way any more.
        """
        if receipt and receipt in self.receipts:
            return Change(self), ()
        check_units(lines, 1, LARGEST_QUANTITY)
        after = {line.sku: line for line in self.lines}
        for came in lines:
            line = after.get(came.sku)
            if line is None:
                raise SkuNotOnDocument(sku=came.sku)
            if came.units > line.rest:
                raise MoreThanOnTheWay(sku=came.sku, on_the_way=line.rest, units=came.units)
            good = came.quality is Quality.GOOD
            after[came.sku] = evolve(
                line,
                good=line.good + (came.units if good else 0),
                defective=line.defective + (0 if good else came.units),
            )
        rest = sum(line.rest for line in after.values())
        state = next_state(TRANSFER_TABLE, self.state, M.RECEIVE_PART if rest else M.RECEIVE_ALL)
        movements = tuple(self._comes_in(came) for came in lines)
        event = TransferReceived(
            document_id=self.id,
            number=self.number,
            warehouse=self.to,
            state=state,
            lines=lines,
            rest=rest,
            freed=freed_by(movements),
            at=at,
        )
        receipts = (*self.receipts, receipt) if receipt else self.receipts
        transfer = evolve(self, state=state, lines=tuple(after.values()), receipts=receipts, updated_at=at)
        return Change(transfer, (event,)), movements

    def close(self, *, found: bool, reason: str, at: datetime) -> tuple[Change[Transfer], tuple[Movement, ...]]:
        """End it with a difference: what is still on its way never comes.

        Args:
            found: it never left, and is on hand again where it was sent from; else it is lost.

        Raises:
            MoveNotAllowed: nothing is on its way any more.
        """
        if self.state is S.CLOSED:
            return Change(self), ()
        state = next_state(TRANSFER_TABLE, self.state, M.CLOSE)
        missing = tuple((line.sku, line.rest) for line in self.lines if line.rest)
        kind = LedgerKind.TRANSFER_IN
        movements = [Movement(sku=sku, warehouse=self.to, kind=kind, in_transit=-rest) for sku, rest in missing]
        back = [Movement(sku=sku, warehouse=self.warehouse, kind=kind, on_hand=rest) for sku, rest in missing if found]
        event = TransferClosed(
            document_id=self.id,
            number=self.number,
            warehouse=self.warehouse,
            missing=missing,
            found=found,
            reason=reason,
            freed=freed_by(back),
            at=at,
        )
        return Change(evolve(self, state=state, updated_at=at), (event,)), (*movements, *back)

    def _comes_in(self, came: Units) -> Movement:
        good = came.quality is Quality.GOOD
        return Movement(
            sku=came.sku,
            warehouse=self.to,
            kind=LedgerKind.TRANSFER_IN,
            in_transit=-came.units,
            on_hand=came.units if good else 0,
            defective=0 if good else came.units,
        )
