"""Compaction and expiry: the same records in fewer files, under who signed for them, and what expired is gone for good."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from attestations.trust import Trust
from gate.collect import Context, collect
from gate.ingest import manifest, rewriting, run
from gate.ingest.judge import Rules
from gate.ingest.run import Outcome
from gate.model import Evidence, GateError, Policy, Subject, UndecidedError
from gate.purges import Link, complete, week
from gate.purges import check as check_purge
from gate.tree import WorkTree
from tests.gate.ingest.conftest import NOW
from tests.gate.ingest.test_faults import EVENT, content, ended, gate, leftovers, lines

Ingest = Callable[..., Outcome]
TENANT = json.loads((Path(__file__).parents[3] / "rules/tenant-zero/schemas/tenant.json").read_text())["examples"][0]
UNSIGNED = Trust(keys=None)


@pytest.fixture
def events(project: Path, loaded: Policy, tmp_path: Path) -> Callable[..., Evidence]:
    """What a control sees of a kind."""

    def seen(kind: str = "meter_event", policy: Policy = loaded) -> Evidence:
        context = Context(
            tree=WorkTree(project, versioned=False), root=project, policy=policy, as_of=NOW, now=NOW, trust=UNSIGNED,
            subject=Subject(project="streams", commit=None), stores=(tmp_path / "store",),
        )  # fmt: skip
        return collect(context, [kind], lambda _: None)[kind]

    return seen


def known(evidence: Evidence) -> list[tuple[Any, ...]]:
    """The records with all that is known of them, but for their file in the store."""
    return sorted((row["id"], row["source_path"], row["source_line"], row["source_digest"], row["record_digest"],
                   row["verified"]) for row in evidence.rows)  # fmt: skip


def test_many_small_files_become_one_and_every_record_keeps_its_place(
    ingest: Ingest, events: Callable[..., Evidence], tmp_path: Path, loaded: Policy, rules: Rules
) -> None:
    for number in range(5):
        ingest({f"{number}.ndjson": lines(range(10 * number, 10 * number + 12)) + b"x\n"})
    ingest({"t.ndjson": b"".join(json.dumps({**TENANT, "id": f"t-{n}", "tenantid": f"t{n}"}).encode() + b"\n" for n in range(3))},
           kind="tenant")  # fmt: skip
    before, totals = known(events()), manifest.read(tmp_path / "store")
    done = rewriting.compact(tmp_path / "store", rules, loaded, NOW, UNSIGNED, None)

    assert done is not None
    assert len([f for _, f in done.manifest.files() if f.table == "meter_event"]) == 1
    assert known(events()) == before
    assert len(before) == 52
    assert totals is not None
    assert done.manifest.totals == totals.totals
    assert rewriting.compact(tmp_path / "store", rules, loaded, NOW, UNSIGNED, None) is None
    assert content(tmp_path / "store")[2] == 55
    again = ingest({"again.ndjson": lines(range(52))})
    assert again.counts["duplicates"] == 52
    assert leftovers(tmp_path / "store") == []


def test_array_tables_go_with_their_records(ingest: Ingest, tmp_path: Path, loaded: Policy, rules: Rules) -> None:
    import duckdb

    for number in range(3):
        made = [{**TENANT, "id": f"t-{number}-{n}", "tenantid": f"t{number}{n}"} for n in range(4)]
        ingest({"t.ndjson": "\n".join(map(json.dumps, made)).encode()}, kind="tenant")

    def packs() -> list[tuple[Any, ...]]:
        found = manifest.read(tmp_path / "store")
        assert found is not None
        rows: list[tuple[Any, ...]] = []
        for batch in found.batches:
            mine = {f.table: str(tmp_path / "store" / f.name) for b, f in found.files() if b is batch and f.table}
            if mine:
                rows += duckdb.sql(
                    f"SELECT t.tenantid, p.value FROM read_parquet('{mine['tenant']}') AS t "
                    f"JOIN read_parquet('{mine['tenant__packs']}') AS p ON p._at = t._at"
                ).fetchall()
        return sorted(rows)

    before = packs()
    assert len(before) == 12 * len(TENANT["packs"])
    assert rewriting.compact(tmp_path / "store", rules, loaded, NOW, UNSIGNED, None) is not None
    assert packs() == before


def test_a_reader_of_the_old_manifest_still_finds_all_it_names(
    ingest: Ingest, tmp_path: Path, loaded: Policy, rules: Rules
) -> None:
    ingest({"a.ndjson": lines(range(3))})
    old = ingest({"b.ndjson": lines(range(3, 6))}).manifest
    rewriting.compact(tmp_path / "store", rules, loaded, NOW, UNSIGNED, None)

    assert [manifest.check(old, file) for _, file in old.files()] == [None] * 4
    ingest({"c.ndjson": lines(range(6, 7))})
    assert {manifest.check(old, file) for _, file in old.files()} == {"can't be read: No such file or directory"}


def test_a_changed_file_is_not_written_anew(ingest: Ingest, tmp_path: Path, loaded: Policy, rules: Rules) -> None:
    ingest({"a.ndjson": lines(range(3))})
    found = ingest({"b.ndjson": lines(range(3, 6))}).manifest
    before = (tmp_path / "store" / manifest.NAME).read_bytes()
    raw = next(f for _, f in found.files() if f.name.endswith(".zst"))
    (tmp_path / "store" / raw.name).write_bytes(b"other")

    with pytest.raises(UndecidedError, match="is not the file that was ingested; nothing was written anew"):
        rewriting.compact(tmp_path / "store", rules, loaded, NOW, UNSIGNED, None)
    assert (tmp_path / "store" / manifest.NAME).read_bytes() == before


def test_a_manifest_that_replaces_what_is_not_there_is_not_believed(
    ingest: Ingest, tmp_path: Path, loaded: Policy, rules: Rules
) -> None:
    ingest({"a.ndjson": lines(range(3))})
    ingest({"b.ndjson": lines(range(3, 6))})
    rewriting.compact(tmp_path / "store", rules, loaded, NOW, UNSIGNED, None)
    path = tmp_path / "store" / manifest.NAME
    value = json.loads(path.read_text())
    value["batches"][-1]["replaces"].append("meter_event/000009-0001.parquet")
    path.write_text(json.dumps(value))

    with pytest.raises(GateError, match="batch 3 replaces what is not there"):
        manifest.read(tmp_path / "store")


def narrower(loaded: Policy, rules: Rules) -> tuple[Policy, Rules]:
    """A policy whose meter events are of less than 10 in quantity and may say a region."""
    kind = loaded.kinds["meter_event"]
    schema = json.loads(json.dumps(dict(kind.schema)))
    schema["properties"]["data"]["properties"]["quantity"]["maximum"] = 1000
    schema["properties"]["data"]["properties"]["region"] = {"type": "string", "minLength": 1}
    policy = replace(loaded, kinds={**loaded.kinds, "meter_event": replace(kind, schema=schema)})
    return policy, run.rules_of(policy, None, None, NOW)


def test_another_schema_is_unknown_until_it_is_compacted_and_then_all_are_of_one(
    ingest: Ingest, events: Callable[..., Evidence], tmp_path: Path, loaded: Policy, rules: Rules
) -> None:
    large = lines(range(10, 13), data={**EVENT["data"], "quantity": 5000})
    ingest({"a.ndjson": lines(range(5)) + large})
    policy, later = narrower(loaded, rules)
    ingest({"b.ndjson": lines(range(20, 22), data={**EVENT["data"], "region": "eu"})}, rules=later)
    assert [u.reason for u in events(policy=policy).coverage.unread] == [
        "was ingested under another schema of this kind; gate ingest --compact judges it by today's"
    ]

    done = rewriting.compact(tmp_path / "store", later, policy, NOW, UNSIGNED, None)
    assert done is not None
    assert (done.counts["read"], done.counts["accepted"], done.counts["rejected"]) == (10, 7, 3)
    assert done.reasons == [("rejected", "schema:data.quantity", 3)]
    seen = events(policy=policy)
    assert seen.coverage.unread == ()
    assert len(list(seen.rows)) == 7
    assert done.manifest.totals["refused_later"] == 3


def aged(days: int, numbers: range, **changes: Any) -> bytes:
    time = (NOW - timedelta(days=days)).isoformat().replace("+00:00", "Z")
    return lines(numbers, time=time, recordedtime=time, **changes)


def test_what_expired_is_gone_from_the_disk_and_does_not_come_back(
    ingest: Ingest, events: Callable[..., Evidence], tmp_path: Path, loaded: Policy, rules: Rules
) -> None:
    old = aged(401, range(3)) + aged(401, range(3, 5), tenantid="acme") + aged(399, range(5, 7))
    ingest({"a.ndjson": old})
    ingest({"b.ndjson": aged(1, range(10, 14))})
    (untouched,) = [f.name for b, f in ingest({"c.ndjson": b""}).manifest.files() if b.number == 2 and f.table]
    done = rewriting.expire(
        tmp_path / "store", rules, loaded, NOW, UNSIGNED, None, {"meter_event": 400}, frozenset({"acme"})
    )

    assert done.outcome is not None
    assert sorted(row["id"] for row in events().rows) == sorted(f"meter-{n}" for n in (3, 4, 5, 6, 10, 11, 12, 13))
    assert done.outcome.batch.purged == 3
    assert untouched in {file.name for _, file in done.outcome.manifest.files()}
    assert leftovers(tmp_path / "store") == []
    assert done.facts["counts"] == [{"table": "meter_event", "before": 11, "purged": 3, "after": 8}]
    assert done.facts["exceptions"] == [{"reason": "legal hold", "table": "meter_event", "rows": 2}]
    assert done.facts["scope"]["tenants"] == ["summit-internal"]
    assert done.facts["tombstone_validation"]["observed"] == 3
    assert done.outcome.batch.dropped in done.facts["technique"]

    again = ingest({"a.ndjson": old})
    assert again.counts["accepted"] == 0
    assert ("rejected", "expired", 5) in again.reasons
    totals = again.manifest.totals
    assert totals["read"] == totals["accepted"] + totals["duplicates"] + totals["parked"] + totals["rejected"]
    store, windows, acme = tmp_path / "store", {"meter_event": 400}, frozenset({"acme"})
    refused = rewriting.expire(store, rules, loaded, NOW, UNSIGNED, None, windows, acme)
    assert refused.facts["counts"][1] == {"table": "held", "before": 5, "purged": 3, "after": 2}
    nothing = rewriting.expire(store, rules, loaded, NOW, UNSIGNED, None, windows, acme)
    assert nothing.facts["noop"] is True
    assert {"reason": "legal hold", "table": "meter_event", "rows": 2} in nothing.facts["exceptions"]


def test_what_was_parked_or_rejected_expires_too(ingest: Ingest, tmp_path: Path, loaded: Policy, rules: Rules) -> None:
    store, secret = tmp_path / "store", "NOBODYS-SECRET"
    rules = replace(rules, tenants=frozenset({"summit-internal"}))
    stranger = aged(401, range(2), tenantid="hooli", subject=secret)
    mine = aged(401, range(2, 4), data={"quantity": secret})
    large = b'{"padding": "' + (secret + "x" * 9_000_000).encode() + b'"'
    fresh = aged(5, range(4, 6), tenantid="hooli", subject=secret)
    first = ingest({"a.ndjson": stranger + mine + large + b"\n" + fresh}, rules=rules)
    assert (first.counts["parked"], first.counts["rejected"]) == (4, 3)

    def bytes_left() -> int:
        return sum(secret.encode() in held(path) for path in (store / manifest.HELD).iterdir())

    def expired(windows: dict[str, int], holds: frozenset[str] = frozenset(), days: int = 0) -> rewriting.Expired:
        now = NOW + timedelta(days=days)
        return rewriting.expire(store, rules, loaded, now, UNSIGNED, None, windows, holds)

    on_hold = expired({"meter_event": 400}, frozenset({"hooli", "summit-internal"}))
    assert on_hold.facts["noop"] is True
    assert on_hold.facts["exceptions"] == [{"reason": "legal hold", "table": "held", "rows": 4}]
    some = expired({"meter_event": 400}, frozenset({"hooli"}))
    assert some.facts["counts"] == [
        {"table": "meter_event", "before": 0, "purged": 0, "after": 0},
        {"table": "held", "before": 7, "purged": 2, "after": 5},
    ]
    assert some.facts["scope"]["tenants"] == ["summit-internal"]
    assert some.facts["tombstone_validation"]["observed"] == 2
    more = expired({"meter_event": 400})
    assert more.facts["counts"][1] == {"table": "held", "before": 5, "purged": 2, "after": 3}
    assert more.outcome is not None
    assert more.outcome.batch.parked_open == 2
    assert run.replay(store, rules, loaded, NOW, lambda *_: None) is not None, "what is parked still is replayed"
    assert bytes_left() == 2, "one Parquet file, and the line that was too large for it"
    last = expired({"held": 30}, days=31)
    assert last.facts["counts"] == [{"table": "held", "before": 3, "purged": 3, "after": 0}]
    assert last.facts["scope"] == {"tenants": ["all", "hooli"], "systems": ["event store"], "tables": ["held"]}
    assert last.outcome is not None
    assert last.outcome.batch.parked_open == 0
    assert bytes_left() == 0
    totals = last.outcome.manifest.totals
    assert totals["read"] == totals["accepted"] + totals["duplicates"] + totals["parked"] + totals["rejected"]
    assert totals["purged"] == 7
    assert expired({"held": 30}, days=31).outcome is None
    assert leftovers(store) == []


def held(path: Path) -> bytes:
    """The bytes that a file of held records has, whatever it is packed with."""
    import duckdb

    if path.suffix != ".parquet":
        return path.read_bytes()
    rows = duckdb.sql(f"SELECT bytes FROM read_parquet('{path}') WHERE bytes IS NOT NULL").fetchall()
    return b"".join(data for (data,) in rows)


@pytest.mark.parametrize("days", [400, 4000])
def test_the_facts_are_a_purge_manifest_that_the_retention_pack_takes(
    ingest: Ingest, tmp_path: Path, loaded: Policy, rules: Rules, days: int
) -> None:
    from gate import policy

    root = tmp_path / "purging"
    root.mkdir()
    (root / "gate.yaml").write_text('version: 1\npolicy_version: "1"\nproject: x\npacks: [retention-and-purge]\n')
    purging = policy.load(WorkTree(root, versioned=False))
    ingest({"a.ndjson": aged(401, range(3)) + aged(2, range(3, 5))})
    done = rewriting.expire(tmp_path / "store", rules, loaded, NOW, UNSIGNED, None, {"meter_event": days}, frozenset())
    wanted = week("2026-W47", NOW)
    row = complete(done.facts, wanted, Link(1, None), performed_by="privacy-ops@summit.example",
                   verified_by="privacy-review@summit.example", now=NOW, origin="expiry")  # fmt: skip

    check_purge(row, purging, wanted, NOW, "expiry")
    assert row["noop"] == (days == 4000)


def test_a_hold_on_anybody_keeps_what_names_nobody(
    ingest: Ingest, tmp_path: Path, loaded: Policy, rules: Rules
) -> None:
    kind = loaded.kinds["meter_event"]
    schema = json.loads(json.dumps(dict(kind.schema)))
    del schema["properties"]["tenantid"]
    schema["required"].remove("tenantid")
    schema["examples"][0].pop("tenantid")
    policy = replace(loaded, kinds={"meter_event": replace(kind, schema=schema)})
    free = run.rules_of(policy, None, None, NOW)
    ingest({"a.ndjson": aged(500, range(3), tenantid=None)}, rules=free)
    held = rewriting.expire(
        tmp_path / "store", free, policy, NOW, UNSIGNED, None, {"meter_event": 400}, frozenset({"x"})
    )
    dropped = rewriting.expire(tmp_path / "store", free, policy, NOW, UNSIGNED, None, {"meter_event": 400}, frozenset())

    assert held.facts["counts"][0]["purged"] == 0
    assert dropped.facts["counts"][0]["purged"] == 3


def test_a_kind_without_a_time_does_not_expire(ingest: Ingest, tmp_path: Path, loaded: Policy, rules: Rules) -> None:
    ingest({"a.ndjson": lines(range(1))})
    with pytest.raises(GateError, match="--expire retention_window: its records have no time"):
        rewriting.expire(tmp_path / "store", rules, loaded, NOW, UNSIGNED, None, {"retention_window": 400}, frozenset())


@pytest.fixture
def signing(tmp_path: Path) -> Callable[..., str]:
    """A project with two keys; runs the command there."""
    root = tmp_path / "shop"
    root.mkdir()
    (root / "gate.yaml").write_text(
        'version: 1\npolicy_version: "1"\nproject: shop\npacks: [finops, tenant-zero]\ntrust: {keys: keys.json}\n'
    )

    def run_gate(*argv: str, code: int = 0) -> str:
        found, said = ended(gate(*argv, cwd=root))
        assert found == code, said
        return said

    for name in ("one", "two"):
        run_gate("keys", "new", str(tmp_path / f"{name}.pem"), "--no-passphrase")
        run_gate("keys", "trust", str(tmp_path / f"{name}.pem.pub"), "--identity", f"{name}@shop.example", "--usage", "evidence",
                 "--file", "keys.json")  # fmt: skip
    return run_gate


@pytest.mark.slow
def test_who_vouches_never_changes(signing: Callable[..., str], tmp_path: Path) -> None:
    one, two = str(tmp_path / "one.pem"), str(tmp_path / "two.pem")
    for name, data, key in (
        ("a", lines(range(3)), one), ("b", lines(range(3, 6)), one), ("c", lines(range(6, 9)), two),
        ("d", lines(range(9, 12)), None), ("e", lines(range(12, 15)), None),
    ):  # fmt: skip
        (tmp_path / f"{name}.ndjson").write_bytes(data)
        signing("ingest", str(tmp_path / f"{name}.ndjson"), *(("--key", key) if key else ()))
    question = "SELECT signer, count(*), min(id), max(source_digest) = min(source_digest) FROM meter_event GROUP BY 1 ORDER BY 1"
    before = json.loads(signing("query", question, "-o", "json"))
    assert "4 files are 2" in signing("ingest", "--compact")
    assert "nothing to compact" in signing("ingest", "--compact", "--key", two)
    assert json.loads(signing("query", question, "-o", "json")) != []
    assert "4 files are 2" in signing("ingest", "--compact", "--key", one)
    after = json.loads(signing("query", question, "-o", "json"))

    assert [row["signer"] for row in after] == [None, "one@shop.example", "two@shop.example"]
    assert [[row["signer"], row["count_star()"]] for row in after] == [
        [row["signer"], row["count_star()"]] for row in before
    ]
    said = signing("ingest", "--expire", "meter_event=1", "-o", "json")
    facts = json.loads(said)
    assert facts["counts"] == [{"table": "meter_event", "before": 15, "purged": 6, "after": 9}]
    left = json.loads(signing("query", question, "-o", "json"))
    assert [row["signer"] for row in left] == ["one@shop.example", "two@shop.example"]


@pytest.mark.slow
def test_a_compaction_that_is_killed_leaves_the_store_as_it_was_or_as_it_should_be(
    project: Path, ingest: Ingest, tmp_path: Path
) -> None:
    for number in range(4):
        ingest({f"{number}.ndjson": lines(range(2000 * number, 2000 * number + 2000)) + b"x\n"})
    wanted = content(tmp_path / "store")
    for pause in (0.9, 1.2, 1.5):
        running = gate("ingest", "--compact", "--into", str(tmp_path / "store"), cwd=project)
        time.sleep(pause)
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
        ended(running)
        assert content(tmp_path / "store") == wanted
    ended(gate("ingest", "--compact", "--into", str(tmp_path / "store"), cwd=project))
    assert content(tmp_path / "store") == wanted
    found = manifest.read(tmp_path / "store")
    assert found is not None
    assert len([f for _, f in found.files() if f.table == "meter_event"]) == 1


USAGE = {
    ("--compact", "--replay"): "give sources, or --replay, --compact or --expire alone",
    ("--expire", "meter_event"): "'meter_event' is not KIND=DAYS",
    ("--expire", "meter_event=0"): "'meter_event=0' is not KIND=DAYS",
    ("--expire", "meter_evnt=5"): "did you mean 'meter_event'?",
    ("--compact", "--into", "nowhere"): "nowhere: not an event store",
}


@pytest.mark.parametrize("argv", USAGE)
def test_usage_is_one_line(project: Path, argv: tuple[str, ...]) -> None:
    code, said = ended(gate("ingest", *argv, cwd=project))

    assert code == 2
    assert USAGE[argv] in said
    assert len(said.splitlines()) == 1
    assert not (project / "nowhere").exists()
