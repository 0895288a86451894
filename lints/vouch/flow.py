"""Which statement of a function runs only after another one has found its row, read off the syntax tree.

For each statement the code that has certainly run before it is listed in its order: the statements before it in its
block and in the blocks around, and the conditions it stands under. What can't be told is taken not to have happened.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import cached_property

from tree_sitter import Node

from lints.extract.facts import OrmCall, Statement
from lints.extract.lines import Lines
from lints.patterns import regex
from lints.vouch import access as places
from lints.vouch.access import Access
from lints.vouch.compared import among, compare, cover
from lints.vouch.elsewhere import asked_elsewhere, gives
from lints.vouch.facts import ENTITY, Follow
from lints.vouch.filled import LEAVES_OUT, filled
from lints.vouch.guarded import CHECKED, COMPARES, guard_before, guard_of
from lints.vouch.handed import handed
from lints.vouch.helpers import asked_through, called_once
from lints.vouch.lent import lent, lent_to
from lints.vouch.names import Event, Found, Results, copied
from lints.vouch.plain import root
from lints.vouch.shapes import (
    BLOCKS,
    BOUNDARIES,
    BRANCHES,
    CHOICES,
    CLOSURES,
    HANDLERS,
    LOOPS,
    NEGATED,
    TRIES,
    UNCERTAIN,
    WRAPS,
)
from lints.vouch.tree import MAX_DEPTH

_SETS = regex(
    r"\$?(?P<name>\w{1,60})(?:\.|->)(?:set(?P<by>\w{1,60})\(\s*\$?(?P<given>\w{1,60})\s*\)|(?P<part>\w{1,60})\s*=\s*\$?(?P<to>\w{1,60}))\s*;?"
)
MAX_SET = 300
_PLAIN_BLOCKS = frozenset({"block", "statement_block", "compound_statement", "statement_list"})
MAX_EVENTS = 400
MAX_ACCESSES = 300
MAX_FOUND = 40
"""Of the statements before another one so many are looked at, the last ones."""
MAX_KEPT = 8
_KEY = regex(rb"\w\.(?:id|pk|uuid|Id|ID|getId|\w+_id|\w+Id)\b")
_HANDS = regex(
    rb"\w\((?:[\w.$: ]{1,60},\s{0,20}){0,5}[\w.$ ]{0,60}"
    rb"(?:[tT]enant|[oO]rg|[wW]orkspace|[pP]roject|[tT]eam|[aA]ccount|[cC]ompany|[eE]nvironment)"
)
"""What a file has somewhere in which something is handed a tenant."""
ROUNDS = 2
"""How many functions a row is handed through."""


class Flow(Results):
    """The accesses of one file and the order they run in."""

    def __init__(self, data: bytes, language: str, tree: Node, accesses: Sequence[Access]) -> None:
        super().__init__(data, language, tree)
        self.accesses = accesses
        self.checks: dict[int, tuple[str, frozenset[str], tuple[str, ...]]] = {}
        """What the statements that were looked at check."""
        self.called: dict[int, re.Match[str] | None] = {}
        """The calls that those are which name a tenant."""
        self.parameters: dict[int, dict[str, str]] = {}
        """What functions declare, as far as somebody asked."""
        self._lent: dict[int, dict[str, int]] = {}
        self._starts = [access.node.start_byte for access in accesses]
        self._known: list[tuple[list[tuple[int, bool | None, bool]], list[Found]]] = []

    @cached_property
    def hands(self) -> bool:
        """Whether there is a call, or a function, in the file that is handed a tenant."""
        return _HANDS.search(self.data) is not None

    @cached_property
    def has_checks(self) -> bool:
        """Whether there is a call in the file that checks something."""
        return CHECKED.matches(self.data)

    def follows(self) -> Iterator[Follow]:
        """The pairs, in the order of the file."""
        called = {(one.line, one.column): one for one in called_once(self)}
        for later in self.accesses:
            once = called.get((later.line, later.column)) if later.helper is None else None
            guard = guard_of(self, later) if later.helper is None else None
            if guard is None and once is not None and (before := guard_before(self, once)) is not None:
                guard = replace(before, keys=tuple(once.values[key] for key in before.keys))
            held = filled(self, later) if later.kind in LEAVES_OUT else ()
            parts = handed(self, later)
            given = gives(self, later)
            asked = asked_elsewhere(self, later) if later.helper is None and guard is None else None
            if guard is not None or held or parts or given or asked:
                yield Follow(
                    line=later.line,
                    column=later.column,
                    first_line=later.line,
                    first_column=later.column,
                    values=tuple((key, key) for key in guard.keys) if guard is not None else (),
                    rows=(),
                    checked=False,
                    filled=held,
                    handed=parts,
                    gives=given,
                    elsewhere=asked,
                    compared=guard.compared if guard is not None else (),
                    against=guard.against if guard is not None else (),
                    guard=guard.asked if guard is not None else "",
                    beside=guard.beside if guard is not None else (),
                )
            if (
                later.values
                and later.helper is None
                and any(first.node.end_byte <= later.start for first in self.accesses)
            ):
                told = list(self._vouching(later))
                yield from told
                yield from self._lending(later, {(f.first_line, f.first_column) for f in told if f.rows})
            if once is not None:
                follows = (replace(follow, rows=(), lists=()) for follow in self._vouching(once))
                yield from (follow for follow in follows if follow.values)

    def _lending(self, later: Access, told: Collection[tuple[int, int]]) -> Iterator[Follow]:
        """The statements whose rows it may be given parts of, of which it is not certain that they have run."""
        for position, first in enumerate(self.accesses):
            if self.spent or first.start >= later.start:
                return
            if (first.line, first.column) in ((later.line, later.column), *told):
                continue
            if position not in self._lent:
                self._lent[position] = lent(self, first)
            names = lent_to(self, self._lent[position], first, later)
            if names:
                yield Follow(
                    line=later.line,
                    column=later.column,
                    first_line=first.line,
                    first_column=first.column,
                    values=(),
                    rows=(),
                    checked=False,
                    may_be=names,
                )

    def _vouching(self, later: Access) -> Iterator[Follow]:
        events = self.before(later.node) if not self.spent else []
        if len(events) > MAX_EVENTS or not any(self._inside(event.node) for event in events):
            return
        for found in self.known(events):
            if found.access.node.end_byte > later.start:
                continue
            start, end = found.start, self._end(later, found)
            given = {root(value) for value in later.values}
            rows = [
                (name, "")
                for name, since in sorted(found.rows.items())
                if name in given and not self.changed(name, since, end)
            ]
            rows += [
                (name, key)
                for name, (key, since) in sorted(found.lists.items())
                if name in given and not self.changed(name, since, end) and not self.filled(name, since, end)
            ]
            told = found.access.values
            shared = told.keys() & later.values.keys() if found.checked or found.compared else set()
            kept = tuple(
                (later.values[v], told[v])
                for v in sorted(shared)
                if not self.changed(v, start, end) and root(v) not in found.names
            )
            whole = tuple(
                (v, told[v])
                for v, since in sorted(found.whole.items())
                if v in told
                and v in later.values
                and not self.changed(v, start, end)
                and not self.filled(v, since, end)
            )
            if found.checked or found.compared:
                kept += tuple(
                    (f"{ENTITY}{part}", told[v])
                    for part, v in self._keyed(later, events)
                    if v in told and not self.changed(v, start, end)
                )
            if rows or kept or whole:
                yield Follow(
                    line=later.line,
                    column=later.column,
                    first_line=found.access.line,
                    first_column=found.access.column,
                    values=kept,
                    rows=tuple(rows),
                    checked=found.checked,
                    lists=whole,
                    answers=found.access.answer is not None,
                    asked=found.access.node.start_point[0] + 1 if found.access.helper is not None else 0,
                    compared=tuple(sorted(found.compared)),
                )

    def _keyed(self, later: Access, events: Sequence[Event]) -> Iterator[tuple[str, str]]:
        """The parts of what a statement is given whole that were set before, each with what it was set to:
        `doc.setId(id); update(doc)`."""
        names = {value for value in later.values if value == root(value)} if not later.raw else set()
        for event in events if names else ():
            node = event.node
            short = event.holds is None and not event.loop and node.end_byte - node.start_byte < MAX_SET
            found = _SETS.fullmatch(self.text(node)) if short else None
            if found is None or found.group("name") not in names:
                continue
            name, part = found.group("name"), found.group("part") or found.group("by")
            rest = self.data[node.end_byte : later.start].decode("utf-8", "replace")
            again = re.search(rf"(?i)\b{name}(?:\.|->)(?:set)?{part}(?:\(|\s*=(?!=))", rest) is not None
            if not again and not self.changed(name, node.end_byte, later.start):
                yield part, found.group("given") or found.group("to")

    def known(self, events: Sequence[Event]) -> list[Found]:
        """What is known after some events. Statements of one block share what has run before the first of them."""
        keys = [(event.node.id, event.holds, event.loop) for event in events]
        done, seen = 0, []
        for told, found in self._known:
            if done < len(told) <= len(keys) and keys[: len(told)] == told:
                done, seen = len(told), found
        seen = [copied(found) for found in seen]
        for event in events[done:]:
            self.take(event, seen)
        if done < len(keys):
            self._known.append((keys, [copied(found) for found in seen]))
            del self._known[:-MAX_KEPT]
        return seen

    def before(self, node: Node) -> list[Event]:
        """The statements and conditions that a node runs after, in their order."""
        levels: list[list[Event]] = []
        child, skip = node, False
        while (parent := child.parent) is not None:
            kind = parent.type
            if kind in BLOCKS and parent.named_child_count > MAX_EVENTS:
                return []
            if kind in BLOCKS and not skip and kind not in HANDLERS:
                before = [
                    c for c in parent.named_children if c.end_byte <= child.start_byte and "comment" not in c.type
                ]
                levels.append([event for c in before if c.type not in HANDLERS for event in self._flat(c)])
            elif kind in BRANCHES:
                levels.append(list(self._under(parent, child)))
            elif kind in LOOPS:
                levels.append([Event(parent, loop=True)])
            elif kind in WRAPS and kind not in BLOCKS:
                levels.append([Event(c) for c in parent.named_children if c.end_byte <= child.start_byte])
            if kind in BOUNDARIES:
                break
            skip = kind in HANDLERS
            child = parent
        return [event for level in reversed(levels) for event in level]

    def _under(self, branch: Node, child: Node) -> Iterator[Event]:
        """The condition that a part of a branch stands under."""
        start = branch.child_by_field_name("initializer")
        if start is not None and start.end_byte <= child.start_byte:
            yield Event(start)
        if branch.type.startswith(("binary", "boolean_operator")):
            left, right = branch.child_by_field_name("left"), branch.child_by_field_name("right")
            sign = self.operator(branch)
            if left is not None and right == child and sign in {"&&", "and", "||", "or"}:
                yield Event(left, sign in {"&&", "and"})
            return
        condition = self.condition(branch)
        if (
            condition is None
            or child == condition
            or (child.end_byte <= condition.end_byte and not self.modifier(branch))
        ):
            return
        first = self.consequence(branch)
        if first is not None:
            yield Event(condition, (first == child) is not (branch.type in NEGATED))

    def _flat(self, statement: Node, depth: int = 0) -> Iterator[Event]:
        """A statement, or those inside of one that only wraps them."""
        kind = statement.type
        if depth > MAX_DEPTH:
            yield Event(statement)
            return
        if kind in TRIES:
            handlers = [c for c in statement.named_children if c.type in HANDLERS]
            if all(self.leaves(h) for h in handlers if h.type not in {"finally_clause", "ensure", "finally_block"}):
                for child in statement.named_children:
                    if child.type not in HANDLERS:
                        yield from self._flat(child, depth + 1)
                return
        elif (kind in WRAPS or kind in _PLAIN_BLOCKS) and not self.suppresses(statement):
            for child in statement.named_children:
                yield from self._flat(child, depth + 1)
            return
        yield Event(statement)

    def take(self, event: Event, seen: list[Found]) -> None:
        """Go on by one statement or condition."""
        node = event.node
        if event.loop:
            for found in seen:
                self.each(node, found)
            return
        made = [access for access in self._inside(node) if self.certain(access.node, node)]
        for found in seen:
            self.dropped(node, found)
        for access in made:
            found = Found(access, node.start_byte)
            self.bind(found, node)
            seen.append(found)
        del seen[:-MAX_FOUND]
        for found in seen:
            if not found.checked:
                self.check(event, found)
            compare(self, event, found)
            cover(self, event, found)
            among(self, event, found)
            if found.access not in made:
                self.derive(node, found)

    def _inside(self, node: Node) -> list[Access]:
        first = bisect_left(self._starts, node.start_byte)
        last = bisect_left(self._starts, node.end_byte)
        return [access for access in self.accesses[first:last] if access.node.end_byte <= node.end_byte]

    def certain(self, node: Node, top: Node, *, chosen: bool = False) -> bool:
        """Whether a call runs whenever the statement around it does, or, `chosen`, where a choice is for it."""
        child = node
        while child != top and (parent := child.parent) is not None:
            kind = parent.type
            if kind in TRIES:
                handlers = [c for c in parent.named_children if c.type in HANDLERS]
                if child in handlers or not all(self.leaves(h) for h in handlers):
                    return False
            elif kind.startswith(("binary", "boolean_operator")):
                if (
                    self.operator(parent) in {"&&", "and", "||", "or", "??", "?:"}
                    and parent.child_by_field_name("left") != child
                ):
                    return False
            elif kind in BRANCHES:
                taken = (self.condition(parent), parent.child_by_field_name("initializer"))
                if child not in taken and not (chosen and kind in CHOICES):
                    return False
            elif UNCERTAIN.search(kind) is not None or self.suppresses(parent):
                return False
            child = parent
        return child == top

    def _end(self, later: Access, found: Found) -> int:
        """Up to where a variable must keep its value: a loop runs again, a function may run later."""
        end = later.node.end_byte
        child = later.node
        while (parent := child.parent) is not None:
            if parent.start_byte <= found.start:
                return end
            if parent.type in LOOPS:
                end = max(end, parent.end_byte)
            if parent.type in CLOSURES:
                around = self._around(found)
                end = max(end, around)
            child = parent
        return end

    def _around(self, found: Found) -> int:
        """The end of the block that a statement stands in."""
        node: Node | None = found.access.node
        while node is not None and node.type not in BOUNDARIES and node.type not in CLOSURES:
            node = node.parent
        return node.end_byte if node is not None else len(self.data)


def follows_of(
    data: bytes, language: str, tree: Node, statements: Sequence[Statement], calls: Sequence[OrmCall]
) -> tuple[Follow, ...]:
    """The pairs of one parsed file."""
    left = any(call.kind in LEAVES_OUT for call in calls)
    alone = len(statements) + len(calls) < 2 and not left and COMPARES.search(data) is None
    if alone and _KEY.search(data) is None and _HANDS.search(data) is None:
        return ()
    lines = Lines(data)
    found = [a for s in statements if (a := places.of_statement(s, data, language, tree, lines)) is not None]
    found += [a for c in calls if (a := places.of_call(c, data, tree, lines)) is not None]
    if not found or len(found) > MAX_ACCESSES or (alone and not any(map(_may_tell, found))):
        return ()
    found.sort(key=lambda one: one.node.start_byte)
    flow = Flow(data, language, tree, found)
    for _ in range(ROUNDS):
        handed = asked_through(flow)
        if not handed:
            break
        found = sorted([*found, *handed], key=lambda one: one.node.start_byte)
        flow = Flow(data, language, tree, found)
    return tuple(dict.fromkeys(flow.follows()))


def _may_tell(access: Access) -> bool:
    """Whether the only statement of a file may be given a key that something else tells of, or tell of one itself."""
    return len(access.values) > 1 if places.says_tenant(access) else bool(access.values)
