"""All kinds of refusals that packages define."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType

from oms_domain.kernel.errors import OmsError


def every_refusal(*packages: ModuleType) -> Iterator[type[OmsError]]:
    """Yield each class, once."""
    for package in packages:
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" in found.name:
                continue
            for cls in vars(importlib.import_module(found.name)).values():
                if inspect.isclass(cls) and issubclass(cls, OmsError) and cls.__module__ == found.name:
                    yield cls
