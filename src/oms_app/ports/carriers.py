"""Carriers as we ask them about parcels that are on their way."""

from __future__ import annotations

from typing import Protocol

from attrs import frozen

from oms_app.ports.wms import StopAnswer


@frozen(kw_only=True)
class ParcelToStop:
    """A parcel that its carrier is asked to turn round (物流拦截)."""

    carrier: str
    tracking_no: str
    reason: str = ""


class Carriers(Protocol):
    """All carriers. Calls go out: never while a transaction is open."""

    def intercept(self, parcel: ParcelToStop) -> StopAnswer | None:
        """Ask not to deliver a parcel, and to bring it back. Asked twice about one, it answers alike.

        None: this carrier can only be asked by a person, who then says what came of it.
        """
