"""Where the statements and calls of a file stand in its syntax tree."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tree_sitter import Node

from lints.context.values import given_to
from lints.extract.facts import Argument, Confidence, OrmCall, Statement
from lints.extract.lines import Lines
from lints.patterns import regex
from lints.vouch.plain import paths_in
from lints.vouch.results import Missing
from lints.vouch.shapes import BLOCKS


@dataclass(slots=True)
class Access:
    """One statement or call of the file. `node` is the call that runs it."""

    line: int
    column: int
    node: Node
    start: int
    kind: str
    methods: tuple[str, ...]
    values: Mapping[str, str]
    """The expressions it is given, each as the statement itself writes it: another one in a call of a helper."""
    raw: bool
    model: str = ""
    """What an ORM's call is made on."""
    helper: Node | None = None
    """The function of this file that runs it, if this is a call of that."""
    answer: Missing | None = None
    """What stands for no row in what it gives, where that is a number of rows, or whether there is one."""
    gives: Missing | None = None
    """What the helper gives where nothing is found; None: it does not come back then."""


_TENANT = regex(r"(?i)(?:\w+\.)*(?:current_?)?(?:tenant|org|organi[sz]ation|workspace|company)_?(?:id|uuid)?")


def says_tenant(access: Access) -> bool:
    """Whether a statement is given something that is called like a tenant."""
    return any(_TENANT.fullmatch(value) is not None for value in access.values)


def _offset(data: bytes, lines: Lines, line: int, column: int) -> int:
    start = lines.start(line)
    if data.isascii():
        return start + column - 1
    end = data.find(b"\n", start)
    shown = data[start : end if end >= 0 else len(data)].decode("utf-8", "replace")
    return start + len(shown[: column - 1].encode())


def of_statement(statement: Statement, data: bytes, language: str, tree: Node, lines: Lines) -> Access | None:
    call = statement.call
    if call is None or statement.confidence is Confidence.PROSE:
        return None
    start = _offset(data, lines, statement.line, statement.column)
    node = _call_at(tree, start, call.method, data)
    if node is None or lines.line(node.start_byte) != call.line:
        begin = lines.start(call.line)
        found = re.compile(rb"(?<!\w)" + re.escape(call.method.encode()) + rb"\s*[(`<]").search(
            data, begin, begin + 600
        )
        node = _call_at(tree, found.start(), call.method, data) if found is not None and call.method else None
    if node is None:
        return None
    return Access(
        line=statement.line,
        column=statement.column,
        node=node,
        start=node.start_byte,
        kind="",
        methods=(call.method,),
        values={path: path for text in given_to(statement) for path in paths_in(text)},
        raw=True,
        answer=_answer(statement),
    )


_COUNTS = regex(r"\s*select\s+count\s*\([^()]{0,60}\)(?:::\w+)?(?:\s+(?:as\s+)?[\w\"]+)?\s+from\b", re.IGNORECASE)
_ASKS = regex(r"\s*select\s+exists\s*\((.*)\)\s*(?:(?:as\s+)?[\w\"]+)?\s*;?\s*", re.IGNORECASE | re.DOTALL)


def _answer(statement: Statement) -> Missing | None:
    if all(_COUNTS.match(text) is not None for text in statement.variants):
        return Missing.COUNT
    return Missing.ANSWER if all(_ASKS.fullmatch(text) is not None for text in statement.variants) else None


def _call_at(tree: Node, offset: int, method: str, data: bytes) -> Node | None:
    """The innermost call of a method around a place."""
    node = tree.descendant_for_byte_range(offset, offset + 1)
    for _ in range(40):
        if node is None or node.type in BLOCKS:
            return None
        if "call" in node.type or node.type in {
            "method_invocation",
            "invocation_expression",
            "object_creation_expression",
        }:
            called = node.child_by_field_name("arguments") or next(
                (child for child in node.named_children if child.type.endswith("arguments")), None
            )
            before = data[node.start_byte : called.start_byte if called is not None else node.end_byte]
            if re.search(rb"(?<!\w)" + re.escape(method.encode()) + rb"\s*(?:<[^<>]*>)?\s*$", before) is not None:
                return node
        node = node.parent
    return None


def of_call(call: OrmCall, data: bytes, tree: Node, lines: Lines) -> Access | None:
    start = _offset(data, lines, call.line, call.column)
    end = _offset(data, lines, call.end_line, call.end_column)
    node = tree.descendant_for_byte_range(start, max(start, end - 1)) if end > start else None
    if node is not None and node.type in BLOCKS:
        node = _run_at(tree, end - 1)
    lasts = {steps[-1].method for steps in call.variants if steps}
    if node is None or len(lasts) != 1:
        return None
    values: set[str] = set()
    for steps in call.variants:
        for step in steps:
            for given in (*step.arguments, *(value for _, value in step.keywords)):
                values.update(_paths(given))
    return Access(
        line=call.line,
        column=call.column,
        node=node,
        start=node.start_byte,
        kind=call.kind,
        model=call.model,
        methods=tuple(step.method for step in call.variants[0]),
        values={value: value for value in sorted(values)},
        raw=False,
    )


def _run_at(tree: Node, offset: int) -> Node | None:
    """The call that ends at a place: where a query is run that was put together before."""
    node = tree.descendant_for_byte_range(offset, offset + 1)
    while node is not None and not ("call" in node.type or node.type in {"method_invocation", "invocation_expression"}):
        node = node.parent if node.type not in BLOCKS else None
    return node


def _paths(given: Argument, depth: int = 0) -> Iterable[str]:
    if given.kind in {"value", "call", "dynamic"} and given.text:
        yield from paths_in(given.text)
    for item in given.items if depth < 8 else ():
        yield from _paths(item, depth + 1)
