"""What is published is unique: the codes of refusals, the types of events."""

import importlib
import inspect
import pkgutil
import re
from collections import defaultdict

import pytest

import oms_app
import oms_domain
from oms_domain.kernel.change import Event
from oms_domain.kernel.errors import OmsError

DOTTED = re.compile(r"[a-z_]+\.[a-z_]+")


def classes(root):
    """All classes below ``root`` that the packages define, by where they stand."""
    for package in (oms_domain, oms_app):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            module = importlib.import_module(found.name)
            for cls in vars(module).values():
                if inspect.isclass(cls) and issubclass(cls, root) and cls.__module__ == found.name:
                    yield cls


def shared(keyed):
    """Return what stands under one key together."""
    by_key = defaultdict(list)
    for key, cls in keyed:
        by_key[key].append(cls.__qualname__)
    return {key: names for key, names in by_key.items() if len(names) > 1}


def without(name, found):
    """Return the classes that do not say ``name`` themselves."""
    return [cls.__qualname__ for cls in found if name not in vars(cls)]


def concrete_events():
    found = list(classes(Event))
    parents = {parent for cls in found for parent in cls.__mro__[1:]}
    return [cls for cls in found if cls not in parents]


def test_every_refusal_has_a_code_of_its_own():
    refusals = list(classes(OmsError))

    assert len(refusals) > 20
    assert without("code", refusals) == []
    assert shared((cls.code, cls) for cls in refusals) == {}
    assert [cls.code for cls in refusals if not DOTTED.fullmatch(cls.code)] == []


def test_every_event_has_a_type_and_version_of_its_own():
    events = concrete_events()

    assert len(events) > 20
    assert without("type", events) == []
    assert shared(((cls.type, cls.version), cls) for cls in events) == {}
    assert [cls.type for cls in events if not DOTTED.fullmatch(cls.type)] == []


@pytest.mark.parametrize("event", concrete_events(), ids=lambda cls: cls.__name__)
def test_every_event_says_which_document_it_is_about(event):
    assert event.stream is not Event.stream


class Planted:
    code = "planted.code"


class PlantedToo(Planted):
    code = "planted.code"


class Inherits(Planted):
    pass


def test_a_planted_double_or_a_missing_one_is_found():
    assert shared((cls.code, cls) for cls in (Planted, PlantedToo)) == {"planted.code": ["Planted", "PlantedToo"]}
    assert without("code", [Planted, Inherits]) == ["Inherits"]
