"""The organisation's Semgrep rules over the judged code: offline, in a copy, with nothing of the code's own say.

Semgrep fails open in many ways, so it is treated as a sensor whose coverage must be proved: it gets a folder of exactly
the wanted files, without ignore files or git; inline suppressions do not count; every file must be reported as scanned,
every error becomes something unread, and a rule and file of our own must be found in the same run.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gate.collect import Context, first_line
from gate.model import Coverage, Descriptor, Evidence, GateError, Row, UndecidedError, Unread, fingerprint
from gate.reading import read_yaml
from gate.report.redact import redact
from gate.tree import select

TIMEOUT_SECONDS = 600
CANARY = "tenantgate-canary"
_CANARY_RULE = {
    "id": CANARY, "languages": ["python"], "severity": "INFO", "message": "canary", "pattern": "tenantgate_canary()",
}  # fmt: skip
_CANARY_FILE = "tenantgate_canary.py"
_FLAGS = (
    "--metrics=off", "--disable-version-check", "--oss-only", "--quiet", "--json", "--no-rewrite-rule-ids",
    "--disable-nosem", "--no-git-ignore", "--max-target-bytes", "0", "--jobs", "1",
)  # fmt: skip
_SUFFIXES: Mapping[str, tuple[str, ...]] = {
    "python": (".py", ".pyi"),
    "typescript": (".ts", ".tsx", ".mts", ".cts"),
    "javascript": (".js", ".jsx", ".mjs", ".cjs"),
    "go": (".go",),
    "java": (".java",),
    "kotlin": (".kt", ".kts"),
    "csharp": (".cs",),
    "ruby": (".rb",),
    "php": (".php",),
    "scala": (".scala",),
    "rust": (".rs",),
    "bash": (".sh", ".bash"),
    "yaml": (".yaml", ".yml"),
    "json": (".json",),
    "terraform": (".tf",),
}
_SHORT = {
    "py": "python", "python3": "python", "ts": "typescript", "js": "javascript", "golang": "go", "kt": "kotlin",
    "c#": "csharp", "rb": "ruby", "sh": "bash", "hcl": "terraform", "tf": "terraform",
}  # fmt: skip


def collect(context: Context) -> Iterable[Evidence]:
    """`code_pattern`: a row a match. Without `patterns` in gate.yaml there is nothing to say, which is UNKNOWN."""
    configured = context.policy.config.get("patterns")
    if configured is None:
        raise GateError("gate.yaml names no Semgrep rules (patterns: {rules: [...]}); drop the pack or give it rules")
    rules = list(select(context.policy.files, configured["rules"]))
    if not rules:
        raise GateError(f"patterns: no rule file matches {', '.join(configured['rules'])}")
    documents = [read_yaml(context.policy.files[name], name, foreign=True).value for name in rules]
    exclusions = context.policy.config.get("source", {}).get("exclude", ())
    excluded = set(select(context.tree.paths(), [item["path"] for item in exclusions]))
    suffixes = _suffixes(documents)
    unread: list[Unread] = []
    files: dict[str, bytes] = {}
    for path in select(context.tree.paths(), configured.get("include", ("**",))):
        if path.endswith(suffixes) and path not in excluded:
            try:
                files[path] = context.tree.read(path)
            except (GateError, UndecidedError, FileNotFoundError) as error:
                unread.append(Unread(path=path, reason=first_line(error)))
    rows, problems = scan(documents, files)
    yield Evidence(
        kind="code_pattern",
        rows=rows,
        coverage=Coverage(
            scope=f"{len(files)} files, {sum(len(d.get('rules', ())) for d in documents)} rules",
            unread=(*unread, *problems),
            numbers={"files": len(files), "matches": len(rows)},
        ),
        materials=tuple(
            Descriptor(name=name, sha256=hashlib.sha256(data).hexdigest()) for name, data in sorted(files.items())
        ),
    )


def _suffixes(documents: Sequence[Any]) -> tuple[str, ...]:
    """The endings of the files that the rules' languages mean. Raises GateError for a language that is not known."""
    found: set[str] = set()
    for document in documents:
        rules = document.get("rules") if isinstance(document, Mapping) else None
        for rule in rules if isinstance(rules, list) else ():
            for language in rule.get("languages") or ():
                name = _SHORT.get(str(language).lower(), str(language).lower())
                if name not in _SUFFIXES:
                    raise GateError(f"patterns: rule {rule.get('id')!r}: the language {language!r} is not supported")
                found |= set(_SUFFIXES[name])
    return tuple(sorted(found))


