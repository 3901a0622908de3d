"""Pages by keyset: the cursor is the last row's position, signed, and good only for the list it came from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Generic, Protocol, TypeAlias, TypeVar
from uuid import UUID

import msgspec
from attrs import frozen
from litestar.params import QueryParameter

from oms_adapters.http.refusals import CursorInvalid
from oms_app.queries.rows import COUNT_CAP, DEFAULT_PAGE, LARGEST_PAGE, Position
from oms_domain.kernel.errors import InvalidTime

Row = TypeVar("Row")
Item = TypeVar("Item")

LONGEST_CURSOR: Final = 600
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)

Limit: TypeAlias = Annotated[
    int, QueryParameter(ge=1, le=LARGEST_PAGE, description=f"rows on a page, at most {LARGEST_PAGE}")
]
Cursor: TypeAlias = Annotated[
    str | None, QueryParameter(max_length=LONGEST_CURSOR, description="``next_cursor`` of the page before")
]
States: TypeAlias = Annotated[
    list[str] | None, QueryParameter(name="state", description="several times, or once with commas")
]


class Signer(Protocol):
    """Signs positions, so that nobody makes one up."""

    def sign(self, position: bytes) -> str: ...

    def open(self, text: str) -> bytes | None:
        """None if it was not signed by us."""


class Count(msgspec.Struct, frozen=True):
    """How many rows there are, counted to a limit: with ``capped`` there are more."""

    count: int
    capped: bool

    @classmethod
    def of(cls, counted: int) -> Count:
        return cls(min(counted, COUNT_CAP), counted > COUNT_CAP)


class Page(msgspec.Struct, Generic[Item], frozen=True, kw_only=True):
    """One page of a list. ``next_cursor`` is null on the last one."""

    items: list[Item]
    next_cursor: str | None = None
    total: Count | None = None


@frozen
class Pages:
    """The pages of one list as it was asked for: ``wanted`` are the filters, of JSON values."""

    signer: Signer
    wanted: tuple[Any, ...]

    def after(self, cursor: str | None) -> tuple[str, str] | None:
        """Return the position that a cursor stands for. Raises ``CursorInvalid``."""
        if cursor is None:
            return None
        signed = self.signer.open(cursor) if cursor.isascii() else None
        if signed is None or signed[:8] != self._digest:
            raise CursorInvalid
        first, second = json.loads(signed[8:])
        return first, second

    def position(self, cursor: str | None) -> Position | None:
        """The same, of a list by (time, id)."""
        found = self.after(cursor)
        return Position(datetime.fromisoformat(found[0]), UUID(found[1])) if found else None

    def page(
        self,
        rows: Sequence[Row],
        limit: int,
        view: Callable[[Row], Item],
        at: Callable[[Row], tuple[str, str]],
        total: int | None = None,
    ) -> Page[Item]:
        """Cut a page from rows of which one more than ``limit`` was asked for: it tells whether there is more."""
        shown = rows[:limit]
        more = len(rows) > limit
        return Page(
            items=[view(row) for row in shown],
            next_cursor=self.cursor(at(shown[-1])) if more else None,
            total=Count.of(total) if total is not None else None,
        )

    def cursor(self, position: tuple[str, str]) -> str:
        """Return what stands for a position of this list."""
        return self.signer.sign(self._digest + json.dumps(position).encode())

    @property
    def _digest(self) -> bytes:
        return hashlib.sha256(json.dumps(self.wanted, default=str).encode()).digest()[:8]


def by_time(at: datetime, id: UUID) -> tuple[str, str]:
    """Return the position of a row in a list by (time, id)."""
    return at.isoformat(), str(id)


def instant(at: datetime | None, *, field: str) -> datetime | None:
    """Check an instant that a caller names: with a zone, and of a year that any store can hold."""
    if at is None:
        return None
    if at.tzinfo is None or not EARLIEST <= at <= LATEST:
        raise InvalidTime(field=field, value=at.isoformat())
    return at.astimezone(UTC)


__all__ = ["DEFAULT_PAGE", "Count", "Cursor", "Limit", "Page", "Pages", "Signer", "by_time", "instant"]
