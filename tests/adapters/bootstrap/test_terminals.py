"""The program as a process: on terminals that cannot show everything, and where its output cannot be written."""

import json
import os
import subprocess
import sys

import pytest
from tests.adapters.bootstrap.conftest import trade

MAIN = "from oms_adapters.bootstrap.cli import main; main()"


def run(*words, stdout=subprocess.PIPE, **environment):
    return subprocess.run(
        [sys.executable, "-c", MAIN, *words],
        stdout=stdout,
        stderr=subprocess.PIPE,
        env=os.environ | environment,
        check=False,
    )


@pytest.fixture
def order(oms):
    """An order with a remark that few terminals can show."""
    oms.ingest(oms.write("order.json", trade(buyer_message="请用礼盒 🎁")))
    (found,) = oms.rows("orders", "list")
    return found


def test_a_terminal_of_plain_letters_is_given_what_it_can_take(order):
    done = run("orders", "show", order["number"], PYTHONIOENCODING="ascii")

    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\\u8bf7\\u7528" in done.stdout


def test_scripts_read_the_same_whatever_the_terminal(order):
    plain, wide = (
        run("orders", "show", order["number"], "--json", PYTHONIOENCODING=name).stdout for name in ("ascii", "utf-8")
    )

    assert plain.isascii()
    assert not wide.isascii()
    assert json.loads(plain) == json.loads(wide)
    assert json.loads(plain)["remark"] == "请用礼盒 🎁"


def test_a_refusal_is_told_on_such_a_terminal_too(order):
    done = run("orders", "show", "nothing", PYTHONIOENCODING="ascii", OMS_LANGUAGE="zh")

    assert done.returncode == 1
    assert b"orders.number_unknown (number=nothing)" in done.stderr
    assert b"Traceback" not in done.stderr


def test_output_that_cannot_be_written_is_said_in_a_line(order):
    with open("/dev/full", "w") as full:
        done = run("orders", "list", "--json", stdout=full, PYTHONUNBUFFERED="1")

    assert done.returncode == 1
    assert done.stderr.decode() == "oms: [Errno 28] No space left on device\n"
