"""A shop's aftersales terms: what follows from them, and what they cannot be."""

from datetime import date, timedelta

import pytest

from oms_domain.aftersales.limits import TimeLimit
from oms_domain.aftersales.opening import UnknownReason
from oms_domain.aftersales.policy import DEFAULT_LIMITS, AftersalesPolicy, CaseReason, StateLimit
from oms_domain.aftersales.states import CaseKind
from oms_domain.aftersales.states import CaseState as S
from oms_domain.aftersales.terms import (
    AftersalesTerms,
    InvalidTerms,
    ReplyTemplate,
    RoleLimit,
    TemplateUnknown,
    TermsChanged,
)
from oms_domain.aftersales.tickets import TicketKind
from oms_domain.kernel.calendar import ALWAYS, WEEKDAYS_9_TO_6, BusinessCalendar
from oms_domain.kernel.money import Money
from oms_domain.kernel.text import InvalidText
from oms_domain.testing.builders import LINE, NOW, OTHER_LINE, SHOP, an_id

TERMS = an_id(60)
SIZE = CaseReason(code="size", title="尺寸")
SORRY = ReplyTemplate(code="sorry", title="致歉", text="抱歉")
MANY_DAYS = tuple((date(2026, 1, 1) + timedelta(days=each), ()) for each in range(1_001))
MINUTE_A_WEEK = BusinessCalendar(week=(((0, 1),), *[()] * 6))
IN_HOURS = TimeLimit(minutes=262, working_hours=True)
LIMIT = RoleLimit(role="agent", what="refund", most=Money(5_000))


def some_terms(**changes):
    return AftersalesTerms(**{"id": TERMS, "shop_id": SHOP, "created_at": NOW, "updated_at": NOW} | changes)


def test_the_usual_terms_are_the_usual_policy():
    assert some_terms().policy() == AftersalesPolicy()


def test_a_line_has_the_window_of_its_category_and_any_other_the_shops():
    terms = some_terms(window_days=15, window_by_category=(("服饰", 30), ("食品", 0)))

    policy = terms.policy({LINE: "食品", OTHER_LINE: "图书"})

    assert (policy.window_of(LINE), policy.window_of(OTHER_LINE)) == (0, 15)
    assert terms.policy().window_of(LINE) == 15
    assert terms.policy({LINE: "服饰"}).window_of(LINE) == 30


def test_a_change_is_told_by_what_it_changed_and_the_same_again_changes_nothing():
    change = some_terms().changed(window_days=15, reasons=(SIZE,), at=NOW)

    assert change.state == some_terms(window_days=15, reasons=(SIZE,))
    assert change.events == (TermsChanged(terms_id=TERMS, shop_id=SHOP, what=("reasons", "window_days"), at=NOW),)
    assert change.events[0].stream == TERMS
    assert change.state.changed(window_days=15, at=NOW).events == ()


@pytest.mark.parametrize(
    ("field", "facts"),
    [
        ("window_days", {"window_days": -1}),
        ("window_days", {"window_days": 367}),
        ("window_by_category", {"window_by_category": (("食品", -1),)}),
        ("window_by_category", {"window_by_category": (("食品", 367),)}),
        ("window_by_category", {"window_by_category": (("食品", 1), ("食品", 2))}),
        ("reasons", {"reasons": (SIZE, SIZE)}),
        ("templates", {"templates": (SORRY, SORRY)}),
        ("role_limits", {"role_limits": (RoleLimit(role="agent", what="refund", most=Money(0)),)}),
        ("calendar", {"calendar": BusinessCalendar(week=ALWAYS.week, exceptions=MANY_DAYS)}),
        ("calendar", {"calendar": MINUTE_A_WEEK, "ticket_limits": ((TicketKind.COMPLAINT, IN_HOURS),)}),
        ("calendar", {"calendar": MINUTE_A_WEEK, "limits": (StateLimit(state=S.AWAITING_STOP, limit=IN_HOURS),)}),
        ("role_limits", {"role_limits": (LIMIT, RoleLimit(role="agent", what="refund", most=Money(1)))}),
    ],
)
def test_terms_that_cannot_be_are_refused(field, facts):
    with pytest.raises(InvalidTerms) as refusal:
        some_terms().changed(at=NOW, **facts)

    assert refusal.value.field == field


def test_codes_and_answers_are_texts():
    with pytest.raises(InvalidText):
        some_terms().changed(window_by_category=(("", 7),), at=NOW)
    with pytest.raises(InvalidText):
        some_terms().changed(reasons=(CaseReason(code="", title="x"),), at=NOW)
    with pytest.raises(InvalidText):
        some_terms().changed(templates=(ReplyTemplate(code="x", title="x", text="a" * 1001),), at=NOW)


def test_what_a_role_may_give():
    terms = some_terms(role_limits=(LIMIT,))

    assert terms.most("agent", "refund") == Money(5_000)
    assert terms.most("agent", "coupon") is None


