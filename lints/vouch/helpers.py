"""Functions of a file that give a row to their callers, or come back only if there is one: a call of them is a read."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from lints.patterns import regex
from lints.search import named
from lints.vouch import results
from lints.vouch.access import Access
from lints.vouch.conditions import when_missing
from lints.vouch.names import Event, Found
from lints.vouch.plain import is_path, plain, root
from lints.vouch.results import Missing, words
from lints.vouch.shapes import BLOCKS

if TYPE_CHECKING:
    from tree_sitter import Node

    from lints.vouch.flow import Flow

MAX_CALLS = 200
"""Calls of helpers that are looked at in one file."""
_FUNCTIONS = words(
    "function_declaration method_definition function_definition method_declaration method singleton_method"
    " local_function_statement arrow_function function_expression func_literal lambda_expression lambda_literal"
    " anonymous_function"
)
_RETURNS = words("return_statement return return_expression")
_NOTHING = words("null undefined None nil false False")
_NAMELESS = words("self cls this ctx")
_CLASSES = words(
    "class_declaration class class_definition class_body struct_declaration record_declaration interface_declaration"
    " trait_declaration object_declaration module abstract_class_declaration companion_object"
) - {"module", "class_body"}
_OWN = frozenset(["this", "self", "cls", "static", "$this"])
_KEEPS = regex(rb"(?:React\.)?(?:\w*[cC]ache|memo\w*|once)\(")
_DOTTED = regex(r"(?<![\w.>:])([\w$@]+)(?:\.|->|::)$")


def asked_through(flow: Flow) -> list[Access]:
    """The calls of helpers, as reads of what these read."""
    helpers: dict[bytes, list[tuple[Node, Access]]] = {}
    for access in flow.accesses:
        function = function_of(access.node)
        name = name_of(flow, function).encode() if function is not None else b""
        if function is not None and name and flow.data.count(name) > 1:
            helpers.setdefault(name, []).append((function, access))
    if not helpers:
        return []
    out: list[Access] = []
    done = {(one.node.start_byte, one.line, one.column) for one in flow.accesses}
    calls = _calls(flow, helpers)
    for name, found in calls.items():
        once = sum(_is_declared(flow.data, at, at + len(name)) for at in named(flow.data, name)) < 2
        for function, access in helpers[name] if once else ():
            sites = [call for call, owner in found if _is_meant(flow, call, owner, function)]
            given = given_by(flow, function, access) if sites else None
            if given is None:
                continue
            parameters = list(_parameters(flow, function))
            for call in sites:
                if (call.start_byte, access.line, access.column) in done or len(out) > MAX_CALLS:
                    continue
                out.append(
                    replace(
                        access,
                        node=call,
                        start=call.start_byte,
                        methods=(name.decode(),),
                        values=_values(flow, call, parameters, access, function),
                        helper=function,
                        gives=given if given is not Missing.CURSOR else None,
                        kind="",
                        raw=False,
                    )
                )
    return out


def called_once(flow: Flow) -> list[Access]:
    """The statements of functions that only one call in their file can run, as if they stood there."""
    out: list[Access] = []
    for access in flow.accesses:
        function = function_of(access.node) if access.helper is None and access.values else None
        name = name_of(flow, function).encode() if function is not None else b""
        if function is None or not name or flow.data.count(name) != 2 or not _is_private(flow, function, name):
            continue
        sites = [call for call, owner in _calls(flow, [name]).get(name, ()) if _is_meant(flow, call, owner, function)]
        if len(sites) == 1:
            values = _values(flow, sites[0], list(_parameters(flow, function)), access, function)
            out.append(replace(access, node=sites[0], start=sites[0].start_byte, values=values, helper=function))
    return out


def _is_private(flow: Flow, function: Node, name: bytes) -> bool:
    """Whether nobody outside of its file can call a function."""
    around = function.parent if function.parent is not None else function
    head = flow.data[max(0, around.start_byte - 40) : function.start_byte + 60]
    line = head.rpartition(name)[0].rpartition(b"\n")[2] if name in head else head
    if flow.language == "python":
        return name.startswith(b"_")
    if flow.language == "go":
        return name[:1].islower()
    if results.family(flow.language) == "javascript":
        own = _around(function, _CLASSES)
        return b"export" not in line if own is None else name.startswith((b"#", b"_")) or b"private" in line
    return b"private" in line


_KEYWORD = regex(
    rb"\b(?:(?:function\*?|def|func|fun|fn)\s+(?:\([^()\n]{0,80}\)\s*)?(?:self\.)?|(?P<held>const|let|var|val)\s+)\Z"
)
_TYPE = regex(rb"[\w \t<>\[\],?]*\Z")
_BODY = regex(rb"\s*\([^()\n]{0,300}\)\s*(?::[^\n{=;]{0,80})?\{")
_OPENS = regex(rb"\s*\(")
_VALUE = regex(rb"\s*(?::[^=\n]{0,80})?=")


def _is_declared(data: bytes, start: int, end: int) -> bool:
    """Whether a function is declared where a name stands: of two, it can't be said which one is meant."""
    keyword = _KEYWORD.search(data, max(0, start - 120), start)
    if keyword is not None:
        return keyword["held"] is None or _VALUE.match(data, end) is not None
    line = data.rfind(b"\n", max(0, start - 121), start) + 1
    return (
        (line > 0 or start <= 120) and _TYPE.match(data, line, start) is not None and _BODY.match(data, end) is not None
    )


