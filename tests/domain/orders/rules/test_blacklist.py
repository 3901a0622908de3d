"""Entries of a blacklist: listed, taken off, listed again, each with its reason."""

from datetime import timedelta

import pytest
from attrs import evolve

from oms_domain.kernel.errors import InvalidText
from oms_domain.orders.rules.blacklist import (
    Blacklisted,
    BlacklistEntry,
    BlacklistKind,
    TakenOffBlacklist,
    listing_reason,
)
from oms_domain.testing.builders import NOW, SHOP, an_id

LATER = NOW + timedelta(minutes=1)
ENTRY = BlacklistEntry(
    id=an_id(28),
    shop_id=SHOP,
    kind=BlacklistKind.PHONE,
    digest="p" * 32,
    reason="恶意拍单",
    created_at=NOW,
    updated_at=NOW,
)
FACTS = {"entry_id": ENTRY.id, "shop_id": SHOP, "kind": BlacklistKind.PHONE}


def test_who_is_listed_is_told_with_the_reason_and_never_by_its_digest():
    change = ENTRY.added(at=LATER)

    assert change.state == ENTRY
    assert change.events == (Blacklisted(reason="恶意拍单", at=LATER, **FACTS),)
    assert change.events[0].stream == ENTRY.id
    assert ENTRY.digest not in repr(ENTRY)


def test_taking_off_and_listing_again():
    off = ENTRY.removed("误加", at=LATER)

    assert off.state == evolve(ENTRY, is_listed=False, updated_at=LATER)
    assert off.events == (TakenOffBlacklist(reason="误加", at=LATER, **FACTS),)
    assert off.state.removed("误加", at=LATER).events == ()
    again = off.state.added_again("恶意拍单", at=LATER)
    assert again.state == evolve(ENTRY, updated_at=LATER)
    assert again.events == (Blacklisted(reason="恶意拍单", at=LATER, **FACTS),)


def test_who_is_listed_already_stays_and_takes_another_reason():
    assert ENTRY.added_again("恶意拍单", at=LATER).events == ()
    assert ENTRY.added_again("拒收", at=LATER).state == evolve(ENTRY, reason="拒收", updated_at=LATER)


def test_a_reason_holds_no_telephone_number_and_no_novel():
    assert listing_reason("打 10000000001 无人接") == "打 *********** 无人接"
    with pytest.raises(InvalidText):
        listing_reason("x" * 201)
