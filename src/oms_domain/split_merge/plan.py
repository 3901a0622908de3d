"""A plan of splitting (拆单方案): which units go together, and why. It can be shown before anything is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Any, ClassVar, Final

from attrs import evolve, field, frozen

from oms_domain.kernel.errors import Invalid
from oms_domain.kernel.identity import LineId, SkuCode, WarehouseCode
from oms_domain.shops.shop import ShopPolicy
from oms_domain.split_merge.packing import Goods, Packing, ParcelLimit, pack


class Delivery(StrEnum):
    """Who brings it (配送方式)."""

    OWN = "own"
    PLATFORM = "platform"  # 平台直发
    SUPPLIER = "supplier"  # 代发
    VIRTUAL = "virtual"  # nothing to bring


class Trigger(StrEnum):
    """Why units go apart (拆单触发), in the order in which they are looked at."""

    SELLER = "seller"
    PRESALE = "presale"  # presale, or out of stock, against in stock
    DELIVERY = "delivery"
    WAREHOUSE = "warehouse"  # as sourcing has it
    CATEGORY = "category"  # cannot travel together: fragile, oversize, liquid, cold
    WEIGHT = "weight"  # weight or volume above the carrier's limit
    CUSTOMS = "customs"  # worth more than customs lets through in one parcel
    VALUABLE = "valuable"  # goes alone
    PARCEL_SIZE = "parcel_size"  # lines or units in one parcel
    BY_HAND = "by_hand"


@frozen(kw_only=True)
class SplitLine:
    """What triggers look at: ``units`` of one line. Weight, volume and value are of one unit."""

    line_id: LineId
    sku: SkuCode
    units: int
    weight_g: int = 0
    volume_cm3: int = 0
    value_fen: int = 0
    seller: str = ""
    delivery: Delivery = Delivery.OWN
    is_presale: bool = False
    in_stock: int | None = None  # so many of the units could be shipped now; None: all
    warehouses: tuple[tuple[WarehouseCode, int], ...] = ()  # sourced: units from each; empty: not yet
    marks: frozenset[str] = frozenset()  # fragile, liquid, cold …
    is_valuable: bool = False


@frozen(kw_only=True)
class Reason:
    """What tells a part from the others: the trigger, and its word for this part (``cold``, ``WH-2``, ``2/3``)."""

    trigger: Trigger
    of: str = ""


@frozen(kw_only=True)
class PlannedPart:
    """Units that go together, and why they are apart from the rest."""

    contents: tuple[tuple[LineId, int], ...]
    reasons: tuple[Reason, ...] = ()

    @property
    def units(self) -> int:
        return sum(units for _, units in self.contents)


@frozen(kw_only=True)
class SplitPlan:
    """Parts that hold every unit of the order once. One part: nothing to split.

    ``least``: with fewer parts the rules cannot be kept, as far as is known; ``gap`` is what might be saved.
    ``too_large``: lines of which one unit alone is above a limit of a parcel, for a person to see.
    """

    parts: tuple[PlannedPart, ...]
    least: int
    too_large: tuple[LineId, ...] = ()

    @property
    def gap(self) -> int:
        return len(self.parts) - self.least

    @property
    def splits(self) -> bool:
        return len(self.parts) > 1


@frozen(kw_only=True)
class SplitRules:
    """How a shop splits (拆单策略): which triggers count, and what one parcel may hold.

    ``apart``: marks that travel with nothing else; marks not named here go with anything.
    """

    triggers: tuple[Trigger, ...] = (Trigger.SELLER, Trigger.DELIVERY, Trigger.WAREHOUSE)
    apart: frozenset[str] = frozenset({"fragile", "oversize", "liquid", "cold"})
    weight_g: int | None = None
    volume_cm3: int | None = None
    customs_fen: int | None = 500_000  # 5,000.00 a parcel
    lines: int | None = None
    units: int | None = None


@frozen(kw_only=True)
class InvalidSplitRules(Invalid):
    """A shop's way of splitting that makes no sense: ``field`` says where, ``why`` what is wrong with it."""

    code: ClassVar[str] = "split_merge.invalid_rules"
    why: str


