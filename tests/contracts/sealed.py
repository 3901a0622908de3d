"""Vault rows for the contract tests; what is in them does not matter to a store."""

from typing import Any

from tests.servers import Backend

from oms_app.ports.vault import IndexField, Sealed, VaultKind
from oms_domain.kernel.identity import VaultId
from oms_domain.shops.shop import Shop


def a_sealed_row(backend: Backend, shop: Shop, **changes: Any) -> Sealed:
    facts: dict[str, Any] = {
        "id": VaultId(backend.new_id()),
        "kind": VaultKind.RECEIVER,
        "shop_id": shop.id,
        "key_id": "k1",
        "blob": bytes(range(256)),
        "mask": "测** *******0001",
        "indexes": ((IndexField.PHONE, "p" * 32), (IndexField.WHOLE, "w" * 32)),
    }
    return Sealed(**facts | changes)
