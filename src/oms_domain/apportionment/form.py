"""An order to apportion, as people write it down in a file: a small closed form of plain values.

Amounts are texts in the currency's main unit (``"19.99"``). Unknown fields are refused, so that a slip of the pen is
no silent default. ``docs/reference/apportion-file.md`` describes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from attrs import frozen

from oms_domain.apportionment.policy import ApportionmentPolicy, GiftValue, InvalidPolicy, Kind
from oms_domain.apportionment.presets import NAMED
from oms_domain.apportionment.rules import Order, Rest, Rounding, Rule
from oms_domain.apportionment.waterfall import DEFAULT_POLICY, Discount, PricedLine, PricedOrder, Tender
from oms_domain.channels.standard import DiscountKind, Funder, TenderKind
from oms_domain.kernel.errors import Invalid
from oms_domain.kernel.form import Fields
from oms_domain.kernel.money import Money


@frozen(kw_only=True)
class InvalidForm(Invalid):
    """A file that does not say what an order is: ``field`` is the path in it, ``why`` what is wrong there."""

    code: ClassVar[str] = "apportionment.invalid_form"
    why: str


def read_form(data: Any) -> tuple[PricedOrder, ApportionmentPolicy]:
    """Read an order and its policy.

    Raises:
        InvalidForm: a field is missing, unknown or of another kind.
        InvalidAmount: an amount is no exact text of the currency.
        InvalidPolicy: the policy cannot be followed.

    >>> order, policy = read_form({"lines": [{"key": "a", "price": "19.99", "units": 2}], "freight": "5.00"})
    >>> order.lines[0].goods_fen, order.freight_fen, policy == DEFAULT_POLICY
    (3998, 500, True)
    """
    form = Fields("", data, {"currency", "lines", "discounts", "tenders", "freight", "policy"}, InvalidForm)
    currency = form.text("currency", "CNY")
    Money(0, currency)  # refused here, before an amount is blamed for it
    if not form.values.get("lines"):
        raise form.wrong("lines", "there must be at least one")
    order = PricedOrder(
        lines=form.each("lines", _LINE, lambda fields: _line(fields, currency)),
        discounts=form.each("discounts", _REDUCTION, lambda fields: _discount(fields, currency)),
        tenders=form.each("tenders", _REDUCTION, lambda fields: _tender(fields, currency)),
        freight_fen=form.fen("freight", currency, "0"),
        currency=currency,
    )
    return order, _policy(form)


_LINE: Final = {"key", "title", "units", "price", "amount", "list_price", "earned_by", "stated"}
_REDUCTION: Final = {"id", "name", "kind", "amount", "funder", "lines", "placed"}
_POLICY: Final = {"order", "rule", "quantum", "gifts"}


def _line(fields: Fields, currency: str) -> PricedLine:
    units = fields.number("units", 1)
    if fields.has("price") == fields.has("amount"):
        raise fields.wrong("price", "give either the price of one unit, or the amount of all")
    stated = fields.fen("stated", currency, "0") if fields.has("stated") else None
    return PricedLine(
        key=fields.text("key"),
        title=fields.text("title", ""),
        units=units,
        goods_fen=fields.fen("price", currency) * units if fields.has("price") else fields.fen("amount", currency),
        list_fen=fields.fen("list_price", currency, "0") * units,
        earned_by=fields.texts("earned_by") or (),
        stated_fen=stated,
    )


def _discount(fields: Fields, currency: str) -> Discount:
    return Discount(kind=fields.word("kind", DiscountKind), **_reduction(fields, currency))


def _tender(fields: Fields, currency: str) -> Tender:
    return Tender(kind=fields.word("kind", TenderKind), **_reduction(fields, currency))


def _reduction(fields: Fields, currency: str) -> dict[str, Any]:
    placed = fields.table("placed", "amounts by line key")
    return {
        "id": fields.text("id"),
        "name": fields.text("name", ""),
        "amount_fen": fields.fen("amount", currency),
        "funder": fields.word("funder", Funder, Funder.UNKNOWN),
        "lines": fields.texts("lines"),
        "placed": tuple((key, fields.amount(amount, currency, f"placed.{key}")) for key, amount in placed.items()),
    }


def _policy(form: Fields) -> ApportionmentPolicy:
    if not form.has("policy"):
        return DEFAULT_POLICY
    fields = form.inner("policy", _POLICY)
    try:
        return ApportionmentPolicy(
            order=_kinds(fields),
            rule=_rule(fields),
            quantum=fields.number("quantum", 1),
            gifts=fields.word("gifts", GiftValue, GiftValue.FREE),
        )
    except InvalidPolicy as refused:
        raise InvalidPolicy(field=f"policy.{refused.field}", why=refused.why) from None


def _kinds(fields: Fields) -> tuple[Kind, ...]:
    if not fields.has("order"):
        return DEFAULT_POLICY.order
    known = {str(kind): kind for kind in DEFAULT_POLICY.order}
    return tuple(known.get(word, word) for word in fields.texts("order") or ())


def _rule(fields: Fields) -> Rule:
    rule = fields.values.get("rule", "largest_remainder")
    if isinstance(rule, Mapping):
        parts = fields.inner("rule", {"rounding", "rest", "order"})
        return Rule(
            parts.word("rounding", Rounding, Rounding.FLOOR),
            parts.word("rest", Rest, Rest.LARGEST_FRACTION),
            parts.word("order", Order, Order.GIVEN),
        )
    if not isinstance(rule, str) or rule not in NAMED:
        raise fields.wrong("rule", f"must be one of {', '.join(NAMED)}, or rounding, rest and order")
    return NAMED[rule]
