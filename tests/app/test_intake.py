"""What payloads do: nothing twice, nothing backwards, nothing lost."""

from contextlib import contextmanager
from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from tests.app.world import ROOT, World, later

from oms_adapters.memory.platform import RECEIVER
from oms_app.actor import Once
from oms_app.conversion import Outcome
from oms_app.intake import TakeIn, convert_again
from oms_app.ports.transaction import StoreRefusedData
from oms_domain.channels.standard import AmountMismatch, Platform, PlatformState, UnreadablePayload
from oms_domain.kernel.money import Money
from oms_domain.orders.platform_order import Conversion
from oms_domain.orders.states import OrderState as S
from oms_domain.testing.builders import NOW, a_standard_line, a_standard_order


@pytest.fixture
def shop(world):
    return world.a_shop()


def prepared(world, shop, standard, **how):
    raw = world.platform.sells(standard, *how.pop("mismatches", ()), receiver=how.pop("receiver", RECEIVER))
    return world.preparation.prepare(raw, world.platform.translate, shop_id=shop.id, **how)


def take_in(world, shop, *arrivals, by=ROOT):
    answers = world.intake.take_in(TakeIn(shop_id=shop.id, platform=Platform.TAOBAO, arrivals=arrivals, by=by))
    world.settle()
    return answers


def snapshot(world):
    """Return everything that is stored but the jobs."""
    tables = world.store.tables
    return (dict(tables.platform_orders), dict(tables.orders), {k: tuple(v) for k, v in tables.log.items()})


def platform_order(world, answer):
    return world.store.queries.platform_order(ROOT, answer.platform_order_id)


# --- twice, older, ambiguous -----------------------------------------------------------------------------------------


def test_a_new_payload_becomes_a_platform_order_and_a_sales_order(world, shop):
    (answer,) = world.take_in(shop, a_standard_order())

    assert (answer.outcome, answer.state, answer.payable) == (Outcome.CREATED, S.AWAITING_ALLOCATION, Money(23600))
    assert platform_order(world, answer).conversion is Conversion.CONVERTED
    assert platform_order(world, answer).order_id == answer.order_id


def test_the_same_payload_again_changes_nothing(world, shop):
    world.take_in(shop, a_standard_order())
    before = snapshot(world)

    (answer,) = world.take_in(shop, a_standard_order())

    assert answer.outcome is Outcome.UNCHANGED
    assert snapshot(world) == before


def test_the_same_payload_twice_in_one_chunk_makes_one_order(world, shop):
    first, second = world.take_in(shop, a_standard_order(), a_standard_order())

    assert (first.outcome, second.outcome) == (Outcome.CREATED, Outcome.UNCHANGED)
    assert first.order_id == second.order_id


def test_an_older_payload_changes_nothing(world, shop):
    newer = a_standard_order(buyer_remark="新")
    world.take_in(shop, newer)
    before = snapshot(world)

    older = evolve(newer, modified_at=newer.modified_at - timedelta(seconds=1), buyer_remark="旧")
    (answer,) = world.take_in(shop, older)

    assert answer.outcome is Outcome.UNCHANGED
    assert snapshot(world) == before


def test_a_newer_payload_is_followed(world, shop):
    standard = a_standard_order()
    order_id = world.an_order(shop, standard)
    world.clock.forward(minutes=1)

    (answer,) = world.take_in(shop, later(standard, world.clock, buyer_remark="轻放"))

    assert answer.outcome is Outcome.UPDATED
    assert world.order(order_id).buyer_remark == "轻放"


def test_two_versions_of_one_instant_are_settled_by_asking_the_platform(world, shop):
    standard = a_standard_order(buyer_remark="一")
    order_id = world.an_order(shop, standard)
    world.clock.forward(hours=1)

    (answer,) = world.take_in(shop, evolve(standard, buyer_remark="二"))

    assert answer.outcome is Outcome.UNCHANGED
    assert world.platform.fetched == [standard.order_no]
    assert world.order(order_id).buyer_remark == "二"
    assert world.parked() == []


