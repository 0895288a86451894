"""Software bills of materials: manifests, locks or an installed environment in; strict CycloneDX 1.6 JSON out."""

from __future__ import annotations

from attestations.sbom.document import BINDING, build
from attestations.sbom.environment import read_environment
from attestations.sbom.inventory import (
    Component,
    Inventory,
    Occurrence,
    Problem,
    Reference,
    SbomError,
    Scope,
    Source,
)
from attestations.sbom.licences import Licence
from attestations.sbom.schema import SbomSummary, read_sbom, validate
from attestations.sbom.services import Data, Service, build_services
from attestations.sbom.sources import is_manifest, read_sources

__all__ = [
    "BINDING",
    "Component",
    "Data",
    "Inventory",
    "Licence",
    "Occurrence",
    "Problem",
    "Reference",
    "SbomError",
    "SbomSummary",
    "Scope",
    "Service",
    "Source",
    "build",
    "build_services",
    "is_manifest",
    "read_environment",
    "read_sbom",
    "read_sources",
    "validate",
]
