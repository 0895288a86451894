"""What is compared of a row or counted of rows, and what is looked for among them, where the code goes on only then."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from tree_sitter import Node

from lints.patterns import regex
from lints.vouch.conditions import bare, held_in, when_missing
from lints.vouch.each import EACH, ONE, looped, of_each, of_maps, over_of
from lints.vouch.names import EQUAL_PART, Event, Found, first_argument
from lints.vouch.plain import plain
from lints.vouch.results import Missing
from lints.vouch.shapes import BRANCHES, LOOPS, NEGATED

if TYPE_CHECKING:
    from lints.vouch.flow import Flow

_SIDE = r"([\w.$?!>\[\]'\"-]{1,80}?)"
_UNEQUAL = regex(rf"{_SIDE}\s*!==?\s*{_SIDE}")
_EQUAL = regex(rf"{_SIDE}\s*===?\s*{_SIDE}")
_ONE = r"[\w.$?!>\[\]'\"-]{1,80}"
_TWO = rf"\(\s*(?P<one>{_ONE})\s*,\s*(?P<two>{_ONE})(?:\s*,\s*[\w.]{{1,60}})?\s*\)"
_CLASS = r"(?:[A-Z]\w{0,40}(?:\.\w{1,40})?|string|object|bytes|hmac|secrets|crypto|lodash|_)(?:\.|::)"
_EQUALS = regex(
    rf"(?:{_CLASS})?(?:(?P<differ>notEquals?)|[eE]quals?|nullSafeEquals|isEqual|areEqual|hash_equals|compare_digest|timingSafeEqual|secure_compare){_TWO}"
    r"|(?P<left>[\w.]{1,80})\.(?:equals|Equals|contentEquals|eql\?)\(\s*(?P<right>[\w.]{1,80})\s*\)"
)
"""`Objects.equals(a, b)`, `ObjectUtil.notEqual(a, b)`, `a.equals(b)`, `hash_equals(a, b)`."""
_ORDERED = regex(
    rf"(?:(?:{_CLASS})?(?:[cC]ompare|CompareOrdinal|strcmp){_TWO}"
    r"|(?P<left>[\w.]{1,80})\.(?:[cC]ompareTo|localeCompare)\(\s*(?P<right>[\w.]{1,80})\s*\))\s*(?P<sign>[!=]==?)\s*0"
)
"""`a.compareTo(b) != 0`, `strcmp(a, b) !== 0`."""
_SAID = regex(r"(.{1,300}\))\s*(?P<sign>[!=]==?)\s*(?P<flag>true|false)", re.DOTALL)
"""`Objects.equals(a, b) == false`."""
_NOBODYS = regex(
    r"null\b|undefined\b|nil\b|None\b|true\b|false\b|True\b|False\b|['\"\d]|(?:(?:req|request)\.)?(?:body|query|params|input|payload|dto"
    r"|args|headers)\b|(?:req|request)\.(?:GET|POST|data|json)\b"
)
"""What says nothing of whose a row is: constants, and what a client sends."""
_AMONG = regex(
    r"(?P<not>!\s*|not\s+)?(?:(?P<list>[\w$.]{1,80})(?:\?\.|\.|->)(?:(?:some|find|any)"
    + EQUAL_PART
    + r"|(?:includes|has|contains|Contains|include\?)\(\s*(?P<other>[\w.$>-]{1,80})\s*\))"
    r"|in_array\(\s*(?P<item>[\w.$>\['\]-]{1,80})\s*,\s*(?P<array>[\w$.>-]{1,80})(?:,\s*true)?\s*\))"
)
_NOT_IN = regex(r"([\w.\[\]'\"]{1,80})\s+not\s+in\s+(\w+)")
_SIZED = regex(r"length|len\(|count|size", re.IGNORECASE)
_SIZE_OF = regex(
    r"([\w$.]{1,80}?)(?:\?\.|\.|->)(?:length|size|Length|Count|count|size\(\)|count\(\)|Count\(\))|len\(([\w.]{1,80})\)"
    r"|(?:count|sizeof)\(\$?([\w>-]{1,80})\)"
)
_FEWER = regex(r"(.{1,200}?)\s*(!==?|<>|<|>)(?!=)\s*(.{1,200})", re.DOTALL)
_SAME = regex(r"(.{1,200}?)\s*(===?)\s*(.{1,200})", re.DOTALL)
_TURNED = regex(r"(?:!(?!=)|not\b)\s*")
_STATES = regex(
    r"(?:await\s+)?(?:(?P<if>abort_if|throw_if|throwIf|throwIfTrue|(?:\w+\.)?(?:throwIf|ThrowIf|throwIfTrue|isFalse)"
    r"|Guard\.Against(?:<[\w.]{1,60}>)?)"
    r"|(?P<two>assert\.(?:equal|strictEqual|deepEqual|deepStrictEqual)|(?:Assert|Validate)\.(?:areEqual|equals)"
    r"|(?:\w+\.)?(?:throwIfNotEqual|ThrowIfNotEqual)|(?:Guard|Ensure|Check)\.(?:IsEqualTo|AreEqual|areEqual|Equal))"
    r"|abort_unless|throw_unless|throwUnless|throwIfFalse|(?:tiny_?)?invariant|assert(?=\.ok\(|\()|(?:\w+\.)?(?:throwIfFalse|throwUnless)"
    r"|(?:Assert|Asserts|Validate|Preconditions|Check|Guard|Ensure)\.(?:isTrue|IsTrue|that|That|state|checkArgument|checkState|notFalse)"
    r"|checkArgument|checkState|check|require)(?:\.ok)?\("
)
"""Calls that raise unless what they are given holds, or (`if`) where it does; of two values, unless they are equal."""
_SCOPE = r"(?:tenan|org|workspace|team|account|project|scope|access|owner|belong|member|same|permit|permission|allow)"
_ENSURES = regex(
    rf"(?:await\s+)?(?:[\w$]{{1,60}}(?:\.|->|::)){{0,3}}(?:assert|ensure|require|verify|check|enforce|validate|guard|deny)_?\w*?{_SCOPE}\w*[!]?"
    r"\s*[( ]\s*(?P<given>[^()]{1,200})\)?;?",
    re.IGNORECASE,
)
"""A call that raises unless what it is given belongs together: `ensureTenantScope(ctx, doc.tenantId)`."""
_BELONGS = regex(
    rf"(?:await\s+)?(?:[\w$]{{1,60}}(?:\.|->|::)){{0,3}}(?:is|has|can|in|may|belongs|same|check|verify|validate)_?\w*?{_SCOPE}\w*\??"
    r"\((?P<given>[^()]{1,200})\)",
    re.IGNORECASE,
)
"""A call that says whether it does."""
MAX_STATED = 600
_OR, _AND = regex(r"\|\||\bor\b"), regex(r"&&|\band\b")


def compare(flow: Flow, event: Event, found: Found) -> None:
    """`if (doc.tenantId !== tenantId) throw …`: what is compared of the row, where the code goes on."""
    node = event.node
    if event.loop or not (found.rows or found.maps):
        return
    if event.holds is None and (node.type in LOOPS or EACH.match(flow.data, node.start_byte) is not None):
        _compare_each(flow, node, found)
        return
    if event.holds is not None:
        text, sign = flow.text(node), _EQUAL if event.holds else _UNEQUAL
    elif node.type in BRANCHES:
        condition = flow.condition(node)
        if condition is None or not flow.leaves(flow.consequence(node)):
            return
        text, sign = flow.text(condition), _EQUAL if node.type in NEGATED else _UNEQUAL
    else:
        stated = _stated(flow, node)
        if stated is None:
            found.compared.update(_ensured(flow, node, found))
            return
        text, sign = stated
    for part, other in compared_in(text, sign is _EQUAL, found.rows, found):
        found.compared.add(part)
        found.against.add(other)


_STAYS = regex(r"\b(?:break|continue|next|redo)\b")
_RETURNS = regex(r"\breturn\b")


def _compare_each(flow: Flow, loop: Node, found: Found) -> None:
    """`for (const doc of docs) { if (doc.tenantId !== tenantId) throw … }`: what is compared of each of the rows."""
    before = len(found.compared)
    for statement, names in looped(flow, loop, found):
        ends = flow.consequence(statement) if statement.type in BRANCHES else None
        shown = flow.text(ends) if ends is not None else ""
        if _STAYS.search(shown) is not None or (loop.type not in LOOPS and _RETURNS.search(shown) is not None):
            return
        once = [name for name in names if name not in found.rows]
        found.rows.update(dict.fromkeys(once, statement.start_byte))
        compare(flow, Event(statement), found)
        for name in once:
            found.rows.pop(name, None)
        if len(found.compared) > before:
            over = over_of(flow, loop)
            if over not in found.rows and found.maps:
                found.whole[over] = loop.end_byte  # each of these keys has a row
            return


def _stated(flow: Flow, node: Node) -> tuple[str, re.Pattern[str]] | None:
    """What a call that raises else is given, and the sign it means: `abort_unless($doc->tenant === $x, 404)`."""
    if node.type == "assert_statement" and flow.language == "python":
        return flow.text(node).removeprefix("assert"), _EQUAL
    inner = node.named_children[0] if node.type == "expression_statement" and node.named_children else node
    text = flow.text(inner) if inner.end_byte - inner.start_byte < MAX_STATED else ""
    called = _STATES.match(text)
    if called is None:
        return None
    given = text[called.end() :]
    if called.group("two") is not None:
        one = first_argument(given)
        return f"{one} == {first_argument(given[len(one) + 1 :])}", _EQUAL
    return first_argument(given), _UNEQUAL if called.group("if") is not None else _EQUAL


_CALLS = frozenset(["expression_statement", "call", "call_expression", "method_invocation", "await_expression"])


def _ensured(flow: Flow, node: Node, found: Found) -> Iterator[str]:
    """The parts of a row that a call is given beside something else, which raises unless they belong together."""
    if node.type not in _CALLS or node.end_byte - node.start_byte > MAX_STATED:
        return
    called = _ENSURES.fullmatch(flow.text(node).strip())
    yield from _parts_in(called.group("given"), found.rows) if called is not None else ()


def _parts_in(given: str, rows: Iterable[str]) -> Iterator[str]:
    items = [plain(item) for item in given.split(",")]
    for item in items if len(items) > 1 and not any(map(_NOBODYS.match, items)) else ():
        name = next((row for row in rows if item.startswith(f"{row}.")), None)
        if name is not None and item[len(name) + 1 :].replace(".", "").isidentifier():
            yield item[len(name) + 1 :]


def cover(flow: Flow, event: Event, found: Found) -> None:
    """`if (count !== ids.length) throw …`: there is a row for each item of a list."""
    node = event.node
    if event.loop or (event.holds is None and node.type not in BRANCHES):
        return
    condition = node if event.holds is not None else flow.condition(node)
    if condition is None or (event.holds is None and not flow.leaves(flow.consequence(node))):
        return
    text, names = flow.shown(condition, found)
    equal = event.holds is True or (event.holds is None and node.type in NEGATED)
    for part in (_AND if equal else _OR).split(bare(text)) if _SIZED.search(text) is not None else ():
        sides = _SAME.fullmatch(part.strip()) if equal else _FEWER.fullmatch(part.strip())
        if sides is None:
            continue
        for one, other in (sides.group(1, 3), sides.group(3, 1)):
            size = _SIZE_OF.fullmatch(bare(other))
            listed = plain(next((name for name in size.groups() if name is not None), "")) if size is not None else ""
            more = {">": sides.group(3) == other, "<": sides.group(1) == other}.get(sides.group(2), False)
            if listed and not more and held_in(one, names, flow.language) is Missing.ZERO:
                found.whole[listed] = node.end_byte


def among(flow: Flow, event: Event, found: Found) -> None:
    """`if (!docs.some((d) => d.id === id)) throw …`, `if id not in ids: raise …`: a value is a part of a row."""
    node = event.node
    if event.loop or not (found.rows or found.lists) or (event.holds is None and node.type not in BRANCHES):
        return
    condition = node if event.holds is not None else flow.condition(node)
    if condition is None or (event.holds is None and not flow.leaves(flow.consequence(node))):
        return
    holds = event.holds is True or (event.holds is None and node.type in NEGATED)
    for part in (_AND if holds else _OR).split(bare(flow.text(condition))):
        without = _NOT_IN.fullmatch(part.strip())
        if without is not None and not holds and without.group(2) in found.lists:
            found.lists[plain(without.group(1))] = (found.lists[without.group(2)][0], node.end_byte)
        asked = _AMONG.fullmatch(part.strip())
        if asked is not None and (asked.group("not") is None) is holds:
            listed = plain(asked.group("list") or asked.group("array") or "")
            value = plain(asked.group("value") or asked.group("other") or asked.group("item") or "")
            if listed in found.lists:
                found.lists[value] = (found.lists[listed][0], node.end_byte)
            elif listed in found.rows and asked.group("key") is not None:
                found.lists[value] = (asked.group("key"), node.end_byte)
        for name, (key, value) in found.picked.items() if not holds else ():
            if when_missing(part, {name: Missing.UNDEFINED}, flow.language) is True:
                found.lists[value] = (key, node.end_byte)


def compared_in(text: str, equal: bool, rows: Iterable[str], found: Found | None = None) -> Iterator[tuple[str, str]]:
    """The parts of rows, as paths, that a condition compares, and with what: they are `equal` to it where the condition
    holds, or unequal."""
    sign = _EQUAL if equal else _UNEQUAL
    if found is not None and found.maps:
        text, rows = of_maps(text, found), [*rows, ONE]
    for part in (_AND if equal else _OR).split(bare(text)):
        short = len(part) <= MAX_STATED
        each = of_each(part, equal, found) if found is not None and short else None
        if each is not None:
            yield from compared_in(*each)
            continue
        negated = re.match(r"!\s*|not\s+", part.strip())
        called = _BELONGS.fullmatch(part.strip()[negated.end() if negated is not None else 0 :]) if short else None
        if called is not None and (negated is None) is equal:
            yield from ((given, "") for given in _parts_in(called.group("given"), rows))
        compared = sign.fullmatch(_with_signs(part.strip()))
        sides = [plain(side.strip()) for side in compared.groups()] if compared is not None else []
        for shown, other in zip(sides, reversed(sides), strict=True):
            name = next((row for row in rows if shown.startswith(f"{row}.")), None)
            if name is None or other == name or other.startswith(f"{name}.") or _NOBODYS.match(other) is not None:
                continue
            rest = shown[len(name) + 1 :]
            if rest.count(".") < 3 and rest.replace(".", "").isidentifier():
                yield rest, other


def _with_signs(text: str) -> str:
    """`!doc.getTenantId().equals(tenant)`, `a.compareTo(b) != 0`, `not a == b` with one sign between two sides."""
    text = text.replace("()", "")
    turned = _TURNED.match(text)
    rest = text[turned.end() :] if turned is not None else text
    pair = _pair(bare(rest))
    if pair is None:
        return text
    left, same, right = pair
    if turned is not None and turned.group().startswith("!") and not rest.startswith("(") and not rest.endswith(")"):
        return text  # `!a == b` is `(!a) == b`
    return f"{left} {'==' if same is (turned is None) else '!='} {right}"


def _pair(text: str) -> tuple[str, bool, str] | None:
    """The two sides that a question is about, and whether it asks that they are the same."""
    said = _SAID.fullmatch(text)
    if said is not None:
        inner = _pair(bare(said.group(1)))
        kept = said.group("sign").startswith("=") is (said.group("flag") == "true")
        return (inner[0], inner[1] is kept, inner[2]) if inner is not None else None
    for found in (_EQUALS.fullmatch(text), _ORDERED.fullmatch(text)):
        if found is not None:
            left, right = found.group("left") or found.group("one"), found.group("right") or found.group("two")
            parts = found.groupdict()
            return left, parts.get("differ") is None and not (parts.get("sign") or "==").startswith("!"), right
    for sign, same in ((_EQUAL, True), (_UNEQUAL, False)):
        compared = sign.fullmatch(text)
        if compared is not None:
            return compared.group(1), same, compared.group(2)
    return None
