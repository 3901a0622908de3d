"""Apportionment in memory: ratios to a hand-written integer loop that does the same without any checks (P6)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from tests.bench.timing import ratio, rounds

from oms_domain.apportionment import LARGEST_REMAINDER, allocate, shares
from oms_domain.apportionment.waterfall import Discount, PricedLine, PricedOrder, apportion
from oms_domain.channels.standard import DiscountKind

LINES = 8
STEPS = 6
TURNS = 60  # calls in a round
ROUNDS = 41
PRICES = tuple(1990 + 731 * at for at in range(LINES))
AMOUNTS = tuple(503 + 97 * at for at in range(STEPS))
KINDS = (
    DiscountKind.FULL_REDUCTION,
    DiscountKind.GIFT,
    DiscountKind.PRICE_PROTECTION,
    DiscountKind.COUPON,
    DiscountKind.COUPON,
    DiscountKind.OTHER,
)
SIZES = (10, 100, 1_000, 10_000)


def figures() -> Iterator[str]:
    """Print-ready lines. Seconds of this process alone are counted: nothing here waits for anything."""
    over = list(PRICES)
    seconds = rounds(
        {
            "loop": _often(lambda: by_hand(4999, over)),
            "bare": _often(lambda: shares(4999, over, LARGEST_REMAINDER)),
            "checked": _often(lambda: allocate(4999, over)),
        },
        ROUNDS,
        time.process_time,
    )
    yield (
        f"allocate over {LINES} lines: the loop by hand {min(seconds['loop']) / TURNS * 1e6:.1f} µs; bare "
        f"{1 / ratio(seconds, 'bare', 'loop'):.2f} of it (P6 ≤ 1.3), with the argument checks "
        f"{1 / ratio(seconds, 'checked', 'loop'):.2f} (P6 ≤ 1.8)"
    )
    order = _order(LINES)
    ways: dict[str, Callable[[], Callable[[], None]]] = {
        "loop": _often(waterfall_by_hand),
        "ours": _often(lambda: apportion(order)),
    }
    ways |= {name: _often(way) for name, way in _others().items()}
    seconds = rounds(ways, ROUNDS, time.process_time)
    yield (
        f"an order of {LINES} lines × {STEPS} discounts, every placement kept: "
        f"{min(seconds['ours']) / TURNS * 1e6:.0f} µs, "
        f"{1 / ratio(seconds, 'ours', 'loop'):.2f} of the loop by hand (P6 ≤ 4)"
    )
    for name in list(ways)[2:]:
        yield f"the same by {name}: {1 / ratio(seconds, name, 'ours'):.1f} of ours (P6 ≥ 3)"
    yield from _growth()


def _growth() -> Iterator[str]:
    """How the cost grows with the lines: as a small plot, a mark for each doubling of the cost a line."""
    yield f"{STEPS} discounts over more lines (linear means: the same cost a line):"
    for size in SIZES:
        order, best = _order(size), 1e9
        for _ in range(max(3, 300 // size)):
            begun = time.process_time()
            apportion(order)
            best = min(best, time.process_time() - begun)
        each = best / size / STEPS * 1e9
        yield f"  {size:>6} lines  {each:>6.0f} ns a line and discount  {'▇' * max(1, round(each / 50))}"


def by_hand(total: int, weights: list[int]) -> list[int]:
    """Largest remainder as one would write it once, trusting its arguments."""
    whole = sum(weights)
    found = [total * weight // whole for weight in weights]
    rest = total - sum(found)
    if rest:
        order = sorted(range(len(weights)), key=lambda at: -(total * weights[at] % whole))
        for at in order[:rest]:
            found[at] += 1
    return found


def waterfall_by_hand() -> list[int]:
    """Six discounts, one after the other, keeping nothing but what is left."""
    left = list(PRICES)
    for amount in AMOUNTS:
        for at, share in enumerate(by_hand(amount, left)):
            left[at] -= share
    return left


def _order(lines: int) -> PricedOrder:
    prices = [1990 + 731 * (at % LINES) for at in range(lines)]
    return PricedOrder(
        lines=tuple(PricedLine(key=f"l{at}", units=1, goods_fen=price) for at, price in enumerate(prices)),
        discounts=tuple(
            Discount(id=f"d{at}", kind=kind, amount_fen=amount * lines // LINES)
            for at, (kind, amount) in enumerate(zip(KINDS, AMOUNTS, strict=True))
        ),
    )


def _others() -> dict[str, Callable[[], Any]]:
    """The same with other libraries' amounts, where they are installed: pip install py-moneyed prices."""
    found: dict[str, Callable[[], Any]] = {}
    try:
        import moneyed
    except ImportError:
        pass
    else:
        found["py-moneyed"] = lambda: _last_takes_rest(lambda fen: moneyed.Money(Decimal(fen) / 100, "CNY"))
    try:
        import prices
    except ImportError:
        pass
    else:
        found["prices' Money"] = lambda: _last_takes_rest(lambda fen: prices.Money(Decimal(fen) / 100, "CNY"))
        found["prices' TaxedMoney"] = lambda: _taxed(prices)
    return found


def _last_takes_rest(money: Callable[[int], Any]) -> list[Any]:
    """Neither shares amounts itself: each share is rounded, the last line takes the rest."""
    left = [money(price) for price in PRICES]
    cent = Decimal("0.01")
    kept = []
    for amount in map(money, AMOUNTS):
        whole = sum((one.amount for one in left), Decimal(0))
        taken, row = money(0), []
        for one in left[:-1]:
            share = type(one)((amount.amount * one.amount / whole).quantize(cent), "CNY")
            taken = taken + share
            row.append(share)
        row.append(amount - taken)
        left = [one - share for one, share in zip(left, row, strict=True)]
        kept.append(row)
    return kept


def _taxed(prices: Any) -> list[Any]:
    """As above with net and gross together, which is how a shop on this library holds what it sells."""

    def money(fen: int) -> Any:
        amount = prices.Money(Decimal(fen) / 100, "CNY")
        return prices.TaxedMoney(net=amount, gross=amount)

    left, kept, cent = [money(price) for price in PRICES], [], Decimal("0.01")
    for amount in map(money, AMOUNTS):
        whole = sum((one.gross.amount for one in left), Decimal(0))
        taken, row = money(0), []
        for one in left[:-1]:
            share = (amount * (one.gross.amount / whole)).quantize(cent)
            taken = taken + share
            row.append(share)
        row.append(amount - taken)
        left = [one - share for one, share in zip(left, row, strict=True)]
        kept.append(row)
    return kept


def _often(act: Callable[[], object], turns: int = TURNS) -> Callable[[], Callable[[], None]]:
    def prepare() -> Callable[[], None]:
        def run() -> None:
            for _ in range(turns):
                act()

        return run

    return prepare
