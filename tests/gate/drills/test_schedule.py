"""Who ran which drill, and what is due."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gate.drills.schedule import Due, calendar

Value = dict[str, Any]
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_nothing_was_ever_drilled(site: Any, good: Value, capsys: Any) -> None:
    good["extensions"][0]["every_days"] = 30
    site.playbook(good)

    assert site.gate("drill", "list") == 0
    assert capsys.readouterr().out == "no drill is on record\n"
    assert site.gate("drill", "schedule") == 0

    shown = capsys.readouterr().out
    assert "overdue since" in shown or "unknown: DRL001" in shown
    assert "Restore (never executed) [playbooks/dr.yaml]" in shown


def test_listed_and_due_again(site: Any, good: Value, capsys: Any) -> None:
    good["extensions"][0]["every_days"] = 30
    site.playbook(good)
    assert site.drill("--release", "1.4.0") == 0
    assert site.drill(mode="--dry-run") == 0
    capsys.readouterr()

    assert site.gate("drill", "list") == 0
    header, *shown = capsys.readouterr().out.splitlines()
    executed, rehearsed = sorted(shown, key=lambda row: "dry-run" in row)
    assert header.split() == ["FINISHED", "DRILL", "SEVERITY", "MODE", "OUTCOME", "RTO", "RPO", "EXECUTED", "BY", "RELEASE",
                              "SIGNATURE"]  # fmt: skip
    assert "dry-run" in rehearsed
    assert executed.split()[2:] == [
        "dr-restore", "major", "execute", "completed", "1/60", "s", "2/30", "s", "sre-oncall@summit.example", "1.4.0",
        "verified",
    ]  # fmt: skip

    assert site.gate("drill", "list", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert {drill["mode"] for drill in listed["drills"]} == {"dry-run", "execute"}
    assert listed["unread"] == []

    assert site.gate("drill", "schedule", "--json") == 0
    due = json.loads(capsys.readouterr().out)["due"]
    days = {
        entry["why"]: round((datetime.fromisoformat(entry["due"]) - datetime.now(UTC)) / timedelta(days=1))
        for entry in due
    }
    assert days == {"playbooks/dr.yaml": 30, "DRL001": 92}
    assert not any(entry["overdue"] for entry in due)


def test_what_can_not_be_read_is_said(site: Any, capsys: Any) -> None:
    assert site.drill() == 0
    (site.store / "drill_report" / "broken.json").write_text("{")
    (site.store / "drill_report" / "claim.sigstore.json").write_text("{}")
    capsys.readouterr()

    assert site.gate("drill", "list") == 0
    shown = capsys.readouterr().out
    assert "dr-restore" in shown
    assert shown.count("not read: ") == 2
    assert site.gate("drill", "schedule") == 0
    assert "unknown: DRL001" in capsys.readouterr().out


@given(st.text(max_size=200), st.text(max_size=60))
def test_a_calendar_says_what_it_was_given(subject: str, why: str) -> None:
    entry = Due(subject=subject, why=why, last=None, due=NOW)

    text = calendar("tests", [entry], NOW)

    lines = text.split("\r\n")
    assert all(len(line.encode()) <= 75 for line in lines)
    assert not any(ord(c) < 32 for line in lines for c in line)
    unfolded = text.replace("\r\n ", "").split("\r\n")
    assert unfolded.count("BEGIN:VEVENT") == unfolded.count("END:VEVENT") == 1
    assert "DTSTART:20261121T120000Z" in unfolded
    assert unfolded[-1] == ""


def test_an_unknown_action(site: Any, capsys: Any) -> None:
    from gate import cli

    assert cli.run(["drill", "rnu"]) == 2
    assert "did you mean 'run'?" in capsys.readouterr().err
    assert cli.run(["drill"]) == 2
    assert cli.run(["drill", "--help"]) == 0
