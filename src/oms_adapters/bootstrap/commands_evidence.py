"""``oms cases evidence``: files that show what a buyer claims."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final
from uuid import UUID

import click

from oms_adapters.bootstrap.commands_claims import CASES, cases, plain_row
from oms_adapters.bootstrap.output import json_option, show
from oms_adapters.bootstrap.session import operator, ready, refusals_shown
from oms_adapters.http.evidence import EvidenceView
from oms_app.evidence import AddEvidence, ListEvidence, OpenEvidence
from oms_domain.aftersales.evidence import ENDINGS, LARGEST_EVIDENCE, EvidenceFile
from oms_domain.kernel.identity import CaseId, EvidenceId

FILE: Final = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
COLUMNS: Final = ["id", "name", "media_type", "size_bytes", "by", "at"]


def content_of(path: Path) -> bytes:
    """Return a file's bytes: of one that is too large no more than shows it."""
    with path.open("rb") as file:
        return file.read(LARGEST_EVIDENCE + 1)


def _row(file: EvidenceFile) -> dict[str, Any]:
    return plain_row(EvidenceView.of(file))


@cases.group("evidence")
def evidence() -> None:
    """Photos, films and documents of a case (凭证)."""


@evidence.command("add")
@click.argument("case")
@click.argument("files", nargs=-1, required=True, type=FILE)
@json_option
@refusals_shown
def add(case: str, files: tuple[Path, ...], as_json: bool) -> None:
    """Put files to a case: JPEG, PNG, GIF, WebP, PDF or MP4, at most 8 MB each (补充凭证)."""
    container = ready()
    case_id = CaseId(CASES.id_of(container, case))
    rows = [
        _row(
            container.evidence().add(
                AddEvidence(case_id=case_id, name=path.name, content=content_of(path), by=operator())
            )
        )
        for path in files
    ]
    show(rows, COLUMNS, as_json=as_json)


@evidence.command("list")
@click.argument("case")
@json_option
@refusals_shown
def listed(case: str, as_json: bool) -> None:
    """List the files of a case."""
    container = ready()
    command = ListEvidence(case_id=CaseId(CASES.id_of(container, case)), by=operator())
    show([_row(file) for file in container.evidence().of_case(command)], COLUMNS, as_json=as_json)


@evidence.command("get")
@click.argument("evidence_id", type=click.UUID)
@click.option("--to", type=click.Path(path_type=Path), help="Where it is written; a file that is there is not touched.")
@json_option
@refusals_shown
def get(evidence_id: UUID, to: Path | None, as_json: bool) -> None:
    """Write a file of evidence to disk (查看凭证); who opened it stands in the access log."""
    opened = ready().evidence().open(OpenEvidence(evidence_id=EvidenceId(evidence_id), by=operator()))
    path = to or Path(f"evidence-{evidence_id}{ENDINGS[opened.file.media_type][0]}")
    try:
        with path.open("xb") as file:
            file.write(opened.content)
    except OSError as error:
        raise click.FileError(str(path), hint=error.strerror or "") from None
    show([{"file": str(path), "media_type": str(opened.file.media_type)}], ["file", "media_type"], as_json=as_json)
