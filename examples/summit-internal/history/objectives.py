"""Service-level objectives: the OpenSLO documents under `slo/`, their flows, and what was measured.

Measured by six hours in the last thirty days; older figures are kept by the week. `documents` writes the files again;
they are committed, and a test compares them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from history.records import sha256
from history.streams import Record, Records, moment
from history.timeline import Timeline, policy_version
from service import settings

TENANT = "summit-internal"
FOLDER = "slo"
WINDOW_DAYS = 28
FINE_DAYS = 30
FINE = timedelta(hours=6)
THRESHOLD_MS = 1_500
MAX_ERROR_PERMILLE = 5
BURN_PERMILLE, BURN_MINUTES = 14_400, 60
SOURCE = "prometheus"


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow that is promised something: what it is, whether it is critical, about how often it runs in six hours."""

    name: str
    kind: str
    critical: bool
    often: int


FLOWS = (
    Flow("policy.decisions", "policy_decision", True, 24_000),
    Flow("workflow.executions", "workflow_execution", True, 3_200),
    Flow("switchboard.interactions", "interaction", False, 9_000),
    Flow("revops.routing", "service", False, 1_100),
    Flow("high-risk-ops.requests", "service", True, 900),
    Flow("evidence.ledger", "service", True, 2_600),
)


@dataclass(frozen=True, slots=True)
class Objective:
    """One promise about a flow, and its document."""

    flow: Flow
    type: str

    @property
    def name(self) -> str:
        return f"{self.flow.name}.{'latency' if self.type == 'latency' else 'errors'}"

    @property
    def path(self) -> str:
        return f"{FOLDER}/{self.name}.yaml"

    @property
    def query(self) -> str:
        of = f'{{tenant_id="{TENANT}",flow="{self.flow.name}"}}'
        if self.type == "latency":
            return f"histogram_quantile(0.95, sum by (le) (rate(flow_duration_seconds_bucket{of}[6h])))"
        return f"sum(rate(flow_errors_total{of}[6h])) / sum(rate(flow_total{of}[6h]))"

    def document(self) -> str:
        """OpenSLO v1: https://github.com/OpenSLO/OpenSLO, version 1.0."""
        latency = self.type == "latency"
        value = f"\n      op: lt\n      value: {THRESHOLD_MS / 1000}" if latency else ""
        target = "0.95" if latency else f"{1 - MAX_ERROR_PERMILLE / 1000:.3f}"
        metric = "thresholdMetric" if latency else "ratioMetric"
        source = f"metricSource: {{type: {SOURCE}, spec: {{query: '{self.query}'}}}}"
        said = source if latency else f"counter: true\n        raw: {{{source}}}\n        rawType: failure"
        alert = "p95 above 1.5 s" if latency else "half a per cent fails"
        return f"""\
apiVersion: openslo/v1
kind: SLO
metadata:
  name: {self.name}
  annotations:
    tenantgate.dev/tenant: {TENANT}
    tenantgate.dev/policy-version: "{settings.POLICY_VERSION}"
    tenantgate.dev/percentile: "{95 if latency else 99}"
spec:
  service: {self.flow.name}
  indicator:
    metadata: {{name: {self.name}}}
    spec:
      {metric}:
        {said}
  timeWindow: [{{duration: {WINDOW_DAYS}d, isRolling: true}}]
  budgetingMethod: Occurrences
  objectives:
    - displayName: {self.name}{value}
      target: {target}
  alertPolicies:
    - kind: AlertPolicy
      metadata: {{name: {self.name}-page, displayName: {alert}}}
      spec:
        conditions:
          - kind: AlertCondition
            spec: {{severity: page, condition: {{kind: threshold, lookbackWindow: 15m}}}}
    - kind: AlertPolicy
      metadata: {{name: {self.name}-burn}}
      spec:
        conditions:
          - kind: AlertCondition
            spec:
              severity: page
              condition: {{kind: burnrate, op: gt, threshold: {BURN_PERMILLE / 1000}, lookbackWindow: {BURN_MINUTES}m}}
"""


