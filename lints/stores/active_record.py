"""ActiveRecord and Sequel calls as the SQL they stand for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from lints.extract.chains.ruby import PLAIN, RUNS, SURE
from lints.extract.chains.ruby_rows import FILLED
from lints.extract.facts import Argument, OrmCall, OrmStep
from lints.extract.sqltext import names
from lints.patterns import regex
from lints.schema.facts import Entity
from lints.schema.rails_scopes import OTHER
from lints.stores import any_model
from lints.stores.orm_sql import Builder, step_of
from lints.stores.rails_paths import Reached, Records, table_of
from lints.stores.rails_relation import MAX_DEPTH, labels
from lints.stores.rails_rows import filled
from lints.stores.rails_writes import Writing
from lints.stores.taken import others
from lints.tenancy import Model, Ownership

_FINDS = names("find_by find_by! find_sole_by exists? first_where")
_MAKES = names(
    "find_or_create_by find_or_create_by! find_or_initialize_by create_or_find_by create_or_find_by! first_or_create"
    " first_or_create! first_or_initialize"
)
_SIGNED = names("find_signed find_signed! find_by_token_for find_by_token_for!")
"""By a key that only the server can have made."""
_DELETES = names("delete_all destroy_all delete_by destroy_by delete destroy discard_all discard_all!")
_UPDATES = names("update_all update update! touch_all undiscard_all")
_OF_TIME = names("touch_all undiscard_all")
_COUNTERS = names("update_counters increment_counter decrement_counter reset_counters")
_MANY = names("insert_all insert_all! upsert_all insert insert! upsert multi_insert import import!")
_INNER = names("joins join inner_join association_join")
_OUTER = names("left_joins left_outer_joins eager_load left_join")
_LAZY = names("includes preload eager")
_HARMLESS = names(
    "page per padding without_count kept undiscarded discarded with_deleted only_deleted with_discarded without_deleted"
    " tagged_with ransack result search friendly decorate to_sql tap then itself reverse_chronologically freeze dup"
    " find_each_with_order cache_key with_indifferent_access strict_loading! search_for with_state with_states"
    " without_state without_states presence @in"
)
_GEMS = ("group_by_", "with_attached_", "with_rich_text_", "order_by_", "sort_by_", "sorted_by", "ordered")
_OF_LISTS = names("find order limit delete first! last! ids create create! merge")
"""Calls that are sure to be a query's where nothing is known, but not behind a method that gives something else."""
_LET_THROUGH = frozenset({"policy_scope", "accessible_by", "@unseen"})
"""What an authorization library adds (`lints.schema.rails_policies`)."""
_HOLE = regex(r"__hole_\d+__")


def target(records: Records, model: Model, call: OrmCall) -> tuple[str, Entity | None, Records, None] | None:
    """The table that a call is about and its model; None if nothing is known of it."""
    first = call.variants[0][0] if call.variants and call.variants[0] else None
    for step in call.variants[0] if call.variants else ():
        if step.method in {"@along", "@in"}:
            first = step
            break
    if first is not None and first.method == "@along":
        reached = records.reached(first.arguments[0].text, first.arguments[1].text)
        known = reached is not None and reached.target.table in model.tables
        return (reached.target.table, reached.target, records, None) if reached is not None and known else None
    if call.kind == "sequel":
        return (call.model, None, records, None) if call.model in model.tables else None
    within = first.arguments[0].text if first is not None and first.method == "@in" else ""
    entity = records.typical if call.model == any_model.NAME else records.named(call.model, within)
    if entity is None and call.model[:1].islower():
        entity = records.of_word(call.model, within)  # of a row that is called so
    if entity is not None:
        return (entity.table, entity, records, None) if entity.table in model.tables else None
    table = table_of(records, model, call.model)
    return (table, None, records, None) if table is not None else None


def incidental(call: OrmCall) -> bool:
    """Whether a call whose model is not known need be no query at all: lists and services have such methods too."""
    steps = call.variants[0] if call.variants else ()
    return not any(step.method in SURE for step in steps) or any(step.method == "@along" for step in steps)


