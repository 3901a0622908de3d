"""Rules with every version of them, blacklists, and orders around an order, on every store."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve
from tests.contracts.rows import ROOT, a_new_shop, an_order, of, store
from tests.contracts.sealed import a_sealed_row

from oms_app.ports.rules import Neighbour
from oms_app.ports.transaction import Contended, StaleVersion
from oms_app.ports.vault import IndexField
from oms_domain.channels.standard import Region
from oms_domain.conditions.operators import Op
from oms_domain.conditions.tree import AnyOf, Check, Not
from oms_domain.kernel.identity import ShopId
from oms_domain.orders.flags import Flag, FlagKind
from oms_domain.orders.marks import Business, DeliveryMode, OrderSource
from oms_domain.orders.rules.blacklist import BlacklistEntry, BlacklistEntryNotFound, BlacklistKind
from oms_domain.orders.rules.rule import Rule, RuleAction, RuleKind
from oms_domain.orders.rules.templates import from_template
from oms_domain.shops.shop import ShopNotFound
from oms_domain.testing.builders import NOW, RECEIVER, an_id

(DEAR,) = from_template("amount-too-high", {"limit_fen": 50_000})
ODD = Rule(
    id="odd",
    name="样例",
    kind=RuleKind.AUTO_REVIEW,
    condition=AnyOf((Not(Check("placed_at", Op.AT_LEAST, NOW)), Check("skus", Op.CONTAINS_ANY, ("A", "B")))),
    action=RuleAction.PASS,
    reason="试用",
    priority=7,
    active_from=NOW,
    active_to=NOW + timedelta(days=1),
    enabled=False,
)
STRANGER = of(ShopId(an_id(7)))


@pytest.fixture
def shop(backend):
    return store(backend, a_new_shop(backend))


def change(backend, shop, *steps, by=ROOT):
    """Change a shop's rules in one transaction, and return them as they are read again."""
    with backend.open(by) as tx:
        rules = tx.rule_sets.of(shop.id)
        for step in steps:
            done = step(rules)
            rules = done.state
            tx.rule_sets.save(rules)
            tx.publish(done.events)
        tx.commit()
    return read(backend, shop)


def read(backend, shop, by=ROOT):
    with backend.open(by) as tx:
        return tx.rule_sets.of(shop.id)


def put(rule):
    return lambda rules: rules.put(rule, at=NOW)


def versions(backend, shop, rule_id):
    with backend.open(ROOT) as tx:
        return [(kept.rule, kept.at, kept.by) for kept in tx.rule_sets.versions(shop.id, rule_id)]


# --- rules -----------------------------------------------------------------------------------------------------------


def test_a_shop_that_has_put_no_rules_has_none(backend, shop):
    rules = read(backend, shop)

    assert (rules.shop_id, rules.rules, rules.version) == (shop.id, (), 0)
    assert versions(backend, shop, DEAR.id) == []


def test_rules_come_back_as_they_were_put(backend, shop):
    rules = change(backend, shop, put(DEAR), put(ODD))

    assert rules.rules == (DEAR, ODD)
    assert rules.version == 1
    assert read(backend, shop) == rules


def test_every_version_of_a_rule_can_be_read_again_also_after_it_was_removed(backend, shop):
    dearer = evolve(DEAR, reason="再核实")
    change(backend, shop, put(DEAR))
    change(backend, shop, put(dearer), put(ODD))
    change(backend, shop, lambda rules: rules.remove(DEAR.id, at=NOW))

    assert versions(backend, shop, DEAR.id) == [(evolve(dearer, version=2), NOW, ROOT.id), (DEAR, NOW, ROOT.id)]
    assert versions(backend, shop, ODD.id) == [(ODD, NOW, ROOT.id)]
    back = change(backend, shop, put(DEAR))
    assert (back.rule(DEAR.id).version, back.removed) == (3, ())
    assert [rule.version for rule, _, _ in versions(backend, shop, DEAR.id)] == [3, 2, 1]


def put_late(backend, shop, rules, rule):
    """Put a rule into a set that was read earlier."""
    late = rules.put(rule, at=NOW)
    with backend.open(ROOT) as tx:
        tx.rule_sets.of(shop.id)
        tx.rule_sets.save(late.state)
        tx.publish(late.events)
        tx.commit()


