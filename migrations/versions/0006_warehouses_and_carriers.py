"""Warehouses' accounts and reports, traces of parcels; parcels found by tracking number.

Revision: 0006, after 0004.
"""

from __future__ import annotations

import sqlalchemy as sa

from oms_adapters.db.migrating import create_index, create_table
from oms_adapters.db.types import Id, Instant, Json, blob, code, text

revision = "0006"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_table(
        "wms_account",
        sa.Column("id", Id, nullable=False),
        sa.Column("warehouse", text(32), nullable=False),
        sa.Column("terms", Json, nullable=False),
        sa.Column("has_secret", sa.Boolean(), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("log_seq", sa.Integer(), nullable=False),
        sa.Column("log_hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_wms_account"),
        sa.UniqueConstraint("warehouse", name="uq_wms_account_warehouse"),
    )
    create_table(
        "wms_secret",
        sa.Column("account_id", Id, nullable=False),
        sa.Column("sealed", blob(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["wms_account.id"], name="fk_wms_secret_account_id"),
        sa.PrimaryKeyConstraint("account_id", name="pk_wms_secret"),
    )
    create_table(
        "wms_report",
        sa.Column("id", Id, nullable=False),
        sa.Column("warehouse", text(32), nullable=False),
        sa.Column("kind", code(), nullable=False),
        sa.Column("report_id", text(150), nullable=False),
        sa.Column("number", text(64), nullable=False),
        sa.Column("content", Json, nullable=False),
        sa.Column("state", code(), nullable=False),
        sa.Column("reason", text(300), nullable=False),
        sa.Column("received_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_wms_report"),
        sa.UniqueConstraint("warehouse", "kind", "report_id", name="uq_wms_report_warehouse_kind_report_id"),
    )
    create_index("ix_wms_report_number", "wms_report", ["number"])
    create_index("ix_wms_report_state", "wms_report", ["state", "received_at", "id"])
    create_table(
        "package_trace",
        sa.Column("id", Id, nullable=False),
        sa.Column("package_id", Id, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("progress", code(), nullable=False),
        sa.Column("text", text(500), nullable=False),
        sa.Column("place", text(100), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["package_id"], ["package.id"], name="fk_package_trace_package_id"),
        sa.PrimaryKeyConstraint("id", name="pk_package_trace"),
        sa.UniqueConstraint(
            "package_id", "at", "progress", "digest", name="uq_package_trace_package_id_at_progress_digest"
        ),
    )
    create_index("ix_package_tracking_no", "package", ["tracking_no"])
