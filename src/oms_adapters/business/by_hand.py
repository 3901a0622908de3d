"""No business system is connected: a person gives virtual goods and takes them back, and says so."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from oms_app.ports.business import BusinessAnswer, RightsToGive, RightsToTakeBack
from oms_domain.kernel.identity import ShopId

NOT_CONNECTED: Final = BusinessAnswer(done=False, reason="not_connected")


@frozen
class BusinessByHand:
    """``oms_app.ports.business.BusinessSystems``."""

    def serves(self, shop_id: ShopId) -> bool:
        return False

    def give(self, wanted: RightsToGive) -> BusinessAnswer:
        return NOT_CONNECTED

    def take_back(self, wanted: RightsToTakeBack) -> BusinessAnswer:
        return NOT_CONNECTED
