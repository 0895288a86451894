"""Violations in the light of the rows that were read before: same row, or a row that belongs to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from lints.context.keys import HELD, own_keys, unheld
from lints.patterns import regex
from lints.rows import Access, assumed
from lints.tenancy import Model, Ownership, Table
from lints.vouch.facts import ENTITY, Follow
from lints.vouch.handed import is_row
from lints.vouch.plain import plain, root
from lints.vouch.said import (
    MARK,
    PART,
    Place,
    Text,
    conjuncts,
    identifies,
    pinned,
    relations,
    row_of,
    spelled,
    stored,
    table_of,
    tree_of,
)

RULE = "TENSQL024"
GUARDED, _UNSCOPED = "TENORM010", "TENORM011"
WHOSE = "whose the row is, and nothing else of it, is read"
"""How the assumption begins of a read that asks for a row's tenant."""
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
_OPTIONAL = regex(r"\?\.|\?->|&\.")


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
            if guard is not None and guard.handed:
                later.rows[:] = _unloaded(later, guard, model)
            if later.texts and any(row.verdict == "weak" and row.rule == HELD for row in later.rows):
                later.rows[:] = _unheld(later, by_place[key], places, model)
            if guard is not None and len(places[key]) == 1 and not _strangers(guard, places):
                later.rows[:] = _guarded(later, guard, model)
            if later.texts and any(row.verdict == "proven" for row in later.rows):
                later.rows[:] = _borrowed(later, by_place[key], places, model)
            violated = any(row.verdict == "violation" and row.rule in HELPED for row in later.rows)
            loaded = bool(later.rows) and all(row.verdict == "weak" and row.rule in _BY_KEYS for row in later.rows)
            if not later.texts or not (violated or loaded):
                continue
            if violated and guard is not None and guard.elsewhere is not None:
                later.rows[:] = _asked_elsewhere(later, guard.elsewhere, model)
            given = [value for follow in by_place[key] for value, _ in follow.values if value.startswith(ENTITY)]
            if given:
                later = replace(later, texts=tuple(_with_key(text, given, model) for text in later.texts))
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


def _with_key(text: Text, given: Sequence[str], model: Model) -> Text:
    """The text of a row that is written whole, with what its own key was set to."""
    table = model.tables.get(text.table or "")
    key = tuple(name for name in table.primary_key if name != table.tenant_column) if table is not None else ()
    if len(key) != 1:
        return text
    named = next((one for one in given if spelled(one.removeprefix(ENTITY)) == spelled(key[0])), None)
    places = list(re.finditer(rf'"{re.escape(key[0])}" = (:h\d+)(?!\w)', text.sql))
    if named is None or len(places) != 1 or any(start == places[0].start(1) for start, _, _ in text.marks):
        return text
    return replace(text, marks=tuple(sorted((*text.marks, (*places[0].span(1), named)))))


def _unheld(
    later: Place, follows: Sequence[Follow], places: Mapping[tuple[int, int], Sequence[Place]], model: Model
) -> list[Access]:
    """The rows of a statement that takes the key of a row that was loaded: if that was a violation, so is this."""
    roots = {root(plain(source)) for text in later.texts for _, _, source in text.marks}
    for follow in follows:
        firsts = places.get((follow.first_line, follow.first_column), ())
        named = [name for name, _ in follow.rows if name in roots]
        if not named or _same(follow) or _asked_about(follow, firsts, model):
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


def _unloaded(later: Place, guard: Follow, model: Model) -> list[Access]:
    """The rows of a statement whose row's own key is that of an object which nothing has loaded."""
    handed = {plain(value).lower(): declared for value, declared in guard.handed if not is_row(declared, model)}

    def judged(row: Access) -> Access:
        keys = [plain(key).lower() for key in own_keys(row, later.texts, model)]
        if row.verdict != "weak" or row.rule != HELD or not keys or not handed.keys() >= set(keys):
            return row
        of = handed[keys[0]]
        part = f"a part of {of.partition(' ')[0]}, which nothing says is a row that was loaded"
        return unheld(row, later.texts, f"{keys[0]} is {of[1:] if of.startswith('!') else part}", model)

    return [judged(row) for row in later.rows]


def _same(follow: Follow) -> bool:
    return (follow.first_line, follow.first_column) == (follow.line, follow.column)


def _asked_about(follow: Follow, firsts: Sequence[Place], model: Model) -> bool:
    """Whether a row's tenant, or whose it is, was compared: of its state, nobody's rows are made the caller's."""
    tables = [model.tables.get(row.table) for first in firsts for row in first.rows]
    whose = {spelled(column) for table in tables if table is not None for column in table.principal_columns}
    return any(
        spelled(path.rpartition(".")[2]) in whose or any(_of_tenant(path, table, model) for table in tables)
        for path in follow.compared
    )


_SET_TO = regex(r"(?:([\w$]+)[\"`\]]?\.)?[\"`\[]?(\w+)[\"`\]]?\s*=\s*$")


