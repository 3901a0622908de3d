"""The built-in rules (规则模板): known risks and the usual automatic review, each with parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Any, ClassVar, Final

from attrs import frozen

from oms_domain.conditions.operators import Op
from oms_domain.conditions.tree import AllLines, AllOf, AnyLine, AnyOf, Check, Condition, Not
from oms_domain.kernel.errors import Invalid
from oms_domain.kernel.money import LARGEST_FEN
from oms_domain.kernel.quantity import LARGEST_QUANTITY
from oms_domain.orders.rules.rule import InvalidRule, Rule, RuleAction, RuleKind, checked_rule
from oms_domain.shops.shop import ShopPolicy

REMOTE: Final = ("54", "63", "65", "71", "81", "82")
"""西藏, 青海, 新疆, and those beyond the border: where most carriers ask more, or do not go."""

ADDRESS_WINDOWS: Final = {1: "same_address_orders_1h", 24: "same_address_orders_24h", 168: "same_address_orders_7d"}
"""Hours that same-address orders are counted over, with the field that has the count."""


@frozen(kw_only=True)
class UnknownTemplate(Invalid):
    """There is no such template. ``known`` lists those that there are."""

    code: ClassVar[str] = "rules.unknown_template"
    known: tuple[str, ...]


@frozen(kw_only=True)
class UnknownParameter(Invalid):
    """The template has no such parameter. ``known`` lists those that it has."""

    code: ClassVar[str] = "rules.unknown_parameter"
    known: tuple[str, ...]


class Sort(Enum):
    """What a parameter is."""

    WHOLE = auto()
    TEXTS = auto()


@frozen(kw_only=True)
class Parameter:
    """A number or list of a template that the shop sets. ``default`` None: must be given."""

    name: str
    sort: Sort
    default: int | tuple[str, ...] | None
    zh: str
    en: str
    least: int = 0
    most: int = LARGEST_QUANTITY


@frozen(kw_only=True)
class Template:
    """A known risk, or a usual review, as rules to be filled in (规则模板)."""

    name: str
    zh: str
    en: str
    parameters: tuple[Parameter, ...] = ()
    build: Callable[[Mapping[str, Any]], tuple[Rule, ...]]


def from_template(name: str, parameters: Mapping[str, Any], *, path: str = "parameters") -> tuple[Rule, ...]:
    """Return the rules of a template, filled in. They are ordinary rules: the shop may change them as it likes.

    Raises:
        UnknownTemplate, UnknownParameter, InvalidRule, and what ``read_condition`` raises of a parameter's texts.
    """
    template = TEMPLATES.get(name)
    if template is None:
        raise UnknownTemplate(field="template", known=tuple(TEMPLATES))
    known = tuple(parameter.name for parameter in template.parameters)
    for given in parameters:
        if given not in known:
            raise UnknownParameter(field=f"{path}.{str(given)[:40]}", known=known)
    values = {each.name: _value(each, parameters.get(each.name), path) for each in template.parameters}
    return tuple(checked_rule(rule) for rule in template.build(values))


def rules_of_policy(policy: ShopPolicy) -> tuple[Rule, ...]:
    """Return the automatic review of a shop's policy as rules; without it, none."""
    if not policy.auto_review:
        return ()
    limit = policy.auto_review_up_to
    return from_template("auto-review", {} if limit is None else {"up_to_fen": limit.fen})


def _value(parameter: Parameter, given: Any, path: str) -> Any:
    where = f"{path}.{parameter.name}"
    if given is None:
        if parameter.default is None:
            raise InvalidRule(field=where, why="missing")
        return parameter.default
    if parameter.sort is Sort.TEXTS:
        if not isinstance(given, list | tuple) or not all(isinstance(one, str) for one in given):
            raise InvalidRule(field=where, why="not_a_list_of_texts")
        return tuple(given)
    if type(given) is not int:
        raise InvalidRule(field=where, why="not_a_whole_number")
    if not parameter.least <= given <= parameter.most:
        raise InvalidRule(field=where, why="out_of_bounds")
    return given


# --- interception ----------------------------------------------------------------------------------------------------