VERSIONS = tuple(
    a_standard_order(
        state=state,
        modified_at=NOW + timedelta(minutes=minute),
        lines=(a_standard_line(state=state),),
        buyer_remark=str(minute),
    )
    for minute, state in enumerate(
        (PlatformState.UNPAID, PlatformState.TO_SHIP, PlatformState.TO_SHIP, PlatformState.SHIPPED)
    )
)


@given(st.permutations(VERSIONS * 2))
def test_messages_in_any_order_lead_to_the_newest_version(messages):
    world = World()
    shop = world.a_shop()

    for message in messages:
        world.take_in(shop, message)

    (stored,) = world.store.tables.platform_orders.values()
    (order,) = world.store.tables.orders.values()
    assert stored.standard == VERSIONS[-1]
    assert (order.state, order.buyer_remark) == (S.SHIPPED, "3")


# --- exceptions ------------------------------------------------------------------------------------------------------

MISMATCH = AmountMismatch(rule="payable", stated=Money(100), computed=Money(101))


def test_amounts_that_do_not_fit_make_an_exception_and_no_order(world, shop):
    (answer,) = take_in(world, shop, prepared(world, shop, a_standard_order(), mismatches=(MISMATCH,)))

    assert (answer.outcome, answer.order_id) == (Outcome.EXCEPTION, None)
    assert answer.trouble.mismatches == (MISMATCH,)
    assert [row.reason for row in exceptions(world)] == ["amounts_do_not_fit"]


def test_a_line_without_a_code_makes_an_exception(world, shop):
    (answer,) = world.take_in(shop, a_standard_order(lines=(a_standard_line(sku=None),)))

    assert (answer.outcome, answer.trouble.reason) == (Outcome.EXCEPTION, "unmapped_sku")


def test_a_newer_payload_mends_an_exception(world, shop):
    standard = a_standard_order()
    take_in(world, shop, prepared(world, shop, standard, mismatches=(MISMATCH,)))
    world.clock.forward(minutes=1)

    (answer,) = world.take_in(shop, later(standard, world.clock))

    assert (answer.outcome, answer.state) == (Outcome.UPDATED, S.AWAITING_ALLOCATION)
    assert exceptions(world) == ()


def converted_again(world, answer):
    return convert_again(
        world.intake, world.preparation, world.platform, platform_order_id=answer.platform_order_id, by=ROOT
    )


def test_an_exception_is_converted_from_its_own_payload_once_the_translation_is_mended(world, shop):
    standard = a_standard_order()
    (answer,) = take_in(world, shop, prepared(world, shop, standard, mismatches=(MISMATCH,)))
    (raw,) = world.platform.payloads
    world.platform.payloads[raw] = evolve(world.platform.payloads[raw], mismatches=())

    again = converted_again(world, answer)

    assert (again.outcome, again.state, again.payable) == (Outcome.CREATED, S.AWAITING_ALLOCATION, standard.payable)
    assert exceptions(world) == ()


def test_an_exception_that_is_still_one_is_not_converted_again(world, shop):
    (answer,) = take_in(world, shop, prepared(world, shop, a_standard_order(), mismatches=(MISMATCH,)))

    again = converted_again(world, answer)

    assert (again.outcome, again.trouble) == (Outcome.EXCEPTION, answer.trouble)


def test_what_was_converted_is_not_converted_again(world, shop):
    (answer,) = world.take_in(shop, a_standard_order())

    again = converted_again(world, answer)

    assert (again.outcome, again.order_id) == (Outcome.UNCHANGED, answer.order_id)


def test_a_payload_that_cannot_be_read_is_kept_sealed(world, shop):
    error = UnreadablePayload(field="trade.payment", why="missing")

    arrival = world.preparation.quarantine(b"{broken", "42", error, shop_id=shop.id)
    (answer,) = take_in(world, shop, arrival)

    assert (answer.outcome, answer.trouble.field) == (Outcome.EXCEPTION, "trade.payment")
    with world.open(ROOT) as tx:
        assert world.sealer.open_raw(tx.vault.get(platform_order(world, answer).raw)) == b"{broken"


