"""What changing an order answered is answered again under the same key, whatever it is stored in."""

import pytest
from tests.adapters.db.stored import StoredWorld
from tests.app.test_merging import standard

from oms_app.actor import Actor, Once, Permission
from oms_app.address_edits import AddressWanted
from oms_app.editing import EditOrder
from oms_app.merging import MergeOrders, UnmergeOrder
from oms_app.splitting import SplitOrder, Wanted
from oms_domain.testing.builders import HAT, SCARF


@pytest.fixture
def world(backend):
    return StoredWorld(backend.store, backend.clock, backend.new_id)


def test_every_answer_is_answered_again(world):
    shop = world.a_shop()
    world.receive(SCARF, HAT)
    one, other, third = (world.an_order(shop, standard(no)) for no in "ABC")

    def by(key):
        return Actor(id="k", permissions=frozenset(Permission), once=Once(client="k", key=key, digest="d"))

    def twice(act, command):
        first = act(command)
        assert act(command) == first
        return first

    text = "新收件人 13000000002 广东省深圳市宝安区虚构路8号"
    edit = EditOrder(order_id=third, note="好", address=AddressWanted(text=text), by=by("edit"))
    assert twice(world.edits.edit, edit).what == ("note", "receiver", "region")
    merged = twice(world.merges.merge, MergeOrders(order_ids=(one, other), by=by("merge")))
    parts = twice(world.merges.unmerge, UnmergeOrder(order_id=merged.order.id, by=by("unmerge"))).parts
    split = SplitOrder(order_id=parts[0].order.id, parts=((Wanted(sku=HAT, units=1),),), by=by("split"))
    assert len(twice(world.splits.split, split).parts) == 2
    assert world.findings() == []
