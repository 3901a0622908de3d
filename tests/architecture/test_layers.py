"""Imports point inwards: the contracts of .importlinter hold, and what may be imported from outside is listed here."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src"

LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"

ALLOWED = {  # longest package name first wins
    "oms_domain": {"attr", "attrs", "oms_domain"},
    "oms_domain.testing": {"attr", "attrs", "oms_domain", "hypothesis"},
    "oms_app": {"attr", "attrs", "oms_domain", "oms_app"},
}


def lint_imports(src):
    arguments = ("--config", str(ROOT / ".importlinter"), "--no-cache", "--no-logo")
    # In ``src`` itself, so that its packages are found first whether or not they are installed.
    command = [sys.executable, "-c", LINT, *arguments]
    return subprocess.run(command, cwd=src, capture_output=True, text=True, check=False)


def foreign_imports(source, allowed):
    """Return the packages that a module imports and may not."""
    names = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.append(node.module)
    packages = {name.partition(".")[0] for name in names}
    return packages - allowed - sys.stdlib_module_names


def modules(package):
    return sorted((SRC / package.replace(".", "/")).rglob("*.py"))


def allowed_in(path):
    name = ".".join(path.relative_to(SRC).with_suffix("").parts)
    package = max((p for p in ALLOWED if f"{name}.".startswith(f"{p}.")), key=len)
    return ALLOWED[package]


def test_the_contracts_hold():
    done = lint_imports(SRC)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "text", "broken"),
    [
        ("oms_domain/planted.py", "import oms_app", "Adapters may import the application"),
        ("oms_app/planted.py", "import oms_adapters.db", "Adapters may import the application"),
        ("oms_domain/kernel/planted.py", "import oms_domain.shops.shop", "A sub-domain imports lower ranks only"),
        ("oms_domain/shops/planted.py", "import oms_domain.channels.standard", "A sub-domain imports lower ranks only"),
        ("oms_domain/inventory/planted.py", "import oms_domain.orders", "A sub-domain imports lower ranks only"),
        ("oms_domain/novelty/__init__.py", "", "A sub-domain imports lower ranks only"),
        ("oms_adapters/memory/planted.py", "import oms_adapters.db", "Adapters do not import each other"),
        ("oms_adapters/db/planted.py", "import oms_adapters.bootstrap", "Adapters do not import each other"),
        ("oms_adapters/texts/planted.py", "import oms_adapters.http", "Adapters do not import each other"),
        ("oms_adapters/novelty/__init__.py", "", "Adapters do not import each other"),
    ],
)
def test_a_planted_import_or_an_unlisted_package_breaks_its_contract(tmp_path, module, text, broken):
    src = shutil.copytree(SRC, tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__", "static", "migrations"))
    planted = src / module
    planted.parent.mkdir(exist_ok=True)
    planted.write_text(text)

    done = lint_imports(src)

    assert done.returncode == 1, done.stderr
    assert broken in " ".join(done.stdout.split()).partition("Broken contracts")[2]


@pytest.mark.parametrize("package", ["oms_domain", "oms_app"])
def test_only_what_is_listed_is_imported_from_outside(package):
    found = {
        str(path.relative_to(SRC)): foreign
        for path in modules(package)
        if (foreign := foreign_imports(path.read_text(), allowed_in(path)))
    }

    assert found == {}


def test_the_domain_installs_with_attrs_alone():
    """What runs without the extras: every module of the domain but ``testing``, with everything else hidden."""
    names = [
        ".".join(path.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__")
        for path in modules("oms_domain")
        if "testing" not in path.parts
    ]
    hidden = ("hypothesis", "sqlalchemy", "litestar", "httpx2", "cattrs", "structlog", "cryptography", "click")
    program = f"import sys; sys.modules.update(dict.fromkeys({hidden})); [__import__(n) for n in {names}]"

    done = subprocess.run([sys.executable, "-c", program], cwd=SRC, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("source", "foreign"),
    [
        ("import sqlalchemy as sa", {"sqlalchemy"}),
        ("from litestar.handlers import post", {"litestar"}),
        ("def f():\n    import httpx2", {"httpx2"}),
        ("if TYPE_CHECKING:\n    from cattrs import Converter", {"cattrs"}),
        ("import datetime, attrs\nfrom oms_domain.kernel import money\nfrom . import x", set()),
    ],
)
def test_a_planted_foreign_import_is_found(source, foreign):
    assert foreign_imports(source, ALLOWED["oms_domain"]) == foreign


def test_hypothesis_is_allowed_in_testing_only():
    assert "hypothesis" in allowed_in(SRC / "oms_domain/testing/strategies.py")
    assert "hypothesis" not in allowed_in(SRC / "oms_domain/kernel/money.py")
