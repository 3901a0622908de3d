"""Who gets the next ticket (分配): by turns, or to who has least to do. Pure: the queue and the agents come in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from attrs import field, frozen

from oms_domain.aftersales.tickets import Agent, Ticket, TicketKind, TicketState
from oms_domain.kernel.errors import Invalid, Refused
from oms_domain.kernel.identity import ShopId, TicketId


@frozen(kw_only=True)
class NobodyToAssign(Refused):
    """No agent is present who serves the shop and kind and has room."""

    code: ClassVar[str] = "tickets.nobody_to_assign"
    ticket_id: TicketId


@frozen(kw_only=True)
class AgentUnknown(Invalid):
    """The shop has named who takes tickets, and nobody is called so."""

    code: ClassVar[str] = "tickets.agent_unknown"
    agent: Agent


@frozen(kw_only=True)
class Desk:
    """What an agent takes on. ``shops`` and ``kinds``: empty means all; ``most_open``: 0 means any number."""

    agent: Agent
    is_present: bool = True
    shops: frozenset[ShopId] = field(default=frozenset(), converter=frozenset)
    kinds: frozenset[TicketKind] = field(default=frozenset(), converter=frozenset)
    most_open: int = 0

    def takes(self, ticket: Ticket, load: int) -> bool:
        """Whether the agent may get a ticket, having ``load`` open ones."""
        serves = (not self.shops or ticket.shop_id in self.shops) and (not self.kinds or ticket.kind in self.kinds)
        return self.is_present and serves and (not self.most_open or load < self.most_open)


@frozen(kw_only=True)
class Turn:
    """Whose turn it was last at a shop (轮到谁). ``number``: how many there were; who takes the next one counts on."""

    shop_id: ShopId
    last: Agent | None = None
    number: int = 0


def known_agent(agent: Agent, desks: Sequence[Desk], *, field: str) -> Agent:
    """Return an agent that a person has named. Of a shop that names none any name is good.

    Raises:
        AgentUnknown.
    """
    if desks and agent not in (desk.agent for desk in desks):
        raise AgentUnknown(field=field, agent=agent)
    return agent


def loads(tickets: Iterable[Ticket]) -> dict[Agent, int]:
    """Return how many tickets that are not done each agent has."""
    found: dict[Agent, int] = {}
    for ticket in tickets:
        if ticket.assignee is not None and ticket.state is not TicketState.DONE:
            found[ticket.assignee] = found.get(ticket.assignee, 0) + 1
    return found


def by_turns(ticket: Ticket, desks: Sequence[Desk], load: Mapping[Agent, int], *, last: Agent | None) -> Agent:
    """Return whose turn it is (round robin): the next after ``last`` in the given order who may take it.

    An agent who left since is skipped, and so is who has it already; one who came in takes part from the next turn.

    Raises:
        NobodyToAssign.
    """
    at = next((at for at, desk in enumerate(desks) if desk.agent == last), -1)
    turns = (*desks[at + 1 :], *desks[: at + 1])
    for desk in turns:
        if desk.agent != ticket.assignee and desk.takes(ticket, load.get(desk.agent, 0)):
            return desk.agent
    raise NobodyToAssign(ticket_id=ticket.id)


def by_load(ticket: Ticket, desks: Sequence[Desk], load: Mapping[Agent, int]) -> Agent:
    """Return who may take it and has the fewest open tickets; of equals the first in the given order.

    Raises:
        NobodyToAssign.
    """
    able = [desk.agent for desk in desks if desk.takes(ticket, load.get(desk.agent, 0))]
    if not able:
        raise NobodyToAssign(ticket_id=ticket.id)
    return min(able, key=lambda agent: load.get(agent, 0))
