"""What is shipped: one wheel, whose domain needs attrs alone and whose server brings its migrations along."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from email.parser import Parser
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import attr
import pytest

ROOT = Path(__file__).parents[2]
LIBRARIES = Path(attr.__file__).parents[1]

# The wheel is built once: on one worker.
pytestmark = [pytest.mark.xdist_group("packaging"), pytest.mark.timeout(300)]

IMPORT_THE_DOMAIN = """
import importlib, json, pkgutil, sys
known = set(sys.modules)
import oms_domain
names = [m.name for m in pkgutil.walk_packages(oms_domain.__path__, "oms_domain.")]
names = [name for name in names if not name.startswith("oms_domain.testing")]
for name in names:
    importlib.import_module(name)
foreign = {name.partition(".")[0] for name in set(sys.modules) - known} - sys.stdlib_module_names
print(json.dumps({"file": oms_domain.__file__, "modules": names, "foreign": sorted(foreign)}))
"""
RUN_OMS = """
import sys
from oms_adapters.bootstrap.cli import main
main()
"""
LOOK_WHERE_IT_IS = """
import json, oms_adapters, oms_app, oms_domain
from oms_adapters.db.database import migration_config
places = [oms_adapters.__file__, oms_app.__file__, oms_domain.__file__, oms_domain.__file__]
print(json.dumps([*places, migration_config().get_main_option("script_location")]))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as it would be published, built without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (found,) = folder.iterdir()
    return found


@pytest.fixture(scope="module")
def unzipped(wheel: Path) -> Path:
    """A folder with what is in the wheel, and nothing else."""
    folder = wheel.parent / "unzipped"
    with ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def attrs_alone(unzipped: Path) -> Path:
    """A folder with attrs, and nothing else."""
    folder = unzipped.parent / "attrs_alone"
    for package in ("attr", "attrs"):
        shutil.copytree(LIBRARIES / package, folder / package)
    return folder


