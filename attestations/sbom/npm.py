"""npm: `package-lock.json` and `npm-shrinkwrap.json` of lockfileVersion 1, 2 and 3, and what `package.json` adds."""

from __future__ import annotations

import base64
import binascii
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from attestations.sbom import licences
from attestations.sbom.documents import json_of, member
from attestations.sbom.inventory import (
    HASH_ALGORITHMS,
    Node,
    Occurrence,
    Problem,
    Scope,
    UnreadableError,
    checked_version,
    purl_of,
    quoted,
)
from attestations.sbom.references import INDEX, Origin, download_origin, vcs_origin, within

_NAME = re.compile(r"(?:@[A-Za-z0-9~._-]{1,100}/)?[A-Za-z0-9~._-]{1,214}")
_SRI = re.compile(r"(sha1|sha256|sha384|sha512|md5)-([A-Za-z0-9+/]+={0,2})(?:\?[!-~]*)?")
_SCOPE_FOLDER = re.compile(r"(?:^|/)node_modules/@[^/]+$")
_ALIAS = re.compile(r"npm:(.+)@([^@]+)")
_TABLES = {
    "dependencies": Scope.REQUIRED,
    "optionalDependencies": Scope.OPTIONAL,
    "peerDependencies": Scope.REQUIRED,
    "devDependencies": Scope.EXCLUDED,
}
_MAX_LOCATION = 1024
_GIT = ("git+", "git:", "github:", "gitlab:", "bitbucket:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A lock as read. `projects` are the directories of the tree whose package.json it resolves, "" and workspaces."""

    nodes: tuple[Node, ...]
    projects: Mapping[str, Mapping[str, Any]]
    problems: tuple[Problem, ...] = ()


def read_lock(path: str, files: Mapping[str, bytes]) -> Lock:
    """One lock file; raises UnreadableError. Its edges are found the way Node.js finds packages: upwards."""
    document = json_of(files[path])
    version = document.get("lockfileVersion")
    if isinstance(version, bool) or version not in (1, 2, 3):
        raise UnreadableError(f"lockfileVersion {quoted(version, 30)} is not known; known: 1, 2, 3")
    home = posixpath.dirname(path)
    if version == 1:
        manifest = posixpath.join(home, "package.json")
        root = json_of(files[manifest]) if manifest in files else {}
        packages = {"": root | {"name": document.get("name"), "version": document.get("version")}}
        packages |= dict(_flattened(document))
        lock = _read(path, packages)
        if manifest in files:
            return lock
        reason = "has no package.json beside it: what the project itself needs is not known"
        return replace(lock, problems=(*lock.problems, Problem(path=path, reason=reason)))
    packages = member(document, "packages", dict, {})
    if "" not in packages:
        raise UnreadableError('"packages" has no entry for the project itself')
    if not all(isinstance(entry, dict) for entry in packages.values()):
        raise UnreadableError('"packages" holds something that is not an object')
    if version == 2:
        _same_twice(packages, dict(_flattened(document)))
    return _read(path, packages)


def check_manifest(path: str, files: Mapping[str, bytes], locks: Mapping[str, Lock]) -> list[Problem]:
    """Whether a package.json is resolved by a lock, and says the same as it; raises UnreadableError.

    `locks` are the locks read, by their directory. npm itself refuses a clean install from a lock that disagrees.
    """
    document = json_of(files[path])
    stated = {key: member(document, key, dict, {}) for key in _TABLES}
    home = posixpath.dirname(path)
    owner = home
    while True:
        lock = locks.get(owner)
        entry = lock.projects.get(home) if lock else None
        if entry is not None:
            break
        if not owner:
            break
        owner = posixpath.dirname(owner)
    if entry is None:
        if not any(stated[key] for key in _TABLES if key != "peerDependencies"):
            return []
        return [Problem(path=path, reason="is resolved by no package-lock.json: run npm install --package-lock-only")]
    locked = {key: member(entry, key, dict, {}) for key in _TABLES}
    differing = sorted(
        name
        for key in _TABLES
        for name in stated[key].keys() | locked[key].keys()
        if stated[key].get(name) != locked[key].get(name)
        and not (key == "dependencies" and name in stated["optionalDependencies"])
    )
    if differing:
        return [Problem(path=path, reason=f"and its lock disagree on {quoted(differing[0], 60)}: run npm install")]
    return []


def _read(path: str, packages: Mapping[str, Any]) -> Lock:
    home = posixpath.dirname(path)
    nodes: list[Node] = []
    problems: list[Problem] = []
    projects: dict[str, Mapping[str, Any]] = {}
    for location, entry in packages.items():
        if location and (location.startswith("/") or posixpath.normpath(location) != location):
            raise UnreadableError(f"{quoted(location)} is not a relative path")
        if len(location) > _MAX_LOCATION:
            raise UnreadableError(f"a path of more than {_MAX_LOCATION} characters")
        if entry.get("link") is True:
            _target(packages, location)
            continue
        inside = _in_modules(location)
        edges: dict[str, Scope] = {}
        for name, scope, must in _needs(entry, own=not inside):
            found = _resolve(packages, location, name)
            if found is not None:
                key = f"{path}\0{found}"
                edges[key] = min(scope, edges.get(key, scope), key=tuple(Scope).index)
            elif must:
                reason = f"{quoted(location or '.', 80)} needs {quoted(name, 60)}, which is not in the lock"
                problems.append(Problem(path=path, reason=f"{reason}: it is cut off or out of date"))
        if not location and entry.get("workspaces"):
            for member_of in sorted(_workspaces(packages)):
                edges.setdefault(f"{path}\0{member_of}", Scope.REQUIRED)
        if not inside:
            projects[within(home, location)] = entry
            nodes.append(_project(path, home, location, entry, edges))
        else:
            nodes.append(_package(path, home, location, entry, edges))
    return Lock(nodes=tuple(nodes), projects=projects, problems=tuple(problems))


def _project(path: str, home: str, location: str, entry: Mapping[str, Any], edges: Mapping[str, Scope]) -> Node:
    name = member(entry, "name", str, "")
    version = member(entry, "version", str, "")
    local = within(home, location)
    group, base = _split(name) if name else (None, posixpath.basename(local) or ".")
    return Node(
        key=f"{path}\0{location}",
        ecosystem="npm" if name else "",
        name=base,
        group=group,
        version=checked_version(version) if version else None,
        local=local,
        licences=licences.of_npm(entry.get("license")),
        occurrences=(Occurrence(path=path, context=location),),
        edges=edges,
        home=home,
    )


def _package(path: str, home: str, location: str, entry: Mapping[str, Any], edges: Mapping[str, Scope]) -> Node:
    name = member(entry, "name", str, "") or location.rpartition("node_modules/")[2]
    stated = member(entry, "version", str, "")
    group, base = _split(name)
    origin = _origin(member(entry, "resolved", str, ""), name)
    if not stated and not origin.qualifier:
        raise UnreadableError(f"{quoted(location, 80)} has no version")
    version = checked_version(stated) if stated else None
    excluded, optional = entry.get("dev") is True, entry.get("optional") is True or entry.get("devOptional") is True
    return Node(
        key=f"{path}\0{location}",
        ecosystem="npm",
        name=base,
        group=group,
        version=version,
        purl=purl_of("npm", group, base, version, origin.qualifier),
        hashes=_integrity(member(entry, "integrity", str, "")),
        licences=licences.of_npm(entry.get("license")),
        references=origin.references,
        occurrences=(Occurrence(path=path, context=location),),
        edges=edges,
        home=home,
        hint=Scope.EXCLUDED if excluded else Scope.OPTIONAL if optional else Scope.REQUIRED,
    )


def _needs(entry: Mapping[str, Any], *, own: bool) -> Iterator[tuple[str, Scope, bool]]:
    """What an entry depends on: name, scope, and whether a lock without it is broken."""
    optional = member(entry, "optionalDependencies", dict, {})
    tolerated: dict[str, Any] = member(entry, "peerDependenciesMeta", dict, {})
    for key, scope in _TABLES.items():
        if key == "devDependencies" and not own:
            continue
        for name in member(entry, key, dict, {}):
            if name in optional and key != "optionalDependencies":
                continue
            lax = isinstance(tolerated.get(name), dict) and tolerated[name].get("optional") is True
            if key == "peerDependencies":
                yield name, Scope.OPTIONAL if lax else scope, False
            else:
                yield name, scope, key != "optionalDependencies"


def _resolve(packages: Mapping[str, Any], location: str, name: str) -> str | None:
    place = location
    while True:
        candidate = f"{place}/node_modules/{name}" if place else f"node_modules/{name}"
        if candidate in packages:
            return _target(packages, candidate)
        if not place or place == "..":
            return None
        place = posixpath.dirname(place)
        if _SCOPE_FOLDER.search(place):
            place = posixpath.dirname(place)
        if posixpath.basename(place) == "node_modules":
            place = posixpath.dirname(place)


def _target(packages: Mapping[str, Any], location: str) -> str:
    entry = packages[location]
    if entry.get("link") is not True:
        return location
    target = entry.get("resolved")
    if not isinstance(target, str) or target not in packages or packages[target].get("link") is True:
        raise UnreadableError(f"{quoted(location, 80)} links to {quoted(target, 80)}, which is not in the lock")
    return target


def _workspaces(packages: Mapping[str, Any]) -> Iterator[str]:
    """Directories of the workspaces: npm links each of them into the top `node_modules`."""
    for location, entry in packages.items():
        if entry.get("link") is True and location.count("node_modules/") == 1 and location.startswith("node_modules/"):
            yield _target(packages, location)


def _in_modules(location: str) -> bool:
    return location.startswith("node_modules/") or "/node_modules/" in location


def _flattened(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The nested `dependencies` of version 1 in the shape of `packages`."""
    pending: list[tuple[str, Any]] = [("", document)]
    while pending:
        place, holder = pending.pop()
        for name, stated in member(holder, "dependencies", dict, {}).items():
            if not isinstance(stated, dict):
                raise UnreadableError(f"the entry of {quoted(name, 60)} is not an object")
            location = f"{place}/node_modules/{name}" if place else f"node_modules/{name}"
            entry = {k: stated[k] for k in ("integrity", "resolved", "dev", "optional") if k in stated}
            entry["dependencies"] = member(stated, "requires", dict, {})
            version = member(stated, "version", str, "")
            if alias := _ALIAS.fullmatch(version):
                entry["name"], version = alias[1], alias[2]
            elif version.startswith("file:") and not version.endswith((".tgz", ".tar.gz", ".tar")):
                target = posixpath.normpath(version.removeprefix("file:"))
                yield target, {"name": name, "dependencies": entry["dependencies"]}
                yield location, {"link": True, "resolved": target}
                pending.append((target, stated))
                continue
            elif version.startswith((*_GIT, "file:", "http:", "https:")):
                entry["resolved"], version = version, ""
            pending.append((location, stated))
            yield location, entry | {"version": version}


def _same_twice(packages: Mapping[str, Any], old: Mapping[str, Any]) -> None:
    """Version 2 says everything twice, for npm 6 and for npm 7; two truths in one lock are a trap."""
    for location, entry in old.items():
        new = packages.get(location)
        if not _in_modules(location):
            continue
        if new is None:
            raise UnreadableError(f"{quoted(location, 80)} is in its npm 6 part only")
        if new.get("link") is True or not entry.get("version"):
            continue
        if (entry["version"], entry.get("integrity")) != (new.get("version"), new.get("integrity")):
            raise UnreadableError(f"{quoted(location, 80)} has one content for npm 6 and another for npm 7")


def _split(name: str) -> tuple[str | None, str]:
    if not _NAME.fullmatch(name) or name in (".", ".."):
        raise UnreadableError(f"{quoted(name, 60)} is not an npm package name")
    group, _, plain = name.rpartition("/")
    return group or None, plain


def _integrity(text: str) -> frozenset[tuple[str, str]]:
    hashes = set()
    for part in text.split():
        match = _SRI.fullmatch(part)
        if not match:
            raise UnreadableError(f"{quoted(part, 40)} is not a subresource integrity hash")
        label, digits = HASH_ALGORITHMS[match[1]]
        try:
            digest = base64.b64decode(match[2], validate=True).hex()
        except binascii.Error:
            digest = ""
        if len(digest) != digits:
            raise UnreadableError(f"{quoted(part, 40)} is not a {match[1]} hash in base64")
        hashes.add((label, digest))
    return frozenset(hashes)


def _origin(resolved: str, name: str) -> Origin:
    """Where an archive comes from. A path like every registry's needs no qualifier, whatever the host is called."""
    if not resolved or resolved.startswith("file:"):
        return INDEX
    if resolved.startswith("git"):
        url, _, commit = resolved.partition("#")
        return vcs_origin(url, commit)
    origin = download_origin(resolved)
    path = origin.qualifier.replace("%2f", "/").replace("%2F", "/")
    at_registry = f"/{name}/-/{name.rpartition('/')[2]}-" in path
    return replace(origin, qualifier="") if at_registry else origin
