"""Classes of Python that ask for rows of a model that is named elsewhere: one of the models they are used for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from lints.extract.chains.helpers import OF_BASES
from lints.extract.facts import Helper
from lints.extract.sqltext import names
from lints.patterns import regex
from lints.schema.catalog import Catalog
from lints.schema.facts import Entity

DECLARES = regex(
    rb"\b(?:self|cls)\._?(?:model|entity)(?:_class|_cls|_type)?\b"
    rb"|^(?: {4}|\t)_?(?:model|entity)(?:_class|_cls|_type)?[ \t]*(?::[^=\n]{0,80})?=[ \t]*(?:\w{1,60}\.){0,3}[A-Z]"
    rb"|\bwith_loader_criteria\("
    rb"|\bsuper\(\)\.__init__\([^()\n]{0,120}\b[A-Z]|^class[ \t][^\n(]{1,80}\([^\n]{0,80}\[[ \t]*[A-Z]"
    rb"|^\w{1,60}(?:[ \t]*:[^=\n]{1,80})?[ \t]*=[ \t]*\w{0,40}"
    rb"(?:CRUD|Crud|Repo|DAO|Dao|Service|Store)\w{0,40}(?:\[[^\]\n]{1,120}\])?\([ \t]*(?:\w{1,40}[ \t]*=[ \t]*)?[A-Z]",
    re.MULTILINE,
)
"""A class that asks for rows of `self.model`, or what may say for which model a class is used."""
_BEGINNING = regex(
    r"^([ \t]+)(?:async )?def[ \t]+((?:_?get|_?build|base)?_?\w*(?:queryset|statement|query|stmt))[ \t]*\(",
    re.MULTILINE,
)
_CALLED = regex(r"([A-Za-z_]\w*)\s*\(")
_PLAIN = names(
    "select query super where filter is_ is_not isnot options order_by distinct execution_options exclude all desc asc"
    " joinedload selectinload contains_eager select_related prefetch_related load_only defer not_ and_ or_ list tuple"
)
"""What a method may call that only begins a query: nothing of the project's own."""
_COMPARES = regex(r"self\.(?!_?(?:model|entity)(?:_class|_cls|_type)?\b|_?session\b|db\b)\w|\*\*|(?<![=!<>])==|\bin_\b")
_CRITERIA = regex(r"\bwith_loader_criteria\(\s*(?:\w+\.)*(\w+)\s*,")
_COMPARED = regex(r"\b(?!self\b)[a-zA-Z_]\w*\.([a-z_]\w*)\s*(?:==|\.in_\()")
_ASKS = regex(r"\b(?:self|cls)\._?(?:model|entity)(?:_class|_cls|_type)?\b")
_CLASS = regex(
    r"^class[ \t]+(\w+)[ \t]*(?:\[(?:[^\[\]]|\[[^\[\]]*\])*\])?[ \t]*"
    r"(?:\([ \t\n]*([^()]{0,400}(?:\([^()]*\)[^()]{0,200})?)\))?[ \t]*:",
    re.MULTILINE,
)
_BASE = regex(r"(?:\w+\.)*(\w+)(?:\[([^\]]{1,300})\])?")
_SET = regex(
    r"^[ \t]+_?(?:model|entity)(?:_class|_cls|_type)?\s*(?::[^=\n]*)?=\s*(?:\w+\.)*([A-Z]\w*)[ \t]*$"
    r"|\bself\._?(?:model|entity)(?:_class|_cls|_type)?\s*(?::[^=\n]*)?=\s*(?:\w+\.)*([A-Z]\w*)[ \t]*$"
    r"|\bsuper\(\)\.__init__\(([^()]{1,300})\)",
    re.MULTILINE,
)
_MADE = regex(r"=\s*(?:\w+\.)*([A-Z]\w*)(?:\[[^\]\n]{1,120}\])?\(\s*(?:\w+\s*=\s*)?(?:\w+\.)*([A-Z]\w*)\s*[,)]")
_NAMED = regex(r"(?:\w+\.)*([A-Z]\w*)")
_TENANT = regex(r"(?:\w+_)?(?:tenant|org|organi[sz]ation|workspace|team|account|company|project)(?:_id|_uuid|id)")
_MAX_CLASSES = 20_000
_MAX_LINEAGE = 50
_KINDS = ("sqlalchemy", "django", "tortoise", "peewee")


