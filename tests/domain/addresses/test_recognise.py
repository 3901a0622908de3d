"""A pasted text is recognised: a table of lines as people write them, and laws for those that nobody has thought of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.addresses.pasted import PASTED

from oms_domain.addresses.bundled import bundled_divisions
from oms_domain.addresses.divisions import Level, read_divisions
from oms_domain.addresses.pieces import Doubt, DoubtKind, PieceKind
from oms_domain.addresses.recognise import LONGEST_PASTE, recognise
from oms_domain.kernel.phones import half_width
from oms_domain.testing.values import texts

ALL = bundled_divisions()


def told(found):
    numbers = ",".join(map(str, found.phones))
    region = f"{found.province}/{found.city}/{found.district}"
    return "|".join((found.name, numbers, found.zip, region, found.town, found.street))


@pytest.mark.parametrize(("text", "parts", "doubts"), PASTED, ids=range(len(PASTED)))
def test_a_pasted_line_says_who_where_and_how_to_call(text, parts, doubts):
    found = recognise(text, ALL)

    assert told(found) == parts
    assert " ".join(f"{doubt.kind}:{doubt.part}" for doubt in found.doubts) == doubts


def test_the_table_is_long_enough_to_mean_something():
    assert len(PASTED) >= 60
    assert len({text for text, _, _ in PASTED}) == len(PASTED)


# --- laws ------------------------------------------------------------------------------------------------------------

CRUMBS = """
    广东省 深圳市 深圳 南山区 南山 鼓楼区 北京 县 市辖区 省直辖县级行政区划 仙桃市 示例路 1号 1203室 样例大厦 虚构街道
    示例镇 测试员 王 先生 John [1234] - 转 13000000001 130****0001 0755-88880000 400-000-0000 518000 电话 手机：
    收货人： 地址: 所在地区： 备注: (收) ， ； （ ） / １３０ * 0 9 🎁
