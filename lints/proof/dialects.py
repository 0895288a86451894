"""The dialects of SQL that are judged, and the other names they go by."""

from __future__ import annotations

DIALECTS = (
    "postgres", "mysql", "sqlite", "tsql", "oracle", "clickhouse", "bigquery", "snowflake", "redshift", "duckdb",
    "spark", "trino",
)  # fmt: skip
ALIASES = {
    **dict.fromkeys(
        ("postgresql", "pg", "cockroachdb", "cockroach", "yugabyte", "timescaledb", "supabase"), "postgres"
    ),
    **dict.fromkeys(("mariadb", "tidb", "singlestore", "vitess", "planetscale"), "mysql"),
    **dict.fromkeys(("mssql", "sqlserver", "azuresql"), "tsql"),
    **dict.fromkeys(("sqlite3", "libsql", "turso", "d1"), "sqlite"),
    **dict.fromkeys(("databricks", "hive"), "spark"),
    **dict.fromkeys(("presto", "athena", "prestodb"), "trino"),
    "plsql": "oracle",
}
"""Other names of these dialects, and of engines that speak them."""


def dialect_named(name: str) -> str | None:
    """The dialect that goes by this name, in any case; None if it is none of them."""
    folded = name.lower()
    found = ALIASES.get(folded, folded)
    return found if found in DIALECTS else None
