"""Classes of Python that ask for rows of a model that is named elsewhere: one of the models they are used for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from lints.schema.catalog import Catalog
from lints.schema.facts import Entity

DECLARES = re.compile(
    rb"\b(?:self|cls)\._?(?:model|entity)(?:_class|_cls|_type)?\b"
    rb"|^(?: {4}|\t)_?(?:model|entity)(?:_class|_cls|_type)?[ \t]*(?::[^=\n]{0,80})?=[ \t]*(?:\w{1,60}\.){0,3}[A-Z]"
    rb"|\bsuper\(\)\.__init__\([^()\n]{0,120}\b[A-Z]|^class[ \t][^\n(]{1,80}\([^\n]{0,80}\[[ \t]*[A-Z]"
    rb"|^\w{1,60}(?:[ \t]*:[^=\n]{1,80})?[ \t]*=[ \t]*\w{0,40}"
    rb"(?:CRUD|Crud|Repo|DAO|Dao|Service|Store)\w{0,40}(?:\[[^\]\n]{1,120}\])?\([ \t]*(?:\w{1,40}[ \t]*=[ \t]*)?[A-Z]",
    re.MULTILINE,
)
"""A class that asks for rows of `self.model`, or what may say for which model a class is used."""
_ASKS = re.compile(r"\b(?:self|cls)\._?(?:model|entity)(?:_class|_cls|_type)?\b")
_CLASS = re.compile(
    r"^class[ \t]+(\w+)[ \t]*(?:\([ \t\n]*([^()]{0,400}(?:\([^()]*\)[^()]{0,200})?)\))?[ \t]*:", re.MULTILINE
)
_BASE = re.compile(r"(?:\w+\.)*(\w+)(?:\[([^\]]{1,300})\])?")
_SET = re.compile(
    r"^[ \t]+_?(?:model|entity)(?:_class|_cls|_type)?\s*(?::[^=\n]*)?=\s*(?:\w+\.)*([A-Z]\w*)[ \t]*$"
    r"|\bself\._?(?:model|entity)(?:_class|_cls|_type)?\s*(?::[^=\n]*)?=\s*(?:\w+\.)*([A-Z]\w*)[ \t]*$"
    r"|\bsuper\(\)\.__init__\(([^()]{1,300})\)",
    re.MULTILINE,
)
_MADE = re.compile(r"=\s*(?:\w+\.)*([A-Z]\w*)(?:\[[^\]\n]{1,120}\])?\(\s*(?:\w+\s*=\s*)?(?:\w+\.)*([A-Z]\w*)\s*[,)]")
_NAMED = re.compile(r"(?:\w+\.)*([A-Z]\w*)")
_MAX_CLASSES = 20_000
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
    for path, data in files.items() if known else ():
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
    used: dict[str, dict[str, None]] = {}
    for name, own in models.items():
        concrete = [model for model in own if model in known]
        waiting, seen = [name], {name}
        while waiting and concrete:
            top = waiting.pop()
            used.setdefault(top, {}).update(dict.fromkeys(concrete))
            above = [base for base in bases.get(top, ()) if base not in seen]
            seen.update(above)
            waiting += above
    for name in sorted(asking & used.keys()):
        entity = _typical([known[model] for model in used[name]])
        catalog.entities.append(replace(entity, name=f"Model_of_{name}"))


def _typical(entities: Sequence[Entity]) -> Entity:
    """The entity that has most of the columns that the others have."""
    common = Counter(column for entity in entities for column in set(entity.columns.values()))
    return max(entities, key=lambda entity: sum(common[column] - 1 for column in set(entity.columns.values())))
