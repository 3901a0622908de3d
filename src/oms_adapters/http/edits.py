"""Editing orders in review (批量修改): what an edit would make, doing it, and what came in between on a stale page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import groupby
from typing import Annotated, Any, ClassVar, Final, Literal
from uuid import UUID

import msgspec
from attrs import frozen
from litestar import Controller, Request, Response, patch, post
from litestar.params import FromPath, JSONBody

from oms_adapters.http.addresses import RecognisedView, recognised
from oms_adapters.http.auth import needs
from oms_adapters.http.batch_jobs import WORKED_ON, BatchView, taken
from oms_adapters.http.batches import MOST_ROWS, PutRows, Rows, all_rows, each
from oms_adapters.http.bodies import Body, as_body
from oms_adapters.http.idempotency import IfMatch, expected_version, version_of_edit
from oms_adapters.http.order_views import OrderAnswerView, RegionView, changes_of
from oms_adapters.http.refusals import VersionMissing
from oms_adapters.http.splits import LONGEST_SKU, WantedBody
from oms_adapters.http.views import Given, MoneyView, View
from oms_app.actor import Actor, Permission
from oms_app.address_edits import AddressWanted
from oms_app.batches import BatchService, StartEach
from oms_app.editing import NEVER, EditAnswer, EditOrder, EditService, Holding, Replace
from oms_app.journal import LogEntry
from oms_app.ports.transaction import VersionIsNot
from oms_app.queries.rows import Queries
from oms_app.splitting import Wanted
from oms_domain.addresses.recognise import LONGEST_PASTE
from oms_domain.fulfilment.sourcing.records import carrier_code
from oms_domain.inventory.stock import warehouse_code
from oms_domain.kernel.codes import sku_code
from oms_domain.kernel.identity import CarrierCode, OrderId
from oms_domain.kernel.quantity import LARGEST_QUANTITY
from oms_domain.kernel.text import checked_text
from oms_domain.orders.editing import LONGEST_NOTE, MOST_MARK, MOST_TAGS

MOST_GOODS: Final = 1_000
LONGEST_TAG: Final = 40
_SEEN: Final = re.compile(r'"\d{1,9}-\d{1,9}\.(\d{1,9})"', re.ASCII)


class AddressBody(Body):
    """What is to be different of the address: field by field, or one pasted ``text``, or both. Sealed at once."""

    text: Annotated[str, msgspec.Meta(max_length=LONGEST_PASTE)] = ""
    name: str | None = None
    mobile: str | None = None
    phone: str | None = None
    street: str | None = None
    zip: str | None = None
    province: str | None = None
    city: str | None = None
    district: str | None = None
    town: str | None = None

    def wanted(self) -> AddressWanted:
        return AddressWanted(**{name: getattr(self, name) for name in self.__struct_fields__})


class ReplaceBody(Body):
    """Another SKU for a line, or for every line of a SKU; the amounts stay."""

    by: str
    line_id: UUID | None = None
    sku: str = ""

    def replace(self, at: int) -> Replace:
        wanted = WantedBody(units=1, line_id=self.line_id, sku=self.sku).wanted(f"replacements[{at}]")
        by = sku_code(self.by, field=f"replacements[{at}].by")
        return Replace(line_id=wanted.line_id, sku=wanted.sku, by=by)


class LeftBody(WantedBody):
    """Units that are to be left of a line, or of a SKU; 0 drops it."""

    units: Annotated[int, msgspec.Meta(ge=0, le=LARGEST_QUANTITY)]


class GiftBody(Body):
    """Units of a gift to put on the order for nothing."""

    sku: Annotated[str, msgspec.Meta(max_length=LONGEST_SKU)]
    units: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_QUANTITY)] = 1


Tags = Annotated[list[str], msgspec.Meta(max_length=MOST_TAGS)]


class EditBody(Body, kw_only=True):
    """What is to be different. What is not named stays.

    ``carrier`` empty: none any more. ``clear_carrier``: let go of a carrier that does not fit the warehouse named.
    """

    note: Annotated[str, msgspec.Meta(max_length=LONGEST_NOTE)] | None = None
    mark: Annotated[int, msgspec.Meta(ge=0, le=MOST_MARK)] | None = None
    add_tags: Tags = []  # noqa: RUF012
    remove_tags: Tags = []  # noqa: RUF012
    ship_on: date | None = None
    clear_ship_on: bool = False
    warehouse: str | None = None
    carrier: str | None = None
    clear_carrier: bool = False
    address: AddressBody | None = None
    replacements: Annotated[list[ReplaceBody], msgspec.Meta(max_length=MOST_GOODS)] = []  # noqa: RUF012
    quantities: Annotated[list[LeftBody], msgspec.Meta(max_length=MOST_GOODS)] = []  # noqa: RUF012
    add_gifts: Annotated[list[GiftBody], msgspec.Meta(max_length=MOST_GOODS)] = []  # noqa: RUF012
    remove_gifts: Annotated[list[str], msgspec.Meta(max_length=MOST_GOODS)] = []  # noqa: RUF012
    reason: Annotated[str, msgspec.Meta(max_length=LONGEST_NOTE)] = ""

    def command(self, order_id: UUID, actor: Actor, expected: int | None) -> EditOrder:
        def tags(name: str) -> tuple[str, ...]:
            return tuple(checked_text(tag, field=name, longest=LONGEST_TAG) for tag in getattr(self, name))

        def wanted(at: int, left: LeftBody) -> Wanted:
            return left.wanted(f"quantities[{at}]")

        carrier = carrier_code(self.carrier, field="carrier") if self.carrier else self.carrier
        return EditOrder(
            order_id=OrderId(order_id),
            note=self.note,
            mark=self.mark,
            add_tags=tags("add_tags"),
            remove_tags=tags("remove_tags"),
            ship_on=NEVER if self.clear_ship_on else self.ship_on,
            warehouse=warehouse_code(self.warehouse) if self.warehouse is not None else None,
            carrier=None if carrier is None else CarrierCode(carrier),
            clear_carrier=self.clear_carrier,
            address=self.address.wanted() if self.address else None,
            replacements=tuple(replace.replace(at) for at, replace in enumerate(self.replacements)),
            quantities=tuple(wanted(at, left) for at, left in enumerate(self.quantities)),
            add_gifts=tuple((sku_code(gift.sku, field="add_gifts"), gift.units) for gift in self.add_gifts),
            remove_gifts=tuple(sku_code(sku, field="remove_gifts") for sku in self.remove_gifts),
            expected_version=expected,
            reason=self.reason,
            by=actor,
        )


class EditRow(EditBody, kw_only=True):
    """An order of a batch, edited as it would be alone. ``version``: the one that was read; ``*``: any will do."""

    id: UUID
    version: Annotated[int, msgspec.Meta(ge=1)] | Literal["*"] | None = None

    def edit(self, actor: Actor) -> EditOrder:
        """Raises ``VersionMissing``, and as ``command``."""
        if self.version is None:
            raise VersionMissing
        return self.command(self.id, actor, None if self.version == "*" else self.version)


class HoldingView(View):
    """Units that an order holds in a warehouse."""

    sku: str
    warehouse: str
    units: int

    @classmethod
    def of(cls, holding: Holding) -> HoldingView:
        return cls(sku=holding.sku, warehouse=holding.warehouse, units=holding.units)


class MissingView(View):
    """Units of a SKU that are not to be had."""

    sku: str
    units: int


class EditView(View):
    """What an edit makes of an order, or would make: its money, and what it held and holds.

    ``recognised``: of a plan, what a pasted address says; who asks has typed it.
    """

    order: OrderAnswerView
    what: list[str]
    refund_due: MoneyView
    payable: MoneyView
    receiver: str
    region: RegionView
    recognised: RecognisedView | None
    doubts: list[str]  # of an address, for a person to look at
    warehouse: str | None
    carrier: str | None
    held: list[HoldingView]
    holds: list[HoldingView]
    missing: list[MissingView]
    parts: list[UUID]  # orders that it was split into, because no warehouse has all of it

    @classmethod
    def of(cls, answer: EditAnswer, *, pasted: str = "") -> EditView:
        return cls(
            order=OrderAnswerView.of(answer.order),
            what=list(answer.what),
            refund_due=MoneyView.of(answer.refund_due),
            payable=MoneyView.of(answer.payable),
            receiver=answer.receiver,
            region=RegionView.of(answer.region),
            recognised=recognised(pasted),
            doubts=list(answer.doubts),
            warehouse=answer.warehouse,
            carrier=answer.carrier,
            held=[HoldingView.of(holding) for holding in answer.held],
            holds=[HoldingView.of(holding) for holding in answer.holds],
            missing=[MissingView(sku=sku, units=units) for sku, units in answer.missing],
            parts=list(answer.parts),
        )


@frozen(kw_only=True)
class ChangedSince(VersionIsNot):
    """The order has changed since the caller read it; ``changes`` says how."""

    code: ClassVar[str] = "orders.changed_since"
    changes: tuple[dict[str, Any], ...]  # field, before, after, who, what and when


class EditsController(Controller):
    """Editing orders that await review."""

    path = "/orders"
    tags = ("Order commands",)

    @post(
        "/{order_id:uuid}/edit-plan",
        operation_id="planEditOfOrder",
        summary="Show what an edit would make of money and stock",
        opt=needs(Permission.ORDERS_WRITE),
        status_code=200,
        sync_to_thread=True,
    )
    def plan(
        self,
        order_id: FromPath[UUID],
        data: JSONBody[EditBody],
        actor: Given[Actor],
        edits: Given[EditService],
        queries: Given[Queries],
        if_match: IfMatch = None,
    ) -> EditView:
        command = data.command(order_id, actor, expected_version(if_match))
        pasted = data.address.text if data.address else ""
        return EditView.of(_telling(queries, command, if_match, edits.preview), pasted=pasted)

    @patch(
        "/{order_id:uuid}",
        operation_id="editOrder",
        summary="Change an order in review (改单)",
        opt=needs(EditOrder.permission, changes=True),
        sync_to_thread=True,
    )
    def edit(
        self,
        order_id: FromPath[UUID],
        data: JSONBody[EditBody],
        actor: Given[Actor],
        edits: Given[EditService],
        queries: Given[Queries],
        if_match: IfMatch = None,
    ) -> Response[EditView]:
        """Change an order; ``If-Match`` names the version that it was read in. Stale: 412 with what changed since."""
        command = data.command(order_id, actor, version_of_edit(if_match))
        view = EditView.of(_telling(queries, command, if_match, edits.edit))
        return Response(content=view, headers={"ETag": f'"{view.order.version}"'})

    @post(
        "/edits",
        operation_id="editOrders",
        summary="Change orders in review (批量修改): up to 100 at once, more in the background",
        responses=WORKED_ON,
        opt=needs(EditOrder.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )
    def edit_many(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[Rows],
        actor: Given[Actor],
        edits: Given[EditService],
        queries: Given[Queries],
        batches: Given[BatchService],
    ) -> Response[PutRows[EditView] | BatchView]:
        """Change orders, each row as it would be sent alone, with the ``version`` it is of.

        Of more than 100 every row must be readable.
        """
        if len(data.rows) > MOST_ROWS:

            def read(plain: Any) -> EditOrder:
                return as_body(plain, EditRow).edit(actor)

            return taken(batches.start_each(StartEach(commands=all_rows(data, read), by=actor)))

        def put(row: EditRow, by: Actor) -> tuple[str, EditView]:
            return "done", EditView.of(_telling(queries, row.edit(by), None, edits.edit))

        return Response(content=each(data, EditRow, put, request=request, actor=actor))


def _telling(
    queries: Queries, command: EditOrder, if_match: str | None, act: Callable[[EditOrder], EditAnswer]
) -> EditAnswer:
    """Act; on a stale version say what changed since. Raises ``ChangedSince``."""
    try:
        return act(command)
    except VersionIsNot as stale:
        log = queries.order(command.by, command.order_id).log
        seen = _SEEN.fullmatch((if_match or "").strip())
        later = [entry for entry in log if entry.seq > int(seen[1])] if seen else _last(log, stale)
        raise ChangedSince(expected=stale.expected, current=stale.current, changes=tuple(_changes(later))) from None


def _last(log: Sequence[LogEntry], stale: VersionIsNot) -> list[LogEntry]:
    """Return the entries of the versions that came since: each was stored by one actor at one moment."""
    stored = [list(group) for _, group in groupby(log, key=lambda entry: (entry.at, entry.actor, entry.request_id))]
    since = max(stale.current - stale.expected, 0)
    return [entry for group in stored[-since:] for entry in group] if since else []


def _changes(entries: Sequence[LogEntry]) -> Iterator[dict[str, Any]]:
    for entry in entries:
        for change in changes_of(entry.changes):
            values = {"field": change.field, "before": change.before, "after": change.after}
            yield values | {"who": entry.actor, "what": entry.kind, "at": entry.at}
