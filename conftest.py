"""Runs the examples in the docs, and those in the domain's docstrings."""

from __future__ import annotations

from doctest import ELLIPSIS
from typing import Any

import pytest
from sybil import Sybil
from sybil.document import PythonDocStringDocument
from sybil.parsers.doctest import DocTestParser
from sybil.parsers.markdown import PythonCodeBlockParser

PAGES = Sybil(
    parsers=[PythonCodeBlockParser(doctest_optionflags=ELLIPSIS)],
    # ``**`` stands for one folder only: each depth has a pattern of its own.
    patterns=["README.md", "docs/**/*.md", "docs/**/**/*.md"],
)
DOCSTRINGS = Sybil(
    parsers=[DocTestParser()],
    patterns=["src/oms_domain/**/*.py", "src/oms_domain/**/**/*.py"],
    document_types={".py": PythonDocStringDocument},
)

pytest_collect_file = (PAGES + DOCSTRINGS).pytest()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep the examples of one page on one worker: each goes on where the one before it stopped."""
    from xdist.scheduler import LoadGroupScheduling

    class ByPage(LoadGroupScheduling):
        def _split_scope(self, nodeid: str) -> str:
            page, _, example = nodeid.partition("::")
            return page if example.startswith("line:") else super()._split_scope(nodeid)

    return ByPage(config, log) if config.getvalue("dist") == "loadgroup" else None