def read_python_bases(catalog: Catalog, files: Mapping[str, bytes]) -> None:
    """Add, for each class that asks for rows of `self.model`, an entity `Model_of_` it: that of the model it is used
    for which is most like the others, so that a query which confines no tenant's rows shows.

    `files` is source code of Python; nothing of it is parsed.
    """
    known = {entity.name: entity for entity in reversed(catalog.entities) if entity.kind in _KINDS}
    bases: dict[str, list[str]] = {}
    models: dict[str, list[str]] = {}
    asking: set[str] = set()
    beginning: dict[str, dict[str, bool]] = {}
    for path, data in files.items() if known else ():
        if b"with_loader_criteria(" in data and b"do_orm_execute" in data:
            _confined(catalog, path, data.decode("utf-8", "replace"), files)
        if DECLARES.search(data) is None:
            continue
        catalog.files.append(path)
        text = data.decode("utf-8", "replace")
        asks = _ASKS.search(text) is not None
        found = list(_CLASS.finditer(text))[:_MAX_CLASSES]
        for position, head in enumerate(found):
            end = found[position + 1].start() if position + 1 < len(found) else len(text)
            body = text[head.end() : min(end, head.end() + 100_000)]
            if asks and _ASKS.search(body) is not None:
                asking.add(head.group(1))
            for name, plain in _begins(body):
                known_here = beginning.setdefault(name, {})
                known_here[head.group(1)] = plain and known_here.get(head.group(1), True)
            own = models.setdefault(head.group(1), [])
            for base in _BASE.finditer(head.group(2) or ""):
                bases.setdefault(head.group(1), []).append(base.group(1))
                typed = _NAMED.match((base.group(2) or "").strip())
                own += [typed.group(1)] if typed is not None else []
            for said in _SET.finditer(body):
                passed = _NAMED.findall(said.group(3) or "")
                own += [name for name in (said.group(1), said.group(2), *passed) if name]
        for made in _MADE.finditer(text):
            models.setdefault(made.group(1), []).append(made.group(2))
    catalog.helpers += _plain(beginning, bases)
    used: dict[str, dict[str, None]] = {}
    for name, own in models.items():
        concrete = [model for model in own if model in known]
        waiting, seen = [name], {name}
        while waiting and concrete and len(seen) < _MAX_LINEAGE:
            top = waiting.pop()
            used.setdefault(top, {}).update(dict.fromkeys(concrete))
            above = [base for base in bases.get(top, ()) if base not in seen]
            seen.update(above)
            waiting += above
    for name in sorted(asking & used.keys()):
        entity = _typical([known[model] for model in used[name]])
        catalog.entities.append(replace(entity, name=f"Model_of_{name}"))


def _typical(entities: Sequence[Entity]) -> Entity:
    """The entity that has most of the columns that the others have; one that may be a tenant's, if there is any."""
    common = Counter(column for entity in entities for column in set(entity.columns.values()))

    def like(entity: Entity) -> tuple[bool, int]:
        columns = set(entity.columns.values())
        return any(map(_TENANT.fullmatch, columns)), sum(common[column] - 1 for column in columns)

    return max(entities, key=like)


def _plain(beginning: Mapping[str, Mapping[str, bool]], bases: Mapping[str, Sequence[str]]) -> list[Helper]:
    """`Class.method` for what the method of a class, with those above that it may go on with, only begins; with `^`
    for those above alone."""
    found: list[Helper] = []
    for method, classes in sorted(beginning.items()):
        for name in sorted({*bases, *classes}):
            above: set[str] = set()
            waiting = list(bases.get(name, ()))
            while waiting and len(above) < _MAX_LINEAGE:
                top = waiting.pop()
                if top not in above and top != name:
                    above.add(top)
                    waiting += bases.get(top, ())
            told = [classes[base] for base in above if base in classes]
            told += [False] if waiting else []
            if told and all(told):
                found.append(Helper(path=OF_BASES, name=f"^{name}.{method}", parameters=()))
            told += [classes[name]] if name in classes else []
            if told and all(told):
                found.append(Helper(path=OF_BASES, name=f"{name}.{method}", parameters=()))
    return found


def _begins(text: str) -> Iterator[tuple[str, bool]]:
    """(method that may begin a query, whether it compares nothing by which it could say whose rows it asks for)."""
    for head in _BEGINNING.finditer(text):
        rest = text[head.end() : head.end() + 4000]
        signature = re.search(r"\)\s*(?:->[^\n]{1,200})?:[ \t]*(?:\.\.\.|\n|#[^\n]*\n)", rest)
        if signature is None:
            yield head.group(2), False
            continue
        end = re.search(rf"^[ \t]{{0,{len(head.group(1))}}}\S", rest[signature.end() :], re.MULTILINE)
        body = rest[signature.end() : signature.end() + end.start()] if end is not None else rest[signature.end() :]
        calls = set(_CALLED.findall(body)) - {head.group(2)}
        yield head.group(2), calls <= _PLAIN and _COMPARES.search(body) is None and len(rest) - len(body) > 0


def _confined(catalog: Catalog, path: str, text: str, files: Mapping[str, bytes]) -> None:
    """Say of the entities that a listener on the session adds conditions for (`with_loader_criteria(Owned, lambda cls:
    cls.tenant_id == …)`) which columns it compares in every query of theirs."""
    columns = set(_COMPARED.findall(text))
    named = {found.group(1): text.count("\n", 0, found.start()) + 1 for found in _CRITERIA.finditer(text)}
    bases: dict[str, set[str]] = {}
    for entity in catalog.entities if any(name[:1].isupper() for name in named) else ():
        for head in _CLASS.finditer(files.get(entity.origin.path, b"").decode("utf-8", "replace")):
            bases.setdefault(head.group(1), set()).update(one.group(1) for one in _BASE.finditer(head.group(2) or ""))
    for position, entity in enumerate(catalog.entities):
        if entity.kind != "sqlalchemy":
            continue
        lineage, waiting = {entity.name}, [entity.name]
        while waiting and len(lineage) < _MAX_LINEAGE:
            above = bases.get(waiting.pop(), set()) - lineage
            lineage |= above
            waiting += above
        line = next((line for name, line in named.items() if name in lineage or not name[:1].isupper()), None)
        compared = {stored: f"{path}:{line}" for name, stored in entity.columns.items() if name in columns}
        if line is not None and compared:
            catalog.entities[position] = replace(entity, scopes={**entity.scopes, **compared})
