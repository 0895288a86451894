"""The parameters of a function that a framework fills with what the client sent."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from lints.context.signatures import declared
from lints.context.units import Unit
from lints.context.words import MODEL, TENANT
from lints.patterns import regex

_RESOLVER = regex(r"_+\w*|parent|root|obj|source|parentValue|self|info|parent_\w+")
_BODIES = r"(?:Request|Dto|DTO|Command|Input|InputModel|Payload|Body)"
_FILLS = regex(r"@|\[From|\b(?:Query|Header|Cookie|Body|Form|Path)\(")
_ARGUMENTS = regex(r"_?(?:args?|arguments|input|params|variables|data|kwargs)")
_APART = regex(r"\b(?:input|parsedInput|rawInput|clientInput)\s*:\s*\{([^{}]{0,300})\}")
_INPUTS = frozenset(["input", "parsedInput", "rawInput", "clientInput"])
_MARK = regex(r"@(?:\w+:)?(?:\w+\.)*(\w+)")
_FILLED: Mapping[str, str] = {
    "RequestParam": "query", "QueryParam": "query", "QueryValue": "query", "Query": "query", "QueryParams": "query",
    "RequestHeader": "header", "HeaderParam": "header", "Header": "header", "Headers": "header",
    "CookieValue": "header",
    "PathVariable": "path", "PathParam": "path", "Param": "path", "Params": "path", "RestPath": "path",
    "RestQuery": "query", "RestHeader": "header", "RestForm": "body", "FormParam": "body", "RequestPart": "body",
    "RequestBody": "body", "Body": "body", "BodyParam": "body", "ModelAttribute": "body", "Args": "body", "Arg": "body",
    "InputArgument": "body", "Argument": "body", "Part": "body", "BeanParam": "body", "MatrixParam": "path",
}  # fmt: skip
"""What stands on a parameter that a framework fills from the request: NestJS, Spring, JAX-RS, Micronaut, Quarkus."""
_ASKS_FORM = regex(
    r"Valid|Validated|Not(?:Null|Blank|Empty)|Non[nN]ull|Nullable|Size|Min|Max|Pattern|Email|Positive|PositiveOrZero|Digits|"
    r"DateTimeFormat|NumberFormat|Parameter|ApiParam|Schema|Digest|Length|Range"
)
_PLAIN = frozenset(["String", "Long", "long", "Integer", "int", "UUID", "Short", "CharSequence"])
_OF_THE_FRAMEWORK = regex(
    r"^(?:[a-z]|Http|Servlet|Web|Model|Map|Principal|Authentication|Pageable|Sort|Locale|TimeZone|ZoneId|BindingResult|Errors|"
    r"Session|Redirect|Uri|Multipart|InputStream|OutputStream|Reader|Writer|Server|Native|Jwt|OAuth|Oidc|Boolean|Date|Local|"
    r"Instant|List|Set|Collection|Optional|File|Part)|(?:User|Principal|Session|Context|Details|Token|Auth|Claims|Identity)$"
)
"""Classes that a controller is handed by its framework, or that stand for the caller."""
_CHECKED_FORM = regex(r"\b(?!Request\b)\w+Request\s+\$")
"""A request of Laravel of a class of its own may refuse the caller (`authorize`) before the function runs."""
_OWN_METHOD = regex(r"\b(?:private|protected)\s+(?:static\s+)?function\b")
_FASTAPI = regex(r"(?:=\s*|\bAnnotated\[[^=\n]{1,200}?)(?:\w+\.)?(Query|Header|Cookie|Body|Form|Path)\(")
_FASTAPI_CHANNELS: Mapping[str, str] = {"Query": "query", "Header": "header", "Cookie": "header", "Path": "path"}
_SIMPLE = regex(r":\s*(?:Optional\[\s*)?(?:str|int|UUID|uuid\.UUID|UUID4|ObjectId|constr\(|conint\()\b")
_SERVER = regex(rb"\A(?:\s|//[^\n]*\n|/\*(?:[^*]|\*(?!/))*\*/)*['\"]use server['\"]")
_FOLDERS = regex(r"(?:^|/)(?:\+server|\+page\.server)\.[cm]?[jt]s$|(?:^|/)routes/.*\.[jt]sx?$")
_NEXT = regex(r"(?:^|/)route\.[cm]?[jt]sx?$")


_VALIDATED = frozenset(["attrs", "data", "validated_data"])
"""How `validate` of a serializer of Django calls what a client sent; a view adds its own to what is saved."""
_ONLY_HERE = regex(
    r"(?:Knex|Transaction|PrismaClient|PoolClient|EntityManager|DataSource|Session|trx|tx|knex|db)(?:\.\w+)?"
)
"""What no browser can send: a function that takes one is called by the server alone."""


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
    names = [name for parameter in unit.function.parameters for name in parameter.name.split(",")]
    found = declared(unit.head, names) if unit.request is not None or _FILLS.search(unit.head) is not None else {}
    if language in {"java", "kotlin"}:
        yield from _jvm(unit, found)
    elif language == "python":
        yield from _python(unit, names, found, bodies)
    elif language == "c_sharp":
        yield from _csharp(unit, found)
    elif language == "php":
        yield from _php(unit, found)
    elif language in {"typescript", "javascript", "tsx"}:
        yield from _decorated(found)
        yield from _javascript(unit, path, names, exported=exported)
    first = [parameter.name for parameter in unit.function.parameters[:3]]
    resolver = len(first) == 3 and _RESOLVER.fullmatch(first[0]) and re.search(r"ctx|context|user|db|prisma", first[2])
    taken_apart = "," in first[1] or TENANT.fullmatch(first[1]) is not None if resolver else False
    if resolver and (taken_apart or _ARGUMENTS.fullmatch(first[1])):
        yield from ((name, "body") for name in first[1].split(",") if not name.startswith("_"))


def _jvm(unit: Unit, found: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Spring, JAX-RS, Micronaut. A controller of Spring fills what carries no annotation too: what is plain from the
    query, what is a class from the fields of a form."""
    spring = any(mark.endswith("Mapping") for mark in unit.marks)
    for name, text in found.items():
        marks = _MARK.findall(text)
        channel = next((_FILLED[mark] for mark in marks if mark in _FILLED), None)
        if channel is not None:
            yield name, channel
        elif spring and all(_ASKS_FORM.fullmatch(mark) for mark in marks):
            kind = _type_of(text, name)
            if kind in _PLAIN:
                yield name, "query"
            elif kind and not _OF_THE_FRAMEWORK.search(kind):
                yield name, "form"


