"""Names that hold, on some path at least, what a statement found, or a part of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tree_sitter import Node

from lints.patterns import regex
from lints.vouch.access import Access
from lints.vouch.names import ERROR, Found
from lints.vouch.plain import plain, root
from lints.vouch.results import Missing
from lints.vouch.shapes import BLOCKS, BOUNDARIES, BRANCHES, CLOSURES, HANDLERS, LOOPS, TRIES

if TYPE_CHECKING:
    from lints.vouch.flow import Flow

_TAKEN = regex(
    r"(?:[$@]?\b(?P<name>[A-Za-z_]\w*)(?:\s*:\s*[\w.?<>]{1,60})?|\{(?P<parts>[^{}=]{1,200})\}(?:\s*:\s*[\w.?<>]{1,60})?)"
    r"\s*:?=\s*(?:await\s+)?\(?\s*[$@]?(?P<from>[A-Za-z_]\w*)(?P<dot>\s*(?:[?!]{0,2}(?:\.|->)|&\.|\[))?(?P<more>[^\s,;:=]{0,60})"
)
"""`tenant = doc.tenantId`, `const { tenantId } = doc`."""
_APART = regex(r"\{([\w\s,:]{1,200})\}\s*=\s*(?:await\s+)?\(?\s*(?:await\s+)?$")
"""A row that is taken apart where it is found: `const { tenantId } = await find(id)`."""
_NAMED = regex(r"\w+")
_MAX_TEXT = 20_000
_ROUNDS = 3
_UNSURE = BRANCHES | LOOPS | TRIES


def lent(flow: Flow, access: Access) -> dict[str, int]:
    """The names that may hold what a statement finds, or a part of it, each with where it was given it."""
    top = _statement(access.node)
    around = _function(access.node)
    if top is None or flow.spent:
        return {}
    found = Found(access, top.start_byte)
    flow.bind(found, top)
    receiver = re.match(r"\$?(\w+)(?:\.|->)", flow.text(access.node))
    bound = {name for name, held in found.names.items() if held is not Missing.ERROR and ERROR.fullmatch(name) is None}
    names = {*found.rows, *(bound - {receiver.group(1)} if receiver is not None else bound)}
    apart = _APART.search(flow.data[top.start_byte : access.start].decode("latin-1"))
    names |= (
        {part.rpartition(":")[2].strip() for part in apart.group(1).split(",")} - {""} if apart is not None else set()
    )
    out = dict.fromkeys(names, top.end_byte)
    end = min(around.end_byte if around is not None else len(flow.data), top.start_byte + _MAX_TEXT)
    text = flow.data[top.start_byte : end].decode("latin-1")
    if access.raw and receiver is not None and flow.language == "python":
        out |= _fetched(receiver.group(1), text, top.start_byte, access.node.end_byte)
    for _ in range(_ROUNDS):
        more: dict[str, int] = {}
        for taken in _TAKEN.finditer(text):
            parts = taken.group("parts")
            if taken.group("from") not in out or (parts is None) is (taken.group("dot") is None):
                continue
            for name in _NAMED.findall(parts) if parts is not None else [taken.group("name")]:
                more.setdefault(name, top.start_byte + taken.end())
        if more.keys() <= out.keys():
            break
        out = {**more, **out}
    return out


def _fetched(cursor: str, text: str, start: int, end: int) -> dict[str, int]:
    """`row = cur.fetchone()`: what is fetched of a cursor before it runs something else."""
    again = re.compile(rf"\b{re.escape(cursor)}(?:\.execute\w*\(|\s*=)").search(text, end - start)
    until = again.start() if again is not None else len(text)
    taken = re.compile(
        rf"\(?([A-Za-z_]\w*),?\)?\s*=\s*(?:await\s+)?{re.escape(cursor)}\.(?:fetch\w*|one\w*|scalar\w*)\("
    )
    return {one.group(1): start + one.end() for one in taken.finditer(text, end - start, until)}


_OF_CLASS = regex(r"([A-Z]\w*(?:::\w+)*)\[")
"""How a row of Rails that was found is written where its attributes are used: `Doc[id].tenant_id`."""


def lent_to(flow: Flow, names: dict[str, int], first: Access, later: Access) -> tuple[str, ...]:
    """Those of the names that may still hold it where a later statement runs and that it is given."""
    if flow.language == "ruby":
        return _of_class(flow, first, later)
    given = {root(plain(value)) for value in later.values} & names.keys()
    around = _function(first.node) if given else None
    if not given or first.node.end_byte > later.start:
        return ()
    if around is not None and not (around.start_byte <= later.start and later.node.end_byte <= around.end_byte):
        return ()
    sure = [
        event.node
        for event in flow.before(later.node)
        if event.holds is None and not event.loop and event.node.type not in _UNSURE
    ]
    return tuple(
        name
        for name in sorted(given)
        if not any(
            node.start_byte >= names[name] and flow.changed(name, node.start_byte, node.end_byte) for node in sure
        )
    )


def _of_class(flow: Flow, first: Access, later: Access) -> tuple[str, ...]:
    around = _function(first.node)
    told = {found.group(1) for value in later.values if (found := _OF_CLASS.match(value)) is not None}
    inside = around is None or (around.start_byte <= later.start and later.node.end_byte <= around.end_byte)
    if not told or not inside or first.node.end_byte > later.start:
        return ()
    text = flow.text(first.node)
    return tuple(name.rpartition(":")[2] for name in sorted(told) if text.startswith((f"{name}.", f"::{name}.")))


def _function(node: Node) -> Node | None:
    around = node.parent
    while around is not None and around.type not in BOUNDARIES and around.type not in CLOSURES:
        around = around.parent
    return around


def _statement(node: Node) -> Node | None:
    """The statement of a block that a call stands in."""
    found: Node | None = node
    while found is not None and found.parent is not None:
        if found.parent.type in BLOCKS and found.parent.type not in HANDLERS:
            return found
        if found.type in BOUNDARIES or found.type in CLOSURES:
            return None
        found = found.parent
    return None
