"""A warehouse that speaks Qimen, for tests, demos and benchmarks: what it does with an order follows from its mood.

Nothing runs in it: what it will report is settled when an order comes, and due when its time has come.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import product
from typing import Final

from attrs import define, evolve, field, frozen

from oms_adapters.wms.qimen.deliveries import DeliveryOrder
from oms_adapters.wms.qimen.entries import print_entry_confirm, print_return_confirm
from oms_adapters.wms.qimen.fields import Reader
from oms_adapters.wms.qimen.messages import SUCCESS, signed_params
from oms_adapters.wms.qimen.reports import print_confirm, print_lack, print_process
from oms_adapters.wms.qimen.stock import print_differences
from oms_adapters.wms.qimen.xml import Node, UnreadableXml, read_xml, write_xml
from oms_app.ports.wms import (
    Counted,
    DocumentNumber,
    Dropped,
    EntryNotice,
    EntryReceived,
    FellShort,
    Grade,
    Parcel,
    ParcelsLeft,
    ReturnNotice,
    ReturnReceived,
    StockDiffers,
    Worked,
)
from oms_domain.kernel.identity import SkuCode
from oms_domain.kernel.quantity import Quantity

APP_KEY, SECRET, CUSTOMER, WAREHOUSE = "fake-app", "fake-secret", "FAKE-C1", "WH-A"
CARRIER: Final = "ZTO"

Post = Callable[[Sequence[tuple[str, str]], bytes], tuple[int, bytes]]
"""Brings a message to whoever is told: URL parameters and body → HTTP status and body of the answer."""


class Taking(StrEnum):
    """What it says to an order."""

    TAKES = "takes"
    REFUSES = "refuses"


class Shipping(StrEnum):
    """What it does with an order that it has taken."""

    WHOLE = "whole"
    PARCELS = "parcels"  # several parcels in one report
    PARTS = "parts"  # one report a part, the last one final
    CLOSES_SHORT = "closes_short"  # ships a part, and says that this is all
    LACKS = "lacks"  # 缺货回告
    DROPS = "drops"  # lets go of it
    NEVER = "never"  # works on it for ever


class Telling(StrEnum):
    """How it reports."""

    ONCE = "once"
    TWICE = "twice"  # each report again, and the last one once more under another code
    LATE = "late"
    OUT_OF_ORDER = "out_of_order"


class Stopping(StrEnum):
    """What it says when it is asked to stop."""

    STOPS = "stops"  # unless it has left
    GOES_ON = "goes_on"
    SILENT = "silent"


@frozen(kw_only=True)
class Mood:
    """How it treats an order."""

    taking: Taking = Taking.TAKES
    shipping: Shipping = Shipping.WHOLE
    telling: Telling = Telling.ONCE
    stopping: Stopping = Stopping.STOPS


MOODS: Final = (
    Mood(taking=Taking.REFUSES),
    *(
        Mood(shipping=shipping, telling=telling, stopping=stopping)
        for shipping, telling, stopping in product(Shipping, Telling, Stopping)
    ),
)
"""Every mood that there is."""


def moods_by_seed(seed: int) -> Callable[[str], Mood]:
    """Return a choice of moods that depends on the seed and the order's number alone."""
    return lambda number: random.Random(f"{seed}/{number}").choice(MOODS)


@frozen(kw_only=True)
class Push:
    """A message that it will send at a time."""

    at: datetime
    method: str
    body: bytes
    number: str
    tries: int = 0


@frozen(kw_only=True)
class Taken:
    """An order that it has."""

    order: DeliveryOrder
    mood: Mood
    at: datetime
    id: str


