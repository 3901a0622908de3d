"""The key ring's file: only its owner reads it, it is whole or refused, and it is never overwritten."""

import base64
import json
import os
import stat

import pytest

from oms_adapters.crypto.keys import BadKeyFile, KeyRing, Purpose

SHORT = base64.b64encode(bytes(31)).decode()
WHOLE = {str(purpose): {"k1": base64.b64encode(bytes(32)).decode()} for purpose in Purpose}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "oms-keys.json"


def write(path, text, mode=0o600):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)


def why(path):
    with pytest.raises(BadKeyFile) as refusal:
        KeyRing.load(path)
    assert refusal.value.path == str(path)
    return refusal.value.why


def test_a_stored_ring_is_loaded_equal(path):
    ring = KeyRing.generate()

    ring.store(path)

    assert KeyRing.load(path) == ring


def test_a_new_ring_has_a_key_of_its_own_for_each_purpose():
    rings = [KeyRing.generate() for _ in range(2)]

    keys = [key for ring in rings for purpose in Purpose for key in ring.keys[purpose].values()]
    assert len(set(keys)) == 2 * len(Purpose)
    assert {len(key) for key in keys} == {32}


def test_only_the_owner_may_read_a_stored_ring_whatever_the_umask(path):
    before = os.umask(0)
    try:
        KeyRing.generate().store(path)
    finally:
        os.umask(before)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_ring_is_never_overwritten(path):
    ring = KeyRing.generate()
    ring.store(path)

    with pytest.raises(FileExistsError):
        KeyRing.generate().store(path)

    assert KeyRing.load(path) == ring


def test_a_missing_file_is_refused(path):
    assert why(path) == "missing"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o610, 0o601])
def test_a_file_that_others_may_touch_is_refused(path, mode):
    write(path, json.dumps(WHOLE), mode)

    assert why(path) == "others may read it; run chmod 600"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '"text"',
        b"\xff\xfe",
        json.dumps({"vault": []}),
        json.dumps({"vault": {"k1": None}}),
        json.dumps({"vault": {"k1": 5}}),
        json.dumps({"vault": {"k1": "not base64!"}}),
        json.dumps({"vault": {"k1": "密钥"}}),
        json.dumps(WHOLE | {"no such purpose": {"k1": SHORT}}),
    ],
    ids=range(12),
)
def test_a_file_that_is_no_key_ring_is_refused(path, text):
    write(path, text)

    assert why(path) == "unreadable"


def test_a_folder_in_its_place_is_refused(path):
    path.mkdir()

    assert why(path) == "unreadable"


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("keys", [None, {}], ids=["missing", "empty"])
def test_a_purpose_without_a_key_is_refused(path, purpose, keys):
    ring = {name: found for name, found in WHOLE.items() if name != purpose}
    write(path, json.dumps(ring if keys is None else ring | {str(purpose): keys}))

    assert why(path) == "a purpose has no key"


@pytest.mark.parametrize("purpose", Purpose)
def test_a_short_key_is_refused_also_an_old_one(path, purpose):
    write(path, json.dumps(WHOLE | {str(purpose): {**WHOLE[purpose], "k0": SHORT}}))

    assert why(path) == "a key is not 256 bits long"


def test_the_first_key_writes_and_all_of_them_read():
    ring = KeyRing({purpose: {"new": b"n" * 32, "old": b"o" * 32} for purpose in Purpose})

    assert ring.writing(Purpose.VAULT) == ("new", b"n" * 32)
    assert ring.reading(Purpose.VAULT, "old") == b"o" * 32
    assert ring.reading(Purpose.VAULT, "none") is None


def test_a_ring_never_shows_its_keys():
    ring = KeyRing({purpose: {"k1": b"secret-of-32-bytes-secret-secret"} for purpose in Purpose})

    assert "secret" not in repr(ring)
    assert "secret" not in str(ring)
