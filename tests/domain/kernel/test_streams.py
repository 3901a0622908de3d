"""Each event is in the stream of a document that it names."""

import pytest
from attrs import fields
from tests.golden.examples import EXAMPLES


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.type)
def test_an_event_is_about_a_document_that_it_names(event):
    assert event.stream in [getattr(event, each.name) for each in fields(type(event))]
