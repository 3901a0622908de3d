"""A refund of the platform in standard form: pure. Source: TOP documentation of taobao.refund.get."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from attrs import evolve

from oms_adapters.platforms.taobao.payload import Fields, parse_object, unreadable
from oms_adapters.platforms.taobao.states import STATES
from oms_domain.channels.aftersales import (
    AskKind,
    AskState,
    AskTranslation,
    GoodsAt,
    PlatformDecision,
    StandardAftersales,
    StandardAskLine,
)
from oms_domain.channels.standard import AmountMismatch, Platform, UnreadablePayload
from oms_domain.kernel.identity import SkuCode
from oms_domain.kernel.money import Money
from oms_domain.kernel.text import mask_digits

RESPONSE: Final = "refund_get_response"
LONGEST_ID: Final = 64
LONGEST_NAME: Final = 200
LONGEST_TITLE: Final = 500
LONGEST_TEXT: Final = 2000
MOST_VERSION: Final = 10**15  # milliseconds
TURNED: Final = "EXCHANGE_TRANSFORM_TO_REFUND"

ASK_STATES: Final[Mapping[str, AskState]] = {
    "WAIT_SELLER_AGREE": AskState.AWAITING_SELLER,
    "SELLER_REFUSE_BUYER": AskState.REFUSED,
    "WAIT_BUYER_RETURN_GOODS": AskState.AWAITING_RETURN,
    "WAIT_SELLER_CONFIRM_GOODS": AskState.AWAITING_RECEIPT,
    "WAIT_SELLER_CONSIGN_GOODS": AskState.AWAITING_RESHIPMENT,
    "WAIT_BUYER_CONFIRM_EXCHANGE_SELLER_SEND_GOODS": AskState.AWAITING_BUYER,
    TURNED: AskState.AWAITING_SELLER,  # an exchange that goes on as a refund: it is asked for anew
    "CLOSED": AskState.CLOSED,
    "SUCCESS": AskState.SUCCEEDED,
}

ASK_KINDS: Final[Mapping[str, AskKind]] = {
    "REFUND": AskKind.REFUND,
    "REFUND_AND_RETURN": AskKind.RETURN,
    "TMALL_EXCHANGE": AskKind.EXCHANGE,
    "TAOBAO_EXCHANGE": AskKind.EXCHANGE,
    "REPAIR": AskKind.REPAIR,
    "RESHIPPING": AskKind.REISSUE,
    "OTHERS": AskKind.OTHER,
}

GOODS: Final[Mapping[str, GoodsAt]] = {
    "BUYER_NOT_RECEIVED": GoodsAt.NOT_RECEIVED,
    "BUYER_RECEIVED": GoodsAt.WITH_BUYER,
    "BUYER_RETURNED_GOODS": GoodsAt.SENT_BACK,
}

_DECISIONS: Final = (
    PlatformDecision.NONE,  # not told
    PlatformDecision.NONE,  # 1 none
    PlatformDecision.ASKED,  # 2 customer service is needed
    PlatformDecision.ASKED,  # 3 it has stepped in
    PlatformDecision.ASKED,  # 4 first review done
    PlatformDecision.ASKED,  # 5 review failed
    PlatformDecision.ASKED,  # 6 done: for whom, the field does not say
    PlatformDecision.NONE,  # 7 revoked
    PlatformDecision.FOR_BUYER,  # 8
    PlatformDecision.FOR_SELLER,  # 9
    PlatformDecision.ASKED,  # 10 evidence is asked for
    PlatformDecision.ASKED,  # 11 open for appeal
)
"""By ``cs_status``."""


def translate_refund(raw: bytes) -> AskTranslation:
    """Read a refund, in the envelope of taobao.refund.get or bare.

    An amount that contradicts the others does not stop it: ``refund_fee`` alone is what moves.

    Raises:
        UnreadablePayload: a field that a refund must have is missing, or one holds what cannot be read or stored.
            ``order_no`` is the refund's own number there. Whatever the bytes are, no other exception comes.
    """
    refund = _refund(parse_object(raw))
    refund_no = refund.number("refund_id")
    try:
        ask = _ask(refund, refund_no)
        return AskTranslation(ask=ask, raw=raw, mismatches=_mismatches(refund, ask))
    except UnreadablePayload as trouble:
        raise evolve(trouble, order_no=refund_no) from None


def _refund(payload: dict[str, object]) -> Fields:
    bare = Fields(payload)
    if not bare.has(RESPONSE):
        return bare
    return Fields(bare.child(RESPONSE).child("refund").values)


def _ask(refund: Fields, refund_no: str) -> StandardAftersales:
    refund.require("status", "refund_fee", "order_status", "created", "modified")
    return StandardAftersales(
        platform=Platform.TAOBAO,
        refund_no=refund_no,
        order_no=refund.number("tid"),
        kind=_kind(refund),
        state=refund.mapped("status", ASK_STATES),
        decision=_DECISIONS[refund.whole("cs_status", most=len(_DECISIONS) - 1)],
        lines=(_line(refund),),
        refund=refund.money("refund_fee"),
        kept=refund.money("payment"),
        returns_goods=refund.flag("has_good_return"),
        goods_at=refund.mapped("good_status", GOODS) if refund.has("good_status") else GoodsAt.UNKNOWN,
        order_state=refund.mapped("order_status", STATES),
        reason=mask_digits(refund.text("reason", longest=LONGEST_NAME)),
        description=mask_digits(refund.text("desc", longest=LONGEST_TEXT)),
        carrier=refund.text("company_name", longest=LONGEST_NAME),
        tracking_no=refund.text("sid", longest=LONGEST_ID),
        created_at=refund.required_time("created"),
        modified_at=refund.required_time("modified"),
        returned_at=refund.time("good_return_time"),
        due_at=_due(refund),
        phase=refund.text("refund_phase", longest=LONGEST_ID),
        version=_version(refund),
    )


def _kind(refund: Fields) -> AskKind:
    goods_back = AskKind.RETURN if refund.flag("has_good_return") else AskKind.REFUND
    if refund.values.get("status") == TURNED or not refund.has("dispute_type"):
        return goods_back
    return refund.mapped("dispute_type", ASK_KINDS)


def _line(refund: Fields) -> StandardAskLine:
    sku_id, _, spec = refund.text("sku", longest=LONGEST_TEXT).partition("|")
    code = refund.text("outer_id", longest=LONGEST_ID)
    if len(sku_id) > LONGEST_ID:
        raise unreadable(refund.at("sku"), "too_long")
    return StandardAskLine(
        line_no=refund.number("oid"),
        item_id=refund.text("num_iid", longest=LONGEST_ID),
        platform_sku_id=sku_id,
        sku=SkuCode(code) if code.strip() else None,
        title=refund.text("title", longest=LONGEST_TITLE),
        spec=spec,
        quantity=refund.quantity("num"),
        unit_price=refund.money("price"),
        payable=refund.money("total_fee"),
    )


def _due(refund: Fields) -> datetime | None:
    if not refund.has("refund_remind_timeout"):
        return None
    remind = refund.child("refund_remind_timeout")
    return remind.time("timeout") if remind.flag("exist_timeout") else None


def _version(refund: Fields) -> str:
    found = refund.whole("refund_version", most=MOST_VERSION)
    return str(found) if found else ""


def _mismatches(refund: Fields, ask: StandardAftersales) -> tuple[AmountMismatch, ...]:
    """R1: payment, which the seller keeps, is total_fee − refund_fee."""
    total: Money = ask.lines[0].payable
    if not (refund.has("payment") and refund.has("total_fee")) or ask.kept == total - ask.refund:
        return ()
    line_no = ask.lines[0].line_no
    return (AmountMismatch(rule="R1", line_no=line_no, stated=ask.kept, computed=total - ask.refund),)
