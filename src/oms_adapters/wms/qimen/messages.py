"""The envelope of a message, both ways: URL parameters, and the answer with its flag."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from oms_adapters.wms.qimen.fields import element
from oms_adapters.wms.qimen.signing import sign
from oms_adapters.wms.qimen.xml import Node
from oms_domain.kernel.time import print_china_time

PREFIX: Final = "taobao.qimen."
SUCCESS, FAILURE = "success", "failure"


def signed_params(
    method: str, *, app_key: str, customer_id: str, secret: str, body: bytes, at: datetime
) -> Mapping[str, str]:
    """Return the URL's parameters of a message. None of them may be empty: senders drop those before they sign."""
    params = {
        "method": PREFIX + method,
        "timestamp": print_china_time(at),
        "format": "xml",
        "app_key": app_key,
        "v": "2.0",
        "sign_method": "md5",
        "customerId": customer_id,
    }
    return params | {"sign": sign(params, secret, body)}


def method_of(params: Mapping[str, str]) -> str:
    """Return the method without its prefix: direct links leave it out."""
    return params.get("method", "").removeprefix(PREFIX)


def answer(*more: Node | None, code: str = "0", message: str = "ok", failed: bool = False) -> Node:
    """Return an answer, with what stands in it beside its flag."""
    head = element("response", flag=FAILURE if failed else SUCCESS, code=code, message=message)
    return Node("response", "", (*head.children, *(node for node in more if node is not None)))


def refusal(code: str, message: str) -> Node:
    """Return an answer that says no."""
    return answer(code=code, message=message, failed=True)
