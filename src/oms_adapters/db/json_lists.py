"""Whether a list that is stored as JSON text holds a text: exactly, by what each database knows of JSON."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from oms_adapters.db import json_text


class _Holds(FunctionElement[bool]):
    """A list as JSON text, and one of its members, alone in a list."""

    type = sa.Boolean()
    inherit_cache = True


def holds(column: sa.ColumnElement[Any], text: str) -> sa.ColumnElement[bool]:
    """Return the condition that ``text`` is one of the texts in a column's list: no part of one, and no pattern."""
    return _Holds(sa.type_coerce(column, sa.Text), sa.literal(json_text.encode([text]), sa.Text))


@compiles(_Holds)
def _by_json(element: _Holds, compiler: SQLCompiler, **options: Any) -> str:
    column, one = (compiler.process(clause, **options) for clause in element.clauses)
    return {
        "sqlite": f"EXISTS (SELECT 1 FROM json_each({column}) WHERE value = json_extract({one}, '$[0]'))",
        "postgresql": f"CAST({column} AS jsonb) @> CAST({one} AS jsonb)",
    }.get(compiler.dialect.name, f"JSON_CONTAINS({column}, {one})")
