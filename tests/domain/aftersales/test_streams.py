"""Each fact of aftersales belongs to one document: its case, return order, ticket or refund order."""

from oms_domain.testing.aftersales import (
    CASE,
    KEFU,
    REFUND,
    RETURN,
    TICKET,
    a_case,
    a_refund,
    a_return,
    a_ticket,
)
from oms_domain.testing.builders import NOW


def test_facts_belong_to_the_document_that_they_tell_of():
    told = (
        a_case().reject("样例", by=KEFU, at=NOW),
        a_return().asked(at=NOW),
        a_ticket().opened(at=NOW),
        a_refund().approve(by=KEFU, at=NOW),
    )

    assert [{event.stream for event in change.events} for change in told] == [{CASE}, {RETURN}, {TICKET}, {REFUND}]
