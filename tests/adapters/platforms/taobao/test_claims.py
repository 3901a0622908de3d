"""Claims from the fake platform to the end and back: what buyers ask for is pulled, done here, and told there."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from attrs import frozen
from tests.app.claims import ALL
from tests.app.world import ROOT, World

from oms_adapters.platforms.taobao import fake_refunds as moves
from oms_adapters.platforms.taobao.account import TaobaoAccount
from oms_adapters.platforms.taobao.fake_platform import APP_KEY, APP_SECRET, SESSION, FakeTaobao
from oms_adapters.platforms.taobao.fake_trades import Wanted
from oms_adapters.platforms.taobao.gateway import TaobaoGateway
from oms_adapters.platforms.taobao.simulator import serve
from oms_adapters.platforms.taobao.translate import translate
from oms_app.case_commands import ApproveCase, RejectCase
from oms_app.ports.wms import Counted, Grade, ReturnReceived
from oms_app.processes.asks import PULL_AFTERSALES
from oms_app.queries.rows import OrderFilter
from oms_domain.aftersales.states import CaseKind, CaseState
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.states import OrderState
from oms_domain.refunds.states import RefundState


@frozen
class AtTaobao:
    """The gateways of a world whose shops are all the one at the fake platform."""

    gateway: TaobaoGateway

    def of(self, _shop_id: Any) -> TaobaoGateway:
        return self.gateway

    def translator(self, _platform: Any) -> Any:
        return translate


class Taobao:
    """A shop whose orders and refunds are pulled from the fake platform, and nothing else is known of them."""

    def __init__(self, platform: FakeTaobao, world: World) -> None:
        self.platform, self.world = platform, world
        self.shop = world.a_shop()
        world.receive("SPU1-RED-M")
        world.watch_platform(self.shop)
        world.store.jobs.ensure(PULL_AFTERSALES, str(self.shop.id), due_at=world.clock())
        world.watch_warehouse()
        world.settle()

    def sells(self, item: Any) -> str:
        """Have a buyer pay for two of it; the order waits to be reviewed."""
        number = self.platform.place([Wanted(item=item, num=2)])
        self.platform.pay(number)
        self.passes()
        return number

    def ships(self) -> None:
        self.world.warehouse.ships(self.world.at_warehouse(self.order.id), self.world.clock())
        self.passes()

    def passes(self) -> None:
        """Let time go by, so that the shop and the warehouse are asked what is new."""
        for _ in range(4):
            self.world.wait(minutes=20)

    @property
    def order(self) -> Any:
        (found,) = self.world.store.queries.orders(ROOT, OrderFilter(), after=None, limit=10, now=self.world.clock())
        return self.world.order(found.id)

    @property
    def case(self) -> Any:
        (found,) = self.world.store.aftersales_queries.cases(ROOT, ALL, after=None, limit=10)
        return found

    @property
    def refunds(self) -> tuple[Any, ...]:
        return self.world.store.aftersales_queries.refunds(ROOT, ALL, after=None, limit=10)

    @property
    def refund(self) -> Any:
        (found,) = self.refunds
        return found

    def approves(self) -> None:
        self.world.cases.approve(ApproveCase(case_id=self.case.id, by=ROOT))
        self.passes()

    def gets_back(self, units: int) -> None:
        """Have the warehouse report good units that came back."""
        (goods,) = self.world.store.aftersales_queries.returns(ROOT, ALL, after=None, limit=10)
        counted = (Counted(sku="SPU1-RED-M", units=Quantity(units), grade=Grade.GOOD),)
        report = ReturnReceived(report_id="r-1", number=goods.number, counted=counted, at=self.world.clock())
        self.world.is_told(report)
        self.passes()


@pytest.fixture
def taobao():
    world = World()
    platform = FakeTaobao(world.clock)
    with serve(platform) as url, httpx2.Client() as http:
        account = TaobaoAccount(app_key=APP_KEY, app_secret=APP_SECRET, session=SESSION, base_url=url)
        world.platform = AtTaobao(TaobaoGateway(account=account, http=http, now=world.clock, sleep=lambda _s: None))
        world.wire()
        yield Taobao(platform, world)


def test_money_before_shipment_goes_back_and_the_order_is_cancelled(taobao, item):
    number = taobao.sells(item)
    refund_no = taobao.platform.ask_refund(number, number)
    taobao.passes()
    assert (taobao.case.state, taobao.platform.refund(refund_no)["status"]) == (
        CaseState.AWAITING_REVIEW,
        "WAIT_SELLER_AGREE",
    )

    taobao.approves()

    assert taobao.platform.refund(refund_no)["status"] == "SUCCESS"
    assert (taobao.case.state, taobao.refund.state) == (CaseState.SUCCEEDED, RefundState.SUCCEEDED)
    assert taobao.refund.amount == Money(398_00)
    assert taobao.order.state is OrderState.CANCELLED
    assert taobao.world.units("SPU1-RED-M") == (100, 0)


def test_a_return_is_agreed_to_received_and_paid(taobao, item):
    number = taobao.sells(item)
    taobao.ships()
    refund_no = taobao.platform.ask_refund(number, number, returns=True, num=1, refund_fen=199_00)
    taobao.passes()
    taobao.approves()
    assert taobao.platform.refund(refund_no)["status"] == "WAIT_BUYER_RETURN_GOODS"

    taobao.platform.move_refund(refund_no, moves.send_back, company="顺丰快递", sid="SF9")
    taobao.passes()
    assert taobao.platform.refund(refund_no)["status"] == "WAIT_SELLER_CONFIRM_GOODS"  # nobody has seen the goods
    taobao.gets_back(1)

    assert taobao.platform.refund(refund_no)["status"] == "SUCCESS"
    assert (taobao.case.state, taobao.refund.amount) == (CaseState.SUCCEEDED, Money(199_00))
    assert taobao.world.units("SPU1-RED-M") == (99, 0)


def test_what_is_refused_is_refused_there_and_the_platform_has_the_last_word(taobao, item):
    number = taobao.sells(item)
    taobao.ships()
    refund_no = taobao.platform.ask_refund(number, number, refund_fen=50_00)
    taobao.passes()
    taobao.world.cases.reject(RejectCase(case_id=taobao.case.id, reason="不符合", by=ROOT))
    taobao.passes()
    assert taobao.platform.refund(refund_no)["status"] == "SELLER_REFUSE_BUYER"

    taobao.platform.move_refund(refund_no, moves.decide, for_buyer=True)
    taobao.passes()
    assert taobao.case.state is CaseState.AWAITING_REFUND
    taobao.platform.move_refund(refund_no, moves.pay)
    taobao.passes()

    first, second = sorted(taobao.refunds, key=lambda refund: refund.number)
    assert (first.state, second.state) == (RefundState.CLOSED, RefundState.SUCCEEDED)
    assert (second.amount, taobao.case.state) == (Money(50_00), CaseState.SUCCEEDED)


def test_an_answer_that_gets_lost_pays_once(taobao, item):
    number = taobao.sells(item)
    refund_no = taobao.platform.ask_refund(number, number)
    taobao.passes()
    taobao.platform.faults.late_failures_percent = 100
    taobao.world.cases.approve(ApproveCase(case_id=taobao.case.id, by=ROOT))
    taobao.world.settle()
    assert taobao.refund.state in {RefundState.IN_FLIGHT, RefundState.IN_DOUBT}

    taobao.platform.faults.late_failures_percent = 0
    taobao.passes()

    assert taobao.platform.refund(refund_no)["status"] == "SUCCESS"
    assert (taobao.refund.state, taobao.order.state) == (RefundState.SUCCEEDED, OrderState.CANCELLED)


def test_an_exchange_is_decided_here_and_each_step_of_it_there_is_on_a_list_until_it_is_done(taobao, item):
    number = taobao.sells(item)
    taobao.ships()
    exchange = taobao.platform.ask_exchange(number, number, num=1)
    taobao.passes()
    assert (taobao.case.kind, taobao.case.state) == (CaseKind.EXCHANGE, CaseState.AWAITING_REVIEW)

    def points():
        return [each.what for each in taobao.case.differences]

    taobao.approves()
    assert (points(), taobao.platform.refund(exchange)["status"]) == (["agree_at_platform"], "WAIT_SELLER_AGREE")
    taobao.platform.move_refund(exchange, moves.move_exchange)
    taobao.passes()
    assert (points(), taobao.case.state) == ([], CaseState.AWAITING_BUYER_RETURN)

    taobao.platform.move_refund(exchange, moves.send_back, company="顺丰快递", sid="SF9")
    taobao.passes()
    assert (taobao.case.state, taobao.case.tracking_no) == (CaseState.AWAITING_WAREHOUSE_RECEIPT, "SF9")
    taobao.gets_back(1)
    assert points() == ["confirm_receipt_at_platform"]
    taobao.platform.move_refund(exchange, moves.move_exchange)
    taobao.passes()
    assert (points(), taobao.case.state) == ([], CaseState.AWAITING_EXCHANGE_SHIPMENT)

    sent = taobao.world.at_warehouse(taobao.case.replacement_id)
    taobao.world.warehouse.ships(sent, taobao.world.clock(), tracking_no="SF0000000000002")
    taobao.passes()
    assert (points(), taobao.case.state) == (["ship_at_platform"], CaseState.SUCCEEDED)
    taobao.platform.move_refund(exchange, moves.move_exchange)
    taobao.platform.move_refund(exchange, moves.move_exchange)
    taobao.passes()

    assert (points(), taobao.case.state, taobao.refunds) == ([], CaseState.SUCCEEDED, ())
    assert taobao.platform.refund(exchange)["status"] == "SUCCESS"


def test_an_exchange_is_not_refused_there_by_the_call_for_refunds(taobao, item):
    number = taobao.sells(item)
    taobao.ships()
    exchange = taobao.platform.ask_exchange(number, number)
    taobao.passes()

    taobao.world.cases.reject(RejectCase(case_id=taobao.case.id, reason="不符合", by=ROOT))
    taobao.passes()

    assert [(each.what, each.theirs) for each in taobao.case.differences] == [("refuse_at_platform", "不符合")]
    assert taobao.platform.refund(exchange)["status"] == "WAIT_SELLER_AGREE"


def test_a_buyer_who_thinks_again_lets_the_order_go_on(taobao, item):
    number = taobao.sells(item)
    taobao.platform.ask_refund(number, number)
    taobao.passes()

    taobao.platform.withdraw_refund(number, number)
    taobao.passes()

    assert taobao.case.state is CaseState.CLOSED
    taobao.ships()
    assert taobao.order.state is OrderState.SHIPPED
