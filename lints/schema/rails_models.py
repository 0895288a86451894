"""Models of ActiveRecord and Sequel: their tables, what they lead to, and the scopes that confine what they read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from lints.extract.ir import Assign, ClassBody, Closure, Define, Do, Expr, Invoke, Items, Leave, Name, Pairs, Stmt
from lints.extract.sqltext import names
from lints.patterns import regex
from lints.schema.catalog import Catalog
from lints.schema.facts import Association, Entity
from lints.schema.laravel import plural, snake
from lints.schema.orm import Source, constant, keyword, texts
from lints.schema.rails_policies import DECLARES as POLICIES
from lints.schema.rails_policies import Told, read_policies
from lints.schema.rails_scopes import OTHER, conditions, default_columns
from lints.tenancy import ForeignKey

DECLARES = regex(
    rb"<\s*(?:::)?\w*(?:Record|ActiveRecord::Base)\b|\b(?:belongs_to|has_many|has_one|has_and_belongs_to_many|many_to_one"
    rb"|one_to_many|default_scope|acts_as_tenant|multi_tenant)\b|\bscope\s*\(?\s*:|\bincluded do\b|\bself\.table_name\b"
    rb"|\bmodule ClassMethods\b|\bclass_methods do\b"
    rb"|\bSequel::Model\b|" + POLICIES.pattern
)
_BASES = frozenset({"ApplicationRecord", "ActiveRecord::Base"})
_HEAD = regex(rb"^([ \t]*)(?:module|class)[ \t]+(<<[ \t]*self|(?:::)?[A-Z][\w:]*)", re.MULTILINE)
_SEQUEL = regex(r"^(?:::)?Sequel::Model(?:\(\s*(?:\w+\[)?:?[\"']?(\w+)[\"']?\]?\s*\))?$")
_PREFIX = regex(rb"def\s+self\.table_name_prefix\s*[\n;=]\s*[\"'](\w+)[\"']")
_SINGLE = frozenset({"belongs_to", "has_one", "many_to_one", "one_to_one"})
_KINDS = {
    "belongs_to": "belongs_to", "many_to_one": "belongs_to", "has_many": "has_many", "one_to_many": "has_many",
    "has_one": "has_one", "one_to_one": "has_one", "has_and_belongs_to_many": "habtm", "many_to_many": "habtm",
}  # fmt: skip
_TENANT = names("acts_as_tenant multi_tenant set_current_tenant scoped_by_tenant belongs_to_tenant")
_AROUND = names("with_options included concerning class_methods prepended")
"""Blocks whose declarations are those of the class around them, or of the class that a module is included in."""
_EXTENDED = "ClassMethods"
"""What the methods of a class are called that a module adds to those that include it."""
_FLAG = regex(r"\d+\s*=>\s*:(\w+)")
_MAX_DEPTH = 8


@dataclass(slots=True)
class _Model:
    """A class, or a module with what it adds to the classes that include it."""

    name: str
    """With the modules around it: `Fleet::Entry`."""
    base: str
    source: Source
    offset: int
    table: str | None = None
    tenant: list[tuple[str, str]] = field(default_factory=list)
    """(column, place) of what confines every query."""
    associations: list[tuple[str, Association, int]] = field(default_factory=list)
    methods: dict[str, tuple[str, ...]] = field(default_factory=dict)
    own: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What a module's methods put on a query if a class is extended with it."""
    includes: list[str] = field(default_factory=list)
    extends: list[str] = field(default_factory=list)

    @property
    def short(self) -> str:
        return self.name.rpartition("::")[2]


def read_rails_models(catalog: Catalog, sources: Sequence[Source]) -> None:
    """Add what models say of foreign keys, and the models themselves, by their full and their last names."""
    classes: dict[str, _Model] = {}
    modules: dict[str, _Model] = {}
    prefixes: dict[str, str] = {}
    for source in sources:
        for prefix in _PREFIX.finditer(source.data):
            prefixes["::".join(around(source.data, prefix.start()))] = prefix.group(1).decode()
        for model in _models(source):
            (classes if model.base else modules).setdefault(model.name, model)
    read = _Names(classes, modules)
    tables = {
        name: table
        for name, model in classes.items()
        if (table := _table(catalog, model, read, prefixes, 0)) is not None
    }
    for name, said in read_policies(sources, _told(tables, read)).items():
        for scope, marks in said.items():
            classes[name].methods.setdefault(scope, marks)
    for name, table in tables.items():
        _add(catalog, read.above(classes[name]), table, tables, read)


