"""The figures of aftersales, each reckoned by hand over a small example, on every store."""

from datetime import timedelta

from tests.contracts.rows import ROOT, a_new_shop, an_order, of, store, transact
from tests.contracts.test_aftersales_stores import NUMBERS, a_new_case, a_new_refund, ledger_of, put

from oms_adapters.http.aftersales_terms import DurationsView, FiguresView, QueueRowView, WorkloadView
from oms_app.aftersales_terms import figures
from oms_app.queries.aftersales import Period
from oms_app.transactions import record
from oms_domain.aftersales.limits import Due
from oms_domain.aftersales.terms import AftersalesTerms
from oms_domain.aftersales.tickets import Agent, TicketState
from oms_domain.kernel.calendar import WEEKDAYS_9_TO_6
from oms_domain.kernel.identity import TicketId
from oms_domain.refunds.refund_order import booked
from oms_domain.testing.aftersales import a_ticket
from oms_domain.testing.builders import HAT, NOW, SCARF

ANNA, BEN = Agent("anna"), Agent("ben")
PERIOD = Period(start=NOW, stop=NOW + timedelta(days=10))
END = PERIOD.stop


def after(**by):
    return NOW + timedelta(**by)


def a_new_ticket(backend, shop, opened_at, **changes):
    facts = {"id": TicketId(backend.new_id()), "number": f"K{next(NUMBERS)}", "shop_id": shop.id, "case_id": None}
    facts |= {"order_id": None, "opened_at": opened_at}
    last = max(at for at in (opened_at, changes.get("first_answered_at"), changes.get("finished_at")) if at)
    return put(backend, "tickets", a_ticket(**facts | {"updated_at": last} | changes))


def tickets_of_two_shops(backend, first, second):
    done = {"state": TicketState.DONE}
    answer = {"first_answered_at": after(minutes=30), "finished_at": after(hours=4)}
    a_new_ticket(backend, first, after(), assignee=ANNA, **done, **answer)  # answered in 30 min, done in 4 h
    answered = {"state": TicketState.ANSWERED, "first_answered_at": after(days=1, hours=2)}
    a_new_ticket(backend, first, after(days=1), assignee=BEN, **answered)  # answered in 2 h
    overdue = Due(at=after(days=9, hours=12), warn_at=after(days=9))
    a_new_ticket(backend, first, after(days=2), assignee=ANNA, due=overdue)
    a_new_ticket(backend, first, after(days=3), due=Due(at=after(days=11), warn_at=after(days=9)))  # warned, nobody's
    old = {"first_answered_at": after(days=-4), "finished_at": after(days=1)}
    a_new_ticket(backend, first, after(days=-5), assignee=BEN, **done, **old)  # answered before, done in 6 days
    past = {"first_answered_at": after(days=-9, hours=1), "finished_at": after(days=-8)}
    a_new_ticket(backend, first, after(days=-9), assignee=BEN, **done, **past)  # all of it before
    a_new_ticket(backend, second, after(days=5), assignee=ANNA)


def sold_and_refunded(backend, first, second):
    """Sell two scarves and a hat in each shop; of the first shop one scarf is refunded. Four cases, one too old."""
    order, other = (store(backend, an_order(backend, shop, paid_at=after(hours=1))) for shop in (first, second))
    assert {line.sku: int(line.quantity) for line in order.lines} == {SCARF: 2, HAT: 1}
    refund = put(backend, "refunds", a_new_refund(backend, order, ledger_of(backend, order)))

    def pay(tx):
        ledger = booked(tx.refund_ledgers.of(order), refund, at=NOW)
        tx.refund_ledgers.save(ledger.moved(refund.id, refund.taken, at=NOW))

    transact(backend, pay)
    for reason, opened_at in (("size", 1), ("quality", 2), ("size", 3), ("late", -1)):
        case = a_new_case(backend, other, reason=reason, opened_at=after(days=opened_at))
        put(backend, "cases", case)


def figures_of(backend, by=ROOT, period=PERIOD):
    return FiguresView.of(figures(backend.aftersales_queries, by, period, now=END))


def two_shops(backend):
    first, second = store(backend, a_new_shop(backend)), store(backend, a_new_shop(backend))
    tickets_of_two_shops(backend, first, second)
    sold_and_refunded(backend, first, second)
    return first, second


