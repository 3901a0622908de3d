"""Batches of rows that are put in place: every row is read, done and answered by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Generic, TypeVar

import msgspec
from attrs import evolve
from litestar import Request

from oms_adapters.http.bodies import Body, as_body
from oms_adapters.http.languages import language_of
from oms_adapters.http.problems import Told
from oms_adapters.http.refusals import NoRows, TooManyRows
from oms_app.actor import Actor
from oms_domain.kernel.errors import Invalid, OmsError

Row = TypeVar("Row")
Item = TypeVar("Item")

MOST_ROWS: Final = 100
REFUSED: Final = "refused"


class Rows(Body):
    """At most 100 rows, each as it would be sent alone."""

    rows: list[Any]


class PutRow(msgspec.Struct, Generic[Item], frozen=True, kw_only=True):
    """What became of one row: ``outcome`` is added, changed, unchanged, or refused with code, facts and text."""

    index: int
    outcome: str
    item: Item | None = None
    code: str = ""
    fields: dict[str, Any] = {}
    text: str = ""


class PutRows(msgspec.Struct, Generic[Item], frozen=True, kw_only=True):
    """One answer for each row, in their order."""

    rows: list[PutRow[Item]]


def check_rows(rows: Sequence[Any], *, field: str) -> None:
    """Raises ``NoRows``, ``TooManyRows``."""
    if not rows:
        raise NoRows(field=field)
    if len(rows) > MOST_ROWS:
        raise TooManyRows(field=field, most=MOST_ROWS)


def all_rows(data: Rows, read: Callable[[Any], Item]) -> list[Item]:
    """Read every row before any is done. Raises what is wrong with the first that cannot be read, with its place."""

    def row(at: int, plain: Any) -> Item:
        try:
            return read(plain)
        except Invalid as refusal:
            raise evolve(refusal, field=f"rows[{at}].{refusal.field}".rstrip(".")) from None

    return [row(at, plain) for at, plain in enumerate(data.rows)]


def each(
    data: Rows,
    kind: type[Row],
    put: Callable[[Row, Actor], tuple[str, Item]],
    *,
    request: Request[Any, Any, Any],
    actor: Actor,
) -> PutRows[Item]:
    """Put rows one after the other, each in a transaction of its own, remembered under a key of its own.

    Raises:
        NoRows, TooManyRows.
    """
    check_rows(data.rows, field="rows")
    language = language_of(request.headers.get("accept-language", ""))

    def answered() -> Iterator[PutRow[Item]]:
        for index, row in enumerate(data.rows):
            by = evolve(actor, once=actor.once.row(str(index)) if actor.once else None)
            try:
                outcome, item = put(as_body(row, kind), by)
                yield PutRow(index=index, outcome=outcome, item=item)
            except OmsError as refusal:
                told = Told.of(refusal)
                yield PutRow(index=index, outcome=REFUSED, code=told.code, fields=told.fields, text=told.text(language))

    return PutRows(rows=list(answered()))