def _told(tables: Iterable[str], read: _Names) -> dict[str, Told]:
    """Models by their full and their last names, with what they inherit."""
    found: dict[str, Told] = {}
    for name in tables:
        above = read.above(read.classes[name])
        scopes = {label: said for held in reversed(above) for label, said in held.methods.items()}
        made = (one for held in reversed(above) for one in held.associations)
        keys = {label: one.key or f"{label}_id" for label, one, _ in made if one.kind == "belongs_to"}
        found[name] = Told(name, scopes, keys)
        found.setdefault(name.rpartition("::")[2], found[name])
    return found


def _add(catalog: Catalog, above: Sequence[_Model], table: str, tables: Mapping[str, str], read: _Names) -> None:
    model = above[0]
    draft = catalog.find(None, table)
    if draft is None:
        return
    associations: dict[str, Association] = {}
    for held in above:
        for label, declared, offset in held.associations:
            if label in associations:
                continue
            owner = snake((held if held.base else model).short)  # the class that a module is included in
            made = associations[label] = replace(
                declared,
                target=read.resolve(declared.target, model.name) or declared.target.removeprefix("::"),
                key=declared.key or f"{owner}_id",
                join=declared.join or ("_".join(sorted((plural(owner), label))) if declared.kind == "habtm" else ""),
            )
            known = any(fk.columns == (made.key,) for fk, _ in draft.foreign_keys.values())
            if (
                made.kind != "belongs_to"
                or made.type
                or known
                or made.key not in draft.columns
                or made.target not in tables
            ):
                continue
            place = held.source.origin(offset, f"{made.key}: {model.short} belongs to {label}")
            draft.foreign_keys[f"{draft.name}_{made.key}_belongs_to"] = (
                ForeignKey(
                    columns=(made.key,), references=tables[made.target], referenced_columns=(made.primary or "id",)
                ),
                place,
            )
    scopes: dict[str, str] = {}
    methods: dict[str, tuple[str, ...]] = {}
    for held in above:
        for column, confined in held.tenant:
            scopes.setdefault(column, confined)
        for label, said in held.methods.items():
            methods.setdefault(label, said)
    for spelled in dict.fromkeys((model.name, model.short)):
        catalog.entities.append(
            Entity(
                name=spelled,
                table=table,
                kind="active_record",
                columns={column: column for column in draft.columns},
                relations={label: made.target for label, made in associations.items() if made.kind == "belongs_to"},
                scopes=scopes,
                methods=methods,
                associations=associations,
                origin=model.source.origin(model.offset, f"model {model.name}"),
            )
        )


