"""What every sealer and every hasher of secrets keeps: the AES ones and those in memory alike."""

import pytest
from attrs import evolve

from oms_adapters.crypto.keys import KeyRing
from oms_adapters.crypto.sealer import AesSealer
from oms_adapters.crypto.secrets import KeyedHasher
from oms_adapters.memory.secrets import MemoryHasher, MemorySealer
from oms_app.ports.vault import IndexField, SealBroken, VaultKind
from oms_domain.channels.standard import Buyer, Receiver
from oms_domain.kernel.identity import ShopId, VaultId
from oms_domain.testing.builders import SHOP, an_id

ROW, OTHER_ROW = VaultId(an_id(71)), VaultId(an_id(72))
OTHER_SHOP = ShopId(an_id(73))
RECEIVER = Receiver(name="测试员", mobile="10000000001", phone="", street="示例路1号", zip="000000")
BUYER = Buyer(nick="样例买家", email="a@example.invalid", buyer_remark="", seller_remark="")


@pytest.fixture(params=["aes", "memory"])
def sealer(request):
    return AesSealer(KeyRing.generate()) if request.param == "aes" else MemorySealer()


def every(sealer, shop_id=SHOP, id=ROW):
    """Return a sealed row of each kind with how it is opened, and what it holds."""
    place = {"shop_id": shop_id, "id": id}
    return (
        (sealer.seal_receiver(RECEIVER, **place), sealer.open_receiver, RECEIVER),
        (sealer.seal_buyer(BUYER, **place), sealer.open_buyer, BUYER),
        (sealer.seal_raw(b'{"tid": 1}', **place), sealer.open_raw, b'{"tid": 1}'),
    )


def test_what_is_sealed_opens_again_as_it_was(sealer):
    for sealed, opened, plain in every(sealer):
        assert opened(sealed) == plain


def test_a_row_tells_its_place_and_its_kind(sealer):
    kinds = [(sealed.id, sealed.shop_id, sealed.kind) for sealed, _, _ in every(sealer)]

    assert kinds == [(ROW, SHOP, kind) for kind in (VaultKind.RECEIVER, VaultKind.BUYER, VaultKind.RAW)]


@pytest.mark.parametrize(
    "change",
    [
        {"id": OTHER_ROW},
        {"shop_id": OTHER_SHOP},
        {"kind": None},  # the next kind
        {"blob": b""},
        {"blob": bytes(64)},
    ],
    ids=["another row", "another shop", "another kind", "emptied", "overwritten"],
)
def test_a_row_that_was_moved_or_altered_does_not_open(sealer, change):
    kinds = [VaultKind.BUYER, VaultKind.RAW, VaultKind.RECEIVER]
    for (sealed, opened, _), other in zip(every(sealer), kinds, strict=True):
        forged = evolve(sealed, **({"kind": other} if "kind" in change else change))
        with pytest.raises(SealBroken) as broken:
            opened(forged)
        assert broken.value.vault_id == forged.id


def test_what_another_sealer_sealed_does_not_open(sealer):
    for other in (AesSealer(KeyRing.generate()), MemorySealer()):
        for (sealed, _, _), (_, opened, _) in zip(every(other), every(sealer), strict=True):
            with pytest.raises(SealBroken):
                opened(sealed)


def test_nothing_plain_stands_in_a_row(sealer):
    for sealed, _, plain in every(sealer):
        shown = repr(sealed) + sealed.mask + str(sealed.indexes)
        for word in ("测试员", "10000000001", "示例路1号", "样例买家", "a@example.invalid"):
            assert word not in shown
            assert word.encode() not in sealed.blob
        assert repr(plain) not in repr(sealer)


def test_equal_data_have_equal_indexes_and_unequal_rows(sealer):
    first = sealer.seal_receiver(RECEIVER, shop_id=SHOP, id=ROW)
    again = sealer.seal_receiver(RECEIVER, shop_id=SHOP, id=OTHER_ROW)

    assert first.indexes == again.indexes
    assert first.blob != again.blob
    assert first.mask == again.mask != ""


