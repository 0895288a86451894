"""Java lowered to `ir`."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import ClassVar

from tree_sitter import Node

from lints.extract.escapes import CONTINUED, Escapes
from lints.extract.ir import (
    Assign,
    ClassBody,
    Closure,
    Define,
    Do,
    Expr,
    Items,
    Loop,
    Member,
    Name,
    Parameter,
    Scope,
    Stmt,
    Text,
)
from lints.extract.languages.jvm_annotations import QUERIES, annotated, entity_of, of_entities
from lints.extract.lower import Lowering, span
from lints.patterns import regex

_ESCAPES = Escapes(
    pattern=regex(r"\\(?:u+[0-9a-fA-F]{4}|[0-7]{1,3}|\r?\n|[\s\S])"),
    letters={**CONTINUED, "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "s": " "},
)


class JavaLowering(Lowering):
    language = "java"
    statements: ClassVar[Mapping[str, str]] = {
        "package_declaration": "nothing",
        "import_declaration": "nothing",
        "class_declaration": "class_declaration",
        "interface_declaration": "class_declaration",
        "enum_declaration": "class_declaration",
        "record_declaration": "class_declaration",
        "annotation_type_declaration": "nothing",
        "enum_body_declarations": "inner_block",
        "field_declaration": "declaration",
        "constant_declaration": "declaration",
        "local_variable_declaration": "declaration",
        "method_declaration": "method",
        "constructor_declaration": "method",
        "static_initializer": "inner_block",
        "expression_statement": "expression_statement",
        "if_statement": "if_statement",
        "for_statement": "for_statement",
        "enhanced_for_statement": "for_each",
        "while_statement": "while_statement",
        "do_statement": "while_statement",
        "switch_expression": "switch_statement",
        "try_statement": "try_statement",
        "try_with_resources_statement": "try_statement",
        "return_statement": "return_statement",
        "throw_statement": "throw_statement",
        "yield_statement": "return_statement",
        "break_statement": "leave",
        "continue_statement": "leave",
        "block": "inner_block",
        "constructor_body": "inner_block",
        "synchronized_statement": "inner_block",
        "labeled_statement": "inner_block",
    }
    expressions: ClassVar[Mapping[str, str]] = {
        "string_literal": "string",
        "identifier": "name",
        "this": "name",
        "field_access": "path",
        "scoped_identifier": "path",
        "method_invocation": "call",
        "object_creation_expression": "new",
        "binary_expression": "binary",
        "ternary_expression": "ternary",
        "parenthesized_expression": "inner",
        "cast_expression": "last",
        "array_initializer": "items",
        "element_value_array_initializer": "items",
        "array_creation_expression": "last",
        "lambda_expression": "lambda_",
        "assignment_expression": "assigned",
        "switch_expression": "switch_value",
        "null_literal": "null",
        "true": "name",
        "false": "name",
    }
    blocks: ClassVar[frozenset[str]] = frozenset({"block", "constructor_body"})

    # Declarations

    def class_declaration(self, node: Node) -> Iterable[Stmt]:
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        above = node.child_by_field_name("superclass")
        bases = (
            tuple(re.findall(r"[A-Za-z_]\w*", self.text(above).removeprefix("extends"))[:1])
            if above is not None
            else ()
        )
        parts = body.named_children if body is not None else []
        inner = self.block(sorted(parts, key=lambda part: part.type != "constant_declaration"))
        inner = (*inner, *self.made(body)) if body is not None and node.type == "class_declaration" else inner
        label = self.text(name) if name is not None else ""
        return (ClassBody(label, inner, span(node), bases, self.annotations(node)),)

    def made(self, body: Node) -> Iterable[Stmt]:
        """What a constructor puts together into fields, which methods give later: `this.schema = text.toString()`."""
        made = [child for child in body.named_children if child.type == "constructor_declaration"]
        block = made[0].child_by_field_name("body") if len(made) == 1 else None
        if block is None or _KEEPS_TEXT.search(self.source, block.start_byte, block.end_byte) is None:
            return ()
        return self.body(block)

    def annotations(self, node: Node) -> tuple[Expr, ...]:
        """`@Query(value = "…")` as a call of `Query`."""
        found: list[Expr] = []
        for holder in node.named_children:
            if holder.type != "modifiers":
                continue
            for mark in holder.named_children:
                if mark.type not in {"annotation", "marker_annotation"}:
                    continue
                name, listed = mark.child_by_field_name("name"), mark.child_by_field_name("arguments")
                label = self.text(name).rpartition(".")[2] if name is not None else ""
                entity = entity_of(self.source)
                arguments: list[Expr] = []
                keywords: list[tuple[str, Expr]] = []
                for part in self.parts(listed) if listed is not None else []:
                    if part.type == "element_value_pair":
                        key, value = part.child_by_field_name("key"), part.child_by_field_name("value")
                        keywords.append(
                            (
                                self.text(key) if key is not None else "",
                                annotated(label, self.expression(value), entity),
                            )
                        )
                    else:
                        arguments.append(annotated(label, self.expression(part), entity))
                found.append(self.invocation(mark, None, label, arguments, keywords, listed))
        return tuple(found)

    def declaration(self, node: Node) -> Iterable[Stmt]:
        out: list[Stmt] = []
        marks = self.annotations(node) if node.type == "field_declaration" else ()
        kind = node.child_by_field_name("type")
        for child in node.children_by_field_name("declarator"):
            name, value = child.child_by_field_name("name"), child.child_by_field_name("value")
            if name is not None and marks:
                lowered_value = self.expression(value) if value is not None else None
                written = self.text(kind) if kind is not None else ""
                out.append(Member(self.text(name), written, marks, lowered_value, span(child)))
                continue
            if name is None or value is None:
                continue
            lowered = self.expression(value)
            if isinstance(lowered, Closure):
                lowered.function.name = self.text(name)
                out.append(Define(lowered.function, span(child)))
            else:
                out.append(Assign(self.text(name), lowered, False, span(child)))
        return out

    def method(self, node: Node) -> Iterable[Stmt]:
        name = node.child_by_field_name("name")
        function = self.function_of(
            node,
            self.text(name) if name is not None else "",
            self.parameters(node.child_by_field_name("parameters")),
            node.child_by_field_name("body"),
            self.annotations(node),
        )
        return (Define(function, span(node)),)

    def parameters(self, node: Node | None) -> tuple[Parameter, ...]:
        found: list[Parameter] = []
        for child in node.named_children if node is not None else []:
            name = child.child_by_field_name("name")
            if name is not None:
                found.append(Parameter(self.text(name)))
            elif child.type == "identifier":
                found.append(Parameter(self.text(child)))
            elif child.type == "spread_parameter":
                last = [part for part in child.named_children if part.type == "variable_declarator"]
                found.extend(Parameter(self.text(part)) for part in last)
        return tuple(found)

    # Statements

    def expression_statement(self, node: Node) -> Iterable[Stmt]:
        out: list[Stmt] = []
        for child in self.parts(node):
            if child.type != "assignment_expression":
                out.append(Do(self.expression(child), span(child)))
                continue
            left, operator = child.child_by_field_name("left"), child.child_by_field_name("operator")
            value = self.expression(child.child_by_field_name("right"))
            target = self.presence(self.text(left)) if left is not None else None
            add = operator is not None and operator.type == "+="
            out.append(Assign(target, value, add, span(child)))
        return out

    def for_statement(self, node: Node) -> Iterable[Stmt]:
        start = node.child_by_field_name("init")
        before = tuple(self.statement(start)) if start is not None else ()
        return (*before, Loop((), None, self.body(node.child_by_field_name("body")), span(node)))

    def for_each(self, node: Node) -> Iterable[Stmt]:
        name = node.child_by_field_name("name")
        over = self.expression(node.child_by_field_name("value"))
        names = (self.text(name),) if name is not None else ()
        return (Loop(names, over, self.body(node.child_by_field_name("body")), span(node)),)

    def switch_statement(self, node: Node) -> Iterable[Stmt]:
        body = node.child_by_field_name("body")
        alternatives: list[tuple[Stmt, ...]] = []
        complete = False
        for group in body.named_children if body is not None else []:
            labels = [child for child in group.named_children if child.type == "switch_label"]
            complete = complete or any(self.text(label).startswith("default") for label in labels)
            alternatives.append(self.block(c for c in group.named_children if c.type != "switch_label"))
        value = self.expression(node.child_by_field_name("condition"))
        return (Do(value, span(node)), self.cased(alternatives, span(node), complete=complete))

    def try_statement(self, node: Node) -> Iterable[Stmt]:
        bindings: list[tuple[str | None, Expr]] = []
        resources = node.child_by_field_name("resources")
        for resource in resources.named_children if resources is not None else []:
            name, value = resource.child_by_field_name("name"), resource.child_by_field_name("value")
            if value is not None:
                bindings.append((self.text(name) if name is not None else None, self.expression(value)))
        inner = self.body(node.child_by_field_name("body"))
        body: tuple[Stmt, ...] = (Scope(tuple(bindings), inner, span(node)),) if bindings else inner
        handlers: list[tuple[Stmt, ...]] = []
        last: tuple[Stmt, ...] = ()
        for child in node.named_children:
            if child.type == "catch_clause":
                handlers.append(self.body(child.child_by_field_name("body")))
            elif child.type == "finally_clause":
                last = self.block(part for block in child.named_children for part in block.named_children)
        return self.attempted(body, handlers, last, span(node))

    # Expressions

    def null(self, node: Node) -> Expr:
        return Name("null", span(node))

    def string(self, node: Node) -> Expr:
        text = self.text(node)
        if text.startswith('"""'):
            body = text[3:-3] if text.endswith('"""') and len(text) >= 6 else text[3:]
            return Text(_ESCAPES.resolved(textwrap.dedent(body.partition("\n")[2])), span(node))
        return Text(_ESCAPES.resolved(text[1:-1]), span(node))

    def assigned(self, node: Node) -> Expr:
        return self.expression(node.child_by_field_name("right"))

    def call(self, node: Node) -> Expr:
        name, listed = node.child_by_field_name("name"), node.child_by_field_name("arguments")
        target = node.child_by_field_name("object")
        arguments = [self.expression(child) for child in self.parts(listed)] if listed is not None else []
        receiver = self.expression(target) if target is not None else None
        receiver = self.of_class(receiver) if isinstance(receiver, Name) else receiver
        method = self.text(name) if name is not None else ""
        arguments = [of_entities(value) for value in arguments] if method in QUERIES else arguments
        if receiver is not None and not arguments and NAMES_TABLE.fullmatch(method) is not None:
            return Text(f"__table_{method}__", span(node))  # the table it names is known where the model is
        return self.invocation(node, receiver, method, arguments, (), listed)

    def of_class(self, receiver: Name) -> Name:
        """An instance of a class of this file, as the class: what its methods return is known there."""
        declared = self.instances.get(receiver.path.removeprefix("this."))
        before = [name for start, name in declared or () if start < receiver.span[0]]
        return Name(before[-1], receiver.span) if before else receiver

    @cached_property
    def instances(self) -> Mapping[str, list[tuple[int, str]]]:
        """Where a name is declared as an instance of a class of this file."""
        classes = set(_CLASSES.findall(self.source))
        found: dict[str, list[tuple[int, str]]] = {}
        for declared in _DECLARED.finditer(self.source) if classes else ():
            kind, name = declared.groups()
            if kind in classes:
                found.setdefault(name.decode(), []).append((declared.start(), kind.decode()))
        return found

    def new(self, node: Node) -> Expr:
        name, listed = node.child_by_field_name("type"), node.child_by_field_name("arguments")
        arguments = [self.expression(child) for child in self.parts(listed)] if listed is not None else []
        method = self.text(name).partition("<")[0].rpartition(".")[2] if name is not None else ""
        if method in {"StringBuilder", "StringBuffer", "StringJoiner"} and not arguments:
            return Text("", span(node))
        if method in {"ArrayList", "LinkedList", "HashSet", "Vector"} and not arguments:
            return Items((), span(node))
        bodies = [child for child in node.named_children if child.type == "class_body"]
        if bodies:
            members = self.block(part for body in bodies for part in body.named_children)
            function = self.function_of(node, "", (), None)
            built = method == "SQL"  # of MyBatis: its block is statements on the builder, which is to run them
            function.lower_body = lambda: members if built else (ClassBody(method, members, span(node)),)
            closure = Closure(function, span(node))
            arguments.append(Items((closure,), span(node)) if built else closure)
        return self.invocation(node, None, method, arguments, (), listed)

    def lambda_(self, node: Node) -> Expr:
        listed = node.child_by_field_name("parameters")
        if listed is not None and listed.type == "identifier":
            parameters: tuple[Parameter, ...] = (Parameter(self.text(listed)),)
        else:
            parameters = self.parameters(listed)
        return self.closure_of(node, parameters, node.child_by_field_name("body"))

    def switch_value(self, node: Node) -> Expr:
        return self.other(node)


_CLASSES = regex(rb"\bclass\s{1,4}([A-Z]\w{0,80})")
_DECLARED = regex(rb"\b([A-Z]\w{0,80})\s{1,8}([a-z]\w{0,80})\s{0,4}[=;]")
_KEEPS_TEXT = regex(rb"=\s{0,4}(?:\"|[a-z]\w{0,60}\.toString\(\)\s{0,4};)")
NAMES_TABLE = regex(r"get\w{1,80}Table(?:Name)?")
