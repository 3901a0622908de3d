"""Writes the golden files that are missing: ``python -m tests.golden.write``. A file that is there is never touched."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from tests.golden.examples import EXAMPLES, golden_file, golden_text
from tests.golden.pictures import PICTURES, drawn, file_of

from oms_domain.kernel.change import Event


def write_missing(events: Iterable[Event]) -> list[Path]:
    """Write the files that are not there, and return them."""
    missing = [event for event in events if not golden_file(event).exists()]
    for event in missing:
        with golden_file(event).open("x", encoding="utf-8") as file:
            file.write(golden_text(event))
    return [golden_file(event) for event in missing]


def draw_missing() -> list[Path]:
    """Draw the pictures that are not there, and return their files."""
    missing = [name for name in PICTURES if not file_of(name).exists()]
    for name in missing:
        file_of(name).write_text(drawn(name), encoding="utf-8")
    return [file_of(name) for name in missing]


if __name__ == "__main__":
    for path in (*write_missing(EXAMPLES), *draw_missing()):
        sys.stdout.write(f"{path.name}\n")
