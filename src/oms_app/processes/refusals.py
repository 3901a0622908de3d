"""What a refusal means to a process: the order has moved on, so there is nothing left to do."""

from __future__ import annotations

from collections.abc import Callable

from oms_domain.kernel.errors import Refused


def unless_refused(act: Callable[[], object], *, but: type[Refused] | None = None) -> None:
    """Give a command whose refusal is an answer: somebody (a person, the platform) was faster, or holds the order.

    ``but``: a refusal that is none, and is raised.
    """
    try:
        act()
    except Refused as refusal:
        if but is not None and isinstance(refusal, but):
            raise
