"""Expressions of Python lowered to `ir`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import ClassVar

from tree_sitter import Node

from lints.extract.ir import (
    Cat,
    Choose,
    Expr,
    Invoke,
    Items,
    Name,
    Other,
    Pairs,
    Parameter,
    Percent,
    Repeat,
    Span,
    Spread,
    Test,
    Text,
)
from lints.extract.languages import python_pony
from lints.extract.lower import Lowering, joined, span
from lints.patterns import regex

_ESCAPE = regex(
    r"\\(?:\r\n|\n|\r|[\\'\"abfnrtv]|[0-7]{1,3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^{}\n]{1,100}\})"
)
_SIMPLE = {"\\": "\\", "'": "'", '"': '"', "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class PythonExpressions(Lowering):
    language = "python"
    binaries: ClassVar[frozenset[str]] = frozenset({"binary_operator"})
    expressions: ClassVar[Mapping[str, str]] = {
        "string": "string",
        "concatenated_string": "concatenated_string",
        "identifier": "name",
        "attribute": "path",
        "subscript": "subscript",
        "call": "call",
        "binary_operator": "binary",
        "boolean_operator": "boolean_operator",
        "conditional_expression": "conditional_expression",
        "list": "items",
        "tuple": "items",
        "set": "items",
        "expression_list": "items",
        "dictionary": "dictionary",
        "list_comprehension": "comprehension",
        "generator_expression": "comprehension",
        "set_comprehension": "comprehension",
        "list_splat": "spread",
        "lambda": "lambda_",
        "parenthesized_expression": "inner",
        "await": "inner",
        "assignment": "nested_assignment",
        "named_expression": "named_expression",
        "none": "none",
        "comparison_operator": "comparison",
        "unary_operator": "unary",
        "not_operator": "unary",
        "true": "name",
        "false": "name",
    }

    def __init__(self, source: bytes) -> None:
        super().__init__(source)
        self._of_pony = b"pony" in source

    def parameters(self, node: Node | None) -> tuple[Parameter, ...]:
        found: list[Parameter] = []
        for child in node.named_children if node is not None else []:
            if child.type == "identifier":
                name = self.text(child)
                if not found and name in {"self", "cls"}:
                    continue
                found.append(Parameter(name))
            elif child.type == "typed_parameter":
                written = self.text(child.named_children[0]).lstrip("*")
                found.append(Parameter(written, type=self.type_of(child)))
            elif child.type in {"default_parameter", "typed_default_parameter"}:
                named, value = child.child_by_field_name("name"), child.child_by_field_name("value")
                if named is not None:
                    found.append(Parameter(self.text(named), self.expression(value), self.type_of(child)))
            elif child.type in {"list_splat_pattern", "dictionary_splat_pattern"}:
                found.append(Parameter(self.text(child).lstrip("*")))
        return tuple(found)

    def type_of(self, node: Node) -> str:
        """An annotation as it is written."""
        kind = node.child_by_field_name("type")
        return self.text(kind)[:200] if kind is not None else ""

    def none(self, node: Node) -> Expr:
        return Name("None", span(node))

    def comparison(self, node: Node) -> Expr:
        children = self.parts(node)
        sign = next((child.type for child in node.children if not child.is_named), "")
        operator = sign if len(children) == 2 else ""
        return Other(tuple(self.expression(child) for child in children), span(node), operator)

    def unary(self, node: Node) -> Expr:
        sign = node.children[0].type if node.children else ""
        return Other((self.expression(node.child_by_field_name("argument")),), span(node), sign)

    def string(self, node: Node) -> Expr:
        children = node.children
        prefix = self.text(children[0]).rstrip("'\"").lower() if children else ""
        raw = "r" in prefix
        formatted = "f" in prefix or "t" in prefix
        parts: list[Expr] = []
        literal: list[str] = []
        where = span(node)

        def flush() -> None:
            if literal:
                parts.append(Text("".join(literal), where))
                literal.clear()

        for child in children[1:]:
            if child.type == "string_content":
                written = self.text(child)
                if formatted:
                    written = written.replace("{{", "{").replace("}}", "}")
                literal.append(written if raw else unescape(written))
            elif child.type == "interpolation":
                flush()
                inner = child.child_by_field_name("expression")
                parts.append(self.expression(inner))
            elif child.type == "escape_interpolation":
                literal.append(self.text(child)[:1])
        flush()
        if not parts:
            return Text("", where)
        return parts[0] if len(parts) == 1 and isinstance(parts[0], Text) else Cat(tuple(parts), where)

    def concatenated_string(self, node: Node) -> Expr:
        return joined((self.expression(child) for child in node.named_children if child.type == "string"), span(node))

    def combined(self, sign: str, value: Expr, left: Node, right: Node, where: Span) -> Expr:
        if sign == "%":
            return Percent(value, self.percent_values(right), where)
        if sign == "*" and isinstance(value, Items):
            return self.repeat(value, right, where)
        if sign == "*" and isinstance(value, Text):
            return self.multiplied(value, right, where) if right.type == "integer" else value
        return super().combined(sign, value, left, right, where)

    def added(self, parts: list[Expr], where: Span) -> Expr:
        spread: list[Expr] = [
            Items((Spread(part, part.span),), part.span) if isinstance(part, Repeat) else part for part in parts
        ]
        return super().added(spread, where)

    def repeat(self, items: Items, count: Node, where: tuple[int, int]) -> Expr:
        item = items.items[0] if len(items.items) == 1 else Items(items.items, where)
        text = self.text(count)
        flag = re.fullmatch(r"(?:bool|int)\(([\w.]+)\)|\(?([\w.]+) is not None\)?", text)
        if flag is not None:
            name = flag.group(1) or flag.group(2)
            return Repeat(item, where, Test(key=name, value=None, name=name))
        return Repeat(item, where)

    def multiplied(self, value: Text, count: Node, where: tuple[int, int]) -> Expr:
        digits = self.text(count)
        times = int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 4 else 1
        return Text(value.value * min(times, 1000), where)

    def percent_values(self, node: Node | None) -> tuple[Expr, ...] | None:
        if node is None:
            return None
        value = self.expression(node)
        if isinstance(value, Items):
            return value.items
        return (value,)

    def boolean_operator(self, node: Node) -> Expr:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        operator = node.child_by_field_name("operator")
        one, two = self.expression(left), self.expression(right)
        kept = self.truth_of_columns(left)
        if kept is not None and operator is not None:
            taken, other = (two, one) if kept is (operator.type == "and") else (one, two)
            return Choose(Test(key="column", value=other, constant=True), taken, other, span(node))
        test = self.test(left)
        if operator is not None and operator.type == "or":
            return Choose(test, one, two, span(node))
        return Choose(test, two, one, span(node))

    def truth_of_columns(self, node: Node | None) -> bool | None:
        """Whether Python takes `Boat.tenant_id == t` for true: it is a condition of SQLAlchemy's, no value, and only
        `!=` is; `and` and `or` keep one side by that, and the other one never reaches the database."""
        while node is not None and node.type == "parenthesized_expression" and len(self.parts(node)) == 1:
            node = self.parts(node)[0]
        if node is None or node.type not in {"comparison_operator", "boolean_operator"}:
            return None
        found = _COMPARED.match(self.text(node)[:400])
        return found.group(1) == "!=" if found is not None else None

    def conditional_expression(self, node: Node) -> Expr:
        parts = [child for child in node.named_children if child.type != "comment"]
        if len(parts) != 3:
            return self.other(node)
        return Choose(self.test(parts[1]), self.expression(parts[0]), self.expression(parts[2]), span(node))

    def dictionary(self, node: Node) -> Expr:
        pairs: list[tuple[str | None, Expr]] = []
        for child in node.named_children:
            if child.type == "pair":
                key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
                written = self.expression(key)
                named = written.value if isinstance(written, Text) else _attribute(written)
                pairs.append((named, self.expression(value)))
            elif child.type == "dictionary_splat":
                pairs.append((None, Spread(self.inner(child), span(child))))
        return Pairs(tuple(pairs), span(node))

    def comprehension(self, node: Node) -> Expr:
        body = node.child_by_field_name("body")
        sources = [
            self.expression(child.child_by_field_name("right"))
            for child in node.named_children
            if child.type == "for_in_clause"
        ]
        item = self.expression(body)
        if len(sources) == 1 and isinstance(sources[0], Items) and isinstance(item, Name):
            # `[c for c in (a, b, cond and d) if c]`: the list itself
            return sources[0]
        clauses = (child for child in node.named_children if child.type == "if_clause")
        asked = [self.expression(part) for clause in clauses for part in clause.named_children]
        return Repeat(item, span(node), asked=(*sources, *asked))

    def lambda_(self, node: Node) -> Expr:
        parameters = self.parameters(node.child_by_field_name("parameters"))
        return self.closure_of(node, parameters, node.child_by_field_name("body"))

    def named_expression(self, node: Node) -> Expr:
        return self.expression(node.child_by_field_name("value"))

    def nested_assignment(self, node: Node) -> Expr:
        return self.expression(node.child_by_field_name("right"))

    def subscript(self, node: Node) -> Expr:
        """`QUERIES["get"]` as `QUERIES.get`: what a dictionary of this file holds."""
        base, index = node.child_by_field_name("value"), node.child_by_field_name("subscript")
        if base is not None and index is not None and index.type == "string":
            path, key = self.presence(self.text(base)), self.expression(index)
            if path is not None and isinstance(key, Text) and key.value.isidentifier():
                return Name(f"{path}.{key.value}", span(node))
        record = self.record(node, "get_by_id")
        return record if record is not None else self.other(node)

    def record(self, node: Node, method: str, *given: Expr) -> Expr | None:
        """`Boat[key]` of Peewee and Pony: the row of that key, as a call of the class; None for any other subscript."""
        base, index = node.child_by_field_name("value"), node.child_by_field_name("subscript")
        written = self.text(base) if node.type == "subscript" and base is not None else ""
        if index is None or _RECORD.fullmatch(written) is None or len(node.children_by_field_name("subscript")) > 1:
            return None
        arguments = (self.expression(index), *given)
        return Invoke(Name(written, span(node)), method, arguments, (), span(node), span(index))

    def call(self, node: Node) -> Expr:
        function, listed = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        receiver, method = self.called(function)
        if self._of_pony and listed is not None:
            asked = python_pony.asked(self, node, receiver, method, listed)
            if asked is not None:
                return asked
        arguments: list[Expr] = []
        keywords: list[tuple[str, Expr]] = []
        if listed is not None and listed.type == "argument_list":
            for child in listed.named_children:
                if child.type == "keyword_argument":
                    name, value = child.child_by_field_name("name"), child.child_by_field_name("value")
                    keywords.append((self.text(name) if name is not None else "", self.expression(value)))
                elif child.type not in {"comment", "dictionary_splat"}:
                    arguments.append(self.expression(child))
                elif child.type == "dictionary_splat":
                    keywords.append(("**", self.inner(child)))
        elif listed is not None:
            arguments.append(self.expression(listed))
        return Invoke(
            receiver,
            method,
            tuple(arguments),
            tuple(keywords),
            span(node),
            span(listed) if listed is not None else span(node),
        )

    def called(self, function: Node | None) -> tuple[Expr | None, str]:
        """What a call is made on, and its name."""
        if function is not None and function.type == "attribute":
            attribute = function.child_by_field_name("attribute")
            of = self.expression(function.child_by_field_name("object"))
            return of, self.text(attribute) if attribute is not None else ""
        if function is not None and function.type == "identifier":
            return None, self.text(function)
        return self.expression(function) if function is not None else None, ""


_RECORD = regex(r"(?:[a-z_]\w*\.){0,2}[A-Z]\w*[a-z]\w*")
_COMPARED = regex(r"\(?\s*(?:[a-z_]\w*\.){0,3}[A-Z]\w*[a-z]\w*\.[a-z_]\w*\s*(==|!=)[^=]")


def _attribute(key: Expr) -> str | None:
    """The column that `{Boat.price: 3}` names."""
    owner, _, attribute = key.path.rpartition(".") if isinstance(key, Name) else ("", "", "")
    return attribute if owner.rpartition(".")[2][:1].isupper() and attribute.islower() else None


def unescape(text: str) -> str:
    """A Python string literal's content with its escapes resolved; an unknown escape stays, as Python has it."""
    return _ESCAPE.sub(_unescaped, text) if "\\" in text else text


def _unescaped(match: re.Match[str]) -> str:
    body = match.group()[1:]
    if body[0] in "\r\n":
        return ""
    if body in _SIMPLE:
        return _SIMPLE[body]
    if body[0] in "xuU":
        code = int(body[1:], 16)
        return chr(code) if code < 0x110000 else match.group()
    if body[0] == "N":
        try:
            return unicodedata.lookup(body[2:-1])
        except KeyError:
            return match.group()
    return chr(int(body, 8))
