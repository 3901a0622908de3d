"""The platform's error envelopes, classed by what the caller has to do.

Sources: TOP documentation (codes and sub-codes), TOP SDK ``AutoRetryTaobaoClient`` (``isp.*`` may be tried again).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from oms_app.ports.channels import AuthorisationExpired, ChannelError, PlatformRefused, RateLimited, RetryLater

_CALL_LIMITED: Final = 7
_SERVICE_UNAVAILABLE: Final = 10
_REMOTE_ERROR: Final = 15
_NOT_AUTHORISED: Final = frozenset({26, 27, 88})  # session missing, session invalid, no permission

_FLOW_LIMITS: Final = ("accesscontrol.limited-by-", "isv.access-limited-by-")
_REJECTS_SHOP: Final = "isv.trade-service-rejection"
_BUSY: Final = frozenset({"isv.logistics-offline-service-error:B150"})
_CLOCK: Final = frozenset({"isv.timestamp-limit-error", "isv.request-replay-error"})  # nothing was done

_BAN: Final = re.compile(r"last for ([0-9]{1,6}) more second")
_CODE: Final = re.compile(r"[A-Za-z0-9._:-]{1,100}")

UNTOLD_LIMIT_S: Final = 10
"""Pause after a flow limit that does not say how long it lasts."""
REJECTION_S: Final = 180
"""After too many timeouts the platform rejects a shop's calls for about three minutes."""
LONGEST_PAUSE_S: Final = 24 * 3600


def channel_error(error: Mapping[str, object]) -> ChannelError:
    """Return what an ``error_response`` means for the caller.

    ``reason`` is the sub-code, or ``code_15`` where there is none that could be shown: the messages beside it may
    quote personal data, and are dropped.
    """
    code = error.get("code")
    sub_code = _text(error.get("sub_code"))
    reason = sub_code if _CODE.fullmatch(sub_code) else f"code_{code if type(code) is int else 'unknown'}"
    if sub_code == _REJECTS_SHOP:
        return RateLimited(reason=reason, after_s=REJECTION_S)
    if code == _CALL_LIMITED or sub_code.startswith(_FLOW_LIMITS):
        return RateLimited(reason=reason, after_s=_ban_s(_text(error.get("sub_msg"))))
    if code in _NOT_AUTHORISED:
        return AuthorisationExpired(reason=reason)
    if _is_transient(code, sub_code):
        return RetryLater(reason=reason)
    return PlatformRefused(reason=reason)


def is_platform_failure(error: ChannelError) -> bool:
    """Return whether the platform's own side failed (``isp.*``): a reading call may be tried again at once."""
    return isinstance(error, RetryLater) and error.reason.startswith("isp.")


def _is_transient(code: object, sub_code: str) -> bool:
    if sub_code.startswith("isp.") or sub_code in _BUSY or sub_code in _CLOCK:
        return True
    return code == _SERVICE_UNAVAILABLE or (code == _REMOTE_ERROR and not sub_code)


def _ban_s(message: str) -> int:
    found = _BAN.search(message)
    return max(1, min(int(found[1]), LONGEST_PAUSE_S)) if found else UNTOLD_LIMIT_S


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
