"""What warehouses push: nothing is read that is not signed, and nothing is taken twice, too late or from strangers."""

from __future__ import annotations

import pytest
from attrs import define, evolve, field
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.adapters.wms.qimen.test_xml import ATTACKS

from oms_adapters.wms.qimen.fields import Reader
from oms_adapters.wms.qimen.inbound import PARSERS, QimenCallbacks
from oms_adapters.wms.qimen.messages import signed_params
from oms_adapters.wms.qimen.signing import sign
from oms_adapters.wms.qimen.xml import read_xml
from oms_app.ports.transaction import Contended, StoreUnavailable
from oms_app.ports.wms import ParcelsLeft
from oms_app.reports import TakeReport

CONFIRM = "deliveryorder.confirm"
RECORDED = {
    "deliveryorder.confirm": "deliveryorder_confirm",
    "stockout.confirm": "deliveryorder_confirm",
    "orderprocess.report": "orderprocess_report",
    "itemlack.report": "itemlack_report",
    "inventory.report": "inventory_report",
    "returnorder.confirm": "returnorder_confirm",
    "entryorder.confirm": "entryorder_confirm",
}


@define
class Inbox:
    """Keeps what is taken; ``trouble`` is raised instead."""

    taken: list[TakeReport] = field(factory=list)
    trouble: Exception | None = None

    def __call__(self, command: TakeReport) -> bool:
        if self.trouble:
            raise self.trouble
        self.taken.append(command)
        return True


@pytest.fixture
def inbox():
    return Inbox()


@pytest.fixture
def accounts(account):
    return [account]


@pytest.fixture
def callbacks(accounts, inbox, clock):
    def known(app_key, customer_id):
        return [each for each in accounts if (each.app_key, each.customer_id) == (app_key, customer_id)]

    return QimenCallbacks(accounts=known, take=inbox, now=clock)


@pytest.fixture
def signed(account, clock):
    """Return a function that gives a message's parameters, signed as a warehouse signs them."""

    def parameters(body, method=CONFIRM, by=account):
        return signed_params(
            method, app_key=by.app_key, customer_id=by.customer_id, secret=by.secret, body=body, at=clock()
        )

    return parameters


def told(reply):
    """Return status, flag and code of an answer."""
    status, body = reply
    fields = Reader(read_xml(body))
    return status, fields.text("flag"), fields.text("code")


@pytest.mark.parametrize("method", PARSERS)
def test_every_message_is_taken_and_answered_by_a_success(method, callbacks, signed, inbox, recorded):
    body = recorded(RECORDED[method])

    reply = callbacks.answer(list(signed(body, method).items()), body)

    assert told(reply) == (200, "success", "0")
    (command,) = inbox.taken
    assert (command.warehouse, command.by.id) == ("WH-A", "system:qimen")


def test_a_direct_link_leaves_the_methods_prefix_out(callbacks, account, clock, inbox, recorded):
    body = recorded("deliveryorder_confirm")
    params = {
        "method": CONFIRM,
        "timestamp": "2026-11-23 10:00:00",
        "app_key": account.app_key,
        "customerId": account.customer_id,
    }

    reply = callbacks.answer([*params.items(), ("sign", sign(params, account.secret, body))], body)

    assert told(reply) == (200, "success", "0")
    assert isinstance(inbox.taken[0].report, ParcelsLeft)


# --- forgeries -------------------------------------------------------------------------------------------------------

UNSIGNED = (401, "failure", "INVALID_SIGNATURE")


@pytest.mark.parametrize("name", ["method", "timestamp", "format", "app_key", "v", "sign_method", "customerId", "sign"])
def test_a_parameter_that_was_changed_or_left_out_is_a_forgery(name, callbacks, signed, inbox, recorded):
    body = recorded("deliveryorder_confirm")
    params = dict(signed(body))

    changed = callbacks.answer(list((params | {name: params[name] + "0"}).items()), body)
    missing = callbacks.answer([pair for pair in params.items() if pair[0] != name], body)

    assert told(changed) == told(missing) == UNSIGNED
    assert inbox.taken == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_body_that_was_changed_by_a_bit_is_a_forgery(data, callbacks, signed, inbox, recorded):
    whole = recorded("deliveryorder_confirm")
    body = bytearray(whole)
    body[data.draw(st.integers(0, len(body) - 1))] ^= 1 << data.draw(st.integers(0, 7))

    assert told(callbacks.answer(list(signed(whole).items()), bytes(body))) == UNSIGNED
    assert inbox.taken == []


