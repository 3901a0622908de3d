"""The ``oms`` command. Its parts stand in ``commands*.py``; here is only said what to install if they are missing."""

from __future__ import annotations

import sys
from io import TextIOWrapper


def main() -> None:
    """Run ``oms``; exit 0 when everything was done, 1 when something was refused, 2 when it was asked wrongly."""
    try:
        from oms_adapters.bootstrap.commands import oms
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("oms_"):
            raise
        sys.stderr.write(f"oms: {error.name} is not installed; the command needs: pip install 'oms[server]'\n")
        sys.exit(2)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that cannot show Chinese is no reason to stop
    try:
        oms(prog_name="oms")
    except OSError as error:  # a file that may not be read, a disk that is full
        sys.stderr.write(f"oms: {error}\n")
        sys.exit(1)
