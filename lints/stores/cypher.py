"""Cypher, judged statement by statement: is every node that is read or written tied to the caller's tenant?

A purpose-built reader, not a grammar: clauses, patterns, property maps and the conjuncts of WHERE. There is no schema
in a graph, so every node counts as a tenant's, unless its label is declared global. What it does not understand makes
the verdict opaque, never proven. Linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from lints.proof.result import Proof, Reference, Verdict
from lints.tenancy import Ownership

RULES: Mapping[str, str] = {
    "TENCYP001": "unscoped node read",
    "TENCYP002": "unscoped node changed",
    "TENCYP003": "unscoped node deleted",
    "TENCYP004": "node created without tenant",
    "TENCYP005": "tenant predicate can be switched off",
    "TENCYP006": "tenant predicate is only one OR branch",
    "TENCYP007": "literal tenant",
    "TENCYP008": "MERGE key lacks tenant",
    "TENCYP009": "tenant may be reassigned",
    "TENCYP010": "further node unscoped",
    "TENCYP011": "scoped only through a relationship",
    "TENCYP013": "dynamic Cypher, unverifiable",
}

_TOKEN = re.compile(
    r"""
      (?P<space>\s+|//[^\n]*|/\*.*?(?:\*/|\Z))
    | (?P<string>'(?:[^'\\]|\\.)*+(?:'|\Z)|"(?:[^"\\]|\\.)*+(?:"|\Z))
    | (?P<param>\$(?:\w+|`[^`]*`)(?:\.\w+)*|:h\d+)
    | (?P<word>`[^`]*`|[A-Za-z_\x80-\uffff][\w\x80-\uffff]*)
    | (?P<number>\d+(?:\.(?!\.)\d+)?)
    | (?P<mark><-|->|<>|<=|>=|=~|\+=|\.\.|[-<>=+*/%^|&!?:;,.(){}\[\]])
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_CLAUSES = frozenset(
    [
        "match",
        "optional",
        "where",
        "with",
        "return",
        "unwind",
        "merge",
        "on",
        "create",
        "set",
        "remove",
        "delete",
        "detach",
        "call",
        "yield",
        "union",
        "foreach",
        "load",
        "order",
        "skip",
        "limit",
        "use",
        "using",
        "finish",
    ]
)
_MAX_TOKENS = 60_000
_MAX_DEPTH = 60
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
_DEFINITION = re.compile(
    r"\s*(?:create|drop|show|alter|start|stop)\s+(?:or\s+replace\s+)?"
    r"(?:(?:unique|fulltext|vector|range|text|point|lookup|node\s+key)\s+)?"
    r"(?:constraints?|index|indexes|databases?|user|role|alias)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str
    start: int

    @property
    def word(self) -> str:
        return self.text.lower() if self.kind == "word" else ""


@dataclass(slots=True, eq=False)
class _Node:
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
class _Query:
    nodes: list[_Node] = field(default_factory=list)
    bound: dict[str, _Node] = field(default_factory=dict)
    equal: list[tuple[str, str]] = field(default_factory=list)
    lists: set[str] = field(default_factory=set)
    opaque: list[str] = field(default_factory=list)
    reassigned: list[tuple[_Node, bool]] = field(default_factory=list)
    writes: dict[int, str] = field(default_factory=dict)
    links: list[tuple[int, int, bool]] = field(default_factory=list)
    values: set[str] = field(default_factory=set)
    """Variables whose value comes from a parameter (UNWIND $rows AS row)."""


def is_definition(text: str) -> bool:
    """Whether the statement only defines indexes, constraints, databases or roles."""
    return _DEFINITION.match(text) is not None


def prove_cypher(text: str, properties: Iterable[str], global_labels: Iterable[str] = ()) -> Proof:
    """Judge one Cypher statement. `properties` are the names under which nodes hold their tenant. Never raises."""
    tokens = [Token(m.lastgroup or "", m.group(), m.start()) for m in _TOKEN.finditer(text) if m.lastgroup != "space"]
    digest = _digest(tokens)
    if is_definition(text):
        return Proof(verdict=Verdict.PROVEN, operation="define", relevant=False, fingerprint=digest)
    if len(tokens) > _MAX_TOKENS or _depth(tokens) > _MAX_DEPTH:
        reason = "too long" if len(tokens) > _MAX_TOKENS else "nested too deeply"
        return Proof(verdict=Verdict.OPAQUE, operation="", rules=("TENCYP013",), reason=reason, fingerprint=digest)
    reader = _Reader(tokens, frozenset(properties))
    reader.read()
    return _judged(reader, frozenset(global_labels), digest)


def _digest(tokens: Sequence[Token]) -> str:
    import hashlib

    words = " ".join(token.text if token.kind != "word" else token.text.lower() for token in tokens)
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:32]


class _Reader:
    """Walks the clauses and fills a `_Query`. UNION branches and sub-queries keep their own variables."""

    def __init__(self, tokens: Sequence[Token], properties: frozenset[str]) -> None:
        self.tokens = tokens
        self.properties = properties
        self.at = 0
        self.query = _Query()
        self.operation = ""

    def peek(self, ahead: int = 0) -> Token:
        position = self.at + ahead
        return self.tokens[position] if position < len(self.tokens) else Token("end", "", -1)

    def take(self) -> Token:
        token = self.peek()
        self.at += 1
        return token

    def read(self) -> None:
        while self.peek().kind != "end":
            token = self.take()
            word = token.word
            handler = _HANDLERS.get(word)
            if handler is not None:
                handler(self)
            elif token.text in {";", "}"}:
                self.query.bound = dict(self.query.bound) if token.text == "}" else {}
            elif token.kind == "word" and "__hole_" in token.text:
                self.query.opaque.append("a clause is put in at run time")
            elif word in {"explain", "profile", "finish", "use", "using"} or token.kind in {"number", "string"}:
                continue

    # Clauses

    def clause_match(self, *, optional: bool = False) -> None:
        self._verb("match")
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
        while self.peek().kind == "word" and self.peek().word not in _CLAUSES:
            name = _name(self.take())
            node = self.query.bound.get(name)
            if self.peek().text == ".":
                self.take()
                attribute = _name(self.take())
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
        while self.peek().kind == "word" and self.peek().word not in _CLAUSES:
            node = self.query.bound.get(_name(self.take()))
            if self.peek().text == ".":
                self.take()
                attribute = _name(self.take())
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
        while self.peek().kind == "word" and self.peek().word not in _CLAUSES:
            node = self.query.bound.get(_name(self.take()))
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
        bound: dict[str, _Node] = {}
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
                alias = _name(self.take())
            if value == "*":
                everything = True
            elif len(words) == 1 and words[0].kind == "word":
                node = self.query.bound.get(_name(words[0]))
                if node is not None:
                    bound[alias or _name(words[0])] = node
                if alias and _name(words[0]) in self.query.values:
                    self.query.values.add(alias)
            elif alias and words and words[0].kind == "param":
                self.query.values.add(alias)
            elif alias and len(words) == 4 and words[0].word == "collect" and words[2].kind == "word":
                node = self.query.bound.get(_name(words[2]))
                if node is not None:
                    bound[alias] = node
            if self.peek().text != ",":
                break
            self.take()
        self.query.bound = {**self.query.bound, **bound} if everything else bound

    def clause_return(self) -> None:
        self._verb("match")
        while (
            self.peek().kind != "end"
            and self.peek().word not in {"union", "order", "skip", "limit"}
            and self.peek().text not in {";", "}"}
        ):
            if self.peek().text == "{" and self.peek(-1).word in {"exists", "count", "collect"}:
                self.take()
                continue
            self._expression()
            if self.peek().word == "as":
                self.take()
                self.take()
            elif self.peek().text == ",":
                self.take()
            elif self.peek().word in _CLAUSES or self.peek().kind == "end":
                return
            else:
                self.take()

    def clause_unwind(self) -> None:
        start = self.at
        self._expression(stop={"as"})
        first = self.tokens[start] if start < len(self.tokens) else None
        if self.peek().word == "as":
            self.take()
            name = _name(self.take())
            known = first is not None and (first.kind == "param" or _name(first) in self.query.values)
            source = self.query.bound.get(_name(first)) if first is not None else None
            if known:
                self.query.values.add(name)
            elif source is not None:
                self.query.bound[name] = source

    def clause_call(self) -> None:
        if self.peek().text == "{":
            self.take()
            return  # the clauses inside are read in place; what they bind stays visible
        if self.peek().text == "(":
            self._skip_parentheses()
            if self.peek().text == "{":
                self.take()
            return
        start = self.peek().start
        name: list[str] = []
        while self.peek().kind == "word" or self.peek().text == ".":
            if self.peek().word in _CLAUSES:
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
            while self.peek().kind == "word" and self.peek().word not in _CLAUSES:
                what = _name(self.take())
                alias = what
                if self.peek().word == "as":
                    self.take()
                    alias = _name(self.take())
                yielded.append((what, alias))
                if self.peek().text != ",":
                    break
                self.take()
        if called.startswith(_HARMLESS_CALLS) or called in {"db.propertyKeys", "db.relationshipTypes"}:
            return
        if called.startswith("db.index."):
            for what, alias in yielded:
                if what in {"node", "relationship"}:
                    node = _Node(alias, (), start, start + len(called))
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
            name = _name(self.take())
            if self.peek().word == "in":
                self.take()
                start = self.at
                self._expression(stop_marks={"|"})
                first = self.tokens[start] if start < len(self.tokens) else None
                if first is not None and (first.kind == "param" or _name(first) in self.query.values):
                    self.query.values.add(name)
                elif first is not None and _name(first) in self.query.bound:
                    self.query.bound[name] = self.query.bound[_name(first)]
            if self.peek().text == "|":
                self.take()

    def clause_union(self) -> None:
        if self.peek().word == "all":
            self.take()
        self.query.bound = {}

    def clause_load(self) -> None:
        self.query.opaque.append("rows come from a file")

    def clause_ordered(self) -> None:
        if self.peek().word == "by":
            self.take()
        self._expression()

    def _verb(self, operation: str) -> None:
        order = ["match", "create", "merge", "update", "delete"]
        if operation not in order:
            return
        if not self.operation or order.index(operation) > order.index(self.operation):
            self.operation = operation

    # Patterns

    def _patterns(self, action: str, *, optional: bool = False, merged: bool = False, created: bool = False) -> None:
        while True:
            while self.peek().kind == "word" and self.peek(1).text == "=":
                self.take()  # p = (a)-[:R]->(b)
                self.take()
            while self.peek().kind == "word" and self.peek(1).text == "(":
                if self.peek().word in _CLAUSES:
                    return
                self.take()  # shortestPath(…)
                self.take()
            self._path(action, optional=optional, merged=merged, created=created)
            while self.peek().text == ")":
                self.take()
            if self.peek().text != ",":
                return
            self.take()

    def _path(self, action: str, *, optional: bool, merged: bool, created: bool) -> None:
        before: int | None = None
        fixed, bracket = True, False
        relation: _Node | None = None
        while True:
            token = self.peek()
            if token.text == "(":
                node = self._node(action, optional=optional, merged=merged, created=created)
                if node is None:
                    return
                position = self.query.nodes.index(node) if node in self.query.nodes else len(self.query.nodes) - 1
                if before is not None:
                    ends = (self.query.nodes[before], node)
                    # What MERGE or CREATE draws between two nodes says nothing about them.
                    drawn = action != "select" and not any(end.merged for end in ends)
                    self.query.links.append((before, position, fixed and not drawn))
                    if relation is not None and relation.tenant is not None:
                        for end in (before, position):
                            if not self.query.nodes[end].labels and self.query.nodes[end].tenant is None:
                                self.query.nodes[end].tenant = relation.tenant
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
                return

    def _node(self, action: str, *, optional: bool, merged: bool, created: bool) -> _Node | None:
        start = self.take().start  # "("
        name = ""
        labels: list[str] = []
        if self.peek().kind == "word" and self.peek().word != "where":
            name = _name(self.take())
        while self.peek().text in {":", "|", "&", "!", "%"}:
            mark = self.take().text
            if mark != "!" and self.peek().kind in {"word", "param"}:
                labels.append(_name(self.take()))
        known = self.query.bound.get(name) if name else None
        node = known or _Node(name, tuple(labels), start, start, action=action, optional=optional)
        if known is None:
            node.created, node.merged = created, merged
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
            if name:
                self.query.bound[name] = node
        elif labels and not known.labels:
            known.labels = tuple(labels)
        return node

    def _relationship(self) -> tuple[bool, _Node | None]:
        """(whether it is typed and of fixed length, the relationship)."""
        start = self.take().start  # "["
        name = ""
        types: list[str] = []
        variable = False
        if self.peek().kind == "word":
            name = _name(self.take())
        node = _Node(name, (), start, start)
        while self.peek().kind != "end" and self.peek().text != "]":
            token = self.peek()
            if token.text == ":" or token.text == "|":
                self.take()
                if self.peek().kind in {"word", "param"}:
                    types.append(_name(self.take()))
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

    def _map(self, node: _Node) -> None:
        """`{id: $id, tenantId: $t}`: what the tenant property is given."""
        self.take()  # "{"
        while self.peek().kind != "end" and self.peek().text != "}":
            key = self.take()
            if self.peek().text == ":":
                self.take()
                value = self._expression()
                if _name(key) in self.properties:
                    self._tie(node, value)
            elif "__hole_" in key.text or (key.kind == "mark" and key.text in {".", "*"}):
                node.opaque = True
            if self.peek().text == ",":
                self.take()
        self.take()

    # Conditions

    def _where(self, *, fresh: int | None, inside: _Node | None = None) -> None:
        """Conjuncts of a condition. With `fresh`, only nodes from that one on are filtered (OPTIONAL MATCH)."""
        start = self.at
        end = self._end_of_condition(closing=inside is not None)
        tokens = list(self.tokens[start:end])
        self.at = end
        for part in _split(tokens, "and"):
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
            elif token.text == ";" or (depth == 0 and _begins_clause(token, previous)):
                return position
            previous = token.word or token.text
            position += 1
        return position

    def _conjunct(self, tokens: Sequence[Token], fresh: int | None) -> None:
        tokens = _unwrapped(tokens)
        if any(token.word == "and" for token in _top(tokens)):
            for part in _split(tokens, "and"):
                self._conjunct(part, fresh)
            return
        branches = _split(tokens, "or")
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
            for part in _split(_unwrapped(branch), "and"):
                comparison = self._comparison(_unwrapped(part))
                if comparison is not None and comparison[2] is None:
                    found[comparison[0]] = comparison[1]
            names = {token.kind for token in branch}
            switch = switch or (
                not found and "param" in names and not any(_name(t) in self.query.bound for t in branch)
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
        name = _name(tokens[2])
        position = next((n for n, token in enumerate(tokens) if token.word == "where"), None)
        if position is None or not any(token.word == "nodes" for token in tokens[:position]):
            return
        for part in _split(_unwrapped(tokens[position + 1 : -1]), "and"):
            found = self._comparison(_unwrapped(part))
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
            and _name(tokens[2]) in self.properties
        ):
            name = _name(tokens[0])
            return None if name in self.query.values else name
        return None

    def _value(self, tokens: Sequence[Token]) -> str | None:
        """The text of a value that a caller gives, or a literal; None for anything else."""
        text = " ".join(token.text for token in tokens)
        if not tokens or "__hole_" in text:
            return "__hole__" if "__hole_" in text else None
        if (
            tokens[0].kind == "word"
            and _name(tokens[0]) in self.query.bound
            and tokens[0].word not in self.query.values
        ):
            return None
        if any(token.kind == "param" for token in tokens):
            return text if not any(t.kind == "word" and _name(t) in self.query.bound for t in tokens) else None
        if tokens[0].kind == "word" and _name(tokens[0]) in self.query.values:
            return text
        if all(token.kind in {"string", "number"} for token in tokens):
            return f"literal {text}"
        return None

    # Facts

    def _tie(self, node: _Node, value: str) -> None:
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
            elif "$" in value or value.startswith(":h") or _name(words[0]) in self.query.values:
                node.tenant, node.literal = value, False
            else:
                self.query.equal.append((node.name or str(id(node)), value.split(" ")[0].split(".")[0]))
                self.query.bound.setdefault(str(id(node)), node)

    def _assigned(self, node: _Node, attribute: str, value: str) -> None:
        self.query.writes.setdefault(id(node), "update")
        if attribute not in self.properties:
            return
        if node.created or node.merged:
            if node.created:
                self._tie(node, value)
            return
        if value.replace(" ", "") != (node.tenant or "").replace(" ", ""):
            self.query.reassigned.append((node, True))

    def _replaced(self, node: _Node, value: str) -> None:
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
                or _begins_clause(token, previous)
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


_HANDLERS = {
    "match": _Reader.clause_match,
    "optional": _Reader.clause_optional,
    "where": _Reader.clause_where,
    "merge": _Reader.clause_merge,
    "create": _Reader.clause_create,
    "on": _Reader.clause_on,
    "set": _Reader.clause_set,
    "remove": _Reader.clause_remove,
    "delete": _Reader.clause_delete,
    "detach": _Reader.clause_detach,
    "with": _Reader.clause_with,
    "return": _Reader.clause_return,
    "unwind": _Reader.clause_unwind,
    "call": _Reader.clause_call,
    "foreach": _Reader.clause_foreach,
    "union": _Reader.clause_union,
    "load": _Reader.clause_load,
    "order": _Reader.clause_ordered,
    "skip": _Reader.clause_ordered,
    "limit": _Reader.clause_ordered,
}


def _name(token: Token) -> str:
    return token.text.strip("`")


def _begins_clause(token: Token, previous: str) -> bool:
    """Whether a word begins a clause; STARTS WITH and ENDS WITH are operators, `.` and `:` precede names."""
    if token.word not in _CLAUSES or previous in {".", ":"}:
        return False
    return not (token.word == "with" and previous in {"starts", "ends"})


def _top(tokens: Sequence[Token]) -> list[Token]:
    depth = 0
    out: list[Token] = []
    for token in tokens:
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(token.text, 0)
        if depth == 0:
            out.append(token)
    return out


def _split(tokens: Sequence[Token], word: str) -> list[list[Token]]:
    depth = 0
    parts: list[list[Token]] = [[]]
    for token in tokens:
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(token.text, 0)
        if depth == 0 and token.word == word:
            parts.append([])
        else:
            parts[-1].append(token)
    return [part for part in parts if part]


def _unwrapped(tokens: Sequence[Token]) -> Sequence[Token]:
    """Without the parentheses around all of it."""
    while len(tokens) > 2 and tokens[0].text == "(" and tokens[-1].text == ")":
        depth = 0
        for position, token in enumerate(tokens):
            depth += {"(": 1, ")": -1}.get(token.text, 0)
            if depth == 0 and position < len(tokens) - 1:
                return tokens
        tokens = tokens[1:-1]
    return tokens


def _depth(tokens: Iterable[Token]) -> int:
    depth = deepest = 0
    for token in tokens:
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(token.text, 0)
        deepest = max(deepest, depth)
    return deepest


# Judgement


def _judged(reader: _Reader, global_labels: frozenset[str], digest: str) -> Proof:
    query = reader.query
    _close(query)
    references: list[Reference] = []
    assumptions: list[str] = []
    scoped = any(node.tenant is not None for node in query.nodes)
    reached = _reached(query)
    for position, node in enumerate(query.nodes):
        if node.labels and all(label in global_labels for label in node.labels):
            continue
        references.append(_reference(reader, node, position in reached, scoped=scoped))
    for node, certain in query.reassigned:
        reason = "its tenant is assigned, so it can move to another tenant"
        if not certain:
            reason = "properties are put in as a whole, the tenant's among them if the caller says so"
        references.append(
            Reference(
                table=_label(node),
                column=next(iter(sorted(reader.properties)), None),
                alias=node.name,
                ownership=Ownership.OWNED,
                action="update",
                proven=not certain,
                proven_by=None if certain else "the properties that are put in do not name the tenant",
                why_not=reason if certain else None,
                rule="TENCYP009",
                start=node.start,
                end=node.end,
            )
        )
        if not certain:
            assumptions.append("the properties that are put in do not name the tenant")
    for reference in references:
        if reference.proven and reference.rule == "TENCYP011":
            assumptions.append("relationships never cross tenants")
        elif reference.proven and reference.rule == "TENCYP007":
            assumptions.append("the tenant written in the statement is meant")
    verdict = _verdict(query, references)
    rules = tuple(dict.fromkeys(r.rule for r in references if r.rule is not None))
    if verdict is Verdict.OPAQUE:
        rules = (*rules, "TENCYP013") if "TENCYP013" not in rules else rules
    return Proof(
        verdict=verdict,
        operation=reader.operation or "match",
        tables=tuple(dict.fromkeys(r.table for r in references)),
        rules=rules,
        references=tuple(references),
        assumptions=tuple(dict.fromkeys(assumptions)),
        fingerprint=digest,
        relevant=bool(references or query.opaque),
        reason=next(iter(query.opaque), None),
    )


def _verdict(query: _Query, references: Sequence[Reference]) -> Verdict:
    unproven = [reference for reference in references if not reference.proven]
    if query.opaque and (unproven or not references):
        return Verdict.OPAQUE
    if any(reference.rule != "TENCYP013" for reference in unproven):
        return Verdict.VIOLATION
    if unproven or query.opaque:
        return Verdict.OPAQUE
    return Verdict.WEAK if any(reference.rule is not None for reference in references) else Verdict.PROVEN


def _close(query: _Query) -> None:
    """Equality between tenant properties carries a tie from one node to the other, to a fixed point."""
    for _ in range(len(query.equal) + 1):
        changed = False
        for left, right in query.equal:
            one, two = query.bound.get(left), query.bound.get(right)
            if one is None or two is None:
                continue
            for source, target in ((one, two), (two, one)):
                if source.tenant is not None and target.tenant is None:
                    target.tenant, target.literal = source.tenant, source.literal
                    changed = True
        if not changed:
            return


def _reached(query: _Query) -> set[int]:
    """Nodes that typed relationships of fixed length tie to a node of the tenant."""
    reached = {position for position, node in enumerate(query.nodes) if node.tenant is not None}
    changed = True
    while changed:
        changed = False
        for left, right, fixed in query.links:
            if fixed and (left in reached) != (right in reached):
                reached |= {left, right}
                changed = True
    return reached


def _label(node: _Node) -> str:
    return ":" + ":".join(label for label in node.labels if "__hole_" not in label) if node.labels else "(any node)"


def _reference(reader: _Reader, node: _Node, reached: bool, *, scoped: bool) -> Reference:
    action = reader.query.writes.get(id(node), node.action)
    column = next(iter(sorted(reader.properties, key=lambda name: (name != "tenantId", name))), None)
    label = _label(node)
    proven_by = why_not = rule = None
    if node.tenant is not None:
        proven_by = f"{column} is {node.tenant}"
        if node.literal:
            rule = "TENCYP007"
    elif node.merged and not reached:
        rule, why_not = (
            "TENCYP008",
            "the key it is merged on does not name the tenant, so another tenant's node can be hit",
        )
        if node.opaque:
            rule, why_not = "TENCYP013", "the properties it is merged on are put in at run time"
    elif node.created:
        rule, why_not = "TENCYP004", "it is created without a tenant"
        if node.opaque:
            rule, why_not = (
                "TENCYP013",
                "its properties are put in as a whole, so whether the tenant is among them can't be seen",
            )
    elif node.merged:
        rule, why_not = "TENCYP008", "the key it is merged on does not name the tenant"
        if node.labels and not node.opaque:
            proven_by, why_not, rule = "merged along a relationship of a scoped node", None, "TENCYP011"
    elif node.opaque:
        rule, why_not = "TENCYP013", "its conditions are put in at run time"
    elif node.rejected == "or":
        rule, why_not = "TENCYP006", "its tenant is compared in one branch of an OR only"
    elif node.rejected == "switch":
        rule, why_not = "TENCYP005", "a parameter can switch the comparison of its tenant off"
    elif reached:
        proven_by, rule = "reached by a relationship from a scoped node", "TENCYP011"
    else:
        rule = {"delete": "TENCYP003", "update": "TENCYP002"}.get(action) or ("TENCYP010" if scoped else "TENCYP001")
        why_not = "nothing ties it to a caller's tenant"
    return Reference(
        table=label,
        column=column,
        alias=node.name,
        ownership=Ownership.OWNED,
        action=action,
        proven=proven_by is not None,
        proven_by=proven_by,
        why_not=why_not,
        rule=rule,
        start=node.start,
        end=node.end,
    )
