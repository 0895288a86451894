"""Source code → facts, by the lints: every statement on a tenant-owned table, and every table with its owner.

The judged project is read, never run or imported.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gate.collect import Context, first_line
from gate.model import Coverage, Descriptor, Evidence, GateError, Policy, Row, UndecidedError, Unread
from gate.reading import read_yaml
from gate.report.redact import redact
from gate.tree import Tree, select

if TYPE_CHECKING:
    from lints.scan import Access, TableFact
    from lints.tenancy import Model

MAX_SNIPPET, MAX_SNIPPET_LINES = 3000, 40
DEFAULT_MIGRATIONS = ("**/migrations/*.sql", "**/migrations/**/*.sql", "**/migrations/*.py", "prisma/schema.prisma")


def collect(context: Context) -> Iterable[Evidence]:
    """`data_access`: a row a statement. `tenancy_table`: a row a table."""
    from lints.scan import scan

    config = context.policy.config.get("source", {})
    model, schema_unread = model_of(context.tree, context.policy)
    unread = list(schema_unread)
    excluded = set(select(context.tree.paths(), [item["path"] for item in config.get("exclude", ())]))
    wanted = [p for p in select(context.tree.paths(), config.get("include", ("**",))) if p not in excluded]
    sources = dict(_read(context.tree, wanted, unread))
    unread += [u for u in context.tree.unread() if u.path not in excluded]
    facts = scan(sources.items(), model, declared=_declared(context.policy))
    code_unread = [Unread(path=p.path, line=p.line, reason=p.reason) for p in facts.unanalysed]
    yield Evidence(
        kind="data_access",
        rows=tuple(_access(access, sources.get(access.path, b"")) for access in facts.accesses),
        coverage=Coverage(
            scope=f"{len(sources)} files, {len(excluded)} excluded by policy",
            unread=(*unread, *code_unread),
            numbers={**facts.numbers, "files_excluded": len(excluded)},
        ),
        materials=tuple(_descriptors(sources)),
    )
    yield Evidence(
        kind="tenancy_table",
        rows=tuple(_table(table) for table in facts.tables),
        coverage=Coverage(scope="the migrations", unread=tuple(schema_unread), numbers={"tables": len(facts.tables)}),
    )


def model_of(tree: Tree, policy: Policy) -> tuple[Model, tuple[Unread, ...]]:
    """The tenancy model: the judged tree's migrations under the policy's declarations, and what of it can't be read."""
    from lints.schema import build_model

    config = policy.config.get("source", {})
    unread: list[Unread] = []
    migrations = dict(_read(tree, select(tree.paths(), config.get("migrations", DEFAULT_MIGRATIONS)), unread))
    try:
        model = build_model(migrations, _declared(policy), dialect=config.get("dialect", "postgres"))
    except ValueError as error:
        raise GateError(f"{policy.config.get('tenancy', 'tenancy')}: {first_line(error)}") from None
    unread += [Unread(path=o.path, line=o.line, reason=o.why) for o in model.unread]
    return model, tuple(unread)


def _declared(policy: Policy) -> Mapping[str, Any] | None:
    name = policy.config.get("tenancy")
    return None if name is None else read_yaml(policy.files[name], name).value


def _read(tree: Tree, paths: Iterable[str], unread: list[Unread]) -> Iterator[tuple[str, bytes]]:
    for path in paths:
        try:
            yield path, tree.read(path)
        except (GateError, UndecidedError, FileNotFoundError) as error:
            unread.append(Unread(path=path, reason=first_line(error)))


def _access(access: Access, source: bytes) -> Row:
    lines = source.decode("utf-8", "replace").splitlines()[access.line - 1 : access.end_line]
    return _without_none(
        {
            "path": access.path, "line": access.line, "col": access.column, "end_line": access.end_line,
            "end_col": access.end_column, "snippet": _snippet(lines) or None, "language": access.language,
            "operation": access.operation, "table_name": access.table or None, "verdict": access.verdict,
            "rule": access.rule, "why": access.why or None, "owned_because": access.owned_because,
            "fingerprint": access.fingerprint, "path_class": access.path_class, "executed_by": access.call or None,
            "confidence": access.confidence, "carrier": access.carrier or None, "function": access.function or None,
            "tenant_parameter": access.tenant_parameter, "tenant_ignored": access.tenant_ignored,
            "assumptions": list(access.assumptions), **_fragment(access, lines),
        }
    )  # fmt: skip


def _snippet(lines: list[str]) -> str:
    """The statement's own lines as they stand in the file, so that a report can underline the exact fragment."""
    text = ""
    for line in lines[:MAX_SNIPPET_LINES]:
        if len(text) + len(line) > MAX_SNIPPET:
            break
        text += line + "\n"
    return redact(text.rstrip("\n"))  # evidence goes into bundles: a secret beside a statement must not


def _fragment(access: Access, lines: list[str]) -> dict[str, object]:
    """The place of the one reference that the finding is about, if the statement's lines show exactly one.

    Lines before it are left out of the snippet, so that the marked line comes first.
    """
    if access.verdict == "proven" or not access.table:
        return {}
    name = re.escape(access.table)
    reference = re.compile(
        rf"""\b(?:from|join|update|into|using|truncate)\s+(?:only\s+|table\s+)?["`]?({name})\b""", re.IGNORECASE
    )
    found = [(n, m) for n, text in enumerate(lines) for m in reference.finditer(text)]
    if len(found) != 1:
        return {}
    number, match = found[0]
    line = access.line + number
    snippet = _snippet(lines[number : number + 3])
    return {
        "line": line, "col": match.start(1) + 1, "end_line": line, "end_col": match.end(1) + 1,
        "snippet": snippet or None,
    }  # fmt: skip


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
