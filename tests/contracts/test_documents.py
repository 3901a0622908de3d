"""Documents come back as they were saved, one version after the other, all of a transaction or nothing."""

from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from tests.contracts.rows import (
    ROOT,
    STORED,
    a_fulfilment,
    a_new_platform_order,
    a_new_shop,
    a_stored_order,
    an_order,
    change_order,
    load_order,
    put,
    store,
    transact,
)

from oms_app.journal import UnpublishedChange
from oms_app.ports.transaction import (
    Contended,
    Duplicate,
    FulfilmentNotFound,
    OrderNotFound,
    PlatformOrderNotFound,
    StaleVersion,
)
from oms_domain.kernel.money import Money, total
from oms_domain.orders.sales_order import PartyRef
from oms_domain.orders.states import OrderState
from oms_domain.shops.shop import ShopNotFound
from oms_domain.testing import strategies
from oms_domain.testing.builders import NOW, placed


def parties():
    """Handles as a sealer makes them: digests are 128 bits in hex."""
    digests = st.just("") | st.binary(min_size=16, max_size=16).map(bytes.hex)
    return st.builds(lambda ref, digest: evolve(ref, digest=digest), strategies.party_refs(), digests)


@st.composite
def families(draw):
    """A shop with a platform order, its sales order and its fulfilment order, all new."""
    shop = evolve(draw(strategies.shops()), version=0)
    new = {"shop_id": shop.id, "version": 0}
    who = {"receiver": draw(parties()), "buyer": draw(parties())}
    platform_order = draw(strategies.platform_orders(**new, **who))
    origin = draw(st.sampled_from([platform_order.id, None]))
    order = draw(strategies.sales_orders(**new, **who, platform_order_id=origin))
    fulfilment = draw(strategies.fulfilment_orders(shop_id=shop.id, order_id=order.id, version=0))
    parcels = tuple(evolve(p, tracking_no=f"{i}{p.tracking_no[1:]}") for i, p in enumerate(fulfilment.packages))
    return shop, platform_order, order, evolve(fulfilment, packages=parcels)


@st.composite
def later_orders(draw, order):
    """The same order later on: every line changed, and perhaps one more."""
    ceiling_fen = 10**11
    alone = [draw(strategies.order_lines(line.id, line.platform_line_no, ceiling_fen)) for line in order.lines]
    extras = {name: draw(strategies.amounts(0, ceiling_fen)) for name in ("freight", "services", "cod_fee")}
    payable = total([line.payable for line in alone]) + total(extras.values())
    lines, steps = placed(alone, freight=extras["freight"])
    same = {name: getattr(order, name) for name in ("id", "number", "shop_id", "platform_order_id")}
    same |= {"receiver": draw(parties()), "buyer": draw(parties())}
    return draw(strategies.sales_orders(**same, **extras, lines=lines, steps=steps, payable=payable, version=1))


def loaded(backend, shop, platform_order, order, fulfilment):
    with backend.open(ROOT) as tx:
        return (
            tx.shops.get(shop.id),
            tx.platform_orders.get(platform_order.id),
            tx.orders.get(order.id),
            tx.fulfilments.get(fulfilment.id),
        )


def resave(backend, *documents):
    with backend.open(ROOT) as tx:
        for document in documents:
            for collection in (tx.orders, tx.platform_orders, tx.fulfilments, tx.shops):
                try:
                    collection.get(document.id)
                except (OrderNotFound, PlatformOrderNotFound, FulfilmentNotFound, ShopNotFound):
                    continue
            put(tx, document, backend)
        tx.commit()


@STORED
@given(families())
def test_what_is_saved_is_loaded_equal_as_the_next_version(backend, family):
    backend.wipe()
    stored = store(backend, *family)

    assert loaded(backend, *family) == stored
    with backend.open(ROOT) as tx:
        assert tx.shops.all() == (stored[0],)
        assert tx.shops.by_code(stored[0].code) == stored[0]
        assert tx.platform_orders.by_order_no(stored[0].id, [stored[1].order_no]) == {stored[1].order_no: stored[1]}
        assert tx.orders.get_many([stored[2].id]) == {stored[2].id: stored[2]}


