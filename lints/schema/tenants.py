"""Which column says whose row it is, in a schema that nobody has said anything about."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from lints.patterns import regex
from lints.schema.facts import Entity, Relation, Schema
from lints.tenancy import Ownership, Table

DEFAULT = ("tenant_id",)
_GROUPS: tuple[tuple[int, tuple[str, ...]], ...] = (
    (4, ("tenant",)),
    (2, ("organization", "organisation", "org")),
    (2, ("workspace",)),
    (2, ("company",)),
    (1, ("team",)),
    (1, ("space",)),
    (1, ("account",)),
    (1, ("customer",)),
)
"""What software calls its tenants, and the weight of a table that has such a column: some words are also used for what
lies inside of a tenant, so that the surer word wins over the one that stands in a few tables more."""
_PERSON = ("password", "passwordhash", "passworddigest", "encryptedpassword", "email", "username", "firstname")
_NAMED = regex(r"(.+?)(?:id|uuid|guid)")
_TENANTS = regex(r"tenant(?:|no|nr|num|number|code|key|slug|ref|recordid)")
_MIN_WITHOUT_ROOT = 3
_MIN_HUB = 3
_MANY = 8
_FEW = 4
_KEY = regex(r"(?:id|uuid|guid|no|nr|num|number|code|key|slug|ref)\Z", re.IGNORECASE)
_OWNS = regex(r"owner|namespace|realm|domain|site|instance|space|shop|store|account|organi[sz]ation|org|workspace")
"""What a tenant's column is called without a key's ending: it counts where the keys of three quarters begin with it."""
_OF_A_PERSON = regex(r"(?:user|member|person|profile|author|actor|owner|customer|account)_?", re.IGNORECASE)


def tenant_columns(schema: Schema) -> tuple[str, ...]:
    """The columns that name a tenant, in all their spellings, most frequent first; `DEFAULT` if there are none.

    At least two tables must have them (one, for a column that is called after a tenant), and they must lead to a table
    called so that is no table of people, or stand in three tables at least: that table may live in another database.
    Where no word for a tenant is used, or one in a few tables of a schema that all hangs on something else, the
    schema's shape says it: see `_hub` and `_leading`.
    """
    spelled: dict[str, Counter[str]] = {}
    for relation in schema.relations.values():
        for name in relation.columns:
            word = _word(name)
            if word is not None and (name,) != relation.primary_key:
                spelled.setdefault(word, Counter())[name] += 1
    best: tuple[int, tuple[str, ...]] = (0, DEFAULT)
    for weight, words in _GROUPS:
        names = Counter[str]()
        for word in words:
            names.update(spelled.get(word, {}))
        total = sum(names.values())
        if total and _means_tenants(schema, words, names, total, weight) and weight * total > best[0]:
            best = (weight * total, tuple(name for name, _ in sorted(names.items(), key=lambda n: (-n[1], n[0]))))
    hub, tables = _hub(schema)
    if best[0] and not (tables > _FEW * sum(name in r.columns for r in schema.relations.values() for name in best[1])):
        return best[1]
    return hub or _leading(schema) or DEFAULT


def document_keys(entities: Iterable[Entity]) -> tuple[str, ...]:
    """The fields by which documents (Mongoose's models) name their tenant, most frequent first; none if none does.

    Two models must have one. A document often keeps a reference under the bare word (`organization`).
    """
    spelled: dict[str, Counter[str]] = {}
    for entity in {entity.table: entity for entity in entities if entity.kind == "mongoose"}.values():
        for name in entity.columns:
            bare = name.lower().replace("_", "")
            spelled.setdefault(_word(name) or bare, Counter())[name] += 1
    best: tuple[int, tuple[str, ...]] = (0, ())
    for weight, words in _GROUPS:
        names = sum((spelled.get(word, Counter[str]()) for word in words), Counter[str]())
        if weight > 1 and names.total() > 1 and weight * names.total() > best[0]:
            best = (weight * names.total(), tuple(name for name, _ in names.most_common()))
    return best[1]


def _hub(schema: Schema) -> tuple[tuple[str, ...], int]:
    """The column by which most tables refer to one that refers to nothing: a clinic's `practice_id`, a realm's.

    That is at least half of the other tables, three of them at least, by one column, named for the table it leads to or
    for its key; no other table comes as close, and it is none of people. Nearly all of many tables may name it as they
    like. Anything less is a guess. With the column, how many tables have it.
    """
    tied: dict[tuple[str, str], set[str]] = {}
    leaves: set[str] = set()
    for key, relation in schema.relations.items():
        if relation.parent_partition is not None:
            leaves.add(key)
            continue
        for reference in relation.foreign_keys:
            if reference.references != key:
                leaves.add(key)
            target = schema.relations.get(reference.references)
            if target is None or len(reference.columns) != 1 or reference.references == key:
                continue
            column = reference.columns[0]
            if (column,) != relation.primary_key:
                tied.setdefault((reference.references, column), set()).add(key)
    whole = [relation for relation in schema.relations.values() if relation.parent_partition is None]
    others = len(whole) - 1
    ranked: list[tuple[int, str, str]] = []
    for (root, column), tables in tied.items():
        having = sum(column in relation.columns for relation in whole)  # a few may have it without a foreign key
        many = having >= _MANY and 4 * having >= 3 * others and 2 * len(tables) >= others
        if many or _named_for(schema.relations[root], column):
            ranked.append((having if many else len(tables), root, column))
    ranked.sort(reverse=True)
    if not ranked:
        return (), 0
    count, root, column = ranked[0]
    close = next((number for number, name, _ in ranked[1:] if name != root), 0)
    if count < _MIN_HUB or 2 * count < others or close >= count or root in leaves:
        return (), 0
    return ((), 0) if personal(schema.relations[root]) else ((column,), count)


def _leading(schema: Schema) -> tuple[str, ...]:
    """The column that nearly all tables have and that most of their keys of several columns begin with.

    So a schema says whose its rows are when it has no foreign keys to its tenants, whose table may live elsewhere.
    """
    tables = [relation for relation in schema.relations.values() if relation.parent_partition is None]
    keys = Counter(
        key[0] for relation in tables for key in {relation.primary_key, *relation.unique} if len(key) > 1 and key[0]
    )
    (column, first), (_, second) = (*keys.most_common(2), ("", 0), ("", 0))[:2]
    having = sum(column in relation.columns for relation in tables)
    if first < _MIN_HUB or first < 2 * second or having < _MANY or 4 * having < 3 * len(tables):
        return ()
    named = _KEY.search(column) is not None and not _OF_A_PERSON.match(column)
    everywhere = 4 * first >= 3 * len(tables) and _OWNS.fullmatch(column.lower()) is not None
    return (column,) if named or everywhere else ()


def _named_for(root: Relation, column: str) -> bool:
    """Whether a column that leads to the table is named for it, or just as the key it leads to."""
    stem = _KEY.sub("", column.lower().replace("_", ""))
    called = _called(root.name)
    if stem in called or column.lower().replace("_", "") in called:
        return True
    return (column,) == root.primary_key and column.lower() not in {"id", "uuid", "guid", "key", "code", "name"}


def _called(table: str) -> set[str]:
    """What a column would be called after for leading to this table: its name in the singular, with and without what
    an application or a product puts in front of all of its tables (`clinic_practice`)."""
    words = re.split(r"[.]", table)[-1].lower().split("_")
    names = {"".join(words[n:]) for n in range(len(words))}
    return {form for name in names for form in (name, *_singular(name))} - {""}


def _singular(name: str) -> tuple[str, str, str]:
    return name.removesuffix("s"), name.removesuffix("es"), re.sub(r"ies\Z", "y", name)


def _word(column: str) -> str | None:
    """`organizationId` and `organization_id` are called after an organization; a tenant may go without an id, or by
    another key than that (`tenant_no`, `tenant_record_id`)."""
    if _TENANTS.fullmatch(column.lower().replace("_", "")):
        return "tenant"
    found = _NAMED.fullmatch(column.lower().replace("_", ""))
    return found[1] if found is not None else None


def _means_tenants(schema: Schema, words: tuple[str, ...], names: Counter[str], total: int, weight: int) -> bool:
    if "tenant" in words:
        return True
    if total < 2:
        return False
    roots = list(_roots(schema, words, names))
    if weight == 1:
        people = "team" not in words and any(_of_people(schema, root) for root in roots)
        return bool(roots) and not people and has_people(schema.relations.values(), {r.name for r in roots}, names)
    return bool(roots) or total >= _MIN_WITHOUT_ROOT


_PEOPLE = regex(r"(?:^|_)(?:users?|members?|memberships?|staff|people|persons?|operators?)$")
_USERS = regex(r"(?:^|_)users?$")
_SOMEBODY = regex(r"(?:user|member|person|profile|identity)_?(?:u?id|uuid)?", re.IGNORECASE)
_NARROW = 6
"""Columns of a table that may do nothing but tie people to what they belong to."""


def has_people(tables: Iterable[Relation | Table], roots: Collection[str], names: Collection[str]) -> bool:
    """Whether people belong to what is called a tenant: they name it, or a table of people and it does. Where a schema
    has people, bank accounts and customers that none of them belongs to are what they work on. A schema without people
    says nothing of it."""
    others = [table for table in tables if table.name not in roots]
    people = [table for table in others if personal(table) or _PEOPLE.search(_snake(table.name))]
    if not any(_signs_in(table) or _USERS.search(_snake(table.name)) for table in people):
        return True
    if any(name in table.columns for table in people for name in names):
        return True
    return any(
        any(_SOMEBODY.fullmatch(column) for column in key)
        for table in others
        if any(name in table.columns for name in names)
        for key in (table.primary_key, *table.unique, tuple(table.columns) if len(table.columns) < _NARROW else ())
    )


def people_name(tables: Iterable[Table], column: str) -> bool:
    """Whether people themselves have a column: that says more than a table between them and something, which also says
    what somebody has of everything (his budget in a currency)."""
    return any(personal(table) for table in tables if column in table.columns)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.rpartition(".")[2]).lower()


def _roots(schema: Schema, words: tuple[str, ...], names: Counter[str]) -> Iterator[Relation]:
    """The tables that the columns refer to, and those that are called so."""
    called = {word for w in words for word in (w, f"{w}s", f"{w.removesuffix('y')}ies")}
    referred = {
        key.references
        for relation in schema.relations.values()
        for key in relation.foreign_keys
        if len(key.columns) == 1 and key.columns[0] in names
    }
    for key, relation in schema.relations.items():
        if key in referred or re.split(r"[._]", relation.name.lower())[-1] in called:
            yield relation


def _of_people(schema: Schema, relation: Relation) -> bool:
    """Whether its rows are people: it has what people have, and nobody who signs in elsewhere is of one of them."""
    if not personal(relation) or _signs_in(relation):
        return personal(relation)
    return not any(
        _signs_in(other) and any(schema.relations.get(key.references) is relation for key in other.foreign_keys)
        for other in schema.relations.values()
    )


def _signs_in(relation: Relation | Table) -> bool:
    return any("password" in name.lower() for name in relation.columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Two levels of tenants: `inner` is the table inside of `outer`, each with the columns that name it elsewhere, and
    the tables that have the inner's column alone, or the outer's alone."""

    inner: str
    outer: str
    inner_columns: tuple[str, ...]
    outer_columns: tuple[str, ...]
    named_by_inner: tuple[str, ...]
    named_by_outer: tuple[str, ...]


def levels(tables: Mapping[str, Table]) -> Levels | None:
    """An organisation and its workspaces, where most tables name the workspace alone: then that is whose they are.

    `tables` are classified. The inner table refers to the outer one by a column that is never NULL, and at least three
    tables, no fewer than name the outer one alone, refer to the inner one by a column that is called after it.
    """
    found: list[Levels] = []
    for name, table in tables.items():
        if table.ownership not in (Ownership.OWNED, Ownership.ROOT, Ownership.CHILD) or len(table.primary_key) != 1:
            continue
        for key in table.foreign_keys:
            outer = tables.get(key.references)
            if outer is None or outer is table or len(key.columns) != 1 or personal(outer) or personal(table):
                continue
            if key.columns == table.primary_key or table.columns[key.columns[0]].nullable or not _of_tenants(outer):
                continue
            whole = _levels(tables, name, table, key.references, outer)
            if whole is not None:
                found.append(whole)
    return max(found, key=lambda level: (len(level.named_by_inner), level.inner), default=None)


def _of_tenants(table: Table) -> bool:
    """Whether it is the table of tenants, or is called what tenants are called."""
    words = {word for _, group in _GROUPS for word in group}
    return table.ownership is Ownership.ROOT or not words.isdisjoint(_called(table.name))


def _levels(tables: Mapping[str, Table], inner_name: str, inner: Table, outer_name: str, outer: Table) -> Levels | None:
    ours = _naming(tables, inner_name, inner)
    theirs = _naming(tables, outer_name, outer)
    alone = tuple(sorted(name for name in ours if name not in theirs))
    rest = tuple(sorted(name for name in theirs if name not in ours and name != inner_name))
    if len(alone) < _MIN_HUB or len(alone) < len(rest) or len(alone) < sum(name in theirs for name in ours):
        return None
    return Levels(
        inner=inner_name, outer=outer_name, inner_columns=_frequent(ours), outer_columns=_frequent(theirs),
        named_by_inner=alone, named_by_outer=rest,
    )  # fmt: skip


def _naming(tables: Mapping[str, Table], root_name: str, root: Table) -> dict[str, str]:
    """The tables that refer to one by a column that is called after it, with the column."""
    called = _called(root.name)
    return {
        name: key.columns[0]
        for name, table in tables.items()
        for key in table.foreign_keys
        if key.references == root_name and len(key.columns) == 1 and table is not root
        and _KEY.sub("", key.columns[0].lower().replace("_", "")) in called
    }  # fmt: skip


def _frequent(naming: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(column for column, _ in Counter(naming.values()).most_common())


def personal(relation: Relation | Table) -> bool:
    """Whether a table has what people have."""
    return any(name.lower().replace("_", "") in _PERSON for name in relation.columns)