OBJECTIVES = tuple(Objective(flow, type_) for flow in FLOWS for type_ in ("latency", "error_rate"))


def documents() -> Mapping[str, str]:
    """Path → text, of every document."""
    return {objective.path: objective.document() for objective in OBJECTIVES}


def records(timeline: Timeline) -> Records:
    return {
        "slo_flow": [
            {
                "id": f"slo-flow-{flow.name}", "tenantid": TENANT, "flow": flow.name, "kind": flow.kind,
                "critical": flow.critical, "policyversion": settings.POLICY_VERSION, "owner": "platform@summit.example",
            }
            for flow in FLOWS
        ],
        "slo": [_row(objective) for objective in OBJECTIVES],
        "slo_measurement": [row for objective in OBJECTIVES for row in _measured(timeline, objective)],
    }  # fmt: skip


def _row(objective: Objective) -> Record:
    latency = objective.type == "latency"
    text = (settings.ROOT / objective.path).read_bytes()
    threshold = THRESHOLD_MS if latency else None
    errors = None if latency else MAX_ERROR_PERMILLE
    return {
        "id": f"slo-{objective.name}", "tenantid": TENANT, "name": objective.name, "flow": objective.flow.name,
        "api_version": "openslo/v1", "document": objective.path, "document_sha256": hashlib.sha256(text).hexdigest(),
        "policyversion": settings.POLICY_VERSION, "owner": "platform@summit.example",
        "indicator": {
            "type": objective.type, "percentile": 95 if latency else 99, "metric_source": SOURCE,
            "query": objective.query,
        },
        "objective": {
            "op": "lt", "threshold_ms": threshold, "max_error_permille": errors,
            "target_permille": 950 if latency else 1000 - MAX_ERROR_PERMILLE,
        },
        "window_days": WINDOW_DAYS,
        "alerts": [
            {
                "name": f"{objective.name}-page", "severity": "page", "condition": "threshold",
                "threshold_ms": threshold, "max_error_permille": errors, "burn_rate_permille": None,
                "lookback_minutes": 15,
            },
            {
                "name": f"{objective.name}-burn", "severity": "page", "condition": "burn_rate", "threshold_ms": None,
                "max_error_permille": None, "burn_rate_permille": BURN_PERMILLE, "lookback_minutes": BURN_MINUTES,
            },
        ],
    }  # fmt: skip


def _windows(timeline: Timeline) -> Iterator[tuple[datetime, datetime]]:
    """They join each other and end before now."""
    start = timeline.days()[-FINE_DAYS]
    yield from pairwise((*timeline.days()[:-FINE_DAYS:7], start))
    while start + FINE <= timeline.settled:
        yield start, start + FINE
        start += FINE


def _measured(timeline: Timeline, objective: Objective) -> Iterator[Record]:
    """One window in two months is bad: the release that had to be taken back."""
    draw = timeline.random(f"slo:{objective.name}")
    latency = objective.type == "latency"
    for number, (start, end) in enumerate(_windows(timeline)):
        samples = int(objective.flow.often * ((end - start) / FINE) * draw.uniform(0.5, 1.3))
        bad = end - start == FINE and number % 160 == 67
        slow = samples * draw.randint(70, 120) // 1000 if bad else samples * draw.randint(8, 34) // 1000
        failed = samples * 9 // 1000 if bad else samples * draw.randint(2, 19) // 10_000
        yield {
            "id": f"sli-{sha256(objective.name.encode())[:8]}-{start:%Y%m%d%H}", "tenantid": TENANT,
            "slo": objective.name, "query": objective.query, "threshold_ms": THRESHOLD_MS if latency else None,
            "window_start": moment(start), "window_end": moment(end), "samples": samples,
            "under_threshold": samples - slow if latency else None, "errors": None if latency else failed,
            "measured_at": moment(end + timedelta(minutes=2)), "policyversion": policy_version(start),
        }  # fmt: skip
