"""Which statement of a function runs only after another one has found its row, read off the syntax tree.

For each statement the code that has certainly run before it is listed in its order: the statements before it in its
block and in the blocks around, and the conditions it stands under. What can't be told is taken not to have happened.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tree_sitter import Node

from lints.context.values import given_to
from lints.extract.facts import Argument, Confidence, OrmCall, Statement
from lints.extract.lines import Lines
from lints.vouch import results
from lints.vouch.conditions import when_missing
from lints.vouch.facts import Follow
from lints.vouch.plain import paths_in, plain, root
from lints.vouch.results import Missing, words
from lints.vouch.shapes import (
    ASKED_WRITES,
    BLOCKS,
    BOUNDARIES,
    BRANCHES,
    CLOSURES,
    ENDS,
    EXITS,
    HANDLERS,
    HELD,
    LOOPS,
    NEGATED,
    PASSES,
    PATTERNS,
    TRIES,
    UNCERTAIN,
    WRAPS,
)  # fmt: skip

_PLAIN_BLOCKS = frozenset({"block", "statement_block", "compound_statement", "statement_list"})
MAX_EVENTS = 400
MAX_ACCESSES = 300
MAX_FOUND = 40
"""Of the statements before another one so many are looked at, the last ones."""
MAX_DEPTH = 60
BUDGET = 20_000_000
"""Bytes that are searched in one file; after that nothing vouches for anything."""
_PREFIX = re.compile(r"(?:await|yield\s+from|yield|\s|\(|try!?|\*|&|<-|Optional\.ofNullable\(|list\(|next\(|unwrap\()*")
_NAME = re.compile(r"[$@]{0,2}[A-Za-z_]\w*")
_CALLED = re.compile(r"\.(\w+[!?]?)\s*\(")
_POINTED = re.compile(r"&(\w+)")
_FLAGS = re.compile(r"(?:ok|has|found|exists?|present)\w*", re.IGNORECASE)
_ERROR = re.compile(r"(?:\w*[eE]rr(?:or)?|e)\d?")
_LEFT = re.compile(r"\s*(?:const|let|var|val|final|auto|dynamic)?\s*")


@dataclass(slots=True)
class Access:
    """One statement or call of the file. `node` is the call that runs it."""

    line: int
    column: int
    node: Node
    start: int
    kind: str
    methods: tuple[str, ...]
    values: frozenset[str]
    raw: bool


@dataclass(slots=True)
class Found:
    """A statement that has run: the names its result has, and whether the function goes on only if there is a row."""

    access: Access
    start: int
    names: dict[str, Missing] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    """Names that are rows of it, or hold some, and from where on."""
    lists: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Names that are lists of one part of each row."""
    checked: bool = False


@dataclass(slots=True)
class Event:
    """A statement that has run, or (`holds` set) a condition that holds or does not, or the head of a loop."""

    node: Node
    holds: bool | None = None
    loop: bool = False


