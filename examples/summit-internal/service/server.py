"""The service process: binds a free port on localhost, says where, and leaves nothing behind when it ends.

While it runs it holds a lock on `var/service.lock`, so a process id in a file is never trusted by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import os
import socket
import sys
import time
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from service import settings
from service.app import create_app

LOCK = settings.VAR / "service.lock"
PID = settings.VAR / "service.pid"
PORT = settings.VAR / "service.port"
ALREADY_RUNNING = 3


def write_atomically(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="ascii")
    temporary.replace(path)


async def serve(app: FastAPI, listener: socket.socket, *, idle_seconds: int) -> None:
    """Serve until told to stop, until nobody has asked for `idle_seconds`, or until the pid file is taken away."""

    # The app is passed as an object and the loop runs in this process: no reloader, no worker processes to lose.
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=3))

    async def watch() -> None:
        while not server.should_exit:
            await asyncio.sleep(1)
            if time.monotonic() - app.state.last_request > idle_seconds or not PID.exists():
                server.should_exit = True

    watcher = asyncio.create_task(watch())
    try:
        await server.serve(sockets=[listener])
    finally:
        watcher.cancel()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m service.server", description=__doc__)
    parser.add_argument("--instance", required=True, help="a name for this process, repeated by /healthz")
    parser.add_argument("--idle-seconds", type=int, default=900, help="stop after this long without a request")
    arguments = parser.parse_args()
    settings.VAR.mkdir(exist_ok=True)
    # Never closed by us: the kernel lets go of the lock when this process is really gone, and not a moment before.
    lock = os.open(LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("the service is already running", file=sys.stderr)
        return ALREADY_RUNNING
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        write_atomically(PID, f"{os.getpid()}\n")
        write_atomically(PORT, f"{listener.getsockname()[1]}\n")
        try:
            asyncio.run(serve(create_app(arguments.instance), listener, idle_seconds=arguments.idle_seconds))
        finally:
            PORT.unlink(missing_ok=True)
            PID.unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
