"""Our carrier codes → the platform's ``company_code``. Sources: ShopeX OMS, Cainiao and Qimen code lists.

A carrier whose code no source settles (J&T 极兔) is left out: an unmapped carrier is refused, never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

COMPANY_CODES: Final[Mapping[str, str]] = {
    "SF": "SF",  # 顺丰
    "ZTO": "ZTO",  # 中通
    "YTO": "YTO",  # 圆通
    "STO": "STO",  # 申通
    "YUNDA": "YUNDA",  # 韵达
    "EMS": "EMS",
    "POSTB": "POSTB",  # 邮政快递包裹
    "EYB": "EYB",  # 邮政电商标快
    "JD": "LE04284890",  # 京东
    "DBKD": "DBKD",  # 德邦快递
    "HTKY": "HTKY",  # 百世
    "ZJS": "ZJS",  # 宅急送
    "UC": "UC",  # 优速
    "ZTOKY": "3108002701_1011",  # 中通快运
    "YDKY": "CN7000001021040",  # 韵达快运
    "JDKY": "LE38288910",  # 京东快运
    "KYE": "CN7000001003751",  # 跨越
    "SXJD": "CP471906",  # 顺心捷达
    "YMDD": "2744832184_543",  # 壹米滴答
}