def active_record(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """The statements of `Boat.where(…).update_all(…)`, `account.boats.find(id)`, `DB[:boats].first(…)`."""
    return _Reader(builder).run(steps)


@dataclass(slots=True)
class _Reader(Writing):
    """A relation as far as its calls are read."""

    depth: int = 0
    start: Reached | None = None
    negate: bool = False
    lazy: list[str] = field(default_factory=list)
    chosen: str | None = None
    """The column that is selected, if it is one."""

    # Steps

    def run(self, steps: Sequence[OrmStep]) -> list[str | None]:
        builder = self.builder
        if self._foreign(steps):
            return []
        self._scoped()
        for step in steps:
            method, given, named = step.method, step.arguments, dict(step.keywords)
            if method == "unscoped" and given and given[0].kind == "closure":
                return []  # what stands in its block is judged there
            if method in {"new", "build"}:
                return []  # a row in memory
            if method == FILLED:
                return filled(self, given[0], given[1].text, given[2].text)
            if method in _SIGNED and given:
                builder.held = True  # who has it was given it
                self.add(self.compare(builder.key_of(builder.table), Argument(kind="value", text="")))
                return [self.settled().select()]
            if method in _MAKES:
                self.add(*self.parts([one for one in given if one.kind != "closure"], named))
                return [self.settled().select()]
            if method in {"find", "destroy", "delete", "find_with_order", "with_pk", "with_pk!"} and self._keyed(given):
                self.add(self.compare(builder.key_of(builder.table), given[0] if len(given) == 1 else _listed(given)))
                return [
                    self.settled().select() if method in {"find", "with_pk", "with_pk!"} else self.settled().delete()
                ]
            if method in _DELETES:
                if given or named:
                    self.add(*self.parts(given, named))
                return [self.settled().delete()]
            if method in _UPDATES:
                by_key = method in {"update", "update!"}
                return [self.update(given if method not in _OF_TIME else (), named, by_key=by_key)]
            if method in _COUNTERS and given:
                key = given[-1] if method in {"increment_counter", "decrement_counter"} else given[0]
                self.add(self.compare(builder.key_of(builder.table), key))
                return [self.settled().update(others(builder))]
            if self.start is not None and self.start.guessed and method in {"create", "create!"}:
                return []  # a client of some service has such names too
            if method in {"create", "create!"} or (method in _MANY and not self._rows(given)):
                return [self.create(given, named)]
            if method in _MANY:
                return [self.many(method, given, named)]
            if method in {"find_by_sql", "count_by_sql"}:
                return [] if given and given[0].kind in {"text", "list"} else [None]
            if method == "none":
                return []
            self.step(method, given, named)
            if self._ends(step, steps):
                return [self.settled().select()]
        return [self.settled().select()]

    def _ends(self, step: OrmStep, steps: Sequence[OrmStep]) -> bool:
        local = self.builder.entity.methods if self.builder.entity is not None else {}
        return step.method in _FINDS or ("!" in local.get(step.method, ()) and step is steps[-1])

    def _foreign(self, steps: Sequence[OrmStep]) -> bool:
        """Whether the first call is a method of the class that is none of its relation's."""
        first = next((step for step in steps if step.method not in {"@in", "without_tenant"}), None)
        if first is None or first.method in {"@along", FILLED} or self.builder.entity is self.records.typical:
            return False
        local = self.builder.entity.methods if self.builder.entity is not None else {}
        if local.get(first.method) == (OTHER,) and not any(step.method in SURE - _OF_LISTS for step in steps):
            return True
        known = {*PLAIN, *RUNS, *local, *_LET_THROUGH}
        if first.method in known or first.method.startswith((*_GEMS, "find_by_")):
            return False
        known |= _HARMLESS
        after = steps[steps.index(first) + 1 :]  # a scope is followed by what a relation has
        return not after or after[0].method not in known

    def _keyed(self, given: Sequence[Argument]) -> bool:
        return bool(given) and given[0].kind in {"value", "text", "list", "query", "dynamic", "null", "term"}

    def _rows(self, given: Sequence[Argument]) -> bool:
        return bool(given)

    def step(self, method: str, given: Sequence[Argument], named: Mapping[str, Argument]) -> None:
        """Take in a call that adds to the relation."""
        builder = self.builder
        if method == "@along":
            self._begin(given[0].text, given[1].text)
        elif method == "without_tenant":
            self._release(method)
        elif method == "unscoped":
            builder.joins.clear()
            self._open(method)
        elif method in {"unscope", "except", "only", "rewhere", "invert_where"}:
            self._taken(method, given, named)
        elif method in {"where", "filter"} and not given and not named:
            self.negate = True
        elif method in {"where", "filter", "having_where"} or method in _FINDS or (method == "first" and named):
            parts = self.parts(given, named) if given or named else []
            self.add(*([f"NOT ({builder.all_of(parts)})"] if self.negate and parts else parts))
            self.negate = False
        elif method in {"not", "exclude"}:
            self.negate = False
            keys = list(builder.relation_keys)
            self.add(f"NOT ({self.conditions(given, named)})")
            builder.relation_keys[:] = keys  # what they are not says of no row whose it is
        elif method in {"missing", "associated"}:
            self.negate = False
        elif method.startswith("find_by_") and (builder.entity is None or method not in builder.entity.methods):
            columns = method.removeprefix("find_by_").rstrip("!").split("_and_")
            self.add(builder.all_of(self.compare(c, v) for c, v in zip(columns, given, strict=False)))
        elif method == "or":
            self._or(given, named)
        elif method in {"merge", "and"}:
            self._merge(given)
        elif method in _INNER or method in _OUTER:
            self.join(given, named, outer=method in _OUTER)
        elif method in _LAZY:
            self.lazy += [text for one in given for text in labels(one)] + list(named)
        elif method in {"select", "pluck", "pick", "select_map"} and len(given) == 1 and given[0].kind == "text":
            self.chosen = given[0].text.rpartition(".")[2]
        elif method in {"with", "with_recursive"}:
            self.ctes |= set(named)
        elif method in {"from", "union", "union_all", "from_self"}:
            self.add(builder.hole())
        elif builder.entity is not None and method in builder.entity.methods:
            self._scope(method, given)
        elif method not in PLAIN and method not in RUNS and method not in _HARMLESS and not method.startswith(_GEMS):
            self.add(builder.hole())

    # Scopes

    def _scoped(self) -> None:
        """What the model itself compares in every query, if that is the tenant's column."""
        entity, known = self.builder.entity, self.builder.model.tables.get(self.builder.table)
        column = known.tenant_column if known is not None else None
        if entity is None or column is None:
            return
        place = entity.scopes.get(column) or entity.scopes.get("*")
        if place:
            self.builder.scope = f"{column}, which a scope of the model compares in every query ({place})"
        elif "default_scope" in entity.methods and any(map(self._unread, entity.methods["default_scope"])):
            self.add(self.builder.hole())

    def _unread(self, mark: str) -> bool:
        """Whether a mark of a scope stands for something that can't be seen."""
        known = self.builder.entity.methods if self.builder.entity is not None else {}
        rest = mark[1:]
        plain = rest in PLAIN or rest in RUNS or rest in _HARMLESS or (rest in known and "%" not in known[rest])
        return mark == "%" or (mark[:1] == "@" and not plain)

    def _release(self, how: str) -> None:
        seen = self.builder.entity is not None
        self.builder.escape = how if self.builder.scope is not None or not seen else self.builder.escape
        self.builder.scope = None

    def _open(self, how: str) -> None:
        """Everything that was asked for before is taken away."""
        builder = self.builder
        builder.where.clear()
        builder.relation_keys.clear()
        builder.held, builder.untrusted = False, None
        self._release(how)

    def _taken(self, method: str, given: Sequence[Argument], named: Mapping[str, Argument]) -> None:
        """`unscope(where: :fleet_id)`, `rewhere(fleet_id: id)` take some conditions away, `unscope(:where)` all."""
        columns = list(named) if method == "rewhere" else []
        everything = method in {"only", "invert_where"} or any(
            one.text == "where" or one.kind != "text" for one in given
        )
        if method == "unscope" and "where" in named:
            value = named["where"]
            columns = [one.text for one in (value.items if value.kind == "list" else (value,))]
            everything = everything or not all(columns)
        for column in columns:
            self._drop(column)
        if everything:
            self._open(method)
        if method == "rewhere":
            self.add(*self.parts(given, named))

    def _drop(self, column: str) -> None:
        stored = self.key(column) or column
        own = self.builder.qualified(stored)
        self.builder.where[:] = [part for part in self.builder.where if own not in part]
        self.builder.relation_keys[:] = [key for key in self.builder.relation_keys if key != stored]
        known = self.builder.model.tables.get(self.builder.table)
        if known is not None and stored == known.tenant_column:
            self._release(f"unscope of {stored}")

    def _scope(self, method: str, given: Sequence[Argument]) -> None:
        """A named scope: what it compares, if it does so whenever it is called."""
        entity, builder = self.builder.entity, self.builder
        if entity is None or self.depth > MAX_DEPTH:
            return self.add(builder.hole())
        marks = entity.methods[method]
        sometimes = "?" in marks
        value = Argument(kind="value", text=given[0].text if len(given) == 1 and given[0].kind == "value" else "")
        known = builder.model.tables.get(builder.table)
        for mark in marks:
            sign, rest = (mark[0], mark[1:]) if mark[0] in "~-@+?%!" else ("", mark)
            if sign == "-":
                if rest:
                    self._drop(rest)
                else:
                    self._open(method)
            elif sign == "%" or mark == OTHER:
                self.add(builder.hole())
            elif sign == "@" and rest in entity.methods and rest != method:
                self.depth += 1
                self._scope(rest, ())
                self.depth -= 1
            elif sign == "@" and rest not in PLAIN and rest not in RUNS and rest not in _HARMLESS:
                self.add(builder.hole())
            elif sign == "+":
                first, _, then = rest.partition(".")
                named = {first: Argument(kind="text", text=then)} if then else {}
                self.join([] if then else [Argument(kind="text", text=first)], named, outer=False)
            elif sign == "" and "." in rest:
                table, _, column = rest.partition(".")
                self.add(builder.hole() if sometimes else self.nested(table, {column: value}))
            elif sign == "":
                stored = self.key(rest)
                ours = known is not None and stored == known.tenant_column
                if sometimes:
                    self.add(builder.hole() if ours else "")
                elif stored is not None:
                    self.add(self.compare(rest, value))
        return None

    # Associations

    def _begin(self, path: str, within: str) -> None:
        """The rows that an association gives: those whose foreign key is that of the row it starts at."""
        reached = self.start = self.records.reached(path, within)
        builder = self.builder
        if reached is None:
            return self.add(builder.hole())
        made, owner = reached.association, builder.model.tables.get(reached.owner.table)
        label = made.key if not reached.guessed else reached.start
        if made.opens:
            return self.add(builder.hole())
        if owner is None or owner.ownership is not Ownership.GLOBAL:
            builder.relation_keys.append(label)
        if reached.guessed:
            for name in reached.rest:
                self.step(name, (), {})
            return None
        if reached.client is not None and owner is not None and owner.ownership is Ownership.ROOT:
            builder.untrusted = reached.client
        lent = reached.start if path[:1].isupper() else ""  # of a row that was found before
        self.add(self.tied(reached.owner, made, builder.parameter(lent), reached.target, None, 0))
        for name in reached.rest:
            self.step(name, (), {})
        known = builder.model.tables.get(builder.table)
        if not made.through and made.kind != "habtm" and known is not None and made.key in known.columns:
            self.written.append((made.key, builder.parameter()))
        return None

    # Conditions

    # Queries inside

    def _inner(self, given: Argument) -> _Reader | None:
        """Another query that is an argument of this one: calls, or the rows of an association as they are."""
        if given.kind == "value":
            reached = self.records.reached(given.text, "") if "." in given.text and self.depth <= MAX_DEPTH else None
            return self._along(reached, given.text) if reached is not None and not reached.guessed else None
        steps = [step_of(item) for item in given.items if item.kind == "term"]
        first = next((step for step in steps if step.method in {"@along", "@in"}), None)
        if self.depth > MAX_DEPTH or not steps:
            return None
        kind = "sequel" if first is None else "active_record"
        found = target(self.records, self.builder.model, _call(kind, given.text, tuple(steps)))
        if found is None:
            return None
        table, entity, records, _ = found
        inner = _Reader(
            Builder(self.builder.model, records, table, entity, counter=self.builder.counter), depth=self.depth + 1
        )
        for step in steps:
            keyed = step.method in {"find", "with_pk"} and inner._keyed(step.arguments)
            if keyed:
                inner.add(inner.compare(inner.builder.key_of(table), step.arguments[0]))
            else:
                inner.step(step.method, step.arguments, dict(step.keywords))
        return inner

    def _along(self, reached: Reached, path: str) -> _Reader | None:
        table = reached.target.table
        if table not in self.builder.model.tables:
            return None
        made = Builder(self.builder.model, self.records, table, reached.target, counter=self.builder.counter)
        inner = _Reader(made, depth=self.depth + 1)
        inner._begin(path, "")
        return inner

    def sub_select(self, given: Argument) -> str:
        inner = self._inner(given)
        if inner is None:
            return self.builder.hole()
        made = inner.builder
        self.builder.relation_keys += [key for key in made.relation_keys if key not in self.builder.relation_keys]
        known = made.model.tables.get(made.table)
        column = inner.chosen if known is not None and inner.chosen in known.columns else made.key_of(made.table)
        joins = "".join(f" {join}" for join in made.joins)
        rows = f"SELECT {made.qualified(column or 'id')} FROM {made.source()}{joins}"  # noqa: S608 - judged, never sent
        return f"{rows}{made.condition()}"

    def _or(self, given: Sequence[Argument], named: Mapping[str, Argument]) -> None:
        """`a.or(b)`: everything so far, or everything of the other; in Sequel the last argument is a condition."""
        builder = self.builder
        here = builder.all_of(builder.where)
        if named or (given and given[0].kind in {"map", "text"}):
            other = self.conditions(given, named)
        else:
            inner = self._inner(given[0]) if given and given[0].kind == "query" else None
            same = inner is not None and inner.builder.table == builder.table
            other = builder.all_of(inner.builder.where) if inner is not None and same else builder.hole()
            if inner is not None:
                builder.relation_keys += [k for k in inner.builder.relation_keys if k not in builder.relation_keys]
                missing = [key for key in builder.relation_keys if key not in inner.builder.relation_keys]
                builder.relation_keys[:] = [] if missing else builder.relation_keys
        builder.where[:] = [f"(({here}) OR ({other}))"]

    def _merge(self, given: Sequence[Argument]) -> None:
        builder = self.builder
        inner = self._inner(given[0]) if given and given[0].kind in {"query", "value"} else None
        joined = inner is not None and (
            inner.builder.table == builder.table or any(name == inner.builder.table for name, _ in self.joined.values())
        )
        if inner is None or not joined:
            return self.add(builder.hole())
        builder.joins += [join for join in inner.builder.joins if join not in builder.joins]
        builder.where += inner.builder.where
        builder.relation_keys += [key for key in inner.builder.relation_keys if key not in builder.relation_keys]
        return None


def _listed(given: Iterable[Argument]) -> Argument:
    return Argument(kind="list", items=tuple(given))


def _call(kind: str, model: str, steps: tuple[OrmStep, ...]) -> OrmCall:
    return OrmCall(
        path="", line=0, column=0, end_line=0, end_column=0, snippet="", language="ruby", kind=kind, model=model,
        variants=(steps,),
    )  # fmt: skip
