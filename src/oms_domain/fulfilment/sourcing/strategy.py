"""A sourcing strategy (寻源策略) as data: a chain of stages of named, weighted rules.

A stage decides only where those before it do not (lexicographic). Within a stage, the scores of its rules are
multiplied by their weights and added. A lower score is better, always; every score is a whole number.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar, Final

from attrs import field, frozen

from oms_domain.fulfilment.carriers.choose import BY_PRIORITY, CarrierRule
from oms_domain.fulfilment.carriers.regions import division
from oms_domain.kernel.errors import Invalid
from oms_domain.kernel.identity import WarehouseCode

MOST_NODES: Final = 1_000_000
LARGEST_WEIGHT: Final = 10**9
MOST_PARTS: Final = 20


class RuleName(StrEnum):
    """What a rule counts; the unit of its score in brackets (寻源规则)."""

    FEWEST_PARCELS = "fewest_parcels"  # parcels, at least one for each place
    TIERS = "tiers"  # units × position of the place's tier in the list
    REGION_PRIORITY = "region_priority"  # units × position of the place in the list of the destination's region
    NEAREST = "nearest"  # metres, added over the places that ship
    CHEAPEST_FREIGHT = "cheapest_freight"  # minor units
    LOWEST_PROMISE = "lowest_promise"  # days until the last parcel arrives
    STOCK_BALANCE = "stock_balance"  # ten-thousandths of a place's units of the SKU that each unit takes, added
    OWN_WAREHOUSE = "own_warehouse"  # units from places that are not the shop's own
    MANUAL = "manual"  # units from other places than the one chosen by hand


class SplitPolicy(StrEnum):
    """Whether an order may come from several places (拆单策略)."""

    NEVER = "never"
    WHEN_NEEDED = "when_needed"  # only when no single place can serve all of it
    WHEN_BETTER = "when_better"  # whenever the chain says so


@frozen(kw_only=True)
class InvalidStrategy(Invalid):
    """A strategy that cannot be followed: ``why`` says what is wrong with ``field``."""

    code: ClassVar[str] = "sourcing.invalid_strategy"
    why: str


@frozen(kw_only=True)
class RegionList:
    """Places in order of preference for destinations whose division begins with ``region``."""

    region: str
    places: tuple[WarehouseCode, ...]

    def __attrs_post_init__(self) -> None:
        division(self.region, field="region")
        if len(set(self.places)) < len(self.places):
            raise InvalidStrategy(field="regions", why=f"{self.region or 'everywhere'} names a place twice")


@frozen(kw_only=True)
class SourcingRule:
    """A rule with its weight in the stage; ``tiers`` and ``regions`` are what the rules of these names go by."""

    name: RuleName
    weight: int = 1
    tiers: tuple[str, ...] = ()
    regions: tuple[RegionList, ...] = ()

    def __attrs_post_init__(self) -> None:
        if type(self.weight) is not int or not 1 <= self.weight <= LARGEST_WEIGHT:
            raise InvalidStrategy(field="weight", why=f"must be a whole number from 1 to {LARGEST_WEIGHT:,}")
        if bool(self.tiers) != (self.name is RuleName.TIERS):
            raise InvalidStrategy(field="tiers", why="belong to the rule tiers, which needs at least one")
        if bool(self.regions) != (self.name is RuleName.REGION_PRIORITY):
            raise InvalidStrategy(field="regions", why="belong to the rule region_priority, which needs at least one")
        if len(set(self.tiers)) < len(self.tiers):
            raise InvalidStrategy(field="tiers", why="one stands there twice")
        if len({each.region for each in self.regions}) < len(self.regions):
            raise InvalidStrategy(field="regions", why="one stands there twice")


Stage = tuple[SourcingRule, ...]


def _chain(_strategy: Any, _field: Any, chain: tuple[Stage, ...]) -> None:
    names = [rule.name for stage in chain for rule in stage]
    if not chain or not all(chain):
        raise InvalidStrategy(field="chain", why="needs at least one stage, and each stage at least one rule")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidStrategy(field="chain", why=f"{twice} stands there twice")


def _carriers(_strategy: Any, _field: Any, by: tuple[CarrierRule, ...]) -> None:
    if len(set(by)) < len(by):
        raise InvalidStrategy(field="carriers", why="one stands there twice")


def _within(least: int, most: int) -> Any:
    def check(_strategy: Any, attribute: Any, number: int) -> None:
        if type(number) is not int or not least <= number <= most:
            raise InvalidStrategy(field=attribute.name, why=f"must be a whole number from {least:,} to {most:,}")

    return check


@frozen(kw_only=True)
class Strategy:
    """How a shop's orders are sourced.

    Args:
        chain: stages in order of weight; no rule twice.
        split: whether an order may come from several places.
        split_lines: whether the units of one line may.
        most_places: from how many places at most.
        carriers: how the carrier of each place is chosen.
        most_nodes: bound of the exact search, in partial plans looked at. Beyond it, the best plan so far is given
            with its gap; 0: no search, greedy only.
    """

    name: str = ""
    chain: tuple[Stage, ...] = field(validator=_chain)
    split: SplitPolicy = field(default=SplitPolicy.WHEN_NEEDED, converter=SplitPolicy)
    split_lines: bool = False
    most_places: int = field(default=5, validator=_within(1, MOST_PARTS))
    carriers: tuple[CarrierRule, ...] = field(default=BY_PRIORITY, validator=_carriers)
    most_nodes: int = field(default=5_000, validator=_within(0, MOST_NODES))

    @property
    def has_manual(self) -> bool:
        """Whether a place chosen by hand is preferred rather than binding."""
        return any(rule.name is RuleName.MANUAL for stage in self.chain for rule in stage)


DEFAULT_STRATEGY: Final = Strategy(
    name="default",
    chain=(
        (SourcingRule(name=RuleName.FEWEST_PARCELS),),
        (SourcingRule(name=RuleName.TIERS, tiers=("fdc", "rdc")),),
        (SourcingRule(name=RuleName.LOWEST_PROMISE),),
        (SourcingRule(name=RuleName.CHEAPEST_FREIGHT),),
        (SourcingRule(name=RuleName.NEAREST),),
        (SourcingRule(name=RuleName.STOCK_BALANCE),),
    ),
)
"""Whole, from a forward centre if one can, early, cheap, near, from where there is most."""
