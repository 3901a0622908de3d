"""Use cases of evidence: a file is kept for an order, put to a case, listed, and opened, which is logged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import ClassVar

from attrs import field, frozen

from oms_app.actor import Actor, Permission
from oms_app.ports.aftersales import EvidenceNotFound
from oms_app.ports.transaction import Begin, Clock, NewId, Transaction
from oms_app.ports.vault import SealBroken, Sealer
from oms_app.transactions import Pause, one_transaction, record
from oms_domain.aftersales.case import AftersalesCase
from oms_domain.aftersales.evidence import EvidenceFile, cut, digest_of, evidence_file, kept_already
from oms_domain.kernel.identity import CaseId, EvidenceId, OrderId, ShopId


@frozen(kw_only=True)
class KeepEvidence:
    """Keep a file for a case that is to be opened on an order (上传凭证)."""

    permission: ClassVar[Permission] = Permission.AFTERSALES_WRITE
    order_id: OrderId
    name: str
    content: bytes = field(repr=False)
    by: Actor


@frozen(kw_only=True)
class AddEvidence:
    """Put a file to a case (补充凭证)."""

    permission: ClassVar[Permission] = Permission.AFTERSALES_WRITE
    case_id: CaseId
    name: str
    content: bytes = field(repr=False)
    by: Actor


@frozen(kw_only=True)
class ListEvidence:
    """List the files of a case."""

    permission: ClassVar[Permission] = Permission.AFTERSALES_READ
    case_id: CaseId
    by: Actor


@frozen(kw_only=True)
class OpenEvidence:
    """Open a file (查看凭证). A photo may show who somebody is: who opened it stands in the access log."""

    permission: ClassVar[Permission] = Permission.AFTERSALES_READ
    evidence_id: EvidenceId
    by: Actor


@frozen(kw_only=True)
class OpenedEvidence:
    """A file with its bytes; never stored in plain, never logged, never remembered under a key."""

    file: EvidenceFile
    content: bytes = field(repr=False)


@frozen(kw_only=True)
class EvidenceService:
    """Use cases of evidence."""

    begin: Begin
    now: Clock
    new_id: NewId
    pause: Pause
    sealer: Sealer

    @one_transaction
    def keep(self, command: KeepEvidence) -> EvidenceFile:
        """Return the order's file; with the same content as one that it has, it is that one.

        Raises:
            EvidenceEmpty, EvidenceTooLarge, EvidenceNotTaken, TooMuchEvidence.
        """
        with self.begin(command) as tx:
            if done := tx.recall(EvidenceFile):
                return done
            order = tx.orders.get(command.order_id)
            file = self._kept(tx, order.id, order.shop_id, command, tx.evidence.of_order(order.id))
            tx.remember(file)
            tx.commit()
        return file

    @one_transaction
    def add(self, command: AddEvidence) -> EvidenceFile:
        """Return the case's file; the same content again changes nothing. Raises what ``keep`` does."""
        with self.begin(command) as tx:
            if done := tx.recall(EvidenceFile):
                return done
            case = tx.cases.get(command.case_id)
            # Its order may have taken the place of another since: what the case names is of that one then.
            known = (*_named(tx, case), *tx.evidence.of_order(case.order_id))
            file = self._kept(tx, case.order_id, case.shop_id, command, tuple(dict.fromkeys(known)))
            record(tx, tx.cases, case.add_evidence(file.id, by=command.by.id, at=self.now()), since=case)
            tx.remember(file)
            tx.commit()
        return file

    def of_case(self, command: ListEvidence) -> tuple[EvidenceFile, ...]:
        """Return the files that a case names, in that order."""
        with self.begin(command) as tx:
            return tuple(_named(tx, tx.cases.get(command.case_id)))

    @one_transaction
    def open(self, command: OpenEvidence) -> OpenedEvidence:
        """Raises ``EvidenceNotFound``; ``VaultRowGone`` once it has been purged; ``SealBroken``."""
        with self.begin(command) as tx:
            file = tx.evidence.get(command.evidence_id)
            pieces = [tx.vault.get(piece) for piece in file.pieces]
            tx.vault.log_opening(file.pieces[0], order_id=file.order_id, purpose="evidence")
            tx.commit()
        content = b"".join(map(self.sealer.open_raw, pieces))
        if digest_of(content) != file.digest:  # each piece is sealed by itself: that none was swapped, the whole says
            raise SealBroken(vault_id=file.pieces[0])
        return OpenedEvidence(file=file, content=content)

    def _kept(
        self,
        tx: Transaction,
        order_id: OrderId,
        shop_id: ShopId,
        command: KeepEvidence | AddEvidence,
        known: tuple[EvidenceFile, ...],
    ) -> EvidenceFile:
        file = evidence_file(
            command.content,
            ids=self.new_id,
            shop_id=shop_id,
            order_id=order_id,
            name=command.name,
            by=command.by.id,
            at=self.now(),
        )
        if same := kept_already(file, known):
            return same
        for id, piece in zip(file.pieces, cut(command.content), strict=True):
            tx.vault.put(self.sealer.seal_raw(piece, shop_id=shop_id, id=id))
        tx.evidence.add(file)
        return file


def _named(tx: Transaction, case: AftersalesCase) -> Iterator[EvidenceFile]:
    """Yield the files that a case names; one of before files were kept may name what nobody has."""
    for each in case.evidence:
        with suppress(EvidenceNotFound):
            yield tx.evidence.get(each)
