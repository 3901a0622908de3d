"""Hypothesis strategies for everything that is stored: documents that are valid, but as unusual as they may be.

What they draw is what the edges let in: text that every store can hold, ids of 128 bits, amounts within
``LARGEST_FEN`` that add up. So a law over them (what is saved and loaded again is equal) must hold. Of ``fixed``
fields only the rest is drawn. Plain values stand in ``values``.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any, Final

from attrs import evolve
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from oms_domain.apportionment.policy import GiftValue
from oms_domain.apportionment.presets import NAMED
from oms_domain.channels.standard import (
    AmountMismatch,
    DiscountKind,
    Funder,
    LineRefund,
    OrderKind,
    Platform,
    PlatformState,
    Region,
    StandardDiscount,
    StandardLine,
    StandardOrder,
    StandardTender,
    TenderKind,
)
from oms_domain.fulfilment.fulfilment_order import FulfilmentLine, FulfilmentOrder, FulfilmentState, Package, WriteBack
from oms_domain.kernel.identity import CarrierCode, FulfilmentOrderId, LineId, OrderId, PackageId, VaultId
from oms_domain.kernel.money import LARGEST_FEN, Money, total
from oms_domain.orders.asks import STOPPABLE
from oms_domain.orders.flags import LONGEST_REASON, PENDING, Flag, FlagKind
from oms_domain.orders.lines import OrderLine
from oms_domain.orders.platform_order import Conversion, PlatformOrder, Trouble
from oms_domain.orders.sales_order import AddressAtPlatform, PartyRef, SalesOrder
from oms_domain.orders.states import BEFORE_WAREHOUSE, OrderState
from oms_domain.shops.shop import MOST_COMPLETE_DAYS, MOST_UNPAID_MINUTES, Authorisation, Shop, ShopPolicy
from oms_domain.testing.builders import REVIEWED, an_order_line, counts, placed
from oms_domain.testing.values import (
    LONGEST_CODE,
    LONGEST_TITLE,
    amounts,
    codes,
    ids,
    instants,
    maybe,
    numbers,
    order_nos,
    quantities,
    skus,
    texts,
    versions,
    warehouses,
)

Draw = st.DrawFn

MOST_LINES: Final = 4


# --- standard orders -------------------------------------------------------------------------------------------------


@cache
def regions() -> SearchStrategy[Region]:
    name = texts(60)
    return st.builds(Region, country=name, province=name, city=name, district=name, town=name)


@st.composite
def line_amounts(draw: Draw, ceiling_fen: int) -> dict[str, Any]:
    """Quantity and amounts of one line for which the line's identity holds, none above the ceiling (at least 10**6)."""
    quantity = draw(quantities())
    half = ceiling_fen // 2
    unit_price = draw(amounts(0, half // quantity))
    adjustment = draw(st.just(Money(0)) | amounts(-unit_price.fen * quantity, half))
    goods = unit_price * quantity + adjustment
    line_discount = draw(amounts(0, goods.fen))
    order_discount = draw(amounts(0, (goods - line_discount).fen))
    return {
        "quantity": quantity,
        "unit_price": unit_price,
        "adjustment": adjustment,
        "line_discount": line_discount,
        "order_discount": order_discount,
        "payable": goods - line_discount - order_discount,
    }


@st.composite
def standard_lines(draw: Draw, line_no: str, ceiling_fen: int = LARGEST_FEN) -> StandardLine:
    return StandardLine(
        line_no=line_no,
        item_id=draw(texts(LONGEST_CODE)),
        platform_sku_id=draw(texts(LONGEST_CODE)),
        sku=draw(maybe(skus())),
        title=draw(texts(LONGEST_TITLE)),
        spec=draw(texts()),
        picture=draw(texts()),
        state=draw(st.sampled_from(PlatformState)),
        refund=draw(st.sampled_from(LineRefund)),
        is_gift=draw(st.booleans()),
        carrier=draw(texts(60)),
        tracking_no=draw(texts(LONGEST_CODE)),
        **draw(line_amounts(ceiling_fen)),
    )


@st.composite
def standard_discounts(draw: Draw, line_nos: tuple[str, ...]) -> StandardDiscount:
    shared = draw(st.lists(st.sampled_from(line_nos), unique=True)) if line_nos else []
    return StandardDiscount(
        name=draw(texts()),
        kind=draw(st.sampled_from(DiscountKind)),
        funder=draw(st.sampled_from(Funder)),
        line_no=draw(maybe(st.sampled_from(line_nos))) if line_nos else None,
        amount=draw(amounts()),
        shares=tuple((line_no, draw(amounts())) for line_no in shared),
    )


@st.composite
def standard_tenders(draw: Draw, line_nos: tuple[str, ...]) -> StandardTender:
    shared = draw(st.lists(st.sampled_from(line_nos), unique=True)) if line_nos else []
    return StandardTender(
        name=draw(texts()),
        kind=draw(st.sampled_from(TenderKind)),
        funder=draw(st.sampled_from(Funder)),
        amount=draw(amounts(0)),
        shares=tuple((line_no, draw(amounts())) for line_no in shared),
    )


@st.composite
def standard_orders(draw: Draw, /, **fixed: Any) -> StandardOrder:
    """Orders whose identities hold, in every state and of every kind."""
    state: PlatformState = fixed.get("state") or draw(st.sampled_from(PlatformState))
    line_nos = tuple(draw(st.lists(order_nos(), min_size=1, max_size=MOST_LINES, unique=True)))
    ceiling_fen = LARGEST_FEN // (len(line_nos) + 3)
    lines = fixed.get("lines") or tuple(draw(standard_lines(line_no, ceiling_fen)) for line_no in line_nos)
    extras = {name: draw(amounts(0, ceiling_fen)) for name in ("freight", "services", "cod_fee")}
    payable = total([line.payable for line in lines if counts(line, state)]) + total(extras.values())
    facts: dict[str, Any] = {
        "platform": draw(st.sampled_from(Platform)),
        "order_no": draw(order_nos()),
        "state": state,
        "kind": draw(st.sampled_from(OrderKind)),
        "cash_on_delivery": draw(st.booleans()),
        "created_at": draw(instants()),
        "modified_at": draw(instants()),
        "paid_at": draw(maybe(instants())),
        "shipped_at": draw(maybe(instants())),
        "ended_at": draw(maybe(instants())),
        "buyer_id": draw(texts(LONGEST_CODE)),
        "buyer_handle": draw(texts(128)),
        "region": draw(regions()),
        "lines": lines,
        "discounts": tuple(draw(st.lists(standard_discounts(tuple(line.line_no for line in lines)), max_size=2))),
        **extras,
        "payable": payable,
        "paid": draw(st.just(payable) | st.just(Money(0)) | amounts(0, payable.fen)),
        "buyer_remark": draw(texts(500, lines=True)),
        "seller_remark": draw(texts(500, lines=True)),
        "seller_flag": draw(st.integers(0, 9)),
        "placed_with": draw(texts(60)),
        "promised_ship_at": draw(maybe(instants())),
    }
    return StandardOrder(**facts | fixed)


# --- documents -------------------------------------------------------------------------------------------------------


@cache
def party_refs() -> SearchStrategy[PartyRef]:
    digest = texts(LONGEST_CODE) | st.binary(min_size=32, max_size=32).map(bytes.hex)
    return st.builds(PartyRef, vault_id=ids().map(VaultId), mask=texts(), digest=digest)


@cache
def mismatches() -> SearchStrategy[AmountMismatch]:
    return st.builds(AmountMismatch, rule=codes(32), line_no=texts(LONGEST_CODE), stated=amounts(), computed=amounts())


@cache
def troubles() -> SearchStrategy[Trouble]:
    reasons = st.sampled_from(["amounts_do_not_fit", "unreadable", "unmapped_sku"])
    several = st.lists(mismatches(), max_size=3).map(tuple)
    return st.builds(Trouble, reason=reasons, field=texts(), why=texts(), mismatches=several)


@st.composite
def platform_orders(draw: Draw, /, **fixed: Any) -> PlatformOrder:
    """Pending, converted and in trouble, also with a payload that cannot be read."""
    conversion = draw(st.sampled_from(Conversion))
    in_trouble = conversion is Conversion.EXCEPTION
    standard = draw(standard_orders()) if not in_trouble or draw(st.booleans()) else None
    has_order = conversion is Conversion.CONVERTED or (in_trouble and draw(st.booleans()))
    facts: dict[str, Any] = {
        "id": draw(ids()),
        "number": draw(numbers("P")),
        "shop_id": draw(ids()),
        "platform": standard.platform if standard else draw(st.sampled_from(Platform)),
        "order_no": standard.order_no if standard else draw(order_nos()),
        "standard": standard,
        "receiver": draw(party_refs()),
        "buyer": draw(party_refs()),
        "raw": draw(ids()),
        "conversion": conversion,
        "trouble": draw(troubles()) if in_trouble else None,
        "order_id": draw(ids()) if has_order else None,
        "created_at": draw(instants()),
        "updated_at": draw(instants()),
        "version": draw(versions()),
    }
    return PlatformOrder(**facts | fixed)


@st.composite
def order_lines(draw: Draw, id: LineId, platform_line_no: str, ceiling_fen: int = LARGEST_FEN) -> OrderLine:
    facts = draw(line_amounts(ceiling_fen))
    shipped = draw(st.integers(0, facts["quantity"]))
    return an_order_line(
        id=id,
        platform_line_no=platform_line_no,
        sku=draw(skus()),
        title=draw(texts(LONGEST_TITLE)),
        spec=draw(texts()),
        refund=draw(st.sampled_from(LineRefund)),
        is_gift=draw(st.booleans()),
        is_closed=draw(st.booleans()),
        shipped=shipped,
        called_off=draw(st.sampled_from([0, 0, facts["quantity"] - shipped])),
        from_line=draw(maybe(ids().map(LineId))),
        **facts,
    )


@cache
def flags(*, pending: bool = False) -> SearchStrategy[tuple[Flag, ...]]:
    """Any number of flags, one of a kind and reason; ``pending``: somebody may have been asked to stop, for one."""

    def some(kinds: tuple[FlagKind, ...], most: int) -> SearchStrategy[list[Flag]]:
        one = st.builds(
            Flag,
            kind=st.sampled_from(kinds),
            reason=texts(LONGEST_REASON, lines=True),
            by=texts(LONGEST_CODE),
            at=instants(),
            until=maybe(instants()) if most > 1 else st.none(),
        )
        return st.lists(one, max_size=most, unique_by=lambda flag: (flag.kind, flag.reason))

    resting = some(tuple(kind for kind in FlagKind if kind not in PENDING), 3)
    asked = some(tuple(PENDING), 1) if pending else st.just([])
    return st.builds(lambda first, last: (*first, *last), resting, asked)


@st.composite
def sales_orders(draw: Draw, /, **fixed: Any) -> SalesOrder:
    """Orders in every state, of every kind, with and without flags. Their amounts add up."""
    state: OrderState = fixed.get("state") or draw(st.sampled_from(OrderState))
    line_ids = draw(st.lists(ids().map(LineId), min_size=1, max_size=MOST_LINES, unique=True))
    count = len(line_ids)
    line_nos = draw(st.lists(order_nos(), min_size=count, max_size=count, unique=True))
    ceiling_fen = LARGEST_FEN // (count + 3)
    alone = tuple(draw(order_lines(i, no, ceiling_fen)) for i, no in zip(line_ids, line_nos, strict=True))
    if state in {*BEFORE_WAREHOUSE, OrderState.IN_WAREHOUSE}:  # only of what has left in part the rest is called off
        alone = tuple(evolve(line, called_off=0) for line in alone)
    extras = {name: draw(amounts(0, ceiling_fen)) for name in ("freight", "services", "cod_fee")}
    payable = total(line.payable for line in alone) + total(extras.values())
    order_no = draw(order_nos())
    lines, steps = placed(
        alone,
        freight=extras["freight"],
        order_no=order_no,
        discounts=tuple(draw(st.lists(standard_discounts(tuple(line_nos)), max_size=3))),
        tenders=tuple(draw(st.lists(standard_tenders(tuple(line_nos)), max_size=2))),
    )
    fulfilment_ids = ids().map(FulfilmentOrderId)
    facts: dict[str, Any] = {
        "id": draw(ids()),
        "number": draw(numbers("S")),
        "shop_id": draw(ids()),
        "platform": draw(st.sampled_from(Platform)),
        "platform_order_id": draw(maybe(ids())),
        "platform_order_no": order_no,
        "kind": draw(st.sampled_from(OrderKind)),
        "cash_on_delivery": draw(st.booleans()),
        "external": draw(st.booleans()),
        "state": state,
        "lines": lines,
        "steps": steps,
        **extras,
        "payable": payable,
        "paid": draw(st.just(payable) | st.just(Money(0)) | amounts(0, payable.fen)),
        "receiver": draw(party_refs()),
        "buyer": draw(party_refs()),
        "buyer_id": draw(texts(LONGEST_CODE)),
        "buyer_handle": draw(texts(128)),
        "region": draw(regions()),
        "buyer_remark": draw(texts(500, lines=True)),
        "seller_remark": draw(texts(500, lines=True)),
        "seller_flag": draw(st.integers(0, 9)),
        "flags": draw(flags(pending=state in STOPPABLE)),
        "progress": draw(texts(32)),
        "warehouse": draw(maybe(warehouses())),
        "fulfilment_id": draw(fulfilment_ids if state in REVIEWED | STOPPABLE else maybe(fulfilment_ids)),
        "placed_at": draw(instants()),
        "paid_at": draw(maybe(instants())),
        "promised_ship_at": draw(maybe(instants())),
        "note": draw(texts(500, lines=True)),
        "mark": draw(st.integers(0, 9)),
        "tags": tuple(draw(st.lists(texts(32, shortest=1), max_size=2, unique=True))),
        "addresses_at_platform": tuple(
            draw(st.lists(st.builds(AddressAtPlatform, digest=codes(32), region=regions()), max_size=2))
        ),
        "origins": tuple(draw(st.lists(ids().map(OrderId), max_size=2))),
        "heirs": tuple(draw(st.lists(ids().map(OrderId), max_size=2))),
        "split_reasons": tuple(draw(st.lists(texts(32), max_size=2))),
        "carrier": draw(maybe(texts(32).map(CarrierCode))),
        "planned_ship_at": draw(maybe(instants())),
        "ended_at": draw(maybe(instants())),
        "planned_arrival_on": draw(maybe(instants().map(datetime.date))),
        "created_at": draw(instants()),
        "updated_at": draw(instants()),
        "version": draw(versions()),
    }
    return SalesOrder(**facts | fixed)


@st.composite
def packages(draw: Draw, id: PackageId, line_ids: list[LineId]) -> Package:
    packed = draw(st.lists(st.sampled_from(line_ids), unique=True))
    return Package(
        id=id,
        carrier=draw(texts(32)),
        tracking_no=draw(texts(LONGEST_CODE)),
        contents=tuple((line_id, draw(quantities())) for line_id in packed),
        shipped_at=draw(instants()),
        write_back=draw(st.sampled_from(WriteBack)),
        write_back_reason=draw(texts(LONGEST_REASON, lines=True)),
    )


@st.composite
def fulfilment_orders(draw: Draw, /, **fixed: Any) -> FulfilmentOrder:
    """In every state, with up to three parcels."""
    line_ids = draw(st.lists(ids().map(LineId), min_size=1, max_size=MOST_LINES, unique=True))
    package_ids = draw(st.lists(ids().map(PackageId), max_size=3, unique=True))
    facts: dict[str, Any] = {
        "id": draw(ids()),
        "number": draw(numbers("F")),
        "order_id": draw(ids()),
        "shop_id": draw(ids()),
        "warehouse": draw(warehouses()),
        "state": draw(st.sampled_from(FulfilmentState)),
        "accepted": draw(st.booleans()),
        "lines": tuple(
            FulfilmentLine(line_id=line_id, sku=draw(skus()), quantity=draw(quantities())) for line_id in line_ids
        ),
        "packages": tuple(draw(packages(package_id, line_ids)) for package_id in package_ids),
        "created_at": draw(instants()),
        "updated_at": draw(instants()),
        "version": draw(versions()),
    }
    return FulfilmentOrder(**facts | fixed)


@cache
def policies() -> SearchStrategy[ShopPolicy]:
    return st.builds(
        ShopPolicy,
        warehouse=warehouses(),
        auto_review=st.booleans(),
        auto_review_up_to=maybe(amounts(0)),
        business_review=st.booleans(),
        auto_release=st.booleans(),
        apportionment_rule=st.sampled_from(sorted(NAMED)),
        apportionment_quantum=st.integers(1, 1000),
        gift_value=st.sampled_from(GiftValue).map(str),
        sign_by_carrier=st.booleans(),
        cancelled_as_closed=st.booleans(),
        unpaid_minutes=maybe(st.integers(0, MOST_UNPAID_MINUTES)),
        complete_days=st.integers(1, MOST_COMPLETE_DAYS),
        auto_split=st.booleans(),
        split_weight_g=maybe(st.integers(1, 10**6)),
        auto_merge=st.booleans(),
        merge_window_min=st.integers(0, 1440),
        merge_weight_g=st.none() | st.integers(1, 1_000_000),
    )


@cache
def shops() -> SearchStrategy[Shop]:
    code = st.from_regex(r"[a-z0-9][a-z0-9\-]{0,31}", fullmatch=True)
    name = texts(100, shortest=1).filter(lambda text: bool(text.strip()))
    return st.builds(
        Shop,
        id=ids(),
        code=code,
        name=name,
        platform=st.sampled_from(Platform).map(str) | codes(32),
        authorisation=st.sampled_from(Authorisation),
        policy=policies(),
        created_at=instants(),
        updated_at=instants(),
        version=versions(),
    )
