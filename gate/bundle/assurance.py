"""Before a release bundle leaves memory: it must verify, and its decision must be repeatable from it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from gate.bundle.checking import Question, check_files
from gate.bundle.replaying import replay
from gate.model import UndecidedError

if TYPE_CHECKING:
    from attestations.trust import Trust


def assure(files: Mapping[str, bytes], trust: Trust, now: datetime) -> None:
    """Verify and replay. Raises UndecidedError: nobody could rely on such a bundle, so there must be none."""
    for check in check_files(files, trust, Question(now=now), target="the new bundle").checks:
        if not check.held:
            raise UndecidedError(f"the bundle would not verify: {check.name}: {check.detail} [{check.code}]")
    for difference in replay(files):
        raise UndecidedError(f"the decision can't be repeated from its own bundle: {difference}")
