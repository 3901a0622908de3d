"""Messages in both directions: recorded ones are read, and what is written is read again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from oms_adapters.wms.qimen.account import QimenAccount
from oms_adapters.wms.qimen.deliveries import (
    Contact,
    DeliveryLine,
    DeliveryOrder,
    by_price,
    delivery_of,
    parse_delivery,
    parse_stop,
    print_delivery,
    print_stop,
)
from oms_adapters.wms.qimen.entries import (
    parse_entry,
    parse_entry_confirm,
    parse_return,
    parse_return_confirm,
    print_entry,
    print_entry_confirm,
    print_return,
    print_return_confirm,
)
from oms_adapters.wms.qimen.fields import UnreadableMessage
from oms_adapters.wms.qimen.reports import (
    PROGRESS,
    parse_confirm,
    parse_lack,
    parse_process,
    print_confirm,
    print_lack,
    print_process,
)
from oms_adapters.wms.qimen.stock import (
    parse_differences,
    parse_levels,
    parse_query,
    print_differences,
    print_levels,
    print_query,
)
from oms_adapters.wms.qimen.xml import Node, read_xml, write_xml
from oms_app.ports.wms import (
    Counted,
    DocumentNumber,
    Dropped,
    EntryNotice,
    EntryReceived,
    FellShort,
    Grade,
    PaperLine,
    Papers,
    Parcel,
    ParcelsLeft,
    ReturnNotice,
    ReturnReceived,
    ShipOrder,
    StockDiffers,
    StopOrder,
    WarehouseLevel,
    Worked,
)
from oms_domain.channels.standard import Receiver, Region
from oms_domain.kernel.errors import Invalid, InvalidQuantity
from oms_domain.kernel.identity import FulfilmentOrderId, LineId, SkuCode, WarehouseCode
from oms_domain.kernel.money import Money, total
from oms_domain.kernel.quantity import Quantity
from oms_domain.testing.builders import NOW, SHOP, an_id

ACCOUNT = QimenAccount(warehouse="WH-A", app_key="1", secret="s", customer_id="C", owner_code="OWNER1")
SCARF, GLOVES, GIFT = SkuCode("SPU1-RED-M"), SkuCode("SPU2-BLK-L"), SkuCode("GIFT1-U")
NUMBER = DocumentNumber("DO20260102001")
CAME = datetime(2026, 2, 1, tzinfo=UTC)


def at(hour: int, minute: int = 0, *, day: int = 3) -> datetime:
    """Chinese time of January 2026."""
    return datetime(2026, 1, day, hour - 8, minute, tzinfo=UTC)


# --- recorded messages -----------------------------------------------------------------------------------------------


def test_a_confirmation_tells_parcels_and_what_left_the_shelf(recorded):
    report = parse_confirm(read_xml(recorded("deliveryorder_confirm")), at=CAME)

    assert report == ParcelsLeft(
        report_id="WMS0000001-C1",
        number=NUMBER,
        at=at(16, 20),
        parcels=(
            Parcel(carrier="ZTO", tracking_no="75000000000001", contents=((SCARF, 2), (GIFT, 1)), weight_g=872),
            Parcel(carrier="ZTO", tracking_no="75000000000011", contents=((GLOVES, 3),), weight_g=310),
        ),
        counted=(
            Counted(sku=SCARF, units=2, batch="B2601"),
            Counted(sku=GLOVES, units=2),
            Counted(sku=GLOVES, units=1),
            Counted(sku=GIFT, units=1),
        ),
    )


def test_the_other_recorded_reports_are_read(recorded):
    def read(parse, name):
        return parse(read_xml(recorded(name)), at=CAME)

    assert read(parse_process, "orderprocess_report") == Worked(
        report_id="DO20260102001/PICK/2026-01-03T07:00:00+00:00", number=NUMBER, at=at(15), progress="picked"
    )
    assert read(parse_lack, "itemlack_report") == FellShort(
        report_id="WMS0000001-L1", number=NUMBER, at=at(12), missing=((GLOVES, 1),), reason="系统报缺"
    )
    assert read(parse_differences, "inventory_report") == StockDiffers(
        report_id="WMSC000001-1",
        number=DocumentNumber("CK20260106001"),
        at=at(20, day=6),
        counted=(Counted(sku=SCARF, units=-1, batch="B2601"), Counted(sku=GLOVES, units=3)),
    )
    assert read(parse_entry_confirm, "entryorder_confirm") == EntryReceived(
        report_id="WMSE000001-C1",
        number=DocumentNumber("EO20260101001"),
        at=at(12, day=2),
        counted=(
            Counted(sku=SCARF, units=58, batch="B2601"),
            Counted(sku=SCARF, units=2, grade=Grade.DEFECTIVE, batch="B2601"),
        ),
        final=False,
    )
    assert read(parse_return_confirm, "returnorder_confirm") == ReturnReceived(
        report_id="WMSR000001-C1",
        number=DocumentNumber("RO20260107001"),
        at=at(11, day=9),
        counted=(Counted(sku=SCARF, units=1, grade=Grade.DEFECTIVE, batch="B2601"),),
        carrier="ZTO",
        tracking_no="75000000000002",
    )


def test_the_recorded_asks_are_read_as_a_warehouse_reads_them(recorded):
    order = parse_delivery(read_xml(recorded("deliveryorder_create")))

    assert (order.code, order.warehouse, order.owner, order.carrier) == (NUMBER, "WH-A", "OWNER1", "ZTO")
    assert (order.items, order.discount, order.total) == (Money(72_670), Money(18_870), Money(54_800))
    assert [(line.sku, line.units, line.actual.fen) for line in order.lines] == [
        (SCARF, 2, 15_583),
        (GLOVES, 2, 7_545),
        (GLOVES, 1, 7_544),
        (GIFT, 1, 0),
    ]
    assert parse_stop(read_xml(recorded("order_cancel"))) == StopOrder(
        number=NUMBER, warehouse=WarehouseCode("WH-A"), reason="买家申请退款"
    )
    assert parse_query(read_xml(recorded("inventory_query"))) == (SCARF,)
    assert parse_levels(read_xml(recorded("inventory_query_response"))) == (
        WarehouseLevel(sku=SCARF, free=58, locked=2, batch="B2601"),
    )
    assert parse_return(read_xml(recorded("returnorder_create"))).shipped_as == NUMBER
    assert parse_entry(read_xml(recorded("entryorder_create"))).lines == ((SCARF, 100),)


# --- what warehouses leave out, and what they get wrong --------------------------------------------------------------


def confirm(head: str = "", rest: str = "", number: str = "<deliveryOrderCode>DO1</deliveryOrderCode>") -> Node:
    return read_xml(f"<request><deliveryOrder>{number}{head}</deliveryOrder>{rest}</request>".encode())


PACKAGE = "<packages><package><logisticsCode>SF</logisticsCode><expressCode>SF1</expressCode></package></packages>"


def test_what_may_be_missing_is_not_missed():
    report = parse_confirm(confirm(rest=PACKAGE), at=CAME)

    assert report == ParcelsLeft(
        report_id="DO1/confirm/SF1",
        number=DocumentNumber("DO1"),
        at=CAME,
        parcels=(Parcel(carrier="SF", tracking_no="SF1"),),
    )


def test_a_parcel_in_the_head_alone_is_one():
    head = "<logisticsCode>SF</logisticsCode><expressCode>SF1</expressCode><outBizCode>a b</outBizCode>"

    report = parse_confirm(confirm(head), at=CAME)

    assert report.parcels == (Parcel(carrier="SF", tracking_no="SF1"),)
    assert report.report_id == "a b"


@pytest.mark.parametrize(
    ("head", "final"),
    [
        ("", True),
        ("<confirmType>0</confirmType>", True),
        ("<confirmType>1</confirmType>", False),
        ("<status>PARTDELIVERED</status>", False),
        ("<status>DELIVERED</status>", True),
    ],
)
def test_more_is_to_come_where_it_says_so(head, final):
    assert parse_confirm(confirm(head, PACKAGE), at=CAME).final is final


def test_a_line_with_nothing_shipped_counts_as_nothing_and_one_without_a_count_says_nothing():
    lines = (
        "<orderLines><orderLine><itemCode>A</itemCode><actualQty>0</actualQty></orderLine>"
        "<orderLine><itemCode>B</itemCode></orderLine></orderLines>"
    )

    assert parse_confirm(confirm(rest=PACKAGE + lines), at=CAME).counted == (Counted(sku=SkuCode("A"), units=0),)


def test_an_order_that_the_warehouse_closes_without_a_parcel_is_dropped():
    assert parse_confirm(confirm("<status>CLOSED</status><remark>破损</remark>"), at=CAME) == Dropped(
        report_id="DO1/confirm/CLOSED", number=DocumentNumber("DO1"), at=CAME, reason="破损"
    )


def test_a_long_report_id_stands_as_its_digest_and_two_of_them_stay_two():
    ids = {
        parse_confirm(confirm(f"<outBizCode>{'x' * 200}{end}</outBizCode>", PACKAGE), at=CAME).report_id for end in "ab"
    }

    assert len(ids) == 2
    assert {len(id) for id in ids} == {64}


def test_a_code_of_no_known_meaning_is_kept_as_it_is():
    order = Node("order", "", (Node("orderCode", "DO1"),))
    process = Node("process", "", (Node("processStatus", "ROBOT"),))

    assert parse_process(Node("request", "", (order, process)), at=CAME).progress == "other_robot"


BROKEN = {
    "no number": (confirm(number=""), UnreadableMessage, "deliveryOrder.deliveryOrderCode"),
    "no order": (Node("request"), UnreadableMessage, "deliveryOrder"),
    "no parcel": (confirm(), UnreadableMessage, "packages"),
    "no tracking number": (
        confirm(rest="<packages><package><logisticsCode>SF</logisticsCode></package></packages>"),
        UnreadableMessage,
        "packages.package[0].expressCode",
    ),
    "half a unit": (
        confirm(
            rest=PACKAGE
            + "<orderLines><orderLine><itemCode>A</itemCode><actualQty>0.5</actualQty></orderLine></orderLines>"
        ),
        UnreadableMessage,
        "orderLines.orderLine[0].actualQty",
    ),
    "too many units": (
        confirm(
            rest=PACKAGE
            + "<orderLines><orderLine><itemCode>A</itemCode><actualQty>9999999999</actualQty></orderLine></orderLines>"
        ),
        UnreadableMessage,
        "orderLines.orderLine[0].actualQty",
    ),
    "fewer than no units in a parcel": (
        confirm(
            rest="<packages><package><logisticsCode>SF</logisticsCode><expressCode>1</expressCode>"
            "<items><item><itemCode>A</itemCode><quantity>-1</quantity></item></items></package></packages>"
        ),
        InvalidQuantity,
        "packages.package[0].items",
    ),
    "a time that is none": (
        confirm("<orderConfirmTime>now</orderConfirmTime>", PACKAGE),
        Invalid,
        "deliveryOrder.orderConfirmTime",
    ),
    "a number that is too long": (
        confirm(number=f"<deliveryOrderCode>{'1' * 65}</deliveryOrderCode>", rest=PACKAGE),
        Invalid,
        "deliveryOrder.deliveryOrderCode",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_cannot_be_read_is_refused_with_its_place(what):
    message, kind, place = BROKEN[what]

    with pytest.raises(kind) as refused:
        parse_confirm(message, at=CAME)

    assert refused.value.field == place


# --- what is written is read again: laws -----------------------------------------------------------------------------

SKUS = st.sampled_from([SCARF, GLOVES, GIFT])
CODES = st.from_regex(r"[A-Za-z0-9\-]{1,20}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Zs", "Cn", "Co", "Cf"]), max_size=30)
UNITS = st.integers(1, 1000).map(Quantity)
TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0)
)
COUNTED = st.builds(
    Counted, sku=SKUS, units=st.integers(-1000, 1000), grade=st.sampled_from(Grade), batch=st.just("") | CODES
)
COUNTS = st.lists(COUNTED, max_size=4).map(tuple)
NUMBERS = CODES.map(DocumentNumber)
CONTENTS = st.dictionaries(SKUS, UNITS, max_size=3).map(lambda units: tuple(units.items()))
PARCELS = st.builds(
    Parcel,
    carrier=st.sampled_from(["SF", "ZTO"]),
    tracking_no=CODES,
    contents=CONTENTS,
    weight_g=st.integers(0, 99_999),
)


def sent(message: Node) -> Node:
    """Return a message as it arrives."""
    return read_xml(write_xml(message))


@given(
    st.builds(
        ParcelsLeft,
        report_id=CODES,
        number=NUMBERS,
        at=TIMES,
        parcels=st.lists(PARCELS, min_size=1, max_size=3).map(tuple),
        counted=COUNTS,
        final=st.booleans(),
    )
)
def test_a_confirmation_is_read_as_it_was_written(report):
    assert parse_confirm(sent(print_confirm(report, warehouse="WH-A")), at=CAME) == report


@given(st.builds(FellShort, report_id=CODES, number=NUMBERS, at=TIMES, missing=CONTENTS.filter(bool), reason=TEXTS))
def test_a_shortage_is_read_as_it_was_written(report):
    assert parse_lack(sent(print_lack(report, warehouse="WH-A")), at=CAME) == report


@given(
    st.builds(Worked, report_id=CODES, number=NUMBERS, at=TIMES, progress=st.sampled_from(sorted(PROGRESS.values())))
)
def test_a_milestone_is_read_as_it_was_written_under_a_key_of_its_own(report):
    read = parse_process(sent(print_process(report, warehouse="WH-A")), at=CAME)

    assert read == evolve(report, report_id=read.report_id)


@given(st.builds(StockDiffers, report_id=CODES, number=NUMBERS, at=TIMES, counted=COUNTS))
def test_a_count_is_read_as_it_was_written(report):
    assert parse_differences(sent(print_differences(report, warehouse="WH-A")), at=CAME) == report


@given(st.builds(EntryReceived, report_id=CODES, number=NUMBERS, at=TIMES, counted=COUNTS, final=st.booleans()))
def test_an_entry_is_read_as_it_was_written(report):
    assert parse_entry_confirm(sent(print_entry_confirm(report, warehouse="WH-A")), at=CAME) == report


@given(
    st.builds(
        ReturnReceived,
        report_id=CODES,
        number=NUMBERS,
        at=TIMES,
        counted=COUNTS,
        final=st.booleans(),
        carrier=st.just("") | CODES,
        tracking_no=st.just("") | CODES,
    )
)
def test_a_return_is_read_as_it_was_written(report):
    assert parse_return_confirm(sent(print_return_confirm(report, warehouse="WH-A")), at=CAME) == report


LINES = st.lists(st.tuples(SKUS, UNITS), min_size=1, max_size=4).map(tuple)
RECEIVERS = st.builds(Receiver, name=TEXTS, mobile=CODES, phone=TEXTS, street=TEXTS, zip=CODES)
REGIONS = st.builds(Region, province=CODES, city=CODES, district=TEXTS, town=TEXTS)


@given(
    st.builds(
        ReturnNotice,
        number=CODES,
        warehouse=st.just(WarehouseCode("WH-A")),
        shipped_as=st.just("") | CODES,
        carrier=st.sampled_from(["", "SF", "ZTO"]),
        tracking_no=st.just("") | CODES,
        reason=TEXTS,
        sender=RECEIVERS,
        region=REGIONS,
        lines=LINES,
    )
)
def test_a_notice_of_a_return_is_read_as_it_was_written(notice):
    assert parse_return(sent(print_return(notice, ACCOUNT))) == notice


@given(
    st.builds(
        EntryNotice,
        number=CODES,
        warehouse=st.just(WarehouseCode("WH-A")),
        purchase_no=st.just("") | CODES,
        supplier=TEXTS,
        expected_from=st.none() | TIMES,
        expected_to=st.none() | TIMES,
        lines=LINES,
    )
)
def test_a_notice_of_an_entry_is_read_as_it_was_written(notice):
    assert parse_entry(sent(print_entry(notice, ACCOUNT))) == notice


@given(
    st.lists(SKUS, unique=True),
    st.lists(
        st.builds(
            WarehouseLevel,
            sku=SKUS,
            free=st.integers(0, 99),
            locked=st.integers(0, 9),
            grade=st.sampled_from(Grade),
            batch=st.just("") | CODES,
        )
    ).map(tuple),
)
def test_asks_and_answers_about_stock_are_read_as_they_were_written(skus, levels):
    assert parse_query(sent(print_query(tuple(skus), ACCOUNT))) == tuple(skus)
    items = print_levels(levels, warehouse="WH-A")
    assert parse_levels(sent(Node("response", "", (items,) if items else ()))) == levels


@given(st.builds(StopOrder, number=CODES, warehouse=st.just(WarehouseCode("WH-A")), reason=TEXTS))
def test_an_ask_to_stop_is_read_as_it_was_written(order):
    assert parse_stop(sent(print_stop(order, ACCOUNT))) == order


FEN = st.integers(0, 10**8).map(Money)
CONTACTS = st.builds(
    Contact, company=TEXTS, name=TEXTS, mobile=CODES, province=CODES, city=CODES, area=TEXTS, address=TEXTS, oaid=CODES
)


@st.composite
def delivery_lines(draw):
    actual, discount = draw(FEN), draw(FEN)
    return DeliveryLine(
        no=draw(CODES),
        source_order=draw(st.just("") | CODES),
        source_line=draw(st.just("") | CODES),
        owner="OWNER1",
        sku=draw(SKUS),
        title=draw(TEXTS),
        units=draw(UNITS),
        retail=actual + discount,
        actual=actual,
        discount=discount,
    )


@given(
    st.builds(
        DeliveryOrder,
        code=CODES,
        warehouse=st.just("WH-A"),
        owner=st.just("OWNER1"),
        platform=st.sampled_from(["TB", "OTHER"]),
        shop_name=TEXTS,
        is_cash_due=st.booleans(),
        created_at=TIMES,
        placed_at=TIMES,
        paid_at=st.none() | TIMES,
        ship_before=st.none() | TIMES,
        carrier=st.sampled_from(["SF", "OTHER"]),
        freight=FEN,
        sender=CONTACTS,
        receiver=CONTACTS,
        buyer_message=TEXTS,
        lines=st.lists(delivery_lines(), max_size=3).map(tuple),
    )
)
def test_a_delivery_order_is_read_as_it_was_written(order):
    assert parse_delivery(sent(print_delivery(order))) == order


# --- our order in their form -----------------------------------------------------------------------------------------

LINE_1, LINE_2 = LineId(an_id(31)), LineId(an_id(32))


def an_order(**papers) -> ShipOrder:
    lines = (
        PaperLine(line_id=LINE_1, platform_line_no="11", title="围巾", unit_price=Money(19_900), net=Money(31_166)),
        PaperLine(line_id=LINE_2, platform_line_no="12", title="手套", unit_price=Money(8_990), net=Money(22_634)),
    )
    facts = {
        "platform": "taobao",
        "order_no": "10",
        "shop_name": "样例旗舰店",
        "placed_at": NOW,
        "freight": Money(1_000),
        "handle": "oaid-1",
        "lines": lines,
    }
    return ShipOrder(
        fulfilment_id=FulfilmentOrderId(an_id(30)),
        number="F1",
        shop_id=SHOP,
        warehouse=WarehouseCode("WH-A"),
        receiver=Receiver(name="测试员", mobile="10000000001", street="示例路1号"),
        region=Region(province="广东省", city="深圳市"),
        lines=((LINE_1, SCARF, Quantity(2)), (LINE_2, GLOVES, Quantity(3))),
        papers=Papers(**facts | papers),
    )


def test_a_line_whose_amount_does_not_divide_is_cut_in_two():
    order = delivery_of(an_order(), ACCOUNT, at=NOW)

    assert [(line.no, line.units, line.retail.fen, line.actual.fen, line.discount.fen) for line in order.lines] == [
        ("1", 2, 19_900, 15_583, 4_317),
        ("2", 2, 8_990, 7_545, 1_445),
        ("3", 1, 8_990, 7_544, 1_446),
    ]
    assert order.total == Money(31_166 + 22_634 + 1_000)


def test_cash_that_the_carrier_collects_is_still_due():
    fields = {
        node.name: node.text
        for node in print_delivery(delivery_of(an_order(cash_due=True), ACCOUNT, at=NOW)).children[0].children
    }

    assert (fields["orderFlag"], fields["arAmount"], fields["gotAmount"]) == ("COD", "548.00", "0.00")


def test_the_warehouse_is_told_until_when_it_must_have_left():
    head = print_delivery(delivery_of(an_order(ship_before=NOW), ACCOUNT, at=NOW)).children[0]

    assert {node.name: node.text for node in head.children}["latestDeliveryTime"] == "2026-11-23 10:00:00"


def test_lines_of_a_merged_order_name_the_platform_order_that_they_are_of():
    one, other = an_order().papers.lines

    order = delivery_of(an_order(lines=(one, evolve(other, order_no="20"))), ACCOUNT, at=NOW)

    assert [line.source_order for line in order.lines] == ["10", "20", "20"]


def test_an_order_without_papers_goes_out_all_the_same():
    order = delivery_of(evolve(an_order(), papers=None), ACCOUNT, at=NOW)

    assert [(line.units, line.actual) for line in order.lines] == [(2, Money(0)), (3, Money(0))]
    assert (order.placed_at, order.platform) == (NOW, "OTHER")


@given(net=st.integers(0, 10**9).map(Money), units=st.integers(1, 1000))
def test_units_times_price_is_the_lines_amount_to_the_fen(net, units):
    runs = by_price(net, units)

    assert total(price * count for count, price in runs) == net
    assert sum(count for count, _ in runs) == units
    assert len(runs) <= 2
    assert max(price.fen for _, price in runs) - min(price.fen for _, price in runs) <= 1
