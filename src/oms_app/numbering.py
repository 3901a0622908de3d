"""Readable document numbers, taken from the counters in blocks so that not every document costs a transaction."""

from __future__ import annotations

from collections import deque
from threading import Lock

from attrs import define, field

from oms_app.ports.numbers import Numbers
from oms_app.ports.transaction import Clock
from oms_domain.kernel.identity import document_number
from oms_domain.kernel.time import CHINA


@define(slots=False)
class Numbering:
    """Gives out document numbers. What is left of a block at a restart is a gap."""

    numbers: Numbers
    now: Clock
    block: int = 100
    _left: dict[tuple[str, str], deque[int]] = field(factory=dict, init=False)
    _lock: Lock = field(factory=Lock, init=False)

    def next(self, kind: str) -> str:
        """Return the next number of ``kind`` for today in China. Never while a transaction is open."""
        return self.many(kind, 1)[0]

    def many(self, kind: str, count: int) -> list[str]:
        """Return ``count`` numbers, ascending."""
        day = self.now().astimezone(CHINA).date()
        with self._lock:
            left = self._left.setdefault((kind, day.isoformat()), deque())
            if len(left) < count:
                left.extend(self.numbers.take(kind, day, max(self.block, count)))
            return [document_number(kind, day, left.popleft()) for _ in range(count)]
