"""Start the service in the background and wait until it answers; stop it and wait until it is gone. Both repeatable."""

from __future__ import annotations

import argparse
import fcntl
import http.client
import json
import os
import secrets
import signal
import subprocess
import sys
import time

from service import server, settings
from service.ops import console

LOG = settings.VAR / "service.log"
START_SECONDS = 20
STOP_SECONDS = 10


def running() -> bool:
    """Whether a service holds the lock. The kernel lets go of it when the process ends, however it ends."""
    settings.VAR.mkdir(exist_ok=True)
    with server.LOCK.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def port() -> int:
    return int(server.PORT.read_text(encoding="ascii"))


def health() -> dict[str, object] | None:
    """What the service says about itself, or None while it does not answer."""
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port(), timeout=2)
        try:
            connection.request("GET", "/healthz")
            response = connection.getresponse()
            answer: dict[str, object] = json.loads(response.read())
        finally:
            connection.close()
    except (OSError, ValueError, http.client.HTTPException):
        return None
    return answer if response.status == 200 and answer.get("status") == "ok" else None


def up() -> console.Measured:
    if running():
        answer = _wait_for(None, process=None)
        return {"already_up": 1, "instance": answer["instance"], "url": f"http://127.0.0.1:{port()}"}
    if not settings.DATABASE.is_file():
        raise console.CannotRunError("no database yet; run `make bootstrap` first")
    instance = secrets.token_hex(8)
    started = time.monotonic()
    with LOG.open("ab") as log:
        # A session of its own: whoever started us may be killed with its whole process group, and nothing of ours
        # may keep a pipe of theirs open.
        process = subprocess.Popen(
            [sys.executable, "-m", "service.server", "--instance", instance],
            cwd=settings.ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        answer = _wait_for(instance, process=process)
    except BaseException:
        process.kill()
        process.wait()
        raise
    return {
        "already_up": int(answer["instance"] != instance),
        "instance": answer["instance"],
        "started_in_ms": round((time.monotonic() - started) * 1000),
        "url": f"http://127.0.0.1:{port()}",
    }


def _wait_for(instance: str | None, *, process: subprocess.Popen[bytes] | None) -> dict[str, object]:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        answer = health()
        if answer is not None and instance in (None, answer["instance"]):
            return answer
        if process is not None and process.poll() == server.ALREADY_RUNNING:
            instance, process = None, None  # somebody else started it at the same moment
        elif process is not None and process.poll() is not None:
            raise console.CannotRunError(f"the service ended with exit code {process.returncode}; see var/{LOG.name}")
        time.sleep(0.05)
    raise console.CannotRunError(f"the service did not answer within {START_SECONDS} s; see var/{LOG.name}")


def down() -> console.Measured:
    if not running():
        for leftover in (server.PID, server.PORT):
            leftover.unlink(missing_ok=True)
        return {"was_running": 0}
    pid = int(server.PID.read_text(encoding="ascii"))
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(pid, signal_number)
        except ProcessLookupError:
            break
        deadline = time.monotonic() + STOP_SECONDS
        while running() and time.monotonic() < deadline:
            time.sleep(0.02)
        if not running():
            break
    if running():
        raise console.CannotRunError(f"process {pid} does not stop")
    for leftover in (server.PID, server.PORT):
        leftover.unlink(missing_ok=True)
    return {"was_running": 1}


def operation() -> console.Measured:
    parser = argparse.ArgumentParser(prog="python -m service.ops.lifecycle", description=__doc__)
    parser.add_argument("action", choices=["up", "down"])
    return up() if parser.parse_args().action == "up" else down()


if __name__ == "__main__":
    console.run(operation)
