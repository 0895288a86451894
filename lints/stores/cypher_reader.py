"""Walks the clauses of a Cypher statement: which nodes there are, and what their tenant is compared with or set to."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lints.stores.cypher_conditions import Node
from lints.stores.cypher_patterns import Patterns
from lints.stores.cypher_tokens import CLAUSES, Token, name_of

_HARMLESS_CALLS = (
    "db.labels",
    "db.schema",
    "db.indexes",
    "db.constraints",
    "dbms.",
    "db.awaitIndex",
    "db.ping",
    "db.info",
)


class Reader(Patterns):
    """Walks the clauses and fills a `Query`. UNION branches and sub-queries keep their own variables."""

    def __init__(self, tokens: Sequence[Token], properties: frozenset[str]) -> None:
        super().__init__(tokens, properties)
        self.outer: list[tuple[dict[str, Node], dict[str, Node] | None]] = []
        """For each sub-query around: the variables outside, and those that it names in `CALL (…)`."""
        self.returned: dict[str, Node] = {}
        self.inward = False
        """Inside something that keeps no row of the outer query out: its facts hold for its own nodes only."""

    def read(self) -> None:
        while self.peek().kind != "end":
            token = self.take()
            word = token.word
            handler = _HANDLERS.get(word)
            if handler is not None:
                handler(self)
            elif token.text == ";":
                self.query.bound = {}
            elif token.text == "}" and self.outer:
                self.query.bound = {**self.returned, **self.outer.pop()[0]}
                self.returned = {}
            elif token.kind == "word" and "__hole_" in token.text:
                self.query.opaque.append("a clause is put in at run time")
            elif word in {"explain", "profile", "finish", "use", "using"} or token.kind in {"number", "string"}:
                continue

    # Clauses

    def clause_match(self, *, optional: bool = False) -> None:
        self._verb("match")
        optional = optional or self.inward
        first = len(self.query.nodes)
        self._patterns("select", optional=optional)
        if self.peek().word == "where":
            self.take()
            self._where(fresh=first if optional else None)

    def clause_optional(self) -> None:
        if self.peek().word == "match":
            self.take()
            self.clause_match(optional=True)

    def clause_where(self) -> None:
        self._where(fresh=None)

    def clause_merge(self) -> None:
        self._verb("merge")
        self._patterns("insert", merged=True)

    def clause_create(self) -> None:
        self._verb("create")
        self._patterns("insert", created=True)

    def clause_on(self) -> None:
        if self.peek().word in {"create", "match"}:
            self.take()
            if self.peek().word == "set":
                self.take()
                self.clause_set()

    def clause_set(self) -> None:
        """`n.tenantId = $t`, `n += $props`, `n = $props`, `n:Label`, comma separated."""
        self._verb("update")
        while self.peek().kind == "word" and self.peek().word not in CLAUSES:
            name = name_of(self.take())
            node = self.query.bound.get(name)
            if self.peek().text == ".":
                self.take()
                attribute = name_of(self.take())
                if self.peek().text == "=":
                    self.take()
                    value = self._expression()
                    if node is not None:
                        self._assigned(node, attribute, value)
            elif self.peek().text in {"=", "+="}:
                self.take()
                value = self._expression()
                if node is not None:
                    self._replaced(node, value)
            elif self.peek().text == ":":
                while self.peek().text == ":":
                    self.take()
                    self.take()
                if node is not None:
                    self.query.writes.setdefault(id(node), "update")
            elif "__hole_" in name:
                self.query.opaque.append("assignments are put in at run time")
            if self.peek().text == ",":
                self.take()
            else:
                return

    def clause_remove(self) -> None:
        self._verb("update")
        while self.peek().kind == "word" and self.peek().word not in CLAUSES:
            node = self.query.bound.get(name_of(self.take()))
            if self.peek().text == ".":
                self.take()
                attribute = name_of(self.take())
                if node is not None and attribute in self.properties:
                    self.query.reassigned.append((node, True))
            elif self.peek().text == ":":
                self.take()
                self.take()
            if node is not None:
                self.query.writes.setdefault(id(node), "update")
            if self.peek().text != ",":
                return
            self.take()

    def clause_delete(self) -> None:
        self._verb("delete")
        while self.peek().kind == "word" and self.peek().word not in CLAUSES:
            node = self.query.bound.get(name_of(self.take()))
            if node is not None:
                self.query.writes[id(node)] = "delete"
            if self.peek().text != ",":
                return
            self.take()

    def clause_detach(self) -> None:
        if self.peek().word == "delete":
            self.take()
            self.clause_delete()

    def clause_with(self) -> None:
        """Variables that are not passed on are out of scope; aliases stand for what they rename."""
        bound: dict[str, Node] = {}
        everything = False
        if self.peek().word == "distinct":
            self.take()
        while True:
            start = self.at
            value = self._expression(stop={"as"})
            words = self.tokens[start : self.at]
            alias = None
            if self.peek().word == "as":
                self.take()
                alias = name_of(self.take())
            if value == "*":
                everything = True
            elif len(words) == 1 and words[0].kind == "word":
                node = self.query.bound.get(name_of(words[0]))
                if node is not None:
                    bound[alias or name_of(words[0])] = node
                if alias and name_of(words[0]) in self.query.values:
                    self.query.values.add(alias)
            elif alias and words and words[0].kind == "param":
                self.query.values.add(alias)
            elif alias and len(words) == 4 and words[0].word == "collect" and words[2].kind == "word":
                node = self.query.bound.get(name_of(words[2]))
                if node is not None:
                    bound[alias] = node
            if self.peek().text != ",":
                break
            self.take()
        self.query.bound = {**self.query.bound, **bound} if everything else bound

    def clause_return(self) -> None:
        """What a sub-query returns is bound outside it."""
        self._verb("match")
        start = self.at
        while self.peek().kind != "end" and self.peek().word not in {"union", "order", "skip", "limit"}:
            if self.peek().text in {";", "}"} or (self.peek().word in CLAUSES and self.at > start):
                break
            before = self.at
            self._expression(stop={"as"})
            node = self.query.bound.get(name_of(self.tokens[before])) if self.at == before + 1 else None
            alias = name_of(self.tokens[before]) if self.at == before + 1 else ""
            if self.peek().word == "as":
                self.take()
                alias = name_of(self.take())
            if node is not None and self.outer:
                self.returned[alias] = node
            if self.peek().text == "," or self.at == before:
                self.take()

    def clause_unwind(self) -> None:
        start = self.at
        self._expression(stop={"as"})
        first = self.tokens[start] if start < len(self.tokens) else None
        if self.peek().word == "as":
            self.take()
            name = name_of(self.take())
            known = first is not None and (first.kind == "param" or name_of(first) in self.query.values)
            source = self.query.bound.get(name_of(first)) if first is not None else None
            if known:
                self.query.values.add(name)
            elif source is not None:
                self.query.bound[name] = source

    def clause_call(self) -> None:
        if self.peek().text == "{":
            self.take()
            self._enter(None)
            return
        if self.peek().text == "(":
            before = self.at
            self._skip_parentheses()
            names = {token.text if token.text == "*" else name_of(token) for token in self.tokens[before + 1 : self.at]}
            if self.peek().text == "{":
                self.take()
                self._enter({n: v for n, v in self.query.bound.items() if n in names or "*" in names})
            return
        start = self.peek().start
        name: list[str] = []
        while self.peek().kind == "word" or self.peek().text == ".":
            if self.peek().word in CLAUSES and name[-1:] != ["."]:
                break
            name.append(self.take().text)
        called = "".join(name)
        listed = ""
        if self.peek().text == "(":
            before = self.at
            self._skip_parentheses()
            listed = " ".join(token.text for token in self.tokens[before : self.at])
        yielded: list[tuple[str, str]] = []
        if self.peek().word == "yield":
            self.take()
            while self.peek().kind == "word" and self.peek().word not in CLAUSES:
                what = name_of(self.take())
                alias = what
                if self.peek().word == "as":
                    self.take()
                    alias = name_of(self.take())
                yielded.append((what, alias))
                if self.peek().text != ",":
                    break
                self.take()
        if called.startswith(_HARMLESS_CALLS) or called in {"db.propertyKeys", "db.relationshipTypes"}:
            return
        if called.startswith("db.index."):
            for what, alias in yielded:
                if what in {"node", "relationship"}:
                    node = Node(alias, (), start, start + len(called))
                    self.query.nodes.append(node)
                    self.query.bound[alias] = node
            self.operation = self.operation or "match"
            return
        if (
            not called.startswith("apoc.")
            or re.search(r"cypher|periodic|merge|create|refactor|path|trigger|export|load", called)
            or "MATCH" in listed.upper()
        ):
            self.query.opaque.append(f"the procedure {called} does what can't be seen here")

    def clause_foreach(self) -> None:
        """`FOREACH (x IN list | updates)`: the updates are read in place."""
        if self.peek().text == "(":
            self.take()
            name = name_of(self.take())
            if self.peek().word == "in":
                self.take()
                start = self.at
                self._expression(stop_marks={"|"})
                first = self.tokens[start] if start < len(self.tokens) else None
                if first is not None and (first.kind == "param" or name_of(first) in self.query.values):
                    self.query.values.add(name)
                elif first is not None and name_of(first) in self.query.bound:
                    self.query.bound[name] = self.query.bound[name_of(first)]
            if self.peek().text == "|":
                self.take()

    def clause_union(self) -> None:
        if self.peek().word in {"all", "distinct"}:
            self.take()
        self._begin()

    def _enter(self, imported: dict[str, Node] | None) -> None:
        """A sub-query sees what it imports: by name, or by the WITH it begins with."""
        self.outer.append((self.query.bound, imported))
        self._begin()

    def _begin(self) -> None:
        outer, imported = self.outer[-1] if self.outer else ({}, None)
        if imported is not None:
            self.query.bound = dict(imported)
        else:
            self.query.bound = dict(outer) if self.peek().word == "with" else {}

    def clause_load(self) -> None:
        self.query.opaque.append("rows come from a file")

    def clause_ordered(self) -> None:
        if self.peek().word == "by":
            self.take()
        while True:
            self._expression()
            if self.peek().text != ",":
                return
            self.take()

    def clause_limit(self) -> None:
        """Whose rows are left is decided here: a condition that comes later comes too late."""
        for node in self.query.bound.values():
            node.cut = node.cut or (node.tenant is None and not node.opaque)
        self._expression()

    # Inside expressions

    def _inner(self, start: int, end: int) -> None:
        position = start
        while position < end:
            token = self.tokens[position]
            before = self.tokens[position - 1].word if position > start else ""
            if token.text == "{" and before in {"exists", "count", "collect"}:
                close = self._closing(position, end)
                self._nested(position, close)
                position = close
            elif token.text == "(" and self._begins_path(position, end):
                inward, self.inward = self.inward, self.inward or token.start not in self.positive
                at, self.at = self.at, position
                self._path("select", optional=self.inward, merged=False, created=False)
                position, self.at = max(self.at, position + 1), at
                self.inward = inward
                continue
            position += 1

    def _nested(self, opened: int, close: int) -> None:
        """Reads `EXISTS { … }`; it sees the variables around it, and what it binds stays inside."""
        kept = (self.tokens, self.at, self.query.bound, self.outer, self.inward, self.returned)
        self.inward = self.inward or self.tokens[opened].start not in self.positive
        self.tokens, self.at = self.tokens[opened + 1 : close], 0
        self.query.bound, self.outer, self.returned = dict(self.query.bound), [], {}
        if self.peek().text == "(":
            self._patterns("select", optional=self.inward)
        self.read()
        self.tokens, self.at, self.query.bound, self.outer, self.inward, self.returned = kept

    def _closing(self, opened: int, end: int) -> int:
        depth = 0
        for position in range(opened, end):
            depth += {"{": 1, "(": 1, "[": 1, "}": -1, ")": -1, "]": -1}.get(self.tokens[position].text, 0)
            if depth == 0:
                return position
        return end

    def _begins_path(self, opened: int, end: int) -> bool:
        """Whether a parenthesis is a node of a path, not one of a sum: a line follows it."""
        close = self._closing(opened, end)
        after = [token.text for token in self.tokens[close + 1 : min(close + 3, end)]]
        return len(after) == 2 and (
            (after[0] == "-" and after[1] in {"[", "-", "->", ">"})
            or (after[0] in {"<-", "<"} and after[1] in {"[", "-"})
        )

    def _verb(self, operation: str) -> None:
        order = ["match", "create", "merge", "update", "delete"]
        if operation not in order:
            return
        if not self.operation or order.index(operation) > order.index(self.operation):
            self.operation = operation


_HANDLERS = {
    "match": Reader.clause_match,
    "optional": Reader.clause_optional,
    "where": Reader.clause_where,
    "merge": Reader.clause_merge,
    "create": Reader.clause_create,
    "on": Reader.clause_on,
    "set": Reader.clause_set,
    "remove": Reader.clause_remove,
    "delete": Reader.clause_delete,
    "detach": Reader.clause_detach,
    "with": Reader.clause_with,
    "return": Reader.clause_return,
    "unwind": Reader.clause_unwind,
    "call": Reader.clause_call,
    "foreach": Reader.clause_foreach,
    "union": Reader.clause_union,
    "load": Reader.clause_load,
    "order": Reader.clause_ordered,
    "skip": Reader.clause_limit,
    "limit": Reader.clause_limit,
}
