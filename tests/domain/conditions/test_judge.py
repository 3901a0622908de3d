"""A condition holds or not, and says which tests settle it."""

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.conditions.facts import CATALOGUE, Facts, Row, facts

from oms_domain.conditions.fields import Catalogue, FieldKind
from oms_domain.conditions.form import checked, read_condition, write_condition
from oms_domain.conditions.judge import MOST_FINDINGS, Finding, judge
from oms_domain.conditions.operators import OPERATORS, Op
from oms_domain.conditions.tree import AllLines, AllOf, AnyLine, AnyOf, Check, CountLines, Not
from oms_domain.testing.builders import NOW
from oms_domain.testing.conditions import conditions, line_conditions

any_condition = conditions(CATALOGUE)
DEAR = Check("payable_fen", Op.AT_LEAST, 50000)
URGENT = Check("remark", Op.CONTAINS_ANY, ("加急", "急"))
MANY = Check("units", Op.AT_LEAST, 3)


def holds(condition, **changes):
    return judge(condition, Facts(**changes), CATALOGUE, at=NOW).holds


# --- laws ------------------------------------------------------------------------------------------------------------


@given(any_condition, facts)
def test_not_not_is_nothing_at_all(condition, given_facts):
    plain = judge(condition, given_facts, CATALOGUE, at=NOW)
    twice = judge(Not(Not(condition)), given_facts, CATALOGUE, at=NOW)

    assert twice.holds is plain.holds
    assert [evolve(f, path=f.path.removeprefix("not.not").lstrip(".")) for f in twice.findings] == list(plain.findings)


@given(st.lists(any_condition, min_size=1, max_size=3).map(tuple), facts)
def test_de_morgan(parts, given_facts):
    def says(condition):
        return judge(condition, given_facts, CATALOGUE, at=NOW).holds

    assert says(Not(AllOf(parts))) is says(AnyOf(tuple(map(Not, parts))))
    assert says(Not(AnyOf(parts))) is says(AllOf(tuple(map(Not, parts))))


@given(line_conditions(CATALOGUE), facts)
def test_de_morgan_over_lines(of, given_facts):
    def says(condition):
        return judge(condition, given_facts, CATALOGUE, at=NOW).holds

    assert says(Not(AnyLine(of))) is says(AllLines(Not(of)))
    assert says(AnyLine(of)) is says(CountLines(of, 1))
    assert says(AllLines(of)) is says(CountLines(Not(of), 0, 0))


def known(condition, settled, rows, path=""):
    """Evaluate with nothing known but the tests of ``settled``, by path and line: True, False, or None for unknown."""

    def below(name):
        return f"{path}.{name}" if path else name

    def all_of(values):
        return False if False in values else None if None in values else True

    def flip(value):
        return None if value is None else not value

    match condition:
        case Check():
            return settled.get(path)
        case AllOf(of=parts):
            return all_of([known(part, settled, rows, below(f"all[{n}]")) for n, part in enumerate(parts)])
        case AnyOf(of=parts):
            each = [known(part, settled, rows, below(f"any[{n}]")) for n, part in enumerate(parts)]
            return flip(all_of(list(map(flip, each))))
        case Not(of=part):
            return flip(known(part, settled, rows, below("not")))
    name = {AnyLine: "any_line", AllLines: "all_lines", CountLines: "count_lines"}[type(condition)]
    each = [known(condition.of, rows.get(n, {}), {}, below(name)) for n in range(rows["count"])]
    match condition:
        case AnyLine():
            return flip(all_of(list(map(flip, each))))
        case AllLines():
            return all_of(each)
    low, high = each.count(True), len(each) - each.count(False)
    most = condition.at_most if condition.at_most is not None else len(each)
    if condition.at_least <= low and high <= most:
        return True
    return False if high < condition.at_least or low > most else None


@given(any_condition, facts)
def test_the_tests_that_a_verdict_names_settle_it_whatever_all_the_others_say(condition, given_facts):
    verdict = judge(condition, given_facts, CATALOGUE, at=NOW)

    rows = {"count": len(given_facts.rows)}
    for finding in verdict.findings:
        rows.setdefault(finding.line, {})[finding.path] = finding.held
    assert verdict.left_off == 0
    assert known(condition, rows.get(None, {}), rows) is verdict.holds


@given(any_condition, facts)
def test_what_is_written_and_read_again_is_the_same_and_judges_the_same(condition, given_facts):
    again = read_condition(write_condition(condition), CATALOGUE)

    assert again == condition == checked(condition, CATALOGUE)
    assert judge(again, given_facts, CATALOGUE, at=NOW) == judge(condition, given_facts, CATALOGUE, at=NOW)