def test_a_role_that_nobody_has_set_anything_for_gives_what_agents_may():
    senior = RoleLimit(role="senior", what="refund", most=Money(50_000))
    coupon = RoleLimit(role="agent", what="coupon", most=Money(1_000))
    terms = some_terms(role_limits=(LIMIT, senior, coupon))

    assert terms.most("senior", "refund") == Money(50_000)
    assert terms.most("senior", "coupon") == Money(1_000)
    assert terms.most("supervisor", "refund") == Money(5_000)
    assert terms.most("admin", "coupon") is None  # who oversees has only the limits that are set for that
    assert terms.most("senior", "goodwill") is None


def test_a_ticket_is_due_by_its_kind():
    terms = some_terms(ticket_limits=((TicketKind.COMPLAINT, TimeLimit(minutes=60)),))

    assert terms.ticket_due(TicketKind.COMPLAINT, since=NOW).at == NOW + timedelta(hours=1)
    assert terms.ticket_due(TicketKind.INQUIRY, since=NOW).at == NOW + timedelta(days=1)


def test_only_what_counts_working_hours_waits_for_the_calendar():
    friday = NOW + timedelta(days=4, hours=7)  # 17:00 in China
    limits = ((TicketKind.COMPLAINT, TimeLimit(minutes=120, working_hours=True)),)
    terms = some_terms(calendar=WEEKDAYS_9_TO_6, limits=DEFAULT_LIMITS[:1], ticket_limits=limits)

    dates = {each.what: each for each in terms.due_dates(since=friday)}

    assert dates[TicketKind.COMPLAINT].due.at == friday + timedelta(days=2, hours=17)  # Monday at ten
    assert dates[TicketKind.COMPLAINT].due == terms.ticket_due(TicketKind.COMPLAINT, since=friday)
    assert dates[TicketKind.INQUIRY].due.at == friday + timedelta(days=1)
    review = dates[S.AWAITING_REVIEW]
    assert (review.kinds, review.limit) == (frozenset(CaseKind), DEFAULT_LIMITS[0].limit)
    assert review.due.at == friday + timedelta(days=2)
    assert set(dates) == {S.AWAITING_REVIEW, *TicketKind}


def test_a_limit_is_put_in_place_and_one_for_some_kinds_counts_before_one_for_all():
    limit = TimeLimit(minutes=30, working_hours=True)
    exchange = StateLimit(state=S.AWAITING_REVIEW, kinds={CaseKind.EXCHANGE}, limit=limit)
    whole = StateLimit(state=S.AWAITING_REVIEW, limit=TimeLimit(minutes=60))

    put = some_terms().put_limits([whole, exchange], [(TicketKind.CASE, limit)], at=NOW).state

    assert put.limits == (exchange, whole, *DEFAULT_LIMITS[1:])
    assert put.ticket_limits == ((TicketKind.CASE, limit),)
    assert put.put_limits([exchange], [(TicketKind.CASE, limit)], at=NOW).events == ()


def test_working_hours_that_reach_within_five_years_are_enough():
    limit = TimeLimit(minutes=200, climb_minutes=61, levels=2, working_hours=True)  # 261 weeks of a minute
    terms = some_terms(ticket_limits=((TicketKind.COMPLAINT, limit),))

    assert terms.changed(calendar=MINUTE_A_WEEK, at=NOW).state.ticket_due(TicketKind.COMPLAINT, since=NOW).at > NOW


def test_a_template_is_found_by_its_code():
    assert some_terms(templates=(SORRY,)).template("sorry") == SORRY
    with pytest.raises(TemplateUnknown):
        some_terms().template("none")


def test_one_entry_is_put_in_its_place_and_the_others_stay():
    broken = CaseReason(code="broken", title="破损")
    terms = some_terms(reasons=(SIZE,), templates=(SORRY,))

    added = terms.put_reason(broken, at=NOW).state
    changed = added.put_reason(CaseReason(code="size", title="尺码不合"), at=NOW).state

    assert added.reasons == (SIZE, broken)
    assert changed.reasons == (CaseReason(code="size", title="尺码不合"), broken)
    assert changed.put_reason(broken, at=NOW).events == ()
    hello = ReplyTemplate(code="hello", title="问候", text="您好")
    assert terms.put_template(hello, at=NOW).state.templates == (SORRY, hello)


def test_what_is_retired_is_kept_and_not_offered():
    terms = some_terms(reasons=(SIZE,), templates=(SORRY,))

    reason = terms.retire_reason("size", at=NOW)
    template = terms.retire_template("sorry", at=NOW)

    assert [(each.code, each.is_retired) for each in reason.state.reasons] == [("size", True)]
    assert reason.events == (TermsChanged(terms_id=TERMS, shop_id=SHOP, what=("reasons",), at=NOW),)
    assert reason.state.retire_reason("size", at=NOW).events == ()
    with pytest.raises(TemplateUnknown):
        template.state.template("sorry")
    assert template.state.put_template(SORRY, at=NOW).state.template("sorry") == SORRY
    with pytest.raises(UnknownReason):
        terms.retire_reason("none", at=NOW)
    with pytest.raises(TemplateUnknown):
        terms.retire_template("none", at=NOW)
