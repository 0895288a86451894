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
    """Why a comparison of its tenant did not count: `or`, `switch`."""


@dataclass(slots=True)
class Query:
    nodes: list[Node] = field(default_factory=list)
    bound: dict[str, Node] = field(default_factory=dict)
    equal: list[tuple[str, str]] = field(default_factory=list)
    lists: set[str] = field(default_factory=set)
    opaque: list[str] = field(default_factory=list)
    reassigned: list[tuple[Node, bool]] = field(default_factory=list)
    writes: dict[int, str] = field(default_factory=dict)
    links: list[tuple[int, int, bool]] = field(default_factory=list)
    values: set[str] = field(default_factory=set)
    """Variables whose value comes from a parameter (UNWIND $rows AS row)."""


class Conditions:
    """A cursor over tokens that reads conditions and expressions, and keeps what they say in `query`."""

    def __init__(self, tokens: Sequence[Token], properties: frozenset[str]) -> None:
        self.tokens = tokens
        self.properties = properties
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
        tokens = list(self.tokens[start:end])
        self.at = end
        for part in split_on(tokens, "and"):
            self._conjunct(part, fresh)

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
        if any(token.word == "and" for token in top_level(tokens)):
            for part in split_on(tokens, "and"):
                self._conjunct(part, fresh)
            return
        branches = split_on(tokens, "or")
        if len(branches) > 1:
            self._alternatives(branches)
            return
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
            self.query.equal.append((name, other))
            return
        node = self.query.bound.get(name)
        if node is not None and (fresh is None or node not in self.query.nodes[:fresh]):
            self._tie(node, value)

    def _alternatives(self, branches: Sequence[Sequence[Token]]) -> None:
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
            if node is None:
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
        for part in split_on(unwrapped(tokens[position + 1 : -1]), "and"):
            found = self._comparison(unwrapped(part))
            if found is not None and found[0] == name and found[2] is None:
                for node in self.query.nodes:
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
        if (
            len(tokens) == 3
            and tokens[0].kind == "word"
            and tokens[1].text == "."
            and name_of(tokens[2]) in self.properties
        ):
            name = name_of(tokens[0])
            return None if name in self.query.values else name
        return None

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
            words = [Token("word", part, 0) for part in value.split(".")[:1]]
            if value.startswith("literal "):
                node.tenant, node.literal = value.removeprefix("literal "), True
            elif value[:1] in {"'", '"'} or value[:1].isdigit():
                node.tenant, node.literal = value, True
            elif "__hole_" in value or value == "__hole__":
                node.opaque = True
            elif "$" in value or value.startswith(":h") or name_of(words[0]) in self.query.values:
                node.tenant, node.literal = value, False
            else:
                self.query.equal.append((node.name or str(id(node)), value.split(" ")[0].split(".")[0]))
                self.query.bound.setdefault(str(id(node)), node)

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
        return " ".join(token.text for token in self.tokens[start : self.at]).replace(" . ", ".")

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
