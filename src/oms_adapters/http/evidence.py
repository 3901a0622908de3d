"""Evidence: files that show what a buyer claims, put to orders and cases, listed, downloaded."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, TypeAlias
from urllib.parse import quote
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath, QueryParameter, RawBody

from oms_adapters.http.auth import needs
from oms_adapters.http.views import Given, View
from oms_app.actor import Actor
from oms_app.evidence import AddEvidence, EvidenceService, KeepEvidence, ListEvidence, OpenEvidence
from oms_domain.aftersales.evidence import ENDINGS, LARGEST_EVIDENCE, EvidenceFile
from oms_domain.kernel.identity import CaseId, EvidenceId, OrderId

OCTETS: Final = "application/octet-stream"
MOST_BYTES: Final = 2 * LARGEST_EVIDENCE
"""Above the limit of a file, so that one that is too large is told by how much."""

FileName: TypeAlias = Annotated[str, QueryParameter(description="what the file is called", max_length=500)]


class EvidenceView(View):
    """A file of evidence (凭证文件). ``digest`` is its SHA-256; of one order, equal content is one file."""

    id: UUID
    order_id: UUID
    name: str
    media_type: str
    size_bytes: int
    digest: str
    by: str
    at: datetime

    @classmethod
    def of(cls, file: EvidenceFile) -> EvidenceView:
        return cls(
            id=file.id,
            order_id=file.order_id,
            name=file.name,
            media_type=file.media_type,
            size_bytes=file.size_bytes,
            digest=file.digest,
            by=file.by,
            at=file.at,
        )


class EvidenceListView(View):
    """The files that a case names."""

    items: list[EvidenceView]


class EvidenceController(Controller):
    """Files of evidence. The body of an upload is the file itself; what it is, its first bytes say."""

    path = "/"
    tags = ("Aftersales",)
    request_max_body_size = MOST_BYTES

    @post(
        "/orders/{order_id:uuid}/evidence",
        operation_id="keepEvidence",
        opt=needs(KeepEvidence.permission, changes=True),
        status_code=201,
        sync_to_thread=True,
    )
    def keep(
        self,
        order_id: FromPath[UUID],
        body: RawBody,
        actor: Given[Actor],
        evidence: Given[EvidenceService],
        name: FileName = "",
    ) -> EvidenceView:
        """Keep a file for a case that is to be opened (上传凭证): JPEG, PNG, GIF, WebP, PDF or MP4, at most 8 MB."""
        command = KeepEvidence(order_id=OrderId(order_id), name=name, content=body, by=actor)
        return EvidenceView.of(evidence.keep(command))

    @post(
        "/aftersales/cases/{id:uuid}/evidence",
        operation_id="addCaseEvidence",
        opt=needs(AddEvidence.permission, changes=True),
        status_code=201,
        sync_to_thread=True,
    )
    def add(
        self,
        id: FromPath[UUID],
        body: RawBody,
        actor: Given[Actor],
        evidence: Given[EvidenceService],
        name: FileName = "",
    ) -> EvidenceView:
        """Put a file to a case (补充凭证), at most 20; the same content again is the file that is there."""
        command = AddEvidence(case_id=CaseId(id), name=name, content=body, by=actor)
        return EvidenceView.of(evidence.add(command))

    @get(
        "/aftersales/cases/{id:uuid}/evidence",
        operation_id="listCaseEvidence",
        opt=needs(ListEvidence.permission),
        sync_to_thread=True,
    )
    def of_case(self, id: FromPath[UUID], actor: Given[Actor], evidence: Given[EvidenceService]) -> EvidenceListView:
        """List the files of a case, in the order in which they came."""
        files = evidence.of_case(ListEvidence(case_id=CaseId(id), by=actor))
        return EvidenceListView(items=[EvidenceView.of(file) for file in files])

    @get(
        "/aftersales/evidence/{evidence_id:uuid}",
        operation_id="openEvidence",
        opt=needs(OpenEvidence.permission),
        media_type=OCTETS,
        sync_to_thread=True,
    )
    def open(
        self, evidence_id: FromPath[UUID], actor: Given[Actor], evidence: Given[EvidenceService]
    ) -> Response[bytes]:
        """Download a file (查看凭证). Who opened it is written down, for it may show personal data."""
        opened = evidence.open(OpenEvidence(evidence_id=EvidenceId(evidence_id), by=actor))
        return Response(
            content=opened.content,
            media_type=opened.file.media_type.value,
            headers={"Content-Disposition": disposition(opened.file), "Content-Security-Policy": "sandbox"},
        )


def disposition(file: EvidenceFile) -> str:
    """Return the header that has a browser save a file and never show it.

    The name for all is made of our id alone; the sender's own stands beside it, with every odd character escaped.
    """
    plain = f"evidence-{file.id}{ENDINGS[file.media_type][0]}"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file.safe_name, safe='')}"