def _borrowed(
    later: Place, follows: Sequence[Follow], places: Mapping[tuple[int, int], Sequence[Place]], model: Model
) -> list[Access]:
    """The rows of a statement whose tenant is that of a row that was loaded: no caller's, if that was a violation."""
    tenants = {table.tenant_column for table in model.tables.values()}
    given = set()
    for text in later.texts:
        for start, _, source in text.marks:
            compared = _SET_TO.search(text.sql, max(0, start - 200), start)
            if compared is not None and (compared.group(2) in tenants or _is_root_key(compared, later, model)):
                given.add(plain(source))
    roots = {root(path) for path in given if "." in path}
    for follow in follows if given else ():
        held = (*(name for name, _ in follow.rows), *follow.may_be)
        named = next((name for name in held if name in given or name in roots), None)
        firsts = places.get((follow.first_line, follow.first_column), ())
        if named is None or _same(follow) or _asked_about(follow, firsts, model):
            continue
        found = [row for first in firsts for row in first.rows]
        if found and all(row.operation != "insert" and _is_unproven(row) for row in found):
            for first in firsts:
                first.rows[:] = [_used(row, named, first) for row in first.rows]
            said = f"{named}, whose tenant is compared, is the caller's: its read (line {follow.first_line}) is open"
            rule = HELD if later.texts[0].table is not None else RULE
            return [assumed(row, rule, said) if row.verdict == "proven" else row for row in later.rows]
    return later.rows


def _is_root_key(compared: re.Match[str], later: Place, model: Model) -> bool:
    """Whether what is compared is the key of the tenants themselves."""
    of, column = compared.groups()
    meant = {of} if of in model.tables else {row.table for row in later.rows}
    tables = [model.tables.get(name) for name in meant]
    return any(
        table is not None and table.ownership is Ownership.ROOT and table.primary_key == (column,) for table in tables
    )


def _is_unproven(row: Access) -> bool:
    """Whether nothing is known of whose a row is, but perhaps that whoever asks may have it."""
    asks_whose = row.rule == GUARDED and any(said.startswith(WHOSE) for said in row.assumptions)
    return row.verdict in {"violation", "opaque"} or (row.verdict == "weak" and (row.rule in _BY_KEYS or asks_whose))


def _used(row: Access, name: str, place: Place) -> Access:
    """A read of whose a row is, which is not compared with the caller's, but taken for it."""
    if row.rule != GUARDED or not any(said.startswith(WHOSE) for said in row.assumptions):
        return row
    rule = "TENORM001" if place.texts and place.texts[0].table is not None else "TENSQL001"
    why = f"{row.why.partition('; taken as scoped because ')[0]}; {name} is taken for the caller's tenant"
    return replace(row, verdict="violation", rule=rule, assumptions=(), why=why)


def _strangers(guard: Follow, places: Mapping[tuple[int, int], Sequence[Place]]) -> bool:
    """Whether a row is compared with another one that may be anybody's itself."""
    rows = [row for place in guard.against for one in places.get(place, ()) for row in one.rows]
    return any(row.verdict in {"violation", "opaque"} for row in rows)


def _guarded(place: Place, guard: Follow, model: Model) -> list[Access]:
    """The rows of a statement that loads one row, which is compared or asked about before it is used."""
    if guard.compared:
        tables = {_loads(text, guard.compared, model) for text in place.texts}
        said = f"the row's tenant is compared before the row is used{f', by {guard.guard}' if guard.guard else ''}"
    elif guard.values and guard.beside and not _is_given_tenant(guard, model):
        return place.rows
    elif guard.values:
        tables = {table for value, _ in guard.values for table in _found_by(place, value, model)}
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
        if row.verdict == "violation" and row.rule in HELPED | {_UNSCOPED} and row.table in tables
        else row
        for row in place.rows
    ]


def _asked_elsewhere(place: Place, elsewhere: tuple[str, str, str, str], model: Model) -> list[Access]:
    """The rows of a statement with the function of another file that may vouch for their key."""
    call, value, how, position = elsewhere
    own = _found_by(place, value, model)
    through = {table for table, _, by in pinned(place, value, model) if by}
    return [
        replace(row, voucher=(call, how, position, *sorted({row.table, *through} if through else {row.table})))
        if row.verdict == "violation" and row.rule in HELPED and (row.table in own or through)
        else row
        for row in place.rows
    ]


def _is_given_tenant(guard: Follow, model: Model) -> bool:
    """Whether something that a call is given beside the key is called like the tenants' column, or their table."""
    columns = {spelled(column) for column in model.tenant_columns}
    roots = {spelled(known.name) for known in model.tables.values() if known.ownership is Ownership.ROOT}
    keys = {value.rpartition(".")[2] for value, _ in guard.values}
    named = {spelled(name) for name in guard.beside if name not in keys}
    return not named.isdisjoint(columns | roots | {column.removesuffix("id") for column in columns})