class _Names:
    """Classes and modules by the names that code uses for them."""

    def __init__(self, classes: Mapping[str, _Model], modules: Mapping[str, _Model]) -> None:
        self.classes = classes
        self.modules = modules
        self._by_last: dict[str, list[str]] = {}
        self._plurals: dict[str, str] = {}
        for name in classes:
            last = name.rpartition("::")[2]
            self._by_last.setdefault(last, []).append(name)
            self._plurals.setdefault(plural(snake(last)), last)
        self._plurals |= {"people": "Person", "children": "Child"}

    def resolve(self, name: str, within: str) -> str | None:
        """The full name of a class as Ruby finds it: in the modules around first, then anywhere if there is one only.

        A name in lower case is that of an association, whose class is named after it.
        """
        if name[:1].islower():
            name = self._plurals.get(name) or _camel(name)
        found = _lookup(self.classes, name, within)
        if found is not None:
            return found
        name = name.removeprefix("::")
        candidates = [full for full in self._by_last.get(name.rpartition("::")[2], ()) if full.endswith(f"::{name}")]
        return candidates[0] if len(candidates) == 1 else None

    def above(self, model: _Model) -> list[_Model]:
        """A class, what it includes, and the classes above it, nearest first."""
        found: list[_Model] = []
        top: _Model | None = model
        while top is not None and top not in found and len(found) < 64:
            found.append(top)
            included = [one for one in self._included(top, 0) if one not in found]
            found += included
            found += [one for held in (top, *included) if (one := self._extended(held)) is not None]
            top = self.parent(top)
        return found

    def _extended(self, model: _Model) -> _Model | None:
        """What a class is extended with: modules that it names, and `ClassMethods` of those that it includes."""
        wanted = model.extends if model.base else [*model.extends, _EXTENDED]
        named = (_lookup(self.modules, name, model.name) for name in wanted)
        methods = {name: said for full in named if full is not None for name, said in self.modules[full].own.items()}
        return replace(model, associations=[], tenant=[], methods=methods) if methods else None

    def parent(self, model: _Model) -> _Model | None:
        """The class above, if it is one of the project."""
        full = _lookup(self.classes, model.base, model.name) or self.resolve(model.base.removeprefix("::"), "")
        return self.classes[full] if full is not None and full != model.name else None

    def _included(self, model: _Model, depth: int) -> list[_Model]:
        found: list[_Model] = []
        for name in model.includes:
            full = _lookup(self.modules, name, model.name)
            if full is not None and depth < _MAX_DEPTH:
                found += [self.modules[full], *self._included(self.modules[full], depth + 1)]
        return found


def _lookup(known: Mapping[str, _Model], name: str, within: str) -> str | None:
    if name.startswith("::"):
        return name[2:] if name[2:] in known else None
    parts = within.split("::")
    for size in range(len(parts), -1, -1):
        full = "::".join((*parts[:size], name))
        if full in known:
            return full
    return None


def around(data: bytes, offset: int) -> list[str]:
    """The modules and classes around a place, outermost first, as their indentation says."""
    start = data.rfind(b"\n", 0, offset) + 1
    limit = (
        len(data[start:offset]) - len(data[start:offset].lstrip(b" \t"))
        if data[start:offset].strip()
        else offset - start
    )
    held: list[tuple[int, str]] = []
    for head in _HEAD.finditer(data, 0, start):
        indent = len(head.group(1))
        while held and held[-1][0] >= indent:
            held.pop()
        held.append((indent, head.group(2).decode("utf-8", "replace").removeprefix("::")))
    return [name for indent, name in held if indent < limit]


def _models(source: Source) -> Iterator[_Model]:
    """The classes of a file, and its modules by what they declare outside of classes."""
    modules: dict[str, _Model] = {}
    stack: list[tuple[tuple[Stmt, ...], str | None]] = [(source.body, None)]
    while stack:
        body, outer = stack.pop()
        for statement in body:
            if not isinstance(statement, ClassBody):
                if outer is None:
                    held = "::".join(around(source.data, statement.span[0]))
                    if held:
                        place = modules.setdefault(held, _Model(held, "", source, statement.span[0]))
                        _declare(place, (statement,), source, 0)
                continue
            name = "::".join((*around(source.data, statement.span[0]), statement.name.removeprefix("::")))
            base = statement.bases[0] if statement.bases else ""
            stack.append((tuple(one for one in statement.body if isinstance(one, ClassBody)), name))
            if base:
                model = _Model(name, base, source, statement.span[0])
                sequel = _SEQUEL.match(base)
                model.table = sequel.group(1) if sequel is not None else None
                _declare(model, statement.body, source, 0)
                yield model
    yield from modules.values()


