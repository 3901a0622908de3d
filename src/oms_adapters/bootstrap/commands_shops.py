"""``oms shops``, ``oms keys``, ``oms api-keys``."""

from __future__ import annotations

from typing import Any, Final

import click
from attrs import asdict, evolve

from oms_adapters.bootstrap.clock import system_now
from oms_adapters.bootstrap.output import json_option, show
from oms_adapters.bootstrap.refusals import ApiKeyNotFound, KeyFileExists
from oms_adapters.bootstrap.session import made, operator, ready, refusals_shown, shop_named
from oms_adapters.crypto.keys import KeyRing
from oms_adapters.platforms.gateways import print_account
from oms_adapters.platforms.taobao.account import TaobaoAccount
from oms_app.access import MakeKey, PutRole, ReadRoles, RetireRole
from oms_app.actor import Permission
from oms_app.processes.asks import PULL_AFTERSALES
from oms_app.processes.shipping import PULL_ORDERS
from oms_app.shops import AddShop, ChangePolicy, ListShops, MarkAuthorisation
from oms_domain.channels.standard import Platform
from oms_domain.fulfilment.sourcing.records import carrier_code
from oms_domain.inventory.stock import warehouse_code
from oms_domain.kernel.identity import CarrierCode, ShopId
from oms_domain.kernel.money import parse_money
from oms_domain.kernel.text import checked_text
from oms_domain.shops.shop import (
    MOST_COMPLETE_DAYS,
    MOST_UNPAID_MINUTES,
    Authorisation,
    CataloguePolicy,
    Shop,
    ShopPolicy,
)
from oms_domain.split_merge.plan import Trigger

LONGEST_PREFIX = 64
LONGEST_TAG = 40
NONE = "none"
TRIGGERS = [trigger.value for trigger in Trigger if trigger is not Trigger.BY_HAND]
COLUMNS = ["code", "name", "platform", "authorisation", "warehouse", "strategy", "auto_review", "auto_release"]


LARGEST_LIMIT: Final = 10**9
ANY: Final = 0
"""Stands for no limit: there is none of nothing."""


def limit(text: str) -> int:
    """Read a number from 1 on, or ``none``. Raises ``BadParameter``."""
    if text == NONE:
        return ANY
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:11]) <= LARGEST_LIMIT):
        raise click.BadParameter(f"a number from 1 to {LARGEST_LIMIT}, or {NONE}")
    return int(text)


@click.group()
def shops() -> None:
    """Shops (店铺)."""


@shops.command("list")
@json_option
@refusals_shown
def list_shops(as_json: bool) -> None:
    """List the shops."""
    found = ready().shops().all(ListShops(by=operator()))
    show([_row(shop) for shop in found], COLUMNS, as_json=as_json)


