"""A row that is loaded by its key and compared before anything is done with it, by what leaves where it differs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tree_sitter import Node

from lints.patterns import regex
from lints.vouch.access import Access
from lints.vouch.names import ERROR, Event, Found
from lints.vouch.results import Missing
from lints.vouch.shapes import BLOCKS, BOUNDARIES, BRANCHES, CLOSURES, HANDLERS, LOOPS, TRIES

if TYPE_CHECKING:
    from lints.vouch.flow import Flow

COMPARES = regex(rb"[!=]=|[eE]quals\(")
"""What a file has somewhere in which a row is compared with something."""
_STAYS = regex(r"\b(?:break|continue|next|redo)\b")
"""What leaves a loop only: the row may be used behind it."""
_MAX_STATEMENTS = 60


def compared_after(flow: Flow, access: Access) -> tuple[str, ...]:
    """The parts of a row that are compared with something before it is used, where the function leaves if they differ;
    none if that is not certain."""
    top = _statement(access.node)
    if top is None or not flow.certain(access.node, top):
        return ()
    found = Found(access, top.start_byte)
    flow.bind(found, top)
    names = _held(found)
    if not names or (top.type in BRANCHES and _told(flow, top, names)):
        return ()
    for count, statement in enumerate(_after(top)):
        if count > _MAX_STATEMENTS or flow.spent:
            return ()
        flow.dropped(statement, found)
        flow.compare(Event(statement), found)
        if found.compared:
            ends = flow.consequence(statement)
            stays = ends is None or _STAYS.search(flow.text(ends)) is not None
            if stays or _told(flow, statement, names) or _caught(flow, statement, names):
                return ()
            return tuple(sorted(found.compared))
        known, checked = set(found.rows), found.checked
        flow.derive(statement, found)
        if not checked:
            flow.check(Event(statement), found)
        if _mentions(flow, statement, names) and not (
            found.rows.keys() - known
            or (found.checked and not checked and not (statement.type in BRANCHES and _told(flow, statement, names)))
        ):
            return ()
        names |= _held(found)
    return ()


def _statement(node: Node) -> Node | None:
    """The statement of a block that a call stands in."""
    while node.parent is not None:
        if node.parent.type in BLOCKS and node.parent.type not in HANDLERS:
            return node
        if node.type in BOUNDARIES or node.type in CLOSURES:
            return None
        node = node.parent
    return None


def _after(statement: Node) -> Iterator[Node]:
    """The statements that run after one, whatever happens, as long as nothing decides between them."""
    child = statement
    while (parent := child.parent) is not None:
        kind = parent.type
        if kind in BOUNDARIES or kind in CLOSURES or kind in BRANCHES or kind in LOOPS or kind in HANDLERS:
            return
        if kind in BLOCKS:
            yield from (c for c in parent.named_children if c.start_byte >= child.end_byte and not _aside(c))
        child = parent


def _caught(flow: Flow, statement: Node, names: set[str]) -> bool:
    """Whether the row is used behind what catches the error that a statement may raise."""
    child, goes_on = statement, False
    while (parent := child.parent) is not None and child.type not in BOUNDARIES and child.type not in CLOSURES:
        behind = [c for c in parent.named_children if c.start_byte >= child.end_byte] if goes_on else []
        if parent.type in TRIES:
            handlers = [c for c in parent.named_children if c.type in HANDLERS]
            behind += handlers
            goes_on = goes_on or not all(flow.leaves(handler) for handler in handlers)
        if any(_mentions(flow, node, names) for node in behind):
            return True
        goes_on = goes_on or flow.suppresses(parent)
        child = parent
    return False


def _aside(node: Node) -> bool:
    return "comment" in node.type or (node.type in HANDLERS and node.parent is not None and node.parent.type in TRIES)


def _held(found: Found) -> set[str]:
    """The names that hold the row, or what it is fetched from."""
    named = {name for name, held in found.names.items() if held is not Missing.ERROR}
    return {name for name in {*named, *found.rows} if ERROR.fullmatch(name) is None}


def _told(flow: Flow, branch: Node, names: set[str]) -> bool:
    """Whether the row stands in what a condition leads to."""
    return any(
        part is not None and _mentions(flow, part, names)
        for part in (flow.consequence(branch), flow.alternative(branch))
    )


def _mentions(flow: Flow, node: Node, names: set[str]) -> bool:
    words = set(re.findall(r"\w+", flow.text(node)))
    return not names.isdisjoint(words)
