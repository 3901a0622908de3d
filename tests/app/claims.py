"""Words of the tests about aftersales: orders on their way, asks of a platform, cases and what they come to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from attrs import evolve
from tests.app.world import ROOT, World, later

from oms_app.asks import AskAnswer, AskArrival, TakeInAsk
from oms_app.case_commands import ApproveCase, AskedLine, CaseAnswer, OpenCase, RejectCase
from oms_app.orders import ApproveOrder
from oms_app.queries.aftersales import AftersalesFilter
from oms_domain.aftersales.case import AftersalesCase
from oms_domain.aftersales.returns import ReturnOrder
from oms_domain.aftersales.states import CaseKind
from oms_domain.aftersales.tickets import Ticket
from oms_domain.channels.aftersales import StandardAftersales
from oms_domain.channels.standard import Platform, PlatformState, StandardOrder
from oms_domain.kernel.identity import CaseId, OrderId, VaultId
from oms_domain.kernel.money import Money
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.refunds.refund_order import RefundOrder
from oms_domain.shops.shop import Shop
from oms_domain.testing.aftersales import a_standard_ask
from oms_domain.testing.builders import HAT, SCARF, a_standard_order

ALL = AftersalesFilter()


class Claims:
    """A shop with one order of two scarves (94.00 each) and a hat (40.00), and freight of 8.00."""

    def __init__(self, world: World, standard: StandardOrder | None = None, **policy: Any) -> None:
        self.world = world
        self.shop: Shop = world.a_shop(**policy)
        world.receive(SCARF, HAT)
        self.standard = standard or a_standard_order()
        self.order_id: OrderId = world.an_order(self.shop, self.standard)

    # --- the order ---------------------------------------------------------------------------------------------------

    @property
    def order(self) -> SalesOrder:
        return self.world.order(self.order_id)

    def at_the_warehouse(self) -> Any:
        return self.world.at_warehouse(self.order_id)

    def shipped(self, signed: bool = True) -> Claims:
        """Let it leave, and come."""
        world = self.world
        world.warehouse.ships(self.at_the_warehouse(), world.clock())
        world.watch_warehouse()
        world.settle()
        if signed:
            world.take_in(self.shop, later(self.standard, world.clock, state=PlatformState.SHIPPED))
            self.signed()
        return self

    def signed(self) -> None:
        from oms_app.orders import SignOrder

        self.world.orders.sign(SignOrder(order_id=self.order_id, by=ROOT))
        self.world.settle()

    def approved(self) -> None:
        self.world.give(ApproveOrder, self.order_id)

    # --- by hand -----------------------------------------------------------------------------------------------------

    def open(self, kind: CaseKind, *units: int, **changes: Any) -> CaseId:
        """Open a case for so many units of each line in turn; none: one of the first."""
        lines = tuple(
            AskedLine(line_id=line.id, units=count)
            for line, count in zip(self.order.lines, units or (1,), strict=False)
            if count
        )
        facts = {"order_id": self.order_id, "kind": kind, "lines": lines, "reason": "尺寸", "by": ROOT}
        answer = self.world.cases.open(OpenCase(**facts | changes))
        self.world.settle()
        return answer.id

    def approve(self, case_id: CaseId, **changes: Any) -> CaseAnswer:
        return self.do("approve", ApproveCase, case_id, **changes)

    def reject(self, case_id: CaseId, reason: str = "不符合") -> CaseAnswer:
        return self.do("reject", RejectCase, case_id, reason=reason)

    def do(self, name: str, command: Any, case_id: CaseId, **changes: Any) -> Any:
        answer = getattr(self.world.cases, name)(command(case_id=case_id, **{"by": ROOT} | changes))
        self.world.settle()
        return answer

    # --- the platform ------------------------------------------------------------------------------------------------

    def an_ask(self, **changes: Any) -> StandardAftersales:
        """Return an ask for one of the scarves: 94.00."""
        now = self.world.clock()
        facts = {"order_no": self.standard.order_no, "created_at": now, "modified_at": now}
        return a_standard_ask(**facts | changes)

    def hears(self, ask: StandardAftersales, *, settle: bool = True) -> AskAnswer:
        """Take in what a push would bring; the platform has it so."""
        world = self.world
        raw = world.platform.asks_for(ask)
        return self.hears_raw(ask, raw, settle=settle)

    def hears_raw(self, ask: StandardAftersales, raw: bytes, *, settle: bool = True) -> AskAnswer:
        world = self.world
        sealed = world.sealer.seal_raw(raw, shop_id=self.shop.id, id=VaultId(world.new_id()))
        arrival = AskArrival(refund_no=ask.refund_no, order_no=ask.order_no, standard=ask, raw=sealed)
        taken = TakeInAsk(shop_id=self.shop.id, platform=Platform.TAOBAO, arrival=arrival, by=ROOT)
        answer = world.asks.take_in(taken)
        if settle:
            world.settle()
        return answer

    def hears_again(self, ask: StandardAftersales, **changes: Any) -> AskAnswer:
        """Take in a newer version."""
        return self.hears(evolve(ask, **{"modified_at": ask.modified_at + timedelta(minutes=1)} | changes))

    # --- what it came to ---------------------------------------------------------------------------------------------

    def case(self, case_id: CaseId | None = None) -> AftersalesCase:
        queries = self.world.store.aftersales_queries
        if case_id is not None:
            return queries.case(ROOT, case_id).document  # type: ignore[no-any-return]
        (found,) = queries.cases(ROOT, ALL, after=None, limit=10)
        return found  # type: ignore[no-any-return]

    @property
    def refund(self) -> RefundOrder:
        (found,) = self.refunds
        return found

    @property
    def refunds(self) -> tuple[RefundOrder, ...]:
        """Oldest first."""
        found = self.world.store.aftersales_queries.refunds(ROOT, ALL, after=None, limit=100)
        return tuple(reversed(found))

    @property
    def goods(self) -> ReturnOrder:
        (found,) = self.world.store.aftersales_queries.returns(ROOT, ALL, after=None, limit=10)
        return found  # type: ignore[no-any-return]

    @property
    def tickets(self) -> tuple[Ticket, ...]:
        return self.world.store.aftersales_queries.tickets(ROOT, ALL, after=None, limit=100)  # type: ignore[no-any-return]

    def differences(self, case_id: CaseId | None = None) -> list[tuple[str, str, str]]:
        return [(each.what, each.theirs, each.ours) for each in self.case(case_id).differences]

    def given_back(self) -> Money:
        """What went back by the ledger."""
        with self.world.open(ROOT) as tx:
            ledger = tx.refund_ledgers.of(self.order)
        return Money(sum(entry.fen + entry.excess_fen for entry in ledger.standing.values() if entry.kind == "done"))
