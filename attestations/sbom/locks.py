"""Lock files of Python: `poetry.lock`, `uv.lock`, `pdm.lock` and `pylock.toml` (PEP 751)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from attestations.sbom.documents import member, strings, tables, toml_of
from attestations.sbom.inventory import Occurrence, Scope, UnreadableError, checked_version, hash_of, plain, quoted
from attestations.sbom.pyproject import poetry_specifier
from attestations.sbom.python import Entry, Manifest, Need, canonical, extras_of, need_of
from attestations.sbom.references import ARCHIVES, INDEX, Origin, download_origin, vcs_origin, within

if TYPE_CHECKING:
    from packaging.pylock import Package, PackageArchive, PackageSdist, PackageWheel

_GIT_QUERY = re.compile(r"[?#]")


def read_uv(path: str, files: Mapping[str, bytes]) -> Manifest:
    """`uv.lock` version 1; raises UnreadableError."""
    document = toml_of(files[path])
    _known_version(document.get("version"), (1,), "version")
    home = posixpath.dirname(path)
    entries: list[Entry] = []
    for package in tables(document, "package"):
        name = canonical(member(package, "name", str, ""))
        version = member(package, "version", str, "")
        source: dict[str, Any] = member(package, "source", dict, {})
        local, origin = _uv_source(home, source)
        needs = [_uv_need(item, Scope.REQUIRED) for item in tables(package, "dependencies")]
        optional: dict[str, Any] = member(package, "optional-dependencies", dict, {})
        scope = Scope.REQUIRED if local is None else Scope.OPTIONAL
        extras = {canonical(e): tuple(_uv_need(item, scope) for item in tables(optional, e)) for e in optional}
        groups = member(package, "dev-dependencies", dict, {})
        if local is not None:  # a project of the tree: its extras and groups are part of what the lock resolves
            needs += [need for listed in extras.values() for need in listed]
            needs += [_uv_need(i, Scope.EXCLUDED) for group in groups for i in tables(groups, group)]
        archives = [*tables(package, "wheels"), *([package["sdist"]] if "sdist" in package else [])]
        entries.append(
            Entry(
                id=f"{len(entries)}:{name}",
                name=name,
                version=checked_version(version) if version else None,
                origin=origin,
                local=local,
                hashes=frozenset(_composite(a["hash"]) for a in _dicts(archives) if "hash" in a),
                occurrence=Occurrence(path=path, context=_id_of(name, version)),
                needs=tuple(needs),
                extra_needs=extras,
            )
        )
    return Manifest(path=path, home=home, entries=tuple(entries))


def read_poetry(path: str, files: Mapping[str, bytes]) -> Manifest:
    """`poetry.lock` of lock-version 1.x and 2.x; raises UnreadableError."""
    document = toml_of(files[path])
    metadata: dict[str, Any] = member(document, "metadata", dict, {})
    _known_version(member(metadata, "lock-version", str, "").split(".")[0], ("1", "2"), "metadata.lock-version")
    old_files: dict[str, Any] = member(metadata, "files", dict, {})
    home = posixpath.dirname(path)
    entries: list[Entry] = []
    for package in tables(document, "package"):
        stated = member(package, "name", str, "")
        name, version = canonical(stated), checked_version(member(package, "version", str, ""))
        archives = tables(package, "files") or tables(old_files, stated)
        local, origin = _poetry_source(home, member(package, "source", dict, {}))
        table: dict[str, Any] = member(package, "dependencies", dict, {})
        listed: dict[str, Any] = member(package, "extras", dict, {})
        extras_by_need = _poetry_extras(listed)
        needs: list[Need] = []
        extra_needs: dict[str, list[Need]] = {}
        for key in sorted(table):
            for item in table[key] if isinstance(table[key], list) else [table[key]]:
                need, optional, asked = _poetry_need(key, item)
                if not optional:
                    needs.append(need)
                for extra in (asked or extras_by_need.get(need.name, frozenset())) if optional else ():
                    extra_needs.setdefault(extra, []).append(need)
        entries.append(
            Entry(
                id=f"{len(entries)}:{name}",
                name=name,
                version=version,
                origin=origin,
                local=local,
                hashes=frozenset(_composite(a["hash"]) for a in archives if "hash" in a),
                occurrence=Occurrence(path=path, context=_id_of(name, version)),
                needs=tuple(needs),
                extra_needs={extra: tuple(found) for extra, found in extra_needs.items()},
                hint=_poetry_hint(package),
            )
        )
    return Manifest(path=path, home=home, entries=tuple(entries))


def read_pdm(path: str, files: Mapping[str, bytes]) -> Manifest:
    """`pdm.lock` of lock_version 4.x; raises UnreadableError."""
    document = toml_of(files[path])
    metadata: dict[str, Any] = member(document, "metadata", dict, {})
    _known_version(member(metadata, "lock_version", str, "").split(".")[0], ("4",), "metadata.lock_version")
    home = posixpath.dirname(path)
    plain: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for package in tables(document, "package"):
        key = (canonical(member(package, "name", str, "")), member(package, "version", str, ""))
        plain.setdefault(key, []).append(package)
    entries: list[Entry] = []
    for (name, version), listed in plain.items():  # a package has a further entry for each set of extras
        needs: dict[Need, None] = {}
        extra_needs: dict[str, tuple[Need, ...]] = {}
        for package in listed:
            found = [n for n in map(need_of, strings(package, "dependencies")) if n.name != name]
            extras = [canonical(extra) for extra in strings(package, "extras")]
            if not extras:
                needs.update(dict.fromkeys(found))
            for extra in extras:
                extra_needs[extra] = (*extra_needs.get(extra, ()), *found)
        groups = {group for package in listed for group in strings(package, "groups")}
        local, origin = _pdm_source(home, listed[0])
        entries.append(
            Entry(
                id=f"{len(entries)}:{name}",
                name=name,
                version=checked_version(version) if version else None,
                origin=origin,
                local=local,
                hashes=frozenset(_composite(f["hash"]) for p in listed for f in tables(p, "files") if "hash" in f),
                occurrence=Occurrence(path=path, context=_id_of(name, version)),
                needs=tuple(needs),
                extra_needs=extra_needs,
                hint=Scope.REQUIRED if not groups or "default" in groups else Scope.EXCLUDED,
            )
        )
    return Manifest(path=path, home=home, entries=tuple(entries))


def read_pylock(path: str, files: Mapping[str, bytes]) -> Manifest:
    """`pylock.toml` and `pylock.<name>.toml` of lock-version 1.x; raises UnreadableError."""
    from packaging.pylock import Pylock, PylockUnsupportedVersionError, PylockValidationError

    try:
        lock = Pylock.from_dict(toml_of(files[path]))
    except (PylockValidationError, PylockUnsupportedVersionError) as error:
        raise UnreadableError(f"not a pylock (PEP 751): {plain(str(error), 120)}") from None
    graph = any(package.dependencies for package in lock.packages)
    entries = tuple(_pylock_entry(path, number, package, graph=graph) for number, package in enumerate(lock.packages))
    return Manifest(path=path, home=posixpath.dirname(path), entries=entries)


def _pylock_entry(path: str, number: int, package: Package, *, graph: bool) -> Entry:
    archives: list[PackageSdist | PackageWheel | PackageArchive] = [*(package.wheels or ())]
    archives += [archive for archive in (package.sdist, package.archive) if archive is not None]
    local, origin = None, INDEX
    if package.vcs is not None:
        origin = vcs_origin(package.vcs.url or "", package.vcs.commit_id, package.vcs.type)
    elif package.archive is not None:
        origin = download_origin(package.archive.url or "")
    elif package.directory is not None:
        local = within(posixpath.dirname(path), package.directory.path)
    version = str(package.version) if package.version else None
    return Entry(
        id=f"{number}:{package.name}",
        name=package.name,
        version=version,
        origin=origin,
        local=local,
        hashes=frozenset(hash_of(a, v) for archive in archives for a, v in archive.hashes.items()),
        occurrence=Occurrence(path=path, context=_id_of(package.name, version or "")),
        needs=tuple(_pylock_need(dict(item)) for item in package.dependencies or ()) if graph else None,
    )


def _uv_source(home: str, source: dict[str, Any]) -> tuple[str | None, Origin]:
    for kind in ("editable", "virtual", "directory"):
        if kind in source:
            return within(home, member(source, kind, str, "")), INDEX
    if "git" in source:
        url, _, commit = member(source, "git", str, "").partition("#")
        return None, vcs_origin(_GIT_QUERY.split(url)[0], commit)
    if "url" in source:
        return None, download_origin(member(source, "url", str, ""))
    if "registry" in source or "path" in source:
        return None, INDEX
    raise UnreadableError(f"a package source of an unknown kind: {quoted(', '.join(sorted(source)), 60)}")


def _uv_need(item: dict[str, Any], scope: Scope) -> Need:
    version = member(item, "version", str, "")
    return Need(
        name=canonical(member(item, "name", str, "")),
        specifier=f"=={version}" if version else "",
        extras=frozenset(canonical(extra) for extra in strings(item, "extra")),
        scope=scope,
    )


def _poetry_source(home: str, source: dict[str, Any]) -> tuple[str | None, Origin]:
    kind = member(source, "type", str, "")
    url = member(source, "url", str, "")
    if kind == "directory":
        return within(home, url), INDEX
    if kind in ("git", "hg"):
        return None, vcs_origin(url, member(source, "resolved_reference", str, ""), kind)
    if kind == "url":
        return None, download_origin(url)
    if kind in ("", "legacy", "file"):
        return None, INDEX
    raise UnreadableError(f"a package source of an unknown type: {quoted(kind, 40)}")


def _poetry_need(name: str, item: object) -> tuple[Need, bool, frozenset[str]]:
    if isinstance(item, str):
        item = {"version": item}
    if not isinstance(item, dict):
        raise UnreadableError(f"dependency {quoted(name, 60)} is neither a string nor a table")
    marker = member(item, "markers", str, "")
    need = Need(
        name=canonical(name),
        specifier=poetry_specifier(member(item, "version", str, "")),
        extras=frozenset(canonical(extra) for extra in strings(item, "extras")),
        conditional=bool(marker) or item.get("optional") is True,
    )
    return need, item.get("optional") is True, extras_of(marker)


def _poetry_extras(listed: dict[str, Any]) -> dict[str, frozenset[str]]:
    """Package name to the extras that list it (`socks = ["pysocks (>=1.5.6)"]`)."""
    found: dict[str, set[str]] = {}
    for extra in listed:
        for text in strings(listed, extra):
            match = re.match(r"[A-Za-z0-9._-]+", text)
            if match:
                found.setdefault(canonical(match[0]), set()).add(canonical(extra))
    return {name: frozenset(extras) for name, extras in found.items()}


def _poetry_hint(package: dict[str, Any]) -> Scope:
    groups = strings(package, "groups") or [member(package, "category", str, "main")]
    if "main" not in groups:
        return Scope.EXCLUDED
    return Scope.OPTIONAL if package.get("optional") is True else Scope.REQUIRED


def _pdm_source(home: str, package: dict[str, Any]) -> tuple[str | None, Origin]:
    if git := member(package, "git", str, ""):
        return None, vcs_origin(git, member(package, "revision", str, ""))
    if path := member(package, "path", str, ""):
        archive = path.endswith(ARCHIVES)
        return (None if archive else within(home, path)), INDEX
    if url := member(package, "url", str, ""):
        return None, download_origin(url)
    return None, INDEX


def _pylock_need(item: dict[str, Any]) -> Need:
    version = member(item, "version", str, "")
    return Need(name=canonical(member(item, "name", str, "")), specifier=f"=={version}" if version else "")


def _composite(value: object) -> tuple[str, str]:
    algorithm, _, digest = value.partition(":") if isinstance(value, str) else ("", "", "")
    return hash_of(algorithm, digest)


def _dicts(items: Iterable[object]) -> Iterable[dict[str, Any]]:
    for item in items:
        if not isinstance(item, dict):
            raise UnreadableError("an archive is not a table")
        yield item


def _known_version(version: object, known: tuple[object, ...], where: str) -> None:
    if version not in known or isinstance(version, bool):
        raise UnreadableError(f"{where} {quoted(version, 30)} is not known; known: {', '.join(map(str, known))}")


def _id_of(name: str, version: str) -> str:
    return f"{name} {version}".strip()
