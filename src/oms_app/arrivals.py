"""Payloads on their way in: translated and sealed, outside any transaction."""

from __future__ import annotations

from attrs import frozen

from oms_app.ports.channels import Translator
from oms_app.ports.transaction import NewId
from oms_app.ports.vault import Sealed, Sealer
from oms_domain.channels.standard import AmountMismatch, PersonalData, Platform, StandardOrder, UnreadablePayload
from oms_domain.kernel.identity import ShopId, VaultId
from oms_domain.orders import intake
from oms_domain.orders.platform_order import Trouble


@frozen(kw_only=True)
class Arrival:
    """A payload ready to be stored: in standard form, personal data sealed. ``standard`` None: it cannot be read."""

    order_no: str
    standard: StandardOrder | None
    receiver: Sealed
    buyer: Sealed
    raw: Sealed
    trouble: Trouble | None = None
    fetched: bool = False  # asked for just now, so that at equal times it wins


@frozen(kw_only=True)
class RawPayload:
    """A stored payload with what must be known to translate it."""

    shop_id: ShopId
    platform: Platform
    order_no: str
    sealed: Sealed


@frozen(kw_only=True)
class Preparation:
    """Turns raw payloads into arrivals, outside any transaction: translate, then seal what is personal."""

    sealer: Sealer
    new_id: NewId

    def prepare(self, raw: bytes, translate: Translator, *, shop_id: ShopId, fetched: bool = False) -> Arrival:
        """Raises ``UnreadablePayload``."""
        translation = translate(raw)
        standard, trouble = translation.order, _amount_trouble(translation.mismatches)
        return self._arrival(standard.order_no, standard, translation.personal, trouble, shop_id, fetched)

    def quarantine(self, raw: bytes, order_no: str, error: UnreadablePayload, *, shop_id: ShopId) -> Arrival:
        """Keep a payload that cannot be read, where we are the only one who knows of it."""
        trouble = Trouble(reason="unreadable", field=error.field, why=error.why)
        return self._arrival(order_no, None, PersonalData(raw=raw), trouble, shop_id, fetched=True)

    def again(self, raw: RawPayload, translate: Translator) -> Arrival:
        """Translate a stored payload anew: the translation, or a mapping, may have been mended since."""
        plain = self.sealer.open_raw(raw.sealed)
        try:
            return self.prepare(plain, translate, shop_id=raw.shop_id, fetched=True)
        except UnreadablePayload as error:
            return self.quarantine(plain, raw.order_no, error, shop_id=raw.shop_id)

    def _arrival(
        self,
        order_no: str,
        standard: StandardOrder | None,
        personal: PersonalData,
        trouble: Trouble | None,
        shop_id: ShopId,
        fetched: bool,
    ) -> Arrival:
        def new() -> VaultId:
            return VaultId(self.new_id())

        return Arrival(
            order_no=order_no,
            standard=standard,
            receiver=self.sealer.seal_receiver(personal.receiver, shop_id=shop_id, id=new()),
            buyer=self.sealer.seal_buyer(personal.buyer, shop_id=shop_id, id=new()),
            raw=self.sealer.seal_raw(personal.raw, shop_id=shop_id, id=new()),
            trouble=trouble or (intake.trouble_of(standard) if standard else None),
            fetched=fetched,
        )


def _amount_trouble(mismatches: tuple[AmountMismatch, ...]) -> Trouble | None:
    return Trouble(reason="amounts_do_not_fit", mismatches=mismatches) if mismatches else None
