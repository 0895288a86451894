"""PHP lowered to `ir`."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import ClassVar

from tree_sitter import Node

from lints.extract.escapes import Escapes
from lints.extract.ir import (
    Assign,
    Cat,
    Choose,
    ClassBody,
    Define,
    Do,
    Expr,
    If,
    Items,
    Leave,
    Loop,
    Name,
    Pairs,
    Parameter,
    Stmt,
    Text,
)
from lints.extract.lower import Lowering, span
from lints.extract.sqltext import names
from lints.patterns import regex

_ESCAPES = Escapes(
    pattern=regex(r"\\(?:u\{[0-9a-fA-F]{1,6}\}|x[0-9a-fA-F]{1,2}|[0-7]{1,3}|[nrtvef\\$\"])"),
    letters={"n": "\n", "r": "\r", "t": "\t", "v": "\v", "e": "\x1b", "f": "\f", "\\": "\\", "$": "$", '"': '"'},
    octal=0xFF,
)


_SETS = regex(rb"(?:->|::\$)(\w+)\s*(?:\[[^\]\n]{0,80}\]\s*)?(?:[.+*/-]|\?\?)?=(?![=>])")


_PROPERTY = regex(r"\$this->(\w+)")
_TEXTS = frozenset({"string", "encapsed_string", "binary_expression"})
_OF_WORDPRESS = regex(r"\$(?:this->)?_?wpdb->([a-z_]\w*)")
_NO_TABLE = names(
    "insert_id num_rows num_queries rows_affected last_error last_query last_result charset collate show_errors blogid"
    " siteid dbh dbname dbhost dbuser ready func_call queries error field_types col_info is_mysql tables error_handler"
    " suppress_errors time_start result global_tables ms_global_tables old_tables options_"
)
"""What WordPress' connection holds beside the names of tables."""


