"""Pony's queries are generators and lambdas over its entities: each as the calls of Django that ask the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tree_sitter import Node

from lints.extract.ir import Expr, Invoke, Name, Other
from lints.extract.lower import span

if TYPE_CHECKING:
    from lints.extract.lower import Lowering

_ASKS: Mapping[str, str] = {
    "select": "filter", "left_join": "filter", "get": "get", "exists": "get", "delete": "delete", "count": "count",
    "sum": "count", "avg": "count", "min": "count", "max": "count", "group_concat": "count",
}  # fmt: skip
"""Pony's functions over a generator, by what Django calls the last step."""
_OF_ENTITIES: Mapping[str, str] = {
    "select": "filter",
    "filter": "filter",
    "where": "filter",
    "get": "get",
    "exists": "get",
}
"""The methods of an entity or a query that take a lambda."""
_LOOKUPS: Mapping[str, str] = {"==": "", "is": "", "<": "__lt", "<=": "__lte", ">": "__gt", ">=": "__gte", "in": "__in"}
_LOOKUPS = {**_LOOKUPS, "!=": "", "<>": "", "is not": "", "not in": "__in"}
_REFUSES = frozenset({"!=", "<>", "is not", "not in"})
_OF_TEXTS = frozenset({"startswith", "endswith"})
_UNSEEN = "unseen"


def asked(lowering: Lowering, node: Node, receiver: Expr | None, method: str, listed: Node) -> Expr | None:
    """`select(b for b in Boat if b.name == n)`, `Boat.get(lambda b: b.id == key)`; None for any other call."""
    first = listed if listed.type == "generator_expression" else next(iter(lowering.parts(listed)), None)
    if first is None:
        return None
    if first.type == "generator_expression" and receiver is None and method in _ASKS:
        return _generated(lowering, node, first, _ASKS[method])
    if first.type != "lambda" or receiver is None or method not in _OF_ENTITIES:
        return None
    given, body = first.child_by_field_name("parameters"), first.child_by_field_name("body")
    named = lowering.parts(given) if given is not None else []
    if len(named) != 1 or body is None:
        return None
    of_row = _Rows(lowering, {lowering.text(named[0]): ()})
    return Invoke(receiver, _OF_ENTITIES[method], (of_row.condition(body),), (), span(node), span(listed))


def _generated(lowering: Lowering, node: Node, given: Node, last: str) -> Expr | None:
    """A query over the rows of the entity that the first `for` goes through."""
    loops = [child for child in given.named_children if child.type == "for_in_clause"]
    sides = [(one.child_by_field_name("left"), one.child_by_field_name("right")) for one in loops]
    entity = lowering.presence(lowering.text(sides[0][1])) if sides and sides[0][1] is not None else None
    if entity is None or not entity.rpartition(".")[2][:1].isupper() or sides[0][0] is None:
        return None
    rows = _Rows(lowering, {lowering.text(sides[0][0]): ()})
    conditions: list[Expr] = []
    for left, right in sides[1:]:
        along = rows.path(right) if right is not None else None
        if along is None or left is None:
            conditions.append(Name(_UNSEEN, span(given)))  # rows beside these, tied by what can't be told
        else:
            rows.names[lowering.text(left)] = along
    for clause in given.named_children:
        if clause.type == "if_clause":
            conditions += [rows.condition(part) for part in lowering.parts(clause)]
    where, after = span(node), (node.end_byte, node.end_byte)
    of = Name(entity, where)
    begun = Invoke(of, "filter" if conditions else "all", tuple(conditions), (), where, after)
    return begun if last == "filter" else Invoke(begun, last, (), (), where, after)


class _Rows:
    """Conditions on rows that go by names of a query's own: `names` are those, each with its way from the first."""

    def __init__(self, lowering: Lowering, names: dict[str, tuple[str, ...]]) -> None:
        self.lowering = lowering
        self.names = names

    def path(self, node: Node | None) -> tuple[str, ...] | None:
        """The way to an attribute: `b.harbour.name`."""
        written = self.lowering.presence(self.lowering.text(node)) if node is not None else None
        head, *rest = written.split(".") if written is not None else [""]
        return (*self.names[head], *rest) if head in self.names else None

    def condition(self, node: Node) -> Expr:
        parts = self.lowering.parts(node)
        if node.type == "parenthesized_expression" and len(parts) == 1:
            return self.condition(parts[0])
        if node.type == "boolean_operator" and len(parts) == 2:
            sign = next((child.type for child in node.children if child.type in {"and", "or"}), "or")
            both = (self.condition(parts[0]), self.condition(parts[1]))
            return Other(both, span(node), "&" if sign == "and" else "|")
        if node.type == "not_operator" and parts:
            return Other((self.condition(parts[-1]),), span(node), "~")
        if node.type == "comparison_operator" and len(parts) == 2:
            return self._compared(node, *parts)
        way = self.path(node)
        if way:
            return self._asks(way, "", Name("True", span(node)), node)
        function = node.child_by_field_name("function") if node.type == "call" else None
        listed = node.child_by_field_name("arguments")
        given = self.lowering.parts(listed) if listed is not None else []
        way = self.path(function)
        if way and way[-1] in _OF_TEXTS and len(given) == 1:
            return self._asks(way[:-1], f"__{way[-1]}", self.lowering.expression(given[0]), node)
        return Name(_UNSEEN, span(node))

    def _compared(self, node: Node, left: Node, right: Node) -> Expr:
        sign = " ".join(" ".join(child.type for child in node.children if not child.is_named).split())
        one, two = self.path(left), self.path(right)
        if sign not in _LOOKUPS or (one is None) is (two is None):
            return Name(_UNSEEN, span(node))
        lookup = _LOOKUPS[sign] if one is not None or sign not in {"in", "not in"} else ""  # `boat in c.boats`
        given = self.lowering.expression(right if one is not None else left)
        asks = self._asks((one if one is not None else two) or (), lookup, given, node)
        return Other((asks,), span(node), "~") if sign in _REFUSES else asks

    def _asks(self, way: tuple[str, ...], lookup: str, given: Expr, node: Node) -> Expr:
        named = "__".join(way) or "pk"
        return Invoke(None, "Q", (), ((f"{named}{lookup}", given),), span(node), span(node))
