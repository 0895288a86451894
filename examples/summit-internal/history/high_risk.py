"""High-risk operations: request, preflight, approvals, execution, rollback, receipt, closure; and the side doors.

Tenants whose plan has the pack ask for something every business day. Among the ordinary requests stand the awkward
ones: asked on Friday evening or on a holiday, answered too late (with a page), denied, denied and then approved,
withdrawn, refused by the policy, a failed step whose first rollback failed too, and a second try after it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from history import hours
from history.records import sha256
from history.streams import Record, Records, Stream, bundle_sha256, digest, merged, moment
from history.timeline import Timeline, policy_version
from service import settings
from service.settings import Tenant

PACK = "high-risk-ops"
SECURITY, PLATFORM, PRIVACY, DUTY = "security-approver", "platform-approver", "privacy-approver", "duty-manager"


@dataclass(frozen=True, slots=True)
class Class:
    """A class of high-risk action: who approves it, how many of them, how often it is asked for, what is run."""

    approvers: int
    roles: tuple[str, ...]
    weight: int
    target: str
    commands: tuple[str, ...]


CLASSES = {
    "prod_data_access": Class(1, (SECURITY, DUTY), 9, "tenant database", ("access open --read-only", "access close")),
    "key_rotation": Class(1, (SECURITY,), 3, "signing keys", ("keys rotate", "keys verify")),
    "policy_change": Class(2, (SECURITY, PLATFORM), 4, "policy bundle", ("policy apply", "policy status")),
    "destructive_migration": Class(2, (PLATFORM, SECURITY), 2, "schema", ("migrate up", "migrate verify")),
    "dr_drill": Class(1, (DUTY,), 1, "restore drill", ("backup restore", "backup verify")),
    "purge": Class(2, (PRIVACY, SECURITY), 2, "expired rows", ("purge run", "purge verify")),
    "redaction": Class(2, (PRIVACY, SECURITY), 1, "support tickets", ("redact run", "redact verify")),
    "incident_response": Class(1, (DUTY, SECURITY), 2, "incident", ("isolate", "collect")),
}
A_DAY = {"summit-internal": 2, "acme-eu": 1}
SLOW_EVERY = 35
"""Days between two answers that take too long: the 95th percentile of thirty days forgives one."""
SURFACES = ("cloud-console", "kubernetes-api", "policy-store", "prod-database")
FLOWS = {
    "revops": ("revops.routing", "revops.discounts"),
    PACK: ("secops.high-risk", "secops.access"),
    "finops": ("finops.metering", "finops.invoicing"),
}
KEEP_FILES_DAYS = 93


def records(timeline: Timeline) -> tuple[Records, Mapping[str, bytes]]:
    """The records, and the artifacts that the executions of the last three months name: file name → bytes."""
    parts: list[Records] = []
    files: dict[str, bytes] = {}
    for tenant in settings.tenants():
        if PACK in tenant.packs:
            office = _Office(timeline, tenant)
            office.work()
            parts.append(office.stream.records)
            files |= office.files
            parts.append(_side_doors(timeline, tenant))
            parts.append({"approval_matrix": list(_matrix(tenant))})
        parts.append(_flows(timeline, tenant))
    return merged(parts), files


def _matrix(tenant: Tenant) -> Iterator[Record]:
    for name, of in CLASSES.items():
        yield {
            "id": f"matrix-{tenant.id}-{name}", "tenantid": tenant.id, "class": name, "approvers": of.approvers,
            "roles": list(of.roles), "policyversion": settings.POLICY_VERSION,
        }  # fmt: skip


class _Office:
    """One tenant's requests, from asking to closing."""

    def __init__(self, timeline: Timeline, tenant: Tenant) -> None:
        self.timeline = timeline
        self.tenant = tenant.id
        self.draw = timeline.random(f"high-risk:{tenant.id}")
        self.stream = Stream(
            tenant.id, f"https://ops.summit.example/{tenant.id}/high-risk", "highriskops",
            timeline.random(f"high-risk:{tenant.id}:arrivals"),
        )  # fmt: skip
        self.files: dict[str, bytes] = {}
        self.number = 1000
        self.names, weights = zip(*((name, of.weight) for name, of in CLASSES.items()), strict=True)
        self.weights = weights

    def work(self) -> None:
        for number, midnight in enumerate(self.timeline.days()):
            day = midnight.date()
            if hours.is_open_day(day):
                slots = sorted(self.draw.sample(range(5, 480), A_DAY[self.tenant]))
                for slot in slots:
                    asked = hours.at(day, hours.OPENS.hour, 0) + timedelta(
                        minutes=slot, seconds=self.draw.randint(0, 59)
                    )
                    self._case(asked, slow=number % SLOW_EVERY == 7 and slot == slots[0])
                if day.weekday() == 4:
                    self._case(hours.at(day, 17, 50, self.draw.randint(0, 59)), name="policy_change", wait=20)
            elif day.weekday() == 5 and number % 2:
                self._case(hours.at(day, 2, 41), name="incident_response", on_call=True)
            elif day.weekday() < 5:
                self._case(hours.at(day, 11, 20), name="key_rotation", wait=12)

    def _case(
        self, asked: datetime, *, name: str = "", wait: int = 0, slow: bool = False, on_call: bool = False
    ) -> None:
        """One request. Nothing is told of one that would not be over by now."""
        self.number += 1
        name = name or self.draw.choices(self.names, self.weights)[0]
        if asked + timedelta(days=5) > self.timeline.settled:
            # A request of these days is told only if it was answered within the hour and closed the same day.
            closes = (hours.later(asked, timedelta(minutes=60)) if not on_call else asked) + timedelta(hours=12)
            if closes > self.timeline.settled:
                return
        case = _Case(self, f"hr-{self.tenant}-{self.number}", name, asked)
        kind = self.number % 40
        if kind == 3:
            case.withdrawn()
        elif kind == 11:
            case.refused()
        elif kind == 17:
            case.denied()
        else:
            minutes = 34 + self.draw.randint(0, 10) if slow else wait or self.draw.triangular(2, 24, 6)
            case.run(
                minutes, on_call=on_call, slow=slow, objection=kind == 23, failure=kind in (29, 37), twice=kind == 37
            )


