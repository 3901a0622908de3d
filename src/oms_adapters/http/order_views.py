"""What answers show of an order. Personal data only as masks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from oms_adapters.http.rule_views import DecisionView
from oms_adapters.http.views import MoneyView, View, plain
from oms_adapters.texts.catalogue import detail
from oms_app.address_doubts import address_doubts
from oms_app.journal import LogEntry
from oms_app.orders import OrderAnswer
from oms_app.queries.rows import OrderDetail, OrderRow
from oms_domain.channels.standard import Region
from oms_domain.fulfilment.fulfilment_order import FulfilmentOrder, Package
from oms_domain.fulfilment.sending import Sending
from oms_domain.kernel.errors import Refused
from oms_domain.orders.asks import Ask
from oms_domain.orders.balance import balance_due
from oms_domain.orders.flags import BLOCKS, Flag
from oms_domain.orders.lines import OrderLine
from oms_domain.orders.moves import moves_of
from oms_domain.orders.sales_order import SalesOrder

DECISION: Final = "decision"
"""What rules decided, in the log's changes."""

INTERNAL: Final = frozenset({"digest", "vault_id", "buyer_handle", DECISION})
"""Handles and blind indexes in the log's changes: of no use to a reader, of some to an attacker. A decision is shown
apart."""


class OrderRowView(View):
    """An order in a list."""

    id: UUID
    number: str
    shop_id: UUID
    platform: str
    platform_order_no: str
    state: str
    flags: list[str]
    payable: MoneyView
    paid: MoneyView
    receiver: str
    units: int
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, row: OrderRow) -> OrderRowView:
        return cls(
            id=row.id,
            number=row.number,
            shop_id=row.shop_id,
            platform=row.platform,
            platform_order_no=row.platform_order_no,
            state=row.state,
            flags=list(row.flags),
            payable=MoneyView.of(row.payable),
            paid=MoneyView.of(row.paid),
            receiver=row.receiver_mask,
            units=row.units,
            created_at=row.created_at,
            updated_at=row.updated_at,
            version=row.version,
        )


class ClosedMoveView(View):
    """A command that is not open now, and what is in its way: code, facts and text."""

    move: str
    code: str
    fields: dict[str, Any]
    text: str

    @classmethod
    def of(cls, ask: Ask, refusal: Refused, language: str) -> ClosedMoveView:
        fields = plain(refusal.fields())
        return cls(move=ask, code=refusal.code, fields=fields, text=detail(refusal.code, fields, language))


class OrderAnswerView(View):
    """What became of an order. ``moves``: the commands that are open now."""

    id: UUID
    number: str
    state: str
    flags: list[str]
    version: int
    moves: list[str]

    @classmethod
    def of(cls, answer: OrderAnswer) -> OrderAnswerView:
        return cls(
            id=answer.id,
            number=answer.number,
            state=answer.state,
            flags=list(answer.flags),
            version=answer.version,
            moves=list(answer.moves),
        )


class LineView(View):
    """Units of one SKU with their amounts: price × quantity + adjustment − both discounts = payable."""

    id: UUID
    platform_line_no: str
    sku: str
    title: str
    spec: str
    quantity: int
    shipped: int
    called_off: int  # units that will not leave
    unit_price: MoneyView
    adjustment: MoneyView
    line_discount: MoneyView
    order_discount: MoneyView
    payable: MoneyView
    refund: str
    is_gift: bool
    is_closed: bool
    sold_as: str  # what the platform calls the goods
    bundle: str | None  # the bundle that it is a part of
    bundle_quantity: int | None
    from_line: UUID | None  # the line of the order that it was split off or merged from
    platform_order_no: str

    @classmethod
    def of(cls, line: OrderLine, order: SalesOrder) -> LineView:
        return cls(
            id=line.id,
            platform_line_no=line.platform_line_no,
            sku=line.sku,
            title=line.title,
            spec=line.spec,
            quantity=line.quantity,
            shipped=line.shipped,
            called_off=line.called_off,
            unit_price=MoneyView.of(line.unit_price),
            adjustment=MoneyView.of(line.adjustment),
            line_discount=MoneyView.of(line.line_discount),
            order_discount=MoneyView.of(line.order_discount),
            payable=MoneyView.of(line.payable),
            refund=line.refund,
            is_gift=line.is_gift,
            is_closed=line.is_closed,
            sold_as=line.goods_code,
            bundle=line.bundle.code if line.bundle else None,
            bundle_quantity=line.bundle.quantity if line.bundle else None,
            from_line=line.from_line,
            platform_order_no=order.source_of(line)[1],
        )


