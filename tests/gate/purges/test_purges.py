"""Weekly purges: what is refused before anything is deleted, what is recorded, and the chain under concurrency."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate import purges
from gate.model import GateError, Outcome, UndecidedError
from gate.reading import parse_time

Value = dict[str, Any]
Weeks = Callable[..., str]


def controls(site: Any) -> dict[str, Outcome]:
    return {r.control.id: r.outcome for r in site.judge().results if r.control.id.startswith("PRG")}


def test_a_purge_is_run_checked_and_recorded(site: Any, weeks_ago: Weeks, capsys: Any) -> None:
    for back in (2, 1, 0):
        assert site.record(weeks_ago(back)) == 0

    assert site.purged() == [weeks_ago(2), weeks_ago(1), weeks_ago(0)]
    rows = site.manifests()
    assert [row["sequence"] for row in rows] == [1, 2, 3]
    assert [row["previous_digest"] for row in rows] == [None, rows[0]["record_digest"], rows[1]["record_digest"]]
    for row, back in zip(rows, (2, 1, 0), strict=True):
        assert row["id"] == f"purge-{weeks_ago(back)}"
        start = parse_time(row["period_start"])
        assert (start.weekday(), start.hour) == (0, 0)
        assert parse_time(row["period_end"]) - start == timedelta(days=7)
        assert (row["performed_by"], row["verified_by"]) == (
            "retention-job@summit.example",
            "data-steward@summit.example",
        )
        assert row["performed_at"] <= row["verified_at"] <= row["recorded_at"]
        assert (row["verified"], row["signer"]) == (True, "retention-job@summit.example")
    outcomes = controls(site)
    assert {outcomes[c] for c in ("PRG001", "PRG003", "PRG004", "PRG005")} == {Outcome.PASS}
    shown = capsys.readouterr().out
    assert "3 rows purged, 3 tombstones; manifest 1 of the chain" in shown
    assert site.stored() == sorted(f"purge-{weeks_ago(back)}.sigstore.json" for back in (0, 1, 2)), "no lock is left"


def test_a_late_manifest_shows_as_late(site: Any, weeks_ago: Weeks, capsys: Any) -> None:
    assert site.record(weeks_ago(5)) == 0

    assert "late: recorded" in capsys.readouterr().out
    (row,) = site.manifests()
    assert datetime.now(UTC) - parse_time(row["recorded_at"]) < timedelta(minutes=5)
    assert controls(site)["PRG002"] is Outcome.FAIL


def test_a_no_op_is_recorded_with_its_query(site: Any, facts: Value, weeks_ago: Weeks, capsys: Any) -> None:
    facts |= {"noop": True, "trigger": "noop", "noop_query": "SELECT count(*) FROM leads WHERE due"}
    facts["counts"][0] |= {"purged": 0, "after": 12}
    facts["tombstone_validation"] |= {"expected": 0, "observed": 0}
    site.job(facts)

    assert site.record(weeks_ago(1)) == 0
    assert "nothing was due" in capsys.readouterr().out
    assert controls(site)["PRG003"] is Outcome.PASS


BEFORE = {
    "no such week": ("2026-W54", (), "no such ISO week"),
    "week 53 of a year that has 52": ("2025-W53", (), "no such ISO week"),
    "week 0": ("2026-W00", (), "no such ISO week"),
    "year 0": ("0000-W01", (), "no such ISO week"),
    "a date": ("2026-11-09", (), "no such ISO week"),
    "another script's digits": ("２０２６-W４６", (), "no such ISO week"),
    "no week": ("", (), "the value is empty"),
    "the far future": ("9999-W10", (), "can't be recorded before its week"),
    "verified by who performed": (None, ("--verified-by", " Retention-Job@summit.example"), "a second person"),
    "verified by an escape": (None, ("--verified-by", "\x1b[2Jx"), "not somebody's name"),
    "no key": (None, ("--key", "nowhere.key"), "nowhere.key"),
    "no manifest": (None, ("--manifest", "nowhere.json"), "nowhere.json"),
}


@pytest.mark.parametrize("case", BEFORE)
def test_refused_before_anything_is_purged(site: Any, weeks_ago: Weeks, capsys: Any, case: str) -> None:
    name, extra, said = BEFORE[case]

    assert site.record(weeks_ago(1) if name is None else name, *extra) == 2

    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 1
    assert "\x1b" not in error
    assert site.purged() == []


def test_next_week_is_refused_and_this_week_is_not(site: Any, weeks_ago: Weeks) -> None:
    assert site.record(weeks_ago(-1)) == 2
    assert site.purged() == []
    assert site.record(weeks_ago(0)) == 0


def test_a_week_has_one_manifest(site: Any, weeks_ago: Weeks, capsys: Any) -> None:
    assert site.record(weeks_ago(1)) == 0
    before = [p.read_bytes() for p in sorted((site.store / purges.KIND).iterdir())]

    assert site.record(weeks_ago(1)) == 2

    assert "recorded already" in capsys.readouterr().err
    assert site.purged() == [weeks_ago(1)], "the purge did not run again"
    assert [p.read_bytes() for p in sorted((site.store / purges.KIND).iterdir())] == before


def test_not_configured(site: Any, weeks_ago: Weeks, capsys: Any) -> None:
    config = site.root / "gate.yaml"
    config.write_text(config.read_text().split("purge:\n")[0])

    assert site.record(weeks_ago(1)) == 2
    assert "gate.yaml: purge: not configured" in capsys.readouterr().err


def test_a_program_that_is_not_there(site: Any, weeks_ago: Weeks, capsys: Any) -> None:
    config = site.root / "gate.yaml"
    config.write_text(config.read_text().replace("[sh, purge.sh", "[no-such-program, purge.sh"))

    assert site.record(weeks_ago(1)) == 2
    assert "'no-such-program' can't be started" in capsys.readouterr().err


def merged(facts: Value, change: Value) -> Value:
    for key, value in change.items():
        if isinstance(value, dict):
            merged(facts[key], value)
        else:
            facts[key] = value
    return facts


WRONG = {
    "tombstones do not validate": ({"tombstone_validation": {"observed": 2}}, "tombstones: expected 3, found 2"),
    "counts that do not add up": (
        {"counts": [{"table": "leads", "before": 12, "purged": 3, "after": 10}]}, "12 - 3 is not 10",
    ),
    "a no-op that purged": (
        {"noop": True, "trigger": "noop", "noop_query": "SELECT 0"}, "called a no-op, but 3 rows were purged",
    ),
    "a no-op without its query": (
        {"noop": True, "trigger": "noop", "counts": [{"table": "leads", "before": 2, "purged": 0, "after": 2}]},
        "needs the query",
    ),
    "a no-op in name only": ({"trigger": "noop"}, "contradict each other"),
    "silently nothing": (
        {"counts": [{"table": "leads", "before": 2, "purged": 0, "after": 2}]}, "not called a no-op",
    ),
    "its clock is off": ({"performed_at": "2020-01-01T00:00:00Z"}, "check its clock"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_purge_that_does_not_hold_is_not_recorded(
    site: Any, facts: Value, weeks_ago: Weeks, capsys: Any, case: str
) -> None:
    change, said = WRONG[case]
    site.job(merged(facts, change))

    assert site.record(weeks_ago(1)) == 1

    assert said in capsys.readouterr().err
    assert site.stored() == []


@pytest.mark.parametrize(
    ("script", "code", "said"),
    [
        ("exit 2", 3, "exited with 2"),
        ("echo nothing", 3, "printed no JSON object"),
        ("cat facts.json >&2", 3, "printed no JSON object"),
        ("echo '[1]'", 3, "printed no JSON object"),
        ("echo '{\"noop\": NaN}'", 3, "printed no JSON object"),
        ("cat facts.json; exit 1", 1, "the purge exited with 1"),
        ('echo \'{"failure": "3 rows are still due"}\'; exit 1', 1, "3 rows are still due"),
        ("kill -9 $$", 3, "exited with -9"),
        ("echo '{}'", 3, "printed no JSON object"),
        ("echo '{\"noop\": false}'", 2, "is missing"),
        ("sed 's/{/{\"nop\": 1, /;q' facts.json", 2, "unknown key 'nop' (did you mean 'noop'?)"),
        ('sed \'s/{/{"week": "2020-W01", /;q\' facts.json', 2, "week: says '2020-W01'"),
        ("sed 's/{/{\"sequence\": 99, /;q' facts.json", 2, "sequence: says '99'"),
        ('sed \'s/{/{"performed_by": "ceo", /;q\' facts.json', 2, "performed_by: says 'ceo'"),
        ('sed \'s/"purged": 3/"purged": 3.0/\' facts.json', 2, "floating-point number"),
    ],
)
def test_what_a_job_can_do_wrong(site: Any, weeks_ago: Weeks, capsys: Any, script: str, code: int, said: str) -> None:
    site.job(script=script)

    assert site.record(weeks_ago(1)) == code

    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 1
    assert site.stored() == []


def test_a_job_that_hangs(site: Any, weeks_ago: Weeks, capsys: Any) -> None:
    config = site.root / "gate.yaml"
    config.write_text(config.read_text().replace("timeout_seconds: 20", "timeout_seconds: 1"))
    site.job(script="sleep 60")

    assert site.record(weeks_ago(1)) == 3
    assert "timed out after 1 s" in capsys.readouterr().err


def test_a_secret_that_the_job_prints_stays_out(site: Any, weeks_ago: Weeks, capsys: Any) -> None:
    site.job(script="echo 'password=correct-horse-Battery' >&2; exit 2")

    assert site.record(weeks_ago(1)) == 3
    assert "correct-horse" not in capsys.readouterr().err


def elsewhere(facts: Value, name: str, **more: Any) -> Value:
    start = datetime.fromisocalendar(int(name[:4]), int(name[6:]), 1).replace(tzinfo=UTC)
    performed = start + timedelta(days=3)
    return {
        **facts,
        "performed_at": performed.isoformat(),
        "verified_at": (performed + timedelta(hours=1)).isoformat(),
        **more,
    }


def test_a_manifest_from_elsewhere(site: Any, facts: Value, weeks_ago: Weeks) -> None:
    name = weeks_ago(1)

    assert site.record(name, "--manifest", site.file(elsewhere(facts, name, week=name, sequence=1))) == 0

    assert site.purged() == []
    (row,) = site.manifests()
    assert parse_time(row["performed_at"]) < parse_time(row["recorded_at"]) - timedelta(hours=1)
    assert controls(site)["PRG004"] is Outcome.PASS


FILES = {
    "of another week": ({"week": "2020-W01"}, 2, "week: says"),
    "of another place in the chain": ({"sequence": 7}, 2, "sequence: says"),
    "with another predecessor": ({"previous_digest": "ab" * 32}, 2, "previous_digest: says"),
    "performed by somebody else": ({"performed_by": "ceo@summit.example"}, 2, "performed_by: says"),
    "verified by somebody else": ({"verified_by": "ceo@summit.example"}, 2, "verified_by: says"),
    "of another period": ({"period_start": "2020-01-01T00:00:00Z"}, 2, "period_start: says"),
    "of a period without a zone": ({"period_end": "2020-01-01T00:00:00"}, 2, "period_end"),
    "that says nothing of when": ({"performed_at": None}, 2, "performed_at"),
    "performed too early": ({"performed_at": "2020-01-01T00:00:00Z"}, 1, "performed before its week began"),
    "verified too early": ({"verified_at": "2020-01-01T00:00:00Z"}, 1, "verified before it was performed"),
    "from the future": ({"verified_at": "2999-01-01T00:00:00Z"}, 1, "in the future"),
}


@pytest.mark.parametrize("case", FILES)
def test_a_manifest_from_elsewhere_that_lies(site: Any, facts: Value, weeks_ago: Weeks, capsys: Any, case: str) -> None:
    change, code, said = FILES[case]
    name = weeks_ago(1)

    assert site.record(name, "--manifest", site.file({**elsewhere(facts, name), **change})) == code
    assert said in capsys.readouterr().err
    assert site.stored() == []


@pytest.mark.parametrize("text", ["", "[]", "null", '{"a": 1, "a": 1}', '{"a": NaN}', "[" * 999])
def test_a_manifest_that_is_no_json_object(site: Any, weeks_ago: Weeks, capsys: Any, text: str, tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text(text)

    assert site.record(weeks_ago(1), "--manifest", str(tmp_path / "m.json")) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def signed(site: Any, facts: Value, name: str, sequence: int, previous: str | None, **more: Any) -> str:
    """Puts a signed manifest into the tree and returns its digest."""
    from gate.collect.records import record_digest

    start = datetime.fromisocalendar(int(name[:4]), int(name[6:]), 1).replace(tzinfo=UTC)
    days = [(start + timedelta(days=n)).isoformat().replace("+00:00", "Z") for n in range(8)]
    row = {
        **facts, "id": f"purge-{name}", "week": name, "period_start": days[0], "period_end": days[7], "sequence": sequence,
        "previous_digest": previous, "performed_by": "a@b", "performed_at": days[5], "verified_by": "c@d",
        "verified_at": days[5], "recorded_at": days[6], **more,
    }  # fmt: skip
    site.sign(row)
    return record_digest(row)


def test_the_chain_goes_on_from_the_tree(site: Any, facts: Value, weeks_ago: Weeks) -> None:
    first = signed(site, facts, weeks_ago(4), 40, None)
    second = signed(site, facts, weeks_ago(2), 41, first)

    assert site.record(weeks_ago(3)) == 0
    assert site.record(weeks_ago(1)) == 0

    rows = site.manifests()
    assert [(row["sequence"], row["week"]) for row in rows] == [
        (40, weeks_ago(4)), (41, weeks_ago(2)), (42, weeks_ago(3)), (43, weeks_ago(1)),
    ]  # fmt: skip
    assert rows[2]["previous_digest"] == second
    assert controls(site)["PRG005"] is Outcome.PASS


def test_the_chain_goes_on_from_another_store(site: Any, facts: Value, weeks_ago: Weeks, tmp_path: Path) -> None:
    first = signed(site, facts, weeks_ago(2), 7, None)
    other = tmp_path / "archive"
    (site.root / "manifests").rename(tmp_path / "purge_manifest")
    other.mkdir()
    (tmp_path / "purge_manifest").rename(other / "purge_manifest")

    assert site.record(weeks_ago(1), "--evidence", str(other)) == 0

    (row,) = site.manifests()
    assert (row["sequence"], row["previous_digest"]) == (8, first)


def test_a_second_store_is_chained_too(site: Any, weeks_ago: Weeks, tmp_path: Path) -> None:
    assert site.record(weeks_ago(2), "--store", str(tmp_path / "archive")) == 0
    assert site.record(weeks_ago(1), "--store", str(tmp_path / "archive")) == 0

    assert len(list((tmp_path / "archive" / "purge_manifest").iterdir())) == 2


@pytest.mark.parametrize(
    ("name", "data"),
    [("x.json", b"{"), ("x.sigstore.json", b"{}"), ("x.json", b'{"id": "x"}'), ("x.json", b"\xff")],
)
def test_a_chain_with_something_unreadable_is_not_continued(
    site: Any, weeks_ago: Weeks, capsys: Any, name: str, data: bytes
) -> None:
    (site.root / "manifests").mkdir()
    (site.root / "manifests" / name).write_bytes(data)

    assert site.record(weeks_ago(1)) == 3
    assert "can't be continued past it" in capsys.readouterr().err
    assert site.purged() == []


def test_a_chain_is_not_continued_from_a_claim(site: Any, facts: Value, weeks_ago: Weeks, capsys: Any) -> None:
    signed(site, facts, weeks_ago(2), 1, None)
    (bundle,) = (site.root / "manifests").iterdir()
    import base64

    statement = json.loads(base64.b64decode(json.loads(bundle.read_bytes())["dsseEnvelope"]["payload"]))
    bundle.unlink()
    (site.root / "manifests" / "claim.json").write_text(json.dumps(statement["predicate"]["record"]))

    assert site.record(weeks_ago(1)) == 3
    assert "not signed" in capsys.readouterr().err


def test_a_fork_is_not_continued(site: Any, facts: Value, weeks_ago: Weeks, capsys: Any) -> None:
    signed(site, facts, weeks_ago(3), 5, None)
    signed(site, facts, weeks_ago(2), 5, None)

    assert site.record(weeks_ago(1)) == 3
    assert "the chain forks" in capsys.readouterr().err
    assert site.purged() == []


def test_of_many_recordings_at_once_one_wins_and_none_forks(site: Any, weeks_ago: Weeks) -> None:
    """Each holds the lock while its purge runs; who comes meanwhile is told so and purges nothing."""
    site.job(script="sleep 1; cat facts.json")
    names = [weeks_ago(back) for back in (1, 1, 2, 3)]

    running = [site.process(name) for name in names]
    ended = [process.communicate(timeout=60) for process in running]

    codes = [process.returncode for process in running]
    assert set(codes) <= {0, 2, 3}
    for code, (_, error) in zip(codes, ended, strict=True):
        assert "Traceback" not in error
        assert code != 3 or "another recording is running" in error
    rows = site.manifests()
    assert len(rows) == codes.count(0) >= 1
    assert [row["sequence"] for row in rows] == list(range(1, len(rows) + 1))
    assert len(site.purged()) == len(rows)


def test_a_lock_whose_holder_died_does_not_hold(site: Any, weeks_ago: Weeks) -> None:
    site.job(script="touch started; sleep 60; cat facts.json")
    running = site.process(weeks_ago(1))
    deadline = time.monotonic() + 30
    while not (site.root / "started").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    with pytest.raises(UndecidedError, match=f'"pid": {running.pid}'), purges.locked(site.store):
        pass
    running.kill()
    running.communicate()
    assert (site.store / purges.KIND / purges.LOCK).exists()
    site.job()

    assert site.record(weeks_ago(1)) == 0
    assert len(site.manifests()) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_purge_leaves_nothing(site: Any, weeks_ago: Weeks, number: signal.Signals) -> None:
    site.job(script="touch started; sleep 60; cat facts.json")
    running = site.process(weeks_ago(1))
    deadline = time.monotonic() + 30
    while not (site.root / "started").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    running.send_signal(number)
    _, error = running.communicate(timeout=60)

    assert running.returncode == 130, error
    assert "Traceback" not in error
    assert site.stored() == []


def test_a_store_that_can_not_be_written(site: Any, weeks_ago: Weeks, capsys: Any) -> None:
    assert site.record(weeks_ago(1), "--store", str(site.root / "gate.yaml" / "store")) == 3
    assert "nothing was run" in capsys.readouterr().err
    assert site.purged() == []


def test_what_a_purge_said_survives_a_full_disk(site: Any, weeks_ago: Weeks, tmp_path: Path) -> None:
    """The rows are gone and the manifest can't be written: its facts are told, and can be recorded from there."""
    code = (
        "import resource, sys; from gate import cli, recording; kept = recording.record\n"
        "def full(*rest, **more):\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512))\n"
        "    return kept(*rest, **more)\n"
        "recording.record = full\n"
        "sys.exit(cli.run(sys.argv[1:]))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}

    done = subprocess.run(
        [sys.executable, "-B", "-c", code, *site.arguments(weeks_ago(1))], env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip

    assert done.returncode == 3, done.stderr
    assert "record it with --manifest" in done.stderr
    assert site.stored() == []
    (tmp_path / "facts.json").write_text(done.stdout)
    assert site.record(weeks_ago(1), "--manifest", str(tmp_path / "facts.json")) == 0
    assert site.purged() == [weeks_ago(1)]
    assert controls(site)["PRG004"] is Outcome.PASS


def test_a_key_whose_time_is_over_purges_nothing(site: Any, weeks_ago: Weeks, capsys: Any) -> None:
    from attestations.trust import load_trusted_keys

    path = site.root / "trusted-keys.json"
    keys = load_trusted_keys(path.read_bytes())
    path.write_bytes(keys.retire(keys.keys[0].public.keyid, datetime(2026, 1, 1, tzinfo=UTC)).dump())

    assert site.record(weeks_ago(1)) == 2
    assert "its signature would not count" in capsys.readouterr().err
    assert site.purged() == []


def test_a_lock_that_is_a_link_is_not_followed(site: Any, weeks_ago: Weeks, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (site.store / purges.KIND).mkdir(parents=True)
    (site.store / purges.KIND / purges.LOCK).symlink_to(victim)

    assert site.record(weeks_ago(1)) == 3
    assert victim.read_text() == "precious"


def test_an_unknown_action(capsys: Any) -> None:
    from gate import cli

    assert cli.run(["purge", "recrod"]) == 2
    assert "did you mean 'record'?" in capsys.readouterr().err
    assert cli.run(["purge"]) == 2
    assert cli.run(["purge", "--help"]) == 0


@given(st.dates(min_value=date(2000, 1, 3), max_value=date(2100, 12, 31)))
def test_a_week_is_the_seven_days_around_each_of_its_dates(day: date) -> None:
    year, number, weekday = day.isocalendar()
    moment = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)

    found = purges.week(f"{year}-W{number:02d}", moment)

    assert found.start <= moment < found.end
    assert found.end - found.start == timedelta(days=7)
    assert found.start.weekday() == 0
    assert (moment - found.start).days == weekday - 1


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("2026-W53", "2026-12-28"),
        ("2027-W01", "2027-01-04"),
        ("2020-W53", "2020-12-28"),
        ("2021-W01", "2021-01-04"),
        ("2025-W01", "2024-12-30"),
    ],
)
def test_years_that_begin_in_another(name: str, start: str) -> None:
    assert purges.week(name, datetime(2030, 1, 1, tzinfo=UTC)).start.date().isoformat() == start


def test_a_week_begins_on_its_monday_at_midnight() -> None:
    midnight = datetime(2026, 12, 28, tzinfo=UTC)

    assert purges.week("2026-W53", midnight).start == midnight
    with pytest.raises(GateError, match="before its week"):
        purges.week("2026-W53", midnight - timedelta(seconds=1))
