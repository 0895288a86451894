"""DO blocks: what they change in the schema, loops over a list of names and EXECUTE of constant texts among it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from lints.patterns import regex
from lints.schema.security import parenthesised, top_level_commas, without_comments
from lints.schema.split import Piece, split
from lints.schema.statement import HEAD, TABLE_DDL, Statement

_BODY = regex(r"\$(\w*)\$(.*)\$\1\$", re.DOTALL)
_CONTROL = regex(
    r"\s*(?:declare\b.*?\bbegin\b|begin\b|else\b|loop\b|exception\b|when\b.*?\bthen\b|(?:els)?if\b.*?\bthen\b"
    r"|case\b[^;]*?\bwhen\b[^;]*?\bthen\b"
    r"|for(?:each)?\b.*?\bloop\b|while\b.*?\bloop\b)",
    re.IGNORECASE | re.DOTALL,
)
_SILENT = regex(r"(?:end|raise|return|null|perform)\b", re.IGNORECASE)
_EXECUTE = regex(r"execute\b", re.IGNORECASE)
_USING = regex(r"\busing\b", re.IGNORECASE)
_LIST = regex(
    r"\b(\w++)\s++(?:constant\s+)?(?:text|name|varchar|regclass)\s*\[\]\s*(?:not\s+null\s*)?(?::=|=|default)\s*"
    r"(array\s*\[[^\]]*\]|'\{[^']*\}')",
    re.IGNORECASE,
)
_LOOP = regex(
    r"for(?:each)?\s+(\w+)\s+in\s+(?:array\s+)?(?:select\s+unnest\s*\(\s*|select\s+\*?\s*from\s+unnest\s*\(\s*)?"
    r"(array\s*\[[^\]]*\]|'\{[^']*\}'|values\s*\(.*?\)|\w+)[^;]*?\bloop\b",
    re.IGNORECASE | re.DOTALL,
)
_TEXT = regex(r"'((?:[^']|'')*+)'")
_QUOTE = regex(r"'(?:[^']|'')*+'|\$\w*\$")
_FIELD = regex(r"%(?:(\d+)\$)?([IsL%])")
_SECURITY = regex(r"\brow\s+level\s+security\b|\bpolicy\b", re.IGNORECASE)
_MOST = 500
"""Statements that one EXECUTE may stand for."""

_LONGEST_LOOP = 20_000
"""Characters of the head of a loop."""

_ONE, _TWO = "'", "''"
_DO_TEXT = regex(r"do\s+(?:language\s+\w+\s+)?e?'((?:[^']|'')*+)'", re.IGNORECASE)
GUARDS = frozenset({"if", "begin", "else", "end", "set", "prepare", "declare", "while"})
"""Words with which a statement may begin that has schema statements in it."""
_WORDS = regex(
    r"'(?:[^']|'')*+'|\"[^\"]*+\"|`[^`]*+`|\[[^\]]*+\]|--[^\n]*+|/\*(?:[^*]|\*(?!/))*+\*/|[()]|[A-Za-z_]\w*+"
)
_BEGINS = frozenset({"create", "alter", "drop", "exec", "execute", "rename"})
_NEW = regex(r"(?:create|alter|drop)\s+(?:unique\s+)?(?:table|view|index)\b|exec(?:ute)?\b", re.IGNORECASE)
_RUN = regex(
    r"(?:exec(?:ute)?\s*(?:immediate\s+|\(\s*|(?:sys\.)?sp_executesql\s+(?:@stmt\s*=\s*)?)|prepare\s+\w+\s+from\s+)"
    r"n?'((?:[^']|'')*+)'\s*(.?)",
    re.IGNORECASE | re.DOTALL,
)
_ASSIGNED = regex(r"set\s+@\w+\s*:?=", re.IGNORECASE)

_INDENT = 200
"""Characters before a statement that begins a line."""

Apply = Callable[[Piece], None]


def apply_block(s: Statement, text: str, apply: Apply) -> str | None:
    """The schema statements of a DO block; returns why it could not be read, or None.

    A guard such as `IF NOT EXISTS (…) THEN` counts as taken.
    """
    found = _BODY.search(text)
    if found is None and (said := _DO_TEXT.match(text)) is not None:
        mark = next(m for m in ("$do$", "$body$", "$code$", "$text$", "$guard$") if m not in text)
        text = f"DO {mark}{said.group(1).replace(_TWO, _ONE)}{mark}"
        found = _BODY.search(text)
    if found is None:
        return "a DO block that could not be read" if TABLE_DDL.search(text) else None
    first = s.piece.line + text.count("\n", 0, found.start(2))
    body = without_comments(found.group(2))
    lists = {name.lower(): _texts(listed) for name, listed in _LIST.findall(body)}
    loops: list[tuple[str, tuple[str, ...] | None]] = []
    unknown: str | None = None
    for inner in split(found.group(2), s.dialect):
        text = inner.text
        shift = 0
        for _ in range(32):
            control = _CONTROL.match(text)
            if control is None:
                break
            loops += _opened(control.group(), lists)
            shift += text.count("\n", 0, control.end())
            text = text[control.end() :]
        stripped = text.lstrip()
        shift += text.count("\n", 0, len(text) - len(stripped))
        line = first + inner.line - 1 + shift
        if re.match(r"end\s+loop\b", stripped, re.IGNORECASE) and loops:
            loops.pop()
        elif _EXECUTE.match(stripped):
            texts = list(_assembled(_executed(stripped), dict(loops)))
            if texts and None not in texts and len(texts) <= _MOST:
                for made in texts:
                    for piece in split(made or "", s.dialect):
                        apply(Piece(piece.text, line, line + stripped.count("\n"), 0))
            elif TABLE_DDL.search(stripped) or _SECURITY.search(stripped):
                unknown = "schema changes assembled at run time in a DO block"
                if _SECURITY.search(stripped):
                    s.catalog.assembled.append(s.origin("row security assembled at run time"))
        elif HEAD.match(stripped) and not _SILENT.match(stripped):
            apply(Piece(stripped, line, line + stripped.count("\n"), 0))
    return unknown


def apply_guarded(text: str, line: int, dialect: str, apply: Apply) -> str | None:
    """The schema statements of T-SQL's `IF … [BEGIN] … [END]`, of a text that is run, and of MySQL's variables whose
    text is prepared; a guard counts as taken. Returns why they could not be read, or None."""
    run = _RUN.match(text)
    if run is not None or _ASSIGNED.match(text):
        if run is not None and run.group(2) in ("+", "|"):
            constraint = re.search(r"\bdrop\s+constraint\b", text, re.IGNORECASE)  # whose name the server made up
            return "schema changes assembled at run time" if TABLE_DDL.search(text) and not constraint else None
        texts = [run.group(1)] if run is not None else [t for t in _TEXT.findall(text) if TABLE_DDL.match(t.lstrip())]
        if run is None and texts and re.search(r"\bconcat\s*\(|\|\|", text, re.IGNORECASE):
            return "schema changes assembled at run time"
        for said in texts:
            for piece in split(said.replace(_TWO, _ONE), dialect):
                apply(Piece(piece.text, line, line, 0))
        return None
    found = False
    for start, end in _unguarded(text):
        if not start and end == len(text):
            break  # nothing stands before it that could be a guard
        found = True
        at = line + text.count("\n", 0, start)
        apply(Piece(text[start:end].rstrip(), at, at + text.count("\n", start, end), 0))
    return None if found or not TABLE_DDL.search(text) else "schema changes inside a block that is not understood"


def _unguarded(text: str) -> Iterator[tuple[int, int]]:
    """Where the schema statements behind a guard begin and end."""
    depth = 0
    start: int | None = None
    for found in _WORDS.finditer(text):
        word = found.group().lower()
        depth += (word == "(") - (word == ")")
        if depth > 0:
            continue
        if word in _BEGINS:
            before, _, indent = text[max(0, found.start() - _INDENT) : found.start()].rpartition("\n")
            if start is not None and before and not indent.strip() and _NEW.match(text, found.start()):
                yield start, found.start()
                start = None
            start = found.start() if start is None else start
        elif word in ("end", "else", "begin") and start is not None:
            yield start, found.start()
            start = None
    if start is not None:
        yield start, len(text)


def _opened(control: str, lists: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, tuple[str, ...] | None]]:
    """The variable of a loop and the texts it takes, or None where they are not to be seen."""
    if not re.match(r"\s*(?:for|while|loop)", control, re.IGNORECASE):
        return
    found = _LOOP.match(control.strip()) if len(control) <= _LONGEST_LOOP else None
    if found is None:
        name = re.match(r"\s*for(?:each)?\s+(\w+)", control, re.IGNORECASE)
        yield (name.group(1).lower() if name is not None else "", None)
        return
    values = found.group(2)
    yield found.group(1).lower(), _texts(values) if "'" in values else lists.get(values.lower())


def _executed(text: str) -> str:
    """The expression of an EXECUTE, without the word and without its USING."""
    body = _single_quoted(text[len("execute") :].strip())
    using = _USING.search(_TEXT.sub(lambda found: "\0" * len(found.group()), body))
    return (body if using is None else body[: using.start()]).strip()


def _single_quoted(text: str) -> str:
    """Dollar quotes as ordinary ones."""
    out: list[str] = []
    position = 0
    while found := _QUOTE.search(text, position):
        end = found.end()
        if found.group()[0] == "$":
            close = text.find(found.group(), end)
            if close < 0:
                break
            inner = text[end:close].replace("'", "''")
            out += [text[position : found.start()], f"'{inner}'"]
            end = close + len(found.group())
        else:
            out.append(text[position:end])
        position = end
    return "".join([*out, text[position:]])


def _texts(listed: str) -> tuple[str, ...]:
    if listed.startswith("'{"):
        return tuple(part.strip().strip('"') for part in listed[2:-2].split(",") if part.strip())
    return tuple(text.replace("''", "'") for text in _TEXT.findall(listed))


def _assembled(expression: str, loops: Mapping[str, tuple[str, ...] | None]) -> Iterator[str | None]:
    """The texts that an EXECUTE runs, one for each turn of the loops it depends on; None if they are not to be seen."""
    used = [
        name
        for name in loops
        if name and re.search(rf"\b{re.escape(name)}\b", _TEXT.sub("''", expression), re.IGNORECASE)
    ]
    if len(used) > 1 or any(loops[name] is None for name in used):
        yield None
        return
    for value in (loops[used[0]] or ()) if used else (None,):
        yield _evaluated(expression, {used[0]: value} if used and value is not None else {})


def _evaluated(expression: str, values: Mapping[str, str]) -> str | None:
    """The text of literals, the loop's variable, `||`, `format` and `quote_ident`; None for anything else."""
    out = ""
    for part in _concatenated(expression.strip()):
        call = re.match(r"(format|quote_ident|quote_literal)\s*\(", part, re.IGNORECASE)
        name = re.fullmatch(r"(\w+)(?:\s*::\s*(?:text|regclass|name))?", part)
        if literal := re.fullmatch(r"E?'((?:[^']|'')*+)'", part):
            out += literal.group(1).replace("''", "'")
        elif name is not None and name.group(1).lower() in values:
            out += values[name.group(1).lower()]
        elif call is not None:
            inside = parenthesised(f"a {part[call.end() - 1 :]}", "a")
            arguments = [_evaluated(a, values) for a in top_level_commas(inside or "")]
            if inside is None or None in arguments or not part.endswith(")"):
                return None
            texts = [argument or "" for argument in arguments]
            made = _formatted(texts) if call.group(1).lower() == "format" else _quoted(call.group(1).lower(), texts[0])
            if made is None:
                return None
            out += made
        else:
            return None
    return out


