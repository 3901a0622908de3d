"""What a gift is worth: a part of the price of the goods that earned it (赠品分摊)."""

from __future__ import annotations

from oms_domain.apportionment.allocate import shares
from oms_domain.apportionment.order import PricedOrder
from oms_domain.apportionment.policy import ApportionmentPolicy, GiftValue
from oms_domain.apportionment.rules import LARGEST_REMAINDER


def with_gifts(
    order: PricedOrder, policy: ApportionmentPolicy, places: dict[str, int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the goods of each line, and what gifts took of them.

    The price of the goods that earned a gift is spread over these goods and the gift by their list prices; goods
    without one stand in with their price. Gifts earned by the same goods share it at once, so that two equal ones
    are worth the same.
    """
    goods = [line.goods_fen for line in order.lines]
    if policy.gifts is GiftValue.FREE:
        return tuple(goods), (0,) * len(goods)
    for earned_by, gifts in _by_what_earned_them(order, places).items():
        together = sorted((*earned_by, *gifts))
        lists = [order.lines[at].list_fen or order.lines[at].goods_fen for at in together]
        whole = sum(goods[at] for at in together)
        if any(lists):
            for at, share in zip(together, shares(whole, lists, LARGEST_REMAINDER), strict=True):
                goods[at] = share
    moved = tuple(after - line.goods_fen for after, line in zip(goods, order.lines, strict=True))
    return tuple(goods), moved


def _by_what_earned_them(order: PricedOrder, places: dict[str, int]) -> dict[frozenset[int], list[int]]:
    found: dict[frozenset[int], list[int]] = {}
    for at, line in enumerate(order.lines):
        if line.earned_by:
            found.setdefault(frozenset(places[key] for key in line.earned_by), []).append(at)
    return found