class FlagView(View):
    """What stands beside an order's state: why, by whom, until when, and the commands that it is in the way of."""

    kind: str
    reason: str
    by: str
    at: datetime
    until: datetime | None
    rule: str | None  # that has set it, as ``id@version``
    blocks: list[str]

    @classmethod
    def of(cls, flag: Flag) -> FlagView:
        return cls(
            kind=flag.kind,
            reason=flag.reason,
            by=flag.by,
            at=flag.at,
            until=flag.until,
            rule=f"{flag.rule[0]}@{flag.rule[1]}" if flag.rule else None,
            blocks=sorted(BLOCKS[flag.kind]),
        )


class PackageLineView(View):
    """Units of an order line in a parcel."""

    line_id: UUID
    quantity: int


class PackageView(View):
    """A parcel that has left, and whether the platform knows of it."""

    id: UUID
    carrier: str
    tracking_no: str
    shipped_at: datetime
    contents: list[PackageLineView]
    write_back: str
    write_back_reason: str

    @classmethod
    def of(cls, package: Package) -> PackageView:
        return cls(
            id=package.id,
            carrier=package.carrier,
            tracking_no=package.tracking_no,
            shipped_at=package.shipped_at,
            contents=[PackageLineView(line_id=line_id, quantity=units) for line_id, units in package.contents],
            write_back=package.write_back,
            write_back_reason=package.write_back_reason,
        )


class WaitsView(View):
    """Why it is not at its warehouse yet, since when, and when it is sent again; null: a person must see to it."""

    since: datetime
    reason: str
    next_at: datetime | None

    @classmethod
    def of(cls, sending: Sending) -> WaitsView:
        assert sending.waits_since is not None
        return cls(since=sending.waits_since, reason=sending.reason, next_at=sending.next_at)


class FulfilmentView(View):
    """What the warehouse ships of an order."""

    id: UUID
    number: str
    warehouse: str
    state: str
    accepted: bool
    packages: list[PackageView]
    waits: WaitsView | None = None  # where it could not be sent to the warehouse until now

    @classmethod
    def of(cls, fulfilment: FulfilmentOrder, waits: Sending | None = None) -> FulfilmentView:
        return cls(
            id=fulfilment.id,
            number=fulfilment.number,
            warehouse=fulfilment.warehouse,
            state=fulfilment.state,
            accepted=fulfilment.accepted,
            packages=[PackageView.of(package) for package in fulfilment.packages],
            waits=WaitsView.of(waits) if waits else None,
        )


class FieldChange(View):
    """A field before and after. A part of the order stands as ``lines.<id>.<field>``."""

    field: str
    before: Any
    after: Any


class LogView(View):
    """One line of the operation log: who, when, what, from what to what, why."""

    seq: int
    at: datetime
    what: str
    who: str
    why: str
    changes: list[FieldChange]
    decision: DecisionView | None  # of rules, where one was made
    request_id: str
    cause: UUID | None

    @classmethod
    def of(cls, entry: LogEntry) -> LogView:
        return cls(
            seq=entry.seq,
            at=entry.at,
            what=entry.kind,
            who=entry.actor,
            why=entry.reason,
            changes=list(changes_of(entry.changes)),
            decision=DecisionView.of(entry.changes[DECISION][1]) if DECISION in entry.changes else None,
            request_id=entry.request_id,
            cause=entry.cause,
        )


class RegionView(View):
    """Where it goes, as far as rules need it."""

    country: str
    province: str
    city: str
    district: str
    town: str

    @classmethod
    def of(cls, region: Region) -> RegionView:
        return cls(
            country=region.country,
            province=region.province,
            city=region.city,
            district=region.district,
            town=region.town,
        )


