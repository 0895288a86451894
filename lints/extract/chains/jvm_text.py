"""What a variable of Java or Kotlin holds where a call stands, read from the text before it.

A condition is put together over several statements: declared, narrowed under an `if`, collected in a list. It comes
back as one expression; a part that is there on some paths only is marked `MAYBE`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lints.patterns import regex

MAYBE = "__maybe__"
_WINDOW = 12_000
_MAX_TEXT = 4000
_MAX_DEPTH = 6
_MAX_READ = 300
_MAX_USES = 60
_TOKEN = regex(
    r"\"\"\"[\s\S]*?\"\"\"|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|//[^\n]*|/\*[\s\S]*?\*/|->|[(\[{]|[)\]}]|;|,|\n"
)
_CONDITION = regex(
    r"(?:org\.jooq\.)?(?:Condition|Predicate|BooleanExpression|BooleanBuilder|(?:Table)?Field<.*"
    r"|(?:Predicate)?Specification<.*|Expression<Boolean>|Op<Boolean>|Criteria)\??"
)
_LIST = regex(r"(?:Array|Linked|Mutable)?(?:List|Set|Collection)<\s*(.+?)\s*>\??|Predicate\[\]|Condition\[\]")
_EMPTY = regex(
    r"new\s+\w+(?:<[^()]*>)?\(\s*\d*\s*\)|(?:\w+\.)?(?:mutableListOf|arrayListOf|listOf|emptyList|newArrayList|of)(?:<[^()]*>)?\(\s*\)"
)
_LISTED = regex(
    r"(?:new\s+\w+<[^()]*>\(\s*)?(?:\w+\.)?(?:mutableListOf|arrayListOf|listOf|of|asList|newArrayList)(?:<[^()]*>)?\("
)
_LOADS = regex(
    r"\s*(?:await\s+)?(?:\w*(?:[rR]epo|[rR]epository|[mM]apper|[sS]ervice|[dD]ao|em|[mM]anager|this|super)(?:\(\))?\s*\.\s*)*"
    r"(?:find|get|select|load|fetch|query|require)(?:\w*(?:By|One|First|Last|List|All|OrThrow|OrElse\w*|Reference)\w*|)\("
)
_JOIN = regex(r"(?:\w*Join|Path|From)<")
_JOINED = regex(r"(?:\w+\s*\.\s*)+(?:\w*[jJ]oin|fetch)(?:<[^<>]{1,80}>)?\(")
"""Rows that a query of the Criteria API joins: `Join<Boat, Port> port = boat.join("port")`."""
_ROWS = regex(r"Root<\s*(?:\w+\.)*(\w+)\s*>")
_FROM = regex(r"[\w.]+\.from\(\s*(?:\w+\.)*(\w+)(?:\.class|::class(?:\.java)?)\s*\)")
ROWS = "__rows__"
"""Stands, with an entity behind it, for a variable that holds the rows a query is from: `Root<Boat> boat`."""
_NONE = regex(
    r"null|(?:\w+\.)?(?:noCondition|trueCondition|conjunction|unrestricted)\(\)|(?:Specification\.)?where\(null\)"
)
_GIVEN = regex(r"\s*(:[^=;\n]{1,80})?\s*(?:=(?!=)|;)")
_TYPED = regex(
    r"(?:^|[;{}(\n])\s*(?:(?:private|public|protected|static|final)\s+)*"
    r"(var|val|[A-Z][\w.]*(?:<[^;={}()]{1,80}>)?(?:\[\])?)\s+\Z"
)
_NAME = regex(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """How deep a condition is in others, and how many more may be read: what is hostile doubles at every step."""

    level: int = 0
    left: list[int] = field(default_factory=lambda: [_MAX_READ])

    def deeper(self) -> _Work:
        return _Work(level=self.level + 1, left=self.left)

    def spent(self) -> bool:
        self.left[0] -= 1
        return self.level > _MAX_DEPTH or self.left[0] < 0


def loaded(before: str, name: str) -> bool:
    """Whether a variable holds a row that was loaded in this method, under the key that it has there."""
    if not name.isidentifier():
        return False
    held: bool | None = None
    for found in re.finditer(rf"\b{name}\s*(?:=(?!=)|:(?=\s*\w+\s*\)\s*\{{))|\bfor\s*\([^();]*\b{name}\s+in\b", before):
        held = _LOADS.match(before, found.end()) is not None and is_open(before, found.end())
    if held and re.search(rf"\b{name}\.(?:setId\(|id\s*=[^=])", before) is None:
        return True
    each = re.search(rf"\bfor\s*\(\s*(?:final\s+)?(?:[\w<>]+\s+)?{name}\s*(?::|in\b)\s*(\w+)\s*\)", before)
    return each is not None and each.group(1) != name and loaded(before[: each.start()], each.group(1))


def before(source: bytes, at: int) -> str:
    """What stands before a place, as far back as a method is long."""
    return source[max(0, at - _WINDOW) : at].decode("utf-8", "replace")


def condition(text: str, around: str, work: _Work | None = None) -> str:
    """A condition with the variables in it as what they hold; `around` is the text before it."""
    work = work or _Work()
    if work.spent() or len(text) > _MAX_TEXT:
        return text
    block = _block(text)
    if block is not None:
        return _returned(block, around, work)
    out: list[str] = []
    position, listed = 0, False
    for found in _NAME.finditer(text):
        if found.start() < position or not _stands_alone(text, found):
            continue
        held = _held(found.group(), around, work)
        if held is None:
            continue
        if isinstance(held, list):
            spread = re.match(
                r"\s*\.\s*(?:toArray\((?:[^()]|\([^()]*\))*\)|toTypedArray\(\)|stream\(\)\s*\.\s*reduce\([^()]*\))",
                text[found.end() :],
            )
            listed = True
            out.append(text[position : found.start()].removesuffix("*"))
            out.append(", ".join(held) or "noCondition()")
            position = found.end() + (spread.end() if spread is not None else 0)
        elif (built := re.match(r"\s*\.\s*(?:getValue|build|value)\(\)", text[found.end() :])) is not None:
            out.append(text[position : found.start()] + held)
            position = found.end() + built.end()
        else:
            out.append(text[position : found.start()] + held)
            position = found.end()
    whole = "".join(out) + text[position:]
    if position == len(text) and len(out) == 2 and not out[0].strip():
        whole = f"and({out[1]})" if listed else whole
    return whole if len(whole) <= _MAX_TEXT else text


def table(text: str, around: str) -> str:
    """A table that a variable stands for, under the variable's name: `Boats b = BOATS.as("x")`."""
    if not text.isidentifier() or text.isupper():
        return text
    named = rf"\b{text}\s*=\s*((?:Tables\.)?[A-Z][A-Z0-9_]+)\b(?:\.`?as`?\([^()]*\))?\s*[;\n]"
    made = next(reversed(list(re.finditer(named, around))), None)
    return f'{made.group(1)}.as("{text}")' if made is not None else text


