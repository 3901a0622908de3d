"""All shops' accounts at their platforms: the registry that knows which adapter speaks with which platform."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Final

import attrs
import httpx2
from attrs import field, frozen

from oms_adapters.platforms.taobao import capabilities as taobao_capabilities
from oms_adapters.platforms.taobao.account import TaobaoAccount
from oms_adapters.platforms.taobao.gateway import TaobaoGateway
from oms_adapters.platforms.taobao.translate import translate as translate_taobao
from oms_app.actor import system
from oms_app.ports.channels import AuthorisationExpired, ChannelGateway, NotConnected, Translator
from oms_app.ports.transaction import OpenTransaction
from oms_domain.channels.capabilities import Capability
from oms_domain.channels.standard import Platform
from oms_domain.kernel.identity import ShopId
from oms_domain.shops.shop import Authorisation

TRANSLATORS: Final[dict[Platform, Translator]] = {Platform.TAOBAO: translate_taobao}
CAPABILITIES: Final[dict[Platform, frozenset[Capability]]] = {Platform.TAOBAO: taobao_capabilities.CAPABILITIES}


@frozen(kw_only=True)
class PlatformGateways:
    """``oms_app.ports.channels.Gateways``. ``open_account`` opens a shop's sealed account."""

    open: OpenTransaction
    open_account: Callable[[bytes, ShopId], bytes] = field(repr=False)
    http: httpx2.Client = field(repr=False)
    now: Callable[[], datetime]
    sleep: Callable[[float], None]

    def of(self, shop_id: ShopId) -> ChannelGateway:
        with self.open(system("gateway")) as tx:
            shop = tx.shops.get(shop_id)
            sealed = tx.shops.account(shop_id)
        if sealed is None:
            raise NotConnected(shop_id=shop_id)
        if shop.authorisation is Authorisation.EXPIRED:
            raise AuthorisationExpired(reason="marked_expired")
        account = parse_account(self.open_account(sealed, shop_id))
        return TaobaoGateway(account=account, http=self.http, now=self.now, sleep=self.sleep)

    def translator(self, platform: Platform) -> Translator:
        return TRANSLATORS[platform]


def print_account(account: TaobaoAccount) -> bytes:
    """Return an account as the bytes that are sealed."""
    return json.dumps(attrs.asdict(account)).encode()


def parse_account(plain: bytes) -> TaobaoAccount:
    """The inverse of ``print_account``."""
    return TaobaoAccount(**json.loads(plain))
