"""The official CycloneDX JSON schemas, strictly: nothing is fetched, and what the schemas leave open is checked too."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from attestations import strict_json
from attestations.sbom.inventory import SbomError, quoted
from attestations.strict_json import StrictJsonError

OURS: Final = "1.6"
READABLE: Final = ("1.4", "1.5", "1.6", "1.7")
MAX_BYTES: Final = 64 * 1024 * 1024

_BASE = "http://cyclonedx.org/schema/"
_SHARED = ("spdx.SNAPSHOT.schema.json", "jsf-0.82.SNAPSHOT.schema.json", "cryptography-defs.SNAPSHOT.schema.json")
_HASH_DIGITS = {
    "MD5": 32,
    "SHA-1": 40,
    "SHA-256": 64,
    "SHA-384": 96,
    "SHA-512": 128,
    "SHA3-256": 64,
    "SHA3-384": 96,
    "SHA3-512": 128,
    "BLAKE2b-256": 64,
    "BLAKE2b-384": 96,
    "BLAKE2b-512": 128,
}
_BOM_LINK = re.compile(r"urn:cdx:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/[1-9][0-9]*(?:#.+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class SbomSummary:
    """What a valid SBOM says about itself. `hashes` are those of its subject, CycloneDX algorithm to hex.

    `components` counts nested ones too. `properties` are those of `metadata`, so that a verifier finds the binding;
    a name that occurs twice is left out, because it says two things.
    """

    spec_version: str
    serial_number: str | None
    components: int
    name: str | None
    version: str | None
    hashes: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)


def validate(data: bytes) -> None:
    """Raise SbomError unless it is one strict CycloneDX 1.6 JSON document whose references all resolve."""
    _validated(data, (OURS,))


def read_sbom(data: bytes) -> SbomSummary:
    """Summarise an SBOM made elsewhere: CycloneDX JSON 1.4 to 1.7, valid by its own version; raises SbomError."""
    bom = _validated(data, READABLE)
    metadata = bom.get("metadata", {})
    subject = metadata.get("component", {})
    pairs = [(p.get("name", ""), p.get("value", "")) for p in metadata.get("properties", ())]
    names = [name for name, _ in pairs]
    digests = [(h["alg"], h["content"].lower()) for h in subject.get("hashes", ())]
    algorithms = [algorithm for algorithm, _ in digests]
    return SbomSummary(
        spec_version=bom["specVersion"],
        serial_number=bom.get("serialNumber"),
        components=sum(1 for _ in _components(bom.get("components", ()))),
        name=subject.get("name"),
        version=subject.get("version"),
        hashes={a: h for a, h in digests if algorithms.count(a) == 1},
        properties={n: v for n, v in pairs if names.count(n) == 1},
    )


def _validated(data: bytes, versions: tuple[str, ...]) -> dict[str, Any]:
    import jsonschema_rs

    try:
        bom = strict_json.loads(data, max_bytes=MAX_BYTES)
    except StrictJsonError as error:
        raise SbomError(f"not strict JSON: {error}") from None
    if not isinstance(bom, dict) or bom.get("bomFormat") != "CycloneDX":
        raise SbomError('not a CycloneDX JSON document: bomFormat is not "CycloneDX"')
    version = bom.get("specVersion")
    if not isinstance(version, str) or version not in versions:
        raise SbomError(f"specVersion is {quoted(version, 30)}; accepted: {', '.join(versions)}")
    stated = bom.get("$schema")
    if stated is not None and stated not in (f"{_BASE}bom-{version}.schema.json", _secure(version)):
        raise SbomError(f"$schema {quoted(stated)} is not the one of CycloneDX {version}")
    try:
        _validator(version).validate(bom)
    except jsonschema_rs.ValidationError as error:
        place = "/".join(str(step) for step in error.instance_path)
        raise SbomError(f"not valid CycloneDX {version} at {quoted(place)}: {quoted(error.message, 160)}") from None
    _check_references(bom)
    return bom


def _check_references(bom: dict[str, Any]) -> None:
    """Unique bom-refs, resolving references, whole hashes: what the specification means and the schemas leave open."""
    seen: set[str] = set()
    for part in _objects(bom):
        ref = part.get("bom-ref")
        if isinstance(ref, str):
            if ref in seen:
                raise SbomError(f"bom-ref {quoted(ref)} is used twice")
            seen.add(ref)
        digits = _HASH_DIGITS.get(str(part.get("alg")))
        if digits and isinstance(part.get("content"), str) and len(part["content"]) != digits:
            raise SbomError(f"{quoted(part['content'], 40)} is no {part['alg']} hash: it has not {digits} hex digits")
    declared: set[str] = set()
    for dependency in bom.get("dependencies", ()):
        ref = dependency["ref"]
        if ref in declared:
            raise SbomError(f"the dependencies of {quoted(ref)} are stated twice")
        declared.add(ref)
        for target in (ref, *dependency.get("dependsOn", ()), *dependency.get("provides", ())):
            _resolve(target, seen, "dependencies")
    for composition in bom.get("compositions", ()):
        for kind in ("assemblies", "dependencies", "vulnerabilities"):
            for target in composition.get(kind, ()):
                _resolve(target, seen, "compositions")
    for vulnerability in bom.get("vulnerabilities", ()):
        for affected in vulnerability.get("affects", ()):
            _resolve(affected["ref"], seen, "vulnerabilities")
    for annotation in bom.get("annotations", ()):
        for target in annotation.get("subjects", ()):
            _resolve(target, seen, "annotations")


def _resolve(target: str, known: set[str], where: str) -> None:
    if target not in known and not _BOM_LINK.fullmatch(target):
        raise SbomError(f"{where} refer to {quoted(target)}, which is not in the document")


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            yield item
            pending.extend(v for v in item.values() if isinstance(v, dict | list))
        else:
            pending.extend(v for v in item if isinstance(v, dict | list))


def _components(components: Any) -> Iterator[Any]:
    pending = list(components)
    while pending:
        component = pending.pop()
        yield component
        pending.extend(component.get("components", ()))


@cache
def spdx_ids() -> frozenset[str]:
    """The ids that `license.id` may hold: the SPDX list bundled with the CycloneDX schemas."""
    return frozenset(_read(_SHARED[0])["enum"])


@cache
def _validator(version: str) -> Any:
    import jsonschema_rs

    schema = _read(f"bom-{version}.SNAPSHOT.schema.json")
    return jsonschema_rs.Draft7Validator(schema, validate_formats=True, retriever=_bundled)


def _bundled(uri: str) -> Any:
    """The only three documents that the schemas may refer to; everything else, remote or local, is refused."""
    name = uri.removeprefix(_BASE)
    if name not in _SHARED:
        raise SbomError(f"a schema refers to {quoted(uri)}, which is not bundled")
    return _read(name)


def _read(name: str) -> Any:
    # find_spec does not import the package: its model takes 0.2 s and is not needed for its data files
    spec = find_spec("cyclonedx")
    if spec is None or not spec.submodule_search_locations:
        raise SbomError("cyclonedx-python-lib is not installed: its schemas are needed")
    try:
        return json.loads((Path(spec.submodule_search_locations[0]) / "schema" / "_res" / name).read_bytes())
    except (OSError, ValueError):
        raise SbomError(f"cyclonedx-python-lib does not bundle a readable {name}") from None


def _secure(version: str) -> str:
    return f"https://cyclonedx.org/schema/bom-{version}.schema.json"
