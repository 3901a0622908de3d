"""What a parcel costs (运费价目): first and next weight by region, with weight by volume."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, ClassVar, Final, Protocol, TypeVar

from attrs import field, frozen

from oms_domain.fulfilment.carriers.regions import division
from oms_domain.kernel.errors import Invalid

MOST_FEN: Final = 10**8
MOST_GRAMS: Final = 10**9
MOST_ROWS: Final = 10_000


@frozen(kw_only=True)
class InvalidTariff(Invalid):
    """A tariff or table of transit days that cannot be followed: ``why`` says what is wrong with ``field``."""

    code: ClassVar[str] = "carriers.invalid_tariff"
    why: str


def within(least: int, most: int) -> Any:
    """Return the check of a whole number within limits."""

    def check(_value: Any, attribute: Any, number: int) -> None:
        if type(number) is not int or not least <= number <= most:
            raise InvalidTariff(field=attribute.name, why=f"must be a whole number from {least:,} to {most:,}")

    return check


def a_division(_row: Any, attribute: Any, code: str) -> None:
    """Check the beginning of a division code."""
    division(code, field=attribute.name)


class Between(Protocol):
    """A row for parcels between two regions, each the beginning of a division code; an empty one is everywhere."""

    @property
    def origin(self) -> str: ...
    @property
    def destination(self) -> str: ...


R = TypeVar("R", bound=Between)


@frozen(kw_only=True)
class Rate:
    """``first_fen`` up to ``first_g``, and ``next_fen`` for each begun ``next_g`` beyond (首重, 续重)."""

    destination: str = field(default="", validator=a_division)
    origin: str = field(default="", validator=a_division)
    first_fen: int = field(validator=within(0, MOST_FEN))
    first_g: int = field(default=1000, validator=within(1, MOST_GRAMS))
    next_fen: int = field(default=0, validator=within(0, MOST_FEN))
    next_g: int = field(default=1000, validator=within(1, MOST_GRAMS))

    def cost_fen(self, charged_g: int) -> int:
        """Return what one parcel of ``charged_g`` costs.

        >>> rate = Rate(first_fen=800, next_fen=200, next_g=500)
        >>> rate.cost_fen(1000), rate.cost_fen(1001), rate.cost_fen(2000)
        (800, 1000, 1200)
        """
        return self.first_fen + self.next_fen * -(-max(charged_g - self.first_g, 0) // self.next_g)


@frozen(kw_only=True)
class Tariff:
    """Rates by region: the row with the longest destination that matches decides, then the longest origin.

    Args:
        rates: no two for the same pair of regions. A destination without one is not delivered to.
        divisor: cm³ that count as one kilogram (抛重系数), such as 6,000; 0: volume costs nothing.
    """

    rates: tuple[Rate, ...]
    divisor: int = field(default=0, validator=within(0, 10**6))

    def __attrs_post_init__(self) -> None:
        single(self.rates, "rates")

    def charged_g(self, weight_g: int, volume_cm3: int) -> int:
        """Return the weight that is charged: the real one or the one by volume, rounded up, whichever is more.

        >>> Tariff(rates=(), divisor=6000).charged_g(400, 3001)
        501
        """
        return max(weight_g, -(-volume_cm3 * 1000 // self.divisor)) if self.divisor else weight_g


@frozen(kw_only=True)
class Transit:
    """Days under way between two regions (时效)."""

    destination: str = field(default="", validator=a_division)
    origin: str = field(default="", validator=a_division)
    days: int = field(validator=within(0, 365))


def single(rows: Iterable[Between], name: str) -> None:
    """Check that no two rows are for the same pair of regions, and that there are not too many.

    Raises:
        InvalidTariff
    """
    pairs = [(row.origin, row.destination) for row in rows]
    if len(pairs) > MOST_ROWS:
        raise InvalidTariff(field=name, why=f"there are more than {MOST_ROWS:,} rows")
    if len(set(pairs)) < len(pairs):
        twice = min(pair for pair, count in Counter(pairs).items() if count > 1)
        raise InvalidTariff(field=name, why=f"two rows from {twice[0] or 'everywhere'} to {twice[1] or 'everywhere'}")


def between(rows: Iterable[R], *, origin: str, destination: str) -> R | None:
    """Return the row for a pair of divisions: the longest destination that matches, of these the longest origin.

    >>> rows = (Transit(days=5), Transit(destination="33", days=3), Transit(destination="33", origin="31", days=1))
    >>> [between(rows, origin="310115", destination=to).days for to in ("330106", "110101")]
    [1, 5]
    """
    matching = (row for row in rows if origin.startswith(row.origin) and destination.startswith(row.destination))
    return max(matching, key=lambda row: (len(row.destination), len(row.origin)), default=None)
