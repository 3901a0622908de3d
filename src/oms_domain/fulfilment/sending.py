"""Sending a fulfilment order to its warehouse: how far that has come, and whether it may have arrived.

Kept beside the fulfilment order and written before each try, so that whoever wants it stopped knows what may be there.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from attrs import evolve, field, frozen

from oms_domain.kernel.identity import FulfilmentOrderId

SETTLES_IN: Final = timedelta(minutes=3)
"""How long after a try began it may still arrive: longer than any call lasts."""


@frozen(kw_only=True)
class Sending:
    """The tries to send one fulfilment order since it was released (下发进度)."""

    fulfilment_id: FulfilmentOrderId
    tried_at: datetime | None = None  # when the last try began
    is_under_way: bool = False  # it has not ended, as far as we know
    may_be_there: bool = False  # one that was not answered may have arrived
    waits_since: datetime | None = None  # when the first of the tries failed that have all failed since
    reason: str = ""  # why the last one did
    next_at: datetime | None = None  # when it is tried again; None while it waits: a person must see to it
    version: int = field(default=0)

    @property
    def never_arrived(self) -> bool:
        """Whether the warehouse cannot have it: no try is under way, and none that was made got there."""
        return not self.is_under_way and not self.may_be_there

    def settles_at(self) -> datetime | None:
        """Return until when the last try may still arrive, None if there was none that we know of."""
        return self.tried_at + SETTLES_IN if self.tried_at is not None else None

    def anew(self) -> Sending:
        """Return it as it is when the order is released, the first time or again."""
        return Sending(fulfilment_id=self.fulfilment_id, version=self.version)

    def begun(self, at: datetime) -> Sending:
        """Return it with a try that begins. One before that never ended, as a worker was lost, may have arrived."""
        return evolve(self, tried_at=at, is_under_way=True, may_be_there=self.may_be_there or self.is_under_way)

    def failed(self, reason: str, *, may_be_there: bool, next_at: datetime | None, at: datetime) -> Sending:
        """Return it with the last try ended without an answer.

        Args:
            may_be_there: whether that try may have arrived.
            next_at: when it is tried again, None: not by itself.
        """
        return evolve(
            self,
            is_under_way=False,
            may_be_there=self.may_be_there or may_be_there,
            waits_since=self.waits_since or at,
            reason=reason,
            next_at=next_at,
        )

    def ended(self) -> Sending:
        """Return it with nothing more to be tried: it was answered, or is not to be sent any more."""
        return evolve(self, is_under_way=False, waits_since=None, reason="", next_at=None)
