"""Calls to a warehouse: signed XML posts, and replies that are checked before anyone reads them.

Nothing is logged here, and no error holds a body, a secret or personal data.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import httpx2
from attrs import field, frozen

from oms_adapters.wms.qimen.account import QimenAccount
from oms_adapters.wms.qimen.errors import failure
from oms_adapters.wms.qimen.fields import Reader
from oms_adapters.wms.qimen.messages import FAILURE, SUCCESS, signed_params
from oms_adapters.wms.qimen.xml import Node, UnreadableXml, UnwritableText, read_xml, write_xml
from oms_app.ports.channels import PlatformRefused, RateLimited, RetryLater, Unreachable

Clock = Callable[[], datetime]

TIMEOUT: Final = httpx2.Timeout(connect=5, read=20, write=10, pool=5)  # seconds
LONGEST_CALL: Final = timedelta(seconds=60)  # a reply that trickles in never meets the read timeout
LARGEST_REPLY_BYTES: Final = 8 * 1024 * 1024
UNREADABLE: Final = "unreadable_reply"
UNENCODABLE: Final = "unencodable"


@frozen(kw_only=True)
class QimenClient:
    """One account's calls. ``http`` may be shared between accounts and threads."""

    account: QimenAccount
    http: httpx2.Client = field(repr=False)
    now: Clock

    def call(self, method: str, message: Node) -> Node:
        """Post a message once, and return the answer if it is a success.

        Raises:
            RetryLater: no answer that can be read; it may have been done.
            Unreachable, RateLimited, AuthorisationExpired: it was not done.
            PlatformRefused: the warehouse says no; ``reason`` is its code and message.
        """
        try:
            body = write_xml(message)
        except UnwritableText:
            raise PlatformRefused(reason=UNENCODABLE) from None
        status, retry_after, raw = self._post(method, body)
        if status == httpx2.codes.TOO_MANY_REQUESTS:
            raise RateLimited(reason="http_429", after_s=_seconds(retry_after))
        try:
            reply = read_xml(raw, largest=LARGEST_REPLY_BYTES)
        except UnreadableXml:  # HTML of a firewall, half a reply
            raise RetryLater(reason=UNREADABLE if status == httpx2.codes.OK else f"http_{status}") from None
        return _checked(reply, status)

    def _post(self, method: str, body: bytes) -> tuple[int, str, bytes]:
        reached = True
        try:
            return self._exchange(method, body)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout):
            reached, reason = False, "unreachable"
        except httpx2.TimeoutException:
            reason = "timeout"
        except (httpx2.HTTPError, httpx2.InvalidURL):
            reason = "transport"
        # Raised out here, it does not carry the error above: that one holds the body.
        if not reached:
            raise Unreachable(reason=reason)
        raise RetryLater(reason=reason)  # it may have arrived

    def _exchange(self, method: str, body: bytes) -> tuple[int, str, bytes]:
        """Return status, Retry-After and body. Redirects are not followed: the body would go to a stranger."""
        account, deadline = self.account, self.now() + LONGEST_CALL
        params = signed_params(
            method,
            app_key=account.app_key,
            customer_id=account.customer_id,
            secret=account.secret,
            body=body,
            at=self.now(),
        )
        with self.http.stream(
            "POST",
            account.base_url,
            params=params,
            content=body,
            headers={"Content-Type": "text/xml;charset=utf-8", "Accept-Encoding": "identity"},
            timeout=TIMEOUT,
            follow_redirects=False,
        ) as response:
            if response.headers.get("Content-Encoding", "identity") != "identity":
                raise RetryLater(reason=UNREADABLE)  # not asked for; what is packed may swell on unpacking
            raw = bytearray()
            for chunk in response.iter_bytes():
                raw += chunk
                if len(raw) > LARGEST_REPLY_BYTES:
                    raise RetryLater(reason="reply_too_large")
                if self.now() > deadline:
                    raise RetryLater(reason="timeout")
            return response.status_code, response.headers.get("Retry-After", ""), bytes(raw)


def _checked(reply: Node, status: int) -> Node:
    """Return an answer that is a success; the gateway's own errors come in an envelope without a flag."""
    fields = Reader(reply)
    if reply.name == "error_response":
        raise failure(fields.text("sub_code") or fields.text("code"), fields.text("sub_msg"))
    flag = fields.text("flag").lower()
    if flag == FAILURE:
        raise failure(fields.text("code", longest=100), fields.text("message"))
    if reply.name == "response" and flag == SUCCESS and status == httpx2.codes.OK:
        return reply
    raise RetryLater(reason=UNREADABLE if status == httpx2.codes.OK else f"http_{status}")


def _seconds(retry_after: str) -> int:
    return max(1, min(int(retry_after), 3600)) if re.fullmatch("[0-9]{1,6}", retry_after) else 1
