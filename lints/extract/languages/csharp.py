"""C# lowered to `ir`."""

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
    ClassBody,
    Closure,
    Define,
    Do,
    Expr,
    Invoke,
    Items,
    Loop,
    Name,
    Other,
    Pairs,
    Parameter,
    Scope,
    Stmt,
    Tagged,
    Text,
)
from lints.extract.languages.jvm_annotations import of_entities
from lints.extract.lower import Lowering, span
from lints.patterns import regex

_ESCAPES = Escapes(
    pattern=regex(r"\\(?:u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|x[0-9a-fA-F]{1,4}|[\s\S])"),
    letters={"0": "\0", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"},
    octal=0,
)
_BINDS = frozenset(
    {"FromSqlInterpolated", "ExecuteSqlInterpolated", "ExecuteSqlInterpolatedAsync", "FromSql", "ExecuteSql"}
    | {"ExecuteSqlAsync", "SqlQuery", "Sql"}
)
"""Calls that make a parameter of every hole of an interpolated string (EF Core)."""
_NUMBERS = frozenset(
    {"FromSqlRaw", "ExecuteSqlRaw", "ExecuteSqlRawAsync", "SqlQueryRaw", "ExecuteSqlCommand", "ExecuteSqlCommandAsync"}
)
"""Calls whose statement names its parameters by their numbers: `WHERE id = {0}`."""
_TABLES = frozenset({"Table", "TableName"})
"""What generic repositories call the table that they are of."""
_OF_ROWS = regex(r":\s*(?:\w+\.)*\w*(?:Repository|Store|Dao)\w*<\s*(?:\w+\.)*([A-Z]\w+)\s*[,>]")
_NUMBER = regex(r"'?\{(\d{1,2})\}'?")
_CONDITIONS = "/**where**/"
"""Where Dapper's SqlBuilder puts the conditions it is given."""
QUERY = "from"
"""The method that a query expression is lowered to."""


class CSharpLowering(Lowering):
    language = "c_sharp"
    statements: ClassVar[Mapping[str, str]] = {
        "using_directive": "nothing",
        "file_scoped_namespace_declaration": "inner_block",
        "namespace_declaration": "inner_block",
        "declaration_list": "inner_block",
        "class_declaration": "class_declaration",
        "record_declaration": "class_declaration",
        "struct_declaration": "class_declaration",
        "interface_declaration": "class_declaration",
        "enum_declaration": "nothing",
        "field_declaration": "declaration",
        "local_declaration_statement": "declaration",
        "variable_declaration": "variables",
        "property_declaration": "property_",
        "method_declaration": "method",
        "constructor_declaration": "method",
        "local_function_statement": "method",
        "operator_declaration": "method",
        "global_statement": "inner_block",
        "expression_statement": "expression_statement",
        "if_statement": "if_statement",
        "for_statement": "for_statement",
        "foreach_statement": "for_each",
        "while_statement": "while_statement",
        "do_statement": "while_statement",
        "switch_statement": "switch_statement",
        "try_statement": "try_statement",
        "using_statement": "using",
        "lock_statement": "inner_block",
        "return_statement": "return_statement",
        "throw_statement": "throw_statement",
        "yield_statement": "effect",
        "break_statement": "leave",
        "continue_statement": "leave",
        "block": "inner_block",
    }
    expressions: ClassVar[Mapping[str, str]] = {
        "string_literal": "string",
        "verbatim_string_literal": "verbatim",
        "raw_string_literal": "raw",
        "interpolated_string_expression": "interpolated",
        "identifier": "name",
        "this": "name",
        "this_expression": "name",
        "predefined_type": "name",
        "member_access_expression": "path",
        "invocation_expression": "call",
        "object_creation_expression": "new",
        "implicit_object_creation_expression": "new",
        "anonymous_object_creation_expression": "anonymous",
        "binary_expression": "binary",
        "conditional_expression": "ternary",
        "parenthesized_expression": "inner",
        "await_expression": "last",
        "cast_expression": "last",
        "argument": "last",
        "arrow_expression_clause": "last",
        "initializer_expression": "items",
        "array_creation_expression": "last",
        "implicit_array_creation_expression": "last",
        "collection_expression": "items",
        "lambda_expression": "lambda_",
        "anonymous_method_expression": "lambda_",
        "assignment_expression": "assigned",
        "null_literal": "null",
        "conditional_access_expression": "conditional_access",
        "query_expression": "query",
    }

    # Declarations

    def class_declaration(self, node: Node) -> Iterable[Stmt]:
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        inner = self.block(body.named_children) if body is not None else ()
        return (ClassBody(self.text(name) if name is not None else "", inner, span(node)),)

    def declaration(self, node: Node) -> Iterable[Stmt]:
        return [
            part
            for child in node.named_children
            if child.type == "variable_declaration"
            for part in self.variables(child)
        ]

    def variables(self, node: Node) -> Iterable[Stmt]:
        out: list[Stmt] = []
        for child in node.named_children:
            if child.type != "variable_declarator":
                continue
            name = child.child_by_field_name("name")
            values = [part for part in self.parts(child) if part != name and part.type != "bracketed_argument_list"]
            if name is None or not values:
                continue
            lowered = self.expression(values[-1])
            if isinstance(lowered, Closure):
                lowered.function.name = self.text(name)
                out.append(Define(lowered.function, span(child)))
            else:
                out.append(Assign(self.text(name), lowered, False, span(child)))
        return out

    def property_(self, node: Node) -> Iterable[Stmt]:
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is not None and value is not None:
            return (Assign(self.text(name), self.expression(value), False, span(node)),)
        bodies = [
            body
            for holder in node.named_children
            if holder.type == "accessor_list"
            for accessor in holder.named_children
            if (body := accessor.child_by_field_name("body")) is not None
        ]
        label = self.text(name) if name is not None else ""
        return tuple(Define(self.function_of(body, label, (), body), span(body)) for body in bodies)

    def method(self, node: Node) -> Iterable[Stmt]:
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if body is not None and body.type == "arrow_expression_clause":
            body = body.named_children[-1] if body.named_children else None
        label = self.text(name) if name is not None else ""
        parameters = self.parameters(node.child_by_field_name("parameters"))
        return (Define(self.function_of(node, label, parameters, body), span(node)),)

    def parameters(self, node: Node | None) -> tuple[Parameter, ...]:
        found: list[Parameter] = []
        for child in node.named_children if node is not None else []:
            name = child.child_by_field_name("name")
            if name is not None:
                found.append(Parameter(self.text(name)))
            elif child.type == "identifier":
                found.append(Parameter(self.text(child)))
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
            if target is not None and target.endswith(".CommandText"):
                owner = Name(target.removesuffix(".CommandText"), span(child))
                out.append(Do(self.invocation(child, owner, "CommandText", [value]), span(child)))
            elif left is not None and isinstance(value, Name) and value.path.startswith("EntityState."):
                out.extend(self.entry(left, value.path, child))
            sign = operator.type if operator is not None else self.operator_of(child)
            out.append(Assign(target, value, sign == "+=", span(child)))
        return out

    def entry(self, left: Node, state: str, node: Node) -> Iterable[Stmt]:
        """`_db.Entry(boat).State = EntityState.Modified`: a call that says what becomes of a row."""
        of = left.child_by_field_name("expression")
        call = self.expression(of) if of is not None and left.type == "member_access_expression" else None
        if isinstance(call, Invoke) and call.method == "Entry" and state.endswith(("Modified", "Deleted", "Added")):
            method = f"Entry{state.removeprefix('EntityState.')}"
            parts = (call.receiver, method, call.arguments, call.keywords, span(node), call.arguments_span)
            yield Do(Invoke(*parts), span(node))

    def operator_of(self, node: Node) -> str:
        return next((child.type for child in node.children if not child.is_named), "=")

    def for_statement(self, node: Node) -> Iterable[Stmt]:
        start = node.child_by_field_name("initializer")
        before = tuple(self.statement(start)) if start is not None else ()
        return (*before, Loop((), None, self.body(node.child_by_field_name("body")), span(node)))

    def for_each(self, node: Node) -> Iterable[Stmt]:
        left = node.child_by_field_name("left")
        names = (self.text(left),) if left is not None and left.type == "identifier" else ()
        over = self.expression(node.child_by_field_name("right"))
        if isinstance(over, Name) and over.path.rpartition(".")[2][:1].isupper():  # a set of a context is read then
            over = Invoke(over, "AsEnumerable", (), (), over.span, over.span)
        return (Loop(names, over, self.body(node.child_by_field_name("body")), span(node)),)

    def switch_statement(self, node: Node) -> Iterable[Stmt]:
        body = node.child_by_field_name("body")
        alternatives: list[tuple[Stmt, ...]] = []
        complete = False
        for section in body.named_children if body is not None else []:
            complete = complete or re.match(r"default\s*:", self.text(section)[:20]) is not None
            alternatives.append(
                self.block(c for c in section.named_children if c.type.endswith(("statement", "block")))
            )
        value = self.expression(node.child_by_field_name("value"))
        return (Do(value, span(node)), self.cased(alternatives, span(node), complete=complete))

    def try_statement(self, node: Node) -> Iterable[Stmt]:
        handlers: list[tuple[Stmt, ...]] = []
        last: tuple[Stmt, ...] = ()
        for child in node.named_children:
            if child.type == "catch_clause":
                handlers.append(self.body(child.child_by_field_name("body")))
            elif child.type == "finally_clause":
                last = self.block(part for block in child.named_children for part in block.named_children)
        return self.attempted(self.body(node.child_by_field_name("body")), handlers, last, span(node))

    def using(self, node: Node) -> Iterable[Stmt]:
        before = [
            part
            for child in node.named_children
            if child.type == "variable_declaration"
            for part in self.variables(child)
        ]
        bindings: list[tuple[str | None, Expr]] = [
            (part.target, part.value) for part in before if isinstance(part, Assign)
        ]
        return (Scope(tuple(bindings), self.body(node.child_by_field_name("body")), span(node)),)

    # Expressions

    def null(self, node: Node) -> Expr:
        return Name("null", span(node))

    def string(self, node: Node) -> Expr:
        return self.template(_ESCAPES.resolved(self.text(node)[1:-1]), node)

    def template(self, text: str, node: Node) -> Expr:
        """A literal; in a template of SqlBuilder conditions follow that are not to be seen here."""
        before, mark, after = text.partition(_CONDITIONS)
        if not mark:
            return Text(text, span(node))
        parts: tuple[Expr, ...] = (Text(f"{before}WHERE ", span(node)), Name("conditions", span(node)))
        return Cat((*parts, Text(after, span(node))), span(node))

    def verbatim(self, node: Node) -> Expr:
        return self.template(self.text(node)[2:-1].replace('""', '"'), node)

    def raw(self, node: Node) -> Expr:
        text = self.text(node).strip('"')
        return self.template(textwrap.dedent(text.strip("\n")), node)

    def interpolated(self, node: Node) -> Expr:
        parts = self.interpolated_parts(node)
        if not parts:
            return Text("", span(node))
        return parts[0] if len(parts) == 1 and isinstance(parts[0], Text) else Cat(parts, span(node))

    def interpolated_parts(self, node: Node) -> tuple[Expr, ...]:
        head = re.match(r'[$@]*"*', self.text(node)[:24])
        start = head.group() if head is not None else ""
        verbatim, raw = "@" in start, start.count('"') >= 3
        parts: list[Expr] = []
        for child in node.named_children:
            if child.type in {"string_content", "escape_sequence"}:
                written = self.text(child)
                if verbatim:
                    written = written.replace('""', '"')
                elif not raw:
                    written = _ESCAPES.resolved(written)
                if not raw:
                    written = written.replace("{{", "{").replace("}}", "}")
                before = parts.pop() if parts and isinstance(parts[-1], Text) else None
                parts.append(Text((before.value if isinstance(before, Text) else "") + written, span(node)))
            elif child.type == "interpolation":
                inner = [part for part in self.parts(child) if not part.type.startswith("interpolation_")]
                table = self.own_table(inner[0]) if inner else None
                if table is not None:
                    before = parts.pop() if parts and isinstance(parts[-1], Text) else None
                    parts.append(Text((before.value if isinstance(before, Text) else "") + table, span(node)))
                else:
                    parts.append(self.expression(inner[0]) if inner else Text("", span(node)))
        return tuple(parts)

    def own_table(self, node: Node) -> str | None:
        """`User` of `{Table}` in a class that is a `Repository<User, Guid>`, whose base names the table by its rows."""
        if node.type != "identifier" or self.text(node) not in _TABLES:
            return None
        around = node.parent
        while around is not None and around.type != "class_declaration":
            around = around.parent
        head = self.source[around.start_byte : around.start_byte + 2000].decode("utf-8", "replace") if around else ""
        found = _OF_ROWS.search(head.partition("{")[0])
        return found.group(1) if found is not None else None

    def assigned(self, node: Node) -> Expr:
        return self.expression(node.child_by_field_name("right"))

    def query(self, node: Node) -> Expr:
        """`from b in db.Boats where … select b`: a call on what it reads, its text the argument."""
        first = next((child for child in self.parts(node) if child.type == "from_clause"), None)
        over = self.expression(self.parts(first)[-1]) if first is not None else None
        return self.invocation(node, over, QUERY, [Other((), span(node))])

    def conditional_access(self, node: Node) -> Expr:
        return self.path(node)

    def call(self, node: Node) -> Expr:
        function, listed = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        receiver: Expr | None = None
        method = ""
        if function is not None and function.type == "member_access_expression":
            receiver = self.expression(function.child_by_field_name("expression"))
            name = function.child_by_field_name("name")
            method = self.text(name).partition("<")[0] if name is not None else ""
        elif function is not None and function.type in {"identifier", "generic_name"}:
            method = self.text(function).partition("<")[0]
        elif function is not None:
            receiver = self.expression(function)
        arguments, keywords = self.arguments(listed, binds=method in _BINDS)
        if method in _NUMBERS and arguments and isinstance(arguments[0], Text):
            statement = arguments[0]
            arguments[0] = Text(_NUMBER.sub(r"@p\1", statement.value), statement.span)
        elif method == "CreateQuery":  # of NHibernate
            arguments = [of_entities(value) for value in arguments]
        return self.invocation(node, receiver, method, arguments, keywords, listed)

    def arguments(self, listed: Node | None, *, binds: bool = False) -> tuple[list[Expr], list[tuple[str, Expr]]]:
        arguments: list[Expr] = []
        keywords: list[tuple[str, Expr]] = []
        for child in self.parts(listed) if listed is not None else []:
            named = child.child_by_field_name("name")
            inner = [part for part in self.parts(child) if part != named] if child.type == "argument" else [child]
            if not inner:
                continue
            if binds and inner[-1].type == "interpolated_string_expression":
                value: Expr = Tagged(Name("sql", span(child)), self.interpolated_parts(inner[-1]), span(inner[-1]))
            else:
                value = self.expression(inner[-1])
            if named is not None:
                keywords.append((self.text(named), value))
            else:
                arguments.append(value)
        return arguments, keywords

    def new(self, node: Node) -> Expr:
        name, listed = node.child_by_field_name("type"), node.child_by_field_name("arguments")
        method = self.text(name).partition("<")[0].rpartition(".")[2] if name is not None else ""
        arguments, keywords = self.arguments(listed)
        initializer = node.child_by_field_name("initializer")
        items: list[Expr] = []
        for child in self.parts(initializer) if initializer is not None else []:
            if child.type == "assignment_expression":
                left = child.child_by_field_name("left")
                label = self.text(left) if left is not None else ""
                keywords.append((label, self.expression(child.child_by_field_name("right"))))
            else:
                items.append(self.expression(child))
        if method in {"List", "HashSet"} and not arguments:
            return Items(tuple(items), span(node))
        if method == "StringBuilder" and not arguments:
            return Text("", span(node))
        return self.invocation(node, None, method, [*arguments, *items], keywords, listed)

    def anonymous(self, node: Node) -> Expr:
        pairs: list[tuple[str | None, Expr]] = []
        children = self.parts(node)
        position = 0
        while position < len(children):
            child = children[position]
            after = self.source[child.end_byte : child.end_byte + 3].lstrip()
            if child.type == "identifier" and after.startswith(b"=") and position + 1 < len(children):
                pairs.append((self.text(child), self.expression(children[position + 1])))
                position += 2
                continue
            pairs.append((self.text(child).rpartition(".")[2], self.expression(child)))
            position += 1
        return Pairs(tuple(pairs), span(node))

    def lambda_(self, node: Node) -> Expr:
        listed = node.child_by_field_name("parameters")
        if listed is not None and listed.type in {"identifier", "implicit_parameter"}:
            parameters: tuple[Parameter, ...] = (Parameter(self.text(listed)),)
        else:
            parameters = self.parameters(listed)
        return self.closure_of(node, parameters, node.child_by_field_name("body"))