def _intercept(name: str, title: str, condition: Condition, reason: str, priority: int = 100) -> tuple[Rule, ...]:
    return (
        Rule(
            id=name,
            name=title,
            kind=RuleKind.INTERCEPTION,
            condition=condition,
            action=RuleAction.INTERCEPT,
            reason=reason,
            priority=priority,
        ),
    )


def _is(field: str, value: bool) -> Check:
    return Check(field, Op.EQUALS, value)


def _blacklist(_given: Mapping[str, Any]) -> tuple[Rule, ...]:
    lists = ("phone_blacklisted", "address_blacklisted", "buyer_blacklisted")
    return _intercept(
        "blacklist", "黑名单", AnyOf(tuple(_is(field, True) for field in lists)), "黑名单买家", priority=10
    )


def _amount(given: Mapping[str, Any]) -> tuple[Rule, ...]:
    dear = Check("payable_fen", Op.AT_LEAST, given["limit_fen"])
    return _intercept("amount-too-high", "金额过高", dear, "订单金额过高，请核实")


def _quantity(given: Mapping[str, Any]) -> tuple[Rule, ...]:
    of_line = AnyLine(Check("units", Op.AT_LEAST, given["line_units"]))
    many = AnyOf((Check("units", Op.AT_LEAST, given["order_units"]), of_line))
    return _intercept("quantity-too-high", "数量过高", many, "购买数量异常，请核实")


def _price_guard(given: Mapping[str, Any]) -> tuple[Rule, ...]:
    cheap = AnyOf((AnyLine(_is("below_floor", True)), Check("margin_bp", Op.AT_MOST, given["margin_bp"] - 1)))
    return _intercept("price-guard", "价格风险", cheap, "低于底价或毛利率过低", priority=20)


def _keywords(given: Mapping[str, Any]) -> tuple[Rule, ...]:
    remarks = ("buyer_remark", "seller_remark")
    found = AnyOf(tuple(Check(field, Op.CONTAINS_ANY, given["words"]) for field in remarks))
    return _intercept("keywords", "备注关键词", found, "备注含关键词")


def _unknown_sku(_given: Mapping[str, Any]) -> tuple[Rule, ...]:
    return _intercept("unknown-sku", "商品未匹配", AnyLine(_is("is_mapped", False)), "有商品未匹配到商家编码")


def _remote(given: Mapping[str, Any]) -> tuple[Rule, ...]:
    remote = Check("region_codes", Op.CONTAINS_ANY, given["region_codes"])
    return _intercept("remote-area", "偏远地区", remote, "偏远地区，请确认快递与运费")


def _incomplete(_given: Mapping[str, Any]) -> tuple[Rule, ...]:
    return _intercept("address-incomplete", "地址不完整", _is("address_complete", False), "地址不完整，请联系买家")


def _same_address(given: Mapping[str, Any]) -> tuple[Rule, ...]:
    field = ADDRESS_WINDOWS.get(given["window_hours"])
    if field is None:
        raise InvalidRule(field="parameters.window_hours", why="not_one_of_1_24_168")
    many = Check(field, Op.AT_LEAST, given["orders"])
    return _intercept("same-address", "同地址频繁下单", many, "同一地址短期内订单过多")


# --- automatic review ------------------------------------------------------------------------------------------------


def _auto_review(given: Mapping[str, Any]) -> tuple[Rule, ...]:
    """Two rules of one policy: what passes, and what would pass but for the time."""
    ordinary: tuple[Condition, ...] = (
        Check("payable_fen", Op.AT_MOST, given["up_to_fen"]),
        Check("flags", Op.IS_EMPTY),
        _is("address_complete", True),
        *(_remark(field, given["allowed_words"]) for field in ("buyer_remark", "seller_remark")),
        AllLines(_is("is_mapped", True)),
    )
    settled = Check("confirmed_at", Op.OLDER_THAN_MINUTES, given["paid_minutes"])
    window_over = _is("merge_window_open", False)
    # Also an order that the platform's clock, ahead of ours, says will be paid in a moment.
    fresh = Not(AnyOf((settled, Check("confirmed_at", Op.IS_EMPTY))))
    too_early = AnyOf((fresh, _is("merge_window_open", True)))
    return (
        _review(
            "auto-review-wait", "自动审核：等待", AllOf((*ordinary, too_early)), RuleAction.WAIT, "等待付款时长或合单"
        ),
        _review(
            "auto-review", "自动审核", AllOf((*ordinary, settled, window_over)), RuleAction.PASS, "符合自动审核条件"
        ),
    )