def _type_of(text: str, name: str) -> str:
    """`Long` of `@NotNull Long teamId` and of `teamId: Long?`, as far as it is one word."""
    word = re.escape(name)
    kind = re.search(rf"\b([A-Za-z][\w.]*)(?:<[^()]{{0,80}}>)?\s+{word}\s*$", text)
    kind = kind or re.search(rf"\b{word}\s*:\s*([A-Z][\w.]*)\??\s*(?:=|$)", text)
    return kind.group(1).rpartition(".")[2] if kind is not None else ""


def _decorated(found: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, text in found.items():
        channel = next((_FILLED[mark] for mark in _MARK.findall(text) if mark in _FILLED), None)
        if channel is not None:
            yield name, channel


def _csharp(unit: Unit, found: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, text in found.items():
        bound = re.search(r"\[From(Query|Header|Body|Form|Route)\b", text)
        if bound is not None:
            yield name, {"Query": "query", "Header": "header", "Route": "path"}.get(bound.group(1), "body")
        elif "[Http" in unit.head and re.search(rf"\b(?:Guid|string|String|int|long)\??\s+{re.escape(name)}\b", text):
            yield name, "path" if f"{{{name}" in unit.head else "query"
        elif "[Http" in unit.head and re.search(rf"\b[A-Z]\w*{_BODIES}\s+{re.escape(name)}\b", text):
            yield name, "body"


def _php(unit: Unit, found: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Laravel fills a parameter of a controller whose type is a model with the row that the path names."""
    if unit.request is None or any(_CHECKED_FORM.search(text) for text in found.values()):
        return
    if _OWN_METHOD.search(unit.head) is not None:  # no route leads to it
        return
    for name, text in found.items():
        kind = re.match(r"\??\\?(?:\w+\\)*(\w+)\s+\$", text)
        plain = kind is None or kind.group(1) in {"string", "int"}
        if TENANT.fullmatch(name if plain or kind is None else kind.group(1)):
            yield name, "path"


def _python(
    unit: Unit, names: list[str], found: Mapping[str, str], bodies: Collection[str]
) -> Iterator[tuple[str, str]]:
    for name, text in found.items():
        if (filled := _FASTAPI.search(text)) is not None:  # of a dependency, too
            yield name, _FASTAPI_CHANNELS.get(filled.group(1), "body")
    if unit.name == "validate" and any(name.endswith("Serializer") for name in (unit.owner, *unit.owner_marks)):
        yield from ((name, "body") for name in names if name in _VALIDATED)
    if unit.name.startswith("validate_") and unit.owner.endswith("Serializer"):
        yield from ((name, "body") for name in [name for name in names if name != "self"][:1])
    if unit.request is None:
        return
    if unit.request.startswith("@") and "def " in unit.head:
        for name, text in found.items():
            kind = re.match(rf"{re.escape(name)}\s*:\s*([\w.]+)", text)
            if re.search(rf"[<:]{re.escape(name)}>", unit.head) is not None:  # Flask
                yield name, "path"
            elif kind is None or _FASTAPI.search(text) is not None or "Depends(" in text or "Security(" in text:
                continue
            elif MODEL.fullmatch(kind.group(1)) or kind.group(1) in bodies:
                yield name, "body"
            elif _SIMPLE.search(text) is not None or TENANT.fullmatch(name) is not None:
                yield name, "path" if f"{{{name}" in unit.head else "query"
    elif "request" in names[:2]:
        yield from ((name, "path") for name in names[names.index("request") + 1 :] if name.isidentifier())


def _javascript(unit: Unit, path: str, names: list[str], *, exported: bool) -> Iterator[tuple[str, str]]:
    if unit.request is not None and unit.request.endswith("(…)") and unit.request.startswith("."):
        yield from ((name, "body") for name in names if name in _INPUTS)
        yield from ((f"{name}.{inner}", "body") for name in names if len(names) == 1 for inner in sorted(_INPUTS))
        for found in _APART.finditer(unit.head):
            for part in found.group(1).split(","):
                name = part.rpartition(":")[2].partition("=")[0].strip()
                if name.isidentifier():
                    yield name, "body"
    elif unit.request == "socket.on(…)":
        yield from ((name, "body") for name in unit.function.parameters[0].name.split(",")) if names else ()
    elif _FOLDERS.search(path) and unit.request is not None:
        yield from ((name, "path") for name in names if name == "params")
    elif _NEXT.search(path) and unit.request is not None:
        second = unit.function.parameters[1].name if len(unit.function.parameters) > 1 else ""
        yield from (
            (name if name == "params" else f"{name}.params", "path")
            for name in second.split(",")
            if name in {"params", "ctx", "context", "props", "segmentData"}
        )
    elif exported and not any(
        _ONLY_HERE.fullmatch(p.name) or _ONLY_HERE.search(p.type) for p in unit.function.parameters
    ):
        yield from ((name, "body") for name in names if TENANT.fullmatch(name))
