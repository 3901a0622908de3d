"""Timers on every store: set with a fact, moved, rung once, and dropped by whoever sees their shop."""

from datetime import timedelta

import pytest
from tests.contracts.rows import ROOT, a_new_shop, a_stored_order, claim, holding, of, store, transact

from oms_app.ports.transaction import JobNotOpen, LeaseLost
from oms_app.queries.rows import JobStanding, Position


@pytest.fixture
def shop(backend):
    return store(backend, a_new_shop(backend))


def set_timer(backend, shop, *, after=timedelta(hours=1), key="1", by=ROOT):
    due_at = backend.clock.now + after
    transact(backend, lambda tx: tx.set_timer("ring", key, due_at=due_at, shop_id=shop.id), by)


def timers(backend, by=ROOT):
    return [(timer.handler, timer.key, timer.due_at) for timer in backend.queries.timers(by, limit=10)]


def test_a_timer_rings_when_its_time_has_come(backend, shop):
    set_timer(backend, shop)

    assert claim(backend) == ()
    backend.clock.forward(hours=1)
    (job,) = claim(backend)

    assert (job.handler, job.key, job.envelope) == ("ring", "1", None)
    backend.jobs.finish(job.claim)
    assert timers(backend) == []


def test_set_again_it_is_moved_and_whoever_works_on_it_holds_it_no_longer(backend, shop):
    set_timer(backend, shop, after=timedelta(0))
    (job,) = claim(backend)

    set_timer(backend, shop, after=timedelta(hours=2))

    assert timers(backend) == [("ring", "1", backend.clock.now + timedelta(hours=2))]
    with pytest.raises(LeaseLost):
        transact(backend, lambda tx: None, holding(job.claim))
    backend.jobs.finish(job.claim)
    backend.clock.forward(hours=2)
    assert [job.key for job in claim(backend)] == ["1"]


def test_set_again_after_it_was_done_it_rings_again(backend, shop):
    set_timer(backend, shop, after=timedelta(0))
    (job,) = claim(backend)
    backend.jobs.finish(job.claim)

    set_timer(backend, shop, after=timedelta(0))

    assert [job.key for job in claim(backend)] == ["1"]


def test_a_transaction_that_is_undone_sets_none(backend, shop):
    with backend.open(ROOT) as tx:
        tx.set_timer("ring", "1", due_at=backend.clock.now, shop_id=shop.id)

    assert timers(backend) == []


def test_the_next_one_is_listed_first_and_work_that_comes_of_itself_is_no_timer(backend, shop):
    backend.jobs.ensure("poll", "all", due_at=backend.clock.now)
    set_timer(backend, shop, key="late", after=timedelta(days=1))
    set_timer(backend, shop, key="soon")

    assert [key for _, key, _ in timers(backend)] == ["soon", "late"]


def test_a_timer_is_dropped_by_whoever_sees_its_shop_once(backend, shop):
    other = store(backend, a_new_shop(backend))
    set_timer(backend, shop)
    (timer,) = backend.queries.timers(of(shop.id), limit=10)

    assert timers(backend, of(other.id)) == []
    with pytest.raises(JobNotOpen):
        transact(backend, lambda tx: tx.call_off(timer.id, at=backend.clock.now), of(other.id))
    transact(backend, lambda tx: tx.call_off(timer.id, at=backend.clock.now), of(shop.id))

    assert timers(backend) == []
    backend.clock.forward(hours=1)
    assert claim(backend) == ()
    with pytest.raises(JobNotOpen):
        transact(backend, lambda tx: tx.call_off(timer.id, at=backend.clock.now))


def test_work_that_comes_of_itself_is_not_dropped_but_what_was_given_up_is(backend):
    backend.jobs.ensure("poll", "all", due_at=backend.clock.now)
    (job,) = claim(backend)
    at = backend.clock.now
    with pytest.raises(JobNotOpen):
        transact(backend, lambda tx: tx.call_off(job.claim.job_id, at=at))

    backend.jobs.fail(job.claim, error="x", retry_at=None, now=at)
    transact(backend, lambda tx: tx.call_off(job.claim.job_id, at=at))

    assert backend.queries.parked_jobs(ROOT, limit=10) == ()
    with pytest.raises(JobNotOpen):
        transact(backend, lambda tx: tx.call_off(backend.new_id(), at=at))


def test_dropped_work_holds_back_no_later_fact_of_its_document(backend):
    order = a_stored_order(backend)
    backend.jobs.relay({"orders.order_revised": ("work",)}, now=backend.clock.now, limit=100)
    (first, *_) = claim(backend)
    backend.jobs.fail(first.claim, error="x", retry_at=None, now=backend.clock.now)
    transact(backend, lambda tx: tx.call_off(first.claim.job_id, at=backend.clock.now), of(order.shop_id))

    assert backend.queries.parked_jobs(ROOT, limit=10) == ()


def test_the_work_that_is_not_done_is_listed_as_it_stands(backend, shop):
    other = store(backend, a_new_shop(backend))
    for key in ("given up", "runs"):
        set_timer(backend, shop, key=key, after=timedelta(0))
    jobs = {job.key: job for job in claim(backend)}
    backend.jobs.fail(jobs["given up"].claim, error="不行", retry_at=None, now=backend.clock.now)
    set_timer(backend, shop, key="due", after=timedelta(0))
    set_timer(backend, other, key="later", after=timedelta(days=1))
    backend.jobs.ensure("poll", "all", due_at=backend.clock.now)

    def listed(by=ROOT, **wanted):
        found = backend.queries.open_jobs(by, **{"limit": 10, "now": backend.clock.now} | wanted)
        return {(row.key, str(row.standing)) for row in found}

    of_shop = {("given up", "parked"), ("runs", "running"), ("due", "ready")}
    assert listed() == of_shop | {("later", "waiting"), ("all", "ready")}
    assert listed(of(shop.id)) == of_shop
    assert listed(handler="poll") == {("all", "ready")}
    assert listed(standing=JobStanding.RUNNING) == {("runs", "running")}
    (parked,) = backend.queries.open_jobs(ROOT, standing=JobStanding.PARKED, limit=10, now=backend.clock.now)
    assert (parked.handler, parked.tries, parked.error) == ("ring", 1, "不行")

    backend.jobs.finish(jobs["runs"].claim)
    assert listed(standing=JobStanding.RUNNING) == set()


def test_the_work_that_is_not_done_is_listed_page_by_page_by_when_it_wakes(backend, shop):
    for hours in (3, 1, 2, 1):
        set_timer(backend, shop, key=f"{hours} {backend.new_id()}", after=timedelta(hours=hours))

    found, after = [], None
    while page := backend.queries.open_jobs(ROOT, after=after, limit=1, now=backend.clock.now):
        found += [row.key[0] for row in page]
        after = Position(page[-1].wakes_at, page[-1].id)

    assert found == ["1", "1", "2", "3"]
