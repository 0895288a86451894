"""What other linters of row level security said of the schema: pgrls and Supabase's splinter, in their own words.

A record of the kind `schema_audit` holds the tool's output as it was written, with what it was run on; it is taken
apart here, strictly: an unknown tool, version, format, key or level is unread, never a pass. Formats: `pgrls lint` and
`pgrls verify --format json`, SARIF 2.1.0 of either, and the rows of splinter's lints (its README, "Lint Interface").
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from attestations import strict_json
from gate.collect import Context
from gate.collect.records import collect_records
from gate.model import Evidence, Row, Unread, fingerprint

MAX_FINDINGS = 50_000
MAX_TEXT = 2_000
LEVELS = ("error", "warning", "info")
VERSIONS: Mapping[str, re.Pattern[str]] = {
    "pgrls": re.compile(r"0\.57\.\d{1,4}"),
    "splinter": re.compile(r"[0-9a-f]{40}|v?\d{1,4}(?:\.\d{1,6}){1,2}"),
}
"""Versions whose output is known: splinter has no releases of a schema, so that its commit or tag names it."""


class UnknownOutputError(ValueError):
    """An output that is not understood. One clause."""


@dataclass(frozen=True, slots=True)
class Found:
    """One finding, in the tool's words."""

    rule: str
    level: str
    subject: str
    message: str


@dataclass(frozen=True, slots=True)
class Audit:
    """A tool's output: what it found, and the rules it says it could not ask."""

    findings: tuple[Found, ...]
    skipped: tuple[str, ...] = ()


def collect(context: Context) -> Iterable[Evidence]:
    """`schema_audit`: a row a record, with its findings."""
    evidence = collect_records(context, "schema_audit")
    rows: list[Row] = []
    unread: list[Unread] = []
    for row in evidence.rows:
        try:
            rows.append(_row(row))
        except UnknownOutputError as unknown:
            place = {"path": str(row["source_path"]), "line": int(row["source_line"])}
            unread.append(Unread(**place, reason=f"schema audit: {unknown}"))  # type: ignore[arg-type]
    coverage = replace(
        evidence.coverage,
        unread=(*evidence.coverage.unread, *unread),
        numbers={**evidence.coverage.numbers, "findings": sum(len(row["findings"]) for row in rows)},
    )
    yield replace(evidence, rows=tuple(rows), coverage=coverage)


def _row(record: Row) -> Row:
    for name in ("findings", "skipped"):
        if name in record:
            raise UnknownOutputError(f"the field {name!r} is the gate's to fill in from `output`")
    tool, version, output = record.get("tool"), record.get("toolversion"), record.get("output")
    if not isinstance(output, str):
        raise UnknownOutputError("it has no `output`, the text that the tool wrote")
    audit = read_audit(str(tool), str(version), output)
    found = [
        {
            "rule": f.rule, "level": f.level, "subject": f.subject, "message": f.message,
            "fingerprint": fingerprint(str(tool), f.rule, f.subject),
        }
        for f in audit.findings
    ]  # fmt: skip
    return {**{k: v for k, v in record.items() if k != "output"}, "findings": found, "skipped": list(audit.skipped)}


def read_audit(tool: str, version: str, output: str) -> Audit:
    """The findings in a tool's output. Raises UnknownOutputError for what that version does not write exactly so."""
    if tool not in VERSIONS:
        raise UnknownOutputError(f"the tool {tool[:40]!r} is not one of {', '.join(VERSIONS)}")
    if not VERSIONS[tool].fullmatch(version):
        raise UnknownOutputError(f"the output of {tool} {version[:40]!r} is not known to this version of the gate")
    try:
        document = strict_json.loads(output.encode("utf-8", "surrogatepass"))
    except strict_json.StrictJsonError as error:
        raise UnknownOutputError(f"the output of {tool} is no JSON: {error}") from None
    try:
        audit = _READERS[tool](document, version)
    except (KeyError, TypeError, IndexError) as error:
        raise UnknownOutputError(
            f"the output of {tool} has not the shape that is known ({type(error).__name__}: {error})"
        ) from None
    if len(audit.findings) > MAX_FINDINGS:
        raise UnknownOutputError(f"more than {MAX_FINDINGS:,} findings")
    return audit


def _pgrls(document: Any, version: str) -> Audit:
    if not isinstance(document, dict):
        raise UnknownOutputError("the output of pgrls is no object")
    if "runs" in document:
        return _sarif(document, version)
    return _verify(document) if "mode" in document else _lint(document)


