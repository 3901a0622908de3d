"""Which rule of the family breaks which law: every one with its smallest basket, found by trying all of them.

``python -m oms_domain.testing.counterexamples`` looks for them anew and writes the file that is shipped beside this
module; ``read`` reads it. Nothing in it is typed by hand, and a test replays every basket.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from itertools import product
from typing import Any, Final

from attrs import evolve, frozen

from oms_domain.apportionment.rules import Rule, family
from oms_domain.testing.laws import LAWS, MOST_CAPPED, MOST_CAPPED_LINES, TRIVIAL, Basket, Law, smallest_counterexample

FILE: Final = files("oms_domain.testing") / "counterexamples.json"
LINES: Final = 4
MOST: Final = 5
QUANTA: Final = (1, 2, 3)
WIDER_LINES: Final = 5
WIDER_MOST: Final = 6
WIDER_CAPPED_MOST: Final = 7
HOLDS_WITH_CAPS: Final = (*(law for law in LAWS if law.with_caps), TRIVIAL)
"""The trivial ones cannot break: one line alone has a cap that suffices, or there is a refusal."""


@frozen(kw_only=True)
class Known:
    """A law that is not promised for a rule, and the smallest basket that breaks it; None: none up to the bounds."""

    rule: Rule
    law: Law
    with_caps: bool
    basket: Basket | None
    why: str = ""


def read() -> tuple[Known, ...]:
    """Return what the file says."""
    laws = {law.number: law for law in LAWS}
    return tuple(
        Known(
            rule=Rule(*row["rule"]),
            law=laws[row["law"]],
            with_caps=row["with_caps"],
            basket=Basket(**{name: _value(value) for name, value in row["basket"].items()}) if row["basket"] else None,
            why=row["why"],
        )
        for row in json.loads(FILE.read_text(encoding="utf-8"))["found"]
    )


def bounds() -> Mapping[str, Any]:
    """Return up to where was searched."""
    found: Mapping[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))["bounds"]
    return found


def look(rules: Iterable[Rule] = family(), laws: Sequence[Law] = LAWS) -> Iterator[Known]:
    """Look for a basket that breaks a law, for every rule and law not promised for it: small ones, then wider."""
    for rule in rules:
        for law in laws:
            for with_caps in (False, True):
                if law in HOLDS_WITH_CAPS if with_caps else law.promised_for(rule):
                    continue
                found = smallest_counterexample(rule, law, lines=LINES, most=MOST, quanta=QUANTA, caps=with_caps)
                basket, why = found or _wider_counterexample(rule, law, with_caps) or (None, "")
                yield Known(rule=rule, law=law, with_caps=with_caps, basket=basket, why=why)


def _wider_counterexample(rule: Rule, law: Law, with_caps: bool) -> tuple[Basket, str] | None:
    """Look further where no small basket breaks a law: more lines, or larger weights under caps; each weighs something.

    Lines are exchanged only end for end, so that it takes seconds a law and not minutes.
    """
    for basket in _wider_capped() if with_caps else _wider():
        if why := law.breach(rule, basket):
            return basket, why
    return None


def _wider() -> Iterator[Basket]:
    rows = _rows(WIDER_LINES, WIDER_MOST)
    for total, weights in product(range(1, WIDER_MOST + 1), rows):
        yield _turned_round(total, weights)


def _wider_capped() -> Iterator[Basket]:
    rows = _rows(MOST_CAPPED_LINES, WIDER_CAPPED_MOST)
    for total, weights in product(range(1, MOST_CAPPED + 1), rows):
        for caps in product(range(total + 1), repeat=MOST_CAPPED_LINES):
            if sum(caps) >= total:
                yield evolve(_turned_round(total, weights), caps=caps)


def _rows(lines: int, most: int) -> list[tuple[int, ...]]:
    return sorted(product(range(1, most + 1), repeat=lines), key=lambda row: (sum(row), row))


def _turned_round(total: int, weights: tuple[int, ...]) -> Basket:
    return Basket(total=total, weights=weights, turned=tuple(reversed(range(len(weights)))), factor=2)


def _value(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _row(known: Known) -> dict[str, Any]:
    basket = known.basket
    return {
        "rule": [known.rule.rounding, known.rule.rest, known.rule.order],
        "law": known.law.number,
        "with_caps": known.with_caps,
        "basket": basket
        and {
            "total": basket.total,
            "weights": basket.weights,
            "quantum": basket.quantum,
            "caps": basket.caps,
            "turned": basket.turned,
            "factor": basket.factor,
        },
        "why": known.why,
    }


def main() -> None:
    """Look for all of them, and write the file. Takes a quarter of an hour."""
    rows = []
    for known in look():
        rows.append(json.dumps(_row(known), ensure_ascii=False))
        sys.stderr.write(f"\r{len(rows)} {known.rule} {known.law.name}{' with caps' if known.with_caps else ''}\033[K")
    limits = {
        "lines": LINES,
        "most": MOST,
        "quanta": QUANTA,
        "capped_lines": MOST_CAPPED_LINES,
        "most_capped": MOST_CAPPED,
        "wider_lines": WIDER_LINES,
        "wider_most": WIDER_MOST,
        "wider_capped_most": WIDER_CAPPED_MOST,
    }
    with open(str(FILE), "w", encoding="utf-8") as file:
        file.write(f'{{"bounds": {json.dumps(limits)},\n"found": [\n')
        file.write(",\n".join(rows))
        file.write("\n]}\n")


if __name__ == "__main__":
    main()
