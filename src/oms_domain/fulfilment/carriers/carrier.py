"""A carrier (物流公司), and a warehouse's contract with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from attrs import field, frozen

from oms_domain.catalog.sku import GoodsMark, goods_marks
from oms_domain.fulfilment.carriers.packing import Limits
from oms_domain.fulfilment.carriers.regions import Regions
from oms_domain.fulfilment.carriers.tariff import Tariff, Transit, single
from oms_domain.fulfilment.promise.calendar import WorkingCalendar
from oms_domain.kernel.errors import Refused
from oms_domain.kernel.identity import CarrierCode, WarehouseCode


@frozen(kw_only=True)
class Carrier:
    """What a carrier does, for everybody.

    Args:
        regions: where it delivers.
        limits: of one parcel.
        refuses: marks of goods that it does not take.
        tariff: its list prices, for contracts that agree on none.
        transit: days under way, by region pair; without a row it is not used, for nothing could be promised.
        delivers: on which days it is under way and delivers.
    """

    code: CarrierCode
    name: str = ""
    active: bool = True
    regions: Regions = Regions()
    limits: Limits = Limits()
    refuses: frozenset[GoodsMark] = field(default=frozenset(), converter=goods_marks)
    tariff: Tariff = Tariff(rates=())
    transit: tuple[Transit, ...] = ()
    delivers: WorkingCalendar = WorkingCalendar()

    def __attrs_post_init__(self) -> None:
        single(self.transit, "transit")


@frozen(kw_only=True)
class Contract:
    """A warehouse's own contract with a carrier (物流合同).

    ``tariff``: what they agreed, None: the list prices. ``limits``: of one parcel from there, None: the carrier's.
    """

    carrier: CarrierCode
    tariff: Tariff | None = None
    limits: Limits | None = None


@frozen(kw_only=True)
class CarrierDoesNotFit(Refused):
    """The warehouse has no contract with the carrier (仓库与物流不匹配)."""

    code: ClassVar[str] = "carriers.does_not_fit"
    warehouse: WarehouseCode
    carrier: CarrierCode


def fits(contracts: Iterable[Contract], carrier: CarrierCode) -> bool:
    """Whether a warehouse with these contracts can ship with the carrier.

    >>> fits((Contract(carrier=CarrierCode("SF")),), CarrierCode("ZTO"))
    False
    """
    return any(contract.carrier == carrier for contract in contracts)


def require_fit(warehouse: WarehouseCode, contracts: Iterable[Contract], carrier: CarrierCode) -> None:
    """Refuse a carrier that the warehouse cannot ship with.

    Raises:
        CarrierDoesNotFit
    """
    if not fits(contracts, carrier):
        raise CarrierDoesNotFit(warehouse=warehouse, carrier=carrier)
