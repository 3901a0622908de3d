"""``oms wms``: warehouses' accounts, and what warehouses have pushed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import click

from oms_adapters.bootstrap.output import json_option, show
from oms_adapters.bootstrap.session import operator, ready, refusals_shown
from oms_adapters.wms.qimen.account import GATEWAY
from oms_app.ports.reports import KeptReport
from oms_app.reports import BookKept
from oms_app.warehouse_levels import CompareLevels, CountLevels
from oms_app.wms_accounts import ConnectWarehouse, ListWmsAccounts
from oms_domain.fulfilment.reports import ReportId, ReportState
from oms_domain.fulfilment.wms_account import Sender, WmsAccount, WmsKind, WmsTerms
from oms_domain.inventory.stock import warehouse_code
from oms_domain.kernel.codes import sku_code

ACCOUNT = ["warehouse", "kind", "base_url", "app_key", "customer_id", "owner_code", "has_secret", "reuses_numbers"]
REPORT = ["id", "warehouse", "kind", "number", "state", "reason", "received_at"]


@click.group()
def wms() -> None:
    """Warehouses' systems (仓库对接)."""


@wms.command("connect")
@click.argument("warehouse")
@click.option("--kind", type=click.Choice([m.value for m in WmsKind]), required=True)
@click.option("--base-url", default=GATEWAY, show_default=True, help="Address that messages are posted to.")
@click.option("--app-key", default="")
@click.option("--customer-id", default="", help="What the warehouse calls us (customerId).")
@click.option("--owner-code", default="", help="What the warehouse calls the goods' owner (货主).")
@click.option("--carrier", default="OTHER", show_default=True, help="Carrier that is asked for.")
@click.option("--reuses-numbers", is_flag=True, help="It takes an order number again that it has cancelled.")
@click.option("--sender-company", default="")
@click.option("--sender-name", default="")
@click.option("--sender-phone", default="")
@click.option("--sender-province", default="")
@click.option("--sender-city", default="")
@click.option("--sender-district", default="")
@click.option("--sender-street", default="")
@click.option("--keep-secret", is_flag=True, help="Do not ask for the secret: the one that is there stays.")
@json_option
@refusals_shown
def connect(
    warehouse: str,
    kind: str,
    base_url: str,
    app_key: str,
    customer_id: str,
    owner_code: str,
    carrier: str,
    reuses_numbers: bool,
    keep_secret: bool,
    as_json: bool,
    **sender: str,
) -> None:
    """Give a warehouse its account. The secret is asked for, and never shown."""
    is_qimen = kind == WmsKind.QIMEN.value
    secret = click.prompt("Secret", hide_input=True) if is_qimen and not keep_secret else ""
    terms = WmsTerms(
        kind=WmsKind(kind),
        base_url=base_url if is_qimen else "",
        app_key=app_key,
        customer_id=customer_id,
        owner_code=owner_code,
        carrier=carrier,
        sender=Sender(**{name.removeprefix("sender_"): value for name, value in sender.items()}),
        reuses_numbers=reuses_numbers,
    )
    command = ConnectWarehouse(warehouse=warehouse_code(warehouse), terms=terms, secret=secret, by=operator())
    show([_account(ready().wms_accounts().connect(command))], ACCOUNT, as_json=as_json)


@wms.command("accounts")
@json_option
@refusals_shown
def accounts(as_json: bool) -> None:
    """List the warehouses' accounts, without their secrets."""
    found = ready().wms_accounts().all(ListWmsAccounts(by=operator()))
    show([_account(account) for account in found], ACCOUNT, as_json=as_json)


@wms.command("reports")
@click.option("--state", type=click.Choice([m.value for m in ReportState]), help="Only those in this state.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@json_option
@refusals_shown
def reports(state: str | None, limit: int, as_json: bool) -> None:
    """List what warehouses have pushed, newest first."""
    states = (ReportState(state),) if state else ()
    found = ready().queries().wms_reports(operator(), states=states, after=None, limit=limit)
    show([_report(kept) for kept in found], REPORT, as_json=as_json)


@wms.command("levels")
@click.argument("warehouse")
@click.argument("sku", nargs=-1)
@click.option("--apply", is_flag=True, help="Book the differences as what the warehouse has counted.")
@click.option("--all", "every", is_flag=True, help="Show what does not differ, too.")
@json_option
@refusals_shown
def levels(warehouse: str, sku: tuple[str, ...], apply: bool, every: bool, as_json: bool) -> None:
    """Ask a warehouse what it has, and show where ours differs (库存查询). Nothing is booked without --apply."""
    asked: dict[str, Any] = {
        "warehouse": warehouse_code(warehouse),
        "skus": tuple(map(sku_code, sku)),
        "by": operator(),
    }
    service = ready().levels()
    answer = service.count(CountLevels(**asked)) if apply else service.compare(CompareLevels(**asked))
    rows = [
        {
            "sku": row.sku,
            "ours_good": row.ours_good,
            "theirs_good": "not known" if row.theirs_good is None else row.theirs_good,
            "ours_defective": row.ours_defective,
            "theirs_defective": "not known" if row.theirs_defective is None else row.theirs_defective,
            "booked": answer.booked if any(row.lines()) else "",
        }
        for row in answer.rows
        if every or row.differs
    ]
    columns = ["sku", "ours_good", "theirs_good", "ours_defective", "theirs_defective", "booked"]
    show(rows, columns, as_json=as_json)


@wms.command("waiting")
@click.option("--warehouse", default="", help="Only of this one.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@json_option
@refusals_shown
def waiting(warehouse: str, limit: int, as_json: bool) -> None:
    """List orders that could not be sent to their warehouse until now (待送仓), those that wait longest first."""
    rows = [
        {
            "order": row.number,
            "order_id": str(row.order_id),
            "fulfilment": row.fulfilment,
            "warehouse": row.warehouse,
            "why": row.reason,
            "since": row.since.isoformat(timespec="seconds"),
            "next_at": row.next_at.isoformat(timespec="seconds") if row.next_at else "",
        }
        for row in ready().queries().waiting_for_warehouse(operator(), limit=limit, warehouse=warehouse)
    ]
    show(rows, ["order", "fulfilment", "warehouse", "why", "since", "next_at"], as_json=as_json)


@wms.command("book")
@click.argument("report_id", type=click.UUID)
@json_option
@refusals_shown
def book(report_id: UUID, as_json: bool) -> None:
    """Book a report again that was refused, once what was in the way is gone."""
    answer = ready().wms_reports().book(BookKept(report_id=ReportId(report_id), by=operator()))
    row = {"id": str(answer.id), "state": str(answer.state), "reason": answer.reason}
    show([row], list(row), as_json=as_json)


def _account(account: WmsAccount) -> dict[str, Any]:
    terms = account.terms
    return {
        "warehouse": account.warehouse,
        "kind": str(terms.kind),
        "base_url": terms.base_url,
        "app_key": terms.app_key,
        "customer_id": terms.customer_id,
        "owner_code": terms.owner_code,
        "has_secret": account.has_secret,
        "reuses_numbers": terms.reuses_numbers,
    }


def _report(kept: KeptReport) -> dict[str, Any]:
    return {
        "id": str(kept.id),
        "warehouse": kept.warehouse,
        "kind": kept.report.kind,
        "number": kept.report.number,
        "state": str(kept.state),
        "reason": kept.reason,
        "received_at": kept.received_at.isoformat(timespec="seconds"),
    }
