"""What one examined file does with the tenants' rows: its statements and ORM calls, proven against the model."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from lints.around import Around
from lints.context.judging import alone, in_context
from lints.examine import Examined
from lints.extract import Confidence, Extraction, OrmCall, Problem, Statement
from lints.patterns import regex
from lints.rows import Access, Callee, Judged, ProofLike, Prove, Unanalysed, assumed
from lints.schema.declared import Carrier, Declarations, Trust
from lints.schema.paths import dialect_of, is_script, path_class
from lints.stores.active_record import incidental
from lints.stores.helpers import Helpers
from lints.stores.orm import Entities
from lints.stores.orm_rows import around_wrapper, as_statement, call_row, runs_raw, written
from lints.telling import DYNAMIC, Telling, dotted
from lints.tenancy import Model, Ownership

if TYPE_CHECKING:
    from lints.ddl.reach import Reach

RANK = {"unparsed": -1, "proven": 0, "weak": 1, "opaque": 2, "violation": 3}
_SOME_PATHS = "TENSQL005"
_REASSIGNED = "TENSQL009"
"""A finding of the row that is found, whatever ties it."""
_ASIDE = frozenset({"test", "migration", "seed"})
_DROPPED = regex(r"/\*__hole_\d+__\*/")
_MAX_PROOFS = 5_000


class Judge:
    """Judges file by file. What it keeps between them is only a memory of proofs, never a reason for a verdict."""

    def __init__(self, model: Model, declared: Declarations, prove: Prove | None = None) -> None:
        if prove is None:
            from lints.proof import prove as real

            prove = real
        self.model = model = _guarded(model, declared)
        self.declared = declared
        self._prove = prove
        self._graph_properties = declared.graph_properties or _spellings(model.tenant_columns)
        schema = getattr(model, "schema", None)
        self._entities = Entities(model, schema.entities if schema is not None else ())
        self._helpers = Helpers(*((schema.helpers, schema.entities) if schema is not None else ((), ())))
        self._around = Around(model, self._entities, self._helpers)
        self._tenant_columns = {t.tenant_column for t in model.tables.values() if t.tenant_column is not None}
        read = schema.files if schema is not None else ()
        self._schema_folders = {posixpath.dirname(path) for path in read if path.endswith(".sql")}
        self._proofs: dict[str, Sequence[ProofLike]] = {}
        self._telling = Telling(model)
        self._numbers: Counter[str] = Counter()
        self._callees: dict[tuple[str, int], Callee] = {}
        """The functions of the file that is judged, by name and line."""

    def judge(self, examined: Examined) -> Judged:
        """Everything one file does. Queries inside a schema script are data changes of a migration."""
        found = examined.extraction
        self._numbers = numbers = Counter({"files_analysed" if found.analysed else "files_skipped": 1})
        if found.analysed and found.problems:
            numbers["files_partial"] += 1
        self._telling.quotes = {(quote.line, quote.end_line): quote for quote in examined.quotes}
        if len(self._proofs) > _MAX_PROOFS:
            self._proofs.clear()
        self._callees = {}
        accesses = self._accesses(found, self._class_of(examined))
        return Judged(
            path=found.path,
            accesses=tuple(accesses),
            suppressions=found.suppressions,
            unanalysed=tuple(_unanalysed(problem) for problem in found.problems),
            numbers=dict(sorted(numbers.items())),
            callees=tuple(self._callees.values()),
        )

    def _class_of(self, examined: Examined) -> str:
        found = examined.extraction
        kind = path_class(found.path, self.declared.paths)
        if kind == "test" and examined.misnamed:
            kind = "source"
        if kind != "source":
            return kind
        # A script that only changes rows, among those that make the schema, is a migration like them.
        among = found.language == "sql" and posixpath.dirname(found.path) in self._schema_folders
        among = among and all(statement.function is None for statement in found.statements)  # named queries are run
        if examined.defines_schema or among:
            return "migration"
        return "generated" if examined.generated else "script" if is_script(found.path, self.declared.paths) else kind

    def _accesses(self, found: Extraction, kind: str) -> Iterable[Access]:
        by_place: dict[tuple[int, int, tuple[str, ...]], list[Access]] = {}
        sources: dict[tuple[int, int, tuple[str, ...]], Statement | OrmCall] = {}
        for statement in self._entities.composed(found):
            if statement.confidence is Confidence.PROSE:
                self._numbers["not_sql"] += 1
                continue
            rows = self._judged(statement, kind)
            if rows:
                rows = in_context(rows, statement, found.contexts, self.model.tenant_columns, self.declared.carriers)
                rows = self._around.own(self._around.by_keys(rows, statement, found), statement)
            key = (statement.line, statement.column, statement.variants)
            before = by_place.get(key)
            if rows is None:
                continue
            if before is None or _worst(rows) > _worst(before):
                by_place[key], sources[key] = rows, statement
        for call in found.calls:
            rows = self._orm(call, kind)
            if rows:
                rows = in_context(rows, call, found.contexts, self.model.tenant_columns, self.declared.carriers)
                rows = self._around.own(self._around.by_keys(rows, call, found), call)
            if rows is not None:
                key = (call.line, call.column, (call.snippet, str(len(by_place))))
                by_place[key], sources[key] = rows, call
        if found.follows and any(row.verdict != "proven" for rows in by_place.values() for row in rows):
            self._around.vouched(found.follows, by_place, sources)
        if found.contexts:
            self._around.linked(found, by_place, sources)
        if kind in {"source", "script"}:
            gives = {(f.line, f.column): f.gives for f in found.follows if f.gives}
            for key, rows in by_place.items():
                self._called(sources[key], rows, gives.get(key[:2], ""))
        for rows in _once(by_place.values()):
            self._numbers["statements"] += 1
            if not rows:
                self._numbers["statements_unrelated"] += 1
                continue
            verdict = max((row.verdict for row in rows), key=lambda name: RANK[name])
            self._numbers[verdict] += 1
            yield from rows
        yield from alone(found.path, found.language, found.contexts, kind, self._tenant_columns)

    def _called(self, source: Statement | OrmCall, rows: Sequence[Access], gives: str) -> None:
        """What a function does with rows, for those who call it."""
        function = source.function
        if function is None or not function.name or not rows:
            return
        before = self._callees.get((function.name, function.line))
        scoped = all(row.verdict == "proven" for row in rows) and (before is None or before.scoped)
        self._callees[(function.name, function.line)] = Callee(
            path=rows[0].path,
            line=function.line,
            name=function.name,
            scoped=scoped,
            asks=function.asks,
            vouches=(before.vouches if before is not None else ())
            + (self._around.vouches(source, function, rows, gives) if gives else ()),
        )

    # One statement

    def _judged(self, statement: Statement, kind: str) -> list[Access] | None:
        """The rows of a statement; an empty list if nothing in it is a tenant's; None if it is no SQL after all."""
        dialect = statement.dialect_hint or dialect_of(statement.path) or self.model.dialect
        if dialect == "redis":
            known = statement.function is not None and statement.function.tenant_parameter is not None
            dialect = "redis, tenant known" if known else "redis"
        variants = [(text, self._understood(text, dialect)) for text in self._around.as_stored(statement)]
        readable = [(text, proofs) for text, proofs in variants if all(p.verdict != "unparsed" for p in proofs)]
        if not readable:
            if statement.confidence is not Confidence.EXECUTED:
                self._numbers["not_sql"] += 1
                return None
            reason = next((p.reason for _, proofs in variants for p in proofs if p.reason), None)
            why = f"not understood as SQL{f' ({reason})' if reason else ''}, so nothing is known about it"
            return [self._telling.row(statement, kind, "unparsed", None, "", (), why, statement.sql, variants[0][1])]
        rows: dict[tuple[str, str | None], Access] = {}
        good: set[str] = set()
        unclassified: dict[str, Access] = {}
        beside = False
        for text, proofs in readable:
            opened = _DROPPED.search(text) is not None
            for proof in proofs:
                if not proof.relevant and proof.verdict == "proven":
                    continue
                beside = beside or any(r.proven and self._owned(r.table) for r in proof.references)
                for row in self._telling.rows(statement, kind, proof, text, opened=opened):
                    if row.rule == "TENSQL000" and self._unclassified(row.table):
                        unclassified.setdefault(row.table, row)
                        continue
                    if row.verdict in {"proven", "weak"}:
                        good.add(row.table)
                    key = (row.table, row.rule)
                    if key not in rows or RANK[row.verdict] > RANK[rows[key].verdict]:
                        rows[key] = row
        if rows or beside:
            for table, row in unclassified.items():  # a tenant's rows are read beside rows of nobody knows whom
                said = f"no other tenant's rows of {table}, which is not classified, are reached"
                rows[table, row.rule] = row if row.verdict == "weak" else assumed(row, "TENSQL000", said)
        self._count_unclassified(kind, when=bool(unclassified) and not rows)
        return self._settled(statement, list(rows.values()), good)

    def _count_unclassified(self, kind: str, *, when: bool) -> None:
        self._numbers["statements_unclassified"] += when
        self._numbers["unclassified"] += when and kind not in _ASIDE

    def _unclassified(self, table: str) -> bool:
        """A table of the model whose owner is not known: said once for the table, not for every statement on it."""
        known = self.model.tables.get(table)
        return known is not None and known.ownership is Ownership.UNKNOWN

    def _settled(self, statement: Statement, rows: list[Access], good: set[str]) -> list[Access]:
        """Rows of all paths together: the worst count, and a filter on some paths only is a finding of its own."""
        if not rows:
            return []
        worst = _worst(rows)
        kept = (
            [row for row in rows if RANK[row.verdict] == worst]
            if worst < RANK["opaque"]
            else [row for row in rows if RANK[row.verdict] >= RANK["opaque"]]
        )
        if worst <= RANK["proven"]:
            return [min(kept, key=lambda row: row.table)]
        if len(statement.variants) > 1:
            kept = [
                replace(
                    row,
                    rule={"TENC": "TENCYP005", "TENR": "TENRDS001"}.get((row.rule or "")[:4], _SOME_PATHS),
                    why=f"{row.table} is tied to the tenant on some paths only: {_lower(row.why)}",
                )
                if row.verdict == "violation" and row.table in good and row.rule != _REASSIGNED
                else row
                for row in kept
            ]
            by_key = {(row.table, row.rule): row for row in kept}
            kept = list(by_key.values())
        carried = [self._carried(self._confined(row, statement), statement) for row in kept]
        return [*carried, *around_wrapper(carried, statement, self.declared.carriers)]

    def _confined(self, row: Access, statement: Statement) -> Access:
        """A row that nothing in the statement ties to a tenant, though a framework adds that to it once it is whole: an
        assumption."""
        open_ = row.verdict == "violation" or (row.verdict == "opaque" and row.rule == DYNAMIC)
        said = self._entities.confines(statement, row.table) if open_ else None
        return assumed(row, "TENORM014", f"it is confined by {said}") if said is not None else row

    def _orm(self, call: OrmCall, kind: str) -> list[Access] | None:
        """The rows of an ORM call, judged by the SQL it stands for; None if nothing is known of its model."""
        if call.kind == "repository" and (typed := self._entities.of_entity_repository(call)) is not None:
            method = call.variants[0][0].method if call.variants and call.variants[0] else ""
            return self._orm(typed, kind) if method not in {"create", "merge"} else []  # in memory
        if call.kind in {"mongo", "repository"} and self._entities.passes_on(call):
            return []
        if call.kind == "repository":
            passed = self._entities.of_repository(call)
            return self._documents(passed, kind) if passed is not None else None
        if call.kind in {"mongo", "index"}:
            return self._documents(call, kind)
        if self._entities.is_document(call):
            return self._documents(replace(call, kind="mongo"), kind)
        resolved = self._helpers.resolved(call)
        if resolved is None:
            return None
        call = resolved
        rendered = self._entities.rendered(call)
        if rendered is None:
            if call.kind == "python_record":  # a method of any class: that it is a model is for the schema to say
                document = call.variants[0][0].method == "insert_many"
                return self._documents(replace(call, kind="mongo"), kind) if document else None
            self._numbers["orm_unknown"] += call.language != "ruby" or not incidental(call)
            return None
        texts = tuple(dict.fromkeys(text for path in rendered for text in path.texts))
        statement = as_statement(call, texts)
        judged = self._judged(statement, kind) or [] if texts else []
        main = rendered[0].table if rendered else ""
        # Tables joined along foreign keys of the one that is asked for are read through rows that are judged, as are
        # somebody's own memberships that are asked for beside it.
        beside = {"TENSQL011", "TENSQL022"} if self._owned(main) else {"TENSQL011"}
        rows = [row for row in judged if row.table == main or row.rule not in beside]
        own = max((RANK[row.verdict] for row in rows if row.table == main), default=-2)
        if own > -2:  # a condition on a relation is told with the call itself
            rows = [row for row in rows if row.table == main or RANK[row.verdict] > own]
        if judged and not rows:
            rows = [
                replace(
                    judged[0],
                    verdict="proven",
                    rule=None,
                    table=main,
                    assumptions=(),
                    why="its rows are tied to the caller's tenant",
                )
            ]
        sent = written(rendered) if self._owned(main) else None
        if sent is not None and not any(row.verdict == "violation" for row in rows):
            return [self._telling.row(statement, kind, "violation", sent[0], main, (), sent[1], call.snippet, ())]
        if any(path.unseen for path in rendered) and not any(row.verdict == "violation" for row in rows):
            raw = runs_raw(call)
            if not (rows or raw or self._owned(main) or main not in self.model.tables):
                # Whatever it writes, it writes to a table that is no tenant's.
                self._count_unclassified(kind, when=not texts and self._unclassified(main))
                return []
            why = "what it runs or writes is put together out of sight"
            name = rows[0].table if rows else main if self._owned(main) else ""
            shown = texts[0] if texts else call.snippet
            return [
                self._telling.row(
                    statement, kind, "opaque", "TENORM009" if raw else "TENORM013", name, (), why, shown, ()
                )
            ]
        return [call_row(row, call, rendered) for row in rows]

    def _owned(self, table: str) -> bool:
        known = self.model.tables.get(table)
        return known is not None and known.ownership not in {Ownership.GLOBAL, Ownership.UNKNOWN}

    def _documents(self, call: OrmCall, kind: str) -> list[Access]:
        """The rows of a MongoDB or search call; a tenant on some paths only is a finding of its own."""
        from lints.stores.mongo import prove_mongo
        from lints.stores.search import prove_search

        nobodys = frozenset(n for n, t in self.model.tables.items() if t.ownership is Ownership.GLOBAL)
        keys = frozenset(self._graph_properties)
        if call.language == "c_sharp":  # properties begin with a capital, whatever the stored field does
            keys |= {letter + key[1:] for key in keys for letter in (key[:1].upper(), key[:1].lower())}
            documents = self._entities.by_kind.get("document", {})
            told = any(not keys.isdisjoint(one.columns) for one in documents.values())
            document = documents.get(call.model)
            if told and document is not None and keys.isdisjoint(document.columns):  # unlike others it is no tenant's
                self._count_unclassified(kind, when=True)
                return []
        rows: list[Access] = []
        name = self._entities.collection(call.model) if call.kind == "mongo" else call.model
        if call.kind == "mongo" and self._unclassified(name):
            self._count_unclassified(kind, when=True)
            return []
        for steps in call.variants:
            statement = as_statement(call, (call.snippet,))
            if not steps:
                continue
            if call.kind == "index":
                proof = prove_search(call.model, steps, keys, nobodys)
            else:
                named = nobodys | {call.model} if name in nobodys else nobodys
                proof = prove_mongo(call.model, steps, keys, named)
            if proof.relevant:
                rows += self._telling.rows(statement, kind, proof, call.snippet, opened=False)
        good = {row.table for row in rows if row.verdict in {"proven", "weak"}}
        bad = [row for row in rows if row.verdict == "violation"]
        if bad and good:
            mixed = bad[0]
            why = f"{mixed.table} is tied to the tenant on some paths only: {_lower(mixed.why)}"
            rule = "TENIDX005" if call.kind == "index" else "TENMGO005"
            return [self._carried(replace(mixed, rule=rule, why=why), statement)]
        worst = max(rows, key=lambda row: RANK[row.verdict], default=None)
        refers = self._entities.referring(name, call, keys) if worst is not None and worst.rule == "TENMGO001" else None
        if worst is not None and refers is not None:
            worst = assumed(worst, "TENORM002", f"what {refers} refers to was checked to be the caller's")
        return [self._carried(worst, statement)] if worst is not None else []

    def _understood(self, text: str, dialect: str) -> Sequence[ProofLike]:
        """The proofs in the first dialect that understands the text."""
        first = self._proven(text, dialect)
        if dialect in {"cypher", "redis", "redis, tenant known"}:
            return first
        if any(proof.verdict == "unparsed" for proof in first):
            for other in ("postgres", "clickhouse", "mysql", "sqlite", "tsql"):
                found = self._proven(text, other) if other != dialect else first
                if all(proof.verdict != "unparsed" for proof in found):
                    return found
        return first

    def _proven(self, text: str, dialect: str) -> Sequence[ProofLike]:
        key = f"{dialect}\0{text}"
        found = self._proofs.get(key)
        if found is None:
            if dialect.startswith("redis"):
                from lints.stores.redis import prove_redis

                found = (prove_redis(text, self._graph_properties, tenant_at_hand=dialect != "redis"),)
            elif dialect == "cypher":
                from lints.stores.cypher import prove_cypher

                found = (prove_cypher(text, self._graph_properties, self.declared.graph_globals),)
            else:
                found = tuple(self._prove(text, self.model, dialect=dialect))
            self._proofs[key] = found
        return found

    def _carried(self, row: Access, statement: Statement) -> Access:
        """A wrapper the statement goes through, and what the organisation says it is worth."""
        carrier = self._carrier(statement)
        if carrier is None:
            return row
        if carrier.trust is Trust.NONE or row.verdict not in {"violation", "opaque"}:
            return replace(row, carrier=carrier.call)
        if carrier.trust is Trust.SETS_CONTEXT:
            why_not = self._reach.why_not(row.table, row.rule, row.sql)
            if why_not is not None:
                return replace(row, carrier=carrier.call, why=f"{row.why}; {carrier.call} does not help: {why_not}")
        meant = {
            Trust.ENFORCES: "keeps other tenants' rows out of reach",
            Trust.SETS_CONTEXT: "sets the tenant for the database's policies, which confine",
        }[carrier.trust]
        said = f"{carrier.call} {meant} (declared at {carrier.origin.path}:{carrier.origin.line})"
        return replace(
            row,
            carrier=carrier.call,
            verdict="weak",
            assumptions=(*row.assumptions, said),
            why=f"{row.why}; taken as scoped because {said}",
        )

    @cached_property
    def _reach(self) -> Reach:
        from lints.ddl.reach import Reach

        return Reach(self.model, self.declared)

    def _carrier(self, statement: Statement) -> Carrier | None:
        call = statement.call
        if call is None:
            return None
        name = dotted(call.receiver, call.method)
        for carrier in self.declared.carriers:
            if name == carrier.call or name.endswith(f".{carrier.call}"):
                return carrier
            if call.receiver_origin is not None and re.search(
                rf"(?<![\w$]){re.escape(carrier.call)}\s*(?:<[^()]*>)?\(", call.receiver_origin
            ):
                return carrier
        return None


