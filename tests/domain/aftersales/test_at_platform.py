"""What a person does at the platform is open until the platform shows it as done."""

import pytest

from oms_domain.aftersales.at_platform import AGREE, CONFIRM_RECEIPT, DONE_IN, REFUSE, SHIP, done_there
from oms_domain.aftersales.values import Difference
from oms_domain.channels.aftersales import AskState
from oms_domain.testing.aftersales import a_case
from oms_domain.testing.builders import NOW

A = AskState
POINTS = (AGREE, CONFIRM_RECEIPT, SHIP, REFUSE)


@pytest.mark.parametrize(
    ("state", "left"),
    [
        (A.AWAITING_SELLER, POINTS),
        (A.REFUSED, (AGREE, CONFIRM_RECEIPT, SHIP)),
        (A.AWAITING_RETURN, (CONFIRM_RECEIPT, SHIP, REFUSE)),
        (A.AWAITING_RECEIPT, (CONFIRM_RECEIPT, SHIP, REFUSE)),
        (A.AWAITING_RESHIPMENT, (SHIP, REFUSE)),
        (A.AWAITING_BUYER, (REFUSE,)),
        (A.CLOSED, ()),
        (A.SUCCEEDED, ()),
    ],
)
def test_points_are_settled_by_where_the_ask_stands_and_other_discrepancies_stay(state, left):
    differences = tuple(Difference(what=what, theirs="", ours="") for what in ("refund", *POINTS))

    after = done_there(a_case(differences=differences), state, at=NOW)

    assert tuple(each.what for each in after.state.differences) == ("refund", *left)
    assert [event.what for event in after.events] == [what for what in POINTS if what not in left]


def test_every_point_has_its_states():
    assert set(DONE_IN) == set(POINTS)