def function_of(node: Node) -> Node | None:
    found: Node | None = node.parent
    while found is not None and found.type not in _FUNCTIONS:
        found = found.parent
    return found


def name_of(flow: Flow, function: Node) -> str:
    """What others call a function by, if it has a name."""
    name = function.child_by_field_name("name")
    around = function.parent
    call = (
        around.parent if around is not None and around.type == "arguments" and around.named_child_count == 1 else None
    )
    if call is not None and _KEEPS.match(flow.data, call.start_byte) is not None:
        around = call.parent  # `const getDoc = cache(async (id) => …)`
    if name is None and around is not None and around.type in {"variable_declarator", "field_definition", "pair"}:
        name = around.child_by_field_name("name") or around.child_by_field_name("key")
    return flow.text(name) if name is not None and flow.text(name).strip("!?").isidentifier() else ""


def given_by(flow: Flow, function: Node, access: Access) -> Missing | None:
    """What a function gives where a read finds nothing: `CURSOR` if it does not come back; None if it can't be said."""
    body = function.child_by_field_name("body") or next(
        (child for child in function.named_children if child.type == "function_body"), None
    )
    if body is None:
        return None
    outcomes: set[Missing] = set()
    for end in _returns(body):
        value = next((child for child in end.named_children if "comment" not in child.type), None)
        told = _outcome(flow, function, access, end, value)
        if told is None:
            return None
        outcomes.add(told)
    last = [child for child in body.named_children if "comment" not in child.type]
    if body.type not in BLOCKS and body.type != "function_body":  # `(id) => find(id)`
        told = _outcome(flow, function, access, body, body)
        outcomes = {told} if told is not None else set()
    elif flow.language == "ruby" and last and last[-1].type not in _RETURNS:
        told = _outcome(flow, function, access, last[-1], last[-1])
        outcomes |= {told} if told is not None else {Missing.THING}
    elif last and not flow.leaves(body):
        seen = _seen(flow, last[-1], access, after=True)
        if seen is None or not seen.checked:
            return None
        outcomes.add(Missing.CURSOR)
    if not outcomes or Missing.THING in outcomes:
        return None
    missing = outcomes - {Missing.CURSOR}
    if not missing:
        return Missing.CURSOR
    return missing.pop() if len(missing) == 1 else Missing.FALSE if missing <= _FALSY else None


_FALSY = frozenset({Missing.NULL, Missing.UNDEFINED, Missing.FALSE})


def _returns(body: Node) -> Iterator[Node]:
    stack = [body]
    while stack:
        node = stack.pop()
        if node.type in _RETURNS:
            yield node
        elif node.type not in _FUNCTIONS:
            stack.extend(node.named_children)


def _seen(flow: Flow, end: Node, access: Access, *, after: bool = False) -> Found | None:
    """What is known of a read where a statement of its function begins, or after it."""
    seen = flow.known([*flow.before(end), *([Event(end)] if after else [])])
    return next((found for found in seen if found.access is access), None)


