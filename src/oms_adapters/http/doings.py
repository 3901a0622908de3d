"""Commands on documents as resources: one row of a table each, for one document, and for many where there is a path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, TypeAlias
from uuid import UUID

import msgspec
from attrs import evolve, frozen
from litestar import Controller, Request, Response, post
from litestar.params import FromPath, JSONBody

from oms_adapters.http.auth import needs
from oms_adapters.http.batches import MOST_ROWS, check_rows
from oms_adapters.http.bodies import Body
from oms_adapters.http.idempotency import IfMatch, expected_version
from oms_adapters.http.languages import language_of
from oms_adapters.http.problems import Told
from oms_adapters.http.refusals import FieldInvalid
from oms_adapters.http.views import Given, View
from oms_app.actor import Actor
from oms_domain.kernel.errors import OmsError
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


@frozen(kw_only=True)
class Doing:
    """A command on a document. ``facts``: what of a body the command takes; ``many``: path and body of the batch."""

    path: str
    operation: str
    summary: str
    command: Any
    method: str
    body: type[Body] = ReasonBody
    facts: Callable[[Any], dict[str, Any]] | None = None
    many: str = ""
    many_operation: str = ""
    many_body: type[Body] = ManyReasonsBody


@frozen(kw_only=True)
class Desk:
    """The commands of one kind of document: the command's field of its id, and the view of what is answered."""

    key: str
    view: Callable[[Any], DoneView]

    def do(self, doing: Doing, service: Any, id: UUID, body: Any, version: int | None, by: Actor) -> DoneView:
        facts = (doing.facts or plain_facts)(body) if body is not None else {}
        command = doing.command(**{self.key: id}, **facts, expected_version=version, by=by)
        return self.view(getattr(service, doing.method)(command))


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


def put_on(controller: type[Controller], desk: Desk, doings: Sequence[Doing]) -> None:
    """Give a controller a route for each command, and for many where there is one."""
    for doing in doings:
        setattr(controller, f"{doing.operation}_one", _one(desk, doing))
        if doing.many:
            setattr(controller, f"{doing.operation}_many", _many(desk, doing))


def _one(desk: Desk, doing: Doing) -> Any:
    def one(
        self: Controller,
        id: FromPath[UUID],
        actor: Given[Actor],
        service: Given[Any],
        data: Any,
        if_match: IfMatch = None,
    ) -> Response[DoneView]:
        view = desk.do(doing, service, id, data, expected_version(if_match), actor)
        return Response(content=view, headers={"ETag": f'"{view.version}"'})

    needed = any(field.required for field in msgspec.structs.fields(doing.body))
    one.__annotations__["data"] = JSONBody[doing.body if needed else doing.body | None]  # type: ignore[misc]
    one.__defaults__ = (None,) if needed else (None, None)
    return post(
        f"/{{id:uuid}}/{doing.path}",
        operation_id=doing.operation,
        summary=doing.summary,
        opt=needs(doing.command.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )(one)


def _many(desk: Desk, doing: Doing) -> Any:
    def many(
        self: Controller, request: Request[Any, Any, Any], actor: Given[Actor], service: Given[Any], data: Any
    ) -> DoneRows:
        check_rows(data.ids, field="ids")
        plain_facts(data)  # what is wrong with all of them is said once
        language = language_of(request.headers.get("accept-language", ""))
        return DoneRows(rows=[_row(desk, doing, service, id, data, actor, language) for id in data.ids])

    many.__annotations__["data"] = JSONBody[doing.many_body]  # type: ignore[name-defined,misc]
    return post(
        f"/{doing.many}",
        operation_id=doing.many_operation,
        summary=f"{doing.summary}, up to {MOST_ROWS} at once",
        opt=needs(doing.command.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )(many)


def _row(desk: Desk, doing: Doing, service: Any, id: UUID, body: Any, actor: Actor, language: str) -> DoneRow:
    """Do it to one document of a batch: in a transaction of its own, remembered under a key of its own."""
    by = evolve(actor, once=actor.once.row(str(id)) if actor.once else None)
    try:
        return DoneRow(id=id, outcome="done", document=desk.do(doing, service, id, body, None, by))
    except OmsError as refusal:
        told = Told.of(refusal)
        return DoneRow(id=id, outcome="refused", code=told.code, fields=told.fields, text=told.text(language))
