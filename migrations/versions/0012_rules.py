"""Rules with their versions, blacklists, receivers found by street, buyers' orders; where an order came from.

Revision: 0012, after 0011.
"""

from __future__ import annotations

import sqlalchemy as sa

from oms_adapters.db.migrating import add_column, add_optional_column, create_index, create_table
from oms_adapters.db.types import Id, Instant, Json, code, text

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_table(
        "rule_set",
        sa.Column("id", Id, nullable=False),
        sa.Column("shop_id", Id, nullable=False),
        sa.Column("content", Json, nullable=False),
        *_document(),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name="fk_rule_set_shop_id"),
        sa.PrimaryKeyConstraint("id", name="pk_rule_set"),
        sa.UniqueConstraint("shop_id", name="uq_rule_set_shop_id"),
    )
    create_table(
        "rule_version",
        sa.Column("rule_set_id", Id, nullable=False),
        sa.Column("rule_id", text(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("shop_id", Id, nullable=False),
        sa.Column("content", Json, nullable=False),
        sa.Column("actor", text(100), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.ForeignKeyConstraint(["rule_set_id"], ["rule_set.id"], name="fk_rule_version_rule_set_id"),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name="fk_rule_version_shop_id"),
        sa.PrimaryKeyConstraint("rule_set_id", "rule_id", "version", name="pk_rule_version"),
    )
    create_index("ix_rule_version_rule", "rule_version", ["shop_id", "rule_id", "version"])
    create_table(
        "blacklist_entry",
        sa.Column("id", Id, nullable=False),
        sa.Column("shop_id", Id, nullable=False),
        sa.Column("kind", code(), nullable=False),
        sa.Column("digest", code(), nullable=False),
        sa.Column("division", code(), nullable=False),
        sa.Column("is_listed", sa.Boolean(), nullable=False),
        sa.Column("content", Json, nullable=False),
        *_document(),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name="fk_blacklist_entry_shop_id"),
        sa.PrimaryKeyConstraint("id", name="pk_blacklist_entry"),
        sa.UniqueConstraint("shop_id", "digest", "kind", "division", name="uq_blacklist_entry_who"),
    )
    add_column("sales_order", "passed_rules", Json, filled_with="[]")
    add_column("sales_order", "source", code(), filled_with="platform")
    add_column("sales_order", "business", code(), filled_with="retail")
    add_column("sales_order", "delivery", code(), filled_with="courier")
    add_optional_column("sales_order", "original_id", Id())
    create_index("ix_sales_order_buyer", "sales_order", ["shop_id", "platform_buyer_id"])
    add_optional_column("pii_vault", "has_door", sa.Boolean())
    add_optional_column("pii_vault", "address_index", code())
    filled = sa.text("address_index IS NOT NULL")
    create_index("ix_pii_vault_address", "pii_vault", ["address_index"], sqlite_where=filled, postgresql_where=filled)


def _document() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("log_seq", sa.Integer(), nullable=False),
        sa.Column("log_hash", sa.String(64), nullable=False),
    )