class Flow:
    """The accesses of one file and the order they run in."""

    def __init__(self, data: bytes, language: str, tree: Node, accesses: Sequence[Access]) -> None:
        self.data = data
        self.language = language
        self.tree = tree
        self.accesses = accesses
        self._starts = [access.node.start_byte for access in accesses]
        self._leaving: dict[int, bool] = {}
        self._budget = BUDGET

    def text(self, node: Node) -> str:
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def follows(self) -> Iterator[Follow]:
        for later in self.accesses:
            if later.values and any(first.node.end_byte <= later.start for first in self.accesses):
                yield from self._vouching(later)

    def _vouching(self, later: Access) -> Iterator[Follow]:
        events = self._before(later.node) if self._budget > 0 else []
        if len(events) > MAX_EVENTS or not any(self._inside(event.node) for event in events):
            return
        seen: list[Found] = []
        for event in events:
            self._pass(event, seen)
        for found in seen:
            if found.access.node.end_byte > later.start:
                continue
            start, end = found.start, self._end(later, found)
            given = {root(value) for value in later.values}
            rows = [
                (name, "")
                for name, since in sorted(found.rows.items())
                if name in given and not self._changed(name, since, end)
            ]
            rows += [
                (name, key)
                for name, (key, since) in sorted(found.lists.items())
                if name in given and not self._changed(name, since, end) and not self._filled(name, since, end)
            ]
            shared = found.access.values & later.values if found.checked else frozenset()
            kept = tuple(
                (v, v) for v in sorted(shared) if not self._changed(v, start, end) and root(v) not in found.names
            )
            if rows or kept:
                yield Follow(
                    line=later.line,
                    column=later.column,
                    first_line=found.access.line,
                    first_column=found.access.column,
                    values=kept,
                    rows=tuple(rows),
                    checked=found.checked,
                )

    # What has run before

    def _before(self, node: Node) -> list[Event]:
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
            sign = self._operator(branch)
            if left is not None and right == child and sign in {"&&", "and", "||", "or"}:
                yield Event(left, sign in {"&&", "and"})
            return
        condition = self._condition(branch)
        if (
            condition is None
            or child == condition
            or (child.end_byte <= condition.end_byte and not self._modifier(branch))
        ):
            return
        first = self._consequence(branch)
        if first is not None:
            yield Event(condition, (first == child) is not (branch.type in NEGATED))

    def _modifier(self, branch: Node) -> bool:
        return branch.type.endswith("_modifier") or branch.type == "conditional_expression"

    def _condition(self, branch: Node) -> Node | None:
        condition = branch.child_by_field_name("condition")
        if condition is None and branch.type == "conditional_expression" and len(branch.named_children) == 3:
            return branch.named_children[1]  # Python: the value, the condition, the other value
        return condition

    def _consequence(self, branch: Node) -> Node | None:
        for name in ("consequence", "body"):
            found = branch.child_by_field_name(name)
            if found is not None:
                return found
        condition = self._condition(branch)
        rest = [c for c in branch.named_children if c != condition and "comment" not in c.type]
        return rest[0] if rest else None

    def _alternative(self, branch: Node) -> Node | None:
        found = branch.child_by_field_name("alternative")
        if found is not None:
            return found
        if branch.type == "if_expression":  # Kotlin names none of its parts
            condition = self._condition(branch)
            rest = [c for c in branch.named_children if c != condition and "comment" not in c.type]
            return rest[1] if len(rest) > 1 else None
        return None

    def _flat(self, statement: Node, depth: int = 0) -> Iterator[Event]:
        """A statement, or those inside of one that only wraps them."""
        kind = statement.type
        if depth > MAX_DEPTH:
            yield Event(statement)
            return
        if kind in TRIES:
            handlers = [c for c in statement.named_children if c.type in HANDLERS]
            if all(self._leaves(h) for h in handlers if h.type not in {"finally_clause", "ensure", "finally_block"}):
                for child in statement.named_children:
                    if child.type not in HANDLERS:
                        yield from self._flat(child, depth + 1)
                return
        elif (kind in WRAPS or kind in _PLAIN_BLOCKS) and not self._suppresses(statement):
            for child in statement.named_children:
                yield from self._flat(child, depth + 1)
            return
        yield Event(statement)

    def _suppresses(self, node: Node) -> bool:
        """`with suppress(DoesNotExist):`."""
        return node.type == "with_statement" and b"suppress" in self.data[node.start_byte : node.start_byte + 200]

    def _leaves(self, node: Node | None, depth: int = 0) -> bool:
        """Whether control never falls out of the end of a node."""
        if node is None or depth > MAX_DEPTH:
            return False
        known = self._leaving.get(node.id)
        if known is None:
            known = self._leaving[node.id] = self._never_ends(node, depth + 1)
        return known

    def _never_ends(self, node: Node, depth: int) -> bool:
        kind = node.type
        if kind in ENDS:
            return True
        if kind.startswith("binary"):  # `redirect_to(x) and return`
            return self._operator(node) in {"and", "&&"} and self._leaves(node.child_by_field_name("right"), depth)
        children = [c for c in node.named_children if "comment" not in c.type]
        if "call" in kind or kind in {"method_invocation", "invocation_expression", "identifier"}:
            name = self.text(node).partition("(")[0].split()[0:1]
            return bool(name) and name[0] in (
                EXITS.get(self.language) or EXITS.get(results.family(self.language), frozenset())
            )
        if kind in {"if_statement", "if", "if_expression"}:
            return self._leaves(self._consequence(node), depth) and self._leaves(self._alternative(node), depth)
        if (
            kind in BLOCKS
            or kind in HANDLERS
            or kind in {"expression_statement", "else_clause", "parenthesized_statements"}
        ):
            return bool(children) and self._leaves(children[-1], depth)
        return False

    # What is known after each

    def _pass(self, event: Event, seen: list[Found]) -> None:
        node = event.node
        if event.loop:
            for found in seen:
                self._each(node, found)
            return
        made = [access for access in self._inside(node) if self._certain(access.node, node)]
        for found in seen:
            self._dropped(node, found)
        for access in made:
            found = Found(access, node.start_byte)
            self._bind(found, node)
            seen.append(found)
        del seen[:-MAX_FOUND]
        for found in seen:
            if not found.checked:
                self._check(event, found)
            if found.access not in made:
                self._derive(node, found)

    def _each(self, loop: Node, found: Found) -> None:
        """`for (const doc of docs)`: a row of those that were found."""
        left, right = loop.child_by_field_name("left"), loop.child_by_field_name("right")
        if loop.type == "foreach_statement" and left is None and len(loop.named_children) == 3:  # PHP
            right, left = loop.named_children[:2]
        if left is None or right is None:
            return
        name, over = _NAME.fullmatch(_LEFT.sub("", self.text(left), count=1)), _NAME.match(self.text(right))
        if name is None or over is None or plain(over.group()) not in found.rows:
            return
        rest = self.text(right)[over.end() :]
        if not rest or rest in {".rows", ".data"}:
            found.rows[plain(name.group())] = right.end_byte

    def _inside(self, node: Node) -> list[Access]:
        first = bisect_left(self._starts, node.start_byte)
        last = bisect_left(self._starts, node.end_byte)
        return [access for access in self.accesses[first:last] if access.node.end_byte <= node.end_byte]

    def _certain(self, node: Node, top: Node) -> bool:
        """Whether a call runs whenever the statement around it does."""
        child = node
        while child != top and (parent := child.parent) is not None:
            kind = parent.type
            if kind in TRIES:
                handlers = [c for c in parent.named_children if c.type in HANDLERS]
                if child in handlers or not all(self._leaves(h) for h in handlers):
                    return False
            elif kind.startswith(("binary", "boolean_operator")):
                if (
                    self._operator(parent) in {"&&", "and", "||", "or", "??", "?:"}
                    and parent.child_by_field_name("left") != child
                ):
                    return False
            elif kind in BRANCHES:
                if child not in (self._condition(parent), parent.child_by_field_name("initializer")):
                    return False
            elif UNCERTAIN.search(kind) is not None or self._suppresses(parent):
                return False
            child = parent
        return child == top

    def _operator(self, node: Node) -> str:
        found = node.child_by_field_name("operator")
        if found is not None:
            return self.text(found)
        return next((c.type for c in node.children if not c.is_named and c.type not in {"(", ")"}), "")

    def _bind(self, found: Found, top: Node) -> None:
        """The names that the result of a statement gets."""
        access = found.access
        if not self._awaited(access, top):
            return
        found.checked = results.leaves(self.language, access.kind, access.methods)
        child, value = access.node, access.node
        element: tuple[int, Node] | None = None
        while child != top and (parent := child.parent) is not None:
            position = self._among(parent, child)
            if position is not None:
                element = (position, value)
                child = value = parent
                continue
            if parent.type.startswith("binary") and parent.child_by_field_name("left") == child:
                right, sign = parent.child_by_field_name("right"), self._operator(parent)
                if sign in {"||", "or", "??", "?:"} and self._leaves(right):
                    self._else_leaves(found, value)
                    child = parent
                    continue
                if sign not in {"??", "||"} or right is None or self.text(right) not in HELD:
                    break
                child = parent
                continue
            left = self._target(parent, child)
            if left is not None and element is not None:
                parts = left.named_children if left.type.endswith(("pattern", "pattern_list")) else []
                if element[0] < len(parts) and left.type != "object_pattern":
                    self._named(found, parts[element[0]], element[1])
                child = value = parent
                continue
            if left is not None:
                self._named(found, left, value)
                child = value = parent  # `(doc = find(id)) or die()`
                continue
            child = parent
            if parent.type not in ASKED_WRITES:
                value = parent
        if not found.names and access.raw and self.language in {"python", "php"}:
            receiver = re.match(r"\$?(\w+)(?:\.|->)\w+\(", self.text(access.node))
            if receiver is not None:
                found.names[receiver.group(1)] = Missing.CURSOR
        if self.language == "go":
            written = self.data[access.start : value.end_byte].decode("utf-8", "replace")
            found.rows.update(dict.fromkeys(_POINTED.findall(written), value.end_byte))

    def _among(self, parent: Node, child: Node) -> int | None:
        """The position of a promise among those that are waited for together."""
        inside = parent.type == "array" and parent.parent is not None and parent.parent.type == "arguments"
        listed = parent.parent if inside else parent if parent.type == "argument_list" else None
        call = listed.parent if listed is not None else None
        if call is None or not self.text(call).startswith(("Promise.all(", "asyncio.gather(", "gather(")):
            return None
        if "return_exceptions" in self.text(call)[-60:]:
            return None
        return parent.named_children.index(child)

    def _awaited(self, access: Access, top: Node) -> bool:
        """Whether what a call gives is at hand when the next statement runs: a promise is always there."""
        last = access.methods[-1] if access.methods else ""
        if results.family(self.language) == "javascript":
            if last in results.SYNCHRONOUS:
                return True
        elif not (self.language == "c_sharp" and last.endswith("Async")):
            return True
        child = access.node
        while child != top and (parent := child.parent) is not None:
            if parent.type in {"await_expression", "yield_expression"}:
                return b".catch(" not in self.data[access.node.end_byte : parent.end_byte]
            if parent.type in {"arguments", "argument_list"} and (
                child.type != "array" or self._among(child, access.node) is None
            ):
                return False  # what a function makes of a promise
            child = parent
        return child.type in {"await_expression", "yield_expression"}

    def _else_leaves(self, found: Found, value: Node) -> None:
        held = self._held(found, value)
        if held in {Missing.NULL, Missing.UNDEFINED, Missing.FALSE}:
            found.checked = True

    def _target(self, parent: Node, child: Node) -> Node | None:
        """The left side of an assignment whose right side `child` is."""
        kind = parent.type
        for name, other in (("right", "left"), ("value", "name"), ("value", "pattern")):
            if parent.child_by_field_name(name) == child and (
                "assign" in kind or "declarator" in kind or kind in ASSIGNS
            ):
                found = parent.child_by_field_name(other)
                if found is not None:
                    return found
        if kind in {"variable_declarator", "property_declaration"} and parent.named_children[-1:] == [child]:
            return next((c for c in parent.named_children if c != child and c.type != "modifiers"), None)
        return None

    def _held(self, found: Found, value: Node) -> Missing | None:
        """What an expression around the call holds where nothing is found."""
        access = found.access
        before = self.data[value.start_byte : access.node.start_byte].decode("utf-8", "replace")
        after = self.data[access.node.end_byte : value.end_byte].decode("utf-8", "replace").strip()
        if _PREFIX.fullmatch(before) is None:
            return None
        for _ in range(before.count("(")):
            after = after.removeprefix(")").lstrip() if after.startswith(")") else after.removesuffix(")")
        given = results.given(self.language, access.methods)
        if access.kind == "drizzle_query" and given is Missing.NULL:
            given = Missing.UNDEFINED
        if self.language == "go":
            given = Missing.ERROR if results.errs(access.methods) else Missing.THING
            return given if "Scan" in after or after in {"", ".Error"} or given is Missing.ERROR else None
        if given is Missing.THING and (access.raw or access.methods[-1:] == ("execute",)):
            given = Missing.CURSOR if self.language in {"python", "php", "java"} else given
        if after and any(m in results.leaving(self.language) for m in _CALLED.findall(f".{after.lstrip('?.!->')}")):
            found.checked = True
            return Missing.NULL
        return results.after(given, self.language, after)

    def _named(self, found: Found, left: Node, value: Node) -> None:
        before = self.data[value.start_byte : found.access.node.start_byte].decode("utf-8", "replace")
        if _PREFIX.fullmatch(before) is None:
            return  # what a function makes of it
        held = self._held(found, value)
        written = _LEFT.sub("", self.text(left), count=1)
        if self.language == "go":
            self._named_in_go(found, written, held, value)
            return
        if left.type in {"array_pattern", "left_assignment_list", "pattern_list", "list_literal"} or written.startswith(
            "["
        ):
            first = re.match(r"[\[(]?\s*([A-Za-z_$]\w*)\s*[,\])]?", written)
            if first is not None and held is not None:
                lists = found.access.raw and found.access.methods[-1:] in {("query",), ("execute",)}
                found.names[first.group(1)] = Missing.LIST if lists else Missing.UNDEFINED
                found.rows[first.group(1)] = value.end_byte
            return
        if left.type == "object_pattern":
            for key, name, inner in re.findall(r"(\w+)(?:\s*:\s*(?:(\w+)|\[\s*(\w+)))?", written):
                meant = _KEYS.get(key)
                if key == "data" and found.access.methods[-1:] in {("single",), ("maybeSingle",)}:
                    meant = Missing.NULL
                if key == "error" and found.access.methods[-1:] == ("single",):
                    meant = Missing.ERROR
                if meant is not None:
                    bound = inner or name or key
                    found.names[bound] = Missing.UNDEFINED if inner else meant
                    found.rows[bound] = value.end_byte
            return
        name = _NAME.match(written)
        if name is not None and plain(name.group()) == plain(written.partition(":")[0]):
            bound = plain(name.group())
            found.names[bound] = held if held is not None else Missing.THING
            if held is not None:
                found.rows[bound] = value.end_byte

    def _named_in_go(self, found: Found, written: str, held: Missing | None, value: Node) -> None:
        names = [name.strip() for name in written.split(",")]
        xorm = found.access.kind == "xorm" and found.access.methods[-1:] in {("Get",), ("Exist",)}
        for position, name in enumerate(names):
            if name == "_" or _NAME.fullmatch(name) is None:
                continue
            if xorm:
                meant = Missing.FALSE if position == 0 and len(names) > 1 else Missing.THING
            elif _ERROR.fullmatch(name) or len(names) == 1:
                meant = held if held is not None else Missing.THING
                if meant is Missing.THING and _ERROR.fullmatch(name):
                    meant = Missing.NULL  # to find nothing is no error
            else:
                meant = Missing.FALSE if _FLAGS.fullmatch(name) and len(names) > 1 else Missing.THING
            found.names[name] = meant
            if meant is not Missing.ERROR:
                found.rows[name] = value.end_byte

    def _derive(self, node: Node, found: Found) -> None:
        """`doc = rows[0]`, `row = cur.fetchone()`, `err = row.Scan(&doc)`: a name for a part of what was found."""
        for inner in (node, *node.named_children[:3]):
            value = inner.child_by_field_name("right") or inner.child_by_field_name("value")
            if (
                value is None
                and inner.type in {"variable_declaration", "property_declaration"}
                and inner.named_children
            ):
                value = inner.named_children[-1]
            if value is None:
                continue
            left = self._target(inner, value)
            text = re.sub(r"^(?:await\s+|\(|\s)+", "", self.text(value))
            every = _EVERY.fullmatch(text)
            if left is not None and every is not None and every.group("over") in found.rows:
                listed = _NAME.fullmatch(self.text(left))
                if listed is not None:
                    found.lists[listed.group()] = (every.group("name") or every.group("key"), value.end_byte)
                continue
            name = _NAME.match(text)
            if left is None or name is None or plain(name.group()) not in found.names:
                continue
            held = found.names[plain(name.group())]
            rest = text[name.end() :]
            part = _PART.match(rest)
            if part is not None:
                listed = _NAME.match(_LEFT.sub("", self.text(left), count=1))
                key = part.group("js") or part.group("sym") or part.group("word") or part.group("ref") or ""
                if listed is not None and key:
                    found.lists[plain(listed.group())] = (key, value.end_byte)
                continue
            written = _LEFT.sub("", self.text(left), count=1)
            target = _NAME.match(written)
            if target is None:
                continue
            bound = plain(target.group())
            if self.language == "go":
                if ".Scan(" in rest or rest.startswith((".Error", ".Err(")):
                    found.names[bound] = held if _ERROR.fullmatch(bound) else Missing.THING
                    found.rows.update(dict.fromkeys(_POINTED.findall(rest), value.end_byte))
                continue
            if rest and any(m in results.leaving(self.language) for m in _CALLED.findall(rest)):
                found.checked = True
            got = results.after(held, self.language, rest.rstrip(") ") if rest.count("(") < rest.count(")") else rest)
            if written.startswith("["):
                got = Missing.UNDEFINED if held is Missing.LIST and not rest else None
                bound = next(iter(re.findall(r"\w+", written)), "")
            if got is not None and bound:
                found.names[bound] = got
                found.rows[bound] = value.end_byte

    def _dropped(self, node: Node, found: Found) -> None:
        """Names that get another value in a statement stand for what was found no longer."""
        for name in [*found.lists]:
            if self._changed(name, node.start_byte, node.end_byte):
                found.lists.pop(name)
        for name in [*found.names, *found.rows]:
            again = found.names.get(name) is Missing.CURSOR and self.language == "python"
            again = again and f"{name}.execute".encode() in self.data[node.start_byte : node.end_byte]
            if again or self._changed(name, node.start_byte, node.end_byte):
                found.names.pop(name, None)
                found.rows.pop(name, None)

    def _filled(self, name: str, start: int, end: int) -> bool:
        """Whether a list gets other items than it was made of."""
        pattern = rb"(?<![\w.])\$?" + re.escape(name.encode()) + rb"(?:\??\.|->|\s*<<|\[)(?:" + _FILLS + rb")"
        return re.search(pattern, self.data[start:end]) is not None

    # Checks

    def _check(self, event: Event, found: Found) -> None:
        """Whether a statement or condition tells that there is a row."""
        node = event.node
        if event.holds is not None:
            value = self._worth(node, found)
            found.checked = value is not None and value is not event.holds
            return
        kind = node.type
        inner = node.named_children[0] if kind == "expression_statement" and node.named_children else node
        if kind in BRANCHES and kind not in {"binary", "binary_expression", "boolean_operator"}:
            condition = self._condition(node)
            if condition is None:
                return
            worth = self._worth(condition, found)
            if worth is None:
                return
            taken = worth is not (kind in NEGATED)
            found.checked = self._leaves(self._consequence(node) if taken else self._alternative(node))
        elif inner.type.startswith("binary"):
            left, right = inner.child_by_field_name("left"), inner.child_by_field_name("right")
            if left is not None and self._leaves(right):
                wanted = self._operator(inner) in {"&&", "and"}
                found.checked = self._worth(left, found) is wanted
        else:
            self._asked(self.text(inner), found)

    def _asked(self, text: str, found: Found) -> None:
        """`abort_unless($doc, 404)`, `Objects.requireNonNull(doc)`, `optional.orElseThrow()`."""
        called = _ASKS.match(text)
        if called is not None:
            given = _first_argument(text[called.end() :])
            worth = when_missing(given, found.names, self.language)
            wanted = called.group("name") in {"abort_if", "throw_if"}
            found.checked = worth is not None and worth is wanted
            return
        name = _NAME.match(text)
        if name is not None and plain(name.group()) in found.names:
            methods = _CALLED.findall(text[name.end() :].partition("(")[0] + "(")
            found.checked = any(method in results.leaving(self.language) for method in methods)

    def _worth(self, condition: Node, found: Found) -> bool | None:
        """The value of a condition where nothing was found; the query itself may stand in it."""
        text, names, access = self.text(condition), dict(found.names), found.access
        if condition.start_byte <= access.node.start_byte and access.node.end_byte <= condition.end_byte:
            start = access.node.start_byte - condition.start_byte
            raw = self.data[condition.start_byte : condition.end_byte]
            end = access.node.end_byte - condition.start_byte
            text = (raw[:start] + b"found__" + raw[end:]).decode("utf-8", "replace")
            text = re.sub(r"\(?\s*(?:const |let |var )?[$\w]+\s*:?=\s*(?:await\s+)?found__\s*\)?", "found__", text)
            names["found__"] = results.given(self.language, access.methods)
        text = _WALRUS.sub("(", text)
        return when_missing(text, names, self.language)

    # What is written

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

    def _changed(self, path: str, start: int, end: int) -> bool:
        """Whether a variable, or the part of it that a path names, may get a value between two places."""
        name = root(path)
        self._budget -= end - start + 1
        if self._budget <= 0:
            return True
        if self.data.find(name.encode(), start, end) < 0:
            return False
        pattern = re.compile(rb"(?<![\w.])[$@]{0,2}" + re.escape(name.encode()) + rb"(?!\w)")
        for found in pattern.finditer(self.data, start, end):
            at = found.end() - 1
            written = self._written(at)
            if written is not None and (path == written or path.startswith((f"{written}.", f"{written}["))):
                return True
        return False

    def _written(self, at: int) -> str | None:
        """The path that is written where a name stands, if it is."""
        node = self.tree.descendant_for_byte_range(at, at + 1)
        if node is None or "string" in node.type or "comment" in node.type:
            return None
        child = node
        if child.type == "shorthand_property_identifier_pattern":
            return self.text(child)
        for _ in range(8):
            parent = child.parent
            if parent is None:
                return None
            kind = parent.type
            if "parameter" in kind:
                return plain(self.text(node)) if parent.child_by_field_name("value") != child else None
            if kind in PATTERNS:
                return plain(self.text(node))
            shown = self.text(parent) if parent.end_byte - parent.start_byte < 200 else ""
            if kind in {"update_expression", "inc_statement", "dec_statement"} or (
                "unary" in kind and (shown.startswith(("++", "--")) or shown.endswith(("++", "--")))
            ):
                return plain(self.text(child))
            if (kind == "unary_expression" and self.language == "go" and shown.startswith("&")) or (
                kind == "argument" and shown.startswith(("out ", "ref "))
            ):
                return plain(self.text(child))
            if kind == "foreach_statement" and self.language == "php":
                first = parent.named_children[0]
                return None if child == first or child == parent.child_by_field_name("body") else plain(self.text(node))
            if "assign" in kind or "declarator" in kind or kind in ASSIGNS:
                return plain(self.text(child)) if self._is_target(parent, child) else None
            if kind not in PASSES:
                return None
            child = parent
        return plain(self.text(node))

    def _is_target(self, parent: Node, child: Node) -> bool:
        for position, other in enumerate(parent.children):
            if other == child:
                label = parent.field_name_for_child(position)
                if label is not None:
                    return label in {"left", "name", "pattern", "declarator", "alias"}
                return parent.named_children[0] == child
        return True


