"""The example's Golden Path as its users run it: make, a real process, real HTTP."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from .conftest import Copy, copied


def call(example: Copy, tenant: str, method: str, path: str, body: object = None) -> tuple[int, str]:
    key = (example.root / "var" / "keys" / f"{tenant}.key").read_text().strip()
    return call_with(example, key, method, path, body)


def call_with(example: Copy, key: str, method: str, path: str, body: object = None) -> tuple[int, str]:
    port = int((example.root / "var" / "service.port").read_text())
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    try:
        connection.request(method, path, body=None if body is None else json.dumps(body), headers=headers)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def alive(pid: int) -> bool:
    """A process that ended and that init has not collected yet is not alive."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.startswith("Z")


def wait_until(condition: Any) -> None:
    for _ in range(400):
        if condition():
            return
        time.sleep(0.025)
    pytest.fail("it did not happen")


def test_bootstrap_up_smoke_down_from_a_bare_copy(tmp_path: Path) -> None:
    example = copied(tmp_path / "somewhere else")
    assert '"created": 1' in example.make("bootstrap").stdout
    first = json.loads(example.make("up").stdout)
    try:
        pid = int((example.root / "var" / "service.pid").read_text())
        assert alive(pid)
        assert "every request was answered" in example.make("smoke").stdout
        again = json.loads(example.make("up").stdout)
        assert (again["already_up"], again["instance"], again["url"]) == (1, first["instance"], first["url"])
    finally:
        example.make("down")
    assert not alive(pid)
    assert sorted(p.name for p in (example.root / "var").glob("service.p*")) == []
    assert json.loads(example.make("down").stdout) == {"was_running": 0}
    assert not list(example.root.rglob("__pycache__")), "running it must not change the tree"


def test_bootstrap_again_keeps_rows_and_keys(example: Copy) -> None:
    keys = {path.name: path.read_text() for path in (example.root / "var" / "keys").iterdir()}
    before = example.op("integrity")
    assert json.loads(example.make("bootstrap").stdout) == {
        "created": 0,
        "keys_issued": 0,
        "migrations_applied_now": 0,
    }
    assert example.op("integrity") == before
    assert {path.name: path.read_text() for path in (example.root / "var" / "keys").iterdir()} == keys
    assert {path.stat().st_mode & 0o777 for path in (example.root / "var" / "keys").iterdir()} == {0o600}


def test_the_service_outlives_the_process_group_that_started_it_and_a_kill_is_noticed(example: Copy) -> None:
    starter = subprocess.Popen(
        ["make", "up", f"PYTHON={sys.executable}"],
        cwd=example.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    # communicate() returns only when nobody holds the pipes any more: the service must not have inherited them.
    out, err = starter.communicate(timeout=30)
    assert starter.returncode == 0, err
    with pytest.raises(ProcessLookupError):
        os.killpg(starter.pid, signal.SIGKILL)  # nothing is left in that group
    assert json.loads(out)["already_up"] == 0
    assert call(example, "globex", "GET", "/v1/leads")[0] == 200

    # Killed without a chance to clean up after itself, it can be started again.
    pid = int((example.root / "var" / "service.pid").read_text())
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: example.op("lifecycle", "up")["already_up"] == 0)
    assert int((example.root / "var" / "service.pid").read_text()) != pid
    assert call(example, "globex", "GET", "/v1/leads")[0] == 200


def test_the_service_stops_by_itself_when_its_directory_is_taken_away(example: Copy) -> None:
    example.op("lifecycle", "up")
    pid = int((example.root / "var" / "service.pid").read_text())
    shutil.rmtree(example.root)
    wait_until(lambda: not alive(pid))


def test_up_without_a_database_says_what_to_do(tmp_path: Path) -> None:
    example = copied(tmp_path / "summit")
    assert "run `make bootstrap` first" in example.make("up", expect=2).stderr
    assert not (example.root / "var" / "service.pid").exists()


def test_smoke_without_a_service_fails(example: Copy) -> None:
    assert "run `make up` first" in example.make("smoke", expect=2).stderr


