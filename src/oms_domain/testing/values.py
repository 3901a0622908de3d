"""Hypothesis strategies for plain values: what the edges let in, as unusual as it may be."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Final, TypeVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from oms_domain.kernel.identity import SkuCode, WarehouseCode
from oms_domain.kernel.money import LARGEST_FEN, Money
from oms_domain.kernel.quantity import LARGEST_QUANTITY, Quantity

T = TypeVar("T")

LONGEST_CODE: Final = 64
LONGEST_TITLE: Final = 500

ODD_TEXTS: Final = (
    "",
    " ",
    "请用样例包装",
    "𠮷野家",
    "🎁👩‍👩‍👧",
    "'; DROP TABLE orders;--",
    '"',
    "\\",
    "%_*?",
    "<script>alert(1)</script>",
    "=1+1",
    "null",
    "é e\u0301",
    "\u202eabc",
    "\ufeff",
    "０１２",
    " ends with a blank ",
)


@cache
def texts(longest: int = 100, *, shortest: int = 0, lines: bool = False) -> SearchStrategy[str]:
    """Any text that every store can hold; ``lines``: with tabs and line breaks, as remarks have."""
    anything = st.text(
        st.characters(exclude_categories=("Cc", "Cs"), include_characters="\t\r\n" if lines else ""),
        min_size=shortest,
        max_size=longest,
    )
    odd = st.sampled_from([text for text in ODD_TEXTS if shortest <= len(text) <= longest] or ["字" * longest])
    return odd | anything | st.just("长" * longest)


@cache
def codes(longest: int = LONGEST_CODE) -> SearchStrategy[str]:
    """Printable text of at least one character, without blanks at its ends."""
    printable = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=longest)
    return st.sampled_from(["SCARF-RED", "MAIN", "a b", "编码/1", "x" * longest]) | printable.filter(str.isprintable)


@cache
def skus() -> SearchStrategy[SkuCode]:
    return codes().map(SkuCode)


@cache
def warehouses() -> SearchStrategy[WarehouseCode]:
    return codes(32).map(WarehouseCode)


@cache
def ids() -> SearchStrategy[UUID]:
    """Any 128 bits."""
    return st.uuids()


@cache
def amounts(
    smallest_fen: int = -LARGEST_FEN, largest_fen: int = LARGEST_FEN, currency: str = "CNY"
) -> SearchStrategy[Money]:
    return st.integers(smallest_fen, largest_fen).map(lambda fen: Money(fen, currency))


@cache
def quantities(largest: int = LARGEST_QUANTITY) -> SearchStrategy[Quantity]:
    return (st.integers(1, min(9, largest)) | st.integers(1, largest) | st.just(largest)).map(Quantity)


@cache
def instants() -> SearchStrategy[datetime]:
    """Aware UTC at microseconds, in the years that an order can have."""
    return st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - made aware here


def maybe(strategy: SearchStrategy[T]) -> SearchStrategy[T | None]:
    return st.none() | strategy


@cache
def versions() -> SearchStrategy[int]:
    return st.integers(0, 2**31 - 1)


@cache
def numbers(kind: str) -> SearchStrategy[str]:
    """Document numbers of a kind."""
    return st.integers(1, 10**7).map(lambda counter: f"{kind}20261123-{counter:06d}")


@cache
def order_nos() -> SearchStrategy[str]:
    digits = st.integers(1, 10**19).map(str)
    return digits | codes()
