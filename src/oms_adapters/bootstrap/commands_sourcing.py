"""``oms carriers``, ``oms strategies``, ``oms source``: what sourcing goes by, what it answers, and would answer."""

from __future__ import annotations

from typing import Any, Final

import click
import msgspec

from oms_adapters.bootstrap.commands_orders import order_id_of
from oms_adapters.bootstrap.commands_stock import warehouses
from oms_adapters.bootstrap.output import json_line, json_option, printable, show
from oms_adapters.bootstrap.session import operator, ready, refusals_shown, shop_named
from oms_adapters.http.bodies import read_body, read_json
from oms_adapters.http.carriers import CarrierView, NewCarrierBody
from oms_adapters.http.refusals import Malformed
from oms_adapters.http.shipping import ShippingBody, ShippingView, shop_codes
from oms_adapters.http.sourcing import OrderSourcingView
from oms_app.sourcing import PutCarrier, PutShipping, PutStrategy, ReadOrderSourcing, ReadSourcing, TryStrategy
from oms_domain.fulfilment.sourcing import read_strategy, text, trial_json, trial_text, write_strategy
from oms_domain.fulfilment.sourcing.records import CarrierRecord, ShippingRecord, StrategyRecord, carrier_code
from oms_domain.inventory.stock import warehouse_code
from oms_domain.kernel.text import checked_text

LARGEST_FILE: Final = 8 * 1024 * 1024
LONGEST_NAME: Final = 64
CARRIER = ["code", "name", "active", "regions", "refuses", "rates", "transit", "version"]
STRATEGY = ["name", "chain", "split", "carriers", "version"]
SHIPPING = ["warehouse", "division", "regions", "shops", "cut_off", "handling_days", "carriers", "version"]

file_argument = click.argument("file", type=click.File("rb"))


@click.group()
def carriers() -> None:
    """Carriers (物流公司)."""


@carriers.command("list")
@json_option
@refusals_shown
def list_carriers(as_json: bool) -> None:
    """List the carriers."""
    found = ready().sourcing().carriers(ReadSourcing(by=operator()))
    show([_carrier(record, as_json) for record in found], CARRIER, as_json=as_json)


@carriers.command("show")
@click.argument("code")
@json_option
@refusals_shown
def show_carrier(code: str, as_json: bool) -> None:
    """Show one carrier as JSON, as it can be put again."""
    record = ready().sourcing().carrier(ReadSourcing(by=operator()), carrier_code(code, field="code"))
    click.echo(json_line(_form(CarrierView.of(record))))


@carriers.command("put")
@file_argument
@json_option
@refusals_shown
def put_carrier(file: Any, as_json: bool) -> None:
    """Add or change the carrier that FILE says: one JSON object as of `POST /carriers`; - reads standard input."""
    terms = read_body(_read(file), NewCarrierBody).new()
    record = ready().sourcing().put_carrier(PutCarrier(terms=terms, by=operator()))
    show([_carrier(record, as_json)], CARRIER, as_json=as_json)


@warehouses.command("shipping")
@click.argument("warehouse")
@click.option("--put", "file", type=click.File("rb"), help="Say it anew: one JSON object as of `POST …/shipping`.")
@json_option
@refusals_shown
def shipping(warehouse: str, file: Any, as_json: bool) -> None:
    """Show how a warehouse ships (发货设置): whither, for whom, when, with which carriers."""
    container, code = ready(), warehouse_code(warehouse)
    if file is None:
        record = container.sourcing().shipping(ReadSourcing(by=operator()), code)
    else:
        body = read_body(_read(file), ShippingBody)
        shops = frozenset(shop_named(container, shop, field="shops").id for shop in body.shops)
        command = PutShipping(warehouse=code, terms=body.terms(shops), by=operator())
        record = container.sourcing().put_shipping(command)
    codes = shop_codes(record.terms, operator(), container.shops())
    show([_shipping(record, ShippingView.of(record, codes), as_json)], SHIPPING, as_json=as_json)


@click.group()
def strategies() -> None:
    """Sourcing strategies (寻源策略)."""


@strategies.command("list")
@json_option
@refusals_shown
def list_strategies(as_json: bool) -> None:
    """List the strategies."""
    found = ready().sourcing().strategies(ReadSourcing(by=operator()))
    show([_strategy(record, as_json) for record in found], STRATEGY, as_json=as_json)


