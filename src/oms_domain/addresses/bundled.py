"""The divisions that come with the package, read when they are first asked for."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from oms_domain.addresses.divisions import Divisions, read_divisions


@cache
def bundled_divisions() -> Divisions:
    """Return the bundled divisions (china-division 2.7.0). Read newer ones, or towns, by ``read_divisions``."""
    return read_divisions(files(__package__).joinpath("data", "divisions.txt").read_text("utf-8"))
