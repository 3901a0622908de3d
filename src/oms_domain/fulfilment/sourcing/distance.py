"""Distances on the globe in whole metres, reckoned in whole numbers only: the same on every machine."""

from __future__ import annotations

from functools import lru_cache
from math import isqrt
from typing import Any, ClassVar, Final

from attrs import field, frozen

from oms_domain.kernel.errors import Invalid

EARTH_RADIUS_M: Final = 6_371_009
"""Mean radius (IUGG). The globe is taken as a ball: up to 0.6 % off the true distance."""

_ONE: Final = 10**18
_PI: Final = 3_141_592_653_589_793_238
_HALVINGS: Final = 4


@frozen(kw_only=True)
class InvalidPoint(Invalid):
    """A coordinate is a whole number of micro-degrees: latitude within ±90,000,000, longitude within ±180,000,000."""

    code: ClassVar[str] = "sourcing.invalid_point"
    value: str


def _within(most: int) -> Any:
    def check(_point: Any, attribute: Any, value: int) -> None:
        if type(value) is not int or not -most <= value <= most:
            raise InvalidPoint(field=attribute.name, value=str(value)[:40])

    return check


@frozen
class Point:
    """A place on the globe, in micro-degrees (a millionth of a degree, at most 0.12 m)."""

    lat: int = field(validator=_within(90_000_000))
    lon: int = field(validator=_within(180_000_000))


def metres_between(one: Point, other: Point) -> int:
    """Return the great-circle distance, within a metre of the ball's.

    >>> shanghai, beijing = Point(31_230_400, 121_473_700), Point(39_904_200, 116_407_400)
    >>> metres_between(shanghai, beijing)
    1067311
    """
    a, b = _on_the_ball(one), _on_the_ball(other)
    half_chord = isqrt(sum((x - y) ** 2 for x, y in zip(a, b, strict=True))) // 2
    return 2 * EARTH_RADIUS_M * _arcsine(min(half_chord, _ONE)) // _ONE


@lru_cache(maxsize=4096)
def _on_the_ball(point: Point) -> tuple[int, int, int]:
    lat_sin, lat_cos = _sine_cosine(point.lat)
    lon_sin, lon_cos = _sine_cosine(point.lon)
    return lat_cos * lon_cos // _ONE, lat_cos * lon_sin // _ONE, lat_sin


def _sine_cosine(micro_degrees: int) -> tuple[int, int]:
    """Sum Taylor's series until its terms vanish."""
    angle = micro_degrees * _PI // 180_000_000
    sums, term, power = [0, 0], _ONE, 0
    while term:
        sums[power % 2] += -term if power % 4 > 1 else term
        power += 1
        term = term * angle // (power * _ONE)
        if term == -1:  # a negative term is rounded down, and would stay at -1
            break
    return sums[1], sums[0]


def _arcsine(sine: int) -> int:
    """Halve the angle until its series is short, then double it again."""
    for _ in range(_HALVINGS):
        cosine = isqrt(_ONE * _ONE - sine * sine)
        sine = isqrt((_ONE - cosine) * _ONE // 2)
    square = sine * sine // _ONE
    angle, term, power = 0, sine, 1
    while term:
        angle += term // power
        term = term * square // _ONE * power // (power + 1)
        power += 2
    return angle << _HALVINGS
