"""Where somebody delivers (服务区域), by the prefixes of division codes (行政区划代码)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, ClassVar, Final

from attrs import field, frozen

from oms_domain.kernel.errors import Invalid

EVERYWHERE: Final = ("",)
LONGEST_DIVISION: Final = 12

_DIVISION: Final = re.compile(r"[0-9A-Z]{0,12}", re.ASCII)


@frozen(kw_only=True)
class InvalidDivision(Invalid):
    """A division code is at most 12 characters of 0–9 and A–Z, such as 330106; its beginning is the larger division."""

    code: ClassVar[str] = "carriers.invalid_division"
    value: str


@frozen(kw_only=True)
class InvalidRegions(Invalid):
    """Regions that contradict each other: ``why`` says how."""

    code: ClassVar[str] = "carriers.invalid_regions"
    why: str


def division(text: str, *, field: str = "division") -> str:
    """Check a raw division code or its beginning; an empty one stands for everywhere.

    Raises:
        InvalidDivision
    """
    if not isinstance(text, str) or not _DIVISION.fullmatch(text):
        raise InvalidDivision(field=field, value=str(text)[:40])
    return text


def _divisions(codes: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(codes)))


def _checked(_regions: Any, attribute: Any, codes: tuple[str, ...]) -> None:
    for code in codes:
        division(code, field=attribute.name)


@frozen(kw_only=True)
class Regions:
    """``served``, except for ``but_not``; of two beginnings that match, the longer one decides.

    >>> mainland = Regions(but_not=("54", "65"))
    >>> mainland.serve("330106"), mainland.serve("650102")
    (True, False)
    >>> Regions(served=("", "6501"), but_not=("65",)).serve("650102")
    True
    """

    served: tuple[str, ...] = field(default=EVERYWHERE, converter=_divisions, validator=_checked)
    but_not: tuple[str, ...] = field(default=(), converter=_divisions, validator=_checked)

    def __attrs_post_init__(self) -> None:
        both = set(self.served) & set(self.but_not)
        if both:
            raise InvalidRegions(field="but_not", why=f"{', '.join(sorted(both))} is served and not served")

    def serve(self, destination: str) -> bool:
        """Whether ``destination`` is served. One that is known too coarsely to tell is not."""
        return _longest(self.served, destination) > _longest(self.but_not, destination)


def _longest(beginnings: Iterable[str], code: str) -> int:
    return max((len(each) for each in beginnings if code.startswith(each)), default=-1)
