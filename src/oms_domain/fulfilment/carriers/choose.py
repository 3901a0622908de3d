"""Which carrier takes the goods of a warehouse (分物流): the offers in order of choice, and why others make none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any, Final

from attrs import frozen

from oms_domain.catalog.sku import GoodsMark
from oms_domain.fulfilment.carriers.carrier import Carrier, Contract
from oms_domain.fulfilment.carriers.packing import CarriedGoods, Limits, PackedParcel, pack
from oms_domain.fulfilment.carriers.tariff import Rate, Tariff, between
from oms_domain.fulfilment.promise.promise import Departure, Promise, promised
from oms_domain.kernel.identity import CarrierCode


class CarrierRule(StrEnum):
    """By what offers are put in order (物流选择规则)."""

    PRIORITY = "priority"
    CHEAPEST = "cheapest"
    FASTEST = "fastest"


class NoOffer(StrEnum):
    """Why a carrier takes nothing from a warehouse to a destination, or not these goods (物流不可用原因)."""

    NO_CONTRACT = "no_contract"
    NOT_ACTIVE = "not_active"
    NOT_ALLOWED = "not_allowed"
    REGION_NOT_SERVED = "region_not_served"
    NO_RATE = "no_rate"
    NO_TRANSIT_DAYS = "no_transit_days"
    GOODS_REFUSED = "goods_refused"
    UNIT_TOO_LARGE = "unit_too_large"
    TOO_MANY_PARCELS = "too_many_parcels"


BY_PRIORITY: Final = (CarrierRule.PRIORITY, CarrierRule.CHEAPEST, CarrierRule.FASTEST)


@frozen(kw_only=True)
class Wishes:
    """What is wished: the shop's ``priority``, first to last, and the carriers that the platform allows, None: all."""

    priority: tuple[CarrierCode, ...] = ()
    allowed: frozenset[CarrierCode] | None = None


@frozen(kw_only=True)
class Offer:
    """What a carrier would do for goods: ``position`` is its place in the shop's priority, from 0."""

    carrier: CarrierCode
    position: int
    parcels: tuple[PackedParcel, ...]
    cost_fen: int
    promise: Promise


@frozen(kw_only=True)
class Loss:
    """A carrier that makes no offer, with the reason."""

    carrier: CarrierCode
    why: NoOffer


@frozen(kw_only=True)
class Lane:
    """A carrier from one warehouse to one destination, everything looked up that does not depend on the goods."""

    carrier: CarrierCode
    position: int
    rate: Rate
    tariff: Tariff
    limits: Limits
    refuses: frozenset[GoodsMark]
    promise: Promise

    def refusal(self, goods: CarriedGoods) -> NoOffer | None:
        """Return why not even one unit is taken, None if it is."""
        if not self.refuses.isdisjoint(goods.marks):
            return NoOffer.GOODS_REFUSED
        most_g, most_cm3 = self.limits.room
        return NoOffer.UNIT_TOO_LARGE if goods.weight_g > most_g or goods.volume_cm3 > most_cm3 else None

    def offer(self, goods: Sequence[CarriedGoods]) -> Offer | NoOffer:
        """Return what the carrier would do for all of the goods together."""
        for each in goods:
            if (why := self.refusal(each)) is not None:
                return why
        parcels = pack(goods, self.limits)
        if parcels is None:
            return NoOffer.TOO_MANY_PARCELS
        charged = (self.tariff.charged_g(parcel.weight_g, parcel.volume_cm3) for parcel in parcels)
        return Offer(
            carrier=self.carrier,
            position=self.position,
            parcels=parcels,
            cost_fen=sum(map(self.rate.cost_fen, charged)),
            promise=self.promise,
        )


