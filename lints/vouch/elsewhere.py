"""Calls of functions of other files with a key and a tenant: what these say of the key is found out later."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lints.patterns import regex
from lints.vouch.access import Access, says_tenant
from lints.vouch.guarded import is_asked_about, of_tenant
from lints.vouch.helpers import function_of, given_by, name_of
from lints.vouch.names import ERROR, Found
from lints.vouch.plain import paths_in, plain
from lints.vouch.results import Missing, family
from lints.vouch.shapes import BRANCHES

if TYPE_CHECKING:
    from lints.vouch.flow import Flow

LEAVES, NOTHING = "leaves", "nothing"
"""What a function does where it finds no row: it does not come back, or it gives nothing, or an error."""
_CALL = regex(
    r"(?:(?:const|let|var|val|final|[A-Z][\w<>]{0,40})\s+)?"
    r"(?:(?:(?P<name>[\w$@]{1,60})(?:\s*:\s*[\w.<>\[\]| ]{1,60})?(?P<error>,\s*err)?|\{[^{}]{1,200}\})\s*:?=\s*)?"
    r"(?:await\s+)?(?P<call>(?:[\w$]{1,60}(?:\.|->|::)){0,3}[\w$]{1,60}[!?]?)\((?P<given>[^;()]{1,300})\)\s*;?"
)
_TENANT = regex(rb"(?i)tenant|org|workspace|project|team|account|environment|company")
_FINDS = regex(
    r"(?i)get|find|fetch|load|read|require|ensure|assert|verif|valid|check|must|retrieve|resolve|authori|access|own|belong|by|of|lookup|one"
)
_MAX_CALL, _MAX_BODY = 400, 4_000
_FALSY = frozenset({Missing.NULL, Missing.UNDEFINED, Missing.FALSE, Missing.ERROR})


def gives(flow: Flow, access: Access) -> str:
    """What the function of a read does where the read finds nothing, if it is handed a tenant beside a key."""
    function = function_of(access.node) if access.helper is None else None
    if function is None or function.end_byte - function.start_byte > _MAX_BODY or len(access.values) < 2:
        return ""
    if not any(map(of_tenant, access.values)) or _FINDS.search(name_of(flow, function)) is None:
        return ""  # nobody calls what has no name, and what lists, writes or handles is not called to find out
    head = function.child_by_field_name("parameters") or function.child_by_field_name("receiver") or function
    if _TENANT.search(flow.data, head.start_byte, min(head.end_byte, head.start_byte + 400)) is None:
        return ""
    given = given_by(flow, function, access)
    return LEAVES if given is Missing.CURSOR else NOTHING if given in _FALSY else ""


def asked_elsewhere(flow: Flow, access: Access) -> tuple[str, str, str, str] | None:
    """The last call before a statement that was handed its key and a tenant, the key, whether the function leaves here
    if the call gives nothing, and the key's place among the arguments, or its name there."""
    if not flow.hands or says_tenant(access):
        return None
    keys = {value for value in access.values if "(" not in value}
    found: Found | None = None
    told: tuple[str, str, str, str] | None = None
    for event in flow.before(access.node) if keys else ():
        node = event.node
        open_ = found is not None and not found.checked
        if found is not None and told is not None and open_:
            flow.dropped(node, found)
            flow.check(event, found)
            told = (told[0], told[1], NOTHING, told[3]) if found.checked else told
        if (
            event.holds is not None
            or event.loop
            or node.type in BRANCHES
            or node.end_byte - node.start_byte > _MAX_CALL
        ):
            continue
        if node.id not in flow.called:
            named = _TENANT.search(flow.data, node.start_byte, node.end_byte) is not None
            flow.called[node.id] = _CALL.fullmatch(flow.text(node).strip()) if named else None
        called = flow.called[node.id]
        if called is None:
            continue
        if family(flow.language) == "javascript" and "await " not in called.group():
            continue
        given = frozenset(paths_in(called.group("given")))
        asked = [key for key in sorted(keys, key=of_tenant) if is_asked_about(key, given)]
        if not asked:
            continue
        key = asked[-1]  # the id of a project rather than that of its organisation
        if not any(of_tenant(one) for one in given - {key}) or flow.changed(key, node.end_byte, access.node.end_byte):
            continue
        told, found = (
            (called.group("call"), key, LEAVES, _place(key, called.group("given"))),
            Found(access, node.start_byte),
        )
        if called.group("name") is not None:
            name = (
                "err" if called.group("error") or ERROR.fullmatch(called.group("name")) else plain(called.group("name"))
            )
            found.names[name] = Missing.ERROR if ERROR.fullmatch(name) else Missing.NULL
    return told


_ITEM = regex(r"\s*(?:(?P<name>\w+)\s*(?:=|:)\s*(?!=))?(?P<value>.*)", re.DOTALL)


def _place(key: str, given: str) -> str:
    """Where a key, or the object that has it, stands among the arguments of a call, or its name there."""
    apart = given.lstrip().startswith("{")
    for position, item in enumerate(given.strip().strip("{}").split(",")):
        found = _ITEM.fullmatch(item)
        path = plain(found.group("value")) if found is not None else ""
        if found is not None and path and (path == key or key.startswith(f"{path}.")):
            return found.group("name") or (path if apart else str(position))
    return ""
