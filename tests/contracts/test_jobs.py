"""Facts become work: once per handler, in order per stream, under a lease, done together with its effect."""

from collections import Counter
from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from tests.contracts.rows import (
    ROOT,
    STORED,
    a_new_shop,
    a_stored_order,
    change_order,
    claim,
    holding,
    load_order,
    of,
    put,
    relay,
    store,
    transact,
)

from oms_app.actor import Actor, JobClaim, system
from oms_app.ports.jobs import JobCounts
from oms_app.ports.transaction import JobNotParked, LeaseLost
from oms_domain.kernel.identity import ShopId
from oms_domain.orders.events import OrderRevised
from oms_domain.shops.shop import ShopAdded


def orders_with(backend, *facts):
    """Return stored orders with as many facts each, of which the first has been relayed to nobody."""
    orders = [a_stored_order(backend) for _ in facts]
    backend.jobs.relay({}, now=backend.clock.now, limit=500)
    return [publish(backend, order, more) for order, more in zip(orders, facts, strict=True)]


def an_order_with(backend, facts):
    (order,) = orders_with(backend, facts)
    return order


def publish(backend, order, facts):
    for _ in range(facts):
        order = change_order(backend, order, seller_flag=order.seller_flag + 1)
    return order


def whats_of(jobs):
    return [(job.handler, job.envelope.seq) for job in jobs]


def counts(backend):
    return backend.jobs.counts(now=backend.clock.now)


# --- relay -----------------------------------------------------------------------------------------------------------


def test_a_fact_becomes_one_job_for_each_handler_of_its_type(backend):
    an_order_with(backend, 1)

    relayed = backend.jobs.relay(
        {OrderRevised.type: ("one", "two"), ShopAdded.type: ("three",)}, now=backend.clock.now, limit=10
    )

    assert relayed == 1
    assert sorted(job.handler for job in claim(backend)) == ["one", "two"]


def test_a_fact_is_relayed_once(backend):
    an_order_with(backend, 1)
    relay(backend)

    assert relay(backend) == 0
    assert len(claim(backend)) == 1


def test_a_fact_without_a_handler_is_done_with(backend):
    an_order_with(backend, 1)

    assert backend.jobs.relay({}, now=backend.clock.now, limit=10) == 1
    assert counts(backend) == JobCounts(outbox=0, ready=0, leased=0, parked=0)


def test_a_relay_takes_no_more_than_its_limit(backend):
    an_order_with(backend, 5)
    handlers = {OrderRevised.type: ("work",)}

    relayed = [backend.jobs.relay(handlers, now=backend.clock.now, limit=2) for _ in range(4)]

    assert relayed == [2, 2, 1, 0]


# --- claim -----------------------------------------------------------------------------------------------------------


def test_only_the_earliest_open_fact_of_a_stream_is_claimed(backend):
    orders_with(backend, 2, 2)
    relay(backend)

    first = claim(backend)
    nothing = claim(backend)
    for job in first:
        backend.jobs.finish(job.claim)
    second = claim(backend)

    assert [job.envelope.seq for job in first] == [2, 2]
    assert nothing == ()
    assert [job.envelope.seq for job in second] == [3, 3]
    assert {job.envelope.stream for job in first} == {job.envelope.stream for job in second}


def test_handlers_do_not_wait_for_each_other(backend):
    an_order_with(backend, 2)
    relay(backend, orders=("one", "two"))
    by_handler = {job.handler: job for job in claim(backend)}
    backend.jobs.finish(by_handler["one"].claim)

    assert whats_of(claim(backend)) == [("one", 3)]


def test_no_more_than_the_limit_is_claimed(backend):
    orders_with(backend, 1, 1, 1)
    relay(backend)

    assert [len(claim(backend, limit=2)) for _ in range(3)] == [2, 1, 0]


def test_work_whose_lease_has_run_out_is_claimed_again_by_a_newer_token(backend):
    an_order_with(backend, 1)
    relay(backend)
    (first,) = claim(backend)
    backend.clock.forward(seconds=59)
    too_early = claim(backend)
    backend.clock.forward(seconds=2)

    (second,) = claim(backend)

    assert too_early == ()
    assert second.claim == JobClaim(job_id=first.claim.job_id, token=first.claim.token + 1)
    assert (first.tries, second.tries) == (1, 2)
    assert second.envelope == first.envelope


