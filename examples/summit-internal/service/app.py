"""The HTTP application."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response

from service import __version__, settings
from service.db.connection import connect
from service.routes import deals, exports, leads, operations


def create_app(instance: str) -> FastAPI:
    """`instance` names this process, so that whoever started it knows it is talking to it and to nothing else."""
    app = FastAPI(title="Summit", version=__version__, docs_url=None, redoc_url=None)
    app.state.last_request = time.monotonic()

    @app.middleware("http")
    async def note_activity(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        app.state.last_request = time.monotonic()
        return await call_next(request)

    @app.get("/healthz")
    def health() -> dict[str, str | int]:
        """Healthy means that the database answers, not that the process is there."""
        connection = connect(settings.DATABASE, read_only=True)
        try:
            (migrations,) = connection.execute("SELECT count(*) FROM schema_migrations").fetchone()
        finally:
            connection.close()
        return {"status": "ok", "version": __version__, "instance": instance, "migrations": migrations}

    for module in (leads, deals, exports, operations):
        app.include_router(module.router)
    return app
