"""What drivers raise comes out as one of ours: try again, refused data, or no database."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier
from typing import Any

import psycopg
import pymysql
import pytest
import sqlalchemy as sa
from attrs import evolve
from tests.contracts.rows import (
    ROOT,
    a_line,
    a_new_shop,
    a_stored_order,
    an_order,
    change_order,
    level,
    load_order,
    put,
    receive,
    store,
    transact,
    units,
)
from tests.servers import Backend

from oms_adapters.db import bulk
from oms_adapters.db.database import Database
from oms_adapters.db.errors import translated
from oms_adapters.db.jobs import writing
from oms_adapters.db.journal import channel_cursor, document_counter
from oms_adapters.db.numbers import api_key
from oms_adapters.db.stock_tables import stock_level
from oms_app.inventory import ReceiveStock, StockService
from oms_app.numbering import Numbering
from oms_app.orders import HoldOrder, OrderService
from oms_app.ports.transaction import Begin, Contended, Duplicate, StoreRefusedData, StoreUnavailable
from oms_domain.kernel.errors import OmsError
from oms_domain.kernel.identity import SkuCode
from oms_domain.kernel.quantity import Quantity
from oms_domain.testing.builders import MAIN

only_sqlite = pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
only_postgres = pytest.mark.parametrize("kind", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
servers = pytest.mark.parametrize(
    "kind",
    [
        pytest.param("postgres", marks=pytest.mark.postgres),
        pytest.param("mariadb", marks=pytest.mark.mariadb),
    ],
    indirect=True,
)

MANY = bulk.MOST_IN_ONE_STATEMENT + 1


def write(backend: Backend, statement: Any, parameters: Any = None) -> None:
    with writing(backend.store.engines) as connection:
        connection.execute(statement, parameters or {})


def stock_row(**changes: Any) -> dict[str, Any]:
    nothing = dict.fromkeys(("bucket", "defective", "safety", "locked", "in_transit", "buckets"), 0)
    return {"sku": "A", "warehouse": "MAIN", "on_hand": 1, "reserved": 0, **nothing} | changes


def insert_in_bulk(backend: Backend, *rows: dict[str, Any]) -> None:
    engines = backend.store.engines
    with writing(engines) as connection:
        bulk.insert(connection, engines.dialect, {stock_level: rows}, [stock_level])


def many_with(row: dict[str, Any]) -> list[dict[str, Any]]:
    """Return so many rows that PostgreSQL gets them by COPY, the last one being ``row``."""
    return [*(stock_row(sku=f"sku-{n}") for n in range(MANY)), row]


# --- data ------------------------------------------------------------------------------------------------------------


def test_a_key_that_is_taken_is_a_duplicate(backend):
    write(backend, stock_level.insert(), stock_row())

    with pytest.raises(Duplicate):
        write(backend, stock_level.insert(), stock_row())


def test_a_unique_column_that_is_taken_is_a_duplicate(backend):
    row = {"prefix": "same", "secret_hash": "h", "name": "n", "permissions": [], "created_at": backend.clock.now}
    write(backend, api_key.insert(), row | {"id": backend.new_id()})

    with pytest.raises(Duplicate):
        write(backend, api_key.insert(), row | {"id": backend.new_id()})


@pytest.mark.parametrize("wrong", [{"on_hand": -1}, {"reserved": -1}, {"on_hand": 1, "reserved": 2}])
def test_a_row_that_breaks_a_check_is_refused(backend, wrong):
    with pytest.raises(StoreRefusedData):
        write(backend, stock_level.insert(), stock_row(**wrong))

    assert level(backend, SkuCode("A")) is None


def test_a_row_whose_parent_is_not_there_is_refused(backend):
    row = {"shop_id": backend.new_id(), "name": "orders", "read_to": backend.clock.now}

    with pytest.raises(StoreRefusedData):
        write(backend, channel_cursor.insert(), row)


def test_a_missing_value_is_refused(backend):
    with pytest.raises(StoreRefusedData):
        write(backend, stock_level.insert(), stock_row(on_hand=None))


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**30])
def test_a_number_that_no_column_holds_is_refused(backend, number):
    with pytest.raises(StoreRefusedData):
        write(backend, document_counter.insert(), {"kind": "S", "day": backend.clock.now.date(), "last": number})


def test_half_a_character_is_refused(backend):
    with pytest.raises(StoreRefusedData):
        write(backend, stock_level.insert(), stock_row(sku="\ud800"))


@servers
def test_a_text_that_is_too_long_is_refused_and_never_cut(backend):
    with pytest.raises(StoreRefusedData):
        write(backend, stock_level.insert(), stock_row(sku="x" * 65))

    assert level(backend, SkuCode("x" * 64)) is None


@only_postgres
def test_a_nul_in_a_text_is_refused(backend):
    with pytest.raises(StoreRefusedData):
        write(backend, stock_level.insert(), stock_row(sku="nul \0"))


@pytest.mark.parametrize("rows", [lambda row: [row], many_with], ids=["few", "many"])
@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"sku": "there"}, Duplicate),
        ({"on_hand": -1}, StoreRefusedData),
        ({"on_hand": 2**63}, StoreRefusedData),
        ({"sku": "\ud800"}, StoreRefusedData),
    ],
    ids=["key", "check", "number", "text"],
)
def test_rows_in_bulk_are_refused_alike_and_none_of_them_stays(backend, rows, wrong, refusal):
    write(backend, stock_level.insert(), stock_row(sku="there"))

    with pytest.raises(refusal):
        insert_in_bulk(backend, *rows(stock_row(**wrong)))

    assert count(backend) == 1
    insert_in_bulk(backend, *rows(stock_row()))  # the connection is fit to use
    assert count(backend) > 1


@only_postgres
@pytest.mark.parametrize("rows", [lambda row: [row], many_with], ids=["few", "many"])
def test_a_nul_in_bulk_is_refused(backend, rows):
    with pytest.raises(StoreRefusedData):
        insert_in_bulk(backend, *rows(stock_row(sku="nul \0")))

    assert count(backend) == 0


def count(backend: Backend) -> int:
    with backend.engine.connect() as connection:
        found: int = connection.scalar(sa.select(sa.func.count()).select_from(stock_level))
    return found


def test_a_statement_that_is_wrong_is_not_tried_again(backend):
    with pytest.raises(StoreUnavailable):
        write(backend, sa.text("SELECT no_such_column FROM stock_level"))


# --- other writers ---------------------------------------------------------------------------------------------------


@only_sqlite
def test_a_file_that_another_program_keeps_locked_is_contended(backend):
    engines = backend.store.engines
    with engines.write.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=50")

    with closing(sqlite3.connect(backend.engine.url.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        try:
            with pytest.raises(Contended):
                receive(backend, "A", 1)
        finally:
            other.execute("ROLLBACK")
            with engines.write.connect() as connection:
                connection.exec_driver_sql("PRAGMA busy_timeout=5000")

    receive(backend, "A", 1)
    assert units(backend, "A") == (1, 0)


SHORT = {"postgres": "SET LOCAL lock_timeout = '50ms'", "mariadb": "SET innodb_lock_wait_timeout = 0"}
MORE = sa.text("UPDATE stock_level SET on_hand = on_hand + 1 WHERE sku = :sku")


@servers
def test_a_row_that_another_transaction_keeps_locked_is_contended(backend, kind):
    receive(backend, "A", 1)

    with backend.store.engines.write.begin() as other:
        other.execute(MORE, {"sku": "A"})
        with pytest.raises(Contended), writing(backend.store.engines) as connection:
            more_without_waiting(connection, kind)

    if kind == "mariadb":
        backend.store.engines.write.dispose()  # the short wait stays on the connection there
    assert units(backend, "A") == (2, 0)


def more_without_waiting(connection: sa.Connection, kind: str) -> None:
    connection.exec_driver_sql(SHORT[kind])
    connection.execute(MORE, {"sku": "A"})


@servers
def test_of_two_that_wait_for_each_other_one_is_contended(backend):
    for sku in "AB":
        receive(backend, sku, 1)
    barrier = Barrier(2, timeout=30)

    def cross(first: str, second: str) -> str:
        try:
            with translated(), backend.store.engines.write.begin() as connection:
                connection.execute(MORE, {"sku": first})
                barrier.wait()
                connection.execute(MORE, {"sku": second})
        except Contended:
            return "contended"
        return "stored"

    with ThreadPoolExecutor(2) as threads:
        outcomes = sorted(threads.map(cross, "AB", "BA"))

    assert outcomes == ["contended", "stored"]
    assert (units(backend, "A"), units(backend, "B")) == ((2, 0), (2, 0))


def test_a_pool_with_nothing_left_is_unavailable(backend):
    engines = backend.store.engines
    pool = engines.write.pool
    kept, pool._timeout = pool._timeout, 0.01  # thirty seconds otherwise
    opened = [engines.write.connect() for _ in range(pool.size())]

    try:
        with pytest.raises(StoreUnavailable) as refusal:
            receive(backend, "A", 1)
    finally:
        pool._timeout = kept
        for connection in opened:
            connection.close()

    assert refusal.value.why == "pool_exhausted"
    receive(backend, "A", 1)
    assert units(backend, "A") == (1, 0)


# --- connections that die --------------------------------------------------------------------------------------------


@pytest.fixture
def end_connections(backend) -> Iterator[Callable[[], None]]:
    """Ends every connection to our database, as an administrator would."""
    yield lambda: end_all(backend)
    backend.store.engines.dispose()


def end_all(backend: Backend) -> None:
    with backend.engine.connect() as connection:
        if backend.name == "postgres":
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            return
        query = "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"
        for number in connection.exec_driver_sql(query).scalars().all():
            connection.exec_driver_sql(f"KILL {int(number)}")


def fill_pools(database: Database) -> None:
    for engine in (database.engines.write, database.engines.read):
        opened = [engine.connect() for _ in range(engine.pool.size())]
        for connection in opened:
            connection.close()


def stock_service(backend: Backend, tries: list[int]) -> StockService:
    numbering = Numbering(backend.numbers, backend.clock)
    shared = {"begin": Begin(backend.open), "now": backend.clock, "new_id": backend.new_id, "pause": tries.append}
    return StockService(**shared, numbering=numbering)


def order_service(backend: Backend, tries: list[int]) -> OrderService:
    numbering = Numbering(backend.numbers, backend.clock)
    shared = {"begin": Begin(backend.open), "now": backend.clock, "new_id": backend.new_id, "pause": tries.append}
    return OrderService(**shared, numbering=numbering)


def receipt(units: int = 5) -> ReceiveStock:
    return ReceiveStock(sku=SkuCode("A"), warehouse=MAIN, quantity=Quantity(units), reason="采购", by=ROOT)


@servers
def test_connections_that_died_while_idle_do_not_show(backend, end_connections):
    receive(backend, "A", 1)
    fill_pools(backend.store)
    end_connections()
    tries: list[int] = []

    stock_service(backend, tries).receive(receipt())

    assert units(backend, "A") == (6, 0)
    assert tries in ([], [2])  # one for all of the pool


@servers
def test_numbers_and_jobs_do_not_show_it_either(backend, end_connections):
    fill_pools(backend.store)
    end_connections()

    assert list(backend.numbers.take("S", backend.clock.now.date(), 2)) == [1, 2]
    end_connections()
    backend.jobs.ensure("handler", "key", due_at=backend.clock.now)

    backend.store.engines.dispose()
    assert backend.jobs.counts(now=backend.clock.now).ready == 1


@servers
def test_a_connection_that_dies_inside_a_transaction_leaves_nothing_and_may_be_tried_again(backend, end_connections):
    order = a_stored_order(backend)

    def die(tx: Any) -> None:
        put(tx, evolve(tx.orders.get(order.id), buyer_remark="改"), backend)
        end_connections()

    with pytest.raises(Contended) as refusal:
        transact(backend, die)

    assert refusal.value.what == "connection_lost"
    assert load_order(backend, order) == order
    assert change_order(backend, order, buyer_remark="改").version == 2


@servers
def test_a_connection_that_dies_before_many_rows_are_sent_may_be_tried_again(backend, end_connections):
    shop = store(backend, a_new_shop(backend))
    order = an_order(backend, shop, lines=tuple(a_line(backend) for _ in range(MANY)))

    def die(tx: Any) -> None:
        put(tx, order, backend)
        end_connections()

    with pytest.raises(Contended) as refusal:
        transact(backend, die)

    assert refusal.value.what == "connection_lost"
    transact(backend, lambda tx: put(tx, order, backend))
    assert load_order(backend, order) == evolve(order, version=1)


@servers
def test_a_connection_that_dies_while_committing_is_told_and_not_tried_again(backend, end_connections):
    order, tries = a_stored_order(backend), []
    engine, service = backend.store.engines.write, order_service(backend, tries)

    def die(_: Any) -> None:
        end_connections()

    sa.event.listen(engine, "commit", die)
    try:
        with pytest.raises(StoreUnavailable) as refusal:
            service.hold(HoldOrder(order_id=order.id, reason="等买家", by=ROOT))
    finally:
        sa.event.remove(engine, "commit", die)

    assert refusal.value.why == "connection_lost"
    assert tries == []
    assert service.hold(HoldOrder(order_id=order.id, reason="等买家", by=ROOT)).flags == ("held",)


@servers
def test_a_reader_whose_connection_died_succeeds_the_next_time(backend, end_connections):
    order = a_stored_order(backend)
    fill_pools(backend.store)
    end_connections()

    def read() -> Any:
        return backend.queries.order(ROOT, order.id).order

    try:
        found = read()
    except Contended:
        found = read()
    assert found == order


# --- a commit that fails ---------------------------------------------------------------------------------------------


@only_sqlite
def test_a_commit_that_fails_leaves_the_next_transaction_a_clean_connection(backend):
    shop_id = backend.new_id()

    def break_a_rule_that_is_looked_at_when_committing(tx: Any) -> None:
        tx._work.connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        tx.cursors.move(shop_id, "orders", backend.clock.now)  # of no shop

    with pytest.raises(StoreRefusedData):
        transact(backend, break_a_rule_that_is_looked_at_when_committing)

    receive(backend, "A", 1)
    assert units(backend, "A") == (1, 0)
    with backend.engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(channel_cursor)) == 0


@only_sqlite
def test_a_short_transaction_whose_commit_fails_leaves_a_clean_connection_too(backend):
    row = {"shop_id": backend.new_id(), "name": "orders", "read_to": backend.clock.now}

    def act() -> None:
        with writing(backend.store.engines) as connection:
            connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
            connection.execute(channel_cursor.insert(), row)

    with pytest.raises(StoreRefusedData):
        act()

    assert list(backend.numbers.take("S", backend.clock.now.date(), 1)) == [1]


# --- the rest of the table -------------------------------------------------------------------------------------------


def comes_out(original: BaseException, kind: type[sa.exc.DBAPIError]) -> str:
    """Return what comes out when a driver raises what no test server can be brought to say."""
    with pytest.raises(OmsError) as refusal, translated():
        raise kind("statement", {}, original)
    return str(refusal.value)


@pytest.mark.parametrize(
    ("error", "kind", "refusal"),
    [
        (psycopg.errors.SerializationFailure(), sa.exc.OperationalError, Contended(what="40001")),
        (psycopg.errors.DiskFull(), sa.exc.OperationalError, StoreUnavailable(why="53100")),
        (psycopg.errors.TooManyConnections(), sa.exc.OperationalError, StoreUnavailable(why="53300")),
        (psycopg.errors.ReadOnlySqlTransaction(), sa.exc.InternalError, StoreUnavailable(why="25006")),
        (psycopg.errors.QueryCanceled(), sa.exc.OperationalError, StoreUnavailable(why="57014")),
        (psycopg.OperationalError("no route to host"), sa.exc.OperationalError, StoreUnavailable(why="08000")),
        (pymysql.err.OperationalError(1205, ""), sa.exc.OperationalError, Contended(what="1205")),
        (pymysql.err.OperationalError(1021, "disk full"), sa.exc.OperationalError, StoreUnavailable(why="1021")),
        (pymysql.err.OperationalError(1114, "table full"), sa.exc.OperationalError, StoreUnavailable(why="1114")),
        (pymysql.err.IntegrityError(1114, "table full"), sa.exc.IntegrityError, StoreUnavailable(why="1114")),
        (pymysql.err.OperationalError(3819, "check"), sa.exc.OperationalError, StoreRefusedData(why="3819")),
        (pymysql.err.OperationalError(2003, "refused"), sa.exc.OperationalError, StoreUnavailable(why="2003")),
        (pymysql.err.InterfaceError(), sa.exc.InterfaceError, StoreUnavailable(why="InterfaceError")),
        (sqlite3.OperationalError("disk I/O error"), sa.exc.OperationalError, StoreUnavailable(why="OperationalError")),
    ],
    ids=repr,
)
def test_what_cannot_be_provoked_here_is_translated_too(error, kind, refusal):
    assert comes_out(error, kind) == str(refusal)


def test_an_error_that_is_no_drivers_goes_through():
    with pytest.raises(ZeroDivisionError), translated():
        raise ZeroDivisionError


def test_a_refusal_does_not_tell_what_was_to_be_stored(backend):
    with pytest.raises(StoreRefusedData) as refusal:
        write(backend, stock_level.insert(), stock_row(sku="10000000001", on_hand=-1))

    assert "10000000001" not in str(refusal.value)
