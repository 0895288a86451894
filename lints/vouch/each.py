"""Rows that are compared one by one: by what is asked of a list, in a loop, or through a map of them by their keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tree_sitter import Node

from lints.patterns import regex
from lints.vouch.plain import plain
from lints.vouch.shapes import BLOCKS, BRANCHES, CLOSURES, LOOPS

if TYPE_CHECKING:
    from lints.vouch.flow import Flow
    from lints.vouch.names import Found

ONE = "one__"
"""A row of a map, whichever it is."""
ROWS = "rows__"
"""What a query gives, where it stands in what is made of it."""
_IT = (
    r"\(?\s*\|?\s*(?:(?:final|var)\s+)?(?:[A-Z][\w<>.]{0,40}\s+)?\$?(?P<it>[A-Za-z_]\w{0,40})"
    r"(?:\s*:[^)=|>]{0,60})?\s*\)?\|?"
)
_LAMBDA = (
    rf"\s*[({{]\s*(?:(?:function|fn)\s*)?(?:{_IT}\s*(?:=>|->|\|)\s*)?(?:\{{\s*)?(?:return\s+)?(?P<body>.{{1,300}}?)"
    r"\s*;?\s*\}?\s*[)}]"
)
_DOT = r"(?:\?\.|&\.|\.|->)"
_OVER = rf"(?P<list>[\w$.>-]{{1,80}}?){_DOT}(?:(?:stream|values|Values|asSequence)(?:\(\))?\.)?"
_QUANTIFIED = regex(
    rf"(?P<not>!\s*|not\s+)?(?:{_OVER}(?P<asks>some|any\??|anyMatch|Any|contains|exists|Exists|every|all\??|allMatch|All|TrueForAll|noneMatch"
    rf"|none\??){_LAMBDA}|(?P<py>any|all)\(\s*(?P<said>.{{1,300}}?)\s+for\s+(?P<one>\w+)\s+in\s+(?P<of>[\w.]{{1,80}}?)(?:\.values\(\))?\s*\)"
    r"|slices\.ContainsFunc\((?P<go>\w+),\s*func\((?P<arg>\w+)\s+[\w.*]+\)\s+bool\s*\{\s*return\s+(?P<told>[^{}]{1,300}?)\s*\}\))",
    re.DOTALL,
)
_ALL = frozenset(["every", "all", "all?", "allMatch", "All", "TrueForAll"])
_NONE = frozenset(["noneMatch", "none", "none?"])
_DECLARES = regex(
    r"\s*(?:export\s+)?(?:(?:const|let|var|val|final|auto)\s+)?(?:[A-Z][\w.]{0,60}(?:<[^=;\n]{0,80}>)?(?:\[\])?\s+(?=\w))?\$?"
)
_NAMED = r"(?P<name>[A-Za-z_]\w{0,60})(?:\s*:\s*[\w<>,\[\] ]{1,80})?\s*:?=(?![=>])\s*(?:await\s+)?"
_PART = r"[!?]?(?:\.(?:get)?|\[['\":]|->)(?P<{0}>\w+)(?:['\"]?\])?(?:\(\))?"
_ENTRY = rf"(?P<key>\w+)[^,\]]{{1,40}},\s*(?P=key)(?:{_PART.format('part')})?\s*"
_MAPPED = regex(
    rf"{_NAMED}(?:(?:new\s+Map(?:<[^()]{{0,60}}>)?|Object\.fromEntries)\(\s*\(?(?P<js>\w+)\)?\.map\(\s*\(?\w+(?:\s*:\s*\w+)?\)?\s*=>\s*\[\s*{_ENTRY}\]"
    rf"|\{{\s*(?P<py>\w+){_PART.format('pykey')}\s*:\s*(?P=py)(?:{_PART.format('pypart')})?\s+for\s+(?P=py)\s+in\s+(?P<over>\w+)\s*\}}"
    rf"|(?P<rb>\w+)\.(?:index_by|to_h|keyBy|associateBy|associate|ToDictionary)\b(?P<how>[^\n]{{0,120}})"
    rf"|(?:_\.|lodash\.)?keyBy\(\s*(?P<lodash>\w+)\s*,"
    rf"|(?P<java>\w+)\.stream\(\)\.collect\((?:Collectors\.)?toMap\((?P<javahow>[^;]{{1,120}}))"
)
_DIRECT = regex(
    rf"{_NAMED}[^\n]{{0,300}}?(?:\.in_bulk\(|values_list\(\s*['\"]\w+['\"],\s*['\"](?P<py>\w+)['\"]|\.pluck\(:\w+,\s*:(?P<rb>\w+)\)\.to_h"
    r"|->pluck\('(?P<php>\w+)',\s*'\w+'\))"
)
_LAST = regex(r"(?:::|\.|->|:|')(?:get(?=[A-Z]))?(\w+)['\])}();\s]*$")
_WHOLE = regex(
    r"identity\(\)|(\w+)\s*->\s*\1\s*\)|&?:\w+\)?\s*;?$|^\s*\{\s*it\.\w+\s*\}|^\('\w+'\)|^\(\w+\s*=>\s*\w+\.\w+\)"
)
_ODD = regex(
    rf"{_NAMED}(?:(?P<list>\w+){_DOT}(?:stream\(\)\.)?(?:find|filter|detect|select|reject|FirstOrDefault|Where|firstOrNull|first){_LAMBDA}"
    r"(?:\.(?:findFirst|toList|ToList|collect)\(.{0,40}\))?"
    r"|(?:next\(\s*\(|\[)\s*(?P<py>\w+)\s+for\s+(?P=py)\s+in\s+(?P<of>\w+)\s+if\s+(?P<said>[^\]]{1,200}?)\s*(?:\]|\)\s*,\s*None\s*\)));?"
)
_THERE = regex(
    r"\$?(?P<name>\w+)(?:(?:\.|->)(?:length|size|count|Count|any\?|Any|present\?|isPresent|isNotEmpty)(?:\(\))?)?"
    r"(?:\s*(?:>\s*0|(?:!==?|is\s+not)\s*(?:null|undefined|None|nil|0)))?|(?:len|count)\(\$?(?P<sized>\w+)\)(?:\s*>\s*0)?"
    r"|!\s*\$?(?P<full>\w+)(?:\.|->)isEmpty\(\)"
)
_TAKEN = regex(
    r"(?:(?:const|let|var|val|final)\s+)?\$?(?P<name>[A-Za-z_]\w*)(?:\s*,\s*ok)?\s*:?=\s*(?P<from>.{1,120}?);?",
    re.DOTALL,
)
MAKES = regex(
    rb"Map\b|fromEntries|index_by|to_h\b|keyBy|associate|ToDictionary|in_bulk|values_list|pluck|[.>](?:find|filter|detect|select|reject)\b"
    rb"|FirstOrDefault|\bWhere\(|firstOrNull|\bfor\s+\w+\s+in\b"
)
"""What stands in a statement that makes a map of rows, or picks some of them."""
MAX_MADE = 900


def mapped(found: Found, text: str, query: str = "") -> None:
    """The maps that a statement makes of the rows, and the rows that it picks because they are another's. `query` is
    the statement that runs it, as written, and in `text` `ROWS` stands for that."""
    start = declares.end() if (declares := _DECLARES.match(text)) is not None else 0
    made = _MAPPED.match(text, start)
    if made is not None:
        named = made.groupdict()
        of = next((named[key] for key in ("js", "over", "rb", "lodash", "java") if named[key]), "")
        if of in found.rows or of == ROWS:
            part = named["part"] or named["pypart"] or ""
            how = named["how"] or named["javahow"] or ""
            if how and _WHOLE.search(how.strip()) is None:
                last = _LAST.search(how.strip())
                part = last.group(1) if last is not None else ""
            found.maps[made.group("name")] = part
    direct = _DIRECT.match(query, start) if query else None
    if direct is not None:
        found.maps[direct.group("name")] = direct.group("py") or direct.group("rb") or direct.group("php") or ""
    odd = _ODD.match(text, start)
    if odd is not None and (odd.group("list") or odd.group("of")) in found.rows:
        found.odd[odd.group("name")] = (
            odd.group("it") or odd.group("py") or "it", odd.group("body") or odd.group("said")
        )  # fmt: skip


def of_maps(text: str, found: Found) -> str:
    """A condition with one name for what is looked up in a map."""
    for name, part in found.maps.items():
        if name in text:
            whole = ONE + (f".{part}" if part else "")
            text = re.sub(
                rf"(?<![\w.])\$?{re.escape(name)}(?:{_DOT}(?:get|fetch|dig|getOrDefault)\([^()]{{1,60}}\)!?|\[[^\[\]]{{1,60}}\]!?)",
                whole,
                text,
            )
    return text


def of_each(part: str, equal: bool, found: Found) -> tuple[str, bool, list[str]] | None:
    """What is asked of each row where a condition holds, or does not, whether it asks for what is equal, and what a row
    is called: `docs.some((d) => d.tenantId !== tenantId)`."""
    there = _THERE.fullmatch(part.strip()) if found.odd and not equal else None
    name = (there.group("name") or there.group("sized") or there.group("full")) if there is not None else ""
    if name in found.odd:
        it, body = found.odd[name]
        return body, False, [it]
    asked = _QUANTIFIED.fullmatch(part.strip()) if "(" in part or "{" in part else None
    if asked is None:
        return None
    asks = asked.group("asks") or asked.group("py") or "any"
    listed = plain(asked.group("list") or asked.group("of") or asked.group("go") or "")
    it = asked.group("it") or asked.group("one") or asked.group("arg") or "it"
    body = asked.group("body") or asked.group("said") or asked.group("told") or ""
    if ((asked.group("not") is None) is equal) is not (asks in _ALL or asks in _NONE):
        return None
    return of_maps(body, found), asks in _ALL, [it, ONE] if listed in found.rows or listed in found.maps else [ONE]


def looped(flow: Flow, node: Node, found: Found) -> Iterator[tuple[Node, set[str]]]:
    """The statements of a loop over the rows, or their keys, that run for each of them, with what a row is called."""
    kind = node.type
    if kind in LOOPS:
        before = {*found.rows}
        flow.each(node, found)
        names = {*found.rows} - before
        for name in names:
            found.rows.pop(name)
        body = node.child_by_field_name("body") or next((c for c in node.named_children if c.type in BLOCKS), None)
    else:
        body, names = _closure(flow, node, found)
    if body is None or (not names and not found.maps):
        return
    inner = body.named_children[0] if body.named_child_count == 1 else None
    body = inner if inner is not None and body.type in BLOCKS and inner.type in BLOCKS else body  # Go
    statements = [c for c in body.named_children if "comment" not in c.type] if body.type in BLOCKS else [body]
    for statement in statements:
        yield statement, names
        taken = _TAKEN.fullmatch(flow.text(statement)) if statement.end_byte - statement.start_byte < 200 else None
        if taken is not None and of_maps(taken.group("from"), found).startswith(ONE):
            names = {*names, taken.group("name")}
        elif statement.type in BRANCHES and not flow.leaves(flow.consequence(statement)):
            return


def over_of(flow: Flow, loop: Node) -> str:
    """What a loop goes through, in the plain spelling."""
    clause = next((child for child in loop.named_children if child.type == "range_clause"), loop)
    over = clause.child_by_field_name("right") or clause.child_by_field_name("value")
    called = EACH.match(flow.data, loop.start_byte)
    return plain(flow.text(over)) if over is not None else called.group("list").decode() if called is not None else ""


EACH = regex(rb"\$?(?P<list>[\w.]{1,80}?)(?:\?\.|&\.|\.|->)(?:forEach|each|ForEach)\b")


def _closure(flow: Flow, node: Node, found: Found) -> tuple[Node | None, set[str]]:
    """The body of `docs.forEach((doc) => { … })`, and what a row is called in it."""
    inner = node.named_children[0] if node.type == "expression_statement" and node.named_children else node
    called = EACH.match(flow.data, inner.start_byte) if "call" in inner.type or "invocation" in inner.type else None
    if called is None:
        return None, set()
    stack = [inner]
    while stack:
        one = stack.pop(0)
        if one.type in CLOSURES or (one.type == "block" and flow.language == "ruby"):
            text = flow.text(one)[:200]
            name = re.match(rf"(?:(?:do|\{{|fn|function)\s*)?{_IT}\s*(?:=>|->|\|)?", text)
            body = one.child_by_field_name("body") or next((c for c in one.named_children if c.type in BLOCKS), None)
            it = name.group("it") if name is not None else "it"
            return body, {it} if called.group("list").decode() in found.rows else set()
        stack.extend(one.named_children)
    return None, set()
