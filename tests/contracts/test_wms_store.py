"""What is kept of warehouses and carriers, on every store: accounts, reports, traces; and parcels by their numbers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve
from tests.contracts.rows import a_fulfilment, a_new_shop, an_order, store

from oms_app.actor import Actor, system
from oms_app.ports.reports import EarlyPush, KeptReport
from oms_app.ports.transaction import Contended, NumberUnknown
from oms_app.ports.wms import (
    KINDS,
    Counted,
    DocumentNumber,
    Dropped,
    EntryReceived,
    FellShort,
    Grade,
    Parcel,
    ParcelsLeft,
    ReturnReceived,
    StockDiffers,
    Worked,
)
from oms_app.queries.rows import Position
from oms_domain.fulfilment.reports import ReportId, ReportNotFound, ReportState
from oms_domain.fulfilment.sending import Sending
from oms_domain.fulfilment.tracking import ParcelProgress, Trace
from oms_domain.fulfilment.wms_account import (
    Sender,
    WmsAccount,
    WmsAccountId,
    WmsAccountNotFound,
    WmsKind,
    WmsTerms,
)
from oms_domain.kernel.identity import PackageId
from oms_domain.kernel.quantity import Quantity
from oms_domain.testing.builders import HAT, MAIN, NOW, SCARF, a_package, an_id

ROOT = system("tests")
TERMS = WmsTerms(
    kind=WmsKind.QIMEN,
    base_url="https://wms.example.invalid/",
    app_key="1",
    customer_id="C",
    sender=Sender(company="样例商贸有限公司"),
)
COUNTED = (Counted(sku=SCARF, units=-3, grade=Grade.DEFECTIVE, batch="B1"), Counted(sku=HAT, units=0))
FACTS = {"report_id": "a b", "number": DocumentNumber("F1"), "at": NOW + timedelta(microseconds=5)}
REPORTS = (
    Worked(progress="picked", **FACTS),
    ParcelsLeft(
        parcels=(Parcel(carrier="ZTO", tracking_no="T1", contents=((SCARF, Quantity(2)),), weight_g=5),),
        counted=COUNTED,
        final=False,
        **FACTS,
    ),
    FellShort(missing=((HAT, Quantity(1)),), reason="系统报缺", **FACTS),
    Dropped(reason="包材不足", **FACTS),
    ReturnReceived(counted=COUNTED, carrier="SF", tracking_no="T2", **FACTS),
    EntryReceived(counted=COUNTED, final=False, **FACTS),
    StockDiffers(counted=COUNTED, **FACTS),
)


def kept(number: int, report, **changes) -> KeptReport:
    facts = {
        "id": ReportId(an_id(number)),
        "warehouse": MAIN,
        "report": report,
        "received_at": NOW,
        "updated_at": NOW,
    }
    return KeptReport(**facts | changes)


def take(backend, *rows) -> list[bool]:
    with backend.open(ROOT) as tx:
        taken = [tx.inbox.take(row) for row in rows]
        tx.commit()
    return taken


def test_there_is_an_example_of_every_kind():
    assert {report.kind for report in REPORTS} == set(KINDS)


def test_a_report_comes_back_as_it_was_kept(backend):
    rows = [kept(number, report) for number, report in enumerate(REPORTS, 1)]
    assert take(backend, *rows) == [True] * len(rows)

    with backend.open(ROOT) as tx:
        assert [tx.inbox.get(row.id) for row in rows] == rows


def test_a_report_is_kept_once_for_each_warehouse_kind_and_report_id(backend):
    report = REPORTS[0]
    assert take(backend, kept(1, report)) == [True]

    assert take(backend, kept(2, evolve(report, progress="packed"))) == [False]
    with backend.open(ROOT) as tx:
        assert tx.inbox.same(kept(2, evolve(report, progress="packed"))) == kept(1, report)
        assert tx.inbox.same(kept(2, report, warehouse="EAST")) is None
    assert take(backend, kept(3, report, warehouse="EAST")) == [True]
    assert take(backend, kept(4, evolve(report, report_id="A B"))) == [True]
    with backend.open(ROOT) as tx, pytest.raises(ReportNotFound):
        tx.inbox.get(ReportId(an_id(2)))


# On SQLite writers queue: the second one sees what the first has kept.
@pytest.mark.parametrize("backend", ["memory", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_of_two_who_keep_the_same_at_once_one_is_told_to_look_again(backend):
    with backend.open(ROOT) as first, backend.open(ROOT) as second:
        assert first.inbox.take(kept(1, REPORTS[0]))
        assert second.inbox.take(kept(2, REPORTS[0]))
        first.commit()
        with pytest.raises(Contended):
            second.commit()


def test_what_became_of_a_report_is_stored_and_listed(backend):
    rows = [
        kept(number, evolve(REPORTS[0], report_id=str(number)), received_at=NOW + timedelta(seconds=number))
        for number in (1, 2, 3)
    ]
    take(backend, *rows)
    refused = evolve(rows[1], state=ReportState.REFUSED, reason="缺货", updated_at=NOW + timedelta(hours=1))
    with backend.open(ROOT) as tx:
        tx.inbox.save(refused)
        tx.commit()

    def listed(states=(), after=None, limit=10, actor=ROOT):
        return backend.queries.wms_reports(actor, states=states, after=after, limit=limit)

    assert listed() == (rows[2], refused, rows[0])
    assert listed((ReportState.REFUSED,)) == (refused,)
    assert listed(limit=1, after=Position(rows[2].received_at, rows[2].id)) == (refused,)
    assert listed(actor=Actor(id="k", shops=frozenset())) == ()


# --- accounts --------------------------------------------------------------------------------------------------------


def an_account(**changes) -> WmsAccount:
    facts = {
        "id": WmsAccountId(an_id(40)),
        "warehouse": MAIN,
        "terms": TERMS,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return WmsAccount(**facts | changes)


def connect(backend, account, secret: bytes = b"", terms=TERMS):
    with backend.open(ROOT) as tx:
        tx.wms_accounts.all()  # a document is read before it is changed
        change = account.connected(terms, with_secret=True, at=NOW)
        tx.wms_accounts.save(change.state)
        tx.publish(change.events)
        if secret:
            tx.wms_accounts.save_secret(account.id, secret)
        tx.commit()
    with backend.open(ROOT) as tx:
        return tx.wms_accounts.of(account.warehouse)


def test_an_account_comes_back_as_it_was_stored_with_its_secret_apart(backend):
    stored = connect(backend, an_account(), b"\x00\xff sealed")

    assert stored == an_account(has_secret=True, version=1)
    with backend.open(ROOT) as tx:
        assert tx.wms_accounts.all() == (stored,)
        assert tx.wms_accounts.secret(stored.id) == b"\x00\xff sealed"
        with pytest.raises(WmsAccountNotFound):
            tx.wms_accounts.of("EAST")
        assert tx.wms_accounts.secret(WmsAccountId(an_id(41))) is None


def test_a_changed_account_keeps_its_secret_unless_there_is_a_new_one(backend):
    stored = connect(backend, an_account(), b"first")

    changed = connect(backend, stored, terms=evolve(TERMS, owner_code="O2", reuses_numbers=True))
    with backend.open(ROOT) as tx:
        assert tx.wms_accounts.secret(stored.id) == b"first"
    connect(backend, changed, b"second", terms=changed.terms)

    with backend.open(ROOT) as tx:
        assert tx.wms_accounts.secret(stored.id) == b"second"
        assert tx.wms_accounts.of(MAIN).terms.reuses_numbers is True


def test_a_stale_account_and_a_second_one_of_a_warehouse_are_refused(backend):
    stored = connect(backend, an_account(), b"x")
    connect(backend, stored)

    with pytest.raises(Contended):
        connect(backend, stored)
    with pytest.raises(Contended):
        connect(backend, an_account(id=WmsAccountId(an_id(42))))


# --- parcels by their numbers, and their traces ----------------------------------------------------------------------


@pytest.fixture
def shipped(backend):
    """A fulfilment order with two parcels."""
    shop = a_new_shop(backend)
    order = an_order(backend, shop)
    parcels = tuple(
        a_package(id=PackageId(an_id(50 + number)), tracking_no=f"T{number}", contents=()) for number in (1, 2)
    )
    fulfilment = a_fulfilment(backend, order, packages=parcels)
    store(backend, shop, order, fulfilment)
    return fulfilment


def test_a_fulfilment_order_is_found_by_its_number_and_by_a_parcels(backend, shipped):
    stranger = Actor(id="k", shops=frozenset())
    with backend.open(ROOT) as tx:
        found = tx.fulfilments.get(shipped.id)
        assert tx.fulfilments.by_number(shipped.number) == found
        assert tx.fulfilments.by_tracking_no("T2") == (found,)
        assert tx.fulfilments.by_tracking_no("t2") == ()
        with pytest.raises(NumberUnknown):
            tx.fulfilments.by_number("F0")
    with backend.open(stranger) as tx:
        assert tx.fulfilments.by_tracking_no("T2") == ()
        with pytest.raises(NumberUnknown):
            tx.fulfilments.by_number(shipped.number)


def an_early_push(number="N", company="zhongtong", hours=0, **changes):
    trace = Trace(at=NOW, progress=ParcelProgress.PICKED_UP, text="已揽收", place="广东")
    facts = {"carriers": ("ZTO",), "others": ("SF", "YTO"), "traces": (trace,)} | changes
    return EarlyPush(tracking_no=number, company=company, received_at=NOW + timedelta(hours=hours), **facts)


def test_what_is_told_of_a_number_that_nobody_knows_is_kept_as_it_was_told_last(backend):
    pushes = [an_early_push(), an_early_push(company="yuantong"), an_early_push("M", hours=-2)]
    later = an_early_push(hours=1, traces=())
    for push in (*pushes, later):
        with backend.open(ROOT) as tx:
            tx.traces.keep(push)
            tx.commit()

    with backend.open(ROOT) as tx:
        assert tx.traces.kept("N") == (pushes[1], later)
        assert (tx.traces.kept("M"), tx.traces.kept("n")) == ((pushes[2],), ())
        tx.traces.let_go(tracking_no="N", company="yuantong")
        tx.traces.let_go(before=NOW)
        tx.commit()
    with backend.open(ROOT) as tx:
        assert (tx.traces.kept("N"), tx.traces.kept("M")) == ((later,), ())


def test_traces_are_kept_by_parcel_oldest_first(backend, shipped):
    first, second = (package.id for package in shipped.packages)
    told = [
        Trace(at=NOW + timedelta(hours=2), progress=ParcelProgress.SIGNED, text="已签收", place="广东"),
        Trace(at=NOW, progress=ParcelProgress.PICKED_UP, text="已揽收"),
    ]
    with backend.open(ROOT) as tx:
        tx.traces.add(first, told)
        tx.commit()

    with backend.open(ROOT) as tx:
        assert tx.traces.of([first, second]) == {first: tuple(reversed(told))}
        assert tx.traces.of([]) == {}
    shown = backend.queries.traces(ROOT, shipped.order_id)
    assert [(each.tracking_no, each.trace) for each in shown] == [("T1", told[1]), ("T1", told[0])]
    with backend.open(ROOT) as tx:
        tx.traces.add(first, told[:1])
        with pytest.raises(Contended):
            tx.commit()


# --- how far sending has come ----------------------------------------------------------------------------------------


def save_sending(backend, sending):
    with backend.open(ROOT) as tx:
        tx.sendings.save(sending)
        tx.commit()


def sending_of(backend, fulfilment):
    with backend.open(ROOT) as tx:
        return tx.sendings.of(fulfilment.id)


def test_of_what_was_sent_before_it_was_kept_nobody_knows_whether_it_is_there(backend, shipped):
    assert sending_of(backend, shipped) == Sending(fulfilment_id=shipped.id, may_be_there=True)


def test_how_far_sending_has_come_is_kept_as_it_is(backend, shipped):
    new = Sending(fulfilment_id=shipped.id)
    save_sending(backend, new)
    assert sending_of(backend, shipped) == evolve(new, version=1)

    failed = sending_of(backend, shipped).begun(NOW).failed("unreachable", may_be_there=True, next_at=NOW, at=NOW)
    save_sending(backend, failed)
    assert sending_of(backend, shipped) == evolve(failed, version=2)
    save_sending(backend, evolve(failed, version=2).ended())
    assert sending_of(backend, shipped) == Sending(fulfilment_id=shipped.id, tried_at=NOW, may_be_there=True, version=3)


def test_who_has_not_seen_the_last_try_does_not_write_over_it(backend, shipped):
    save_sending(backend, Sending(fulfilment_id=shipped.id))
    seen = sending_of(backend, shipped)
    save_sending(backend, seen.begun(NOW))

    for stale in (seen.ended(), Sending(fulfilment_id=shipped.id)):
        with pytest.raises(Contended):
            save_sending(backend, stale)
    assert sending_of(backend, shipped).is_under_way