@STORED
@given(family=families(), data=st.data())
def test_what_is_changed_is_loaded_equal_whatever_it_was_before(backend, family, data):
    backend.wipe()
    shop, platform_order, order, fulfilment = store(backend, *family)
    same = {"id": platform_order.id, "number": platform_order.number, "shop_id": shop.id, "version": 1}
    same |= {"receiver": data.draw(parties()), "buyer": data.draw(parties())}
    changed = (
        evolve(data.draw(strategies.shops()), id=shop.id, version=1),
        evolve(data.draw(strategies.platform_orders(**same)), order_no=platform_order.order_no),
        data.draw(later_orders(order)),
        evolve(fulfilment, state="cancelled", accepted=True, lines=fulfilment.lines[:1]),
    )

    resave(backend, *changed)

    assert loaded(backend, *family) == tuple(evolve(document, version=2) for document in changed)


def test_a_transaction_reads_what_it_has_saved(backend):
    order = a_stored_order(backend)

    with backend.open(ROOT) as tx:
        changed = evolve(tx.orders.get(order.id), buyer_remark="轻放")
        tx.orders.save(changed)

        assert tx.orders.get(order.id) == changed


def test_a_new_document_is_read_in_its_own_transaction(backend):
    shop = a_new_shop(backend)

    with backend.open(ROOT) as tx:
        tx.shops.save(shop)

        assert tx.shops.get(shop.id) == shop


def test_a_document_saved_several_times_in_a_transaction_is_one_version_further(backend):
    order = a_stored_order(backend)

    with backend.open(ROOT) as tx:
        for remark in ("一", "二", "三"):
            put(tx, evolve(tx.orders.get(order.id), buyer_remark=remark), backend)
        tx.commit()

    assert load_order(backend, order) == evolve(order, buyer_remark="三", version=2)


def test_a_new_document_saved_again_is_version_one(backend):
    shop = store(backend, a_new_shop(backend))
    order = an_order(backend, shop)

    store(backend, order, evolve(order, buyer_remark="二"))

    assert load_order(backend, order) == evolve(order, buyer_remark="二", version=1)


def test_what_is_not_there_is_not_found(backend):
    nobody = backend.new_id()

    with backend.open(ROOT) as tx:
        for get, refusal in (
            (tx.shops.get, ShopNotFound(shop=str(nobody))),
            (tx.shops.by_code, ShopNotFound(shop=nobody)),
            (tx.platform_orders.get, PlatformOrderNotFound(platform_order_id=nobody)),
            (tx.orders.get, OrderNotFound(order_id=nobody)),
            (tx.fulfilments.get, FulfilmentNotFound(fulfilment_id=nobody)),
        ):
            with pytest.raises(type(refusal)):
                get(nobody if get != tx.shops.by_code else "no-such-code")
        assert tx.orders.get_many([nobody]) == {}
        assert tx.platform_orders.by_order_no(nobody, ["1"]) == {}


def test_a_stale_version_is_refused_and_changes_nothing(backend):
    order = a_stored_order(backend)
    changed = change_order(backend, order, buyer_remark="先到")

    with pytest.raises(StaleVersion):
        resave(backend, evolve(order, buyer_remark="后到"))

    assert load_order(backend, order) == changed


@pytest.mark.parametrize("kind", ["shop", "platform_order", "order", "fulfilment"])
def test_every_kind_of_document_refuses_a_stale_version(backend, kind):
    shop = store(backend, a_new_shop(backend))
    order = store(backend, an_order(backend, shop))
    document = {
        "shop": shop,
        "platform_order": a_new_platform_order(backend, shop),
        "order": order,
        "fulfilment": a_fulfilment(backend, order),
    }[kind]
    stored = document if document.version else store(backend, document)
    later = evolve(stored, updated_at=backend.clock.forward(seconds=1))
    resave(backend, later)

    with pytest.raises(StaleVersion):
        resave(backend, evolve(stored, updated_at=backend.clock.forward(seconds=1)))


