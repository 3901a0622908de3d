"""A strategy as people write it down in a file (``docs/reference/sourcing-strategy.md``), and back again."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from attrs import frozen

from oms_domain.fulfilment.carriers.choose import BY_PRIORITY, CarrierRule
from oms_domain.fulfilment.carriers.regions import InvalidDivision
from oms_domain.fulfilment.sourcing.strategy import (
    LARGEST_WEIGHT,
    MOST_NODES,
    MOST_PARTS,
    InvalidStrategy,
    RegionList,
    RuleName,
    SourcingRule,
    SplitPolicy,
    Stage,
    Strategy,
)
from oms_domain.kernel.errors import Invalid
from oms_domain.kernel.form import Fields
from oms_domain.kernel.identity import WarehouseCode
from oms_domain.kernel.text import checked_text

LONGEST_NAME: Final = 64

_STRATEGY: Final = {"name", "chain", "split", "split_lines", "most_places", "carriers", "most_nodes"}
_RULE: Final = {"rule", "weight", "tiers", "regions"}


@frozen(kw_only=True)
class InvalidStrategyForm(Invalid):
    """A file that does not say what a strategy is: ``field`` is the path in it, ``why`` what is wrong there."""

    code: ClassVar[str] = "sourcing.invalid_form"
    why: str


def read_strategy(data: Any) -> Strategy:
    """Read a strategy from what JSON holds.

    Raises:
        InvalidStrategyForm: a field is missing, unknown or of another kind.
        InvalidStrategy: it cannot be followed.
        InvalidDivision: a region is no division code.
        InvalidText: the name cannot be stored.

    >>> read_strategy({"chain": [{"rule": "nearest"}, [{"rule": "cheapest_freight", "weight": 3}]]}).chain[1][0].weight
    3
    """
    form = Fields("", data, _STRATEGY, InvalidStrategyForm)
    return Strategy(
        name=checked_text(form.text("name", ""), field="name", longest=LONGEST_NAME),
        chain=tuple(_stage(form, at, each) for at, each in enumerate(form.listed("chain"))),
        split=form.word("split", SplitPolicy, SplitPolicy.WHEN_NEEDED),
        split_lines=form.truth("split_lines", False),
        most_places=form.number("most_places", 5, most=MOST_PARTS),
        carriers=_carriers(form),
        most_nodes=form.number("most_nodes", 5_000, least=0, most=MOST_NODES),
    )


def write_strategy(strategy: Strategy) -> dict[str, Any]:
    """Return what JSON can hold: the inverse of ``read_strategy``."""
    return {
        "name": strategy.name,
        "chain": [
            _written(stage[0]) if len(stage) == 1 else [_written(rule) for rule in stage] for stage in strategy.chain
        ],
        "split": str(strategy.split),
        "split_lines": strategy.split_lines,
        "most_places": strategy.most_places,
        "carriers": [str(rule) for rule in strategy.carriers],
        "most_nodes": strategy.most_nodes,
    }


def _stage(form: Fields, at: int, data: Any) -> Stage:
    if not isinstance(data, list):
        return (_rule(Fields(f"chain[{at}].", data, _RULE, InvalidStrategyForm)),)
    return tuple(
        _rule(Fields(f"chain[{at}][{number}].", each, _RULE, InvalidStrategyForm)) for number, each in enumerate(data)
    )


def _rule(fields: Fields) -> SourcingRule:
    regions = tuple(_region(fields, name, codes) for name, codes in fields.table("regions", "lists of places").items())
    try:
        return SourcingRule(
            name=fields.word("rule", RuleName),
            weight=fields.number("weight", 1, most=LARGEST_WEIGHT),
            tiers=fields.texts("tiers") or (),
            regions=tuple(sorted(regions, key=lambda each: each.region)),
        )
    except InvalidStrategy as refused:
        raise InvalidStrategy(field=f"{fields.path}{refused.field}", why=refused.why) from None


def _region(fields: Fields, name: str, codes: Any) -> RegionList:
    if not isinstance(codes, list) or not codes or not all(isinstance(code, str) and code for code in codes):
        raise fields.wrong(f"regions.{name}", "must be a list of codes of places")
    try:
        return RegionList(region=name, places=tuple(WarehouseCode(code) for code in codes))
    except InvalidStrategy as refused:
        raise InvalidStrategy(field=f"{fields.path}regions.{name}", why=refused.why) from None
    except InvalidDivision as refused:
        raise InvalidDivision(field=f"{fields.path}regions", value=refused.value) from None


def _carriers(form: Fields) -> tuple[CarrierRule, ...]:
    words = form.texts("carriers")
    if words is None:
        return BY_PRIORITY
    try:
        return tuple(CarrierRule(word) for word in words)
    except ValueError:
        raise form.wrong("carriers", f"must hold only {', '.join(CarrierRule)}") from None


def _written(rule: SourcingRule) -> dict[str, Any]:
    found: dict[str, Any] = {"rule": str(rule.name)}
    if rule.weight != 1:
        found["weight"] = rule.weight
    if rule.tiers:
        found["tiers"] = list(rule.tiers)
    if rule.regions:
        found["regions"] = {each.region: list(each.places) for each in rule.regions}
    return found
