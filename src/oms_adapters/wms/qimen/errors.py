"""A failure's code, classed by what the caller has to do. Codes are free text in the standard: what is not known stays.

Sources: TOP documentation (the gateway's codes), and the codes that a receiver in the wild answers.
"""

from __future__ import annotations

import re
from typing import Final

from oms_app.ports.channels import AuthorisationExpired, ChannelError, PlatformRefused, RateLimited, RetryLater

_NOT_AUTHORISED: Final = frozenset({"25", "26", "27", "29", "88"})
_NO_ACCOUNT: Final = ("INVALID_SIGNATURE", "INVALID_WMS_CUSTOMERID", "ISV.SIGN-CHECK-FAILURE", "ISV.APPKEY-NOT-EXISTS")
_FLOW_LIMITS: Final = ("ACCESSCONTROL.LIMITED-BY-", "ISV.ACCESS-LIMITED-BY-")
_CLOCK: Final = frozenset({"ISV.TIMESTAMP-LIMIT-ERROR", "ISV.REQUEST-REPLAY-ERROR", "INVALID_TIMESTAMP", "31"})
_BUSY: Final = frozenset({"10", "SYSTEM_ERROR", "SYSTEM_BUSY", "SERVICE_UNAVAILABLE", "TIMEOUT"})
_THERE_ALREADY: Final = re.compile(r"(?<!NOT_)(?<!NOT-)(?<!NOT )(EXIST|DUPLICAT|REPEAT)")
_NOT_KNOWN: Final = re.compile(r"INVALID[_-]ORDER[_-]CODE|ORDER\w*[_-]NOT[_-](EXIST|FOUND)|NO[_-]SUCH[_-]ORDER")
_BAN: Final = re.compile(r"last for ([0-9]{1,5}) more second")

UNTOLD_LIMIT_S: Final = 10
LONGEST_REASON: Final = 300


def failure(code: str, message: str) -> ChannelError:
    """Return what a failure means for the caller. ``reason`` is its code, with the message where a person must decide.

    >>> failure("INVALID_SIGNATURE", "").code, failure("isp.remote-service-timeout", "").code
    ('channels.authorisation_expired', 'channels.retry_later')
    >>> failure("ORDER_ALREADY_SHIPPED", "已出库").reason
    'ORDER_ALREADY_SHIPPED: 已出库'
    """
    name = code.strip().upper()
    if name == "7" or name.startswith(_FLOW_LIMITS):
        found = _BAN.search(message)
        return RateLimited(reason=code, after_s=max(1, int(found[1])) if found else UNTOLD_LIMIT_S)
    if name in _NOT_AUTHORISED or name in _NO_ACCOUNT:
        return AuthorisationExpired(reason=code)
    if name.startswith("ISP.") or name in _CLOCK or name in _BUSY:
        return RetryLater(reason=code)
    return PlatformRefused(reason=": ".join(part for part in (code, message) if part)[:LONGEST_REASON] or "failure")


def is_there_already(refusal: PlatformRefused) -> bool:
    """Whether a warehouse refuses a document because it has it: asked twice under one number, it is one there.

    >>> is_there_already(PlatformRefused(reason="ORDER_EXISTS: 单据重复"))
    True
    >>> is_there_already(PlatformRefused(reason="ITEM_NOT_EXIST: 商品不存在"))
    False
    """
    return _THERE_ALREADY.search(refusal.reason.partition(":")[0].upper()) is not None


def is_not_known(refusal: PlatformRefused) -> bool:
    """Whether a warehouse refuses to stop an order because it has none of this number.

    >>> is_not_known(PlatformRefused(reason="INVALID_ORDER_CODE: 单据不存在"))
    True
    >>> is_not_known(PlatformRefused(reason="ORDER_ALREADY_SHIPPED: 已出库"))
    False
    """
    return _NOT_KNOWN.search(refusal.reason.partition(":")[0].upper()) is not None
