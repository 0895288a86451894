"""Python lowered to `ir`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import ClassVar

from tree_sitter import Node

from lints.extract.ir import (
    Assign,
    Cat,
    Choose,
    ClassBody,
    Define,
    Do,
    Expr,
    Func,
    If,
    Import,
    Invoke,
    Items,
    Loop,
    Member,
    Name,
    Other,
    Pairs,
    Parameter,
    Percent,
    Repeat,
    Scope,
    Span,
    Spread,
    Stmt,
    Test,
    Text,
    Unpack,
)
from lints.extract.languages import python_pony, python_unions
from lints.extract.languages.python_classes import models_of, narrowed, narrowing, rows_of_view
from lints.extract.languages.renamed import renamed
from lints.extract.lower import Lowering, joined, span
from lints.patterns import regex

_ESCAPE = regex(
    r"\\(?:\r\n|\n|\r|[\\'\"abfnrtv]|[0-7]{1,3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^{}\n]{1,100}\})"
)
_SIMPLE = {"\\": "\\", "'": "'", '"': '"', "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class PythonLowering(Lowering):
    language = "python"
    binaries: ClassVar[frozenset[str]] = frozenset({"binary_operator"})
    statements: ClassVar[Mapping[str, str]] = {
        "expression_statement": "expression_statement",
        "if_statement": "if_statement",
        "for_statement": "for_statement",
        "while_statement": "while_statement",
        "with_statement": "with_statement",
        "try_statement": "try_statement",
        "match_statement": "match_statement",
        "return_statement": "return_statement",
        "delete_statement": "deletion",
        "raise_statement": "throw_statement",
        "break_statement": "leave",
        "continue_statement": "leave",
        "function_definition": "function_definition",
        "decorated_definition": "decorated_definition",
        "class_definition": "class_definition",
        "block": "inner_block",
        "import_statement": "imports",
        "import_from_statement": "imports_from",
        "future_import_statement": "nothing",
        "pass_statement": "nothing",
    }
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

    # Statements

    def __init__(self, source: bytes) -> None:
        super().__init__(source)
        self._mixins: dict[str, Invoke] = {}
        """What the classes before make of the rows of a view that they are mixed into."""
        self._of_pony = b"pony" in source

    def expression_statement(self, node: Node) -> Iterable[Stmt]:
        out: list[Stmt] = []
        for child in node.named_children:
            if child.type == "assignment":
                out.extend(self.assignment(child))
            elif child.type == "augmented_assignment":
                out.append(self.augmented(child))
            elif child.type == "string" and _STATEMENT.match(self.text(child)[:200]) is None:
                out.append(Do(Text("", span(child)), span(child)))  # a docstring: "Execute the run and …" is prose
            elif child.type != "comment":
                out.append(Do(self.expression(child), span(child)))
        return out

    def imports(self, node: Node) -> Iterable[Stmt]:
        found: list[tuple[str, str, str]] = []
        for child in node.children_by_field_name("name"):
            name, alias = child.child_by_field_name("name"), child.child_by_field_name("alias")
            module = self.text(name if name is not None else child)
            found.append((self.text(alias) if alias is not None else module, module, ""))
        return (Import(tuple(found), span(node)),)

    def imports_from(self, node: Node) -> Iterable[Stmt]:
        module = node.child_by_field_name("module_name")
        if module is None:
            return ()
        found: list[tuple[str, str, str]] = []
        for child in node.children_by_field_name("name"):
            name, alias = child.child_by_field_name("name"), child.child_by_field_name("alias")
            there = self.text(name if name is not None else child)
            found.append((self.text(alias) if alias is not None else there, self.text(module), there))
        return (Import(tuple(found), span(node)), *renamed(found, self.source, span(node)))

    def assignment(self, node: Node) -> Iterable[Stmt]:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        kind = node.child_by_field_name("type")
        if left is not None and kind is not None and left.type == "identifier" and _in_class(node):
            written = " ".join(self.text(kind).split())[:200]
            value = self.expression(right) if right is not None else None
            return (Member(self.text(left), written, (), value, span(node)),)
        if right is None or left is None:
            return ()
        if right.type == "assignment":
            inner = list(self.assignment(right))
            first = inner[0] if inner else None
            value = first.value if isinstance(first, Assign) else self.expression(right)
            return [*inner, Assign(self.target(left), value, False, span(node))]
        value = self.expression(right)
        record = self.record(left, "set_by_id", value)
        if record is not None:
            return (Do(record, span(node)),)
        if left.type in {"pattern_list", "tuple_pattern", "list_pattern"}:
            targets = tuple(
                (position, self.text(child))
                for position, child in enumerate(left.named_children)
                if child.type == "identifier"
            )
            return (Unpack(targets, value, span(node)),)
        return (Assign(self.target(left), value, False, span(node)),)

    def augmented(self, node: Node) -> Stmt:
        operator = node.child_by_field_name("operator")
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        value = self.expression(right)
        target = self.target(left) if left is not None else None
        sign = operator.type if operator is not None else ""
        if sign == "+=":
            return Assign(target, value, True, span(node))
        if sign == "%=" and left is not None:
            return Assign(
                target, Percent(self.expression(left), self.percent_values(right), span(node)), False, span(node)
            )
        if sign in {"|=", "&=", "^="} and left is not None and target is not None:  # `wanted |= Q(public=True)`
            both = (self.expression(left), value)
            return Assign(target, Other(both, span(node), sign[0]), False, span(node))
        return Do(value, span(node))

    def deletion(self, node: Node) -> Iterable[Stmt]:
        """`del held["name"]`, `del held.name`: what it held is gone."""
        listed = [part for child in node.named_children for part in (self.parts(child) or [child])]
        records = [record for part in node.named_children if (record := self.record(part, "delete_by_id")) is not None]
        if records:
            return tuple(Do(record, record.span) for record in records)
        targets = [self.target(part) for part in (*node.named_children, *listed) if part.type != "identifier"]
        return tuple(
            Assign(path, Name("undefined", span(node)), False, span(node)) for path in dict.fromkeys(targets) if path
        )

    def target(self, node: Node) -> str | None:
        if node.type in {"identifier", "attribute"}:
            return self.presence(self.text(node))
        if node.type == "subscript":  # `held["name"] = …`
            written = self.subscript(node)
            return written.path if isinstance(written, Name) else None
        return None

    def if_statement(self, node: Node) -> Iterable[Stmt]:
        # `elif` branches are siblings: folded from the last to the first, without recursion.
        branches: list[tuple[Node, Node | None]] = [(node, node.child_by_field_name("consequence"))]
        other: tuple[Stmt, ...] = ()
        whole = False
        for child in node.children_by_field_name("alternative"):
            if child.type == "elif_clause":
                branches.append((child, child.child_by_field_name("consequence")))
            else:
                body = child.child_by_field_name("body")
                other, whole = self.block(body.named_children) if body is not None else (), True
        if len(branches) > 1 and not whole:
            asked = [holder.child_by_field_name("condition") for holder, _ in branches]
            if python_unions.covers(asked, self.text):  # the last of them is what is left
                holder, consequence = branches.pop()
                last = Do(self.expression(asked[-1]), span(holder))
                other = (last, *(self.block(consequence.named_children) if consequence is not None else ()))
        for holder, consequence in reversed(branches):
            test = self.test(holder.child_by_field_name("condition"))
            then = self.block(consequence.named_children) if consequence is not None else ()
            other = (If(test, then, other, span(holder)),)
        return other

    def for_statement(self, node: Node) -> Iterable[Stmt]:
        left, body = node.child_by_field_name("left"), node.child_by_field_name("body")
        names = tuple(re.findall(r"[^\W\d]\w*", self.text(left))) if left is not None else ()
        inner = self.block(body.named_children) if body is not None else ()
        over = self.expression(node.child_by_field_name("right"))
        return (Loop(names, over, inner, span(node)), *self.tail(node))

    def while_statement(self, node: Node) -> Iterable[Stmt]:
        body = node.child_by_field_name("body")
        inner = self.block(body.named_children) if body is not None else ()
        return (Loop((), self.expression(node.child_by_field_name("condition")), inner, span(node)), *self.tail(node))

    def tail(self, node: Node) -> tuple[Stmt, ...]:
        alternative = node.child_by_field_name("alternative")
        body = alternative.child_by_field_name("body") if alternative is not None else None
        return self.block(body.named_children) if body is not None else ()

    def with_statement(self, node: Node) -> Iterable[Stmt]:
        bindings: list[tuple[str | None, Expr]] = []
        stack = [child for child in node.named_children if child.type == "with_clause"]
        for clause in stack:
            for item in clause.named_children:
                value = item.child_by_field_name("value") or item
                if value.type == "as_pattern":
                    alias = value.child_by_field_name("alias")
                    name = self.presence(self.text(alias)) if alias is not None else None
                    bindings.append((name, self.expression(value.named_children[0])))
                else:
                    bindings.append((None, self.expression(value)))
        body = node.child_by_field_name("body")
        inner = self.block(body.named_children) if body is not None else ()
        return (Scope(tuple(bindings), inner, span(node)),)

    def try_statement(self, node: Node) -> Iterable[Stmt]:
        out: list[Stmt] = []
        handlers: list[tuple[Stmt, ...]] = []
        last: list[Stmt] = []
        for child in node.named_children:
            if child.type == "block":
                out.extend(self.block(child.named_children))
            elif child.type in {"except_clause", "except_group_clause"}:
                blocks = [part for part in child.named_children if part.type == "block"]
                handlers.append(self.block(part for block in blocks for part in block.named_children))
            elif child.type in {"else_clause", "finally_clause"}:
                blocks = [part for part in child.named_children if part.type == "block"]
                last.extend(self.block(part for block in blocks for part in block.named_children))
        return self.attempted(tuple(out), handlers, tuple(last), span(node))

    def match_statement(self, node: Node) -> Iterable[Stmt]:
        body = node.child_by_field_name("body")
        alternatives: list[tuple[Stmt, ...]] = []
        complete = False
        for case in body.named_children if body is not None else []:
            consequence = case.child_by_field_name("consequence")
            if consequence is not None:
                alternatives.append(self.block(consequence.named_children))
                complete = complete or re.match(r"case\s+_\s*:", self.text(case)[:40]) is not None
        subject = node.child_by_field_name("subject")
        cases = body.named_children if body is not None and not complete else []
        complete = complete or python_unions.matched(subject, cases, self.text)
        return (Do(self.expression(subject), span(node)), self.cased(alternatives, span(node), complete=complete))

    def decorated_definition(self, node: Node) -> Iterable[Stmt]:
        decorators = tuple(
            self.expression(part)
            for child in node.named_children
            if child.type == "decorator"
            for part in child.named_children
        )
        definition = node.child_by_field_name("definition")
        if definition is None:
            return ()
        if definition.type == "function_definition":
            function = self.function(definition)
            function.decorators = decorators
            return (Define(function, span(node)),)
        return tuple(self.class_definition(definition, decorators))

    def function_definition(self, node: Node) -> Iterable[Stmt]:
        return (Define(self.function(node), span(node)),)

    def class_definition(self, node: Node, decorators: tuple[Expr, ...] = ()) -> Iterable[Stmt]:
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        listed = node.child_by_field_name("superclasses")
        bases = tuple(
            self.text(child).rpartition(".")[2].partition("[")[0]
            for child in (self.parts(listed) if listed is not None else [])
            if child.type in {"identifier", "attribute", "subscript"}
        )
        inner = self.block(body.named_children) if body is not None else ()
        called = self.text(name) if name is not None else ""
        above = self.text(listed) if listed is not None else ""
        held = models_of(called, above, self.text(body), span(body)) if body is not None else ()
        inner = (*inner, *rows_of_view(bases, inner))
        inner = narrowed(inner, tuple(self._mixins[base] for base in bases if base in self._mixins))
        if (mixin := narrowing(inner)) is not None:
            self._mixins[called] = mixin
        return (ClassBody(called, (*inner, *held), span(node), bases, decorators),)

    def function(self, node: Node) -> Func:
        name = node.child_by_field_name("name")
        return self.function_of(
            node,
            self.text(name) if name is not None else "",
            self.parameters(node.child_by_field_name("parameters")),
            node.child_by_field_name("body"),
        )

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

    # Expressions

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


_STATEMENT = regex(
    r"[a-zA-Z]{0,2}['\"]{1,3}\s*(?:--[^\n]*\s*)?(?:SELECT|INSERT|UPDATE|DELETE|WITH|MERGE|CREATE|ALTER|DROP)\b"
)
"""A string that stands by itself and begins as no sentence does: some libraries run what a function says of itself."""
_RECORD = regex(r"(?:[a-z_]\w*\.){0,2}[A-Z]\w*[a-z]\w*")
_COMPARED = regex(r"\(?\s*(?:[a-z_]\w*\.){0,3}[A-Z]\w*[a-z]\w*\.[a-z_]\w*\s*(==|!=)[^=]")


def _attribute(key: Expr) -> str | None:
    """The column that `{Boat.price: 3}` names."""
    owner, _, attribute = key.path.rpartition(".") if isinstance(key, Name) else ("", "", "")
    return attribute if owner.rpartition(".")[2][:1].isupper() and attribute.islower() else None


def _in_class(node: Node) -> bool:
    """Whether an assignment stands in the body of a class itself."""
    block = node.parent.parent if node.parent is not None else None
    return block is not None and block.parent is not None and block.parent.type == "class_definition"


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