@define(eq=False)
class FakeQimen:
    """A warehouse. ``mood`` says how it treats an order of a number; ``pace`` is the time between two of its steps."""

    now: Callable[[], datetime]
    mood: Callable[[str], Mood] = field(default=lambda number: Mood())
    pace: timedelta = timedelta(minutes=10)
    late_by: timedelta = timedelta(days=4)
    app_key: str = APP_KEY
    secret: str = field(default=SECRET, repr=False)
    customer_id: str = CUSTOMER
    warehouse: str = WAREHOUSE
    stock: dict[SkuCode, int] = field(factory=dict)
    taken: dict[str, Taken] = field(factory=dict)
    refused: set[str] = field(factory=set)
    stopped: set[str] = field(factory=set)
    returns: dict[str, ReturnNotice] = field(factory=dict)
    entries: dict[str, EntryNotice] = field(factory=dict)
    pushes: list[Push] = field(factory=list)
    calls: int = 0
    counts: int = 0
    lock: threading.RLock = field(factory=threading.RLock, repr=False)

    # --- what it is asked --------------------------------------------------------------------------------------------

    def take(self, order: DeliveryOrder) -> Taken | None:
        """Take an order, None if it will not. Asked again, it is the same order."""
        mood = self.mood(order.code)
        if order.code in self.taken and order.code not in self.stopped:
            return self.taken[order.code]
        if mood.taking is Taking.REFUSES or order.code in self.stopped:
            self.refused.add(order.code)
            return None
        taken = Taken(order=order, mood=mood, at=self.now(), id=f"WMS{len(self.taken) + 1:08d}")
        self.taken[order.code] = taken
        self.pushes += Plan(taken, self).pushes()
        return taken

    def has_left(self, number: str) -> bool:
        """Whether any of an order has left by now."""
        taken, now = self.taken.get(number), self.now()
        if taken is None:
            return False
        return any(taken.at + self.pace * step <= now for step in Plan(taken, self).leaving())

    def stop(self, number: str) -> bool:
        """Stop an order unless it has left; False if it goes on."""
        if number in self.stopped:
            return True
        if number not in self.taken or self.has_left(number) or self.taken[number].mood.stopping is Stopping.GOES_ON:
            return False
        self.stopped.add(number)
        self.pushes = [push for push in self.pushes if push.number != number]
        return True

    def expect_return(self, notice: ReturnNotice) -> None:
        """Take a notice of goods that come back; they come, one of them damaged."""
        if notice.number in self.returns:
            return
        self.returns[notice.number] = notice
        sku, units = notice.lines[0]
        counted = [Counted(sku=sku, units=units) for sku, units in notice.lines[1:]]
        counted += [Counted(sku=sku, units=1, grade=Grade.DEFECTIVE)]
        counted += [Counted(sku=sku, units=units - 1)] if units > 1 else []
        report = ReturnReceived(
            report_id=f"{notice.number}-R",
            number=DocumentNumber(notice.number),
            at=self.now() + self.pace,
            counted=tuple(counted),
        )
        self._push("returnorder.confirm", print_return_confirm(report, warehouse=self.warehouse), notice.number)

    def expect_entry(self, notice: EntryNotice) -> None:
        """Take a notice of a supplier's goods; they come."""
        if notice.number in self.entries:
            return
        self.entries[notice.number] = notice
        report = EntryReceived(
            report_id=f"{notice.number}-E",
            number=DocumentNumber(notice.number),
            at=self.now() + self.pace,
            counted=tuple(Counted(sku=sku, units=units, batch="B1") for sku, units in notice.lines),
        )
        self._push("entryorder.confirm", print_entry_confirm(report, warehouse=self.warehouse), notice.number)

    def count(self, sku: SkuCode, units: int) -> None:
        """Find so many units more, or fewer, than it thought; and tell."""
        with self.lock:
            self.counts += 1
            self.stock[sku] = self.stock.get(sku, 0) + units
            number = f"CK{self.counts:06d}"
            report = StockDiffers(
                report_id=f"{number}-1",
                number=DocumentNumber(number),
                at=self.now(),
                counted=(Counted(sku=sku, units=units),),
            )
            self._push("inventory.report", print_differences(report, warehouse=self.warehouse), number, after=0)

    def _push(self, method: str, message: Node, number: str, *, after: int = 1) -> None:
        at = self.now() + self.pace * after
        self.pushes.append(Push(at=at, method=method, body=write_xml(message), number=number))

    # --- what it tells -----------------------------------------------------------------------------------------------

    def push(self, post: Post) -> int:
        """Send what is due, oldest first; what is not answered by a success is sent again the next time."""
        with self.lock:
            due = sorted((push for push in self.pushes if push.at <= self.now()), key=lambda push: push.at)
            self.pushes = [push for push in self.pushes if push.at > self.now()]
        for push in due:
            if not _is_success(post(self.signed(push), push.body)):
                with self.lock:
                    self.pushes.append(evolve(push, tries=push.tries + 1))
        return len(due)

    def signed(self, push: Push) -> list[tuple[str, str]]:
        """Return the URL's parameters of a message as it goes out now."""
        params = signed_params(
            push.method,
            app_key=self.app_key,
            customer_id=self.customer_id,
            secret=self.secret,
            body=push.body,
            at=self.now(),
        )
        return list(params.items())


