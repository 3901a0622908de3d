"""The tutorial works when it is followed to the letter."""

import os
import re
import shlex
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from attrs import define, field
from click.testing import CliRunner

from oms_adapters.bootstrap import session
from oms_adapters.bootstrap.commands import oms
from oms_adapters.bootstrap.container import Container

ROOT = Path(__file__).parents[2]
TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")

BLOCK = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FRAME = str.maketrans("│┃┏┓┗┛┡┩└┘├┤━─┳┻╇┴┬┼", " " * 20)
DAY = re.compile(r"\b[SPF](\d{8})-\d{6}\b")
UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")

REFUSES = ("oms orders release", "oms ingest data/tutorial/off.json", "oms platform-orders convert")
"""What the page shows being refused: it exits with 1, the first time."""

DEADLINE_S = 60


@define
class Step:
    """A command of the page, and the lines that it shows below it."""

    command: str
    shown: list[str] = field(factory=list)


def steps():
    for block in BLOCK.findall(TUTORIAL):
        found = []
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append(Step(line.removeprefix("$ ")))
            elif line.strip("… "):
                found[-1].shown.append(line)
        yield from found


def plain(text):
    """Text without the table's frame, one blank between words."""
    return " ".join(text.translate(FRAME).split())


def missing(shown, output):
    """The lines of the page that the output does not have, whatever stands where the page has ``…``."""
    lines = [plain(line) for line in output.splitlines()]

    def there(wanted):
        parts = [re.escape(plain(part)) for part in wanted.split("…")]
        return any(re.search(r"^" + r"\s*.*\s*".join(parts) + r"$", line) for line in lines)

    return [line for line in shown if not there(line)]


@define
class Reader:
    """Somebody who does what the page says, in a folder that looks like a clone."""

    environment: pytest.MonkeyPatch
    output: str = ""
    day: str = ""
    refused: list[str] = field(factory=list)
    server: subprocess.Popen | None = None

    def does(self, step):
        command = self.with_own_numbers(step.command)
        program, *arguments = shlex.split(command)
        if program == "export":
            for name, value in (argument.split("=", 1) for argument in arguments):
                self.environment.setenv(name, value.replace("$PWD", os.getcwd()).replace("$PATH", os.environ["PATH"]))
        elif command == "oms serve":
            self.server = subprocess.Popen(
                [sys.executable, "-c", SERVE], env=os.environ | {"OMS_HTTP_PORT": free_port()}
            )
        elif program == "oms":
            self.runs(arguments, exit_code=self.expected_code(step.command))
        elif program != "sleep":  # a waiting is over as soon as the page is right
            subprocess.run(command, shell=True, check=True)

    def runs(self, arguments, exit_code):
        done = CliRunner().invoke(oms, arguments)
        assert (done.exit_code, arguments) == (exit_code, arguments), done.output
        self.output = done.output
        if not self.day and (found := DAY.search(done.output)):
            self.day = found[1]

    def sees(self, step):
        assert missing(map(self.with_own_numbers, step.shown), self.output) == [], self.output

    def with_own_numbers(self, text):
        text = text.replace("20261123", self.day or r"20261123")
        ids = UUID.findall(self.output)
        return re.sub(r" ID$", f" {ids[0]}", text) if ids else text

    def expected_code(self, command):
        refused = next((each for each in REFUSES if command.startswith(each)), None)
        if refused is None or refused in self.refused:
            return 0
        self.refused.append(refused)
        return 1


SERVE = "from oms_adapters.bootstrap.cli import main; import sys; sys.argv = ['oms', 'serve']; main()"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.fixture
def reader(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("OMS_") and not name.startswith("OMS_TEST_")]:
        monkeypatch.delenv(name)
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    monkeypatch.chdir(tmp_path)
    made = []

    def remembered(**settings):
        made.append(Container(**settings))
        return made[-1]

    monkeypatch.setattr(session, "Container", remembered)
    reader = Reader(monkeypatch)
    yield reader
    if reader.server is not None:
        reader.server.terminate()
        reader.server.wait(30)
    for container in made:
        container.database().close()
        container.wms().close()
        container.http().close()


@pytest.mark.timeout(180)
def test_the_tutorial_prints_what_it_shows(reader):
    waiting = False
    for step in steps():
        deadline = time.monotonic() + (DEADLINE_S if waiting else 0)
        reader.does(step)
        while missing(map(reader.with_own_numbers, step.shown), reader.output) and time.monotonic() < deadline:
            time.sleep(0.3)
            reader.does(step)
        reader.sees(step)
        waiting = step.command.startswith("sleep")


def test_the_tutorial_has_its_steps():
    assert len([step for step in steps() if step.command.startswith("oms ")]) > 20


def test_a_line_that_is_not_printed_is_noticed():
    output = "│ SPU1-RED-M │ MAIN │ 10 │ 2 │ 8 │\n1 created"

    assert missing(["│ SPU1-RED-M │ … │ 8 │", "1 created"], output) == []
    assert missing(["│ SPU1-RED-M │ … │ 9 │"], output) == ["│ SPU1-RED-M │ … │ 9 │"]
