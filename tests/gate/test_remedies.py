"""What a finding says about its repair, from the lint to the reports."""

from __future__ import annotations

import json
from pathlib import Path

from gate.report import REPORTS
from tests.gate.test_suppressions import READ, code, decide, make, open_of

TEMPLATE = "async function f(sql, id, tenantId) {\n  return await sql`SELECT name FROM boats WHERE id = ${id}`;\n}\n"


def test_a_finding_says_what_to_add_and_why_the_table_is_a_tenants(tmp_path: Path) -> None:
    decision = decide(make(tmp_path, {"app/a.py": code(READ)}))
    (found,) = [v for r in decision.results if r.control.id == "TENSQL001" for v in r.violations]

    assert found.message == (
        "boats: nothing ties boats.tenant_id to a caller's value; f takes tenant and never uses it. boats is a tenant's"
        " (migrations/0001.sql:3: tenant_id is declared here). Add `AND tenant_id = %s` to its WHERE: that proves it"
    )
    assert found.location.snippet is not None
    marked = found.location.snippet.split("\n")[0][
        (found.location.column or 0) - 1 : (found.location.end_column or 0) - 1
    ]
    assert marked == "boats"


def test_a_fix_that_can_be_applied_is_one_in_sarif_and_repairs_the_finding(tmp_path: Path) -> None:
    root = make(tmp_path, {"src/a.ts": TEMPLATE})
    decision = decide(root)
    assert open_of(decision) == ["TENSQL001"]
    results = json.loads(REPORTS["sarif"](decision))["runs"][0]["results"]
    ((change,),) = [f["artifactChanges"] for r in results for f in r.get("fixes", ())]
    (replacement,) = change["replacements"]
    region, text = replacement["deletedRegion"], replacement["insertedContent"]["text"]

    assert change["artifactLocation"]["uri"] == "src/a.ts"
    lines = TEMPLATE.split("\n")
    at = lines[region["startLine"] - 1]
    lines[region["startLine"] - 1] = at[: region["startColumn"] - 1] + text + at[region["endColumn"] - 1 :]
    make(root, {"src/a.ts": "\n".join(lines)})
    assert open_of(decide(root)) == []


def test_findings_that_are_alike_are_told_once(tmp_path: Path) -> None:
    decision = decide(make(tmp_path, {"app/a.py": code(READ, READ, READ, READ)}))

    assert "3 more like this in this file: lines 3, 4 and 5" in REPORTS["text"](decision)
    assert REPORTS["text"](decision).count("nothing ties boats.tenant_id") == 1
