"""Document numbers for one transaction: as many as it needs, and none is lost where it makes nothing."""

import pytest
from tests.app.world import World

from oms_app.numbering import MoreNumbers, Numbering
from oms_domain.kernel.errors import Refused


@pytest.fixture
def numbering(world: World):
    return Numbering(world.store.numbers, world.clock)


def run(numbering, act, first):
    return numbering.run(act, "A", "E", first=first)


def taken(numbering, count=1, first=1):
    return run(numbering, lambda pool: [pool.next("A")[-6:] for _ in range(count)], first)


@pytest.mark.parametrize("first", [0, 1, 2, 9])
def test_a_transaction_that_needs_more_is_run_again_with_more(numbering, first):
    tries = []

    def act(pool):
        tries.append(pool.left("A"))
        return [pool.next("A")[-6:] for _ in range(5)]

    assert run(numbering, act, first) == ["000001", "000002", "000003", "000004", "000005"]
    assert tries[0] == first
    assert tries[-1] >= 5
    assert taken(numbering) == ["000006"]


def test_what_is_refused_has_used_no_number(numbering):
    def refused(pool):
        pool.next("A")
        raise Refused

    with pytest.raises(Refused):
        run(numbering, refused, 2)

    assert taken(numbering) == ["000001"]


def test_whose_end_nobody_knows_keeps_its_numbers(numbering):
    """The connection broke at the commit: they may be stored."""

    def lost(pool):
        pool.next("A")
        raise ConnectionError

    with pytest.raises(ConnectionError):
        run(numbering, lost, 2)

    assert taken(numbering) == ["000002"]


def test_a_pool_says_how_many_it_lacks(numbering):
    pool = numbering.pool(1, "A")
    pool.next("A")

    with pytest.raises(MoreNumbers) as lacks:
        pool.next("A")

    assert lacks.value.count == 2
