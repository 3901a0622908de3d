"""What every command starts with: settings read, refusals shown as one line, the database looked at."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from functools import wraps
from typing import ClassVar, ParamSpec, TypeVar

import click
from attrs import frozen

from oms_adapters.bootstrap.container import Container
from oms_adapters.bootstrap.logs import configure_logs
from oms_adapters.bootstrap.settings import Settings, load_settings
from oms_adapters.crypto.keys import BadKeyFile, KeyRing
from oms_app.actor import EVERYTHING, Actor
from oms_domain.kernel.errors import OmsError

P = ParamSpec("P")
R = TypeVar("R")


@frozen(kw_only=True)
class SchemaBehind(OmsError):
    """The database's schema is not the program's. ``found`` empty: there is none yet."""

    code: ClassVar[str] = "store.schema_behind"
    found: str
    wanted: str


HINTS = {
    "store.schema_behind": "run `oms migrate`",
    "store.unavailable": "is the database running, and OMS_DATABASE_URL right?",
    "store.unsafe_database": "change the database's setting, or pass OMS_DATABASE_UNSAFE=1 in tests only",
    "keys.bad_file": "point OMS_KEYS_FILE at your key file; only a new installation makes one (`oms keys init`)",
    "shops.not_found": "see `oms shops list`; add one with `oms shops add CODE --name NAME --platform taobao`",
    "shops.code_taken": "choose another code, or see `oms shops list`",
    "orders.not_found": "see `oms orders list`",
    "orders.number_unknown": "see `oms orders list`",
}
"""What to do next, by the code of the refusal."""


def refusals_shown(command: Callable[P, R]) -> Callable[P, R]:
    """Show a refusal as one line with what to do next, and exit 1."""

    @wraps(command)
    def shown(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except OmsError as error:
            hint = HINTS.get(error.code)
            raise click.ClickException(f"{error}" + (f"\n  → {hint}" if hint else "")) from error

    return shown


def made(*, quiet: bool = True) -> Container:
    """Read the settings and wire everything; nothing is opened yet."""
    settings = load_settings()
    configure_logs(settings.log_level, quiet=quiet)
    return Container(settings=settings)


def ready(*, quiet: bool = True) -> Container:
    """As ``made``, with the schema and the database's safety checked. Raises ``SchemaBehind``, ``UnsafeDatabase``."""
    container = made(quiet=quiet)
    settings: Settings = container.settings()
    path = settings.sqlite_path
    if path is not None and not path.exists():
        raise SchemaBehind(found="", wanted="head")
    if quiet:
        container.numbering().block = 1  # a command makes few documents: no gaps of a hundred behind each
    database = container.database()
    found, wanted = database.revision()
    if found != wanted:
        raise SchemaBehind(found=found or "", wanted=wanted or "")
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
    return Actor(id=f"cli:{name}", permissions=EVERYTHING)
