"""What every command starts with: settings read, refusals told to people, the database looked at."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from oms_adapters.bootstrap.container import Container
from oms_adapters.bootstrap.logs import configure_logs
from oms_adapters.bootstrap.refusals import SchemaBehind, Told
from oms_adapters.bootstrap.settings import BadSettings, Settings, load_settings
from oms_adapters.crypto.keys import BadKeyFile, KeyRing
from oms_adapters.texts.catalogue import LANGUAGES
from oms_app.actor import EVERYTHING, Actor
from oms_app.shops import FindShop
from oms_domain.kernel.errors import OmsError
from oms_domain.shops.shop import Shop, shop_code

P = ParamSpec("P")
R = TypeVar("R")


def refusals_shown(command: Callable[P, R]) -> Callable[P, R]:
    """Tell of a refusal in the reader's language with what to do next, and exit 1. With ``--json`` it is one object."""

    @wraps(command)
    def shown(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except OmsError as refusal:
            as_json = bool(kwargs.get("as_json") or kwargs.get("wants_json"))
            raise Told(refusal, language(), as_json=as_json) from refusal

    return shown


def language() -> str:
    """Return the language of whoever reads this terminal: ``OMS_LANGUAGE``, or the settings' default."""
    try:
        return load_settings().language
    except BadSettings:
        named = os.environ.get("OMS_LANGUAGE", "")  # what is wrong may be another setting
        return named if named in LANGUAGES else LANGUAGES[0]


def made(*, quiet: bool = True) -> Container:
    """Read the settings and wire everything; nothing is opened yet."""
    settings = load_settings()
    configure_logs(settings.log_level, quiet=quiet)
    return Container(settings=settings)


def ready(*, quiet: bool = True) -> Container:
    """As ``made``, with the schema and the database's safety checked.

    Raises:
        SchemaBehind, SchemaAhead, UnsafeDatabase.
    """
    container = made(quiet=quiet)
    settings: Settings = container.settings()
    path = settings.sqlite_path
    if path is not None and not path.exists():
        raise SchemaBehind(found="nothing", wanted="head")
    if quiet:
        container.numbering().block = 1  # a command makes few documents: no gaps of a hundred behind each
    database = container.database()
    found, wanted = database.revision()
    if found != wanted:
        database.check_known()
        raise SchemaBehind(found=found or "nothing", wanted=wanted or "")
    if not settings.database.unsafe:
        database.check_safety()
    return container


def ensure_embedded_files(settings: Settings) -> None:
    """Make the folder and the key file of an embedded database; a server's key file is made by hand, once."""
    if settings.sqlite_path is None:
        return
    settings.sqlite_path.parent.mkdir(parents=True, exist_ok=True)
    if settings.keys_path.exists():
        return
    if settings.sqlite_path.exists():
        # New keys would open nothing of what is sealed there.
        raise BadKeyFile(path=str(settings.keys_path), why="missing, but there are data: restore it from your backup")
    KeyRing.generate().store(settings.keys_path)


def operator() -> Actor:
    """Whoever sits at this terminal: they have the files, so they may do everything; the log names them."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "unknown"
    return Actor(id=f"cli:{name}", permissions=EVERYTHING, agent=name)


def shop_named(container: Container, code: str, *, field: str = "shop") -> Shop:
    """Return the shop that was named. Raises ``InvalidShopCode``, ``ShopNotFound``."""
    shop: Shop = container.shops().find(FindShop(code=shop_code(code, field=field), by=operator()))
    return shop
