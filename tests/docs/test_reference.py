"""The reference is what the code says, and every dependency has its reason."""

import re
import runpy
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
REGENERATE = "the page is not what the code says: run `make docs`"


@pytest.fixture(scope="module")
def generate():
    return runpy.run_path(str(DOCS / "generate.py"))


@pytest.mark.parametrize("name", ["settings", "cli", "errors", "events", "tables", "states", "rules"])
def test_the_page_is_what_the_code_says(generate, name):
    page = DOCS / "reference" / f"{name}.md"
    text = page.read_text(encoding="utf-8")

    assert page in generate["PAGES"]
    assert generate["rewritten"](text) == text, REGENERATE


def test_the_theory_page_shows_what_is_stored(generate):
    page = DOCS / "explanation" / "apportionment.md"

    assert page in generate["PAGES"]
    assert generate["rewritten"](page.read_text(encoding="utf-8")) == page.read_text(encoding="utf-8"), REGENERATE


def test_a_page_that_was_left_behind_is_noticed(generate):
    text = (DOCS / "reference" / "errors.md").read_text(encoding="utf-8")
    behind = text.replace("`orders.flagged`", "`orders.marked`")

    assert generate["rewritten"](behind) == text != behind


FOR_US = ("test", "bench", "mutation")  # extras that nobody needs to run anything


def test_every_runtime_dependency_has_its_reason():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = {name: packages for name, packages in project["optional-dependencies"].items() if name not in FOR_US}
    wanted = {(name_of(each), "") for each in project["dependencies"]}
    wanted |= {(name_of(each), extra) for extra, packages in extras.items() for each in packages}
    page = (DOCS / "adr" / "0007-runtime-dependencies.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([a-z0-9-]+) \| ([a-z]*) ?\| .+ \|$", page, re.MULTILINE)

    assert {row for row in rows if row[0] != "package"} == {each for each in wanted if each[0] != "oms"}


def name_of(requirement):
    return re.match(r"[A-Za-z0-9-]+", requirement)[0]
