"""Python manifests joined: what projects need is looked up in what locks hold, extras and all."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from attestations.sbom.inventory import (
    Node,
    Occurrence,
    Problem,
    Scope,
    UnreadableError,
    checked_version,
    plain,
    purl_of,
    quoted,
)
from attestations.sbom.licences import Licence
from attestations.sbom.references import INDEX, Origin, direct_origin

_MAX_VERSIONS = 100
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,212}[A-Za-z0-9])?")
_SEPARATORS = re.compile(r"[-_.]+")
_EXTRA_MARKER = re.compile(r"""\bextra\s*={2,3}\s*(['"])([A-Za-z0-9._-]+)\1""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One dependency as written. `specifier` is PEP 440, or None if it is in another language (Poetry's `^1.2`).

    A `conditional` one has a marker, so that a lock may rightly leave it out. `url` is its direct reference, if any.
    """

    name: str
    specifier: str | None = ""
    extras: frozenset[str] = frozenset()
    conditional: bool = False
    scope: Scope = Scope.REQUIRED
    line: int | None = None
    text: str = ""
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One package that a manifest pins. `needs` is None if the manifest does not say what the package depends on.

    `extra_needs` come on top for every extra that somebody asks for. `local` is the directory of a project of the tree.
    """

    id: str
    name: str
    version: str | None = None
    origin: Origin = INDEX
    local: str | None = None
    hashes: frozenset[tuple[str, str]] = frozenset()
    occurrence: Occurrence
    needs: tuple[Need, ...] | None = None
    extra_needs: Mapping[str, tuple[Need, ...]] = field(default_factory=dict)
    hint: Scope = Scope.REQUIRED


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What one file says about the project in the directory `home`.

    `direct` are ids of entries that the project itself depends on; `needs` are still to be looked up in locks.
    `lock`: its entries are what others' needs may be looked up in. `closed`: every dependency of an entry is an entry
    too. `dynamic` says what only running code could tell.
    """

    path: str
    home: str
    entries: tuple[Entry, ...] = ()
    direct: Mapping[str, Scope] = field(default_factory=dict)
    needs: tuple[Need, ...] = ()
    name: str | None = None
    version: str | None = None
    licences: tuple[Licence, ...] = ()
    lock: bool = True
    closed: bool = True
    dynamic: str | None = None
    problems: tuple[Problem, ...] = ()


def canonical(name: str) -> str:
    """The normalised name (PyPA name normalisation); raises UnreadableError if it is not a package name."""
    if not _NAME.fullmatch(name):
        raise UnreadableError(f"{quoted(name, 60)} is not a package name")
    return _SEPARATORS.sub("-", name).lower()


def need_of(text: str, *, scope: Scope = Scope.REQUIRED, line: int | None = None) -> Need:
    """A PEP 508 requirement; raises UnreadableError."""
    from packaging.requirements import InvalidRequirement, Requirement

    if len(text) > 4096:
        raise UnreadableError("a requirement of more than 4096 characters", line)
    try:
        parsed = Requirement(text)
    except (InvalidRequirement, RecursionError):
        raise UnreadableError(f"{quoted(text, 60)} is not a requirement (PEP 508)", line) from None
    return Need(
        name=canonical(parsed.name),
        specifier=str(parsed.specifier),
        extras=frozenset(canonical(extra) for extra in parsed.extras),
        conditional=parsed.marker is not None,
        scope=scope,
        line=line,
        text=text,
        url=parsed.url,
    )


def extras_of(marker: str) -> frozenset[str]:
    """The extras that a marker asks for (`extra == "socks"`)."""
    return frozenset(_SEPARATORS.sub("-", m[2]).lower() for m in _EXTRA_MARKER.finditer(marker))


def pinned(specifier: str | None) -> str | None:
    """The one version that a specifier allows, or None."""
    clauses = (specifier or "").split(",")
    if len(clauses) != 1 or not clauses[0].startswith("=="):
        return None
    version = clauses[0].lstrip("=").strip()
    return None if not version or version.endswith(".*") else _normal(version)


def link(manifests: Sequence[Manifest]) -> tuple[list[Node], list[Problem], bool]:
    """The graph of all Python manifests of the tree, what could not be resolved, and whether it is closed.

    A need is looked up in the locks of its project's directory, then of those above. Where there is no lock at all a
    pin (`==`, or a URL that can't move) stands for itself, and the graph is not closed.
    """
    problems = [problem for manifest in manifests for problem in manifest.problems]
    manifests = [_bounded(manifest, problems) for manifest in manifests]
    by_home: dict[str, list[_Held]] = {}
    held: dict[str, list[_Held]] = {}
    for manifest in manifests:
        for entry in manifest.entries:
            item = _Held(manifest, entry)
            held.setdefault(manifest.path, []).append(item)
            if manifest.lock:
                by_home.setdefault(manifest.home, []).append(item)
    lookup = {path: _by_name(items) for path, items in held.items()}
    homes = {home: _by_name(items) for home, items in by_home.items()}
    members = {i.entry.local for items in held.values() for i in items if i.entry.needs is not None}
    asked: list[tuple[_Held, frozenset[str]]] = []
    projects: dict[str, dict[str, Scope]] = {}
    pins: list[_Held] = []
    for manifest in manifests:
        edges = projects.setdefault(manifest.home, {})
        for item in held.get(manifest.path, ()):
            scope = manifest.direct.get(item.entry.id)
            if scope is not None:
                _strongest(edges, item.key, scope)
        if manifest.dynamic and manifest.home not in homes and manifest.home not in members:
            problems.append(Problem(path=manifest.path, reason=manifest.dynamic))
        for need in manifest.needs:
            if need.name == manifest.name:
                continue  # `project[a,b]` inside its own extras: their needs are listed themselves
            for target in _resolve_need(manifest, need, homes, pins, problems):
                _strongest(edges, target.key, need.scope)
                asked.append((target, need.extras))
    active = _activated(held, lookup, asked)
    nodes = [
        _node(item, lookup[path], active.get(item.key, frozenset()), problems)
        for path, items in held.items()
        for item in items
    ]
    nodes += [_node(pin, {}, frozenset(), problems) for pin in pins]
    nodes += [_project(manifest, projects[manifest.home]) for manifest in manifests]
    known = {manifest.home for manifest in manifests}
    problems += [
        Problem(path=i.manifest.path, reason=f"{quoted(i.entry.local)} has no manifest", line=i.entry.occurrence.line)
        for items in held.values()
        for i in items
        if i.entry.local is not None and i.entry.needs is None and i.entry.local not in known
    ]
    return nodes, problems, not pins and all(m.closed for m in manifests if m.entries)


def _bounded(manifest: Manifest, problems: list[Problem]) -> Manifest:
    """Without the entries of a lock that holds one package in absurdly many versions, each to be compared with each."""
    counts = Counter(entry.name for entry in manifest.entries)
    absurd = [name for name, count in counts.items() if count > _MAX_VERSIONS]
    if not absurd:
        return manifest
    problems.append(Problem(path=manifest.path, reason=f"{absurd[0]} is there more than {_MAX_VERSIONS} times"))
    return replace(manifest, entries=(), direct={})


@dataclass(frozen=True, slots=True)
class _Held:
    manifest: Manifest
    entry: Entry

    @property
    def key(self) -> str:
        return f"{self.manifest.path}\0{self.entry.id}"


_Names = Mapping[str, Sequence[_Held]]


def _by_name(items: Iterable[_Held]) -> dict[str, list[_Held]]:
    names: dict[str, list[_Held]] = {}
    for item in items:
        names.setdefault(item.entry.name, []).append(item)
    return names


def _resolve_need(
    manifest: Manifest, need: Need, homes: Mapping[str, _Names], pins: list[_Held], problems: list[Problem]
) -> Sequence[_Held]:
    """The packages that satisfy a need: those of the project's own directory, else of the nearest one above."""
    locked = False
    for home in _upwards(manifest.home):
        names = homes.get(home, {})
        locked = locked or bool(names)
        candidates = names.get(need.name)
        if not candidates:
            continue
        fitting = [c for c in candidates if _accepts(need.specifier, c.entry.version)]
        if not fitting:
            versions = ", ".join(sorted({c.entry.version or "?" for c in candidates}))
            where = plain(candidates[0].manifest.path)
            reason = f"{plain(need.text, 80)} does not accept {versions} of {where}: update the lock"
            problems.append(Problem(path=manifest.path, reason=reason, line=need.line))
        return fitting
    if locked and need.conditional:
        return ()
    try:
        pin = None if locked else _pin(manifest, need)
    except UnreadableError as error:
        problems.append(Problem(path=manifest.path, reason=error.reason, line=need.line))
        return ()
    if pin is None:
        remedy = "update the lock" if locked else "pin it with == or add a lock file"
        reason = f"{plain(need.text, 80)} is in no lock: {remedy}"
        problems.append(Problem(path=manifest.path, reason=reason, line=need.line))
        return ()
    pins.append(pin)
    return (pin,)


def _pin(manifest: Manifest, need: Need) -> _Held | None:
    version = pinned(need.specifier)
    if need.url is None and version is None:
        return None
    origin = direct_origin(need.url, need.name) if need.url else INDEX
    occurrence = Occurrence(path=manifest.path, line=need.line or 0, context=need.name)
    entry = Entry(
        id=f"pin:{need.text}",
        name=need.name,
        version=version or origin.version,
        origin=origin,
        occurrence=occurrence,
    )
    return _Held(manifest, entry)


def _upwards(home: str) -> Iterable[str]:
    while home:
        yield home
        home = posixpath.dirname(home)
    yield ""


def _activated(
    held: Mapping[str, Sequence[_Held]], lookup: Mapping[str, _Names], asked: list[tuple[_Held, frozenset[str]]]
) -> dict[str, frozenset[str]]:
    """Which extras of which entries somebody asks for, followed to the end."""
    active: dict[str, frozenset[str]] = {}
    pending = list(asked)
    for items in held.values():
        for item in items:
            pending += _asks(item, item.entry.needs or (), lookup)
    while pending:
        item, extras = pending.pop()
        fresh = extras - active.get(item.key, frozenset())
        if not fresh:
            continue
        active[item.key] = active.get(item.key, frozenset()) | fresh
        for extra in fresh:
            pending += _asks(item, item.entry.extra_needs.get(extra, ()), lookup)
    return active


def _asks(item: _Held, needs: Iterable[Need], lookup: Mapping[str, _Names]) -> list[tuple[_Held, frozenset[str]]]:
    names = lookup[item.manifest.path]
    return [(target, n.extras) for n in needs if n.extras for target in _targets(n, names)]


def _targets(need: Need, names: _Names) -> Sequence[_Held]:
    candidates = names.get(need.name, ())
    if len(candidates) < 2:
        return candidates
    return [c for c in candidates if _accepts(need.specifier, c.entry.version)] or candidates


def _node(item: _Held, names: _Names, extras: frozenset[str], problems: list[Problem]) -> Node:
    entry = item.entry
    edges: dict[str, Scope] | None = None
    if entry.needs is not None:
        edges = {}
        for need in (*entry.needs, *(n for extra in sorted(extras) for n in entry.extra_needs.get(extra, ()))):
            targets = _targets(need, names)
            if not targets and not need.conditional:
                reason = f"{entry.name} needs {need.name}, which is not in the file: it is cut off or out of date"
                problems.append(Problem(path=item.manifest.path, reason=reason))
            for target in targets:
                _strongest(edges, target.key, need.scope)
    return Node(
        key=item.key,
        ecosystem="pypi" if entry.local is None or entry.needs is not None else "",
        name=entry.name,
        version=entry.version,
        purl=None
        if entry.local is not None
        else purl_of("pypi", None, entry.name, entry.version, entry.origin.qualifier),
        local=entry.local,
        hashes=entry.hashes | entry.origin.hashes,
        references=entry.origin.references,
        occurrences=(entry.occurrence,),
        edges=edges,
        home=item.manifest.home,
        hint=entry.hint,
    )


def _project(manifest: Manifest, edges: Mapping[str, Scope]) -> Node:
    named = manifest.name is not None
    return Node(
        key=f"{manifest.path}\0project",
        ecosystem="pypi" if named else "",
        name=manifest.name or posixpath.basename(manifest.home) or ".",
        version=manifest.version,
        local=manifest.home,
        licences=manifest.licences,
        occurrences=(Occurrence(path=manifest.path),),
        edges=dict(edges),
        home=manifest.home,
    )


def _strongest(edges: dict[str, Scope], key: str, scope: Scope) -> None:
    order = (Scope.REQUIRED, Scope.OPTIONAL, Scope.EXCLUDED)
    if key not in edges or order.index(scope) < order.index(edges[key]):
        edges[key] = scope


@lru_cache(maxsize=65_536)
def _accepts(specifier: str | None, version: str | None) -> bool:
    if not specifier or version is None:
        return True
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import InvalidVersion

    try:
        return SpecifierSet(specifier).contains(version, prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return True


@lru_cache(maxsize=65_536)
def _normal(version: str) -> str:
    from packaging.version import InvalidVersion, Version

    try:
        return str(Version(version))
    except InvalidVersion:
        return checked_version(version)
