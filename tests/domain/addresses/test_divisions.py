"""Divisions: what is bundled, what can be read instead, and what people call them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_domain.addresses.bundled import bundled_divisions
from oms_domain.addresses.divisions import STAND_INS, InvalidDivisions, Level, read_divisions
from oms_domain.addresses.names import short_names
from oms_domain.addresses.regions import match_region
from oms_domain.addresses.zips import PROVINCES_BY_ZIP, zip_fits
from oms_domain.testing.values import texts

ALL = bundled_divisions()
SMALL = """# a sample
44 广东省
4403 深圳市
440305 南山区

42 湖北省
4290 省直辖县级行政区划
429004 仙桃市
50 重庆市
5001 市辖区
500101 万州区
5002 县
500233 忠县
@440305 旧南山区
"""


def codes(*names, divisions=ALL):
    return [one.code for one in divisions.find(*names)]


def test_what_is_bundled_is_the_whole_country():
    by_level = {level: [one for one in ALL.by_code.values() if one.level is level] for level in Level}

    assert len(by_level[Level.PROVINCE]) == 34
    assert len(by_level[Level.CITY]) > 350
    assert len(by_level[Level.DISTRICT]) > 2_900
    assert not [one for one in ALL.by_code.values() if one.name in STAND_INS]


def test_each_division_is_found_by_its_full_path():
    lost = [one for one in ALL.by_code.values() if ALL.find(*(each.name for each in ALL.path(one))) != ALL.path(one)]

    assert lost == []


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (("广东省", "深圳市", "南山区"), ["44", "4403", "440305"]),
        (("广东", "深圳", "南山"), ["44", "4403", "440305"]),
        (("北京", "北京市", "朝阳区"), ["11", "1101", "110105"]),
        (("北京市", "", "朝阳区"), ["11", "1101", "110105"]),
        (("重庆市", "重庆市", "忠县"), ["50", "5001", "500233"]),
        (("湖北省", "仙桃市", ""), ["42", "429004"]),
        (("内蒙", "", ""), ["15"]),
        (("", "", "鼓楼区"), []),
        (("", "", "浦东新区"), ["31", "3101", "310115"]),
        (("虚构省", "深圳市", "南山区"), []),
        (("", "", ""), []),
    ],
)
def test_divisions_are_found_by_the_names_that_a_platform_gives(names, found):
    assert codes(*names) == found


def test_a_small_file_is_read_with_its_stand_ins_and_former_names():
    divisions = read_divisions(SMALL)

    assert codes("湖北省", "仙桃市", divisions=divisions) == ["42", "429004"]
    assert codes("重庆市", "忠县", divisions=divisions) == ["50", "5001", "500233"]
    assert codes("广东", "旧南山区", divisions=divisions) == ["44", "4403", "440305"]
    assert not {"4290", "5002"} & divisions.by_code.keys()


def test_json_with_towns_is_read_as_it_is():
    street = {"code": "440305001", "name": "虚构街道"}
    district = {"code": "440305", "name": "南山区", "children": [street]}
    tree = [{"code": "44", "name": "广东省", "children": [{"code": "4403", "name": "深圳市", "children": [district]}]}]

    divisions = read_divisions(json.dumps(tree))

    assert [(one.level, one.name) for one in divisions.find("广东", "深圳", "南山", "虚构街道")] == [
        (Level.PROVINCE, "广东省"),
        (Level.CITY, "深圳市"),
        (Level.DISTRICT, "南山区"),
        (Level.TOWN, "虚构街道"),
    ]


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("", 0, "empty"),
        ("# nothing\n", 0, "empty"),
        ("44 广东省\nx 深圳市", 2, "not_code_and_name"),
        ("44 广东省\n440 深圳市", 2, "not_code_and_name"),
        ("44", 1, "not_code_and_name"),
        ("４４ 广东省", 1, "not_code_and_name"),
        ("44 广东省\n44 广东省", 2, "code_stands_twice"),
        ("44 广东省\n3301 杭州市", 2, "lies_in_nothing"),
        ("44 广东省\n@4403 旧城", 2, "unknown_code"),
        ("[", 0, "not_json"),
        ("[1]", 0, "not_an_object"),
        ('[{"code": "44"}]', 0, "not_code_and_name"),
        ('[{"code": "44", "name": "广东省", "children": {}}]', 0, "not_a_list"),
        ("[" * 100_000, 0, "not_json"),
        ('[{"code":"44","name":"x","children":' * 10 + "[]" + "}]" * 10, 0, "code_stands_twice"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_line(text, line, why):
    with pytest.raises(InvalidDivisions) as refused:
        read_divisions(text)

    assert (refused.value.line, refused.value.why) in {(line, why), (0, "not_a_list")}


@given(texts(60, lines=True) | st.text(st.sampled_from('0149 \n@#省市县广东[]{}":,'), max_size=60))
def test_any_text_is_read_or_refused(text):
    try:
        divisions = read_divisions(text)
    except InvalidDivisions:
        return
    assert all(divisions.path(one)[-1] is one for one in divisions.by_code.values())


@pytest.mark.parametrize(
    ("name", "is_province", "short"),
    [
        ("内蒙古自治区", True, {"内蒙古", "内蒙"}),
        ("广东省", True, {"广东"}),
        ("北京市", True, {"北京"}),
        ("恩施土家族苗族自治州", False, {"恩施州", "恩施"}),
        ("海西蒙古族藏族自治州", False, {"海西州", "海西"}),
        ("博尔塔拉蒙古自治州", False, {"博尔塔拉州", "博尔塔拉"}),
        ("东乡族自治县", False, {"东乡族县", "东乡族"}),
        ("双江拉祜族佤族布朗族傣族自治县", False, {"双江县", "双江"}),
        ("浦东新区", False, {"浦东"}),
        ("管城回族区", False, {"管城"}),
        ("赵县", False, set()),
        ("土自治县", False, set()),
        ("西沙群岛", False, set()),
    ],
)
def test_people_call_divisions_by_shorter_names(name, is_province, short):
    names = [each for each, _ in short_names(name, is_province=is_province)]

    assert names[0] == name
    assert short <= set(names[1:])
    assert bool(short) == (len(names) > 1)


@pytest.mark.parametrize(
    ("text", "names", "rest"),
    [
        ("北京路1号", None, ""),
        ("北京市场1号", None, ""),
        ("南山示例路", None, ""),
        ("城区示例路", None, ""),
        ("长安镇示例路", None, ""),
        ("赵县示例镇", ["赵县"], "示例镇"),
        ("深圳 南山-示例路", ["深圳市", "南山区"], "-示例路"),
        ("北京 县 朝阳区", ["北京市", "朝阳区"], ""),
        ("大理大理市", ["大理白族自治州", "大理市"], ""),
    ],
)
def test_names_in_a_text_are_divisions_as_far_as_they_go(text, names, rest):
    match = match_region(text, 0, len(text), ALL)

    if names is None:
        assert match is None
    else:
        assert [link.division.name for link in match.links] == names
        assert text[match.stop :] == rest


def test_every_province_on_the_mainland_has_postcodes():
    provinces = {one.code for one in ALL.by_code.values() if one.level is Level.PROVINCE}

    assert provinces - {"71"} == set().union(*PROVINCES_BY_ZIP.values())
    assert not zip_fits("980000", "44")
