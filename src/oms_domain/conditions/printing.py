"""Conditions and findings as sentences for people, in Chinese and English, with the names of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal, assert_never

from attrs import frozen

from oms_domain.conditions.fields import Catalogue, Field, FieldKind
from oms_domain.conditions.judge import Finding, Verdict
from oms_domain.conditions.operators import Op
from oms_domain.conditions.tree import AllLines, AllOf, AnyLine, AnyOf, Check, Condition, CountLines, Not
from oms_domain.kernel.money import Money, print_money
from oms_domain.kernel.time import print_china_time

Language = Literal["zh", "en"]

MOST_PRINTED: Final = 10
"""Values of a list that are printed; the rest is counted."""


@frozen(kw_only=True)
class _Words:
    tests: Mapping[Op, str]
    all_of: str
    any_of: str
    not_: str
    any_line: str
    all_lines: str
    count_lines: str
    at_least: str
    at_most: str
    yes: str
    no: str
    unknown: str
    quoted: str
    comma: str
    more: str
    seen: str
    hits: str
    line: str


_WORDS: Final[Mapping[Language, _Words]] = {
    "zh": _Words(
        tests={
            Op.EQUALS: "{field} = {value}",
            Op.IN: "{field} 是 {value} 之一",
            Op.CONTAINS_ANY: "{field} 含 {value} 之一",
            Op.CONTAINS_ALL: "{field} 含全部 {value}",
            Op.ONLY_IN: "{field} 只有 {value}",
            Op.MATCHES_WORDS: "{field} 含词 {value}",
            Op.STARTS_WITH: "{field} 以 {value} 之一开头",
            Op.AT_LEAST: "{field} ≥ {value}",
            Op.AT_MOST: "{field} ≤ {value}",
            Op.BETWEEN: "{field} 在 {low} 至 {high} 之间",
            Op.WITHIN_MINUTES: "{field} 距今不超过 {value} 分钟",
            Op.OLDER_THAN_MINUTES: "{field} 距今超过 {value} 分钟",
            Op.IS_EMPTY: "{field} 为空",
        },
        all_of=" 且 ",
        any_of=" 或 ",
        not_="非（{of}）",
        any_line="任一行（{of}）",
        all_lines="每一行（{of}）",
        count_lines="满足（{of}）的行数 {bounds}",
        at_least="≥ {n}",
        at_most="≤ {n}",
        yes="是",
        no="否",
        unknown="未知",
        quoted="“{text}”",
        comma="、",
        more="等 {n} 项",
        seen="{test}（实为 {seen}）",
        hits="{test}（命中 {hits}）",
        line="第 {n} 行：{text}",
    ),
    "en": _Words(
        tests={
            Op.EQUALS: "{field} = {value}",
            Op.IN: "{field} is one of {value}",
            Op.CONTAINS_ANY: "{field} contains one of {value}",
            Op.CONTAINS_ALL: "{field} contains all of {value}",
            Op.ONLY_IN: "{field} has only {value}",
            Op.MATCHES_WORDS: "{field} has the words {value}",
            Op.STARTS_WITH: "{field} starts with one of {value}",
            Op.AT_LEAST: "{field} ≥ {value}",
            Op.AT_MOST: "{field} ≤ {value}",
            Op.BETWEEN: "{field} is between {low} and {high}",
            Op.WITHIN_MINUTES: "{field} is at most {value} minutes ago",
            Op.OLDER_THAN_MINUTES: "{field} is more than {value} minutes ago",
            Op.IS_EMPTY: "{field} is empty",
        },
        all_of=" and ",
        any_of=" or ",
        not_="not ({of})",
        any_line="any line ({of})",
        all_lines="every line ({of})",
        count_lines="number of lines with ({of}) {bounds}",
        at_least="≥ {n}",
        at_most="≤ {n}",
        yes="yes",
        no="no",
        unknown="not known",
        quoted='"{text}"',
        comma=", ",
        more=" and others, {n} in all",
        seen="{test} (it is {seen})",
        hits="{test} (found {hits})",
        line="line {n}: {text}",
    ),
}


def print_condition(condition: Condition, catalogue: Catalogue[Any, Any], language: Language = "zh") -> str:
    """Return a condition as one sentence, such as ``应付金额 ≥ 500.00 且 买家留言 为空``. Times are China's."""
    return _Printer(catalogue, language).condition(condition, of_line=False)


