"""What a refusal means to a process: the order has moved on, so there is nothing left to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from oms_domain.kernel.errors import Refused

R = TypeVar("R")


def unless_refused(act: Callable[[], R], *, but: type[Refused] | None = None) -> R | None:
    """Give a command whose refusal is an answer: somebody (a person, the platform) was faster, or holds the order.

    Returns what it answers, None if it is refused.

    ``but``: a refusal that is none, and is raised.
    """
    try:
        return act()
    except Refused as refusal:
        if but is not None and isinstance(refusal, but):
            raise
        return None
