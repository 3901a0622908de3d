"""Document numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol


class Numbers(Protocol):
    """Counters per kind and day. Each taking is a short transaction of its own: never inside another one."""

    def take(self, kind: str, day: date, count: int) -> Sequence[int]:
        """Return ``count`` numbers that nobody else has or will get, ascending. Gaps are allowed."""
