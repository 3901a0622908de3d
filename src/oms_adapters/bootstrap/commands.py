"""``oms``: the command group, and the commands about the installation itself."""

from __future__ import annotations

import click
from sqlalchemy.engine import make_url

from oms_adapters.bootstrap.clock import system_now
from oms_adapters.bootstrap.commands_addresses import addresses
from oms_adapters.bootstrap.commands_aftersales import aftersales
from oms_adapters.bootstrap.commands_apportion import apportion, explain_stored
from oms_adapters.bootstrap.commands_batches import batches
from oms_adapters.bootstrap.commands_catalog import bundles, skus
from oms_adapters.bootstrap.commands_claims import cases, refunds, returns, tickets
from oms_adapters.bootstrap.commands_coming_back import lose_order, receive_return
from oms_adapters.bootstrap.commands_edits import edit_orders
from oms_adapters.bootstrap.commands_ingest import ingest
from oms_adapters.bootstrap.commands_manual import create_order, pay_balance, pay_orders
from oms_adapters.bootstrap.commands_mappings import mappings
from oms_adapters.bootstrap.commands_orders import orders
from oms_adapters.bootstrap.commands_rules import blacklist, rules
from oms_adapters.bootstrap.commands_server import demo, drain, serve, worker
from oms_adapters.bootstrap.commands_shops import api_keys, keys, roles, shops
from oms_adapters.bootstrap.commands_simulate import simulate
from oms_adapters.bootstrap.commands_sourcing import carriers, source, strategies
from oms_adapters.bootstrap.commands_splits import SPLITTING
from oms_adapters.bootstrap.commands_stock import stock, warehouses
from oms_adapters.bootstrap.commands_wms import wms
from oms_adapters.bootstrap.commands_work import discrepancies, jobs, platform_orders
from oms_adapters.bootstrap.container import Container
from oms_adapters.bootstrap.output import console, json_option, show
from oms_adapters.bootstrap.session import ensure_embedded_files, made, operator, ready, refusals_shown
from oms_adapters.bootstrap.settings import names
from oms_app.inventory import RepairStock


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="oms")
def oms() -> None:
    """Order management (订单中台). Settings: OMS_… variables or a TOML file named by OMS_SETTINGS."""


@oms.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@json_option
@refusals_shown
def migrate(dry_run: bool, as_json: bool) -> None:
    """Bring the database's schema up to date; on embedded SQLite also make the file and its keys."""
    container = made()
    settings = container.settings()
    if not dry_run:
        ensure_embedded_files(settings)
    before, wanted = (None, "head") if _missing(container) else container.database().revision()
    if before != wanted and before is not None:
        container.database().check_known()
    if not dry_run:
        container.database().migrate()
        _, wanted = container.database().revision()
    row = {"from": before or "nothing", "to": wanted, "done": not dry_run}
    show([row], ["from", "to", "done"], as_json=as_json)


@oms.command()
@click.option("--repair", is_flag=True, help="Put right what is off in stock, by new entries of its ledger.")
@click.option("--reason", default="", help="Why it is repaired; kept in the log.")
@json_option
@click.pass_context
@refusals_shown
def doctor(ctx: click.Context, repair: bool, reason: str, as_json: bool) -> None:
    """Check the invariants on everything that is stored. Exit 1 if anything is broken.

    Stock that has drifted is shown with the entries that would compensate it; nothing is changed without `--repair`.
    """
    container = ready()
    if repair:
        _repair(container, reason, as_json)
    told: list[tuple[str, int]] = []

    def tell(name: str, count: int) -> None:
        told.append((name, count))
        if not as_json:
            console().print(f"{'✗' if count else '✓'} {name}: {count or 'nothing'} found")

    findings = list(container.doctor().findings(tell))
    rows = [{"invariant": f.invariant, "where": f.where, "seen": f.seen} for f in findings]
    if as_json or rows:
        show(rows, ["invariant", "where", "seen"], as_json=as_json)
    if not as_json:
        _show_settings(container)
    ctx.exit(1 if findings else 0)


def _repair(container: Container, reason: str, as_json: bool) -> None:
    done = container.stock().repair(RepairStock(reason=reason, by=operator()))
    rows = [
        {"row": f"{drift.stands.sku}@{drift.stands.warehouse}", "column": name, "was": was, "now": now}
        for drift in done.rows
        for name, was, now in drift.differs
    ]
    if as_json:
        return
    if rows:
        show(rows, ["row", "column", "was", "now"], as_json=False, title="Repaired")
    console().print(f"{len(done.rows)} rows repaired, {done.lines_released} order lines released")
    for sku, warehouse in done.to_be_counted:
        console().print(f"{sku}@{warehouse}: by its ledger fewer are there than are reserved; count it")


def _show_settings(container: Container) -> None:
    settings = container.settings()
    counts = container.jobs().counts(now=system_now())
    rows = []
    for name, default, secret in names():
        value = _setting(settings, name)
        shown = _masked(name, str(value)) if secret else value
        rows.append({"setting": name, "value": shown, "default": default})
    show(rows, ["setting", "value", "default"], as_json=False, title="Settings")
    console().print(
        f"outbox {counts.outbox}, jobs ready {counts.ready}, running {counts.leased}, parked {counts.parked}"
    )


def _setting(settings: object, name: str) -> object:
    parts = name.removeprefix("OMS_").lower()
    head, _, rest = parts.partition("_")
    node = getattr(settings, head, None)
    return getattr(node, rest) if rest and hasattr(node, rest) else getattr(settings, parts)


def _masked(name: str, value: str) -> str:
    if name == "OMS_DATABASE_URL":
        return make_url(value).render_as_string(hide_password=True)
    return "***" if value else ""


def _missing(container: Container) -> bool:
    path = container.settings().sqlite_path
    return path is not None and not path.exists()


for command in (
    serve,
    demo,
    worker,
    drain,
    shops,
    keys,
    api_keys,
    roles,
    ingest,
    orders,
    platform_orders,
    discrepancies,
    batches,
    jobs,
    skus,
    bundles,
    mappings,
    stock,
    warehouses,
    carriers,
    strategies,
    source,
    apportion,
    explain_stored,
    wms,
    simulate,
    rules,
    blacklist,
    addresses,
    cases,
    refunds,
    returns,
    tickets,
    aftersales,
):
    oms.add_command(command)
for command in (*SPLITTING, edit_orders, create_order, pay_balance, pay_orders, receive_return, lose_order):
    orders.add_command(command)
