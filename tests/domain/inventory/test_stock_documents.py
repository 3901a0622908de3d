"""Stock documents: each kind books its lines in its own way, and says what there is more of to sell."""

import pytest
from attrs import evolve
from tests.domain.inventory.builders import (
    DOCUMENT,
    EAST,
    a_level,
    a_posting,
    a_stocktake,
    a_transfer,
    an_entry,
    broken,
    units,
)

from oms_domain.inventory.documents import (
    LETTERS,
    DocumentKind,
    InvalidLines,
    InvalidUnits,
    SkuNotOnDocument,
    freed_by,
)
from oms_domain.inventory.movements import NotThatMany, no_stock
from oms_domain.inventory.postings import (
    RULES,
    GoodUnitsOnly,
    NotPosted,
    StockBooked,
    checked_posting,
)
from oms_domain.inventory.stock import LedgerKind, Quality, StockReceived
from oms_domain.inventory.stocktakes import (
    STOCKTAKE_ENDS,
    STOCKTAKE_ENTRIES,
    STOCKTAKE_TABLE,
    Count,
    NothingCounted,
    StocktakeApplied,
    StocktakeCounted,
    StocktakeMove,
    StocktakeState,
)
from oms_domain.inventory.transfers import (
    TRANSFER_ENDS,
    TRANSFER_ENTRIES,
    TRANSFER_TABLE,
    MoreThanOnTheWay,
    TransferClosed,
    TransferMove,
    TransferReceived,
    TransferSent,
    TransferState,
)
from oms_domain.kernel.change import Change
from oms_domain.kernel.errors import InvalidText, MoveNotAllowed
from oms_domain.kernel.quantity import LARGEST_QUANTITY, Quantity
from oms_domain.kernel.states import check_table
from oms_domain.testing.builders import HAT, MAIN, NOW, SCARF

K, L = DocumentKind, LedgerKind


def test_every_kind_has_a_letter_of_its_own():
    assert set(LETTERS) == set(DocumentKind)
    assert len(set(LETTERS.values())) == len(LETTERS)
    assert not set(LETTERS.values()) & {"S", "P", "F"}


# --- postings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "line", "entry"),
    [
        (K.PURCHASE_RECEIPT, units(2), an_entry(L.PURCHASE_RECEIPT, on_hand=2)),
        (K.PURCHASE_RECEIPT, broken(2), an_entry(L.PURCHASE_RECEIPT, defective=2)),
        (K.PRODUCTION_RECEIPT, units(2), an_entry(L.PRODUCTION_RECEIPT, on_hand=2)),
        (K.RETURN_RECEIPT, broken(2), an_entry(L.RETURN_RECEIPT, defective=2)),
        (K.PURCHASE_RETURN, units(2), an_entry(L.PURCHASE_RETURN, on_hand=-2)),
        (K.PURCHASE_RETURN, broken(2), an_entry(L.PURCHASE_RETURN, defective=-2)),
        (K.SAMPLING, units(2), an_entry(L.SAMPLING, on_hand=-2)),
        (K.DAMAGE, units(2), an_entry(L.DAMAGE, on_hand=-2, defective=2)),
        (K.DAMAGE, broken(2), an_entry(L.DAMAGE, defective=-2)),
        (K.LOCK, units(2), an_entry(L.LOCK, locked=2)),
        (K.UNLOCK, units(2), an_entry(L.UNLOCK, locked=-2)),
        (K.SAFETY, units(2), an_entry(L.SAFETY, safety=-3, safety_was=5)),
        (K.ADJUSTMENT, units(-2), an_entry(L.ADJUST, on_hand=-2)),
        (K.OTHER, broken(2), an_entry(L.OTHER, defective=2)),
    ],
)
def test_a_line_is_entered_by_its_kind(kind, line, entry):
    assert a_posting(kind, line).entry(line, a_level(safety=5, locked=2)) == entry


