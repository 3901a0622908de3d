"""What comes back of an order that the buyer did not take: what is said of it, and what booking it would do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, TypeAlias
from uuid import UUID

import msgspec
from litestar import Controller, post
from litestar.params import FromPath, JSONBody

from oms_adapters.http.auth import needs
from oms_adapters.http.bodies import Body
from oms_adapters.http.doings import ReasonBody
from oms_adapters.http.idempotency import IfMatch, expected_version
from oms_adapters.http.refusals import FieldInvalid
from oms_adapters.http.views import Given, MoneyView, View
from oms_app.actor import Actor, Permission
from oms_app.coming_back import ComingBack
from oms_app.desk import OrderDesk
from oms_app.order_moves import LoseOrder, ReceiveReturn
from oms_domain.inventory.stock import warehouse_code
from oms_domain.kernel.identity import LineId, OrderId, SkuCode
from oms_domain.kernel.quantity import LARGEST_QUANTITY
from oms_domain.kernel.text import checked_text
from oms_domain.orders.coming_back import Inspected

MOST_ROWS = 1_000
LONGEST_CODE = 64
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=LARGEST_QUANTITY)]


class CameBackLineBody(Body):
    """Units of a line, or of a SKU wherever it stands on the order, as they were inspected."""

    line_id: UUID | None = None
    sku: str = ""
    good: Count = 0
    defective: Count = 0

    def inspected(self, field: str) -> Inspected:
        if (self.line_id is None) == (not self.sku):
            raise FieldInvalid(field=field, why="name either line_id or sku")
        sku = SkuCode(checked_text(self.sku, field=f"{field}.sku", longest=LONGEST_CODE)) if self.sku else None
        line_id = LineId(self.line_id) if self.line_id else None
        return Inspected(line_id=line_id, sku=sku, good=self.good, defective=self.defective)


class CameBackBody(ReasonBody, kw_only=True):
    """What came back. ``lines``: what is not named has not come; null: everything came, all of it good.

    ``warehouse``: where it came; empty: where it had left from.
    """

    lines: Annotated[list[CameBackLineBody], msgspec.Meta(max_length=MOST_ROWS)] | None = None
    warehouse: str = ""


class ComingLineView(View):
    """Units of a line."""

    line_id: UUID
    sku: str
    units: int


class ComingBackView(View):
    """What would be booked: units on the shelf, defective ones, and what is claimed from the carrier.

    ``claimed_value``: what was to be paid for the units claimed. ``refund_due``: what the buyer gets back.
    """

    id: UUID
    number: str
    warehouse: str
    good: list[ComingLineView]
    defective: list[ComingLineView]
    claimed: list[ComingLineView]
    claimed_value: MoneyView
    refund_due: MoneyView

    @classmethod
    def of(cls, plan: ComingBack) -> ComingBackView:
        return cls(
            id=plan.order_id,
            number=plan.number,
            warehouse=plan.warehouse or "",
            good=_lines(plan.good),
            defective=_lines(plan.defective),
            claimed=_lines(plan.claimed),
            claimed_value=MoneyView.of(plan.claimed_value),
            refund_due=MoneyView.of(plan.refund_due),
        )


def receipt_facts(body: Any) -> dict[str, Any]:
    """Return what a receipt says beside its reason; one for many orders says only that everything came."""
    if not isinstance(body, CameBackBody):
        return {}
    rows = body.lines
    came = None if rows is None else tuple(row.inspected(f"lines[{at}]") for at, row in enumerate(rows))
    return {"came": came, "warehouse": warehouse_code(body.warehouse) if body.warehouse else None}


class ComingBackController(Controller):
    """What booking a return or a loss would do."""

    path = "/orders"
    tags = ("Order commands",)

    @post(
        "/{order_id:uuid}/return-receipt-plan",
        operation_id="planReturnReceiptOfOrder",
        summary="Show what a receipt would book (退回入库)",
        opt=needs(Permission.ORDERS_WRITE),
        status_code=200,
        sync_to_thread=True,
    )
    def plan_return(
        self,
        order_id: FromPath[UUID],
        actor: Given[Actor],
        desk: Given[OrderDesk],
        data: JSONBody[CameBackBody | None] = None,
        if_match: IfMatch = None,
    ) -> ComingBackView:
        facts = receipt_facts(data or CameBackBody())
        command = ReceiveReturn(
            order_id=OrderId(order_id), expected_version=expected_version(if_match), by=actor, **facts
        )
        return ComingBackView.of(desk.moves.plan_return(command))

    @post(
        "/{order_id:uuid}/loss-plan",
        operation_id="planLossOfOrder",
        summary="Show what would be claimed from the carrier (丢件)",
        opt=needs(Permission.ORDERS_WRITE),
        status_code=200,
        sync_to_thread=True,
    )
    def plan_loss(
        self, order_id: FromPath[UUID], actor: Given[Actor], desk: Given[OrderDesk], if_match: IfMatch = None
    ) -> ComingBackView:
        command = LoseOrder(order_id=OrderId(order_id), expected_version=expected_version(if_match), by=actor)
        return ComingBackView.of(desk.moves.plan_loss(command))


def _lines(rows: Iterable[tuple[LineId, SkuCode, int]]) -> list[ComingLineView]:
    return [ComingLineView(line_id=line_id, sku=sku, units=units) for line_id, sku, units in rows]
