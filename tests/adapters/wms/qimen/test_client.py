"""Calls to a warehouse: what goes out, and what every kind of reply means."""

from __future__ import annotations

from datetime import timedelta

import httpx2
import pytest
from attrs import define, field

from oms_adapters.wms.qimen.client import LARGEST_REPLY_BYTES, LONGEST_CALL, QimenClient
from oms_adapters.wms.qimen.signing import is_signed
from oms_adapters.wms.qimen.warehouse import QimenWarehouse
from oms_adapters.wms.qimen.xml import Node, read_xml
from oms_app.ports.channels import AuthorisationExpired, PlatformRefused, RateLimited, RetryLater, Unreachable
from oms_app.ports.wms import Stop, StopAnswer, StopOrder
from oms_domain.kernel.identity import SkuCode, WarehouseCode

MESSAGE = Node("request", "", (Node("remark", "改发<顺丰>"),))
ORDER = StopOrder(number="F1", warehouse=WarehouseCode("WH-A"), reason="买家申请退款")


@define
class Replies:
    """Answers of a warehouse in a row, the last one for ever; keeps the requests."""

    replies: list
    requests: list[httpx2.Request] = field(factory=list)

    def __call__(self, request):
        self.requests.append(request)
        reply = self.replies[min(len(self.requests), len(self.replies)) - 1]
        if callable(reply):
            reply = reply()
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, httpx2.Response) else httpx2.Response(200, content=reply)


@pytest.fixture
def call(clock, account):
    """Return a function that builds a client whose warehouse gives the replies, in a row."""

    def a_client(*replies):
        warehouse = Replies(list(replies))
        http = httpx2.Client(transport=httpx2.MockTransport(warehouse))
        return QimenClient(account=account, http=http, now=clock), warehouse

    return a_client


def said(flag, code="0", message="ok", more=""):
    return f"<response><flag>{flag}</flag><code>{code}</code><message>{message}</message>{more}</response>".encode()


def refusal(client):
    with pytest.raises((RetryLater, RateLimited, AuthorisationExpired, PlatformRefused)) as caught:
        client.call("order.cancel", MESSAGE)
    return caught.value


def test_a_call_is_a_signed_post_of_xml_with_chinese_time(call, account, recorded):
    client, warehouse = call(recorded("deliveryorder_create_response"))

    reply = client.call("deliveryorder.create", MESSAGE)

    (request,) = warehouse.requests
    params = dict(request.url.params)
    assert str(request.url).partition("?")[0] == account.base_url
    assert params == {
        "method": "taobao.qimen.deliveryorder.create",
        "timestamp": "2026-11-23 10:00:00",
        "format": "xml",
        "app_key": "12345678",
        "v": "2.0",
        "sign_method": "md5",
        "customerId": "C001",
        "sign": params["sign"],
    }
    assert is_signed(params, "testsecret", request.content)
    assert read_xml(request.content) == MESSAGE
    assert reply.first("deliveryOrderId") == Node("deliveryOrderId", "WMS0000001")


