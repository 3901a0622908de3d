"""Kuaidi100's push (快递100推送): a signed form with the whole history of a parcel, newest first.

Source: the provider's Java demo. The signature is over the form's value as it stands, before anybody parses it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl

from attrs import field, frozen

from oms_app.actor import system
from oms_app.tracking import MOST_TRACES, BookTraces
from oms_domain.fulfilment.tracking import ParcelProgress, Trace
from oms_domain.kernel.errors import Invalid, OmsError
from oms_domain.kernel.text import checked_text
from oms_domain.kernel.time import parse_china_time

LARGEST_BYTES: Final = 1024 * 1024
LONGEST_NUMBER: Final = 64

COMPANIES: Final = {
    "shunfeng": ("SF", "SFEXPRESS"),
    "zhongtong": ("ZTO",),
    "yuantong": ("YTO",),
    "shentong": ("STO",),
    "yunda": ("YUNDA", "YD"),
    "ems": ("EMS",),
    "youzhengguonei": ("POSTB", "POST", "YZPY", "CHINAPOST"),
    "youzhengbk": ("EYB", "POSTB"),
    "jd": ("JD", "JDL"),
    "jtexpress": ("JT", "JTSD", "JTEXPRESS"),
    "debangkuaidi": ("DBKD", "DBL", "DEPPON"),
    "debangwuliu": ("DBL", "DEPPON"),
    "huitongkuaidi": ("HTKY", "BEST"),
    "tiantian": ("TTKDEX", "HHTT"),
    "zhaijisong": ("ZJS",),
    "youshuwuliu": ("UC", "YOUSU"),
    "danniao": ("DANNIAO", "CP471906"),
    "zhongyouwuliu": ("CHINAPOST", "ZYWL"),
    "fengwang": ("FENGWANG", "FW"),
}
"""Kuaidi100's names of companies, and the codes that warehouses and platforms (奇门, 菜鸟) have for them."""

STATES: Final = {
    "0": ParcelProgress.IN_TRANSIT,
    "1": ParcelProgress.PICKED_UP,
    "2": ParcelProgress.PROBLEM,
    "3": ParcelProgress.SIGNED,
    "4": ParcelProgress.RETURNED,
    "5": ParcelProgress.OUT_FOR_DELIVERY,
    "6": ParcelProgress.RETURNING,
    "7": ParcelProgress.IN_TRANSIT,  # handed to another carrier
    "10": ParcelProgress.IN_TRANSIT,  # 10 to 12: customs
    "11": ParcelProgress.IN_TRANSIT,
    "12": ParcelProgress.IN_TRANSIT,
    "13": ParcelProgress.PROBLEM,
    "14": ParcelProgress.REFUSED,
}


@frozen(kw_only=True)
class UnreadablePush(Invalid):
    """A push that is signed and cannot be read; ``field`` says where."""

    code: ClassVar[str] = "tracking.unreadable_push"
    why: str


def sign(param: str, salt: str) -> str:
    """Return the signature of a push, in capital hex digits."""
    return hashlib.md5((param + salt).encode(), usedforsecurity=False).hexdigest().upper()


def is_signed(param: str, salt: str, signature: str) -> bool:
    """Return whether it is the signature; compared in constant time."""
    return hmac.compare_digest(sign(param, salt).encode(), signature.encode())


@frozen(kw_only=True)
class Push:
    """What is told of a parcel, oldest first; nothing where the carrier has no trace."""

    company: str
    number: str
    traces: tuple[Trace, ...]

    @property
    def command(self) -> BookTraces:
        carriers = COMPANIES.get(self.company, ())
        others = {code for codes in COMPANIES.values() for code in codes} - {*carriers}
        return BookTraces(
            tracking_no=self.number,
            traces=self.traces,
            company=self.company,
            carriers=carriers,
            others=tuple(sorted(others)) if carriers else (),
            by=system("kuaidi100"),
        )


def parse_push(param: str) -> Push:
    """Return what a push says.

    Raises:
        UnreadablePush: no JSON, or a field that cannot be read.
    """
    try:
        pushed = json.loads(param, parse_constant=str)
    except (ValueError, RecursionError):
        raise UnreadablePush(field="param", why="not_json") from None
    last = _object(_object(pushed, "param").get("lastResult", {}), "lastResult")
    number = _text(last, "nu")
    checked_text(number, field="lastResult.nu", longest=LONGEST_NUMBER, allow_empty=False)
    rows = last.get("data", [])
    if not isinstance(rows, list):
        raise UnreadablePush(field="lastResult.data", why="not_a_list")
    state = _text(last, "state")
    traces = [
        _trace(_object(row, f"lastResult.data[{place}]"), place, state) for place, row in enumerate(rows[:MOST_TRACES])
    ]
    company = _text(last, "com").strip().lower()
    checked_text(company, field="lastResult.com", longest=LONGEST_NUMBER)
    return Push(company=company, number=number, traces=tuple(reversed(traces)))


def _trace(row: dict[str, Any], place: int, state: str) -> Trace:
    path = f"lastResult.data[{place}]"
    told = _text(row, "statusCode") or (state if place == 0 else "0")
    return Trace(
        at=parse_china_time(_text(row, "ftime") or _text(row, "time"), field=f"{path}.time"),
        progress=progress_of(told),
        text=_text(row, "context"),
        place=_text(row, "areaName"),
    )


def progress_of(code: str) -> ParcelProgress:
    """Return what a state means; of three digits and more the last two only say how. What is not known is on its way.

    >>> [str(progress_of(code)) for code in ("3", "501", "99")]
    ['signed', 'out_for_delivery', 'in_transit']
    """
    return STATES.get(code[:-2] if len(code) > 2 else code, ParcelProgress.IN_TRANSIT)


@frozen(kw_only=True)
class Kuaidi100Callbacks:
    """Takes pushes. Without a salt nothing is signed, so that nothing is taken."""

    salt: str = field(repr=False)
    book: Callable[[BookTraces], object]
    now: Callable[[], datetime]

    def answer(self, body: bytes) -> tuple[int, bytes]:
        """Answer a posted form. Anything but a success makes the provider send it again."""
        if len(body) > LARGEST_BYTES:
            return _no(413)
        try:
            form = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=20))
            param, signature = form.get("param", ""), form.get("sign", "")
            signed = bool(self.salt) and is_signed(param, self.salt, signature)
        except ValueError:  # no UTF-8, a surrogate, too many fields
            return _no(400)
        if not signed:
            return _no(401)
        try:
            push = parse_push(param)
            if push.traces:
                self.book(push.command)
        except Invalid:
            return _no(400)
        except OmsError:
            return _no(503)
        return 200, _reply(True, "200", "成功")


def _no(status: int) -> tuple[int, bytes]:
    return status, _reply(False, str(status), "失败")


def _reply(result: bool, code: str, message: str) -> bytes:
    return json.dumps({"result": result, "returnCode": code, "message": message}, ensure_ascii=False).encode()


def _object(value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UnreadablePush(field=path, why="not_an_object")
    return value


def _text(row: dict[str, Any], name: str) -> str:
    """Return a text; a number that stands for one too."""
    value = row.get(name)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
