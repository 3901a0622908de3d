"""What a few characters look like: a person's name, or a part of an address."""

from __future__ import annotations

import re
from typing import Final

SURNAMES: Final = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖萧田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭"
    "陆汪范金石廖贾夏韦付傅方白邹孟熊秦邱丘江尹薛闫阎段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤常温康施文牛樊葛邢安齐"
    "易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷曲盛冉翁蓝骆路游辛靳管柴"
    "蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边"
    "卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝测样"
)
"""The usual surnames, and 测 and 样, with which samples are named."""
_COMPOUND: Final = (
    "欧阳",
    "司马",
    "上官",
    "诸葛",
    "东方",
    "皇甫",
    "尉迟",
    "公孙",
    "慕容",
    "令狐",
    "司徒",
    "夏侯",
    "端木",
)

_HAN_NAME: Final = re.compile(r"[\u4e00-\u9fff]{2,4}")
_MINORITY_NAME: Final = re.compile(r"[\u4e00-\u9fff]{1,10}(?:[·•][\u4e00-\u9fff]{1,10}){1,3}")
_MASKED_NAME: Final = re.compile(r"[\u4e00-\u9fff]{1,2}\*{1,4}[\u4e00-\u9fff]?")
_TITLED: Final = re.compile(r"[\u4e00-\u9fff]{1,4}(?:先生|女士|小姐|老师|同学|经理|阿姨|师傅)")
_LATIN_NAME: Final = re.compile(r"[A-Za-z][A-Za-z.'\-]*(?: [A-Za-z.'\-]+){0,4}")
_NICK: Final = re.compile(r"[^\d\s]{1,10}")

_PLACE_WORDS: Final = re.compile(
    r"(?:路|街|道|巷|弄|胡同|号|号楼|栋|幢|座|楼|层|室|单元|村|镇|乡|屯|组|队|社区|小区|区|县|市|省|州|旗|盟|苑|园|公寓|厦|广场|"
    r"中心|城|院|学校|大学|中学|小学|公司|集团|厂|店|超市|市场|商场|站|柜|门口|前台|传达室|门卫|基地|银行|桥|港|码头|"
    r"机场|府|庄|湾|里|坊|居)$"
)
_NUMBERED: Final = re.compile(r"[0-9]|[一二三四五六七八九十百]{1,6}(?:号|栋|幢|楼|层|室|单元|组|队|弄|巷)")
_ROAD: Final = re.compile(r"[\u4e00-\u9fff](?:路|街|大道|巷|弄|胡同|村|镇|乡|街道|小区|花园|大厦|广场|公寓|工业园)")
_HOUSE: Final = re.compile(r"[0-9]|[一二三四五六七八九十百]{1,6}(?:号|栋|幢|楼|层|室|单元|组|队|社)")
_VILLAGE: Final = re.compile(r"[\u4e00-\u9fff](?:村|屯|寨|庄|嘎查)")


def name_likeness(text: str) -> int:
    """Return how much a piece looks like a person's name: 0 not at all, 1 perhaps, 2 well, 3 certainly.

    >>> [name_likeness(text) for text in ("测试员", "王先生", "John Smith", "小明同学家的", "样例大厦", "示例路1号")]
    [3, 3, 2, 1, 0, 0]
    """
    if _MINORITY_NAME.fullmatch(text) or _MASKED_NAME.fullmatch(text):
        return 3
    if _TITLED.fullmatch(text):
        return 3 if has_surname(text) else 2
    if address_likeness(text):
        return 0
    if _HAN_NAME.fullmatch(text):
        return 3 if has_surname(text) else 2
    if _LATIN_NAME.fullmatch(text) and len(text) > 1:
        return 2
    return 1 if _NICK.fullmatch(text) and any(char.isalpha() for char in text) else 0


def has_surname(text: str) -> bool:
    """Whether it begins with a surname, and something follows."""
    return len(text) > 1 and (text[0] in SURNAMES or (len(text) > 2 and text.startswith(_COMPOUND)))


def address_likeness(text: str) -> bool:
    """Whether a piece looks like a part of an address: numbers, roads, houses.

    >>> [address_likeness(text) for text in ("示例路1号", "样例大厦", "三单元", "测试员")]
    [True, True, True, False]
    """
    if _PLACE_WORDS.search(text) and not (len(text) <= 3 and has_surname(text) and not _ROAD.search(text)):
        return True
    return bool(_NUMBERED.search(text) or _ROAD.search(text))


def has_house_number(street: str) -> bool:
    """Whether a street tells the house: a number; in a village its name will do, since houses have none there.

    >>> [has_house_number(text) for text in ("示例路1号", "示例路十二号", "样例村", "示例路")]
    [True, True, True, False]
    """
    return bool(_HOUSE.search(street) or _VILLAGE.search(street))
