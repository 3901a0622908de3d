"""Batches of orders that one command is given to: kept in blocks of rows, each block answered at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Final, NewType, Protocol
from uuid import UUID

from attrs import field, frozen

from oms_app.actor import Permission
from oms_domain.kernel.errors import NotFound, Refused
from oms_domain.kernel.identity import OrderId, ShopId

BatchId = NewType("BatchId", UUID)

BLOCK: Final = 100
"""Rows of a block."""
MOST_ORDERS: Final = 100_000


class BatchState(StrEnum):
    """Whether somebody works on it."""

    RUNNING = "running"  # 进行中
    DONE = "done"  # 已完成
    CANCELLED = "cancelled"  # 已取消: what was not begun stays as it is


@frozen(kw_only=True)
class BatchNotFound(NotFound):
    """No such batch, or it is not the caller's."""

    code: ClassVar[str] = "batches.not_found"
    batch_id: UUID


@frozen(kw_only=True)
class BatchIsOver(Refused):
    """It is done, or was cancelled before."""

    code: ClassVar[str] = "batches.is_over"
    batch_state: str


@frozen(kw_only=True)
class Batch:
    """A command for many orders (批量任务), with who gave it and how far it is.

    ``blocks``: how many blocks are answered. ``shops`` None: the actor sees all.
    """

    id: BatchId
    command: str
    reason: str = ""
    until: datetime | None = None
    actor: str
    shops: tuple[ShopId, ...] | None
    permissions: tuple[Permission, ...]
    state: BatchState = BatchState.RUNNING
    total: int
    done: int = 0
    refused: int = 0
    blocks: int = 0
    created_at: datetime
    updated_at: datetime


@frozen(kw_only=True)
class RowAnswer:
    """What became of one order: its number and state, or the code and facts of a refusal."""

    outcome: str  # done or refused
    number: str = ""
    state: str = ""
    code: str = ""
    fields: Mapping[str, Any] = {}


@frozen(kw_only=True)
class BatchRow:
    """One order of a batch. ``answer`` None: nothing was done about it."""

    position: int
    order_id: OrderId
    answer: RowAnswer | None = None


@frozen(kw_only=True)
class Block:
    """Orders that are answered at once. ``asked``: what is asked of each, sealed; None: the same of all."""

    order_ids: tuple[OrderId, ...] = ()
    asked: bytes | None = field(default=None, repr=False)


class Batches(Protocol):
    """All batches. What is asked of single orders is kept until it is answered, or nobody will answer it any more."""

    def add(self, batch: Batch, blocks: Sequence[Block]) -> None:
        """Keep a new batch with its orders, at least one; every block but the last is full."""

    def get(self, batch_id: BatchId) -> Batch:
        """Raises ``BatchNotFound``, also for one of another actor who does not see all shops."""

    def block(self, batch: Batch) -> Block:
        """Return the next block that nobody has answered, an empty one behind the last.

        Raises:
            Contended: somebody has answered it, or called the batch off, since ``batch`` was read.
        """

    def answered(self, before: Batch, after: Batch, answers: Sequence[RowAnswer]) -> None:
        """Keep the answers of a block. Raises ``StaleVersion`` if the batch is no longer as ``before``."""

    def save(self, before: Batch, after: Batch) -> None:
        """Put a changed batch in place. Raises ``StaleVersion`` if it is no longer as ``before``."""
