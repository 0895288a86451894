"""A row that is loaded by its key and compared before anything is done with it, by what leaves where it differs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from tree_sitter import Node

from lints.patterns import regex
from lints.search import Search
from lints.vouch.access import Access
from lints.vouch.compared import MAX_STATED, compare, compared_in
from lints.vouch.conditions import bare
from lints.vouch.handed import KEYED
from lints.vouch.names import ERROR, Event, Found
from lints.vouch.plain import paths_in, plain
from lints.vouch.results import Missing
from lints.vouch.shapes import BLOCKS, BOUNDARIES, BRANCHES, CLOSURES, HANDLERS, LOOPS, NEGATED, TRIES

if TYPE_CHECKING:
    from lints.vouch.flow import Flow

COMPARES = regex(
    rb"[!=]=|[eE]quals?\(|compare_digest|secure_compare|[aA]uthori[sz]e|[aA]ssert|[vV]erify|[eE]nsure|[rR]equire|[cC]heck|\bcan\w*[(?]|[fF]orbidden|[pP]ermi|[aA]llow"
    rb"|[aA]ccess|[oO]wner|_or_|Or(?:Throw|Fail|Error)|[iI]nvariant|[aA]bort|[tT]hrow"
)
"""What a file has somewhere in which a row is compared with something, or asked about."""
CHECKED = Search(
    rb"OrThrow|OrFail|OrError|_or_404|_or_raise|(?:assert|verify|ensure|require|[aA]uthori[sz]e|check)\w*\s*\("
)
"""What a file has somewhere in which something is checked by a call."""
_STAYS = regex(r"\b(?:break|continue|next|redo)\b")
"""What leaves a loop only: the row may be used behind it."""
_MAX_STATEMENTS = 60
_WHOSE = r"(?:permission|access|owner|member|allowed|tenan(?:t|cy)|belongs)"
_RAISES = regex(
    rf"(?:authori[sz]e\w*!?|check_object_permissions|(?:assert|check|ensure|require|verify|enforce|deny)_?\w*{_WHOSE}\w*!?"
    rf"|assert_?[cC]an\w*)(?:\(|\s(?=[:@\w]))",
    re.IGNORECASE,
)
"""A call that raises unless the caller may do something with what it is given: `authorize(user, "read", boat)`."""
_ANSWERS = regex(
    rf"(?:(?P<no>is_?(?:forbidden|denied)|cannot)|can|(?-i:can[A-Z_]\w*)|authori[sz]ed?|has_?\w*{_WHOSE}\w*|is_?\w*(?:allowed|authori[sz]ed|permitted)"
    rf"|may\w*|allows|check_?\w*{_WHOSE}\w*)\??\(",
    re.IGNORECASE,
)
"""A call that says whether he may."""
_CHECKS = regex(
    r"(?<![\w$])(?:(?:get|find|fetch|load|retrieve)\w{0,60}(?:OrThrow|OrFail|OrError|_or_404|_or_raise)"
    r"|(?:assert|verify|ensure|require|authori[sz]e|check)\w{0,60})\s*\((?P<given>[^;()]{1,400})\)"
)
_OF_TENANT = regex(
    r"\w*(?:tenant|org|organi[sz]ation|workspace|project|team|account|environment|company)\w*", re.IGNORECASE
)
_PLAINLY = regex(
    r"(?:(?:const|let|var|val|final)\s+)?(?:[\w$@{},\s]{1,80}:?=\s*)?(?:await\s+)?(?:[\w$]+(?:\.|->|::)){0,4}"
)
_SHOWN = 120
STRIPPED = "an `assert`, which `python -O` leaves out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """What a statement's rows go through: `compared` are parts of the row; `asked` is a call, as written, that is given
    the row, or, before the statement, its `keys` and a tenant."""

    compared: tuple[str, ...] = ()
    asked: str = ""
    keys: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    """What the call is given, where none of it is called like a tenant: the model knows other names."""
    against: tuple[tuple[int, int], ...] = ()
    """The statements that what the row is compared with was found by."""


def guard_of(flow: Flow, access: Access) -> Guard | None:
    """What the row of a statement goes through before anything is done with it, where the function leaves if it is
    another one's; None if that is not certain."""
    return _after_it(flow, access) or guard_before(flow, access)