def test_of_two_who_change_a_shops_rules_one_is_refused(backend, shop):
    early = change(backend, shop, put(DEAR))
    change(backend, shop, put(ODD))

    with pytest.raises(StaleVersion):
        put_late(backend, shop, early, evolve(DEAR, priority=1))
    assert read(backend, shop).rules == (DEAR, ODD)


def test_of_two_who_put_a_shops_first_rule_one_is_refused(backend, shop):
    early = read(backend, shop)
    change(backend, shop, put(DEAR))

    with pytest.raises(Contended):
        put_late(backend, shop, early, ODD)
    assert read(backend, shop).rules == (DEAR,)


def test_rules_are_seen_by_those_who_see_the_shop(backend, shop):
    change(backend, shop, put(DEAR))

    with backend.open(STRANGER) as tx:
        with pytest.raises(ShopNotFound):
            tx.rule_sets.of(shop.id)
        with pytest.raises(ShopNotFound):
            tx.rule_sets.versions(shop.id, DEAR.id)
    assert read(backend, shop, by=of(shop.id)).rules == (DEAR,)


# --- blacklists ------------------------------------------------------------------------------------------------------


def an_entry(backend, shop, **changes):
    facts = {
        "id": backend.new_id(),
        "shop_id": shop.id,
        "kind": BlacklistKind.PHONE,
        "digest": "p" * 32,
        "mask": "*******0001",
        "reason": "恶意拍单",
        "created_at": NOW,
        "updated_at": NOW,
    }
    return BlacklistEntry(**facts | changes)


def keep(backend, change, by=ROOT):
    with backend.open(by) as tx:
        if change.state.version:
            tx.blacklist.get(change.state.id)  # a document is read before it is changed
        tx.blacklist.save(change.state)
        tx.publish(change.events)
        tx.commit()
    return evolve(change.state, version=change.state.version + 1)


def listed(backend, shop, *digests, by=ROOT):
    with backend.open(by) as tx:
        return tx.blacklist.listed(shop.id, digests)


def test_who_is_on_the_blacklist_is_found_by_digest_until_taken_off(backend, shop):
    other_shop = store(backend, a_new_shop(backend))
    phone = keep(backend, an_entry(backend, shop).added(at=NOW))
    buyer = keep(backend, an_entry(backend, shop, kind=BlacklistKind.BUYER, digest="b" * 32).added(at=NOW))
    keep(backend, an_entry(backend, other_shop).added(at=NOW))

    assert listed(backend, shop, "p" * 32) == (phone,)
    assert listed(backend, shop, "p" * 32, "b" * 32, "x") == (phone, buyer)
    assert listed(backend, shop) == ()
    off = keep(backend, phone.removed("误加", at=NOW))
    assert listed(backend, shop, "p" * 32, "b" * 32) == (buyer,)
    with backend.open(ROOT) as tx:
        assert tx.blacklist.find(shop.id, phone.kind, phone.digest, "") == off
        assert tx.blacklist.find(shop.id, phone.kind, phone.digest, "4403") is None
        assert tx.blacklist.get(phone.id) == off


def test_a_blacklist_is_listed_in_pages(backend, shop):
    entries = [keep(backend, an_entry(backend, shop, digest=f"{n:032}").added(at=NOW)) for n in range(3)]

    with backend.open(ROOT) as tx:
        assert tx.blacklist.page(shop.id, after=None, limit=2) == tuple(entries[:2])
        assert tx.blacklist.page(shop.id, after=entries[1].id, limit=2) == tuple(entries[2:])


def test_nobody_stands_on_a_blacklist_twice(backend, shop):
    keep(backend, an_entry(backend, shop).added(at=NOW))

    with pytest.raises(Contended):
        keep(backend, an_entry(backend, shop).added(at=NOW))
    keep(backend, an_entry(backend, shop, division="4403").added(at=NOW))


