"""How far sending to a warehouse has come: what may be there is known before anybody asks."""

from datetime import timedelta

from oms_domain.fulfilment.sending import SETTLES_IN, Sending
from oms_domain.testing.builders import FULFILMENT, NOW

LATER = NOW + timedelta(minutes=1)
NEW = Sending(fulfilment_id=FULFILMENT)


def test_what_was_not_tried_is_not_there():
    assert NEW.never_arrived
    assert NEW.settles_at() is None


def test_a_try_that_is_under_way_may_arrive():
    begun = NEW.begun(NOW)

    assert begun == Sending(fulfilment_id=FULFILMENT, tried_at=NOW, is_under_way=True)
    assert not begun.never_arrived
    assert begun.settles_at() == NOW + SETTLES_IN


def test_a_try_that_did_not_arrive_leaves_nothing_there_and_tells_why_it_waits():
    failed = NEW.begun(NOW).failed("unreachable", may_be_there=False, next_at=LATER, at=NOW)

    assert failed.never_arrived
    assert (failed.reason, failed.waits_since, failed.next_at) == ("unreachable", NOW, LATER)
    again = failed.begun(LATER).failed("timeout", may_be_there=True, next_at=None, at=LATER)
    assert (again.reason, again.waits_since, again.next_at, again.never_arrived) == ("timeout", NOW, None, False)
    assert not again.begun(LATER).failed("unreachable", may_be_there=False, next_at=None, at=LATER).never_arrived


def test_a_try_that_never_ended_may_have_arrived():
    again = NEW.begun(NOW).begun(LATER).failed("unreachable", may_be_there=False, next_at=None, at=LATER)

    assert again.may_be_there


def test_once_it_is_answered_it_waits_no_longer():
    ended = NEW.begun(NOW).failed("timeout", may_be_there=True, next_at=LATER, at=NOW).begun(LATER).ended()

    assert ended == Sending(fulfilment_id=FULFILMENT, tried_at=LATER, may_be_there=True)
    assert Sending(fulfilment_id=FULFILMENT, may_be_there=True, version=3).anew() == Sending(
        fulfilment_id=FULFILMENT, version=3
    )
