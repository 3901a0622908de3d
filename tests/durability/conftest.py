"""Stores and servers of these tests."""

from tests.servers import backend, fresh_url, stores

__all__ = ["backend", "fresh_url", "stores"]
