"""Which language a caller reads."""

from __future__ import annotations

from oms_adapters.texts.catalogue import LANGUAGES


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


def _weight(parameter: str) -> float:
    name, _, number = parameter.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return min(max(float(number), 0.0), 1.0)
    except ValueError:
        return 0.0
