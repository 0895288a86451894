"""The decision: what each outcome needs, what waivers may change, and that less evidence never helps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.decide import clocks, decide, judge, parameters, verdict
from gate.model import (
    Control,
    ControlResult,
    Coverage,
    Decision,
    Evidence,
    EvidenceNeed,
    Location,
    Outcome,
    Policy,
    QueryError,
    Severity,
    Stage,
    Subject,
    Unread,
    Verdict,
    Waiver,
    WaiverState,
)
from gate.waivers import defect, holds

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TODAY = NOW.date()
SUBJECT = Subject(project="p", commit="0" * 40)


def control(**changes: Any) -> Control:
    values: dict[str, Any] = {
        "id": "THG001", "title": "t", "why": "w", "fix": "f", "owner": "o", "pack": "p",
        "stages": frozenset({Stage.CHECK, Stage.RELEASE}), "severity": Severity.BLOCK,
        "evidence": {"thing": EvidenceNeed(minimum=1)}, "params": {}, "message": "{subject} is wrong", "query": "Q",
        "maps_to": (), "examples": (), "source": Location(path="rules/thg.yaml", line=3),
    }  # fmt: skip
    return Control(**{**values, **changes})


def evidence(
    rows: Sequence[Mapping[str, Any]] = ({"id": "a", "verified": True},), unread: Sequence[Unread] = ()
) -> Evidence:
    return Evidence(kind="thing", rows=tuple(rows), coverage=Coverage(scope="s", unread=tuple(unread)))


def waiver(**changes: Any) -> Waiver:
    values: dict[str, Any] = {
        "id": "W-1", "control": "THG001", "reason": "r", "owner": "o", "requested_by": "a", "approved_by": "b",
        "created": TODAY - timedelta(days=10), "expires": TODAY + timedelta(days=30), "ticket": "T",
        "source": Location(path="waivers/w.yaml"), "path": "rules/thg.yaml",
    }  # fmt: skip
    return Waiver(**{**values, **changes})


def policy(controls: Sequence[Control], waivers: Sequence[Waiver] = ()) -> Policy:
    return Policy(
        version="1", digest="d" * 64, tool_version="0", origin="work tree", controls=tuple(controls), kinds={},
        waivers=tuple(waivers), waiver_max_days=90, config={}, files={}, limits={"p": ("what it does not see",), "q": ("another pack's",)},
    )  # fmt: skip


class Answers:
    """Stands for the store: rows by query, or a query that fails."""

    def __init__(self, rows: Sequence[Mapping[str, Any]] = (), *, error: str | None = None) -> None:
        self.rows, self.error, self.asked = rows, error, 0

    def __call__(self, query: str, parameters: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        self.asked += 1
        if self.error:
            raise QueryError(self.error)
        return self.rows


def run(
    controls: Sequence[Control],
    found: Mapping[str, Evidence],
    answers: Answers,
    *,
    waivers: Sequence[Waiver] = (),
    stage: Stage = Stage.CHECK,
    overridden: bool = False,
) -> Decision:
    return decide(
        policy(controls, waivers), stage, found, answers, as_of=NOW, as_of_overridden=overridden, subject=SUBJECT,
        pipeline_id="local",
    )  # fmt: skip


BAD = ({"subject": "x"},)


@pytest.mark.parametrize(
    ("name", "found", "answers", "need", "outcome", "reason"),
    [
        ("no violation", {"thing": evidence()}, Answers(), {}, Outcome.PASS, None),
        ("a violation", {"thing": evidence()}, Answers(BAD), {}, Outcome.FAIL, None),
        ("kind not collected", {}, Answers(), {}, Outcome.UNKNOWN, "no evidence of kind thing was collected"),
        ("too few", {"thing": evidence([])}, Answers(), {}, Outcome.UNKNOWN, "thing: 0 records; at least 1 needed"),
        ("too few although it would fail", {"thing": evidence([])}, Answers(BAD), {}, Outcome.UNKNOWN, "0 records"),
        ("one unverified", {"thing": evidence([{"id": "a"}])}, Answers(), {"verified": True}, Outcome.UNKNOWN, "0 verified records"),
        ("one of two unverified", {"thing": evidence([{"verified": True}, {"verified": False, "source_path": "e.json"}])},
         Answers(), {"verified": True}, Outcome.UNKNOWN, "thing: e.json is not verified"),
        ("unread and nothing wrong", {"thing": evidence(unread=[Unread(path="f", reason="broken")])}, Answers(), {},
         Outcome.UNKNOWN, "thing: f:1: broken"),
        ("unread and something wrong", {"thing": evidence(unread=[Unread(path="f", reason="broken")])}, Answers(BAD), {},
         Outcome.FAIL, "thing: f:1: broken"),
        ("the query fails", {"thing": evidence()}, Answers(error="too slow"), {}, Outcome.UNKNOWN, "too slow"),
        ("none needed, none there", {"thing": evidence([])}, Answers(), {"minimum": 0}, Outcome.PASS, None),
    ],
)  # fmt: skip
def test_outcome(
    name: str, found: dict[str, Evidence], answers: Answers, need: dict[str, Any], outcome: Outcome, reason: str | None
) -> None:
    asked = control(evidence={"thing": EvidenceNeed(**{"minimum": 1, **need})})

    result = judge(asked, found, answers, (), NOW)

    assert result.outcome is outcome
    assert result.blocks == (outcome in (Outcome.FAIL, Outcome.UNKNOWN))
    if reason is None:
        assert result.reasons == ()
    else:
        assert reason in result.reasons[0]


def test_evidence_that_is_too_little_is_not_asked_at_all() -> None:
    answers = Answers(BAD)
    judge(control(), {"thing": evidence([])}, answers, (), NOW)

    assert answers.asked == 0


def test_many_unread_files_are_counted_not_listed_for_ever() -> None:
    many = [Unread(path=f"f{i}", reason="broken") for i in range(50)]
    reasons = judge(control(), {"thing": evidence(unread=many)}, Answers(), (), NOW).reasons

    assert len(reasons) == 21
    assert reasons[-1] == "thing: 30 more reasons like these"


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([], Verdict.UNDECIDED),
        ([(Outcome.PASS, Severity.BLOCK)], Verdict.ALLOWED),
        ([(Outcome.WAIVED, Severity.BLOCK)], Verdict.ALLOWED),
        ([(Outcome.FAIL, Severity.WARN)], Verdict.ALLOWED),
        ([(Outcome.UNKNOWN, Severity.WARN)], Verdict.ALLOWED),
        ([(Outcome.FAIL, None)], Verdict.ALLOWED),
        ([(Outcome.PASS, Severity.BLOCK), (Outcome.FAIL, Severity.BLOCK)], Verdict.BLOCKED),
        ([(Outcome.PASS, Severity.BLOCK), (Outcome.UNKNOWN, Severity.BLOCK)], Verdict.UNDECIDED),
        ([(Outcome.UNKNOWN, Severity.BLOCK), (Outcome.FAIL, Severity.BLOCK)], Verdict.BLOCKED),
        ([(Outcome.UNKNOWN, Severity.BLOCK), (Outcome.FAIL, Severity.WARN)], Verdict.UNDECIDED),
    ],
)
def test_verdict(results: list[tuple[Outcome, Severity | None]], expected: Verdict) -> None:
    judged = [ControlResult(control=control(), outcome=outcome, level=level) for outcome, level in results]

    assert verdict(judged) is expected


def test_a_stage_without_controls_allows_nothing() -> None:
    decision = run([control()], {"thing": evidence()}, Answers(), stage=Stage.GA)

    assert decision.verdict is Verdict.UNDECIDED
    assert decision.exit_code == 3


@pytest.mark.parametrize(
    ("warn_from", "block_from", "severity", "level"),
    [
        (None, None, Severity.BLOCK, Severity.BLOCK),
        (None, None, Severity.WARN, Severity.WARN),
        (None, TODAY, Severity.BLOCK, Severity.BLOCK),
        (None, TODAY + timedelta(days=1), Severity.BLOCK, Severity.WARN),
        (TODAY + timedelta(days=1), None, Severity.BLOCK, None),
        (TODAY, None, Severity.BLOCK, Severity.BLOCK),
        (TODAY, TODAY + timedelta(days=1), Severity.BLOCK, Severity.WARN),
        (TODAY + timedelta(days=1), TODAY, Severity.BLOCK, Severity.BLOCK),
        (TODAY + timedelta(days=1), TODAY + timedelta(days=2), Severity.BLOCK, None),
        (TODAY, TODAY, Severity.WARN, Severity.WARN),
    ],
)
def test_a_control_announces_itself_then_warns_then_blocks(
    warn_from: date | None, block_from: date | None, severity: Severity, level: Severity | None
) -> None:
    assert control(warn_from=warn_from, block_from=block_from, severity=severity).level(TODAY) is level


@pytest.mark.parametrize(
    ("name", "changes", "check", "release", "state"),
    [
        ("active", {}, Verdict.ALLOWED, Verdict.ALLOWED, WaiverState.ACTIVE),
        ("on its last day", {"expires": TODAY}, Verdict.ALLOWED, Verdict.ALLOWED, WaiverState.EXPIRING),
        ("13 days left", {"expires": TODAY + timedelta(days=13)}, Verdict.ALLOWED, Verdict.ALLOWED, WaiverState.EXPIRING),
        ("14 days left", {"expires": TODAY + timedelta(days=14)}, Verdict.ALLOWED, Verdict.ALLOWED, WaiverState.ACTIVE),
        ("expired yesterday", {"expires": TODAY - timedelta(days=1)}, Verdict.ALLOWED, Verdict.BLOCKED, WaiverState.EXPIRED),
        ("created tomorrow", {"created": TODAY + timedelta(days=1)}, Verdict.BLOCKED, Verdict.BLOCKED, WaiverState.PENDING),
        ("created today", {"created": TODAY}, Verdict.ALLOWED, Verdict.ALLOWED, WaiverState.ACTIVE),
        ("self-approved", {"approved_by": " A "}, Verdict.BLOCKED, Verdict.BLOCKED, WaiverState.ACTIVE),
        ("91 days", {"created": TODAY - timedelta(days=61), "expires": TODAY + timedelta(days=30)}, Verdict.BLOCKED, Verdict.BLOCKED, WaiverState.ACTIVE),
        ("90 days", {"created": TODAY - timedelta(days=60), "expires": TODAY + timedelta(days=30)}, Verdict.ALLOWED, Verdict.ALLOWED, WaiverState.ACTIVE),
        ("of another control", {"control": "THG002"}, Verdict.BLOCKED, Verdict.BLOCKED, WaiverState.ORPHANED),
        ("for another path", {"path": "rules/other.yaml"}, Verdict.BLOCKED, Verdict.BLOCKED, WaiverState.ORPHANED),
        ("for everything", {"path": "**"}, Verdict.BLOCKED, Verdict.BLOCKED, WaiverState.ACTIVE),
        ("for another tenant", {"tenant": "acme"}, Verdict.BLOCKED, Verdict.BLOCKED, WaiverState.ORPHANED),
        ("right path, wrong fingerprint", {"fingerprint": "f" * 32}, Verdict.BLOCKED, Verdict.BLOCKED, WaiverState.ORPHANED),
    ],
)  # fmt: skip
def test_waiver(name: str, changes: dict[str, Any], check: Verdict, release: Verdict, state: WaiverState) -> None:
    for stage, expected in ((Stage.CHECK, check), (Stage.RELEASE, release)):
        decision = run([control()], {"thing": evidence()}, Answers(BAD), waivers=[waiver(**changes)], stage=stage)

        assert decision.verdict is expected, stage
        assert decision.waivers[0].state is state
        assert len(decision.results[0].violations) == 1, "a waived finding is still there"


def test_a_waiver_covers_only_what_is_in_its_scope() -> None:
    rows = [{"subject": "x", "tenant": "acme"}, {"subject": "y", "tenant": "globex"}]
    decision = run([control()], {"thing": evidence()}, Answers(rows), waivers=[waiver(path=None, tenant="acme")])

    assert decision.verdict is Verdict.BLOCKED
    assert [v.waiver for v in decision.results[0].violations] == ["W-1", None]
    assert decision.waivers[0].covers == 1


def test_a_waiver_for_one_of_several_equal_findings_covers_one() -> None:
    """Equal fingerprints are numbered; each waiver covers the one that is shown with its number, and no other."""
    rows = [{"subject": "x", "path": "a", "line": line} for line in (1, 2, 3)]
    shown = [v.fingerprint for v in judge(control(), {"thing": evidence()}, Answers(rows), (), NOW).violations]
    assert len(set(shown)) == 3

    for number, fingerprint in enumerate(shown):
        used = waiver(path=None, fingerprint=fingerprint)
        decision = run([control()], {"thing": evidence()}, Answers(rows), waivers=[used])
        assert decision.verdict is Verdict.BLOCKED
        assert [v.waiver for v in decision.results[0].violations].index("W-1") == number
        assert [v.waiver for v in decision.results[0].violations].count("W-1") == decision.waivers[0].covers == 1

    all_three = [waiver(id=f"W-{n}", path=None, fingerprint=f) for n, f in enumerate(shown)]
    decision = run([control()], {"thing": evidence()}, Answers(rows), waivers=all_three)
    assert decision.verdict is Verdict.ALLOWED
    assert [v.waiver for v in decision.results[0].violations] == ["W-0", "W-1", "W-2"]


@pytest.mark.parametrize(
    ("path", "void"),
    [
        ("**", True), ("*", True), ("**/*", True), ("/", True), ("?*", True), ("**.*", True), ("[!x]**", True), ("*.py", True),
        ("**/*.py", True), ("**/?*/[a-z]*", True), ("*/*/*", True),
        ("src/**", False), ("src/a.py", False), ("**/migrations/*.sql", False), ("a.py", False), ("services/*/a.py", False),
    ],
)  # fmt: skip
def test_a_waiver_s_path_names_something(path: str, void: bool) -> None:
    found = defect(waiver(path=path), 90)

    assert (found is not None) == void
    assert not void or repr(path) in str(found)


@pytest.mark.parametrize(
    ("name", "stage", "found", "rows", "state"),
    [
        ("nothing in its scope", Stage.CHECK, {"thing": evidence()}, (), WaiverState.ORPHANED),
        ("its control is of another stage", Stage.GA, {"thing": evidence()}, (), WaiverState.ACTIVE),
        ("its control could not be judged", Stage.CHECK, {}, (), WaiverState.ACTIVE),
    ],
)
def test_a_waiver_is_orphaned_only_when_its_control_was_judged(
    name: str, stage: Stage, found: dict[str, Evidence], rows: Sequence[Mapping[str, Any]], state: WaiverState
) -> None:
    assert run([control()], found, Answers(rows), waivers=[waiver()], stage=stage).waivers[0].state is state


@pytest.mark.parametrize("unread", [(), (Unread(path="f", reason="broken"),)])
def test_a_waiver_never_covers_what_could_not_be_judged(unread: Sequence[Unread]) -> None:
    found = {"thing": evidence(unread=unread)}
    decision = run([control()], found, Answers(BAD), waivers=[waiver()])

    assert decision.results[0].outcome is (Outcome.UNKNOWN if unread else Outcome.WAIVED)
    assert run([control()], {}, Answers(BAD), waivers=[waiver()]).verdict is Verdict.UNDECIDED


@pytest.mark.parametrize("guard", ["WVR001", "SRC001"])
def test_the_guards_of_the_gate_cannot_be_waived(guard: str) -> None:
    assert defect(waiver(control=guard), 90) is not None
    assert not holds(waiver(control=guard), TODAY, Stage.CHECK, 90)


def test_an_overridden_clock_releases_nothing() -> None:
    real = run([control()], {"thing": evidence()}, Answers(), stage=Stage.RELEASE)
    rehearsed = run([control()], {"thing": evidence()}, Answers(), stage=Stage.RELEASE, overridden=True)

    assert (real.releasable, real.exit_code) == (True, 0)
    assert (rehearsed.verdict, rehearsed.releasable, rehearsed.exit_code) == (Verdict.ALLOWED, False, 1)
    assert not run([control()], {"thing": evidence()}, Answers()).releasable, "a pull request is no release"


def test_violations_are_placed_named_and_told_apart() -> None:
    rows = [
        {"subject": "b", "path": "src/b.py", "line": 9, "col": 3, "fingerprint": "f" * 32},
        {"subject": "b", "path": "src/b.py", "line": 12, "fingerprint": "f" * 32},
        {"subject": "a", "source_path": "e/a.json", "source_line": 2},
        {"subject": "c"},
    ]
    result = judge(control(), {"thing": evidence()}, Answers(rows), (), NOW)
    places = [(v.subject, v.location.path, v.location.line, v.location.column) for v in result.violations]

    assert places == [
        ("a", "e/a.json", 2, None),
        ("c", "rules/thg.yaml", 3, None),
        ("b", "src/b.py", 9, 3),
        ("b", "src/b.py", 12, None),
    ]
    assert len({v.fingerprint for v in result.violations}) == 4
    assert result.violations[2].fingerprint == "f" * 32


def test_a_fingerprint_survives_what_moves() -> None:
    first = judge(
        control(), {"thing": evidence()}, Answers([{"subject": "x", "path": "a", "line": 1, "n": 1}]), (), NOW
    )
    moved = judge(
        control(),
        {"thing": evidence()},
        Answers([{"subject": "x", "path": "b", "line": 7, "n": 2}]),
        (),
        NOW + timedelta(days=1),
    )

    assert first.violations[0].fingerprint == moved.violations[0].fingerprint


def test_a_message_shows_missing_values_and_never_evaluates_them() -> None:
    asked = control(message="{subject} {n} {gone} {limit}", params={"limit": 5})
    result = judge(asked, {"thing": evidence()}, Answers([{"subject": "{limit}", "n": 0, "gone": None}]), (), NOW)

    assert result.violations[0].message == "{limit} 0 none 5"


def test_clocks_are_sorted_and_a_broken_one_does_not_decide() -> None:
    timed = control(clock="C")
    rows = [
        {"subject": "late", "since_at": None, "due_at": 2000},
        {"subject": "soon", "since_at": 0, "due_at": 1000},
        {"subject": "never", "since_at": 0, "due_at": None},
    ]

    assert [c.subject for c in clocks([timed], {"thing": evidence()}, Answers(rows), NOW)] == ["soon", "late"]
    assert clocks([timed], {"thing": evidence()}, Answers(error="x"), NOW) == ()
    assert clocks([timed], {}, Answers(rows), NOW) == ()
    assert clocks([control()], {"thing": evidence()}, Answers(rows), NOW) == ()


@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [
        ("line", 7, 7), ("line", 0, 1), ("line", -5, 1), ("line", 2**31 - 1, 2**31 - 1), ("line", 2**31, 1), ("line", None, 1),
        ("col", 1, 1), ("col", 0, None), ("col", -1, None), ("end_line", 10**30, None), ("end_line", 3, 3),
        ("end_col", 2**31, None), ("end_col", 2, 2),
    ],
)  # fmt: skip
def test_a_place_is_one_that_a_file_can_have(column: str, value: int | None, shown: int | None) -> None:
    rows = [{"subject": "x", "path": "a", column: value}]
    location = judge(control(), {"thing": evidence()}, Answers(rows), (), NOW).violations[0].location

    assert {
        "line": location.line,
        "col": location.column,
        "end_line": location.end_line,
        "end_col": location.end_column,
    }[column] == shown


@pytest.mark.parametrize(
    ("query", "used"),
    [
        ("SELECT $limit", {"limit"}),
        ("SELECT $as_of", {"as_of"}),
        ("SELECT $limits", set()),
        ("SELECT '$limit'", set()),
        ("SELECT 'it''s $limit', $as_of", {"as_of"}),
        ("SELECT 1 -- $limit\n, $as_of", {"as_of"}),
        ("SELECT 1 /* $limit\n */ + $as_of", {"as_of"}),
        ('SELECT 1 AS "$limit"', set()),
    ],
)
def test_a_query_gets_the_parameters_that_it_uses(query: str, used: set[str]) -> None:
    assert set(parameters(control(params={"limit": 5}, query=query), NOW)) == used
    assert set(parameters(control(params={"limit": 5}), NOW, query)) == used


@pytest.mark.parametrize(("since", "due"), [(0, 10**18), (-(10**18), 0)])
def test_a_clock_beyond_the_calendar_is_left_out(since: int, due: int) -> None:
    rows = [{"subject": "never", "since_at": since, "due_at": due}, {"subject": "soon", "since_at": 0, "due_at": 1}]

    assert [c.subject for c in clocks([control(clock="C")], {"thing": evidence()}, Answers(rows), NOW)] == ["soon"]


def test_what_was_not_checked_is_said() -> None:
    found = {"thing": evidence(unread=[Unread(path="f", reason="broken")])}
    decision = run([control(), control(id="THG002", stages=frozenset({Stage.GA}))], found, Answers())

    assert decision.not_checked == (
        "thing: 1 could not be read, first f: broken", "1 control of other stages: THG002", "what it does not see",
    )  # fmt: skip


# --- properties: the monotonic principle, and that nothing but the listed things opens the gate -------------------

RANK = {Verdict.BLOCKED: 0, Verdict.UNDECIDED: 0, Verdict.ALLOWED: 1}
rows_of_violations = st.lists(st.fixed_dictionaries({"subject": st.sampled_from("abc")}), max_size=3)
levels = st.sampled_from([Severity.BLOCK, Severity.WARN])
stages = st.sampled_from([Stage.CHECK, Stage.RELEASE])


@given(rows_of_violations, rows_of_violations, stages)
def test_more_violations_never_help(some: list[dict[str, str]], more: list[dict[str, str]], stage: Stage) -> None:
    found = {"thing": evidence()}
    before = run([control()], found, Answers(some), stage=stage)
    after = run([control()], found, Answers([*some, *more]), stage=stage)

    assert RANK[after.verdict] <= RANK[before.verdict]


@given(rows_of_violations, st.booleans(), st.booleans(), stages)
def test_taking_evidence_away_never_helps(rows: list[dict[str, str]], absent: bool, unread: bool, stage: Stage) -> None:
    whole = run([control()], {"thing": evidence()}, Answers(rows), stage=stage)
    less = {} if absent else {"thing": evidence([], [Unread(path="f", reason="gone")] if unread else [])}

    assert RANK[run([control()], less, Answers(rows), stage=stage).verdict] <= RANK[whole.verdict]
    assert run([control()], less, Answers(rows), stage=stage).verdict is not Verdict.ALLOWED


@given(st.lists(st.tuples(levels, rows_of_violations), min_size=1, max_size=4), stages)
def test_allowed_means_that_nothing_blocks(cases: list[tuple[Severity, list[dict[str, str]]]], stage: Stage) -> None:
    controls = [control(id=f"THG{i:03}", severity=level, query=str(i)) for i, (level, _) in enumerate(cases)]
    answers = {str(i): rows for i, (_, rows) in enumerate(cases)}

    decision = decide(
        policy(controls), stage, {"thing": evidence()}, lambda query, _: answers[query], as_of=NOW,
        as_of_overridden=False, subject=SUBJECT, pipeline_id="local",
    )  # fmt: skip

    blocked = any(level is Severity.BLOCK and rows for level, rows in cases)
    assert decision.verdict is (Verdict.BLOCKED if blocked else Verdict.ALLOWED)
    assert (decision.exit_code == 0) == (not blocked)


@given(st.integers(-200, 200), st.integers(-200, 200), st.sampled_from(["a", "b"]), stages)
def test_a_waiver_opens_the_gate_only_inside_its_life(start: int, end: int, approver: str, stage: Stage) -> None:
    used = waiver(created=TODAY + timedelta(days=start), expires=TODAY + timedelta(days=end), approved_by=approver)
    opened = (
        run([control()], {"thing": evidence()}, Answers(BAD), waivers=[used], stage=stage).verdict is Verdict.ALLOWED
    )

    sound = approver == "b" and 0 <= end - start <= 90 and start <= 0
    assert opened == (sound and (end >= 0 or stage is Stage.CHECK))


def test_the_same_input_gives_the_same_decision() -> None:
    found = {"thing": evidence()}

    assert run([control()], found, Answers(BAD)) == run([control()], found, Answers(BAD))
    assert replace(run([control()], found, Answers(BAD)), pipeline_id="x") != run([control()], found, Answers(BAD))


# --- what mutation of the module showed untested -------------------------------------------------------------------


def test_a_decision_carries_what_it_was_made_of() -> None:
    found = {"thing": evidence(), "other": replace(evidence(), kind="other")}
    asked = control(clock="C")
    answers = Answers([{"subject": "s", "since_at": 0, "due_at": 1000}])
    decision = run([asked], found, answers, waivers=[waiver()])

    assert (decision.as_of, decision.as_of_overridden, decision.subject, decision.pipeline_id) == (
        NOW,
        False,
        SUBJECT,
        "local",
    )
    assert (decision.policy_version, decision.policy_digest, decision.policy_origin) == ("1", "d" * 64, "work tree")
    assert decision.tool_version == "0"
    assert [e.kind for e in decision.evidence] == ["other", "thing"]
    assert [c.subject for c in decision.clocks] == ["s"]
    assert [r.control for r in decision.results] == [asked]
    assert [u.waiver.id for u in decision.waivers] == ["W-1"]


@pytest.mark.parametrize(
    ("found", "answers"),
    [({}, Answers()), ({"thing": evidence()}, Answers(error="x")), ({"thing": evidence()}, Answers())],
)
def test_every_result_names_its_control_and_its_level_of_that_day(found: dict[str, Evidence], answers: Answers) -> None:
    later = control(block_from=TODAY + timedelta(days=1))
    result = judge(later, found, answers, (), NOW)

    assert (result.control, result.level, result.blocks) == (later, Severity.WARN, False)
    assert judge(later, found, answers, (), NOW + timedelta(days=1)).level is Severity.BLOCK


def test_every_kind_that_falls_short_is_named_and_unverified_rows_matter_only_where_asked() -> None:
    needs = {"a": EvidenceNeed(minimum=1), "b": EvidenceNeed(minimum=2, verified=True), "c": EvidenceNeed(minimum=0)}
    asked = control(evidence=needs)
    found = {
        "b": replace(evidence([{"verified": True}, {"verified": False, "source_path": "e"}]), kind="b"),
        "c": replace(evidence([{"id": "x", "verified": False}], [Unread(path="f", reason="broken", line=7)]), kind="c"),
    }
    result = judge(asked, found, Answers(), (), NOW)

    assert result.reasons == (
        "no evidence of kind a was collected", "b: 1 verified record; at least 2 needed", "b: e is not verified", "c: f:7: broken",
    )  # fmt: skip


def test_the_query_gets_its_parameters_and_the_clock() -> None:
    seen: dict[str, Any] = {}

    def ask(query: str, parameters: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        seen.update(parameters)
        return ()

    judge(
        control(query="SELECT $limit, $as_of, $limits", params={"limit": 5, "limits": 6, "unused": 7}),
        {"thing": evidence()},
        ask,
        (),
        NOW,
    )

    assert seen == {"limit": 5, "limits": 6, "as_of": 1_795_262_400_000}


def test_a_violation_keeps_everything_its_row_said() -> None:
    row = {
        "subject": "s", "path": "a.py", "line": 3, "col": 4, "end_line": 5, "end_col": 6, "snippet": "x = 1", "tenant": "acme",
        "fingerprint": "e" * 32,
    }  # fmt: skip
    found = judge(control(), {"thing": evidence()}, Answers([row]), (), NOW).violations[0]

    assert found.location == Location(path="a.py", line=3, column=4, end_line=5, end_column=6, snippet="x = 1")
    assert (found.control, found.tenant, found.fingerprint, dict(found.details)) == ("THG001", "acme", "e" * 32, row)


def test_nothing_is_said_of_other_stages_or_unread_evidence_when_there_is_none() -> None:
    assert run([control()], {"thing": evidence()}, Answers()).not_checked == ("what it does not see",)
    two = [
        control(),
        control(id="THG002", stages=frozenset({Stage.GA})),
        control(id="THG003", stages=frozenset({Stage.GA})),
    ]
    assert run(two, {"thing": evidence()}, Answers()).not_checked[0] == "2 controls of other stages: THG002, THG003"
