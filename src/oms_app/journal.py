"""The journal of one transaction: which documents were read, what became of them, and the facts published.

From it come the operation log (操作日志) and the outbox, alike in every store. Log rows are chained by hash per
document, so that an edited, removed or swapped row shows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final
from uuid import UUID

import attrs
from attrs import define, field, frozen

from oms_app.actor import Actor
from oms_app.ports.jobs import Envelope
from oms_app.ports.transaction import NewId
from oms_domain.kernel.change import Event
from oms_domain.kernel.errors import OmsError
from oms_domain.kernel.identity import EventId, ShopId
from oms_domain.kernel.money import Money

Encode = Callable[[Any], Any]
"""Value → what JSON can hold."""

BOOKKEEPING: Final = frozenset({"version", "updated_at"})
AS_IT_CAME: Final = frozenset({"standard"})
"""Not repeated when a document begins: the raw payload that its ``raw`` names says it. Changes of it are logged."""

NOTED: Final = ("decision",)
"""Fields of an event that the log keeps beside the changes."""

WHY: Final = ("reason", "rule")
"""Fields of an event that say why; the first that says something stands in the log."""

NO_HASH: Final = ""


@frozen(kw_only=True)
class UnpublishedChange(OmsError):
    """A document was saved, and no event tells of it: a bug."""

    code: ClassVar[str] = "store.unpublished_change"
    document_id: UUID


@frozen
class Head:
    """The end of a document's log."""

    seq: int = 0
    hash: str = NO_HASH


@frozen(kw_only=True)
class LogEntry:
    """One line of the operation log. ``changes`` maps a field to (before, after), personal data masked.

    What the fact itself notes (``NOTED``) stands there as well, before it None.
    """

    document_id: UUID
    seq: int
    document: str
    event_id: EventId
    kind: str
    at: datetime
    actor: str
    request_id: str
    cause: EventId | None
    shop_id: ShopId | None
    reason: str
    changes: dict[str, Any]
    prev_hash: str
    hash: str


def entry_hash(entry: LogEntry) -> str:
    """Return the hash that chains an entry to the one before it."""
    return _hash({name: getattr(entry, name) for name in _HASHED})


def _hash(facts: dict[str, Any]) -> str:
    """Hash what an entry states, its own hash apart. ASCII escapes: every store gives the same text back."""
    texts = [facts[name] if name in _PLAIN else str(facts[name] or "") for name in _HASHED]
    return hashlib.sha256(_DUMPS(texts).encode()).hexdigest()


_HASHED: Final = tuple(attribute.name for attribute in attrs.fields(LogEntry) if attribute.name != "hash")
_PLAIN: Final = frozenset({"seq", "changes"})
_DUMPS: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


@define
class _Document:
    kind: str
    shop_id: ShopId | None
    read: Head
    stored: Any  # as read, or as of the last publishing; None for a new one
    saved: Any
    head: Head
    pending: bool = False


