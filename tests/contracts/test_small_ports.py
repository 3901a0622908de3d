"""Answers kept under a key, cursors, accounts, vault rows, numbers and API keys."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from attrs import evolve, frozen
from hypothesis import given
from hypothesis import strategies as st
from tests.contracts.rows import ROOT, STORED, a_new_shop, a_stored_order, store, transact
from tests.contracts.sealed import a_sealed_row
from tests.contracts.test_races import at_once

from oms_app.access import ApiKey, Role
from oms_app.actor import KeyReused, Once, Permission, system
from oms_app.conversion import IntakeAnswer, Outcome
from oms_app.numbering import Numbering
from oms_app.orders import OrderAnswer
from oms_app.ports.transaction import Contended, Duplicate
from oms_app.ports.vault import VaultRowGone
from oms_domain.channels.standard import AmountMismatch
from oms_domain.kernel.money import Money
from oms_domain.orders.platform_order import Trouble
from oms_domain.orders.states import OrderState

# --- answers ---------------------------------------------------------------------------------------------------------


def keyed(key="k", digest="d", client="c"):
    return evolve(system("tests"), once=Once(client=client, key=key, digest=digest))


def an_answer(backend, **changes):
    facts = {"id": backend.new_id(), "number": "S20261123-000001", "state": OrderState.SHIPPED, "version": 3}
    return OrderAnswer(**facts | {"flags": ("held", "intercepted")} | changes)


def recall(backend, kind, actor, row=""):
    with backend.open(actor) as tx:
        return tx.recall(kind, row)


def test_an_answer_is_recalled_equal(backend):
    answer = an_answer(backend)

    transact(backend, lambda tx: tx.remember(answer), keyed())

    assert recall(backend, OrderAnswer, keyed()) == answer


def test_an_answer_with_everything_in_it_is_recalled_equal(backend):
    mismatch = AmountMismatch(rule="payable", stated=Money(-1, "JPY"), computed=Money(10**12, "JPY"))
    answer = IntakeAnswer(
        outcome=Outcome.EXCEPTION,
        order_no="样例/1",
        platform_order_id=backend.new_id(),
        order_id=None,
        payable=Money(7, "JPY"),
        trouble=Trouble(reason="amounts_do_not_fit", mismatches=(mismatch, mismatch)),
    )

    transact(backend, lambda tx: tx.remember(answer), keyed())

    assert recall(backend, IntakeAnswer, keyed()) == answer


def test_without_a_key_nothing_is_kept(backend):
    transact(backend, lambda tx: tx.remember(an_answer(backend)))

    assert recall(backend, OrderAnswer, ROOT) is None


def test_another_client_or_key_has_not_asked(backend):
    transact(backend, lambda tx: tx.remember(an_answer(backend)), keyed())

    assert recall(backend, OrderAnswer, keyed(client="other")) is None
    assert recall(backend, OrderAnswer, keyed(key="other")) is None


def test_the_same_key_for_another_ask_is_refused(backend):
    transact(backend, lambda tx: tx.remember(an_answer(backend)), keyed())

    with pytest.raises(KeyReused) as refusal:
        recall(backend, OrderAnswer, keyed(digest="other"))

    assert refusal.value.key == "k"


def test_the_rows_of_a_batch_have_answers_of_their_own(backend):
    first, second = an_answer(backend, version=1), an_answer(backend, version=2)
    transact(backend, lambda tx: tx.remember(first, "1"), keyed())
    transact(backend, lambda tx: tx.remember(second, "2"), keyed())

    assert recall(backend, OrderAnswer, keyed(), "1") == first
    assert recall(backend, OrderAnswer, keyed(), "2") == second
    assert recall(backend, OrderAnswer, keyed()) is None
    assert recall(backend, OrderAnswer, keyed(key="k#1")) == first


def test_a_second_answer_under_a_key_is_refused(backend):
    answer = an_answer(backend)
    transact(backend, lambda tx: tx.remember(answer), keyed())

    with pytest.raises(Contended):
        transact(backend, lambda tx: tx.remember(an_answer(backend)), keyed())

    assert recall(backend, OrderAnswer, keyed()) == answer


# --- cursors ---------------------------------------------------------------------------------------------------------


@STORED
@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=6))
def test_a_cursor_never_goes_back(backend, offsets):
    backend.wipe()
    shop = store(backend, a_new_shop(backend))
    times = [backend.clock.now + timedelta(microseconds=offset) for offset in offsets]

    for moved, to in enumerate(times, start=1):
        transact(backend, lambda tx, to=to: tx.cursors.move(shop.id, "orders", to))

        with backend.open(ROOT) as tx:
            assert tx.cursors.get(shop.id, "orders") == max(times[:moved])


def test_a_cursor_belongs_to_one_shop_and_name(backend):
    shop, other = store(backend, a_new_shop(backend), a_new_shop(backend))

    transact(backend, lambda tx: tx.cursors.move(shop.id, "orders", backend.clock.now))

    with backend.open(ROOT) as tx:
        assert tx.cursors.get(shop.id, "orders") == backend.clock.now
        assert tx.cursors.get(shop.id, "aftersales") is None
        assert tx.cursors.get(other.id, "orders") is None


# --- accounts and the vault ------------------------------------------------------------------------------------------


def test_an_account_is_put_in_place_of_the_old_one(backend):
    shop = store(backend, a_new_shop(backend))

    with backend.open(ROOT) as tx:
        assert tx.shops.account(shop.id) is None
    for sealed in (b"first", bytes(range(256)), b""):
        transact(backend, lambda tx, sealed=sealed: tx.shops.save_account(shop.id, sealed))

        with backend.open(ROOT) as tx:
            assert tx.shops.account(shop.id) == sealed


def test_a_vault_row_comes_back_equal(backend):
    shop = store(backend, a_new_shop(backend))
    rows = (
        a_sealed_row(backend, shop),
        a_sealed_row(backend, shop, blob=b"\0" * 100_000, indexes=()),
        a_sealed_row(backend, shop, kind="raw", mask=""),
    )

    transact(backend, lambda tx: [tx.vault.put(row) for row in rows])

    with backend.open(ROOT) as tx:
        assert tuple(tx.vault.get(row.id) for row in rows) == rows
        many = [row.id for row in rows]
        assert tx.vault.get_many([*many, many[0], backend.new_id()]) == {row.id: row for row in rows}
        assert tx.vault.get_many([]) == {}


def test_a_vault_row_that_is_not_there_is_gone(backend):
    with pytest.raises(VaultRowGone):
        transact(backend, lambda tx: tx.vault.get(backend.new_id()))


# --- numbers ---------------------------------------------------------------------------------------------------------

TODAY = date(2026, 11, 23)


def test_numbers_ascend_from_one_by_kind_and_day(backend):
    take = backend.numbers.take

    assert list(take("S", TODAY, 2)) == [1, 2]
    assert list(take("S", TODAY, 3)) == [3, 4, 5]
    assert list(take("P", TODAY, 1)) == [1]
    assert list(take("S", TODAY + timedelta(days=1), 1)) == [1]


def test_numbers_are_given_once_whoever_asks(backend):
    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(lambda n: backend.numbers.take("S", TODAY, 1 + n % 3), range(40)))

    numbers = [number for block in taken for number in block]
    assert all(list(block) == sorted(block) for block in taken)
    assert sorted(numbers) == list(range(1, sum(1 + n % 3 for n in range(40)) + 1))


def test_document_numbers_are_given_once_whoever_asks(backend):
    numberings = [Numbering(backend.numbers, backend.clock, block=3) for _ in range(2)]

    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(lambda n: numberings[n % 2].pool(1, "S").next("S"), range(40)))

    assert len(set(taken)) == 40
    assert all(number.startswith("S20261123-") for number in taken)


def test_numbers_that_a_transaction_did_not_use_go_to_the_next_one(backend):
    numbering = Numbering(backend.numbers, backend.clock)
    pool = numbering.pool(3, "S")

    used = pool.next("S")
    numbering.give_back(pool)

    assert numbering.pool(1, "S").next("S") == used.replace("000001", "000002")


# --- API keys --------------------------------------------------------------------------------------------------------


@frozen
class _Keys:
    root: ApiKey
    reader: ApiKey


@pytest.fixture
def keys(backend):
    def key(prefix, **changes):
        facts = {"id": backend.new_id(), "prefix": prefix, "secret_hash": "h", "name": "样例"}
        facts |= {"permissions": frozenset(Permission), "shops": None, "created_at": backend.clock.forward(seconds=1)}
        return ApiKey(**facts | changes)

    reader = {"permissions": frozenset({Permission.ORDERS_READ}), "shops": frozenset({backend.new_id()})}
    made = _Keys(key("aaaa"), key("bbbb", **reader))
    for one in (made.root, made.reader):
        backend.keys.add(one)
    return made


def test_a_key_is_found_by_its_prefix_equal(backend, keys):
    assert backend.keys.by_prefix("aaaa") == keys.root
    assert backend.keys.by_prefix("bbbb") == keys.reader
    assert backend.keys.by_prefix("cccc") is None
    assert backend.keys.all() == (keys.root, keys.reader)


def test_a_key_without_shops_stays_without(backend):
    nobody = ApiKey(
        id=backend.new_id(),
        prefix="cccc",
        secret_hash="h",
        name="n",
        permissions=frozenset(),
        shops=frozenset(),
        created_at=backend.clock.now,
    )

    backend.keys.add(nobody)

    assert backend.keys.by_prefix("cccc") == nobody


def test_a_revoked_key_says_so_and_stays(backend, keys):
    assert backend.keys.revoke(keys.reader.id, at=backend.clock.now)

    assert backend.keys.by_prefix("bbbb") == evolve(keys.reader, revoked_at=backend.clock.now)
    assert backend.keys.by_prefix("aaaa") == keys.root


def test_a_key_that_is_not_there_cannot_be_revoked(backend, keys):
    assert not backend.keys.revoke(backend.new_id(), at=backend.clock.now)


def test_a_number_that_a_person_gives_an_order_is_claimed_once(backend):
    one, other = a_stored_order(backend), a_stored_order(backend)
    same = evolve(other, platform_order_no=one.platform_order_no, shop_id=one.shop_id)
    elsewhere = evolve(same, shop_id=other.shop_id, platform_order_no="M-2")

    for order in (one, elsewhere):
        transact(backend, lambda tx, order=order: tx.orders.claim_number(order))
    with pytest.raises(Duplicate):
        transact(backend, lambda tx: tx.orders.claim_number(same))


def test_a_number_goes_from_the_order_that_has_it_to_another_once(backend):
    one, other, third = (a_stored_order(backend) for _ in range(3))
    number = {"platform_order_no": one.platform_order_no, "shop_id": one.shop_id}
    transact(backend, lambda tx: tx.orders.claim_number(one))

    transact(backend, lambda tx: tx.orders.claim_number(evolve(other, **number), instead_of=one.id))
    with pytest.raises(Duplicate):
        transact(backend, lambda tx: tx.orders.claim_number(evolve(third, **number), instead_of=one.id))

    held = transact(backend, lambda tx: tx.orders.number_holder(one.shop_id, one.platform_order_no))
    assert held == other.id
    assert transact(backend, lambda tx: tx.orders.number_holder(one.shop_id, "NONE")) is None


def test_a_key_has_its_role(backend, keys):
    senior = evolve(keys.reader, id=backend.new_id(), prefix="dddd", role="senior")
    backend.keys.add(senior)

    assert backend.keys.by_prefix("dddd") == senior
    assert backend.keys.by_prefix("bbbb").role == ""


def test_roles_are_put_in_place_by_code(backend):
    senior, lead = Role(code="senior", title="资深客服"), Role(code="lead", title="组长")
    for role in (senior, lead):
        backend.keys.put_role(role, by="admin", at=backend.clock.now)
    assert backend.keys.roles() == (lead, senior)

    retired = evolve(senior, title="高级客服", is_retired=True)
    backend.keys.put_role(retired, by="admin", at=backend.clock.now)

    assert backend.keys.roles() == (lead, retired)


def test_two_who_name_one_role_at_once_leave_one(backend):
    def name(n, barrier):
        barrier.wait()
        backend.keys.put_role(Role(code="senior", title=str(n)), by="admin", at=backend.clock.now)

    assert at_once(4, name) == [None] * 4
    assert [role.code for role in backend.keys.roles()] == ["senior"]
