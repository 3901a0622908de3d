"""What people call divisions: 广东 for 广东省, 内蒙古 for 内蒙古自治区, 凉山州 for 凉山彝族自治州."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_PROVINCES: Final = {
    "内蒙古自治区": ("内蒙古", "内蒙"),
    "广西壮族自治区": ("广西", "广西省", "广西自治区"),
    "西藏自治区": ("西藏", "西藏省"),
    "宁夏回族自治区": ("宁夏", "宁夏省", "宁夏自治区"),
    "新疆维吾尔自治区": ("新疆", "新疆省", "新疆自治区"),
    "香港特别行政区": ("香港", "中国香港"),
    "澳门特别行政区": ("澳门", "中国澳门"),
    "台湾省": ("台湾", "中国台湾"),
}

_PEOPLES: Final = tuple(
    re.findall(
        r"\w+",
        "柯尔克孜 维吾尔 哈萨克 达斡尔 塔吉克 俄罗斯 鄂温克 鄂伦春 蒙古 布依 朝鲜 土家 哈尼 傈僳 拉祜 东乡 "
        "纳西 景颇 仫佬 布朗 撒拉 毛南 仡佬 锡伯 阿昌 普米 德昂 保安 裕固 独龙 赫哲 门巴 珞巴 基诺 "
        "回 藏 苗 彝 壮 满 侗 瑶 白 傣 黎 佤 畲 水 土 羌 怒 京 各",
    )
)
"""Names of peoples, longer ones first."""

_SUFFIXES: Final = ("街道", "地区", "新区", "林区", "省", "市", "区", "县", "旗", "盟", "镇", "乡")
_AUTONOMOUS: Final = {"自治州": "州", "自治县": "县", "自治旗": "旗"}

SHORTEST: Final = 2
"""Characters of the shortest name: 赵县 has no shorter one."""


def short_names(name: str, *, is_province: bool) -> Iterator[tuple[str, bool]]:
    """Yield each name that a division is called by, and whether it is the full one.

    >>> list(short_names("凉山彝族自治州", is_province=False))
    [('凉山彝族自治州', True), ('凉山州', True), ('凉山', False)]
    >>> list(short_names("南山区", is_province=False)), list(short_names("赵县", is_province=False))
    ([('南山区', True), ('南山', False)], [('赵县', True)])
    """
    yield name, True
    if is_province and name in _PROVINCES:
        for short in _PROVINCES[name]:
            yield short, short.endswith(("省", "自治区"))
        return
    for suffix, kind in _AUTONOMOUS.items():
        if name.endswith(suffix):
            stem = _without_peoples(name.removesuffix(suffix))
            if len(stem) >= SHORTEST:
                yield stem + kind, True
                yield stem, False
            return
    for suffix in _SUFFIXES:
        stem = name.removesuffix(suffix)
        if stem != name and len(stem) >= SHORTEST:
            yield _without_peoples(stem), False
            return


def _without_peoples(stem: str) -> str:
    """Take the names of peoples off the end, as long as something is left: 双江拉祜族佤族 is 双江."""
    while True:
        for people in _PEOPLES:
            bare = stem.removesuffix("族").removesuffix(people)
            has_people = stem.endswith((f"{people}族", people if len(people) > 1 else f"{people}族"))
            if has_people and len(bare) >= SHORTEST:
                stem = bare
                break
        else:
            return stem
