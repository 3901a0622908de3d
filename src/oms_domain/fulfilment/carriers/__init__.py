"""Carriers (分物流): who delivers from a warehouse to a destination, for how much, by when, and who is chosen."""

from oms_domain.catalog.sku import GoodsMark
from oms_domain.fulfilment.carriers.carrier import (
    Carrier,
    CarrierDoesNotFit,
    Contract,
    fits,
    require_fit,
)
from oms_domain.fulfilment.carriers.choose import (
    BY_PRIORITY,
    CarrierRule,
    Choice,
    Lane,
    Loss,
    NoOffer,
    Offer,
    Wishes,
    choose,
    lanes_between,
)
from oms_domain.fulfilment.carriers.packing import CarriedGoods, Limits, PackedParcel, pack
from oms_domain.fulfilment.carriers.regions import InvalidDivision, InvalidRegions, Regions, division
from oms_domain.fulfilment.carriers.tariff import InvalidTariff, Rate, Tariff, Transit

__all__ = [
    "BY_PRIORITY",
    "CarriedGoods",
    "Carrier",
    "CarrierDoesNotFit",
    "CarrierRule",
    "Choice",
    "Contract",
    "GoodsMark",
    "InvalidDivision",
    "InvalidRegions",
    "InvalidTariff",
    "Lane",
    "Limits",
    "Loss",
    "NoOffer",
    "Offer",
    "PackedParcel",
    "Rate",
    "Regions",
    "Tariff",
    "Transit",
    "Wishes",
    "choose",
    "division",
    "fits",
    "lanes_between",
    "pack",
    "require_fit",
]
