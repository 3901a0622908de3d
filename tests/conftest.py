"""The stores, once for the whole session, and the Hypothesis profiles: ``fast``, or ``HYPOTHESIS_PROFILE=…``."""

import os

from hypothesis import HealthCheck, settings
from tests.servers import backend, fresh_url, stores

__all__ = ["backend", "fresh_url", "stores"]  # here alone: a fixture imported twice is two, each with its own servers

QUIET = (HealthCheck.too_slow, HealthCheck.data_too_large)
# On CI nothing carries over between runs: a failure prints what reproduces it.
EXAMPLES = {"database": None, "print_blob": True} if os.environ.get("CI") else {}

settings.register_profile("fast", max_examples=60, deadline=None, suppress_health_check=QUIET, **EXAMPLES)
settings.register_profile("long", max_examples=2_000, deadline=None, suppress_health_check=QUIET, **EXAMPLES)
settings.register_profile(
    "mutation", max_examples=8, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)
# For what the same examples must show at every run, such as which branches they reach.
settings.register_profile(
    "few", max_examples=5, derandomize=True, database=None, deadline=None, suppress_health_check=QUIET
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))
