"""Carriers in memory that do what they are told."""

from __future__ import annotations

from attrs import define, field

from oms_app.ports.carriers import ParcelToStop
from oms_app.ports.wms import Stop, StopAnswer


@define
class MemoryCarriers:
    """``oms_app.ports.carriers.Carriers``: turns round whatever is not ``delivered``.

    ``answers`` is what they say about a parcel of a number; None among them: only a person can ask about that one.
    """

    answers: dict[str, StopAnswer | None] = field(factory=dict)
    delivered: set[str] = field(factory=set)
    asked: list[ParcelToStop] = field(factory=list)

    def intercept(self, parcel: ParcelToStop) -> StopAnswer | None:
        self.asked.append(parcel)
        if parcel.tracking_no in self.answers:
            return self.answers[parcel.tracking_no]
        if parcel.tracking_no in self.delivered:
            return StopAnswer(outcome=Stop.NOT_STOPPED, reason="delivered")
        return StopAnswer(outcome=Stop.STOPPED)