@pytest.mark.parametrize(
    ("kind", "column", "there"), [(K.DAMAGE, "on_hand", 8), (K.UNLOCK, "locked", 2), (K.UNLOCK, "locked", 0)]
)
def test_units_of_open_differences_are_neither_damaged_nor_set_free(kind, column, there):
    level, gone = a_level(on_hand=10, locked=4), {"on_hand": 2, "locked": 2 if there else 5}[column]

    assert there == 0 or a_posting(kind, units(there)).entry(units(there), level, gone=gone)
    with pytest.raises(NotThatMany) as refused:
        a_posting(kind, units(there + 1)).entry(units(there + 1), level, gone=gone)

    assert (refused.value.column, refused.value.there, refused.value.taken) == (column, there, there + 1)


def test_every_kind_that_is_booked_at_once_has_a_rule():
    assert set(RULES) == set(DocumentKind) - {K.TRANSFER, K.STOCKTAKE}


def test_a_receipt_says_what_came_in_and_what_may_be_sold():
    receipt = a_posting(K.PURCHASE_RECEIPT, units(5), broken(1), reason="采购")
    entries = (an_entry(L.PURCHASE_RECEIPT, on_hand=5), an_entry(L.PURCHASE_RECEIPT, defective=1))

    change = receipt.booked(entries, at=NOW)

    assert change == Change(
        receipt,
        (
            StockBooked(
                document_id=DOCUMENT,
                number=receipt.number,
                kind=K.PURCHASE_RECEIPT,
                warehouse=MAIN,
                lines=receipt.lines,
                reason="采购",
                freed=(SCARF,),
                at=NOW,
            ),
            StockReceived(receipt_id=DOCUMENT, sku=SCARF, warehouse=MAIN, quantity=Quantity(5), reason="采购", at=NOW),
        ),
    )
    assert change.events[0].stream == DOCUMENT


def test_only_gains_of_what_can_be_sold_free_anything():
    assert freed_by((an_entry(on_hand=1), an_entry(on_hand=-1), an_entry(defective=9))) == ()
    assert freed_by((an_entry(locked=-1), an_entry(sku=HAT, safety=-1))) == (HAT, SCARF)


@pytest.mark.parametrize(
    ("kind", "lines", "reason", "refusal"),
    [
        (K.TRANSFER, (units(),), "x", NotPosted),
        (K.STOCKTAKE, (units(),), "x", NotPosted),
        (K.RETURN_RECEIPT, (), "", InvalidLines),
        (K.RETURN_RECEIPT, (units(), units()), "", InvalidLines),
        (K.RETURN_RECEIPT, (units(0),), "", InvalidUnits),
        (K.RETURN_RECEIPT, (units(-1),), "", InvalidUnits),
        (K.RETURN_RECEIPT, (units(LARGEST_QUANTITY + 1),), "", InvalidUnits),
        (K.SAFETY, (units(-1),), "", InvalidUnits),
        (K.ADJUSTMENT, (units(0),), "x", InvalidUnits),
        (K.ADJUSTMENT, (units(1),), " ", InvalidText),
        (K.DAMAGE, (units(1),), "", InvalidText),
        (K.LOCK, (broken(1),), "x", GoodUnitsOnly),
        (K.SAMPLING, (broken(1),), "x", GoodUnitsOnly),
        (K.RETURN_RECEIPT, (units(1),), "\0", InvalidText),
    ],
)
def test_what_cannot_be_posted_is_refused(kind, lines, reason, refusal):
    with pytest.raises(refusal):
        checked_posting(kind, lines, reason, "")


def test_a_document_has_at_most_500_lines():
    lines = tuple(units(sku=f"S{n}") for n in range(501))

    assert checked_posting(K.RETURN_RECEIPT, lines[:500], "", "")
    with pytest.raises(InvalidLines) as refusal:
        checked_posting(K.RETURN_RECEIPT, lines, "", "")
    assert refusal.value.why == "too_many"


def test_good_and_defective_units_of_a_sku_are_two_lines():
    assert checked_posting(K.RETURN_RECEIPT, (units(), broken()), " 10000000001", "R-1") == (" ***********", "R-1")
    assert checked_posting(K.SAFETY, (units(0),), "", "") == ("", "")


