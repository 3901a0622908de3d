"""A whole life with aftersales: claims, refunds and goods in any order, together and against each other.

What is held all along: no unit is in two open cases, no unit or tender gives back more than it paid, what moved is
booked once, a case succeeds only with its money, and goods come back once. In the end all of it is asked for, and each
line is at exactly 0.
"""

from collections import Counter

from attrs import evolve
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from oms_domain.aftersales.case import AftersalesCase
from oms_domain.aftersales.claimed import common, free_units, taken_units
from oms_domain.aftersales.opening import Ask, linked, refusal_of
from oms_domain.aftersales.policy import AftersalesPolicy
from oms_domain.aftersales.returns import Inspected, ReturnLine, ReturnOrder, ReturnState
from oms_domain.aftersales.states import ASKS_GOODS_BACK, GIVES_MONEY_BACK, CaseKind, CaseState
from oms_domain.aftersales.values import CaseLine
from oms_domain.apportionment.units import count
from oms_domain.kernel.identity import CaseId, RefundId, ReturnOrderId
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.states import OrderMove, OrderState
from oms_domain.refunds.closing import order_ends_by
from oms_domain.refunds.layers import lowest, minus
from oms_domain.refunds.ledger import CASH, Charge, EntryKind
from oms_domain.refunds.opening import ledger_of_order
from oms_domain.refunds.placing import RefundUnits
from oms_domain.refunds.proposal import FreightRule, NothingToRefund, propose
from oms_domain.refunds.refund_order import booked, refund_of
from oms_domain.refunds.states import MAY_BE_MOVING, RefundState
from oms_domain.testing.aftersales import KEFU, RETURN_TO, SEND_TO
from oms_domain.testing.builders import HAT, MAIN, NOW, ORDER, OTHER_LINE, SHOP, a_sales_order, an_id, an_order_line

C, R = CaseState, RefundState
PAID = 5 * 777 - 104 + 2 - 1 + 321
KINDS = [CaseKind.REFUND_ONLY, CaseKind.RETURN_AND_REFUND, CaseKind.EXCHANGE, CaseKind.REPAIR]


