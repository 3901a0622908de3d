"""Recorded refunds in standard form, whole values compared; whatever the bytes are, nothing else breaks."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.adapters.platforms.taobao.conftest import PAYLOADS

from oms_adapters.platforms.taobao.refunds import ASK_KINDS, ASK_STATES, GOODS, translate_refund
from oms_domain.channels.aftersales import (
    AskKind,
    AskState,
    AskTranslation,
    GoodsAt,
    PlatformDecision,
    StandardAftersales,
    StandardAskLine,
)
from oms_domain.channels.standard import AmountMismatch, Platform, PlatformState, UnreadablePayload
from oms_domain.kernel.money import Money

RECORDED = json.loads((PAYLOADS / "taobao_refund.json").read_text(encoding="utf-8"))

ASK = StandardAftersales(
    platform=Platform.TAOBAO,
    refund_no="9200000000000000001",
    order_no="9100000000000000010",
    kind=AskKind.RETURN,
    state=AskState.AWAITING_RECEIPT,
    lines=(
        StandardAskLine(
            line_no="9100000000000000011",
            item_id="600000000001",
            platform_sku_id="5000000000001",
            sku="SPU1-RED-M",
            title="【样例】双面围巾",
            spec="颜色分类:样例色;尺码:均码",
            quantity=1,
            unit_price=Money(199_00),
            payable=Money(311_66),
        ),
    ),
    refund=Money(155_83),
    kept=Money(155_83),
    returns_goods=True,
    goods_at=GoodsAt.SENT_BACK,
    order_state=PlatformState.SHIPPED,
    reason="尺寸不合适",
    description="退一件",
    carrier="中通快递",
    tracking_no="75000000000001",
    created_at=datetime(2026, 1, 6, 1, 0, tzinfo=UTC),
    modified_at=datetime(2026, 1, 7, 10, 30, tzinfo=UTC),
    returned_at=datetime(2026, 1, 7, 10, 30, tzinfo=UTC),
    due_at=datetime(2026, 1, 17, 10, 30, tzinfo=UTC),
    phase="onsale",
    version="1767500000000",
)


def dumped(payload):
    return json.dumps(payload, ensure_ascii=False).encode()


def changed(**fields):
    """The recorded refund with other fields; ``None`` takes one away."""
    payload = copy.deepcopy(RECORDED)
    refund = payload["refund_get_response"]["refund"]
    refund.update(fields)
    for name in [name for name, value in fields.items() if value is None]:
        del refund[name]
    return dumped(payload)


def test_the_recorded_refund_in_standard_form():
    raw = dumped(RECORDED)

    assert translate_refund(raw) == AskTranslation(ask=ASK, raw=raw)


def test_a_bare_refund_reads_as_one_in_its_envelope():
    assert translate_refund(dumped(RECORDED["refund_get_response"]["refund"])).ask == ASK


@pytest.mark.parametrize(("code", "state"), ASK_STATES.items())
def test_every_state_of_the_platform_has_one_of_ours(code, state):
    assert translate_refund(changed(status=code)).ask.state is state


@pytest.mark.parametrize(("code", "kind"), ASK_KINDS.items())
def test_every_kind_of_dispute_has_one_of_ours(code, kind):
    assert translate_refund(changed(dispute_type=code)).ask.kind is kind


@pytest.mark.parametrize(("code", "goods"), GOODS.items())
def test_where_the_buyer_says_the_goods_are(code, goods):
    assert translate_refund(changed(good_status=code)).ask.goods_at is goods


@pytest.mark.parametrize(("returns", "kind"), [(True, AskKind.RETURN), (False, AskKind.REFUND)])
def test_without_a_kind_of_dispute_the_goods_decide_as_they_do_when_an_exchange_turns_into_a_refund(returns, kind):
    assert translate_refund(changed(dispute_type=None, has_good_return=returns)).ask.kind is kind
    turned = changed(dispute_type="TMALL_EXCHANGE", status="EXCHANGE_TRANSFORM_TO_REFUND", has_good_return=returns)
    assert translate_refund(turned).ask.kind is kind


@pytest.mark.parametrize(
    ("code", "decision"),
    [
        (None, PlatformDecision.NONE),
        (1, PlatformDecision.NONE),
        (2, PlatformDecision.ASKED),
        (6, PlatformDecision.ASKED),
        (7, PlatformDecision.NONE),
        (8, PlatformDecision.FOR_BUYER),
        (9, PlatformDecision.FOR_SELLER),
        (11, PlatformDecision.ASKED),
    ],
)
def test_whether_and_for_whom_the_platform_has_decided(code, decision):
    assert translate_refund(changed(cs_status=code)).ask.decision is decision


def test_amounts_that_contradict_each_other_are_shown_and_do_not_stop_it():
    found = translate_refund(changed(payment="155.84"))

    assert found.ask.refund == Money(155_83)
    assert found.mismatches == (
        AmountMismatch(rule="R1", line_no="9100000000000000011", stated=Money(155_84), computed=Money(155_83)),
    )
    assert translate_refund(changed(payment=None)).mismatches == ()
    assert translate_refund(changed(total_fee=None)).mismatches == ()


def test_a_telephone_number_in_what_the_buyer_wrote_is_masked():
    ask = translate_refund(changed(desc="打 10000000001", reason="打 10000000001")).ask

    assert (ask.description, ask.reason) == ("打 ***********", "打 ***********")


def test_what_is_not_told_is_empty():
    ask = translate_refund(
        changed(
            refund_remind_timeout=None,
            refund_version=None,
            outer_id=" ",
            sku=None,
            good_status=None,
            good_return_time=None,
            company_name=None,
        )
    ).ask

    assert (ask.due_at, ask.version, ask.lines[0].sku, ask.lines[0].platform_sku_id) == (None, "", None, "")
    assert (ask.goods_at, ask.returned_at, ask.carrier) == (GoodsAt.UNKNOWN, None, "")


def test_a_time_limit_that_does_not_exist_is_none():
    remind = {"exist_timeout": False, "remind_type": 3, "timeout": "2026-01-17 18:30:00"}

    assert translate_refund(changed(refund_remind_timeout=remind)).ask.due_at is None


@pytest.mark.parametrize(
    ("fields", "path", "why"),
    [
        ({"refund_id": None}, "refund_id", "missing"),
        ({"tid": None}, "tid", "missing"),
        ({"oid": "abc"}, "oid", "not_a_number"),
        ({"status": None}, "status", "missing"),
        ({"status": "SOMETHING_NEW"}, "status", "unmapped"),
        ({"dispute_type": "SOMETHING_NEW"}, "dispute_type", "unmapped"),
        ({"order_status": "SOMETHING_NEW"}, "order_status", "unmapped"),
        ({"good_status": "SOMETHING_NEW"}, "good_status", "unmapped"),
        ({"cs_status": 12}, "cs_status", "out_of_range"),
        ({"refund_fee": None}, "refund_fee", "missing"),
        ({"refund_fee": 155.83}, "refund_fee", ""),
        ({"refund_fee": 15583}, "refund_fee", "amount"),
        ({"refund_fee": "-1.00"}, "refund_fee", "negative"),
        ({"refund_fee": "1.001"}, "refund_fee", "amount"),
        ({"num": 0}, "num", "quantity"),
        ({"modified": "2026-01-07T18:30:00"}, "modified", "time"),
        ({"refund_remind_timeout": 1}, "refund_remind_timeout", "not_an_object"),
        ({"refund_version": "1"}, "refund_version", "out_of_range"),
        ({"sku": "1" * 65 + "|x"}, "sku", "too_long"),
    ],
    ids=str,
)
def test_what_cannot_be_read_is_refused_with_its_path_and_the_refunds_number(fields, path, why):
    if not why:  # a JSON number of yuan is read as its text, exactly
        assert translate_refund(changed(**fields)).ask.refund == Money(155_83)
        return
    with pytest.raises(UnreadablePayload) as trouble:
        translate_refund(changed(**fields))

    number = "" if path == "refund_id" else "9200000000000000001"
    assert trouble.value.fields() == {"field": path, "why": why, "order_no": number}


odd = st.sampled_from(
    [
        None,
        "",
        " ",
        0,
        -1,
        10**30,
        1.5,
        True,
        [],
        {},
        [{}],
        "\0",
        "\ud800",
        "１２",
        "1e400",
        "NaN",
        "x" * 3000,
        "9999-12-31 00:00:00",
    ]
)
FIELDS = sorted(RECORDED["refund_get_response"]["refund"])


@settings(max_examples=400, deadline=None)
@given(fields=st.dictionaries(st.sampled_from(FIELDS), odd, min_size=1, max_size=3))
def test_a_mutated_refund_is_translated_to_storable_values_or_unreadable(fields):
    payload = copy.deepcopy(RECORDED)
    payload["refund_get_response"]["refund"].update(fields)
    try:
        ask = translate_refund(json.dumps(payload).encode()).ask
    except UnreadablePayload as trouble:
        found = trouble
    else:
        found = None
        assert all("\0" not in value for value in attrs.astuple(ask) if isinstance(value, str))
        assert ask.refund.fen >= 0
    assert found is None or found.fields().keys() == {"field", "why", "order_no"}


@given(st.binary(max_size=200))
def test_any_bytes_are_unreadable(raw):
    with pytest.raises(UnreadablePayload):
        translate_refund(raw)