def _declare(model: _Model, body: Iterable[Stmt], source: Source, depth: int) -> None:
    """Take in the declarations of a class's body, those in blocks around them too."""
    body = tuple(body)
    lists = {one.target: one.value for one in body if isinstance(one, Assign) and one.target is not None}
    for statement in body:
        if isinstance(statement, Assign) and statement.target in {"self.table_name", "table_name"}:
            model.table = (constant(statement.value) or "").rpartition(".")[2] or model.table
        elif isinstance(statement, Define):
            of_class = source.data[statement.span[0] : statement.span[0] + 9] == b"def self."
            of_class = of_class or depth > 0 or _on_class(source, statement)
            if of_class or not model.base:
                said = conditions(source, statement.function, model.short)
                held = model.methods if of_class else model.own
                held.setdefault(statement.function.name, said if said is not None else (OTHER,))
        elif isinstance(statement, (Do, Leave)) and isinstance(statement.value, Invoke):
            call = statement.value
            closure = next((one for one in call.arguments if isinstance(one, Closure)), None)
            if call.method in _AROUND and closure is not None and depth < _MAX_DEPTH:
                shared = call.keywords if call.method == "with_options" else ()
                inner = tuple(_with(one, shared) for one in closure.function.lower_body())
                _declare(model, inner, source, depth + 1)
            elif call.receiver is None or isinstance(call.receiver, Name):
                _declared(model, call, closure, lists, source)


def _on_class(source: Source, statement: Define) -> bool:
    held = around(source.data, statement.span[0])
    return bool(held) and held[-1].startswith("<<")


def _with(statement: Stmt, shared: tuple[tuple[str, Expr], ...]) -> Stmt:
    """A declaration with the options that `with_options` gives to all of its block."""
    if isinstance(statement, (Do, Leave)) and isinstance(statement.value, Invoke) and shared:
        call = statement.value
        own = {name for name, _ in call.keywords}
        keywords = (*call.keywords, *((name, value) for name, value in shared if name not in own))
        return Do(Invoke(None, call.method, call.arguments, keywords, call.span, call.arguments_span), statement.span)
    return statement


def _declared(model: _Model, call: Invoke, closure: Closure | None, lists: Mapping[str, Expr], source: Source) -> None:
    method = call.method
    label = constant(call.arguments[0]) if call.arguments else None
    place = f"{source.path}:{source.lines.line(call.span[0])}"
    if method in {"include", "extend"}:
        named = [one.path.replace(".", "::") for one in call.arguments if isinstance(one, Name)]
        (model.includes if method == "include" else model.extends).extend(named)
    elif method in _KINDS and label is not None:
        made = _association(model, call, label, closure, source)
        model.associations.append((label, made, call.span[0]))
    elif method == "scope" and label is not None:
        said = conditions(source, closure.function, model.short, scope=True) if closure is not None else ("%",)
        model.methods.setdefault(label, said if said is not None else ("%",))
    elif method == "pg_search_scope" and label is not None:
        model.methods.setdefault(label, ())
    elif method == "has_flags":
        text = source.data[call.span[0] : call.span[1]].decode("utf-8", "replace")
        for flag in _FLAG.findall(text):
            model.methods |= {spelled: () for spelled in (flag, f"not_{flag}") if spelled not in model.methods}
    elif method == "aasm" and closure is not None:
        for state in _states(closure):
            model.methods.setdefault(state, ())
    elif method == "default_scope" and closure is not None:
        model.methods.setdefault(method, conditions(source, closure.function, model.short) or ())
        for column in default_columns(source, closure.function):
            model.tenant += [(one, place) for one in (column, f"{column}_id")]
    elif method in _TENANT:
        model.tenant.append((f"{label}_id" if label is not None else "*", place))
        if method == "acts_as_tenant" and label is not None:
            made = Association(kind="belongs_to", target=label, key=f"{label}_id")
            model.associations.append((label, made, call.span[0]))
    elif method == "enum":
        for value in _enumerated(call, lists):
            for spelled in (value, f"not_{value}"):
                model.methods.setdefault(spelled, ())


def _states(closure: Closure) -> Iterator[str]:
    """The states that a machine has: each is a scope of its own."""
    for statement in closure.function.lower_body():
        call = statement.value if isinstance(statement, (Do, Leave)) else None
        if isinstance(call, Invoke) and call.method == "state":
            yield from (name for one in call.arguments if (name := constant(one)) is not None)