def _found_by(place: Place, value: str, model: Model) -> set[str | None]:
    """The tables whose rows are found by a key in each text that names them; others are put under these."""
    found = [
        {table for table, _, through in pinned(replace(place, texts=(text,)), value, model) if not through}
        for text in place.texts
    ]
    named = [set(re.findall(r"\w+", text.sql)) for text in place.texts]
    return {
        table
        for table in set().union(*found)
        if all(table in here for here, words in zip(found, named, strict=True) if table in words)
    }


def _given_alone(text: Text, model: Model) -> str | None:
    """The table whose rows a statement gives, if it gives rows of one as they are."""
    from sqlglot import exp

    tree = tree_of(text.sql, text.dialect)
    if not isinstance(tree, exp.Select) or tree.args.get("with_") is not None:
        return None
    if text.table is not None:
        return text.table
    tables = relations(tree)
    known = table_of(next(iter(tables.values())), model) if tables is not None and len(tables) == 1 else None
    return known[0] if known is not None and not tree.args.get("joins") else None


def _loads(text: Text, compared: Sequence[str], model: Model) -> str | None:
    """The table whose rows a statement gives by their keys, with the tenant, which is among what is compared."""
    from sqlglot import exp

    tree = tree_of(text.sql, text.dialect)
    if not isinstance(tree, exp.Select) or tree.args.get("with_") is not None:
        return None
    if text.table is not None:  # an ORM gives a row with everything that it has
        return text.table if any(_of_tenant(path, model.tables.get(text.table), model) for path in compared) else None
    tables = relations(tree)
    known = table_of(next(iter(tables.values())), model) if tables is not None and len(tables) == 1 else None
    where = tree.args.get("where")
    if known is None or where is None or known[1].tenant_column is None or tree.args.get("joins"):
        return None
    if spelled(known[1].tenant_column) not in {spelled(path.rpartition(".")[2]) for path in compared}:
        return None
    equal = [part for part in conjuncts(where.this) if isinstance(part, (exp.EQ, exp.In))]
    sides = ((part.this, part.args.get("expression")) for part in equal)
    keys = (stored(one.name, known) for pair in sides for one in pair if isinstance(one, exp.Column))
    if not any(key is not None and identifies(known, key) for key in keys):
        return None
    given = [item for item in tree.expressions if item.alias_or_name.lower() == known[1].tenant_column.lower()]
    whole = any(item.is_star for item in tree.expressions)
    own = all(isinstance(item, exp.Column) and item.name.lower() == item.alias_or_name.lower() for item in given)
    return known[0] if own and (given or whole) else None


def _of_tenant(path: str, table: Table | None, model: Model) -> bool:
    """Whether a part of a row is its tenant's key, a part of the tenant's row, or the tenant of what it belongs to."""
    parts = [spelled(part) for part in path.split(".")]
    own = spelled(table.tenant_column) if table is not None and table.tenant_column is not None else None
    if own is not None and parts[0] in {own, own.removesuffix("id"), own.removesuffix("uuid")}:
        return True
    return len(parts) > 1 and parts[-1] in {spelled(column) for column in model.tenant_columns}


def _trusted(rows: Sequence[Access], follow: Follow, model: Model) -> bool:
    """Whether what the first statement finds is known to be the caller's where the second one runs."""
    compared = _is_tenant_compared(follow, model)
    return bool(rows) and all(
        row.verdict in {"proven", "weak"} and (row.rule in _TRUSTED or (row.rule in _LOADED and compared))
        for row in rows
    )


def _is_tenant_compared(follow: Follow, model: Model) -> bool:
    columns = {spelled(column) for column in model.tenant_columns}
    return not columns.isdisjoint(spelled(path.rpartition(".")[2]) for path in follow.compared)


def _unproven(later: Place, known: Sequence[_Known], model: Model) -> set[str] | None:
    """The tables whose rows may be another tenant's even so; None if that can't be said."""
    from lints.proof import prove

    markers = {value: f"h{MARK + n}" for n, value in enumerate(dict.fromkeys(k.value for k in known))}
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
    # Of a row whose tenant is compared, there is one, or none by this key at all.
    for value, there in follow.values if follow.checked or _is_tenant_compared(follow, model) else ():
        if value not in asked_for:
            continue
        if loose and any(_optional(value, row.source) for place in (first, later) for row in place.rows):
            continue
        for table, column, through in sorted(pinned(first, there, model, answers=follow.answers)):
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
    for value, there in follow.lists:
        for table, column, through in sorted(pinned(first, there, model, answers=True, listed=True)):
            if value in asked_for and not through:
                said = f"the rows of {table} whose {column}s these are were counted under their tenant at {line}"
                yield _Known(value=value, table=table, column=column, said=f"{said} and each of them was there")
    for name, key in follow.rows:
        for source in sources:
            value = plain(source)
            if not value.startswith(name):
                continue
            if not follow.checked and any(_OPTIONAL.search(row.source) is not None for row in later.rows):
                continue
            found = PART.fullmatch(value, len(name)) if not key else PART.match(f".{key}") if value == name else None
            held = row_of(first, found, model) if found is not None else None
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