def scan(documents: Sequence[Any], files: Mapping[str, bytes]) -> tuple[tuple[Row, ...], tuple[Unread, ...]]:
    """Matches and what could not be analysed. Raises GateError for rules that are none, UndecidedError for a run that
    can't be trusted."""
    rules = [_CANARY_RULE]
    for document in documents:
        if not isinstance(document, Mapping) or not isinstance(document.get("rules"), list) or not document["rules"]:
            raise GateError("patterns: a Semgrep rule file is a mapping with a non-empty list of rules")
        rules += document["rules"]
    with tempfile.TemporaryDirectory(prefix="gate-patterns-") as folder:
        names = _copy(Path(folder), files)
        Path(folder, "rules.json").write_text(json.dumps({"rules": rules}), "utf-8")
        answer = _run(Path(folder))
    scanned = {entry.removeprefix("code/") for entry in answer["paths"]["scanned"]}
    missed = [path for name, path in sorted(names.items()) if name not in scanned]
    unread = [Unread(path=path, reason="Semgrep did not scan it") for path in missed]
    found: dict[str, int] = {}
    rows: list[Row] = []
    seen_canary = False
    for match in answer["results"]:
        name = match["path"].removeprefix("code/")
        if name == _CANARY_FILE:
            seen_canary = seen_canary or match["check_id"] == CANARY
            continue
        rows.append(_row(match, names[name], files[names[name]], found))
    for error in answer["errors"]:
        path = str(error.get("path") or "").removeprefix("code/")
        reason = f"Semgrep: {str(error.get('message', 'failed')).splitlines()[0][:160]}"
        unread.append(Unread(path=names.get(path, path or "rules"), reason=reason))
    for rule in answer["skipped_rules"]:
        unread.append(Unread(path=str(rule.get("rule_id", "rules")), reason="Semgrep skipped the rule"))
    if not seen_canary:
        raise UndecidedError("Semgrep did not find the canary: its other answers can't be trusted either")
    return tuple(rows), tuple(unread)


def _copy(folder: Path, files: Mapping[str, bytes]) -> dict[str, str]:
    """Write the files under neutral names that keep only their ending; returns name → judged path."""
    code = folder / "code"
    code.mkdir()
    names: dict[str, str] = {}
    for number, (path, data) in enumerate(sorted(files.items())):
        name = f"f{number}{os.path.splitext(path)[1]}"  # noqa: PTH122 text, not a path of ours
        (code / name).write_bytes(data)
        names[name] = path
    (code / _CANARY_FILE).write_text("tenantgate_canary()\n", "utf-8")
    return names


def _run(folder: Path) -> dict[str, Any]:
    binary = Path(sys.executable).parent / "semgrep"
    if not binary.exists():
        raise UndecidedError("semgrep is not installed beside the gate; reinstall tenantgate")
    environment = {
        "PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder), "LC_ALL": "C.UTF-8",
        "SEMGREP_SEND_METRICS": "off", "SEMGREP_ENABLE_VERSION_CHECK": "0",
        "SEMGREP_SETTINGS_FILE": str(folder / "settings.yml"), "SEMGREP_LOG_FILE": str(folder / "semgrep.log"),
    }  # fmt: skip
    argv = [str(binary), "scan", "--experimental", *_FLAGS, "--config", "rules.json", "code"]
    try:
        done = subprocess.run(
            argv, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False,
            timeout=TIMEOUT_SECONDS,
        )  # fmt: skip
        answer: dict[str, Any] = json.loads(done.stdout)
        if done.returncode not in (0, 1) or not {"results", "errors", "paths", "skipped_rules"} <= set(answer):
            raise UndecidedError(f"Semgrep ended with {done.returncode}: {_said(answer, done.stderr)}")
    except subprocess.TimeoutExpired:
        raise UndecidedError(f"Semgrep did not end within {TIMEOUT_SECONDS} s") from None
    except ValueError:
        raise UndecidedError(f"Semgrep answered with no JSON: {_said({}, done.stderr)}") from None
    return answer


def _said(answer: Mapping[str, Any], stderr: bytes) -> str:
    errors = answer.get("errors") or [{}]
    text = str(errors[0].get("message") or stderr.decode("utf-8", "replace").strip() or "no reason given")
    return text.splitlines()[0][:200]


def _row(match: Mapping[str, Any], path: str, data: bytes, found: dict[str, int]) -> Row:
    start, end = match["start"], match["end"]
    lines = data.decode("utf-8", "replace").splitlines()[start["line"] - 1 : end["line"]]
    text = " ".join(" ".join(lines).split())
    identity = fingerprint(match["check_id"], path, text)
    found[identity] = found.get(identity, 0) + 1
    severity = str(match["extra"].get("severity", "ERROR")).lower()
    row = {
        "rule": match["check_id"],
        "severity": severity if severity in ("warning", "info") else "error",
        "message": " ".join(str(match["extra"].get("message", "")).split())[:1000],
        "path": path, "line": start["line"], "col": start["col"], "end_line": end["line"], "end_col": end["col"],
        "fingerprint": identity if found[identity] == 1 else fingerprint(identity, str(found[identity])),
    }  # fmt: skip
    snippet = redact("\n".join(lines[:20])[:3000])
    return {**row, "snippet": snippet} if snippet else row
