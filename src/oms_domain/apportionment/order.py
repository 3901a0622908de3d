"""An order to be apportioned, as plain values, and what is refused of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from attrs import field, frozen

from oms_domain.apportionment.policy import FREIGHT
from oms_domain.channels.standard import DiscountKind, Funder, TenderKind
from oms_domain.kernel.errors import Invalid

_INT: Final = {int}


@frozen(kw_only=True)
class CannotApportion(Invalid):
    """An order that makes no sense: ``field`` says where, ``why`` what is wrong with it."""

    code: ClassVar[str] = "apportionment.invalid_order"
    why: str


@frozen(kw_only=True)
class PricedLine:
    """A line with what its goods cost before any discount. Amounts in minor units.

    ``stated_fen``: what the platform says its goods cost after all discounts; a disagreement becomes a finding.
    """

    key: str  # the caller's name for it; two lines may have one SKU
    units: int
    goods_fen: int
    title: str = ""
    list_fen: int = 0  # of all its units; by this a gift takes its part of the price; 0: what its goods cost
    earned_by: tuple[str, ...] = ()  # the lines whose purchase earned it: it is a gift (赠品)
    stated_fen: int | None = None


@frozen(kw_only=True)
class Discount:
    """What reduces the price (优惠). ``lines`` is its scope, None the whole order.

    ``placed``: the parts of it that the platform placed on lines; they are taken as they are, and only what it left
    open is shared over the other lines.
    """

    id: str
    kind: DiscountKind = field(converter=DiscountKind)
    amount_fen: int
    name: str = ""
    funder: Funder = Funder.UNKNOWN
    lines: tuple[str, ...] | None = None
    placed: tuple[tuple[str, int], ...] = ()


@frozen(kw_only=True)
class Tender:
    """What pays besides cash (非现金支付): goods first, then freight. Refunds go back to it."""

    id: str
    kind: TenderKind = field(converter=TenderKind)
    amount_fen: int
    name: str = ""
    funder: Funder = Funder.UNKNOWN
    lines: tuple[str, ...] | None = None
    placed: tuple[tuple[str, int], ...] = ()


@frozen(kw_only=True)
class FreightCharge:
    """The freight of an order (运费), as a step."""

    id: str = FREIGHT
    kind: str = FREIGHT
    amount_fen: int
    name: str = ""


Reduction = Discount | Tender
Step = Discount | Tender | FreightCharge


@frozen(kw_only=True)
class PricedOrder:
    """An order to be apportioned. All amounts are minor units of ``currency`` and not negative."""

    lines: tuple[PricedLine, ...]
    discounts: tuple[Discount, ...] = ()
    tenders: tuple[Tender, ...] = ()
    freight_fen: int = 0
    currency: str = "CNY"


def checked(order: PricedOrder) -> dict[str, int]:
    """Return the place of each line by its key. Raises ``CannotApportion``."""
    lines = order.lines
    places = {line.key: at for at, line in enumerate(lines)}
    if len(places) < len(lines):
        raise CannotApportion(field="lines", why="two lines have one key")
    numbers = [number for line in lines for number in (line.goods_fen, line.list_fen, line.units)]
    # One look at all of them; only where something is wrong is it worth finding out what.
    if {*map(type, numbers)} - _INT or (numbers and min(numbers) < 0) or not all(line.units for line in lines):
        _refuse_line(lines)
    for at, line in enumerate(lines):
        if line.stated_fen is not None:
            _amount(line.stated_fen, f"lines[{at}].stated_fen")
        if line.earned_by:
            _known(line.earned_by, places, f"lines[{at}].earned_by")
            if line.key in line.earned_by:
                raise CannotApportion(field=f"lines[{at}].earned_by", why="a gift does not earn itself")
    _amount(order.freight_fen, "freight_fen")
    if order.freight_fen and not lines:
        raise CannotApportion(field="freight_fen", why="there is no line to place it on")
    ids = {FREIGHT}
    both: tuple[tuple[str, tuple[Reduction, ...]], ...] = (("discounts", order.discounts), ("tenders", order.tenders))
    for field_, reductions in both:
        for at, one in enumerate(reductions):
            if one.id in ids:
                raise CannotApportion(field=f"{field_}[{at}].id", why="is taken: discounts, tenders and freight differ")
            ids.add(one.id)
            if type(one.amount_fen) is not int or one.amount_fen < 0 or one.lines or one.placed:
                _reduction(one, places, f"{field_}[{at}]")
    return places


def _refuse_line(lines: Sequence[PricedLine]) -> None:
    for at, line in enumerate(lines):  # pragma: no branch (one of them is wrong)
        _amount(line.goods_fen, f"lines[{at}].goods_fen")
        _amount(line.list_fen, f"lines[{at}].list_fen")
        if type(line.units) is not int or line.units < 1:  # pragma: no branch (or the next one is)
            raise CannotApportion(field=f"lines[{at}].units", why="must be a whole number of at least 1")


def _reduction(reduction: Reduction, places: dict[str, int], field_: str) -> None:
    _amount(reduction.amount_fen, f"{field_}.amount_fen")
    _known(reduction.lines or (), places, f"{field_}.lines")
    _known([key for key, _ in reduction.placed], places, f"{field_}.placed")
    for key, amount in reduction.placed:
        _amount(amount, f"{field_}.placed[{key}]")
        if reduction.lines is not None and key not in reduction.lines:
            raise CannotApportion(field=f"{field_}.placed", why=f"line {key} is outside its scope")


def _known(keys: Sequence[str], places: dict[str, int], field_: str) -> None:
    for key in keys:
        if key not in places:
            raise CannotApportion(field=field_, why=f"there is no line {key}")
    if len(set(keys)) < len(keys):
        raise CannotApportion(field=field_, why="a line stands there twice")


def _amount(amount: Any, field_: str) -> None:
    if type(amount) is not int or amount < 0:
        raise CannotApportion(field=field_, why="must be a whole number of minor units, not negative")
