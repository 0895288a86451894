# ruff: noqa: E501 - a pattern is read as one line
"""A tenant that is kept in a variable of the whole process: whichever request comes last sets it for all others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from lints.context.facts import About, Context
from lints.patterns import regex
from lints.search import Search

_WHOSE = rb"(?:(?:current|active|selected|the|my|global|g)_?(?:tenant|org|organi[sz]ation|workspace|account)|tenant)s?_?(?:id|uuid|key|slug|code|ctx|context|name)?"
_NAME = rb"_{0,2}" + _WHOSE
_DECLARED: dict[str, tuple[tuple[bytes, bytes], ...]] = {
    # language: pairs of how the variable of the module or class is declared, and how a function assigns it
    "python": (
        (
            rb"^(?P<name>%s)[ \t]*(?::[^=\n]{1,80})?=(?!=)(?P<value>[^\n]{0,200})",
            rb"^[ \t]+global[ \t]+[\w, \t]*\b%s\b",
        ),
        (
            rb"^(?:    |\t)(?P<name>%s)[ \t]*(?::[^=\n]{1,80})?=(?!=)[ \t]*(?P<value>None|['\"]{2})[ \t]*$",
            rb"^[ \t]+(?:cls|[A-Z]\w*)\.%s[ \t]*=(?!=)",
        ),
    ),
    "javascript": (
        (
            rb"^(?:export[ \t]+)?(?:let|var)[ \t]+(?P<name>%s)\b[ \t]*(?::[^=;\n]{1,80})?(?:=(?P<value>[^\n]{0,200}))?;?[ \t]*$",
            rb"^[ \t]+%s[ \t]*=(?!=)",
        ),
        (
            rb"^[ \t]+(?:(?:private|public|protected)[ \t]+)?static[ \t]+(?P<name>%s)\b[?!]?[ \t]*(?::[^=;\n]{1,80})?(?:=(?P<value>[^\n]{0,200}))?;?[ \t]*$",
            rb"^[ \t]+(?:this|[A-Z]\w*)\.%s[ \t]*=(?!=)",
        ),
    ),
    "go": (
        (
            rb"^(?:var[ \t]+|\t)(?P<name>%s)[ \t]+(?:\*?(?:string|int|int64|uuid\.UUID|\w*Tenant\w*|\w*Org\w*))(?:[ \t]*=(?P<value>[^\n]{0,80}))?[ \t]*$",
            rb"^\t+%s[ \t]*=(?!=)",
        ),
    ),
    "java": (
        (
            rb"^[ \t]+(?:(?:private|public|protected|volatile)[ \t]+)*static[ \t]+(?:volatile[ \t]+)?(?:String|UUID|Long|long|Integer|int|Tenant|Organization)[ \t]+(?P<name>%s)\b[ \t]*(?:=(?P<value>[^\n]{0,80}))?;",
            rb"^[ \t]+(?:\w+\.)?%s[ \t]*=(?!=)",
        ),
    ),
    "c_sharp": (
        (
            rb"^[ \t]+(?:(?:private|public|protected|internal|volatile)[ \t]+)*static[ \t]+(?:volatile[ \t]+)?(?:string|String|Guid|long|int|Tenant|Organization)\??[ \t]+(?P<name>%s)\b[ \t]*(?:\{ ?get; ?(?:private |internal )?set; ?\}|=(?P<value>[^\n]{0,80})|;)",
            rb"^[ \t]+(?:\w+\.)?%s[ \t]*=(?!=)",
        ),
    ),
    "ruby": ((rb"^[ \t]+(?P<name>@@%s)\b[ \t]*=(?!=)(?P<value>[^\n]{0,80})", rb"^[ \t]+%s[ \t]*=(?!=)"),),
}
_ALIKE = {"typescript": "javascript", "tsx": "", "kotlin": ""}
_SAFE = regex(
    rb"ContextVar|AsyncLocalStorage|ThreadLocal|threading\.local|Local\(|LocalProxy|AsyncLocal|ScopedValue|createContext|"
    rb"useState|atom\(|ref\(|signal\(|writable\(|require\(|import\("
)
ALONE = Search(
    rb"\bargparse\b|^(?:import|from) (?:click|typer)\b|['\"](?:commander|yargs)['\"]|process\.argv|spf13/(?:cobra|pflag)|\bflag\.(?:String|Parse)"
    rb"|\bOptionParser\b|\bpicocli\b",
    flags=re.MULTILINE,
)
"""A program that somebody runs for himself has one user."""
_BROWSER = Search(
    rb"['\"]use client['\"]|from ['\"](?:react|vue|svelte|solid-js|@angular|pinia|zustand)|\b(?:window|document|localStorage|sessionStorage)\."
)


@cache
def declarations(language: str) -> Search:
    """How a variable of the process is declared."""
    found = _DECLARED.get(_ALIKE.get(language, language))
    if found is None:
        return Search()
    name = _NAME if language != "ruby" else _WHOSE
    return Search(*(form.replace(b"%s", name) for form, _ in found), flags=re.MULTILINE | re.IGNORECASE)


def held(language: str, data: bytes) -> Iterator[Context]:
    """The variables, each at the first function that assigns it."""
    declared = declarations(language)
    if not declared.possible(data) or _BROWSER.matches(data) or ALONE.matches(data):
        return
    told: set[bytes] = set()
    for declaration, (_, assigned) in zip(declared.each, _DECLARED[_ALIKE.get(language, language)], strict=True):
        for match in declaration.matches(data):
            name, value = match.group("name"), match.groupdict().get("value") or b""
            if name in told or name.isupper() or _SAFE.search(value) is not None or b"(" in value:
                continue
            told.add(name)
            writes = re.compile(assigned.replace(b"%s", re.escape(name)), re.MULTILINE)
            at = next((m for m in writes.finditer(data) if m.start() != match.start()), None)
            if at is None or _shadowed(language, data, name, at.start()):
                continue
            yield _fact(data, name, match, at)


def _shadowed(language: str, data: bytes, name: bytes, at: int) -> bool:
    """Whether the assignment may be to a variable of the function: declared in it, or one of its parameters."""
    if language in {"python", "ruby"}:
        return False
    word = re.escape(name)
    before = data[max(0, at - 4_000) : at]
    local = re.compile(
        rb"^[ \t]+(?:let|var|const|final|String|string|UUID|Guid|Long|long|int)[ \t]+%s\b" % word, re.MULTILINE
    )
    start = max(
        before.rfind(b"\n}"), before.rfind(b"\nfunc "), before.rfind(b"\nfunction "), before.rfind(b"\nexport ")
    )
    inside = before[max(0, start) :]
    given = re.search(rb"\([^()\n]{0,200}(?<![\w.])%s\b[^()\n]{0,200}\)[^\n]{0,60}(?:\{|=>)" % word, inside)
    return local.search(inside) is not None or given is not None


def _fact(data: bytes, name: bytes, declared: re.Match[bytes], at: re.Match[bytes]) -> Context:
    from lints.extract.lines import Lines

    lines = Lines(data)
    start = at.end() - len(at.group().lstrip())
    end = data.find(b"\n", start)
    end = len(data) if end < 0 else end
    (line, column), (_, end_column) = lines.position(start), lines.position(end)
    spelled = name.decode("utf-8", "replace")
    return Context(
        about=About.PROCESS, line=line, end_line=line, name=spelled, said=declared.group().decode("utf-8", "replace").strip()[:120],
        where=lines.line(declared.start("name")), column=column, end_column=end_column,
        text=data[data.rfind(b"\n", 0, start) + 1 : end].decode("utf-8", "replace")[:300],
    )  # fmt: skip
