"""The baseline: findings of the lints that were there when the gate came. It may only shrink.

An entry is (rule, verdict, table, digest of the normalised statement): an edit of the statement raises it again, moving
it does not. A pull request is judged with the entries that both the base revision and the change have; what the change
adds is a finding, and so is an entry that nothing matches any more. Only code findings can stand here: a drill, a purge
or an attestation that is missing is never old news.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, TypeVar

from gate.model import GateError, Policy, Row, Violation
from gate.reading import parse_date, read_yaml
from gate.tree import Tree

VERSION = 1
K = TypeVar("K", bound=Hashable)
Key = tuple[str, str, str, str]
"""Rule (or verdict, where no rule is known), verdict, table (or nothing) and digest of the statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One finding that is known. `path` says where it was seen; `until` is the last day on which it counts as known."""

    rule: str
    verdict: str
    table: str
    statement: str
    path: str
    owner: str | None = None
    reason: str | None = None
    until: date | None = None
    line: int = field(default=1, compare=False)
    """Where it stands in the file."""

    @property
    def key(self) -> Key:
        return (self.rule, self.verdict, self.table, self.statement)


def key_of(rule: str | None, verdict: str, table: str | None, statement: str) -> Key:
    """The key of a finding; see `Key`."""
    return (rule or verdict, verdict, table or "", statement)


def path_of(policy: Policy) -> str | None:
    """Where the policy keeps its baseline, if it has one."""
    name = policy.config.get("source", {}).get("baseline")
    return None if name is None else str(name)


def of_policy(policy: Policy) -> tuple[Entry, ...]:
    """The entries that the policy's own tree has."""
    name = path_of(policy)
    return () if name is None else read(policy.files[name], name)


def of_tree(tree: Tree, name: str) -> tuple[Entry, ...]:
    """The entries of the judged tree; none if the file is gone there. Raises GateError when it can't be read."""
    try:
        data = tree.read(name)
    except FileNotFoundError:
        return ()
    return read(data, name)


def read(data: bytes, name: str) -> tuple[Entry, ...]:
    """Read a baseline. Raises GateError naming file and line."""
    from gate.policy import format_schema

    document = read_yaml(data, name)
    format_schema("baseline").check(document)
    return tuple(
        Entry(
            rule=item["rule"],
            verdict=item["verdict"],
            table=item.get("table", ""),
            statement=item["statement"],
            path=item["path"],
            owner=item.get("owner"),
            reason=item.get("reason"),
            until=parse_date(item["until"]) if "until" in item else None,
            line=document.line(("findings", index)),
        )
        for index, item in enumerate(document.value["findings"])
    )


def write(entries: Iterable[Entry]) -> bytes:
    """The file: one entry a line, sorted, so that a change of it reads well; the same entries give the same bytes."""
    lines = [
        "# Findings that were there when the gate came. May only shrink: `gate baseline shrink` drops what is gone.",
        f"version: {VERSION}",
        "findings:",
    ]
    listed = sorted((e.path, e.rule, e.table, e.statement, _flow(e)) for e in entries)
    lines += [f"  - {flow}" for *_, flow in listed]
    if not listed:
        lines[-1] = "findings: []"
    return ("\n".join(lines) + "\n").encode("utf-8")


def _flow(entry: Entry) -> str:
    values: dict[str, Any] = {
        "path": entry.path, "rule": entry.rule, "verdict": entry.verdict, "table": entry.table or None,
        "statement": entry.statement, "until": None if entry.until is None else entry.until.isoformat(),
        "owner": entry.owner, "reason": entry.reason,
    }  # fmt: skip
    return "{" + ", ".join(f"{k}: {_quoted(v)}" for k, v in values.items() if v is not None) + "}"


def _quoted(text: str) -> str:
    """A double-quoted YAML string on one line (JSON's would write an emoji as two halves, which YAML refuses)."""
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    return f"\\U{ord(character):08x}"


def entry_of(violation: Violation, *, owner: str | None, reason: str | None, until: date | None) -> Entry | None:
    """The entry that would set a finding aside, or None: not every finding may stand in a baseline."""
    details = violation.details
    if violation.waiver is not None or violation.aside is not None or not details.get("statement"):
        return None
    rule, verdict, table, statement = key_of(
        details.get("rule"), str(details["verdict"]), details.get("table_name"), str(details["statement"])
    )
    return Entry(
        rule=rule, verdict=verdict, table=table, statement=statement, path=violation.location.path,
        owner=owner, reason=reason, until=until,
    )  # fmt: skip


def pair(found: Sequence[tuple[K, str]], known: Sequence[tuple[K, str]]) -> list[int | None]:
    """For each of `found`, pairs of key and path, the index of the one of `known` that it is; each is used once.

    One in the same file is preferred, so that of two equal statements the one that was there before stays the old one.
    """
    here: dict[tuple[K, str], deque[int]] = {}
    for index, place in enumerate(known):
        here.setdefault(place, deque()).append(index)
    pairs = [waiting.popleft() if (waiting := here.get(place)) else None for place in found]
    anywhere: dict[K, deque[int]] = {}
    for (key, _), waiting in here.items():
        anywhere.setdefault(key, deque()).extend(waiting)
    for index, (key, _) in enumerate(found):
        if pairs[index] is None and (left := anywhere.get(key)):
            pairs[index] = left.popleft()
    return pairs


def in_force(base: Sequence[Entry], head: Sequence[Entry]) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
    """The entries that both sides have, as the base says them, and those that the change adds or prolongs."""
    pairs = pair([(e.key, e.path) for e in head], [(e.key, e.path) for e in base])
    kept, added = [], []
    for entry, index in zip(head, pairs, strict=True):
        before = None if index is None else base[index]
        if before is None or (before.until is not None and (entry.until is None or entry.until > before.until)):
            added.append(entry)
        if before is not None:
            sooner = min((u for u in (before.until, entry.until) if u is not None), default=None)
            kept.append(replace(before, until=sooner, line=entry.line))
    return tuple(kept), tuple(added)


def because(entry: Entry, name: str) -> str:
    """Why a finding is set aside, in one clause."""
    said = f"in the baseline ({name}:{entry.line})"
    until = f" until {entry.until}" if entry.until is not None else ""
    return f"{said}{until}{f', {entry.owner}' if entry.owner else ''}{f': {entry.reason}' if entry.reason else ''}"


def row(entry: Entry, name: str, *, state: str, earlier: bool) -> Row:
    """An entry as evidence. `state`: holds, expired, stale (nothing matches it) or added (by the change)."""
    values: Mapping[str, Any] = {
        "path": name, "line": entry.line, "seen_in": entry.path, "rule": entry.rule, "verdict": entry.verdict,
        "table_name": entry.table or None, "statement": entry.statement, "owner": entry.owner, "reason": entry.reason,
        "until": None if entry.until is None else entry.until.isoformat(), "state": state,
        "aside": "earlier" if earlier else None,
    }  # fmt: skip
    return {key: value for key, value in values.items() if value is not None}


def required(policy: Policy) -> str:
    """The baseline's path. Raises GateError when the policy has none."""
    name = path_of(policy)
    if name is None:
        raise GateError(
            "baseline: gate.yaml names none; add `source: {baseline: FILE}`, see gate baseline write --help"
        )
    return name
