"""Every requirement of the documents the project starts from is asked by a control, or says why by none."""

from __future__ import annotations

from pathlib import Path

from gate.model import Control, Policy
from gate.reading import read_yaml

from .requirements import table

SEEDS = Path(__file__).with_name("seeds.yaml")
KEYS = ({"says", "controls"}, {"says", "controls", "partly"}, {"says", "none"})


def test_every_requirement_names_controls_of_the_policy_or_a_reason(loaded: Policy) -> None:
    seeds = read_yaml(SEEDS.read_bytes(), SEEDS.name).value
    assert set(seeds) == {"tenant-zero", "sprint"}
    for entries in seeds.values():
        for entry in entries:
            assert set(entry) in KEYS, entry
            if "none" in entry:
                assert len(entry["none"]) >= 20, entry
                continue
            assert entry["controls"], entry
            for control_id in entry["controls"]:
                assert loaded.control(control_id) is not None, f"{entry['says']}: {control_id}"


def test_the_table_has_a_line_for_each_requirement(loaded: Policy) -> None:
    seeds = read_yaml(SEEDS.read_bytes(), SEEDS.name).value
    lines = list(table(loaded))
    assert len(lines) == 2 + sum(map(len, seeds.values()))
    assert {line.count("|") for line in lines} == {5}


def test_no_requirement_stands_twice() -> None:
    seeds = read_yaml(SEEDS.read_bytes(), SEEDS.name).value
    said = [entry["says"] for entries in seeds.values() for entry in entries]
    assert len(said) == len(set(said))


def test_every_operational_control_answers_a_requirement(controls: list[Control]) -> None:
    seeds = read_yaml(SEEDS.read_bytes(), SEEDS.name).value
    named = {control_id for entries in seeds.values() for e in entries for control_id in e.get("controls", ())}
    beside = {
        "HRO016": "that an action ran under the policy it was approved under follows from the order of the workflow",
        "SLO007": "an objective whose alert is laxer than itself is missed in silence",
        "SLO008": "an alert that can't fire, or fires when the budget is gone, is none",
        "HRO017": "default deny, applied to a person who said no",
    }
    assert {control.id for control in controls} - named == set(beside)
