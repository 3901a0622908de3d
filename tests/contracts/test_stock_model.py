"""Any sequence of stock documents, reservations and shipments against a model of bare counters.

The sums of the ledger are the quantities, no quantity is ever below nothing, and a repeat changes nothing: on the
store in memory and on SQLite, with the row of one SKU in buckets.
"""

import pytest
from attrs import define, field
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from tests.contracts.rows import ROOT, a_line, a_new_shop, an_order, reservations, store, transact

from oms_app.inventory import PartStock, PostStock, SettleDifference, StockService
from oms_app.numbering import Numbering
from oms_app.ports.transaction import Begin, StockMoved
from oms_app.stock_documents import (
    ApplyStocktake,
    BeginStocktake,
    CloseTransfer,
    CountStock,
    ReceiveTransfer,
    SendTransfer,
    StocktakeService,
    TransferService,
)
from oms_app.warehouses import AddWarehouse, WarehouseService
from oms_domain.inventory.differences import StillHeld
from oms_domain.inventory.documents import DocumentKind, Units
from oms_domain.inventory.movements import COLUMNS, NotThatMany
from oms_domain.inventory.stock import Quality, StockBelowReserved
from oms_domain.kernel.errors import MoveNotAllowed, Refused
from oms_domain.kernel.identity import SkuCode, WarehouseCode
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.states import OrderState
from oms_domain.testing.builders import MAIN

A, B = SkuCode("A"), SkuCode("B")
EAST = WarehouseCode("EAST")
PLACES = [(sku, warehouse) for sku in (A, B) for warehouse in (MAIN, EAST)]
K, S = DocumentKind, OrderState

places = st.sampled_from(PLACES)
few = st.integers(1, 6)
some = st.integers(0, 8)
which = st.integers(0, 3)


@define
class Row:
    """The quantities of a place, as plain numbers."""

    on_hand: int = 0
    defective: int = 0
    safety: int = 0
    locked: int = 0
    in_transit: int = 0


@define
class Held:
    """What an order holds, line by line; ``released``: nothing can be taken from it."""

    order: object
    released: bool
    units: dict = field(factory=dict)


