"""Cancellations, edits, claims and the platform's own asks of a paid order, in any order and told at any time.

What is held all along: nothing gives back more than it paid, of no unit and no tender. In the end everything is called
off: each unit's money went back once, whoever asked first, telling it again makes nothing more, and the doctor finds
nothing.
"""

import pytest
from attrs import evolve
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from tests.adapters.db.stored import StoredWorld
from tests.app.claims import ALL, Claims
from tests.app.purse import Purse, moved_fen
from tests.app.test_life_with_aftersales import an_order_of_seven
from tests.app.world import ROOT, World

from oms_app.case_commands import ApproveCase, AskedLine, OpenCase, RejectCase
from oms_app.editing import EditOrder, Wanted
from oms_app.order_moves import UnreviewOrder
from oms_app.orders import ApproveOrder, CancelOrder, ReleaseOrder
from oms_app.owing import AskOwed
from oms_app.refunds import ApproveRefund, CreateRefund, PayByHand
from oms_app.splitting import SplitOrder
from oms_app.splitting import Wanted as Part
from oms_domain.aftersales.claimed import common, taken_units
from oms_domain.aftersales.states import CaseKind, CaseState
from oms_domain.aftersales.values import AskedBy
from oms_domain.channels.aftersales import AskKind, AskState
from oms_domain.kernel.errors import OmsError
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.states import OrderState
from oms_domain.refunds.layers import lowest
from oms_domain.refunds.ledger import CASH, Charge
from oms_domain.refunds.states import RefundState
from oms_domain.testing.builders import HAT, SCARF

OVER = (AskState.SUCCEEDED, AskState.CLOSED)


