"""Kotlin lowered to `ir`."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping
from typing import ClassVar

from tree_sitter import Node

from lints.extract.escapes import Escapes
from lints.extract.ir import (
    Assign,
    Cat,
    Choose,
    ClassBody,
    Closure,
    Define,
    Do,
    Expr,
    If,
    Invoke,
    Items,
    Leave,
    Loop,
    Name,
    Other,
    Parameter,
    Stmt,
    Text,
    Unpack,
)
from lints.extract.languages.jvm_annotations import QUERIES, annotated, entity_of, of_entities
from lints.extract.lower import Lowering, span
from lints.patterns import regex

_ESCAPES = Escapes(
    pattern=regex(r"\\(?:u[0-9a-fA-F]{4}|[\s\S])"),
    letters={"b": "\b", "n": "\n", "r": "\r", "t": "\t"},
    octal=0,
)
_MARGIN = regex(r"^[ \t]*\|", re.MULTILINE)
_WITH_IT = frozenset({"let", "also"})
_SHORT_HOLE = regex(r"\$([A-Za-z_]\w*)")

_CLASS = regex(r"[A-Z]\w*[a-z]\w*")


class KotlinLowering(Lowering):
    language = "kotlin"
    statements: ClassVar[Mapping[str, str]] = {
        "package_header": "nothing",
        "import": "nothing",
        "import_list": "nothing",
        "import_header": "nothing",
        "class_declaration": "class_declaration",
        "object_declaration": "class_declaration",
        "companion_object": "companion",
        "property_declaration": "property_",
        "function_declaration": "function_declaration",
        "secondary_constructor": "inner_block",
        "anonymous_initializer": "inner_block",
        "assignment": "assignment",
        "if_expression": "if_",
        "for_statement": "for_",
        "while_statement": "while_",
        "do_while_statement": "while_",
        "when_expression": "when",
        "try_expression": "try_",
        "return_expression": "return_",
        "throw_expression": "throw_",
        "jump_expression": "leave",
        "break_expression": "leave",
        "continue_expression": "leave",
        "binary_expression": "or_else",
        "call_expression": "if_there",
        "block": "inner_block",
        "class_body": "inner_block",
        "function_body": "inner_block",
    }
    expressions: ClassVar[Mapping[str, str]] = {
        "string_literal": "string",
        "multiline_string_literal": "string",
        "identifier": "name",
        "this_expression": "name",
        "navigation_expression": "path",
        "call_expression": "call",
        "index_expression": "index",
        "binary_expression": "binary",
        "additive_expression": "binary",
        "if_expression": "chosen",
        "parenthesized_expression": "inner",
        "as_expression": "first",
        "value_argument": "last",
        "lambda_literal": "lambda_",
        "annotated_lambda": "last",
        "collection_literal": "items",
        "anonymous_function": "anonymous",
        "spread_expression": "spread",
        "interpolation": "last",
        "postfix_expression": "first",
        "unary_expression": "other",
    }
    binaries: ClassVar[frozenset[str]] = frozenset({"binary_expression", "additive_expression"})
    blocks: ClassVar[frozenset[str]] = frozenset({"block", "function_body"})
    margin = False
    """The text that is read stands behind a margin of bars, which is taken away."""

    # Declarations

    def class_declaration(self, node: Node) -> Iterable[Stmt]:
        name = node.child_by_field_name("name")
        bodies = [child for child in node.named_children if child.type in {"class_body", "enum_class_body"}]
        # Constants of the companion stand last and are used above, in annotations.
        parts = [part for body in bodies for part in body.named_children]
        inner = self.block(sorted(parts, key=lambda part: part.type != "companion_object"))
        marks = tuple(Do(mark, mark.span) for mark in self.annotations(node))
        return (*marks, ClassBody(self.text(name) if name is not None else "", inner, span(node)))

    def companion(self, node: Node) -> Iterable[Stmt]:
        return [
            part
            for body in node.named_children
            if body.type == "class_body"
            for part in self.block(body.named_children)
        ]

    def annotations(self, node: Node) -> tuple[Expr, ...]:
        found: list[Expr] = []
        for holder in node.named_children:
            for mark in holder.named_children if holder.type == "modifiers" else []:
                made = next((part for part in mark.named_children if part.type == "constructor_invocation"), None)
                if mark.type == "annotation" and made is not None:
                    arguments, keywords, listed = self.arguments(made)
                    entity = entity_of(self.source)
                    label = self.text(made.named_children[0]) if made.named_children else ""
                    arguments = [annotated(label, value, entity) for value in arguments]
                    keywords = [(name, annotated(label, value, entity)) for name, value in keywords]
                    found.append(self.invocation(mark, None, label, arguments, keywords, listed))
        return tuple(found)

    def property_(self, node: Node) -> Iterable[Stmt]:
        out: list[Stmt] = []
        names: list[str] = []
        value: Node | None = None
        for child in self.parts(node):
            if child.type == "variable_declaration":
                names = [self.text(child.named_children[0])] if child.named_children else []
            elif child.type == "multi_variable_declaration":
                names = [self.text(part.named_children[0]) for part in child.named_children if part.named_children]
            elif child.type in {"getter", "setter"}:
                bodies = [part for part in child.named_children if part.type == "function_body"]
                label = names[0] if names else ""
                out.extend(Define(self.function_of(body, label, (), body), span(body)) for body in bodies)
            elif child.type == "property_delegate":
                value = child.named_children[-1] if child.named_children else None
            elif child.type not in {"modifiers", "type_parameters", "user_type", "nullable_type", "function_type"}:
                value = child
        if value is None:
            return out
        lowered = self.expression(value)
        if isinstance(lowered, Closure) and len(names) == 1:
            lowered.function.name = names[0]
            return [Define(lowered.function, span(node)), *out]
        if len(names) == 1:
            return [Assign(names[0], lowered, False, span(node)), *out]
        return [Unpack(tuple(enumerate(names)), lowered, span(node)), *out]

    def function_declaration(self, node: Node) -> Iterable[Stmt]:
        name = node.child_by_field_name("name")
        body = next((child for child in node.named_children if child.type == "function_body"), None)
        listed = next((child for child in node.named_children if child.type == "function_value_parameters"), None)
        function = self.function_of(
            node, self.text(name) if name is not None else "", self.parameters(listed), body, self.annotations(node)
        )
        return (Define(function, span(node)),)

    def function_body(self, body: Node | None) -> tuple[Stmt, ...]:
        if body is None:
            return ()
        children = self.parts(body)
        if body.type == "function_body" and len(children) == 1 and children[0].type != "block":
            return (Leave(self.expression(children[0]), True, span(body)),)
        statements = self.block(children)
        if body.type == "lambda_literal" and statements and isinstance(statements[-1], Do):
            last = statements[-1]
            return (*statements[:-1], Leave(last.value, True, last.span))
        return statements

    def parameters(self, node: Node | None) -> tuple[Parameter, ...]:
        found: list[Parameter] = []
        for child in node.named_children if node is not None else []:
            if child.type in {"parameter", "variable_declaration"} and child.named_children:
                found.append(Parameter(self.text(child.named_children[0])))
        return tuple(found)

    # Statements

    def assignment(self, node: Node) -> Iterable[Stmt]:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        sign = next((child.type for child in node.children if not child.is_named), "=")
        target = self.presence(self.text(left)) if left is not None else None
        return (Assign(target, self.expression(right), sign == "+=", span(node)),)

    def branches(self, node: Node) -> tuple[Node | None, Node | None, Node | None]:
        condition = node.child_by_field_name("condition")
        rest = [child for child in self.parts(node) if child != condition]
        return condition, rest[0] if rest else None, rest[1] if len(rest) > 1 else None

    def if_(self, node: Node) -> Iterable[Stmt]:
        chain: list[tuple[Node, Node | None, Node | None]] = []
        other: tuple[Stmt, ...] = ()
        top: Node | None = node
        while top is not None:
            condition, then, alternative = self.branches(top)
            chain.append((top, condition, then))
            if alternative is not None and alternative.type == "if_expression":
                top = alternative
            else:
                other = self.body(alternative)
                top = None
        for item, condition, then in reversed(chain):
            other = (If(self.test(condition), self.body(then), other, span(item)),)
        return other

    def or_else(self, node: Node) -> Iterable[Stmt]:
        """`name ?: return null`: what leaves does so on one path only."""
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if (
            left is None
            or right is None
            or not right.type.endswith(
                ("return_expression", "throw_expression", "jump_expression", "continue_expression", "break_expression")
            )
        ):
            return (Do(self.expression(node), span(node)),)
        return (If(self.test(left), (), tuple(self.statement(right)), span(node)),)

    def if_there(self, node: Node) -> Iterable[Stmt]:
        """`name?.let { … }` for its effect: what the block does is done on one path only."""
        children = self.parts(node)
        head = children[0] if len(children) == 2 else None
        block = next((child for child in children[1:] if child.type == "annotated_lambda"), None)
        parts = self.parts(head) if head is not None and head.type == "navigation_expression" else []
        literal = (
            next((part for part in block.named_children if part.type == "lambda_literal"), None) if block else None
        )
        if (
            head is None
            or len(parts) != 2
            or literal is None
            or self.text(parts[1]) not in _WITH_IT
            or "?." not in self.text(head)
        ):
            return (Do(self.expression(node), span(node)),)
        listed = next((child for child in literal.named_children if child.type == "lambda_parameters"), None)
        named = self.parameters(listed) or (Parameter("it"),)
        body = self.block(child for child in self.parts(literal) if child.type != "lambda_parameters")
        held = Assign(named[0].name, self.expression(parts[0]), False, span(parts[0]))
        return (If(self.test(parts[0]), (held, *body), (), span(node)),)

    def for_(self, node: Node) -> Iterable[Stmt]:
        children = self.parts(node)
        names = tuple(
            self.text(child.named_children[0])
            for child in children[:1]
            if child.type == "variable_declaration" and child.named_children
        )
        over = self.expression(children[1]) if len(children) > 1 else None
        body = self.body(children[-1]) if len(children) > 2 else ()
        return (Loop(names, over, body, span(node)),)

    def while_(self, node: Node) -> Iterable[Stmt]:
        bodies = [child for child in self.parts(node) if child.type == "block"]
        return (Loop((), None, self.block(part for body in bodies for part in body.named_children), span(node)),)

    def when(self, node: Node) -> Iterable[Stmt]:
        alternatives: list[tuple[Stmt, ...]] = []
        complete = False
        before: list[Stmt] = []
        for child in self.parts(node):
            if child.type == "when_subject":
                before.append(Do(self.last(child), span(child)))
            elif child.type == "when_entry":
                conditions = child.children_by_field_name("condition")
                complete = complete or not conditions
                alternatives.append(
                    tuple(s for part in self.parts(child) if part not in conditions for s in self.body(part))
                )
        return (*before, self.cased(alternatives, span(node), complete=complete))

    def try_(self, node: Node) -> Iterable[Stmt]:
        body: tuple[Stmt, ...] = ()
        handlers: list[tuple[Stmt, ...]] = []
        last: tuple[Stmt, ...] = ()
        for child in self.parts(node):
            inner = self.block(part for part in child.named_children if part.type == "block")
            if child.type == "block":
                body = self.block(child.named_children)
            elif child.type == "catch_block":
                handlers.append(inner)
            elif child.type == "finally_block":
                last = inner
        return self.attempted(body, handlers, last, span(node))

    def return_(self, node: Node) -> Iterable[Stmt]:
        children = [child for child in self.parts(node) if child.type != "label"]
        return (Leave(self.expression(children[0]) if children else None, True, span(node)),)

    def throw_(self, node: Node) -> Iterable[Stmt]:
        children = self.parts(node)
        return (Leave(self.expression(children[0]) if children else None, False, span(node)),)

    # Expressions

    def name(self, node: Node) -> Expr:
        return Name(self.text(node), span(node))

    def string(self, node: Node) -> Expr:
        """Cut by bytes: the grammar does not know `$name`, and splits text at every dollar sign."""
        where = span(node)
        multiline = node.type == "multiline_string_literal"
        margin = multiline and self.source[node.end_byte : node.end_byte + 80].lstrip().startswith(b".trimMargin()")
        self.margin = margin
        quote = 3 if multiline else 1
        parts: list[Expr] = []
        position, end = node.start_byte + quote, max(node.start_byte + quote, node.end_byte - quote)
        for child in node.named_children:
            if child.type == "interpolation":
                self.literal(parts, position, child.start_byte, where, raw=multiline)
                parts.append(self.last(child))
                self.margin = margin
                position = child.end_byte
        self.literal(parts, position, end, where, raw=multiline)
        if all(isinstance(part, Text) for part in parts):
            text = "".join(part.value for part in parts if isinstance(part, Text))
            return Text(textwrap.dedent(text) if multiline else text, where)
        return Cat(tuple(parts), where)

    def literal(self, parts: list[Expr], start: int, end: int, where: tuple[int, int], *, raw: bool) -> None:
        text = self.source[start:end].decode("utf-8", "replace")
        text = _MARGIN.sub("", text) if self.margin else text
        position = 0
        for match in _SHORT_HOLE.finditer(text):
            if text[match.start() - 1 : match.start()] == "\\" and not raw:
                continue
            self.plain(parts, text[position : match.start()], where, raw=raw)
            parts.append(Name(match.group(1), where))
            position = match.end()
        self.plain(parts, text[position:], where, raw=raw)

    def plain(self, parts: list[Expr], text: str, where: tuple[int, int], *, raw: bool) -> None:
        if text:
            parts.append(Text(text if raw else _ESCAPES.resolved(text), where))

    def chosen(self, node: Node) -> Expr:
        condition, then, alternative = self.branches(node)
        return Choose(self.test(condition), self.result(then, node), self.result(alternative, node), span(node))

    def result(self, node: Node | None, around: Node) -> Expr:
        """The value of a branch: its last expression."""
        if node is None:
            return Name("null", span(around))
        if node.type == "block":
            children = self.parts(node)
            return self.expression(children[-1]) if children else Name("null", span(around))
        return self.expression(node)

    def arguments(self, node: Node) -> tuple[list[Expr], list[tuple[str, Expr]], Node | None]:
        listed = next((child for child in node.named_children if child.type == "value_arguments"), None)
        arguments: list[Expr] = []
        keywords: list[tuple[str, Expr]] = []
        for child in self.parts(listed) if listed is not None else []:
            inner = self.parts(child)
            if child.type == "value_argument" and len(inner) == 2 and inner[0].type == "identifier":
                keywords.append((self.text(inner[0]), self.expression(inner[1])))
            else:
                arguments.append(self.expression(child))
        return arguments, keywords, listed

    def index(self, node: Node) -> Expr:
        """`BoatDao[id]`: the row of a class by its key (Exposed)."""
        parts = self.parts(node)
        if len(parts) != 2 or parts[0].type != "identifier" or _CLASS.fullmatch(self.text(parts[0])) is None:
            return self.other(node)
        return Invoke(self.expression(parts[0]), "get", (self.expression(parts[1]),), (), span(node), span(parts[1]))

    def call(self, node: Node) -> Expr:
        children = self.parts(node)
        trailing = next((child for child in children if child.type == "annotated_lambda"), None)
        head = children[0] if children else None
        if head is not None and head.type == "call_expression" and trailing is not None:
            # f(a) { … }: the block is f's last argument
            inner = self.call(head)
            if isinstance(inner, Invoke):
                inner.arguments = (*inner.arguments, self.expression(trailing))
                inner.span = span(node)
            return inner
        arguments, keywords, listed = self.arguments(node)
        if head is not None and self.text(head).rpartition(".")[2] in QUERIES:
            arguments = [of_entities(value) for value in arguments]
        if trailing is not None:
            arguments.append(self.expression(trailing))
        receiver: Expr | None = None
        method = ""
        if head is not None and head.type == "navigation_expression":
            parts = self.parts(head)
            receiver = self.expression(parts[0]) if parts else None
            method = self.text(parts[-1]) if len(parts) > 1 else ""
        elif head is not None and head.type == "identifier":
            method = self.text(head)
        elif head is not None:
            receiver = self.expression(head)
        if method in {"mutableListOf", "arrayListOf", "listOf", "ArrayList"} and receiver is None:
            return Items(tuple(arguments), span(node))
        if method in {"StringBuilder", "buildString"} and receiver is None and not arguments:
            return Text("", span(node))
        if not children:
            return Other((), span(node))
        return self.invocation(node, receiver, method, arguments, keywords, listed)

    def lambda_(self, node: Node) -> Expr:
        listed = next((child for child in node.named_children if child.type == "lambda_parameters"), None)
        parameters = self.parameters(listed) or (Parameter("it"),)
        depth = self.depth
        body = [child for child in self.parts(node) if child.type != "lambda_parameters"]

        def lower_body() -> tuple[Stmt, ...]:
            before, self.depth = self.depth, depth
            try:
                statements = self.block(body)
            finally:
                self.depth = before
            if statements and isinstance(statements[-1], Do):
                last = statements[-1]
                return (*statements[:-1], Leave(last.value, True, last.span))
            return statements

        function = self.function_of(node, "", parameters, None)
        function.lower_body = lower_body
        return Closure(function, span(node))

    def anonymous(self, node: Node) -> Expr:
        body = next((child for child in node.named_children if child.type == "function_body"), None)
        listed = next((child for child in node.named_children if child.type == "function_value_parameters"), None)
        return self.closure_of(node, self.parameters(listed), body)
