"""The docs say what the code does: diagrams are the tables, and every word of the business is in the glossary."""

import importlib
import inspect
import pkgutil
import re
import runpy
from enum import StrEnum
from pathlib import Path

import pytest

import oms_domain
from oms_domain.aftersales.returns import RETURN_TABLE
from oms_domain.aftersales.states import CASE_ENDS, CASE_ENTRIES, CASE_TABLES
from oms_domain.aftersales.tickets import TICKET_TABLE
from oms_domain.fulfilment.fulfilment_order import FULFILMENT_ENDS, FULFILMENT_TABLE, FulfilmentState
from oms_domain.kernel.change import Event
from oms_domain.kernel.states import mermaid
from oms_domain.orders.states import ENDS, ENTRIES, ORDER_TABLE
from oms_domain.refunds.states import REFUND_TABLE

DOCS = Path(__file__).parents[2] / "docs"
GLOSSARY = (DOCS / "glossary.md").read_text(encoding="utf-8")
STATES = (DOCS / "reference/states.md").read_text(encoding="utf-8")
REGENERATE = "the page is not what the code says: run .venv/bin/python docs/generate.py"

ROW = re.compile(r"^\| (.+) \| `(.+)` \| (.+) \|$", re.MULTILINE)


def domain_classes(root):
    for found in pkgutil.walk_packages(oms_domain.__path__, "oms_domain."):
        for cls in vars(importlib.import_module(found.name)).values():
            if inspect.isclass(cls) and issubclass(cls, root) and cls.__module__ == found.name:
                yield cls


def words():
    """Chinese and value of each row by its code."""
    return {code: (chinese, value) for chinese, code, value in ROW.findall(GLOSSARY)}


def test_the_pages_hold_what_is_generated_from_the_code():
    generate = runpy.run_path(str(DOCS / "generate.py"))

    for page in generate["PAGES"]:
        text = page.read_text(encoding="utf-8")
        assert generate["rewritten"](text) == text, REGENERATE


@pytest.mark.parametrize(
    ("table", "entries", "ends"),
    [(ORDER_TABLE, ENTRIES, ENDS), (FULFILMENT_TABLE, {FulfilmentState.APPROVED}, FULFILMENT_ENDS)],
)
def test_the_diagrams_are_the_tables(table, entries, ends):
    assert f"```mermaid\n{mermaid(table, entries=entries, ends=ends)}\n```" in STATES, REGENERATE


@pytest.mark.parametrize("kind", CASE_TABLES)
def test_every_kind_of_claim_has_a_page_with_its_table_and_a_worked_example(kind):
    page = (DOCS / "explanation/aftersales" / f"{kind.replace('_', '-')}.md").read_text(encoding="utf-8")

    assert mermaid(CASE_TABLES[kind], entries=CASE_ENTRIES, ends=CASE_ENDS) in page, REGENERATE
    assert "## Worked example\n" in page
    assert ">>>" in page


def test_a_page_that_was_left_behind_is_noticed():
    rewritten = runpy.run_path(str(DOCS / "generate.py"))["rewritten"]
    behind = STATES.replace("awaiting_payment --> awaiting_allocation : pay", "")

    assert rewritten(behind) == STATES != behind


@pytest.mark.parametrize("enum", sorted(set(domain_classes(StrEnum)), key=lambda cls: cls.__name__))
def test_every_member_is_in_the_glossary_with_its_value(enum):
    known = words()

    missing = [f"{enum.__name__}.{m.name}" for m in enum if f"{enum.__name__}.{m.name}" not in known]
    wrong = [m for m in enum if known.get(f"{enum.__name__}.{m.name}", ("", ""))[1] != f"`{m}`"]

    assert (missing, wrong) == ([], [])


def test_the_glossary_has_no_member_that_the_code_has_lost():
    members = {f"{enum.__name__}.{m.name}" for enum in domain_classes(StrEnum) for m in enum}

    assert {code for code in words() if re.fullmatch(r"[A-Z]\w+\.[A-Z_]+", code)} == members


def test_every_event_is_in_the_glossary_with_its_type():
    events = {(cls.__name__, f"`{cls.type}`") for cls in domain_classes(Event) if "type" in vars(cls)}

    assert events <= {(code, value) for code, (_, value) in words().items()}


@pytest.mark.parametrize(
    "table", [ORDER_TABLE, FULFILMENT_TABLE, RETURN_TABLE, REFUND_TABLE, TICKET_TABLE, *CASE_TABLES.values()]
)
def test_states_of_one_document_have_chinese_names_of_their_own(table):
    names = [words()[f"{type(state).__name__}.{state.name}"][0] for state in table]

    assert len(set(names)) == len(names)


def test_every_class_in_the_glossary_is_in_the_code():
    modules = [importlib.import_module(m.name) for m in pkgutil.walk_packages(oms_domain.__path__, "oms_domain.")]
    classes = {code for code in words() if re.fullmatch(r"[A-Z]\w+", code)}

    assert len(classes) > 30
    assert [name for name in sorted(classes) if not any(hasattr(module, name) for module in modules)] == []
