"""Logs as JSON lines on standard error."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog


def configure_logs(level: str, *, quiet: bool = False) -> None:
    """Set up structured logs. ``quiet``: only warnings, for commands whose output is a table."""
    least = logging.WARNING if quiet else getattr(logging, level.upper())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.PrintLoggerFactory(_Stderr()),  # type: ignore[arg-type]
        cache_logger_on_first_use=False,
    )


class _Stderr:
    """Standard error as it is now, so that tests and redirections see it."""

    def write(self, text: str) -> Any:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()
