"""The catalogue: SKUs, bundles and their parts, mappings of platforms' SKUs, and what of them nobody has mapped.

Revision: 0003. Lines that are there were sold under the code of their SKU, and came from no bundle.
"""

from __future__ import annotations

import sqlalchemy as sa

from oms_adapters.db.migrating import add_column, add_optional_column, create_index, create_table
from oms_adapters.db.types import Id, Instant, code, long_text, text

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _document() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("log_seq", sa.Integer(), nullable=False),
        sa.Column("log_hash", sa.String(length=64), nullable=False),
    )


def upgrade() -> None:
    create_table(
        "catalog_item",
        sa.Column("id", Id, nullable=False),
        sa.Column("code", text(64), nullable=False),
        sa.Column("kind", code(), nullable=False),
        sa.Column("title", long_text(), nullable=False),
        sa.Column("spec", long_text(), nullable=False),
        sa.Column("weight_g", sa.BigInteger(), nullable=True),
        sa.Column("volume_cm3", sa.BigInteger(), nullable=True),
        sa.Column("currency", code(), nullable=False),
        sa.Column("list_price", sa.BigInteger(), nullable=False),
        sa.Column("floor_price", sa.BigInteger(), nullable=True),
        sa.Column("purchase_cost", sa.BigInteger(), nullable=True),
        sa.Column("tax_category", text(40), nullable=False),
        sa.Column("is_deleted", sa.Boolean(), nullable=False),
        *_document(),
        sa.PrimaryKeyConstraint("id", name="pk_catalog_item"),
        sa.UniqueConstraint("code", name="uq_catalog_item_code"),
    )
    create_table(
        "bundle_part",
        sa.Column("id", Id, nullable=False),
        sa.Column("bundle_id", Id, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sku", text(64), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name="ck_bundle_part_quantity"),
        sa.ForeignKeyConstraint(["bundle_id"], ["catalog_item.id"], name="fk_bundle_part_bundle_id"),
        sa.PrimaryKeyConstraint("id", name="pk_bundle_part"),
        sa.UniqueConstraint("bundle_id", "sku", name="uq_bundle_part_bundle_id_sku"),
    )
    create_index("ix_bundle_part_sku", "bundle_part", ["sku"])
    create_table(
        "sku_mapping",
        sa.Column("id", Id, nullable=False),
        sa.Column("shop_id", Id, nullable=False),
        sa.Column("platform_sku_id", text(64), nullable=False),
        sa.Column("merchant_code", text(64), nullable=False),
        sa.Column("target", text(64), nullable=False),
        sa.Column("is_deleted", sa.Boolean(), nullable=False),
        *_document(),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name="fk_sku_mapping_shop_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sku_mapping"),
        sa.UniqueConstraint(
            "shop_id",
            "platform_sku_id",
            "merchant_code",
            name="uq_sku_mapping_shop_id_platform_sku_id_merchant_code",
        ),
    )
    create_index("ix_sku_mapping_target", "sku_mapping", ["target"])
    create_table(
        "unmapped_sku",
        sa.Column("id", Id, nullable=False),
        sa.Column("platform_order_id", Id, nullable=False),
        sa.Column("shop_id", Id, nullable=False),
        sa.Column("line_no", text(64), nullable=False),
        sa.Column("platform_sku_id", text(64), nullable=False),
        sa.Column("merchant_code", text(64), nullable=False),
        sa.Column("title", long_text(), nullable=False),
        sa.Column("spec", long_text(), nullable=False),
        sa.Column("why", code(), nullable=False),
        sa.ForeignKeyConstraint(["platform_order_id"], ["platform_order.id"], name="fk_unmapped_sku_platform_order_id"),
        sa.PrimaryKeyConstraint("id", name="pk_unmapped_sku"),
    )
    create_index("ix_unmapped_sku_platform_order_id", "unmapped_sku", ["platform_order_id"])
    create_index("ix_unmapped_sku_goods", "unmapped_sku", ["shop_id", "platform_sku_id", "merchant_code"])
    create_index("ix_unmapped_sku_code", "unmapped_sku", ["merchant_code", "platform_order_id"])
    add_column("sales_order_line", "sold_as", text(64), filled_with="")
    add_optional_column("sales_order_line", "bundle", text(64))
    add_optional_column("sales_order_line", "bundle_quantity", sa.Integer())
    add_optional_column("sales_order_line", "bundle_list_price", sa.BigInteger())
