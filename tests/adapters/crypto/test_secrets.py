"""Secrets of API keys are kept as keyed hashes; a list's position comes back only as it was given out."""

import base64

from hypothesis import given
from hypothesis import strategies as st

from oms_adapters.crypto.keys import KeyRing, Purpose
from oms_adapters.crypto.secrets import CursorSigner, KeyedHasher

RING = KeyRing.generate()
HASHER, SIGNER = KeyedHasher(RING), CursorSigner(RING)

any_text = st.text(st.characters(exclude_categories=()), max_size=60)  # surrogates too


def blob_of(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def text_of(blob):
    return base64.urlsafe_b64encode(blob).decode().rstrip("=")


# --- API keys --------------------------------------------------------------------------------------------------------


@given(any_text)
def test_a_secret_fits_its_own_hash(secret):
    assert HASHER.matches(secret, HASHER.hash(secret))


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_secret_fits_no_other_hash(secret, other):
    assert HASHER.matches(other, HASHER.hash(secret)) is (other == secret)


@given(any_text, any_text)
def test_a_hash_that_is_none_fits_nothing(secret, stored):
    assert not HASHER.matches(secret, stored)


def test_new_secrets_are_long_and_never_the_same():
    made = {HASHER.new_secret() for _ in range(100)}

    assert len(made) == 100
    assert {len(blob_of(secret)) for secret in made} == {32}


def test_a_hash_does_not_show_the_secret_and_names_its_key():
    secret = HASHER.new_secret()

    key_id, _, digest = HASHER.hash(secret).partition(":")

    assert key_id == "k1"
    assert len(bytes.fromhex(digest)) == 32
    assert secret not in HASHER.hash(secret)


def test_a_hash_is_worth_nothing_under_another_ring():
    assert not KeyedHasher(KeyRing.generate()).matches("secret", HASHER.hash("secret"))


def test_old_hashes_fit_after_a_new_key_writes():
    access = {"k2": b"2" * 32, **RING.keys[Purpose.ACCESS]}
    rotated = KeyedHasher(KeyRing({**RING.keys, Purpose.ACCESS: access}))

    assert rotated.matches("secret", HASHER.hash("secret"))
    assert rotated.hash("secret").startswith("k2:")


# --- cursors ---------------------------------------------------------------------------------------------------------


@given(st.binary(max_size=60))
def test_a_signed_position_opens_equal(position):
    assert SIGNER.open(SIGNER.sign(position)) == position


@given(st.binary(max_size=60))
def test_a_signed_position_is_safe_in_a_url(position):
    signed = SIGNER.sign(position)

    assert signed.isascii()
    assert signed.replace("-", "").replace("_", "").isalnum()


@given(st.binary(max_size=60), st.data())
def test_a_position_with_one_changed_bit_does_not_open(position, data):
    blob = bytearray(blob_of(SIGNER.sign(position)))
    bit = data.draw(st.integers(0, len(blob) * 8 - 1))
    blob[bit // 8] ^= 1 << bit % 8

    assert SIGNER.open(text_of(bytes(blob))) is None


@given(st.binary(max_size=60), st.data())
def test_a_position_that_was_cut_or_grew_does_not_open(position, data):
    blob = blob_of(SIGNER.sign(position))
    length = data.draw(st.integers(0, len(blob) - 1))

    assert SIGNER.open(text_of(blob[:length])) is None
    assert SIGNER.open(text_of(blob + b"x")) is None


@given(any_text)
def test_a_position_that_somebody_made_up_does_not_open(text):
    assert SIGNER.open(text) is None


@given(st.binary(max_size=60))
def test_bytes_that_nobody_signed_do_not_open(blob):
    assert SIGNER.open(text_of(blob)) is None


def test_a_position_does_not_open_under_another_ring():
    assert CursorSigner(KeyRing.generate()).open(SIGNER.sign(b"here")) is None


def test_positions_given_out_before_a_new_key_writes_still_open():
    cursor = {"k2": b"2" * 32, **RING.keys[Purpose.CURSOR]}
    rotated = CursorSigner(KeyRing({**RING.keys, Purpose.CURSOR: cursor}))

    assert rotated.open(SIGNER.sign(b"here")) == b"here"
    assert SIGNER.open(rotated.sign(b"here")) is None
