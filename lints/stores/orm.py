"""ORM calls judged by the SQL they stand for; what that means for them is told in rules of their own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import takewhile

from lints.extract.chains import doctrine as chain_doctrine
from lints.extract.chains import php_tables as chain_php_tables
from lints.extract.chains import ruby as chain_ruby
from lints.extract.chains.helpers import SCOPE
from lints.extract.chains.javascript import NATIVE
from lints.extract.chains.reassigned import REASSIGNED
from lints.extract.facts import Extraction, OrmCall, OrmStep, Statement
from lints.patterns import regex
from lints.schema import constants
from lints.schema.facts import Entity
from lints.stores import (
    active_record,
    any_model,
    django,
    doctrine,
    drizzle,
    drizzle_text,
    eloquent,
    eloquent_paths,
    go_beego,
    go_boiler,
    go_builders,
    go_bun,
    go_ent,
    go_gen,
    go_orms,
    javascript_orms,
    jpql,
    jvm_orms,
    linq,
    objection,
    php_frameworks,
    php_tables,
    python_records,
    query_builders,
    reassigned,
    sequelize,
    sqlalchemy,
    string_templates,
    supabase,
    typeorm,
)
from lints.stores.constants import Constants
from lints.stores.orm_sql import Builder, as_stored, mapping
from lints.stores.rails_paths import Records
from lints.tenancy import Model

AS_ORM: Mapping[str, str] = {
    "TENSQL001": "TENORM001", "TENSQL002": "TENORM001", "TENSQL003": "TENORM001", "TENSQL010": "TENORM001",
    "TENSQL012": "TENORM001", "TENSQL005": "TENORM005", "TENSQL006": "TENORM006", "TENSQL008": "TENORM008",
    "TENSQL009": "TENORM004", "TENSQL011": "TENORM002", "TENSQL019": "TENORM002", "TENSQL013": "TENORM013",
    "TENSQL000": "TENORM013",
}  # fmt: skip
"""Rules of statements as rules of call sites; one without a counterpart keeps its name."""

_RENDER: Mapping[str, Callable[[Builder, Sequence[OrmStep]], list[str | None]]] = {
    "django": django.django,
    "sqlalchemy": sqlalchemy.sqlalchemy,
    "python_record": python_records.records,
    "prisma": javascript_orms.prisma,
    "typeorm": typeorm.typeorm,
    "entity": sequelize.sequelize,
    "sequelize": sequelize.sequelize,
    "knex": query_builders.knex,
    "kysely": query_builders.knex,
    "objection": objection.objection,
    "supabase": supabase.supabase,
    "drizzle": drizzle.drizzle,
    "drizzle_query": drizzle.drizzle_query,
    "active_record": active_record.active_record,
    "sequel": active_record.active_record,
    "doctrine": doctrine.doctrine,
    "dbal": doctrine.dbal,
    **jvm_orms.RENDER,
    "ef": linq.framework,
    "gorm": go_orms.gorm,
    "pop": go_orms.pop,
    "xorm": go_orms.xorm,
    "bun": go_bun.bun,
    "pg": go_bun.pg,
    "ent": go_ent.ent,
    "gen": go_gen.gen,
    "beego": go_beego.beego,
    "boiler": go_boiler.boiler,
    "eloquent": eloquent.eloquent,
    "laravel": eloquent.eloquent,
    **php_frameworks.RENDER,
    "codeigniter": php_tables.codeigniter,
    "yii": php_tables.yii,
    "medoo": php_tables.medoo,
}
_ENTITY_KINDS = {
    "django": {"django", "tortoise", "peewee"},
    "sqlalchemy": {"sqlalchemy"},
    "python_record": {"tortoise", "peewee", "pony"},
    "prisma": {"prisma"},
    "typeorm": {"typeorm"},
    "entity": {"typeorm"},
    "sequelize": {"typeorm"},
    "ef": {"ef"},
    "gorm": {"go"},
    "pop": {"go"},
    "xorm": {"go"},
    "bun": {"go"},
    "pg": {"go"},
    "ent": {"go"},
    "gen": {"go"},
    "beego": {"go"},
    "boiler": {"go"},
    "eloquent": {"eloquent"},
    "codeigniter": {"eloquent"},
    "yii": {"eloquent"},
    "phalcon": {"eloquent"},
    "drizzle": {"drizzle"},
    "drizzle_query": {"drizzle"},
    "knex": {"knex"},
    "objection": {"knex"},
}


UNDEFINED_IS_ANY = frozenset({"prisma", "typeorm", "entity", "mongo"})
"""ORMs that read a condition whose value is undefined as no condition."""

_ESCAPES = frozenset({"unscoped", "without_tenant", "IgnoreQueryFilters", "withoutGlobalScopes", "withoutGlobalScope"})
_ESCAPES |= {"withoutTenancy", "allTenants", "withoutTenant"}
_TOLD = frozenset({"eloquent", "laravel"})
"""Kinds whose reader says itself what takes the tenant's filter away."""
_MANAGERS = regex(r"\.(?:all_objects|unscoped|unfiltered|objects_all|_base_manager|global_objects)\b")


