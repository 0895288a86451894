"""The strict YAML reader, the schema sentences, and time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gate.model import GateError
from gate.reading import Schema, epoch_ms, format_time, from_epoch_ms, parse_date, parse_time, read_yaml


def test_values_and_lines() -> None:
    document = read_yaml(b"a: 1\nb:\n  - x\n  - {c: true, d: null}\nday: 2026-11-21\n", "f.yaml")

    assert document.value == {"a": 1, "b": ["x", {"c": True, "d": None}], "day": "2026-11-21"}
    assert [document.line(p) for p in [("a",), ("b", 1), ("b", 1, "d"), ("b", 9, "zz"), ()]] == [1, 4, 4, 2, 1]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("empty", b"", "f.yaml:1: the file is empty"),
        ("only a comment", b"# nothing\n", "the file is empty"),
        ("two documents", b"a: 1\n---\nb: 2\n", "f.yaml:2: a second document"),
        ("duplicate keys", b"a: 1\nb: 2\na: 3\n", "f.yaml:3: the key 'a' stands twice"),
        ("duplicate keys below", b"x:\n  a: 1\n  a: 3\n", "f.yaml:3: the key 'a' stands twice"),
        ("norway", b"country: no\n", "f.yaml:1: the scalar 'no' is read differently"),
        ("octal", b"mode: 010\n", "'010' is read differently"),
        ("sexagesimal", b"t: 1:30\n", "'1:30' is read differently"),
        ("underscored", b"n: 1_000\n", "'1_000' is read differently"),
        ("exponent", b"n: 1e3\n", "'1e3' is read differently"),
        ("infinity", b"n: .inf\n", "'.inf' is read differently"),
        ("nan", b"n: .nan\n", "'.nan' is read differently"),
        ("tag", b"a: !!python/object:os.system x\n", "tag"),
        ("local tag", b"a: !x y\n", "tag"),
        ("alias", b"a: &x 1\nb: *x\n", "aliases are not allowed"),
        ("merge key", b"a: &x {b: 1}\nc:\n  <<: *x\n", "merge keys"),
        ("sequence as key", b"? [a, b]\n: 1\n", "mapping key must be a plain string"),
        ("deep sequences", b"- " * 100 + b"x\n", "nested deeper than 50"),
        ("deep flow", b"[" * 5000 + b"]" * 5000, "nested deeper than 50"),
        ("crashes the C loader", b"- " * 60_000 + b"x\n", "nested deeper than 50"),
        ("not utf-8", b"a: \xff\n", "f.yaml:1: not UTF-8"),
        ("utf-16", "a: 1".encode("utf-16"), "not UTF-8"),
        ("control characters", b"a: \x01\n", "f.yaml:1: not YAML"),
        ("tabs", b"a:\n\t- b\n", "f.yaml:2: not YAML"),
        ("conflict markers", b"a: 1\n<<<<<<< HEAD\nb: 2\n=======\n", "not YAML"),
        ("too large", b"a: " + b"x" * (1 << 20), "the limit is"),
        ("too many nodes", b"- a\n" * 100_001, "more than 100,000 nodes"),
    ],
)
def test_hostile_and_ambiguous_yaml_is_one_clear_error(name: str, data: bytes, said: str) -> None:
    with pytest.raises(GateError) as error:
        read_yaml(data, "f.yaml")

    assert said in str(error.value)
    assert "\n" not in str(error.value)


MERGE_BOMB = "a0: &a0 {k0: 1, k1: 2}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}\n" for n in range(1, 9)
)
LAUGHS = "a0: &a0 [lol, lol]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))


@pytest.mark.parametrize("text", [MERGE_BOMB, LAUGHS, "a: &a [*a]\n", "a: &a {b: *a}\n"])
def test_bombs_are_refused_in_foreign_files_too(text: str) -> None:
    with pytest.raises(GateError):
        read_yaml(text.encode(), "workflow.yml", foreign=True)


def test_foreign_files_keep_ambiguous_scalars_as_the_text_they_are() -> None:
    value = read_yaml(b"on: push\nv: 3.10\ny: yes\nmode: 010\nb: &x [1]\nc: *x\n", "w.yml", foreign=True).value

    assert value == {"on": "push", "v": "3.10", "y": "yes", "mode": "010", "b": [1], "c": [1]}


plain = st.recursive(
    st.one_of(
        st.booleans(), st.none(), st.integers(-(10**12), 10**12), st.text(st.characters(codec="ascii"), max_size=12)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.text(st.characters(codec="ascii"), max_size=6), inner, max_size=4),
    ),
    max_leaves=12,
)


@given(plain)
def test_what_yaml_writes_is_read_back_or_refused_never_changed(value: object) -> None:
    text = yaml.safe_dump(value)
    try:
        found = read_yaml(text.encode(), "f.yaml").value
    except GateError:
        return  # quoting of an ambiguous key or scalar differs; refusing is allowed, changing is not
    assert found == value


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_but_a_gate_error(data: bytes) -> None:
    try:
        read_yaml(data, "f.yaml")
    except GateError as error:
        assert "\n" not in str(error)


SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["version"],
    "properties": {
        "version": {"type": "integer", "minimum": 1},
        "severity": {"enum": ["block", "warn"]},
        "at": {"type": "string", "format": "date-time"},
        "name": {"type": "string", "pattern": "^[a-z]+$"},
    },
}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version: 1\nseverty: block\n", "f.yaml:2: unknown key 'severty' (did you mean 'severity'?)"),
        ("severity: block\n", "f.yaml:1: the key 'version' is missing"),
        ("version: 1\nseverity: stop\n", "f.yaml:2: severity: must be one of block, warn"),
        ('version: "1"\n', "f.yaml:1: version: must be of type integer"),
        ("version: 0\n", "f.yaml:1: version: violates minimum (1)"),
        ("version: 1\nname: A1\n", "f.yaml:2: name: must match ^[a-z]+$"),
        ("version: 1\nat: yesterday\n", "f.yaml:2: at: must be a valid date-time"),
    ],
)
def test_schema_violations_name_place_and_rule_and_never_the_value(text: str, said: str) -> None:
    with pytest.raises(GateError) as error:
        Schema(SCHEMA, "s.json").check(read_yaml(text.encode(), "f.yaml"))

    assert str(error.value) == said


@pytest.mark.parametrize("reference", ["http://example.com/s.json", "file:///etc/passwd", "other.json"])
def test_a_schema_never_reaches_out(reference: str) -> None:
    with pytest.raises(GateError, match=r"s\.json: not a usable JSON Schema"):
        Schema({"$ref": reference}, "s.json")


def test_a_schema_whose_own_example_is_wrong_does_not_load() -> None:
    with pytest.raises(GateError, match="own example"):
        Schema({"type": "object", "required": ["a"], "examples": [{}]}, "s.json")


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "version": st.one_of(st.integers(-2, 3), st.text(max_size=2)),
            "severity": st.sampled_from(["block", "warn", "stop"]),
            "name": st.text("aB1", max_size=3),
            "other": st.none(),
        },
    )
)
def test_the_fast_validator_agrees_with_the_reference_one(value: object) -> None:
    reference = jsonschema.Draft202012Validator(SCHEMA)

    assert Schema(SCHEMA, "s").is_valid(value) == reference.is_valid(value)


@pytest.mark.parametrize(
    "text", ["2026-11-21T10:00:00", "2026-11-21", "now", "2026-13-01T00:00:00Z", "", "2026-11-21T10:00:60Z"]
)
def test_times_without_an_offset_or_sense_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_time(text)


@pytest.mark.parametrize("text", ["2026-W47-6", "20261121", "2026-1-2", "2026-02-30"])
def test_only_calendar_dates_are_dates(text: str) -> None:
    with pytest.raises(ValueError):
        parse_date(text)


@given(
    st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1)),
    st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m))),
)
def test_a_moment_is_the_same_in_every_zone_and_representation(moment: datetime, zone: timezone) -> None:
    aware = moment.replace(tzinfo=UTC)
    read = parse_time(aware.astimezone(zone).isoformat())

    assert read == aware.replace(microsecond=aware.microsecond // 1000 * 1000)
    assert from_epoch_ms(epoch_ms(read)) == read
    assert parse_time(format_time(read)) == read