def _outcome(flow: Flow, function: Node, access: Access, end: Node, value: Node | None) -> Missing | None:
    """What a `return` gives where nothing was found."""
    found = _seen(flow, end, access)
    if found is not None and found.checked:
        return Missing.CURSOR
    text = flow.text(value).strip().rstrip(";") if value is not None else "null"
    if flow.language == "go":
        return _outcome_in_go(text, found)
    if text in _NOTHING:
        return Missing.FALSE if text.lower() == "false" else Missing.NULL
    if value is not None and value.start_byte <= access.node.start_byte and access.node.end_byte <= value.end_byte:
        made = Found(access, end.start_byte)
        flow.bind(made, value)
        alone = value.end_byte == access.node.end_byte and access.helper is None  # a promise is handed on as it is
        if made.checked or (alone and results.leaves(flow.language, access.kind, access.methods)):
            return Missing.CURSOR
        held = flow.held(made, value)
        return held if held in _FALSY or held in {Missing.LIST, Missing.ZERO} else None
    if found is None:
        return None
    name = root(plain(text))
    if name in found.names:
        held = results.after(found.names[name], flow.language, text[text.index(name) + len(name) :])
        if held in _FALSY or held in {Missing.LIST, Missing.ZERO}:
            return held
    return Missing.FALSE if when_missing(text, found.names, flow.language) is False else None


def _outcome_in_go(text: str, found: Found | None) -> Missing | None:
    """The last of what is returned is the error."""
    last = text.rpartition(",")[2].strip()
    if last == "nil" or not text:
        return None
    if found is not None and found.names.get(last) is Missing.ERROR:
        return Missing.ERROR
    return Missing.ERROR if re.match(r"(?:\w+\.)?Err[A-Z]\w*$|(?:fmt|errors)\.\w+\(", last) else None


def _parameters(flow: Flow, function: Node) -> Iterator[tuple[str, ...]]:
    """The names of each parameter, more than one where it is taken apart."""
    listed = function.child_by_field_name("parameters") or next(
        (child for child in function.named_children if child.type == "function_value_parameters"), None
    )
    single = function.child_by_field_name("parameter")
    if single is not None:
        yield (flow.text(single),)
    for child in listed.named_children if listed is not None else ():
        names = child.children_by_field_name("name") or [child.child_by_field_name("pattern") or child]
        for name in names:
            if name.type == "object_pattern":
                yield tuple(flow.text(part) for part in name.named_children if part.type.startswith("shorthand"))
                continue
            written = re.match(r"[&*.]*\$?(\w+)", flow.text(name))
            if written is not None and written.group(1) not in _NAMELESS - {"ctx"}:
                yield (written.group(1),)


def _calls(flow: Flow, names: Collection[bytes]) -> dict[bytes, list[tuple[Node, str]]]:
    """The calls of some names, each with what stands before its dot."""
    out: dict[bytes, list[tuple[Node, str]]] = {}
    places = sorted((at, name) for name in names for at in named(flow.data, name))
    called = [(at, name) for at, name in places if _OPENS.match(flow.data, at + len(name)) is not None]
    for at, name in called[: MAX_CALLS + 1]:
        before = flow.data[max(0, at - 60) : at].rpartition(b"\n")[2].decode("utf-8", "replace")
        dotted = _DOTTED.search(before)
        if before[-1:] in {".", ">", ":"} and dotted is None:
            continue
        node = flow.root.descendant_for_byte_range(at, at + len(name) - 1)
        for _ in range(4):
            if node is None or "call" in node.type or node.type in {"method_invocation", "invocation_expression"}:
                break
            node = node.parent
        if node is not None and ("call" in node.type or "invocation" in node.type):
            out.setdefault(name, []).append((node, dotted.group(1) if dotted is not None else ""))
    return out


