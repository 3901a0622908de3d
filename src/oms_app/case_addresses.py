"""Other addresses of a case: where its new goods go, and where its goods come back to; sealed at the edge."""

from __future__ import annotations

from typing import Any

from attrs import evolve, field, frozen

from oms_app.address_edits import AddressWanted, whole_address
from oms_app.ports.transaction import NewId, Transaction
from oms_app.ports.vault import Sealed, Sealer
from oms_domain.channels.standard import Region
from oms_domain.kernel.identity import ShopId, VaultId


@frozen(kw_only=True)
class CaseAddress:
    """An address that is sealed, not stored yet. ``region``: where new goods go, for the rules."""

    sealed: Sealed = field(repr=False)
    region: Region


def sending_address(wanted: AddressWanted, *, shop_id: ShopId, sealer: Sealer, new_id: NewId) -> CaseAddress:
    """Return where new goods go. Raises what ``whole_address`` does."""
    receiver, region = whole_address(wanted, field="send_to")
    return CaseAddress(sealed=sealer.seal_receiver(receiver, shop_id=shop_id, id=VaultId(new_id())), region=region)


def return_address(wanted: AddressWanted, *, shop_id: ShopId, sealer: Sealer, new_id: NewId) -> CaseAddress:
    """Return where goods come back to, divisions and street in one. Raises what ``whole_address`` does."""
    receiver, region = whole_address(wanted, field="return_to")
    where = dict.fromkeys((region.province, region.city, region.district, region.town))  # 北京市 stands once
    whole = evolve(receiver, street="".join((*where, receiver.street)))
    return CaseAddress(sealed=sealer.seal_receiver(whole, shop_id=shop_id, id=VaultId(new_id())), region=region)


def stored(tx: Transaction, *, send_to: CaseAddress | None, return_to: CaseAddress | None) -> dict[str, Any]:
    """Put what is named into the vault, and return what a case knows of it."""
    found: dict[str, Any] = {}
    if send_to is not None:
        tx.vault.put(send_to.sealed)
        found |= {"send_to": send_to.sealed.id, "send_mask": send_to.sealed.mask, "send_region": send_to.region}
    if return_to is not None:
        tx.vault.put(return_to.sealed)
        found |= {"return_to": return_to.sealed.id, "return_mask": return_to.sealed.mask}
    return found
