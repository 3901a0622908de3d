"""Whether a carrier can find the door."""

import pytest

from oms_domain.addresses.bundled import bundled_divisions
from oms_domain.addresses.complete import address_gaps
from oms_domain.addresses.shapes import has_house_number, name_likeness

ALL = bundled_divisions()


@pytest.mark.parametrize(
    ("address", "gaps"),
    [
        (("广东省", "深圳市", "南山区", "示例路1号"), []),
        (("广东省", "深圳市", "", "示例路1号"), ["district"]),
        (("广东省", "", "", "示例路1号"), ["city", "district"]),
        (("", "", "", ""), ["province", "city", "district", "street"]),
        (("广东省", "深圳市", "南山区", "示例路"), ["street"]),
        (("湖北省", "仙桃市", "", "示例路1号"), []),
        (("香港特别行政区", "", "", "示例道1号"), []),
        (("广东省", "深圳市", "虚构新区", "示例路1号"), []),
        (("虚构省", "虚构市", "虚构区", "示例路1号"), []),
        (("", "深圳市", "南山区", "示例路1号"), ["province"]),
        ((" ", "深圳市", "南山区", "示例村"), ["province"]),
    ],
)
def test_what_an_address_lacks_is_told(address, gaps):
    assert [str(gap) for gap in address_gaps(*address, ALL)] == gaps


@pytest.mark.parametrize(
    "street", ["示例路1号", "样例花园3-2-101", "示例路十二号", "示例胡同甲3", "样例村", "样例屯三组", "五单元"]
)
def test_a_house_is_told_by_a_number_or_its_village(street):
    assert has_house_number(street)


@pytest.mark.parametrize("street", ["", "示例路", "样例大厦", "样例大学南门", "三里屯路"[:2]])
def test_a_road_or_a_building_alone_is_not_enough(street):
    assert not has_house_number(street)


@pytest.mark.parametrize(
    ("text", "likeness"),
    [
        ("测试员", 3),
        ("欧阳测试", 3),
        ("王先生", 3),
        ("亥先生", 2),
        ("测**", 3),
        ("阿不都·样例", 3),
        ("亥子丑", 2),
        ("John Sample", 2),
        ("J", 1),
        ("小明同学家的", 1),
        ("!!", 0),
        ("示例路", 0),
        ("王府花园", 0),
        ("1203", 0),
        ("很长很长很长很长很长的文字", 0),
    ],
)
def test_some_pieces_look_like_names_and_some_do_not(text, likeness):
    assert name_likeness(text) == likeness
