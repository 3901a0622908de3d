"""How each minor unit got where it is (分摊说明): a table of lines × steps, as text, Markdown, JSON and a picture."""

from oms_domain.apportionment.explain.picture import svg
from oms_domain.apportionment.explain.table import (
    Column,
    ExplainRow,
    Explanation,
    explain,
    explain_parts,
    explain_units,
)
from oms_domain.apportionment.explain.written import as_json, markdown, text

__all__ = [
    "Column",
    "ExplainRow",
    "Explanation",
    "as_json",
    "explain",
    "explain_parts",
    "explain_units",
    "markdown",
    "svg",
    "text",
]