class Owing(RuleBasedStateMachine):
    """One paid order, and what becomes of it before it leaves."""

    def __init__(self, world) -> None:
        super().__init__()
        self.world = world
        self.claims = Claims(world, an_order_of_seven())
        self.purse = Purse(self.claims)
        self.number = 0

    # --- helpers -----------------------------------------------------------------------------------------------------

    @property
    def cases(self):
        found = self.world.store.aftersales_queries.cases(ROOT, ALL, after=None, limit=200)
        return sorted(found, key=lambda case: case.id)

    @property
    def live(self):
        """The orders that go on for the one that was bought."""
        found, open_ = [], [self.claims.order]
        while open_:
            order = open_.pop()
            open_ += [self.world.order(id) for id in order.heirs]
            if not order.heirs:
                found.append(order)
        return sorted(found, key=lambda order: order.id)

    def ledgers(self):
        for order in self.live:
            with self.world.open(ROOT) as tx:
                yield tx.refund_ledgers.of(order)

    def some(self, data, found):
        return found[data.draw(st.integers(0, len(found) - 1))]

    def try_(self, act):
        """What is refused has changed nothing."""
        try:
            act()
        except OmsError:
            return False
        return True

    def give(self, kind, order_id, **more):
        self.try_(lambda: self.world.desk.give(kind(order_id=order_id, by=ROOT, **more)))

    # --- the order ---------------------------------------------------------------------------------------------------

    @rule()
    def let_follow_what_follows(self):
        self.world.settle()

    @rule(data=st.data())
    def cancel(self, data):
        self.give(CancelOrder, self.some(data, self.live).id, reason="x")

    @rule(data=st.data(), sku=st.sampled_from([SCARF, HAT]), units=st.integers(0, 4))
    def lower(self, data, sku, units):
        wanted = (Wanted(sku=sku, units=units),)
        edit = EditOrder(order_id=self.some(data, self.live).id, quantities=wanted, by=ROOT)
        self.try_(lambda: self.world.edits.edit(edit))

    @rule(data=st.data(), sku=st.sampled_from([SCARF, HAT]))
    def split(self, data, sku):
        parts = ((Part(sku=sku, units=1),),)
        split = SplitOrder(order_id=self.some(data, self.live).id, parts=parts, by=ROOT)
        self.try_(lambda: self.world.splits.split(split))

    @rule(data=st.data())
    def to_the_warehouse(self, data):
        order = self.some(data, self.live)
        self.give(ApproveOrder, order.id)
        self.give(ReleaseOrder, order.id)

    @rule(data=st.data())
    def take_back(self, data):
        self.give(UnreviewOrder, self.some(data, self.live).id)

    @rule(data=st.data())
    def is_told_again(self, data):
        self.world.owing.ask(AskOwed(order_id=self.some(data, self.live).id, reason="again", by=ROOT))

    # --- claims ------------------------------------------------------------------------------------------------------

    @rule(data=st.data(), units=st.integers(1, 2))
    def ask(self, data, units):
        order = self.some(data, self.live)
        lines = (AskedLine(line_id=self.some(data, order.lines).id, units=units),)
        kind = CaseKind.REFUND_BEFORE_SHIPMENT
        self.try_(
            lambda: self.world.cases.open(OpenCase(order_id=order.id, kind=kind, lines=lines, reason="x", by=ROOT))
        )

    @precondition(lambda self: any(case.state is CaseState.AWAITING_REVIEW for case in self.cases))
    @rule(data=st.data(), granted=st.booleans())
    def review(self, data, granted):
        """What is owed is not refused: then it is a person's word that it does not go back."""
        case = self.some(data, [case for case in self.cases if case.state is CaseState.AWAITING_REVIEW])
        if granted:
            self.try_(lambda: self.world.cases.approve(ApproveCase(case_id=case.id, by=ROOT)))
        elif case.asked_by is not AskedBy.SYSTEM:
            self.try_(lambda: self.world.cases.reject(RejectCase(case_id=case.id, reason="x", by=ROOT)))

    @rule(scarves=st.integers(0, 5), hats=st.integers(0, 2), fen=st.integers(1, 4_300))
    def ask_at_the_platform(self, scarves, hats, fen):
        self.number += 1
        ask = self.claims.an_ask(
            refund_no=f"97{self.number}", kind=AskKind.REFUND, returns_goods=False, refund=Money(fen)
        )
        wanted = [(no, units) for no, units in (("1001", scarves), ("1002", hats)) if units]
        lines = tuple(evolve(ask.lines[0], line_no=no, quantity=Quantity(units)) for no, units in wanted)
        if lines:
            self.claims.hears(evolve(ask, lines=lines), settle=False)

    @precondition(lambda self: self.open_asks)
    @rule(data=st.data(), state=st.sampled_from(OVER))
    def the_platform_ends_it(self, data, state):
        self.ends(self.some(data, self.open_asks), state)

    @property
    def open_asks(self):
        asks = self.world.platform.asks
        return [asks[no] for no in sorted(asks) if asks[no].state not in OVER]

    def ends(self, ask, state):
        self.purse.platform_spoke = True
        self.number += 1
        self.world.clock.forward(seconds=1)
        self.claims.hears(evolve(ask, state=state, modified_at=self.world.clock()), settle=False)

    @precondition(lambda self: self.claims.refunds)
    @rule(data=st.data(), because=st.sampled_from(["", "x"]))
    def pay_by_hand(self, data, because):
        """Whatever its state, and although the platform pays it."""
        refund = self.some(data, self.claims.refunds)
        paid = PayByHand(refund_id=refund.id, not_by_platform=because, by=ROOT)
        done = self.try_(lambda: self.world.refunds.pay_by_hand(paid))
        assert not done or refund.state is RefundState.APPROVED

    @rule(data=st.data(), freight=st.booleans())
    def make_a_refund_by_hand(self, data, freight):
        """Of the order that was bought, or one that goes on for it: of what others go on for nothing goes back."""
        order = self.some(data, [self.claims.order, *self.live])
        made = CreateRefund(order_id=order.id, units=(), with_freight=freight, reason="x", by=ROOT)
        done = self.try_(lambda: self.world.refunds.create(made))
        assert not (done and order.heirs)

    @precondition(lambda self: any(refund.case_id is None for refund in self.claims.refunds))
    @rule(data=st.data())
    def grant_a_refund_by_hand(self, data):
        refund = self.some(data, [each for each in self.claims.refunds if each.case_id is None])
        self.try_(lambda: self.world.refunds.approve(ApproveRefund(refund_id=refund.id, by=ROOT)))

    # --- what holds all along ----------------------------------------------------------------------------------------

    @invariant()
    def nothing_that_we_decide_gives_back_more_than_was_paid(self):
        self.purse.check()

    @invariant()
    def nothing_gives_back_more_than_it_paid(self):
        for ledger in self.ledgers():
            assert ledger.cash_left_fen >= 0
            for line in ledger.lines:
                for charge in Charge:
                    assert lowest(ledger.left(line.line_id, charge, CASH)) == 0

    @invariant()
    def a_unit_is_in_at_most_one_open_case_of_ours(self):
        open_ = [case for case in self.cases if case.is_open and not case.platform_refund_no]
        for at, case in enumerate(open_):
            for other in open_[at + 1 :]:
                for line in case.lines:
                    assert not common(line.units, taken_units([other], line.line_id))

    def teardown(self):
        """Call everything off, end what is open at the platform, pay what is granted: all of it is back then."""
        self.world.settle()
        for ask in self.open_asks:
            self.ends(ask, AskState.CLOSED)
        self.world.settle()
        for case in self.cases:
            if case.is_open and case.asked_by is not AskedBy.SYSTEM:
                self.try_(lambda case=case: self.world.cases.reject(RejectCase(case_id=case.id, reason="x", by=ROOT)))
        self.world.settle()
        for order in self.live:
            self.give(CancelOrder, order.id, reason="x")
        for _ in range(4):
            self.world.settle()
            self.purse.pay_what_is_granted(settle=False)
        self.world.settle()

        made = len(self.claims.refunds)
        for order in self.live:
            assert order.state is OrderState.CANCELLED
            self.world.owing.ask(AskOwed(order_id=order.id, reason="again", by=ROOT))
        assert len(self.claims.refunds) == made
        ledgers = list(self.ledgers())
        for ledger in ledgers:
            assert all(ledger.is_refunded(line.line_id) for line in ledger.lines)
        back = sum(entry.fen for ledger in ledgers for entry in ledger.standing.values())
        moved = moved_fen(self.claims.refunds)
        assert moved - sum(ledger.excess_fen for ledger in ledgers) == back
        assert back <= self.claims.order.paid.fen
        self.purse.check()
        self.purse.doctor_finds_what_a_person_has_not_seen_to()


