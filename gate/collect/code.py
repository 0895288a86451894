"""Source code → facts, by the lints: every statement on a tenant-owned table, and every table with its owner.

The judged project is read, never run or imported.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gate.collect import Context, first_line
from gate.model import Coverage, Descriptor, Evidence, GateError, Row, UndecidedError, Unread
from gate.reading import read_yaml
from gate.tree import select

if TYPE_CHECKING:
    from lints.scan import Access, TableFact

DEFAULT_MIGRATIONS = ("**/migrations/*.sql", "**/migrations/**/*.sql", "**/migrations/*.py", "prisma/schema.prisma")


def collect(context: Context) -> Iterable[Evidence]:
    """`data_access`: a row a statement. `tenancy_table`: a row a table."""
    from lints.scan import scan
    from lints.schema import build_model

    config = context.policy.config.get("source", {})
    dialect = config.get("dialect", "postgres")
    unread: list[Unread] = []
    migrations = dict(_read(context, config.get("migrations", DEFAULT_MIGRATIONS), unread))
    declared = _declared(context)
    try:
        model = build_model(migrations, declared, dialect=dialect)
    except ValueError as error:
        raise GateError(f"{context.policy.config.get('tenancy', 'tenancy')}: {first_line(error)}") from None
    unread += [Unread(path=o.path, line=o.line, reason=o.why) for o in model.unread]
    sources = dict(_read(context, config.get("include", ("**",)), unread, excluded=config.get("exclude", ())))
    facts = scan(sources.items(), model, declared=declared)
    code_unread = [Unread(path=p.path, line=p.line, reason=p.reason) for p in facts.unanalysed]
    yield Evidence(
        kind="data_access",
        rows=tuple(_access(access) for access in facts.accesses),
        coverage=Coverage(scope=f"{len(sources)} source files", unread=(*unread, *code_unread), numbers=facts.numbers),
        materials=tuple(_descriptors(sources)),
    )
    yield Evidence(
        kind="tenancy_table",
        rows=tuple(_table(table) for table in facts.tables),
        coverage=Coverage(
            scope=f"{len(migrations)} migrations", unread=tuple(unread), numbers={"tables": len(facts.tables)}
        ),
        materials=tuple(_descriptors(migrations)),
    )


def _declared(context: Context) -> Mapping[str, Any] | None:
    name = context.policy.config.get("tenancy")
    return None if name is None else read_yaml(context.policy.files[name], name).value


def _read(
    context: Context, patterns: Iterable[str], unread: list[Unread], *, excluded: Iterable[Mapping[str, str]] = ()
) -> Iterator[tuple[str, bytes]]:
    out = set(select(context.tree.paths(), [item["path"] for item in excluded]))
    for path in select(context.tree.paths(), patterns):
        if path in out:
            continue
        try:
            yield path, context.tree.read(path)
        except (GateError, UndecidedError, FileNotFoundError) as error:
            unread.append(Unread(path=path, reason=first_line(error)))


def _access(access: Access) -> Row:
    return _without_none(
        {
            "path": access.path, "line": access.line, "col": access.column, "end_line": access.end_line,
            "end_col": access.end_column, "snippet": access.snippet or None, "language": access.language,
            "operation": access.operation, "table_name": access.table or None, "verdict": access.verdict,
            "rule": access.rule, "why": access.why or None, "owned_because": access.owned_because,
            "fingerprint": access.fingerprint, "path_class": access.path_class, "executed_by": access.call or None,
            "confidence": access.confidence, "carrier": access.carrier or None, "function": access.function or None,
            "tenant_parameter": access.tenant_parameter, "tenant_ignored": access.tenant_ignored,
            "assumptions": list(access.assumptions),
        }
    )  # fmt: skip


def _table(table: TableFact) -> Row:
    return _without_none(
        {
            "name": table.table, "ownership": str(table.ownership), "tenant_column": table.tenant_column,
            "path": table.path, "line": table.line, "because": table.why,
        }
    )  # fmt: skip


def _without_none(row: Mapping[str, Any]) -> Row:
    return {name: value for name, value in row.items() if value is not None}


def _descriptors(files: Mapping[str, bytes]) -> Iterator[Descriptor]:
    for name, data in sorted(files.items()):
        yield Descriptor(name=name, sha256=hashlib.sha256(data).hexdigest())
