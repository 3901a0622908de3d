"""What the buyer sees of an order: for shop fronts, and for customer service that answers for them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Controller, Request, get
from litestar.params import FromPath

from oms_adapters.http.auth import needs
from oms_adapters.http.languages import language_of
from oms_adapters.http.views import Given, View
from oms_adapters.texts.tracking import buyer_text, step_text
from oms_app.actor import Actor
from oms_app.buyer import BuyerView, BuyerViews, ReadBuyerView
from oms_domain.kernel.identity import OrderId
from oms_domain.orders.buyer import TrackingStep


class StepView(View):
    """One line of what the buyer is told. ``text`` is in the caller's language; a carrier's words are its own."""

    at: datetime
    kind: str
    text: str
    carrier: str
    tracking_no: str
    place: str

    @classmethod
    def of(cls, step: TrackingStep, language: str) -> StepView:
        return cls(
            at=step.at,
            kind=step.kind,
            text=step_text(step, language),
            carrier=step.carrier,
            tracking_no=step.tracking_no,
            place=step.place,
        )


class OrderAsSeenView(View):
    """An order as its buyer sees it. ``state`` is null where other orders go on for it: ``heirs``."""

    id: UUID
    number: str
    state: str | None
    text: str
    in_aftersales: bool
    heirs: list[UUID]
    steps: list[StepView]

    @classmethod
    def of(cls, seen: BuyerView, language: str) -> OrderAsSeenView:
        return cls(
            id=seen.id,
            number=seen.number,
            state=seen.state,
            text=buyer_text(seen.state, language),
            in_aftersales=seen.in_aftersales,
            heirs=list(seen.heirs),
            steps=[StepView.of(step, language) for step in seen.steps],
        )


class OrderTrackingController(Controller):
    """The buyer's side of an order."""

    path = "/orders"
    tags = ("Orders",)

    @get(
        "/{order_id:uuid}/tracking",
        operation_id="trackOrder",
        opt=needs(ReadBuyerView.permission),
        sync_to_thread=True,
    )
    def tracking(
        self,
        order_id: FromPath[UUID],
        request: Request[Any, Any, Any],
        actor: Given[Actor],
        buyer_views: Given[BuyerViews],
    ) -> OrderAsSeenView:
        """Tell what the buyer sees: where the order stands, and each step on its way, oldest first (订单跟踪)."""
        seen = buyer_views.of(ReadBuyerView(order_id=OrderId(order_id), by=actor))
        return OrderAsSeenView.of(seen, language_of(request.headers.get("accept-language", "")))
