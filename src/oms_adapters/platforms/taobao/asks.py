"""Aftersales calls to Taobao: list, fetch, agree, refuse. Source: TOP documentation of the refund interfaces.

Told twice, everything happens once: what the platform refuses is held against the refund as it stands there now, and
what was done already is done.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Final

from attrs import frozen

from oms_adapters.platforms.taobao.client import UNREADABLE, TopClient
from oms_adapters.platforms.taobao.payload import Fields
from oms_adapters.platforms.taobao.refunds import translate_refund
from oms_app.ports.channels import AskChanged, AskRef, AskReply, OrderGone, PlatformRefused, RetryLater
from oms_domain.channels.aftersales import AskState, StandardAftersales
from oms_domain.channels.standard import UnreadablePayload
from oms_domain.kernel.time import print_china_time

LIST_REFUNDS: Final = "taobao.refunds.receive.get"
FETCH_REFUND: Final = "taobao.refund.get"
AGREE_REFUND: Final = "taobao.rp.refunds.agree"
AGREE_RETURN: Final = "taobao.rp.returngoods.agree"
REFUSE: Final = "taobao.refund.refuse"

PAGE_SIZE: Final = 50  # at most 100
MOST_RESULTS: Final = 1_000_000
NOT_EXIST: Final = "isv.refund-not-exist"
SUCCESS: Final = "OP_SUCC"
LONGEST_MESSAGE: Final = 200

REFUND_FIELDS: Final = (
    "refund_id,tid,oid,num_iid,title,sku,outer_id,num,price,total_fee,refund_fee,payment,status,order_status,"
    "good_status,has_good_return,refund_phase,refund_version,dispute_type,cs_status,advance_status,reason,desc,"
    "company_name,sid,created,modified,good_return_time,refund_remind_timeout"
)
AGREED: Final = frozenset({AskState.AWAITING_RETURN, AskState.AWAITING_RECEIPT, AskState.SUCCEEDED})
REFUSED: Final = frozenset({AskState.REFUSED, AskState.CLOSED})


@frozen
class TaobaoAsks:
    """One account's refunds and returns."""

    client: TopClient

    def pages(self, start: datetime, end: datetime) -> Iterator[tuple[AskRef, ...]]:
        """Yield a window from its last page back, as orders are: a refund that changes moves behind it."""
        count, first = self._page(start, end, 1)
        if count <= PAGE_SIZE:
            if first:
                yield first
            return
        for page_no in range(-(-count // PAGE_SIZE), 0, -1):
            _, refs = self._page(start, end, page_no)
            if refs:
                yield refs

    def fetch(self, refund_no: str) -> bytes:
        try:
            reply = self.client.read(FETCH_REFUND, {"refund_id": refund_no, "fields": REFUND_FIELDS})
        except PlatformRefused as refusal:
            if NOT_EXIST in refusal.reason:
                raise OrderGone(reason=refusal.reason) from refusal
            raise
        if not reply.body.has("refund"):
            raise RetryLater(reason=UNREADABLE)
        return reply.raw

    def agree_refund(self, reply: AskReply) -> None:
        """Have the money paid. Of ``refund_fee`` no other amount can be: the platform moves what was asked."""
        info = f"{reply.refund_no}|{reply.amount.fen}|{reply.version}|{reply.phase}"
        self._tell(AGREE_REFUND, {"refund_infos": info}, reply, {AskState.SUCCEEDED})

    def agree_return(self, reply: AskReply) -> None:
        self._tell(AGREE_RETURN, self._about(reply), reply, AGREED)

    def refuse(self, reply: AskReply) -> None:
        message = {"refuse_message": reply.reason[:LONGEST_MESSAGE] or "-"}
        self._tell(REFUSE, self._about(reply) | message, reply, REFUSED)

    # -----------------------------------------------------------------------------------------------------------------

    def _about(self, reply: AskReply) -> dict[str, str]:
        return {"refund_id": reply.refund_no, "refund_version": reply.version, "refund_phase": reply.phase}

    def _tell(self, method: str, params: Mapping[str, str], reply: AskReply, done: Collection[AskState]) -> None:
        try:
            body = self.client.write(method, params).body
            refused = PlatformRefused(reason=_said(body)) if not _is_done(body) else None
        except PlatformRefused as refusal:
            refused = refusal
        if refused is None:
            return
        there = self._as_it_stands(reply.refund_no)
        if there is None:
            raise refused
        if there.state in done:
            return
        if there.version != reply.version:
            raise AskChanged(reason=refused.reason)
        raise refused

    def _as_it_stands(self, refund_no: str) -> StandardAftersales | None:
        try:
            return translate_refund(self.fetch(refund_no)).ask
        except (PlatformRefused, UnreadablePayload):
            return None

    def _page(self, start: datetime, end: datetime, page_no: int) -> tuple[int, tuple[AskRef, ...]]:
        params = {
            "fields": "refund_id,modified",
            "start_modified": print_china_time(start),
            "end_modified": print_china_time(end),
            "page_no": str(page_no),
            "page_size": str(PAGE_SIZE),
            "use_has_next": "false",
        }
        body = self.client.read(LIST_REFUNDS, params).body
        try:
            body.require("total_results")
            count = body.whole("total_results", most=MOST_RESULTS)
            return count, tuple(_ref(row) for row in body.objects("refunds", "refund"))
        except UnreadablePayload:
            raise RetryLater(reason=UNREADABLE) from None


def _ref(row: Fields) -> AskRef:
    return AskRef(refund_no=row.number("refund_id"), modified_at=row.required_time("modified"))


def _is_done(body: Fields) -> bool:
    """A batch says ``msg_code``, the others ``is_success``."""
    try:
        if body.has("msg_code"):
            return body.text("msg_code", longest=40) == SUCCESS
        return body.flag("is_success")
    except UnreadablePayload:
        raise RetryLater(reason=UNREADABLE) from None


def _said(body: Fields) -> str:
    """Return the platform's own code; it may hold no text of theirs."""
    return body.text("msg_code", longest=40) if body.has("msg_code") else "not_successful"
