"""Labels in a pasted text (收货人：, 手机号码：), and what they say about what follows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import Enum, auto
from typing import Final

from attrs import frozen


class LabelKind(Enum):
    """What stands after a label."""

    NAME = auto()
    PHONE = auto()
    REGION = auto()
    ADDRESS = auto()
    ZIP = auto()
    OTHER = auto()  # nothing that we look for
    MARK = auto()  # (收): says nothing about what follows


@frozen(kw_only=True)
class Label:
    """A label from ``start`` to ``stop``, its colon and blanks counted."""

    kind: LabelKind
    start: int
    stop: int


_WORDS: Final[Mapping[LabelKind, str]] = {
    LabelKind.NAME: "收货人姓名 收件人姓名 联系人姓名 收货姓名 收货人 收件人 联系人 买家姓名 客户姓名 姓名 名字",
    LabelKind.PHONE: (
        "收货人电话 收货人手机 收货人手机号 收件人电话 收件人手机 收货电话 联系电话 联系手机 联系方式 手机号码 手机号 "
        "手机 电话号码 电话 固定电话 固话 座机"
    ),
    LabelKind.ADDRESS: (
        "收货人地址 收件人地址 收货地址 收件地址 详细地址 街道地址 联系地址 邮寄地址 家庭地址 公司地址 具体地址 地址"
    ),
    LabelKind.ZIP: "邮政编码 邮编",
}
_WITH_COLON: Final[Mapping[LabelKind, str]] = {
    LabelKind.NAME: "name",
    LabelKind.PHONE: "mobile phone tel",
    LabelKind.REGION: (
        "所在地区 所在区域 收货地区 省市区 省/市/区 省份 城市 区县 区/县 地区 区域 街道/乡镇 "
        "所在街道 乡镇 街道 省 市 区 县"
    ),
    LabelKind.ADDRESS: "address",
    LabelKind.ZIP: "zip postcode",
    LabelKind.OTHER: "买家留言 卖家备注 备注 留言 订单编号 订单号 昵称 旺旺 公司名称 公司",
}


def _either(words: Mapping[LabelKind, str]) -> str:
    """Return alternatives, longer words first: a pattern takes the first that fits."""
    every = [word for listed in words.values() for word in listed.split()]
    return "|".join(re.escape(word) for word in sorted(every, key=len, reverse=True))


_KINDS: Final = {
    word: kind for words in (_WORDS, _WITH_COLON) for kind, listed in words.items() for word in listed.split()
}
_BOUNDARY: Final = r"(?:^|(?<=[\s,;|、。\])0-9]))"
_GLUED: Final = "收货人姓名|收件人姓名|收货人|收件人|姓名|收货地址|收件地址|详细地址|地址"
_NUMBERS: Final = "电话号码|联系电话|手机号码|手机号|手机|电话|邮政编码|邮编"
_LABEL: Final = re.compile(
    rf"(?:(?:{_either(_WORDS)})|{_BOUNDARY}(?:{_either(_WITH_COLON)}))[ ]?:[ ]*"
    rf"|{_BOUNDARY}(?:{_either(_WORDS)})(?:[ ]+|(?=[0-9(+\n]))"
    rf"|{_BOUNDARY}(?:{_GLUED})(?=[\u4e00-\u9fff])"
    rf"|(?:{_NUMBERS})(?=[0-9(+])"
    r"|(?P<mark>\(收\)|\[收\])",
    re.IGNORECASE,
)
"""With a colon anywhere; without one at a boundary; and before digits, where only numbers follow."""


def find_labels(text: str) -> Iterator[Label]:
    """Yield the labels of a text of half-width characters, in order."""
    for match in _LABEL.finditer(text):
        word = match[0].rstrip(": \n").lower()
        kind = LabelKind.MARK if match["mark"] else _KINDS[word]
        yield Label(kind=kind, start=match.start(), stop=match.end())
