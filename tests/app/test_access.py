"""API keys: how long one that was read counts without being read again."""

from datetime import timedelta

import pytest
from attrs import evolve
from tests.servers import FakeClock, ids

from oms_adapters.crypto.keys import KeyRing
from oms_adapters.crypto.secrets import KeyedHasher
from oms_adapters.memory.store import MemoryStore
from oms_app.access import (
    AccessService,
    MakeKey,
    NotAuthenticated,
    PutRole,
    ReadRoles,
    RetireRole,
    RoleBuiltIn,
    RoleInvalid,
    RoleUnknown,
)
from oms_app.actor import Permission, system
from oms_domain.kernel.errors import Denied, InvalidText

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


def test_a_key_gets_a_role_that_there_is_and_its_actor_has_it(access):
    root = system("tests")
    access.put_role(PutRole(code="senior", title="资深客服", by=root))
    ask = {"name": "a", "permissions": frozenset({Permission.AFTERSALES_WRITE}), "shops": None, "by": root}

    assert access.authenticate(access.make(MakeKey(role="senior", **ask))).role == "senior"
    assert access.authenticate(access.make(MakeKey(role="agent", **ask))).role == "agent"
    assert access.authenticate(access.make(MakeKey(**ask))).role == ""
    with pytest.raises(RoleUnknown) as refused:
        access.make(MakeKey(role="senoir", **ask))
    assert refused.value.fields() == {"field": "role", "value": "senoir"}
    kept = access.make(MakeKey(role="senior", **ask))
    access.retire_role(RetireRole(code="senior", by=root))
    with pytest.raises(RoleUnknown):
        access.make(MakeKey(role="senior", **ask))
    assert access.authenticate(kept).role == "senior"  # who has it keeps it
    access.put_role(PutRole(code="senior", title="资深客服", by=root))
    access.make(MakeKey(role="senior", **ask))


def test_the_list_of_roles_is_the_merchants_and_kept_in_order(access):
    root = system("tests")
    for code in ("senior", "lead"):
        access.put_role(PutRole(code=code, title=code, by=root))

    assert [role.code for role in access.roles(ReadRoles(by=root))] == ["agent", "admin", "lead", "senior"]
    with pytest.raises(RoleUnknown):
        access.retire_role(RetireRole(code="nobody", by=root))
    for code in ("", "Senior", "a b", "x" * 41, "a:b", "客服"):
        with pytest.raises(RoleInvalid):
            access.put_role(PutRole(code=code, title="x", by=root))
    for code in ("agent", "admin"):
        with pytest.raises(RoleBuiltIn):
            access.put_role(PutRole(code=code, title="x", by=root))
        with pytest.raises(RoleBuiltIn):
            access.retire_role(RetireRole(code=code, by=root))
    with pytest.raises(InvalidText):
        access.put_role(PutRole(code="x", title="", by=root))
    of_one_shop = evolve(root, shops=frozenset())
    with pytest.raises(Denied):  # roles are every shop's
        access.put_role(PutRole(code="x", title="x", by=of_one_shop))
