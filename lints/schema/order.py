"""Which files say what the schema is, and in which order a migration tool would run them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from lints.patterns import regex

_MIGRATION_FOLDERS = frozenset(
    [
        "migrations",
        "migration",
        "migrate",
        "migrates",
        "db_migrations",
        "sql_migrations",
        "versions",
        "changelog",
        "changelogs",
        "deploy",
        "evolutions",
        "flyway",
        "liquibase",
    ]
)
_AMBIGUOUS = frozenset({"versions", "deploy", "changelog", "changelogs", "evolutions"})
_OF_DATABASES = frozenset({"alembic", "db", "database", "sql", "sqitch", "schema"})
_DOWN_FOLDERS = frozenset({"down", "downs", "revert", "rollback", "rollbacks", "undo"})
_DOWN_FILE = regex(r"(?:^|[._-])(?:down|rollback|revert|undo)\.sql$|^U\d[\d._]*__", re.IGNORECASE)
_DOWN_MARK = regex(
    r"^[ \t]*(?:--|\#|/\*)[ \t]*(?:\+goose[ \t]+down|migrate:down|\+migrate[ \t]+down|rambler[ \t]+down|//[ \t]*@undo"
    r"|--[ \t]*create above[ \t]*/[ \t]*drop below|down\.sql[ \t]*--"
    r"|---[ \t]*!downs|!downs|@down|=+[ \t]*down|down[ \t]*(?:migration)?[ \t]*(?:\*/)?[ \t]*$|rollback;?[ \t]*$)",
    re.IGNORECASE | re.MULTILINE,
)
_UP_MARK = regex(
    r"^[ \t]*(?:--|\#|/\*)[ \t]*(?:\+goose[ \t]+up|migrate:up|\+migrate[ \t]+up|rambler[ \t]+up"
    r"|---[ \t]*!ups|!ups|@up|=+[ \t]*up)",
    re.IGNORECASE | re.MULTILINE,
)
_DEFINES = regex(
    rb"\b(?:create\s+(?:or\s+replace\s+)?(?:global\s+|local\s+)?(?:temp(?:orary)?\s+|unlogged\s+|foreign\s+)?"
    rb"(?:table|(?:materialized\s+|recursive\s+)*view|policy|unique\s+index)|alter\s+table|drop\s+table|rename\s+table)\b",
    re.IGNORECASE,
)
_RIGHTS = regex(
    rb"\b(?:(?:alter|drop)\s+(?:policy|view|materialized\s+view|index)|(?:create|alter|drop)\s+(?:or\s+replace\s+)?"
    rb"(?:role|user|index|function|procedure|routine)|alter\s+default\s+privileges)\b|^\s*(?:grant|revoke|do)\s",
    re.IGNORECASE | re.MULTILINE,
)
_MAKES_ROUTINE = regex(
    rb"\bcreate\s+(?:or\s+(?:replace|alter)\s+)?(?:definer\s*=\s*\S+\s+)?(?:function|proc(?:edure)?)\s", re.IGNORECASE
)
_CHUNK = regex(r"(\d+)")


def in_migrations(path: str) -> bool:
    """Whether a folder of `path` is one where migration tools keep their scripts."""
    folders = [part.lower() for part in PurePosixPath(path).parts[:-1]]
    return any(
        folder in _MIGRATION_FOLDERS or folder.startswith("migrations") or "migrations" in folder.split(".")
        for folder in folders
    )


def is_migration_code(path: str) -> bool:
    """The same for code, whose folders `versions` or `deploy` are as often what a product serves: they count where
    another folder says that it is about a database."""
    folders = [part.lower() for part in PurePosixPath(path).parts[:-1]]
    if not in_migrations(path):
        return False
    return bool(_OF_DATABASES.intersection(folders)) or in_migrations(
        "/".join(["", *(f for f in folders if f not in _AMBIGUOUS), "x"])
    )


def defines_schema(path: str, data: bytes) -> bool:
    """Whether a `.sql` file has statements that change the schema."""
    return path.lower().endswith(".sql") and _DEFINES.search(data) is not None


def changes_rights(path: str, data: bytes) -> bool:
    """Whether a migration changes who may do what, or how: roles, privileges, policies, routines, indexes, blocks; or
    a script of its own makes a routine."""
    if not path.lower().endswith(".sql"):
        return False
    return (_RIGHTS if in_migrations(path) else _MAKES_ROUTINE).search(data) is not None


def is_down(path: str) -> bool:
    """Whether a migration file undoes another one, so that it is not part of the schema as deployed."""
    pure = PurePosixPath(path)
    return bool(_DOWN_FILE.search(pure.name)) or any(part.lower() in _DOWN_FOLDERS for part in pure.parts[:-1])


def ordered(paths: Iterable[str]) -> list[str]:
    """`paths` in the order they apply: base schemas before migrations, a folder at a time, numbers as numbers.

    A baseline such as `schema.sql` or `structure.sql` next to a migration folder is the state the migrations lead to or
    start from; it is read first, and a migration that repeats it changes nothing.
    """
    return sorted(paths, key=_key)


def _key(path: str) -> tuple[object, ...]:
    pure = PurePosixPath(path)
    name = pure.name
    stem = re.sub(r"^[VR](?=\d|__)", lambda found: "" if found.group() == "V" else "\uffff", name)
    return (in_migrations(path), _natural("/".join(pure.parts[:-1])), _natural(stem))


def _natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """A sort key that reads runs of digits as numbers; numbers come before letters."""
    return tuple(
        (0, int(chunk[:40]), chunk) if chunk.isascii() and chunk.isdigit() else (1, 0, chunk)
        for chunk in _CHUNK.split(text)
        if chunk
    )


def decoded(data: bytes) -> str:
    """Text of a file: UTF-8 (with or without mark), UTF-16 with mark, else Latin-1; never fails."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def up_part(text: str) -> str:
    """`text` with the parts that undo a migration blanked out, line numbers kept.

    Knows goose, dbmate, sql-migrate, tern, atlas, rambler, MyBatis and Play evolutions markers.
    """
    out: list[str] = []
    position = 0
    while True:
        down = _DOWN_MARK.search(text, position)
        if down is None:
            out.append(text[position:])
            return "".join(out)
        out.append(text[position : down.start()])
        up = _UP_MARK.search(text, down.end())
        stop = len(text) if up is None else up.start()
        out.append("\n" * text.count("\n", down.start(), stop))
        position = stop
        if up is None:
            return "".join(out)
