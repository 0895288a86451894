"""An installed Python environment, read from its metadata files; nothing of it is imported or run."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attestations.sbom import licences
from attestations.sbom.documents import json_of, member, text_of
from attestations.sbom.inventory import (
    Inventory,
    Node,
    Occurrence,
    Problem,
    Reference,
    SbomError,
    Scope,
    Source,
    UnreadableError,
    assemble,
    checked_version,
    hash_of,
    purl_of,
    quoted,
)
from attestations.sbom.python import canonical
from attestations.sbom.references import INDEX, Origin, download_origin, public_url, vcs_origin

if TYPE_CHECKING:
    from email.message import Message

_MAX_METADATA: Final = 4 * 1024 * 1024
_MAX_RECORD: Final = 64 * 1024 * 1024
_SITE = re.compile(r"(?:python|pypy)(\d+)\.(\d+)")
_RECORDED = re.compile(rb"^[^,\n]{1,300}\.dist-info/METADATA,sha256=([A-Za-z0-9_-]{43}),", re.MULTILINE)
_LABELS: Final = {
    label: kind
    for kind, labels in {
        "website": "homepage home website",
        "distribution": "download",
        "vcs": "source repository sourcecode code github gitlab",
        "release-notes": "changelog changes releasenotes whatsnew history",
        "documentation": "documentation docs",
        "issue-tracker": "issues bugs issue bug tracker issuetracker bugtracker",
        "chat": "chat discord gitter slack",
        "license": "license licence",
    }.items()
    for label in labels.split()
}
_CONFIG = re.compile(r"^([a-z-]+)\s*=\s*(.*?)\s*$", re.MULTILINE)
_REQUIRED_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Distribution:
    node: Node
    requires: tuple[str, ...]
    requested: bool


def read_environment(place: Path) -> Inventory:
    """The distributions installed in a Python environment.

    `place` is a virtual environment, its interpreter, or a directory of installed packages (`site-packages`). Only
    METADATA, PKG-INFO, RECORD and direct_url.json are read. An environment that also sees the packages of the system,
    and metadata that can't be read or differ from their RECORD, are problems. Raises SbomError if there is nothing.
    """
    site, version, problems = _site(place)
    found: list[_Distribution] = []
    sources: list[Source] = []
    for directory in sorted(_entries(site)):
        try:
            distribution, digest = _distribution(site, directory)
        except UnreadableError as error:
            problems.append(Problem(path=directory, reason=error.reason, line=error.line))
            continue
        found.append(distribution)
        sources.append(Source(path=distribution.node.occurrences[0].path, sha256=digest))
    if not found and not problems:
        raise SbomError(f"no installed distribution in {quoted(str(place), 200)}")
    nodes = _linked(found, version, problems)
    return assemble(nodes, problems=problems, sources=sources, closed=True)


def _site(place: Path) -> tuple[Path, str | None, list[Problem]]:
    """Directory of the packages, Python version if known, and what lies outside of it."""
    root = place
    if place.is_file():  # an interpreter: .../bin/python, not resolved, for it is a link out of the environment
        root = place.parent.parent
        if not (root / "pyvenv.cfg").is_file():
            raise SbomError(f"{quoted(str(place), 200)} is no virtual environment's Python: name its site-packages")
    if not root.is_dir():
        raise SbomError(f"{quoted(str(place), 200)} is not there or is not a directory")
    config = root / "pyvenv.cfg"
    if not config.is_file():
        match = _SITE.fullmatch(root.parent.name)
        return root, f"{match[1]}.{match[2]}" if match else None, []
    try:
        stated = dict(_CONFIG.findall(text_of(_read(config, _MAX_METADATA))))
    except UnreadableError as error:
        raise SbomError(f"{quoted(str(config), 200)}: {error.reason}") from None
    sites = sorted({*root.glob("lib/python*/site-packages"), *root.glob("lib/pypy*/site-packages")})
    sites += sorted(root.glob("Lib/site-packages")) if not sites else []
    if len(sites) != 1:
        raise SbomError(
            f"{quoted(str(root), 200)} has {len(sites)} site-packages directories: name the one that is meant"
        )
    problems = []
    if stated.get("include-system-site-packages", "false").lower() != "false":
        reason = "include-system-site-packages is on: packages outside of the environment are not read"
        problems.append(Problem(path="pyvenv.cfg", reason=reason))
    return sites[0], stated.get("version") or stated.get("version_info"), problems


def _entries(site: Path) -> Iterator[str]:
    try:
        with os.scandir(site) as listing:
            for entry in listing:
                if entry.name.endswith((".dist-info", ".egg-info", ".egg", ".egg-link")):
                    yield entry.name
    except OSError as error:
        raise SbomError(f"{quoted(str(site), 200)}: {error.strerror}") from None


def _distribution(site: Path, directory: str) -> tuple[_Distribution, str]:
    folder = site / directory
    if directory.endswith((".egg", ".egg-link")):
        raise UnreadableError("is an egg: reinstall it as a wheel")
    names = ("METADATA",) if directory.endswith(".dist-info") else ("PKG-INFO",)
    file = folder / names[0] if folder.is_dir() else folder
    path = f"{directory}/{names[0]}" if folder.is_dir() else directory
    data = _read(file, _MAX_METADATA)
    digest = hashlib.sha256(data)
    if directory.endswith(".dist-info"):
        _check_record(folder, digest.digest())
    headers = _headers(data)
    name, version = headers.get("Name", ""), headers.get("Version", "")
    if not name or not version:
        raise UnreadableError("has no Name or no Version")
    normal = canonical(name.strip())
    if (
        directory.endswith(".dist-info")
        and canonical(directory.removesuffix(".dist-info").rpartition("-")[0]) != normal
    ):
        raise UnreadableError(f"calls itself {normal} in METADATA")
    origin = _origin(folder)
    source = origin or INDEX
    version = checked_version(version.strip())
    node = Node(
        key=directory,
        ecosystem="pypi",
        name=name.strip(),
        version=version,
        purl=purl_of("pypi", None, normal, version, source.qualifier) if origin else None,
        local=None if origin else normal,
        hashes=source.hashes,
        licences=licences.of_metadata(
            _one(headers, "License-Expression"),
            _one(headers, "License"),
            [str(c) for c in headers.get_all("Classifier", [])],
        ),
        description=_line(headers, "Summary"),
        references=source.references | frozenset(_links(headers)),
        occurrences=(Occurrence(path=path),),
    )
    requires = tuple(str(r) for r in headers.get_all("Requires-Dist", []))
    return _Distribution(node=node, requires=requires, requested=(folder / "REQUESTED").exists()), digest.hexdigest()


def _headers(data: bytes) -> Message:
    """The header fields of a metadata file; the description below them is not looked at."""
    from email.parser import Parser

    text = text_of(data, limit=_MAX_METADATA).replace("\r\n", "\n")
    return Parser().parsestr(text.partition("\n\n")[0], headersonly=True)


def _one(headers: Message, key: str) -> str | None:
    value = headers.get(key)
    return None if value is None else str(value)


def _line(headers: Message, key: str) -> str | None:
    """The first line of a field, if it is printable."""
    lines = str(headers.get(key, "")).strip().splitlines()
    return lines[0][:512] if lines and lines[0].isprintable() else None


def _links(headers: Message) -> Iterator[Reference]:
    """Home page, download and the labelled project URLs (PyPA well-known labels) as external references."""
    stated = [f"homepage, {headers.get('Home-page', '')}", f"download, {headers.get('Download-URL', '')}"]
    for label, _, address in (str(line).partition(",") for line in (*stated, *headers.get_all("Project-URL", []))):
        url = public_url(address.strip())
        if url is not None:
            plain_label = re.sub(r"[^a-z]", "", label.lower())
            yield Reference(type=_LABELS.get(plain_label, "other"), url=url)


def _check_record(folder: Path, digest: bytes) -> None:
    try:
        record = _read(folder / "RECORD", _MAX_RECORD)
    except UnreadableError:
        raise UnreadableError("has no readable RECORD: nothing says what was installed") from None
    stated = _RECORDED.search(record)
    if stated and base64.urlsafe_b64decode(stated[1] + b"=") != digest:
        raise UnreadableError("METADATA is not what RECORD says was installed")


def _origin(folder: Path) -> Origin | None:
    """Where a direct installation came from (PEP 610); None for a directory, the empty origin for an index."""
    if not (folder / "direct_url.json").exists():
        return INDEX
    document = json_of(_read(folder / "direct_url.json", _MAX_METADATA))
    url = member(document, "url", str, "")
    if "dir_info" in document:
        return None
    vcs = member(document, "vcs_info", dict, {})
    if vcs:
        return vcs_origin(url, member(vcs, "commit_id", str, ""), member(vcs, "vcs", str, "git"))
    archive = member(document, "archive_info", dict, {})
    hashes = {hash_of(a, str(v)) for a, v in member(archive, "hashes", dict, {}).items()}
    if not hashes and (old := member(archive, "hash", str, "")):
        algorithm, _, value = old.partition("=")
        hashes = {hash_of(algorithm, value)}
    return replace(download_origin(url), hashes=frozenset(hashes))


def _linked(found: list[_Distribution], version: str | None, problems: list[Problem]) -> list[Node]:
    from packaging.markers import default_environment
    from packaging.requirements import InvalidRequirement, Requirement

    environment: dict[str, str] = {**default_environment()}  # type: ignore[dict-item] # all its values are strings
    if version:
        parts = version.split(".")
        environment |= {"python_full_version": version, "python_version": ".".join(parts[:2])}
    by_name: dict[str, list[_Distribution]] = {}
    for item in found:
        by_name.setdefault(canonical(item.node.name), []).append(item)
    parsed: dict[str, list[Requirement]] = {}
    for item in found:
        wanted = parsed.setdefault(item.node.key, [])
        for text in item.requires:
            start = _REQUIRED_NAME.match(text.strip())
            try:
                if start is None or len(text) > 4096:
                    raise UnreadableError("")
                if canonical(start[0].rstrip("-._")) in by_name:
                    wanted.append(Requirement(text))
            except (InvalidRequirement, UnreadableError, RecursionError):
                reason = f"Requires-Dist {quoted(text, 60)} is not a requirement (PEP 508)"
                problems.append(Problem(path=item.node.key, reason=reason))
    edges: dict[str, dict[str, Scope]] = {item.node.key: {} for item in found}
    done: set[tuple[str, str]] = set()
    pending = [(item.node.key, "") for item in found]
    while pending:  # every distribution without extras, then each extra that another one asks for
        key, extra = pending.pop()
        if (key, extra) in done:
            continue
        done.add((key, extra))
        for requirement in parsed[key]:
            if requirement.marker and not requirement.marker.evaluate({**environment, "extra": extra}):
                continue
            for target in by_name[canonical(requirement.name)]:
                edges[key][target.node.key] = Scope.REQUIRED
                pending += [(target.node.key, asked) for asked in requirement.extras]
    nodes = [replace(item.node, edges=edges[item.node.key]) for item in found]
    requested = {item.node.key: Scope.REQUIRED for item in found if item.requested}
    nodes.append(Node(key="", ecosystem="", name=".", local="", edges=requested))
    return nodes


def _read(path: Path, limit: int) -> bytes:
    """A regular file of at most `limit` bytes; raises UnreadableError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise UnreadableError(f"{path.name}: {error.strerror}") from None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise UnreadableError(f"{path.name} is not a regular file")
        data = file.read(limit + 1)
    if len(data) > limit:
        raise UnreadableError(f"{path.name} is larger than {limit} bytes")
    return data
