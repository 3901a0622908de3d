"""What a carrier tells of a parcel (物流轨迹), and the order of a warehouse's milestones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

from attrs import frozen

WORK: Final = ("sent", "accepted", "printed", "waved", "picked", "checked", "packed", "weighed", "ready")
"""A warehouse's milestones in their order: they are told late and out of order, and never go back."""


class ParcelProgress(StrEnum):
    """Where a parcel is, by its carrier."""

    PICKED_UP = "picked_up"  # 已揽收
    IN_TRANSIT = "in_transit"  # 运输中
    OUT_FOR_DELIVERY = "out_for_delivery"  # 派送中
    SIGNED = "signed"  # 已签收
    PROBLEM = "problem"  # 疑难
    RETURNING = "returning"  # 退回中
    RETURNED = "returned"  # 退签
    REFUSED = "refused"  # 拒签


@frozen(kw_only=True)
class Trace:
    """One thing that a carrier tells of a parcel. ``text`` is for people, with runs of digits masked."""

    at: datetime
    progress: ParcelProgress
    text: str = ""
    place: str = ""


def is_step_on(progress: str, now: str) -> bool:
    """Whether a milestone of the warehouse lies behind the one that stands; one that we do not rank always does.

    >>> is_step_on("packed", "picked"), is_step_on("picked", "packed"), is_step_on("picked", "picked")
    (True, False, False)
    """
    if progress not in WORK or now not in WORK:
        return progress != now
    return WORK.index(progress) > WORK.index(now)


def newest(traces: Sequence[Trace]) -> Trace | None:
    """Return where the parcel is now: the newest trace; of several at one moment the one told last."""
    return max(enumerate(traces), key=lambda numbered: (numbered[1].at, numbered[0]))[1] if traces else None
