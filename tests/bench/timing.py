"""Interleaved rounds: the machine's speed drifts, ratios of neighbours hold."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

ROUNDS = 5


def rounds(
    ways: Mapping[str, Callable[[], Callable[[], object]]],
    count: int = ROUNDS,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """Run each way once a round, in turn. A way prepares, and returns what is timed; one unmeasured round first.

    ``clock``: ``time.process_time`` for what only reckons, so that what else runs on the machine does not count.
    """
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(count + 1):
        for name, prepare in ways.items():
            timed = prepare()
            begun = clock()
            timed()
            spent = clock() - begun
            if number:
                seconds[name].append(spent)
    return seconds


@contextmanager
def spent_in(kind: type, method: str) -> Iterator[list[float]]:
    """Give the seconds that each call of a method took, while the block runs."""
    plain, seconds = getattr(kind, method), []

    def timed(self: object) -> object:
        begun = time.perf_counter()
        try:
            return plain(self)
        finally:
            seconds.append(time.perf_counter() - begun)

    setattr(kind, method, timed)
    try:
        yield seconds
    finally:
        setattr(kind, method, plain)


def ratio(seconds: Mapping[str, list[float]], ours: str, limit: str) -> float:
    """Return the median of limit/ours, round by round: 1.0 is as fast as the limit, 0.5 half as fast."""
    return statistics.median(b / a for a, b in zip(seconds[ours], seconds[limit], strict=True))


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
