"""What the lowerings of all languages share: depth, spans, text, and tests of presence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar

from tree_sitter import Node

from lints.extract.ir import Cat, Expr, Name, Other, Span, Stmt, Test, Text

MAX_DEPTH = 140
"""Nesting that is followed; deeper code is reported, not analysed. Each level costs a few Python frames."""

_PLAIN_NAME = re.compile(
    r"[A-Za-z_$@\x80-\uffff][\w$\x80-\uffff]*(?:(?:\?|!)?\.[A-Za-z_$#\x80-\uffff][\w$\x80-\uffff]*){0,6}"
)


class Lowering:
    """Lowers one file's syntax tree. A language fills in the tables: node type to method name."""

    language: ClassVar[str]
    expressions: ClassVar[Mapping[str, str]]
    statements: ClassVar[Mapping[str, str]]

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

    def text(self, node: Node) -> str:
        return self.source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def block(self, nodes: Iterable[Node]) -> tuple[Stmt, ...]:
        out: list[Stmt] = []
        for node in nodes:
            out.extend(self.statement(node))
        return tuple(out)

    def statement(self, node: Node) -> Iterable[Stmt]:
        handler = self._statements.get(node.type)
        if self.depth >= MAX_DEPTH:
            self._deep(node)
            return ()
        self.depth += 1
        try:
            return handler(node) if handler is not None else self.other_statement(node)
        finally:
            self.depth -= 1

    def expression(self, node: Node | None) -> Expr:
        if node is None:
            return Other((), (0, 0))
        handler = self._expressions.get(node.type)
        if self.depth >= MAX_DEPTH:
            self._deep(node)
            return Other((), span(node))
        self.depth += 1
        try:
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
        raise NotImplementedError

    def presence(self, text: str) -> str | None:
        """The dotted name in a condition that is only a name."""
        text = text.strip()
        while text.startswith("(") and text.endswith(")"):
            text = text[1:-1].strip()
        if len(text) <= 120 and _PLAIN_NAME.fullmatch(text):
            return text.replace("?.", ".").replace("!.", ".").lstrip("@$")
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


def plain_test(key: str, value: Expr | None, name: str | None, *, positive: bool = True) -> Test:
    return Test(key=" ".join(key.split())[:200], value=value, positive=positive, name=name)


def negated(test: Test) -> Test:
    return Test(
        key=test.key,
        value=test.value,
        positive=not test.positive,
        name=test.name,
        size_of=test.size_of,
        constant=test.constant,
    )


def is_string(expression: Expr) -> bool:
    return isinstance(expression, (Text, Cat))


def dotted(expression: Expr) -> str | None:
    return expression.path if isinstance(expression, Name) else None