def test_the_longest_waiting_is_claimed_first(backend):
    keys = ("c", "a", "b")
    for key in keys:
        backend.jobs.ensure("poll", key, due_at=backend.clock.forward(seconds=1))

    assert [job.key for job in claim(backend)] == list(keys)


# --- finish, fail, redrive -------------------------------------------------------------------------------------------


def test_done_work_does_not_come_again(backend):
    an_order_with(backend, 1)
    relay(backend)
    (job,) = claim(backend)

    backend.jobs.finish(job.claim)

    backend.clock.forward(days=1)
    assert claim(backend) == ()
    assert counts(backend) == JobCounts(outbox=0, ready=0, leased=0, parked=0)


def test_failed_work_comes_again_at_its_time(backend):
    an_order_with(backend, 1)
    relay(backend)
    (job,) = claim(backend)

    backend.jobs.fail(
        job.claim, error="later", retry_at=backend.clock.now + timedelta(seconds=10), now=backend.clock.now
    )

    backend.clock.forward(seconds=9)
    assert claim(backend) == ()
    backend.clock.forward(seconds=1)
    (again,) = claim(backend)
    assert (again.claim.job_id, again.tries) == (job.claim.job_id, 2)


def test_parked_work_holds_back_its_own_stream_only(backend):
    _, other = orders_with(backend, 2, 2)
    relay(backend)
    jobs = claim(backend)
    parked = next(job for job in jobs if job.envelope.stream != other.id)
    backend.jobs.fail(parked.claim, error="不行", retry_at=None, now=backend.clock.now)
    backend.jobs.finish(next(job for job in jobs if job.envelope.stream == other.id).claim)

    assert [(job.envelope.stream, job.envelope.seq) for job in claim(backend)] == [(other.id, 3)]
    assert counts(backend) == JobCounts(outbox=0, ready=1, leased=1, parked=1)


def test_parked_work_is_on_a_list_with_its_reason(backend):
    an_order_with(backend, 1)
    relay(backend)
    (job,) = claim(backend)

    backend.jobs.fail(job.claim, error="不行", retry_at=None, now=backend.clock.now)

    (row,) = backend.queries.parked_jobs(ROOT, limit=10)
    assert (row.id, row.handler, row.key, row.tries, row.error) == (job.claim.job_id, "work", job.key, 1, "不行")


def test_parked_work_is_listed_for_those_alone_whose_shop_it_is(backend):
    order = an_order_with(backend, 1)
    relay(backend)
    (job,) = claim(backend)
    backend.jobs.fail(job.claim, error="不行", retry_at=None, now=backend.clock.now)

    def seen(actor):
        return [row.id for row in backend.queries.parked_jobs(actor, limit=10)]

    assert seen(of(order.shop_id)) == [job.claim.job_id]
    assert seen(of(ShopId(backend.new_id()))) == []
    assert seen(of()) == []


def test_parked_work_runs_again_when_it_is_redriven(backend):
    an_order_with(backend, 1)
    relay(backend)
    (job,) = claim(backend)
    backend.jobs.fail(job.claim, error="不行", retry_at=None, now=backend.clock.now)

    assert backend.jobs.redrive(job.claim.job_id, now=backend.clock.now)
    (again,) = claim(backend)
    assert (again.envelope, again.claim.token) == (job.envelope, 2)
    assert backend.queries.parked_jobs(ROOT, limit=10) == ()


def test_only_parked_work_can_be_redriven(backend):
    an_order_with(backend, 1)
    relay(backend)
    (job,) = claim(backend)

    assert not backend.jobs.redrive(job.claim.job_id, now=backend.clock.now)
    assert not backend.jobs.redrive(backend.new_id(), now=backend.clock.now)


def test_who_has_lost_the_lease_can_neither_finish_nor_fail(backend):
    an_order_with(backend, 1)
    relay(backend)
    (zombie,) = claim(backend)
    backend.clock.forward(minutes=2)
    (holder,) = claim(backend)

    backend.jobs.finish(zombie.claim)
    backend.jobs.fail(zombie.claim, error="zombie", retry_at=None, now=backend.clock.now)
    backend.jobs.finish(zombie.claim, again_at=backend.clock.now)

    assert counts(backend) == JobCounts(outbox=0, ready=0, leased=1, parked=0)
    backend.jobs.finish(holder.claim)
    assert counts(backend) == JobCounts(outbox=0, ready=0, leased=0, parked=0)


