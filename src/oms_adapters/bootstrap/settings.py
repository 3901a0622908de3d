"""How a deployment runs: defaults, then a TOML file, then ``OMS_…`` variables. How a shop works stands in the database.

``OMS_DATABASE_URL`` sets ``database.url``, and so on; ``OMS_SETTINGS`` names the TOML file (section ``[oms]``).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Final

import attrs
import typed_settings as ts
from attrs import frozen
from sqlalchemy.engine import make_url

from oms_adapters.texts.catalogue import LANGUAGES
from oms_domain.kernel.errors import OmsError

SETTINGS_FILE: Final = "OMS_SETTINGS"
_OPTION: Final = re.compile(r"option '([a-z0-9_.]+)'", re.ASCII)


@frozen(kw_only=True)
class BadSettings(OmsError):
    """A setting cannot be used: which, and what it may be."""

    code: ClassVar[str] = "settings.bad"
    setting: str
    why: str


BOUNDS: Final = {
    "OMS_DATABASE_POOL": (1, 64),
    "OMS_HTTP_PORT": (1, 65535),
    "OMS_HTTP_THREADS": (1, 64),
    "OMS_HTTP_BODY_LIMIT": (1024, 256 * 1024 * 1024),
    "OMS_HTTP_KEY_KEEP_S": (0, 300),
    "OMS_WORKER_THREADS": (1, 16),
    "OMS_WORKER_PULL_EVERY_S": (1, 3600),
    "OMS_WORKER_WAREHOUSE_SILENT_H": (1, 24 * 60),
}
CHOICES: Final = {
    "OMS_LOG_LEVEL": ("debug", "info", "warning", "error"),
    "OMS_LANGUAGE": LANGUAGES,
    "OMS_BUSINESS": ("by_hand", "simulated"),
}
SECRETS: Final = frozenset({"OMS_DATABASE_URL", "OMS_TRACKING_KUAIDI100_SALT"})


@frozen
class DatabaseSettings:
    """Where everything is stored."""

    url: str = ts.secret(default="sqlite:///data/oms.db")
    pool: int = 4
    unsafe: bool = False  # start on a database that may lose commits: tests only


@frozen
class HttpSettings:
    """The server."""

    host: str = "127.0.0.1"
    port: int = 8000
    threads: int = 4
    body_limit: int = 8 * 1024 * 1024
    key_keep_s: int = 5  # so long may an API key work on that was revoked; 0: it is read at every request


@frozen
class WorkerSettings:
    """Background work in the server's own process."""

    in_process: bool = True
    threads: int = 2
    pull_every_s: int = 30
    warehouse_silent_h: int = 48  # an order that a warehouse says nothing of for so long is shown to a person


@frozen
class TrackingSettings:
    """What carriers sign their pushes with. Empty: none is taken."""

    kuaidi100_salt: str = ts.secret(default="")


@frozen
class Settings:
    """All settings."""

    database: DatabaseSettings = DatabaseSettings()
    http: HttpSettings = HttpSettings()
    worker: WorkerSettings = WorkerSettings()
    tracking: TrackingSettings = TrackingSettings()
    keys_file: str = ""  # default: beside an embedded SQLite file
    data_dir: str = "data"  # simulators' files
    business: str = "by_hand"  # who gives virtual goods: a person who says so, or a simulated system
    log_level: str = "info"
    language: str = LANGUAGES[0]  # of refusals on the command line; HTTP asks the caller

    @property
    def keys_path(self) -> Path:
        """Raises ``BadSettings``: only beside an embedded SQLite file is there a place by default."""
        if self.keys_file:
            return Path(self.keys_file)
        if self.sqlite_path is None:
            raise BadSettings(setting="OMS_KEYS_FILE", why="must name the key file; make one with `oms keys init`")
        return self.sqlite_path.with_name("oms-keys.json")

    @property
    def sqlite_path(self) -> Path | None:
        """The embedded database's file, None on a server."""
        url = make_url(str(self.database.url))
        return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def load_settings() -> Settings:
    """Read the settings. Raises ``BadSettings``."""
    named = os.environ.get(SETTINGS_FILE)
    if named and not Path(named).is_file():
        raise BadSettings(setting=SETTINGS_FILE, why=f"there is no file {named}")
    unknown = sorted(_unknown(os.environ))
    if unknown:
        raise BadSettings(setting=unknown[0], why="there is no such setting; see docs/reference/settings.md")
    try:
        settings = ts.load(
            Settings, appname="oms", config_files=[named] if named else [], env_prefix="OMS_", config_files_var=None
        )
    except Exception as error:
        why = "; ".join(_leaves(error))
        raise BadSettings(setting=_named(why) or SETTINGS_FILE, why=why[:400]) from error
    try:
        settings.sqlite_path  # noqa: B018 - a URL that cannot be read shows here
    except Exception as error:
        raise BadSettings(setting="OMS_DATABASE_URL", why="; ".join(_leaves(error))[:400]) from error
    _check(settings)
    return settings


def _check(settings: Settings) -> None:
    for name, value, _ in _names("OMS", settings):
        least, most = BOUNDS.get(name, (None, None))
        if least is not None and most is not None and not least <= value <= most:
            raise BadSettings(setting=name, why=f"is {value}, must be {least} to {most}")
        if name in CHOICES and value not in CHOICES[name]:
            raise BadSettings(setting=name, why=f"must be one of {', '.join(CHOICES[name])}")


def _named(why: str) -> str:
    """Return the variable of the option that the library complains of; nothing where it is the file that is wrong."""
    found = _OPTION.search(why)
    return f"OMS_{found[1].upper().replace('.', '_')}" if found else ""


def _leaves(error: BaseException) -> Iterator[str]:
    """Yield what is really wrong, out of the groups that the library wraps it in."""
    inner = getattr(error, "exceptions", None) or ([error.__cause__] if error.__cause__ else [])
    if not inner:
        yield " ".join(str(error).split())
    for one in inner:
        yield from _leaves(one)


def names() -> Iterator[tuple[str, Any, bool]]:
    """Yield every setting: variable, default, whether it is secret."""
    yield from _names("OMS", Settings())


def _names(prefix: str, node: Any) -> Iterator[tuple[str, Any, bool]]:
    for attribute in attrs.fields(type(node)):
        value, name = getattr(node, attribute.name), f"{prefix}_{attribute.name.upper()}"
        if attrs.has(type(value)):
            yield from _names(name, value)
        else:
            yield name, value, name in SECRETS


def _unknown(environment: Any) -> Iterator[str]:
    known = {name for name, _, _ in names()} | {SETTINGS_FILE}
    for name in environment:
        if name.startswith("OMS_") and not name.startswith("OMS_TEST_") and name not in known:
            yield name
