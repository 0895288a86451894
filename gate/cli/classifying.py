"""`gate tenancy`: which tables belong to a tenant, and where that was read."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from gate import run
from gate.cli import options
from gate.collect.scanning import model_of
from gate.model import GateError
from gate.reading import did_you_mean
from gate.report.escape import line
from gate.tree import WorkTree

if TYPE_CHECKING:
    from lints.schema.tenants import Levels
    from lints.tenancy import Model, Table


def tenancy(argv: list[str]) -> int:
    """show | explain TABLE | init. Exit 1 from `show` when a table is not classified."""
    parser = options.Parser("tenancy", "Which tables belong to a tenant, and where that was read.")
    parser.add_argument("action", choices=["show", "explain", "init"])
    parser.add_argument("table", nargs="?", type=options.text, metavar="TABLE", help="for explain")
    parser.add_argument("--json", action="store_true", help="machine-readable")
    options.add_root(parser)
    arguments = parser.parse_args(argv)
    root = arguments.root.resolve()
    policy = run.load_policy(root, None)
    model, unread = model_of(WorkTree(root), policy)
    for item in unread:
        sys.stderr.write(f"gate: not read: {line(item.path)}:{item.line}: {line(item.reason, 200)}\n")
    if arguments.action == "explain":
        sys.stdout.write(_explain(model, arguments.table))
        return 0
    if arguments.action == "init":
        sys.stdout.write(starter(model))
        return 0
    unknown = [t for t in model.tables.values() if t.ownership == "unknown"]
    sys.stdout.write(_json(model) if arguments.json else _show(model))
    return 1 if unknown or unread else 0


def _show(model: Model) -> str:
    width = max((len(name) for name in model.tables), default=5)
    named = ", ".join(line(name) for name in sorted(model.tenant_columns))
    lines = [f"{len(model.tables)} tables, {len(model.views)} views ({model.dialect}); tenants are named by {named}"]
    for name, table in sorted(model.tables.items()):
        owner = _owner(table)
        place = f"{line(table.origin.path)}:{table.origin.line}"
        lines.append(f"  {line(name):<{width}}  {table.ownership:<11}  {line(owner):<28}  {place}")
    return "\n".join(lines) + "\n"


def _owner(table: Table) -> str:
    if table.tenant_column:
        return table.tenant_column
    return f"through {table.parent.references}" if table.parent else ""


def _explain(model: Model, name: str | None) -> str:
    if name is None:
        raise GateError("tenancy explain: name a table")
    table = model.tables.get(name) or model.tables.get(name.lower())
    if table is None:
        raise GateError(f"tenancy explain: no table {name!r}{did_you_mean(name, list(model.tables))}")
    lines = [
        f"{line(table.name)}: {table.ownership}{f', {line(_owner(table))}' if _owner(table) else ''}",
        f"  because  {line(table.origin.why)} ({line(table.origin.path)}:{table.origin.line})",
        f"  key      {line(', '.join(table.primary_key)) or 'none'}",
    ]
    lines += [f"  unique   {line(', '.join(columns))}" for columns in table.unique if columns != table.primary_key]
    for key in table.foreign_keys:
        target = f"{key.references} ({', '.join(key.referenced_columns)})"
        lines.append(f"  refers   ({line(', '.join(key.columns))}) to {line(target)}")
    for column in table.columns.values():
        null = "" if column.nullable else " not null"
        default = f" default {column.default}" if column.default else ""
        lines.append(f"  column   {line(column.name)} {line(column.type)}{null}{line(default, 80)}")
    return "\n".join(lines) + "\n"


def starter(model: Model) -> str:
    """A tenancy.yaml to start from: every table that the schema can't classify, to be decided by a person."""
    unknown = sorted(name for name, table in model.tables.items() if table.ownership == "unknown")
    from lints.schema.tenants import levels

    two = levels(model.tables)
    named = sorted(model.tenant_columns) if two is None else [*two.inner_columns, *two.outer_columns]
    lines = [
        "# Whose rows a table holds, where migrations can't say it. Taking a table out of judgement needs a reason.",
        "version: 1",
        *(
            _two_levels(two)
            if two is not None
            else ["# The columns that name a tenant, as far as the schema shows them."]
        ),
        f"tenant_columns: [{', '.join(json.dumps(name) for name in dict.fromkeys(named))}]",
    ]
    if unknown:
        lines.append("# Decide for each: keep it here with a true reason, or give the table its tenant column.")
        lines.append("#globals:")
        lines += [f'#  {json.dumps(name)}: "why these rows are the same for every tenant"' for name in unknown]
    return "\n".join(lines) + "\n"


def _two_levels(two: Levels) -> list[str]:
    """Why the inner one of two levels is proposed as the tenant."""
    inner, outer = line(two.inner), line(two.outer)
    shown = ", ".join(map(line, two.named_by_inner[:4])) + (", …" if len(two.named_by_inner) > 4 else "")
    apart = f"; a row of {outer} alone: {len(two.named_by_outer)}" if two.named_by_outer else ""
    return [
        f"# Two levels of tenants: a row of {inner} is inside of one of {outer}.",
        f"# Tables that name a row of {inner} alone: {len(two.named_by_inner)} ({shown}){apart}.",
        f"# So rows belong to {inner} first, and to {outer} where they name nothing narrower.",
    ]


def _json(model: Model) -> str:
    tables = [
        {
            "name": table.name, "ownership": table.ownership, "tenant_column": table.tenant_column,
            "parent": table.parent.references if table.parent else None,
            "origin": {"path": table.origin.path, "line": table.origin.line, "why": table.origin.why},
        }
        for _, table in sorted(model.tables.items())
    ]  # fmt: skip
    return json.dumps({"dialect": model.dialect, "tables": tables}, indent=2) + "\n"
