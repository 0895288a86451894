"""Everything that the operational packs ask for, from every area."""

from __future__ import annotations

from collections.abc import Mapping

from history import (
    audit,
    configuration,
    high_risk,
    integrations,
    limits,
    metering,
    objectives,
    obligations,
    revops,
)
from history.streams import Records, merged
from history.timeline import Timeline


def records(timeline: Timeline) -> tuple[Records, Mapping[str, bytes]]:
    """By kind, each in the order in which it happened to be made; and the artifacts that executions name."""
    risky, files = high_risk.records(timeline)
    told = merged([risky, revops.records(timeline)])
    others = (configuration, objectives, limits, integrations, audit, obligations)
    return merged([told, metering.records(timeline, told), *(area.records(timeline) for area in others)]), files