def test_done_work_cannot_fail_any_more(backend):
    an_order_with(backend, 1)
    relay(backend)
    (job,) = claim(backend)
    backend.jobs.finish(job.claim)

    backend.jobs.fail(job.claim, error="late", retry_at=backend.clock.now, now=backend.clock.now)
    backend.jobs.finish(job.claim, again_at=backend.clock.now)

    assert claim(backend) == ()


# --- work that comes of itself ---------------------------------------------------------------------------------------


def test_work_that_comes_of_itself_is_there_once_per_key(backend):
    for key in ("a", "a", "b"):
        backend.jobs.ensure("poll", key, due_at=backend.clock.now)

    assert sorted((job.handler, job.key, job.envelope) for job in claim(backend)) == [
        ("poll", "a", None),
        ("poll", "b", None),
    ]


def test_work_that_comes_of_itself_is_not_claimed_before_its_time(backend):
    backend.jobs.ensure("poll", "a", due_at=backend.clock.now + timedelta(seconds=1))

    assert claim(backend) == ()
    backend.clock.forward(seconds=1)
    assert len(claim(backend)) == 1


def test_work_that_is_due_again_begins_its_tries_anew(backend):
    backend.jobs.ensure("poll", "a", due_at=backend.clock.now)
    (first,) = claim(backend)
    backend.jobs.fail(first.claim, error="later", retry_at=backend.clock.now, now=backend.clock.now)
    (second,) = claim(backend)

    backend.jobs.finish(second.claim, again_at=backend.clock.now + timedelta(seconds=30))

    assert claim(backend) == ()
    backend.clock.forward(seconds=30)
    (third,) = claim(backend)
    assert (first.tries, second.tries, third.tries) == (1, 2, 1)
    assert third.claim.token == 3


# --- a job and its effect --------------------------------------------------------------------------------------------


def test_a_job_is_done_with_its_effect(backend):
    order = an_order_with(backend, 1)
    relay(backend)
    (job,) = claim(backend)

    changed = change_order(backend, order, holding(job.claim), buyer_remark="效果")

    assert load_order(backend, order) == changed
    assert counts(backend).leased == 0
    backend.clock.forward(days=1)
    assert [again.envelope.seq for again in claim(backend)] == []


def test_an_effect_that_fails_leaves_the_job(backend):
    order = an_order_with(backend, 1)
    relay(backend)
    (job,) = claim(backend)

    with pytest.raises(Exception, match="stale"):
        transact(backend, lambda tx: _save_stale(tx, backend, order), holding(job.claim))

    assert counts(backend).leased == 1


def _save_stale(tx, backend, order):
    tx.orders.get(order.id)
    put(tx, evolve(order, version=order.version - 1, buyer_remark="旧"), backend)


def test_the_effect_of_a_lost_lease_is_not_stored(backend):
    order = an_order_with(backend, 1)
    relay(backend)
    (zombie,) = claim(backend)
    backend.clock.forward(minutes=2)
    claim(backend)

    with pytest.raises(LeaseLost) as refusal:
        change_order(backend, order, holding(zombie.claim), buyer_remark="僵尸")

    assert refusal.value.job_id == zombie.claim.job_id
    assert load_order(backend, order) == order


def test_an_effect_happens_once(backend):
    order = an_order_with(backend, 1)
    relay(backend)
    (job,) = claim(backend)
    changed = change_order(backend, order, holding(job.claim), buyer_remark="一次")

    with pytest.raises(LeaseLost):
        change_order(backend, order, holding(job.claim), buyer_remark="两次")

    assert load_order(backend, order) == changed


def test_a_job_may_be_done_without_any_effect(backend):
    an_order_with(backend, 1)
    relay(backend)
    (job,) = claim(backend)

    transact(backend, lambda tx: None, holding(job.claim))

    assert counts(backend).leased == 0


def test_without_commit_the_job_is_not_done(backend):
    order = an_order_with(backend, 1)
    relay(backend)
    (job,) = claim(backend)

    with backend.open(system("tests", job=job.claim)) as tx:
        tx.orders.get(order.id)

    assert counts(backend).leased == 1


# --- whatever happens ------------------------------------------------------------------------------------------------

STEPS = st.lists(st.sampled_from(["claim", "finish", "effect", "fail", "park", "redrive", "expire"]), max_size=30)


