"""Whether the divisions of an address are there, and lie in one another."""

import pytest

from oms_domain.addresses.bundled import bundled_divisions
from oms_domain.addresses.divisions import Level
from oms_domain.addresses.misplaced import Misplaced, misplaced
from oms_domain.addresses.pieces import PieceKind

ALL = bundled_divisions()


def wrong(*address):
    return [(str(each.part), each.is_elsewhere) for each in misplaced(*address, ALL)]


@pytest.mark.parametrize(
    ("address", "found"),
    [
        (("火星省", "火星市", "火星区"), [("province", False), ("city", False), ("district", False)]),
        (("火星省", "深圳市", "南山区"), [("province", False)]),
        (("广东省", "北京市", "朝阳区"), [("city", True), ("district", True)]),
        (("广东省", "北京市", ""), [("city", True)]),
        (("广东省", "深圳市", "朝阳区"), [("district", True)]),
        (("广东省", "深圳市", "火星区"), [("district", False)]),
        (("深圳市", "", "南山区"), [("province", True)]),
        (("", "火星市", "火星新区"), [("city", False), ("district", False)]),
    ],
)
def test_a_division_that_is_not_there_is_told(address, found):
    assert wrong(*address) == found


@pytest.mark.parametrize(
    "address",
    [
        ("", "", ""),
        (" ", "深圳市", ""),
        ("北京", "北京", "朝阳"),
        ("北京", "朝阳区", ""),
        ("北京市", "市辖区", "朝阳区"),
        ("重庆市", "重庆郊县", "巫山县"),
        ("上海市", "上海城区", "浦东新区"),
        ("湖北省", "省直辖县级行政区划", "仙桃市"),
        ("湖北省", "", "仙桃市"),
        ("湖北省", "仙桃市", ""),
        ("河南省", "济源市", "济源市"),
        ("河南省", "济源市", "某产业集聚区"),
        ("广东省", "东莞市", "东城区"),
        ("广东省", "深圳市", "其它区"),
        ("广东省", "深圳市", "虚构新区"),
        ("湖南省", "邵阳市", "新邵市"),
        ("上海市", "上海市", "闸北区"),
        ("香港特别行政区", "九龙", "观塘区"),
        ("台湾省", "台北市", "大安区"),
    ],
)
def test_what_people_and_platforms_write_of_a_place_that_is_there_passes(address):
    assert wrong(*address) == []


def test_every_division_lies_where_the_data_has_it_also_without_its_city():
    places = [ALL.path(one) for one in ALL.by_code.values() if one.level <= Level.DISTRICT]
    names = [([one.name for one in path] + ["", ""])[:3] for path in places]

    assert [each for each in names if misplaced(*each, ALL)] == []
    assert [each for each in names if misplaced(each[0], "", each[2], ALL)] == []


def test_a_misplaced_division_says_which_part_it_is():
    assert misplaced("广东省", "北京市", "", ALL) == (Misplaced(part=PieceKind.CITY, is_elsewhere=True),)
