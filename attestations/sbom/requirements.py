"""Requirements files (the format of pip) as manifests: pins, hashes, includes, constraints and `via` notes.

A file in which every requirement is pinned is a lock; the others must be resolved by one.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from attestations.sbom.documents import text_of
from attestations.sbom.inventory import Occurrence, Problem, Scope, UnreadableError, hash_of, quoted
from attestations.sbom.python import Entry, Manifest, Need, canonical, need_of, pinned
from attestations.sbom.references import ARCHIVES, Origin, direct_origin, public_url, python_archive, within

_COMMENT = re.compile(r"(?:^|(?<=\s))#.*$")
_OPTIONS = re.compile(r"\s(?=--?[A-Za-z])")
_INCLUDE = re.compile(r"(-r|--requirement|-c|--constraint)(?:\s*=\s*|\s+|(?<=-[rc]))(\S.*)")
_EDITABLE = re.compile(r"(?:-e\s*|--editable(?:\s*=\s*|\s+))(\S.*)")
_HASH = re.compile(r"--hash(?:=|\s+)([A-Za-z0-9_]+):([0-9A-Fa-f]+)")
_FILE_OPTIONS = re.compile(
    r"(?:-i|--index-url|--pypi-url|--extra-index-url|--no-index|-f|--find-links|--no-binary|--only-binary"
    r"|--prefer-binary|--require-hashes|--pre|--trusted-host|--use-feature|--no-emit-index-url)(?:[=\s].*)?"
)
_PACKAGE_OPTIONS = re.compile(r"--(?:config-settings?|global-option|install-option)(?:=|\s+)\S.*|-C\s*\S.*")
_VARIABLE = re.compile(r"\$\{[A-Z0-9_]+\}")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://", re.ASCII)
_EGG = re.compile(r"(?:^|&)egg=([^&\[]+)")
_EXTRAS_TAIL = re.compile(r"\[([A-Za-z0-9._,\s-]*)\]$")
_MAX_DEPTH = 32
_GROUP = ":"


@dataclass(slots=True)
class _Line:
    number: int
    text: str
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Reading:
    """What has been gathered from one file and the files it includes."""

    files: Mapping[str, bytes]
    home: str
    entries: list[Entry] = field(default_factory=list)
    needs: list[tuple[str, Need]] = field(default_factory=list)
    constraints: dict[str, tuple[str, Occurrence]] = field(default_factory=dict)
    via: dict[str, list[str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    seen: set[tuple[str, bool]] = field(default_factory=set)


def home_of(path: str) -> str:
    """The project that a requirements file belongs to: its directory, or the one above a `requirements/` directory."""
    directory = posixpath.dirname(path)
    return posixpath.dirname(directory) if posixpath.basename(directory) == "requirements" else directory


def includes(path: str, data: bytes) -> frozenset[str]:
    """The files that it includes with `-r`, as paths of the tree; nothing if it can't be read."""
    found = set()
    try:
        for line in _lines(text_of(data)):
            match = _INCLUDE.fullmatch(line.text)
            if match and match[1] in ("-r", "--requirement"):
                found.add(within(posixpath.dirname(path), match[2].strip()))
    except UnreadableError:
        pass  # reading it for its content says so
    return frozenset(found)


def read(path: str, files: Mapping[str, bytes]) -> Manifest:
    """One requirements file with everything it includes; what it can't say stands in `problems`."""
    reading = _Reading(files, home_of(path))
    _file(path, reading, constraint=False, depth=0)
    for where, need in reading.needs:
        constraint = reading.constraints.get(need.name)
        if constraint is not None:
            occurrence = Occurrence(path=where, line=need.line or 0)
            reading.entries.append(
                Entry(id=f"{where}:{need.line}", name=need.name, version=constraint[0], occurrence=occurrence)
            )
    needs = tuple(need for _, need in reading.needs if need.name not in reading.constraints)
    entries, direct = _graph(reading)
    hashed = bool(entries) and all(e.hashes for e in entries if e.local is None)
    return Manifest(
        path=path,
        home=reading.home,
        entries=entries,
        direct=direct,
        needs=needs,
        closed=not entries or hashed or all(e.needs is not None for e in entries if e.local is None),
        problems=tuple(reading.problems),
    )


