"""What is known of a query that has run: the names its result has, and whether the code goes on without a row."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tree_sitter import Node

from lints.patterns import regex
from lints.vouch import results
from lints.vouch.access import Access
from lints.vouch.conditions import faults, when_missing
from lints.vouch.each import MAKES, MAX_MADE, ROWS, mapped
from lints.vouch.plain import plain
from lints.vouch.results import Missing
from lints.vouch.shapes import ASKED_WRITES, BRANCHES, CHOICES, HELD, NEGATED
from lints.vouch.tree import Tree

_PREFIX = regex(r"(?:await|yield\s+from|yield|\s|\(|try!?|\*|&|<-|Optional\.ofNullable\(|list\(|next\(|unwrap\()*")
_NAME = regex(r"[$@]{0,2}[A-Za-z_]\w*")
_MEMBER = regex(r"(?:this|self)\.\w+")
_CALLED = regex(r"\.(\w+[!?]?)\s*\(")
_POINTED = regex(r"&(\w+)")
_FLAGS = regex(r"(?:ok|has|found|exists?|present)\w*", re.IGNORECASE)
ERROR = regex(r"(?:\w*[eE]rr(?:or)?|e)\d?")
_LEFT = regex(r"\s*(?:const|let|var|val|final|auto|dynamic)?\s*")
_FILLS = rb"push|unshift|splice|concat|add|append|extend|insert|Add|AddRange|update|\]?\s*=(?!=)|0|\w+\]\s*=(?!=)|\s*\w"
_PART = regex(
    r"(?:\.rows|\.data)?[?!]?(?:->|\.)(?:stream\(\)\.)?(?:map|collect|pluck|Select|ids)\(?\s*(?:"
    r"\(?\s*(?P<it>\w+)(?:\s*:[^)=]{0,60})?\s*\)?\s*=>\s*(?P=it)[!?]?\.(?P<js>\w+)|&?:(?P<sym>\w+)|['\"](?P<word>\w+)['\"]"
    r"|\w+::(?P<ref>\w+))\s*\)(?:\.(?:ToList|ToArray|toList|collect|all|toArray)\([^()]*(?:\(\))?\)|->(?:all|toArray)\(\))?\s*;?\s*$"
)
_EVERY = regex(
    r"\[\s*(?P<it>\w+)(?:\.(?P<name>\w+)|\[['\"](?P<key>\w+)['\"]\])\s+for\s+(?P=it)\s+in\s+(?P<over>\w+)\s*\]"
)
_WALRUS = regex(r"\(\s*[$\w]+\s*:?=(?![=>])\s*(?:await\s+)?")
EQUAL_PART = (
    r"\(\s*\(?\s*(?P<it>\w+)(?:\s*:[^)=]{0,60})?\s*\)?\s*=>\s*(?P=it)\.(?P<key>\w+)"
    r"\s*===?\s*(?P<value>[\w.]{1,80})\s*\)"
)
_PICKED = regex(r"\.(?:find|filter)" + EQUAL_PART + r"(?:\[0\])?")
_KEYS: Mapping[str, Missing] = {
    "rows": Missing.LIST, "rowCount": Missing.ZERO, "count": Missing.ZERO, "affectedRows": Missing.ZERO,
    "data": Missing.LIST,
}  # fmt: skip
_ASKS = regex(
    r"(?P<name>abort_if|abort_unless|throw_if|throw_unless|invariant|tiny_invariant|(?:\w+\.)?(?:requireNonNull|notNull|checkNotNull)"
    r"|requireNotNull|require|check|(?:ArgumentNullException\.)?ThrowIfNull|Guard\.Against\.Null)\("
)


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
    compared: set[str] = field(default_factory=set)
    """Parts of the row that are compared: the code goes on only where they are equal to something."""
    picked: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Names for one of the rows, if there is one, of which some part is a value: (the part, the value)."""
    whole: dict[str, int] = field(default_factory=dict)
    """Lists of as many items as there are rows, and from where on: the code goes on only then."""
    against: set[str] = field(default_factory=set)
    """What they are compared with."""
    maps: dict[str, str] = field(default_factory=dict)
    """Maps of its rows by a key: the part of a row that a value is, or nothing where it is the row."""
    odd: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Names for those of its rows whose part is unequal to something: (the part, what it is unequal to)."""


def copied(found: Found) -> Found:
    """The same for now: what becomes known of one afterwards is not known of the other."""
    return replace(
        found,
        names={**found.names},
        rows={**found.rows},
        lists={**found.lists},
        compared={*found.compared},
        picked={**found.picked},
        whole={**found.whole},
        against={*found.against},
        maps={**found.maps},
        odd={**found.odd},
    )


@dataclass(slots=True)
class Event:
    """A statement that has run, or (`holds` set) a condition that holds or does not, or the head of a loop."""

    node: Node
    holds: bool | None = None
    loop: bool = False


class Results(Tree):
    """What is known after each statement of what was found."""

    def __init__(self, data: bytes, language: str, root: Node) -> None:
        super().__init__(data, language, root)
        self._made: dict[int, str] = {}

    def bind(self, found: Found, top: Node) -> None:
        """The names that the result of a statement gets."""
        access = found.access
        if not self._awaited(access, top):
            return
        if self._makes(top):
            before, after = self.data[top.start_byte : access.start], self.data[access.node.end_byte : top.end_byte]
            text = f"{before.decode('utf-8', 'replace')}{ROWS}{after.decode('utf-8', 'replace')}"
            mapped(found, text, self._makes(top))
        found.checked = self._throws(access)
        child, value = access.node, access.node
        element: tuple[int, Node] | None = None
        while child != top and (parent := child.parent) is not None:
            position = self._among(parent, child)
            if position is not None:
                element = (position, value)
                child = value = parent
                continue
            if parent.type.startswith("binary") and parent.child_by_field_name("left") == child:
                right, sign = parent.child_by_field_name("right"), self.operator(parent)
                if sign in {"||", "or", "??", "?:"} and self.leaves(right):
                    self._else_leaves(found, value)
                    child = parent
                    continue
                if sign not in {"??", "||"} or right is None or self.text(right) not in HELD:
                    break
                child = parent
                continue
            if parent.type in CHOICES and child != self.condition(parent):
                child = parent  # `doc = id ? find(id) : first()`: what is found has the name where it is looked for
                continue
            left = self.target(parent, child)
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
                found.names[receiver.group(1)] = access.answer or Missing.CURSOR
        if self.language == "go":
            written = self.data[access.start : value.end_byte].decode("utf-8", "replace")
            pointed = _POINTED.findall(written)
            found.rows.update(dict.fromkeys(pointed, value.end_byte))
            if access.answer is not None:
                found.names.update(dict.fromkeys(pointed, results.ANSWERS[access.answer]))

    def _makes(self, node: Node) -> str:
        """The text of a statement that makes a map of rows, or picks some of them."""
        text = self._made.get(node.id)
        if text is None:
            short = node.end_byte - node.start_byte < MAX_MADE
            there = short and MAKES.search(self.data, node.start_byte, node.end_byte) is not None
            text = self._made[node.id] = self.text(node) if there else ""
        return text

    def _is_async(self, function: Node) -> bool:
        return self.data[function.start_byte : function.start_byte + 300].lstrip().startswith(b"async") or any(
            child.type == "async" for child in function.children
        )

    def _among(self, parent: Node, child: Node) -> int | None:
        """The position of a promise among those that are waited for together."""
        inside = parent.type == "array" and parent.parent is not None and parent.parent.type == "arguments"
        listed = parent.parent if inside else parent if parent.type == "argument_list" else None
        call = listed.parent if listed is not None else None
        if call is None or not self.text(call).startswith(("Promise.all(", "asyncio.gather(", "gather(")):
            return None
        if "return_exceptions" in self.text(call)[-60:]:
            return None
        promises = parent.named_children
        return promises.index(child) if child in promises else None  # `query.catch(…)` is another promise

    def _throws(self, access: Access) -> bool:
        if access.answer is not None:
            return False  # there is a row whatever is found
        if access.helper is not None:
            return access.gives is None
        return results.leaves(self.language, access.kind, access.methods)

    def _awaited(self, access: Access, top: Node) -> bool:
        """Whether what a call gives is at hand when the next statement runs: a promise is always there."""
        last = access.methods[-1] if access.methods else ""
        if results.family(self.language) == "javascript":
            if last in results.SYNCHRONOUS or (access.helper is not None and not self._is_async(access.helper)):
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
        held = self.held(found, value)
        if held in {Missing.NULL, Missing.UNDEFINED, Missing.FALSE}:
            found.checked = True

    def held(self, found: Found, value: Node) -> Missing | None:
        """What an expression around the call holds where nothing is found."""
        access = found.access
        before = self.data[value.start_byte : access.node.start_byte].decode("utf-8", "replace")
        after = self.data[access.node.end_byte : value.end_byte].decode("utf-8", "replace").strip()
        if _PREFIX.fullmatch(before) is None:
            return None
        for _ in range(before.count("(")):
            after = after.removeprefix(")").lstrip() if after.startswith(")") else after.removesuffix(")")
        if access.helper is not None:
            return results.after(access.gives or Missing.NULL, self.language, after)
        if access.answer is not None and self.language != "go":
            return results.after(results.answered(access.answer, self.language, access.methods), self.language, after)
        given = results.given(self.language, access.methods)
        if access.kind == "drizzle_query" and given is Missing.NULL:
            given = Missing.UNDEFINED
        if self.language == "go":
            given = Missing.ERROR if results.errs(access.methods) and access.answer is None else Missing.THING
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
        held = self.held(found, value)
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
                found.names[first.group(1)] = found.access.answer or (Missing.LIST if lists else Missing.UNDEFINED)
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
                    found.names[bound] = found.access.answer or (Missing.UNDEFINED if inner else meant)
                    found.rows[bound] = value.end_byte
            return
        name = _NAME.match(written)
        member = plain(written) if name is not None and plain(name.group()) in {"this", "self"} else ""
        if _MEMBER.fullmatch(member) is not None and held is not None:
            found.rows[member] = value.end_byte
        elif name is not None and plain(name.group()) == plain(written.partition(":")[0]):
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
            elif ERROR.fullmatch(name) or len(names) == 1:
                meant = held if held is not None else Missing.THING
                if meant is Missing.THING and ERROR.fullmatch(name):
                    meant = Missing.NULL  # to find nothing is no error
            else:
                meant = Missing.FALSE if _FLAGS.fullmatch(name) and len(names) > 1 else Missing.THING
            found.names[name] = meant
            if meant is not Missing.ERROR:
                found.rows[name] = value.end_byte

    def each(self, loop: Node, found: Found) -> None:
        """`for (const doc of docs)`: a row of those that were found."""
        over_rows = next((child for child in loop.named_children if child.type == "range_clause"), loop)  # Go
        left, right = over_rows.child_by_field_name("left"), over_rows.child_by_field_name("right")
        if loop.type == "enhanced_for_statement":
            left, right = loop.child_by_field_name("name"), loop.child_by_field_name("value")
        if over_rows is not loop and left is not None:
            left = left.named_children[-1] if left.named_child_count == 2 else None
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

    def derive(self, node: Node, found: Found) -> None:
        """`doc = rows[0]`, `row = cur.fetchone()`, `err = row.Scan(&doc)`: a name for a part of what was found."""
        if found.rows and (made := self._makes(node)):
            mapped(found, made)
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
            left = self.target(inner, value)
            text = re.sub(r"^(?:await\s+|\(|\s)+", "", self.text(value))
            text = text.removeprefix("new Set(").removesuffix(")") if text.startswith("new Set(") else text
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
            picked = _PICKED.fullmatch(rest)
            if picked is not None and plain(name.group()) in found.rows:
                one = _NAME.match(_LEFT.sub("", self.text(left), count=1))
                if one is not None:
                    found.picked[plain(one.group())] = (picked.group("key"), plain(picked.group("value")))
                continue
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
                    found.names[bound] = held if ERROR.fullmatch(bound) else Missing.THING
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

    def dropped(self, node: Node, found: Found) -> None:
        """Names that get another value in a statement stand for what was found no longer."""
        held: dict[str, Any]
        for held in (found.lists, found.picked, found.whole, found.maps, found.odd):
            for name in [*held]:
                if self.changed(name, node.start_byte, node.end_byte):
                    held.pop(name)
        for name in [*found.names, *found.rows]:
            again = found.names.get(name) is Missing.CURSOR and self.language == "python"
            again = again and f"{name}.execute".encode() in self.data[node.start_byte : node.end_byte]
            if again or self.changed(name, node.start_byte, node.end_byte):
                found.names.pop(name, None)
                found.rows.pop(name, None)

    def filled(self, name: str, start: int, end: int) -> bool:
        """Whether a list gets other items than it was made of."""
        pattern = rb"(?<![\w.])\$?" + re.escape(name.encode()) + rb"(?:\??\.|->|\s*<<|\[)(?:" + _FILLS + rb")"
        return re.search(pattern, self.data[start:end]) is not None

    def check(self, event: Event, found: Found) -> None:
        """Whether a statement or condition tells that there is a row."""
        node = event.node
        if event.holds is not None:
            value = self._worth(node, found)
            found.checked = value is not None and value is not event.holds
            return
        kind = node.type
        inner = node.named_children[0] if kind == "expression_statement" and node.named_children else node
        if kind in BRANCHES and kind not in {"binary", "binary_expression", "boolean_operator"}:
            condition = self.condition(node)
            if condition is None:
                return
            if faults(self.text(condition)[:200], found.names, self.language):
                found.checked = True
                return
            worth = self._worth(condition, found)
            if worth is None:
                return
            taken = worth is not (kind in NEGATED)
            found.checked = self.leaves(self.consequence(node) if taken else self.alternative(node))
        elif inner.type.startswith("binary"):
            left, right = inner.child_by_field_name("left"), inner.child_by_field_name("right")
            if left is not None and self.leaves(right):
                wanted = self.operator(inner) in {"&&", "and"}
                found.checked = self._worth(left, found) is wanted
        else:
            self._asked(self.text(inner), found)

    def _asked(self, text: str, found: Found) -> None:
        """`abort_unless($doc, 404)`, `Objects.requireNonNull(doc)`, `optional.orElseThrow()`."""
        called = _ASKS.match(text)
        if called is not None:
            given = first_argument(text[called.end() :])
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
        text, names = self.shown(condition, found)
        return when_missing(text, names, self.language)

    def shown(self, condition: Node, found: Found) -> tuple[str, dict[str, Missing]]:
        """A condition with a name for a query that stands in it, and what names hold where nothing was found."""
        text, names, access = self.text(condition), dict(found.names), found.access
        if condition.start_byte <= access.node.start_byte and access.node.end_byte <= condition.end_byte:
            start = access.node.start_byte - condition.start_byte
            raw = self.data[condition.start_byte : condition.end_byte]
            end = access.node.end_byte - condition.start_byte
            text = (raw[:start] + b"found__" + raw[end:]).decode("utf-8", "replace")
            text = re.sub(r"\(?\s*(?:const |let |var )?[$\w]+\s*:?=\s*(?:await\s+)?found__\s*\)?", "found__", text)
            given = access.gives if access.helper is not None else results.given(self.language, access.methods)
            if access.answer is not None and access.helper is None:
                given = results.answered(access.answer, self.language, access.methods)
            names["found__"] = given or Missing.THING
        return _WALRUS.sub("(", text), names


def first_argument(text: str) -> str:
    """The first of the arguments that a text begins with."""
    depth = 0
    for position, character in enumerate(text):
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        if depth < 0 or (depth == 0 and character == ","):
            return text[:position]
    return text