def _lint(document: Mapping[str, Any]) -> Audit:
    """`pgrls lint --format json`."""
    _keys(document, {"violations", "summary"}, {"schema_source", "skipped_rules"})
    found = []
    for item in document["violations"]:
        _keys(item, {"rule_id", "severity", "title", "message", "location"}, {"suggestion", "fix"})
        found.append(_found(item["rule_id"], item["severity"], item["location"], item["message"]))
    summary = document["summary"]
    _keys(summary, {"errors", "warnings", "infos", "others", "total"}, set())
    counted = [sum(f.level == level for f in found) for level in LEVELS]
    if [summary["errors"], summary["warnings"], summary["infos"], summary["others"], summary["total"]] != [
        *counted, 0, len(found),
    ]:  # fmt: skip
        raise UnknownOutputError("its summary counts other findings than it lists")
    skipped = document.get("skipped_rules", [])
    if document.get("schema_source", "live") != "live" and "skipped_rules" not in document:
        raise UnknownOutputError("an offline run does not say which rules it skipped")
    return Audit(tuple(found), tuple(_text(rule, 100) for rule in skipped))


def _verify(document: Mapping[str, Any]) -> Audit:
    """`pgrls verify --format json`: a leak is an error; what could not be verified is a warning, never a pass."""
    _keys(document, {"mode", "summary", "tables"}, {"views", "assumptions", "schema_source"})
    found, counted = [], {"isolated": 0, "leak": 0, "unverified": 0}
    for table in document["tables"]:
        _keys(table, {"table", "verdict", "note", "policies"}, set())
        verdict = table["verdict"]
        if verdict not in counted:
            raise UnknownOutputError(f"the verdict {str(verdict)[:40]!r} is not known")
        counted[verdict] += 1
        if verdict != "isolated":
            named = [p["policy"] for p in table["policies"] if p["verdict"] == verdict]
            level = "error" if verdict == "leak" else "warning"
            said = f"{verdict}: {', '.join(named) or table['note'] or 'no policy named'}"
            found.append(_found(f"pgrls-{_text(document['mode'], 40)}-isolation", level, table["table"], said))
    if document["summary"] != {"tables": len(document["tables"]), **counted}:
        raise UnknownOutputError("its summary counts other tables than it lists")
    return Audit(tuple(found))


def _sarif(document: Mapping[str, Any], version: str) -> Audit:
    """SARIF 2.1.0 as pgrls writes it. A suppression in it sets nothing aside: waivers do, and are seen."""
    if document.get("version") != "2.1.0":
        raise UnknownOutputError(f"SARIF {str(document.get('version'))[:20]!r} is not known")
    found = []
    for run in document["runs"]:
        driver = run["tool"]["driver"]
        if (driver["name"], driver["version"]) != ("pgrls", version):
            raise UnknownOutputError(f"the SARIF is of {str(driver['name'])[:40]} {str(driver['version'])[:40]}")
        if any(invocation.get("executionSuccessful") is not True for invocation in run.get("invocations", ())):
            raise UnknownOutputError("the run did not succeed")
        for result in run["results"]:
            if result.get("kind", "fail") != "fail":
                continue
            places = [
                logical["fullyQualifiedName"]
                for location in result.get("locations", ())
                for logical in location.get("logicalLocations", ())
            ]
            level = {"error": "error", "warning": "warning", "note": "info", "none": "info"}[
                result.get("level", "warning")
            ]
            found.append(_found(result["ruleId"], level, places[0] if places else "schema", result["message"]["text"]))
    if not document["runs"]:
        raise UnknownOutputError("the SARIF holds no run")
    return Audit(tuple(found))


def _splinter(document: Any, _version: str) -> Audit:
    """Rows of splinter's query as a JSON array, or under `lints` as the platform's API gives them."""
    if isinstance(document, dict):
        _keys(document, {"lints"}, set())
        document = document["lints"]
    if not isinstance(document, list):
        raise UnknownOutputError("the output of splinter is no array of lints")
    needed = {"name", "title", "level", "facing", "categories", "description", "detail", "cache_key"}
    found = []
    for item in document:
        _keys(item, needed, {"remediation", "metadata"})
        level = {"ERROR": "error", "WARN": "warning", "INFO": "info"}[item["level"]]
        found.append(_found(item["name"], level, item["cache_key"], item["detail"]))
    return Audit(tuple(found))


_READERS: Mapping[str, Callable[[Any, str], Audit]] = {"pgrls": _pgrls, "splinter": _splinter}


def _keys(item: Any, needed: set[str], known: set[str]) -> None:
    if not isinstance(item, dict):
        raise UnknownOutputError(f"an object is wanted, with {', '.join(sorted(needed))}")
    missing, strange = sorted(needed - set(item)), sorted(set(item) - needed - known)
    if missing or strange:
        said = f"without {missing[0]!r}" if missing else f"with the unknown {strange[0][:40]!r}"
        raise UnknownOutputError(f"an object {said}: another version wrote it")


def _found(rule: Any, level: Any, subject: Any, message: Any) -> Found:
    if level not in LEVELS:
        raise UnknownOutputError(f"the level {str(level)[:40]!r} is not known")
    return Found(_text(rule, 200), level, _text(subject, 500), _text(message, MAX_TEXT))


def _text(value: Any, limit: int) -> str:
    if not isinstance(value, str) or not value.strip():
        raise UnknownOutputError(f"a text is wanted, not {json.dumps(value)[:40]}")
    return " ".join(value.split())[:limit]
