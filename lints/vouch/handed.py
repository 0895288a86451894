"""Objects with a key that nothing has loaded: parts of what a function was handed, and what was read out of a text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tree_sitter import Node

from lints.patterns import regex
from lints.search import named
from lints.vouch.access import Access, says_tenant
from lints.vouch.helpers import handed_on
from lints.vouch.plain import plain, root
from lints.vouch.shapes import BOUNDARIES, CLOSURES

if TYPE_CHECKING:
    from lints.tenancy import Model
    from lints.vouch.flow import Flow

KEYED = regex(r"(?P<base>[A-Za-z_]\w*(?:\.\w+)*)\.(?i:id|pk|uuid|\w+_?id)")
"""The key of an object, in the plain spelling."""
_ITSELF = frozenset(["this", "self", "cls", "super"])
_READ = (
    r"[\w.$]{0,60}(?:[pP]arse|[vV]alidat|[dD]ecode|[dD]eserializ|[uU]nmarshal|loads|readValue|from_?[jJ]son|plainTo)\w*"
)
_PARSED = regex(rf"(?:new\s+)?{_READ}\s*(?:<[^<>()]{{0,60}}>)?\((?P<given>[^()]{{1,300}})\)?")
"""What has been read out of what it is given: `schema.parse(input)`."""
_PART = regex(r"\(?(?P<of>[A-Za-z_]\w*)(?P<more>(?:\.\w+)*)\)?(?:\s*(?:\?\?|\|\|).*)?")
_VALUE = r"\s*(?P<value>[^;\n]{1,300}(?:\n\s*\.?[^;\n=]{1,200})?)"
_SET = regex(rf"(?:,\s*err)?\s*(?::\s*[\w.<>\[\]| ]{{1,80}})?:?=(?![=>~]){_VALUE}")
_STARTS = regex(r"(?:^|[;{}(])\s*(?:(?:const|let|var|val|final)\s+)?(?:[A-Z][\w<>.,\[\]?]{0,60}\s+)?\$?$")
_TAKEN = regex(
    rf"(?:\s*=[^{{}}=;,]{{1,60}})?\s*(?:,[^{{}}=;]{{0,300}})?\}}\s*(?::\s*[\w.<>]{{1,60}})?=(?![=>]){_VALUE}"
)
_PLAIN = regex(r"[^{}=;]{0,300}")
_INTO = regex(rf"{_READ}\((?P<given>[^()]{{0,200}})&$")
_LOOP = regex(r"\b(?:for|foreach)\s*\(?[^()\n]{0,60}$")
_MAX_VALUE = 700
_DECLARES = frozenset(
    ["parameters", "formal_parameters", "parameter_list", "method_parameters", "function_value_parameters"]
)
_LIKE = regex(r"(?<=[a-z])(?:With|And|Row|Record|Entity|Model|GetPayload|Document)(?:[A-Z]\w*)?$")
_NAMED = frozenset(["params", "opts", "options", "props", "args", "deps", "context", "ctx"])
"""What holds arguments by their names: each of them is a parameter itself."""
_ROWS = frozenset(["instance", "obj", "record", "row", "entity"])
"""What a row is called where its type is not written."""
_WRITES = regex(r"(?i)(?:update|delete|remove|destroy|save|upsert|merge)")
READ, AGAIN = "!read out of a text, not loaded", "!what a row is loaded for here, not one that was"
_MAX_TEXT = 20_000
_MAX_BOUND = 4


def handed(flow: Flow, access: Access) -> tuple[tuple[str, str], ...]:
    """The keys that a call is given of objects which nothing has loaded, each with the parameter, as declared, that the
    object is a part of, or with why nothing has loaded it."""
    out: dict[str, str] = {}
    asked = not access.raw and access.helper is None and not says_tenant(access)
    for value in access.values if asked else ():
        keyed = KEYED.fullmatch(value)
        base = keyed.group("base").removesuffix(".each") if keyed is not None else ""
        if not base or base.partition(".")[0] in _ITSELF or flow.spent:
            continue
        of = _unloaded(flow, base, access.node) or _loaded_again(flow, base, value, access)
        if of is not None:
            out[value] = of
    return tuple(sorted(out.items()))


def is_row(declared: str, model: Model) -> bool:
    """Whether a parameter is declared as a row, by its type, or by its name where it has none."""
    schema = getattr(model, "schema", None)
    names = {*model.tables, *(entity.name for entity in (schema.entities if schema is not None else ()))}
    alike = {name.replace("_", "").lower().removesuffix("s") for name in names}
    if declared.startswith("!"):
        return False
    name, *types = [_LIKE.sub("", word) for word in re.findall(r"[A-Za-z]\w*", declared)] or [""]
    words = types or [name]
    return any(word.replace("_", "").lower().removesuffix("s") in alike for word in words) or (
        not types and name in _ROWS
    )


def _unloaded(flow: Flow, base: str, node: Node) -> str | None:
    """The parameter that an object is a part of, or why nothing has loaded it; None if something may have."""
    name, _, more = base.partition(".")
    for function in _around(node):
        found = list(_bound(flow, name, function, node.start_byte))
        if found:
            told = {_origin(flow, one, function) for one in found} if len(found) <= _MAX_BOUND else set()
            return told.pop() if len(told) == 1 else None
        if name in _declared(flow, function):
            return _part_of(flow, name, function) if more else None
    return None


def _origin(flow: Flow, value: str, function: Node) -> str | None:
    """What a local name is a part of, or was read out of."""
    bare = plain(re.sub(r"^(?:await\s+|<-\s*|&)+", "", value.strip()))
    parsed = _PARSED.match(bare)
    part = _PART.fullmatch(bare) if parsed is None else None
    words = re.findall(r"[A-Za-z_]\w*", parsed.group("given")) if parsed is not None else []
    if part is not None and part.group("more") and part.group("of") not in _ITSELF:
        words = [part.group("of")]
    for one in _around(function, own=True) if words else ():
        name = next((word for word in words if word in _declared(flow, one)), None)
        if name is not None:
            return _part_of(flow, name, one) if part is not None else READ
    return None


def _part_of(flow: Flow, name: str, function: Node) -> str | None:
    """A parameter as declared, unless every call of its function in the file hands a row on that was loaded there."""
    if name in _NAMED:
        return None
    given = list(handed_on(flow, function, name))
    loaded = (any(root(value) in f.rows for f in flow.known(flow.before(call))) for call, value in given)
    return None if given and all(loaded) else _declared(flow, function)[name]


def _loaded_again(flow: Flow, base: str, key: str, access: Access) -> str | None:
    """`before = getDoc(doc.id); update(doc)`: what a row is loaded for is no row that was loaded."""
    function = next(_around(access.node), None)
    if function is None or base not in _declared(flow, function) or not any(map(_WRITES.match, access.methods)):
        return None
    text = plain(flow.data[function.start_byte : access.node.start_byte][-_MAX_TEXT:].decode("latin-1"))
    model = re.escape(access.model.rpartition(".")[2])
    loads = rf"(?:find|get|load|fetch|select|read)_?(?:{model})?_?(?:by_?(?:id|pk|primarykey|uuid)|one)?"
    keys = "|".join(re.escape(one) for one in (key, *re.findall(rf"(\w+)\s*:?=\s*{re.escape(key)}\b(?![.(])", text)))
    again = (
        rf"(?i)(?<![\w.])(?!{base}\b)\w+(?:,\s*\w+)?\s*:?=\s*(?:await\s+)?(?:\w+\.)*{loads}\((?:\w+,\s*)?(?:{keys})\)"
    )
    return AGAIN if re.search(again, text) is not None else None


def _bound(flow: Flow, name: str, function: Node, end: int) -> Iterator[str]:
    """The values that a name gets in a function up to a place; what is taken out of an object with its name."""
    start = function.start_byte
    for at in named(flow.data, name.encode(), start, end) if end - start <= _MAX_TEXT else ():
        line = max(start, flow.data.rfind(b"\n", start, at) + 1)
        before = flow.data[line:at].decode("latin-1")
        after = flow.data[at + len(name) : at + len(name) + _MAX_VALUE].decode("latin-1")
        if (set_ := _SET.match(after)) is not None and _STARTS.search(before) is not None:
            if not set_.group("value").rstrip().endswith(","):  # an argument that is named
                yield set_.group("value")
        elif (taken := _TAKEN.match(after)) is not None:
            opened = flow.data[max(start, at - _MAX_VALUE) : at].decode("latin-1").rpartition("{")
            if not opened[1] or _PLAIN.fullmatch(opened[2]) is None:
                continue
            value = taken.group("value").strip()
            read = _PARSED.match(plain(re.sub(r"^await\s+", "", value))) is not None
            key = re.search(r"(\w+)\s*:\s*$", opened[2])
            yield value if read else f"{value}.{key.group(1) if key is not None else name}"
        elif before.endswith("&") and (read_ := _INTO.search(before)) is not None:
            yield f"parse({read_.group('given')} )"
        elif _LOOP.search(before) is not None and re.match(r"[^()\n]{0,30}\b(?:of|in|range)\b", after) is not None:
            yield "an item"


def _around(node: Node, *, own: bool = False) -> Iterator[Node]:
    around = node if own else node.parent
    while around is not None:
        if around.type in BOUNDARIES or around.type in CLOSURES:
            yield around
        around = around.parent


def _declared(flow: Flow, function: Node) -> dict[str, str]:
    """The parameters of a function, each as it is declared; those that are taken out of one by their names only."""
    known = flow.parameters.get(function.id)
    if known is not None:
        return known
    out: dict[str, str] = {}
    listed = function.child_by_field_name("parameters") or next(
        (child for child in function.children if child.type in _DECLARES), None
    )
    for child in listed.named_children if listed is not None else ():
        text = flow.text(child)
        if "{" in text or "comment" in child.type:
            out.update((name, name) for name in re.findall(r"\w+", text.partition("}")[0]))
            continue
        names = child.children_by_field_name("name") or [child.child_by_field_name("pattern") or child]
        name = re.match(r"[&*.$@]*(\w+)", flow.text(names[0]))
        if name is not None:
            rest = text.replace(flow.text(names[0]), "", 1).partition("=")[0]
            out[name.group(1)] = f"{name.group(1)} {' '.join(rest.split())}".strip()
    flow.parameters[function.id] = out
    return out
