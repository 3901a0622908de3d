"""Distances in whole numbers agree with the formula in floating point, to the metre."""

from math import asin, cos, radians, sin, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_domain.fulfilment.sourcing import InvalidPoint, Point, metres_between
from oms_domain.fulfilment.sourcing.distance import EARTH_RADIUS_M

points = st.builds(Point, st.integers(-90_000_000, 90_000_000), st.integers(-180_000_000, 180_000_000))


def haversine(one, other):
    lat, lon, to_lat, to_lon = (radians(each / 1e6) for each in (one.lat, one.lon, other.lat, other.lon))
    half = sin((to_lat - lat) / 2) ** 2 + cos(lat) * cos(to_lat) * sin((to_lon - lon) / 2) ** 2
    return 2 * EARTH_RADIUS_M * asin(min(1, sqrt(half)))


@given(one=points, other=points)
def test_any_two_points_are_as_far_apart_as_the_formula_says(one, other):
    expected = haversine(one, other)

    # Near the other side of the globe it is the formula that loses digits.
    assert abs(metres_between(one, other) - expected) <= (1.5 if expected < 19_000_000 else 50)
    assert metres_between(one, other) == metres_between(other, one)


@given(one=points, north=st.integers(-20_000, 20_000))
def test_near_points_are_told_apart(one, north):
    other = Point(max(min(one.lat + north, 90_000_000), -90_000_000), one.lon)

    assert abs(metres_between(one, other) - haversine(one, other)) <= 1.5


@pytest.mark.parametrize(
    ("one", "other", "metres"),
    [
        (Point(0, 0), Point(0, 0), 0),
        (Point(0, 0), Point(0, 180_000_000), 20_015_115),
        (Point(90_000_000, 0), Point(-90_000_000, 5), 20_015_115),
        (Point(0, 179_999_999), Point(0, -180_000_000), 0),
        (Point(31_230_400, 121_473_700), Point(39_904_200, 116_407_400), 1_067_311),
    ],
)
def test_worked_examples(one, other, metres):
    assert metres_between(one, other) == metres


@pytest.mark.parametrize(("lat", "lon", "field"), [(90_000_001, 0, "lat"), (0, -180_000_001, "lon"), (1.5, 0, "lat")])
def test_what_is_no_coordinate_is_refused(lat, lon, field):
    with pytest.raises(InvalidPoint) as refused:
        Point(lat, lon)

    assert refused.value.field == field
