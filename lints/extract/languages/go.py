"""Go lowered to `ir`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from tree_sitter import Node

from lints.extract.builder_conditions import PUT
from lints.extract.escapes import Escapes
from lints.extract.ir import (
    Assign,
    ClassBody,
    Closure,
    Define,
    Do,
    Expr,
    Func,
    Invoke,
    Items,
    Loop,
    Name,
    Pairs,
    Parameter,
    Spread,
    Stmt,
    Text,
    Unpack,
)
from lints.extract.lower import Lowering, span
from lints.patterns import regex

_ESCAPES = Escapes(
    pattern=regex(r"\\(?:[abfnrtv\\'\"]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3})"),
    letters={
        "a": "\a",
        "b": "\b",
        "f": "\f",
        "n": "\n",
        "r": "\r",
        "t": "\t",
        "v": "\v",
        "\\": "\\",
        "'": "'",
        '"': '"',
    },
)
_CONDITION = regex(r"(sq|squirrel|goqu)\.(\w+)")
_WORD = regex(rb"(?<![\w.])[A-Za-z_]\w*")
_RECEIVER = regex(r"\(\s*(?:(\w+)\s+)?\*?\s*([A-Za-z_]\w*)")
_PASSING = frozenset({"err", "ok", "_", "ctx"})
"""Names that every block gives a new meaning, none of which is a query."""
_BUILDER = regex(r"\*?(?:strings\.Builder|bytes\.Buffer)")


class GoLowering(Lowering):
    language = "go"
    statements: ClassVar[Mapping[str, str]] = {
        "package_clause": "nothing",
        "import_declaration": "nothing",
        "type_declaration": "nothing",
        "const_declaration": "declaration",
        "var_declaration": "declaration",
        "var_spec_list": "declaration",
        "short_var_declaration": "short_declaration",
        "assignment_statement": "short_declaration",
        "expression_statement": "effect",
        "if_statement": "if_statement",
        "for_statement": "for_statement",
        "expression_switch_statement": "switch_statement",
        "type_switch_statement": "switch_statement",
        "select_statement": "switch_statement",
        "return_statement": "return_statement",
        "break_statement": "leave",
        "continue_statement": "leave",
        "goto_statement": "leave",
        "defer_statement": "effect",
        "go_statement": "effect",
        "function_declaration": "function_declaration",
        "method_declaration": "function_declaration",
        "block": "inner_block",
        "statement_list": "inner_block",
        "labeled_statement": "inner_block",
        "inc_statement": "nothing",
        "dec_statement": "nothing",
    }
    expressions: ClassVar[Mapping[str, str]] = {
        "interpreted_string_literal": "string",
        "raw_string_literal": "raw_string",
        "identifier": "name",
        "field_identifier": "name",
        "package_identifier": "name",
        "selector_expression": "path",
        "index_expression": "index",
        "call_expression": "call",
        "binary_expression": "binary",
        "composite_literal": "composite",
        "func_literal": "closure",
        "parenthesized_expression": "inner",
        "literal_element": "inner",
        "variadic_argument": "spread",
        "unary_expression": "unary",
        "type_conversion_expression": "last",
        "nil": "nil",
        "expression_list": "several",
    }

    def __init__(self, source: bytes) -> None:
        super().__init__(source)
        self._first: dict[int, dict[bytes, int]] = {}
        """Of each function with blocks: where each word stands first."""
        self.receiver = ""
        """What the method that is being lowered calls its receiver; its methods are those of `self`."""

    def module(self, root: Node) -> tuple[Stmt, ...]:
        """The methods of one type together, wherever they stand, so that they know each other."""
        owners: dict[str, ClassBody] = {}
        out: list[Stmt] = []
        for statement in super().module(root):
            held = owners.get(statement.name) if isinstance(statement, ClassBody) else None
            if isinstance(statement, ClassBody) and held is not None:
                held.body = (*held.body, *statement.body)
                continue
            if isinstance(statement, ClassBody):
                owners[statement.name] = statement
            out.append(statement)
        return tuple(out)

    def nil(self, node: Node) -> Expr:
        return Name("nil", span(node))

    def several(self, node: Node) -> Expr:
        children = self.parts(node)
        return self.expression(children[0]) if len(children) == 1 else self.items(node)

    def string(self, node: Node) -> Expr:
        return Text(_ESCAPES.resolved(self.text(node)[1:-1]), span(node))

    def raw_string(self, node: Node) -> Expr:
        return Text(self.text(node)[1:-1], span(node))

    def index(self, node: Node) -> Expr:
        """`queries["get"]` as `queries.get`: what a map of this file holds."""
        base, key = node.child_by_field_name("operand"), node.child_by_field_name("index")
        if base is not None and key is not None and key.type == "interpreted_string_literal":
            path, name = self.presence(self.text(base)), self.text(key)[1:-1]
            if path is not None and name.isidentifier():
                return Name(f"{path}.{name}", span(node))
        return self.other(node)

    def unary(self, node: Node) -> Expr:
        operand = node.child_by_field_name("operand")
        return self.expression(operand) if self.text(node)[:1] in {"&", "*"} else self.other(node)

    def declaration(self, node: Node) -> Iterable[Stmt]:
        out: list[Stmt] = []
        for spec in node.named_children:
            if spec.type == "var_spec_list":
                out.extend(self.declaration(spec))
                continue
            if spec.type not in {"const_spec", "var_spec"}:
                continue
            names = [self.text(child) for child in spec.children_by_field_name("name")]
            value = spec.child_by_field_name("value")
            if value is None:
                kind = spec.child_by_field_name("type")
                if kind is not None and _BUILDER.fullmatch(self.text(kind)):
                    out.extend(Assign(name, Text("", span(spec)), False, span(spec)) for name in names)
                elif kind is not None and kind.type == "slice_type":
                    out.extend(Assign(name, Items((), span(spec)), False, span(spec)) for name in names)
                continue
            out.extend(self.bound(names, self.parts(value), span(spec)))
        return out

    def bound(self, names: list[str], values: list[Node], where: tuple[int, int]) -> Iterable[Stmt]:
        if len(values) == len(names):
            return [
                Assign(self.presence(name), self.expression(value), False, where)
                for name, value in zip(names, values, strict=True)
            ]
        if len(values) == 1:
            targets = tuple((position, name) for position, name in enumerate(names) if name != "_")
            return [Unpack(targets, self.expression(values[0]), where)]
        return [Do(self.expression(value), where) for value in values]

    def short_declaration(self, node: Node) -> Iterable[Stmt]:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None:
            return ()
        targets = self.parts(left)
        if len(targets) == 1 and targets[0].type == "index_expression" and len(self.parts(right)) == 1:
            put = self.put(targets[0], self.parts(right)[0], span(node))
            if put is not None:
                return (put,)
        names = [self.text(child) for child in targets]
        operator = node.child_by_field_name("operator")
        sign = operator.type if operator is not None else "="
        if sign == "+=" and len(names) == 1:
            return (Assign(self.presence(names[0]), self.expression(right), True, span(node)),)
        return self.bound(names, self.parts(right), span(node))

    def body(self, node: Node | None) -> tuple[Stmt, ...]:
        return self.scoped(node, super().body(node)) if node is not None else ()

    def inner_block(self, node: Node) -> Iterable[Stmt]:
        return self.scoped(node, tuple(super().inner_block(node)))

    def if_statement(self, node: Node) -> Iterable[Stmt]:
        start = node.child_by_field_name("initializer")
        lowered = tuple(super().if_statement(node))
        return self.scoped(start, lowered) if start is not None else lowered

    def scoped(self, node: Node, body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
        """A block in which `q := …` names a variable of its own: after it the outer one is what it was."""
        declared = node.named_children if node.type in self.blocks else [node]
        declared = [c for d in declared for c in (d.named_children if d.type == "statement_list" else [d])]
        own = [
            self.text(name)
            for child in declared
            if child.type == "short_var_declaration"
            for name in self.parts(child.child_by_field_name("left") or child)
        ]
        outer = [name for name in dict.fromkeys(own) if name not in _PASSING and self.known_before(name, node)]
        where = (node.start_byte, node.start_byte)
        saved = [Assign(f"\0{name}", Name(name, where), False, where) for name in outer]
        restored = [Assign(name, Name(f"\0{name}", where), False, where) for name in outer]
        return (*saved, *body, *restored) if outer else body

    def known_before(self, name: str, node: Node) -> bool:
        """Whether the function around has written that name before the block."""
        around: Node | None = node
        while around is not None and around.type not in {"function_declaration", "method_declaration"}:
            around = around.parent
        if around is None:
            return False
        first = self._first.get(around.start_byte)
        if first is None:
            first = self._first[around.start_byte] = {}
            for found in _WORD.finditer(self.source, around.start_byte, around.end_byte):
                first.setdefault(found.group(), found.start())
        return first.get(name.encode(), node.start_byte) < node.start_byte

    def put(self, target: Node, value: Node, where: tuple[int, int]) -> Stmt | None:
        """`conditions["id"] = id`: the map has one more entry."""
        base, key = target.child_by_field_name("operand"), target.child_by_field_name("index")
        name = self.presence(self.text(base)) if base is not None else None
        if name is None or key is None or key.type != "interpreted_string_literal":
            return None
        entry = (self.expression(key), self.expression(value))
        return Assign(name, Invoke(Name(name, span(target)), PUT, entry, (), where, where), False, where)

    def for_statement(self, node: Node) -> Iterable[Stmt]:
        names: tuple[str, ...] = ()
        over: Expr | None = None
        before: list[Stmt] = []
        for child in node.named_children:
            if child.type == "range_clause":
                left = child.child_by_field_name("left")
                names = tuple(self.text(c) for c in self.parts(left)) if left is not None else ()
                # `for i, x := range xs`: the item is the second name
                names = tuple(name for name in names[1:] or () if name != "_") or names
                over = self.expression(child.child_by_field_name("right"))
            elif child.type == "for_clause":
                start = child.child_by_field_name("initializer")
                before.extend(self.statement(start) if start is not None else ())
        return (*before, Loop(names, over, self.body(node.child_by_field_name("body")), span(node)))

    def switch_statement(self, node: Node) -> Iterable[Stmt]:
        alternatives: list[tuple[Stmt, ...]] = []
        complete = False
        before: list[Stmt] = []
        start = node.child_by_field_name("initializer")
        if start is not None:
            before.extend(self.statement(start))
        for case in node.named_children:
            if case.type in {"expression_case", "type_case", "communication_case", "default_case"}:
                complete = complete or case.type == "default_case"
                bodies = [child for child in case.named_children if child.type == "statement_list"]
                alternatives.append(self.block(child for body in bodies for child in body.named_children))
        value = node.child_by_field_name("value")
        if value is not None:
            before.append(Do(self.expression(value), span(value)))
        return (*before, self.cased(alternatives, span(node), complete=complete))

    def function_declaration(self, node: Node) -> Iterable[Stmt]:
        name = node.child_by_field_name("name")
        function = self.function_of(
            node,
            self.text(name) if name is not None else "",
            self.parameters(node.child_by_field_name("parameters")),
            node.child_by_field_name("body"),
        )
        receiver = node.child_by_field_name("receiver")
        if receiver is not None:
            written = _RECEIVER.match(self.text(receiver))
            owner = written.group(2) if written is not None else ""
            self.within(function, (written.group(1) or "") if written is not None else "")
            return (ClassBody(owner, (Define(function, span(node)),), span(node)),)
        return (Define(function, span(node)),)

    def within(self, function: Func, receiver: str) -> None:
        """The body of a method is lowered knowing its receiver, and so are the closures in it."""
        lower_body = function.lower_body

        def lowered() -> tuple[Stmt, ...]:
            before, self.receiver = self.receiver, receiver
            try:
                return lower_body()
            finally:
                self.receiver = before

        function.lower_body = lowered

    def parameters(self, node: Node | None) -> tuple[Parameter, ...]:
        return tuple(
            Parameter(self.text(name))
            for child in (node.named_children if node is not None else [])
            for name in child.children_by_field_name("name")
        )

    def closure(self, node: Node) -> Expr:
        parameters = self.parameters(node.child_by_field_name("parameters"))
        closure = self.closure_of(node, parameters, node.child_by_field_name("body"))
        if self.receiver and isinstance(closure, Closure):
            self.within(closure.function, self.receiver)
        return closure

    def composite(self, node: Node) -> Expr:
        kind = node.child_by_field_name("type")
        condition = _CONDITION.fullmatch(self.text(kind)) if kind is not None else None
        if condition is not None and condition[2] not in {
            "Record",
            "Rows",
        }:  # sq.Eq{"id": id}: a condition of a statement builder
            made = Invoke(
                Name(condition[1], span(node)),
                condition[2],
                (self.literal(node, named=True),),
                (),
                span(node),
                span(node),
            )
            for key, value in self.computed(node):  # sq.Eq{tenantColumn: tenant}
                made = Invoke(made, PUT, (self.expression(key), self.expression(value)), (), span(node), span(node))
            return made
        if kind is not None and _BUILDER.fullmatch(self.text(kind)) is not None:
            return Text("", span(node))
        return self.literal(node)

    def computed(self, node: Node) -> Iterable[tuple[Node, Node]]:
        """The entries of a map whose keys are not written out."""
        body = node.child_by_field_name("body")
        for child in self.parts(body) if body is not None else []:
            key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
            if key is not None and value is not None and self.text(key)[:1] not in {'"', "`"}:
                yield key, value

    def literal(self, node: Node, *, named: bool = False) -> Expr:
        """The pairs or the items of a composite literal; `named`: of keys that are written out alone."""
        kind = node.child_by_field_name("type")
        of_map = kind is not None and kind.type == "map_type"
        body = node.child_by_field_name("body")
        children = self.parts(body) if body is not None else []
        if any(child.type == "keyed_element" for child in children):
            pairs: list[tuple[str | None, Expr]] = []
            for child in children:
                key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
                if key is not None and value is not None:
                    written = self.text(key)
                    if (named or of_map) and written[:1] not in {'"', "`"}:
                        pairs.extend([] if named else [(None, self.expression(value))])
                        continue
                    pairs.append((written.strip('"`'), self.expression(value)))
                else:
                    pairs.append((None, self.expression(child)))
            return Pairs(tuple(pairs), span(node))
        return Items(tuple(self.expression(child) for child in children), span(node))

    def call(self, node: Node) -> Expr:
        function, listed = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        arguments = [self.expression(child) for child in self.parts(listed)] if listed is not None else []
        receiver: Expr | None = None
        method = ""
        if function is not None and function.type == "selector_expression":
            operand = function.child_by_field_name("operand")
            own = operand is not None and operand.type == "identifier" and self.text(operand) == self.receiver
            receiver = Name("self", span(operand)) if own and operand is not None else self.expression(operand)
            field = function.child_by_field_name("field")
            method = self.text(field) if field is not None else ""
        elif function is not None and function.type == "identifier":
            method = self.text(function)
        elif function is not None:
            receiver = self.expression(function)
        if method in {"NewBufferString", "NewBuffer"} and len(arguments) == 1:
            return arguments[0]
        if method in {"WriteByte", "WriteRune"} and len(arguments) == 1 and receiver is not None:
            written = self.text(self.parts(listed)[0]) if listed is not None else ""
            letter = Text(_ESCAPES.resolved(written[1:-1]) if written[:1] == "'" else " ", arguments[0].span)
            return self.invocation(node, receiver, "WriteString", [letter], (), listed)
        if method == "append" and receiver is None and arguments:
            # append(xs, a, b...): the list and what is added
            items: list[Expr] = [Spread(arguments[0], arguments[0].span), *arguments[1:]]
            return Items(tuple(items), span(node))
        if method == "Fprintf" and len(arguments) >= 2:
            formatted = Invoke(Name("fmt", span(node)), "Sprintf", tuple(arguments[1:]), (), span(node), span(node))
            return self.invocation(node, arguments[0], "WriteString", [formatted])
        return self.invocation(node, receiver, method, arguments, (), listed)
