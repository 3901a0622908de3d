"""Reading personal data in plain text: one at a time, with a reason, logged in the same transaction."""

from __future__ import annotations

from typing import ClassVar, Final

from attrs import field, frozen

from oms_app.actor import Actor, Permission
from oms_app.ports.transaction import Begin
from oms_app.ports.vault import Sealer
from oms_app.transactions import Pause, one_transaction
from oms_domain.channels.standard import Buyer, Receiver
from oms_domain.kernel.identity import OrderId
from oms_domain.kernel.text import checked_text

LONGEST_PURPOSE: Final = 200


@frozen(kw_only=True)
class RevealPersonalData:
    """Open who ordered and who receives one order. ``purpose`` is written into the access log."""

    permission: ClassVar[Permission] = Permission.PII_READ
    order_id: OrderId
    purpose: str
    by: Actor


@frozen(kw_only=True)
class Revealed:
    """Plain personal data; never stored, never logged, never remembered under a key."""

    receiver: Receiver = field(repr=False)
    buyer: Buyer = field(repr=False)


@frozen(kw_only=True)
class PersonalDataService:
    """Use cases of personal data."""

    begin: Begin
    sealer: Sealer
    pause: Pause

    @one_transaction
    def reveal(self, command: RevealPersonalData) -> Revealed:
        purpose = checked_text(command.purpose, field="purpose", longest=LONGEST_PURPOSE, allow_empty=False)
        with self.begin(command) as tx:
            order = tx.orders.get(command.order_id)
            receiver, buyer = tx.vault.get(order.receiver.vault_id), tx.vault.get(order.buyer.vault_id)
            for sealed in (receiver, buyer):
                tx.vault.log_opening(sealed.id, order_id=order.id, purpose=purpose)
            tx.commit()
        return Revealed(receiver=self.sealer.open_receiver(receiver), buyer=self.sealer.open_buyer(buyer))
