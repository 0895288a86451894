"""Calls of imported functions in ORM chains, resolved to what those functions add.

A function is found by its import, never by its name alone; what it gives on several paths makes several paths here.
What is found but can't be followed makes the call opaque; what is not found is taken for no part of the query.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import product

from lints.extract.chains.helpers import CONDITION, FROM, IMPORTED, INHERITED, OF, OF_BASES, RELATED, SCOPE, THROUGH
from lints.extract.chains.python import DJANGO
from lints.extract.chains.reassigned import REASSIGNED
from lints.extract.facts import Argument, Helper, OrmCall, OrmStep
from lints.schema.facts import Entity

MAX_PATHS, _MAX_DEPTH = 16, 4
_UNSEEN = Argument(kind="dynamic", text="…")
_NULL = Argument(kind="null")
_SCRIPTS = (".ts", ".tsx", ".mts", ".js", ".mjs")


class Helpers:
    """The helpers of a project by the file they stand in."""

    def __init__(self, helpers: Iterable[Helper], entities: Iterable[Entity] = ()) -> None:
        self._known: dict[str, dict[str, Helper]] = {}
        known = list(entities)
        self._managed = {entity.name: entity.methods for entity in known if entity.kind == "django"}
        """What the managers of Django's models add, by model and method."""
        self._children = _children([entity for entity in known if entity.kind == "django"])
        self._fields = {entity.name: entity.relations for entity in known if entity.kind == "django"}
        for helper in helpers:
            self._known.setdefault(helper.path, {})[helper.name] = helper

    def resolved(self, call: OrmCall) -> OrmCall | None:
        """The call with what imported functions add; None if it begins with one that nothing is known of."""
        if call.kind == RELATED:
            return self._related(call)
        kind, model = call.kind, call.model
        found: list[tuple[OrmStep, ...]] = []
        for steps in call.variants:
            first = steps[0] if steps else None
            if first is not None and first.method == FROM:
                helper = self._find(call.path, first.arguments[0].text)
                if helper is None or helper.base or helper.kind in {"", CONDITION} or not helper.paths:
                    return None
                kind, model = helper.kind, helper.model
            expanded = [
                tuple(step for part in parts for step in part)
                for parts in product(
                    *(self._step(call.path, kind, step, 0, model, first=step is first) for step in steps)
                )
            ]
            found += expanded
        variants = tuple(dict.fromkeys(steps or (OrmStep(method="all"),) for steps in found))
        if kind == IMPORTED:
            return None
        own = self._managed.get(model, {}).get("get_queryset") if kind == "django" else None
        plainly = call.receiver.endswith(".objects")
        if own is not None and (plainly or call.receiver.startswith(f"{model}.")):
            variants = self._with_own(variants, own, beside=not plainly)
        if variants == call.variants:
            return call
        return replace(call, kind=kind, model=model, variants=variants[: MAX_PATHS * 4])

    def _related(self, call: OrmCall) -> OrmCall | None:
        """Rows that refer to an instance, as a query of theirs; None where several models could be meant."""
        children = self._children.get(call.model.removesuffix("_set"), set())
        models = {child for child, _ in children}
        if len(models) != 1:
            return None
        (child,) = models
        told = {field for _, field in children}
        variants: list[tuple[OrmStep, ...]] = []
        for steps in call.variants:
            instance = steps[0].arguments[0] if steps and steps[0].method == OF else None
            named = instance.text.rpartition(".")[2] if instance is not None else ""
            if named in self._fields.get(child, {}):
                field = named  # `organization.membership_set`: of the two it refers to, the one that it is called after
            elif len(told) == 1:
                (field,) = told
            else:
                return None
            if instance is None:
                return None
            variants.append((OrmStep(method="filter", keywords=((field, instance),)), *steps[1:]))
        return self.resolved(replace(call, kind="django", model=child, variants=tuple(variants)))

    def _with_own(
        self, variants: tuple[tuple[OrmStep, ...], ...], own: tuple[str, ...], *, beside: bool
    ) -> tuple[tuple[OrmStep, ...], ...]:
        """The steps with what the manager adds to every query; as it is added out of sight, it is marked. `beside`: it
        is another manager that is asked, which does not add it."""
        path, _, name = own[0].rpartition(":")
        helper = self._known.get(path, {}).get(name)
        if helper is None or helper.base != "self" or own[1] != "objects" or len(helper.paths) != 1:
            return variants
        compared = tuple(pair for step in helper.paths[0] if step.method == "filter" for pair in step.keywords)
        told = (Argument(kind="text", text=own[0]),) * (2 if beside else 1)
        scope = OrmStep(method=SCOPE, arguments=told, keywords=compared)
        return tuple((scope, *steps) for steps in variants) if compared else variants

    def _step(
        self, path: str, kind: str, step: OrmStep, depth: int, model: str = "", *, first: bool = False
    ) -> list[tuple[OrmStep, ...]]:
        """The steps that one stands for, on each path."""
        given: Sequence[Argument]
        managed = self._managed.get(model, {}).get(step.method) if kind == "django" and depth < _MAX_DEPTH else None
        if managed is not None:
            found = self._by_manager(managed[0], step, depth, model)
            if step.method not in DJANGO or found != [(_hole("django"),)]:
                return found  # else Django's own method, which the class does more in: `super().filter(*args, …)`
        if kind == "django" and step.method not in DJANGO | {INHERITED, REASSIGNED} and first:
            return [(_hole(kind),)]  # a method of a manager that nobody has seen
        if step.method == INHERITED:
            plain = step.arguments[0].text in self._known.get(OF_BASES, {})
            return [()] if plain else [(_hole(kind),)]
        if step.method == FROM:
            helper = self._find(path, step.arguments[0].text)
            given = step.arguments[1:]
        elif step.method == THROUGH:
            helper = self._find(path, step.arguments[0].text)
            given = step.arguments[2:]
            if helper is None:
                return [()]
            position = int(step.arguments[1].text)
            if not helper.paths or helper.parameters[position : position + 1] != (helper.base,):
                return [(_hole(kind),)]
        else:
            return [(one,) for one in self._arguments(path, step, depth)]
        if helper is None or depth >= _MAX_DEPTH or len(helper.paths) > MAX_PATHS:
            return [(_hole(kind),)]
        bound = _bound(helper, given, step.keywords)
        found = [
            tuple(inner for part in parts for inner in part)
            for steps in helper.paths
            for parts in product(*(self._step(helper.path, kind, _put(one, bound), depth + 1) for one in steps))
        ]
        return found if len(found) <= MAX_PATHS else [(_hole(kind),)]

    def _by_manager(self, place: str, step: OrmStep, depth: int, model: str) -> list[tuple[OrmStep, ...]]:
        """The steps of a manager's or a query set's method."""
        path, _, name = place.rpartition(":")
        helper = self._known.get(path, {}).get(name)
        if helper is None or helper.base != "self" or not helper.paths or len(helper.paths) > MAX_PATHS:
            return [(_hole("django"),)]
        bound = _bound(helper, step.arguments, step.keywords)
        found = [
            tuple(inner for part in parts for inner in part)
            for steps in helper.paths
            for parts in product(*(self._step(path, "django", _put(one, bound), depth + 1, model) for one in steps))
        ]
        return found if len(found) <= MAX_PATHS else [(_hole("django"),)]

    def _arguments(self, path: str, step: OrmStep, depth: int) -> list[OrmStep]:
        named = [name for name, _ in step.keywords]
        sides = [self._argument(path, value, depth) for value in (*step.arguments, *(v for _, v in step.keywords))]
        count = 1
        for side in sides:
            count *= len(side)
        if count > MAX_PATHS:
            sides = [side if len(side) == 1 else [_UNSEEN] for side in sides]
        out: list[OrmStep] = []
        for chosen in product(*sides):
            given, rest = chosen[: len(step.arguments)], chosen[len(step.arguments) :]
            out.append(OrmStep(method=step.method, arguments=given, keywords=tuple(zip(named, rest, strict=True))))
        return out

    def _argument(self, path: str, given: Argument, depth: int) -> list[Argument]:
        """What an argument is on each path of the functions called in it."""
        if given.kind == "call":
            return self._called(path, given, depth)
        if not given.items or given.kind in {"query", "closure"}:
            return [given]
        sides = [self._argument(path, item, depth) for item in given.items]
        if all(len(side) == 1 and side[0] is item for side, item in zip(sides, given.items, strict=True)):
            return [given]
        made = [replace(given, items=tuple(items)) for items in product(*sides)]
        return [_spread(one) for one in made] if len(made) <= MAX_PATHS else [_UNSEEN]

    def _called(self, path: str, given: Argument, depth: int) -> list[Argument]:
        plain = Argument(kind="value", text=given.text)
        helper = self._find(path, given.items[0].text)
        if helper is None or helper.kind != CONDITION:
            return [plain]
        if depth >= _MAX_DEPTH or not helper.paths or len(helper.paths) > MAX_PATHS:
            return [_UNSEEN]
        pairs = list(zip(given.names, given.items, strict=True))[1:]
        bound = _bound(helper, [v for n, v in pairs if not n], [(n, v) for n, v in pairs if n])
        found = [
            inner
            for (step,) in helper.paths
            for inner in self._argument(helper.path, _put_in(step.arguments[0], bound), depth + 1)
        ]
        return found if len(found) <= MAX_PATHS else [_UNSEEN]

    # By its import

    def _find(self, path: str, imported: str) -> Helper | None:
        """The helper that a file imports as `module:name`; None if nothing is known of it."""
        module, _, name = imported.rpartition(":")
        candidates = _of_python if path.endswith(".py") else _of_script
        for place in candidates(path, module):
            if place in self._known:
                return self._known[place].get(name)
        if path.endswith(".py") and "." in name:  # `from fleet import scopes`, then `scopes.owned(…)`
            head, _, rest = name.partition(".")
            for place in _of_python(path, f"{module}.{head}" if module.strip(".") else f"{module}{head}"):
                if place in self._known:
                    return self._known[place].get(rest)
        return None


