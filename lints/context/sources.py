"""The parameters of a function that a framework fills with what the client sent."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from lints.context.units import Unit
from lints.context.words import MODEL, PARAMETERS, TENANT

_RESOLVER = re.compile(r"_+\w*|parent|root|obj|source|parentValue|self|info|parent_\w+")
_APART = re.compile(r"\b(?:input|parsedInput|rawInput|clientInput)\s*:\s*\{([^{}]{0,300})\}")
_ANNOTATED = re.compile(r"(\w+)\s*:\s*(\w+)\s*[,)]")
_INPUTS = frozenset(["input", "parsedInput", "rawInput", "clientInput"])
_BOUND = re.compile(r"(?:Guid|string|String|int|long)\??\s+(\w+)\s*(?=[,)=])")
_SERVER = re.compile(rb"\A(?:\s|//[^\n]*\n|/\*(?:[^*]|\*(?!/))*\*/)*['\"]use server['\"]")
_NEXT = re.compile(r"(?:^|/)route\.[cm]?[jt]sx?$")


def is_server_actions(data: bytes) -> bool:
    """Whether every exported function of a module is one that a browser calls (`'use server'`)."""
    return _SERVER.match(data[:2_000]) is not None


def given(
    unit: Unit, path: str, language: str, bodies: Collection[str], *, exported: bool
) -> Iterator[tuple[str, str]]:
    """Name and channel of each. A name may be dotted: `opts.input`, `context.params`.

    `bodies` are classes of the module that a body is read into; `exported`: the function is one of a module whose
    exports a browser calls.
    """
    for channel, pattern in PARAMETERS:
        yield from ((found.group(1), channel) for found in pattern.finditer(unit.head))
    names = [name for parameter in unit.function.parameters for name in parameter.name.split(",")]
    if language == "python":
        yield from _python(unit, names, bodies)
    elif language == "c_sharp" and "[Http" in unit.head:
        for name in _BOUND.findall(unit.head.rpartition("[")[2].partition("(")[2] or unit.head):
            if TENANT.fullmatch(name):
                yield name, "path" if f"{{{name}" in unit.head else "query"
    elif language in {"typescript", "javascript", "tsx"}:
        yield from _javascript(unit, path, names, exported=exported)
    first = [parameter.name for parameter in unit.function.parameters[:3]]
    if len(first) == 3 and _RESOLVER.fullmatch(first[0]) and re.search(r"ctx|context|user|db|prisma", first[2]):
        yield from ((name, "body") for name in first[1].split(",") if not name.startswith("_"))


def _python(unit: Unit, names: list[str], bodies: Collection[str]) -> Iterator[tuple[str, str]]:
    if unit.request is None:
        return
    if unit.request.startswith("@") and "def " in unit.head:
        yield from ((found.group(1), "body") for found in MODEL.finditer(unit.head))
        for found in _ANNOTATED.finditer(unit.head) if bodies else ():
            if found.group(2) in bodies:
                yield found.group(1), "body"
        for name in names:
            plain = re.search(rf"\b{re.escape(name)}\s*:\s*[\w.\[\]| ]+[,)]", unit.head)
            if plain is not None and TENANT.fullmatch(name):
                yield name, "path" if f"{{{name}" in unit.head else "query"
    elif "request" in names[:2]:
        yield from ((name, "path") for name in names[names.index("request") + 1 :] if TENANT.fullmatch(name))


def _javascript(unit: Unit, path: str, names: list[str], *, exported: bool) -> Iterator[tuple[str, str]]:
    if unit.request is not None and unit.request.endswith("(…)") and unit.request.startswith("."):
        yield from ((name, "body") for name in names if name in _INPUTS)
        yield from ((f"{name}.{inner}", "body") for name in names if len(names) == 1 for inner in sorted(_INPUTS))
        for found in _APART.finditer(unit.head):
            for part in found.group(1).split(","):
                name = part.rpartition(":")[2].partition("=")[0].strip()
                if name.isidentifier():
                    yield name, "body"
    elif _NEXT.search(path) and unit.request is not None:
        second = unit.function.parameters[1].name if len(unit.function.parameters) > 1 else ""
        yield from (
            (name if name == "params" else f"{name}.params", "path")
            for name in second.split(",")
            if name in {"params", "ctx", "context", "props", "segmentData"}
        )
    elif exported:
        yield from ((name, "body") for name in names if TENANT.fullmatch(name))
