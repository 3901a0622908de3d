"""Evidence (凭证): files that show what a buyer claims. What a file is, its own first bytes say, never its name."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final
from uuid import UUID

from attrs import frozen

from oms_domain.kernel.errors import Invalid, Refused
from oms_domain.kernel.identity import EvidenceId, OrderId, ShopId, VaultId
from oms_domain.kernel.text import checked_text, mask_digits

LARGEST_EVIDENCE: Final = 8 * 1024 * 1024
PIECE: Final = 1024 * 1024
MOST_EVIDENCE: Final = 20
"""Files that one case names."""
MOST_KEPT: Final = 100
"""Files that are kept of one order, for all its cases."""
LONGEST_NAME: Final = 120


class MediaType(StrEnum):
    """What a file of evidence may be."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    GIF = "image/gif"
    WEBP = "image/webp"
    PDF = "application/pdf"
    FILM = "video/mp4"


ENDINGS: Final[Mapping[MediaType, tuple[str, ...]]] = {
    MediaType.JPEG: (".jpg", ".jpeg"),
    MediaType.PNG: (".png",),
    MediaType.GIF: (".gif",),
    MediaType.WEBP: (".webp",),
    MediaType.PDF: (".pdf",),
    MediaType.FILM: (".mp4",),
}
"""How its name may end; the first is added to a name that ends otherwise."""

_BEGINS: Final = (
    (b"\xff\xd8\xff", MediaType.JPEG),
    (b"\x89PNG\r\n\x1a\n", MediaType.PNG),
    (b"GIF87a", MediaType.GIF),
    (b"GIF89a", MediaType.GIF),
    (b"%PDF-", MediaType.PDF),
)
_MP4_BRANDS: Final = frozenset(
    {b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV", b"dash"}
)
"""Other files of the same family (HEIC, QuickTime) are not MP4, and browsers do not show them."""


@frozen(kw_only=True)
class EvidenceEmpty(Invalid):
    """The file holds nothing."""

    code: ClassVar[str] = "aftersales.evidence_empty"
    field: str = "content"


@frozen(kw_only=True)
class EvidenceTooLarge(Invalid):
    """The file has more bytes than are kept of one."""

    code: ClassVar[str] = "aftersales.evidence_too_large"
    field: str = "content"
    size_bytes: int
    most: int = LARGEST_EVIDENCE


@frozen(kw_only=True)
class EvidenceNotTaken(Invalid):
    """By its first bytes the file is none of JPEG, PNG, GIF, WebP, PDF and MP4."""

    code: ClassVar[str] = "aftersales.evidence_not_taken"
    field: str = "content"


@frozen(kw_only=True)
class EvidenceUnknown(Invalid):
    """The order has no such file of evidence."""

    code: ClassVar[str] = "aftersales.evidence_unknown"
    field: str = "evidence"
    value: str


@frozen(kw_only=True)
class TooMuchEvidence(Refused):
    """No more files are taken: of one case, or of one order for all its cases."""

    code: ClassVar[str] = "aftersales.too_much_evidence"
    most: int


@frozen(kw_only=True)
class EvidenceFile:
    """What is known of one file of evidence (凭证文件). It never changes; its bytes lie sealed, in pieces."""

    id: EvidenceId
    shop_id: ShopId
    order_id: OrderId
    name: str
    media_type: MediaType
    size_bytes: int
    digest: str  # SHA-256: of one order, equal content is one file
    pieces: tuple[VaultId, ...]  # in order; the first has the file's own id
    by: str
    at: datetime

    @property
    def safe_name(self) -> str:
        """The name with an ending that says what it is, whatever ending it was sent with."""
        name, endings = self.name.replace("*", "_"), ENDINGS[self.media_type]
        return name if name.lower().endswith(endings) else name + endings[0]


def media_type_of(content: bytes) -> MediaType:
    """Return what a file is, by its first bytes.

    Raises:
        EvidenceNotTaken.

    >>> media_type_of(b"%PDF-1.7")
    <MediaType.PDF: 'application/pdf'>
    """
    for begin, found in _BEGINS:
        if content.startswith(begin):
            return found
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return MediaType.WEBP
    if content[4:8] == b"ftyp" and content[8:12] in _MP4_BRANDS:
        return MediaType.FILM
    raise EvidenceNotTaken


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def cut(content: bytes) -> tuple[bytes, ...]:
    """Return the pieces that a file is stored in: a database takes no statement of any length (MariaDB: 16 MB).

    >>> [len(piece) for piece in cut(bytes(2_500_000))]
    [1048576, 1048576, 402848]
    """
    return tuple(content[start : start + PIECE] for start in range(0, len(content), PIECE))


def evidence_file(
    content: bytes,
    *,
    ids: Callable[[], UUID],
    shop_id: ShopId,
    order_id: OrderId,
    name: str,
    by: str,
    at: datetime,
) -> EvidenceFile:
    """Return what is to be known of a file that came.

    Args:
        ids: makes the id of each piece; the file has that of its first.
        name: as the sender calls it, with or without folders; empty: it is called ``evidence``.

    Raises:
        EvidenceEmpty, EvidenceTooLarge, EvidenceNotTaken, InvalidText.
    """
    if not content:
        raise EvidenceEmpty
    if len(content) > LARGEST_EVIDENCE:
        raise EvidenceTooLarge(size_bytes=len(content))
    plain = " ".join(name.replace("\\", "/").rpartition("/")[2].split()) or "evidence"
    media_type = media_type_of(content)
    called = mask_digits(checked_text(plain, field="name", longest=LONGEST_NAME))
    pieces = tuple(VaultId(ids()) for _ in cut(content))
    return EvidenceFile(
        id=EvidenceId(pieces[0]),
        shop_id=shop_id,
        order_id=order_id,
        name=called,
        media_type=media_type,
        size_bytes=len(content),
        digest=digest_of(content),
        pieces=pieces,
        by=by,
        at=at,
    )


def kept_already(file: EvidenceFile, kept: Iterable[EvidenceFile]) -> EvidenceFile | None:
    """Return the order's file with the same content; None: it is new, and there is room for it.

    Raises:
        TooMuchEvidence.
    """
    found = tuple(kept)
    same = next((each for each in found if each.digest == file.digest), None)
    if same is None and len(found) >= MOST_KEPT:
        raise TooMuchEvidence(most=MOST_KEPT)
    return same


def check_known(named: Iterable[EvidenceId], kept: Iterable[EvidenceFile]) -> tuple[EvidenceId, ...]:
    """Return the files that a case names, each once. Raises ``EvidenceUnknown`` for one of another order."""
    known = {each.id for each in kept}
    ids = tuple(dict.fromkeys(named))
    for id in ids:
        if id not in known:
            raise EvidenceUnknown(value=str(id))
    return ids