@shops.command("add")
@click.argument("code")
@click.option("--name", required=True, help="What people call it.")
@click.option("--platform", type=click.Choice([m.value for m in Platform]), required=True)
@click.option("--warehouse", default="MAIN", show_default=True, help="Where its orders ship from.")
@click.option("--auto-review", is_flag=True, help="Pass orders without remarks and flags.")
@click.option("--auto-review-up-to", metavar="YUAN", help="… up to this amount.")
@click.option("--auto-release", is_flag=True, help="Release to the warehouse as soon as reviewed.")
@click.option("--business-review", is_flag=True, help="A second review after customer service's.")
@click.option(
    "--catalogue",
    type=click.Choice([m.value for m in CataloguePolicy]),
    default=CataloguePolicy.STRICT.value,
    show_default=True,
    help="Whether a merchant's code that is not in the catalogue waits to be mapped, or is taken for a SKU of its own.",
)
@click.option(
    "--apportionment-rule", default="largest_remainder", show_default=True, help="How open amounts are shared."
)
@click.option(
    "--apportionment-quantum", default=1, show_default=True, metavar="FEN", help="… in pieces of so many fen."
)
@click.option("--sign-by-carrier", is_flag=True, help="Sign an order when its carrier says that it was signed for.")
@click.option("--cancelled-as-closed", is_flag=True, help="Buyers see what was cancelled as closed.")
@click.option("--strategy", default="", help="Where its orders ship from, `default` or a kept one; else its warehouse.")
@click.option("--carrier", "carriers", multiple=True, help="A carrier that it prefers; the first most.")
@click.option("--allow-carrier", "carriers_allowed", multiple=True, help="A carrier that its platform allows.")
@click.option("--auto-split", is_flag=True, help="Take orders apart by themselves, before they are allocated.")
@click.option("--split-by", "split_triggers", multiple=True, type=click.Choice(TRIGGERS), help="… by this; repeatable.")
@click.option("--split-units", type=click.IntRange(1), help="Most units in one part.")
@click.option("--split-weight-g", type=click.IntRange(1), help="Most grams in one part.")
@click.option("--auto-merge", is_flag=True, help="Put orders of one buyer to one address together.")
@click.option("--merge-window", "merge_window_min", default=15, show_default=True, type=click.IntRange(0, 1440))
@json_option
@refusals_shown
def add_shop(
    code: str,
    name: str,
    platform: str,
    warehouse: str,
    auto_review: bool,
    auto_review_up_to: str | None,
    auto_release: bool,
    business_review: bool,
    catalogue: str,
    apportionment_rule: str,
    apportionment_quantum: int,
    sign_by_carrier: bool,
    cancelled_as_closed: bool,
    strategy: str,
    carriers: tuple[str, ...],
    carriers_allowed: tuple[str, ...],
    auto_split: bool,
    split_triggers: tuple[str, ...],
    split_units: int | None,
    split_weight_g: int | None,
    auto_merge: bool,
    merge_window_min: int,
    as_json: bool,
) -> None:
    """Add a shop."""
    limit = parse_money(auto_review_up_to, field="auto-review-up-to") if auto_review_up_to else None
    policy = ShopPolicy(
        warehouse=warehouse_code(warehouse),
        auto_review=auto_review,
        auto_review_up_to=limit,
        business_review=business_review,
        auto_release=auto_release,
        catalogue=CataloguePolicy(catalogue),
        apportionment_rule=apportionment_rule,
        apportionment_quantum=apportionment_quantum,
        sign_by_carrier=sign_by_carrier,
        cancelled_as_closed=cancelled_as_closed,
        strategy=strategy,
        carriers=_codes(carriers, "carrier"),
        carriers_allowed=_codes(carriers_allowed, "allow-carrier"),
        auto_split=auto_split,
        split_triggers=split_triggers or ShopPolicy().split_triggers,
        split_units=split_units,
        split_weight_g=split_weight_g,
        auto_merge=auto_merge,
        merge_window_min=merge_window_min,
    )
    command = AddShop(code=code, name=name, platform=Platform(platform), policy=policy, by=operator())
    show([_row(ready().shops().add(command))], COLUMNS, as_json=as_json)


