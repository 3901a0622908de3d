"""Identities that cross sub-domains, and how they are made: from an injected clock and randomness, never here."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final, NewType
from uuid import UUID

ShopId = NewType("ShopId", UUID)
PlatformOrderId = NewType("PlatformOrderId", UUID)
OrderId = NewType("OrderId", UUID)
LineId = NewType("LineId", UUID)
FulfilmentOrderId = NewType("FulfilmentOrderId", UUID)
PackageId = NewType("PackageId", UUID)
PlatformAftersalesId = NewType("PlatformAftersalesId", UUID)
CaseId = NewType("CaseId", UUID)
ReturnOrderId = NewType("ReturnOrderId", UUID)
RefundId = NewType("RefundId", UUID)
"""Stored before anything outside is asked to pay, and sent with every ask: who pays twice for one id pays once."""
TicketId = NewType("TicketId", UUID)
EvidenceId = NewType("EvidenceId", UUID)
"""Handle of a stored file (凭证)."""
VaultId = NewType("VaultId", UUID)
"""Handle of one immutable, encrypted version of somebody's personal data."""
EventId = NewType("EventId", UUID)
WarehouseId = NewType("WarehouseId", UUID)
StockDocumentId = NewType("StockDocumentId", UUID)
SkuId = NewType("SkuId", UUID)
BundleId = NewType("BundleId", UUID)
MappingId = NewType("MappingId", UUID)

SkuCode = NewType("SkuCode", str)
"""Our own code of a SKU (商家编码), unique in the merchant's catalogue."""
WarehouseCode = NewType("WarehouseCode", str)
CarrierCode = NewType("CarrierCode", str)
"""Our code of a carrier (物流公司编码)."""

RANDOM_BITS: Final = 62

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def uuid7(at: datetime, random: int) -> UUID:
    """Return a UUIDv7 (RFC 9562, method 3: sub-millisecond time in ``rand_a``).

    Ids made later sort later down to the quarter microsecond; within it the randomness decides.

    Args:
        at: aware instant, not before 1970.
        random: ``RANDOM_BITS`` random bits.

    >>> from datetime import UTC
    >>> str(uuid7(datetime(2026, 1, 2, 3, 4, 5, 678901, UTC), 1))
    '019b7ca9-8f2e-7e6a-8000-000000000001'
    """
    millis, rest = divmod((at - _EPOCH) // timedelta(microseconds=1), 1000)
    sub = rest * 4096 // 1000
    return UUID(int=(millis << 80) | (7 << 76) | (sub << 64) | (2 << 62) | (random & ((1 << RANDOM_BITS) - 1)))


def document_number(kind: str, day: date, counter: int) -> str:
    """Return the number that people read, such as ``S20261123-000042``.

    Sortable within a kind as text up to a million a day, unique beyond. Never parsed, never a key.

    Args:
        kind: one capital letter, ``S`` sales order, ``P`` platform order, ``F`` fulfilment order; those of stock
            documents stand in ``oms_domain.inventory``.
        day: day in the shop's time zone.
        counter: 1 and up, per kind and day.

    >>> document_number("S", date(2026, 11, 23), 42)
    'S20261123-000042'
    """
    return f"{kind}{day:%Y%m%d}-{counter:06d}"