def _children(entities: Sequence[Entity]) -> dict[str, set[tuple[str, str]]]:
    """(model, its field) of what an instance calls by a name, by that name."""
    by_name = {entity.name: entity for entity in entities}
    found: dict[str, set[tuple[str, str]]] = {}
    for parent in entities:
        for label, named in parent.reverse.items():
            child = by_name.get(named)
            fields = [f for f, target in child.relations.items() if target == parent.name] if child is not None else []
            found.setdefault(label, set()).update(
                {(named, fields[0])} if len(fields) == 1 else {(named, ""), (named, "?")}
            )
    return found


def _of_python(path: str, module: str) -> Iterable[str]:
    """Where a module may be: relative to the file, or under one of the folders around it, the nearest first."""
    level = len(module) - len(module.lstrip("."))
    within = module.lstrip(".").replace(".", "/")
    folder = posixpath.dirname(path)
    if level:
        for _ in range(level - 1):
            folder = posixpath.dirname(folder)
        roots = [folder]
    else:
        roots = [folder]
        while folder:
            folder = posixpath.dirname(folder)
            roots.append(folder)
    for root in roots:
        place = posixpath.join(root, within) if within else root
        yield f"{place}.py"
        yield f"{place}/__init__.py"


def _of_script(path: str, module: str) -> Iterable[str]:
    """Where a module may be: relative to the file, or for `@/…`, `~/…`, `src/…` under a folder around it."""
    folder = posixpath.dirname(path)
    if module.startswith("."):
        places = [posixpath.normpath(posixpath.join(folder, module))]
    elif module.startswith(("@/", "~/", "src/", "#")):
        within = module.partition("/")[2] if not module.startswith("#") else module[1:].lstrip("/")
        places = []
        while True:
            places += [posixpath.join(folder, within), posixpath.join(folder, "src", within)]
            if not folder:
                break
            folder = posixpath.dirname(folder)
    else:
        return
    for place in places:
        stem = place.removesuffix(".js")
        yield from (f"{stem}{ending}" for ending in _SCRIPTS)
        yield from (f"{place}/index{ending}" for ending in _SCRIPTS)


