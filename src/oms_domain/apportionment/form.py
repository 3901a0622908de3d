"""An order to apportion, as people write it down in a file: a small closed form of plain values.

Amounts are texts in the currency's main unit (``"19.99"``). Unknown fields are refused, so that a slip of the pen is
no silent default. ``docs/reference/apportion-file.md`` describes it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from typing import Any, ClassVar, Final, TypeVar

from attrs import frozen

from oms_domain.apportionment.policy import ApportionmentPolicy, GiftValue, InvalidPolicy, Kind
from oms_domain.apportionment.presets import NAMED
from oms_domain.apportionment.rules import Order, Rest, Rounding, Rule
from oms_domain.apportionment.waterfall import DEFAULT_POLICY, Discount, PricedLine, PricedOrder, Tender
from oms_domain.channels.standard import DiscountKind, Funder, TenderKind
from oms_domain.kernel.errors import Invalid
from oms_domain.kernel.money import Money, parse_money

T = TypeVar("T")

MOST_LINES: Final = 10_000


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
    form = _Fields("", data, {"currency", "lines", "discounts", "tenders", "freight", "policy"})
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


def _line(fields: _Fields, currency: str) -> PricedLine:
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


def _discount(fields: _Fields, currency: str) -> Discount:
    return Discount(kind=fields.word("kind", DiscountKind), **_reduction(fields, currency))


def _tender(fields: _Fields, currency: str) -> Tender:
    return Tender(kind=fields.word("kind", TenderKind), **_reduction(fields, currency))


def _reduction(fields: _Fields, currency: str) -> dict[str, Any]:
    placed = fields.table("placed")
    return {
        "id": fields.text("id"),
        "name": fields.text("name", ""),
        "amount_fen": fields.fen("amount", currency),
        "funder": fields.word("funder", Funder, Funder.UNKNOWN),
        "lines": fields.texts("lines"),
        "placed": tuple((key, _fen(amount, currency, f"{fields.path}placed.{key}")) for key, amount in placed.items()),
    }


def _policy(form: _Fields) -> ApportionmentPolicy:
    if not form.has("policy"):
        return DEFAULT_POLICY
    fields = _Fields("policy.", form.values["policy"], _POLICY)
    try:
        return ApportionmentPolicy(
            order=_kinds(fields),
            rule=_rule(fields),
            quantum=fields.number("quantum", 1),
            gifts=fields.word("gifts", GiftValue, GiftValue.FREE),
        )
    except InvalidPolicy as refused:
        raise InvalidPolicy(field=f"policy.{refused.field}", why=refused.why) from None


def _kinds(fields: _Fields) -> tuple[Kind, ...]:
    if not fields.has("order"):
        return DEFAULT_POLICY.order
    known = {str(kind): kind for kind in DEFAULT_POLICY.order}
    return tuple(known.get(word, word) for word in fields.texts("order") or ())


def _rule(fields: _Fields) -> Rule:
    rule = fields.values.get("rule", "largest_remainder")
    if isinstance(rule, Mapping):
        parts = _Fields(f"{fields.path}rule.", rule, {"rounding", "rest", "order"})
        return Rule(
            parts.word("rounding", Rounding, Rounding.FLOOR),
            parts.word("rest", Rest, Rest.LARGEST_FRACTION),
            parts.word("order", Order, Order.GIVEN),
        )
    if not isinstance(rule, str) or rule not in NAMED:
        raise fields.wrong("rule", f"must be one of {', '.join(NAMED)}, or rounding, rest and order")
    return NAMED[rule]


def _fen(value: Any, currency: str, path: str) -> int:
    if not isinstance(value, str):
        raise InvalidForm(field=path, why='must be a text, such as "19.99"')
    fen = parse_money(value, currency, field=path).fen
    if fen < 0:
        raise InvalidForm(field=path, why="must not be negative")
    return fen


class _Fields:
    """The fields of one object of the form, taken out one by one, each by its kind."""

    def __init__(self, path: str, values: Any, known: Collection[str]) -> None:
        self.path = path
        if not isinstance(values, Mapping):
            raise InvalidForm(field=path.rstrip(".") or "(file)", why="must be an object")
        for name in values:
            if name not in known:
                raise InvalidForm(field=f"{path}{name}"[:200], why=f"is unknown; there are {', '.join(sorted(known))}")
        self.values = values

    def has(self, name: str) -> bool:
        return name in self.values

    def wrong(self, name: str, why: str) -> InvalidForm:
        return InvalidForm(field=f"{self.path}{name}", why=why)

    def text(self, name: str, default: str | None = None) -> str:
        value = self.values.get(name, default)
        if not isinstance(value, str) or (default is None and not value):
            raise self.wrong(name, "must be a text" if name in self.values else "is missing")
        return value

    def texts(self, name: str) -> tuple[str, ...] | None:
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self.wrong(name, "must be a list of texts")
        return tuple(value)

    def number(self, name: str, default: int) -> int:
        value = self.values.get(name, default)
        if type(value) is not int or not 1 <= value <= 10**6:
            raise self.wrong(name, "must be a whole number from 1 to 1,000,000")
        return value

    def fen(self, name: str, currency: str, default: str | None = None) -> int:
        if default is None and name not in self.values:
            raise self.wrong(name, "is missing")
        return _fen(self.values.get(name, default), currency, f"{self.path}{name}")

    def word(self, name: str, words: type[StrEnum], default: Any = None) -> Any:
        value = self.values.get(name, default)
        try:
            return words(value)
        except ValueError:
            raise self.wrong(name, f"must be one of {', '.join(words)}") from None

    def table(self, name: str) -> Mapping[str, Any]:
        value = self.values.get(name, {})
        if not isinstance(value, Mapping):
            raise self.wrong(name, "must be an object of amounts by line key")
        return value

    def each(self, name: str, known: Collection[str], read: Callable[[_Fields], T]) -> tuple[T, ...]:
        value = self.values.get(name, [])
        if not isinstance(value, list) or len(value) > MOST_LINES:
            raise self.wrong(name, f"must be a list of at most {MOST_LINES:,}")
        return tuple(read(_Fields(f"{name}[{at}].", one, known)) for at, one in enumerate(value))