def print_finding(finding: Finding, catalogue: Catalogue[Any, Any], language: Language = "zh") -> str:
    """Return a test with what it saw, such as ``应付金额 ≥ 500.00（实为 612.00）``."""
    return _Printer(catalogue, language).finding(finding)


def print_verdict(verdict: Verdict, catalogue: Catalogue[Any, Any], language: Language = "zh") -> tuple[str, ...]:
    """Return a sentence for each test that settled a verdict."""
    return tuple(print_finding(finding, catalogue, language) for finding in verdict.findings)


@frozen
class _Printer:
    catalogue: Catalogue[Any, Any]
    language: Language

    @property
    def words(self) -> _Words:
        return _WORDS[self.language]

    def condition(self, condition: Condition, *, of_line: bool) -> str:
        words = self.words
        match condition:
            case Check():
                return self._check(condition, self._field(condition.field, of_line=of_line))
            case AllOf(of=parts):
                return words.all_of.join(self._part(part, of_line=of_line) for part in parts)
            case AnyOf(of=parts):
                return words.any_of.join(self._part(part, of_line=of_line) for part in parts)
            case Not(of=part):
                return words.not_.format(of=self.condition(part, of_line=of_line))
            case AnyLine(of=part):
                return words.any_line.format(of=self.condition(part, of_line=True))
            case AllLines(of=part):
                return words.all_lines.format(of=self.condition(part, of_line=True))
            case CountLines(of=part, at_least=at_least, at_most=at_most):
                bounds = [words.at_least.format(n=at_least)] if at_least or at_most is None else []
                bounds += [] if at_most is None else [words.at_most.format(n=at_most)]
                of = self.condition(part, of_line=True)
                return words.count_lines.format(of=of, bounds=words.all_of.join(bounds))
            case _:
                assert_never(condition)

    def finding(self, finding: Finding) -> str:
        words = self.words
        field = self._field(finding.field, of_line=finding.line is not None)
        text = self._check(Check(finding.field, finding.op, finding.value), field)
        if finding.hits:
            text = words.hits.format(test=text, hits=self._value(finding.hits, field))
        elif finding.op is not Op.IS_EMPTY or not finding.held:
            text = words.seen.format(test=text, seen=self._value(finding.seen, field))
        return text if finding.line is None else words.line.format(n=finding.line + 1, text=text)

    def _part(self, condition: Condition, *, of_line: bool) -> str:
        text = self.condition(condition, of_line=of_line)
        several = isinstance(condition, AllOf | AnyOf) and len(condition.of) > 1
        return f"({text})" if several else text

    def _field(self, name: str, *, of_line: bool) -> Field[Any]:
        return self.catalogue.line_field(name) if of_line else self.catalogue.whole_field(name)

    def _check(self, check: Check, field: Field[Any]) -> str:
        name = field.zh if self.language == "zh" else field.en
        test, value = self.words.tests[check.op], check.value
        if check.op is Op.BETWEEN and isinstance(value, tuple):
            return test.format(field=name, low=self._value(value[0], field), high=self._value(value[1], field))
        if check.op in (Op.WITHIN_MINUTES, Op.OLDER_THAN_MINUTES):
            return test.format(field=name, value=value)
        return test.format(field=name, value=self._value(value, field))

    def _value(self, value: Any, field: Field[Any]) -> str:
        words = self.words
        if isinstance(value, tuple):
            shown = words.comma.join(self._value(one, field) for one in value[:MOST_PRINTED])
            return shown if len(value) <= MOST_PRINTED else shown + words.more.format(n=len(value))
        match value:
            case None:
                return words.unknown
            case bool():
                return words.yes if value else words.no
            case datetime():
                return print_china_time(value)
            case int() if field.kind is FieldKind.AMOUNT:
                return print_money(Money(value))
            case str():
                return words.quoted.format(text=value)
        return str(value)
