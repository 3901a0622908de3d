"""Rows and documents of stock for the tests of inventory."""

from __future__ import annotations

from typing import Any

from oms_domain.inventory.documents import DocumentKind, Units
from oms_domain.inventory.movements import Movement
from oms_domain.inventory.postings import Posting
from oms_domain.inventory.stock import LedgerKind, Quality, StockLevel
from oms_domain.inventory.stocktakes import Stocktake
from oms_domain.inventory.transfers import Transfer, TransferLine
from oms_domain.kernel.identity import StockDocumentId, WarehouseCode
from oms_domain.testing.builders import HAT, MAIN, NOW, SCARF, an_id

EAST = WarehouseCode("EAST")
DOCUMENT = StockDocumentId(an_id(21))


def a_level(**changes: Any) -> StockLevel:
    """Return ten scarves in the main warehouse, three of them reserved."""
    return StockLevel(**{"sku": SCARF, "warehouse": MAIN, "on_hand": 10, "reserved": 3} | changes)


def an_entry(kind: LedgerKind = LedgerKind.ADJUST, **changes: Any) -> Movement:
    return Movement(**{"sku": SCARF, "warehouse": MAIN, "kind": kind} | changes)


def units(number: int = 1, **changes: Any) -> Units:
    return Units(**{"sku": SCARF, "units": number} | changes)


def broken(number: int = 1, **changes: Any) -> Units:
    return units(number, quality=Quality.DEFECTIVE, **changes)


def a_posting(kind: DocumentKind, *lines: Units, **changes: Any) -> Posting:
    facts: dict[str, Any] = {
        "id": DOCUMENT,
        "number": "I20261123-000001",
        "kind": kind,
        "warehouse": MAIN,
        "lines": lines or (units(),),
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Posting(**facts | changes)


def a_transfer(**changes: Any) -> Transfer:
    """Return five scarves and two hats on their way from the main warehouse to the east."""
    facts: dict[str, Any] = {
        "id": DOCUMENT,
        "number": "T20261123-000001",
        "warehouse": MAIN,
        "to": EAST,
        "lines": (TransferLine(sku=SCARF, sent=5), TransferLine(sku=HAT, sent=2)),
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Transfer(**facts | changes)


def a_stocktake(**changes: Any) -> Stocktake:
    facts: dict[str, Any] = {
        "id": DOCUMENT,
        "number": "K20261123-000001",
        "warehouse": MAIN,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Stocktake(**facts | changes)
