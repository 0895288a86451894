"""Judge a million ingested events by every built-in pack: time, memory, and how both grow with ten times as many.

python bench/events.py [EVENTS] [--large]     # 1,000,000 events; with --large ten times as many too

Events of all kinds that are CloudEvents, made from their schemas' examples: in each round the ids of all kinds belong
together, as a request, its approval and its execution do. Beside them lie the code and the schema of the embedded
example. The process that judges loads the policy, opens the store (and hashes its files), reads the code, asks every
control of the GA stage and decides.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from measure import once

GATE = str(Path(sys.executable).parent / "gate")
RULES = Path(__file__).parent.parent / "rules"
EXAMPLE = Path(__file__).parent.parent / "examples" / "summit-internal"
CODE = ("service", "migrations", "tenancy.yaml", "requirements.txt")
"""What the packs that read code look at: the embedded example's."""
METERED = 20
"""Meter events in a round, beside one event of every other kind."""
TENANTS = 400
DAYS = 25
"""Over which the rounds are spread."""
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z")
_ID = re.compile(r"[a-z][a-z-]*-[a-z0-9-]+")


def examples() -> dict[str, dict[str, Any]]:
    """An event of each kind that is a CloudEvent."""
    found = {}
    for path in sorted(RULES.glob("*/schemas/*.json")):
        schema = json.loads(path.read_text())
        if "specversion" in schema.get("properties", {}):
            found[path.stem] = schema["examples"][0]
    return found