def _lines(text: str) -> list[_Line]:
    """Logical lines: continuations joined, comments taken off. Notes are the comments on a line or right under it."""
    logical: list[_Line] = []
    start = 0
    parts: list[str] = []
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.rstrip("\r")
        stripped = line.strip()
        if stripped.startswith("#"):
            if parts:
                logical.append(_Line(start, " ".join(parts)))
                parts = []
            if logical:
                logical[-1].notes.append(stripped[1:].strip())
            continue
        if not parts:
            start = number
        continued = line.endswith("\\")
        body = line[:-1] if continued else line
        comment = _COMMENT.search(body)
        parts.append(_COMMENT.sub("", body).strip())
        if continued and not comment:
            continue
        logical.append(_Line(start, " ".join(p for p in parts if p)))
        if comment:
            logical[-1].notes.append(comment[0].lstrip("#").strip())
        parts = []
    if parts:
        logical.append(_Line(start, " ".join(p for p in parts if p)))
    return logical


def _file(path: str, reading: _Reading, *, constraint: bool, depth: int) -> None:
    if (path, constraint) in reading.seen:
        return
    reading.seen.add((path, constraint))
    try:
        lines = _lines(text_of(reading.files[path]))
    except UnreadableError as error:
        reading.problems.append(Problem(path=path, reason=error.reason, line=error.line))
        return
    for line in lines:
        if not line.text:
            continue
        try:
            _line(path, line, reading, constraint=constraint, depth=depth)
        except UnreadableError as error:
            reading.problems.append(Problem(path=path, reason=error.reason, line=error.line or line.number))


def _line(path: str, line: _Line, reading: _Reading, *, constraint: bool, depth: int) -> None:
    if include := _INCLUDE.fullmatch(line.text):
        _include(path, include[2].strip(), reading, constraint=constraint or "c" in include[1][:4], depth=depth)
        return
    if line.text.startswith("-") and _FILE_OPTIONS.fullmatch(line.text):
        return
    editable = _EDITABLE.fullmatch(line.text)
    if line.text.startswith("-") and not editable:
        raise UnreadableError(f"option {quoted(line.text.split('=')[0].split()[0], 40)} is not known")
    requirement, *options = _OPTIONS.split(editable[1] if editable else line.text)
    requirement = requirement.strip()
    hashes = set()
    for option in options:
        if match := _HASH.fullmatch(option.strip()):
            hashes.add(hash_of(match[1], match[2]))
        elif not _PACKAGE_OPTIONS.fullmatch(option.strip()):
            raise UnreadableError(f"option {quoted(option, 40)} is not known")
    variable = _VARIABLE.search(_without_login(requirement))
    if variable:
        raise UnreadableError(f"depends on the environment variable {variable[0]}")
    occurrence = Occurrence(path=path, line=line.number)
    entry, need = _requirement(requirement, occurrence, reading)
    if constraint:
        version = pinned(need.specifier) if need else None
        if need and version:
            reading.constraints[need.name] = (version, occurrence)
        return
    if entry is not None:
        reading.entries.append(_with_hashes(entry, hashes))
        reading.via.setdefault(entry.id, []).extend(line.notes)
    elif need is not None:
        reading.needs.append((path, need))


def _requirement(text: str, occurrence: Occurrence, reading: _Reading) -> tuple[Entry | None, Need | None]:
    identity = f"{occurrence.path}:{occurrence.line}"
    bare = text.split(" ;")[0].strip()
    if "@" not in bare.split("://")[0] and _URL.match(bare):
        return _url(bare, occurrence), None
    place = _EXTRAS_TAIL.sub("", bare).strip()
    first = place.partition("/")[0]
    looks_local = place.startswith((".", "file:")) or place.endswith(ARCHIVES) or first != place
    if looks_local and "@" not in first and "://" not in place:
        return _path(place, occurrence, reading), None
    need = need_of(text, line=occurrence.line)
    if need.url is not None:
        if need.url.startswith("file:"):
            return _path(need.url.removeprefix("file://"), occurrence, reading), None
        origin = direct_origin(need.url, need.name)
        return _entry(occurrence, need.name, origin), need
    version = pinned(need.specifier)
    if version is None:
        return None, need
    return Entry(id=identity, name=need.name, version=version, occurrence=occurrence), need


def _url(url: str, occurrence: Occurrence) -> Entry:
    egg = _EGG.search(url.partition("#")[2])
    archive = python_archive(url)
    if not egg and not archive:
        raise UnreadableError(f"{quoted(public_url(url) or 'a URL', 80)} names no package: write `name @ URL`")
    name = canonical(egg[1] if egg else archive[0] if archive else "")
    return _entry(occurrence, name, direct_origin(url, name))


