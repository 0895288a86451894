"""The files that say what the schema is: found among all files, read in the right order, each by its own reader.

A reader is imported when its step is taken: most projects have two or three kinds of sources.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from lints.extract import extract
from lints.extract.code import lowered
from lints.extract.lines import Lines
from lints.schema.catalog import Catalog
from lints.schema.order import changes_rights, decoded, defines_schema, in_migrations, is_down, ordered, up_part
from lints.schema.orm import Source
from lints.schema.paths import CODE, dialect_of, misnamed, path_class
from lints.schema.steps import BASES, SCRIPTS
from lints.tenancy import Origin

_MAX_FILE = 16 * 1024 * 1024
_SCRIPTS = (".ts", ".mts", ".cts", ".js", ".mjs", ".cjs")


def apply_migrations(catalog: Catalog, files: Mapping[str, bytes], dialect: str) -> None:
    """SQL scripts, Alembic revisions, Rails schemas and migrations, SQL inside other migrations in code."""
    from lints.schema import code_migrations, fluent_migrator, go_migrations, javascript_migrations, laravel
    from lints.schema.ddl import apply_script

    named = {path: data for path, data in files.items() if path.endswith(_SCRIPTS)}
    javascript_migrations.read_table_names(catalog, named)
    alembic = {path: data for path, data in files.items() if path.endswith(".py") and _revision(path, data)}
    dumps = [path for path in files if path.endswith("db/schema.rb")]
    paths = [
        path
        for path, data in files.items()
        if (defines_schema(path, data) or changes_rights(path, data) or _in_code(path, data, rails=not dumps))
        and path not in alembic
    ]
    for path in [*ordered([*paths, *dumps]), *code_migrations.alembic_order(alembic)]:
        if is_down(path) or path_class(path) == "test":
            continue
        data = files[path]
        if len(data) > _MAX_FILE:
            catalog.unread.append(Origin(path=path, line=1, why=f"larger than {_MAX_FILE} bytes"))
            continue
        catalog.files.append(path)
        if path.lower().endswith(".sql"):
            apply_script(catalog, path, up_part(decoded(data)), dialect_of(path) or dialect)
            continue
        found = extract(path, go_migrations.up_part(data) if path.endswith(".go") else data)
        if _makes(path, data) and not _among_migrations(path):
            installs = path.endswith(".php") and laravel.INSTALLS.search(data) is not None
            if installs and (source := _source(catalog, path, data)) is not None:
                laravel.apply_laravel(catalog, source)
            code_migrations.apply_made(catalog, path, found.statements, dialect_of(path) or dialect)
            continue
        catalog.unread.extend(Origin(path=p.path, line=p.line, why=p.reason) for p in found.problems)
        if path.endswith(".cs") and fluent_migrator.DECLARES.search(data) is not None:
            fluent_migrator.apply_fluent(catalog, path, data)
        built = path.endswith(_SCRIPTS) and javascript_migrations.DECLARES.search(data) is not None
        source = _source(catalog, path, data) if built or path.endswith((".py", ".rb", ".php")) else None
        if source is None:
            code_migrations.apply_statements(catalog, path, found.statements, dialect)
        elif path in alembic:
            code_migrations.apply_alembic(catalog, source, found.statements, dialect)
        else:
            if built:
                javascript_migrations.apply_javascript(catalog, source)
            elif path.endswith(".rb"):
                code_migrations.apply_rails(catalog, source)
            elif path.endswith(".php"):
                laravel.apply_laravel(catalog, source)
            code_migrations.apply_statements(catalog, path, found.statements, dialect)


def _revision(path: str, data: bytes) -> bool:
    from lints.schema import code_migrations

    return b"down_revision" in data and code_migrations.ALEMBIC.search(data) is not None


def _in_code(path: str, data: bytes, *, rails: bool) -> bool:
    if not path.endswith(CODE):
        return False
    from lints.schema import code_migrations, fluent_migrator, go_migrations, javascript_migrations, laravel

    told = path.endswith(".go") and go_migrations.DECLARES.search(data) is not None
    if not (told or _among_migrations(path)):
        return _makes(path, data)

    if path.endswith(".rb"):
        return rails and code_migrations.RAILS.search(data) is not None
    if path.endswith(".php") and laravel.DECLARES.search(data) is not None:
        return True
    if path.endswith(".cs") and fluent_migrator.DECLARES.search(data) is not None:
        return True
    if path.endswith(_SCRIPTS) and javascript_migrations.DECLARES.search(data) is not None:
        return True
    return code_migrations.TABLE_DDL.search(data) is not None


def _among_migrations(path: str) -> bool:
    return in_migrations(path) or "/migrate/" in f"/{path}"


def _makes(path: str, data: bytes) -> bool:
    """Whether code of a language where that is usual makes tables itself, not those of a test or a seed."""
    from lints.schema import code_migrations, laravel

    usual = path.endswith((".py", ".php", ".cs", *_SCRIPTS)) and path_class(path) == "source"
    installs = path.endswith(".php") and laravel.INSTALLS.search(data) is not None
    return usual and (installs or code_migrations.makes_tables(data))


Reader = Callable[[Catalog, Sequence[Source]], None]


def _prisma(catalog: Catalog, files: Mapping[str, bytes], _: str) -> None:
    schemas = {path: decoded(data) for path, data in sorted(files.items()) if path.endswith(".prisma")}
    if schemas:
        from lints.schema import prisma

        prisma.read_prisma(catalog, schemas)


def _python(catalog: Catalog, files: Mapping[str, bytes], _: str) -> None:
    from lints.schema import python_models

    _read(catalog, files, (".py",), python_models.DECLARES.search, python_models.read_python_models)


def _python_bases(catalog: Catalog, files: Mapping[str, bytes], _: str) -> None:
    from lints.schema import python_bases

    source = {path: files[path] for path in sorted(files) if path.endswith(".py") and path_class(path) == "source"}
    python_bases.read_python_bases(catalog, source)


def _javascript(catalog: Catalog, files: Mapping[str, bytes], _: str) -> None:
    from lints.schema import javascript_models, typescript_models

    decorated = (".ts", ".tsx", ".js", ".mts")
    _read(catalog, files, decorated, typescript_models.DECLARES.search, typescript_models.read_typescript_models)
    _read(catalog, files, _SCRIPTS, javascript_models.DECLARES.search, javascript_models.read_javascript_models)


def _php(catalog: Catalog, files: Mapping[str, bytes], _: str) -> None:
    from lints.schema import doctrine, php_models

    _read(catalog, files, (".php",), php_models.DECLARES.search, php_models.read_php_models)
    _read(catalog, files, (".php",), doctrine.DECLARES.search, doctrine.read_doctrine)


def _ruby(catalog: Catalog, files: Mapping[str, bytes], _: str) -> None:
    from lints.schema import rails_models

    _read(catalog, files, (".rb",), rails_models.DECLARES.search, rails_models.read_rails_models)


def _mappings(catalog: Catalog, files: Mapping[str, bytes], _: str) -> None:
    from lints.schema import doctrine

    mapped = {path: decoded(data) for path, data in sorted(files.items()) if path.endswith(doctrine.MAPPINGS)}
    doctrine.read_doctrine_xml(catalog, mapped)
    catalog.files.extend(mapped)


def _compiled(catalog: Catalog, files: Mapping[str, bytes], _: str) -> None:
    from lints.schema import compiled_models

    compiled = {
        path: decoded(data)
        for path, data in sorted(files.items())
        if path.endswith(compiled_models.ENDINGS)
        and (
            path_class(path) == "source"
            or path.endswith("ModelSnapshot.cs")  # what Entity Framework's conventions have made of names
            or (path.endswith(".gen.go") and b'`gorm:"' in data)  # what GORM Gen makes
        )
        and compiled_models.declares(path, data)
    }
    compiled_models.read_compiled_models(catalog, compiled)


READERS: Mapping[str, Callable[[Catalog, Mapping[str, bytes], str], None]] = {
    SCRIPTS: apply_migrations, "prisma": _prisma, "python": _python, BASES: _python_bases, "javascript": _javascript,
    "php": _php, "ruby": _ruby, "mappings": _mappings, "compiled": _compiled,
}  # fmt: skip
"""What each step of `lints.schema.steps` does with files of its own, and with what the steps before have left."""


def read_queries(catalog: Catalog, files: Mapping[str, bytes]) -> None:
    """Functions that give queries: each file by itself, whatever else is in the catalog."""
    from lints.schema import query_helpers

    for ending, told in query_helpers.DECLARES.items():
        _read(catalog, files, (ending,), told.search, query_helpers.read_query_helpers)


def _read(
    catalog: Catalog,
    files: Mapping[str, bytes],
    endings: tuple[str, ...],
    declares: Callable[[bytes], object],
    read: Reader,
) -> None:
    sources: list[Source] = []
    for path in sorted(files):
        if (
            path.endswith(endings)
            and not in_migrations(path)
            and (path_class(path) == "source" or misnamed(path, files[path]))
            and declares(files[path])
        ):
            source = _source(catalog, path, files[path])
            if source is not None:
                sources.append(source)
    read(catalog, sources)
    catalog.files.extend(source.path for source in sources)


def _source(catalog: Catalog, path: str, data: bytes) -> Source | None:
    body = lowered(path, data)
    if body is None:
        catalog.unread.append(Origin(path=path, line=1, why="too large, binary, or too slow to parse"))
        return None
    return Source(path, data, body, Lines(data))
