"""Past orders under another strategy (试算): parcels, freight and promise before and after, for each and in sum."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from attrs import frozen

from oms_domain.fulfilment.carriers.carrier import Carrier
from oms_domain.fulfilment.sourcing.demand import Demand, SourcePlace
from oms_domain.fulfilment.sourcing.plan import Plan, Sourced
from oms_domain.fulfilment.sourcing.source import source
from oms_domain.fulfilment.sourcing.strategy import Strategy
from oms_domain.kernel.columns import aligned, cells
from oms_domain.kernel.identity import WarehouseCode
from oms_domain.kernel.money import Money, print_money


@frozen(kw_only=True)
class PastOrder:
    """An order as it was to be sourced: ``places`` with what they could promise then, ``at`` that time.

    Each is judged by itself: what one order takes is not missing to the next one. Whoever wants that passes places
    with less.

    Args:
        before: the strategy that it went by, None: the one that the trial names.
        only: the one place that it could come from before; None: any.
    """

    number: str
    demand: Demand
    places: tuple[SourcePlace, ...]
    at: datetime
    before: Strategy | None = None
    only: WarehouseCode | None = None


@frozen(kw_only=True)
class SourcingOutcome:
    """What became of an order under a strategy; ``days`` until the last parcel arrives."""

    places: tuple[WarehouseCode, ...]
    parcels: int
    cost_fen: int
    arrive_on: date
    days: int


@frozen(kw_only=True)
class SourcingTrialRow:
    """One order before and after; None: it could not be sourced."""

    number: str
    before: SourcingOutcome | None
    after: SourcingOutcome | None

    @property
    def is_changed(self) -> bool:
        """Whether the strategies differ on it."""
        return self.before != self.after


@frozen(kw_only=True)
class SourcingTrialSums:
    """What the orders that both strategies source come to, and how many each cannot."""

    orders: int
    changed: int
    parcels: tuple[int, int]
    cost_fen: tuple[int, int]
    days: tuple[int, int]
    unsourced: tuple[int, int]


@frozen(kw_only=True)
class SourcingTrial:
    """Two strategies against each other, order by order."""

    before: str
    after: str
    rows: tuple[SourcingTrialRow, ...]

    @property
    def sums(self) -> SourcingTrialSums:
        """Parcels, freight and days before and after."""
        both = [(row.before, row.after) for row in self.rows if row.before is not None and row.after is not None]
        return SourcingTrialSums(
            orders=len(self.rows),
            changed=sum(row.is_changed for row in self.rows),
            parcels=(sum(before.parcels for before, _ in both), sum(after.parcels for _, after in both)),
            cost_fen=(sum(before.cost_fen for before, _ in both), sum(after.cost_fen for _, after in both)),
            days=(sum(before.days for before, _ in both), sum(after.days for _, after in both)),
            unsourced=(
                sum(row.before is None for row in self.rows),
                sum(row.after is None for row in self.rows),
            ),
        )


def try_out(
    orders: Iterable[PastOrder], carriers: Sequence[Carrier], *, before: Strategy, after: Strategy
) -> SourcingTrial:
    """Source past orders under two strategies. Changes nothing.

    Raises:
        InvalidPlaces, InvalidTime: as ``source``.
    """
    rows = []
    for order in orders:
        there = tuple(place for place in order.places if order.only in (None, place.code))
        one = source(order.demand, there, carriers, order.before or before, at=order.at)
        other = source(order.demand, order.places, carriers, after, at=order.at)
        rows.append(SourcingTrialRow(number=order.number, before=_outcome(one, order), after=_outcome(other, order)))
    return SourcingTrial(before=before.name, after=after.name, rows=tuple(rows))


def _outcome(found: Sourced, order: PastOrder) -> SourcingOutcome | None:
    if not isinstance(found, Plan):
        return None
    today = order.at.astimezone(order.demand.zone).date()
    return SourcingOutcome(
        places=tuple(part.place for part in found.parts),
        parcels=found.parcels,
        cost_fen=found.cost_fen,
        arrive_on=found.arrive_on,
        days=(found.arrive_on - today).days,
    )


def trial_text(trial: SourcingTrial, *, currency: str = "CNY") -> str:
    """Return a table with a row for each order, before and after, and the sums of those that both source."""
    rows = [["order", "from", "", "parcels", "", "freight", "", "days", ""]]
    for row in trial.rows:
        pairs = zip(_cells(row.before, currency), _cells(row.after, currency), strict=True)
        rows.append([row.number, *(cell for pair in pairs for cell in pair)])
    sums = trial.sums
    money = [print_money(Money(fen, currency)) for fen in sums.cost_fen]
    rows.append(["sum", "", "", *map(str, sums.parcels), *money, *map(str, sums.days)])
    notes = [
        f"{trial.before or 'before'} | {trial.after or 'after'}: {sums.changed} of {sums.orders} orders change",
        f"cannot be sourced: {sums.unsourced[0]} | {sums.unsourced[1]} (not in the sums)",
    ]
    return "\n".join([*aligned([cells(row) for row in rows], left=(0, 1, 2)), *notes])


def trial_json(trial: SourcingTrial) -> dict[str, Any]:
    """Return what JSON can hold."""
    sums = trial.sums
    return {
        "before": trial.before,
        "after": trial.after,
        "orders": [
            {
                "number": row.number,
                "changed": row.is_changed,
                "before": _outcome_json(row.before),
                "after": _outcome_json(row.after),
            }
            for row in trial.rows
        ],
        "sums": {
            "orders": sums.orders,
            "changed": sums.changed,
            **{
                name: {"before": pair[0], "after": pair[1]}
                for name, pair in (
                    ("parcels", sums.parcels),
                    ("cost_fen", sums.cost_fen),
                    ("days", sums.days),
                    ("unsourced", sums.unsourced),
                )
            },
        },
    }


def _cells(outcome: SourcingOutcome | None, currency: str) -> list[str]:
    if outcome is None:
        return ["-", "-", "-", "-"]
    cost = print_money(Money(outcome.cost_fen, currency))
    return [" + ".join(outcome.places), str(outcome.parcels), cost, str(outcome.days)]


def _outcome_json(outcome: SourcingOutcome | None) -> dict[str, Any] | None:
    if outcome is None:
        return None
    return {
        "places": list(outcome.places),
        "parcels": outcome.parcels,
        "cost_fen": outcome.cost_fen,
        "arrive_on": outcome.arrive_on.isoformat(),
        "days": outcome.days,
    }
