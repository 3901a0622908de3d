"""Background work in threads of this process: woken by commits, polling as a safety net, stopped within one job."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog
from attrs import define, field

from oms_app.runner import Runner

POLL_S = 1.0

_log = structlog.get_logger("oms.worker")


@define(eq=False)
class Workers:
    """Threads that run jobs until told to stop."""

    runner: Runner
    count: int = 2
    every_step: Callable[[], object] | None = None  # what else the first thread does each second (a demo's buyers)
    _wake: threading.Event = field(factory=threading.Event, init=False)
    _stop: threading.Event = field(factory=threading.Event, init=False)
    _threads: list[threading.Thread] = field(factory=list, init=False)

    def start(self) -> None:
        for number in range(self.count):
            thread = threading.Thread(target=self._work, name=f"oms-worker-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)
        if self.every_step is not None:
            thread = threading.Thread(target=self._step_on, args=(self.every_step,), name="oms-demo", daemon=True)
            thread.start()
            self._threads.append(thread)

    def wake(self) -> None:
        """Something was published: do not wait for the poll."""
        self._wake.set()

    def stop(self, timeout: float = 10.0) -> None:
        """Let each thread end its job, and wait for it."""
        self._stop.set()
        self._wake.set()
        for thread in self._threads:
            thread.join(timeout)

    def _work(self) -> None:
        while not self._stop.is_set():
            try:
                done = self.runner.step()
            except Exception as error:  # the database is away: it must be there again some day
                _failed(error)
                done = 0
            if done == 0 and not self._stop.is_set():
                self._wake.wait(POLL_S)
                if not self._stop.is_set():  # the wake that ends all is for all
                    self._wake.clear()

    def _step_on(self, step: Callable[[], object]) -> None:
        while not self._stop.wait(POLL_S):
            try:
                step()
            except Exception as error:
                _failed(error)


def _failed(error: Exception) -> None:
    _log.warning("worker_step_failed", error=type(error).__name__, code=getattr(error, "code", ""))