# --- transfers -------------------------------------------------------------------------------------------------------


def test_the_tables_are_sound():
    transfers = check_table(TRANSFER_TABLE, entries=TRANSFER_ENTRIES, ends=TRANSFER_ENDS, moves=TransferMove)
    stocktakes = check_table(STOCKTAKE_TABLE, entries=STOCKTAKE_ENTRIES, ends=STOCKTAKE_ENDS, moves=StocktakeMove)

    assert (transfers, stocktakes) == ((), ())


def test_what_is_sent_leaves_the_one_warehouse_and_is_expected_in_the_other():
    transfer = a_transfer()

    change, entries = transfer.sent(at=NOW)

    sent = TransferSent(
        document_id=DOCUMENT,
        number=transfer.number,
        warehouse=MAIN,
        to=EAST,
        lines=(units(5), units(2, sku=HAT)),
        at=NOW,
    )
    assert change == Change(transfer, (sent,))
    assert entries == (
        an_entry(L.TRANSFER_OUT, on_hand=-5),
        an_entry(L.TRANSFER_OUT, warehouse=EAST, in_transit=5),
        an_entry(L.TRANSFER_OUT, sku=HAT, on_hand=-2),
        an_entry(L.TRANSFER_OUT, sku=HAT, warehouse=EAST, in_transit=2),
    )


def test_a_transfer_comes_in_parts():
    change, entries = a_transfer().receive((units(3), broken(1)), at=NOW)

    assert change.state.state is TransferState.PARTLY_RECEIVED
    assert [(line.sku, line.good, line.defective, line.rest) for line in change.state.lines] == [
        (SCARF, 3, 1, 1),
        (HAT, 0, 0, 2),
    ]
    assert entries == (
        an_entry(L.TRANSFER_IN, warehouse=EAST, in_transit=-3, on_hand=3),
        an_entry(L.TRANSFER_IN, warehouse=EAST, in_transit=-1, defective=1),
    )
    assert change.events == (
        TransferReceived(
            document_id=DOCUMENT,
            number=change.state.number,
            warehouse=EAST,
            state=TransferState.PARTLY_RECEIVED,
            lines=(units(3), broken(1)),
            rest=3,
            freed=(SCARF,),
            at=NOW,
        ),
    )

    whole, _ = change.state.receive((units(1), units(2, sku=HAT)), at=NOW)
    assert (whole.state.state, whole.state.rest) == (TransferState.RECEIVED, 0)
    with pytest.raises(MoveNotAllowed):
        whole.state.close(found=False, reason="x", at=NOW)


def test_a_receipt_that_was_booked_changes_nothing():
    once = a_transfer().receive((units(3),), receipt="R-1", at=NOW)[0].state

    assert once.receive((units(3),), receipt="R-1", at=NOW) == (Change(once), ())
    assert once.receive((units(1),), receipt="R-2", at=NOW)[0].state.receipts == ("R-1", "R-2")


@pytest.mark.parametrize(
    ("lines", "refusal"),
    [
        ((units(6),), MoreThanOnTheWay),
        ((units(4), broken(2)), MoreThanOnTheWay),
        ((units(1, sku="OTHER"),), SkuNotOnDocument),
        ((units(0),), InvalidUnits),
        ((), InvalidLines),
    ],
)
def test_what_was_not_sent_cannot_come_in(lines, refusal):
    with pytest.raises(refusal):
        a_transfer().receive(lines, at=NOW)


@pytest.mark.parametrize("found", [False, True])
def test_a_transfer_is_closed_with_a_difference(found):
    partly = a_transfer().receive((units(5),), at=NOW)[0].state

    change, entries = partly.close(found=found, reason="途中丢失", at=NOW)

    missing = an_entry(L.TRANSFER_IN, sku=HAT, warehouse=EAST, in_transit=-2)
    back = an_entry(L.TRANSFER_IN, sku=HAT, on_hand=2)
    assert entries == ((missing, back) if found else (missing,))
    assert change.state == evolve(partly, state=TransferState.CLOSED)
    assert change.events == (
        TransferClosed(
            document_id=DOCUMENT,
            number=partly.number,
            warehouse=MAIN,
            missing=((HAT, 2),),
            found=found,
            reason="途中丢失",
            freed=(HAT,) if found else (),
            at=NOW,
        ),
    )
    assert change.state.close(found=found, reason="x", at=NOW) == (Change(change.state), ())
    with pytest.raises(MoveNotAllowed):
        change.state.receive((units(1, sku=HAT),), at=NOW)


