"""Runs migrations on the connection that the caller brings (``oms migrate``), or on OMS_DATABASE_URL for Alembic."""

from __future__ import annotations

import os

from alembic import context
from sqlalchemy.engine import Connection

from oms_adapters.db import fulfilment, jobs, journal, numbers, orders, platform_orders, shops, stock_tables, vault
from oms_adapters.db.engine import connect
from oms_adapters.db.types import metadata

TABLES = (shops, platform_orders, orders, fulfilment, stock_tables, vault, journal, jobs, numbers)


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        transactional_ddl=connection.dialect.name != "mysql",
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    engines = connect(os.environ["OMS_DATABASE_URL"])
    with engines.write.connect() as own:
        run(own)
        own.commit()
    engines.dispose()
