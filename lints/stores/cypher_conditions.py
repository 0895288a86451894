"""Conditions and values in Cypher: which of them tie a node to the caller's tenant."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from lints.stores.cypher_tokens import Token, begins_clause, name_of, split_on, top_level, unwrapped


@dataclass(slots=True, eq=False)
class Node:
    """One node (or relationship) of a query, by variable or anonymous."""

    name: str
    labels: tuple[str, ...]
    start: int
    end: int
    action: str = "select"
    tenant: str | None = None
    """The value its tenant property was compared with or set to, as written."""
    literal: bool = False
    optional: bool = False
    created: bool = False
    merged: bool = False
    linked: bool = False
    """Reached by a typed relationship of fixed length from another node of the pattern."""
    link: int | None = None
    opaque: bool = False
    rejected: str | None = None
    """Why a comparison of its tenant did not count: `or`, `switch`, `late`."""
    cut: bool = False
    """Its rows were cut by LIMIT or SKIP before anything was said of its tenant."""


@dataclass(slots=True)
class Query:
    nodes: list[Node] = field(default_factory=list)
    bound: dict[str, Node] = field(default_factory=dict)
    equal: list[tuple[Node, Node]] = field(default_factory=list)
    """The tenant of the first is that of the second too."""
    lists: set[str] = field(default_factory=set)
    opaque: list[str] = field(default_factory=list)
    reassigned: list[tuple[Node, bool]] = field(default_factory=list)
    writes: dict[int, str] = field(default_factory=dict)
    links: list[tuple[int, int, bool, bool]] = field(default_factory=list)
    """(one node, the other, typed and of fixed length, inward): inward ones filter only what they bring in."""
    paths: dict[str, list[Node]] = field(default_factory=dict)
    values: set[str] = field(default_factory=set)
    """Variables whose value comes from a parameter (UNWIND $rows AS row)."""


class Conditions:
    """A cursor over tokens that reads conditions and expressions, and keeps what they say in `query`."""

    def __init__(self, tokens: Sequence[Token], properties: frozenset[str]) -> None:
        self.tokens = tokens
        self.properties = properties
        stems = {re.sub(r"_?id$", "", name, flags=re.IGNORECASE).lower() for name in properties} - {""}
        self.roots = stems | ({"organization", "organisation"} if "org" in stems else set())
        """Labels of the tenants themselves, whose `id` is the tenant."""
        self.positive: set[int] = set()
        """Offsets of sub-queries and patterns that must hold for a row to be there."""
        self.at = 0
        self.query = Query()
        self.operation = ""

    def peek(self, ahead: int = 0) -> Token:
        position = self.at + ahead
        return self.tokens[position] if position < len(self.tokens) else Token("end", "", -1)

    def take(self) -> Token:
        token = self.peek()
        self.at += 1
        return token

    # Conditions

    def _where(self, *, fresh: int | None, inside: Node | None = None) -> None:
        """Conjuncts of a condition. With `fresh`, only nodes from that one on are filtered (OPTIONAL MATCH)."""
        start = self.at
        end = self._end_of_condition(closing=inside is not None)
        self.at = end
        self._conjunct(self.tokens[start:end], fresh)
        self._inner(start, end)

    def _inner(self, start: int, end: int) -> None:
        """Sub-queries and patterns inside an expression; the reader of clauses knows them."""

    def _end_of_condition(self, *, closing: bool) -> int:
        depth = 0
        position = self.at
        previous = ""
        while position < len(self.tokens):
            token = self.tokens[position]
            if token.text in {"(", "[", "{"}:
                depth += 1
            elif token.text in {")", "]", "}"}:
                if depth == 0:
                    return position
                depth -= 1
            elif token.text == ";" or (depth == 0 and begins_clause(token, previous)):
                return position
            previous = token.word or token.text
            position += 1
        return position

    def _conjunct(self, tokens: Sequence[Token], fresh: int | None) -> None:
        tokens = unwrapped(tokens)
        branches = split_on(tokens, "or")  # OR binds loosest, then XOR, then AND
        if len(branches) > 1:
            self._alternatives(branches, fresh)
            return
        if any(token.word == "xor" for token in top_level(tokens)):
            return
        if any(token.word == "and" for token in top_level(tokens)):
            for part in split_on(tokens, "and"):
                self._conjunct(part, fresh)
            return
        if len(tokens) > 2 and (tokens[0].text == "(" or (tokens[0].word == "exists" and tokens[1].text in {"{", "("})):
            self.positive.update(token.start for token in tokens[:2])
        if tokens and tokens[0].word == "all" and len(tokens) > 6 and tokens[1].text == "(":
            self._every(tokens)
            return
        found = self._comparison(tokens)
        if found is None:
            if len(tokens) == 1 and "__hole_" in tokens[0].text:
                self.query.opaque.append("a condition is put in at run time")
            return
        name, value, other = found
        if other is not None:
            for one, two in ((name, other), (other, name)):
                if self._filters(two, fresh):
                    self._same(self.query.bound.get(one), self.query.bound.get(two))
            return
        node = self.query.bound.get(name)
        if node is not None and self._filters(name, fresh):
            self._tie(node, value)

    def _same(self, source: Node | None, target: Node | None) -> None:
        if source is not None and target is not None:
            self.query.equal.append((source, target))

    def _filters(self, name: str, fresh: int | None) -> bool:
        """Whether a condition keeps rows of this node out: one of OPTIONAL MATCH does so only for what it brings in."""
        return fresh is None or self.query.bound.get(name) not in self.query.nodes[:fresh]

    def _alternatives(self, branches: Sequence[Sequence[Token]], fresh: int | None) -> None:
        """OR: a node is tied only if every branch ties it; otherwise say what the other branch is."""
        ties: list[dict[str, str]] = []
        switch = False
        for branch in branches:
            found: dict[str, str] = {}
            for part in split_on(unwrapped(branch), "and"):
                comparison = self._comparison(unwrapped(part))
                if comparison is not None and comparison[2] is None:
                    found[comparison[0]] = comparison[1]
            names = {token.kind for token in branch}
            switch = switch or (
                not found and "param" in names and not any(name_of(t) in self.query.bound for t in branch)
            )
            ties.append(found)
        for name in {name for found in ties for name in found}:
            node = self.query.bound.get(name)
            if node is None or not self._filters(name, fresh):
                continue
            if all(name in found for found in ties):
                self._tie(node, ties[0][name])
            else:
                node.rejected = "switch" if switch else "or"

    def _every(self, tokens: Sequence[Token]) -> None:
        """`all(n IN nodes(p) WHERE n.tenantId = $t)` ties every node of the pattern."""
        name = name_of(tokens[2])
        position = next((n for n, token in enumerate(tokens) if token.word == "where"), None)
        if position is None or not any(token.word == "nodes" for token in tokens[:position]):
            return
        path = next((name_of(t) for t in tokens[3:position] if t.kind == "word" and t.word not in {"in", "nodes"}), "")
        if len(split_on(tokens[position + 1 : -1], "or")) > 1:
            return
        for part in split_on(unwrapped(tokens[position + 1 : -1]), "and"):
            found = self._comparison(unwrapped(part))
            if found is not None and found[0] == name and found[2] is None:
                for node in self.query.paths.get(path, ()):
                    if not node.created and not node.merged:
                        self._tie(node, found[1])

    def _comparison(self, tokens: Sequence[Token]) -> tuple[str, str, str | None] | None:
        """(variable, value, None) for `n.tenantId = value`; (variable, "", other) for `n.tenantId = m.tenantId`."""
        sign = next((n for n, t in enumerate(tokens) if t.text == "=" or t.word == "in"), None)
        if sign is None or any(t.word == "not" for t in tokens):
            return None
        left, right = self._property(tokens[:sign]), self._property(tokens[sign + 1 :])
        if left is not None and right is not None:
            return left, "", right
        if left is not None:
            value = self._value(tokens[sign + 1 :])
            return (left, value, None) if value is not None else None
        if right is not None and tokens[sign].text == "=":
            value = self._value(tokens[:sign])
            return (right, value, None) if value is not None else None
        return None

    def _property(self, tokens: Sequence[Token]) -> str | None:
        """The variable, if the tokens are its tenant property."""
        if len(tokens) == 4 and tokens[1].text == "[" and tokens[2].kind == "string":  # n["tenantId"]
            tokens = (tokens[0], tokens[1], Token("word", tokens[2].text.strip("'\""), tokens[2].start))
        elif len(tokens) != 3 or tokens[1].text != ".":
            return None
        name = name_of(tokens[0])
        if tokens[0].kind != "word" or name in self.query.values:
            return None
        node = self.query.bound.get(name)
        attribute = name_of(tokens[2])
        return name if attribute in self.properties or (node is not None and self._is_root(node, attribute)) else None

    def _is_root(self, node: Node, attribute: str) -> bool:
        """Whether this is the key of a tenant's own node: `(t:Tenant {id: $tenantId})`."""
        return attribute.lower() in {"id", "uuid"} and any(label.lower() in self.roots for label in node.labels)

    def _value(self, tokens: Sequence[Token]) -> str | None:
        """The text of a value that a caller gives, or a literal; None for anything else."""
        text = " ".join(token.text for token in tokens)
        if not tokens or "__hole_" in text:
            return "__hole__" if "__hole_" in text else None
        if (
            tokens[0].kind == "word"
            and name_of(tokens[0]) in self.query.bound
            and tokens[0].word not in self.query.values
        ):
            return None
        if any(token.kind == "param" for token in tokens):
            return text if not any(t.kind == "word" and name_of(t) in self.query.bound for t in tokens) else None
        if tokens[0].kind == "word" and name_of(tokens[0]) in self.query.values:
            return text
        if all(token.kind in {"string", "number"} for token in tokens):
            return f"literal {text}"
        return None

    # Facts

    def _tie(self, node: Node, value: str) -> None:
        if node.tenant is None or node.literal:
            if not value or value == "null":
                return
            if node.cut:
                node.rejected = "late"
                return
            words = [Token("word", part, 0) for part in value.split(".")[:1]]
            if "__hole_" in value:
                node.opaque = True
            elif value.startswith("literal "):
                node.tenant, node.literal = value.removeprefix("literal "), True
            elif value[:1] in {"'", '"'} or value[:1].isdigit():
                node.tenant, node.literal = value, True
            elif "$" in value or value.startswith(":h") or name_of(words[0]) in self.query.values:
                node.tenant, node.literal = value, False
            else:
                holder, _, attribute = value.replace(" ", "").partition(".")
                source = self.query.bound.get(holder.strip("`"))
                if source is not None and (attribute in self.properties or self._is_root(source, attribute)):
                    self._same(source, node)

    def _assigned(self, node: Node, attribute: str, value: str) -> None:
        self.query.writes.setdefault(id(node), "update")
        if attribute not in self.properties:
            return
        if node.created or node.merged:
            if node.created:
                self._tie(node, value)
            return
        if value.replace(" ", "") != (node.tenant or "").replace(" ", ""):
            self.query.reassigned.append((node, True))

    def _replaced(self, node: Node, value: str) -> None:
        self.query.writes.setdefault(id(node), "update")
        compact = value.replace(" ", "")
        named = next((p for p in self.properties if re.search(rf"[{{,]{re.escape(p)}:", compact)), None)
        if node.created:
            if named is not None:
                self._tie(node, "$" + named)
            elif "{" not in compact:
                node.opaque = True
        elif not node.merged and (named is not None or "{" not in compact):
            self.query.reassigned.append((node, named is not None))

    # Expressions

    def _expression(self, stop: set[str] | None = None, stop_marks: set[str] | None = None) -> str:
        """The source of an expression, up to a comma, a closing bracket or the next clause."""
        depth = 0
        start = self.at
        previous = ""
        while self.peek().kind != "end":
            token = self.peek()
            if depth == 0 and (
                token.text in {",", ";", ")", "}", "]"}
                or (stop_marks is not None and token.text in stop_marks)
                or (stop is not None and token.word in stop)
                or begins_clause(token, previous)
            ):
                break
            if token.text in {"(", "[", "{"}:
                depth += 1
            elif token.text in {")", "]", "}"}:
                depth -= 1
            previous = token.word or token.text
            self.at += 1
        text = " ".join(token.text for token in self.tokens[start : self.at]).replace(" . ", ".")
        self._inner(start, self.at)
        return text

    def _skip_parentheses(self) -> None:
        depth = 0
        while self.peek().kind != "end":
            token = self.take()
            depth += {"(": 1, ")": -1}.get(token.text, 0)
            if depth == 0:
                return

    def _until_closed(self) -> None:
        depth = 0
        while self.peek().kind != "end":
            token = self.take()
            depth += {"(": 1, ")": -1, "{": 1, "}": -1}.get(token.text, 0)
            if depth < 0:
                return
