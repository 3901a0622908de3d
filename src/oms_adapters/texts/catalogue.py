"""Texts for people, by code and language. Chinese where nobody asks otherwise."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

LANGUAGES: Final = ("zh", "en")

_STATES: Final = ("states", "case_states", "return_states", "refund_states", "ticket_states")
_MOVES: Final = ("moves", "case_moves", "return_moves", "refund_moves", "ticket_moves")

NAMED: Final[Mapping[str, tuple[str, ...]]] = {
    "state": _STATES,
    "order_state": ("states",),
    "theirs": _STATES,
    "move": _MOVES,
    "allowed": (*_MOVES, "case_kinds"),
    "permission": ("permissions",),
    "flags": ("flags",),
    "kind": ("flags", "case_kinds", "compensation_kinds"),
    "why": ("why_not",),
    "what": ("merge_obstacles",),
}
"""Facts of a refusal whose values have texts of their own, and where those stand: the first that has it counts."""


@cache
def catalogue(language: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the texts of a language: ``problems``, ``states``, ``moves`` …, each by code."""
    return tomllib.loads(files(__package__).joinpath(f"{language}.toml").read_text("utf-8"))


def title(code: str, language: str) -> str:
    """Return what a code means in general."""
    return str(_problem(code, language)["title"])


def detail(code: str, facts: Mapping[str, Any], language: str) -> str:
    """Return what happened this time, from the facts of a refusal."""
    texts, problem = catalogue(language), _problem(code, language)
    between = "、" if language == "zh" else ", "
    shown = {name: _shown(name, value, texts, between) for name, value in facts.items()}
    return str(problem.get("detail", problem["title"])).format_map(_Facts(shown))


def next_step(codes: Iterable[str], language: str) -> str:
    """Return what to do on the command line about the first of ``codes`` that has such a text, empty if none has."""
    steps = catalogue(language)["next"]
    return next((str(steps[code]) for code in codes if code in steps), "")


def _problem(code: str, language: str) -> Mapping[str, Any]:
    texts = catalogue(language)
    section = next((each for each in ("problems", "command") if code in texts[each]), None)
    found: Mapping[str, Any] = texts[section][code] if section else texts["problems"]["http.failure"]
    return found


class _Facts(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "?"


def _shown(name: str, value: Any, texts: Mapping[str, Mapping[str, Any]], between: str) -> str:
    if isinstance(value, list | tuple):
        return between.join(_shown(name, each, texts, between) for each in value) or "-"
    if isinstance(value, dict):
        return str(value.get("text", value))
    found = (texts[section][str(value)] for section in NAMED.get(name, ()) if str(value) in texts[section])
    return str(next(found, value))
