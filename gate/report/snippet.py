"""Source excerpts with the exact columns marked, after redaction and escaping have moved them."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace

from gate.model import Location
from gate.report.escape import COMMAND_ANYWHERE, visible
from gate.report.redact import REDACTED, secret_spans

_TAB = "    "
_CUT = "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """Lines (number, text) fit to be shown, and under the first one `mark` = (offset, width) in terminal cells."""

    lines: tuple[tuple[int, str], ...]
    mark: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class _Atom:
    """What the source columns `start` to `end` (exclusive) became; shown or cut away as a whole."""

    start: int
    end: int
    text: str

    @property
    def cells(self) -> int:
        return sum(map(_cells, self.text))


def excerpt(location: Location, *, width: int = 100, limit: int = 3) -> Excerpt | None:
    """The snippet of a location: at most `limit` lines of `width` cells, cut around the marked columns; or None.

    A snippet is either whole source lines from `line` on, in which the columns are marked, or only what stands between
    them (perhaps joined to one line), in which there is nothing to mark.
    """
    if not location.snippet or not location.snippet.strip():
        return None
    rows = _rows(location.snippet)
    first = rows[0][1]
    start = location.column if location.column and _holds_whole_lines(location) else 0
    one_line = location.end_line in (None, location.line)
    end = location.end_column if one_line and location.end_column else max((a.end for a in first), default=0)
    marked = [a for a in first if a.end > start and a.start < max(end, start + 1)] if start else []

    shown, mark = [], None
    for index, (offset, atoms) in enumerate(rows[:limit]):
        window = _window(atoms, marked[0] if marked and index == 0 else None, width)
        shown.append((location.line + offset, "".join(a.text for a in window).rstrip()))
        under = [a for a in window if marked[0].start <= a.start <= marked[-1].start] if marked and index == 0 else []
        if under:
            before = sum(a.cells for a in window[: window.index(under[0])])
            mark = (before, sum(a.cells for a in under))
    return Excerpt(lines=tuple(shown), mark=mark)


def _holds_whole_lines(location: Location) -> bool:
    """Whether columns count from the start of the snippet: it reaches to the last of them, or spans lines itself."""
    first, newline, _ = (location.snippet or "").partition("\n")
    if location.end_line not in (None, location.line):
        return bool(newline)
    return len(first) >= (location.end_column or (location.column or 0) + 1) - 1


def _rows(snippet: str) -> list[tuple[int, list[_Atom]]]:
    """The snippet's lines as (lines below the first, atoms). A secret that spans lines stands on its first line."""
    rows: list[tuple[int, list[_Atom]]] = [(0, [])]
    spans = iter((*secret_spans(snippet), (len(snippet) + 1, len(snippet) + 1)))
    secret_start, secret_end = next(spans)
    armed = {match.start() for match in COMMAND_ANYWHERE.finditer(snippet)}
    at = line_start = 0
    while at < len(snippet):
        column = at - line_start + 1
        if at == secret_start:
            inside = snippet[at:secret_end]
            rows[-1][1].append(_Atom(column, column + len(inside.split("\n")[0]), REDACTED))
            if "\n" in inside:
                rows.append((rows[-1][0] + inside.count("\n"), []))
                line_start = at + inside.rindex("\n") + 1
            at = secret_end
            secret_start, secret_end = next(spans)
            continue
        character = snippet[at]
        at += 1
        if character == "\n":
            rows.append((rows[-1][0] + 1, []))
            line_start = at
        elif character != "\r" or snippet[at : at + 1] != "\n":
            text = _TAB if character == "\t" else "\\u{23}" if at - 1 in armed else visible(character)
            rows[-1][1].append(_Atom(column, column + 1, text))
    for _, atoms in rows:
        _disarm(atoms)
    return [row for row in rows if row[1]] or [(0, [])]


def _disarm(atoms: list[_Atom]) -> None:
    """A snippet may be shown at the start of a line, where `::` would begin a runner command."""
    for index, atom in enumerate(atoms):
        if not atom.text.isspace():
            if atom.text == ":" and index + 1 < len(atoms) and atoms[index + 1].text == ":":
                atoms[index] = replace(atom, text="\\u{3a}")
            return


def _window(atoms: list[_Atom], around: _Atom | None, width: int) -> list[_Atom]:
    """As many atoms as fit into `width` cells, beginning a little before `around` if the line is longer."""
    if sum(a.cells for a in atoms) <= width:
        return atoms
    begin = 0
    if around is not None:
        begin, room = atoms.index(around), width // 3
        if sum(a.cells for a in atoms[: begin + 1]) <= width - width // 3:
            begin = 0
        while begin and room > 0:
            begin -= 1
            room -= atoms[begin].cells
    window = [_Atom(0, 0, _CUT)] if begin else []
    used = len(window) + 1
    for atom in atoms[begin:]:
        used += atom.cells
        if used > width:
            return [*window, _Atom(0, 0, _CUT)]
        window.append(atom)
    return window


def _cells(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
