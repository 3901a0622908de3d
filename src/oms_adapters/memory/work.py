"""One transaction's unit of work: what it has read, and what it has gathered to be stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from attrs import define, field

from oms_adapters.memory.tables import Tables
from oms_app.actor import Actor
from oms_app.journal import Journal
from oms_app.ports.transaction import Clock
from oms_domain.kernel.identity import ShopId

Check = Callable[[Tables], Callable[[], None]]
"""Raises if the write cannot be done on what is stored now; otherwise returns how to do it, which cannot fail."""


@define
class Work:
    """Shared by the collections of one transaction."""

    tables: Tables
    actor: Actor
    journal: Journal
    now: Clock
    over: bool = False
    writes: list[Check] = field(factory=list)

    @contextmanager
    def reading(self) -> Iterator[Tables]:
        """Look at what is stored. Raises ``RuntimeError`` once the transaction is over."""
        self.live()
        with self.tables.lock:
            yield self.tables

    def live(self) -> None:
        if self.over:
            raise RuntimeError("this transaction is over")

    def sees(self, shop_id: ShopId | None) -> bool:
        """Whether it is the actor's business; what belongs to no shop is everybody's."""
        return shop_id is None or self.actor.sees(shop_id)

    def write(self, check: Check) -> None:
        """Gather a write, to be checked and done with all others at commit."""
        self.live()
        self.writes.append(check)
