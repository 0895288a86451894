"""Objects with a key that nothing has loaded: parts of what a function was handed, and what was read out of a text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tree_sitter import Node

from lints.patterns import regex
from lints.vouch.access import Access
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
_DECLARES = frozenset(
    ["parameters", "formal_parameters", "parameter_list", "method_parameters", "function_value_parameters"]
)
_LIKE = regex(r"(?<=[a-z])(?:With|And|Row|Record|Entity|Model|GetPayload|Document)(?:[A-Z]\w*)?$")
_ROWS = frozenset(["instance", "obj", "record", "row", "entity"])
"""What a row is called where its type is not written."""
_MAX_TEXT = 20_000
_MAX_BOUND = 4


def handed(flow: Flow, access: Access) -> tuple[tuple[str, str], ...]:
    """The keys that a call is given of objects which nothing has loaded, each with the parameter, as declared, that the
    object is a part of; with nothing where it was read out of something."""
    out: dict[str, str] = {}
    for value in access.values if not access.raw and access.helper is None else ():
        keyed = KEYED.fullmatch(value)
        base = keyed.group("base") if keyed is not None else ""
        if not base or base.partition(".")[0] in _ITSELF or flow.spent:
            continue
        of = _unloaded(flow, base, access.node)
        if of is not None:
            out[value] = of
    return tuple(sorted(out.items()))


def is_row(declared: str, model: Model) -> bool:
    """Whether a parameter is declared as a row, by its type, or by its name where it has none."""
    schema = getattr(model, "schema", None)
    names = {*model.tables, *(entity.name for entity in (schema.entities if schema is not None else ()))}
    alike = {name.replace("_", "").lower().removesuffix("s") for name in names}
    name, *types = [_LIKE.sub("", word) for word in re.findall(r"[A-Za-z]\w*", declared)] or [""]
    words = types or [name]
    return any(word.replace("_", "").lower().removesuffix("s") in alike for word in words) or (
        not types and name in _ROWS
    )


def _unloaded(flow: Flow, base: str, node: Node) -> str | None:
    """The parameter that an object is a part of; nothing where it was read out of something; None if it may be loaded."""
    name, _, more = base.partition(".")
    for function in _around(node):
        declared = _declared(flow, function)
        found = list(_bound(flow, name, function, node.start_byte))
        if found and len(found) <= _MAX_BOUND:
            told = {_origin(flow, one, function) for one in found}
            return told.pop() if len(told) == 1 else None
        if found:
            return None
        if name in declared:
            return declared[name] if more and not _is_loaded(flow, function, name) else None
    return None


def _origin(flow: Flow, value: str, function: Node) -> str | None:
    """What a local name is a part of, or was read out of."""
    bare = plain(re.sub(r"^(?:await\s+|<-\s*|&)+", "", value.strip().rstrip(",")))
    parsed = _PARSED.match(bare)
    if parsed is not None:
        words = re.findall(r"[A-Za-z_]\w*", parsed.group("given"))
        return (
            "" if any(word in _declared(flow, one) for one in _around(function, own=True) for word in words) else None
        )
    part = _PART.fullmatch(bare)
    if part is None or part.group("of") in _ITSELF:
        return None
    declared = next((d for one in _around(function, own=True) if part.group("of") in (d := _declared(flow, one))), None)
    return declared[part.group("of")] if declared is not None and part.group("more") else None


def _bound(flow: Flow, name: str, function: Node, end: int) -> Iterator[str]:
    """The values that a name gets in a function up to a place; what is taken out of an object with its name."""
    start = function.start_byte
    if end - start > _MAX_TEXT or name.encode() not in flow.data[start:end]:
        return
    text = flow.data[start:end].decode("latin-1")
    for found in re.finditer(
        rf"(?<![\w.>$]){re.escape(name)}\s*(?::\s*[\w.<>\[\]| ]{{1,80}})?:?=(?![=>~]){_VALUE}", text
    ):
        yield found.group("value")
    for found in re.finditer(rf"\{{(?P<parts>[^{{}}=;]{{0,300}})\}}\s*(?::\s*[\w.<>]{{1,60}})?=(?![=>]){_VALUE}", text):
        taken = re.search(
            rf"(?:^|[,\s])(?:(?P<key>\w+)\s*:\s*)?{re.escape(name)}\s*(?:,|$)", found.group("parts").strip()
        )
        if taken is not None:
            read = _PARSED.match(plain(re.sub(r"^await\s+", "", found.group("value")))) is not None
            yield found.group("value") if read else f"{found.group('value').strip()}.{taken.group('key') or name}"
    for found in re.finditer(rf"{_READ}\((?P<given>[^()]{{0,200}})&{re.escape(name)}\b", text):
        yield f"parse({found.group('given')} )"
    loop = rf"\b(?:for|foreach)\s*\(?[^()\n]{{0,60}}\b{re.escape(name)}\b[^()\n]{{0,30}}\b(?:of|in|range)\b"
    if re.search(loop, text) is not None:
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
    listed = next((child for child in function.children if child.type in _DECLARES), None)
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


def _is_loaded(flow: Flow, function: Node, name: str) -> bool:
    """Whether every call of a function in its file hands a row on that something there has loaded."""
    given = list(handed_on(flow, function, name))
    return bool(given) and all(
        any(root(value) in found.rows for found in flow.known(flow.before(call))) for call, value in given
    )
