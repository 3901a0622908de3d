"""What the use cases of cases share: document numbers, taken beforehand, and the flow of one transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from attrs import frozen

from oms_app.actor import Actor
from oms_app.case_flow import LETTERS, CaseFlow
from oms_app.numbering import Numbering, NumberPool
from oms_app.ports.transaction import Begin, Clock, NewId, Transaction
from oms_app.transactions import Pause

C = TypeVar("C")
A = TypeVar("A")


@frozen(kw_only=True)
class CaseWork:
    """What it takes to change cases."""

    begin: Begin
    now: Clock
    new_id: NewId
    numbering: Numbering
    pause: Pause

    def numbered(self, act: Callable[[C, NumberPool], A], command: C, *, first: int = 2) -> A:
        """Run a transaction with the document numbers that it needs."""
        return self.numbering.run(lambda numbers: act(command, numbers), *LETTERS.values(), first=first)

    def flow(self, tx: Transaction, numbers: NumberPool, by: Actor) -> CaseFlow:
        """Return what keeps in step with a case whatever belongs to it, in one transaction."""
        return CaseFlow(tx=tx, numbers=numbers, new_id=self.new_id, at=self.now(), by=by.id)