@given(any_condition, facts)
def test_each_test_reads_its_field_once_and_once_a_line(condition, given_facts):
    reads = []

    def counting(field):
        return evolve(field, read=lambda subject: (reads.append(field.name), field.read(subject))[1])

    counted = evolve(
        CATALOGUE,
        fields=tuple(map(counting, CATALOGUE.fields)),
        line_fields=tuple(map(counting, CATALOGUE.line_fields)),
    )

    judge(condition, given_facts, counted, at=NOW)

    assert len(reads) == cost(condition, len(given_facts.rows))


def cost(condition, lines):
    match condition:
        case Check():
            return 1
        case AllOf(of=parts) | AnyOf(of=parts):
            return sum(cost(part, lines) for part in parts)
        case Not(of=part):
            return cost(part, lines)
    return lines * cost(condition.of, 1)


# --- worked examples -------------------------------------------------------------------------------------------------


def test_a_verdict_that_holds_names_what_matched():
    verdict = judge(AnyOf((DEAR, URGENT)), Facts(remark="请加急", payable_fen=60000), CATALOGUE, at=NOW)

    assert verdict.holds
    assert verdict.findings == (
        Finding(path="any[0]", field="payable_fen", op=Op.AT_LEAST, value=50000, seen=60000, held=True),
        Finding(
            path="any[1]",
            field="remark",
            op=Op.CONTAINS_ANY,
            value=("加急", "急"),
            seen="请加急",
            held=True,
            hits=("加急", "急"),
        ),
    )


def test_a_verdict_that_does_not_hold_names_what_is_in_the_way_and_nothing_else():
    verdict = judge(AllOf((DEAR, Not(URGENT))), Facts(remark="急", payable_fen=60000), CATALOGUE, at=NOW)

    assert not verdict.holds
    assert [(finding.path, finding.held) for finding in verdict.findings] == [("all[1].not", True)]


def test_of_lines_those_are_named_that_settle_it():
    three = Facts(rows=(Row(units=1), Row(units=5), Row(units=3)))

    verdict = judge(AnyLine(MANY), three, CATALOGUE, at=NOW)

    assert [(f.path, f.line, f.seen) for f in verdict.findings] == [("any_line", 1, 5), ("any_line", 2, 3)]


@pytest.mark.parametrize(
    ("condition", "holds_for_three", "named"),
    [
        (CountLines(MANY, 2), True, [1, 2]),
        (CountLines(MANY, 3), False, [0]),
        (CountLines(MANY, 0, 1), False, [1, 2]),
        (CountLines(MANY, 1, 2), True, [0, 1, 2]),
        (AllLines(MANY), False, [0]),
    ],
)
def test_lines_are_counted(condition, holds_for_three, named):
    three = Facts(rows=(Row(units=1), Row(units=5), Row(units=3)))

    verdict = judge(condition, three, CATALOGUE, at=NOW)

    assert (verdict.holds, [finding.line for finding in verdict.findings]) == (holds_for_three, named)


def test_what_is_personal_is_seen_through_its_mask_and_no_hit_tells_it():
    verdict = judge(Check("street", Op.CONTAINS_ANY, ("示例",)), Facts(street="示例路1号"), CATALOGUE, at=NOW)

    assert [(finding.seen, finding.hits) for finding in verdict.findings] == [("示***", ())]


def test_a_long_order_gives_a_short_answer_that_counts_the_rest():
    verdict = judge(AllLines(MANY), Facts(rows=(Row(units=1),) * 1000), CATALOGUE, at=NOW)

    assert (len(verdict.findings), verdict.left_off) == (MOST_FINDINGS, 900)


def test_a_long_text_is_cut_where_it_is_shown():
    verdict = judge(URGENT, Facts(remark="样" * 500), CATALOGUE, at=NOW)
    tags = judge(Check("tags", Op.IS_EMPTY), Facts(tags=tuple(map(str, range(30)))), CATALOGUE, at=NOW)

    assert verdict.findings[0].seen == "样" * 79 + "…"
    assert tags.findings[0].seen == (*map(str, range(20)), "…")


