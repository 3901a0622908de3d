"""The pictures of a few orders, kept as files: what is drawn changes only on purpose."""

from __future__ import annotations

from pathlib import Path

from oms_domain.apportionment.explain import Explanation, explain, explain_part, svg
from oms_domain.apportionment.policy import ApportionmentPolicy
from oms_domain.apportionment.units import whole_line
from oms_domain.apportionment.waterfall import Discount, PricedLine, PricedOrder, Tender, apportion
from oms_domain.channels.standard import Funder

FOLDER = Path(__file__).parent / "pictures"

_MIXED = PricedOrder(
    lines=(
        PricedLine(key="coat", units=2, goods_fen=20_000, title="样例羽绒服，很长的名字会被截短，截在这里 & 之后"),
        PricedLine(key="hat", units=1, goods_fen=5_000, title="<Sample> hat"),
        PricedLine(key="pin", units=1, goods_fen=0, list_fen=5_000, earned_by=("coat",)),
        PricedLine(key="free", units=3, goods_fen=0, title="送的"),
    ),
    discounts=(
        Discount(id="full", kind="full_reduction", amount_fen=3_000, name="满200减30", funder=Funder.PLATFORM),
        Discount(id="hats", kind="coupon", amount_fen=9_999, lines=("hat",), placed=(("hat", 4_450),)),
        Discount(id="ship", kind="freight_coupon", amount_fen=500, name="运费券"),
        Discount(id="none", kind="other", amount_fen=0),
    ),
    tenders=(Tender(id="card", kind="gift_card", amount_fen=1_000, name='礼品卡 "红"'),),
    freight_fen=1_200,
)
_MANY_STEPS = PricedOrder(
    lines=(PricedLine(key="a", units=1, goods_fen=100_000), PricedLine(key="b", units=10, goods_fen=7_001)),
    discounts=tuple(
        Discount(id=f"d{at}", kind="coupon", amount_fen=1_000 * at + at, name=f"a coupon with a long name, number {at}")
        for at in range(1, 12)
    ),
)
_FIVE_COLOURS = PricedOrder(
    lines=(PricedLine(key="a", units=1, goods_fen=9_000), PricedLine(key="b", units=1, goods_fen=1_000)),
    discounts=(
        Discount(id="all", kind="full_reduction", amount_fen=1_000, name="exactly 22 columns wid"),
        Discount(id="one", kind="coupon", amount_fen=1_000, lines=("a",)),
    ),
    tenders=(
        Tender(id="card", kind="gift_card", amount_fen=500, lines=("a",)),
        Tender(id="points", kind="points", amount_fen=300, lines=("a",)),
    ),
)
PICTURES: dict[str, Explanation] = {
    "mixed": explain(apportion(_MIXED, ApportionmentPolicy(gifts="shared"))),
    "many-steps": explain(apportion(_MANY_STEPS)),
    "five-colours": explain(apportion(_FIVE_COLOURS)),
    "one-line": explain(apportion(PricedOrder(lines=(PricedLine(key="a", units=1, goods_fen=100, title="b"),)))),
    "nothing-to-pay": explain(
        apportion(PricedOrder(lines=tuple(PricedLine(key=key, units=1, goods_fen=0) for key in "ab")))
    ),
    "units-of-a-line": explain_part((), whole_line("a", 3, (100,))),
}


def file_of(name: str) -> Path:
    """Return where a picture is kept."""
    return FOLDER / f"{name}.svg"


def drawn(name: str) -> str:
    """Return the picture as it is drawn now."""
    return svg(PICTURES[name]) + "\n"
