"""Calls to the gateway: what goes out, and what every kind of reply means."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import httpx2
import pytest
from attrs import define, evolve, field

from oms_adapters.platforms.taobao.account import TaobaoAccount
from oms_adapters.platforms.taobao.client import TopClient
from oms_adapters.platforms.taobao.signing import SignMethod, is_signed
from oms_app.ports.channels import AuthorisationExpired, PlatformRefused, RateLimited, RetryLater

METHOD = "taobao.trade.fullinfo.get"
GOOD = {"trade_fullinfo_get_response": {"trade": {"tid": 1}, "request_id": "r1"}}
ISP = {"code": 15, "sub_code": "isp.top-remote-connection-timeout", "sub_msg": "API调用远程连接超时"}


@define
class Replies:
    """Answers of a platform in a row, the last one for ever; keeps the requests."""

    replies: list
    requests: list[httpx2.Request] = field(factory=list)

    def __call__(self, request):
        self.requests.append(request)
        reply = self.replies[min(len(self.requests), len(self.replies)) - 1]
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, httpx2.Response) else httpx2.Response(200, json=reply)


@pytest.fixture
def call(clock):
    """Return a function that builds a client whose platform gives the replies, in a row."""

    def a_client(*replies, **account):
        platform, pauses = Replies(list(replies)), []
        keys = {"app_key": "12345678", "app_secret": "testsecret", "session": "test-session"} | account
        client = TopClient(
            account=TaobaoAccount(base_url="https://top.example.invalid", **keys),
            http=httpx2.Client(transport=httpx2.MockTransport(platform)),
            now=clock,
            sleep=pauses.append,
        )
        return client, platform, pauses

    return a_client


def refusal(client, write=False):
    with pytest.raises((RetryLater, RateLimited, AuthorisationExpired, PlatformRefused)) as caught:
        (client.write if write else client.read)(METHOD, {"tid": "1"})
    return caught.value


def error(**envelope):
    return {"error_response": {"msg": "m", "request_id": "r"} | envelope}


def test_a_call_is_a_signed_form_post_with_chinese_time(call):
    client, platform, _ = call(GOOD)

    reply = client.read(METHOD, {"tid": "1", "memo": "改发顺丰", "empty": ""})

    (request,) = platform.requests
    form = dict(parse_qsl(request.content.decode()))
    signature = form["sign"]
    assert str(request.url) == "https://top.example.invalid/router/rest"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert form == {
        "method": METHOD,
        "app_key": "12345678",
        "sign_method": "hmac-sha256",
        "session": "test-session",
        "timestamp": "2026-01-02 10:00:00",
        "format": "json",
        "v": "2.0",
        "tid": "1",
        "memo": "改发顺丰",
        "sign": signature,
    }
    assert is_signed(form, "testsecret", SignMethod.HMAC_SHA256)
    assert json.loads(reply.raw) == GOOD
    assert reply.body.values == GOOD["trade_fullinfo_get_response"]


RECORDED = [
    RetryLater(reason="isp.top-remote-connection-timeout"),
    RateLimited(reason="accesscontrol.limited-by-dynamic-access-count", after_s=1),
    AuthorisationExpired(reason="invalid-sessionkey"),
    PlatformRefused(reason="isv.sign-check-failure"),
    RetryLater(reason="isv.logistics-offline-service-error:B150"),
]


@pytest.mark.parametrize(("index", "expected"), list(enumerate(RECORDED)))
def test_every_recorded_error_has_its_class(call, load, index, expected):
    client, _, _ = call(load("taobao_errors")[index])

    assert same(refusal(client), expected)


@pytest.mark.parametrize(
    ("envelope", "expected"),
    [
        ({"code": 7, "sub_msg": "This ban will last for 73 more seconds"}, RateLimited(reason="code_7", after_s=73)),
        ({"code": 7, "sub_msg": "later"}, RateLimited(reason="code_7", after_s=10)),
        ({"code": 7, "sub_msg": "last for 999999 more seconds"}, RateLimited(reason="code_7", after_s=86400)),
        (
            {"code": 15, "sub_code": "isv.access-limited-by-api-access-count"},
            RateLimited(reason="isv.access-limited-by-api-access-count", after_s=10),
        ),
        (
            {"code": 15, "sub_code": "isv.trade-service-rejection"},
            RateLimited(reason="isv.trade-service-rejection", after_s=180),
        ),
        ({"code": 26}, AuthorisationExpired(reason="code_26")),
        ({"code": 27}, AuthorisationExpired(reason="code_27")),
        ({"code": 88, "sub_code": "isv.permission"}, AuthorisationExpired(reason="isv.permission")),
        ({"code": 15, "sub_code": "isv.timestamp-limit-error"}, RetryLater(reason="isv.timestamp-limit-error")),
        ({"code": 15}, RetryLater(reason="code_15")),
        ({"code": 10}, RetryLater(reason="code_10")),
        ({"code": 15, "sub_code": "isv.trade-not-exist"}, PlatformRefused(reason="isv.trade-not-exist")),
        ({"code": 41, "sub_code": "isv.invalid 测**"}, PlatformRefused(reason="code_41")),
        ({"code": "x", "sub_code": 5}, PlatformRefused(reason="code_unknown")),
    ],
)
def test_every_kind_of_error_has_its_class(call, envelope, expected):
    client, _, _ = call(error(**envelope))

    assert same(refusal(client), expected)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (httpx2.Response(200, text="<html>busy</html>"), RetryLater(reason="unreadable_reply")),
        (httpx2.Response(200, content=b"\xff\x00"), RetryLater(reason="unreadable_reply")),
        (httpx2.Response(200, content=b""), RetryLater(reason="unreadable_reply")),
        (httpx2.Response(200, json={"error_response": "no"}), RetryLater(reason="unreadable_reply")),
        (httpx2.Response(200, json={"other_response": {}}), RetryLater(reason="unreadable_reply")),
        (httpx2.Response(502, text="<html></html>"), RetryLater(reason="http_502")),
        (httpx2.Response(200, content=b"x" * (8 * 1024 * 1024 + 1)), RetryLater(reason="reply_too_large")),
        (httpx2.Response(302, headers={"Location": "https://evil.example.invalid"}), RetryLater(reason="http_302")),
        (httpx2.Response(429, headers={"Retry-After": "7"}), RateLimited(reason="http_429", after_s=7)),
        (httpx2.Response(429, headers={"Retry-After": "soon"}), RateLimited(reason="http_429", after_s=1)),
        (httpx2.Response(403, json=error(code=27)), AuthorisationExpired(reason="code_27")),
        (httpx2.Response(403, json=GOOD), RetryLater(reason="http_403")),
        (httpx2.ReadTimeout("slow"), RetryLater(reason="timeout")),
        (httpx2.ConnectError("no route"), RetryLater(reason="transport")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_reply_that_is_none_may_come_later(call, reply, expected):
    client, platform, _ = call(reply)

    assert same(refusal(client), expected)
    assert len(platform.requests) == 1


def test_a_failure_of_the_platform_is_read_again_three_times(call):
    client, platform, pauses = call(error(**ISP), error(**ISP), error(**ISP), GOOD)

    reply = client.read(METHOD, {"tid": "1"})

    assert reply.body.has("trade")
    assert (len(platform.requests), pauses) == (4, [0.1, 0.1, 0.1])


def test_after_three_more_failures_it_is_left_for_later(call):
    client, platform, _ = call(error(**ISP))

    assert same(refusal(client), RetryLater(reason="isp.top-remote-connection-timeout"))
    assert len(platform.requests) == 4


def test_a_write_is_never_repeated_because_it_may_have_been_applied(call):
    client, platform, pauses = call(error(**ISP), GOOD)

    assert same(refusal(client, write=True), RetryLater(reason="isp.top-remote-connection-timeout"))
    assert (len(platform.requests), pauses) == (1, [])


def test_each_try_is_signed_with_its_own_time(call, clock):
    client, platform, _ = call(error(**ISP), GOOD)
    patient = evolve(client, sleep=lambda _s: clock.move(seconds=5))

    patient.read(METHOD, {"tid": "1"})

    stamps = [dict(parse_qsl(request.content.decode()))["timestamp"] for request in platform.requests]
    assert stamps == ["2026-01-02 10:00:00", "2026-01-02 10:00:05"]


def test_a_reply_that_trickles_in_for_more_than_a_minute_is_given_up(call, clock):
    def slowly():
        yield b"{"
        clock.move(seconds=61)
        yield b"}"

    client, _, _ = call(httpx2.Response(200, content=slowly()))

    assert same(refusal(client), RetryLater(reason="timeout"))


def test_a_packed_reply_is_not_unpacked_because_it_was_not_asked_for(call):
    client, platform, _ = call(httpx2.Response(200, headers={"Content-Encoding": "gzip"}, content=iter([b"\x1f\x8b"])))

    assert same(refusal(client), RetryLater(reason="unreadable_reply"))
    assert platform.requests[0].headers["accept-encoding"] == "identity"


def test_what_cannot_be_encoded_is_refused_before_it_is_sent(call):
    client, platform, _ = call(GOOD)

    with pytest.raises(PlatformRefused) as caught:
        client.write(METHOD, {"memo": "\ud800"})

    assert (caught.value.reason, platform.requests) == ("unencodable", [])


def test_secrets_and_parameters_show_neither_in_errors_nor_in_representations(call):
    client, _, _ = call(error(code=15, sub_code="isv.x", sub_msg="收货人测某"), app_secret="s3cret", session="s3ssion")

    found = refusal(client)

    assert str(found) == "channels.refused (reason=isv.x)"
    assert found.__cause__ is None
    assert "s3cret" not in repr(client)
    assert "s3ssion" not in repr(client)


def same(found, expected):
    return (type(found), found.fields()) == (type(expected), expected.fields())


def test_the_clock_is_the_injected_one(call, clock):
    clock.at = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)
    client, platform, _ = call(GOOD)

    client.read(METHOD, {})

    assert dict(parse_qsl(platform.requests[0].content.decode()))["timestamp"] == "2026-11-23 00:30:00"
