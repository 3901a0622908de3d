"""Personal data is sealed: it opens where it was sealed and nowhere else, and its digests find it without opening."""

import json

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from oms_adapters.crypto.keys import KeyRing, Purpose
from oms_adapters.crypto.sealer import AesSealer
from oms_app.ports.vault import IndexField, SealBroken, VaultKind
from oms_domain.channels.standard import Buyer, Receiver
from oms_domain.kernel.identity import ShopId, VaultId
from oms_domain.testing.builders import an_id

SHOP, OTHER_SHOP = ShopId(an_id(1)), ShopId(an_id(2))
ROW, OTHER_ROW = VaultId(an_id(3)), VaultId(an_id(4))
RING = KeyRing.generate()
SEALER = AesSealer(RING)
RECEIVER = Receiver(name="测试员", mobile="10000000001", street="示例路1号", zip="000000")
BUYER = Buyer(nick="样例买家", email="someone@example.invalid", buyer_remark="请用样例包装")

texts = st.text(max_size=40)
receivers = st.builds(Receiver, name=texts, mobile=texts, phone=texts, street=texts, zip=texts)
buyers = st.builds(Buyer, nick=texts, email=texts, buyer_remark=texts, seller_remark=texts)


def sealed_receiver(receiver=RECEIVER, sealer=SEALER, shop_id=SHOP, id=ROW):
    return sealer.seal_receiver(receiver, shop_id=shop_id, id=id)


def digest(receiver, field, shop_id=SHOP):
    return sealed_receiver(receiver, shop_id=shop_id).digest(field)


def does_not_open(sealed, sealer=SEALER):
    with pytest.raises(SealBroken) as refusal:
        sealer.open_receiver(sealed)
    return refusal.value.vault_id == sealed.id


# --- round trips -----------------------------------------------------------------------------------------------------


@given(receivers)
def test_a_sealed_receiver_opens_equal(receiver):
    assert SEALER.open_receiver(sealed_receiver(receiver)) == receiver


@given(buyers)
def test_a_sealed_buyer_opens_equal(buyer):
    assert SEALER.open_buyer(SEALER.seal_buyer(buyer, shop_id=SHOP, id=ROW)) == buyer


@given(st.binary(max_size=2_000))
def test_a_sealed_payload_opens_equal(raw):
    assert SEALER.open_raw(SEALER.seal_raw(raw, shop_id=SHOP, id=ROW)) == raw


def test_a_payload_as_large_as_any_file_that_is_taken_in_opens_whole():
    raw = b"0123456789" * (5 * 1024 * 1024)

    assert SEALER.open_raw(SEALER.seal_raw(raw, shop_id=SHOP, id=ROW)) == raw


@given(st.binary(max_size=200))
def test_a_sealed_account_opens_equal(plain):
    assert SEALER.open_account(SEALER.seal_account(plain, SHOP), SHOP) == plain


def test_a_seal_says_whose_it_is_and_how_it_was_made():
    sealed = sealed_receiver()

    assert (sealed.id, sealed.kind, sealed.shop_id, sealed.key_id) == (ROW, VaultKind.RECEIVER, SHOP, "k1")
    assert sealed.mask == "测** *******0001 示例***"


def test_equal_data_is_sealed_differently_each_time():
    assert sealed_receiver().blob != sealed_receiver().blob


def test_nothing_plain_is_left_in_a_seal():
    raw = json.dumps({"receiver_name": RECEIVER.name, "receiver_mobile": RECEIVER.mobile}, ensure_ascii=False).encode()
    seals = (sealed_receiver(), SEALER.seal_buyer(BUYER, shop_id=SHOP, id=ROW))
    seals += (SEALER.seal_raw(raw, shop_id=SHOP, id=ROW),)

    for sealed in seals:
        for plain in (RECEIVER.name, RECEIVER.mobile, RECEIVER.street, BUYER.nick, BUYER.email):
            assert plain.encode() not in sealed.blob
            assert plain not in f"{sealed!r}{sealed.mask}{sealed.indexes}"