def _entry(occurrence: Occurrence, name: str, origin: Origin) -> Entry:
    identity = f"{occurrence.path}:{occurrence.line}"
    return Entry(id=identity, name=name, version=origin.version, origin=origin, occurrence=occurrence)


def _path(text: str, occurrence: Occurrence, reading: _Reading) -> Entry:
    """A directory of the tree is a project of it; an archive in the tree is a package with a known content."""
    target = within(posixpath.dirname(occurrence.path), text.removeprefix("file:"))
    identity = f"{occurrence.path}:{occurrence.line}"
    if not target.endswith(ARCHIVES):
        name = posixpath.basename(target) or "."
        return Entry(id=identity, name=name, local=target, occurrence=occurrence)
    archive = python_archive(target)
    if archive is None:
        raise UnreadableError(f"{quoted(target, 80)} is not named like a package archive")
    data = reading.files.get(target)
    return Entry(
        id=identity,
        name=archive[0],
        version=archive[1],
        hashes=frozenset() if data is None else frozenset({("SHA-256", hashlib.sha256(data).hexdigest())}),
        occurrence=occurrence,
    )


def _include(path: str, target: str, reading: _Reading, *, constraint: bool, depth: int) -> None:
    if _URL.match(target):
        raise UnreadableError(f"includes {quoted(public_url(target) or 'a URL', 80)}, which is not in the tree")
    place = within(posixpath.dirname(path), target)
    if place not in reading.files:
        raise UnreadableError(f"includes {quoted(place, 80)}, which is not in the tree")
    if depth >= _MAX_DEPTH:
        raise UnreadableError(f"includes nested deeper than {_MAX_DEPTH}")
    _file(place, reading, constraint=constraint, depth=depth + 1)


def _graph(reading: _Reading) -> tuple[tuple[Entry, ...], dict[str, Scope]]:
    """Dependencies from the `via` notes that pip-compile and uv write, if every entry has them; else all are direct."""
    wanted_by = {e.id: _via(reading.via.get(e.id, ())) for e in reading.entries}
    if not all(wanted_by[e.id] for e in reading.entries if e.local is None):
        return tuple(reading.entries), dict.fromkeys((e.id for e in reading.entries), Scope.REQUIRED)
    names = {e.name for e in reading.entries}
    direct: dict[str, Scope] = {}
    needs: dict[str, list[Need]] = {name: [] for name in names}
    for entry in reading.entries:
        parents = wanted_by[entry.id]
        inside = [p for p in parents if p in names and p != entry.name]
        for parent in inside:
            needs[parent].append(Need(name=entry.name, text=entry.name))
        outside = [p for p in parents if p not in inside]
        if outside or not inside:
            only_groups = bool(outside) and all(p == _GROUP for p in outside)
            direct[entry.id] = Scope.EXCLUDED if only_groups else Scope.REQUIRED
    entries = tuple(
        e if e.local is not None else _with_needs(e, tuple(sorted(set(needs[e.name]), key=lambda n: n.name)))
        for e in reading.entries
    )
    return entries, direct


def _via(notes: list[str] | tuple[str, ...]) -> list[str]:
    """Names that a `via` note gives; `-r x.in` and `name (pyproject.toml)` are `.`, with a dependency group `:`."""
    found: list[str] = []
    started = False
    for note in notes:
        text = note
        if not started:
            if not (note == "via" or note.startswith("via ")):
                continue
            started, text = True, note[3:]
        elif not note:
            break
        for item in re.split(r",\s+", text.strip()):
            if not item or item.startswith(("-c ", "--constraint")):
                continue
            try:
                found.append(canonical(_EXTRAS_TAIL.sub("", item)))
            except UnreadableError:
                found.append(_GROUP if item.endswith(")") and "pyproject.toml:" in item else ".")
    return found


def _with_hashes(entry: Entry, hashes: set[tuple[str, str]]) -> Entry:
    return replace(entry, hashes=entry.hashes | hashes) if hashes else entry


def _with_needs(entry: Entry, needs: tuple[Need, ...]) -> Entry:
    return replace(entry, needs=needs)


def _without_login(text: str) -> str:
    """The requirement without what stands before an `@` in a URL: a token there is not part of what is installed."""
    return re.sub(r"://[^/@\s]*@", "://", text)