def _concatenated(expression: str) -> list[str]:
    while expression.startswith("(") and parenthesised(f"a {expression}", "a") == expression[1:-1].strip():
        expression = expression[1:-1].strip()
    quiet = _TEXT.sub(lambda found: "\0" * len(found.group()), expression)
    parts: list[str] = []
    depth = start = 0
    for found in re.finditer(r"[()]|\|\|", quiet):
        depth += {"(": 1, ")": -1}.get(found.group(), 0)
        if found.group() == "||" and depth == 0:
            parts.append(expression[start : found.start()].strip())
            start = found.end()
    return [*parts, expression[start:].strip()]


def _quoted(function: str, text: str) -> str:
    return _identifier(text) if function == "quote_ident" else "'" + text.replace("'", "''") + "'"


def _identifier(text: str) -> str:
    return text if re.fullmatch(r"[a-z_][a-z0-9_$]*", text) else '"' + text.replace('"', '""') + '"'


def _formatted(texts: list[str]) -> str | None:
    """PostgreSQL's format(): %I, %s, %L, %% and positions."""
    template, arguments = texts[0], texts[1:]
    position = 0
    out: list[str] = []
    last = 0
    for found in _FIELD.finditer(template):
        out.append(template[last : found.start()])
        last = found.end()
        if found.group(2) == "%":
            out.append("%")
            continue
        position = int(found.group(1)) if found.group(1) else position + 1
        if not 0 < position <= len(arguments):
            return None
        text = arguments[position - 1]
        out.append(_identifier(text) if found.group(2) == "I" else _quoted("", text) if found.group(2) == "L" else text)
    return "".join([*out, template[last:]])
