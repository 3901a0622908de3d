"""Use cases of intake (接单): platform payloads become platform orders and sales orders, in chunks.

A chunk is one transaction. What an order needs to be complete (platform order, sales order, sealed personal data,
log, outbox) is stored together or not at all; stock is reserved afterwards, by a process.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Final

from attrs import evolve, frozen

from oms_app.actor import Actor, Permission
from oms_app.arrivals import Arrival, Preparation, RawPayload
from oms_app.conversion import Chunk, IntakeAnswer, Outcome, Taken, answer_of, settle
from oms_app.following import stop_for_a_person
from oms_app.matching import Matching
from oms_app.numbering import Numbering, NumberPool
from oms_app.ports.channels import Gateways
from oms_app.ports.transaction import Begin, Clock, Contended, NewId, StaleVersion, StoreRefusedData, Transaction
from oms_app.ports.vault import IndexField, Sealed
from oms_app.transactions import Pause, one_transaction, record
from oms_domain.channels.standard import Platform
from oms_domain.kernel.change import Change
from oms_domain.kernel.identity import PlatformOrderId, ShopId, VaultId
from oms_domain.orders import intake
from oms_domain.orders.placement import policy_of
from oms_domain.orders.platform_order import Conversion, PlatformOrder
from oms_domain.orders.sales_order import PartyRef, SalesOrder
from oms_domain.orders.sub_orders import live_lines

CHUNK: Final = 500
"""Orders in one transaction at most."""


@frozen(kw_only=True)
class TakeIn:
    """Take in a chunk of one shop's payloads, at most ``CHUNK``."""

    permission: ClassVar[Permission] = Permission.ORDERS_WRITE
    shop_id: ShopId
    platform: Platform
    arrivals: tuple[Arrival, ...]
    by: Actor


@frozen(kw_only=True)
class ReadRaw:
    """Read a platform order's raw payload, to translate it anew; the opening is logged."""

    permission: ClassVar[Permission] = Permission.ORDERS_WRITE
    platform_order_id: PlatformOrderId
    by: Actor


@frozen(kw_only=True)
class ConvertAgain:
    """Try to make the sales order of an exception again (单据转换), from its payload translated anew."""

    permission: ClassVar[Permission] = Permission.ORDERS_WRITE
    platform_order_id: PlatformOrderId
    arrival: Arrival
    raw: VaultId  # of the payload that the arrival was made from
    by: Actor


@frozen(kw_only=True)
class ConvertWaiting:
    """Try again those that waited for goods to be mapped, at most ``CHUNK``, of any shops."""

    permission: ClassVar[Permission] = Permission.ORDERS_WRITE
    platform_order_ids: tuple[PlatformOrderId, ...]
    by: Actor


