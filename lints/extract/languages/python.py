"""Statements of Python lowered to `ir`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import ClassVar

from tree_sitter import Node

from lints.extract.ir import (
    Assign,
    ClassBody,
    Define,
    Do,
    Expr,
    Func,
    If,
    Import,
    Invoke,
    Loop,
    Member,
    Name,
    Other,
    Percent,
    Scope,
    Stmt,
    Text,
    Unpack,
)
from lints.extract.languages import python_unions
from lints.extract.languages.python_classes import models_of, narrowed, narrowing, rows_of_view
from lints.extract.languages.python_expressions import PythonExpressions
from lints.extract.languages.renamed import renamed
from lints.extract.lower import span
from lints.patterns import regex


class PythonLowering(PythonExpressions):
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

    def __init__(self, source: bytes) -> None:
        super().__init__(source)
        self._mixins: dict[str, Invoke] = {}
        """What the classes before make of the rows of a view that they are mixed into."""

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


_STATEMENT = regex(
    r"[a-zA-Z]{0,2}['\"]{1,3}\s*(?:--[^\n]*\s*)?(?:SELECT|INSERT|UPDATE|DELETE|WITH|MERGE|CREATE|ALTER|DROP)\b"
)
"""A string that stands by itself and begins as no sentence does: some libraries run what a function says of itself."""


def _in_class(node: Node) -> bool:
    """Whether an assignment stands in the body of a class itself."""
    block = node.parent.parent if node.parent is not None else None
    return block is not None and block.parent is not None and block.parent.type == "class_definition"