@pytest.mark.parametrize(
    ("check", "changes", "expected"),
    [
        (Check("remark", Op.EQUALS, "加急"), {"remark": " 加急 "}, True),
        (Check("remark", Op.EQUALS, "sf"), {"remark": "ＳＦ"}, True),
        (Check("remark", Op.IN, ("a", "b")), {"remark": "B"}, True),
        (Check("remark", Op.IN, ("a", "b")), {"remark": "ab"}, False),
        (Check("remark", Op.CONTAINS_ANY, ("a", "b")), {"remark": "xxb"}, True),
        (Check("remark", Op.CONTAINS_ALL, ("a", "b")), {"remark": "xxb"}, False),
        (Check("remark", Op.CONTAINS_ALL, ("a", "b")), {"remark": "bxa"}, True),
        (Check("remark", Op.MATCHES_WORDS, ("sf",)), {"remark": "请发SF，谢谢"}, True),
        (Check("remark", Op.MATCHES_WORDS, ("sf",)), {"remark": "sfx"}, False),
        (Check("remark", Op.MATCHES_WORDS, ("sf",)), {"remark": "sfx sf"}, True),
        (Check("remark", Op.MATCHES_WORDS, ("2",)), {"remark": "12件"}, False),
        (Check("remark", Op.MATCHES_WORDS, ("2", "件")), {"remark": "2件"}, True),
        (Check("remark", Op.STARTS_WITH, ("加", "急")), {"remark": " 急件"}, True),
        (Check("remark", Op.STARTS_WITH, ("加", "急")), {"remark": "请加急"}, False),
        (Check("remark", Op.IS_EMPTY), {"remark": " \t"}, True),
        (Check("remark", Op.IS_EMPTY), {"remark": "x"}, False),
        (Check("payable_fen", Op.EQUALS, 50000), {}, True),
        (Check("payable_fen", Op.AT_LEAST, 50001), {}, False),
        (Check("payable_fen", Op.AT_MOST, 50000), {}, True),
        (Check("payable_fen", Op.BETWEEN, (50000, 50000)), {}, True),
        (Check("payable_fen", Op.BETWEEN, (0, 49999)), {}, False),
        (Check("payable_fen", Op.IS_EMPTY), {"payable_fen": 0}, False),
        (Check("orders", Op.IN, (1, 2)), {}, True),
        (Check("tags", Op.CONTAINS_ANY, ("a", "b")), {"tags": ("b", "c")}, True),
        (Check("tags", Op.CONTAINS_ALL, ("a", "b")), {"tags": ("b", "c")}, False),
        (Check("tags", Op.ONLY_IN, ("a", "b")), {"tags": ("b",)}, True),
        (Check("tags", Op.ONLY_IN, ("a", "b")), {"tags": ("b", "c")}, False),
        (Check("tags", Op.IS_EMPTY), {}, True),
        (Check("is_new", Op.EQUALS, True), {}, True),
        (Check("is_new", Op.IS_EMPTY), {"is_new": False}, False),
        (Check("paid_at", Op.AT_LEAST, NOW), {}, True),
        (Check("paid_at", Op.WITHIN_MINUTES, 5), {"paid_at": NOW - timedelta(minutes=5)}, True),
        (Check("paid_at", Op.WITHIN_MINUTES, 5), {"paid_at": NOW - timedelta(minutes=6)}, False),
        (Check("paid_at", Op.WITHIN_MINUTES, 5), {"paid_at": NOW + timedelta(minutes=1)}, False),
        (Check("paid_at", Op.OLDER_THAN_MINUTES, 5), {"paid_at": NOW - timedelta(minutes=5)}, False),
        (Check("paid_at", Op.OLDER_THAN_MINUTES, 5), {"paid_at": NOW - timedelta(minutes=5, microseconds=1)}, True),
    ],
)
def test_what_each_test_means(check, changes, expected):
    assert holds(check, **changes) is expected


EVERY_TEST = [(kind, op) for kind in FieldKind for op in OPERATORS[kind]]


@pytest.mark.parametrize(("kind", "op"), EVERY_TEST)
def test_what_is_not_known_passes_no_test_but_that_for_emptiness(kind, op):
    field = next(one for one in CATALOGUE.fields if one.kind is kind)

    assert holds(Check(field.name, op, ()), **{field.name: None}) is (op is Op.IS_EMPTY)


def test_a_catalogue_may_have_no_lines():
    no_lines = Catalogue(fields=CATALOGUE.fields)

    assert judge(DEAR, Facts(), no_lines, at=NOW).holds


def test_no_lines_all_lines():
    assert holds(AllLines(MANY), rows=())
    assert not holds(AnyLine(MANY), rows=())


def test_a_remark_made_to_be_slow_is_not():
    words = tuple("a" * n + "b" for n in range(1, 90))

    verdict = judge(Check("remark", Op.MATCHES_WORDS, words), Facts(remark="a" * 5000), CATALOGUE, at=NOW)

    assert not verdict.holds


def test_times_are_instants():
    noon = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

    assert holds(Check("paid_at", Op.BETWEEN, (noon, noon + timedelta(hours=1))), paid_at=noon)
