"""Hypothesis profiles: ``fast`` at each commit, ``long`` by ``HYPOTHESIS_PROFILE=long``."""

import os

from hypothesis import HealthCheck, settings

QUIET = (HealthCheck.too_slow, HealthCheck.data_too_large)
# On CI nothing carries over between runs: a failure prints what reproduces it.
EXAMPLES = {"database": None, "print_blob": True} if os.environ.get("CI") else {}

settings.register_profile("fast", max_examples=60, deadline=None, suppress_health_check=QUIET, **EXAMPLES)
settings.register_profile("long", max_examples=2_000, deadline=None, suppress_health_check=QUIET, **EXAMPLES)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))
