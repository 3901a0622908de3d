"""What a command returns: the new state, and the facts that happened."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from attrs import field, frozen

State = TypeVar("State")
State_co = TypeVar("State_co", covariant=True)


@frozen(kw_only=True)
class Event:
    """A past fact about one document, with what a reader needs who cannot ask back. No personal data, only handles.

    ``type`` and ``version`` are published: within a version fields are only added.
    """

    type: ClassVar[str]
    version: ClassVar[int] = 1
    at: datetime

    @property
    def stream(self) -> UUID:
        """The document that the fact is about. Its events are in one dense order."""
        raise NotImplementedError


@frozen
class Change(Generic[State_co]):
    """A new state with the events that led to it.

    Moves that follow each other are chained by ``then``; ``steps`` still tells which event led to which state, so that
    the operation log shows each its own before and after.
    """

    state: State_co
    events: tuple[Event, ...] = field(default=())
    earlier: tuple[tuple[Any, tuple[Event, ...]], ...] = field(default=(), eq=False, repr=False)

    def then(self, done: Change[State]) -> Change[State]:
        """Return both changes as one, this one first."""
        own = self.events[sum(len(events) for _, events in self.earlier) :]
        earlier = (*self.earlier, (self.state, own), *done.earlier) if own else (*self.earlier, *done.earlier)
        return Change(done.state, (*self.events, *done.events), earlier)

    @property
    def steps(self) -> tuple[tuple[State_co, tuple[Event, ...]], ...]:
        """Each state on the way with the events that led to it. Empty if nothing happened."""
        own = self.events[sum(len(events) for _, events in self.earlier) :]
        return (*self.earlier, (self.state, own)) if own else self.earlier