def returned(body: str) -> str | None:
    """What a function gives: the outcome of each `return`, any of which may be the one."""
    given = _returned(body, "", _Work())
    return given or None


def _block(text: str) -> str | None:
    """The statements of a lambda that has more than one."""
    found = re.match(r"\s*(?:\w+\s*(?:<[\w<>?, ]*>)?\s*)?\(?[\w\s,]*\)?\s*->\s*\{(.*)\}\s*$", text, re.DOTALL)
    if found is None:
        kotlin = re.match(
            r"\s*(?:\w*Specification\s*(?:<[\w<>?, ]*>)?\s*)?\{\s*\w+\s*,[\w\s,]*->(.*)\}\s*$", text, re.DOTALL
        )
        return kotlin.group(1) if kotlin is not None and "\n" in kotlin.group(1).strip() else None
    return found.group(1)


def _returned(body: str, around: str, work: _Work) -> str:
    given: list[str] = []
    nothing = False
    for found in re.finditer(r"\breturn(?:@\w+)?\b", body):
        end = statement(body, found.end())
        expression = body[found.end() : end].strip()
        if _NONE.fullmatch(expression) is not None:
            nothing = True
        elif expression:
            given.append(condition(expression, around + body[: found.start()], work.deeper()))
        if len(given) > 8:
            return "?"
    if not given and "return" not in body:
        last = body.rstrip().rpartition("\n")  # a lambda of Kotlin gives what stands in its last line
        given.append(condition(last[2].strip(), around + last[0] + "\n", work.deeper()))
    if not given:
        return "noCondition()" if nothing else ""
    whole = given[0] if len(given) == 1 else f"or({', '.join(given)})"
    return f"{MAYBE}and({whole})" if nothing else whole


def _stands_alone(text: str, found: re.Match[str]) -> bool:
    """Whether a word is a variable here: no property, no call, no name of an argument."""
    ahead = text[: found.start()].rstrip()[-2:]
    after = text[found.end() :].lstrip()[:1]
    return (
        not ahead.endswith((".", '"', "::", "->", "new"))
        and after not in {"(", '"'}
        and text.count('"', 0, found.start()) % 2 == 0
    )