def _is_meant(flow: Flow, call: Node, owner: str, function: Node) -> bool:
    """Whether a call by a function's name is a call of it: by itself, of its own object, of its class."""
    if function.start_byte <= call.start_byte < function.end_byte:
        return False
    own = _around(function, _CLASSES)
    if owner and owner not in _OWN and flow.language != "go":
        name = own.child_by_field_name("name") if own is not None else None
        return name is not None and flow.text(name) == owner
    if flow.language == "go" and (owner or function.child_by_field_name("receiver") is not None):
        caller = _around(call, frozenset({"method_declaration"}))
        return caller is not None and _receiver(flow, function) == _receiver(flow, caller) == _receiver(
            flow, function, owner
        )
    return (own is None and not owner) or (own is not None and _around(call, _CLASSES) == own)


def _around(node: Node, kinds: Collection[str]) -> Node | None:
    around = node.parent
    while around is not None and around.type not in kinds:
        around = around.parent
    return around


def _receiver(flow: Flow, method: Node, called: str = "") -> tuple[str, str] | None:
    """What a method of Go calls its own object, or is `called`, and the type of that."""
    listed = method.child_by_field_name("receiver")
    found = re.match(r"\(\s*(\w+)\s+\*?(\w+)", flow.text(listed)) if listed is not None else None
    return (called or found.group(1), found.group(2)) if found is not None else None


def handed_on(flow: Flow, function: Node, parameter: str) -> Iterator[tuple[Node, str]]:
    """The calls of a function in its file, each with what it gives for a parameter."""
    name = name_of(flow, function).encode()
    parameters = list(_parameters(flow, function))
    for call, owner in _calls(flow, [name]).get(name, ()) if name and flow.data.count(name) > 1 else ():
        if _is_meant(flow, call, owner, function):
            yield call, _handed(flow, call, parameters).get(parameter, "")


def _handed(flow: Flow, call: Node, parameters: list[tuple[str, ...]]) -> dict[str, str]:
    """What a call hands over, by the names of the parameters."""
    listed = call.child_by_field_name("arguments") or next(
        (child for child in call.named_children if child.type.endswith("arguments")), None
    )
    handed: dict[str, str] = {}
    position = 0
    for given in listed.named_children if listed is not None else ():
        if "comment" in given.type:
            continue
        named = re.match(r"(\w+)\s*[=:]\s*(?![=:])", flow.text(given))
        if named is not None and given.type in {"keyword_argument", "pair", "value_argument", "argument"}:
            handed[named.group(1)] = plain(flow.text(given)[named.end() :])
            continue
        names = parameters[position] if position < len(parameters) else ()
        position += 1
        if len(names) == 1:
            handed[names[0]] = plain(flow.text(given))
        elif given.type == "object":
            for part in given.named_children:
                key, value = part.child_by_field_name("key"), part.child_by_field_name("value")
                written = flow.text(key) if key is not None else flow.text(part)
                if written in names:
                    handed[written] = plain(flow.text(value) if value is not None else written)
    return handed


def _values(
    flow: Flow, call: Node, parameters: list[tuple[str, ...]], access: Access, function: Node
) -> Mapping[str, str]:
    """What the caller hands over, by how the read itself writes it."""
    handed = _handed(flow, call, parameters)
    out: dict[str, str] = {}
    for here, first in access.values.items():
        name = root(here)
        if name in {"this", "self"} and _set_once(flow, here):
            out[here] = first  # a member of the object that both are methods of
            continue
        text = handed.get(name)
        if text is not None and is_path(text) and not flow.changed(here, _start(function), access.node.end_byte):
            out[text + here[len(name) :]] = first
    return out


def _set_once(flow: Flow, path: str) -> bool:
    """Whether a member, `this.data` of `this.data.id`, gets a value in one place of the file at most."""
    member = path.split(".")[1].encode() if "." in path else b""
    places = (at for at in named(flow.data, member) if _MEMBER.search(flow.data, max(0, at - 8), at) is not None)
    return bool(member) and sum(_SETS.match(flow.data, at + len(member)) is not None for at in places) < 2


_MEMBER = regex(rb"(?:this|self)(?:->|\.)\Z")
_SETS = regex(rb"\s*(?:\[[^\]\n]{0,60}\]\s*)?(?:[-+|?&*.]{0,2}=(?![=>])|\+\+|--)")


def _start(function: Node) -> int:
    body = function.child_by_field_name("body")
    return body.start_byte if body is not None else function.start_byte
