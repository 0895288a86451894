"""Ruby lowered to `ir`."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from typing import ClassVar

from tree_sitter import Node

from lints.extract.escapes import CONTINUED, Escapes
from lints.extract.ir import (
    Assign,
    Cases,
    Cat,
    Choose,
    ClassBody,
    Closure,
    Define,
    Do,
    Expr,
    If,
    Items,
    Leave,
    Loop,
    Name,
    Other,
    Pairs,
    Parameter,
    Stmt,
    Test,
    Text,
    Unpack,
)
from lints.extract.lower import Lowering, joined, span
from lints.patterns import regex

_COLUMN = regex(r"Sequel(?:\.qualify)?\[:(\w+)\](?:\[:(\w+)\])?")
"""A column as Sequel names it: `Sequel[:boats][:fleet_id]`."""
_HEREDOC = regex(rb"<<[-~]?[\"'`\w\x80-\xff]")
_ESCAPES = Escapes(
    pattern=regex(r"\\(?:u\{[0-9a-fA-F ]{1,40}\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{1,2}|[0-7]{1,3}|\r?\n|[\s\S])"),
    letters={
        **CONTINUED,
        "a": "\a",
        "b": "\b",
        "e": "\x1b",
        "f": "\f",
        "n": "\n",
        "r": "\r",
        "s": " ",
        "t": "\t",
        "v": "\v",
    },
)
_KEYS = frozenset({"hash_key_symbol", "simple_symbol", "string", "delimited_symbol"})
"""Keys of a hash that are written out; any other one is an expression."""


_VALUED = frozenset({"if", "unless", "case", "case_match", "begin"})
"""Statements that are values too."""


class RubyLowering(Lowering):
    language = "ruby"
    statements: ClassVar[Mapping[str, str]] = {
        "module": "module_",
        "class": "class_",
        "singleton_class": "inner_block",
        "method": "method",
        "singleton_method": "method",
        "assignment": "assignment",
        "operator_assignment": "operator_assignment",
        "binary": "shovel",
        "if": "if_",
        "unless": "if_",
        "elsif": "if_",
        "if_modifier": "modifier",
        "unless_modifier": "modifier",
        "while": "while_statement",
        "until": "while_statement",
        "for": "for_",
        "while_modifier": "loop_modifier",
        "until_modifier": "loop_modifier",
        "rescue_modifier": "inner_block",
        "case": "case",
        "case_match": "case",
        "begin": "begin",
        "body_statement": "begin",
        "return": "return_statement",
        "break": "leave",
        "next": "next_",
        "redo": "leave",
        "then": "inner_block",
        "else": "inner_block",
        "do": "inner_block",
        "block_body": "inner_block",
        "parenthesized_statements": "inner_block",
        "begin_block": "inner_block",
        "heredoc_body": "nothing",
    }
    expressions: ClassVar[Mapping[str, str]] = {
        "string": "string",
        "bare_string": "string",
        "chained_string": "chained",
        "heredoc_beginning": "heredoc",
        "subshell": "other",
        "identifier": "name",
        "constant": "name",
        "self": "name",
        "instance_variable": "instance_variable",
        "class_variable": "name",
        "global_variable": "name",
        "scope_resolution": "path",
        "call": "call",
        "binary": "binary",
        "conditional": "ternary",
        "array": "items",
        "string_array": "items",
        "symbol_array": "items",
        "bare_symbol": "symbol",
        "hash": "hash",
        "parenthesized_statements": "last",
        "lambda": "lambda_",
        "assignment": "assigned",
        "operator_assignment": "assigned",
        "if": "chosen",
        "unless": "chosen",
        "simple_symbol": "symbol",
        "true": "name",
        "nil": "nil",
        "false": "name",
        "range": "range_",
        "splat_argument": "spread",
        "right_assignment_list": "items",
        "interpolation": "last",
    }
    binaries: ClassVar[frozenset[str]] = frozenset({"binary"})
    silent: ClassVar[frozenset[str]] = frozenset({"comment", "empty_statement", "heredoc_body"})
    blocks: ClassVar[frozenset[str]] = frozenset({"body_statement", "block_body", "then", "do", "else"})

    def module(self, root: Node) -> tuple[Stmt, ...]:
        self.heredocs = _heredocs(root) if _HEREDOC.search(self.source) is not None else {}
        return super().module(root)

    # Declarations

    def module_(self, node: Node) -> Iterable[Stmt]:
        body = node.child_by_field_name("body")
        return self.block(body.named_children) if body is not None else ()

    def class_(self, node: Node) -> Iterable[Stmt]:
        """A class; the class it extends, as written, is its base."""
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        above = node.child_by_field_name("superclass")
        inner = self.block(body.named_children) if body is not None else ()
        bases = (self.text(above).lstrip("< \t\n"),) if above is not None else ()
        return (ClassBody(self.text(name) if name is not None else "", inner, span(node), bases),)

    def method(self, node: Node) -> Iterable[Stmt]:
        name = node.child_by_field_name("name")
        function = self.function_of(
            node,
            self.text(name) if name is not None else "",
            self.parameters(node.child_by_field_name("parameters")),
            node.child_by_field_name("body"),
        )
        return (Define(function, span(node)),)

    def function_body(self, body: Node | None) -> tuple[Stmt, ...]:
        """The last expression of a method is what it returns."""
        if body is None:
            return ()
        statements = self.block(body.named_children) if body.type in self.blocks else tuple(self.statement(body))
        if statements and isinstance(statements[-1], Do):
            last = statements[-1]
            return (*statements[:-1], Leave(last.value, True, last.span))
        if statements and isinstance(statements[-1], Assign) and statements[-1].target is not None:
            last_assign = statements[-1]
            target = last_assign.target or ""
            return (*statements, Leave(Name(target, last_assign.span), True, last_assign.span))
        return statements

    def parameters(self, node: Node | None) -> tuple[Parameter, ...]:
        found: list[Parameter] = []
        for child in node.named_children if node is not None else []:
            if child.type == "identifier":
                found.append(Parameter(self.text(child)))
                continue
            name, value = child.child_by_field_name("name"), child.child_by_field_name("value")
            if name is not None:
                found.append(Parameter(self.text(name), self.expression(value) if value is not None else None))
        return tuple(found)

    # Statements

    def assignment(self, node: Node) -> Iterable[Stmt]:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        valued = self.valued(left, right)
        if valued is not None:
            return valued
        value = self.expression(right)
        if left is not None and left.type == "left_assignment_list":
            targets = tuple((position, self.text(child)) for position, child in enumerate(left.named_children))
            return (Unpack(targets, value, span(node)),)
        target = self.presence(self.text(left)) if left is not None else None
        return (Assign(target, value, False, span(node)),)

    def operator_assignment(self, node: Node) -> Iterable[Stmt]:
        left, operator = node.child_by_field_name("left"), node.child_by_field_name("operator")
        sign = operator.type if operator is not None else ""
        valued = self.valued(left, node.child_by_field_name("right")) if sign == "||=" else None
        if valued is not None:
            return valued
        value = self.expression(node.child_by_field_name("right"))
        target = self.presence(self.text(left)) if left is not None else None
        if sign == "||=" and left is not None:
            value = Choose(Test(key=target or "?", value=None, name=target), self.expression(left), value, span(node))
        return (Assign(target, value, sign == "+=", span(node)),)

    def valued(self, left: Node | None, right: Node | None) -> Iterable[Stmt] | None:
        """`x = if a … else … end`, `case`, `begin`, with statements in them: the last of each is assigned."""
        target = self.presence(self.text(left)) if left is not None and left.type != "left_assignment_list" else None
        if target is None or right is None or right.type not in _VALUED:
            return None
        if right.type in {"if", "unless"} and not _has_statements(right):
            return None
        return _assigning(target, tuple(self.statement(right)))

    def shovel(self, node: Node) -> Iterable[Stmt]:
        """`sql << "…"` appends to a string or a list."""
        left, operator = node.child_by_field_name("left"), node.child_by_field_name("operator")
        if left is None or operator is None or operator.type != "<<":
            return (Do(self.expression(node), span(node)),)
        value = self.expression(node.child_by_field_name("right"))
        return (Do(self.invocation(node, self.expression(left), "<<", [value]), span(node)),)

    def if_(self, node: Node) -> Iterable[Stmt]:
        chain: list[Node] = []
        other: tuple[Stmt, ...] = ()
        top: Node | None = node
        while top is not None:
            chain.append(top)
            alternative = top.child_by_field_name("alternative")
            if alternative is not None and alternative.type == "elsif":
                top = alternative
            else:
                other = self.block(alternative.named_children) if alternative is not None else ()
                top = None
        for item in reversed(chain):
            test = self.test(item.child_by_field_name("condition"))
            if item.type == "unless":
                test.positive = not test.positive
            consequence = item.child_by_field_name("consequence")
            then = self.block(consequence.named_children) if consequence is not None else ()
            other = (If(test, then, other, span(item)),)
        return other

    def modifier(self, node: Node) -> Iterable[Stmt]:
        body = node.child_by_field_name("body")
        test = self.test(node.child_by_field_name("condition"))
        if node.type == "unless_modifier":
            test.positive = not test.positive
        return (If(test, tuple(self.statement(body)) if body is not None else (), (), span(node)),)

    def loop_modifier(self, node: Node) -> Iterable[Stmt]:
        body = node.child_by_field_name("body")
        return (Loop((), None, tuple(self.statement(body)) if body is not None else (), span(node)),)

    def for_(self, node: Node) -> Iterable[Stmt]:
        pattern, body = node.child_by_field_name("pattern"), node.child_by_field_name("body")
        names = (self.text(pattern),) if pattern is not None and pattern.type == "identifier" else ()
        over = self.expression(node.child_by_field_name("value"))
        return (Loop(names, over, self.block(body.named_children) if body is not None else (), span(node)),)

    def case(self, node: Node) -> Iterable[Stmt]:
        alternatives: list[tuple[Stmt, ...]] = []
        complete = False
        for child in node.named_children:
            if child.type in {"when", "in_clause"}:
                body = child.child_by_field_name("body")
                alternatives.append(self.block(body.named_children) if body is not None else ())
            elif child.type == "else":
                complete = True
                alternatives.append(self.block(child.named_children))
        value = node.child_by_field_name("value")
        before = (Do(self.expression(value), span(value)),) if value is not None else ()
        return (*before, self.cased(alternatives, span(node), complete=complete))

    def begin(self, node: Node) -> Iterable[Stmt]:
        body: list[Node] = []
        handlers: list[tuple[Stmt, ...]] = []
        last: tuple[Stmt, ...] = ()
        for child in node.named_children:
            if child.type == "rescue":
                inner = child.child_by_field_name("body")
                handlers.append(self.block(inner.named_children) if inner is not None else ())
            elif child.type in {"ensure", "else"}:
                last = (*last, *self.block(child.named_children))
            else:
                body.append(child)
        return self.attempted(self.block(body), handlers, last, span(node))

    def return_statement(self, node: Node) -> Iterable[Stmt]:
        children = self.parts(node)
        listed = self.parts(children[0]) if children else []
        value = self.expression(listed[0]) if len(listed) == 1 else None
        return (Leave(value, True, span(node)),)

    def next_(self, node: Node) -> Iterable[Stmt]:
        return self.return_statement(node)

    # Expressions

    def range_(self, node: Node) -> Expr:
        return Other(tuple(self.expression(child) for child in self.parts(node)), span(node), "..")

    def instance_variable(self, node: Node) -> Expr:
        return Name(self.text(node).lstrip("@"), span(node))

    def nil(self, node: Node) -> Expr:
        return Name("nil", span(node))

    def symbol(self, node: Node) -> Expr:
        return Text(self.text(node).lstrip(":"), span(node))

    def string(self, node: Node) -> Expr:
        head = self.source[node.start_byte : node.start_byte + 2]
        plain = head[:1] == b"'" or head == b"%q"
        return self.pieces(node.named_children, span(node), plain=plain)

    def pieces(self, children: Iterable[Node], where: tuple[int, int], *, plain: bool) -> Expr:
        parts: list[Expr] = []
        for child in children:
            if child.type in {"string_content", "heredoc_content"}:
                written = self.text(child)
                parts.append(Text(written.replace("\\'", "'").replace("\\\\", "\\") if plain else written, where))
            elif child.type == "escape_sequence":
                parts.append(Text(self.text(child) if plain else _ESCAPES.resolved(self.text(child)), where))
            elif child.type == "interpolation":
                parts.append(self.last(child))
        if all(isinstance(part, Text) for part in parts):
            return Text("".join(part.value for part in parts if isinstance(part, Text)), where)
        return Cat(tuple(parts), where)

    def chained(self, node: Node) -> Expr:
        return joined((self.expression(child) for child in self.parts(node)), span(node))

    def heredoc(self, node: Node) -> Expr:
        body = self.heredocs.get(node.start_byte)
        if body is None:
            return Text("", span(node))
        plain = "'" in self.text(node)
        value = self.pieces(body.named_children, span(body), plain=plain)
        return Text(textwrap.dedent(value.value).lstrip("\n"), value.span) if isinstance(value, Text) else value

    def hash(self, node: Node) -> Expr:
        return Pairs(tuple(self.pair(child) for child in self.parts(node) if child.type == "pair"), span(node))

    def pair(self, node: Node) -> tuple[str | None, Expr]:
        key, value = node.child_by_field_name("key"), node.child_by_field_name("value")
        constant = key is not None and key.type in _KEYS
        name = self.text(key).strip(":\"'") if key is not None and constant else None
        if key is not None and key.type == "element_reference" and (found := _COLUMN.fullmatch(self.text(key))):
            name = ".".join(part for part in found.groups() if part)
        return (name, self.expression(value) if value is not None else Name(name or "", span(node)))

    def assigned(self, node: Node) -> Expr:
        return self.expression(node.child_by_field_name("right"))

    def chosen(self, node: Node) -> Expr:
        """`if` as a value: `x = if a then b else c end`."""
        consequence, alternative = node.child_by_field_name("consequence"), node.child_by_field_name("alternative")
        test = self.test(node.child_by_field_name("condition"))
        if node.type == "unless":
            test.positive = not test.positive
        then = self.last(consequence) if consequence is not None else Name("nil", span(node))
        other = Name("nil", span(node)) if alternative is None else self.last(alternative)
        return Choose(test, then, other, span(node))

    def call(self, node: Node) -> Expr:
        name, listed = node.child_by_field_name("method"), node.child_by_field_name("arguments")
        target, block = node.child_by_field_name("receiver"), node.child_by_field_name("block")
        arguments: list[Expr] = []
        keywords: list[tuple[str, Expr]] = []
        for child in self.parts(listed) if listed is not None else []:
            if child.type == "pair":
                key, value = self.pair(child)
                keywords.append((key or "", value))
            elif child.type != "block_argument":
                arguments.append(self.expression(child))
        if block is not None:
            arguments.append(
                self.closure_of(
                    block, self.parameters(block.child_by_field_name("parameters")), block.child_by_field_name("body")
                )
            )
        receiver = self.expression(target) if target is not None else None
        method = self.text(name) if name is not None else "call"
        if method == "lambda" and receiver is None and arguments and isinstance(arguments[-1], Closure):
            return arguments[-1]
        return self.invocation(node, receiver, method, arguments, keywords, listed)

    def lambda_(self, node: Node) -> Expr:
        body = node.child_by_field_name("body")
        inner = body.child_by_field_name("body") if body is not None else None
        return self.closure_of(node, self.parameters(node.child_by_field_name("parameters")), inner)

    def test(self, node: Node | None, lowered: Expr | None = None) -> Test:
        if node is not None and node.type == "unary" and self.text(node).startswith("!"):
            inner = self.test(node.child_by_field_name("operand"))
            inner.positive = not inner.positive
            return inner
        return super().test(node, lowered)

    def spread_items(self, node: Node) -> Items:
        return Items(tuple(self.expression(child) for child in self.parts(node)), span(node))


def _heredocs(root: Node) -> Mapping[int, Node]:
    """A heredoc's body stands after the line of its beginning; both come in the same order."""
    beginnings: list[Node] = []
    bodies: list[Node] = []
    cursor = root.walk()
    while True:
        node = cursor.node
        if node is not None and node.type == "heredoc_beginning":
            beginnings.append(node)
        elif node is not None and node.type == "heredoc_body":
            bodies.append(node)
        if cursor.goto_first_child() or cursor.goto_next_sibling():
            continue
        while cursor.goto_parent():
            if cursor.goto_next_sibling():
                break
        else:
            break
    return {start.start_byte: body for start, body in zip(beginnings, bodies, strict=False)}


def _has_statements(node: Node) -> bool:
    """Whether a branch of an `if` is more than one expression, or another branch."""
    alternative = node.child_by_field_name("alternative")
    branches = [branch for branch in (node.child_by_field_name("consequence"), alternative) if branch is not None]
    return any(len(branch.named_children) > 1 or branch.type == "elsif" for branch in branches)


def _assigning(target: str, body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """A body whose last expression, on every path, is assigned."""
    last = body[-1] if body else None
    if isinstance(last, Do):
        return (*body[:-1], Assign(target, last.value, False, last.span))
    if isinstance(last, Assign) and last.target is not None:
        return (*body, Assign(target, Name(last.target, last.span), False, last.span))
    if isinstance(last, If):
        return (*body[:-1], If(last.test, _assigning(target, last.then), _assigning(target, last.other), last.span))
    if isinstance(last, Cases):
        alternatives = tuple(_assigning(target, one) for one in last.alternatives)
        return (*body[:-1], Cases(alternatives, last.complete, last.span))
    return body
