"""Rules by the system whose shares they reproduce, for teams that move and keep their old orders to the fen.

Each stands for what the system does with a positive amount and positive weights, in exact arithmetic: where a system
reckons with floats or with ratios rounded before the multiplication, ours gives what it would without that error.
Two differences hold for all: ours never hands a line of weight 0 anything, and never more than what is left.
"""

from __future__ import annotations

from typing import Final

from oms_domain.apportionment.rules import ASCENDING_REST, CUMULATIVE, LARGEST_REMAINDER, Rest, Rounding, Rule

SYLIUS: Final = Rule(Rounding.HALF_DOWN, Rest.FIRST)
"""``share = round_half_down(amount · w / W)``; what is missing, or too much, goes one unit each to the first lines.

Its ProportionalIntegerDistributor. It also gives to, or takes from, first lines of weight 0, which ours passes over.
"""

SALEOR: Final = Rule(Rounding.HALF_EVEN, Rest.LAST_TAKES_REST)
"""``share = round_half_even(amount · w / W)`` for all lines but the last, which takes what remains.

Its spreading of an order's discount over the lines; the rounding is the default of Python's decimal context. What it
rounds is the line's net: to follow it where a share is exactly a half, share what is left (subtotal − discount).
"""

SOLIDUS: Final = Rule(Rounding.FLOOR, Rest.SEQUENTIAL)
"""Last to first, ``share = floor(what is left · w / weights that are left)``: RubyMoney's ``allocate``."""

RUBY_MONEY: Final = SOLIDUS
"""The same, under the library's own name."""

VENDURE: Final = LARGEST_REMAINDER
"""``floor(amount · w / W)``, then one unit each to the largest error, ties to the first: its ``prorate``."""

DJANGO_OSCAR: Final = Rule(Rounding.FLOOR, Rest.LAST_TAKES_REST)
"""``share = round_down(amount · w / W)`` for all but the last line, which takes what remains: absolute discounts."""

MONEYPHP: Final = LARGEST_REMAINDER
"""``floor(amount · w / W)``, then one unit each to the largest fraction (version 4; version 3 was ``MONEYPHP_3``)."""

MONEYPHP_3: Final = Rule(Rounding.FLOOR, Rest.FIRST)
"""``floor(amount · w / W)``, then one unit each, first to last."""

DINERO: Final = Rule(Rounding.FLOOR, Rest.FIRST)
"""``floor(amount · w / W)``, then one unit each to the first lines of a weight above 0: ``allocate`` of dinero.js."""

BRICK_MONEY: Final = Rule(Rounding.FLOOR, Rest.FIRST)
"""``floor(amount · w / W)``, then one unit each to the first lines: ``allocate``.

Its ``allocateWithRemainder`` is not in the family: it shares the largest part that divides without a rest by the sum
of the ratios, so that its remainder may be larger than that of ``Rest.APART``.
"""

SHOPIFY_MONEY: Final = Rule(Rounding.FLOOR, Rest.FIRST)
"""``floor(amount · w / W)``, then one unit each, first to last: the strategy ``roundrobin`` of the Ruby library.

``SHOPIFY_MONEY_REVERSE`` and ``SHOPIFY_MONEY_NEAREST`` are its two others.
"""

SHOPIFY_MONEY_REVERSE: Final = Rule(Rounding.FLOOR, Rest.LAST)
"""The strategy ``roundrobin_reverse``: last to first."""

SHOPIFY_MONEY_NEAREST: Final = LARGEST_REMAINDER
"""The strategy ``nearest``: to those nearest to the next unit."""

NODA_MONEY: Final = Rule(Rounding.HALF_EVEN, Rest.LAST_TAKES_REST)
"""``share = round_half_even(amount · w / W)`` for all but the last, which takes what remains: ``SafeDivide``."""

MAGENTO: Final = CUMULATIVE
"""Each share is rounded half up together with the error of those before it (its DeltaPriceRound).

It starts with an error of a millionth, so that exact halves never round down.
"""

ERPNEXT: Final = Rule(Rounding.HALF_EVEN, Rest.LAST_TAKES_REST)
"""``share = round_half_even(amount · w / W)``, the difference on the last row: to version 14, and again of late."""

ERPNEXT_15: Final = Rule(Rounding.HALF_EVEN, Rest.CARRY)
"""Version 15: after each row the rounding error of the rows so far is put on it, so that their sum is rounded.

As Saleor it rounds nets: to follow it where a sum is exactly a half, share what is left.
"""

JINGDONG: Final = ASCENDING_REST
"""京东: lines by price, smallest first, each ``round_half_up(amount · w / W)``; the last takes the rest."""

PRESETS: Final[dict[str, Rule]] = {
    "sylius": SYLIUS,
    "saleor": SALEOR,
    "solidus": SOLIDUS,
    "ruby_money": RUBY_MONEY,
    "vendure": VENDURE,
    "django_oscar": DJANGO_OSCAR,
    "moneyphp": MONEYPHP,
    "moneyphp_3": MONEYPHP_3,
    "dinero": DINERO,
    "brick_money": BRICK_MONEY,
    "shopify_money": SHOPIFY_MONEY,
    "shopify_money_reverse": SHOPIFY_MONEY_REVERSE,
    "shopify_money_nearest": SHOPIFY_MONEY_NEAREST,
    "noda_money": NODA_MONEY,
    "magento": MAGENTO,
    "erpnext": ERPNEXT,
    "erpnext_15": ERPNEXT_15,
    "jingdong": JINGDONG,
}
"""By name, for files and settings."""

NAMED: Final[dict[str, Rule]] = {
    "largest_remainder": LARGEST_REMAINDER,
    "ascending_rest": ASCENDING_REST,
    "last_takes_rest": Rule(Rounding.HALF_UP, Rest.LAST_TAKES_REST),
    "cumulative": CUMULATIVE,
} | PRESETS
"""Every rule that has a name."""
