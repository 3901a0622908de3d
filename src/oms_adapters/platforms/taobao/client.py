"""Calls to the TOP gateway: signed form posts, and replies that are checked before anyone reads them.

Nothing is logged here, and no error holds a parameter, a secret or a text of the platform.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

import httpx2
from attrs import field, frozen

from oms_adapters.platforms.taobao.account import TaobaoAccount
from oms_adapters.platforms.taobao.errors import channel_error, is_platform_failure
from oms_adapters.platforms.taobao.payload import LARGEST_PAYLOAD_BYTES, Fields, parse_object
from oms_adapters.platforms.taobao.signing import sign
from oms_app.ports.channels import PlatformRefused, RateLimited, RetryLater
from oms_domain.channels.standard import UnreadablePayload
from oms_domain.kernel.time import print_china_time

Clock = Callable[[], datetime]
Sleep = Callable[[float], None]

ROUTE: Final = "/router/rest"
TIMEOUT: Final = httpx2.Timeout(connect=5, read=20, write=10, pool=5)  # seconds
LONGEST_CALL: Final = timedelta(seconds=60)  # a reply that trickles in never meets the read timeout
RETRIES: Final = 3  # of a reading call after a failure on the platform's side, 100 ms apart: TOP SDK
RETRY_PAUSE_S: Final = 0.1
UNREADABLE: Final = "unreadable_reply"


@frozen
class TopReply:
    """A reply without error: the bytes as they came, and the object under the method's name."""

    raw: bytes = field(repr=False)
    body: Fields


@frozen(kw_only=True)
class TopClient:
    """One account's calls. ``http`` may be shared between accounts and threads."""

    account: TaobaoAccount
    http: httpx2.Client = field(repr=False)
    now: Clock
    sleep: Sleep

    def read(self, method: str, params: Mapping[str, str]) -> TopReply:
        """Call a method that changes nothing; a failure on the platform's side is tried again up to ``RETRIES`` times.

        Raises:
            ChannelError: one of the port's four kinds.
        """
        for _ in range(RETRIES):
            try:
                return self._call(method, params)
            except RetryLater as error:
                if not is_platform_failure(error):
                    raise
            self.sleep(RETRY_PAUSE_S)
        return self._call(method, params)

    def write(self, method: str, params: Mapping[str, str]) -> TopReply:
        """Call a method that changes something, once: after ``RetryLater`` it may have been applied.

        Raises:
            ChannelError: one of the port's four kinds.
        """
        return self._call(method, params)

    def _call(self, method: str, params: Mapping[str, str]) -> TopReply:
        status, retry_after, raw = self._post(self._signed(method, params))
        if status == httpx2.codes.TOO_MANY_REQUESTS:
            raise RateLimited(reason="http_429", after_s=_seconds(retry_after))
        root = method.removeprefix("taobao.").replace(".", "_") + "_response"
        try:
            reply = Fields(parse_object(raw))
            if reply.has("error_response"):
                raise channel_error(reply.child("error_response").values)
            if status == httpx2.codes.OK:
                return TopReply(raw, reply.child(root))
        except UnreadablePayload:  # HTML of a firewall, half a reply
            if status == httpx2.codes.OK:
                raise RetryLater(reason=UNREADABLE) from None
        raise RetryLater(reason=f"http_{status}")

    def _signed(self, method: str, params: Mapping[str, str]) -> dict[str, str]:
        form = {name: value for name, value in params.items() if value} | {
            "method": method,
            "app_key": self.account.app_key,
            "sign_method": self.account.sign_method.value,
            "session": self.account.session,
            "timestamp": print_china_time(self.now()),
            "format": "json",
            "v": "2.0",
        }
        try:
            return form | {"sign": sign(form, self.account.app_secret, self.account.sign_method)}
        except UnicodeEncodeError:
            raise PlatformRefused(reason="unencodable") from None

    def _post(self, form: dict[str, str]) -> tuple[int, str, bytes]:
        try:
            return self._exchange(form)
        except httpx2.TimeoutException:
            reason = "timeout"
        except (httpx2.HTTPError, httpx2.InvalidURL):
            reason = "transport"
        # It may have arrived. Raised out here, it does not carry the error above: that one holds the form.
        raise RetryLater(reason=reason)

    def _exchange(self, form: dict[str, str]) -> tuple[int, str, bytes]:
        """Return status, Retry-After and body. Redirects are not followed: the form would go to a stranger."""
        deadline = self.now() + LONGEST_CALL
        with self.http.stream(
            "POST",
            self.account.base_url.rstrip("/") + ROUTE,
            data=form,
            headers={"Accept-Encoding": "identity"},
            timeout=TIMEOUT,
            follow_redirects=False,
        ) as response:
            if response.headers.get("Content-Encoding", "identity") != "identity":
                raise RetryLater(reason=UNREADABLE)  # not asked for; what is packed may swell on unpacking
            raw = bytearray()
            for chunk in response.iter_bytes():
                raw += chunk
                if len(raw) > LARGEST_PAYLOAD_BYTES:
                    raise RetryLater(reason="reply_too_large")
                if self.now() > deadline:
                    raise RetryLater(reason="timeout")
            return response.status_code, response.headers.get("Retry-After", ""), bytes(raw)


def _seconds(retry_after: str) -> int:
    return max(1, min(int(retry_after), 3600)) if re.fullmatch("[0-9]{1,6}", retry_after) else 1