_FILLS = rb"push|unshift|splice|concat|add|append|extend|insert|Add|AddRange|update|\]?\s*=(?!=)|0|\w+\]\s*=(?!=)|\s*\w"
_PART = re.compile(
    r"(?:\.rows|\.data)?[?!]?(?:->|\.)(?:stream\(\)\.)?(?:map|collect|pluck|Select|ids)\(?\s*(?:"
    r"\(?\s*(?P<it>\w+)(?:\s*:[^)=]{0,60})?\s*\)?\s*=>\s*(?P=it)[!?]?\.(?P<js>\w+)|&?:(?P<sym>\w+)|['\"](?P<word>\w+)['\"]"
    r"|\w+::(?P<ref>\w+))\s*\)(?:\.(?:ToList|ToArray|toList|collect|all|toArray)\([^()]*(?:\(\))?\)|->(?:all|toArray)\(\))?\s*;?\s*$"
)
_EVERY = re.compile(
    r"\[\s*(?P<it>\w+)(?:\.(?P<name>\w+)|\[['\"](?P<key>\w+)['\"]\])\s+for\s+(?P=it)\s+in\s+(?P<over>\w+)\s*\]"
)
_WALRUS = re.compile(r"\(\s*[$\w]+\s*:?=(?![=>])\s*(?:await\s+)?")
ASSIGNS = words(
    "short_var_declaration var_spec const_spec named_expression range_clause for_in_clause for_in_statement"
    " foreach_statement enhanced_for_statement for_statement property_declaration variable_declaration resource"
    " with_item for as_pattern"
)
_KEYS: Mapping[str, Missing] = {
    "rows": Missing.LIST, "rowCount": Missing.ZERO, "count": Missing.ZERO, "affectedRows": Missing.ZERO,
    "data": Missing.LIST,
}  # fmt: skip
_ASKS = re.compile(
    r"(?P<name>abort_if|abort_unless|throw_if|throw_unless|invariant|tiny_invariant|(?:\w+\.)?(?:requireNonNull|notNull|checkNotNull)"
    r"|requireNotNull|require|check|(?:ArgumentNullException\.)?ThrowIfNull|Guard\.Against\.Null)\("
)