def _held(name: str, around: str, work: _Work) -> str | list[str] | None:
    """The condition that a variable holds at the end of a text, or the ones that a list does."""
    found = _declaration(name, around)
    if found is None:
        return None
    start, kind, end, kotlin = found
    inferred = kind in {"var", "val"}
    first = ""
    if around[end - 1] == "=":
        begins, end = end, statement(around, end, kotlin=kotlin)
        first = around[begins:end].strip()
    if not is_open(around, start):
        return None
    if "oin" in (first or kind) and (_JOINED.match(first) or _JOIN.match(kind)):
        return condition(first, around[:end], work.deeper()) if _JOINED.match(first) else "unseen()"
    rows = _ROWS.fullmatch(kind) or (_FROM.fullmatch(first) if inferred and "from" in first else None)
    if rows is not None:
        return f"{ROWS}.{rows.group(1)}"
    listed = _LIST.fullmatch(kind)
    if listed is not None and (
        listed.group(1) is None or _CONDITION.fullmatch(listed.group(1).removeprefix("? extends ")) is not None
    ):
        return _listing(name, first, around, end, work)
    if inferred:
        if re.match(
            r"(?:mutableListOf|arrayListOf|listOf)<(?:Predicate|Condition|Specification|Op<Boolean>)|new\s+ArrayList<(?:Predicate|Condition)",
            first,
        ):
            return _listing(name, first, around, end, work)
        if _is_condition(first) is None:
            return None
    elif _CONDITION.fullmatch(kind) is None:
        return None
    return _grown(name, first, around, end, work)


def _declaration(name: str, around: str) -> tuple[int, str, int, bool] | None:
    """(place, type, end, whether a line may end it) of the last declaration of a variable."""
    at = len(around)
    while (at := around.rfind(name, 0, at)) > 0:
        ends = _GIVEN.match(around, at + len(name))
        said = _TYPED.search(around, max(0, at - 160), at) if ends is not None and around[at - 1] in " \t\n" else None
        if ends is not None and said is not None:
            kind = (ends.group(1) or said.group(1)).lstrip(": ").strip()
            return at, kind, ends.end(), said.group(1) in {"var", "val"}
    return None


def _is_condition(text: str) -> bool | None:
    """Whether an expression is one of a condition by what it is made of."""
    return (
        True
        if re.match(
            r"(?:DSL\.)?(?:noCondition|trueCondition|and|or|not)\(|(?:\w+\.)*(?:cb|\w*[bB]uilder)\.(?:equal|and|or|conjunction|isNull|like|in)\("
            r"|new\s+BooleanBuilder\(|(?:[A-Z]\w*\.){1,3}\w+\.(?:eq|in|isNull|and)\(|Specification\.|(?:\w+\.)*build\w*Condition\(|(?:DSL\.)?field\(.*\)\.eq\(",
            text,
            re.DOTALL,
        )
        else None
    )


def _grown(name: str, first: str, around: str, end: int, work: _Work) -> str | None:
    """What is made of a condition after it was declared."""
    held = (
        condition(first, around[:end], work.deeper())
        if first and first != "null" and not re.match(r"new\s+BooleanBuilder\(\s*\)", first)
        else "noCondition()"
        if first
        else ""
    )
    for at, rest, sometimes in uses(name, around, end):
        given = re.match(r"\s*=(?!=)\s*", rest)
        if given is not None:
            stop = statement(rest, given.end())
            expression = rest[given.end() : stop].strip()
            added = re.match(rf"{name}\s*(?:\?|!!)?\.\s*and\s*\(", expression)
            if (
                added is not None
                and expression.endswith(")")
                and closes(expression, added.end() - 1) == len(expression) - 1
            ):
                part = condition(expression[added.end() : -1], around[:at], work.deeper())
                held = _and(held, part, sometimes)
                continue
            before_it = f"and({held})" if held else "noCondition()"
            made = re.sub(rf"(?<![\w.]){name}(?!\w|\s*\()", before_it.replace("\\", r"\\"), expression)
            made = condition(made, around[:at], work.deeper())
            held = f"or({held}, {made})" if sometimes and held else made
            continue
        called = re.match(r"\s*(?:\?|!!)?\.\s*(and|or|not|andAnyOf)\s*\(", rest)
        if called is not None:
            stop = closes(rest, called.end() - 1)
            part = condition(rest[called.end() : stop], around[:at], work.deeper())
            if called.group(1) == "and":
                held = _and(held, part, sometimes)
            else:
                held = (
                    f"or({held or 'noCondition()'}, {part})"
                    if called.group(1) == "or"
                    else f"and({held or 'noCondition()'}, ?)"
                )
        if len(held) > _MAX_TEXT:
            return None
    handed = re.search(rf"[;{{}}]\s*(?:\w+\.)*\w+\((?:[^();]{{0,200}},\s*)?{name}\s*[,)]", around[end:])
    if held and "BooleanBuilder" in first and handed is not None:
        held = f"or({held}, ?)"  # what it is handed to can add to it
    return f"and({held})" if held else None


