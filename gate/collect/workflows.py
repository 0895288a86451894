"""CI workflow files: which steps run the gate, and how a failure of theirs could get lost.

Read as data, never run. GitHub Actions and GitLab CI; files of other systems are unread rather than guessed at.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gate.collect import Context, first_line
from gate.model import Coverage, Descriptor, Evidence, GateError, Row, UndecidedError, Unread
from gate.reading import Document, read_yaml
from gate.tree import not_read, select

DEFAULT_WORKFLOWS = (".github/workflows/*.yml", ".github/workflows/*.yaml", ".gitlab-ci.yml")
GATE_COMMAND = r"(?:^|[\s;&|(/])gate\s+(?:check|release|ga|verify)\b"
GATE_ACTION = re.compile(r"(?:^|/)tenantgate(?:@|$)|^\./?$|^\./\.github/actions/gate\b")

_SWALLOWS = (
    (re.compile(r"\|\|\s*(?:true\b|:|exit\s+0|/bin/true)"), "|| true"),
    (re.compile(r"\|\|\s*(?:echo|printf)\b"), "|| echo"),
    (re.compile(r"\|\|"), "||"),
    (re.compile(r";\s*(?:true|:|exit\s+0)\s*$"), "; true"),
    (re.compile(r"(?<![&>0-9])&\s*$"), "& (in the background)"),
    (re.compile(r"^\s*(?:!|if\s+!?|while|until)\s"), "a condition"),
)
_GITLAB_KEYS = frozenset(
    {"default", "include", "stages", "variables", "workflow", "image", "services", "cache", "pages"}
)


def collect(context: Context) -> Iterable[Evidence]:
    """One row a step, over every workflow file of the judged tree."""
    patterns = context.policy.config.get("workflows", DEFAULT_WORKFLOWS)
    paths = select(context.tree.paths(), patterns)
    words = context.policy.config.get("gate_steps", ())
    pattern = re.compile("|".join([GATE_COMMAND, *(re.escape(word) for word in words)]))
    rows: list[Row] = []
    unread: list[Unread] = not_read(context.tree, patterns)
    materials: list[Descriptor] = []
    for path in paths:
        try:
            data = context.tree.read(path, limit=1 << 20)
            document = read_yaml(data, path, foreign=True)
        except (GateError, UndecidedError, FileNotFoundError) as error:
            unread.append(Unread(path=path, reason=first_line(error)))
            continue
        materials.append(Descriptor(name=path, sha256=hashlib.sha256(data).hexdigest()))
        try:
            rows += list(_steps(document, pattern))
        except (TypeError, AttributeError, KeyError):
            unread.append(Unread(path=path, reason="not shaped like a workflow"))
    yield Evidence(
        kind="workflow_step",
        rows=tuple(rows),
        coverage=Coverage(
            scope=f"{len(paths)} workflow files",
            unread=tuple(unread),
            numbers={"workflows": len(paths), "steps": len(rows)},
        ),
        materials=tuple(materials),
    )


def _steps(document: Document, pattern: re.Pattern[str]) -> Iterator[Row]:
    value = document.value
    if not isinstance(value, Mapping):
        raise TypeError
    if "jobs" in value:
        for job_name, job in value["jobs"].items():
            yield from _github_job(document, str(job_name), job, pattern)
    else:
        for job_name, job in value.items():
            if job_name not in _GITLAB_KEYS and isinstance(job, Mapping) and "script" in job:
                yield from _gitlab_job(document, str(job_name), job, pattern)


def _github_job(document: Document, job_name: str, job: Mapping[str, Any], pattern: re.Pattern[str]) -> Iterator[Row]:
    for index, step in enumerate(job.get("steps", ()) or ()):
        run = str(step.get("run") or "")
        uses = str(step.get("uses") or "")
        line = document.line(("jobs", job_name, "steps", index))
        is_gate = bool(pattern.search(run) or GATE_ACTION.search(uses))
        ways: list[tuple[str, str]] = []
        if is_gate:
            ways += [("continue-on-error", "")] if _truthy(step.get("continue-on-error")) else []
            ways += [("continue-on-error of its job", "")] if _truthy(job.get("continue-on-error")) else []
            ways += [("if: false", "")] if _never(step.get("if")) or _never(job.get("if")) else []
            shell = str(step.get("shell") or _default_shell(job) or _default_shell(document.value) or "")
            ways += _swallowed(run, pattern, pipefail=shell == "bash" or "pipefail" in shell or "pipefail" in run)
        name = str(step.get("name") or step.get("id") or uses or (run.splitlines() or ["step"])[0])[:120]
        yield from _rows(document, job_name, name or f"step {index + 1}", line, ways, is_gate=is_gate)


def _gitlab_job(document: Document, job_name: str, job: Mapping[str, Any], pattern: re.Pattern[str]) -> Iterator[Row]:
    script = job["script"]
    lines = [str(part) for part in (script if isinstance(script, list) else [script])]
    for index, text in enumerate(lines):
        line = document.line((job_name, "script", index))
        is_gate = bool(pattern.search(text))
        ways: list[tuple[str, str]] = []
        if is_gate:
            ways += [("allow_failure", "")] if job.get("allow_failure") not in (None, False) else []
            ways += [("when: manual", "")] if job.get("when") == "manual" else []
            ways += _swallowed(text, pattern, pipefail=any("pipefail" in earlier for earlier in lines[:index]))
        yield from _rows(
            document, job_name, text.splitlines()[0][:120] if text else "script", line, ways, is_gate=is_gate
        )


def _rows(
    document: Document, job: str, step: str, line: int, ways: list[tuple[str, str]], *, is_gate: bool
) -> Iterator[Row]:
    row = {"path": document.name, "line": line, "job": job, "step": step, "is_gate": is_gate}
    if not ways:
        yield row
    for way, snippet in ways:
        yield {**row, "swallowed_by": way, "snippet": snippet or step}


def _swallowed(run: str, pattern: re.Pattern[str], *, pipefail: bool) -> list[tuple[str, str]]:
    ways = []
    joined = re.sub(r"\\\n\s*", " ", run)
    errexit = True
    for text in joined.splitlines():
        stripped = text.split(" #", 1)[0].strip()
        if re.search(r"\bset\s+\+e\b|\bset\s+\+o\s+errexit\b", stripped):
            errexit = False
        elif re.search(r"\bset\s+-[a-z]*e", stripped):
            errexit = True
        match = pattern.search(stripped)
        if not match:
            continue
        found = next((name for expression, name in _SWALLOWS if expression.search(stripped)), None)
        if found is None and re.search(r"(?<!\|)\|(?!\|)", stripped[match.start() :]) and not pipefail:
            found = "a pipe without pipefail"
        if found is None and not errexit:
            found = "set +e"
        if found is not None:
            ways.append((found, stripped[:200]))
    return ways


def _truthy(value: Any) -> bool:
    """True unless it is certainly false: an expression may be true."""
    return value not in (None, False, "false", "")


def _never(value: Any) -> bool:
    return value is False or re.sub(r"[\s${}]", "", str(value)).lower() in ("false", "0")


def _default_shell(node: Any) -> Any:
    try:
        return node["defaults"]["run"]["shell"]
    except (KeyError, TypeError):
        return None
