"""The JSON document: valid under its own schema, canonical, and complete."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any

import jsonschema
import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.model import Stage
from gate.report import REPORTS
from gate.report.escape import json_document, json_value, rfc3339
from gate.report.json import SCHEMA_ID, SCHEMA_VERSION, decision_json

SCHEMA = json.loads(files("gate.report").joinpath("schemas/decision-v1.json").read_bytes())


def test_the_schema_is_one_and_leaves_no_object_open():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$id"] == SCHEMA_ID
    assert SCHEMA["properties"]["schemaVersion"]["const"] == SCHEMA_VERSION

    def objects(node: Any):
        if isinstance(node, dict):
            if node.get("type") == "object":
                yield node
            for child in node.values():
                yield from objects(child)
        elif isinstance(node, list):
            for child in node:
                yield from objects(child)

    found = list(objects(SCHEMA))
    assert found
    assert all("additionalProperties" in node for node in found)
    assert all(set(node["required"]) == set(node["properties"]) for node in found if "properties" in node)


def test_every_sample_is_valid_for_two_independent_validators(sample):
    _, decision = sample
    document = json.loads(REPORTS["json"](decision))
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    jsonschema_rs.validator_for(SCHEMA).validate(document)


def test_the_snapshot(sample, snapshot):
    name, decision = sample
    snapshot(f"{name}.json", REPORTS["json"](decision))


def test_it_is_the_document_and_reads_back_to_it(sample):
    _, decision = sample
    text = REPORTS["json"](decision)
    assert json.loads(text) == decision_json(decision)
    assert text.isascii()
    assert text.endswith("}\n")
    assert json.dumps(json.loads(text), indent=2, sort_keys=True).replace("##", "\\u0023\\u0023") + "\n" == text


def test_it_says_everything_about_a_blocked_release(decisions):
    document = decision_json(decisions["blocked"]())
    assert (document["verdict"], document["exit_code"], document["releasable"]) == ("blocked", 1, False)
    assert document["summary"] == {"blocking": 3, "controls": 7, "fail": 5, "pass": 2, "unknown": 0, "waived": 0}
    tenant = next(c for c in document["controls"] if c["id"] == "TEN001")
    assert len(tenant["violations"]) == 8
    first = tenant["violations"][0]
    assert first["location"]["column"] == 24
    assert first["details"] == {
        "path": "src/orders/repository.py",
        "table": "orders",
        "ratio": "0.5",
        "since": "2026-11-21T18:04:05Z",
        "seen": None,
    }


def test_a_time_set_by_hand_is_in_the_document_and_releases_nothing(decisions):
    document = decision_json(decisions["undecided"]())
    assert document["as_of_overridden"] is True
    assert document["releasable"] is False


@pytest.mark.parametrize(
    ("changes", "releasable"),
    [({}, True), ({"as_of_overridden": True}, False), ({"stage": Stage.CHECK}, False), ({"stage": Stage.GA}, False)],
)
def test_only_an_allowed_release_under_the_real_clock_is_releasable(changes, releasable, decisions):
    assert decision_json(replace(decisions["allowed"](), **changes))["releasable"] is releasable


def test_a_clock_without_zone_is_refused_rather_than_guessed():
    with pytest.raises(ValueError, match="without a zone"):
        rfc3339(datetime(2026, 11, 21))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2**53, str(2**53)),
        (-(2**53) + 1, -(2**53) + 1),
        (float("nan"), "nan"),
        (0.1, "0.1"),
        (True, True),
        (b"\x00\xff", "00ff"),
        ({"b", "a"}, ["a", "b"]),
        ("\ud800", "\\u{d800}"),
        (timedelta(days=1), "1 day, 0:00:00"),
        ({"password": "hunter2", "n": 1}, {"password": "(redacted)", "n": 1}),
        ({"api_key": "zzz", "note": "password=abc"}, {"api_key": "(redacted)", "note": "password=(redacted)"}),
        (
            {"passwords": ["a", ["b"]], "token": {"x": "c"}},
            {"passwords": ["(redacted)", ["(redacted)"]], "token": {"x": "c"}},
        ),
        ({"max_token_age_days": 90}, {"max_token_age_days": 90}),
        ({1: 2}, {"1": 2}),
    ],
)
def test_values_that_json_readers_disagree_about_become_plain(value, expected):
    assert json_value(value) == expected


def test_endless_nesting_ends():
    nested: Any = "x"
    for _ in range(5000):
        nested = [nested]
    assert "nested too deeply" in json_document(json_value(nested))


_scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.datetimes() | st.dates()
)


@given(st.recursive(_scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12))
def test_any_evidence_value_becomes_json_that_a_strict_parser_accepts(value):
    text = json_document(json_value(value))
    jsonschema_rs.validator_for(
        {"$schema": SCHEMA["$schema"], "$ref": "#/$defs/value", "$defs": SCHEMA["$defs"]}
    ).validate(json.loads(text))
    assert "##" not in text
