"""A warehouse's account: with what, and where, it is called, and by what its calls are known."""

from __future__ import annotations

from typing import Final

from attrs import field, frozen

from oms_domain.fulfilment.wms_account import Sender

GATEWAY: Final = "https://qimen.api.taobao.com/router/qimen/service"


@frozen(kw_only=True)
class QimenAccount:
    """One warehouse's account. The secret never shows in a representation.

    ``base_url`` is the whole address that messages are posted to; ``customer_id`` is what the warehouse calls us.
    """

    warehouse: str
    app_key: str
    secret: str = field(repr=False)
    customer_id: str
    owner_code: str = ""
    base_url: str = GATEWAY
    carrier: str = "OTHER"
    sender: Sender = Sender()