def rules_of(policy: ShopPolicy) -> SplitRules:
    """Return how the shop splits.

    Raises:
        InvalidSplitRules: a trigger that there is not, a limit below 1.

    >>> rules_of(ShopPolicy(split_triggers=("weight",), split_weight_g=20_000)).triggers
    (<Trigger.WEIGHT: 'weight'>,)
    """
    known = [trigger for trigger in Trigger if trigger is not Trigger.BY_HAND]
    if unknown := [word for word in policy.split_triggers if word not in known]:
        raise InvalidSplitRules(field="split_triggers", why=f"{unknown[0]} is none of {', '.join(known)}")
    limits = {name: getattr(policy, f"split_{name}") for name in _POLICY_LIMITS}
    for name, limit in limits.items():
        if limit is not None and limit < 1:
            raise InvalidSplitRules(field=f"split_{name}", why="must be at least 1")
    return SplitRules(triggers=tuple(map(Trigger, policy.split_triggers)), **limits)


_POLICY_LIMITS: Final = ("weight_g", "volume_cm3", "customs_fen", "lines", "units")


@frozen(kw_only=True)
class CannotSplit(Invalid):
    """A split by hand that makes no sense: ``field`` says where, ``why`` what is wrong with it."""

    code: ClassVar[str] = "split_merge.invalid_plan"
    why: str


@frozen
class _Group:
    """Units that are together so far."""

    lines: tuple[SplitLine, ...]
    reasons: tuple[Reason, ...] = field(default=())


Key = Callable[[SplitLine], Iterable[tuple[str, int]]]
"""The words under which a line's units go, with how many."""


def plan(lines: Sequence[SplitLine], rules: SplitRules) -> SplitPlan:
    """Return the parts that the shop's rules make of an order.

    Triggers that tell units apart by what they are come first; what then goes together is packed into as few parcels
    as its limits allow.
    """
    groups = [_Group(tuple(line for line in lines if line.units))]
    for trigger in Trigger:
        if trigger in rules.triggers and trigger in _KEYS:
            groups = [part for group in groups for part in _by(trigger, _KEYS[trigger](rules), group)]
    parts: list[PlannedPart] = []
    least, too_large = 0, dict[LineId, None]()
    limits = {trigger: limit for trigger, limit in _limits(rules).items() if trigger in rules.triggers}
    for group in groups:
        packing = _packed(group, limits)
        least += packing.least
        too_large |= dict.fromkeys(packing.too_large)
        reasons = _binding(group, limits, packing)
        parts += [
            PlannedPart(contents=contents, reasons=(*group.reasons, *reasons(at)))
            for at, contents in enumerate(packing.parcels, 1)
        ]
    return SplitPlan(parts=tuple(parts), least=least, too_large=tuple(too_large))


def by_hand(lines: Sequence[SplitLine], parts: Sequence[Sequence[tuple[LineId, int]]]) -> SplitPlan:
    """Return the plan that a person asks for: parts by line and units, and one more with what they leave.

    Raises:
        CannotSplit: a part without units, a line that is not there, more units than a line has, or nothing to split.
    """
    left = {line.line_id: line.units for line in lines}
    found: list[tuple[tuple[LineId, int], ...]] = []
    for at, part in enumerate(parts):
        for line_id, units in part:
            if line_id not in left:
                raise CannotSplit(field=f"parts[{at}]", why=f"there is no line {line_id}")
            if not 1 <= units <= left[line_id]:
                raise CannotSplit(field=f"parts[{at}]", why=f"{left[line_id]} units of {line_id} are left, not {units}")
            left[line_id] -= units
        if not part:
            raise CannotSplit(field=f"parts[{at}]", why="it takes no units")
        found.append(tuple(part))
    rest = tuple((line_id, units) for line_id, units in left.items() if units)
    together = [*found, rest] if rest else found
    if len(together) < 2:
        raise CannotSplit(field="parts", why="all units stay together")
    number = len(together)
    return SplitPlan(
        parts=tuple(
            PlannedPart(contents=contents, reasons=(Reason(trigger=Trigger.BY_HAND, of=f"{at}/{number}"),))
            for at, contents in enumerate(together, 1)
        ),
        least=number,
    )