@shops.command("policy")
@click.argument("code")
@click.option("--warehouse", help="Where its orders ship from.")
@click.option("--auto-review/--no-auto-review", default=None, help="Pass orders without remarks and flags.")
@click.option("--auto-review-up-to", metavar="YUAN", help="… up to this amount; `none`: any.")
@click.option("--auto-release/--no-auto-release", default=None, help="Release as soon as reviewed.")
@click.option("--business-review/--no-business-review", default=None, help="A second review.")
@click.option("--catalogue", type=click.Choice([m.value for m in CataloguePolicy]), help="`open` or `strict`.")
@click.option("--apportionment-rule", help="How open amounts are shared.")
@click.option("--apportionment-quantum", type=int, metavar="FEN", help="… in pieces of so many fen.")
@click.option("--sign-by-carrier/--no-sign-by-carrier", default=None, help="The carrier's word signs an order.")
@click.option(
    "--cancelled-as-closed/--no-cancelled-as-closed", default=None, help="Buyers see what was cancelled as closed."
)
@click.option(
    "--unpaid-minutes",
    type=click.IntRange(0, MOST_UNPAID_MINUTES),
    help="Cancel what is not paid after so long; 0: never.",
)
@click.option(
    "--complete-days",
    type=click.IntRange(1, MOST_COMPLETE_DAYS),
    help="Settle a signed order after so many days.",
)
@click.option("--strategy", help="Where its orders ship from, `default` or a kept one; `none`: its warehouse.")
@click.option("--carrier", "carriers", multiple=True, help="A carrier that it prefers; the first most. `none`: none.")
@click.option("--allow-carrier", "carriers_allowed", multiple=True, help="One that its platform allows. `none`: all.")
@click.option("--auto-split/--no-auto-split", default=None, help="Take orders apart before they are allocated.")
@click.option("--split-by", "split_triggers", multiple=True, type=click.Choice(TRIGGERS), help="… by this; repeatable.")
@click.option("--split-units", type=limit, help="Most units in one part; `none`: any.")
@click.option("--split-weight-g", type=limit, help="Most grams in one part; `none`: any.")
@click.option("--split-volume-cm3", type=limit, help="Most cubic centimetres in one part; `none`: any.")
@click.option("--split-customs", metavar="YUAN", help="Highest customs value of one part; `none`: any.")
@click.option("--split-lines", type=limit, help="Most lines in one part; `none`: any.")
@click.option("--merge-weight-g", type=limit, help="Most grams that orders may come to when merged; `none`: any.")
@click.option("--tag", "tags", multiple=True, help="A tag that its orders may have. `none`: no tags.")
@click.option("--auto-merge/--no-auto-merge", default=None, help="Put one buyer's orders to one address together.")
@click.option("--merge-window", "merge_window_min", type=click.IntRange(0, 1440), help="… after so many minutes.")
@json_option
@refusals_shown
def change_policy(
    code: str,
    warehouse: str | None,
    auto_review: bool | None,
    auto_review_up_to: str | None,
    auto_release: bool | None,
    business_review: bool | None,
    catalogue: str | None,
    apportionment_rule: str | None,
    apportionment_quantum: int | None,
    sign_by_carrier: bool | None,
    cancelled_as_closed: bool | None,
    unpaid_minutes: int | None,
    complete_days: int | None,
    strategy: str | None,
    carriers: tuple[str, ...],
    carriers_allowed: tuple[str, ...],
    auto_split: bool | None,
    split_triggers: tuple[str, ...],
    split_customs: str | None,
    tags: tuple[str, ...],
    auto_merge: bool | None,
    merge_window_min: int | None,
    as_json: bool,
    **limits: int | None,
) -> None:
    """Change how a shop works; what is not named stays."""
    container = ready()
    shop = shop_named(container, code, field="code")
    named: dict[str, Any] = {
        "warehouse": warehouse_code(warehouse) if warehouse is not None else None,
        "auto_review": auto_review,
        "auto_release": auto_release,
        "business_review": business_review,
        "catalogue": CataloguePolicy(catalogue) if catalogue else None,
        "apportionment_rule": apportionment_rule,
        "apportionment_quantum": apportionment_quantum,
        "sign_by_carrier": sign_by_carrier,
        "cancelled_as_closed": cancelled_as_closed,
        "unpaid_minutes": unpaid_minutes,
        "complete_days": complete_days,
        "strategy": "" if strategy == NONE else strategy,
        "carriers": _codes(carriers, "carrier") if carriers else None,
        "carriers_allowed": _codes(carriers_allowed, "allow-carrier") if carriers_allowed else None,
        "auto_split": auto_split,
        "split_triggers": split_triggers or None,
        "tags": _tags(tags) if tags else None,
        "auto_merge": auto_merge,
        "merge_window_min": merge_window_min,
    }
    if auto_review_up_to:
        limit = None if auto_review_up_to == "none" else parse_money(auto_review_up_to, field="auto-review-up-to")
        shop = evolve(shop, policy=evolve(shop.policy, auto_review_up_to=limit))
    if split_customs:
        customs = None if split_customs == NONE else parse_money(split_customs, field="split-customs")
        limits["split_customs_fen"] = customs.fen if customs else ANY
    cleared: dict[str, Any] = {
        name: None if value == ANY else value for name, value in limits.items() if value is not None
    }
    shop = evolve(shop, policy=evolve(shop.policy, **cleared))
    policy = evolve(shop.policy, **{name: value for name, value in named.items() if value is not None})
    changed = container.shops().change_policy(ChangePolicy(shop_id=shop.id, policy=policy, by=operator()))
    show([_row(changed)], COLUMNS, as_json=as_json)


def _tags(texts: tuple[str, ...]) -> tuple[str, ...]:
    if texts == (NONE,):
        return ()
    return tuple(checked_text(text, field="tag", longest=LONGEST_TAG, allow_empty=False) for text in texts)


def _codes(texts: tuple[str, ...], field: str) -> tuple[CarrierCode, ...]:
    return tuple(carrier_code(text, field=field) for text in texts if text != NONE)


@shops.command("connect")
@click.argument("code")
@click.option("--app-key", required=True)
@click.option("--app-secret", prompt=True, hide_input=True, help="Asked for if not given.")
@click.option("--session", prompt=True, hide_input=True, help="The shop's authorisation; asked for if not given.")
@click.option("--base-url", default="https://eco.taobao.com", show_default=True)
@json_option
@refusals_shown
def connect_shop(code: str, app_key: str, app_secret: str, session: str, base_url: str, as_json: bool) -> None:
    """Give a shop its account at the platform; orders are pulled from then on."""
    container = ready()
    shop = shop_named(container, code, field="code")
    account = TaobaoAccount(app_key=app_key, app_secret=app_secret, session=session, base_url=base_url)
    connect(container, shop.id, account)
    shop = shop_named(container, code, field="code")
    show([_row(shop)], COLUMNS, as_json=as_json)


def connect(container: Any, shop_id: ShopId, account: TaobaoAccount) -> None:
    """Seal and store a shop's account, and have its orders pulled."""
    sealed = container.sealer().seal_account(print_account(account), shop_id)
    container.shops().mark_authorisation(
        MarkAuthorisation(shop_id=shop_id, authorisation=Authorisation.VALID, account=sealed, by=operator())
    )
    jobs, now = container.jobs(), system_now()
    for handler in (PULL_ORDERS, PULL_AFTERSALES):
        jobs.ensure(handler, str(shop_id), due_at=now)
    for parked in container.queries().parked_jobs(operator(), limit=1000):
        if parked.handler in (PULL_ORDERS, PULL_AFTERSALES) and parked.key == str(shop_id):
            jobs.redrive(parked.id, now=now)


