# ruff: noqa: S608 - the text is judged, it never reaches a database
"""JPQL and HQL as SQL: entities become tables, relations become joins, paths become columns.

What is not understood stays as it is written: a relation that nobody has read about is then a table that nobody knows,
and a path that leads nowhere a column that proves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lints.extract.sqltext import names
from lints.patterns import regex
from lints.schema.facts import Entity
from lints.stores.jpql_tokens import Token, Tokens, tokens_of
from lints.tenancy import Model

_ENDS = names("where group order having union intersect except limit offset for returning")
_UNIONS = names("union intersect except")
_JOINS = names("join left right inner cross full")
_NO_ALIAS = _ENDS | _JOINS | names("on with set select values as and or")
_COMPARES = frozenset({"=", "<", ">", "!", "in", "is"})
_MAX_DEPTH, _MAX_TOKENS, _MAX_STEPS = 12, 6000, 8


@dataclass(slots=True)
class _Scope:
    """One query: its range variables, what each path from them needs joined, and the query around it."""

    outer: _Scope | None = None
    aliases: dict[str, Entity] = field(default_factory=dict)
    bare: Entity | None = None
    """The entity without a range variable, whose attributes stand alone."""
    needed: dict[str, list[str]] = field(default_factory=dict)
    """Range variable to the joins that paths from it stand for."""
    joined: dict[str, tuple[str, Entity]] = field(default_factory=dict)
    """Path to the range variable of what it leads to."""
    outward: list[str] = field(default_factory=list)
    """Joins that start at a range variable of a query around this one."""
    changes: bool = False
    """UPDATE or DELETE, which join nothing."""

    def find(self, alias: str) -> tuple[_Scope, Entity] | None:
        scope: _Scope | None = self
        while scope is not None:
            if alias in scope.aliases:
                return scope, scope.aliases[alias]
            scope = scope.outer
        return None


def as_sql(text: str, model: Model, entities: Mapping[str, Entity]) -> str:
    """A query over entities as one over tables; a text that names none of them stays as it is."""
    if not _names_one(text, model, entities):
        return text
    tokens = tokens_of(text)
    if len(tokens) > _MAX_TOKENS:
        return text
    return _Reader(model, entities, tokens).read()


_SOURCE = regex(
    r"\b(?:from|join|update|into|delete)\s+(?:fetch\s+)?(?=([A-Za-z_][\w.]*))|,\s*(?=([A-Z]\w*)\s)", re.IGNORECASE
)


def _names_one(text: str, model: Model, entities: Mapping[str, Entity]) -> bool:
    for found in _SOURCE.finditer(text):
        name = (found.group(1) or found.group(2)).rpartition(".")[2]
        if name in entities and name not in model.tables:
            return True
    return False


class _Reader:
    def __init__(self, model: Model, entities: Mapping[str, Entity], tokens: Sequence[Token]) -> None:
        self.model = model
        self.entities = entities
        self.tokens = Tokens(tokens)
        self.number = 0

    def read(self) -> str:
        return "".join(self._query(0, len(self.tokens), None, 0))

    # One query

    def _query(self, start: int, end: int, outer: _Scope | None, depth: int) -> list[str]:
        """The tokens of one query, or of the parts of a union, which share nothing."""
        for at in self.tokens.level(start, end):
            if depth < _MAX_DEPTH and self.tokens[at].word in {"union", "intersect", "except"}:
                return [
                    *self._query(start, at, outer, depth + 1),
                    self.tokens[at].text,
                    *self._query(at + 1, end, outer, depth + 1),
                ]
        scope = _Scope(outer=outer)
        self._declare(start, end, scope)
        out: list[str] = []
        at = start
        state = ""
        while at < end:
            token = self.tokens[at]
            word = token.word
            if token.text == "(":
                close = self.tokens.closing(at, end)
                out.append("(")
                if depth < _MAX_DEPTH and self.tokens.after(at + 1, close) in {"select", "from"}:
                    out += self._query(at + 1, close, scope, depth + 1)
                else:
                    out += self._plain(at + 1, close, scope, depth + 1)
                out.append(")" if close < end else "")
                at = close + 1
                continue
            if token.kind == "word" and word in {"from", "update", "into"} and state != "set":
                state = word
                out.append(token.text)
                at = self._range(at + 1, end, scope, out, depth)
                continue
            if token.kind == "word" and word == "delete" and self.tokens.after(at + 1, end) != "from":
                out.append("delete from")
                state = "from"
                at = self._range(at + 1, end, scope, out, depth)
                continue
            if state == "from" and (word in _JOINS or token.text == ","):
                at = self._join(at, end, scope, out, depth)
                continue
            if token.kind == "word" and (word in _ENDS or word == "set"):
                if state == "from":
                    out.append(" \0outward ")
                state = word
                out.append(token.text)
                at += 1
                continue
            at = self._one(at, end, scope, out, state)
        if state == "from":
            out.append(" \0outward ")
        return self._filled(out, scope)

    def _filled(self, out: list[str], scope: _Scope) -> list[str]:
        made: list[str] = []
        for piece in out:
            if piece.startswith(" \0outward"):
                made += [f" {join} " for join in scope.outward]
                scope.outward = []
            elif piece.startswith("\0"):
                made += [f" {join} " for join in scope.needed.get(piece[1:], ())]
            else:
                made.append(piece)
        return made

    def _plain(self, start: int, end: int, scope: _Scope, depth: int) -> list[str]:
        """What stands in brackets and is no query."""
        out: list[str] = []
        at = start
        while at < end:
            if self.tokens[at].text == "(":
                close = self.tokens.closing(at, end)
                out.append("(")
                if depth < _MAX_DEPTH and self.tokens.after(at + 1, close) in {"select", "from"}:
                    out += self._query(at + 1, close, scope, depth + 1)
                elif depth < _MAX_DEPTH:
                    out += self._plain(at + 1, close, scope, depth + 1)
                else:
                    out += [token.text for token in self.tokens[at + 1 : close]]
                out.append(")" if close < end else "")
                at = close + 1
            else:
                at = self._one(at, end, scope, out, "")
        return out

    def _one(self, at: int, end: int, scope: _Scope, out: list[str], state: str) -> int:
        """One token that is no clause."""
        token = self.tokens[at]
        if token.kind == "param":
            out.append(_parameter(token.text))
            return at + 1
        if token.kind != "word":
            out.append(token.text)
            return at + 1
        word = token.word
        following = self.tokens.after(at + 1, end)
        if word == "new" and self.tokens[min(self.tokens.next(at + 1, end), end - 1)].kind == "word":
            return at + 1  # what its rows are put into
        if word == "member" and following == "of":
            collection = self.tokens.next(self.tokens.next(at + 1, end) + 1, end)
            out.append("IS NOT NULL ")
            return collection + 1
        if word == "empty":
            out.append("NULL")
            return at + 1
        if following == "(":
            out.append(token.text.rpartition(".")[2] if "." in token.text else token.text)
            return at + 1
        if "." in token.text:
            out.append(self._path(token.text, scope, state == "set" and following == "="))
        elif scope.bare is not None and scope.find(token.text) is None:
            stored = _column(scope.bare, token.text)
            out.append(stored if stored is not None else token.text)
        else:
            out.append(self._alone(token.text, following in _COMPARES or self.tokens.before(at, 0) in _COMPARES, scope))
        return at + 1

    def _alone(self, name: str, compared: bool, scope: _Scope) -> str:
        """A range variable by itself: the key of its row, where it is compared."""
        found = scope.find(name)
        return f"{name}.{self._key(found[1])}" if found is not None and compared else name

    # FROM

    def _declare(self, start: int, end: int, scope: _Scope) -> None:
        """The range variables of a query; what it selects can stand before them."""
        state = ""
        for at in self.tokens.level(start, end):
            word = self.tokens[at].word
            if word in {"from", "update", "into"} or (word == "delete" and self.tokens.after(at + 1, end) != "from"):
                scope.changes = (
                    scope.changes or word in {"update", "delete"} or self.tokens.before(at, start) == "delete"
                )
                state = "from"
            elif word in _ENDS or word == "set":
                state = ""
                continue
            elif not (state == "from" and (word == "join" or self.tokens[at].text == ",")):
                continue
            self._declared(self.tokens.next(at + 1, end), end, scope)

    def _declared(self, at: int, end: int, scope: _Scope) -> None:
        if at < end and self.tokens[at].word == "fetch":
            at = self.tokens.next(at + 1, end)
        if at >= end or self.tokens[at].kind != "word":
            return
        source, alias = self.tokens[at].text, self._alias(at + 1, end)[0]
        entity = self._entity(source)
        if entity is None and "." in source:
            head, _, rest = source.partition(".")
            found = scope.find(head)
            entity = self._leads(found[1], rest.split(".")) if found is not None else None
        if entity is not None and alias:
            scope.aliases[alias] = entity
        elif entity is not None and "." not in source:
            scope.bare = entity

    def _alias(self, at: int, end: int) -> tuple[str, int]:
        """(range variable, where to read on); empty if there is none."""
        place = self.tokens.next(at, end)
        if place < end and self.tokens[place].word == "as":
            place = self.tokens.next(place + 1, end)
        if (
            place < end
            and self.tokens[place].kind == "word"
            and self.tokens[place].word not in _NO_ALIAS
            and "." not in self.tokens[place].text
        ):
            return self.tokens[place].text, place + 1
        return "", at

    def _range(self, at: int, end: int, scope: _Scope, out: list[str], depth: int) -> int:
        """What stands after FROM, UPDATE, INTO or a comma."""
        place = self.tokens.next(at, end)
        if place >= end or self.tokens[place].kind != "word":
            return at
        source = self.tokens[place].text
        if source.lower() == "in" and self.tokens.after(place + 1, end) == "(":  # from Boat b, in (b.logs) l
            close = self.tokens.closing(self.tokens.next(place + 1, end), end)
            path = self.tokens[self.tokens.next(self.tokens.next(place + 1, end) + 1, end)].text
            alias, rest = self._alias(close + 1, end)
            out.append(self._related("JOIN", path, alias, scope))
            return rest
        entity = self._entity(source)
        alias, rest = self._alias(place + 1, end)
        if entity is None:
            if "." in source and scope.find(source.partition(".")[0]) is not None:  # from k.tags t, in a sub-select
                out.append(f" {self._derived(source, alias, scope)} ")
                return rest
            out.append(f" {source}")
            return place + 1
        out.append(f" {entity.table} {alias} " if alias else f" {entity.table} ")
        if alias:
            out.append(f"\0{alias}")
        return rest

    def _derived(self, path: str, alias: str, scope: _Scope) -> str:
        """The rows of a collection as a source of their own."""
        head, _, rest = path.partition(".")
        found = scope.find(head)
        steps = rest.split(".")
        target = self._leads(found[1], steps) if found is not None else None
        if found is None or target is None or len(steps) != 1:
            return f"{path} {alias}"
        joins = self._linked("JOIN", head, found[1], steps[0], alias)
        if joins is None:
            return f"{path} {alias}"
        return f"(SELECT 1) __{alias} {joins}"

    def _join(self, at: int, end: int, scope: _Scope, out: list[str], depth: int) -> int:
        """A join or a comma, with its condition."""
        words: list[str] = []
        while at < end and self.tokens[at].word in _JOINS | {"outer", ","}:
            words.append(self.tokens[at].text)
            at = self.tokens.next(at + 1, end)
        if words[-1:] == [","]:
            out.append(",")
            return self._range(at, end, scope, out, depth)
        if at < end and self.tokens[at].word == "fetch":
            at = self.tokens.next(at + 1, end)
        kind = " ".join(words).upper()
        if at >= end or self.tokens[at].kind != "word" or "JOIN" not in kind:
            out.append(f" {kind} ")
            return at
        source = self.tokens[at].text
        alias, rest = self._alias(at + 1, end)
        entity = self._entity(source)
        if entity is not None:
            out.append(f" {kind} {entity.table} {alias} ")
        else:
            self.number += not alias
            out.append(f" {self._related(kind, source, alias or f'__f{self.number}', scope)} ")
        place = self.tokens.next(rest, end)
        if place < end and self.tokens[place].word in {"on", "with"}:
            stop = next(
                (
                    i
                    for i in self.tokens.level(place + 1, end)
                    if self.tokens[i].word in _JOINS | _ENDS or self.tokens[i].text == ","
                ),
                end,
            )
            shown = "".join(self._plain(place + 1, stop, scope, depth + 1)).strip()
            out.append(f"ON {shown} " if entity is not None else f"AND ({shown}) ")
            rest = stop
        if alias:
            out.append(f"\0{alias}")
        return rest

    def _related(self, kind: str, path: str, alias: str, scope: _Scope) -> str:
        """`join b.logs l` as joins over foreign keys; as written if the relation is not known."""
        head, _, rest = path.partition(".")
        found = scope.find(head)
        steps = rest.split(".")
        if found is None or not rest:
            return f"{kind} {path} {alias} ON 1 = 1"
        entity, before = found[1], ""
        for step in steps[:-1]:
            target = self._leads(entity, [step])
            inner = self._linked(kind, head, entity, step, f"__{alias}_{step}")
            if target is None or inner is None:
                return f"{kind} {path} {alias} ON 1 = 1"
            before, head, entity = f"{before}{inner} ", f"__{alias}_{step}", target
        last = self._linked(kind, head, entity, steps[-1], alias)
        return f"{before}{last}" if last is not None else f"{kind} {path} {alias} ON 1 = 1"

    def _linked(self, kind: str, alias: str, entity: Entity, name: str, to: str) -> str | None:
        """The join along one relation."""
        target = self._leads(entity, [name])
        if target is None:
            return None
        forward = entity.columns.get(name)
        if name in entity.relations and forward is not None:
            return f"{kind} {target.table} {to} ON {to}.{self._key(target)} = {alias}.{forward}"
        other = entity.reverse.get(name, "")
        pairs = self.entities.get(other)
        if pairs is not None and pairs.kind == "link":
            near, far = ("source", "target") if pairs.name.startswith(f"{entity.name}.") else ("target", "source")
            link = f"__{to}_link"
            return (
                f"{kind} {pairs.table} {link} ON {link}.{pairs.columns[near]} = {alias}.{self._key(entity)} "
                f"{kind} {target.table} {to} ON {to}.{self._key(target)} = {link}.{pairs.columns[far]}"
            )
        column = other.partition("#")[2] or target.columns.get(other.partition(".")[2], "")
        if not column:
            return None
        return f"{kind} {target.table} {to} ON {to}.{column} = {alias}.{self._key(entity)}"

    # Paths

    def _entity(self, name: str) -> Entity | None:
        label = name.rpartition(".")[2]
        found = self.entities.get(label)
        return found if found is not None and found.kind != "link" and label not in self.model.tables else None

    def _leads(self, entity: Entity, steps: Sequence[str]) -> Entity | None:
        current: Entity | None = entity
        for step in steps[:_MAX_STEPS]:
            if current is None:
                return None
            name = current.relations.get(step)
            if name is None:
                other = current.reverse.get(step, "")
                pairs = self.entities.get(other)
                if pairs is not None and pairs.kind == "link":
                    near = pairs.name.startswith(f"{current.name}.")
                    name = pairs.relations.get("target" if near else "source")
                else:
                    name = re.split(r"[.#]", other)[0] or None
            current = self.entities.get(name) if name is not None else None
        return current

    def _key(self, entity: Entity) -> str:
        table = self.model.tables.get(entity.table)
        return table.primary_key[0] if table is not None and len(table.primary_key) == 1 else "id"

    def _path(self, text: str, scope: _Scope, assigned: bool) -> str:
        """`b.tenantId`, `l.boat.id`, `l.boat.fleet.tenantId`; an enum's constant is a value."""
        head, *steps = text.split(".")
        found = scope.find(head)
        if found is None and scope.bare is not None and head in scope.bare.relations and len(steps) == 1:
            inner = self._leads(scope.bare, [head])
            own = scope.bare.columns.get(head)
            return own if inner is not None and own and steps[0] in {"id", "uuid"} else text
        if found is None:
            constant = head[:1].isupper() or (len(steps) > 1 and steps[-2][:1].isupper())
            return f"'{steps[-1]}'" if constant and steps[-1].isupper() else text
        entity = found[1]
        if assigned:
            return _column(entity, steps[0]) or steps[0] if len(steps) == 1 else text
        alias = head
        for position, step in enumerate(steps[:_MAX_STEPS]):
            last = position == len(steps) - 1
            column = _column(entity, step)
            if last:
                return f"{alias}.{column if column is not None else step}"
            target = self._leads(entity, [step])
            if target is None or step not in entity.relations or column is None:
                return f"{alias}.{'__'.join(steps[position:])}"
            if position == len(steps) - 2 and (
                steps[-1] in {"id", "uuid"} or _column(target, steps[-1]) == self._key(target)
            ):
                return f"{alias}.{column}"
            if found[0].changes:
                return self._apart(f"{alias}.{column}", target, steps[position + 1 :])
            alias = self._through(alias, entity, step, target, scope, found[0])
            entity = target
        return text

    def _apart(self, key: str, entity: Entity, steps: Sequence[str]) -> str:
        """What a path leads to as a query of its own, where nothing can be joined."""
        self.number += 1
        alias = f"__p{self.number}"
        source, where = f"{entity.table} {alias}", f"{alias}.{self._key(entity)} = {key}"
        for position, step in enumerate(steps[:_MAX_STEPS]):
            column, target = _column(entity, step), self._leads(entity, [step])
            if position == len(steps) - 1 or target is None or step not in entity.relations or column is None:
                return f"(SELECT {alias}.{column or step} FROM {source} WHERE {where})"
            if position == len(steps) - 2 and steps[-1] in {"id", "uuid"}:
                return f"(SELECT {alias}.{column} FROM {source} WHERE {where})"
            self.number += 1
            further = f"__p{self.number}"
            source += f" JOIN {target.table} {further} ON {further}.{self._key(target)} = {alias}.{column}"
            alias, entity = further, target
        return f"{key}__{'__'.join(steps)}"

    def _through(self, alias: str, entity: Entity, step: str, target: Entity, scope: _Scope, owner: _Scope) -> str:
        """The range variable that stands for what a path leads through."""
        key = f"{alias}.{step}"
        held = scope.joined.get(key)
        if held is not None:
            return held[0]
        self.number += 1
        made = f"__p{self.number}"
        scope.joined[key] = (made, target)
        join = f"JOIN {target.table} {made} ON {made}.{self._key(target)} = {alias}.{entity.columns[step]}"
        root = next((name for name, _ in scope.aliases.items() if alias == name), None)
        if root is None and alias.startswith("__p"):
            root = next(
                (place for place, joins in scope.needed.items() if any(f" {alias} ON" in one for one in joins)), None
            )
        if root is not None and owner is scope:
            scope.needed.setdefault(root, []).append(join)
        else:
            scope.outward.append(join)
        return made


def _column(entity: Entity, name: str) -> str | None:
    """The column of an attribute, or of a relation that has one."""
    return entity.columns.get(name)


def _parameter(text: str) -> str:
    if text.startswith((":#", "?#")):
        return ":p"
    return f":p{text[1:]}" if text.startswith("?") and len(text) > 1 else text