def _by(trigger: Trigger, key: Key, group: _Group) -> list[_Group]:
    """Take a group apart by a key; one that has one key only stays as it is, without a reason."""
    parts: dict[str, list[SplitLine]] = {}
    for line in group.lines:
        for word, units in key(line):
            if units:
                parts.setdefault(word, []).append(evolve(line, units=units))
    if len(parts) < 2:
        return [group]
    return [_Group(tuple(lines), (*group.reasons, Reason(trigger=trigger, of=word))) for word, lines in parts.items()]


def _stock(line: SplitLine) -> Iterable[tuple[str, int]]:
    if line.is_presale:
        return [("presale", line.units)]
    there = line.units if line.in_stock is None else min(line.in_stock, line.units)
    return [("in_stock", there), ("out_of_stock", line.units - there)]


def _warehouses(line: SplitLine) -> Iterable[tuple[str, int]]:
    sourced = [(str(code), units) for code, units in line.warehouses]
    return [*sourced, ("", line.units - sum(units for _, units in sourced))]


def _category(rules: SplitRules) -> Key:
    def key(line: SplitLine) -> Iterable[tuple[str, int]]:
        return [(" ".join(sorted(line.marks & rules.apart)), line.units)]

    return key


def _valuable(line: SplitLine) -> Iterable[tuple[str, int]]:
    if not line.is_valuable:
        return [("", line.units)]
    return [(f"{line.line_id} {number}", 1) for number in range(line.units)]


_KEYS: Final[dict[Trigger, Callable[[SplitRules], Key]]] = {
    Trigger.SELLER: lambda rules: lambda line: [(line.seller, line.units)],
    Trigger.PRESALE: lambda rules: _stock,
    Trigger.DELIVERY: lambda rules: lambda line: [(line.delivery, line.units)],
    Trigger.WAREHOUSE: lambda rules: _warehouses,
    Trigger.CATEGORY: _category,
    Trigger.VALUABLE: lambda rules: _valuable,
}


def _limits(rules: SplitRules) -> dict[Trigger, ParcelLimit]:
    return {
        Trigger.WEIGHT: ParcelLimit(weight_g=rules.weight_g, volume_cm3=rules.volume_cm3),
        Trigger.CUSTOMS: ParcelLimit(value_fen=rules.customs_fen),
        Trigger.PARCEL_SIZE: ParcelLimit(lines=rules.lines, units=rules.units),
    }


def _packed(group: _Group, limits: dict[Trigger, ParcelLimit]) -> Packing[LineId]:
    together: dict[str, Any] = {}
    for limit in limits.values():
        together |= {name: most for name in _LIMIT_NAMES if (most := getattr(limit, name)) is not None}
    return pack(_goods(group), ParcelLimit(**together))


_LIMIT_NAMES: Final = ("weight_g", "volume_cm3", "value_fen", "units", "lines")


def _goods(group: _Group) -> list[Goods[LineId]]:
    merged: dict[LineId, SplitLine] = {}
    for line in group.lines:
        known = merged.get(line.line_id)
        merged[line.line_id] = evolve(line, units=line.units + known.units) if known else line
    return [
        Goods(
            key=line.line_id,
            units=line.units,
            weight_g=line.weight_g,
            volume_cm3=line.volume_cm3,
            value_fen=line.value_fen,
        )
        for line in merged.values()
    ]


def _binding(
    group: _Group, limits: dict[Trigger, ParcelLimit], packing: Packing[LineId]
) -> Callable[[int], tuple[Reason, ...]]:
    """Return what to say of each parcel: the limits that alone would ask for more than one."""
    number = len(packing.parcels)
    if number < 2:
        return lambda at: ()
    binding = [trigger for trigger, limit in limits.items() if len(pack(_goods(group), limit).parcels) > 1]
    return lambda at: tuple(Reason(trigger=trigger, of=f"{at}/{number}") for trigger in binding)