def test_a_blacklist_is_seen_by_those_who_see_the_shop(backend, shop):
    entry = keep(backend, an_entry(backend, shop).added(at=NOW))

    assert listed(backend, shop, entry.digest, by=STRANGER) == ()
    with backend.open(STRANGER) as tx, pytest.raises(BlacklistEntryNotFound):
        tx.blacklist.get(entry.id)
    assert listed(backend, shop, entry.digest, by=of(shop.id)) == (entry,)


# --- around an order -------------------------------------------------------------------------------------------------

AT = NOW - timedelta(days=1)


def a_receiver(backend, shop, digest="a" * 32):
    sealed = a_sealed_row(backend, shop, indexes=((IndexField.ADDRESS, digest),), has_door=True)
    with backend.open(ROOT) as tx:
        tx.vault.put(sealed)
        tx.commit()
    return sealed


def an_order_to(backend, shop, sealed, **changes):
    return store(backend, an_order(backend, shop, receiver=evolve(RECEIVER, vault_id=sealed.id), **changes))


def seen(order):
    return Neighbour(order_no=order.platform_order_no, placed_at=order.placed_at, region=order.region)


def test_orders_to_an_address_are_found_within_a_time_newest_first(backend, shop):
    there, elsewhere = a_receiver(backend, shop), a_receiver(backend, shop, "z" * 32)
    other_shop = store(backend, a_new_shop(backend))
    orders = [
        an_order_to(backend, shop, there, placed_at=AT + timedelta(hours=hour), region=Region(city=f"{hour}市"))
        for hour in range(3)
    ]
    an_order_to(backend, shop, elsewhere, placed_at=AT)
    an_order_to(backend, other_shop, a_receiver(backend, other_shop), placed_at=AT)

    def at_address(by=ROOT, since=AT - timedelta(hours=1), until=AT + timedelta(hours=9), limit=9):
        with backend.open(by) as tx:
            return tx.neighbours.at_address(shop.id, "a" * 32, since=since, until=until, limit=limit)

    assert at_address() == tuple(seen(order) for order in reversed(orders))
    assert at_address(since=AT, until=AT + timedelta(hours=1)) == (seen(orders[1]),)
    assert at_address(limit=1) == (seen(orders[2]),)
    assert at_address(by=STRANGER) == ()


def test_orders_of_a_buyer_are_found_newest_first(backend, shop):
    orders = [
        store(backend, an_order(backend, shop, buyer_id="B-1", placed_at=AT + timedelta(hours=hour)))
        for hour in range(3)
    ]
    store(backend, an_order(backend, shop, buyer_id="b-1", placed_at=AT))

    def of_buyer(by=ROOT, until=NOW, limit=9):
        with backend.open(by) as tx:
            return tx.neighbours.of_buyer(shop.id, "B-1", until=until, limit=limit)

    assert of_buyer() == tuple(seen(order) for order in reversed(orders))
    assert of_buyer(until=AT, limit=1) == (seen(orders[0]),)
    assert of_buyer(by=STRANGER) == ()


def test_what_a_sealed_row_says_of_its_street_comes_back(backend, shop):
    rows = [a_sealed_row(backend, shop, has_door=has_door) for has_door in (True, False, None)]
    with backend.open(ROOT) as tx:
        for row in rows:
            tx.vault.put(row)
        tx.commit()

    with backend.open(ROOT) as tx:
        assert [tx.vault.get(row.id).has_door for row in rows] == [True, False, None]


def test_what_rules_have_done_to_an_order_comes_back(backend, shop):
    flag = Flag(kind=FlagKind.INTERCEPTED, reason="请核实", by="rule", at=NOW, rule=("dear", 3))

    order = store(backend, an_order(backend, shop, flags=(flag,), passed_rules=(("dear", 2), ("keywords", 1))))

    with backend.open(ROOT) as tx:
        assert tx.orders.get(order.id) == order


def test_where_an_order_came_from_comes_back(backend, shop):
    marks = {
        "source": OrderSource.MANUAL,
        "business": Business.DISTRIBUTION,
        "delivery": DeliveryMode.PICKUP,
        "original_id": an_id(77),
    }

    order = store(backend, an_order(backend, shop, **marks))

    with backend.open(ROOT) as tx:
        assert tx.orders.get(order.id) == order
