"""Lines of a sales order: units of one SKU, with what is placed on them."""

from __future__ import annotations

from attrs import frozen

from oms_domain.apportionment.units import LinePart, of_units
from oms_domain.channels.standard import LineRefund
from oms_domain.kernel.identity import LineId, PlatformOrderId, SkuCode
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.placement import PlacedLine


@frozen(kw_only=True)
class FromBundle:
    """That a line is a part of a bundle (组合商品) which the platform sold as one."""

    code: SkuCode
    quantity: Quantity  # bundles that the platform sold
    list_price_fen: int  # of one unit of the part then: the bundle's amounts are shared by it
    whole: int  # units of this part in all of those bundles; a line of an order that was split has fewer


@frozen(kw_only=True)
class OrderLine:
    """Units of one SKU with the amounts placed on them.

    ``unit_price × quantity + adjustment − line_discount − order_discount = payable``, to the fen. ``part`` places
    the same amounts discount by discount, with the tenders and the freight, unit by unit: its units are numbered as
    those of the platform's line, so that a part of a line still knows which ones it has. Lines that a bundle was taken
    apart into share its sub-order number, and its amounts; each numbers its own units.

    ``from_line`` is the line of the order that this one was split off or merged from, or whose place its order took:
    it has its units. ``platform_order_id`` and ``platform_order_no`` stand on lines of merged orders alone, where they
    are not the order's own.
    """

    id: LineId
    platform_line_no: str
    sku: SkuCode
    title: str
    spec: str = ""
    quantity: Quantity
    unit_price: Money
    adjustment: Money
    line_discount: Money
    order_discount: Money
    payable: Money
    part: LinePart
    refund: LineRefund = LineRefund.NONE
    is_gift: bool = False
    is_closed: bool = False  # refunded before shipment: never ship it
    shipped: int = 0  # units that have left
    called_off: int = 0  # units that will not leave: the rest of a line of which some have
    sold_as: str = ""  # the platform's own code of the goods, where it is not the SKU's
    bundle: FromBundle | None = None
    from_line: LineId | None = None
    platform_order_id: PlatformOrderId | None = None
    platform_order_no: str = ""

    @property
    def goods(self) -> Money:
        """Price of all units, with the seller's own change of price."""
        return self.unit_price * self.quantity + self.adjustment

    @property
    def placed(self) -> PlacedLine:
        """Its amounts beside what is placed on it."""
        return PlacedLine(self.platform_line_no, self.part, self.quantity, self.goods.fen, self.payable.fen)

    @property
    def goods_code(self) -> str:
        """What the platform calls the goods."""
        return self.sold_as or self.sku

    @property
    def to_ship(self) -> int:
        """Units still to leave."""
        return 0 if self.is_closed else self.quantity - self.shipped - self.called_off

    @property
    def given_up(self) -> Money:
        """What the buyer does not pay of it, or gets back: of a closed line all, else what called-off units carry."""
        if self.is_closed or self.called_off == 0:
            return self.payable if self.is_closed else Money(0, self.payable.currency)
        return self.carried(self.quantity - self.called_off, self.quantity)

    def carried(self, first: int, stop: int) -> Money:
        """Return what its units ``first`` to ``stop - 1`` carry of ``payable``; nothing where that is negative."""
        fen = of_units(self.payable.fen, self.quantity, first, stop) if self.payable.fen > 0 else 0
        return Money(fen, self.payable.currency)
