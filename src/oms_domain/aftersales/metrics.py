"""Figures of aftersales: pure functions over facts, with whole numbers and exact fractions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final, TypeVar

from attrs import frozen

from oms_domain.aftersales.limits import DueStanding
from oms_domain.aftersales.tickets import Agent, Ticket, TicketState
from oms_domain.kernel.calendar import ALWAYS, BusinessCalendar
from oms_domain.kernel.identity import ShopId, SkuCode

K = TypeVar("K")

_NOTHING = timedelta(0)


@frozen(kw_only=True)
class QueueRow:
    """Tickets of one shop in one state: how many, and how they stand to their time."""

    shop_id: ShopId
    state: TicketState
    tickets: int
    warning: int
    overdue: int


def queue(tickets: Iterable[Ticket], now: datetime) -> tuple[QueueRow, ...]:
    """Return open, warned and overdue tickets by shop and state, in that order."""
    found: dict[tuple[ShopId, TicketState], list[DueStanding]] = {}
    for ticket in tickets:
        standing = ticket.due.standing(now) if ticket.is_timed else DueStanding.NO_LIMIT
        found.setdefault((ticket.shop_id, ticket.state), []).append(standing)
    return tuple(
        QueueRow(
            shop_id=shop_id,
            state=state,
            tickets=len(standings),
            warning=standings.count(DueStanding.WARNING),
            overdue=standings.count(DueStanding.OVERDUE),
        )
        for (shop_id, state), standings in sorted(found.items(), key=lambda item: (str(item[0][0]), item[0][1]))
    )


@frozen(kw_only=True)
class Durations:
    """How long something took, over the tickets where it is over. ``mean`` is None over none."""

    tickets: int
    total: timedelta
    median: timedelta | None
    longest: timedelta | None

    @property
    def mean(self) -> timedelta | None:
        return self.total // self.tickets if self.tickets else None


Hours = Mapping[ShopId, BusinessCalendar]
"""When shops work; one that is not named works round the clock."""
ROUND_THE_CLOCK: Final[Hours] = {}


def first_response(tickets: Iterable[Ticket], hours: Hours = ROUND_THE_CLOCK) -> Durations:
    """Return the working time from opening to the first answer; tickets without an answer are left out."""
    return _durations(_worked(t, t.first_answered_at, hours) for t in tickets if t.first_answered_at is not None)


def handling_time(tickets: Iterable[Ticket], hours: Hours = ROUND_THE_CLOCK) -> Durations:
    """Return the working time from opening to the end; tickets that are not done are left out."""
    return _durations(_worked(t, t.finished_at, hours) for t in tickets if t.finished_at is not None)


@frozen(kw_only=True)
class Workload:
    """What an agent has in hand, and finished in the period."""

    agent: Agent
    in_hand: int
    finished: int


def workload(tickets: Iterable[Ticket], *, start: datetime, stop: datetime) -> tuple[Workload, ...]:
    """Return the workload by agent, for the half-open period."""
    in_hand: Counter[Agent] = Counter()
    finished: Counter[Agent] = Counter()
    for ticket in tickets:
        if ticket.assignee is None:
            continue
        in_hand[ticket.assignee] += ticket.state is not TicketState.DONE
        finished[ticket.assignee] += ticket.finished_at is not None and start <= ticket.finished_at < stop
    agents = sorted({*in_hand, *finished})
    return tuple(Workload(agent=agent, in_hand=in_hand[agent], finished=finished[agent]) for agent in agents)


def reasons(given: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """Return how often each reason was given (退货原因分析), the most frequent first, equals by name."""
    return tuple(sorted(Counter(given).items(), key=lambda row: (-row[1], row[0])))


@frozen(kw_only=True)
class SoldUnits:
    """Units of a SKU that a shop sold in a period, and of these the ones that were refunded since."""

    shop_id: ShopId
    sku: SkuCode
    sold: int
    refunded: int


def refund_rate_by_sku(rows: Iterable[SoldUnits]) -> Mapping[SkuCode, Fraction]:
    """Return refunded units over sold units (退款率) by SKU, over all shops; SKUs that sold nothing are left out."""
    return _rates((row.sku, row) for row in rows)


def refund_rate_by_shop(rows: Iterable[SoldUnits]) -> Mapping[ShopId, Fraction]:
    """Return refunded units over sold units by shop.

    >>> from uuid import UUID
    >>> shop = ShopId(UUID(int=1))
    >>> rows = [SoldUnits(shop_id=shop, sku=SkuCode("a"), sold=3, refunded=1),
    ...         SoldUnits(shop_id=shop, sku=SkuCode("b"), sold=9, refunded=2)]
    >>> str(refund_rate_by_shop(rows)[shop])
    '1/4'
    """
    return _rates((row.shop_id, row) for row in rows)


def _rates(rows: Iterable[tuple[K, SoldUnits]]) -> dict[K, Fraction]:
    sold: Counter[K] = Counter()
    refunded: Counter[K] = Counter()
    for key, row in rows:
        sold[key] += row.sold
        refunded[key] += row.refunded
    return {key: Fraction(refunded[key], units) for key, units in sold.items() if units}


def _worked(ticket: Ticket, stop: datetime, hours: Hours) -> timedelta:
    return hours.get(ticket.shop_id, ALWAYS).working_time(ticket.opened_at, stop)


def _durations(spans: Iterable[timedelta]) -> Durations:
    found = sorted(spans)
    return Durations(
        tickets=len(found),
        total=sum(found, _NOTHING),
        median=found[(len(found) - 1) // 2] if found else None,
        longest=found[-1] if found else None,
    )
