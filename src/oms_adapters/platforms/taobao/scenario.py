"""A seeded shop life for the fake platform: what is ordered, by whom, and what becomes of it. Fictitious persons only.

The same seed gives the same trades, and the same calls of ``Traffic.step`` at the same times the same life.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from attrs import field, frozen

from oms_adapters.platforms.taobao import fake_moves as moves
from oms_adapters.platforms.taobao.carriers import COMPANY_CODES
from oms_adapters.platforms.taobao.fake_platform import FIRST_TID, SHOP, FakeTaobao
from oms_adapters.platforms.taobao.fake_trades import (
    TID_STEP,
    Item,
    OrderDiscount,
    Person,
    Wanted,
    WireTrade,
    new_trade,
)
from oms_domain.kernel.time import parse_china_time

SCENARIO_SKUS: Final[tuple[tuple[str, str, int], ...]] = (
    ("SCARF-RED-M", "【样例】双面围巾", 199_00),
    ("SCARF-GRY-M", "【样例】双面围巾", 199_00),
    ("GLOVE-BLK-L", "【样例】保暖手套", 89_90),
    ("GLOVE-BLK-S", "【样例】保暖手套", 89_90),
    ("HAT-NVY-U", "【样例】针织帽", 59_00),
    ("SOCK-WHT-5", "【样例】棉袜五双", 39_90),
    ("COAT-BLK-L", "【样例】羽绒外套", 899_00),
    ("COAT-BLK-M", "【样例】羽绒外套", 899_00),
    ("MUG-BLU-U", "【样例】马克杯", 45_50),
    ("BOX-WARM-M", "【样例】保暖礼盒", 259_00),
    ("TEA-NEW-1", "【样例】新品花茶", 39_00),
    ("BAG-CAN-U", "【样例】帆布袋", 29_00),
)
"""Code, title and price in fen of what the shop sells at the platform. The last one is its gift."""

BOX: Final = "BOX-WARM-M"
BOX_PARTS: Final = (("SCARF-RED-M", 1), ("GLOVE-BLK-L", 2))
"""What is in the box, that the shop sells as one."""

NEW_AT_THE_PLATFORM: Final = "TEA-NEW-1"
"""What somebody has put on sale at the platform without telling the catalogue. It is seldom bought."""

ITEMS: Final = tuple(
    Item(code=code, title=title, price_fen=fen, num_iid=600_000_000_001 + at, sku_id=str(5_000_000_000_001 + at))
    for at, (code, title, fen) in enumerate(SCENARIO_SKUS)
)
*GOODS, NEW_ITEM, GIFT = ITEMS

PLACES: Final = (
    ("广东省", "深圳市", "南山区"),
    ("浙江省", "杭州市", "西湖区"),
    ("上海", "上海市", "浦东新区"),
    ("四川省", "成都市", "武侯区"),
    ("北京", "北京市", "朝阳区"),
    ("河南省", "", "济源市"),  # a county directly under its province comes without a city
)
MESSAGES: Final = ("", "", "", "", "请用样例包装", "送人的, 不要放价格单", "周末送货")


def make_trades(seed: int, count: int, start_at: datetime, *, shop: str = SHOP) -> tuple[WireTrade, ...]:
    """Return ``count`` trades, placed a minute apart from ``start_at``, each somewhere on its way.

    One to four lines, discounts of lines and orders, freight, gifts, presales, cash on delivery, remarks, a few
    refunds. The amounts satisfy the identities T1 to T7.
    """
    made = []
    for index in range(count):
        random = Random(f"{seed}:{index}")
        at = start_at + timedelta(minutes=index)
        trade = new_trade(FIRST_TID + (index + 1) * TID_STEP, at=at, seller_nick=shop, **_basket(random))
        _live(trade, random, at)
        made.append(trade)
    return tuple(made)


@frozen
class Traffic:
    """Buyers of a demo: they order every few seconds, most of them pay, and confirm what has come.

    What is to happen is drawn from ``seed`` and the order's number, so that a restart goes on where it stopped.
    """

    platform: FakeTaobao
    seed: int = 1
    every_s: int = field(default=4, kw_only=True)  # seconds between two orders, on average
    most_per_step: int = field(default=20, kw_only=True)  # after a long pause the backlog is not caught up with
    shop: str = field(default=SHOP, kw_only=True)

    def step(self) -> int:
        """Let everything happen that is due by the platform's clock. Returns how many things did."""
        at = self.platform.now()
        with self.platform.lock:
            happened = sum(self._advance(tid, at) for tid in self.platform.standing_at(*_WAITING))
            return happened + self._arrivals(at)

    def _arrivals(self, at: datetime) -> int:
        note = f"traffic:{self.seed}:{self.shop}"
        count, due = self._noted(note, at)
        placed = 0
        while due <= at and placed < self.most_per_step:
            random = Random(f"{self.seed}:{self.shop}:{count}")
            self.platform.place(**_basket(random), shop=self.shop)
            count, placed = count + 1, placed + 1
            due += timedelta(seconds=random.randint(1, 2 * self.every_s - 1))
        self.platform.remember(note, f"{count} {max(due, at).isoformat()}")
        return placed

    def _noted(self, note: str, at: datetime) -> tuple[int, datetime]:
        count, _, due = (self.platform.recall(note) or f"0 {at.isoformat()}").partition(" ")
        return int(count), datetime.fromisoformat(due)

    def _advance(self, tid: str, at: datetime) -> int:
        trade = self.platform.trade(tid)
        if trade["seller_nick"] != self.shop:
            return 0
        random = Random(f"{self.seed}:{tid}:{trade['status']}:{trade.get('step_trade_status', '')}")
        wait, move = _next(random, trade)
        if move is None or at < parse_china_time(_since(trade), field="since") + timedelta(seconds=wait):
            return 0
        move(self.platform)
        return 1