# --- what does not open ----------------------------------------------------------------------------------------------


def test_a_blob_moved_to_another_row_does_not_open():
    one, other = sealed_receiver(), sealed_receiver(evolve(RECEIVER, name="另一人"), id=OTHER_ROW)

    assert does_not_open(evolve(one, blob=other.blob))
    assert does_not_open(evolve(other, blob=one.blob))
    assert does_not_open(evolve(one, id=OTHER_ROW))


def test_a_blob_moved_to_another_shop_does_not_open():
    assert does_not_open(evolve(sealed_receiver(), shop_id=OTHER_SHOP))


@pytest.mark.parametrize("kind", [VaultKind.BUYER, VaultKind.RAW])
def test_a_blob_passed_off_as_another_kind_does_not_open(kind):
    assert does_not_open(evolve(sealed_receiver(), kind=kind))


@given(st.data())
def test_one_changed_bit_and_it_does_not_open(data):
    sealed = sealed_receiver()
    bit = data.draw(st.integers(0, len(sealed.blob) * 8 - 1))
    blob = bytearray(sealed.blob)
    blob[bit // 8] ^= 1 << bit % 8

    assert does_not_open(evolve(sealed, blob=bytes(blob)))


@given(st.integers(0, 100))
def test_a_blob_that_was_cut_does_not_open(length):
    sealed = sealed_receiver()

    assert does_not_open(evolve(sealed, blob=sealed.blob[: min(length, len(sealed.blob) - 1)]))


@given(st.binary(max_size=100))
def test_bytes_that_nobody_sealed_do_not_open(blob):
    assert does_not_open(evolve(sealed_receiver(), blob=blob))
    with pytest.raises(SealBroken):
        SEALER.open_account(blob, SHOP)


def test_an_account_does_not_open_for_another_shop():
    account = SEALER.seal_account(b"secret", SHOP)

    with pytest.raises(SealBroken):
        SEALER.open_account(account, OTHER_SHOP)


def test_nothing_opens_with_another_ring():
    stranger = AesSealer(KeyRing.generate())

    assert does_not_open(sealed_receiver(), stranger)
    with pytest.raises(SealBroken):
        stranger.open_account(SEALER.seal_account(b"secret", SHOP), SHOP)


def test_a_key_that_is_not_in_the_ring_opens_nothing():
    assert does_not_open(evolve(sealed_receiver(), key_id="k2"))


# --- another key -----------------------------------------------------------------------------------------------------


def test_what_an_old_key_has_sealed_still_opens_after_a_new_one_writes():
    old, account = sealed_receiver(), SEALER.seal_account(b"secret", SHOP)
    vault = {"k2": b"2" * 32, **RING.keys[Purpose.VAULT]}
    rotated = AesSealer(KeyRing({**RING.keys, Purpose.VAULT: vault}))

    new = sealed_receiver(sealer=rotated)

    assert (old.key_id, new.key_id) == ("k1", "k2")
    assert rotated.open_receiver(old) == rotated.open_receiver(new) == RECEIVER
    assert rotated.open_account(account, SHOP) == b"secret"
    assert rotated.open_account(rotated.seal_account(b"newer", SHOP), SHOP) == b"newer"
    assert does_not_open(new)  # without the new key


def test_the_index_key_decides_about_digests_and_the_vault_key_does_not():
    other_vault = AesSealer(KeyRing({**RING.keys, Purpose.VAULT: {"k1": b"v" * 32}}))
    other_index = AesSealer(KeyRing({**RING.keys, Purpose.INDEX: {"k1": b"i" * 32}}))

    assert sealed_receiver(sealer=other_vault).indexes == sealed_receiver().indexes
    digests = [
        {digest for _, digest in each.indexes if digest}
        for each in (sealed_receiver(sealer=other_index), sealed_receiver())
    ]
    assert not digests[0] & digests[1]


# --- blind indexes ---------------------------------------------------------------------------------------------------


def test_a_phone_written_differently_has_the_same_digest():
    phones = ("10000000001", "100 0000 0001", "100-0000-0001", " 10000000001 ", "100\t0000-0001")
    phones += ("+86 10000000001", "86-100-0000-0001", "008610000000001", "010000000001", "１００００００００01")

    digests = {digest(evolve(RECEIVER, mobile=phone), IndexField.PHONE) for phone in phones}

    assert digests == {SEALER.digest(IndexField.PHONE, "10000000001")}


def test_another_phone_has_another_digest():
    other = evolve(RECEIVER, mobile="10000000002")

    assert digest(other, IndexField.PHONE) != digest(RECEIVER, IndexField.PHONE)


def test_without_a_mobile_the_phone_is_searched_by():
    landline = evolve(RECEIVER, mobile="", phone="0000-0000001")

    assert digest(landline, IndexField.PHONE) == SEALER.digest(IndexField.PHONE, "00000000001")


def test_the_last_four_digits_are_searched_by_within_a_shop_only():
    masked = evolve(RECEIVER, mobile="*******0001")

    assert digest(masked, IndexField.PHONE4) == digest(RECEIVER, IndexField.PHONE4) != ""
    assert digest(RECEIVER, IndexField.PHONE4) == SEALER.digest(IndexField.PHONE4, f"{SHOP}0001")
    assert digest(RECEIVER, IndexField.PHONE4, OTHER_SHOP) != digest(RECEIVER, IndexField.PHONE4)


def test_a_name_is_searched_by_whatever_its_case_and_blanks():
    name = evolve(RECEIVER, name="Sample Person")

    assert digest(name, IndexField.NAME) == SEALER.digest(IndexField.NAME, "samplePERSON ")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (IndexField.PHONE, ""),
        (IndexField.PHONE, "*******0001"),
        (IndexField.PHONE, "none"),
        (IndexField.PHONE4, ""),
        (IndexField.PHONE4, f"{SHOP}***"),
        (IndexField.PHONE4, f"{SHOP}１２３４"),
        (IndexField.NAME, "测**"),
        (IndexField.NAME, " "),
    ],
)
def test_what_a_platform_has_masked_is_not_searched_by(field, value):
    assert SEALER.digest(field, value) == ""


