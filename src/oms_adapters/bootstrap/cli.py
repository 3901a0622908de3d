"""The ``oms`` command. Its parts stand in ``commands*.py``; here is only said what to install if they are missing."""

from __future__ import annotations

import sys


def main() -> None:
    """Run ``oms``; exit 0 when everything was done, 1 when something was refused, 2 when it was asked wrongly."""
    try:
        from oms_adapters.bootstrap.commands import oms
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("oms_"):
            raise
        sys.stderr.write(f"oms: {error.name} is not installed; the command needs: pip install 'oms[server]'\n")
        sys.exit(2)
    oms(prog_name="oms")
