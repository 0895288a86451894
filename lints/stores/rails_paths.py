"""Along which associations of ActiveRecord models a path of names leads, and from whose row it starts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lints.patterns import regex
from lints.schema.facts import Association, Entity
from lints.schema.laravel import plural, snake
from lints.stores import any_model
from lints.tenancy import Model, Ownership

FROM_CLIENT = regex(r"\b(?:params|headers?|cookies|request)\b")
"""Where a value of a Rails application comes from if a client names it."""
_HOP = regex(r"([A-Za-z_][\w:]*[?!]?)(\[.*\])?")
_BEFORE = regex(
    r"^(?:current|the|my|new|old|parent|other|target|source|existing|found|first|last|original|authenticated|updated"
    r"|default|selected|signed_in)_"
)
_NO_ROW = regex(
    r"\w*(?:client|api|mail|service|response|request|params|data|payload|config|options|json|builder|results?)"
)
"""Names of what is no row of a model, whatever it has."""
_TENANT = frozenset({"tenant", "current_tenant"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """The rows that an association gives of one row of `owner`."""

    owner: Entity
    association: Association
    target: Entity
    start: str
    """The path to the owner's row, as written."""
    guessed: bool = False
    """The class of the start can't be seen: every class that has an association of this name leads here."""
    client: str | None = None
    """What the client sends, if that says which row it starts at."""
    rest: tuple[str, ...] = ()
    """Names behind the association: scopes, called without arguments."""