def test_one_text_has_another_digest_in_each_field():
    text = f"{SHOP}10000000001"

    digests = [SEALER.digest(field, "10000000001") for field in (IndexField.PHONE, IndexField.NAME, IndexField.WHOLE)]
    digests.append(SEALER.digest(IndexField.PHONE4, text))

    assert len(set(digests)) == 4
    assert {len(digest) for digest in digests} == {32}


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "测试人"},
        {"mobile": "10000000002"},
        {"phone": "0000001"},
        {"street": "示例路2号"},
        {"zip": "000001"},
        {"name": "", "phone": "测试员"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_any_change_of_a_receiver_changes_the_digest_of_the_whole(changes):
    assert digest(evolve(RECEIVER, **changes), IndexField.WHOLE) != digest(RECEIVER, IndexField.WHOLE)


@pytest.mark.parametrize(
    ("one", "other"),
    [("1-12室", "11-2室"), ("1 12室", "11 2室"), ("A1-1", "A11"), ("3号楼 5-101", "3号楼 51-01")],
)
def test_two_streets_that_differ_in_where_a_number_ends_are_two(one, other):
    assert digest(evolve(RECEIVER, street=one), IndexField.WHOLE) != digest(
        evolve(RECEIVER, street=other), IndexField.WHOLE
    )


@pytest.mark.parametrize("street", ["示例路 1号", " 示例路1号", "示例路1号 ", "示例路\t1号\n"])
def test_blanks_that_part_no_numbers_do_not_count_in_the_whole(street):
    assert digest(evolve(RECEIVER, street=street), IndexField.WHOLE) == digest(RECEIVER, IndexField.WHOLE)