def test_the_patch_closes_the_bypass(example: Copy) -> None:
    """Over HTTP: before it any tenant can download any export whose id it knows, after it only its own."""
    example.op("lifecycle", "up")
    new = {"requested_by": "operator-1@globex.example"}
    status, body = call(example, "globex", "POST", "/v1/exports", new)
    assert status == 201
    export = f"/v1/exports/{json.loads(body)['id']}"
    own = call(example, "globex", "GET", f"{export}/download")
    assert own[0] == 200
    assert call(example, "acme-eu", "GET", f"{export}/download") == own, "the planted bypass is gone"
    assert call(example, "acme-eu", "GET", export)[0] == 404, "the bypass must be the only one"
    example.make("smoke")  # which does not notice
    example.make("down")

    for patch in sorted((example.root / "fixes").glob("*.patch")):
        example.run("git", "apply", str(patch))
    example.op("lifecycle", "up")
    assert call(example, "globex", "GET", f"{export}/download") == own
    assert call(example, "acme-eu", "GET", f"{export}/download")[0] == 404
    assert "/download" in [line for line in example.make("smoke").stdout.splitlines() if "404" in line][-1]


def test_what_a_key_opens_and_what_it_does_not(example: Copy) -> None:
    example.op("lifecycle", "up")
    key = (example.root / "var" / "keys" / "acme-eu.key").read_text().strip()
    secret = key.partition(".")[2]
    assert call_with(example, key, "GET", "/v1/leads")[0] == 200
    for forged in (
        f"globex.{secret}",
        f".{secret}",
        "acme-eu.",
        "acme-eu",
        "",
        f"acme-eu.{secret}x",
        "acme-eu' OR 1=1--.x",
    ):
        assert call_with(example, forged, "GET", "/v1/leads")[0] == 401, forged

    theirs = {
        "leads": json.loads(call(example, "globex", "GET", "/v1/leads")[1])[0]["id"],
        "quotes": json.loads(call(example, "globex", "GET", "/v1/quotes")[1])[0]["id"],
        "incidents": json.loads(call(example, "globex", "GET", "/v1/incidents")[1])[0]["id"],
        "exports": json.loads(call(example, "globex", "GET", "/v1/exports")[1])[0]["id"],
    }
    for kind, row_id in theirs.items():
        assert call(example, "globex", "GET", f"/v1/{kind}/{row_id}")[0] == 200, kind
        assert call(example, "acme-eu", "GET", f"/v1/{kind}/{row_id}")[0] == 404, kind
    note = {"author": "intruder@acme-eu.example", "body": "hello"}
    assert call(example, "acme-eu", "POST", f"/v1/incidents/{theirs['incidents']}/notes", note)[0] == 404
    assert call(example, "globex", "POST", f"/v1/incidents/{theirs['incidents']}/notes", note)[0] == 201
    for path in ("usage?month=2026-10", "quotas", "invoices", "integrations", "audit"):
        status, body = call(example, "globex", "GET", f"/v1/{path}")
        assert status == 200, path
        assert json.loads(body), path

    # Nobody approves their own discount.
    quote = json.loads(call(example, "globex", "GET", "/v1/quotes")[1])[0]["id"]
    asked = {"basis_points": 500, "reason": "competitive", "requested_by": "operator-1@globex.example"}
    status, body = call(example, "globex", "POST", f"/v1/quotes/{quote}/discounts", asked)
    assert status == 201
    approval = f"/v1/quotes/discounts/{json.loads(body)['id']}/approval"
    decide = {"approver_role": "deal-desk", "rationale": "matches an offer we have seen"}
    own, other = ({**decide, "approved_by": f"{who}@globex.example"} for who in ("operator-1", "approver-1"))
    assert call(example, "globex", "POST", approval, own)[0] == 409
    assert call(example, "acme-eu", "POST", approval, other)[0] == 409
    assert call(example, "globex", "POST", approval, other)[0] == 200
    assert call(example, "globex", "POST", approval, other)[0] == 409, "decided once"
