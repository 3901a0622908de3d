"""What a warehouse says that it has, beside ours: shown, and booked as its count only when somebody says so."""

import pytest
from attrs import define, evolve, field
from tests.adapters.db.stored import StoredWorld
from tests.app.outside import WatchedWarehouse
from tests.app.world import ROOT

from oms_app.actor import Once
from oms_app.ports.wms import Grade, WarehouseLevel
from oms_app.warehouse_levels import ASKED_AT_ONCE, CompareLevels, CountLevels, LevelRow
from oms_domain.inventory.warehouses import UnknownWarehouse
from oms_domain.kernel.errors import Denied
from oms_domain.testing.builders import HAT, MAIN, SCARF


@pytest.fixture
def world(backend):
    world = StoredWorld(backend.store, backend.clock, backend.new_id)
    world.receive(SCARF, HAT, "CUP")
    return world


@define
class Says(WatchedWarehouse):
    """A warehouse that has what is said."""

    said: tuple[WarehouseLevel, ...] = ()
    asked: list[tuple[str, ...]] = field(factory=list)

    def levels(self, warehouse, skus):
        self._call()
        self.asked.append(skus)
        return tuple(level for level in self.said if level.sku in skus)


def says(world, *levels):
    """Let the warehouse say this of SKUs that it is asked about."""
    world.wms = Says(watch=world.watch, said=levels)
    world.wire()
    return world.wms.asked


def row(sku, good, theirs, defective=0, theirs_defective=0):
    facts = {"ours_good": good, "theirs_good": theirs}
    return LevelRow(sku=sku, ours_defective=defective, theirs_defective=theirs_defective, **facts)


def compare(world, *skus, by=ROOT):
    return world.levels.compare(CompareLevels(warehouse=MAIN, skus=skus, by=by))


def count(world, *skus, by=ROOT):
    answer = world.levels.count(CountLevels(warehouse=MAIN, skus=skus, by=by))
    world.settle()
    return answer


LEVELS = (
    WarehouseLevel(sku=SCARF, free=90, locked=5),
    WarehouseLevel(sku=SCARF, free=2, grade=Grade.DEFECTIVE),
    WarehouseLevel(sku=SCARF, free=1, grade=Grade.BOX_DAMAGE),
    WarehouseLevel(sku=SCARF, free=50, grade=Grade.IN_TRANSIT),
    WarehouseLevel(sku=HAT, free=60, batch="B1"),
    WarehouseLevel(sku=HAT, free=40, batch="B2"),
)


def test_what_differs_is_told_and_nothing_is_booked(world):
    says(world, *LEVELS)

    answer = compare(world)

    rows = {each.sku: each for each in answer.rows}
    assert rows == {SCARF: row(SCARF, 100, 95, 0, 3), HAT: row(HAT, 100, 100), "CUP": row("CUP", 100, None, 0, None)}
    assert {sku for sku, each in rows.items() if each.differs} == {SCARF, "CUP"}
    assert (answer.booked, world.units(SCARF)) == ("", (100, 0))


def test_only_what_is_named_is_asked_also_what_never_came_in(world):
    asked = says(world, WarehouseLevel(sku="NEW", free=4))

    assert compare(world, "NEW", HAT).rows == (row("NEW", 0, 4), row(HAT, 100, None, 0, None))
    assert asked == [("NEW", HAT)]


def test_many_skus_are_asked_about_in_several_calls(world):
    asked = says(world)
    skus = tuple(f"S{number}" for number in range(ASKED_AT_ONCE + 1))

    assert len(compare(world, *skus).rows) == len(skus)
    assert [len(part) for part in asked] == [ASKED_AT_ONCE, 1]


def test_told_so_the_differences_are_booked_as_the_warehouses_count(world):
    says(world, *LEVELS)
    by = evolve(ROOT, once=Once(client="c", key="k", digest="d"))

    answer = count(world, by=by)

    document = world.store.queries.stock_document(ROOT, world.store.queries.stock_document_id(ROOT, answer.booked))
    assert {(line.sku, str(line.quality), line.units) for line in document.lines} == {
        (SCARF, "good", -5),
        (SCARF, "defective", 3),
    }
    assert world.all_units() == {SCARF: (95, 0), HAT: (100, 0), "CUP": (100, 0)}
    assert count(world, by=by) == answer  # the same ask, answered again
    assert (count(world).booked, world.units(SCARF)) == ("", (95, 0))


def test_it_is_not_for_those_who_see_some_shops_only_nor_of_a_warehouse_that_there_is_not(world):
    with pytest.raises(Denied):
        compare(world, by=evolve(ROOT, shops=frozenset()))
    with pytest.raises(UnknownWarehouse):
        world.levels.compare(CompareLevels(warehouse="NOWHERE", by=ROOT))
