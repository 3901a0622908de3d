"""Texts for people, by code and language. Chinese where nobody asks otherwise."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

LANGUAGES: Final = ("zh", "en")

NAMED: Final = {
    "state": "states",
    "theirs": "states",
    "move": "moves",
    "allowed": "moves",
    "permission": "permissions",
    "flags": "flags",
    "kind": "flags",
}
"""Facts of a refusal whose values have texts of their own, and where those stand."""


@cache
def catalogue(language: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the texts of a language: ``problems``, ``states``, ``moves`` …, each by code."""
    return tomllib.loads(files(__package__).joinpath("texts", f"{language}.toml").read_text("utf-8"))


def language_of(accept_language: str) -> str:
    """Return the best known language of an ``Accept-Language`` header.

    >>> language_of(""), language_of("fr, en-GB;q=0.8, zh;q=0.1"), language_of("en;q=0, *")
    ('zh', 'en', 'zh')
    """
    best, best_weight = LANGUAGES[0], 0.0
    for part in accept_language[:200].split(","):
        tag, _, parameter = part.strip().partition(";")
        language = tag.strip().lower().partition("-")[0]
        weight = _weight(parameter)
        if language in LANGUAGES and weight > best_weight:
            best, best_weight = language, weight
    return best


def title(code: str, language: str) -> str:
    """Return what a code means in general."""
    problems = catalogue(language)["problems"]
    return str(problems.get(code, problems["http.failure"])["title"])


def detail(code: str, facts: Mapping[str, Any], language: str) -> str:
    """Return what happened this time, from the facts of a refusal; they must be plain already."""
    texts = catalogue(language)
    problem = texts["problems"].get(code, texts["problems"]["http.failure"])
    shown = {name: _shown(name, value, texts) for name, value in facts.items()}
    return str(problem.get("detail", problem["title"])).format_map(_Facts(shown))


class _Facts(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "?"


def _shown(name: str, value: Any, texts: Mapping[str, Mapping[str, Any]]) -> str:
    if isinstance(value, list):
        return "、".join(_shown(name, each, texts) for each in value) or "-"
    if isinstance(value, dict):
        return str(value.get("text", value))
    return str(texts.get(NAMED.get(name, ""), {}).get(str(value), value))


def _weight(parameter: str) -> float:
    name, _, number = parameter.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return min(max(float(number), 0.0), 1.0)
    except ValueError:
        return 0.0