"""
crumbs = st.sampled_from(CRUMBS.split()) | st.sampled_from([" ", "\n", "　", "\0", "\ud800"])
scraps = st.lists(crumbs, max_size=25).map("".join)


@given(scraps | texts(60, lines=True))
def test_any_text_has_an_answer_and_its_pieces_are_the_text(text):
    found = recognise(text, ALL)

    assert "".join(piece.text for piece in found.pieces) == text
    assert [piece.start for piece in found.pieces] == [0, *(piece.stop for piece in found.pieces[:-1])][
        : len(found.pieces)
    ]
    for doubt in found.doubts:
        assert str(doubt.kind)


@given(scraps)
def test_every_part_stands_in_the_text(text):
    found = recognise(text, ALL)
    plain = half_width(text)

    for part in (found.name, found.zip, found.town, found.street):
        assert all(word in plain for word in part.split(" "))
    assert sum(map(len, found.of(PieceKind.STREET))) <= len(text)
    assert bool(found.of(PieceKind.LEFTOVER)) == (DoubtKind.LEFTOVER in {doubt.kind for doubt in found.doubts})


SURNAMES = st.sampled_from(["王", "李", "张", "陈", "欧阳", "测", "样"])
NAMES = st.builds(lambda first, rest: first + rest, SURNAMES, st.sampled_from(["明", "小明", "静", "试员", "一一"]))
MOBILES = st.integers(0, 10**8 - 1).map(lambda n: f"130{n:08d}")
PHONES = st.one_of(
    MOBILES,
    st.tuples(MOBILES, st.integers(1000, 9999)).map(lambda pair: f"{pair[0]}-{pair[1]}"),
    st.integers(0, 10**4 - 1).map(lambda n: f"0755-8888{n:04d}"),
    st.integers(0, 10**4 - 1).map(lambda n: f"010-8888{n:04d}-801"),
)
STREETS = st.builds(
    lambda road, house, more: f"{road}{house}号{more}",
    st.sampled_from(["示例路", "样例大道", "虚构街", "示例东路", "样例三巷"]),
    st.integers(1, 999),
    st.sampled_from(["", "样例大厦1203室", "3栋2单元101", "(样例花园)", "A座5层"]),
)
DEEPEST = sorted(one.code for one in ALL.by_code.values() if not ALL.has_parts(one) and one.level > Level.PROVINCE)
FORMATS = (
    "{name} {phone} {region}{street}",
    "{name}，{phone}，{region}{street}",
    "{region}{street} {name} {phone}",
    "{region}{street}\n{phone}\n{name}",
    "{name};{region}{street};{phone}",
    "收货人：{name} 手机号码：{phone} 详细地址：{region}{street}",
    "详细地址：{region}{street}\n联系电话：{phone}\n收件人：{name}",
    "姓名:{name}\n电话:{phone}\n所在地区:{region}\n详细地址:{street}",
    "姓名:{name}\n电话:{phone}\n所在地区:{region}\n详细地址:{region}{street}",
)


def written(path, between):
    """The names of a path as people write them: a municipality once."""
    return between.join(dict.fromkeys(one.name for one in path))


@given(
    name=NAMES,
    phone=PHONES,
    code=st.sampled_from(DEEPEST),
    street=STREETS,
    form=st.sampled_from(FORMATS),
    between=st.sampled_from(["", " ", "-"]),
    wide=st.booleans(),
)
def test_what_an_address_was_made_of_comes_back(name, phone, code, street, form, between, wide):
    path = ALL.path(ALL.by_code[code])
    text = form.format(name=name, phone=phone, region=written(path, between), street=street)
    if wide:
        text = text.translate({ord(str(digit)): 0xFF10 + digit for digit in range(10)})

    found = recognise(text, ALL)

    assert (found.name, str(found.phones[0]), found.region, found.street) == (name, phone, path, street)
    assert found.doubts == ()


@given(st.sampled_from(DEEPEST))
def test_the_province_may_be_left_out_and_the_city_too_where_the_name_is_one_divisions_alone(code):
    division = ALL.by_code[code]
    path = ALL.path(division)
    same = [one for one in ALL.by_code.values() if one.name == division.name and one.level is division.level]

    from_city = recognise(f"{written(path[1:], '')}示例路1号", ALL)
    alone = recognise(f"{division.name}示例路1号", ALL)

    assert from_city.region == path
    if division.level is Level.DISTRICT and len(same) > 1 and len(division.name) > 2:
        assert {candidate[-1] for candidate in alone.candidates} == set(same)
        assert Doubt(kind=DoubtKind.AMBIGUOUS_REGION, part=PieceKind.DISTRICT) in alone.doubts


# --- more ------------------------------------------------------------------------------------------------------------


def test_a_long_text_is_looked_at_so_far_and_kept_whole():
    text = "测试员 13000000001 广东省深圳市南山区示例路1号\n" + "长" * 3_000

    found = recognise(text, ALL)

    assert found.name == "测试员"
    assert "".join(piece.text for piece in found.pieces) == text
    assert found.pieces[-1].start == LONGEST_PASTE
    assert found.doubts[-1] == Doubt(kind=DoubtKind.TOO_LONG)


def test_each_part_has_the_piece_that_it_came_from():
    found = recognise("测试员 13000000001 广东 深圳市南山区示例路1号", ALL)

    assert found.of(PieceKind.PROVINCE) == ("广东",)
    assert found.of(PieceKind.CITY) == ("深圳市",)
    assert found.of(PieceKind.PHONE) == ("13000000001",)
    assert found.region_codes == ("44", "4403", "440305")


def test_a_mobile_and_a_landline_are_told_apart():
    found = recognise("测试员 010-88880000 13000000001 北京市朝阳区示例路1号", ALL)

    assert (str(found.mobile), str(found.landline)) == ("13000000001", "010-88880000")
    assert recognise("", ALL).mobile is recognise("", ALL).landline is None


def test_what_is_personal_is_not_printed():
    found = recognise("测试员[1234] 13000000001 518000 广东省深圳市南山区示例路77号 未知片段", ALL)

    for secret in ("测试员", "1300000", "1234", "518000", "示例路", "77"):
        assert secret not in repr(found)


def test_divisions_of_ones_own_know_towns():
    own = read_divisions("44 广东省\n4403 深圳市\n440305 南山区\n440305001 虚构街道\n440305002 样例街道办")

    found = recognise("测试员 13000000001 深圳南山虚构街道示例路1号", own)

    assert [one.code for one in found.region] == ["44", "4403", "440305", "440305001"]
    assert (found.town, found.street) == ("虚构街道", "示例路1号")


@pytest.mark.parametrize(
    "text",
    ["广" * 1000, "广东省" * 333, "1" * 1000, "北京" * 500, "[1234]" * 160, "a " * 500, "一" * 1000, "南山区 " * 250],
)
def test_a_text_made_to_be_slow_has_an_answer(text):
    assert "".join(piece.text for piece in recognise(text, ALL).pieces) == text


def test_six_digits_that_no_province_has_are_no_postcode():
    found = recognise("测试员 13000000001 广东省深圳市南山区示例路1号 770000", ALL)

    assert (found.zip, found.street) == ("", "示例路1号 770000")


def test_a_single_name_from_elsewhere_is_part_of_the_street_and_no_conflict():
    found = recognise("测试员 13000000001 广东省深圳市南山区示例路1号 上海", ALL)

    assert (found.city, found.street, found.doubts) == ("深圳市", "示例路1号 上海", ())
