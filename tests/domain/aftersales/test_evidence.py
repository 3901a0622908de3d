"""What a file of evidence is, by its own bytes; what is refused; and that equal content of an order is one file."""

import hashlib
from datetime import timedelta

import pytest
from attrs import evolve

from oms_domain.aftersales import events as e
from oms_domain.aftersales.evidence import (
    LARGEST_EVIDENCE,
    MOST_EVIDENCE,
    MOST_KEPT,
    EvidenceEmpty,
    EvidenceFile,
    EvidenceNotTaken,
    EvidenceTooLarge,
    EvidenceUnknown,
    MediaType,
    TooMuchEvidence,
    check_known,
    cut,
    evidence_file,
    kept_already,
    media_type_of,
)
from oms_domain.aftersales.states import CaseKind, CaseState
from oms_domain.kernel.errors import InvalidText
from oms_domain.kernel.identity import EvidenceId, VaultId
from oms_domain.testing.aftersales import CASE, KEFU, a_case
from oms_domain.testing.builders import NOW, ORDER, SHOP, an_id

PIECES = tuple(VaultId(an_id(number)) for number in range(70, 90))
FILE, OTHER = EvidenceId(PIECES[0]), EvidenceId(an_id(91))
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF"
LATER = NOW + timedelta(hours=1)


def a_file(content=JPEG, **changes):
    facts = {"shop_id": SHOP, "order_id": ORDER, "name": "破损.jpg", "by": KEFU, "at": NOW}
    return evidence_file(content, ids=iter(PIECES).__next__, **facts | changes)


@pytest.mark.parametrize(
    ("begin", "found"),
    [
        (JPEG, MediaType.JPEG),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", MediaType.PNG),
        (b"GIF87a\x01\x00", MediaType.GIF),
        (b"GIF89a\x01\x00", MediaType.GIF),
        (b"RIFF\x24\x00\x00\x00WEBPVP8 ", MediaType.WEBP),
        (b"%PDF-1.4\n", MediaType.PDF),
        (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00", MediaType.FILM),
        (b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00", MediaType.FILM),
    ],
)
def test_a_file_is_what_its_first_bytes_say(begin, found):
    assert media_type_of(begin) is found
    assert a_file(begin, name="whatever.exe").media_type is found


@pytest.mark.parametrize(
    "content",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>",
        b"<html>",
        b"MZ\x90\x00",
        b"PK\x03\x04",
        b"RIFF\x24\x00\x00\x00WAVEfmt ",
        b"\x00\x00\x00\x18ftypheic",
        b"\x00\x00\x00\x14ftypqt  ",
        b"\x00\x00\x00\x18moovmp42",
        b" \xff\xd8\xff",
        b"\xff\xd8",
        b"\x1f\x8b\x08",
        b"--boundary\r\nContent-Type: image/jpeg\r\n\r\n\xff\xd8\xff",
    ],
)
def test_anything_else_is_refused_whatever_it_is_called(content):
    with pytest.raises(EvidenceNotTaken) as refused:
        a_file(content, name="photo.jpg")

    assert refused.value.field == "content"


def test_a_file_has_its_size_and_the_digest_of_its_content():
    assert a_file() == EvidenceFile(
        id=FILE,
        shop_id=SHOP,
        order_id=ORDER,
        name="破损.jpg",
        media_type=MediaType.JPEG,
        size_bytes=len(JPEG),
        digest=hashlib.sha256(JPEG).hexdigest(),
        pieces=PIECES[:1],
        by=KEFU,
        at=NOW,
    )


def test_a_file_lies_in_pieces_that_make_it_again():
    content = JPEG + bytes(range(256)) * 9_000

    assert b"".join(cut(content)) == content
    assert [len(piece) for piece in cut(content)] == [1_048_576, 1_048_576, 206_858]
    assert a_file(content).pieces == PIECES[:3]


def test_nothing_and_too_much_are_refused():
    largest = JPEG + bytes(LARGEST_EVIDENCE - len(JPEG))
    assert a_file(largest).size_bytes == 8 * 1024 * 1024
    assert a_file(largest).pieces == PIECES[:8]

    with pytest.raises(EvidenceTooLarge) as refused:
        a_file(largest + b"\0")
    assert (refused.value.size_bytes, refused.value.most) == (8_388_609, 8_388_608)
    with pytest.raises(EvidenceEmpty):
        a_file(b"")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("/home/样例/破损.jpg", "破损.jpg"),
        ("C:\\photos\\a.jpg", "a.jpg"),
        ("a\r\nb.jpg", "a b.jpg"),
        ("", "evidence"),
        ("photos/", "evidence"),
        ("10000000001.jpg", "***********.jpg"),
    ],
)
def test_a_name_is_kept_without_folders_line_breaks_and_telephone_numbers(sent, kept):
    assert a_file(name=sent).name == kept


