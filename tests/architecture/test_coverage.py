"""The domain's own tests reach every branch of it: 100 %, ``testing`` apart, as the architecture asks.

They run once more in a process of their own, with few examples that are the same at every run, so that the gate says
the same of the same code; what only adds examples (``broad``) is left out.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.timeout(600)


def coverage_of(tests, package, report, *, among="not long and not broad"):
    """Run tests with every branch of ``package`` counted; return, by file, the lines and branches not reached."""
    count = [f"--cov={package}", "--cov-branch", f"--cov-report=json:{report}", "--cov-config=pyproject.toml"]
    quiet = ["-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", "--timeout=600"]
    command = [sys.executable, "-m", "pytest", *quiet, "-m", among]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("COV_", "PYTEST_"))}
    environment = kept | {"HYPOTHESIS_PROFILE": "few", "COVERAGE_FILE": str(report.with_suffix(".data"))}
    done = subprocess.run(
        [*command, *count, *tests], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    files = json.loads(report.read_text())["files"]
    return {
        name.partition("src/")[2]: found["missing_lines"] + found["missing_branches"]
        for name, found in files.items()
        if found["missing_lines"] or found["missing_branches"]
    }, len(files)


def test_the_domains_tests_reach_every_branch_of_it(tmp_path):
    missed, counted = coverage_of(["tests/domain"], "oms_domain", tmp_path / "coverage.json")

    assert missed == {}
    assert counted > 40


def test_a_branch_that_is_not_reached_is_found(tmp_path):
    missed, _ = coverage_of(["tests/domain/kernel/test_money.py"], "oms_domain.kernel", tmp_path / "coverage.json")

    assert "oms_domain/kernel/text.py" in missed
    assert "oms_domain/kernel/money.py" not in missed
