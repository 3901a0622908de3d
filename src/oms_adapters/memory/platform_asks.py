"""The aftersales half of the platform in memory: asks that are put there, money that it pays, each thing once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from attrs import define, evolve, field

from oms_app.ports.channels import AskChanged, AskRef, AskReply, OrderGone, PlatformRefused
from oms_domain.channels.aftersales import AskState, AskTranslation, StandardAftersales
from oms_domain.channels.standard import UnreadablePayload
from oms_domain.kernel.money import Money

TICK = timedelta(seconds=1)


@define
class MemoryAsksAtPlatform:
    """Asks for money and goods. ``paid`` is every payment that was made; ``during`` runs inside each call."""

    asks: dict[str, StandardAftersales] = field(factory=dict)
    ask_payloads: dict[bytes, StandardAftersales] = field(factory=dict)
    paid: list[tuple[str, Money]] = field(factory=list)
    told: list[tuple[str, str, str]] = field(factory=list)  # what, refund number, reason
    during: list[Callable[[], None]] = field(factory=list)
    lost: list[Exception] = field(factory=list)  # raised after the call was carried out: the answer is lost

    def asks_for(self, standard: StandardAftersales) -> bytes:
        """Have an ask at the platform, or a newer version of it, and return its payload."""
        raw = f"ask/{standard.refund_no}/{len(self.ask_payloads)}".encode()
        self.ask_payloads[raw] = standard
        known = self.asks.get(standard.refund_no)
        if known is None or standard.order_key >= known.order_key:
            self.asks[standard.refund_no] = standard
        return raw

    def changed_asks(self, since: datetime, until: datetime) -> Iterable[tuple[AskRef, ...]]:
        self._call()
        found = tuple(
            AskRef(refund_no=ask.refund_no, modified_at=ask.modified_at)
            for ask in self.asks.values()
            if since <= ask.modified_at <= until
        )
        if found:
            yield found

    def fetch_ask(self, refund_no: str) -> bytes:
        self._call()
        if refund_no not in self.asks:
            raise OrderGone(reason="no_such_refund")
        newest = self.asks[refund_no]
        return next(raw for raw, ask in self.ask_payloads.items() if ask is newest)

    def translate_ask(self, raw: bytes) -> AskTranslation:
        if raw not in self.ask_payloads:
            raise UnreadablePayload(field="refund", why="missing")
        return AskTranslation(ask=self.ask_payloads[raw], raw=raw)

    def agree_refund(self, reply: AskReply) -> None:
        ask = self._asked(reply)
        if ask.state is AskState.SUCCEEDED:
            return self._answered()
        self._same_version(ask, reply)
        if ask.state is AskState.CLOSED or reply.amount != ask.refund:
            raise PlatformRefused(reason="cannot_be_refunded")
        self.paid.append((ask.refund_no, reply.amount))
        self._moves(ask, AskState.SUCCEEDED)
        return self._answered()

    def agree_return(self, reply: AskReply) -> None:
        ask = self._asked(reply)
        if ask.state is AskState.AWAITING_SELLER:
            self._same_version(ask, reply)
            self.told.append(("agree_return", ask.refund_no, ""))
            self._moves(ask, AskState.AWAITING_RETURN)
        self._answered()

    def refuse_ask(self, reply: AskReply) -> None:
        ask = self._asked(reply)
        if ask.state in (AskState.AWAITING_SELLER, AskState.AWAITING_RECEIPT):
            self._same_version(ask, reply)
            self.told.append(("refuse", ask.refund_no, reply.reason))
            self._moves(ask, AskState.REFUSED)
        self._answered()

    def _asked(self, reply: AskReply) -> StandardAftersales:
        self._call()
        if reply.refund_no not in self.asks:
            raise OrderGone(reason="no_such_refund")
        return self.asks[reply.refund_no]

    def _same_version(self, ask: StandardAftersales, reply: AskReply) -> None:
        if reply.version != ask.version:
            raise AskChanged(reason="refund_version")

    def _moves(self, ask: StandardAftersales, state: AskState) -> None:
        self.asks_for(evolve(ask, state=state, modified_at=ask.modified_at + TICK))

    def _answered(self) -> None:
        """The work is done; meanwhile messages may get through, and the answer itself may not."""
        while self.during:
            self.during.pop(0)()
        if self.lost:
            raise self.lost.pop(0)

    def _call(self) -> None:
        raise NotImplementedError
