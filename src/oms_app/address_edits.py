"""Another address for an order: field by field, or one pasted text that is recognised; sealed as a row of its own."""

from __future__ import annotations

from typing import ClassVar, Final

from attrs import evolve, field, frozen

from oms_app.address_doubts import address_doubts, misplaced_in
from oms_app.ports.transaction import NewId, Transaction
from oms_app.ports.vault import IndexField, Sealer
from oms_domain.addresses.bundled import bundled_divisions
from oms_domain.addresses.pieces import DoubtKind
from oms_domain.addresses.recognise import recognise
from oms_domain.channels.standard import Receiver, Region
from oms_domain.kernel.errors import Invalid
from oms_domain.kernel.identity import VaultId
from oms_domain.kernel.phones import check_dialled
from oms_domain.kernel.text import checked_text
from oms_domain.orders.manual import require
from oms_domain.orders.sales_order import PartyRef, SalesOrder

LONGEST: Final = {"name": 100, "mobile": 40, "phone": 40, "street": 200, "zip": 10}
LONGEST_DIVISION: Final = 40
PURPOSE: Final = "edit"
UNUSABLE: Final = frozenset({DoubtKind.AMBIGUOUS_REGION, DoubtKind.REGION_CONFLICT, DoubtKind.MASKED})


@frozen(kw_only=True)
class AddressWanted:
    """What is to be different of an address. None: it stays, or it is what ``text`` says of it.

    ``text``: one pasted text with name, telephone number, divisions and street, in any order.
    """

    text: str = field(default="", repr=False)
    name: str | None = field(default=None, repr=False)
    mobile: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    street: str | None = field(default=None, repr=False)
    zip: str | None = field(default=None, repr=False)
    province: str | None = None
    city: str | None = None
    district: str | None = None
    town: str | None = None


@frozen(kw_only=True)
class AddressDoubtful(Invalid):
    """A pasted text does not say for sure where it is; name the divisions and what is masked apart from it."""

    code: ClassVar[str] = "orders.address_doubtful"
    field: str = "address.text"
    doubts: tuple[str, ...]


@frozen(kw_only=True)
class DivisionElsewhere(Invalid):
    """A division does not lie in the larger one that the address has; name both."""

    code: ClassVar[str] = "orders.division_elsewhere"
    value: str


@frozen(kw_only=True)
class Addressed:
    """An address as an order has it, with what a person should look at."""

    receiver: PartyRef
    region: Region
    doubts: tuple[str, ...] = ()


def put_address(
    tx: Transaction, order: SalesOrder, wanted: AddressWanted, *, sealer: Sealer, new_id: NewId
) -> Addressed:
    """Return the new address of an order, its personal part sealed in the vault; the opening of the old is logged.

    Raises:
        AddressDoubtful, DivisionElsewhere, FieldsMissing, InvalidPhone, InvalidText, VaultRowGone: why it cannot be.
    """
    sealed = tx.vault.get(order.receiver.vault_id)
    tx.vault.log_opening(sealed.id, order_id=order.id, purpose=PURPOSE)
    old = sealer.open_receiver(sealed)
    said, region, doubts = _recognised(wanted, order.region) if wanted.text else ({}, order.region, ())
    said |= {name: value for name in LONGEST if (value := getattr(wanted, name)) is not None}
    receiver = evolve(old, **{name: _checked(name, value) for name, value in said.items()})
    _check_still_there(old, receiver)
    region = evolve(region, **_divisions(wanted))
    if region != order.region:
        _check_lies_in(region)
    doubts += address_doubts(region, receiver.street)
    if receiver == old and region == order.region:
        return Addressed(receiver=order.receiver, region=order.region, doubts=doubts)
    if receiver == old:
        return Addressed(receiver=order.receiver, region=region, doubts=doubts)
    new = sealer.seal_receiver(receiver, shop_id=order.shop_id, id=VaultId(new_id()))
    tx.vault.put(new)
    ref = PartyRef(vault_id=new.id, mask=new.mask, digest=new.digest(IndexField.WHOLE))
    return Addressed(receiver=ref, region=region, doubts=doubts)


def _recognised(wanted: AddressWanted, before: Region) -> tuple[dict[str, str], Region, tuple[str, ...]]:
    """Return what a pasted text says of the receiver, and where; what it does not say of him stays as it was.

    The old number does not stay beside a new one, nor the old zip beside a new street: they are somebody else's.
    """
    found = recognise(wanted.text, bundled_divisions())
    kinds = [doubt.kind for doubt in found.doubts]
    named = wanted.province is not None or wanted.city is not None or wanted.district is not None
    if not (found.region or found.phones or named):
        raise AddressDoubtful(doubts=tuple(dict.fromkeys(map(str, kinds))))
    if unusable := [kind for kind in kinds if kind in UNUSABLE and (kind is DoubtKind.MASKED or not named)]:
        raise AddressDoubtful(doubts=tuple(unusable))
    said = {"name": found.name, "street": found.street, "zip": found.zip}
    said |= {"mobile": str(found.mobile or ""), "phone": str(found.landline or "")}
    region = Region(
        country=before.country, province=found.province, city=found.city, district=found.district, town=found.town
    )
    together = ({"mobile", "phone"} if found.mobile or found.landline else set()) | ({"zip"} if found.street else set())
    kept = {name: value for name, value in said.items() if value or name in together}
    return kept, region if found.region else before, tuple(dict.fromkeys(str(kind) for kind in kinds))


def _divisions(wanted: AddressWanted) -> dict[str, str]:
    """Return the divisions that are named. A larger one that is named anew takes the smaller ones along."""
    found: dict[str, str] = {}
    for name in ("province", "city", "district", "town"):
        value = getattr(wanted, name)
        if value is not None:
            found[name] = checked_text(value, field=f"address.{name}", longest=LONGEST_DIVISION)
        elif found:
            found[name] = ""
    return found


def _check_lies_in(region: Region) -> None:
    """Raises ``DivisionElsewhere``: what is named of the larger and smaller ones must go together."""
    for each in misplaced_in(region):
        if each.is_elsewhere:
            raise DivisionElsewhere(field=f"address.{each.part}", value=getattr(region, each.part))


def _checked(name: str, value: str) -> str:
    text = checked_text(value, field=f"address.{name}", longest=LONGEST[name])
    if name in ("mobile", "phone"):
        check_dialled(text, field=f"address.{name}")
    return text


def _check_still_there(before: Receiver, after: Receiver) -> None:
    """Raises ``FieldsMissing``: an edit must not take away what the carrier goes by."""
    known = {"name": before.name, "mobile": before.mobile or before.phone, "street": before.street}
    now = {"name": after.name, "mobile": after.mobile or after.phone, "street": after.street}
    require({f"address.{name}": now[name] for name in known if known[name]})