@frozen(kw_only=True)
class IntakeService:
    """Use cases of intake."""

    begin: Begin
    now: Clock
    new_id: NewId
    numbering: Numbering
    pause: Pause

    def take_in(self, command: TakeIn) -> tuple[IntakeAnswer, ...]:
        """Store a chunk, each order with its own answer, in the order given.

        A chunk that the store refuses for its data is taken apart, so that one bad row harms no other.
        """
        numbers = self.numbering.pool(len(command.arrivals), "P", "S")
        try:
            answers = self._take_in(command, numbers)
            self.numbering.give_back(numbers)
            return answers
        except (StoreRefusedData, Contended) as error:
            if len(command.arrivals) == 1:
                if isinstance(error, Contended):
                    raise
                refused = IntakeAnswer(
                    outcome=Outcome.REFUSED, order_no=command.arrivals[0].order_no, code=error.code, field="payload"
                )
                return (refused,)
        apart: list[IntakeAnswer] = []
        for row, arrival in enumerate(command.arrivals):
            once = command.by.once.row(str(row)) if command.by.once else None
            one = evolve(command, arrivals=(arrival,), by=evolve(command.by, once=once))
            apart += self.take_in(one)
        return tuple(apart)

    @one_transaction
    def raw_of(self, command: ReadRaw) -> RawPayload:
        """Raises ``PlatformOrderNotFound``, ``VaultRowGone``."""
        with self.begin(command) as tx:
            known = tx.platform_orders.get(command.platform_order_id)
            sealed = tx.vault.get(known.raw)
            tx.vault.log_opening(sealed.id, order_id=known.order_id, purpose="conversion")
            tx.commit()
        return RawPayload(shop_id=known.shop_id, platform=known.platform, order_no=known.order_no, sealed=sealed)

    def convert_again(self, command: ConvertAgain) -> IntakeAnswer:
        """Make the sales order of a platform order that could not be converted; converted already: nothing."""
        numbers = self.numbering.pool(1, "S")
        answer = self._convert_again(command, numbers)
        self.numbering.give_back(numbers)
        return answer

    @one_transaction
    def _convert_again(self, command: ConvertAgain, numbers: NumberPool) -> IntakeAnswer:
        numbers.start()
        with self.begin(command) as tx:
            if done := tx.recall(IntakeAnswer):
                return done
            known = tx.platform_orders.get(command.platform_order_id)
            if known.raw != command.raw:
                raise StaleVersion(what="platform_order")  # a newer payload came in between: what was read is old
            answer = self._convert(self._chunk(tx, known.shop_id, numbers), known, command.arrival)
            tx.remember(answer)
            tx.commit()
        return answer

    def convert_waiting(self, command: ConvertWaiting) -> tuple[IntakeAnswer, ...]:
        """Convert what waited for goods to be mapped, from what is stored, each order with its own answer.

        What does not wait for that any more is left alone, and has no answer.
        """
        numbers = self.numbering.pool(len(command.platform_order_ids), "S")
        try:
            answers = self._convert_waiting(command, numbers)
            self.numbering.give_back(numbers)
            return answers
        except (StoreRefusedData, Contended) as error:
            if len(command.platform_order_ids) == 1:
                if isinstance(error, Contended):
                    raise
                (id_,) = command.platform_order_ids
                return (IntakeAnswer(outcome=Outcome.REFUSED, order_no="", platform_order_id=id_, code=error.code),)
        apart = (evolve(command, platform_order_ids=(id,)) for id in command.platform_order_ids)
        return tuple(answer for one in apart for answer in self.convert_waiting(one))

    @one_transaction
    def _convert_waiting(self, command: ConvertWaiting, numbers: NumberPool) -> tuple[IntakeAnswer, ...]:
        numbers.start()
        chunks, answers, at = dict[ShopId, Chunk](), list[IntakeAnswer](), self.now()
        with self.begin(command) as tx:
            found = tx.platform_orders.get_many(command.platform_order_ids).values()
            waiting = [each for each in found if each.trouble is not None and each.trouble.unmapped]
            orders = tx.orders.get_many([each.order_id for each in waiting if each.order_id])
            for each in waiting:
                if each.shop_id not in chunks:
                    chunks[each.shop_id] = self._chunk(tx, each.shop_id, numbers)
                order = orders.get(each.order_id) if each.order_id else None
                taken = settle(chunks[each.shop_id], Change(each), order, None, Outcome.UPDATED, at)
                answers.append(taken.answer)
            tx.commit()
        return tuple(answers)

    def _chunk(self, tx: Transaction, shop_id: ShopId, numbers: NumberPool) -> Chunk:
        """Raises ``ShopNotFound`` for a shop that the actor does not see."""
        policy = tx.shops.get(shop_id).policy
        matching = Matching(tx, shop_id, policy.catalogue, self.now, self.new_id)
        return Chunk(tx, self.new_id, numbers, policy, policy_of(policy), matching)

    @one_transaction
    def _take_in(self, command: TakeIn, numbers: NumberPool) -> tuple[IntakeAnswer, ...]:
        numbers.start()
        with self.begin(command) as tx:
            if done := tx.recall(_Answers):
                return done.rows
            chunk = self._chunk(tx, command.shop_id, numbers)
            known = tx.platform_orders.by_order_no(command.shop_id, [arrival.order_no for arrival in command.arrivals])
            chunk.matching.look_up(
                line
                for arrival in command.arrivals
                if arrival.standard is not None and arrival.order_no not in known
                for line in live_lines(arrival.standard)
            )
            orders = tx.orders.get_many([p.order_id for p in known.values() if p.order_id])
            answers: list[IntakeAnswer] = []
            for row, arrival in enumerate(command.arrivals):
                # Taken apart at an earlier try, a row has an answer of its own.
                if len(command.arrivals) > 1 and (done := tx.recall(_Answers, str(row))):
                    answers += done.rows
                    continue
                stored = known.get(arrival.order_no)
                order = orders.get(stored.order_id) if stored and stored.order_id else None
                taken = self._take(chunk, command, arrival, stored, order)
                known[arrival.order_no] = taken.platform_order
                if taken.order is not None:
                    orders[taken.order.id] = taken.order
                answers.append(taken.answer)
            tx.remember(_Answers(rows=tuple(answers)))
            tx.commit()
        return tuple(answers)

    def _take(
        self,
        chunk: Chunk,
        command: TakeIn,
        arrival: Arrival,
        stored: PlatformOrder | None,
        order: SalesOrder | None,
    ) -> Taken:
        tx, at = chunk.tx, self.now()
        receiver, buyer = _ref(arrival.receiver), _ref(arrival.buyer)
        if stored is None:
            new = self._new(command, arrival, receiver, buyer, chunk.numbers.next("P"), at)
            _store_vault(tx, arrival.receiver, arrival.buyer, arrival.raw)
            begun = Change(new, (new.received(at=at),))
            return settle(chunk, begun, None, arrival.trouble, Outcome.CREATED, at)
        if arrival.standard is None:
            return self._keep_unreadable(tx, arrival, stored, order, at)
        freshness = intake.compare(stored, arrival.standard, receiver=receiver, buyer=buyer)
        if freshness is intake.Freshness.AMBIGUOUS and arrival.trouble is not None:
            return self._keep_unreadable(tx, arrival, stored, order, at)  # its own sums say that it is not the one
        if freshness is intake.Freshness.AMBIGUOUS and not arrival.fetched:
            tx.publish((stored.ambiguous(at=at),))
            return Taken(stored, order, answer_of(Outcome.UNCHANGED, stored, order))
        mended = freshness is intake.Freshness.SAME and stored.trouble is not None and arrival.trouble is None
        if freshness in (intake.Freshness.OLDER, intake.Freshness.SAME) and not mended:
            return Taken(stored, order, answer_of(Outcome.UNCHANGED, stored, order))
        receiver, buyer = (
            _kept_or_put(tx, stored.receiver, arrival.receiver),
            _kept_or_put(tx, stored.buyer, arrival.buyer),
        )
        _store_vault(tx, arrival.raw)
        newer = stored.updated(arrival.standard, receiver=receiver, buyer=buyer, raw=arrival.raw.id, at=at)
        return settle(chunk, newer, order, arrival.trouble, Outcome.UPDATED, at)

    def _keep_unreadable(
        self, tx: Transaction, arrival: Arrival, stored: PlatformOrder, order: SalesOrder | None, at: datetime
    ) -> Taken:
        """A known order came in a form that cannot be followed: the last good version stands, a person is told."""
        if stored.trouble == arrival.trouble:
            return Taken(stored, order, answer_of(Outcome.UNCHANGED, stored, order))
        assert arrival.trouble is not None
        _store_vault(tx, arrival.raw)
        change = evolve(stored, raw=arrival.raw.id).failed(arrival.trouble, at=at)
        record(tx, tx.platform_orders, change)
        order = stop_for_a_person(tx, order, at=at)
        return Taken(change.state, order, answer_of(Outcome.EXCEPTION, change.state, order))

    def _convert(self, chunk: Chunk, known: PlatformOrder, arrival: Arrival) -> IntakeAnswer:
        tx, at = chunk.tx, self.now()
        order = tx.orders.get(known.order_id) if known.order_id else None
        if known.conversion is Conversion.CONVERTED:
            return answer_of(Outcome.UNCHANGED, known, order)
        change = Change(known)
        if arrival.standard is not None and arrival.standard != known.standard:
            receiver = _kept_or_put(tx, known.receiver, arrival.receiver)
            buyer = _kept_or_put(tx, known.buyer, arrival.buyer)
            change = known.updated(arrival.standard, receiver=receiver, buyer=buyer, raw=known.raw, at=at)
        return settle(chunk, change, order, arrival.trouble, Outcome.CREATED, at).answer

    def _new(
        self, command: TakeIn, arrival: Arrival, receiver: PartyRef, buyer: PartyRef, number: str, at: datetime
    ) -> PlatformOrder:
        return PlatformOrder(
            id=PlatformOrderId(self.new_id()),
            number=number,
            shop_id=command.shop_id,
            platform=command.platform,
            order_no=arrival.order_no,
            standard=arrival.standard,
            receiver=receiver,
            buyer=buyer,
            raw=arrival.raw.id,
            created_at=at,
            updated_at=at,
        )