class PhpLowering(Lowering):
    language = "php"
    statements: ClassVar[Mapping[str, str]] = {
        "php_tag": "nothing",
        "text": "nothing",
        "namespace_use_declaration": "nothing",
        "namespace_definition": "namespace",
        "declaration_list": "inner_block",
        "class_declaration": "class_declaration",
        "trait_declaration": "class_declaration",
        "interface_declaration": "class_declaration",
        "enum_declaration": "class_declaration",
        "use_declaration": "nothing",
        "const_declaration": "constants",
        "property_declaration": "properties",
        "method_declaration": "method",
        "function_definition": "method",
        "expression_statement": "expression_statement",
        "compound_statement": "inner_block",
        "if_statement": "if_statement",
        "for_statement": "for_statement",
        "foreach_statement": "for_each",
        "while_statement": "while_statement",
        "do_statement": "while_statement",
        "switch_statement": "switch_statement",
        "try_statement": "try_statement",
        "return_statement": "return_statement",
        "echo_statement": "effect",
        "break_statement": "leave",
        "continue_statement": "leave",
        "static_variable_declaration": "effect",
    }
    expressions: ClassVar[Mapping[str, str]] = {
        "string": "single",
        "encapsed_string": "double",
        "heredoc": "heredoc",
        "nowdoc": "nowdoc",
        "variable_name": "name",
        "name": "name",
        "qualified_name": "qualified",
        "member_access_expression": "member",
        "nullsafe_member_access_expression": "path",
        "class_constant_access_expression": "class_constant",
        "scoped_property_access_expression": "path",
        "subscript_expression": "subscript",
        "function_call_expression": "function_call",
        "member_call_expression": "member_call",
        "nullsafe_member_call_expression": "member_call",
        "scoped_call_expression": "member_call",
        "object_creation_expression": "new",
        "binary_expression": "binary",
        "conditional_expression": "conditional",
        "parenthesized_expression": "inner",
        "cast_expression": "last",
        "argument": "last",
        "array_creation_expression": "array",
        "anonymous_function": "closure",
        "anonymous_function_creation_expression": "closure",
        "arrow_function": "closure",
        "assignment_expression": "assigned",
        "augmented_assignment_expression": "assigned",
        "variadic_unpacking": "spread",
        "null": "null",
        "match_expression": "other",
        "throw_expression": "other",
    }
    plus: ClassVar[frozenset[str]] = frozenset({"."})

    # Declarations

    @cached_property
    def in_wordpress(self) -> bool:
        return b"wpdb" in self.source

    def namespace(self, node: Node) -> Iterable[Stmt]:
        body = node.child_by_field_name("body")
        return self.block(body.named_children) if body is not None else ()

    def class_declaration(self, node: Node) -> Iterable[Stmt]:
        """A class; the class it extends, the interfaces and the traits it uses are its bases."""
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        bases: list[str] = []
        lists = [node, *(child for child in self.parts(node) if child.type == "declaration_list")]
        for clause in (part for held in lists for part in self.parts(held)):
            if clause.type in {"base_clause", "class_interface_clause", "use_declaration"}:
                named = (part for part in self.parts(clause) if part.type in {"name", "qualified_name"})
                bases += [self.text(part).rpartition("\\")[2] for part in named]
            elif body is None and clause.type == "declaration_list":
                body = clause
        inner = self.block(body.named_children) if body is not None else ()
        inner = (*self.constructed(body), *inner) if body is not None and b"__construct" in self.source else inner
        return (ClassBody(self.text(name) if name is not None else "", inner, span(node), tuple(bases)),)

    def constructed(self, body: Node) -> Iterable[Stmt]:
        """What a constructor sets properties to that nothing else sets, where that is a text."""
        block: Node | None = None
        for one in body.named_children:
            name = one.child_by_field_name("name") if one.type == "method_declaration" else None
            if name is not None and self.text(name) == "__construct":
                block = one.child_by_field_name("body")
        for set_ in (part for one in self.parts(block) for part in self.parts(one)) if block is not None else ():
            left, right = set_.child_by_field_name("left"), set_.child_by_field_name("right")
            if set_.type != "assignment_expression" or left is None or right is None or right.type not in _TEXTS:
                continue
            held = _PROPERTY.fullmatch(self.text(left))
            if held is not None and self.set_times[held.group(1)] == 1:
                yield Assign(held.group(1), self.expression(right), False, span(set_))

    def return_statement(self, node: Node) -> Iterable[Stmt]:
        value = next(iter(self.parts(node)), None)
        made = self.parts(value) if value is not None and value.type == "object_creation_expression" else []
        unnamed = next((part for part in made if part.type == "anonymous_class"), None)
        if unnamed is not None:  # return new class extends Migration { … }
            return (*self.class_declaration(unnamed), Leave(None, True, span(node)))
        return super().return_statement(node)

    @cached_property
    def set_times(self) -> Counter[str]:
        """How often something in the file sets a property."""
        return Counter(found.decode("utf-8", "replace") for found in _SETS.findall(self.source))

    def constants(self, node: Node) -> Iterable[Stmt]:
        out: list[Stmt] = []
        for element in node.named_children:
            if element.type == "const_element" and len(element.named_children) == 2:
                name, value = element.named_children
                out.append(Assign(self.text(name), self.expression(value), False, span(element)))
        return out

    def properties(self, node: Node) -> Iterable[Stmt]:
        """What properties begin with, as far as it stays what they are: none that is set later, or by a client."""
        out: list[Stmt] = []
        open_ = b"Livewire" in self.source and self.source[node.start_byte : node.start_byte + 6] == b"public"
        for element in node.named_children:
            name, value = element.child_by_field_name("name"), element.child_by_field_name("default_value")
            if (
                name is not None
                and value is not None
                and not open_
                and self.text(name).lstrip("$") not in self.set_times
            ):
                out.append(Assign(self.text(name).lstrip("$"), self.expression(value), False, span(element)))
        return out

    def method(self, node: Node) -> Iterable[Stmt]:
        name = node.child_by_field_name("name")
        function = self.function_of(
            node,
            self.text(name) if name is not None else "",
            self.parameters(node.child_by_field_name("parameters")),
            node.child_by_field_name("body"),
        )
        return (Define(function, span(node)),)

    def parameters(self, node: Node | None) -> tuple[Parameter, ...]:
        found: list[Parameter] = []
        for child in node.named_children if node is not None else []:
            name, value = child.child_by_field_name("name"), child.child_by_field_name("default_value")
            if name is not None:
                default = self.expression(value) if value is not None else None
                found.append(Parameter(self.text(name).lstrip("$&."), default))
        return tuple(found)

    # Statements

    def expression_statement(self, node: Node) -> Iterable[Stmt]:
        out: list[Stmt] = []
        for child in self.parts(node):
            if child.type in {"assignment_expression", "augmented_assignment_expression"}:
                out.append(self.assignment(child))
            else:
                out.append(Do(self.expression(child), span(child)))
        return out

    def assignment(self, node: Node) -> Stmt:
        left, operator = node.child_by_field_name("left"), node.child_by_field_name("operator")
        value = self.expression(node.child_by_field_name("right"))
        sign = operator.type if operator is not None else self.sign(node)
        if left is not None and left.type == "subscript_expression" and len(left.named_children) == 1:
            # $clauses[] = "…"
            target = self.presence(self.text(left.named_children[0]))
            return Assign(target, Items((value,), span(node)), True, span(node))
        target = self.presence(self.text(left)) if left is not None else None
        return Assign(target, value, sign == ".=", span(node))

    def sign(self, node: Node) -> str:
        return next((child.type for child in node.children if not child.is_named), "=")

    def if_statement(self, node: Node) -> Iterable[Stmt]:
        branches: list[tuple[Node, Node | None]] = [(node, node.child_by_field_name("body"))]
        other: tuple[Stmt, ...] = ()
        for child in node.children_by_field_name("alternative"):
            if child.type == "else_if_clause":
                branches.append((child, child.child_by_field_name("body")))
            else:
                other = self.body(child.child_by_field_name("body"))
        for holder, body in reversed(branches):
            test = self.test(holder.child_by_field_name("condition"))
            other = (If(test, self.body(body), other, span(holder)),)
        return other

    def for_statement(self, node: Node) -> Iterable[Stmt]:
        return (Loop((), None, self.body(node.child_by_field_name("body")), span(node)),)

    def for_each(self, node: Node) -> Iterable[Stmt]:
        body = node.child_by_field_name("body")
        heads = [child for child in self.parts(node) if child != body]
        over = self.expression(heads[0]) if heads else None
        bound = heads[1] if len(heads) > 1 else None
        if bound is not None and bound.type == "pair":
            bound = bound.named_children[-1]
        names = (self.text(bound).lstrip("$&"),) if bound is not None else ()
        return (Loop(names, over, self.body(body), span(node)),)

    def switch_statement(self, node: Node) -> Iterable[Stmt]:
        body = node.child_by_field_name("body")
        alternatives: list[tuple[Stmt, ...]] = []
        complete = False
        for case in body.named_children if body is not None else []:
            complete = complete or case.type == "default_statement"
            value = case.child_by_field_name("value")
            alternatives.append(self.block(child for child in case.named_children if child != value))
        subject = self.expression(node.child_by_field_name("condition"))
        return (Do(subject, span(node)), self.cased(alternatives, span(node), complete=complete))

    def try_statement(self, node: Node) -> Iterable[Stmt]:
        handlers: list[tuple[Stmt, ...]] = []
        last: tuple[Stmt, ...] = ()
        for child in node.named_children:
            if child.type == "catch_clause":
                handlers.append(self.body(child.child_by_field_name("body")))
            elif child.type == "finally_clause":
                last = self.body(child.child_by_field_name("body"))
        return self.attempted(self.body(node.child_by_field_name("body")), handlers, last, span(node))

    # Expressions

    def member(self, node: Node) -> Expr:
        """A part of an object; the prefix of WordPress' tables, and what it calls one, is the text as installed."""
        found = _OF_WORDPRESS.fullmatch(self.text(node)) if self.in_wordpress else None
        if found is None or found.group(1) in _NO_TABLE:
            return self.path(node)
        return Text("wp_" if found.group(1) in {"prefix", "base_prefix"} else f"wp_{found.group(1)}", span(node))

    def null(self, node: Node) -> Expr:
        return Name("null", span(node))

    def qualified(self, node: Node) -> Expr:
        return Name(self.text(node).rpartition("\\")[2], span(node))

    def class_constant(self, node: Node) -> Expr:
        """`Boat::KIND`; a class with its namespace (`\\App\\Models\\Boat::class`) is named by its last part."""
        held, _, name = self.text(node).rpartition("::")
        bare = held.rpartition("\\")[2]
        if "\\" in held and bare.isidentifier() and name.isidentifier():
            return Name(f"{bare}.{name}", span(node))
        return self.path(node)

    def added(self, parts: list[Expr], where: tuple[int, int]) -> Expr:
        """A class in a text, `'DELETE ' . Boat::class . ' b'`, is its name."""
        return super().added([_class_name(part) for part in parts], where)

    def single(self, node: Node) -> Expr:
        return Text(self.text(node)[1:-1].replace("\\'", "'").replace("\\\\", "\\"), span(node))

    def double(self, node: Node) -> Expr:
        return self.pieces(node.children, span(node))

    def heredoc(self, node: Node) -> Expr:
        body = node.child_by_field_name("value")
        return self.pieces(body.children, span(node)) if body is not None else Text("", span(node))

    def nowdoc(self, node: Node) -> Expr:
        body = node.child_by_field_name("value")
        return Text(textwrap.dedent(self.text(body)) if body is not None else "", span(node))

    def pieces(self, children: Iterable[Node], where: tuple[int, int]) -> Expr:
        parts: list[Expr] = []
        end: int | None = None
        for child in children:
            if end is not None and end < child.start_byte:  # the grammar leaves out line breaks of a heredoc
                parts.append(Text(self.source[end : child.start_byte].decode("utf-8", "replace"), where))
            end = child.end_byte
            if child.type == "string_content":
                parts.append(Text(self.text(child), where))
            elif child.type == "escape_sequence":
                parts.append(Text(_ESCAPES.resolved(self.text(child)), where))
            elif child.is_named:
                parts.append(self.expression(child))
        if all(isinstance(part, Text) for part in parts):
            return Text("".join(part.value for part in parts if isinstance(part, Text)), where)
        return Cat(tuple(parts), where)

    def subscript(self, node: Node) -> Expr:
        children = self.parts(node)
        if len(children) == 2 and children[1].type == "string":
            base, key = self.presence(self.text(children[0])), self.text(children[1]).strip("'\"")
            if base is not None and key.isidentifier():
                return Name(f"{base}.{key}", span(node))
        return self.other(node)

    def conditional(self, node: Node) -> Expr:
        condition = node.child_by_field_name("condition")
        body = node.child_by_field_name("body") or condition
        other = self.expression(node.child_by_field_name("alternative"))
        return Choose(self.test(condition), self.expression(body), other, span(node))

    def array(self, node: Node) -> Expr:
        pairs: list[tuple[str | None, Expr]] = []
        items: list[Expr] = []
        for child in self.parts(node):
            inner = self.parts(child)
            if child.type == "array_element_initializer" and len(inner) == 2:
                key = self.expression(inner[0])
                pairs.append((key.value if isinstance(key, Text) else None, self.expression(inner[1])))
            else:
                items.append(self.expression(inner[0]) if inner else self.expression(child))
        if pairs:
            return Pairs(tuple(pairs), span(node))
        return Items(tuple(items), span(node))

    def assigned(self, node: Node) -> Expr:
        return self.expression(node.child_by_field_name("right"))

    def arguments(self, listed: Node | None) -> tuple[list[Expr], list[tuple[str, Expr]]]:
        arguments: list[Expr] = []
        keywords: list[tuple[str, Expr]] = []
        for child in self.parts(listed) if listed is not None else []:
            name = child.child_by_field_name("name")
            if name is not None and len(self.parts(child)) > 1:
                keywords.append((self.text(name), self.expression(self.parts(child)[-1])))
            else:
                arguments.append(self.expression(child))
        return arguments, keywords

    def function_call(self, node: Node) -> Expr:
        function, listed = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        arguments, keywords = self.arguments(listed)
        if function is not None and function.type in {"name", "qualified_name"}:
            return self.invocation(node, None, self.text(function).rpartition("\\")[2], arguments, keywords, listed)
        return self.invocation(node, self.expression(function), "", arguments, keywords, listed)

    def member_call(self, node: Node) -> Expr:
        target = node.child_by_field_name("object") or node.child_by_field_name("scope")
        name, listed = node.child_by_field_name("name"), node.child_by_field_name("arguments")
        arguments, keywords = self.arguments(listed)
        receiver = (
            Name(self.text(target), span(target))
            if target is not None and target.type == "relative_scope"
            else self.expression(target)
        )
        return self.invocation(node, receiver, self.text(name) if name is not None else "", arguments, keywords, listed)

    def new(self, node: Node) -> Expr:
        children = self.parts(node)
        listed = next((child for child in children if child.type == "arguments"), None)
        arguments, keywords = self.arguments(listed)
        method = self.text(children[0]).rpartition("\\")[2][:100] if children else ""
        return self.invocation(node, None, method, arguments, keywords, listed)

    def closure(self, node: Node) -> Expr:
        parameters = self.parameters(node.child_by_field_name("parameters"))
        return self.closure_of(node, parameters, node.child_by_field_name("body"))


def _class_name(part: Expr) -> Expr:
    named = part.path.removesuffix(".class") if isinstance(part, Name) and part.path.endswith(".class") else ""
    return Text(named, part.span) if named[:1].isupper() else part
