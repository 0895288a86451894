"""What a project is made of: the packages that its manifests and locks name, as one graph below the project itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from urllib.parse import quote

from attestations.sbom.licences import Licence
from attestations.strict_json import shown


class SbomError(ValueError):
    """Why there is no acceptable SBOM: one printable line."""


class UnreadableError(ValueError):
    """Why one manifest can't be read; it becomes a `Problem` of that file and none of its content is used."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


_SECRETS = re.compile(r"(?<=://)[^\s/?#]*@|[^\s/:@'\"]{1,100}:[^\s/:@]{1,200}@|[?#][^\s'\"]*")
_SHOWN = 4096  # no message shows more of a text, so no more of it is searched for secrets


def quoted(value: object, limit: int = 80) -> str:
    """A hostile value for a message: quoted, escaped, cut, and URLs in it without login, query and fragment."""
    if isinstance(value, str):
        return shown(_SECRETS.sub("", value[:_SHOWN]), limit)
    return shown(value, limit) if value is None or isinstance(value, int | float) else f"a {type(value).__name__}"


def plain(text: str, limit: int = 200) -> str:
    """Like `quoted`, but printable ASCII that is short enough stands without quotes."""
    bare = _SECRETS.sub("", text[:_SHOWN])
    return bare if len(bare) <= limit and bare.isascii() and bare.isprintable() else shown(bare, limit)


