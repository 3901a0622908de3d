"""The platform order: kept as it came, converted once, replaced by newer versions."""

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve

from oms_domain.catalog.matching import UnmappedSku
from oms_domain.channels.standard import AmountMismatch
from oms_domain.kernel.change import Change
from oms_domain.kernel.identity import VaultId
from oms_domain.kernel.money import Money
from oms_domain.orders import events as e
from oms_domain.orders.platform_order import AlreadyConverted, Conversion, Trouble, unmapped_trouble
from oms_domain.testing.builders import (
    BUYER,
    NOW,
    ORDER,
    PLATFORM_ORDER,
    RECEIVER,
    SHOP,
    a_platform_order,
    a_standard_order,
    an_id,
)

LATER = NOW + timedelta(hours=1)
SUMS = AmountMismatch(rule="T7", stated=Money(100), computed=Money(99))
TROUBLE = Trouble(reason="amounts_do_not_fit", mismatches=(SUMS,))


def facts(modified_at=NOW - timedelta(minutes=5)):
    return {
        "platform_order_id": PLATFORM_ORDER,
        "shop_id": SHOP,
        "platform": "taobao",
        "order_no": "9100000000000000001",
        "modified_at": modified_at,
        "at": LATER,
    }


def test_it_is_announced_when_it_is_first_seen():
    event = a_platform_order().received(at=LATER)

    assert event == e.PlatformOrderReceived(**facts())
    assert event.stream == PLATFORM_ORDER


def test_converted_it_stands_for_its_sales_order():
    change = a_platform_order(conversion=Conversion.EXCEPTION, trouble=TROUBLE).converted(ORDER, at=LATER)

    assert change.state == a_platform_order(conversion=Conversion.CONVERTED, order_id=ORDER, updated_at=LATER)
    assert change.events == (e.PlatformOrderConverted(order_id=ORDER, **facts()),)


def test_it_is_converted_once():
    with pytest.raises(AlreadyConverted) as refusal:
        a_platform_order(order_id=ORDER).converted(ORDER, at=LATER)

    assert refusal.value.fields() == {"order_id": ORDER}


def test_in_trouble_it_waits_with_both_sums():
    change = a_platform_order().failed(TROUBLE, at=LATER)

    assert change.state == a_platform_order(conversion=Conversion.EXCEPTION, trouble=TROUBLE, updated_at=LATER)
    assert change.events == (e.ConversionFailed(reason="amounts_do_not_fit", mismatches=(SUMS,), **facts()),)


@pytest.mark.parametrize(("order_id", "conversion"), [(None, Conversion.PENDING), (ORDER, Conversion.CONVERTED)])
def test_a_newer_version_takes_its_place_and_ends_its_trouble(order_id, conversion):
    stored = a_platform_order(order_id=order_id, conversion=Conversion.EXCEPTION, trouble=TROUBLE)
    standard = a_standard_order(modified_at=LATER, seller_flag=3)
    receiver, raw = evolve(RECEIVER, digest="receiver-2"), VaultId(an_id(60))

    change = stored.updated(standard, receiver=receiver, buyer=BUYER, raw=raw, at=LATER)

    assert change == Change(
        a_platform_order(
            standard=standard, receiver=receiver, raw=raw, order_id=order_id, conversion=conversion, updated_at=LATER
        ),
        (e.PlatformOrderUpdated(**facts(modified_at=LATER)),),
    )


def test_an_unreadable_one_has_no_time_of_its_own():
    assert a_platform_order(standard=None).modified_at == datetime(1970, 1, 1, tzinfo=UTC)


def test_an_ambiguous_message_is_told_so_that_it_is_fetched_again():
    assert a_platform_order().ambiguous(at=LATER) == e.PlatformOrderAmbiguous(**facts())


def test_goods_that_nobody_has_mapped_are_trouble_named_after_the_first():
    unmapped = UnmappedSku(line_no="1001", platform_sku_id="5001", merchant_code="X-1", title="样例围巾")

    trouble = unmapped_trouble((unmapped,))

    assert (trouble.reason, trouble.field, trouble.why) == ("unmapped_sku", "line 1001", "样例围巾")
    assert trouble.unmapped == (unmapped,)


def test_an_order_that_can_be_followed_again_is_converted_without_a_new_version_of_it():
    stuck = a_platform_order(conversion=Conversion.EXCEPTION, trouble=Trouble(reason="unmapped_sku"), order_id=ORDER)

    change = stuck.mended(at=NOW)

    assert (change.state.conversion, change.state.trouble) == (Conversion.CONVERTED, None)
    assert [event.type for event in change.events] == ["platform_orders.updated"]
