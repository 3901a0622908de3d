"""What the services share: trying again when somebody else was first, and the checks before a move."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final, ParamSpec, Protocol, TypeVar

from oms_app.ports.transaction import Contended, Transaction, VersionIsNot
from oms_domain.kernel.change import Change

TRIES: Final = 5

Pause = Callable[[int], None]
"""Waits before try n (2, 3 …), a little longer each time and with jitter."""


D = TypeVar("D")
D_contra = TypeVar("D_contra", contravariant=True)
P = ParamSpec("P")
R = TypeVar("R")


class Documents(Protocol[D_contra]):
    """A collection of documents of a transaction."""

    def save(self, document: D_contra, /) -> None: ...


def one_transaction(method: Callable[P, R]) -> Callable[P, R]:
    """Mark a use case: it is one transaction, run again from the start when somebody else was first.

    Raises:
        Contended: after ``TRIES`` tries.
    """

    @wraps(method)
    def tried(*args: P.args, **kwargs: P.kwargs) -> R:
        service: Any = args[0]
        for attempt in range(2, TRIES + 1):
            try:
                return method(*args, **kwargs)
            except Contended:
                service.pause(attempt)
        return method(*args, **kwargs)

    return tried


def record(tx: Transaction, documents: Documents[D], change: Change[D], *, since: D | None = None) -> None:
    """Store a change step by step, so that each fact stands in the log with its own before and after.

    A state equal to ``since`` is not stored: a fact may leave its document as it was.
    """
    for state, events in change.steps:
        if state != since:
            documents.save(state)
        tx.publish(events)
        since = state


def check_version(document: Any, expected: int | None) -> None:
    """Raises ``VersionIsNot`` if the caller has read another version than the one that stands."""
    if expected is not None and expected != document.version:
        raise VersionIsNot(expected=expected, current=document.version)