@click.group()
def keys() -> None:
    """The key ring that personal data and secrets are sealed with."""


@keys.command("init")
@json_option
@refusals_shown
def init_keys(as_json: bool) -> None:
    """Make the key file (mode 0600). Back it up apart from the database: without it nothing opens."""
    path = made().settings().keys_path
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        KeyRing.generate().store(path)
    except FileExistsError as error:
        raise KeyFileExists(path=str(path)) from error
    show([{"keys_file": str(path)}], ["keys_file"], as_json=as_json)


@click.group("api-keys")
def api_keys() -> None:
    """Keys that programs call the HTTP API with."""


@api_keys.command("add")
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, type=click.Choice([m.value for m in Permission]), required=True)
@click.option("--shop", "shop_codes", multiple=True, help="Only this shop; repeat for several. Default: all.")
@click.option("--role", default="", help="For limits in aftersales: see `oms roles`. Default: by its scopes.")
@json_option
@refusals_shown
def add_api_key(name: str, scopes: tuple[str, ...], shop_codes: tuple[str, ...], role: str, as_json: bool) -> None:
    """Make a key; it is shown once."""
    container = ready()
    found = [shop_named(container, code).id for code in shop_codes]
    command = MakeKey(
        name=name,
        permissions=frozenset(Permission(scope) for scope in scopes),
        shops=frozenset(found) if found else None,
        role=role,
        by=operator(),
    )
    show([{"name": name, "key": container.access().make(command)}], ["name", "key"], as_json=as_json)


@api_keys.command("list")
@json_option
@refusals_shown
def list_api_keys(as_json: bool) -> None:
    """List the keys, without their secrets."""
    rows = [
        {
            "prefix": key.prefix,
            "name": key.name,
            "scopes": sorted(key.permissions),
            "shops": "all" if key.shops is None else len(key.shops),
            "role": key.role,
            "created_at": key.created_at.isoformat(timespec="seconds"),
            "revoked_at": key.revoked_at.isoformat(timespec="seconds") if key.revoked_at else None,
        }
        for key in ready().database().keys.all()
    ]
    show(rows, ["prefix", "name", "scopes", "shops", "role", "created_at", "revoked_at"], as_json=as_json)


@api_keys.command("revoke")
@click.argument("prefix")
@json_option
@refusals_shown
def revoke_api_key(prefix: str, as_json: bool) -> None:
    """Revoke a key, at once."""
    container = ready()
    key = container.database().keys.by_prefix(checked_text(prefix, field="prefix", longest=LONGEST_PREFIX))
    if key is None or not container.database().keys.revoke(key.id, at=system_now()):
        raise ApiKeyNotFound(prefix=prefix)
    show([{"prefix": prefix, "revoked": True}], ["prefix", "revoked"], as_json=as_json)


@click.group("roles")
def roles() -> None:
    """What somebody is in aftersales, for limits of what they may give (角色)."""


ROLE_COLUMNS = ["code", "title", "is_retired"]


@roles.command("list")
@json_option
@refusals_shown
def list_roles(as_json: bool) -> None:
    """List the roles, the built-in ones first."""
    show(map(asdict, ready().access().roles(ReadRoles(by=operator()))), ROLE_COLUMNS, as_json=as_json)


@roles.command("put")
@click.argument("code")
@click.option("--title", required=True, help="What people call it.")
@json_option
@refusals_shown
def put_role(code: str, title: str, as_json: bool) -> None:
    """Name a role, or name it otherwise; limits: `oms aftersales terms SHOP --limit CODE:refund=500.00`."""
    role = ready().access().put_role(PutRole(code=code, title=title, by=operator()))
    show([asdict(role)], ROLE_COLUMNS, as_json=as_json)


@roles.command("retire")
@click.argument("code")
@json_option
@refusals_shown
def retire_role(code: str, as_json: bool) -> None:
    """Give a role to nobody any more; who has it keeps it."""
    role = ready().access().retire_role(RetireRole(code=code, by=operator()))
    show([asdict(role)], ROLE_COLUMNS, as_json=as_json)


def _row(shop: Shop) -> dict[str, Any]:
    return {
        "id": str(shop.id),
        "code": shop.code,
        "name": shop.name,
        "platform": shop.platform,
        "authorisation": str(shop.authorisation),
        "warehouse": shop.policy.warehouse,
        "strategy": shop.policy.strategy,
        "auto_review": shop.policy.auto_review,
        "auto_release": shop.policy.auto_release,
        "catalogue": str(shop.policy.catalogue),
    }
