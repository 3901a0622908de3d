"""The fake platform itself: shops, trades and what happens to them. What it says on the wire is in ``fake_wire``."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any, Final

from attrs import define, field

from oms_adapters.platforms.taobao import fake_moves as moves
from oms_adapters.platforms.taobao import fake_refunds as refunds
from oms_adapters.platforms.taobao.fake_store import TradeFile
from oms_adapters.platforms.taobao.fake_trades import (
    TID_STEP,
    OrderDiscount,
    Person,
    Wanted,
    WireTrade,
    new_trade,
)
from oms_domain.kernel.time import print_china_time

Clock = Callable[[], datetime]
Move = Callable[[WireTrade, datetime], None]
RefundMove = Callable[..., None]
_REFUND: Final = "refund/"

APP_KEY: Final = "12345678"
APP_SECRET: Final = "testsecret"
SESSION: Final = "test-session"
SHOP: Final = "样例旗舰店"
FIRST_TID: Final = 9_100_000_000_000_000_000


@define(kw_only=True)
class Faults:
    """What goes wrong on purpose, drawn from a seeded source, so that a run can be repeated."""

    random: Random = field(factory=lambda: Random(0))
    rate_limit_every: int = 0  # every n-th call is refused by the flow limit; 0 never
    failures_percent: int = 0  # isp.* before anything is done
    late_failures_percent: int = 0  # isp.* after a write was applied
    garbage_percent: int = 0  # a page of HTML instead of JSON
    refuses_repeats: bool = False  # the same parcel told again is refused, as an already shipped one
    calls: int = 0

    def strikes(self, percent: int) -> bool:
        return percent > 0 and self.random.randrange(100) < percent


@define(eq=False)
class FakeTaobao:
    """A Taobao with one app and some shops. Safe to use from several threads.

    Args:
        now: its clock, which stamps ``modified`` and against which timestamps of calls are checked.
        sessions: authorisation → the shop's ``seller_nick``.
        path: file that its trades survive in; None keeps them in memory.
    """

    now: Clock
    app_key: str = field(default=APP_KEY, kw_only=True)
    app_secret: str = field(default=APP_SECRET, kw_only=True, repr=False)
    sessions: Mapping[str, str] = field(factory=lambda: {SESSION: SHOP}, kw_only=True, repr=False)
    faults: Faults = field(factory=Faults, kw_only=True)
    path: Path | None = field(default=None, kw_only=True)
    lock: threading.RLock = field(factory=threading.RLock, init=False, repr=False)
    _file: TradeFile = field(init=False, repr=False)
    _trades: dict[int, WireTrade] = field(init=False, repr=False)
    _notes: dict[str, str] = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._file = TradeFile(self.path)
        self._trades = self._file.trades()
        self._notes = self._file.notes()

    def close_file(self) -> None:
        with self.lock:
            self._file.close()

    def place(
        self,
        wanted: Sequence[Wanted],
        *,
        sort: str = "fixed",
        order_discounts: Sequence[OrderDiscount] = (),
        post_fee_fen: int = 0,
        deposit_fen: int = 0,
        cod_fee_fen: int = 0,
        person: Person | None = None,
        message: str = "",
        shop: str = SHOP,
    ) -> str:
        """Place a trade, as ``new_trade`` does, and return its number."""
        with self.lock:
            tid = max(self._trades, default=FIRST_TID) // TID_STEP * TID_STEP + TID_STEP
            trade = new_trade(
                tid,
                wanted,
                at=self.now(),
                sort=sort,
                order_discounts=order_discounts,
                post_fee_fen=post_fee_fen,
                deposit_fen=deposit_fen,
                cod_fee_fen=cod_fee_fen,
                person=person,
                message=message,
                seller_nick=shop,
            )
            self.add(trade)
            return str(tid)

    def add(self, trade: WireTrade) -> None:
        """Put a trade there as it is, in place of one with its number."""
        with self.lock:
            self._trades[trade["tid"]] = copy.deepcopy(trade)
            self._file.put_trade(trade)

    def pay(self, tid: str) -> None:
        self._move(tid, moves.pay)

    def close(self, tid: str) -> None:
        self._move(tid, moves.close)

    def confirm(self, tid: str) -> None:
        self._move(tid, moves.confirm)

    def ask_refund(
        self, tid: str, oid: str, *, returns: bool = False, refund_fen: int | None = None, num: int | None = None
    ) -> str:
        """Have the buyer ask for money, with ``returns`` for goods back too; return the refund's number."""
        refund_id = f"92{oid[2:]}"
        with self.lock:
            self._move(tid, lambda trade, at: moves.ask_refund(trade, oid, refund_id=refund_id, at=at))
            facts: dict[str, Any] = {"refund_id": refund_id, "returns": returns, "refund_fen": refund_fen, "num": num}
            trade = self._held(tid)
            self._put_refund(refunds.new_refund(trade, oid, at=self.now(), **facts))
            self.add(trade)
        return refund_id

    def ask_exchange(self, tid: str, oid: str, *, num: int | None = None) -> str:
        """Have the buyer ask for other goods; return the exchange's number."""
        refund_id = f"92{oid[2:]}"
        with self.lock:
            self._put_refund(refunds.new_exchange(self._held(tid), oid, refund_id=refund_id, num=num, at=self.now()))
        return refund_id

    def pay_refund(self, tid: str, oid: str) -> None:
        self.move_refund(f"92{oid[2:]}", refunds.pay)

    def withdraw_refund(self, tid: str, oid: str) -> None:
        self.move_refund(f"92{oid[2:]}", refunds.withdraw)

    def refund(self, refund_id: str) -> refunds.WireRefund:
        """Return a copy of a refund. Raises KeyError if there is none."""
        with self.lock:
            found: refunds.WireRefund = json.loads(self._notes[_REFUND + refund_id])
            return found

    def move_refund(self, refund_id: str, move: RefundMove, **more: Any) -> None:
        """Let something happen to a refund and to its trade, as ``fake_refunds`` says."""
        with self.lock:
            if _REFUND + refund_id not in self._notes:
                raise moves.NotPossible
            refund = self.refund(refund_id)
            trade = self.trade(str(refund["tid"]))
            move(refund, trade, at=self.now(), **more)
            trade["modified"] = print_china_time(self.now())
            self._put_refund(refund)
            self.add(trade)

    def changed_refunds(self, shop: str, start: str, end: str, *, first: int, count: int) -> tuple[int, list[Any]]:
        """Return how many of the shop's refunds were modified in ``[start, end]``, and ``count`` of them."""
        with self.lock:
            every = (json.loads(note) for name, note in self._notes.items() if name.startswith(_REFUND))
            found = [each for each in every if each["seller_nick"] == shop and start <= each["modified"] <= end]
            found.sort(key=lambda refund: (refund["modified"], refund["refund_id"]))
            return len(found), found[first : first + count]

    def _put_refund(self, refund: refunds.WireRefund) -> None:
        self.remember(_REFUND + refund["refund_id"], json.dumps(refund, ensure_ascii=False))

    def change_memo(self, tid: str, memo: str, *, flag: int = 0) -> None:
        self._move(tid, lambda trade, at: moves.change_memo(trade, memo, flag, at))

    def change_address(self, tid: str, person: Person) -> None:
        self._move(tid, lambda trade, at: moves.change_address(trade, person, at))

    def change_adjustment(self, tid: str, oid: str, adjust_fen: int) -> None:
        self._move(tid, lambda trade, at: moves.change_adjustment(trade, oid, adjust_fen, at))

    def ship(self, tid: str, *, company: str, out_sid: str, oids: Collection[str] = ()) -> None:
        """What logistics.offline.send does. The same parcel again changes nothing, not even ``modified``."""
        with self.lock:
            if self.faults.refuses_repeats and moves.was_shipped(self._held(tid), out_sid=out_sid, oids=oids):
                raise moves.NotPossible
            self._move(tid, lambda t, at: moves.ship(t, company=company, out_sid=out_sid, oids=oids, at=at))

    def trade(self, tid: str) -> WireTrade:
        """Return a copy of a trade. Raises KeyError if there is none."""
        with self.lock:
            return copy.deepcopy(self._held(tid))

    def trades(self) -> tuple[WireTrade, ...]:
        with self.lock:
            return tuple(copy.deepcopy(trade) for trade in self._trades.values())

    def changed(self, shop: str, start: str, end: str, *, first: int, count: int) -> tuple[int, list[WireTrade]]:
        """Return how many of the shop's trades were modified in ``[start, end]``, and ``count`` of them from ``first``.

        Times are Chinese time as text. The oldest change stands first; so a trade that changes moves to the end, and
        what stood behind it moves up: the trap of forward paging.
        """
        with self.lock:
            found = [t for t in self._trades.values() if t["seller_nick"] == shop and start <= t["modified"] <= end]
            found.sort(key=lambda trade: (trade["modified"], trade["tid"]))
            return len(found), copy.deepcopy(found[first : first + count])

    def standing_at(self, *statuses: str) -> tuple[str, ...]:
        """Return the numbers of the trades with one of these statuses, in the order they were placed."""
        with self.lock:
            return tuple(str(tid) for tid, trade in self._trades.items() if trade["status"] in statuses)

    def remember(self, name: str, value: str) -> None:
        """Keep a note beside the trades, over restarts."""
        with self.lock:
            self._notes[name] = value
            self._file.put_note(name, value)

    def recall(self, name: str) -> str | None:
        with self.lock:
            return self._notes.get(name)

    def _held(self, tid: str) -> WireTrade:
        return self._trades[int(tid)]

    def _move(self, tid: str, move: Move) -> None:
        with self.lock:
            trade = self.trade(tid)
            move(trade, self.now())
            if trade != self._held(tid):
                self.add(trade)
