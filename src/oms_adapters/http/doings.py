"""Commands on documents as resources: one row of a table each, for one document, and for many where there is a path.

Of many each is done in a transaction of its own, remembered under a key of its own, and answers for itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Final, TypeAlias
from uuid import UUID

import msgspec
from attrs import evolve, frozen
from litestar import Controller, Request, Response, post
from litestar.params import JSONBody, PathParameter

from oms_adapters.http.auth import needs
from oms_adapters.http.batch_jobs import WORKED_ON, BatchView, taken
from oms_adapters.http.batches import MOST_ROWS, check_rows
from oms_adapters.http.bodies import Body
from oms_adapters.http.idempotency import IfMatch, expected_version
from oms_adapters.http.languages import language_of
from oms_adapters.http.problems import Told
from oms_adapters.http.refusals import FieldInvalid
from oms_adapters.http.views import Given, View
from oms_app.actor import Actor
from oms_app.batches import BatchService, StartBatch
from oms_domain.kernel.errors import OmsError
from oms_domain.kernel.identity import OrderId
from oms_domain.kernel.money import Money
from oms_domain.kernel.text import checked_text

LONGEST: Final = 2000
Text: TypeAlias = Annotated[str, msgspec.Meta(max_length=500)]
LongText: TypeAlias = Annotated[str, msgspec.Meta(max_length=LONGEST)]
Name: TypeAlias = Annotated[str, msgspec.Meta(max_length=100)]
Fen: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=10**12)]


class ReasonBody(Body):
    """Why it is done; kept in the operation log."""

    reason: Text = ""


class ManyReasonsBody(Body):
    """Which documents, at most 100, and why."""

    ids: list[UUID]
    reason: Text = ""


class DoneView(View):
    """What became of a document: ``facts`` are its state and what else the command tells."""

    id: UUID
    number: str
    state: str
    version: int
    facts: dict[str, Any]


class DoneRow(View):
    """What became of one document of a batch. ``outcome``: done, or refused with code, facts and text."""

    id: UUID
    outcome: str
    document: DoneView | None = None
    code: str = ""
    fields: dict[str, Any] = {}  # noqa: RUF012  (copied by msgspec)
    text: str = ""


class DoneRows(View):
    """One answer for each id, in their order."""

    rows: list[DoneRow]


def plain_facts(body: Any) -> dict[str, Any]:
    """Return a body's texts, checked, and its other values as they are; a batch's ids are not among them."""
    found: dict[str, Any] = {}
    for name in body.__struct_fields__:
        if name != "ids":
            found[name] = checked(getattr(body, name), name)
    return found


def checked(value: Any, name: str) -> Any:
    """Check every text in a value: none may hold what no store takes. Lists are tuples then."""
    if isinstance(value, str):
        return checked_text(value, field=name, longest=LONGEST)
    if isinstance(value, list):
        return tuple(checked(each, name) for each in value)
    return value


def money(fen: int | None) -> Money | None:
    return None if fen is None else Money(fen)


def positive(fen: int, name: str) -> Money:
    """Raises ``FieldInvalid`` for 0."""
    if fen <= 0:
        raise FieldInvalid(field=name, why="more than 0")
    return Money(fen)


@frozen(kw_only=True)
class Doing:
    """A command on a document. ``facts``: what of a body the command takes; ``many``: path and body of the batch."""

    path: str
    operation: str
    summary: str
    command: Any
    method: str
    body: type[Body] = ReasonBody
    facts: Callable[[Any], dict[str, Any]] = plain_facts
    many: str = ""
    many_operation: str = ""
    many_body: type[Body] = ManyReasonsBody


@frozen(kw_only=True)
class Desk:
    """The commands of one kind of document: how commands and paths call its id, and what is answered.

    ``row`` and ``rows``: the views of a batch, the first of which has ``answer`` as ``shown``. ``in_background``: more
    than 100 are taken, as a batch that is worked on.
    """

    key: str
    view: Callable[[Any], Any]
    param: str = "id"
    answer: type[View] = DoneView
    row: type[View] = DoneRow
    rows: type[View] = DoneRows
    shown: str = "document"
    in_background: bool = False

    def do(self, doing: Doing, service: Any, id: UUID, facts: Mapping[str, Any], version: int | None, by: Actor) -> Any:
        command = doing.command(**{self.key: id}, **facts, expected_version=version, by=by)
        return self.view(getattr(service, doing.method)(command))

    def do_row(self, doing: Doing, service: Any, id: UUID, facts: Mapping[str, Any], by: Actor, language: str) -> View:
        by = evolve(by, once=by.once.row(str(id)) if by.once else None)
        try:
            return self.row(id=id, outcome="done", **{self.shown: self.do(doing, service, id, facts, None, by)})
        except OmsError as refusal:
            told = Told.of(refusal)
            return self.row(id=id, outcome="refused", code=told.code, fields=told.fields, text=told.text(language))


def put_on(controller: type[Controller], desk: Desk, doings: Sequence[Doing]) -> None:
    """Give a controller, which provides the ``service``, a route for each command, and for many where there is one."""
    for doing in doings:
        setattr(controller, f"{doing.operation}_one", _one(desk, doing))
        if doing.many:
            setattr(controller, f"{doing.operation}_many", _many(desk, doing))


def _one(desk: Desk, doing: Doing) -> Any:
    def one(
        self: Controller, id: UUID, actor: Given[Actor], service: Given[Any], data: Any, if_match: IfMatch = None
    ) -> Any:
        facts = doing.facts(data) if data is not None else {}
        view = desk.do(doing, service, id, facts, expected_version(if_match), actor)
        return Response(content=view, headers={"ETag": f'"{view.version}"'})

    needed = any(field.required for field in msgspec.structs.fields(doing.body))
    one.__annotations__ |= {
        "id": Annotated[UUID, PathParameter(name=desk.param)],
        "data": _JSON[doing.body if needed else doing.body | None],
        "return": _ANSWER[desk.answer],
    }
    one.__defaults__ = (None,) if needed else (None, None)
    return post(
        f"/{{{desk.param}:uuid}}/{doing.path}",
        operation_id=doing.operation,
        summary=doing.summary,
        opt=needs(doing.command.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )(one)


def _many(desk: Desk, doing: Doing) -> Any:
    def many(
        self: Controller,
        request: Request[Any, Any, Any],
        actor: Given[Actor],
        service: Given[Any],
        batches: Given[BatchService],
        data: Any,
    ) -> Any:
        later = desk.in_background and len(data.ids) > MOST_ROWS
        if not later:
            check_rows(data.ids, field="ids")
        facts = doing.facts(data)  # what is wrong with all of them is said once
        if later:
            ids = list(map(OrderId, data.ids))
            return taken(batches.start(StartBatch(command=doing.command, order_ids=ids, by=actor, **facts)))
        language = language_of(request.headers.get("accept-language", ""))
        rows = [desk.do_row(doing, service, id, facts, actor, language) for id in data.ids]
        return Response(content=desk.rows(rows=rows))

    many.__annotations__ |= {
        "data": _JSON[doing.many_body],
        "return": _ANSWER[desk.rows | BatchView if desk.in_background else desk.rows],
    }
    more = ", more in the background" if desk.in_background else ""
    return post(
        f"/{doing.many}",
        operation_id=doing.many_operation,
        summary=f"{doing.summary}: up to {MOST_ROWS} at once{more}",
        responses=WORKED_ON if desk.in_background else None,
        opt=needs(doing.command.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )(many)


_JSON: Any = JSONBody
_ANSWER: Any = Response
"""Types that are made for each command, which a type checker cannot follow."""