def _guarded(model: Model, declared: Declarations) -> Model:
    """The model with what its policies confine, if there are any: a fact for the proof, here as in `gate prove`."""
    schema = getattr(model, "schema", None)
    if schema is None or not schema.policies:
        return model
    from lints.ddl.guards import with_guards

    return with_guards(model, declared)


def _once(places: Iterable[list[Access]]) -> Iterable[list[Access]]:
    """Rows by statement, what would be told twice of one place left out: a query that is used in several ways."""
    told: set[tuple[int, int, str, str | None, str]] = set()
    for rows in places:
        new = [row for row in rows if (row.line, row.column, row.verdict, row.rule, row.table) not in told]
        told.update((row.line, row.column, row.verdict, row.rule, row.table) for row in new)
        if new or not rows:
            yield new


def _unanalysed(problem: Problem) -> Unanalysed:
    return Unanalysed(path=problem.path, line=problem.line, reason=problem.reason, whole_file=problem.whole_file)


def _spellings(columns: Iterable[str]) -> tuple[str, ...]:
    """`tenant_id` and `tenantId`: a graph has no schema that says which."""
    camel = (re.sub(r"(?<=.)_([a-z])", lambda found: found.group(1).upper(), column) for column in sorted(columns))
    return tuple(dict.fromkeys([*sorted(columns), *camel]))


def _worst(rows: Sequence[Access]) -> int:
    return max((RANK[row.verdict] for row in rows), default=-2)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
