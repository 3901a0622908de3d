"""The real clock and the real randomness: the only place that asks for either."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from uuid import UUID

from oms_domain.kernel.identity import RANDOM_BITS, uuid7


def system_now() -> datetime:
    """Aware UTC, microseconds."""
    return datetime.now(UTC)


def new_id() -> UUID:
    """A new UUIDv7."""
    return uuid7(system_now(), secrets.randbits(RANDOM_BITS))
