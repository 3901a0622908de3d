"""Each database in turn: empty, or migrated with a store on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.servers import Backend, FakeClock, FreshUrl, Stores, ids

from oms_adapters.db.database import Database


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgres", marks=pytest.mark.postgres),
        pytest.param("mariadb", marks=pytest.mark.mariadb),
    ]
)
def kind(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def url(kind: str, fresh_url: FreshUrl) -> str:
    """URL of an empty database."""
    return fresh_url(kind)


@pytest.fixture
def empty(url: str) -> Iterator[Database]:
    """A database with nothing in it, not even a schema."""
    clock = FakeClock()
    database = Database.connect(url, now=clock, new_id=ids(clock), pause=lambda attempt: None)
    yield database
    database.close()


@pytest.fixture
def backend(kind: str, stores: Stores) -> Backend:
    """A migrated database with no rows."""
    return stores(kind)