def test_a_payload_that_can_be_read_takes_the_place_of_one_that_could_not(world, shop):
    standard = a_standard_order()
    error = UnreadablePayload(field="trade.payment", why="missing")
    take_in(world, shop, world.preparation.quarantine(b"{broken", standard.order_no, error, shop_id=shop.id))

    (answer,) = world.take_in(shop, standard)

    assert (answer.outcome, answer.state) == (Outcome.UPDATED, S.AWAITING_ALLOCATION)


def exceptions(world):
    return world.store.queries.platform_orders(ROOT, conversion=Conversion.EXCEPTION, after=None, limit=10)


# --- chunks ----------------------------------------------------------------------------------------------------------


def test_the_rows_of_a_chunk_are_answered_in_their_order(world, shop):
    answers = world.take_in(shop, *(a_standard_order(order_no=str(n)) for n in (3, 1, 2)))

    assert [answer.order_no for answer in answers] == ["3", "1", "2"]
    assert [answer.number for answer in answers] == sorted(answer.number for answer in answers)


def test_a_row_that_the_store_refuses_harms_no_other(world, shop):
    world.open = refusing(world, "2")

    answers = world.take_in(shop, *(a_standard_order(order_no=str(n)) for n in (1, 2, 3)))

    assert [(answer.order_no, answer.outcome) for answer in answers] == [
        ("1", Outcome.CREATED),
        ("2", Outcome.REFUSED),
        ("3", Outcome.CREATED),
    ]
    assert answers[1].code == "store.refused_data"
    assert {order.platform_order_no for order in world.store.tables.orders.values()} == {"1", "3"}
    assert all(world.state(answer.order_id) for answer in answers if answer.order_id)


def test_a_chunk_that_was_taken_apart_goes_on_where_it_broke_off(world, shop):
    by = evolve(ROOT, once=Once(client="c", key="k", digest="d"))
    arrivals = [prepared(world, shop, a_standard_order(order_no=str(n))) for n in (1, 2)]
    world.open = refusing(world, "2")
    first = take_in(world, shop, *arrivals, by=by)
    world.open = world.store.open

    again = take_in(world, shop, *arrivals, by=by)

    assert [answer.outcome for answer in first] == [Outcome.CREATED, Outcome.REFUSED]
    assert again[0] == first[0]
    assert (again[1].order_no, again[1].outcome) == ("2", Outcome.CREATED)
    assert len(world.store.tables.orders) == 2


def refusing(world, order_no):
    """Return a store that refuses one order's data."""

    @contextmanager
    def opened(actor):
        with world.store.open(actor) as tx:
            save = tx.platform_orders.save

            def checked(platform_order):
                if platform_order.order_no == order_no:
                    raise StoreRefusedData(why="22021")
                save(platform_order)

            tx.platform_orders = Renamed(tx.platform_orders, save=checked)
            yield tx

    return opened


class Renamed:
    """An object with some of its methods replaced."""

    def __init__(self, inner, **methods):
        self.inner = inner
        self.__dict__ |= methods

    def __getattr__(self, name):
        return getattr(self.inner, name)


# --- personal data ---------------------------------------------------------------------------------------------------


def test_nothing_that_is_stored_outside_the_vault_holds_personal_data(world, shop):
    world.take_in(shop, a_standard_order())

    tables = world.store.tables
    stored = [tables.platform_orders, tables.orders, tables.log, tables.archive, tables.outbox, tables.jobs]
    assert not any(plain in repr(stored) for plain in (RECEIVER.name, RECEIVER.mobile, RECEIVER.street))
    assert RECEIVER.mobile.encode() not in b"".join(sealed.blob for sealed in tables.vault.values())


def test_an_unchanged_receiver_keeps_its_sealed_row_and_a_changed_one_gets_another(world, shop):
    standard = a_standard_order()
    (first,) = world.take_in(shop, standard)
    row = platform_order(world, first).receiver
    world.clock.forward(minutes=1)

    world.take_in(shop, later(standard, world.clock, buyer_remark="轻放"))
    same = platform_order(world, first).receiver
    world.clock.forward(minutes=1)
    moved = evolve(RECEIVER, street="示例路2号")
    take_in(world, shop, prepared(world, shop, later(standard, world.clock), receiver=moved))

    assert same == row
    assert platform_order(world, first).receiver.vault_id != row.vault_id
    assert world.order(first.order_id).receiver == platform_order(world, first).receiver
