"""Background work in threads: woken by what was published, stopped without leaving a job half done."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from attrs import define, field

from oms_adapters.bootstrap import worker
from oms_adapters.bootstrap.worker import Workers

SOON = 10.0
"""Seconds within which what must happen happens, on a machine that is busy."""


@define(eq=False)
class Steps:
    """A runner that counts its steps and does in each what it is told to."""

    act: Callable[[int], int] = lambda number: 0
    count: int = 0
    _changed: threading.Condition = field(factory=threading.Condition)

    def step(self) -> int:
        with self._changed:
            self.count += 1
            self._changed.notify_all()
            number = self.count
        return self.act(number)

    def reaches(self, count: int) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.count >= count, timeout=SOON)


@pytest.fixture(autouse=True)
def long_poll(monkeypatch):
    """Let nobody be woken by the poll, where the test does not say so."""
    monkeypatch.setattr(worker, "POLL_S", 1_000.0)


def names():
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("oms-")}


def test_what_is_due_is_worked_off_and_then_waited_for():
    steps = Steps(lambda number: 1 if number < 5 else 0)
    workers = Workers(steps, count=1)

    workers.start()

    assert steps.reaches(5)
    workers.stop()
    assert steps.count == 5
    assert names() == set()


def test_a_wake_is_heard_without_the_poll():
    steps = Steps()
    workers = Workers(steps, count=1)
    workers.start()
    assert steps.reaches(1)

    for n in range(2, 5):
        workers.wake()
        assert steps.reaches(n)

    workers.stop()
    assert names() == set()


def test_without_a_wake_the_poll_looks(monkeypatch):
    monkeypatch.setattr(worker, "POLL_S", 0.01)
    steps = Steps()
    workers = Workers(steps, count=1)

    workers.start()

    assert steps.reaches(3)
    workers.stop()


def test_each_thread_works_and_all_of_them_end():
    barrier = threading.Barrier(3, timeout=SOON)

    def meet(number: int) -> int:
        barrier.wait()  # none goes on before all have come
        return 0

    steps = Steps(meet)
    workers = Workers(steps, count=3)

    workers.start()
    assert steps.reaches(3)
    workers.stop()

    assert not barrier.broken
    assert names() == set()


def test_stopping_waits_for_the_job_that_runs():
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def slow(number: int) -> int:
        begun.set()
        go_on.wait(SOON)
        ended.set()
        return 0

    workers = Workers(Steps(slow), count=1)
    workers.start()
    assert begun.wait(SOON)
    stopping = threading.Thread(target=workers.stop)
    stopping.start()

    go_on.set()
    stopping.join(SOON)

    assert ended.is_set()
    assert not stopping.is_alive()
    assert names() == set()


def test_a_step_that_fails_does_not_end_the_thread(monkeypatch):
    monkeypatch.setattr(worker, "POLL_S", 0.01)

    def fail(number: int) -> int:
        raise ConnectionError

    steps = Steps(fail)
    workers = Workers(steps, count=1)

    workers.start()

    assert steps.reaches(3)
    workers.stop()
    assert names() == set()


def test_what_else_is_done_each_second_is_done_and_ends_too(monkeypatch):
    monkeypatch.setattr(worker, "POLL_S", 0.01)
    other = Steps()
    workers = Workers(Steps(), count=1, every_step=other.step)

    workers.start()

    assert other.reaches(3)
    workers.stop()
    assert names() == set()


def test_what_else_is_done_may_fail_and_is_done_again(monkeypatch):
    monkeypatch.setattr(worker, "POLL_S", 0.01)

    def fail(number: int) -> int:
        raise ConnectionError

    other = Steps(fail)
    workers = Workers(Steps(), count=1, every_step=other.step)

    workers.start()

    assert other.reaches(3)
    workers.stop()
    assert names() == set()


def test_stopping_what_never_started_is_nothing():
    Workers(Steps()).stop()

    assert names() == set()