def test_a_receiver_is_found_by_what_people_type(sealer):
    sealed = sealer.seal_receiver(evolve(RECEIVER, mobile="100-0000 0001"), shop_id=SHOP, id=ROW)

    assert sealed.digest(IndexField.PHONE) == sealer.digest(IndexField.PHONE, "10000000001") != ""
    assert sealed.digest(IndexField.PHONE4) == sealer.digest(IndexField.PHONE4, f"{SHOP}0001") != ""
    assert sealed.digest(IndexField.NAME) == sealer.digest(IndexField.NAME, " 测试员 ") != ""


def test_who_has_two_numbers_is_found_by_either(sealer):
    both = sealer.seal_receiver(evolve(RECEIVER, mobile="10000000001", phone="0755-80000002"), shop_id=SHOP, id=ROW)
    one = sealer.seal_receiver(evolve(RECEIVER, mobile="", phone="0755-80000002"), shop_id=SHOP, id=ROW)

    assert both.phones == tuple(sealer.digest(IndexField.PHONE, number) for number in ("10000000001", "0755 8000 0002"))
    assert one.phones == both.phones[1:]


def test_last_digits_count_within_one_shop(sealer):
    here = sealer.seal_receiver(RECEIVER, shop_id=SHOP, id=ROW)
    there = sealer.seal_receiver(RECEIVER, shop_id=OTHER_SHOP, id=OTHER_ROW)

    assert here.digest(IndexField.PHONE) == there.digest(IndexField.PHONE)
    assert here.digest(IndexField.PHONE4) != there.digest(IndexField.PHONE4)


def test_one_value_has_another_digest_in_each_field_and_each_sealer(sealer):
    digests = {field: sealer.digest(field, "10000000001") for field in (IndexField.PHONE, IndexField.NAME)}

    assert len(set(digests.values())) == 2
    assert AesSealer(KeyRing.generate()).digest(IndexField.PHONE, "10000000001") != digests[IndexField.PHONE]
    assert MemorySealer().digest(IndexField.PHONE, "10000000001") != digests[IndexField.PHONE]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (IndexField.PHONE, ""),
        (IndexField.PHONE, "100****0001"),
        (IndexField.NAME, "测*员"),
        (IndexField.PLAIN, "测员\x1f1**"),
        (IndexField.PLAIN, "\x1f"),
    ],
)
def test_what_a_platform_has_masked_cannot_be_searched_by(sealer, field, value):
    assert sealer.digest(field, value) == ""


# --- secrets ---------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["keyed", "memory"])
def hasher(request):
    return KeyedHasher(KeyRing.generate()) if request.param == "keyed" else MemoryHasher()


def test_a_secret_matches_its_hash_and_nothing_else_does(hasher):
    secret = hasher.new_secret()
    kept = hasher.hash(secret)

    assert hasher.matches(secret, kept)
    assert secret not in kept
    for wrong in ("", secret[:-1], secret + "x", secret.swapcase(), "\ud800", "密" * 10):
        assert not hasher.matches(wrong, kept)
    for hash_ in ("", ":", "nonsense", kept[:-1], kept + "0", "密"):
        assert not hasher.matches(secret, hash_)


def test_secrets_are_never_the_same_and_fit_into_a_key(hasher):
    made = {hasher.new_secret() for _ in range(100)}

    assert len(made) == 100
    assert all(32 <= len(secret) <= 64 and secret.replace("-", "").replace("_", "").isalnum() for secret in made)


def test_a_hash_is_worth_nothing_under_another_key(hasher):
    secret = hasher.new_secret()

    assert not KeyedHasher(KeyRing.generate()).matches(secret, hasher.hash(secret))
    assert not MemoryHasher().matches(secret, hasher.hash(secret))
