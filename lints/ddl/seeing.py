"""What a policy sees of other tables: their own policies hold for whoever asks, inside a policy too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lints.schema.ddl import quiet

if TYPE_CHECKING:
    from sqlglot import exp

    from lints.ddl.subject import Subject

_DEEPEST = 4
_LONGEST = 20_000


def seen_through(subject: Subject, name: str, expression: str) -> str:
    """`expression` of a policy of `name`, each other table with row level security in it narrowed by its policies.

    An expression that is not understood, or grows too large, is given back as it was: nothing is gained then.
    """
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError

    if "select" not in expression.lower():
        return expression
    try:
        with quiet():
            tree = parse_one(f"SELECT 1 WHERE {expression}", dialect="postgres")
            where = tree.args.get("where")
            if not isinstance(tree, exp.Select) or where is None:
                return expression
            left = _narrow(subject, where, frozenset({name}), _LONGEST)
            if left == _LONGEST or left <= 0:
                return expression
            text: str = where.this.sql(dialect="postgres")
    except (SqlglotError, RecursionError):
        return expression
    return text


def _narrow(subject: Subject, tree: exp.Expr, above: frozenset[str], left: int) -> int:
    """Put each table's policies where it is named; tables in `above` are being looked at already.

    At most `left` characters of conditions are put in; returns how many more there may be.
    """
    from sqlglot import exp, parse_one

    for table in reversed(list(tree.find_all(exp.Table))):  # what hangs on a table before the table itself
        name = _name(subject, table)
        if name is None or name in above or len(above) > _DEEPEST:
            continue
        condition = visible(subject, name)
        if condition is None:
            continue
        left -= len(condition)
        if left <= 0:
            return left
        alias = table.args.get("alias")
        text = f"SELECT * FROM {subject.named(name)} WHERE {condition}"  # noqa: S608 - never run
        inner = parse_one(text, dialect="postgres")
        where = inner.args["where"]
        left = _narrow(subject, where, above | {name}, left)
        if left <= 0:
            return left
        label = alias.copy() if alias is not None else exp.TableAlias(this=exp.to_identifier(table.name, quoted=True))
        if {part for part, value in table.args.items() if value} - {"this", "db", "alias", "joins"}:
            continue
        # In `(a JOIN b ON …)` the joins hang on the first table.
        joins = [join.copy() for join in table.args.get("joins") or []]
        table.replace(exp.Subquery(this=inner, alias=label, **({"joins": joins} if joins else {})))
    return left


def visible(subject: Subject, name: str) -> str | None:
    """What the policies of a table let anybody SELECT, or None where they don't bind."""
    if name not in subject.schema.relations or not subject.enabled(name):
        return None
    own = [p for p in subject.by_table.get(name, ()) if p.command in ("all", "select") and subject.counts(p.roles)]
    some = [p.using for p in own if p.permissive and p.using is not None]
    admits = {role for p in own if p.permissive and p.using is not None for role in p.roles}
    every = [
        p.using
        for p in own
        if not p.permissive and p.using is not None and ("public" in p.roles or admits <= set(p.roles))
    ]
    admitted = " OR ".join(f"({using})" for using in some) or "false"
    return " AND ".join([f"({admitted})", *(f"({using})" for using in every)])


def _name(subject: Subject, table: exp.Table) -> str | None:
    name = table.name if table.this.args.get("quoted") else table.name.lower()
    schema = table.db
    if schema and f"{schema}.{name}" in subject.schema.relations:
        return f"{schema}.{name}"
    return name if name in subject.schema.relations else None
