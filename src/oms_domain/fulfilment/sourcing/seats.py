"""Where a destination lies as far as its province tells (省会坐标): enough to tell near places from far ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from oms_domain.fulfilment.sourcing.distance import Point

SEATS: Final[Mapping[str, Point]] = {
    code: Point(lat * 10_000, lon * 10_000)
    for code, lat, lon in (
        ("11", 3990, 11641),  # 北京
        ("12", 3908, 11720),  # 天津
        ("13", 3804, 11451),  # 石家庄
        ("14", 3787, 11255),  # 太原
        ("15", 4084, 11175),  # 呼和浩特
        ("21", 4180, 12343),  # 沈阳
        ("22", 4382, 12532),  # 长春
        ("23", 4580, 12653),  # 哈尔滨
        ("31", 3123, 12147),  # 上海
        ("32", 3206, 11880),  # 南京
        ("33", 3027, 12016),  # 杭州
        ("34", 3182, 11723),  # 合肥
        ("35", 2607, 11930),  # 福州
        ("36", 2868, 11586),  # 南昌
        ("37", 3665, 11712),  # 济南
        ("41", 3475, 11363),  # 郑州
        ("42", 3059, 11431),  # 武汉
        ("43", 2823, 11294),  # 长沙
        ("44", 2313, 11326),  # 广州
        ("45", 2282, 10837),  # 南宁
        ("46", 2004, 11020),  # 海口
        ("50", 2956, 10655),  # 重庆
        ("51", 3057, 10407),  # 成都
        ("52", 2665, 10663),  # 贵阳
        ("53", 2504, 10271),  # 昆明
        ("54", 2965, 9114),  # 拉萨
        ("61", 3434, 10894),  # 西安
        ("62", 3606, 10383),  # 兰州
        ("63", 3662, 10178),  # 西宁
        ("64", 3849, 10623),  # 银川
        ("65", 4383, 8762),  # 乌鲁木齐
        ("71", 2503, 12157),  # 台北
        ("81", 2232, 11417),  # 香港
        ("82", 2219, 11354),  # 澳门
    )
}
"""By the first two digits of the division code: the seat of the province's government, to a hundredth of a degree."""


def seat_of(division: str) -> Point | None:
    """Return the seat of the province that a division lies in, None if it is not known.

    >>> seat_of("330106") == seat_of("33"), seat_of("")
    (True, None)
    """
    return SEATS.get(division[:2])
