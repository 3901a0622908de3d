"""What a batch asks of single orders comes back as it was said, whatever it says."""

from datetime import date
from uuid import UUID

import attrs
import pytest
from tests.app.world import ROOT

from oms_app.address_edits import AddressWanted
from oms_app.editing import NEVER, EditOrder, Replace
from oms_app.kept_commands import NOT_KEPT, read_commands, write_commands
from oms_app.manual import PayBalance
from oms_app.splitting import SplitOrder, Wanted
from oms_domain.kernel.identity import LineId, OrderId
from oms_domain.kernel.money import Money

ORDER = OrderId(UUID(int=1))
LINE = LineId(UUID(int=2))
ADDRESS = {name: f"样例{name}" for name in attrs.fields_dict(AddressWanted)}
EVERYTHING = EditOrder(
    order_id=ORDER,
    by=ROOT,
    reason="断码",
    expected_version=3,
    note="",
    mark=0,
    add_tags=("样例",),
    remove_tags=("旧",),
    ship_on=date(2026, 12, 1),
    warehouse="MAIN",
    carrier="",
    clear_carrier=True,
    address=AddressWanted(**ADDRESS),
    replacements=(Replace(line_id=LINE, by="B"), Replace(sku="A", by="B")),
    quantities=(Wanted(line_id=LINE, units=0), Wanted(sku="A", units=2)),
    add_gifts=(("GIFT", 1),),
    remove_gifts=("OLD",),
)
SPLIT = SplitOrder(
    order_id=ORDER,
    by=ROOT,
    reason="样例",
    expected_version=1,
    parts=((Wanted(sku="A", units=1), Wanted(line_id=LINE, units=2)), (Wanted(sku="B", units=1),)),
)


BALANCE = PayBalance(order_id=ORDER, by=ROOT, reason="样例", expected_version=1, paid=Money(100), coupon=Money(5))


@pytest.mark.parametrize("command", [EVERYTHING, SPLIT, BALANCE], ids=["edit", "split", "pay_balance"])
def test_what_is_said_comes_back(command):
    (said,) = read_commands(write_commands([command]))

    assert set(said) == set(attrs.fields_dict(type(command))) - NOT_KEPT  # nothing is left out, so nothing is untried
    assert type(command)(order_id=ORDER, by=ROOT, **said) == command


def test_what_is_not_said_stays_unsaid_and_each_has_its_own():
    never = EditOrder(order_id=ORDER, by=ROOT, ship_on=NEVER)

    assert read_commands(write_commands([SplitOrder(order_id=ORDER, by=ROOT), never])) == [{}, {"ship_on": NEVER}]
