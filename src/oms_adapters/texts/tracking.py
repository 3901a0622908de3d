"""What a buyer is told of an order, in words."""

from __future__ import annotations

from oms_adapters.texts.catalogue import catalogue
from oms_domain.orders.buyer import BuyerState, TrackingStep


def buyer_text(state: BuyerState | None, language: str) -> str:
    """Return where an order stands for its buyer; empty where other orders go on for it.

    >>> buyer_text(BuyerState.TO_SHIP, "zh"), buyer_text(BuyerState.TO_SHIP, "en"), buyer_text(None, "zh")
    ('待发货', 'Awaiting shipment', '')
    """
    return str(catalogue(language)["buyer_states"][state]) if state else ""


def step_text(step: TrackingStep, language: str) -> str:
    """Return a step in words; what a carrier has told stands in its own."""
    texts = catalogue(language)["tracking_steps"]
    if step.text:
        return step.text
    expected = step.arrives_on.isoformat() if step.arrives_on else ""
    facts = {"warehouse": step.warehouse, "carrier": step.carrier, "tracking_no": step.tracking_no, "day": expected}
    return str(texts["expected" if expected else step.kind]).format_map(facts)
