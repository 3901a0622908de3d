"""Which rule of the family breaks which law: every one with its smallest basket, found by trying all of them.

``python -m oms_domain.testing.counterexamples`` looks for them anew and writes the file that is shipped beside this
module; ``read`` reads it. Nothing in it is typed by hand, and a test replays every basket.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any, Final

from attrs import frozen

from oms_domain.apportionment.rules import Rule, family
from oms_domain.testing.laws import LAWS, MOST_CAPPED, MOST_CAPPED_LINES, TRIVIAL, Basket, Law, smallest_counterexample

FILE: Final = files("oms_domain.testing") / "counterexamples.json"
LINES: Final = 4
MOST: Final = 5
QUANTA: Final = (1, 2, 3)
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
    """Try every basket up to the bounds, for every rule and every law that is not promised for it."""
    for rule in rules:
        for law in laws:
            for with_caps in (False, True):
                if law in HOLDS_WITH_CAPS if with_caps else law.promised_for(rule):
                    continue
                found = smallest_counterexample(rule, law, lines=LINES, most=MOST, quanta=QUANTA, caps=with_caps)
                basket, why = found or (None, "")
                yield Known(rule=rule, law=law, with_caps=with_caps, basket=basket, why=why)


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
    """Look for all of them, and write the file. Takes some minutes."""
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
    }
    with open(str(FILE), "w", encoding="utf-8") as file:
        file.write(f'{{"bounds": {json.dumps(limits)},\n"found": [\n')
        file.write(",\n".join(rows))
        file.write("\n]}\n")


if __name__ == "__main__":
    main()
