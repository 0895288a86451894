"""100 controls over 10,000 evidence records: as one whole `gate check` process, and where its CPU time goes.

python bench/deciding.py            # prints the table
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from pathlib import Path

from measure import compare, table

GATE = str(Path(sys.executable).parent / "gate")
SCHEMA = {
    "type": "object", "additionalProperties": False, "required": ["id", "tenant", "count", "at", "steps"],
    "properties": {
        "id": {"type": "string"}, "tenant": {"type": "string"}, "count": {"type": "integer"},
        "at": {"type": "string", "format": "date-time"},
        "steps": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}, "ms": {"type": "integer"}}}},
    },
    "examples": [{"id": "a", "tenant": "t", "count": 1, "at": "2026-11-01T00:00:00Z", "steps": [{"name": "s", "ms": 1}]}],
}  # fmt: skip
CONTROL = """
id: BEN{number:03}
title: No tenant has more than so many slow steps
why: A benchmark asks what real controls ask, joins, groups and windows included.
fix: none, this is a benchmark
owner: bench
stages: [check]
severity: block
evidence: {{event: {{min: 1}}}}
params: {{limit: {limit}}}
message: "{{subject}}: {{slow}} slow steps"
query: |
  SELECT e.tenant AS subject, count(*) AS slow
  FROM event AS e JOIN event__steps AS s ON s.evidence_id = e.evidence_id
  WHERE s.ms > {number} AND days_between(e.at, $as_of) >= 0
  GROUP BY e.tenant HAVING count(*) > $limit
examples:
  pass: [{{name: few, as_of: "2026-11-21T00:00:00Z", records: {{event: [{{}}]}}}}]
  fail: [{{name: many, as_of: "2026-11-21T00:00:00Z", params: {{limit: 0}}, records: {{event: [{{steps: [{{name: s, ms: 9999}}]}}]}}}}]
"""


def project(root: Path, controls: int, records: int) -> None:
    """A policy of so many controls and a file of so many records."""
    pack = root / "policy" / "rules" / "bench"
    (pack / "controls").mkdir(parents=True)
    (pack / "schemas").mkdir()
    (pack / "pack.yaml").write_text("name: bench\ntitle: Bench\nsummary: Bench.\nkinds: [event]\n")
    (pack / "schemas" / "event.json").write_text(json.dumps(SCHEMA))
    for number in range(controls):
        (pack / "controls" / f"b{number}.yaml").write_text(CONTROL.format(number=number, limit=10**6))
    (root / "gate.yaml").write_text(
        'version: 1\npolicy_version: "1"\nproject: bench\npacks: [governance]\nrules: [policy/rules]\n'
        'evidence: {event: ["events.jsonl"]}\ncontrols: {CIW002: {severity: warn}, CIW001: {severity: warn}}\n'
    )
    rng = random.Random(1)
    lines = []
    for number in range(records):
        steps = [{"name": f"s{i}", "ms": rng.randrange(2000)} for i in range(3)]
        record = {
            "id": f"e{number}",
            "tenant": f"t{number % 40}",
            "count": number,
            "at": "2026-11-01T00:00:00Z",
            "steps": steps,
        }
        lines.append(json.dumps(record))
    (root / "events.jsonl").write_text("\n".join(lines) + "\n")


def phases(root: Path) -> str:
    """CPU seconds of each phase inside one process: loading the policy, reading and validating evidence, deciding."""
    from gate import run
    from gate.collect import Context, collect
    from gate.model import Stage, Subject
    from gate.signing import trust_of
    from gate.tree import WorkTree

    marks = [time.process_time()]
    policy = run.load_policy(root, None)
    marks.append(time.process_time())
    now, _ = run.clock(None)
    subject = Subject(project="bench", commit=None)
    context = Context(
        tree=WorkTree(root), root=root, policy=policy, as_of=now, now=now, trust=trust_of(policy), subject=subject
    )
    evidence = collect(context, run.needed_kinds(policy, Stage.CHECK), lambda _: None)
    marks.append(time.process_time())
    run.decide_on(policy, Stage.CHECK, evidence, now, as_of_overridden=False, subject=subject, pipeline_id="bench")
    marks.append(time.process_time())
    names = ("load the policy", "read and validate the evidence", "decide (tables, queries, decision)")
    rows = [f"| {name} | {b - a:.3f} |" for name, a, b in zip(names, marks, marks[1:], strict=False)]
    return "\n".join(["", "| phase, 100 controls and 10,000 records | cpu s |", "|---|---|", *rows]) + "\n"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        rows = {}
        for name, controls, records in (("1 control, 1 record", 1, 1), ("100 controls, 10,000 records", 100, 10_000)):
            root = Path(folder, name.replace(" ", "-"))
            root.mkdir()
            project(root, controls, records)
            rows[name] = [GATE, "check", "-C", str(root), "--quiet"]
        sys.stdout.write(table("deciding", compare(rows, rounds=3)))
        sys.stdout.write(phases(root))


if __name__ == "__main__":
    main()
