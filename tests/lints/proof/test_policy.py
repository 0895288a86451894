"""Row level security policies, judged as the WHERE of a SELECT on their table."""

from __future__ import annotations

import pytest

from lints.proof import prove_policy

from .harbour import MODEL

SETTING = "current_setting('app.harbour_id', true)"
CASES = {
    "a setting in a sub-select, cast": (
        "boats",
        "harbour_id = (SELECT current_setting('app.harbour_id'))::uuid",
        "proven",
        None,
    ),
    "a claim in a sub-select, cast": (
        "boats",
        "harbour_id = (SELECT auth.jwt() ->> 'harbour_id')::uuid",
        "proven",
        None,
    ),
    "confines": ("boats", f"harbour_id = {SETTING}::uuid", "proven", None),
    "confines, wrapped for the planner": ("boats", f"harbour_id = (SELECT {SETTING}::uuid)", "proven", None),
    "confines, empty setting": ("boats", f"harbour_id = NULLIF({SETTING}, '')::uuid", "proven", None),
    "true": ("boats", "true", "violation", "TENDDL004"),
    "not null": ("boats", "harbour_id IS NOT NULL", "violation", "TENDDL004"),
    "other column": ("boats", f"owner_id = {SETTING}::uuid", "violation", "TENDDL004"),
    "public rows": ("boats", f"harbour_id = {SETTING}::uuid OR kind = 'public'", "violation", "TENDDL004"),
    "fails open on NULL": ("boats", f"{SETTING} IS NULL OR harbour_id = {SETTING}::uuid", "violation", "TENDDL005"),
    "fails open on empty": ("boats", f"{SETTING} = '' OR harbour_id = {SETTING}::uuid", "violation", "TENDDL005"),
    "fails open by COALESCE": (
        "boats",
        f"harbour_id = COALESCE({SETTING}::uuid, harbour_id)",
        "violation",
        "TENDDL005",
    ),
    "shared rows": ("tags", f"harbour_id = {SETTING}::uuid OR harbour_id IS NULL", "proven", None),
    "rows without tenant": ("notices", f"harbour_id = {SETTING}::uuid OR harbour_id IS NULL", "weak", "TENSQL018"),
    "literal": ("boats", "harbour_id = '00000000-0000-0000-0000-00000000000a'", "weak", "TENSQL007"),
    "child through its parent": (
        "photos",
        f"boat_id IN (SELECT id FROM boats WHERE harbour_id = {SETTING}::uuid)",
        "proven",
        None,
    ),
    "child through an open parent": ("photos", "boat_id IN (SELECT id FROM boats)", "violation", "TENDDL004"),
    "membership": (
        "boats",
        "EXISTS (SELECT 1 FROM memberships m WHERE m.user_id = auth.uid() AND m.harbour_id = boats.harbour_id)",
        "weak",
        "TENSQL022",
    ),
    "membership that captures the inner column": (
        "boats",
        "EXISTS (SELECT 1 FROM memberships m WHERE m.user_id = auth.uid() AND harbour_id = m.harbour_id)",
        "violation",
        "TENDDL004",
    ),
    "consults a table that has its own policy": (
        "boats",
        f"harbour_id = {SETTING}::uuid AND berth_id IN (SELECT id FROM berths WHERE depth > 2)",
        "proven",
        None,
    ),
    "camelCase": ("AuditLog", f'"harbourId" = {SETTING}::uuid', "proven", None),
    "schema-qualified": ("public.boats", f"harbour_id = {SETTING}::uuid", "proven", None),
    "closes a parenthesis that is not its own": ("boats", f"harbour_id = {SETTING}::uuid) OR (true", "unparsed", None),
    "brings a clause of its own": ("boats", f"harbour_id = {SETTING}::uuid LIMIT 1", "unparsed", None),
    "brings a statement of its own": ("boats", f"harbour_id = {SETTING}::uuid; SELECT 1", "unparsed", None),
    "not SQL": ("boats", "harbour_id ==== ~~ (", "unparsed", None),
}


@pytest.mark.parametrize("name", CASES)
def test_policy(name: str) -> None:
    table, expression, verdict, rule = CASES[name]
    proof = prove_policy(table, expression, MODEL)
    assert (proof.verdict.value, proof.rules) == (verdict, (rule,) if rule else ()), proof.steps


def test_with_check_has_a_rule_of_its_own() -> None:
    assert prove_policy("boats", "true", MODEL, check=True).rules == ("TENDDL006",)
    assert prove_policy("boats", f"harbour_id = {SETTING}::uuid", MODEL, check=True).verdict == "proven"
