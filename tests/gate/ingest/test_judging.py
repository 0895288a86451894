"""Controls and people ask what was ingested; claims stay claims until the report of their batch is signed."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from attestations.predicates import evidence_statement
from attestations.signers import sign_verified
from attestations.trust import Trust
from gate import decide
from gate.collect import Context, collect
from gate.ingest import manifest, reporting
from gate.ingest.run import Outcome
from gate.model import Evidence, Policy, Subject
from gate.model import Outcome as Verdict
from gate.reading import parse_time
from gate.store import Store, StoredRows, unverified
from gate.tree import WorkTree

ROOT = Path(__file__).parents[3]
NOW = parse_time("2026-11-21T12:00:00Z")
Ingest = Callable[..., Outcome]


def example(pack: str, kind: str) -> dict[str, Any]:
    return dict(json.loads((ROOT / f"rules/{pack}/schemas/{kind}.json").read_text())["examples"][0])


EVENT, TENANT = example("finops", "meter_event"), example("tenant-zero", "tenant")


def event(number: int, **changes: Any) -> dict[str, Any]:
    data = {**EVENT["data"], **changes.pop("data", {})}
    return {**copy.deepcopy(EVENT), "id": f"meter-{number}", "time": f"2026-11-15T09:00:{number % 60:02}.5+01:00", **changes,
            "data": data}  # fmt: skip


def lines(records: Iterable[Any]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def context_of(project: Path, loaded: Policy, *stores: Path) -> Context:
    return Context(
        tree=WorkTree(project, versioned=False), root=project, policy=loaded, as_of=NOW, now=NOW,
        trust=Trust(keys=None), subject=Subject(project="streams", commit=None), stores=stores,
    )  # fmt: skip


def collected(context: Context, *kinds: str) -> dict[str, Evidence]:
    return collect(context, kinds, lambda _: None)


def answer(
    context: Context, control_id: str, evidence: dict[str, Evidence]
) -> tuple[Verdict, list[str], tuple[str, ...]]:
    control = context.policy.control(control_id)
    assert control is not None
    store = Store([context.policy.kinds[kind] for kind in evidence], NOW)
    for kind, item in evidence.items():
        store.load(kind, item.rows)
    store.lock()
    result = decide.judge(control, evidence, store.ask, (), NOW)
    return result.outcome, [v.message for v in result.violations], result.reasons


MANY = [
    event(i, tenantid=f"tenant-{i % 7}", data={"plan": ("pro", "internal")[i % 2], "quantity": i}) for i in range(300)
]


def test_events_are_judged_as_records_are(ingest: Ingest, project: Path, loaded: Policy, tmp_path: Path) -> None:
    """The same answers from Parquet as from the JSON Lines of an evidence folder, by a control that joins and groups."""
    plain = tmp_path / "plain"
    (plain / "meter_event").mkdir(parents=True)
    (plain / "meter_event" / "all.jsonl").write_bytes(lines(MANY))
    for store in (plain, tmp_path / "store"):
        (store / "tenant").mkdir(parents=True)
        (store / "tenant" / "one.json").write_text(json.dumps({**TENANT, "tenantid": "tenant-3"}))
    ingest({"a.ndjson": lines(MANY[:100]), "b.ndjson": lines(MANY[100:])})

    answers = []
    for store in (plain, tmp_path / "store"):
        context = context_of(project, loaded, store)
        answers.append(answer(context, "FIN002", collected(context, "tenant", "meter_event")))
    assert answers[0] == answers[1]
    assert answers[0][0] is Verdict.FAIL
    assert len(answers[0][1]) > 5


def test_the_tables_hold_the_same_values(ingest: Ingest, project: Path, loaded: Policy, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    for kind, records in (("meter_event", MANY[:50]), ("tenant", [TENANT])):
        (plain / kind).mkdir(parents=True)
        (plain / kind / "all.jsonl").write_bytes(lines(records))
    ingest({"a.ndjson": lines(MANY[:50])})
    ingest({"t.ndjson": lines([TENANT])}, kind="tenant")
    found = []
    for store in (plain, tmp_path / "store"):
        evidence = collected(context_of(project, loaded, store), "meter_event", "tenant")
        tables = Store([loaded.kinds[kind] for kind in evidence], NOW)
        for kind, item in evidence.items():
            tables.load(kind, item.rows)
        asked = []
        for table in tables.table_names():
            kept = [name for name, _ in tables.columns(f'SELECT * FROM "{table}"', {})
                    if name not in ("evidence_id", "source_path", "source_digest")]  # fmt: skip
            asked.append(tables.ask(f'SELECT {", ".join(kept)} FROM "{table}"', {}))
        found.append(asked)
    for plain_rows, event_rows in zip(*found, strict=True):
        for plain_row, event_row in zip(plain_rows, event_rows, strict=True):
            assert set(plain_row.items()) ^ set(event_row.items()) == set()


def test_going_through_them_gives_each_record_with_its_place(
    ingest: Ingest, project: Path, loaded: Policy, tmp_path: Path
) -> None:
    ingest({"a.ndjson": lines([*MANY[:3], MANY[1]])})
    ingest({"b.ndjson": lines(MANY[2:5])})
    rows = collected(context_of(project, loaded, tmp_path / "store"), "meter_event")["meter_event"].rows

    assert isinstance(rows, StoredRows)
    assert len(rows) == 5
    assert [row["id"] for row in rows] == [record["id"] for record in MANY[:5]]
    assert [row["source_line"] for row in rows] == [1, 2, 3, 2, 3]
    assert {key: value for key, value in rows[0].items() if key in MANY[0]} == MANY[0]


def test_a_changed_file_makes_its_kind_unknown(ingest: Ingest, project: Path, loaded: Policy, tmp_path: Path) -> None:
    outcome = ingest({"a.ndjson": lines(MANY)})
    victim = next(f for _, f in outcome.manifest.files() if f.table == "meter_event")
    path = tmp_path / "store" / victim.name
    path.write_bytes(path.read_bytes()[:-1] + b"2")
    evidence = collected(context_of(project, loaded, tmp_path / "store"), "meter_event")

    assert [u.reason for u in evidence["meter_event"].coverage.unread] == ["is not the file that was ingested"]
    assert len(evidence["meter_event"].rows) == 0


def test_another_schema_makes_its_kind_unknown(ingest: Ingest, project: Path, loaded: Policy, tmp_path: Path) -> None:
    ingest({"a.ndjson": lines(MANY)})
    kind = loaded.kinds["meter_event"]
    other = replace(
        loaded, kinds={**loaded.kinds, "meter_event": replace(kind, schema={**kind.schema, "title": "other"})}
    )
    evidence = collected(context_of(project, other, tmp_path / "store"), "meter_event")

    assert "another schema" in evidence["meter_event"].coverage.unread[0].reason


def test_a_manifest_that_is_none_makes_every_kind_unknown(project: Path, loaded: Policy, tmp_path: Path) -> None:
    (tmp_path / "store/ingest").mkdir(parents=True)
    (tmp_path / "store" / manifest.NAME).write_text("{}")
    evidence = collected(context_of(project, loaded, tmp_path / "store"), "meter_event", "invoice")

    assert all("not the manifest" in item.coverage.unread[0].reason for item in evidence.values())


def gate(*argv: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, "-m", "gate", *argv], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def test_help_names_both_commands(tmp_path: Path) -> None:
    said = gate("--help", cwd=tmp_path).stdout

    assert "  ingest " in said
    assert "  query " in said


USAGE = {
    ("ingest",): "ingest: give sources, or --replay, --compact or --expire alone",
    ("ingest", "--replay", "a.ndjson"): "ingest: give sources, or --replay, --compact or --expire alone",
    ("ingest", "nowhere.ndjson"): "nowhere.ndjson: no such file",
    ("ingest", "gate.yaml"): "gate.yaml: the format is not known by its name; give --format",
    ("ingest", "gate.yaml", "--format", "ndjson", "--kind", "meter_evnt"): "did you mean 'meter_event'?",
    ("ingest", "*.nothing"): "*.nothing: no file matches",
    ("query", "SELECT 1", "--store", "nowhere"): "nowhere: no such folder; gate ingest makes an event store",
    ("query", "SELECT 1", "--timeout", "0"): "'0' is not a number from 1 to 10,000,000",
}


@pytest.mark.parametrize("argv", USAGE)
def test_usage_is_one_line_and_two(project: Path, argv: tuple[str, ...]) -> None:
    done = gate(*argv, cwd=project)

    assert (done.returncode, done.stdout) == (2, "")
    assert USAGE[argv] in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_command_says_what_became_of_it_and_shows_nothing_raw(project: Path, tmp_path: Path) -> None:
    hostile = "\x1b]0;owned\x07::error::x"
    source = tmp_path / "in.ndjson"
    source.write_bytes(lines([MANY[0], {**MANY[1], hostile: 1}, {**MANY[2], "type": "a"}]) + b"\xff\n")
    done = gate("ingest", str(source), "--into", str(tmp_path / "store"), cwd=project)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].endswith(
        "4 read = 1 accepted + 0 duplicates + 1 parked + 2 rejected; 1 parked in all"
    )
    assert "\x1b" not in done.stdout
    assert not any(line.startswith("::") for line in done.stdout.splitlines())
    again = gate("ingest", str(source), "--into", str(tmp_path / "store"), "--output", "json", "--strict", cwd=project)
    said = json.loads(again.stdout)
    assert (again.returncode, said["read"], said["duplicates"], said["whole"]) == (0, 4, 4, True)
    report = json.loads(Path(said["report"]).read_text())
    assert (report["read"], report["parked_open"]) == (4, 1)


def test_standard_input(project: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "gate", "ingest", "-", "--into", str(tmp_path / "store"), "-q"],
        cwd=project, env=environment, input=lines(MANY[:5]), capture_output=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0
    assert b"5 read = 5 accepted" in done.stdout


HOSTILE = [
    "COPY (SELECT 1) TO 'out.csv'", "ATTACH 'x.db'", "PRAGMA version", "INSTALL httpfs", "LOAD httpfs", "SET threads = 1",
    "SELECT 1; SELECT 2", "CREATE TABLE a AS SELECT 1", "DROP TABLE batch", "CALL pragma_version()", "EXPLAIN SELECT 1",
    "EXPORT DATABASE 'x'", "UPDATE batch SET read = 0", "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/etc/passwd')", "SELECT * FROM read_blob('/etc/passwd')", "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM glob('/*')", "SELECT * FROM parquet_metadata('/etc/passwd')", "SELECT * FROM sniff_csv('/etc/passwd')",
    "SELECT * FROM read_json('https://example.com/x')", "SELECT getenv('HOME')", "SELECT * FROM nowhere", "", "SELECT '",
    "SELECT * FROM query('COPY (SELECT 1) TO ''x''')", "SELECT * FROM read_parquet('*.parquet')",
]  # fmt: skip


@pytest.fixture(scope="module")
def asked(project: Path, loaded: Policy, tmp_path_factory: pytest.TempPathFactory) -> Context:
    from gate.ingest import run, sources

    folder = tmp_path_factory.mktemp("asked")
    (folder / "in.ndjson").write_bytes(lines([*MANY, {**MANY[0], "tenantid": "=cmd|' /C calc'!A0", "id": "x1"}]))
    found = sources.find([str(folder / "in.ndjson")], None)
    run.ingest(folder / "store", found, run.rules_of(loaded, None, None, NOW), loaded, NOW, lambda *_: None)
    return context_of(project, loaded, folder / "store")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_query_can_only_select_from_the_store(asked: Context, text: str, tmp_path: Path, monkeypatch: Any) -> None:
    from gate.ingest import querying
    from gate.model import GateError

    monkeypatch.chdir(tmp_path)
    with pytest.raises(GateError) as refused:
        list(querying.ask(asked, text, 20).rows)
    assert "\n" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_a_query_answers_and_ends(asked: Context) -> None:
    from gate.ingest import querying
    from gate.model import UndecidedError

    found = querying.ask(
        asked, "SELECT tenantid, sum(data_quantity) AS q FROM meter_event GROUP BY ALL ORDER BY q DESC", 20
    )
    assert found.columns == ("tenantid", "q")
    assert len(list(found.rows)) == 7
    held = querying.ask(asked, "SELECT outcome, reason, source_line, source_path, bytes FROM held", 20)
    ((*reason, place, _),) = held.rows
    assert reason == ["rejected", "schema:tenantid", 301]
    assert place.endswith("in.ndjson")
    assert list(querying.ask(asked, "SELECT read, accepted FROM batch", 20).rows) == [(301, 300)]
    with pytest.raises(UndecidedError, match="longer than 1 s"):
        querying.ask(asked, "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE hash(a, b) = 1", 1)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Trust]:
    """An evidence signer, and the trust in it."""
    from attestations.signers.key import load_key, new_key
    from attestations.trust import EVIDENCE, PublicKey, TrustedKey, TrustedKeys

    path = tmp_path_factory.mktemp("keys") / "key.pem"
    public = new_key(path, None)
    known = TrustedKey(
        public=PublicKey.from_pem(public.pem), identity="pipeline@summit.example", usage=EVIDENCE,
        start=parse_time("2026-01-01T00:00:00Z"),
    )  # fmt: skip
    return load_key(path, None, "pipeline@summit.example"), Trust(keys=TrustedKeys((known,)))


def test_a_signed_report_makes_its_events_verified_and_the_report_evidence(
    ingest: Ingest, project: Path, loaded: Policy, tmp_path: Path, keys: tuple[Any, Trust]
) -> None:
    signer, trust = keys
    first = ingest({"a.ndjson": lines(MANY[:10])})
    reporting.write(first.manifest, signer, trust, loaded, NOW)
    second = ingest({"b.ndjson": lines([*MANY[10:15], {**MANY[0], "id": "x", "tenantid": None}])})
    reporting.write(second.manifest, None, trust, loaded, NOW)
    context = replace(context_of(project, loaded, tmp_path / "store"), trust=trust)
    evidence = collected(context, "meter_event", "ingest_report")

    said, events = unverified(evidence["meter_event"].rows)
    assert (len(said), events) == (1, 5)
    assert said[0].startswith(f"nobody signed for the batch {second.batch.id}; ingest what it was read from again")
    assert {(row["verified"], row.get("signer")) for row in evidence["meter_event"].rows} == {
        (True, "pipeline@summit.example"), (False, None),
    }  # fmt: skip
    assert sorted((row["read"], row["verified"]) for row in evidence["ingest_report"].rows) == [(6, False), (10, True)]
    outcome, _, reasons = answer(context, "FIN001", evidence)
    assert outcome is Verdict.UNKNOWN
    assert len(reasons) == 1

    (tmp_path / "store/ingest_report" / f"{second.batch.id}.json").unlink()  # as if its run had been stopped
    third = ingest({"c.ndjson": lines(MANY[20:22])})
    reporting.write(third.manifest, signer, trust, loaded, NOW)
    assert {path.name.split(".", 1)[1] for path in (tmp_path / "store/ingest_report").iterdir()} == {"sigstore.json"}
    evidence = collected(context, "meter_event", "ingest_report")
    assert unverified(evidence["meter_event"].rows) == ([], 0)
    assert [row["id"] for row in evidence["meter_event"].rows] == [r["id"] for r in [*MANY[:15], *MANY[20:22]]]
    assert [row["source_line"] for row in evidence["meter_event"].rows] == [*range(1, 11), *range(1, 6), 1, 2]
    tables = Store([loaded.kinds["meter_event"]], NOW)
    tables.load("meter_event", evidence["meter_event"].rows)
    shown = ("id", "source_path", "source_line", "source_digest", "record_digest", "verified", "signer")
    asked = tables.ask(f"SELECT {', '.join(shown)} FROM meter_event", {})
    rows = [{name: row[name] for name in shown} for row in evidence["meter_event"].rows]
    assert asked == sorted(rows, key=lambda row: [(value is None, str(value)) for value in row.values()])


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("another report", "is not about the batch as the store has it now: an earlier version of the gate signed it"),
        ("nobody's key", "does not verify (no-trust: "),
        ("no JSON", "does not verify (malformed: "),
    ],
)
def test_what_is_not_vouched_for_says_why_and_what_to_do(
    ingest: Ingest, project: Path, loaded: Policy, tmp_path: Path, keys: tuple[Any, Trust], case: str, said: str
) -> None:
    from attestations.trust import EVIDENCE

    signer, trust = keys
    outcome = ingest({"a.ndjson": lines(MANY[:10])})
    path = reporting.write(outcome.manifest, signer, trust, loaded, NOW)
    if case == "another report":
        report = outcome.batch.report()
        statement = evidence_statement("ingest_report", {**report, "parked_open": 7})
        path.write_bytes(sign_verified(signer, statement, trust, usage=EVIDENCE, now=NOW))
    elif case == "no JSON":
        path.write_bytes(b"{")
    else:
        trust = Trust(keys=None)
    context = replace(context_of(project, loaded, tmp_path / "store"), trust=trust)
    (doubt,), _ = unverified(collected(context, "meter_event")["meter_event"].rows)
    assert said in doubt
    assert doubt.startswith(f"{outcome.batch.id}.sigstore.json ")
    assert doubt.endswith("ingest what it was read from again, with --key, into a new store")


def test_a_signature_is_about_the_files_it_names_and_no_others(
    ingest: Ingest, project: Path, loaded: Policy, tmp_path: Path, keys: tuple[Any, Trust]
) -> None:
    """Whoever can write the store swaps the events of a signed batch, and the manifest with them."""
    signer, trust = keys
    reporting.write(ingest({"a.ndjson": lines(MANY[:10])}).manifest, signer, trust, loaded, NOW)
    forged = ingest(
        {"a.ndjson": lines([{**record, "tenantid": "tenant-6"} for record in MANY[:10]])}, into=tmp_path / "forged"
    )
    value = json.loads((tmp_path / "store" / manifest.NAME).read_text())
    other = json.loads((tmp_path / "forged" / manifest.NAME).read_text())
    value["batches"][0]["files"] = other["batches"][0]["files"]
    (tmp_path / "store" / manifest.NAME).write_text(json.dumps(value))
    for _, file in forged.manifest.files():
        (tmp_path / "store" / file.name).write_bytes((tmp_path / "forged" / file.name).read_bytes())
    context = replace(context_of(project, loaded, tmp_path / "store"), trust=trust)
    rows = collected(context, "meter_event")["meter_event"].rows

    assert len(rows) == 10
    assert unverified(rows)[1] == 10


def test_all_that_adds_up_passes(
    ingest: Ingest, project: Path, loaded: Policy, tmp_path: Path, keys: tuple[Any, Trust]
) -> None:
    signer, trust = keys
    outcome = ingest(
        {"a.ndjson": lines([*MANY, MANY[0], {**MANY[0], "id": "parked", "tenantid": None}]) + b"nonsense\n"}
    )
    reporting.write(outcome.manifest, signer, trust, loaded, NOW)
    context = replace(context_of(project, loaded, tmp_path / "store"), trust=trust)

    assert answer(context, "FIN001", collected(context, "ingest_report")) == (Verdict.PASS, [], ())
    late = replace(context, as_of=NOW + timedelta(hours=73))
    control = loaded.control("FIN001")
    assert control is not None
    store = Store([loaded.kinds["ingest_report"]], late.as_of)
    evidence = collected(late, "ingest_report")
    store.load("ingest_report", evidence["ingest_report"].rows)
    found = decide.judge(control, evidence, store.ask, (), late.as_of)
    said = " | ".join(v.message for v in found.violations)
    assert "1 events are parked since 73 hours" in said


ODD = [
    {"data": {"quantity": 10**12}},
    {"source": "a\x00b"}, {"source": "😀" * 1024}, {"source": "\\\"'\t\r\n"}, {"source": "\u2028\x7f\x1b[0m"},
    {"time": "2026-10-15t09:00:00z"}, {"time": "2026-10-15T09:00:00.123456789Z"}, {"time": "2026-10-15T09:00:00.9999-23:59"},
    {"time": "0001-01-01T00:00:00Z"}, {"recordedtime": "9999-12-31T23:59:59.999Z"},
]  # fmt: skip


def test_odd_but_valid_values_reach_the_tables_as_they_are(
    ingest: Ingest, project: Path, loaded: Policy, tmp_path: Path
) -> None:
    records = [event(number, **copy.deepcopy(changes)) for number, changes in enumerate(ODD)]
    (tmp_path / "plain/meter_event").mkdir(parents=True)
    (tmp_path / "plain/meter_event/all.jsonl").write_bytes(lines(records))
    assert ingest({"a.ndjson": lines(records)}).batch.accepted == len(ODD)
    found = []
    for store in (tmp_path / "plain", tmp_path / "store"):
        evidence = collected(context_of(project, loaded, store), "meter_event")["meter_event"]
        assert evidence.coverage.unread == ()
        tables = Store([loaded.kinds["meter_event"]], NOW)
        tables.load("meter_event", evidence.rows)
        found.append(tables.ask("SELECT id, source, time, recordedtime, data_quantity FROM meter_event", {}))
    assert found[0] == found[1]
    again = collected(context_of(project, loaded, tmp_path / "store"), "meter_event")["meter_event"].rows
    assert [row["source"] for row in again] == [record["source"] for record in records]


def test_an_integer_written_with_a_fraction_is_that_integer(
    ingest: Ingest, project: Path, loaded: Policy, tmp_path: Path
) -> None:
    ingest({"a.ndjson": lines(event(n, data={"quantity": value}) for n, value in enumerate([1.0, 1e3, -0.0]))})
    tables = Store([loaded.kinds["meter_event"]], NOW)
    tables.load(
        "meter_event", collected(context_of(project, loaded, tmp_path / "store"), "meter_event")["meter_event"].rows
    )

    assert [row["q"] for row in tables.ask("SELECT data_quantity AS q FROM meter_event", {})] == [0, 1, 1000]
