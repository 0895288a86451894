"""One file by itself: its statements, and what the model and the reports need of its bytes later on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntFlag
from functools import cache, lru_cache
from importlib import import_module

from lints.extract import Extraction, extract
from lints.extract.facts import Helper
from lints.extract.glance import Look, glance
from lints.schema.order import defines_schema, in_migrations
from lints.schema.paths import CODE, misnamed, path_class, says_generated
from lints.search import Search
from lints.tenancy import Origin

MAX_QUOTED_LINES, MAX_QUOTED = 200, 16_000
MAX_LINE = 10_000
"""Longer lines are a bundler's: what it packed gives no queries to the sources beside it."""
_TYPESCRIPT = (".ts", ".tsx", ".js", ".mts", ".cts", ".mjs", ".cjs")
_MAPPINGS = (".orm.xml", ".dcm.xml")
_COMPILED = (".java", ".kt", ".cs", ".go")
# The reader of a kind of models is imported only where one of its words occurs.
PYTHON_WORDS = (
    b"models.", b"__tablename__", b"Table(", b"declared_attr", b"Column(", b"mapped_column(", b"table", b"SQLModel",
    b"ForeignKeyField(", b"peewee", b"playhouse", b"tortoise", b"pony",
)  # fmt: skip
_BASES_WORDS = (
    b"model", b"entity", b"__init__", b"class", b"CRUD", b"Crud", b"Repo", b"DAO", b"Dao", b"Service", b"Store",
    b"with_loader",
)  # fmt: skip
TYPESCRIPT_WORDS = (b"Entity", b"Table", b"Schema", b"Column", b"PrimaryKey", b"Property")
_PYTHON, _TYPESCRIPT_MODELS = Search(*map(re.escape, PYTHON_WORDS)), Search(*map(re.escape, TYPESCRIPT_WORDS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The lines `line` to `end_line` as they stand in a file, at most 200 of them and 16,000 characters."""

    line: int
    end_line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What is known of one file without knowing any other."""

    extraction: Extraction
    defines_schema: bool = False
    generated: bool = False
    misnamed: bool = False
    """Its name says test, and it holds none."""
    quotes: tuple[Quote, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing in it to judge or to tell."""
        found = self.extraction
        nothing = not (found.statements or found.calls or found.problems or found.suppressions or found.contexts)
        return found.analysed and nothing


def examine(path: str, data: bytes, look: Look = glance) -> Examined:
    """Everything about one file of a known language. Never raises for what is in it; see `extract`."""
    found = extract(path, data, look)
    if not found.statements and not found.calls:
        return Examined(extraction=found)
    return Examined(
        extraction=found,
        defines_schema=defines_schema(path, data) or (path.endswith(".go") and _says_migration(path, data)),
        generated=b"generated" in data[:1500].lower() and says_generated(data),
        misnamed=misnamed(path, data),
        quotes=_quotes(found, data),
    )


class Schema(IntFlag):
    """What a file may add to the model (`lints.schema.sources`)."""

    NOTHING = 0
    SCRIPT = 1
    """A migration, a script with table definitions, a dumped schema."""
    NAMES = 2
    """Names of tables, for migrations that do not write them out."""
    MODELS = 4
    """Models of an ORM."""
    QUERIES = 8
    """Functions that give queries to others."""
    BASES = 16
    """Classes that ask for rows of a model which other classes name, or that name one."""


def schema_of(path: str, data: bytes) -> Schema:
    """What a file may add to the model; in doubt it adds something."""
    if path.lower().endswith(".sql") or path.endswith("db/schema.rb"):
        return Schema.SCRIPT
    if path.endswith((".prisma", ".stg", *_MAPPINGS)):
        return Schema.MODELS
    if path.endswith(CODE) and _among_migrations(path):
        return Schema.SCRIPT
    told = Schema.SCRIPT if path.endswith(CODE) and _says_migration(path, data) else Schema.NOTHING
    found = Schema.NOTHING
    for kind in _kinds(path, data):
        found |= kind
    if found and not (path_class(path) == "source" or misnamed(path, data)):
        return told
    return told | found


def _says_migration(path: str, data: bytes) -> bool:
    return b"down_revision" in data or (path.endswith(".go") and _declares("go_migrations").possible(data))


def _kinds(path: str, data: bytes) -> Iterator[Schema]:
    """What there is of models in a file, of names of tables, of functions that give queries."""
    if path.endswith((".py", ".php", ".cs", *_TYPESCRIPT)) and _makes_tables(path, data):
        yield Schema.SCRIPT
    if path.endswith(".py"):
        models = _models_in_python(data)
        if _bases_in_python(data):
            yield Schema.BASES
    elif path.endswith(_TYPESCRIPT):
        models = _models_in_typescript(data)
        if _names_tables(data):
            yield Schema.NAMES
    elif path.endswith(".php"):
        models = _models_in_php(data)
    elif path.endswith(".rb"):
        models = _models_in_ruby(data)
    else:
        models = path.endswith(_COMPILED) and _models_in_compiled(path, data)
    if models:
        yield Schema.MODELS
    if path.endswith((".py", *_TYPESCRIPT)) and _gives_queries(path, data):
        yield Schema.QUERIES


@dataclass(frozen=True, slots=True, kw_only=True)
class Queries:
    """What a file adds to the model that gives queries to others: it depends on no other file."""

    helpers: tuple[Helper, ...] = ()
    read: bool = True
    unread: tuple[Origin, ...] = ()


def queries_of(path: str, data: bytes) -> Queries:
    """What a file gives that `schema_of` says `QUERIES` of."""
    from lints.extract.code import lowered
    from lints.extract.lines import Lines
    from lints.schema.catalog import Catalog
    from lints.schema.orm import Source
    from lints.schema.query_helpers import declares, read_query_helpers

    if not declares(path, data):
        return Queries(read=False)
    body = lowered(path, data)
    if body is None:
        why = "too large, binary, or too slow to parse"
        return Queries(read=False, unread=(Origin(path=path, line=1, why=why),))
    catalog = Catalog()
    read_query_helpers(catalog, [Source(path, data, body, Lines(data))])
    return Queries(helpers=tuple(catalog.helpers), unread=tuple(catalog.unread))


def _among_migrations(path: str) -> bool:
    return _of_migrations(path.rpartition("/")[0])


@lru_cache(maxsize=4096)
def _of_migrations(folder: str) -> bool:
    return in_migrations(f"{folder}/x") or "/migrate/" in f"/{folder}/"


def could_be_schema(path: str) -> bool:
    """Whether there are bytes that would make a file of this name add something to the model."""
    return path.lower().endswith((".sql", ".prisma", ".stg", *_MAPPINGS)) or path.endswith(CODE)


def _makes_tables(path: str, data: bytes) -> bool:
    from lints.schema.code_migrations import makes_tables
    from lints.schema.laravel import INSTALLS

    return makes_tables(data) or (path.endswith(".php") and INSTALLS.search(data) is not None)


def _models_in_python(data: bytes) -> bool:
    return _PYTHON.possible(data) and _declares("python_models").possible(data)


def _bases_in_python(data: bytes) -> bool:
    return any(word in data for word in _BASES_WORDS) and _declares("python_bases").possible(data)


def _models_in_typescript(data: bytes) -> bool:
    from lints.schema.javascript_models import WORDS

    if _declares("javascript_models").possible(data) and any(word in data for word in WORDS):
        return True
    return _TYPESCRIPT_MODELS.possible(data) and _declares("typescript_models").possible(data)


def _names_tables(data: bytes) -> bool:
    return (b"enum" in data or b"Table" in data or b"TABLE" in data) and _declares(
        "javascript_migrations", "NAMES_TABLES"
    ).possible(data)


def _gives_queries(path: str, data: bytes) -> bool:
    """Whether some function in it may give a query or a condition to its callers."""
    return (
        _conditions(path[path.rindex(".") :]).possible(data) and max(map(len, data.splitlines()), default=0) <= MAX_LINE
    )


def _models_in_php(data: bytes) -> bool:
    return _declares("php_models").possible(data) or _declares("doctrine").possible(data)


@cache
def _declares(module: str, name: str = "DECLARES") -> Search:
    """What a reader of models asks of a file, to be answered in no more time than reading it took."""
    pattern: re.Pattern[bytes] = getattr(import_module(f"lints.schema.{module}"), name)
    return Search(pattern.pattern, flags=re.RegexFlag(pattern.flags))


@cache
def _conditions(ending: str) -> Search:
    from lints.schema.query_helpers import DECLARES

    return Search(DECLARES[ending].pattern)


def _models_in_ruby(data: bytes) -> bool:
    return _declares("rails_models").matches(data)


def _models_in_compiled(path: str, data: bytes) -> bool:
    from lints.schema.compiled_models import declares

    return declares(path, data)


def _quotes(found: Extraction, data: bytes) -> tuple[Quote, ...]:
    spans = sorted({*((s.line, s.end_line) for s in found.statements), *((c.line, c.end_line) for c in found.calls)})
    if not spans:
        return ()
    utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    lines = data.decode("utf-16" if utf16 else "utf-8", "replace").split("\n")
    return tuple(Quote(line=start, end_line=end, text=_quoted(lines, start, end)) for start, end in spans)


def _quoted(lines: list[str], start: int, end: int) -> str:
    kept: list[str] = []
    size = 0
    for line in lines[start - 1 : min(end, start - 1 + MAX_QUOTED_LINES)]:
        kept.append(line.removesuffix("\r")[: MAX_QUOTED - size])
        size += len(kept[-1]) + 1
        if size >= MAX_QUOTED:
            break
    return "\n".join(kept)