def test_a_shop_code_is_taken_once(backend):
    store(backend, a_new_shop(backend, code="tb-1"))

    with pytest.raises(Duplicate):
        store(backend, a_new_shop(backend, code="tb-1"))


def test_a_platform_order_number_is_taken_once_in_a_shop_and_free_in_others(backend):
    shop, other = store(backend, a_new_shop(backend), a_new_shop(backend))
    store(backend, a_new_platform_order(backend, shop, order_no="A1"))

    with pytest.raises(Duplicate):
        store(backend, a_new_platform_order(backend, shop, order_no="A1"))
    store(backend, a_new_platform_order(backend, other, order_no="A1"))


def test_platform_order_numbers_that_look_alike_are_different(backend):
    shop = store(backend, a_new_shop(backend))
    alike = ("A1", "a1", "Á1", "Ａ1", "ß", "ss")

    stored = store(backend, *(a_new_platform_order(backend, shop, order_no=order_no) for order_no in alike))

    with backend.open(ROOT) as tx:
        assert tx.platform_orders.by_order_no(shop.id, alike) == dict(zip(alike, stored, strict=True))


def test_a_document_is_made_once(backend):
    order = a_stored_order(backend)

    with pytest.raises(Contended):
        store(backend, evolve(order, version=0))


def test_a_change_that_nobody_published_is_refused_and_not_stored(backend):
    order = a_stored_order(backend)

    with pytest.raises(UnpublishedChange):
        transact(backend, lambda tx: tx.orders.save(evolve(tx.orders.get(order.id), buyer_remark="悄悄")))

    assert load_order(backend, order) == order


def test_a_new_document_that_nobody_published_is_refused(backend):
    shop = a_new_shop(backend)

    with pytest.raises(UnpublishedChange):
        transact(backend, lambda tx: tx.shops.save(shop))

    with pytest.raises(ShopNotFound):
        transact(backend, lambda tx: tx.shops.get(shop.id))


def test_amounts_stay_exact_at_the_limits(backend):
    shop = store(backend, a_new_shop(backend))
    order = an_order(backend, shop, freight=Money(10**12), cod_fee=Money(-(10**12)), seller_flag=0)

    store(backend, order)

    assert load_order(backend, order).freight == Money(10**12)
    assert load_order(backend, order).cod_fee == Money(-(10**12))


# --- orders that may be merged ---------------------------------------------------------------------------------------


def test_siblings_are_of_one_shop_buyer_and_receiver_and_await_review(backend):
    shop, elsewhere = store(backend, a_new_shop(backend), a_new_shop(backend))
    same = {"buyer_id": "buyer-1", "receiver": PartyRef(vault_id=backend.new_id(), digest="r-1")}
    order = store(backend, an_order(backend, shop, **same))
    later, first = store(
        backend,
        an_order(backend, shop, **same, placed_at=NOW),
        an_order(backend, shop, **same, placed_at=NOW - timedelta(hours=1)),
    )
    store(
        backend,
        an_order(backend, elsewhere, **same),
        an_order(backend, shop, **same | {"buyer_id": "buyer-2"}),
        an_order(backend, shop, **same | {"receiver": PartyRef(vault_id=backend.new_id(), digest="r-2")}),
        an_order(backend, shop, **same, state=OrderState.AWAITING_RELEASE),
    )

    with backend.open(ROOT) as tx:
        assert tx.orders.siblings(order, 10) == (first.id, later.id)
        assert tx.orders.siblings(order, 1) == (first.id,)
        assert tx.orders.siblings(evolve(order, buyer_id=""), 10) == ()


def test_many_are_found_as_this_transaction_has_saved_them(backend):
    order = a_stored_order(backend)
    new = an_order(backend, store(backend, a_new_shop(backend)))

    with backend.open(ROOT) as tx:
        put(tx, new, backend)
        changed = evolve(tx.orders.get(order.id), seller_flag=3)
        put(tx, changed, backend)

        assert tx.orders.get_many([order.id, new.id]) == {order.id: changed, new.id: new}
