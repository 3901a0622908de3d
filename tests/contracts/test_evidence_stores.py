"""Files of evidence come back as they came, in scope, the largest too; equal content of an order is one file."""

import hashlib
import os

import pytest
import sqlalchemy as sa
from attrs import evolve
from tests.contracts.rows import ROOT, a_new_shop, a_stored_order, an_order, of, store, transact
from tests.contracts.test_aftersales_stores import a_new_case, put
from tests.contracts.test_races import at_once, kinds, no_pause, overlapping

from oms_adapters.crypto.keys import KeyRing
from oms_adapters.crypto.sealer import AesSealer
from oms_app.evidence import AddEvidence, EvidenceService, KeepEvidence, ListEvidence, OpenEvidence
from oms_app.ports.aftersales import EvidenceNotFound
from oms_app.ports.transaction import Begin, Duplicate, OrderNotFound
from oms_app.ports.vault import SealBroken, VaultRowGone
from oms_domain.aftersales.evidence import LARGEST_EVIDENCE, PIECE, EvidenceFile, evidence_file
from oms_domain.kernel.identity import EvidenceId

JPEG = b"\xff\xd8\xff\xe0"
PDF = b"%PDF-1.7\n"


def a_new_file(backend, order, content=JPEG, **changes):
    facts = {
        "ids": backend.new_id,
        "shop_id": order.shop_id,
        "order_id": order.id,
        "name": "破损.jpg",
        "by": "kefu-1",
        "at": backend.clock.now,
    }
    return evidence_file(content, **facts | changes)


def evidence_of(backend):
    begin, sealer = Begin(backend.open), AesSealer(KeyRing.generate())
    return EvidenceService(begin=begin, now=backend.clock, new_id=backend.new_id, pause=no_pause, sealer=sealer)


def known(backend, order, by=ROOT):
    with backend.open(by) as tx:
        return tx.evidence.of_order(order.id)


def test_a_file_comes_back_equal_and_only_to_who_may_see_it(backend):
    order, other = a_stored_order(backend), a_stored_order(backend)
    files = [a_new_file(backend, order), a_new_file(backend, order, PDF, name="说明.pdf")]
    elsewhere = a_new_file(backend, other)
    stranger = of(store(backend, a_new_shop(backend)).id)

    for file in (*files, elsewhere):
        transact(backend, lambda tx, file=file: tx.evidence.add(file))

    assert known(backend, order) == tuple(files)
    with backend.open(ROOT) as tx:
        assert tx.evidence.get(files[1].id) == files[1]
        with pytest.raises(EvidenceNotFound):
            tx.evidence.get(EvidenceId(backend.new_id()))
    assert known(backend, order, by=stranger) == ()
    with backend.open(stranger) as tx:
        with pytest.raises(EvidenceNotFound):
            tx.evidence.get(files[0].id)
        with pytest.raises(EvidenceNotFound):
            tx.evidence.add(a_new_file(backend, order, b"GIF89a"))


def test_equal_content_of_one_order_is_stored_once_however_it_is_tried(backend):
    order, other = a_stored_order(backend), a_stored_order(backend)
    transact(backend, lambda tx: tx.evidence.add(a_new_file(backend, order)))
    transact(backend, lambda tx: tx.evidence.add(a_new_file(backend, other)))  # of another order it is another file

    with pytest.raises(Duplicate):
        transact(backend, lambda tx: tx.evidence.add(a_new_file(backend, order, name="again.jpg")))
    assert len(known(backend, order)) == 1


def test_what_is_not_committed_is_not_there(backend):
    order = a_stored_order(backend)
    with backend.open(ROOT) as tx:
        tx.evidence.add(a_new_file(backend, order))

    assert known(backend, order) == ()


