"""An inventory as a CycloneDX 1.6 JSON document: the same inventory, binding and time give the same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from attestations import strict_json
from attestations.sbom.inventory import Component, Inventory, SbomError, quoted
from attestations.sbom.licences import Licence
from attestations.strict_json import StrictJsonError

BINDING: Final = ("policyVersion", "policyDigest", "pipelineId", "signerIdentity")
"""What binds an SBOM to the decision it belongs to; each is a `tenantgate:<name>` property of the metadata."""


def build(
    inventory: Inventory,
    *,
    name: str,
    version: str,
    binding: Mapping[str, str],
    timestamp: datetime,
    tools: Sequence[tuple[str, str]],
    sha256: str | None = None,
) -> bytes:
    """The SBOM of the project `name` at `version`, as strict JSON bytes that still have to pass `validate`.

    `binding` holds exactly the keys of `BINDING`; `tools` are (name, version); `sha256` is the digest of the released
    artifact, if the SBOM is about one. An inventory with problems gives a document that declares itself incomplete
    and lists them. Raises SbomError for a missing binding, an empty name or a time without a zone.
    """
    check_binding(binding)
    if not name or not version or not tools:
        raise SbomError("an SBOM needs the project's name and version and the tool that made it")
    if timestamp.tzinfo is None:
        raise SbomError("the timestamp of an SBOM needs a time zone")
    root = f"{name}@{version}"
    refs = {root, *(c.ref for c in inventory.components)}
    if len(refs) != len(inventory.components) + 1:
        raise SbomError(f"a component has the same reference as another or as the project: {quoted(root)}")
    subject: dict[str, Any] = {"type": "application", "bom-ref": root, "name": name, "version": version}
    if sha256 is not None:
        subject["hashes"] = [{"alg": "SHA-256", "content": sha256}]
    bom: dict[str, Any] = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": timestamp.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "tools": {"components": [{"type": "application", "name": n, "version": v} for n, v in sorted(tools)]},
            "component": subject,
            "properties": _properties(inventory, binding),
        },
        "components": [_component(component) for component in inventory.components],
        "dependencies": _dependencies(inventory, root),
        "compositions": [_composition(inventory, root)],
    }
    return finished(bom)


def finished(bom: dict[str, Any]) -> bytes:
    """The document with its serial number, as strict JSON. Raises SbomError."""
    try:
        bom["serialNumber"] = _serial_number(strict_json.dumps(bom))
        return strict_json.dumps(bom)
    except StrictJsonError as error:
        raise SbomError(f"not writable as JSON: {error}") from None


def _serial_number(content: bytes) -> str:
    """A name-based UUID (RFC 9562, version 5) of everything else in the document."""
    import uuid

    namespace = uuid.uuid5(uuid.NAMESPACE_URL, "http://cyclonedx.org/schema/bom-1.6.schema.json")
    return f"urn:uuid:{uuid.uuid5(namespace, content.decode())}"


def check_binding(binding: Mapping[str, str]) -> None:
    """Raises SbomError unless it holds exactly the keys of BINDING, none of them empty."""
    if set(binding) != set(BINDING):
        wrong = sorted(set(BINDING) ^ set(binding))
        raise SbomError(f"an SBOM is bound to exactly {', '.join(BINDING)}; missing or unknown: {', '.join(wrong)}")
    empty = [key for key in BINDING if not binding[key].strip()]
    if empty:
        raise SbomError(f"{empty[0]} of an SBOM must not be empty")


def _properties(inventory: Inventory, binding: Mapping[str, str]) -> list[dict[str, str]]:
    pairs = [(f"tenantgate:{key}", binding[key]) for key in BINDING]
    pairs += [("tenantgate:source", f"sha256:{s.sha256} {_text(s.path)}") for s in inventory.sources]
    pairs += [("tenantgate:problem", _text(str(p))) for p in inventory.problems]
    return [{"name": key, "value": value} for key, value in pairs]


def _component(component: Component) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "type": "library" if component.purl else "application",
        "bom-ref": component.ref,
        "name": _text(component.name),
        "scope": component.scope.value,
    }
    if component.group:
        entry["group"] = component.group
    if component.version:
        entry["version"] = component.version
    if component.description:
        entry["description"] = component.description
    if component.purl:
        entry["purl"] = component.purl
    if component.hashes:
        entry["hashes"] = [{"alg": algorithm, "content": value} for algorithm, value in component.hashes]
    if component.licences:
        entry["licenses"] = [_licence(licence) for licence in component.licences]
    if component.references:
        entry["externalReferences"] = [{"type": r.type, "url": r.url} for r in component.references]
    if component.occurrences:
        entry["evidence"] = {"occurrences": [_occurrence(o.path, o.line, o.context) for o in component.occurrences]}
    return entry


def _occurrence(path: str, line: int, context: str) -> dict[str, Any]:
    found: dict[str, Any] = {"location": _text(path)}
    if line:
        found["line"] = line
    if context:
        found["additionalContext"] = _text(context)
    return found


def _licence(licence: Licence) -> dict[str, Any]:
    if licence.expression:
        return {"expression": licence.expression, "acknowledgement": "declared"}
    named = {"id": licence.id} if licence.id else {"name": licence.name}
    return {"license": {**named, "acknowledgement": "declared"}}


def _dependencies(inventory: Inventory, root: str) -> list[dict[str, Any]]:
    """The graph. A component whose dependencies are not known has no entry: an empty one would say that it has none."""
    entries: list[dict[str, Any]] = [{"ref": root, "dependsOn": list(inventory.direct)}]
    entries += [
        {"ref": c.ref, "dependsOn": [root if ref == "file:." else ref for ref in c.depends_on]}
        for c in inventory.components
        if c.depends_on is not None
    ]
    return entries


def _composition(inventory: Inventory, root: str) -> dict[str, Any]:
    """How complete the document is; the edges are only claimed where all of them are known."""
    aggregate = "incomplete" if inventory.problems else "complete" if inventory.closed else "unknown"
    claimed: dict[str, Any] = {"aggregate": aggregate, "assemblies": [root]}
    if all(component.depends_on is not None for component in inventory.components):
        claimed["dependencies"] = [root]
    return claimed


def _text(path: str) -> str:
    """A file name as JSON can hold it: bytes that are not UTF-8 are shown as escapes."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
