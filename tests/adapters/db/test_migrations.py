"""Migrations bring any database to the newest schema: an empty one, one that is there, one left half way."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from tests.contracts.rows import ROOT, a_line, a_new_shop, an_order, load_order, store
from tests.servers import Backend, FakeClock, ids

from oms_adapters.db.database import Database, migration_config
from oms_adapters.db.engine import SchemaAhead
from oms_adapters.db.orders import line_row, sales_order, sales_order_line
from oms_adapters.db.orders import row_of as order_row
from oms_adapters.db.shops import row_of as shop_row
from oms_adapters.db.shops import shop as stored_shop
from oms_adapters.db.types import metadata
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.testing.builders import OTHER_LINE, a_sales_order, a_shop, an_order_line

TREE = Path(__file__).parents[3] / "migrations"
HEAD = ScriptDirectory.from_config(migration_config()).get_current_head()
VERSION = "alembic_version"


class Broken(Exception):
    """The migration was stopped here."""


@contextmanager
def watched(database: Database, break_at: int = 0) -> Iterator[list[str]]:
    """Gather what is sent that changes the schema or its rows; stop before the ``break_at``-th of it."""
    sent: list[str] = []

    def before(connection, cursor, statement, parameters, context, executemany):
        if statement.split()[0].upper() in ("CREATE", "ALTER", "DROP", "INSERT", "UPDATE", "DELETE"):
            sent.append(" ".join(statement.split()))
            if len(sent) == break_at:
                raise Broken

    sa.event.listen(database.engines.write, "before_cursor_execute", before)
    try:
        yield sent
    finally:
        sa.event.remove(database.engines.write, "before_cursor_execute", before)


def tables(database: Database) -> set[str]:
    with database.engines.read.connect() as connection:
        return set(sa.inspect(connection).get_table_names())


def differences(database: Database) -> list[object]:
    """Return what the models have and the database has not, or the other way round."""
    with database.engines.read.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))


def is_at_head(database: Database) -> bool:
    return database.revision() == (HEAD, HEAD) and tables(database) == {*metadata.tables, VERSION}


def is_empty_and_works(database: Database) -> bool:
    with database.engines.read.connect() as connection:
        begun = [
            table for table in metadata.sorted_tables if table.name != "warehouse"
        ]  # of which there is a first one
        counts = [connection.scalar(sa.select(sa.func.count()).select_from(table)) for table in begun]
    backend = Backend("database", database, FakeClock(), ids(FakeClock()))
    shop = store(backend, a_new_shop(backend))
    stored = store(backend, an_order(backend, shop))
    return set(counts) == {0} and load_order(backend, stored) == stored


# --- there and again -------------------------------------------------------------------------------------------------


def test_an_empty_database_comes_to_the_newest_schema(empty):
    assert empty.revision() == (None, HEAD)

    empty.migrate()

    assert is_at_head(empty)
    assert is_empty_and_works(empty)


def test_the_models_are_what_the_migrations_make(empty):
    empty.migrate()

    assert differences(empty) == []


def test_a_planted_difference_from_the_models_is_found(empty):
    empty.migrate()
    with empty.engines.write.begin() as connection:
        connection.execute(sa.text("DROP TABLE pii_access"))
        connection.execute(sa.text("ALTER TABLE shop ADD COLUMN surplus INTEGER"))

    found = {difference[0] for difference in differences(empty)}

    assert found >= {"add_table", "remove_column"}


def test_migrating_again_changes_nothing(empty):
    empty.migrate()

    with watched(empty) as sent:
        empty.migrate()

    assert sent == []
    assert is_at_head(empty)


def test_a_schema_of_a_newer_program_is_left_as_it_is(empty):
    empty.migrate()
    with empty.engines.write.begin() as connection:
        connection.execute(sa.text(f"UPDATE {VERSION} SET version_num = '9999'"))

    with watched(empty) as sent, pytest.raises(SchemaAhead) as refusal:
        empty.migrate()

    assert (sent, refusal.value.fields()) == ([], {"found": "9999", "known": HEAD})


def test_alembic_itself_migrates_what_the_environment_names(empty, url, monkeypatch):
    monkeypatch.setenv("OMS_DATABASE_URL", url)

    command.upgrade(migration_config(), "head")

    assert is_at_head(empty)


# --- half way --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("break_at", [2, 21])
def test_a_migration_that_broke_half_way_goes_on(empty, break_at):
    with watched(empty, break_at), pytest.raises(Broken):
        empty.migrate()
    assert empty.revision() == (None, HEAD)

    empty.migrate()

    assert is_at_head(empty)
    assert differences(empty) == []
    assert is_empty_and_works(empty)


def test_a_migration_that_broke_before_it_wrote_down_how_far_it_came_goes_on(empty):
    empty.migrate()
    with empty.engines.write.begin() as connection:
        connection.execute(sa.text("DROP TABLE alembic_version"))
    assert empty.revision() == (None, HEAD)

    empty.migrate()

    assert is_at_head(empty)
    assert differences(empty) == []


def test_rows_that_were_there_survive_being_migrated_again(empty):
    empty.migrate()
    backend = Backend("database", empty, FakeClock(), ids(FakeClock()))
    shop = store(backend, a_new_shop(backend))
    stored = store(backend, an_order(backend, shop))
    with empty.engines.write.begin() as connection:
        connection.execute(sa.text("DELETE FROM alembic_version"))

    empty.migrate()

    assert is_at_head(empty)
    assert load_order(backend, stored) == stored


def test_orders_from_before_placements_get_theirs(empty):
    empty.migrate("0001")
    with empty.engines.write.begin() as connection:
        old = {
            name: sa.Table(name, sa.MetaData(), autoload_with=connection)
            for name in ("sales_order", "sales_order_line")
        }
        connection.execute(stored_shop.insert(), {**shop_row(a_shop()), **HEAD_OF_LOG})
        orders, lines = without_new(sales_order, old), without_new(sales_order_line, old)
        connection.execute(orders.insert(), known(orders, {**order_row(OLD), **HEAD_OF_LOG}))
        rows = [known(lines, line_row(line, OLD.id, place)) for place, line in enumerate(OLD.lines)]
        connection.execute(lines.insert(), rows)

    empty.migrate()

    with empty.open(ROOT) as tx:
        order = tx.orders.get(OLD.id)
    assert [(step.id, str(step.kind), step.amount_fen) for step in order.steps] == [
        ("9100000000000000001/1", "line", 1000),
        ("9100000000000000001/2", "other", 300),
    ]
    assert [(line.part.goods, line.part.freight) for line in order.lines] == [
        ((19800, 18800, 18600), (633, 633, 633)),
        ((5000, 5000, 4900), (167, 167, 167)),
    ]
    assert [seen for seen in empty.doctor.findings(lambda name, count: None) if seen.invariant == "I1"] == []


def known(table: sa.Table, row: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if name in table.c}


HEAD_OF_LOG = {"version": 1, "log_seq": 0, "log_hash": ""}
OLD = a_sales_order(
    platform_order_id=None,
    lines=(
        an_order_line(order_discount=Money(200)),
        an_order_line(
            id=OTHER_LINE,
            platform_line_no="1002",
            quantity=Quantity(1),
            unit_price=Money(5000),
            line_discount=Money(0),
            order_discount=Money(100),
        ),
    ),
)


def without_new(table: sa.Table, old: dict[str, sa.Table]) -> sa.Table:
    """Return a table of ours with the columns only that it had then."""
    there = old[table.name].c
    return sa.Table(table.name, sa.MetaData(), *(sa.Column(c.name, c.type) for c in table.c if c.name in there))


def test_the_first_tables_may_be_there_already(empty):
    first = [metadata.tables[name] for name in ("shop", "platform_order", "job")]
    with empty.engines.write.begin() as connection:
        metadata.create_all(connection, tables=first)

    empty.migrate()

    assert is_at_head(empty)
    assert differences(empty) == []


# --- texts -----------------------------------------------------------------------------------------------------------

TEXTS = ("样例围巾 🧣", "𠮷野家 𰻝𰻝面", "Ünïcödé — “quotes”", "'; DROP TABLE shop; -- %s :x", "👨‍👩‍👧‍👦 a\tb\r\nc")


@pytest.mark.parametrize("text", TEXTS)
def test_any_text_comes_back_as_it_was(backend, text):
    shop = store(backend, a_new_shop(backend, name=text))
    line = a_line(backend, title=text, spec=text, sku=text[:64])
    order = an_order(backend, shop, buyer_remark=text, seller_remark=text * 50, lines=(line,))

    stored = store(backend, order)

    assert load_order(backend, stored) == stored
    with backend.engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT name FROM shop")) == text
        told = connection.scalar(sa.text("SELECT data FROM outbox WHERE type = 'shops.shop_added'"))
    assert json.loads(told)["shop"] == shop.code


@pytest.mark.parametrize("kind", [pytest.param("mariadb", marks=pytest.mark.mariadb)], indirect=True)
def test_every_text_of_mariadb_is_utf8_or_a_code_of_ours(empty, kind):
    with empty.engines.write.begin() as connection:
        connection.execute(sa.text("ALTER DATABASE CHARACTER SET latin1"))  # what a careless server brings

    empty.migrate()

    with empty.engines.read.connect() as connection:
        columns = connection.execute(
            sa.text(
                "SELECT table_name, column_name, character_set_name FROM information_schema.columns "
                "WHERE table_schema = DATABASE() AND character_set_name IS NOT NULL AND table_name <> :version"
            ),
            {"version": VERSION},
        ).all()
        engines = connection.scalars(
            sa.text("SELECT DISTINCT engine FROM information_schema.tables WHERE table_schema = DATABASE()")
        ).all()
    codes = {(table.name, c.name) for table in metadata.tables.values() for c in table.c if is_code(c)}
    assert {(table, column) for table, column, charset in columns if charset != "utf8mb4"} == codes
    assert {charset for _, _, charset in columns} == {"utf8mb4", "ascii"}
    assert list(engines) == ["InnoDB"]


def is_code(column) -> bool:
    variant = column.type.dialect_impl(sa.dialects.mysql.dialect())
    return getattr(variant, "charset", None) == "ascii"


# --- where they are --------------------------------------------------------------------------------------------------


def test_the_migrations_of_the_tree_are_found():
    assert Path(migration_config().get_main_option("script_location")) == TREE


def test_there_is_one_newest_revision():
    assert ScriptDirectory.from_config(migration_config()).get_heads() == [HEAD]
