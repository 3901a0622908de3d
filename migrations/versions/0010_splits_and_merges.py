"""Where orders and their lines came from, and what goes on for them: splits, merges. What a person says of an order.

Revision: 0010, after 0009.
"""

from __future__ import annotations

import sqlalchemy as sa

from oms_adapters.db.migrating import add_optional_column, create_index
from oms_adapters.db.types import Id, Json, code, long_text, text

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_optional_column("sales_order", "note", long_text())
    add_optional_column("sales_order", "mark", sa.Integer())
    add_optional_column("sales_order", "tags", Json())
    add_optional_column("sales_order", "addresses_at_platform", Json())
    add_optional_column("sales_order", "origins", Json())
    add_optional_column("sales_order", "heirs", Json())
    add_optional_column("sales_order", "split_reasons", Json())
    add_optional_column("sales_order_line", "bundle_whole", sa.Integer())
    add_optional_column("sales_order_line", "from_line", Id())
    add_optional_column("sales_order_line", "platform_order_id", Id())
    add_optional_column("sales_order_line", "platform_order_no", text(64))
    add_optional_column("pii_vault", "plain_index", code())
    create_index("ix_sales_order_siblings", "sales_order", ["receiver_digest", "state"])
    create_index("ix_sales_order_line_from_line", "sales_order_line", ["from_line"])
