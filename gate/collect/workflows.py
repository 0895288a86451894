"""CI workflow files: which steps run the gate, and how a failure of theirs could get lost.

Read as data, never run. GitHub Actions and GitLab CI; files of other systems are unread rather than guessed at.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gate.collect import Context, first_line
from gate.collect.shell.failing import follow
from gate.collect.shell.syntax import Simple, UnfollowedError
from gate.model import Coverage, Descriptor, Evidence, GateError, Row, UndecidedError, Unread
from gate.reading import Document, read_yaml
from gate.tree import not_read, select

DEFAULT_WORKFLOWS = (
    ".github/workflows/*.yml", ".github/workflows/*.yaml", ".github/actions/**/action.yml",
    ".github/actions/**/action.yaml", "action.yml", "action.yaml", ".gitlab-ci.yml",
)  # fmt: skip
GATE_ACTION = re.compile(r"[\w.-]+/tenantgate@\S+")
_SUBCOMMANDS = frozenset({"check", "release", "ga", "verify"})
# What may stand before the gate and passes its exit status on.
_WRAPPERS = re.compile(
    r"env|command|exec|time|nice|nohup|sudo|timeout|stdbuf|uvx?|poetry|pdm|hatch|rye|pipx|pixi|conda|micromamba"
    r"|docker|podman|py|python[0-9.]*"
)
_MENTION = re.compile(r"(?:^|[^\w.-])gate[\"']?\s+[\"']?(?:check|release|ga|verify)\b")
_SHELLS = {
    None: (True, False), "": (True, False), "sh": (True, False), "bash": (True, True),
}  # fmt: skip
_POSIX = re.compile(r"(?:\S*/)?(?:ba|da|z|k|a)?sh((?:\s+(?:[-+]\S+|errexit|pipefail|nounset))*)\s+\{0\}")
_GITLAB_KEYS = frozenset(
    {"default", "include", "stages", "variables", "workflow", "image", "services", "cache", "pages", "before_script",
     "after_script", "spec"}
)  # fmt: skip
_MAX_EXTENDS = 10


def collect(context: Context) -> Iterable[Evidence]:
    """One row a step, over every workflow file of the judged tree."""
    patterns = context.policy.config.get("workflows", DEFAULT_WORKFLOWS)
    paths = select(context.tree.paths(), patterns)
    words = tuple(context.policy.config.get("gate_steps", ()))
    rows: list[Row] = []
    unread: list[Unread] = not_read(context.tree, patterns)
    materials: list[Descriptor] = []
    documents: list[Document] = []
    for path in paths:
        try:
            data = context.tree.read(path, limit=1 << 20)
            documents.append(read_yaml(data, path, foreign=True))
        except (GateError, UndecidedError, FileNotFoundError) as error:
            unread.append(Unread(path=path, reason=first_line(error)))
            continue
        materials.append(Descriptor(name=path, sha256=hashlib.sha256(data).hexdigest()))
    # Composite actions first: a workflow step that uses one of them is a step of what the action runs.
    local: set[str] = set()
    for document in sorted(documents, key=lambda d: not _is_action(d)):
        try:
            found = list(_steps(document, _Gate(words, frozenset(local))))
        except (TypeError, AttributeError, KeyError):
            unread.append(Unread(path=document.name, reason="not shaped like a workflow"))
            continue
        if _is_action(document) and any(row["is_gate"] for row in found):
            local.add(document.name.rpartition("/")[0])
            # Its steps run only where a workflow uses it: what they lose counts here, that they are there does not.
            found = [row if "swallowed_by" in row else {**row, "is_gate": False} for row in found]
        rows += found
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


@dataclass(frozen=True, slots=True)
class _Gate:
    """What counts as the gate: its own command, the policy's words, and local actions that run it."""

    words: tuple[str, ...]
    local: frozenset[str]

    def mentioned(self, text: str) -> bool:
        """Whether the text could run the gate."""
        return bool(_MENTION.search(text)) or any(word in text for word in self.words)

    def used(self, action: str) -> bool:
        """Whether `uses:` names an action that runs the gate."""
        path = action.removeprefix("./").strip("/")
        return bool(GATE_ACTION.fullmatch(action)) or (action.startswith("./") and path in self.local)

    def matters(self, command: Simple) -> str | None:
        """For `failing.follow`: "" for a gate command, a reason when it can't fail, None for any other command."""
        words = [word.literal for word in command.words]
        names = [
            (word or word_.raw.strip("\"'")).rsplit("/", 1)[-1]
            for word, word_ in zip(words, command.words, strict=True)
        ]
        if any(word in command.text for word in self.words):
            return ""
        if "gate" not in names or not (names[0] == "gate" or _WRAPPERS.fullmatch(names[0])):
            return None
        at = names.index("gate")
        module = at > 0 and names[at - 1] == "-m"
        if not module and (at + 1 == len(names) or names[at + 1] not in _SUBCOMMANDS):
            return None
        rest = names[at + 1 :]
        if {"-h", "--help", "-V", "--version"} & set(rest[:2]) and "release" not in rest:
            return None
        if any(word == "--as-of" or word.startswith("--as-of=") for word in rest):
            return "--as-of (another clock than the real one)"
        return "a detached container" if {"-d", "--detach"} & set(names[:at]) else ""


