"""An embedded installation in a folder of its own, used as a person would: by the ``oms`` command."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import define, field, frozen
from click.testing import CliRunner

from oms_adapters.bootstrap import session
from oms_adapters.bootstrap.commands import oms as command
from oms_adapters.bootstrap.container import Container

PAYLOADS: Final = Path(__file__).parents[2] / "payloads" / "taobao"


@frozen
class Done:
    """What a command did: its exit code and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What was written with ``--json``: one object a line, and nothing else."""
        return [json.loads(line) for line in self.out.splitlines()]


@define
class Installation:
    """A folder in which ``oms`` is called."""

    folder: Path
    made: list[Container] = field(factory=list)

    @property
    def database(self) -> Path:
        return self.folder / "data" / "oms.db"

    def run(self, *words: str, input: str | None = None) -> Done:
        """Run a command in this process, and let go of what it has opened."""
        result = CliRunner().invoke(command, words, input=input, prog_name="oms")
        while self.made:
            container = self.made.pop()
            with suppress(Exception):  # settings that are wrong open nothing
                container.database().close()
                if (self.folder / "data" / "simulated-warehouse.db").exists():
                    container.wms().close()
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Done(result.exit_code, result.stdout, result.stderr)

    def rows(self, *words: str, code: int = 0) -> list[dict[str, Any]]:
        """Run a command with ``--json``; return its rows."""
        done = self.run(*words, "--json")
        assert done.code == code, done
        return done.rows

    def write(self, name: str, content: Any) -> str:
        """Write a file; return its path."""
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode())
        return str(path)

    def ingest(self, *paths: str, code: int = 0) -> list[dict[str, Any]]:
        return self.rows("ingest", *paths, "--platform", "taobao", "--shop", "tb", code=code)

    def sql(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Do something past everything that guards the database."""
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute("PRAGMA ignore_check_constraints = ON")
            return connection.execute(statement, parameters).fetchall()


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """A folder with nothing in it, and no setting made but the language: the sentences in these tests are English."""
    for name in [name for name in os.environ if name.startswith("OMS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OMS_LANGUAGE", "en")
    monkeypatch.chdir(tmp_path)
    installation = Installation(tmp_path)

    def recorded(**dependencies: Any) -> Container:
        container = Container(**dependencies)
        installation.made.append(container)
        return container

    monkeypatch.setattr(session, "Container", recorded)
    return installation


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with installations that were made once, to be copied."""
    return tmp_path_factory.mktemp("kept")


def copied(installation: Installation, place: Path, make: Callable[[Installation], object]) -> Installation:
    """Make what stands in ``data`` the first time, and copy it from then on."""
    data = installation.folder / "data"
    if place.exists():
        shutil.copytree(place, data, dirs_exist_ok=True)
    else:
        make(installation)
        shutil.copytree(data, place)
    return installation


@pytest.fixture
def migrated(bare: Installation, kept: Path) -> Installation:
    """An installation without a shop."""
    return copied(bare, kept / "migrated", lambda installation: installation.rows("migrate"))


@pytest.fixture
def oms(migrated: Installation, kept: Path) -> Installation:
    """An installation with a shop on Taobao."""
    add = ("shops", "add", "tb", "--name", "样例旗舰店", "--platform", "taobao", "--catalogue", "open")
    return copied(migrated, kept / "with a shop", lambda installation: installation.rows(*add))


@pytest.fixture
def allocated(oms: Installation, kept: Path) -> Installation:
    """An installation with an order that has its stock and waits for its review."""

    def make(installation: Installation) -> None:
        installation.ingest(str(PAYLOADS / "taobao_trade_single.json"))
        (order,) = installation.rows("orders", "list")
        (shown,) = installation.rows("orders", "show", order["number"])
        installation.rows("stock", "receive", shown["lines"][0]["sku"], "10")
        installation.rows("drain")

    return copied(oms, kept / "with an order", make)


def trade(name: str = "taobao_trade_single", **changes: Any) -> dict[str, Any]:
    """Return a recorded payload, with fields of the trade changed."""
    recorded: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text("utf-8"))
    recorded["trade_fullinfo_get_response"]["trade"] |= changes
    return recorded


def numbered(n: int, **changes: Any) -> dict[str, Any]:
    """Return a recorded payload with an order number of its own."""
    number = 9_100_000_000_000_100_000 + n
    return trade(**{"tid": number, "tid_str": str(number)} | changes)