def _first_argument(text: str) -> str:
    depth = 0
    for position, character in enumerate(text):
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        if depth < 0 or (depth == 0 and character == ","):
            return text[:position]
    return text


# Where the accesses stand


def follows_of(
    data: bytes, language: str, tree: Node, statements: Sequence[Statement], calls: Sequence[OrmCall]
) -> tuple[Follow, ...]:
    """The pairs of one parsed file."""
    if len(statements) + len(calls) < 2:
        return ()
    lines = Lines(data)
    found = [a for s in statements if (a := _of_statement(s, data, language, tree, lines)) is not None]
    found += [a for c in calls if (a := _of_call(c, data, tree, lines)) is not None]
    if len(found) < 2 or len(found) > MAX_ACCESSES:
        return ()
    found.sort(key=lambda access: access.node.start_byte)
    return tuple(Flow(data, language, tree, found).follows())


def _offset(data: bytes, lines: Lines, line: int, column: int) -> int:
    start = lines.start(line)
    if data.isascii():
        return start + column - 1
    end = data.find(b"\n", start)
    shown = data[start : end if end >= 0 else len(data)].decode("utf-8", "replace")
    return start + len(shown[: column - 1].encode())


def _of_statement(statement: Statement, data: bytes, language: str, tree: Node, lines: Lines) -> Access | None:
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
        values=frozenset(path for text in given_to(statement) for path in paths_in(text)),
        raw=True,
    )


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


def _of_call(call: OrmCall, data: bytes, tree: Node, lines: Lines) -> Access | None:
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
        methods=tuple(step.method for step in call.variants[0]),
        values=frozenset(values),
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