@pytest.mark.parametrize("name", ["x" * 121, "a\0.jpg", "\ud800.jpg"])
def test_a_name_that_no_store_takes_is_refused(name):
    with pytest.raises(InvalidText) as refused:
        a_file(name=name)

    assert refused.value.field == "name"


@pytest.mark.parametrize(
    ("name", "safe"),
    [("a.jpg", "a.jpg"), ("a.JPEG", "a.JPEG"), ("a.exe", "a.exe.jpg"), ("10000000001.jpg", "___________.jpg")],
)
def test_the_name_to_save_it_by_ends_as_what_it_is(name, safe):
    assert a_file(name=name).safe_name == safe


def test_equal_content_of_an_order_is_one_file():
    kept = a_file()
    again = evolve(a_file(name="again.jpg", at=LATER), id=OTHER)

    assert kept_already(again, [a_file(b"GIF89a"), kept]) == kept
    assert kept_already(again, [a_file(b"GIF89a")]) is None


def test_an_order_has_so_many_files_and_no_more():
    full = [evolve(a_file(), digest=str(number)) for number in range(MOST_KEPT)]

    assert kept_already(a_file(), full[1:]) is None
    assert kept_already(full[7], full) == full[7]
    with pytest.raises(TooMuchEvidence) as refused:
        kept_already(a_file(), full)
    assert refused.value.most == 100


def test_a_case_names_only_what_its_order_has_each_once():
    kept = [a_file(), evolve(a_file(b"GIF89a"), id=OTHER)]

    assert check_known((OTHER, FILE, OTHER), kept) == (OTHER, FILE)
    with pytest.raises(EvidenceUnknown) as refused:
        check_known((FILE, OTHER), kept[:1])
    assert refused.value.fields() == {"field": "evidence", "value": str(OTHER)}


@pytest.mark.parametrize("state", [CaseState.AWAITING_REVIEW, CaseState.CLOSED])
def test_a_file_is_put_to_a_case_in_any_state_and_told(state):
    change = a_case(state=state).add_evidence(FILE, by=KEFU, at=LATER)

    assert change.state == a_case(state=state, evidence=(FILE,), updated_at=LATER)
    facts = {"case_id": CASE, "order_id": ORDER, "kind": CaseKind.RETURN_AND_REFUND, "state": state, "at": LATER}
    assert change.events == (e.EvidenceAdded(evidence_id=FILE, by=KEFU, **facts),)
    again = change.state.add_evidence(FILE, by=KEFU, at=LATER)
    assert (again.state, again.events) == (change.state, ())


def test_a_case_takes_so_many_files_and_no_more():
    full = a_case(evidence=tuple(EvidenceId(an_id(n)) for n in range(100, 100 + MOST_EVIDENCE)))

    assert full.add_evidence(EvidenceId(an_id(100)), by=KEFU, at=LATER).events == ()
    with pytest.raises(TooMuchEvidence) as refused:
        full.add_evidence(FILE, by=KEFU, at=LATER)
    assert refused.value.most == 20
