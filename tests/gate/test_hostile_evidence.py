"""Evidence that lies: about time, about who signed it, about what it is. It is never half believed, and never fatal."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attestations.predicates import evidence_statement
from attestations.signers import sign_verified
from attestations.signers.key import load_key, new_key
from attestations.trust import ATTESTATIONS, EVIDENCE, Trust, TrustedKey, TrustedKeys
from gate import policy
from gate.collect import Context, collect
from gate.model import Evidence, GateError, Kind, Location, Subject
from gate.reading import parse_time
from gate.run import clock
from gate.store import Store, calendar_weeks
from gate.tree import WorkTree

Project = Callable[..., Path]
NOW = datetime.now(UTC).replace(microsecond=0)


def things(root: Path, *, trust: Trust | None = None, stores: tuple[Path, ...] = ()) -> Evidence:
    tree = WorkTree(root)
    context = Context(
        tree=tree, root=root, policy=policy.load(tree), as_of=NOW, now=NOW, trust=trust or Trust(),
        subject=Subject(project="p", commit=None), stores=stores,
    )  # fmt: skip
    return collect(context, {"thing"}, lambda _: None)["thing"]


@pytest.mark.parametrize(
    ("text", "sound"),
    [
        ("2026-11-21T10:00:00Z", True), ("2026-11-21t10:00:00z", True), ("2026-11-21T10:00:00.123456789+14:00", True),
        ("2026-11-21T10:00:00-00:00", True), ("0001-01-01T00:00:00Z", True), ("9999-12-31T23:59:59Z", True),
        ("2026-11-21T23:59:60Z", False), ("2026-11-21T24:00:00Z", False), ("9999-12-31T23:59:59-01:00", False),
        ("0001-01-01T00:00:00+00:01", False), ("0000-01-01T00:00:00Z", False), ("10000-01-01T00:00:00Z", False),
        ("2026-11-21 10:00:00Z", False), ("2026-11-21T10:00Z", False), ("20261121T100000Z", False),
        ("2026-W47-6T10:00:00Z", False), ("2026-325T10:00:00Z", False), ("2026-11-21T10:00:00,5Z", False),
        ("2026-11-21T10:00:00+0100", False), ("2026-11-21T10:00:00+01", False), ("2026-11-21T10:00:00+24:00", False),
        ("2026-11-21T10:00:00+01:00:30", False), ("2026-11-21T10:00:00", False), ("2026-02-29T10:00:00Z", False),
        ("2026-11-21T10:00:00Z\n", False), (" 2026-11-21T10:00:00Z", False), ("٢٠٢٦-11-21T10:00:00Z", False),
    ],
)  # fmt: skip
def test_one_way_to_write_a_time(project: Project, text: str, sound: bool) -> None:
    """The same on every Python: `fromisoformat` reads more with every version."""
    if sound:
        assert parse_time(text).tzinfo is UTC
        return
    with pytest.raises(ValueError):
        parse_time(text)


@pytest.mark.parametrize("at", ["2026-11-21T23:59:60Z", "9999-12-31T23:59:59-14:00", "2026-11-21T10:00:00+24:00"])
def test_a_time_that_is_none_leaves_its_record_unread_and_the_others_judged(project: Project, at: str) -> None:
    found = things(
        project({"things/one.json": '{"id": "one"}', "things/bad.json": json.dumps({"id": "bad", "at": at})})
    )

    assert [row["id"] for row in found.rows] == ["one"]
    assert [u.path for u in found.coverage.unread] == ["things/bad.json"]
    assert "date-time" in found.coverage.unread[0].reason


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00Z", "1999-12-31T23:59:59Z", "2200-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]
)
def test_a_decision_is_as_of_a_time_that_somebody_lives_in(text: str) -> None:
    with pytest.raises(GateError, match="--as-of"):
        clock(text)


@given(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)))
def test_a_calendar_ends_where_time_does(moment: datetime) -> None:
    weeks = calendar_weeks(moment.replace(tzinfo=UTC))

    assert all(end - start == 7 * 86_400_000 for _, start, end, _ in weeks)
    assert len({name for name, *_ in weeks}) == len(weeks)
    assert len(weeks) == 161 or moment.year < 5 or moment.year == 9999


@pytest.mark.parametrize("name", ["signer", "verified", "source_path", "source_line", "source_digest", "record_digest"])
def test_a_record_does_not_say_what_the_gate_says_of_it(project: Project, name: str) -> None:
    found = things(project({"things/one.json": json.dumps({"id": "one", name: "sre@example.com"})}))

    assert found.rows == ()
    assert f"the field '{name}' is the gate's" in found.coverage.unread[0].reason


HOSTILE: Mapping[str, bytes] = {
    "empty.json": b"",
    "binary.json": bytes(range(256)),
    "utf16.json": '{"id": "a"}'.encode("utf-16"),
    "bom.json": b'\xef\xbb\xbf{"id": "a"}',
    "surrogate.json": b'{"id": "\\ud800"}',
    "deep.json": b'{"id": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    "array.json": b"[]",
    "string.json": b'"id"',
    "twice.json": b'{"id": "a", "id": "b"}',
    "nan.json": b'{"id": "a", "count": NaN}',
    "huge.json": b'{"id": "a", "count": 1e400}',
    "integer.json": b'{"id": "a", "count": 99999999999999999999}',
    "float.json": b'{"id": "a", "count": 1.0}',
    "trailing.json": b'{"id": "a"} {"id": "b"}',
    "a bundle.sigstore.json": b'{"id": "a"}',
    "lines.jsonl": b'{"id": "l1"}\n\xff\n{"id": 3}\n',
}


def test_every_hostile_record_is_named_and_none_is_believed(project: Project) -> None:
    root = project({**{f"things/{name}": data for name, data in HOSTILE.items()}, "things/one.json": '{"id": "one"}'})
    (root / "gate.yaml").write_text(
        (root / "gate.yaml").read_text("utf-8").replace("things/*.json", "things/*"), "utf-8"
    )
    found = things(root)

    assert sorted(str(row["id"]) for row in found.rows) == ["l1", "one"]
    assert {u.path for u in found.coverage.unread} == {f"things/{name}" for name in HOSTILE}
    assert [u.line for u in found.coverage.unread if u.path == "things/lines.jsonl"] == [2, 3]
    assert all("\n" not in u.reason for u in found.coverage.unread)


def test_a_store_is_read_like_the_tree(project: Project, tmp_path: Path) -> None:
    store = tmp_path / "store"
    (store / "thing").mkdir(parents=True)
    (store / "thing/one.json").write_text('{"id": "one"}', "utf-8")
    (store / "thing/link.json").symlink_to("/etc/hostname")
    (store / "thing/inside.json").symlink_to("one.json")
    (store / "thing/::set-output name=x::y\n.json").write_text("{", "utf-8")
    (store / "thing/folder.json").mkdir()
    Path(str(store / "thing/") + "/bad\udcff.json").write_text("{}", "utf-8")
    found = things(project(), stores=(store,))

    assert [row["id"] for row in found.rows] == ["one"]
    assert {u.path.rsplit("/", 1)[-1] for u in found.coverage.unread} == {
        "link.json", "inside.json", "::set-output name=x::y\n.json", "bad\\udcff.json",
    }  # fmt: skip

    (tmp_path / "file").mkdir()
    (tmp_path / "file/thing").write_text("x", "utf-8")
    assert [u.path for u in things(project(), stores=(tmp_path / "file",)).coverage.unread] == ["thing"]


# --- signed records -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Trust]:
    path = tmp_path_factory.mktemp("keys") / "key.pem"
    public = new_key(path, None)
    key = TrustedKey(public=public, identity="job@example.com", usage=EVIDENCE, start=NOW - timedelta(days=30))
    return load_key(path, None, "job@example.com"), Trust(keys=TrustedKeys((key,)))


def test_a_signed_record_is_believed_only_as_what_it_was_signed_as(project: Project, signed: tuple[Any, Trust]) -> None:
    signer, trust = signed
    record = {"id": "one", "count": 1}
    good = sign_verified(signer, evidence_statement("thing", record), trust, usage=EVIDENCE, now=NOW)
    other = sign_verified(signer, evidence_statement("drill_report", record), trust, usage=EVIDENCE, now=NOW)
    no_record = sign_verified(signer, evidence_statement("thing", {}), trust, usage=EVIDENCE, now=NOW)
    name = "things/one.sigstore.json"

    believed = things(project({name: good}, root="good"), trust=trust)
    assert [(row["verified"], row["signer"]) for row in believed.rows] == [(True, "job@example.com")]
    keys = trust.keys
    assert keys is not None
    for case, data, known in (
        ("another kind's", other, trust),
        ("an empty record", no_record, trust),
        ("no trusted key", good, Trust()),
        ("a key for something else", good, Trust(keys=TrustedKeys(tuple(
            TrustedKey(public=k.public, identity=k.identity, usage=ATTESTATIONS, start=k.start) for k in keys.keys)))),
        ("a key of tomorrow", good, Trust(keys=TrustedKeys(tuple(
            TrustedKey(public=k.public, identity=k.identity, usage=EVIDENCE, start=NOW + timedelta(days=1)) for k in keys.keys)))),
        ("a retired key", good, Trust(keys=keys.retire(keys.keys[0].public.keyid, NOW - timedelta(days=1)))),
        ("a changed byte", good.replace(b"dsseEnvelope", b"dsseenvelope"), trust),
        ("a plain record under a bundle's name", json.dumps(record).encode(), trust),
    ):  # fmt: skip
        found = things(project({name: data}, root=case), trust=known)
        assert found.rows == (), case
        assert len(found.coverage.unread) == 1, case


def test_the_verified_copy_of_a_record_counts_and_another_record_of_its_id_does_not(
    project: Project, signed: tuple[Any, Trust]
) -> None:
    signer, trust = signed
    record = {"id": "one", "count": 1}
    bundle = sign_verified(signer, evidence_statement("thing", record), trust, usage=EVIDENCE, now=NOW)
    for first, second in (("a", "b"), ("b", "a")):
        root = project(
            {f"things/{first}.json": json.dumps(record), f"things/{second}.sigstore.json": bundle}, root=first
        )
        assert [row["verified"] for row in things(root, trust=trust).rows] == [True]
        root = project(
            {f"things/{first}.json": json.dumps({"id": "one", "count": 2}), f"things/{second}.sigstore.json": bundle},
            root=first + "2",
        )
        found = things(root, trust=trust)
        assert len(found.rows) == 1
        assert "the id 'one' is used by another record" in found.coverage.unread[0].reason


def test_records_are_read_in_the_order_of_their_names_whatever_the_disk_says(project: Project) -> None:
    names = ["b", "a", "é", "e\u0301", "A", "z" * 100]
    found = [
        things(project({f"things/{n}.json": json.dumps({"id": n}) for n in order}, root=str(i)))
        for i, order in enumerate((names, names[::-1]))
    ]

    assert [r["id"] for r in found[0].rows] == [r["id"] for r in found[1].rows]
    assert len(found[0].rows) == len(names), "names that look alike are still different files"


def test_a_clock_that_the_store_cannot_hold_is_one_error() -> None:
    kind = Kind(
        name="thing",
        pack="p",
        source=Location(path="t.json"),
        schema={"properties": {"at": {"type": "string", "format": "date-time"}}},
    )

    for moment in (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)):
        assert Store([kind], moment).ask("SELECT count(*) AS subject FROM calendar_week", {})
