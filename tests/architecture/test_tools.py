"""Types and style hold everywhere, and the tools that say so do find faults."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# One after the other on one worker: both keep a cache in the tree.
pytestmark = [pytest.mark.xdist_group("tools"), pytest.mark.timeout(300)]


def run(*arguments, text=None):
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, input=text, capture_output=True, text=True, check=False
    )


def test_types_are_strict_and_right():
    done = run("mypy")

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_code_keeps_its_style():
    done = run("ruff", "check", ".")

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_code_is_formatted():
    done = run("ruff", "format", "--check", ".")

    assert done.returncode == 0, done.stdout + done.stderr


def test_a_planted_wrong_type_is_found():
    done = run("mypy", "--strict", "--config-file=", "-c", "def f(x): return x")

    assert done.returncode == 1
    assert "untyped" in done.stdout


@pytest.mark.parametrize(
    ("command", "source", "code"),
    [
        (("check",), '"""Planted."""\n\nimport os\n', "F401"),
        (("check",), '"""Planted."""\n\nprint(1)\n', "T201"),
        (("check",), '"""Planted."""\n\nfrom datetime import datetime\n\nNOW = datetime.now()\n', "DTZ005"),
        (("format", "--check"), "x   =  1\n", ""),
    ],
)
def test_planted_bad_style_is_found(command, source, code):
    done = run("ruff", *command, "--stdin-filename", "src/oms_domain/planted.py", "-", text=source)

    assert done.returncode == 1
    assert code in done.stdout + done.stderr
