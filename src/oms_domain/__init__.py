"""The rules of an order management system, as values and functions: no I/O, no clock, no randomness.

Installs and imports with attrs alone. Sub-domains stand in ranks, low to high; each imports lower ones only:
``kernel`` · ``addresses``, ``conditions`` · ``channels``, ``shops`` · ``inventory`` · ``orders`` · ``fulfilment`` ·
``testing`` (needs Hypothesis).
"""
