"""What a driver raises → what the use cases know: try again, refused data, or no database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import exc

from oms_app.ports.transaction import Contended, Duplicate, StoreRefusedData, StoreUnavailable
from oms_domain.kernel.errors import OmsError

PG_CONTENDED: Final = {"40001", "40P01", "55P03"}  # serialization failure, deadlock, lock not available
PG_UNIQUE: Final = "23505"
MYSQL_CONTENDED: Final = {1205, 1213}  # lock wait timeout, deadlock
MYSQL_UNIQUE: Final = 1062
MYSQL_FULL: Final = {1021, 1114}
MYSQL_CHECK: Final = {3819, 4025}  # the driver takes neither MySQL's nor MariaDB's for a breach of integrity


@contextmanager
def translated(*, committing: bool = False) -> Iterator[None]:
    """Run statements; whatever the driver raises comes out as one of ours.

    A connection lost before the commit is a transaction that never was, so it may be tried again; lost while
    committing, nobody knows, and the caller is told.
    """
    try:
        yield
    except exc.DBAPIError as error:
        if error.connection_invalidated and not committing:
            raise Contended(what="connection_lost") from error
        raise _ours(error) from error
    except exc.TimeoutError as error:
        raise StoreUnavailable(why="pool_exhausted") from error
    except (UnicodeEncodeError, OverflowError) as error:
        raise StoreRefusedData(why=type(error).__name__) from error


def _ours(error: exc.DBAPIError) -> OmsError:
    original = error.orig
    if error.connection_invalidated:
        return StoreUnavailable(why="connection_lost")
    if isinstance(original, sqlite3.Error):
        return _sqlite(original)
    if type(original).__module__.startswith("psycopg"):
        # Without a state it was the driver: a value that it cannot bind, or a connection that it cannot make.
        state = getattr(original, "sqlstate", None)
        return _postgres(state or ("22000" if isinstance(error, exc.DataError) else "08000"))
    number = original.args[0] if original is not None and original.args else None
    return _mysql(number if isinstance(number, int) else None, error)


def _sqlite(error: sqlite3.Error) -> OmsError:
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return Contended(what=name)
    if name in ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"):
        return Duplicate(what=str(error).partition(": ")[2])
    if name.startswith("SQLITE_CONSTRAINT") or isinstance(error, sqlite3.InterfaceError | sqlite3.DataError):
        return StoreRefusedData(why=name or type(error).__name__)
    return StoreUnavailable(why=name or type(error).__name__)


def _postgres(state: str) -> OmsError:
    if state in PG_CONTENDED:
        return Contended(what=state)
    if state == PG_UNIQUE:
        return Duplicate(what=state)
    if state[:2] in ("22", "23"):
        return StoreRefusedData(why=state)
    return StoreUnavailable(why=state)


def _mysql(number: int | None, error: exc.DBAPIError) -> OmsError:
    if number in MYSQL_CONTENDED:
        return Contended(what=str(number))
    if number == MYSQL_UNIQUE:
        return Duplicate(what=str(number))
    if number in MYSQL_FULL:
        return StoreUnavailable(why=str(number))
    if number in MYSQL_CHECK or isinstance(error, exc.IntegrityError | exc.DataError):
        return StoreRefusedData(why=str(number))
    return StoreUnavailable(why=str(number or type(error).__name__))
