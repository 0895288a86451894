"""Templates of StringTemplate as the statements they stand for, in every group that takes them over."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from lints.extract.facts import Statement
from lints.extract.place import place
from lints.extract.values import Gap, Lit, Segment
from lints.patterns import regex
from lints.schema.facts import Entity

MAX_GROUPS, MAX_VARIANTS = 64, 96
_MAX_DEPTH, _MAX_TEXT = 24, 60_000
_TOKEN = regex(r"\\(?P<escaped>.)|<(?P<code>(?:[^<>\"\\{]|\"[^\"\n]*\"|\{[^{}]{0,2000}\}){1,600})>", re.DOTALL)
_TABLE = regex(r"\b(?:from|join|into|update)\s*\Z", re.IGNORECASE)
_CALL = regex(r"(?:super\.)?([\w./]+)\s*\((.*)\)", re.DOTALL)
_NAME = regex(r"[\w.]+")
Group = Mapping[str, tuple[tuple[str, ...], str]]


class Groups:
    """The groups of a project: which takes over which, and what its templates are then."""

    def __init__(self, groups: Mapping[str, Entity]) -> None:
        self.groups = groups
        self.above = {path: self._imported(path, entity) for path, entity in groups.items()}
        self._known: dict[str, Group] = {}

    def _imported(self, path: str, entity: Entity) -> tuple[str, ...]:
        """The groups that one imports, by the end of their paths."""
        found: list[str] = []
        for name in entity.relations:
            wanted = name.replace(".", "/") if "/" not in name and not name.endswith(".stg") else name
            ends = [other for other in sorted(self.groups) if other != path and _ends(other, wanted)]
            found += ends[:1]
        return tuple(found)

    def variants(self, statement: Statement) -> tuple[str, ...]:
        """The texts of a template: for each group that takes it over as it stands, or for its own."""
        name = statement.call.method if statement.call is not None else ""
        users = [path for path in sorted(self.groups) if self._takes(path, statement.path, name)][:MAX_GROUPS]
        out: list[str] = []
        for path in users or [statement.path]:
            for holds in (True, False):
                way = _Expansion(self._seen(path), holds)
                text = way.statement(statement.sql)
                if text not in out and not way.nowhere:
                    out.append(text)
                if not way.undecided:
                    break
        return tuple(out[:MAX_VARIANTS]) or (statement.sql,)

    def _takes(self, path: str, base: str, name: str) -> bool:
        """Whether a group gets a template from another, and has none of that name itself."""
        return path != base and base in self._line(path)[1:] and not self._overridden(path, base, name)

    def _overridden(self, path: str, base: str, name: str) -> bool:
        line = self._line(path)
        return any(name in self.groups[group].columns for group in line[: line.index(base)])

    def _line(self, path: str) -> list[str]:
        """A group and what it imports, nearest first."""
        out: list[str] = []
        todo = [path]
        while todo and len(out) < 20:
            top = todo.pop(0)
            if top not in out and top in self.groups:
                out.append(top)
                todo += self.above.get(top, ())
        return out

    def _seen(self, path: str) -> Group:
        """The templates that a group sees; its own before those it imports."""
        if path in self._known:
            return self._known[path]
        found: dict[str, tuple[tuple[str, ...], str]] = {}
        for group in self._line(path):
            for name, held in self.groups[group].columns.items():
                given, _, body = held.partition("\n")
                found.setdefault(name, (tuple(given.split()), body))
        self._known[path] = found
        return found


def _ends(path: str, wanted: str) -> bool:
    wanted = wanted.lstrip("/")
    return f"/{path}".endswith(f"/{wanted}") or f"/{path}".endswith((f"/{wanted}.sql.stg", f"/{wanted}.stg"))


class _Expansion:
    """One way through the conditions of templates: what can't be decided holds, or does not."""

    def __init__(self, group: Group, holds: bool) -> None:
        self.group = group
        self.holds = holds
        self.size = 0
        self.undecided = False
        self.nowhere = False
        """It asks for the rows of a table that this group does not name: nobody can run it."""

    def statement(self, body: str) -> str:
        return place(list(self.expanded(body, {}, 0)))[0].strip().rstrip(";")

    def expanded(self, body: str, given: Mapping[str, Sequence[Segment]], depth: int) -> Iterator[Segment]:
        """The segments of a body; `given` are the values of its parameters."""
        position = 0
        shown = [True]
        decided = [True]
        before = ""
        for token in _TOKEN.finditer(body):
            if self.size > _MAX_TEXT or depth > _MAX_DEPTH:
                return
            if all(shown) and token.start() > position:
                before = body[position : token.start()]
                self.size += len(before)
                yield Lit(before, (0, 0))
            position = token.end()
            code = (token.group("code") or "").strip()
            if token.group("escaped") is not None:
                if all(shown):
                    yield Lit(token.group("escaped"), (0, 0))
            elif code.startswith(("if(", "if (")):
                shown.append(self._condition(code, given, depth))
                decided.append(shown[-1])
            elif code.startswith("elseif") and len(shown) > 1:
                shown[-1] = not decided[-1] and self._condition(code, given, depth)
                decided[-1] = decided[-1] or shown[-1]
            elif code == "else" and len(shown) > 1:
                shown[-1] = not decided[-1]
            elif code == "endif" and len(shown) > 1:
                shown.pop()
                decided.pop()
            elif all(shown) and not code.startswith("!"):
                yield from self._code(code, given, before, depth)
                before = ""
        if position < len(body):
            self.size += len(body) - position
            yield Lit(body[position:], (0, 0))

    def _condition(self, code: str, given: Mapping[str, Sequence[Segment]], depth: int) -> bool:
        inner = code.partition("(")[2].rpartition(")")[0].strip()
        negated = inner.startswith("!")
        inner = inner.lstrip("! ")
        if _CALL.fullmatch(inner) is not None or inner in given:
            text = "".join(s.text if isinstance(s, Lit) else "?" for s in self._code(inner, given, "", depth + 1))
            return bool(text.strip()) != negated
        self.undecided = True
        return self.holds

    def _code(self, code: str, given: Mapping[str, Sequence[Segment]], before: str, depth: int) -> Iterator[Segment]:
        """`prefix`, `tableName()`, `CHECK("t.")`; what else there is, or is given at run time, is a gap."""
        self.size += 10
        if _NAME.fullmatch(code) is not None:
            if code in given:
                yield from given[code]
            else:
                listed = re.search(r"\bin\s*\(\s*\Z", before[-40:], re.IGNORECASE) is not None
                yield Gap(code, (0, 0), bound=listed)
            return
        called = _CALL.fullmatch(code)
        template = self.group.get(called.group(1).rpartition("/")[2]) if called is not None else None
        if called is None or template is None or depth > _MAX_DEPTH:
            yield Gap(code[:80], (0, 0))
            return
        values = [list(self._value(part, given, depth)) for part in _split(called.group(2))]
        names, body = template
        told: dict[str, Sequence[Segment]] = dict(zip(names, values, strict=False))
        unset: dict[str, Sequence[Segment]] = dict.fromkeys(names, ())  # renders as nothing
        made = list(self.expanded(body, {**given, **unset, **told}, depth + 1))
        if _TABLE.search(before[-40:]) and not any(isinstance(s, Gap) or s.text.strip() for s in made):
            self.nowhere = True
        yield from made

    def _value(self, text: str, given: Mapping[str, Sequence[Segment]], depth: int) -> Iterator[Segment]:
        stated = re.fullmatch(r"\"([^\"\n]*)\"", text)
        if stated is not None:
            yield Lit(stated.group(1), (0, 0))
        else:
            yield from self._code(text.partition("=")[2].strip() or text, given, "", depth + 1)


def _split(text: str) -> list[str]:
    out: list[str] = []
    depth, start, quoted = 0, 0, False
    for position, letter in enumerate(text):
        quoted ^= letter == '"'
        depth += {"(": 1, ")": -1}.get(letter, 0) * (not quoted)
        if letter == "," and depth == 0 and not quoted:
            out.append(text[start:position].strip())
            start = position + 1
    out.append(text[start:].strip())
    return [part for part in out if part]
