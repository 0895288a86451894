"""`pyproject.toml` as a manifest: what a project says it needs (PEP 621, PEP 735, Poetry, PDM and uv tables)."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from attestations.sbom import licences
from attestations.sbom.documents import member, strings, text_of, toml_of
from attestations.sbom.inventory import Occurrence, Problem, Scope, UnreadableError, checked_version, plain, quoted
from attestations.sbom.python import Entry, Manifest, Need, canonical, need_of
from attestations.sbom.references import ARCHIVES, python_archive, within


@dataclass(slots=True)
class _Reading:
    path: str
    needs: list[Need] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    direct: dict[str, Scope] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def read(path: str, files: Mapping[str, bytes]) -> Manifest | None:
    """The project that a pyproject.toml describes, or None if it only configures tools; raises UnreadableError."""
    document = toml_of(files[path])
    tool: dict[str, Any] = member(document, "tool", dict, {})
    poetry: dict[str, Any] = member(tool, "poetry", dict, {})
    project: dict[str, Any] = member(document, "project", dict, {})
    groups: dict[str, Any] = member(document, "dependency-groups", dict, {})
    legacy = [*strings(member(tool, "uv", dict, {}), "dev-dependencies")]
    for requirements in member(member(tool, "pdm", dict, {}), "dev-dependencies", dict, {}).values():
        legacy += strings({"dev-dependencies": requirements}, "dev-dependencies")
    if not (project or poetry or groups or legacy):
        return None
    reading = _Reading(path)
    _all(reading, strings(project, "dependencies"), Scope.REQUIRED)
    for name in sorted(optional := member(project, "optional-dependencies", dict, {})):
        _all(reading, strings(optional, name), Scope.OPTIONAL)
    _all(reading, _grouped(groups), Scope.EXCLUDED)
    _all(reading, legacy, Scope.EXCLUDED)
    _poetry(reading, poetry)
    name = member(project, "name", str, "") or member(poetry, "name", str, "")
    version = member(project, "version", str, "") or member(poetry, "version", str, "")
    return Manifest(
        path=path,
        home=posixpath.dirname(path),
        name=canonical(name) if name else None,
        version=checked_version(version) if version else None,
        licences=_licences(project, poetry),
        entries=tuple(reading.entries),
        direct=reading.direct,
        needs=tuple(reading.needs),
        lock=False,
        closed=False,
        dynamic=_dynamic(path, project, tool, files),
        problems=tuple(reading.problems),
    )


def read_setup_cfg(path: str, files: Mapping[str, bytes]) -> Manifest | None:
    """A setup.cfg that states requirements: they are code's to change, so only a lock makes them known."""
    text = text_of(files[path])
    if "install_requires" not in text and "extras_require" not in text:
        return None
    return Manifest(
        path=path,
        home=posixpath.dirname(path),
        lock=False,
        closed=False,
        dynamic="states install_requires, which are not read: move them to pyproject.toml or add a lock file",
    )


def read_setup_py(path: str, _files: Mapping[str, bytes]) -> Manifest:
    """A setup.py is a program and is never run; its project is known only through a lock beside it."""
    return Manifest(
        path=path,
        home=posixpath.dirname(path),
        lock=False,
        closed=False,
        dynamic="only running it would tell what it needs: move to pyproject.toml or add a lock file",
    )


def _all(reading: _Reading, requirements: Iterable[str], scope: Scope) -> None:
    for text in requirements:
        try:
            reading.needs.append(need_of(text, scope=scope))
        except UnreadableError as error:
            reading.problems.append(Problem(path=reading.path, reason=error.reason))


def _grouped(groups: dict[str, Any]) -> list[str]:
    from packaging.dependency_groups import DependencyGroupResolver

    if not groups:
        return []
    found: dict[str, None] = {}
    try:
        resolver = DependencyGroupResolver(groups)
        for name in groups:
            found.update(dict.fromkeys(str(requirement) for requirement in resolver.resolve(name)))
    except Exception as error:  # noqa: BLE001 - an exception group or any of six types: all mean "not PEP 735"
        raise UnreadableError(f"dependency-groups are not readable: {plain(str(error), 100)}") from None
    return list(found)


