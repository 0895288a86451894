"""JavaScript, TypeScript and TSX lowered to `ir`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import ClassVar

from tree_sitter import Node

from lints.extract.escapes import CONTINUED, Escapes
from lints.extract.ir import (
    Assign,
    Cat,
    Choose,
    ClassBody,
    Closure,
    Define,
    Do,
    Expr,
    Func,
    Import,
    Invoke,
    Loop,
    Member,
    Name,
    Other,
    Pairs,
    Parameter,
    Spread,
    Stmt,
    Tagged,
    Test,
    Text,
    Unpack,
)
from lints.extract.languages.renamed import renamed
from lints.extract.lower import Lowering, span
from lints.patterns import regex

_ESCAPES = Escapes(
    pattern=regex(
        r"\\(?:\r\n|[\n\r\u2028\u2029]|x[0-9a-fA-F]{2}|u\{[0-9a-fA-F]{1,6}\}|u[0-9a-fA-F]{4}|[0-7]{1,3}|[\s\S])"
    ),
    letters={**CONTINUED, "\u2028": "", "\u2029": "", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"},
)
_BROKEN = regex(r"\s*([?!]?\.)\s*")
_TRANSPARENT = {
    "parenthesized_expression": "inner",
    "await_expression": "inner",
    "as_expression": "first",
    "satisfies_expression": "first",
    "non_null_expression": "first",
    "type_assertion": "last",
}


class JavaScriptLowering(Lowering):
    language = "javascript"
    statements: ClassVar[Mapping[str, str]] = {
        "expression_statement": "expression_statement",
        "lexical_declaration": "declaration",
        "variable_declaration": "declaration",
        "if_statement": "if_statement",
        "for_statement": "for_statement",
        "for_in_statement": "for_in_statement",
        "while_statement": "while_statement",
        "do_statement": "while_statement",
        "switch_statement": "switch_statement",
        "try_statement": "try_statement",
        "return_statement": "return_statement",
        "throw_statement": "throw_statement",
        "break_statement": "leave",
        "continue_statement": "leave",
        "function_declaration": "function_declaration",
        "generator_function_declaration": "function_declaration",
        "class_declaration": "class_declaration",
        "abstract_class_declaration": "class_declaration",
        "method_definition": "function_declaration",
        "public_field_definition": "field",
        "field_definition": "field",
        "statement_block": "inner_block",
        "class_static_block": "inner_block",
        "export_statement": "export",
        "labeled_statement": "inner_block",
        "internal_module": "inner_block",
        "module": "inner_block",
        "ambient_declaration": "nothing",
        "interface_declaration": "nothing",
        "type_alias_declaration": "nothing",
        "import_statement": "imports",
        "comment": "nothing",
        "empty_statement": "nothing",
        "enum_declaration": "enum_declaration",
    }
    expressions: ClassVar[Mapping[str, str]] = {
        "string": "string",
        "template_string": "template",
        "identifier": "name",
        "this": "name",
        "property_identifier": "name",
        "private_property_identifier": "name",
        "shorthand_property_identifier": "name",
        "member_expression": "path",
        "subscript_expression": "subscript",
        "call_expression": "call",
        "new_expression": "new",
        "binary_expression": "binary",
        "ternary_expression": "ternary",
        "array": "items",
        "object": "object",
        "spread_element": "spread",
        "arrow_function": "closure",
        "function_expression": "closure",
        "function": "closure",
        "generator_function": "closure",
        "assignment_expression": "assigned",
        "augmented_assignment_expression": "assigned",
        "undefined": "nothing_value",
        "null": "nothing_value",
        "false": "nothing_value",
        "true": "name",
        "class": "class_value",
        **_TRANSPARENT,
    }

    # Statements

    def expression_statement(self, node: Node) -> Iterable[Stmt]:
        out: list[Stmt] = []
        for child in node.named_children:
            if child.type in {"assignment_expression", "augmented_assignment_expression"}:
                out.extend(self.assignment(child))
            elif child.type == "sequence_expression":
                out.extend(Do(self.expression(part), span(part)) for part in child.named_children)
            elif (gone := self.deleted(child)) is not None:
                out.append(Assign(gone, Name("undefined", span(child)), False, span(child)))
            elif child.type != "comment":
                out.append(Do(self.expression(child), span(child)))
        return out

    def deleted(self, node: Node) -> str | None:
        """`where.tenantId` of `delete where.tenantId`."""
        operator, argument = node.child_by_field_name("operator"), node.child_by_field_name("argument")
        if node.type != "unary_expression" or operator is None or operator.type != "delete" or argument is None:
            return None
        return self.presence(self.text(argument)) if argument.type == "member_expression" else None

    def imports(self, node: Node) -> Iterable[Stmt]:
        source = node.child_by_field_name("source")
        clause = next((child for child in node.named_children if child.type == "import_clause"), None)
        if source is None or clause is None:
            return ()
        module = self.text(source)[1:-1]
        found: list[tuple[str, str, str]] = []
        for child in clause.named_children:
            if child.type == "identifier":
                found.append((self.text(child), module, "default"))
            elif child.type == "namespace_import" and child.named_children:
                found.append((self.text(child.named_children[0]), module, ""))
            for part in child.named_children if child.type == "named_imports" else ():
                name, alias = part.child_by_field_name("name"), part.child_by_field_name("alias")
                if name is not None:
                    found.append((self.text(alias if alias is not None else name), module, self.text(name)))
        return (Import(tuple(found), span(node)), *renamed(found, self.source, span(node)))

    def assignment(self, node: Node) -> Iterable[Stmt]:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        operator = node.child_by_field_name("operator")
        if left is None or right is None:
            return ()
        value = self.expression(right)
        if left.type in {"array_pattern", "object_pattern"}:
            return (Unpack(self.pattern(left), value, span(node)),)
        target = self.presence(self.text(left)) if left.end_byte - left.start_byte < 200 else None
        if isinstance(value, Closure) and target is not None:
            value.function.name = value.function.name or target.rpartition(".")[2]
        sign = operator.type if operator is not None else "="
        if sign == "+=":
            return (Assign(target, value, True, span(node)),)
        if sign in {"??=", "||="}:
            return (
                Assign(
                    target,
                    Choose(Test(key=target or "?", value=None, name=target), self.expression(left), value, span(node)),
                    False,
                    span(node),
                ),
            )
        out: list[Stmt] = [Assign(target, value, False, span(node))]
        if left.type == "subscript_expression":
            out.append(Do(self.expression(left), span(left)))
        return out

    def declaration(self, node: Node) -> Iterable[Stmt]:
        out: list[Stmt] = []
        for child in node.named_children:
            if child.type != "variable_declarator":
                continue
            name, value = child.child_by_field_name("name"), child.child_by_field_name("value")
            if name is None:
                continue
            if value is None:
                continue
            lowered = self.expression(value)
            if isinstance(lowered, Closure) and name.type == "identifier" and not lowered.function.name:
                lowered.function.name = self.text(name)
                out.append(Define(lowered.function, span(child)))
            elif name.type == "identifier":
                out.append(Assign(self.text(name), lowered, False, span(child)))
            else:
                out.append(Unpack(self.pattern(name), lowered, span(child)))
        return out

    def pattern(self, node: Node) -> tuple[tuple[str | int, str], ...]:
        """What a destructuring pattern binds, one level deep; names further inside are bound to gaps."""
        found: list[tuple[str | int, str]] = []
        stack: list[tuple[Node, str | int]] = [
            (child, position if node.type == "array_pattern" else "")
            for position, child in enumerate(node.named_children)
        ]
        budget = 400
        while stack and budget:
            budget -= 1
            child, key = stack.pop(0)
            if child.type == "identifier":
                found.append((key, self.text(child)))
            elif child.type == "shorthand_property_identifier_pattern":
                found.append((self.text(child), self.text(child)))
            elif child.type == "pair_pattern":
                named, value = child.child_by_field_name("key"), child.child_by_field_name("value")
                if named is not None and value is not None:
                    stack.append((value, self.text(named)))
            elif child.type in {"assignment_pattern", "object_assignment_pattern"}:
                left = child.child_by_field_name("left")
                if left is not None:
                    stack.append((left, key))
            elif child.type in {"rest_pattern", "object_pattern", "array_pattern"}:
                stack.extend((part, "…") for part in child.named_children)
        return tuple(found)

    def for_statement(self, node: Node) -> Iterable[Stmt]:
        start = node.child_by_field_name("initializer")
        before = tuple(self.statement(start)) if start is not None else ()
        return (*before, Loop((), None, self.body(node.child_by_field_name("body")), span(node)))

    def for_in_statement(self, node: Node) -> Iterable[Stmt]:
        left = node.child_by_field_name("left")
        if left is None:
            names: tuple[str, ...] = ()
        elif left.type == "identifier":
            names = (self.text(left),)
        else:
            names = tuple(name for _, name in self.pattern(left))
        return (
            Loop(
                names,
                self.expression(node.child_by_field_name("right")),
                self.body(node.child_by_field_name("body")),
                span(node),
            ),
        )

    def switch_statement(self, node: Node) -> Iterable[Stmt]:
        body = node.child_by_field_name("body")
        alternatives: list[tuple[Stmt, ...]] = []
        complete = False
        for case in body.named_children if body is not None else []:
            if case.type not in {"switch_case", "switch_default"}:
                continue
            complete = complete or case.type == "switch_default"
            statements = self.block(case.children_by_field_name("body"))
            if statements:
                alternatives.append(statements)
        value = self.expression(node.child_by_field_name("value"))
        return (Do(value, span(node)), self.cased(alternatives, span(node), complete=complete))

    def try_statement(self, node: Node) -> Iterable[Stmt]:
        body = self.body(node.child_by_field_name("body"))
        handler, finalizer = node.child_by_field_name("handler"), node.child_by_field_name("finalizer")
        last = self.body(finalizer.child_by_field_name("body")) if finalizer is not None else ()
        handlers = [self.body(handler.child_by_field_name("body"))] if handler is not None else []
        return self.attempted(body, handlers, last, span(node))

    def function_declaration(self, node: Node) -> Iterable[Stmt]:
        function = self.function(node)
        function.decorators = tuple(self.decorated(node))
        return (Define(function, span(node)),)

    def export(self, node: Node) -> Iterable[Stmt]:
        marks = tuple(self.decorated(node))
        out = self.block(child for child in node.named_children if child.type != "decorator")
        for statement in out:
            if isinstance(statement, ClassBody):
                statement.decorators = (*marks, *statement.decorators)
        return out

    def decorated(self, node: Node) -> Iterable[Expr]:
        return (
            self.expression(p) for child in node.named_children if child.type == "decorator" for p in self.parts(child)
        )

    def class_declaration(self, node: Node) -> Iterable[Stmt]:
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        heritage = next((child for child in node.named_children if child.type == "class_heritage"), None)
        written = self.text(heritage) if heritage is not None else ""
        bases = tuple(found.rpartition(".")[2] for found in re.findall(r"extends\s+([\w$.]+)", written[:400]))
        members = self.members(body.named_children) if body is not None else ()
        label = self.text(name) if name is not None else ""
        clauses = [heritage, *heritage.named_children] if heritage is not None else []
        made = [part for clause in clauses for part in clause.named_children if part.type == "call_expression"]
        # `class Boats extends Effect.Service()("Boats", { effect: … })`
        above = tuple(Do(self.expression(part), span(part)) for part in made)
        return (*above, ClassBody(label, members, span(node), bases, tuple(self.decorated(node))))

    def members(self, nodes: Iterable[Node]) -> tuple[Stmt, ...]:
        """A method's decorators stand before it in the class body; a field's are its own children."""
        out: list[Stmt] = []
        marks: list[Expr] = []
        for child in nodes:
            if child.type == "decorator":
                marks.extend(self.expression(part) for part in self.parts(child))
                continue
            made = tuple(self.statement(child))
            if marks and made and isinstance(made[0], Define):
                made[0].function.decorators = (*marks, *made[0].function.decorators)
                marks = []
            out.extend(made)
        return tuple(out)

    def field(self, node: Node) -> Iterable[Stmt]:
        name = node.child_by_field_name("name") or node.child_by_field_name("property")
        value, kind = node.child_by_field_name("value"), node.child_by_field_name("type")
        if name is None:
            return ()
        lowered = self.expression(value) if value is not None else None
        if isinstance(lowered, Closure):
            lowered.function.name = lowered.function.name or self.text(name)
            return (Define(lowered.function, span(node)),)
        written = self.text(kind).lstrip(": ") if kind is not None else ""
        return (Member(self.text(name), written, tuple(self.decorated(node)), lowered, span(node)),)

    def enum_declaration(self, node: Node) -> Iterable[Stmt]:
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        pairs: list[tuple[str | None, Expr]] = []
        for child in body.named_children if body is not None else []:
            if child.type == "enum_assignment":
                key, value = child.child_by_field_name("name"), child.child_by_field_name("value")
                pairs.append((self.text(key) if key is not None else None, self.expression(value)))
        return (
            Assign(self.text(name) if name is not None else None, Pairs(tuple(pairs), span(node)), False, span(node)),
        )

    def function(self, node: Node) -> Func:
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        named = name is not None and node.type != "arrow_function"
        return self.function_of(
            node, self.text(name) if named and name is not None else "", self.parameters(node), body
        )

    def parameters(self, node: Node) -> tuple[Parameter, ...]:
        single = node.child_by_field_name("parameter")
        if single is not None:
            return (Parameter(self.text(single)),)
        listed = node.child_by_field_name("parameters")
        found: list[Parameter] = []
        for child in listed.named_children if listed is not None else []:
            default = child.child_by_field_name("value")
            pattern = child.child_by_field_name("pattern") or child
            if pattern.type == "assignment_pattern":
                default = pattern.child_by_field_name("right")
                pattern = pattern.child_by_field_name("left") or pattern
            value = self.expression(default) if default is not None else None
            if pattern.type == "identifier":
                kind = child.child_by_field_name("type")
                written = self.text(kind).lstrip(": ") if kind is not None else ""
                if child.type == "optional_parameter":
                    written = f"{written} | undefined"
                found.append(Parameter(self.text(pattern), value, written))
            elif pattern.type == "rest_pattern":
                found.append(Parameter(self.text(pattern).lstrip(".").strip(), value))
            elif pattern.type in {"object_pattern", "array_pattern"}:
                names = ",".join(name for _, name in self.pattern(pattern))
                kind = child.child_by_field_name("type")
                written = self.text(kind).lstrip(": ")[:2000] if kind is not None else ""
                found.append(Parameter(names or "_", value, written))
        return tuple(found)

    # Expressions

    def presence(self, text: str) -> str | None:
        """A name whose parts may stand on lines of their own."""
        return super().presence(_BROKEN.sub(r"\1", text) if "\n" in text and len(text) <= 200 else text)

    def nothing_value(self, node: Node) -> Expr:
        return Name(self.text(node), span(node))

    def subscript(self, node: Node) -> Expr:
        base, index = node.child_by_field_name("object"), node.child_by_field_name("index")
        if base is not None and index is not None and index.type == "string" and base.end_byte - base.start_byte <= 200:
            path, key = self.presence(self.text(base)), self.expression(index)
            if path is not None and isinstance(key, Text) and key.value.isidentifier():
                return Name(f"{path}.{key.value}", span(node))
        return Other((self.expression(base), self.expression(index)), span(node))

    def string(self, node: Node) -> Expr:
        return Text(_ESCAPES.resolved(self.text(node)[1:-1]), span(node))

    def template(self, node: Node) -> Expr:
        parts = self.template_parts(node)
        if not parts:
            return Text("", span(node))
        return parts[0] if len(parts) == 1 and isinstance(parts[0], Text) else Cat(parts, span(node))

    def template_parts(self, node: Node) -> tuple[Expr, ...]:
        """The literal parts between holes are cut by byte offsets: the grammar splits them at escapes."""
        parts: list[Expr] = []
        where = span(node)
        position = node.start_byte + 1
        for child in node.named_children:
            if child.type != "template_substitution":
                continue
            self.literal(parts, position, child.start_byte, where)
            inner = [part for part in child.named_children if part.type != "comment"]
            parts.append(self.expression(inner[0]) if inner else Other((), span(child)))
            position = child.end_byte
        end = node.end_byte - 1 if self.source[node.end_byte - 1 : node.end_byte] == b"`" else node.end_byte
        self.literal(parts, position, end, where)
        return tuple(parts)

    def literal(self, parts: list[Expr], start: int, end: int, where: tuple[int, int]) -> None:
        if end > start:
            parts.append(Text(_ESCAPES.resolved(self.source[start:end].decode("utf-8", "replace")), where))

    def call(self, node: Node) -> Expr:
        function, listed = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if listed is not None and listed.type == "template_string" and function is not None:
            tag = self.expression(function)
            return Tagged(tag, self.template_parts(listed), span(node))
        arguments = (
            tuple(self.expression(child) for child in listed.named_children if child.type != "comment")
            if listed is not None
            else ()
        )
        receiver: Expr | None = None
        method = ""
        while function is not None and function.type in {
            "parenthesized_expression",
            "non_null_expression",
            "await_expression",
            "instantiation_expression",
        }:
            function = function.named_children[0] if function.named_children else None
        if function is not None and function.type == "member_expression":
            receiver = self.expression(function.child_by_field_name("object"))
            name = function.child_by_field_name("property")
            method = self.text(name) if name is not None else ""
        elif function is not None and function.type in {"identifier", "import", "super"}:
            method = self.text(function)
        elif function is not None:
            receiver = self.expression(function)
        return Invoke(receiver, method, arguments, (), span(node), span(listed) if listed is not None else span(node))

    def new(self, node: Node) -> Expr:
        name, listed = node.child_by_field_name("constructor"), node.child_by_field_name("arguments")
        arguments = (
            tuple(self.expression(child) for child in listed.named_children if child.type != "comment")
            if listed is not None
            else ()
        )
        method = self.text(name).rpartition(".")[2][:100] if name is not None else ""
        return Invoke(None, method, arguments, (), span(node), span(listed) if listed is not None else span(node))

    def object(self, node: Node) -> Expr:
        pairs: list[tuple[str | None, Expr]] = []
        for child in node.named_children:
            if child.type == "pair":
                key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
                name = self.text(key).strip("'\"`") if key is not None else None
                lowered = self.expression(value)
                if isinstance(lowered, Closure):
                    lowered.function.name = lowered.function.name or (name or "")
                pairs.append((name, lowered))
            elif child.type == "shorthand_property_identifier":
                pairs.append((self.text(child), Name(self.text(child), span(child))))
            elif child.type == "spread_element":
                pairs.append((None, Spread(self.inner(child), span(child))))
            elif child.type == "method_definition":
                function = self.function(child)
                pairs.append((function.name, Closure(function, span(child))))
        return Pairs(tuple(pairs), span(node))

    def closure(self, node: Node) -> Expr:
        return Closure(self.function(node), span(node))

    def class_value(self, node: Node) -> Expr:
        body = node.child_by_field_name("body")
        name = node.child_by_field_name("name")
        members = self.block(body.named_children) if body is not None else ()
        function = Func(self.text(name) if name is not None else "", (), lambda: members, span(node), span(node))
        return Closure(function, span(node))

    def assigned(self, node: Node) -> Expr:
        return self.expression(node.child_by_field_name("right"))


class TypeScriptLowering(JavaScriptLowering):
    language = "typescript"


class TsxLowering(JavaScriptLowering):
    language = "tsx"