def test_the_largest_file_goes_in_and_comes_out_whole_and_lies_sealed(backend):
    order = a_stored_order(backend)
    case = put(backend, "cases", a_new_case(backend, order))
    service = evidence_of(backend)
    # What cannot be made smaller, and what a driver would write twice as long: each byte of it has to be escaped.
    contents = [JPEG + os.urandom(LARGEST_EVIDENCE - len(JPEG)), PDF + b"\0'" * ((LARGEST_EVIDENCE - len(PDF)) // 2)]

    for content in contents:
        file = service.add(AddEvidence(case_id=case.id, name="largest", content=content, by=ROOT))

        opened = service.open(OpenEvidence(evidence_id=file.id, by=ROOT))
        assert opened.file == file
        assert hashlib.sha256(opened.content).digest() == hashlib.sha256(content).digest()
        with backend.open(ROOT) as tx:
            sealed = [tx.vault.get(piece) for piece in file.pieces]
        assert len(sealed) == 8
        assert not any(content[1_000:1_100] in each.blob for each in sealed)
    assert len(service.of_case(ListEvidence(case_id=case.id, by=ROOT))) == 2


def test_a_case_keeps_its_files_when_its_order_is_replaced(backend):
    order = a_stored_order(backend)
    service = evidence_of(backend)
    case = put(backend, "cases", a_new_case(backend, order))
    file = service.add(AddEvidence(case_id=case.id, name="a", content=JPEG, by=ROOT))
    new = store(backend, an_order(backend, evolve(a_new_shop(backend), id=order.shop_id)))

    def move(tx):
        moved = evolve(tx.cases.get(case.id), order_id=new.id)
        tx.cases.save(moved)
        tx.publish(moved.revise(at=backend.clock.now, carrier="SF").events)

    transact(backend, move)
    again = service.add(AddEvidence(case_id=case.id, name="b", content=JPEG, by=ROOT))
    other = service.add(AddEvidence(case_id=case.id, name="c", content=PDF, by=ROOT))

    assert again == file
    assert service.of_case(ListEvidence(case_id=case.id, by=ROOT)) == (file, other)
    assert (known(backend, order), known(backend, new)) == ((file,), (other,))


def test_pieces_that_were_swapped_do_not_pass_for_the_file(backend):
    order = a_stored_order(backend)
    service = evidence_of(backend)
    content = JPEG + os.urandom(2 * PIECE)
    file = service.keep(KeepEvidence(order_id=order.id, name="a", content=content, by=ROOT))
    first, second, rest = file.pieces
    elsewhere = a_new_file(backend, a_stored_order(backend))
    swapped = evolve(elsewhere, pieces=(second, first, rest), digest=file.digest)
    transact(backend, lambda tx: tx.evidence.add(swapped))

    assert service.open(OpenEvidence(evidence_id=file.id, by=ROOT)).content == content
    with pytest.raises(SealBroken):
        service.open(OpenEvidence(evidence_id=swapped.id, by=ROOT))


def test_who_opened_a_file_is_written_down(backend):
    order = a_stored_order(backend)
    service = evidence_of(backend)
    file = service.keep(KeepEvidence(order_id=order.id, name="a", content=JPEG, by=ROOT))
    stranger = of(store(backend, a_new_shop(backend)).id)

    with pytest.raises(EvidenceNotFound):
        service.open(OpenEvidence(evidence_id=file.id, by=stranger))
    with pytest.raises(OrderNotFound):
        service.keep(KeepEvidence(order_id=order.id, name="a", content=JPEG, by=stranger))
    assert openings(backend) == []
    service.open(OpenEvidence(evidence_id=file.id, by=ROOT))
    assert openings(backend) == [(file.id, order.id, ROOT.id, "evidence")]


def openings(backend):
    if backend.engine is None:
        return [(row.vault_id, row.order_id, row.actor, row.purpose) for row in backend.store.tables.openings]
    from oms_adapters.db.vault import pii_access as log

    with backend.engine.connect() as connection:
        rows = connection.execute(sa.select(log.c.vault_id, log.c.order_id, log.c.actor, log.c.purpose))
        return [tuple(row) for row in rows]


def test_of_a_file_whose_bytes_were_purged_the_rest_is_still_known(backend):
    order = a_stored_order(backend)
    file = a_new_file(backend, order)
    transact(backend, lambda tx: tx.evidence.add(file))

    with pytest.raises(VaultRowGone):
        evidence_of(backend).open(OpenEvidence(evidence_id=file.id, by=ROOT))
    assert known(backend, order) == (file,)


# --- several at once -------------------------------------------------------------------------------------------------


def test_two_who_have_both_looked_store_one_file(backend):
    order = a_stored_order(backend)

    def look_then_store(n, barrier):
        if not overlapping(backend):
            barrier.wait()
        with backend.open(ROOT) as tx:
            found = tx.evidence.of_order(order.id)
            if overlapping(backend):
                assert found == ()
                barrier.wait()
            tx.evidence.add(a_new_file(backend, order, name=str(n)))
            tx.commit()

    assert kinds(at_once(2, look_then_store)) == {type(None): 1, Duplicate: 1}
    assert len(known(backend, order)) == 1


def test_many_who_send_the_same_file_to_a_case_all_hear_of_one(backend):
    order = a_stored_order(backend)
    case = put(backend, "cases", a_new_case(backend, order))
    service = evidence_of(backend)

    def send(n, barrier):
        barrier.wait()
        return service.add(AddEvidence(case_id=case.id, name=f"{n}.jpg", content=JPEG, by=ROOT))

    answers = at_once(4, send)

    assert kinds(answers) == {EvidenceFile: 4}
    assert len({answer.id for answer in answers}) == 1
    with backend.open(ROOT) as tx:
        assert tx.cases.get(case.id).evidence == (answers[0].id,)
    assert known(backend, order) == (answers[0],)


def test_many_who_send_different_files_lose_none(backend):
    order = a_stored_order(backend)
    case = put(backend, "cases", a_new_case(backend, order))
    service = evidence_of(backend)

    def send(n, barrier):
        barrier.wait()
        return service.add(AddEvidence(case_id=case.id, name=f"{n}.jpg", content=JPEG + bytes([n]), by=ROOT))

    answers = at_once(4, send)

    assert kinds(answers) == {EvidenceFile: 4}
    with backend.open(ROOT) as tx:
        assert set(tx.cases.get(case.id).evidence) == {answer.id for answer in answers}
    assert [evolve(file, at=backend.clock.now) for file in known(backend, order)] == sorted(
        answers, key=lambda file: file.id
    )