def _poetry(reading: _Reading, poetry: dict[str, Any]) -> None:
    main = member(poetry, "dependencies", dict, {})
    _poetry_table(reading, main, Scope.REQUIRED)
    _poetry_table(reading, member(poetry, "dev-dependencies", dict, {}), Scope.EXCLUDED)
    groups = member(poetry, "group", dict, {})
    for name in sorted(groups):
        group = member(groups, name, dict, {})
        scope = Scope.REQUIRED if name == "main" else Scope.EXCLUDED
        _poetry_table(reading, member(group, "dependencies", dict, {}), scope)


def _poetry_table(reading: _Reading, table: dict[str, Any], scope: Scope) -> None:
    for name in sorted(table):
        if name.lower() == "python":
            continue
        stated = table[name]
        for item in stated if isinstance(stated, list) else [stated]:
            try:
                _poetry_need(reading, name, item, scope)
            except UnreadableError as error:
                reading.problems.append(Problem(path=reading.path, reason=error.reason))


def _poetry_need(reading: _Reading, name: str, item: object, scope: Scope) -> None:
    if isinstance(item, str):
        item = {"version": item}
    if not isinstance(item, dict):
        raise UnreadableError(f"dependency {quoted(name, 60)} is neither a string nor a table")
    needed = Scope.OPTIONAL if item.get("optional") is True and scope is Scope.REQUIRED else scope
    path = member(item, "path", str, "")
    archive = python_archive(path) if path.endswith(ARCHIVES) else None
    if archive:
        reading.needs.append(Need(name=archive[0], specifier=f"=={archive[1]}", scope=needed, text=path))
        return
    if path:
        entry = Entry(
            id=f"path:{name}",
            name=canonical(name),
            local=within(posixpath.dirname(reading.path), path),
            occurrence=Occurrence(path=reading.path, context=name),
        )
        reading.entries.append(entry)
        reading.direct[entry.id] = needed
        return
    version = member(item, "version", str, "")
    need = Need(
        name=canonical(name),
        specifier=poetry_specifier(version),
        extras=frozenset(canonical(extra) for extra in strings(item, "extras")),
        conditional=bool(item.get("markers") or item.get("python") or item.get("platform")),
        scope=needed,
        text=f"{name} {version}".strip(),
    )
    reading.needs.append(need)


def poetry_specifier(text: str) -> str | None:
    """A Poetry constraint as PEP 440, or None where it has no simple equal (`^`, `~`, `||`)."""
    clauses = [clause.strip() for clause in text.split(",")]
    if any((c[:1] in "^~" and not c.startswith("~=")) or "|" in c or " " in c for c in clauses if c):
        return None
    plain = [c if not c[0].isdigit() else f"=={c}" for c in clauses if c and c != "*"]
    return ",".join(plain)


def _dynamic(path: str, project: dict[str, Any], tool: dict[str, Any], files: Mapping[str, bytes]) -> str | None:
    fields = set(strings(project, "dynamic")) & {"dependencies", "optional-dependencies"}
    if not fields or (member(tool, "poetry", dict, {}) and "dependencies" in member(tool, "poetry", dict, {})):
        return None
    stated = member(member(member(tool, "setuptools", dict, {}), "dynamic", dict, {}), "dependencies", dict, {})
    named = stated.get("file")
    listed = [named] if isinstance(named, str) else named if isinstance(named, list) else []
    if fields == {"dependencies"} and listed and all(isinstance(f, str) for f in listed):
        missing = [f for f in listed if within(posixpath.dirname(path), f) not in files]
        return f"takes its dependencies from {quoted(missing[0])}, which is not in the tree" if missing else None
    return f"{' and '.join(sorted(fields))} are dynamic: only building it would tell; add a lock file"


def _licences(project: dict[str, Any], poetry: dict[str, Any]) -> tuple[licences.Licence, ...]:
    stated = project.get("license", poetry.get("license"))
    if isinstance(stated, dict):
        stated = stated.get("text")
    return licences.of_metadata(None, stated if isinstance(stated, str) else None, strings(project, "classifiers"))