@frozen(kw_only=True)
class Choice:
    """Offers in order of choice, and who makes none."""

    offers: tuple[Offer, ...]
    losses: tuple[Loss, ...]

    @property
    def best(self) -> Offer | None:
        """The chosen carrier's offer; None: nobody delivers."""
        return self.offers[0] if self.offers else None

    def after(self, carrier: CarrierCode) -> Offer | None:
        """Return the offer that comes after a carrier's, which turned out not to deliver; None: there is none."""
        codes = [offer.carrier for offer in self.offers]
        at = codes.index(carrier) + 1 if carrier in codes else 0
        return self.offers[at] if at < len(self.offers) else None


def lanes_between(
    carriers: Iterable[Carrier],
    contracts: Iterable[Contract],
    *,
    origin: str,
    destination: str,
    wishes: Wishes,
    left: Departure,
) -> tuple[tuple[Lane, ...], tuple[Loss, ...]]:
    """Return the carriers that deliver from a warehouse to a destination, and why the others do not, both by code."""
    agreed = {contract.carrier: contract for contract in contracts}
    known = {carrier.code: carrier for carrier in carriers}
    lanes: list[Lane] = []
    losses: list[Loss] = []
    for code in sorted(known.keys() | agreed.keys()):
        found = _lane(known.get(code), agreed.get(code), origin, destination, wishes, left)
        if isinstance(found, Lane):
            lanes.append(found)
        else:
            losses.append(Loss(carrier=code, why=found))
    return tuple(lanes), tuple(losses)


def _lane(
    carrier: Carrier | None,
    contract: Contract | None,
    origin: str,
    destination: str,
    wishes: Wishes,
    left: Departure,
) -> Lane | NoOffer:
    if contract is None:
        return NoOffer.NO_CONTRACT
    if carrier is None or not carrier.active:
        return NoOffer.NOT_ACTIVE
    if wishes.allowed is not None and carrier.code not in wishes.allowed:
        return NoOffer.NOT_ALLOWED
    if not carrier.regions.serve(destination):
        return NoOffer.REGION_NOT_SERVED
    tariff = carrier.tariff if contract.tariff is None else contract.tariff
    rate = between(tariff.rates, origin=origin, destination=destination)
    if rate is None:
        return NoOffer.NO_RATE
    transit = between(carrier.transit, origin=origin, destination=destination)
    if transit is None:
        return NoOffer.NO_TRANSIT_DAYS
    listed = wishes.priority
    return Lane(
        carrier=carrier.code,
        position=listed.index(carrier.code) if carrier.code in listed else len(listed),
        rate=rate,
        tariff=tariff,
        limits=carrier.limits if contract.limits is None else contract.limits,
        refuses=carrier.refuses,
        promise=promised(left, transit_days=transit.days, delivers=carrier.delivers),
    )


_KEYS: Final = {
    CarrierRule.PRIORITY: lambda offer: offer.position,
    CarrierRule.CHEAPEST: lambda offer: offer.cost_fen,
    CarrierRule.FASTEST: lambda offer: offer.promise.arrive_on,
}


def ranked(offers: Iterable[Offer], by: Sequence[CarrierRule]) -> tuple[Offer, ...]:
    """Return offers in order of choice: by each rule in turn, at last by code."""

    def key(offer: Offer) -> tuple[Any, ...]:
        return (*(_KEYS[rule](offer) for rule in by), offer.carrier)

    return tuple(sorted(offers, key=key))


def choose(
    lanes: Iterable[Lane],
    goods: Sequence[CarriedGoods],
    *,
    by: Sequence[CarrierRule] = BY_PRIORITY,
    lost: Sequence[Loss] = (),
) -> Choice:
    """Ask every carrier for all of the goods, and put the offers in order.

    Args:
        by: rules in order of weight; each decides only where those before it do not.
        lost: carriers that are out already; they are passed on.
    """
    offers: list[Offer] = []
    losses = list(lost)
    for lane in lanes:
        answer = lane.offer(goods)
        if isinstance(answer, Offer):
            offers.append(answer)
        else:
            losses.append(Loss(carrier=lane.carrier, why=answer))
    return Choice(offers=ranked(offers, by), losses=tuple(sorted(losses, key=lambda loss: loss.carrier)))