class _Case:
    """The events of one request."""

    def __init__(self, office: _Office, request: str, name: str, asked: datetime) -> None:
        self.office, self.request, self.name, self.asked = office, request, name, asked
        self.of = CLASSES[name]
        self.version = policy_version(asked)
        self.items: list[dict[str, str]] = []
        self.domain = "summit.example" if office.tenant == "summit-internal" else f"{office.tenant}.example"
        draw = office.draw
        until = asked + timedelta(hours=draw.randint(5, 7)) if name == "prod_data_access" else None
        self.until = until
        self._emit(
            "request", "", asked,
            {
                "class": name, "target": f"{self.of.target} of {office.tenant}", "reason": f"Planned work, {request}",
                "requested_by": f"{draw.choice(('platform-lead', 'support-lead', 'data-lead'))}@{self.domain}",
                "access_until": moment(until) if until else None,
            },
        )  # fmt: skip
        self.answered = asked + timedelta(seconds=draw.randint(5, 50))

    def _emit(self, kind: str, suffix: str, at: datetime, data: dict[str, object]) -> Record:
        id_ = f"{self.request}-{kind}{suffix}"
        record = self.office.stream.emit(f"high_risk_{kind}", kind, id_, at, self.request, data, version=self.version)
        kinds = {"execution": "transcript"}
        if kind in ("request", "preflight", "approval", "execution", "rollback"):
            self.items.append({"kind": kinds.get(kind, kind), "name": id_, "sha256": digest(record)})
        return record

    def _preflight(self, *, allow: bool) -> None:
        checks = [{"name": check, "passed": True} for check in ("freeze-window", "backup-fresh", "owner-known")]
        checks.append({"name": "target-in-scope", "passed": allow})
        self._emit(
            "preflight", "", self.answered,
            {
                "bundle_sha256": bundle_sha256(PACK, self.version), "decision": "allow" if allow else "deny",
                "checks": checks,
            },
        )  # fmt: skip

    def _approval(self, number: int, at: datetime, role: str, decision: str, rationale: str) -> None:
        who = {"decision": decision, "approver": f"{role}@{self.domain}", "approver_role": role, "rationale": rationale}
        self._emit("approval", f"-{number}", at, dict(who))

    def _close(self, at: datetime, outcome: str, revoked: datetime | None = None) -> None:
        self._emit("receipt", "", at, {"issued_by": "evidence-service@summit.example", "items": self.items})
        self._emit(
            "closure", "", at + timedelta(minutes=3),
            {
                "closed_by": f"ops-lead@{self.domain}", "outcome": outcome,
                "access_revoked_at": moment(revoked) if revoked else None,
            },
        )  # fmt: skip

    def withdrawn(self) -> None:
        self._preflight(allow=True)
        self._close(self.answered + timedelta(minutes=6), "withdrawn")

    def refused(self) -> None:
        self._preflight(allow=False)
        self._close(self.answered + timedelta(minutes=1), "denied")

    def denied(self) -> None:
        self._preflight(allow=True)
        at = hours.later(self.answered, timedelta(minutes=self.office.draw.randint(4, 20)))
        self._approval(1, at, self.of.roles[0], "deny", "The change window is taken")
        self._close(at + timedelta(minutes=4), "denied")

    def run(self, minutes: float, *, on_call: bool, slow: bool, objection: bool, failure: bool, twice: bool) -> None:
        draw = self.office.draw
        self._preflight(allow=True)
        wait = timedelta(minutes=minutes)
        settled = self.asked + timedelta(minutes=6) if on_call else hours.later(self.asked, wait)
        first = max(self.answered + timedelta(seconds=20), settled - timedelta(minutes=1))
        number = 0
        if objection:
            number += 1
            self._approval(
                number, self.answered + timedelta(seconds=10), self.of.roles[0], "deny", "Needs a rollback plan"
            )
        for place in range(self.of.approvers):
            number += 1
            last = place + 1 == self.of.approvers
            self._approval(number, settled if last else first, self.of.roles[place], "approve", "Reviewed the plan")
        if slow:
            self._emit(
                "page", "", hours.later(self.asked, timedelta(minutes=30)) + timedelta(minutes=2),
                {
                    "breach": "approval_latency", "paged": "secops", "dashboard": "governance",
                    "acknowledged_at": moment(settled),
                },
            )  # fmt: skip
        start = settled + timedelta(minutes=draw.randint(1, 25), seconds=draw.randint(0, 59))
        end = self._execute(1, start, fails=failure)
        if failure:
            end = self._roll_back(end, twice=twice)
            if not twice:
                end = self._execute(2, end + timedelta(minutes=draw.randint(5, 30)), fails=False)
        revoked = None
        if self.until is not None:
            revoked = min(self.until - timedelta(minutes=5), end + timedelta(minutes=draw.randint(5, 200)))
            end = max(end, revoked)
        self._close(end + timedelta(minutes=draw.randint(2, 30)), "executed", revoked)

    def _execute(self, number: int, start: datetime, *, fails: bool) -> datetime:
        """Run the commands; the last one fails if told so. Returns when it was over."""
        draw = self.office.draw
        end = start + timedelta(minutes=draw.randint(1, 14), seconds=draw.randint(1, 59))
        suffix = f"-{number}"
        commands, transcript = [], []
        for sequence, command in enumerate(self.of.commands, 1):
            code = 1 if fails and sequence == len(self.of.commands) else 0
            output = f"{self.request} {sequence} {'failed' if code else 'done'} {draw.getrandbits(64):016x}\n"
            transcript.append(f"$ {command}\n{output}")
            commands.append(
                {"sequence": sequence, "command": command, "exit_code": code, "output_sha256": sha256(output.encode())}
            )
        name, text = f"{self.request}{suffix}.log", "".join(transcript).encode()
        if end > self.office.timeline.as_of - timedelta(days=KEEP_FILES_DAYS):
            self.office.files[name] = text
        artifacts = [{"name": name, "sha256": sha256(text)}]
        self._emit(
            "execution", suffix, end,
            {
                "executed_by": f"sre-oncall@{self.domain}", "runner": f"ops-runner-{draw.randint(1, 3)}",
                "started_at": moment(start), "finished_at": moment(end), "commands": commands, "artifacts": artifacts,
            },
        )  # fmt: skip
        self.items += [{"kind": "artifact", **artifact} for artifact in artifacts]
        return end

    def _roll_back(self, failed: datetime, *, twice: bool) -> datetime:
        """The hook fires by itself; sometimes it fails first, which is an incident, and works the second time."""
        at = failed
        for number, works in enumerate((False, True) if twice else (True,), 1):
            at += timedelta(minutes=3)
            command = f"rollback {self.of.commands[0].split()[0]}"
            output = f"{self.request} rollback {number} {'done' if works else 'failed'}\n"
            self._emit(
                "rollback", f"-{number}", at,
                {
                    "execution": f"{self.request}-execution-1", "result": "succeeded" if works else "failed",
                    "executed_by": "rollback-hook@summit.example",
                    "commands": [
                        {"sequence": 1, "command": command, "exit_code": 0 if works else 2,
                         "output_sha256": sha256(output.encode())}
                    ],
                    "incident": None if works else f"inc-{self.request}",
                },
            )  # fmt: skip
        return at


