"""Every store in turn."""

from tests.servers import backend, fresh_url, stores

__all__ = ["backend", "fresh_url", "stores"]