FEW = settings(
    max_examples=25, stateful_step_count=16, deadline=None, suppress_health_check=list(HealthCheck), database=None
)


def test_owing_in_any_order_in_memory():
    run_state_machine_as_test(lambda: Owing(World()), settings=FEW)


def test_owing_in_any_order_on_sqlite(stores):
    def begun():
        backend = stores("sqlite")
        return Owing(StoredWorld(backend.store, backend.clock, backend.new_id))

    run_state_machine_as_test(begun, settings=settings(FEW, max_examples=4, stateful_step_count=12))


@pytest.mark.long
def test_owing_in_many_orders():
    run_state_machine_as_test(
        lambda: Owing(World()), settings=settings(FEW, max_examples=2_000, stateful_step_count=40)
    )


def test_control_where_nobody_asks_for_what_is_owed_it_does_not_come_back(monkeypatch):
    monkeypatch.setattr("oms_app.owing._owed", lambda tx, order, cases: None)
    once = settings(FEW, max_examples=100, phases=[Phase.generate])  # the first that is wrong ends it

    with pytest.raises(AssertionError):
        run_state_machine_as_test(lambda: Owing(World()), settings=once)


def test_control_where_the_ledger_keeps_nothing_it_is_asked_for_again(monkeypatch):
    monkeypatch.setattr("oms_app.case_flow.booked", lambda ledger, refund, *, at: ledger)
    once = settings(FEW, max_examples=100, phases=[Phase.generate])  # the first that is wrong ends it

    with pytest.raises(AssertionError):
        run_state_machine_as_test(lambda: Owing(World()), settings=once)