_WAITING: Final = ("WAIT_BUYER_PAY", "WAIT_SELLER_SEND_GOODS", "WAIT_BUYER_CONFIRM_GOODS")


def _next(random: Random, trade: WireTrade) -> tuple[int, Callable[[FakeTaobao], object] | None]:
    """Return after how many seconds in this status what happens. The draws depend on nothing but ``random``."""
    tid, chance, wait = trade["tid_str"], random.randrange(100), random.randint(2, 20)
    if trade["status"] == "WAIT_BUYER_PAY":
        return (wait, lambda it: it.pay(tid)) if chance < 92 else (wait + 120, lambda it: it.close(tid))
    if trade["status"] == "WAIT_BUYER_CONFIRM_GOODS":
        return wait + 20, lambda it: it.confirm(tid)
    asked = any(order["refund_status"] != "NO_REFUND" for order in trade["orders"]["order"])
    if chance < 3 and not asked:
        oid = trade["orders"]["order"][0]["oid_str"]
        return wait, lambda it: it.ask_refund(tid, oid)
    if chance == 3 and not trade["seller_memo"]:
        return wait, lambda it: it.change_memo(tid, "已联系买家", flag=1)
    return 0, None


def _since(trade: WireTrade) -> str:
    """Return when the trade came into its status; remarks and the like do not delay what is to happen."""
    if trade["status"] == "WAIT_BUYER_CONFIRM_GOODS":
        return str(trade["consign_time"])
    return str(trade.get("pay_time", trade["created"]))


def _live(trade: WireTrade, random: Random, placed_at: datetime) -> None:
    """Take a trade some steps on its way."""
    at = placed_at + timedelta(seconds=random.randint(5, 50))
    steps = random.choices(range(5), weights=(15, 45, 15, 15, 10))[0]
    if steps == 0:
        if random.randrange(3) == 0:
            moves.close(trade, at)
        return
    for _ in range(2):  # a presale's balance comes after its deposit
        if trade["status"] == "WAIT_BUYER_PAY" and (steps > 1 or "pay_time" not in trade):
            moves.pay(trade, at)
    if steps == 2:
        _ask_for_money_back(trade, random, at + timedelta(minutes=5))
    elif steps > 2:
        code = random.choice(("YTO", "ZTO", "SF"))
        at += timedelta(hours=random.randint(1, 12))
        moves.ship(trade, company=f"{code}快递", out_sid=f"{COMPANY_CODES[code]}{trade['tid']}", oids=(), at=at)
    if steps == 4:
        moves.confirm(trade, at + timedelta(days=2))


def _ask_for_money_back(trade: WireTrade, random: Random, at: datetime) -> None:
    order = random.choice(trade["orders"]["order"])
    moves.ask_refund(trade, order["oid_str"], refund_id=f"92{order['oid_str'][2:]}", at=at)
    ending = random.randrange(3)
    if ending < 2:
        moves.end_refund(trade, order["oid_str"], succeeds=ending == 0, at=at + timedelta(minutes=10))


def _basket(random: Random) -> dict[str, Any]:
    """Return what a buyer orders, as keyword arguments of ``new_trade`` and ``FakeTaobao.place``."""
    wanted = [_wanted(random, item) for item in random.sample(GOODS, random.choices((1, 2, 3, 4), (5, 3, 1, 1))[0])]
    if random.randrange(16) == 0:
        wanted[-1] = _wanted(random, NEW_ITEM)
    goods = sum(line.item.price_fen * line.num + line.adjust_fen - line.discount_fen for line in wanted)
    sort = random.choices(("fixed", "step", "cod"), (92, 5, 3))[0]
    if goods >= 300_00 and random.randrange(4) == 0:
        wanted.append(Wanted(item=GIFT, is_gift=True))
    return {
        "wanted": wanted,
        "sort": sort,
        "order_discounts": _order_discounts(random, goods),
        "post_fee_fen": random.choice((0, 0, 600, 1000)),
        "deposit_fen": goods // 5 if sort == "step" else 0,
        "cod_fee_fen": 500 if sort == "cod" else 0,
        "person": _person(random),
        "message": random.choice(MESSAGES),
    }


def _wanted(random: Random, item: Item) -> Wanted:
    num = random.choices((1, 2, 3), (8, 2, 1))[0]
    discount = random.choice((0, 0, item.price_fen * num // 10, random.randint(1, item.price_fen // 4)))
    adjust = -random.randint(1, 300) if random.randrange(12) == 0 else 0
    return Wanted(item=item, num=num, discount_fen=discount, adjust_fen=adjust)


def _order_discounts(random: Random, goods_fen: int) -> list[OrderDiscount]:
    found = []
    if goods_fen >= 300_00:
        fen = goods_fen // 300_00 * 30_00
        found.append(OrderDiscount(name="店铺满减", promotion_id="mjs-1000003_1", fen=fen))
    if goods_fen >= 50_00 and random.randrange(5) == 0:
        found.append(OrderDiscount(name="店铺优惠券", promotion_id="SampleCoupon-1000005_1", fen=5_00))
    return found


def _person(random: Random) -> Person:
    number = random.randint(1, 9999)
    state, city, district = random.choice(PLACES)
    return Person(
        mobile=f"*******{number:04d}",
        state=state,
        city=city,
        district=district,
        address=f"示**路**号***样例大厦{number % 30 + 1}座***",
        open_uid=f"AAExample_OpenUid_{number:04d}",
        oaid=f"1ExampleOaid_{number:04d}_notreal",
    )
