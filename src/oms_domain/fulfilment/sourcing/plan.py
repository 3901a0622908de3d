"""What sourcing answers: a plan with its reasons, or what is missing where (寻源结果)."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from attrs import frozen

from oms_domain.fulfilment.carriers.choose import Choice, Loss
from oms_domain.fulfilment.carriers.packing import PackedParcel
from oms_domain.fulfilment.promise.promise import Promise
from oms_domain.fulfilment.sourcing.strategy import RuleName
from oms_domain.kernel.identity import CarrierCode, LineId, SkuCode, WarehouseCode


class Standing(StrEnum):
    """What became of a place, and why (候选结果)."""

    CHOSEN = "chosen"
    NOT_ACTIVE = "not_active"
    NOT_CHOSEN_BY_HAND = "not_chosen_by_hand"
    SHOP_NOT_SERVED = "shop_not_served"
    REGION_NOT_SERVED = "region_not_served"
    NO_STOCK = "no_stock"  # none of what is wanted
    NO_CARRIER = "no_carrier"  # none of what is wanted can be carried from there
    CANNOT_SERVE_ALL = "cannot_serve_all"  # and another place can, or must
    NO_PLAN = "no_plan"  # no plan was found in which it gives all that it can
    OUTRANKED = "outranked"  # the best plan found with it scores worse
    TIED = "tied"  # a plan with it scores the same; the order of codes decided
    NOT_EXAMINED = "not_examined"  # there were too many places to look at each


@frozen(kw_only=True)
class RuleScore:
    """What a plan scores by one rule, without the weight; the unit is the rule's."""

    rule: RuleName
    value: int


@frozen(kw_only=True)
class PlaceVerdict:
    """One candidate: its standing, and the scores of the best plan found with it.

    Args:
        holds: units of the order that it has, shared between lines of one SKU.
        scores: by rule, in the chain's order; empty if no plan with it was looked at.
        decided_by: the rules of the stage in which it lost; empty if it did not lose by scores.
        without: carriers that do not deliver from there, with the reason.
    """

    place: WarehouseCode
    standing: Standing
    holds: int
    scores: tuple[RuleScore, ...] = ()
    decided_by: tuple[RuleName, ...] = ()
    without: tuple[Loss, ...] = ()


@frozen(kw_only=True)
class PlanPart:
    """What one place ships: ``lines`` by id, each with its units; ``choice`` says why this carrier."""

    place: WarehouseCode
    carrier: CarrierCode
    lines: tuple[tuple[LineId, int], ...]
    parcels: tuple[PackedParcel, ...]
    cost_fen: int
    promise: Promise
    choice: Choice


@frozen(kw_only=True)
class WarehousePart:
    """What an order's part for one warehouse holds: units by line id."""

    warehouse: WarehouseCode
    carrier: CarrierCode
    lines: tuple[tuple[LineId, int], ...]


@frozen(kw_only=True)
class Gap:
    """How far a plan may be from the best: in the first stage where it is not proven, ``found`` against ``bound``.

    The best plan scores no less than ``bound`` there.
    """

    stage: int
    rules: tuple[RuleName, ...]
    found: int
    bound: int


@frozen(kw_only=True)
class Plan:
    """Where an order is shipped from, and why.

    Args:
        parts: by place. Together they hold every unit of every line.
        gap: None if no better plan exists.
        nodes: partial plans that were looked at.
    """

    parts: tuple[PlanPart, ...]
    scores: tuple[RuleScore, ...]
    verdicts: tuple[PlaceVerdict, ...]
    gap: Gap | None
    nodes: int
    strategy: str

    @property
    def parcels(self) -> int:
        """How many parcels leave."""
        return sum(len(part.parcels) for part in self.parts)

    @property
    def cost_fen(self) -> int:
        """What the carriers are to be paid, in minor units."""
        return sum(part.cost_fen for part in self.parts)

    @property
    def by_warehouse(self) -> tuple[WarehousePart, ...]:
        """The plan as an order is cut by it (按仓拆单): one part means that it stays whole."""
        return tuple(WarehousePart(warehouse=part.place, carrier=part.carrier, lines=part.lines) for part in self.parts)

    @property
    def arrive_on(self) -> date:
        """The day on which the last parcel arrives."""
        return max(part.promise.arrive_on for part in self.parts)


class Lack(StrEnum):
    """Why a line cannot be sourced (缺货原因)."""

    NOT_ENOUGH = "not_enough"  # all eligible places together have too few units of the SKU
    NOT_DELIVERABLE = "not_deliverable"  # the units are there, but no carrier takes this line from where they are
    NOT_IN_ONE_PLACE = "not_in_one_place"  # enough in sum, but the strategy keeps the line together
    NOT_TOGETHER = "not_together"  # can be had, but not with the others under the strategy


@frozen(kw_only=True)
class Missing:
    """A line that cannot be sourced.

    Args:
        short: units that the eligible places lack of its SKU, all lines of it counted; 0 if they have enough.
        there: eligible places that have some of it, with their units.
    """

    line: LineId
    sku: SkuCode
    wanted: int
    short: int
    why: Lack
    there: tuple[tuple[WarehouseCode, int], ...]


@frozen(kw_only=True)
class Shortage:
    """No plan: what is missing where. ``is_proven``: the search was not cut off, so there is none."""

    missing: tuple[Missing, ...]
    verdicts: tuple[PlaceVerdict, ...]
    is_proven: bool
    nodes: int
    strategy: str


Sourced = Plan | Shortage
