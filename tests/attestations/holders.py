"""Certificate bundles verified as strictly as a reader of keyless provenance would."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from attestations.refusal import Refused
from attestations.trust import Identity, Trust
from attestations.verify import verify


def believed(instance: Any, **changes: Any) -> Trust:
    """Trust in the one workflow of the instance."""
    values = {
        "sigstore_root": instance.trusted_root,
        "identities": (Identity(instance.identity, instance.issuer),),
    }
    return Trust(**(values | changes))


def bound_to(bench: Any, instance: Any, **changes: str) -> Any:
    return bench.binding(**({"signer_identity": instance.identity, "pipeline_id": instance.run} | changes))


def judged(bench: Any, instance: Any, bundle: bytes, **changes: Any) -> Any:
    """Verify as strictly as a reader of keyless provenance would, under the real clock."""
    asked = {
        "identity": instance.identity,
        "issuer": instance.issuer,
        "pipeline_id": instance.run,
        "builders": frozenset({(instance.identity, bench.builder)}),
        "max_age": timedelta(days=1),
        "require_timestamp": True,
    }
    trust = changes.pop("trust", None) or believed(instance)
    return verify(bundle, trust, bench.expect(**(asked | changes)), now=datetime.now(UTC))


def refused(bench: Any, instance: Any, bundle: bytes, **changes: Any) -> Refused:
    with pytest.raises(Refused) as refusal:
        judged(bench, instance, bundle, **changes)
    return refusal.value