def test_open_and_overdue_tickets_by_shop_and_state(backend):
    first, second = two_shops(backend)

    assert figures_of(backend).queue == [
        QueueRowView(shop_id=first.id, state="answered", tickets=1, warning=0, overdue=0),
        QueueRowView(shop_id=first.id, state="done", tickets=2, warning=0, overdue=0),
        QueueRowView(shop_id=first.id, state="open", tickets=2, warning=1, overdue=1),
        QueueRowView(shop_id=second.id, state="open", tickets=1, warning=0, overdue=0),
    ]


def test_times_of_what_was_answered_and_done_in_the_period(backend):
    two_shops(backend)
    found = figures_of(backend)

    # 30 min and 2 h: (1,800 s + 7,200 s) / 2; of two the lower is the median
    assert found.first_response == DurationsView(tickets=2, mean_s=4_500, median_s=1_800, longest_s=7_200)
    # 4 h and 6 days: (14,400 s + 518,400 s) / 2
    assert found.handling == DurationsView(tickets=2, mean_s=266_400, median_s=14_400, longest_s=518_400)


def test_times_are_working_time_of_each_shops_calendar(backend):
    first, _ = two_shops(backend)
    terms = AftersalesTerms(id=backend.new_id(), shop_id=first.id, created_at=NOW, updated_at=NOW)
    change = terms.changed(calendar=WEEKDAYS_9_TO_6, at=NOW)
    transact(backend, lambda tx: record(tx, tx.aftersales_terms, change))
    found = figures_of(backend)

    # opened on a Monday at 10:00 and answered at 10:30; on Tuesday at 10:00, answered at 12:00
    assert found.first_response == DurationsView(tickets=2, mean_s=4_500, median_s=1_800, longest_s=7_200)
    # 10:00 to 14:00; from a Wednesday at 10:00 to the Tuesday after at 10:00 four days of 9 h: 14,400 s and 129,600 s
    assert found.handling == DurationsView(tickets=2, mean_s=72_000, median_s=14_400, longest_s=129_600)
    assert backend.aftersales_queries.hours_of(of(first.id), None) == {first.id: WEEKDAYS_9_TO_6}
    assert backend.aftersales_queries.hours_of(of(backend.new_id()), first.id) == {}


def test_a_case_that_goes_on_for_another_is_one_reason(backend):
    shop = store(backend, a_new_shop(backend))
    order = store(backend, an_order(backend, shop, paid_at=after(hours=1)))
    closed = put(backend, "cases", a_new_case(backend, order, reason="size", opened_at=after(days=1)))
    put(backend, "cases", a_new_case(backend, order, reason="size", opened_at=after(days=1), linked_to=closed.id))

    assert [(row.name, row.count) for row in figures_of(backend).reasons] == [("size", 1)]


def test_workload_counts_what_an_agent_finished_whenever_it_was_opened(backend):
    two_shops(backend)

    assert figures_of(backend).workload == [
        WorkloadView(agent="anna", in_hand=2, finished=1),
        WorkloadView(agent="ben", in_hand=1, finished=1),
    ]


def test_reasons_and_refund_rates(backend):
    first, second = two_shops(backend)
    found = figures_of(backend)

    assert [(row.name, row.count) for row in found.reasons] == [("size", 2), ("quality", 1)]
    # scarves: 1 of 2 + 2; hats: none of 1 + 1
    by_sku = {row.name: (row.refunded_over_sold, row.per_10000) for row in found.refund_rate_by_sku}
    assert by_sku == {SCARF: ("1/4", 2_500), HAT: ("0/1", 0)}
    # the first shop: 1 of 3 units; the second: none of 3
    by_shop = {row.name: (row.refunded_over_sold, row.per_10000) for row in found.refund_rate_by_shop}
    assert by_shop == {str(first.id): ("1/3", 3_333), str(second.id): ("0/1", 0)}


def test_figures_of_one_shop_and_only_of_ones_own(backend):
    first, second = two_shops(backend)

    of_second = figures_of(backend, period=Period(start=NOW, stop=END, shop_id=second.id))
    assert [(row.state, row.tickets) for row in of_second.queue] == [("open", 1)]
    assert (of_second.first_response.tickets, of_second.handling.mean_s) == (0, None)
    assert [row.refunded_over_sold for row in of_second.refund_rate_by_shop] == ["0/1"]
    assert figures_of(backend, by=of(second.id)) == of_second
    assert figures_of(backend, by=of(first.id)).reasons == []
