"""Readable document numbers, taken from the counters in blocks so that not every document costs a transaction."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import date
from threading import Lock
from typing import TypeVar

from attrs import define, field

from oms_app.ports.numbers import Numbers
from oms_app.ports.transaction import Clock
from oms_domain.kernel.errors import Invalid, NotFound, Refused
from oms_domain.kernel.identity import document_number
from oms_domain.kernel.time import CHINA

A = TypeVar("A")


class MoreNumbers(Exception):
    """A transaction makes more documents than it has numbers for: take so many of each kind, and run it again."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.count = count


@define
class NumberPool:
    """Numbers for one transaction, given out from the start again at each try."""

    day: date
    counters: dict[str, list[int]]
    used: dict[str, int] = field(factory=dict)

    def start(self) -> None:
        """A try begins: what an earlier one used was never stored."""
        self.used.clear()

    def left(self, kind: str) -> int:
        """Return how many numbers of a kind can still be given."""
        return len(self.counters[kind]) - self.used.get(kind, 0)

    def next(self, kind: str) -> str:
        """Return the next number of a kind. Raises ``MoreNumbers``."""
        place = self.used.get(kind, 0)
        if place >= len(self.counters[kind]):
            raise MoreNumbers(place + 1)
        self.used[kind] = place + 1
        return document_number(kind, self.day, self.counters[kind][place])


@define(slots=False)
class Numbering:
    """Gives out document numbers. What is left of a block at a restart is a gap."""

    numbers: Numbers
    now: Clock
    block: int = 100
    _left: dict[tuple[str, date], deque[int]] = field(factory=dict, init=False)
    _lock: Lock = field(factory=Lock, init=False)

    def pool(self, count: int, *kinds: str) -> NumberPool:
        """Take ``count`` numbers of each kind for today in China. Never while a transaction is open."""
        day = self.now().astimezone(CHINA).date()
        with self._lock:
            return NumberPool(day, {kind: self._take(kind, day, count) for kind in kinds})

    def give_back(self, pool: NumberPool) -> None:
        """Let others have what the transaction did not use."""
        with self._lock:
            for kind, counters in pool.counters.items():
                unused = counters[pool.used.get(kind, 0) :]
                self._left[(kind, pool.day)].extendleft(reversed(unused))

    def run(self, act: Callable[[NumberPool], A], *kinds: str, first: int) -> A:
        """Run a transaction with the numbers that it needs: ``first`` of each kind, and more where it asks for them.

        What is refused has used none.
        """
        count = first
        while True:
            numbers = self.pool(count, *kinds)  # its own short transaction, so before the other one
            try:
                return act(numbers)
            except MoreNumbers as more:
                numbers.start()
                count = max(2 * count, more.count)
            except (Refused, Invalid, NotFound):
                numbers.start()
                raise
            finally:
                self.give_back(numbers)

    def _take(self, kind: str, day: date, count: int) -> list[int]:
        left = self._left.setdefault((kind, day), deque())
        if len(left) < count:
            left.extend(self.numbers.take(kind, day, max(self.block, count)))
        return [left.popleft() for _ in range(count)]
