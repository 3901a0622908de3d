"""Another address for an order: field by field, or one pasted text that is recognised; sealed as a row of its own."""

from __future__ import annotations

from typing import ClassVar, Final

from attrs import evolve, field, frozen

from oms_app.address_doubts import address_doubts, misplaced_in
from oms_app.pasted import divisions_named, read_pasted
from oms_app.ports.transaction import NewId, Transaction
from oms_app.ports.vault import IndexField, Sealer
from oms_domain.addresses.bundled import bundled_divisions
from oms_domain.addresses.complete import address_gaps
from oms_domain.addresses.pieces import PieceKind
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
    said, region, doubts = _pasted(wanted, order.region)
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


def whole_address(wanted: AddressWanted, *, field: str) -> tuple[Receiver, Region]:
    """Return an address that stands by itself: whatever is not said of it is empty.

    Raises:
        AddressDoubtful, DivisionElsewhere, FieldsMissing, InvalidPhone, InvalidText: why it cannot be.
    """
    said, region, _ = _pasted(wanted, Region())
    said |= {name: value for name in LONGEST if (value := getattr(wanted, name)) is not None}
    receiver = Receiver(**{name: _checked(name, value) for name, value in said.items()})
    region = evolve(region, **_divisions(wanted))
    _check_lies_in(region)
    gaps = address_gaps(region.province, region.city, region.district, receiver.street, bundled_divisions())
    divisions = (PieceKind.PROVINCE, PieceKind.CITY, PieceKind.DISTRICT)
    told = {"name": receiver.name, "mobile": receiver.mobile or receiver.phone}
    told |= {str(part): "" if part in gaps else "given" for part in divisions} | {"street": receiver.street}
    require({f"{field}.{name}": value for name, value in told.items()})
    return receiver, region


def _pasted(wanted: AddressWanted, before: Region) -> tuple[dict[str, str], Region, tuple[str, ...]]:
    """Return what a pasted text says of the receiver, and where; what it does not say of him stays as it was."""
    if not wanted.text:
        return {}, before, ()
    named = wanted.province is not None or wanted.city is not None or wanted.district is not None
    found = read_pasted(wanted.text, named=named, field="address.text")
    return found.said, evolve(found.region, country=before.country) if found.region else before, found.doubts


def _divisions(wanted: AddressWanted) -> dict[str, str]:
    named = {name: getattr(wanted, name) for name in ("province", "city", "district", "town")}
    return {
        name: checked_text(value, field=f"address.{name}", longest=LONGEST_DIVISION)
        for name, value in divisions_named(**named).items()
    }


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