@frozen
class Plan:
    """What a warehouse will tell of an order."""

    taken: Taken
    at: FakeQimen

    def pushes(self) -> list[Push]:
        """Return the messages in the order in which they are sent."""
        mood, steps = self.taken.mood, [*self._milestones(), *self._end()]
        if mood.telling is Telling.TWICE:
            steps = [step for each in steps for step in (each, each)] + self._renamed(steps)
        times = [self.taken.at + self.at.pace * (place + 1) for place in range(len(steps))]
        if mood.telling is Telling.OUT_OF_ORDER:
            steps.reverse()
            # The end is told first, but not before it has happened.
            times = [times[-1] + self.at.pace * place for place in range(len(steps))]
        if mood.telling is Telling.LATE:
            times = [at + self.at.late_by for at in times]
        return [
            Push(at=at, method=method, body=write_xml(message), number=self.taken.order.code)
            for at, (method, message) in zip(times, steps, strict=True)
        ]

    def leaving(self) -> list[int]:
        """Return at which steps goods leave, whenever it is told."""
        match self.taken.mood.shipping:
            case Shipping.WHOLE | Shipping.PARCELS | Shipping.CLOSES_SHORT | Shipping.PARTS:
                return [3]
        return []

    def _milestones(self) -> list[tuple[str, Node]]:
        return [("orderprocess.report", self._worked(progress, step)) for step, progress in enumerate(WORKED, 1)]

    def _end(self) -> list[tuple[str, Node]]:
        number, warehouse, when = self._number, self.at.warehouse, self._when(3)
        lines = [(line.sku, line.units) for line in self.taken.order.lines]
        match self.taken.mood.shipping:
            case Shipping.NEVER:
                return []
            case Shipping.LACKS:
                short = FellShort(
                    report_id=f"{self.taken.id}-L",
                    number=number,
                    at=when,
                    missing=((lines[-1][0], Quantity(1)),),
                    reason="系统报缺",
                )
                return [("itemlack.report", print_lack(short, warehouse=warehouse))]
            case Shipping.DROPS:
                dropped = Dropped(report_id="", number=number, at=when, reason="包材不足")
                return [("orderprocess.report", print_process(dropped, warehouse=warehouse))]
            case Shipping.PARCELS:
                return [self._confirm("C1", [[line] for line in lines] + [[]], lines)]
            case Shipping.PARTS:
                *first, last = _single(lines)
                parts = [part for part in (first, [last]) if part]
                return [
                    self._confirm(f"C{place}", [part], part, final=place == len(parts))
                    for place, part in enumerate(parts, 1)
                ]
            case Shipping.CLOSES_SHORT:
                part = _single(lines)[:-1]
                return [self._confirm("C1", [part], part or [(lines[0][0], 0)])]
        return [self._confirm("C1", [lines], lines)]

    def _confirm(
        self,
        code: str,
        parcels: Sequence[Sequence[tuple[SkuCode, int]]],
        counted: Sequence[tuple[SkuCode, int]],
        *,
        final: bool = True,
    ) -> tuple[str, Node]:
        number = self.taken.id.removeprefix("WMS")
        report = ParcelsLeft(
            report_id=f"{self.taken.id}-{code}",
            number=self._number,
            at=self._when(3),
            parcels=tuple(
                Parcel(
                    carrier=CARRIER,
                    tracking_no=f"75{number}{code[1:]}{place}",
                    contents=tuple((sku, Quantity(units)) for sku, units in parcel),
                    weight_g=500,
                )
                for place, parcel in enumerate(parcels, 1)
            ),
            counted=tuple(Counted(sku=sku, units=units) for sku, units in counted),
            final=final,
        )
        return "deliveryorder.confirm", print_confirm(report, warehouse=self.at.warehouse)

    def _renamed(self, steps: list[tuple[str, Node]]) -> list[tuple[str, Node]]:
        """Return the last report under another code, as some warehouses send it after a fault of their own."""
        method, message = steps[-1]
        if method != "deliveryorder.confirm":
            return []
        return [(method, _with(message, ("deliveryOrder", "outBizCode"), f"{self.taken.id}-again"))]

    def _worked(self, progress: str, step: int) -> Node:
        report = Worked(report_id="", number=self._number, at=self._when(step), progress=progress)
        return print_process(report, warehouse=self.at.warehouse)

    @property
    def _number(self) -> DocumentNumber:
        return DocumentNumber(self.taken.order.code)

    def _when(self, step: int) -> datetime:
        return self.taken.at + self.at.pace * step


WORKED: Final = ("accepted", "picked")


def _single(lines: Sequence[tuple[SkuCode, int]]) -> list[tuple[SkuCode, int]]:
    """Return the units one by one."""
    return [(sku, 1) for sku, units in lines for _ in range(units)]


def _with(node: Node, path: tuple[str, ...], text: str) -> Node:
    """Return a message with the text of one element changed."""
    if not path:
        return Node(node.name, text, node.children)
    children = tuple(_with(each, path[1:], text) if each.name == path[0] else each for each in node.children)
    return Node(node.name, node.text, children)


def _is_success(answer: tuple[int, bytes]) -> bool:
    status, body = answer
    try:
        return status == 200 and Reader(read_xml(body)).text("flag") == SUCCESS
    except UnreadableXml:
        return False
