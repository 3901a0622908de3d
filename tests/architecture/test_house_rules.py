"""House rules that no linter knows. Each is shown to find what breaks it, and to leave its neighbours alone."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from attrs import frozen

SRC = Path(__file__).parents[2] / "src"
DOMAIN, APP, ADAPTERS, EVERYWHERE = "oms_domain", "oms_app", "oms_adapters", ""

Findings = Iterator[tuple[ast.AST, str]]


@frozen(kw_only=True)
class Rule:
    """``check`` yields what breaks the rule; ``planted`` must be found, ``innocent`` must not."""

    name: str
    check: Callable[[ast.Module], Findings]
    where: tuple[str, ...]
    planted: tuple[str, ...]
    innocent: tuple[str, ...] = ()
    but_not_in: tuple[str, ...] = ()


# --- reading a tree --------------------------------------------------------------------------------------------------


def last_name(node: ast.AST) -> str:
    """The name that an expression ends in: of ``a.b.sign(x)`` and ``params["sign"]`` it is ``sign``."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
        case ast.Call(func=func):
            return last_name(func)
    return ""


def owner(node: ast.AST) -> str:
    """Of ``datetime.datetime.now`` it is ``datetime``, of a bare name nothing."""
    return last_name(node.value) if isinstance(node, ast.Attribute) else ""


def imported(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)


def calls(tree: ast.Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


# --- the rules -------------------------------------------------------------------------------------------------------


def floats(tree: ast.Module) -> Findings:
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=float() | complex()):
                yield node, "a float literal"
            case ast.Name(id="float"):
                yield node, "float"
            case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
                yield node, "true division"
            case ast.Attribute(attr="timestamp" | "total_seconds" | "truediv" as name):
                yield node, f".{name} is a float"


IMPURE = (
    "asyncio",
    "http",
    "importlib",
    "io",
    "logging",
    "os",
    "pathlib",
    "random",
    "secrets",
    "shutil",
    "socket",
    "sqlite3",
    "subprocess",
    "tempfile",
    "time",
    "urllib",
)


def impurities(tree: ast.Module) -> Findings:
    for node, name in imported(tree):
        if name.partition(".")[0] in IMPURE or name in ("uuid.uuid1", "uuid.uuid4"):
            yield node, f"import of {name}"
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr="now" | "utcnow" | "today") if owner(node) in ("datetime", "date"):
                yield node, "the clock"
            case ast.Attribute(attr="uuid1" | "uuid4") if owner(node) == "uuid":
                yield node, "randomness"
            case ast.Call(func=ast.Name(id="print" | "open" | "input" | "__import__" | "exec" | "eval" as name)):
                yield node, name


def naive_clocks(tree: ast.Module) -> Findings:
    for call in calls(tree):
        name, of = last_name(call.func), owner(call.func)
        is_zoned = {"now": has_zone(call, 0), "fromtimestamp": has_zone(call, 1)}
        is_clock = name in ("utcnow", "today", "utcfromtimestamp") or is_zoned.get(name) is False
        if is_clock and of in ("datetime", "date"):
            yield call, f"{of}.{name} without a zone"


def has_zone(call: ast.Call, position: int) -> bool:
    zones = call.args[position:] + [keyword.value for keyword in call.keywords if keyword.arg == "tz"]
    return bool(zones) and not isinstance(zones[0], ast.Constant)


SECRET_WORDS = ("sign", "signature", "mac", "token", "secret")


def is_secret(node: ast.AST) -> bool:
    name = last_name(node).lower()
    return name == "api_key_hash" or name.rpartition("_")[2] in SECRET_WORDS


def secret_comparisons(tree: ast.Module) -> Findings:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare) or not any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
            continue
        operands = [node.left, *node.comparators]
        is_blank = any(isinstance(o, ast.Constant) and not o.value for o in operands)  # whether there is one at all
        if not is_blank and any(map(is_secret, operands)):
            yield node, "compared with ==, which tells by its time how much was right: use hmac.compare_digest"


def formatted_sql(tree: ast.Module) -> Findings:
    for call in calls(tree):
        is_text = last_name(call.func) == "text" and owner(call.func) in ("", "sa", "sqlalchemy", "sql")
        if (is_text or last_name(call.func) == "exec_driver_sql") and call.args and is_formatted(call.args[0]):
            yield call, "SQL made of text: bind the values"


def is_formatted(node: ast.AST) -> bool:
    match node:
        case ast.JoinedStr(values=values):
            return any(isinstance(value, ast.FormattedValue) for value in values)
        case ast.BinOp(op=ast.Mod()) | ast.Call(func=ast.Attribute(attr="format" | "join" | "replace")):
            return True
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            return any(is_formatted(side) or not isinstance(side, ast.Constant | ast.BinOp) for side in (left, right))
    return False


def xml_parsers(tree: ast.Module) -> Findings:
    for node, name in imported(tree):
        unsafe = name.partition(".")[0] in ("xml", "lxml", "xmltodict", "pyexpat", "bs4")
        if unsafe and not name.startswith("xml.sax.saxutils"):
            yield node, f"{name} parses what it should not: use defusedxml"