def _side_doors(timeline: Timeline, tenant: Tenant) -> Records:
    """What the detector watched, week by week without a gap, and the attempts it saw."""
    draw = timeline.random(f"side-doors:{tenant.id}")
    stream = Stream(tenant.id, f"https://ops.summit.example/{tenant.id}/detector", "highriskops", draw)
    weeks = [*pairwise((*timeline.days()[::7], timeline.midnight))]
    if timeline.settled > timeline.midnight:
        weeks.append((timeline.midnight, timeline.settled))
    for number, (start, end) in enumerate(weeks):
        for surface in SURFACES:
            seen = 1 if draw.random() < 0.2 and end - start > timedelta(hours=1) else 0
            for _ in range(seen):
                at = start + (end - start - timedelta(minutes=20)) * draw.random()
                _attempt(stream, draw, f"sd-{tenant.id}-{number:03d}-{surface}", at, surface)
            stream.emit(
                "side_door_watch", "sidedoorwatch", f"watch-{tenant.id}-{surface}-{start:%Y%m%d}", end, surface,
                {
                    "surface": surface, "watched_from": moment(start), "watched_until": moment(end), "attempts": seen,
                    "detector": "side-door-detector",
                },
                late=False,
            )  # fmt: skip
    return stream.records


def _attempt(stream: Stream, draw: random.Random, id_: str, at: datetime, surface: str) -> None:
    visible = at + timedelta(seconds=draw.randint(10, 200))
    stream.emit(
        "side_door_attempt", "sidedoor", id_, at, id_,
        {
            "actor": f"deploy-bot@{stream.tenant}.example", "surface": surface,
            "target": f"{surface} of {stream.tenant}",
            "blocked": draw.random() < 0.9, "visible_at": moment(visible),
        },
        recorded=visible,
    )  # fmt: skip
    stream.emit(
        "high_risk_page", "page", f"{id_}-page", visible, id_,
        {
            "breach": "side_door", "paged": "secops", "dashboard": "governance",
            "acknowledged_at": moment(visible + timedelta(minutes=draw.randint(1, 9))),
        },
        late=False,
    )  # fmt: skip