class Scope(StrEnum):
    """CycloneDX component scope. EXCLUDED is what only development, tests or documentation need."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    EXCLUDED = "excluded"


_RANK = {Scope.REQUIRED: 0, Scope.OPTIONAL: 1, Scope.EXCLUDED: 2}
_BY_RANK = tuple(_RANK)

HASH_ALGORITHMS: Mapping[str, tuple[str, int]] = {
    "md5": ("MD5", 32),
    "sha1": ("SHA-1", 40),
    "sha256": ("SHA-256", 64),
    "sha384": ("SHA-384", 96),
    "sha512": ("SHA-512", 128),
}
"""Algorithm as locks spell it, to its CycloneDX name and the number of its hex digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something in a manifest that could not be read or resolved: the SBOM is incomplete there."""

    path: str
    reason: str
    line: int | None = None

    def __str__(self) -> str:
        path = self.path if self.path.isascii() and self.path.isprintable() else shown(self.path, 200)
        return f"{path}{f':{self.line}' if self.line else ''}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file that was read, and the digest of its bytes (lower-case hex SHA-256)."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Occurrence:
    """Where a component was found; `context` is its place inside a lock file, such as `node_modules/a`."""

    path: str
    line: int = 0
    context: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Reference:
    """An external reference: `type` is a CycloneDX one (`vcs`, `website`), `url` is without credentials."""

    type: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One component. `depends_on` are refs of other components, or None when its dependencies are not known.

    `purl` is None for a project of the tree itself (an npm or uv workspace member, a service in a subdirectory).
    `hashes` are (CycloneDX algorithm, lower-case hex); several of one algorithm mean several archives of the version.
    """

    ref: str
    name: str
    group: str | None = None
    version: str | None = None
    description: str | None = None
    purl: str | None = None
    scope: Scope = Scope.REQUIRED
    hashes: tuple[tuple[str, str], ...] = ()
    licences: tuple[Licence, ...] = ()
    references: tuple[Reference, ...] = ()
    occurrences: tuple[Occurrence, ...] = ()
    depends_on: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """The components of a project, sorted by ref, each reachable from the project through `direct`.

    `problems` must be empty for the inventory to be complete. `closed` says whether what was read is closed under
    dependency: locks are, a requirements file with neither hashes nor `via` notes is not. `name` and `version` are
    what the manifest at the top of the tree says about the project, if there is one.
    """

    components: tuple[Component, ...]
    direct: tuple[str, ...]
    problems: tuple[Problem, ...] = ()
    sources: tuple[Source, ...] = ()
    closed: bool = True
    name: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One entry of one manifest before entries of different manifests are joined.

    `key` is unique in a run; `ecosystem` is a purl type, or empty for a project that its manifest does not name.
    `local` is the directory of a project of the tree ("" is the top) and then there is no `purl`. `edges` map keys to
    the scope in which they are needed; None means that they are not known. `home` is the directory of the project
    whose manifest says so; `hint` its scope if nothing else tells.
    """

    key: str
    ecosystem: str
    name: str
    group: str | None = None
    version: str | None = None
    description: str | None = None
    purl: str | None = None
    local: str | None = None
    hashes: frozenset[tuple[str, str]] = frozenset()
    licences: tuple[Licence, ...] = ()
    references: frozenset[Reference] = frozenset()
    occurrences: tuple[Occurrence, ...] = ()
    edges: Mapping[str, Scope] | None = None
    home: str = ""
    hint: Scope = Scope.REQUIRED


@dataclass(slots=True)
class _Group:
    """Nodes that are the same component."""

    ref: str
    nodes: list[Node]
    edges: dict[str, Scope] = field(default_factory=dict)
    known: bool = False


def assemble(
    nodes: Iterable[Node], *, problems: Iterable[Problem], sources: Iterable[Source], closed: bool
) -> Inventory:
    """Join the entries of all manifests into one graph below the project at the top of the tree.

    Entries with the same purl are one component; npm entries that disagree on the content of one version stay two and
    are a problem. What nothing depends on is attached to its own project, so that everything is reachable.
    """
    found = list(problems)
    groups, ref_of = _joined(sorted(nodes, key=lambda n: (n.purl or "", not n.ecosystem, n.ecosystem, n.key)), found)
    for group in groups.values():
        for node in group.nodes:
            if node.edges is None:
                continue
            group.known = True
            for key, scope in node.edges.items():
                target = ref_of[key]
                if target != group.ref:
                    _need(group.edges, target, scope)
    root = groups.setdefault(_local_ref(""), _Group(_local_ref(""), []))
    _attach(groups, root)
    scopes = _scopes(groups, root.ref)
    tops = sorted((n for n in root.nodes if n.ecosystem), key=lambda n: (n.version is None, n.ecosystem, n.key))
    components = tuple(_component(g, scopes[g.ref]) for _, g in sorted(groups.items()) if g is not root)
    return Inventory(
        components=components,
        direct=tuple(sorted(root.edges)),
        problems=tuple(sorted(set(found), key=lambda p: (p.path, p.line or 0, p.reason))),
        sources=tuple(sorted(set(sources), key=lambda s: s.path)),
        closed=closed,
        name=tops[0].name if tops else None,
        version=tops[0].version if tops else None,
    )


def _joined(nodes: Sequence[Node], problems: list[Problem]) -> tuple[dict[str, _Group], dict[str, str]]:
    groups: dict[str, _Group] = {}
    variants: dict[str, list[_Group]] = {}
    ref_of: dict[str, str] = {}
    for node in nodes:
        base = node.purl if node.purl is not None else _local_ref(node.local or "")
        known = variants.setdefault(base, [])
        group = next((g for g in known if _compatible(node, g.nodes)), None)
        if group is None:
            ref = base
            if known:
                digest = min(value for _, value in node.hashes)
                ref = f"{base}#{digest[:16]}"
                other = known[0].nodes[0].occurrences[:1]
                where = plain(other[0].path) if other else "another entry"
                place = node.occurrences[0] if node.occurrences else Occurrence(path=node.home or ".")
                reason = f"{node.name} {node.version} has another content hash than in {where}"
                problems.append(Problem(path=place.path, reason=reason, line=place.line or None))
            if ref in groups:
                raise SbomError(f"two components are called {quoted(ref)}")
            group = groups[ref] = _Group(ref, [])
            known.append(group)
        group.nodes.append(node)
        ref_of[node.key] = group.ref
    return groups, ref_of


def _compatible(node: Node, others: Sequence[Node]) -> bool:
    """An npm version has one archive, so one hash of an algorithm; a Python version has one for each archive."""
    if node.ecosystem != "npm":
        return True
    mine = dict(node.hashes)
    return all(mine.get(algorithm, value) == value for other in others for algorithm, value in other.hashes)


def _attach(groups: Mapping[str, _Group], root: _Group) -> None:
    reached: set[str] = set()

    def reach(start: str) -> None:
        pending = [start]
        while pending:
            ref = pending.pop()
            if ref not in reached:
                reached.add(ref)
                pending.extend(groups[ref].edges)

    reach(root.ref)
    rest = sorted(ref for ref in groups if ref not in reached)
    wanted = {target for ref in rest for target in groups[ref].edges}
    local = [ref for ref in rest if groups[ref].nodes[0].local is not None]
    heads = [ref for ref in rest if ref not in wanted]
    for ref in (*local, *heads, *rest):  # the last ones are rings, entered at their smallest ref
        if ref in reached:
            continue
        first = groups[ref].nodes[0]
        home = groups.get(_local_ref(first.home), root) if first.local is None else root
        scope = min((n.hint for n in groups[ref].nodes), key=_RANK.__getitem__)
        home.edges[ref] = scope
        home.known = True
        if home.ref not in reached:
            root.edges[home.ref] = Scope.REQUIRED
        reach(root.ref if home.ref not in reached else ref)


def _scopes(groups: Mapping[str, _Group], root: str) -> dict[str, Scope]:
    """A component is as necessary as its most necessary path, and a path as its least necessary step."""
    queues: tuple[list[str], ...] = ([root], [], [])
    scopes: dict[str, Scope] = {}
    for rank, queue in enumerate(queues):
        while queue:
            ref = queue.pop()
            if ref in scopes:
                continue
            scopes[ref] = _BY_RANK[rank]
            for target, scope in groups[ref].edges.items():
                queues[max(rank, _RANK[scope])].append(target)
    return scopes


def _component(group: _Group, scope: Scope) -> Component:
    first = group.nodes[0]
    licences = next((n.licences for n in group.nodes if n.licences), ())
    return Component(
        ref=group.ref,
        name=first.name,
        group=first.group,
        version=next((n.version for n in group.nodes if n.version), None),
        description=next((n.description for n in group.nodes if n.description), None),
        purl=first.purl,
        scope=scope,
        hashes=tuple(sorted({h for n in group.nodes for h in n.hashes})),
        licences=licences,
        references=tuple(sorted({r for n in group.nodes for r in n.references})),
        occurrences=tuple(sorted({o for n in group.nodes for o in n.occurrences})),
        depends_on=tuple(sorted(group.edges)) if group.known else None,
    )


def _need(edges: dict[str, Scope], target: str, scope: Scope) -> None:
    old = edges.get(target)
    if old is None or _RANK[scope] < _RANK[old]:
        edges[target] = scope


def _local_ref(directory: str) -> str:
    return f"file:{quote(directory, errors='surrogateescape') or '.'}"


_HEX = re.compile(r"[0-9a-f]+")


def hash_of(algorithm: str, value: str) -> tuple[str, str]:
    """(CycloneDX algorithm, lower-case hex) of a hash as a lock spells it; raises UnreadableError."""
    known = HASH_ALGORITHMS.get(algorithm.lower())
    if known is None:
        raise UnreadableError(f"hash algorithm {quoted(algorithm, 30)} is not known")
    digits = value.lower()
    if len(digits) != known[1] or not _HEX.fullmatch(digits):
        raise UnreadableError(f"{quoted(value, 40)} is not a {known[0]} hash in hex")
    return known[0], digits


_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+!_~-]{0,199}")


def checked_version(text: str) -> str:
    """The version if it is one word of the characters that versions consist of; raises UnreadableError."""
    if not _VERSION.fullmatch(text):
        raise UnreadableError(f"{quoted(text, 40)} is not a version")
    return text


@lru_cache(maxsize=65_536)
def purl_of(ecosystem: str, group: str | None, name: str, version: str | None, qualifier: str = "") -> str:
    """The package URL; `qualifier` is `key=value` with a URL as value, or empty."""
    from packageurl import PackageURL

    key, _, value = qualifier.partition("=")
    return PackageURL(ecosystem, group, name, version, {key: value} if key else None).to_string()
