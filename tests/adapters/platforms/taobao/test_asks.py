"""Refunds and returns against the fake platform, over loopback HTTP: listed, fetched, agreed to, refused, each once."""

from datetime import timedelta

import pytest
from attrs import evolve

from oms_adapters.platforms.taobao import fake_refunds as moves
from oms_adapters.platforms.taobao.fake_trades import Wanted
from oms_app.ports.channels import AskChanged, AskReply, OrderGone, PlatformRefused, RetryLater
from oms_domain.channels.aftersales import AskKind, AskState, GoodsAt, PlatformDecision
from oms_domain.channels.standard import PlatformState
from oms_domain.kernel.money import Money

HOUR = timedelta(hours=1)


@pytest.fixture
def shipped(shop, item):
    """A shipped trade of two lines, and the number of its first sub-order."""
    number = shop.platform.place([Wanted(item=item, num=2), Wanted(item=item)])
    shop.platform.pay(number)
    shop.platform.ship(number, company="顺丰快递", out_sid="SF1")
    return number, str(int(number) + 1)


def asked(shop, refund_id):
    return shop.gateway.translate_ask(shop.gateway.fetch_ask(refund_id)).ask


def reply_to(ask, **changes):
    facts = {"refund_no": ask.refund_no, "order_no": ask.order_no, "amount": ask.refund}
    return AskReply(**facts | {"version": ask.version, "phase": ask.phase} | changes)


def test_what_changed_is_listed_in_its_window_and_fetched_whole(shop, shipped):
    number, oid = shipped
    refund_id = shop.platform.ask_refund(number, oid, returns=True, refund_fen=100_00, num=1)
    now = shop.platform.now()

    pages = list(shop.gateway.changed_asks(now - HOUR, now + HOUR))
    ask = asked(shop, refund_id)

    assert {ref.refund_no for page in pages for ref in page} == {refund_id}  # windows share their ends
    assert list(shop.gateway.changed_asks(now - 3 * HOUR, now - 2 * HOUR)) == []
    assert (ask.kind, ask.state, ask.refund, ask.order_no) == (
        AskKind.RETURN,
        AskState.AWAITING_SELLER,
        Money(100_00),
        number,
    )
    assert (ask.lines[0].line_no, ask.lines[0].quantity, ask.goods_at) == (oid, 1, GoodsAt.WITH_BUYER)
    assert ask.due_at is not None


def test_many_refunds_are_listed_from_the_last_page_back(shop, item):
    now = shop.platform.now()
    for _ in range(51):
        number = shop.platform.place([Wanted(item=item)])
        shop.platform.pay(number)
        shop.platform.ask_refund(number, number)

    pages = list(shop.gateway.changed_asks(now - timedelta(minutes=5), now + timedelta(minutes=5)))

    assert len({ref.refund_no for page in pages for ref in page}) == 51
    assert [len(page) for page in pages][:2] == [1, 50]


def test_money_is_agreed_to_once_however_often_it_is_told(shop, shipped):
    number, oid = shipped
    ask = asked(shop, shop.platform.ask_refund(number, oid))

    for _ in range(3):
        shop.gateway.agree_refund(reply_to(ask))

    done = asked(shop, ask.refund_no)
    assert (done.state, done.order_state) == (AskState.SUCCEEDED, PlatformState.CLOSED_REFUNDED)


def test_an_answer_that_was_lost_is_found_again(shop, shipped):
    number, oid = shipped
    ask = asked(shop, shop.platform.ask_refund(number, oid))
    shop.platform.faults = evolve_faults(shop, late_failures_percent=100)
    with pytest.raises(RetryLater):
        shop.gateway.agree_refund(reply_to(ask))
    shop.platform.faults = evolve_faults(shop, late_failures_percent=0)

    shop.gateway.agree_refund(reply_to(ask))

    assert asked(shop, ask.refund_no).state is AskState.SUCCEEDED


def evolve_faults(shop, **changes):
    faults = shop.platform.faults
    for name, value in changes.items():
        setattr(faults, name, value)
    return faults


def test_a_stale_version_is_told_apart_from_a_refusal(shop, shipped):
    number, oid = shipped
    refund_id = shop.platform.ask_refund(number, oid)
    ask = asked(shop, refund_id)

    with pytest.raises(PlatformRefused):
        shop.gateway.agree_refund(reply_to(ask, amount=Money(1)))  # the platform moves what was asked
    shop.platform.move_refund(refund_id, moves.change_amount, refund_fen=1_00)
    with pytest.raises(AskChanged):
        shop.gateway.agree_refund(reply_to(ask))
    with pytest.raises(AskChanged):
        shop.gateway.refuse_ask(reply_to(ask, reason="x"))


def test_a_return_goes_its_way(shop, shipped):
    number, oid = shipped
    ask = asked(shop, shop.platform.ask_refund(number, oid, returns=True))
    with pytest.raises(PlatformRefused):
        shop.gateway.agree_refund(reply_to(ask))  # the goods are not back

    for _ in range(2):
        shop.gateway.agree_return(reply_to(ask))
    shop.platform.move_refund(ask.refund_no, moves.send_back, company="顺丰快递", sid="SF9")
    sent = asked(shop, ask.refund_no)
    assert (sent.state, sent.tracking_no, sent.goods_at) == (AskState.AWAITING_RECEIPT, "SF9", GoodsAt.SENT_BACK)
    shop.gateway.agree_refund(reply_to(sent))

    assert asked(shop, ask.refund_no).state is AskState.SUCCEEDED


def test_it_is_refused_with_a_reason_and_the_platform_may_decide_otherwise(shop, shipped):
    number, oid = shipped
    ask = asked(shop, shop.platform.ask_refund(number, oid))

    for _ in range(2):
        shop.gateway.refuse_ask(reply_to(ask, reason="不符合"))
    assert asked(shop, ask.refund_no).state is AskState.REFUSED
    shop.platform.move_refund(ask.refund_no, moves.decide, for_buyer=True)

    assert asked(shop, ask.refund_no).decision is PlatformDecision.FOR_BUYER


def test_what_is_not_there_is_gone(shop, shipped):
    with pytest.raises(OrderGone):
        shop.gateway.fetch_ask("9299")
    with pytest.raises(PlatformRefused):
        shop.gateway.agree_refund(AskReply(refund_no="9299", order_no="1", amount=Money(1)))


def test_a_part_of_the_money_leaves_the_sub_order_as_it_is(shop, shipped):
    number, oid = shipped
    ask = asked(shop, shop.platform.ask_refund(number, oid, refund_fen=1_00))

    shop.gateway.agree_refund(reply_to(ask))

    (first, *_) = shop.gateway.translate(shop.gateway.fetch_order(number)).order.lines
    assert first.state is PlatformState.SHIPPED
    assert evolve(ask, state=AskState.SUCCEEDED).refund == Money(1_00)