@frozen(kw_only=True)
class _Answers:
    rows: tuple[IntakeAnswer, ...]


def _ref(sealed: Sealed) -> PartyRef:
    return PartyRef(vault_id=sealed.id, mask=sealed.mask, digest=sealed.digest(IndexField.WHOLE))


def _store_vault(tx: Transaction, *rows: Sealed) -> None:
    for sealed in rows:
        tx.vault.put(sealed)


def _kept_or_put(tx: Transaction, old: PartyRef, sealed: Sealed) -> PartyRef:
    """Keep the sealed row that holds the same data already; a changed one is a new row."""
    new = _ref(sealed)
    if new.digest == old.digest:
        return old
    tx.vault.put(sealed)
    return new


def convert_again(
    intake_: IntakeService,
    preparation: Preparation,
    gateways: Gateways,
    *,
    platform_order_id: PlatformOrderId,
    by: Actor,
) -> IntakeAnswer:
    """Read, translate anew, convert: two transactions with the pure work between them."""
    raw = intake_.raw_of(ReadRaw(platform_order_id=platform_order_id, by=by))
    arrival = preparation.again(raw, gateways.translator(raw.platform))
    return intake_.convert_again(
        ConvertAgain(platform_order_id=platform_order_id, arrival=arrival, raw=raw.sealed.id, by=by)
    )