# --- stocktakes ------------------------------------------------------------------------------------------------------


def test_a_count_keeps_what_the_books_said_and_the_last_one_stands():
    levels = {SCARF: a_level(on_hand=10, defective=1)}
    counted = a_stocktake().count((units(8), broken(2)), levels, at=NOW).state

    again = counted.count((units(9),), {SCARF: a_level(on_hand=7)}, at=NOW)

    assert counted.differences == (units(-2), broken(1))
    assert again.state.counts == (
        Count(sku=SCARF, quality=Quality.GOOD, counted=9, booked=7),
        Count(sku=SCARF, quality=Quality.DEFECTIVE, counted=2, booked=1),
    )
    assert again.events == (
        StocktakeCounted(document_id=DOCUMENT, number=again.state.number, warehouse=MAIN, lines=(units(9),), at=NOW),
    )


@pytest.mark.parametrize(("on_hand", "gone", "booked"), [(10, 2, 8), (1, 2, 0)])
def test_what_is_gone_already_is_not_missed_again(on_hand, gone, booked):
    levels = {SCARF: a_level(on_hand=on_hand, defective=1)}
    counted = a_stocktake().count((units(8), broken(2)), levels, gone={SCARF: gone}, at=NOW).state

    assert [count.booked for count in counted.counts] == [booked, 1]


def test_what_was_never_there_is_booked_as_nothing():
    counted = a_stocktake().count((units(3),), {}, at=NOW).state

    assert counted.differences == (units(3),)


@pytest.mark.parametrize("number", [-1, LARGEST_QUANTITY + 1])
def test_a_count_is_a_number_of_units(number):
    with pytest.raises(InvalidUnits):
        a_stocktake().count((units(number),), {}, at=NOW)


def test_an_applied_stocktake_stays_so():
    counted = a_stocktake().count((units(8), units(5, sku=HAT)), {SCARF: a_level()}, at=NOW).state

    applied = counted.apply()
    change = applied.applied((an_entry(L.STOCKTAKE, sku=HAT, on_hand=5),), at=NOW)

    assert change.events == (
        StocktakeApplied(
            document_id=DOCUMENT,
            number=counted.number,
            warehouse=MAIN,
            differences=(units(-2), units(5, sku=HAT)),
            freed=(HAT,),
            at=NOW,
        ),
    )
    assert applied.apply() is applied
    with pytest.raises(MoveNotAllowed):
        applied.cancel(reason="", at=NOW)
    with pytest.raises(MoveNotAllowed):
        applied.count((units(1),), {}, at=NOW)


def test_nothing_counted_is_nothing_to_book():
    with pytest.raises(NothingCounted):
        a_stocktake().apply()


def test_a_cancelled_stocktake_books_nothing_more():
    cancelled = a_stocktake().cancel(reason="重盘", at=NOW).state

    assert cancelled.state is StocktakeState.CANCELLED
    assert cancelled.cancel(reason="", at=NOW) == Change(cancelled)
    with pytest.raises(MoveNotAllowed):
        cancelled.apply()


def test_a_repeat_is_told_from_another_document_by_its_contents():
    assert a_transfer().contents == a_transfer(id="x", number="y").contents != a_transfer(to=MAIN).contents
    assert a_stocktake().contents == (MAIN,)
    assert a_posting(K.LOCK, units(1)).contents != a_posting(K.LOCK, units(2)).contents


def test_begun_and_sent_documents_say_so():
    begun = a_stocktake().begun(at=NOW)

    assert [event.type for event in begun.events] == ["inventory.stocktake_begun"]
    assert no_stock(SCARF, MAIN).available == 0