# What is handed over


def _hole(kind: str) -> OrmStep:
    """A condition that nobody can see."""
    return OrmStep(method="filter" if kind in {"django", "sqlalchemy"} else "where", arguments=(_UNSEEN,))


def _bound(helper: Helper, given: Sequence[Argument], keywords: Iterable[tuple[str, Argument]]) -> dict[str, Argument]:
    """The arguments by parameter; one that is not handed over is left out by the caller."""
    bound = dict.fromkeys(helper.parameters, _NULL)
    bound.update(zip(helper.parameters, given, strict=False))
    bound.update((name, value) for name, value in keywords if name in bound)
    return bound


def _put(step: OrmStep, bound: Mapping[str, Argument]) -> OrmStep:
    return OrmStep(
        method=step.method,
        arguments=tuple(_put_in(value, bound) for value in step.arguments),
        keywords=tuple((name, _put_in(value, bound)) for name, value in step.keywords),
    )


def _put_in(given: Argument, bound: Mapping[str, Argument]) -> Argument:
    """An argument of a helper with what its caller hands over in the place of its parameters."""
    if given.kind == "value":
        head, dot, rest = given.text.partition(".")
        handed = bound.get(head)
        if handed is None:
            return given
        if not dot or handed.kind == "null":
            return handed
        return Argument(kind="value", text=f"{handed.text}.{rest}" if handed.kind == "value" else given.text)
    if given.items:
        return replace(given, items=tuple(_put_in(item, bound) for item in given.items))
    return given


def _spread(given: Argument) -> Argument:
    """`{ id, ...owned(tenant) }` with the pairs that the function gives in the place of the spread."""
    if given.kind != "map" or "..." not in given.names:
        return given
    pairs: dict[str, Argument] = {}
    for name, item in zip(given.names, given.items, strict=True):
        if name == "..." and item.kind == "map":
            pairs.update(zip(item.names, item.items, strict=True))
        elif name != "..." or item.kind != "null":
            pairs[name] = item
    return replace(given, names=tuple(pairs), items=tuple(pairs.values()))
