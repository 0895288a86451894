"""Names as they are written in DDL, and how a dialect folds them."""

from __future__ import annotations

import re

# Letters, digits and whatever is not ASCII, by what is left out: a class up to \uffff takes long to compile.
IDENT = r'(?:"(?:[^"]|"")+"|`[^`]+`|\[[^\]]+\]|[^\x00-@[-^`{-\x7f][^\x00-#%-/:-@[-^`{-\x7f]*)'
NAME = rf"{IDENT}(?:\s*\.\s*{IDENT}){{0,2}}"

_CASE_KEPT = frozenset({"postgres", "redshift", "snowflake", "oracle", "clickhouse", "bigquery"})


def fold(name: str, dialect: str, *, quoted: bool) -> str:
    """The name a column or table is known by."""
    if quoted and dialect in _CASE_KEPT:
        return name
    if dialect in {"snowflake", "oracle"}:
        return name.upper()
    return name if dialect in {"clickhouse", "bigquery"} else name.lower()


def qualified(written: str, dialect: str) -> tuple[str | None, str]:
    """(schema or None, name) of a name as written, folded."""
    parts = [part.strip() for part in re.findall(IDENT, written)]
    folded = [fold(part.strip('"`[]'), dialect, quoted=part[0] in '"`[') for part in parts[-2:]]
    return (folded[0], folded[1]) if len(folded) == 2 else (None, folded[0] if folded else "")
