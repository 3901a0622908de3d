"""Runs jobs: relays the outbox, claims what is due, calls the handler, books how it went."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from attrs import frozen

from oms_app.ports.channels import AuthorisationExpired, PlatformRefused, RateLimited, RetryLater
from oms_app.ports.jobs import Job, Jobs
from oms_app.ports.transaction import Clock, LeaseLost
from oms_domain.kernel.errors import Invalid, NotFound, OmsError, Refused

LEASE: Final = timedelta(seconds=60)
MOST_TRIES: Final = 8
LONGEST_WAIT: Final = timedelta(minutes=10)

Run = Callable[[Job], datetime | None]
"""Does the work. Returns when it is due again, None if it is done for good."""

Report = Callable[[Job, str, BaseException | None], None]
"""Told how each job ended: ``done``, ``retry``, ``parked`` or ``lease_lost``; the edge logs it."""


@frozen(kw_only=True)
class Handler:
    """A named piece of background work, and the event types that it is subscribed to.

    ``most_tries``: after so many that failed in a row, work that follows from an event is given up for now.
    """

    name: str
    run: Run
    events: tuple[str, ...] = ()
    most_tries: int = MOST_TRIES


@frozen(kw_only=True)
class Runner:
    """Works off rows of work. Any number of runners may share one database."""

    jobs: Jobs
    now: Clock
    handlers: Mapping[str, Handler]
    report: Report

    def step(self, limit: int = 8) -> int:
        """Relay, claim and run once; return how much was done, 0 when there was nothing to do."""
        relayed = self.jobs.relay(self.subscriptions(), now=self.now(), limit=500)
        claimed = self.jobs.claim(now=self.now(), lease_until=self.now() + LEASE, limit=limit)
        for job in claimed:
            self._run(job)
        return relayed + len(claimed)

    def drain(self, most: int = 10_000) -> int:
        """Run until nothing is due; return the steps it took. For tests, the CLI and after a commit."""
        for steps in range(most):
            if self.step() == 0:
                return steps
        return most

    def subscriptions(self) -> dict[str, tuple[str, ...]]:
        """Event type → names of the handlers subscribed to it."""
        by_type: dict[str, tuple[str, ...]] = {}
        for handler in self.handlers.values():
            for event_type in handler.events:
                by_type[event_type] = (*by_type.get(event_type, ()), handler.name)
        return by_type

    def _run(self, job: Job) -> None:
        try:
            again_at = self.handlers[job.handler].run(job)
        except LeaseLost as lost:
            self.report(job, "lease_lost", lost)
        except (AuthorisationExpired, PlatformRefused, Refused, NotFound, Invalid) as refusal:
            # Trying again would be refused again. What comes of itself is tried again all the same, unless the
            # platform has locked us out: then somebody must act first.
            lasting = job.envelope is not None or isinstance(refusal, AuthorisationExpired)
            self._park(job, refusal) if lasting else self._retry(job, refusal)
        except Exception as error:
            # Anything else may pass: a crash of one handler must not take the others along.
            self._retry(job, error)
        else:
            self.jobs.finish(job.claim, again_at=again_at)
            self.report(job, "done", None)

    def _retry(self, job: Job, error: Exception) -> None:
        handler = self.handlers.get(job.handler)  # None: of a job that an older version has left
        if job.tries >= (handler.most_tries if handler else MOST_TRIES) and job.envelope is not None:
            self._park(job, error)
            return
        retry_at = self.now() + pause_after(job.tries, error)
        self.jobs.fail(job.claim, error=_words(error), retry_at=retry_at, now=self.now())
        self.report(job, "retry", error)

    def _park(self, job: Job, error: Exception) -> None:
        self.jobs.fail(job.claim, error=_words(error), retry_at=None, now=self.now())
        self.report(job, "parked", error)


def pause_after(tries: int, error: Exception) -> timedelta:
    """Return how long work waits after its ``tries``-th try: longer each time, and as long as the other side says."""
    asked = timedelta(seconds=getattr(error, "after_s", 0) if isinstance(error, RateLimited | RetryLater) else 0)
    return max(asked, min(timedelta(seconds=2 ** min(tries, 12)) / 2, LONGEST_WAIT))


def _words(error: Exception) -> str:
    """What may be stored of an error: our refusals in full, of others only the kind (their text may be anything)."""
    return str(error)[:500] if isinstance(error, OmsError) else type(error).__name__