def _after_it(flow: Flow, access: Access) -> Guard | None:
    top = _statement(access.node)
    if top is None or not flow.certain(access.node, top, chosen=True):
        return None
    found = Found(access, top.start_byte)
    flow.bind(found, top)
    names = _held(found)
    parts: set[str] = set()
    """Names of rows that were found by a part of this one: what becomes of them, becomes of it."""
    if not names or (top.type in BRANCHES and _told(flow, top, names)):
        return None
    after = list(islice(_after(top), _MAX_STATEMENTS))
    for position, statement in enumerate(after):
        if flow.spent:
            return None
        if not _mentions(flow, statement, names | parts):
            continue
        flow.dropped(statement, found)
        compare(flow, Event(statement), found)
        asked = "" if found.compared else _asked(flow, statement, names)
        if found.compared or asked:
            leaves = statement.type in BRANCHES
            ends = flow.consequence(statement) if leaves else None
            stays = leaves and (ends is None or _STAYS.search(flow.text(ends)) is not None)
            if stays or (leaves and _told(flow, statement, names)) or _caught(flow, statement, names):
                return None
            asked = STRIPPED if statement.type == "assert_statement" else asked
            against = _found_by(flow, statement, access, found.against)
            return Guard(compared=tuple(sorted(found.compared)), asked=asked, against=against)
        inside = _only_inside(flow, statement, after[position + 1 :], found, names)
        if inside:
            against = _found_by(flow, statement, access, {other for _, other in inside})
            return Guard(compared=tuple(sorted({part for part, _ in inside})), against=against)
        read = _read_by(flow, statement, names)
        if read:
            parts |= read
            continue
        if parts and _mentions(flow, statement, parts) and not _asked(flow, statement, parts):
            return None
        known, checked = {*found.rows, *found.maps, *found.odd}, found.checked
        flow.derive(statement, found)
        if not checked:
            flow.check(Event(statement), found)
        if _mentions(flow, statement, names) and not (
            (found.rows.keys() | found.maps.keys() | found.odd.keys()) - known
            or (found.checked and not checked and not (statement.type in BRANCHES and _told(flow, statement, names)))
        ):
            return None
        names |= _held(found)
    return None


_READS = regex(r"(?:find|get|first|load|fetch|one|single|retrieve|take)\w*", re.IGNORECASE)


def _read_by(flow: Flow, statement: Node, names: set[str]) -> set[str]:
    """The names of rows that a statement reads by a part of the row, and does nothing else with it."""
    if not _mentions(flow, statement, names) or statement.type in BRANCHES:
        return set()
    reads = [one for one in flow.accesses if statement.start_byte <= one.node.start_byte < statement.end_byte]
    if len(reads) != 1 or reads[0].raw or not reads[0].methods or _READS.fullmatch(reads[0].methods[-1]) is None:
        return set()
    around = Found(reads[0], statement.start_byte)
    flow.bind(around, statement)
    shown = (
        flow.data[statement.start_byte : reads[0].node.start_byte]
        + flow.data[reads[0].node.end_byte : statement.end_byte]
    )
    return set() if _words(shown.decode("utf-8", "replace")) & _words(" ".join(names)) else _held(around)


def _found_by(flow: Flow, statement: Node, access: Access, others: set[str]) -> tuple[tuple[int, int], ...]:
    """The statements whose rows some paths are parts of, where another one stands."""
    made = [found for found in flow.known(flow.before(statement)) if found.access is not access] if others else []
    by = (f.access for f in made for name in f.rows if any(f"{other}.".startswith(f"{name}.") for other in others))
    return tuple(sorted({(one.line, one.column) for one in by}))


def _only_inside(
    flow: Flow, statement: Node, rest: list[Node], found: Found, names: set[str]
) -> tuple[tuple[str, str], ...]:
    """`if (boat.tenantId === tenantId) return boat;`: what is compared where the row is used nowhere else."""
    condition = flow.condition(statement) if statement.type in BRANCHES and statement.type not in NEGATED else None
    if condition is None:
        return ()
    compared = tuple(sorted(compared_in(flow.text(condition), True, found.rows, found)))
    other = flow.alternative(statement)
    elsewhere = [*([other] if other is not None else []), *rest]
    if not compared or any(_mentions(flow, node, names) for node in elsewhere) or _caught(flow, statement, names):
        return ()
    return compared


def _asked(flow: Flow, statement: Node, names: set[str]) -> str:
    """The call that a statement is, or leaves by, which asks whether the caller may touch the row."""
    if statement.type in BRANCHES:
        condition = flow.condition(statement)
        if condition is None or not flow.leaves(flow.consequence(statement)):
            return ""
        text = bare(flow.text(condition))
        turned = statement.type in NEGATED
        for part in [text] if turned else re.split(r"\|\||\bor\b", text):
            negated = re.match(r"\s*(?:!|not\b)\s*\(?", part)
            inner = part[negated.end() :] if negated is not None else part.strip()
            called = _ANSWERS.search(inner)
            if called is None or _PLAINLY.fullmatch(inner, 0, called.start()) is None:
                continue
            refuses = called.group("no") is not None
            if refuses is not (turned or negated is not None) and _is_given(inner[called.end() :], names):
                return _shown(inner)
        return ""
    inner_node = statement.named_children[0] if statement.named_children else statement
    if statement.type not in _CALLED_ALONE or inner_node.end_byte - inner_node.start_byte > MAX_STATED:
        return ""
    text = flow.text(inner_node if statement.type == "expression_statement" else statement)
    stated = _ABORTS.match(text)
    called = (_ANSWERS if stated is not None else _RAISES).search(text, stated.end() if stated is not None else 0)
    if called is None or _PLAINLY.fullmatch(text, stated.end() if stated is not None else 0, called.start()) is None:
        return ""
    if stated is not None and called.group("no") is not None:
        return ""
    return _shown(text) if _is_given(text[called.end() :], names) and ".catch(" not in text else ""


