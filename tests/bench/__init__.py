"""Benchmarks: ratios against the raw driver in the same run, never a timed test. Run with ``make bench``."""