def _is_action(document: Document) -> bool:
    return isinstance(document.value, Mapping) and "runs" in document.value


def _steps(document: Document, gate: _Gate) -> Iterator[Row]:
    value = document.value
    if not isinstance(value, Mapping):
        raise TypeError
    if "gitlab" in document.name.rsplit("/", 1)[-1]:
        for name, job in value.items():
            if name not in _GITLAB_KEYS and not name.startswith(".") and isinstance(job, Mapping):
                yield from _gitlab_job(document, name, _extended(value, job, _MAX_EXTENDS), gate)
    elif "runs" in value:
        yield from _github_job(document, ("runs",), "this action", value["runs"], gate)
    else:
        for name, job in value["jobs"].items():
            yield from _github_job(document, ("jobs", name), name, job, gate)


# --- GitHub Actions -----------------------------------------------------------------------------------------------


def _github_job(
    document: Document, place: tuple[str, ...], job_name: str, job: Mapping[str, Any], gate: _Gate
) -> Iterator[Row]:
    around = [("continue-on-error of its job", "")] if _truthy(job.get("continue-on-error")) else []
    around += [("if: false", "")] if _never(job.get("if")) else []
    for index, step in enumerate(job.get("steps", ()) or ()):
        run, uses = str(step.get("run") or ""), str(step.get("uses") or "")
        ways: list[tuple[str, str]] = []
        is_gate = gate.used(uses)
        if run:
            shell = step.get("shell") or _default_shell(job) or _default_shell(document.value)
            if shell is None and "windows" in str(job.get("runs-on", "")).lower():
                shell = "pwsh"
            is_gate, ways = _script(run, None if shell is None else str(shell), gate)
        if is_gate:
            ways += [("continue-on-error", "")] if _truthy(step.get("continue-on-error")) else []
            ways += [*around, *([("if: false", "")] if _never(step.get("if")) else [])]
        name = str(step.get("name") or step.get("id") or uses or (run.split() and run.strip().splitlines()[0]) or "")
        line = document.line((*place, "steps", index))
        yield from _rows(document, job_name, name[:120] or f"step {index + 1}", line, ways, is_gate=is_gate)


