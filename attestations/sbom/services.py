"""Outside services as a CycloneDX 1.6 document (a SaaSBOM): the same services, binding and time give the same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from attestations.sbom.document import BINDING, check_binding, finished
from attestations.sbom.inventory import SbomError, quoted

DATA_FLOWS: Final = ("inbound", "outbound", "bi-directional", "unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """What crosses to or from a service: direction (DATA_FLOWS), classification, and what it is."""

    flow: str
    classification: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service as CycloneDX has it; None where nothing is known. `properties` are (name, value), sorted when written.

    `authenticated`: whether its endpoints ask who calls; `crosses`: whether it lies beyond the trust boundary.
    """

    ref: str
    name: str
    provider: str | None = None
    endpoints: tuple[str, ...] = ()
    authenticated: bool | None = None
    crosses: bool | None = None
    data: tuple[Data, ...] = ()
    properties: tuple[tuple[str, str], ...] = ()


def build_services(
    services: Sequence[Service],
    *,
    name: str,
    version: str,
    binding: Mapping[str, str],
    timestamp: datetime,
    tools: Sequence[tuple[str, str]],
    complete: bool,
) -> bytes:
    """The SaaSBOM of the project `name` at `version`, as strict JSON bytes that still have to pass `validate`.

    `complete` False: something that should have been read was not, and the document says that it is incomplete; it
    never claims more than that what was read is all there. Raises SbomError like `build`.
    """
    check_binding(binding)
    if not name or not version or not tools:
        raise SbomError("a SaaSBOM needs the project's name and version and the tool that made it")
    if timestamp.tzinfo is None:
        raise SbomError("the timestamp of a SaaSBOM needs a time zone")
    root = f"{name}@{version}"
    ordered = sorted(services, key=lambda service: service.ref)
    refs = [service.ref for service in ordered]
    if len({root, *refs}) != len(refs) + 1:
        raise SbomError(f"a service has the same reference as another or as the project: {quoted(root)}")
    return finished(
        {
            "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "version": 1,
            "metadata": {
                "timestamp": timestamp.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "tools": {"components": [{"type": "application", "name": n, "version": v} for n, v in sorted(tools)]},
                "component": {"type": "application", "bom-ref": root, "name": name, "version": version},
                "properties": [{"name": f"tenantgate:{key}", "value": binding[key]} for key in BINDING],
            },
            "services": [_service(service) for service in ordered],
            "dependencies": [{"ref": root, "dependsOn": refs}],
            "compositions": [{"aggregate": "unknown" if complete else "incomplete", "assemblies": [root, *refs]}],
        }
    )


def _service(service: Service) -> dict[str, Any]:
    entry: dict[str, Any] = {"bom-ref": service.ref, "name": service.name}
    if service.provider:
        entry["provider"] = {"name": service.provider}
    if service.endpoints:
        entry["endpoints"] = sorted(set(service.endpoints))
    if service.authenticated is not None:
        entry["authenticated"] = service.authenticated
    if service.crosses is not None:
        entry["x-trust-boundary"] = service.crosses
    if service.data:
        found = sorted({(item.flow, item.classification, item.name) for item in service.data})
        entry["data"] = [{"flow": f, "classification": c, "name": n} for f, c, n in found]
    if service.properties:
        entry["properties"] = [{"name": n, "value": v} for n, v in sorted(set(service.properties))]
    return entry
