"""``oms ingest``: payloads from files."""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from rich.progress import Progress

from oms_adapters.bootstrap.container import Container
from oms_adapters.bootstrap.output import console, json_option, show
from oms_adapters.bootstrap.refusals import FileTooLarge, ShopOnOtherPlatform, refusal_row
from oms_adapters.bootstrap.session import language, operator, ready, refusals_shown, shop_named
from oms_adapters.texts.catalogue import title
from oms_app.conversion import IntakeAnswer, Outcome
from oms_app.intake import CHUNK, TakeIn
from oms_domain.channels.standard import Platform, UnreadablePayload
from oms_domain.orders.platform_order import Trouble
from oms_domain.shops.shop import Shop

LARGEST_FILE = 50 * 1024 * 1024


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--platform", type=click.Choice([m.value for m in Platform]), required=True, help="Whose payloads they are."
)
@click.option("--shop", "shop_code", required=True, help="Code of the shop that they belong to.")
@json_option
@click.pass_context
@refusals_shown
def ingest(ctx: click.Context, files: tuple[Path, ...], platform: str, shop_code: str, as_json: bool) -> None:
    """Take in raw payload files: each one payload, a JSON array of them, or one a line (.jsonl).

    Twice the same adds nothing. Exit 1 if any payload was refused or became an exception.
    """
    container = ready()
    shop = shop_named(container, shop_code)
    if shop.platform != platform:
        raise ShopOnOtherPlatform(shop=shop_code, platform=shop.platform, asked=platform)
    payloads = [(path.name, raw) for path in files for raw in _payloads(path)]
    rows = []
    with Progress(transient=True, disable=as_json or not console().is_terminal, console=console()) as progress:
        bar = progress.add_task("ingest", total=len(payloads))
        for start in range(0, len(payloads), CHUNK):
            chunk = payloads[start : start + CHUNK]
            rows += _take_in(container, shop, Platform(platform), chunk)
            progress.advance(bar, len(chunk))
    show(rows, ["file", "outcome", "order_no", "number", "state", "payable", "code", "why"], as_json=as_json)
    if not as_json:
        console().print(_summary(rows))
    ctx.exit(1 if any(row["outcome"] in (Outcome.REFUSED, Outcome.EXCEPTION) for row in rows) else 0)


def _payloads(path: Path) -> Iterator[bytes]:
    if path.stat().st_size > LARGEST_FILE:
        raise FileTooLarge(file=path.name, most=LARGEST_FILE)
    raw = path.read_bytes().removeprefix(BOM_UTF8)
    if path.suffix == ".jsonl":
        yield from (line for line in raw.splitlines() if line.strip())
        return
    if raw.lstrip()[:1] != b"[":
        yield raw
        return
    try:
        parts = json.loads(raw, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        yield raw  # the translation says what is wrong with it
        return
    yield from _elements(raw.decode(), len(parts))


def _elements(text: str, count: int) -> Iterator[bytes]:
    """Yield each element of a JSON array as it is written, so that no number is read and printed again."""
    decoder, at = json.JSONDecoder(), text.index("[") + 1
    for _ in range(count):
        while text[at] in " \t\r\n,":
            at += 1
        _, end = decoder.raw_decode(text, at)
        yield text[at:end].encode()
        at = end


def _take_in(
    container: Container, shop: Shop, platform: Platform, chunk: Sequence[tuple[str, bytes]]
) -> list[dict[str, Any]]:
    translate, preparation = container.gateways().translator(platform), container.preparation()
    rows: list[dict[str, Any]] = [{} for _ in chunk]
    arrivals, places = [], []
    for place, (name, raw) in enumerate(chunk):
        try:
            arrivals.append(preparation.prepare(raw, translate, shop_id=shop.id))
            places.append(place)
        except UnreadablePayload as error:
            refused = {"file": name, "outcome": str(Outcome.REFUSED), "order_no": error.order_no}
            rows[place] = refused | refusal_row(error, language())
    command = TakeIn(shop_id=shop.id, platform=platform, arrivals=tuple(arrivals), by=operator())
    for place, answer in zip(places, container.intake().take_in(command), strict=True):
        rows[place] = answer_row(chunk[place][0], answer)
    return rows


def answer_row(name: str, answer: IntakeAnswer) -> dict[str, Any]:
    return {
        "file": name,
        "outcome": str(answer.outcome),
        "order_no": answer.order_no,
        "order_id": str(answer.order_id) if answer.order_id else None,
        "number": answer.number,
        "state": str(answer.state or ""),
        "payable": str(answer.payable) if answer.payable else "",
        "code": answer.code,
        "why": trouble_text(answer.trouble) or (title(answer.code, language()) if answer.code else ""),
    }


def trouble_text(trouble: Trouble | None) -> str:
    """Return why a platform order could not be converted, with both sums of each rule that does not hold."""
    if trouble is None:
        return ""
    sums = (
        f"{m.rule}{' line ' + m.line_no if m.line_no else ''}: says {m.stated}, adds up to {m.computed}"
        for m in trouble.mismatches
    )
    if trouble.unmapped:
        goods = (
            f"line {each.line_no} {each.merchant_code or each.platform_sku_id} {each.title} ({each.why})"
            for each in trouble.unmapped
        )
        return f"{trouble.reason} {'; '.join(goods)}"
    return f"{trouble.reason} " + ("; ".join(sums) or f"{trouble.field} {trouble.why}".strip())


def _summary(rows: Sequence[dict[str, Any]]) -> str:
    counts = {outcome: sum(row["outcome"] == outcome for row in rows) for outcome in Outcome}
    return ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)
