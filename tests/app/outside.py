"""Holds the rule "no outside call while a transaction is open": whoever is called outside looks who is waiting.

An open transaction holds locks and a connection; a platform or a warehouse that is slow would hold them for as long.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime

from attrs import define, field

from oms_adapters.memory.carriers import MemoryCarriers
from oms_adapters.memory.platform import MemoryPlatform
from oms_adapters.memory.warehouse import MemoryWarehouse
from oms_app.actor import Actor
from oms_app.ports.carriers import ParcelToStop
from oms_app.ports.channels import OrderRef
from oms_app.ports.transaction import OpenTransaction, Transaction
from oms_app.ports.wms import StopAnswer


class CalledFromWithin(BaseException):
    """An outside call was made while a transaction was open. No ``Exception``: a runner would try it again."""


@define
class Watch:
    """Knows which thread has a transaction open."""

    _thread: threading.local = field(factory=threading.local)

    def over(self, open: OpenTransaction) -> OpenTransaction:
        """Return ``open``, watched."""

        @contextmanager
        def watched(actor: Actor) -> Iterator[Transaction]:
            self._open.append(actor.id)
            try:
                with open(actor) as tx:
                    yield tx
            finally:
                self._open.pop()

        def opened(actor: Actor) -> AbstractContextManager[Transaction]:
            return watched(actor)

        return opened

    def call(self, name: str) -> None:
        """An outside call is made now. Raises ``CalledFromWithin``."""
        if self._open:
            raise CalledFromWithin(f"{name}, while {self._open[-1]} has a transaction open")

    @property
    def _open(self) -> list[str]:
        if not hasattr(self._thread, "actors"):
            self._thread.actors = []
        actors: list[str] = self._thread.actors
        return actors


@define
class WatchedPlatform(MemoryPlatform):
    """A platform that looks up at each call."""

    watch: Watch = field(factory=Watch)

    def changed_orders(self, since: datetime, until: datetime) -> Iterable[tuple[OrderRef, ...]]:
        for page in super().changed_orders(since, until):
            self.watch.call("changed_orders")  # each page is a call of its own
            yield page

    def _call(self) -> None:
        self.watch.call("platform")
        super()._call()


@define
class WatchedWarehouse(MemoryWarehouse):
    """A warehouse that looks up at each call."""

    watch: Watch = field(factory=Watch)

    def _call(self) -> None:
        self.watch.call("warehouse")
        super()._call()


@define
class WatchedCarriers(MemoryCarriers):
    """Carriers that look up at each call."""

    watch: Watch = field(factory=Watch)

    def intercept(self, parcel: ParcelToStop) -> StopAnswer | None:
        self.watch.call("carrier")
        return super().intercept(parcel)
