"""Violations in the light of the rows that were read before: same row, or a row that belongs to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lints.context.keys import HELD, unheld
from lints.patterns import regex
from lints.rows import Access
from lints.stores.orm_rows import assumed
from lints.tenancy import Model, Ownership, Table
from lints.vouch.facts import Follow
from lints.vouch.plain import plain, root

RULE = "TENSQL024"
GUARDED = "TENORM010"
HELPED = frozenset(
    [
        "TENSQL001", "TENSQL002", "TENSQL003", "TENSQL005", "TENSQL006", "TENSQL010", "TENSQL012", "TENSQL019",
        "TENORM001", "TENORM002", "TENORM005", "TENORM006",
    ]
)  # fmt: skip
"""Violations that end where a row is known to be the caller's."""
_TRUSTED = frozenset([None, RULE, "TENSQL011", "TENSQL021", "TENSQL022", "TENSQL023", "TENORM014"])
"""What a read that vouches may rest on itself: nobody's word, and no constant."""
_BY_KEYS = frozenset(["TENORM002", "TENORM003"])
_LOADED = _BY_KEYS | {"TENORM010"}
"""A row that is loaded by keys alone: it vouches where its tenant was compared before the second statement."""
_MARK = 9900
_OPTIONAL = regex(r"\?\.|\?->|&\.")
_NOBODYS = frozenset({Ownership.GLOBAL, Ownership.UNKNOWN})
_PART = regex(
    r"(?P<first>(?:\[0\]|\.rows\[0\]|\.first(?:\(\))?|\.at\(0\))?)(?:\.(?P<word>\w+)(?P<call>\(\))?|\[(?P<index>\d+)\])"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """The SQL of one path; `marks` are its placeholders with what they stand for: (start, end, source)."""

    sql: str
    dialect: str
    marks: tuple[tuple[int, int, str], ...]
    loose: bool = False
    """Whether a value that is undefined is no condition at all."""
    table: str | None = None
    """The table of an ORM's call, whose rows it gives."""

    def with_values(self, markers: Mapping[str, str]) -> str:
        """The text with placeholders of their own for some expressions."""
        out, position = [], 0
        for start, end, source in self.marks:
            marker = markers.get(plain(source))
            if marker is not None:
                out += [self.sql[position:start], f":{marker}"]
                position = end
        return "".join([*out, self.sql[position:]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One statement where it stands: its rows so far, and its texts on each path."""

    rows: list[Access]
    texts: tuple[Text, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """A key whose row is known to be the caller's, and how."""

    value: str
    table: str
    column: str
    said: str


def vouched(places: Mapping[tuple[int, int], Sequence[Place]], follows: Iterable[Follow], model: Model) -> None:
    """Turn violations weak whose row was read before, in place; in the order of the file, so that a row that is
    vouched for vouches in turn."""
    by_place: dict[tuple[int, int], list[Follow]] = {}
    for follow in follows:
        by_place.setdefault((follow.line, follow.column), []).append(follow)
    sure: set[tuple[int, int]] = set()
    """Places whose rows were found by keys, one of which is known to be the caller's."""
    for key in sorted(by_place):
        for later in places.get(key, ()):
            guard = next((f for f in by_place[key] if (f.first_line, f.first_column) == key), None)
            if guard is not None and len(places[key]) == 1 and not _strangers(guard, places):
                later.rows[:] = _guarded(later, guard, model)
            if later.texts and any(row.verdict == "weak" and row.rule == HELD for row in later.rows):
                later.rows[:] = _unheld(later, by_place[key], places, model)
            if later.texts and any(row.verdict == "proven" for row in later.rows):
                later.rows[:] = _borrowed(later, by_place[key], places, model)
            violated = any(row.verdict == "violation" and row.rule in HELPED for row in later.rows)
            loaded = bool(later.rows) and all(row.verdict == "weak" and row.rule in _BY_KEYS for row in later.rows)
            if not later.texts or not (violated or loaded):
                continue
            known = [
                known
                for follow in by_place[key]
                if follow is not guard
                and len(firsts := places.get((follow.first_line, follow.first_column), ())) == 1
                and ((follow.first_line, follow.first_column) in sure or _trusted(firsts[0].rows, follow, model))
                for known in _known(follow, firsts[0], later, model)
            ]
            if not known:
                continue
            if violated:
                later.rows[:] = _weaker(later, known, model)
            elif _unproven(later, known, model) == set():
                sure.add(key)


def _unheld(
    later: Place, follows: Sequence[Follow], places: Mapping[tuple[int, int], Sequence[Place]], model: Model
) -> list[Access]:
    """The rows of a statement that takes the key of a row that was loaded: if that was a violation, so is this."""
    roots = {root(plain(source)) for text in later.texts for _, _, source in text.marks}
    for follow in follows:
        firsts = places.get((follow.first_line, follow.first_column), ())
        named = [name for name, _ in follow.rows if name in roots]
        if not named or follow.compared or (follow.first_line, follow.first_column) == (follow.line, follow.column):
            continue
        found = [row for first in firsts for row in first.rows]
        if found and all(
            row.verdict == "violation" and row.rule in HELPED and row.operation != "insert" for row in found
        ):
            said = f"{named[0]} was not read under its tenant (line {follow.first_line})"
            return [
                unheld(row, later.texts, said, model) if row.verdict == "weak" and row.rule == HELD else row
                for row in later.rows
            ]
    return later.rows


_SET_TO = regex(r"(?:[\w$]+[\"`\]]?\.)?[\"`\[]?(\w+)[\"`\]]?\s*=\s*$")


def _borrowed(
    later: Place, follows: Sequence[Follow], places: Mapping[tuple[int, int], Sequence[Place]], model: Model
) -> list[Access]:
    """The rows of a statement whose tenant is that of a row that was loaded: no caller's, if that was a violation."""
    tenants = {table.tenant_column for table in model.tables.values()}
    given = set()
    for text in later.texts:
        for start, _, source in text.marks:
            compared = _SET_TO.search(text.sql, max(0, start - 200), start)
            if compared is not None and compared.group(1) in tenants and "." in source:
                given.add(root(plain(source)))
    for follow in follows if given else ():
        named = next((name for name, _ in follow.rows if name in given), None)
        if named is None or follow.compared or (follow.first_line, follow.first_column) == (follow.line, follow.column):
            continue
        firsts = places.get((follow.first_line, follow.first_column), ())
        found = [row for first in firsts for row in first.rows]
        if found and all(row.verdict == "violation" and row.operation != "insert" for row in found):
            said = f"{named}, whose tenant is compared, was itself read inside its tenant (line {follow.first_line})"
            rule = HELD if later.texts[0].table is not None else RULE
            return [assumed(row, rule, said) if row.verdict == "proven" else row for row in later.rows]
    return later.rows


def _strangers(guard: Follow, places: Mapping[tuple[int, int], Sequence[Place]]) -> bool:
    """Whether a row is compared with another one that may be anybody's itself."""
    rows = [row for place in guard.against for one in places.get(place, ()) for row in one.rows]
    return any(row.verdict in {"violation", "opaque"} for row in rows)


def _guarded(place: Place, guard: Follow, model: Model) -> list[Access]:
    """The rows of a statement that loads one row, which is compared or asked about before it is used."""
    if guard.compared:
        tables = {_loads(text, guard.compared, model) for text in place.texts}
        said = f"the row's tenant is compared before the row is used{f', by {guard.guard}' if guard.guard else ''}"
    elif guard.values:
        pinned = (_pinned(place, value, model) for value, _ in guard.values)
        tables = {table for keys in pinned for table, _, through in keys if not through}
        said = f"every path goes through `{guard.guard}`"
    elif guard.guard:
        tables = {_given_alone(text, model) for text in place.texts}
        said = f"every path goes through `{guard.guard}`"
    else:
        return place.rows
    if len(tables) != 1 or None in tables:
        return place.rows
    return [
        assumed(replace(row, rule=None), GUARDED, said)
        if row.verdict == "violation" and row.rule in HELPED and row.table in tables
        else row
        for row in place.rows
    ]


def _given_alone(text: Text, model: Model) -> str | None:
    """The table whose rows a statement gives, if it gives rows of one as they are."""
    from sqlglot import exp

    tree = _tree(text.sql, text.dialect)
    if not isinstance(tree, exp.Select) or tree.args.get("with_") is not None:
        return None
    if text.table is not None:
        return text.table
    tables = _relations(tree)
    known = _table(next(iter(tables.values())), model) if tables is not None and len(tables) == 1 else None
    return known[0] if known is not None and not tree.args.get("joins") else None


def _loads(text: Text, compared: Sequence[str], model: Model) -> str | None:
    """The table of which a statement gives one row, with its tenant, which is among the parts that are compared."""
    from sqlglot import exp

    tree = _tree(text.sql, text.dialect)
    if not isinstance(tree, exp.Select) or tree.args.get("with_") is not None:
        return None
    if text.table is not None:  # an ORM gives a row with everything that it has
        return text.table if any(_of_tenant(path, model.tables.get(text.table), model) for path in compared) else None
    tables = _relations(tree)
    known = _table(next(iter(tables.values())), model) if tables is not None and len(tables) == 1 else None
    where = tree.args.get("where")
    if known is None or where is None or known[1].tenant_column is None or tree.args.get("joins"):
        return None
    if _spelled(known[1].tenant_column) not in {_spelled(path.rpartition(".")[2]) for path in compared}:
        return None
    equal = [part for part in _conjuncts(where.this) if isinstance(part, exp.EQ)]
    sides = ((part.this, part.expression) for part in equal)
    keys = (_stored(one.name, known) for pair in sides for one in pair if isinstance(one, exp.Column))
    if not any(key is not None and _identifies(known, key) for key in keys):
        return None
    given = [item for item in tree.expressions if item.alias_or_name.lower() == known[1].tenant_column.lower()]
    whole = any(item.is_star for item in tree.expressions)
    own = all(isinstance(item, exp.Column) and item.name.lower() == item.alias_or_name.lower() for item in given)
    return known[0] if own and (given or whole) else None


def _of_tenant(path: str, table: Table | None, model: Model) -> bool:
    """Whether a part of a row is its tenant's key, a part of the tenant's row, or the tenant of what it belongs to."""
    parts = [_spelled(part) for part in path.split(".")]
    own = _spelled(table.tenant_column) if table is not None and table.tenant_column is not None else None
    if own is not None and parts[0] in {own, own.removesuffix("id"), own.removesuffix("uuid")}:
        return True
    return len(parts) > 1 and parts[-1] in {_spelled(column) for column in model.tenant_columns}


def _trusted(rows: Sequence[Access], follow: Follow, model: Model) -> bool:
    """Whether what the first statement finds is known to be the caller's where the second one runs."""
    columns = {_spelled(column) for column in model.tenant_columns}
    compared = not columns.isdisjoint(_spelled(path.rpartition(".")[2]) for path in follow.compared)
    return bool(rows) and all(
        row.verdict in {"proven", "weak"} and (row.rule in _TRUSTED or (row.rule in _LOADED and compared))
        for row in rows
    )


def _unproven(later: Place, known: Sequence[_Known], model: Model) -> set[str] | None:
    """The tables whose rows may be another tenant's even so; None if that can't be said."""
    from lints.proof import prove

    markers = {value: f"h{_MARK + n}" for n, value in enumerate(dict.fromkeys(k.value for k in known))}
    rows = tuple((k.table, k.column, markers[k.value]) for k in known)
    bad: set[str] = set()
    for text in later.texts:
        for proof in prove(text.with_values(markers), model, dialect=text.dialect, known=rows):
            open_ = {reference.table for reference in proof.references if not reference.proven}
            if proof.verdict in {"opaque", "unparsed"} or (proof.verdict == "violation" and not open_):
                return None
            bad |= open_
    return bad


def _weaker(later: Place, known: Sequence[_Known], model: Model) -> list[Access]:
    """The rows as they are judged once the keys are known."""
    bad = _unproven(later, known, model)
    if bad is None:
        return later.rows
    said = dict.fromkeys(k.said for k in known)
    return [
        assumed(replace(row, rule=None), RULE, "; ".join(said))
        if row.verdict == "violation" and row.rule in HELPED and row.table not in bad
        else row
        for row in later.rows
    ]


def _known(follow: Follow, first: Place, later: Place, model: Model) -> Iterable[_Known]:
    """What the first statement says of the values that the second one is given."""
    sources = {source for text in later.texts for _, _, source in text.marks}
    loose = any(text.loose for text in (*first.texts, *later.texts))
    asked = f", asked for in line {follow.asked}," if follow.asked else ""
    line = f"{first.rows[0].path}:{follow.first_line}{asked}"
    asked_for = {plain(source) for source in sources}
    for value, there in follow.values:
        if value not in asked_for:
            continue
        if loose and any(_optional(value, row.source) for place in (first, later) for row in place.rows):
            continue
        for table, column, through in sorted(_pinned(first, there, model)):
            said = f"the row of {table} with this {column} was read under its tenant at {line}"
            if through:
                said = (
                    f"a row of {through}, whose foreign keys stay inside its tenant, that refers to this row of {table}"
                )
                said = f"{said} was read under its tenant at {line}"
            yield _Known(
                value=value,
                table=table,
                column=column,
                said=f"{said} and the function leaves when there is none",
            )
    for name, key in follow.rows:
        for source in sources:
            value = plain(source)
            if not value.startswith(name):
                continue
            if not follow.checked and any(_OPTIONAL.search(row.source) is not None for row in later.rows):
                continue
            found = _PART.fullmatch(value, len(name)) if not key else _PART.match(f".{key}") if value == name else None
            held = _row_of(first, found, model) if found is not None else None
            if held is None:
                continue
            table, column, through = held
            rows = f"the rows of {table} whose {column}s these are were" if key else ""
            said = rows or f"the row of {table} whose {column} this is was"
            if through:
                said = f"the row of {through}, whose foreign keys stay inside its tenant, that names this {table} was"
            yield _Known(
                value=value, table=table, column=column, said=f"{said} read under its tenant at {line}".rstrip(",")
            )


def _optional(path: str, source: str) -> bool:
    """Whether a path is written with `?.` somewhere in a text."""
    parts = [re.escape(part) for part in re.findall(r"\w+", path)]
    written = re.compile(r"\W{0,4}".join(parts))
    return any("?." in found.group() for found in written.finditer(source))


# What a statement says of its rows


_Key = tuple[str, str, str]
"""A table, a column that says which of its rows is meant, and the table that refers to it, if that is known of one."""


def _pinned(first: Place, value: str, model: Model) -> set[_Key]:
    """The tables of which a statement, on every path, finds the one row whose key is a value."""
    out: set[_Key] | None = None
    for text in first.texts:
        sql = marked(text, value)
        found = _keys(sql, text.dialect, model) if f":h{_MARK}" in sql else set()
        out = found if out is None else out & found
    return out or set()


def _tree(sql: str, dialect: str) -> Any:
    from lints.proof.dialects import ALIASES, DIALECTS
    from lints.proof.parse import parse

    dialect = ALIASES.get(dialect, dialect)
    if dialect not in DIALECTS:
        return None
    _, statements = parse(sql, dialect)
    return statements[0].tree if len(statements) == 1 else None


def _keys(sql: str, dialect: str, model: Model) -> set[_Key]:
    """The keys that the marked placeholder is compared with, of tables each row of the result comes from."""
    from sqlglot import exp

    tree = _tree(sql, dialect)
    if not isinstance(tree, (exp.Select, exp.Update, exp.Delete)) or (
        isinstance(tree, exp.Select) and _always_a_row(tree)
    ):
        return set()
    return {key for known, column in _compared(tree, model) for key in _named_by(known, column, model)}


def _compared(tree: Any, model: Model) -> Iterable[tuple[tuple[str, Table], str]]:
    """The columns that the marked placeholder is equal to in every row, each with its table."""
    from sqlglot import exp

    tables = _relations(tree)
    where = tree.args.get("where")
    if tables is None or where is None or tree.args.get("with_") is not None:
        return
    for part in _conjuncts(where.this):
        if not isinstance(part, exp.EQ):
            continue
        for column, value in ((part.this, part.expression), (part.expression, part.this)):
            if not isinstance(column, exp.Column) or not _is_marker(value):
                continue
            alone = next(iter(tables.values())) if len(tables) == 1 else None
            table = tables.get(column.table) if column.table else alone
            known = _table(table, model) if table is not None else None
            key = _stored(column.name, known) if known is not None else None
            if known is not None and key is not None:
                yield known, key


def marked(text: Text, value: str) -> str:
    """The text with a placeholder of its own for an expression; see `equal_to`."""
    return text.with_values({value: f"h{_MARK}"})


def equal_to(sql: str, dialect: str, model: Model) -> Iterable[tuple[str, str]]:
    """The tables and columns that what `marked` has marked is equal to in every row."""
    from sqlglot import exp

    tree = _tree(sql, dialect)
    if isinstance(tree, (exp.Select, exp.Update, exp.Delete)):
        yield from ((known[0], column) for known, column in _compared(tree, model))


def _named_by(known: tuple[str, Table], column: str, model: Model) -> set[_Key]:
    """The rows that a column of a row names: its own, or one that it refers to."""
    out: set[_Key] = {(known[0], column, "")} if _identifies(known, column) else set()
    for key in known[1].foreign_keys:
        parent = _table(key.references, model)
        if key.columns == (column,) and parent is not None and parent[1].ownership is not Ownership.ROOT:
            there = key.referenced_columns or parent[1].primary_key
            if len(there) == 1 and _identifies(parent, there[0]):
                out.add((parent[0], there[0], known[0]))
    return out


def _is_marker(node: Any) -> bool:
    from sqlglot import exp

    while isinstance(node, (exp.Paren, exp.Cast)):
        node = node.this
    return isinstance(node, exp.Placeholder) and str(node.this).lower() == f"h{_MARK}"


def _conjuncts(node: Any) -> Iterable[Any]:
    from sqlglot import exp

    stack = [node]
    while stack:
        top = stack.pop()
        if isinstance(top, exp.Paren):
            stack.append(top.this)
        elif isinstance(top, exp.And):
            stack += [top.this, top.expression]
        else:
            yield top


def _always_a_row(tree: Any) -> bool:
    """Whether it gives a row even where it finds none: `SELECT count(*)`, `SELECT EXISTS (…)`."""
    from sqlglot import exp

    grouped = tree.args.get("group") is not None
    return not grouped and any(item.find(exp.AggFunc, exp.Exists) is not None for item in tree.expressions)


def _relations(tree: Any) -> dict[str, str] | None:
    """The tables that each row of the result comes from, by the name conditions use; None if that can't be said."""
    from sqlglot import exp

    if isinstance(tree, exp.Select):
        start = tree.args.get("from_")
        first = start.this if start is not None else None
    else:
        first = tree.this
    joins = [*(tree.args.get("joins") or ()), *(first.args.get("joins") or () if first is not None else ())]
    if not isinstance(first, exp.Table) or any(join.side in {"RIGHT", "FULL"} for join in joins):
        return None
    found = {first.alias_or_name: first.name}
    for join in joins:
        if isinstance(join.this, exp.Table) and not join.side and join.kind in {"", "INNER", "CROSS"}:
            found[join.this.alias_or_name] = join.this.name
        else:
            found[join.alias_or_name] = ""
    return found


def _table(name: str, model: Model) -> tuple[str, Table] | None:
    for key in (name, name.lower()):
        known = model.tables.get(key)
        if known is not None and known.ownership not in _NOBODYS:
            return key, known
    return None


def _stored(column: str, known: tuple[str, Table]) -> str | None:
    columns = known[1].columns
    return next((name for name in (column, column.lower()) if name in columns), None)


def _identifies(known: tuple[str, Table], column: str) -> bool:
    """Whether a column says which row of a table is meant."""
    table = known[1]
    key = tuple(name for name in table.primary_key if name != table.tenant_column) or table.primary_key
    return key == (column,) or (column,) in table.unique


def _row_of(first: Place, part: re.Match[str], model: Model) -> _Key | None:
    """The table and key that a part of what a statement found is."""
    word, index = part.group("word"), part.group("index")
    found: set[_Key | None] = set()
    for text in first.texts:
        found.add(_given_by(text, word, int(index) if index is not None else None, model))
    return found.pop() if len(found) == 1 else None


def _given_by(text: Text, word: str | None, index: int | None, model: Model) -> _Key | None:
    from sqlglot import exp

    tree = _tree(text.sql, text.dialect)
    if isinstance(tree, exp.Insert):
        target, listed = tree.this, tree.args.get("returning")
        first = target.this if isinstance(target, exp.Schema) else target
        if tree.args.get("conflict") is not None or not isinstance(first, exp.Table):
            return None
        given = listed.expressions if listed is not None else []
        tables = {first.name: first.name}
    elif isinstance(tree, exp.Select):
        if _relations(tree) is None or len(tables := _relations(tree) or {}) != 1:
            return None
        given = tree.expressions
    elif isinstance(tree, (exp.Update, exp.Delete)):
        listed = tree.args.get("returning")
        given = listed.expressions if listed is not None else []
        tables = _relations(tree) or {}
    else:
        return None
    if len(tables) != 1:
        return None
    known = _table(next(iter(tables.values())), model)
    if known is None or (text.table is not None and text.table != known[0]):
        return None
    whole = text.table is not None or any(isinstance(item, exp.Star) or item.name == "*" for item in given)
    for column in known[1].columns:
        meant = _named_by(known, column, model)
        if len(meant) != 1:
            continue
        own_key = ("pk",) if text.table is not None and _identifies(known, column) else ()
        if word is not None and _spelled(word) in {_spelled(column), *own_key}:
            named = [item for item in given if _spelled(item.alias_or_name) == _spelled(column)]
            own = all(isinstance(item, exp.Column) and item.name.lower() == column.lower() for item in named)
            if (whole and own) or (named and own):
                return next(iter(meant))
        if index is not None and text.table is None and index < len(given):
            item = given[index]
            if isinstance(item, exp.Column) and item.name.lower() == column.lower():
                return next(iter(meant))
    return None


def _spelled(word: str) -> str:
    return re.sub(r"^get(?=[A-Z])", "", word).replace("_", "").lower()
