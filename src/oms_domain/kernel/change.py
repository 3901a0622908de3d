"""What a command returns: the new state, and the facts that happened."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Generic, TypeVar
from uuid import UUID

from attrs import field, frozen

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
    """A new state with the events that led to it."""

    state: State_co
    events: tuple[Event, ...] = field(default=())
