"""Oracle's `(+)`, which Snowflake and Redshift know too: the marked table is the nullable side of an outer join."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from lints.proof.ir import Unsupported

NOT_PLAIN = "an outer join by (+) that is not plain"


def written_out(tree: Any) -> Any:
    """The statement with every marked table as a LEFT JOIN, its marked conditions as ON.

    Raises Unsupported where a mark stands anywhere but in a conjunct of WHERE that marks one table of a comma list.
    """
    for node in reversed(list(tree.find_all(exp.Select))):
        found = _select(node)
        if found is not node:
            if node is tree:
                tree = found
            else:
                node.replace(found)
    if any(column.args.get("join_mark") for column in tree.find_all(exp.Column)):
        raise Unsupported(NOT_PLAIN)
    return tree


def _select(node: Any) -> Any:
    where = node.args.get("where")
    marked = _marked(where) if where is not None else set()
    if not marked:
        return node
    relations = {item.alias_or_name.lower(): item for item in _relations(node)}
    conditions: dict[str, list[Any]] = {}
    kept: list[Any] = []
    for part in _conjuncts(where.this):
        names = _marked(part)
        if not names:
            kept.append(part)
        elif len(names) == 1 and names <= relations.keys():
            conditions.setdefault(names.pop(), []).append(part)
            for column in _columns(part):
                column.set("join_mark", None)
        else:
            raise Unsupported(NOT_PLAIN)
    left = [item for name, item in relations.items() if name not in conditions]
    if not left:
        raise Unsupported(NOT_PLAIN)
    joins: list[Any] = [exp.Join(this=item) for item in left[1:]]
    placed = {item.alias_or_name.lower() for item in left}
    while conditions:
        ready = next((name for name, parts in conditions.items() if _others(parts, name) <= placed), None)
        if ready is None:
            raise Unsupported(NOT_PLAIN)
        on = exp.and_(*(exp.paren(part, copy=False) for part in conditions.pop(ready)), copy=False)
        joins.append(exp.Join(this=relations[ready], side="LEFT", on=on))
        placed.add(ready)
    parts = {name: value for name, value in node.args.items() if name not in ("from_", "joins", "where")}
    parts |= {"from_": exp.From(this=left[0]), "joins": joins}
    if kept:
        parts["where"] = exp.Where(this=exp.and_(*kept, copy=False))
    return exp.Select(**parts)


def _relations(node: Any) -> list[Any]:
    joins = node.args.get("joins") or []
    source = node.args.get("from_")
    if source is None or any(
        join.args.get(part) for join in joins for part in ("side", "kind", "on", "using", "method")
    ):
        raise Unsupported(NOT_PLAIN)
    found = [source.this, *(join.this for join in joins)]
    if any(not item.alias_or_name or item.args.get("joins") for item in found):
        raise Unsupported(NOT_PLAIN)
    if len({item.alias_or_name.lower() for item in found}) < len(found):
        raise Unsupported(NOT_PLAIN)
    return found


def _conjuncts(node: Any) -> list[Any]:
    found: list[Any] = []
    stack = [node]
    while stack:
        item = stack.pop()
        if type(item) is exp.And:
            stack += (item.expression, item.this)
        else:
            found.append(item)
    return found


def _marked(node: Any) -> set[str]:
    """The qualifiers of the marked columns; one without a qualifier has the empty one."""
    return {column.table.lower() for column in _columns(node) if column.args.get("join_mark")}


def _others(parts: list[Any], name: str) -> set[str]:
    return {column.table.lower() for part in parts for column in _columns(part) if column.table} - {name}


def _columns(node: Any) -> list[Any]:
    """The columns of a condition, not those of queries inside it."""
    return [n for n in node.walk(prune=lambda n: isinstance(n, exp.Query)) if type(n) is exp.Column]