def varied(value: Any, number: int, back: timedelta, key: str = "") -> Any:
    """The event of this round: its ids and those it refers to, its tenant, and all its times so much earlier."""
    if isinstance(value, dict):
        return {name: varied(inner, number, back, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [varied(inner, number, back, key) for inner in value]
    if not isinstance(value, str):
        return value
    if key == "tenantid":
        return tenant(number, value)
    if (key in ("id", "subject") or key.endswith("_id")) and _ID.fullmatch(value):
        return f"{value}-{number}"
    if _TIME.fullmatch(value):
        return (datetime.fromisoformat(value) - back).isoformat(timespec="seconds").replace("+00:00", "Z")
    return value


def tenant(number: int, first: str) -> str:
    return f"tenant-{number % TENANTS}" if number % TENANTS else first


def digest(record: dict[str, Any]) -> str:
    """SHA-256 of the record as canonical JSON."""
    return hashlib.sha256(orjson.dumps(record, option=orjson.OPT_SORT_KEYS)).hexdigest()


def sound(made: dict[str, dict[str, Any]], number: int, heads: dict[str, str]) -> Iterator[dict[str, Any]]:
    """The events of a round as they are where the promises are kept, with those that an example alone does not show.

    `heads` are the digests of the newest audit events by tenant.
    """
    audit, tenantid = made["audit_event"], made["audit_event"]["tenantid"]
    audit["source"] = f"https://audit.summit.example/streams/{tenantid}"
    audit["data"] |= {"sequence": number // TENANTS + 1, "previous_digest": heads.get(tenantid)}
    audit["data"] |= {"actor_tenant": tenantid, "resource_tenant": tenantid}
    heads[tenantid] = digest(audit)
    first, execution = made["high_risk_approval"], made["high_risk_execution"]
    second = {**first, "id": first["id"].replace("approval-1", "approval-2")}
    second["data"] = {**first["data"], "approver": "cto@summit.example", "approver_role": "platform-approver"}
    made["high_risk_receipt"]["data"]["items"] = [
        {"kind": kind, "name": record["id"], "sha256": digest(record)}
        for kind, record in (
            ("approval", first),
            ("approval", second),
            ("transcript", execution),
            ("rollback", made["high_risk_rollback"]),
        )
    ] + [{"kind": "artifact", **artifact} for artifact in execution["data"]["artifacts"]]
    attempt = made["side_door_attempt"]
    page = {name: attempt[name] for name in ("tenantid", "time", "subject")} | {"id": f"{attempt['id']}-page"}
    page = {**made["high_risk_page"], **page, "data": {**made["high_risk_page"]["data"], "breach": "side_door"}}
    page["data"]["acknowledged_at"] = page["recordedtime"] = page["time"]
    made["lead"]["data"]["contact_sha256"] = hashlib.sha256(str(number).encode()).hexdigest()
    made["lead_disposition"]["data"]["reason"] = "out_of_scope"
    timer = made["sla_timer"]
    yield from made.values()
    yield from (second, page)
    for name in ("first_value", "onboarding_complete"):
        yield {**timer, "id": f"{timer['id']}-{name}", "data": {**timer["data"], "timer": name}}


def events(count: int) -> Iterator[bytes]:
    templates = examples()
    rounds = count // (len(templates) + METERED + 3) + 1
    heads: dict[str, str] = {}
    made = 0
    for number in range(rounds):
        back = timedelta(days=DAYS) * ((rounds - number) / rounds)
        kinds = {kind: varied(template, number, back) for kind, template in templates.items()}
        for record in sound(kinds, number, heads):
            for extra in range(METERED if record is kinds["meter_event"] else 1):
                if extra:
                    record["id"] = f"{record['id'].split('.')[0]}.{extra}"
                yield orjson.dumps(record) + b"\n"
                made += 1
                if made == count:
                    return


def project(root: Path) -> None:
    packs = ", ".join(sorted(path.parent.name for path in RULES.glob("*/pack.yaml")))
    (root / "gate.yaml").write_text(
        f'version: 1\npolicy_version: "1"\nproject: bench\npacks: [{packs}]\ntrust: {{keys: trusted-keys.json}}\n'
    )
    for name in CODE:
        found = EXAMPLE / name
        shutil.copytree(found, root / name) if found.is_dir() else shutil.copy(found, root / name)
    key = str(root / "key.pem")
    trusted = ["--identity", "pipeline@summit.example", "--usage", "evidence", "--start", "2026-01-01T00:00:00Z"]
    for argv in (
        ["git", "init", "-q", str(root)],
        ["git", "-C", str(root), "add", "-A"],
        [GATE, "keys", "new", key, "--no-passphrase"],
        [GATE, "keys", "trust", f"{key}.pub", *trusted, "--file", str(root / "trusted-keys.json")],
    ):
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)


def record_others(root: Path) -> None:
    """Signed records of each kind that is no event and has no collector: what the controls compare events with."""
    from gate import run
    from gate.collect import COLLECTORS
    from gate.model import GateError
    from gate.recording import record, signer_for

    policy = run.load_policy(root, None)
    signer = signer_for(root / "key.pem", policy)
    served = {kind for collector in COLLECTORS for kind in collector.kinds} | set(examples())
    for name, kind in policy.kinds.items():
        if name in served or "examples" not in kind.schema or "id" not in kind.schema["examples"][0]:
            continue
        example = kind.schema["examples"][0]
        if name in ("tenant", "approval_matrix", "discount_threshold"):
            each = [
                {**example, "id": f"{example['id']}-{n}", "tenantid": tenant(n, example["tenantid"])}
                for n in range(TENANTS)
            ]
            lines = "".join(json.dumps(one) + "\n" for one in each).encode()
            ingest(root, lines.splitlines(keepends=True), "--kind", name)
        else:
            with contextlib.suppress(GateError):  # kinds that have a command of their own
                record(root, name, example, signer, policy)


def ingest(root: Path, lines: Iterable[bytes], *options: str) -> None:
    argv = [GATE, "ingest", "-", "-C", str(root), "-q", "--key", str(root / "key.pem"), *options]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as writing:
        assert writing.stdin is not None
        writing.stdin.writelines(lines)
        writing.stdin.close()
        assert writing.wait() == 0


def judge(root: Path) -> None:
    """What the measured process does."""
    from gate import run
    from gate.collect import Context
    from gate.model import Stage, Subject
    from gate.signing import trust_of
    from gate.tree import WorkTree

    policy = run.load_policy(root, None)
    now, _ = run.clock(None)
    subject = Subject(project="bench", commit=None)
    context = Context(
        tree=WorkTree(root), root=root, policy=policy, as_of=now, now=now, trust=trust_of(policy), subject=subject,
        stores=run.stores(root, ()),
    )  # fmt: skip
    decision = run.judge(context, Stage.GA, as_of_overridden=False, pipeline_id="bench", progress=lambda _: None)
    records = sum(len(evidence.rows) for evidence in decision.evidence)
    outcomes = Counter(str(result.outcome) for result in decision.results)
    asked = sum(not any("needed" in r for r in result.reasons) for result in decision.results)
    slow = [r for result in decision.results for r in result.reasons if "longer than" in r or "memory" in r]
    said = f"{records:,} records, {len(decision.results)} controls, {asked} asked: {dict(sorted(outcomes.items()))}"
    (root / "decided.txt").write_text("\n".join([said, *slow]))


def main() -> None:
    given = [argument for argument in sys.argv[1:] if argument.isdigit()]
    first = int(given[0]) if given else 1_000_000
    sizes = (first, 10 * first) if "--large" in sys.argv else (first,)
    sys.stdout.write("| events | judged in s | CPU s | MiB | what came out |\n|---|---|---|---|---|\n")
    for count in sizes:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            project(root)
            record_others(root)
            ingest(root, events(count))
            done = once([sys.executable, __file__, "judge", folder])
            said = (root / "decided.txt").read_text() if done.exit_code == 0 else f"exit {done.exit_code}"
            sys.stdout.write(f"| {count:,} | {done.wall:.1f} | {done.cpu:.1f} | {done.memory:.0f} | {said} |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1:2] == ["judge"]:
        judge(Path(sys.argv[2]))
    else:
        main()