class Records(dict[str, Entity]):
    """The ActiveRecord models of a project by their names."""

    def __init__(self, entities: Iterable[Entity], model: Model) -> None:
        super().__init__()
        self._tables = model.tables
        self._last: dict[str, list[Entity]] = {}
        self._labels: dict[str, list[tuple[Entity, Association]]] = {}
        self._words: dict[str, Entity] = {}
        self.root: Entity | None = None
        self.typical: Entity | None = None
        """What stands for a model that can't be seen."""
        for entity in entities:
            if entity.name in self:
                continue
            self[entity.name] = entity
            last = entity.name.rpartition("::")[2]
            if not any(one.origin == entity.origin for one in self._last.setdefault(last, [])):
                self._last[last].append(entity)
                for label, made in entity.associations.items():
                    self._labels.setdefault(label, []).append((entity, made))
            known = model.tables.get(entity.table)
            if known is not None and known.ownership is Ownership.ROOT and self.root is None:
                self.root = entity
        self.typical = any_model.stand_in(self, model)
        for name, entity in self.items():
            self._words.setdefault(snake(name.replace("::", "_")), entity)
            self._words.setdefault(plural(snake(name.rpartition("::")[2])), entity)

    def named(self, name: str, within: str = "") -> Entity | None:
        """The model that code within some modules means by a name."""
        name = name.removeprefix("::")
        parts = within.split("::") if within else []
        for size in range(len(parts), -1, -1):
            found = self.get("::".join((*parts[:size], name)))
            if found is not None and (size or "::" in name or found.name == name):
                return found
        candidates = self._last.get(name.rpartition("::")[2], [])
        fitting = [one for one in candidates if one.name == name or one.name.endswith(f"::{name}")]
        return fitting[0] if len(fitting) == 1 else self.get(name)

    def of_word(self, word: str, within: str = "") -> Entity | None:
        """The model that a variable or method is named after: `boat`, `current_boat`."""
        if word in _TENANT:
            return self.root
        for spelled in dict.fromkeys((word, _BEFORE.sub("", word))):
            camel = "".join(part[:1].upper() + part[1:] for part in spelled.split("_"))
            found = self.named(camel, within) or self._belonging(spelled)
            if found is not None:
                return found
        return None

    def _belonging(self, label: str) -> Entity | None:
        """What rows belong to under a name of its own, `seller` of class User, if that is one class wherever."""
        made = [(one, made) for one, made in self._labels.get(label, []) if made.kind == "belongs_to"]
        found = {held.name: held for one, made in made if (held := self.named(made.target, one.name)) is not None}
        return next(iter(found.values())) if len(found) == 1 else None

    def reached(self, path: str, within: str) -> Reached | None:
        """What the association at the end of a path gives; None if it is none."""
        hops = [_HOP.fullmatch(part) for part in _split(path)]
        if not hops or any(hop is None for hop in hops):
            return None
        names = [(hop.group(1), hop.group(2) or "") for hop in hops if hop is not None]
        around = self._around(within, hops[0].group(1) if hops[0] is not None else "")
        name, told = names[0]
        owner: Entity | None = None
        client: str | None = None
        position = 1
        if told and name[:1].isupper():
            owner = self.named(name, within)
            client = told[1:-1] if FROM_CLIENT.search(told) else None
        elif around is not None and name in around.associations:
            owner, position = around, 0
        elif name[:1].islower() or name[:1] == "_":
            owner = self.of_word(name, within)
        if len(names) == 1 and position:
            return None
        for at in range(position, len(names)):
            label, row = names[at]
            made = owner.associations.get(label) if owner is not None else None
            if made is None and self._holds(owner, label):
                return None  # a list in a column, whatever others have by this name
            if owner is None or made is None:
                owner, client = self.of_word(label, within), None
                continue
            target = self.named(made.target, owner.name)
            if made.kind in {"has_many", "habtm"} and target is not None and not row:
                start = ".".join(part for part, _ in names[:at]) or "self"
                rest = tuple(part for part, _ in names[at + 1 :])
                return Reached(owner=owner, association=made, target=target, start=start, client=client, rest=rest)
            owner = target
            if at + 1 == len(names):
                return None  # a single row
        return self._guessed(names)

    def _holds(self, owner: Entity | None, label: str) -> bool:
        """Whether a row has a column of a name, `template.submitters`: what is in it are no rows."""
        known = self._tables.get(owner.table) if owner is not None else None
        return known is not None and label in known.columns

    def _around(self, within: str, label: str) -> Entity | None:
        """The class that code stands in: itself, or that of a concern (`Boat::Pinnable`) if it has the association."""
        parts = within.split("::") if within else []
        for size in range(len(parts), 0, -1):
            found = self.get("::".join(parts[:size]))
            if found is not None and (size == len(parts) or label in found.associations):
                return found
        return None

    def _guessed(self, hops: Sequence[tuple[str, str]]) -> Reached | None:
        """Rows of an association that is declared by some model, from a row whose class can't be seen."""
        names = [name for name, _ in hops]
        for at in range(len(names) - 1, 0, -1):
            if hops[at][1] or _NO_ROW.fullmatch(names[at - 1]):
                return None
            declared = [
                (one, made) for one, made in self._labels.get(names[at], []) if made.kind in {"has_many", "habtm"}
            ]
            targets = {found.table: found for _, made in declared if (found := self.named(made.target)) is not None}
            scopes = next(iter(targets.values())).methods if len(targets) == 1 else {}
            if len(targets) == 1 and all(name in scopes for name in names[at + 1 :]):
                owner, made = declared[0]
                return Reached(
                    owner=owner,
                    association=made,
                    target=next(iter(targets.values())),
                    start=".".join(names[:at]),
                    guessed=True,
                    rest=tuple(names[at + 1 :]),
                )
        return None


def _split(path: str) -> list[str]:
    """The hops of a path; dots between brackets are no hops."""
    hops: list[str] = []
    depth = 0
    begin = 0
    for position, letter in enumerate(path):
        depth += {"[": 1, "]": -1}.get(letter, 0)
        if letter == "." and depth == 0:
            hops.append(path[begin:position])
            begin = position + 1
    return [*hops, path[begin:]]


def table_of(records: Mapping[str, Entity], model: Model, name: str) -> str | None:
    """The table of a class that no file of the project declares, as Rails would name it.

    A table that a model stands for is no other class's: `Boats` beside a model `Boat` is a module of helpers.
    """
    if "::" in name:
        return None
    spelled = snake(name)
    held = {entity.table for entity in records.values()}
    return next((table for table in (plural(spelled), spelled) if table in model.tables and table not in held), None)
