"""Scopes: which relations a query block can name, and what the name of a column stands for in it."""

from __future__ import annotations

from typing import Any

from lints.proof.ir import Col, Merged, Other, Term
from lints.proof.names import Index
from lints.tenancy import Table

NOTHING = Other(frozenset())


class Rel:
    """A relation in scope: a stored table, a sub-select's outputs, or something unknown."""

    __slots__ = ("alias", "complete", "inst", "nullable", "order", "outputs", "renamed", "stars", "table")

    def __init__(self, alias: str, inst: int = -1, table: Table | None = None) -> None:
        self.alias = alias
        self.inst = inst
        self.table = table
        self.outputs: dict[str, Term] | None = None
        self.order: list[tuple[str | None, Term] | Rel] = []
        """The outputs by position; a Rel stands for its `*`."""
        self.stars: list[Rel] = []
        self.renamed: dict[str, str | None] | None = None
        """Column alias list over a stored table: visible name to stored name; a hidden name maps to None."""
        self.complete = True
        self.nullable = False

    def has(self, index: Index, name: str) -> bool | None:
        """True, False, or None where the columns are not all known."""
        if self.outputs is not None:
            if name in self.outputs:
                return True
            unknown = not self.complete
            for star in self.stars:
                answer = star.has(index, name)
                if answer:
                    return True
                unknown = unknown or answer is None
            return None if unknown else False
        if self.renamed is not None and name in self.renamed:
            return self.renamed[name] is not None
        if self.table is None:
            return None
        shape = index.shape(self.table)
        if name in shape.known:
            return True
        return None if shape.columns is None else False

    def column(self, index: Index, name: str) -> Term:
        if self.outputs is None:
            if self.renamed is not None and name in self.renamed:
                stored = self.renamed[name]
                return NOTHING if stored is None else Col(self.inst, stored)
            if name == index.place and self.table is not None:
                name = index.shape(self.table).place or name
            return Col(self.inst, name)
        term = self.outputs.get(name)
        if term is None:
            for star in self.stars:
                if star.has(index, name):
                    term = star.column(index, name)
                    break
            else:
                if not self.complete and self.inst >= 0:
                    return Col(self.inst, name)
                unsure = [star for star in self.stars if star.has(index, name) is None]
                return unsure[0].column(index, name) if len(unsure) == 1 else NOTHING
        if self.nullable and type(term) is not Col:
            return NOTHING  # null-extended rows: a constant of the sub-select is NULL there
        return term

    def by_position(self, index: Index) -> list[tuple[str | None, Term]] | None:
        """All columns in order; None if they are not known."""
        if self.outputs is None:
            if self.table is None or not self.table.columns:
                return None
            names = [index.loose(c) for c in self.table.columns]
            if self.renamed is not None:
                back = {stored: new for new, stored in self.renamed.items() if stored is not None}
                return [(back.get(n, n), Col(self.inst, n)) for n in names]
            return [(n, Col(self.inst, n)) for n in names]
        return expand(self.order, index, nullable=self.nullable) if self.complete else None


def expand(
    order: list[tuple[str | None, Term] | Rel], index: Index, *, nullable: bool = False
) -> list[tuple[str | None, Term]] | None:
    columns: list[tuple[str | None, Term]] = []
    for item in order:
        if isinstance(item, Rel):
            inner = item.by_position(index)
            if inner is None:
                return None
            columns.extend(inner)
        else:
            columns.append(item)
    if nullable:
        return [(n, t if type(t) is Col else NOTHING) for n, t in columns]
    return columns


class Scope:
    """The relations one query block can name, and the block around it."""

    __slots__ = ("aliases", "env", "keys", "merged", "outer", "rels")

    def __init__(self, outer: Scope | None, env: Any = None) -> None:
        self.outer = outer
        self.env = env
        """The common table expressions in force (`work.Env`)."""
        self.rels: dict[str, Rel] = {}
        self.merged: dict[str, Col | Merged] | None = None
        """Columns joined by USING, which need no qualifier."""
        self.aliases: dict[str, Any] | None = None
        """Select-list aliases, where the dialect lets WHERE see them first."""
        self.keys: tuple[frozenset[Col], frozenset[int]] | None = None
        """After GROUP BY: the key columns, and the instances a key identifies. Everything else is arbitrary."""

    def add(self, rel: Rel) -> None:
        self.rels[rel.alias] = rel

    def names(self, alias: str) -> bool:
        """Whether a relation here or further out has this name."""
        scope: Scope | None = self
        while scope is not None:
            if alias in scope.rels:
                return True
            scope = scope.outer
        return False

    def qualified(self, index: Index, alias: str, name: str) -> Term:
        scope: Scope | None = self
        while scope is not None:
            rel = scope.rels.get(alias)
            if rel is not None:
                return scope.grouped(rel.column(index, name))
            scope = scope.outer
        return NOTHING

    def lacks(self, index: Index, name: str) -> bool:
        """Whether no relation here or further out has such a column."""
        scope: Scope | None = self
        while scope is not None:
            if (scope.merged and name in scope.merged) or any(
                r.has(index, name) is not False for r in scope.rels.values()
            ):
                return False
            scope = scope.outer
        return True

    def bare(self, index: Index, name: str) -> Term:
        """An unqualified column. Inner blocks capture first; what is ambiguous or unknown proves nothing."""
        scope: Scope | None = self
        unsure: tuple[Scope, Rel] | None = None
        while scope is not None:
            if scope.merged is not None and name in scope.merged:
                return NOTHING if unsure else scope.grouped(scope.merged[name])
            found: Rel | None = None
            for rel in scope.rels.values():
                answer = rel.has(index, name)
                if answer:
                    if found is not None:
                        return NOTHING
                    found = rel
                elif answer is None:
                    if unsure is not None and unsure[1] is not rel and found is None:
                        unsure = (scope, _TWICE)
                    elif unsure is None:
                        unsure = (scope, rel)
            if found is not None:
                if unsure is not None and unsure[0] is not scope:
                    return NOTHING  # an inner relation of unknown columns may capture it
                return scope.grouped(found.column(index, name))
            scope = scope.outer
        if unsure is None or unsure[1] is _TWICE:
            return NOTHING
        return unsure[0].grouped(unsure[1].column(index, name))

    def grouped(self, term: Term) -> Term:
        if self.keys is None or type(term) is not Col:
            return term
        return term if term in self.keys[0] or term.inst in self.keys[1] else Other(frozenset((term,)))


_TWICE = Rel("")