_KEPT = regex(r":\w*(?:Soft|Delet|Archiv|Activ|Alive|Publish)\w*\.get_queryset$")
"""A manager of Django that is called after what it leaves out, which is not what is another tenant's."""


def _of_no_rows(steps: Sequence[OrmStep]) -> bool:
    """Whether it inserts a list that is empty on its path."""
    given = next((step.arguments[0] for step in steps if step.method == "values" and step.arguments), None)
    return given is not None and given.kind == "list" and not given.items


def _from_sql(step: OrmStep) -> bool:
    return step.method.startswith("FromSql")


def _escape(call: OrmCall, steps: Sequence[OrmStep], entity: Entity | None, column: str | None) -> str | None:
    """What goes around the tenant's filter. A manager beside one that filters by something else than the tenant's
    column (`deleted_at`), or that is called after that, goes around this."""
    found = next((step.method for step in steps if step.method in _ESCAPES and not linq.keeps_tenant(step)), None)
    if call.kind == "sequelize":
        return None  # a default scope is written once for all callers: no tenant is in it
    named = _MANAGERS.search(call.snippet)
    if named is None or found is not None or entity is None:
        return found or (named.group()[1:] if named is not None else None)
    beside = next((step for step in steps if step.method == SCOPE and len(step.arguments) > 1), None)
    asked = {entity.columns.get(name.partition("__")[0]) for name, _ in beside.keywords} if beside is not None else ()
    kept = _KEPT.search(entity.methods.get("get_queryset", ("",))[0]) is not None
    return None if (asked and column not in asked) or kept else named.group()[1:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """The statements of one path. `unseen`: something is run or written that can't be seen."""

    texts: tuple[str, ...]
    unseen: bool
    relation_keys: tuple[str, ...]
    held: bool
    table: str
    raw: str | None = None
    by_client_key: bool = False
    by_parent: str | None = None
    taken: str | None = None
    """What is taken for granted of what it writes (`Builder.taken`)."""
    attached: tuple[tuple[str, str], ...] = ()
    undefined: str | None = None
    zero: str | None = None
    untrusted: str | None = None
    escape: str | None = None
    """What takes the tenant's filter away, as written: `unscoped`, `all_objects`."""
    scope: str | None = None
    """What the model itself compares in every query (`Builder.scope`)."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """What placeholders of its texts stand for, as written."""


def _as_stored(entity: Entity, model: Model, folded: Mapping[str, str]) -> Entity:
    """An entity whose table and columns are spelled as the schema has them, which may fold what is not quoted."""
    name = entity.table if entity.table in model.tables else folded.get(entity.table.lower(), entity.table)
    bare = name.rpartition(".")[2]
    if name not in model.tables and bare in model.tables:
        name = bare  # only a name that two schemas share is kept with its schema
    table = model.tables.get(name)
    if table is None:
        return entity
    stored = {column.lower(): column for column in table.columns}
    columns = {
        attribute: column if column in table.columns else stored.get(column.lower(), column)
        for attribute, column in entity.columns.items()
    }
    return (
        entity if name == entity.table and columns == entity.columns else replace(entity, table=name, columns=columns)
    )


class Entities:
    """The entities of a project by the names that code uses for them."""

    def __init__(self, model: Model, entities: Iterable[Entity]) -> None:
        self.model = model
        self.by_kind: dict[str, dict[str, Entity]] = {}
        self._sets: dict[str, list[Entity]] = {}
        """Entities of Entity Framework: sets of several contexts can have one name."""
        folded = {name.lower(): name for name in sorted(model.tables, reverse=True)}
        for entity in entities:
            stored = _as_stored(entity, model, folded)
            self.by_kind.setdefault(entity.kind, {}).setdefault(entity.name, stored)
            if entity.kind == "ef":
                self._sets.setdefault(entity.name, []).append(stored)

        for kind in ("sqlalchemy", "django", "typeorm", "drizzle", "eloquent"):
            typical = any_model.stand_in(self.by_kind.get(kind, {}), model)
            if typical is not None:
                self.by_kind[kind][any_model.NAME] = replace(typical, name=any_model.NAME)
        self.records = Records(self.by_kind.get("active_record", {}).values(), model)

    @cached_property
    def _any_table(self) -> str:
        """What stands for a table that code is handed."""
        return any_model.table(self.model)

    @cached_property
    def templates(self) -> string_templates.Groups:
        """The groups of templates that statements of jDBI are taken from."""
        return string_templates.Groups(self.by_kind.get("stringtemplate", {}))

    @cached_property
    def constants(self) -> Constants:
        """The texts that constants of Go and the JVM hold."""
        return Constants(self.by_kind.get(constants.KIND, {}))

    def of_drizzle(self, statement: Statement) -> tuple[str, ...]:
        """The texts of a statement with the tables and columns that a template names by Drizzle's variables."""
        known = self.by_kind.get("drizzle", {})
        if not known or len(statement.variants) != 1 or not statement.holes:
            return statement.variants
        sources = [hole.source for hole in statement.holes]
        return (drizzle_text.statement(statement.variants[0], sources, known, self.model),)

    def of_doctrine(self, text: str) -> str:
        """A statement in DQL as one over tables."""
        known = self.by_kind.get("doctrine", {})
        return doctrine.dql(text, self.model, known) if known else text

    @cached_property
    def _of_jpa(self) -> Mapping[str, Entity]:
        return {**self.by_kind.get("link", {}), **self.by_kind.get("jpa", {})}

    def of_entities(self, text: str) -> str:
        """A statement over JPA entities as one over their tables; getters that name a table, as its name."""
        text = jvm_orms.with_tables(text, self.by_kind)
        return jpql.as_sql(text, self.model, self._of_jpa) if self._of_jpa else text

    def of_sets(self, statement: Statement) -> tuple[str, ...]:
        """A statement of C# with the tables and columns of Entity Framework as they are spelled there, or of NHibernate
        as one over tables."""
        known = self.by_kind.get("ef", {})
        if not known:
            return statement.variants
        if statement.call is not None and statement.call.method == "CreateQuery":
            return tuple(jpql.as_sql(text, self.model, known) for text in statement.variants)
        return tuple(linq.with_sets(text, self.model, known) for text in statement.variants)

    def composed(self, found: Extraction) -> Sequence[Statement]:
        """The statements of a file; one that a set of Entity Framework is made of (`FromSqlRaw`), with what is asked of
        that set."""
        if found.language != "c_sharp" or not found.calls:
            return found.statements
        made = [call for call in found.calls if call.kind == "ef" and any(map(_from_sql, call.variants[0]))]
        return [self._over(statement, made) for statement in found.statements] if made else found.statements

    def _over(self, statement: Statement, made: Sequence[OrmCall]) -> Statement:
        asked = statement.call.method if statement.call is not None else ""
        at = (statement.line, statement.column)
        around = (call for call in made if (call.line, call.column) <= at < (call.end_line, call.end_column))
        call = next((call for call in around if any(step.method == asked for step in call.variants[0])), None)
        found = self._target(call) if call is not None else None
        if call is None or found is None:
            return statement
        table, entity, known, alias = found
        texts = tuple(
            linq.over(Builder(self.model, known, table, entity, alias=alias), steps, text)
            for text in statement.variants
            for steps in call.variants
        )
        return replace(statement, variants=tuple(dict.fromkeys(texts)))

    def of_structs(self, text: str, path: str) -> str:
        """A statement of Go with the tables of the structs that it names, and with what its builder adds."""
        if "/*go" not in text:
            return text
        text = go_builders.with_builders(text, path, self.by_kind.get("go_builder", {}))
        return go_orms.with_tables(text, path, self.by_kind.get("go", {}))

    def confines(self, statement: Statement, table: str) -> str | None:
        """What a framework of the JVM adds to a statement, if that is the tenant's column."""
        if statement.language not in {"java", "kotlin", "mybatis"}:
            return None
        text = jvm_orms.with_tables(self.constants.variants(statement)[0], self.by_kind)
        of_entities = self.of_entities(text) != text
        return jvm_orms.confines(statement, table, self.by_kind, self.model, of_entities=of_entities)

    def rendered(self, call: OrmCall) -> tuple[Rendered, ...] | None:
        """What a call stands for on each path; None if nothing is known of its model."""
        if call.kind in go_orms.KINDS:
            local = call.function.parameters if call.function is not None else ()
            variants = tuple(self.constants.steps(steps, call.path, local) for steps in call.variants)
            call = replace(call, variants=variants)
        found = self._target(call)
        if found is None:
            return None
        table, entity, known, alias = found
        if call.kind in jvm_orms.KINDS and jvm_orms.asks_itself(call, self.by_kind):
            return ()
        out: list[Rendered] = []
        for steps in [steps for steps in call.variants if not _of_no_rows(steps)] or call.variants:
            if not steps:
                continue
            builder = Builder(self.model, known, table, entity, alias=alias)
            if call.kind in UNDEFINED_IS_ANY and call.function is not None and call.function.tenant_optional:
                builder.optional = call.function.tenant_parameter
            if call.kind in jvm_orms.KINDS:
                builder.scope = jvm_orms.scope(call, entity, table, self.by_kind, self.model)
            render = reassigned.reassigned if steps[-1].method == REASSIGNED else _RENDER[call.kind]
            texts = render(builder, steps)
            told = call.kind in chain_ruby.KINDS or call.kind in chain_doctrine.KINDS or call.kind in _TOLD
            owned = self.model.tables.get(table)
            column = owned.tenant_column if owned is not None else None
            escape = builder.escape if told else _escape(call, steps, entity, column) or builder.escape
            out.append(
                Rendered(
                    texts=tuple(text for text in texts if text is not None),
                    unseen=any(text is None for text in texts),
                    relation_keys=tuple(builder.relation_keys),
                    held=builder.held,
                    table=table,
                    raw=builder.raw,
                    by_client_key=builder.by_client_key,
                    by_parent=builder.by_parent,
                    taken=builder.taken,
                    attached=builder.attached,
                    undefined=builder.undefined if call.kind in UNDEFINED_IS_ANY else None,
                    zero=builder.zero,
                    untrusted=builder.untrusted,
                    escape=escape,
                    scope=builder.scope,
                    sources=builder.sources,
                )
            )
        return tuple(out)

    def of_entity_repository(self, call: OrmCall) -> OrmCall | None:
        """The call of an entity that a repository of a class of its own stands for: `this.boatRepository.find({…})`."""
        entity = self._of_class(call.model)
        if entity is None:
            return None
        variants = tuple(
            tuple(replace(step, method=NATIVE.get(step.method, step.method)) for step in steps)
            for steps in call.variants
        )
        return replace(call, kind="typeorm", model=entity, variants=variants)

    def _stored(self, name: str) -> str | None:
        """The table of an entity that was not read, under decorators of the project's own, by its name."""
        made = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
        return next((table for table in (made, f"{made}s") if table in self.model.tables), None)

    def _of_class(self, name: str) -> str | None:
        """The entity of a repository by its class, or by what something of that class is called."""
        known = self.by_kind.get("entity_repository", {})
        named = name[:1].upper() + name[1:]
        found = known.get(named) or known.get(f"{named}sitory" if named.endswith("Repo") else "")
        return found.table if found is not None else None

    def of_repository(self, call: OrmCall) -> OrmCall | None:
        """The call of a model that a project's own class makes of a call of itself; None if that is not known."""
        known = self.by_kind.get("mongo_repository", {})
        named = call.model[:1].upper() + call.model[1:]
        named = f"{named}sitory" if named.endswith("Repo") else named
        like = [name for name in known if name.endswith(named)]
        found = known.get(named) or (known[like[0]] if len(like) == 1 else None)
        method = call.variants[0][0].method if call.variants and call.variants[0] else ""
        own = call.receiver.startswith("this.") and call.receiver.endswith("odel")  # asked of the model itself
        passed = (method,) if own else found.methods.get(method) if found is not None else None
        if found is None or not passed:
            return None
        variants = tuple((replace(steps[0], method=passed[0]),) for steps in call.variants if steps)
        return replace(call, kind="mongo", model=found.table, variants=variants)

    def passes_on(self, call: OrmCall) -> bool:
        """Whether a call of a model is one that its class makes with what its callers ask for: they are judged."""
        function = call.function
        given = call.variants[0][0].arguments[:1] if call.variants and call.variants[0] else ()
        if function is None or not given or given[0].kind != "value" or given[0].text not in function.parameters[:1]:
            return False
        return any(
            entity.origin.path == call.path and function.name in entity.methods
            for entity in self.by_kind.get("mongo_repository", {}).values()
        )

    def collection(self, name: str) -> str:
        """What a model of Mongoose is called where it is declared: `Boat` of `BoatModel`, of the collection `boats`."""
        known = self.by_kind.get("mongoose", {})
        found = known.get(name) or known.get(name.removesuffix("Model"))
        title = name[:1].upper() + name[1:].removesuffix("Model")
        found = found or known.get(title) or known.get(title.removesuffix("s"))
        return found.table if found is not None else name

    def referring(self, collection: str, call: OrmCall, keys: frozenset[str]) -> str | None:
        """The field that every path compares and that refers to documents of a tenant's (Mongoose's `ref`)."""
        known = self.by_kind.get("mongoose", {})
        refers = known[collection].relations if collection in known else {}
        fields = {f for f, to in refers.items() if to in known and not keys.isdisjoint(known[to].columns)}
        for steps in call.variants:
            given = mapping(steps[0].arguments[0]) if steps and steps[0].arguments else {}
            fields &= {name for name, value in given.items() if value.kind == "value"}
        return min(fields, default=None)

    def is_document(self, call: OrmCall) -> bool:
        """Whether what looks like an entity is a model of Mongoose, declared in another file."""
        known = self.by_kind.get("mongoose", {})
        bare = call.model.removesuffix("Model")
        named = call.model in known or bare in known or (bare != call.model and bare[:1].upper() + bare[1:] in known)
        return call.kind in {"entity", "typeorm", "sequelize", "prisma"} and named and self._target(call) is None

    def _target(self, call: OrmCall) -> tuple[str, Entity | None, Mapping[str, Entity], str | None] | None:
        known = {
            name: entity
            for kind in _ENTITY_KINDS.get(call.kind, set())
            for name, entity in self.by_kind.get(kind, {}).items()
        }
        if call.kind in {"knex", "kysely", "laravel", "objection", "supabase"}:
            table, _, alias = call.model.partition(" as ")
            named = self.by_kind.get("knex", {}).get(table.strip())
            table = named.table if named is not None else table.strip().rpartition(".")[2]
            table = as_stored(table, self.model.tables) if table != any_model.NAME else self._any_table
            return (table, None, known, alias.strip() or None) if table in self.model.tables else None
        if call.kind == "prisma":
            entity = next((e for n, e in known.items() if n[:1].lower() + n[1:] == call.model), None)
        elif call.kind in go_orms.KINDS:
            return self._of_go(call, known)
        elif call.kind in jvm_orms.KINDS:
            return jvm_orms.target(call, self.by_kind, self.model)
        elif call.kind in chain_ruby.KINDS:
            return active_record.target(self.records, self.model, call)
        elif call.kind in php_frameworks.RENDER:
            return php_frameworks.target(call, known, self.model)
        elif call.kind in chain_php_tables.KINDS:
            return php_tables.target(call, known, self.model)
        elif call.kind in chain_doctrine.KINDS:
            return doctrine.target(call, self.by_kind.get("doctrine", {}), self.model)
        elif call.kind == "eloquent" and call.variants and call.variants[0][0].method == "@along":
            entity = eloquent_paths.target(call, known, self.model)
        elif call.kind == "ef":
            entity = self._nearest(call) or next((e for e in known.values() if e.table == call.model), None)
        else:
            entity = known.get(call.model) or known.get(f"{call.model}Entity")
            if entity is None and call.kind == "typeorm":
                wanted = self._of_class(call.model) or call.model
                entity = known.get(wanted)
                if entity is None and (stored := self._stored(wanted)) is not None:
                    return stored, None, known, None
            if entity is None and call.kind == "drizzle" and call.model == "table" and any_model.NAME in known:
                entity = replace(known[any_model.NAME], name="table")
            entity = entity or (known.get(call.model.rpartition("\\")[2]) if call.kind == "eloquent" else None)
        return (entity.table, entity, known, None) if entity is not None else None

    def _of_go(
        self, call: OrmCall, known: Mapping[str, Entity]
    ) -> tuple[str, Entity | None, Mapping[str, Entity], str | None] | None:
        """The struct of a call: of the package that it is qualified with, or of the folder's own."""
        known = {**known, **go_orms.scopes(self.by_kind, call.path)}
        table, alias = go_orms.named_table([step for steps in call.variants for step in steps])
        if table is not None:
            return (table, None, known, alias) if table in self.model.tables else None
        entity = go_orms.entity_named(call.model, call.path, known)
        if entity is None or entity.table not in self.model.tables:
            table = go_orms.table_of(call.model)
            return (table, None, known, None) if table in self.model.tables else None
        return entity.table, entity, known, None

    def _nearest(self, call: OrmCall) -> Entity | None:
        """Of the entities of one name the one whose class is nearest to the call: each module has its own context."""
        folders = call.path.split("/")[:-1]

        def shared(entity: Entity) -> int:
            pairs = zip(folders, entity.origin.path.split("/")[:-1], strict=False)
            return len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))

        return max(self._sets.get(call.model, []), key=shared, default=None)
