"""What was once published can always be read: one golden file per event type and version, which is never edited.

Within a version fields are only added, with a default; anything else is a new version beside the old one.
"""

import importlib
import json
import pkgutil
from typing import Any

import pytest
from tests.golden import examples, write
from tests.golden.examples import EXAMPLES, FOLDER, golden_file, golden_text

import oms_domain
from oms_adapters.db.codec import decode_event, event_classes

each_event = pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.type)


def golden(event) -> Any:
    path = golden_file(event)
    if not path.exists():
        pytest.fail(f"{path.name} is missing: write it by `python -m tests.golden.write`, read it, commit it")
    return json.loads(path.read_text(encoding="utf-8"))


def holds(encoded: Any, published: Any) -> bool:
    """Whether everything that was published stands in what is encoded today; objects may have more fields by now."""
    if isinstance(encoded, dict) and isinstance(published, dict):
        return all(name in encoded and holds(encoded[name], value) for name, value in published.items())
    if isinstance(encoded, list) and isinstance(published, list):
        return len(encoded) == len(published) and all(map(holds, encoded, published))
    return type(encoded) is type(published) and bool(encoded == published)


def published_kinds() -> set[tuple[str, int]]:
    for module in pkgutil.walk_packages(oms_domain.__path__, "oms_domain."):
        importlib.import_module(module.name)
    return {key for key, kind in event_classes().items() if kind.__module__.startswith("oms_domain.")}


def test_every_event_of_the_domain_has_an_example():
    assert sorted(published_kinds()) == sorted((event.type, event.version) for event in EXAMPLES)


def test_every_golden_file_is_of_an_event():
    assert sorted(FOLDER.iterdir()) == sorted(map(golden_file, EXAMPLES))


@each_event
def test_an_event_is_encoded_as_it_was_published(event):
    published = golden(event)

    assert holds(json.loads(golden_text(event)), published), (
        f"{golden_file(event).name} says otherwise: make a new version instead"
    )


@each_event
def test_what_was_published_is_read_as_the_event(event):
    read = decode_event(event.type, event.version, golden(event))

    assert read == event
    assert type(read) is type(event)
    assert read.stream == event.stream


@each_event
def test_json_holds_an_event_whole(event):
    assert decode_event(event.type, event.version, json.loads(golden_text(event))) == event


@pytest.mark.parametrize(
    ("encoded", "is_held"),
    [
        ({"a": 1, "b": [{"c": "x"}]}, True),
        ({"a": 1, "b": [{"c": "x", "new": 0}], "new": 0}, True),
        ({"a": 1}, False),
        ({"a": 2, "b": [{"c": "x"}]}, False),
        ({"a": "1", "b": [{"c": "x"}]}, False),
        ({"a": True, "b": [{"c": "x"}]}, False),
        ({"a": 1, "b": [{}]}, False),
        ({"a": 1, "b": [{"c": "x"}, {"c": "x"}]}, False),
    ],
    ids=["same", "fields added", "field gone", "value", "text for number", "flag for number", "part gone", "one more"],
)
def test_only_additions_pass(encoded, is_held):
    assert holds(encoded, {"a": 1, "b": [{"c": "x"}]}) is is_held


def test_only_what_is_missing_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(examples, "FOLDER", tmp_path)
    there, missing, *_ = EXAMPLES
    golden_file(there).write_text("{}")

    written = write.write_missing((there, missing))

    assert written == [golden_file(missing)]
    assert golden_file(there).read_text() == "{}"
    assert golden_file(missing).read_text(encoding="utf-8") == golden_text(missing)
    assert write.write_missing((there, missing)) == []


def test_a_missing_file_says_how_to_write_it(tmp_path, monkeypatch):
    monkeypatch.setattr(examples, "FOLDER", tmp_path)

    with pytest.raises(pytest.fail.Exception, match=r"python -m tests\.golden\.write"):
        golden(EXAMPLES[0])