def _flows(timeline: Timeline, tenant: Tenant) -> Records:
    """The flows of the tenant's packs, and how often each ran and its policy was asked, week by week."""
    draw = timeline.random(f"flows:{tenant.id}")
    flows: list[Record] = []
    counts: list[Record] = []
    starts = [*timeline.days()[::7], timeline.midnight]
    for pack in tenant.packs:
        for flow in FLOWS[pack]:
            package = f"summit.{flow.replace('-', '_')}"
            flows.append(
                {
                    "id": f"flow-{tenant.id}-{flow}", "tenantid": tenant.id, "flow": flow,
                    "flow_type": flow.split(".")[0], "engine": "opa" if pack != "finops" else "abac",
                    "package": package, "owner": "platform@summit.example",
                }
            )  # fmt: skip
            for start, end in pairwise(starts):
                ran = draw.randint(150, 900)
                version = policy_version(start)
                counts.append(
                    {
                        "id": f"decisions-{tenant.id}-{flow}-{start:%Y%m%d}", "tenantid": tenant.id, "flow": flow,
                        "package": package, "bundle_sha256": bundle_sha256(pack, version), "policyversion": version,
                        "counted_from": moment(start), "counted_until": moment(end), "executions": ran,
                        "decisions": ran + draw.randint(0, 40),
                    }
                )  # fmt: skip
    return {"internal_flow": flows, "policy_decision_count": counts}