class Life(RuleBasedStateMachine):
    """One signed order of five scarves and two hats, 7.77 a scarf less a discount, and freight of 3.21."""

    def __init__(self) -> None:
        super().__init__()
        self.order = a_sales_order(
            state=OrderState.SIGNED,
            lines=(
                an_order_line(quantity=5, unit_price=Money(777), line_discount=Money(104), shipped=5),
                an_order_line(
                    id=OTHER_LINE, sku=HAT, quantity=2, unit_price=Money(1), line_discount=Money(1), shipped=2
                ),
            ),
            freight=Money(321),
        )
        self.ledger = ledger_of_order(self.order)
        self.cases, self.refunds, self.goods = {}, {}, {}
        self.moved: Counter = Counter()
        self.number = 200

    @initialize()
    def begin(self):
        assert self.ledger.collected_fen == PAID

    # --- helpers -----------------------------------------------------------------------------------------------------

    def next_id(self):
        self.number += 1
        return an_id(self.number)

    def put(self, case):
        self.cases[case.id] = case

    def put_refund(self, refund):
        self.ledger = booked(self.ledger, refund, at=NOW)
        self.refunds[refund.id] = refund

    def cases_in(self, *states):
        return [case for case in self.cases.values() if case.state in states]

    def pick(self, data, found):
        return data.draw(st.sampled_from(sorted(found, key=lambda each: str(each.id))))

    def wants_of(self, case):
        return tuple(RefundUnits(line_id=line.line_id, units=line.units) for line in case.lines)

    def under_way(self, case):
        refund = self.refunds.get(case.refund_id)
        return refund is not None and refund.state in MAY_BE_MOVING

    # --- claims ------------------------------------------------------------------------------------------------------

    @rule(data=st.data(), kind=st.sampled_from(KINDS))
    def ask(self, data, kind):
        open_ = tuple(case for case in self.cases.values() if case.is_open)
        lines = []
        for line in data.draw(st.lists(st.sampled_from(self.order.lines), min_size=1, unique=True)):
            units = free_units(line.quantity, taken_units(open_, line.id), data.draw(st.integers(1, 5)))
            lines += [CaseLine(line_id=line.id, sku=line.sku, units=units)] if units else []
        if not lines:
            return
        case = AftersalesCase(
            id=CaseId(self.next_id()),
            number="A",
            shop_id=SHOP,
            order_id=ORDER,
            kind=kind,
            lines=tuple(lines),
            reason="x",
            return_to=RETURN_TO,
            send_to=SEND_TO,
            opened_at=NOW,
            updated_at=NOW,
        )
        asked = Ask(case=case, order=self.order, policy=AftersalesPolicy(), open_cases=open_, ended_at=NOW, at=NOW)
        assert refusal_of(asked) is None
        self.put(case.opened(at=NOW).state)

    @precondition(lambda self: self.cases_in(C.AWAITING_REVIEW))
    @rule(data=st.data(), part=st.booleans(), freight=st.sampled_from([FreightRule.KEPT, FreightRule.BY_OPERATOR]))
    def approve(self, data, part, freight):
        case = self.pick(data, self.cases_in(C.AWAITING_REVIEW))
        if case.kind not in GIVES_MONEY_BACK:
            self.put(case.approve(by=KEFU, at=NOW).state)
        else:
            self.grant(case, data, part, freight)
        if case.kind in ASKS_GOODS_BACK and self.cases[case.id].state is C.AWAITING_BUYER_RETURN:
            self.ask_goods_back(self.cases[case.id])

    def grant(self, case, data, part, freight):
        """Propose a refund and hold it, as the process does: the case's approval and the refund in one transaction."""
        try:
            proposal = propose(self.ledger, self.wants_of(case), freight=freight)
        except NothingToRefund:
            self.put(case.reject("nothing left", by=KEFU, at=NOW).state)
            return
        if part:
            asked = data.draw(st.integers(1, proposal.amount.fen))
            proposal = propose(self.ledger, self.wants_of(case), freight=freight, asked_fen=asked)
        approved = case.approve(proposal.amount, cap=proposal.refundable, by=KEFU, at=NOW).state
        refund = refund_of(
            proposal,
            asked_at=NOW,
            at=NOW,
            id=RefundId(self.next_id()),
            number="B",
            shop_id=SHOP,
            order_id=ORDER,
            case_id=case.id,
            after_shipment=True,
        )
        self.put_refund(refund)
        self.put(approved.revise(refund_id=refund.id, at=NOW).state)

    def ask_goods_back(self, case):
        self.goods[case.id] = ReturnOrder(
            id=ReturnOrderId(self.next_id()),
            number="R",
            case_id=case.id,
            order_id=ORDER,
            shop_id=SHOP,
            warehouse=MAIN,
            lines=tuple(
                ReturnLine(line_id=line.line_id, sku=line.sku, expected=Quantity(count(line.units)))
                for line in case.lines
            ),
            created_at=NOW,
            updated_at=NOW,
        )

    @precondition(lambda self: any(case.is_open for case in self.cases.values()))
    @rule(data=st.data())
    def withdraw(self, data):
        case = self.pick(data, [case for case in self.cases.values() if case.is_open])
        if self.under_way(case) or case.state is C.AWAITING_EXCHANGE_SHIPMENT:
            return
        self.put(case.withdraw(money_under_way=False, at=NOW).state)
        self.drop_refund(case)

    @precondition(lambda self: self.cases_in(C.AWAITING_REVIEW, C.AWAITING_BUYER_RETURN))
    @rule(data=st.data(), to=st.sampled_from(KINDS))
    def change_kind(self, data, to):
        case = self.pick(data, self.cases_in(C.AWAITING_REVIEW, C.AWAITING_BUYER_RETURN))
        if to is case.kind or self.under_way(case):
            return
        next_id = CaseId(self.next_id())
        self.put(case.change_kind(to, next_id=next_id, by=KEFU, at=NOW).state)
        self.drop_refund(case)
        self.put(linked(case, to, id=next_id, number="A", return_to=RETURN_TO, send_to=SEND_TO, at=NOW))

    def drop_refund(self, case):
        refund = self.refunds.get(case.refund_id)
        if refund is not None and refund.state in (R.PROPOSED, R.APPROVED):
            self.put_refund(refund.close("case closed", by=KEFU, at=NOW).state)
        if (goods := self.goods.get(case.id)) is not None and goods.state in (ReturnState.ASKED_BACK, ReturnState.SENT):
            self.goods[case.id] = goods.call_off("case closed", at=NOW).state

    # --- goods -------------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.cases_in(C.AWAITING_BUYER_RETURN))
    @rule(data=st.data())
    def buyer_sends(self, data):
        case = self.pick(data, self.cases_in(C.AWAITING_BUYER_RETURN))
        self.put(case.buyer_sends("SF", "1", at=NOW).state)
        self.goods[case.id] = self.goods[case.id].buyer_sends("SF", "1", at=NOW).state

    @precondition(lambda self: any(not case.in_dispute for case in self.cases_in(C.AWAITING_WAREHOUSE_RECEIPT)))
    @rule(data=st.data(), defective=st.booleans(), short=st.booleans(), twice=st.booleans())
    def receive(self, data, defective, short, twice):
        found = [case for case in self.cases_in(C.AWAITING_WAREHOUSE_RECEIPT) if not case.in_dispute]
        case = self.pick(data, found)
        report = tuple(
            Inspected(line_id=line.line_id, **{"defective" if defective else "good": line.expected})
            for line in self.goods[case.id].lines[1 if short else 0 :]
        )
        for _ in range(1 + twice):
            self.goods[case.id] = self.goods[case.id].receive("r1", report, last=True, at=NOW).state
        wrong = self.goods[case.id].in_dispute
        self.put((case.dispute(wrong, at=NOW) if wrong else case.receive(at=NOW)).state)

    @precondition(lambda self: any(case.in_dispute for case in self.cases.values()))
    @rule(data=st.data())
    def accept_goods(self, data):
        case = self.pick(data, [case for case in self.cases.values() if case.in_dispute])
        self.put(case.accept_goods(by=KEFU, at=NOW).state)

    @precondition(lambda self: self.cases_in(C.AWAITING_EXCHANGE_SHIPMENT))
    @rule(data=st.data())
    def ship(self, data):
        case = self.pick(data, self.cases_in(C.AWAITING_EXCHANGE_SHIPMENT))
        self.put(evolve(case, replacement_id=ORDER).ship_replacement(at=NOW).state)

    # --- money -------------------------------------------------------------------------------------------------------

    @precondition(lambda self: any(refund.state is R.PROPOSED for refund in self.refunds.values()))
    @rule(data=st.data())
    def send_money(self, data):
        refund = self.pick(data, [refund for refund in self.refunds.values() if refund.state is R.PROPOSED])
        if self.cases[refund.case_id].state is not C.AWAITING_REFUND:
            return
        self.put_refund(refund.approve(by=KEFU, at=NOW).state.send(at=NOW).state)

    @precondition(lambda self: any(refund.state in MAY_BE_MOVING for refund in self.refunds.values()))
    @rule(data=st.data(), answer=st.sampled_from(["paid", "no", "lost", "paid twice"]))
    def answer(self, data, answer):
        refund = self.pick(data, [refund for refund in self.refunds.values() if refund.state in MAY_BE_MOVING])
        if answer == "lost":
            self.put_refund(refund.doubt("timeout", at=NOW).state)
            return
        if answer == "no":
            self.put_refund(refund.fail("no", at=NOW).state.send(at=NOW).state)
            return
        for _ in range(2 if answer == "paid twice" else 1):
            self.paid(refund, refund.amount)
            refund = self.refunds[refund.id]

    @precondition(lambda self: self.refunds)
    @rule(data=st.data())
    def the_platform_pays_anyway(self, data):
        """Whatever we think of it: proposed, given up, under way."""
        refund = self.pick(data, list(self.refunds.values()))
        self.paid(refund, refund.moved or refund.amount)

    def paid(self, refund, amount):
        if refund.state is not R.SUCCEEDED:
            self.moved[refund.id] += amount.fen
        self.put_refund(refund.succeed(amount, moved_at=NOW, at=NOW).state)
        self.put(self.cases[refund.case_id].refund_succeeded(amount, at=NOW).state)

    # --- what holds all along ----------------------------------------------------------------------------------------

    @invariant()
    def a_unit_is_in_at_most_one_open_case(self):
        open_ = [case for case in self.cases.values() if case.is_open]
        for at, case in enumerate(open_):
            for other in open_[at + 1 :]:
                for line in case.lines:
                    assert not common(line.units, taken_units([other], line.line_id))

    @invariant()
    def nothing_gives_back_more_than_it_paid(self):
        assert self.ledger.cash_left_fen >= 0
        for line in self.ledger.lines:
            for charge in Charge:
                left = minus(self.ledger.paid(line.line_id, charge, CASH), self.ledger.gone(line.line_id, charge, CASH))
                assert lowest(left) == 0

    @invariant()
    def what_moved_is_booked_once(self):
        done = [entry for entry in self.ledger.standing.values() if entry.kind is EntryKind.DONE]
        assert sum(entry.fen + entry.excess_fen for entry in done) == sum(self.moved.values())

    @invariant()
    def a_case_that_succeeded_gave_its_money_or_its_goods(self):
        for case in self.cases_in(C.SUCCEEDED):
            assert case.refunded is not None or case.replacement_id is not None

    @invariant()
    def goods_came_once(self):
        for goods in self.goods.values():
            assert all(line.right <= line.expected for line in goods.lines)

    def teardown(self):
        """Close what is open, then ask for the rest: each line ends at exactly 0, and the order is closed."""
        for refund in list(self.refunds.values()):
            if refund.state in MAY_BE_MOVING:
                self.paid(refund, refund.amount)
            elif refund.state in (R.PROPOSED, R.APPROVED):
                self.put_refund(refund.close("end", by=KEFU, at=NOW).state)
        everything = tuple(RefundUnits(line_id=line.line_id, units=((0, line.units),)) for line in self.ledger.lines)
        try:
            rest = propose(self.ledger, everything, freight=FreightRule.BY_OPERATOR)
        except NothingToRefund:
            assert sum(self.moved.values()) >= PAID
        else:
            refund = refund_of(
                rest,
                asked_at=NOW,
                at=NOW,
                id=RefundId(self.next_id()),
                number="B",
                shop_id=SHOP,
                order_id=ORDER,
                after_shipment=True,
            )
            self.ledger = booked(self.ledger, refund, at=NOW)
            done = refund.succeed(refund.amount, moved_at=NOW, at=NOW).state
            self.ledger = booked(self.ledger, done, at=NOW)
            assert sum(self.moved.values()) + rest.amount.fen - self.ledger.excess_fen == PAID
        assert order_ends_by(self.ledger, self.order.state) is OrderMove.REFUND_ALL
        assert all(self.ledger.is_refunded(line.line_id) for line in self.ledger.lines)


Life.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestALifeWithAftersales = Life.TestCase