@STORED
@given(STEPS)
def test_whatever_happens_every_fact_is_done_once_and_in_order(backend, steps):
    backend.wipe()
    orders = [publish(backend, a_stored_order(backend), 2) for _ in range(2)]
    relay(backend)
    held, done = [], []

    for step in steps:
        _act(backend, step, held, done)
    _finish_everything(backend, held, done)

    for order in orders:
        assert [seq for stream, seq in done if stream == order.id] == [1, 2, 3]
    assert max(Counter(done).values()) == 1
    assert store(backend, a_new_shop(backend)).version == 1  # nothing is left locked


def _act(backend, step, held, done):
    now = backend.clock.now
    if step == "claim":
        held.extend(claim(backend, limit=1))
    elif step == "expire":
        backend.clock.forward(minutes=2)
        held.clear()
    elif step == "redrive":
        for row in backend.queries.parked_jobs(ROOT, limit=10):
            backend.jobs.redrive(row.id, now=now)
    elif held:
        job = held.pop()
        if step == "finish":
            backend.jobs.finish(job.claim)
        elif step == "effect":
            transact(backend, lambda tx: None, holding(job.claim))
        else:
            backend.jobs.fail(job.claim, error=step, retry_at=None if step == "park" else now, now=now)
        if step in ("finish", "effect"):
            done.append((job.envelope.stream, job.envelope.seq))


def _finish_everything(backend, held, done):
    for step in ("expire", "redrive"):
        _act(backend, step, held, done)
    while jobs := claim(backend):
        for job in jobs:
            _act(backend, "finish", [job], done)


def test_counts_tell_what_is_to_do(backend):
    an_order_with(backend, 2)
    before = counts(backend)
    relay(backend)
    relayed = counts(backend)
    claim(backend)
    claimed = counts(backend)
    backend.clock.forward(minutes=2)

    assert before == JobCounts(outbox=2, ready=0, leased=0, parked=0)
    assert relayed == JobCounts(outbox=0, ready=2, leased=0, parked=0)
    assert claimed == JobCounts(outbox=0, ready=1, leased=1, parked=0)
    assert counts(backend) == JobCounts(outbox=0, ready=2, leased=0, parked=0)


# --- what was given up, and whose it is ------------------------------------------------------------------------------


def give_up(backend):
    """Park every job that is due."""
    for job in backend.jobs.claim(now=backend.clock.now, lease_until=backend.clock.now, limit=10):
        backend.jobs.fail(job.claim, error="e", retry_at=None, now=backend.clock.now)


def test_parked_work_is_seen_and_redriven_by_those_whose_shop_it_is(backend):
    order = publish(backend, a_stored_order(backend), 1)
    relay(backend)
    give_up(backend)
    owner = Actor(id="key:own", shops=frozenset({order.shop_id}))
    other = Actor(id="key:other", shops=frozenset({ShopId(backend.new_id())}))

    rows = backend.queries.parked_jobs(owner, limit=10)

    assert rows == backend.queries.parked_jobs(ROOT, limit=10) != ()
    assert backend.queries.parked_jobs(other, limit=10) == ()
    with pytest.raises(JobNotParked):
        transact(backend, lambda tx: tx.redrive(rows[0].id, at=backend.clock.now), other)
    transact(backend, lambda tx: tx.redrive(rows[0].id, at=backend.clock.now), owner)
    assert len(backend.queries.parked_jobs(owner, limit=10)) == len(rows) - 1


def test_parked_work_of_no_shop_is_for_those_who_see_all(backend):
    backend.jobs.ensure("poll", "all", due_at=backend.clock.now)
    give_up(backend)
    some = Actor(id="key:some", shops=frozenset({ShopId(backend.new_id())}))

    (row,) = backend.queries.parked_jobs(ROOT, limit=10)

    assert backend.queries.parked_jobs(some, limit=10) == ()
    with pytest.raises(JobNotParked):
        transact(backend, lambda tx: tx.redrive(row.id, at=backend.clock.now), some)


def test_what_is_not_parked_cannot_be_redriven_in_a_transaction(backend):
    backend.jobs.ensure("poll", "all", due_at=backend.clock.now)
    (job,) = backend.jobs.claim(now=backend.clock.now, lease_until=backend.clock.now, limit=1)

    for job_id in (job.claim.job_id, backend.new_id()):
        with pytest.raises(JobNotParked):
            transact(backend, lambda tx, job_id=job_id: tx.redrive(job_id, at=backend.clock.now))
