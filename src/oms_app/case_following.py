"""What happens elsewhere and lets cases go on: goods come back, new goods leave, a parcel is stopped or not."""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from oms_app.actor import Actor, Permission
from oms_app.case_commands import CaseAnswer, answer_of
from oms_app.case_goods import replacements, sent_by
from oms_app.case_stops import stop_for, stop_is_decided
from oms_app.case_work import CaseWork
from oms_app.numbering import NumberPool
from oms_app.transactions import one_transaction
from oms_domain.aftersales.arriving import arrived
from oms_domain.aftersales.late_stops import awaits_stop
from oms_domain.aftersales.sending import followed
from oms_domain.aftersales.states import CaseState
from oms_domain.kernel.identity import CaseId, OrderId, ReturnOrderId


@frozen(kw_only=True)
class BookArrival:
    """Goods of a return order have come and were looked at: let its case go on."""

    permission: ClassVar[Permission] = Permission.AFTERSALES_WRITE
    return_id: ReturnOrderId
    by: Actor


@frozen(kw_only=True)
class BookReplacement:
    """An order has left, or never will (``reason``): if it sends goods for a case, that follows."""

    permission: ClassVar[Permission] = Permission.AFTERSALES_WRITE
    order_id: OrderId
    reason: str = ""
    by: Actor


@frozen(kw_only=True)
class AskStop:
    """A case waits for its goods not to leave: ask who has them (拦截)."""

    permission: ClassVar[Permission] = Permission.AFTERSALES_WRITE
    case_id: CaseId
    by: Actor


@frozen(kw_only=True)
class BookStop:
    """An order has been stopped, taken back, replaced, or has left: let its cases go on. ``refused``: who would not."""

    permission: ClassVar[Permission] = Permission.AFTERSALES_WRITE
    order_id: OrderId
    refused: str = ""
    by: Actor


@frozen(kw_only=True)
class CaseFollowing(CaseWork):
    """Lets cases follow what has happened elsewhere: mostly nothing, so that no numbers are taken beforehand."""

    def book_arrival(self, command: BookArrival) -> CaseAnswer | None:
        """Let the case of a return order go on once all has come; None where that changes nothing.

        What it does not wait for (any more) is a discrepancy for a person: goods are here, and nobody claims them.
        """
        return self.numbered(self._book_arrival, command, first=0)

    def book_replacement(self, command: BookReplacement) -> CaseAnswer | None:
        """None if the order sends nothing for a case, or more is to come."""
        return self.numbered(self._book_replacement, command, first=0)

    def ask_stop(self, command: AskStop) -> CaseAnswer | None:
        """Have whoever has the goods of a case asked to stop; None where nothing waits for that any more."""
        return self.numbered(self._ask_stop, command, first=0)

    def book_stop(self, command: BookStop) -> int:
        """Let the cases that wait for a stop go on by where their order stands now; return how many did."""
        return self.numbered(self._book_stop, command, first=0)

    # -----------------------------------------------------------------------------------------------------------------

    @one_transaction
    def _book_arrival(self, command: BookArrival, numbers: NumberPool) -> CaseAnswer | None:
        numbers.start()
        with self.begin(command) as tx:
            goods = tx.returns.get(command.return_id)
            case = tx.cases.get(goods.case_id)
            change = arrived(case, goods, at=self.now())
            if change.events:
                self.flow(tx, numbers, command.by).settle(change, before=case)
            tx.commit()
        return answer_of(change.state, case) if change.events else None

    @one_transaction
    def _book_replacement(self, command: BookReplacement, numbers: NumberPool) -> CaseAnswer | None:
        numbers.start()
        with self.begin(command) as tx:
            flow, answer = self.flow(tx, numbers, command.by), None
            for case in sent_by(tx, tx.orders.get(command.order_id)):
                if case.state is CaseState.AWAITING_EXCHANGE_SHIPMENT:
                    change = followed(case, replacements(tx, case), reason=command.reason, at=flow.at)
                    answer = answer_of(flow.settle(change, before=case), case) if change.events else answer
            tx.commit()  # also where nothing follows: the job that asked is done
        return answer

    @one_transaction
    def _ask_stop(self, command: AskStop, numbers: NumberPool) -> CaseAnswer | None:
        numbers.start()
        with self.begin(command) as tx:
            case = tx.cases.get(command.case_id)
            if case.state is not CaseState.AWAITING_STOP and not awaits_stop(case):
                tx.commit()  # the job that asked is done
                return None
            after = stop_for(self.flow(tx, numbers, command.by), case)
            tx.commit()
        return answer_of(after, case)

    @one_transaction
    def _book_stop(self, command: BookStop, numbers: NumberPool) -> int:
        numbers.start()
        with self.begin(command) as tx:
            order = tx.orders.get(command.order_id)
            found = [case for id in (order.id, *order.heirs) for case in tx.cases.of_order(id)]
            open_ = [case for case in found if awaits_stop(case) or (case.is_open and case.order_id == order.id)]
            flow = self.flow(tx, numbers, command.by)
            done = sum(stop_is_decided(flow, case, refused=command.refused) for case in open_)
            tx.commit()
        return done