@strategies.command("show")
@click.argument("name")
@json_option
@refusals_shown
def show_strategy(name: str, as_json: bool) -> None:
    """Show one strategy as JSON, as it can be put again."""
    asked = checked_text(name, field="name", longest=LONGEST_NAME)
    record = ready().sourcing().strategy(ReadSourcing(by=operator()), asked)
    click.echo(json_line(write_strategy(record.terms)))


@strategies.command("put")
@file_argument
@json_option
@refusals_shown
def put_strategy(file: Any, as_json: bool) -> None:
    """Add or change the strategy that FILE says (docs/reference/sourcing-strategy.md); - reads standard input."""
    command = PutStrategy(terms=read_strategy(read_json(_read(file))), by=operator())
    show([_strategy(ready().sourcing().put_strategy(command), as_json)], STRATEGY, as_json=as_json)


@click.command()
@click.argument("order", nargs=-1, required=True)
@click.option(
    "--strategy", "file", type=click.File("rb"), help="Source them by this strategy instead; changes nothing."
)
@json_option
@refusals_shown
def source(order: tuple[str, ...], file: Any, as_json: bool) -> None:
    """Say where each ORDER ships from and why, place by place.

    With `--strategy FILE` orders are sourced again by that strategy and by their shop's, with what there was then:
    parcels, freight and days before and after (试算).
    """
    container = ready()
    ids = [order_id_of(container, each) for each in order]
    if file is not None:
        strategy = read_strategy(read_json(_read(file)))
        trial = container.sourcing().try_out(TryStrategy(order_ids=tuple(ids), strategy=strategy, by=operator()))
        click.echo(json_line(trial_json(trial)) if as_json else printable(trial_text(trial)))
        return
    for order_id in ids:
        answer = container.sourcing().of_order(ReadOrderSourcing(order_id=order_id, by=operator()))
        if as_json:
            click.echo(json_line(msgspec.to_builtins(OrderSourcingView.of(answer))))
            continue
        titles = {line.id: line.title for line in answer.asked.lines}
        kept = answer.kept
        by = f"{kept.strategy} version {kept.strategy_version}" if kept.strategy_version else kept.strategy
        click.echo(f"{answer.order.number}  {kept.at.isoformat(timespec='seconds')}  strategy {printable(by)}")
        click.echo(printable(text(kept.found, titles)))


def _read(file: Any) -> bytes:
    content: bytes = file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise Malformed(why="too_large")
    return content


def _form(view: CarrierView) -> dict[str, Any]:
    """Return a view without what the store adds to it."""
    found: dict[str, Any] = msgspec.to_builtins(view)
    return {name: value for name, value in found.items() if name not in _KEPT}


_KEPT: Final = {"id", "created_at", "updated_at", "version"}


def _carrier(record: CarrierRecord, as_json: bool) -> dict[str, Any]:
    if as_json:
        return msgspec.to_builtins(CarrierView.of(record))  # type: ignore[no-any-return]
    terms = record.terms
    return {
        "code": terms.code,
        "name": terms.name,
        "active": terms.active,
        "regions": _regions(terms.regions.served, terms.regions.but_not),
        "refuses": sorted(terms.refuses),
        "rates": len(terms.tariff.rates),
        "transit": len(terms.transit),
        "version": record.version,
    }


def _shipping(record: ShippingRecord, view: ShippingView, as_json: bool) -> dict[str, Any]:
    if as_json:
        return msgspec.to_builtins(view)  # type: ignore[no-any-return]
    return {
        "warehouse": view.warehouse,
        "division": view.division,
        "regions": _regions(record.terms.regions.served, record.terms.regions.but_not),
        "shops": view.shops or "all",
        "cut_off": view.hours.cut_off,
        "handling_days": view.hours.handling_days,
        "carriers": [contract.carrier for contract in view.contracts],
        "version": view.version,
    }


def _strategy(record: StrategyRecord, as_json: bool) -> dict[str, Any]:
    form = write_strategy(record.terms)
    if as_json:
        return form | {"version": record.version}
    chain = [" + ".join(rule.name for rule in stage) for stage in record.terms.chain]
    return form | {"chain": chain, "version": record.version}


def _regions(served: tuple[str, ...], but_not: tuple[str, ...]) -> str:
    parts = [code or "everywhere" for code in served] + [f"not {code}" for code in but_not]
    return ", ".join(parts)
