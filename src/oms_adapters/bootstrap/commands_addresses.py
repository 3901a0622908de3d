"""``oms addresses``."""

from __future__ import annotations

from typing import Any

import click

from oms_adapters.bootstrap.output import json_option, show
from oms_adapters.bootstrap.session import refusals_shown
from oms_domain.addresses.bundled import bundled_divisions
from oms_domain.addresses.pieces import RecognisedAddress
from oms_domain.addresses.recognise import recognise

PARTS = ["name", "mobile", "phone", "zip", "province", "city", "district", "town", "street", "doubts"]


@click.group()
def addresses() -> None:
    """Addresses (地址)."""


@addresses.command("recognise")
@click.argument("text")
@json_option
@refusals_shown
def recognise_address(text: str, as_json: bool) -> None:
    """Say what a pasted address says (智能识别); nothing is stored."""
    parts = recognised_parts(text)
    if as_json:
        show([parts], PARTS, as_json=True)
        return
    show([{"part": name, "value": value} for name, value in parts.items()], ["part", "value"], as_json=False)


def recognised_parts(text: str) -> dict[str, Any]:
    """Return what a text says, by part."""
    found: RecognisedAddress = recognise(text, bundled_divisions())
    return {
        "name": found.name,
        "mobile": str(found.mobile or ""),
        "phone": str(found.landline or ""),
        "zip": found.zip,
        "province": found.province,
        "city": found.city,
        "district": found.district,
        "town": found.town,
        "street": found.street,
        "region_codes": list(found.region_codes),
        "doubts": [f"{doubt.kind}: {doubt.part}" if doubt.part else str(doubt.kind) for doubt in found.doubts],
        "candidates": [" ".join(division.name for division in path) for path in found.candidates],
    }