REPLIES = {
    "a refusal": (said("failure", "ORDER_ALREADY_SHIPPED", "已出库"), PlatformRefused, "ORDER_ALREADY_SHIPPED: 已出库"),
    "a refusal without a code": (said("failure", "", ""), PlatformRefused, "failure"),
    "a wrong signature": (said("failure", "INVALID_SIGNATURE", "x"), AuthorisationExpired, "INVALID_SIGNATURE"),
    "an unknown customer": (said("failure", "INVALID_WMS_CUSTOMERID"), AuthorisationExpired, "INVALID_WMS_CUSTOMERID"),
    "a gateway that fails": (said("failure", "isp.remote-service-timeout"), RetryLater, "isp.remote-service-timeout"),
    "a clock that differs": (said("failure", "isv.timestamp-limit-error"), RetryLater, "isv.timestamp-limit-error"),
    "a flow limit": (
        (
            b"<error_response><code>7</code><sub_code>accesscontrol.limited-by-dynamic-access-count</sub_code>"
            b"<sub_msg>This ban will last for 9 more seconds</sub_msg></error_response>"
        ),
        RateLimited,
        "accesscontrol.limited-by-dynamic-access-count",
    ),
    "an envelope of the gateway": (
        b"<error_response><code>25</code><msg>Invalid signature</msg></error_response>",
        AuthorisationExpired,
        "25",
    ),
    "a page": (b"<html><title>x</title></html>", RetryLater, "unreadable_reply"),
    "a page that is no XML": (b"<html><br></html>", RetryLater, "unreadable_reply"),
    "half a reply": (said("success")[:-5], RetryLater, "unreadable_reply"),
    "nothing": (b"", RetryLater, "unreadable_reply"),
    "an answer without a flag": (b"<response><code>0</code></response>", RetryLater, "unreadable_reply"),
    "another flag": (said("maybe"), RetryLater, "unreadable_reply"),
    "a document type": (b"<!DOCTYPE r><response><flag>success</flag></response>", RetryLater, "unreadable_reply"),
    "a success that is none by its status": (httpx2.Response(500, content=said("success")), RetryLater, "http_500"),
    "a gateway's page": (httpx2.Response(504, content=b"<html/>"), RetryLater, "http_504"),
    "too many calls": (httpx2.Response(429, headers={"Retry-After": "7"}), RateLimited, "http_429"),
    "a redirect": (httpx2.Response(302, headers={"Location": "http://127.0.0.1:1"}), RetryLater, "http_302"),
    "no answer in time": (httpx2.ReadTimeout("slow"), RetryLater, "timeout"),
    "a line that breaks": (httpx2.ReadError("no"), RetryLater, "transport"),
    "nobody there": (httpx2.ConnectError("no"), Unreachable, "unreachable"),
    "nobody there in time": (httpx2.ConnectTimeout("no"), Unreachable, "unreachable"),
    "a reply without an end": (
        lambda: httpx2.Response(200, content=iter([b"x" * 1024 * 1024] * (LARGEST_REPLY_BYTES // 1024 // 1024 + 1))),
        RetryLater,
        "reply_too_large",
    ),
    "a packed reply": (
        lambda: httpx2.Response(200, headers={"Content-Encoding": "gzip"}, content=iter([b"x"])),
        RetryLater,
        "unreadable_reply",
    ),
}


@pytest.mark.parametrize("what", REPLIES)
def test_every_reply_tells_the_caller_what_to_do(what, call):
    reply, kind, reason = REPLIES[what]
    client, warehouse = call(reply)

    error = refusal(client)

    assert (type(error), error.reason) == (kind, reason)
    assert len(warehouse.requests) == 1


def test_a_limit_tells_for_how_long(call):
    assert refusal(call(REPLIES["a flow limit"][0])[0]).after_s == 9
    assert refusal(call(REPLIES["too many calls"][0])[0]).after_s == 7


def test_a_reply_that_trickles_in_is_given_up(call, clock):
    def drip():
        for _ in range(10):
            clock.forward(seconds=(LONGEST_CALL / timedelta(seconds=1)) / 5)
            yield b" "

    assert refusal(call(httpx2.Response(200, content=drip()))[0]).reason == "timeout"


def test_what_xml_cannot_hold_is_not_sent(call):
    client, warehouse = call(said("success"))

    with pytest.raises(PlatformRefused) as refused:
        client.call("order.cancel", Node("request", "\x07"))

    assert refused.value.reason == "unencodable"
    assert warehouse.requests == []


@pytest.mark.parametrize("what", REPLIES)
def test_no_error_shows_what_was_sent_or_a_secret(what, call):
    error = refusal(call(REPLIES[what][0])[0])

    chain = [error]
    while chain[-1].__context__ is not None:
        chain.append(chain[-1].__context__)
    shown = " ".join(f"{each!r} {each} {vars(each) if hasattr(each, '__dict__') else ''}" for each in chain)
    assert "testsecret" not in shown
    assert "改发" not in shown


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (said("success"), StopAnswer(outcome=Stop.STOPPED)),
        (said("failure", "X", "已出库"), StopAnswer(outcome=Stop.NOT_STOPPED, reason="X: 已出库")),
        (httpx2.ReadTimeout("slow"), StopAnswer(outcome=Stop.NO_ANSWER, reason="timeout")),
        (b"<html/>", StopAnswer(outcome=Stop.NO_ANSWER, reason="unreadable_reply")),
    ],
)
def test_asking_to_stop_has_three_answers(reply, answer, call):
    assert QimenWarehouse(client=call(reply)[0]).stop(ORDER) == answer


@pytest.mark.parametrize("code", ["INVALID_SIGNATURE", "7"])
def test_an_ask_to_stop_that_did_not_get_there_is_no_answer_of_the_warehouse(code, call):
    with pytest.raises((AuthorisationExpired, RateLimited)):
        QimenWarehouse(client=call(said("failure", code))[0]).stop(ORDER)


def test_levels_that_cannot_be_read_are_asked_for_again(call):
    client, _ = call(said("success", more="<items><item><itemCode>A</itemCode><quantity>x</quantity></item></items>"))

    with pytest.raises(RetryLater):
        QimenWarehouse(client=client).levels(WarehouseCode("WH-A"), (SkuCode("A"),))
