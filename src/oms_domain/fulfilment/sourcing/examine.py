"""Which places are in question for a demand at all, and why the others are not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import frozen

from oms_domain.fulfilment.carriers.carrier import Carrier
from oms_domain.fulfilment.carriers.choose import Lane, Loss, lanes_between
from oms_domain.fulfilment.promise.promise import departure
from oms_domain.fulfilment.sourcing.demand import Demand, SourcePlace
from oms_domain.fulfilment.sourcing.plan import PlaceVerdict, RuleScore, Standing
from oms_domain.fulfilment.sourcing.strategy import RuleName, Strategy


@frozen(kw_only=True)
class Examined:
    """A place with the carriers that deliver from there.

    Args:
        holds: units of the demand that it has.
        out: why it is not in question, None if it is.
        lanes, without: the carriers that deliver to the destination, and those that do not. Not looked up for a place
            that is out for another reason.
    """

    place: SourcePlace
    holds: int
    out: Standing | None
    lanes: tuple[Lane, ...] = ()
    without: tuple[Loss, ...] = ()


def examine(
    place: SourcePlace, demand: Demand, carriers: Sequence[Carrier], strategy: Strategy, at: datetime
) -> Examined:
    """Put a place to the gates, one after the other; the first that it does not pass is the reason."""
    stock = place.stock
    holds = sum(min(units, stock.get(sku, 0)) for sku, units in demand.by_sku.items())
    out = _gate(place, demand, strategy)
    if out is None and not holds:
        out = Standing.NO_STOCK
    if out is not None:
        return Examined(place=place, holds=holds, out=out)
    lanes, without = lanes_between(
        carriers,
        place.contracts,
        origin=place.division,
        destination=demand.destination.division,
        wishes=demand.wishes,
        left=departure(place.hours, at=at),
    )
    there = [line.goods(1) for line in demand.lines if stock.get(line.sku, 0)]
    can_go = any(lane.refusal(goods) is None for lane in lanes for goods in there)
    return Examined(place=place, holds=holds, out=None if can_go else Standing.NO_CARRIER, lanes=lanes, without=without)


def _gate(place: SourcePlace, demand: Demand, strategy: Strategy) -> Standing | None:
    if not place.active:
        return Standing.NOT_ACTIVE
    if demand.place not in (None, place.code) and not strategy.has_manual:
        return Standing.NOT_CHOSEN_BY_HAND
    if place.shops and demand.shop not in place.shops:
        return Standing.SHOP_NOT_SERVED
    return None if place.regions.serve(demand.destination.division) else Standing.REGION_NOT_SERVED


def verdict(
    each: Examined,
    standing: Standing,
    *,
    scores: tuple[RuleScore, ...] = (),
    decided_by: tuple[RuleName, ...] = (),
) -> PlaceVerdict:
    """Return what became of an examined place."""
    return PlaceVerdict(
        place=each.place.code,
        standing=standing,
        holds=each.holds,
        scores=scores,
        decided_by=decided_by,
        without=each.without,
    )