_QUOTE = regex("[\"'`]")
_PLAIN_TEXT = regex(r"'(?:[^'\\\n{$]|\\.)*'|\"(?:[^\"\\\n{$#]|\\.)*\"")
_CALLED_ALONE = frozenset(["expression_statement", "call", "call_expression", "method_invocation", "await_expression"])
_ABORTS = regex(r"(?:abort_unless|throw_unless|invariant|(?:\w+\.)?throwIfFalse|Assert\.isTrue)\(\s*")


def _is_given(arguments: str, names: set[str]) -> bool:
    """Whether a row itself stands among what a call is given, not only a part of it."""
    given = plain(_PLAIN_TEXT.sub("''", arguments))
    return any(re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.(])", given) is not None for name in names)


def guard_before(flow: Flow, access: Access) -> Guard | None:
    """The call before a statement that was handed its key and a tenant and does not come back if they do not belong
    together: `await getBoatOrThrow({ id, tenantId })`."""
    keys = {value for value in access.values if "(" not in value}
    possible: Guard | None = None
    for event in flow.before(access.node) if keys and flow.has_checks else ():
        node = event.node
        if event.holds is not None or event.loop or node.type in BRANCHES:
            continue
        if node.id not in flow.checks:
            flow.checks[node.id] = _check(flow, node)
        shown, given, beside = flow.checks[node.id]
        asked = [key for key in sorted(keys) if is_asked_about(key, given)]
        kept = tuple(key for key in asked if not flow.changed(key, node.end_byte, access.node.end_byte))
        if kept and not beside:
            return Guard(asked=shown, keys=kept)
        if kept and possible is None:
            possible = Guard(asked=shown, keys=kept, beside=beside)
    return possible


def of_tenant(path: str) -> bool:
    """Whether a path is called like a tenant's key."""
    return _OF_TENANT.fullmatch(path.rpartition(".")[2]) is not None


def is_asked_about(key: str, given: frozenset[str]) -> bool:
    """Whether a call is given a key, or the object that has it, and if it is called like a tenant's, another one."""
    keyed = KEYED.fullmatch(key)
    held = key in given or (keyed is not None and keyed.group("base") in given)
    return held and (not of_tenant(key) or any(of_tenant(other) and other != key for other in given))


def _check(flow: Flow, node: Node) -> tuple[str, frozenset[str], tuple[str, ...]]:
    """The call that a statement is, if it is handed something beside a key and does not come back if something is
    wrong; the paths that it is given; and their names, if none is called like a tenant."""
    text = flow.text(node) if node.end_byte - node.start_byte <= MAX_STATED else ""
    called = _CHECKS.search(text)
    if called is None or _PLAINLY.fullmatch(text, 0, called.start()) is None or ".catch(" in text:
        return "", frozenset(), ()
    paths = frozenset(paths_in(called.group("given")))
    names = tuple(sorted({path.rpartition(".")[2] for path in paths}))
    if any(_OF_TENANT.fullmatch(word) for word in re.findall(r"\w+", called.group("given"))):
        return _shown(text), paths, ()
    return _shown(text), paths if len(paths) > 1 else frozenset(), names


def _shown(text: str) -> str:
    return " ".join(text.split())[:_SHOWN]


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
    """The statements that run after one, if it runs, as long as nothing decides between them."""
    child = statement
    while (parent := child.parent) is not None:
        kind = parent.type
        if kind in BOUNDARIES or kind in CLOSURES or kind in LOOPS or kind in HANDLERS:
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
    return {name for name in {*named, *found.rows, *found.maps, *found.odd} if ERROR.fullmatch(name) is None}


def _told(flow: Flow, branch: Node, names: set[str]) -> bool:
    """Whether the row stands in what a condition leads to."""
    return any(
        part is not None and _mentions(flow, part, names)
        for part in (flow.consequence(branch), flow.alternative(branch))
    )


def _mentions(flow: Flow, node: Node, names: set[str]) -> bool:
    wanted = {name.rpartition(".")[2] for name in names}
    text = _PLAIN_TEXT.sub("", flow.text(node))
    if _words(text).isdisjoint(wanted):
        return False
    return _QUOTE.search(text) is None or not _words(flow.unsaid(node)).isdisjoint(wanted)


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", _PLAIN_TEXT.sub("", text)))
