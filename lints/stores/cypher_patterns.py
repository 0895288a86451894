"""Reads Cypher's patterns, `(a:Label {key: value})-[:TYPE]->(b)`: the nodes, and what lies between them."""

from __future__ import annotations

from lints.stores.cypher_conditions import Conditions, Node
from lints.stores.cypher_tokens import CLAUSES, name_of


class Patterns(Conditions):
    """Fills a `Query` with the nodes of patterns and the links between them."""

    def _patterns(self, action: str, *, optional: bool = False, merged: bool = False, created: bool = False) -> None:
        while True:
            name = ""
            while self.peek().kind == "word" and self.peek(1).text == "=":
                name = name_of(self.take())  # p = (a)-[:R]->(b)
                self.take()
            while self.peek().kind == "word" and self.peek(1).text == "(":
                if self.peek().word in CLAUSES:
                    return
                self.take()  # shortestPath(…)
                self.take()
            self.query.paths[name] = self._path(action, optional=optional, merged=merged, created=created)
            while self.peek().text == ")":
                self.take()
            if self.peek().text != ",":
                return
            self.take()

    def _path(self, action: str, *, optional: bool, merged: bool, created: bool) -> list[Node]:
        passed: list[Node] = []
        before: int | None = None
        fixed, bracket = True, False
        relation: Node | None = None
        while True:
            token = self.peek()
            if token.text == "(":
                node = self._node(action, optional=optional, merged=merged, created=created)
                if node is None:
                    return passed
                passed.append(node)
                position = self.query.nodes.index(node) if node in self.query.nodes else len(self.query.nodes) - 1
                if before is not None:
                    ends = (self.query.nodes[before], node)
                    # What MERGE or CREATE draws between two nodes says nothing about them.
                    drawn = action != "select" and not any(end.merged for end in ends)
                    self.query.links.append((before, position, fixed and not drawn, optional))
                    if relation is not None and relation.tenant is not None:
                        for end in (before, position):
                            far = self.query.nodes[end]
                            if not far.labels and far.tenant is None and (far.optional or not optional):
                                far.tenant = relation.tenant
                before, fixed, bracket, relation = position, True, False, None
            elif token.text in {"-", "->", "<-", "<", ">"}:
                self.take()
                if self.peek().text == "[":
                    fixed, relation = self._relationship()
                    bracket = True
                elif not bracket:
                    fixed = False  # `-->`: of any type
            elif token.kind == "word" and "__hole_" in token.text:
                self.take()
                self.query.opaque.append("part of a pattern is put in at run time")
            else:
                return passed

    def _node(self, action: str, *, optional: bool, merged: bool, created: bool) -> Node | None:
        start = self.take().start  # "("
        name = ""
        labels: list[str] = []
        if self.peek().kind == "word" and self.peek().word != "where":
            name = name_of(self.take())
        while self.peek().text in {":", "|", "&", "!", "%"}:
            mark = self.take().text
            if mark != "!" and self.peek().kind in {"word", "param"}:
                labels.append(name_of(self.take()))
        known = self.query.bound.get(name) if name else None
        node = known or Node(name, tuple(labels), start, start, action=action, optional=optional)
        if known is None:
            node.created, node.merged = created, merged
            if name:
                self.query.bound[name] = node
        elif labels and not known.labels:
            known.labels = tuple(labels)
        if self.peek().text == "{":
            self._map(node)
        elif self.peek().kind == "param" or (self.peek().kind == "word" and "__hole_" in self.peek().text):
            self.take()
            node.opaque = True
        if self.peek().word == "where":
            self.take()
            self._where(fresh=None, inside=node)
        if self.peek().text == ")":
            node.end = max(node.end, self.take().start + 1)
        elif self.peek().kind != "end":
            self.query.opaque.append("a pattern that is not understood")
            self._until_closed()
        if known is None:
            if not node.end or node.end == start:
                node.end = start + 1
            self.query.nodes.append(node)
        return node

    def _relationship(self) -> tuple[bool, Node | None]:
        """(whether it is typed and of fixed length, the relationship)."""
        start = self.take().start  # "["
        name = ""
        types: list[str] = []
        variable = False
        if self.peek().kind == "word":
            name = name_of(self.take())
        node = Node(name, (), start, start)
        while self.peek().kind != "end" and self.peek().text != "]":
            token = self.peek()
            if token.text == ":" or token.text == "|":
                self.take()
                if self.peek().kind in {"word", "param"}:
                    types.append(name_of(self.take()))
            elif token.text == "*":
                self.take()
                variable = True
            elif token.text == "{":
                self._map(node)
            elif token.word == "where":
                self.take()
                self._where(fresh=None, inside=node)
            else:
                self.take()
        self.take()
        if name:
            self.query.bound.setdefault(name, node)
        return bool(types) and not variable, node

    def _map(self, node: Node) -> None:
        """`{id: $id, tenantId: $t}`: what the tenant property is given."""
        self.take()  # "{"
        while self.peek().kind != "end" and self.peek().text != "}":
            key = self.take()
            if self.peek().text == ":":
                self.take()
                value = self._expression()
                if name_of(key) in self.properties or self._is_root(node, name_of(key)):
                    self._tie(node, value)
            elif "__hole_" in key.text or (key.kind == "mark" and key.text in {".", "*"}):
                node.opaque = True
            if self.peek().text == ",":
                self.take()
        self.take()
