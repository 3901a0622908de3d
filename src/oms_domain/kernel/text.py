"""Text that every store and screen can carry, and masks for what is personal."""

from __future__ import annotations

import re
from typing import Final

from oms_domain.kernel.errors import InvalidText

_DIGIT_RUN: Final = re.compile(r"\d(?:[ \t\u00a0\u3000\-‐-―－]{0,3}\d){6,}")


def checked_line(value: str, *, field: str, longest: int) -> str:
    """As ``checked_text``, of what stands on one line. Raises ``InvalidText``, with ``why`` line_break too.

    >>> checked_line("M-1", field="order_no", longest=64)
    'M-1'
    """
    if value and value.splitlines() != [value]:
        raise InvalidText(field=field, why="line_break")
    return checked_text(value, field=field, longest=longest)


def checked_text(value: str, *, field: str, longest: int, allow_empty: bool = True) -> str:
    """Return ``value`` unchanged if any of our stores can hold it.

    Raises:
        InvalidText: ``why`` is nul, surrogate, control (other than tab and line breaks), too_long or empty.

    >>> checked_text("请用样例包装", field="remark", longest=500)
    '请用样例包装'
    """
    why = _trouble(value, longest, allow_empty)
    if why:
        raise InvalidText(field=field, why=why)
    return value


def _trouble(value: str, longest: int, allow_empty: bool) -> str:
    if len(value) > longest:
        return "too_long"
    if not allow_empty and not value.strip():
        return "empty"
    if value.isprintable():
        return ""
    if "\0" in value:
        return "nul"
    if any("\ud800" <= char <= "\udfff" for char in value):
        return "surrogate"
    return "control" if any(char < " " and char not in "\t\r\n" for char in value) else ""


def mask_digits(text: str) -> str:
    """Replace runs of 7 and more digits (phones, cards, also with blanks or dashes in between) by ``*``.

    >>> mask_digits("打 100-0000-0001 找样例"), mask_digits("送 3 件, 6 楼")
    ('打 ************* 找样例', '送 3 件, 6 楼')
    """
    return _DIGIT_RUN.sub(lambda match: "*" * len(match[0]), text)


def mask_name(name: str) -> str:
    """Keep the first character only; a name that a platform has masked already stays.

    >>> mask_name("测试员"), mask_name("测**"), mask_name("")
    ('测**', '测**', '')
    """
    return name if is_masked(name) or not name else name[0] + "**"


def mask_phone(phone: str) -> str:
    """Keep the last four digits; what is too short to hide anything is hidden whole.

    >>> mask_phone("10000000001"), mask_phone("*******0001"), mask_phone("0001"), mask_phone("")
    ('*******0001', '*******0001', '****', '')
    """
    if not phone or (is_masked(phone) and sum(char.isdigit() for char in phone) <= 4):
        return phone
    return "*" * (len(phone) - 4) + phone[-4:] if len(phone) > 6 else "*" * len(phone)


def mask_street(street: str) -> str:
    """Hide all but the first two characters.

    >>> mask_street("示例路1号样例大厦"), mask_street("示**路**号"), mask_street("")
    ('示例*******', '示**路**号', '')
    """
    return street if is_masked(street) or not street else street[:2] + "*" * max(len(street) - 2, 3)


def is_masked(text: str) -> bool:
    """Whether a platform has masked it: at least a third is hidden. A single ``*`` somebody typed hides nothing."""
    return 3 * text.count("*") >= len(text) > 0


def storable(text: str, *, longest: int) -> str:
    """Return what somebody else's system said, cut and with unstorable characters replaced: it is only shown.

    >>> storable("缺货\\x00\\n", longest=10)
    '缺货� '
    """
    clean = (char if char.isprintable() else " " if char in "\t\r\n" else "\ufffd" for char in text[:longest])
    return "".join(clean)