def _and(held: str, part: str, sometimes: bool) -> str:
    said = f"{MAYBE}and({part})" if sometimes else part
    return f"and({held}, {said})" if held and held != "noCondition()" else said


def _listing(name: str, first: str, around: str, end: int, work: _Work) -> list[str] | None:
    items: list[str] = []
    if first and _EMPTY.fullmatch(first) is None:
        given = _LISTED.match(first)
        if given is None:
            return None
        items.append(condition(first[given.end() : closes(first, given.end() - 1)], around[:end], work.deeper()))
    for at, rest, sometimes in uses(name, around, end):
        called = re.match(r"\s*(?:\.\s*(\w+)\s*\(|(\+=)\s*)", rest)
        if called is None:
            if re.match(r"\s*=(?!=)", rest):
                return None  # another list
            continue
        verb = called.group(1) or "add"
        if verb in {"add", "addFirst", "addLast", "addAll", "plus"}:
            stop = closes(rest, called.end() - 1) if called.group(1) else statement(rest, called.end())
            part = condition(rest[called.end() : stop].strip(), around[:at], work.deeper())
            items.append(f"{MAYBE}and({part})" if sometimes else part)
        elif verb in {"clear", "remove", "removeIf", "removeLast", "set", "replaceAll"}:
            return None
    return items


def uses(name: str, around: str, end: int) -> Iterator[tuple[int, str, bool]]:
    """(place, what follows, on some paths only) of each use of a variable after its declaration."""
    position = begins = end
    uses = list(re.finditer(rf"(?<![\w.]){name}(?!\w)", around[end:]))
    for found in uses[:_MAX_USES]:
        place = end + found.start()
        while (token := _TOKEN.search(around, position, place)) is not None:
            if token.group() in {";", "{", "}"}:
                begins = token.end()
            position = token.end()
        if position > place:
            continue  # in a string or a comment
        lead = around[begins:place].strip()
        branch = re.match(r"(?:else\s+)?(?:if|for|while|when)\s*\(|else\b|.*->", lead, re.DOTALL)
        if branch is not None:
            opens = branch.end() - 1
            lead = lead[(closes(lead, opens) + 1 if lead[opens] == "(" else branch.end()) :].strip()
        if lead == "" or lead.rpartition("\n")[2].strip() == "":
            yield place, around[found.end() + end :], branch is not None or not is_open(around, place)
    if len(uses) > _MAX_USES:
        yield len(around), " = ?;", False  # more than is read: nobody knows what it holds


def statement(text: str, start: int, *, kotlin: bool = True) -> int:
    """Where the expression that begins at a place ends: at a semicolon, or with a line that does not go on."""
    depth = 0
    for token in _TOKEN.finditer(text, start):
        piece = token.group()
        if piece in {"(", "[", "{"}:
            depth += 1
        elif piece in {")", "]", "}"}:
            depth -= 1
            if depth < 0:
                return token.start()
        elif piece == ";" and depth == 0:
            return token.start()
        elif piece == "\n" and depth == 0 and kotlin and text[start : token.start()].strip():
            following = text[token.end() :].lstrip()[:2]
            if not following.startswith((".", "?.", "&&", "||", "?", ":", "+")) and text[: token.start()].rstrip()[
                -1:
            ] not in {"=", "(", ",", "+", "?", ":", "."}:
                return token.start()
    return len(text)


def closes(text: str, start: int) -> int:
    """Where the bracket at a place is closed."""
    depth = 0
    for token in _TOKEN.finditer(text, start):
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(token.group(), 0)
        if depth == 0 and token.group() in {")", "]", "}"}:
            return token.start()
    return len(text)


def arguments(text: str) -> list[str]:
    """The parts of a text between the commas that stand in no bracket and no string."""
    depth, start, found = 0, 0, list[str]()
    for token in _TOKEN.finditer(text):
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(token.group(), 0)
        if token.group() == "," and depth == 0:
            found.append(text[start : token.start()])
            start = token.end()
    return [part for part in (*found, text[start:]) if part.strip()]


def is_open(text: str, start: int) -> bool:
    """Whether the block in which a place stands is still open at the end of a text."""
    depth = 0
    for token in _TOKEN.finditer(text, start):
        depth += {"{": 1, "}": -1}.get(token.group(), 0)
        if depth < 0:
            return False
    return True
