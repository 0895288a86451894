"""What the lowerings of all languages share: depth, spans, concatenation, branches, closures, tests of presence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar

from tree_sitter import Node

from lints.extract.ir import (
    Cases,
    Cat,
    Choose,
    Closure,
    Do,
    Expr,
    Func,
    If,
    Invoke,
    Items,
    Leave,
    Loop,
    Name,
    Other,
    Parameter,
    Span,
    Spread,
    Stmt,
    Test,
    Text,
)
from lints.patterns import regex

MAX_DEPTH = 140
"""Nesting that is followed; deeper code is reported, not analysed. Each level costs a few Python frames."""

# A letter and a part of a word, also such as are not ASCII; a class up to \uffff would take long to compile.
_LETTER, _PART = r"[^\x00-#%-@[-^`{-\x7f]", r"[^\x00-#%-/:-@[-^`{-\x7f]"
_PLAIN_NAME = regex(rf"[@$]{{0,2}}{_LETTER}{_PART}*(?:(?:\?|!)?\.#?{_LETTER}{_PART}*){{0,6}}")
_ARROWS = regex(r"\?->|->|::")
_NAME = rf"(?P<name>[@$]{{0,2}}{_PART}+(?:[?!]?\.{_PART}+){{0,5}})"
_PRESENT = tuple(
    (regex(pattern, re.DOTALL), positive, size)
    for pattern, positive, size in (
        (rf"{_NAME}", True, False),
        (rf"{_NAME}\s+is\s+not\s+(?:None|null)", True, False),
        (rf"{_NAME}\s+is\s+(?:None|null)", False, False),
        (rf"{_NAME}\s*!==?\s*(?:null|undefined|nil|None|''|\"\"|``|uuid\.Nil)", True, False),
        (rf"{_NAME}\s*={{2,3}}\s*(?:null|undefined|nil|None|''|\"\"|``|uuid\.Nil)", False, False),
        (rf"typeof\s+{_NAME}\s*!==?\s*['\"]undefined['\"]", True, False),
        (rf"typeof\s+{_NAME}\s*={{2,3}}\s*['\"]undefined['\"]", False, False),
        (rf"(?:isset|\(bool\)|bool|Boolean|!!)\s*\(?\s*{_NAME}\s*\)?", True, False),
        (rf"{_NAME}\.(?:present\?|HasValue|Valid|isPresent\(\)|isNotBlank\(\)|hasText\(\))", True, False),
        (rf"{_NAME}\.(?:nil\?|blank\?|isBlank\(\)|isNullOrEmpty\(\)|isNullOrBlank\(\))", False, False),
        (
            rf"(?:is_null|string\.IsNullOrEmpty|string\.IsNullOrWhiteSpace|String\.IsNullOrEmpty)\({_NAME}\)",
            False,
            False,
        ),
        (rf"(?:StringUtils\.(?:hasText|isNotBlank|isNotEmpty)|Objects\.nonNull)\({_NAME}\)", True, False),
        (rf"{_NAME}\??\.(?:length|size|Count|count|Length)(?:\(\))?(?:\s*(?:>\s*0|>=\s*1|!==?\s*0))?", True, True),
        (rf"{_NAME}\??\.(?:length|size|Count|count|Length)(?:\(\))?\s*={{2,3}}\s*0", False, True),
        (rf"(?:len|count|sizeof)\(\s*{_NAME}\s*\)(?:\s*(?:>\s*0|>=\s*1|!==?\s*0))?", True, True),
        (rf"(?:len|count|sizeof)\(\s*{_NAME}\s*\)\s*={{2,3}}\s*0", False, True),
        (rf"{_NAME}\.(?:any\?|Any\(\)|isNotEmpty\(\)|isNotEmpty|notEmpty)", True, True),
        (rf"{_NAME}\.(?:empty\?|isEmpty\(\)|isEmpty|none\?)|empty\(\s*(?P<other>[$\w.]+)\s*\)", False, True),
    )
)


class Lowering:
    """Lowers one file's syntax tree. A language fills in the tables (node type to method name) and what differs."""

    language: ClassVar[str]
    expressions: ClassVar[Mapping[str, str]]
    statements: ClassVar[Mapping[str, str]]
    binaries: ClassVar[frozenset[str]] = frozenset({"binary_expression"})
    plus: ClassVar[frozenset[str]] = frozenset({"+"})
    either: ClassVar[frozenset[str]] = frozenset({"||", "??", "or", "?:"})
    both: ClassVar[frozenset[str]] = frozenset({"&&", "and"})
    blocks: ClassVar[frozenset[str]] = frozenset({"block", "statement_block", "compound_statement"})
    silent: ClassVar[frozenset[str]] = frozenset({"comment", "line_comment", "block_comment", "empty_statement"})

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.depth = 0
        self.too_deep: int | None = None
        """Byte offset of the first code nested too deeply."""
        self._expressions: dict[str, Callable[[Node], Expr]] = {
            kind: getattr(self, name) for kind, name in self.expressions.items()
        }
        self._statements: dict[str, Callable[[Node], Iterable[Stmt]]] = {
            kind: getattr(self, name) for kind, name in self.statements.items()
        }

    def module(self, root: Node) -> tuple[Stmt, ...]:
        return self.block(root.named_children)

    # Dispatch

    def text(self, node: Node) -> str:
        return self.source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def block(self, nodes: Iterable[Node]) -> tuple[Stmt, ...]:
        out: list[Stmt] = []
        for node in nodes:
            out.extend(self.statement(node))
        return tuple(out)

    def statement(self, node: Node) -> Iterable[Stmt]:
        kind = node.type
        if kind in self.silent:
            return ()
        if self.depth >= MAX_DEPTH:
            self._deep(node)
            return ()
        self.depth += 1
        try:
            handler = self._statements.get(kind)
            return handler(node) if handler is not None else self.other_statement(node)
        finally:
            self.depth -= 1

    def expression(self, node: Node | None) -> Expr:
        if node is None:
            return Other((), (0, 0))
        if self.depth >= MAX_DEPTH:
            self._deep(node)
            return Other((), span(node))
        self.depth += 1
        try:
            handler = self._expressions.get(node.type)
            return handler(node) if handler is not None else self.other(node)
        finally:
            self.depth -= 1

    def _deep(self, node: Node) -> None:
        if self.too_deep is None:
            self.too_deep = node.start_byte

    def other(self, node: Node) -> Expr:
        """A node without a meaning of its own here: its parts may have one."""
        children = node.named_children
        if not children:
            return Other((), span(node))
        return Other(tuple(self.expression(child) for child in children), span(node))

    def other_statement(self, node: Node) -> Iterable[Stmt]:
        """Something unknown: its inner statements if it has any, else an expression for its effect."""
        if node.type == "ERROR" or any(child.type in self._statements for child in node.named_children):
            return self.block(node.named_children)
        return (Do(self.expression(node), span(node)),)

    # Shared statements

    def nothing(self, node: Node) -> Iterable[Stmt]:
        return ()

    def inner_block(self, node: Node) -> Iterable[Stmt]:
        return self.block(node.named_children)

    def body(self, node: Node | None) -> tuple[Stmt, ...]:
        """The statements of a block, or of a single statement in its place."""
        if node is None:
            return ()
        return self.block(node.named_children) if node.type in self.blocks else tuple(self.statement(node))

    def effect(self, node: Node) -> Iterable[Stmt]:
        """Each part evaluated for its effect."""
        return tuple(Do(self.expression(child), span(child)) for child in self.parts(node))

    def if_statement(self, node: Node) -> Iterable[Stmt]:
        """`else if` chains are nested in most grammars; they are walked in a loop."""
        chain: list[Node] = []
        other: tuple[Stmt, ...] = ()
        top: Node | None = node
        before: list[Stmt] = []
        while top is not None:
            chain.append(top)
            start = top.child_by_field_name("initializer")
            if start is not None:
                before.extend(self.statement(start))
            alternative = top.child_by_field_name("alternative")
            if alternative is not None and alternative.type == "else_clause":
                alternative = next(iter(self.parts(alternative)), None)
            if alternative is not None and alternative.type == node.type:
                top = alternative
            else:
                other = self.body(alternative)
                top = None
        for item in reversed(chain):
            test = self.test(item.child_by_field_name("condition"))
            other = (If(test, self.body(item.child_by_field_name("consequence")), other, span(item)),)
        return (*before, *other)

    def while_statement(self, node: Node) -> Iterable[Stmt]:
        condition = self.expression(node.child_by_field_name("condition"))
        return (Loop((), condition, self.body(node.child_by_field_name("body")), span(node)),)

    def return_statement(self, node: Node) -> Iterable[Stmt]:
        value = next(iter(self.parts(node)), None)
        return (Leave(self.expression(value) if value is not None else None, True, span(node)),)

    def throw_statement(self, node: Node) -> Iterable[Stmt]:
        value = next(iter(self.parts(node)), None)
        return (Leave(self.expression(value) if value is not None else None, False, span(node)),)

    def leave(self, node: Node) -> Iterable[Stmt]:
        return (Leave(None, False, span(node)),)

    def attempted(
        self, body: tuple[Stmt, ...], handlers: list[tuple[Stmt, ...]], last: tuple[Stmt, ...], where: Span
    ) -> Iterable[Stmt]:
        """`try`: the body or one of its handlers, then what always runs."""
        if handlers:
            return (Cases((body, *handlers), True, where), *last)
        return (*body, *last)

    def cased(self, alternatives: Iterable[tuple[Stmt, ...]], where: Span, *, complete: bool) -> Stmt:
        """`switch`: a trailing `break` leaves the switch, not the function."""
        cleaned: list[tuple[Stmt, ...]] = []
        for body in alternatives:
            last = body[-1] if body else None
            if isinstance(last, Leave) and not last.returns and last.value is None:
                body = body[:-1]
            if body:
                cleaned.append(body)
        return Cases(tuple(cleaned), complete and len(cleaned) > 0, where)

    # Shared expressions

    def parts(self, node: Node) -> list[Node]:
        """The named children without comments."""
        return [child for child in node.named_children if child.type not in self.silent]

    def inner(self, node: Node) -> Expr:
        children = self.parts(node)
        return self.expression(children[0]) if len(children) == 1 else self.other(node)

    def first(self, node: Node) -> Expr:
        children = self.parts(node)
        return self.expression(children[0]) if children else Other((), span(node))

    def last(self, node: Node) -> Expr:
        children = self.parts(node)
        return self.expression(children[-1]) if children else Other((), span(node))

    def name(self, node: Node) -> Expr:
        return Name(self.text(node).lstrip("$"), span(node))

    def items(self, node: Node) -> Expr:
        return Items(tuple(self.expression(child) for child in self.parts(node)), span(node))

    def spread(self, node: Node) -> Expr:
        return Spread(self.inner(node), span(node))

    def path(self, node: Node) -> Expr:
        """A dotted path of names, or its parts if it is more than that."""
        if node.end_byte - node.start_byte <= 200:
            path = self.presence(self.text(node))
            if path is not None:
                return Name(path, span(node))
        return Other(tuple(self.expression(child) for child in self.parts(node)[:1]), span(node))

    def binary(self, node: Node) -> Expr:
        """The left spine of `a + b + c + …` is walked in a loop: generated code chains thousands."""
        rights: list[tuple[str, Node, Node]] = []
        top: Node = node
        while top.type in self.binaries:
            operator, right = top.child_by_field_name("operator"), top.child_by_field_name("right")
            left = top.child_by_field_name("left")
            if right is None or left is None:
                break
            rights.append((operator.type if operator is not None else "", right, left))
            top = left
        if not rights:
            return self.other(node)
        parts = [self.expression(top)]
        for sign, right, left in reversed(rights):
            where = (node.start_byte, right.end_byte)
            if sign in self.plus:
                parts.append(self.expression(right))
                continue
            value = self.added(parts, where) if len(parts) > 1 else parts[0]
            parts = [self.combined(sign, value, left, right, where)]
        return parts[0] if len(parts) == 1 else self.added(parts, span(node))

    def combined(self, sign: str, value: Expr, left: Node, right: Node, where: Span) -> Expr:
        """An operation other than concatenation, its left side lowered already."""
        other = self.expression(right)
        if sign in self.either:
            return Choose(self.test(left, value), value, other, where)
        if sign in self.both:
            return Choose(self.test(left, value), other, Name("undefined", where), where)
        return Other((value, other), where, sign)

    def added(self, parts: list[Expr], where: Span) -> Expr:
        """`+` of texts is a concatenation; of lists, their items one after the other."""
        if any(isinstance(part, Items) for part in parts):
            items: list[Expr] = []
            for part in parts:
                if isinstance(part, Items):
                    items.extend(part.items)
                else:
                    items.append(Spread(part, part.span))
            return Items(tuple(items), where)
        return joined(parts, where)

    def ternary(self, node: Node) -> Expr:
        return Choose(
            self.test(node.child_by_field_name("condition")),
            self.expression(node.child_by_field_name("consequence")),
            self.expression(node.child_by_field_name("alternative")),
            span(node),
        )

    def invocation(
        self,
        node: Node,
        receiver: Expr | None,
        method: str,
        arguments: Iterable[Expr],
        keywords: Iterable[tuple[str, Expr]] = (),
        listed: Node | None = None,
    ) -> Expr:
        return Invoke(
            receiver,
            method,
            tuple(arguments),
            tuple(keywords),
            span(node),
            span(listed) if listed is not None else (node.end_byte, node.end_byte),
        )

    def function_of(
        self,
        node: Node,
        name: str,
        parameters: tuple[Parameter, ...],
        body: Node | None,
        decorators: tuple[Expr, ...] = (),
    ) -> Func:
        """A function; its body, a block or a single expression, is lowered when somebody asks, and kept for whoever
        asks after that."""
        depth = self.depth
        kept: tuple[Stmt, ...] | None = None

        def lower_body() -> tuple[Stmt, ...]:
            nonlocal kept
            if kept is None:
                before, self.depth = self.depth, depth
                try:
                    kept = self.function_body(body)
                finally:
                    self.depth = before
            return kept

        return Func(
            name, parameters, lower_body, span(node), span(body) if body is not None else span(node), decorators
        )

    def function_body(self, body: Node | None) -> tuple[Stmt, ...]:
        if body is None:
            return ()
        if body.type in self.blocks:
            return self.block(body.named_children)
        return (Leave(self.expression(body), True, span(body)),)

    def closure_of(self, node: Node, parameters: tuple[Parameter, ...], body: Node | None) -> Expr:
        return Closure(self.function_of(node, "", parameters, body), span(node))

    # Tests

    def presence(self, text: str) -> str | None:
        """The dotted name, if the text is only a name."""
        text = text.strip()
        while text.startswith("(") and text.endswith(")"):
            text = text[1:-1].strip()
        if len(text) > 120:
            return None
        if "->" in text or "::" in text:
            text = _ARROWS.sub(".", text)
        if _PLAIN_NAME.fullmatch(text):
            return text.replace("?.", ".").replace("!.", ".").replace("$", "").replace("@", "").replace(".#", ".")
        return None

    def test(self, node: Node | None, lowered: Expr | None = None) -> Test:
        """A condition: of a name's presence, of a list's size, or only known by its text.

        `lowered` is its expression where it is at hand: a chain of `||` must not be lowered once for every link.
        """
        if node is None:
            return Test(key="?", value=None)
        while node.type == "parenthesized_expression" and len(self.parts(node)) == 1:
            node = self.parts(node)[0]
        text = self.text(node).strip() if node.end_byte - node.start_byte <= 400 else ""
        positive = True
        bare = text
        while bare.startswith(("!", "not ")) and not bare.startswith(("!!", "!=")):
            bare = bare.removeprefix("!").removeprefix("not ").strip()
            positive = not positive
            while bare.startswith("(") and bare.endswith(")"):
                bare = bare[1:-1].strip()
        if bare.lower() in {"true", "false"}:
            return Test(key=bare, value=None, constant=(bare.lower() == "true") is positive)
        value = lowered if lowered is not None else self.expression(node)
        found = presence_test(_ARROWS.sub(".", bare))
        if found is not None:
            name, holds, size = found
            name = name.replace("?.", ".").replace("!.", ".").lstrip("$@")
            holds = holds is positive
            if size:
                return Test(key=f"size of {name}", value=value, positive=holds, size_of=name)
            return Test(key=name, value=value, positive=holds, name=name)
        return Test(key=" ".join(bare.split())[:200] or f"test@{node.start_byte}", value=value, positive=positive)


def presence_test(text: str) -> tuple[str, bool, bool] | None:
    """(name, whether the condition holds when it is there, whether it is about a size), for a test of one name."""
    if not text or len(text) > 160:
        return None
    for pattern, positive, size in _PRESENT:
        found = pattern.fullmatch(text)
        if found is not None:
            return found.group("name") or found.groupdict().get("other") or "", positive, size
    return None


def span(node: Node) -> Span:
    return (node.start_byte, node.end_byte)


def joined(parts: Iterable[Expr], where: Span) -> Expr:
    """A concatenation, flattened; a single part stays itself. A sum inside (`"$" + (n + 1)`) stays one part."""
    out: list[Expr] = []
    for part in parts:
        if isinstance(part, Cat) and any(isinstance(inner, Text) for inner in part.parts):
            out.extend(part.parts)
        else:
            out.append(part)
    return out[0] if len(out) == 1 else Cat(tuple(out), where)
