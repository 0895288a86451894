"""What is bound to a statement after it was prepared: by calls on what holds it, or where it is run."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lints.extract.ir import Invoke
from lints.extract.recorder import Recorder
from lints.extract.sqltext import names
from lints.patterns import regex

PREPARES = names("prepare prepareStatement Prepare PrepareContext Preparex PreparexContext mysqli_prepare")
_HELD = regex(r"(\$?[\w.>-]*\w)(?:\s*,\s*\w+)?\s*:?=\s*(?:await\s+)?[^;=\n]*\Z")
_CALLED = r"\s*(?:->|\.)\s*(\w+)\s*\("
_NEXT = regex(rf"\s*(?:\n\s*)?{_CALLED}")
_RUN = names("execute executeQuery executeStatement get all run iterate values pluck query exec")
_GO_RUN = names(
    "Query QueryRow Exec QueryContext QueryRowContext ExecContext Get Select GetContext SelectContext Queryx"
)
_NOT_VALUE = regex(r"(?:\w*[cC]tx|context\.\w+\(\)|r\.Context\(\)|&\w+)\Z")
_BINDS = regex(r"bind(?:Value|Param)?|set(?:String|Long|Int|Object|Short|Date|Timestamp|BigDecimal|Boolean|UUID)")
_NAMED = regex(r"""['"]:?(\w+)['"]\s*(?:=>|:)\s*(.+)""", re.DOTALL)
_ARRAY = regex(r"(?:array\s*\(|\[)(.*)[\])]", re.DOTALL)
_CONVERTED = regex(r"\((?:int|string)\)\s*|(?:intval|strval|absint)\((.*)\)\Z")
_BY_REFERENCE = frozenset({"bindParam", "bind_param", "mysqli_stmt_bind_param"})
_MAX_BEFORE, _MAX_AFTER, _MAX_CALLS = 200, 3000, 40


def bound(notes: Recorder, call: Invoke) -> list[str]:
    """The values of a statement that a call prepares, as arguments of that call are written: one list, or one
    `'name' => value` for each."""
    source = notes.source
    before = source[max(0, call.span[0] - _MAX_BEFORE) : call.span[0]].decode("utf-8", "replace")
    after = source[call.span[1] : call.span[1] + _MAX_AFTER].decode("utf-8", "replace")
    held = _HELD.search(before)
    placed: dict[int, str] = {}
    named: dict[str, str] = {}
    for method, given in _calls(held.group(1) if held is not None else "", after):
        first = given[0] if given else ""
        if method in _BY_REFERENCE:  # as its variable stands when the statement is run
            given = [given[0], *(_at_run(value, after) for value in given[1:])] if given else given
        if method == "bind_param" or method == "mysqli_stmt_bind_param":
            placed |= dict(enumerate(given[1:]))
        elif _BINDS.fullmatch(method) and len(given) > 1:
            name = re.fullmatch(r"""['"]:?(\w+)['"]""", first)
            if name is not None:
                named[name.group(1)] = given[1]
            elif first.isdigit():
                placed[int(first) - 1] = given[1]
            elif method == "bind":
                placed |= dict(enumerate(given))
        elif method in _RUN or method in _GO_RUN:
            _run(
                _written(first, source[max(0, call.span[0] - _MAX_AFTER) : call.span[1] + _MAX_AFTER]),
                given,
                placed,
                named,
            )
            break
    values = [f"'{name}' => {_plain(value)}" for name, value in named.items()]
    if placed and not values:
        values = [f"[{', '.join(_plain(placed.get(at, 'null')) for at in range(max(placed) + 1))}]"]
    return [value[:400] for value in values]


def _at_run(value: str, after: str) -> str:
    if re.fullmatch(r"\$\w+", value) is None:
        return value
    until = after.partition("->execute(")[0]
    found = re.findall(rf"{re.escape(value)}\s*=(?![=>])\s*([^;\n]{{1,200}});", until)
    return found[-1].strip() if found else value


def _written(first: str, around: bytes) -> str:
    """An array of PHP as it is written where a variable was last set to it: `$params = ['id' => $id]`."""
    if re.fullmatch(r"\$\w+", first) is None:
        named = re.fullmatch(r"compact\((.*)\)", first, re.DOTALL)
        listed = re.findall(r"\w+", named.group(1)) if named is not None else []
        return "[" + ", ".join(f"'{name}' => ${name}" for name in listed) + "]" if named is not None else first
    text = around.decode("utf-8", "replace")
    places = list(re.finditer(rf"{re.escape(first)}\s*=\s*(?:\[|array\s*\()", text))
    if len(places) != 1 or re.search(rf"{re.escape(first)}\[[^\]]*\]\s*=(?!=)", text) is not None:
        return first
    items, _ = _split(text[places[0].end() :])
    return f"[{', '.join(items)}]"


def _run(first: str, given: list[str], placed: dict[int, str], named: dict[str, str]) -> None:
    listed = _ARRAY.fullmatch(first)
    if listed is None:
        if not first.startswith("$"):  # each by itself, as Go and JavaScript give them
            placed |= dict(enumerate(value for value in given if _NOT_VALUE.match(value) is None))
        return
    for at, item in enumerate(_split(listed.group(1))[0]):
        pair = _NAMED.fullmatch(item)
        if pair is not None:
            named[pair.group(1)] = pair.group(2)
        else:
            placed[at] = item


def _calls(held: str, after: str) -> Iterator[tuple[str, list[str]]]:
    """The calls that follow in the statement itself, then those on what holds it, until that holds something else."""
    end = 0
    while (found := _NEXT.match(after, end)) is not None:
        given, end = _split(after[found.end() :], found.end())
        yield found.group(1), given
    if not held:
        return
    name = re.escape(held)
    later = re.compile(
        rf"(?<![\w$>.]){name}{_CALLED}|(?<![\w$>.]){name}\s*:?=(?![=>])|\b(mysqli_stmt_bind_param)\(\s*{name}\s*,"
        r"|\n(?:func|\s*(?:public|private|protected)) "
    )
    for _ in range(_MAX_CALLS):
        found = later.search(after, end)
        if found is None or found.lastindex is None:
            return
        given, end = _split(after[found.end() :], found.end())
        yield found.group(found.lastindex), given


def _split(text: str, offset: int = 0) -> tuple[list[str], int]:
    """The arguments in front of the parenthesis that closes a call, and where that ends."""
    out: list[str] = []
    depth = start = 0
    quote = ""
    for at, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote and text[at - 1] != "\\" else quote
        elif letter in "'\"`":
            quote = letter
        elif letter in "([{":
            depth += 1
        elif letter in ")]}" and depth:
            depth -= 1
        elif letter in ")]},;" and not depth:
            out.append(text[start:at].strip())
            start = at + 1
            if letter != ",":
                return [one for one in out if one], offset + at + 1
    return [*out, text[start:].strip()] if text[start:].strip() else out, offset + len(text)


def _plain(value: str) -> str:
    """A value without what only changes its type."""
    found = _CONVERTED.match(value)
    if found is None:
        return " ".join(value.split())
    return " ".join((found.group(1) or value[found.end() :]).split())
