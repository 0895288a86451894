"""Semgrep rules over the judged code, ours and the organisation's: offline, in a copy, and the code has no say.

Semgrep fails open in many ways, so it is treated as a sensor whose coverage must be proved: it gets a folder of exactly
the wanted files, without ignore files or git; inline suppressions do not count; every file must be reported as scanned,
every error becomes something unread, and a rule and file of our own must be found in the same run.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gate.collect import first_line
from gate.collect.scanning import declarations
from gate.model import GateError, Policy, Row, UndecidedError, Unread, fingerprint
from gate.reading import did_you_mean, read_yaml
from gate.report.redact import redact
from gate.tree import Tree, select

BUILT_IN = "rules/code-patterns/semgrep/"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The Semgrep rules of a policy: the organisation's own, and ours that it leaves on and does not replace."""

    own: tuple[Any, ...]
    built_in: tuple[Any, ...]
    include: tuple[str, ...]

    @property
    def documents(self) -> tuple[Any, ...]:
        return (*self.own, *({"rules": [rule]} for rule in self.built_in))


def rules_of(policy: Policy) -> Rules:
    """Raises GateError for rules that can't be meant, and where there are none at all."""
    configured = policy.config.get("patterns", {})
    named = configured.get("rules", ())
    names = list(select(policy.files, named)) if named else []
    if named and not names:
        raise GateError(f"patterns: no rule file matches {', '.join(named)}")
    own = tuple(read_yaml(policy.files[name], name, foreign=True).value for name in names)
    ours = [rule for name in sorted(policy.files) if name.startswith(BUILT_IN) for rule in _built_in(policy, name)]
    off = set(configured.get("without", ()))
    known = [rule["id"] for rule in ours]
    for name in sorted(off - set(known)):
        raise GateError(f"patterns: without: there is no built-in rule {name!r}{did_you_mean(name, known)}")
    replaced = {rule.get("id") for document in own for rule in _rules(document)}
    left = tuple(r for r in ours if r["id"] not in off | replaced) if configured.get("built_in", True) else ()
    if not own and not left:
        raise GateError("gate.yaml leaves no Semgrep rule (patterns: {rules: [...]}); drop the pack or give it rules")
    return Rules(own=own, built_in=left, include=tuple(configured.get("include", ("**",))))


def _built_in(policy: Policy, name: str) -> list[Any]:
    return _rules(read_yaml(policy.files[name], name, foreign=True).value)


def _rules(document: Any) -> list[Any]:
    rules = document.get("rules") if isinstance(document, Mapping) else None
    return [rule for rule in rules if isinstance(rule, Mapping)] if isinstance(rules, list) else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the rules match in a tree. `rows` are those of `code_pattern`; `same_as` of a built-in rule are the rules of
    the lint that say the same."""

    rows: tuple[Row, ...]
    unread: tuple[Unread, ...]
    digests: Mapping[str, str]
    scanned: int
    rules: int
    same_as: Mapping[str, frozenset[str]]


def find(tree: Tree, policy: Policy, *, only: Callable[[str, str], bool] | None = None) -> Found:
    """Run the policy's rules over a tree; `only` narrows it to some files, by path and digest (hex SHA-256)."""
    from lints.schema.paths import path_class, says_generated

    classes = declarations(policy).paths

    def judged(path: str, data: bytes) -> bool:
        """Ours say nothing of tests and the like, which no control of the lint judges either."""
        return path_class(path, classes) == "source" and not says_generated(data)

    rules = rules_of(policy)
    needs = [_Need(rule) for rule in rules.built_in]
    suffixes = _suffixes(rules.own)
    excluded = set(select(tree.paths(), [item["path"] for item in policy.config.get("source", {}).get("exclude", ())]))
    everything = tuple(sorted({*suffixes, *(suffix for need in needs for suffix in need.suffixes)}))
    unread: list[Unread] = []
    files: dict[str, bytes] = {}
    digests: dict[str, str] = {}
    for path in select(tree.paths(), rules.include):
        if not path.endswith(everything) or path in excluded:
            continue
        try:
            data = tree.read(path)
        except (GateError, UndecidedError, FileNotFoundError) as error:
            unread.append(Unread(path=path, reason=first_line(error)))
            continue
        digests[path] = hashlib.sha256(data).hexdigest()
        if only is not None and not only(path, digests[path]):
            continue
        if path.endswith(suffixes) or (judged(path, data) and any(need.meets(path, data) for need in needs)):
            files[path] = data
    rows, problems = scan(rules.documents, files) if files else ((), ())
    return Found(
        rows=rows, unread=(*unread, *problems), digests=digests, scanned=len(files),
        rules=len(needs) + sum(len(_rules(document)) for document in rules.own),
        same_as={need.id: need.same_as for need in needs},
    )  # fmt: skip


class _Need:
    """What a file must have in it for a built-in rule to match: then it need not be parsed to know that it does not."""

    def __init__(self, rule: Mapping[str, Any]) -> None:
        self.id = str(rule["id"])
        self.suffixes = _suffixes([{"rules": [rule]}])
        metadata = rule.get("metadata", {})
        self.same_as = frozenset(metadata.get("same_as", ()))
        self._words = [re.compile(text.encode()) for text in metadata.get("needs", ())]

    def meets(self, path: str, data: bytes) -> bool:
        return path.endswith(self.suffixes) and all(word.search(data) is not None for word in self._words)


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
        "statement": fingerprint(match["check_id"], text),
        "fingerprint": identity if found[identity] == 1 else fingerprint(identity, str(found[identity])),
    }  # fmt: skip
    snippet = redact("\n".join(lines[:20])[:3000])
    return {**row, "snippet": snippet} if snippet else row
