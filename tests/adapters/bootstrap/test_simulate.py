"""``oms simulate warehouse``: a warehouse that speaks Qimen on the loopback, and pushes by itself."""

import threading
from datetime import timedelta

import httpx2
import pytest

from oms_adapters.bootstrap.clock import system_now
from oms_adapters.bootstrap.commands_simulate import play
from oms_adapters.wms.qimen.account import QimenAccount
from oms_adapters.wms.qimen.client import QimenClient
from oms_adapters.wms.qimen.fake_warehouse import APP_KEY, CUSTOMER, SECRET, FakeQimen
from oms_adapters.wms.qimen.fake_wire import answer
from oms_adapters.wms.qimen.warehouse import QimenWarehouse
from oms_adapters.wms.qimen.xml import write_xml
from oms_app.ports.wms import ShipOrder
from oms_domain.channels.standard import Receiver
from oms_domain.kernel.quantity import Quantity
from oms_domain.testing.builders import FULFILMENT, LINE, MAIN, REGION, SCARF, SHOP

ORDER = ShipOrder(
    fulfilment_id=FULFILMENT,
    number="F1",
    shop_id=SHOP,
    warehouse=MAIN,
    receiver=Receiver(name="测试员", mobile="10000000001", street="示例路1号"),
    region=REGION,
    lines=((LINE, SCARF, Quantity(2)),),
)


def test_it_takes_an_order_and_pushes_what_becomes_of_it_by_itself():
    pushed, ended = [], threading.Event()
    fake = FakeQimen(system_now, warehouse=MAIN, pace=timedelta(0), stock={SCARF: 7})

    def post(params, body):
        pushed.append(dict(params)["method"])
        if len(pushed) == 3:
            ended.set()
        return 200, write_xml(answer())

    def told(url):
        account = QimenAccount(warehouse=MAIN, app_key=APP_KEY, secret=SECRET, customer_id=CUSTOMER, base_url=url)
        with httpx2.Client() as http:
            warehouse = QimenWarehouse(client=QimenClient(account=account, http=http, now=system_now))
            assert warehouse.send(ORDER).accepted
            assert [level.free for level in warehouse.levels(MAIN, (SCARF,))] == [7]

    play(fake, post, port=0, told=told, ended=ended, every_s=0.01)

    method = "taobao.qimen.{}".format
    assert pushed == [method("orderprocess.report")] * 2 + [method("deliveryorder.confirm")]


@pytest.mark.parametrize("mood", [("--seed", "3"), ("--shipping", "parts", "--stopping", "goes_on")])
def test_the_command_says_where_it_is_and_ends_when_its_time_is_over(oms, mood):
    (row,) = oms.rows("simulate", "warehouse", "EAST", "--port", "0", "--for-s", "0", "--stock", "A=5", *mood)

    assert row.pop("url").startswith("http://127.0.0.1:")
    assert row == {
        "warehouse": "EAST",
        "app_key": APP_KEY,
        "customer_id": CUSTOMER,
        "pushes_to": "http://127.0.0.1:8000/api/v1/wms/qimen",
    }


@pytest.mark.parametrize("stock", ["A", "A=x", "=5"])
def test_stock_that_cannot_be_read_is_refused(oms, stock):
    done = oms.run("simulate", "warehouse", "EAST", "--stock", stock)

    assert (done.code, "SKU=UNITS" in done.err) == (2, True)
