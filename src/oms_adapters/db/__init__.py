"""The relational store: SQLAlchemy Core on SQLite, PostgreSQL and MariaDB/MySQL, aggregates mapped by hand."""