@define
class Journal:
    """Collects one transaction's facts; the store writes what it gives out."""

    actor: Actor
    new_id: NewId
    encode: Encode
    entries: list[LogEntry] = field(factory=list)
    envelopes: list[Envelope] = field(factory=list)
    _documents: dict[UUID, _Document] = field(factory=dict)

    def loaded(self, kind: str, document_id: UUID, shop_id: ShopId | None, state: Any, head: Head) -> None:
        """A document was read. Reading it again changes nothing."""
        self._documents.setdefault(document_id, _Document(kind, shop_id, head, state, state, head))

    def saved(self, kind: str, document_id: UUID, shop_id: ShopId | None, state: Any) -> None:
        """A document was given to be stored."""
        document = self._documents.setdefault(document_id, _Document(kind, shop_id, Head(), None, None, Head()))
        document.saved, document.pending = state, True

    def published(self, events: Sequence[Event]) -> None:
        """Facts were published: one log entry and one envelope each."""
        for event in events:
            self._publish(event)

    def head(self, document_id: UUID) -> Head:
        """Return the end of a document's log, this transaction's entries counted."""
        return self._documents[document_id].head

    def heads(self, document_id: UUID) -> tuple[Head, Head]:
        """Return the end of a document's log as it was read, and as it is now."""
        document = self._documents[document_id]
        return document.read, document.head

    def kind(self, document_id: UUID) -> str:
        """Return what kind of document it is."""
        return self._documents[document_id].kind

    def check(self) -> None:
        """Raises ``UnpublishedChange``."""
        for document_id, document in self._documents.items():
            if document.pending and document.saved != document.stored:
                raise UnpublishedChange(document_id=document_id)

    def _publish(self, event: Event) -> None:
        kind, shop_id = event.type.split(".")[0], getattr(event, "shop_id", None)
        new = _Document(kind, shop_id, Head(), None, None, Head())
        document = self._documents.setdefault(event.stream, new)
        changes = diff(document.stored, document.saved, self.encode)
        document.stored, document.pending = document.saved, False
        event_id = EventId(self.new_id())
        facts: dict[str, Any] = {
            "document_id": event.stream,
            "seq": document.head.seq + 1,
            "document": document.kind,
            "event_id": event_id,
            "kind": event.type,
            "at": event.at,
            "actor": self.actor.id,
            "request_id": self.actor.request_id,
            "cause": self.actor.cause,
            "shop_id": document.shop_id,
            "reason": next((str(why) for name in WHY if (why := getattr(event, name, ""))), ""),
            "changes": changes | _noted(event, self.encode),
            "prev_hash": document.head.hash,
        }
        entry = LogEntry(**facts, hash=_hash(facts))
        document.head = Head(entry.seq, entry.hash)
        self.entries.append(entry)
        self.envelopes.append(
            Envelope(
                id=event_id,
                stream=event.stream,
                seq=entry.seq,
                shop_id=document.shop_id,
                actor=self.actor.id,
                request_id=self.actor.request_id,
                cause=self.actor.cause,
                event=event,
            )
        )


def _noted(event: Event, encode: Encode) -> dict[str, Any]:
    """Return what an event notes beside the changes of its document."""
    found = {name: getattr(event, name, None) for name in NOTED}
    return {name: [None, encode(value)] for name, value in found.items() if value}


def diff(before: Any, after: Any, encode: Encode) -> dict[str, Any]:
    """Return the changed fields as (before, after). Of a new document: what differs from an empty one.

    Values are compared field by field, parts that have an ``id`` (lines, packages) one by one.
    """
    if before is after:
        return {}
    return _diff_new(after, encode) if before is None else _diff_values(before, after, encode)


def _diff_new(after: Any, encode: Encode) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for attribute in _fields(type(after)):
        new = getattr(after, attribute.name)
        if attribute.name in AS_IT_CAME or new == attribute.default:
            continue
        if _has_ids(new):
            changes[attribute.name] = {str(part.id): [None, encode(part)] for part in new}
        else:
            changes[attribute.name] = [None, encode(new)]
    return changes


def _diff_values(before: Any, after: Any, encode: Encode) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for attribute in _fields(type(before)):
        name = attribute.name
        old, new = getattr(before, name), getattr(after, name)
        if old is new or old == new:
            continue
        if _has_ids(old) and _has_ids(new):
            changes[name] = _diff_parts(old, new, encode)
        elif attrs.has(type(old)) and type(old) is type(new) and not isinstance(old, Money):
            changes[name] = _diff_values(old, new, encode)
        else:
            changes[name] = [encode(old), encode(new)]
    return changes


_FIELDS: Final[dict[Any, tuple[attrs.Attribute[Any], ...]]] = {}


def _fields(kind: type) -> tuple[attrs.Attribute[Any], ...]:
    if kind not in _FIELDS:
        _FIELDS[kind] = tuple(each for each in attrs.fields(kind) if each.name not in BOOKKEEPING)
    return _FIELDS[kind]


def _has_ids(value: Any) -> bool:
    return isinstance(value, tuple) and bool(value) and all(hasattr(part, "id") for part in value)


def _diff_parts(old: tuple[Any, ...], new: tuple[Any, ...], encode: Encode) -> dict[str, Any]:
    before, after = {part.id: part for part in old}, {part.id: part for part in new}
    parts: dict[str, Any] = {}
    for id in {**before, **after}:
        if id not in before or id not in after:
            parts[str(id)] = [encode(before.get(id)), encode(after.get(id))]
        elif before[id] != after[id]:
            parts[str(id)] = _diff_values(before[id], after[id], encode)
    return parts