def _association(model: _Model, call: Invoke, label: str, closure: Closure | None, source: Source) -> Association:
    def said(*wanted: str) -> str:
        return next((text for name in wanted if (text := constant(keyword(call, name)))), "")

    kind = _KINDS[call.method]
    named = said("class_name", "class") or _class(keyword(call, "class_name") or keyword(call, "class"))
    target = named or label
    shared = said("as")
    polymorphic = kind == "belongs_to" and keyword(call, "polymorphic") is not None
    key = said("foreign_key", "key") or (f"{label}_id" if kind == "belongs_to" else f"{shared}_id" if shared else "")
    scope = conditions(source, closure.function) if closure is not None else ()
    join = said("join_table")
    return Association(
        kind=kind,
        target="" if polymorphic else target,
        key=key,
        type=(said("foreign_type") or f"{label}_type") if polymorphic else f"{shared}_type" if shared else "",
        through=said("through"),
        source=said("source"),
        join=join,
        primary=said("primary_key"),
        opens=scope is not None and "-" in scope,
    )


def _class(expression: Expr | None) -> str:
    """`Fleet::Boat` of a constant, or of `Fleet::Boat.name`."""
    if isinstance(expression, Invoke) and expression.method in {"name", "to_s"}:
        expression = expression.receiver
    path = expression.path.replace(".", "::") if isinstance(expression, Name) else ""
    return path if path[:1].isupper() or path.startswith("::") else ""


def _enumerated(call: Invoke, lists: Mapping[str, Expr]) -> Iterator[str]:
    """The values of an enum, as scopes spell them: with the attribute before or behind them if it says so."""
    given: list[tuple[str, Expr]] = [(name, value) for name, value in call.keywords if not name.startswith("_")]
    affixes = {name.lstrip("_"): value for name, value in call.keywords if name.lstrip("_") in {"prefix", "suffix"}}
    if call.arguments and (label := constant(call.arguments[0])) is not None:
        listed = call.arguments[1] if len(call.arguments) > 1 else None
        own = tuple(
            (name, value) for name, value in given if name not in {"prefix", "suffix", "default", "scopes", "validate"}
        )
        given = [(label, listed if listed is not None else Pairs(own, call.span))]
    for label, value in given:
        held = lists.get(value.path, value) if isinstance(value, Name) else value
        while (
            isinstance(held, Invoke) and held.method in {"freeze", "to_h", "index_with", "index_by"} and held.receiver
        ):
            held = held.receiver
        found = [key for key, _ in held.pairs if key is not None] if isinstance(held, Pairs) else list(texts(held))
        if not isinstance(held, (Pairs, Items)):
            continue
        for one in found:
            spelled = one
            for side, affix in affixes.items():
                word = constant(affix) or label
                spelled = f"{word}_{spelled}" if side == "prefix" else f"{spelled}_{word}"
            yield re.sub(r"\W", "_", spelled)


def _table(catalog: Catalog, model: _Model, read: _Names, prefixes: Mapping[str, str], depth: int) -> str | None:
    """The table of a model; that of the model above it where it has none of its own."""
    stated = next((held.table for held in (model, *read._included(model, 0)) if held.table is not None), None)
    if stated is not None:
        return stated
    spelled = snake(model.short)
    space = model.name.rpartition("::")[0]
    prefix = prefixes.get(space, "")
    inside = "_".join(snake(part) for part in space.split("::") if part)
    wanted = [f"{prefix}{plural(spelled)}"] if prefix else []
    wanted += [f"{inside}_{plural(spelled)}"] if inside else []
    wanted += [plural(spelled), re.sub(r"person$", "people", spelled), f"{spelled}ren", spelled]
    above = read.parent(model)
    if above is not None and not _is_base(model.base) and depth < _MAX_DEPTH:
        held = _table(catalog, above, read, prefixes, depth + 1)
        if held is not None:
            return held
    if not any(_is_base(held.base) for held in read.above(model)):
        return None
    return next((table for table in wanted if catalog.find(None, table) is not None), None)


def _is_base(name: str) -> bool:
    """Whether a class of this name is above models and none itself."""
    bare = name.removeprefix("::")
    return bare in _BASES or bare.endswith("Record") or _SEQUEL.match(bare) is not None


def _camel(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))
