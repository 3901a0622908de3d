"""Carriers that nobody has connected: a person asks them, and says what came of it."""

from __future__ import annotations

from attrs import frozen

from oms_app.ports.carriers import ParcelToStop
from oms_app.ports.wms import StopAnswer


@frozen
class CarriersByHand:
    """``oms_app.ports.carriers.Carriers``."""

    def intercept(self, parcel: ParcelToStop) -> StopAnswer | None:
        return None