def test_another_customers_secret_signs_nothing_of_ours(callbacks, account, accounts, signed, inbox, recorded):
    other = evolve(account, warehouse="WH-B", app_key="8", customer_id="C002", secret="othersecret")
    accounts.append(other)
    body = recorded("deliveryorder_confirm")
    params = signed(body, by=evolve(other, app_key=account.app_key, customer_id=account.customer_id))

    assert told(callbacks.answer(list(params.items()), body)) == UNSIGNED
    assert inbox.taken == []


def test_nobody_speaks_for_a_warehouse_that_is_not_theirs(callbacks, account, accounts, signed, inbox, recorded):
    other = evolve(account, warehouse="WH-B", app_key="8", customer_id="C002", secret="othersecret")
    accounts.append(other)
    body = recorded("deliveryorder_confirm")  # of WH-A

    reply = callbacks.answer(list(signed(body, by=other).items()), body)

    assert told(reply) == (400, "failure", "INVALID_PARAMS")
    assert inbox.taken == []


def test_an_unknown_caller_hears_what_a_forger_hears(callbacks, account, signed, recorded):
    body = recorded("deliveryorder_confirm")
    stranger = evolve(account, app_key="?", secret="no such account")

    assert callbacks.answer(list(signed(body, by=stranger).items()), body) == callbacks.answer([], body)
    assert told(callbacks.answer([], body)) == UNSIGNED


def test_a_parameter_that_stands_twice_is_refused(callbacks, signed, recorded):
    body = recorded("deliveryorder_confirm")

    reply = callbacks.answer([*signed(body).items(), ("customerId", "C001")], body)

    assert told(reply) == (400, "failure", "INVALID_PARAMS")


@pytest.mark.parametrize(("minutes", "is_taken"), [(-11, False), (-9, True), (0, True), (9, True), (11, False)])
def test_a_message_is_good_for_ten_minutes(minutes, is_taken, callbacks, signed, clock, inbox, recorded):
    body = recorded("deliveryorder_confirm")
    params = list(signed(body).items())
    clock.forward(minutes=minutes)

    reply = callbacks.answer(params, body)

    assert told(reply) == ((200, "success", "0") if is_taken else (401, "failure", "INVALID_TIMESTAMP"))
    assert bool(inbox.taken) is is_taken


# --- signed, and yet not to be read ----------------------------------------------------------------------------------


@pytest.mark.parametrize("attack", [name for name in ATTACKS if name != "ten megabytes"])
def test_a_signed_attack_is_refused_in_their_form(attack, callbacks, signed, inbox):
    raw, why = ATTACKS[attack]

    reply = callbacks.answer(list(signed(raw).items()), raw)

    assert told(reply) == (400, "failure", "INVALID_REQUEST_CONTENT")
    assert Reader(read_xml(reply[1])).text("message") == why
    assert inbox.taken == []


def test_what_is_too_large_is_refused_before_it_is_hashed(callbacks, signed):
    raw, _ = ATTACKS["ten megabytes"]

    assert told(callbacks.answer([], raw)) == (413, "failure", "INVALID_REQUEST_CONTENT")


def test_a_message_that_lacks_something_is_refused_with_its_place(callbacks, signed):
    body = b"<request><deliveryOrder><warehouseCode>WH-A</warehouseCode></deliveryOrder></request>"

    status, answer = callbacks.answer(list(signed(body).items()), body)

    assert status == 400
    message = Reader(read_xml(answer)).text("message")
    assert message == "deliveryOrder.deliveryOrderCode: wms.unreadable_message"


def test_a_message_that_nobody_takes_here_is_refused(callbacks, signed, recorded):
    body = recorded("deliveryorder_confirm")

    reply = callbacks.answer(list(signed(body, "singleitem.synchronize").items()), body)

    assert told(reply) == (400, "failure", "INVALID_METHOD")


@pytest.mark.parametrize("trouble", [Contended(what="x"), StoreUnavailable(why="x")])
def test_what_could_not_be_kept_is_to_be_sent_again(trouble, callbacks, signed, inbox, recorded):
    inbox.trouble = trouble
    body = recorded("deliveryorder_confirm")

    assert told(callbacks.answer(list(signed(body).items()), body)) == (503, "failure", "SYSTEM_BUSY")


def test_a_caller_with_one_warehouse_need_not_name_it(callbacks, signed, inbox):
    body = (
        b"<request><deliveryOrderCode>DO1</deliveryOrderCode><items><item><itemCode>A</itemCode>"
        b"<lackQty>1</lackQty></item></items></request>"
    )

    assert told(callbacks.answer(list(signed(body, "itemlack.report").items()), body))[0] == 200
    assert inbox.taken[0].warehouse == "WH-A"


@given(query=st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=6), body=st.binary(max_size=50))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_comes_is_answered(query, body, callbacks, inbox):
    status, answer = callbacks.answer(query, body)

    assert status in (400, 401)
    assert read_xml(answer).name == "response"
    assert inbox.taken == []