def _remark(field: str, allowed: tuple[str, ...]) -> Condition:
    empty = Check(field, Op.IS_EMPTY)
    return AnyOf((empty, Check(field, Op.IN, allowed))) if allowed else empty


def _review(name: str, title: str, condition: Condition, action: RuleAction, reason: str) -> Rule:
    return Rule(id=name, name=title, kind=RuleKind.AUTO_REVIEW, condition=condition, action=action, reason=reason)


_LIMIT: Final = Parameter(
    name="limit_fen", sort=Sort.WHOLE, default=None, zh="金额达到（分）", en="amount from (fen)", most=LARGEST_FEN
)
_UP_TO: Final = Parameter(
    name="up_to_fen",
    sort=Sort.WHOLE,
    default=LARGEST_FEN,
    zh="金额不超过（分）",
    en="amount up to (fen)",
    most=LARGEST_FEN,
)

TEMPLATES: Final[Mapping[str, Template]] = {
    template.name: template
    for template in (
        Template(name="blacklist", zh="黑名单", en="blacklist", build=_blacklist),
        Template(name="amount-too-high", zh="金额过高", en="amount too high", parameters=(_LIMIT,), build=_amount),
        Template(
            name="quantity-too-high",
            zh="数量过高",
            en="quantity too high",
            parameters=(
                Parameter(
                    name="order_units",
                    sort=Sort.WHOLE,
                    default=100,
                    zh="整单件数达到",
                    en="units of the order from",
                    least=1,
                ),
                Parameter(
                    name="line_units",
                    sort=Sort.WHOLE,
                    default=50,
                    zh="单行件数达到",
                    en="units of a line from",
                    least=1,
                ),
            ),
            build=_quantity,
        ),
        Template(
            name="price-guard",
            zh="价格风险",
            en="price guard",
            parameters=(
                Parameter(
                    name="margin_bp",
                    sort=Sort.WHOLE,
                    default=0,
                    zh="毛利率低于（万分之）",
                    en="margin below (basis points)",
                    least=-10_000,
                    most=10_000,
                ),
            ),
            build=_price_guard,
        ),
        Template(
            name="keywords",
            zh="备注关键词",
            en="keywords in remarks",
            parameters=(Parameter(name="words", sort=Sort.TEXTS, default=None, zh="关键词", en="words"),),
            build=_keywords,
        ),
        Template(name="unknown-sku", zh="商品未匹配", en="unknown SKU", build=_unknown_sku),
        Template(
            name="remote-area",
            zh="偏远地区",
            en="remote area",
            parameters=(
                Parameter(name="region_codes", sort=Sort.TEXTS, default=REMOTE, zh="地区编码", en="region codes"),
            ),
            build=_remote,
        ),
        Template(name="address-incomplete", zh="地址不完整", en="address incomplete", build=_incomplete),
        Template(
            name="same-address",
            zh="同地址频繁下单",
            en="same address too often",
            parameters=(
                Parameter(
                    name="orders", sort=Sort.WHOLE, default=5, zh="此前订单数达到", en="orders before from", least=1
                ),
                Parameter(name="window_hours", sort=Sort.WHOLE, default=24, zh="小时数", en="hours", least=1),
            ),
            build=_same_address,
        ),
        Template(
            name="auto-review",
            zh="自动审核",
            en="automatic review",
            parameters=(
                _UP_TO,
                Parameter(
                    name="paid_minutes", sort=Sort.WHOLE, default=0, zh="付款满（分钟）", en="minutes since payment"
                ),
                Parameter(name="allowed_words", sort=Sort.TEXTS, default=(), zh="允许的备注", en="remarks allowed"),
            ),
            build=_auto_review,
        ),
    )
}