def undocumented(tree: ast.Module) -> Findings:
    if not ast.get_docstring(tree):
        yield tree, "no docstring"


RULES = (
    Rule(
        name="no float near money",
        check=floats,
        where=(DOMAIN,),
        but_not_in=("oms_domain/testing",),
        planted=("x = 1.5", "x = 1e3", "x = float('1')", "x = a / b", "x /= 2", "x = at.timestamp()", "y: float = 1"),
        innocent=("x = a // b", "x = 15", "x = '1.5'", "x: Path = a % b"),
    ),
    Rule(
        name="no clock, randomness, input or output in the domain and the application",
        check=impurities,
        where=(DOMAIN, APP),
        # They read what the package itself brings: the same at any time.
        but_not_in=("oms_domain/addresses/bundled.py", "oms_domain/testing/counterexamples.py"),
        planted=(
            "from datetime import datetime\nx = datetime.now(UTC)",
            "import datetime\nx = datetime.datetime.utcnow()",
            "x = date.today()",
            "f = datetime.now",
            "import time",
            "from time import monotonic",
            "import random as r",
            "from secrets import token_bytes",
            "import uuid\nx = uuid.uuid4()",
            "from uuid import UUID, uuid4",
            "import logging.config",
            "print('x')",
            "with open('x') as f: pass",
            "def f():\n    import os",
            "m = __import__('os')",
        ),
        innocent=("x = self.now()", "from uuid import UUID", "x = now()", "at.time()", "shop.open()", "x.today"),
    ),
    Rule(
        name="no instant without a zone",
        check=naive_clocks,
        where=(EVERYWHERE,),
        planted=(
            "datetime.now()",
            "datetime.datetime.now(None)",
            "datetime.now(tz=None)",
            "datetime.utcnow()",
            "date.today()",
            "datetime.fromtimestamp(0)",
            "datetime.fromtimestamp(0, None)",
        ),
        innocent=("datetime.now(UTC)", "datetime.now(tz=UTC)", "datetime.fromtimestamp(0, UTC)", "clock.now()"),
    ),
    Rule(
        name="no == on signatures and secrets",
        check=secret_comparisons,
        where=(ADAPTERS,),
        but_not_in=("oms_adapters/db/jobs.py", "oms_adapters/memory/jobs.py"),  # a lease's token is a number, no secret
        planted=(
            "ok = sign == expected",
            "ok = expected != request.signature",
            "ok = params['sign'] == made",
            "ok = make_sign(params) == given",
            "ok = given_mac == mac",
            "ok = row.api_key_hash == digest",
            "ok = a == b == session_token",
            "ok = settings.secret == 'guess'",
        ),
        innocent=(
            "ok = hmac.compare_digest(sign, expected)",
            "ok = secret == ''",
            "ok = token is None",
            "ok = design == other",
            "ok = sign_method == 'md5'",
            "ok = tokens == 3",
        ),
    ),
    Rule(
        name="no SQL made of text",
        check=formatted_sql,
        where=(EVERYWHERE,),
        planted=(
            "text(f'SELECT {x}')",
            "sa.text('SELECT %s' % x)",
            "sqlalchemy.text('SELECT {}'.format(x))",
            "text('SELECT ' + x + ' FROM t')",
            "connection.exec_driver_sql(f'PRAGMA {x}')",
        ),
        innocent=(
            "text('SELECT :x')",
            "sa.text('SELECT 1 ' + 'FROM t ' + 'WHERE 2')",
            "trade.text(f'name {x}')",
            "text(f'SELECT 1')",
        ),
    ),
    Rule(
        name="no XML parser but the defused one",
        check=xml_parsers,
        where=(EVERYWHERE,),
        planted=(
            "import xml.etree.ElementTree as ET",
            "from xml.dom import minidom",
            "from lxml import etree",
            "import xmltodict",
        ),
        innocent=("from defusedxml.ElementTree import fromstring", "from xml.sax.saxutils import escape"),
    ),
    Rule(
        name="every module says what it is",
        check=undocumented,
        where=(EVERYWHERE,),
        planted=("", "x = 1", "# a comment\n'x' + 'y'"),
        innocent=("'''What it is.'''",),
    ),
)


def findings(rule: Rule) -> list[str]:
    found = []
    for path in sorted(SRC.rglob("*.py")):
        name = path.relative_to(SRC).as_posix()
        if name.startswith(rule.where) and not name.startswith(rule.but_not_in or ("/",)):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            found += [f"{name}:{getattr(node, 'lineno', 1)}: {what}" for node, what in rule.check(tree)]
    return found


each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


@each_rule
def test_the_rule_holds(rule):
    assert findings(rule) == []


@each_rule
def test_the_rule_finds_what_breaks_it(rule):
    missed = [snippet for snippet in rule.planted if not list(rule.check(ast.parse(snippet)))]

    assert missed == []


@each_rule
def test_the_rule_leaves_alone_what_does_not(rule):
    wrongly_found = [snippet for snippet in rule.innocent if list(rule.check(ast.parse(snippet)))]

    assert wrongly_found == []