def python(
    code: str, *arguments: str, path: tuple[Path, ...], cwd: Path, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run a bare interpreter that finds the standard library and ``path``: no site-packages, no editable install."""
    begin = f"import sys; sys.path[:0] = {[str(folder) for folder in path]!r}; sys.argv = {['oms', *arguments]!r}\n"
    return subprocess.run(
        [sys.executable, "-I", "-S", "-W", "error", "-c", begin + code],
        cwd=cwd,
        env={name: value for name, value in os.environ.items() if not name.startswith("OMS_")},
        check=check,
        capture_output=True,
        text=True,
        timeout=120,
    )


def oms(*arguments: str, unzipped: Path, cwd: Path) -> Any:
    done = python(RUN_OMS, *arguments, "--json", path=(unzipped, LIBRARIES), cwd=cwd, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


# --- what is in it ---------------------------------------------------------------------------------------------------


def test_the_wheel_has_every_module_the_types_and_the_migrations_and_nothing_else(wheel):
    with ZipFile(wheel) as archive:
        shipped = {name for name in archive.namelist() if ".dist-info/" not in name}

    source = {path.relative_to(ROOT / "src").as_posix() for path in files_of(ROOT / "src")}
    migrations = {
        f"oms_adapters/db/migrations/{path.relative_to(ROOT / 'migrations').as_posix()}"
        for path in files_of(ROOT / "migrations")
    }
    assert shipped == source | migrations
    assert {f"oms_{layer}/py.typed" for layer in ("domain", "app", "adapters")} <= shipped
    assert {"oms_adapters/db/migrations/env.py", "oms_adapters/db/migrations/script.py.mako"} <= shipped
    assert any(name.startswith("oms_adapters/db/migrations/versions/0001_") for name in shipped)


def files_of(folder: Path) -> list[Path]:
    """Return the files that are kept in the tree."""
    return [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]


def test_the_wheel_needs_attrs_alone(unzipped):
    (metadata,) = unzipped.glob("*.dist-info/METADATA")
    needs = Parser().parsestr(metadata.read_text(encoding="utf-8")).get_all("Requires-Dist")

    assert [need.split(">")[0] for need in needs if "extra ==" not in need] == ["attrs"]


def test_the_wheel_says_what_it_offers(unzipped):
    (metadata,) = unzipped.glob("*.dist-info/METADATA")
    told = Parser().parsestr(metadata.read_text(encoding="utf-8"))
    (commands,) = unzipped.glob("*.dist-info/entry_points.txt")

    assert told["Requires-Python"] == ">=3.11"
    assert {"app", "server", "postgres", "mysql", "testing"} <= set(told.get_all("Provides-Extra"))
    assert commands.read_text() == "[console_scripts]\noms = oms_adapters.bootstrap.cli:main\n"


# --- the domain alone ------------------------------------------------------------------------------------------------


def test_the_domain_works_with_attrs_and_nothing_else(unzipped, attrs_alone, tmp_path):
    done = python(IMPORT_THE_DOMAIN, path=(unzipped, attrs_alone), cwd=tmp_path)

    found = json.loads(done.stdout)
    assert Path(found["file"]).is_relative_to(unzipped)
    assert found["foreign"] == ["attr", "attrs", "oms_domain"]
    assert {"oms_domain.kernel.money", "oms_domain.orders.sales_order"} <= set(found["modules"])
    assert len(found["modules"]) > 15


def test_the_domain_counts_with_attrs_and_nothing_else(unzipped, attrs_alone, tmp_path):
    code = "from oms_domain.kernel.money import Money; print((Money(100) + Money(23)).fen)"

    assert python(code, path=(unzipped, attrs_alone), cwd=tmp_path).stdout == "123\n"


def test_examples_need_no_more_and_strategies_say_what_they_need(unzipped, attrs_alone, tmp_path):
    path = (unzipped, attrs_alone)
    examples = "from oms_domain.testing.builders import a_sales_order; print(a_sales_order().payable.fen)"

    assert python(examples, path=path, cwd=tmp_path).stdout == "23600\n"
    done = python("import oms_domain.testing.strategies", path=path, cwd=tmp_path, check=False)
    assert "No module named 'hypothesis'" in done.stderr


@pytest.mark.parametrize("arguments", [(), ("--help",), ("serve",)])
def test_the_command_without_its_extras_says_what_to_install(unzipped, attrs_alone, tmp_path, arguments):
    done = python(RUN_OMS, *arguments, path=(unzipped, attrs_alone), cwd=tmp_path, check=False)

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == "oms: click is not installed; the command needs: pip install 'oms[server]'\n"


# --- the server ------------------------------------------------------------------------------------------------------


def test_the_unzipped_wheel_is_what_runs_with_its_own_migrations(unzipped, tmp_path):
    done = python(LOOK_WHERE_IT_IS, path=(unzipped, LIBRARIES), cwd=tmp_path)

    *modules, migrations = map(Path, json.loads(done.stdout))
    assert all(module.is_relative_to(unzipped) for module in modules)
    assert migrations == unzipped / "oms_adapters" / "db" / "migrations"


def test_the_wheel_migrates_and_its_doctor_finds_nothing(unzipped, tmp_path):
    migrated = oms("migrate", unzipped=unzipped, cwd=tmp_path)
    again = oms("migrate", unzipped=unzipped, cwd=tmp_path)

    ((first,), (second,)) = migrated, again
    assert (first["from"], first["done"]) == ("nothing", True)
    assert (second["from"], second["to"]) == (first["to"], first["to"])
    assert oms("doctor", unzipped=unzipped, cwd=tmp_path) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]


def test_the_wheel_knows_its_version(unzipped, tmp_path):
    done = python(RUN_OMS, "--version", path=(unzipped, LIBRARIES), cwd=tmp_path)

    assert done.stdout.split()[-1] == next(unzipped.glob("*.dist-info")).name.split("-")[1].removesuffix(".dist")


def test_the_wheel_serves_the_application(unzipped, tmp_path):
    oms("migrate", unzipped=unzipped, cwd=tmp_path)
    code = (
        "from oms_adapters.bootstrap.asgi import build_app\n"
        "from oms_adapters.bootstrap.session import ready\n"
        "print(len(build_app(ready()).routes) > 10)"
    )

    assert python(code, path=(unzipped, LIBRARIES), cwd=tmp_path).stdout == "True\n"
