"""Half a year of operations: all of it good, and each thing made worse blocks by exactly the controls that are about it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from gate.calendars import read_calendar
from gate.model import Outcome

from .conftest import AS_OF, EXAMPLE, Copy, copied
from .judging import ELSEWHERE, Judge, Record, Records, digest, generated, policy_of

NOW = datetime.fromisoformat(AS_OF)
ZERO = "summit-internal"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    made = copied(tmp_path_factory.mktemp("operations") / "summit")
    made.python("generate.py", "--only", "operations", "--as-of", AS_OF)
    return made


@pytest.fixture(scope="module")
def judge(written: Copy, tmp_path_factory: pytest.TempPathFactory) -> Judge:
    return Judge.of(policy_of(tmp_path_factory.mktemp("policy")), generated(written), NOW)


# --- the good half year ------------------------------------------------------------------------------------------


def test_every_record_fits_its_schema_and_every_kind_is_there(judge: Judge) -> None:
    assert judge.misfits() == []
    assert judge.records.keys() | ELSEWHERE == judge.policy.kinds.keys()
    times = [r["time"] for records in judge.records.values() for r in records if "time" in r]
    assert len(times) > 20_000
    assert max(times) < AS_OF
    assert NOW - datetime.fromisoformat(min(times)) > timedelta(days=183)


def test_nothing_blocks_and_nothing_is_left_unasked(judge: Judge) -> None:
    results = judge.decide().results
    assert len(results) >= 80
    assert {r.control.id: r.outcome for r in results if r.outcome is not Outcome.PASS} == {}


@pytest.mark.parametrize(
    ("clock", "seed"),
    [
        pytest.param("2027-02-01T00:20:00Z", "1", id="twenty minutes after a month and a policy version began"),
        pytest.param("2026-11-23T14:40:00Z", "2", id="Monday morning in New York, weeks after the clocks changed"),
        pytest.param("2026-11-27T15:00:00Z", "3", id="the day after Thanksgiving"),
        pytest.param("2028-02-29T12:00:00Z", "4", id="a leap day"),
    ],
)
def test_it_is_good_on_any_day(tmp_path: Path, judge: Judge, clock: str, seed: str) -> None:
    made = copied(tmp_path / "summit")
    made.python("generate.py", "--only", "operations", "--as-of", clock, "--seed", seed)
    other = Judge.of(judge.policy, generated(made), datetime.fromisoformat(clock))
    assert {r.control.id for r in other.decide().results if r.outcome is not Outcome.PASS} == set()


def test_every_tenant_is_there_and_only_in_the_packs_it_has(judge: Judge) -> None:
    packs = {t["tenantid"]: set(t["packs"]) for t in judge.records["tenant"]}
    assert len(packs) == 4
    assert {lead["tenantid"] for lead in judge.records["lead"]} == {t for t, has in packs.items() if "revops" in has}
    risky = {request["tenantid"] for request in judge.records["high_risk_request"]}
    assert risky == {t for t, has in packs.items() if "high-risk-ops" in has}
    assert {event["tenantid"] for event in judge.records["meter_event"]} == packs.keys()


def test_the_hard_cases_are_in_it(judge: Judge) -> None:
    of = judge.records
    assert {c["data"]["outcome"] for c in of["high_risk_closure"]} == {"executed", "denied", "withdrawn"}
    assert {r["data"]["class"] for r in of["high_risk_request"]} >= {
        "purge",
        "redaction",
        "incident_response",
        "dr_drill",
    }
    rollbacks: dict[str, list[str]] = {}
    for event in of["high_risk_rollback"]:
        rollbacks.setdefault(event["subject"], []).append(event["data"]["result"])
    assert ["failed", "succeeded"] in rollbacks.values(), "a rollback that failed and then worked"
    assert max(Counter(e["subject"] for e in of["high_risk_execution"]).values()) == 2, "a second try"
    weekend = [r for r in of["high_risk_request"] if datetime.fromisoformat(r["time"]).weekday() >= 5]
    assert weekend, "somebody asks on a weekend"
    assert any(d["data"]["exception"] for d in of["discount_receipt"])
    assert {d["data"]["reason"] for d in of["discount_receipt"]} >= {"design_partner", "competitive", "uplift"}
    assert any(w["legal_hold"] for w in of["retention_window"])
    assert len({p["version"] for p in of["unit_price"]}) >= 3
    assert any(e["time"][:7] < e["recordedtime"][:7] for e in of["meter_event"]), "late, over the end of a month"
    assert {s["mode"] for s in of["integration_state"]} == {"production", "sandbox"}
    assert {a["level"] for a in of["limit_alert"]} == {"soft", "hard"}
    plans = {(e["tenantid"], e["data"]["plan"]) for e in of["meter_event"]}
    assert {("initech", "pro"), ("initech", "white-label")} <= plans, "a tenant that was upgraded on the way"
    met = Counter((t["subject"], t["data"]["timer"]) for t in of["sla_timer"])
    assert set(met.values()) == {1, 2}, "timers that run, and timers that were met"


def test_artifacts_are_files_whose_digests_recompute(written: Copy, judge: Judge) -> None:
    folder = written.root / "var" / "artifacts"
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    named = {a["name"]: a["sha256"] for e in judge.records["high_risk_execution"] for a in e["data"]["artifacts"]}
    recent = {e["data"]["artifacts"][0]["name"] for e in judge.records["high_risk_execution"]
              if NOW - datetime.fromisoformat(e["time"]) < timedelta(days=92)}  # fmt: skip
    assert len(found) > 100
    assert recent <= found.keys()
    assert found.items() <= named.items()


def test_objectives_say_what_their_documents_say(judge: Judge) -> None:
    flows = {row["flow"]: row for row in judge.records["slo_flow"]}
    for row in judge.records["slo"]:
        data = (EXAMPLE / row["document"]).read_bytes()
        assert row["document_sha256"] == hashlib.sha256(data).hexdigest()
        document = yaml.safe_load(data)
        (objective,) = document["spec"]["objectives"]
        assert (document["apiVersion"], document["metadata"]["name"]) == (row["api_version"], row["name"])
        assert document["metadata"]["annotations"]["tenantgate.dev/policy-version"] == row["policyversion"]
        assert document["spec"]["service"] == row["flow"] in flows
        assert round(objective["target"] * 1000) == row["objective"]["target_permille"]
        assert objective.get("value", 0) * 1000 == (row["objective"]["threshold_ms"] or 0)
        assert document["spec"]["timeWindow"][0]["duration"] == f"{row['window_days']}d"
        text = json.dumps(document["spec"]["indicator"])
        assert json.dumps(row["indicator"]["query"])[1:-1] in text
        burning = document["spec"]["alertPolicies"][1]["spec"]["conditions"][0]["spec"]["condition"]
        assert burning["threshold"] * 1000 == row["alerts"][1]["burn_rate_permille"]


def test_the_calendar_of_the_policy_is_the_one_the_office_works_by(written: Copy) -> None:
    calendar = read_calendar(
        "business", yaml.safe_load((EXAMPLE / "gate.yaml").read_text("utf-8"))["calendars"]["business"]
    )
    code = "from history import hours; print(*(d for y in range(2025, 2030) for d in hours.holidays(y)))"
    done = written.python("-c", code)
    assert {str(day) for day in calendar.holidays} == set(done.stdout.split())


def test_counted_events_are_metered_one_by_one(judge: Judge) -> None:
    meters = Counter((e["tenantid"], e["data"]["meter"]) for e in judge.records["meter_event"])
    for kind, meter in (("lead", "revops.leads_ingested_total"), ("high_risk_request", "high_risk_ops.requests_total")):
        for tenant, count in Counter(e["tenantid"] for e in judge.records[kind]).items():
            assert abs(meters[tenant, meter] - count) <= 1, "one may lie on the edge of what is told"


def test_ingest_accounts_for_every_line(written: Copy, tmp_path: Path) -> None:
    """Through the door: late, twice, without a tenant, of a stranger, not JSON; each is counted once."""
    (tmp_path / "evidence" / "declared").mkdir(parents=True)
    for name in ("tenant.jsonl",):
        (tmp_path / "evidence" / "declared" / name).write_bytes(
            (written.root / "evidence/declared" / name).read_bytes()
        )
    patterns = {"tenant": ["evidence/declared/tenant.jsonl"]}
    config = {
        "version": 1,
        "policy_version": "1",
        "project": "x",
        "packs": ["finops", "tenant-zero"],
        "evidence": patterns,
    }
    (tmp_path / "gate.yaml").write_text(yaml.safe_dump(config), "utf-8")
    source = written.root / "var" / "events" / "finops.ndjson"
    done = subprocess.run(
        [sys.executable, "-m", "gate", "ingest", str(source), "--into", "store", "-o", "json"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    counts = {name: said[name] for name in ("read", "accepted", "duplicates", "parked", "rejected")}
    lines = source.read_bytes().splitlines()
    distinct = {line for line in lines if b"unusable" not in line}
    assert counts["read"] == len(lines) == sum(counts.values()) - counts["read"]
    assert counts["duplicates"] == len([line for line in lines if b"unusable" not in line]) - len(distinct)
    reasons = {entry["reason"]: entry["records"] for entry in said["reasons"]}
    assert reasons["missing-tenantid"] == 9
    assert reasons["missing-policyversion"] == 7
    assert reasons["unknown-tenant"] == 6
    assert reasons["conflict"] == 2
    assert set(reasons) >= {"future-time", "unknown-type", "not-json", "schema:data.quantity"}


# --- made worse --------------------------------------------------------------------------------------------------

Change = Callable[[Records], None]
CASES: dict[str, tuple[Sequence[str], Change, set[str]]] = {}
"""What went wrong: which kinds it changes, how, and the controls that block."""


def worse(*kinds: str, blocks: set[str]) -> Callable[[Change], Change]:
    def added(change: Change) -> Change:
        CASES[change.__name__.strip("_").replace("_", " ")] = (kinds, change, blocks)
        return change

    return added


def age(record: Record, field: str = "time") -> timedelta:
    return NOW - datetime.fromisoformat(record[field])


def newest(records: Sequence[Record], field: str = "time", **wanted: Any) -> Record:
    """The newest record whose fields (or data's fields) are as wanted."""
    found = [r for r in records if all({**r, **r.get("data", {})}.get(name) == value for name, value in wanted.items())]
    return max(found, key=lambda record: record[field])


def of(records: Sequence[Record], request: Record) -> list[Record]:
    return [r for r in records if r["subject"] == request["subject"]]


def quiet(r: Records, tenant: str, *kinds: str) -> None:
    """Nothing of a tenant is there any more; the list is changed in place."""
    for kind in kinds:
        r[kind][:] = [record for record in r[kind] if record["tenantid"] != tenant]


def moved(record: Record, by: timedelta, *fields: str) -> None:
    for field in fields:
        inside = record["data"] if field in record.get("data", {}) else record
        later = datetime.fromisoformat(inside[field]) + by
        inside[field] = later.isoformat().replace("+00:00", "Z")


# high-risk-ops


def old_enough(r: Records, **wanted: Any) -> Record:
    """A closed, executed request of the window of coverage, outside that of latency."""
    asked = [x for x in r["high_risk_request"] if timedelta(days=40) < age(x) < timedelta(days=80)]
    ran = {x["subject"] for x in r["high_risk_execution"]}
    return newest([x for x in asked if x["subject"] in ran], **wanted)


@worse("high_risk_receipt", blocks={"HRO006", "HRO007"})
def _a_receipt_is_missing(r: Records) -> None:
    r["high_risk_receipt"].remove(of(r["high_risk_receipt"], old_enough(r))[0])


@worse("high_risk_approval", "high_risk_receipt", blocks={"HRO003"})
def _the_requester_approves_the_own_request(r: Records) -> None:
    request = old_enough(r, **{"class": "key_rotation"})
    (approval,) = of(r["high_risk_approval"], request)
    before = digest(approval)
    approval["data"]["approver"] = request["data"]["requested_by"].upper()
    (receipt,) = of(r["high_risk_receipt"], request)
    (item,) = [i for i in receipt["data"]["items"] if i["sha256"] == before]
    item["sha256"] = digest(approval)


@worse("high_risk_execution", blocks={"HRO007"})
def _a_transcript_is_edited(r: Records) -> None:
    of(r["high_risk_execution"], old_enough(r))[0]["data"]["commands"][0]["command"] += " --force"


@worse("high_risk_rollback", blocks={"HRO007", "HRO008"})
def _a_failed_step_was_not_rolled_back(r: Records) -> None:
    failed = newest(r["high_risk_rollback"])["subject"]
    r["high_risk_rollback"][:] = [x for x in r["high_risk_rollback"] if x["subject"] != failed]


@worse("high_risk_page", blocks={"HRO010"})
def _a_slow_approval_paged_nobody(r: Records) -> None:
    r["high_risk_page"].remove(newest(r["high_risk_page"], breach="approval_latency"))


@worse(
    "high_risk_approval", "high_risk_execution", "high_risk_receipt", "high_risk_closure", blocks={"HRO009", "HRO010"}
)
def _approvals_take_an_hour(r: Records) -> None:
    """Everything after the approval moves with it, and the bundles pin what was moved."""
    failed = {x["subject"] for x in r["high_risk_rollback"]}
    for request in r["high_risk_request"]:
        if (
            age(request) < timedelta(days=12)
            and of(r["high_risk_execution"], request)
            and request["subject"] not in failed
        ):
            late = timedelta(hours=1)
            digests = {}
            for kind, fields in (
                ("high_risk_approval", ()), ("high_risk_execution", ("started_at", "finished_at")),
                ("high_risk_receipt", ()), ("high_risk_closure", ()),
            ):  # fmt: skip
                for record in of(r[kind], request):
                    before = digest(record)
                    moved(record, late, "time", "recordedtime", *fields)
                    digests[before] = digest(record)
            for item in of(r["high_risk_receipt"], request)[0]["data"]["items"]:
                item["sha256"] = digests.get(item["sha256"], item["sha256"])


@worse("side_door_attempt", blocks={"HRO011"})
def _a_side_door_was_visible_after_six_minutes(r: Records) -> None:
    attempt = newest(r["side_door_attempt"])
    later = datetime.fromisoformat(attempt["time"]) + timedelta(minutes=6)
    attempt["data"]["visible_at"] = later.isoformat().replace("+00:00", "Z")


@worse("side_door_watch", blocks={"HRO012"})
def _nobody_watched_the_policy_store_last_week(r: Records) -> None:
    r["side_door_watch"].remove(newest(r["side_door_watch"], surface="policy-store", tenantid=ZERO))


# revops


@worse("lead_routing", blocks={"REV001"})
def _a_lead_was_never_routed(r: Records) -> None:
    warm = {x["subject"] for x in r["lead"] if x["data"]["temperature"] == "warm" and age(x) < timedelta(days=60)}
    lead = newest([x for x in r["lead_routing"] if x["subject"] in warm])["subject"]
    r["lead_routing"][:] = [x for x in r["lead_routing"] if x["subject"] != lead]


@worse("lead_routing", blocks={"REV004", "REV005"})
def _hot_leads_wait_for_twenty_minutes(r: Records) -> None:
    hot = {x["subject"] for x in r["lead"] if x["data"]["temperature"] == "hot" and age(x) < timedelta(days=9)}
    for routing in r["lead_routing"]:
        if routing["subject"] in hot:
            moved(routing, timedelta(minutes=20), "time", "recordedtime")


@worse("lead", blocks={"REV002"})
def _a_person_who_came_twice_is_counted_twice(r: Records) -> None:
    """The flag is wrong; what is published was counted without it."""
    first, second = sorted((x for x in r["lead"] if x["data"]["spam"]), key=lambda x: x["time"])[-2:]
    second["data"]["contact_sha256"] = first["data"]["contact_sha256"]
    second["data"] |= {"duplicate": True, "duplicate_of": "lead-of-nobody"}


@worse("discount_receipt", blocks={"REV007"})
def _an_exception_has_no_rationale(r: Records) -> None:
    recent = [x for x in r["discount_receipt"] if age(x) < timedelta(days=90)]
    newest(recent, exception=True)["data"]["exception_rationale"] = "because"


@worse("discount_receipt", blocks={"REV006", "REV012"})
def _a_discount_was_given_without_a_receipt(r: Records) -> None:
    recent = [x for x in r["discount_receipt"] if timedelta(days=20) < age(x) < timedelta(days=90)]
    r["discount_receipt"].remove(newest(recent, reason="competitive", exception=False))


@worse("sla_violation", blocks={"REV009"})
def _a_missed_timer_left_no_violation(r: Records) -> None:
    r["sla_violation"].remove(newest(r["sla_violation"]))


@worse("pipeline_report", blocks={"REV011"})
def _a_report_claims_one_more_win(r: Records) -> None:
    newest(r["pipeline_report"], "published_at")["sources"][0]["won"] += 1


# finops


def billed(r: Records) -> Record:
    return newest(r["invoice"], "issued_at", tenantid="initech")


@worse("meter_event", blocks={"FIN003", "FIN008"})
def _a_lead_of_the_closed_month_was_not_metered(r: Records) -> None:
    month = billed(r)["month_start"][:7]
    events = [x for x in r["meter_event"] if x["time"][:7] == month and x["tenantid"] == "initech"]
    r["meter_event"].remove(newest(events, meter="revops.leads_ingested_total"))


@worse("invoice", blocks={"FIN004"})
def _a_cent_is_missing(r: Records) -> None:
    billed(r)["total_minor"] -= 1


@worse("invoice", blocks={"FIN008"})
def _one_lead_too_many_is_billed(r: Records) -> None:
    invoice = billed(r)
    (line,) = [x for x in invoice["lines"] if x["sku"] == "revops-leads"]
    line["quantity"] += 1
    line["minor"] += line["unit_minor"]
    invoice["total_minor"] += line["unit_minor"]


@worse("meter_event", blocks={"FIN002", "FIN006"})
def _an_event_says_another_plan(r: Records) -> None:
    newest(r["meter_event"], tenantid="initech")["data"]["plan"] = "enterprise"


@worse("meter_event", blocks={"FIN007"})
def _egress_through_nobody_knows_what(r: Records) -> None:
    del newest(r["meter_event"], meter="egress-mb")["data"]["connector"]


@worse("cost_row", blocks={"FIN003", "FIN005"})
def _a_cost_is_one_millionth_off(r: Records) -> None:
    newest(r["cost_row"], "month_start", tenantid=ZERO, meter="cpu-seconds", feature="revops")["micros"] += 1


@worse("finops_memo", blocks={"FIN005"})
def _the_memo_compares_with_a_month_that_never_was(r: Records) -> None:
    newest(r["finops_memo"], "published_at")["previous_micros"] += 1


@worse("ingest_report", blocks={"FIN001"})
def _an_event_vanished_on_the_way_in(r: Records) -> None:
    r["ingest_report"][0]["accepted"] -= 1


# slo


def of_slo(r: Records, name: str) -> list[Record]:
    return [x for x in r["slo_measurement"] if x["slo"] == name and age(x, "window_end") < timedelta(days=28)]


@worse("slo_measurement", blocks={"SLO004"})
def _decisions_are_slow_for_a_week(r: Records) -> None:
    for window in of_slo(r, "policy.decisions.latency")[:28]:
        window["under_threshold"] = window["samples"] * 85 // 100


@worse("slo_measurement", blocks={"SLO005"})
def _the_ledger_fails_in_four_windows(r: Records) -> None:
    for window in of_slo(r, "evidence.ledger.errors")[:4]:
        window["errors"] = window["samples"] // 100


@worse("slo_measurement", blocks={"SLO006"})
def _a_window_was_not_measured(r: Records) -> None:
    r["slo_measurement"].remove(of_slo(r, "revops.routing.latency")[9])


@worse("slo", blocks={"SLO007"})
def _the_alert_is_laxer_than_the_objective(r: Records) -> None:
    r["slo"][1]["alerts"][0]["max_error_permille"] = 10


@worse("slo_flow", blocks={"SLO002"})
def _the_flow_has_a_newer_policy_than_its_objective(r: Records) -> None:
    r["slo_flow"][0]["policyversion"] = "2026.11.2"


# quotas


@worse("tenant_limit", blocks={"QTA001", "QTA004"})
def _a_tenant_has_no_quota_for_exports(r: Records) -> None:
    r["tenant_limit"][:] = [x for x in r["tenant_limit"] if x["id"] != "limit-globex-exports.downloaded"]


@worse("limit_usage", blocks={"QTA004", "QTA005"})
def _more_was_used_than_the_limit(r: Records) -> None:
    use = [x for x in r["limit_usage"] if timedelta(days=3) < age(x, "measured_at") < timedelta(days=30)]
    newest(use, "measured_at", tenantid="acme-eu", meter="api.requests")["used"] = 10_000


@worse("limit_alert", blocks={"QTA005"})
def _a_full_quota_was_no_incident(r: Records) -> None:
    recent = [x for x in r["limit_alert"] if age(x, "raised_at") < timedelta(days=30)]
    r["limit_alert"].remove(newest(recent, "raised_at"))


@worse("limit_probe", blocks={"QTA006"})
def _whoever_has_no_limit_is_let_in(r: Records) -> None:
    newest(r["limit_probe"], "probed_at", configured=False)["admitted"] = 50


@worse("tenant", blocks={"QTA001", "QTA002", "FIN002", "TZC013"})
def _the_registry_has_another_plan_than_the_policy(r: Records) -> None:
    newest(r["tenant"], "id", tenantid="initech")["plan"] = "enterprise"


# integrations


@worse("integration_state", blocks={"INT005"})
def _a_scope_drifted(r: Records) -> None:
    newest(r["integration_state"], "observed_at", tenantid="acme-eu", integration="crm")["granted_scopes"].append(
        "admin"
    )


@worse("integration_check", blocks={"INT006"})
def _a_compliance_check_is_stale(r: Records) -> None:
    stale = [x for x in r["integration_check"] if x["integration"] == "siem" and x["tenantid"] == ZERO]
    for check in stale:
        if age(check, "checked_at") < timedelta(days=40) and check["mode"] == "production":
            r["integration_check"].remove(check)


@worse("integration_state", blocks={"INT007"})
def _simulated_data_is_not_labelled(r: Records) -> None:
    newest(r["integration_state"], "observed_at", mode="sandbox")["labelled_records"] -= 1


@worse("integration_profile", blocks={"INT002", "INT006"})
def _a_profile_lets_everything_out(r: Records) -> None:
    """The checks were of the profile as it was."""
    r["integration_profile"][0]["egress_allow"].append("*")


# audit


@worse("audit_event", blocks={"AUD001", "AUD002"})
def _an_audit_record_is_missing(r: Records) -> None:
    events = [x for x in r["audit_event"] if x["tenantid"] == "globex"]
    r["audit_event"].remove(events[len(events) // 2])


@worse("audit_event", blocks={"AUD002"})
def _an_audit_record_was_changed(r: Records) -> None:
    events = [x for x in r["audit_event"] if x["tenantid"] == "globex"]
    events[len(events) // 2]["data"]["outcome"] = "denied"


@worse("audit_event", blocks={"AUD002", "AUD003"})
def _a_stream_holds_a_record_of_another_tenant(r: Records) -> None:
    events = [x for x in r["audit_event"] if x["tenantid"] == "globex"]
    events[len(events) // 2]["data"]["resource_tenant"] = "initech"


@worse("audit_checkpoint", blocks={"AUD005"})
def _the_newest_checkpoint_is_two_days_old(r: Records) -> None:
    r["audit_checkpoint"][:] = [
        x for x in r["audit_checkpoint"] if x["tenantid"] != "initech" or age(x, "taken_at") > timedelta(days=2)
    ]


# regulatory


@worse("obligation_evidence", blocks={"REG001"})
def _an_obligation_has_no_fresh_evidence(r: Records) -> None:
    r["obligation_evidence"][:] = [
        x
        for x in r["obligation_evidence"]
        if x["obligation"] != "gdpr-erasure" or age(x, "recorded_at") > timedelta(days=46)
    ]


@worse("regulated_signal", blocks={"REG004"})
def _a_flow_that_nobody_declared(r: Records) -> None:
    r["regulated_signal"].append({**r["regulated_signal"][0], "id": "signal-new", "name": "health-records"})


@worse("regulatory_policy", blocks={"REG002"})
def _a_policy_as_code_fails_its_tests(r: Records) -> None:
    newest(r["regulatory_policy"], "effective_from", regulation="gdpr")["tests_failed"] = 1


@worse("claim_evidence", blocks={"REG005"})
def _a_claim_was_refuted_once(r: Records) -> None:
    newest(r["claim_evidence"], "measured_at")["refuted"] = 1


# tenant-zero


@worse("access_path", blocks={"TZC003"})
def _a_job_comes_in_without_a_policy(r: Records) -> None:
    newest(r["access_path"], "id", surface="job")["package"] = None


@worse("sso_check", blocks={"TZC004"})
def _a_password_is_admitted(r: Records) -> None:
    newest(r["sso_check"], "checked_at", tenantid=ZERO)["attempts"][1]["admitted"] = True


@worse("admin_role", blocks={"TZC005"})
def _a_role_may_do_everything(r: Records) -> None:
    r["admin_role"][0]["permissions"].append("*")


@worse("artifact_file", blocks={"HRO018"})
def _a_transcript_was_edited_after_it_was_signed_for(r: Records) -> None:
    newest(r["artifact_file"], "name")["sha256"] = "0" * 64


# one tenant's records do not speak for another


@worse("side_door_watch", "side_door_attempt", blocks={"HRO012"})
def _a_customer_with_the_pack_is_not_watched_at_all(r: Records) -> None:
    quiet(r, "acme-eu", "side_door_watch", "side_door_attempt")


@worse("pipeline_report", blocks={"REV011"})
def _a_customer_with_the_pack_publishes_no_figures(r: Records) -> None:
    quiet(r, "globex", "pipeline_report")


@worse("meter_event", "cost_row", "invoice", blocks={"FIN002", "FIN006"})
def _nothing_of_a_customer_is_metered(r: Records) -> None:
    quiet(r, "acme-eu", "meter_event", "cost_row", "invoice")


@worse("meter_event", blocks={"FIN002", "FIN006"})
def _a_reading_before_an_upgrade_carries_the_plan_after_it(r: Records) -> None:
    before = newest([x for x in r["meter_event"] if x["data"]["plan"] == "pro"], tenantid="initech")
    before["data"]["plan"] = "white-label"


@worse("default_probe", blocks={"TZC006"})
def _a_purge_is_allowed_by_default(r: Records) -> None:
    newest(r["default_probe"], "probed_at", operation="purge")["decision"] = "allow"


@worse("evidence_log_state", blocks={"TZC008"})
def _the_evidence_log_is_one_record_short(r: Records) -> None:
    newest(r["evidence_log_state"], "counted_until")["records"] -= 1


@worse("connector", blocks={"TZC009"})
def _a_secret_stands_in_the_configuration(r: Records) -> None:
    r["connector"][0]["secret_ref"] = "sk_live_0123456789"


@worse("retention_state", blocks={"TZC012"})
def _what_is_past_its_window_is_still_there(r: Records) -> None:
    state = newest(r["retention_state"], "ran_at", artifact_type="audit_log")
    moved(state, timedelta(days=-30), "oldest_at")


@pytest.mark.parametrize("name", CASES)
def test_what_went_wrong_blocks_by_exactly_the_controls_about_it(judge: Judge, name: str) -> None:
    kinds, change, blocks = CASES[name]
    assert judge.blocked_by(change, *kinds) == blocks


def test_every_pack_is_made_worse_in_three_ways_or_more(judge: Judge) -> None:
    packs = {control.id: control.pack for control in judge.policy.controls}
    counts = Counter(packs[next(iter(sorted(blocks)))] for _, _, blocks in CASES.values())
    assert set(counts) == {kind.pack for kind in judge.policy.kinds.values()}
    assert min(counts.values()) >= 3, counts
