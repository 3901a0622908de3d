"""Strategies of sourcing, what it answered for an order, and what it would answer by another strategy."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, TypeAlias
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from oms_adapters.http.auth import needs
from oms_adapters.http.bodies import Body
from oms_adapters.http.idempotency import IfMatch, version_of_edit
from oms_adapters.http.paging import Page
from oms_adapters.http.views import Given, View
from oms_app.actor import Actor
from oms_app.sourcing import (
    OrderSourcing,
    PutStrategy,
    ReadOrderSourcing,
    ReadSourcing,
    SourcingService,
    TryStrategy,
)
from oms_domain.fulfilment.sourcing import (
    InvalidStrategyForm,
    Strategy,
    as_json,
    read_strategy,
    text,
    trial_json,
    trial_text,
    write_strategy,
)
from oms_domain.fulfilment.sourcing.form import LONGEST_NAME
from oms_domain.fulfilment.sourcing.records import StrategyRecord
from oms_domain.kernel.identity import OrderId
from oms_domain.kernel.text import checked_text

PLAIN = "text/plain; charset=utf-8"


class SourcingForm(StrEnum):
    """How sourcing is shown."""

    JSON = "json"
    TEXT = "text"


As: TypeAlias = Annotated[SourcingForm, QueryParameter(name="as", description="json or text")]


class StrategyView(View):
    """A strategy as it is kept: its form is that of a strategy file."""

    name: str
    strategy: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, record: StrategyRecord) -> StrategyView:
        return cls(
            name=record.terms.name,
            strategy=write_strategy(record.terms),
            created_at=record.created_at,
            updated_at=record.updated_at,
            version=record.version,
        )


class OrderSourcingView(View):
    """What sourcing answered for an order the last time: a plan, or what is missing where; and why, place by place.

    ``strategy_version`` 0 is the built-in strategy. ``holdings``: what each warehouse could promise then.
    """

    order_id: UUID
    number: str
    state: str
    at: datetime
    strategy: str
    strategy_version: int
    holdings: dict[str, dict[str, int]]
    found: dict[str, Any]

    @classmethod
    def of(cls, answer: OrderSourcing) -> OrderSourcingView:
        order, kept = answer.order, answer.kept
        return cls(
            order_id=order.id,
            number=order.number,
            state=order.state,
            at=kept.at,
            strategy=kept.strategy,
            strategy_version=kept.strategy_version,
            holdings={place: dict(stock) for place, stock in kept.holdings},
            found=as_json(kept.found),
        )


class TrialBody(Body):
    """Past orders to be sourced by another strategy."""

    ids: list[UUID]
    strategy: dict[str, Any]


class TrialView(View):
    """Two strategies against each other, order by order; ``before`` is what the orders' shops go by."""

    before: str
    after: str
    orders: list[dict[str, Any]]
    sums: dict[str, Any]


class SourcingController(Controller):
    """Strategies, and trials."""

    path = "/sourcing"
    tags = ("Sourcing",)

    @get("/strategies", operation_id="listStrategies", opt=needs(ReadSourcing.permission), sync_to_thread=True)
    def strategies(self, actor: Given[Actor], sourcing: Given[SourcingService]) -> Page[StrategyView]:
        """List the strategies, by name."""
        return Page(items=[StrategyView.of(each) for each in sourcing.strategies(ReadSourcing(by=actor))])

    @get("/strategies/{name:str}", operation_id="getStrategy", opt=needs(ReadSourcing.permission), sync_to_thread=True)
    def strategy(
        self, name: FromPath[str], actor: Given[Actor], sourcing: Given[SourcingService]
    ) -> Response[StrategyView]:
        """Get one strategy; its ETag is what a change sends as ``If-Match``."""
        return _answer(sourcing.strategy(ReadSourcing(by=actor), _name(name)))

    @post(
        "/strategies", operation_id="addStrategy", opt=needs(PutStrategy.permission, changes=True), sync_to_thread=True
    )
    def add(
        self, data: JSONBody[dict[str, Any]], actor: Given[Actor], sourcing: Given[SourcingService]
    ) -> StrategyView:
        """Add a strategy (新增寻源策略). Its form is that of a strategy file, and it needs a name."""
        return StrategyView.of(sourcing.put_strategy(PutStrategy(terms=read_strategy(data), is_new=True, by=actor)))

    @post(
        "/strategies/{name:str}",
        operation_id="changeStrategy",
        opt=needs(PutStrategy.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )
    def change(
        self,
        name: FromPath[str],
        data: JSONBody[dict[str, Any]],
        actor: Given[Actor],
        sourcing: Given[SourcingService],
        if_match: IfMatch = None,
    ) -> Response[StrategyView]:
        """Say what a strategy is now; the version that was read goes into ``If-Match``."""
        command = PutStrategy(
            terms=_named(data, _name(name)), is_new=False, expected_version=version_of_edit(if_match), by=actor
        )
        return _answer(sourcing.put_strategy(command))

    @post(
        "/trials", operation_id="tryStrategy", opt=needs(TryStrategy.permission), status_code=200, sync_to_thread=True
    )
    def try_out(
        self,
        data: JSONBody[TrialBody],
        actor: Given[Actor],
        sourcing: Given[SourcingService],
        form: As = SourcingForm.JSON,
    ) -> Response[TrialView | str]:
        """Source up to 100 past orders by another strategy (试算): parcels, freight and days before and after."""
        command = TryStrategy(order_ids=tuple(map(OrderId, data.ids)), strategy=read_strategy(data.strategy), by=actor)
        trial = sourcing.try_out(command)
        if form is SourcingForm.TEXT:
            return Response(content=trial_text(trial), media_type=PLAIN)
        return Response(content=TrialView(**trial_json(trial)))


class OrderSourcingController(Controller):
    """Where an order ships from, and why."""

    path = "/orders"
    tags = ("Orders",)

    @get(
        "/{order_id:uuid}/sourcing",
        operation_id="explainSourcing",
        opt=needs(ReadOrderSourcing.permission),
        sync_to_thread=True,
    )
    def sourcing(
        self,
        order_id: FromPath[UUID],
        actor: Given[Actor],
        sourcing: Given[SourcingService],
        form: As = SourcingForm.JSON,
    ) -> Response[OrderSourcingView | str]:
        """Explain where an order ships from: each place with its scores, and why it was chosen or lost."""
        answer = sourcing.of_order(ReadOrderSourcing(order_id=OrderId(order_id), by=actor))
        if form is SourcingForm.TEXT:
            titles = {line.id: line.title for line in answer.asked.lines}
            return Response(content=text(answer.kept.found, titles), media_type=PLAIN)
        return Response(content=OrderSourcingView.of(answer))


def _answer(record: StrategyRecord) -> Response[StrategyView]:
    view = StrategyView.of(record)
    return Response(content=view, headers={"ETag": f'"{view.version}"'})


def _name(text: str) -> str:
    return checked_text(text, field="name", longest=LONGEST_NAME)


def _named(data: dict[str, Any], name: str) -> Strategy:
    """Read the strategy of a path: the form may leave its name out, not say another one."""
    strategy = read_strategy({"name": name} | data)
    if strategy.name != name:
        raise InvalidStrategyForm(field="name", why="a strategy's name never changes")
    return strategy
