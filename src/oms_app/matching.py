"""Looking up what platforms' lines are of ours: the lines of many orders together, each question asked once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import define, field

from oms_app.ports.transaction import Clock, NewId, Transaction
from oms_app.transactions import record
from oms_domain.catalog.bundle import Bundle
from oms_domain.catalog.mapping import MappingKey, SkuMapping
from oms_domain.catalog.matching import (
    UNKNOWN,
    KnownGoods,
    Sold,
    UnmappedSku,
    first_seen,
    keys_of,
    match,
    merchant_code_of,
    platform_sku_of,
)
from oms_domain.catalog.sku import Sku
from oms_domain.channels.standard import StandardLine
from oms_domain.kernel.identity import ShopId, SkuCode, SkuId
from oms_domain.shops.shop import CataloguePolicy


@define
class Matching:
    """What one transaction knows of the catalogue. Codes that an open catalogue sees first are put into it."""

    tx: Transaction
    shop_id: ShopId
    policy: CataloguePolicy
    now: Clock
    new_id: NewId
    _skus: dict[SkuCode, Sku] = field(factory=dict, init=False)
    _bundles: dict[SkuCode, Bundle] = field(factory=dict, init=False)
    _mappings: dict[MappingKey, SkuMapping] = field(factory=dict, init=False)
    _asked: set[SkuCode] = field(factory=set, init=False)
    _asked_keys: set[MappingKey] = field(factory=set, init=False)

    def look_up(self, lines: Iterable[StandardLine]) -> None:
        """Ask for everything that these lines may need; what ``match`` finds not asked for, it asks for itself."""
        wanted = tuple(lines)
        self._codes({SkuCode(code) for line in wanted if (code := merchant_code_of(line))})
        self._keys(
            {
                key
                for line in wanted
                if not self._is_sold(SkuCode(merchant_code_of(line)))
                for key in keys_of(platform_sku_of(line), merchant_code_of(line))
            }
        )
        self._codes({mapping.target for mapping in self._mappings.values()})
        self._codes({part.sku for bundle in self._bundles.values() for part in bundle.parts})

    def match(self, lines: Iterable[StandardLine]) -> tuple[Mapping[str, Sold], tuple[UnmappedSku, ...]]:
        """Return what lines are of ours, by sub-order number, and those of which nobody has said it."""
        wanted = tuple(lines)
        self.look_up(wanted)
        found = {line.line_no: self._match(line) for line in wanted}
        sold = {line_no: each for line_no, each in found.items() if isinstance(each, Sold)}
        return sold, tuple(each for each in found.values() if isinstance(each, UnmappedSku))

    def _match(self, line: StandardLine) -> Sold | UnmappedSku:
        known = KnownGoods(skus=self._skus, bundles=self._bundles, mappings=self._mappings)
        found = match(line, known)
        if self.policy is CataloguePolicy.STRICT or isinstance(found, Sold):
            return found
        if found.why != UNKNOWN or not found.merchant_code:
            return found
        sku, at = first_seen(line, id=SkuId(self.new_id()), at=self.now()), self.now()
        record(self.tx, self.tx.skus, sku.added(at=at))
        self._skus[sku.code] = sku
        return match(line, known)

    def _is_sold(self, code: SkuCode) -> bool:
        found = self._skus.get(code) or self._bundles.get(code)
        return found is not None and not found.is_deleted

    def _codes(self, codes: set[SkuCode]) -> None:
        if new := codes - self._asked:
            self._asked |= new
            self._skus |= self.tx.skus.by_code(new)
            if rest := new - self._skus.keys():
                self._bundles |= self.tx.bundles.by_code(rest)

    def _keys(self, keys: set[MappingKey]) -> None:
        if new := keys - self._asked_keys:
            self._asked_keys |= new
            found = self.tx.sku_mappings.by_key(self.shop_id, new)
            self._mappings |= {key: mapping for key, mapping in found.items() if not mapping.is_deleted}