def _script(run: str, shell: str | None, gate: _Gate) -> tuple[bool, list[tuple[str, str]]]:
    """Whether a step's script runs the gate, and the ways in which it loses the gate's failure, with the lines."""
    flags = _SHELLS.get(shell)
    posix = _POSIX.fullmatch(shell or "")
    if posix:
        options = posix[1].split()
        flags = (
            any(o == "errexit" or re.fullmatch(r"-[A-Za-z]*e[A-Za-z]*", o) for o in options), "pipefail" in options
        )  # fmt: skip
    if flags is None:
        if not gate.mentioned(run):
            return False, []
        # Any shell hands on the status of a single plain command.
        single = len(run.strip().splitlines()) == 1 and not set("|&;<>`$(){}") & set(run)
        return True, [] if single else [
            (f"a script for {str(shell)[:40]}, which can't be followed", run.strip().splitlines()[0])
        ]
    if "gate" not in run and not any(word in run for word in gate.words):
        return False, []
    try:
        found = follow(run, gate.matters, gate.mentioned, errexit=flags[0], pipefail=flags[1])
    except UnfollowedError as error:
        if not gate.mentioned(run):
            return False, []
        return True, [(f"a script that can't be followed: {error}", run.strip().splitlines()[0])]
    lost = [(f.lost_by, " ".join(f.text.split())[:200]) for f in found if f.lost_by is not None]
    return bool(found), lost


# --- GitLab CI ----------------------------------------------------------------------------------------------------


def _extended(value: Mapping[str, Any], job: Mapping[str, Any], left: int) -> Mapping[str, Any]:
    """The job with what it `extends`, as far as this file says it."""
    names = job.get("extends") or ()
    merged: dict[str, Any] = {}
    for name in [names] if isinstance(names, str) else names:
        parent = value.get(name)
        if left and isinstance(parent, Mapping):
            merged |= _extended(value, parent, left - 1)
    return {**merged, **job}


def _gitlab_job(document: Document, name: str, job: Mapping[str, Any], gate: _Gate) -> Iterator[Row]:
    defaults = document.value.get("default") or {}
    around = [("allow_failure", "")] if job.get("allow_failure") not in (None, False, "false") else []
    around += [(f"when: {job['when']}", "")] if job.get("when") in ("manual", "on_failure") else []
    rules = [rule for rule in job.get("rules") or () if isinstance(rule, Mapping)]
    around += [("allow_failure", "")] if any(_truthy(rule.get("allow_failure")) for rule in rules) else []
    parts = [job.get(key, document.value.get(key, defaults.get(key))) for key in ("before_script", "script")]
    for key, script in (("script", "\n".join(map(_lines, parts))), ("after_script", _lines(job.get("after_script")))):
        is_gate, ways = _script(script, "sh", gate)
        if is_gate:
            ways += around
            ways += [("after_script, whose failure GitLab ignores", "")] if key == "after_script" else []
        step = next((text.strip() for text in script.splitlines() if gate.mentioned(text)), key)
        line = next(
            (document.line((name, key, i)) for i, text in enumerate(_items(job.get(key))) if gate.mentioned(str(text))),
            document.line((name,)),
        )
        if script.strip():
            yield from _rows(document, name, step[:120] or key, line, ways, is_gate=is_gate)


def _items(script: Any) -> list[Any]:
    """The lines of a script as GitLab flattens them; what it takes from elsewhere (!reference) is left out."""
    if not isinstance(script, list):
        return [] if script is None else [script]
    if script[:1] == ["!reference"]:
        return []
    return [line for part in script for line in (_items(part) if isinstance(part, list) else [part])]


def _lines(script: Any) -> str:
    return "\n".join(str(line) for line in _items(script))


# --- both ---------------------------------------------------------------------------------------------------------


def _rows(
    document: Document, job: str, step: str, line: int, ways: list[tuple[str, str]], *, is_gate: bool
) -> Iterator[Row]:
    row = {"path": document.name, "line": line, "job": job, "step": step, "is_gate": is_gate}
    if not ways:
        yield row
    for way, snippet in ways:
        yield {**row, "swallowed_by": way, "snippet": snippet or step}


def _truthy(value: Any) -> bool:
    """True unless it is certainly false: an expression may be true."""
    return str(value).strip().lower() not in ("none", "false", "", "${{ false }}", "${{false}}")


def _never(value: Any) -> bool:
    """A condition that says `false` in so many words; what else a condition comes to is not evaluated."""
    return re.sub(r"[\s${}]", "", str(value)).lower() in ("false", "0", "''", "null", "!true", "!always()")


def _default_shell(node: Any) -> Any:
    try:
        return node["defaults"]["run"]["shell"]
    except (KeyError, TypeError):
        return None
