"""What the processes of aftersales share: the fact, who acts, and whether a platform is to be asked."""

from __future__ import annotations

from typing import Final, TypeVar

from attrs import evolve

from oms_app.actor import Actor
from oms_app.ports.channels import AskReply, Gateways, NotConnected
from oms_app.ports.jobs import Job
from oms_domain.channels.aftersales import StandardAftersales
from oms_domain.channels.capabilities import Capability
from oms_domain.kernel.change import Event
from oms_domain.kernel.identity import ShopId

BY_AFTERSALES: Final = "aftersales"
E = TypeVar("E", bound=Event)


def event_of(job: Job, kind: type[E]) -> E:
    """Return the fact that a job follows."""
    event = job.envelope.event if job.envelope else None
    assert isinstance(event, kind)
    return event


def asking(actor: Actor) -> Actor:
    """Return the actor without its job: what it does now is not yet the whole of it."""
    return evolve(actor, job=None)


def pays(gateways: Gateways, shop_id: ShopId) -> bool:
    """Whether the shop's platform decides asks and pays refunds on our word."""
    try:
        return Capability.DECIDE_AFTERSALES in gateways.of(shop_id).capabilities
    except NotConnected:
        return False


def reply_of(ask: StandardAftersales) -> AskReply:
    """Return what an answer to an ask names."""
    return AskReply(
        refund_no=ask.refund_no, order_no=ask.order_no, amount=ask.refund, version=ask.version, phase=ask.phase
    )
