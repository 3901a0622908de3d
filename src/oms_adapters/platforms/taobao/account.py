"""A shop's account at the platform: with what, and where, it is called."""

from __future__ import annotations

from attrs import field, frozen

from oms_adapters.platforms.taobao.signing import SignMethod


@frozen(kw_only=True)
class TaobaoAccount:
    """Keys of our app and the shop's authorisation. The secrets never show in a representation."""

    app_key: str
    app_secret: str = field(repr=False)
    session: str = field(repr=False)
    base_url: str = "https://eco.taobao.com"
    sign_method: SignMethod = field(default=SignMethod.HMAC_SHA256, converter=SignMethod)