class OrderView(View):
    """All there is to show of one order. ``moves``: the commands that are open now, ``closed_moves`` the others."""

    id: UUID
    number: str
    version: int
    state: str
    progress: str
    moves: list[str]
    closed_moves: list[ClosedMoveView]
    flags: list[FlagView]
    shop_id: UUID
    platform: str
    platform_order_id: UUID | None
    platform_order_no: str
    kind: str
    source: str
    business: str
    delivery: str
    original_id: UUID | None  # that a reissue is for
    cash_on_delivery: bool
    external: bool
    lines: list[LineView]
    freight: MoneyView
    services: MoneyView
    cod_fee: MoneyView
    payable: MoneyView
    paid: MoneyView
    balance_due: MoneyView  # of a presale
    receiver: str
    buyer: str
    region: RegionView
    address_doubts: list[str]  # of its divisions: missing, unknown, or not in one another
    buyer_remark: str
    seller_remark: str
    seller_flag: int
    warehouse: str | None
    carrier: str | None
    fulfilment: FulfilmentView | None
    placed_at: datetime
    paid_at: datetime | None
    promised_ship_at: datetime | None
    planned_ship_at: datetime | None
    planned_arrival_on: date | None
    note: str  # our own remark
    mark: int
    tags: list[str]
    origins: list[UUID]  # what it came from: the parent of a split, the sources of a merge
    heirs: list[UUID]  # what goes on for it: the children of a split, the order that it was merged into
    split_reasons: list[str]
    created_at: datetime
    updated_at: datetime
    log: list[LogView]

    @classmethod
    def of(cls, shown: OrderDetail, language: str) -> OrderView:
        order: SalesOrder = shown.order
        region, moves = order.region, moves_of(order)
        return cls(
            id=order.id,
            number=order.number,
            version=order.version,
            state=order.state,
            progress=order.progress,
            moves=[str(ask) for ask in moves.open],
            closed_moves=[ClosedMoveView.of(ask, refusal, language) for ask, refusal in moves.closed],
            flags=[FlagView.of(flag) for flag in order.flags],
            shop_id=order.shop_id,
            platform=order.platform,
            platform_order_id=order.platform_order_id,
            platform_order_no=order.platform_order_no,
            kind=order.kind,
            source=order.source,
            business=order.business,
            delivery=order.delivery,
            original_id=order.original_id,
            cash_on_delivery=order.cash_on_delivery,
            external=order.external,
            lines=[LineView.of(line, order) for line in order.lines],
            freight=MoneyView.of(order.freight),
            services=MoneyView.of(order.services),
            cod_fee=MoneyView.of(order.cod_fee),
            payable=MoneyView.of(order.payable),
            paid=MoneyView.of(order.paid),
            balance_due=MoneyView.of(balance_due(order)),
            receiver=order.receiver.mask,
            buyer=order.buyer.mask,
            region=RegionView.of(region),
            address_doubts=list(address_doubts(region)) if region != Region() else [],
            buyer_remark=order.buyer_remark,
            seller_remark=order.seller_remark,
            seller_flag=order.seller_flag,
            warehouse=order.warehouse,
            carrier=order.carrier,
            fulfilment=FulfilmentView.of(shown.fulfilment, shown.waits) if shown.fulfilment else None,
            placed_at=order.placed_at,
            paid_at=order.paid_at,
            promised_ship_at=order.promised_ship_at,
            planned_ship_at=order.planned_ship_at,
            planned_arrival_on=order.planned_arrival_on,
            note=order.note,
            mark=order.mark,
            tags=list(order.tags),
            origins=list(order.origins),
            heirs=list(order.heirs),
            split_reasons=list(order.split_reasons),
            created_at=order.created_at,
            updated_at=order.updated_at,
            log=[LogView.of(entry) for entry in shown.log],
        )


def etag_of(detail: OrderDetail) -> str:
    """Return the ETag of an order as it is shown: its version first, then what else is in the picture."""
    fulfilment = detail.fulfilment.version if detail.fulfilment else 0
    last = detail.log[-1].seq if detail.log else 0
    return f'"{detail.order.version}-{fulfilment}.{last}"'


def changes_of(changes: Mapping[str, Any], path: str = "") -> Iterator[FieldChange]:
    """Flatten what the journal nests: fields are pairs, parts are tables of fields."""
    for name, change in changes.items():
        field = f"{path}{name}"
        if isinstance(change, Mapping):
            yield from changes_of(change, f"{field}.")
        elif name not in INTERNAL:
            before, after = change
            yield FieldChange(field=field, before=_public(before), after=_public(after))


def _public(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _public(each) for name, each in value.items() if name not in INTERNAL}
    if isinstance(value, list | tuple):
        return [_public(each) for each in value]
    return value
