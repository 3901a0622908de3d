"""API keys: how long one that was read counts without being read again."""

from datetime import timedelta

import pytest
from attrs import evolve
from tests.servers import FakeClock, ids

from oms_adapters.crypto.keys import KeyRing
from oms_adapters.crypto.secrets import KeyedHasher
from oms_adapters.memory.store import MemoryStore
from oms_app.access import AccessService, MakeKey, NotAuthenticated
from oms_app.actor import Permission, system

KEEP = timedelta(seconds=5)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def access(clock):
    new_id = ids(clock)
    store = MemoryStore(now=clock, new_id=new_id)
    hasher = KeyedHasher(KeyRing.generate())
    return AccessService(keys=store.keys, hasher=hasher, now=clock, new_id=new_id, keep=KEEP)


@pytest.fixture
def key(access):
    may = frozenset({Permission.ORDERS_READ})
    return access.make(MakeKey(name="a", permissions=may, shops=None, by=system("tests")))


def revoke(access, clock):
    assert access.keys.revoke(access.keys.all()[-1].id, at=clock.now)


def test_a_key_that_was_read_is_recognised_without_the_store_until_it_is_due_again(access, key, clock):
    assert access.recognise(key) is None

    actor = access.authenticate(key)

    assert access.recognise(key) == actor
    clock.now += KEEP - timedelta(microseconds=1)
    assert access.recognise(key) == actor
    clock.now += timedelta(microseconds=1)
    assert access.recognise(key) is None


def test_a_revoked_key_is_refused_when_it_is_read_again_and_not_recognised_from_then_on(access, key, clock):
    access.authenticate(key)
    revoke(access, clock)
    clock.now += KEEP

    assert access.recognise(key) is None
    with pytest.raises(NotAuthenticated):
        access.authenticate(key)
    assert access.recognise(key) is None


@pytest.mark.parametrize("spoil", [lambda key: key[:-1] + "!", lambda key: key.replace("oms_", "smo_"), lambda _: "x"])
def test_what_is_not_the_key_itself_is_never_recognised(access, key, spoil):
    access.authenticate(key)

    assert access.recognise(spoil(key)) is None


def test_with_nothing_kept_every_request_asks_the_store(access, key):
    strict = evolve(access, keep=timedelta(0))
    strict.authenticate(key)

    assert strict.recognise(key) is None


def test_a_clock_set_back_recognises_nothing(access, key, clock):
    access.authenticate(key)
    clock.now -= timedelta(seconds=1)

    assert access.recognise(key) is None