class AnySequence(RuleBasedStateMachine):
    backend = None

    def __init__(self):
        super().__init__()
        backend = self.backend
        backend.wipe()
        shared = {"begin": Begin(backend.open), "now": backend.clock, "new_id": backend.new_id, "pause": lambda n: None}
        numbering = Numbering(backend.numbers, backend.clock)
        self.stock = StockService(**shared, numbering=numbering)
        self.transfers = TransferService(**shared, numbering=numbering)
        self.stocktakes = StocktakeService(**shared, numbering=numbering)
        WarehouseService(**shared).add(AddWarehouse(code=EAST, name="东仓", by=ROOT))
        self.rows = {place: Row() for place in PLACES}
        self.open = {}  # difference id → (place, units)
        self.sent = []
        self.references = 0
        shop = store(backend, a_new_shop(backend))
        self.orders = []
        for n, state in enumerate((S.AWAITING_CS_REVIEW, S.IN_WAREHOUSE, S.AWAITING_RELEASE, S.IN_WAREHOUSE)):
            lines = (
                a_line(backend, sku=A, quantity=Quantity(1 + n % 2)),
                a_line(backend, sku=B, quantity=Quantity(2)),
                a_line(backend, sku=A, quantity=Quantity(1)),
            )
            backend.clock.forward(minutes=1)
            facts = {"state": state, "lines": lines, "fulfilment_id": None, "warehouse": MAIN}
            order = store(backend, an_order(backend, shop, **facts))
            self.orders.append(Held(order, state is S.IN_WAREHOUSE))

    # --- the model ---------------------------------------------------------------------------------------------------

    def reserved(self, place):
        sku, warehouse = place
        if warehouse != MAIN:
            return 0
        return sum(units for held in self.orders for line, units in held.units.items() if self.sku(held, line) == sku)

    @staticmethod
    def sku(held, line_id):
        return next(line.sku for line in held.order.lines if line.id == line_id)

    def free(self, place):
        row = self.rows[place]
        return row.on_hand - self.reserved(place) - row.locked

    def take(self, place, units):
        """Take units that are gone; return how many left the books, and how many stay open."""
        to_be_had = max(self.free(place), 0)
        if place[1] == MAIN:
            for held in reversed(self.orders):
                if to_be_had >= units or held.released:
                    continue
                mine = sum(n for line, n in held.units.items() if self.sku(held, line) == place[0])
                if mine:
                    to_be_had += mine
                    held.units.clear()
                    held.released = True  # it waits now, and what it may be given again here is not its to give up
        taken = min(units, to_be_had)
        self.rows[place].on_hand -= taken
        self.rows[place].locked += units - taken
        return taken

    def post(self, kind, place, units, quality=Quality.GOOD, reference=""):
        return self.stock.post(
            PostStock(
                kind=kind,
                warehouse=place[1],
                lines=(Units(sku=place[0], units=units, quality=quality),),
                reason="模型",
                reference=reference,
                by=ROOT,
            )
        )

    # --- documents ---------------------------------------------------------------------------------------------------

    @rule(place=places, units=few, defective=st.booleans(), again=st.booleans())
    def come_in(self, place, units, defective, again):
        quality = Quality.DEFECTIVE if defective else Quality.GOOD
        self.references += 1
        for _ in range(2 if again else 1):
            self.post(K.RETURN_RECEIPT, place, units, quality, reference=f"R-{self.references}")
        row = self.rows[place]
        if defective:
            row.defective += units
        else:
            row.on_hand += units

    @rule(place=places, units=few)
    def go_back_to_the_vendor(self, place, units):
        if self.free(place) >= units:
            self.post(K.PURCHASE_RETURN, place, units)
            self.rows[place].on_hand -= units
        else:
            with pytest.raises(StockBelowReserved):
                self.post(K.PURCHASE_RETURN, place, units)

    @rule(place=places, units=few)
    def lock(self, place, units):
        if self.free(place) >= units:
            self.post(K.LOCK, place, units)
            self.rows[place].locked += units
        else:
            with pytest.raises(StockBelowReserved):
                self.post(K.LOCK, place, units)

    @rule(place=places, units=few)
    def unlock(self, place, units):
        if self.rows[place].locked - self.gone(place) >= units:
            self.post(K.UNLOCK, place, units)
            self.rows[place].locked -= units
        else:
            with pytest.raises(NotThatMany):
                self.post(K.UNLOCK, place, units)

    @rule(place=places, units=some)
    def set_safety_stock(self, place, units):
        self.post(K.SAFETY, place, units)
        self.rows[place].safety = units

    @rule(place=places, units=few)
    def damage(self, place, units):
        if self.rows[place].on_hand - self.gone(place) < units:
            with pytest.raises(NotThatMany):
                self.post(K.DAMAGE, place, units)
            return
        self.take(place, units)
        self.post(K.DAMAGE, place, units)
        self.rows[place].defective += units
        self.note_open_differences()

    @rule(place=places, found=some)
    def count(self, place, found):
        begun = self.stocktakes.begin_counting(BeginStocktake(warehouse=place[1], by=ROOT))
        line = Units(sku=place[0], units=found)
        self.stocktakes.count(CountStock(document_id=begun.id, lines=(line,), by=ROOT))
        difference = found - max(self.rows[place].on_hand - self.gone(place), 0)
        if difference >= 0:
            self.rows[place].on_hand += difference
        else:
            self.take(place, -difference)
        for _ in range(2):
            self.stocktakes.apply(ApplyStocktake(document_id=begun.id, by=ROOT))
        self.note_open_differences()

    def gone(self, place):
        """Return units that are gone and still stand in the books: those of open differences, all of them locked."""
        units = sum(row.units for row in self.open.values() if (row.sku, row.warehouse) == place)
        assert self.rows[place].locked >= units
        return units

    def note_open_differences(self):
        self.open = {row.id: row for row in self.backend.queries.stock_differences(ROOT, limit=200)}

    @precondition(lambda self: self.open)
    @rule(data=st.data(), found=st.booleans())
    def settle(self, data, found):
        difference = data.draw(st.sampled_from(sorted(self.open.values(), key=lambda row: row.id)))
        place, row = (difference.sku, difference.warehouse), self.rows[difference.sku, difference.warehouse]
        ask = SettleDifference(difference_id=difference.id, found=found, by=ROOT)
        units = difference.units if found else min(difference.units, row.on_hand - self.reserved(place))
        if units > 0:
            self.stock.settle(ask)
            row.locked -= units
            row.on_hand -= 0 if found else units
        else:
            with pytest.raises(StillHeld):
                self.stock.settle(ask)
        self.note_open_differences()

    # --- transfers ---------------------------------------------------------------------------------------------------

    @rule(sku=st.sampled_from((A, B)), units=few)
    def send(self, sku, units):
        ask = SendTransfer(warehouse=MAIN, to=EAST, lines=(Units(sku=sku, units=units),), by=ROOT)
        if self.free((sku, MAIN)) < units:
            with pytest.raises(StockBelowReserved):
                self.transfers.send(ask)
            return
        self.sent.append([self.transfers.send(ask).id, sku, units])
        self.rows[sku, MAIN].on_hand -= units
        self.rows[sku, EAST].in_transit += units

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), units=few, defective=st.booleans())
    def arrive(self, data, units, defective):
        transfer = data.draw(st.sampled_from(self.sent))
        document, sku, rest = transfer
        quality = Quality.DEFECTIVE if defective else Quality.GOOD
        line = Units(sku=sku, units=units, quality=quality)
        ask = ReceiveTransfer(document_id=document, lines=(line,), receipt=f"{units}-{rest}", by=ROOT)
        if units > rest:
            with pytest.raises(Refused):
                self.transfers.receive(ask)
            return
        for _ in range(2):
            self.transfers.receive(ask)
        transfer[2] -= units
        row = self.rows[sku, EAST]
        row.in_transit -= units
        if defective:
            row.defective += units
        else:
            row.on_hand += units

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), found=st.booleans())
    def close(self, data, found):
        document, sku, rest = transfer = data.draw(st.sampled_from(self.sent))
        ask = CloseTransfer(document_id=document, found=found, reason="模型", by=ROOT)
        self.sent.remove(transfer)
        if not rest:
            with pytest.raises(MoveNotAllowed):
                self.transfers.close(ask)
            return
        self.transfers.close(ask)
        self.rows[sku, EAST].in_transit -= rest
        self.rows[sku, MAIN].on_hand += rest if found else 0

    # --- orders ------------------------------------------------------------------------------------------------------

    @rule(which=which)
    def reserve(self, which):
        held = self.orders[which]
        wanted = {sku: sum(line.quantity for line in held.order.lines if line.sku == sku) for sku in (A, B)}

        def ask():
            transact(self.backend, lambda tx: tx.stock.reserve(held.order.id, reservations(held.order)))

        if held.units:
            ask()
        elif all(self.free((sku, MAIN)) - self.rows[sku, MAIN].safety >= n for sku, n in wanted.items()):
            ask()
            held.units = {line.id: int(line.quantity) for line in held.order.lines}
        else:
            with pytest.raises(StockMoved):
                ask()

    @rule(which=which, first_only=st.booleans())
    def release(self, which, first_only):
        held = self.orders[which]
        lines = [line.id for line in held.order.lines[: 1 if first_only else None]]
        transact(self.backend, lambda tx: tx.stock.release(held.order.id, lines))
        held.units = {line: units for line, units in held.units.items() if line not in lines}

    @rule(which=which, units=few)
    def ship(self, which, units):
        held = self.orders[which]
        line = held.order.lines[0].id
        document = self.backend.new_id()
        transact(self.backend, lambda tx: tx.stock.consume(held.order.id, [(line, units)], document=document))
        gone = min(units, held.units.get(line, 0))
        if gone:
            self.rows[A, MAIN].on_hand -= gone
            held.units[line] -= gone
            held.units = {line: units for line, units in held.units.items() if units}

    @precondition(lambda self: self.rows[A, MAIN].on_hand)
    @rule(buckets=st.sampled_from((0, 2, 5)))
    def part(self, buckets):
        self.stock.part(PartStock(sku=A, warehouse=MAIN, buckets=buckets, by=ROOT))

    # --- what always holds -------------------------------------------------------------------------------------------

    @invariant()
    def quantities_are_what_the_model_says(self):
        levels = {
            (level.sku, level.warehouse): level for level in self.backend.queries.stock(ROOT, after=None, limit=50)
        }
        for place, row in self.rows.items():
            wanted = {name: getattr(row, name, 0) for name in COLUMNS} | {"reserved": self.reserved(place)}
            found = levels.get(place)
            assert {name: getattr(found, name) if found else 0 for name in COLUMNS} == wanted
            assert min(wanted.values()) >= 0

    @invariant()
    def the_ledger_and_the_reservations_add_up_to_them(self):
        with self.backend.open(ROOT) as tx:
            assert tx.stock.drifts() == ()


def run(backend, examples, steps):
    machine = type("Machine", (AnySequence,), {"backend": backend})
    bounds = settings(
        max_examples=examples, stateful_step_count=steps, suppress_health_check=list(HealthCheck), deadline=None
    )
    run_state_machine_as_test(machine, settings=bounds)


@pytest.mark.parametrize(("kind", "examples"), [("memory", 40), ("sqlite", 8)])
def test_any_sequence_keeps_the_books(stores, kind, examples):
    run(stores(kind), examples, 25)


@pytest.mark.long
@pytest.mark.parametrize(("kind", "examples"), [("memory", 2_000), ("sqlite", 300), ("postgres", 60), ("mariadb", 60)])
def test_any_long_sequence_keeps_the_books(stores, kind, examples):
    run(stores(kind), examples, 60)
