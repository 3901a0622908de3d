"""Recognition of a pasted address (智能识别): what a text says, before anybody goes by it. Nothing is stored."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Controller, post
from litestar.params import JSONBody

from oms_adapters.http.auth import needs
from oms_adapters.http.bodies import Body
from oms_adapters.http.order_views import RegionView
from oms_adapters.http.views import View
from oms_app.actor import Permission
from oms_domain.addresses.bundled import bundled_divisions
from oms_domain.addresses.pieces import RecognisedAddress
from oms_domain.addresses.recognise import LONGEST_PASTE, recognise
from oms_domain.channels.standard import Region


class PastedBody(Body):
    """One text with name, telephone number, divisions and street, in any order."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_PASTE)]


class PieceView(View):
    """A stretch of the text, and what it is."""

    kind: str
    text: str


class AddressDoubtView(View):
    """What a person should look at, and the part that it is about."""

    kind: str
    part: str | None


class RecognisedView(View):
    """What a pasted text says, to whoever typed it. ``candidates``: the places that it may mean, where it is unsure."""

    name: str
    mobile: str
    phone: str
    zip: str
    region: RegionView
    region_codes: list[str]
    street: str
    doubts: list[AddressDoubtView]
    candidates: list[list[str]]
    pieces: list[PieceView]

    @classmethod
    def of(cls, found: RecognisedAddress) -> RecognisedView:
        region = Region(province=found.province, city=found.city, district=found.district, town=found.town)
        return cls(
            name=found.name,
            mobile=str(found.mobile or ""),
            phone=str(found.landline or ""),
            zip=found.zip,
            region=RegionView.of(region),
            region_codes=list(found.region_codes),
            street=found.street,
            doubts=[AddressDoubtView(kind=doubt.kind, part=doubt.part) for doubt in found.doubts],
            candidates=[[division.name for division in path] for path in found.candidates],
            pieces=[PieceView(kind=piece.kind, text=piece.text) for piece in found.pieces],
        )


def recognised(text: str) -> RecognisedView | None:
    """Return what a text says, None of no text."""
    return RecognisedView.of(recognise(text, bundled_divisions())) if text else None


class AddressesController(Controller):
    """Addresses."""

    path = "/addresses"
    tags = ("Addresses",)

    @post(
        "/recognition",
        operation_id="recogniseAddress",
        summary="Say what a pasted address says (智能识别), and store nothing",
        opt=needs(Permission.ORDERS_READ),
        status_code=200,
        sync_to_thread=True,
    )
    def recognition(self, data: JSONBody[PastedBody]) -> RecognisedView:
        return RecognisedView.of(recognise(data.text, bundled_divisions()))
