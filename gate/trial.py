"""Try the controls on the examples they carry: what `gate controls --test` and the test suite run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from gate.decide import judge
from gate.model import Control, ControlResult, Coverage, Evidence, Example, Kind, Outcome
from gate.store import Store


def judge_example(control: Control, example: Example, kinds: Mapping[str, Kind]) -> ControlResult:
    """What the control says of one of its examples, through the same store and the same judge as a real run."""
    store = Store([kinds[kind] for kind in control.evidence], example.as_of)
    evidence = {}
    for kind in control.evidence:
        rows = tuple(example.records.get(kind, ()))
        store.load(kind, rows)
        evidence[kind] = Evidence(kind=kind, rows=rows, coverage=Coverage(scope="example"))
    store.lock()
    tried = replace(control, params=example.params, warn_from=None, block_from=None)
    return judge(tried, evidence, store.ask, (), example.as_of)


def failures(controls: Iterable[Control], kinds: Mapping[str, Kind]) -> list[str]:
    """One sentence for each example that does not come out as it says; empty when all do."""
    wrong = []
    for control in controls:
        for example in control.examples:
            result = judge_example(control, example, kinds)
            expected = Outcome.PASS if example.passes else Outcome.FAIL
            messages = " | ".join(v.message for v in result.violations)
            where = f"{control.source.path}: {control.id}: example {example.name!r}"
            if result.outcome is not expected:
                said = messages or "; ".join(result.reasons) or "no violation"
                wrong.append(f"{where}: expected {expected}, got {result.outcome}: {said}")
            elif example.expect is not None and example.expect not in messages:
                wrong.append(f"{where}: no message contains {example.expect!r}: {messages}")
    return wrong
